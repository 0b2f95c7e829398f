/*
 * build_rival: see build.h. A thing that several may give, and that is taken once: an event that the uploader sets, and
 * a timer, too; the first message of a queue or a pipe; a semaphore that another posts to later. That the uploader came first was luck: had it
 * been slower, the other would have ended the wait. So what ended it carries nothing where another thread gives the
 * same thing later, and nobody is there to take it.
 *
 * A Python condition is given under its own lock. Who takes that lock and gives it back may have been such a giver; not who
 * waits for the condition then, or did just now.
 */
#include "tracer/verdict/build.h"

/* What another thread had been given of that by a third, last; TR_NONE. */
static uint32_t take_of_others(const struct builder *b, uint32_t from, uint32_t thread)
{
	uint32_t take = tr_map_get(&b->last_takes, from);
	if (take == TR_MAP_NONE || b->takes[take].counted || b->takes[take].taker == thread || b->takes[take].giver == thread)
		return TR_NONE;
	return take;
}

/* The first counts. */
static void note_rival(struct builder *b, uint32_t take, uint32_t event)
{
	if (b->takes[take].rival == TR_NONE)
		b->takes[take].rival = event;
}

void tr_build_rival_signals(struct builder *b, const struct tr_event *e)
{
	uint32_t take = take_of_others(b, e->object, e->thread);
	if (take != TR_NONE && tr_log_object(b->log, e->object)->class == XF_CLASS_NONE)
		note_rival(b, take, e->index);
}

void tr_build_rival_writes(struct builder *b, const struct tr_event *e, uint32_t from)
{
	uint32_t take = take_of_others(b, from, e->thread);
	if (take != TR_NONE)
		note_rival(b, take, e->index);
}

void tr_build_rival_takes(struct builder *b, const struct tr_event *e)
{
	struct wait *w = &b->waits[e->thread];
	uint32_t mine = tr_map_get(&b->takers, tr_pair(TR_BUILD_OF(e->object), e->thread));
	if (w->own == e->object)
		w->own = TR_NONE; /* as it was woken */
	else if (mine != TR_MAP_NONE)
		b->takes[mine].over = true;
	else if (take_of_others(b, TR_BUILD_OF(e->object), e->thread) != TR_NONE)
		b->rivals[e->thread] = (struct rival){ e->object, TR_NONE };
}

void tr_build_rival_goes_on(struct builder *b, const struct tr_event *e)
{
	struct rival *r = &b->rivals[e->thread];
	if (r->lock == TR_NONE)
		return;
	if (r->gave == TR_NONE) {
		if (e->kind == XF_EV_sem_post && e->object == r->lock)
			r->gave = e->index;
		return;
	}
	uint32_t take = tr_build_own_lock(b, e) == r->lock ? TR_NONE : take_of_others(b, TR_BUILD_OF(r->lock), e->thread);
	if (take != TR_NONE)
		note_rival(b, take, r->gave);
	r->lock = TR_NONE;
}

/* Nobody came for the permit that was posted last. */
static bool is_left(const struct builder *b, uint32_t object, uint32_t *poster)
{
	const struct history *h = &b->objects[object];
	if (!h->value_known || h->one || h->shared || h->head >= h->nr_posts || tr_log_object(b->log, object)->class != XF_CLASS_NONE)
		return false;
	*poster = tr_log_thread_of(b->log, h->posts[h->nr_posts - 1]);
	return true;
}

/* It is as if those waits had ended by themselves. */
static void doubt_rivalled(struct builder *b)
{
	for (uint32_t i = 0; i < b->nr_takes; i++) {
		const struct take *t = &b->takes[i];
		for (uint32_t k = t->first; t->rival != TR_NONE && !t->over && k < t->first + t->nr; k++) {
			b->o->passing[k].until = b->o->edges[b->o->passing[k].edge].to;
			b->o->passing[k].rival = t->rival;
		}
	}
}

static void doubt_what_is_left(struct builder *b)
{
	uint32_t poster;
	for (uint32_t i = 0; i < b->o->nr; i++) {
		struct tr_edge *edge = &b->o->edges[i];
		uint32_t object = edge->kind == TR_EDGE_SEMAPHORE ? tr_log_event(b->log, edge->to).object : TR_NONE;
		if (object != TR_NONE && edge->class == XF_CLASS_SIGNAL && is_left(b, object, &poster) &&
		    poster != tr_log_thread_of(b->log, edge->from))
			edge->class = XF_CLASS_PERMIT;
	}
}

void tr_build_settle_rivals(struct builder *b)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(b->log); i++) {
		struct rival *r = &b->rivals[i];
		uint32_t take = r->lock != TR_NONE && r->gave != TR_NONE ? take_of_others(b, TR_BUILD_OF(r->lock), i) : TR_NONE;
		if (take != TR_NONE)
			note_rival(b, take, r->gave);
	}
	doubt_rivalled(b);
	doubt_what_is_left(b);
}
