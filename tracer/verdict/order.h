/*
 * order: which event must have happened before which.
 *
 * Happens-before is program order (one thread's events, as it wrote them) plus
 * edges between threads. Each edge has a kind, and a class that says whether it
 * may carry a verdict: only signal edges do. The rules stand complete, in words,
 * at the top of build.c, and as a table in docs/verdict.md.
 *
 *     struct tr_order *o;
 *     tr_order_new(log, &o, err);
 *     tr_order_past(o, ret, &clock, NULL, NULL);   what happened before event `ret`
 *     if (tr_clock_knows(&clock, tr_log_thread_of(log, e), e)) …
 *
 * The past of one event is its vector clock. It is computed backwards over the
 * edges alone, latest first: an edge whose end is known makes its begin known.
 * That costs one pass over the edges an answer, nothing an event, and lets every
 * question leave out other edges (ablation).
 *
 * Thread: one at a time. The log must outlive the order and not be refreshed meanwhile.
 */
#ifndef TR_VERDICT_ORDER_H
#define TR_VERDICT_ORDER_H

#include "tracer/trace/log.h"
#include "tracer/verdict/clockvec.h"

/* ORDER edge kinds: words, sentences in order.c */
enum tr_edge_kind {
	TR_EDGE_START,      /* thread_create → first event of the thread */
	TR_EDGE_JOIN,       /* thread_exit → join_end */
	TR_EDGE_SET,        /* event_set → event_woken */
	TR_EDGE_ITEM,       /* queue_put → queue_get of that item */
	TR_EDGE_CONDITION,  /* cond_signal → cond_woken */
	TR_EDGE_SEMAPHORE,  /* sem_post → sem_acquired it satisfied */
	TR_EDGE_PROCESS,    /* process_exit → process_wait */
	TR_EDGE_FORK,       /* fork → process_start of the child */
	TR_EDGE_BYTES,      /* fd_write → fd_read of those bytes */
	TR_EDGE_LIFELONG,   /* a lock held for a thread's whole life, given back → taken */
	TR_EDGE_DATA,       /* part_done → multipart_complete of the same upload */
	TR_EDGE_MUTEX,      /* mutex_unlock → next mutex_lock */
	TR_EDGE_KIND_COUNT
};

struct tr_edge {
	uint32_t from, to;      /* events; from < to */
	uint8_t kind;           /* enum tr_edge_kind */
	uint8_t class;          /* enum xf_class; only XF_CLASS_SIGNAL carries a verdict */
	uint8_t timed;          /* the wait it ended had a time limit */
	uint8_t unused;
	uint32_t wait;          /* event that began the wait, TR_NONE when it did not have to */
};

const char *tr_edge_name(enum tr_edge_kind kind);      /* "set" */
const char *tr_edge_sentence(enum tr_edge_kind kind);  /* "a latch is set, a wait for it ends" */

struct tr_order;
enum xf_status tr_order_new(const struct tr_log *log, struct tr_order **out, struct xf_error *err);
void tr_order_free(struct tr_order *o);

/* All edges, sorted by `to`, then `from`. */
uint32_t tr_order_nr_edges(const struct tr_order *o);
const struct tr_edge *tr_order_edge(const struct tr_order *o, uint32_t i);
/* The first edge whose `to` is at or after event. */
uint32_t tr_order_edge_at(const struct tr_order *o, uint32_t event);

/* Does the edge take part? Called for signal edges only. */
typedef bool (*tr_edge_fn)(const void *ctx, const struct tr_edge *edge);

/*
 * The past of event e over signal edges: clock gets the log's width (init and fini are the
 * caller's; it is reset). use may be NULL: all of them.
 */
void tr_order_past(const struct tr_order *o, uint32_t e, struct tr_clock *clock, tr_edge_fn use,
		   const void *ctx);

/*
 * A thread that had several requests under way at once, or another than e's that polls and reads what
 * others write, serves whoever has one: that it came to a later event says nothing of an earlier one.
 * Did `event`, of such a thread, lead on before that lay down or had other news (an answer, bytes): by
 * an edge of the past of e, which was asked for last, or to e itself? Of a thread that had one request
 * at a time and lay in epoll, an event loop, also by beginning a request whose answer did so.
 * True of other threads'.
 */
bool tr_order_led_on(const struct tr_order *o, uint32_t event, uint32_t e);

/* Is a thread of one of these kinds, as far as its own events tell? */
bool tr_order_serves(const struct tr_order *o, uint32_t thread);
/* Is that where a thread of another program's pool (a Python executor) begins its next job? Of a queue_get. */
bool tr_order_takes_job(const struct tr_log *log, const struct tr_event *get);

/* What led to event e: its past, and what a loop was told long before it came to e (see build.c). */
void tr_order_led_to(const struct tr_order *o, uint32_t e, struct tr_clock *clock);

/* Did a lead to b (or is it b)? One pass over the edges. */
bool tr_order_before(const struct tr_order *o, uint32_t a, uint32_t b);

/*
 * Chains from many events to one. For each of nr events (from[i] in the past of `to`), the
 * chain of edges that reaches to's thread earliest, then program order. next[i]: edge number of
 * the first edge, TR_NONE when from[i] is on to's thread or does not reach it. Follow with
 * tr_chain_next(). Owns: *out, tr_chains_free(). One pass for all of them.
 */
struct tr_chains;
enum xf_status tr_order_chains(const struct tr_order *o, uint32_t to, const uint32_t *from,
			       uint32_t nr, struct tr_chains **out, struct xf_error *err);
uint32_t tr_chain_first(const struct tr_chains *c, uint32_t i);
uint32_t tr_chain_next(const struct tr_chains *c, uint32_t edge); /* TR_NONE: arrived */
void tr_chains_free(struct tr_chains *c);

#endif
