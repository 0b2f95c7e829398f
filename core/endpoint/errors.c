/* errors: see errors.h. */
#include "core/endpoint/errors.h"

#include <string.h>

static const struct xf_ep_error_row rows[XF_EP_CODE_COUNT] = {
	[XF_EP_NONE] = { "", 200, "" },
#define XF_X(code, status, sentence) [XF_EP_##code] = { #code, status, sentence },
	XF_EP_ERRORS(XF_X)
#undef XF_X
};

const struct xf_ep_error_row *xf_ep_error_row(enum xf_ep_code code)
{
	return &rows[code];
}

enum xf_ep_code xf_ep_code_of_status(unsigned status)
{
	static const struct {
		unsigned status;
		enum xf_ep_code code;
	} usual[] = {
		{ 400, XF_EP_InvalidRequest },	    { 403, XF_EP_AccessDenied },
		{ 404, XF_EP_NoSuchKey },	    { 405, XF_EP_MethodNotAllowed },
		{ 408, XF_EP_RequestTimeout },	    { 409, XF_EP_ConditionalRequestConflict },
		{ 411, XF_EP_MissingContentLength }, { 412, XF_EP_PreconditionFailed },
		{ 416, XF_EP_InvalidRange },	    { 429, XF_EP_TooManyRequests },
		{ 501, XF_EP_NotImplemented },	    { 503, XF_EP_SlowDown },
	};

	for (unsigned i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (usual[i].status == status)
			return usual[i].code;
	return XF_EP_InternalError;
}

enum xf_ep_code xf_ep_code_of_name(const char *name)
{
	for (enum xf_ep_code code = XF_EP_NONE + 1; code < XF_EP_CODE_COUNT; code++)
		if (!strcmp(rows[code].code, name))
			return code;
	return XF_EP_NONE;
}
