/* gate: the slow half of a pass, and the clock that leaves stopped time out. */
#include "core/event/gate.h"

#include <assert.h>

_Atomic(const struct xf_gate_policy *) xf_gate_policy;

static __thread uint64_t held_ns;   /* of this thread, not counting time the world stood */
static __thread bool inside;        /* a policy that records must not meet itself */
static _Atomic uint64_t stopped_ns; /* of the world, ended stops */
static _Atomic uint64_t stopped_at; /* 0: the world runs */

const struct xf_gate_policy *xf_gate_install(const struct xf_gate_policy *policy)
{
	return atomic_exchange(&xf_gate_policy, policy);
}

/* ---- time */

/*
 * Resume adds a stop to the total before it clears its beginning: a reader in
 * between counts it twice and finds the clock a little slow for an instant. The
 * other way round it would run ahead, and a deadline could pass by mistake.
 */
static uint64_t world_stopped_ns(uint64_t now)
{
	uint64_t ended, since;
	do { /* a stop that began and ended in between moves the total */
		ended = atomic_load(&stopped_ns);
		since = atomic_load(&stopped_at);
	} while (ended != atomic_load(&stopped_ns));
	return ended + (since && now > since ? now - since : 0);
}

void xf_gate_world_stop(void)
{
	atomic_store(&stopped_at, xf_clock_mono_ns());
}

void xf_gate_world_resume(void)
{
	uint64_t since = atomic_load(&stopped_at);
	if (!since)
		return;
	atomic_fetch_add(&stopped_ns, xf_clock_mono_ns() - since);
	atomic_store(&stopped_at, 0);
}

uint64_t xf_gate_paused_ns(void)
{
	return held_ns + world_stopped_ns(xf_clock_mono_ns());
}

uint64_t xf_gate_now_ns(void)
{
	uint64_t now = xf_clock_mono_ns();
	return now - held_ns - world_stopped_ns(now);
}

/* ---- passing */

static void call_policy(const struct xf_gate_policy *policy, const struct xf_gate_point *point)
{
	uint64_t begin = xf_clock_mono_ns(), world = world_stopped_ns(begin);
	int saved = errno;
	inside = true;
	policy->pass(policy->ctx, point);
	inside = false;
	errno = saved;
	uint64_t end = xf_clock_mono_ns();
	uint64_t stood = world_stopped_ns(end) - world;
	held_ns += end - begin > stood ? end - begin - stood : 0;
}

void xf_gate_pass(enum xf_kind kind, uint32_t object, const struct xf_site *site,
		  const void *payload, size_t size, bool before)
{
	const struct xf_gate_policy *policy = atomic_load_explicit(&xf_gate_policy, memory_order_acquire);
	assert(xf_lane.lock_depth == 0 && "a gate is passed without any lock of ours");
	if (!policy || inside || xf_lane.muted)
		return;
	struct xf_record record = { .kind = (uint16_t)kind, .object = object,
				    .site = XF_SITE_ID(site), .ticks = xf_clock_ticks() };
	memcpy(record.payload, payload, size);
	call_policy(policy, &(struct xf_gate_point){ &record, site, before });
}

/* ---- frames */

void xf_frame_enter(struct xf_frame *frame, const uint64_t args[4])
{
	const struct xf_ev_frame_enter e = { args[0], args[1], args[2], args[3] };
	frame->entered = true;
	if (xf_emit_on())
		xf_emit_raw(XF_EV_frame_enter, 0, 0, XF_SITE_ID(frame->site), &e, sizeof(e));
	if (xf_gate_on())
		xf_gate_pass(XF_EV_frame_enter, 0, frame->site, &e, sizeof(e), false);
}

void xf_frame_leave(struct xf_frame *frame)
{
	const struct xf_ev_frame_leave e = { .result = frame->result, .has_result = frame->has_result };
	if (!frame->entered)
		return;
	if (xf_emit_on())
		xf_emit_raw(XF_EV_frame_leave, 0, 0, XF_SITE_ID(frame->site), &e, sizeof(e));
	if (xf_gate_on())
		xf_gate_pass(XF_EV_frame_leave, 0, frame->site, &e, sizeof(e), false);
}
