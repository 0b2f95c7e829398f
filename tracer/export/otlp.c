/*
 * otlp: OpenTelemetry spans as OTLP/HTTP JSON (opentelemetry-proto: docs/specification.md, trace.proto; names from
 * the semantic conventions for S3): {"resourceSpans":[…]}. `grafana` is the same with a top-level
 * "batches", which is what Grafana imports as a trace file.
 *
 * The call is the root (INTERNAL); requests are CLIENT spans named S3.UploadPart and so on; threads,
 * frames, waits, transfers, attempts at parts are INTERNAL. Every event of the log is the
 * begin or the end of a span ("xferdb.seq", "xferdb.end_seq"), or a span event of the innermost span it
 * lies in. Signal edges between threads are links from the span that was woken to the one that
 * woke it. One span has MAX_EVENTS events and links at most; the rest is counted in dropped…Count.
 *
 * A span is written when it ends, its events are read from the log again then: nothing
 * piles up. What has to be kept is the span of each event and the next one of its thread, 8 bytes.
 */
#include "tracer/export/otlp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/text.h"

enum { MAX_EVENTS = 10000, KIND_INTERNAL = 1, KIND_CLIENT = 3 };

struct otlp {
	uint32_t *owner;       /* by event: id of the span it belongs to */
	uint32_t *next;        /* by event: the next of its thread, TR_NONE */
	uint64_t trace[2], salt, real_ns;
	uint64_t root;         /* id of the call's span, 0: none yet */
	uint32_t root_event;   /* call_enter that will be the root, TR_NONE */
	bool has_requests;     /* else attempts at parts are the CLIENT spans */
	bool any;
};

/* A bijection (Vigna's splitmix64): different in, different out. */
static uint64_t mix(uint64_t v)
{
	v += 0x9e3779b97f4a7c15u;
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

static uint64_t span_id(const struct otlp *p, uint64_t id)
{
	uint64_t v = mix(id ^ p->salt);
	return v ? v : 1;
}

static void find_root(struct tr_export *x)
{
	struct otlp *p = x->state;
	p->root_event = TR_NONE;
	for (uint32_t i = 0; i < tr_log_nr_calls(x->log) && p->root_event == TR_NONE; i++) {
		struct tr_event e = tr_log_event(x->log, tr_log_call(x->log, i)->enter);
		if (!x->filter || tr_filter_match(x->filter, x->log, &e))
			p->root_event = e.index;
	}
	for (uint32_t i = 0; i < tr_log_nr_events(x->log) && !p->has_requests; i++)
		p->has_requests = tr_log_kind(x->log, i) == XF_EV_request_start;
}

/* So that what lies in a span is found among its thread's events, however many other threads there are. */
static bool chain(struct otlp *p, const struct tr_log *log)
{
	uint32_t nr = tr_log_nr_events(log), *after = malloc((tr_log_nr_threads(log) + 1u) * sizeof(*after));
	p->next = malloc((nr + 1u) * sizeof(*p->next));
	for (uint32_t t = 0; after && t < tr_log_nr_threads(log); t++)
		after[t] = TR_NONE;
	for (uint32_t i = nr; after && p->next && i-- > 0;) {
		uint32_t *a = &after[tr_log_thread_of(log, i)];
		p->next[i] = *a;
		*a = i;
	}
	free(after);
	return after && p->next;
}

void tr_otlp_open(struct tr_export *x)
{
	const struct xf_file_header *h = tr_log_header(x->log);
	struct otlp *p = x->state = calloc(1, sizeof(*p));
	if (p)
		p->owner = calloc(tr_log_nr_events(x->log) + 1u, sizeof(*p->owner));
	if (!p || !p->owner || !chain(p, x->log)) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	p->real_ns = h->real_ns;
	p->trace[0] = mix(h->real_ns);
	p->trace[1] = mix(h->real_ns ^ h->pid) | 1; /* not all zero */
	p->salt = mix(p->trace[1]) << 32;
	find_root(x);
}

void tr_otlp_close(struct tr_export *x)
{
	struct otlp *p = x->state;
	if (p) {
		free(p->owner);
		free(p->next);
	}
	free(p);
	x->state = NULL;
}

/* ---- attributes */

static void put_key(FILE *out, bool *any, const char *key)
{
	fprintf(out, "%s{\"key\":", *any ? "," : "");
	tr_put_json(out, key);
	fputs(",\"value\":{", out);
	*any = true;
}

static void put_int(FILE *out, bool *any, const char *key, int64_t value)
{
	put_key(out, any, key);
	fprintf(out, "\"intValue\":\"%" PRId64 "\"}}", value);
}

static void put_string(FILE *out, bool *any, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	put_key(out, any, key);
	fputs("\"stringValue\":", out);
	tr_put_json(out, value);
	fputs("}}", out);
}

static void put_bool(FILE *out, bool *any, const char *key, bool value)
{
	put_key(out, any, key);
	fprintf(out, "\"boolValue\":%s}}", value ? "true" : "false");
}

static void put_field(struct tr_export *x, bool *any, const struct tr_event *e, const struct xf_field *f)
{
	uint64_t value = xf_field_get(e->record, f);
	char key[80], word[512];
	snprintf(key, sizeof(key), "xferdb.%s", f->name);
	if (f->type == XF_TYPE_flag)
		put_bool(x->out, any, key, value != 0);
	else if (f->type <= XF_TYPE_bytes || f->type == XF_TYPE_addr)
		put_int(x->out, any, key, (int64_t)value);
	else
		put_string(x->out, any, key, tr_event_field_text(x->log, e, f, word, sizeof(word)));
}

static void put_fields(struct tr_export *x, bool *any, const struct tr_event *e)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	for (unsigned i = 0; i < info->nr_fields; i++)
		if (strcmp(info->fields[i].name, "seq") && strcmp(info->fields[i].name, "object"))
			put_field(x, any, e, &info->fields[i]);
}

static void put_place(struct tr_export *x, bool *any, const struct tr_event *e)
{
	struct tr_site site = tr_event_site(x->log, e);
	put_string(x->out, any, "code.file.path", site.file);
	if (site.line)
		put_int(x->out, any, "code.line.number", site.line);
}

static void put_s3(struct tr_export *x, bool *any, const struct tr_span *s)
{
	const struct tr_transfer_state *t = s->transfer == TR_NONE ? NULL
								   : tr_export_transfer(x, s->process, s->transfer);
	if (!t)
		return;
	put_string(x->out, any, "aws.s3.bucket", tr_log_text(x->log, t->process, t->bucket));
	put_string(x->out, any, "aws.s3.key", tr_log_text(x->log, t->process, t->key));
	put_string(x->out, any, "aws.s3.upload_id", tr_log_text(x->log, t->process, t->upload_id));
	if (s->part)
		put_int(x->out, any, "aws.s3.part_number", s->part);
	put_int(x->out, any, "xferdb.transfer", s->transfer);
}

static void put_rpc(struct tr_export *x, bool *any, const struct tr_span *s, const char *method)
{
	const char *host = tr_log_property(x->log, "endpoint_host"), *port = tr_log_property(x->log, "endpoint_port");
	struct tr_event e;
	put_string(x->out, any, "server.address", host);
	if (host && port && strcmp(port, "0"))
		put_int(x->out, any, "server.port", strtoll(port, NULL, 10));
	put_string(x->out, any, "rpc.system.name", "aws-api");
	put_string(x->out, any, "rpc.system", "aws-api");
	put_string(x->out, any, "rpc.service", "S3");
	put_string(x->out, any, "rpc.method", method);
	if (s->attempt > 1)
		put_int(x->out, any, "http.request.resend_count", s->attempt - 1);
	if (s->end == TR_NONE || tr_log_kind(x->log, s->end) != XF_EV_response)
		return;
	e = tr_log_event(x->log, s->end);
	if (TR_PAYLOAD(&e, response)->http_status)
		put_int(x->out, any, "http.response.status_code", TR_PAYLOAD(&e, response)->http_status);
	put_string(x->out, any, "aws.request_id", tr_log_text(x->log, e.process, TR_PAYLOAD(&e, response)->request_id));
}

static const struct tr_verdict *verdict_of(const struct tr_export *x, const struct tr_span *s)
{
	for (uint32_t i = 0; s->call != TR_NONE && x->verdicts && i < x->verdicts->nr; i++)
		if (x->verdicts->list[i].call == s->call)
			return &x->verdicts->list[i];
	return NULL;
}

static void put_verdict(struct tr_export *x, bool *any, const struct tr_verdict *v)
{
	char sentence[1024];
	put_string(x->out, any, "xferdb.verdict.answer", tr_answer_name(v->answer));
	put_string(x->out, any, "xferdb.verdict.basis", tr_basis_name(v->basis));
	put_string(x->out, any, "xferdb.verdict.outcome", tr_outcome_name(v->outcome));
	put_string(x->out, any, "xferdb.verdict.sentence",
		   tr_verdict_sentence(x->log, x->verdicts, v, sentence, sizeof(sentence)));
	put_int(x->out, any, "xferdb.verdict.parts", v->parts);
	put_int(x->out, any, "xferdb.verdict.parts_ordered", v->parts_ordered);
	put_int(x->out, any, "xferdb.verdict.parts_late", v->parts_late);
}

static bool nests(const struct tr_span *s)
{
	return s->kind <= TR_SPAN_WAIT;
}

static bool is_client(const struct otlp *p, const struct tr_span *s)
{
	return s->kind == TR_SPAN_REQUEST || (s->kind == TR_SPAN_ATTEMPT && !p->has_requests);
}

static void put_attributes(struct tr_export *x, const struct tr_span *s)
{
	const struct tr_thread *t = tr_log_thread(x->log, s->thread);
	const struct tr_verdict *v = verdict_of(x, s);
	struct tr_event begin = tr_log_event(x->log, s->begin);
	bool any = false;
	fputs("\"attributes\":[", x->out);
	put_string(x->out, &any, "xferdb.span", tr_span_kind_name(s->kind));
	put_int(x->out, &any, "thread.id", t->tid ? t->tid : t->number);
	put_string(x->out, &any, "thread.name", t->name);
	if (nests(s) && s->kind != TR_SPAN_THREAD) {
		put_int(x->out, &any, "xferdb.seq", s->begin);
		if (s->end != TR_NONE)
			put_int(x->out, &any, "xferdb.end_seq", s->end);
		put_place(x, &any, &begin);
		put_fields(x, &any, &begin);
	}
	put_s3(x, &any, s);
	if (is_client(x->state, s))
		put_rpc(x, &any, s, s->kind == TR_SPAN_REQUEST ? xf_op_name(s->op) : "UploadPart");
	if (s->attempt)
		put_int(x->out, &any, "xferdb.attempt", s->attempt);
	if (s->end == TR_NONE && s->kind != TR_SPAN_THREAD)
		put_bool(x->out, &any, "xferdb.unfinished", true);
	if (v)
		put_verdict(x, &any, v);
	fputs("],", x->out);
}

/* ---- what lies in a span */

static void put_event(struct tr_export *x, const struct tr_event *e, bool first)
{
	const struct otlp *p = x->state;
	bool any = false;
	fprintf(x->out, "%s{\"timeUnixNano\":\"%" PRIu64 "\",\"name\":\"%s\",\"attributes\":[", first ? "" : ",",
		p->real_ns + (uint64_t)e->t_ns, xf_kind_info(e->kind)->name);
	put_int(x->out, &any, "xferdb.seq", e->index);
	if (e->object != TR_NONE)
		put_string(x->out, &any, "xferdb.object", tr_log_object(x->log, e->object)->name);
	put_fields(x, &any, e);
	fputs("]}", x->out);
}

static uint32_t last_event(const struct tr_export *x, const struct tr_span *s)
{
	return s->end != TR_NONE ? s->end : tr_log_thread(x->log, s->thread)->last;
}

/* The span's next event after `from`; TR_NONE: there is none up to `last`. A span begins on its own thread. */
static uint32_t next_owned(const struct otlp *p, const struct tr_span *s, uint32_t from, uint32_t last)
{
	while (from != TR_NONE && from <= last && p->owner[from] != s->id)
		from = p->next[from];
	return from != TR_NONE && from <= last ? from : TR_NONE;
}

static void put_events(struct tr_export *x, const struct tr_span *s)
{
	const struct otlp *p = x->state;
	uint32_t nr = 0, dropped = 0, last = last_event(x, s);
	fputs("\"events\":[", x->out);
	for (uint32_t i = next_owned(p, s, s->begin, last); i != TR_NONE; i = next_owned(p, s, p->next[i], last)) {
		struct tr_event e;
		if (s->kind != TR_SPAN_THREAD && (i == s->begin || i == s->end))
			continue;
		if (nr == MAX_EVENTS) {
			dropped++;
			continue;
		}
		e = tr_log_event(x->log, i);
		put_event(x, &e, !nr++);
	}
	fprintf(x->out, "],\"droppedEventsCount\":%" PRIu32 ",", dropped);
}

static void put_link(struct tr_export *x, const struct tr_edge *edge, bool first)
{
	const struct otlp *p = x->state;
	bool any = false;
	fprintf(x->out, "%s{\"traceId\":\"%016" PRIx64 "%016" PRIx64 "\",\"spanId\":\"%016" PRIx64 "\",\"attributes\":[",
		first ? "" : ",", p->trace[0], p->trace[1], span_id(p, p->owner[edge->from]));
	put_string(x->out, &any, "xferdb.edge", tr_edge_name(edge->kind));
	put_int(x->out, &any, "xferdb.from_seq", edge->from);
	put_int(x->out, &any, "xferdb.to_seq", edge->to);
	fputs("]}", x->out);
}

/* Signal edges from other threads that end in the span. */
static void put_links(struct tr_export *x, const struct tr_span *s)
{
	const struct tr_order *o = x->verdicts ? x->verdicts->order : NULL;
	const struct otlp *p = x->state;
	uint32_t nr = 0, dropped = 0, last = last_event(x, s);
	fputs("\"links\":[", x->out);
	for (uint32_t to = o ? next_owned(p, s, s->begin, last) : TR_NONE; to != TR_NONE; to = next_owned(p, s, p->next[to], last))
		for (uint32_t i = tr_order_edge_at(o, to); i < tr_order_nr_edges(o) && tr_order_edge(o, i)->to == to; i++) {
			const struct tr_edge *edge = tr_order_edge(o, i);
			if (edge->class != XF_CLASS_SIGNAL || !p->owner[edge->from] || p->owner[edge->from] == s->id)
				continue;
			if (nr == MAX_EVENTS)
				dropped++;
			else
				put_link(x, edge, !nr++);
		}
	fprintf(x->out, "],\"droppedLinksCount\":%" PRIu32 ",", dropped);
}

/* ---- a span */

static uint64_t parent_of(const struct tr_export *x, const struct tr_span *s)
{
	const struct otlp *p = x->state;
	if (s->kind == TR_SPAN_CALL) {
		for (uint32_t d = tr_export_depth(x, s->thread) - 1; d-- > 0;)
			if (tr_export_open(x, s->thread, d)->kind == TR_SPAN_CALL)
				return tr_export_open(x, s->thread, d)->id;
		return 0;
	}
	return s->parent ? s->parent : p->root;
}

static void put_status(struct tr_export *x, const struct tr_span *s)
{
	const struct tr_verdict *v = verdict_of(x, s);
	bool lost = v && (v->outcome == TR_LOST || v->outcome == TR_FAILED || v->outcome == TR_CANCELLED);
	fprintf(x->out, "\"status\":{\"code\":%d", s->failed || lost ? 2 : s->end == TR_NONE ? 0 : 1);
	if (lost) {
		fputs(",\"message\":", x->out);
		tr_put_json(x->out, tr_outcome_name(v->outcome));
	}
	fputs("}", x->out);
}

static void put_name(struct tr_export *x, const struct tr_span *s)
{
	char name[128];
	if (!is_client(x->state, s))
		snprintf(name, sizeof(name), "%s", *s->name ? s->name : "span");
	else if (s->kind == TR_SPAN_REQUEST)
		snprintf(name, sizeof(name), "S3.%s", s->name);
	else
		snprintf(name, sizeof(name), "S3.UploadPart");
	tr_put_json(x->out, name);
}

void tr_otlp_put_span(struct tr_export *x, const struct tr_span *s)
{
	const struct otlp *p = x->state;
	int64_t end = s->end_ns < s->begin_ns ? s->begin_ns : s->end_ns;
	uint64_t parent = parent_of(x, s);
	fprintf(x->out, "{\"traceId\":\"%016" PRIx64 "%016" PRIx64 "\",\"spanId\":\"%016" PRIx64 "\",", p->trace[0],
		p->trace[1], span_id(p, s->id));
	if (parent)
		fprintf(x->out, "\"parentSpanId\":\"%016" PRIx64 "\",", span_id(p, parent));
	fputs("\"flags\":1,\"name\":", x->out);
	put_name(x, s);
	fprintf(x->out, ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64 "\",",
		is_client(p, s) ? KIND_CLIENT : KIND_INTERNAL, p->real_ns + (uint64_t)s->begin_ns,
		p->real_ns + (uint64_t)end);
	put_attributes(x, s);
	if (nests(s)) {
		put_events(x, s);
		put_links(x, s);
	}
	put_status(x, s);
	putc('}', x->out);
}

void tr_otlp_put_head(struct tr_export *x, const char *top)
{
	const char *command = tr_log_property(x->log, "command");
	bool any = false;
	fprintf(x->out, "{\"%s\":[{\"resource\":{\"attributes\":[", top);
	put_string(x->out, &any, "service.name", command && *command ? "xferdb" : "xferdb-traced");
	put_int(x->out, &any, "process.pid", tr_log_header(x->log)->pid);
	put_string(x->out, &any, "telemetry.sdk.name", "xferdb");
	put_string(x->out, &any, "telemetry.sdk.version", XFERDB_VERSION);
	fputs("]},\"scopeSpans\":[{\"scope\":{\"name\":\"xferdb\",\"version\":\"" XFERDB_VERSION "\"},\"spans\":[\n",
	      x->out);
}

void tr_otlp_put_tail(struct tr_export *x)
{
	fputs("\n]}]}]}\n", x->out);
}

/* ---- as an exporter: which span an event belongs to, and spans as they end */

void tr_otlp_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	struct otlp *p = x->state;
	if (place == TR_PLACE_INSIDE)
		p->owner[e->index] = (uint32_t)tr_export_open(x, e->thread, tr_export_depth(x, e->thread) - 1)->id;
}

void tr_otlp_span_begin(struct tr_export *x, const struct tr_span *s)
{
	struct otlp *p = x->state;
	if (!nests(s) || s->kind == TR_SPAN_THREAD)
		return;
	p->owner[s->begin] = (uint32_t)s->id;
	if (s->begin == p->root_event)
		p->root = s->id;
}

void tr_otlp_note_end(struct tr_export *x, const struct tr_span *s)
{
	struct otlp *p = x->state;
	if (nests(s) && s->end != TR_NONE)
		p->owner[s->end] = (uint32_t)s->id;
}

void tr_otlp_span_end(struct tr_export *x, const struct tr_span *s)
{
	struct otlp *p = x->state;
	tr_otlp_note_end(x, s);
	if (p->any)
		fputs(",\n", x->out);
	p->any = true;
	tr_otlp_put_span(x, s);
}

void tr_otlp_begin(struct tr_export *x)
{
	tr_otlp_open(x);
	if (!x->status)
		tr_otlp_put_head(x, "resourceSpans");
}

void tr_grafana_begin(struct tr_export *x)
{
	tr_otlp_open(x);
	if (!x->status)
		tr_otlp_put_head(x, "batches");
}

void tr_otlp_end(struct tr_export *x)
{
	if (!x->status)
		tr_otlp_put_tail(x);
	tr_otlp_close(x);
}
