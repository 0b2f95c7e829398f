/*
 * future: the caller's side of a transfer.
 *
 * Two questions look alike and are not. xf_future_done() asks whether the status
 * is final; it may be while parts are still draining. xf_future_result() waits for
 * the done latch, which is set when no request of the transfer is under way any
 * more and an abort has been answered. The wait in xf_future_result() is the one
 * that a call "held by result" stands in: boto3's `self._done_event.wait()`.
 */
#include "core/transfer/future.h"

#include "core/transfer/coordinator.h"
#include "core/transfer/coordinator.h"
#include "core/transfer/pools.h"

enum xf_status xf_future_result(struct xf_transfer *t, struct xf_error *err)
{
	XF_FRAME("transfer:u32", t->id);
	xf_latch_wait(&t->done, XF_FOREVER);
	enum xf_status status = xf_future_error(t, err);
	XF_RETURN(status);
}

enum xf_status xf_future_error(struct xf_transfer *t, struct xf_error *err)
{
	xf_mutex_lock(&t->lock);
	struct xf_error error = t->error;
	xf_mutex_unlock(&t->lock);
	if (err && err->status == XF_OK)
		*err = error;
	return error.status;
}

bool xf_future_done(struct xf_transfer *t)
{
	return xf_coordinator_over(t);
}

enum xf_state xf_future_state(struct xf_transfer *t)
{
	return (enum xf_state)atomic_load(&t->state_now);
}

/*
 * One that failed and drains is hurried on, too: nobody wants to wait for its siblings' answers.
 * Without a lock held, so that a done callback may do whatever it likes (upstream's deadlocks).
 * A muted canceller leaves the announcing to the submission task: its events would be lost.
 */
void xf_future_cancel(struct xf_transfer *t, enum xf_status why, const char *reason)
{
	struct xf_error err = XF_ERROR_INIT;
	uint64_t never = 0;
	xf_fail(&err, why, "%s", reason);
	enum xf_state from = xf_coordinator_end(t, XF_STATE_CANCELLED, &err);
	atomic_compare_exchange_strong(&t->cancelled_at_ns, &never, xf_gate_now_ns());
	if (!xf_coordinator_is_final(from) && !xf_lane.muted)
		XF_EVENT(cancel, .transfer = t->id, .reason = xf_text(reason));
	if (from == XF_STATE_NOT_STARTED && !xf_lane.muted)
		xf_coordinator_announce(t, NULL);
	else
		xf_pools_wake(t->pools);
}

void xf_future_info(struct xf_transfer *t, struct xf_transfer_info *out)
{
	*out = (struct xf_transfer_info){ .id = t->id, .bucket = t->bucket, .key = t->key,
					  .etag = "", .upload_id = "" };
	if (t->work)
		t->work->info(t, out);
}
