/*
 * interact and debug: prompts within the prompt.
 *
 * debug: what it is given has no events of its own to stop at. It is one line that has not
 * been executed yet: a step executes it and stands at its return, `c` leaves, `q` leaves without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

/* ---- interact: a copy of the names, given back at the end */

void tr_cmd_interact(struct tr_session *s, const char *argument)
{
	(void)argument;
	s->before_interact = malloc(sizeof(s->variables));
	if (!s->before_interact)
		return;
	memcpy(s->before_interact, s->variables, sizeof(s->variables));
	tr_say(s, "*interactive*\n");
}

void tr_inner_leave_interact(struct tr_session *s)
{
	if (!s->before_interact)
		return;
	memcpy(s->variables, s->before_interact, sizeof(s->variables));
	free(s->before_interact);
	s->before_interact = NULL;
	tr_say(s, "now exiting InteractiveConsole...\n");
}

void tr_inner_interact(struct tr_session *s, const char *line)
{
	if (strcmp(line, "exit()") == 0 || strcmp(line, "quit()") == 0)
		tr_inner_leave_interact(s);
	else
		tr_cmd_statement(s, line);
}

/* ---- debug */

void tr_cmd_debug(struct tr_session *s, const char *argument)
{
	char *code = s->nr_nested < TR_MAX_NESTED ? strdup(argument) : NULL;
	if (!code) {
		tr_complain(s, "too many debuggers within debuggers");
		return;
	}
	s->nested[s->nr_nested++] = (struct tr_nested){ .code = code };
	tr_say(s, "ENTERING RECURSIVE DEBUGGER\n> <string>(1)<module>()\n");
}

void tr_inner_leave(struct tr_session *s)
{
	free(s->nested[--s->nr_nested].code);
	tr_say(s, "LEAVING RECURSIVE DEBUGGER\n");
}

/* Executes the line, once. */
static void execute(struct tr_session *s, struct tr_nested *n)
{
	if (!n->executed)
		tr_cmd_statement(s, n->code);
	n->executed = true;
}

static bool is(const struct tr_command *c, const char *names)
{
	const char *at = strstr(names, c->name);
	size_t len = strlen(c->name);
	return at && (at == names || at[-1] == ' ') && (at[len] == ' ' || !at[len]);
}

bool tr_inner_takes(struct tr_session *s, const struct tr_command *c)
{
	struct tr_nested *n = s->nr_nested ? &s->nested[s->nr_nested - 1] : NULL;
	if (!n || !is(c, "step next return until continue jump quit"))
		return false;
	if (is(c, "step next return") && !n->executed) {
		execute(s, n);
		tr_say(s, "--Return--\n> <string>(1)<module>()->None\n");
		return true;
	}
	if (!is(c, "quit"))
		execute(s, n);
	tr_inner_leave(s);
	return true;
}
