/*
 * log: absorbs what describes, merges what happened.
 *
 * New records are seen twice. The *scan* goes thread by thread and takes texts,
 * sites and names out, and notes for every object which numbers of its history
 * are there and for every thread that its creation and its end are. The *merge*
 * then takes, again and again, the earliest head of all threads that may go:
 *
 *   an event with number n of an object goes after the object's next lower number
 *   a thread's first event goes after the thread_create that made it
 *   a join_end goes after the thread_exit of that thread
 *   a process_start goes after the fork that made the process (its parent may tell of it late)
 *
 * where the earlier one is there at all. A head that may not go waits (*parked*)
 * until the event it waits for has gone. Times decide only between heads that may.
 * In a finished trace a parked head always gets its turn: what it waits for lies
 * in a thread whose own head may go, or the trace contradicts itself, and then the
 * earliest goes. In a live one what it waits for may still be on its way; it goes
 * after PATIENCE refreshes.
 */
#include "tracer/trace/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"

enum { PATIENCE = 20, TEXT_MAX = 65535, ARENA_BLOCK = 1 << 16, SLOT_BITS = 10 };
_Static_assert(XF_SEGMENT_RECORDS <= 1 << SLOT_BITS, "a place in a segment fits");

struct block {
	struct block *next;
	size_t used, cap;
	char bytes[];
};

struct site_row {
	uint32_t process, line, function, file, args;
};

struct property_row {
	uint32_t process, key, value;
	uint64_t number;
	char decimal[24];
};

/* Where a thread is read. */
struct cursor {
	uint32_t segment, record; /* position in lane.segments, in that segment */
};

struct lane {
	struct tr_thread public;
	uint32_t label, role, name_process;
	char fallback[20];        /* "tid-N" */
	uint32_t *segments;       /* file segments by generation, without holes */
	uint32_t nr_segments, cap_segments, next_generation;
	uint32_t *early;          /* segments whose predecessor is not there yet */
	uint32_t nr_early, cap_early;
	struct cursor scan, merge;
	uint64_t head_ticks;
	uint32_t create_seen, exit_seen; /* such records in the trace … */
	bool created, exited;            /* … and in the order */
	bool begun, parked;
	uint32_t parked_on;       /* object index, TR_NONE */
	uint8_t rounds;           /* refreshes it has been parked for */
};

struct object_row {
	struct tr_object public;
	uint32_t label;
	uint64_t seen, lowest, highest;
	uint64_t next;            /* number that may go now */
	uint64_t *numbers;        /* those that are there, sorted; NULL: without gaps from lowest */
	uint32_t nr_numbers, at_number;
	uint32_t parked;
};

struct tr_log {
	struct tr_file *file;
	uint32_t *order;          /* segment << SLOT_BITS | record */
	uint32_t nr, cap;
	struct segment_info { uint32_t lane, process; } *info; /* by file segment */
	uint32_t nr_info, cap_info;
	struct lane **lanes;
	uint32_t nr_lanes, cap_lanes;
	uint32_t *heap, nr_heap, cap_heap;
	uint32_t nr_parked;
	struct object_row *objects;
	uint32_t nr_objects, cap_objects;
	char **texts;
	uint32_t nr_texts, cap_texts;
	struct site_row *sites;
	uint32_t nr_sites, cap_sites;
	struct property_row **properties;
	uint32_t nr_properties, cap_properties;
	struct tr_call *calls;
	uint32_t *call_labels;
	uint32_t nr_calls, cap_calls, cap_labels;
	struct tr_map forks;      /* pid of a child: FORK_SEEN in the trace, FORK_WENT into the order */
	struct tr_map lane_by_number, object_by_id, text_by_id, site_by_id, open_calls;
	struct block *arena;
	struct xf_anchor anchors[XF_NR_ANCHORS];
	uint32_t nr_anchors;
	uint64_t lost_events;     /* sum of `lost` records */
	bool failed;              /* out of memory: what is loaded stays */
};

/* ---- memory that stays */

static char *arena_take(struct tr_log *log, size_t len)
{
	if (!log->arena || log->arena->cap - log->arena->used < len) {
		size_t cap = len > ARENA_BLOCK ? len : ARENA_BLOCK;
		struct block *b = calloc(1, sizeof(*b) + cap);
		if (!b)
			return NULL;
		b->cap = cap;
		b->next = log->arena;
		log->arena = b;
	}
	char *p = log->arena->bytes + log->arena->used;
	log->arena->used += len;
	return p;
}

/* ---- rows */

static uint32_t lane_for(struct tr_log *log, uint32_t number)
{
	uint32_t i = tr_map_get(&log->lane_by_number, number);
	if (i != TR_NONE)
		return i;
	struct lane *l = calloc(1, sizeof(*l));
	if (!l || !tr_grow(&log->lanes, log->nr_lanes, &log->cap_lanes, sizeof(*log->lanes)) ||
	    !tr_map_set(&log->lane_by_number, number, log->nr_lanes)) {
		free(l);
		log->failed = true;
		return TR_NONE;
	}
	snprintf(l->fallback, sizeof(l->fallback), "tid-%u", number);
	l->public = (struct tr_thread){ .number = number, .name = l->fallback, .role = "",
					.first = TR_NONE, .last = TR_NONE, .creator = TR_NONE };
	log->lanes[log->nr_lanes] = l;
	return log->nr_lanes++;
}

static uint32_t object_for(struct tr_log *log, uint32_t process, uint32_t id)
{
	uint32_t i = tr_map_get(&log->object_by_id, tr_pair(process, id));
	if (i != TR_NONE)
		return i;
	if (!tr_grow(&log->objects, log->nr_objects, &log->cap_objects, sizeof(*log->objects)) ||
	    !tr_map_set(&log->object_by_id, tr_pair(process, id), log->nr_objects)) {
		log->failed = true;
		return TR_NONE;
	}
	log->objects[log->nr_objects] = (struct object_row){
		.public = { .process = process, .id = id, .name = "" }, .lowest = UINT64_MAX };
	return log->nr_objects++;
}

/* ---- absorbing */

static void absorb_text(struct tr_log *log, uint32_t process, const struct xf_record *r)
{
	const struct xf_text_record *t = (const struct xf_text_record *)(const void *)r;
	if (t->len > XF_TEXT_PIECE || (uint32_t)t->at + t->len > t->total || !t->id)
		return;
	uint64_t key = tr_pair(process, t->id);
	uint32_t i = tr_map_get(&log->text_by_id, key);
	if (i == TR_NONE) {
		char *text = arena_take(log, (size_t)t->total + 3);
		if (!text || !tr_grow(&log->texts, log->nr_texts, &log->cap_texts, sizeof(*log->texts)) ||
		    !tr_map_set(&log->text_by_id, key, log->nr_texts)) {
			log->failed = true;
			return;
		}
		memcpy(text, &t->total, sizeof(t->total));
		i = log->nr_texts++;
		log->texts[i] = text + sizeof(t->total);
	}
	uint16_t total;
	memcpy(&total, log->texts[i] - sizeof(total), sizeof(total));
	if ((uint32_t)t->at + t->len <= total) /* two texts of one number: the first one's length holds */
		memcpy(log->texts[i] + t->at, t->bytes, t->len);
}

static void absorb_site(struct tr_log *log, uint32_t process, const struct xf_ev_site *e)
{
	if (!tr_grow(&log->sites, log->nr_sites, &log->cap_sites, sizeof(*log->sites)) ||
	    !tr_map_set(&log->site_by_id, tr_pair(process, e->id), log->nr_sites)) {
		log->failed = true;
		return;
	}
	log->sites[log->nr_sites++] = (struct site_row){ process, e->line, e->function, e->file, e->args };
}

static void absorb_name(struct tr_log *log, uint32_t process, const struct xf_ev_thread_name *e)
{
	uint32_t i = lane_for(log, e->id);
	if (i == TR_NONE)
		return;
	struct lane *l = log->lanes[i];
	l->name_process = process;
	l->label = e->label;
	l->role = e->role;
	if (e->tid)
		l->public.tid = e->tid;
}

static void absorb_property(struct tr_log *log, uint32_t process, const struct xf_ev_property *e)
{
	struct property_row *row = calloc(1, sizeof(*row));
	if (!row || !tr_grow(&log->properties, log->nr_properties, &log->cap_properties,
			     sizeof(*log->properties))) {
		free(row);
		log->failed = true;
		return;
	}
	*row = (struct property_row){ process, e->key, e->value, e->number, "" };
	snprintf(row->decimal, sizeof(row->decimal), "%llu", (unsigned long long)e->number);
	log->properties[log->nr_properties++] = row;
}

static void absorb(struct tr_log *log, uint32_t process, const struct xf_record *r)
{
	const void *payload = r->payload;
	switch (r->kind) {
	case XF_EV_text:
		absorb_text(log, process, r);
		break;
	case XF_EV_site:
		absorb_site(log, process, payload);
		break;
	case XF_EV_thread_name:
		absorb_name(log, process, payload);
		break;
	case XF_EV_property:
		absorb_property(log, process, payload);
		break;
	default:
		break;
	}
}

/* ---- the scan */

/* What an object is, from any kind that speaks of it. */
static enum xf_kind init_kind(enum xf_kind kind)
{
	switch (kind) {
	case XF_EV_sem_init: case XF_EV_sem_destroy: case XF_EV_sem_post: case XF_EV_sem_wait:
	case XF_EV_sem_acquired:
		return XF_EV_sem_init;
	case XF_EV_event_init: case XF_EV_event_destroy: case XF_EV_event_set: case XF_EV_event_wait:
	case XF_EV_event_woken:
		return XF_EV_event_init;
	case XF_EV_mutex_init: case XF_EV_mutex_destroy: case XF_EV_mutex_lock: case XF_EV_mutex_unlock:
	case XF_EV_mutex_wait:
		return XF_EV_mutex_init;
	case XF_EV_cond_init: case XF_EV_cond_destroy: case XF_EV_cond_signal: case XF_EV_cond_wait:
	case XF_EV_cond_woken:
		return XF_EV_cond_init;
	case XF_EV_queue_init: case XF_EV_queue_destroy: case XF_EV_queue_put: case XF_EV_queue_wait:
	case XF_EV_queue_get:
		return XF_EV_queue_init;
	default:
		return XF_EV_none;
	}
}

static void describe_object(struct object_row *o, const struct xf_record *r)
{
	const void *p = r->payload;
	const struct xf_ev_sem_init *sem = p;
	const struct xf_ev_event_init *latch = p;
	const struct xf_ev_mutex_init *mutex = p;
	const struct xf_ev_cond_init *cond = p;
	const struct xf_ev_queue_init *queue = p;
	uint8_t class = XF_CLASS_NONE;
	if (!o->public.init)
		o->public.init = init_kind((enum xf_kind)r->kind);
	switch (r->kind) {
	case XF_EV_sem_init:
		o->label = sem->label, class = sem->class, o->public.capacity = sem->value;
		break;
	case XF_EV_event_init:
		o->label = latch->label, class = latch->class;
		break;
	case XF_EV_mutex_init:
		o->label = mutex->label, class = mutex->class;
		break;
	case XF_EV_cond_init:
		o->label = cond->label, class = cond->class;
		break;
	case XF_EV_queue_init:
		o->label = queue->label, class = queue->class;
		o->public.capacity = (int64_t)queue->capacity;
		break;
	default:
		return;
	}
	o->public.class = class < XF_CLASS_COUNT ? (enum xf_class)class : XF_CLASS_NONE;
}

static void scan_object(struct tr_log *log, uint32_t process, const struct xf_record *r)
{
	uint32_t i = object_for(log, process, r->object);
	if (i == TR_NONE)
		return;
	struct object_row *o = &log->objects[i];
	describe_object(o, r);
	if (!r->order)
		return;
	o->seen++;
	o->lowest = r->order < o->lowest ? r->order : o->lowest;
	o->highest = r->order > o->highest ? r->order : o->highest;
}

static void scan_thread_event(struct tr_log *log, uint32_t lane, const struct xf_record *r)
{
	const void *p = r->payload;
	uint32_t id = r->kind == XF_EV_thread_create ? ((const struct xf_ev_thread_create *)p)->id
						     : ((const struct xf_ev_thread_exit *)p)->id;
	uint32_t i = lane_for(log, id);
	if (i == TR_NONE)
		return;
	struct lane *l = log->lanes[i];
	if (r->kind == XF_EV_thread_exit) {
		l->exit_seen++;
	} else if (i != lane) {
		l->create_seen++;
		l->public.creator = lane;
		if (!l->label) {
			l->label = ((const struct xf_ev_thread_create *)p)->label;
			l->name_process = log->lanes[lane]->public.process;
		}
	}
}

enum { FORK_SEEN = 1, FORK_WENT = 2 };

static void note_fork(struct tr_log *log, const struct xf_record *r, uint32_t state)
{
	if (!tr_map_set(&log->forks, ((const struct xf_ev_fork *)(const void *)r->payload)->child, state))
		log->failed = true;
}

static void scan_record(struct tr_log *log, uint32_t lane, uint32_t process, const struct xf_record *r)
{
	if (r->kind >= XF_EV_COUNT || r->kind == XF_EV_none)
		return;
	if (r->kind <= XF_EV_property) {
		absorb(log, process, r);
		return;
	}
	if (r->object)
		scan_object(log, process, r);
	else if (r->kind == XF_EV_thread_create || r->kind == XF_EV_thread_exit)
		scan_thread_event(log, lane, r);
	else if (r->kind == XF_EV_fork)
		note_fork(log, r, FORK_SEEN);
	else if (r->kind == XF_EV_lost)
		log->lost_events += ((const struct xf_ev_lost *)(const void *)r->payload)->records;
}

/* The record under a cursor, which it leads past used-up segments; NULL: no more for now. */
static const struct xf_record *cursor_peek(const struct tr_log *log, const struct lane *l,
					   struct cursor *c)
{
	while (c->segment < l->nr_segments) {
		const struct tr_segment *s = tr_file_segment(log->file, l->segments[c->segment]);
		if (c->record < s->count)
			return &s->segment->records[c->record];
		if (c->segment + 1 == l->nr_segments)
			return NULL;
		c->segment++;
		c->record = 0;
	}
	return NULL;
}

static void scan_lane(struct tr_log *log, uint32_t lane)
{
	struct lane *l = log->lanes[lane];
	const struct xf_record *r;
	while ((r = cursor_peek(log, l, &l->scan)) && !log->failed) {
		scan_record(log, lane, log->info[l->segments[l->scan.segment]].process, r);
		l->scan.record++;
	}
}

/* ---- segments to threads */

static uint32_t generation_of(const struct tr_log *log, uint32_t segment)
{
	return tr_file_segment(log->file, segment)->generation;
}

static bool push(uint32_t **list, uint32_t *nr, uint32_t *cap, uint32_t value)
{
	if (!tr_grow(list, *nr, cap, sizeof(**list)))
		return false;
	(*list)[(*nr)++] = value;
	return true;
}

/* Moves early segments whose turn has come; with `all`, also past a hole. */
static void settle_early(struct tr_log *log, struct lane *l, bool all)
{
	while (l->nr_early) {
		uint32_t best = 0;
		for (uint32_t i = 1; i < l->nr_early; i++)
			if (generation_of(log, l->early[i]) < generation_of(log, l->early[best]))
				best = i;
		uint32_t generation = generation_of(log, l->early[best]);
		if (generation != l->next_generation && !all)
			return;
		if (!push(&l->segments, &l->nr_segments, &l->cap_segments, l->early[best])) {
			log->failed = true;
			return;
		}
		l->early[best] = l->early[--l->nr_early];
		l->next_generation = generation + 1;
	}
}

static void take_segment(struct tr_log *log, uint32_t segment)
{
	const struct xf_segment_header *h = &tr_file_segment(log->file, segment)->segment->header;
	uint32_t lane = lane_for(log, h->thread);
	if (lane == TR_NONE ||
	    !tr_grow(&log->info, log->nr_info, &log->cap_info, sizeof(*log->info))) {
		log->failed = true;
		return;
	}
	struct lane *l = log->lanes[lane];
	log->info[log->nr_info++] = (struct segment_info){ lane, h->process };
	if (!l->public.pid) {
		l->public.pid = h->pid;
		l->public.process = h->process;
	}
	if (!l->public.tid)
		l->public.tid = h->tid;
	if (!push(&l->early, &l->nr_early, &l->cap_early, segment))
		log->failed = true;
	else if (h->generation == l->next_generation)
		settle_early(log, l, false);
}

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
static void collect_numbers(struct tr_log *log)
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
		note_fork(log, r, FORK_WENT);
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

static void merge(struct tr_log *log, bool ended, uint64_t horizon)
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

static void start_merge(struct tr_log *log)
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

/* ---- time */

static int compare_anchors(const void *a, const void *b)
{
	const struct xf_anchor *x = a, *y = b;
	return (x->ticks > y->ticks) - (x->ticks < y->ticks);
}

/* Anchors in order; the first, t = 0, stays first. Those that go backwards are not believed. */
static void load_anchors(struct tr_log *log)
{
	const struct xf_file_header *h = tr_file_header(log->file);
	uint32_t n = atomic_load(&h->nr_anchors), nr = 1;
	struct xf_anchor *a = log->anchors;
	a[0] = h->anchors[0];
	for (uint32_t i = 1; i < XF_NR_ANCHORS; i++)
		if (n > 1 && (i < n || n > XF_NR_ANCHORS) && h->anchors[i].ticks > a[0].ticks)
			a[nr++] = h->anchors[i];
	qsort(a + 1, nr - 1, sizeof(*a), compare_anchors);
	log->nr_anchors = 1;
	for (uint32_t i = 1; i < nr; i++)
		if (a[i].ticks > a[log->nr_anchors - 1].ticks && a[i].mono_ns > a[log->nr_anchors - 1].mono_ns)
			a[log->nr_anchors++] = a[i];
}

static int64_t time_of(const struct tr_log *log, uint64_t ticks)
{
	const struct xf_anchor *a = log->anchors;
	if (log->nr_anchors < 2 || !atomic_load_explicit(&tr_file_header(log->file)->nr_anchors,
							  memory_order_relaxed))
		return (int64_t)(ticks - a[0].ticks);
	if (tr_file_header(log->file)->clock == 0)
		return (int64_t)(ticks - a[0].mono_ns);
	uint32_t low = 0, high = log->nr_anchors - 1;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		if (a[mid].ticks <= ticks)
			low = mid;
		else
			high = mid;
	}
	return (int64_t)(xf_clock_at_ns(a[low], a[high], ticks) - a[0].mono_ns);
}

/* ---- names, once their texts are there */

static void resolve_names(struct tr_log *log)
{
	for (uint32_t i = 0; i < log->nr_lanes; i++) {
		struct lane *l = log->lanes[i];
		const char *name = tr_log_text(log, l->name_process, l->label);
		l->public.name = *name ? name : l->fallback;
		l->public.role = tr_log_text(log, l->name_process, l->role);
	}
	for (uint32_t i = 0; i < log->nr_objects; i++) {
		struct object_row *o = &log->objects[i];
		o->public.name = tr_log_text(log, o->public.process, o->label);
	}
	for (uint32_t i = 0; i < log->nr_calls; i++)
		log->calls[i].name = tr_log_text(log, log->calls[i].process, log->call_labels[i]);
}

/* ---- open, refresh, close */

/*
 * In a live trace on our clock: events stamped after we began to look may stand
 * before ones we have not seen. They wait for the next refresh.
 */
static uint64_t find_horizon(const struct tr_log *log)
{
	bool our_clock = tr_file_header(log->file)->clock == (uint32_t)xf_clock_tsc;
	return our_clock && !tr_file_ended(log->file) ? xf_clock_ticks() : UINT64_MAX;
}

enum xf_status tr_log_refresh(struct tr_log *log, struct xf_error *err)
{
	uint64_t horizon = find_horizon(log);
	enum xf_status status = tr_file_refresh(log->file, err);
	if (status != XF_OK)
		return status;
	bool ended = tr_file_ended(log->file);
	if (ended)
		horizon = UINT64_MAX;
	load_anchors(log);
	for (uint32_t i = log->nr_info; i < tr_file_nr_segments(log->file) && !log->failed; i++)
		take_segment(log, i);
	for (uint32_t i = 0; i < log->nr_lanes && !log->failed; i++) {
		settle_early(log, log->lanes[i], ended);
		scan_lane(log, i);
	}
	if (ended)
		collect_numbers(log);
	start_merge(log);
	merge(log, ended, horizon);
	resolve_names(log);
	return log->failed ? xf_fail(err, XF_NOMEM, "no memory for the trace") : XF_OK;
}

enum xf_status tr_log_open_file(struct tr_file *file, struct tr_log **out, struct xf_error *err)
{
	struct tr_log *log = calloc(1, sizeof(*log));
	if (!log) {
		tr_file_close(file);
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	}
	log->file = file;
	enum xf_status status = tr_log_refresh(log, err);
	if (status != XF_OK) {
		tr_log_close(log);
		return status;
	}
	*out = log;
	return XF_OK;
}

enum xf_status tr_log_open(const char *path, struct tr_log **out, struct xf_error *err)
{
	struct tr_file *file;
	enum xf_status status = path ? tr_file_open(path, &file, err) : tr_file_open_own(&file, err);
	return status == XF_OK ? tr_log_open_file(file, out, err) : status;
}

static void free_rows(struct tr_log *log)
{
	for (uint32_t i = 0; i < log->nr_lanes; i++) {
		free(log->lanes[i]->segments);
		free(log->lanes[i]->early);
		free(log->lanes[i]);
	}
	for (uint32_t i = 0; i < log->nr_objects; i++)
		free(log->objects[i].numbers);
	for (uint32_t i = 0; i < log->nr_properties; i++)
		free(log->properties[i]);
	while (log->arena) {
		struct block *next = log->arena->next;
		free(log->arena);
		log->arena = next;
	}
}

void tr_log_close(struct tr_log *log)
{
	if (!log)
		return;
	free_rows(log);
	tr_map_fini(&log->lane_by_number);
	tr_map_fini(&log->object_by_id);
	tr_map_fini(&log->text_by_id);
	tr_map_fini(&log->site_by_id);
	tr_map_fini(&log->forks);
	tr_map_fini(&log->open_calls);
	tr_file_close(log->file);
	free(log->order);
	free(log->info);
	free(log->lanes);
	free(log->heap);
	free(log->objects);
	free(log->texts);
	free(log->sites);
	free(log->properties);
	free(log->calls);
	free(log->call_labels);
	free(log);
}

/* ---- events */

uint32_t tr_log_nr_events(const struct tr_log *log)
{
	return log->nr;
}

static const struct xf_record *record_at(const struct tr_log *log, uint32_t i)
{
	uint32_t place = log->order[i];
	return &tr_file_segment(log->file, place >> SLOT_BITS)
			->segment->records[place & ((1u << SLOT_BITS) - 1)];
}

struct tr_event tr_log_event(const struct tr_log *log, uint32_t i)
{
	const struct xf_record *r = record_at(log, i);
	const struct segment_info *info = &log->info[log->order[i] >> SLOT_BITS];
	return (struct tr_event){
		.record = r, .index = i, .thread = info->lane, .process = info->process,
		.object = r->object ? tr_map_get(&log->object_by_id, tr_pair(info->process, r->object))
				    : TR_NONE,
		.kind = (enum xf_kind)r->kind, .t_ns = time_of(log, r->ticks) };
}

enum xf_kind tr_log_kind(const struct tr_log *log, uint32_t i)
{
	return (enum xf_kind)record_at(log, i)->kind;
}

uint32_t tr_log_thread_of(const struct tr_log *log, uint32_t i)
{
	return log->info[log->order[i] >> SLOT_BITS].lane;
}

int64_t tr_log_time(const struct tr_log *log, uint32_t i)
{
	return time_of(log, record_at(log, i)->ticks);
}

uint32_t tr_log_at_time(const struct tr_log *log, int64_t t_ns)
{
	uint32_t low = 0, high = log->nr;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (tr_log_time(log, mid) < t_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t tr_log_step(const struct tr_log *log, uint32_t i, uint32_t thread, int dir)
{
	uint32_t step = dir < 0 ? UINT32_MAX : 1; /* wraps below 0, which ends the loop */
	for (i += step; i < log->nr; i += step)
		if (tr_log_thread_of(log, i) == thread)
			return i;
	return TR_NONE;
}

bool tr_event_field(const struct tr_event *e, const char *field, uint64_t *value)
{
	const struct xf_field *f = xf_field_find(e->kind, field);
	if (f)
		*value = xf_field_get(e->record, f);
	return f != NULL;
}

enum xf_kind tr_wait_of(enum xf_kind acquire)
{
	switch (acquire) {
	case XF_EV_join_end: return XF_EV_join_begin;
	case XF_EV_sem_acquired: return XF_EV_sem_wait;
	case XF_EV_event_woken: return XF_EV_event_wait;
	case XF_EV_cond_woken: return XF_EV_cond_wait;
	case XF_EV_queue_get: return XF_EV_queue_wait;
	case XF_EV_mutex_lock: return XF_EV_mutex_wait;
	default: return XF_EV_none;
	}
}

/* The begin of the wait stands right before its end on the thread, but others were busy meanwhile. */
static struct tr_site site_of_wait(const struct tr_log *log, const struct tr_event *e)
{
	enum { FAR = 4096 };
	enum xf_kind wait = tr_wait_of(e->kind);
	uint32_t least = e->index > FAR ? e->index - FAR : 0;
	for (uint32_t i = e->index; wait != XF_EV_none && i > least; i--) {
		if (tr_log_thread_of(log, i - 1) != e->thread)
			continue;
		struct tr_event before = tr_log_event(log, i - 1);
		if (before.kind == wait && before.object == e->object)
			return tr_log_site(log, before.process, before.record->site);
		break;
	}
	return tr_log_site(log, e->process, 0);
}

struct tr_site tr_event_site(const struct tr_log *log, const struct tr_event *e)
{
	struct tr_site site = tr_log_site(log, e->process, e->record->site);
	return site.line ? site : site_of_wait(log, e);
}

/* ---- what they speak of */

uint32_t tr_log_nr_threads(const struct tr_log *log)
{
	return log->nr_lanes;
}

const struct tr_thread *tr_log_thread(const struct tr_log *log, uint32_t index)
{
	return &log->lanes[index]->public;
}

uint32_t tr_log_thread_find(const struct tr_log *log, uint32_t number)
{
	return tr_map_get(&log->lane_by_number, number);
}

uint32_t tr_log_thread_named(const struct tr_log *log, const char *name)
{
	for (uint32_t i = 0; i < log->nr_lanes; i++)
		if (strcmp(log->lanes[i]->public.name, name) == 0)
			return i;
	return TR_NONE;
}

bool tr_log_is_tracer(const struct tr_log *log, uint32_t index)
{
	return strcmp(log->lanes[index]->public.role, TR_TRACER_ROLE) == 0;
}

uint32_t tr_log_nr_objects(const struct tr_log *log)
{
	return log->nr_objects;
}

const struct tr_object *tr_log_object(const struct tr_log *log, uint32_t index)
{
	return &log->objects[index].public;
}

uint32_t tr_log_object_find(const struct tr_log *log, uint32_t process, uint32_t id)
{
	return tr_map_get(&log->object_by_id, tr_pair(process, id));
}

const char *tr_log_text(const struct tr_log *log, uint32_t process, uint32_t id)
{
	uint32_t i = id ? tr_map_get(&log->text_by_id, tr_pair(process, id)) : TR_NONE;
	return i == TR_NONE ? "" : log->texts[i];
}

struct tr_site tr_log_site(const struct tr_log *log, uint32_t process, uint32_t id)
{
	uint32_t i = id ? tr_map_get(&log->site_by_id, tr_pair(process, id)) : TR_NONE;
	if (i == TR_NONE)
		return (struct tr_site){ "", "", "", 0 };
	const struct site_row *s = &log->sites[i];
	return (struct tr_site){ tr_log_text(log, process, s->file), tr_log_text(log, process, s->function),
				 tr_log_text(log, process, s->args), s->line };
}

uint32_t tr_log_nr_calls(const struct tr_log *log)
{
	return log->nr_calls;
}

const struct tr_call *tr_log_call(const struct tr_log *log, uint32_t index)
{
	return &log->calls[index];
}

const char *tr_log_property(const struct tr_log *log, const char *key)
{
	for (uint32_t i = log->nr_properties; i-- > 0;) {
		const struct property_row *p = log->properties[i];
		if (strcmp(tr_log_text(log, p->process, p->key), key) == 0)
			return p->value ? tr_log_text(log, p->process, p->value) : p->decimal;
	}
	return NULL;
}

const char *tr_log_property_of(const struct tr_log *log, const char *key, uint32_t process, uint64_t number)
{
	for (uint32_t i = log->nr_properties; i-- > 0;) {
		const struct property_row *p = log->properties[i];
		if (p->number == number && p->process == process && p->value &&
		    strcmp(tr_log_text(log, process, p->key), key) == 0)
			return tr_log_text(log, process, p->value);
	}
	return "";
}

/* ---- how far it can be trusted */

static uint64_t dropped(const struct tr_log *log)
{
	uint64_t counted = atomic_load(&tr_file_header(log->file)->dropped);
	return counted > log->lost_events ? counted : log->lost_events;
}

static uint64_t damaged(const struct tr_log *log)
{
	const struct tr_damage *d = tr_file_damage(log->file);
	return (uint64_t)d->missing_segments + d->bad_segments + d->repeated_segments +
	       d->absent_segments + d->in_memory + d->bad_records;
}

static uint64_t gaps(const struct tr_log *log, const struct tr_object **first)
{
	uint64_t sum = 0;
	*first = NULL;
	for (uint32_t i = 0; i < log->nr_objects; i++) {
		if (log->objects[i].public.gaps && !*first)
			*first = &log->objects[i].public;
		sum += log->objects[i].public.gaps;
	}
	return sum;
}

uint64_t tr_log_lost(const struct tr_log *log)
{
	const struct tr_object *first;
	return dropped(log) + damaged(log) + gaps(log, &first);
}

const char *tr_log_lost_sentence(const struct tr_log *log, char *buf, size_t cap)
{
	const struct tr_object *first;
	uint64_t nr_gaps = gaps(log, &first);
	buf[0] = '\0';
	if (damaged(log)) {
		char what[192];
		snprintf(buf, cap, "%s: record it again and keep the whole file",
			 tr_damage_sentence(tr_file_damage(log->file), what, sizeof(what)));
	} else if (dropped(log)) {
		snprintf(buf, cap, "%llu records were dropped: there was neither disk nor memory for them; "
			 "record it again with more room", (unsigned long long)dropped(log));
	} else if (nr_gaps) {
		snprintf(buf, cap, "%llu events are missing from the history of %s: record it again",
			 (unsigned long long)nr_gaps, *first->name ? first->name : "a synchronisation object");
	}
	return buf;
}

bool tr_log_ended(const struct tr_log *log)
{
	return tr_file_ended(log->file);
}

const struct tr_damage *tr_log_damage(const struct tr_log *log)
{
	return tr_file_damage(log->file);
}

const struct xf_file_header *tr_log_header(const struct tr_log *log)
{
	return tr_file_header(log->file);
}

const char *tr_log_path(const struct tr_log *log)
{
	return tr_file_path(log->file);
}
