/*
 * verdict: the table of answers, first row that holds wins. docs/verdict.md says
 * the same in plain words.
 *
 * Which transfers are a call's: those submitted with its number, and those of
 * calls made inside of it, on its own thread or on one it started (the inner
 * call_enter happens after the outer by signal edges). A submit without a number
 * belongs to every call of its process that is open at that instant.
 *
 * What their work is: every part seen, and every planned one as long as the
 * transfer is not over; Create and Complete of a multipart upload; PutObject;
 * GetObject. A transfer that was submitted and shows nothing else yet is itself
 * unfinished work.
 */
#include "tracer/verdict/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/place.h"

/* ORDER answers */
static const struct {
	const char *name, *heading;
} answers[] = {
	{ "unknown", "UNKNOWN" },
	{ "not-returned", "HANGS" },
	{ "blocks-partly", "WAITS ONLY SO FAR" },
	{ "does-not-block", "DOES NOT WAIT (seen)" },
	{ "blocks", "WAITS (proved)" },
	{ "unproven", "WAITS, by luck or by design: not proved" },
};
static const char *const bases[] = { "none", "witness", "intervention", "inline", "happens-before",
				     "both", "timing" };
static const char *const outcomes[] = { "unknown", "stored", "stored-later", "lost", "failed", "cancelled" };
_Static_assert(sizeof(answers) / sizeof(answers[0]) == TR_ANSWER_COUNT, "one row an answer");
_Static_assert(sizeof(bases) / sizeof(bases[0]) == TR_BASIS_COUNT, "one word a basis");
_Static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == TR_OUTCOME_COUNT, "one word an outcome");

const char *tr_answer_name(enum tr_answer a)
{
	return a < TR_ANSWER_COUNT ? answers[a].name : "unknown";
}

const char *tr_answer_heading(enum tr_answer a, enum tr_basis b)
{
	(void)b;
	return a < TR_ANSWER_COUNT ? answers[a].heading : "UNKNOWN";
}

const char *tr_basis_name(enum tr_basis b)
{
	return b < TR_BASIS_COUNT ? bases[b] : "none";
}

const char *tr_outcome_name(enum tr_outcome o)
{
	return o < TR_OUTCOME_COUNT ? outcomes[o] : "unknown";
}

const char *tr_limit_name(enum tr_limit l)
{
	return l == TR_LIMIT_TIME_OUT ? "time-out" : l == TR_LIMIT_BACK_PRESSURE ? "back-pressure" : NULL;
}

int tr_answer_find(const char *word)
{
	for (int i = 0; i < TR_ANSWER_COUNT; i++)
		if (strcmp(answers[i].name, word) == 0)
			return i;
	return -1;
}

int tr_outcome_find(const char *word)
{
	for (int i = 0; i < TR_OUTCOME_COUNT; i++)
		if (strcmp(outcomes[i], word) == 0)
			return i;
	return -1;
}

/* ---- what one computation shares */

struct judge {
	const struct tr_log *log;
	struct tr_verdicts *all;
	const struct tr_state *s;
	struct tr_order *order;
	struct tr_clock past;
	uint32_t *owner;          /* by transfer: call index, TR_NONE */
	uint32_t *outer;          /* by call: the call it was made in, TR_NONE */
	uint32_t *heads, nr_heads, cap_heads;    /* object_head with verify */
	uint32_t *holds, nr_holds, cap_holds;    /* held */
	uint32_t *ends, nr_ends, cap_ends;       /* released, hold_evaded */
	struct xf_error *err;
	bool failed;
};

static bool push(struct judge *j, uint32_t **list, uint32_t *nr, uint32_t *cap, uint32_t value)
{
	if (!tr_grow(list, *nr, cap, sizeof(**list))) {
		j->failed = true;
		return false;
	}
	(*list)[(*nr)++] = value;
	return true;
}

__attribute__((format(printf, 2, 3)))
static void say(struct tr_verdict *v, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(v->reason, sizeof(v->reason), format, args);
	va_end(args);
}

/* ---- whose transfer */

static bool open_at(const struct tr_call *c, uint32_t event)
{
	return c->enter <= event && (c->ret == TR_NONE || event <= c->ret);
}

/* The end of a process as a call: whatever was begun in its time is its work, in any process. */
static bool is_whole_process(const struct tr_call *c)
{
	return strcmp(c->name, "exit") == 0;
}

/*
 * A foreign program's transfers do not say whose they are. They are the newest
 * call's whose begin must have happened before them, also when it has returned since.
 */
static uint32_t call_by_order(struct judge *j, const struct tr_transfer_state *t)
{
	uint32_t found = TR_NONE;
	tr_order_past(j->order, t->submit, &j->past, NULL, NULL);
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *c = tr_log_call(j->log, i);
		if (!is_whole_process(c) && c->enter < t->submit && tr_clock_knows(&j->past, c->thread, c->enter))
			found = i;
	}
	return found;
}

static uint32_t call_of_submit(struct judge *j, const struct tr_transfer_state *t)
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
static uint32_t enclosing(const struct judge *j, uint32_t inner)
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

/*
 * Seen on the wire alone, and begun when the call had already returned: it is that of the
 * newest call before it, if that call has none in its own time (a forgotten goroutine may
 * not have come to its first request yet). The first such upload only.
 */
static bool belongs_afterwards(const struct judge *j, uint32_t call, uint32_t transfer)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	if (is_whole_process(c) || c->ret == TR_NONE || t->submit == TR_NONE || t->process || t->submit < c->ret)
		return false;
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *o = tr_log_call(j->log, i);
		if (i != call && !is_whole_process(o) && o->enter > c->enter && o->enter < t->submit)
			return false;
	}
	for (uint32_t i = 0; i < j->s->nr_transfers; i++) {
		const struct tr_transfer_state *o = &j->s->transfers[i];
		if (o->submit != TR_NONE && o->submit > c->enter && o->submit < t->submit)
			return false;
	}
	return true;
}

static bool belongs(const struct judge *j, uint32_t call, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	const struct tr_call *c = tr_log_call(j->log, call);
	if (t->submit == TR_NONE)
		return false;
	if (is_whole_process(c))
		return c->enter <= t->submit;
	/* process 0 is the tracer's own, which sees the wire and not the threads */
	if (j->owner[transfer] == TR_NONE)
		return (t->process == c->process || !t->process) && open_at(c, t->submit);
	for (uint32_t i = j->owner[transfer]; i != TR_NONE; i = j->outer[i])
		if (i == call)
			return true;
	return false;
}

/* ---- work */

static bool settled(const struct tr_transfer_state *t)
{
	if (t->done != TR_NONE)
		return true;
	if (t->create != TR_NONE && !t->create_ok)
		return true;
	if (t->multipart)
		return t->complete != TR_NONE || t->abort != TR_NONE;
	return t->put != TR_NONE || t->get != TR_NONE;
}

static void add_item(struct judge *j, struct tr_verdict *v, uint32_t *cap, enum tr_item_kind kind,
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
		add_item(j, v, cap, TR_ITEM_PART, transfer, p->number, p->end_event);
	}
	/* 10,000 is S3's limit: a plan that says more is not believed further */
	for (uint32_t n = 1; !settled(t) && seen < t->nr_parts && n <= t->nr_parts && n <= 10000; n++)
		if (tr_state_part(j->all->model, j->s, transfer, n) == TR_NONE)
			add_item(j, v, cap, TR_ITEM_PART, transfer, n, TR_NONE);
}

static void add_work(struct judge *j, struct tr_verdict *v, uint32_t *cap, uint32_t transfer)
{
	const struct tr_transfer_state *t = &j->s->transfers[transfer];
	uint32_t before = v->nr_items;
	bool open = !settled(t);
	add_parts(j, v, cap, transfer);
	if (t->create != TR_NONE || (t->multipart && open))
		add_item(j, v, cap, TR_ITEM_CREATE, transfer, 0, t->create);
	if (t->complete != TR_NONE || (t->multipart && open))
		add_item(j, v, cap, TR_ITEM_COMPLETE, transfer, 0, t->complete);
	if (t->put != TR_NONE || (t->planned && !t->multipart && open && t->op != XF_OP_GET_OBJECT))
		add_item(j, v, cap, TR_ITEM_PUT, transfer, 0, t->put);
	if (t->get != TR_NONE)
		add_item(j, v, cap, TR_ITEM_GET, transfer, 0, t->get);
	if (v->nr_items == before && open)
		add_item(j, v, cap, TR_ITEM_TRANSFER, transfer, 0, TR_NONE);
}

static void gather_work(struct judge *j, struct tr_verdict *v)
{
	uint32_t cap_items = 0, cap_transfers = 0;
	for (uint32_t i = 0; i < j->s->nr_transfers && !j->failed; i++)
		if (belongs(j, v->call, i) && push(j, &v->transfers, &v->nr_transfers, &cap_transfers, i))
			add_work(j, v, &cap_items, i);
	for (uint32_t i = 0; !v->nr_transfers && i < j->s->nr_transfers && !j->failed; i++)
		if (belongs_afterwards(j, v->call, i) && push(j, &v->transfers, &v->nr_transfers, &cap_transfers, i))
			add_work(j, v, &cap_items, i);
}

/* Where every item stands to the return; counts of parts. */
static void place_items(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	for (uint32_t i = 0; i < v->nr_items; i++) {
		struct tr_item *item = &v->items[i];
		uint32_t thread = item->end == TR_NONE ? TR_NONE : tr_log_thread_of(j->log, item->end);
		item->late = item->end == TR_NONE || (c->ret != TR_NONE && item->end > c->ret);
		item->ordered = !item->late && c->ret != TR_NONE && tr_clock_knows(&j->past, thread, item->end);
		item->inline_ = !item->late && thread == c->thread && item->end > c->enter;
		if (item->kind != TR_ITEM_PART)
			continue;
		v->parts++;
		v->parts_ordered += item->ordered;
		v->parts_late += item->late && c->ret != TR_NONE;
	}
}

static bool all_ordered(const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (!v->items[i].ordered)
			return false;
	return v->nr_items > 0;
}

static bool all_inline(const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (!v->items[i].inline_)
			return false;
	return v->nr_items > 0;
}

static uint32_t count_late(const struct tr_verdict *v, bool undone_only)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < v->nr_items; i++)
		n += v->items[i].late && (!undone_only || v->items[i].end == TR_NONE);
	return n;
}

/* ---- outcome */

/* The trace says that nothing more came: it ended with its process, and no record is missing. */
static bool saw_the_end(const struct judge *j)
{
	return tr_log_ended(j->log) && !tr_log_lost(j->log);
}

static bool raised(const struct judge *j, const struct tr_call *c)
{
	struct tr_event e = tr_log_event(j->log, c->ret);
	return TR_PAYLOAD(&e, call_return)->error || c->result;
}

/*
 * Its last request failed without an answer, and the call did not say so: the program
 * had ended in the middle of it, and nobody was left to try again.
 */
static bool cut_off(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	uint32_t last = t->complete != TR_NONE ? t->complete : t->put != TR_NONE ? t->put : t->create;
	uint64_t http_status = 0;
	if (t->done != TR_NONE || t->abort != TR_NONE || last == TR_NONE || !saw_the_end(j) ||
	    !c || (c->ret != TR_NONE && raised(j, c)))
		return false;
	struct tr_event e = tr_log_event(j->log, last);
	/* a 200 whose upload id nobody read any more is no answer either */
	return tr_event_field(&e, "http_status", &http_status) &&
	       (!http_status || (e.kind == XF_EV_multipart_create && http_status < 300));
}

/* Nobody heard of a failure: the call raised nothing, or on a thread whose end nobody reads. */
static bool unheard(const struct judge *j, const struct tr_call *c)
{
	return c->ret == TR_NONE || !raised(j, c) ||
	       strcmp(tr_log_thread(j->log, c->thread)->name, "main") != 0;
}

/*
 * Another program's client took its upload back though no request had been refused: it was
 * shut down under its feet, as by the end of the interpreter.
 */
static bool taken_back(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	return t->done == TR_NONE && t->create_ok && t->abort_ok && t->complete == TR_NONE &&
	       t->fail_event == TR_NONE && saw_the_end(j) && c && unheard(j, c);
}

static enum tr_outcome outcome_of(const struct judge *j, const struct tr_call *c,
				  const struct tr_transfer_state *t)
{
	uint32_t at = t->complete_ok ? t->complete : t->put_ok ? t->put : t->get_ok ? t->get : TR_NONE;
	if (at == TR_NONE && t->state == XF_STATE_SUCCESS && t->done != TR_NONE)
		at = t->done;
	if (at != TR_NONE)
		return c && c->ret != TR_NONE && at > c->ret ? TR_STORED_LATER : TR_STORED;
	if (t->state == XF_STATE_CANCELLED && settled(t))
		return TR_CANCELLED;
	if (settled(t) && !cut_off(j, c, t) && !taken_back(j, c, t))
		return TR_FAILED;
	return saw_the_end(j) ? TR_LOST : TR_OUTCOME_UNKNOWN;
}

/* Of several transfers the worst, in this order. */
static int badness(enum tr_outcome o)
{
	static const int order[TR_OUTCOME_COUNT] = {
		[TR_STORED] = 0, [TR_STORED_LATER] = 1, [TR_OUTCOME_UNKNOWN] = 2,
		[TR_CANCELLED] = 3, [TR_FAILED] = 4, [TR_LOST] = 5 };
	return order[o];
}

static void find_outcome(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	v->outcome = v->nr_transfers ? TR_STORED : TR_OUTCOME_UNKNOWN;
	for (uint32_t i = 0; i < v->nr_transfers; i++) {
		const struct tr_transfer_state *t = &j->s->transfers[v->transfers[i]];
		enum tr_outcome o = outcome_of(j, c, t);
		if (badness(o) > badness(v->outcome))
			v->outcome = o;
		if (t->create_ok && !t->complete_ok && !t->abort_ok && t->upload_id && !*v->orphan &&
		    (saw_the_end(j) || settled(t)))
			snprintf(v->orphan, sizeof(v->orphan), "%s",
				 tr_log_text(j->log, t->process, t->upload_id));
	}
}

/* ---- visible */

static const char *bare(const char *etag, size_t *len)
{
	etag += *etag == '"';
	*len = strcspn(etag, "\"");
	return etag;
}

static bool same_etag(const char *a, const char *b)
{
	size_t na, nb;
	a = bare(a, &na);
	b = bare(b, &nb);
	return na == nb && memcmp(a, b, na) == 0;
}

static bool head_agrees(const struct judge *j, const struct tr_event *e, const struct tr_transfer_state *t)
{
	const struct xf_ev_object_head *h = TR_PAYLOAD(e, object_head);
	const char *seen = tr_log_text(j->log, e->process, h->etag);
	const char *sent = tr_log_text(j->log, t->process, t->etag);
	uint64_t size = t->size_known || !t->bytes_acked ? t->size : t->bytes_acked;
	return !h->failed && h->bytes == size && (!*seen || !*sent || same_etag(seen, sent));
}

/* A HEAD that was itself refused shows nothing. */
static bool head_tells(const struct xf_ev_object_head *h)
{
	return !h->failed || h->http_status == 404;
}

/*
 * What the HEADs show of one transfer: the one behind this call's return. Where there is none, the
 * object was seen before that, or its upload had not even begun. The tracer, process 0, looks for a
 * program that it traces.
 */
static enum tr_visible transfer_visible(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	enum tr_visible visible = TR_VISIBLE_UNKNOWN;
	for (uint32_t k = 0; k < j->nr_heads; k++) {
		struct tr_event e = tr_log_event(j->log, j->heads[k]);
		const struct xf_ev_object_head *h = TR_PAYLOAD(&e, object_head);
		if ((e.process && e.process != t->process) || h->transfer != t->id || !head_tells(h))
			continue;
		bool agrees = head_agrees(j, &e, t);
		if (h->call == c->id || (!h->call && is_whole_process(c)))
			return agrees ? TR_VISIBLE_YES : TR_VISIBLE_NO;
		if (agrees && (c->ret == TR_NONE || e.index < c->ret || is_whole_process(c)))
			visible = TR_VISIBLE_YES;
		else if (c->ret != TR_NONE && t->submit != TR_NONE && c->ret < t->submit)
			visible = TR_VISIBLE_NO;
	}
	return visible;
}

static void find_visible(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t agreed = 0, seen = 0;
	for (uint32_t i = 0; i < v->nr_transfers; i++) {
		enum tr_visible visible = transfer_visible(j, c, &j->s->transfers[v->transfers[i]]);
		seen += visible != TR_VISIBLE_UNKNOWN;
		agreed += visible == TR_VISIBLE_YES;
	}
	if (seen && (seen == v->nr_transfers || agreed < seen))
		v->visible = agreed == v->nr_transfers ? TR_VISIBLE_YES : TR_VISIBLE_NO;
}

/* ---- holds */

static bool is_own(const struct judge *j, const struct tr_verdict *v, uint32_t process, uint32_t id)
{
	uint32_t t = tr_state_transfer(j->all->model, j->s, process, id);
	for (uint32_t i = 0; i < v->nr_transfers; i++)
		/* the relay, process 0, holds what a probe in another process has numbered: one count for all */
		if (v->transfers[i] == t || (!process && j->s->transfers[v->transfers[i]].id == id))
			return true;
	return false;
}

/* The end of a hold: released or evaded, after it began. */
static void find_hold_end(const struct judge *j, struct tr_hold *hold, uint32_t process)
{
	for (uint32_t i = 0; i < j->nr_ends; i++) {
		struct tr_event e = tr_log_event(j->log, j->ends[i]);
		bool released = e.kind == XF_EV_released;
		uint32_t id = released ? TR_PAYLOAD(&e, released)->hold : TR_PAYLOAD(&e, hold_evaded)->hold;
		if (id != hold->hold || e.process != process || e.index < hold->held)
			continue;
		if (!released) {
			hold->evaded = true;
		} else if (hold->released == TR_NONE) {
			hold->released = e.index;
			hold->hold_ns = TR_PAYLOAD(&e, released)->held_ns;
		}
	}
}

static void gather_holds(struct judge *j, struct tr_verdict *v)
{
	uint32_t cap = 0;
	for (uint32_t i = 0; i < j->nr_holds; i++) {
		struct tr_event e = tr_log_event(j->log, j->holds[i]);
		const struct xf_ev_held *h = TR_PAYLOAD(&e, held);
		if (!is_own(j, v, e.process, h->transfer))
			continue;
		if (!tr_grow(&v->holds, v->nr_holds, &cap, sizeof(*v->holds))) {
			j->failed = true;
			return;
		}
		struct tr_hold *hold = &v->holds[v->nr_holds++];
		*hold = (struct tr_hold){ .hold = h->hold, .transfer = h->transfer, .part = h->part,
			.held = e.index, .released = TR_NONE,
			.return_ns = v->return_ns < 0 ? -1 : v->return_ns - v->enter_ns };
		find_hold_end(j, hold, e.process);
	}
}

/* The call came back while work of it was held, on another thread: it had not waited for that. */
static const struct tr_hold *outrun_hold(const struct judge *j, const struct tr_verdict *v,
					 const struct tr_call *c)
{
	for (uint32_t i = 0; i < v->nr_holds; i++) {
		const struct tr_hold *h = &v->holds[i];
		struct tr_event e = tr_log_event(j->log, h->held);
		/* the relay holds bytes, not a thread: then it is the connection's own */
		uint32_t number = TR_PAYLOAD(&e, held)->thread;
		uint32_t held = number ? tr_log_thread_find(j->log, number) : e.thread;
		if (!h->evaded && h->held > c->enter && h->held < c->ret && held != c->thread &&
		    (h->released == TR_NONE || h->released > c->ret))
			return h;
	}
	return NULL;
}

static bool any_evaded(const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_holds; i++)
		if (v->holds[i].evaded)
			return true;
	return false;
}

/* ---- time limits */

struct limits {
	const struct judge *j;
	const struct tr_call *call;
};

/*
 * Did the caller wait on that object again after a wait on it had run out? Then
 * the limit is a turn of a loop, and running out did not end the call.
 */
static bool is_loop(const struct judge *j, const struct tr_call *c, uint32_t wait)
{
	struct tr_event w = tr_log_event(j->log, wait);
	uint64_t how = 0;
	for (uint32_t i = wait; (i = tr_log_step(j->log, i, c->thread, -1)) != TR_NONE && i > c->enter;) {
		struct tr_event e = tr_log_event(j->log, i);
		if (e.object == w.object && w.object != TR_NONE && tr_event_field(&e, "how", &how) &&
		    how == XF_HOW_TIMED_OUT)
			return true;
	}
	return false;
}

static bool unlimited(const void *ctx, const struct tr_edge *edge)
{
	const struct limits *l = ctx;
	return !edge->timed || edge->to < l->call->enter ||
	       tr_log_thread_of(l->j->log, edge->to) != l->call->thread || is_loop(l->j, l->call, edge->wait);
}

/* Everything is ordered, but not without waits that would have given up: their longest limit. */
static bool needs_time_limit(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
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
static bool gave_up(struct judge *j, struct tr_verdict *v)
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

/* ---- evidence */

static void push_link(struct judge *j, struct tr_evidence *e, uint32_t *cap, uint32_t event, uint8_t edge)
{
	if (e->nr && e->chain[e->nr - 1].event == event) {
		e->chain[e->nr - 1].edge = edge;
		return;
	}
	if (!tr_grow(&e->chain, e->nr, cap, sizeof(*e->chain))) {
		j->failed = true;
		return;
	}
	e->chain[e->nr++] = (struct tr_link){ event, edge };
}

static void write_chain(struct judge *j, struct tr_evidence *e, const struct tr_chains *chains,
			uint32_t n, uint32_t end, uint32_t ret)
{
	uint32_t cap = 0;
	push_link(j, e, &cap, end, TR_EDGE_KIND_COUNT);
	for (uint32_t i = tr_chain_first(chains, n); i != TR_NONE; i = tr_chain_next(chains, i)) {
		const struct tr_edge *edge = tr_order_edge(j->order, i);
		push_link(j, e, &cap, edge->from, edge->kind);
		push_link(j, e, &cap, edge->to, TR_EDGE_KIND_COUNT);
	}
	push_link(j, e, &cap, ret, TR_EDGE_KIND_COUNT);
}

/* Parts first, in order of their numbers as they were found, then the rest. */
static void gather_evidence(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t *ends = malloc((v->nr_items + 1u) * sizeof(*ends));
	v->evidence = calloc(v->nr_items + 1u, sizeof(*v->evidence));
	struct tr_chains *chains = NULL;
	if (!ends || !v->evidence) {
		j->failed = true;
	} else {
		for (int pass = 0; pass < 2; pass++)
			for (uint32_t i = 0; i < v->nr_items; i++)
				if (v->items[i].ordered && (v->items[i].kind == TR_ITEM_PART) == !pass) {
					v->evidence[v->nr_evidence].item = i;
					ends[v->nr_evidence++] = v->items[i].end;
				}
		if (tr_order_chains(j->order, c->ret, ends, v->nr_evidence, &chains, j->err) != XF_OK)
			j->failed = true;
	}
	for (uint32_t i = 0; chains && i < v->nr_evidence && !j->failed; i++)
		write_chain(j, &v->evidence[i], chains, i, ends[i], c->ret);
	tr_chains_free(chains);
	free(ends);
}

/* ---- the rows */

/* A call whose name says that it uploads, and of which a tracer that missed nothing saw no request. */
static bool is_unsent(const struct judge *j, uint32_t call)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	const char *missed = tr_log_property(j->log, "incomplete");
	if (!missed || strcmp(missed, "0") != 0 || tr_log_lost(j->log) || is_whole_process(c) ||
	    !(strstr(c->name, "upload") || strstr(c->name, "put_object")))
		return false;
	for (uint32_t i = 0; i < j->s->nr_transfers; i++)
		if (belongs(j, call, i))
			return false;
	return true;
}

/* The exit status of the process a call was made in; -1: it is not known. */
static int32_t process_result(const struct judge *j, const struct tr_call *c)
{
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *o = tr_log_call(j->log, i);
		if (is_whole_process(o) && o->process == c->process && o->ret != TR_NONE)
			return o->result;
	}
	for (uint32_t i = tr_log_nr_events(j->log); i-- > 0;) {
		struct tr_event e = tr_log_event(j->log, i);
		if (e.kind == XF_EV_process_exit && (e.process == c->process || !e.process))
			return TR_PAYLOAD(&e, process_exit)->exit_status;
	}
	return -1;
}

static bool on_main(const struct judge *j, const struct tr_call *c)
{
	return strcmp(tr_log_thread(j->log, c->thread)->name, "main") == 0;
}

/*
 * Why the upload of a call of which nothing was sent is lost, NULL: it is not. A call that
 * raised has failed, and its caller knows; on a thread of its own, in a program that
 * ended with success, nobody did.
 */
static const char *why_unsent(const struct judge *j, uint32_t call)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	if (!is_unsent(j, call))
		return NULL;
	if (c->ret == TR_NONE)
		return saw_the_end(j) ? "it was entered and never returned: the program ended before anything "
					"of the upload was sent" : NULL;
	if (!raised(j, c))
		return "the call returned, the program ended, and nothing of the upload was ever sent";
	return !on_main(j, c) && process_result(j, c) == 0
		? "it failed on a thread of its own before anything was sent, and the program ended as if all were well"
		: NULL;
}

/* For the end of the program: the first call in it whose upload was never sent, TR_NONE. */
static uint32_t unsent_within(const struct judge *j, const struct tr_call *c)
{
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++)
		if (tr_log_call(j->log, i)->enter > c->enter && why_unsent(j, i))
			return i;
	return TR_NONE;
}

/* Without its module. */
static const char *bare_name(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon && colon[1] ? colon + 1 : name;
}

static bool row_never_sent(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	bool whole = c && is_whole_process(c) && c->ret != TR_NONE;
	uint32_t call = whole ? unsent_within(j, c) : c ? v->call : TR_NONE;
	const char *why = call == TR_NONE ? NULL : why_unsent(j, call);
	if (!why)
		return false;
	v->outcome = TR_LOST;
	v->answer = c->ret == TR_NONE ? TR_NOT_RETURNED : TR_DOES_NOT_BLOCK;
	v->basis = c->ret == TR_NONE ? TR_BASIS_NONE : TR_BASIS_WITNESS;
	if (whole)
		say(v, "it ended, and nothing of the upload of %.80s was ever sent", bare_name(tr_log_call(j->log, call)->name));
	else
		say(v, "%s", why);
	return true;
}

static bool row_unknown(struct judge *j, struct tr_verdict *v)
{
	char lost[224];
	if (v->call == TR_NONE) {
		say(v, "the trace holds no call: trace one with --call, or upload with `xferdb put`");
	} else if (tr_log_lost(j->log)) {
		say(v, "%s", tr_log_lost_sentence(j->log, lost, sizeof(lost)));
	} else if (!v->nr_transfers) {
		say(v, "no upload was seen in this call: name the call that uploads (--call), "
		       "and check that its traffic can be seen (`xferdb doctor`)");
	} else if (!v->nr_items) {
		say(v, "the transfer ended before it made a request: see its error, and try again");
	} else if (any_evaded(v)) {
		say(v, "a hold was evaded: the client gave up on the held request; hold for less time");
	} else {
		return false;
	}
	v->answer = TR_UNKNOWN;
	return true;
}

static bool row_not_returned(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t circle;
	if (c->ret != TR_NONE)
		return false;
	v->answer = TR_NOT_RETURNED;
	if (tr_waiting_chain(j->log, j->s, c->thread, &v->waiting_on, &v->nr_waiting, &circle, j->err) != XF_OK)
		j->failed = true;
	v->deadlock = circle != TR_NONE;
	v->deadlock_at = v->deadlock ? circle : 0;
	say(v, "the trace ends before the call returns%s%s", v->nr_waiting ? ": " : "",
	    v->nr_waiting ? v->waiting_on[v->nr_waiting - 1].text : "");
	return true;
}

static bool row_partly(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	bool late = count_late(v, false) > 0;
	bool partly = late ? gave_up(j, v) : all_ordered(v) && needs_time_limit(j, v, c);
	if (!partly)
		return false;
	v->answer = TR_BLOCKS_PARTLY;
	v->basis = late ? TR_BASIS_WITNESS : TR_BASIS_HAPPENS_BEFORE;
	v->limit = TR_LIMIT_TIME_OUT;
	say(v, late ? "the wait had a time limit of %" PRIu64 " ms and ran out; %u of the call's work items ended later"
		    : "the wait had a time limit of %" PRIu64 " ms; this time all of the work ended within it",
	    v->at_most_ms, count_late(v, false));
	return true;
}

/* The end of a program that cut its own upload off has not waited for it, whatever had an end by then. */
static bool row_cut_off(struct tr_verdict *v, const struct tr_call *c)
{
	if (!is_whole_process(c) || v->outcome != TR_LOST || count_late(v, false))
		return false;
	v->answer = TR_DOES_NOT_BLOCK;
	v->basis = TR_BASIS_WITNESS;
	say(v, "the program ended in the midst of its upload");
	return true;
}

static bool row_does_not_block(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	const struct tr_hold *hold = outrun_hold(j, v, c);
	uint32_t late = count_late(v, false), undone = count_late(v, true);
	if (!late && !hold)
		return false;
	v->answer = TR_DOES_NOT_BLOCK;
	v->basis = hold ? TR_BASIS_INTERVENTION : TR_BASIS_WITNESS;
	if (hold)
		say(v, "the call returned while part %u was held", hold->part);
	else if (undone)
		say(v, "%u of %u work items had not ended when the call returned, %u never did", late,
		    v->nr_items, undone);
	else
		say(v, "%u of %u work items ended after the call had returned", late, v->nr_items);
	return true;
}

/* The end of the last work item, if it ended on the calling thread itself, inside the call; TR_NONE. */
static uint32_t last_inline(const struct tr_verdict *v)
{
	const struct tr_item *last = NULL;
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (!last || v->items[i].end > last->end)
			last = &v->items[i];
	return last && last->inline_ ? last->end : TR_NONE;
}

/*
 * A loop that turns for everybody (an event loop, a driver of sockets) brings answers to the
 * calling thread though the call may wait for something else. If the thread polled while its
 * requests were under way, and lay down in other polls when they were over, program order
 * shows only that it was late. The same for one that looked after its sockets between sleeps.
 */
static bool turns_a_loop(const struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	enum { LAY_DOWN_NS = 1000000 };
	uint32_t last = last_inline(v);
	uint64_t lay = 0;
	bool polled = false, slept = false;
	for (uint32_t i = c->enter; last != TR_NONE && (i = tr_log_step(j->log, i, c->thread, 1)) != TR_NONE && i < c->ret;) {
		struct tr_event e = tr_log_event(j->log, i);
		bool poll = e.kind == XF_EV_poll;
		if (!poll && e.kind != XF_EV_sleep)
			continue;
		if (i < last)
			*(poll ? &polled : &slept) = true;
		else if (poll ? polled : slept)
			lay += poll ? TR_PAYLOAD(&e, poll)->waited_ns : TR_PAYLOAD(&e, sleep)->slept_ns;
	}
	return lay >= LAY_DOWN_NS;
}

static bool row_blocks(const struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	if (!all_ordered(v) || turns_a_loop(j, v, c))
		return false;
	v->answer = TR_BLOCKS;
	v->basis = all_inline(v) ? TR_BASIS_INLINE : TR_BASIS_HAPPENS_BEFORE;
	return true;
}

static void row_unproven(struct tr_verdict *v)
{
	uint32_t missing = 0;
	for (uint32_t i = 0; i < v->nr_items; i++)
		missing += !v->items[i].ordered;
	v->answer = TR_UNPROVEN;
	v->basis = TR_BASIS_TIMING;
	if (!missing)
		say(v, "the calling thread runs a loop, and waited on in it when all work had ended: nothing shows "
		       "that it waited for the upload; `xferdb prove` settles it");
	else
		say(v, "all work had ended before the return, but for %u of %u work items nothing shows that the "
	       "call waited for them; `xferdb prove` settles it", missing, v->nr_items);
}

static uint32_t *item_ends(struct judge *j, const struct tr_verdict *v)
{
	uint32_t *ends = malloc((v->nr_items + 1u) * sizeof(*ends));
	j->failed = j->failed || !ends;
	for (uint32_t i = 0; ends && i < v->nr_items; i++)
		ends[i] = v->items[i].end;
	return ends;
}

/* Everything the rows ask for. */
static void examine(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	v->enter_ns = tr_log_time(j->log, c->enter);
	v->return_ns = c->ret == TR_NONE ? -1 : tr_log_time(j->log, c->ret);
	gather_work(j, v);
	gather_holds(j, v);
	tr_clock_reset(&j->past);
	if (c->ret != TR_NONE)
		tr_order_past(j->order, c->ret, &j->past, NULL, NULL);
	place_items(j, v, c);
	find_outcome(j, v, c);
	find_visible(j, v, c);
	uint32_t *ends = c->ret == TR_NONE ? NULL : item_ends(j, v);
	if (ends && !j->failed &&
	    tr_barriers_find(j->log, j->order, c->thread, c->enter, c->ret, ends, v->nr_items,
			     &v->barriers, j->err) != XF_OK)
		j->failed = true;
	free(ends);
}

static void judge_call(struct judge *j, struct tr_verdict *v, uint32_t call)
{
	const struct tr_call *c = call == TR_NONE ? NULL : tr_log_call(j->log, call);
	*v = (struct tr_verdict){ .call = call, .enter_ns = 0, .return_ns = -1 };
	if (c)
		examine(j, v, c);
	if (j->failed || row_never_sent(j, v, c) || row_unknown(j, v) || row_not_returned(j, v, c))
		return;
	if (!row_cut_off(v, c) && !row_partly(j, v, c) && !row_does_not_block(j, v, c) && !row_blocks(j, v, c))
		row_unproven(v);
	if (v->answer == TR_BLOCKS || v->answer == TR_BLOCKS_PARTLY)
		gather_evidence(j, v, c);
}

/* ---- all calls */

static void note_events(struct judge *j)
{
	for (uint32_t i = 0, nr = tr_log_nr_events(j->log); i < nr && !j->failed; i++) {
		enum xf_kind kind = tr_log_kind(j->log, i);
		if (kind == XF_EV_object_head) {
			struct tr_event e = tr_log_event(j->log, i);
			if (TR_PAYLOAD(&e, object_head)->verify)
				push(j, &j->heads, &j->nr_heads, &j->cap_heads, i);
		} else if (kind == XF_EV_held) {
			push(j, &j->holds, &j->nr_holds, &j->cap_holds, i);
		} else if (kind == XF_EV_released || kind == XF_EV_hold_evaded) {
			push(j, &j->ends, &j->nr_ends, &j->cap_ends, i);
		}
	}
}

static bool prepare(struct judge *j)
{
	uint32_t calls = tr_log_nr_calls(j->log);
	j->all->list = calloc(calls + 1u, sizeof(*j->all->list));
	if (tr_model_new(j->log, &j->all->model, j->err) != XF_OK ||
	    tr_order_new(j->log, &j->all->order, j->err) != XF_OK || !j->all->list)
		return false;
	j->order = j->all->order;
	j->s = j->all->final = tr_model_at(j->all->model, tr_log_nr_events(j->log), j->err);
	if (!j->s || !tr_clock_init(&j->past, tr_log_nr_threads(j->log)))
		return false;
	j->owner = malloc((j->s->nr_transfers + 1u) * sizeof(*j->owner));
	j->outer = malloc((calls + 1u) * sizeof(*j->outer));
	if (!j->owner || !j->outer)
		return false;
	for (uint32_t i = 0; i < j->s->nr_transfers; i++)
		j->owner[i] = call_of_submit(j, &j->s->transfers[i]);
	for (uint32_t i = 0; i < calls; i++)
		j->outer[i] = enclosing(j, i);
	note_events(j);
	return !j->failed;
}

/*
 * An implicit call gives way to those that were named or known, unless one of them
 * ran on another thread: then both are said, as the program's own thread may not wait for it.
 */
static bool is_judged(const struct judge *j, uint32_t call)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	bool others = false;
	for (uint32_t i = 0; c->implicit && i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *o = tr_log_call(j->log, i);
		if (!o->implicit && o->thread != c->thread)
			return true;
		others = others || !o->implicit;
	}
	return !others;
}

enum xf_status tr_verdicts_compute(const struct tr_log *log, struct tr_verdicts *out,
				   struct xf_error *err)
{
	struct judge j = { .log = log, .all = out, .err = err };
	uint32_t calls = tr_log_nr_calls(log);
	*out = (struct tr_verdicts){ .nr = 0 };
	j.failed = !prepare(&j);
	for (uint32_t i = 0; i < calls && !j.failed; i++)
		if (is_judged(&j, i))
			judge_call(&j, &out->list[out->nr++], i);
	if (!calls && !j.failed)
		judge_call(&j, &out->list[out->nr++], TR_NONE);
	tr_clock_fini(&j.past);
	free(j.owner);
	free(j.outer);
	free(j.heads);
	free(j.holds);
	free(j.ends);
	if (j.failed) {
		tr_verdicts_fini(out);
		return xf_fail(err, XF_NOMEM, "no memory for the verdict");
	}
	return XF_OK;
}

void tr_verdicts_fini(struct tr_verdicts *all)
{
	for (uint32_t i = 0; i < all->nr; i++) {
		struct tr_verdict *v = &all->list[i];
		for (uint32_t k = 0; k < v->nr_evidence; k++)
			free(v->evidence[k].chain);
		free(v->evidence);
		free(v->items);
		free(v->holds);
		free(v->transfers);
		free(v->waiting_on);
		tr_barriers_fini(&v->barriers);
	}
	free(all->list);
	tr_model_free(all->model);
	tr_order_free(all->order);
	*all = (struct tr_verdicts){ .nr = 0 };
}
