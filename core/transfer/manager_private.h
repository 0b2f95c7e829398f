/* manager_private: what the rest of core/transfer needs of a manager. */
#ifndef XF_TRANSFER_MANAGER_PRIVATE_H
#define XF_TRANSFER_MANAGER_PRIVATE_H

#include "core/transfer/bandwidth.h"
#include "core/transfer/coordinator.h"
#include "core/transfer/executor.h"
#include "core/transfer/manager.h"

/* A connection that xf_manager_wake() reaches. Free takes NULL. */
enum xf_status xf_manager_http_new(struct xf_manager *m, struct xf_http **out, struct xf_error *err);
void xf_manager_http_free(struct xf_manager *m, struct xf_http *http);

/*
 * The worker's connection, made at its first request. A worker that has none (no
 * memory, no CA bundle) tries again, to have the reason.
 */
enum xf_status xf_worker_http(struct xf_worker *worker, struct xf_manager *m, struct xf_http **http,
			      struct xf_error *err);

/* Every request under way asks again whether it may go on. */
void xf_manager_wake(struct xf_manager *m);

/* The transfer is over; the manager's exit need not wait for it. */
void xf_manager_untrack(struct xf_manager *m, struct xf_transfer *t);

bool xf_manager_gave_up(const struct xf_manager *m);
struct xf_latch *xf_manager_given_up(struct xf_manager *m); /* ends the back-off of an abort */

/* ctx: the manager. For requests that go on when their transfer is cancelled: the abort. */
enum xf_go xf_manager_go(void *manager);

struct xf_client *xf_manager_client(struct xf_manager *m);
struct xf_executor *xf_manager_requests(struct xf_manager *m);
struct xf_executor *xf_manager_io(struct xf_manager *m);
struct xf_sem *xf_manager_upload_chunks(struct xf_manager *m);
struct xf_sem *xf_manager_download_chunks(struct xf_manager *m);
struct xf_bandwidth *xf_manager_bandwidth(struct xf_manager *m); /* NULL: no limit */

/*
 * upload.c: makes the work of an upload and the task that submits it; the task
 * ends in xf_coordinator_announce(), whatever happens. Sends nothing. *Errors:* XF_NOMEM.
 */
enum xf_status xf_upload_prepare(struct xf_transfer *t, const struct xf_upload_request *request,
				 struct xf_task **out, struct xf_error *err);

/* download.c: likewise. *Errors:* also xf_target_init()'s. */
enum xf_status xf_download_prepare(struct xf_transfer *t, const struct xf_download_request *request,
				   struct xf_task **out, struct xf_error *err);

#endif
