/* object: the common part of the synchronisation objects. */
#include "core/sync/object.h"

#include <stdio.h>
#include <time.h>

void xf_object_init(struct xf_object *o, const char *name, enum xf_class class)
{
	pthread_condattr_t attr;
	*o = (struct xf_object){ .id = xf_object_id(), .class = class };
	snprintf(o->name, sizeof(o->name), "%s", name);
	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void xf_object_fini(struct xf_object *o)
{
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
}

struct xf_wait xf_wait_begin(uint64_t limit_ns)
{
	return (struct xf_wait){ .deadline_ns = limit_ns ? xf_gate_now_ns() + limit_ns : 0 };
}

bool xf_wait_more(struct xf_wait *w, struct xf_object *o)
{
	if (!w->began_ns)
		w->began_ns = xf_gate_now_ns();
	if (!w->deadline_ns) {
		pthread_cond_wait(&o->changed, &o->lock);
		return true;
	}
	uint64_t now = xf_gate_now_ns();
	if (now >= w->deadline_ns)
		return false;
	/* If the world stops meanwhile the clock stands, and there is more to wait. */
	uint64_t until = xf_clock_mono_ns() + (w->deadline_ns - now);
	struct timespec at = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };
	pthread_cond_timedwait(&o->changed, &o->lock, &at);
	return true;
}

uint64_t xf_wait_waited_ns(const struct xf_wait *w)
{
	return w->began_ns ? xf_gate_now_ns() - w->began_ns : 0;
}
