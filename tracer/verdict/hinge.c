/*
 * hinge: a wait that a call made, perhaps, only because an earlier one had not run out.
 *
 *     if done.wait(5):         it was set in time
 *         worker.join()        and this has no limit
 *
 * All is ordered by the second, and one run does not show whether the program would have come to it. It
 * would have on its way out of a `with`, which Python leaves by its __exit__ whatever was raised in it.
 *
 * The same in an event loop that was woken, by bytes or by an answer of its own, while a timer was due: that may have been the wait's limit
 * (`asyncio.wait_for`), what else was waited for (`asyncio.wait(…, FIRST_COMPLETED)`, `Promise.race`), the client's own patience, or nothing
 * to do with it. Not where timers came in the call's time, and it went on.
 */
#include <string.h>

#include "tracer/verdict/judge.h"
#include "tracer/verdict/order_private.h"
#include "tracer/verdict/place.h"

struct hinge {
	const struct judge *j;
	const struct tr_verdict *v;
	const struct tr_call *call;
	uint32_t first, last;     /* of the wait with a limit, events */
};

static bool is_of_wait(const struct hinge *h, const struct tr_edge *edge)
{
	return edge->to >= h->first && edge->to <= h->last &&
	       tr_log_thread_of(h->j->log, edge->to) == h->call->thread;
}

static bool but_for_the_wait(const void *ctx, const struct tr_edge *edge)
{
	return !is_of_wait(ctx, edge) || !edge->timed;
}

bool tr_judge_is_way_out(const struct tr_log *log, uint32_t event)
{
	struct tr_event wait = tr_log_event(log, event);
	const char *stack = tr_place_stack(log, &wait);
	for (; *stack; stack += strcspn(stack, "\n"), stack += *stack == '\n')
		if (tr_place_is_in(stack, 0, "", "__exit__"))
			return true;
	return false;
}

/* What the call would have met, had the limit run out and sent it away: on its own thread nothing more, but for ways out. */
static bool had_it_run_out(const void *ctx, const struct tr_edge *edge)
{
	const struct hinge *h = ctx;
	if (edge->to < h->first || edge->to > h->call->ret || tr_log_thread_of(h->j->log, edge->to) != h->call->thread)
		return true;
	for (uint32_t i = 0; i < h->v->barriers.nr; i++) {
		const struct tr_barrier *b = &h->v->barriers.list[i];
		if (b->first > h->last && edge->to >= b->first && edge->to <= b->last)
			return tr_judge_is_way_out(h->j->log, b->wait);
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

static bool hinges_on(const struct hinge *h, const struct tr_barrier *b, struct tr_clock *clock)
{
	if (!b->limit_ns || b->timed_out || !b->carries || tr_judge_is_turn(h->j->log, h->call, b->wait))
		return false;
	return count_before(h, b->last, but_for_the_wait, clock) < count_before(h, b->last, NULL, clock) &&
	       count_before(h, h->call->ret, had_it_run_out, clock) < h->v->nr_items;
}

/*
 * A wait that proves nothing (on a futex of the program's own, a parking place) may have had a limit as well. Did it end, on the
 * calling thread, with something that work of the call had led to since it began?
 */
static bool hinges_on_unproved(const struct hinge *h, const struct tr_edge *edge, struct tr_clock *clock)
{
	bool limited = edge->kind == TR_EDGE_CONDITION && edge->class == XF_CLASS_LOCK && edge->timed &&
		       h->first > h->call->enter && tr_log_thread_of(h->j->log, edge->to) == h->call->thread;
	return limited && !tr_judge_is_turn(h->j->log, h->call, edge->wait) &&
	       count_before(h, edge->wait, NULL, clock) < count_before(h, edge->from, NULL, clock) &&
	       count_before(h, h->call->ret, had_it_run_out, clock) < h->v->nr_items;
}

/* ---- timers of a loop */

/* By when a timer was due as the calling thread's loop took these bytes, or found that child ended; INT64_MAX: no edge of that kind, or no timer. */
static int64_t timer_of(const struct hinge *h, const struct tr_edge *edge)
{
	bool of_loop = (edge->kind == TR_EDGE_BYTES || edge->kind == TR_EDGE_PROCESS) && edge->to > h->call->enter && edge->to < h->call->ret &&
		       tr_log_thread_of(h->j->log, edge->to) == h->call->thread;
	return of_loop ? tr_order_due_at(h->j->order, edge->to) : INT64_MAX;
}

static bool but_for_timers(const void *ctx, const struct tr_edge *edge)
{
	return timer_of(ctx, edge) == INT64_MAX;
}

/* The same of the loop's turn in which the calling thread itself brought an item to its end. */
static int64_t timer_of_item(const struct hinge *h, const struct tr_item *item)
{
	uint32_t i = item->end;

	while (item->inline_ && (i = tr_log_step(h->j->log, i, h->call->thread, -1)) != TR_NONE && i > h->call->enter) {
		struct tr_event e = tr_log_event(h->j->log, i);
		if (e.kind == XF_EV_poll)
			return TR_PAYLOAD(&e, poll)->epoll ? tr_order_due_at(h->j->order, i) : INT64_MAX;
	}
	return INT64_MAX;
}

static bool has_timed_item(const struct hinge *h)
{
	for (uint32_t i = 0; i < h->v->nr_items; i++)
		if (timer_of_item(h, &h->v->items[i]) != INT64_MAX)
			return true;
	return false;
}

/* A timer came while the call waited, and did not end it. */
static bool outlived_timers(const struct hinge *h)
{
	for (uint32_t i = h->call->enter; (i = tr_log_step(h->j->log, i, h->call->thread, 1)) != TR_NONE && i < h->call->ret;) {
		struct tr_event e = tr_log_event(h->j->log, i);
		if (e.kind == XF_EV_poll && TR_PAYLOAD(&e, poll)->epoll && !TR_PAYLOAD(&e, poll)->ready && TR_PAYLOAD(&e, poll)->limit_ns > 1)
			return true;
	}
	return false;
}

static bool hinges_on_timers(const struct hinge *h, struct tr_clock *clock)
{
	return h->j->order->turns && (count_before(h, h->call->ret, but_for_timers, clock) < h->v->nr_items || has_timed_item(h)) &&
	       !outlived_timers(h);
}

/* How long after the call's begin the last of them was due. */
static uint64_t longest_timer_ns(const struct hinge *h)
{
	int64_t last = 0;
	for (uint32_t i = 0; i < h->v->nr_items; i++) {
		int64_t due = timer_of_item(h, &h->v->items[i]);
		if (due != INT64_MAX && due > last)
			last = due;
	}
	for (uint32_t i = tr_order_edge_at(h->j->order, h->call->enter); i < tr_order_nr_edges(h->j->order); i++) {
		int64_t due = timer_of(h, tr_order_edge(h->j->order, i));
		if (due != INT64_MAX && due > last)
			last = due;
	}
	return last > h->v->enter_ns ? (uint64_t)(last - h->v->enter_ns) : 1;
}

static void hinge_on(struct tr_verdict *v, enum tr_hinge hinge, uint64_t ns)
{
	v->hinge = hinge;
	v->hinges_ns = ns > v->hinges_ns ? ns : v->hinges_ns;
}

static uint64_t limit_of(const struct tr_log *log, uint32_t wait)
{
	struct tr_event e = tr_log_event(log, wait);
	uint64_t limit_ns = 0;
	tr_event_field(&e, "limit_ns", &limit_ns);
	return limit_ns;
}

static bool clock_for(struct judge *j, struct tr_clock *clock)
{
	bool ok = tr_clock_init(clock, tr_log_nr_threads(j->log));
	j->failed = j->failed || !ok;
	return ok;
}

static void hinge_on_limits(struct judge *j, struct tr_verdict *v, const struct tr_call *c, struct tr_clock *clock)
{
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		struct hinge h = { j, v, c, b->first, b->last };
		if (hinges_on(&h, b, clock))
			hinge_on(v, TR_HINGE_LIMIT, b->limit_ns);
	}
	for (uint32_t i = tr_order_edge_at(j->order, c->enter); i < tr_order_nr_edges(j->order); i++) {
		const struct tr_edge *edge = tr_order_edge(j->order, i);
		struct hinge h = { j, v, c, edge->wait, edge->to };
		if (edge->to > c->ret)
			break;
		if (hinges_on_unproved(&h, edge, clock))
			hinge_on(v, TR_HINGE_LIMIT, limit_of(j->log, edge->wait));
	}
}

bool tr_judge_hinges(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	struct tr_clock clock;
	struct hinge loop = { j, v, c, TR_NONE, TR_NONE };
	uint64_t alarm_ns = tr_judge_alarm_hinge(j, v, c);
	if (!clock_for(j, &clock))
		return false;
	hinge_on_limits(j, v, c, &clock);
	if (!v->hinge && alarm_ns)
		hinge_on(v, TR_HINGE_ALARM, alarm_ns);
	if (!v->hinge && hinges_on_timers(&loop, &clock))
		hinge_on(v, TR_HINGE_TIMER, longest_timer_ns(&loop));
	tr_clock_fini(&clock);
	return v->hinge != TR_HINGE_NONE;
}

/* ---- rivals */

/* Of the waits in the call's time: what ended one before it began orders none of its work. */
bool tr_judge_has_rivals(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	struct tr_clock clock;
	struct hinge h = { j, v, c, TR_NONE, TR_NONE };
	if (!clock_for(j, &clock))
		return false;
	j->order->trusting = true;
	bool all = count_before(&h, c->ret, NULL, &clock) == v->nr_items;
	j->order->trusting = false;
	for (uint32_t i = tr_order_edge_at(j->order, c->enter); all && j->order->used && i < tr_order_nr_edges(j->order); i++) {
		uint32_t rival = j->order->used[i] ? tr_order_rival(j->order, i) : TR_NONE;
		if (rival != TR_NONE)
			hinge_on(v, TR_HINGE_RIVAL, (uint64_t)(tr_log_time(j->log, rival) - v->enter_ns));
	}
	tr_clock_fini(&clock);
	return v->hinge != TR_HINGE_NONE;
}
