/*
 * auth_form: is a POST form signed by a key of ours? Not the request is signed there but the policy, base64 as sent, in
 * fields of the form: x-amz-signature (version 4), or signature (version 2, in the regions that have it: auth_v2.h).
 */
#ifndef XF_ENDPOINT_AUTH_FORM_H
#define XF_ENDPOINT_AUTH_FORM_H

#include "core/endpoint/auth.h"

/* On failure the reply is the error and false comes back. Nothing here depends on whether bucket or key exist. */
bool xf_ep_auth_form(struct xf_ep_access *access, const struct xf_headers *fields, const struct xf_ep_request *r,
		     const struct xf_ep_keys *keys, struct xf_ep_reply *reply);

/* Bucket POST must contain that field. */
void xf_ep_form_lacks(struct xf_ep_reply *reply, const struct xf_ep_request *r, const char *name);

#endif
