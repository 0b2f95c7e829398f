#include "tracer/debug/source.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct tr_source sources[] = {
#include "tracer/debug/sources.inc"
	{ NULL, "" },
};

const struct tr_source *tr_source_at(unsigned i)
{
	return i + 1 < sizeof(sources) / sizeof(sources[0]) ? &sources[i] : NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);
	return n && n <= len && strcmp(text + len - n, end) == 0 && (n == len || text[len - n - 1] == '/');
}

const struct tr_source *tr_source_find(const char *file)
{
	const struct tr_source *found = NULL;
	for (const struct tr_source *s = sources; s->file; s++) {
		if (strcmp(s->file, file) == 0)
			return s;
		if (!ends_with(s->file, file))
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}

const struct tr_source *tr_source_meant(const char *file, const char *current, bool *others)
{
	const struct tr_source *found = tr_source_find(file);
	*others = false;
	if (!found && ends_with(current, file))
		found = tr_source_find(current);
	for (const struct tr_source *s = sources; !found && s->file; s++)
		*others |= ends_with(s->file, file);
	return found;
}

uint32_t tr_source_nr_lines(const struct tr_source *s)
{
	uint32_t n = 0;
	for (const char *p = s->text; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

const char *tr_source_line(const struct tr_source *s, uint32_t n, size_t *len)
{
	const char *p = s->text;
	*len = 0;
	for (uint32_t i = 1; n && i < n && p; i++) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (!n || !p || !*p)
		return NULL;
	*len = strcspn(p, "\n");
	return p;
}

const char *tr_source_text(const struct tr_source *s, uint32_t n, char *buf, size_t cap)
{
	size_t len;
	const char *p = s ? tr_source_line(s, n, &len) : NULL;
	*buf = '\0';
	if (!p)
		return buf;
	for (; len && isspace((unsigned char)*p); len--)
		p++;
	while (len && isspace((unsigned char)p[len - 1]))
		len--;
	snprintf(buf, cap, "%.*s", (int)len, p);
	return buf;
}

bool tr_source_blank(const struct tr_source *s, uint32_t n)
{
	char text[256];
	tr_source_text(s, n, text, sizeof(text));
	return !*text || strncmp(text, "/*", 2) == 0 || strncmp(text, "//", 2) == 0 || *text == '*';
}

/* ---- functions */

static bool line_is(const struct tr_source *s, uint32_t n, char c)
{
	size_t len;
	const char *p = tr_source_line(s, n, &len);
	return p && len == 1 && *p == c;
}

/* Part of a function's head: not blank, not the end of something else. */
static bool is_head(const struct tr_source *s, uint32_t n)
{
	size_t len;
	const char *p = tr_source_line(s, n, &len);
	return p && len && *p != '}' && *p != '#' && *p != '*' && strncmp(p, " *", 2) != 0 &&
	       strncmp(p, "/*", 2) != 0 && p[len - 1] != ';';
}

static bool extent_of(const struct tr_source *s, uint32_t open, struct tr_extent *out)
{
	out->first = out->last = open;
	while (out->first > 1 && is_head(s, out->first - 1))
		out->first--;
	size_t len;
	for (uint32_t n = open; tr_source_line(s, n, &len); n++)
		if (line_is(s, n, '}')) {
			out->last = n;
			return true;
		}
	return false;
}

bool tr_source_function(const struct tr_source *s, uint32_t n, struct tr_extent *out)
{
	if (!s)
		return false;
	for (uint32_t open = n + 4; open; open--)
		if (line_is(s, open, '{') && extent_of(s, open, out) && out->first <= n && n <= out->last)
			return true;
	return false;
}

/* The word begins at p and a bracket follows it. */
static bool calls_at(const char *p, const char *start, size_t left, const char *function)
{
	size_t n = strlen(function);
	return n && n < left && strncmp(p, function, n) == 0 && p[n] == '(' &&
	       (p == start || (!isalnum((unsigned char)p[-1]) && p[-1] != '_'));
}

static bool line_calls(const char *line, size_t len, const char *function)
{
	for (size_t i = 0; i < len; i++)
		if (calls_at(line + i, line, len - i, function))
			return true;
	return false;
}

bool tr_source_named(const struct tr_source *s, const char *function, struct tr_extent *out)
{
	size_t len;
	const char *line;
	for (uint32_t n = 1; s && (line = tr_source_line(s, n, &len)); n++)
		if (len && !isspace((unsigned char)*line) && line_calls(line, len, function) &&
		    tr_source_function(s, n, out))
			return true;
	return false;
}

/*
 * Every function of the embedded files, by name: made once. Two of one name (static ones) stand side
 * by side.
 */
struct body {
	const char *name;      /* not ended: name_len */
	size_t name_len;
	const struct tr_source *source;
	const char *text;      /* from its brace to the closing one */
	size_t len;
};

enum { MAX_BODIES = 4096 };
static struct body bodies[MAX_BODIES];
static unsigned nr_bodies;
static pthread_once_t indexed = PTHREAD_ONCE_INIT;

static int by_name(const void *a, const void *b)
{
	const struct body *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int order = strncmp(x->name, y->name, n);
	return order ? order : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

/* The line is the head of a function: its name stands before the first bracket, a body follows. */
static void index_line(const struct tr_source *s, const char *line)
{
	const char *bracket = line + strcspn(line, "(\n"), *name = bracket;
	if (!isalpha((unsigned char)*line) || *bracket != '(' || nr_bodies == MAX_BODIES)
		return;
	while (name > line && (isalnum((unsigned char)name[-1]) || name[-1] == '_'))
		name--;
	const char *open = strstr(line, "\n{\n"), *semicolon = strchr(line, ';');
	const char *close = open ? strstr(open, "\n}\n") : NULL;
	if (name == line || !close || (semicolon && semicolon < open))
		return;
	bodies[nr_bodies++] = (struct body){ name, (size_t)(bracket - name), s, open, (size_t)(close - open) };
}

static void make_index(void)
{
	for (const struct tr_source *s = sources; s->file; s++)
		for (const char *line = s->text; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL)
			index_line(s, line);
	qsort(bodies, nr_bodies, sizeof(bodies[0]), by_name);
}

/* The function of that name: this file's own, else the only one there is; NULL. */
static const struct body *body_of(const struct tr_source *s, const char *name, size_t name_len)
{
	const struct body wanted = { .name = name, .name_len = name_len };
	pthread_once(&indexed, make_index);
	const struct body *b = bsearch(&wanted, bodies, nr_bodies, sizeof(bodies[0]), by_name);
	if (!b)
		return NULL;
	while (b > bodies && by_name(b - 1, &wanted) == 0)
		b--;
	unsigned nr = 0;
	const struct body *first = b;
	for (; b < bodies + nr_bodies && by_name(b, &wanted) == 0; b++, nr++)
		if (b->source == s)
			return b;
	return nr == 1 ? first : NULL;
}

/* Does the text call the function, or one that does, `depth` functions deep? */
static bool text_calls(const struct tr_source *s, const char *text, size_t len, const char *function, int depth)
{
	if (line_calls(text, len, function))
		return true;
	for (size_t i = 0; depth && i < len; i++) {
		size_t n = 0;
		if (!islower((unsigned char)text[i]))
			continue;
		while (i + n < len && (isalnum((unsigned char)text[i + n]) || text[i + n] == '_'))
			n++;
		bool call = i + n < len && text[i + n] == '(' && n > 2;
		const struct body *b = call ? body_of(s, text + i, n) : NULL;
		if (b && text_calls(b->source, b->text, b->len, function, depth - 1))
			return true;
		i += n;
	}
	return false;
}

uint32_t tr_source_call(const struct tr_source *s, uint32_t first, uint32_t last, const char *function)
{
	size_t len;
	const char *line;
	for (int depth = 0; s && depth <= 3; depth++)
		for (uint32_t n = first; n <= last && (line = tr_source_line(s, n, &len)); n++)
			if (text_calls(s, line, len, function, depth))
				return n;
	return 0;
}
