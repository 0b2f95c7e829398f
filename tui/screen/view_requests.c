/* view_requests: every HTTP exchange up to the cursor, newest last, with its phases as numbers and as a bar. */
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { BAR_MIN = 10 };

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
static uint32_t nr_rows(const struct ui_scene *s)
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

static uint32_t request_of(const struct ui_scene *s, uint32_t row)
{
	return s->lists[UI_PANE_REQUESTS].inverted ? nr_rows(s) - 1 - row : row;
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
	int x;

	if (!phases_of(s, request, &p))
		return;
	if (p.start.kind == XF_EV_request_start) {
		const struct xf_ev_request_start *b = TR_PAYLOAD(&p.start, request_start);
		snprintf(part, sizeof(part), b->attempt > 1 ? "%u, try %u" : "%u", b->part, b->attempt);
		x = ui_cells_text(c, r, row, 0, UI_ROLE_STRONG, "%-14.14s ", xf_op_name((enum xf_op)b->op));
		x += ui_cells_text(c, r, row, x, UI_ROLE_PLAIN, "%-10.10s ", b->part ? part : "");
	} else {
		x = ui_cells_text(c, r, row, 0, UI_ROLE_DIM, "%-25s ", "(its start is lost)");
	}
	snprintf(status, sizeof(status), "%u", p.http_status);
	x += ui_cells_text(c, r, row, x, !p.over ? UI_ROLE_AWAIT : p.http_status / 100 == 2 ? UI_ROLE_DONE : UI_ROLE_BAD, "%-5s",
			   !p.over ? "open" : p.http_status ? status : "none");
	x += phase_draw(c, r, row, x, p.total);
	if (r->columns > 100) {
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "%-6s", p.reused ? "reused" : "");
		x += phase_draw(c, r, row, x, p.resolve);
		x += phase_draw(c, r, row, x, p.connect);
		x += phase_draw(c, r, row, x, p.tls);
	}
	if (r->columns > 70) {
		x += phase_draw(c, r, row, x, p.send);
		x += phase_draw(c, r, row, x, p.answer);
		x += phase_draw(c, r, row, x, p.receive);
	}
	bar_draw(c, r, row, x + 1, &p);
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	uint32_t nr = nr_rows(s), top = ui_view_top(s, UI_PANE_REQUESTS, nr, list.rows);
	int x = ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, "%-14s %-10s %-5s%8s ", "operation", "part", "HTTP", "total");

	if (r->columns > 100)
		x += ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "%-6s%8s %8s %8s ", "conn", "DNS", "connect", "TLS");
	if (r->columns > 70)
		ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "%8s %8s %8s", "send", "answer", "receive");
	if (!nr)
		ui_cells_text(c, &list, 0, 0, UI_ROLE_DIM, "no request yet");
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		row_draw(s, c, &list, row, request_of(s, top + (uint32_t)row));
		if (top + (uint32_t)row == s->lists[UI_PANE_REQUESTS].row)
			ui_view_mark(s, c, &list, UI_PANE_REQUESTS, row);
	}
}

static void enter(struct ui_scene *s, uint32_t row)
{
	struct phases p;

	if (row < nr_rows(s) && phases_of(s, request_of(s, row), &p)) {
		ui_scene_drill(s, UI_PANE_EVENTS, NULL, "request");
		ui_scene_go(s, p.start.index, true);
	}
}

const struct ui_view ui_view_requests = { "requests", false, draw, nr_rows, NULL, enter, NULL, 1 };
