/*
 * auth_v2: presigned URLs of signature version 2 ("?AWSAccessKeyId=…&Signature=…&Expires=…").
 *
 * S3's older regions take them still, and `aws s3 presign` and boto3 make no others
 * unless they are told to. Authorization headers of that version are refused.
 */
#ifndef XF_ENDPOINT_AUTH_V2_H
#define XF_ENDPOINT_AUTH_V2_H

#include "core/endpoint/auth.h"

/* Whether it is such a request: one of the three parameters is there. */
bool xf_ep_auth_v2_wanted(const struct xf_ep_request *r);

/* As xf_ep_auth(): false, and the reply says why. The body is not covered. */
bool xf_ep_auth_v2(const struct xf_ep_request *r, const struct xf_ep_keys *keys, int64_t now,
		   struct xf_ep_reply *reply);

/* Does the region take version 2? NULL: any does. */
bool xf_ep_auth_v2_region(const char *region);
/* Is that the signature (base64) of the text? */
bool xf_ep_auth_v2_signed(const char *secret, const void *text, size_t len, const char *signature);

#endif
