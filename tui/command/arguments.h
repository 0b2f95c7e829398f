/*
 * arguments: a command line becomes a command, its settings and its operands.
 *
 * One parser for all commands, driven by the tables in options.h. Options may
 * stand before or after the command's word and between operands; `--` ends
 * them. `--name value`, `--name=value`, `-o value`, `-ovalue`, `--no-name`.
 * Whatever is wrong is one sentence that says what, where and what to do; text
 * that may hold a secret (a presigned URL's query, a key) is not repeated in it.
 */
#ifndef UI_COMMAND_ARGUMENTS_H
#define UI_COMMAND_ARGUMENTS_H

#include "core/event/status.h"
#include "tui/command/options.h"

struct ui_arguments {
	const struct ui_command *command; /* NULL: none was named */
	struct ui_settings settings;
	char **operands;                  /* borrowed from argv but for the array */
	size_t nr_operands;
	bool dashes;                      /* the operands from `first_behind` on stood behind `--` */
	size_t first_behind;
	bool help, version, schema;       /* --help, --version, --print-schema */
	const char *program;              /* argv[0] */
};

/*
 * Secrets are moved out of argv: their bytes there are overwritten, so that the
 * process list never shows them for longer than this call takes to begin.
 * Errors: XF_INVALID, XF_NOMEM. *arguments is to be fini'd in any case.
 */
enum xf_status ui_arguments_parse(struct ui_arguments *arguments, int argc, char **argv,
				  struct xf_error *err);
void ui_arguments_fini(struct ui_arguments *arguments);

/* The option of that name, its aliases included; NULL when there is none. *value: an alias' own value, or "". */
const struct ui_option *ui_option_find(const char *name, size_t len, const char **value);

/* The command of that name, NULL when there is none. */
const struct ui_command *ui_command_find(const char *name);

#endif
