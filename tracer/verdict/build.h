/*
 * build: how the edges of an order are made, event by event: what the files that make them share.
 *
 * build.c takes the events in their order and hands them on; semaphores and locks are
 * build_semaphore.c's, bytes, polls and requests build_bytes.c's. Which edge carries what is
 * told in build.c.
 */
#ifndef TR_VERDICT_BUILD_H
#define TR_VERDICT_BUILD_H

#include "tracer/verdict/order_private.h"

/* An edge that is a join if the joiner had been told that the lock is taken. */
struct candidate {
	uint32_t edge, taken, wait;
};

/* What a thread waits for, from the begin of the wait to its end. */
struct wait {
	uint32_t event, object;
	uint32_t own;            /* Python's conditions: the lock of the condition itself; TR_NONE */
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
	bool one;                /* began with one permit, as locks do; those of a semaphore are all alike, and counted */
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

/* What a thread was given last of one thing: its edges, as passing ones. */
struct take {
	uint32_t first, nr;
	uint32_t taker, giver;   /* threads; giver TR_NONE: several */
	bool counted;            /* in a loop that is run to its end */
	uint32_t rival;          /* the event by which another gave the same thing later; TR_NONE */
	bool over;               /* the taker came for more */
};

/* A thread that took a condition's own lock: was it to give, or to wait? */
struct rival {
	uint32_t lock;           /* TR_NONE: it did not */
	uint32_t gave;           /* where it gave it back; TR_NONE: not yet */
};

struct builder {
	struct tr_order *o;
	const struct tr_log *log;
	struct wait *waits;       /* by thread */
	struct history *objects;
	uint32_t *created, *ended; /* by thread: events */
	uint8_t *fresh;            /* by thread: 1 until its first event */
	struct loop *loops;        /* by thread */
	uint32_t *posted;          /* by thread: its last post, TR_NONE */
	struct take *takes;
	uint32_t nr_takes, cap_takes;
	struct tr_map takers;      /* (what is taken from, thread) → its last take of it */
	struct tr_map last_takes;  /* what is taken from → the last take of it, by anybody */
	struct rival *rivals;      /* by thread */
	struct pending *pending;
	uint32_t cap_pending;
	struct tr_map requests;    /* (process, request) under way → its begin */
	struct tr_map items, exits, forks, inodes, transfers;
	struct tr_map channels;    /* inode that was read → a number of it */
	struct tr_map readers;     /* (that number, thread) */
	struct tr_map writers;     /* inode → the process that writes there, or that several do */
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

static inline bool got_it(uint8_t how)
{
	return how == XF_HOW_AT_ONCE || how == XF_HOW_WOKEN;
}

/* ---- build.c. What fails for want of memory sets b->failed. */

/* From an event (TR_NONE: from nowhere, nothing is made) to one that comes later. */
void tr_build_edge(struct builder *b, enum tr_edge_kind kind, enum xf_class class, uint32_t from, const struct tr_event *to);
void tr_build_set(struct builder *b, struct tr_map *m, uint64_t key, uint32_t value);
/* A Python condition, by its own lock: what its waits take from. */
#define TR_BUILD_OF(lock) ((lock) | UINT32_C(1) << 30)
/* Of a wait's begin, or its end: what it takes from, its object or such a condition. */
uint32_t tr_build_waited_for(const struct builder *b, const struct tr_event *e);
/* Objects whose class was not declared: what they are used for decides. */
enum xf_class tr_build_class(const struct builder *b, uint32_t object, enum xf_class undeclared);

/* ---- build_semaphore.c */

void tr_build_sem_post(struct builder *b, const struct tr_event *e);
void tr_build_sem_acquired(struct builder *b, const struct tr_event *e);
/* For `own` of a wait that begins: what it waits for it took itself, a moment ago and once, and then gave that lock back. */
uint32_t tr_build_own_lock(const struct builder *b, const struct tr_event *wait);
/* A post, or a single signal of a condition, that nobody has had yet. */
void tr_build_push_post(struct builder *b, struct history *h, uint32_t event);
/* When a lock was first taken by a thread; taken again: no lifelong lock. */
void tr_build_note_taken(struct builder *b, const struct tr_event *e);
/*
 * Did the thread of that release hold the lock from among its first events to among its last, once? Then the
 * edge that is made next is a join, if tr_build_confirm_lifelong() finds at the end that the other had been told.
 */
bool tr_build_lifelong(struct builder *b, const struct tr_event *e, uint32_t release);
void tr_build_confirm_lifelong(struct builder *b);

/* ---- build_take.c: of one thing, time and again. `from`: an object, a Python condition, or a channel */

/* The thread of e comes for it: what it was given of it before carries no further. */
void tr_build_come_for(struct builder *b, const struct tr_event *e, uint32_t from);
/* The edges from `first` on, which end at e, are what it was given now. */
void tr_build_take(struct builder *b, const struct tr_event *e, uint32_t from, uint32_t first);

/* ---- build_rival.c: others that might have ended a wait. They doubt the last take of the same thing. */

void tr_build_rival_signals(struct builder *b, const struct tr_event *e);
/* from: the channel that is written to. */
void tr_build_rival_writes(struct builder *b, const struct tr_event *e, uint32_t from);
/* A lock is taken: it may be a condition's. */
void tr_build_rival_takes(struct builder *b, const struct tr_event *e);
/* Any event of a thread, before it is taken itself: what did that take the lock for? */
void tr_build_rival_goes_on(struct builder *b, const struct tr_event *e);
void tr_build_settle_rivals(struct builder *b);

/* ---- build_bytes.c */

void tr_build_fd_write(struct builder *b, const struct tr_event *e);
void tr_build_fd_read(struct builder *b, const struct tr_event *e);
void tr_build_poll(struct builder *b, const struct tr_event *e);
/* A poll or sleep: what the thread read before it had lain down for long enough carries no further. */
void tr_build_lie_down(struct builder *b, const struct tr_event *e);
void tr_build_request_start(struct builder *b, const struct tr_event *e);
void tr_build_response(struct builder *b, const struct tr_event *e);
/* An edge that carries only so far: to the given end, or (added) until its thread lies down or has other news. */
uint32_t tr_build_new_passing(struct builder *b, uint32_t edge, uint32_t thread);
void tr_build_add_passing(struct builder *b, uint32_t edge, uint32_t thread);
/* Keeps the passing edges whose thread did lie down, and lists the ways out of all threads. */
void tr_build_settle_passing(struct builder *b);

#endif
