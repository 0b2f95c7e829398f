/*
 * pyturn: what a line of Python tells of a wait that stands there. Is it a turn of a loop that goes on for as long as it takes?
 *
 *     while True:
 *         if done.wait(1):     this wait gives up after a second, and is made again
 *             break
 *
 * True where the line is, or stands in, a `while` of its own function whose condition counts
 * nothing and asks no clock. A `for` comes to an end, and is none. Only the text is looked at.
 */
#ifndef TR_FOREIGN_PYTURN_H
#define TR_FOREIGN_PYTURN_H

#include <stdbool.h>
#include <stddef.h>

/* line counts from 1. Thread: any. No allocation, nothing but libc's mem* and str*. */
bool tr_pyturn(const char *text, size_t len, unsigned line);

/*
 * Is it a turn of a loop that is run to its end?
 *
 *     for _ in workers:
 *         results.append(q.get())      as many as there are workers, whatever comes
 *
 * True where the line is, or stands in, a `for` that no `break` or `return` leaves, not behind a condition; or in a
 * comprehension of its own line.
 */
bool tr_pyexhausts(const char *text, size_t len, unsigned line);

/* Does the statement that begins there wait for any of several: `wait(futures, return_when=FIRST_COMPLETED)`? */
bool tr_pyany(const char *text, size_t len, unsigned line);

#endif
