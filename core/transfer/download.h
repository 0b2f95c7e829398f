/* download: the tasks of one download. Private to core/transfer. */
#ifndef XF_TRANSFER_DOWNLOAD_H
#define XF_TRANSFER_DOWNLOAD_H

#include "core/transfer/coordinator.h"
#include "core/transfer/executor.h"
#include "core/transfer/request.h"

/*
 * Makes the work of a download and the task that submits it; the task ends in
 * xf_coordinator_announce(), whatever happens. Sends nothing. *Errors:* XF_NOMEM, xf_target_init()'s.
 */
enum xf_status xf_download_prepare(struct xf_transfer *t, const struct xf_download_request *request,
				   struct xf_task **out, struct xf_error *err);

#endif
