/*
 * pthread_cond_*: a signal counts before it is given, a wake-up after it came.
 * Waits that end by themselves (spuriously) look woken, as they do to the
 * program.
 *
 * The conditions a language's runtime makes are how it parks a thread, whatever
 * the thread waits for: a signal of one may be a lock's hand-over or a permit's. They
 * are declared locks, which are drawn and prove nothing (probe_is_runtime).
 */
#include <string.h>

#include "tracer/foreign/probe/probe.h"

static struct probe_object *object_of(pthread_cond_t *cond)
{
	return probe_object(PROBE_SYNC, (uintptr_t)cond);
}

bool probe_is_runtime(const void *maker)
{
	static const char *const runtimes[] = { "/libjvm.so", "/libruby", "/ruby", "/threads/shared/shared.so" };
	const char *name = probe_library_of(maker);

	for (size_t i = 0; name && i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strstr(name, runtimes[i]))
			return true;
	return name && strncmp(name, "ruby", 4) == 0; /* the program itself, by the name it was called */
}

static void say_init(pthread_cond_t *cond, const void *maker)
{
	struct probe_object *o = probe_object_renew(PROBE_SYNC, (uintptr_t)cond);

	if (o)
		PROBE_EMIT_OBJECT(cond_init, o->id, probe_order(o),
				  .class = probe_is_runtime(maker) ? XF_CLASS_LOCK : XF_CLASS_NONE);
}

static void say_destroy(pthread_cond_t *cond)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, (uintptr_t)cond);

	if (o && o->id)
		PROBE_EMIT_OBJECT(cond_destroy, o->id, probe_order(o), .unused = 0);
}

static void say_signal(pthread_cond_t *cond, bool all)
{
	struct probe_object *o = object_of(cond);

	if (o)
		PROBE_EMIT_OBJECT(cond_signal, o->id, probe_order(o), .waiters = o->waiters,
				  .all = all);
}

static void say_wait(pthread_cond_t *cond, uint64_t limit_ns)
{
	struct probe_object *o = object_of(cond);

	if (!o)
		return;
	atomic_fetch_add(&o->waiters, 1);
	PROBE_EMIT_AT(cond_wait, o->id, probe_order(o), probe_python_site(), .limit_ns = limit_ns);
}

static void say_woken(pthread_cond_t *cond, int rc, uint64_t waited_ns)
{
	struct probe_object *o = object_of(cond);
	enum xf_how how = rc == 0 ? XF_HOW_WOKEN : rc == ETIMEDOUT ? XF_HOW_TIMED_OUT :
								     XF_HOW_INTERRUPTED;

	if (!o)
		return;
	atomic_fetch_sub(&o->waiters, 1);
	PROBE_EMIT_OBJECT(cond_woken, o->id, probe_order(o), .waited_ns = waited_ns,
			  .how = (uint8_t)how);
}

PROBE_EXPORT int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
	int rc = REAL(pthread_cond_init)(cond, attr);

	if (!rc && !probe_is_gil(cond))
		PROBE(say_init(cond, __builtin_return_address(0)));
	return rc;
}

PROBE_EXPORT int pthread_cond_destroy(pthread_cond_t *cond)
{
	if (!probe_is_gil(cond))
		PROBE(say_destroy(cond));
	return REAL(pthread_cond_destroy)(cond);
}

PROBE_EXPORT int pthread_cond_signal(pthread_cond_t *cond)
{
	if (!probe_is_gil(cond))
		PROBE(say_signal(cond, false));
	return REAL(pthread_cond_signal)(cond);
}

PROBE_EXPORT int pthread_cond_broadcast(pthread_cond_t *cond)
{
	if (!probe_is_gil(cond))
		PROBE(say_signal(cond, true));
	return REAL(pthread_cond_broadcast)(cond);
}

/*
 * The wait gives the mutex back and takes it again inside the C library, where
 * no wrapper stands: whoever waits for that mutex meanwhile sees it unlocked.
 */
PROBE_EXPORT int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	uint64_t begin_ns;
	int rc;

	if (probe_is_gil(cond) || !probe_active())
		return REAL(pthread_cond_wait)(cond, mutex);
	PROBE(say_wait(cond, 0); probe_mutex_given(mutex));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(pthread_cond_wait)(cond, mutex);
	PROBE(say_woken(cond, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}

PROBE_EXPORT int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
					const struct timespec *abs)
{
	uint64_t begin_ns;
	int rc;

	if (probe_is_gil(cond) || !probe_active())
		return REAL(pthread_cond_timedwait)(cond, mutex, abs);
	PROBE(say_wait(cond, probe_cond_limit_ns(abs)); probe_mutex_given(mutex));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(pthread_cond_timedwait)(cond, mutex, abs);
	PROBE(say_woken(cond, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}

PROBE_EXPORT int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
					clockid_t clock, const struct timespec *abs)
{
	uint64_t begin_ns;
	int rc;

	if (probe_is_gil(cond) || !probe_active())
		return REAL(pthread_cond_clockwait)(cond, mutex, clock, abs);
	PROBE(say_wait(cond, probe_limit_ns(clock, abs)); probe_mutex_given(mutex));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(pthread_cond_clockwait)(cond, mutex, clock, abs);
	PROBE(say_woken(cond, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}
