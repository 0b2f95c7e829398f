/*
 * race: what a round of writers of one object came to. Arithmetic only: the command runs the
 * clients, reads their reports and the object that is left, and asks here.
 */
#ifndef TR_EXPERIMENT_RACE_H
#define TR_EXPERIMENT_RACE_H

#include <stdbool.h>
#include <stdint.h>

/* What one client did in one round; times of CLOCK_MONOTONIC, ns; 0: it did not. */
struct tr_racer {
	uint32_t client;           /* from 1 */
	int64_t begin_ns;          /* it was let go */
	int64_t checked_ns;        /* the answer to "does it exist?" */
	bool found;                /* … was yes, so it did not put */
	int64_t put_ns;            /* the call to put begins */
	int64_t returned_ns;       /* … returns */
	int64_t stored_ns;         /* the upload is over, well or not */
	bool stored;               /* the service took it */
	bool refused;              /* the service refused: the object exists (412) or is being written (409) */
	bool failed;               /* anything else */
};

struct tr_round {
	uint32_t writes;           /* puts the service took */
	uint32_t refused, failed, found;
	bool twice;                /* more than one was taken, where each wanted to be the only one */
	bool newer_lost;           /* what is left is not from the taken put that began last */
	bool none;                 /* no put was taken */
	uint32_t last_begun;       /* client whose taken put began last, 0 none */
};

/* left: the client whose bytes the object has at the end; 0: none of them, or not known. */
struct tr_round tr_race_judge(const struct tr_racer *racers, uint32_t nr, uint32_t left);

#endif
