/* call: the call on trial, from its entry to its return. */
#include "core/transfer/call.h"

#include "core/event/gate.h"

static enum xf_status hand_over(struct xf_manager *m, const struct xf_call_options *o,
				struct xf_error *err)
{
	enum xf_status first = XF_OK;
	for (unsigned i = 0; i < o->nr_uploads && first == XF_OK; i++) {
		struct xf_transfer *t;
		o->uploads[i].call = o->call;
		first = xf_manager_upload(m, &o->uploads[i], &t, err);
	}
	for (unsigned i = 0; i < o->nr_downloads && first == XF_OK; i++) {
		struct xf_transfer *t;
		o->downloads[i].call = o->call;
		first = xf_manager_download(m, &o->downloads[i], &t, err);
	}
	return first;
}

static enum xf_status wait_for_results(struct xf_manager *m, struct xf_error *err)
{
	enum xf_status first = XF_OK;
	struct xf_transfer *t;
	for (uint32_t id = 0; (t = xf_manager_transfer(m, id)); id++) {
		enum xf_status status = xf_future_result(t, err);
		if (first == XF_OK)
			first = status;
	}
	return first;
}

static enum xf_status run(struct xf_manager *m, const struct xf_call_options *o, struct xf_error *err)
{
	enum xf_status status = hand_over(m, o, err);
	if (o->waits & XF_WAIT_RESULT) {
		enum xf_status result = wait_for_results(m, err);
		if (status == XF_OK)
			status = result;
	}
	if (o->waits & XF_WAIT_EXIT)
		xf_manager_exit(m);
	return status;
}

enum xf_status xf_call_transfer(struct xf_client *client, const struct xf_transfer_config *config,
				const struct xf_call_options *o,
				void (*ready)(void *ctx, struct xf_manager *m), void *ready_ctx,
				struct xf_manager **m, struct xf_error *err)
{
	XF_FRAME("waits:u32 uploads:u32 downloads:u32", o->waits, o->nr_uploads, o->nr_downloads);
	*m = NULL;
	XF_EVENT(call_enter, .call = o->call, .label = xf_text(o->name));
	enum xf_status status = xf_manager_new(client, config, m, err);
	if (status == XF_OK) {
		if (ready)
			ready(ready_ctx, *m);
		status = run(*m, o, err);
	}
	XF_EVENT(call_return, .call = o->call, .result = (int32_t)status,
		 .error = status == XF_OK ? 0 : xf_text(err->message));
	XF_RETURN(status);
}
