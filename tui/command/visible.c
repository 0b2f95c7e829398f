#include "tui/command/visible.h"

#include "core/event/gate.h"
#include "tui/command/transfer.h"

bool ui_visible_wanted(const struct ui_settings *s)
{
	bool leaves = s->given[UI_OPT_linger] && !s->linger && !(ui_transfer_waits(s) & XF_WAIT_EXIT);

	return s->verify == UI_YES || (s->verify == UI_UNSET && s->local && !leaves);
}

static void verify_one(struct xf_client *client, struct xf_http *http, struct xf_transfer *t,
		       const struct xf_extra *extra)
{
	struct xf_transfer_info info;
	struct xf_s3_head_output out = { 0 };
	struct xf_s3_head_input in = { .extra = extra };
	struct xf_call_hooks hooks = { .part = 0 };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status;

	xf_future_info(t, &info);
	in.bucket = info.bucket;
	in.key = info.key;
	hooks.transfer = info.id;
	status = xf_s3_head_object(client, http, &in, &out, &hooks, &err);
	XF_EVENT(object_head, .bytes = status ? 0 : out.size, .transfer = info.id,
		 .http_status = (uint32_t)(status ? err.http_status : out.answer.http_status),
		 .etag = xf_text(status ? NULL : out.answer.etag), .call = 1, .failed = status != XF_OK,
		 .verify = 1);
}

void ui_visible_look(struct xf_client *client, struct xf_manager *m, const struct xf_extra *extra)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http = NULL;
	struct xf_transfer *t;

	if (xf_client_http(client, &http, &err))
		return;
	for (uint32_t id = 0; (t = xf_manager_transfer(m, id)); id++)
		verify_one(client, http, t, extra);
	xf_http_free(http);
}
