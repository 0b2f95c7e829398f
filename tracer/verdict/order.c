/* order: see order.h. Edges are made in build.c. */
#include "tracer/verdict/order_private.h"

#include <stdlib.h>
#include <string.h>

struct rule {
	const char *name, *sentence;
};

/* ORDER edge kinds */
static const struct rule rules[TR_EDGE_KIND_COUNT] = {
	{ "start", "a thread is made, and begins" },
	{ "join", "a thread ends, and a wait for its end returns" },
	{ "set", "a latch is set, and a wait for it ends" },
	{ "item", "an item enters a queue, and leaves it" },
	{ "condition", "a condition is signalled, and a waiter wakes" },
	{ "semaphore", "a semaphore is posted, and a wait on it ends" },
	{ "process", "a process ends, and a wait for it returns" },
	{ "fork", "a process is made, and begins" },
	{ "bytes", "bytes are written, and read" },
	{ "lifelong", "a lock held for a thread's whole life is given back, and taken" },
	{ "data", "a part's ETag came, and Complete names it" },
	{ "mutex", "a mutex is given back, and taken" },
};

const char *tr_edge_name(enum tr_edge_kind kind)
{
	return kind < TR_EDGE_KIND_COUNT ? rules[kind].name : "";
}

const char *tr_edge_sentence(enum tr_edge_kind kind)
{
	return kind < TR_EDGE_KIND_COUNT ? rules[kind].sentence : "";
}

void tr_order_free(struct tr_order *o)
{
	if (o) {
		free(o->edges);
		free(o->passing);
		free(o->departures);
		free(o->used);
		free(o->drives);
		free(o->woken);
		free(o->turns);
		free(o->given);
		tr_map_fini(&o->answers);
		if (o->leads)
			tr_map_fini(&o->leads->known);
		free(o->leads);
	}
	free(o);
}

/* ---- looking at them. Edges are in the order of `to`. */

uint32_t tr_order_nr_edges(const struct tr_order *o)
{
	return o->nr;
}

const struct tr_edge *tr_order_edge(const struct tr_order *o, uint32_t i)
{
	return &o->edges[i];
}

uint32_t tr_order_edge_at(const struct tr_order *o, uint32_t event)
{
	uint32_t low = 0, high = o->nr;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->edges[mid].to < event)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct tr_passing *passing_of(const struct tr_order *o, uint32_t edge)
{
	uint32_t low = 0, high = o->nr_passing;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->passing[mid].edge < edge)
			low = mid + 1;
		else
			high = mid;
	}
	return low < o->nr_passing && o->passing[low].edge == edge ? &o->passing[low] : NULL;
}

static uint32_t until_of(const struct tr_order *o, const struct tr_passing *p)
{
	return o->trusting && p->rival != TR_NONE ? TR_NONE : p->until;
}

uint32_t tr_order_until(const struct tr_order *o, uint32_t edge)
{
	const struct tr_passing *p = passing_of(o, edge);
	return p ? until_of(o, p) : TR_NONE;
}

uint32_t tr_order_rival(const struct tr_order *o, uint32_t edge)
{
	const struct tr_passing *p = passing_of(o, edge);
	return p ? p->rival : TR_NONE;
}

static void learn_past(const struct tr_order *o, uint32_t e, struct tr_clock *clock, tr_edge_fn use,
		       const void *ctx, bool loosely)
{
	uint32_t nr_passing = loosely ? 0 : o->nr_passing;
	tr_clock_reset(clock);
	tr_clock_learn(clock, tr_log_thread_of(o->log, e), e);
	if (o->used && !loosely)
		memset(o->used, 0, o->nr);
	if (o->leads && !loosely)
		o->leads->to = TR_NONE;
	for (uint32_t i = tr_order_edge_at(o, e + 1); i-- > 0;) {
		const struct tr_edge *edge = &o->edges[i];
		while (nr_passing && o->passing[nr_passing - 1].edge > i)
			nr_passing--;
		bool passing = nr_passing && o->passing[nr_passing - 1].edge == i;
		if (edge->class != XF_CLASS_SIGNAL ||
		    !tr_clock_knows(clock, tr_log_thread_of(o->log, edge->to), edge->to) ||
		    (use && !use(ctx, edge)) || (passing && !tr_order_led_on_until(o, edge->to, until_of(o, &o->passing[nr_passing - 1]), e)) ||
		    (!loosely && !tr_order_passed_on(o, edge->to, e)))
			continue;
		tr_clock_learn(clock, tr_log_thread_of(o->log, edge->from), edge->from);
		if (o->used && !loosely)
			o->used[i] = 1;
	}
}

void tr_order_past(const struct tr_order *o, uint32_t e, struct tr_clock *clock, tr_edge_fn use,
		   const void *ctx)
{
	learn_past(o, e, clock, use, ctx, false);
}

void tr_order_led_to(const struct tr_order *o, uint32_t e, struct tr_clock *clock)
{
	learn_past(o, e, clock, NULL, NULL, true);
}

bool tr_order_before(const struct tr_order *o, uint32_t a, uint32_t b)
{
	struct tr_clock clock;
	if (a > b || !tr_clock_init(&clock, tr_log_nr_threads(o->log)))
		return false;
	tr_order_led_to(o, b, &clock);
	bool before = tr_clock_knows(&clock, tr_log_thread_of(o->log, a), a);
	tr_clock_fini(&clock);
	return before;
}
