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

bool tr_pyturn(const char *text, size_t len, unsigned line)
{
	const char *end = text + len, *begin = text;
	size_t indent;

	for (unsigned i = 1; begin && i < line; i++) {
		begin = memchr(begin, '\n', (size_t)(end - begin));
		begin = begin ? begin + 1 : NULL;
	}
	if (!begin || !line)
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
