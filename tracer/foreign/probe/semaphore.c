/*
 * sem_*: what CPython's locks, conditions and thread joins are made of.
 *
 * A wait that would block says so first (sem_wait), then how it ended and how
 * long it took; one that does not block is one record. Whether the poster was
 * the last to acquire, and so whether this is a lock or a signal, is left to the
 * reader: it sees who did what in which order.
 */
#include <semaphore.h>

#include "tracer/foreign/probe/probe.h"

static struct probe_object *object_of(sem_t *sem)
{
	return probe_object(PROBE_SYNC, (uintptr_t)sem);
}

static int64_t value_of(sem_t *sem)
{
	int value = 0;

	sem_getvalue(sem, &value);
	return value;
}

static void say_init(sem_t *sem, unsigned value)
{
	struct probe_object *o = probe_object_renew(PROBE_SYNC, (uintptr_t)sem);

	if (o)
		PROBE_EMIT_OBJECT(sem_init, o->id, probe_order(o), .value = value);
}

static void say_destroy(sem_t *sem)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, (uintptr_t)sem);

	if (o && o->id)
		PROBE_EMIT_OBJECT(sem_destroy, o->id, probe_order(o), .value = value_of(sem));
}

static void say_post(sem_t *sem)
{
	struct probe_object *o = object_of(sem);

	if (!o)
		return;
	atomic_store_explicit(&o->value, xf_thread_number() + 1u, memory_order_relaxed);
	PROBE_EMIT_OBJECT(sem_post, o->id, probe_order(o), .value = value_of(sem) + 1,
			  .waiters = o->waiters);
}

/*
 * What another thread has given may be what the call waits for, though it did
 * not have to sleep: then the place is worth its microseconds. A wait that
 * sleeps has said its place when it began.
 */
static uint32_t site_of_acquired(const struct probe_object *o, enum xf_how how)
{
	uint64_t poster = atomic_load_explicit(&o->value, memory_order_relaxed);

	return how == XF_HOW_AT_ONCE && poster && poster != xf_thread_number() + 1u ? probe_python_site() : 0;
}

static void say_acquired(sem_t *sem, enum xf_how how, uint64_t waited_ns)
{
	struct probe_object *o = object_of(sem);

	if (!o)
		return;
	if (how != XF_HOW_AT_ONCE)
		atomic_fetch_sub(&o->waiters, 1);
	PROBE_EMIT_AT(sem_acquired, o->id, probe_order(o), site_of_acquired(o, how),
		      .value = value_of(sem), .waited_ns = waited_ns, .how = (uint8_t)how);
}

static void say_wait(sem_t *sem, uint64_t limit_ns)
{
	struct probe_object *o = object_of(sem);

	if (!o)
		return;
	atomic_fetch_add(&o->waiters, 1);
	PROBE_EMIT_AT(sem_wait, o->id, probe_order(o), probe_python_site(),
		      .value = value_of(sem), .limit_ns = limit_ns);
}

static enum xf_how how_of(int rc)
{
	if (!rc)
		return XF_HOW_WOKEN;
	return errno == ETIMEDOUT ? XF_HOW_TIMED_OUT : XF_HOW_INTERRUPTED;
}

PROBE_EXPORT int sem_init(sem_t *sem, int shared, unsigned value)
{
	int rc = REAL(sem_init)(sem, shared, value);

	if (!rc && !probe_is_gil(sem))
		PROBE(say_init(sem, value));
	return rc;
}

PROBE_EXPORT int sem_destroy(sem_t *sem)
{
	if (!probe_is_gil(sem))
		PROBE(say_destroy(sem));
	return REAL(sem_destroy)(sem);
}

PROBE_EXPORT int sem_post(sem_t *sem)
{
	if (!probe_is_gil(sem))
		PROBE(say_post(sem));
	return REAL(sem_post)(sem);
}

PROBE_EXPORT int sem_trywait(sem_t *sem)
{
	int rc = REAL(sem_trywait)(sem);

	if (!rc && !probe_is_gil(sem))
		PROBE(say_acquired(sem, XF_HOW_AT_ONCE, 0));
	return rc;
}

/* Takes a permit that is there. Keeps errno when there is none. */
static bool take_at_once(sem_t *sem)
{
	int saved = errno;

	pthread_testcancel();
	if (!REAL(sem_trywait)(sem)) {
		PROBE(say_acquired(sem, XF_HOW_AT_ONCE, 0));
		return true;
	}
	errno = saved;
	return false;
}

/*
 * One story for the three waits; clock < 0: none. A thread cancelled while it
 * waits leaves without sem_acquired, which is the truth.
 */
static int wait_on(sem_t *sem, clockid_t clock, const struct timespec *abs, uint64_t limit_ns)
{
	uint64_t begin_ns;
	int rc;

	PROBE(say_wait(sem, limit_ns));
	begin_ns = xf_clock_mono_ns();
	if (!abs)
		rc = REAL(sem_wait)(sem);
	else if (clock == CLOCK_REALTIME)
		rc = REAL(sem_timedwait)(sem, abs);
	else
		rc = REAL(sem_clockwait)(sem, clock, abs);
	PROBE(say_acquired(sem, how_of(rc), xf_clock_mono_ns() - begin_ns));
	return rc;
}

PROBE_EXPORT int sem_wait(sem_t *sem)
{
	if (probe_is_gil(sem) || !probe_active())
		return REAL(sem_wait)(sem);
	return take_at_once(sem) ? 0 : wait_on(sem, 0, NULL, 0);
}

PROBE_EXPORT int sem_timedwait(sem_t *sem, const struct timespec *abs)
{
	if (probe_is_gil(sem) || !probe_active())
		return REAL(sem_timedwait)(sem, abs);
	return take_at_once(sem) ? 0 : wait_on(sem, CLOCK_REALTIME, abs,
					       probe_limit_ns(CLOCK_REALTIME, abs));
}

PROBE_EXPORT int sem_clockwait(sem_t *sem, clockid_t clock, const struct timespec *abs)
{
	if (probe_is_gil(sem) || !probe_active())
		return REAL(sem_clockwait)(sem, clock, abs);
	return take_at_once(sem) ? 0 : wait_on(sem, clock, abs, probe_limit_ns(clock, abs));
}
