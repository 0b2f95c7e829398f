/* text: texts of any origin, made safe for a format. Each writes to a stream; a NULL text is empty. */
#ifndef TR_EXPORT_TEXT_H
#define TR_EXPORT_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "tracer/trace/log.h"

void tr_put_json(FILE *out, const char *s);           /* "quoted" */
void tr_put_json_or_null(FILE *out, const char *s);   /* null for "" */
void tr_put_utf8(FILE *out, const char *s);           /* as it is, but what is no UTF-8 */
void tr_put_xml(FILE *out, const char *s);            /* for content and for attributes in double quotes */
void tr_put_csv(FILE *out, const char *s);            /* RFC 4180: quoted where it must be */
void tr_put_dot(FILE *out, const char *s);            /* "quoted" */
void tr_put_mermaid(FILE *out, const char *s);        /* inside a quoted label, by entities */
void tr_put_folded(FILE *out, const char *s);         /* a frame: without ';', blanks at its ends and line ends */

/* Microseconds with exactly three decimals. */
void tr_put_us(FILE *out, int64_t ns);

/* One event as a line of JSONL has it, without the line's end. */
void tr_put_event_json(FILE *out, const struct tr_log *log, const struct tr_event *e);

/* The kind's own fields, `"name":value` each behind a comma; what the line's common keys name is left out. */
void tr_put_fields_json(FILE *out, const struct tr_log *log, const struct tr_event *e);

#endif
