/*
 * place: where in a Python program a wait was: its line of source, read from the
 * file that the trace names, and the stack.
 *
 * Best effort: the file may be gone, or another one by now, or of another
 * machine. Of the line only the call of the function in which the program waits is told, its arguments and those of
 * calls before it as "…"; if that is not found, what stands before the first parenthesis or quote, without a name it
 * is assigned to. So no argument ever is.
 */
#ifndef TR_VERDICT_PLACE_H
#define TR_VERDICT_PLACE_H

#include "tracer/trace/log.h"

/* "self._done_event.wait" of a line of source in which `function` ("": not known) was called; "" when nothing is left. Returns buf. */
const char *tr_place_call(const char *line, const char *function, char *buf, size_t cap);

/* The same for the place of an event, from its file; "" when it cannot be told. Returns buf. */
const char *tr_place_source(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap);

/* "file:line function" a line, the innermost first; "" when the event has none. */
const char *tr_place_stack(const struct tr_log *log, const struct tr_event *e);

/*
 * Is line n of a stack, from 0, of that function, in a file whose path ends so? The class does not
 * count: CPython before 3.11 does not tell it.
 */
bool tr_place_is_in(const char *stack, unsigned n, const char *file, const char *function);

#endif
