/*
 * gate: the place where a thread may be held; the second half of the seam.
 *
 * A thread passes a gate only while it holds no lock of ours (asserted): before
 * it acquires anything for a release, after it has unlocked for an acquire.
 * Otherwise a held worker would freeze the caller and fake a verdict. What is
 * done at a gate is a policy, one function plugged in from above: debugger,
 * interventions and schedule tests are policies, and no other hook exists.
 * Without a policy a gate is a load and a branch.
 *
 * Time a thread spends held, and time in which the world is stopped, is taken
 * off every client-side deadline: deadlines use xf_gate_now_ns().
 */
#ifndef XF_EVENT_GATE_H
#define XF_EVENT_GATE_H

#include "core/event/emit.h"

/* What stands at the gate. */
struct xf_gate_point {
	const struct xf_record *record; /* the event: payload, kind, object, site */
	const struct xf_site *site;
	bool before;                    /* it is about to happen; else it has been recorded */
};

/*
 * Called on the thread that passes. It may block for as long as it likes, may
 * record (from `debugger` kinds), and must not call anything that passes a gate.
 */
typedef void (*xf_gate_fn)(void *ctx, const struct xf_gate_point *point);

struct xf_gate_policy {
	xf_gate_fn pass;
	void *ctx;
};

/*
 * Installs a policy (borrowed; must outlive its last pass), or none with NULL.
 * Returns the one before. Threads already inside the old policy finish there.
 */
const struct xf_gate_policy *xf_gate_install(const struct xf_gate_policy *policy);

extern _Atomic(const struct xf_gate_policy *) xf_gate_policy;

static inline bool xf_gate_on(void)
{
	return __builtin_expect(
		atomic_load_explicit(&xf_gate_policy, memory_order_relaxed) != NULL, 0);
}

/* Slow half: asserts that no lock is held, calls the policy, accounts the time. Muted threads pass. */
void xf_gate_pass(enum xf_kind kind, uint32_t object, const struct xf_site *site,
		  const void *payload, size_t size, bool before);

/* The world is stopped (all-stop): from here to resume every thread's clock stands. Not nested. */
void xf_gate_world_stop(void);
void xf_gate_world_resume(void);

/*
 * CLOCK_MONOTONIC, ns, less the time the calling thread was held and the world
 * was stopped: the clock of every deadline, back-off and time-out of ours.
 */
uint64_t xf_gate_now_ns(void);

/* Time taken off so far for the calling thread, ns. */
uint64_t xf_gate_paused_ns(void);

/* Records, then passes the gate: for everything that is not synchronisation. */
#define XF_EVENT(name, ...)                                                                        \
	do {                                                                                       \
		XF_SITE_HERE(xf_site_, XF_EV_##name, NULL);                                        \
		if (xf_emit_on() || xf_gate_on()) {                                                \
			const struct xf_ev_##name xf_payload_ = { __VA_ARGS__ };                   \
			if (xf_emit_on())                                                          \
				xf_emit_raw(XF_EV_##name, 0, 0, XF_SITE_ID(&xf_site_),             \
					    &xf_payload_, sizeof(xf_payload_));                    \
			if (xf_gate_on())                                                          \
				xf_gate_pass(XF_EV_##name, 0, &xf_site_, &xf_payload_,             \
					     sizeof(xf_payload_), false);                          \
		}                                                                                  \
	} while (0)

/*
 * The sync room's halves. XF_GATE_BEFORE stands before a release takes its lock;
 * XF_GATE_AFTER behind the unlock of an acquire.
 */
#define XF_GATE_(name, object_, site_, before_, ...)                                               \
	do {                                                                                       \
		if (xf_gate_on()) {                                                                \
			const struct xf_ev_##name xf_payload_ = { __VA_ARGS__ };                   \
			xf_gate_pass(XF_EV_##name, (object_), (site_), &xf_payload_,               \
				     sizeof(xf_payload_), (before_));                              \
		}                                                                                  \
	} while (0)
#define XF_GATE_BEFORE(name, object_, site_, ...) XF_GATE_(name, object_, site_, true, __VA_ARGS__)
#define XF_GATE_AFTER(name, object_, site_, ...) XF_GATE_(name, object_, site_, false, __VA_ARGS__)

/* An instrumented function: a frame for the prompt, with arguments by name. */
struct xf_frame {
	const struct xf_site *site;  /* where it is left from; at first where it was entered */
	int64_t result;
	bool has_result;
	bool entered;                /* somebody recorded or watched the entry */
};

void xf_frame_enter(struct xf_frame *frame, const uint64_t args[4]);
void xf_frame_leave(struct xf_frame *frame);

/*
 *     XF_FRAME("transfer part:text", id, name);
 * Names of up to four arguments, each with an optional type of event.h's after a
 * colon (default u64); values follow. First statement of a function body.
 */
#define XF_FRAME(names, ...)                                                                       \
	XF_SITE_HERE(xf_frame_site_, XF_EV_frame_enter, names);                                    \
	struct xf_frame xf_frame_ __attribute__((cleanup(xf_frame_leave))) = {                     \
		.site = &xf_frame_site_ };                                                         \
	if (xf_emit_on() || xf_gate_on())                                                          \
	xf_frame_enter(&xf_frame_, (const uint64_t[4]){ __VA_ARGS__ })

/* Leaves an instrumented function with a value the prompt can show (`rv`); marks the line. */
#define XF_RETURN(value)                                                                           \
	do {                                                                                       \
		XF_SITE_HERE(xf_site_, XF_EV_frame_leave, NULL);                                   \
		__typeof__(value) xf_value_ = (value);                                             \
		xf_frame_.site = &xf_site_;                                                        \
		xf_frame_.result = (int64_t)xf_value_;                                             \
		xf_frame_.has_result = true;                                                       \
		return xf_value_;                                                                  \
	} while (0)

/*
 * Sync primitives say where their caller stands: every xf_sem_wait(…) and the
 * like is a macro that passes its own site, so that a stop shows the line that
 * waits and not the inside of the semaphore.
 */
#define XF_SITE_EXPR(kind_)                                                                        \
	(__extension__({                                                                           \
		XF_SITE_HERE(xf_site_, kind_, NULL);                                               \
		&xf_site_;                                                                         \
	}))

#endif
