#include "tui/command/cost.h"

#include "core/event/emit.h"
#include "core/event/segment.h"

enum { ROUNDS = 4, EVENTS = 500 };

static uint64_t round_ns(void)
{
	uint64_t begin_ns = xf_clock_mono_ns();

	for (uint32_t i = 0; i < EVENTS; i++)
		XF_EMIT(mark, .value = i);
	return xf_clock_mono_ns() - begin_ns;
}

uint64_t ui_cost_event_ps(void)
{
	const struct xf_trace_options memory = { .path = NULL };
	struct xf_error ignored = XF_ERROR_INIT;
	uint64_t best = UINT64_MAX;

	if (xf_trace_start(&memory, &ignored))
		return 0;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t ns = round_ns();
		best = ns < best ? ns : best;
	}
	xf_trace_stop();
	xf_trace_release();
	return best * 1000 / EVENTS;
}
