/*
 * json: the document of --json, and events as JSON objects, from a loaded trace
 * and its verdicts alone: what `put` prints at its end and what `verdict` prints
 * later from the file come from this one place. Keys: json.def.
 *
 * What no event says is recorded by the run as properties, and read back here:
 * ui_note_*() below.
 */
#ifndef UI_COMMAND_JSON_H
#define UI_COMMAND_JSON_H

#include <jansson.h>

#include "tracer/trace/log.h"
#include "tracer/verdict/verdict.h"

/* What the document is made from; borrowed for the call. */
struct ui_document {
	const char *command;             /* "put" */
	const struct tr_log *log;        /* NULL: nothing was recorded */
	const struct tr_verdicts *verdicts;
	const char *trace;               /* its path; NULL: none */
};

/* Owns: the result, json_decref(). NULL: out of memory. */
json_t *ui_document_json(const struct ui_document *document);

/*
 * Writes the document, compact, with a newline: to standard output when path is
 * "" or "-", else to that file, whole or not at all (a temporary name beside it,
 * renamed; a device or pipe is written to as it is). Errors: XF_IO, XF_NOMEM.
 */
enum xf_status ui_json_write(json_t *document, const char *path, struct xf_error *err);

/* Before anything is sent: could a document be written there, as far as one can tell? XF_INVALID: no. */
enum xf_status ui_json_possible(const char *path, struct xf_error *err);

/* Why a transfer failed, into the trace that is being recorded. Thread: any that records. */
void ui_note_error(uint32_t transfer, const struct xf_error *error);

/* The error of that transfer from the trace; false when none is known. */
bool ui_noted_error(const struct tr_log *log, uint32_t transfer, struct xf_error *error);

#endif
