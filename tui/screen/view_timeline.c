/*
 * view_timeline: a lane a thread on one time axis.
 *
 * Row 0 is the axis with the barriers' names, row 1 its ticks; then the lanes. Over them
 * lie, in this order: the call's interval on the caller's lane, barriers, wake
 * arrows, the cursor.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"
#include "tui/command/style.h"

enum { AXIS_ROWS = 2, MAX_ARROWS = 24, LABEL_MIN = 12, LABEL_MAX = 20 };

/* Where things are on the screen now. */
struct plot {
	struct ui_scene *s;
	struct ui_cells *c;
	const struct ui_rect *r;
	int x0, columns;         /* of the lanes' area */
	uint32_t top;            /* first line shown */
	double ns_column;
};

static int column_of(const struct plot *p, int64_t t_ns)
{
	double x = (double)(t_ns - p->s->from_ns) / p->ns_column;

	return x < 0 ? -1 : x >= p->columns ? p->columns : (int)x;
}

static bool visible(const struct plot *p, int x)
{
	return x >= 0 && x < p->columns;
}

static int64_t time_of(const struct plot *p, int x)
{
	return p->s->from_ns + (int64_t)(p->ns_column * x);
}

/* A line is a lane, or with two runs a heading. */
static uint32_t nr_lines(const struct ui_scene *s)
{
	uint32_t nr = 0;

	for (int i = 0; i < s->nr_runs; i++)
		nr += tr_log_nr_threads(s->runs[i].log) + (s->nr_runs > 1);
	return nr;
}

/* Which run and thread a line shows; thread TR_NONE: a heading. */
static int line_of(const struct ui_scene *s, uint32_t line, uint32_t *thread)
{
	uint32_t head = s->nr_runs > 1, first = tr_log_nr_threads(s->runs[0].log) + head;
	int run = s->nr_runs > 1 && line >= first;

	line -= run ? first : 0;
	*thread = head && !line ? TR_NONE : ui_run_lane(&s->runs[run], line - head);
	return run;
}

static int row_of(const struct plot *p, int run, uint32_t thread)
{
	uint32_t head = p->s->nr_runs > 1, line = head + ui_run_place(&p->s->runs[run], thread) + (run ? tr_log_nr_threads(p->s->runs[0].log) + head : 0);

	return line < p->top ? -1 : AXIS_ROWS + (int)(line - p->top);
}

/* ---- the axis */

/* 1, 2 or 5 times a power of ten: about one tick in 14 columns. */
static int64_t tick_ns(const struct plot *p)
{
	double want = p->ns_column * 14;
	int64_t step = 1;

	for (;;) {
		if ((double)step >= want)
			return step;
		if ((double)step * 2 >= want)
			return step * 2;
		if ((double)step * 5 >= want)
			return step * 5;
		step *= 10;
	}
}

static const char *tick_text(int64_t t, int64_t step, char *buf, size_t cap)
{
	if (t == 0)
		snprintf(buf, cap, "0");
	else if (step >= 1000000000)
		snprintf(buf, cap, "%llds", (long long)(t / 1000000000));
	else if (step >= 1000000 && (t % 1000000000 || t < 1000000000))
		snprintf(buf, cap, "%lldms", (long long)(t / 1000000));
	else if (step >= 1000000)
		snprintf(buf, cap, "%llds", (long long)(t / 1000000000));
	else if (step >= 1000)
		snprintf(buf, cap, "%lld.%03lldms", (long long)(t / 1000000), (long long)(llabs(t) % 1000000 / 1000));
	else
		snprintf(buf, cap, "%lld.%03lldus", (long long)(t / 1000), (long long)(llabs(t) % 1000));
	return buf;
}

static void axis_draw(const struct plot *p)
{
	int64_t step = tick_ns(p), first = p->s->from_ns / step * step;
	char text[32];

	for (int64_t t = first; t < p->s->to_ns; t += step) {
		int x = column_of(p, t);
		if (t < p->s->from_ns || !visible(p, x))
			continue;
		ui_cells_text(p->c, p->r, 1, p->x0 + x, UI_ROLE_AXIS, "%s%s", ui_glyph(p->c->utf8, UI_GLYPH_TICK),
			      tick_text(t, step, text, sizeof(text)));
	}
}

/* ---- lanes */

static void label_draw(const struct plot *p, int row, int run, uint32_t thread)
{
	struct ui_rect left = { p->r->y, p->r->x, p->r->rows, p->x0 - 1 };
	bool chosen = run == p->s->active && thread == p->s->thread;
	char full[96], text[64];
	const char *name = ui_view_thread(&p->s->runs[run], thread, full, sizeof(full));

	bool ours = tr_log_is_tracer(p->s->runs[run].log, thread);
	ui_cells_text(p->c, &left, row, 0, chosen ? UI_ROLE_STRONG : ours ? UI_ROLE_DIM : UI_ROLE_PLAIN, "%-*s", left.columns,
		      ui_view_name(name, left.columns, text, sizeof(text)));
	if (chosen)
		ui_cells_attrs(p->c, &left, row, 0, -1, p->s->focus == UI_PANE_TIMELINE ? UI_ATTR_REVERSE : UI_ATTR_BOLD);
}

static void mark_draw(const struct plot *p, int row, int x, enum ui_role role, const char *glyph)
{
	if (visible(p, x) && row < p->r->rows)
		ui_cells_text(p->c, p->r, row, p->x0 + x, role, "%s", glyph);
}

/* How far the lanes are known, axis time: nothing is drawn beyond. */
static int64_t known_ns(const struct ui_run *u)
{
	uint32_t at = ui_index_at(u->index);

	return at && at < tr_log_nr_events(u->log) ? ui_run_time_ns(u, at - 1) : u->end_ns;
}

static void lane_draw(const struct plot *p, int row, int run, uint32_t thread)
{
	const struct ui_run *u = &p->s->runs[run];
	int64_t known = known_ns(u);

	for (int x = 0; x < p->columns; x++) {
		int64_t from = time_of(p, x) + u->zero_ns, to = time_of(p, x + 1) + u->zero_ns;
		enum tr_activity a;
		if (from - u->zero_ns > known)
			break;
		a = ui_index_activity(u->index, thread, from, to > from ? to : from + 1);
		mark_draw(p, row, x, ui_activity_role(a), ui_activity_glyph(p->c->utf8, a));
	}
}

/* Who ended the wait that began with this event: " (set by request-3)"; "" where it is not known, or not over. */
static const char *ended_by(const struct ui_run *u, uint32_t thread, uint32_t event, char *buf, size_t cap)
{
	uint32_t woken = ui_index_step(u->index, UI_SUBJECT_THREAD, thread, event, 1), by;

	buf[0] = '\0';
	if (woken == TR_NONE || xf_kind_info(tr_log_kind(u->log, woken))->role != XF_ROLE_ACQUIRE)
		return buf;
	by = ui_scene_arrow(u, woken);
	if (by != TR_NONE && by < woken && tr_log_thread_of(u->log, by) != thread)
		snprintf(buf, cap, ", ended by %s", tr_log_thread(u->log, tr_log_thread_of(u->log, by))->name);
	return buf;
}

/* On the caller's lane: what it waits for, and who ended that. Elsewhere that would be too much to read. */
static int wait_text(const struct plot *p, int run, uint32_t thread, const struct ui_span_info *span, char *buf, size_t cap)
{
	const struct ui_run *u = &p->s->runs[run];
	struct tr_event e = tr_log_event(u->log, span->event);
	char object[64], by[96];

	buf[0] = '\0';
	if (thread != ui_view_caller(u) || span->activity != TR_WAITING)
		return 0;
	if (e.kind == XF_EV_join_begin)
		return snprintf(buf, cap, " waits for a thread to end ");
	return e.object == TR_NONE ? 0 : snprintf(buf, cap, " waits for %s%s ", ui_view_object(u->log, e.object, object, sizeof(object)),
						  ended_by(u, thread, span->event, by, sizeof(by)));
}

/* Inside long spans of work stands which part it is. */
static void parts_draw(const struct plot *p, int row, int run, uint32_t thread)
{
	const struct ui_run *u = &p->s->runs[run];
	struct ui_span_info span;
	int64_t known = known_ns(u);
	char text[192];

	for (int x = 0; x < p->columns && time_of(p, x) <= known; x++) {
		int from, to, len;
		if (!ui_index_span(u->index, thread, time_of(p, x) + u->zero_ns, &span))
			continue;
		from = column_of(p, span.from_ns - u->zero_ns);
		to = span.to_ns == INT64_MAX ? column_of(p, known) : column_of(p, span.to_ns - u->zero_ns);
		if (to <= x)
			continue;
		from = from < 0 ? 0 : from;
		to = to > p->columns ? p->columns : to;
		len = span.part && span.activity != TR_WAITING && span.activity != TR_RUNNING ? snprintf(text, sizeof(text), " part %u ", span.part)
							      : wait_text(p, run, thread, &span, text, sizeof(text));
		if (len && to - from >= len + 4)
			for (int i = 0; i < len; i++)
				mark_draw(p, row, from + (to - from - len) / 2 + i, ui_activity_role(span.activity),
					  (char[2]){ text[i], 0 });
		x = to > x ? to : x;
	}
}

static void lanes_draw(const struct plot *p)
{
	uint32_t thread, nr = nr_lines(p->s);

	for (int row = AXIS_ROWS; row < p->r->rows && p->top + (uint32_t)(row - AXIS_ROWS) < nr; row++) {
		int run = line_of(p->s, p->top + (uint32_t)(row - AXIS_ROWS), &thread);
		if (thread == TR_NONE) {
			ui_cells_text(p->c, p->r, row, 0, run == p->s->active ? UI_ROLE_FOCUS : UI_ROLE_TITLE, " %s ", p->s->runs[run].name);
			continue;
		}
		label_draw(p, row, run, thread);
		lane_draw(p, row, run, thread);
		parts_draw(p, row, run, thread);
	}
}

/* ---- the call and its barriers */

static void call_draw(const struct plot *p, int run, uint32_t index)
{
	const struct ui_run *u = &p->s->runs[run];
	const struct tr_call *call = tr_log_call(u->log, index);
	int row = row_of(p, run, call->thread), begin = column_of(p, ui_run_time_ns(u, call->enter));
	int end = call->ret == TR_NONE ? -1 : column_of(p, ui_run_time_ns(u, call->ret));

	if (row < AXIS_ROWS)
		return;
	for (int x = begin < 0 ? 0 : begin; x <= (call->ret == TR_NONE ? p->columns : end) && x < p->columns; x++)
		if (row < p->r->rows)
			ui_cells_attrs(p->c, p->r, row, p->x0 + x, 1, UI_ATTR_UNDERLINE);
	mark_draw(p, row, begin, UI_ROLE_CALL, ui_glyph(p->c->utf8, UI_GLYPH_CALL_BEGIN));
	if (call->ret != TR_NONE)
		mark_draw(p, row, end, UI_ROLE_CALL, ui_glyph(p->c->utf8, UI_GLYPH_CALL_END));
}

/* A barrier: a line through all lanes where the caller's wait for them ended. */
static void barrier_draw(const struct plot *p, int run, const struct tr_barrier *b)
{
	const struct ui_run *u = &p->s->runs[run];
	int x = column_of(p, ui_run_time_ns(u, b->last)), first = row_of(p, run, ui_run_lane(u, 0));
	int last = first + (int)tr_log_nr_threads(u->log) - 1;

	if (!visible(p, x))
		return;
	for (int row = first < AXIS_ROWS ? AXIS_ROWS : first; row <= last && row < p->r->rows; row++) {
		struct ui_cell *cell = ui_cells_at(p->c, p->r, row, p->x0 + x);
		if (cell && strcmp(cell->text, ui_glyph(p->c->utf8, UI_GLYPH_CALL_END)))
			mark_draw(p, row, x, UI_ROLE_BARRIER, ui_glyph(p->c->utf8, UI_GLYPH_BARRIER));
	}
	ui_cells_text(p->c, p->r, 0, p->x0 + x, UI_ROLE_BARRIER, "%s", ui_glyph(p->c->utf8, UI_GLYPH_HERE));
}

static bool room_for(const struct plot *p, int x, int len)
{
	for (int i = 0; i < len; i++) {
		struct ui_cell *cell = ui_cells_at(p->c, p->r, 0, p->x0 + x + i);
		if (!visible(p, x + i) || !cell || strcmp(cell->text, " "))
			return false;
	}
	return true;
}

/* The name beside its mark, where there is room: the earlier barrier comes first. */
static void barrier_name(const struct plot *p, int run, const struct tr_barrier *b)
{
	int x = column_of(p, ui_run_time_ns(&p->s->runs[run], b->last)), len = (int)strlen(b->name);

	if (!visible(p, x))
		return;
	if (room_for(p, x - len, len))
		ui_cells_text(p->c, p->r, 0, p->x0 + x - len, UI_ROLE_BARRIER, "%s", b->name);
	else if (room_for(p, x + 1, len))
		ui_cells_text(p->c, p->r, 0, p->x0 + x + 1, UI_ROLE_BARRIER, "%s", b->name);
}

static void calls_draw(const struct plot *p)
{
	for (int run = 0; run < p->s->nr_runs; run++) {
		const struct ui_run *u = &p->s->runs[run];
		const struct tr_verdict *v = ui_scene_verdict(u);
		for (uint32_t i = 0; i < tr_log_nr_calls(u->log); i++)
			call_draw(p, run, i);
		for (uint32_t i = v ? v->barriers.nr : 0; i-- > 0;)
			if (v->barriers.list[i].carries)
				barrier_draw(p, run, &v->barriers.list[i]);
		for (uint32_t i = 0; v && i < v->barriers.nr; i++)
			if (v->barriers.list[i].carries)
				barrier_name(p, run, &v->barriers.list[i]);
	}
}

/* ---- wake arrows */

static void arrow_draw(const struct plot *p, uint32_t from, uint32_t to)
{
	const struct ui_run *u = ui_scene_shown(p->s);
	int x = column_of(p, ui_run_time_ns(u, to)), a = row_of(p, p->s->active, tr_log_thread_of(u->log, from));
	int b = row_of(p, p->s->active, tr_log_thread_of(u->log, to)), low = a < b ? a : b, high = a < b ? b : a;
	int begin = column_of(p, ui_run_time_ns(u, from));

	if (!visible(p, x) || a == b)
		return;
	for (int row = low + 1; row < high && row < p->r->rows; row++)
		if (row >= AXIS_ROWS)
			mark_draw(p, row, x, UI_ROLE_ARROW, ui_glyph(p->c->utf8, UI_GLYPH_VERTICAL));
	if (a >= AXIS_ROWS)
		mark_draw(p, a, begin < x && visible(p, begin) ? begin : x, UI_ROLE_ARROW, ui_glyph(p->c->utf8, UI_GLYPH_WAKE_FROM));
	if (b >= AXIS_ROWS)
		mark_draw(p, b, x, UI_ROLE_ARROW, ui_glyph(p->c->utf8, b > a ? UI_GLYPH_WAKE_DOWN : UI_GLYPH_WAKE_UP));
}

/* The arrow of the event under the cursor, and all of them once they are few enough to be told apart. */
static void arrows_draw(const struct plot *p)
{
	const struct ui_run *u = ui_scene_shown(p->s);
	const struct tr_order *order = u->verdicts ? u->verdicts->order : NULL;
	uint32_t other = ui_scene_arrow(u, u->at);

	if (order) {
		uint32_t first = tr_order_edge_at(order, tr_log_at_time(u->log, p->s->from_ns + u->zero_ns));
		uint32_t end = tr_order_edge_at(order, tr_log_at_time(u->log, p->s->to_ns + u->zero_ns));
		for (uint32_t i = first; end - first <= MAX_ARROWS && i < end; i++)
			if (tr_order_edge(order, i)->class == XF_CLASS_SIGNAL)
				arrow_draw(p, tr_order_edge(order, i)->from, tr_order_edge(order, i)->to);
	}
	if (other != TR_NONE)
		arrow_draw(p, other < u->at ? other : u->at, other < u->at ? u->at : other);
}

static void cursor_draw(const struct plot *p)
{
	int x = column_of(p, ui_scene_now_ns(p->s));

	if (!visible(p, x))
		return;
	for (int row = 1; row < p->r->rows; row++)
		ui_cells_attrs(p->c, p->r, row, p->x0 + x, 1, UI_ATTR_REVERSE);
}

static int label_width(const struct ui_scene *s, int columns)
{
	int width = LABEL_MIN;

	for (int i = 0; i < s->nr_runs; i++)
		for (uint32_t t = 0; t < tr_log_nr_threads(s->runs[i].log); t++) {
			int len = (int)strlen(tr_log_thread(s->runs[i].log, t)->name) + 1;
			width = len > width ? len : width;
		}
	return width > LABEL_MAX || width > columns / 3 ? (columns / 3 < LABEL_MAX ? columns / 3 : LABEL_MAX) : width;
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct plot p = { .s = s, .c = c, .r = r, .x0 = label_width(s, r->columns) };
	struct ui_run *run = ui_scene_run(s);
	uint32_t line = s->thread == TR_NONE ? 0 : ui_run_place(run, s->thread);

	p.columns = r->columns - p.x0;
	p.ns_column = (double)(s->to_ns - s->from_ns) / p.columns;
	s->timeline_columns = p.columns;
	if (s->nr_runs > 1)
		line += 1 + (s->active ? tr_log_nr_threads(s->runs[0].log) + 1 : 0);
	s->lists[UI_PANE_TIMELINE].row = line;
	s->nr_lines = nr_lines(s);
	p.top = ui_view_top(s, UI_PANE_TIMELINE, s->nr_lines, r->rows - AXIS_ROWS);
	axis_draw(&p);
	lanes_draw(&p);
	calls_draw(&p);
	arrows_draw(&p);
	cursor_draw(&p);
	if (ui_index_at(run->index) < tr_log_nr_events(run->log) && (!s->live || s->over))
		ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, "reading %2u%%",
			      (unsigned)(100ull * ui_index_at(run->index) / tr_log_nr_events(run->log)));
	else
		ui_cells_text(c, r, 1, 0, UI_ROLE_DIM, "%u threads", tr_log_nr_threads(run->log));
}

static void enter(struct ui_scene *s, uint32_t row)
{
	char filter[96];
	const char *name = s->thread == TR_NONE ? "" : tr_log_thread(ui_scene_run(s)->log, s->thread)->name;

	(void)row;
	snprintf(filter, sizeof(filter), "thread=%s", name);
	ui_scene_drill(s, UI_PANE_EVENTS, filter, name);
}

const struct ui_view ui_view_timeline = { .title = "timeline", .draw = draw, .enter = enter, .opens = "events" };
