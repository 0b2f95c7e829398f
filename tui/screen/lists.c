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
	int64_t nr = view->rows ? view->rows(s) : 0, to = (int64_t)list->row + by;

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

static void part_move(struct ui_scene *s, int64_t by)
{
	int64_t nr = s->state ? s->state->nr_parts : 0, to = (s->part == TR_NONE ? 0 : (int64_t)s->part) + by;

	if (nr)
		s->part = (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to);
	s->lists[UI_PANE_PARTS].row = s->part;
	s->lists[UI_PANE_EVIDENCE].row = 0;
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
			ui_list_move(s, request == UI_REQ_first ? INT32_MIN : UINT32_MAX);
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

void ui_list_sort(struct ui_scene *s, int by)
{
	const char *const *columns = ui_views[s->focus]->columns;
	struct ui_list_view *list = &s->lists[s->focus];
	int nr = 0;

	if (!columns) {
		ui_scene_tell(s, "this pane has one order only");
		return;
	}
	while (columns[nr])
		nr++;
	list->sort = (list->sort + by + nr) % nr;
	ui_scene_tell(s, "ordered by %s", columns[list->sort]);
}

/* n and N: to the next match; where the search has not got that far, it goes on with the next picture. */
void ui_list_search_go(struct ui_scene *s, int dir)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t place, nr = ui_matches_nr(&run->search, run->log);

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
			    request == UI_REQ_filter ? ui_scene_run(s)->filter.text : "");
		break;
	case UI_REQ_search_next: case UI_REQ_search_previous:
		ui_list_search_go(s, request == UI_REQ_search_next ? 1 : -1);
		break;
	case UI_REQ_filter_invert:
		if (ui_scene_run(s)->filter.filter)
			ui_matches_invert(&ui_scene_run(s)->filter);
		else
			ui_scene_tell(s, "there is no filter to turn around ('\\')");
		break;
	case UI_REQ_sort: case UI_REQ_sort_back:
		ui_list_sort(s, request == UI_REQ_sort ? 1 : -1);
		break;
	case UI_REQ_invert:
		s->lists[s->focus].inverted = !s->lists[s->focus].inverted;
		break;
	case UI_REQ_tree:
		s->tree = !s->tree;
		break;
	case UI_REQ_wrap:
		s->wrap = !s->wrap;
		break;
	default:
		break;
	}
}
