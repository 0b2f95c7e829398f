/*
 * matches: which events a filter lets through, found in steps so that neither
 * ten million events nor a growing trace make anybody wait.
 */
#ifndef UI_SCREEN_MATCHES_H
#define UI_SCREEN_MATCHES_H

#include "tracer/trace/filter.h"
#include "tui/screen/index.h"

struct ui_matches {
	struct tr_filter *filter; /* NULL: none, everything matches */
	char text[256];
	bool inverse;
	struct ui_events found;
	uint32_t at;              /* events looked at */
};

/* Takes a filter's text; "" takes it away. Errors: XF_INVALID; what was stays. */
enum xf_status ui_matches_set(struct ui_matches *m, const char *text, struct xf_error *err);
void ui_matches_fini(struct ui_matches *m);
void ui_matches_invert(struct ui_matches *m);

/* Looks at up to nr_events more. True: all have been. */
bool ui_matches_advance(struct ui_matches *m, const struct tr_log *log, uint32_t nr_events);

/* How many events match, so far; without a filter all. The i-th of them. Its place: how many matches come before event. */
uint32_t ui_matches_nr(const struct ui_matches *m, const struct tr_log *log);
uint32_t ui_matches_get(const struct ui_matches *m, uint32_t i);
uint32_t ui_matches_place(const struct ui_matches *m, uint32_t event);

/* Does this event match? */
bool ui_matches_has(const struct ui_matches *m, const struct tr_log *log, uint32_t event);

#endif
