/* command: lines, aliases, `;;`, repetition, dispatch, completion. */
#include "tracer/debug/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXPANSIONS = 100 };

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

static void expand_aliases(const struct tr_session *s, char line[TR_LINE_MAX])
{
	for (unsigned i = 0; i < MAX_EXPANSIONS; i++) {
		char text[TR_LINE_MAX];
		size_t n = strcspn(line, " \t");
		const char *alias = alias_of(s, line, n);
		if (!alias)
			return;
		expand(alias, skip_blanks(line + n), text);
		memcpy(line, text, sizeof(text));
	}
}

/* ---- one command */

static void refuse_argument(struct tr_session *s, const struct tr_command *c, const char *argument)
{
	char usage[128];
	tr_complain(s, "Invalid argument: %s", argument);
	tr_say(s, "      Usage: %s\n", tr_command_usage(c, usage, sizeof(usage)));
}

static void run_statement(struct tr_session *s, const char *text)
{
	tr_cmd_statement(s, text);
}

/* Without aliases and `;;`: a command, `?`, `!`, or a statement. */
static void dispatch(struct tr_session *s, const char *line)
{
	char word[64] = "";
	size_t n = word_length(line);
	if (*line == '?') {
		tr_cmd_help(s, skip_blanks(line + 1));
		return;
	}
	if (*line == '!' || !n || n >= sizeof(word)) {
		run_statement(s, skip_blanks(line + (*line == '!')));
		return;
	}
	memcpy(word, line, n);
	const struct tr_command *c = tr_command_find(word);
	const char *argument = skip_blanks(line + n);
	if (!c)
		run_statement(s, line);
	else if (c->flags & TR_NO_ARGUMENT && *argument)
		refuse_argument(s, c, argument);
	else
		c->run(s, argument);
}

/* ---- a breakpoint's list */

bool tr_command_resumes(const struct tr_session *s, const char *line)
{
	char text[TR_LINE_MAX], word[64] = "";
	snprintf(text, sizeof(text), "%s", skip_blanks(line));
	expand_aliases(s, text);
	size_t n = word_length(text);
	if (n && n < sizeof(word))
		memcpy(word, text, n);
	const struct tr_command *c = tr_command_find(word);
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

static void interact(struct tr_session *s, const char *line)
{
	if (strcmp(line, "exit()") == 0 || strcmp(line, "quit()") == 0)
		s->interacting = false;
	else if (*line)
		tr_cmd_statement(s, line);
}

/* What the conversation waits for takes the line; else it is a command. */
static void take_one(struct tr_session *s, const char *line)
{
	if (s->asking)
		answer(s, line);
	else if (s->interacting)
		interact(s, line);
	else if (s->defining)
		define(s, line);
	else
		dispatch(s, line);
}

static void take_lines(struct tr_session *s, char line[TR_LINE_MAX])
{
	char rest[TR_LINE_MAX];
	while (*line && !s->done) {
		*rest = '\0';
		if (!s->asking && !s->interacting)
			expand_aliases(s, line);
		char *marker = strncmp(line, "alias", 5) == 0 && !is_name(line[5]) ? NULL : strstr(line, ";;");
		if (marker) {
			snprintf(rest, sizeof(rest), "%s", skip_blanks(marker + 2));
			*marker = '\0';
			trim(line);
		}
		if (!s->defining && !s->asking && !s->interacting)
			snprintf(s->last_line, sizeof(s->last_line), "%s", line);
		take_one(s, line);
		memcpy(line, rest, TR_LINE_MAX);
	}
}

void tr_command_line(struct tr_session *s, const char *line)
{
	char text[TR_LINE_MAX];
	if (s->nesting > 8 || s->done)
		return;
	s->nesting++;
	snprintf(text, sizeof(text), "%s", skip_blanks(line));
	trim(text);
	if (*text) {
		take_lines(s, text);
	} else if (s->asking || s->defining || s->interacting) {
		take_one(s, text);
	} else if (*s->last_line) {
		snprintf(text, sizeof(text), "%s", s->last_line);
		dispatch(s, text);
	}
	s->nesting--;
}

const char *tr_command_prompt(const struct tr_session *s)
{
	return s->asking ? "Clear all breaks? " : s->defining ? "(com) " : s->interacting ? ">>> " : "(xferdb) ";
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
	s->asking = s->interacting = false;
	tr_say(s, "--KeyboardInterrupt--\n");
}

void tr_command_eof(struct tr_session *s)
{
	if (s->asking || s->interacting) {
		s->asking = s->interacting = false;
		return;
	}
	forget_old(s);
	s->done = true;
}

/* ---- completion */

static const char *pick(const char *candidate, const char *prefix, unsigned *left)
{
	if (strncmp(candidate, prefix, strlen(prefix)) != 0)
		return NULL;
	return (*left)-- == 0 ? candidate : NULL;
}

static const char *complete_command(struct tr_session *s, const char *prefix, unsigned i)
{
	const char *found = NULL;
	for (unsigned k = 0; k < tr_nr_commands && !found; k++)
		found = pick(tr_commands[k].name, prefix, &i);
	for (unsigned k = 0; k < TR_MAX_ALIASES && !found; k++)
		if (s->aliases[k].name)
			found = pick(s->aliases[k].name, prefix, &i);
	return found;
}

static const char *complete_place(const char *prefix, unsigned i, char *buf, size_t cap)
{
	static const char *const words[] = { "join", "retry", "return", "sem", "thread" };
	const char *found = NULL, *last = "";
	for (unsigned k = 0; k < 5 && !found; k++)
		found = pick(words[k], prefix, &i);
	for (unsigned k = XF_EV_none + 1; k < XF_EV_COUNT && !found; k++)
		if (xf_kind_info(k)->group != XF_GROUP_META)
			found = pick(xf_kind_info(k)->name, prefix, &i);
	for (unsigned k = 0; k < xf_nr_sites() && !found; k++) {
		const struct xf_site *site = &__start_xf_sites[k];
		if (site->kind == XF_EV_frame_enter && strcmp(site->function, last) != 0)
			found = pick(last = site->function, prefix, &i);
	}
	const struct tr_source *source;
	for (unsigned k = 0; !found && (source = tr_source_at(k)); k++) {
		snprintf(buf, cap, "%s:", strrchr(source->file, '/') ? strrchr(source->file, '/') + 1 : source->file);
		found = pick(buf, prefix, &i);
	}
	return found;
}

static const char *complete_member(struct tr_session *s, const char *prefix, unsigned i, char *buf, size_t cap)
{
	struct tr_names scope = tr_session_names(s);
	struct tr_expr_error error;
	struct tr_value v;
	char object[256], name[320];
	const char *dot = strrchr(prefix, '.'), *found = NULL;
	snprintf(object, sizeof(object), "%.*s", (int)(dot - prefix), prefix);
	if (!tr_expr_eval(object, &scope, &v, &error) || v.type != TR_VALUE_OBJECT)
		return NULL;
	const struct tr_class *c = v.object.class;
	for (const struct tr_member *m = c->members; m && m->name && !found; m++) {
		snprintf(name, sizeof(name), "%s.%s", object, m->name);
		found = pick(name, prefix, &i);
	}
	const char *other;
	for (unsigned k = 0; !found && c->other_name && (other = c->other_name(s, v.object.index, k)); k++) {
		snprintf(name, sizeof(name), "%s.%s", object, other);
		found = pick(name, prefix, &i);
	}
	if (found)
		snprintf(buf, cap, "%s", name);
	return found ? buf : NULL;
}

static const char *complete_expression(struct tr_session *s, const char *prefix, unsigned i, char *buf,
				       size_t cap)
{
	const struct tr_class *class;
	const char *name, *found = NULL;
	if (strchr(prefix, '.'))
		return complete_member(s, prefix, i, buf, cap);
	for (unsigned k = 0; !found && (name = tr_object_root(k, &class)); k++)
		found = pick(name, prefix, &i);
	for (unsigned k = 0; !found && (name = tr_expr_function(k)); k++)
		found = pick(name, prefix, &i);
	return found;
}

static const char *complete_thread(struct tr_session *s, const char *prefix, unsigned i)
{
	const char *found = pick("part", prefix, &i);
	for (uint32_t k = 0; s->log && k < tr_log_nr_threads(s->log) && !found; k++)
		found = pick(tr_session_thread_name(s, k), prefix, &i);
	return found;
}

static const char *complete_break(struct tr_session *s, const char *prefix, unsigned i, char *buf, size_t cap)
{
	struct tr_break *b;
	const char *found = NULL;
	for (unsigned k = 0; !found && (b = tr_breaks_at(&s->breaks, k)); k++) {
		snprintf(buf, cap, "%u", b->number);
		found = pick(buf, prefix, &i);
	}
	return found;
}

const char *tr_command_complete(struct tr_session *s, const char *line, size_t word_at, unsigned i,
				char *buf, size_t cap)
{
	char word[64] = "", prefix[256];
	const char *begin = skip_blanks(line);
	size_t n = word_length(begin);
	snprintf(prefix, sizeof(prefix), "%s", line + word_at);
	if ((size_t)(begin - line) >= word_at)
		return complete_command(s, prefix, i);
	if (n < sizeof(word))
		memcpy(word, begin, n);
	const struct tr_command *c = tr_command_find(word);
	switch (c ? c->complete : TR_COMPLETE_EXPRESSION) {
	case TR_COMPLETE_COMMAND:
		return complete_command(s, prefix, i);
	case TR_COMPLETE_PLACE:
		return complete_place(prefix, i, buf, cap);
	case TR_COMPLETE_BREAK:
		return complete_break(s, prefix, i, buf, cap);
	case TR_COMPLETE_THREAD:
		return complete_thread(s, prefix, i);
	case TR_COMPLETE_SETTING:
		return pick("scheduler", prefix, &i);
	case TR_COMPLETE_EXPRESSION:
		return complete_expression(s, prefix, i, buf, cap);
	case TR_COMPLETE_NONE:
		break;
	}
	return NULL;
}
