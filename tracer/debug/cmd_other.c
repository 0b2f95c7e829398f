/* help, alias, unalias, set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

enum { HELP_WIDTH = 79 };

/* ---- help */

static void show_command(struct tr_session *s, const struct tr_command *c)
{
	char usage[128];
	tr_say(s, "Usage: %s\n\n        %s\n%s", tr_command_usage(c, usage, sizeof(usage)), c->summary, c->help);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of a group in columns, column by column, as cmd.Cmd has them. */
static void columns(struct tr_session *s, const char **names, unsigned nr)
{
	unsigned width = 0;
	for (unsigned i = 0; i < nr; i++)
		width = strlen(names[i]) > width ? (unsigned)strlen(names[i]) : width;
	unsigned across = HELP_WIDTH / (width + 2), down = (nr + across - 1) / across;
	for (unsigned row = 0; row < down; row++)
		for (unsigned column = 0; column * down + row < nr; column++) {
			bool last = (column + 1) * down + row >= nr;
			tr_say(s, "%-*s%s", last ? 0 : (int)width + 2, names[column * down + row],
			       last ? "\n" : "");
		}
}

static void list_commands(struct tr_session *s)
{
	const char *names[96];
	unsigned nr = 0;
	for (unsigned i = 0; i < tr_nr_commands && nr < 96; i++)
		names[nr++] = tr_commands[i].name;
	qsort(names, nr, sizeof(*names), by_name);
	tr_say(s, "\nDocumented commands (type help <topic>):\n========================================\n");
	columns(s, names, nr);
	tr_say(s, "\nMiscellaneous help topics:\n==========================\nexec  pdb\n\n");
}

static void show_manual(struct tr_session *s)
{
	static const char *const titles[TR_NR_GROUPS] = { "Going on", "Stopping", "Looking", "Threads",
							  "Time", "The prompt" };
	tr_say(s, "The commands are pdb's, and some more. What pdb calls a line is here an event: something that\n"
		  "happened, at a place in the source. An unknown command is evaluated as an expression.\n");
	for (unsigned g = 0; g < TR_NR_GROUPS; g++) {
		char usage[128];
		tr_say(s, "\n%s\n", titles[g]);
		for (unsigned i = 0; i < tr_nr_commands; i++)
			if (tr_commands[i].group == g)
				tr_say(s, "  %-34s %s\n", tr_command_usage(&tr_commands[i], usage, sizeof(usage)),
				       tr_commands[i].summary);
	}
}

void tr_cmd_help(struct tr_session *s, const char *argument)
{
	const struct tr_command *c = tr_command_find(argument);
	if (!*argument)
		list_commands(s);
	else if (c)
		show_command(s, c);
	else if (strcmp(argument, "pdb") == 0 || strcmp(argument, "xferdb") == 0)
		show_manual(s);
	else if (strcmp(argument, "exec") == 0)
		tr_say(s, "(!) statement\n\n        Evaluate the expression, or make the assignment, in the current "
			  "frame. The\n        exclamation point can be left out unless the first word is a "
			  "command:\n        !config.max_concurrency = 4\n        !fault.part[5] = 503\n");
	else
		tr_complain(s, "No help for '%s'", argument);
}

/* ---- aliases */

static void list_aliases(struct tr_session *s)
{
	const char *last = "";
	for (;;) {
		int next = -1;
		for (int i = 0; i < TR_MAX_ALIASES; i++)
			if (s->aliases[i].name && strcmp(s->aliases[i].name, last) > 0 &&
			    (next < 0 || strcmp(s->aliases[i].name, s->aliases[next].name) < 0))
				next = i;
		if (next < 0)
			return;
		last = s->aliases[next].name;
		tr_say(s, "%s = %s\n", last, s->aliases[next].text);
	}
}

static void show_alias(struct tr_session *s, const char *name)
{
	for (unsigned i = 0; i < TR_MAX_ALIASES; i++)
		if (s->aliases[i].name && strcmp(s->aliases[i].name, name) == 0) {
			tr_say(s, "%s = %s\n", name, s->aliases[i].text);
			return;
		}
	tr_complain(s, "Unknown alias '%s'", name);
}

static bool remove_alias(struct tr_session *s, const char *name)
{
	for (unsigned i = 0; i < TR_MAX_ALIASES; i++)
		if (s->aliases[i].name && strcmp(s->aliases[i].name, name) == 0) {
			free(s->aliases[i].name);
			free(s->aliases[i].text);
			s->aliases[i].name = s->aliases[i].text = NULL;
			return true;
		}
	return false;
}

void tr_cmd_alias(struct tr_session *s, const char *argument)
{
	char name[64] = "";
	int n = 0;
	sscanf(argument, "%63s%n", name, &n);
	const char *text = argument + n + strspn(argument + n, " \t");
	if (!*name) {
		list_aliases(s);
		return;
	}
	if (!*text) {
		show_alias(s, name);
		return;
	}
	remove_alias(s, name);
	for (unsigned i = 0; i < TR_MAX_ALIASES; i++)
		if (!s->aliases[i].name) {
			s->aliases[i].name = strdup(name);
			s->aliases[i].text = strdup(text);
			return;
		}
	tr_complain(s, "too many aliases");
}

void tr_cmd_unalias(struct tr_session *s, const char *argument)
{
	if (*argument)
		remove_alias(s, argument);
}

/* ---- the rest */

void tr_cmd_set(struct tr_session *s, const char *argument)
{
	char name[32] = "", value[32] = "";
	int n = sscanf(argument, "%31s %31s", name, value);
	bool on = strcmp(value, "on") == 0 || strcmp(value, "1") == 0;
	bool off = strcmp(value, "off") == 0 || strcmp(value, "0") == 0;
	if (n > 0 && strcmp(name, "scheduler") != 0)
		tr_complain(s, "there is no setting '%s': scheduler", name);
	else if (n == 2 && !on && !off)
		tr_complain(s, "set scheduler on, or off");
	else if (n == 2)
		s->scheduler = on;
	else
		tr_say(s, "scheduler %s: a step runs %s\n", s->scheduler ? "on" : "off",
		       s->scheduler ? "the selected thread alone" : "every thread that is not held");
}
