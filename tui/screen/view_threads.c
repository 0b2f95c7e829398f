/* view_threads: what every thread does, on what it waits, since when; as a list or below the threads that made them. */
#include <stdlib.h>
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { NAME = 15, TIMES = 20, SINCE = 10, WIDE = 70 };

/* ORDER threads' columns */
enum { NUMBER, THREAD, STATE, SINCE_WHEN, BUSY, WAITED };
static const struct ui_column columns[] = {
	{ "number" }, { "thread", .by_text = true }, { "state", .by_text = true }, { "since", .duration = true }, { "busy", .duration = true }, { "waited", .duration = true },
	{ .name = NULL },
};

static uint32_t items(const struct ui_scene *s)
{
	return s->state ? s->state->nr_threads : 0;
}

static int64_t since_ns(const struct ui_scene *s, uint32_t i)
{
	const struct tr_thread_state *t = &s->state->threads[i];
	enum tr_activity activity = tr_thread_activity(t);

	return activity == TR_NOT_STARTED || activity == TR_ENDED ? 0 : ui_view_now_ns(s) - t->since_ns;
}

/* Times: the longest first. */
static int64_t key(const struct ui_scene *s, uint32_t i, int column)
{
	int64_t busy, wait;

	tr_thread_times(s->state, i, &busy, &wait);
	return column == SINCE_WHEN ? -since_ns(s, i) : column == BUSY ? -busy : column == WAITED ? -wait : i;
}

static const char *text(const struct ui_scene *s, uint32_t i, int column, char *buf, size_t cap)
{
	int64_t busy, wait;

	tr_thread_times(s->state, i, &busy, &wait);
	switch (column) {
	case NUMBER:
		snprintf(buf, cap, "%u", i);
		return buf;
	case THREAD:
		return ui_view_thread(ui_scene_shown(s), i, buf, cap);
	case STATE:
		return ui_view_doing(s, i, buf, cap);
	default:
		return ui_view_duration(s, column == SINCE_WHEN ? since_ns(s, i) : column == BUSY ? busy : wait, buf, cap);
	}
}

/* The children of a thread below it. */
static uint32_t tree(const struct tr_log *log, uint32_t creator, uint32_t nr, uint32_t *list, uint32_t at)
{
	for (uint32_t i = 0; i < nr && at < nr; i++)
		if (tr_log_thread(log, i)->creator == creator && i != creator) {
			list[at++] = i;
			at = tree(log, i, nr, list, at);
		}
	return at;
}

static bool arrange(const struct ui_scene *s, uint32_t *list, uint32_t nr)
{
	const struct ui_run *run = ui_scene_shown(s);

	if (s->tree && tree(run->log, TR_NONE, nr, list, 0) == nr)
		return true;
	for (uint32_t i = 0; i < nr && nr <= run->nr_lanes && !s->lists[UI_PANE_THREADS].sort; i++)
		list[i] = ui_run_lane(run, s->lists[UI_PANE_THREADS].inverted ? nr - 1 - i : i);
	return nr == run->nr_lanes && !s->lists[UI_PANE_THREADS].sort;
}

static int depth_of(const struct tr_log *log, uint32_t thread)
{
	int depth = 0;

	while (depth < 8 && (thread = tr_log_thread(log, thread)->creator) != TR_NONE)
		depth++;
	return depth;
}

static void head_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	bool times = r->columns >= WIDE;
	int right = r->columns - (times ? TIMES : 0);

	ui_view_head(s, c, r, UI_PANE_THREADS, THREAD, 1, "%s");
	ui_view_head(s, c, r, UI_PANE_THREADS, STATE, 1 + NAME, "%s");
	ui_view_head(s, c, r, UI_PANE_THREADS, SINCE_WHEN, right - SINCE, "%10s");
	if (times) {
		ui_view_head(s, c, r, UI_PANE_THREADS, BUSY, right, "%10s");
		ui_view_head(s, c, r, UI_PANE_THREADS, WAITED, right + TIMES / 2, "%10s");
	}
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t thread)
{
	enum tr_activity activity = tr_thread_activity(&s->state->threads[thread]);
	const struct tr_log *log = ui_scene_shown(s)->log;
	char doing[160], since[32], busy[32], waited[32], name[64], full[96];
	bool times = r->columns >= WIDE, ended = activity == TR_ENDED || tr_log_is_tracer(log, thread);
	int right = r->columns - (times ? TIMES : 0), indent = 1 + (s->tree ? 2 * depth_of(log, thread) : 0), x = 1 + NAME;
	struct ui_rect left = { r->y, r->x, r->rows, right - SINCE };

	ui_cells_text(c, &left, row, indent, ended ? UI_ROLE_DIM : UI_ROLE_PLAIN, "%s",
		      ui_view_name(text(s, thread, THREAD, full, sizeof(full)), NAME - indent, name, sizeof(name)));
	x += ui_cells_text(c, &left, row, x, ui_activity_role(activity), "%s ", ui_activity_glyph(c->utf8, activity));
	ui_cells_text(c, &left, row, x, ended ? UI_ROLE_DIM : UI_ROLE_PLAIN, "%s", ui_view_doing(s, thread, doing, sizeof(doing)));
	if (activity != TR_NOT_STARTED && !ended)
		ui_cells_text(c, r, row, right - SINCE, UI_ROLE_DIM, "%10s", text(s, thread, SINCE_WHEN, since, sizeof(since)));
	if (times)
		ui_cells_text(c, r, row, right, UI_ROLE_DIM, "%10s%10s", text(s, thread, BUSY, busy, sizeof(busy)),
			      text(s, thread, WAITED, waited, sizeof(waited)));
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	struct ui_list_view *l = &s->lists[UI_PANE_THREADS];
	uint32_t nr = ui_rows_nr(s, UI_PANE_THREADS), at = ui_rows_find(s, UI_PANE_THREADS, s->thread), top;

	head_draw(s, c, r);
	l->row = at != TR_NONE ? at : l->row;
	top = ui_view_top(s, UI_PANE_THREADS, nr, list.rows);
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		uint32_t thread = ui_rows_item(s, UI_PANE_THREADS, top + (uint32_t)row);
		row_draw(s, c, &list, row, thread);
		ui_view_line(s, c, &list, UI_PANE_THREADS, row, thread, top + (uint32_t)row == l->row);
	}
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->thread = ui_rows_item(s, UI_PANE_THREADS, row);
}

static void enter(struct ui_scene *s, uint32_t row)
{
	chosen(s, row);
	if (s->thread != TR_NONE)
		ui_scene_drill(s, UI_PANE_STACK, NULL, tr_log_thread(ui_scene_run(s)->log, s->thread)->name);
}

const struct ui_view ui_view_threads = {
	.title = "threads", .needs_state = true, .draw = draw, .chosen = chosen, .enter = enter, .opens = "stack", .head = 1,
	.columns = columns, .items = items, .text = text, .key = key, .arrange = arrange,
};
