/* upload: the tasks of one upload. Private to core/transfer. */
#ifndef XF_TRANSFER_UPLOAD_H
#define XF_TRANSFER_UPLOAD_H

#include "core/transfer/coordinator.h"
#include "core/transfer/executor.h"
#include "core/transfer/request.h"

/*
 * Makes the work of an upload and the task that submits it; the task ends in
 * xf_coordinator_announce(), whatever happens. Sends nothing. *Errors:* XF_NOMEM.
 */
enum xf_status xf_upload_prepare(struct xf_transfer *t, const struct xf_upload_request *request,
				 struct xf_task **out, struct xf_error *err);

#endif
