/*
 * object: what the objects of this room share: name, class, counter, and a
 * timed wait on the clock that leaves stopped time out. Private to core/sync.
 */
#ifndef XF_SYNC_OBJECT_H
#define XF_SYNC_OBJECT_H

#include "core/sync/sync.h"

void xf_object_init(struct xf_object *o, const char *name, enum xf_class class);
void xf_object_fini(struct xf_object *o);

/*
 * Records an event of the object; the caller holds o->lock. A helper thread of
 * ours leaves no record, and so no gap in the object's history either.
 */
#define XF_OBJECT_EMIT(o, name_, site_, ...)                                                       \
	do {                                                                                       \
		if (xf_emit_on() && !xf_lane.muted) {                                              \
			const struct xf_ev_##name_ xf_payload_ = { __VA_ARGS__ };                  \
			xf_emit_raw(XF_EV_##name_, (o)->id, ++(o)->order, XF_SITE_ID(site_),       \
				    &xf_payload_, sizeof(xf_payload_));                            \
		}                                                                                  \
	} while (0)

/* A wait under way: when it began and when it must end. */
struct xf_wait {
	uint64_t began_ns;     /* xf_gate_now_ns; 0: it has not had to wait */
	uint64_t deadline_ns;  /* xf_gate_now_ns; 0: never */
};

struct xf_wait xf_wait_begin(uint64_t limit_ns);

/*
 * Sleeps on o->changed (o->lock held) until woken or the deadline. False: the
 * deadline has passed. Wakes for no reason; callers loop over their predicate.
 */
bool xf_wait_more(struct xf_wait *w, struct xf_object *o);

/* Time spent in it so far, ns, without what a debugger stopped meanwhile; 0 when it never had to wait. */
uint64_t xf_wait_waited_ns(const struct xf_wait *w);

static inline enum xf_how xf_wait_how(const struct xf_wait *w)
{
	return w->began_ns ? XF_HOW_WOKEN : XF_HOW_AT_ONCE;
}

#endif
