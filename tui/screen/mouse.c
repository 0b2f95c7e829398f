/* mouse: what a click or the wheel means, by what stands there. */
#include <string.h>

#include "tui/screen/act.h"
#include "tui/screen/bar.h"
#include "tui/screen/view.h"

static bool inside(const struct ui_rect *r, int row, int column)
{
	return row >= r->y && row < r->y + r->rows && column >= r->x && column < r->x + r->columns;
}

static void timeline_click(struct ui_scene *s, const struct ui_rect *r, int row, int column)
{
	int lanes = s->timeline_columns, x = column - (r->x + r->columns - lanes);

	if (row - r->y >= 3 && s->nr_runs == 1)
		s->thread = ui_run_lane(ui_scene_run(s), s->lists[UI_PANE_TIMELINE].top + (uint32_t)(row - r->y - 3));
	if (x >= 0)
		ui_travel_time(s, s->from_ns + (int64_t)((double)(s->to_ns - s->from_ns) * (x + 0.5) / lanes), 0);
}

/* A column's name: by it. */
static void head_click(struct ui_scene *s, enum ui_pane pane, int column)
{
	const struct ui_list_view *l = &s->lists[pane];
	int found = -1;

	for (int i = 0; ui_views[pane]->columns[i].name; i++)
		if (l->at[i] && l->at[i] - 1 <= column && (found < 0 || l->at[i] > l->at[found]))
			found = i;
	if (found >= 0)
		ui_list_sort_by(s, pane, found);
}

static void parts_click(struct ui_scene *s, const struct ui_rect *r, int row, int column)
{
	uint32_t nr = ui_rows_nr(s, UI_PANE_PARTS);
	int rows = r->rows - 1 > 3 ? r->rows - 3 : 1;
	uint32_t cells = (uint32_t)(rows * r->columns), per = nr ? (nr + cells - 1) / cells : 1;
	uint32_t at = (uint32_t)((row - r->y - 1) * r->columns + column - r->x) * per;

	if (row > r->y && row - r->y <= rows && at < nr)
		ui_views[UI_PANE_PARTS]->chosen(s, at);
}

static void pane_click(struct ui_scene *s, enum ui_pane pane, const struct ui_rect *r, int row, int column)
{
	const struct ui_view *view = ui_views[pane];

	ui_scene_focus(s, pane);
	if (pane == UI_PANE_TIMELINE)
		timeline_click(s, r, row, column);
	else if (pane == UI_PANE_PARTS)
		parts_click(s, r, row, column);
	else if (view->columns && view->head && row == r->y + 1)
		head_click(s, pane, column);
	else if (row - r->y > view->head)
		ui_list_move(s, (int64_t)s->lists[pane].top + row - r->y - 1 - view->head - (int64_t)s->lists[pane].row);
}

/* An entry of the key bar: the key whose word was clicked. */
static void bar_click(struct ui_scene *s, int column)
{
	struct ui_bar_entry list[UI_MAX_BAR];
	int nr = ui_bar_make(s, s->columns - s->bar_x, list);

	column -= s->bar_x;
	for (int i = 0; i < nr; i++)
		if (column >= list[i].x && column < list[i].x + list[i].columns) {
			ui_scene_request(s, list[i].request, NULL);
			return;
		}
}

static void wheel(struct ui_scene *s, enum ui_pane pane, int turn)
{
	enum ui_pane was = s->focus;

	if (pane == UI_PANE_TIMELINE) {
		ui_scene_request(s, turn < 0 ? UI_REQ_zoom_in : UI_REQ_zoom_out, NULL);
		return;
	}
	s->focus = pane;
	ui_list_move(s, 3 * turn);
	s->focus = was;
}

void ui_scene_mouse(struct ui_scene *s, int row, int column, int turn)
{
	struct ui_layout_wish wish = { s->rows, s->columns, s->focus, s->maximised, s->enlarged,
				       (int)0 };
	struct ui_layout l;

	for (int i = 0; i < s->nr_runs; i++)
		wish.lanes += (int)tr_log_nr_threads(s->runs[i].log) + (s->nr_runs > 1);
	l = ui_layout_make(&wish);
	s->message[0] = '\0';
	if (!l.fits)
		return;
	for (int p = 0; p < UI_PANE_COUNT; p++)
		if (inside(&l.panes[p], row, column)) {
			if (turn)
				wheel(s, (enum ui_pane)p, turn);
			else
				pane_click(s, (enum ui_pane)p, &l.panes[p], row, column);
			return;
		}
	if (!turn && inside(&l.keys, row, column))
		bar_click(s, column);
}
