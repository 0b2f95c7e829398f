/*
 * errand: one request on behalf of an upload, and what is told while it runs: whether it may go on,
 * progress, payments to the bandwidth limiter, attempts. Lives on the worker's stack.
 *
 * Private to core/transfer. *Thread:* the worker's.
 */
#ifndef XF_TRANSFER_ERRAND_H
#define XF_TRANSFER_ERRAND_H

#include "core/transfer/coordinator.h"

struct xf_errand {
	struct xf_transfer *t;
	uint32_t part;               /* 0: none */
	uint64_t bytes;
	unsigned attempt;
	bool sent;                   /* the attempt's last byte is with the kernel */
	unsigned lost;               /* attempts that went out and got no answer */
	uint64_t unpaid;             /* bytes the bandwidth limiter has not been asked for */
};

/* The hooks of a request that stops when its transfer is over. ctx is the errand. */
struct xf_call_hooks xf_errand_hooks(struct xf_errand *e);

/* For hooks.go: what decides about the object on the service gets a moment to end when it is cancelled. */
enum xf_go xf_errand_go_patiently(void *errand);
/* PutObject: as a part while it is sent, patiently once it waits for the answer. */
enum xf_go xf_errand_go_put(void *errand);

/* The body is closed: what never came to a step of the bandwidth limiter is paid for now. */
void xf_errand_pay_rest(struct xf_errand *e);

/*
 * The request failed with err: how many of its attempts did the service perhaps carry out, without our
 * hearing of it?
 */
unsigned xf_errand_unheard(const struct xf_errand *e, const struct xf_error *err);

#endif
