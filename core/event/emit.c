/* emit: the slow half: a thread's first event, its next segment, strings, names. */
#include "core/event/emit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/event/segment.h"

enum { TEXT_MAX = 4096 };

__thread struct xf_lane xf_lane __attribute__((tls_model("initial-exec")));
_Atomic uint32_t xf_recording;

static _Atomic uint32_t next_text, next_object;
static _Atomic uint64_t dropped_total;

/* ---- lanes */

static uint32_t own_tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

/* The lane's first event in this recording. A number reserved for it beforehand is kept. */
static void enter_recording(struct xf_lane *lane, uint32_t epoch)
{
	if (lane->epoch == epoch)
		return;
	lane->next = lane->end = NULL;
	lane->segment = NULL;
	lane->waiting = 0; /* the parent's, in a fork */
	lane->generation = 0;
	lane->thread = xf_segment_thread_number();
	lane->epoch = epoch;
}

static uint32_t records_in(const struct xf_lane *lane)
{
	return (uint32_t)(lane->next - lane->segment->records);
}

/* ---- records that wait */

void xf_record_publish(struct xf_record *newest, uint32_t nr)
{
	for (struct xf_record *r = newest - nr; r <= newest; r++)
		atomic_store_explicit(&r->commit, XF_COMMIT, memory_order_release);
}

/* Those of a recording that is over, or of a fork's parent, are not ours to touch. */
static void publish(struct xf_lane *lane)
{
	if (lane->waiting && lane->epoch == atomic_load_explicit(&xf_recording, memory_order_relaxed))
		xf_record_publish(lane->next - 1, lane->waiting - 1);
	lane->waiting = 0;
}

void xf_emit_publish(void)
{
	publish(&xf_lane);
}

static bool next_segment(struct xf_lane *lane)
{
	if (lane->segment)
		xf_segment_seal(lane->segment, records_in(lane));
	uint32_t tid = lane->tid ? lane->tid : own_tid();
	lane->segment = xf_segment_take(lane->thread, lane->pid, tid, lane->generation++);
	lane->next = lane->segment ? lane->segment->records : NULL;
	lane->end = lane->segment ? lane->segment->records + XF_SEGMENT_RECORDS : NULL;
	return lane->segment != NULL;
}

static void drop(struct xf_lane *lane)
{
	lane->dropped++;
	atomic_fetch_add_explicit(&dropped_total, 1, memory_order_relaxed);
	xf_segment_count_dropped(1);
}

/* The gap becomes an event, as the first record that finds room again. */
static void tell_of_drops(struct xf_lane *lane)
{
	if (!lane->dropped)
		return;
	const struct xf_ev_lost lost = { .records = lane->dropped };
	struct xf_record *r = lane->next++;
	lane->dropped = 0;
	memcpy(r->payload, &lost, sizeof(lost));
	r->kind = XF_EV_lost;
	r->ticks = xf_clock_ticks();
	atomic_store_explicit(&r->commit, XF_COMMIT, memory_order_release);
}

static struct xf_record *begin_slowly(struct xf_lane *lane, uint32_t epoch)
{
	lane->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	enter_recording(lane, epoch);
	publish(lane);
	if (lane->next == lane->end && !next_segment(lane)) {
		drop(lane);
		lane->busy = 0;
		return NULL;
	}
	tell_of_drops(lane);
	return lane->next++;
}

struct xf_record *xf_emit_slow(void)
{
	struct xf_lane *lane = &xf_lane;
	uint32_t epoch = atomic_load_explicit(&xf_recording, memory_order_acquire);
	if (lane->muted || !epoch)
		return NULL;
	if (lane->busy) { /* a signal handler came between begin and commit */
		drop(lane);
		return NULL;
	}
	int saved = errno, cancelling;
	/* in a traced program: cancelled in here, at a call that makes room, it would leave a half-made lane */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
	struct xf_record *r = begin_slowly(lane, epoch);
	pthread_setcancelstate(cancelling, NULL);
	errno = saved;
	return r;
}

struct xf_record *xf_emit_waiting(enum xf_kind kind, uint32_t object, uint64_t order, const void *payload,
				  size_t size)
{
	struct xf_lane *lane = &xf_lane;
	uint32_t before = xf_lane_is_ready(lane) ? lane->waiting : 0; /* the slow half publishes them */
	struct xf_record *r = xf_lane_is_ready(lane) ? xf_lane_take(lane) : xf_emit_slow();
	if (!r)
		return NULL;
	memcpy(r->payload, payload, size);
	r->kind = (uint16_t)kind;
	r->object = object;
	r->site = 0;
	r->order = order;
	r->ticks = xf_clock_ticks();
	lane->waiting = before + 1;
	atomic_signal_fence(memory_order_seq_cst);
	lane->busy = 0;
	return r;
}

bool xf_emit_waits(const struct xf_record *newest, uint32_t nr)
{
	return xf_lane.waiting >= nr && xf_lane.next == newest + 1;
}

/* They leave no bytes behind: a record's place is all zero until it is used. */
void xf_emit_take_back(uint32_t nr)
{
	struct xf_lane *lane = &xf_lane;
	lane->waiting -= nr;
	lane->next -= nr;
	memset((void *)lane->next, 0, nr * sizeof(*lane->next));
}

/* ---- strings */

static void emit_piece(uint32_t id, const char *text, size_t total, size_t at)
{
	struct xf_text_record *r = (struct xf_text_record *)xf_emit_begin();
	if (!r)
		return;
	size_t len = total - at < XF_TEXT_PIECE ? total - at : XF_TEXT_PIECE;
	r->kind = XF_EV_text;
	r->len = (uint16_t)len;
	r->id = id;
	r->total = (uint16_t)total;
	r->at = (uint16_t)at;
	memcpy(r->bytes, text + at, len);
	atomic_store_explicit(&r->commit, XF_COMMIT, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	xf_lane.busy = 0;
}

uint32_t xf_text_n(const char *text, size_t len)
{
	if (!text || !len || !xf_emit_on() || xf_lane.muted)
		return 0;
	if (len > TEXT_MAX)
		len = TEXT_MAX;
	uint32_t id = atomic_fetch_add_explicit(&next_text, 1, memory_order_relaxed) + 1;
	for (size_t at = 0; at < len; at += XF_TEXT_PIECE)
		emit_piece(id, text, len, at);
	return id;
}

uint32_t xf_text(const char *text)
{
	return text ? xf_text_n(text, strlen(text)) : 0;
}

uint32_t xf_object_id(void)
{
	return atomic_fetch_add_explicit(&next_object, 1, memory_order_relaxed) + 1;
}

/* ---- threads */

uint32_t xf_thread_number(void)
{
	uint32_t epoch = atomic_load_explicit(&xf_recording, memory_order_acquire);
	if (epoch && !xf_lane.muted)
		enter_recording(&xf_lane, epoch);
	return xf_lane.thread;
}

uint32_t xf_thread_reserve(void)
{
	return xf_emit_on() ? xf_segment_thread_number() : 0;
}

static void emit_name(uint32_t number, const char *name, const char *role)
{
	uint32_t label = xf_text(name);
	XF_EMIT(thread_name, .id = number, .label = label, .role = xf_text(role), .tid = own_tid());
}

static void adopt(uint32_t number, uint32_t generation, const char *name, const char *role)
{
	struct xf_lane *lane = &xf_lane;
	publish(lane);
	lane->next = lane->end = NULL;
	lane->segment = NULL;
	lane->generation = generation;
	lane->thread = number;
	lane->epoch = atomic_load_explicit(&xf_recording, memory_order_acquire);
	emit_name(number, name, role);
}

void xf_thread_adopt(uint32_t number, const char *name, const char *role)
{
	if (xf_emit_on())
		adopt(number, 0, name, role);
}

void xf_thread_continue(uint32_t number, const char *name, const char *role)
{
	if (xf_emit_on())
		adopt(number, xf_segment_next_generation(number), name, role);
}

static void retire(struct xf_lane *lane)
{
	publish(lane);
	if (lane->segment && lane->epoch == atomic_load(&xf_recording) && lane->epoch)
		xf_segment_close(lane->segment, records_in(lane));
	lane->segment = NULL;
	lane->next = lane->end = NULL;
}

void xf_thread_retire(void)
{
	retire(&xf_lane);
}

void xf_lane_init(struct xf_lane *lane, uint32_t number, uint32_t pid, uint32_t tid)
{
	*lane = (struct xf_lane){
		.thread = number,
		.generation = xf_emit_on() ? xf_segment_next_generation(number) : 0,
		.epoch = atomic_load_explicit(&xf_recording, memory_order_acquire),
		.pid = pid,
		.tid = tid,
	};
}

void xf_lane_swap(struct xf_lane *lane)
{
	struct xf_lane mine = xf_lane;
	xf_lane = *lane;
	*lane = mine;
}

void xf_lane_fini(struct xf_lane *lane)
{
	retire(lane);
}

void xf_thread_mute(void)
{
	xf_lane.muted = 1;
}

/* ---- begin and end */

void xf_emit_sites(void)
{
	const char *last_file = NULL;
	uint32_t file = 0;
	for (const struct xf_site *s = __start_xf_sites; s < __stop_xf_sites; s++) {
		if (s->file != last_file)
			file = xf_text(s->file);
		last_file = s->file;
		uint32_t function = xf_text(s->function);
		XF_EMIT(site, .id = XF_SITE_ID(s), .line = s->line, .function = function,
			.file = file, .args = xf_text(s->args));
	}
}

void xf_emit_start(uint32_t epoch, bool first_process)
{
	atomic_store_explicit(&xf_recording, epoch, memory_order_release);
	if (!first_process)
		return;
	xf_thread_adopt(xf_segment_thread_number(), "main", "main");
	xf_emit_sites();
}

/* Forked in a signal handler, the thread may have stood between begin and commit. */
void xf_emit_forked(uint32_t epoch)
{
	xf_lane.busy = 0;
	atomic_store_explicit(&xf_recording, epoch, memory_order_release);
}

void xf_emit_stop(void)
{
	atomic_store_explicit(&xf_recording, 0, memory_order_release);
}

uint64_t xf_emit_dropped(void)
{
	return atomic_load_explicit(&dropped_total, memory_order_relaxed);
}
