/*
 * command: the one table of the prompt's commands, and the conversation: lines,
 * aliases, `;;`, repetition, the lists of breakpoints. The prompt, scripts, the screen
 * and tests go through here; what a command says goes to the session's sink.
 */
#ifndef TR_DEBUG_COMMAND_H
#define TR_DEBUG_COMMAND_H

#include "tracer/debug/session.h"

/* ORDER command groups: headings in cmd_help.c */
enum tr_command_group { TR_GROUP_RUN, TR_GROUP_STOP, TR_GROUP_LOOK, TR_GROUP_THREADS, TR_GROUP_TIME,
			TR_GROUP_OTHER, TR_NR_GROUPS };

enum {
	TR_RESUMES = 1,     /* ends a breakpoint's list of commands, as in pdb */
	TR_NO_REPEAT = 2,   /* a blank line after it does nothing */
	TR_NO_ARGUMENT = 4  /* an argument is refused with the usage */
};

/* ORDER completions: what an argument may be */
enum tr_complete {
	TR_COMPLETE_NONE, TR_COMPLETE_COMMAND, TR_COMPLETE_PLACE, TR_COMPLETE_BREAK,
	TR_COMPLETE_EXPRESSION, TR_COMPLETE_THREAD, TR_COMPLETE_SETTING
};

struct tr_command {
	const char *name;
	const char *short_forms; /* others, separated by blanks; "" */
	const char *arguments;   /* for the usage line; "" */
	enum tr_command_group group;
	unsigned flags;
	enum tr_complete complete;
	const char *summary;
	const char *help;        /* more, whole lines; "" */
	void (*run)(struct tr_session *s, const char *argument);
};

extern const struct tr_command tr_commands[];
extern const unsigned tr_nr_commands;

/* By a name or short form; NULL. Nothing else is taken: `he` is not `help`. */
const struct tr_command *tr_command_find(const char *word);

/* "s(tep)", "cont, c": as the usage names it. Returns buf. */
const char *tr_command_usage(const struct tr_command *c, char *buf, size_t cap);

/*
 * One line as it was typed: `;;`, aliases, repetition; or what the conversation
 * waits for (a list of commands, an answer). May block while the program runs.
 */
void tr_command_line(struct tr_session *s, const char *line);

/* "(xferdb) ", "(com) ", "Clear all breaks? ": what stands before the next line. */
const char *tr_command_prompt(const struct tr_session *s);

/* Ctrl-C at the prompt: what is being entered is given up. */
void tr_command_interrupt(struct tr_session *s);

/* The input has ended. */
void tr_command_eof(struct tr_session *s);

/* Would the line's command end a breakpoint's list? */
bool tr_command_resumes(const struct tr_session *s, const char *line);

/*
 * Completion: the i-th word that can stand where `word` begins in the line; NULL after
 * the last. buf holds it.
 */
const char *tr_command_complete(struct tr_session *s, const char *line, size_t word_at, unsigned i,
				char *buf, size_t cap);

/* ---- prompts within the prompt; see cmd_inner.c */

/* A line of `interact`. */
void tr_inner_interact(struct tr_session *s, const char *line);
void tr_inner_leave_interact(struct tr_session *s);

/* Within `debug`: true when the command goes on there, and is done with. */
bool tr_inner_takes(struct tr_session *s, const struct tr_command *c);
/* The innermost `debug` is left. */
void tr_inner_leave(struct tr_session *s);

/* ---- the commands; one file a family */

#define TR_COMMANDS(X)                                                                             \
	X(step) X(next) X(until) X(return_) X(continue_) X(jump) X(run) X(quit)                    \
	X(break_) X(tbreak) X(clear) X(disable) X(enable) X(ignore) X(condition) X(commands)       \
	X(where) X(up) X(down) X(args) X(retval) X(list) X(longlist) X(source)                     \
	X(print) X(pretty) X(whatis) X(display) X(undisplay) X(exceptions) X(statement)            \
	X(threads) X(thread) X(hold) X(release) X(only) X(cancel) X(sems) X(parts) X(why) X(verdict) \
	X(events) X(back) X(reverse_step) X(reverse_next) X(reverse_continue) X(goto_)             \
	X(help) X(alias) X(unalias) X(set) X(interact) X(debug)

#define TR_X(name) void tr_cmd_##name(struct tr_session *s, const char *argument);
TR_COMMANDS(TR_X)
#undef TR_X

/* Shared by cmd_*: a list of source lines as pdb shows it, and where `list` goes on. */
void tr_show_lines(struct tr_session *s, const struct tr_source *source, uint32_t first, uint32_t last);
/* The argument of list and events: "", ".", "N", "first, last". False: not understood. */
struct tr_range { bool around, given; uint32_t first, last; };
bool tr_parse_range(const char *text, struct tr_range *out);

#endif
