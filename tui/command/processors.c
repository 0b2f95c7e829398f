#include "tui/command/processors.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/event/emit.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? 0 : (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t process_ns(pid_t pid)
{
	clockid_t clock;

	return pid > 0 && !clock_getcpuclockid(pid, &clock) ? clock_ns(clock) : 0;
}

/* The lines "cpuN user nice system idle iowait …" of /proc/stat, in ticks of user space. */
static void idle_read(struct ui_processors *p, FILE *from, const cpu_set_t *may)
{
	uint64_t ticks = 0;
	char line[1024];

	while (fgets(line, sizeof(line), from)) {
		unsigned n;
		unsigned long long idle, waiting;
		if (sscanf(line, "cpu%u %*u %*u %*u %llu %llu", &n, &idle, &waiting) != 3 || n >= CPU_SETSIZE || !CPU_ISSET(n, may))
			continue;
		ticks += idle + waiting;
		p->nr++;
	}
	p->idle_ns = ticks * 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

struct ui_processors ui_processors_now(pid_t endpoint)
{
	struct ui_processors p = { .own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), .endpoint_ns = process_ns(endpoint) };
	cpu_set_t may;
	FILE *from = sched_getaffinity(0, sizeof(may), &may) ? NULL : fopen("/proc/stat", "re");

	if (from) {
		idle_read(&p, from, &may);
		fclose(from);
	}
	return p;
}

static void note(const char *key, uint64_t before, uint64_t after)
{
	XF_EMIT(property, .key = xf_text(key), .number = after > before ? after - before : 0);
}

void ui_processors_note(const struct ui_processors *before, const struct ui_processors *after)
{
	if (!before->nr || before->nr != after->nr)
		return;
	note("cpu_ns", before->own_ns, after->own_ns);
	note("endpoint_cpu_ns", before->endpoint_ns, after->endpoint_ns);
	note("idle_ns", before->idle_ns, after->idle_ns);
	note("processors", 0, after->nr);
}
