#include "tracer/export/driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"

/* Spans that nest on one thread: [0] is the thread's own. */
struct stack {
	struct tr_span *list;
	uint32_t nr, cap;
	int64_t at_ns; /* time of its last event, never backwards */
};

struct tr_spans {
	struct stack *threads;
	struct tr_span *apart;   /* open spans that overlap, unordered */
	uint32_t nr_apart, cap_apart;
	uint64_t next_id;
	uint32_t edge;           /* the next of the order's to be shown */
	uint64_t acknowledged;   /* bytes */
	uint32_t attempts;       /* open */
};

const char *tr_span_kind_name(enum tr_span_kind k)
{
	static const char *const names[] = { "thread", "call", "frame", "read", "wait", "transfer", "part", "request" };
	_Static_assert(sizeof(names) / sizeof(*names) == TR_SPAN_KIND_COUNT, "one name a kind");
	return k < TR_SPAN_KIND_COUNT ? names[k] : "";
}

void tr_export_fail(struct tr_export *x, enum xf_status status, const char *text)
{
	if (!x->status)
		x->status = xf_fail(x->err, status, "%s", text);
}

static void no_memory(struct tr_export *x)
{
	tr_export_fail(x, XF_NOMEM, "no memory for the export");
}

uint32_t tr_export_depth(const struct tr_export *x, uint32_t thread)
{
	return x->spans->threads[thread].nr;
}

const struct tr_span *tr_export_open(const struct tr_export *x, uint32_t thread, uint32_t depth)
{
	return &x->spans->threads[thread].list[depth];
}

/* A thread's own span is a little longer than its events, so that each lies strictly inside. */
int64_t tr_export_thread_begin_ns(const struct tr_log *log, uint32_t thread)
{
	uint32_t first = tr_log_thread(log, thread)->first;
	int64_t ns = first == TR_NONE ? 0 : tr_log_time(log, first) - 2;
	return ns > 0 ? ns : 0;
}

int64_t tr_export_thread_end_ns(const struct tr_log *log, uint32_t thread)
{
	const struct tr_thread *t = tr_log_thread(log, thread);
	int64_t first, last;
	if (t->last == TR_NONE)
		return 0;
	first = tr_log_time(log, t->first);
	last = tr_log_time(log, t->last);
	return (last > first ? last : first) + 4;
}

const struct tr_transfer_state *tr_export_transfer(const struct tr_export *x, uint32_t process, uint32_t id)
{
	const struct tr_state *s = x->verdicts ? x->verdicts->final : NULL;
	for (uint32_t i = 0; s && i < s->nr_transfers; i++)
		if (s->transfers[i].process == process && s->transfers[i].id == id)
			return &s->transfers[i];
	return NULL;
}

/* ---- names */

static void wait_name(const struct tr_export *x, const struct tr_event *e, char *buf, size_t cap)
{
	uint64_t thread;
	if (e->object != TR_NONE && *tr_log_object(x->log, e->object)->name)
		snprintf(buf, cap, "wait %.80s", tr_log_object(x->log, e->object)->name);
	else if (e->kind == XF_EV_join_begin && tr_event_field(e, "id", &thread) &&
		 tr_log_thread_find(x->log, (uint32_t)thread) != TR_NONE)
		snprintf(buf, cap, "join %.80s", tr_log_thread(x->log, tr_log_thread_find(x->log, (uint32_t)thread))->name);
	else if (e->object != TR_NONE)
		snprintf(buf, cap, "%s #%u", xf_kind_info(e->kind)->name, tr_log_object(x->log, e->object)->id);
	else
		snprintf(buf, cap, "%s", xf_kind_info(e->kind)->name);
}

static void read_name(const struct xf_ev_part_reading *r, char *buf, size_t cap)
{
	if (r->part)
		snprintf(buf, cap, "%s part %u", r->hashing ? "hash" : "read", r->part);
	else
		snprintf(buf, cap, "read the source");
}

static void name_span(const struct tr_export *x, const struct tr_event *e, struct tr_span *s)
{
	const char *text;
	switch (s->kind) {
	case TR_SPAN_THREAD:
		snprintf(s->name, sizeof(s->name), "%.90s", tr_log_thread(x->log, s->thread)->name);
		break;
	case TR_SPAN_CALL:
		text = tr_log_text(x->log, e->process, TR_PAYLOAD(e, call_enter)->label);
		snprintf(s->name, sizeof(s->name), "%.90s", *text ? text : "call");
		break;
	case TR_SPAN_FRAME:
		text = tr_event_site(x->log, e).function;
		snprintf(s->name, sizeof(s->name), "%.90s", *text ? text : "frame");
		break;
	case TR_SPAN_READ:
		read_name(TR_PAYLOAD(e, part_reading), s->name, sizeof(s->name));
		break;
	case TR_SPAN_WAIT:
		wait_name(x, e, s->name, sizeof(s->name));
		break;
	case TR_SPAN_TRANSFER:
		snprintf(s->name, sizeof(s->name), "transfer %u", s->transfer);
		break;
	case TR_SPAN_ATTEMPT:
		snprintf(s->name, sizeof(s->name), "part %u", s->part);
		break;
	default:
		snprintf(s->name, sizeof(s->name), "%s", s->op == XF_OP_NONE ? "request" : xf_op_name(s->op));
	}
}

/* ---- spans that nest */

static void show_begin(struct tr_export *x, const struct tr_span *s)
{
	if (x->as->span_begin)
		x->as->span_begin(x, s);
}

static void show_end(struct tr_export *x, const struct tr_span *s)
{
	if (x->as->span_end)
		x->as->span_end(x, s);
}

static uint64_t call_span_of(const struct tr_export *x, uint32_t thread)
{
	const struct stack *st = &x->spans->threads[thread];
	for (uint32_t i = st->nr; i-- > 0;)
		if (st->list[i].kind == TR_SPAN_CALL)
			return st->list[i].id;
	return 0;
}

static struct tr_span fresh(struct tr_export *x, const struct tr_event *e, enum tr_span_kind kind)
{
	return (struct tr_span){ .kind = kind, .id = ++x->spans->next_id, .thread = e->thread,
				 .begin = e->index, .end = TR_NONE, .begin_ns = x->now_ns, .end_ns = -1,
				 .process = e->process, .transfer = TR_NONE, .call = TR_NONE };
}

static void push(struct tr_export *x, const struct tr_event *e, enum tr_span_kind kind)
{
	struct stack *st = &x->spans->threads[e->thread];
	if (!tr_grow(&st->list, st->nr, &st->cap, sizeof(*st->list))) {
		no_memory(x);
		return;
	}
	struct tr_span *s = &st->list[st->nr];
	*s = fresh(x, e, kind);
	s->parent = st->nr ? st->list[st->nr - 1].id : 0;
	if (kind == TR_SPAN_THREAD)
		s->begin_ns = tr_export_thread_begin_ns(x->log, e->thread);
	for (uint32_t i = 0; kind == TR_SPAN_CALL && i < tr_log_nr_calls(x->log); i++)
		if (tr_log_call(x->log, i)->enter == e->index)
			s->call = i;
	name_span(x, e, s);
	st->nr++;
	show_begin(x, s);
}

/* Closes the innermost; end: the event that did, TR_NONE when nothing of its own did. */
static void pop(struct tr_export *x, uint32_t thread, uint32_t end, int64_t now_ns)
{
	struct stack *st = &x->spans->threads[thread];
	struct tr_span *s = &st->list[st->nr - 1];
	s->end = end;
	s->end_ns = now_ns;
	show_end(x, s);
	st->nr--;
}

static bool closes(const struct tr_export *x, const struct tr_span *s, const struct tr_event *e,
		   enum xf_kind opener)
{
	struct tr_event o;
	if (s->kind == TR_SPAN_THREAD)
		return false;
	if (tr_log_kind(x->log, s->begin) != opener)
		return false;
	o = tr_log_event(x->log, s->begin);
	if (opener == XF_EV_call_enter)
		return TR_PAYLOAD(&o, call_enter)->call == TR_PAYLOAD(e, call_return)->call;
	return o.object == e->object;
}

/* The kind that opens the span this one closes; XF_EV_none. */
static enum xf_kind opener_of(enum xf_kind kind)
{
	switch (kind) {
	case XF_EV_call_return: return XF_EV_call_enter;
	case XF_EV_frame_leave: return XF_EV_frame_enter;
	case XF_EV_part_read: return XF_EV_part_reading;
	default: return tr_wait_of(kind);
	}
}

static enum tr_span_kind opens(enum xf_kind kind)
{
	if (kind == XF_EV_call_enter)
		return TR_SPAN_CALL;
	if (kind == XF_EV_frame_enter)
		return TR_SPAN_FRAME;
	if (kind == XF_EV_part_reading)
		return TR_SPAN_READ;
	return xf_kind_info(kind)->role == XF_ROLE_WAIT ? TR_SPAN_WAIT : TR_SPAN_KIND_COUNT;
}

static enum tr_place close_nested(struct tr_export *x, const struct tr_event *e)
{
	struct stack *st = &x->spans->threads[e->thread];
	enum xf_kind opener = opener_of(e->kind);
	uint32_t depth = st->nr;
	if (opener == XF_EV_none)
		return TR_PLACE_INSIDE;
	while (depth > 0 && !closes(x, &st->list[depth - 1], e, opener))
		depth--;
	if (!depth)
		return TR_PLACE_INSIDE;
	while (st->nr > depth)
		pop(x, e->thread, TR_NONE, x->now_ns);
	if (opener == XF_EV_call_enter)
		st->list[st->nr - 1].failed = TR_PAYLOAD(e, call_return)->result != 0;
	pop(x, e->thread, e->index, x->now_ns);
	return TR_PLACE_CLOSES;
}

/* ---- spans that overlap */

static void counter(struct tr_export *x, const struct tr_event *e, const char *name, int64_t value)
{
	if (x->as->counter)
		x->as->counter(x, e, name, value);
}

static struct tr_span *apart_find(struct tr_export *x, enum tr_span_kind kind, const struct tr_event *e,
				  uint32_t transfer, uint32_t part, uint32_t request)
{
	for (uint32_t i = x->spans->nr_apart; i-- > 0;) {
		struct tr_span *s = &x->spans->apart[i];
		if (s->kind == kind && s->process == e->process &&
		    (kind == TR_SPAN_REQUEST ? s->request == request
					     : s->transfer == transfer && s->part == part))
			return s;
	}
	return NULL;
}

static void apart_end(struct tr_export *x, struct tr_span *s, uint32_t end, int64_t now_ns)
{
	if (!s)
		return;
	s->end = end;
	s->end_ns = now_ns;
	x->spans->attempts -= s->kind == TR_SPAN_ATTEMPT;
	show_end(x, s);
	*s = x->spans->apart[--x->spans->nr_apart];
}

/* The span this one belongs to: the attempt, the transfer, the call. */
static uint64_t apart_parent(struct tr_export *x, const struct tr_event *e, const struct tr_span *s)
{
	struct tr_span *p = NULL;
	if (s->kind == TR_SPAN_REQUEST && s->part)
		p = apart_find(x, TR_SPAN_ATTEMPT, e, s->transfer, s->part, 0);
	if (!p && s->kind != TR_SPAN_TRANSFER)
		p = apart_find(x, TR_SPAN_TRANSFER, e, s->transfer, 0, 0);
	return p ? p->id : call_span_of(x, e->thread);
}

static void apart_begin(struct tr_export *x, const struct tr_event *e, enum tr_span_kind kind,
			const struct tr_span *what)
{
	if (!tr_grow(&x->spans->apart, x->spans->nr_apart, &x->spans->cap_apart, sizeof(*x->spans->apart))) {
		no_memory(x);
		return;
	}
	struct tr_span s = fresh(x, e, kind);
	s.transfer = what->transfer;
	s.part = what->part;
	s.attempt = what->attempt;
	s.request = what->request;
	s.op = what->op;
	s.parent = apart_parent(x, e, &s);
	name_span(x, e, &s);
	x->spans->apart[x->spans->nr_apart++] = s;
	x->spans->attempts += kind == TR_SPAN_ATTEMPT;
	show_begin(x, &s);
}

static void attempt_end(struct tr_export *x, const struct tr_event *e)
{
	uint64_t transfer = 0, part = 0;
	tr_event_field(e, "transfer", &transfer);
	tr_event_field(e, "part", &part);
	struct tr_span *s = apart_find(x, TR_SPAN_ATTEMPT, e, (uint32_t)transfer, (uint32_t)part, 0);
	if (s)
		s->failed = e->kind != XF_EV_part_done;
	apart_end(x, s, e->index, x->now_ns);
}

static void close_apart(struct tr_export *x, const struct tr_event *e)
{
	struct tr_span *s;
	switch (e->kind) {
	case XF_EV_done:
		s = apart_find(x, TR_SPAN_TRANSFER, e, TR_PAYLOAD(e, done)->transfer, 0, 0);
		if (s)
			s->failed = TR_PAYLOAD(e, done)->state != XF_STATE_SUCCESS;
		apart_end(x, s, e->index, x->now_ns);
		break;
	case XF_EV_part_done: case XF_EV_part_failed: case XF_EV_part_retry: case XF_EV_part_skipped:
		attempt_end(x, e);
		break;
	case XF_EV_response:
		s = apart_find(x, TR_SPAN_REQUEST, e, 0, 0, TR_PAYLOAD(e, response)->request);
		if (s)
			s->failed = TR_PAYLOAD(e, response)->http_status < 200 ||
				    TR_PAYLOAD(e, response)->http_status > 299;
		apart_end(x, s, e->index, x->now_ns);
		break;
	default:
		break;
	}
}

static void open_apart(struct tr_export *x, const struct tr_event *e)
{
	struct tr_span s = { .transfer = TR_NONE };
	switch (e->kind) {
	case XF_EV_submit:
		s.transfer = TR_PAYLOAD(e, submit)->transfer;
		apart_begin(x, e, TR_SPAN_TRANSFER, &s);
		break;
	case XF_EV_part_start:
		s.transfer = TR_PAYLOAD(e, part_start)->transfer;
		s.part = TR_PAYLOAD(e, part_start)->part;
		s.attempt = TR_PAYLOAD(e, part_start)->attempt;
		apart_end(x, apart_find(x, TR_SPAN_ATTEMPT, e, s.transfer, s.part, 0), TR_NONE, x->now_ns);
		apart_begin(x, e, TR_SPAN_ATTEMPT, &s);
		break;
	case XF_EV_request_start:
		s.transfer = TR_PAYLOAD(e, request_start)->transfer;
		s.part = TR_PAYLOAD(e, request_start)->part;
		s.attempt = TR_PAYLOAD(e, request_start)->attempt;
		s.request = TR_PAYLOAD(e, request_start)->request;
		s.op = (enum xf_op)TR_PAYLOAD(e, request_start)->op;
		apart_end(x, apart_find(x, TR_SPAN_REQUEST, e, 0, 0, s.request), TR_NONE, x->now_ns);
		apart_begin(x, e, TR_SPAN_REQUEST, &s);
		break;
	default:
		break;
	}
}

/* ---- counters */

static void counters(struct tr_export *x, const struct tr_event *e, uint32_t attempts_before)
{
	char name[128];
	uint64_t value;
	bool sem = e->kind == XF_EV_sem_init || e->kind == XF_EV_sem_post || e->kind == XF_EV_sem_acquired;
	if (sem && e->object != TR_NONE && *tr_log_object(x->log, e->object)->name &&
	    tr_event_field(e, "value", &value)) {
		snprintf(name, sizeof(name), "sem %.100s", tr_log_object(x->log, e->object)->name);
		counter(x, e, name, (int64_t)value);
	}
	if (x->spans->attempts != attempts_before)
		counter(x, e, "parts in flight", x->spans->attempts);
	if (e->kind == XF_EV_part_done) {
		x->spans->acknowledged += TR_PAYLOAD(e, part_done)->bytes;
		counter(x, e, "bytes acknowledged", (int64_t)x->spans->acknowledged);
	}
}

/* ---- the pass */

static bool matches(const struct tr_export *x, uint32_t event)
{
	struct tr_event e;
	if (!x->filter)
		return true;
	e = tr_log_event(x->log, event);
	return tr_filter_match(x->filter, x->log, &e);
}

static void edges_to(struct tr_export *x, uint32_t event)
{
	const struct tr_order *o = x->verdicts ? x->verdicts->order : NULL;
	if (!o || !x->as->edge)
		return;
	for (; x->spans->edge < tr_order_nr_edges(o); x->spans->edge++) {
		const struct tr_edge *edge = tr_order_edge(o, x->spans->edge);
		if (edge->to > event)
			break;
		if (edge->to == event && matches(x, edge->from))
			x->as->edge(x, edge);
	}
}

static void show_event(struct tr_export *x, const struct tr_event *e)
{
	struct stack *st = &x->spans->threads[e->thread];
	uint32_t attempts = x->spans->attempts;
	enum tr_place place;
	st->at_ns = e->t_ns > st->at_ns ? e->t_ns : st->at_ns;
	x->now_ns = st->at_ns;
	if (!st->nr)
		push(x, e, TR_SPAN_THREAD);
	place = close_nested(x, e);
	close_apart(x, e);
	if (opens(e->kind) != TR_SPAN_KIND_COUNT)
		place = TR_PLACE_OPENS;
	if (x->as->event)
		x->as->event(x, e, place);
	if (place == TR_PLACE_OPENS)
		push(x, e, opens(e->kind));
	open_apart(x, e);
	counters(x, e, attempts);
	edges_to(x, e->index);
}

/* What nothing has ended ends with the trace. */
static void close_all(struct tr_export *x)
{
	uint32_t nr = tr_log_nr_events(x->log);
	int64_t end = nr ? tr_log_time(x->log, nr - 1) : 0;
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		int64_t last = tr_export_thread_end_ns(x->log, i);
		while (x->spans->threads[i].nr && !x->status)
			pop(x, i, TR_NONE, last);
	}
	while (x->spans->nr_apart && !x->status)
		apart_end(x, &x->spans->apart[x->spans->nr_apart - 1], TR_NONE, end);
}

static void spans_free(struct tr_export *x)
{
	for (uint32_t i = 0; x->spans && x->spans->threads && i < tr_log_nr_threads(x->log); i++)
		free(x->spans->threads[i].list);
	if (x->spans) {
		free(x->spans->threads);
		free(x->spans->apart);
	}
	free(x->spans);
	x->spans = NULL;
}

static bool spans_new(struct tr_export *x)
{
	x->spans = calloc(1, sizeof(*x->spans));
	if (x->spans)
		x->spans->threads = calloc(tr_log_nr_threads(x->log) + 1u, sizeof(*x->spans->threads));
	if (!x->spans || !x->spans->threads)
		no_memory(x);
	return !x->status;
}

static void pass(struct tr_export *x)
{
	uint32_t nr = tr_log_nr_events(x->log);
	for (uint32_t i = 0; i < nr && !x->status; i++) {
		struct tr_event e;
		if (x->only_thread != TR_NONE && tr_log_thread_of(x->log, i) != x->only_thread)
			continue;
		e = tr_log_event(x->log, i);
		if (x->filter && !tr_filter_match(x->filter, x->log, &e))
			continue;
		show_event(x, &e);
		if (x->out && ferror(x->out))
			x->status = xf_fail_errno(x->err, XF_IO, errno, "the export could not be written");
	}
	close_all(x);
}

enum xf_status tr_export_run(struct tr_export *x)
{
	if (spans_new(x)) {
		if (x->as->begin)
			x->as->begin(x);
		if (!x->status)
			pass(x);
		if (x->as->end)
			x->as->end(x);
	}
	spans_free(x);
	if (x->out && (fflush(x->out) || ferror(x->out)) && !x->status)
		x->status = xf_fail_errno(x->err, XF_IO, errno, "the export could not be written");
	return x->status;
}
