/* view_stack: the chosen thread's frames at the cursor's moment, innermost first, with their arguments and source lines. */
#include "tui/screen/view.h"

#include <string.h>

#include "tui/screen/glyphs.h"

static const struct tr_thread_state *thread_of(const struct ui_scene *s)
{
	return s->state && s->thread < s->state->nr_threads ? &s->state->threads[s->thread] : NULL;
}

static uint32_t nr_rows(const struct ui_scene *s)
{
	const struct tr_thread_state *t = thread_of(s);

	return !t ? 0 : t->depth < TR_MAX_FRAMES ? t->depth : TR_MAX_FRAMES;
}

static void frame_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t from_inside)
{
	const struct ui_run *run = ui_scene_shown(s);
	const struct tr_thread_state *t = thread_of(s);
	struct tr_event e = tr_log_event(run->log, t->frames[nr_rows(s) - 1 - from_inside]);
	struct tr_site site = tr_event_site(run->log, &e);
	char line[512], when[32];
	const char *words = tr_event_line(run->log, &e, line, sizeof(line));
	int x = ui_cells_text(c, r, row, 0, UI_ROLE_DIM, "%2u  ", from_inside);

	words += strncmp(words, "frame_enter ", 12) ? 0 : 12;
	x += ui_cells_text(c, r, row, x, UI_ROLE_STRONG, "%s", words);
	x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  %s:%u", site.file, site.line);
	ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  since %s", ui_view_time(ui_run_time_ns(run, e.index), when, sizeof(when)));
}

/* The line the thread itself stands at: its last event up to the cursor. */
static void here_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	const struct ui_run *run = ui_scene_shown(s);
	uint32_t event = run->at == TR_NONE ? TR_NONE :
			 ui_index_step(run->index, UI_SUBJECT_THREAD, s->thread, run->at + 1, -1);
	char line[512], doing[160];
	int x = ui_cells_text(c, r, 0, 0, UI_ROLE_STRONG, "%s ", tr_log_thread(run->log, s->thread)->name);

	x += ui_cells_text(c, r, 0, x, ui_activity_role(tr_thread_activity(thread_of(s))), "%s",
			   ui_view_doing(s, s->thread, doing, sizeof(doing)));
	if (event == TR_NONE)
		return;
	struct tr_event e = tr_log_event(run->log, event);
	x += ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "; last: %s", tr_event_line(run->log, &e, line, sizeof(line)));
	if (tr_event_site(run->log, &e).line)
		ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "  %s:%u", tr_event_site(run->log, &e).file, tr_event_site(run->log, &e).line);
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	uint32_t nr = nr_rows(s), top = ui_view_top(s, UI_PANE_STACK, nr, list.rows);

	if (!thread_of(s)) {
		ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, "no thread is chosen");
		return;
	}
	here_draw(s, c, r);
	if (!nr)
		ui_cells_text(c, &list, 0, 0, UI_ROLE_DIM, "no instrumented function is entered");
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		frame_draw(s, c, &list, row, top + (uint32_t)row);
		if (top + (uint32_t)row == s->lists[UI_PANE_STACK].row)
			ui_view_mark(s, c, &list, UI_PANE_STACK, row);
	}
}

/* To the place where the frame was entered. */
static void enter(struct ui_scene *s, uint32_t row)
{
	if (row < nr_rows(s))
		ui_scene_go(s, thread_of(s)->frames[nr_rows(s) - 1 - row], true);
}

const struct ui_view ui_view_stack = {
	.title = "stack", .needs_state = true, .draw = draw, .rows = nr_rows, .enter = enter, .opens = "its entry", .head = 1,
};
