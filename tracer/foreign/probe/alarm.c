/*
 * alarm: timers that send the process a signal. What it waits for has a limit then, though no wait says so.
 *
 * Those of a profiler (SIGPROF, a processor's clock) end nothing, nor does a signal that is ignored. What is done
 * with a signal may change while a timer runs: what is left of that is then said anew.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "tracer/foreign/probe/probe.h"

enum { TIMERS = 64, REAL_TIME = 0 };

/* What timer_create() said of a timer, by its number, which the kernel counts up from 0; 0: nothing, or beyond. */
static _Atomic uint8_t signals[TIMERS];
enum { NO_LIMIT = UINT8_MAX };

static bool is_for_waits(int signal)
{
	return signal != SIGPROF && signal != SIGVTALRM;
}

static bool is_handled_by(int signal, void (*how)(int))
{
	struct sigaction now;

	return signal && !REAL(sigaction)(signal, NULL, &now) && now.sa_handler == how;
}

/* A thread may take it from where it is kept back (sigwait, a signalfd). */
static bool is_kept_back(int signal)
{
	sigset_t now;

	return !pthread_sigmask(SIG_BLOCK, NULL, &now) && sigismember(&now, signal) == 1;
}

static void say_timer(uint32_t timer, int signal, uint64_t due_ns, uint64_t again_ns, const char *why)
{
	if (!is_handled_by(signal, SIG_IGN))
		PROBE_EMIT(timer, .due_ns = due_ns, .again_ns = again_ns, .timer = timer, .why = xf_text(why),
			   .deadly = is_handled_by(signal, SIG_DFL) && !is_kept_back(signal));
}

PROBE_EXPORT unsigned alarm(unsigned seconds)
{
	unsigned left = REAL(alarm)(seconds);

	PROBE(say_timer(REAL_TIME, SIGALRM, seconds * UINT64_C(1000000000), 0, "alarm"));
	return left;
}

static uint64_t timeval_ns(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_usec * 1000u;
}

PROBE_EXPORT int setitimer(__itimer_which_t which, const struct itimerval *new, struct itimerval *old)
{
	int rc = REAL(setitimer)(which, new, old);

	if (!rc && which == ITIMER_REAL && new)
		PROBE(say_timer(REAL_TIME, SIGALRM, timeval_ns(&new->it_value), timeval_ns(&new->it_interval), "setitimer"));
	return rc;
}

/* ---- those of POSIX */

static _Atomic uint8_t *signal_of(timer_t timer)
{
	return (uintptr_t)timer < TIMERS ? &signals[(uintptr_t)timer] : NULL;
}

static void note_timer(clockid_t clock, const struct sigevent *event, timer_t timer)
{
	bool cpu = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID || clock < 0;
	int signal = !event ? SIGALRM : event->sigev_notify == SIGEV_THREAD ? 0 : event->sigev_signo;
	bool silent = event && event->sigev_notify == SIGEV_NONE;

	if (signal_of(timer))
		atomic_store(signal_of(timer), cpu || silent || !is_for_waits(signal) ? NO_LIMIT : (uint8_t)signal);
}

PROBE_EXPORT int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
	int rc = REAL(timer_create)(clock, event, timer);

	if (!rc)
		note_timer(clock, event, *timer);
	return rc;
}

static void say_posix_timer(timer_t timer, uint64_t due_ns, uint64_t again_ns, const char *why)
{
	uint8_t signal = signal_of(timer) ? atomic_load(signal_of(timer)) : 0;

	if (signal != NO_LIMIT)
		say_timer((uint32_t)(uintptr_t)timer + 1, signal, due_ns, again_ns, why);
}

/* A time on a clock that is not told here is one of the two usual ones, as a condition's. */
static uint64_t due_of(int flags, const struct timespec *value)
{
	return flags & TIMER_ABSTIME && probe_timespec_ns(value) ? probe_cond_limit_ns(value) : probe_timespec_ns(value);
}

PROBE_EXPORT int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict new, struct itimerspec *restrict old)
{
	int rc = REAL(timer_settime)(timer, flags, new, old);

	if (!rc)
		PROBE(say_posix_timer(timer, due_of(flags, &new->it_value), probe_timespec_ns(&new->it_interval), "timer_settime"));
	return rc;
}

PROBE_EXPORT int timer_delete(timer_t timer)
{
	int rc = REAL(timer_delete)(timer);

	if (!rc)
		PROBE(say_posix_timer(timer, 0, 0, "timer_delete"));
	return rc;
}

/* ---- what is done with their signal */

static void say_real_time_again(const char *why)
{
	struct itimerval left;

	if (!getitimer(ITIMER_REAL, &left) && timeval_ns(&left.it_value))
		say_timer(REAL_TIME, SIGALRM, timeval_ns(&left.it_value), timeval_ns(&left.it_interval), why);
}

static void say_again(int signal, const char *why)
{
	struct itimerspec left;

	if (signal == SIGALRM)
		say_real_time_again(why);
	for (uintptr_t i = 0; i < TIMERS; i++)
		if (atomic_load(&signals[i]) == signal && !timer_gettime((timer_t)i, &left) && probe_timespec_ns(&left.it_value))
			say_posix_timer((timer_t)i, probe_timespec_ns(&left.it_value), probe_timespec_ns(&left.it_interval), why);
}

PROBE_EXPORT int sigaction(int signal, const struct sigaction *restrict new, struct sigaction *restrict old)
{
	int rc = REAL(sigaction)(signal, new, old);

	if (!rc && new)
		PROBE(say_again(signal, "sigaction"));
	return rc;
}

PROBE_EXPORT sighandler_t signal(int signal, sighandler_t handler)
{
	sighandler_t before = REAL(signal)(signal, handler);

	if (before != SIG_ERR)
		PROBE(say_again(signal, "signal"));
	return before;
}
