/*
 * barrier: what the call's return had to pass.
 *
 * Every wait on the calling thread between call_enter and call_return belongs to
 * a barrier: those inside one instrumented frame are one (the outermost frame
 * inside the call; one that the table in barrier.c knows by name comes first),
 * a wait outside any frame is its own. In a Python program, which has no
 * instrumented frames, the stack at the wait takes their place. Waits that only
 * took a free lock or permit are no barriers.
 *
 * A barrier is *sufficient* when every work item still reaches the return by
 * signal edges after all other barriers' edges into the calling thread are taken
 * away.
 */
#ifndef TR_VERDICT_BARRIER_H
#define TR_VERDICT_BARRIER_H

#include "tracer/verdict/order.h"

/* ORDER barrier kinds, scopes: words in barrier.c */
enum tr_barrier_kind {
	TR_BARRIER_EVENT, TR_BARRIER_JOIN, TR_BARRIER_SEMAPHORE, TR_BARRIER_QUEUE,
	TR_BARRIER_CONDITION, TR_BARRIER_LOCK, TR_BARRIER_PROCESS, TR_BARRIER_FD,
	TR_BARRIER_KIND_COUNT
};
enum tr_scope { TR_SCOPE_CALL, TR_SCOPE_BLOCK, TR_SCOPE_EXIT, TR_SCOPE_COUNT };
const char *tr_barrier_kind_name(enum tr_barrier_kind kind); /* "event" … "fd" */
const char *tr_scope_name(enum tr_scope scope);              /* "call" "block" "exit" */

#define TR_LIMIT_UNTOLD UINT64_MAX

struct tr_barrier {
	char name[64];             /* "result", "manager exit"; else of the frame or the object */
	enum tr_barrier_kind kind; /* of its longest wait that can carry a verdict, else of its longest */
	enum tr_scope scope;
	uint32_t thread;           /* index: the waiting (calling) thread */
	uint64_t wait_ns;          /* sum over its waits */
	uint32_t nr_waits;
	bool sufficient;
	bool carries;              /* some signal edge ends a wait of it */
	uint32_t first, last;      /* events: begin (frame or wait) and end (frame or last wake) */
	uint32_t wait;             /* the event of the wait that names it: source line */
	uint32_t woken_by;         /* the release that ended its last wait, TR_NONE */
	uint64_t limit_ns;         /* its waits have a time limit: the longest; 0: none; TR_LIMIT_UNTOLD: not known how long */
	bool timed_out;            /* its last wait ended by the limit */
	uint64_t ran_out_ns;       /* the limits of its waits that ended so, together */
	uint32_t object;           /* index of the object of `wait`, TR_NONE */
	uint64_t longest_ns;       /* how long `wait` took … */
	uint32_t longest_woken_by; /* … and the release that ended it, TR_NONE */
};

struct tr_barriers {
	struct tr_barrier *list;
	uint32_t nr;
};

/*
 * The barriers of the interval [enter, end] of thread, in order; `sufficient` against the
 * nr_items events (work items' ends). end: call_return. Owns: out, tr_barriers_fini().
 */
enum xf_status tr_barriers_find(const struct tr_log *log, const struct tr_order *order,
				uint32_t thread, uint32_t enter, uint32_t end,
				const uint32_t *items, uint32_t nr_items, struct tr_barriers *out,
				struct xf_error *err);
void tr_barriers_fini(struct tr_barriers *b);

#endif
