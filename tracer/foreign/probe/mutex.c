/*
 * pthread_mutex_*: only where somebody has to wait. A lock that is free costs
 * the trylock that it would have cost anyway, and no record; while others wait
 * for it, its release is recorded too, so that the edge can be drawn.
 */
#include "tracer/foreign/probe/probe.h"

/* Whoever holds it, as glibc writes it down; 0: unknown. */
static uint32_t owner_of(const pthread_mutex_t *mutex)
{
	const struct probe_object *t = NULL;
#ifdef __GLIBC__
	t = probe_object_peek(PROBE_THREADS, (uintptr_t)(unsigned)mutex->__data.__owner);
#endif
	return t ? (uint32_t)t->value : 0;
}

static void say_wait(pthread_mutex_t *mutex, uint64_t limit_ns)
{
	struct probe_object *o = probe_object(PROBE_SYNC, (uintptr_t)mutex);

	if (!o)
		return;
	atomic_fetch_add(&o->waiters, 1);
	PROBE_EMIT_AT(mutex_wait, o->id, probe_order(o), probe_python_site(),
		      .owner = owner_of(mutex), .limit_ns = limit_ns);
}

static void say_locked(pthread_mutex_t *mutex, int rc, uint64_t waited_ns)
{
	struct probe_object *o = probe_object(PROBE_SYNC, (uintptr_t)mutex);
	enum xf_how how = rc == 0 || rc == EOWNERDEAD ? XF_HOW_WOKEN :
			  rc == ETIMEDOUT	      ? XF_HOW_TIMED_OUT :
							XF_HOW_INTERRUPTED;

	if (!o)
		return;
	atomic_fetch_sub(&o->waiters, 1);
	PROBE_EMIT_OBJECT(mutex_lock, o->id, probe_order(o), .waited_ns = waited_ns,
			  .how = (uint8_t)how);
}

static void say_unlock(struct probe_object *o)
{
	PROBE_EMIT_OBJECT(mutex_unlock, o->id, probe_order(o), .waiters = o->waiters);
}

void probe_mutex_given(pthread_mutex_t *mutex)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, (uintptr_t)mutex);

	if (o && atomic_load_explicit(&o->waiters, memory_order_relaxed))
		say_unlock(o);
}

/* Is there nothing to see here: the GIL, our own lock, a thread that records nothing? */
static bool pass_by(const pthread_mutex_t *mutex)
{
	return probe_is_gil(mutex) || !probe_active();
}

PROBE_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	uint64_t begin_ns;
	int rc;

	if (pass_by(mutex))
		return REAL(pthread_mutex_lock)(mutex);
	rc = REAL(pthread_mutex_trylock)(mutex);
	if (rc != EBUSY)
		return rc;
	PROBE(say_wait(mutex, 0));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(pthread_mutex_lock)(mutex);
	PROBE(say_locked(mutex, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}

PROBE_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *abs)
{
	uint64_t begin_ns;
	int rc;

	if (pass_by(mutex))
		return REAL(pthread_mutex_timedlock)(mutex, abs);
	rc = REAL(pthread_mutex_trylock)(mutex);
	if (rc != EBUSY)
		return rc;
	PROBE(say_wait(mutex, probe_limit_ns(CLOCK_REALTIME, abs)));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(pthread_mutex_timedlock)(mutex, abs);
	PROBE(say_locked(mutex, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}

PROBE_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
					 const struct timespec *abs)
{
	uint64_t begin_ns;
	int rc;

	if (pass_by(mutex))
		return REAL(pthread_mutex_clocklock)(mutex, clock, abs);
	rc = REAL(pthread_mutex_trylock)(mutex);
	if (rc != EBUSY)
		return rc;
	PROBE(say_wait(mutex, probe_limit_ns(clock, abs)));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(pthread_mutex_clocklock)(mutex, clock, abs);
	PROBE(say_locked(mutex, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}

PROBE_EXPORT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (!pass_by(mutex))
		PROBE(probe_mutex_given(mutex));
	return REAL(pthread_mutex_unlock)(mutex);
}

/* Its address may carry another mutex next: that one starts a history of its own. */
PROBE_EXPORT int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	int rc = REAL(pthread_mutex_destroy)(mutex);

	if (!rc && !pass_by(mutex) && probe_object_peek(PROBE_SYNC, (uintptr_t)mutex))
		PROBE(probe_object_renew(PROBE_SYNC, (uintptr_t)mutex));
	return rc;
}
