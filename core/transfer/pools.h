/*
 * pools: what the transfers of a manager share: executors, permits, connections, the
 * bandwidth limiter, and whether it was all given up. It knows of no transfer; the manager
 * is above it, and uploads and downloads take from it what they need.
 *
 * Private to core/transfer. The fields are set by init and read by any thread; what is
 * under a lock says so.
 */
#ifndef XF_TRANSFER_POOLS_H
#define XF_TRANSFER_POOLS_H

#include <stdatomic.h>

#include "core/s3/client.h"
#include "core/transfer/bandwidth.h"
#include "core/transfer/config.h"
#include "core/transfer/executor.h"

struct xf_connection;

struct xf_pools {
	struct xf_client *client;              /* borrowed */
	struct xf_transfer_config config;
	struct xf_executor *submission, *request, *io;
	struct xf_sem upload_chunks, download_chunks;
	struct xf_bandwidth bandwidth;
	struct xf_latch given_up;              /* ends the back-off of an abort */
	_Atomic bool gave_up;                  /* the same, for quick looks */
	/* under lock */
	struct xf_mutex lock;
	struct xf_connection *connections;
};

/* On failure nothing is left to fini. *Errors:* XF_NOMEM. */
enum xf_status xf_pools_init(struct xf_pools *p, struct xf_client *client,
			     const struct xf_transfer_config *config);
/* After shutdown. */
void xf_pools_fini(struct xf_pools *p);

/* Joins the threads of the submission, request and io pools, in this order. Idempotent; one thread. */
void xf_pools_shutdown(struct xf_pools *p);

/* A connection that xf_pools_wake() reaches. Free takes NULL. */
enum xf_status xf_pools_http_new(struct xf_pools *p, struct xf_http **out, struct xf_error *err);
void xf_pools_http_free(struct xf_pools *p, struct xf_http *http);

/*
 * The worker's connection, made at its first request. A worker that has none (no
 * memory, no CA bundle) tries again, to have the reason.
 */
enum xf_status xf_pools_worker_http(struct xf_pools *p, struct xf_worker *worker, struct xf_http **http,
				    struct xf_error *err);

/* Every request under way asks again whether it may go on. */
void xf_pools_wake(struct xf_pools *p);

/* Not even an abort is waited for any more: requests under way are dropped, new ones not made. */
void xf_pools_give_up(struct xf_pools *p);

/* ctx: the pools. For requests that go on when their transfer is cancelled: the abort. */
enum xf_go xf_pools_go(void *pools);

/* NULL: there is no limit. */
struct xf_bandwidth *xf_pools_bandwidth(struct xf_pools *p);

#endif
