/*
 * call: the API call on trial: boto3's upload_file, download_file and their siblings. It opens a
 * manager, hands its files over, and waits, or not, as it was told:
 *
 *     XF_WAIT_RESULT   for each future's result          (`future.result()`)
 *     XF_WAIT_EXIT     for the manager's orderly end      (leaving `with manager:`)
 *
 * boto3's helpers do both. With neither, the call has only started its work.
 */
#ifndef XF_TRANSFER_CALL_H
#define XF_TRANSFER_CALL_H

#include "core/transfer/manager.h"

enum { XF_WAIT_NONE = 0, XF_WAIT_RESULT = 1, XF_WAIT_EXIT = 2, XF_WAIT_BOTH = 3 };

struct xf_call_options {
	const char *name;                      /* for the trace: "upload_file" */
	uint32_t call;                         /* its number in the trace, from 1 */
	unsigned waits;                        /* XF_WAIT_* */
	struct xf_upload_request *uploads;     /* nr_uploads; their `call` is set here */
	unsigned nr_uploads;
	struct xf_download_request *downloads; /* likewise */
	unsigned nr_downloads;
};

/*
 * Makes the call on this thread, between call_enter and call_return. *m is the
 * manager, the caller's to exit and free whatever is returned; NULL when there is none.
 * Returns the first error that the call itself could know: with XF_WAIT_RESULT
 * the first failed result; with XF_WAIT_EXIT alone only what the manager refused.
 * ready (may be NULL) is called with the manager before the first transfer, so that
 * signal handlers and displays can reach it.
 */
enum xf_status xf_call_transfer(struct xf_client *client, const struct xf_transfer_config *config,
				const struct xf_call_options *options,
				void (*ready)(void *ctx, struct xf_manager *m), void *ready_ctx,
				struct xf_manager **m, struct xf_error *err);

#endif
