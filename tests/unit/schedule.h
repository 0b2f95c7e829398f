/*
 * schedule: interleavings from a seed. A policy of the gate that gives every thread a
 * priority, changes some of them at gates the seed chooses, and lets of the threads
 * that stand at a gate the first go on while the others wait a moment. What it does not
 * choose (the kernel, the network) still varies, so a seed makes a failure likely to come again,
 * not certain.
 *
 * It keeps the books while events pass, and asserts at the end what must hold of every run.
 */
#ifndef T_UNIT_SCHEDULE_H
#define T_UNIT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/gate.h"

enum { SCHEDULE_TRANSFERS = 4 };

/* What was seen of one transfer. */
struct schedule_seen {
	int state;                  /* enum xf_state, by its status events */
	uint32_t created, aborted, completes, dones, cancels;
	uint32_t queued, ended;     /* parts */
	bool bad_step;              /* a change of status that the machine does not know */
	bool complete_early;        /* Complete went out while a part was under way */
	bool sent_behind_done;      /* a request began after the end was announced */
};

void schedule_start(uint64_t seed, uint64_t cancel_at);
/* The gate where the seed wants a cancel has been reached. */
bool schedule_wants_cancel(void);
/* Gates passed since the start. */
uint64_t schedule_gates(void);
uint32_t schedule_requests_open(void);
struct schedule_seen schedule_seen(uint32_t transfer);
void schedule_stop(void);

#endif
