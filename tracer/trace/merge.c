/* merge: see log_private.h, and log.c for the rules. */
#include "tracer/trace/log_private.h"

#include <stdlib.h>

enum { PATIENCE = 20 }; /* refreshes that a head may wait for what has not come */

/* ---- the order of one object */

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static bool has_gaps(const struct object_row *o)
{
	return o->seen && o->highest - o->lowest != o->seen - 1;
}

static void collect_lane(struct tr_log *log, struct lane *l)
{
	struct cursor c = l->merge;
	const struct xf_record *r;
	while ((r = cursor_peek(log, l, &c))) {
		uint32_t process = log->info[l->segments[c.segment]].process;
		c.record++;
		if (!r->object || !r->order || r->kind >= XF_EV_COUNT)
			continue;
		uint32_t i = tr_map_get(&log->object_by_id, tr_pair(process, r->object));
		if (i == TR_NONE || !log->objects[i].numbers)
			continue;
		struct object_row *o = &log->objects[i];
		if (o->nr_numbers < o->seen)
			o->numbers[o->nr_numbers++] = r->order;
	}
}

/* More numbers than places, which no writer makes, count like missing ones. */
static uint64_t count_gaps(const struct object_row *o)
{
	uint64_t places = o->highest - o->lowest + 1;
	return places > o->seen ? places - o->seen : o->seen - places;
}

/* Finished traces: where numbers are missing, the ones that are there say who goes next. */
void tr_merge_numbers(struct tr_log *log)
{
	bool any = false;
	for (uint32_t i = 0; i < log->nr_objects; i++) {
		struct object_row *o = &log->objects[i];
		if (!has_gaps(o) || o->numbers)
			continue;
		o->numbers = o->seen < UINT32_MAX ? calloc(o->seen, sizeof(*o->numbers)) : NULL;
		if (!o->numbers)
			log->failed = true;
		any = true;
	}
	for (uint32_t i = 0; any && i < log->nr_lanes; i++)
		collect_lane(log, log->lanes[i]);
	for (uint32_t i = 0; any && i < log->nr_objects; i++) {
		struct object_row *o = &log->objects[i];
		if (!o->numbers)
			continue;
		qsort(o->numbers, o->nr_numbers, sizeof(*o->numbers), compare_numbers);
		o->public.gaps = count_gaps(o);
	}
}

static bool object_may_go(const struct object_row *o, uint64_t number, bool ended)
{
	if (!number)
		return true;
	if (o->numbers)
		return o->at_number >= o->nr_numbers || number <= o->numbers[o->at_number];
	uint64_t next = o->next;
	if (ended && next < o->lowest)
		next = o->lowest;
	return number <= (next ? next : 1);
}

static void object_went(struct object_row *o, uint64_t number)
{
	if (!number)
		return;
	while (o->numbers && o->at_number < o->nr_numbers && o->numbers[o->at_number] <= number)
		o->at_number++;
	if (number >= o->next)
		o->next = number + 1;
}

/* ---- the merge */

static const struct xf_record *next_event(const struct tr_log *log, struct lane *l)
{
	const struct xf_record *r;
	while ((r = cursor_peek(log, l, &l->merge)) &&
	       (r->kind <= XF_EV_property || r->kind >= XF_EV_COUNT))
		l->merge.record++;
	return r;
}

static bool earlier(const struct tr_log *log, uint32_t a, uint32_t b)
{
	uint64_t x = log->lanes[a]->head_ticks, y = log->lanes[b]->head_ticks;
	return x < y || (x == y && a < b);
}

static void heap_down(struct tr_log *log, uint32_t i)
{
	uint32_t *h = log->heap, lane = h[i];
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= log->nr_heap)
			break;
		if (child + 1 < log->nr_heap && earlier(log, h[child + 1], h[child]))
			child++;
		if (!earlier(log, h[child], lane))
			break;
		h[i] = h[child];
		i = child;
	}
	h[i] = lane;
}

static void heap_push(struct tr_log *log, uint32_t lane)
{
	if (!tr_grow(&log->heap, log->nr_heap, &log->cap_heap, sizeof(*log->heap))) {
		log->failed = true;
		return;
	}
	uint32_t i = log->nr_heap++;
	while (i && earlier(log, lane, log->heap[(i - 1) / 2])) {
		log->heap[i] = log->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	log->heap[i] = lane;
}

static void heap_pop(struct tr_log *log)
{
	log->heap[0] = log->heap[--log->nr_heap];
	if (log->nr_heap)
		heap_down(log, 0);
}

static uint32_t object_of(const struct tr_log *log, const struct lane *l, const struct xf_record *r)
{
	if (!r->object)
		return TR_NONE;
	uint32_t process = log->info[l->segments[l->merge.segment]].process;
	return tr_map_get(&log->object_by_id, tr_pair(process, r->object));
}

static bool may_go(struct tr_log *log, struct lane *l, const struct xf_record *r, uint32_t object,
		   bool ended)
{
	if (!l->begun && l->create_seen && !l->created)
		return false;
	if (r->kind == XF_EV_join_end) {
		const struct xf_ev_join_end *e = (const void *)r->payload;
		uint32_t i = e->how == XF_HOW_TIMED_OUT ? TR_NONE : tr_map_get(&log->lane_by_number, e->id);
		if (i != TR_NONE && log->lanes[i]->exit_seen && !log->lanes[i]->exited)
			return false;
	}
	if (r->kind == XF_EV_process_start &&
	    tr_map_get(&log->forks, ((const struct xf_ev_process_start *)(const void *)r->payload)->pid) == FORK_SEEN)
		return false;
	if (r->kind == XF_EV_process_wait &&
	    !tr_scan_may_wait(log, ((const struct xf_ev_process_wait *)(const void *)r->payload)->pid))
		return false;
	return object == TR_NONE || object_may_go(&log->objects[object], r->order, ended);
}

/*
 * The open call that a return ends: the thread's own, else the process's. Where threads are
 * not what a program is made of (Go), one may print the begin and another the end, and the
 * tracer, process 0, may have recorded one of the two for it.
 */
static uint32_t call_to_end(struct tr_log *log, uint32_t lane, uint32_t process, uint32_t id)
{
	uint32_t i = tr_map_get(&log->open_calls, tr_pair(lane, id));
	if (i != TR_NONE)
		return i;
	for (i = log->nr_calls; i-- > 0;)
		if (log->calls[i].id == id && log->calls[i].ret == TR_NONE &&
		    (log->calls[i].process == process || !log->calls[i].process || !process))
			return i;
	return TR_NONE;
}

static void note_call(struct tr_log *log, uint32_t lane, const struct xf_record *r)
{
	/* whose the record is: a thread goes on over an exec, as another process of the trace */
	uint32_t process = log->info[log->order[log->nr - 1] >> SLOT_BITS].process;
	if (r->kind == XF_EV_call_enter) {
		const struct xf_ev_call_enter *e = (const void *)r->payload;
		if (!tr_grow(&log->calls, log->nr_calls, &log->cap_calls, sizeof(*log->calls)) ||
		    !tr_grow(&log->call_labels, log->nr_calls, &log->cap_labels, sizeof(*log->call_labels)) ||
		    !tr_map_set(&log->open_calls, tr_pair(lane, e->call), log->nr_calls)) {
			log->failed = true;
			return;
		}
		log->call_labels[log->nr_calls] = e->label;
		log->calls[log->nr_calls++] = (struct tr_call){ .id = e->call, .process = process,
			.thread = lane, .enter = log->nr - 1, .ret = TR_NONE, .name = "",
			.implicit = e->flags & XF_CALL_IMPLICIT };
		return;
	}
	const struct xf_ev_call_return *e = (const void *)r->payload;
	uint32_t i = call_to_end(log, lane, process, e->call);
	if (i == TR_NONE || log->calls[i].ret != TR_NONE)
		return;
	log->calls[i].ret = log->nr - 1;
	log->calls[i].result = e->result;
}

static void note_thread(struct tr_log *log, const struct xf_record *r)
{
	bool create = r->kind == XF_EV_thread_create;
	uint32_t id = create ? ((const struct xf_ev_thread_create *)(const void *)r->payload)->id
			     : ((const struct xf_ev_thread_exit *)(const void *)r->payload)->id;
	uint32_t i = tr_map_get(&log->lane_by_number, id);
	if (i == TR_NONE)
		return;
	if (create)
		log->lanes[i]->created = true;
	else
		log->lanes[i]->exited = true;
}

static void unpark(struct tr_log *log, struct lane *l)
{
	l->parked = false;
	log->nr_parked--;
	if (l->parked_on != TR_NONE)
		log->objects[l->parked_on].parked--;
}

static void unpark_all(struct tr_log *log)
{
	for (uint32_t i = 0; log->nr_parked && i < log->nr_lanes; i++)
		if (log->lanes[i]->parked) {
			unpark(log, log->lanes[i]);
			heap_push(log, i);
		}
}

/* Puts the head of a lane into the order. Returns whether parked lanes should look again. */
static bool go(struct tr_log *log, uint32_t lane, const struct xf_record *r, uint32_t object)
{
	struct lane *l = log->lanes[lane];
	if (log->nr == UINT32_MAX - 1 || !tr_grow(&log->order, log->nr, &log->cap, sizeof(*log->order))) {
		log->failed = true;
		return false;
	}
	log->order[log->nr++] = l->segments[l->merge.segment] << SLOT_BITS | l->merge.record;
	l->merge.record++;
	l->begun = true;
	l->rounds = 0;
	l->public.last = log->nr - 1;
	if (!l->public.nr_events++)
		l->public.first = log->nr - 1;
	if (object != TR_NONE) {
		object_went(&log->objects[object], r->order);
		return log->objects[object].parked;
	}
	if (r->kind == XF_EV_call_enter || r->kind == XF_EV_call_return)
		note_call(log, lane, r);
	if (r->kind == XF_EV_fork) {
		tr_scan_fork(log, r, FORK_WENT);
		return true;
	}
	if (r->kind == XF_EV_process_wait)
		tr_scan_exit(log, ((const struct xf_ev_process_wait *)(const void *)r->payload)->pid, 0, -1);
	if (r->kind == XF_EV_process_exit) {
		tr_scan_exit(log, ((const struct xf_ev_process_exit *)(const void *)r->payload)->pid, -1, 1);
		return true;
	}
	if (r->kind != XF_EV_thread_create && r->kind != XF_EV_thread_exit)
		return false;
	note_thread(log, r);
	return true;
}

static void park(struct tr_log *log, uint32_t lane, uint32_t object)
{
	log->lanes[lane]->parked = true;
	log->lanes[lane]->parked_on = object;
	log->nr_parked++;
	if (object != TR_NONE)
		log->objects[object].parked++;
}

/* The lane at the top of the heap has moved on: back to its place, or out. */
static void heap_advance(struct tr_log *log, uint32_t lane)
{
	const struct xf_record *r = next_event(log, log->lanes[lane]);
	if (!r) {
		heap_pop(log);
		return;
	}
	log->lanes[lane]->head_ticks = r->ticks;
	heap_down(log, 0);
}

/* Nobody may go: the earliest of the parked goes all the same. False: there is none. */
static bool force(struct tr_log *log, bool ended)
{
	uint32_t best = TR_NONE;
	for (uint32_t i = 0; i < log->nr_lanes; i++)
		if (log->lanes[i]->parked && (ended || log->lanes[i]->rounds > PATIENCE) &&
		    (best == TR_NONE || earlier(log, i, best)))
			best = i;
	if (best == TR_NONE)
		return false;
	struct lane *l = log->lanes[best];
	const struct xf_record *r = next_event(log, l);
	go(log, best, r, object_of(log, l, r));
	unpark(log, l);
	r = next_event(log, l);
	if (r) {
		l->head_ticks = r->ticks;
		heap_push(log, best);
	}
	unpark_all(log);
	return true;
}

void tr_merge(struct tr_log *log, bool ended, uint64_t horizon)
{
	while (!log->failed) {
		if (!log->nr_heap) {
			if (!log->nr_parked || !force(log, ended))
				return;
			continue;
		}
		uint32_t lane = log->heap[0];
		struct lane *l = log->lanes[lane];
		if (l->head_ticks > horizon)
			return;
		const struct xf_record *r = next_event(log, l);
		uint32_t object = object_of(log, l, r);
		if (!may_go(log, l, r, object, ended)) {
			heap_pop(log);
			park(log, lane, object);
			continue;
		}
		bool look = go(log, lane, r, object) && log->nr_parked;
		heap_advance(log, lane);
		if (look)
			unpark_all(log);
	}
}

void tr_merge_start(struct tr_log *log)
{
	log->nr_heap = 0;
	log->nr_parked = 0;
	for (uint32_t i = 0; i < log->nr_objects; i++)
		log->objects[i].parked = 0;
	for (uint32_t i = 0; i < log->nr_lanes; i++) {
		struct lane *l = log->lanes[i];
		const struct xf_record *r = next_event(log, l);
		l->rounds += l->parked && l->rounds <= PATIENCE;
		l->parked = false;
		if (!r)
			continue;
		l->head_ticks = r->ticks;
		heap_push(log, i);
	}
}
