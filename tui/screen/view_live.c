/* view_live: the panes of the live screen: header, lanes, semaphores, join, verdict, keys. */
#include <string.h>

#include "tui/command/live.h"
#include "tui/screen/view.h"

enum { NAME_COLUMNS = 12, DOING_COLUMNS = 34 };

static const int plain = 0;

static int tone(enum ui_tone t)
{
	return (int)t + 1;
}

char ui_view_mark(enum tr_activity activity)
{
	static const char marks[TR_ACTIVITY_COUNT] = {
		[TR_NOT_STARTED] = ' ', [TR_RUNNING] = '=', [TR_READING] = 'r', [TR_HASHING] = '#',
		[TR_CONNECTING] = 'c', [TR_SENDING] = '>', [TR_AWAITING_ANSWER] = '?',
		[TR_RECEIVING] = '<', [TR_WAITING] = '.', [TR_BACKING_OFF] = '~', [TR_SLEEPING] = 'z',
		[TR_HELD] = 'H', [TR_STOPPED] = 'S', [TR_ENDED] = ' ',
	};

	return marks[activity] ? marks[activity] : '=';
}

void ui_strips_add(struct ui_strips *s, const struct tr_state *state)
{
	for (uint32_t i = 0; i < s->nr_lanes; i++)
		s->marks[i][s->next % UI_STRIP] =
			i < state->nr_threads ? ui_view_mark(state->threads[i].activity) : ' ';
	s->next++;
}

/* ---- header */

static void header_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect)
{
	struct ui_totals t = ui_live_totals(scene->state);
	char acked[32], all[32], read[32], time[32], rate[32];
	double seconds = (double)scene->elapsed_ns / 1e9;

	ui_cells_text(c, rect, 0, 0, tone(UI_OPEN), "xferdb put  %s  %u in flight  %u queued  %u failed  peak %u",
		      ui_time_text(scene->elapsed_ns, time, sizeof(time)), t.in_flight, t.queued, t.failed,
		      tr_state_peak(scene->state));
	ui_cells_text(c, rect, 1, 0, plain, "parts %u/%u  stored %s of %s  read %s  %s/s  events %u  dropped %llu", t.done,
		      t.parts, ui_size_text(t.acked, acked, sizeof(acked)),
		      t.bytes ? ui_size_text(t.bytes, all, sizeof(all)) : "?", ui_size_text(t.read, read, sizeof(read)),
		      ui_size_text(seconds > 0 ? (uint64_t)((double)t.acked / seconds) : 0, rate, sizeof(rate)),
		      tr_log_nr_events(scene->log), (unsigned long long)tr_log_lost(scene->log));
}

/* ---- lanes */

/* What the thread waits for, in words. */
static void waiting_text(const struct ui_scene *scene, const struct tr_thread_state *s, char *buf, size_t cap)
{
	if (s->on_thread != TR_NONE)
		snprintf(buf, cap, "waits for %s to end", tr_log_thread(scene->log, s->on_thread)->name);
	else if (s->object != TR_NONE)
		snprintf(buf, cap, "waits on %s", tr_log_object(scene->log, s->object)->name);
	else
		snprintf(buf, cap, "waits");
}

static void doing_text(const struct ui_scene *scene, const struct tr_thread_state *s, char *buf, size_t cap)
{
	char what[96];

	if (s->activity == TR_WAITING)
		waiting_text(scene, s, what, sizeof(what));
	else
		snprintf(what, sizeof(what), "%s", tr_activity_name(s->activity));
	if (s->part && s->activity != TR_ENDED)
		snprintf(buf, cap, "part %u: %s", s->part, what);
	else
		snprintf(buf, cap, "%s", what);
}

static enum ui_tone lane_tone(enum tr_activity activity)
{
	return activity == TR_HELD || activity == TR_STOPPED ? UI_BAD :
	       activity == TR_WAITING || activity == TR_ENDED || activity == TR_NOT_STARTED ? UI_DIM : UI_OPEN;
}

static void strip_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect, int row,
		       uint32_t lane, int from)
{
	int room = rect->columns - from;

	for (int x = 0; scene->strips && x < room; x++) {
		int64_t at = (int64_t)scene->strips->next - room + x;
		if (at < 0 || room - x > UI_STRIP || lane >= scene->strips->nr_lanes)
			continue;
		ui_cells_text(c, rect, row, from + x, plain, "%c", scene->strips->marks[lane][at % UI_STRIP]);
	}
}

static void lane_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect, int row,
		      uint32_t lane)
{
	const struct tr_thread_state *s = &scene->state->threads[lane];
	struct ui_rect left = *rect;
	char doing[128];

	doing_text(scene, s, doing, sizeof(doing));
	ui_cells_text(c, rect, row, 0, plain, "%-*.*s", NAME_COLUMNS - 1, NAME_COLUMNS - 1,
		      tr_log_thread(scene->log, lane)->name);
	if (left.columns > NAME_COLUMNS + DOING_COLUMNS)
		left.columns = NAME_COLUMNS + DOING_COLUMNS - 1;
	ui_cells_text(c, &left, row, NAME_COLUMNS, tone(lane_tone(s->activity)), "%c %s", ui_view_mark(s->activity), doing);
	if (rect->columns > NAME_COLUMNS + DOING_COLUMNS)
		strip_draw(scene, c, rect, row, lane, NAME_COLUMNS + DOING_COLUMNS);
}

static void lanes_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect)
{
	int hidden = (int)scene->state->nr_threads - scene->first_lane - (rect->rows - 1);

	ui_cells_text(c, rect, 0, 0, tone(UI_DIM), "THREADS%s",
		      hidden > 0 ? "  (more below: j, k)" : scene->first_lane ? "  (more above: k)" : "");
	for (int row = 1; row < rect->rows; row++) {
		uint32_t lane = (uint32_t)(scene->first_lane + row - 1);
		if (lane < scene->state->nr_threads)
			lane_draw(scene, c, rect, row, lane);
	}
}

/* ---- semaphores */

static void semaphore_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect, int row,
			   uint32_t index)
{
	const struct tr_object *object = tr_log_object(scene->log, index);
	const struct tr_object_state *s = &scene->state->objects[index];
	uint32_t waiters[4], nr = tr_state_waiters(scene->state, index, waiters, 4);
	int x = ui_cells_text(c, rect, row, 0, s->value ? plain : tone(UI_LUCK), "%-20s %5lld of %-5lld free  %u waiting",
			      object->name, (long long)s->value, (long long)object->capacity, s->waiters);

	for (uint32_t i = 0; i < nr && i < 4; i++)
		x += ui_cells_text(c, rect, row, x, plain, "%s%s", i ? ", " : ": ",
				   tr_log_thread(scene->log, waiters[i])->name);
}

static void semaphores_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect)
{
	int row = 1;

	ui_cells_text(c, rect, 0, 0, tone(UI_DIM), "SEMAPHORES");
	for (uint32_t i = 0; i < scene->state->nr_objects && row < rect->rows; i++)
		if (tr_log_object(scene->log, i)->init == XF_EV_sem_init && *tr_log_object(scene->log, i)->name)
			semaphore_draw(scene, c, rect, row++, i);
}

/* ---- the join at the end */

/* The thread that made the call, TR_NONE before there is one. */
static uint32_t caller(const struct ui_scene *scene)
{
	return tr_log_nr_calls(scene->log) ? tr_log_call(scene->log, 0)->thread : TR_NONE;
}

static void join_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect)
{
	uint32_t thread = caller(scene);
	struct ui_totals t = ui_live_totals(scene->state);
	const struct tr_thread_state *s;
	char doing[128], since[32];

	ui_cells_text(c, rect, 0, 0, tone(UI_DIM), "JOIN");
	if (thread == TR_NONE || thread >= scene->state->nr_threads)
		return;
	s = &scene->state->threads[thread];
	doing_text(scene, s, doing, sizeof(doing));
	if (scene->state->nr_calls && scene->state->calls[0].returned)
		ui_cells_text(c, rect, 1, 0, plain, "%s: the call has returned; %u parts still under way",
			      tr_log_thread(scene->log, thread)->name, t.in_flight + t.queued);
	else
		ui_cells_text(c, rect, 1, 0, plain, "%s %s, since %s; %u of %u parts are done",
			      tr_log_thread(scene->log, thread)->name, doing,
			      ui_time_text(scene->state->t_ns - s->since_ns, since, sizeof(since)), t.done, t.parts);
}

/* ---- verdict */

static void verdict_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect)
{
	struct ui_style style = { .colour = false, .utf8 = c->utf8 };
	const struct tr_verdict *v = scene->verdicts && scene->verdicts->nr ? &scene->verdicts->list[0] : NULL;
	char sentence[1024];
	int x;

	ui_cells_text(c, rect, 0, 0, tone(UI_DIM), "VERDICT");
	if (!v) {
		ui_cells_text(c, rect, 1, 0, plain, scene->live ? "open: the run is not over" : "none");
		return;
	}
	x = ui_cells_text(c, rect, 1, 0, tone(ui_tone_of(v->answer)), "%s %s",
			  ui_tone_mark(style, ui_tone_of(v->answer)), tr_answer_heading(v->answer, v->basis));
	tr_verdict_sentence(scene->log, scene->verdicts, v, sentence, sizeof(sentence));
	ui_cells_text(c, rect, 1, x, plain, ": %s", sentence);
}

static void keys_draw(const struct ui_scene *scene, struct ui_cells *c, const struct ui_rect *rect)
{
	ui_cells_text(c, rect, 0, 0, plain, "q %s  j/k scroll   = runs r reads # hashes > sends ? awaits answer . waits ~ backs off",
		      scene->live ? "leave the screen" : "quit");
	ui_cells_reverse(c, rect, 0);
}

const struct ui_view ui_views[UI_PANE_COUNT] = {
	[UI_PANE_HEADER] = { "header", header_draw },
	[UI_PANE_LANES] = { "threads", lanes_draw },
	[UI_PANE_SEMAPHORES] = { "semaphores", semaphores_draw },
	[UI_PANE_JOIN] = { "join", join_draw },
	[UI_PANE_VERDICT] = { "verdict", verdict_draw },
	[UI_PANE_KEYS] = { "keys", keys_draw },
};

static int semaphores(const struct ui_scene *scene)
{
	int nr = 0;

	for (uint32_t i = 0; i < scene->state->nr_objects; i++)
		nr += tr_log_object(scene->log, i)->init == XF_EV_sem_init && *tr_log_object(scene->log, i)->name;
	return nr;
}

void ui_view_draw(const struct ui_scene *scene, struct ui_cells *c)
{
	struct ui_layout layout = ui_layout_make(c->rows, c->columns, (int)scene->state->nr_threads + 1,
						 semaphores(scene) + 1);
	struct ui_rect all = { 0, 0, c->rows, c->columns };

	ui_cells_clear(c);
	if (!layout.fits) {
		ui_cells_text(c, &all, 0, 0, plain, "too small: %dx%d, at least %dx%d (q leaves)", c->columns, c->rows,
			      UI_MIN_COLUMNS, UI_MIN_ROWS);
		return;
	}
	for (int i = 0; i < UI_PANE_COUNT; i++)
		ui_views[i].draw(scene, c, &layout.panes[i]);
}
