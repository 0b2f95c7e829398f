/* sign_private: what signing (sign.c) and verifying (auth.c) share. */
#ifndef XF_S3_SIGN_PRIVATE_H
#define XF_S3_SIGN_PRIVATE_H

#include "core/s3/sign.h"

#define XF_SIGN_ALGORITHM "AWS4-HMAC-SHA256"
#define XF_SIGN_SCOPE_END "aws4_request"

/* A Date header, "Fri, 24 May 2013 00:00:00 GMT". */
bool xf_http_date_parse(time_t *out, const char *text);

/* "host;x-amz-date" has the name, in any case. */
bool xf_sign_list_has(const char *list, const char *name);

/* NULL: the request has no such header. */
const char *xf_sign_header_value(const struct xf_sign_request *r, const char *name);

/* The signature over the headers in list and the given query; sig->scope and amz_date are set before. */
enum xf_status xf_sign_with_list(struct xf_signature *sig, const struct xf_sign_request *r,
				 const char *query, const char *list, const char *secret,
				 struct xf_error *err);

#endif
