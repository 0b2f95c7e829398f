/* op_object: PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects, CopyObject. See ops.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/integrity.h"
#include "core/endpoint/ops.h"
#include "core/endpoint/text.h"
#include "core/s3/encode.h"
#include "core/s3/xml.h"

static const char sse_c[] = "x-amz-server-side-encryption-customer-";

/* ---- PutObject */

void xf_ep_put_begin(struct xf_ep_call *c)
{
	if (!xf_ep_sse_c(c, sse_c, c->key_md5))
		return;
	c->object = xf_ep_object_new(c->request.key);
	if (!c->object) {
		xf_ep_fail(c, XF_EP_InternalError, NULL);
		return;
	}
	snprintf(c->object->key_md5, sizeof(c->object->key_md5), "%s", c->key_md5);
	xf_ep_keep_headers(c, &c->object->headers);
	if (!xf_ep_decided(c))
		xf_ep_write_conditions(c);
}

/* Makes `object` what the key holds and says so. */
static bool publish(struct xf_ep_call *c, struct xf_ep_object *object)
{
	enum xf_status status = xf_headers_ok(&object->headers);

	object->modified_ms = xf_ep_now_ms();
	if (!status)
		status = xf_ep_object_publish(c->site->store, c->request.bucket, object, c->guard);
	xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
	return status == XF_OK;
}

void xf_ep_put(struct xf_ep_call *c)
{
	struct xf_ep_object *o = c->object;
	struct xf_ep_piece piece = { .number = 1, .size = xf_ep_blob_size(c->blob) };

	xf_ep_make_etag(o->etag, &c->digests[XF_CHECKSUM_MD5], &o->headers, c->key_md5);
	if (c->algorithm) {
		o->sum.algorithm = c->algorithm;
		o->sum.type = XF_EP_SUM_FULL;
		xf_digest_text(&c->digests[c->algorithm], o->sum.text);
	}
	snprintf(piece.etag, sizeof(piece.etag), "%s", o->etag);
	piece.blob = xf_ep_blob_acquire(c->blob);
	if (!xf_ep_object_add_piece(o, &piece)) {
		xf_ep_fail(c, XF_EP_InternalError, NULL);
		return;
	}
	if (!publish(c, o))
		return;
	xf_ep_answer_etag(c, o->etag);
	xf_ep_answer_sum(c, &o->sum, true);
	xf_ep_answer_encryption(c, &o->headers);
	xf_ep_answer_sse_c(c, c->key_md5);
}

/* ---- GetObject, HeadObject */

static const struct {
	const char *param, *header;
} overrides[] = {
	{ "response-content-type", "content-type" },
	{ "response-content-language", "content-language" },
	{ "response-expires", "expires" },
	{ "response-cache-control", "cache-control" },
	{ "response-content-disposition", "content-disposition" },
	{ "response-content-encoding", "content-encoding" },
};

static unsigned count_tags(const char *tags)
{
	unsigned n = *tags != '\0';

	for (; *tags; tags++)
		n += *tags == '&';
	return n;
}

static void answer_kept(struct xf_ep_call *c, const struct xf_ep_object *o)
{
	struct xf_headers *h = &c->reply.headers;

	for (size_t i = 0; i < o->headers.nr; i++) {
		const struct xf_header *kept = &o->headers.items[i];
		if (!strcmp(kept->name, "x-amz-tagging"))
			xf_headers_addf(h, "x-amz-tagging-count", "%u", count_tags(kept->value));
		else if (strcmp(kept->name, "x-amz-storage-class") != 0 || strcmp(kept->value, "STANDARD"))
			xf_headers_add(h, kept->name, kept->value);
	}
	if (!xf_headers_get(h, "content-type"))
		xf_headers_add(h, "content-type", "binary/octet-stream");
	for (size_t i = 0; i < sizeof(overrides) / sizeof(*overrides); i++) {
		const char *value = xf_ep_param(&c->request, overrides[i].param);
		if (value && !c->access.anonymous)
			xf_headers_set(h, overrides[i].header, value);
	}
}

static void answer_identity(struct xf_ep_call *c, const struct xf_ep_object *o)
{
	char date[XF_EP_DATE_LEN];

	xf_ep_answer_etag(c, o->etag);
	xf_ep_date_http(date, o->modified_ms);
	xf_ep_answer(c, "Last-Modified", date);
}

/* partNumber: which bytes are part N; sets the range. False: the answer is decided. */
static bool part_range(struct xf_ep_call *c, const struct xf_ep_object *o, const char *text,
		       const struct xf_ep_piece **piece)
{
	uint64_t number, first = 0;

	if (!xf_ep_number(text, 10000, &number) || number == 0) {
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "Part number must be an integer between 1 and 10000, inclusive");
		return false;
	}
	if (xf_ep_header(&c->request, "range")) {
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "Cannot specify both Range header and partNumber query parameter");
		return false;
	}
	for (size_t i = 0; i < o->nr_pieces; i++) {
		/* an object that was put in one go is its own part 1 */
		if (o->pieces[i].number == number) {
			*piece = &o->pieces[i];
			c->reply.first = first;
			c->reply.size = (*piece)->size;
			return true;
		}
		first += o->pieces[i].size;
	}
	xf_ep_fail(c, XF_EP_InvalidPartNumber, NULL);
	return false;
}

static bool read_conditions(struct xf_ep_call *c, const struct xf_ep_object *o)
{
	const struct xf_ep_request *r = &c->request;
	struct xf_ep_conditions conditions = {
		xf_ep_header(r, "if-match"), xf_ep_header(r, "if-none-match"),
		xf_ep_header(r, "if-modified-since"), xf_ep_header(r, "if-unmodified-since"),
	};

	switch (xf_ep_conditions_check(&conditions, o->etag, xf_ep_seconds(o->modified_ms))) {
	case XF_EP_CONDITION_HOLDS:
		return true;
	case XF_EP_CONDITION_FAILED:
		xf_ep_fail(c, XF_EP_PreconditionFailed, NULL);
		return false;
	case XF_EP_CONDITION_NOT_MODIFIED:
		break;
	}
	c->reply.status = 304;
	answer_identity(c, o);
	return false;
}

/* The Range header; sets first and size. False: the answer is decided. */
static bool byte_range(struct xf_ep_call *c, const struct xf_ep_object *o, bool *partial)
{
	const char *range = xf_ep_header(&c->request, "range");
	char size[24];

	switch (xf_ep_range_parse(range, o->size, &c->reply.first, &c->reply.size)) {
	case XF_EP_RANGE_PART:
		*partial = true;
		return true;
	case XF_EP_RANGE_ALL:
		return true;
	case XF_EP_RANGE_OUTSIDE:
		break;
	}
	snprintf(size, sizeof(size), "%" PRIu64, o->size);
	xf_ep_reply_error(&c->reply, &c->request, XF_EP_InvalidRange, NULL,
			  (struct xf_ep_detail[]){ { "RangeRequested", range },
						   { "ActualObjectSize", size }, { 0 } });
	xf_headers_addf(&c->reply.headers, "Content-Range", "bytes */%s", size);
	return false;
}

static bool version_ok(struct xf_ep_call *c)
{
	const char *version = xf_ep_param(&c->request, "versionId");

	if (!version || !strcmp(version, "null"))
		return true;
	xf_ep_fail(c, XF_EP_NoSuchVersion, NULL);
	return false;
}

void xf_ep_get(struct xf_ep_call *c)
{
	const char *part = xf_ep_param(&c->request, "partNumber");
	const char *mode = xf_ep_header(&c->request, "x-amz-checksum-mode");
	struct xf_ep_object *o = xf_ep_object_find(c->site->store, c->request.bucket, c->request.key);
	const struct xf_ep_piece *piece = NULL;
	bool partial = false;

	c->object = o;
	if (!o) {
		xf_ep_fail(c, XF_EP_NoSuchKey, NULL);
		return;
	}
	if (!version_ok(c) || !xf_ep_sse_c(c, sse_c, c->key_md5) ||
	    !xf_ep_sse_c_allows(c, o->key_md5, c->key_md5) || !read_conditions(c, o))
		return;
	if (part ? !part_range(c, o, part, &piece) : !byte_range(c, o, &partial))
		return;
	answer_identity(c, o);
	answer_kept(c, o);
	xf_ep_answer(c, "Accept-Ranges", "bytes");
	xf_ep_answer_sse_c(c, o->key_md5);
	if (piece && o->multipart)
		xf_headers_addf(&c->reply.headers, "x-amz-mp-parts-count", "%zu", o->nr_pieces);
	if (mode && !strcasecmp(mode, "ENABLED") && !partial) {
		struct xf_ep_sum sum = piece && o->multipart ? piece->sum : o->sum;
		sum.type = o->sum.type;
		xf_ep_answer_sum(c, &sum, true);
	}
	partial |= piece != NULL && o->size > 0;
	if (partial)
		xf_headers_addf(&c->reply.headers, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
				c->reply.first, c->reply.first + c->reply.size - 1, o->size);
	c->reply.status = partial ? 206 : 200;
	c->reply.object = xf_ep_object_acquire(o);
}

/* ---- DeleteObject, DeleteObjects */

void xf_ep_delete(struct xf_ep_call *c)
{
	if (!version_ok(c))
		return;
	if (xf_ep_header(&c->request, "if-match")) {
		xf_ep_write_conditions(c);
		if (xf_ep_decided(c))
			return;
	}
	enum xf_status status =
		xf_ep_object_delete(c->site->store, c->request.bucket, c->request.key, c->guard);
	xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
	if (!status)
		c->reply.status = 204;
}

static void delete_one(struct xf_ep_call *c, struct xf_buf *out, const struct xf_xml_node *node,
		       bool quiet)
{
	const char *key = xf_xml_text(node, "Key"), *version = xf_xml_text(node, "VersionId");
	enum xf_status status = XF_OK;
	enum xf_ep_code code = XF_EP_InternalError;

	if (version && *version && strcmp(version, "null") != 0) {
		status = XF_NOT_FOUND;
		code = XF_EP_NoSuchVersion;
	} else {
		status = xf_ep_object_delete(c->site->store, c->request.bucket, key,
					     (struct xf_ep_guard){ 0 });
	}
	if (!status && quiet)
		return;
	xf_xml_open(out, status ? "Error" : "Deleted", NULL);
	xf_xml_element(out, "Key", key);
	if (status) {
		xf_xml_element(out, "Code", xf_ep_error_row(code)->code);
		xf_xml_element(out, "Message", xf_ep_error_row(code)->sentence);
	}
	xf_xml_close(out, status ? "Error" : "Deleted");
}

void xf_ep_delete_many(struct xf_ep_call *c)
{
	struct xf_xml *doc = NULL;
	const struct xf_xml_node *root, *each;
	size_t count = 0;

	if (!c->declared_md5.len && !c->algorithm) {
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
		return;
	}
	bool ok = xf_xml_parse(&doc, xf_buf_text(&c->document), c->document.len, NULL) == XF_OK;
	root = ok ? xf_xml_root(doc) : NULL;
	ok = root && !strcmp(root->name, "Delete");
	for (each = ok ? xf_xml_child(root, "Object") : NULL; each; each = xf_xml_again(each), count++) {
		const char *key = xf_xml_text(each, "Key");
		ok &= key && *key && strlen(key) <= XF_EP_KEY_MAX;
	}
	if (!ok || count == 0 || count > 1000) {
		xf_ep_fail(c, XF_EP_MalformedXML, NULL);
	} else {
		const char *quiet = xf_xml_text(root, "Quiet");
		struct xf_buf *out = xf_ep_reply_document(&c->reply, "DeleteResult");
		for (each = xf_xml_child(root, "Object"); each; each = xf_xml_again(each))
			delete_one(c, out, each, quiet && !strcasecmp(quiet, "true"));
		xf_ep_document_end(c, "DeleteResult");
	}
	xf_xml_free(doc);
}

/* ---- CopyObject */

static bool is_itself(const struct xf_ep_call *c, const struct xf_ep_object *source)
{
	struct xf_ep_object *now =
		xf_ep_object_find(c->site->store, c->request.bucket, c->request.key);
	bool same = now && now->serial == source->serial;

	xf_ep_object_release(now);
	return same;
}

/* The headers of the copy: the source's, or with REPLACE the request's. */
static void copy_headers(struct xf_ep_call *c, struct xf_ep_object *to,
			 const struct xf_ep_object *from, bool replace)
{
	struct xf_headers given = XF_HEADERS_INIT;
	const char *tagging = xf_ep_header(&c->request, "x-amz-tagging-directive");
	bool replace_tags = tagging && !strcasecmp(tagging, "REPLACE");

	xf_ep_keep_headers(c, &given);
	for (size_t i = 0; i < given.nr; i++) {
		const char *name = given.items[i].name;
		bool tags = !strcmp(name, "x-amz-tagging");
		bool own = !strcmp(name, "x-amz-storage-class") ||
			   !strncmp(name, "x-amz-server-side", 17) || !strncmp(name, "x-amz-object-lock", 17);
		if (own || (tags ? replace_tags : replace))
			xf_headers_add(&to->headers, name, given.items[i].value);
	}
	for (size_t i = 0; i < from->headers.nr; i++) {
		const char *name = from->headers.items[i].name;
		bool tags = !strcmp(name, "x-amz-tagging");
		bool inherits = strcmp(name, "x-amz-storage-class") != 0 &&
				strncmp(name, "x-amz-server-side", 17) != 0 &&
				strncmp(name, "x-amz-object-lock", 17) != 0;
		if (inherits && !(tags ? replace_tags : replace))
			xf_headers_add(&to->headers, name, from->headers.items[i].value);
	}
	xf_headers_fini(&given);
}

static enum xf_checksum copy_algorithm(struct xf_ep_call *c, const struct xf_ep_object *source)
{
	const char *name = xf_ep_header(&c->request, "x-amz-checksum-algorithm");

	if (!name)
		return source->sum.algorithm;
	if (!xf_checksum_by_name(name))
		xf_ep_fail(c, XF_EP_InvalidRequest, "Checksum algorithm provided is unsupported.");
	return xf_checksum_by_name(name);
}

static void answer_copy(struct xf_ep_call *c, const struct xf_ep_object *o)
{
	char date[XF_EP_DATE_LEN], etag[XF_EP_ETAG_SIZE + 2];
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "CopyObjectResult");

	xf_ep_date_iso(date, o->modified_ms);
	snprintf(etag, sizeof(etag), "\"%s\"", o->etag);
	xf_xml_element(out, "ETag", etag);
	xf_xml_element(out, "LastModified", date);
	xf_ep_element_sum(out, &o->sum, true);
	xf_ep_document_end(c, "CopyObjectResult");
	xf_ep_answer_encryption(c, &o->headers);
	xf_ep_answer_sse_c(c, o->key_md5);
}

void xf_ep_copy(struct xf_ep_call *c)
{
	const char *directive = xf_ep_header(&c->request, "x-amz-metadata-directive");
	bool replace = directive && !strcmp(directive, "REPLACE");
	struct xf_ep_object *from = NULL, *to = NULL;
	struct xf_ep_piece piece = { .number = 1 };
	enum xf_checksum algorithm;
	struct xf_digest md5;

	if (directive && !replace && strcmp(directive, "COPY") != 0)
		xf_ep_fail(c, XF_EP_InvalidArgument, "Unknown metadata directive.");
	else if (xf_ep_sse_c(c, sse_c, c->key_md5))
		from = xf_ep_copy_source(c);
	if (!from)
		return;
	algorithm = copy_algorithm(c, from);
	if (!replace && !*c->key_md5 && is_itself(c, from) &&
	    !xf_ep_header(&c->request, "x-amz-storage-class") &&
	    !xf_ep_header(&c->request, "x-amz-server-side-encryption"))
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "This copy request is illegal because it is trying to copy an object to itself "
			   "without changing the object's metadata, storage class, website redirect "
			   "location or encryption attributes.");
	else if (from->size > XF_EP_OBJECT_MAX)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The specified copy source is larger than the maximum allowable size for a "
			   "copy source: 5368709120");
	if (!xf_ep_decided(c))
		xf_ep_write_conditions(c);
	if (!xf_ep_decided(c))
		to = xf_ep_object_new(c->request.key);
	if (to)
		copy_headers(c, to, from, replace);
	if (to && !xf_ep_decided(c) &&
	    xf_ep_copy_bytes(c, from, 0, from->size, algorithm, &piece, &md5)) {
		snprintf(to->key_md5, sizeof(to->key_md5), "%s", c->key_md5);
		xf_ep_make_etag(to->etag, &md5, &to->headers, to->key_md5);
		to->sum = piece.sum;
		to->sum.type = XF_EP_SUM_FULL;
		snprintf(piece.etag, sizeof(piece.etag), "%s", to->etag);
		if (xf_ep_object_add_piece(to, &piece) && publish(c, to))
			answer_copy(c, to);
	}
	if (!xf_ep_decided(c))
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	xf_ep_object_release(to);
	xf_ep_object_release(from);
}

/* ---- GetObjectAttributes, GetObjectTagging */

static void attribute_parts(struct xf_buf *out, const struct xf_ep_object *o)
{
	xf_xml_open(out, "ObjectParts", NULL);
	xf_xml_element_u64(out, "PartsCount", o->nr_pieces);
	for (size_t i = 0; o->sum.algorithm && i < o->nr_pieces; i++) {
		xf_xml_open(out, "Part", NULL);
		xf_xml_element_u64(out, "PartNumber", o->pieces[i].number);
		xf_xml_element_u64(out, "Size", o->pieces[i].size);
		xf_ep_element_sum(out, &o->pieces[i].sum, false);
		xf_xml_close(out, "Part");
	}
	xf_xml_close(out, "ObjectParts");
}

void xf_ep_attributes(struct xf_ep_call *c)
{
	const char *want = xf_ep_header(&c->request, "x-amz-object-attributes");
	struct xf_ep_object *o = xf_ep_object_find(c->site->store, c->request.bucket, c->request.key);
	char date[XF_EP_DATE_LEN];

	c->object = o;
	if (!o)
		xf_ep_fail(c, XF_EP_NoSuchKey, NULL);
	else if (!want)
		xf_ep_fail(c, XF_EP_InvalidArgument, "x-amz-object-attributes is required");
	if (xf_ep_decided(c) || !xf_ep_sse_c(c, sse_c, c->key_md5) ||
	    !xf_ep_sse_c_allows(c, o->key_md5, c->key_md5))
		return;
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "GetObjectAttributesResponse");
	if (strstr(want, "ETag"))
		xf_xml_element(out, "ETag", o->etag);
	if (strstr(want, "Checksum") && o->sum.algorithm) {
		xf_xml_open(out, "Checksum", NULL);
		xf_ep_element_sum(out, &o->sum, true);
		xf_xml_close(out, "Checksum");
	}
	if (strstr(want, "ObjectParts") && o->multipart)
		attribute_parts(out, o);
	if (strstr(want, "StorageClass")) {
		const char *class = xf_headers_get(&o->headers, "x-amz-storage-class");
		xf_xml_element(out, "StorageClass", class ? class : "STANDARD");
	}
	if (strstr(want, "ObjectSize"))
		xf_xml_element_u64(out, "ObjectSize", o->size);
	xf_ep_document_end(c, "GetObjectAttributesResponse");
	xf_ep_date_http(date, o->modified_ms);
	xf_ep_answer(c, "Last-Modified", date);
}

static void write_tag(struct xf_buf *out, const char *tag, size_t len)
{
	size_t name = strcspn(tag, "=&");
	struct xf_buf key = XF_BUF_INIT, value = XF_BUF_INIT;

	xf_percent_decode(&key, tag, name < len ? name : len, true);
	if (name < len)
		xf_percent_decode(&value, tag + name + 1, len - name - 1, true);
	xf_xml_open(out, "Tag", NULL);
	xf_xml_element(out, "Key", xf_buf_text(&key));
	xf_xml_element(out, "Value", xf_buf_text(&value));
	xf_xml_close(out, "Tag");
	xf_buf_fini(&key);
	xf_buf_fini(&value);
}

void xf_ep_get_tagging(struct xf_ep_call *c)
{
	struct xf_ep_object *o = xf_ep_object_find(c->site->store, c->request.bucket, c->request.key);
	const char *tags;

	c->object = o;
	if (!o) {
		xf_ep_fail(c, XF_EP_NoSuchKey, NULL);
		return;
	}
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "Tagging");
	xf_xml_open(out, "TagSet", NULL);
	for (tags = xf_headers_get(&o->headers, "x-amz-tagging"); tags && *tags;) {
		size_t len = strcspn(tags, "&");
		if (len)
			write_tag(out, tags, len);
		tags += len + (tags[len] == '&');
	}
	xf_xml_close(out, "TagSet");
	xf_ep_document_end(c, "Tagging");
}
