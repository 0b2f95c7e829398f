/*
 * perfetto: Chrome trace events as JSON, as Perfetto's importer reads them
 * (google/perfetto: src/trace_processor/importers/json; docs/getting-started/other-formats.md) and
 * speedscope does. An object with traceEvents; times are µs from the trace's start with
 * three decimals, its epoch stands in metadata.
 *
 * Every event of the log is one item that has "seq" in its args, in the log's order: B or E of a
 * span that nests on its thread (call, frame, wait), else an instant. What has no "seq" is drawn
 * from these: thread and process names, the thread's own span, b/e of what overlaps (transfers,
 * attempts at parts, requests; an id each), counters C, and s/f arrows of the
 * happens-before edges, strictly inside spans.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tracer/export/driver.h"
#include "tracer/export/ids.h"
#include "tracer/export/text.h"

struct perfetto {
	uint32_t *tids;
	bool any; /* an item was written */
};

/* Begins an item up to its time; the caller closes the brace. */
static void item(struct tr_export *x, const char *ph, uint32_t thread)
{
	struct perfetto *p = x->state;
	fprintf(x->out, "%s{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, p->any ? ",\n" : "", ph,
		tr_export_pid(x->log, thread), p->tids[thread]);
	p->any = true;
}

static void put_ts(struct tr_export *x, int64_t ns)
{
	fputs(",\"ts\":", x->out);
	tr_put_us(x->out, ns);
}

static void put_name(struct tr_export *x, const char *category, const char *name)
{
	fprintf(x->out, ",\"cat\":\"%s\",\"name\":", category);
	tr_put_json(x->out, name);
}

/* Metadata about a thread or its process. */
static void put_meta(struct tr_export *x, uint32_t thread, const char *what, const char *name, uint32_t rank)
{
	item(x, "M", thread);
	fprintf(x->out, ",\"name\":\"%s\",\"args\":{", what);
	if (name) {
		fputs("\"name\":", x->out);
		tr_put_json(x->out, name);
	} else {
		fprintf(x->out, "\"sort_index\":%" PRIu32, rank);
	}
	fputs("}}", x->out);
}

static void put_threads(struct tr_export *x)
{
	uint32_t process = TR_NONE;
	char name[64];
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		const struct tr_thread *t = tr_log_thread(x->log, i);
		if (t->first == TR_NONE)
			continue;
		if (t->process != process) {
			process = t->process;
			tr_export_process_name(x->log, i, name, sizeof(name));
			put_meta(x, i, "process_name", name, 0);
			put_meta(x, i, "process_sort_index", NULL, process);
		}
		put_meta(x, i, "thread_name", t->name, 0);
		put_meta(x, i, "thread_sort_index", NULL, i);
	}
}

void tr_perfetto_begin(struct tr_export *x)
{
	struct perfetto *p = x->state = calloc(1, sizeof(*p));
	if (p)
		p->tids = tr_export_tids(x->log);
	if (!p || !p->tids) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	fputs("{\"traceEvents\":[\n", x->out);
	put_threads(x);
}

static void put_event_args(struct tr_export *x, const struct tr_event *e)
{
	struct tr_site site = tr_event_site(x->log, e);
	fprintf(x->out, ",\"args\":{\"seq\":%" PRIu32 ",\"event\":\"%s\"", e->index, xf_kind_info(e->kind)->name);
	if (e->object != TR_NONE) {
		fputs(",\"object\":", x->out);
		tr_put_json_or_null(x->out, tr_log_object(x->log, e->object)->name);
	}
	if (site.line) {
		fputs(",\"file\":", x->out);
		tr_put_json(x->out, site.file);
		fprintf(x->out, ",\"line\":%" PRIu32, site.line);
	}
	tr_put_fields_json(x->out, x->log, e);
}

static void put_verdict(struct tr_export *x, const struct tr_span *s)
{
	for (uint32_t i = 0; x->verdicts && i < x->verdicts->nr; i++) {
		const struct tr_verdict *v = &x->verdicts->list[i];
		if (s->call != TR_NONE && v->call == s->call)
			fprintf(x->out, ",\"verdict\":\"%s\",\"basis\":\"%s\",\"outcome\":\"%s\"",
				tr_answer_name(v->answer), tr_basis_name(v->basis), tr_outcome_name(v->outcome));
	}
}

void tr_perfetto_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	if (place != TR_PLACE_INSIDE)
		return; /* the span's begin or end speaks for it */
	item(x, "i", e->thread);
	put_ts(x, x->now_ns);
	put_name(x, xf_group_name(xf_kind_info(e->kind)->group), xf_kind_info(e->kind)->name);
	fputs(",\"s\":\"t\"", x->out);
	put_event_args(x, e);
	fputs("}}", x->out);
}

static bool nests(const struct tr_span *s)
{
	return s->kind <= TR_SPAN_WAIT;
}

static void put_apart(struct tr_export *x, const struct tr_span *s, const char *ph, int64_t ns)
{
	item(x, ph, s->thread);
	put_ts(x, ns);
	put_name(x, tr_span_kind_name(s->kind), s->name);
	fprintf(x->out, ",\"id\":\"0x%" PRIx64 "\",\"args\":{\"transfer\":%" PRId64, s->id,
		s->transfer == TR_NONE ? -1 : (int64_t)s->transfer);
	if (s->part)
		fprintf(x->out, ",\"part\":%" PRIu32 ",\"attempt\":%" PRIu32, s->part, s->attempt);
	if (s->end_ns >= 0)
		fprintf(x->out, ",\"failed\":%s,\"unfinished\":%s", s->failed ? "true" : "false",
			s->end == TR_NONE ? "true" : "false");
	fputs("}}", x->out);
}

void tr_perfetto_span_begin(struct tr_export *x, const struct tr_span *s)
{
	struct tr_event e;
	if (!nests(s)) {
		put_apart(x, s, "b", s->begin_ns);
		return;
	}
	item(x, "B", s->thread);
	put_ts(x, s->begin_ns);
	put_name(x, tr_span_kind_name(s->kind), s->name);
	if (s->kind != TR_SPAN_THREAD) {
		e = tr_log_event(x->log, s->begin);
		put_event_args(x, &e);
		put_verdict(x, s);
		putc('}', x->out);
	}
	putc('}', x->out);
}

void tr_perfetto_span_end(struct tr_export *x, const struct tr_span *s)
{
	struct tr_event e;
	if (!nests(s)) {
		put_apart(x, s, "e", s->end_ns < s->begin_ns ? s->begin_ns : s->end_ns);
		return;
	}
	item(x, "E", s->thread);
	put_ts(x, s->end_ns);
	put_name(x, tr_span_kind_name(s->kind), s->name);
	if (s->end != TR_NONE) {
		e = tr_log_event(x->log, s->end);
		put_event_args(x, &e);
		putc('}', x->out);
	} else if (s->kind != TR_SPAN_THREAD) {
		fputs(",\"args\":{\"unfinished\":true}", x->out);
	}
	putc('}', x->out);
}

void tr_perfetto_counter(struct tr_export *x, const struct tr_event *e, const char *name, int64_t value)
{
	item(x, "C", e->thread);
	put_ts(x, x->now_ns);
	put_name(x, "counter", name);
	fprintf(x->out, ",\"args\":{\"value\":%" PRId64 "}}", value);
}

static int64_t inside(const struct tr_export *x, uint32_t thread, int64_t ns)
{
	int64_t low = tr_export_thread_begin_ns(x->log, thread) + 1;
	int64_t high = tr_export_thread_end_ns(x->log, thread) - 1;
	return ns < low ? low : ns > high ? high : ns;
}

static void put_arrow(struct tr_export *x, const struct tr_edge *edge, uint32_t event, bool begins, int64_t ns)
{
	uint64_t id = (uint64_t)edge->to << 32 | edge->from;
	item(x, begins ? "s" : "f", tr_log_thread_of(x->log, event));
	put_ts(x, ns);
	put_name(x, "hb", tr_edge_name(edge->kind));
	fprintf(x->out, ",\"id\":\"0x%" PRIx64 "\"%s,\"args\":{\"class\":\"%s\"}}", id,
		begins ? "" : ",\"bp\":\"e\"", xf_class_name(edge->class));
}

/* The arrow's head lies in the wait it ended, where there is room, else right at the wake. */
void tr_perfetto_edge(struct tr_export *x, const struct tr_edge *edge)
{
	uint32_t from = tr_log_thread_of(x->log, edge->from), to = tr_log_thread_of(x->log, edge->to);
	int64_t tail = inside(x, from, tr_log_time(x->log, edge->from));
	int64_t head = inside(x, to, tr_log_time(x->log, edge->to));
	if (edge->wait != TR_NONE && head - 1 > tr_log_time(x->log, edge->wait) && head - 1 >= tail)
		head--;
	head = inside(x, to, head < tail ? tail : head);
	put_arrow(x, edge, edge->from, true, inside(x, from, tail > head ? head : tail));
	put_arrow(x, edge, edge->to, false, head);
}

void tr_perfetto_end(struct tr_export *x)
{
	struct perfetto *p = x->state;
	if (p && p->tids && !x->status)
		fprintf(x->out, "\n],\"displayTimeUnit\":\"ns\",\"metadata\":{\"tool\":\"xferdb " XFERDB_VERSION
			"\",\"epoch_unix_ns\":\"%" PRIu64 "\",\"events\":%" PRIu32 "}}\n",
			tr_log_header(x->log)->real_ns, tr_log_nr_events(x->log));
	if (p)
		free(p->tids);
	free(p);
}
