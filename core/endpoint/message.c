/* message: see message.h. */
#include "core/endpoint/message.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/store.h"
#include "core/endpoint/text.h"
#include "core/s3/xml.h"

const char *xf_ep_header(const struct xf_ep_request *r, const char *name)
{
	return xf_headers_get(&r->headers, name);
}

const char *xf_ep_param(const struct xf_ep_request *r, const char *name)
{
	for (size_t i = 0; i < r->params.nr; i++)
		if (!strcmp(r->params.items[i].name, name))
			return r->params.items[i].value;
	return NULL;
}

bool xf_ep_bucket_name_ok(const char *name)
{
	size_t len = strlen(name);
	struct in_addr address;

	if (len < 3 || len > 63 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != len)
		return false;
	if (!isalnum((unsigned char)name[0]) || !isalnum((unsigned char)name[len - 1]))
		return false;
	return !strstr(name, "..") && inet_pton(AF_INET, name, &address) != 1 &&
	       strncmp(name, "xn--", 4) != 0;
}

bool xf_ep_bucket_name_old(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 255 && isalnum((unsigned char)name[0]) && !strstr(name, "..") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* Bytes of host before ".suffix", or 0. */
static size_t before_suffix(const char *host, size_t len, const char *suffix)
{
	size_t tail = strlen(suffix);

	if (len <= tail + 1 || strncasecmp(host + len - tail, suffix, tail) != 0 ||
	    host[len - tail - 1] != '.')
		return 0;
	return len - tail - 1;
}

/* "b.s3.eu-west-1.amazonaws.com": the labels before the one that is s3 or s3-REGION. */
static size_t before_aws(const char *host, size_t len)
{
	size_t end = before_suffix(host, len, "amazonaws.com");

	if (!end)
		end = before_suffix(host, len, "amazonaws.com.cn");
	for (size_t i = end; i > 0; i--)
		if (host[i - 1] == '.' && !strncmp(host + i, "s3", 2) &&
		    (host[i + 2] == '.' || host[i + 2] == '-'))
			return i - 1;
	return 0;
}

size_t xf_ep_host_bucket(const char *host, const char *domain)
{
	size_t len = host[0] == '[' ? 0 : strcspn(host, ":");
	size_t bucket = domain ? before_suffix(host, len, domain) : 0;

	if (!bucket)
		bucket = before_suffix(host, len, "s3.localhost");
	if (!bucket)
		bucket = before_suffix(host, len, "localhost");
	if (!bucket)
		bucket = before_aws(host, len);
	return bucket == 2 && !strncmp(host, "s3", 2) ? 0 : bucket;
}

static enum xf_ep_code parse_params(struct xf_ep_request *r)
{
	const char *at = r->query;

	while (*at) {
		size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
		struct xf_buf key = XF_BUF_INIT, value = XF_BUF_INIT;
		bool ok = xf_ep_decode(&key, at, name, true) &&
			  (name == len || xf_ep_decode(&value, at + name + 1, len - name - 1, true));
		if (ok && key.len)
			xf_headers_add(&r->params, xf_buf_text(&key), xf_buf_text(&value));
		xf_buf_fini(&key);
		xf_buf_fini(&value);
		if (!ok)
			return XF_EP_InvalidURI;
		at += len + (at[len] == '&');
	}
	return XF_EP_NONE;
}

static enum xf_ep_code parse_path(struct xf_ep_request *r)
{
	struct xf_buf path = XF_BUF_INIT;
	const char *at;

	if (!xf_ep_decode(&path, r->path + 1, strlen(r->path + 1), false)) {
		xf_buf_fini(&path);
		return XF_EP_InvalidURI;
	}
	at = xf_buf_text(&path);
	if (!r->bucket && *at) {
		size_t len = strcspn(at, "/");
		r->bucket = strndup(at, len);
		at += len + (at[len] == '/');
	}
	if (*at)
		r->key = strdup(at);
	xf_buf_fini(&path);
	return XF_EP_NONE;
}

enum xf_ep_code xf_ep_request_parse(struct xf_ep_request *r, const char *target,
				    const char *domain)
{
	const char *host = xf_ep_header(r, "host");
	size_t path, bucket;

	xf_ep_random_hex(r->id, 8);
	for (char *c = r->id; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	xf_ep_random_hex(r->id2, 32);
	if (!strncasecmp(target, "http://", 7) || !strncasecmp(target, "https://", 8)) {
		target = strstr(target, "//") + 2;
		target += strcspn(target, "/?");
	}
	path = strcspn(target, "?");
	r->path = path ? strndup(target, path) : strdup("/");
	r->query = strdup(target[path] == '?' ? target + path + 1 : "");
	if (!r->path || !r->query)
		return XF_EP_InternalError;
	if (r->path[0] != '/')
		return XF_EP_InvalidURI;
	bucket = host ? xf_ep_host_bucket(host, domain) : 0;
	if (bucket) {
		r->bucket = strndup(host, bucket);
		r->virtual_host = true;
	}
	enum xf_ep_code code = parse_params(r);
	return code ? code : parse_path(r);
}

void xf_ep_request_fini(struct xf_ep_request *r)
{
	free(r->method);
	free(r->path);
	free(r->query);
	free(r->bucket);
	free(r->key);
	xf_headers_fini(&r->headers);
	xf_headers_fini(&r->params);
}

void xf_ep_reply_fini(struct xf_ep_reply *reply)
{
	xf_headers_fini(&reply->headers);
	xf_buf_fini(&reply->body);
	xf_ep_object_release(reply->object);
	*reply = (struct xf_ep_reply){ 0 };
}

struct xf_buf *xf_ep_reply_document(struct xf_ep_reply *reply, const char *root)
{
	reply->status = 200;
	xf_buf_reset(&reply->body);
	xf_headers_set(&reply->headers, "Content-Type", "application/xml");
	xf_xml_begin(&reply->body);
	xf_xml_open(&reply->body, root, XF_S3_XMLNS);
	return &reply->body;
}

static void error_resource(struct xf_buf *out, const struct xf_ep_request *r,
			   enum xf_ep_code code)
{
	if (r->bucket && (code == XF_EP_NoSuchBucket || code == XF_EP_InvalidBucketName ||
			  code == XF_EP_BucketNotEmpty || code == XF_EP_BucketAlreadyOwnedByYou))
		xf_xml_element(out, "BucketName", r->bucket);
	if (r->key && code == XF_EP_NoSuchKey)
		xf_xml_element(out, "Key", r->key);
	if (code == XF_EP_RequestHeaderSectionTooLarge)
		xf_xml_element(out, "MaxSizeAllowed", "8192");
	if (r->path)
		xf_xml_element(out, "Resource", r->path);
}

void xf_ep_reply_error(struct xf_ep_reply *reply, const struct xf_ep_request *r,
		       enum xf_ep_code code, const char *message,
		       const struct xf_ep_detail *details)
{
	const struct xf_ep_error_row *row = xf_ep_error_row(code);
	struct xf_buf *out = &reply->body;

	xf_headers_clear(&reply->headers);
	xf_buf_reset(out);
	xf_ep_object_release(reply->object);
	reply->object = NULL;
	reply->status = row->status;
	reply->code = code;
	xf_headers_add(&reply->headers, "Content-Type", "application/xml");
	xf_xml_begin(out);
	xf_xml_open(out, "Error", NULL);
	xf_xml_element(out, "Code", row->code);
	xf_xml_element(out, "Message", message ? message : row->sentence);
	error_resource(out, r, code);
	for (; details && details->name; details++)
		if (details->value)
			xf_xml_element(out, details->name, details->value);
	xf_xml_element(out, "RequestId", r->id);
	xf_xml_element(out, "HostId", r->id2);
	xf_xml_close(out, "Error");
}
