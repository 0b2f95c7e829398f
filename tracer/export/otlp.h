/* otlp: spans of the open telemetry protocol, for the exporter and for the sender. Private to the room. */
#ifndef TR_EXPORT_OTLP_H
#define TR_EXPORT_OTLP_H

#include "tracer/export/driver.h"

/* x->state from open to close. */
void tr_otlp_open(struct tr_export *x);
void tr_otlp_close(struct tr_export *x);

/* A request body: head, spans with commas between them, tail. */
void tr_otlp_put_head(struct tr_export *x, const char *top);
void tr_otlp_put_span(struct tr_export *x, const struct tr_span *s);
void tr_otlp_put_tail(struct tr_export *x);

/* To be told of every span's end before it is put. */
void tr_otlp_note_end(struct tr_export *x, const struct tr_span *s);

#endif
