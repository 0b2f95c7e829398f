/*
 * view_parts: all parts as a map, one character a part while they fit, else one for
 * several, which then shows the least finished of them. Below it, the chosen part in words.
 */
#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { MARK_NOTE = 21 }; /* columns for how many parts a mark stands for */

/* How much somebody who looks for trouble wants to see it. */
static int urgency(const struct tr_part_state *p)
{
	static const int of[TR_PART_PHASE_COUNT] = {
		[TR_PART_UNKNOWN] = 0, [TR_PART_DONE] = 1, [TR_PART_SKIPPED] = 2, [TR_PART_QUEUED] = 3, [TR_PART_SENT] = 4,
		[TR_PART_STARTED] = 5, [TR_PART_BACKOFF] = 6, [TR_PART_FAILED] = 7,
	};

	return p->held ? 8 : of[p->phase];
}

/* ORDER parts' columns */
enum { NUMBER, STATE, ATTEMPTS, TOOK, THREAD };
static const struct ui_column columns[] = {
	{ "number" }, { "state" }, { "attempts" }, { "took", .duration = true }, { "thread", .by_text = true }, { .name = NULL },
};

static uint32_t items(const struct ui_scene *s)
{
	return s->state ? s->state->nr_parts : 0;
}

static int64_t took_ns(const struct ui_scene *s, const struct tr_part_state *p)
{
	return p->start_ns < 0 ? 0 : (p->end_ns >= 0 ? p->end_ns : s->state->t_ns) - p->start_ns;
}

static int64_t key(const struct ui_scene *s, uint32_t i, int column)
{
	const struct tr_part_state *p = &s->state->parts[i];

	return column == STATE ? -urgency(p) : column == ATTEMPTS ? -(int64_t)p->attempts : column == TOOK ? -took_ns(s, p) : i;
}

static const char *text(const struct ui_scene *s, uint32_t i, int column, char *buf, size_t cap)
{
	const struct tr_part_state *p = &s->state->parts[i];

	switch (column) {
	case STATE:
		return p->held ? "held" : tr_part_phase_name(p->phase);
	case TOOK:
		return ui_view_duration(s, took_ns(s, p), buf, cap);
	case THREAD:
		return p->thread == TR_NONE ? "" : tr_log_thread(ui_scene_shown(s)->log, p->thread)->name;
	default:
		snprintf(buf, cap, "%u", column == NUMBER ? p->number : p->attempts);
		return buf;
	}
}

/* Of the parts one mark stands for. */
static const struct tr_part_state *most_urgent(const struct ui_scene *s, uint32_t first, uint32_t per)
{
	const struct tr_part_state *best = NULL;

	for (uint32_t i = first; i < first + per && i < ui_rows_nr(s, UI_PANE_PARTS); i++) {
		const struct tr_part_state *p = &s->state->parts[ui_rows_item(s, UI_PANE_PARTS, i)];
		if (!best || urgency(p) > urgency(best))
			best = p;
	}
	return best;
}

/* How many of the parts a mark stands for are so. */
static bool any(const struct ui_scene *s, uint32_t first, uint32_t per, bool tagged)
{
	for (uint32_t i = first; i < first + per && i < ui_rows_nr(s, UI_PANE_PARTS); i++) {
		uint32_t item = ui_rows_item(s, UI_PANE_PARTS, i);
		if (tagged ? ui_rows_tagged(&s->lists[UI_PANE_PARTS], item) : ui_rows_match(s, UI_PANE_PARTS, item))
			return true;
	}
	return false;
}

static void map_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, uint32_t per)
{
	const struct ui_list_view *l = &s->lists[UI_PANE_PARTS];
	uint32_t nr = ui_rows_nr(s, UI_PANE_PARTS);

	for (uint32_t cell = 0; cell * per < nr; cell++) {
		const struct tr_part_state *p = most_urgent(s, cell * per, per);
		int row = (int)cell / r->columns, x = (int)cell % r->columns;
		ui_cells_text(c, r, row, x, ui_part_role(p->phase, p->held), "%s", ui_part_glyph(c->utf8, p->phase, p->held));
		if (l->nr_tags && any(s, cell * per, per, true))
			ui_cells_text(c, r, row, x, UI_ROLE_FOCUS, "%s", ui_glyph(c->utf8, UI_GLYPH_TAG));
		if (*l->search && any(s, cell * per, per, false))
			ui_cells_attrs(c, r, row, x, 1, UI_ATTR_UNDERLINE);
		if (l->row / per == cell)
			ui_cells_attrs(c, r, row, x, 1, UI_ATTR_REVERSE);
	}
}

/* A time and what it is, where all of it has room. Returns its columns. */
static int time_draw(struct ui_cells *c, const struct ui_rect *r, int row, int x, const char *what, int64_t ns)
{
	char text[64], time[32];

	snprintf(text, sizeof(text), "  %s %s", what, ui_time_text(ns, time, sizeof(time)));
	return ui_cells_tail(c, text, r->columns - x) == text ? ui_cells_text(c, r, row, x, UI_ROLE_DIM, "%s", text) : 0;
}

static void part_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	const struct tr_part_state *p = &s->state->parts[s->part];
	const struct ui_run *run = ui_scene_shown(s);
	char size[32];
	int x = ui_cells_text(c, r, row, 0, UI_ROLE_STRONG, "part %u", p->number);

	x += ui_cells_text(c, r, row, x, ui_part_role(p->phase, p->held), " %s%s", p->held ? "held, " : "",
			   tr_part_phase_name(p->phase));
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  %s", ui_size_text(p->bytes, size, sizeof(size)));
	if (p->thread != TR_NONE)
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  %s", tr_log_thread(run->log, p->thread)->name);
	x += ui_cells_text(c, r, row, x, p->attempts > 1 ? UI_ROLE_BACKOFF : UI_ROLE_DIM, "  attempt %u", p->attempts);
	if (p->queued_ns >= 0 && p->start_ns >= 0)
		x += time_draw(c, r, row, x, "queued", p->start_ns - p->queued_ns);
	if (p->start_ns >= 0)
		x += time_draw(c, r, row, x, "took", took_ns(s, p));
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
	struct ui_list_view *l = &s->lists[UI_PANE_PARTS];
	uint32_t nr = ui_rows_nr(s, UI_PANE_PARTS), cells, per, at;
	struct ui_rect map = { r->y, r->x, r->rows > 3 ? r->rows - 2 : 1, r->columns };

	s->page[UI_PANE_PARTS] = map.columns;
	if (!nr) {
		ui_cells_text(c, r, 0, 1, UI_ROLE_DIM, "%s", items(s) ? "the filter leaves nothing ('\\' changes it)" : "no part yet");
		return;
	}
	if (s->part == TR_NONE || s->part >= items(s))
		s->part = ui_rows_item(s, UI_PANE_PARTS, 0);
	at = ui_rows_find(s, UI_PANE_PARTS, s->part);
	l->row = at != TR_NONE ? at : l->row < nr ? l->row : nr - 1;
	s->part = ui_rows_item(s, UI_PANE_PARTS, l->row);
	cells = (uint32_t)(map.rows * map.columns);
	per = (nr + cells - 1) / cells;
	map_draw(s, c, &map, per);
	if (r->rows > 3) {
		struct ui_rect left = { r->y, r->x, r->rows, r->columns - (per > 1 ? MARK_NOTE : 0) };
		part_draw(s, c, &left, r->rows - 2);
		legend_draw(c, r, r->rows - 1);
		if (per > 1)
			ui_cells_text(c, r, r->rows - 2, r->columns - MARK_NOTE + 1, UI_ROLE_DIM, "one mark: %u parts", per);
	}
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->part = ui_rows_item(s, UI_PANE_PARTS, row);
	s->lists[UI_PANE_EVIDENCE].row = 0;
}

static void enter(struct ui_scene *s, uint32_t row)
{
	char crumb[32];

	chosen(s, row);
	if (s->part == TR_NONE || s->part >= items(s))
		return;
	snprintf(crumb, sizeof(crumb), "part %u", s->state->parts[s->part].number);
	ui_scene_drill(s, UI_PANE_EVIDENCE, NULL, crumb);
}

const struct ui_view ui_view_parts = {
	.title = "parts", .needs_state = true, .draw = draw, .chosen = chosen, .enter = enter, .opens = "evidence",
	.columns = columns, .items = items, .text = text, .key = key,
};
