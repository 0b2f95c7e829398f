/* scan: see log_private.h. What describes, and which numbers of each history are there. */
#include "tracer/trace/log_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 65535, ARENA_BLOCK = 1 << 16 };

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
	uint64_t numbered = tr_pair(process, (uint32_t)e->number);
	uint32_t older = tr_map_get(&log->numbered, numbered);
	if (!row || !tr_grow(&log->properties, log->nr_properties, &log->cap_properties,
			     sizeof(*log->properties)) || !tr_map_set(&log->numbered, numbered, log->nr_properties)) {
		free(row);
		log->failed = true;
		return;
	}
	*row = (struct property_row){ process, e->key, e->value, older, e->number, "" };
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

void tr_scan_fork(struct tr_log *log, const struct xf_record *r, uint32_t state)
{
	if (!tr_map_set(&log->forks, ((const struct xf_ev_fork *)(const void *)r->payload)->child, state))
		log->failed = true;
}

void tr_scan_exit(struct tr_log *log, uint32_t pid, int to_go, int gone)
{
	uint32_t known = tr_map_get(&log->exits, pid);
	int open = known == TR_MAP_NONE ? 0 : (int)(known >> 16), left = known == TR_MAP_NONE ? 0 : (int)(known & 0xffff);
	open = open + to_go > 0 ? open + to_go : 0;
	left = left + gone > 0 ? left + gone : 0;
	if (!tr_map_set(&log->exits, pid, (uint32_t)(open & 0x7fff) << 16 | (uint32_t)(left & 0xffff)))
		log->failed = true;
}

bool tr_scan_may_wait(const struct tr_log *log, uint32_t pid)
{
	uint32_t known = tr_map_get(&log->exits, pid);
	return known == TR_MAP_NONE || known >> 16 == 0 || (known & 0xffff) > 0;
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
		tr_scan_fork(log, r, FORK_SEEN);
	else if (r->kind == XF_EV_process_exit)
		tr_scan_exit(log, ((const struct xf_ev_process_exit *)(const void *)r->payload)->pid, 1, 0);
	else if (r->kind == XF_EV_lost)
		log->lost_events += ((const struct xf_ev_lost *)(const void *)r->payload)->records;
}

void tr_scan_lane(struct tr_log *log, uint32_t lane)
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

void tr_scan_settle(struct tr_log *log, struct lane *l, bool all)
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

void tr_scan_segment(struct tr_log *log, uint32_t segment)
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
		tr_scan_settle(log, l, false);
}
