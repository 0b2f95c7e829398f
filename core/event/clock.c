/* clock: which clock ticks are, and how ticks become time. */
#include "core/event/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool xf_clock_tsc;

static uint64_t read_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t xf_clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t xf_clock_real_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

/*
 * The kernel keeps the TSC as its clock source only while it has found it
 * invariant and in step on all processors; its judgement is better than ours.
 */
static bool kernel_trusts_tsc(void)
{
	static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char name[8] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, name, sizeof(name) - 1);
	close(fd);
	return n >= 3 && memcmp(name, "tsc", 3) == 0 && (n == 3 || name[3] == '\n');
}

void xf_clock_init(void)
{
#if defined(__x86_64__)
	xf_clock_tsc = kernel_trusts_tsc();
#else
	(void)kernel_trusts_tsc;
#endif
}

/* The tightest of a few pairs: a preemption between the two reads widens only some of them. */
struct xf_anchor xf_clock_anchor(void)
{
	struct xf_anchor best = { 0, 0 };
	uint64_t narrowest = UINT64_MAX;
	for (int i = 0; i < 5; i++) {
		uint64_t before = xf_clock_ticks();
		uint64_t mono = xf_clock_mono_ns();
		uint64_t after = xf_clock_ticks();
		if (after - before < narrowest) {
			narrowest = after - before;
			best = (struct xf_anchor){ before + (after - before) / 2, mono };
		}
	}
	return best;
}

uint64_t xf_clock_at_ns(struct xf_anchor a, struct xf_anchor b, uint64_t ticks)
{
	if (b.ticks == a.ticks)
		return a.mono_ns + (ticks - a.ticks);
	double slope = (double)(int64_t)(b.mono_ns - a.mono_ns) / (double)(int64_t)(b.ticks - a.ticks);
	return a.mono_ns + (uint64_t)(int64_t)((double)(int64_t)(ticks - a.ticks) * slope);
}
