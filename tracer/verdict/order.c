/*
 * order: edges from events.
 *
 * Program order: events of one thread, as it wrote them. Edges between threads,
 * each from a release to the acquire that cannot have happened without it:
 *
 *   start      thread_create → the first event of the thread it made. Signal.
 *   join       thread_exit → join_end for that thread. Signal.
 *   set        event_set → event_woken of that latch, also when the wait found it set
 *              already: the caller cannot pass before the set. The latest set before the
 *              wake in the latch's own order counts. Signal.
 *   item       queue_put → queue_get of the item of the same number. Signal.
 *   condition  cond_signal → cond_woken, when the wait began before the signal and no
 *              other signal could have ended it: else drawn, and carries nothing. Signal.
 *   semaphore  sem_post → sem_acquired: below. Signal, permit or lock, as its class.
 *   process    process_exit → process_wait of that pid. Signal; a lock where that was asked for without
 *              waiting, and found (the wait is longer where the thread had lain in sigsuspend for SIGCHLD). Where it was waited for whichever child ended first, it counts only for what the
 *              thread led on to before it had waited for the next: a shell takes what it left in
 *              the background while it waits for another. An event loop that finds it ended was
 *              woken by that, and did not wait for it: as bytes. See loops, below.
 *   fork       fork → the child's process_start. Signal.
 *   bytes      fd_write → fd_read on one inode, when the ranges of positions overlap: the
 *              last byte read was written by it. Signal; a lock where the writer's thread had
 *              read from there before: it gives back a token that it took. See loops, below.
 *   lifelong   mutex_unlock → mutex_lock, and sem_post → sem_acquired on a semaphore of no
 *              known class, where the giver took it among its first dozen events, gave it
 *              back among its last dozen, and did so once; and where the taking happened, by
 *              signal edges, before the other began to wait: a lock used as a join. Signal;
 *              not for objects that were declared permits or locks.
 *   data       part_done → multipart_complete of the same transfer: Complete names the ETag
 *              the part's answer brought. Not when Complete was skipped, nor for a part
 *              without ETag. Signal.
 *   mutex      mutex_unlock → the next mutex_lock. Lock: drawn, never carries a verdict.
 *
 * A wait that ended by its time limit, was interrupted, or found its object closed
 * has acquired nothing: no edge ends there.
 *
 * Semaphores. Permits are alike, so which post satisfied which wait is decided by
 * counting, in the object's own order, first in, first out; the initial value is
 * taken first and has no post. That is only good for drawing: with more posts than
 * were needed, each of them is dispensable, and with several threads acquiring, a
 * thread owes its turn to those that came before it by accident. A post carries to
 * an acquire when the acquire was impossible without it:
 *
 *   counted    one thread has made all acquires so far, and with this one it has had
 *              every permit there ever was: it needed all of them. All posts so far carry
 *              (those before its previous such acquire do so by program order).
 *   handed     several threads acquire, and this acquire leaves the semaphore at zero: the
 *              post that was left is the one it had. It carries when its thread had not
 *              acquired what it posts (notify); a thread that posts what it acquired
 *              itself gives a lock or a permit back, and another's might have come first.
 *   surplus    permits are left after the acquire: none of them carries.
 *
 * This holds for semaphores declared signals, and for those of no known class (a
 * foreign program's). Declared permits and locks never carry. Where the initial value
 * is not known (no sem_init in the trace), only an acquire that was seen to sleep
 * counts, and only the last post before it carries: the value had been zero.
 *
 * Loops. A thread that polls is woken by whatever comes (an event loop by its own pipe), also
 * while it waits for something else. Bytes that such a thread reads carry to what it did
 * before it lay down again, in polls and sleeps of 1 ms together, or had other news, which are the
 * answer to a request or other bytes: to a release of its own, or
 * to the return, in between. Bytes of several threads that it reads at once carry nowhere, as nobody
 * knows whose it went on for. Not even so far when it was not lying in a poll as they were written:
 * it turned anyhow, and found them. What led to an event (tr_order_led_to) does not ask for that: a
 * loop begins a thing because it was told to, however long it waited with it.
 *
 * The same holds for what a thread ends that drives several requests at once, or that is woken so, or lies in
 * epoll: see tr_order_led_on(). There a timer is news, too: the limit of an epoll tells when the next is due.
 *
 * Permits of others. A Python Semaphore is a condition with a lock for every waiter: to the
 * C library each wake-up looks like a notification. The place of the wait tells: a
 * Condition.wait in an `acquire`, or in a bounded queue's `put`, is for a permit.
 */
#include "tracer/verdict/order_private.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/verdict/place.h"

#define TAKEN_AGAIN (UINT32_MAX - 1)

enum { LIFE_EDGE = 12 }; /* "among its first, its last events" */

/* An edge that is a join if the joiner had been told that the lock is taken. */
struct candidate {
	uint32_t edge, taken, wait;
};

struct rule {
	const char *name, *sentence;
};

/* ORDER edge kinds */
static const struct rule rules[TR_EDGE_KIND_COUNT] = {
	{ "start", "a thread is made, and begins" },
	{ "join", "a thread ends, and a wait for its end returns" },
	{ "set", "a latch is set, and a wait for it ends" },
	{ "item", "an item enters a queue, and leaves it" },
	{ "condition", "a condition is signalled, and a waiter wakes" },
	{ "semaphore", "a semaphore is posted, and a wait on it ends" },
	{ "process", "a process ends, and a wait for it returns" },
	{ "fork", "a process is made, and begins" },
	{ "bytes", "bytes are written, and read" },
	{ "lifelong", "a lock held for a thread's whole life is given back, and taken" },
	{ "data", "a part's ETag came, and Complete names it" },
	{ "mutex", "a mutex is given back, and taken" },
};

const char *tr_edge_name(enum tr_edge_kind kind)
{
	return kind < TR_EDGE_KIND_COUNT ? rules[kind].name : "";
}

const char *tr_edge_sentence(enum tr_edge_kind kind)
{
	return kind < TR_EDGE_KIND_COUNT ? rules[kind].sentence : "";
}

/* What a thread waits for, from the begin of the wait to its end. */
struct wait {
	uint32_t event, object;
	uint64_t limit_ns;
};

/* The history of one object so far. */
struct history {
	uint32_t release;        /* the last set, unlock or broadcast; TR_NONE */
	uint32_t wakes_left;     /* condition: waiters the broadcast can still wake */
	bool ambiguous;          /* condition: single signals were pending at the broadcast */
	uint32_t acquirer;       /* thread that acquired last */
	bool shared;             /* several threads acquire */
	bool value_known;
	int64_t free_permits;    /* of the initial value, not yet taken */
	uint32_t *posts;         /* posts or single signals: events */
	uint32_t linked;         /* those before have their edges */
	uint32_t head;           /* those before are taken */
	uint32_t nr_posts, cap_posts;
};

/* A range of bytes on an inode. */
struct range {
	uint64_t position, end;
	uint32_t event, next;    /* older range of the same inode, TR_NONE */
	bool token;              /* the writer's thread had read from there before */
};

/* A thread that polls. */
struct loop {
	bool polls;
	uint32_t poll;           /* the last */
	uint32_t under_way;      /* requests */
	uint64_t lay_ns;         /* in polls and sleeps so far */
	uint32_t oldest, newest; /* of its passing edges that have no `until` yet; TR_NONE */
	uint32_t reaped;         /* the passing edge of the child it had waited for, whichever that was; TR_NONE */
};

/* By passing edge. */
struct pending {
	uint64_t lay_ns;         /* of its thread, at the read */
	uint32_t next;           /* of the same thread, TR_NONE */
};

struct builder {
	struct tr_order *o;
	const struct tr_log *log;
	struct wait *waits;       /* by thread */
	struct history *objects;
	uint32_t *created, *ended; /* by thread: events */
	uint8_t *fresh;            /* by thread: 1 until its first event */
	struct loop *loops;        /* by thread */
	struct pending *pending;
	uint32_t cap_pending;
	struct tr_map requests;    /* (process, request) under way → its begin */
	struct tr_map items, exits, forks, inodes, transfers;
	struct tr_map channels;    /* inode that was read → a number of it */
	struct tr_map readers;     /* (that number, thread) */
	struct range *ranges;
	uint32_t nr_ranges, cap_ranges;
	struct part { uint32_t event, next; } *parts;
	uint32_t nr_parts, cap_parts;
	struct tr_map taken_at;    /* (object, thread) → event at which it took it */
	struct tr_map has;         /* (object, thread) → how often it acquired and has not posted */
	struct tr_map given_back;  /* posts of what the thread itself had acquired */
	struct candidate *candidates;
	uint32_t nr_candidates, cap_candidates;
	bool failed;
};

/* ---- edges */

static void add_edge(struct builder *b, enum tr_edge_kind kind, enum xf_class class, uint32_t from,
		     const struct tr_event *to)
{
	struct tr_order *o = b->o;
	if (from == TR_NONE || from >= to->index)
		return;
	if (!tr_grow(&o->edges, o->nr, &o->cap, sizeof(*o->edges))) {
		b->failed = true;
		return;
	}
	const struct wait *w = &b->waits[to->thread];
	bool waited = w->event != TR_NONE && w->object == to->object;
	o->edges[o->nr++] = (struct tr_edge){ .from = from, .to = to->index, .kind = (uint8_t)kind,
		.class = (uint8_t)class, .timed = waited && w->limit_ns,
		.wait = waited ? w->event : TR_NONE };
}

static bool got_it(uint8_t how)
{
	return how == XF_HOW_AT_ONCE || how == XF_HOW_WOKEN;
}

static void set_map(struct builder *b, struct tr_map *m, uint64_t key, uint32_t value)
{
	if (!tr_map_set(m, key, value))
		b->failed = true;
}

/* Objects whose class was not declared: what they are used for decides. */
static enum xf_class class_of(const struct builder *b, uint32_t object, enum xf_class undeclared)
{
	enum xf_class class = tr_log_object(b->log, object)->class;
	return class == XF_CLASS_NONE ? undeclared : class;
}

/* ---- semaphores */

static void push_post(struct builder *b, struct history *h, uint32_t event)
{
	if (h->linked > 64 && h->linked > h->nr_posts / 2) { /* forget what nobody asks for any more */
		memmove(h->posts, h->posts + h->linked, (h->nr_posts - h->linked) * sizeof(*h->posts));
		h->nr_posts -= h->linked;
		h->head -= h->linked;
		h->linked = 0;
	}
	if (!tr_grow(&h->posts, h->nr_posts, &h->cap_posts, sizeof(*h->posts)))
		b->failed = true;
	else
		h->posts[h->nr_posts++] = event;
}

/* Is `late` among the dozen events of its thread that follow `early`? */
static bool close_by(const struct tr_log *log, uint32_t early, uint32_t late)
{
	uint32_t thread = tr_log_thread_of(log, early);
	for (int n = 0; n < LIFE_EDGE && early != TR_NONE; n++) {
		if (early == late)
			return true;
		early = tr_log_step(log, early, thread, 1);
	}
	return false;
}

/*
 * Did the thread of that release hold the lock from among its first events to among
 * its last, once? Then the edge is a candidate: see confirm_lifelong().
 */
static bool lifelong(struct builder *b, const struct tr_event *e, uint32_t release)
{
	uint32_t thread = tr_log_thread_of(b->log, release);
	const struct tr_thread *t = tr_log_thread(b->log, thread);
	uint32_t taken = tr_map_get(&b->taken_at, tr_pair(e->object, thread));
	if (taken == TR_MAP_NONE || taken == TAKEN_AGAIN || t->creator == TR_NONE ||
	    !close_by(b->log, t->first, taken) || !close_by(b->log, release, t->last))
		return false;
	if (!tr_grow(&b->candidates, b->nr_candidates, &b->cap_candidates, sizeof(*b->candidates))) {
		b->failed = true;
		return false;
	}
	const struct wait *w = &b->waits[e->thread];
	bool waited = w->event != TR_NONE && w->object == e->object;
	b->candidates[b->nr_candidates++] = (struct candidate){ b->o->nr, taken, waited ? w->event : e->index };
	return true;
}

/*
 * A joiner knows that the lock is taken: the thread told it, before it began to
 * wait (CPython's creator waits for "started"). Who merely comes late to a mutex
 * that was free a moment ago has not been told, and was lucky.
 */
static void confirm_lifelong(struct builder *b)
{
	for (uint32_t i = 0; i < b->nr_candidates; i++) {
		const struct candidate *c = &b->candidates[i];
		if (c->edge < b->o->nr && b->o->edges[c->edge].kind == TR_EDGE_LIFELONG &&
		    tr_order_before(b->o, c->taken, c->wait))
			b->o->edges[c->edge].class = XF_CLASS_SIGNAL;
	}
}

/* When a lock was first taken by a thread; taken again: no lifelong lock. */
static void note_taken(struct builder *b, const struct tr_event *e)
{
	uint64_t key = tr_pair(e->object, e->thread);
	bool again = tr_map_get(&b->taken_at, key) != TR_MAP_NONE;
	set_map(b, &b->taken_at, key, again ? TAKEN_AGAIN : e->index);
}

static uint32_t has(const struct builder *b, uint32_t object, uint32_t thread)
{
	uint32_t n = tr_map_get(&b->has, tr_pair(object, thread));
	return n == TR_MAP_NONE ? 0 : n;
}

static void sem_post(struct builder *b, const struct tr_event *e)
{
	uint32_t n = has(b, e->object, e->thread);
	push_post(b, &b->objects[e->object], e->index);
	if (!n)
		return;
	set_map(b, &b->has, tr_pair(e->object, e->thread), n - 1);
	set_map(b, &b->given_back, e->index, 1);
}

static bool gives_back(const struct builder *b, uint32_t post)
{
	return tr_map_get(&b->given_back, post) != TR_MAP_NONE;
}

/* Stands the wait that this acquire ends in a Python semaphore's acquire or a bounded queue's put? */
static bool is_python_permit(const struct builder *b, const struct tr_event *e)
{
	const struct wait *w = &b->waits[e->thread];
	struct tr_event wait = *e;
	if (!e->record->site && w->event != TR_NONE && w->object == e->object)
		wait = tr_log_event(b->log, w->event);
	const char *stack = tr_place_stack(b->log, &wait);
	return tr_place_is_in(stack, 0, "threading.py", "wait") &&
	       (tr_place_is_in(stack, 1, "", "acquire") || tr_place_is_in(stack, 1, "queue.py", "put"));
}

/* Edges from all posts since the last time they were counted. */
static void link_counted(struct builder *b, const struct tr_event *e, struct history *h)
{
	for (; h->linked < h->nr_posts; h->linked++)
		if (tr_log_thread_of(b->log, h->posts[h->linked]) != e->thread)
			add_edge(b, TR_EDGE_SEMAPHORE, XF_CLASS_SIGNAL, h->posts[h->linked], e);
}

/* The edge from the one post an acquire had; `last`: no other was left. */
static void link_handed(struct builder *b, const struct tr_event *e, struct history *h, uint32_t post,
			bool last)
{
	bool by_owner = gives_back(b, post) ||
			(h->acquirer != TR_NONE && tr_log_thread_of(b->log, post) == h->acquirer);
	bool declared = tr_log_object(b->log, e->object)->class == XF_CLASS_SIGNAL;
	if (!declared && by_owner && last && lifelong(b, e, post))
		add_edge(b, TR_EDGE_LIFELONG, XF_CLASS_LOCK, post, e);
	else if (by_owner)
		add_edge(b, TR_EDGE_SEMAPHORE, XF_CLASS_LOCK, post, e);
	else
		add_edge(b, TR_EDGE_SEMAPHORE, last ? XF_CLASS_SIGNAL : XF_CLASS_PERMIT, post, e);
}

static void link_posts(struct builder *b, const struct tr_event *e, struct history *h, bool woken)
{
	enum xf_class class = tr_log_object(b->log, e->object)->class;
	uint32_t post = h->posts[h->head++];
	bool last = h->head == h->nr_posts;
	if (class == XF_CLASS_PERMIT || class == XF_CLASS_LOCK)
		add_edge(b, TR_EDGE_SEMAPHORE, class, post, e);
	else if (is_python_permit(b, e))
		add_edge(b, TR_EDGE_SEMAPHORE, XF_CLASS_PERMIT, post, e);
	else if (!h->value_known)
		add_edge(b, TR_EDGE_SEMAPHORE, woken && last && !gives_back(b, post) &&
			 h->acquirer != tr_log_thread_of(b->log, post)
			 ? XF_CLASS_SIGNAL : XF_CLASS_LOCK, post, e);
	else if (h->shared)
		link_handed(b, e, h, post, last);
	else if (last)
		link_counted(b, e, h);
	else
		return; /* one thread, and permits are left: counted later */
	h->linked = h->head;
}

static void sem_acquired(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_sem_acquired *p = TR_PAYLOAD(e, sem_acquired);
	struct history *h = &b->objects[e->object];
	if (!got_it(p->how))
		return;
	if (!h->value_known && p->how == XF_HOW_WOKEN && h->head < h->nr_posts)
		h->head = h->nr_posts - 1; /* it slept on zero: earlier posts had been taken unseen */
	h->shared = h->shared || (h->acquirer != TR_NONE && h->acquirer != e->thread);
	if (h->free_permits > 0)
		h->free_permits--;
	else if (h->head < h->nr_posts)
		link_posts(b, e, h, p->how == XF_HOW_WOKEN);
	note_taken(b, e);
	set_map(b, &b->has, tr_pair(e->object, e->thread), has(b, e->object, e->thread) + 1);
	h->acquirer = e->thread;
}

/* ---- the other objects */

static void event_woken(struct builder *b, const struct tr_event *e)
{
	if (got_it(TR_PAYLOAD(e, event_woken)->how))
		add_edge(b, TR_EDGE_SET, class_of(b, e->object, XF_CLASS_SIGNAL),
			 b->objects[e->object].release, e);
}

static void cond_signal(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_cond_signal *p = TR_PAYLOAD(e, cond_signal);
	struct history *h = &b->objects[e->object];
	bool counted = tr_log_object(b->log, e->object)->class != XF_CLASS_NONE;
	if (counted && !p->waiters)
		return; /* nobody was there to be woken */
	if (!p->all) {
		push_post(b, h, e->index);
		return;
	}
	h->release = e->index;
	h->wakes_left = counted ? p->waiters : UINT32_MAX;
	h->ambiguous = h->head < h->nr_posts;
	h->head = h->linked = h->nr_posts;
}

/*
 * Woken by the broadcast when there was one since its wait began and it is not
 * used up, else by the first single signal since then that nobody has had. When
 * several could have been it the edge is drawn and carries nothing.
 */
static void cond_woken(struct builder *b, const struct tr_event *e)
{
	struct history *h = &b->objects[e->object];
	const struct wait *w = &b->waits[e->thread];
	enum xf_class class = class_of(b, e->object, XF_CLASS_SIGNAL);
	if (!got_it(TR_PAYLOAD(e, cond_woken)->how) || w->event == TR_NONE || w->object != e->object)
		return;
	bool broadcast = h->wakes_left && h->release != TR_NONE && h->release > w->event;
	if (broadcast) {
		bool only = !h->ambiguous && h->head == h->nr_posts;
		h->wakes_left -= h->wakes_left != UINT32_MAX;
		add_edge(b, TR_EDGE_CONDITION, only ? class : XF_CLASS_LOCK, h->release, e);
		return;
	}
	while (h->head < h->nr_posts && h->posts[h->head] < w->event)
		h->head++;
	if (h->head < h->nr_posts) {
		bool only = h->head + 1 == h->nr_posts;
		add_edge(b, TR_EDGE_CONDITION, only ? class : XF_CLASS_LOCK, h->posts[h->head++], e);
	}
	h->linked = h->head;
}

static void queue_get(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_queue_get *p = TR_PAYLOAD(e, queue_get);
	uint64_t key = tr_pair(e->object, (uint32_t)p->item);
	uint32_t put = got_it(p->how) ? tr_map_get(&b->items, key) : TR_MAP_NONE;
	if (put != TR_MAP_NONE)
		add_edge(b, TR_EDGE_ITEM, class_of(b, e->object, XF_CLASS_SIGNAL), put, e);
}

static void mutex_lock(struct builder *b, const struct tr_event *e)
{
	struct history *h = &b->objects[e->object];
	if (!got_it(TR_PAYLOAD(e, mutex_lock)->how))
		return;
	if (h->release != TR_NONE) {
		bool declared = tr_log_object(b->log, e->object)->class != XF_CLASS_NONE;
		bool life = !declared && tr_log_thread_of(b->log, h->release) != e->thread &&
			    lifelong(b, e, h->release);
		add_edge(b, life ? TR_EDGE_LIFELONG : TR_EDGE_MUTEX, XF_CLASS_LOCK, h->release, e);
	}
	note_taken(b, e);
	h->acquirer = e->thread;
}

/* ---- bytes */

static bool has_read(const struct builder *b, uint64_t inode, uint32_t thread)
{
	uint32_t channel = tr_map_get(&b->channels, inode);
	return channel != TR_MAP_NONE && tr_map_get(&b->readers, tr_pair(channel, thread)) != TR_MAP_NONE;
}

static void note_reader(struct builder *b, uint64_t inode, uint32_t thread)
{
	uint32_t channel = tr_map_get(&b->channels, inode);
	if (channel == TR_MAP_NONE)
		set_map(b, &b->channels, inode, channel = b->channels.nr);
	set_map(b, &b->readers, tr_pair(channel, thread), 1);
}

/* A write that begins inside of an older one: less of that was written than it had set out to. */
static void cut_older(struct builder *b, const struct xf_ev_fd_write *p)
{
	for (uint32_t i = tr_map_get(&b->inodes, p->inode); i != TR_MAP_NONE; i = b->ranges[i].next) {
		struct range *r = &b->ranges[i];
		if (r->end <= p->position)
			break;
		if (r->position < p->position + p->bytes)
			r->end = r->position < p->position ? p->position : r->position;
	}
}

static void fd_write(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_fd_write *p = TR_PAYLOAD(e, fd_write);
	if (!p->bytes)
		return;
	cut_older(b, p);
	if (!tr_grow(&b->ranges, b->nr_ranges, &b->cap_ranges, sizeof(*b->ranges))) {
		b->failed = true;
		return;
	}
	b->ranges[b->nr_ranges] = (struct range){ p->position, p->position + p->bytes, e->index,
						  tr_map_get(&b->inodes, p->inode),
						  has_read(b, p->inode, e->thread) };
	set_map(b, &b->inodes, p->inode, b->nr_ranges++);
}

static uint32_t new_passing(struct builder *b, uint32_t edge, uint32_t thread)
{
	struct tr_order *o = b->o;
	if (!tr_grow(&o->passing, o->nr_passing, &o->cap_passing, sizeof(*o->passing)) ||
	    !tr_grow(&b->pending, o->nr_passing, &b->cap_pending, sizeof(*b->pending))) {
		b->failed = true;
		return TR_NONE;
	}
	o->passing[o->nr_passing] = (struct tr_passing){ edge, TR_NONE };
	b->pending[o->nr_passing] = (struct pending){ b->loops[thread].lay_ns, TR_NONE };
	return o->nr_passing++;
}

/* Has a thread, as far as it is known, lain in epoll? */
static bool turns(const struct tr_order *o, uint32_t thread)
{
	return o->turns && o->turns[thread] != TR_NONE;
}

/* A bytes edge that carries only so far is known as such once its thread has lain down: see lie_down(). */
static void add_passing(struct builder *b, uint32_t edge, uint32_t thread)
{
	struct loop *l = &b->loops[thread];
	uint32_t added = new_passing(b, edge, thread);
	if (added == TR_NONE)
		return;
	if (l->oldest == TR_NONE)
		l->oldest = added;
	else
		b->pending[l->newest].next = added;
	l->newest = added;
}

enum { LAY_DOWN_NS = 1000000 };

static uint64_t lay_ns(const struct tr_event *e)
{
	return e->kind == XF_EV_poll ? TR_PAYLOAD(e, poll)->waited_ns
	     : e->kind == XF_EV_sleep ? TR_PAYLOAD(e, sleep)->slept_ns : 0;
}

static void lie_down(struct builder *b, const struct tr_event *e)
{
	struct loop *l = &b->loops[e->thread];
	l->lay_ns += lay_ns(e);
	for (; l->oldest != TR_NONE && l->lay_ns - b->pending[l->oldest].lay_ns >= LAY_DOWN_NS;
	     l->oldest = b->pending[l->oldest].next)
		if (b->o->passing[l->oldest].until == TR_NONE)
			b->o->passing[l->oldest].until = e->index;
}

/* The thread has other news: what it read before carries no further. Of the edges before `edge`. */
static void turn_away(struct builder *b, const struct tr_event *e, uint32_t edge)
{
	struct loop *l = &b->loops[e->thread];
	for (; l->oldest != TR_NONE && b->o->passing[l->oldest].edge < edge; l->oldest = b->pending[l->oldest].next)
		if (b->o->passing[l->oldest].until == TR_NONE)
			b->o->passing[l->oldest].until = e->index;
}

/* Was that poll going on when the bytes were written? */
static bool lay_there(const struct builder *b, uint32_t poll, uint32_t write)
{
	struct tr_event e = tr_log_event(b->log, poll);
	return write < poll && tr_log_time(b->log, write) >= e.t_ns - (int64_t)TR_PAYLOAD(&e, poll)->waited_ns;
}

/* *first, by thread: the first event of a kind; made when there is one. */
static void note_first(struct builder *b, uint32_t **first, const struct tr_event *e)
{
	uint32_t threads = tr_log_nr_threads(b->log);
	if (!*first) {
		*first = malloc((threads + 1u) * sizeof(**first));
		if (!*first) {
			b->failed = true;
			return;
		}
		memset(*first, 0xff, (threads + 1u) * sizeof(**first));
	}
	if (e->index < (*first)[e->thread])
		(*first)[e->thread] = e->index;
}

static void poll_ends(struct builder *b, const struct tr_event *e)
{
	b->loops[e->thread].polls = true;
	b->loops[e->thread].poll = e->index;
	if (TR_PAYLOAD(e, poll)->epoll)
		note_first(b, &b->o->turns, e);
	lie_down(b, e);
}

static void add_bytes(struct builder *b, const struct range *r, const struct tr_event *e)
{
	uint32_t edge = b->o->nr;
	add_edge(b, TR_EDGE_BYTES, r->token ? XF_CLASS_LOCK : XF_CLASS_SIGNAL, r->event, e);
	if (b->o->nr == edge || r->token || !b->loops[e->thread].polls)
		return;
	add_passing(b, edge, e->thread);
	note_first(b, &b->o->woken, e);
	if (!b->failed && !lay_there(b, b->loops[e->thread].poll, r->event))
		b->o->passing[b->o->nr_passing - 1].until = e->index;
}

/* Of the edges from `first` on, all to e: several threads' bytes at once, and nobody knows whose led on. */
static void doubt_mixed(struct builder *b, const struct tr_event *e, uint32_t first)
{
	struct tr_order *o = b->o;
	uint32_t writer = TR_NONE;
	bool mixed = false;
	for (uint32_t i = first; i < o->nr; i++) {
		uint32_t thread = tr_log_thread_of(b->log, o->edges[i].from);
		if (o->edges[i].class != XF_CLASS_SIGNAL)
			continue;
		mixed = mixed || (writer != TR_NONE && writer != thread);
		writer = thread;
	}
	if (writer != TR_NONE && (mixed || writer != e->thread)) /* what it wrote itself is no news to it */
		turn_away(b, e, mixed ? o->nr : first);
}

/* Every write whose range overlaps; the list is newest first and positions only grow. */
static void fd_read(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_fd_read *p = TR_PAYLOAD(e, fd_read);
	uint64_t end = p->position + p->bytes;
	uint32_t first = b->o->nr;
	for (uint32_t i = tr_map_get(&b->inodes, p->inode); i != TR_MAP_NONE && p->bytes;
	     i = b->ranges[i].next) {
		const struct range *r = &b->ranges[i];
		if (r->end <= p->position)
			break;
		if (r->position < end)
			add_bytes(b, r, e);
	}
	if (!b->failed)
		doubt_mixed(b, e, first);
	note_reader(b, p->inode, e->thread);
}

/* ---- requests */

static void request_start(struct builder *b, const struct tr_event *e)
{
	struct tr_order *o = b->o;
	set_map(b, &b->requests, tr_pair(e->process, TR_PAYLOAD(e, request_start)->request), e->index);
	if (++b->loops[e->thread].under_way < 2)
		return;
	if (!o->drives)
		o->drives = calloc(tr_log_nr_threads(b->log) + 1u, 1);
	if (o->drives)
		o->drives[e->thread] = 1;
	else
		b->failed = true;
}

static void response(struct builder *b, const struct tr_event *e)
{
	uint64_t key = tr_pair(e->process, TR_PAYLOAD(e, response)->request);
	uint32_t begin = tr_map_get(&b->requests, key);
	turn_away(b, e, b->o->nr);
	if (begin == TR_MAP_NONE || begin == TR_NONE)
		return;
	b->loops[tr_log_thread_of(b->log, begin)].under_way--;
	set_map(b, &b->requests, key, TR_NONE);
	if (turns(b->o, e->thread))
		set_map(b, &b->o->answers, begin, e->index);
}

/* ---- data */

static void part_done(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_part_done *p = TR_PAYLOAD(e, part_done);
	uint64_t key = tr_pair(e->process, p->transfer);
	if (!p->etag)
		return;
	if (!tr_grow(&b->parts, b->nr_parts, &b->cap_parts, sizeof(*b->parts))) {
		b->failed = true;
		return;
	}
	b->parts[b->nr_parts] = (struct part){ e->index, tr_map_get(&b->transfers, key) };
	set_map(b, &b->transfers, key, b->nr_parts++);
}

static void multipart_complete(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_multipart_complete *p = TR_PAYLOAD(e, multipart_complete);
	uint32_t i = p->skipped || p->failed ? TR_MAP_NONE
					     : tr_map_get(&b->transfers, tr_pair(e->process, p->transfer));
	for (; i != TR_MAP_NONE; i = b->parts[i].next)
		add_edge(b, TR_EDGE_DATA, XF_CLASS_SIGNAL, b->parts[i].event, e);
}

/* ---- threads and processes */

static void thread_begins(struct builder *b, const struct tr_event *e)
{
	b->fresh[e->thread] = 0;
	add_edge(b, TR_EDGE_START, XF_CLASS_SIGNAL, b->created[e->thread], e);
}

static void join_end(struct builder *b, const struct tr_event *e)
{
	uint32_t thread = tr_log_thread_find(b->log, TR_PAYLOAD(e, join_end)->id);
	if (got_it(TR_PAYLOAD(e, join_end)->how) && thread != TR_NONE)
		add_edge(b, TR_EDGE_JOIN, XF_CLASS_SIGNAL, b->ended[thread], e);
}

/* The last of a process' threads that say so ends it. */
static void from_map(struct builder *b, const struct tr_event *e, const struct tr_map *m, uint32_t key,
		     enum tr_edge_kind kind)
{
	uint32_t from = tr_map_get(m, key);
	if (from != TR_MAP_NONE)
		add_edge(b, kind, XF_CLASS_SIGNAL, from, e);
}

/* Of children waited for whichever ends first, what it did for one ends where it has waited for the next. */
static void process_wait(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_process_wait *p = TR_PAYLOAD(e, process_wait);
	struct loop *l = &b->loops[e->thread];
	uint32_t from = tr_map_get(&b->exits, p->pid), edge = b->o->nr;
	if (l->reaped != TR_NONE && tr_order_waited(p)) {
		b->o->passing[l->reaped].until = e->index;
		l->reaped = TR_NONE;
	}
	if (from == TR_MAP_NONE)
		return;
	bool found = tr_log_time(b->log, from) < e->t_ns - (int64_t)p->waited_ns; /* ended already as the wait began */
	add_edge(b, TR_EDGE_PROCESS, p->asked && found ? XF_CLASS_LOCK : XF_CLASS_SIGNAL, from, e);
	if (b->o->nr == edge || (p->asked && found))
		return;
	if (p->any)
		l->reaped = new_passing(b, edge, e->thread);
	else if (found && turns(b->o, e->thread))
		add_passing(b, edge, e->thread);
}

/* ---- all of them */

static void begin_wait(struct builder *b, const struct tr_event *e)
{
	uint64_t limit = 0;
	tr_event_field(e, "limit_ns", &limit);
	b->waits[e->thread] = (struct wait){ e->index, e->object, limit };
}

static void take_other_event(struct builder *b, const struct tr_event *e)
{
	uint32_t thread;
	switch (e->kind) {
	case XF_EV_thread_create:
		thread = tr_log_thread_find(b->log, TR_PAYLOAD(e, thread_create)->id);
		if (thread != TR_NONE && thread != e->thread)
			b->created[thread] = e->index;
		break;
	case XF_EV_thread_exit:
		thread = tr_log_thread_find(b->log, TR_PAYLOAD(e, thread_exit)->id);
		if (thread != TR_NONE)
			b->ended[thread] = e->index;
		break;
	case XF_EV_join_end:
		join_end(b, e);
		break;
	case XF_EV_process_exit:
		set_map(b, &b->exits, TR_PAYLOAD(e, process_exit)->pid, e->index);
		break;
	case XF_EV_process_wait:
		process_wait(b, e);
		break;
	case XF_EV_fork:
		set_map(b, &b->forks, TR_PAYLOAD(e, fork)->child, e->index);
		break;
	case XF_EV_process_start:
		from_map(b, e, &b->forks, TR_PAYLOAD(e, process_start)->pid, TR_EDGE_FORK);
		break;
	case XF_EV_fd_write:
		fd_write(b, e);
		break;
	case XF_EV_fd_read:
		fd_read(b, e);
		break;
	case XF_EV_poll:
		poll_ends(b, e);
		break;
	case XF_EV_sleep:
		lie_down(b, e);
		break;
	case XF_EV_request_start:
		request_start(b, e);
		break;
	case XF_EV_response:
		response(b, e);
		break;
	case XF_EV_part_done:
		part_done(b, e);
		break;
	case XF_EV_multipart_complete:
		multipart_complete(b, e);
		break;
	default:
		break;
	}
}

/* Events of synchronisation objects. */
static void take_object_event(struct builder *b, const struct tr_event *e)
{
	struct history *h = &b->objects[e->object];
	switch (e->kind) {
	case XF_EV_sem_init:
		h->value_known = true;
		h->free_permits = TR_PAYLOAD(e, sem_init)->value;
		break;
	case XF_EV_sem_post:
		sem_post(b, e);
		break;
	case XF_EV_sem_acquired:
		sem_acquired(b, e);
		break;
	case XF_EV_event_set: case XF_EV_mutex_unlock:
		h->release = e->index;
		break;
	case XF_EV_event_woken:
		event_woken(b, e);
		break;
	case XF_EV_cond_signal:
		cond_signal(b, e);
		break;
	case XF_EV_cond_woken:
		cond_woken(b, e);
		break;
	case XF_EV_queue_put:
		set_map(b, &b->items, tr_pair(e->object, (uint32_t)TR_PAYLOAD(e, queue_put)->item), e->index);
		break;
	case XF_EV_queue_get:
		queue_get(b, e);
		break;
	case XF_EV_mutex_lock:
		mutex_lock(b, e);
		break;
	default: /* pipes are objects for the order of their events alone */
		take_other_event(b, e);
		break;
	}
}

static void take_event(struct builder *b, const struct tr_event *e)
{
	enum xf_role role = xf_kind_info(e->kind)->role;
	if (b->fresh[e->thread])
		thread_begins(b, e);
	if (role == XF_ROLE_WAIT)
		begin_wait(b, e);
	if (e->object != TR_NONE)
		take_object_event(b, e);
	else
		take_other_event(b, e);
	if (role == XF_ROLE_ACQUIRE)
		b->waits[e->thread].event = TR_NONE;
}

static bool builder_init(struct builder *b)
{
	uint32_t threads = tr_log_nr_threads(b->log), objects = tr_log_nr_objects(b->log);
	b->waits = calloc(threads + 1u, sizeof(*b->waits));
	b->created = calloc(threads + 1u, sizeof(*b->created));
	b->ended = calloc(threads + 1u, sizeof(*b->ended));
	b->fresh = calloc(threads + 1u, 1);
	b->loops = calloc(threads + 1u, sizeof(*b->loops));
	b->objects = calloc(objects + 1u, sizeof(*b->objects));
	if (!b->waits || !b->created || !b->ended || !b->fresh || !b->loops || !b->objects)
		return false;
	for (uint32_t i = 0; i < threads; i++) {
		b->waits[i] = (struct wait){ TR_NONE, TR_NONE, 0 };
		b->created[i] = b->ended[i] = TR_NONE;
		b->fresh[i] = 1;
		b->loops[i].oldest = b->loops[i].newest = b->loops[i].reaped = TR_NONE;
	}
	for (uint32_t i = 0; i < objects; i++)
		b->objects[i] = (struct history){ .release = TR_NONE, .acquirer = TR_NONE };
	return true;
}

static void builder_fini(struct builder *b)
{
	for (uint32_t i = 0; b->objects && i < tr_log_nr_objects(b->log); i++)
		free(b->objects[i].posts);
	tr_map_fini(&b->items);
	tr_map_fini(&b->exits);
	tr_map_fini(&b->forks);
	tr_map_fini(&b->inodes);
	tr_map_fini(&b->transfers);
	tr_map_fini(&b->requests);
	tr_map_fini(&b->channels);
	tr_map_fini(&b->readers);
	tr_map_fini(&b->taken_at);
	tr_map_fini(&b->has);
	tr_map_fini(&b->given_back);
	free(b->ranges);
	free(b->parts);
	free(b->waits);
	free(b->created);
	free(b->ended);
	free(b->fresh);
	free(b->loops);
	free(b->pending);
	free(b->candidates);
	free(b->objects);
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* When the next timer of an event loop is due, as the limit of its poll tells; one that does not wait at all tells nothing. */
static void learn_due(const struct tr_event *poll, int64_t *due_ns)
{
	const struct xf_ev_poll *p = TR_PAYLOAD(poll, poll);
	if (p->epoll && p->limit_ns != 1)
		*due_ns = p->limit_ns ? poll->t_ns - (int64_t)p->waited_ns + (int64_t)p->limit_ns : INT64_MAX;
}

static int64_t due_at(const struct tr_order *o, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(o->log, event);
	int64_t due_ns = 0;
	if (!o->turns || o->turns[thread] > event)
		return INT64_MAX;
	while (!due_ns && event != TR_NONE && event >= o->turns[thread]) {
		if (tr_log_kind(o->log, event) == XF_EV_poll) {
			struct tr_event e = tr_log_event(o->log, event);
			learn_due(&e, &due_ns);
		}
		event = tr_log_step(o->log, event, thread, -1);
	}
	return due_ns ? due_ns : INT64_MAX;
}

/* The first event of the thread of `event` at which a timer was due, if it comes before `until`; else `until`. */
static uint32_t timer_before(const struct tr_order *o, uint32_t event, uint32_t until)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = event;
	int64_t due_ns = due_at(o, event);
	if (due_ns == INT64_MAX && !turns(o, thread))
		return until;
	while ((i = tr_log_step(o->log, i, thread, 1)) != TR_NONE && i < until && tr_log_time(o->log, i) < due_ns)
		if (tr_log_kind(o->log, i) == XF_EV_poll) {
			struct tr_event e = tr_log_event(o->log, i);
			learn_due(&e, &due_ns);
		}
	return i < until ? i : until;
}

/* Keeps the passing edges whose thread did lie down, and lists the ways out of all threads. */
static void settle_passing(struct builder *b)
{
	struct tr_order *o = b->o;
	uint32_t nr = 0;
	for (uint32_t i = 0; i < o->nr_passing; i++) {
		struct tr_passing *p = &o->passing[i];
		p->until = timer_before(o, o->edges[p->edge].to, p->until);
		if (p->until != TR_NONE)
			o->passing[nr++] = *p;
	}
	o->nr_passing = nr;
	if (!nr && !o->drives && !o->woken && !o->turns)
		return;
	o->leads = o->turns ? calloc(1, sizeof(*o->leads)) : NULL;
	o->used = malloc(o->nr + 1u);
	o->departures = malloc((o->nr + 1u) * sizeof(*o->departures));
	if (!o->used || !o->departures || (o->turns && !o->leads)) {
		b->failed = true;
		return;
	}
	for (uint32_t i = 0; i < o->nr; i++)
		if (o->edges[i].class == XF_CLASS_SIGNAL)
			o->departures[o->nr_departures++] = tr_pair(o->edges[i].from, i);
	qsort(o->departures, o->nr_departures, sizeof(*o->departures), compare_numbers);
}

enum xf_status tr_order_new(const struct tr_log *log, struct tr_order **out, struct xf_error *err)
{
	struct tr_order *o = calloc(1, sizeof(*o));
	struct builder b = { .o = o, .log = log };
	b.failed = !o || !builder_init(&b);
	if (o)
		o->log = log;
	for (uint32_t i = 0, nr = tr_log_nr_events(log); i < nr && !b.failed; i++) {
		enum xf_kind kind = tr_log_kind(log, i);
		enum xf_group group = xf_kind_info(kind)->group;
		bool speaks = group == XF_GROUP_SYNC || group == XF_GROUP_PROCESS ||
			      kind == XF_EV_part_done || kind == XF_EV_multipart_complete ||
			      kind == XF_EV_request_start || kind == XF_EV_response;
		if (!speaks && !b.fresh[tr_log_thread_of(log, i)])
			continue;
		struct tr_event e = tr_log_event(log, i);
		take_event(&b, &e);
	}
	if (!b.failed)
		confirm_lifelong(&b);
	if (!b.failed)
		settle_passing(&b);
	builder_fini(&b);
	if (b.failed) {
		tr_order_free(o);
		return xf_fail(err, XF_NOMEM, "no memory to order the trace");
	}
	*out = o;
	return XF_OK;
}

void tr_order_free(struct tr_order *o)
{
	if (o) {
		free(o->edges);
		free(o->passing);
		free(o->departures);
		free(o->used);
		free(o->drives);
		free(o->woken);
		free(o->turns);
		tr_map_fini(&o->answers);
		if (o->leads)
			tr_map_fini(&o->leads->known);
		free(o->leads);
	}
	free(o);
}

/* ---- looking at them. Edges were added in the order of `to`. */

uint32_t tr_order_nr_edges(const struct tr_order *o)
{
	return o->nr;
}

const struct tr_edge *tr_order_edge(const struct tr_order *o, uint32_t i)
{
	return &o->edges[i];
}

uint32_t tr_order_edge_at(const struct tr_order *o, uint32_t event)
{
	uint32_t low = 0, high = o->nr;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->edges[mid].to < event)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t tr_order_until(const struct tr_order *o, uint32_t edge)
{
	uint32_t low = 0, high = o->nr_passing;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->passing[mid].edge < edge)
			low = mid + 1;
		else
			high = mid;
	}
	return low < o->nr_passing && o->passing[low].edge == edge ? o->passing[low].until : TR_NONE;
}

/* Did an event lead on, to e or by an edge in use, before its thread lay down at `until`? */
static bool led_on(const struct tr_order *o, uint32_t event, uint32_t until, uint32_t e)
{
	uint32_t thread = tr_log_thread_of(o->log, event), low = 0, high = o->nr_departures;
	if (tr_log_thread_of(o->log, e) == thread && event <= e && e < until)
		return true;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->departures[mid] >> 32 < event)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < o->nr_departures && o->departures[low] >> 32 < until; low++)
		if (o->used[(uint32_t)o->departures[low]] &&
		    tr_log_thread_of(o->log, (uint32_t)(o->departures[low] >> 32)) == thread)
			return true;
	return false;
}

/* Are these bytes of another's that carry? */
static bool is_news(const struct tr_order *o, uint32_t event)
{
	for (uint32_t i = tr_order_edge_at(o, event); i < o->nr && o->edges[i].to == event; i++)
		if (o->edges[i].kind == TR_EDGE_BYTES && o->edges[i].class == XF_CLASS_SIGNAL &&
		    tr_log_thread_of(o->log, o->edges[i].from) != tr_log_thread_of(o->log, event))
			return true;
	return false;
}

/*
 * Where the event's thread had lain down since, or other news: a request's answer, bytes, a timer that was
 * due; TR_NONE: nowhere.
 */
static uint32_t turned_away_after(const struct tr_order *o, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = event;
	int64_t due_ns = due_at(o, event);
	uint64_t lay = 0;
	while ((i = tr_log_step(o->log, i, thread, 1)) != TR_NONE) {
		enum xf_kind kind = tr_log_kind(o->log, i);
		if (kind == XF_EV_response || (kind == XF_EV_fd_read && is_news(o, i)) || tr_log_time(o->log, i) >= due_ns)
			break;
		if (kind != XF_EV_poll && kind != XF_EV_sleep)
			continue;
		struct tr_event e = tr_log_event(o->log, i);
		lay += lay_ns(&e);
		if (lay >= LAY_DOWN_NS)
			break;
		if (kind == XF_EV_poll)
			learn_due(&e, &due_ns);
	}
	return i;
}

static bool drives(const struct tr_order *o, uint32_t thread)
{
	return o->drives && o->drives[thread];
}

bool tr_order_serves(const struct tr_order *o, uint32_t thread)
{
	return drives(o, thread) || turns(o, thread);
}

/* The answer to the next request that the event's thread began, before `until`; TR_NONE: it began none. */
static uint32_t next_answer(const struct tr_order *o, uint32_t event, uint32_t until)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = event;
	while ((i = tr_log_step(o->log, i, thread, 1)) != TR_NONE && i < until)
		if (tr_log_kind(o->log, i) == XF_EV_request_start)
			return tr_map_get(&o->answers, i);
	return TR_NONE;
}

/* Did an event lead on to e, or to a request whose answer did? Each answer is asked for once. */
static bool led_on_by_requests(const struct tr_order *o, uint32_t event, uint32_t e)
{
	struct tr_map *known = &o->leads->known;
	uint32_t said = TR_MAP_NONE, at = event, next = event;
	if (o->leads->to != e)
		tr_map_fini(known);
	o->leads->to = e;
	for (;; at = next) {
		uint32_t until = turned_away_after(o, at);
		next = next_answer(o, at, until);
		said = led_on(o, at, until, e) ? 1 : next > e /* or none */ ? 0 : tr_map_get(known, next);
		if (said != TR_MAP_NONE)
			break;
	}
	for (uint32_t i = event; i != at && tr_map_set(known, i, said);)
		i = next_answer(o, i, turned_away_after(o, i));
	tr_map_set(known, at, said);
	return said;
}

bool tr_order_led_on(const struct tr_order *o, uint32_t event, uint32_t e)
{
	uint32_t thread = tr_log_thread_of(o->log, event);
	if (drives(o, thread) ||
	    (o->woken && thread != tr_log_thread_of(o->log, e) && o->woken[thread] < e))
		return led_on(o, event, turned_away_after(o, event), e);
	return !o->turns || o->turns[thread] > e || led_on_by_requests(o, event, e);
}

static void learn_past(const struct tr_order *o, uint32_t e, struct tr_clock *clock, tr_edge_fn use,
		       const void *ctx, bool loosely)
{
	uint32_t nr_passing = loosely ? 0 : o->nr_passing;
	tr_clock_reset(clock);
	tr_clock_learn(clock, tr_log_thread_of(o->log, e), e);
	if (o->used && !loosely)
		memset(o->used, 0, o->nr);
	if (o->leads && !loosely)
		o->leads->to = TR_NONE;
	for (uint32_t i = tr_order_edge_at(o, e + 1); i-- > 0;) {
		const struct tr_edge *edge = &o->edges[i];
		while (nr_passing && o->passing[nr_passing - 1].edge > i)
			nr_passing--;
		bool passing = nr_passing && o->passing[nr_passing - 1].edge == i;
		if (edge->class != XF_CLASS_SIGNAL ||
		    !tr_clock_knows(clock, tr_log_thread_of(o->log, edge->to), edge->to) ||
		    (use && !use(ctx, edge)) || (passing && !led_on(o, edge->to, o->passing[nr_passing - 1].until, e)))
			continue;
		tr_clock_learn(clock, tr_log_thread_of(o->log, edge->from), edge->from);
		if (o->used && !loosely)
			o->used[i] = 1;
	}
}

void tr_order_past(const struct tr_order *o, uint32_t e, struct tr_clock *clock, tr_edge_fn use,
		   const void *ctx)
{
	learn_past(o, e, clock, use, ctx, false);
}

void tr_order_led_to(const struct tr_order *o, uint32_t e, struct tr_clock *clock)
{
	learn_past(o, e, clock, NULL, NULL, true);
}

bool tr_order_before(const struct tr_order *o, uint32_t a, uint32_t b)
{
	struct tr_clock clock;
	if (a > b || !tr_clock_init(&clock, tr_log_nr_threads(o->log)))
		return false;
	tr_order_led_to(o, b, &clock);
	bool before = tr_clock_knows(&clock, tr_log_thread_of(o->log, a), a);
	tr_clock_fini(&clock);
	return before;
}
