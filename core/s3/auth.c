/* auth: the verifying side of signature version 4: takes an authorization apart and judges it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/s3/encode.h"
#include "core/s3/sign_private.h"

/* ---- verification: taking the authorization apart */

/* What S3 answers. The first cause is kept, as with xf_fail(). */
static enum xf_status refuse(struct xf_error *err, enum xf_status status, int http, const char *code,
			     const char *format, ...) __attribute__((format(printf, 5, 6)));
static enum xf_status refuse(struct xf_error *err, enum xf_status status, int http, const char *code,
			     const char *format, ...)
{
	if (!err || err->status)
		return status;
	char text[sizeof(err->message)];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	xf_fail(err, status, "%s", text);
	snprintf(err->code, sizeof(err->code), "%s", code);
	err->http_status = http;
	return status;
}

/* text[0…len) to dst, if it fits and is not empty. */
static bool copy_out(char *dst, size_t cap, const char *text, size_t len)
{
	if (!len || len >= cap || memchr(text, '\0', len))
		return false;
	memcpy(dst, text, len);
	dst[len] = '\0';
	return true;
}

/* The piece before *end that begins behind a '/'; *end moves to that '/'. */
static bool last_piece(char *dst, size_t cap, const char *text, size_t *end)
{
	size_t start = *end;
	while (start && text[start - 1] != '/')
		start--;
	bool ok = start && copy_out(dst, cap, text + start, *end - start);
	*end = start ? start - 1 : 0;
	return ok;
}

/* "KEY/20130524/us-east-1/s3/aws4_request", from the right: a key may hold a '/'. */
static bool parse_credential(struct xf_auth *a, const char *text, size_t len)
{
	char end[16];
	return last_piece(end, sizeof(end), text, &len) && !strcmp(end, XF_SIGN_SCOPE_END) &&
	       last_piece(a->service, sizeof(a->service), text, &len) &&
	       last_piece(a->region, sizeof(a->region), text, &len) &&
	       last_piece(a->date, sizeof(a->date), text, &len) && strlen(a->date) == 8 &&
	       copy_out(a->access_key, sizeof(a->access_key), text, len);
}

bool xf_auth_parse_credential(struct xf_auth *auth, const char *text)
{
	return parse_credential(auth, text, strlen(text));
}

/* The value of "name=" among the comma-separated fields; NULL when it is not there. */
static const char *auth_field(const char *text, const char *name, size_t *len)
{
	for (size_t n = strlen(name); *text;) {
		text += strspn(text, " ,");
		*len = strcspn(text, ",");
		if (!strncmp(text, name, n) && text[n] == '=') {
			*len -= n + 1;
			text += n + 1;
			while (*len && text[*len - 1] == ' ')
				--*len;
			return text;
		}
		text += *len;
	}
	return NULL;
}

static bool is_signature(const char *text)
{
	unsigned char bytes[XF_SHA256_SIZE];
	return xf_hex_decode(bytes, sizeof(bytes), text);
}

static bool parse_fields(struct xf_auth *a, const char *text)
{
	size_t len;
	const char *field = auth_field(text, "Credential", &len);
	if (!field || !parse_credential(a, field, len))
		return false;
	field = auth_field(text, "SignedHeaders", &len);
	if (!field || !copy_out(a->signed_headers, sizeof(a->signed_headers), field, len))
		return false;
	field = auth_field(text, "Signature", &len);
	return field && copy_out(a->signature, sizeof(a->signature), field, len) && is_signature(a->signature);
}

enum xf_status xf_auth_parse_header(struct xf_auth *auth, const char *authorization,
				    struct xf_error *err)
{
	*auth = (struct xf_auth){ .presigned = false };
	if (!authorization || !*authorization)
		return refuse(err, XF_NOT_FOUND, 403, "AccessDenied", "Access Denied");
	if (!strncmp(authorization, "AWS ", 4))
		return refuse(err, XF_UNSUPPORTED, 400, "InvalidRequest",
			      "The authorization mechanism you have provided is not supported. "
			      "Please use " XF_SIGN_ALGORITHM ".");
	if (strncmp(authorization, XF_SIGN_ALGORITHM " ", sizeof(XF_SIGN_ALGORITHM)))
		return refuse(err, XF_UNSUPPORTED, 400, "InvalidArgument", "Unsupported Authorization Type");
	if (!parse_fields(auth, authorization + sizeof(XF_SIGN_ALGORITHM)))
		return refuse(err, XF_INVALID, 400, "AuthorizationHeaderMalformed",
			      "The authorization header is malformed; Credential, SignedHeaders or "
			      "Signature is missing or not of the form it must have.");
	return XF_OK;
}

/* The decoded value of the first parameter of that name. False: absent, empty or too long. */
static bool query_value(char *dst, size_t cap, const char *query, const char *name)
{
	for (size_t n = strlen(name); *query;) {
		size_t len = strcspn(query, "&");
		if (len > n && !strncmp(query, name, n) && query[n] == '=') {
			struct xf_buf plain = XF_BUF_INIT;
			xf_percent_decode(&plain, query + n + 1, len - n - 1, true);
			bool ok = !plain.failed && copy_out(dst, cap, xf_buf_text(&plain), plain.len);
			xf_buf_fini(&plain);
			return ok;
		}
		query += len + (query[len] == '&');
	}
	return false;
}

static enum xf_status query_error(struct xf_error *err, const char *text)
{
	return refuse(err, XF_INVALID, 400, "AuthorizationQueryParametersError", "%s", text);
}

static enum xf_status parse_expires(struct xf_auth *a, const char *query, struct xf_error *err)
{
	char text[24];
	if (!query_value(text, sizeof(text), query, "X-Amz-Expires") ||
	    text[strspn(text, "0123456789")] || strlen(text) > 18)
		return query_error(err, "X-Amz-Expires should be a number");
	unsigned long long seconds = strtoull(text, NULL, 10);
	if (seconds > XF_PRESIGN_MAX_S)
		return query_error(err, "X-Amz-Expires must be less than a week (in seconds); that is, the "
					"given X-Amz-Expires must be less than 604800 seconds");
	a->expires_s = (uint32_t)seconds;
	return XF_OK;
}

enum xf_status xf_auth_parse_query(struct xf_auth *auth, const char *query, struct xf_error *err)
{
	char algorithm[64] = "", credential[sizeof(auth->access_key) + XF_SCOPE_SIZE] = "";
	*auth = (struct xf_auth){ .presigned = true };
	query = query ? query : "";
	bool any = query_value(algorithm, sizeof(algorithm), query, "X-Amz-Algorithm");
	any |= query_value(auth->signature, sizeof(auth->signature), query, "X-Amz-Signature");
	if (!any)
		return refuse(err, XF_NOT_FOUND, 403, "AccessDenied", "Access Denied");
	if (strcmp(algorithm, XF_SIGN_ALGORITHM))
		return query_error(err, "X-Amz-Algorithm only supports \"" XF_SIGN_ALGORITHM "\"");
	if (!query_value(credential, sizeof(credential), query, "X-Amz-Credential") ||
	    !parse_credential(auth, credential, strlen(credential)))
		return query_error(err, "Error parsing the X-Amz-Credential parameter; the Credential is "
					"mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
	if (!query_value(auth->signed_headers, sizeof(auth->signed_headers), query, "X-Amz-SignedHeaders") ||
	    !query_value(auth->amz_date, sizeof(auth->amz_date), query, "X-Amz-Date") ||
	    !is_signature(auth->signature))
		return query_error(err, "Query-string authentication version 4 requires the X-Amz-Algorithm, "
					"X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
					"X-Amz-Expires parameters.");
	return parse_expires(auth, query, err);
}

/* ---- verification: judging it */

/* When the request says it was signed; its text as x-amz-date has it. */
static bool request_time(time_t *at, char text[XF_AMZ_DATE_SIZE], const struct xf_auth *a,
			 const struct xf_sign_request *r)
{
	const char *amz = a->presigned ? a->amz_date : xf_sign_header_value(r, "x-amz-date");
	const char *date = xf_sign_header_value(r, "date");
	bool ok = amz ? xf_amz_date_parse(at, amz)
		      : date && (xf_amz_date_parse(at, date) || xf_http_date_parse(at, date));
	if (ok)
		xf_amz_date(text, *at);
	return ok;
}

static enum xf_status check_time(const struct xf_auth *a, time_t at, time_t now, struct xf_error *err)
{
	if (a->presigned) {
		if (at > now + XF_CLOCK_SKEW_S)
			return refuse(err, XF_DENIED, 403, "AccessDenied", "Request is not yet valid");
		if (now > at + (time_t)a->expires_s)
			return refuse(err, XF_DENIED, 403, "AccessDenied", "Request has expired");
	} else if (at > now + XF_CLOCK_SKEW_S || at < now - XF_CLOCK_SKEW_S) {
		return refuse(err, XF_DENIED, 403, "RequestTimeTooSkewed",
			      "The difference between the request time and the current time is too large.");
	}
	return XF_OK;
}

static enum xf_status check_scope(const struct xf_auth *a, const char *region, const char *amz_date,
				  struct xf_error *err)
{
	const char *code = a->presigned ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed";
	const char *what = a->presigned ? "Error parsing the X-Amz-Credential parameter"
					: "The authorization header is malformed";
	char given[sizeof(a->region)];
	xf_text_sanitise(given, sizeof(given), a->region, strlen(a->region));
	if (region && strcmp(a->region, region))
		return refuse(err, XF_DENIED, 400, code, "%s; the region '%s' is wrong; expecting '%s'", what,
			      given, region);
	if (strcmp(a->service, "s3"))
		return refuse(err, XF_DENIED, 400, code, "%s; incorrect service. This endpoint belongs to \"s3\".",
			      what);
	if (strncmp(a->date, amz_date, 8))
		return refuse(err, XF_DENIED, 400, code,
			      "%s; Invalid credential date. This date is not the same as X-Amz-Date.", what);
	return XF_OK;
}

/* host, and whatever begins with x-amz-, must be signed. */
static enum xf_status check_signed(const struct xf_auth *a, const struct xf_sign_request *r,
				   struct xf_error *err)
{
	bool ok = xf_sign_list_has(a->signed_headers, "host");
	for (size_t i = 0; i < r->nr_headers; i++)
		if (!strncasecmp(r->headers[i].name, "x-amz-", 6))
			ok &= xf_sign_list_has(a->signed_headers, r->headers[i].name);
	return ok ? XF_OK : refuse(err, XF_DENIED, 403, "AccessDenied",
				   "There were headers present in the request which were not signed");
}

static enum xf_status recompute(struct xf_signature *sig, const struct xf_auth *a,
				const struct xf_sign_request *r, const char *secret, struct xf_error *err)
{
	snprintf(sig->scope, sizeof(sig->scope), "%s/%s/%s/" XF_SIGN_SCOPE_END, a->date, a->region, a->service);
	enum xf_status status = xf_sign_with_list(sig, r, r->query, a->signed_headers, secret, err);
	if (status)
		return status;
	if (!xf_signature_equal(sig->signature, a->signature))
		return refuse(err, XF_DENIED, 403, "SignatureDoesNotMatch",
			      "The request signature we calculated does not match the signature you "
			      "provided. Check your key and signing method.");
	return XF_OK;
}

enum xf_status xf_auth_verify(const struct xf_auth *auth, const struct xf_sign_request *request,
			      const char *secret_key, const char *region, time_t now,
			      struct xf_signature *out, struct xf_error *err)
{
	struct xf_signature sig = { .amz_date = "" };
	time_t at;
	if (!auth->presigned && !request->payload)
		return refuse(err, XF_DENIED, 400, "InvalidRequest",
			      "Missing required header for this request: x-amz-content-sha256");
	if (!request_time(&at, sig.amz_date, auth, request))
		return refuse(err, XF_DENIED, 403, "AccessDenied",
			      "AWS authentication requires a valid Date or x-amz-date header");
	enum xf_status status = check_scope(auth, region, sig.amz_date, err);
	if (!status)
		status = check_time(auth, at, now, err);
	if (!status)
		status = check_signed(auth, request, err);
	if (!status)
		status = recompute(&sig, auth, request, secret_key, err);
	if (!status && out)
		*out = sig;
	return status;
}
