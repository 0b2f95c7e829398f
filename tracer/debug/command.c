/* command: lines, aliases, `;;`, repetition, dispatch. */
#include "tracer/debug/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXPANSIONS = 100, MAX_NESTING = 8 };

/* ---- words */

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *line)
{
	size_t n = 0;
	while (is_name(line[n]))
		n++;
	return n;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static void trim(char *text)
{
	size_t n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
}

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]))
			return n > 0;
	return false;
}

const struct tr_command *tr_command_find(const char *word)
{
	for (unsigned i = 0; i < tr_nr_commands; i++)
		if (strcmp(tr_commands[i].name, word) == 0 || in_list(tr_commands[i].short_forms, word))
			return &tr_commands[i];
	return NULL;
}

/* "s(tep)" where one short form is the name's beginning; else "cont" after "c | ". */
const char *tr_command_usage(const struct tr_command *c, char *buf, size_t cap)
{
	char shortest[32] = "";
	snprintf(shortest, sizeof(shortest), "%.*s", (int)strcspn(c->short_forms, " "), c->short_forms);
	size_t n = strlen(shortest);
	const char *space = *c->arguments ? " " : "";
	if (n && strncmp(c->name, shortest, n) == 0)
		snprintf(buf, cap, "%s(%s)%s%s", shortest, c->name + n, space, c->arguments);
	else if (n)
		snprintf(buf, cap, "%s | %s%s%s", c->name, shortest, space, c->arguments);
	else
		snprintf(buf, cap, "%s%s%s", c->name, space, c->arguments);
	return buf;
}

/* ---- aliases */

static const char *alias_of(const struct tr_session *s, const char *word, size_t len)
{
	for (unsigned i = 0; i < TR_MAX_ALIASES; i++)
		if (s->aliases[i].name && strlen(s->aliases[i].name) == len &&
		    strncmp(s->aliases[i].name, word, len) == 0)
			return s->aliases[i].text;
	return NULL;
}

/* The n-th blank-separated word of text (from 1); its length 0: there is none. */
static const char *nth_word(const char *text, unsigned n, size_t *len)
{
	text = skip_blanks(text);
	for (unsigned i = 1; i < n && *text; i++)
		text = skip_blanks(text + strcspn(text, " \t"));
	*len = strcspn(text, " \t");
	return text;
}

/* alias's text with %1…%9 and %* replaced by the words of rest. */
static void expand(const char *alias, const char *rest, char out[TR_LINE_MAX])
{
	size_t at = 0;
	for (const char *p = alias; *p && at + 1 < TR_LINE_MAX; p++) {
		size_t len = 0;
		const char *word = NULL;
		if (*p == '%' && p[1] == '*') {
			word = rest;
			len = strlen(rest);
		} else if (*p == '%' && p[1] >= '1' && p[1] <= '9') {
			word = nth_word(rest, (unsigned)(p[1] - '0'), &len);
		}
		if (!word || (p[1] != '*' && !len)) {
			out[at++] = *p;
			continue;
		}
		if (len > TR_LINE_MAX - 1 - at)
			len = TR_LINE_MAX - 1 - at;
		memcpy(out + at, word, len);
		at += len;
		p++;
	}
	out[at] = '\0';
}

/* False: they lead to each other for ever. */
static bool expand_aliases(const struct tr_session *s, char line[TR_LINE_MAX])
{
	for (unsigned i = 0; i < MAX_EXPANSIONS; i++) {
		char text[TR_LINE_MAX];
		size_t n = strcspn(line, " \t");
		const char *alias = alias_of(s, line, n);
		if (!alias)
			return true;
		expand(alias, skip_blanks(line + n), text);
		memcpy(line, text, sizeof(text));
	}
	return false;
}

/* ---- one command */

static void refuse_argument(struct tr_session *s, const struct tr_command *c, const char *argument)
{
	char usage[128];
	tr_complain(s, "Invalid argument: %s", argument);
	tr_say(s, "      Usage: %s\n", tr_command_usage(c, usage, sizeof(usage)));
}

/* The command that the line begins with; its name may have dashes. NULL: it is a statement. */
static const struct tr_command *command_of(const char *line, size_t *len)
{
	const struct tr_command *c = NULL;
	char word[64];
	*len = strcspn(line, " \t");
	for (int dashes = 1; dashes >= 0 && !c; dashes--) {
		if (!dashes)
			*len = word_length(line);
		snprintf(word, sizeof(word), "%.*s", (int)(*len < sizeof(word) ? *len : 0), line);
		c = *word ? tr_command_find(word) : NULL;
	}
	return c;
}

/* Without aliases and `;;`: a command, `?`, `!`, or a statement. */
static void dispatch(struct tr_session *s, const char *line)
{
	size_t n;
	if (*line == '?') {
		tr_cmd_help(s, skip_blanks(line + 1));
		return;
	}
	const struct tr_command *c = command_of(line, &n);
	const char *argument = skip_blanks(line + n);
	if (!c && *line == '!' && !*skip_blanks(line + 1))
		tr_complain(s, "SyntaxError: invalid syntax");
	else if (!c)
		tr_cmd_statement(s, skip_blanks(line + (*line == '!')));
	else if (c->flags & TR_NO_ARGUMENT && *argument)
		refuse_argument(s, c, argument);
	else if (!tr_inner_takes(s, c))
		c->run(s, argument);
}

/* And what the lists of the breakpoints hit there end with, one after the other. */
static void obey(struct tr_session *s, const char *line)
{
	dispatch(s, line);
	while (s->resume && !s->done) {
		char text[TR_LINE_MAX];
		snprintf(text, sizeof(text), "%s", s->resume);
		free(s->resume);
		s->resume = NULL;
		if (expand_aliases(s, text))
			dispatch(s, text);
	}
}

/* ---- a breakpoint's list */

bool tr_command_resumes(const struct tr_session *s, const char *line)
{
	char text[TR_LINE_MAX];
	size_t n;
	snprintf(text, sizeof(text), "%s", skip_blanks(line));
	const struct tr_command *c = expand_aliases(s, text) ? command_of(text, &n) : NULL;
	return c && c->flags & TR_RESUMES;
}

static struct tr_break *defined(struct tr_session *s)
{
	char number[16], err[64];
	snprintf(number, sizeof(number), "%u", s->defining);
	return tr_breaks_find(&s->breaks, number, err, sizeof(err));
}

static void forget_old(struct tr_session *s)
{
	for (unsigned i = 0; i < s->nr_old_commands; i++)
		free(s->old_commands[i]);
	free(s->old_commands);
	s->old_commands = NULL;
	s->nr_old_commands = 0;
	s->defining = 0;
}

static void define(struct tr_session *s, const char *line)
{
	struct tr_break *b = defined(s);
	if (!b || strcmp(line, "end") == 0) {
		forget_old(s);
		return;
	}
	if (!*line)
		return;
	if (strcmp(line, "silent") == 0) {
		b->silent = true;
		return;
	}
	char **list = realloc(b->commands, (b->nr_commands + 1) * sizeof(*list));
	char *copy = strdup(line);
	if (list)
		b->commands = list;
	if (list && copy)
		b->commands[b->nr_commands++] = copy;
	else
		free(copy);
	if (tr_command_resumes(s, line))
		forget_old(s);
}

/* ---- lines */

static void answer(struct tr_session *s, const char *line)
{
	bool yes = strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
	struct tr_break *b;
	s->asking = false;
	while (yes && (b = tr_breaks_at(&s->breaks, 0))) {
		tr_say(s, "Deleted breakpoint %u at %s\n", b->number, b->where);
		tr_run_lock(s->run);
		tr_breaks_remove(&s->breaks, b->number);
		tr_run_unlock(s->run);
	}
	tr_session_breaks_changed(s);
}

/* What the conversation waits for takes the line; else it is a command. */
static void take_one(struct tr_session *s, const char *line)
{
	if (s->asking)
		answer(s, line);
	else if (s->before_interact)
		tr_inner_interact(s, line);
	else if (s->defining)
		define(s, line);
	else
		obey(s, line);
}

/* As it stands, neither split nor expanded. */
static bool takes_plainly(const struct tr_session *s)
{
	return s->asking || s->before_interact;
}

/* An empty piece of a line repeats, as an empty line does. */
static void take_piece(struct tr_session *s, const char *line)
{
	char again[TR_LINE_MAX];
	bool command = !takes_plainly(s) && !s->defining;
	if (command && !*line)
		memcpy(again, s->last_line, sizeof(again));
	else
		snprintf(again, sizeof(again), "%s", line);
	if (command)
		memcpy(s->last_line, again, sizeof(again));
	if (*again || !command)
		take_one(s, again);
}

static void take_lines(struct tr_session *s, char line[TR_LINE_MAX])
{
	char rest[TR_LINE_MAX];
	while (*line && !s->done) {
		*rest = '\0';
		if (!takes_plainly(s) && !expand_aliases(s, line)) {
			tr_complain(s, "aliases without end: %.60s", line);
			return;
		}
		bool whole = takes_plainly(s) || (strncmp(line, "alias", 5) == 0 && !is_name(line[5]));
		char *marker = whole ? NULL : strstr(line, ";;");
		if (marker) {
			snprintf(rest, sizeof(rest), "%s", skip_blanks(marker + 2));
			*marker = '\0';
			trim(line);
		}
		take_piece(s, line);
		memcpy(line, rest, TR_LINE_MAX);
	}
}

/* Too long, or with what no line has: said, and nothing of it is done. */
static bool line_is_sound(struct tr_session *s, const char *line)
{
	if (strlen(line) < TR_LINE_MAX)
		return true;
	tr_complain(s, "a line of %zu bytes is too long: %d at most", strlen(line), TR_LINE_MAX - 1);
	return false;
}

void tr_command_line(struct tr_session *s, const char *line)
{
	char text[TR_LINE_MAX];
	if (s->done || !line_is_sound(s, line))
		return;
	if (s->nesting >= MAX_NESTING) {
		tr_complain(s, "commands of breakpoints within commands of breakpoints: too deep");
		return;
	}
	if (!s->nesting++)
		tr_run_forget_interrupt(s->run);
	snprintf(text, sizeof(text), "%s", skip_blanks(line));
	trim(text);
	if (*text)
		take_lines(s, text);
	else
		take_piece(s, text);
	s->nesting--;
}

const char *tr_command_prompt(const struct tr_session *s)
{
	static const char *const nested[TR_MAX_NESTED + 1] = {
		"(xferdb) ", "((xferdb)) ", "(((xferdb))) ", "((((xferdb)))) ", "(((((xferdb))))) ",
		"((((((xferdb)))))) ", "(((((((xferdb))))))) ", "((((((((xferdb)))))))) ", "(((((((((xferdb))))))))) ",
	};
	return s->asking ? "Clear all breaks? " : s->defining ? "(com) " : s->before_interact ? ">>> "
	       : nested[s->nr_nested];
}

void tr_command_interrupt(struct tr_session *s)
{
	struct tr_break *b = s->defining ? defined(s) : NULL;
	if (b) {
		for (unsigned i = 0; i < b->nr_commands; i++)
			free(b->commands[i]);
		free(b->commands);
		b->commands = s->old_commands;
		b->nr_commands = s->nr_old_commands;
		b->silent = s->old_silent;
		s->old_commands = NULL;
		s->nr_old_commands = 0;
		s->defining = 0;
		tr_complain(s, "command definition aborted, old commands restored");
		return;
	}
	s->asking = false;
	tr_say(s, "--KeyboardInterrupt--\n");
}

void tr_command_eof(struct tr_session *s)
{
	if (s->asking) {
		s->asking = false;
	} else if (s->before_interact) {
		tr_inner_leave_interact(s);
	} else if (s->nr_nested) {
		tr_inner_leave(s);
	} else {
		forget_old(s);
		s->done = true;
	}
}
