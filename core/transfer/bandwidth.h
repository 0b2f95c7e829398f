/*
 * bandwidth: one leaky bucket for all transfers of a manager, s3transfer's rules:
 * a read asks before it happens; below 256 KiB it is free; a request that would
 * lift the projected rate (0.8 × newest + 0.2 × before) above the limit sleeps
 * for the total of what is scheduled, and is then granted. The sleep ends early
 * when the transfer is over (upstream's does not).
 */
#ifndef XF_TRANSFER_BANDWIDTH_H
#define XF_TRANSFER_BANDWIDTH_H

#include "core/sync/sync.h"

enum { XF_BANDWIDTH_STEP = 262144 };

struct xf_bandwidth {
	uint64_t limit;        /* bytes/s */
	struct xf_mutex lock;
	/* under lock */
	bool began;
	uint64_t last_ns;      /* of the last grant, xf_gate_now_ns */
	double rate;           /* bytes/s, moving average */
	double scheduled_s;    /* sleeps granted but not over */
};

void xf_bandwidth_init(struct xf_bandwidth *b, uint64_t limit);
void xf_bandwidth_fini(struct xf_bandwidth *b);

/*
 * Arithmetic: may `bytes` go at now_ns? 0: granted. Else the time to sleep, ns, after
 * which xf_bandwidth_grant() must follow. Takes b->lock.
 */
uint64_t xf_bandwidth_ask(struct xf_bandwidth *b, uint64_t bytes, uint64_t now_ns);
void xf_bandwidth_grant(struct xf_bandwidth *b, uint64_t bytes, uint64_t now_ns);

/* Asks and sleeps; ends early when *stop is set. */
void xf_bandwidth_take(struct xf_bandwidth *b, uint64_t bytes, struct xf_latch *stop);

#endif
