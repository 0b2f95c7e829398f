/*
 * threads: made, begun, ended, waited for, named.
 *
 * A new thread gets its number from its maker, so that both ends of the edge
 * name it. It ends in the last round of its thread-specific destructors: what
 * it does before (other destructors may post and write) still counts as its
 * doing, however it ends: by return, pthread_exit or cancellation.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"

enum { PACKETS = 512 };

/* What a thread needs to begin. Free while `taken` is 0. */
struct packet {
	void *(*run)(void *);
	void *arg;
	uint32_t number;
	_Atomic uint32_t taken;
};

static struct packet packets[PACKETS];
static pthread_key_t end_key;
static bool end_key_made;

static uint32_t own_tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static void remember(uintptr_t key, uint32_t number)
{
	struct probe_object *o = probe_object(PROBE_THREADS, key);

	if (o)
		atomic_store_explicit(&o->value, number, memory_order_release);
}

static void say_name(uint32_t number, const char *name, const char *role)
{
	uint32_t label = xf_text(name);

	PROBE_EMIT(thread_name, .id = number, .label = label, .role = xf_text(role),
		   .tid = own_tid());
}

static void enter(uint32_t number)
{
	uint32_t tid = own_tid();

	tr_control_thread_enter(probe_control, tid, number);
	remember(tid, number);
	remember((uintptr_t)pthread_self(), number);
	if (end_key_made)
		pthread_setspecific(end_key, &end_key);
}

/* The supervisor may have numbered it, or the program that ran here before an exec. */
void probe_introduce(void)
{
	int64_t number = tr_control_thread_find(probe_control, own_tid());
	bool is_main = own_tid() == (uint32_t)getpid();
	char name[24];

	probe_tls.known = 1;
	probe_tls.rounds = 0;
	snprintf(name, sizeof(name), "tid-%u", own_tid());
	if (number < 0)
		xf_thread_adopt((uint32_t)(number = xf_thread_reserve()), is_main ? "main" : name,
				is_main ? "main" : NULL);
	else
		xf_thread_continue((uint32_t)number, is_main ? "main" : name, is_main ? "main" : NULL);
	enter((uint32_t)number);
}

static void say_end(void)
{
	PROBE_EMIT(thread_exit, .id = xf_thread_number());
	tr_control_thread_drop(probe_control, own_tid());
	xf_thread_retire();
	xf_thread_mute();
}

static void at_end(void *key)
{
	if (++probe_tls.rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(end_key, key);
	else
		PROBE(say_end());
}

void probe_thread_init(void)
{
	end_key_made = pthread_key_create(&end_key, at_end) == 0;
}

/* ---- begin */

static struct packet *packet_take(void)
{
	for (int i = 0; i < PACKETS; i++) {
		uint32_t none = 0;
		if (!atomic_load_explicit(&packets[i].taken, memory_order_relaxed) &&
		    atomic_compare_exchange_strong(&packets[i].taken, &none, 1))
			return &packets[i];
	}
	return NULL;
}

static void say_begin(uint32_t number)
{
	char name[24];

	snprintf(name, sizeof(name), "tid-%u", own_tid());
	xf_thread_adopt(number, name, NULL);
	enter(number);
	PROBE_EMIT(thread_start, .id = number, .tid = own_tid());
}

static void *begin_thread(void *p)
{
	struct packet packet = *(struct packet *)p;

	atomic_store_explicit(&((struct packet *)p)->taken, 0, memory_order_release);
	probe_tls.known = 1;
	PROBE(say_begin(packet.number));
	return packet.run(packet.arg);
}

static void prepare(struct packet *p, void *(*run)(void *), void *arg)
{
	p->run = run;
	p->arg = arg;
	p->number = xf_thread_reserve();
	probe_python_find_loaded();
	PROBE_EMIT(thread_create, .id = p->number);
}

/*
 * A joinable thread's handle stays its own until it is joined, so its maker may
 * write down whose it is; a detached one may be gone already.
 */
static bool is_joinable(const pthread_attr_t *attr)
{
	int state = PTHREAD_CREATE_JOINABLE;

	if (attr)
		pthread_attr_getdetachstate(attr, &state);
	return state == PTHREAD_CREATE_JOINABLE;
}

PROBE_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
				void *(*run)(void *), void *arg)
{
	struct packet *p = probe_active() ? packet_take() : NULL;
	uint32_t number;
	int rc;

	if (!p)
		return REAL(pthread_create)(thread, attr, run, arg);
	PROBE(prepare(p, run, arg));
	number = p->number;
	rc = REAL(pthread_create)(thread, attr, begin_thread, p);
	if (rc)
		atomic_store(&p->taken, 0);
	else if (is_joinable(attr))
		PROBE(remember((uintptr_t)*thread, number));
	return rc;
}

/* ---- end */

static uint32_t number_of(pthread_t thread)
{
	const struct probe_object *o = probe_object_peek(PROBE_THREADS, (uintptr_t)thread);

	return o ? (uint32_t)o->value : 0;
}

/*
 * CPython from 3.13 on joins in two steps: it waits, with the limit of Thread.join, for the thread to be about
 * to end, and for its end only if that came. So that limit is the join's.
 */
static void say_join(uint32_t number, uint64_t limit_ns)
{
	uint32_t site = probe_python_site();

	if (!limit_ns && site && site == probe_tls.limited_at)
		limit_ns = probe_tls.limit_ns;
	probe_tls.limited_at = 0;
	PROBE_EMIT_AT(join_begin, 0, 0, site, .id = number, .limit_ns = limit_ns);
}

static void say_joined(uint32_t number, int rc)
{
	enum xf_how how = !rc ? XF_HOW_WOKEN : rc == ETIMEDOUT ? XF_HOW_TIMED_OUT :
								 XF_HOW_INTERRUPTED;

	PROBE_EMIT(join_end, .id = number, .how = (uint8_t)how);
}

PROBE_EXPORT int pthread_join(pthread_t thread, void **result)
{
	uint32_t number = number_of(thread);
	int rc;

	PROBE(say_join(number, 0));
	rc = REAL(pthread_join)(thread, result);
	PROBE(say_joined(number, rc));
	return rc;
}

PROBE_EXPORT int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *abs)
{
	uint32_t number = number_of(thread);
	int rc;

	PROBE(say_join(number, abs ? probe_limit_ns(CLOCK_REALTIME, abs) : 0));
	rc = REAL(pthread_timedjoin_np)(thread, result, abs);
	PROBE(say_joined(number, rc));
	return rc;
}

PROBE_EXPORT int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
				      const struct timespec *abs)
{
	uint32_t number = number_of(thread);
	int rc;

	PROBE(say_join(number, abs ? probe_limit_ns(clock, abs) : 0));
	rc = REAL(pthread_clockjoin_np)(thread, result, clock, abs);
	PROBE(say_joined(number, rc));
	return rc;
}

PROBE_EXPORT void pthread_exit(void *result)
{
	probe_call_unwound();
	REAL(pthread_exit)(result);
	__builtin_unreachable();
}

PROBE_EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
	int rc = REAL(pthread_setname_np)(thread, name);
	uint32_t number = number_of(thread);

	if (!rc && pthread_equal(thread, pthread_self()))
		PROBE(say_name(number, name, NULL));
	return rc;
}
