/*
 * executor: a semaphore in front of a first-in-first-out pool of threads, as in
 * s3transfer: submit() takes a permit on the submitting thread, waiting when
 * there is none, and the worker gives it back when the task is over. So permits
 * count what is queued and what runs. A tag's own semaphore may stand in for
 * the executor's. Without threads the same tasks run at once on the submitter.
 */
#ifndef XF_TRANSFER_EXECUTOR_H
#define XF_TRANSFER_EXECUTOR_H

#include "core/sync/sync.h"

struct xf_executor;
struct xf_http;

/* What a worker owns while it lives. Owner thread only. */
struct xf_worker {
	struct xf_executor *executor;
	void *local;                /* made by options.local_new, e.g. its connection */
	struct xf_thread thread;    /* not used inline */
};

/*
 * A piece of work. Embedded in the submitter's own structure, which must live
 * until the executor is shut down. `over` is set when run has returned, before
 * the permit goes back.
 */
struct xf_task {
	void (*run)(struct xf_task *task, struct xf_worker *worker);
	void (*release)(struct xf_task *task); /* gives the permit back; NULL: a post does */
	struct xf_latch over;
	struct xf_sem *permit;      /* the executor's: which semaphore it came from */
};

/* name is what the latch is called in the trace ("part 3"). */
void xf_task_init(struct xf_task *task, const char *name,
		  void (*run)(struct xf_task *task, struct xf_worker *worker));
void xf_task_fini(struct xf_task *task);

struct xf_executor_options {
	const char *name;           /* of its semaphore: "request" */
	const char *role;           /* of its threads: "request" gives request-1, … */
	unsigned max_threads;       /* 0: inline, on the submitting thread */
	int64_t permits;
	/* per worker, on its own thread; both may be NULL. NULL result: the worker runs without */
	void *(*local_new)(void *ctx);
	void (*local_free)(void *ctx, void *local);
	void *ctx;
};

/* *Errors:* XF_NOMEM. */
enum xf_status xf_executor_new(const struct xf_executor_options *options, struct xf_executor **out);

/*
 * Takes a permit of `tag`, or of the executor when NULL; blocks until there is
 * one. NULL: the executor was closed meanwhile. Give it to xf_executor_enqueue().
 */
struct xf_sem *xf_executor_acquire(struct xf_executor *e, struct xf_sem *tag);

/*
 * Hands the task over; a thread is started when none is idle and there may be
 * more. Inline, or when not one thread can be started: the submitter does the
 * work itself. *Errors:* XF_SHUTDOWN, XF_NOMEM; the permit is given back then, and
 * run is not called.
 */
enum xf_status xf_executor_enqueue(struct xf_executor *e, struct xf_task *task, struct xf_sem *permit);

/* Both in one. */
enum xf_status xf_executor_submit(struct xf_executor *e, struct xf_task *task, struct xf_sem *tag);

/* No more tasks; waits for those it has, and joins every thread. Idempotent. One thread. */
void xf_executor_shutdown(struct xf_executor *e);

/* After shutdown. NULL is fine. */
void xf_executor_free(struct xf_executor *e);

struct xf_sem *xf_executor_permits(struct xf_executor *e);

#endif
