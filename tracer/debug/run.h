/*
 * run: the live half of the debugger: a policy of the gate that stops, steps and
 * holds the threads of a run.
 *
 * Two sides. The run's own threads pass the gate: nothing of interest there costs a
 * few loads. What may be a stop stops the world first (no thread passes a gate any
 * more, every deadline's clock stands) and is a *candidate*; the controller, the one
 * thread that talks to the user, decides by the recording whether it is one. The
 * call on trial is made on the thread that calls tr_run_serve(), which is `main` in
 * the trace; the controller is a muted helper.
 *
 *     main:        tr_run_new → tr_run_serve (one run after another) → tr_run_free
 *     controller:  tr_run_start → tr_run_go … tr_run_quit
 *
 * All-stop: threads inside poll reach their next gate and stay there. A hold keeps
 * one thread at its gate while the others go on; it never holds a lock there (the
 * gate asserts that), and `held` and `released` are recorded by the thread itself.
 */
#ifndef TR_DEBUG_RUN_H
#define TR_DEBUG_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/gate.h"
#include "core/event/status.h"
#include "tracer/debug/keep.h"
#include "tracer/debug/step.h"

/* What is run, again and again if need be. All functions on main, one after the other. */
struct tr_subject {
	void *ctx;
	/* Turns recording on. Everything of the run before is released first. */
	void (*begin)(void *ctx);
	/* Makes the call and waits for its work; returns the transfer's exit status. */
	int (*call)(void *ctx);
	/* Turns recording off; it stays readable until begin() or release(). */
	void (*end)(void *ctx);
	void (*release)(void *ctx);
	/* What the call has left under way is dropped: after end(), when nothing is held any more. May be NULL. */
	void (*leave)(void *ctx);
};

/* Where a thread stands, or stood last. */
struct tr_point {
	struct xf_record record;
	const struct xf_site *site;
	bool before;           /* it is about to happen: not recorded yet */
	bool entering;         /* a frame_enter that `step` led into */
	uint32_t depth;        /* frames, that of this event included */
	uint32_t thread;       /* number in the records */
};

/* Does any breakpoint want this? Called on the run's threads, under the run's lock. */
typedef bool (*tr_match_fn)(void *ctx, const struct tr_point *point, const struct tr_point *last);

struct tr_run;

/* subject and match are borrowed. Errors: XF_NOMEM. */
enum xf_status tr_run_new(const struct tr_subject *subject, tr_match_fn match, void *match_ctx,
			  struct tr_run **out);
void tr_run_free(struct tr_run *r);

/* Main's loop: returns after tr_run_quit(), with the exit status of the last run that ended (0: none). */
int tr_run_serve(struct tr_run *r);

/* ---- controller */

/* Begins a run, stopped at its first event: follow with tr_run_wait(). */
void tr_run_start(struct tr_run *r);

/* ORDER stop reasons */
enum tr_stop {
	TR_STOP_STEP,       /* the step came to its end, or the first event */
	TR_STOP_MATCH,      /* a breakpoint may have been hit */
	TR_STOP_INTERRUPT,  /* tr_run_interrupt() */
	TR_STOP_STANDSTILL, /* nothing moves, and nothing will */
	TR_STOP_ENDED       /* the run is over */
};

/* Lets it go and waits for the next candidate, whose point comes in *point (not for the last three). */
enum tr_stop tr_run_go(struct tr_run *r, const struct tr_step *step, struct tr_point *point);
/* The same without letting go first. */
enum tr_stop tr_run_wait(struct tr_run *r, struct tr_point *point);

/* The candidate is a stop that the user sees: `stopped` is recorded, and `resumed` when it goes on. */
void tr_run_announce(struct tr_run *r);

/*
 * Any thread: the run stops as soon as it can; when it is stopped, as soon as it is let go. Until
 * the user has given another command, which forgets it.
 */
void tr_run_interrupt(struct tr_run *r);
void tr_run_forget_interrupt(struct tr_run *r);

bool tr_run_alive(struct tr_run *r);  /* begun and not ended */
int tr_run_status(struct tr_run *r);  /* exit status of the last run that ended; 0: none */
uint32_t tr_run_count(struct tr_run *r); /* runs begun */

/* Everything passes from now on: no stops, no holds. */
void tr_run_let_go(struct tr_run *r);
/* The run's end is waited for; then tr_run_serve() returns. */
void tr_run_quit(struct tr_run *r);

/* Where the thread stands at a gate; false: it is under way, or unknown. last: where it was seen last. */
bool tr_run_point(struct tr_run *r, uint32_t thread, struct tr_point *out);
bool tr_run_last(struct tr_run *r, uint32_t thread, struct tr_point *out);

/* Between lock and unlock no thread asks the match function. */
void tr_run_lock(struct tr_run *r);
void tr_run_unlock(struct tr_run *r);
/* Which kinds the match function wants to see, a bit each; NULL: none. Under lock. */
void tr_run_interest(struct tr_run *r, const bool kinds[XF_EV_COUNT]);

/* ---- holds */

/* Holds from now on. thread: UINT32_MAX when it is by part. Returns its id; 0: no room. */
uint32_t tr_run_hold(struct tr_run *r, const struct tr_keep *keep);
/* Ends those of a thread (or part, or id; 0 and UINT32_MAX: any), returns how many. */
unsigned tr_run_release(struct tr_run *r, uint32_t thread, uint32_t part, uint32_t id);
/* The i-th of them; false after the last. */
bool tr_run_keep(struct tr_run *r, unsigned i, struct tr_keep *out);

#endif
