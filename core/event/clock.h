/*
 * clock: time stamps cheap enough for an event, and the clock deadlines use.
 *
 * Records carry ticks: the TSC where the kernel itself trusts it (an invariant
 * TSC used as clock source), else CLOCK_MONOTONIC in ns. Anchors, pairs of
 * (ticks, monotonic ns) written into the trace, turn ticks into time later, so
 * the hot path never converts.
 */
#ifndef XF_EVENT_CLOCK_H
#define XF_EVENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* CLOCK_MONOTONIC and CLOCK_REALTIME, ns. */
uint64_t xf_clock_mono_ns(void);
uint64_t xf_clock_real_ns(void);

extern bool xf_clock_tsc; /* set once by xf_clock_init(), before the first event */

/* Decides which clock ticks are. Idempotent; before the first thread. */
void xf_clock_init(void);

static inline uint64_t xf_clock_ticks(void)
{
#if defined(__x86_64__)
	if (__builtin_expect(xf_clock_tsc, 1))
		return __rdtsc();
#endif
	return xf_clock_mono_ns();
}

/* The same instant on both clocks, as close together as the machine allows. */
struct xf_anchor {
	uint64_t ticks;
	uint64_t mono_ns;
};

struct xf_anchor xf_clock_anchor(void);

/*
 * The monotonic time of ticks, ns, by the straight line through two anchors.
 * Equal anchors (or mono ticks) give the distance unscaled.
 */
uint64_t xf_clock_at_ns(struct xf_anchor a, struct xf_anchor b, uint64_t ticks);

#endif
