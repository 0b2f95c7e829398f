/*
 * pyturn: is a line of Python a turn of a loop that goes on for as long as it takes?
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

#endif
