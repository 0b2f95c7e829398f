/* view_requests: every HTTP exchange up to the cursor, newest last, with its phases as numbers and as a bar. */
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { BAR_MIN = 10, OPERATION_WIDTH = 14, PART_WIDTH = 10, PHASE = 8, WIDE = 70, WIDEST = 100 };

/* What is known of a request at the cursor's moment; -1: not (yet). */
struct phases {
	struct tr_event start;
	int64_t resolve, connect, tls, send, answer, receive, total;
	uint32_t http_status;
	bool reused, over;
};

static void phase_note(struct phases *p, const struct tr_event *e, int64_t *last)
{
	switch (e->kind) {
	case XF_EV_connected:
		p->reused = TR_PAYLOAD(e, connected)->reused;
		p->resolve = (int64_t)TR_PAYLOAD(e, connected)->resolve_ns;
		p->connect = (int64_t)TR_PAYLOAD(e, connected)->connect_ns;
		break;
	case XF_EV_tls_done:
		p->tls = (int64_t)TR_PAYLOAD(e, tls_done)->took_ns;
		break;
	case XF_EV_body_sent:
		p->send = e->t_ns - *last;
		break;
	case XF_EV_first_byte:
		p->answer = e->t_ns - *last;
		break;
	case XF_EV_response:
		p->receive = e->t_ns - *last;
		p->http_status = TR_PAYLOAD(e, response)->http_status;
		p->over = true;
		break;
	default:
		return;
	}
	*last = e->t_ns;
}

static bool phases_of(const struct ui_scene *s, uint32_t request, struct phases *p)
{
	const struct ui_run *run = ui_scene_shown(s);
	const struct ui_events *e = ui_index_events(run->index, UI_SUBJECT_REQUEST, request);
	int64_t last, now = run->at == TR_NONE ? 0 : tr_log_time(run->log, run->at);

	*p = (struct phases){ .resolve = -1, .connect = -1, .tls = -1, .send = -1, .answer = -1, .receive = -1 };
	if (!e->nr || run->at == TR_NONE || e->list[0] > run->at)
		return false;
	p->start = tr_log_event(run->log, e->list[0]);
	last = p->start.t_ns;
	for (uint32_t i = 1; i < e->nr && e->list[i] <= run->at; i++) {
		struct tr_event event = tr_log_event(run->log, e->list[i]);
		phase_note(p, &event, &last);
	}
	p->total = (p->over ? last : now) - p->start.t_ns;
	return true;
}

/* Requests begun up to the cursor; they are in order of their begin. */
static uint32_t items(const struct ui_scene *s)
{
	const struct ui_run *run = ui_scene_shown(s);
	uint32_t low = 0, high = ui_index_nr_requests(run->index);

	while (run->at != TR_NONE && low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (ui_index_events(run->index, UI_SUBJECT_REQUEST, mid)->list[0] <= run->at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* ORDER requests' columns */
enum { NUMBER, OPERATION, PART, HTTP, TOTAL, SEND, ANSWER, RECEIVE };
static const struct ui_column columns[] = {
	{ "number" }, { "operation", .by_text = true }, { "part" }, { "HTTP" }, { "total", .duration = true }, { "send", .duration = true },
	{ "answer", .duration = true }, { "receive", .duration = true }, { .name = NULL },
};

static uint32_t part_of(const struct phases *p)
{
	return p->start.kind == XF_EV_request_start ? TR_PAYLOAD(&p->start, request_start)->part : 0;
}

static const char *operation_of(const struct phases *p)
{
	return p->start.kind == XF_EV_request_start ? xf_op_name((enum xf_op)TR_PAYLOAD(&p->start, request_start)->op)
						     : "(its start is lost)";
}

static int64_t phase_of(const struct phases *p, int column)
{
	return column == TOTAL ? p->total : column == SEND ? p->send : column == ANSWER ? p->answer : p->receive;
}

/* Times: the longest first; what has no answer yet before all that has. */
static int64_t key(const struct ui_scene *s, uint32_t request, int column)
{
	struct phases p;

	if (column == NUMBER || !phases_of(s, request, &p))
		return request;
	return column == PART ? part_of(&p) : column == HTTP ? (p.over ? -(int64_t)p.http_status : INT64_MIN) : -phase_of(&p, column);
}

static const char *status_text(const struct phases *p, char *buf, size_t cap)
{
	snprintf(buf, cap, "%u", p->http_status);
	return !p->over ? "open" : p->http_status ? buf : "none";
}

static const char *text(const struct ui_scene *s, uint32_t request, int column, char *buf, size_t cap)
{
	struct phases p;

	if (!phases_of(s, request, &p))
		return "";
	switch (column) {
	case OPERATION:
		return operation_of(&p);
	case HTTP:
		return status_text(&p, buf, cap);
	case NUMBER: case PART:
		snprintf(buf, cap, "%u", column == PART ? part_of(&p) : request);
		return buf;
	default:
		return phase_of(&p, column) < 0 ? s->raw ? "" : "-" : ui_view_duration(s, phase_of(&p, column), buf, cap);
	}
}

static int phase_draw(struct ui_cells *c, const struct ui_rect *r, int row, int x, int64_t ns)
{
	char text[32];

	return ui_cells_text(c, r, row, x, ns >= 1000000 ? UI_ROLE_PLAIN : UI_ROLE_DIM, "%8s ",
			     ns < 0 ? "-" : ui_time_text(ns, text, sizeof(text)));
}

/* The phases to scale: connecting, sending, waiting for the answer, receiving. */
static void bar_draw(struct ui_cells *c, const struct ui_rect *r, int row, int x, const struct phases *p)
{
	int64_t connect = (p->resolve > 0 ? p->resolve : 0) + (p->connect > 0 ? p->connect : 0) + (p->tls > 0 ? p->tls : 0);
	const int64_t lengths[] = { connect, p->send, p->answer, p->receive };
	const enum tr_activity activities[] = { TR_CONNECTING, TR_SENDING, TR_AWAITING_ANSWER, TR_RECEIVING };
	int width = r->columns - x - 1, at = 0;

	for (int i = 0; i < 4 && width >= BAR_MIN && p->total > 0; i++) {
		int n = lengths[i] > 0 ? (int)((double)lengths[i] / (double)p->total * width + 0.5) : 0;
		for (int k = 0; k < n && at < width; k++, at++)
			ui_cells_text(c, r, row, x + at, ui_activity_role(activities[i]), "%s",
				      ui_activity_glyph(c->utf8, activities[i]));
	}
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t request)
{
	struct phases p;
	char part[24] = "", status[24];
	int x = 1;

	if (!phases_of(s, request, &p))
		return;
	x += ui_cells_text(c, r, row, x, UI_ROLE_STRONG, "%-*.*s ", OPERATION_WIDTH, OPERATION_WIDTH, operation_of(&p));
	if (part_of(&p))
		snprintf(part, sizeof(part), TR_PAYLOAD(&p.start, request_start)->attempt > 1 ? "%u, try %u" : "%u", part_of(&p),
			 TR_PAYLOAD(&p.start, request_start)->attempt);
	x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "%-*.*s ", PART_WIDTH, PART_WIDTH, part);
	x += ui_cells_text(c, r, row, x, !p.over ? UI_ROLE_AWAIT : p.http_status / 100 == 2 ? UI_ROLE_DONE : UI_ROLE_BAD, "%-5s",
			   status_text(&p, status, sizeof(status)));
	x += phase_draw(c, r, row, x, p.total);
	if (r->columns > WIDEST) {
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "%-6s", p.reused ? "reused" : "");
		x += phase_draw(c, r, row, x, p.resolve);
		x += phase_draw(c, r, row, x, p.connect);
		x += phase_draw(c, r, row, x, p.tls);
	}
	if (r->columns > WIDE) {
		x += phase_draw(c, r, row, x, p.send);
		x += phase_draw(c, r, row, x, p.answer);
		x += phase_draw(c, r, row, x, p.receive);
	}
	bar_draw(c, r, row, x + 1, &p);
}

static void head_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	int x = 1;

	ui_view_head(s, c, r, UI_PANE_REQUESTS, OPERATION, x, "%s");
	ui_view_head(s, c, r, UI_PANE_REQUESTS, PART, x += OPERATION_WIDTH + 1, "%s");
	ui_view_head(s, c, r, UI_PANE_REQUESTS, HTTP, x += PART_WIDTH + 1, "%s");
	ui_view_head(s, c, r, UI_PANE_REQUESTS, TOTAL, x += 5, "%8s");
	x += PHASE + 1;
	if (r->columns > WIDEST)
		x += ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "%-6s%8s %8s %8s ", "conn", "DNS", "connect", "TLS");
	for (int column = SEND; r->columns > WIDE && column <= RECEIVE; column++, x += PHASE + 1)
		ui_view_head(s, c, r, UI_PANE_REQUESTS, column, x, "%8s");
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	struct ui_list_view *l = &s->lists[UI_PANE_REQUESTS];
	uint32_t nr = ui_rows_nr(s, UI_PANE_REQUESTS), at = ui_rows_find(s, UI_PANE_REQUESTS, s->request), top;

	head_draw(s, c, r);
	l->row = at != TR_NONE ? at : l->row;
	top = ui_view_top(s, UI_PANE_REQUESTS, nr, list.rows);
	if (!nr)
		ui_cells_text(c, &list, 0, 1, UI_ROLE_DIM, "%s", *l->filter && items(s) ? "the filter leaves nothing ('\\' changes it)" :
			      "no request yet");
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		uint32_t request = ui_rows_item(s, UI_PANE_REQUESTS, top + (uint32_t)row);
		row_draw(s, c, &list, row, request);
		ui_view_line(s, c, &list, UI_PANE_REQUESTS, row, request, top + (uint32_t)row == l->row);
	}
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->request = ui_rows_item(s, UI_PANE_REQUESTS, row);
}

static void enter(struct ui_scene *s, uint32_t row)
{
	struct phases p;

	if (ui_rows_item(s, UI_PANE_REQUESTS, row) != TR_NONE && phases_of(s, ui_rows_item(s, UI_PANE_REQUESTS, row), &p)) {
		ui_scene_drill(s, UI_PANE_EVENTS, NULL, "request");
		ui_scene_go(s, p.start.index, true);
	}
}

const struct ui_view ui_view_requests = {
	.title = "requests", .draw = draw, .chosen = chosen, .enter = enter, .opens = "events", .head = 1,
	.columns = columns, .items = items, .text = text, .key = key,
};
