/* auth_form: see auth_form.h. */
#include "core/endpoint/auth_form.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/endpoint/auth_v2.h"

/* The fields of each version, as S3 names them, in the order it misses them. */
static const char *const version_4[] = { "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature", NULL };
static const char *const version_2[] = { "AWSAccessKeyId", "Signature", NULL };

static bool refuse(struct xf_ep_reply *reply, const struct xf_ep_request *r, enum xf_ep_code code, const char *message,
		   const char *name, const char *value)
{
	struct xf_ep_detail details[] = { { "ArgumentName", name }, { "ArgumentValue", value }, { 0 } };

	xf_ep_reply_error(reply, r, code, message, name ? details : NULL);
	return false;
}

void xf_ep_form_lacks(struct xf_ep_reply *reply, const struct xf_ep_request *r, const char *name)
{
	char message[160];

	snprintf(message, sizeof(message), "Bucket POST must contain a field named '%s'.  If it is specified, please check "
		 "the order of the fields.", name);
	refuse(reply, r, XF_EP_InvalidArgument, message, name, "");
}

static bool has_any(const struct xf_headers *fields, const char *const *names)
{
	for (; *names; names++)
		if (xf_headers_get(fields, *names))
			return true;
	return false;
}

static bool has_all(const struct xf_headers *fields, const char *const *names, const struct xf_ep_request *r,
		    struct xf_ep_reply *reply)
{
	for (; *names && xf_headers_get(fields, *names); names++)
		;
	if (!*names && xf_headers_get(fields, "policy"))
		return true;
	xf_ep_form_lacks(reply, r, *names ? *names : "Policy");
	return false;
}

static bool key_ok(const char *access_key, const struct xf_headers *fields, const struct xf_ep_request *r,
		   const struct xf_ep_keys *keys, struct xf_ep_reply *reply)
{
	const char *token = xf_headers_get(fields, "x-amz-security-token");
	struct xf_ep_detail details[] = { { "AWSAccessKeyId", access_key }, { 0 } };

	if (strcmp(access_key, keys->access_key) != 0) {
		xf_ep_reply_error(reply, r, XF_EP_InvalidAccessKeyId, NULL, details);
		return false;
	}
	if (strcmp(token ? token : "", keys->session_token ? keys->session_token : "") != 0)
		return refuse(reply, r, XF_EP_InvalidToken, NULL, NULL, NULL);
	return true;
}

static bool mismatch(const struct xf_headers *fields, const struct xf_ep_request *r, const struct xf_ep_keys *keys,
		     struct xf_ep_reply *reply)
{
	struct xf_ep_detail details[] = { { "AWSAccessKeyId", keys->access_key },
					  { "StringToSign", xf_headers_get(fields, "policy") }, { 0 } };

	xf_ep_reply_error(reply, r, XF_EP_SignatureDoesNotMatch, NULL, details);
	return false;
}

static bool credential_ok(const struct xf_auth *auth, const char *credential, const char *date,
			  const struct xf_ep_request *r, const struct xf_ep_keys *keys, struct xf_ep_reply *reply)
{
	struct xf_ep_detail details[] = { { "ArgumentName", "X-Amz-Credential" }, { "ArgumentValue", credential },
					  { "Region", keys->region }, { 0 } };
	char message[192];
	time_t at;

	if (!xf_amz_date_parse(&at, date))
		return refuse(reply, r, XF_EP_InvalidArgument, "X-Amz-Date must be formated via ISO8601 Long format",
			      "X-Amz-Date", date);
	if (strncmp(auth->date, date, 8) != 0)
		return refuse(reply, r, XF_EP_InvalidArgument,
			      "Invalid credential date. This date is not the same as X-Amz-Date.", "X-Amz-Credential", credential);
	if (strcmp(auth->service, "s3") != 0)
		return refuse(reply, r, XF_EP_InvalidArgument, "incorrect service. This endpoint belongs to \"s3\".",
			      "X-Amz-Credential", credential);
	if (!keys->region || !strcmp(auth->region, keys->region))
		return true;
	snprintf(message, sizeof(message), "the region '%s' is wrong; expecting '%s'", auth->region, keys->region);
	xf_ep_reply_error(reply, r, XF_EP_InvalidArgument, message, details);
	return false;
}

static bool check_4(const struct xf_headers *fields, const struct xf_ep_request *r, const struct xf_ep_keys *keys,
		    struct xf_ep_reply *reply)
{
	const char *algorithm = xf_headers_get(fields, "x-amz-algorithm"), *date = xf_headers_get(fields, "x-amz-date");
	const char *credential = xf_headers_get(fields, "x-amz-credential");
	char expected[XF_SIGNATURE_SIZE], scope[XF_SCOPE_SIZE];
	struct xf_auth auth;

	if (strcmp(algorithm, "AWS4-HMAC-SHA256") != 0)
		return refuse(reply, r, XF_EP_InvalidArgument, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"",
			      "X-Amz-Algorithm", algorithm);
	if (!xf_auth_parse_credential(&auth, credential))
		return refuse(reply, r, XF_EP_InvalidArgument, "the Credential is mal-formed; expecting "
			      "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".", "X-Amz-Credential", credential);
	if (!credential_ok(&auth, credential, date, r, keys, reply) || !key_ok(auth.access_key, fields, r, keys, reply))
		return false;
	snprintf(scope, sizeof(scope), "%s/%s/%s/aws4_request", auth.date, auth.region, auth.service);
	if (xf_sign_policy(expected, keys->secret_key, scope, xf_headers_get(fields, "policy")) != XF_OK)
		return refuse(reply, r, XF_EP_InternalError, NULL, NULL, NULL);
	return xf_signature_equal(expected, xf_headers_get(fields, "x-amz-signature")) || mismatch(fields, r, keys, reply);
}

static bool check_2(const struct xf_headers *fields, const struct xf_ep_request *r, const struct xf_ep_keys *keys,
		    struct xf_ep_reply *reply)
{
	const char *policy = xf_headers_get(fields, "policy");

	if (!xf_ep_auth_v2_region(keys->region))
		return refuse(reply, r, XF_EP_InvalidRequest, "The authorization mechanism you have provided is not "
			      "supported. Please use AWS4-HMAC-SHA256.", NULL, NULL);
	return key_ok(xf_headers_get(fields, "AWSAccessKeyId"), fields, r, keys, reply) &&
	       (xf_ep_auth_v2_signed(keys->secret_key, policy, strlen(policy), xf_headers_get(fields, "signature")) ||
		mismatch(fields, r, keys, reply));
}

bool xf_ep_auth_form(struct xf_ep_access *access, const struct xf_headers *fields, const struct xf_ep_request *r,
		     const struct xf_ep_keys *keys, struct xf_ep_reply *reply)
{
	if (has_any(fields, version_4))
		return has_all(fields, version_4, r, reply) && check_4(fields, r, keys, reply);
	if (has_any(fields, version_2))
		return has_all(fields, version_2, r, reply) && check_2(fields, r, keys, reply);
	access->anonymous = true;
	return keys->anonymous || refuse(reply, r, XF_EP_AccessDenied, NULL, NULL, NULL);
}
