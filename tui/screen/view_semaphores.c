/*
 * view_semaphores: semaphores, queues and latches as gauges: the value now, who waits, who
 * was last to take it, and how the value went in the timeline's window.
 */
#include <string.h>

#include "tui/command/style.h"
#include "tui/screen/glyphs.h"
#include "tui/screen/view.h"

enum { GAUGE = 10, SPARK_MAX = 40, MAX_NAMES = 3 };

/* Those with a name, semaphores first; locks are too many and too short to be looked at. */
static bool listed(const struct ui_scene *s, uint32_t i)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);

	return *o->name && (o->init == XF_EV_sem_init || o->init == XF_EV_queue_init || o->init == XF_EV_event_init);
}

static bool is_semaphore(const struct ui_scene *s, uint32_t i)
{
	return tr_log_object(ui_scene_shown(s)->log, i)->init == XF_EV_sem_init;
}

static uint32_t nr_rows(const struct ui_scene *s)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; s->state && i < s->state->nr_objects; i++)
		nr += listed(s, i);
	return nr;
}

static uint32_t object_of(const struct ui_scene *s, uint32_t row)
{
	for (int pass = 0; s->state && pass < 2; pass++)
		for (uint32_t i = 0; i < s->state->nr_objects; i++)
			if (listed(s, i) && is_semaphore(s, i) == !pass && !row--)
				return i;
	return TR_NONE;
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

static void waiters_text(const struct ui_scene *s, uint32_t object, char *buf, size_t cap)
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
}

static void row_draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r, int row, uint32_t i)
{
	const struct tr_object *o = tr_log_object(ui_scene_shown(s)->log, i);
	const struct tr_object_state *t = &s->state->objects[i];
	int x = ui_cells_text(c, r, row, 0, t->alive ? UI_ROLE_PLAIN : UI_ROLE_DIM, "%-20.20s ", o->name);
	bool permits = o->init == XF_EV_sem_init && o->capacity > 0;
	int64_t most = permits ? o->capacity : t->max_in_use;
	int width = r->columns - 90 > SPARK_MAX ? SPARK_MAX : r->columns - 90 < 12 ? 12 : r->columns - 90;
	char waiters[160], value[48];

	if (permits)
		x += gauge_draw(c, r, row, x, o->capacity - t->value, o->capacity);
	else
		x += ui_cells_text(c, r, row, x, UI_ROLE_DIM, "%-11s", o->init == XF_EV_event_init ? t->value ? "set" : "not set" :
				   o->init == XF_EV_queue_init ? "queue" : "count");
	snprintf(value, sizeof(value), permits ? "%lld/%lld" : "%lld", (long long)t->value, (long long)o->capacity);
	x += ui_cells_text(c, r, row, x, permits && t->value <= 0 ? UI_ROLE_BAD : UI_ROLE_STRONG, "%-10s ", value);
	if (o->init != XF_EV_event_init)
		spark_draw(s, c, r, row, x, i, most, width);
	x += width + 1;
	waiters_text(s, i, waiters, sizeof(waiters));
	ui_cells_text(c, r, row, x, t->waiters ? UI_ROLE_PLAIN : UI_ROLE_DIM, "%s", waiters);
}

static void draw(struct ui_scene *s, struct ui_cells *c, const struct ui_rect *r)
{
	struct ui_rect list = { r->y + 1, r->x, r->rows - 1, r->columns };
	uint32_t nr = nr_rows(s), top = ui_view_top(s, UI_PANE_SEMAPHORES, nr, list.rows);

	ui_cells_text(c, r, 0, 0, UI_ROLE_DIM, "%-20s %-10s %-10s over time    who waits", "name", "taken", "free");
	for (int row = 0; row < list.rows && top + (uint32_t)row < nr; row++) {
		row_draw(s, c, &list, row, object_of(s, top + (uint32_t)row));
		if (top + (uint32_t)row == s->lists[UI_PANE_SEMAPHORES].row)
			ui_view_mark(s, c, &list, UI_PANE_SEMAPHORES, row);
	}
	if (s->object == TR_NONE)
		s->object = object_of(s, s->lists[UI_PANE_SEMAPHORES].row);
}

static void chosen(struct ui_scene *s, uint32_t row)
{
	s->object = object_of(s, row);
}

static void enter(struct ui_scene *s, uint32_t row)
{
	char filter[160];
	const struct tr_object *o;

	chosen(s, row);
	if (s->object == TR_NONE)
		return;
	o = tr_log_object(ui_scene_run(s)->log, s->object);
	snprintf(filter, sizeof(filter), "object=\"%s\"", o->name);
	ui_scene_drill(s, UI_PANE_EVENTS, filter, o->name);
}

const struct ui_view ui_view_semaphores = { "semaphores", true, draw, nr_rows, chosen, enter, NULL, 1 };
