/*
 * view_semaphores: semaphores, queues and latches as gauges: the value now, who waits, who
 * was last to take it, and how the value went in the timeline's window.
 */
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { GAUGE = 10, SPARK_MAX = 40, MAX_NAMES = 3, WIDE = 80, FREE_WIDTH = 9 };

/* ORDER semaphores' columns */
enum { KIND, NAME, TAKEN, FREE, OVER_TIME, WAITING };
static const struct ui_column columns[] = {
	{ "kind" }, { "name", .by_text = true }, { "taken" }, { "free" }, { "over time" }, { "waiting" },
	{ .name = NULL },
};

static uint32_t items(const struct ui_scene *s)
{
	return s->state ? s->state->nr_objects : 0;
}

/* Those with a name, and whatever is waited for; locks are too many and too short to be looked at. */
static bool listed(const struct ui_scene *s, uint32_t i)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);

	return s->state->objects[i].waiters || (*o->name &&
	       (o->init == XF_EV_sem_init || o->init == XF_EV_queue_init || o->init == XF_EV_event_init));
}

static const char *name_of(const struct ui_scene *s, uint32_t i, char *buf, size_t cap)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);

	return *o->name ? o->name : ui_view_object(ui_scene_shown(s)->log, i, buf, cap);
}

static int64_t taken(const struct ui_scene *s, uint32_t i)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);

	return o->init == XF_EV_sem_init && o->capacity > 0 ? o->capacity - s->state->objects[i].value : -1;
}

/* At first: semaphores, then queues, then the rest. */
static int64_t key(const struct ui_scene *s, uint32_t i, int column)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);

	switch (column) {
	case KIND:
		return o->init == XF_EV_sem_init ? 0 : o->init == XF_EV_queue_init ? 1 : 2;
	case TAKEN:
		return -taken(s, i);
	case FREE:
		return s->state->objects[i].value;
	case OVER_TIME:
		return -s->state->objects[i].max_in_use;
	default:
		return -(int64_t)s->state->objects[i].waiters;
	}
}

static const char *waiters_text(const struct ui_scene *s, uint32_t object, char *buf, size_t cap);

static const char *text(const struct ui_scene *s, uint32_t i, int column, char *buf, size_t cap)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);

	switch (column) {
	case KIND:
		return o->init == XF_EV_sem_init ? "semaphore" : o->init == XF_EV_queue_init ? "queue" : "event";
	case NAME:
		return name_of(s, i, buf, cap);
	case WAITING:
		return waiters_text(s, i, buf, cap);
	case TAKEN:
		if (taken(s, i) < 0)
			return "";
		snprintf(buf, cap, "%lld", (long long)taken(s, i));
		return buf;
	default: /* over time: the most that was taken */
		snprintf(buf, cap, "%lld", (long long)(column == FREE ? s->state->objects[i].value : s->state->objects[i].max_in_use));
		return buf;
	}
}

static int name_width(const struct ui_rect *r)
{
	return r->columns < WIDE ? 14 : 20;
}

/* Who waits has to be seen, too. */
static int spark_width(const struct ui_rect *r)
{
	return r->columns < WIDE ? 9 : r->columns - 90 > SPARK_MAX ? SPARK_MAX : r->columns - 90 < 12 ? 12 : r->columns - 90;
}

static int spark_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, int x, uint32_t object,
		      int64_t most, int width)
{
	const struct ui_run *run = ui_scene_shown(s);

	for (int i = 0; i < width; i++) {
		int64_t t = s->from_ns + (s->to_ns - s->from_ns) / width * (i + 1), value;
		uint32_t event = tr_log_at_time(run->log, t + run->zero_ns);
		if (!event || t > ui_scene_now_ns(s) + (s->to_ns - s->from_ns) / width ||
		    !ui_index_value(run->index, object, event - 1, &value))
			continue;
		ui_cells_text(c, r, row, x + i, value <= 0 ? UI_ROLE_LUCK : UI_ROLE_AXIS, "%s", ui_level_glyph(c->utf8, value, most));
	}
	return width;
}

static int gauge_draw(struct ui_cells *c, const struct ui_rect *r, int row, int x, int64_t in_use, int64_t capacity)
{
	int full = capacity > 0 ? (int)(in_use * GAUGE / capacity) : 0;

	full = in_use > 0 && !full ? 1 : full > GAUGE ? GAUGE : full;
	for (int i = 0; i < GAUGE; i++)
		ui_cells_text(c, r, row, x + i, i < full ? full == GAUGE ? UI_ROLE_BAD : UI_ROLE_SEND : UI_ROLE_DIM, "%s",
			      ui_glyph(c->utf8, i < full ? UI_GLYPH_GAUGE_FULL : UI_GLYPH_GAUGE_EMPTY));
	return GAUGE + 1;
}

static const char *waiters_text(const struct ui_scene *s, uint32_t object, char *buf, size_t cap)
{
	const struct tr_log *log = ui_scene_shown(s)->log;
	uint32_t list[MAX_NAMES], nr = tr_state_waiters(s->state, object, list, MAX_NAMES);
	size_t at = (size_t)snprintf(buf, cap, "%u waiting", nr);

	for (uint32_t i = 0; i < nr && i < MAX_NAMES && at < cap; i++)
		at += (size_t)snprintf(buf + at, cap - at, "%s%s", i ? ", " : ": ", tr_log_thread(log, list[i])->name);
	if (nr > MAX_NAMES && at < cap)
		at += (size_t)snprintf(buf + at, cap - at, ", ...");
	if (s->state->objects[object].owner != TR_NONE && at < cap)
		snprintf(buf + at, cap - at, "  last taken by %s", tr_log_thread(log, s->state->objects[object].owner)->name);
	return buf;
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t i)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);
	const struct tr_object_state *t = &s->state->objects[i];
	char name[96], cut[96];
	int x = 1 + ui_cells_text(c, r, row, 1, t->alive ? UI_ROLE_PLAIN : UI_ROLE_DIM, "%-*s ", name_width(r),
				  ui_view_name(name_of(s, i, name, sizeof(name)), name_width(r), cut, sizeof(cut)));
	bool permits = o->init == XF_EV_sem_init && o->capacity > 0;
	int64_t most = permits ? o->capacity : t->max_in_use;
	int width = spark_width(r);
	char waiters[160], value[48];

	if (permits)
		x += gauge_draw(c, r, row, x, o->capacity - t->value, o->capacity);
	else
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "%-11s", o->init == XF_EV_event_init ? t->value ? "set" : "not set" :
				   o->init == XF_EV_queue_init ? "queue" : "count");
	snprintf(value, sizeof(value), permits ? "%lld/%lld" : "%lld", (long long)t->value, (long long)o->capacity);
	x += ui_cells_text(c, r, row, x, permits && t->value <= 0 ? UI_ROLE_BAD : UI_ROLE_STRONG, "%-*s ", FREE_WIDTH, value);
	if (o->init != XF_EV_event_init)
		spark_draw(s, c, r, row, x, i, most, width);
	x += width + 1;
	ui_cells_text(c, r, row, x, t->waiters ? UI_ROLE_PLAIN : UI_ROLE_DIM, "%s", waiters_text(s, i, waiters, sizeof(waiters)));
}

static void head_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	int x = 1;

	ui_view_head(s, c, r, UI_PANE_SEMAPHORES, NAME, x, "%s");
	ui_view_head(s, c, r, UI_PANE_SEMAPHORES, TAKEN, x += name_width(r) + 1, "%s");
	ui_view_head(s, c, r, UI_PANE_SEMAPHORES, FREE, x += GAUGE + 1, "%s");
	ui_view_head(s, c, r, UI_PANE_SEMAPHORES, OVER_TIME, x += FREE_WIDTH + 1, "%s");
	ui_view_head(s, c, r, UI_PANE_SEMAPHORES, WAITING, x + spark_width(r) + 1, "%s");
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	struct ui_list_view *l = &s->lists[UI_PANE_SEMAPHORES];
	uint32_t nr = ui_rows_nr(s, UI_PANE_SEMAPHORES), at, top;

	head_draw(s, c, r);
	if (s->object == TR_NONE)
		s->object = ui_rows_item(s, UI_PANE_SEMAPHORES, l->row);
	at = ui_rows_find(s, UI_PANE_SEMAPHORES, s->object);
	l->row = at != TR_NONE ? at : l->row;
	top = ui_view_top(s, UI_PANE_SEMAPHORES, nr, list.rows);
	if (!nr)
		ui_cells_text(c, &list, 0, 1, UI_ROLE_DIM, "%s", *l->filter ? "the filter leaves nothing ('\\' changes it)" :
			      "none has a name, and nobody waits for one");
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		uint32_t object = ui_rows_item(s, UI_PANE_SEMAPHORES, top + (uint32_t)row);
		row_draw(s, c, &list, row, object);
		ui_view_line(s, c, &list, UI_PANE_SEMAPHORES, row, object, top + (uint32_t)row == l->row);
	}
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->object = ui_rows_item(s, UI_PANE_SEMAPHORES, row);
}

static void enter(struct ui_scene *s, uint32_t row)
{
	char filter[160], name[96];
	const struct tr_object *o;

	chosen(s, row);
	if (s->object == TR_NONE)
		return;
	o = tr_log_object(ui_scene_run(s)->log, s->object);
	snprintf(filter, sizeof(filter), *o->name ? "object=\"%s\"" : "object=%s", *o->name ? o->name : strchr(name_of(s, s->object, name, sizeof(name)), '#') + 1);
	ui_scene_drill(s, UI_PANE_EVENTS, filter, name_of(s, s->object, name, sizeof(name)));
}

const struct ui_view ui_view_semaphores = {
	.title = "semaphores", .needs_state = true, .draw = draw, .chosen = chosen, .enter = enter, .opens = "events", .head = 1,
	.columns = columns, .items = items, .listed = listed, .text = text, .key = key,
};
