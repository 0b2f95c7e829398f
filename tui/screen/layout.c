#include "tui/screen/layout.h"

enum { HEADER_ROWS = 3, WIDE = 120, HIGH = 34 };

static int clamp(int n, int low, int high)
{
	return n > high ? high : n < low ? low : n;
}

static struct ui_rect rect(int y, int x, int rows, int columns)
{
	return (struct ui_rect){ y, x, rows, columns };
}

/* A small screen: the timeline, and below it the one pane in focus. */
static void stack(struct ui_layout *l, const struct ui_layout_wish *w, int top, int rows)
{
	enum ui_pane below = w->focus == UI_PANE_TIMELINE ? UI_PANE_JOIN : w->focus;
	int grow = w->focus == UI_PANE_TIMELINE ? w->enlarged : -w->enlarged;
	int upper = clamp(w->lanes + 3, 3, rows - rows * 2 / 5);

	upper = clamp(upper + grow, 3, rows - 3);
	l->panes[UI_PANE_TIMELINE] = rect(top, 0, upper, w->columns);
	l->panes[below] = rect(top + upper, 0, rows - upper, w->columns);
}

/* A large one: timeline, then threads beside semaphores, then events beside parts or whatever is in focus. */
static void grid(struct ui_layout *l, const struct ui_layout_wish *w, int top, int rows)
{
	bool known = w->focus <= UI_PANE_JOIN;
	enum ui_pane detail = known ? UI_PANE_JOIN : w->focus; /* ORDER panes: the first six have a place of their own */
	int half = w->columns / 2, upper = clamp(w->lanes + 3, 4, rows * 2 / 5), middle, lower, sems;

	if (w->focus == UI_PANE_TIMELINE)
		upper = clamp(upper + w->enlarged, 4, rows - 12);
	middle = (rows - upper) / 2;
	if (w->focus == UI_PANE_THREADS || w->focus == UI_PANE_SEMAPHORES)
		middle = clamp(middle + w->enlarged, 4, rows - upper - 5);
	else if (w->focus != UI_PANE_TIMELINE)
		middle = clamp(middle - w->enlarged, 4, rows - upper - 5);
	lower = rows - upper - middle;
	sems = clamp(middle * 2 / 5, 2, middle - 2);
	l->panes[UI_PANE_TIMELINE] = rect(top, 0, upper, w->columns);
	l->panes[UI_PANE_THREADS] = rect(top + upper, 0, middle, half);
	l->panes[UI_PANE_SEMAPHORES] = rect(top + upper, half + 1, sems, w->columns - half - 1);
	l->panes[detail] = rect(top + upper + sems, half + 1, middle - sems, w->columns - half - 1);
	l->panes[UI_PANE_EVENTS] = rect(top + upper + middle, 0, lower, half);
	l->panes[UI_PANE_PARTS] = rect(top + upper + middle, half + 1, lower, w->columns - half - 1);
	if (!known) { /* what is looked at gets the larger place */
		l->panes[detail] = l->panes[UI_PANE_PARTS];
		l->panes[UI_PANE_PARTS] = rect(0, 0, 0, 0);
		l->panes[UI_PANE_SEMAPHORES].rows = middle;
	}
}

struct ui_layout ui_layout_make(const struct ui_layout_wish *w)
{
	struct ui_layout l = { .fits = w->rows >= UI_MIN_ROWS && w->columns >= UI_MIN_COLUMNS };
	int top = HEADER_ROWS + 1, rows = w->rows - top - 1;

	if (!l.fits)
		return l;
	l.header = rect(0, 0, HEADER_ROWS, w->columns);
	l.crumbs = rect(HEADER_ROWS, 0, 1, w->columns);
	l.keys = rect(w->rows - 1, 0, 1, w->columns);
	if (w->maximised || w->focus == UI_PANE_HELP)
		l.panes[w->focus] = rect(top, 0, rows, w->columns);
	else if (w->columns >= WIDE && w->rows >= HIGH)
		grid(&l, w, top, rows);
	else
		stack(&l, w, top, rows);
	return l;
}
