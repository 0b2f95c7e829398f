#include "core/s3/s3.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/s3/buf.h"
#include "core/s3/checksum.h"
#include "core/s3/encode.h"
#include "core/s3/xml.h"

void xf_s3_request_fini(struct xf_s3_request *r)
{
	xf_headers_fini(&r->query);
	xf_headers_fini(&r->headers);
	free(r->path);
	free(r->document);
	*r = XF_S3_REQUEST_INIT;
}

/* "/bucket/key" or "/key", each encoded as botocore does. */
static char *make_path(const char *prefix, const char *bucket, const char *key)
{
	struct xf_buf path = XF_BUF_INIT;
	xf_buf_str(&path, prefix);
	if (bucket) {
		xf_buf_char(&path, '/');
		xf_percent_encode(&path, bucket, strlen(bucket), XF_PERCENT_ALL);
	}
	if (key || !bucket)
		xf_buf_char(&path, '/');
	if (key)
		xf_percent_encode(&path, key, strlen(key), XF_PERCENT_KEEP_SLASH);
	return xf_buf_take(&path);
}

enum xf_status xf_s3_request_begin(struct xf_s3_request *r, const struct xf_s3_endpoint *e,
				   enum xf_op op, const char *method, const char *bucket,
				   const char *key, struct xf_error *err)
{
	enum xf_status status = bucket ? xf_s3_check_bucket(bucket, err) : XF_OK;
	if (!status && key)
		status = xf_s3_check_key(key, err);
	if (status)
		return status;
	bool in_host = xf_s3_address(e, bucket, r->host, sizeof(r->host), r->base, sizeof(r->base));
	r->op = op;
	r->method = method;
	r->path = make_path(e->path, in_host ? NULL : bucket, key);
	return r->path ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
}

static int by_encoded_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *encode_pair(const struct xf_header *pair)
{
	struct xf_buf text = XF_BUF_INIT;
	xf_percent_encode(&text, pair->name, strlen(pair->name), XF_PERCENT_ALL);
	xf_buf_char(&text, '=');
	xf_percent_encode(&text, pair->value, strlen(pair->value), XF_PERCENT_ALL);
	return xf_buf_take(&text);
}

char *xf_s3_request_query(const struct xf_s3_request *r)
{
	struct xf_buf query = XF_BUF_INIT;
	char *pairs[16];
	assert(r->query.nr <= 16);
	size_t nr = 0;
	for (; nr < r->query.nr && nr < sizeof(pairs) / sizeof(pairs[0]); nr++) {
		pairs[nr] = encode_pair(&r->query.items[nr]);
		query.failed |= !pairs[nr];
	}
	if (!query.failed)
		qsort(pairs, nr, sizeof(pairs[0]), by_encoded_name);
	xf_buf_str(&query, "");
	for (size_t i = 0; i < nr; i++) {
		if (i)
			xf_buf_char(&query, '&');
		xf_buf_str(&query, pairs[i] ? pairs[i] : "");
		free(pairs[i]);
	}
	return xf_buf_take(&query);
}

char *xf_s3_request_url(const struct xf_s3_request *r)
{
	struct xf_buf url = XF_BUF_INIT;
	char *query = xf_s3_request_query(r);
	url.failed = !query;
	xf_buf_str(&url, r->base);
	xf_buf_str(&url, r->path);
	if (query && *query) {
		xf_buf_char(&url, '?');
		xf_buf_str(&url, query);
	}
	free(query);
	return xf_buf_take(&url);
}

/* Quotes stand as they are, as botocore writes them: not every service reads entities here. */
static void write_etag(struct xf_buf *out, const char *etag)
{
	xf_xml_open(out, "ETag", NULL);
	while (*etag) {
		size_t len = strcspn(etag, "\"");
		xf_xml_escape(out, etag, len);
		etag += len;
		for (; *etag == '"'; etag++)
			xf_buf_char(out, '"');
	}
	xf_xml_close(out, "ETag");
}

static void write_part(struct xf_buf *out, const struct xf_s3_part *part)
{
	const struct xf_checksum_info *info =
		xf_checksum_info(xf_checksum_by_name(part->checksum.algorithm));
	xf_xml_open(out, "Part", NULL);
	write_etag(out, part->etag);
	xf_xml_element_u64(out, "PartNumber", part->number);
	if (info)
		xf_xml_element(out, info->element, part->checksum.value);
	xf_xml_close(out, "Part");
}

char *xf_s3_complete_document(const struct xf_s3_part *parts, size_t nr, size_t *len)
{
	struct xf_buf out = XF_BUF_INIT;
	xf_xml_open(&out, "CompleteMultipartUpload", XF_S3_XMLNS);
	for (size_t i = 0; i < nr; i++)
		write_part(&out, &parts[i]);
	xf_xml_close(&out, "CompleteMultipartUpload");
	*len = out.len;
	return xf_buf_take(&out);
}

char *xf_s3_bucket_document(const char *region, size_t *len)
{
	struct xf_buf out = XF_BUF_INIT;
	*len = 0;
	if (!region || !*region || !strcmp(region, "us-east-1"))
		return NULL;
	xf_xml_open(&out, "CreateBucketConfiguration", XF_S3_XMLNS);
	xf_xml_element(&out, "LocationConstraint", region);
	xf_xml_close(&out, "CreateBucketConfiguration");
	*len = out.len;
	return xf_buf_take(&out);
}
