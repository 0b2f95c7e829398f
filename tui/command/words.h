/* words: command lines for processes of ours, made word by word. */
#ifndef UI_COMMAND_WORDS_H
#define UI_COMMAND_WORDS_H

#include "core/event/status.h"
#include "tui/command/options.h"

/* Words that grow, NULL-terminated when there is one; each is owned. */
struct ui_words {
	char **items;
	size_t nr, cap;
};

/* Errors: XF_NOMEM. */
enum xf_status ui_words_add(struct ui_words *words, struct xf_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void ui_words_fini(struct ui_words *words);

/*
 * The options of these groups that were given, as words again. Secrets do not go on a
 * command line: only a key in a file does. Errors: XF_INVALID, XF_NOMEM.
 */
enum xf_status ui_words_settings(struct ui_words *words, const struct ui_settings *settings, unsigned groups,
				 struct xf_error *err);

#endif
