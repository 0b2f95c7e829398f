/*
 * decide: from trials to an answer; no I/O, no clock.
 *
 * A hold that struck and was not evaded, in a run whose upload did not fail, counts:
 *
 *   outrun   the call returned before the hold ended: it did not wait for that (certain)
 *   moved    it returned after the hold's end, and that lay behind every undisturbed return
 *   neither  the hold ended too early to tell; it still counts for the slope
 *
 * and the rows are those of docs/verdict.md, over all runs, with the mechanism (what
 * signal edges prove in the same runs) beside them. Where the two disagree, `finding` says
 * so, and what that usually means.
 */
#ifndef TR_PROVE_DECIDE_H
#define TR_PROVE_DECIDE_H

#include "tracer/prove/plan.h"
#include "tracer/prove/slope.h"
#include "tracer/prove/trial.h"

enum { TR_NR_ROUNDS = 3 }; /* after so many rounds without a disagreement one is sure */

/* How the holds of one target came out. */
struct tr_tally {
	uint32_t held, moved, outrun, by_lock, evaded, failed, missed;
	uint64_t shortest_outrun_ns, longest_moved_ns; /* lengths */
	int64_t outrun_return_ns;                      /* the latest return of an outrun one */
};

struct tr_proof {
	enum tr_answer answer;
	enum tr_basis basis;
	enum tr_limit limit;
	uint64_t at_most_ms;
	struct tr_slope slope;
	struct tr_tally tally[TR_MAX_TARGETS];
	int64_t longest_ns;    /* undisturbed */
	uint64_t patience_ns;  /* the soonest a client gave up; 0: never */
	bool sure;             /* more runs would change nothing */
	char reason[256];      /* "" when the answer needs none */
	char finding[384];     /* a disagreement of mechanism and holds; "" */
};

/*
 * The longest undisturbed return among trials, ns; -1: none. One that took more than twice as long as all others is a
 * stray, where there are three or more: holds would be made long after it.
 */
int64_t tr_decide_longest_ns(const struct tr_trial *trials, uint32_t nr);

/* Errors: XF_NOMEM. */
enum xf_status tr_decide(const struct tr_target *targets, uint32_t nr_targets,
			 const struct tr_trial *trials, uint32_t nr, struct tr_proof *out,
			 struct xf_error *err);

#endif
