/*
 * work: whose a transfer is, and what its work consists of.
 *
 * A call's transfers are those submitted with its number, and those of calls made
 * inside of it, on its own thread or on one it started (the inner call_enter
 * happens after the outer by signal edges). A submit without a number belongs to
 * every call of its process that is open at that instant, or of the process that made that one unseen.
 *
 * Their work is every part seen, and every planned one as long as the transfer is
 * not over; Create and Complete of a multipart upload; PutObject; GetObject. A
 * transfer that was submitted and shows nothing else yet is itself unfinished
 * work, and so is one that was given up after the return. Uploads that had begun before the call are carried.c's;
 * what a killed process left open is killed.c's.
 */
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/judge.h"

/* ---- whose transfer */

static bool open_at(const struct tr_call *c, uint32_t event)
{
	return c->enter <= event && (c->ret == TR_NONE || event <= c->ret);
}

/* The end of a process as a call: whatever was begun in its time is its work, in any process. */
bool tr_call_is_process(const struct tr_call *c)
{
	return strcmp(c->name, "exit") == 0;
}

/*
 * A foreign program's transfers do not say whose they are. They are the newest call's whose
 * begin led to them, also when it has returned since, but not by way of its return: what
 * somebody does who knows that it is over may be anything.
 */
static uint32_t call_by_order(struct judge *j, const struct tr_transfer_state *t)
{
	uint32_t found = TR_NONE;
	tr_order_led_to(j->order, t->submit, &j->past);
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *c = tr_log_call(j->log, i);
		if (!tr_call_is_process(c) && c->enter < t->submit && tr_clock_knows(&j->past, c->thread, c->enter) &&
		    !(c->ret != TR_NONE && tr_clock_knows(&j->past, tr_log_thread_of(j->log, c->ret), c->ret)))
			found = i;
	}
	return found;
}

uint32_t tr_judge_call_of(struct judge *j, const struct tr_transfer_state *t)
{
	uint32_t found = TR_NONE;
	if (t->submit != TR_NONE && !t->call)
		return call_by_order(j, t);
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log) && t->submit != TR_NONE; i++) {
		const struct tr_call *c = tr_log_call(j->log, i);
		if (c->process == t->process && c->id == t->call && c->enter <= t->submit)
			found = i;
	}
	return found;
}

/* The innermost call around a call, on its thread or on the one that led to it. */
uint32_t tr_judge_enclosing(const struct judge *j, uint32_t inner)
{
	const struct tr_call *in = tr_log_call(j->log, inner);
	uint32_t found = TR_NONE;
	for (uint32_t i = 0; i < inner; i++) {
		const struct tr_call *c = tr_log_call(j->log, i);
		if (open_at(c, in->enter) &&
		    (c->thread == in->thread || tr_order_before(j->order, c->enter, in->enter)))
			found = i;
	}
	return found;
}

/* Its process is a child of the call's, and that made it unseen, as static programs do (Go's os/exec). */
static bool is_unseen_child(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	uint32_t pid = tr_log_thread(j->log, c->thread)->pid;
	for (uint32_t i = 0; i < tr_log_nr_threads(j->log); i++) {
		const struct tr_thread *thread = tr_log_thread(j->log, i);
		if (thread->process != t->process || thread->first == TR_NONE || tr_log_kind(j->log, thread->first) != XF_EV_process_start)
			continue;
		struct tr_event start = tr_log_event(j->log, thread->first);
		uint32_t edge = tr_order_edge_at(j->order, thread->first);
		return pid && TR_PAYLOAD(&start, process_start)->parent == pid &&
		       (edge == tr_order_nr_edges(j->order) || tr_order_edge(j->order, edge)->to != thread->first);
	}
	return false;
}

/* Could the call's process have begun it, as far as is seen? Process 0 is the tracer's own, which sees the wire and not the threads. */
static bool is_of_process(const struct judge *j, const struct tr_call *c, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	return !t->process || (j->owner[transfer] == TR_NONE && (t->process == c->process || is_unseen_child(j, c, t)));
}

/*
 * Nothing but the return leads to it: it was seen on the wire alone, or its program hands work over
 * unseen, or on the thread of the call itself. The first such one.
 */
static bool is_first_stray(const struct judge *j, const struct tr_call *c, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	bool others = false;
	if (!is_of_process(j, c, transfer))
		return false;
	for (uint32_t i = 0; i < j->s->nr_transfers; i++) {
		const struct tr_transfer_state *o = &j->s->transfers[i];
		if (o->submit == TR_NONE || o->submit >= t->submit)
			continue;
		if (o->submit > c->enter)
			return false;
		others |= t->process && o->process == t->process;
	}
	return !others || tr_order_before(j->order, c->enter, t->submit);
}

/*
 * Begun when the call had already returned, and nothing else leads to it: it is that of the newest
 * call before it, if that call has none in its own time (a forgotten goroutine or task may not have
 * come to its first request yet). Where threads are seen, only if it is their program's first, or
 * behind the call on its thread.
 */
static bool belongs_afterwards(const struct judge *j, uint32_t call, uint32_t transfer)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	if (tr_call_is_process(c) || c->ret == TR_NONE || t->submit == TR_NONE || t->submit < c->ret)
		return false;
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *o = tr_log_call(j->log, i);
		if (i != call && !tr_call_is_process(o) && o->enter > c->enter && o->enter < t->submit)
			return false;
	}
	return is_first_stray(j, c, transfer);
}

bool tr_judge_belongs(const struct judge *j, uint32_t call, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	const struct tr_call *c = tr_log_call(j->log, call);
	if (t->submit == TR_NONE)
		return false;
	if (tr_call_is_process(c))
		return c->enter <= t->submit;
	if (j->owner[transfer] == TR_NONE)
		return is_of_process(j, c, transfer) && open_at(c, t->submit);
	for (uint32_t i = j->owner[transfer]; i != TR_NONE; i = j->outer[i])
		if (i == call)
			return true;
	return false;
}

/* ---- work */

bool tr_judge_settled(const struct tr_transfer_state *t)
{
	if (t->done != TR_NONE)
		return true;
	if (t->create != TR_NONE && !t->create_ok)
		return true;
	if (t->multipart)
		return t->complete != TR_NONE || t->abort != TR_NONE;
	return t->put != TR_NONE || t->get != TR_NONE;
}

void tr_judge_add_item(struct judge *j, struct tr_verdict *v, uint32_t *cap, enum tr_item_kind kind,
		       uint32_t transfer, uint32_t part, uint32_t end)
{
	if (!tr_grow(&v->items, v->nr_items, cap, sizeof(*v->items))) {
		j->failed = true;
		return;
	}
	v->items[v->nr_items++] = (struct tr_item){ .kind = kind, .transfer = transfer, .part = part,
						    .begin = TR_NONE, .end = end };
}

static void add_parts(struct judge *j, struct tr_verdict *v, uint32_t *cap, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	uint32_t seen = 0;
	for (uint32_t i = 0; i < j->s->nr_parts && !j->failed; i++) {
		const struct tr_part_state *p = &j->s->parts[i];
		if (p->transfer != transfer || !p->number)
			continue;
		seen++;
		tr_judge_add_item(j, v, cap, TR_ITEM_PART, transfer, p->number, p->end_event);
	}
	/* 10,000 is S3's limit: a plan that says more is not believed further */
	for (uint32_t n = 1; !tr_judge_settled(t) && seen < t->nr_parts && n <= t->nr_parts && n <= 10000; n++)
		if (tr_state_part(j->all->model, j->s, transfer, n) == TR_NONE)
			tr_judge_add_item(j, v, cap, TR_ITEM_PART, transfer, n, TR_NONE);
}

/* Under way when the call returned, and only then given up: no request of it may have been left to tell. */
static bool is_given_up_later(const struct judge *j, const struct tr_verdict *v, const struct tr_transfer_state *t)
{
	uint32_t ret = tr_log_call(j->log, v->call)->ret;
	return ret != TR_NONE && t->complete == TR_NONE && t->abort != TR_NONE && t->abort > ret && t->fail_event > ret;
}

static void add_work(struct judge *j, struct tr_verdict *v, uint32_t *cap, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	uint32_t before = v->nr_items;
	bool open = !tr_judge_settled(t);
	add_parts(j, v, cap, transfer);
	if (t->create != TR_NONE || (t->multipart && open))
		tr_judge_add_item(j, v, cap, TR_ITEM_CREATE, transfer, 0, t->create);
	if (t->complete != TR_NONE || (t->multipart && open))
		tr_judge_add_item(j, v, cap, TR_ITEM_COMPLETE, transfer, 0, t->complete);
	if (t->put != TR_NONE || (t->planned && !t->multipart && open && t->op != XF_OP_GET_OBJECT))
		tr_judge_add_item(j, v, cap, TR_ITEM_PUT, transfer, 0, t->put);
	if (t->get != TR_NONE)
		tr_judge_add_item(j, v, cap, TR_ITEM_GET, transfer, 0, t->get);
	if (is_given_up_later(j, v, t))
		tr_judge_add_item(j, v, cap, TR_ITEM_TRANSFER, transfer, 0, t->abort);
	if (v->nr_items == before && open)
		tr_judge_add_item(j, v, cap, TR_ITEM_TRANSFER, transfer, 0, TR_NONE);
}

/* What has no end of its own ended with its process, where that was killed. */
static void end_with_process(struct judge *j, struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].end == TR_NONE) {
			bool by_others;
			v->items[i].end = tr_judge_killed_at(j, &j->s->transfers[v->items[i].transfer], &by_others);
			v->killed = v->killed || v->items[i].end != TR_NONE;
			v->cut_short = v->cut_short || by_others;
		}
}

void tr_judge_gather_work(struct judge *j, struct tr_verdict *v)
{
	uint32_t cap_items = 0, cap_transfers = 0;
	for (uint32_t i = 0; i < j->s->nr_transfers && !j->failed; i++)
		if (tr_judge_belongs(j, v->call, i) && tr_judge_push(j, &v->transfers, &v->nr_transfers, &cap_transfers, i))
			add_work(j, v, &cap_items, i);
	if (!v->nr_transfers)
		tr_judge_gather_carried(j, v);
	for (uint32_t i = 0; !v->nr_transfers && i < j->s->nr_transfers && !j->failed; i++)
		if (belongs_afterwards(j, v->call, i) && tr_judge_push(j, &v->transfers, &v->nr_transfers, &cap_transfers, i))
			add_work(j, v, &cap_items, i);
	end_with_process(j, v);
}

/* An upload's Complete names what Create brought: where that leads on, so does Create. */
static bool complete_is_ordered(const struct tr_verdict *v, uint32_t transfer)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].transfer == transfer && v->items[i].kind == TR_ITEM_COMPLETE)
			return v->items[i].ordered;
	return false;
}

/* What a thread ended that drives several requests shows nothing, unless it led on there and then. */
static void doubt_drivers(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].ordered && v->items[i].kind != TR_ITEM_CREATE)
			v->items[i].ordered = tr_order_led_on(j->order, v->items[i].end, c->ret);
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].ordered && v->items[i].kind == TR_ITEM_CREATE)
			v->items[i].ordered = tr_order_led_on(j->order, v->items[i].end, c->ret) ||
					      complete_is_ordered(v, v->items[i].transfer);
}

/* What a request came to that had failed as the program hung up on it, or was killed; TR_LOST: to nothing, or it did not. */
static enum tr_outcome went_on_without(const struct judge *j, const struct tr_call *c, const struct tr_item *item)
{
	struct tr_event e;
	uint64_t failed = 0;
	if (item->end == TR_NONE)
		return TR_LOST;
	e = tr_log_event(j->log, item->end);
	if (e.kind != XF_EV_part_failed && e.kind != XF_EV_process_exit && !(tr_event_field(&e, "failed", &failed) && failed))
		return TR_LOST;
	return tr_judge_after_all(j, c, &j->s->transfers[item->transfer]);
}

/* Where every item stands to the return; counts of parts. */
void tr_judge_place_items(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	for (uint32_t i = 0; i < v->nr_items; i++) {
		struct tr_item *item = &v->items[i];
		uint32_t thread = item->end == TR_NONE ? TR_NONE : tr_log_thread_of(j->log, item->end);
		enum tr_outcome without = went_on_without(j, c, item);
		bool in_time = item->end != TR_NONE && (c->ret == TR_NONE || item->end < c->ret) && without != TR_STORED_LATER;
		item->late = !in_time && !tr_verdict_is_there(v, item->transfer);
		item->ordered = in_time && without == TR_LOST && c->ret != TR_NONE && tr_clock_knows(&j->past, thread, item->end);
		item->inline_ = in_time && thread == c->thread && item->end > c->enter;
	}
	doubt_drivers(j, v, c);
	for (uint32_t i = 0; i < v->nr_items; i++) {
		const struct tr_item *item = &v->items[i];
		if (item->kind != TR_ITEM_PART)
			continue;
		v->parts++;
		v->parts_ordered += item->ordered;
		v->parts_late += item->late && c->ret != TR_NONE;
	}
}

bool tr_verdict_all_ordered(const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (!v->items[i].ordered)
			return false;
	return v->nr_items > 0;
}

bool tr_verdict_all_inline(const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (!v->items[i].inline_)
			return false;
	return v->nr_items > 0;
}

uint32_t tr_verdict_count_late(const struct tr_verdict *v, bool undone_only)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < v->nr_items; i++)
		n += v->items[i].late && (!undone_only || v->items[i].end == TR_NONE);
	return n;
}
