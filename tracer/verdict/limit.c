/*
 * limit: waits with a time limit. A call that waits only so long is another answer
 * than one that waits, also when this time everything ended within the limit.
 */
#include "tracer/verdict/child.h"
#include "tracer/verdict/judge.h"
#include "tracer/verdict/place.h"

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
	if (!edge->timed || edge->to < l->call->enter)
		return true;
	if (tr_log_thread_of(l->j->log, edge->to) != l->call->thread)
		return edge->kind != TR_EDGE_PROCESS;
	return tr_judge_is_turn(l->j->log, l->call, edge->wait);
}

/* Of a child, a thread may have waited so for whom the call waits. */
static bool any_for_child(const struct judge *j, const struct tr_call *c)
{
	for (uint32_t i = tr_order_edge_at(j->order, c->enter); i < tr_order_nr_edges(j->order); i++) {
		const struct tr_edge *edge = tr_order_edge(j->order, i);
		if (edge->to >= c->ret)
			break;
		if (edge->timed && edge->kind == TR_EDGE_PROCESS)
			return true;
	}
	return false;
}

/* Everything is ordered, but not without waits that would have given up: their longest limit, as far as it is known. */
bool tr_judge_needs_limit(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	struct limits l = { j, c };
	struct tr_clock clock;
	bool without = true;
	uint64_t limit = 0;
	for (uint32_t i = 0; i < v->barriers.nr; i++)
		if (v->barriers.list[i].carries && v->barriers.list[i].limit_ns > limit)
			limit = v->barriers.list[i].limit_ns;
	if (!limit && !any_for_child(j, c))
		return false;
	if (!tr_clock_init(&clock, tr_log_nr_threads(j->log))) {
		j->failed = true;
		return false;
	}
	tr_order_past(j->order, c->ret, &clock, unlimited, &l);
	for (uint32_t i = 0; i < v->nr_items && without; i++)
		without = tr_clock_knows(&clock, tr_log_thread_of(j->log, v->items[i].end), v->items[i].end);
	tr_clock_fini(&clock);
	v->at_most_ms = without || limit == TR_LIMIT_UNTOLD ? 0 : (limit + 999999) / 1000000;
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

/* The first release of what `woken` waited for, or (of an object) of what it took, that comes after `from`. */
static uint32_t next_release(const struct tr_log *log, const struct tr_event *woken, uint32_t from)
{
	for (uint32_t i = from + 1; i < tr_log_nr_events(log); i++) {
		struct tr_event e = tr_log_event(log, i);
		if (is_release_of(log, &e, woken) && (e.thread != woken->thread || e.kind == XF_EV_thread_exit))
			return i;
	}
	return TR_NONE;
}

/* What would be in the past, had the call waited on. */
struct patience {
	struct judge *j;
	struct tr_clock would, later;
	uint32_t thread, end;      /* the waiter, and where its wait ran out */
	bool any;
};

/* Had it waited on, the waiter would have led to nothing of what it did behind the wait. */
static bool without_the_waiter(const void *ctx, const struct tr_edge *edge)
{
	const struct patience *p = ctx;
	return edge->from <= p->end || tr_log_thread_of(p->j->log, edge->from) != p->thread;
}

static void wait_on(struct patience *p, uint32_t release)
{
	if (release == TR_NONE)
		return;
	tr_order_past(p->j->order, release, &p->later, without_the_waiter, p);
	tr_clock_merge(&p->would, &p->later);
	p->any = true;
}

/*
 * Python's conditions make a lock for each wait, and a wait that ran out takes its own away: nobody ever gives
 * that back. What would have ended it is the next notification, for which the condition's own lock is taken: the one
 * that the waiter takes again first. What waits for several futures goes to each of them then, to take its
 * own away or to cancel it: the locks up to the return.
 */
static bool waits_for_several(const char *stack)
{
	static const char *const functions[] = { "wait", "as_completed", "result_iterator" };
	for (unsigned n = 1; n < 5; n++)
		for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
			if (tr_place_is_in(stack, n, "futures/_base.py", functions[i]))
				return true;
	return false;
}

static void wait_on_notification(struct patience *p, const struct tr_event *woken, const char *stack, uint32_t ret)
{
	bool several = waits_for_several(stack);
	uint32_t i = woken->index;
	while ((i = tr_log_step(p->j->log, i, woken->thread, 1)) != TR_NONE && i < ret) {
		struct tr_event e = tr_log_event(p->j->log, i);
		if (xf_kind_info(e.kind)->role == XF_ROLE_WAIT)
			break;
		if (xf_kind_info(e.kind)->role != XF_ROLE_ACQUIRE || e.object == TR_NONE || e.object == woken->object)
			continue;
		wait_on(p, next_release(p->j->log, &e, ret));
		if (!several)
			break;
	}
}

static void wait_on_barrier(struct patience *p, const struct tr_barrier *b, uint32_t ret)
{
	struct tr_event woken = tr_log_event(p->j->log, b->last), wait = tr_log_event(p->j->log, b->wait);
	const char *stack = tr_place_stack(p->j->log, woken.record->site ? &woken : &wait);
	uint32_t release = next_release(p->j->log, &woken, b->last);
	p->thread = woken.thread;
	p->end = b->last;
	if (release == TR_NONE && tr_place_is_in(stack, 0, "threading.py", "wait"))
		wait_on_notification(p, &woken, stack, ret);
	else
		wait_on(p, release);
}

/* A wait for a child gave up: it would have ended with the child. Its limit; 0: it waited for none. */
static uint64_t wait_on_children(struct patience *p, const struct tr_call *c)
{
	struct tr_child_wait w = { .last = c->enter };
	uint64_t limit = 0;
	while (tr_child_wait_ran_out(p->j->log, c->thread, w.last, c->ret, &w)) {
		p->any = false;
		p->thread = c->thread;
		p->end = w.last;
		wait_on(p, tr_child_of(p->j->log, &w));
		limit += p->any ? w.limit_ns : 0;
	}
	return limit;
}

/*
 * The call gave up waiting for something that came later: had it waited on, would
 * all work have been over? Then it waits, but only so long.
 */
bool tr_judge_gave_up(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	struct patience p = { .j = j };
	uint64_t limit = 0;
	if (!tr_clock_init(&p.would, tr_log_nr_threads(j->log)))
		return j->failed = true, false;
	if (!tr_clock_init(&p.later, tr_log_nr_threads(j->log))) {
		tr_clock_fini(&p.would);
		return j->failed = true, false;
	}
	tr_clock_merge(&p.would, &j->past);
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		p.any = false;
		if (b->timed_out)
			wait_on_barrier(&p, b, c->ret);
		if (p.any && b->ran_out_ns > limit)
			limit = b->ran_out_ns;
	}
	uint64_t children = wait_on_children(&p, c);
	limit = children > limit ? children : limit;
	bool all = limit > 0;
	for (uint32_t i = 0; i < v->nr_items && all; i++)
		all = v->items[i].end != TR_NONE &&
		      tr_clock_knows(&p.would, tr_log_thread_of(j->log, v->items[i].end), v->items[i].end);
	tr_clock_fini(&p.would);
	tr_clock_fini(&p.later);
	v->at_most_ms = all ? (limit + 999999) / 1000000 : 0;
	return all;
}
