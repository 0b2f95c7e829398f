/* view_threads: what every thread does, on what it waits, since when; as a list or below the threads that made them. */
#include <stdlib.h>
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { MAX_ROWS = 4096 };

static const char *const columns[] = { "number", "name", "state", "since", "busy", "waited", NULL };

struct sorting {
	const struct ui_scene *s;
	int by;
	bool inverted;
};

static int64_t key_of(const struct sorting *o, uint32_t i)
{
	const struct tr_thread_state *t = &o->s->state->threads[i];
	int64_t busy, wait;

	tr_thread_times(o->s->state, i, &busy, &wait);
	switch (o->by) {
	case 2:
		return (int64_t)t->activity;
	case 3:
		return t->since_ns;
	case 4:
		return -busy;
	case 5:
		return -wait;
	default:
		return i;
	}
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct sorting *o = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct tr_log *log = ui_scene_shown(o->s)->log;
	int64_t left = key_of(o, x), right = key_of(o, y);
	int order = o->by == 1 ? strcmp(tr_log_thread(log, x)->name, tr_log_thread(log, y)->name)
			       : (left > right) - (left < right);

	if (!order)
		order = (x > y) - (x < y);
	return o->inverted ? -order : order;
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

static uint32_t nr_rows(const struct ui_scene *s)
{
	uint32_t nr = s->state ? s->state->nr_threads : 0;

	return nr < MAX_ROWS ? nr : MAX_ROWS;
}

static uint32_t order(const struct ui_scene *s, uint32_t *list)
{
	const struct ui_list_view *l = &s->lists[UI_PANE_THREADS];
	struct sorting o = { s, l->sort, l->inverted };
	uint32_t nr = nr_rows(s);

	if (s->tree && tree(ui_scene_shown(s)->log, TR_NONE, nr, list, 0) == nr)
		return nr;
	for (uint32_t i = 0; i < nr; i++)
		list[i] = i;
	qsort_r(list, nr, sizeof(*list), compare, &o);
	return nr;
}

static int depth_of(const struct tr_log *log, uint32_t thread)
{
	int depth = 0;

	while (depth < 8 && (thread = tr_log_thread(log, thread)->creator) != TR_NONE)
		depth++;
	return depth;
}

uint32_t ui_view_thread_of(const struct ui_scene *s, uint32_t row)
{
	uint32_t list[MAX_ROWS];

	return row < order(s, list) ? list[row] : TR_NONE;
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t thread)
{
	const struct tr_thread_state *t = &s->state->threads[thread];
	const struct tr_log *log = ui_scene_shown(s)->log;
	int64_t busy, wait;
	char doing[160], since[32], a[32], b[32];
	int x, indent = s->tree ? 2 * depth_of(log, thread) : 0, times = r->columns >= 80 ? 30 : 0;
	struct ui_rect left = { r->y, r->x, r->rows, r->columns - times };

	tr_thread_times(s->state, thread, &busy, &wait);
	x = indent + ui_cells_text(c, &left, row, indent, UI_ROLE_PLAIN, "%-*.*s ", 14 - indent, 14 - indent,
				   tr_log_thread(log, thread)->name);
	x += ui_cells_text(c, &left, row, x, ui_activity_role(t->activity), "%s ", ui_activity_glyph(c->utf8, t->activity));
	ui_view_doing(s, thread, doing, sizeof(doing));
	x += ui_cells_text(c, &left, row, x, t->activity == TR_ENDED ? UI_ROLE_DIM : UI_ROLE_PLAIN, "%-.*s",
			   left.columns - x - 10 > 0 ? left.columns - x - 10 : 0, doing);
	if (t->activity != TR_NOT_STARTED && t->activity != TR_ENDED)
		ui_cells_text(c, &left, row, left.columns - 9, UI_ROLE_DIM, "%9s",
			      ui_time_text(ui_view_now_ns(s) - t->since_ns, since, sizeof(since)));
	if (times)
		ui_cells_text(c, r, row, r->columns - times, UI_ROLE_DIM, " busy %8s wait %8s", ui_time_text(busy, a, sizeof(a)),
			      ui_time_text(wait, b, sizeof(b)));
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	uint32_t list[MAX_ROWS], nr = order(s, list), top;

	/* the lane chosen in the timeline is the line chosen here */
	for (uint32_t i = 0; s->focus != UI_PANE_THREADS && i < nr; i++)
		if (list[i] == s->thread)
			s->lists[UI_PANE_THREADS].row = i;
	top = ui_view_top(s, UI_PANE_THREADS, nr, r->rows);
	for (int row = 0; row < r->rows && top + (uint32_t)row < nr; row++) {
		row_draw(s, c, r, row, list[top + (uint32_t)row]);
		if (top + (uint32_t)row == s->lists[UI_PANE_THREADS].row)
			ui_view_mark(s, c, r, UI_PANE_THREADS, row);
	}
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->thread = ui_view_thread_of(s, row);
}

static void enter(struct ui_scene *s, uint32_t row)
{
	chosen(s, row);
	if (s->thread != TR_NONE)
		ui_scene_drill(s, UI_PANE_STACK, NULL, tr_log_thread(ui_scene_run(s)->log, s->thread)->name);
}

const struct ui_view ui_view_threads = { "threads", true, draw, nr_rows, chosen, enter, columns, 0 };
