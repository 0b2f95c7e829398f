#include "tui/prompt/complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 400, GAP = 2 };

static size_t word_begin(const char *line)
{
	size_t at = strlen(line);
	while (at && (isalnum((unsigned char)line[at - 1]) || strchr("_.-:$[]'\"", line[at - 1])))
		at--;
	return at;
}

/* How far two words agree. */
static size_t common(const char *a, const char *b)
{
	size_t n = 0;
	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static const char *candidate(const struct ui_completion *c, unsigned i, char buf[UI_WORD_MAX])
{
	return i < LIST_MAX ? c->complete(c->ctx, c->line, c->at, i, buf, UI_WORD_MAX) : NULL;
}

void ui_completion_make(struct ui_completion *c, ui_complete_fn complete, void *ctx, const char *line)
{
	char buf[UI_WORD_MAX], best[UI_WORD_MAX] = "";
	const char *word;
	*c = (struct ui_completion){ .complete = complete, .ctx = ctx, .line = line, .at = word_begin(line) };
	for (; (word = candidate(c, c->nr, buf)); c->nr++) {
		if (!c->nr)
			snprintf(best, sizeof(best), "%s", word);
		best[common(best, word)] = '\0';
		c->longest = strlen(word) > c->longest ? strlen(word) : c->longest;
	}
	size_t typed = strlen(line) - c->at;
	/* behind a command something else stands; a name may go on */
	bool command = c->nr == 1 && c->at == strspn(line, " \t");
	if (c->nr && strlen(best) >= typed)
		snprintf(c->added, sizeof(c->added), "%s%s", best + typed, command ? " " : "");
}

/* How many stand below each other. */
static unsigned down(const struct ui_completion *c, unsigned columns)
{
	unsigned across = columns / (unsigned)(c->longest + GAP);
	return across ? (c->nr + across - 1) / across : c->nr;
}

unsigned ui_completion_rows(const struct ui_completion *c, unsigned columns)
{
	return c->nr ? down(c, columns) : 0;
}

const char *ui_completion_row(const struct ui_completion *c, unsigned columns, unsigned row, char *buf, size_t cap)
{
	char word[UI_WORD_MAX];
	const char *text;
	unsigned step = down(c, columns);
	size_t at = 0;
	buf[0] = '\0';
	for (unsigned i = row; i < c->nr && at < cap && (text = candidate(c, i, word)); i += step)
		at += (size_t)snprintf(buf + at, cap - at, "%-*s", i + step < c->nr ? (int)c->longest + GAP : 0, text);
	return buf;
}
