/*
 * layout: which pane gets which rows and columns. Arithmetic only. No pane that is shown is
 * of height zero; what does not fit is not shown, and comes when it gets the focus.
 */
#ifndef UI_SCREEN_LAYOUT_H
#define UI_SCREEN_LAYOUT_H

#include "tui/screen/cells.h"

enum { UI_MIN_ROWS = 12, UI_MIN_COLUMNS = 40 };

/* ORDER panes: rows in view.c; digits 1 to 9 and 0 are the first ten */
enum ui_pane {
	UI_PANE_TIMELINE, UI_PANE_THREADS, UI_PANE_SEMAPHORES, UI_PANE_PARTS, UI_PANE_EVENTS, UI_PANE_JOIN,
	UI_PANE_STACK, UI_PANE_REQUESTS, UI_PANE_EVIDENCE, UI_PANE_PROMPT, UI_PANE_HELP, UI_PANE_COUNT
};

/* What is asked of the layout. */
struct ui_layout_wish {
	int rows, columns;
	enum ui_pane focus;
	bool maximised;
	int enlarged;       /* rows that the pane in focus gets from the others */
	int lanes;          /* lanes the timeline would like to show */
};

struct ui_layout {
	bool fits;          /* false: below UI_MIN_ROWS x UI_MIN_COLUMNS; nothing is set */
	struct ui_rect header, crumbs, keys;
	struct ui_rect panes[UI_PANE_COUNT]; /* rows 0: not shown; the first row is the title */
};

struct ui_layout ui_layout_make(const struct ui_layout_wish *wish);

#endif
