/*
 * place: where in a Python program a wait was: its line of source, read from the
 * file that the trace names, and the stack.
 *
 * Best effort: the file may be gone, or another one by now, or of another
 * machine. Of the line only what stands before its first parenthesis or quote is
 * told, without a name it is assigned to, so no argument ever is.
 */
#ifndef TR_VERDICT_PLACE_H
#define TR_VERDICT_PLACE_H

#include "tracer/trace/log.h"

/* "self._done_event.wait" of a line of source; "" when nothing is left. Returns buf. */
const char *tr_place_call(const char *line, char *buf, size_t cap);

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
