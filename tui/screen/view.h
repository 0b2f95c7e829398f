/*
 * view: what a pane shows. One row a pane: how to draw it, what its lines are, and what
 * happens when one is chosen or opened. Views draw into cells and know neither terminal nor clock.
 */
#ifndef UI_SCREEN_VIEW_H
#define UI_SCREEN_VIEW_H

#include "tui/screen/cells.h"
#include "tui/screen/scene.h"

struct ui_view {
	const char *title;
	bool needs_state;             /* else it is drawn before the trace has been replayed, too */
	/* rect: without the title. */
	void (*draw)(struct ui_scene *scene, struct ui_cells *cells, const struct ui_rect *rect);
	/* Lines to walk, where they are not items; NULL: none. */
	uint32_t (*rows)(const struct ui_scene *scene);
	void (*chosen)(struct ui_scene *scene, uint32_t row);
	void (*enter)(struct ui_scene *scene, uint32_t row);
	const char *opens;            /* what Enter leads to, in a word */
	int head;                     /* rows above its lines */
	/* Where the user chooses and orders (rows.h): columns, no name at the end; how many items; what stands in
	   a column, returns buf or a text; what is ordered by (column 0: at first); another order, where it says true. */
	const struct ui_column *columns;
	uint32_t (*items)(const struct ui_scene *scene);
	bool (*listed)(const struct ui_scene *scene, uint32_t item); /* NULL: all are */
	const char *(*text)(const struct ui_scene *scene, uint32_t item, int column, char *buf, size_t cap);
	int64_t (*key)(const struct ui_scene *scene, uint32_t item, int column);
	bool (*arrange)(const struct ui_scene *scene, uint32_t *list, uint32_t nr);
};

extern const struct ui_view ui_view_timeline, ui_view_threads, ui_view_semaphores, ui_view_parts, ui_view_events,
	ui_view_join, ui_view_stack, ui_view_requests, ui_view_evidence, ui_view_prompt, ui_view_help;

/* ORDER panes */
extern const struct ui_view *const ui_views[UI_PANE_COUNT];

/* The whole picture; says so when the screen is too small. */
void ui_view_draw(struct ui_scene *scene, struct ui_cells *cells);
void ui_view_header(struct ui_scene *scene, struct ui_cells *cells, const struct ui_rect *rect);

/* Lines of a pane now. */
uint32_t ui_view_rows(const struct ui_scene *scene, enum ui_pane pane);

/* ---- for views */

/* A column's name in a list's head row, where the mouse finds it. Returns how many columns it took. */
int ui_view_head(struct ui_scene *scene, struct ui_cells *cells, const struct ui_rect *rect, enum ui_pane pane, int column,
		 int x, const char *format);
/* Marks of a list's line: chosen, tagged, searched. row: from the rect's top. */
void ui_view_line(const struct ui_scene *scene, struct ui_cells *cells, const struct ui_rect *rect, enum ui_pane pane,
		  int row, uint32_t item, bool chosen);
/* A name in so many columns: cut in its middle, as what tells apart stands at the end. Returns buf. */
const char *ui_view_name(const char *name, int columns, char *buf, size_t cap);

/* The list's first line, so that the chosen one is in sight; notes the page's size. */
uint32_t ui_view_top(struct ui_scene *scene, enum ui_pane pane, uint32_t nr_rows, int page);
/* Marks the chosen line. */
void ui_view_mark(const struct ui_scene *scene, struct ui_cells *cells, const struct ui_rect *rect, enum ui_pane pane,
		  int row);
/* What a thread does, in words: "waits for event 'done'". Returns buf. */
const char *ui_view_doing(const struct ui_scene *scene, uint32_t thread, char *buf, size_t cap);
/* An object in words: "semaphore 'request'", "event 'done'". Returns buf. */
const char *ui_view_object(const struct tr_log *log, uint32_t object, char *buf, size_t cap);
/* "+0.123456" in a width that goes with the run's length. Returns buf. */
const char *ui_view_time(int64_t ns, char *buf, size_t cap);
/* A duration in a list's column. Returns buf. */
const char *ui_view_duration(const struct ui_scene *scene, int64_t ns, char *buf, size_t cap);
/* The trace's time that durations run up to: the cursor's, or now where the newest event is followed. */
int64_t ui_view_now_ns(const struct ui_scene *scene);
/* A thread's name, with the pid where its process is not the caller's. Returns buf or the name. */
const char *ui_view_thread(const struct ui_run *run, uint32_t thread, char *buf, size_t cap);
/* The caller's thread, TR_NONE before there is a call. */
uint32_t ui_view_caller(const struct ui_run *run);

#endif
