/* mutex: mutual exclusion; its edges are accidents of order and carry no verdict. */
#include "core/sync/mutex.h"

#include <assert.h>

void xf_mutex_init_at(struct xf_mutex *m, const char *name, const struct xf_site *site)
{
	*m = (struct xf_mutex){ .held = false };
	xf_object_init(&m->object, name, XF_CLASS_LOCK);
	uint32_t label = xf_text(name);
	XF_OBJECT_EMIT(&m->object, mutex_init, site, .label = label, .class = XF_CLASS_LOCK);
}

void xf_mutex_fini(struct xf_mutex *m)
{
	assert(!m->held);
	XF_OBJECT_EMIT(&m->object, mutex_destroy, XF_SITE_EXPR(XF_EV_mutex_destroy), .unused = 0);
	xf_object_fini(&m->object);
}

void xf_mutex_take(struct xf_mutex *m, const struct xf_site *site)
{
	struct xf_wait w = xf_wait_begin(XF_FOREVER);
	pthread_mutex_lock(&m->object.lock);
	if (m->held)
		XF_OBJECT_EMIT(&m->object, mutex_wait, site, .owner = m->owner);
	m->waiters++;
	while (m->held)
		xf_wait_more(&w, &m->object);
	m->waiters--;
	m->held = true;
	m->owner = xf_lane.thread;
	XF_OBJECT_EMIT(&m->object, mutex_lock, site, xf_wait_waited_ns(&w), xf_wait_how(&w));
	pthread_mutex_unlock(&m->object.lock);
	xf_lane.lock_depth++;
}

void xf_mutex_give(struct xf_mutex *m, const struct xf_site *site)
{
	assert(xf_lane.lock_depth > 0);
	pthread_mutex_lock(&m->object.lock);
	m->held = false;
	XF_OBJECT_EMIT(&m->object, mutex_unlock, site, .waiters = m->waiters);
	pthread_cond_signal(&m->object.changed);
	pthread_mutex_unlock(&m->object.lock);
	xf_lane.lock_depth--;
}

void xf_mutex_lock_at(struct xf_mutex *m, const struct xf_site *site)
{
	xf_mutex_take(m, site);
}

void xf_mutex_unlock_at(struct xf_mutex *m, const struct xf_site *site)
{
	xf_mutex_give(m, site);
	if (xf_lane.lock_depth == 0)
		XF_GATE_AFTER(mutex_unlock, m->object.id, site, .waiters = 0);
}
