/* lines: see lines.h. */
#include "tracer/foreign/lines.h"

#include <string.h>

/* One text up to the colon or the closing quote; NULL: there is none. */
static const char *lines_text(const char *spec, char *text)
{
	char quote = *spec == '"' || *spec == '\'' ? *spec : 0;
	const char *from = spec + (quote != 0);
	const char *to = quote ? strchr(from, quote) : from + strcspn(from, ":");

	if (!to || to == from || to - from >= TR_LINES_TEXT)
		return NULL;
	memcpy(text, from, (size_t)(to - from));
	text[to - from] = 0;
	return quote ? to + 1 : to;
}

bool tr_lines_add(struct tr_lines *lines, const char *spec)
{
	struct tr_line_call *c = &lines->calls[lines->nr];
	const char *rest;

	if (lines->nr == TR_LINES_MAX)
		return false;
	memset(c, 0, sizeof(*c));
	rest = lines_text(spec, c->begin);
	if (!rest || *rest != ':')
		return false;
	rest = lines_text(rest + 1, c->end);
	if (!rest || *rest)
		return false;
	lines->nr++;
	return true;
}

/* The tail of that process; the least used gives way. */
static struct tr_line_tail *lines_tail(struct tr_lines *lines, uint32_t pid)
{
	struct tr_line_tail *best = &lines->tails[0];

	for (unsigned i = 0; i < TR_LINES_PROCESSES; i++) {
		struct tr_line_tail *t = &lines->tails[i];
		if (t->pid == pid)
			return t;
		if (t->len < best->len)
			best = t;
	}
	best->pid = pid;
	best->len = 0;
	return best;
}

/*
 * The line so far, one byte longer: each text is met at its last byte, so that
 * two on one line come in their order.
 */
static void lines_byte(struct tr_lines *lines, struct tr_line_tail *t, tr_lines_fn met, void *ctx)
{
	for (unsigned i = 0; i < lines->nr; i++) {
		struct tr_line_call *c = &lines->calls[i];
		bool begins = !c->call;
		const char *text = begins ? c->begin : c->end;
		size_t len = strlen(text);
		if (t->len >= len && memcmp(t->text + t->len - len, text, len) == 0)
			met(ctx, c, begins);
	}
}

void tr_lines_feed(struct tr_lines *lines, uint32_t pid, const char *bytes, size_t len,
		   tr_lines_fn met, void *ctx)
{
	struct tr_line_tail *t = lines_tail(lines, pid);

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			t->len = 0;
			continue;
		}
		if (t->len == sizeof(t->text)) {
			memmove(t->text, t->text + TR_LINES_TEXT, sizeof(t->text) - TR_LINES_TEXT);
			t->len -= TR_LINES_TEXT;
		}
		t->text[t->len++] = bytes[i];
		lines_byte(lines, t, met, ctx);
	}
}
