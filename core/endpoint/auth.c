/* auth: see auth.h. */
#include "core/endpoint/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/auth_v2.h"
#include "core/endpoint/text.h"

static const struct {
	const char *word;
	enum xf_ep_payload payload;
} payloads[] = {
	{ XF_UNSIGNED_PAYLOAD, XF_EP_PAYLOAD_UNSIGNED },
	{ XF_STREAMING_SIGNED, XF_EP_PAYLOAD_CHUNKED_SIGNED },
	{ XF_STREAMING_SIGNED_TRAILER, XF_EP_PAYLOAD_CHUNKED_SIGNED_TRAILER },
	{ XF_STREAMING_UNSIGNED_TRAILER, XF_EP_PAYLOAD_CHUNKED_TRAILER },
};

static bool refuse(struct xf_ep_reply *reply, const struct xf_ep_request *r, enum xf_ep_code code,
		   const char *message)
{
	xf_ep_reply_error(reply, r, code, message, NULL);
	return false;
}

/* What x-amz-content-sha256 says; NULL is for presigned and anonymous requests. */
static bool read_payload(struct xf_ep_access *a, const struct xf_ep_request *r, const char *value,
			 struct xf_ep_reply *reply)
{
	if (!value) {
		a->payload = XF_EP_PAYLOAD_UNSIGNED;
		return true;
	}
	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		if (!strcmp(value, payloads[i].word)) {
			a->payload = payloads[i].payload;
			return true;
		}
	}
	if (strlen(value) != 64 || strspn(value, "0123456789abcdefABCDEF") != 64)
		return refuse(reply, r, XF_EP_InvalidArgument,
			      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
			      "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
			      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
	a->payload = XF_EP_PAYLOAD_HASH;
	for (size_t i = 0; i < 65; i++)
		a->sha256[i] = (char)(value[i] >= 'A' && value[i] <= 'F' ? value[i] + 32 : value[i]);
	return true;
}

/* An error from core/s3/sign.h, as S3 would say it. */
static bool refuse_signing(struct xf_ep_reply *reply, const struct xf_ep_request *r,
			   const struct xf_ep_keys *keys, const struct xf_error *err, int64_t now)
{
	enum xf_ep_code code = xf_ep_code_of_name(err->code);
	char server[XF_EP_DATE_LEN];
	struct xf_ep_detail details[4] = { { 0 } };

	if (code == XF_EP_NONE)
		code = err->status == XF_NOMEM ? XF_EP_InternalError
		     : err->status == XF_DENIED ? XF_EP_SignatureDoesNotMatch
						: XF_EP_AuthorizationHeaderMalformed;
	xf_ep_date_iso(server, now * 1000);
	if (code == XF_EP_RequestTimeTooSkewed) {
		details[0] = (struct xf_ep_detail){ "RequestTime", xf_ep_header(r, "x-amz-date") };
		if (!details[0].value)
			details[0].value = "";
		details[1] = (struct xf_ep_detail){ "ServerTime", server };
		details[2] = (struct xf_ep_detail){ "MaxAllowedSkewMilliseconds", "900000" };
	} else if (keys->region && (code == XF_EP_AuthorizationHeaderMalformed ||
				    code == XF_EP_AuthorizationQueryParametersError)) {
		details[0] = (struct xf_ep_detail){ "Region", keys->region };
	} else if (code == XF_EP_SignatureDoesNotMatch) {
		details[0] = (struct xf_ep_detail){ "AWSAccessKeyId", keys->access_key };
	}
	xf_ep_reply_error(reply, r, code, *err->message ? err->message : NULL, details);
	return false;
}

/* Values of signatures of other kinds: what S3 says to them. */
static bool refuse_scheme(struct xf_ep_reply *reply, const struct xf_ep_request *r,
			  const char *authorization)
{
	if (!strncasecmp(authorization, "AWS ", 4) || !strncasecmp(authorization, "AWS4-", 5))
		return refuse(reply, r, XF_EP_InvalidRequest,
			      "The authorization mechanism you have provided is not supported. Please "
			      "use AWS4-HMAC-SHA256.");
	return refuse(reply, r, XF_EP_InvalidArgument, "Unsupported Authorization Type");
}

/* What x-amz-content-sha256 says where no signature of version 4 is that chunks could go on from. */
static bool read_plain_payload(struct xf_ep_access *a, const struct xf_ep_request *r, struct xf_ep_reply *reply)
{
	if (!read_payload(a, r, xf_ep_header(r, "x-amz-content-sha256"), reply))
		return false;
	if (a->payload == XF_EP_PAYLOAD_CHUNKED_SIGNED ||
	    a->payload == XF_EP_PAYLOAD_CHUNKED_SIGNED_TRAILER)
		return refuse(reply, r, XF_EP_InvalidRequest,
			      "A signed streaming payload needs a signed request.");
	return true;
}

static bool anonymous(struct xf_ep_access *a, const struct xf_ep_request *r,
		      const struct xf_ep_keys *keys, struct xf_ep_reply *reply)
{
	a->anonymous = true;
	return keys->anonymous ? read_plain_payload(a, r, reply) : refuse(reply, r, XF_EP_AccessDenied, NULL);
}

/* A token that is not the one that belongs to the key. */
static bool token_ok(const struct xf_ep_request *r, const struct xf_ep_keys *keys)
{
	const char *token = xf_ep_header(r, "x-amz-security-token");

	if (!token)
		token = xf_ep_param(r, "X-Amz-Security-Token");
	if (!token || !keys->session_token)
		return token == keys->session_token;
	return !strcmp(token, keys->session_token);
}

/* The request's headers for the arithmetic; the array is the caller's to free. */
static struct xf_sign_field *fields_of(const struct xf_ep_request *r)
{
	struct xf_sign_field *fields = calloc(r->headers.nr + 1, sizeof(*fields));

	for (size_t i = 0; fields && i < r->headers.nr; i++)
		fields[i] = (struct xf_sign_field){ r->headers.items[i].name,
						    r->headers.items[i].value };
	return fields;
}

static bool verify(struct xf_ep_access *a, const struct xf_ep_request *r,
		   const struct xf_ep_keys *keys, const struct xf_auth *auth, int64_t now,
		   struct xf_ep_reply *reply)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_signature seed;
	struct xf_sign_field *fields = fields_of(r);
	struct xf_sign_request request = {
		.method = r->method, .path = r->path, .query = r->query,
		.headers = fields, .nr_headers = r->headers.nr,
		.payload = xf_ep_header(r, "x-amz-content-sha256"),
	};

	if (!fields)
		return refuse(reply, r, XF_EP_InternalError, NULL);
	enum xf_status status = xf_auth_verify(auth, &request, keys->secret_key, keys->region,
					       (time_t)now, &seed, &err);
	if (!status)
		status = xf_chunk_signer_init(&a->chunk, keys->secret_key, &seed);
	free(fields);
	return status ? refuse_signing(reply, r, keys, &err, now) : true;
}

bool xf_ep_auth(struct xf_ep_access *a, const struct xf_ep_request *r,
		const struct xf_ep_keys *keys, int64_t now, struct xf_ep_reply *reply)
{
	const char *authorization = xf_ep_header(r, "authorization");
	struct xf_error err = XF_ERROR_INIT;
	struct xf_auth auth;
	enum xf_status status;

	*a = (struct xf_ep_access){ 0 };
	if (authorization) {
		if (strncmp(authorization, "AWS4-HMAC-SHA256", 16) != 0)
			return refuse_scheme(reply, r, authorization);
		if (xf_ep_param(r, "X-Amz-Signature") || xf_ep_auth_v2_wanted(r))
			return refuse(reply, r, XF_EP_InvalidArgument,
				      "Only one auth mechanism allowed; only the X-Amz-Algorithm query "
				      "parameter, Signature query string parameter or the Authorization "
				      "header should be specified");
		status = xf_auth_parse_header(&auth, authorization, &err);
	} else if (xf_ep_auth_v2_wanted(r)) {
		a->presigned = true;
		return xf_ep_auth_v2(r, keys, now, reply) && read_plain_payload(a, r, reply);
	} else {
		status = xf_auth_parse_query(&auth, r->query, &err);
		if (status == XF_NOT_FOUND)
			return anonymous(a, r, keys, reply);
	}
	if (status)
		return refuse_signing(reply, r, keys, &err, now);
	a->presigned = auth.presigned;
	if (!auth.presigned && !xf_ep_header(r, "x-amz-date") && !xf_ep_header(r, "date"))
		return refuse(reply, r, XF_EP_AccessDenied,
			      "AWS authentication requires a valid Date or x-amz-date header");
	if (strcmp(auth.access_key, keys->access_key) != 0) {
		struct xf_ep_detail details[] = { { "AWSAccessKeyId", auth.access_key }, { 0 } };
		xf_ep_reply_error(reply, r, XF_EP_InvalidAccessKeyId, NULL, details);
		return false;
	}
	if (!token_ok(r, keys))
		return refuse(reply, r, XF_EP_InvalidToken, NULL);
	if (!auth.presigned && !xf_ep_header(r, "x-amz-content-sha256"))
		return refuse(reply, r, XF_EP_InvalidRequest,
			      "Missing required header for this request: x-amz-content-sha256");
	return read_payload(a, r, xf_ep_header(r, "x-amz-content-sha256"), reply) &&
	       verify(a, r, keys, &auth, now, reply);
}

bool xf_ep_auth_none(const struct xf_ep_request *r)
{
	return !xf_ep_header(r, "authorization") && !xf_ep_param(r, "X-Amz-Algorithm") && !xf_ep_param(r, "X-Amz-Signature") &&
	       !xf_ep_auth_v2_wanted(r);
}

void xf_ep_access_fini(struct xf_ep_access *a)
{
	xf_chunk_signer_fini(&a->chunk);
}
