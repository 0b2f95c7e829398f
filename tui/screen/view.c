/* view: the frame around the panes, and what several of them need. */
#include "tui/screen/view.h"

#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/bar.h"
#include "tui/screen/glyphs.h"

enum { WHOLE_ROWS = 2 };

/* ORDER panes */
const struct ui_view *const ui_views[UI_PANE_COUNT] = {
	&ui_view_timeline, &ui_view_threads, &ui_view_semaphores, &ui_view_parts, &ui_view_events, &ui_view_join,
	&ui_view_stack, &ui_view_requests, &ui_view_evidence, &ui_view_prompt, &ui_view_help,
};

/* ---- for views */

uint32_t ui_view_caller(const struct ui_run *run)
{
	if (ui_run_call(run) != TR_NONE)
		return tr_log_call(run->log, ui_run_call(run))->thread;
	return tr_log_nr_threads(run->log) ? 0 : TR_NONE;
}

const char *ui_view_thread(const struct ui_run *run, uint32_t thread, char *buf, size_t cap)
{
	const struct tr_thread *t = tr_log_thread(run->log, thread);

	if (run->lanes_caller >= run->nr_lanes || !t->pid || t->pid == tr_log_thread(run->log, run->lanes_caller)->pid)
		return t->name;
	snprintf(buf, cap, "%s %u", t->name, t->pid);
	return buf;
}

uint32_t ui_view_top(struct ui_scene *s, enum ui_pane pane, uint32_t nr, int page)
{
	struct ui_list_view *l = &s->lists[pane];
	uint32_t rows = page > 0 ? (uint32_t)page : 1;

	s->page[pane] = page;
	if (l->row >= nr)
		l->row = nr ? nr - 1 : 0;
	if (l->row < l->top)
		l->top = l->row;
	if (l->row >= l->top + rows)
		l->top = l->row - rows + 1;
	if (l->top + rows > nr)
		l->top = nr > rows ? nr - rows : 0;
	return l->top;
}

void ui_view_mark(const struct ui_scene *s, struct ui_cells *c, const struct ui_rect *rect, enum ui_pane pane, int row)
{
	if (s->focus == pane)
		ui_cells_role(c, rect, row, 0, -1, UI_ROLE_PLAIN);
	ui_cells_attrs(c, rect, row, 0, -1, s->focus == pane ? UI_ATTR_REVERSE : UI_ATTR_BOLD);
}

uint32_t ui_view_rows(const struct ui_scene *s, enum ui_pane pane)
{
	const struct ui_view *view = ui_views[pane];

	return view->items ? ui_rows_nr(s, pane) : view->rows ? view->rows(s) : 0;
}

int ui_view_head(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, enum ui_pane pane, int column, int x,
		 const char *format)
{
	struct ui_list_view *l = &s->lists[pane];
	char text[64];
	int lead, width;

	snprintf(text, sizeof(text), format, ui_views[pane]->columns[column].name);
	lead = (int)strspn(text, " ");
	width = ui_cells_text(c, r, 0, x, l->sort == column ? UI_ROLE_TITLE : UI_ROLE_DIM, "%s", text);
	if (l->sort == column) /* before what stands at the right, behind what stands at the left */
		ui_cells_text(c, r, 0, lead ? x + lead - 1 : x + width, UI_ROLE_TITLE, "%s",
			      ui_glyph(c->utf8, l->inverted ? UI_GLYPH_WAKE_UP : UI_GLYPH_WAKE_DOWN));
	l->at[column] = r->x + x + 1; /* 0: nowhere */
	return width;
}

void ui_view_line(const struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, enum ui_pane pane, int row,
		  uint32_t item, bool chosen)
{
	if (ui_views[pane]->items && ui_rows_match(s, pane, item))
		ui_cells_attrs(c, r, row, 0, -1, UI_ATTR_UNDERLINE);
	if (chosen)
		ui_view_mark(s, c, r, pane, row);
	if (ui_rows_tagged(&s->lists[pane], item))
		ui_cells_text(c, r, row, 0, UI_ROLE_FOCUS, "%s", ui_glyph(c->utf8, UI_GLYPH_TAG));
}

const char *ui_view_name(const char *name, int columns, char *buf, size_t cap)
{
	static const struct ui_cells any = { .utf8 = true };
	int head = columns < 8 ? columns : (columns - 1) / 3;
	const char *tail = ui_cells_tail(&any, name, columns);

	if (tail == name)
		snprintf(buf, cap, "%s", name);
	else if (columns < 8)
		snprintf(buf, cap, "%.*s", columns > 0 ? (int)ui_cells_head(&any, name, head) : 0, name);
	else
		snprintf(buf, cap, "%.*s~%s", (int)ui_cells_head(&any, name, head), name,
			 ui_cells_tail(&any, name, columns - 1 - head));
	return buf;
}

const char *ui_view_time(int64_t ns, char *buf, size_t cap)
{
	const char *sign = ns < 0 ? "-" : "";
	int64_t t = ns < 0 ? -ns : ns;

	snprintf(buf, cap, "%s%lld.%06lld", sign, (long long)(t / 1000000000), (long long)(t % 1000000000 / 1000));
	return buf;
}

const char *ui_view_duration(const struct ui_scene *s, int64_t ns, char *buf, size_t cap)
{
	if (!s->raw)
		return ui_time_text(ns, buf, cap);
	snprintf(buf, cap, "%lld", (long long)ns);
	return buf;
}

int64_t ui_view_now_ns(const struct ui_scene *s)
{
	bool running = s->live && !s->over && s->follow && !s->frozen && !s->state->stopped;

	return running && s->elapsed_ns > s->state->t_ns ? s->elapsed_ns : s->state->t_ns;
}

const char *ui_view_object(const struct tr_log *log, uint32_t object, char *buf, size_t cap)
{
	const struct tr_object *o = tr_log_object(log, object);
	const char *kind = o->init == XF_EV_sem_init ? "semaphore" : o->init == XF_EV_event_init ? "event" :
			   o->init == XF_EV_queue_init ? "queue" : o->init == XF_EV_mutex_init ? "lock" :
			   o->init == XF_EV_cond_init ? "condition" : "object";

	if (*o->name)
		snprintf(buf, cap, "%s '%s'", kind, o->name);
	else
		snprintf(buf, cap, "%s #%u", kind, o->id);
	return buf;
}

static void waiting_words(const struct ui_scene *s, const struct tr_thread_state *t, char *buf, size_t cap)
{
	const struct tr_log *log = ui_scene_shown(s)->log;
	char object[96];

	if (t->wait == XF_EV_join_begin && t->on_thread != TR_NONE)
		snprintf(buf, cap, "waits for %s to end", tr_log_thread(log, t->on_thread)->name);
	else if (t->object != TR_NONE && t->on_thread != TR_NONE)
		snprintf(buf, cap, "waits for %s, held by %s", ui_view_object(log, t->object, object, sizeof(object)),
			 tr_log_thread(log, t->on_thread)->name);
	else if (t->object != TR_NONE)
		snprintf(buf, cap, "waits for %s", ui_view_object(log, t->object, object, sizeof(object)));
	else
		snprintf(buf, cap, "waits");
}

const char *ui_view_doing(const struct ui_scene *s, uint32_t thread, char *buf, size_t cap)
{
	const struct tr_thread_state *t = &s->state->threads[thread];
	enum tr_activity activity = tr_thread_activity(t);
	size_t at = 0;

	if (t->part && activity != TR_ENDED && activity != TR_WAITING)
		at = (size_t)snprintf(buf, cap, "part %u: ", t->part);
	if (at >= cap)
		return buf;
	if (activity == TR_WAITING)
		waiting_words(s, t, buf + at, cap - at);
	else
		snprintf(buf + at, cap - at, "%s", ui_activity_word(activity));
	return buf;
}

/* ---- the frame */

/* Where there is nothing to be told, the prompt's pane only holds what programs write. */
static const char *title_of(const struct ui_scene *s, enum ui_pane pane)
{
	return pane == UI_PANE_PROMPT && s->live && !s->debugger.run ? "output" : ui_views[pane]->title;
}

/* What holds lines back is to be seen where they are missing. */
static int title_filter_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *row, int x, enum ui_pane pane)
{
	const struct ui_matches *m = &ui_scene_shown(s)->filter;
	int begin = x;

	if (pane == UI_PANE_EVENTS && m->filter)
		x += ui_cells_text(c, row, 0, x, UI_ROLE_MATCH, " filter: %s%s ", m->inverse ? "not " : "", m->text);
	else if (ui_views[pane]->items && *s->lists[pane].filter)
		x += ui_cells_text(c, row, 0, x, UI_ROLE_MATCH, " filter: %s ", s->lists[pane].filter);
	return x - begin;
}

/* "3/12", at the right edge, where a list does not fit. */
static void place_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *row, int x, enum ui_pane pane)
{
	const struct ui_list_view *l = &s->lists[pane];
	uint32_t nr = pane == UI_PANE_TIMELINE ? s->nr_lines : ui_view_rows(s, pane);
	char text[48];
	int len;

	if (pane == UI_PANE_PARTS || s->page[pane] <= 0 || nr <= (uint32_t)s->page[pane])
		return;
	len = snprintf(text, sizeof(text), " %u/%u ", l->row + 1, nr);
	if (row->columns - len - 1 > x)
		ui_cells_text(c, row, 0, row->columns - len - 1, UI_ROLE_DIM, "%s", text);
}

static void title_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, enum ui_pane pane)
{
	bool focus = s->focus == pane;
	struct ui_rect row = { r->y, r->x, 1, r->columns };
	char digit[16] = "";
	int x;

	for (int i = 0; i < r->columns; i++)
		ui_cells_text(c, &row, 0, i, focus ? UI_ROLE_TITLE : UI_ROLE_BORDER, "%s", ui_glyph(c->utf8, UI_GLYPH_RULE));
	if (pane < UI_PANE_HELP)
		snprintf(digit, sizeof(digit), "%d ", ((int)pane + 1) % 10);
	x = 1 + ui_cells_text(c, &row, 0, 1, focus ? UI_ROLE_FOCUS : UI_ROLE_TITLE, " %s%s ", digit, title_of(s, pane));
	x += title_filter_draw(s, c, &row, x, pane);
	if (ui_views[pane]->columns && focus && (s->lists[pane].sort || s->lists[pane].inverted))
		x += ui_cells_text(c, &row, 0, x, UI_ROLE_DIM, " by %s%s ", ui_views[pane]->columns[s->lists[pane].sort].name,
				   s->lists[pane].inverted ? ", turned" : "");
	if (s->lists[pane].nr_tags)
		x += ui_cells_text(c, &row, 0, x, UI_ROLE_DIM, " %u tagged ", s->lists[pane].nr_tags);
	place_draw(s, c, &row, x, pane);
}

/* All that is known of the chosen line, over as many rows as it takes. */
static void whole_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, enum ui_pane pane)
{
	const struct ui_view *view = ui_views[pane];
	uint32_t item = ui_rows_item(s, pane, s->lists[pane].row);
	char line[2048] = "", buf[256];
	size_t at = 0;

	for (int i = 0; item != TR_NONE && view->columns[i].name && at < sizeof(line); i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s: %s", i ? "  " : "", view->columns[i].name,
				       view->text(s, item, i, buf, sizeof(buf)));
	for (int row = 0; row < r->rows && (size_t)(row * r->columns) < strlen(line); row++)
		ui_cells_text(c, r, row, 0, UI_ROLE_STRONG, "%.*s", r->columns, line + row * r->columns);
}

static void pane_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, enum ui_pane pane)
{
	struct ui_rect body = { r->y + 1, r->x, r->rows - 1, r->columns };
	uint32_t nr = tr_log_nr_events(ui_scene_shown(s)->log);

	if (ui_views[pane]->needs_state && !s->state) {
		ui_cells_text(c, &body, 0, 1, UI_ROLE_DIM, "replaying %u events...", nr);
	} else {
		if (ui_views[pane]->items)
			ui_rows_settle(s, pane);
		if (s->wrap && s->focus == pane && ui_views[pane]->items && body.rows > WHOLE_ROWS + 3)
			body.rows -= WHOLE_ROWS;
		ui_views[pane]->draw(s, c, &body);
		if (body.rows < r->rows - 1)
			whole_draw(s, c, &(struct ui_rect){ body.y + body.rows, r->x, WHOLE_ROWS, r->columns }, pane);
	}
	title_draw(s, c, r, pane); /* it says where in the list we are */
}

/* "run > request-3 > part 7", and which moment it is. */
static void crumbs_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	const struct ui_run *run = ui_scene_shown(s);
	char when[32], line[512];
	uint32_t nr = tr_log_nr_events(run->log);
	int x = 0;

	for (int i = 0; i < s->nr_crumbs && s->nr_crumbs; i++)
		x += ui_cells_text(c, r, 0, x, UI_ROLE_STRONG, "%s%s %s ", i ? "" : "run ", ui_glyph(c->utf8, UI_GLYPH_CRUMB),
				   s->crumbs[i].text);
	if (run->at == TR_NONE)
		return;
	struct tr_event e = tr_log_event(run->log, run->at);
	x += ui_cells_text(c, r, 0, x, UI_ROLE_CALL, "%s ", ui_view_time(ui_run_time_ns(run, run->at), when, sizeof(when)));
	x += ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "#%u/%u ", run->at, nr);
	x += ui_cells_text(c, r, 0, x, UI_ROLE_STRONG, "%s ", tr_log_thread(run->log, e.thread)->name);
	x += ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, "%s ", tr_event_line(run->log, &e, line, sizeof(line)));
	if (tr_event_site(run->log, &e).line)
		ui_cells_text(c, r, 0, x, UI_ROLE_DIM, "%s:%u", tr_event_site(run->log, &e).file, tr_event_site(run->log, &e).line);
}

static void input_draw(const struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	/* ORDER inputs */
	static const char *const prompts[] = { "", ":", "/", "filter: ", "go to (1.5s 20ms #1234): ",
					       "", "" };
	int x = ui_cells_text(c, r, 0, 0, UI_ROLE_STRONG, "%s",
			      s->input == UI_INPUT_PROMPT ? ui_scene_prompt_text(s) : prompts[s->input]);

	if (s->input == UI_INPUT_CONFIRM)
		x = ui_cells_text(c, r, 0, 0, UI_ROLE_STRONG, "%s y/n ", s->debugger.abort_question);
	x += ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, "%s", ui_cells_tail(c, s->line, r->columns - x - 1));
	ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, " ");
	ui_cells_attrs(c, r, 0, x, 1, UI_ATTR_REVERSE);
}

/* What holds lines back is said here, too, as the list may not be in sight. */
static int filter_draw(const struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	const struct ui_matches *m = &ui_scene_shown(s)->filter;
	int x = 0;

	if (ui_views[s->focus]->items && *s->lists[s->focus].filter)
		x = ui_cells_text(c, r, 0, 0, UI_ROLE_MATCH, " %s: %.24s ", ui_views[s->focus]->title, s->lists[s->focus].filter);
	else if (m->filter)
		x = ui_cells_text(c, r, 0, 0, UI_ROLE_MATCH, " events: %s%.24s ", m->inverse ? "not " : "", m->text);
	return x ? x + ui_cells_text(c, r, 0, x, UI_ROLE_PLAIN, " ") : 0;
}

static void keys_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_bar_entry list[UI_MAX_BAR];
	int nr, x0;

	if (s->input != UI_INPUT_NONE) {
		input_draw(s, c, r);
		return;
	}
	if (*s->message) {
		ui_cells_text(c, r, 0, 0, UI_ROLE_STRONG, "%s", s->message);
		return;
	}
	x0 = s->bar_x = filter_draw(s, c, r);
	nr = ui_bar_make(s, r->columns - x0, list);
	for (int i = 0; i < nr; i++) {
		int x = x0 + list[i].x;
		x += 1 + ui_cells_text(c, r, 0, x, UI_ROLE_BAR_KEY, "%s", list[i].key);
		ui_cells_text(c, r, 0, x, UI_ROLE_BAR, "%s", list[i].word);
	}
}

void ui_view_draw(struct ui_scene *s, struct ui_cells *c)
{
	struct ui_layout_wish wish = { c->rows, c->columns, s->focus, s->maximised, s->enlarged, 0 };
	struct ui_rect all = { 0, 0, c->rows, c->columns };
	struct ui_layout l;

	for (int i = 0; i < s->nr_runs; i++)
		wish.lanes += (int)tr_log_nr_threads(s->runs[i].log) + (s->nr_runs > 1);
	l = ui_layout_make(&wish);
	s->rows = c->rows;
	s->columns = c->columns;
	c->utf8 = s->utf8;
	ui_cells_clear(c);
	if (!l.fits) {
		ui_cells_text(c, &all, 0, 0, UI_ROLE_PLAIN, "too small: %dx%d", c->columns, c->rows);
		ui_cells_text(c, &all, 1, 0, UI_ROLE_PLAIN, "at least %dx%d", UI_MIN_COLUMNS, UI_MIN_ROWS);
		ui_cells_text(c, &all, 2, 0, UI_ROLE_PLAIN, "(q leaves)");
		return;
	}
	ui_view_header(s, c, &l.header);
	crumbs_draw(s, c, &l.crumbs);
	for (int p = 0; p < UI_PANE_COUNT; p++)
		if (l.panes[p].rows > 1)
			pane_draw(s, c, &l.panes[p], (enum ui_pane)p);
	keys_draw(s, c, &l.keys);
}
