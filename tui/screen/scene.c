#include "tui/screen/scene.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tui/screen/act.h"
#include "tui/screen/view.h"

struct ui_run *ui_scene_run(struct ui_scene *s)
{
	return &s->runs[s->active];
}

const struct ui_run *ui_scene_shown(const struct ui_scene *s)
{
	return &s->runs[s->active];
}

int64_t ui_run_time_ns(const struct ui_run *run, uint32_t event)
{
	return event == TR_NONE ? 0 : tr_log_time(run->log, event) - run->zero_ns;
}

int64_t ui_scene_now_ns(const struct ui_scene *s)
{
	return ui_run_time_ns(ui_scene_shown(s), ui_scene_shown(s)->at);
}

const struct tr_verdict *ui_scene_verdict(const struct ui_run *run)
{
	return run->verdicts && run->verdict < run->verdicts->nr ? &run->verdicts->list[run->verdict] : NULL;
}

uint32_t ui_run_call(const struct ui_run *run)
{
	const struct tr_verdict *v = ui_scene_verdict(run);
	uint32_t nr = tr_log_nr_calls(run->log);

	if (v && v->call < nr)
		return v->call;
	for (uint32_t i = 0; i < nr; i++)
		if (!tr_log_call(run->log, i)->implicit)
			return i;
	return nr ? 0 : TR_NONE;
}

/* ---- beginning */

void ui_scene_init(struct ui_scene *s, const struct ui_theme *theme)
{
	*s = (struct ui_scene){
		.theme = theme, .thread = TR_NONE, .object = TR_NONE, .part = TR_NONE, .request = TR_NONE, .rows = 24, .columns = 80,
		.timeline_columns = 60,
	};
	ui_keys_init(&s->keys);
}

void ui_scene_drop(struct ui_scene *s)
{
	for (int i = 0; i < s->nr_runs; i++) {
		ui_index_free(s->runs[i].index);
		free(s->runs[i].lanes);
		free(s->runs[i].places);
		ui_matches_fini(&s->runs[i].filter);
		ui_matches_fini(&s->runs[i].search);
	}
	s->nr_runs = s->active = 0;
	s->state = NULL;
	s->thread = s->object = s->part = s->request = TR_NONE;
	for (int i = 0; i < UI_PANE_COUNT; i++)
		ui_rows_fini(&s->lists[i]);
	s->nr_crumbs = 0;
}

void ui_scene_fini(struct ui_scene *s)
{
	ui_scene_drop(s);
	ui_lines_fini(&s->lines);
	*s = (struct ui_scene){ .nr_runs = 0 };
}

bool ui_scene_add(struct ui_scene *s, const struct tr_log *log, struct tr_model *model,
		  const struct tr_verdicts *verdicts, const char *name)
{
	struct ui_run *run = &s->runs[s->nr_runs];

	*run = (struct ui_run){ .log = log, .model = model, .verdicts = verdicts, .name = name, .at = TR_NONE,
				.index = ui_index_new(log) };
	if (!run->index)
		return false;
	s->nr_runs++;
	return true;
}

/* The time of the last event, which may not be the latest where clocks disagree. */
static void run_measure(struct ui_run *run)
{
	uint32_t nr = tr_log_nr_events(run->log);

	run->end_ns = nr ? tr_log_time(run->log, nr - 1) - run->zero_ns : 0;
}

/* Where the call returned; the end where it did not. */
static uint32_t most_telling(const struct ui_run *run)
{
	uint32_t nr = tr_log_nr_events(run->log), call = ui_run_call(run);

	if (call != TR_NONE && tr_log_call(run->log, call)->ret != TR_NONE)
		return tr_log_call(run->log, call)->ret;
	return nr ? nr - 1 : TR_NONE;
}

void ui_scene_begin(struct ui_scene *s)
{
	for (int i = 0; i < s->nr_runs; i++) {
		struct ui_run *run = &s->runs[i];
		if (s->nr_runs > 1 && ui_run_call(run) != TR_NONE)
			run->zero_ns = tr_log_time(run->log, tr_log_call(run->log, ui_run_call(run))->enter);
		run_measure(run);
		run->at = most_telling(run);
	}
	s->follow = s->live;
	s->thread = ui_view_caller(ui_scene_run(s));
	ui_window_fit(s);
}

/* ---- what is looked at */

void ui_scene_focus(struct ui_scene *s, enum ui_pane pane)
{
	if (pane != s->focus)
		s->enlarged = 0;
	s->focus = pane;
	if (ui_views[pane]->items) /* keys may come before it is drawn */
		ui_rows_settle(s, pane);
}

void ui_scene_tell(struct ui_scene *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->message, sizeof(s->message), format, args);
	va_end(args);
}

/* ---- before every picture */

struct lane_order {
	const struct tr_log *log;
	uint32_t caller, pid;
};

/* The caller, its process, others, the tracer. A process may go by several numbers in a trace, one for each program it ran. */
static int lane_rank(const struct lane_order *o, uint32_t thread)
{
	if (tr_log_is_tracer(o->log, thread))
		return 3;
	return thread == o->caller ? 0 : tr_log_thread(o->log, thread)->pid == o->pid ? 1 : 2;
}

static int lanes_compare(const void *a, const void *b, void *ctx)
{
	const struct lane_order *o = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct tr_thread *x = tr_log_thread(o->log, i), *y = tr_log_thread(o->log, k);

	if (lane_rank(o, i) != lane_rank(o, k))
		return lane_rank(o, i) - lane_rank(o, k);
	return x->process != y->process ? (x->process > y->process) - (x->process < y->process)
					: (x->number > y->number) - (x->number < y->number);
}

/* Threads are found in the order of their segments; they are shown in the order they were made, the caller first. */
static void lanes_settle(struct ui_run *run)
{
	uint32_t nr = tr_log_nr_threads(run->log), *lanes, *places;
	struct lane_order order = { run->log, ui_view_caller(run), 0 };

	if (nr == run->nr_lanes && order.caller == run->lanes_caller)
		return;
	lanes = realloc(run->lanes, (nr + 1) * sizeof(*lanes));
	run->lanes = lanes ? lanes : run->lanes;
	places = realloc(run->places, (nr + 1) * sizeof(*places));
	run->places = places ? places : run->places;
	if (!lanes || !places)
		return;
	order.pid = order.caller == TR_NONE ? 0 : tr_log_thread(run->log, order.caller)->pid;
	for (uint32_t i = 0; i < nr; i++)
		lanes[i] = i;
	qsort_r(lanes, nr, sizeof(*lanes), lanes_compare, &order);
	for (uint32_t i = 0; i < nr; i++)
		places[lanes[i]] = i;
	run->nr_lanes = nr;
	run->lanes_caller = order.caller;
}

uint32_t ui_run_lane(const struct ui_run *run, uint32_t place)
{
	return place < run->nr_lanes ? run->lanes[place] : TR_NONE;
}

uint32_t ui_run_place(const struct ui_run *run, uint32_t thread)
{
	return thread < run->nr_lanes ? run->places[thread] : 0;
}

static bool run_settle(struct ui_run *run, uint32_t nr_events)
{
	bool all;

	lanes_settle(run);
	all = ui_index_advance(run->index, nr_events);
	all &= ui_matches_advance(&run->filter, run->log, nr_events);
	return ui_matches_advance(&run->search, run->log, nr_events) && all;
}

static void follow(struct ui_scene *s)
{
	struct ui_run *run = ui_scene_run(s);
	bool fit = ui_window_is_fit(s);
	uint32_t nr = tr_log_nr_events(run->log);

	run_measure(run);
	if (!s->follow || s->frozen || !nr)
		return;
	if (s->elapsed_ns - run->zero_ns > run->end_ns)
		run->end_ns = s->elapsed_ns - run->zero_ns; /* what a thread does, it does until now */
	run->at = nr - 1;
	if (fit)
		ui_window_fit(s);
	else
		ui_window_to_cursor(s);
}

static void selection_settle(struct ui_scene *s)
{
	if (s->thread == TR_NONE || s->thread >= tr_log_nr_threads(ui_scene_run(s)->log))
		s->thread = ui_view_caller(ui_scene_run(s));
	if (s->object != TR_NONE && s->object >= tr_log_nr_objects(ui_scene_run(s)->log))
		s->object = TR_NONE;
}

bool ui_scene_settle(struct ui_scene *s, uint32_t nr_events)
{
	struct xf_error ignored = XF_ERROR_INIT; /* a pane without state says so */
	struct ui_run *run = ui_scene_run(s);
	bool all = true;

	for (int i = 0; i < s->nr_runs; i++)
		all &= run_settle(&s->runs[i], nr_events);
	if (s->live && !s->over)
		follow(s);
	selection_settle(s);
	s->state = run->model ? tr_model_at(run->model, run->at == TR_NONE ? 0 : run->at + 1, &ignored) : NULL;
	return all;
}
