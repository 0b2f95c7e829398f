/*
 * sqlite: the trace as a database. Tables: meta, threads, objects, events (all, with their own fields as JSON),
 * spans, edges, transfers, verdicts; views: parts, waits, calls, requests, signal_edges. Table `examples`
 * holds five queries to begin with; docs/exports.md shows what they answer. Times are ns from the
 * trace's start. Ids are those of the log: seq of events, index of threads and objects.
 */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"

enum { STATEMENTS = 7 };
enum statement { THREAD, OBJECT, EVENT, SPAN, EDGE, TRANSFER, VERDICT };

struct database {
	sqlite3 *db;
	sqlite3_stmt *add[STATEMENTS];
};

static const char schema[] =
	"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);"
	"CREATE TABLE threads(id INTEGER PRIMARY KEY, process INT, number INT, pid INT, tid INT, name TEXT, role TEXT,"
	" creator INT, first_seq INT, last_seq INT);"
	"CREATE TABLE objects(id INTEGER PRIMARY KEY, process INT, number INT, name TEXT, class TEXT, kind TEXT, capacity INT);"
	"CREATE TABLE events(seq INTEGER PRIMARY KEY, t_ns INT, thread INT REFERENCES threads, kind TEXT, grp TEXT,"
	" object INT REFERENCES objects, file TEXT, line INT, function TEXT, transfer INT, part INT, fields TEXT);"
	"CREATE TABLE spans(id INTEGER PRIMARY KEY, kind TEXT, parent INT, thread INT REFERENCES threads, name TEXT,"
	" begin_seq INT, end_seq INT, begin_ns INT, end_ns INT, process INT, transfer INT, part INT, attempt INT, request INT, failed INT);"
	"CREATE TABLE edges(from_seq INT REFERENCES events, to_seq INT REFERENCES events, kind TEXT, class TEXT,"
	" timed INT, wait_seq INT);"
	"CREATE TABLE transfers(process INT, id INT, bucket TEXT, key TEXT, op TEXT, state TEXT, size INT, part_size INT,"
	" parts INT, upload_id TEXT, etag TEXT, submit_ns INT, done_ns INT);"
	"CREATE TABLE verdicts(call INT, name TEXT, thread INT, enter_ns INT, return_ns INT, answer TEXT, basis TEXT,"
	" outcome TEXT, parts INT, parts_ordered INT, parts_late INT, sentence TEXT);"
	"BEGIN;";

static const char views[] =
	"CREATE INDEX events_by_kind ON events(kind); CREATE INDEX events_by_thread ON events(thread, seq);"
	"CREATE INDEX edges_by_to ON edges(to_seq); CREATE INDEX spans_by_kind ON spans(kind);"
	"CREATE VIEW parts AS SELECT process, transfer, part, count(*) AS attempts, min(begin_ns) AS start_ns,"
	" CASE WHEN sum(end_seq IS NULL) THEN NULL ELSE max(end_ns) END AS done_ns,"
	" sum(end_ns-begin_ns) AS busy_ns, sum(failed) AS failures,"
	" (SELECT max(json_extract(e.fields,'$.bytes')) FROM events e WHERE e.kind='part_start' AND e.transfer=s.transfer AND e.part=s.part) AS bytes,"
	" (SELECT t.name FROM threads t WHERE t.id=s.thread) AS thread"
	" FROM spans s WHERE kind='part' GROUP BY process, transfer, part;"
	"CREATE VIEW waits AS SELECT s.id, s.begin_seq, s.end_seq, t.name AS thread, e.kind, o.name AS object, o.class,"
	" s.begin_ns, s.end_ns, s.end_ns-s.begin_ns AS wait_ns, d.from_seq AS woken_by_seq,"
	" (SELECT w.name FROM events f JOIN threads w ON w.id=f.thread WHERE f.seq=d.from_seq) AS woken_by, e.file, e.line"
	" FROM spans s JOIN threads t ON t.id=s.thread JOIN events e ON e.seq=s.begin_seq LEFT JOIN objects o ON o.id=e.object"
	" LEFT JOIN edges d ON d.to_seq=s.end_seq AND d.kind<>'data' WHERE s.kind='wait';"
	"CREATE VIEW calls AS SELECT s.id, s.name, t.name AS thread, s.begin_ns, s.end_ns, s.end_ns-s.begin_ns AS duration_ns"
	" FROM spans s JOIN threads t ON t.id=s.thread WHERE s.kind='call';"
	"CREATE VIEW requests AS SELECT s.id, s.name AS operation, t.name AS thread, s.transfer, s.part, s.attempt, s.begin_ns, s.end_ns,"
	" s.end_ns-s.begin_ns AS duration_ns, json_extract(e.fields,'$.http_status') AS http_status"
	" FROM spans s JOIN threads t ON t.id=s.thread LEFT JOIN events e ON e.seq=s.end_seq WHERE s.kind='request';"
	"CREATE VIEW signal_edges AS SELECT d.from_seq, d.to_seq, d.kind, a.name AS from_thread, b.name AS to_thread, f.t_ns AS from_ns,"
	" e.t_ns AS to_ns FROM edges d JOIN events f ON f.seq=d.from_seq JOIN events e ON e.seq=d.to_seq"
	" JOIN threads a ON a.id=f.thread JOIN threads b ON b.id=e.thread WHERE d.class='signal';"
	"CREATE TABLE examples(question TEXT, query TEXT);"
	"INSERT INTO examples VALUES"
	"('which parts took longest','SELECT part, busy_ns/1e6 AS ms, attempts, thread FROM parts ORDER BY busy_ns DESC LIMIT 10'),"
	"('what each thread waited for','SELECT thread, kind, object, count(*) AS times, sum(wait_ns)/1e6 AS ms FROM waits GROUP BY 1,2,3 ORDER BY ms DESC'),"
	"('who woke the caller, and when','SELECT begin_ns/1e6 AS from_ms, end_ns/1e6 AS to_ms, object, woken_by FROM waits WHERE thread=''main'' ORDER BY end_ns DESC'),"
	"('requests in flight at most','SELECT max(n) AS peak FROM (SELECT sum(d) OVER (ORDER BY t, d) AS n FROM"
	" (SELECT begin_ns AS t, 1 AS d FROM requests UNION ALL SELECT end_ns, -1 FROM requests))'),"
	"('requests that failed or were repeated','SELECT operation, part, attempt, http_status, begin_ns/1e6 AS at_ms FROM requests WHERE attempt>1 OR http_status NOT BETWEEN 200 AND 299');"
	"COMMIT;";

static const char *const inserts[STATEMENTS] = {
	"INSERT INTO threads VALUES(?,?,?,?,?,?,?,?,?,?)",
	"INSERT INTO objects VALUES(?,?,?,?,?,?,?)",
	"INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
	"INSERT INTO spans VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	"INSERT INTO edges VALUES(?,?,?,?,?,?)",
	"INSERT INTO transfers VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
	"INSERT INTO verdicts VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
};

static void failed(struct tr_export *x)
{
	struct database *d = x->state;
	char text[200];
	snprintf(text, sizeof(text), "the database could not be written: %.150s", sqlite3_errmsg(d->db));
	tr_export_fail(x, XF_IO, text);
}

/* One row: i integer (int64_t), n the same, below 0 is NULL; s text, "" is NULL; j JSON of ours. */
static void row(struct tr_export *x, enum statement which, const char *types, ...)
{
	struct database *d = x->state;
	sqlite3_stmt *s = d->add[which];
	va_list args;
	va_start(args, types);
	for (int i = 1; *types; types++, i++) {
		if (*types == 'j') {
			sqlite3_bind_text(s, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		} else if (*types == 's') {
			const char *text = va_arg(args, const char *);
			char clean[1024];
			xf_text_sanitise(clean, sizeof(clean), text ? text : "", text ? strlen(text) : 0);
			if (*clean)
				sqlite3_bind_text(s, i, clean, -1, SQLITE_TRANSIENT);
			else
				sqlite3_bind_null(s, i);
		} else {
			int64_t n = va_arg(args, int64_t);
			if (*types == 'n' && n < 0)
				sqlite3_bind_null(s, i);
			else
				sqlite3_bind_int64(s, i, n);
		}
	}
	va_end(args);
	if (!x->status && sqlite3_step(s) != SQLITE_DONE)
		failed(x);
	sqlite3_reset(s);
}

static int64_t or_null(uint32_t index)
{
	return index == TR_NONE ? -1 : (int64_t)index;
}

static int64_t I(uint64_t n) { return (int64_t)n; }

/* ---- what is known beforehand */

static void put_threads(struct tr_export *x)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		const struct tr_thread *t = tr_log_thread(x->log, i);
		row(x, THREAD, "iiiiissnnn", I(i), I(t->process), I(t->number), I(t->pid), I(t->tid), t->name, t->role,
		    or_null(t->creator), or_null(t->first), or_null(t->last));
	}
}

static void put_objects(struct tr_export *x)
{
	for (uint32_t i = 0; i < tr_log_nr_objects(x->log); i++) {
		const struct tr_object *o = tr_log_object(x->log, i);
		row(x, OBJECT, "iiisssi", I(i), I(o->process), I(o->id), o->name,
		    o->class == XF_CLASS_NONE ? "" : xf_class_name(o->class), xf_kind_info(o->init)->name, o->capacity);
	}
}

static void put_transfers(struct tr_export *x)
{
	const struct tr_state *s = x->verdicts ? x->verdicts->final : NULL;
	for (uint32_t i = 0; s && i < s->nr_transfers; i++) {
		const struct tr_transfer_state *t = &s->transfers[i];
		row(x, TRANSFER, "iissssnnnssnn", I(t->process), I(t->id), tr_log_text(x->log, t->process, t->bucket),
		    tr_log_text(x->log, t->process, t->key), xf_op_name(t->op), xf_state_name(t->state),
		    t->size_known ? I(t->size) : (int64_t)-1, t->planned ? I(t->part_size) : (int64_t)-1, I(t->nr_parts),
		    tr_log_text(x->log, t->process, t->upload_id), tr_log_text(x->log, t->process, t->etag),
		    t->submit_ns, t->done_ns);
	}
}

static void put_verdicts(struct tr_export *x)
{
	char sentence[1024];
	for (uint32_t i = 0; x->verdicts && i < x->verdicts->nr; i++) {
		const struct tr_verdict *v = &x->verdicts->list[i];
		const struct tr_call *c = v->call == TR_NONE ? NULL : tr_log_call(x->log, v->call);
		row(x, VERDICT, "nsnnnsssiiis", or_null(v->call), c ? c->name : "", c ? I(c->thread) : (int64_t)-1,
		    c ? v->enter_ns : (int64_t)-1, v->return_ns, tr_answer_name(v->answer), tr_basis_name(v->basis),
		    tr_outcome_name(v->outcome), I(v->parts), I(v->parts_ordered), I(v->parts_late),
		    tr_verdict_sentence(x->log, x->verdicts, v, sentence, sizeof(sentence)));
	}
}

static void run(struct tr_export *x, const char *sql)
{
	struct database *d = x->state;
	if (!x->status && sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		failed(x);
}

static void put_meta(struct tr_export *x)
{
	char sql[400];
	sqlite3_snprintf(sizeof(sql), sql, "INSERT INTO meta VALUES('xferdb',%Q),('epoch_unix_ns','%llu'),"
			 "('trace_version','%u'),('events','%u'),('lost','%llu')", XFERDB_VERSION,
			 (unsigned long long)tr_log_header(x->log)->real_ns, (unsigned)XF_TRACE_VERSION,
			 tr_log_nr_events(x->log), (unsigned long long)tr_log_lost(x->log));
	run(x, sql);
}

void tr_sqlite_begin(struct tr_export *x)
{
	struct database *d = x->state = calloc(1, sizeof(*d));
	if (!d) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	if (sqlite3_open(x->path, &d->db) != SQLITE_OK)
		failed(x);
	run(x, schema);
	for (unsigned i = 0; i < STATEMENTS && !x->status; i++)
		if (sqlite3_prepare_v2(d->db, inserts[i], -1, &d->add[i], NULL) != SQLITE_OK)
			failed(x);
	if (x->status)
		return;
	put_meta(x);
	put_threads(x);
	put_objects(x);
	put_transfers(x);
	put_verdicts(x);
}

/* ---- the pass */

static char *fields_text(struct tr_export *x, const struct tr_event *e)
{
	char *json = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&json, &len);
	if (!m)
		return NULL;
	putc('{', m);
	tr_put_fields_json(m, x->log, e);
	putc('}', m);
	fclose(m);
	if (json && json[1] == ',')
		json[1] = ' '; /* behind the brace no comma */
	return json;
}

void tr_sqlite_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	struct tr_site site = tr_event_site(x->log, e);
	uint64_t transfer = 0, part = 0;
	bool has_transfer = tr_event_field(e, "transfer", &transfer), has_part = tr_event_field(e, "part", &part);
	char *fields = fields_text(x, e);
	(void)place;
	row(x, EVENT, "iiissnsnsnnj", I(e->index), e->t_ns, I(e->thread), info->name, xf_group_name(info->group),
	    or_null(e->object), site.file, site.line ? I(site.line) : (int64_t)-1, site.function,
	    has_transfer ? I(transfer) : (int64_t)-1, has_part && part ? I(part) : (int64_t)-1, fields);
	free(fields);
}

void tr_sqlite_span_end(struct tr_export *x, const struct tr_span *s)
{
	row(x, SPAN, "isnisinninnnnni", I(s->id), tr_span_kind_name(s->kind), s->parent ? I(s->parent) : (int64_t)-1,
	    I(s->thread), s->name, I(s->begin), or_null(s->end), s->begin_ns, s->end_ns, I(s->process),
	    or_null(s->transfer), s->part ? I(s->part) : (int64_t)-1, s->attempt ? I(s->attempt) : (int64_t)-1,
	    s->request ? I(s->request) : (int64_t)-1, I(s->failed));
}

void tr_sqlite_edge(struct tr_export *x, const struct tr_edge *edge)
{
	row(x, EDGE, "iissin", I(edge->from), I(edge->to), tr_edge_name(edge->kind),
	    xf_class_name(edge->class), I(edge->timed), or_null(edge->wait));
}

void tr_sqlite_end(struct tr_export *x)
{
	struct database *d = x->state;
	if (!d)
		return;
	run(x, views);
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(d->add[i]);
	if (sqlite3_close(d->db) != SQLITE_OK)
		tr_export_fail(x, XF_IO, "the database could not be closed");
	free(d);
}
