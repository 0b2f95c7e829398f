/* view_help: every action with the keys that are bound to it now, and the legend of marks. */
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { LEGEND_ROWS = 2 };

/* ORDER help lines: a legend, then a title and its actions for each group */
static uint32_t nr_rows(const struct ui_scene *s)
{
	(void)s;
	return UI_REQ_COUNT - 1 + UI_REQUESTS_COUNT + LEGEND_ROWS + 1;
}

/* Half of the marks a row, so that they fit everywhere. */
static void legend_draw(struct ui_cells *c, const struct ui_rect *r, int row, int half)
{
	int x = 0, middle = (TR_RUNNING + TR_ENDED) / 2;

	for (int a = half ? middle : TR_RUNNING; a < (half ? TR_ENDED : middle); a++) {
		x += ui_cells_text(c, r, row, x, ui_activity_role((enum tr_activity)a), "%s",
				   ui_activity_glyph(c->utf8, (enum tr_activity)a));
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, " %s  ", ui_activity_word((enum tr_activity)a));
	}
}

static void request_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, enum ui_request request)
{
	char keys[96], name[64];
	int i = 0;

	for (const char *p = ui_request_info(request)->name; *p && i < 63; p++)
		name[i++] = *p == '_' ? '-' : *p;
	name[i] = '\0';
	ui_cells_text(c, r, row, 2, UI_ROLE_STRONG, "%-14s", ui_keys_of(&s->keys, request, true, keys, sizeof(keys)));
	ui_cells_text(c, r, row, 17, UI_ROLE_PLAIN, "%s", ui_request_info(request)->help);
	if (r->columns > 110)
		ui_cells_text(c, r, row, 90, UI_ROLE_DIM, ":%s", name);
}

static void line_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t line)
{
	int group = -1;

	if (line < LEGEND_ROWS)
		legend_draw(c, r, row, (int)line);
	if (line <= LEGEND_ROWS)
		return;
	line -= LEGEND_ROWS;
	for (int i = 1; i < UI_REQ_COUNT; i++) {
		int of = (int)ui_request_info((enum ui_request)i)->group;
		if (of != group && !--line) {
			ui_cells_text(c, r, row, 0, UI_ROLE_TITLE, "%s", ui_request_group_title((enum ui_request_group)of));
			return;
		}
		group = of;
		if (!--line) {
			request_draw(s, c, r, row, (enum ui_request)i);
			return;
		}
	}
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	uint32_t nr = nr_rows(s), top;

	s->lists[UI_PANE_HELP].top = s->lists[UI_PANE_HELP].row;
	top = ui_view_top(s, UI_PANE_HELP, nr, r->rows);
	for (int row = 0; row < r->rows && top + (uint32_t)row < nr; row++)
		line_draw(s, c, r, row, top + (uint32_t)row);
}

const struct ui_view ui_view_help = { .title = "help", .draw = draw, .rows = nr_rows };
