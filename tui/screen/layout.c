#include "tui/screen/layout.h"

static int clamp(int n, int low, int high)
{
	return n < low ? low : n > high ? high : n;
}

struct ui_layout ui_layout_make(int rows, int columns, int lane_rows, int semaphore_rows)
{
	/* ORDER panes; lanes and semaphores share what the others leave */
	int heights[UI_PANE_COUNT] = { 2, 0, 0, 2, 2, 1 };
	struct ui_layout layout = { .fits = rows >= UI_MIN_ROWS && columns >= UI_MIN_COLUMNS };
	int left = rows - 7, y = 0;

	if (!layout.fits)
		return layout;
	heights[UI_PANE_SEMAPHORES] = clamp(semaphore_rows, 1, left / 3 > 1 ? left / 3 : 1);
	heights[UI_PANE_LANES] = left - heights[UI_PANE_SEMAPHORES];
	if (lane_rows < heights[UI_PANE_LANES]) {
		int spare = heights[UI_PANE_LANES] - clamp(lane_rows, 1, left);
		int wanted = clamp(semaphore_rows - heights[UI_PANE_SEMAPHORES], 0, spare);
		heights[UI_PANE_SEMAPHORES] += wanted;
		heights[UI_PANE_LANES] -= wanted;
	}
	for (int i = 0; i < UI_PANE_COUNT; i++) {
		layout.panes[i] = (struct ui_rect){ y, 0, heights[i], columns };
		y += heights[i];
	}
	return layout;
}
