/*
 * clockvec: vector clocks; arithmetic only.
 *
 * A clock has one component a thread: how far into that thread's history its
 * owner can look back. A component counts events of the log's total order, so
 * that "event e of thread t is known" is one comparison: e < clock[t]. 0 knows
 * nothing. Threads beyond the clock's width are unknown to it.
 */
#ifndef TR_VERDICT_CLOCKVEC_H
#define TR_VERDICT_CLOCKVEC_H

#include <stdbool.h>
#include <stdint.h>

struct tr_clock {
	uint32_t *known; /* width of them */
	uint32_t width;
};

/* All zero; false: out of memory. Owns: fini. */
bool tr_clock_init(struct tr_clock *c, uint32_t width);
void tr_clock_fini(struct tr_clock *c);
void tr_clock_reset(struct tr_clock *c);

/* Knows thread's events up to and including `event`; true when it did not before. */
bool tr_clock_learn(struct tr_clock *c, uint32_t thread, uint32_t event);
bool tr_clock_knows(const struct tr_clock *c, uint32_t thread, uint32_t event);

/* The join: knows what either knew. Widths must be equal. */
void tr_clock_merge(struct tr_clock *c, const struct tr_clock *other);
/* other knows everything c knows. */
bool tr_clock_below(const struct tr_clock *c, const struct tr_clock *other);

#endif
