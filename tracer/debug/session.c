#include "tracer/debug/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

/* ---- saying */

void tr_say(struct tr_session *s, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	s->sink.write(s->sink.ctx, text, (size_t)n);
	free(text);
}

void tr_complain(struct tr_session *s, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	tr_say(s, "*** %s\n", text);
	free(text);
}

/* ---- the recording */

static void close_log(struct tr_session *s)
{
	tr_model_free(s->model);
	tr_log_close(s->log);
	s->model = NULL;
	s->log = NULL;
	s->state = NULL;
}

static bool open_log(struct tr_session *s)
{
	struct xf_error err = XF_ERROR_INIT;
	if (tr_log_open(NULL, &s->log, &err) == XF_OK && tr_model_new(s->log, &s->model, &err) == XF_OK)
		return true;
	close_log(s);
	return false;
}

bool tr_session_refresh(struct tr_session *s)
{
	struct xf_error err = XF_ERROR_INIT;
	if (!s->log && !open_log(s))
		return false;
	tr_log_refresh(s->log, &err);
	uint32_t nr = tr_log_nr_events(s->log);
	s->state = tr_model_at(s->model, s->live || s->at >= nr ? nr : s->at + 1, &err);
	return s->state != NULL;
}

void tr_session_goto(struct tr_session *s, uint32_t event)
{
	struct xf_error err = XF_ERROR_INIT;
	uint32_t nr = tr_log_nr_events(s->log);
	s->frame = 0;
	s->list_next = s->events_next = 0;
	s->live = event >= nr;
	s->at = event;
	s->thread = s->live ? s->stop_thread : tr_log_thread_of(s->log, event);
	s->state = tr_model_at(s->model, s->live ? nr : event + 1, &err);
}

/* ---- stops */

static void select_thread(struct tr_session *s, uint32_t number)
{
	uint32_t thread = tr_log_thread_find(s->log, number);
	if (thread != TR_NONE)
		s->thread = thread;
}

static void show_place(struct tr_session *s)
{
	s->owes_stop = s->to_come > 0;
	if (s->owes_stop)
		return;
	tr_session_header(s);
	tr_displays_show(s);
}

void tr_session_show_stop(struct tr_session *s, bool called)
{
	struct tr_place place;
	if (tr_session_place(s, s->thread, &place)) {
		if (place.event.kind == XF_EV_frame_leave)
			tr_say(s, "--Return--\n");
		if (called && place.event.kind == XF_EV_frame_enter)
			tr_say(s, "--Call--\n");
	}
	show_place(s);
}

void tr_session_show_owed(struct tr_session *s)
{
	if (s->owes_stop && !s->done)
		show_place(s);
}

const char *tr_session_error(struct tr_session *s)
{
	return s->target->error ? s->target->error(s->target->ctx) : "";
}

static void at_end(struct tr_session *s)
{
	const char *error = tr_session_error(s);
	s->over = true;
	if (*error) {
		tr_say(s, "%s\nUncaught exception. Entering post mortem debugging\n", error);
		tr_say(s, s->target->may_repeat ? "Running 'cont' or 'step' will restart the program\n"
						: "'run' will repeat it\n");
	} else {
		tr_say(s, s->target->may_repeat ? "The program finished and will be restarted\n"
						: "The program finished; 'run' will repeat it\n");
	}
	select_thread(s, 0);
	show_place(s);
}

static void at_standstill(struct tr_session *s)
{
	struct tr_keep keep;
	if (tr_run_keep(s->run, 0, &keep))
		tr_say(s, "Nothing moves any more: everything waits for what is held. "
			  "(Use 'release' to let it go, 'why' to see who waits.)\n");
	else
		tr_say(s, "Nothing moves any more: every thread waits for another one. (See 'why'.)\n");
}

/* ---- going on */

/* A candidate becomes a stop, or not. */
static bool settle(struct tr_session *s, const struct tr_step *step, enum tr_stop why,
		   const struct tr_point *p)
{
	struct tr_break *b = NULL;
	uint32_t before = s->thread;
	s->live = true;
	s->frame = 0;
	s->list_next = s->events_next = 0;
	if (!tr_session_refresh(s)) {
		tr_complain(s, "the run cannot be shown: there is no recording of it");
		return true;
	}
	if (why == TR_STOP_STEP || why == TR_STOP_MATCH)
		select_thread(s, p->thread);
	s->stop_thread = s->thread;
	if (why == TR_STOP_STEP && step->kind == TR_UNTIL_EVENT && tr_session_at(s) < step->line) {
		s->thread = before;
		return false;
	}
	if (why == TR_STOP_MATCH && !(b = tr_session_judge(s))) {
		s->thread = before;
		return false;
	}
	if (why != TR_STOP_ENDED)
		tr_run_announce(s->run);
	if (why == TR_STOP_INTERRUPT)
		tr_say(s, "\nProgram interrupted. (Use 'cont' to resume).\n");
	if (why == TR_STOP_ENDED)
		at_end(s);
	else if (why == TR_STOP_STANDSTILL)
		at_standstill(s);
	if (b)
		tr_session_at_break(s, b);
	else if (why != TR_STOP_ENDED)
		tr_session_show_stop(s, why == TR_STOP_STEP && s->started);
	return true;
}

void tr_session_start(struct tr_session *s)
{
	static const struct tr_step none = { .kind = TR_GO_ON };
	struct tr_point point;
	close_log(s);
	s->over = s->started = false;
	s->thread = 0;
	tr_session_breaks_renew(s);
	tr_run_start(s->run);
	enum tr_stop why = tr_run_wait(s->run, &point);
	while (!settle(s, &none, why, &point))
		why = tr_run_go(s->run, &none, &point);
}

/* ---- in the past: forward over the recording */

static bool is_passed_over(enum xf_kind kind)
{
	return xf_kind_info(kind)->group == XF_GROUP_DEBUGGER || tr_step_skips(kind);
}

/* Frames of its thread at the event, the one it leaves included. */
static uint32_t depth_at(struct tr_session *s, const struct tr_event *e)
{
	struct xf_error err = XF_ERROR_INIT;
	const struct tr_state *state = tr_model_at(s->model, e->index + 1, &err);
	uint32_t depth = state && e->thread < state->nr_threads ? state->threads[e->thread].depth : 0;
	return depth + (e->kind == XF_EV_frame_leave);
}

static bool ends_at(struct tr_session *s, const struct tr_step *step, uint32_t i)
{
	if (step->kind == TR_UNTIL_EVENT)
		return i >= step->line;
	struct tr_event e = tr_log_event(s->log, i);
	struct tr_site site = tr_event_site(s->log, &e);
	struct tr_passed p = { .record = e.record, .function = site.function, .line = site.line,
			       .thread = tr_log_thread(s->log, e.thread)->number };
	if (tr_step_counts_frames(step) && p.thread == step->thread)
		p.depth = depth_at(s, &e);
	return tr_step_ends(step, &p);
}

static void replay(struct tr_session *s, const struct tr_step *step)
{
	uint32_t nr = tr_log_nr_events(s->log);
	for (uint32_t i = s->at + 1; i < nr; i++) {
		if (is_passed_over(tr_log_kind(s->log, i)))
			continue;
		bool ends = ends_at(s, step, i);
		struct tr_break *b = !ends && s->breaks.nr ? tr_session_break_at(s, i) : NULL;
		if (ends || b) {
			tr_session_goto(s, i);
			tr_session_show_stop(s, step->kind != TR_GO_ON && !b);
			return;
		}
	}
	tr_session_goto(s, nr);
	tr_say(s, s->over ? "End of the recording: the run is over.\n"
			  : "End of the recording: the run goes on from here.\n");
	tr_session_header(s);
}

void tr_session_go(struct tr_session *s, const struct tr_step *step)
{
	struct tr_point point;
	if (!s->live) {
		replay(s, step);
		return;
	}
	s->started = true;
	enum tr_stop why = tr_run_go(s->run, step, &point);
	while (!settle(s, step, why, &point))
		why = tr_run_go(s->run, step, &point);
}

/* ---- made and freed */

enum xf_status tr_session_new(const struct tr_subject *subject, const struct tr_target *target,
			      const struct tr_sink *sink, struct tr_session **out)
{
	struct tr_session *s = calloc(1, sizeof(*s));
	if (!s)
		return XF_NOMEM;
	s->target = target;
	s->sink = *sink;
	s->live = true;
	if (tr_run_new(subject, tr_session_match, s, &s->run) != XF_OK) {
		free(s);
		return XF_NOMEM;
	}
	*out = s;
	return XF_OK;
}

void tr_session_free(struct tr_session *s)
{
	if (!s)
		return;
	close_log(s);
	tr_breaks_fini(&s->breaks);
	for (unsigned i = 0; i < TR_MAX_ALIASES; i++) {
		free(s->aliases[i].name);
		free(s->aliases[i].text);
	}
	for (unsigned i = 0; i < TR_MAX_DISPLAYS; i++)
		free(s->displays[i].expression);
	for (unsigned i = 0; i < s->nr_old_commands; i++)
		free(s->old_commands[i]);
	free(s->old_commands);
	for (unsigned i = 0; i < s->nr_nested; i++)
		free(s->nested[i].code);
	free(s->before_interact);
	free(s->resume);
	tr_run_free(s->run);
	free(s);
}

static enum tr_left how_far(struct tr_session *s)
{
	struct xf_error err = XF_ERROR_INIT;
	if (!tr_run_alive(s->run))
		return TR_LEFT_OVER;
	if (!s->log)
		return TR_LEFT_UNSENT;
	tr_log_refresh(s->log, &err);
	const struct tr_state *now = tr_model_at(s->model, tr_log_nr_events(s->log), &err);
	s->state = NULL; /* the model has moved */
	for (uint32_t i = 0; now && i < now->nr_transfers; i++)
		if (now->transfers[i].done == TR_NONE)
			return TR_LEFT_MID_TRANSFER;
	return now && now->nr_transfers ? TR_LEFT_OVER : TR_LEFT_UNSENT;
}

enum tr_left tr_session_quit(struct tr_session *s)
{
	enum tr_left left = how_far(s);
	if (left != TR_LEFT_OVER && s->target->cancel)
		s->target->cancel(s->target->ctx, "quit at the prompt");
	close_log(s);
	tr_run_quit(s->run);
	return left;
}
