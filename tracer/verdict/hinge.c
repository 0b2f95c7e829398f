/*
 * hinge: a wait that a call made, perhaps, only because an earlier one had not run out.
 *
 *     if done.wait(5):         it was set in time
 *         worker.join()        and this has no limit
 *
 * All is ordered by the second, and one run does not show whether the program would have come to it. It
 * would have on its way out of a `with`, which Python leaves by its __exit__ whatever was raised in it.
 */
#include <string.h>

#include "tracer/verdict/judge.h"
#include "tracer/verdict/place.h"

struct hinge {
	const struct judge *j;
	const struct tr_verdict *v;
	const struct tr_call *call;
	const struct tr_barrier *timed;
};

static bool is_of_wait(const struct hinge *h, const struct tr_edge *edge)
{
	return edge->to >= h->timed->first && edge->to <= h->timed->last &&
	       tr_log_thread_of(h->j->log, edge->to) == h->call->thread;
}

static bool but_for_the_wait(const void *ctx, const struct tr_edge *edge)
{
	return !is_of_wait(ctx, edge) || !edge->timed;
}

/* Does a barrier's wait stand in the __exit__ of a `with`? */
static bool is_way_out(const struct hinge *h, const struct tr_barrier *b)
{
	struct tr_event wait = tr_log_event(h->j->log, b->wait);
	const char *stack = tr_place_stack(h->j->log, &wait);
	for (; *stack; stack += strcspn(stack, "\n"), stack += *stack == '\n')
		if (tr_place_is_in(stack, 0, "", "__exit__"))
			return true;
	return false;
}

/* What the call would have met, had the limit run out and sent it away: on its own thread nothing more, but for ways out. */
static bool had_it_run_out(const void *ctx, const struct tr_edge *edge)
{
	const struct hinge *h = ctx;
	if (edge->to < h->timed->first || edge->to > h->call->ret || tr_log_thread_of(h->j->log, edge->to) != h->call->thread)
		return true;
	for (uint32_t i = 0; i < h->v->barriers.nr; i++) {
		const struct tr_barrier *b = &h->v->barriers.list[i];
		if (b->first > h->timed->last && edge->to >= b->first && edge->to <= b->last)
			return is_way_out(h, b);
	}
	return false;
}

/* How many of the call's items had ended before `event`? */
static uint32_t count_before(const struct hinge *h, uint32_t event, tr_edge_fn use, struct tr_clock *clock)
{
	uint32_t nr = 0;
	tr_order_past(h->j->order, event, clock, use, h);
	for (uint32_t i = 0; i < h->v->nr_items; i++) {
		uint32_t end = h->v->items[i].end;
		nr += tr_clock_knows(clock, tr_log_thread_of(h->j->log, end), end);
	}
	return nr;
}

static bool hinges_on(const struct hinge *h, struct tr_clock *clock)
{
	const struct tr_barrier *b = h->timed;
	if (!b->limit_ns || b->timed_out || !b->carries || tr_judge_is_turn(h->j->log, h->call, b->wait))
		return false;
	return count_before(h, b->last, but_for_the_wait, clock) < count_before(h, b->last, NULL, clock) &&
	       count_before(h, h->call->ret, had_it_run_out, clock) < h->v->nr_items;
}

/* v: everything is ordered. */
bool tr_judge_hinges(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	struct tr_clock clock;
	if (!tr_clock_init(&clock, tr_log_nr_threads(j->log))) {
		j->failed = true;
		return false;
	}
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		struct hinge h = { j, v, c, &v->barriers.list[i] };
		if (hinges_on(&h, &clock) && h.timed->limit_ns > v->hinges_ns)
			v->hinges_ns = h.timed->limit_ns;
	}
	tr_clock_fini(&clock);
	return v->hinges_ns > 0;
}
