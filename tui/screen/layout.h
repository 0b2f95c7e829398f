/* layout: which pane gets which rows and columns. Arithmetic only; no pane is ever of height zero. */
#ifndef UI_SCREEN_LAYOUT_H
#define UI_SCREEN_LAYOUT_H

#include "tui/screen/cells.h"

enum { UI_MIN_ROWS = 10, UI_MIN_COLUMNS = 40 };

/* ORDER panes */
enum ui_pane { UI_PANE_HEADER, UI_PANE_LANES, UI_PANE_SEMAPHORES, UI_PANE_JOIN, UI_PANE_VERDICT, UI_PANE_KEYS, UI_PANE_COUNT };

struct ui_layout {
	bool fits; /* false: the terminal is below UI_MIN_ROWS x UI_MIN_COLUMNS, and no pane is set */
	struct ui_rect panes[UI_PANE_COUNT];
};

/* What wants to be shown: rows that lanes and semaphores would like (their headings included). */
struct ui_layout ui_layout_make(int rows, int columns, int lane_rows, int semaphore_rows);

#endif
