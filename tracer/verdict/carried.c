/*
 * carried: an upload that had begun before the call, and in no other call: a region that begins between
 * Create and the parts. Such a call has the work that began in it, and no more: what follows from its
 * begin and not from its return. On the wire alone nothing shows what follows from what; there it is
 * what began between the two.
 */
#include <stdlib.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/judge.h"

/* From where on each thread knows of an event; TR_NONE: nowhere. */
static uint32_t *known_from(struct judge *j, uint32_t event)
{
	uint32_t threads = tr_log_nr_threads(j->log);
	uint32_t *from = malloc((threads + 1u) * sizeof(*from));
	j->failed = j->failed || !from;
	if (!from)
		return NULL;
	for (uint32_t i = 0; i < threads; i++)
		from[i] = TR_NONE;
	if (event != TR_NONE)
		from[tr_log_thread_of(j->log, event)] = event;
	for (uint32_t i = 0; i < tr_order_nr_edges(j->order); i++) {
		const struct tr_edge *e = tr_order_edge(j->order, i);
		uint32_t *to = &from[tr_log_thread_of(j->log, e->to)];
		if (e->class == XF_CLASS_SIGNAL && e->from >= from[tr_log_thread_of(j->log, e->from)] && e->to < *to)
			*to = e->to;
	}
	return from;
}

/* Begun before the call, in no other, and not over by then. */
static bool is_carried(const struct judge *j, const struct tr_call *c, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	uint32_t at = tr_judge_stored_at(t);
	if (t->submit == TR_NONE || t->submit >= c->enter || (at != TR_NONE && at < c->enter) ||
	    (t->abort != TR_NONE && t->abort < c->enter))
		return false;
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++)
		if (!tr_call_is_process(tr_log_call(j->log, i)) && tr_judge_belongs(j, i, transfer))
			return false;
	return true;
}

/* Begun in the call, then; `after_enter`, `after_return`: from where on threads know of them. */
static bool began_in(const struct judge *j, const struct tr_call *c, uint32_t process, uint32_t event,
		     const uint32_t *after_enter, const uint32_t *after_return)
{
	uint32_t thread = tr_log_thread_of(j->log, event);
	if (!process)
		return event > c->enter && (c->ret == TR_NONE || event < c->ret);
	return event >= after_enter[thread] && event < after_return[thread];
}

/* Does a part begin here, or Complete? Then its number, 0 for Complete. */
static bool begins(const struct judge *j, uint32_t event, const struct tr_transfer_state *t, uint32_t *part)
{
	enum xf_kind kind = tr_log_kind(j->log, event);
	if (kind != XF_EV_part_start && kind != XF_EV_request_start)
		return false;
	struct tr_event e = tr_log_event(j->log, event);
	*part = kind == XF_EV_part_start ? TR_PAYLOAD(&e, part_start)->part : 0;
	if (e.process != t->process)
		return false;
	if (kind == XF_EV_part_start)
		return TR_PAYLOAD(&e, part_start)->transfer == t->id && TR_PAYLOAD(&e, part_start)->attempt <= 1;
	return TR_PAYLOAD(&e, request_start)->transfer == t->id && TR_PAYLOAD(&e, request_start)->attempt <= 1 &&
	       TR_PAYLOAD(&e, request_start)->op == XF_OP_COMPLETE_MULTIPART_UPLOAD;
}

static void gather(struct judge *j, struct tr_verdict *v, uint32_t *cap, uint32_t transfer, const uint32_t *after_enter,
		   const uint32_t *after_return)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	const struct tr_call *c = tr_log_call(j->log, v->call);
	uint32_t number;
	for (uint32_t i = c->enter, nr = tr_log_nr_events(j->log); i < nr && !j->failed; i++) {
		if (!begins(j, i, t, &number) || !began_in(j, c, t->process, i, after_enter, after_return))
			continue;
		uint32_t part = number ? tr_state_part(j->all->model, j->s, transfer, number) : TR_NONE;
		tr_judge_add_item(j, v, cap, number ? TR_ITEM_PART : TR_ITEM_COMPLETE, transfer, number,
				  part != TR_NONE ? j->s->parts[part].end_event : t->complete);
	}
}

void tr_judge_gather_carried(struct judge *j, struct tr_verdict *v)
{
	const struct tr_call *c = tr_log_call(j->log, v->call);
	uint32_t *after_enter = NULL, *after_return = NULL, cap_items = 0, cap_transfers = 0;
	for (uint32_t i = 0; i < j->s->nr_transfers && !tr_call_is_process(c) && !j->failed; i++) {
		uint32_t before = v->nr_items;
		if (!is_carried(j, c, i))
			continue;
		if (!after_enter)
			after_enter = known_from(j, c->enter), after_return = known_from(j, c->ret);
		if (after_enter && after_return)
			gather(j, v, &cap_items, i, after_enter, after_return);
		if (v->nr_items > before)
			tr_judge_push(j, &v->transfers, &v->nr_transfers, &cap_transfers, i);
	}
	v->carried = v->nr_transfers > 0;
	free(after_enter);
	free(after_return);
}
