/*
 * judge: what the files that reach a verdict share; private to this room.
 *
 * verdict.c asks in this order: whose work is it (work.c), what was held (hold.c),
 * had the server shown the object (there.c), what became of it (outcome.c), were its waits limited (limit.c); then it goes
 * down the table of answers. Each question writes its own fields of the verdict.
 * Running out of memory sets `failed`, and the verdict is not given.
 */
#ifndef TR_VERDICT_JUDGE_H
#define TR_VERDICT_JUDGE_H

#include "tracer/verdict/verdict.h"

/* One computation over one log. */
struct judge {
	const struct tr_log *log;
	struct tr_verdicts *all;
	const struct tr_state *s;
	struct tr_order *order;
	struct tr_clock past;     /* of the return of the call on trial */
	uint32_t *owner;          /* by transfer: call index, TR_NONE */
	uint32_t *outer;          /* by call: the call it was made in, TR_NONE */
	uint32_t *heads, nr_heads, cap_heads;    /* object_head with verify */
	uint32_t *holds, nr_holds, cap_holds;    /* held */
	uint32_t *ends, nr_ends, cap_ends;       /* released, hold_evaded */
	uint32_t *deaths, nr_deaths, cap_deaths; /* process_exit, process_wait */
	uint32_t *timers, nr_timers, cap_timers; /* timer */
	struct alarm *alarms;                    /* what is known of each of these, once it is asked for (alarm.c) */
	struct xf_error *err;
	bool failed;
};

/* ---- verdict.c: the verdict's reason, in a sentence */
__attribute__((format(printf, 2, 3)))
void tr_judge_say(struct tr_verdict *v, const char *format, ...);
bool tr_judge_push(struct judge *j, uint32_t **list, uint32_t *nr, uint32_t *cap, uint32_t value);

/* ---- work.c: whose transfer, and what its work is */

/* The end of a process as a call: whatever was begun in its time is its work, in any process. */
bool tr_call_is_process(const struct tr_call *c);
/* For `owner` and `outer`: the call that a transfer names or follows from; the innermost call around one. TR_NONE. */
uint32_t tr_judge_call_of(struct judge *j, const struct tr_transfer_state *t);
uint32_t tr_judge_enclosing(const struct judge *j, uint32_t inner);
bool tr_judge_belongs(const struct judge *j, uint32_t call, uint32_t transfer);
/* Nothing more is to come of it. */
bool tr_judge_settled(const struct tr_transfer_state *t);
/* Fills items and transfers; then, with `past` computed, where every item stands to the return. */
void tr_judge_gather_work(struct judge *j, struct tr_verdict *v);
void tr_judge_add_item(struct judge *j, struct tr_verdict *v, uint32_t *cap, enum tr_item_kind kind,
		       uint32_t transfer, uint32_t part, uint32_t end);
void tr_judge_place_items(struct judge *j, struct tr_verdict *v, const struct tr_call *c);
bool tr_verdict_all_ordered(const struct tr_verdict *v);
bool tr_verdict_all_inline(const struct tr_verdict *v);
uint32_t tr_verdict_count_late(const struct tr_verdict *v, bool undone_only);

/* ---- carried.c: for a call without transfers of its own: the work begun in it of uploads begun before */
void tr_judge_gather_carried(struct judge *j, struct tr_verdict *v);

/* ---- killed.c: what was open of an upload when its process was killed */
void tr_judge_note_death(struct judge *j, uint32_t event);
/* The process_exit of the transfer's process, where that died by a signal, by one of others or by its own fault; TR_NONE. */
uint32_t tr_judge_killed_at(const struct judge *j, const struct tr_transfer_state *t, bool *by_others);

/* ---- there.c: the server showed the object, and its answer to the upload came only after the return */

/* Fills `there`; before items are placed. */
void tr_judge_find_there(struct judge *j, struct tr_verdict *v, const struct tr_call *c);
bool tr_verdict_is_there(const struct tr_verdict *v, uint32_t transfer);
/* The answer that says the object is stored; TR_NONE. */
uint32_t tr_judge_stored_at(const struct tr_transfer_state *t);

/* ---- outcome.c: what became of the upload, and whether it was seen right after the return */
/*
 * The program hung up on its last request and said nothing of it, or was killed in its midst: what the looks of --verify show became of
 * that all the same. TR_LOST: nothing, or it did not hang up.
 */
enum tr_outcome tr_judge_after_all(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t);

/* The trace says that nothing more came: it ended with its process, and no record is missing. */
bool tr_judge_saw_the_end(const struct judge *j);
/*
 * Where no Complete was seen of a multipart upload, nor any other of its requests come to nothing: over what, that nobody could
 * read, the rest may have gone. NULL: over nothing, or a look of --verify has shown that it did not.
 */
const char *tr_judge_unseen_rest(const struct judge *j, const struct tr_transfer_state *t);
/* The call ended by an exception or an error; it has returned. */
bool tr_judge_raised(const struct judge *j, const struct tr_call *c);
void tr_judge_find_outcome(struct judge *j, struct tr_verdict *v, const struct tr_call *c);
void tr_judge_find_visible(struct judge *j, struct tr_verdict *v, const struct tr_call *c);

/* ---- hold.c: what was kept back of the call's work */
void tr_judge_gather_holds(struct judge *j, struct tr_verdict *v);
/* The call came back while this was held, on another thread; NULL. */
const struct tr_hold *tr_judge_outrun_hold(const struct judge *j, const struct tr_verdict *v, const struct tr_call *c);
bool tr_verdict_any_evaded(const struct tr_verdict *v);

/* ---- limit.c: waits that would have given up, or did; both set at_most_ms; 0: how long is not known */

/*
 * Is the limit of a wait the turn of a loop? It stands in one (pyturn.h), or the call waited there, or for
 * that object, after a wait had run out: running out did not end it.
 */
bool tr_judge_is_turn(const struct tr_log *log, const struct tr_call *c, uint32_t wait);
/* Everything is ordered, but not without waits that would have given up. */
bool tr_judge_needs_limit(struct judge *j, struct tr_verdict *v, const struct tr_call *c);
/* The call gave up waiting for what came later: had it waited on, all work would have been over. */
bool tr_judge_gave_up(struct judge *j, struct tr_verdict *v, const struct tr_call *c);

/* ---- alarm.c: timers that send a signal, and how long after a wait for the call's work began they were due */

/*
 * All is ordered, but not without what ended while such a timer was to come, for certain: the signal would have ended the
 * process, or it is timeout(1)'s. The shortest such limit, ns; 0: none.
 */
uint64_t tr_judge_alarm_limit(struct judge *j, const struct tr_verdict *v, const struct tr_call *c);
/* The same where nobody knows what the program would have done: when the last of them was due, ns behind the call's begin; 0: none. */
uint64_t tr_judge_alarm_hinge(struct judge *j, const struct tr_verdict *v, const struct tr_call *c);

/* ---- hinge.c: what else might have ended the wait that orders everything; both set hinge and hinges_ns */

/* Everything is ordered, but the wait had a limit, and one without came behind it; or a timer of the event loop was due. */
bool tr_judge_hinges(struct judge *j, struct tr_verdict *v, const struct tr_call *c);
/* Everything would be ordered, had no other thread been about to end the same waits. */
bool tr_judge_has_rivals(struct judge *j, struct tr_verdict *v, const struct tr_call *c);
/* Does a wait stand in the __exit__ of a Python `with`? */
bool tr_judge_is_way_out(const struct tr_log *log, uint32_t event);

#endif
