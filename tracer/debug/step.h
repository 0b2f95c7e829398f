/*
 * step: when a step is over. Arithmetic only: asked on the run's own threads at their
 * gates, and again of the recorded events when the past is replayed.
 */
#ifndef TR_DEBUG_STEP_H
#define TR_DEBUG_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"

/* ORDER step kinds */
enum tr_step_kind {
	TR_GO_ON,      /* to the next breakpoint */
	TR_STEP,       /* the thread's next event */
	TR_NEXT,       /* its next event not below depth */
	TR_UNTIL,      /* its first event of this function on a line ≥ line, or the frame's return */
	TR_RETURN,     /* the frame's return */
	TR_UNTIL_PART, /* any thread's next event about the part */
	TR_UNTIL_EVENT /* every event is a candidate; who counts them decides */
};

struct tr_step {
	enum tr_step_kind kind;
	uint32_t thread, depth, line, part;
	char function[64];     /* whose lines TR_UNTIL compares */
	bool plain;            /* that one says no return of its own: the next event outside of it is one */
	bool alone;            /* only that thread runs meanwhile */
};

/* What is passed: an event, live or recorded. */
struct tr_passed {
	const struct xf_record *record;
	const char *function;
	uint32_t line;
	uint32_t depth;        /* frames, that of this event included */
	uint32_t thread;       /* number in the records */
};

/* What a step passes over: locks guard a few lines each and are nobody's question. */
bool tr_step_skips(enum xf_kind kind);

bool tr_step_ends(const struct tr_step *step, const struct tr_passed *p);

/* Does it have to know the depth? */
bool tr_step_counts_frames(const struct tr_step *step);

#endif
