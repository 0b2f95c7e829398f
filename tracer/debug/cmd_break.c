/* break, tbreak, clear, disable, enable, ignore, condition, commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

static void list_breaks(struct tr_session *s)
{
	struct tr_break *b;
	char row[1024];
	if (tr_breaks_at(&s->breaks, 0))
		tr_say(s, "Num Type         Disp Enb   Where\n");
	for (unsigned i = 0; (b = tr_breaks_at(&s->breaks, i)); i++)
		tr_say(s, "%s\n", tr_break_row(b, row, sizeof(row)));
}

static void trim(char *text)
{
	size_t n = strlen(text);
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
}

static void set_break(struct tr_session *s, const char *argument, bool temporary)
{
	char place[TR_LINE_MAX], err[320];
	struct tr_frame frame = { .line = 0 };
	struct tr_break parsed;
	const char *comma = strchr(argument, ','), *why;
	bool known = tr_session_frame(s, &frame);
	snprintf(place, sizeof(place), "%.*s", comma ? (int)(comma - argument) : (int)strlen(argument), argument);
	trim(place);
	why = tr_break_parse(place, known ? frame.site.file : "", &parsed, err, sizeof(err));
	if (why) {
		tr_say(s, strcmp(why, "End of file") == 0 ? "%s\n" : "*** %s\n", why);
		return;
	}
	parsed.temporary = temporary;
	if (comma && comma[1 + strspn(comma + 1, " ")])
		parsed.condition = strdup(comma + 1 + strspn(comma + 1, " "));
	tr_run_lock(s->run);
	struct tr_break *b = tr_breaks_add(&s->breaks, &parsed);
	tr_run_unlock(s->run);
	if (!b) {
		free(parsed.condition);
		tr_filter_free(parsed.filter);
		tr_complain(s, "too many breakpoints");
		return;
	}
	tr_session_breaks_changed(s);
	tr_say(s, "Breakpoint %u at %s\n", b->number, b->where);
}

void tr_cmd_break_(struct tr_session *s, const char *argument)
{
	if (*argument)
		set_break(s, argument, false);
	else
		list_breaks(s);
}

void tr_cmd_tbreak(struct tr_session *s, const char *argument)
{
	if (*argument)
		set_break(s, argument, true);
	else
		list_breaks(s);
}

static void delete_break(struct tr_session *s, struct tr_break *b)
{
	tr_say(s, "Deleted breakpoint %u at %s\n", b->number, b->where);
	tr_run_lock(s->run);
	tr_breaks_remove(&s->breaks, b->number);
	tr_run_unlock(s->run);
}

static void clear_place(struct tr_session *s, const char *where)
{
	char file[256];
	unsigned found = 0;
	struct tr_break *b;
	const char *colon = strrchr(where, ':');
	if (!colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
		tr_complain(s, "Invalid line number (%s)", colon + 1);
		return;
	}
	snprintf(file, sizeof(file), "%.*s", (int)(colon - where), where);
	struct tr_frame frame = { .line = 0 };
	bool known = tr_session_frame(s, &frame), others;
	const struct tr_source *source = tr_source_meant(file, known ? frame.site.file : "", &others);
	uint32_t line = (uint32_t)strtoul(colon + 1, NULL, 10);
	bool any = false;
	for (unsigned i = 0; source && (b = tr_breaks_at(&s->breaks, i));) {
		bool in_file = b->file && strcmp(b->file, source->file) == 0;
		any |= in_file;
		if (in_file && b->line == line) {
			delete_break(s, b);
			found++;
		} else {
			i++;
		}
	}
	if (!any)
		tr_complain(s, "There are no breakpoints in %s", source ? source->file : file);
	else if (!found)
		tr_complain(s, "There are no breakpoints at %s:%u", source->file, line);
}

/* For each number of a list. */
static void each(struct tr_session *s, const char *numbers,
		 void (*act)(struct tr_session *s, struct tr_break *b))
{
	char word[64], err[128];
	int n;
	for (; sscanf(numbers, "%63s%n", word, &n) == 1; numbers += n) {
		struct tr_break *b = tr_breaks_find(&s->breaks, word, err, sizeof(err));
		if (b)
			act(s, b);
		else
			tr_complain(s, "%s", err);
	}
	tr_session_breaks_changed(s);
}

void tr_cmd_clear(struct tr_session *s, const char *argument)
{
	if (!*argument)
		s->asking = true;
	else if (strchr(argument, ':'))
		clear_place(s, argument);
	else
		each(s, argument, delete_break);
	tr_session_breaks_changed(s);
}

static void disable(struct tr_session *s, struct tr_break *b)
{
	b->enabled = false;
	tr_say(s, "Disabled breakpoint %u at %s\n", b->number, b->where);
}

static void enable(struct tr_session *s, struct tr_break *b)
{
	b->enabled = true;
	tr_say(s, "Enabled breakpoint %u at %s\n", b->number, b->where);
}

void tr_cmd_disable(struct tr_session *s, const char *argument)
{
	each(s, argument, disable);
}

void tr_cmd_enable(struct tr_session *s, const char *argument)
{
	each(s, argument, enable);
}

/* The breakpoint named first, and what stands behind it. */
static struct tr_break *first_word(struct tr_session *s, const char *argument, const char **rest)
{
	char word[64] = "", err[128];
	int n = 0;
	sscanf(argument, "%63s%n", word, &n);
	*rest = argument + n + strspn(argument + n, " ");
	struct tr_break *b = tr_breaks_find(&s->breaks, word, err, sizeof(err));
	if (!b)
		tr_complain(s, "%s", err);
	return b;
}

void tr_cmd_ignore(struct tr_session *s, const char *argument)
{
	const char *rest;
	struct tr_break *b = first_word(s, argument, &rest);
	if (!b)
		return;
	long count = strtol(rest, NULL, 10);
	b->ignore = count <= 0 ? 0 : count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
	if (b->ignore > 1)
		tr_say(s, "Will ignore next %u crossings of breakpoint %u.\n", b->ignore, b->number);
	else if (b->ignore)
		tr_say(s, "Will ignore next 1 crossing of breakpoint %u.\n", b->number);
	else
		tr_say(s, "Will stop next time breakpoint %u is reached.\n", b->number);
}

void tr_cmd_condition(struct tr_session *s, const char *argument)
{
	const char *rest;
	struct tr_break *b = first_word(s, argument, &rest);
	if (!b)
		return;
	free(b->condition);
	b->condition = *rest ? strdup(rest) : NULL;
	tr_say(s, *rest ? "New condition set for breakpoint %u.\n" : "Breakpoint %u is now unconditional.\n",
	       b->number);
}

void tr_cmd_commands(struct tr_session *s, const char *argument)
{
	char err[128];
	char last[16] = "";
	if (*argument && strspn(argument, "0123456789") != strlen(argument)) {
		tr_complain(s, "Usage: commands [bnum]\n        ...\n        end");
		return;
	}
	if (!*argument && s->breaks.nr)
		snprintf(last, sizeof(last), "%u", s->breaks.nr);
	struct tr_break *b = tr_breaks_find(&s->breaks, *argument ? argument : last, err, sizeof(err));
	if (!b) {
		tr_complain(s, "cannot set commands: %s", err);
		return;
	}
	s->defining = b->number;
	s->old_commands = b->commands;
	s->nr_old_commands = b->nr_commands;
	s->old_silent = b->silent;
	b->commands = NULL;
	b->nr_commands = 0;
	b->silent = false;
}
