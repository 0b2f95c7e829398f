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
 *   a process_wait goes after the process_exit of that process (of one that was killed the tracer tells, late)
 *
 * where the earlier one is there at all. A head that may not go waits (*parked*)
 * until the event it waits for has gone. Times decide only between heads that may.
 * In a finished trace a parked head always gets its turn: what it waits for lies
 * in a thread whose own head may go, or the trace contradicts itself, and then the
 * earliest goes. In a live one what it waits for may still be on its way; it goes
 * after PATIENCE refreshes.
 */
#include "tracer/trace/log_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
		tr_scan_segment(log, i);
	for (uint32_t i = 0; i < log->nr_lanes && !log->failed; i++) {
		tr_scan_settle(log, log->lanes[i], ended);
		tr_scan_lane(log, i);
	}
	if (ended)
		tr_merge_numbers(log);
	tr_merge_start(log);
	tr_merge(log, ended, horizon);
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
	tr_map_fini(&log->numbered);
	tr_map_fini(&log->forks);
	tr_map_fini(&log->exits);
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
	for (uint32_t i = tr_map_get(&log->numbered, tr_pair(process, (uint32_t)number)); i != TR_NONE; i = log->properties[i]->older) {
		const struct property_row *p = log->properties[i];
		if (p->number == number && p->value && strcmp(tr_log_text(log, process, p->key), key) == 0)
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
