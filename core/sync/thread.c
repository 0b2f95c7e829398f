/* thread: starts, ends, joins; and the sleep of a thread. */
#include "core/sync/object.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void *run_thread(void *arg)
{
	struct xf_thread *t = arg;
	uint32_t number = t->number;
	xf_thread_adopt(number, t->name, t->role);
	XF_EVENT(thread_start, .id = number, .tid = (uint32_t)syscall(SYS_gettid));
	void *result = t->run(t->arg);
	const struct xf_site *site = XF_SITE_EXPR(XF_EV_thread_exit);
	XF_GATE_BEFORE(thread_exit, 0, site, .id = number);
	XF_EMIT(thread_exit, .id = number);
	xf_thread_retire();
	return result;
}

/* Signals belong to one thread of the program; the workers never see them. */
static int create_masked(struct xf_thread *t)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int e = pthread_create(&t->handle, NULL, run_thread, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e;
}

enum xf_status xf_thread_start_at(struct xf_thread *t, const char *name, const char *role,
				  void *(*run)(void *arg), void *arg, const struct xf_site *site)
{
	*t = (struct xf_thread){ .run = run, .arg = arg, .number = xf_thread_reserve() };
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(t->role, sizeof(t->role), "%s", role);
	XF_GATE_BEFORE(thread_create, 0, site, .id = t->number);
	if (xf_emit_on()) {
		const struct xf_ev_thread_create e = { .id = t->number, .label = xf_text(name) };
		xf_emit_raw(XF_EV_thread_create, 0, 0, XF_SITE_ID(site), &e, sizeof(e));
	}
	if (create_masked(t) != 0)
		return XF_AGAIN;
	t->started = true;
	return XF_OK;
}

void xf_thread_join_at(struct xf_thread *t, const struct xf_site *begin, const struct xf_site *end)
{
	assert(t->started);
	XF_GATE_BEFORE(join_begin, 0, begin, .id = t->number);
	if (xf_emit_on()) {
		const struct xf_ev_join_begin e = { .id = t->number };
		xf_emit_raw(XF_EV_join_begin, 0, 0, XF_SITE_ID(begin), &e, sizeof(e));
	}
	enum xf_how how = XF_HOW_AT_ONCE;
	if (pthread_tryjoin_np(t->handle, NULL) != 0) {
		pthread_join(t->handle, NULL);
		how = XF_HOW_WOKEN;
	}
	t->started = false;
	const struct xf_ev_join_end e = { .id = t->number, .how = how };
	if (xf_emit_on())
		xf_emit_raw(XF_EV_join_end, 0, 0, XF_SITE_ID(end), &e, sizeof(e));
	XF_GATE_AFTER(join_end, 0, end, e.id, e.how);
}

/* ---- sleep */

static enum xf_how sleep_unless(struct xf_wait *w, struct xf_latch *l)
{
	pthread_mutex_lock(&l->object.lock);
	bool in_time = true;
	while (!l->set && in_time)
		in_time = xf_wait_more(w, &l->object);
	bool set = l->set;
	pthread_mutex_unlock(&l->object.lock);
	return set ? XF_HOW_WOKEN : XF_HOW_TIMED_OUT;
}

static enum xf_how sleep_through(const struct xf_wait *w)
{
	for (uint64_t now; (now = xf_gate_now_ns()) < w->deadline_ns;) {
		uint64_t left = w->deadline_ns - now;
		struct timespec t = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
		nanosleep(&t, NULL);
	}
	return XF_HOW_TIMED_OUT;
}

enum xf_how xf_sleep_ns(uint64_t ns, const char *why, struct xf_latch *unless)
{
	if (!ns)
		return XF_HOW_TIMED_OUT;
	struct xf_wait w = xf_wait_begin(ns);
	uint64_t began = xf_clock_mono_ns();
	enum xf_how how = unless ? sleep_unless(&w, unless) : sleep_through(&w);
	XF_EVENT(sleep, .asked_ns = ns, .slept_ns = xf_clock_mono_ns() - began, .why = xf_text(why));
	return how;
}
