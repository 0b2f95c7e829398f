/*
 * keep: the holds of a run: who is kept at the next gate, and for how long. A table and
 * arithmetic; the caller locks, and waits. `held` and `released` are recorded by the
 * thread that is held, which has a stay for it on its stack.
 */
#ifndef TR_DEBUG_KEEP_H
#define TR_DEBUG_KEEP_H

#include <stdbool.h>
#include <stdint.h>

enum { TR_MAX_KEEPS = 64 };

struct tr_keep {
	uint32_t id;           /* from 1 */
	uint32_t thread;       /* number, UINT32_MAX: by part */
	uint32_t transfer, part;
	bool others;           /* every thread but this one */
	uint64_t limit_ns;     /* 0: until it is released */
	uint32_t holding;      /* threads held by it now */
};

struct tr_keeps {
	struct tr_keep list[TR_MAX_KEEPS];
	unsigned nr;
	uint32_t last_id;
};

/* Whom a gate asks about. */
struct tr_kept {
	uint32_t thread, transfer, part;
};

/* A copy is kept. Returns its id; 0: no room. */
uint32_t tr_keeps_add(struct tr_keeps *k, const struct tr_keep *keep);
/* Ends those of a thread (or part, or id; 0 and UINT32_MAX: any), returns how many. */
unsigned tr_keeps_remove(struct tr_keeps *k, uint32_t thread, uint32_t part, uint32_t id);

/* The one that holds it; NULL: none. Borrowed until the next change. */
struct tr_keep *tr_keeps_for(struct tr_keeps *k, const struct tr_kept *who);

/* Is anything held now? And is anything held that ends by itself? */
bool tr_keeps_hold(const struct tr_keeps *k);
bool tr_keeps_end(const struct tr_keeps *k);

/* ---- one thread's part in a hold, from `held` to `released`: on that thread */

struct tr_stay {
	uint32_t id;           /* 0: not held */
	uint64_t since_ns, paused_ns, limit_ns;
	uint32_t transfer, part;
};

void tr_stay_begin(struct tr_stay *stay, struct tr_keep *keep, const struct tr_kept *who);
/* Nothing, when it is not held. */
void tr_stay_end(struct tr_stay *stay, struct tr_keeps *k);
/* How long it has been, without what the world was stopped for. */
uint64_t tr_stay_ns(const struct tr_stay *stay);

#endif
