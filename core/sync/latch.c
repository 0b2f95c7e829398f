/* latch: set once, for ever. */
#include "core/sync/object.h"

void xf_latch_init_at(struct xf_latch *l, const char *name, const struct xf_site *site)
{
	*l = (struct xf_latch){ .set = false };
	xf_object_init(&l->object, name, XF_CLASS_SIGNAL);
	uint32_t label = xf_text(name);
	XF_OBJECT_EMIT(&l->object, event_init, site, .label = label, .class = XF_CLASS_SIGNAL);
}

void xf_latch_fini(struct xf_latch *l)
{
	XF_OBJECT_EMIT(&l->object, event_destroy, XF_SITE_EXPR(XF_EV_event_destroy), .set = l->set);
	xf_object_fini(&l->object);
}

enum xf_how xf_latch_wait_at(struct xf_latch *l, uint64_t limit_ns, const struct xf_site *wait,
			     const struct xf_site *woken)
{
	XF_GATE_BEFORE(event_wait, l->object.id, wait, .limit_ns = limit_ns, .set = xf_latch_peek(l));
	struct xf_wait w = xf_wait_begin(limit_ns);
	pthread_mutex_lock(&l->object.lock);
	XF_OBJECT_EMIT(&l->object, event_wait, wait, .limit_ns = limit_ns, .set = l->set);
	l->waiters++;
	bool in_time = true;
	while (!l->set && in_time)
		in_time = xf_wait_more(&w, &l->object);
	l->waiters--;
	enum xf_how how = l->set ? xf_wait_how(&w) : XF_HOW_TIMED_OUT;
	const struct xf_ev_event_woken e = { .waited_ns = xf_wait_waited_ns(&w), .how = how };
	XF_OBJECT_EMIT(&l->object, event_woken, woken, e.waited_ns, e.how);
	pthread_mutex_unlock(&l->object.lock);
	XF_GATE_AFTER(event_woken, l->object.id, woken, e.waited_ns, e.how);
	return how;
}

void xf_latch_set_at(struct xf_latch *l, const struct xf_site *site)
{
	XF_GATE_BEFORE(event_set, l->object.id, site, .waiters = 0);
	pthread_mutex_lock(&l->object.lock);
	if (!l->set) {
		l->set = true;
		XF_OBJECT_EMIT(&l->object, event_set, site, .waiters = l->waiters);
		pthread_cond_broadcast(&l->object.changed);
	}
	pthread_mutex_unlock(&l->object.lock);
}

bool xf_latch_peek(struct xf_latch *l)
{
	pthread_mutex_lock(&l->object.lock);
	bool set = l->set;
	pthread_mutex_unlock(&l->object.lock);
	return set;
}
