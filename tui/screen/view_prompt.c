/*
 * view_prompt: what was said: commands and their output, and what programs write. The newest is
 * at the bottom and stays in sight unless somebody looks at what came before. A long line takes
 * several rows: nothing of it is out of reach.
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

static int rows_of(const struct ui_cells *c, const char *line, int columns)
{
	int rows = 0;

	do {
		line += ui_cells_head(c, line, columns);
		rows++;
	} while (*line);
	return rows;
}

/* As near to top as the chosen line is whole in sight. */
static uint32_t top_for(const struct ui_scene *s, const struct ui_cells *c, const struct ui_rect *r, uint32_t top)
{
	uint32_t row = s->lists[UI_PANE_PROMPT].row, i = row;
	int used = 0;

	while (i > top && (used += rows_of(c, ui_lines_get(&s->lines, i), r->columns)) <= r->rows)
		i--;
	used += i == top ? rows_of(c, ui_lines_get(&s->lines, i), r->columns) : 0;
	return used > r->rows && i < row ? i + 1 : i;
}

/* From that row on; returns the row behind it. */
static int line_draw(struct ui_cells *c, const struct ui_rect *r, int row, const char *line)
{
	enum ui_role role = line[0] == '(' ? UI_ROLE_STRONG : UI_ROLE_PLAIN;

	do {
		size_t len = ui_cells_head(c, line, r->columns);
		ui_cells_text(c, r, row++, 0, role, "%.*s", (int)len, line);
		line += len;
	} while (*line);
	return row;
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_list_view *l = &s->lists[UI_PANE_PROMPT];
	uint32_t nr = nr_rows(s), top;

	if (l->row + 1 >= s->lines_seen)
		l->row = nr ? nr - 1 : 0;
	s->lines_seen = nr;
	top = ui_view_top(s, UI_PANE_PROMPT, nr, r->rows);
	if (nr)
		top = top_for(s, c, r, top);
	else
		hint_draw(s, c, r);
	for (int row = 0; row < r->rows && top < nr; top++) {
		int next = line_draw(c, r, row, ui_lines_get(&s->lines, top));
		for (; row < next; row++)
			if (top == l->row && l->row + 1 < nr)
				ui_view_mark(s, c, r, UI_PANE_PROMPT, row);
	}
}

const struct ui_view ui_view_prompt = { .title = "prompt", .draw = draw, .rows = nr_rows };
