#include "tui/screen/index.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"

enum { SPANS_WALKED = 48, SAMPLES = 8 };

struct lane {
	struct ui_span *spans;
	uint32_t nr, cap;
	enum tr_activity now, before_hold, work; /* as in the model */
	uint32_t last_part;     /* key, TR_NONE: the part looked up last */
	uint64_t last_name;
};

struct ui_index {
	const struct tr_log *log;
	uint32_t at;
	struct lane *lanes;
	uint32_t nr_lanes, cap_lanes;
	struct ui_events *subjects[UI_SUBJECT_COUNT];
	uint32_t nr_subjects[UI_SUBJECT_COUNT], cap_subjects[UI_SUBJECT_COUNT];
	struct tr_map parts;    /* (process and transfer, part) → key */
	struct tr_map requests; /* (process, request) → key */
	const struct xf_field *part[XF_EV_COUNT], *transfer[XF_EV_COUNT], *request[XF_EV_COUNT];
	bool failed;            /* out of memory: it stays as far as it is */
};

struct ui_index *ui_index_new(const struct tr_log *log)
{
	struct ui_index *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->log = log;
	for (int kind = 0; kind < XF_EV_COUNT; kind++) {
		x->part[kind] = xf_field_find((enum xf_kind)kind, "part");
		x->transfer[kind] = xf_field_find((enum xf_kind)kind, "transfer");
		x->request[kind] = xf_field_find((enum xf_kind)kind, "request");
	}
	return x;
}

void ui_index_free(struct ui_index *x)
{
	if (!x)
		return;
	for (uint32_t i = 0; i < x->nr_lanes; i++)
		free(x->lanes[i].spans);
	free(x->lanes);
	for (int s = 0; s < UI_SUBJECT_COUNT; s++) {
		for (uint32_t i = 0; i < x->nr_subjects[s]; i++)
			free(x->subjects[s][i].list);
		free(x->subjects[s]);
	}
	tr_map_fini(&x->parts);
	tr_map_fini(&x->requests);
	free(x);
}

/* ---- rows */

static bool events_push(struct ui_events *e, uint32_t event)
{
	if (e->nr == e->cap) {
		uint32_t cap = e->cap ? e->cap + e->cap / 2 : 8;
		uint32_t *list = realloc(e->list, cap * sizeof(*list));
		if (!list)
			return false;
		e->list = list;
		e->cap = cap;
	}
	e->list[e->nr++] = event;
	return true;
}

static void note(struct ui_index *x, enum ui_subject subject, uint32_t key, uint32_t event)
{
	while (x->nr_subjects[subject] <= key) {
		if (!tr_grow(&x->subjects[subject], x->nr_subjects[subject], &x->cap_subjects[subject],
			     sizeof(struct ui_events))) {
			x->failed = true;
			return;
		}
		x->subjects[subject][x->nr_subjects[subject]++] = (struct ui_events){ .list = NULL };
	}
	x->failed |= !events_push(&x->subjects[subject][key], event);
}

static struct lane *lane_of(struct ui_index *x, uint32_t thread)
{
	while (x->nr_lanes <= thread) {
		if (!tr_grow(&x->lanes, x->nr_lanes, &x->cap_lanes, sizeof(*x->lanes)))
			return NULL;
		x->lanes[x->nr_lanes++] = (struct lane){ .last_part = TR_NONE };
	}
	return &x->lanes[thread];
}

static void span_push(struct ui_index *x, struct lane *l, uint32_t event, enum tr_activity activity)
{
	if (l->nr == l->cap) {
		uint32_t cap = l->cap ? l->cap + l->cap / 2 : 32;
		struct ui_span *spans = realloc(l->spans, cap * sizeof(*spans));
		if (!spans) {
			x->failed = true;
			return;
		}
		l->spans = spans;
		l->cap = cap;
	}
	l->spans[l->nr++] = (struct ui_span){ .event = event, .activity = (uint8_t)activity };
}

static void turn(struct ui_index *x, struct lane *l, uint32_t event, enum tr_activity activity)
{
	if (activity == l->now)
		return;
	span_push(x, l, event, activity);
	l->now = activity;
	l->work = tr_activity_resumed(l->work, activity);
}

/* ---- what an event makes of its thread; the same as the model's effects */

enum { KEEP = TR_ACTIVITY_COUNT, BACK };

static int activity_after(enum xf_kind kind)
{
	switch (kind) {
	case XF_EV_sem_wait: case XF_EV_event_wait: case XF_EV_cond_wait: case XF_EV_queue_wait:
	case XF_EV_mutex_wait: case XF_EV_join_begin:
		return TR_WAITING;
	case XF_EV_sem_acquired: case XF_EV_event_woken: case XF_EV_cond_woken: case XF_EV_mutex_lock:
	case XF_EV_join_end: case XF_EV_fd_read: case XF_EV_process_wait: case XF_EV_sleep: case XF_EV_poll:
		return BACK;
	case XF_EV_queue_get: case XF_EV_thread_start: case XF_EV_response: case XF_EV_part_done: case XF_EV_part_failed:
	case XF_EV_part_skipped:
		return TR_RUNNING;
	case XF_EV_request_start:
		return TR_CONNECTING;
	case XF_EV_connected: case XF_EV_tls_done: case XF_EV_continued:
		return TR_SENDING;
	case XF_EV_body_sent: case XF_EV_part_sent:
		return TR_AWAITING_ANSWER;
	case XF_EV_first_byte:
		return TR_RECEIVING;
	case XF_EV_part_retry: case XF_EV_backoff:
		return TR_BACKING_OFF;
	case XF_EV_thread_exit:
		return TR_ENDED;
	default:
		return KEEP;
	}
}

static void hold(struct ui_index *x, const struct tr_event *e)
{
	uint32_t thread = e->thread;
	struct lane *l;

	if (e->kind == XF_EV_held && tr_log_thread_find(x->log, TR_PAYLOAD(e, held)->thread) != TR_NONE)
		thread = tr_log_thread_find(x->log, TR_PAYLOAD(e, held)->thread);
	l = lane_of(x, thread);
	if (!l)
		return;
	if (e->kind == XF_EV_held) {
		l->before_hold = l->now;
		turn(x, l, e->index, TR_HELD);
	} else if (l->now == TR_HELD) {
		turn(x, l, e->index, l->before_hold);
	}
}

/* With a process end its threads, whether they said so or not. */
static void process_end(struct ui_index *x, const struct tr_event *e)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		struct lane *l = tr_thread_ends_with(tr_log_thread(x->log, i), e) ? lane_of(x, i) : NULL;
		if (l && l->now != TR_NOT_STARTED)
			turn(x, l, e->index, TR_ENDED);
	}
}

static void lane_note(struct ui_index *x, const struct tr_event *e)
{
	struct lane *l = lane_of(x, e->thread);
	int after = activity_after(e->kind);

	if (!l) {
		x->failed = true;
		return;
	}
	if (l->now == TR_NOT_STARTED || (l->now == TR_BACKING_OFF && e->kind != XF_EV_sleep && after == KEEP))
		turn(x, l, e->index, TR_RUNNING);
	if (after == BACK)
		turn(x, l, e->index, l->work);
	else if (after != KEEP)
		turn(x, l, e->index, (enum tr_activity)after);
	else if (e->kind == XF_EV_process_exit)
		process_end(x, e);
	else if (e->kind == XF_EV_part_reading)
		turn(x, l, e->index, TR_PAYLOAD(e, part_reading)->hashing ? TR_HASHING : TR_READING);
	else if (e->kind == XF_EV_part_read && (l->now == TR_READING || l->now == TR_HASHING))
		turn(x, l, e->index, TR_RUNNING);
	else if (e->kind == XF_EV_held || e->kind == XF_EV_released)
		hold(x, e);
}

/* ---- parts */

static uint64_t part_name(uint32_t process, uint32_t transfer, uint32_t part)
{
	return tr_pair(process << 20 | (transfer & 0xfffff), part);
}

static void part_note(struct ui_index *x, const struct tr_event *e)
{
	struct lane *l = &x->lanes[e->thread];
	uint64_t number = xf_field_get(e->record, x->part[e->kind]), name;

	if (!number || !x->transfer[e->kind])
		return;
	name = part_name(e->process, (uint32_t)xf_field_get(e->record, x->transfer[e->kind]), (uint32_t)number);
	if (l->last_part == TR_NONE || l->last_name != name) {
		uint32_t key = tr_map_get(&x->parts, name);
		if (key == TR_MAP_NONE) {
			key = x->nr_subjects[UI_SUBJECT_PART];
			x->failed |= !tr_map_set(&x->parts, name, key);
		}
		l->last_part = key;
		l->last_name = name;
	}
	note(x, UI_SUBJECT_PART, l->last_part, e->index);
}

static void request_note(struct ui_index *x, const struct tr_event *e)
{
	uint64_t name = tr_pair(e->process, (uint32_t)xf_field_get(e->record, x->request[e->kind]));
	uint32_t key = tr_map_get(&x->requests, name);

	if (key == TR_MAP_NONE) {
		key = x->nr_subjects[UI_SUBJECT_REQUEST];
		x->failed |= !tr_map_set(&x->requests, name, key);
	}
	note(x, UI_SUBJECT_REQUEST, key, e->index);
}

bool ui_index_advance(struct ui_index *x, uint32_t nr_events)
{
	uint32_t nr = tr_log_nr_events(x->log), end = nr - x->at > nr_events ? x->at + nr_events : nr;

	for (; x->at < end && !x->failed; x->at++) {
		struct tr_event e = tr_log_event(x->log, x->at);
		lane_note(x, &e);
		if (x->failed)
			break;
		note(x, UI_SUBJECT_THREAD, e.thread, e.index);
		if (e.object != TR_NONE)
			note(x, UI_SUBJECT_OBJECT, e.object, e.index);
		if (x->part[e.kind])
			part_note(x, &e);
		if (x->request[e.kind])
			request_note(x, &e);
	}
	return x->at == nr || x->failed;
}

uint32_t ui_index_at(const struct ui_index *x)
{
	return x->at;
}

/* ---- spans */

static int64_t span_begin(const struct ui_index *x, const struct ui_span *s)
{
	return tr_log_time(x->log, s->event);
}

/* The last span that begins at or before t_ns; TR_NONE. */
static uint32_t span_find(const struct ui_index *x, const struct lane *l, int64_t t_ns)
{
	uint32_t low = 0, high = l->nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (span_begin(x, &l->spans[mid]) <= t_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : TR_NONE;
}

static enum tr_activity most_of(const int64_t spent[TR_ACTIVITY_COUNT])
{
	enum tr_activity best = TR_NOT_STARTED;

	if (spent[TR_HELD] || spent[TR_STOPPED])
		return spent[TR_HELD] ? TR_HELD : TR_STOPPED;
	for (int a = 0; a < TR_ACTIVITY_COUNT; a++)
		if (spent[a] > spent[best])
			best = (enum tr_activity)a;
	return best;
}

/* Too many spans to add up: the column is asked at a few places. */
static enum tr_activity sampled(const struct ui_index *x, const struct lane *l, int64_t from, int64_t to)
{
	int64_t spent[TR_ACTIVITY_COUNT] = { 0 };

	for (int i = 0; i < SAMPLES; i++) {
		uint32_t s = span_find(x, l, from + (to - from) * (2 * i + 1) / (2 * SAMPLES));
		if (s != TR_NONE)
			spent[l->spans[s].activity]++;
	}
	return most_of(spent);
}

enum tr_activity ui_index_activity(const struct ui_index *x, uint32_t thread, int64_t from, int64_t to)
{
	int64_t spent[TR_ACTIVITY_COUNT] = { 0 }, begin = from;
	const struct lane *l;
	uint32_t s;

	if (thread >= x->nr_lanes)
		return TR_NOT_STARTED;
	l = &x->lanes[thread];
	s = span_find(x, l, from);
	for (int walked = 0;; walked++) {
		uint32_t next = s == TR_NONE ? 0 : s + 1;
		int64_t end = next < l->nr ? span_begin(x, &l->spans[next]) : to;
		if (walked == SPANS_WALKED)
			return sampled(x, l, from, to);
		if (end > to)
			end = to;
		if (s != TR_NONE && end > begin)
			spent[l->spans[s].activity] += end - begin;
		if (next >= l->nr || end >= to)
			return most_of(spent);
		begin = end > begin ? end : begin;
		s = next;
	}
}

/* The part the thread was at: the one its last event with a part speaks of. */
static uint32_t part_at(const struct ui_index *x, uint32_t thread, uint32_t event)
{
	enum { LOOK_BACK = 32 };

	for (int i = 0; event != TR_NONE && i < LOOK_BACK; i++) {
		struct tr_event e = tr_log_event(x->log, event);
		if (e.kind == XF_EV_part_start || e.kind == XF_EV_request_start || e.kind == XF_EV_part_sent ||
		    e.kind == XF_EV_part_reading || e.kind == XF_EV_part_read)
			return (uint32_t)xf_field_get(e.record, x->part[e.kind]);
		if (e.kind == XF_EV_part_done || e.kind == XF_EV_part_failed || e.kind == XF_EV_queue_get)
			return 0;
		event = ui_index_step(x, UI_SUBJECT_THREAD, thread, event, -1);
	}
	return 0;
}

bool ui_index_span(const struct ui_index *x, uint32_t thread, int64_t t_ns, struct ui_span_info *out)
{
	const struct lane *l = thread < x->nr_lanes ? &x->lanes[thread] : NULL;
	uint32_t s = l ? span_find(x, l, t_ns) : TR_NONE;

	if (s == TR_NONE)
		return false;
	*out = (struct ui_span_info){
		.activity = (enum tr_activity)l->spans[s].activity, .event = l->spans[s].event,
		.part = part_at(x, thread, l->spans[s].event), .from_ns = span_begin(x, &l->spans[s]),
		.to_ns = s + 1 < l->nr ? span_begin(x, &l->spans[s + 1]) : INT64_MAX,
	};
	return true;
}

/* ---- subjects */

uint32_t ui_index_part(const struct ui_index *x, uint32_t process, uint32_t transfer, uint32_t part)
{
	uint32_t key = tr_map_get(&x->parts, part_name(process, transfer, part));

	return key == TR_MAP_NONE ? TR_NONE : key;
}

uint32_t ui_index_nr_requests(const struct ui_index *x)
{
	return x->nr_subjects[UI_SUBJECT_REQUEST];
}

const struct ui_events *ui_index_events(const struct ui_index *x, enum ui_subject subject, uint32_t key)
{
	static const struct ui_events none;

	return key < x->nr_subjects[subject] ? &x->subjects[subject][key] : &none;
}

/* How many of them are at or before event. */
static uint32_t events_up_to(const struct ui_events *e, uint32_t event)
{
	uint32_t low = 0, high = e->nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (e->list[mid] <= event)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t ui_index_step(const struct ui_index *x, enum ui_subject subject, uint32_t key, uint32_t event, int dir)
{
	const struct ui_events *e = ui_index_events(x, subject, key);
	uint32_t up_to = events_up_to(e, event);

	if (dir > 0)
		return up_to < e->nr ? e->list[up_to] : TR_NONE;
	if (up_to && e->list[up_to - 1] == event)
		up_to--;
	return up_to ? e->list[up_to - 1] : TR_NONE;
}

static bool value_of(const struct tr_event *e, int64_t *value)
{
	uint64_t v;

	if (!tr_event_field(e, "value", &v) && !tr_event_field(e, "length", &v))
		return false;
	*value = (int64_t)v;
	return e->kind != XF_EV_sem_wait && e->kind != XF_EV_queue_wait;
}

bool ui_index_value(const struct ui_index *x, uint32_t object, uint32_t event, int64_t *value)
{
	enum { LOOK_BACK = 64 };
	const struct ui_events *e = ui_index_events(x, UI_SUBJECT_OBJECT, object);
	uint32_t up_to = events_up_to(e, event);

	for (int i = 0; up_to && i < LOOK_BACK; i++) {
		struct tr_event event_ = tr_log_event(x->log, e->list[--up_to]);
		if (value_of(&event_, value))
			return true;
	}
	return false;
}
