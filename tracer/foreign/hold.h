/*
 * hold: which request a hold is for, and what became of it; decisions only.
 *
 * The holds stand in the control mapping (contract.h). The relay asks before it
 * passes an answer on, the probe's gate asks behind part_start; both strike,
 * wait in their own way, and end the hold here. Thread: relay and gates may ask at
 * once; a strike is decided by one atomic step.
 */
#ifndef TR_FOREIGN_HOLD_H
#define TR_FOREIGN_HOLD_H

#include "core/event/event.h"
#include "tracer/foreign/contract.h"

/* The request under way where somebody asks. */
struct tr_hold_request {
	enum tr_hold_where where;
	enum xf_op op;
	uint32_t request, transfer, part;
	uint64_t object; /* tr_ids_object(); 0: about none */
};

/* The hold that strikes this request, now HELD, with its begin; NULL: none. *id: for the events. */
struct tr_control_hold *tr_hold_strike(struct tr_control *control, const struct tr_hold_request *r,
				       uint32_t *id);

/* When it ends by itself: CLOCK_MONOTONIC; UINT64_MAX: only by `release`. */
uint64_t tr_hold_ends_at(const struct tr_control_hold *hold);

/* Must it be let go now? */
bool tr_hold_is_over(const struct tr_control_hold *hold, uint64_t now_ns);

/* It ends: let go, or evaded. Returns how long it held, ns. */
uint64_t tr_hold_end(struct tr_control_hold *hold, enum tr_evasion evasion);

/*
 * Is r what is held, sent a second time? Of a request that is not numbered yet nobody can tell: it may be the same part
 * of another upload. A whole object that is sent again is a new upload to whoever counts them: there the object tells.
 */
bool tr_hold_is_repeated(const struct tr_hold_request *held, const struct tr_hold_request *r);

/* Is any hold armed or held at that place? */
bool tr_hold_any(struct tr_control *control, enum tr_hold_where where);

const char *tr_evasion_text(enum tr_evasion evasion);

#endif
