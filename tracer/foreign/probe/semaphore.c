/*
 * sem_*: what CPython's locks, conditions and thread joins are made of.
 *
 * A wait that would block says so first (sem_wait), then how it ended and how
 * long it took; one that does not block is one record. Whether the poster was
 * the last to acquire, and so whether this is a lock or a signal, is left to the
 * reader: it sees who did what in which order.
 *
 * But for what orders nothing. Nearly all that CPython does with its thousands of locks is to
 * take one that is free and to give it back, on the only thread that ever uses it (in an import,
 * say). As long as a semaphore made with the value 1 has seen nothing but that, its history is
 * `unsaid`: the record of the taking, and of the making before it, wait (emit.h), and are taken back
 * when the same thread gives it back before anything else is recorded. Nothing is lost with
 * them: a permit taken and returned leaves the object as it was made, and no edge can begin or
 * end between two events of one thread. The first event of any other sort, or by another thread,
 * says what is unsaid, and from then on all is recorded.
 *
 * The order of the object decides who is first. Made, it stands at 1, which is the making's; who draws
 * the 2 from QUIET has to say the making, too. Giving back unsaid what was taken is the step from 2 to 1 in one piece:
 * it fails if anybody has drawn a number since, and then the records stay. So whoever draws 3
 * or more, and sees where records wait, can publish them.
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

/* ---- what is unsaid: 0, QUIET, or where the taking waits, how many wait before it, and in which process */

enum { QUIET = 1, BEFORE_MASK = XF_RECORD_SIZE - 1, PROCESS_SHIFT = 48 };

/* Counts forks: what waits in the parent's lanes is the parent's. */
static _Atomic uint16_t process = 1;

void probe_semaphore_forked(void)
{
	atomic_fetch_add(&process, 1);
}

static uint64_t unsaid_of(const struct xf_record *taking, uint32_t before)
{
	return (uint64_t)(uintptr_t)taking | before | (uint64_t)atomic_load(&process) << PROCESS_SHIFT;
}

/* NULL: none of this process. */
static struct xf_record *taking_of(uint64_t unsaid)
{
	uint64_t address = unsaid & ((UINT64_C(1) << PROCESS_SHIFT) - 1) & ~(uint64_t)BEFORE_MASK;

	return unsaid >> PROCESS_SHIFT == atomic_load(&process) ? (struct xf_record *)(uintptr_t)address : NULL;
}

/* Draws the object's next number; all that came before it is or will be recorded. */
static uint64_t draw(struct probe_object *o)
{
	uint64_t number = atomic_fetch_add(&o->order, 1) + 1, unsaid = atomic_load(&o->unsaid);
	struct xf_record *taking = unsaid == QUIET ? NULL : taking_of(unsaid);

	if (unsaid == QUIET && number != 2)
		return number; /* who drew the 2 sees to it */
	if (unsaid)
		atomic_store(&o->unsaid, 0);
	if (unsaid == QUIET)
		PROBE_EMIT_OBJECT(sem_init, o->id, 1, .value = 1);
	else if (taking)
		xf_record_publish(taking, unsaid & BEFORE_MASK);
	return number;
}

/* Taken for the first time, as far as anybody was told. False: others have, or do so now. */
static bool take_unsaid(struct probe_object *o)
{
	uint64_t last = atomic_load_explicit(&o->value, memory_order_relaxed);
	const struct xf_ev_sem_init init = { .value = 1 };
	const struct xf_ev_sem_acquired acquired = { .how = XF_HOW_AT_ONCE };
	uint64_t made = 1;
	struct xf_record *taking;

	if (xf_lane.waiting >= BEFORE_MASK - 2)
		xf_emit_publish();
	if (atomic_load(&o->unsaid) != QUIET || (last && last != xf_thread_number() + 1u) ||
	    !atomic_compare_exchange_strong(&o->order, &made, 2))
		return false;
	atomic_store(&o->unsaid, 0);
	if (!xf_emit_waiting(XF_EV_sem_init, o->id, 1, &init, sizeof(init)))
		return true; /* dropped, and counted */
	taking = xf_emit_waiting(XF_EV_sem_acquired, o->id, 2, &acquired, sizeof(acquired));
	if (taking)
		atomic_store(&o->unsaid, unsaid_of(taking, xf_lane.waiting - 1));
	/* both in this order, as draw() does the other way round: one of the two sees the other */
	if (atomic_load(&o->order) != 2)
		xf_emit_publish();
	return true;
}

/* Given back by who took it, with nothing in between: as if it had not been. */
static bool give_unsaid(struct probe_object *o)
{
	uint64_t unsaid = atomic_load(&o->unsaid), taken = 2;
	struct xf_record *taking = unsaid == QUIET ? NULL : taking_of(unsaid);

	if (!taking || !xf_emit_waits(taking, 2))
		return false;
	atomic_store_explicit(&o->value, xf_thread_number() + 1u, memory_order_relaxed);
	atomic_store(&o->unsaid, QUIET);
	if (!atomic_compare_exchange_strong(&o->order, &taken, 1)) {
		atomic_store(&o->unsaid, 0);
		return false;
	}
	xf_emit_take_back(2);
	return true;
}

/* ---- what is said */

static void say_init(sem_t *sem, unsigned value)
{
	struct probe_object *o = probe_object_renew(PROBE_SYNC, (uintptr_t)sem);

	if (!o)
		return;
	if (value != 1) {
		PROBE_EMIT_OBJECT(sem_init, o->id, probe_order(o), .value = value);
		return;
	}
	atomic_store(&o->unsaid, QUIET);
	atomic_store(&o->order, 1);
}

static void say_destroy(sem_t *sem)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, (uintptr_t)sem);

	if (o && o->id && atomic_load(&o->unsaid) != QUIET)
		PROBE_EMIT_OBJECT(sem_destroy, o->id, draw(o), .value = value_of(sem));
}

static void say_post(sem_t *sem)
{
	struct probe_object *o = object_of(sem);

	if (!o || give_unsaid(o))
		return;
	atomic_store_explicit(&o->value, xf_thread_number() + 1u, memory_order_relaxed);
	PROBE_EMIT_OBJECT(sem_post, o->id, draw(o), .value = value_of(sem) + 1, .waiters = o->waiters);
}

static bool does_not_wait(enum xf_how how)
{
	return how == XF_HOW_AT_ONCE || how == XF_HOW_ASKED;
}

/*
 * What another thread has given may be what the call waits for, though it did
 * not have to sleep: then the place is worth its microseconds. A wait that
 * sleeps has said its place when it began.
 */
static uint32_t site_of_acquired(const struct probe_object *o, enum xf_how how)
{
	uint64_t poster = atomic_load_explicit(&o->value, memory_order_relaxed);

	return does_not_wait(how) && poster && poster != xf_thread_number() + 1u ? probe_python_site() : 0;
}

static void say_acquired(sem_t *sem, enum xf_how how, uint64_t waited_ns)
{
	struct probe_object *o = object_of(sem);

	if (!o || (does_not_wait(how) && take_unsaid(o)))
		return;
	if (!does_not_wait(how))
		atomic_fetch_sub(&o->waiters, 1);
	PROBE_EMIT_AT(sem_acquired, o->id, draw(o), site_of_acquired(o, how),
		      .value = value_of(sem), .waited_ns = waited_ns, .how = (uint8_t)how);
}

static void say_wait(sem_t *sem, uint64_t limit_ns)
{
	struct probe_object *o = object_of(sem);

	if (!o)
		return;
	atomic_fetch_add(&o->waiters, 1);
	uint32_t site = probe_python_site();
	PROBE_EMIT_AT(sem_wait, o->id, draw(o), site, .value = value_of(sem), .limit_ns = limit_ns);
	probe_tls.limited_at = limit_ns ? site : 0;
	probe_tls.limit_ns = limit_ns;
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

/* CPython begins every acquire by asking, and waits then: what it finds so it would have waited for. */
PROBE_EXPORT int sem_trywait(sem_t *sem)
{
	int rc = REAL(sem_trywait)(sem);

	if (!rc && !probe_is_gil(sem))
		PROBE(say_acquired(sem, probe_gil_from ? XF_HOW_AT_ONCE : XF_HOW_ASKED, 0));
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
