/* bandwidth: the leaky bucket. */
#include "core/transfer/bandwidth.h"

void xf_bandwidth_init(struct xf_bandwidth *b, uint64_t limit)
{
	*b = (struct xf_bandwidth){ .limit = limit };
	xf_mutex_init(&b->lock, "bandwidth");
}

void xf_bandwidth_fini(struct xf_bandwidth *b)
{
	xf_mutex_fini(&b->lock);
}

static double rate_with(const struct xf_bandwidth *b, uint64_t bytes, uint64_t now_ns)
{
	if (!b->began)
		return 0;
	double seconds = (double)(now_ns - b->last_ns) / 1e9;
	double newest = seconds > 0 ? (double)bytes / seconds : 1e300;
	return 0.8 * newest + 0.2 * b->rate;
}

static void record(struct xf_bandwidth *b, uint64_t bytes, uint64_t now_ns)
{
	b->rate = rate_with(b, bytes, now_ns);
	b->began = true;
	b->last_ns = now_ns;
}

static double seconds_for(const struct xf_bandwidth *b, uint64_t bytes)
{
	return (double)bytes / (double)b->limit;
}

uint64_t xf_bandwidth_ask(struct xf_bandwidth *b, uint64_t bytes, uint64_t now_ns)
{
	uint64_t wait_ns = 0;
	xf_mutex_lock(&b->lock);
	if (rate_with(b, bytes, now_ns) > (double)b->limit) {
		b->scheduled_s += seconds_for(b, bytes);
		wait_ns = (uint64_t)(b->scheduled_s * 1e9);
	} else {
		record(b, bytes, now_ns);
	}
	xf_mutex_unlock(&b->lock);
	return wait_ns;
}

void xf_bandwidth_grant(struct xf_bandwidth *b, uint64_t bytes, uint64_t now_ns)
{
	xf_mutex_lock(&b->lock);
	b->scheduled_s -= seconds_for(b, bytes);
	if (b->scheduled_s < 0)
		b->scheduled_s = 0;
	record(b, bytes, now_ns);
	xf_mutex_unlock(&b->lock);
}

void xf_bandwidth_take(struct xf_bandwidth *b, uint64_t bytes, struct xf_latch *stop)
{
	uint64_t wait_ns = xf_bandwidth_ask(b, bytes, xf_gate_now_ns());
	if (!wait_ns)
		return;
	xf_sleep_ns(wait_ns, "bandwidth", stop);
	xf_bandwidth_grant(b, bytes, xf_gate_now_ns());
}
