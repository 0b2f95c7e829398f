/* address: endpoints, names of buckets, and which host and path they make. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>

#include "core/s3/s3.h"

static bool is_ip(const char *host)
{
	struct in_addr address;
	return host[0] == '[' || inet_pton(AF_INET, host, &address) == 1;
}

/* Copies [from, to) when it fits. */
static bool copy_range(char *dst, size_t cap, const char *from, const char *to)
{
	size_t len = (size_t)(to - from);
	if (len >= cap)
		return false;
	memcpy(dst, from, len);
	dst[len] = '\0';
	return true;
}

static bool is_host(const char *host)
{
	if (host[0] == '[') {
		char inner[64];
		struct in6_addr address;
		size_t len = strlen(host);
		return len > 2 && host[len - 1] == ']' && copy_range(inner, sizeof(inner), host + 1, host + len - 1) &&
			inet_pton(AF_INET6, inner, &address) == 1;
	}
	return *host && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == strlen(host);
}

/* ":9000" or "". */
static bool parse_port(const char *text, const char *end, unsigned *port)
{
	char digits[8];
	*port = 0;
	if (text == end)
		return true;
	if (*text != ':' || !copy_range(digits, sizeof(digits), text + 1, end) ||
	    strspn(digits, "0123456789") != strlen(digits))
		return false;
	*port = (unsigned)strtoul(digits, NULL, 10);
	return digits[0] == '\0' || (*port > 0 && *port < 65536);
}

/* The AWS endpoint of a region; us-east-1 has the global name, as in botocore. */
static void aws_host(struct xf_s3_endpoint *e)
{
	snprintf(e->scheme, sizeof(e->scheme), "https");
	if (!strcmp(e->region, "us-east-1"))
		snprintf(e->host, sizeof(e->host), "s3.amazonaws.com");
	else
		snprintf(e->host, sizeof(e->host), "s3.%s.amazonaws.com%s", e->region,
			 strncmp(e->region, "cn-", 3) ? "" : ".cn");
}

static enum xf_status parse_url(struct xf_s3_endpoint *e, const char *url, struct xf_error *err)
{
	const char *at = strstr(url, "://");
	if (!at || !copy_range(e->scheme, sizeof(e->scheme), url, at) ||
	    (strcasecmp(e->scheme, "http") && strcasecmp(e->scheme, "https")))
		return xf_fail(err, XF_INVALID, "the endpoint must begin with http:// or https://");
	for (char *c = e->scheme; *c; c++)
		*c |= 0x20;
	const char *host = at + 3, *end = host + strcspn(host, "/?#");
	const char *port = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
	port = port ? port + 1 : host + strcspn(host, ":/?#");
	if (memchr(host, '@', (size_t)(end - host)))
		return xf_fail(err, XF_INVALID, "the endpoint holds a user name: give keys by profile or environment");
	if (port > end || !copy_range(e->host, sizeof(e->host), host, port) || !is_host(e->host))
		return xf_fail(err, XF_INVALID, "the endpoint names no valid host");
	if (!parse_port(port, end, &e->port))
		return xf_fail(err, XF_INVALID, "the endpoint's port is not a number from 1 to 65535");
	if (end[strcspn(end, "?#")])
		return xf_fail(err, XF_INVALID, "the endpoint must not have a query or fragment");
	const char *last = end + strlen(end);
	while (last > end && last[-1] == '/')
		last--;
	if (!copy_range(e->path, sizeof(e->path), end, last) || strpbrk(e->path, " \t\r\n"))
		return xf_fail(err, XF_INVALID, "the endpoint's path is not valid");
	return XF_OK;
}

enum xf_status xf_s3_endpoint_parse(const char *url, const char *region,
				    enum xf_addressing addressing, struct xf_s3_endpoint *out,
				    struct xf_error *err)
{
	struct xf_s3_endpoint e = { .custom = url != NULL, .addressing = addressing };
	enum xf_status status = XF_OK;
	if (!region || !*region || !strcmp(region, "aws-global"))
		region = "us-east-1";
	if (strlen(region) >= sizeof(e.region) ||
	    strspn(region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(region))
		return xf_fail(err, XF_INVALID, "'%s' is not a region: letters, digits and - only", region);
	snprintf(e.region, sizeof(e.region), "%s", region);
	if (url)
		status = parse_url(&e, url, err);
	else
		aws_host(&e);
	if (!status)
		*out = e;
	return status;
}

static bool is_default_port(const struct xf_s3_endpoint *e)
{
	return e->port == 0 || e->port == (strcmp(e->scheme, "https") ? 80u : 443u);
}

void xf_s3_endpoint_text(const struct xf_s3_endpoint *e, char *buf, size_t cap)
{
	if (is_default_port(e))
		snprintf(buf, cap, "%s://%s%s", e->scheme, e->host, e->path);
	else
		snprintf(buf, cap, "%s://%s:%u%s", e->scheme, e->host, e->port, e->path);
}

/* A bucket that can be a DNS label; dots are left to path style, they break certificates. */
static bool is_dns_label(const char *bucket)
{
	size_t len = strlen(bucket);
	if (len < 3 || len > 63 || bucket[0] == '-' || bucket[len - 1] == '-')
		return false;
	return strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool is_virtual(const struct xf_s3_endpoint *e, const char *bucket)
{
	if (!bucket || e->addressing == XF_ADDRESSING_PATH || is_ip(e->host) || !is_dns_label(bucket))
		return false;
	return e->addressing == XF_ADDRESSING_VIRTUAL || !e->custom;
}

bool xf_s3_address(const struct xf_s3_endpoint *e, const char *bucket, char *host, size_t host_cap,
		   char *base, size_t base_cap)
{
	bool in_host = is_virtual(e, bucket);
	char port[16] = "";
	if (!is_default_port(e))
		snprintf(port, sizeof(port), ":%u", e->port);
	snprintf(host, host_cap, "%s%s%s%s", in_host ? bucket : "", in_host ? "." : "", e->host, port);
	snprintf(base, base_cap, "%s://%s", e->scheme, host);
	return in_host;
}

enum xf_status xf_s3_check_bucket(const char *bucket, struct xf_error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t len = strlen(bucket);
	char shown[128];
	xf_text_sanitise(shown, sizeof(shown), bucket, len);
	if (!strncmp(bucket, "arn:", 4) && strstr(bucket, ":s3-object-lambda:"))
		return xf_fail(err, XF_INVALID,
			       "'%s': S3 Object Lambda does not take uploads (boto3 refuses it, too)", shown);
	if (!strncmp(bucket, "arn:", 4))
		return xf_fail(err, XF_INVALID,
			       "'%s': access point ARNs are not supported here: name the bucket", shown);
	if (len == 0 || len > 255 || strspn(bucket, allowed) != len || !strcmp(bucket, ".") || !strcmp(bucket, ".."))
		return xf_fail(err, XF_INVALID,
			       "invalid bucket name '%s': 1 to 255 letters, digits, '.', '-' and '_' are allowed", shown);
	return XF_OK;
}

enum xf_status xf_s3_check_key(const char *key, struct xf_error *err)
{
	size_t len = strlen(key);
	if (len == 0)
		return xf_fail(err, XF_INVALID, "the key is empty: write s3://BUCKET/KEY");
	if (len > XF_S3_KEY_MAX)
		return xf_fail(err, XF_INVALID, "the key has %zu bytes: S3 allows %d", len, XF_S3_KEY_MAX);
	return XF_OK;
}
