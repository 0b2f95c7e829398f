#include "core/transfer/errand.h"

#include "core/transfer/pools.h"

static enum xf_go go(void *ctx)
{
	struct xf_errand *e = ctx;
	return atomic_load(&e->t->pools->gave_up) ? XF_GO_DROP : xf_coordinator_go(e->t);
}

enum xf_go xf_errand_go_patiently(void *ctx)
{
	struct xf_errand *e = ctx;
	return atomic_load(&e->t->pools->gave_up) ? XF_GO_DROP : xf_coordinator_go_patiently(e->t);
}

enum xf_go xf_errand_go_put(void *ctx)
{
	const struct xf_errand *e = ctx;
	return e->sent ? xf_errand_go_patiently(ctx) : go(ctx);
}

static enum xf_status admit(void *ctx, size_t bytes, struct xf_error *err)
{
	struct xf_errand *e = ctx;
	struct xf_bandwidth *b = xf_pools_bandwidth(e->t->pools);
	(void)err;
	if (!b)
		return XF_OK;
	e->unpaid += bytes;
	if (e->unpaid >= XF_BANDWIDTH_STEP) {
		xf_bandwidth_take(b, e->unpaid, &e->t->stop);
		e->unpaid = 0;
	}
	return XF_OK;
}

void xf_errand_pay_rest(struct xf_errand *e)
{
	struct xf_bandwidth *b = xf_pools_bandwidth(e->t->pools);
	if (b && e->unpaid)
		xf_bandwidth_take(b, e->unpaid, &e->t->stop);
	e->unpaid = 0;
}

static enum xf_status progress(void *ctx, int64_t bytes, struct xf_error *err)
{
	struct xf_errand *e = ctx;
	return xf_coordinator_tell_progress(e->t, e->part, bytes, err);
}

static void errand_hashing(void *ctx)
{
	struct xf_errand *e = ctx;
	XF_EVENT(part_reading, .transfer = e->t->id, .part = e->part, .hashing = 1);
}

static void hashed(void *ctx, uint64_t bytes, uint64_t reading_ns)
{
	struct xf_errand *e = ctx;
	XF_EVENT(part_read, .bytes = bytes, .took_ns = reading_ns, .transfer = e->t->id, .part = e->part,
		 .hashing = 1);
}

/* The first attempt was told when the worker took the part up. */
static void attempt(void *ctx, unsigned attempt)
{
	struct xf_errand *e = ctx;
	e->attempt = attempt;
	e->sent = false;
	if (e->part && attempt > 1)
		XF_EVENT(part_start, .bytes = e->bytes, .transfer = e->t->id, .part = e->part,
			 .attempt = attempt);
}

static void sent(void *ctx, uint64_t bytes, uint64_t reading_ns, unsigned attempt)
{
	struct xf_errand *e = ctx;
	e->sent = true;
	if (e->part)
		XF_EVENT(part_sent, .bytes = bytes, .reading_ns = reading_ns, .transfer = e->t->id,
			 .part = e->part, .attempt = attempt);
}

static void retry(void *ctx, const struct xf_retry_report *r)
{
	struct xf_errand *e = ctx;
	e->lost += e->sent && r->http_status == 0;
	if (e->part)
		XF_EVENT(part_retry, .backoff_ns = r->backoff_ns, .transfer = e->t->id, .part = e->part,
			 .attempt = r->attempt, .reason = xf_text(r->reason),
			 .http_status = (uint32_t)r->http_status);
}

struct xf_call_hooks xf_errand_hooks(struct xf_errand *e)
{
	return (struct xf_call_hooks){
		.ctx = e, .transfer = e->t->id, .part = e->part, .go = go,
		.admit = admit, .progress = progress, .hashing = errand_hashing, .hashed = hashed,
		.attempt = attempt, .sent = sent, .retry = retry,
		.unless = &e->t->stop };
}

unsigned xf_errand_unheard(const struct xf_errand *e, const struct xf_error *err)
{
	return e->lost + (e->sent && err->http_status == 0);
}
