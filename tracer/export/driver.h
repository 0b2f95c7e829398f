/*
 * driver: one pass over the log; what an exporter can be shown. Private to the room.
 *
 * Events of one thread form spans that nest: the thread itself, calls, instrumented
 * frames, waits. What overlaps (transfers, attempts at parts, requests) are spans
 * of their own outside any nesting. An event that closes nothing that is open, or
 * whose end never comes, loses nobody else: what stays open is closed at the
 * end and marked so.
 */
#ifndef TR_EXPORT_DRIVER_H
#define TR_EXPORT_DRIVER_H

#include "tracer/export/export.h"

/* ORDER span kinds: words in driver.c. The first five nest, the rest overlap. */
enum tr_span_kind {
	TR_SPAN_THREAD, TR_SPAN_CALL, TR_SPAN_FRAME, TR_SPAN_READ, TR_SPAN_WAIT,
	TR_SPAN_TRANSFER, TR_SPAN_ATTEMPT, TR_SPAN_REQUEST, TR_SPAN_KIND_COUNT
};
const char *tr_span_kind_name(enum tr_span_kind k); /* "thread" "call" "frame" "read" "wait" "transfer" "part" "request" */

struct tr_span {
	enum tr_span_kind kind;
	uint64_t id;             /* unique in the export, from 1 */
	uint64_t parent;         /* id, 0: none */
	uint32_t thread;         /* on which it began */
	uint32_t begin, end;     /* events; end TR_NONE while open, and when nothing ended it */
	int64_t begin_ns, end_ns; /* end_ns of what nothing ended: the end of the trace */
	uint32_t process, transfer; /* its number; TR_NONE */
	uint32_t part, attempt, request; /* 0: none */
	enum xf_op op;           /* requests */
	uint32_t call;           /* index in the log, calls only */
	bool failed;             /* ended by a failure */
	char name[96];
};

/* What an event is to the spans that nest on its thread. */
enum tr_place { TR_PLACE_INSIDE, TR_PLACE_OPENS, TR_PLACE_CLOSES };

struct tr_export {
	const struct tr_log *log;
	const struct tr_verdicts *verdicts;
	const struct tr_filter *filter;
	const struct tr_exporter *as;
	FILE *out;
	const char *path;           /* of exporters that open it themselves */
	void *state;                /* the exporter's; it frees it in end() */
	void *user;                 /* whoever made the pass */
	struct xf_error *err;
	enum xf_status status;      /* not XF_OK: the pass ends */
	uint32_t only_thread;       /* TR_NONE: all */
	int64_t now_ns;             /* time of the event at hand, never backwards on its thread */
	struct tr_spans *spans;     /* the driver's */
};

/*
 * A row of the table. All functions may be NULL; begin and end are called once. Per event:
 * span_end of what it closes, event, span_begin of what it opens, counters, edges that end there.
 */
struct tr_exporter {
	const char *name, *extension, *summary;
	bool to_path;               /* it makes its file itself */
	bool to_folder;             /* it makes files in the folder `path`, which is there and empty */
	bool binary;
	void (*begin)(struct tr_export *x);
	void (*event)(struct tr_export *x, const struct tr_event *e, enum tr_place place);
	void (*span_begin)(struct tr_export *x, const struct tr_span *s);
	void (*span_end)(struct tr_export *x, const struct tr_span *s);
	void (*counter)(struct tr_export *x, const struct tr_event *e, const char *name, int64_t value);
	void (*edge)(struct tr_export *x, const struct tr_edge *edge);
	void (*end)(struct tr_export *x); /* also after a failure */
};

extern const struct tr_exporter tr_exporters[];
extern const unsigned tr_nr_exporters;

/* The pass. Errors: what the exporter set, XF_NOMEM, XF_IO of the stream. */
enum xf_status tr_export_run(struct tr_export *x);

/* Ends the pass with an error; the first counts. */
void tr_export_fail(struct tr_export *x, enum xf_status status, const char *text);

/* Spans that nest, open on that thread now: depth of them, 0 the thread's own. Borrowed until the next event. */
uint32_t tr_export_depth(const struct tr_export *x, uint32_t thread);
const struct tr_span *tr_export_open(const struct tr_export *x, uint32_t thread, uint32_t depth);

/* Time of an event as spans have it: not before the thread's own span began, nor after it ended. */
int64_t tr_export_thread_begin_ns(const struct tr_log *log, uint32_t thread);
int64_t tr_export_thread_end_ns(const struct tr_log *log, uint32_t thread);

/* A transfer's row in the final state by its number; NULL. */
const struct tr_transfer_state *tr_export_transfer(const struct tr_export *x, uint32_t process, uint32_t id);

/* ---- the exporters' functions, for table.c */
#define TR_EXPORTER(name)                                                                          \
	void tr_##name##_begin(struct tr_export *x);                                               \
	void tr_##name##_event(struct tr_export *x, const struct tr_event *e, enum tr_place place); \
	void tr_##name##_span_begin(struct tr_export *x, const struct tr_span *s);                 \
	void tr_##name##_span_end(struct tr_export *x, const struct tr_span *s);                   \
	void tr_##name##_counter(struct tr_export *x, const struct tr_event *e, const char *name, int64_t value); \
	void tr_##name##_edge(struct tr_export *x, const struct tr_edge *edge);                    \
	void tr_##name##_end(struct tr_export *x);
TR_EXPORTER(jsonl)
TR_EXPORTER(csv)
TR_EXPORTER(perfetto)
TR_EXPORTER(proto)
TR_EXPORTER(otlp)
TR_EXPORTER(grafana)
TR_EXPORTER(speedscope)
TR_EXPORTER(folded)
TR_EXPORTER(sqlite)
TR_EXPORTER(dot)
TR_EXPORTER(mermaid)
TR_EXPORTER(svg)
TR_EXPORTER(html)
TR_EXPORTER(ctf)
TR_EXPORTER(warp)
#undef TR_EXPORTER

#endif
