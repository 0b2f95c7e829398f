/*
 * travel: moving in time: the cursor from event to event, the timeline's window,
 * and the arrows from a thread that was woken to the one that woke it.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/screen/act.h"
#include "tui/screen/view.h"

enum { MIN_WINDOW_NS = 1000 };

/* ---- the window */

void ui_window_fit(struct ui_scene *s)
{
	int64_t from = 0, to = 0;

	for (int i = 0; i < s->nr_runs; i++) {
		const struct ui_run *run = &s->runs[i];
		int64_t begin = tr_log_nr_events(run->log) ? ui_run_time_ns(run, 0) : 0;
		from = begin < from ? begin : from;
		to = run->end_ns > to ? run->end_ns : to;
	}
	s->from_ns = from;
	s->to_ns = to - from < MIN_WINDOW_NS ? from + MIN_WINDOW_NS : to + (to - from) / 50;
}

bool ui_window_is_fit(const struct ui_scene *s)
{
	return s->from_ns <= 0 && s->to_ns >= ui_scene_shown(s)->end_ns;
}

/* Keeps the width; the cursor is in sight. */
void ui_window_to_cursor(struct ui_scene *s)
{
	int64_t now = ui_scene_now_ns(s), width = s->to_ns - s->from_ns, margin = width / 16;

	if (now >= s->from_ns && now < s->to_ns)
		return;
	s->from_ns = now < s->from_ns ? now - margin : now - width + margin;
	s->to_ns = s->from_ns + width;
}

void ui_window_pan(struct ui_scene *s, int64_t by_ns)
{
	s->from_ns += by_ns;
	s->to_ns += by_ns;
}

int64_t ui_window_column_ns(const struct ui_scene *s)
{
	int64_t ns = (s->to_ns - s->from_ns) / (s->timeline_columns > 0 ? s->timeline_columns : 1);

	return ns > 0 ? ns : 1;
}

static void zoom(struct ui_scene *s, bool in)
{
	int64_t now = ui_scene_now_ns(s), width = s->to_ns - s->from_ns, longest = 0;
	int64_t to = in ? width / 2 : width * 2;

	for (int i = 0; i < s->nr_runs; i++)
		longest = s->runs[i].end_ns > longest ? s->runs[i].end_ns : longest;
	if (to > longest + longest / 4) {
		ui_window_fit(s);
		return;
	}
	if (to < MIN_WINDOW_NS)
		to = MIN_WINDOW_NS;
	s->from_ns = now - (int64_t)((double)(now - s->from_ns) * (double)to / (double)width);
	s->to_ns = s->from_ns + to;
	ui_window_to_cursor(s);
}

static void zoom_call(struct ui_scene *s)
{
	const struct ui_run *run = ui_scene_run(s);
	const struct tr_call *call = ui_run_call(run) != TR_NONE ? tr_log_call(run->log, ui_run_call(run)) : NULL;
	int64_t from, to;

	if (!call) {
		ui_scene_tell(s, "there is no call yet");
		return;
	}
	from = ui_run_time_ns(run, call->enter);
	to = call->ret == TR_NONE ? run->end_ns : ui_run_time_ns(run, call->ret);
	s->from_ns = from - (to - from) / 40;
	s->to_ns = to + (to - from) / 20 + MIN_WINDOW_NS;
}

/* ---- the cursor */

void ui_scene_go(struct ui_scene *s, uint32_t event, bool with_thread)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t nr = tr_log_nr_events(run->log);

	if (!nr || event == TR_NONE)
		return;
	run->at = event < nr ? event : nr - 1;
	s->follow = false;
	if (with_thread)
		s->thread = tr_log_thread_of(run->log, run->at);
	ui_window_to_cursor(s);
}

/* To the last event at or before an axis time, but not to where we are. */
void ui_travel_time(struct ui_scene *s, int64_t t_ns, int dir)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t event = tr_log_at_time(run->log, t_ns + run->zero_ns + 1), nr = tr_log_nr_events(run->log);

	event = event ? event - 1 : 0;
	if (dir > 0 && event <= run->at && run->at + 1 < nr)
		event = run->at + 1;
	if (dir < 0 && event >= run->at && run->at)
		event = run->at - 1;
	ui_scene_go(s, event, false);
}

static void go_subject(struct ui_scene *s, enum ui_subject subject, uint32_t key, int dir, const char *none)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t event = key == TR_NONE ? TR_NONE : ui_index_step(run->index, subject, key, run->at, dir);

	if (key == TR_NONE)
		ui_scene_tell(s, "%s", none);
	else if (event == TR_NONE)
		ui_scene_tell(s, dir > 0 ? "there is no later event of it" : "there is no earlier event of it");
	else
		ui_scene_go(s, event, subject != UI_SUBJECT_THREAD);
}

static uint32_t part_key(struct ui_scene *s)
{
	const struct tr_part_state *p = s->state && s->part < s->state->nr_parts ? &s->state->parts[s->part] : NULL;
	const struct tr_transfer_state *t = p ? &s->state->transfers[p->transfer] : NULL;

	return t ? ui_index_part(ui_scene_run(s)->index, t->process, t->id, p->number) : TR_NONE;
}

static void last_zero(struct ui_scene *s)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t event = run->at;
	int64_t value;

	if (s->object == TR_NONE) {
		ui_scene_tell(s, "choose a semaphore first (pane 3)");
		return;
	}
	while ((event = ui_index_step(run->index, UI_SUBJECT_OBJECT, s->object, event, -1)) != TR_NONE)
		if (ui_index_value(run->index, s->object, event, &value) && value == 0) {
			ui_scene_go(s, event, true);
			ui_scene_tell(s, "here it was last at zero");
			return;
		}
	ui_scene_tell(s, "it was never at zero before");
}

void ui_travel_text(struct ui_scene *s, const char *text)
{
	char *end;
	double value = strtod(text + (*text == '#'), &end);

	if (*text == '#') {
		ui_scene_go(s, value < 0 ? 0 : (uint32_t)value, true);
		return;
	}
	while (*end == ' ')
		end++;
	value *= !strcmp(end, "us") ? 1e3 : !strcmp(end, "ms") ? 1e6 : !strcmp(end, "ns") ? 1 : 1e9;
	if (end == text || (*end && !strchr("smun", *end)))
		ui_scene_tell(s, "'%s' is no time: 1.5s, 20ms, 300us, or an event: #1234", text);
	else
		ui_travel_time(s, (int64_t)value, 0);
}

static void next_call(struct ui_scene *s)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t nr = run->verdicts ? run->verdicts->nr : 0;

	if (nr < 2) {
		ui_scene_tell(s, nr ? "there is one call only" : "calls are told apart when they are judged");
		return;
	}
	run->verdict = (run->verdict + 1) % nr;
	s->thread = ui_view_caller(run);
	ui_scene_request(s, UI_REQ_call_return, NULL);
}

static void end_go(struct ui_scene *s)
{
	uint32_t nr = tr_log_nr_events(ui_scene_run(s)->log);

	if (nr)
		ui_scene_go(s, nr - 1, false);
	s->follow = s->live && !s->over;
	s->frozen = false;
}

/* ---- arrows */

static uint32_t arrow_by_edges(const struct tr_order *order, uint32_t event)
{
	for (uint32_t i = tr_order_edge_at(order, event); i < tr_order_nr_edges(order); i++) {
		const struct tr_edge *e = tr_order_edge(order, i);
		if (e->to != event)
			break;
		return e->from;
	}
	for (uint32_t i = tr_order_edge_at(order, event + 1); i < tr_order_nr_edges(order); i++)
		if (tr_order_edge(order, i)->from == event)
			return tr_order_edge(order, i)->to;
	return TR_NONE;
}

/* Without edges, as of a live run: the last release of the object before the acquire. */
static uint32_t arrow_by_object(const struct ui_run *run, uint32_t event)
{
	struct tr_event e = tr_log_event(run->log, event);
	uint32_t at = event;

	if (xf_kind_info(e.kind)->role != XF_ROLE_ACQUIRE)
		return TR_NONE;
	if (e.kind == XF_EV_thread_start)
		return tr_log_thread(run->log, e.thread)->creator == TR_NONE ? TR_NONE : TR_NONE;
	if (e.kind == XF_EV_join_end) {
		uint32_t other = tr_log_thread_find(run->log, TR_PAYLOAD(&e, join_end)->id);
		return other == TR_NONE ? TR_NONE : tr_log_thread(run->log, other)->last;
	}
	while (e.object != TR_NONE && (at = ui_index_step(run->index, UI_SUBJECT_OBJECT, e.object, at, -1)) != TR_NONE)
		if (xf_kind_info(tr_log_kind(run->log, at))->role == XF_ROLE_RELEASE)
			return at;
	return TR_NONE;
}

uint32_t ui_scene_arrow(const struct ui_run *run, uint32_t event)
{
	if (event == TR_NONE)
		return TR_NONE;
	if (run->verdicts && run->verdicts->order)
		return arrow_by_edges(run->verdicts->order, event);
	return arrow_by_object(run, event);
}

static void arrow_follow(struct ui_scene *s)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t other = ui_scene_arrow(run, run->at);
	char line[128];
	struct tr_event e;

	if (other == TR_NONE) {
		ui_scene_tell(s, "no arrow begins or ends at this event");
		return;
	}
	ui_scene_go(s, other, true);
	e = tr_log_event(run->log, other);
	ui_scene_tell(s, "%s: %s", tr_log_thread(run->log, e.thread)->name, tr_event_line(run->log, &e, line, sizeof(line)));
}

/* ---- requests */

void ui_act_time(struct ui_scene *s, enum ui_request request, const char *argument)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t at = run->at;

	switch (request) {
	case UI_REQ_next_event:
		ui_scene_go(s, at == TR_NONE ? 0 : at + 1, true);
		break;
	case UI_REQ_previous_event:
		ui_scene_go(s, at && at != TR_NONE ? at - 1 : 0, true);
		break;
	case UI_REQ_next_of_thread: case UI_REQ_previous_of_thread:
		go_subject(s, UI_SUBJECT_THREAD, s->thread, request == UI_REQ_next_of_thread ? 1 : -1, "choose a thread first");
		break;
	case UI_REQ_next_of_object: case UI_REQ_previous_of_object:
		go_subject(s, UI_SUBJECT_OBJECT, s->object, request == UI_REQ_next_of_object ? 1 : -1,
			   "choose a semaphore, queue or latch first (pane 3)");
		break;
	case UI_REQ_next_of_part: case UI_REQ_previous_of_part:
		go_subject(s, UI_SUBJECT_PART, part_key(s), request == UI_REQ_next_of_part ? 1 : -1, "choose a part first (pane 4)");
		break;
	case UI_REQ_last_zero:
		last_zero(s);
		break;
	case UI_REQ_arrow:
		arrow_follow(s);
		break;
	case UI_REQ_begin:
		ui_scene_go(s, 0, false);
		break;
	case UI_REQ_end:
		end_go(s);
		break;
	case UI_REQ_call_return:
		if (ui_run_call(run) != TR_NONE && tr_log_call(run->log, ui_run_call(run))->ret != TR_NONE)
			ui_scene_go(s, tr_log_call(run->log, ui_run_call(run))->ret, true);
		else
			ui_scene_tell(s, "the call has not returned");
		break;
	case UI_REQ_next_call:
		next_call(s);
		break;
	case UI_REQ_at_time:
		argument ? ui_travel_text(s, argument) : ui_scene_ask(s, UI_INPUT_TIME, "");
		break;
	default:
		break;
	}
}

void ui_act_zoom(struct ui_scene *s, enum ui_request request)
{
	switch (request) {
	case UI_REQ_zoom_in: case UI_REQ_zoom_out:
		zoom(s, request == UI_REQ_zoom_in);
		break;
	case UI_REQ_zoom_fit:
		ui_window_fit(s);
		break;
	case UI_REQ_zoom_call:
		zoom_call(s);
		break;
	case UI_REQ_follow:
		if (s->follow)
			s->follow = false;
		else
			end_go(s);
		ui_scene_tell(s, s->follow ? "following" : s->live ? "not following" : "a recording has no newest event to follow");
		break;
	case UI_REQ_freeze:
		s->frozen = s->live && !s->frozen;
		ui_scene_tell(s, s->frozen ? "frozen; the program goes on" : s->live ? "live again" : "a recording stands still");
		break;
	case UI_REQ_other_run:
		if (s->nr_runs > 1)
			s->active = !s->active, s->thread = ui_view_caller(ui_scene_run(s));
		else
			ui_scene_tell(s, "there is one run only; 'view A.xft B.xft' shows two");
		break;
	default:
		break;
	}
}
