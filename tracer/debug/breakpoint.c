#include "tracer/debug/breakpoint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/source.h"

void tr_break_free_commands(char **list, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		free(list[i]);
	free(list);
}

unsigned tr_break_copy_commands(const struct tr_break *b, char ***list)
{
	unsigned nr = 0;
	*list = calloc(b->nr_commands + 1, sizeof(**list));
	while (*list && nr < b->nr_commands && ((*list)[nr] = strdup(b->commands[nr])))
		nr++;
	return nr;
}

static void break_fini(struct tr_break *b)
{
	tr_break_free_commands(b->commands, b->nr_commands);
	free(b->condition);
	tr_filter_free(b->filter);
	*b = (struct tr_break){ .number = 0 };
}

void tr_breaks_fini(struct tr_breaks *b)
{
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++)
		break_fini(&b->list[i]);
}

/* ---- places in the source */

__attribute__((format(printf, 3, 4)))
static const char *say(char *err, size_t cap, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(err, cap, format, args);
	va_end(args);
	return err;
}

static const struct xf_site *site_at(unsigned i)
{
	return &__start_xf_sites[i];
}

/* The first line ≥ line in the same function that has an event; 0: none. */
static uint32_t line_with_event(const struct tr_source *s, uint32_t line)
{
	struct tr_extent extent;
	uint32_t best = 0;
	if (!tr_source_function(s, line, &extent))
		return 0;
	for (unsigned i = 0; i < xf_nr_sites(); i++) {
		const struct xf_site *site = site_at(i);
		if (strcmp(site->file, s->file) == 0 && site->line >= line && site->line <= extent.last &&
		    (!best || site->line < best))
			best = site->line;
	}
	return best;
}

static void place_kinds(struct tr_break *b)
{
	for (unsigned i = 0; i < xf_nr_sites(); i++) {
		const struct xf_site *site = site_at(i);
		if (site->line == b->line && strcmp(site->file, b->file) == 0)
			b->kinds[site->kind] = true;
	}
}

static const char *parse_line(const char *file, const char *current, uint32_t line, struct tr_break *out,
			      char *err, size_t cap)
{
	bool others;
	const struct tr_source *s = tr_source_meant(file, current, &others);
	if (others)
		return say(err, cap, "several files end in '%s': name its folder, too", file);
	if (!s)
		return say(err, cap, "'%s' not found from sys.path", file);
	if (!line || line > tr_source_nr_lines(s))
		return "End of file";
	uint32_t at = tr_source_blank(s, line) ? 0 : line_with_event(s, line);
	if (!at)
		return "Blank or comment";
	out->type = TR_BREAK_LINE;
	out->file = s->file;
	out->line = at;
	place_kinds(out);
	snprintf(out->where, sizeof(out->where), "%s:%u", out->file, out->line);
	return NULL;
}

/* The site where a function is entered; else its first. */
static const struct xf_site *entry_of(const char *function)
{
	const struct xf_site *first = NULL;
	for (unsigned i = 0; i < xf_nr_sites(); i++) {
		const struct xf_site *s = site_at(i);
		if (strcmp(s->function, function) != 0)
			continue;
		if (s->kind == XF_EV_frame_enter)
			return s;
		if (!first || s->line < first->line)
			first = s;
	}
	return first;
}

static bool parse_function(const char *name, struct tr_break *out)
{
	const struct xf_site *site = entry_of(name);
	if (!site)
		return false;
	out->type = TR_BREAK_FUNCTION;
	out->file = site->file;
	out->line = site->line;
	out->function = site->function;
	out->kinds[site->kind] = true;
	snprintf(out->where, sizeof(out->where), "%s:%u", out->file, out->line);
	return true;
}

/* ---- events */

static bool all_digits(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* Short words for families of kinds. */
static const struct {
	const char *word;
	enum xf_kind kinds[3];
} families[] = {
	{ "retry", { XF_EV_part_retry, XF_EV_backoff } },
	{ "join", { XF_EV_join_begin, XF_EV_join_end } },
	{ "return", { XF_EV_call_return } },
};

static bool take_kinds(const char *word, struct tr_break *out)
{
	enum xf_kind kind = xf_kind_find(word);
	if (kind != XF_EV_none && xf_kind_info(kind)->group != XF_GROUP_META) {
		out->kinds[kind] = true;
		return true;
	}
	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strcmp(families[i].word, word) == 0) {
			for (unsigned k = 0; k < 3 && families[i].kinds[k]; k++)
				out->kinds[families[i].kinds[k]] = true;
			return true;
		}
	return false;
}

/* A function's name behind what enters or leaves one, or behind `return`. */
static bool take_function(const char *word, struct tr_break *out)
{
	bool frames = out->kinds[XF_EV_frame_enter] || out->kinds[XF_EV_frame_leave];
	const struct xf_site *site = frames || out->kinds[XF_EV_call_return] ? entry_of(word) : NULL;
	if (!site || site->kind != XF_EV_frame_enter)
		return false;
	out->function = site->function;
	out->kinds[XF_EV_frame_leave] |= !frames;
	out->kinds[XF_EV_call_return] = false;
	return true;
}

/* As struct tr_break keeps it. */
static int operator_of(const char *op)
{
	return op[1] == '=' && *op == '<' ? 'l' : op[1] == '=' && *op == '>' ? 'g' : *op;
}

/*
 * A word of the filter that a number decides is known without the recording, at the gate. Words stand side by
 * side, so all of them have to hold; where they do not, none is taken.
 */
static void take_bound(const char *word, struct tr_break *out)
{
	struct tr_bound limit = { "" };
	char op[4] = "", rest;
	long long value;
	if (out->nr_bounds == TR_MAX_BOUNDS ||
	    sscanf(word, "%31[a-z_]%3[<>=]%lld%c", limit.field, op, &value, &rest) != 3)
		return;
	for (unsigned k = XF_EV_none + 1; k < XF_EV_COUNT; k++)
		if (out->kinds[k] && !xf_field_find(k, limit.field))
			return; /* a name of the filter's own, perhaps */
	limit.op = operator_of(op);
	limit.value = value;
	out->bounds[out->nr_bounds++] = limit;
}

/* As a filter says it: false when there is no room for it. */
static bool add_word(char *filter, size_t cap, const char *word)
{
	size_t at = strlen(filter), room = cap - at;
	int len = strpbrk(word, "=<>~!") ? snprintf(filter + at, room, " %s", word)
					 : snprintf(filter + at, room, " (object=%s or thread=%s)", word, word);
	return (size_t)len < room;
}

/*
 * What stands behind the kind: numbers are the part, functions where it has any, other words a filter. A word is
 * read to beyond what a filter takes for one, which then says so.
 */
static const char *parse_rest(const char *rest, struct tr_break *out, char *err, size_t cap)
{
	char filter[8192] = "", word[512];
	struct xf_error error = XF_ERROR_INIT;
	bool plain = true;
	int n;
	for (; sscanf(rest, "%511s%n", word, &n) == 1; rest += n) {
		if (all_digits(word))
			out->part = (uint32_t)strtoul(word, NULL, 10);
		else if (take_function(word, out))
			continue;
		else if (!add_word(filter, sizeof(filter), word))
			return say(err, cap, "the filter is too long");
		else if (strpbrk(word, "=<>~!")) {
			plain &= strpbrk(word, "()|!&") == NULL;
			take_bound(word, out);
		}
	}
	if (!plain || strstr(filter, " or ") || strstr(filter, " not "))
		out->nr_bounds = 0;
	if (*filter && tr_filter_parse(filter, &out->filter, &error) != XF_OK)
		return say(err, cap, "%s", error.message);
	return NULL;
}

static const char *parse_sem(const char *rest, struct tr_break *out, char *err, size_t cap)
{
	char op[4] = "";
	long long value = 0;
	int n = sscanf(rest, " %63[A-Za-z0-9_-] %3[<>=!] %lld", out->name, op, &value);
	if (n != 1 && n != 3)
		return say(err, cap, "usage: break sem NAME [OP NUMBER], as in: break sem request == 0");
	out->type = TR_BREAK_SEM;
	out->value = value;
	out->op = n == 1 ? 0 : operator_of(op);
	out->kinds[XF_EV_sem_wait] = out->kinds[XF_EV_sem_acquired] = out->kinds[XF_EV_sem_post] = true;
	return NULL;
}

static const char *parse_thread(const char *rest, struct tr_break *out, char *err, size_t cap)
{
	if (sscanf(rest, " %63s", out->name) != 1)
		return say(err, cap, "usage: break thread NAME");
	out->type = TR_BREAK_THREAD;
	memset(out->kinds, true, sizeof(out->kinds));
	return NULL;
}

/* ---- as people write it */

static bool is_line(const char *text, const char *current, char file[256], uint32_t *line)
{
	const char *colon = strrchr(text, ':');
	if (all_digits(text)) {
		snprintf(file, 256, "%s", current ? current : "");
		*line = (uint32_t)strtoul(text, NULL, 10);
		return true;
	}
	if (!colon || !all_digits(colon + 1))
		return false;
	snprintf(file, 256, "%.*s", (int)(colon - text), text);
	*line = (uint32_t)strtoul(colon + 1, NULL, 10);
	return true;
}

/* With one blank between words. */
static void copy_words(const char *text, char *out, size_t cap)
{
	size_t at = 0;
	for (const char *p = text; *p && at + 1 < cap; p++)
		if (!isspace((unsigned char)*p) || (at && !isspace((unsigned char)p[1]) && p[1]))
			out[at++] = isspace((unsigned char)*p) ? ' ' : *p;
	out[at] = '\0';
}

const char *tr_break_parse(const char *text, const char *file, struct tr_break *out, char *err, size_t cap)
{
	char word[128] = "", place[256];
	uint32_t line;
	int n = 0;
	*out = (struct tr_break){ .enabled = true };
	sscanf(text, "%127s%n", word, &n);
	if (is_line(text, file, place, &line))
		return parse_line(place, file ? file : "", line, out, err, cap);
	copy_words(text, out->where, sizeof(out->where));
	if (strcmp(word, "sem") == 0)
		return parse_sem(text + n, out, err, cap);
	if (strcmp(word, "thread") == 0)
		return parse_thread(text + n, out, err, cap);
	out->type = TR_BREAK_EVENT;
	if (take_kinds(word, out))
		return parse_rest(text + n, out, err, cap);
	if (parse_function(text, out))
		return NULL;
	if (strchr(text, ':'))
		return say(err, cap, "Bad lineno: %s", strrchr(text, ':') + 1);
	return say(err, cap, "The specified object '%s' is not a function or was not found along sys.path.",
		   text);
}

/* ---- the table */

struct tr_break *tr_breaks_add(struct tr_breaks *b, struct tr_break *parsed)
{
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++)
		if (!b->list[i].number) {
			b->list[i] = *parsed;
			b->list[i].number = ++b->nr;
			return &b->list[i];
		}
	return NULL;
}

void tr_breaks_remove(struct tr_breaks *b, uint32_t number)
{
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++)
		if (number && b->list[i].number == number)
			break_fini(&b->list[i]);
}

struct tr_break *tr_breaks_at(struct tr_breaks *b, unsigned i)
{
	struct tr_break *best = NULL;
	uint32_t after = 0;
	for (unsigned k = 0; k <= i; k++) {
		best = NULL;
		for (unsigned j = 0; j < TR_MAX_BREAKS; j++)
			if (b->list[j].number > after && (!best || b->list[j].number < best->number))
				best = &b->list[j];
		if (!best)
			return NULL;
		after = best->number;
	}
	return best;
}

struct tr_break *tr_breaks_find(struct tr_breaks *b, const char *number, char *err, size_t cap)
{
	if (!*number) {
		say(err, cap, "Breakpoint number expected");
		return NULL;
	}
	if (!all_digits(number)) {
		say(err, cap, "Non-numeric breakpoint number %s", number);
		return NULL;
	}
	unsigned long n = strtoul(number, NULL, 10);
	for (unsigned i = 0; n && i < TR_MAX_BREAKS; i++)
		if (b->list[i].number == n)
			return &b->list[i];
	if (n && n <= b->nr)
		say(err, cap, "Breakpoint %lu already deleted", n);
	else
		say(err, cap, "Breakpoint number %s out of range", number);
	return NULL;
}

void tr_breaks_interest(const struct tr_breaks *b, bool kinds[XF_EV_COUNT])
{
	memset(kinds, 0, XF_EV_COUNT * sizeof(*kinds));
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++)
		for (unsigned k = 0; b->list[i].number && b->list[i].enabled && k < XF_EV_COUNT; k++)
			kinds[k] |= b->list[i].kinds[k];
}

bool tr_breaks_on(const struct tr_breaks *b, const char *file, uint32_t line)
{
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++)
		if (b->list[i].number && b->list[i].file && b->list[i].line == line &&
		    strcmp(b->list[i].file, file) == 0)
			return true;
	return false;
}

/* ---- matching */

static bool holds(int64_t v, int op, int64_t value)
{
	switch (op) {
	case '<': return v < value;
	case '>': return v > value;
	case '=': return v == value;
	case '!': return v != value;
	case 'l': return v <= value;
	case 'g': return v >= value;
	default: return true;
	}
}

static bool value_fits(const struct tr_break *b, const struct xf_record *record)
{
	const struct xf_field *f = xf_field_find(record->kind, "value");
	return holds(f ? (int64_t)xf_field_get(record, f) : 0, b->op, b->value);
}

static bool bounds_hold(const struct tr_break *b, const struct xf_record *record)
{
	for (unsigned i = 0; i < b->nr_bounds; i++) {
		const struct tr_bound *l = &b->bounds[i];
		const struct xf_field *f = xf_field_find(record->kind, l->field);
		if (f && !holds((int64_t)xf_field_get(record, f), l->op, l->value))
			return false;
	}
	return true;
}

static bool is_stranger(const struct tr_break *b, uint32_t thread)
{
	return thread < TR_MAX_STRANGERS && b->strangers[thread / 64] >> thread % 64 & 1;
}

static bool part_fits(const struct tr_break *b, const struct xf_record *record)
{
	const struct xf_field *f = xf_field_find(record->kind, "part");
	return !b->part || (f && xf_field_get(record, f) == b->part);
}

bool tr_break_quick(const struct tr_break *b, const struct tr_hit *hit)
{
	if (!b->number || !b->enabled || !b->kinds[hit->record->kind])
		return false;
	switch (b->type) {
	case TR_BREAK_LINE:
		return hit->line == b->line && !hit->again && strcmp(hit->file, b->file) == 0;
	case TR_BREAK_FUNCTION:
		return hit->line == b->line && !hit->again && strcmp(hit->function, b->function) == 0;
	case TR_BREAK_EVENT:
		return part_fits(b, hit->record) && bounds_hold(b, hit->record) &&
		       (!b->function || strcmp(hit->function, b->function) == 0);
	case TR_BREAK_SEM:
		return value_fits(b, hit->record);
	case TR_BREAK_THREAD:
		return !is_stranger(b, hit->thread);
	}
	return false;
}

const char *tr_break_row(const struct tr_break *b, char *buf, size_t cap)
{
	size_t at = (size_t)snprintf(buf, cap, "%-4ubreakpoint   %s %s at %s", b->number,
				     b->temporary ? "del " : "keep", b->enabled ? "yes  " : "no   ", b->where);
	if (b->condition && at < cap)
		at += (size_t)snprintf(buf + at, cap - at, "\n\tstop only if %s", b->condition);
	if (b->ignore && at < cap)
		at += (size_t)snprintf(buf + at, cap - at, "\n\tignore next %u hits", b->ignore);
	if (b->hits && at < cap)
		snprintf(buf + at, cap - at, "\n\tbreakpoint already hit %u time%s", b->hits,
			 b->hits > 1 ? "s" : "");
	return buf;
}
