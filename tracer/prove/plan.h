/*
 * plan: what is held, for how long, and in which order; arithmetic only.
 *
 * Targets are the first, the middle and the last part and Complete of a multipart upload, and
 * the one request of a small one: a call may wait for the one and have forgotten the other. A hold must end later than the call ever returned by
 * itself, else it shows nothing: how long that takes depends on when the target's
 * turn comes, so each target has its own shortest length. The lengths of one
 * target differ by a step that is large beside the noise of the call.
 *
 * A round holds every target (a single one several times) in an order drawn from the seed,
 * each time with its next length, and puts a hold of no length somewhere in between: it
 * goes through the same machinery, and so shows what the machinery itself does.
 */
#ifndef TR_PROVE_PLAN_H
#define TR_PROVE_PLAN_H

#include <stdint.h>

#include "tracer/verdict/verdict.h"

enum tr_target_kind { TR_TARGET_PART, TR_TARGET_COMPLETE, TR_TARGET_PUT, TR_TARGET_EARLY };

struct tr_target {
	enum tr_target_kind kind;
	uint32_t part;      /* PART: which; EARLY: parts 1 to this one, all at once */
	int64_t turn_ns;    /* when it was answered undisturbed, from call_enter */
	uint32_t uploads;   /* of the call's that have such a request: they are held together */
};

enum {
	TR_MAX_TARGETS = 6,
	TR_MAX_ROUND = 8,
	TR_ROUND_HOLDS = 4, /* holds a round makes, at least */
	TR_NR_LENGTHS = 3,  /* different lengths of one target */
};

/* The targets of a call's uploads; returns how many (0: nothing that could be held was seen). */
uint32_t tr_plan_targets(const struct tr_log *log, const struct tr_verdicts *all,
			 const struct tr_verdict *v, struct tr_target targets[TR_MAX_TARGETS]);

/* "part 3", "Complete", "PutObject", "parts 1 to 4". Returns buf. */
const char *tr_target_text(const struct tr_target *target, char *buf, size_t cap);

/*
 * How long to hold: length 0 the shortest, then the longest, then in between. longest_ns: the longest the
 * call took undisturbed. patience_ns: how soon the client gave up on a held request (0: it never did);
 * then all lengths stay below half of it.
 */
uint64_t tr_plan_length_ns(const struct tr_target *target, int64_t longest_ns, uint64_t patience_ns,
			   uint32_t length);

/* One hold of a round. */
struct tr_step {
	uint32_t target;    /* index; TR_NONE: the hold of no length */
	uint32_t length;    /* 0 … TR_NR_LENGTHS - 1 */
};

/* The steps of round `round` (from 0); returns how many. The same seed gives the same order. */
uint32_t tr_plan_round(uint32_t nr_targets, uint32_t round, uint64_t seed,
		       struct tr_step steps[TR_MAX_ROUND]);

#endif
