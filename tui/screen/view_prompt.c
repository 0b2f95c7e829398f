/*
 * view_prompt: what was said: commands and their output, and what programs write. The newest is
 * at the bottom and stays in sight unless somebody looks at what came before.
 */
#include "tui/screen/view.h"

static uint32_t nr_rows(const struct ui_scene *s)
{
	return ui_lines_nr(&s->lines);
}

static void hint_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, "%s", s->debugger.run ? "0 or ':' begins a command; 'help' lists them" :
		      s->live && !s->over ? "nothing was written yet; ':' runs an action by name, '?' lists them" :
		      "':' runs an action by name, e.g. :at-time 20ms  :filter part=3  :search part_done; '?' lists them");
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_list_view *l = &s->lists[UI_PANE_PROMPT];
	uint32_t nr = nr_rows(s), top;

	if (l->row + 1 >= s->lines_seen)
		l->row = nr ? nr - 1 : 0;
	s->lines_seen = nr;
	top = ui_view_top(s, UI_PANE_PROMPT, nr, r->rows);
	if (!nr)
		hint_draw(s, c, r);
	for (int row = 0; row < r->rows && top + (uint32_t)row < nr; row++) {
		const char *line = ui_lines_get(&s->lines, top + (uint32_t)row);
		ui_cells_text(c, r, row, 0, line[0] == '(' ? UI_ROLE_STRONG : UI_ROLE_PLAIN, "%s", line);
		if (top + (uint32_t)row == l->row && l->row + 1 < nr)
			ui_view_mark(s, c, r, UI_PANE_PROMPT, row);
	}
}

const struct ui_view ui_view_prompt = { .title = "prompt", .draw = draw, .rows = nr_rows };
