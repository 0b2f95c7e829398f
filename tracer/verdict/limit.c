/*
 * limit: waits with a time limit. A call that waits only so long is another answer
 * than one that waits, also when this time everything ended within the limit.
 */
#include "tracer/verdict/judge.h"

struct limits {
	const struct judge *j;
	const struct tr_call *call;
};

/* Waits at one place of the program, or for one object: Python makes a lock for each wait. */
static bool at_one_place(const struct tr_event *a, const struct tr_event *b)
{
	return (a->object == b->object && a->object != TR_NONE) ||
	       (a->process == b->process && a->record->site == b->record->site && a->record->site);
}

bool tr_judge_is_turn(const struct tr_log *log, const struct tr_call *c, uint32_t wait)
{
	struct tr_event w = tr_log_event(log, wait), begin = { .object = TR_NONE };
	bool waits = false;
	uint64_t how = 0;
	if (w.record->site && *tr_log_property_of(log, "python-turn", w.process, w.record->site))
		return true;
	for (uint32_t i = c->enter; (i = tr_log_step(log, i, c->thread, 1)) != TR_NONE && i < wait;) {
		struct tr_event e = tr_log_event(log, i);
		if (xf_kind_info(e.kind)->role == XF_ROLE_WAIT)
			begin = e, waits = true;
		else if (waits && tr_event_field(&e, "how", &how) && how == XF_HOW_TIMED_OUT && at_one_place(&begin, &w))
			return true;
	}
	return false;
}

static bool unlimited(const void *ctx, const struct tr_edge *edge)
{
	const struct limits *l = ctx;
	return !edge->timed || edge->to < l->call->enter ||
	       tr_log_thread_of(l->j->log, edge->to) != l->call->thread || tr_judge_is_turn(l->j->log, l->call, edge->wait);
}

/* Everything is ordered, but not without waits that would have given up: their longest limit. */
bool tr_judge_needs_limit(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	struct limits l = { j, c };
	struct tr_clock clock;
	bool without = true;
	uint64_t limit = 0;
	for (uint32_t i = 0; i < v->barriers.nr; i++)
		if (v->barriers.list[i].carries && v->barriers.list[i].limit_ns > limit)
			limit = v->barriers.list[i].limit_ns;
	if (!limit)
		return false;
	if (!tr_clock_init(&clock, tr_log_nr_threads(j->log))) {
		j->failed = true;
		return false;
	}
	tr_order_past(j->order, c->ret, &clock, unlimited, &l);
	for (uint32_t i = 0; i < v->nr_items && without; i++)
		without = tr_clock_knows(&clock, tr_log_thread_of(j->log, v->items[i].end), v->items[i].end);
	tr_clock_fini(&clock);
	v->at_most_ms = without ? 0 : (limit + 999999) / 1000000;
	return !without;
}

static bool is_release_of(const struct tr_log *log, const struct tr_event *e, const struct tr_event *woken)
{
	if (woken->kind == XF_EV_join_end)
		return e->kind == XF_EV_thread_exit &&
		       TR_PAYLOAD(e, thread_exit)->id == TR_PAYLOAD(woken, join_end)->id;
	return e->object == woken->object && xf_kind_info(e->kind)->role == XF_ROLE_RELEASE &&
	       woken->object != TR_NONE && tr_log_object(log, woken->object)->class != XF_CLASS_PERMIT &&
	       tr_log_object(log, woken->object)->class != XF_CLASS_LOCK;
}

static uint32_t next_release(const struct tr_log *log, uint32_t woken)
{
	struct tr_event w = tr_log_event(log, woken);
	for (uint32_t i = woken + 1; i < tr_log_nr_events(log); i++) {
		struct tr_event e = tr_log_event(log, i);
		if (is_release_of(log, &e, &w))
			return i;
	}
	return TR_NONE;
}

/*
 * The call gave up waiting for something that came later: had it waited on, would
 * all work have been over? Then it waits, but only so long.
 */
bool tr_judge_gave_up(struct judge *j, struct tr_verdict *v)
{
	struct tr_clock would, later;
	uint64_t limit = 0;
	if (!tr_clock_init(&would, tr_log_nr_threads(j->log)))
		return j->failed = true, false;
	if (!tr_clock_init(&later, tr_log_nr_threads(j->log))) {
		tr_clock_fini(&would);
		return j->failed = true, false;
	}
	tr_clock_merge(&would, &j->past);
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		uint32_t release = b->timed_out ? next_release(j->log, b->last) : TR_NONE;
		if (release == TR_NONE)
			continue;
		tr_order_past(j->order, release, &later, NULL, NULL);
		tr_clock_merge(&would, &later);
		limit = b->limit_ns > limit ? b->limit_ns : limit;
	}
	bool all = limit > 0;
	for (uint32_t i = 0; i < v->nr_items && all; i++)
		all = v->items[i].end != TR_NONE &&
		      tr_clock_knows(&would, tr_log_thread_of(j->log, v->items[i].end), v->items[i].end);
	tr_clock_fini(&would);
	tr_clock_fini(&later);
	v->at_most_ms = all ? (limit + 999999) / 1000000 : 0;
	return all;
}
