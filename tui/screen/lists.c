/*
 * lists: the panes' lists: walking, ordering, searching and filtering them; panes and their
 * focus; drilling down into something, and coming back.
 */
#include <stdio.h>
#include <string.h>

#include "tui/screen/act.h"
#include "tui/screen/view.h"

/* ---- moving */

void ui_list_move(struct ui_scene *s, int64_t by)
{
	const struct ui_view *view = ui_views[s->focus];
	struct ui_list_view *list = &s->lists[s->focus];
	int64_t nr = ui_view_rows(s, s->focus), to = (int64_t)list->row + by;

	if (!nr)
		return;
	list->row = (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to);
	if (view->chosen)
		view->chosen(s, list->row);
}

static void lane_move(struct ui_scene *s, int64_t by)
{
	const struct ui_run *run = ui_scene_run(s);
	int64_t nr = run->nr_lanes, to = (s->thread == TR_NONE ? 0 : (int64_t)ui_run_place(run, s->thread)) + by;

	if (s->nr_runs > 1 && ((to >= nr && !s->active) || (to < 0 && s->active))) {
		s->active = !s->active;
		s->thread = ui_run_lane(ui_scene_run(s), s->active ? 0 : ui_scene_run(s)->nr_lanes - 1);
		return;
	}
	if (nr)
		s->thread = ui_run_lane(run, (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to));
}

/* Along the map, which may be ordered otherwise. */
static void part_move(struct ui_scene *s, int64_t by)
{
	uint32_t at;
	int64_t nr, to;

	ui_rows_settle(s, UI_PANE_PARTS);
	nr = ui_rows_nr(s, UI_PANE_PARTS);
	at = ui_rows_find(s, UI_PANE_PARTS, s->part);
	to = (at == TR_NONE ? 0 : (int64_t)at) + by;
	if (nr)
		ui_views[UI_PANE_PARTS]->chosen(s, (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to));
}

void ui_act_move(struct ui_scene *s, enum ui_request request)
{
	bool timeline = s->focus == UI_PANE_TIMELINE;
	int page = s->page[s->focus] > 1 ? s->page[s->focus] - 1 : 1;
	int64_t half = (s->to_ns - s->from_ns) / 2;

	switch (request) {
	case UI_REQ_up: case UI_REQ_down:
		if (s->focus == UI_PANE_PARTS) /* a map: a line is as long as the pane is wide */
			part_move(s, (request == UI_REQ_up ? -1 : 1) * (s->page[UI_PANE_PARTS] > 0 ? s->page[UI_PANE_PARTS] : 1));
		else
			(timeline ? lane_move : ui_list_move)(s, request == UI_REQ_up ? -1 : 1);
		break;
	case UI_REQ_left: case UI_REQ_right:
		if (s->focus == UI_PANE_PARTS || s->focus == UI_PANE_EVIDENCE)
			part_move(s, request == UI_REQ_left ? -1 : 1);
		else if (timeline)
			ui_travel_time(s, ui_scene_now_ns(s) + (request == UI_REQ_left ? -1 : 1) * ui_window_column_ns(s), request == UI_REQ_left ? -1 : 1);
		break;
	case UI_REQ_page_up: case UI_REQ_page_down:
		if (timeline) {
			ui_window_pan(s, request == UI_REQ_page_up ? -half : half);
			ui_travel_time(s, ui_scene_now_ns(s) + (request == UI_REQ_page_up ? -half : half), request == UI_REQ_page_up ? -1 : 1);
		} else {
			ui_list_move(s, request == UI_REQ_page_up ? -page : page);
		}
		break;
	case UI_REQ_first: case UI_REQ_last:
		if (timeline)
			ui_scene_request(s, request == UI_REQ_first ? UI_REQ_begin : UI_REQ_end, NULL);
		else
			ui_list_move(s, request == UI_REQ_first ? -(int64_t)UINT32_MAX : (int64_t)UINT32_MAX);
		break;
	default:
		break;
	}
}

/* ---- panes, drilling down and coming back */

static void focus_cycle(struct ui_scene *s, int by)
{
	int pane = (int)s->focus;

	do
		pane = (pane + by + UI_PANE_COUNT) % UI_PANE_COUNT;
	while (pane == UI_PANE_HELP);
	ui_scene_focus(s, (enum ui_pane)pane);
}

void ui_act_pane(struct ui_scene *s, enum ui_request request)
{
	if (request >= UI_REQ_pane_timeline && request <= UI_REQ_pane_prompt) {
		ui_scene_focus(s, (enum ui_pane)(request - UI_REQ_pane_timeline));
		if (request == UI_REQ_pane_prompt && s->debugger.run)
			ui_scene_ask(s, UI_INPUT_PROMPT, "");
	} else if (request == UI_REQ_next_pane || request == UI_REQ_previous_pane) {
		focus_cycle(s, request == UI_REQ_next_pane ? 1 : -1);
	} else if (request == UI_REQ_maximise) {
		s->maximised = !s->maximised;
	} else {
		s->enlarged += request == UI_REQ_enlarge ? 2 : -2;
		if (s->enlarged > s->rows || s->enlarged < -s->rows)
			s->enlarged = s->enlarged > 0 ? s->rows : -s->rows;
	}
}

void ui_scene_drill(struct ui_scene *s, enum ui_pane pane, const char *filter, const char *crumb)
{
	struct ui_run *run = ui_scene_run(s);
	struct xf_error err = XF_ERROR_INIT;

	if (s->nr_crumbs < UI_MAX_CRUMBS) {
		struct ui_crumb *c = &s->crumbs[s->nr_crumbs++];
		c->pane = s->focus;
		memcpy(c->filter, run->filter.text, sizeof(c->filter));
		snprintf(c->text, sizeof(c->text), "%s", crumb);
	}
	if (filter && ui_matches_set(&run->filter, filter, &err))
		ui_scene_tell(s, "%s", err.message);
	ui_scene_focus(s, pane);
}

static void come_back(struct ui_scene *s)
{
	struct xf_error err = XF_ERROR_INIT;
	struct ui_crumb *c;

	if (s->maximised || !s->nr_crumbs) {
		s->maximised = false;
		if (s->focus == UI_PANE_HELP || !s->nr_crumbs)
			ui_scene_focus(s, UI_PANE_TIMELINE);
		return;
	}
	c = &s->crumbs[--s->nr_crumbs];
	ui_matches_set(&ui_scene_run(s)->filter, c->filter, &err);
	ui_scene_focus(s, c->pane);
}

/* ---- order, search, filter */

/* By that column; by the one it is ordered by already: turned around. */
void ui_list_sort_by(struct ui_scene *s, enum ui_pane pane, int column)
{
	struct ui_list_view *list = &s->lists[pane];

	list->inverted = column == list->sort && !list->inverted;
	list->sort = column;
	ui_scene_tell(s, "ordered by %s%s", ui_views[pane]->columns[column].name, list->inverted ? ", turned" : "");
	ui_rows_settle(s, pane);
}

static int column_of(const struct ui_column *columns, const char *name)
{
	for (int i = 0; columns[i].name; i++)
		if (!strcmp(columns[i].name, name))
			return i;
	return -1;
}

/* By the next or previous column, or the one that is named. */
static void sort(struct ui_scene *s, int by, const char *name)
{
	const struct ui_column *columns = ui_views[s->focus]->columns;
	int nr = 0, to = s->lists[s->focus].sort + by;

	if (!columns) {
		ui_scene_tell(s, "this pane has one order only");
		return;
	}
	while (columns[nr].name)
		nr++;
	if (name)
		to = column_of(columns, name);
	if (name && to < 0)
		ui_scene_tell(s, "there is no column '%s' here", name);
	else
		ui_list_sort_by(s, s->focus, (to + nr) % nr);
}

/* In a pane whose lines are items of its own: words, as rows.h has them. */
static void rows_search(struct ui_scene *s, const char *text, bool filter)
{
	struct ui_list_view *l = &s->lists[s->focus];

	if (filter) {
		snprintf(l->filter, sizeof(l->filter), "%s", text);
		ui_rows_settle(s, s->focus);
		return;
	}
	snprintf(l->search, sizeof(l->search), "%s", text);
	if (*text)
		ui_list_search_go(s, 1);
}

static void rows_search_go(struct ui_scene *s, int dir)
{
	struct ui_list_view *l = &s->lists[s->focus];
	uint32_t row = ui_rows_search(s, s->focus, l->row, dir);

	if (row == TR_NONE)
		ui_scene_tell(s, *l->search ? "nothing matches '%s'" : "nothing was searched yet ('/')", l->search);
	else
		ui_list_move(s, (int64_t)row - l->row);
}

static void rows_filter_invert(struct ui_list_view *l)
{
	size_t len = strlen(l->filter);

	if (*l->filter == '!')
		memmove(l->filter, l->filter + 1, len);
	else if (len + 1 < sizeof(l->filter)) {
		memmove(l->filter + 1, l->filter, len + 1);
		l->filter[0] = '!';
	}
}

/* n and N: to the next match; where the search has not got that far, it goes on with the next picture. */
void ui_list_search_go(struct ui_scene *s, int dir)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t place, nr = ui_matches_nr(&run->search, run->log);

	if (ui_views[s->focus]->items && (*s->lists[s->focus].search || !run->search.filter)) {
		rows_search_go(s, dir);
		return;
	}
	if (!run->search.filter) {
		ui_scene_tell(s, "nothing was searched yet ('/')");
		return;
	}
	place = ui_matches_place(&run->search, dir > 0 ? run->at + 1 : run->at);
	if (dir > 0 ? place >= nr : place == 0) {
		ui_scene_tell(s, run->search.at < tr_log_nr_events(run->log) ? "still searching: again in a moment" :
				 nr ? "no further match of '%s'" : "nothing matches '%s'", run->search.text);
		return;
	}
	ui_scene_go(s, ui_matches_get(&run->search, dir > 0 ? place : place - 1), true);
}

void ui_list_search(struct ui_scene *s, const char *text, bool filter)
{
	struct xf_error err = XF_ERROR_INIT;

	if (ui_views[s->focus]->items) {
		rows_search(s, text, filter);
		return;
	}
	for (int i = 0; i < s->nr_runs; i++) {
		struct ui_run *run = &s->runs[i];
		if (ui_matches_set(filter ? &run->filter : &run->search, text, &err)) {
			ui_scene_tell(s, "%s", err.message);
			return;
		}
		ui_matches_advance(filter ? &run->filter : &run->search, run->log, 200000);
	}
	if (filter)
		ui_scene_focus(s, UI_PANE_EVENTS);
	else if (*text)
		ui_list_search_go(s, 1);
}

const char *ui_list_filter(const struct ui_scene *s)
{
	return ui_views[s->focus]->items ? s->lists[s->focus].filter : ui_scene_shown(s)->filter.text;
}

static void filter_invert(struct ui_scene *s)
{
	struct ui_matches *m = &ui_scene_run(s)->filter;

	if (!*ui_list_filter(s))
		ui_scene_tell(s, "there is no filter to turn around ('\\')");
	else if (ui_views[s->focus]->items)
		rows_filter_invert(&s->lists[s->focus]);
	else
		ui_matches_invert(m);
}

/* What the tag sticks to: the item of the line, of the events their number. */
static void tag(struct ui_scene *s)
{
	struct ui_list_view *l = &s->lists[s->focus];
	uint32_t item = s->focus == UI_PANE_EVENTS ? ui_scene_run(s)->at : ui_rows_item(s, s->focus, l->row);

	if (item == TR_NONE || (s->focus != UI_PANE_EVENTS && !ui_views[s->focus]->items)) {
		ui_scene_tell(s, "there is no line to tag here");
		return;
	}
	ui_rows_tag(l, item);
	if (s->focus == UI_PANE_PARTS)
		part_move(s, 1);
	else
		ui_list_move(s, 1);
}

void ui_act_list(struct ui_scene *s, enum ui_request request, const char *argument)
{
	const struct ui_view *view = ui_views[s->focus];

	switch (request) {
	case UI_REQ_enter:
		if (view->enter)
			view->enter(s, s->lists[s->focus].row);
		break;
	case UI_REQ_back:
		come_back(s);
		break;
	case UI_REQ_search: case UI_REQ_filter:
		if (argument)
			ui_list_search(s, argument, request == UI_REQ_filter);
		else
			ui_scene_ask(s, request == UI_REQ_search ? UI_INPUT_SEARCH : UI_INPUT_FILTER,
				     request == UI_REQ_filter ? ui_list_filter(s) : "");
		break;
	case UI_REQ_search_next: case UI_REQ_search_previous:
		ui_list_search_go(s, request == UI_REQ_search_next ? 1 : -1);
		break;
	case UI_REQ_filter_invert:
		filter_invert(s);
		break;
	case UI_REQ_sort: case UI_REQ_sort_back:
		sort(s, request == UI_REQ_sort ? 1 : -1, argument);
		break;
	case UI_REQ_invert:
		s->lists[s->focus].inverted = !s->lists[s->focus].inverted;
		break;
	case UI_REQ_tree:
		s->tree = !s->tree;
		break;
	case UI_REQ_tag:
		tag(s);
		break;
	case UI_REQ_untag:
		s->lists[s->focus].nr_tags = 0;
		break;
	case UI_REQ_wrap:
		s->wrap = !s->wrap;
		break;
	default:
		break;
	}
}
