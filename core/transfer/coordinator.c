/* coordinator, future: the status machine of a transfer and its two sides. */
#include "core/transfer/coordinator.h"

#include <stdlib.h>
#include <string.h>

#include "core/transfer/manager_private.h"

enum xf_status xf_coordinator_init(struct xf_transfer *t, const char *bucket, const char *key)
{
	t->bucket = strdup(bucket);
	t->key = strdup(key);
	xf_latch_init(&t->done, "done");
	xf_latch_init(&t->stop, "stop");
	xf_mutex_init(&t->lock, "coordinator");
	return t->bucket && t->key ? XF_OK : XF_NOMEM;
}

void xf_coordinator_fini(struct xf_transfer *t)
{
	if (t->work_free)
		t->work_free(t->work);
	xf_mutex_fini(&t->lock);
	xf_latch_fini(&t->stop);
	xf_latch_fini(&t->done);
	free(t->bucket);
	free(t->key);
}

/* ---- status */

/* Recorded under the lock, so that the trace has the changes in their order; gated behind it. */
static bool change_locked(struct xf_transfer *t, enum xf_state to, struct xf_ev_status *event)
{
	*event = (struct xf_ev_status){ .transfer = t->id, .from = t->state, .to = to };
	t->state = to;
	atomic_store(&t->state_now, (int)to);
	if (xf_lane.muted)
		return false;
	event->from = t->recorded;
	t->recorded = to;
	XF_EMIT(status, event->transfer, event->from, event->to);
	return true;
}

static void pass_gate(const struct xf_ev_status *event)
{
	const struct xf_site *site = XF_SITE_EXPR(XF_EV_status);
	XF_GATE_AFTER(status, 0, site, event->transfer, event->from, event->to);
}

static bool is_final(enum xf_state state)
{
	return state >= XF_STATE_SUCCESS;
}

bool xf_coordinator_advance(struct xf_transfer *t, enum xf_state to)
{
	struct xf_ev_status event;
	xf_mutex_lock(&t->lock);
	bool on = !is_final(t->state);
	if (on)
		change_locked(t, to, &event);
	xf_mutex_unlock(&t->lock);
	if (on)
		pass_gate(&event);
	return on;
}

static bool end_with(struct xf_transfer *t, enum xf_state to, const struct xf_error *err)
{
	struct xf_ev_status event;
	xf_mutex_lock(&t->lock);
	bool first = !is_final(t->state);
	bool told = false;
	if (first) {
		t->error = *err;
		told = change_locked(t, to, &event);
	}
	xf_mutex_unlock(&t->lock);
	if (told)
		pass_gate(&event);
	if (first)
		xf_latch_set(&t->stop);
	return first;
}

void xf_coordinator_fail(struct xf_transfer *t, const struct xf_error *err)
{
	end_with(t, XF_STATE_FAILED, err);
}

void xf_coordinator_succeed(struct xf_transfer *t)
{
	struct xf_ev_status event;
	xf_mutex_lock(&t->lock);
	t->error = XF_ERROR_INIT;
	change_locked(t, XF_STATE_SUCCESS, &event);
	xf_mutex_unlock(&t->lock);
	pass_gate(&event);
}

/* ---- the end */

static void run_clean_up(struct xf_transfer *t, struct xf_http *http)
{
	struct xf_http *own = NULL;
	struct xf_error ignored = XF_ERROR_INIT;
	if (!t->clean_up)
		return;
	if (!http && xf_manager_http_new(t->manager, &own, &ignored) == XF_OK)
		http = own;
	if (http)
		t->clean_up(t, http);
	xf_manager_http_free(t->manager, own);
}

/* A cancel by a helper thread of ours left no record; it is made good here. */
static void record_state(struct xf_transfer *t)
{
	xf_mutex_lock(&t->lock);
	if (t->recorded != t->state && !xf_lane.muted) {
		XF_EMIT(cancel, .transfer = t->id, .reason = xf_text(t->error.message));
		XF_EMIT(status, .transfer = t->id, .from = t->recorded, .to = t->state);
		t->recorded = t->state;
	}
	xf_mutex_unlock(&t->lock);
}

static void tell_subscribers(struct xf_transfer *t)
{
	for (unsigned i = 0; i < t->nr_subscribers; i++) {
		if (!t->subscribers[i].on_done)
			continue;
		XF_EVENT(callback, .transfer = t->id, .which = xf_text("done"), .index = i);
		t->subscribers[i].on_done(t->subscribers[i].ctx, t);
	}
}

void xf_coordinator_announce(struct xf_transfer *t, struct xf_http *http)
{
	XF_FRAME("transfer:u32", t->id);
	xf_mutex_lock(&t->lock);
	bool first = !t->announced;
	t->announced = true;
	enum xf_state state = t->state;
	xf_mutex_unlock(&t->lock);
	if (!first)
		return;
	record_state(t);
	if (state != XF_STATE_SUCCESS)
		run_clean_up(t, http);
	xf_latch_set(&t->done);
	XF_EVENT(done, .transfer = t->id, .state = state);
	xf_manager_untrack(t->manager, t);
	tell_subscribers(t);
}

enum xf_go xf_coordinator_go(void *transfer)
{
	struct xf_transfer *t = transfer;
	if (atomic_load(&t->cancelled_at_ns))
		return XF_GO_DROP;
	return xf_coordinator_over(t) ? XF_GO_NO_MORE_BODY : XF_GO_ON;
}

enum xf_go xf_coordinator_go_patiently(void *transfer)
{
	struct xf_transfer *t = transfer;
	uint64_t since = atomic_load(&t->cancelled_at_ns);
	return since && xf_gate_now_ns() > since + XF_PATIENCE_NS ? XF_GO_DROP : XF_GO_ON;
}

/* ---- the caller's side */

enum xf_status xf_future_result(struct xf_transfer *t, struct xf_error *err)
{
	XF_FRAME("transfer:u32", t->id);
	xf_latch_wait(&t->done, XF_FOREVER);
	xf_mutex_lock(&t->lock);
	struct xf_error error = t->error;
	xf_mutex_unlock(&t->lock);
	if (err && err->status == XF_OK)
		*err = error;
	XF_RETURN(error.status);
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
 * A transfer that has not started is announced by its submission task, which
 * finds it cancelled; upstream announces on the canceller, with a lock held.
 */
void xf_future_cancel(struct xf_transfer *t, enum xf_status why, const char *reason)
{
	struct xf_error err = XF_ERROR_INIT;
	xf_fail(&err, why, "%s", reason);
	if (!end_with(t, XF_STATE_CANCELLED, &err))
		return;
	atomic_store(&t->cancelled_at_ns, xf_gate_now_ns());
	if (!xf_lane.muted)
		XF_EVENT(cancel, .transfer = t->id, .reason = xf_text(reason));
	xf_manager_wake(t->manager);
}

void xf_future_info(struct xf_transfer *t, struct xf_transfer_info *out)
{
	*out = (struct xf_transfer_info){ .id = t->id, .bucket = t->bucket, .key = t->key,
					  .etag = "", .upload_id = "" };
	if (t->info)
		t->info(t, out);
}
