/* semaphore: permits, counted; a post and the value it makes are one event. */
#include "core/sync/object.h"

void xf_sem_init_at(struct xf_sem *s, const char *name, enum xf_class class, int64_t value,
		    const struct xf_site *site)
{
	*s = (struct xf_sem){ .value = value, .capacity = value };
	xf_object_init(&s->object, name, class);
	uint32_t label = xf_text(name);
	XF_OBJECT_EMIT(&s->object, sem_init, site, .value = value, .label = label, .class = class);
}

void xf_sem_fini(struct xf_sem *s)
{
	XF_OBJECT_EMIT(&s->object, sem_destroy, XF_SITE_EXPR(XF_EV_sem_destroy), .value = s->value);
	xf_object_fini(&s->object);
}

static void take_permit(struct xf_sem *s)
{
	s->value--;
	if (s->capacity - s->value > s->max_in_use)
		s->max_in_use = s->capacity - s->value;
}

enum xf_how xf_sem_wait_at(struct xf_sem *s, uint64_t limit_ns, const struct xf_site *wait,
			   const struct xf_site *acquired)
{
	enum xf_how how;
	XF_GATE_BEFORE(sem_wait, s->object.id, wait, .value = xf_sem_value(s), .limit_ns = limit_ns);
	struct xf_wait w = xf_wait_begin(limit_ns);
	pthread_mutex_lock(&s->object.lock);
	XF_OBJECT_EMIT(&s->object, sem_wait, wait, .value = s->value, .limit_ns = limit_ns);
	s->waiters++;
	bool in_time = true;
	while (s->value <= 0 && !s->closed && in_time)
		in_time = xf_wait_more(&w, &s->object);
	s->waiters--;
	if (s->closed) {
		how = XF_HOW_CLOSED;
	} else if (s->value <= 0) {
		how = XF_HOW_TIMED_OUT;
	} else {
		take_permit(s);
		how = xf_wait_how(&w);
	}
	const struct xf_ev_sem_acquired e = { .value = s->value, .waited_ns = xf_wait_waited_ns(&w), .how = how };
	XF_OBJECT_EMIT(&s->object, sem_acquired, acquired, e.value, e.waited_ns, e.how);
	pthread_mutex_unlock(&s->object.lock);
	XF_GATE_AFTER(sem_acquired, s->object.id, acquired, e.value, e.waited_ns, e.how);
	return how;
}

void xf_sem_post_at(struct xf_sem *s, const struct xf_site *site)
{
	XF_GATE_BEFORE(sem_post, s->object.id, site, .value = xf_sem_value(s) + 1);
	pthread_mutex_lock(&s->object.lock);
	s->value++;
	XF_OBJECT_EMIT(&s->object, sem_post, site, .value = s->value, .waiters = s->waiters);
	pthread_cond_signal(&s->object.changed);
	pthread_mutex_unlock(&s->object.lock);
}

void xf_sem_close(struct xf_sem *s)
{
	pthread_mutex_lock(&s->object.lock);
	s->closed = true;
	pthread_cond_broadcast(&s->object.changed);
	pthread_mutex_unlock(&s->object.lock);
}

int64_t xf_sem_value(struct xf_sem *s)
{
	pthread_mutex_lock(&s->object.lock);
	int64_t value = s->value;
	pthread_mutex_unlock(&s->object.lock);
	return value;
}
