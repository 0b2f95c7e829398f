/*
 * carry: one run of put or get: the instrumented core under trace, signals and displays, what is
 * left behind said by name, and the verdict.
 */
#ifndef UI_COMMAND_CARRY_H
#define UI_COMMAND_CARRY_H

#include <stdbool.h>

struct ui_arguments;

struct ui_carry {
	const char *command;  /* "put" */
	bool download;
};

/* The command from its arguments to its exit status; prints errors. Main thread, once. */
int ui_carry(struct ui_arguments *arguments, const struct ui_carry *what);

#endif
