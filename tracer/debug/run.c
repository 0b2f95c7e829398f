#include "tracer/debug/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SLOTS = 1100 };
/*
 * A standstill is one after 400 ms where something is held, else after 5 s: on a busy machine a thread
 * that was woken may take a while to come to itself.
 */
enum { LOOK_NS = 50000000, QUIET_LOOKS_HELD = 8, QUIET_LOOKS = 100 };

/* One thread of the run. Under the run's lock, but for what is said to be atomic. */
struct slot {
	uint32_t thread;
	uint32_t depth;             /* owner only */
	uint32_t part, transfer;    /* what it works on; owner only */
	struct tr_point point;      /* where it stands, or stood */
	struct tr_point last;       /* the one before */
	bool at_gate;
	bool say_stopped, stopped;  /* record them, by this thread */
	_Atomic uint64_t passes;    /* the owner counts, the controller looks */
	_Atomic bool waiting;       /* inside a wait without limit */
	_Atomic bool ended;
};

struct tr_run {
	/* set before start */
	const struct tr_subject *subject;
	tr_match_fn match;
	void *match_ctx;
	struct xf_gate_policy policy;

	pthread_mutex_t lock;
	pthread_cond_t changed;     /* for the run's threads and main */
	pthread_cond_t news;        /* for the controller */
	/* under lock */
	bool wanted, alive, quitting, letting_go;
	bool world_stopped, interrupted, first;
	struct slot *candidate;
	enum tr_stop why;
	struct tr_step step;
	uint64_t stopped_at_ns;
	int status;
	uint32_t epoch;             /* runs begun */
	struct slot *slots[MAX_SLOTS];
	uint32_t nr_slots, nr_created;
	struct tr_keeps keeps;
	/* set under lock, read without: what makes a pass look closer */
	_Atomic bool attention;
	_Atomic bool interest[XF_EV_COUNT];
};

static __thread struct slot *own;
static __thread uint32_t own_epoch;
static __thread const struct tr_run *own_run;

static void look_closer_locked(struct tr_run *r)
{
	atomic_store(&r->attention, r->world_stopped || r->first || r->keeps.nr ||
		     r->step.kind != TR_GO_ON || r->step.alone);
}

/* ---- slots */

static struct slot *own_slot(struct tr_run *r)
{
	if (own && own_run == r && own_epoch == r->epoch)
		return own;
	struct slot *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->thread = xf_thread_number();
	pthread_mutex_lock(&r->lock);
	bool room = r->nr_slots < MAX_SLOTS;
	if (room)
		r->slots[r->nr_slots++] = s;
	own_epoch = r->epoch;
	pthread_mutex_unlock(&r->lock);
	if (!room) {
		free(s);
		s = NULL;
	}
	own = s;
	own_run = r;
	return s;
}

static void free_slots_locked(struct tr_run *r)
{
	for (uint32_t i = 0; i < r->nr_slots; i++)
		free(r->slots[i]);
	r->nr_slots = 0;
	r->nr_created = 0;
}

/* What the thread works on, from the events that say so. */
static void note_part(struct slot *s, const struct xf_record *record)
{
	const struct xf_field *part = xf_field_find(record->kind, "part");
	const struct xf_field *transfer = xf_field_find(record->kind, "transfer");
	switch (record->kind) {
	case XF_EV_part_start: case XF_EV_part_retry: case XF_EV_part_sent:
		s->part = (uint32_t)xf_field_get(record, part);
		s->transfer = (uint32_t)xf_field_get(record, transfer);
		break;
	case XF_EV_queue_wait: case XF_EV_part_skipped:
		s->part = 0;
		break;
	default:
		break;
	}
}

/* Inside a wait that only another thread can end? From here to its end nothing else is passed. */
static bool waits_for_ever(const struct xf_gate_point *p)
{
	const struct xf_kind_info *info = xf_kind_info(p->record->kind);
	const struct xf_field *limit = xf_field_find(p->record->kind, "limit_ns");
	return p->before && info->role == XF_ROLE_WAIT && (!limit || !xf_field_get(p->record, limit));
}

static void note(struct slot *s, const struct xf_gate_point *p)
{
	if (p->record->kind == XF_EV_frame_enter)
		s->depth++;
	note_part(s, p->record);
	atomic_store_explicit(&s->waiting, waits_for_ever(p), memory_order_relaxed);
	atomic_store_explicit(&s->passes, atomic_load_explicit(&s->passes, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static void note_after(struct slot *s, const struct xf_gate_point *p)
{
	if (p->record->kind == XF_EV_frame_leave && s->depth)
		s->depth--;
	if (p->record->kind == XF_EV_thread_exit)
		atomic_store(&s->ended, true);
}

/* ---- stops */

static bool wants_stop_locked(struct tr_run *r, struct slot *s)
{
	r->why = TR_STOP_STEP;
	if (r->first) {
		r->first = false;
		return true;
	}
	const struct tr_point *p = &s->point;
	const struct tr_passed passed = { &p->record, p->site->function, p->site->line, p->depth, p->thread };
	if (tr_step_ends(&r->step, &passed))
		return true;
	r->why = TR_STOP_MATCH;
	return atomic_load(&r->interest[s->point.record.kind]) && r->match(r->match_ctx, &s->point, &s->last);
}

static void stop_world_locked(struct tr_run *r)
{
	if (r->world_stopped)
		return;
	r->world_stopped = true;
	r->stopped_at_ns = xf_clock_mono_ns();
	xf_gate_world_stop();
	look_closer_locked(r);
}

/* ---- holds */

static void wait_for_ns_locked(struct tr_run *r, uint64_t ns)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t at = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec + ns;
	t.tv_sec = (time_t)(at / 1000000000u);
	t.tv_nsec = (long)(at % 1000000000u);
	pthread_cond_timedwait(&r->changed, &r->lock, &t);
}

/* Waits while a hold lasts; false: there is none, or it is over. */
static bool stay_on_locked(struct tr_run *r, struct tr_stay *stay, struct slot *s)
{
	const struct tr_kept who = { s->thread, s->transfer, s->part };
	struct tr_keep *k = tr_keeps_for(&r->keeps, &who);
	if (stay->id && (!k || k->id != stay->id))
		tr_stay_end(stay, &r->keeps);
	if (!k)
		return false;
	if (!stay->id)
		tr_stay_begin(stay, k, &who);
	uint64_t held = tr_stay_ns(stay);
	if (stay->limit_ns && held >= stay->limit_ns) {
		tr_keeps_remove(&r->keeps, UINT32_MAX, 0, k->id);
		look_closer_locked(r);
		return true;
	}
	if (stay->limit_ns)
		wait_for_ns_locked(r, stay->limit_ns - held);
	else
		pthread_cond_wait(&r->changed, &r->lock);
	return true;
}

/* ---- the gate */

static void say_locked(struct tr_run *r, struct slot *s)
{
	if (s->say_stopped) {
		s->say_stopped = false;
		s->stopped = true;
		XF_EMIT(stopped, .why = 0);
	} else if (s->stopped && !r->world_stopped) {
		s->stopped = false;
		XF_EMIT(resumed, .stopped_ns = xf_clock_mono_ns() - r->stopped_at_ns);
	}
}

static bool locked_out(const struct tr_run *r, const struct slot *s)
{
	return r->step.alone && r->step.thread != s->thread;
}

static void pass_slowly(struct tr_run *r, struct slot *s, const struct xf_gate_point *p)
{
	struct tr_stay stay = { .id = 0 };
	bool judged = false;
	pthread_mutex_lock(&r->lock);
	s->last = s->point;
	s->point = (struct tr_point){ .site = p->site, .before = p->before, .depth = s->depth,
				      .thread = s->thread };
	memcpy(&s->point.record, p->record, sizeof(*p->record));
	s->at_gate = true;
	while (!r->letting_go) {
		say_locked(r, s);
		if (r->world_stopped || locked_out(r, s)) {
			pthread_cond_wait(&r->changed, &r->lock);
		} else if (!judged) {
			judged = true;
			if (!wants_stop_locked(r, s))
				continue;
			stop_world_locked(r);
			r->candidate = s;
			pthread_cond_signal(&r->news);
		} else if (!stay_on_locked(r, &stay, s)) {
			break;
		}
	}
	tr_stay_end(&stay, &r->keeps);
	s->say_stopped = s->stopped = false;
	s->at_gate = false;
	pthread_mutex_unlock(&r->lock);
}

static void pass(void *ctx, const struct xf_gate_point *p)
{
	struct tr_run *r = ctx;
	struct slot *s = own_slot(r);
	if (!s)
		return;
	note(s, p);
	if (p->record->kind == XF_EV_thread_create) {
		pthread_mutex_lock(&r->lock);
		r->nr_created++;
		pthread_mutex_unlock(&r->lock);
	}
	if (atomic_load_explicit(&r->attention, memory_order_acquire) ||
	    atomic_load_explicit(&r->interest[p->record->kind], memory_order_acquire))
		pass_slowly(r, s, p);
	note_after(s, p);
}

/* ---- main */

enum xf_status tr_run_new(const struct tr_subject *subject, tr_match_fn match, void *match_ctx,
			  struct tr_run **out)
{
	struct tr_run *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;
	if (!r)
		return XF_NOMEM;
	r->subject = subject;
	r->match = match;
	r->match_ctx = match_ctx;
	r->policy = (struct xf_gate_policy){ pass, r };
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_cond_init(&r->news, &attr);
	pthread_condattr_destroy(&attr);
	*out = r;
	return XF_OK;
}

void tr_run_free(struct tr_run *r)
{
	if (!r)
		return;
	free_slots_locked(r);
	pthread_cond_destroy(&r->news);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void begin_locked(struct tr_run *r)
{
	free_slots_locked(r);
	r->wanted = false;
	r->epoch++;
	r->first = true;
	r->candidate = NULL;
	r->step = (struct tr_step){ .kind = TR_GO_ON };
	r->keeps.nr = 0;
	look_closer_locked(r);
}

static int run_once(struct tr_run *r)
{
	const struct tr_subject *s = r->subject;
	s->begin(s->ctx);
	xf_gate_install(&r->policy);
	int status = s->call(s->ctx);
	xf_gate_install(NULL);
	s->end(s->ctx);
	tr_run_let_go(r);
	if (s->leave)
		s->leave(s->ctx);
	return status;
}

int tr_run_serve(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	while (!r->quitting) {
		if (!r->wanted) {
			pthread_cond_wait(&r->changed, &r->lock);
			continue;
		}
		begin_locked(r);
		pthread_mutex_unlock(&r->lock);
		int status = run_once(r);
		pthread_mutex_lock(&r->lock);
		r->alive = false;
		r->status = status;
		pthread_cond_signal(&r->news);
	}
	int status = r->status;
	pthread_mutex_unlock(&r->lock);
	r->subject->release(r->subject->ctx);
	return status;
}

/* ---- controller */

void tr_run_start(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	r->wanted = r->alive = true;
	r->interrupted = r->letting_go = false;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* A number that changes as long as anybody moves. */
static uint64_t movement_locked(struct tr_run *r)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < r->nr_slots; i++)
		sum += atomic_load_explicit(&r->slots[i]->passes, memory_order_relaxed);
	return sum;
}

/* Is every thread held without limit, or inside a wait that only another one can end? */
static bool stuck_locked(struct tr_run *r)
{
	if (!r->nr_slots || r->nr_created + 1 != r->nr_slots || tr_keeps_end(&r->keeps))
		return false;
	for (uint32_t i = 0; i < r->nr_slots; i++) {
		struct slot *s = r->slots[i];
		if (!s->at_gate && !atomic_load(&s->waiting) && !atomic_load(&s->ended))
			return false;
	}
	return true;
}

/* Waits for news; returns true when nothing has moved for long enough, and nothing will. */
static bool wait_for_news_locked(struct tr_run *r, uint64_t *movement, unsigned *quiet)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += LOOK_NS;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	if (pthread_cond_timedwait(&r->news, &r->lock, &t) != ETIMEDOUT)
		return false;
	uint64_t now = movement_locked(r);
	*quiet = now == *movement && stuck_locked(r) ? *quiet + 1 : 0;
	*movement = now;
	return *quiet >= (tr_keeps_hold(&r->keeps) ? QUIET_LOOKS_HELD : QUIET_LOOKS);
}

enum tr_stop tr_run_wait(struct tr_run *r, struct tr_point *point)
{
	uint64_t movement = 0;
	unsigned quiet = 0;
	enum tr_stop why;
	pthread_mutex_lock(&r->lock);
	for (;;) {
		if (!r->alive) {
			why = TR_STOP_ENDED;
			break;
		}
		if (r->candidate) {
			why = r->why;
			*point = r->candidate->point;
			break;
		}
		if (r->letting_go) {
			pthread_cond_wait(&r->news, &r->lock);
			continue;
		}
		if (r->interrupted || wait_for_news_locked(r, &movement, &quiet)) {
			why = r->interrupted ? TR_STOP_INTERRUPT : TR_STOP_STANDSTILL;
			r->interrupted = false;
			stop_world_locked(r);
			break;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return why;
}

enum tr_stop tr_run_go(struct tr_run *r, const struct tr_step *step, struct tr_point *point)
{
	pthread_mutex_lock(&r->lock);
	r->step = *step;
	r->candidate = NULL;
	if (r->world_stopped) {
		r->world_stopped = false;
		xf_gate_world_resume();
	}
	look_closer_locked(r);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return tr_run_wait(r, point);
}

void tr_run_announce(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	if (r->candidate && !r->candidate->stopped) {
		r->candidate->say_stopped = true;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
}

void tr_run_interrupt(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	r->interrupted = true;
	pthread_cond_signal(&r->news);
	pthread_mutex_unlock(&r->lock);
}

void tr_run_forget_interrupt(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	r->interrupted = false;
	pthread_mutex_unlock(&r->lock);
}

bool tr_run_alive(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	bool alive = r->alive;
	pthread_mutex_unlock(&r->lock);
	return alive;
}

int tr_run_status(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	int status = r->status;
	pthread_mutex_unlock(&r->lock);
	return status;
}

uint32_t tr_run_count(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	uint32_t n = r->epoch;
	pthread_mutex_unlock(&r->lock);
	return n;
}

void tr_run_let_go(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
	r->letting_go = true;
	r->candidate = NULL;
	if (r->world_stopped) {
		r->world_stopped = false;
		xf_gate_world_resume();
	}
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void tr_run_quit(struct tr_run *r)
{
	struct tr_point point;
	tr_run_let_go(r);
	tr_run_wait(r, &point);
	pthread_mutex_lock(&r->lock);
	r->quitting = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static struct slot *slot_of_locked(struct tr_run *r, uint32_t thread)
{
	for (uint32_t i = 0; i < r->nr_slots; i++)
		if (r->slots[i]->thread == thread)
			return r->slots[i];
	return NULL;
}

bool tr_run_point(struct tr_run *r, uint32_t thread, struct tr_point *out)
{
	pthread_mutex_lock(&r->lock);
	const struct slot *s = slot_of_locked(r, thread);
	bool at_gate = s && s->at_gate && r->alive;
	if (at_gate)
		*out = s->point;
	pthread_mutex_unlock(&r->lock);
	return at_gate;
}

bool tr_run_last(struct tr_run *r, uint32_t thread, struct tr_point *out)
{
	pthread_mutex_lock(&r->lock);
	const struct slot *s = slot_of_locked(r, thread);
	if (s)
		*out = s->point;
	pthread_mutex_unlock(&r->lock);
	return s != NULL;
}

void tr_run_lock(struct tr_run *r)
{
	pthread_mutex_lock(&r->lock);
}

void tr_run_unlock(struct tr_run *r)
{
	pthread_mutex_unlock(&r->lock);
}

void tr_run_interest(struct tr_run *r, const bool kinds[XF_EV_COUNT])
{
	for (unsigned i = 0; i < XF_EV_COUNT; i++)
		atomic_store(&r->interest[i], kinds && kinds[i]);
}

/* ---- holds, the controller's side */

uint32_t tr_run_hold(struct tr_run *r, const struct tr_keep *keep)
{
	pthread_mutex_lock(&r->lock);
	uint32_t id = tr_keeps_add(&r->keeps, keep);
	look_closer_locked(r);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return id;
}

unsigned tr_run_release(struct tr_run *r, uint32_t thread, uint32_t part, uint32_t id)
{
	pthread_mutex_lock(&r->lock);
	unsigned nr = tr_keeps_remove(&r->keeps, thread, part, id);
	look_closer_locked(r);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return nr;
}

bool tr_run_keep(struct tr_run *r, unsigned i, struct tr_keep *out)
{
	pthread_mutex_lock(&r->lock);
	bool there = i < r->keeps.nr;
	if (there)
		*out = r->keeps.list[i];
	pthread_mutex_unlock(&r->lock);
	return there;
}
