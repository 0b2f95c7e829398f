/* op_list: ListObjects, ListObjectsV2, ListObjectVersions, ListMultipartUploads, ListParts. See ops.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint/integrity.h"
#include "core/endpoint/ops.h"
#include "core/endpoint/text.h"
#include "core/s3/encode.h"
#include "core/s3/xml.h"

enum { PAGE = 1000 };

/* What the listing operations have in common. */
struct listing {
	const char *prefix, *delimiter;
	uint64_t max;
	bool encode;          /* encoding-type=url */
};

static const char *param(const struct xf_ep_call *c, const char *name)
{
	const char *value = xf_ep_param(&c->request, name);

	return value ? value : "";
}

/* max_name: "max-keys", "max-uploads", "max-parts". False: the answer is decided. */
static bool read_max(struct xf_ep_call *c, const char *max_name, uint64_t *max)
{
	const char *text = xf_ep_param(&c->request, max_name);

	*max = PAGE;
	if (text && !xf_ep_number(text, INT32_MAX, max)) {
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_InvalidArgument,
				  "Provided max-keys not an integer or within integer range",
				  (struct xf_ep_detail[]){ { "ArgumentName", max_name },
							   { "ArgumentValue", text }, { 0 } });
		return false;
	}
	if (*max > PAGE)
		*max = PAGE;
	return true;
}

static bool read_listing(struct xf_ep_call *c, const char *max_name, struct listing *l)
{
	const char *encoding = xf_ep_param(&c->request, "encoding-type");

	*l = (struct listing){ param(c, "prefix"), param(c, "delimiter"), PAGE, encoding != NULL };
	if (encoding && strcmp(encoding, "url") != 0) {
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_InvalidArgument,
				  "Invalid Encoding Method specified in Request",
				  (struct xf_ep_detail[]){ { "ArgumentName", "encoding-type" },
							   { "ArgumentValue", encoding }, { 0 } });
		return false;
	}
	return read_max(c, max_name, &l->max);
}

/* A key, prefix or delimiter; encoded if the client asked for it. */
static void element(struct xf_buf *out, const struct listing *l, const char *name, const char *text,
		    size_t len)
{
	struct xf_buf coded = XF_BUF_INIT;

	if (l->encode)
		xf_percent_encode(&coded, text, len, XF_PERCENT_KEEP_SLASH);
	else
		xf_buf_add(&coded, text, len);
	xf_xml_element(out, name, xf_buf_text(&coded));
	xf_buf_fini(&coded);
}

static void element_if(struct xf_buf *out, const struct listing *l, const char *name,
		       const char *text)
{
	if (text && *text)
		element(out, l, name, text, strlen(text));
}

static void owner(struct xf_buf *out, const char *name)
{
	xf_xml_open(out, name, NULL);
	xf_xml_element(out, "ID", XF_EP_OWNER_ID);
	xf_xml_element(out, "DisplayName", "xferdb");
	xf_xml_close(out, name);
}

static const char *storage_class(const struct xf_headers *headers)
{
	const char *class = xf_headers_get(headers, "x-amz-storage-class");

	return class ? class : "STANDARD";
}

static void object(struct xf_buf *out, const struct listing *l, const struct xf_ep_object *o,
		   const char *element_name, bool with_owner)
{
	char date[XF_EP_DATE_LEN], etag[XF_EP_ETAG_SIZE + 2];

	xf_ep_date_iso(date, o->modified_ms);
	snprintf(etag, sizeof(etag), "\"%s\"", o->etag);
	xf_xml_open(out, element_name, NULL);
	element(out, l, "Key", o->key, strlen(o->key));
	if (!strcmp(element_name, "Version")) {
		xf_xml_element(out, "VersionId", "null");
		xf_xml_element(out, "IsLatest", "true");
	}
	xf_xml_element(out, "LastModified", date);
	xf_xml_element(out, "ETag", etag);
	if (o->sum.algorithm) {
		xf_xml_element(out, "ChecksumAlgorithm", xf_checksum_info(o->sum.algorithm)->name);
		xf_xml_element(out, "ChecksumType",
			       o->sum.type == XF_EP_SUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT");
	}
	xf_xml_element_u64(out, "Size", o->size);
	if (with_owner)
		owner(out, "Owner");
	xf_xml_element(out, "StorageClass", storage_class(&o->headers));
	xf_xml_close(out, element_name);
}

static void contents(struct xf_buf *out, const struct listing *l, const struct xf_ep_object_page *p,
		     const char *element_name, bool with_owner)
{
	for (size_t i = 0; i < p->page.count; i++)
		if (!p->page.entries[i].prefix_len)
			object(out, l, p->objects[i], element_name, with_owner);
	for (size_t i = 0; i < p->page.count; i++) {
		if (!p->page.entries[i].prefix_len)
			continue;
		xf_xml_open(out, "CommonPrefixes", NULL);
		element(out, l, "Prefix", p->objects[i]->key, p->page.entries[i].prefix_len);
		xf_xml_close(out, "CommonPrefixes");
	}
}

/* The last entry of a page: a key or a common prefix; what the next page starts behind. */
static char *last_entry(const struct xf_ep_object_page *p)
{
	size_t i = p->page.count - 1;
	const char *key = p->objects[i]->key;

	return p->page.entries[i].prefix_len ? strndup(key, p->page.entries[i].prefix_len)
					     : strdup(key);
}

static bool list_page(struct xf_ep_call *c, const struct listing *l, const char *after,
		      struct xf_ep_object_page *page)
{
	struct xf_ep_list_query query = { l->prefix, l->delimiter, after, (size_t)l->max };
	enum xf_status status = xf_ep_object_list(c->site->store, c->request.bucket, &query, page);

	xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
	if (status)
		xf_ep_object_page_fini(page);
	return status == XF_OK;
}

static void list_head(struct xf_buf *out, const struct xf_ep_call *c, const struct listing *l)
{
	xf_xml_element(out, "Name", c->request.bucket);
	element(out, l, "Prefix", l->prefix, strlen(l->prefix));
	element_if(out, l, "Delimiter", l->delimiter);
	xf_xml_element_u64(out, "MaxKeys", l->max);
	if (l->encode)
		xf_xml_element(out, "EncodingType", "url");
}

void xf_ep_list_objects(struct xf_ep_call *c)
{
	const char *marker = param(c, "marker");
	struct xf_ep_object_page page;
	struct listing l;

	if (!read_listing(c, "max-keys", &l) || !list_page(c, &l, marker, &page))
		return;
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "ListBucketResult");
	list_head(out, c, &l);
	element(out, &l, "Marker", marker, strlen(marker));
	xf_xml_element(out, "IsTruncated", page.page.truncated ? "true" : "false");
	if (page.page.truncated && *l.delimiter) {
		char *next = last_entry(&page);
		element_if(out, &l, "NextMarker", next);
		free(next);
	}
	contents(out, &l, &page, "Contents", true);
	xf_ep_document_end(c, "ListBucketResult");
	xf_ep_object_page_fini(&page);
}

/* Tokens are opaque to clients: hex of the entry before the page, with a mark. */
static char *token_make(const char *entry)
{
	size_t len = strlen(entry);
	char *token = malloc(2 + XF_HEX_SIZE(len));

	if (token) {
		strcpy(token, "1-");
		xf_hex_encode(token + 2, entry, len);
	}
	return token;
}

static char *token_read(const char *token)
{
	size_t len = strlen(token);
	char *entry;

	if (len < 4 || strncmp(token, "1-", 2) || len % 2)
		return NULL;
	len = (len - 2) / 2;
	entry = malloc(len + 1);
	if (entry && (!xf_hex_decode(entry, len, token + 2) || memchr(entry, '\0', len))) {
		free(entry);
		return NULL;
	}
	if (entry)
		entry[len] = '\0';
	return entry;
}

static void answer_v2(struct xf_ep_call *c, const struct listing *l, const char *token,
		      const char *start, const struct xf_ep_object_page *page)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "ListBucketResult");
	const char *fetch = param(c, "fetch-owner");

	list_head(out, c, l);
	xf_xml_element_u64(out, "KeyCount", page->page.count);
	if (token)
		xf_xml_element(out, "ContinuationToken", token);
	element_if(out, l, "StartAfter", start);
	xf_xml_element(out, "IsTruncated", page->page.truncated ? "true" : "false");
	if (page->page.truncated) {
		char *last = last_entry(page), *next = last ? token_make(last) : NULL;
		if (next)
			xf_xml_element(out, "NextContinuationToken", next);
		free(next);
		free(last);
	}
	contents(out, l, page, "Contents", !strcmp(fetch, "true"));
	xf_ep_document_end(c, "ListBucketResult");
}

void xf_ep_list_objects_v2(struct xf_ep_call *c)
{
	const char *token = xf_ep_param(&c->request, "continuation-token");
	const char *start = param(c, "start-after");
	struct xf_ep_object_page page;
	struct listing l;
	char *after = NULL;

	if (!read_listing(c, "max-keys", &l))
		return;
	if (strcmp(param(c, "list-type"), "2") != 0) {
		xf_ep_fail(c, XF_EP_InvalidArgument, "Invalid List Type specified in Request");
		return;
	}
	if (token && !(after = token_read(token))) {
		xf_ep_fail(c, XF_EP_InvalidArgument, "The continuation token provided is incorrect");
		return;
	}
	if (list_page(c, &l, after ? after : start, &page)) {
		answer_v2(c, &l, token, start, &page);
		xf_ep_object_page_fini(&page);
	}
	free(after);
}

/* Without versioning every object has one version, "null". */
void xf_ep_list_versions(struct xf_ep_call *c)
{
	const char *marker = param(c, "key-marker");
	struct xf_ep_object_page page;
	struct listing l;

	if (!read_listing(c, "max-keys", &l) || !list_page(c, &l, marker, &page))
		return;
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "ListVersionsResult");
	list_head(out, c, &l);
	element(out, &l, "KeyMarker", marker, strlen(marker));
	xf_xml_element(out, "VersionIdMarker", param(c, "version-id-marker"));
	xf_xml_element(out, "IsTruncated", page.page.truncated ? "true" : "false");
	if (page.page.truncated) {
		char *next = last_entry(&page);
		element_if(out, &l, "NextKeyMarker", next);
		xf_xml_element(out, "NextVersionIdMarker", "null");
		free(next);
	}
	contents(out, &l, &page, "Version", true);
	xf_ep_document_end(c, "ListVersionsResult");
	xf_ep_object_page_fini(&page);
}

/* ---- uploads */

/* The open uploads of a bucket, copied under the lock; page and prefixes are decided afterwards. */
struct upload_row {
	char *key, id[XF_EP_UPLOAD_ID_SIZE], class[32];
	int64_t initiated_ms;
	struct xf_ep_sum sum;
};
struct upload_rows {
	struct upload_row *items;
	size_t count, room;
	const char *key_marker, *id_marker;
	bool past_id;      /* the upload named by the markers has been seen */
	bool failed;
};

static bool keep_upload(void *ctx, const struct xf_ep_upload *u)
{
	struct upload_rows *rows = ctx;
	int order = *rows->key_marker ? strcmp(u->key, rows->key_marker) : 1;

	if (order < 0 || (order == 0 && !*rows->id_marker))
		return true;
	if (order == 0 && !rows->past_id) {
		rows->past_id = !strcmp(u->id, rows->id_marker);
		return true;
	}
	if (rows->count == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 64;
		void *items = realloc(rows->items, room * sizeof(*rows->items));
		rows->failed |= !items;
		if (!items)
			return false;
		rows->items = items;
		rows->room = room;
	}
	struct upload_row *row = &rows->items[rows->count];
	*row = (struct upload_row){ .key = strdup(u->key), .initiated_ms = u->initiated_ms, .sum = u->sum };
	snprintf(row->id, sizeof(row->id), "%s", u->id);
	snprintf(row->class, sizeof(row->class), "%.31s", storage_class(&u->headers));
	rows->failed |= !row->key;
	rows->count += row->key != NULL;
	return row->key != NULL;
}

static const char *row_key(const void *ctx, size_t i)
{
	return ((const struct upload_rows *)ctx)->items[i].key;
}

static void upload(struct xf_buf *out, const struct listing *l, const struct upload_row *row)
{
	char date[XF_EP_DATE_LEN];

	xf_ep_date_iso(date, row->initiated_ms);
	xf_xml_open(out, "Upload", NULL);
	element(out, l, "Key", row->key, strlen(row->key));
	xf_xml_element(out, "UploadId", row->id);
	owner(out, "Initiator");
	owner(out, "Owner");
	xf_xml_element(out, "StorageClass", row->class);
	xf_xml_element(out, "Initiated", date);
	if (row->sum.algorithm) {
		xf_xml_element(out, "ChecksumAlgorithm", xf_checksum_info(row->sum.algorithm)->name);
		xf_xml_element(out, "ChecksumType",
			       row->sum.type == XF_EP_SUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT");
	}
	xf_xml_close(out, "Upload");
}

static void answer_uploads(struct xf_ep_call *c, const struct listing *l,
			   const struct upload_rows *rows, const struct xf_ep_list_page *page)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "ListMultipartUploadsResult");

	xf_xml_element(out, "Bucket", c->request.bucket);
	element(out, l, "KeyMarker", rows->key_marker, strlen(rows->key_marker));
	xf_xml_element(out, "UploadIdMarker", rows->id_marker);
	if (page->truncated) {
		const struct xf_ep_list_entry *last = &page->entries[page->count - 1];
		const struct upload_row *row = &rows->items[last->index];
		element(out, l, "NextKeyMarker", row->key,
			last->prefix_len ? last->prefix_len : strlen(row->key));
		xf_xml_element(out, "NextUploadIdMarker", last->prefix_len ? "" : row->id);
	}
	element(out, l, "Prefix", l->prefix, strlen(l->prefix));
	element_if(out, l, "Delimiter", l->delimiter);
	if (l->encode)
		xf_xml_element(out, "EncodingType", "url");
	xf_xml_element_u64(out, "MaxUploads", l->max);
	xf_xml_element(out, "IsTruncated", page->truncated ? "true" : "false");
	for (size_t i = 0; i < page->count; i++)
		if (!page->entries[i].prefix_len)
			upload(out, l, &rows->items[page->entries[i].index]);
	for (size_t i = 0; i < page->count; i++) {
		const struct xf_ep_list_entry *e = &page->entries[i];
		if (!e->prefix_len)
			continue;
		xf_xml_open(out, "CommonPrefixes", NULL);
		element(out, l, "Prefix", rows->items[e->index].key, e->prefix_len);
		xf_xml_close(out, "CommonPrefixes");
	}
	xf_ep_document_end(c, "ListMultipartUploadsResult");
}

void xf_ep_list_uploads(struct xf_ep_call *c)
{
	struct upload_rows rows = { .key_marker = param(c, "key-marker"),
				    .id_marker = param(c, "upload-id-marker") };
	struct xf_ep_list_page page = { 0 };
	struct listing l;

	if (!read_listing(c, "max-uploads", &l))
		return;
	if (!*rows.key_marker) /* documented: without key-marker it is ignored */
		rows.id_marker = "";
	enum xf_status status =
		xf_ep_upload_visit(c->site->store, c->request.bucket, keep_upload, &rows);
	page.entries = calloc((size_t)l.max + 1, sizeof(*page.entries));
	if (!status && (!page.entries || rows.failed))
		status = XF_NOMEM;
	xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
	if (!status) {
		/* a marker that is a common prefix stands for all uploads under it */
		size_t len = strlen(rows.key_marker);
		bool rolled = *l.delimiter && len && strlen(l.delimiter) <= len &&
			      !strcmp(rows.key_marker + len - strlen(l.delimiter), l.delimiter);
		struct xf_ep_list_query query = { l.prefix, l.delimiter, rolled ? rows.key_marker : "",
						  (size_t)l.max };
		xf_ep_list(&query, &rows, rows.count, row_key, &page);
		answer_uploads(c, &l, &rows, &page);
	}
	for (size_t i = 0; i < rows.count; i++)
		free(rows.items[i].key);
	free(rows.items);
	free(page.entries);
}

/* ---- parts */

static void answer_parts(struct xf_ep_call *c, uint64_t marker, uint64_t max,
			 const struct xf_ep_piece *pieces, size_t count, bool more)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "ListPartsResult");
	const struct xf_ep_upload *u = c->upload;

	xf_xml_element(out, "Bucket", u->bucket);
	xf_xml_element(out, "Key", u->key);
	xf_xml_element(out, "UploadId", u->id);
	owner(out, "Initiator");
	owner(out, "Owner");
	xf_xml_element(out, "StorageClass", storage_class(&u->headers));
	xf_xml_element_u64(out, "PartNumberMarker", marker);
	xf_xml_element_u64(out, "NextPartNumberMarker", count ? pieces[count - 1].number : 0);
	xf_xml_element_u64(out, "MaxParts", max);
	xf_xml_element(out, "IsTruncated", more ? "true" : "false");
	if (u->sum.algorithm) {
		xf_xml_element(out, "ChecksumAlgorithm", xf_checksum_info(u->sum.algorithm)->name);
		xf_xml_element(out, "ChecksumType",
			       u->sum.type == XF_EP_SUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT");
	}
	for (size_t i = 0; i < count; i++) {
		char date[XF_EP_DATE_LEN], etag[XF_EP_ETAG_SIZE + 2];
		xf_ep_date_iso(date, pieces[i].modified_ms);
		snprintf(etag, sizeof(etag), "\"%s\"", pieces[i].etag);
		xf_xml_open(out, "Part", NULL);
		xf_xml_element_u64(out, "PartNumber", pieces[i].number);
		xf_xml_element(out, "LastModified", date);
		xf_xml_element(out, "ETag", etag);
		xf_xml_element_u64(out, "Size", pieces[i].size);
		xf_ep_element_sum(out, &pieces[i].sum, false);
		xf_xml_close(out, "Part");
	}
	xf_ep_document_end(c, "ListPartsResult");
}

void xf_ep_list_parts(struct xf_ep_call *c)
{
	const char *id = xf_ep_param(&c->request, "uploadId");
	const char *after = xf_ep_param(&c->request, "part-number-marker");
	struct xf_ep_piece *pieces = NULL;
	uint64_t max, marker = 0;
	size_t count = 0;
	bool more = false;

	if (!read_max(c, "max-parts", &max))
		return;
	if (after && *after && !xf_ep_number(after, 1u << 30, &marker)) {
		xf_ep_fail(c, XF_EP_InvalidArgument, "Argument part-number-marker must be an integer");
		return;
	}
	c->upload = xf_ep_upload_find(c->site->store, c->request.bucket, c->request.key, id);
	enum xf_status status = c->upload ? xf_ep_upload_parts(c->site->store, c->upload, (uint32_t)marker,
							       (size_t)max, &pieces, &count, &more)
					  : XF_NOT_FOUND;
	xf_ep_fail_status(c, status, XF_EP_NoSuchUpload);
	if (!status)
		answer_parts(c, marker, max, pieces, count, more && max > 0);
	xf_ep_pieces_free(pieces, count);
}
