/*
 * marks: calls marked from outside (--call out:), recorded from inside.
 *
 * The supervisor sees the line while the thread stands in its write; the
 * thread's order of events is the probe's. So the mark is left in the control
 * mapping and the probe records it, with the time it was seen, before the
 * thread's next event:
 *
 *     if (tr_marks_pending(control)) tr_marks_take(control, tid);
 *
 * in every wrapper, before it records, and behind write() and writev().
 */
#ifndef TR_FOREIGN_MARKS_H
#define TR_FOREIGN_MARKS_H

#include "core/event/event.h"
#include "tracer/foreign/contract.h"

static inline bool tr_marks_pending(const struct tr_control *control)
{
	return __builtin_expect(
		atomic_load_explicit(&control->marks_pending, memory_order_relaxed) != 0, 0);
}

/* Leaves a mark for that thread. False: there is no room. */
bool tr_marks_put(struct tr_control *control, uint32_t pid, uint32_t tid, bool enter, uint32_t call,
		  uint64_t ticks, const char *label);

/* A thread of that process with marks that it has not taken; 0: none. */
uint32_t tr_marks_left(struct tr_control *control, uint32_t pid);

/*
 * Records that thread's marks, in order, on the calling thread. tid 0: everybody's. Returns
 * how many more calls they begin than they end.
 */
int tr_marks_take(struct tr_control *control, uint32_t tid);

/* Records one call_enter or call_return as of `ticks`, which must not lie before the thread's last event. */
void tr_marks_record(bool enter, uint32_t call, uint64_t ticks, const char *label, uint32_t flags);

/* Any record as of an earlier time, under the same condition. */
void tr_record_at(enum xf_kind kind, uint64_t ticks, const void *payload, size_t size);

#endif
