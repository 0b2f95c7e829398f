/*
 * view_parts: all parts as a map, one character a part while they fit, else one for
 * several, which then shows the least finished of them. Below it, the chosen part in words.
 */
#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

static uint32_t nr_rows(const struct ui_scene *s)
{
	return s->state ? s->state->nr_parts : 0;
}

/* How much somebody who looks for trouble wants to see it. */
static int urgency(const struct tr_part_state *p)
{
	static const int of[TR_PART_PHASE_COUNT] = {
		[TR_PART_UNKNOWN] = 0, [TR_PART_DONE] = 1, [TR_PART_SKIPPED] = 2, [TR_PART_QUEUED] = 3, [TR_PART_SENT] = 4,
		[TR_PART_STARTED] = 5, [TR_PART_BACKOFF] = 6, [TR_PART_FAILED] = 7,
	};

	return p->held ? 8 : of[p->phase];
}

static uint32_t most_urgent(const struct ui_scene *s, uint32_t first, uint32_t per)
{
	uint32_t best = first;

	for (uint32_t i = first; i < first + per && i < s->state->nr_parts; i++)
		if (urgency(&s->state->parts[i]) > urgency(&s->state->parts[best]))
			best = i;
	return best;
}

static void map_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, uint32_t per)
{
	uint32_t nr = s->state->nr_parts;

	for (uint32_t cell = 0; cell * per < nr; cell++) {
		const struct tr_part_state *p = &s->state->parts[most_urgent(s, cell * per, per)];
		int row = (int)cell / r->columns, x = (int)cell % r->columns;
		ui_cells_text(c, r, row, x, ui_part_role(p->phase, p->held), "%s", ui_part_glyph(c->utf8, p->phase, p->held));
		if (s->part / per == cell && s->part < nr)
			ui_cells_attrs(c, r, row, x, 1, UI_ATTR_REVERSE);
	}
}

static void part_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	const struct tr_part_state *p = &s->state->parts[s->part];
	const struct ui_run *run = ui_scene_shown(s);
	char size[32], queued[32], busy[32];
	int x = ui_cells_text(c, r, row, 0, UI_ROLE_STRONG, "part %u", p->number);

	x += ui_cells_text(c, r, row, x, ui_part_role(p->phase, p->held), " %s%s", p->held ? "held, " : "",
			   tr_part_phase_name(p->phase));
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  %s", ui_size_text(p->bytes, size, sizeof(size)));
	if (p->thread != TR_NONE)
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  %s", tr_log_thread(run->log, p->thread)->name);
	x += ui_cells_text(c, r, row, x, p->attempts > 1 ? UI_ROLE_BACKOFF : UI_ROLE_DIM, "  attempt %u", p->attempts);
	if (p->queued_ns >= 0 && p->start_ns >= 0)
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  queued %s",
				   ui_time_text(p->start_ns - p->queued_ns, queued, sizeof(queued)));
	if (p->start_ns >= 0)
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  took %s",
				   ui_time_text((p->end_ns >= 0 ? p->end_ns : s->state->t_ns) - p->start_ns, busy, sizeof(busy)));
	ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  %s", tr_log_text(run->log, s->state->transfers[p->transfer].process, p->etag));
}

static int legend_draw(struct ui_cells *c, const struct ui_rect *r, int row)
{
	int x = 0;

	for (int p = TR_PART_QUEUED; p < TR_PART_PHASE_COUNT; p++) {
		x += ui_cells_text(c, r, row, x, ui_part_role((enum tr_part_phase)p, false), "%s",
				   ui_part_glyph(c->utf8, (enum tr_part_phase)p, false));
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, " %s  ", tr_part_phase_name((enum tr_part_phase)p));
	}
	return ui_cells_text(c, r, row, x, UI_ROLE_HELD, "H") + ui_cells_text(c, r, row, x + 1, UI_ROLE_DIM, " held");
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	uint32_t nr = nr_rows(s), cells, per;
	struct ui_rect map = { r->y, r->x, r->rows > 3 ? r->rows - 2 : 1, r->columns };

	s->page[UI_PANE_PARTS] = map.columns;
	if (!nr) {
		ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, "no part yet");
		return;
	}
	if (s->part == TR_NONE || s->part >= nr)
		s->part = 0;
	s->lists[UI_PANE_PARTS].row = s->part;
	cells = (uint32_t)(map.rows * map.columns);
	per = (nr + cells - 1) / cells;
	map_draw(s, c, &map, per);
	if (r->rows > 3) {
		part_draw(s, c, r, r->rows - 2);
		legend_draw(c, r, r->rows - 1);
		if (per > 1)
			ui_cells_text(c, r, r->rows - 2, r->columns - 20, UI_ROLE_DIM, " one mark: %u parts", per);
	}
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->part = row;
}

static void enter(struct ui_scene *s, uint32_t row)
{
	char crumb[32];

	if (!s->state || row >= s->state->nr_parts)
		return;
	s->part = row;
	snprintf(crumb, sizeof(crumb), "part %u", s->state->parts[row].number);
	s->lists[UI_PANE_EVIDENCE].row = 0;
	ui_scene_drill(s, UI_PANE_EVIDENCE, NULL, crumb);
}

const struct ui_view ui_view_parts = { "parts", true, draw, nr_rows, chosen, enter, NULL, 0 };
