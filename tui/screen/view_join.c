/*
 * view_join: the end of the call. First who waits for whom at this moment, from the
 * caller down; then its barriers, passed, waited at now, or still to come; then the work
 * that is not over.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

static int heading_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	const struct ui_run *run = ui_scene_shown(s);
	const struct tr_call *call = ui_run_call(run) != TR_NONE ? tr_log_call(run->log, ui_run_call(run)) : NULL;
	char when[32], lasted[32];
	int x;

	if (!call) {
		ui_cells_text(c, r, row, 0, UI_ROLE_DIM, "no call yet");
		return row + 1;
	}
	x = ui_cells_text(c, r, row, 0, UI_ROLE_CALL, "%s on %s", call->name, tr_log_thread(run->log, call->thread)->name);
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, " entered at %s",
			   ui_view_time(ui_run_time_ns(run, call->enter), when, sizeof(when)));
	if (call->ret == TR_NONE)
		ui_cells_text(c, r, row, x, UI_ROLE_STRONG, ", has not returned");
	else
		ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, ", %s at %s (%s)", run->at != TR_NONE && run->at >= call->ret ?
			      "returned" : "will return", ui_view_time(ui_run_time_ns(run, call->ret), when, sizeof(when)),
			      ui_time_text(tr_log_time(run->log, call->ret) - tr_log_time(run->log, call->enter), lasted, sizeof(lasted)));
	return row + 1;
}

static void barrier_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, const struct tr_barrier *b)
{
	const struct ui_run *run = ui_scene_shown(s);
	bool passed = run->at != TR_NONE && run->at >= b->last, at = !passed && run->at != TR_NONE && run->at >= b->first;
	enum ui_glyph g = passed ? UI_GLYPH_PASSED : at ? UI_GLYPH_WAITING : UI_GLYPH_COMING;
	char waited[32];
	int x = ui_cells_text(c, r, row, 1, passed ? UI_ROLE_DONE : at ? UI_ROLE_AWAIT : UI_ROLE_DIM, "%s ", ui_glyph(c->utf8, g)) + 1;

	ui_time_text((int64_t)b->wait_ns, waited, sizeof(waited));
	x += ui_cells_text(c, r, row, x, UI_ROLE_BARRIER, "%-14s ", b->name);
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, passed ? "passed after %s" : at ? "waiting, %s in all" : "to come, %s", waited);
	if (b->woken_by != TR_NONE && tr_log_thread_of(run->log, b->woken_by) != b->thread)
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, ", opened by %s",
				   tr_log_thread(run->log, tr_log_thread_of(run->log, b->woken_by))->name);
	x += ui_cells_text(c, r, row, x, b->sufficient ? UI_ROLE_PROOF : UI_ROLE_DIM, "%s",
			   b->sufficient ? "; enough by itself" : b->carries ? "; not enough alone" : "; proves nothing");
	if (r->columns > 80)
		ui_cells_text(c, r, row, x, UI_ROLE_DIM, " (%s)", tr_barrier_kind_name(b->kind));
}

static int barriers_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	const struct tr_verdict *v = ui_scene_verdict(ui_scene_shown(s));

	for (uint32_t i = 0; v && i < v->barriers.nr && row < r->rows; i++)
		if (v->barriers.list[i].carries || v->barriers.list[i].wait_ns)
			barrier_draw(s, c, r, row++, &v->barriers.list[i]);
	if (v && !v->barriers.nr && v->answer != TR_NOT_RETURNED)
		ui_cells_text(c, r, row++, 1, UI_ROLE_DIM, "no barrier: nothing on the way to the return waits");
	return row;
}

/* From the caller: who waits for whom now. */
static int chain_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	const struct ui_run *run = ui_scene_shown(s);
	uint32_t caller = ui_view_caller(run), nr = 0, circle = TR_NONE;
	struct tr_waiting *list = NULL;
	struct xf_error ignored = XF_ERROR_INIT;

	if (caller == TR_NONE || caller >= s->state->nr_threads || s->state->threads[caller].activity != TR_WAITING ||
	    tr_waiting_chain(run->log, s->state, caller, &list, &nr, &circle, &ignored))
		return row;
	ui_cells_text(c, r, row++, 0, UI_ROLE_TITLE, "who waits for whom now");
	for (uint32_t i = 0; i < nr && row < r->rows; i++) {
		char since[32];
		int indent = 1 + (int)(i < 8 ? i : 8), x = indent;
		if (i)
			x += ui_cells_text(c, r, row, x, UI_ROLE_ARROW, "%s ", ui_glyph(c->utf8, UI_GLYPH_ARROW));
		x += ui_cells_text(c, r, row, x, i == circle ? UI_ROLE_BAD : UI_ROLE_PLAIN, "%s", list[i].text);
		ui_cells_text(c, r, row++, x, UI_ROLE_DIM, ", for %s%s",
			      ui_time_text(ui_view_now_ns(s) - list[i].since_ns, since, sizeof(since)),
			      i == circle ? "  <- the circle closes here" : "");
	}
	free(list);
	return row;
}

static bool unfinished(const struct tr_part_state *p)
{
	return p->phase != TR_PART_DONE && p->phase != TR_PART_FAILED && p->phase != TR_PART_SKIPPED;
}

static int work_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	uint32_t nr = 0, shown = 0;

	for (uint32_t i = 0; i < s->state->nr_parts; i++)
		nr += unfinished(&s->state->parts[i]);
	if (row < r->rows)
		ui_cells_text(c, r, row++, 0, UI_ROLE_TITLE, !nr ? "no part is under way" : nr == 1 ? "1 part is not over" : "%u parts are not over", nr);
	for (uint32_t i = 0; i < s->state->nr_parts && row < r->rows; i++) {
		const struct tr_part_state *p = &s->state->parts[i];
		const struct ui_run *run = ui_scene_shown(s);
		int x;
		if (!unfinished(p))
			continue;
		if (row == r->rows - 1 && nr - shown > 1) {
			if (shown)
				ui_cells_text(c, r, row++, 1, UI_ROLE_DIM, "and %u more", nr - shown);
			break;
		}
		shown++;
		x = 1 + ui_cells_text(c, r, row, 1, ui_part_role(p->phase, p->held), "%s part %-6u %-11s",
				      ui_part_glyph(c->utf8, p->phase, p->held), p->number, p->held ? "held" : tr_part_phase_name(p->phase));
		if (p->thread != TR_NONE)
			x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, " %s", tr_log_thread(run->log, p->thread)->name);
		if (p->attempts > 1)
			ui_cells_text(c, r, row, x, UI_ROLE_BACKOFF, "  attempt %u", p->attempts);
		row++;
	}
	return row;
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	int row = heading_draw(s, c, r, 0);

	row = chain_draw(s, c, r, row); /* what holds the caller now is wanted most */
	row = barriers_draw(s, c, r, row);
	work_draw(s, c, r, row);
}

const struct ui_view ui_view_join = { .title = "join", .needs_state = true, .draw = draw };
