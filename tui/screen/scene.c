#include "tui/screen/scene.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/view.h"

enum { MIN_WINDOW_NS = 1000 };

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
	return run->verdicts && run->verdicts->nr ? &run->verdicts->list[0] : NULL;
}

/* ---- beginning */

void ui_scene_init(struct ui_scene *s, const struct ui_theme *theme)
{
	*s = (struct ui_scene){
		.theme = theme, .thread = TR_NONE, .object = TR_NONE, .part = TR_NONE, .rows = 24, .columns = 80,
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
	s->thread = s->object = s->part = TR_NONE;
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

static void window_fit(struct ui_scene *s)
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

/* Where the call returned; the end where it did not. */
static uint32_t most_telling(const struct ui_run *run)
{
	uint32_t nr = tr_log_nr_events(run->log);

	if (tr_log_nr_calls(run->log) && tr_log_call(run->log, 0)->ret != TR_NONE)
		return tr_log_call(run->log, 0)->ret;
	return nr ? nr - 1 : TR_NONE;
}

void ui_scene_begin(struct ui_scene *s)
{
	for (int i = 0; i < s->nr_runs; i++) {
		struct ui_run *run = &s->runs[i];
		if (s->nr_runs > 1 && tr_log_nr_calls(run->log))
			run->zero_ns = tr_log_time(run->log, tr_log_call(run->log, 0)->enter);
		run_measure(run);
		run->at = most_telling(run);
	}
	s->follow = s->live;
	s->thread = ui_view_caller(ui_scene_run(s));
	window_fit(s);
}

/* ---- the window */

static bool window_is_fit(const struct ui_scene *s)
{
	return s->from_ns <= 0 && s->to_ns >= ui_scene_shown(s)->end_ns;
}

/* Keeps the width; the cursor is in sight. */
static void window_to_cursor(struct ui_scene *s)
{
	int64_t now = ui_scene_now_ns(s), width = s->to_ns - s->from_ns, margin = width / 16;

	if (now >= s->from_ns && now < s->to_ns)
		return;
	s->from_ns = now < s->from_ns ? now - margin : now - width + margin;
	s->to_ns = s->from_ns + width;
}

static void zoom(struct ui_scene *s, bool in)
{
	int64_t now = ui_scene_now_ns(s), width = s->to_ns - s->from_ns, longest = 0;
	int64_t to = in ? width / 2 : width * 2;

	for (int i = 0; i < s->nr_runs; i++)
		longest = s->runs[i].end_ns > longest ? s->runs[i].end_ns : longest;
	if (to > longest + longest / 4) {
		window_fit(s);
		return;
	}
	if (to < MIN_WINDOW_NS)
		to = MIN_WINDOW_NS;
	s->from_ns = now - (int64_t)((double)(now - s->from_ns) * (double)to / (double)width);
	s->to_ns = s->from_ns + to;
	window_to_cursor(s);
}

static void pan(struct ui_scene *s, int64_t by_ns)
{
	s->from_ns += by_ns;
	s->to_ns += by_ns;
}

static void zoom_call(struct ui_scene *s)
{
	const struct ui_run *run = ui_scene_run(s);
	const struct tr_call *call = tr_log_nr_calls(run->log) ? tr_log_call(run->log, 0) : NULL;
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
	window_to_cursor(s);
}

/* To the last event at or before an axis time, but not to where we are. */
static void go_time(struct ui_scene *s, int64_t t_ns, int dir)
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

static int64_t column_ns(const struct ui_scene *s)
{
	int64_t ns = (s->to_ns - s->from_ns) / (s->timeline_columns > 0 ? s->timeline_columns : 1);

	return ns > 0 ? ns : 1;
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

/* ---- lists */

static void list_move(struct ui_scene *s, int64_t by)
{
	const struct ui_view *view = ui_views[s->focus];
	struct ui_list_view *list = &s->lists[s->focus];
	int64_t nr = view->rows ? view->rows(s) : 0, to = (int64_t)list->row + by;

	if (!nr)
		return;
	list->row = (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to);
	if (view->chosen)
		view->chosen(s, list->row);
}

static void lane_move(struct ui_scene *s, int64_t by)
{
	const struct ui_run *run = ui_scene_run(s);
	int64_t nr = run->nr_lanes, to = (s->thread == TR_NONE ? 0 : (int64_t)ui_run_place(run, s->thread)) + by;

	if (s->nr_runs > 1 && ((to >= nr && !s->active) || (to < 0 && s->active))) {
		s->active = !s->active;
		s->thread = ui_run_lane(ui_scene_run(s), s->active ? 0 : ui_scene_run(s)->nr_lanes - 1);
		return;
	}
	if (nr)
		s->thread = ui_run_lane(run, (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to));
}

static void part_move(struct ui_scene *s, int64_t by)
{
	int64_t nr = s->state ? s->state->nr_parts : 0, to = (s->part == TR_NONE ? 0 : (int64_t)s->part) + by;

	if (nr)
		s->part = (uint32_t)(to < 0 ? 0 : to >= nr ? nr - 1 : to);
	s->lists[UI_PANE_PARTS].row = s->part;
	s->lists[UI_PANE_EVIDENCE].row = 0;
}

static void move(struct ui_scene *s, enum ui_request request)
{
	bool timeline = s->focus == UI_PANE_TIMELINE;
	int page = s->page[s->focus] > 1 ? s->page[s->focus] - 1 : 1;
	int64_t half = (s->to_ns - s->from_ns) / 2;

	switch (request) {
	case UI_REQ_up: case UI_REQ_down:
		if (s->focus == UI_PANE_PARTS) /* a map: a line is as long as the pane is wide */
			part_move(s, (request == UI_REQ_up ? -1 : 1) * (s->page[UI_PANE_PARTS] > 0 ? s->page[UI_PANE_PARTS] : 1));
		else
			(timeline ? lane_move : list_move)(s, request == UI_REQ_up ? -1 : 1);
		break;
	case UI_REQ_left: case UI_REQ_right:
		if (s->focus == UI_PANE_PARTS || s->focus == UI_PANE_EVIDENCE)
			part_move(s, request == UI_REQ_left ? -1 : 1);
		else if (timeline)
			go_time(s, ui_scene_now_ns(s) + (request == UI_REQ_left ? -1 : 1) * column_ns(s), request == UI_REQ_left ? -1 : 1);
		break;
	case UI_REQ_page_up: case UI_REQ_page_down:
		if (timeline) {
			pan(s, request == UI_REQ_page_up ? -half : half);
			go_time(s, ui_scene_now_ns(s) + (request == UI_REQ_page_up ? -half : half), request == UI_REQ_page_up ? -1 : 1);
		} else {
			list_move(s, request == UI_REQ_page_up ? -page : page);
		}
		break;
	case UI_REQ_first: case UI_REQ_last:
		if (timeline)
			ui_scene_request(s, request == UI_REQ_first ? UI_REQ_begin : UI_REQ_end, NULL);
		else
			list_move(s, request == UI_REQ_first ? INT32_MIN : UINT32_MAX);
		break;
	default:
		break;
	}
}

/* ---- panes, drilling down and coming back */

void ui_scene_focus(struct ui_scene *s, enum ui_pane pane)
{
	if (pane != s->focus)
		s->enlarged = 0;
	s->focus = pane;
}

static void focus_cycle(struct ui_scene *s, int by)
{
	int pane = (int)s->focus;

	do
		pane = (pane + by + UI_PANE_COUNT) % UI_PANE_COUNT;
	while (pane == UI_PANE_HELP);
	ui_scene_focus(s, (enum ui_pane)pane);
}

void ui_scene_drill(struct ui_scene *s, enum ui_pane pane, const char *filter, const char *crumb)
{
	struct ui_run *run = ui_scene_run(s);
	struct xf_error err = XF_ERROR_INIT;

	if (s->nr_crumbs < UI_MAX_CRUMBS) {
		struct ui_crumb *c = &s->crumbs[s->nr_crumbs++];
		c->pane = s->focus;
		memcpy(c->filter, run->filter.text, sizeof(c->filter));
		snprintf(c->text, sizeof(c->text), "%s", crumb);
	}
	if (filter && ui_matches_set(&run->filter, filter, &err))
		ui_scene_tell(s, "%s", err.message);
	ui_scene_focus(s, pane);
}

static void come_back(struct ui_scene *s)
{
	struct xf_error err = XF_ERROR_INIT;
	struct ui_crumb *c;

	if (s->maximised || !s->nr_crumbs) {
		s->maximised = false;
		if (s->focus == UI_PANE_HELP || !s->nr_crumbs)
			ui_scene_focus(s, UI_PANE_TIMELINE);
		return;
	}
	c = &s->crumbs[--s->nr_crumbs];
	ui_matches_set(&ui_scene_run(s)->filter, c->filter, &err);
	ui_scene_focus(s, c->pane);
}

static void sort(struct ui_scene *s, int by)
{
	const char *const *columns = ui_views[s->focus]->columns;
	struct ui_list_view *list = &s->lists[s->focus];
	int nr = 0;

	if (!columns) {
		ui_scene_tell(s, "this pane has one order only");
		return;
	}
	while (columns[nr])
		nr++;
	list->sort = (list->sort + by + nr) % nr;
	ui_scene_tell(s, "ordered by %s", columns[list->sort]);
}

/* ---- talking */

void ui_scene_tell(struct ui_scene *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->message, sizeof(s->message), format, args);
	va_end(args);
}

static void ask(struct ui_scene *s, enum ui_input input, const char *line)
{
	size_t len = strnlen(line, sizeof(s->line) - 1);

	s->input = input;
	memmove(s->line, line, len);
	s->line[len] = '\0';
}

static void go_to(struct ui_scene *s, const char *text)
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
		go_time(s, (int64_t)value, 0);
}

/* n and N: to the next match; where the search has not got that far, it goes on with the next picture. */
static void search_go(struct ui_scene *s, int dir)
{
	struct ui_run *run = ui_scene_run(s);
	uint32_t place, nr = ui_matches_nr(&run->search, run->log);

	if (!run->search.filter) {
		ui_scene_tell(s, "nothing was searched yet ('/')");
		return;
	}
	place = ui_matches_place(&run->search, dir > 0 ? run->at + 1 : run->at);
	if (dir > 0 ? place >= nr : place == 0) {
		ui_scene_tell(s, run->search.at < tr_log_nr_events(run->log) ? "still searching: again in a moment" :
				 nr ? "no further match of '%s'" : "nothing matches '%s'", run->search.text);
		return;
	}
	ui_scene_go(s, ui_matches_get(&run->search, dir > 0 ? place : place - 1), true);
}

static void search_set(struct ui_scene *s, const char *text, bool filter)
{
	struct xf_error err = XF_ERROR_INIT;

	for (int i = 0; i < s->nr_runs; i++) {
		struct ui_run *run = &s->runs[i];
		if (ui_matches_set(filter ? &run->filter : &run->search, text, &err)) {
			ui_scene_tell(s, "%s", err.message);
			return;
		}
		ui_matches_advance(filter ? &run->filter : &run->search, run->log, 200000);
	}
	if (filter)
		ui_scene_focus(s, UI_PANE_EVENTS);
	else if (*text)
		search_go(s, 1);
}

/* ---- debugging */

static void prompt_run(struct ui_scene *s, const char *command)
{
	char echo[320];

	if (!s->debugger.run) {
		ui_scene_tell(s, "nothing to debug here: this is %s; start with 'xferdb debug --tui put …'",
			      s->live ? "a run without a debugger" : "a recording");
		return;
	}
	if (s->readonly) {
		ui_scene_tell(s, "--readonly: the run is only watched");
		return;
	}
	snprintf(echo, sizeof(echo), "(xferdb) %s", command);
	ui_lines_say(&s->lines, echo);
	s->debugger.run(s->debugger.ctx, command);
}

/* "part 3" or "request-1": what is selected, as hold and release take it. */
static bool chosen_text(struct ui_scene *s, char *buf, size_t cap)
{
	bool parts = s->focus == UI_PANE_PARTS || s->focus == UI_PANE_EVIDENCE;

	if (parts && s->state && s->part < s->state->nr_parts)
		snprintf(buf, cap, "part %u", s->state->parts[s->part].number);
	else if (s->thread != TR_NONE)
		snprintf(buf, cap, "%s", tr_log_thread(ui_scene_run(s)->log, s->thread)->name);
	else
		return false;
	return true;
}

static void hold_chosen(struct ui_scene *s, const char *verb)
{
	char what[96], command[128];

	if (!chosen_text(s, what, sizeof(what))) {
		ui_scene_tell(s, "choose a thread or a part first");
		return;
	}
	snprintf(command, sizeof(command), "%s %s", verb, what);
	prompt_run(s, command);
}

static void break_here(struct ui_scene *s)
{
	const struct ui_run *run = ui_scene_run(s);
	struct tr_event e;
	struct tr_site site;
	char command[160];

	if (run->at == TR_NONE)
		return;
	e = tr_log_event(run->log, run->at);
	site = tr_event_site(run->log, &e);
	if (site.line)
		snprintf(command, sizeof(command), "break %s:%u", site.file, site.line);
	else
		snprintf(command, sizeof(command), "break %s", xf_kind_info(e.kind)->name);
	prompt_run(s, command);
}

static void debug(struct ui_scene *s, enum ui_request request)
{
	bool recorded = !s->debugger.run && (!s->live || s->over);

	switch (request) {
	case UI_REQ_run_on:
		recorded ? ui_scene_request(s, UI_REQ_end, NULL) : prompt_run(s, "continue");
		break;
	case UI_REQ_step: case UI_REQ_next:
		if (recorded)
			go_subject(s, UI_SUBJECT_THREAD, s->thread, 1, "choose a thread first");
		else
			prompt_run(s, request == UI_REQ_step ? "step" : "next");
		break;
	case UI_REQ_finish:
		prompt_run(s, "return");
		break;
	case UI_REQ_pause:
		if (s->debugger.interrupt && !s->readonly)
			s->debugger.interrupt(s->debugger.ctx);
		else
			prompt_run(s, "interrupt");
		break;
	case UI_REQ_frame_up: case UI_REQ_frame_down:
		if (s->debugger.run)
			prompt_run(s, request == UI_REQ_frame_up ? "up" : "down");
		ui_scene_focus(s, UI_PANE_STACK);
		list_move(s, request == UI_REQ_frame_up ? 1 : -1);
		break;
	case UI_REQ_break_here:
		break_here(s);
		break;
	case UI_REQ_hold:
		hold_chosen(s, "hold");
		break;
	case UI_REQ_release:
		hold_chosen(s, "release");
		break;
	case UI_REQ_abort:
		if (!s->debugger.abort || s->readonly || s->over)
			ui_scene_tell(s, s->readonly ? "--readonly: the run is only watched" : "there is no upload to abort");
		else
			s->asked = request, ask(s, UI_INPUT_CONFIRM, "");
		break;
	default:
		break;
	}
}

/* ---- requests */

static void end_go(struct ui_scene *s)
{
	uint32_t nr = tr_log_nr_events(ui_scene_run(s)->log);

	if (nr)
		ui_scene_go(s, nr - 1, false);
	s->follow = s->live && !s->over;
	s->frozen = false;
}

static void time_request(struct ui_scene *s, enum ui_request request, const char *argument)
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
		if (tr_log_nr_calls(run->log) && tr_log_call(run->log, 0)->ret != TR_NONE)
			ui_scene_go(s, tr_log_call(run->log, 0)->ret, true);
		else
			ui_scene_tell(s, "the call has not returned");
		break;
	case UI_REQ_at_time:
		argument ? go_to(s, argument) : ask(s, UI_INPUT_TIME, "");
		break;
	default:
		break;
	}
}

static void zoom_request(struct ui_scene *s, enum ui_request request)
{
	switch (request) {
	case UI_REQ_zoom_in: case UI_REQ_zoom_out:
		zoom(s, request == UI_REQ_zoom_in);
		break;
	case UI_REQ_zoom_fit:
		window_fit(s);
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

static void pane_request(struct ui_scene *s, enum ui_request request)
{
	if (request >= UI_REQ_pane_timeline && request <= UI_REQ_pane_prompt) {
		ui_scene_focus(s, (enum ui_pane)(request - UI_REQ_pane_timeline));
		if (request == UI_REQ_pane_prompt && s->debugger.run)
			ask(s, UI_INPUT_PROMPT, "");
	} else if (request == UI_REQ_next_pane || request == UI_REQ_previous_pane) {
		focus_cycle(s, request == UI_REQ_next_pane ? 1 : -1);
	} else if (request == UI_REQ_maximise) {
		s->maximised = !s->maximised;
	} else {
		s->enlarged += request == UI_REQ_enlarge ? 2 : -2;
		if (s->enlarged > s->rows || s->enlarged < -s->rows)
			s->enlarged = s->enlarged > 0 ? s->rows : -s->rows;
	}
}

static void list_request(struct ui_scene *s, enum ui_request request, const char *argument)
{
	const struct ui_view *view = ui_views[s->focus];

	switch (request) {
	case UI_REQ_enter:
		if (view->enter)
			view->enter(s, s->lists[s->focus].row);
		break;
	case UI_REQ_back:
		come_back(s);
		break;
	case UI_REQ_search: case UI_REQ_filter:
		if (argument)
			search_set(s, argument, request == UI_REQ_filter);
		else
			ask(s, request == UI_REQ_search ? UI_INPUT_SEARCH : UI_INPUT_FILTER,
			    request == UI_REQ_filter ? ui_scene_run(s)->filter.text : "");
		break;
	case UI_REQ_search_next: case UI_REQ_search_previous:
		search_go(s, request == UI_REQ_search_next ? 1 : -1);
		break;
	case UI_REQ_filter_invert:
		if (ui_scene_run(s)->filter.filter)
			ui_matches_invert(&ui_scene_run(s)->filter);
		else
			ui_scene_tell(s, "there is no filter to turn around ('\\')");
		break;
	case UI_REQ_sort: case UI_REQ_sort_back:
		sort(s, request == UI_REQ_sort ? 1 : -1);
		break;
	case UI_REQ_invert:
		s->lists[s->focus].inverted = !s->lists[s->focus].inverted;
		break;
	case UI_REQ_tree:
		s->tree = !s->tree;
		break;
	case UI_REQ_wrap:
		s->wrap = !s->wrap;
		break;
	default:
		break;
	}
}

static void leave_request(struct ui_scene *s, enum ui_request request)
{
	switch (request) {
	case UI_REQ_quit:
		if (s->focus == UI_PANE_HELP)
			come_back(s);
		else if (s->debugger.busy && s->debugger.busy(s->debugger.ctx))
			s->asked = request, ask(s, UI_INPUT_CONFIRM, "");
		else
			s->quit = true;
		break;
	case UI_REQ_help:
		if (s->focus != UI_PANE_HELP)
			ui_scene_drill(s, UI_PANE_HELP, NULL, "help");
		break;
	case UI_REQ_command:
		ask(s, UI_INPUT_COMMAND, "");
		break;
	case UI_REQ_redraw:
		s->redraw = true;
		break;
	case UI_REQ_suspend:
		s->suspend = true;
		break;
	case UI_REQ_theme:
		s->theme = s->theme + 1 < ui_themes + ui_nr_themes ? s->theme + 1 : ui_themes;
		s->redraw = true;
		ui_scene_tell(s, "theme %s: %s", s->theme->name, s->theme->summary);
		break;
	case UI_REQ_glyphs:
		s->utf8 = !s->utf8;
		break;
	default:
		break;
	}
}

void ui_scene_request(struct ui_scene *s, enum ui_request request, const char *argument)
{
	switch (ui_request_info(request)->group) {
	case UI_REQUESTS_MOVE:
		move(s, request);
		break;
	case UI_REQUESTS_TIME:
		time_request(s, request, argument);
		break;
	case UI_REQUESTS_ZOOM:
		zoom_request(s, request);
		break;
	case UI_REQUESTS_PANE:
		pane_request(s, request);
		break;
	case UI_REQUESTS_LIST:
		list_request(s, request, argument);
		break;
	case UI_REQUESTS_DEBUG:
		debug(s, request);
		break;
	default:
		leave_request(s, request);
		break;
	}
}

/* ---- keys */

unsigned ui_scene_contexts(const struct ui_scene *s)
{
	bool recorded = !s->debugger.run && (!s->live || s->over);

	return 1u << UI_ANYWHERE | (unsigned)(s->focus == UI_PANE_TIMELINE) << UI_IN_TIMELINE |
	       (unsigned)recorded << UI_IN_RECORDING;
}

/* ":NAME ARGUMENT", a request's name or else a prompt command. */
static void command_run(struct ui_scene *s, const char *line)
{
	size_t len = strcspn(line, " ");
	const char *argument = line + len + strspn(line + len, " ");
	enum ui_request request = ui_request_find(line, len);

	if (!*line)
		return;
	if (request != UI_REQ_none)
		ui_scene_request(s, request, *argument ? argument : NULL);
	else if (s->debugger.run)
		prompt_run(s, line);
	else
		ui_scene_tell(s, "there is no action '%.*s'; '?' lists them", (int)len, line);
}

static void input_done(struct ui_scene *s)
{
	enum ui_input input = s->input;
	char line[sizeof(s->line)];

	memcpy(line, s->line, sizeof(line));
	s->input = UI_INPUT_NONE;
	switch (input) {
	case UI_INPUT_COMMAND:
		command_run(s, line);
		break;
	case UI_INPUT_SEARCH: case UI_INPUT_FILTER:
		search_set(s, line, input == UI_INPUT_FILTER);
		break;
	case UI_INPUT_TIME:
		go_to(s, line);
		break;
	case UI_INPUT_PROMPT:
		if (*line)
			prompt_run(s, line);
		ask(s, UI_INPUT_PROMPT, "");
		break;
	default:
		break;
	}
}

static void confirm_key(struct ui_scene *s, int key)
{
	bool yes = key == 'y' || key == 'Y';

	s->input = UI_INPUT_NONE;
	if (yes && s->asked == UI_REQ_quit)
		s->quit = true;
	else if (yes)
		s->debugger.abort(s->debugger.ctx);
	ui_scene_tell(s, yes ? "it is asked to stop" : "not aborted");
}

/* Searching as one types: the first match from the cursor on is looked for with every letter. */
static void search_typed(struct ui_scene *s)
{
	struct ui_run *run = ui_scene_run(s);
	struct xf_error err = XF_ERROR_INIT;
	uint32_t place;

	if (s->input != UI_INPUT_SEARCH || !*s->line || ui_matches_set(&run->search, s->line, &err))
		return;
	ui_matches_advance(&run->search, run->log, 100000);
	place = ui_matches_place(&run->search, run->at);
	if (place < run->search.found.nr)
		ui_scene_go(s, run->search.found.list[place], true);
}

static void input_key(struct ui_scene *s, int key)
{
	size_t len = strlen(s->line);

	if (s->input == UI_INPUT_CONFIRM) {
		confirm_key(s, key);
	} else if (key == UI_KEY_ESC) {
		s->input = UI_INPUT_NONE;
	} else if (key == UI_KEY_ENTER || key == '\n') {
		input_done(s);
	} else if (key == UI_KEY_BACKSPACE || key == 8) {
		if (len)
			s->line[len - 1] = '\0';
		else
			s->input = UI_INPUT_NONE;
		search_typed(s);
	} else if (key == ('u' & 31)) {
		s->line[0] = '\0';
	} else if (key >= 32 && key < 256 && len + 1 < sizeof(s->line)) {
		s->line[len] = (char)key;
		s->line[len + 1] = '\0';
		search_typed(s);
	}
}

void ui_scene_key(struct ui_scene *s, int key)
{
	enum ui_request request;
	char name[16];

	if (key == UI_KEY_NONE || key == UI_KEY_RESIZE)
		return;
	s->message[0] = '\0';
	if (s->input != UI_INPUT_NONE) {
		input_key(s, key);
		return;
	}
	request = ui_keys_request(&s->keys, key, ui_scene_contexts(s));
	if (request != UI_REQ_none)
		ui_scene_request(s, request, NULL);
	else if (key < UI_KEY_MOUSE)
		ui_scene_tell(s, "'%s' does nothing here; '?' lists the keys", ui_key_name(key, name, sizeof(name)));
}

/* ---- the mouse */

static bool inside(const struct ui_rect *r, int row, int column)
{
	return row >= r->y && row < r->y + r->rows && column >= r->x && column < r->x + r->columns;
}

static void timeline_click(struct ui_scene *s, const struct ui_rect *r, int row, int column)
{
	int lanes = s->timeline_columns, x = column - (r->x + r->columns - lanes);

	if (row - r->y >= 3 && s->nr_runs == 1)
		s->thread = ui_run_lane(ui_scene_run(s), s->lists[UI_PANE_TIMELINE].top + (uint32_t)(row - r->y - 3));
	if (x >= 0)
		go_time(s, s->from_ns + (int64_t)((double)(s->to_ns - s->from_ns) * (x + 0.5) / lanes), 0);
}

static void pane_click(struct ui_scene *s, enum ui_pane pane, const struct ui_rect *r, int row, int column)
{
	const struct ui_view *view = ui_views[pane];

	ui_scene_focus(s, pane);
	if (row == r->y && view->columns)
		sort(s, 1);
	else if (pane == UI_PANE_TIMELINE)
		timeline_click(s, r, row, column);
	else if (view->rows && pane != UI_PANE_PARTS && row - r->y > view->head)
		list_move(s, (int64_t)s->lists[pane].top + row - r->y - 1 - view->head - (int64_t)s->lists[pane].row);
}

/* An entry of the key bar: the key whose word was clicked. */
static void bar_click(struct ui_scene *s, int column)
{
	int x = 0;
	char key[16];

	for (int r = 1; r < UI_REQ_COUNT; r++) {
		const struct ui_request_info *info = ui_request_info((enum ui_request)r);
		int width = (int)(strlen(info->bar) + 2);
		if (!*info->bar || !*ui_keys_of(&s->keys, (enum ui_request)r, false, key, sizeof(key)))
			continue;
		width += (int)strlen(key);
		if (column >= x && column < x + width) {
			ui_scene_request(s, (enum ui_request)r, NULL);
			return;
		}
		x += width;
	}
}

static void wheel(struct ui_scene *s, enum ui_pane pane, int turn)
{
	enum ui_pane was = s->focus;

	if (pane == UI_PANE_TIMELINE) {
		zoom(s, turn < 0);
		return;
	}
	s->focus = pane;
	list_move(s, 3 * turn);
	s->focus = was;
}

void ui_scene_mouse(struct ui_scene *s, int row, int column, int turn)
{
	struct ui_layout_wish wish = { s->rows, s->columns, s->focus, s->maximised, s->enlarged,
				       (int)0 };
	struct ui_layout l;

	for (int i = 0; i < s->nr_runs; i++)
		wish.lanes += (int)tr_log_nr_threads(s->runs[i].log) + (s->nr_runs > 1);
	l = ui_layout_make(&wish);
	s->message[0] = '\0';
	if (!l.fits)
		return;
	for (int p = 0; p < UI_PANE_COUNT; p++)
		if (inside(&l.panes[p], row, column)) {
			if (turn)
				wheel(s, (enum ui_pane)p, turn);
			else
				pane_click(s, (enum ui_pane)p, &l.panes[p], row, column);
			return;
		}
	if (!turn && inside(&l.keys, row, column))
		bar_click(s, column);
}

/* ---- before every picture */

static int lanes_compare(const void *a, const void *b, void *log)
{
	const struct tr_thread *x = tr_log_thread(log, *(const uint32_t *)a), *y = tr_log_thread(log, *(const uint32_t *)b);

	return x->process != y->process ? (x->process > y->process) - (x->process < y->process)
					: (x->number > y->number) - (x->number < y->number);
}

/* Threads are found in the order of their segments; they are shown in the order they were made. */
static void lanes_settle(struct ui_run *run)
{
	uint32_t nr = tr_log_nr_threads(run->log), *lanes, *places;

	if (nr == run->nr_lanes)
		return;
	lanes = realloc(run->lanes, nr * sizeof(*lanes));
	run->lanes = lanes ? lanes : run->lanes;
	places = realloc(run->places, nr * sizeof(*places));
	run->places = places ? places : run->places;
	if (!lanes || !places)
		return;
	for (uint32_t i = 0; i < nr; i++)
		lanes[i] = i;
	qsort_r(lanes, nr, sizeof(*lanes), lanes_compare, (void *)(uintptr_t)run->log);
	for (uint32_t i = 0; i < nr; i++)
		places[lanes[i]] = i;
	run->nr_lanes = nr;
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
	bool fit = window_is_fit(s);
	uint32_t nr = tr_log_nr_events(run->log);

	run_measure(run);
	if (!s->follow || s->frozen || !nr)
		return;
	if (s->elapsed_ns - run->zero_ns > run->end_ns)
		run->end_ns = s->elapsed_ns - run->zero_ns; /* what a thread does, it does until now */
	run->at = nr - 1;
	if (fit)
		window_fit(s);
	else
		window_to_cursor(s);
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
