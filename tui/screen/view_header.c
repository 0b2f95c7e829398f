/*
 * view_header: the answer, and the figures of the moment. It never lies: the verdict is the
 * one the tracer computed or says that there is none yet; figures are those of the
 * cursor's moment, which is named.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/command/live.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"
#include "tui/command/style.h"

enum {
	QUIET_NS = 1000000000, /* so long without an event is worth a word */
	WIDE = 100,            /* columns from which words may be long */
};

/* ORDER tones */
static const enum ui_role roles[UI_TONE_COUNT] = { UI_ROLE_PROOF, UI_ROLE_WITNESS, UI_ROLE_LUCK, UI_ROLE_HANG,
						   UI_ROLE_OPEN, UI_ROLE_BAD, UI_ROLE_DIM };

/* Whom the caller waits for in the end: the last of the chain, which is at work; of a circle its first step. */
static int waited_for_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int x, uint32_t caller)
{
	struct tr_waiting *list = NULL;
	uint32_t nr = 0, circle = TR_NONE;
	struct xf_error ignored = XF_ERROR_INIT; /* the join pane has it, too */
	int begin = x;

	if (s->state->threads[caller].activity == TR_WAITING &&
	    !tr_waiting_chain(ui_scene_shown(s)->log, s->state, caller, &list, &nr, &circle, &ignored) && nr > 1) {
		x += ui_cells_text(c, r, 0, x, UI_ROLE_ARROW, " %s ", ui_glyph(c->utf8, UI_GLYPH_ARROW));
		x += ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, "%s", list[circle == TR_NONE ? nr - 1 : 1].text);
	}
	free(list);
	return x - begin;
}

/* While nothing is decided: what the caller does now. */
static void open_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	const struct ui_run *run = ui_scene_shown(s);
	uint32_t caller = ui_view_caller(run), call = ui_run_call(run);
	struct ui_style style = { .utf8 = c->utf8 };
	char doing[160], since[32];
	int x = ui_cells_text(c, r, 0, 0, UI_ROLE_OPEN, "%s ", ui_tone_mark(style, UI_OPEN));

	if (!s->live || s->over) {
		ui_cells_text(c, r, 0, x, UI_ROLE_OPEN, "judging %u events...", tr_log_nr_events(run->log));
		return;
	}
	x += ui_cells_text(c, r, 0, x, UI_ROLE_OPEN, r->columns < WIDE ? "OPEN" : "OPEN (no verdict before the end)");
	if (!s->state || caller == TR_NONE || caller >= s->state->nr_threads)
		return;
	if (call < s->state->nr_calls && s->state->calls[call].returned) {
		ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, ": the call has returned");
		return;
	}
	x += ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, ": %s %s", tr_log_thread(run->log, caller)->name,
			   ui_view_doing(s, caller, doing, sizeof(doing)));
	x += waited_for_draw(s, c, r, x, caller);
	ui_cells_text(c, r, 0, x, UI_ROLE_DIM, ", for %s",
		      ui_time_text(ui_view_now_ns(s) - s->state->threads[caller].since_ns, since, sizeof(since)));
}

static void verdict_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, const struct ui_run *run)
{
	const struct tr_verdict *v = ui_scene_verdict(run);
	struct ui_style style = { .utf8 = c->utf8 };
	char sentence[1024];
	int x = 0;

	if (!v) {
		open_draw(s, c, r);
		return;
	}
	if (s->nr_runs > 1)
		x += ui_cells_text(c, r, row, 0, run == ui_scene_shown(s) ? UI_ROLE_FOCUS : UI_ROLE_DIM, "%s", run->name),
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, " ");
	x += ui_cells_text(c, r, row, x, roles[ui_tone_of(v->answer)], "%s %s", ui_tone_mark(style, ui_tone_of(v->answer)),
			   tr_answer_heading(v->answer, v->basis));
	if (run->verdicts->nr > 1)
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, " (call %u of %u)", run->verdict + 1, run->verdicts->nr);
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, ": ");
	tr_verdict_sentence(run->log, run->verdicts, v, sentence, sizeof(sentence));
	ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "%s", sentence);
	if (x + (int)strlen(sentence) > r->columns)
		ui_cells_text(c, r, row, r->columns - 1, UI_ROLE_DIM, "%s", ui_glyph(c->utf8, UI_GLYPH_MORE));
}

static int count_draw(struct ui_cells *c, const struct ui_rect *r, int row, int x, enum ui_role role, const char *glyph,
		      uint32_t n, const char *word)
{
	const char *gap = r->columns < WIDE ? "" : " ";
	int begin = x;

	x += ui_cells_text(c, r, row, x, n ? role : UI_ROLE_DIM, "%s", glyph);
	x += ui_cells_text(c, r, row, x, n ? UI_ROLE_PLAIN : UI_ROLE_DIM, "%s%u %s%s ", gap, n, word, gap);
	return x - begin;
}

static int read_draw(const struct ui_totals *t, struct ui_cells *c, const struct ui_rect *r, int row, int x)
{
	char read[32];

	if (!t->read && t->acked)
		return 0; /* a program that is not ours: its reads are not seen */
	return ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  read %s", ui_size_text(t->read, read, sizeof(read)));
}

static void parts_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	struct ui_totals t = ui_live_totals(s->state);
	char acked[32], all[32];
	int x = ui_cells_text(c, r, row, 0, UI_ROLE_STRONG, "parts ");

	if (t.parts_known)
		x += ui_cells_text(c, r, row, x, UI_ROLE_STRONG, "%u: ", t.parts);
	x += count_draw(c, r, row, x, UI_ROLE_DONE, ui_part_glyph(c->utf8, TR_PART_DONE, false), t.done, "done");
	x += count_draw(c, r, row, x, UI_ROLE_SEND, ui_part_glyph(c->utf8, TR_PART_STARTED, false), t.in_flight, "in flight");
	x += count_draw(c, r, row, x, UI_ROLE_QUEUED, ui_part_glyph(c->utf8, TR_PART_QUEUED, false), t.queued, "queued");
	x += count_draw(c, r, row, x, UI_ROLE_BAD, ui_part_glyph(c->utf8, TR_PART_FAILED, false), t.failed, "failed");
	x += ui_cells_text(c, r, row, x, UI_ROLE_STRONG, " acked %s", ui_size_text(t.acked, acked, sizeof(acked)));
	if (t.bytes)
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, " of %s", ui_size_text(t.bytes, all, sizeof(all)));
	if (r->columns >= WIDE)
		read_draw(&t, c, r, row, x);
}

/* What recording has cost so far: events times what one was measured to cost. */
static int cost_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, int x)
{
	const struct ui_run *run = ui_scene_shown(s);
	const char *ps = tr_log_property(run->log, "event_ps");
	double ns = ps ? strtod(ps, NULL) / 1e3 * (double)s->state->at : 0;
	char spent[32];

	if (!ps || s->state->t_ns <= 0)
		return 0;
	if (r->columns < WIDE)
		return ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  tracer %.2f%%", 100 * ns / (double)s->state->t_ns);
	return ui_cells_text(c, r, row, x, UI_ROLE_DIM, "  tracer %s (%.2f%%)", ui_time_text((int64_t)ns, spent, sizeof(spent)),
			     100 * ns / (double)s->state->t_ns);
}

static void moment_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row)
{
	const struct ui_run *run = ui_scene_shown(s);
	struct ui_totals t = ui_live_totals(s->state);
	uint64_t lost = tr_log_lost(run->log);
	int64_t now_ns = ui_view_now_ns(s);
	double seconds = (double)now_ns / 1e9;
	bool is_quiet = now_ns - s->state->t_ns >= QUIET_NS;
	char now[32], rate[32], quiet[32];
	enum ui_glyph g = s->frozen ? UI_GLYPH_FROZEN : s->live && !s->over ? UI_GLYPH_LIVE : UI_GLYPH_RECORDED;
	int x = ui_cells_text(c, r, row, 0, UI_ROLE_CALL, "%s %s  ", ui_glyph(c->utf8, g), s->frozen ? "frozen" :
			      !s->live ? "recorded" : s->over ? "run over" : s->follow ? "live" : "live, in the past");

	if (s->state->stopped)
		x += ui_cells_text(c, r, row, x, UI_ROLE_HELD, " stopped "), x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, " ");
	x += ui_cells_text(c, r, row, x, UI_ROLE_STRONG, "at %s", ui_time_text(now_ns, now, sizeof(now)));
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  %s/s",
			   ui_size_text(seconds > 0 ? (uint64_t)((double)t.acked / seconds) : 0, rate, sizeof(rate)));
	if (r->columns < WIDE && s->nr_runs == 1)
		x += read_draw(&t, c, r, row, x);
	if (r->columns >= WIDE || !is_quiet)
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "  peak %u", tr_state_peak(s->state));
	if (is_quiet)
		x += ui_cells_text(c, r, row, x, UI_ROLE_LUCK, "  nothing for %s",
				   ui_time_text(now_ns - s->state->t_ns, quiet, sizeof(quiet)));
	x += cost_draw(s, c, r, row, x);
	ui_cells_text(c, r, row, x, lost ? UI_ROLE_BAD : UI_ROLE_DIM, "  %llu dropped%s", (unsigned long long)lost,
		      lost ? "!" : "");
}

void ui_view_header(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	verdict_draw(s, c, r, 0, &s->runs[0]);
	if (s->nr_runs > 1)
		verdict_draw(s, c, r, 1, &s->runs[1]);
	else if (s->state)
		parts_draw(s, c, r, 1);
	if (s->state)
		moment_draw(s, c, r, 2);
}
