/* condition: wakes who waits for a change of what a mutex guards. */
#include "core/sync/mutex.h"

void xf_cond_init_at(struct xf_cond *c, const char *name, const struct xf_site *site)
{
	*c = (struct xf_cond){ .waiters = 0 };
	xf_object_init(&c->object, name, XF_CLASS_SIGNAL);
	uint32_t label = xf_text(name);
	XF_OBJECT_EMIT(&c->object, cond_init, site, .label = label, .class = XF_CLASS_SIGNAL);
}

void xf_cond_fini(struct xf_cond *c)
{
	XF_OBJECT_EMIT(&c->object, cond_destroy, XF_SITE_EXPR(XF_EV_cond_destroy), .unused = 0);
	xf_object_fini(&c->object);
}

/*
 * The condition's own lock is taken before the mutex is given back, so a signal
 * sent by whoever takes the mutex next finds this waiter counted.
 */
enum xf_how xf_cond_wait_at(struct xf_cond *c, struct xf_mutex *m, uint64_t limit_ns,
			    const struct xf_site *wait, const struct xf_site *woken)
{
	struct xf_wait w = xf_wait_begin(limit_ns);
	pthread_mutex_lock(&c->object.lock);
	XF_OBJECT_EMIT(&c->object, cond_wait, wait, .limit_ns = limit_ns);
	c->waiters++;
	xf_mutex_give(m, wait);
	bool in_time = true;
	while (!c->wakes && in_time)
		in_time = xf_wait_more(&w, &c->object);
	enum xf_how how = c->wakes ? XF_HOW_WOKEN : XF_HOW_TIMED_OUT;
	if (c->wakes)
		c->wakes--;
	c->waiters--;
	XF_OBJECT_EMIT(&c->object, cond_woken, woken, xf_wait_waited_ns(&w), how);
	pthread_mutex_unlock(&c->object.lock);
	xf_mutex_take(m, woken);
	return how;
}

void xf_cond_signal_at(struct xf_cond *c, bool all, const struct xf_site *site)
{
	XF_GATE_BEFORE(cond_signal, c->object.id, site, .all = all);
	pthread_mutex_lock(&c->object.lock);
	XF_OBJECT_EMIT(&c->object, cond_signal, site, .waiters = c->waiters, .all = all);
	if (all)
		c->wakes = c->waiters;
	else if (c->wakes < c->waiters)
		c->wakes++;
	pthread_cond_broadcast(&c->object.changed);
	pthread_mutex_unlock(&c->object.lock);
}
