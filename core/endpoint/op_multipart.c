/* op_multipart: CreateMultipartUpload, UploadPart, UploadPartCopy, Complete, Abort. See ops.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/integrity.h"
#include "core/endpoint/ops.h"
#include "core/endpoint/text.h"
#include "core/s3/encode.h"
#include "core/s3/xml.h"

static const char sse_c[] = "x-amz-server-side-encryption-customer-";

/* ---- Create */

/* x-amz-checksum-algorithm and -type. */
static void read_algorithm(struct xf_ep_call *c, struct xf_ep_sum *sum)
{
	const char *name = xf_ep_header(&c->request, "x-amz-checksum-algorithm");
	const char *type = xf_ep_header(&c->request, "x-amz-checksum-type");
	const struct xf_checksum_info *info = xf_checksum_info(xf_checksum_by_name(name));

	if (!name && type)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The x-amz-checksum-type header can only be used with the "
			   "x-amz-checksum-algorithm header.");
	else if (name && !info)
		xf_ep_fail(c, XF_EP_InvalidRequest, "Checksum algorithm provided is unsupported.");
	if (!info || xf_ep_decided(c))
		return;
	sum->algorithm = info->algorithm;
	if (!type)
		sum->type = info->composite ? XF_EP_SUM_COMPOSITE : XF_EP_SUM_FULL;
	else if (!strcasecmp(type, "COMPOSITE") && info->composite)
		sum->type = XF_EP_SUM_COMPOSITE;
	else if (!strcasecmp(type, "FULL_OBJECT") && info->full_object)
		sum->type = XF_EP_SUM_FULL;
	else
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The checksum type cannot be used with the specified checksum algorithm.");
}

static void answer_create(struct xf_ep_call *c, const struct xf_ep_upload *u)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "InitiateMultipartUploadResult");

	xf_xml_element(out, "Bucket", u->bucket);
	xf_xml_element(out, "Key", u->key);
	xf_xml_element(out, "UploadId", u->id);
	xf_ep_document_end(c, "InitiateMultipartUploadResult");
	xf_ep_answer_encryption(c, &u->headers);
	xf_ep_answer_sse_c(c, u->key_md5);
	if (!u->sum.algorithm)
		return;
	xf_ep_answer(c, "x-amz-checksum-algorithm", xf_checksum_info(u->sum.algorithm)->name);
	xf_ep_answer(c, "x-amz-checksum-type",
		     u->sum.type == XF_EP_SUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT");
}

void xf_ep_create_upload(struct xf_ep_call *c)
{
	struct xf_ep_upload *u = xf_ep_upload_new(c->request.bucket, c->request.key);

	c->upload = u;
	if (!u) {
		xf_ep_fail(c, XF_EP_InternalError, NULL);
		return;
	}
	if (!xf_ep_sse_c(c, sse_c, u->key_md5))
		return;
	snprintf(c->key_md5, sizeof(c->key_md5), "%s", u->key_md5);
	xf_ep_keep_headers(c, &u->headers);
	if (!xf_ep_decided(c))
		read_algorithm(c, &u->sum);
	if (xf_ep_decided(c))
		return;
	enum xf_status status = xf_headers_ok(&u->headers);
	if (!status)
		status = xf_ep_upload_publish(c->site->store, u);
	xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
	if (!status)
		answer_create(c, u);
}

/* ---- parts */

/* The upload that uploadId names, into c->upload; its state may still change. */
static bool find_upload(struct xf_ep_call *c, bool open)
{
	const char *id = xf_ep_param(&c->request, "uploadId");
	struct xf_ep_object *result = NULL;

	c->upload = xf_ep_upload_find(c->site->store, c->request.bucket, c->request.key, id);
	if (c->upload && open &&
	    xf_ep_upload_look(c->site->store, c->upload, &result) != XF_EP_UPLOAD_OPEN) {
		xf_ep_upload_release(c->upload);
		c->upload = NULL;
	}
	xf_ep_object_release(result);
	if (!c->upload)
		xf_ep_fail(c, XF_EP_NoSuchUpload, NULL);
	return c->upload != NULL;
}

static bool read_part_number(struct xf_ep_call *c)
{
	const char *text = xf_ep_param(&c->request, "partNumber");
	uint64_t number;

	if (!xf_ep_number(text, 10000, &number) || number < 1) {
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_InvalidArgument,
				  "Part number must be an integer between 1 and 10000, inclusive",
				  (struct xf_ep_detail[]){ { "ArgumentName", "partNumber" },
							   { "ArgumentValue", text }, { 0 } });
		return false;
	}
	c->part_number = (uint32_t)number;
	return true;
}

static bool part_key_ok(struct xf_ep_call *c)
{
	if (!xf_ep_sse_c(c, sse_c, c->key_md5))
		return false;
	if (strcmp(c->key_md5, c->upload->key_md5) != 0)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   *c->key_md5 ? "The provided encryption parameters did not match the ones used "
					 "originally."
				       : "The multipart upload initiate requested encryption. Subsequent part "
					 "requests must include the appropriate encryption parameters.");
	return !xf_ep_decided(c);
}

/* An upload that was created for one algorithm takes parts with that, and no other. */
static void check_part_algorithm(struct xf_ep_call *c)
{
	const char *value, *trailer = xf_ep_header(&c->request, "x-amz-trailer");
	enum xf_checksum want = c->upload->sum.algorithm, have = xf_ep_sum_header(c, &value);
	char message[128];

	if (!have && trailer)
		have = xf_checksum_by_header(trailer);
	if (xf_ep_decided(c) || !want || have == want ||
	    (!have && c->upload->sum.type == XF_EP_SUM_FULL))
		return;
	snprintf(message, sizeof(message),
		 "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
		 xf_checksum_info(want)->name, have ? xf_checksum_info(have)->name : "null");
	xf_ep_fail(c, XF_EP_InvalidRequest, message);
}

void xf_ep_part_begin(struct xf_ep_call *c)
{
	if (read_part_number(c) && find_upload(c, true) && part_key_ok(c))
		check_part_algorithm(c);
}

/* Gives the part to the upload; the piece's blob is taken over or let go. */
static bool store_part(struct xf_ep_call *c, struct xf_ep_piece *piece, const struct xf_digest *md5)
{
	piece->number = c->part_number;
	piece->modified_ms = xf_ep_now_ms();
	xf_ep_make_etag(piece->etag, md5, &c->upload->headers, c->upload->key_md5);
	enum xf_status status = xf_ep_upload_put_part(c->site->store, c->upload, piece);
	if (status)
		xf_ep_blob_release(piece->blob);
	xf_ep_fail_status(c, status, XF_EP_NoSuchUpload);
	return status == XF_OK;
}

void xf_ep_part(struct xf_ep_call *c)
{
	struct xf_ep_piece piece = { .size = c->body.decoded };
	enum xf_checksum algorithm = c->algorithm ? c->algorithm : c->upload->sum.algorithm;

	if (algorithm && c->digests[algorithm].len) {
		piece.sum.algorithm = algorithm;
		xf_digest_text(&c->digests[algorithm], piece.sum.text);
	}
	piece.blob = xf_ep_blob_acquire(c->blob);
	if (!store_part(c, &piece, &c->digests[XF_CHECKSUM_MD5]))
		return;
	xf_ep_answer_etag(c, piece.etag);
	xf_ep_answer_sum(c, &piece.sum, false);
	xf_ep_answer_encryption(c, &c->upload->headers);
	xf_ep_answer_sse_c(c, c->key_md5);
}

static void answer_part_copy(struct xf_ep_call *c, const struct xf_ep_piece *piece)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "CopyPartResult");
	char date[XF_EP_DATE_LEN], etag[XF_EP_ETAG_SIZE + 2];

	xf_ep_date_iso(date, piece->modified_ms);
	snprintf(etag, sizeof(etag), "\"%s\"", piece->etag);
	xf_xml_element(out, "ETag", etag);
	xf_xml_element(out, "LastModified", date);
	xf_ep_element_sum(out, &piece->sum, false);
	xf_ep_document_end(c, "CopyPartResult");
	xf_ep_answer_sse_c(c, c->key_md5);
}

void xf_ep_part_copy(struct xf_ep_call *c)
{
	const char *range = xf_ep_header(&c->request, "x-amz-copy-source-range");
	struct xf_ep_piece piece = { 0 };
	struct xf_digest md5;
	uint64_t first = 0, size;

	if (!read_part_number(c) || !find_upload(c, true) || !part_key_ok(c))
		return;
	struct xf_ep_object *from = xf_ep_copy_source(c);
	if (!from)
		return;
	size = from->size;
	if (range && !xf_ep_range_copy(range, from->size, &first, &size))
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "The x-amz-copy-source-range value must be of the form bytes=first-last where "
			   "first and last are the zero-based offsets of the first and last bytes to copy, "
			   "inside the source object");
	else if (size > XF_EP_OBJECT_MAX)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The specified copy range exceeds the maximum allowable size: 5368709120");
	else if (xf_ep_copy_bytes(c, from, first, size, c->upload->sum.algorithm, &piece, &md5) &&
		 store_part(c, &piece, &md5))
		answer_part_copy(c, &piece);
	xf_ep_object_release(from);
}

/* ---- Complete */

/* One <Part> of the request. */
struct asked {
	uint64_t number;
	char etag[XF_EP_ETAG_SIZE];
	enum xf_checksum algorithm;
	const char *sum;
};

static bool read_asked(const struct xf_xml_node *node, struct asked *a)
{
	const char *etag = xf_xml_text(node, "ETag");

	*a = (struct asked){ 0 };
	if (!etag || !xf_xml_number(node, "PartNumber", &a->number))
		return false;
	xf_ep_bare_etag(a->etag, etag);
	for (const struct xf_xml_node *n = node->first; n; n = n->next) {
		if (strncmp(n->name, "Checksum", 8) != 0)
			continue;
		a->algorithm = xf_checksum_by_element(n->name);
		a->sum = n->text;
	}
	return true;
}

/* The document's parts; NULL: the answer is decided. The array is the caller's, its texts the document's. */
static struct asked *read_document(struct xf_ep_call *c, struct xf_xml **doc, size_t *count)
{
	struct asked *list = NULL;
	const struct xf_xml_node *root, *each;
	bool ok = xf_xml_parse(doc, xf_buf_text(&c->document), c->document.len, NULL) == XF_OK;

	*count = 0;
	root = ok ? xf_xml_root(*doc) : NULL;
	ok = root && !strcmp(root->name, "CompleteMultipartUpload");
	if (ok)
		list = calloc(10001, sizeof(*list));
	for (each = list ? xf_xml_child(root, "Part") : NULL; each && ok; each = xf_xml_again(each))
		ok = *count < 10000 && read_asked(each, &list[(*count)++]);
	if (ok && list && *count)
		return list;
	free(list);
	xf_ep_fail(c, XF_EP_MalformedXML, NULL);
	return NULL;
}

/* "md5-of-md5s-N" over the ETags that were asked for. */
static bool whole_etag(char out[XF_EP_ETAG_SIZE], const struct asked *asked, size_t count)
{
	struct xf_hasher md5;
	struct xf_digest digest;
	char hex[2 * XF_DIGEST_MAX + 1];
	bool ok = true;

	if (xf_hasher_init(&md5, XF_CHECKSUM_BIT(XF_CHECKSUM_MD5)) != XF_OK)
		return false;
	for (size_t i = 0; i < count && ok; i++) {
		uint8_t bytes[16];
		ok = xf_hex_decode(bytes, sizeof(bytes), asked[i].etag);
		xf_hasher_update(&md5, bytes, sizeof(bytes));
	}
	xf_hasher_final(&md5, XF_CHECKSUM_MD5, &digest);
	xf_hasher_fini(&md5);
	snprintf(out, XF_EP_ETAG_SIZE, "%.32s-%u", xf_digest_hex(&digest, hex), (unsigned)count & 0x3fff);
	return ok;
}

static bool in_order(struct xf_ep_call *c, const struct asked *asked, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (asked[i].number < 1 || asked[i].number > 10000)
			xf_ep_fail(c, XF_EP_InvalidArgument,
				   "Part number must be an integer between 1 and 10000, inclusive");
		else if (i && asked[i].number <= asked[i - 1].number)
			xf_ep_fail(c, XF_EP_InvalidPartOrder, NULL);
		if (xf_ep_decided(c))
			return false;
	}
	return true;
}

static void fail_part(struct xf_ep_call *c, enum xf_ep_code code, const struct asked *asked,
		      const struct xf_ep_piece *piece)
{
	char number[24], size[24], least[24];
	struct xf_ep_detail details[] = { { "PartNumber", number }, { "ETag", asked->etag },
					  { piece ? "ProposedSize" : NULL, size },
					  { "MinSizeAllowed", least }, { 0 } };

	snprintf(number, sizeof(number), "%" PRIu64, asked->number);
	snprintf(size, sizeof(size), "%" PRIu64, piece ? piece->size : 0);
	snprintf(least, sizeof(least), "%" PRIu64, c->site->part_min);
	xf_ep_reply_error(&c->reply, &c->request, code, NULL, details);
}

/* Is the part that was asked for the one that is stored? */
static bool part_ok(struct xf_ep_call *c, const struct asked *asked, const struct xf_ep_piece *piece)
{
	const struct xf_ep_sum *sum = &c->upload->sum;
	char message[200];

	if (!piece || strcasecmp(piece->etag, asked->etag) != 0 ||
	    (asked->sum && (asked->algorithm != piece->sum.algorithm ||
			    strcmp(asked->sum, piece->sum.text) != 0))) {
		fail_part(c, XF_EP_InvalidPart, asked, NULL);
	} else if (sum->algorithm && sum->type == XF_EP_SUM_COMPOSITE && !asked->sum) {
		snprintf(message, sizeof(message),
			 "The upload was created using a %s checksum. The complete request must include the "
			 "checksum for each part. It was missing for part %u in the request.",
			 xf_checksum_info(sum->algorithm)->name, piece->number);
		xf_ep_fail(c, XF_EP_InvalidRequest, message);
	}
	return !xf_ep_decided(c);
}

/* Adds the parts that were asked for to the object. */
static bool gather(struct xf_ep_call *c, struct xf_ep_object *o, const struct asked *asked,
		   size_t count, const struct xf_ep_piece *pieces, size_t have)
{
	const struct xf_ep_piece *small = NULL;
	size_t at = 0, small_at = 0;

	for (size_t i = 0; i < count; i++) {
		while (at < have && pieces[at].number < asked[i].number)
			at++;
		const struct xf_ep_piece *piece =
			at < have && pieces[at].number == asked[i].number ? &pieces[at] : NULL;
		if (!part_ok(c, &asked[i], piece))
			return false;
		if (piece->size < c->site->part_min && i + 1 < count && !small) {
			small = piece;
			small_at = i;
		}
		xf_ep_blob_acquire(piece->blob);
		if (!xf_ep_object_add_piece(o, piece)) {
			xf_ep_fail(c, XF_EP_InternalError, NULL);
			return false;
		}
	}
	if (small)
		fail_part(c, XF_EP_EntityTooSmall, &asked[small_at], small);
	return !small;
}

/* The whole's checksum from the parts'; none when one of them has none. */
static bool whole_sum(struct xf_ep_object *o, enum xf_checksum algorithm, enum xf_ep_sum_type type)
{
	struct xf_digest *digests = calloc(o->nr_pieces, sizeof(*digests)), total = { 0 };
	enum xf_status status = digests ? XF_OK : XF_NOMEM;

	for (size_t i = 0; !status && i < o->nr_pieces; i++) {
		const struct xf_ep_piece *p = &o->pieces[i];
		status = p->sum.algorithm == algorithm
			       ? xf_digest_parse(&digests[i], algorithm, p->sum.text) : XF_INVALID;
		if (!status && type == XF_EP_SUM_FULL)
			status = xf_digest_combine(&total, &digests[i], p->size);
	}
	o->sum = (struct xf_ep_sum){ algorithm, type, "" };
	if (!status && type == XF_EP_SUM_FULL)
		xf_digest_text(&total, o->sum.text);
	else if (!status)
		status = xf_digest_composite(&total, o->sum.text, digests, o->nr_pieces);
	if (status)
		o->sum = (struct xf_ep_sum){ 0 };
	free(digests);
	return status == XF_OK;
}

/* A value that is no checksum, or another object's. */
static void fail_whole(struct xf_ep_call *c, enum xf_checksum algorithm, const char *value)
{
	const struct xf_checksum_info *info = xf_checksum_info(algorithm);
	struct xf_digest parsed;
	uint32_t parts;
	char message[128];

	if (xf_digest_parse_any(&parsed, &parts, algorithm, value) != XF_OK) {
		snprintf(message, sizeof(message), "Value for %s header is invalid.", info->header);
		xf_ep_fail(c, XF_EP_InvalidRequest, message);
		return;
	}
	snprintf(message, sizeof(message), "The %s you specified did not match the calculated checksum.", info->name);
	xf_ep_fail(c, XF_EP_BadDigest, message);
}

/* The checksum the request gives for the whole. */
static void check_whole(struct xf_ep_call *c, struct xf_ep_object *o)
{
	const char *value, *type = xf_ep_header(&c->request, "x-amz-checksum-type");
	enum xf_checksum given = xf_ep_sum_header(c, &value);
	struct xf_ep_sum *sum = &c->upload->sum;
	enum xf_ep_sum_type want = sum->type;

	if (xf_ep_decided(c))
		return;
	if (type && sum->algorithm &&
	    strcasecmp(type, sum->type == XF_EP_SUM_FULL ? "FULL_OBJECT" : "COMPOSITE") != 0) {
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The upload was created with another checksum type. The complete request must "
			   "use the same checksum type.");
		return;
	}
	if (!sum->algorithm && given)
		want = strchr(value, '-') ? XF_EP_SUM_COMPOSITE : XF_EP_SUM_FULL;
	bool known = (sum->algorithm || given) && whole_sum(o, sum->algorithm ? sum->algorithm : given, want);
	if (given && !known)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The checksum of the whole object cannot be told from the parts: the upload was "
			   "created without this algorithm.");
	else if (given && (o->sum.algorithm != given || strcmp(o->sum.text, value) != 0))
		fail_whole(c, given, value);
}

static void check_size(struct xf_ep_call *c, const struct xf_ep_object *o)
{
	const char *text = xf_ep_header(&c->request, "x-amz-mp-object-size");
	uint64_t size;

	if (text && (!xf_ep_number(text, UINT64_MAX, &size) || size != o->size))
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The provided 'x-amz-mp-object-size' header does not match what was computed.");
}

static void answer_complete(struct xf_ep_call *c, const struct xf_ep_object *o)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "CompleteMultipartUploadResult");
	const char *host = xf_ep_header(&c->request, "host");
	struct xf_buf location = XF_BUF_INIT;
	char etag[XF_EP_ETAG_SIZE + 2];

	xf_buf_format(&location, "%s://%s%s", c->request.tls ? "https" : "http", host ? host : "localhost",
		      c->request.path);
	snprintf(etag, sizeof(etag), "\"%s\"", o->etag);
	xf_xml_element(out, "Location", xf_buf_text(&location));
	xf_xml_element(out, "Bucket", c->request.bucket);
	xf_xml_element(out, "Key", c->request.key);
	xf_xml_element(out, "ETag", etag);
	xf_ep_element_sum(out, &o->sum, true);
	xf_ep_document_end(c, "CompleteMultipartUploadResult");
	xf_buf_fini(&location);
	xf_ep_answer_encryption(c, &o->headers);
}

/* An upload that is over already: the same parts get the same answer again. */
static void repeated(struct xf_ep_call *c, const struct asked *asked, size_t count)
{
	struct xf_ep_object *result = NULL;
	char etag[XF_EP_ETAG_SIZE];

	if (xf_ep_upload_look(c->site->store, c->upload, &result) == XF_EP_UPLOAD_COMPLETED && result &&
	    whole_etag(etag, asked, count) && !strcasecmp(etag, result->etag))
		answer_complete(c, result);
	else
		xf_ep_fail(c, XF_EP_NoSuchUpload, NULL);
	xf_ep_object_release(result);
}

/* Builds the object; false: the answer is decided. */
static bool assemble(struct xf_ep_call *c, struct xf_ep_object *o, const struct asked *asked,
		     size_t count)
{
	struct xf_ep_piece *pieces;
	size_t have;
	bool more;
	enum xf_status status = xf_ep_upload_parts(c->site->store, c->upload, 0, 10000, &pieces, &have,
						   &more);

	if (status == XF_NOT_FOUND) {
		repeated(c, asked, count);
		return false;
	}
	xf_ep_fail_status(c, status, XF_EP_NoSuchUpload);
	if (!status && gather(c, o, asked, count, pieces, have)) {
		o->multipart = true;
		whole_etag(o->etag, asked, count);
		snprintf(o->key_md5, sizeof(o->key_md5), "%s", c->upload->key_md5);
		for (size_t i = 0; i < c->upload->headers.nr; i++)
			xf_headers_add(&o->headers, c->upload->headers.items[i].name,
				       c->upload->headers.items[i].value);
		check_size(c, o);
		if (!xf_ep_decided(c))
			check_whole(c, o);
	}
	xf_ep_pieces_free(pieces, have);
	return !xf_ep_decided(c);
}

void xf_ep_complete_begin(struct xf_ep_call *c)
{
	struct xf_ep_object *result = NULL;

	if (!find_upload(c, false))
		return;
	if (xf_ep_upload_look(c->site->store, c->upload, &result) == XF_EP_UPLOAD_OPEN)
		xf_ep_write_conditions(c);
	xf_ep_object_release(result);
}

void xf_ep_complete(struct xf_ep_call *c)
{
	struct xf_xml *doc = NULL;
	size_t count;
	struct asked *asked = read_document(c, &doc, &count);
	struct xf_ep_object *o = asked ? xf_ep_object_new(c->request.key) : NULL;

	if (o && in_order(c, asked, count) && assemble(c, o, asked, count)) {
		o->modified_ms = xf_ep_now_ms();
		enum xf_status status = xf_headers_ok(&o->headers);
		if (!status)
			status = xf_ep_upload_complete(c->site->store, c->upload, o, c->guard);
		if (status == XF_STATE)
			repeated(c, asked, count);
		else if (status)
			xf_ep_fail_status(c, status, XF_EP_NoSuchUpload);
		else
			answer_complete(c, o);
	}
	if (!xf_ep_decided(c))
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	xf_ep_object_release(o);
	free(asked);
	xf_xml_free(doc);
}

/* ---- Abort */

void xf_ep_abort(struct xf_ep_call *c)
{
	if (!find_upload(c, true))
		return;
	enum xf_status status = xf_ep_upload_abort(c->site->store, c->upload);
	xf_ep_fail_status(c, status, XF_EP_NoSuchUpload);
	if (!status)
		c->reply.status = 204;
}
