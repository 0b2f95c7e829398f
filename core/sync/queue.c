/* queue: first in, first out; the item's number ties its get to its put. */
#include "core/sync/object.h"

#include <assert.h>
#include <stdlib.h>

struct xf_queue_item {
	struct xf_queue_item *next;
	uint64_t number;
	void *value;
};

void xf_queue_init_at(struct xf_queue *q, const char *name, const struct xf_site *site)
{
	*q = (struct xf_queue){ .first = NULL };
	xf_object_init(&q->object, name, XF_CLASS_SIGNAL);
	uint32_t label = xf_text(name);
	XF_OBJECT_EMIT(&q->object, queue_init, site, .label = label, .class = XF_CLASS_SIGNAL);
}

void xf_queue_fini(struct xf_queue *q)
{
	assert(!q->first);
	XF_OBJECT_EMIT(&q->object, queue_destroy, XF_SITE_EXPR(XF_EV_queue_destroy), .unused = 0);
	xf_object_fini(&q->object);
}

static void append_locked(struct xf_queue *q, struct xf_queue_item *item)
{
	item->number = ++q->puts;
	if (q->last)
		q->last->next = item;
	else
		q->first = item;
	q->last = item;
	q->length++;
}

static struct xf_queue_item *take_first_locked(struct xf_queue *q)
{
	struct xf_queue_item *item = q->first;
	if (!item)
		return NULL;
	q->first = item->next;
	if (!q->first)
		q->last = NULL;
	q->length--;
	return item;
}

enum xf_status xf_queue_put_at(struct xf_queue *q, void *item, const struct xf_site *site)
{
	struct xf_queue_item *box = calloc(1, sizeof(*box));
	if (!box)
		return XF_NOMEM;
	box->value = item;
	XF_GATE_BEFORE(queue_put, q->object.id, site, .length = xf_queue_length(q) + 1);
	pthread_mutex_lock(&q->object.lock);
	bool closed = q->closed;
	if (!closed) {
		append_locked(q, box);
		XF_OBJECT_EMIT(&q->object, queue_put, site, .item = box->number, .length = q->length);
		pthread_cond_signal(&q->object.changed);
	}
	pthread_mutex_unlock(&q->object.lock);
	if (closed)
		free(box);
	return closed ? XF_SHUTDOWN : XF_OK;
}

void *xf_queue_get_at(struct xf_queue *q, const struct xf_site *wait, const struct xf_site *got)
{
	XF_GATE_BEFORE(queue_wait, q->object.id, wait, .length = xf_queue_length(q));
	struct xf_wait w = xf_wait_begin(XF_FOREVER);
	pthread_mutex_lock(&q->object.lock);
	XF_OBJECT_EMIT(&q->object, queue_wait, wait, .length = q->length);
	q->waiters++;
	while (!q->first && !q->closed)
		xf_wait_more(&w, &q->object);
	q->waiters--;
	struct xf_queue_item *box = take_first_locked(q);
	const struct xf_ev_queue_get e = {
		.item = box ? box->number : 0, .waited_ns = xf_wait_waited_ns(&w),
		.length = q->length, .how = box ? xf_wait_how(&w) : XF_HOW_CLOSED };
	XF_OBJECT_EMIT(&q->object, queue_get, got, e.item, e.waited_ns, e.length, e.how);
	pthread_mutex_unlock(&q->object.lock);
	XF_GATE_AFTER(queue_get, q->object.id, got, e.item, e.waited_ns, e.length, e.how);
	void *value = box ? box->value : NULL;
	free(box);
	return value;
}

void xf_queue_close(struct xf_queue *q)
{
	pthread_mutex_lock(&q->object.lock);
	q->closed = true;
	pthread_cond_broadcast(&q->object.changed);
	pthread_mutex_unlock(&q->object.lock);
}

static uint32_t read_locked(struct xf_queue *q, const uint32_t *field)
{
	pthread_mutex_lock(&q->object.lock);
	uint32_t value = *field;
	pthread_mutex_unlock(&q->object.lock);
	return value;
}

uint32_t xf_queue_length(struct xf_queue *q)
{
	return read_locked(q, &q->length);
}

uint32_t xf_queue_idle(struct xf_queue *q)
{
	return read_locked(q, &q->waiters);
}
