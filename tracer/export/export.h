/*
 * export: a trace in the formats of other tools.
 *
 * One table of exporters (table.c). Each names the things it wants to be shown, NULL
 * what it does not; the driver passes once over the log, in its one order, and shows
 * them. Nothing is kept that does not have to be: what is open (spans) and what
 * the log itself costs. The event log (jsonl) is the canonical format, every other
 * is made from the same events in the same order.
 *
 *     const struct tr_exporter *as = tr_exporter_find("perfetto");
 *     tr_export_file(as, &(struct tr_export_input){ .log = log, .verdicts = &v }, "out.json", err);
 *
 * No secret can come out of here, since none is in a trace; every text is escaped
 * by the rules of its format.
 */
#ifndef TR_EXPORT_EXPORT_H
#define TR_EXPORT_EXPORT_H

#include <stdio.h>

#include "tracer/trace/filter.h"
#include "tracer/verdict/verdict.h"

struct tr_exporter;

/* The exporter of that name, NULL when there is none; the i-th, NULL behind the last. */
const struct tr_exporter *tr_exporter_find(const char *name);
const struct tr_exporter *tr_exporter_at(unsigned i);
const char *tr_exporter_name(const struct tr_exporter *e);
const char *tr_exporter_extension(const struct tr_exporter *e);
const char *tr_exporter_summary(const struct tr_exporter *e);
bool tr_exporter_is_binary(const struct tr_exporter *e);
bool tr_exporter_is_folder(const struct tr_exporter *e); /* tr_export_file() only, to a folder that it makes */

/* What is exported; borrowed for the call. */
struct tr_export_input {
	const struct tr_log *log;
	const struct tr_verdicts *verdicts;
	const struct tr_filter *filter;  /* NULL: everything. Edges need both their ends */
};

/*
 * Writes to path, whole or not at all (a temporary name beside it, then renamed; a
 * device or a pipe is written to as it is; a folder where the format is one). Errors: XF_IO, XF_NOMEM, XF_INVALID.
 */
enum xf_status tr_export_file(const struct tr_exporter *as, const struct tr_export_input *input,
			      const char *path, struct xf_error *err);

/* The same to a stream, which stays open. */
enum xf_status tr_export_stream(const struct tr_exporter *as, const struct tr_export_input *input,
				FILE *out, struct xf_error *err);

/*
 * Sends the spans to an OTLP/HTTP collector: url is the collector ("http://host:4318") or the
 * whole address. In pieces; retried by the protocol's rules (429, 502, 503, 504 and connections
 * that failed; Retry-After, else back-off). *sent: spans accepted. Errors: XF_HTTP and those of
 * xf_http_exchange(); what the collector rejects of a piece it took is an XF_HTTP error with its words.
 */
enum xf_status tr_export_send(const struct tr_export_input *input, const char *url, uint64_t *sent,
			      struct xf_error *err);

#endif
