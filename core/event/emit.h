/*
 * emit: the only way to record.
 *
 *     XF_EMIT(part_start, .transfer = t->id, .part = 3, .attempt = 1);
 *     XF_EVENT(part_done, …)            the same, and then passes the gate (gate.h)
 *     XF_EMIT_OBJECT(sem_post, sem->id, ++sem->order, .value = v);   under the lock
 *     XF_FRAME("part attempt", n, k)    first line of an instrumented function (gate.h)
 *
 * An emit returns nothing and never fails the program it watches: after a
 * thread's first event it takes no lock, makes no system call but for a new
 * segment, allocates nothing, keeps errno and guards against recursion. What
 * finds no room is dropped, counted, and becomes a `lost` event when there is
 * room again.
 */
#ifndef XF_EVENT_EMIT_H
#define XF_EVENT_EMIT_H

#include <errno.h>
#include <string.h>

#include "core/event/clock.h"
#include "core/event/event.h"

struct xf_segment;

/* A place in the source. Sites live in one linker section, so a site's number is its position. */
struct xf_site {
	const char *file;      /* relative to the repository: the build maps __FILE__ */
	const char *function;
	const char *args;      /* frame_enter: names of a0…a3, "part attempt" with types after a colon */
	uint32_t line;
	uint32_t kind;         /* enum xf_kind emitted here */
} __attribute__((aligned(32)));

extern const struct xf_site __start_xf_sites[] __attribute__((visibility("hidden")));
extern const struct xf_site __stop_xf_sites[] __attribute__((visibility("hidden")));

/* The number of a site, from 1. */
#define XF_SITE_ID(site) ((uint32_t)((site) - __start_xf_sites) + 1)

/* All sites compiled into this program (for listings and breakpoints). */
static inline unsigned xf_nr_sites(void)
{
	return (unsigned)(__stop_xf_sites - __start_xf_sites);
}

#define XF_SITE_HERE(name, kind_, args_)                                                           \
	static const struct xf_site name __attribute__((section("xf_sites"), used)) = {            \
		.file = __FILE__, .function = __func__, .args = (args_),                  \
		.line = __LINE__, .kind = (kind_),                                                 \
	}

/* What a thread needs to record. Owner thread only. */
struct xf_lane {
	struct xf_record *next, *end;
	struct xf_segment *segment;
	uint64_t dropped;       /* since the last record that found room */
	uint32_t waiting;       /* records before `next` that are not published yet; see below */
	uint32_t thread;        /* number in the trace; see xf_thread_number() */
	uint32_t generation;
	uint32_t epoch;         /* the recording it belongs to */
	uint32_t pid, tid;      /* whose records these are; 0: the calling thread's own */
	uint16_t lock_depth;    /* locks of ours held: a gate asserts 0 */
	uint8_t busy;           /* inside an emit */
	uint8_t muted;          /* > 0: this thread is a helper of ours and records nothing */
};

extern __thread struct xf_lane xf_lane __attribute__((tls_model("initial-exec")));
extern _Atomic uint32_t xf_recording; /* 0: off; else the recording's epoch */

/* Is anybody recording? The one branch that is paid when nobody is. */
static inline bool xf_emit_on(void)
{
	return __builtin_expect(atomic_load_explicit(&xf_recording, memory_order_relaxed) != 0, 0);
}

/* Slow half of xf_emit_begin(): first event of a thread, full segment, recursion, records that wait. */
struct xf_record *xf_emit_slow(void);

/* Has the lane a place for a record, at once? */
static inline bool xf_lane_is_ready(const struct xf_lane *lane)
{
	return !(lane->busy | lane->muted |
		 (lane->epoch != atomic_load_explicit(&xf_recording, memory_order_relaxed)) |
		 (lane->next == lane->end));
}

static inline struct xf_record *xf_lane_take(struct xf_lane *lane)
{
	lane->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	return lane->next++;
}

/* Reserves the next record, or NULL. Between begin and commit nothing else may be recorded. */
static inline struct xf_record *xf_emit_begin(void)
{
	struct xf_lane *lane = &xf_lane;
	if (__builtin_expect(!xf_lane_is_ready(lane) | (lane->waiting != 0), 0))
		return xf_emit_slow();
	return xf_lane_take(lane);
}

/* Stamps and publishes the record. */
static inline void xf_emit_commit(struct xf_record *r, enum xf_kind kind, uint32_t object,
				  uint64_t order, uint32_t site)
{
	r->kind = (uint16_t)kind;
	r->object = object;
	r->site = site;
	r->order = order;
	r->ticks = xf_clock_ticks();
	/* pairs with the acquire load of whoever reads the segment: payload before commit */
	atomic_store_explicit(&r->commit, XF_COMMIT, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	xf_lane.busy = 0;
}

static inline void xf_emit_raw(enum xf_kind kind, uint32_t object, uint64_t order, uint32_t site,
			       const void *payload, size_t size)
{
	struct xf_record *r = xf_emit_begin();
	if (!r)
		return;
	memcpy(r->payload, payload, size);
	xf_emit_commit(r, kind, object, order, site);
}

/*
 * Records that may turn out to be nobody's business: a lock taken, which is given back with
 * nothing recorded in between. Such a record waits: it stands in its place, without the commit
 * word, until the thread records anything else, which publishes all that wait before it. Until
 * then the newest ones can be taken back, as if they had never been.
 *
 * A killed thread loses those that still wait.
 */

/* Records; the record waits. NULL: it found no room, or nobody records. */
struct xf_record *xf_emit_waiting(enum xf_kind kind, uint32_t object, uint64_t order, const void *payload,
				  size_t size);

/* Is that record the newest the calling thread has made, and do the newest nr all wait? */
bool xf_emit_waits(const struct xf_record *newest, uint32_t nr);
/* If so: they are taken back. */
void xf_emit_take_back(uint32_t nr);

/* Publishes what waits. */
void xf_emit_publish(void);

/*
 * Any thread: publishes a record and the nr that wait before it, for their thread, which may do
 * so at the same time but is known not to take them back any more.
 */
void xf_record_publish(struct xf_record *newest, uint32_t nr);

#define XF_EMIT_OBJECT(name, object_, order_, ...)                                                 \
	do {                                                                                       \
		XF_SITE_HERE(xf_site_, XF_EV_##name, NULL);                                        \
		if (xf_emit_on()) {                                                                \
			const struct xf_ev_##name xf_payload_ = { __VA_ARGS__ };                   \
			xf_emit_raw(XF_EV_##name, (object_), (order_), XF_SITE_ID(&xf_site_),      \
				    &xf_payload_, sizeof(xf_payload_));                            \
		}                                                                                  \
	} while (0)

#define XF_EMIT(name, ...) XF_EMIT_OBJECT(name, 0, 0, __VA_ARGS__)

/*
 * Interns a string into the trace and returns its id (0 for NULL, "" or when
 * recording is off). Long strings are cut at 4096 bytes. The text is stored as
 * given: callers see to it that no credential and no presigned query is in it.
 */
uint32_t xf_text(const char *text);
uint32_t xf_text_n(const char *text, size_t len);

/* A fresh id for a synchronisation object, unique in this process; never 0. */
uint32_t xf_object_id(void);

/* The calling thread's number in the trace; takes one when it has none yet. */
uint32_t xf_thread_number(void);

/* A number for a thread about to be created, so that thread_create can name it. */
uint32_t xf_thread_reserve(void);

/*
 * Makes the calling thread the one reserved, with its name ("request-3") and
 * role ("request"). First thing on a new thread.
 */
void xf_thread_adopt(uint32_t number, const char *name, const char *role);

/*
 * The same for a number somebody wrote for already: another process (a tracer
 * for a traced program), or this one before its exec. Generations go on where
 * they stand in the file, so that the thread's records keep one order. Reads
 * the trace's segment headers: once a thread, not more.
 */
void xf_thread_continue(uint32_t number, const char *name, const char *role);

/*
 * Records for threads of other processes. A lane is made for one of them (all
 * of it is set; nothing to free), and between two swaps everything the calling
 * thread records is that thread's:
 *
 *     xf_lane_init(&lane, number, pid, tid);
 *     xf_lane_swap(&lane); XF_EMIT(…); xf_lane_swap(&lane);
 *     xf_lane_fini(&lane);          its segment is sealed
 *
 * The number may have records already; generations go on, as above. One thread
 * at a time uses a lane. A muted caller is heard while it is swapped in.
 */
void xf_lane_init(struct xf_lane *lane, uint32_t number, uint32_t pid, uint32_t tid);
void xf_lane_swap(struct xf_lane *lane);
void xf_lane_fini(struct xf_lane *lane);

/* The calling thread ends: its segment is sealed. Last thing on a thread. */
void xf_thread_retire(void);

/* The calling thread is a helper of ours: it never appears in the trace. */
void xf_thread_mute(void);

/* ---- for segment.c: recording begins (the caller becomes "main" when it is the first) and ends */
void xf_emit_start(uint32_t epoch, bool first_process);
void xf_emit_forked(uint32_t epoch);
void xf_emit_stop(void);

/*
 * Records where this program's sites stand. Site numbers are a process' own: one that
 * joined or was forked does it once its first thread has a number (the first process has).
 */
void xf_emit_sites(void);

/* Records dropped so far, all threads of this process. */
uint64_t xf_emit_dropped(void);

#endif
