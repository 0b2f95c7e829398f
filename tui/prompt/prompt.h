/*
 * prompt: lines from the user: on a terminal with editing, history and completion
 * (libedit), from a file or a pipe as they come. Ctrl-C gives up the line, a
 * change of the terminal's size is followed.
 *
 * Thread: one, the controller's; ui_prompt_wake() any.
 */
#ifndef UI_PROMPT_PROMPT_H
#define UI_PROMPT_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tui/prompt/complete.h"

struct ui_prompt;

struct ui_prompt_options {
	FILE *out;                 /* where the prompt is written */
	bool silent;               /* not a terminal: no prompt is written either */
	const char *history;       /* a file; NULL: not kept */
	ui_complete_fn complete;
	void *ctx;
};

/* NULL: out of memory. Reads standard input. */
struct ui_prompt *ui_prompt_new(const struct ui_prompt_options *options);
void ui_prompt_free(struct ui_prompt *p);

/* ORDER prompt ends */
enum ui_prompt_end { UI_PROMPT_LINE, UI_PROMPT_EOF, UI_PROMPT_INTERRUPTED };

/* One line, without its newline, borrowed until the next call. */
enum ui_prompt_end ui_prompt_read(struct ui_prompt *p, const char *prompt, const char **line);

/* A line from a file: a NUL in it becomes a mark no command has, so that nothing is cut off unseen. */
void ui_prompt_no_nul(char *line, size_t len);

/* A read under way ends with UI_PROMPT_INTERRUPTED, and so does one that comes, once. */
void ui_prompt_wake(struct ui_prompt *p);

#endif
