/* pyturn: see pyturn.h. */
#include "tracer/foreign/pyturn.h"

#include <string.h>

struct line {
	const char *at;      /* behind its indentation */
	size_t len, indent;
};

static struct line line_at(const char *begin, const char *end)
{
	const char *over = memchr(begin, '\n', (size_t)(end - begin));
	struct line l = { begin, 0, 0 };

	over = over ? over : end;
	while (l.at < over && (*l.at == ' ' || *l.at == '\t'))
		l.at++;
	l.indent = (size_t)(l.at - begin);
	l.len = (size_t)(over - l.at);
	return l;
}

static bool begins_with(const struct line *l, const char *word)
{
	size_t n = strlen(word);

	return l->len >= n && memcmp(l->at, word, n) == 0;
}

static bool holds_word(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

/* "while not done.wait(1):": a whole condition, which neither counts nor asks a clock. */
static bool goes_on(const struct line *l)
{
	static const char *const bounds[] = { "<", ">", "time", "clock", "deadline", "tries", "attempt" };
	const char *comment = memchr(l->at, '#', l->len);
	size_t len = comment ? (size_t)(comment - l->at) : l->len;

	if (!begins_with(l, "while ") && !begins_with(l, "while("))
		return false;
	while (len && strchr(" \t\r", l->at[len - 1]))
		len--;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (holds_word(l->at, len, bounds[i]))
			return false;
	return memchr(l->at, ':', len) != NULL;
}

static bool begins_a_block_of_its_own(const struct line *l)
{
	return begins_with(l, "def ") || begins_with(l, "async def ") || begins_with(l, "class ");
}

static const char *line_before(const char *text, const char *begin)
{
	const char *at = begin - 1;

	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

/* Where that line begins, from 1; NULL: there is none. */
static const char *begin_of(const char *text, const char *end, unsigned line)
{
	for (unsigned i = 1; text && i < line; i++) {
		text = memchr(text, '\n', (size_t)(end - text));
		text = text ? text + 1 : NULL;
	}
	return line ? text : NULL;
}

bool tr_pyturn(const char *text, size_t len, unsigned line)
{
	const char *end = text + len, *begin = begin_of(text, end, line);
	size_t indent;

	if (!begin)
		return false;
	struct line l = line_at(begin, end);
	if (goes_on(&l))
		return true;
	indent = l.indent;
	while (indent && begin > text) {
		begin = line_before(text, begin);
		l = line_at(begin, end);
		if (!l.len || *l.at == '#' || *l.at == '\r' || l.indent >= indent)
			continue;
		indent = l.indent;
		if (goes_on(&l))
			return true;
		if (begins_a_block_of_its_own(&l))
			return false;
	}
	return false;
}

static bool is_blank(const struct line *l)
{
	return !l->len || *l->at == '#' || *l->at == '\r';
}

/* "for f in as_completed(futures):", but not over what somebody sends (`for m in iter(queue.get, None)`). */
static bool is_for(const struct line *l)
{
	return (begins_with(l, "for ") || begins_with(l, "async for ")) && !holds_word(l->at, l->len, "iter(");
}

/* "[q.get() for _ in workers]", unless it is left as soon as something is found. Not where " for " may stand in a text. */
static bool is_comprehension(const struct line *l)
{
	static const char *const lazy[] = { "next(", "any(", "all(", "iter(" };
	const char *at = memmem(l->at, l->len, " for ", 5);
	int open = 0;

	if (!at || !holds_word(at, l->len - (size_t)(at - l->at), " in "))
		return false;
	for (size_t i = 0; i < sizeof(lazy) / sizeof(lazy[0]); i++)
		if (holds_word(l->at, l->len, lazy[i]))
			return false;
	for (const char *c = l->at; c < at; c++) {
		if (*c == '#' || *c == '\'' || *c == '"')
			return false;
		open += *c == '(' || *c == '[' || *c == '{';
		open -= *c == ')' || *c == ']' || *c == '}';
	}
	return open > 0;
}

static bool leaves(const struct line *l)
{
	return holds_word(l->at, l->len, "break") || holds_word(l->at, l->len, "return");
}

/* Is the loop that begins there run to its end, for all that its lines say? */
static bool runs_out(const char *begin, const char *end)
{
	struct line first = line_at(begin, end), l = first;

	for (;;) {
		if (leaves(&l))
			return false;
		if (l.at + l.len >= end)
			return true;
		l = line_at(l.at + l.len + 1, end);
		if (!is_blank(&l) && l.indent <= first.indent)
			return true;
	}
}

static bool depends(const struct line *l)
{
	static const char *const words[] = { "if ", "if(", "elif ", "else", "while ", "while(", "match ", "case ", "except" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins_with(l, words[i]))
			return true;
	return begins_a_block_of_its_own(l);
}

bool tr_pyexhausts(const char *text, size_t len, unsigned line)
{
	const char *end = text + len, *begin = begin_of(text, end, line);

	if (!begin)
		return false;
	struct line l = line_at(begin, end);
	if (is_comprehension(&l))
		return true;
	for (size_t indent = l.indent;;) {
		if (is_for(&l))
			return runs_out(begin, end);
		if (depends(&l) || !indent)
			return false;
		do {
			if (begin == text)
				return false;
			begin = line_before(text, begin);
			l = line_at(begin, end);
		} while (is_blank(&l) || l.indent >= indent);
		indent = l.indent;
	}
}

/* Where the brackets that are opened in that line are closed, or the text ends. */
static const char *end_of_statement(const char *at, const char *end)
{
	int open = 0;

	for (; at < end && (open > 0 || *at != '\n'); at++) {
		open += *at == '(' || *at == '[' || *at == '{';
		open -= *at == ')' || *at == ']' || *at == '}';
	}
	return at;
}

bool tr_pyany(const char *text, size_t len, unsigned line)
{
	const char *end = text + len, *begin = begin_of(text, end, line);

	if (!begin)
		return false;
	len = (size_t)(end_of_statement(begin, end) - begin);
	return holds_word(begin, len, "FIRST_") || (holds_word(begin, len, "return_when") && !holds_word(begin, len, "ALL_COMPLETED"));
}
