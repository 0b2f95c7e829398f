/*
 * window: the sliding-window semaphore of downloads that must be written in
 * order, s3transfer's SlidingWindowSemaphore: permits are handed out with a
 * sequence number per transfer, and one comes back only when the lowest
 * outstanding number is released; later ones are parked until then. So no more
 * than the window's parts are ever held in memory.
 */
#ifndef XF_TRANSFER_WINDOW_H
#define XF_TRANSFER_WINDOW_H

#include "core/sync/sync.h"

enum { XF_WINDOW_MAX = 10000 };

/* One transfer's use of the permits. */
struct xf_window {
	struct xf_sem *permits;   /* borrowed: the manager's */
	/* under lock */
	struct xf_mutex lock;
	uint32_t lowest;          /* of those not released */
	uint32_t next;            /* sequence number to hand out */
	bool *parked;             /* by number: released; cap of them */
	uint32_t cap;
};

/* *Errors:* XF_NOMEM. `sequences` is how many will ever be handed out. */
enum xf_status xf_window_init(struct xf_window *w, struct xf_sem *permits, uint32_t sequences);
void xf_window_fini(struct xf_window *w);

/* A permit was taken: its number, from 0. One thread. */
uint32_t xf_window_number(struct xf_window *w);

/* The number's work is over. Any thread; each number once. Posts as many permits as that frees. */
void xf_window_release(struct xf_window *w, uint32_t number);

#endif
