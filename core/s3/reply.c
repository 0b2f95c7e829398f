/* reply: what a service answered, as values. Text from the network is sanitised here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/s3/checksum.h"
#include "core/s3/s3.h"
#include "core/s3/xml.h"

static void copy_clean(char *dst, size_t cap, const char *text)
{
	xf_text_sanitise(dst, cap, text ? text : "", text ? strlen(text) : 0);
}

/* Names that go back to the service: whole or not at all, and byte for byte. */
static bool copy_whole(char *dst, size_t cap, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	if (len >= cap)
		return false;
	memcpy(dst, text ? text : "", len + 1);
	return true;
}

/* The document when its root has that name; NULL otherwise. */
static struct xf_xml *parse_as(const char *body, size_t len, const char *root)
{
	struct xf_xml *doc = NULL;
	if (!body || xf_xml_parse(&doc, body, len, NULL))
		return NULL;
	if (strcmp(xf_xml_root(doc)->name, root)) {
		xf_xml_free(doc);
		return NULL;
	}
	return doc;
}

bool xf_s3_parse_error(const char *body, size_t len, struct xf_s3_error *out)
{
	*out = (struct xf_s3_error){ 0 };
	struct xf_xml *doc = parse_as(body, len, "Error");
	if (!doc)
		return false;
	const struct xf_xml_node *root = xf_xml_root(doc);
	const char *region = xf_xml_text(root, "Region");
	copy_clean(out->code, sizeof(out->code), xf_xml_text(root, "Code"));
	copy_clean(out->message, sizeof(out->message), xf_xml_text(root, "Message"));
	copy_clean(out->request_id, sizeof(out->request_id), xf_xml_text(root, "RequestId"));
	copy_clean(out->region, sizeof(out->region), region);
	xf_xml_free(doc);
	return true;
}

void xf_s3_error_of(int status, const struct xf_headers *headers, const char *body, size_t len,
		    struct xf_s3_error *out)
{
	xf_s3_parse_error(body, len, out);
	if (!out->code[0])
		snprintf(out->code, sizeof(out->code), "%d", status);
	if (!out->request_id[0])
		copy_clean(out->request_id, sizeof(out->request_id), xf_headers_get(headers, "x-amz-request-id"));
	if (!out->region[0])
		copy_clean(out->region, sizeof(out->region), xf_headers_get(headers, "x-amz-bucket-region"));
}

static void checksum_in(const struct xf_xml_node *node, struct xf_s3_checksum *out)
{
	for (int a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++) {
		const struct xf_checksum_info *info = xf_checksum_info((enum xf_checksum)a);
		const char *value = info && info->element ? xf_xml_text(node, info->element) : NULL;
		if (!value || !*value)
			continue;
		copy_clean(out->algorithm, sizeof(out->algorithm), info->name);
		copy_clean(out->value, sizeof(out->value), value);
		return;
	}
}

void xf_s3_checksum_of(const struct xf_headers *headers, struct xf_s3_checksum *out)
{
	*out = (struct xf_s3_checksum){ 0 };
	for (int a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++) {
		const struct xf_checksum_info *info = xf_checksum_info((enum xf_checksum)a);
		const char *value = info && info->header ? xf_headers_get(headers, info->header) : NULL;
		if (!value || !*value)
			continue;
		copy_clean(out->algorithm, sizeof(out->algorithm), info->name);
		copy_clean(out->value, sizeof(out->value), value);
		return;
	}
}

enum xf_status xf_s3_parse_create(const char *body, size_t len, char *upload_id, size_t cap)
{
	struct xf_xml *doc = parse_as(body, len, "InitiateMultipartUploadResult");
	if (!doc)
		return XF_BAD_REPLY;
	const char *id = xf_xml_text(xf_xml_root(doc), "UploadId");
	bool ok = id && *id && copy_whole(upload_id, cap, id);
	xf_xml_free(doc);
	return ok ? XF_OK : XF_BAD_REPLY;
}

enum xf_status xf_s3_parse_complete(const char *body, size_t len, struct xf_s3_complete_reply *out)
{
	*out = (struct xf_s3_complete_reply){ 0 };
	struct xf_xml *doc = parse_as(body, len, "CompleteMultipartUploadResult");
	if (!doc)
		return XF_BAD_REPLY;
	copy_clean(out->etag, sizeof(out->etag), xf_xml_text(xf_xml_root(doc), "ETag"));
	checksum_in(xf_xml_root(doc), &out->checksum);
	xf_xml_free(doc);
	return XF_OK;
}

static bool is_true(const struct xf_xml_node *node, const char *name)
{
	const char *text = xf_xml_text(node, name);
	return text && !strcasecmp(text, "true");
}

static size_t count(const struct xf_xml_node *root, const char *name)
{
	size_t nr = 0;
	for (const struct xf_xml_node *n = xf_xml_child(root, name); n; n = xf_xml_again(n))
		nr++;
	return nr;
}

/* One list: the elements of that name, each turned into one item of an array. */
static enum xf_status collect(const struct xf_xml_node *root, const char *name, size_t item_size,
			      bool (*fill)(const struct xf_xml_node *node, void *item), void **items,
			      size_t *nr)
{
	size_t at = 0;
	*nr = count(root, name);
	char *array = calloc(*nr ? *nr : 1, item_size);
	if (!array)
		return XF_NOMEM;
	for (const struct xf_xml_node *n = xf_xml_child(root, name); n; n = xf_xml_again(n))
		if (!fill(n, array + item_size * at++)) {
			free(array);
			return XF_BAD_REPLY;
		}
	*items = array;
	return XF_OK;
}

static bool fill_part(const struct xf_xml_node *node, void *item)
{
	struct xf_s3_part *part = item;
	uint64_t number;
	if (!xf_xml_number(node, "PartNumber", &number) || number < 1 || number > XF_S3_PARTS_MAX ||
	    !xf_xml_number(node, "Size", &part->size))
		return false;
	part->number = (uint32_t)number;
	copy_clean(part->etag, sizeof(part->etag), xf_xml_text(node, "ETag"));
	checksum_in(node, &part->checksum);
	return true;
}

enum xf_status xf_s3_parse_parts(const char *body, size_t len, struct xf_s3_parts_page *out)
{
	*out = (struct xf_s3_parts_page){ 0 };
	uint64_t marker = 0;
	void *items = NULL;
	struct xf_xml *doc = parse_as(body, len, "ListPartsResult");
	if (!doc)
		return XF_BAD_REPLY;
	const struct xf_xml_node *root = xf_xml_root(doc);
	out->truncated = is_true(root, "IsTruncated");
	xf_xml_number(root, "NextPartNumberMarker", &marker);
	out->next_marker = marker <= XF_S3_PARTS_MAX ? (uint32_t)marker : 0;
	copy_clean(out->checksum_algorithm, sizeof(out->checksum_algorithm), xf_xml_text(root, "ChecksumAlgorithm"));
	copy_clean(out->checksum_type, sizeof(out->checksum_type), xf_xml_text(root, "ChecksumType"));
	enum xf_status status = collect(root, "Part", sizeof(*out->parts), fill_part, &items, &out->nr);
	out->parts = items;
	xf_xml_free(doc);
	return status;
}

static bool fill_upload(const struct xf_xml_node *node, void *item)
{
	struct xf_s3_upload *upload = item;
	copy_clean(upload->initiated, sizeof(upload->initiated), xf_xml_text(node, "Initiated"));
	copy_clean(upload->storage_class, sizeof(upload->storage_class), xf_xml_text(node, "StorageClass"));
	copy_clean(upload->owner, sizeof(upload->owner), xf_xml_text(xf_xml_child(node, "Owner"), "DisplayName"));
	return copy_whole(upload->key, sizeof(upload->key), xf_xml_text(node, "Key")) && upload->key[0] &&
		copy_whole(upload->upload_id, sizeof(upload->upload_id), xf_xml_text(node, "UploadId")) &&
		upload->upload_id[0];
}

enum xf_status xf_s3_parse_uploads(const char *body, size_t len, struct xf_s3_uploads_page *out)
{
	*out = (struct xf_s3_uploads_page){ 0 };
	void *items = NULL;
	struct xf_xml *doc = parse_as(body, len, "ListMultipartUploadsResult");
	if (!doc)
		return XF_BAD_REPLY;
	const struct xf_xml_node *root = xf_xml_root(doc);
	out->truncated = is_true(root, "IsTruncated");
	enum xf_status status =
		copy_whole(out->next_key, sizeof(out->next_key), xf_xml_text(root, "NextKeyMarker")) &&
		copy_whole(out->next_upload_id, sizeof(out->next_upload_id),
			   xf_xml_text(root, "NextUploadIdMarker")) ? XF_OK : XF_BAD_REPLY;
	if (!status)
		status = collect(root, "Upload", sizeof(*out->uploads), fill_upload, &items, &out->nr);
	out->uploads = items;
	xf_xml_free(doc);
	return status;
}

static bool fill_entry(const struct xf_xml_node *node, void *item)
{
	struct xf_s3_entry *entry = item;
	copy_clean(entry->etag, sizeof(entry->etag), xf_xml_text(node, "ETag"));
	copy_clean(entry->modified, sizeof(entry->modified), xf_xml_text(node, "LastModified"));
	return xf_xml_number(node, "Size", &entry->size) &&
		copy_whole(entry->key, sizeof(entry->key), xf_xml_text(node, "Key")) && entry->key[0];
}

enum xf_status xf_s3_parse_entries(const char *body, size_t len, struct xf_s3_entries_page *out)
{
	*out = (struct xf_s3_entries_page){ 0 };
	void *items = NULL;
	struct xf_xml *doc = parse_as(body, len, "ListBucketResult");
	if (!doc)
		return XF_BAD_REPLY;
	const struct xf_xml_node *root = xf_xml_root(doc);
	out->truncated = is_true(root, "IsTruncated");
	enum xf_status status = copy_whole(out->next_token, sizeof(out->next_token),
					   xf_xml_text(root, "NextContinuationToken")) ? XF_OK : XF_BAD_REPLY;
	if (!status)
		status = collect(root, "Contents", sizeof(*out->entries), fill_entry, &items, &out->nr);
	out->entries = items;
	xf_xml_free(doc);
	return status;
}

enum xf_status xf_s3_parse_content_range(const char *value, uint64_t *first, uint64_t *last,
					 uint64_t *total)
{
	unsigned long long a, b, c;
	int end = 0;
	*total = UINT64_MAX;
	if (!value || strchr(value, '+') || strstr(value, " -"))
		return XF_BAD_REPLY;
	if (sscanf(value, "bytes %llu-%llu/%n", &a, &b, &end) != 2 || !end || a > b)
		return XF_BAD_REPLY;
	if (strcmp(value + end, "*")) {
		int after = 0;
		if (strspn(value + end, "0123456789") != strlen(value + end) ||
		    sscanf(value + end, "%llu%n", &c, &after) != 1 || b >= c)
			return XF_BAD_REPLY;
		*total = c;
	}
	*first = a;
	*last = b;
	return XF_OK;
}

bool xf_s3_etag_is_md5(const char *etag, const struct xf_headers *headers)
{
	const char *sse = xf_headers_get(headers, "x-amz-server-side-encryption");
	if (strlen(etag) != 34 || etag[0] != '"' || etag[33] != '"' ||
	    strspn(etag + 1, "0123456789abcdefABCDEF") != 32)
		return false;
	return (!sse || !strcmp(sse, "AES256")) &&
		!xf_headers_get(headers, "x-amz-server-side-encryption-customer-algorithm");
}
