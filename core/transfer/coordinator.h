/*
 * coordinator: the workers' side of a transfer: its status machine, the first
 * error, and the announcing of its end. s3transfer's TransferCoordinator.
 * Private to core/transfer.
 *
 *     not-started → queued → running → success | failed | cancelled
 *
 * The first error wins, and a final task that did its work makes success of
 * whatever stood there before: the object is there.
 */
#ifndef XF_TRANSFER_COORDINATOR_H
#define XF_TRANSFER_COORDINATOR_H

#include <stdatomic.h>

#include "core/s3/client.h"
#include "core/sync/sync.h"
#include "core/transfer/future.h"

struct xf_pools;

/* What a coordinator knows of the work it coordinates: an upload or a download. */
struct xf_work {
	/* when it ends without success, before the done latch: the abort, the temporary file */
	void (*clean_up)(struct xf_transfer *t, struct xf_http *http);
	void (*info)(struct xf_transfer *t, struct xf_transfer_info *out);
	void (*free)(void *of);
};

struct xf_transfer {
	/* set before start */
	uint32_t id;                  /* from 0 in a manager */
	struct xf_pools *pools;       /* the manager's */
	void (*untrack)(void *ctx, struct xf_transfer *t); /* the first to hear of the end: its manager */
	void *untrack_ctx;
	char *bucket, *key;
	const struct xf_extra *extra; /* borrowed from the caller until the manager is freed */
	const struct xf_subscriber *subscribers; /* borrowed likewise */
	unsigned nr_subscribers;
	const struct xf_work *work;   /* NULL: not prepared yet */
	void *of;                     /* the work's own structure */

	struct xf_latch done;         /* what result() waits for */
	struct xf_latch stop;         /* no more work is wanted: ends back-offs and sleeps */
	struct xf_mutex lock;
	/* under lock */
	enum xf_state state;
	enum xf_state recorded;       /* the newest state in the trace */
	struct xf_error error;
	bool announced;
	/* copies for quick looks; written under lock, read anywhere, ordering nothing else */
	_Atomic int state_now;
	_Atomic uint64_t cancelled_at_ns; /* xf_gate_now_ns when asked to stop; 0: not asked */
};

/* Names are copied. *Errors:* XF_NOMEM. */
enum xf_status xf_coordinator_init(struct xf_transfer *t, const char *bucket, const char *key);
void xf_coordinator_fini(struct xf_transfer *t);

/* The status is final: queued work is skipped. */
static inline bool xf_coordinator_over(struct xf_transfer *t)
{
	return atomic_load(&t->state_now) >= XF_STATE_SUCCESS;
}

/* not-started → queued → running. False: it is over already. */
bool xf_coordinator_advance(struct xf_transfer *t, enum xf_state to);

static inline bool xf_coordinator_is_final(enum xf_state state)
{
	return state >= XF_STATE_SUCCESS;
}

/*
 * Ends it as `to`, with that error. Returns the state it ended from; a final one:
 * it had ended before, and nothing was done.
 */
enum xf_state xf_coordinator_end(struct xf_transfer *t, enum xf_state to,
				 const struct xf_error *err);

/* Keeps the first error; without effect when it is over. */
void xf_coordinator_fail(struct xf_transfer *t, const struct xf_error *err);

/* The final task did its work: success, whatever stood there. */
void xf_coordinator_succeed(struct xf_transfer *t);

/*
 * Announces the end, once: the clean-up (http may be NULL: made when needed), the
 * done latch, the done callbacks, in this order. By the final task, by the
 * submission when it failed, or by whoever cancels a transfer that has not started.
 */
void xf_coordinator_announce(struct xf_transfer *t, struct xf_http *http);

/* What http asks before each read and at each wake-up (struct xf_call_hooks.go, ctx: the transfer). */
enum xf_go xf_coordinator_go(void *transfer);

/*
 * The same, but a cancel is followed only after XF_PATIENCE_NS: for Create and Complete, and for
 * a PutObject that is sent and waits for its answer.
 */
enum xf_go xf_coordinator_go_patiently(void *transfer);
#define XF_PATIENCE_NS 500000000u

/* The subscribers' on_queued, on the submission's thread. *Errors:* what a callback returned. */
enum xf_status xf_coordinator_tell_queued(struct xf_transfer *t, struct xf_error *err);

/* The subscribers' on_progress; part for the record. *Errors:* what a callback returned. */
enum xf_status xf_coordinator_tell_progress(struct xf_transfer *t, uint32_t part, int64_t bytes,
					    struct xf_error *err);

#endif
