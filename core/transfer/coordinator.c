/* coordinator: the status machine of a transfer, and the announcing of its end. */
#include "core/transfer/coordinator.h"

#include <stdlib.h>
#include <string.h>

#include "core/transfer/pools.h"

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
	if (t->work)
		t->work->free(t->of);
	xf_mutex_fini(&t->lock);
	xf_latch_fini(&t->stop);
	xf_latch_fini(&t->done);
	free(t->bucket);
	free(t->key);
}

/* ---- status */

/* A cancel by a helper thread of ours left no record; the next thread that counts makes it good. */
static void record_cancel_locked(struct xf_transfer *t)
{
	if (t->recorded == t->state || xf_lane.muted)
		return;
	XF_EMIT(cancel, .transfer = t->id, .reason = xf_text(t->error.message));
	XF_EMIT(status, .transfer = t->id, .from = t->recorded, .to = t->state);
	t->recorded = t->state;
}

/* Recorded under the lock, so that the trace has the changes in their order; gated behind it. */
static bool change_locked(struct xf_transfer *t, enum xf_state to, struct xf_ev_status *event)
{
	record_cancel_locked(t);
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

bool xf_coordinator_advance(struct xf_transfer *t, enum xf_state to)
{
	struct xf_ev_status event;
	xf_mutex_lock(&t->lock);
	bool on = !xf_coordinator_is_final(t->state);
	if (on)
		change_locked(t, to, &event);
	xf_mutex_unlock(&t->lock);
	if (on)
		pass_gate(&event);
	return on;
}

enum xf_state xf_coordinator_end(struct xf_transfer *t, enum xf_state to,
				 const struct xf_error *err)
{
	struct xf_ev_status event;
	bool told = false;
	xf_mutex_lock(&t->lock);
	enum xf_state from = t->state;
	if (!xf_coordinator_is_final(from)) {
		t->error = *err;
		told = change_locked(t, to, &event);
	}
	xf_mutex_unlock(&t->lock);
	if (told)
		pass_gate(&event);
	if (!xf_coordinator_is_final(from))
		xf_latch_set(&t->stop);
	return from;
}

void xf_coordinator_fail(struct xf_transfer *t, const struct xf_error *err)
{
	xf_coordinator_end(t, XF_STATE_FAILED, err);
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
	if (!t->work)
		return;
	if (!http && xf_pools_http_new(t->pools, &own, &ignored) == XF_OK)
		http = own;
	if (http)
		t->work->clean_up(t, http);
	xf_pools_http_free(t->pools, own);
}

static enum xf_state record_state(struct xf_transfer *t)
{
	xf_mutex_lock(&t->lock);
	record_cancel_locked(t);
	enum xf_state state = t->state;
	xf_mutex_unlock(&t->lock);
	return state;
}

/* ---- callbacks */

static void tell_called(const struct xf_transfer *t, const char *which, unsigned index)
{
	XF_EVENT(callback, .transfer = t->id, .which = xf_text(which), .index = index);
}

enum xf_status xf_coordinator_tell_queued(struct xf_transfer *t, struct xf_error *err)
{
	for (unsigned i = 0; i < t->nr_subscribers; i++) {
		const struct xf_subscriber *s = &t->subscribers[i];
		if (!s->on_queued)
			continue;
		tell_called(t, "queued", i);
		enum xf_status status = s->on_queued(s->ctx, t, err);
		if (status != XF_OK)
			return xf_fail(err, status, "the on_queued callback failed");
	}
	return XF_OK;
}

enum xf_status xf_coordinator_tell_progress(struct xf_transfer *t, uint32_t part, int64_t bytes,
					    struct xf_error *err)
{
	XF_EVENT(progress, .bytes = bytes, .transfer = t->id, .part = part);
	for (unsigned i = 0; i < t->nr_subscribers; i++) {
		const struct xf_subscriber *s = &t->subscribers[i];
		if (!s->on_progress)
			continue;
		tell_called(t, "progress", i);
		enum xf_status status = s->on_progress(s->ctx, t, bytes, err);
		if (status != XF_OK)
			return xf_fail(err, status, "the on_progress callback failed");
	}
	return XF_OK;
}

static void tell_subscribers(struct xf_transfer *t)
{
	for (unsigned i = 0; i < t->nr_subscribers; i++) {
		if (!t->subscribers[i].on_done)
			continue;
		tell_called(t, "done", i);
		t->subscribers[i].on_done(t->subscribers[i].ctx, t);
	}
}

/* The clean-up may find that the object is there after all: the state is read again behind it. */
void xf_coordinator_announce(struct xf_transfer *t, struct xf_http *http)
{
	XF_FRAME("transfer:u32", t->id);
	xf_mutex_lock(&t->lock);
	bool first = !t->announced;
	t->announced = true;
	xf_mutex_unlock(&t->lock);
	if (!first)
		return;
	if (record_state(t) != XF_STATE_SUCCESS)
		run_clean_up(t, http);
	enum xf_state state = record_state(t);
	xf_latch_set(&t->done);
	XF_EVENT(done, .transfer = t->id, .state = state);
	t->untrack(t->untrack_ctx, t);
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
	if (!since)
		return XF_GO_ON;
	return xf_gate_now_ns() > since + XF_PATIENCE_NS ? XF_GO_DROP : XF_GO_HURRY;
}
