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
 * A waiter on its own stack. A signal is given to one of those that wait now, by
 * name: were it only counted, a thread that begins to wait later could take it.
 */
struct xf_cond_waiter {
	struct xf_cond_waiter *next;
	bool woken;
};

static void append_waiter(struct xf_cond *c, struct xf_cond_waiter *me)
{
	struct xf_cond_waiter **at = &c->first;
	while (*at)
		at = &(*at)->next;
	*at = me;
	c->waiters++;
}

static void remove_waiter(struct xf_cond *c, struct xf_cond_waiter *me)
{
	struct xf_cond_waiter **at = &c->first;
	while (*at != me)
		at = &(*at)->next;
	*at = me->next;
	c->waiters--;
}

static bool wake_first(struct xf_cond *c)
{
	struct xf_cond_waiter *w = c->first;
	if (!w)
		return false;
	w->woken = true;
	remove_waiter(c, w);
	return true;
}

/*
 * The condition's own lock is taken before the mutex is given back, so a signal
 * sent by whoever takes the mutex next finds this waiter in the list.
 */
enum xf_how xf_cond_wait_at(struct xf_cond *c, struct xf_mutex *m, uint64_t limit_ns,
			    const struct xf_site *wait, const struct xf_site *woken)
{
	struct xf_cond_waiter me = { .woken = false };
	struct xf_wait w = xf_wait_begin(limit_ns);
	pthread_mutex_lock(&c->object.lock);
	XF_OBJECT_EMIT(&c->object, cond_wait, wait, .limit_ns = limit_ns);
	append_waiter(c, &me);
	xf_mutex_give(m, wait);
	bool in_time = true;
	while (!me.woken && in_time)
		in_time = xf_wait_more(&w, &c->object);
	if (!me.woken)
		remove_waiter(c, &me);
	enum xf_how how = me.woken ? XF_HOW_WOKEN : XF_HOW_TIMED_OUT;
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
	while (wake_first(c) && all)
		;
	pthread_cond_broadcast(&c->object.changed);
	pthread_mutex_unlock(&c->object.lock);
}
