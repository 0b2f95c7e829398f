/*
 * complete: what the Tab key does to a line: the word before the cursor, how far all that can
 * stand there agree, and the list of them in columns. No terminal: the prompt and the screen
 * ask the same.
 */
#ifndef UI_PROMPT_COMPLETE_H
#define UI_PROMPT_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

enum { UI_WORD_MAX = 256 };

/* The i-th completion of the word at line[word_at…], NULL after the last; may use buf. */
typedef const char *(*ui_complete_fn)(void *ctx, const char *line, size_t word_at, unsigned i, char *buf,
				      size_t cap);

struct ui_completion {
	ui_complete_fn complete;
	void *ctx;
	const char *line;      /* up to the cursor; borrowed */
	size_t at;             /* where its last word begins */
	unsigned nr;           /* how many can stand there */
	size_t longest;
	char added[UI_WORD_MAX + 2]; /* what is missing to where they agree; "": a list is of use, or nothing */
};

/* Asks for all of them. */
void ui_completion_make(struct ui_completion *c, ui_complete_fn complete, void *ctx, const char *line);

/* The list in columns, read downwards: how many rows it has, and a row of it. Returns buf. */
unsigned ui_completion_rows(const struct ui_completion *c, unsigned columns);
const char *ui_completion_row(const struct ui_completion *c, unsigned columns, unsigned row, char *buf, size_t cap);

#endif
