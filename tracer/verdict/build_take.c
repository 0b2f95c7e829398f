/*
 * build_take: see build.h. One who takes what many may give, one after the other: the wakes of a condition, messages of
 * a queue, bytes of a pipe. A thread that comes for more has seen that what it was given was not what it waits for, or
 * not all of that; that it was given the one before the other was luck, if it would have been content with
 * the other. So what ended its wait carries no further than to the next for the same thing, unless it led on before.
 *
 * But in a Python loop that is run to its end it comes as often as it comes, whoever gives: those were all needed.
 *
 * Python's conditions are locks: one for each wait, and the condition's own. There the latter is what it takes from.
 */
#include "tracer/verdict/build.h"

static bool is_counted(const struct builder *b, const struct tr_event *e)
{
	return e->record->site && *tr_log_property_of(b->log, "python-exhausts", e->process, e->record->site);
}

void tr_build_come_for(struct builder *b, const struct tr_event *e, uint32_t from)
{
	uint32_t take = tr_map_get(&b->takers, tr_pair(from, e->thread));
	if (take == TR_MAP_NONE)
		return;
	struct take *t = &b->takes[take];
	t->over = true;
	if (is_counted(b, e))
		return;
	for (uint32_t i = t->first; i < t->first + t->nr; i++)
		if (b->o->passing[i].until == TR_NONE)
			b->o->passing[i].until = e->index;
}

/* The thread all those edges begin on; TR_NONE: several. */
static uint32_t giver_of(const struct builder *b, const struct take *t)
{
	uint32_t giver = tr_log_thread_of(b->log, b->o->edges[b->o->passing[t->first].edge].from);
	for (uint32_t i = t->first + 1; i < t->first + t->nr; i++)
		if (tr_log_thread_of(b->log, b->o->edges[b->o->passing[i].edge].from) != giver)
			return TR_NONE;
	return giver;
}

static bool began_counted(const struct builder *b, const struct tr_event *e)
{
	const struct wait *w = &b->waits[e->thread];
	if (w->event == TR_NONE || w->object != e->object)
		return false;
	struct tr_event wait = tr_log_event(b->log, w->event);
	return is_counted(b, &wait);
}

void tr_build_take(struct builder *b, const struct tr_event *e, uint32_t from, uint32_t first)
{
	struct take t = { b->o->nr_passing, 0, e->thread, TR_NONE, began_counted(b, e), TR_NONE, false };
	for (uint32_t i = first; i < b->o->nr && !b->failed; i++)
		if (b->o->edges[i].class == XF_CLASS_SIGNAL)
			t.nr += tr_build_new_passing(b, i, e->thread) != TR_NONE;
	if (!t.nr || b->failed)
		return;
	if (!tr_grow(&b->takes, b->nr_takes, &b->cap_takes, sizeof(*b->takes))) {
		b->failed = true;
		return;
	}
	t.giver = giver_of(b, &t);
	b->takes[b->nr_takes] = t;
	tr_build_set(b, &b->takers, tr_pair(from, e->thread), b->nr_takes);
	tr_build_set(b, &b->last_takes, from, b->nr_takes++);
}
