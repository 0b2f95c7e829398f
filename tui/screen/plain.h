/*
 * plain: the screen's linear form: one sentence an event, nothing redrawn, for
 * screen readers, logs and CI.
 */
#ifndef UI_SCREEN_PLAIN_H
#define UI_SCREEN_PLAIN_H

#include <stdio.h>

#include "tracer/trace/log.h"

/*
 * The event in a sentence, without its time: "request-3 sends part 7 (attempt 1)". false: nothing that a person
 * would be told (frames, locks that were free …). Foreign text in it is made harmless.
 */
bool ui_plain_sentence(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap);

/* The sentences of the events from `from` on, a line each, with their times. Returns the next event. */
uint32_t ui_plain_write(const struct tr_log *log, uint32_t from, FILE *out);

#endif
