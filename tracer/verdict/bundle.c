/*
 * bundle: lines of JSON: a head, the threads and objects, the events needed in their order, the signal edges, the
 * verdicts; last the SHA-256 of all bytes before it. Numbers are raw, threads and objects by index.
 */
#include "tracer/verdict/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/s3/checksum.h"
#include "tracer/export/text.h"
#include "tracer/trace/map.h"
#include "tracer/verdict/judge.h"
#include "tracer/verdict/order_private.h"

struct bundle {
	const struct tr_log *log;
	const struct tr_verdicts *v;
	unsigned char *needed;   /* a bit an event */
	unsigned char *counted;  /* by object: its whole history matters */
	unsigned char *reader;   /* by thread: a bytes edge leads there, or it drives requests; it may be a loop */
	uint32_t end;            /* one past the last event that can matter */
	struct tr_map requests;  /* (process, request) of those that matter */
	bool failed;
	char *line;              /* the line at hand */
	size_t len;
	FILE *m, *out;
	struct xf_hasher hasher;
};

static void need(struct bundle *b, uint32_t event)
{
	if (event != TR_NONE)
		b->needed[event / 8] |= (unsigned char)(1 << event % 8);
}

/* ---- which events */

static bool is_work(enum xf_kind kind)
{
	switch (kind) {
	case XF_EV_call_enter: case XF_EV_call_return: case XF_EV_submit: case XF_EV_plan: case XF_EV_status: case XF_EV_done:
	case XF_EV_part_queued: case XF_EV_part_start: case XF_EV_part_done: case XF_EV_part_failed: case XF_EV_part_skipped:
	case XF_EV_multipart_create: case XF_EV_multipart_complete: case XF_EV_multipart_abort: case XF_EV_object_put:
	case XF_EV_object_get: case XF_EV_object_head: case XF_EV_held: case XF_EV_released: case XF_EV_hold_evaded: case XF_EV_lost:
	case XF_EV_process_exit: case XF_EV_process_wait: case XF_EV_request_start: case XF_EV_response:
	case XF_EV_timer: case XF_EV_process_start: case XF_EV_exec:
		return true;
	default:
		return false;
	}
}

/* It carries nothing, but its wait had a limit, in a call that is judged (hinge.c). */
static bool hinges(const struct bundle *b, const struct tr_edge *e)
{
	for (uint32_t i = 0; e->kind == TR_EDGE_CONDITION && e->timed && i < b->v->nr; i++) {
		const struct tr_call *c = b->v->list[i].call == TR_NONE ? NULL : tr_log_call(b->log, b->v->list[i].call);
		if (c && c->thread == tr_log_thread_of(b->log, e->to) && c->enter < e->wait && c->ret != TR_NONE && e->to < c->ret)
			return true;
	}
	return false;
}

static bool shown(const struct bundle *b, const struct tr_edge *e)
{
	return (e->class == XF_CLASS_SIGNAL || hinges(b, e)) && e->to < b->end;
}

/* Where a wake carries no further; that of bytes and processes follows from the events. */
static uint32_t until_of(const struct bundle *b, uint32_t edge)
{
	uint8_t kind = tr_order_edge(b->v->order, edge)->kind;
	bool wake = kind == TR_EDGE_CONDITION || kind == TR_EDGE_SEMAPHORE;
	uint32_t until = wake && tr_order_rival(b->v->order, edge) == TR_NONE ? tr_order_until(b->v->order, edge) : TR_NONE;
	return until < b->end ? until : TR_NONE;
}

static void choose_edges(struct bundle *b)
{
	for (uint32_t i = 0; i < tr_order_nr_edges(b->v->order); i++) {
		const struct tr_edge *e = tr_order_edge(b->v->order, i);
		struct tr_event to;
		if (!shown(b, e))
			continue;
		need(b, e->from);
		need(b, e->to);
		need(b, e->wait);
		need(b, until_of(b, i));
		need(b, tr_order_rival(b->v->order, i));
		to = tr_log_event(b->log, e->to);
		b->reader[to.thread] |= e->kind == TR_EDGE_BYTES;
		if (to.object != TR_NONE && e->class == XF_CLASS_SIGNAL && (e->kind == TR_EDGE_SEMAPHORE || e->kind == TR_EDGE_CONDITION))
			b->counted[to.object] = 1;
	}
}

/* Up to the last return, and to the last submit: whose it is follows from the order, where it does not say; and all where what began in a call does. */
static uint32_t end_of_edges(const struct bundle *b)
{
	uint32_t end = 0;
	for (uint32_t i = 0; i < b->v->nr; i++)
		if (b->v->list[i].carried)
			return tr_log_nr_events(b->log);
	for (uint32_t i = 0; i < tr_log_nr_calls(b->log); i++)
		if (tr_log_call(b->log, i)->ret != TR_NONE && tr_log_call(b->log, i)->ret >= end)
			end = tr_log_call(b->log, i)->ret + 1;
	for (uint32_t i = tr_log_nr_events(b->log); i-- > end;)
		if (tr_log_kind(b->log, i) == XF_EV_submit)
			return i + 1;
	return end;
}

/* Polls and sleeps of a calling thread tell a loop from a wait. */
static void choose_polls(struct bundle *b, const struct tr_call *c)
{
	for (uint32_t i = c->enter; c->ret != TR_NONE && (i = tr_log_step(b->log, i, c->thread, 1)) != TR_NONE && i < c->ret;)
		if (tr_log_kind(b->log, i) == XF_EV_poll || tr_log_kind(b->log, i) == XF_EV_sleep)
			need(b, i);
}

/* The request that makes an object, or asks what there is; its last byte, and its answer. */
static void choose_request(struct bundle *b, const struct tr_event *e)
{
	uint64_t number = 0, op = 0;
	if (xf_kind_info(e->kind)->group != XF_GROUP_REQUEST || !tr_event_field(e, "request", &number))
		return;
	uint64_t key = tr_pair(e->process, (uint32_t)number);
	if (e->kind == XF_EV_request_start && tr_event_field(e, "op", &op) &&
	    (op == XF_OP_COMPLETE_MULTIPART_UPLOAD || op == XF_OP_PUT_OBJECT || op == XF_OP_COPY_OBJECT || op == XF_OP_LIST_OBJECTS))
		b->failed = !tr_map_set(&b->requests, key, e->index) || b->failed;
	if ((e->kind == XF_EV_request_start || e->kind == XF_EV_body_sent || e->kind == XF_EV_response) &&
	    tr_map_get(&b->requests, key) != TR_MAP_NONE)
		need(b, e->index);
}

static void choose(struct bundle *b)
{
	b->end = end_of_edges(b);
	choose_edges(b);
	for (uint32_t i = 0; i < tr_log_nr_threads(b->log); i++)
		b->reader[i] |= tr_order_serves(b->v->order, i);
	for (uint32_t i = 0; i < tr_log_nr_calls(b->log); i++)
		choose_polls(b, tr_log_call(b->log, i));
	for (uint32_t i = 0; i < tr_log_nr_events(b->log); i++) {
		struct tr_event e = tr_log_event(b->log, i);
		bool lay = e.kind == XF_EV_poll || e.kind == XF_EV_sleep || e.kind == XF_EV_fd_read;
		bool counts = e.object != TR_NONE && b->counted[e.object];
		bool job = e.kind == XF_EV_queue_get && tr_order_takes_job(b->log, &e);
		if (is_work(e.kind) || (i < b->end && (counts || job || (lay && b->reader[e.thread]))))
			need(b, i);
		choose_request(b, &e);
	}
}

/* ---- lines */

static void line_end(struct bundle *b)
{
	putc('\n', b->m);
	fflush(b->m);
	xf_hasher_update(&b->hasher, b->line, b->len);
	fwrite(b->line, 1, b->len, b->out);
	rewind(b->m);
}

static void put_index(FILE *m, const char *key, uint32_t index)
{
	if (index == TR_NONE)
		fprintf(m, ",\"%s\":null", key);
	else
		fprintf(m, ",\"%s\":%" PRIu32, key, index);
}

static void put_head(struct bundle *b)
{
	const struct xf_file_header *h = tr_log_header(b->log);
	fprintf(b->m, "{\"bundle\":2,\"xferdb\":\"" XFERDB_VERSION "\",\"trace_version\":%u,\"layout\":%" PRIu32 ",\"epoch_unix_ns\":\"%" PRIu64
		"\",\"events\":%" PRIu32 ",\"lost\":%" PRIu64 ",\"ended\":%s,\"missed\":%s,\"unread\":%s}", XF_TRACE_VERSION, h->layout, h->real_ns,
		tr_log_nr_events(b->log), tr_log_lost(b->log), tr_log_ended(b->log) ? "true" : "false",
		tr_log_property(b->log, "incomplete") ? tr_log_property(b->log, "incomplete") : "null",
		tr_log_property(b->log, "unread") ? "true" : "false");
	line_end(b);
}

static void put_tables(struct bundle *b)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(b->log); i++) {
		const struct tr_thread *t = tr_log_thread(b->log, i);
		fprintf(b->m, "{\"thread\":%" PRIu32 ",\"process\":%" PRIu32 ",\"pid\":%" PRIu32 ",\"name\":", i, t->process, t->pid);
		tr_put_json(b->m, t->name);
		put_index(b->m, "first", t->first);
		put_index(b->m, "last", t->last);
		putc('}', b->m);
		line_end(b);
	}
	for (uint32_t i = 0; i < tr_log_nr_objects(b->log); i++) {
		const struct tr_object *o = tr_log_object(b->log, i);
		fprintf(b->m, "{\"object\":%" PRIu32 ",\"kind\":\"%s\",\"class\":\"%s\",\"name\":", i, xf_kind_info(o->init)->name,
			o->class == XF_CLASS_NONE ? "" : xf_class_name(o->class));
		tr_put_json(b->m, o->name);
		putc('}', b->m);
		line_end(b);
	}
}

static void put_field(struct bundle *b, const struct tr_event *e, const struct xf_field *f)
{
	uint64_t value = xf_field_get(e->record, f);
	char word[512];
	fprintf(b->m, ",\"%s\":", f->name);
	if (f->type == XF_TYPE_thread) {
		uint32_t thread = tr_log_thread_find(b->log, (uint32_t)value);
		if (thread == TR_NONE)
			fputs("null", b->m);
		else
			fprintf(b->m, "%" PRIu32, thread);
	} else if (f->type == XF_TYPE_flag) {
		fputs(value ? "true" : "false", b->m);
	} else if (f->type >= XF_TYPE_text && f->type != XF_TYPE_addr) {
		tr_put_json(b->m, tr_event_field_text(b->log, e, f, word, sizeof(word)));
	} else {
		fprintf(b->m, "%" PRId64, (int64_t)value);
	}
}

static void put_event(struct bundle *b, uint32_t i)
{
	struct tr_event e = tr_log_event(b->log, i);
	const struct xf_kind_info *info = xf_kind_info(e.kind);
	fprintf(b->m, "{\"seq\":%" PRIu32 ",\"t_ns\":%" PRId64 ",\"on\":%" PRIu32 ",\"event\":\"%s\"", i, e.t_ns, e.thread, info->name);
	put_index(b->m, "of", e.object);
	if (e.process != tr_log_thread(b->log, e.thread)->process)
		fprintf(b->m, ",\"in\":%" PRIu32, e.process);
	for (unsigned k = 0; k < info->nr_fields; k++)
		put_field(b, &e, &info->fields[k]);
	putc('}', b->m);
	line_end(b);
}

/* In a call that is judged: its limit is the turn of a loop. */
static bool is_turn(const struct bundle *b, const struct tr_edge *e)
{
	for (uint32_t i = 0; i < b->v->nr; i++) {
		const struct tr_call *c = b->v->list[i].call == TR_NONE ? NULL : tr_log_call(b->log, b->v->list[i].call);
		if (c && c->thread == tr_log_thread_of(b->log, e->to) && c->enter < e->to && (c->ret == TR_NONE || e->to < c->ret) &&
		    tr_judge_is_turn(b->log, c, e->wait))
			return true;
	}
	return false;
}

static void put_edge(struct bundle *b, uint32_t edge)
{
	const struct tr_edge *e = tr_order_edge(b->v->order, edge);
	uint32_t until = until_of(b, edge);
	fprintf(b->m, "{\"edge\":\"%s\",\"from\":%" PRIu32 ",\"to\":%" PRIu32 ",\"timed\":%s", tr_edge_name(e->kind), e->from, e->to,
		e->timed ? "true" : "false");
	put_index(b->m, "wait", e->wait);
	if (e->class != XF_CLASS_SIGNAL)
		fputs(",\"carries\":false", b->m);
	if (e->timed && is_turn(b, e))
		fputs(",\"turn\":true", b->m);
	if (until != TR_NONE)
		put_index(b->m, "until", until);
	if (tr_order_rival(b->v->order, edge) != TR_NONE)
		put_index(b->m, "rival", tr_order_rival(b->v->order, edge));
	if (tr_judge_is_way_out(b->log, e->wait != TR_NONE ? e->wait : e->to))
		fputs(",\"way_out\":true", b->m);
	putc('}', b->m);
	line_end(b);
}

static void put_holds(struct bundle *b, const struct tr_verdict *v)
{
	fputs(",\"holds\":[", b->m);
	for (uint32_t i = 0; i < v->nr_holds; i++) {
		const struct tr_hold *h = &v->holds[i];
		fprintf(b->m, "%s{\"part\":%" PRIu32 ",\"hold_ns\":%" PRIu64 ",\"return_ns\":%" PRId64 ",\"evaded\":%s", i ? "," : "", h->part,
			h->hold_ns, h->return_ns, h->evaded ? "true" : "false");
		put_index(b->m, "held", h->held);
		put_index(b->m, "released", h->released);
		putc('}', b->m);
	}
	putc(']', b->m);
	if (v->has_slope)
		fprintf(b->m, ",\"slope\":%.9g,\"slope_low\":%.9g,\"slope_high\":%.9g,\"trials\":%" PRIu32, v->slope, v->slope_low,
			v->slope_high, v->trials);
}

static void put_verdict(struct bundle *b, const struct tr_verdict *v)
{
	const struct tr_call *c = v->call == TR_NONE ? NULL : tr_log_call(b->log, v->call);
	fprintf(b->m, "{\"answer\":\"%s\",\"basis\":\"%s\",\"outcome\":\"%s\",\"limit\":\"%s\"", tr_answer_name(v->answer),
		tr_basis_name(v->basis), tr_outcome_name(v->outcome), v->limit == TR_LIMIT_NONE ? "" : tr_limit_name(v->limit));
	put_index(b->m, "enter", c ? c->enter : TR_NONE);
	put_index(b->m, "return", c ? c->ret : TR_NONE);
	fprintf(b->m, ",\"parts\":%" PRIu32 ",\"parts_ordered\":%" PRIu32 ",\"parts_late\":%" PRIu32 ",\"ends\":[", v->parts,
		v->parts_ordered, v->parts_late);
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].end == TR_NONE)
			fprintf(b->m, "%snull", i ? "," : "");
		else
			fprintf(b->m, "%s%" PRIu32, i ? "," : "", v->items[i].end);
	putc(']', b->m);
	put_holds(b, v);
	putc('}', b->m);
	line_end(b);
}

static void put_all(struct bundle *b)
{
	put_head(b);
	put_tables(b);
	for (uint32_t i = 0; i < tr_log_nr_events(b->log); i++)
		if (b->needed[i / 8] >> i % 8 & 1)
			put_event(b, i);
	for (uint32_t i = 0; i < tr_order_nr_edges(b->v->order); i++)
		if (shown(b, tr_order_edge(b->v->order, i)))
			put_edge(b, i);
	for (uint32_t i = 0; i < b->v->nr; i++)
		put_verdict(b, &b->v->list[i]);
}

static void put_digest(struct bundle *b)
{
	struct xf_digest digest;
	char hex[XF_DIGEST_TEXT_SIZE * 2];
	xf_hasher_final(&b->hasher, XF_CHECKSUM_SHA256, &digest);
	fprintf(b->out, "{\"sha256\":\"%s\"}\n", xf_digest_hex(&digest, hex));
}

enum xf_status tr_bundle_write(const struct tr_log *log, const struct tr_verdicts *verdicts, FILE *out,
			       struct xf_error *err)
{
	struct bundle b = { .log = log, .v = verdicts, .out = out };
	enum xf_status status = XF_NOMEM;
	b.needed = calloc(tr_log_nr_events(log) / 8u + 1u, 1);
	b.counted = calloc(tr_log_nr_objects(log) + 1u, 1);
	b.reader = calloc(tr_log_nr_threads(log) + 1u, 1);
	b.m = open_memstream(&b.line, &b.len);
	if (b.needed && b.counted && b.reader && b.m && !xf_hasher_init(&b.hasher, XF_CHECKSUM_BIT(XF_CHECKSUM_SHA256))) {
		choose(&b);
		put_all(&b);
		put_digest(&b);
		xf_hasher_fini(&b.hasher);
		status = b.failed ? XF_NOMEM : XF_OK;
	}
	if (b.m)
		fclose(b.m);
	free(b.line);
	free(b.needed);
	free(b.counted);
	tr_map_fini(&b.requests);
	free(b.reader);
	if (status)
		return xf_fail(err, XF_NOMEM, "no memory for the bundle");
	return fflush(out) || ferror(out) ? xf_fail_errno(err, XF_IO, errno, "the bundle could not be written") : XF_OK;
}
