/*
 * decide: from trials to an answer; no I/O, no clock.
 *
 * A hold that struck and was not evaded, in a run whose upload did not fail, counts:
 *
 *   outrun   the call returned before the hold ended: it did not wait for that (certain)
 *   moved    it returned after the hold's end, and that lay behind every undisturbed return
 *   neither  the hold ended too early to tell; it still counts for the slope
 *
 * Each upload is judged by its own holds: the call waits if it does for every one. The rows are those of
 * docs/verdict.md, over all runs, with the mechanism (what signal edges prove in the same runs) beside them. Where the two disagree, `finding` says
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
	uint32_t endless;                              /* of outrun ones: no limit can have ended the call */
	uint64_t shortest_outrun_ns, longest_moved_ns; /* lengths */
	int64_t outrun_return_ns, outrun_first_ns;     /* the latest and the earliest return of an outrun one */
};

/* How a target can be held. */
enum tr_means {
	TR_BY_BYTES,  /* the relay keeps them */
	TR_BY_THREAD, /* the client gives up on held bytes before that says anything: the probe holds who sends */
	TR_BY_NOTHING,/* neither, or it need not be: Complete cannot come before its parts are answered */
};

struct tr_proof {
	enum tr_answer answer;
	enum tr_basis basis;
	enum tr_limit limit;
	uint64_t at_most_ms;
	struct tr_slope slope;
	struct tr_tally tally[TR_MAX_TARGETS];
	enum tr_means means[TR_MAX_TARGETS];
	struct tr_pace pace;
	uint32_t doubtful;     /* evasions that no other one agrees with: they shorten nothing */
	bool sure;             /* more runs would change nothing */
	char reason[256];      /* "" when the answer needs none */
	char settle[256];      /* unproven: what would settle it now, or that nothing here can */
	char finding[384];     /* a disagreement of mechanism and holds; "" */
};

/*
 * The longest undisturbed return among trials, ns; -1: none. One that took more than twice as long as all others is a
 * stray, where there are three or more: holds would be made long after it.
 */
int64_t tr_decide_longest_ns(const struct tr_trial *trials, uint32_t nr);

/* Errors: XF_NOMEM. */
enum xf_status tr_decide(const struct tr_plan *plan, const struct tr_trial *trials, uint32_t nr, struct tr_proof *out,
			 struct xf_error *err);

#endif
