/*
 * sleeps and polls: a caller that only sleeps, or asks again and again, has
 * waited by luck; the reader can say so when it is told.
 *
 * A poll is recorded when it took some time or ran out; the ones that find a
 * socket ready at once come before every send and say nothing, but for a thread's
 * first: that it looks before it reads; and for one with a limit that found the other end of its only pipe gone, which is
 * how multiprocessing waits for a child, and tells its limit nowhere else. One in epoll whose limit tells of another timer than
 * the one before is recorded, too: the reader asks which timer was due when.
 */
#include <limits.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"

enum { WORTH_NS = 100 * 1000, ROUNDED_NS = 2 * 1000 * 1000 };
static const uint64_t NO_LIMIT; /* 0, as in every wait's limit_ns */

static void say_slept(uint64_t asked_ns, uint64_t slept_ns, const char *why)
{
	PROBE_EMIT_AT(sleep, 0, 0, probe_python_site(), .asked_ns = asked_ns, .slept_ns = slept_ns,
		      .why = xf_text(why));
}

/* Does the limit of an epoll, which loops round, tell of another timer than the last? One that does not wait tells nothing. */
static bool another_timer(uint64_t limit_ns, uint64_t begin_ns)
{
	uint64_t due_ns = limit_ns == NO_LIMIT ? 0 : begin_ns + limit_ns, last_ns = probe_tls.due_ns;

	if (limit_ns == 1 || (due_ns && last_ns && due_ns + ROUNDED_NS > last_ns && due_ns < last_ns + ROUNDED_NS) || due_ns == last_ns)
		return false;
	probe_tls.due_ns = due_ns;
	return true;
}

static void say_polled(uint64_t limit_ns, uint64_t begin_ns, int ready, bool epoll, bool worth)
{
	uint64_t waited_ns = xf_clock_mono_ns() - begin_ns;
	bool news = epoll && another_timer(limit_ns, begin_ns);

	if (waited_ns < WORTH_NS && probe_tls.polled && !news && !worth)
		return;
	probe_tls.polled = 1;
	PROBE_EMIT_AT(poll, 0, 0, probe_python_site(), .limit_ns = limit_ns,
		      .waited_ns = waited_ns, .ready = ready, .epoll = epoll);
}

/* When a poll begins that may be worth a record; 0: it is not. */
static uint64_t poll_begins(bool may_wait)
{
	return probe_active() && (may_wait || !probe_tls.polled) ? xf_clock_mono_ns() : 0;
}

/* One that does not wait at all has the shortest limit there is. */
static uint64_t at_least_one(uint64_t limit_ns)
{
	return limit_ns ? limit_ns : 1;
}

static uint64_t ms_ns(int ms)
{
	return ms < 0 ? NO_LIMIT : at_least_one((uint64_t)ms * 1000000u);
}

static uint64_t timeout_ns(const struct timespec *timeout)
{
	return timeout ? at_least_one(probe_timespec_ns(timeout)) : NO_LIMIT;
}

PROBE_EXPORT int nanosleep(const struct timespec *asked, struct timespec *left)
{
	uint64_t begin_ns = probe_active() ? xf_clock_mono_ns() : 0;
	int rc = REAL(nanosleep)(asked, left);

	PROBE(say_slept(probe_timespec_ns(asked), xf_clock_mono_ns() - begin_ns, "nanosleep"));
	return rc;
}

PROBE_EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *asked,
				 struct timespec *left)
{
	uint64_t begin_ns = probe_active() ? xf_clock_mono_ns() : 0;
	uint64_t asked_ns = flags & TIMER_ABSTIME ? probe_limit_ns(clock, asked) :
						    probe_timespec_ns(asked);
	int rc = REAL(clock_nanosleep)(clock, flags, asked, left);

	PROBE(say_slept(asked_ns, xf_clock_mono_ns() - begin_ns, "clock_nanosleep"));
	return rc;
}

PROBE_EXPORT int usleep(useconds_t us)
{
	uint64_t begin_ns = probe_active() ? xf_clock_mono_ns() : 0;
	int rc = REAL(usleep)(us);

	PROBE(say_slept((uint64_t)us * 1000u, xf_clock_mono_ns() - begin_ns, "usleep"));
	return rc;
}

PROBE_EXPORT unsigned sleep(unsigned seconds)
{
	uint64_t begin_ns = probe_active() ? xf_clock_mono_ns() : 0;
	unsigned left = REAL(sleep)(seconds);

	PROBE(say_slept((uint64_t)seconds * 1000000000u, xf_clock_mono_ns() - begin_ns, "sleep"));
	return left;
}

/* A poll that asks for nothing is a sleep. */
static void say_waited(bool on_nothing, uint64_t limit_ns, uint64_t begin_ns, int ready,
		       const char *why, bool worth)
{
	if (on_nothing && limit_ns > 1)
		say_slept(limit_ns, xf_clock_mono_ns() - begin_ns, why);
	else
		say_polled(limit_ns, begin_ns, ready, false, worth);
}

/* Its one pipe is at its end, as that of a child is that multiprocessing waits for. */
static bool is_at_end(const struct pollfd *fds, nfds_t nr, int timeout_ms, int ready)
{
	return ready == 1 && nr == 1 && timeout_ms > 0 && fds->revents == POLLHUP;
}

PROBE_EXPORT int poll(struct pollfd *fds, nfds_t nr, int timeout_ms)
{
	uint64_t begin_ns = poll_begins(timeout_ms);
	int ready = REAL(poll)(fds, nr, timeout_ms);

	if (begin_ns)
		PROBE(say_waited(!nr, ms_ns(timeout_ms), begin_ns, ready, "poll",
				 is_at_end(fds, nr, timeout_ms, ready)));
	return ready;
}

/* The checked twins that fortified programs call. */
PROBE_EXPORT int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout_ms, size_t size);
PROBE_EXPORT int __poll_chk(struct pollfd *fds, nfds_t nr, int timeout_ms, size_t size)
{
	uint64_t begin_ns = poll_begins(timeout_ms);
	int ready = REAL(__poll_chk)(fds, nr, timeout_ms, size);

	if (begin_ns)
		PROBE(say_waited(!nr, ms_ns(timeout_ms), begin_ns, ready, "poll",
				 is_at_end(fds, nr, timeout_ms, ready)));
	return ready;
}

static bool may_wait(const struct timespec *timeout)
{
	return !timeout || timeout->tv_sec || timeout->tv_nsec;
}

PROBE_EXPORT int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
		       const sigset_t *mask)
{
	uint64_t begin_ns = poll_begins(may_wait(timeout));
	int ready = REAL(ppoll)(fds, nr, timeout, mask);

	if (begin_ns)
		PROBE(say_waited(!nr, timeout_ns(timeout), begin_ns, ready, "ppoll", false));
	return ready;
}

PROBE_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
			     const sigset_t *mask, size_t size);
PROBE_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t nr, const struct timespec *timeout,
			     const sigset_t *mask, size_t size)
{
	uint64_t begin_ns = poll_begins(may_wait(timeout));
	int ready = REAL(__ppoll_chk)(fds, nr, timeout, mask, size);

	if (begin_ns)
		PROBE(say_waited(!nr, timeout_ns(timeout), begin_ns, ready, "ppoll", false));
	return ready;
}

/* select() writes the time left into its argument: it is read before. */
PROBE_EXPORT int select(int nr, fd_set *in, fd_set *out, fd_set *error, struct timeval *timeout)
{
	uint64_t limit_ns = timeout ? at_least_one((uint64_t)timeout->tv_sec * 1000000000u +
						   (uint64_t)timeout->tv_usec * 1000u) : NO_LIMIT;
	uint64_t begin_ns = poll_begins(limit_ns != 1);
	int ready = REAL(select)(nr, in, out, error, timeout);

	if (begin_ns)
		PROBE(say_waited(!in && !out && !error, limit_ns, begin_ns, ready, "select", false));
	return ready;
}

PROBE_EXPORT int pselect(int nr, fd_set *in, fd_set *out, fd_set *error,
			 const struct timespec *timeout, const sigset_t *mask)
{
	uint64_t begin_ns = poll_begins(may_wait(timeout));
	int ready = REAL(pselect)(nr, in, out, error, timeout, mask);

	if (begin_ns)
		PROBE(say_waited(!in && !out && !error, timeout_ns(timeout), begin_ns, ready,
				 "pselect", false));
	return ready;
}

PROBE_EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	uint64_t begin_ns = poll_begins(timeout_ms);
	int ready = REAL(epoll_wait)(epfd, events, max, timeout_ms);

	if (begin_ns)
		PROBE(say_polled(ms_ns(timeout_ms), begin_ns, ready, true, false));
	return ready;
}

PROBE_EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout_ms,
			     const sigset_t *mask)
{
	uint64_t begin_ns = poll_begins(timeout_ms);
	int ready = REAL(epoll_pwait)(epfd, events, max, timeout_ms, mask);

	if (begin_ns)
		PROBE(say_polled(ms_ns(timeout_ms), begin_ns, ready, true, false));
	return ready;
}
