/*
 * init: the probe comes to life, or stays silent.
 *
 * Everything that may fail is tried here, before main; afterwards nothing is
 * ever waited for. A forked child goes through the middle of it again.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/event/segment.h"
#include "tracer/foreign/probe/probe.h"

__thread struct probe_tls probe_tls __attribute__((tls_model("initial-exec")));
_Atomic bool probe_on;
struct tr_control *probe_control;

uint64_t probe_limit_ns(clockid_t clock, const struct timespec *abs)
{
	struct timespec now;
	int saved = errno;
	int64_t left = 1;

	if (abs && clock_gettime(clock, &now) == 0)
		left = (int64_t)(abs->tv_sec - now.tv_sec) * 1000000000 + (abs->tv_nsec - now.tv_nsec);
	errno = saved;
	return left > 0 ? (uint64_t)left : 1;
}

/*
 * A time on the clock of the program's choice, which only the condition knows:
 * the one of the two usual clocks on which it lies nearer is it, since no
 * machine's uptime is its age since 1970.
 */
uint64_t probe_cond_limit_ns(const struct timespec *abs)
{
	struct timespec mono;
	int saved = errno;
	bool monotonic = clock_gettime(CLOCK_MONOTONIC, &mono) == 0 &&
			 abs->tv_sec < mono.tv_sec + 1000000000 / 2;

	errno = saved;
	return probe_limit_ns(monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, abs);
}

static bool join_trace(void)
{
	const char *trace = getenv(TR_ENV_TRACE), *control = getenv(TR_ENV_CONTROL);
	struct xf_trace_options options = { .path = trace, .join = true, .no_helper = true };

	if (!trace || !control)
		return false;
	probe_control = tr_control_open(control);
	return probe_control && xf_trace_start(&options, NULL) == XF_OK;
}

void probe_forked(void)
{
	if (!atomic_load(&probe_on) || (atomic_load(&probe_control->nr_sandboxed) && probe_sandboxed()))
		return;
	int saved = errno;
	probe_tls.inside = 1;
	probe_tls.known = 0;
	probe_tls.calls = 0;
	xf_trace_forked();
	probe_fd_forked();
	probe_net_forked();
	probe_python_forked();
	probe_semaphore_forked();
	probe_introduce();
	xf_emit_sites();
	probe_process_forked();
	probe_tls.inside = 0;
	errno = saved;
}

static bool set_up(void)
{
	return probe_objects_init() && probe_fd_init() && probe_net_init() && join_trace();
}

__attribute__((constructor(101))) static void begin(void)
{
	int saved = errno;

	probe_real_resolve();
	if (!set_up())
		return;
	probe_tls.inside = 1;
	probe_thread_init();
	pthread_atfork(NULL, NULL, probe_forked);
	probe_python_find();
	probe_futex_init();
	probe_gate_init();
	probe_introduce();
	xf_emit_sites();
	probe_process_begin();
	probe_call_init(getenv(TR_ENV_CALL));
	probe_tls.inside = 0;
	atomic_store(&probe_on, true);
	errno = saved;
}
