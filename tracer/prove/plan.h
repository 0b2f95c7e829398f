/*
 * plan: what is held, for how long, and in which order; arithmetic only.
 *
 * Targets are the first, the middle and the last part and Complete of each multipart upload of a call, and the one
 * request of each small one: a call may wait for the one and have forgotten the other. A hold must end later than the
 * call ever returned by itself, else it shows nothing: how long that takes depends on when the target's
 * turn comes, so each target has its own shortest length. The lengths of one
 * target differ by a step that is large beside the noise of the call.
 *
 * An upload is known by its object, which has to be the same in every run. Where it is not, or one object is uploaded
 * more than once, requests of one kind are held together, and `uploads` says of how many.
 *
 * What one run holds is a column: one target, or one of each of several calls of which none began before the other was
 * over, as each is judged by the holds of its own uploads. That is so while every call waits: what one leaves behind may
 * be waited for by the next.
 *
 * A round holds every column (a single one several times) in an order drawn from the seed,
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
	uint32_t uploads;   /* so many are held by it at once */
	uint32_t upload;    /* index in the plan's */
};

struct tr_upload {
	uint64_t object;    /* tr_ids_object(); 0: all of the call's, whatever their objects */
	uint32_t transfer;  /* its number in the first run; TR_NONE: several */
	const char *key;    /* the log's; NULL: several */
	bool shown;         /* signals lead from all of it to the return: others are held first */
};

enum {
	TR_MAX_TARGETS = 128,
	TR_MAX_UPLOADS = 96,
	TR_MAX_TOGETHER = 16, /* targets of one column */
	TR_ROUND_HOLDS = 4,   /* holds a round makes, at least */
	TR_MAX_ROUND = TR_MAX_TARGETS + TR_ROUND_HOLDS,
	TR_NR_LENGTHS = 3,    /* different lengths of one target */
};

/* Of one call. */
struct tr_plan {
	struct tr_upload uploads[TR_MAX_UPLOADS];
	uint32_t nr_uploads;
	struct tr_target targets[TR_MAX_TARGETS];
	uint32_t nr_targets;
	uint32_t unheld;    /* uploads there was no room for */
	int64_t enter_ns, return_ns;
};

/* How much of it. */
enum tr_plan_depth {
	TR_PLAN_ALL,        /* parts and ends */
	TR_PLAN_ENDS,       /* what makes the object: Complete cannot come before its parts are answered; where that is not seen, the last part */
};

/*
 * What can be held of a call's uploads: nothing, if none were seen. together: request by request, for objects that are
 * not the same in every run. most: at most so many uploads. The log must outlive the plan.
 */
void tr_plan_take(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
		  enum tr_plan_depth depth, bool together, uint32_t most, struct tr_plan *plan);

/* Does the plan of another run have all objects of this one? */
bool tr_plan_agrees(const struct tr_plan *plan, const struct tr_plan *another);

/* "part 3", "Complete", "PutObject", "parts 1 to 4"; of several uploads with the key behind it. Returns buf. */
const char *tr_target_text(const struct tr_plan *plan, uint32_t target, char *buf, size_t cap);

/* ---- lengths */

/* What is known of a call's time. */
struct tr_pace {
	int64_t longest_ns;   /* undisturbed */
	uint64_t noise_ns;    /* by how much undisturbed runs differ */
	uint64_t patience_ns; /* how soon the client gave up on a held request; 0: it never did */
	uint64_t at_least_ns; /* the longest hold is to be no shorter; 0: as it comes */
};

/*
 * How long to hold: length 0 the shortest, then the longest, then in between. 0: there is no such length, as the client
 * gives up before the call would have returned by itself.
 */
uint64_t tr_plan_length_ns(const struct tr_target *target, const struct tr_pace *pace, uint32_t length);

/* ---- columns */

struct tr_column {
	struct { uint32_t call, target; } at[TR_MAX_TOGETHER];
	uint32_t nr;
};

/* Packs the targets of all calls; returns how many columns. apart: no two of different requests in one. */
uint32_t tr_plan_columns(const struct tr_plan *const *calls, uint32_t nr_calls, bool apart,
			 struct tr_column columns[TR_MAX_TARGETS]);

/* ---- order */

/* One hold of a round. */
struct tr_step {
	uint32_t column;    /* index; TR_NONE: the hold of no length */
	uint32_t length;    /* 0 … TR_NR_LENGTHS - 1 */
};

/* The steps of round `round` (from 0); returns how many. The same seed gives the same order. */
uint32_t tr_plan_round(uint32_t nr_columns, uint32_t round, uint64_t seed,
		       struct tr_step steps[TR_MAX_ROUND]);
/* How many that are. */
uint32_t tr_plan_round_steps(uint32_t nr_columns);

#endif
