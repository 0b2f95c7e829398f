#include "tui/command/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "tracer/export/whole.h"

/* ---- values */

/* Text of any origin; what is no UTF-8 is made so. NULL and "" are null. */
static json_t *text(const char *s)
{
	json_t *value;
	char clean[4096];

	if (!s || !*s)
		return json_null();
	value = json_string(s);
	if (value)
		return value;
	xf_text_sanitise(clean, sizeof(clean), s, strlen(s));
	return json_string(clean);
}

static json_t *integer(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* A time, or null when it is not known (-1). */
static json_t *when(int64_t ns)
{
	return ns < 0 ? json_null() : json_integer(ns);
}

static json_t *integer_or_null(bool known, uint64_t n)
{
	return known ? integer(n) : json_null();
}

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

static json_t *thread_name(const struct tr_log *log, uint32_t thread)
{
	return thread == TR_NONE ? json_null() : text(tr_log_thread(log, thread)->name);
}

static json_t *object_name(const struct tr_log *log, uint32_t object)
{
	return object == TR_NONE ? json_null() : text(tr_log_object(log, object)->name);
}

/* ---- errors, as properties of the run */

static void note(uint32_t transfer, const char *what, const char *value, uint64_t number)
{
	char key[64];

	snprintf(key, sizeof(key), "error.%u.%s", transfer, what);
	XF_EMIT(property, .key = xf_text(key), .value = xf_text(value), .number = number);
}

/* A text that is not there is no property: read back it would be the number 0. */
static void note_text(uint32_t transfer, const char *what, const char *value)
{
	if (*value)
		note(transfer, what, value, 0);
}

void ui_note_error(uint32_t transfer, const struct xf_error *error)
{
	note_text(transfer, "code", *error->code ? error->code : xf_status_word(error->status));
	note(transfer, "http_status", NULL, (uint64_t)error->http_status);
	note_text(transfer, "operation", error->operation);
	note(transfer, "part", NULL, error->part);
	note_text(transfer, "message", error->message);
	note_text(transfer, "request_id", error->request_id);
}

static const char *noted(const struct tr_log *log, uint32_t transfer, const char *what)
{
	char key[64];

	snprintf(key, sizeof(key), "error.%u.%s", transfer, what);
	return tr_log_property(log, key);
}

static void noted_text(const struct tr_log *log, uint32_t transfer, const char *what, char *to, size_t cap)
{
	const char *value = noted(log, transfer, what);

	snprintf(to, cap, "%s", value ? value : "");
}

static uint32_t noted_number(const struct tr_log *log, uint32_t transfer, const char *what)
{
	const char *value = noted(log, transfer, what);

	return value ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

bool ui_noted_error(const struct tr_log *log, uint32_t transfer, struct xf_error *error)
{
	*error = XF_ERROR_INIT;
	if (!noted(log, transfer, "code"))
		return false;
	noted_text(log, transfer, "code", error->code, sizeof(error->code));
	noted_text(log, transfer, "operation", error->operation, sizeof(error->operation));
	noted_text(log, transfer, "message", error->message, sizeof(error->message));
	noted_text(log, transfer, "request_id", error->request_id, sizeof(error->request_id));
	error->http_status = (int)noted_number(log, transfer, "http_status");
	error->part = noted_number(log, transfer, "part");
	return true;
}

static json_t *error_json(const struct tr_log *log, uint32_t transfer)
{
	struct xf_error e;
	json_t *o;

	if (!ui_noted_error(log, transfer, &e))
		return json_null();
	o = json_object();
	set(o, "code", text(e.code));
	set(o, "http_status", integer_or_null(e.http_status != 0, (uint64_t)e.http_status));
	set(o, "operation", text(e.operation));
	set(o, "part", integer_or_null(e.part != 0, e.part));
	set(o, "message", text(e.message));
	set(o, "request_id", text(e.request_id));
	return o;
}

/* ---- one transfer */

static json_t *part_json(const struct tr_log *log, const struct tr_part_state *p, uint32_t process)
{
	json_t *o = json_object();

	set(o, "number", integer(p->number));
	set(o, "bytes", integer(p->bytes));
	set(o, "thread", thread_name(log, p->thread));
	set(o, "start_ns", when(p->start_ns));
	set(o, "done_ns", when(p->phase == TR_PART_DONE ? p->end_ns : -1));
	set(o, "attempts", integer(p->attempts));
	set(o, "etag", text(tr_log_text(log, process, p->etag)));
	return o;
}

static int part_order(const void *a, const void *b)
{
	const struct tr_part_state *x = *(const struct tr_part_state *const *)a;
	const struct tr_part_state *y = *(const struct tr_part_state *const *)b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* The transfer's parts by number. */
static json_t *parts_json(const struct tr_log *log, const struct tr_state *s, uint32_t transfer)
{
	const struct tr_part_state **list = calloc(s->nr_parts + 1u, sizeof(*list));
	json_t *parts = json_array();
	size_t n = 0;

	for (uint32_t i = 0; list && i < s->nr_parts; i++)
		if (s->parts[i].transfer == transfer)
			list[n++] = &s->parts[i];
	if (n)
		qsort(list, n, sizeof(*list), part_order);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(parts, part_json(log, list[i], s->transfers[transfer].process));
	free(list);
	return parts;
}

static json_t *transfer_json(const struct tr_log *log, const struct tr_state *s, uint32_t index)
{
	const struct tr_transfer_state *t = &s->transfers[index];
	json_t *o = json_object();

	set(o, "id", integer(t->id));
	set(o, "bucket", text(tr_log_text(log, t->process, t->bucket)));
	set(o, "key", text(tr_log_text(log, t->process, t->key)));
	set(o, "bytes", integer_or_null(t->planned && t->size_known, t->size));
	set(o, "etag", text(tr_log_text(log, t->process, t->etag)));
	set(o, "upload_id", text(tr_log_text(log, t->process, t->upload_id)));
	set(o, "status", text(xf_state_name(t->state)));
	set(o, "multipart", t->planned ? json_boolean(t->multipart) : json_null());
	set(o, "part_size", integer_or_null(t->planned && t->multipart, t->part_size));
	set(o, "parts", parts_json(log, s, index));
	/* a refused attempt that was made good is no error */
	set(o, "error", t->complete_ok || t->put_ok || t->get_ok ? json_null() : error_json(log, t->id));
	return o;
}

/* ---- one verdict */

static json_t *barriers_json(const struct tr_log *log, const struct tr_barriers *barriers)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < barriers->nr; i++) {
		const struct tr_barrier *b = &barriers->list[i];
		json_t *o = json_object();
		set(o, "name", text(b->name));
		set(o, "kind", text(tr_barrier_kind_name(b->kind)));
		set(o, "scope", text(tr_scope_name(b->scope)));
		set(o, "thread", thread_name(log, b->thread));
		set(o, "wait_ns", integer(b->wait_ns));
		set(o, "sufficient", json_boolean(b->sufficient));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *link_json(const struct tr_log *log, uint32_t event)
{
	struct tr_event e = tr_log_event(log, event);
	struct tr_site site = tr_event_site(log, &e);
	json_t *o = json_object();

	set(o, "t_ns", json_integer(e.t_ns));
	set(o, "thread", thread_name(log, e.thread));
	set(o, "event", text(xf_kind_info(e.kind)->name));
	set(o, "object", object_name(log, e.object));
	set(o, "file", text(site.file));
	set(o, "line", integer_or_null(site.line != 0, site.line));
	return o;
}

static json_t *evidence_json(const struct tr_log *log, const struct tr_verdict *v)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < v->nr_evidence; i++) {
		const struct tr_evidence *e = &v->evidence[i];
		json_t *chain;
		if (!v->items[e->item].part)
			continue; /* requests about the whole object are no parts */
		chain = json_array();
		for (uint32_t k = 0; k < e->nr; k++)
			json_array_append_new(chain, link_json(log, e->chain[k].event));
		json_array_append_new(list, json_pack("{s:I, s:o}", "part",
						      (json_int_t)v->items[e->item].part, "chain", chain));
	}
	return list;
}

static json_t *holds_json(const struct tr_verdict *v)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < v->nr_holds; i++) {
		const struct tr_hold *h = &v->holds[i];
		json_t *o = json_object();
		set(o, "part", integer_or_null(h->part != 0, h->part));
		set(o, "key", h->key && *h->key ? text(h->key) : json_null());
		set(o, "hold_ms", json_real((double)h->hold_ns / 1e6));
		set(o, "return_ms", h->return_ns < 0 ? json_null() : json_real((double)h->return_ns / 1e6));
		set(o, "evaded", json_boolean(h->evaded));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *waiting_json(const struct tr_log *log, const struct tr_verdict *v)
{
	json_t *list;

	if (v->answer != TR_NOT_RETURNED)
		return json_null();
	list = json_array();
	for (uint32_t i = 0; i < v->nr_waiting; i++) {
		const struct tr_waiting *w = &v->waiting_on[i];
		json_t *o = json_object();
		set(o, "thread", thread_name(log, w->thread));
		set(o, "object", object_name(log, w->object));
		set(o, "on_thread", thread_name(log, w->on_thread));
		set(o, "part", integer_or_null(w->part != 0, w->part));
		set(o, "since_ns", when(w->since_ns));
		set(o, "text", text(w->text));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *limit_json(const struct tr_verdict *v)
{
	if (v->limit == TR_LIMIT_NONE)
		return json_null();
	if (v->limit == TR_LIMIT_TIME_OUT)
		return json_pack("{s:s, s:o}", "kind", tr_limit_name(v->limit), "at_most_ms",
				 integer_or_null(v->at_most_ms != 0, v->at_most_ms));
	return json_pack("{s:s}", "kind", tr_limit_name(v->limit));
}

static json_t *visible_json(enum tr_visible visible)
{
	return visible == TR_VISIBLE_UNKNOWN ? json_null() : json_boolean(visible == TR_VISIBLE_YES);
}

static json_t *verdict_json(const struct tr_log *log, const struct tr_verdict *v)
{
	bool judged = v->call != TR_NONE;
	json_t *o = json_object();

	set(o, "answer", text(tr_answer_name(v->answer)));
	set(o, "basis", text(tr_basis_name(v->basis)));
	set(o, "outcome", text(tr_outcome_name(v->outcome)));
	set(o, "reason", text(v->reason));
	set(o, "limit", limit_json(v));
	set(o, "waiting_on", waiting_json(log, v));
	set(o, "parts", integer_or_null(judged, v->parts));
	set(o, "parts_ordered", integer_or_null(judged, v->parts_ordered));
	set(o, "parts_late", integer_or_null(judged, v->parts_late));
	set(o, "visible", visible_json(v->visible));
	set(o, "barriers", barriers_json(log, &v->barriers));
	set(o, "evidence", evidence_json(log, v));
	set(o, "holds", holds_json(v));
	set(o, "slope", v->has_slope ? json_real(v->slope) : json_null());
	set(o, "slope_low", v->has_slope ? json_real(v->slope_low) : json_null());
	set(o, "slope_high", v->has_slope ? json_real(v->slope_high) : json_null());
	set(o, "trials", integer_or_null(v->has_slope, v->trials));
	return o;
}

static json_t *interval_json(const struct tr_log *log, const struct tr_verdict *v)
{
	const struct tr_call *call = v->call == TR_NONE ? NULL : tr_log_call(log, v->call);
	bool returned = call && v->return_ns >= 0;
	json_t *o = json_object();

	set(o, "name", call ? text(call->name) : NULL);
	set(o, "thread", call ? thread_name(log, call->thread) : NULL);
	set(o, "enter_ns", call ? json_integer(v->enter_ns) : NULL);
	set(o, "return_ns", returned ? json_integer(v->return_ns) : NULL);
	set(o, "duration_ns", returned ? json_integer(v->return_ns - v->enter_ns) : NULL);
	return o;
}

static json_t *call_json(const struct ui_document *d, const struct tr_verdict *v)
{
	json_t *transfers = json_array(), *o = json_object();

	for (uint32_t i = 0; i < v->nr_transfers; i++)
		json_array_append_new(transfers, transfer_json(d->log, d->verdicts->final, v->transfers[i]));
	set(o, "call", interval_json(d->log, v));
	set(o, "verdict", verdict_json(d->log, v));
	set(o, "transfers", transfers);
	return o;
}

/* ---- the document */

static json_t *summary_json(const struct tr_verdicts *all)
{
	static const enum tr_answer answers[] = {
		TR_BLOCKS, TR_BLOCKS_PARTLY, TR_DOES_NOT_BLOCK, TR_UNPROVEN, TR_UNKNOWN, TR_NOT_RETURNED,
	};
	int count[TR_ANSWER_COUNT] = { 0 }, outcome[TR_OUTCOME_COUNT] = { 0 };
	json_t *o = json_object();

	for (uint32_t i = 0; all && i < all->nr; i++) {
		count[all->list[i].answer]++;
		outcome[all->list[i].outcome]++;
	}
	set(o, "calls", integer(all ? all->nr : 0));
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		set(o, tr_answer_name(answers[i]), json_integer(count[answers[i]]));
	set(o, "lost", json_integer(outcome[TR_LOST]));
	set(o, "failed", json_integer(outcome[TR_FAILED]));
	return o;
}

static json_t *threads_json(const struct ui_document *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; d->log && i < tr_log_nr_threads(d->log); i++) {
		const struct tr_thread *t = tr_log_thread(d->log, i);
		int64_t busy_ns = 0, wait_ns = 0;
		json_t *o;
		if (tr_log_is_tracer(d->log, i))
			continue; /* one of ours */
		o = json_object();
		tr_thread_times(d->verdicts->final, i, &busy_ns, &wait_ns);
		set(o, "id", integer(t->number));
		set(o, "name", text(t->name));
		set(o, "role", text(t->role));
		set(o, "busy_ns", json_integer(busy_ns));
		set(o, "wait_ns", json_integer(wait_ns));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *semaphores_json(const struct ui_document *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; d->log && i < tr_log_nr_objects(d->log); i++) {
		const struct tr_object *object = tr_log_object(d->log, i);
		const struct tr_object_state *s = &d->verdicts->final->objects[i];
		json_t *o;
		if (object->init != XF_EV_sem_init || !*object->name)
			continue;
		o = json_object();
		set(o, "name", text(object->name));
		set(o, "class", object->class == XF_CLASS_NONE ? NULL : text(xf_class_name(object->class)));
		set(o, "capacity", integer_or_null(object->class != XF_CLASS_NONE, (uint64_t)object->capacity));
		set(o, "max_in_use", json_integer(s->max_in_use));
		set(o, "waits", integer(s->waits));
		set(o, "wait_ns", json_integer(s->wait_ns));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *overhead_json(const struct ui_document *d)
{
	const char *measured = d->log ? tr_log_property(d->log, "event_ps") : NULL;
	double event_ns = measured ? strtod(measured, NULL) / 1e3 : 0;
	uint32_t nr = d->log ? tr_log_nr_events(d->log) : 0;
	double total_ns = event_ns * nr;
	int64_t run_ns = nr ? tr_log_time(d->log, nr - 1) - tr_log_time(d->log, 0) : 0;
	json_t *o = json_object();

	set(o, "event_ns", measured ? json_real(event_ns) : NULL);
	set(o, "total_ns", measured ? json_integer((json_int_t)total_ns) : NULL);
	set(o, "share", measured && run_ns > 0 ? json_real(total_ns / (double)run_ns) : NULL);
	set(o, "trace_bytes", d->log ? integer(XF_HEADER_SIZE + (uint64_t)XF_SEGMENT_SIZE *
					       tr_log_header(d->log)->nr_segments) : NULL);
	return o;
}

json_t *ui_document_json(const struct ui_document *d)
{
	json_t *calls = json_array(), *o = json_object();

	for (uint32_t i = 0; d->verdicts && i < d->verdicts->nr; i++)
		json_array_append_new(calls, call_json(d, &d->verdicts->list[i]));
	set(o, "xferdb", json_string(XFERDB_VERSION));
	set(o, "command", text(d->command));
	set(o, "summary", summary_json(d->verdicts));
	set(o, "calls", calls);
	set(o, "threads", threads_json(d));
	set(o, "semaphores", semaphores_json(d));
	set(o, "peak_concurrency", integer(d->log ? tr_state_peak(d->verdicts->final) : 0));
	set(o, "events", integer(d->log ? tr_log_nr_events(d->log) : 0));
	set(o, "events_dropped", integer(d->log ? tr_log_lost(d->log) : 0));
	set(o, "overhead", overhead_json(d));
	set(o, "trace", text(d->trace));
	return o;
}

/* ---- writing */

static enum xf_status dump(json_t *document, FILE *out, const char *path, struct xf_error *err)
{
	int failed = json_dumpf(document, out, JSON_COMPACT) || fputc('\n', out) == EOF || fflush(out);

	return failed ? xf_fail_errno(err, XF_IO, errno, "the JSON could not be written to %s", path) : XF_OK;
}

struct destined {
	json_t *document;
	const char *path;
};

static enum xf_status dump_destined(void *destined, FILE *out, const char *temporary, struct xf_error *err)
{
	const struct destined *d = destined;

	(void)temporary;
	return dump(d->document, out, d->path, err);
}

enum xf_status ui_json_possible(const char *path, struct xf_error *err)
{
	struct stat st;
	char folder[4096];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (!*path || !strcmp(path, "-") || len >= sizeof(folder))
		return XF_OK;
	snprintf(folder, sizeof(folder), "%.*s", (int)len, path);
	if (!len)
		strcpy(folder, slash ? "/" : ".");
	bool there = !stat(path, &st);
	if (there && S_ISDIR(st.st_mode))
		return xf_fail(err, XF_INVALID, "--json: %s is a folder", path);
	if (there && !S_ISREG(st.st_mode))
		return XF_OK;
	if (access(folder, W_OK | X_OK))
		return xf_fail_errno(err, XF_INVALID, errno, "--json: cannot write %s", path);
	return XF_OK;
}

enum xf_status ui_json_write(json_t *document, const char *path, struct xf_error *err)
{
	if (!document)
		return xf_fail(err, XF_NOMEM, "out of memory for the JSON");
	if (!*path || !strcmp(path, "-"))
		return dump(document, stdout, "standard output", err);
	return tr_whole_write(path, dump_destined, &(struct destined){ document, path }, err);
}
