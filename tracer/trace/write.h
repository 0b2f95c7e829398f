/*
 * write: synthetic traces, from a compact text, for tests and examples.
 *
 *     thread 0 main                    names a thread: number, name, [role], [process=N]
 *     object 1 event done signal       an object: id, kind (sem event mutex cond queue), name, class
 *     @100 0 call_enter call=1 label="put"
 *     0 event_wait #1 limit_ns=5       thread, kind, #object, fields by name
 *     1 event_set #1 :file.c@function:12   the place in the source, after a colon
 *
 * One event a line, in the order in which they happen. `@N` sets the clock to N ns (before the
 * first event it is 0), `+N` moves it, else it moves by 10. An object's order is counted by
 * itself unless `order=N` says otherwise; texts may be quoted, and have lines (`\n`) then; enumerations are words or numbers.
 * `process=N` after a thread's number puts the thread into another process. '#' at the start
 * of a line and ';' anywhere outside quotes begin a comment; `closed` on a line of its own ends
 * the trace in order, `dropped N` sets the counter of dropped records.
 *
 * The result is a trace file in memory, byte for byte as the format has it, with sealed and
 * checksummed segments, for tr_file_open_memory() or to be written to a file.
 */
#ifndef TR_TRACE_WRITE_H
#define TR_TRACE_WRITE_H

#include "tracer/trace/log.h"

/*
 * Owns: *bytes, free(). Errors: XF_INVALID with the line's number and what is wrong, XF_NOMEM.
 */
enum xf_status tr_write_text(const char *text, void **bytes, size_t *len, struct xf_error *err);

/* The same, loaded. Owns: *out, tr_log_close(). */
enum xf_status tr_log_from_text(const char *text, struct tr_log **out, struct xf_error *err);

#endif
