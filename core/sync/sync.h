/*
 * sync: the synchronisation objects of the core, each with a class and an exact
 * history.
 *
 * An object's events are recorded under its own lock with its own counter. A
 * release passes the gate before it takes that lock, an acquire after it has
 * given it back. Every object has a name that people know from s3transfer
 * ("request", "done") and a class that says whether its edges may carry a
 * verdict (xf_class).
 *
 * The calls are macros that hand in the caller's place in the source; `…_at` are
 * the functions. All of them: any thread. Objects live in the caller's storage,
 * init before the first use, fini when nobody uses them any more. Names are
 * borrowed for the call only.
 */
#ifndef XF_SYNC_SYNC_H
#define XF_SYNC_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/event/gate.h"
#include "core/event/status.h"

enum { XF_FOREVER = 0 }; /* limit_ns: no time limit */

/* What every object begins with; its fields belong to this room. `order` under `lock`. */
struct xf_object {
	uint32_t id;
	enum xf_class class;
	uint64_t order;
	pthread_mutex_t lock;   /* never held across a gate */
	pthread_cond_t changed;
	char name[32];
};

/* ---- semaphore: permits by default (which post satisfies which wait is accidental) */

struct xf_sem {
	struct xf_object object;
	/* under lock */
	int64_t value;
	uint32_t waiters;
	bool closed;
	/* statistics, under lock: for the JSON's `semaphores` */
	int64_t capacity;
	int64_t max_in_use;
};

void xf_sem_init_at(struct xf_sem *s, const char *name, enum xf_class class, int64_t value,
		    const struct xf_site *site);
void xf_sem_fini(struct xf_sem *s);
/* Waits at most limit_ns (XF_FOREVER: no limit; on the clock of xf_gate_now_ns). WOKEN or AT_ONCE: acquired. */
enum xf_how xf_sem_wait_at(struct xf_sem *s, uint64_t limit_ns, const struct xf_site *wait,
			   const struct xf_site *acquired);
void xf_sem_post_at(struct xf_sem *s, const struct xf_site *site);
/* From now on every wait ends at once with XF_HOW_CLOSED, those under way included. */
void xf_sem_close(struct xf_sem *s);
int64_t xf_sem_value(struct xf_sem *s);

#define xf_sem_init(s, name, class, value)                                                         \
	xf_sem_init_at((s), (name), (class), (value), XF_SITE_EXPR(XF_EV_sem_init))
#define xf_sem_wait(s, limit_ns)                                                                   \
	xf_sem_wait_at((s), (limit_ns), XF_SITE_EXPR(XF_EV_sem_wait), XF_SITE_EXPR(XF_EV_sem_acquired))
#define xf_sem_post(s) xf_sem_post_at((s), XF_SITE_EXPR(XF_EV_sem_post))

/* ---- latch: an event that is set once and stays set (threading.Event); class signal */

struct xf_latch {
	struct xf_object object;
	bool set;         /* under lock */
	uint32_t waiters; /* under lock */
};

void xf_latch_init_at(struct xf_latch *l, const char *name, const struct xf_site *site);
void xf_latch_fini(struct xf_latch *l);
enum xf_how xf_latch_wait_at(struct xf_latch *l, uint64_t limit_ns, const struct xf_site *wait,
			     const struct xf_site *woken);
/* Idempotent; only the first set is an event. */
void xf_latch_set_at(struct xf_latch *l, const struct xf_site *site);
/* Without an event and so without an edge: for asserts and displays, never to decide that work is over. */
bool xf_latch_peek(struct xf_latch *l);

#define xf_latch_init(l, name) xf_latch_init_at((l), (name), XF_SITE_EXPR(XF_EV_event_init))
#define xf_latch_wait(l, limit_ns)                                                                 \
	xf_latch_wait_at((l), (limit_ns), XF_SITE_EXPR(XF_EV_event_wait), XF_SITE_EXPR(XF_EV_event_woken))
#define xf_latch_set(l) xf_latch_set_at((l), XF_SITE_EXPR(XF_EV_event_set))

/* ---- mutex: class lock; counts in xf_lane.lock_depth while held */

struct xf_mutex {
	struct xf_object object; /* object.lock guards the fields below, not the caller's data */
	bool held;
	uint32_t owner;          /* thread number */
	uint32_t waiters;
};

void xf_mutex_init_at(struct xf_mutex *m, const char *name, const struct xf_site *site);
void xf_mutex_fini(struct xf_mutex *m);
/*
 * A mutex guards a few lines, so taking it is only recorded. The gate stands
 * behind the unlock, once the thread holds no mutex any more.
 */
void xf_mutex_lock_at(struct xf_mutex *m, const struct xf_site *site);
void xf_mutex_unlock_at(struct xf_mutex *m, const struct xf_site *site);

#define xf_mutex_init(m, name) xf_mutex_init_at((m), (name), XF_SITE_EXPR(XF_EV_mutex_init))
#define xf_mutex_lock(m) xf_mutex_lock_at((m), XF_SITE_EXPR(XF_EV_mutex_lock))
#define xf_mutex_unlock(m) xf_mutex_unlock_at((m), XF_SITE_EXPR(XF_EV_mutex_unlock))

/* ---- condition: belongs to one mutex; class signal */

struct xf_cond_waiter;
struct xf_cond {
	struct xf_object object;
	/* under object.lock */
	struct xf_cond_waiter *first; /* who waits and has not been woken, oldest first */
	uint32_t waiters;
};

void xf_cond_init_at(struct xf_cond *c, const char *name, const struct xf_site *site);
void xf_cond_fini(struct xf_cond *c);
/*
 * The caller holds m; it is given back for the wait and taken again, so there is
 * no gate here. Spurious wake-ups do not happen, but the caller's predicate may
 * have changed again: wait in a loop.
 */
enum xf_how xf_cond_wait_at(struct xf_cond *c, struct xf_mutex *m, uint64_t limit_ns,
			    const struct xf_site *wait, const struct xf_site *woken);
/* Wakes one or all waiters. The caller must not hold a lock of ours (the gate stands before it). */
void xf_cond_signal_at(struct xf_cond *c, bool all, const struct xf_site *site);

#define xf_cond_init(c, name) xf_cond_init_at((c), (name), XF_SITE_EXPR(XF_EV_cond_init))
#define xf_cond_wait(c, m, limit_ns)                                                               \
	xf_cond_wait_at((c), (m), (limit_ns), XF_SITE_EXPR(XF_EV_cond_wait), XF_SITE_EXPR(XF_EV_cond_woken))
#define xf_cond_signal(c) xf_cond_signal_at((c), false, XF_SITE_EXPR(XF_EV_cond_signal))
#define xf_cond_broadcast(c) xf_cond_signal_at((c), true, XF_SITE_EXPR(XF_EV_cond_signal))

/* ---- queue: FIFO of pointers; class signal: the put of an item happens before its get */

struct xf_queue_item;
struct xf_queue {
	struct xf_object object;
	/* under lock */
	struct xf_queue_item *first, *last;
	uint32_t length;
	uint32_t waiters;
	uint64_t puts;       /* number of the newest item, from 1 */
	bool closed;
};

void xf_queue_init_at(struct xf_queue *q, const char *name, const struct xf_site *site);
/* Items still inside are the caller's to have taken out before. */
void xf_queue_fini(struct xf_queue *q);
/* XF_NOMEM; XF_SHUTDOWN after close. The item is borrowed until it is got. */
enum xf_status xf_queue_put_at(struct xf_queue *q, void *item, const struct xf_site *site);
/* Blocks. NULL: the queue is closed and empty. */
void *xf_queue_get_at(struct xf_queue *q, const struct xf_site *wait, const struct xf_site *got);
/* No more puts; getters drain what is left, then get NULL. */
void xf_queue_close(struct xf_queue *q);
uint32_t xf_queue_length(struct xf_queue *q);
uint32_t xf_queue_idle(struct xf_queue *q); /* getters waiting now */

#define xf_queue_init(q, name) xf_queue_init_at((q), (name), XF_SITE_EXPR(XF_EV_queue_init))
#define xf_queue_put(q, item) xf_queue_put_at((q), (item), XF_SITE_EXPR(XF_EV_queue_put))
#define xf_queue_get(q)                                                                            \
	xf_queue_get_at((q), XF_SITE_EXPR(XF_EV_queue_wait), XF_SITE_EXPR(XF_EV_queue_get))

/* ---- thread */

struct xf_thread {
	pthread_t handle;
	uint32_t number;       /* in the trace */
	char name[24];         /* "request-3" */
	char role[16];         /* "request" */
	void *(*run)(void *arg);
	void *arg;
	bool started;
};

/* Errors: XF_NOMEM, XF_AGAIN (no more threads allowed). */
enum xf_status xf_thread_start_at(struct xf_thread *t, const char *name, const char *role,
				  void *(*run)(void *arg), void *arg, const struct xf_site *site);
/* Waits for its end, without limit. Once per started thread. */
void xf_thread_join_at(struct xf_thread *t, const struct xf_site *begin, const struct xf_site *end);

#define xf_thread_start(t, name, role, run, arg)                                                   \
	xf_thread_start_at((t), (name), (role), (run), (arg), XF_SITE_EXPR(XF_EV_thread_create))
#define xf_thread_join(t)                                                                          \
	xf_thread_join_at((t), XF_SITE_EXPR(XF_EV_join_begin), XF_SITE_EXPR(XF_EV_join_end))

/*
 * ---- sleep: on the clock of xf_gate_now_ns. Ends early, WOKEN, when `unless` is
 * set (may be NULL); else TIMED_OUT. `why` is a few words for people ("retry").
 */
enum xf_how xf_sleep_ns(uint64_t ns, const char *why, struct xf_latch *unless);

#endif
