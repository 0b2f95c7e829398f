/*
 * trial: one run, as far as one call of it is concerned: what was held and when the
 * call came back. Read from the run's judged trace, and from nothing else.
 */
#ifndef TR_PROVE_TRIAL_H
#define TR_PROVE_TRIAL_H

#include "tracer/verdict/verdict.h"

struct tr_trial {
	uint32_t target;     /* index in the call's plan; TR_NONE: undisturbed, or a hold of no length */
	bool zero;           /* the latter */
	bool several;        /* many parts were held at once: who waits for room goes on when the first is let go */
	bool gate;           /* the thread that sends was to be held, not its bytes */
	bool seen;           /* the run made the call, and it uploaded */
	bool hit;            /* the hold struck, and counts */
	bool shared;         /* it does not: an earlier call left behind what the same run held of it */
	bool evaded;         /* and is void: the client went around it before the call returned */
	bool failed;         /* the upload failed before the return, or the call did where it had not: no verdict from it */
	int32_t result;      /* of the call: the exit status, or not 0 for an exception */
	bool endless;        /* the call lay in waits without a limit, and nothing in its time had one: none can have ended it */
	bool by_lock;        /* it came back late because it stood at a lock when the hold ended */
	uint64_t asked_ns;   /* how long it was to be held */
	uint64_t held_ns;    /* how long something of the call was held */
	int64_t end_ns;      /* when the last hold ended (several: the first), from call_enter */
	int64_t return_ns;   /* when the call returned, from call_enter; -1: it did not */
	uint64_t gave_up_ns; /* evaded: after how long the client did */
	enum tr_answer answer; /* of this run by itself */
	enum tr_basis basis;
	enum tr_limit limit;
	uint64_t at_most_ms;
	uint64_t hinges_ns;  /* unproven: what it would have done behind a wait with that limit; 0: no such */
	enum tr_outcome outcome;
};

/* v: the call's verdict in that run; NULL: the run did not make the call. */
void tr_trial_read(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
		   struct tr_trial *out);

/* The verdict of the nth call (from 0) of that name; NULL. */
const struct tr_verdict *tr_trial_find(const struct tr_log *log, const struct tr_verdicts *all,
				       const char *name, uint32_t nth);

#endif
