/* build_semaphore: see build.h. Which post satisfied which wait, and locks that are joins. */
#include "tracer/verdict/build.h"

#include <string.h>

#include "tracer/verdict/place.h"

#define TAKEN_AGAIN (UINT32_MAX - 1)

enum { LIFE_EDGE = 12 }; /* "among its first, its last events" */

void tr_build_push_post(struct builder *b, struct history *h, uint32_t event)
{
	if (h->linked > 64 && h->linked > h->nr_posts / 2) { /* forget what nobody asks for any more */
		memmove(h->posts, h->posts + h->linked, (h->nr_posts - h->linked) * sizeof(*h->posts));
		h->nr_posts -= h->linked;
		h->head -= h->linked;
		h->linked = 0;
	}
	if (!tr_grow(&h->posts, h->nr_posts, &h->cap_posts, sizeof(*h->posts)))
		b->failed = true;
	else
		h->posts[h->nr_posts++] = event;
}

/* Is `late` among the dozen events of its thread that follow `early`? */
static bool close_by(const struct tr_log *log, uint32_t early, uint32_t late)
{
	uint32_t thread = tr_log_thread_of(log, early);
	for (int n = 0; n < LIFE_EDGE && early != TR_NONE; n++) {
		if (early == late)
			return true;
		early = tr_log_step(log, early, thread, 1);
	}
	return false;
}

/* Does CPython ask there, at the same lock, whether a thread has ended? */
static bool is_python_question(const struct tr_log *log, const struct tr_event *e)
{
	return tr_place_is_in(tr_place_stack(log, e), 1, "threading.py", "is_alive");
}

/*
 * Did the thread of that release hold the lock from among its first events to among
 * its last, once? Then the edge is a candidate: see tr_build_confirm_lifelong().
 */
bool tr_build_lifelong(struct builder *b, const struct tr_event *e, uint32_t release)
{
	uint32_t thread = tr_log_thread_of(b->log, release);
	const struct tr_thread *t = tr_log_thread(b->log, thread);
	uint32_t taken = tr_map_get(&b->taken_at, tr_pair(e->object, thread));
	if (taken == TR_MAP_NONE || taken == TAKEN_AGAIN || is_python_question(b->log, e) || t->creator == TR_NONE ||
	    !close_by(b->log, t->first, taken) || !close_by(b->log, release, t->last))
		return false;
	if (!tr_grow(&b->candidates, b->nr_candidates, &b->cap_candidates, sizeof(*b->candidates))) {
		b->failed = true;
		return false;
	}
	const struct wait *w = &b->waits[e->thread];
	bool waited = w->event != TR_NONE && w->object == e->object;
	b->candidates[b->nr_candidates++] = (struct candidate){ b->o->nr, taken, waited ? w->event : e->index };
	return true;
}

/* Does CPython up to 3.12 wait there for a thread's end? */
static bool is_python_join(const struct tr_log *log, uint32_t event)
{
	struct tr_event e = tr_log_event(log, event);
	return tr_place_is_in(tr_place_stack(log, &e), 0, "threading.py", "_wait_for_tstate_lock");
}

/*
 * A joiner knows that the lock is taken: the thread told it, before it began to wait (CPython's creator
 * waits for "started"), or it stands where only that lock is waited for: a creator that comes late finds "started" set,
 * and that leaves no edge. Who merely comes late to a mutex that was free a moment ago has not been told, and was lucky.
 */
void tr_build_confirm_lifelong(struct builder *b)
{
	for (uint32_t i = 0; i < b->nr_candidates; i++) {
		const struct candidate *c = &b->candidates[i];
		if (c->edge < b->o->nr && b->o->edges[c->edge].kind == TR_EDGE_LIFELONG &&
		    (is_python_join(b->log, c->wait) || tr_order_before(b->o, c->taken, c->wait)))
			b->o->edges[c->edge].class = XF_CLASS_SIGNAL;
	}
}

void tr_build_note_taken(struct builder *b, const struct tr_event *e)
{
	uint64_t key = tr_pair(e->object, e->thread);
	bool again = tr_map_get(&b->taken_at, key) != TR_MAP_NONE;
	tr_build_set(b, &b->taken_at, key, again ? TAKEN_AGAIN : e->index);
}

static uint32_t has(const struct builder *b, uint32_t object, uint32_t thread)
{
	uint32_t n = tr_map_get(&b->has, tr_pair(object, thread));
	return n == TR_MAP_NONE ? 0 : n;
}

void tr_build_sem_post(struct builder *b, const struct tr_event *e)
{
	uint32_t n = has(b, e->object, e->thread);
	tr_build_push_post(b, &b->objects[e->object], e->index);
	b->posted[e->thread] = e->index;
	if (!n)
		return;
	tr_build_set(b, &b->has, tr_pair(e->object, e->thread), n - 1);
	tr_build_set(b, &b->given_back, e->index, 1);
}

static bool gives_back(const struct builder *b, uint32_t post)
{
	return tr_map_get(&b->given_back, post) != TR_MAP_NONE;
}

/* The wait that this acquire ends; the acquire itself, if it says where it was or there was none. */
static struct tr_event place_of(const struct builder *b, const struct tr_event *e)
{
	const struct wait *w = &b->waits[e->thread];
	bool waited = !e->record->site && w->event != TR_NONE && w->object == e->object;
	return waited ? tr_log_event(b->log, w->event) : *e;
}

/* Stands it in a Python semaphore's acquire or a bounded queue's put? */
static bool is_python_permit(const struct builder *b, const struct tr_event *e)
{
	struct tr_event place = place_of(b, e);
	const char *stack = tr_place_stack(b->log, &place);
	return tr_place_is_in(stack, 0, "threading.py", "wait") &&
	       (tr_place_is_in(stack, 1, "", "acquire") || tr_place_is_in(stack, 1, "queue.py", "put"));
}

/* Is it a wait for whichever of several futures comes first, and may the others be left? */
static bool is_python_any(const struct builder *b, const struct tr_event *e)
{
	struct tr_event place = place_of(b, e);
	const char *stack = tr_place_stack(b->log, &place);
	if (tr_place_is_in(stack, 2, "futures/_base.py", "as_completed"))
		return !*tr_log_property_of(b->log, "python-exhausts", place.process, place.record->site);
	return tr_place_is_in(stack, 2, "futures/_base.py", "wait") &&
	       *tr_log_property_of(b->log, "python-any", place.process, place.record->site);
}

/* Edges from all posts since the last time they were counted. */
static void link_counted(struct builder *b, const struct tr_event *e, struct history *h)
{
	for (; h->linked < h->nr_posts; h->linked++)
		if (tr_log_thread_of(b->log, h->posts[h->linked]) != e->thread)
			tr_build_edge(b, TR_EDGE_SEMAPHORE, XF_CLASS_SIGNAL, h->posts[h->linked], e);
}

/* The edge from the one post an acquire had; `last`: no other was left. */
static void link_handed(struct builder *b, const struct tr_event *e, struct history *h, uint32_t post,
			bool last)
{
	bool by_owner = gives_back(b, post) ||
			(h->acquirer != TR_NONE && tr_log_thread_of(b->log, post) == h->acquirer);
	bool declared = tr_log_object(b->log, e->object)->class == XF_CLASS_SIGNAL;
	if (!declared && by_owner && last && tr_build_lifelong(b, e, post))
		tr_build_edge(b, TR_EDGE_LIFELONG, XF_CLASS_LOCK, post, e);
	else if (by_owner)
		tr_build_edge(b, TR_EDGE_SEMAPHORE, XF_CLASS_LOCK, post, e);
	else
		tr_build_edge(b, TR_EDGE_SEMAPHORE, last ? XF_CLASS_SIGNAL : XF_CLASS_PERMIT, post, e);
}

static void link_posts(struct builder *b, const struct tr_event *e, struct history *h, bool woken)
{
	enum xf_class class = tr_log_object(b->log, e->object)->class;
	uint32_t post = h->posts[h->head++];
	bool last = h->head == h->nr_posts;
	if (class == XF_CLASS_PERMIT || class == XF_CLASS_LOCK)
		tr_build_edge(b, TR_EDGE_SEMAPHORE, class, post, e);
	else if (is_python_permit(b, e) || is_python_any(b, e))
		tr_build_edge(b, TR_EDGE_SEMAPHORE, XF_CLASS_PERMIT, post, e);
	else if (!h->value_known)
		tr_build_edge(b, TR_EDGE_SEMAPHORE, woken && last && !gives_back(b, post) &&
			 h->acquirer != tr_log_thread_of(b->log, post)
			 ? XF_CLASS_SIGNAL : XF_CLASS_LOCK, post, e);
	else if (h->shared)
		link_handed(b, e, h, post, last);
	else if (last)
		link_counted(b, e, h);
	else
		return; /* one thread, and permits are left: counted later */
	h->linked = h->head;
}

/* Asked for without waiting: found by luck. */
static void doubt_asked(struct builder *b, uint32_t first)
{
	for (uint32_t i = first; i < b->o->nr; i++) {
		b->o->edges[i].class = XF_CLASS_LOCK;
		b->o->edges[i].kind = TR_EDGE_SEMAPHORE;
	}
}

uint32_t tr_build_own_lock(const struct builder *b, const struct tr_event *wait)
{
	uint32_t post = b->posted[wait->thread], taken;
	if (wait->kind != XF_EV_sem_wait || post == TR_NONE || !has(b, wait->object, wait->thread))
		return TR_NONE;
	taken = tr_map_get(&b->taken_at, tr_pair(wait->object, wait->thread));
	return taken < post ? tr_log_event(b->log, post).object : TR_NONE;
}

void tr_build_sem_acquired(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_sem_acquired *p = TR_PAYLOAD(e, sem_acquired);
	struct history *h = &b->objects[e->object];
	uint32_t first = b->o->nr;
	if (!got_it(p->how) && p->how != XF_HOW_ASKED)
		return;
	if (!h->value_known && p->how == XF_HOW_WOKEN && h->head < h->nr_posts)
		h->head = h->nr_posts - 1; /* it slept on zero: earlier posts had been taken unseen */
	h->shared = h->shared || (h->acquirer != TR_NONE && h->acquirer != e->thread);
	if (h->free_permits > 0)
		h->free_permits--;
	else if (h->head < h->nr_posts)
		link_posts(b, e, h, p->how == XF_HOW_WOKEN);
	if (p->how == XF_HOW_ASKED)
		doubt_asked(b, first);
	else if (h->one || !h->value_known)
		tr_build_take(b, e, tr_build_waited_for(b, e), first);
	tr_build_rival_takes(b, e);
	tr_build_note_taken(b, e);
	tr_build_set(b, &b->has, tr_pair(e->object, e->thread), has(b, e->object, e->thread) + 1);
	h->acquirer = e->thread;
}
