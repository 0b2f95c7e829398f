/* view_events: the events around the cursor, those the filter lets through; matches of the search stand out. */
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { NAME = 12, TIME = 11, WHOLE_ROWS = 3 };

static uint32_t nr_rows(const struct ui_scene *s)
{
	return ui_matches_nr(&ui_scene_shown(s)->filter, ui_scene_shown(s)->log);
}

static enum ui_role role_of(const struct tr_event *e)
{
	static const enum ui_role roles[XF_GROUP_COUNT] = {
		[XF_GROUP_CALL] = UI_ROLE_CALL, [XF_GROUP_TRANSFER] = UI_ROLE_STRONG, [XF_GROUP_PART] = UI_ROLE_SEND,
		[XF_GROUP_OBJECT] = UI_ROLE_STRONG, [XF_GROUP_SYNC] = UI_ROLE_PLAIN, [XF_GROUP_REQUEST] = UI_ROLE_HASH,
		[XF_GROUP_PROCESS] = UI_ROLE_DIM, [XF_GROUP_DEBUGGER] = UI_ROLE_HELD,
	};

	if (e->kind == XF_EV_part_failed || e->kind == XF_EV_lost)
		return UI_ROLE_BAD;
	return e->kind == XF_EV_frame_enter || e->kind == XF_EV_frame_leave ? UI_ROLE_DIM
									     : roles[xf_kind_info(e->kind)->group];
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t event)
{
	const struct ui_run *run = ui_scene_shown(s);
	struct tr_event e = tr_log_event(run->log, event);
	struct tr_site site = tr_event_site(run->log, &e);
	char line[1024], when[32];
	int x = ui_cells_text(c, r, row, 0, UI_ROLE_DIM, "%*s ", TIME, ui_view_time(ui_run_time_ns(run, event), when, sizeof(when)));

	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "%-*.*s ", NAME, NAME, tr_log_thread(run->log, e.thread)->name);
	x += ui_cells_text(c, r, row, x, role_of(&e), "%s", tr_event_line(run->log, &e, line, sizeof(line)));
	if (site.line)
		ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  %s:%u", site.file, site.line);
	if (run->search.filter && ui_matches_has(&run->search, run->log, event))
		ui_cells_role(c, r, row, TIME + NAME + 2, (int)strlen(line), UI_ROLE_MATCH);
}

/* The whole of the event under the cursor, over several rows. */
static void whole_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	const struct ui_run *run = ui_scene_shown(s);
	char line[2048];
	struct tr_event e;
	size_t len;

	if (run->at == TR_NONE)
		return;
	e = tr_log_event(run->log, run->at);
	tr_event_line(run->log, &e, line, sizeof(line));
	len = strlen(line);
	for (int row = 0; row < r->rows && (size_t)(row * r->columns) < len; row++)
		ui_cells_text(c, r, row, 0, UI_ROLE_STRONG, "%.*s", r->columns, line + row * r->columns);
}

static void list_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_run *run = ui_scene_run(s);
	struct ui_list_view *l = &s->lists[UI_PANE_EVENTS];
	uint32_t nr = nr_rows(s), at = run->at == TR_NONE ? 0 : ui_matches_place(&run->filter, run->at), top;

	if (!nr) {
		ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, run->filter.at < tr_log_nr_events(run->log) ? "looking..." :
			      "no event for which '%s' holds ('\\' changes the filter)", run->filter.text);
		return;
	}
	l->row = at < nr ? at : nr - 1;
	/* some of what comes next stays in sight */
	if (l->row + (uint32_t)r->rows / 4 >= l->top + (uint32_t)r->rows)
		l->top = l->row + 1 + (uint32_t)r->rows / 4 - (uint32_t)r->rows;
	top = ui_view_top(s, UI_PANE_EVENTS, nr, r->rows);
	for (int row = 0; row < r->rows && top + (uint32_t)row < nr; row++) {
		row_draw(s, c, r, row, ui_matches_get(&run->filter, top + (uint32_t)row));
		if (top + (uint32_t)row == l->row)
			ui_view_mark(s, c, r, UI_PANE_EVENTS, row);
	}
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = *r, whole = *r;

	if (s->wrap && r->rows > WHOLE_ROWS + 1) {
		list.rows -= WHOLE_ROWS;
		whole.y += list.rows;
		whole.rows = WHOLE_ROWS;
		whole_draw(s, c, &whole);
	}
	list_draw(s, c, &list);
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	ui_scene_go(s, ui_matches_get(&ui_scene_run(s)->filter, row), true);
}

/* What the event is about: its object's events, its part's evidence, else the stack it stands in. */
static void enter(struct ui_scene *s, uint32_t row)
{
	const struct ui_run *run = ui_scene_run(s);

	if (row >= nr_rows(s))
		return;
	s->thread = tr_log_thread_of(run->log, ui_matches_get(&run->filter, row));
	ui_scene_drill(s, UI_PANE_STACK, NULL, "stack");
}

const struct ui_view ui_view_events = {
	.title = "events", .draw = draw, .rows = nr_rows, .chosen = chosen, .enter = enter, .opens = "stack",
};
