/*
 * future: what the caller of a transfer holds: is it over, what became of it,
 * wait for it, cancel it. s3transfer's TransferFuture.
 *
 * A transfer belongs to its manager and lives until xf_manager_free(); nothing
 * here is freed by the caller. *Thread:* any, unless it says otherwise.
 *
 * done() is true as soon as the status is final; result() returns only when the
 * work has drained and the done latch is set. In between, a cancelled transfer
 * is "cancelled, draining" (as upstream, named here).
 */
#ifndef XF_TRANSFER_FUTURE_H
#define XF_TRANSFER_FUTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"
#include "core/event/status.h"

struct xf_transfer;

/* What a caller may want to be told. Any may be NULL; called with no lock held. */
struct xf_subscriber {
	void *ctx;
	/* submission thread, before the first byte is read; a failure fails the transfer */
	enum xf_status (*on_queued)(void *ctx, struct xf_transfer *t, struct xf_error *err);
	/* worker threads, several at once: bytes read for sending, or received (negative: taken back) */
	enum xf_status (*on_progress)(void *ctx, struct xf_transfer *t, int64_t bytes,
				      struct xf_error *err);
	/* exactly once, on the thread that ended it, after the done latch is set */
	void (*on_done)(void *ctx, struct xf_transfer *t);
};

/*
 * Waits for the end and returns what became of it: XF_OK, or the first error,
 * copied to *err. No time limit. The thread must not hold a lock of ours.
 */
enum xf_status xf_future_result(struct xf_transfer *t, struct xf_error *err);

/* The first error by now, without waiting for the end; XF_OK while there is none. */
enum xf_status xf_future_error(struct xf_transfer *t, struct xf_error *err);

/* The status is final; result() may still have to wait. */
bool xf_future_done(struct xf_transfer *t);
enum xf_state xf_future_state(struct xf_transfer *t);

/*
 * Asks the transfer to stop: bodies stop at their next read, waits for an answer
 * are cut short, back-offs end, the multipart upload is aborted. Does not wait.
 * why is XF_CANCELLED or XF_INTERRUPTED; reason is for people. Without effect on
 * a transfer that is over.
 */
void xf_future_cancel(struct xf_transfer *t, enum xf_status why, const char *reason);

/* What is known of it by now; strings are borrowed and stand until the manager is freed. */
struct xf_transfer_info {
	uint32_t id;
	const char *bucket, *key;
	const char *etag;       /* "" until it is known */
	const char *upload_id;  /* "" until it is known; as received */
	uint64_t size;          /* bytes; 0 until it is known */
	bool aborted;           /* the multipart upload was aborted, and that was answered */
	bool orphaned;          /* it was not: the upload id is left on the service */
	bool unanswered;        /* the last request went out and was never answered: the object may be there */
	bool create_unanswered; /* an attempt at Create was not, and what it may have begun was not found */
	bool resumed;           /* an interrupted upload was continued, and is left when this one fails */
	uint32_t reused_parts;  /* by a resume: not sent again */
	uint64_t reused_bytes;
};
void xf_future_info(struct xf_transfer *t, struct xf_transfer_info *out);

#endif
