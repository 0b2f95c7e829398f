/*
 * manager: the pools, permits and connections that transfers share, and their
 * orderly end. s3transfer's TransferManager.
 *
 *     xf_manager_new → xf_manager_upload … → xf_future_result … → xf_manager_exit → xf_manager_free
 *
 * upload() returns at once (but for a permit of the submission executor). Whoever
 * leaves without xf_future_result() and without xf_manager_exit() has only
 * started the upload.
 */
#ifndef XF_TRANSFER_MANAGER_H
#define XF_TRANSFER_MANAGER_H

#include "core/s3/client.h"
#include "core/transfer/config.h"
#include "core/transfer/future.h"
#include "core/transfer/request.h"

struct xf_manager;
struct xf_pools;

/* client and what config says are borrowed until free. *Errors:* XF_INVALID, XF_NOMEM. */
enum xf_status xf_manager_new(struct xf_client *client, const struct xf_transfer_config *config,
			      struct xf_manager **out, struct xf_error *err);

/*
 * Hands an upload over. *Thread:* any; blocks while the submission executor has
 * no permit left. *Errors:* XF_INVALID (bucket, key), XF_SHUTDOWN, XF_NOMEM: no request
 * is made then. Everything later is told by the future.
 */
enum xf_status xf_manager_upload(struct xf_manager *m, const struct xf_upload_request *request,
				 struct xf_transfer **out, struct xf_error *err);

/*
 * Hands a download over; as xf_manager_upload(). *Errors:* also those of a target that
 * cannot be written (XF_NOT_FOUND, XF_DENIED, XF_INVALID): no request is made then.
 */
enum xf_status xf_manager_download(struct xf_manager *m, const struct xf_download_request *request,
				   struct xf_transfer **out, struct xf_error *err);

/*
 * Leaves the manager: waits until every transfer is over, then shuts the
 * submission, request and io pools down and joins their threads, in this order.
 * Idempotent; one thread.
 */
void xf_manager_exit(struct xf_manager *m);

/* Every transfer is cancelled, now and those still to come. Any thread, helper threads too. */
void xf_manager_cancel(struct xf_manager *m, enum xf_status why, const char *reason);

/* Not even an abort is waited for any more: requests under way are dropped, new ones not made. */
void xf_manager_give_up(struct xf_manager *m);

/* After exit. Frees all transfers. NULL is fine. */
void xf_manager_free(struct xf_manager *m);

/* Transfers made so far, by id from 0; NULL beyond. */
struct xf_transfer *xf_manager_transfer(struct xf_manager *m, uint32_t id);

/* Its permits, connections and settings. */
struct xf_pools *xf_manager_pools(struct xf_manager *m);

#endif
