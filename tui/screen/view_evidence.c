/*
 * view_evidence: why the answer is what it is. For a call that waits: one work item's chain of
 * edges to the return, step by step. For one that does not: what was still under way. Each
 * line leads to its place in the timeline.
 */
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

static const char *item_name(const struct tr_item *item, char *buf, size_t cap)
{
	/* ORDER item kinds */
	static const char *const kinds[] = { "part", "Create", "Complete", "PutObject", "GetObject", "transfer" };

	if (item->kind == TR_ITEM_PART)
		snprintf(buf, cap, "part %u", item->part);
	else
		snprintf(buf, cap, "%s", kinds[item->kind]);
	return buf;
}

/* The evidence about the part chosen in the map, else the one chosen here. */
static const struct tr_evidence *evidence_of(const struct ui_scene *s)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_shown(s));

	if (!v || !v->nr_evidence)
		return NULL;
	for (uint32_t i = 0; s->state && s->part < s->state->nr_parts && i < v->nr_evidence; i++) {
		const struct tr_item *item = &v->items[v->evidence[i].item];
		if (item->kind == TR_ITEM_PART && item->part == s->state->parts[s->part].number &&
		    item->transfer == s->state->parts[s->part].transfer)
			return &v->evidence[i];
	}
	return &v->evidence[0];
}

static uint32_t nr_late(const struct tr_verdict *v)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < v->nr_items; i++)
		nr += v->items[i].late;
	return nr;
}

static const struct tr_item *late_item(const struct tr_verdict *v, uint32_t row)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].late && !row--)
			return &v->items[i];
	return NULL;
}

static uint32_t nr_rows(const struct ui_scene *s)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_shown(s));
	const struct tr_evidence *e = evidence_of(s);

	return e ? e->nr : !v ? 0 : v->nr_holds ? v->nr_holds : v->nr_waiting ? v->nr_waiting : nr_late(v);
}

/* The event in a word or two, where there is no room for all of it. */
static const char *short_line(const struct ui_run *run, const struct tr_event *e, char *buf, size_t cap)
{
	const char *kind = xf_kind_info(e->kind)->name;
	uint64_t part;

	if (e->object != TR_NONE && *tr_log_object(run->log, e->object)->name)
		snprintf(buf, cap, "%s %s", kind, tr_log_object(run->log, e->object)->name);
	else if (tr_event_field(e, "part", &part) && part)
		snprintf(buf, cap, "%s %u", kind, (unsigned)part);
	else
		snprintf(buf, cap, "%s", kind);
	return buf;
}

static int event_draw(const struct ui_run *run, struct ui_cells *c, const struct ui_rect *r, int row, int x, uint32_t event)
{
	struct tr_event e = tr_log_event(run->log, event);
	struct tr_site site = tr_event_site(run->log, &e);
	char line[512], when[32];
	bool wide = r->columns > 120;
	int begin = x;

	x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "%11s ", ui_view_time(ui_run_time_ns(run, event), when, sizeof(when)));
	x += ui_cells_text(c, r, row, x, UI_ROLE_STRONG, "%-12s ", tr_log_thread(run->log, e.thread)->name);
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "%-*.*s", wide ? 60 : 22, wide ? 60 : 22,
			   wide ? tr_event_line(run->log, &e, line, sizeof(line)) : short_line(run, &e, line, sizeof(line)));
	if (site.line && wide)
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  %s:%u", site.file, site.line);
	return x - begin;
}

static void link_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, const struct tr_evidence *e,
		      uint32_t i)
{
	int x = 1 + ui_cells_text(c, r, row, 1, UI_ROLE_PROOF, "%s ", i + 1 == e->nr ? ui_glyph(c->utf8, UI_GLYPH_CALL_END)
									       : ui_glyph(c->utf8, UI_GLYPH_WAKE_FROM));

	x += event_draw(ui_scene_shown(s), c, r, row, x, e->chain[i].event);
	if (i + 1 < e->nr)
		ui_cells_text(c, r, row, x, UI_ROLE_ARROW, "  %s %s", ui_glyph(c->utf8, UI_GLYPH_ARROW),
			      e->chain[i].edge < TR_EDGE_KIND_COUNT ? tr_edge_sentence((enum tr_edge_kind)e->chain[i].edge)
								    : "the same thread goes on");
}

static void late_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, const struct tr_item *item)
{
	const struct ui_run *run = ui_scene_shown(s);
	const struct tr_verdict *v = ui_scene_verdict(run);
	char name[32], late[32];
	int x = 1 + ui_cells_text(c, r, row, 1, UI_ROLE_WITNESS, "%-10s ", item_name(item, name, sizeof(name)));

	if (item->end == TR_NONE) {
		ui_cells_text(c, r, row, x, UI_ROLE_BAD, "never ended");
		return;
	}
	x += ui_cells_text(c, r, row, x, UI_ROLE_WITNESS, "%s after the return  ",
			   ui_time_text(tr_log_time(run->log, item->end) - v->return_ns, late, sizeof(late)));
	event_draw(run, c, r, row, x, item->end);
}

static void hold_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, const struct tr_hold *h)
{
	char held[32], took[32];
	int x = 1 + ui_cells_text(c, r, row, 1, UI_ROLE_HELD, "H") + 1;

	ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "part %u held %s; the call took %s%s", h->part,
		      ui_time_text((int64_t)h->hold_ns, held, sizeof(held)),
		      h->return_ns < 0 ? "for ever" : ui_time_text(h->return_ns, took, sizeof(took)), h->evaded ? "; evaded" : "");
	(void)s;
}

static void heading_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_shown(s));
	const struct tr_evidence *e = evidence_of(s);
	char name[32];

	if (!v)
		ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, s->live && !s->over ? "evidence is judged when the run is over" : "judging...");
	else if (e)
		ui_cells_text(c, r, 0, 0, UI_ROLE_STRONG, "%s ended before the return, step by step (left, right: other parts; %u of %u are)",
			      item_name(&v->items[e->item], name, sizeof(name)), v->parts_ordered, v->parts);
	else if (v->nr_holds)
		ui_cells_text(c, r, 0, 0, UI_ROLE_STRONG, "holds and the call's return; slope %.2f [%.2f, %.2f] of %u trials (1 waits, 0 does not)",
			      v->slope, v->slope_low, v->slope_high, v->trials);
	else if (v->nr_waiting)
		ui_cells_text(c, r, 0, 0, UI_ROLE_HANG, "the trace ends before the return: who waits for whom");
	else if (nr_late(v))
		ui_cells_text(c, r, 0, 0, UI_ROLE_WITNESS, "not over when the call returned");
	else
		ui_cells_text(c, r, 0, 0, UI_ROLE_LUCK, "no chain leads from the work to the return: %s", v->reason);
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t i)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_shown(s));
	const struct tr_evidence *e = evidence_of(s);

	if (e)
		link_draw(s, c, r, row, e, i);
	else if (v->nr_holds)
		hold_draw(s, c, r, row, &v->holds[i]);
	else if (v->nr_waiting)
		ui_cells_text(c, r, row, 1, v->deadlock && i >= v->deadlock_at ? UI_ROLE_BAD : UI_ROLE_PLAIN, "%s", v->waiting_on[i].text);
	else
		late_draw(s, c, r, row, late_item(v, i));
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	uint32_t nr = nr_rows(s), top = ui_view_top(s, UI_PANE_EVIDENCE, nr, list.rows);

	heading_draw(s, c, r);
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		row_draw(s, c, &list, row, top + (uint32_t)row);
		if (top + (uint32_t)row == s->lists[UI_PANE_EVIDENCE].row)
			ui_view_mark(s, c, &list, UI_PANE_EVIDENCE, row);
	}
}

/* The event a line stands for; TR_NONE. */
static uint32_t event_of(const struct ui_scene *s, uint32_t row)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_shown(s));
	const struct tr_evidence *e = evidence_of(s);

	if (row >= nr_rows(s))
		return TR_NONE;
	return e ? e->chain[row].event : v->nr_holds ? v->holds[row].held : v->nr_waiting ? v->waiting_on[row].event
			: late_item(v, row)->end;
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	ui_scene_go(s, event_of(s, row), true);
}

static void enter(struct ui_scene *s, uint32_t row)
{
	uint32_t event = event_of(s, row);

	if (event == TR_NONE)
		return;
	ui_scene_drill(s, UI_PANE_EVENTS, NULL, "evidence");
	ui_scene_go(s, event, true);
}

const struct ui_view ui_view_evidence = {
	.title = "evidence", .draw = draw, .rows = nr_rows, .chosen = chosen, .enter = enter, .opens = "its events", .head = 1,
};
