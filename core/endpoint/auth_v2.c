/*
 * auth_v2: see auth_v2.h. What is signed, a line each:
 *
 *     method · Content-MD5 · Content-Type · Expires · every x-amz- header, "name:value", sorted by name ·
 *     "/bucket/key" as on the wire, with the subresources "?a=b&c" among the parameters, sorted
 *
 * What would be an x-amz- header (a token), Content-MD5 or Content-Type may stand among the parameters.
 */
#include "core/endpoint/auth_v2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/s3/encode.h"

enum { SIGNATURE_SIZE = XF_BASE64_SIZE(XF_SHA1_SIZE), FIELDS_MAX = 128 };

/* Regions that were there before version 4. */
static const char *const regions[] = {
	"us-east-1", "us-west-1", "us-west-2", "eu-west-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1",
};

static const char *const subresources[] = {
	"accelerate", "acl", "analytics", "cors", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
	"notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
	"response-cache-control", "response-content-disposition", "response-content-encoding",
	"response-content-language", "response-content-type", "response-expires", "restore", "select", "select-type",
	"storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
};

bool xf_ep_auth_v2_wanted(const struct xf_ep_request *r)
{
	return xf_ep_param(r, "AWSAccessKeyId") || xf_ep_param(r, "Signature");
}

static bool refuse(struct xf_ep_reply *reply, const struct xf_ep_request *r, enum xf_ep_code code,
		   const char *message)
{
	xf_ep_reply_error(reply, r, code, message, NULL);
	return false;
}

static bool is_among(const char *name, const char *const *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static const char *header_or_param(const struct xf_ep_request *r, const char *name)
{
	const char *value = xf_ep_header(r, name);

	return value ? value : xf_ep_param(r, name) ? xf_ep_param(r, name) : "";
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp((*(const struct xf_header *const *)a)->name, (*(const struct xf_header *const *)b)->name);
}

static bool is_listed(const char *name, const struct xf_header *const *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcasecmp(list[i]->name, name))
			return true;
	return false;
}

/* What stands in both is taken once. */
static void collect_amz(const struct xf_headers *from, const struct xf_header **to, size_t *nr)
{
	for (size_t i = 0; i < from->nr && *nr < FIELDS_MAX; i++) {
		const char *name = from->items[i].name;
		if (!strncasecmp(name, "x-amz-", 6) && !is_listed(name, to, *nr))
			to[(*nr)++] = &from->items[i];
	}
}

static void add_lower(struct xf_buf *out, const char *name)
{
	for (; *name; name++)
		xf_buf_char(out, *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name);
}

static void add_amz_headers(struct xf_buf *out, const struct xf_ep_request *r)
{
	const struct xf_header *list[FIELDS_MAX];
	size_t nr = 0;

	collect_amz(&r->headers, list, &nr);
	collect_amz(&r->params, list, &nr);
	qsort(list, nr, sizeof(*list), by_name);
	for (size_t i = 0; i < nr; i++) {
		add_lower(out, list[i]->name);
		xf_buf_format(out, ":%s\n", list[i]->value);
	}
}

static void add_resource(struct xf_buf *out, const struct xf_ep_request *r)
{
	const struct xf_header *list[FIELDS_MAX];
	size_t nr = 0;

	if (r->virtual_host)
		xf_buf_format(out, "/%s", r->bucket);
	xf_buf_str(out, r->path);
	for (size_t i = 0; i < r->params.nr && nr < FIELDS_MAX; i++)
		if (is_among(r->params.items[i].name, subresources, sizeof(subresources) / sizeof(*subresources)))
			list[nr++] = &r->params.items[i];
	qsort(list, nr, sizeof(*list), by_name);
	for (size_t i = 0; i < nr; i++) {
		xf_buf_format(out, "%c%s", i ? '&' : '?', list[i]->name);
		if (*list[i]->value)
			xf_buf_format(out, "=%s", list[i]->value);
	}
}

bool xf_ep_auth_v2_signed(const char *secret, const void *text, size_t len, const char *signature)
{
	unsigned char mac[XF_SHA1_SIZE], given[XF_SHA1_SIZE];
	char ours[SIGNATURE_SIZE], theirs[SIGNATURE_SIZE];
	size_t given_len;

	if (!xf_hmac_sha1(mac, secret, text, len) || !xf_base64_decode(given, sizeof(given), &given_len, signature) ||
	    given_len != sizeof(given))
		return false;
	xf_base64_encode(ours, mac, sizeof(mac));
	xf_base64_encode(theirs, given, sizeof(given));
	return xf_signature_equal(ours, theirs);
}

static bool matches(const struct xf_ep_request *r, const char *secret, const char *signature)
{
	struct xf_buf text = XF_BUF_INIT;

	xf_buf_format(&text, "%s\n%s\n%s\n%s\n", r->method, header_or_param(r, "content-md5"),
		      header_or_param(r, "content-type"), xf_ep_param(r, "Expires"));
	add_amz_headers(&text, r);
	add_resource(&text, r);
	bool ok = !text.failed && xf_ep_auth_v2_signed(secret, text.data, text.len, signature);
	xf_buf_wipe(&text);
	return ok;
}

bool xf_ep_auth_v2_region(const char *region)
{
	return !region || is_among(region, regions, sizeof(regions) / sizeof(*regions));
}

/* The token that belongs to the key, or none. */
static bool token_ok(const struct xf_ep_request *r, const struct xf_ep_keys *keys)
{
	const char *token = header_or_param(r, "x-amz-security-token");

	return !strcmp(token, keys->session_token ? keys->session_token : "");
}

bool xf_ep_auth_v2(const struct xf_ep_request *r, const struct xf_ep_keys *keys, int64_t now,
		   struct xf_ep_reply *reply)
{
	const char *key = xf_ep_param(r, "AWSAccessKeyId"), *signature = xf_ep_param(r, "Signature");
	const char *expires = xf_ep_param(r, "Expires");

	if (!xf_ep_auth_v2_region(keys->region))
		return refuse(reply, r, XF_EP_InvalidRequest,
			      "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
	if (!key || !signature || !expires)
		return refuse(reply, r, XF_EP_AccessDenied,
			      "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
	if (!*expires || strlen(expires) > 18 || expires[strspn(expires, "0123456789")])
		return refuse(reply, r, XF_EP_AccessDenied, "Invalid date (should be seconds since epoch)");
	if (strcmp(key, keys->access_key) != 0)
		return refuse(reply, r, XF_EP_InvalidAccessKeyId, NULL);
	if (!token_ok(r, keys))
		return refuse(reply, r, XF_EP_InvalidToken, NULL);
	if (!matches(r, keys->secret_key, signature))
		return refuse(reply, r, XF_EP_SignatureDoesNotMatch, NULL);
	if (strtoll(expires, NULL, 10) < now)
		return refuse(reply, r, XF_EP_AccessDenied, "Request has expired");
	return true;
}
