/*
 * view: what a pane shows. A view draws the state it is given into cells, and
 * knows neither terminal nor time: the same function serves a live run, a
 * recording and a test.
 */
#ifndef UI_SCREEN_VIEW_H
#define UI_SCREEN_VIEW_H

#include "tracer/verdict/verdict.h"
#include "tui/screen/cells.h"
#include "tui/screen/layout.h"

enum { UI_STRIP = 512, UI_MAX_LANES = 1024 };

/* What the threads did, one mark a frame: the newest at (next - 1) % UI_STRIP. */
struct ui_strips {
	char (*marks)[UI_STRIP]; /* by thread index */
	uint32_t nr_lanes;
	uint32_t next;
};

/* What there is to show. Borrowed for the call. */
struct ui_scene {
	const struct tr_log *log;
	const struct tr_state *state;
	const struct tr_verdicts *verdicts; /* NULL: the run is not over */
	const struct ui_strips *strips;     /* NULL: no history */
	int64_t elapsed_ns;
	int first_lane;                     /* scrolled down by that many */
	bool live;
};

struct ui_view {
	const char *name;
	void (*draw)(const struct ui_scene *scene, struct ui_cells *cells, const struct ui_rect *rect);
};

/* ORDER panes */
extern const struct ui_view ui_views[UI_PANE_COUNT];

/* The whole picture; says so when the terminal is too small. */
void ui_view_draw(const struct ui_scene *scene, struct ui_cells *cells);

/* The mark of what a thread does: one ASCII character. */
char ui_view_mark(enum tr_activity activity);

/* Adds a frame to the strips. */
void ui_strips_add(struct ui_strips *strips, const struct tr_state *state);

#endif
