/* call: see call.h. */
#include "core/endpoint/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/integrity.h"
#include "core/endpoint/ops.h"
#include "core/endpoint/text.h"
#include "core/s3/xml.h"

void xf_ep_fail(struct xf_ep_call *c, enum xf_ep_code code, const char *message)
{
	xf_ep_reply_error(&c->reply, &c->request, code, message, NULL);
}

void xf_ep_fail_status(struct xf_ep_call *c, enum xf_status status, enum xf_ep_code missing)
{
	if (status == XF_OK)
		return;
	xf_ep_fail(c, status == XF_NOT_FOUND ? missing
		      : status == XF_CHANGED ? XF_EP_ConditionalRequestConflict
					     : XF_EP_InternalError, NULL);
}

void xf_ep_answer(struct xf_ep_call *c, const char *name, const char *value)
{
	xf_headers_add(&c->reply.headers, name, value);
}

void xf_ep_answer_etag(struct xf_ep_call *c, const char *etag)
{
	xf_headers_addf(&c->reply.headers, "ETag", "\"%s\"", etag);
}

void xf_ep_document_end(struct xf_ep_call *c, const char *root)
{
	xf_xml_close(&c->reply.body, root);
	if (c->reply.body.failed)
		xf_ep_fail(c, XF_EP_InternalError, NULL);
}

/* ---- begin */

/* With --auto-bucket a bucket is taken to be there: then it may be older than today's rule for new ones. */
static bool bucket_name_ok(const struct xf_ep_call *c)
{
	const char *name = c->request.bucket;
	bool makes = c->op->flags & XF_EP_OP_NO_BUCKET;

	return xf_ep_bucket_name_ok(name) ||
	       (c->site->auto_bucket && !makes && xf_ep_bucket_name_old(name));
}

void xf_ep_check_names(struct xf_ep_call *c)
{
	const struct xf_ep_request *r = &c->request;
	const char *owner = xf_ep_header(r, "x-amz-expected-bucket-owner");

	if (r->bucket && !bucket_name_ok(c))
		xf_ep_fail(c, XF_EP_InvalidBucketName, NULL);
	else if (r->key && strlen(r->key) > XF_EP_KEY_MAX)
		xf_ep_reply_error(&c->reply, r, XF_EP_KeyTooLongError, NULL,
				  (struct xf_ep_detail[]){ { "MaxSizeAllowed", "1024" }, { 0 } });
	else if (owner && r->bucket && strcmp(owner, XF_EP_OWNER) != 0)
		xf_ep_fail(c, XF_EP_AccessDenied, NULL);
}

void xf_ep_check_bucket(struct xf_ep_call *c)
{
	const char *name = c->request.bucket;

	if (!name || c->op->flags & XF_EP_OP_NO_BUCKET ||
	    xf_ep_bucket_exists(c->site->store, name, NULL))
		return;
	if (c->site->auto_bucket && c->op->flags & XF_EP_OP_MAKES) {
		enum xf_status status = xf_ep_bucket_create(c->site->store, name, "");
		/* XF_STATE: another request has just made it */
		if (status && status != XF_STATE)
			xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
		return;
	}
	xf_ep_fail(c, XF_EP_NoSuchBucket, NULL);
}

static bool is_chunked(const struct xf_ep_call *c)
{
	return c->access.payload >= XF_EP_PAYLOAD_CHUNKED_SIGNED;
}

/* How long the body will be, decoded; may decide the answer. */
static void check_length(struct xf_ep_call *c)
{
	const struct xf_ep_request *r = &c->request;
	const char *decoded = xf_ep_header(r, "x-amz-decoded-content-length");

	c->expected = r->has_length ? r->length : UINT64_MAX;
	if (is_chunked(c)) {
		if (!decoded)
			xf_ep_fail(c, XF_EP_MissingContentLength, NULL);
		else if (!xf_ep_number(decoded, UINT64_MAX, &c->expected))
			xf_ep_fail(c, XF_EP_InvalidArgument,
				   "x-amz-decoded-content-length is not a number");
	} else if (r->chunked && (c->op->body == XF_EP_BODY_STREAM || c->op->body == XF_EP_BODY_FORM)) {
		xf_ep_fail(c, XF_EP_NotImplemented,
			   "A header you provided implies functionality that is not implemented: "
			   "Transfer-Encoding");
	} else if (!r->has_length && !r->chunked && c->op->flags & XF_EP_OP_LENGTH) {
		xf_ep_fail(c, XF_EP_MissingContentLength, NULL);
	}
	if (xf_ep_decided(c) || c->expected == UINT64_MAX)
		return;
	if (c->op->body == XF_EP_BODY_DOCUMENT && c->expected > XF_EP_DOCUMENT_MAX)
		xf_ep_fail(c, XF_EP_MaxMessageLengthExceeded, NULL);
	if (c->op->body == XF_EP_BODY_STREAM && c->expected > XF_EP_OBJECT_MAX) {
		char size[24];
		snprintf(size, sizeof(size), "%llu", (unsigned long long)c->expected);
		xf_ep_reply_error(&c->reply, r, XF_EP_EntityTooLarge, NULL,
				  (struct xf_ep_detail[]){ { "ProposedSize", size },
							   { "MaxSizeAllowed", "5368709120" },
							   { 0 } });
	}
}

bool xf_ep_take_bytes(struct xf_ep_call *c, const void *data, size_t len)
{
	if (c->hasher.set)
		xf_hasher_update(&c->hasher, data, len);
	if (c->blob)
		return xf_ep_blob_write(c->blob, data, len) == XF_OK;
	if (c->op->body == XF_EP_BODY_DOCUMENT) {
		if (c->document.len + len > XF_EP_DOCUMENT_MAX)
			return false;
		xf_buf_add(&c->document, data, len);
	}
	return !c->document.failed;
}

static bool take(void *ctx, const void *data, size_t len)
{
	struct xf_ep_call *c = ctx;

	/* more than was announced is refused at the end; until then it is only counted */
	if (c->body.decoded > c->expected)
		return true;
	if (!c->post)
		return xf_ep_take_bytes(c, data, len);
	xf_ep_post_feed(c, data, len);
	return true;
}

void xf_ep_take_body(struct xf_ep_call *c, uint64_t expected)
{
	uint32_t set = xf_ep_integrity_set(c);
	enum xf_status status = set ? xf_hasher_init(&c->hasher, set) : XF_OK;

	if (!status && (c->op->body == XF_EP_BODY_STREAM || c->op->body == XF_EP_BODY_FORM)) {
		c->blob = xf_ep_store_blob(c->site->store, expected);
		status = c->blob ? XF_OK : XF_NOMEM;
	}
	xf_ep_fail_status(c, status, XF_EP_InternalError);
}

/* Makes everything ready for the body. */
static void expect_body(struct xf_ep_call *c)
{
	bool trailers = c->access.payload == XF_EP_PAYLOAD_CHUNKED_TRAILER ||
			c->access.payload == XF_EP_PAYLOAD_CHUNKED_SIGNED_TRAILER;
	bool is_signed = c->access.payload == XF_EP_PAYLOAD_CHUNKED_SIGNED ||
			 c->access.payload == XF_EP_PAYLOAD_CHUNKED_SIGNED_TRAILER;
	enum xf_status status = xf_ep_body_init(&c->body, is_chunked(c), trailers,
						is_signed ? &c->access.chunk : NULL, take, c);

	xf_ep_fail_status(c, status, XF_EP_InternalError);
	if (xf_ep_decided(c))
		return;
	/* a form's promises are among its fields */
	if (c->op->body != XF_EP_BODY_NONE && !c->post)
		xf_ep_integrity_begin(c);
	if (!xf_ep_decided(c) && !c->post)
		xf_ep_take_body(c, c->expected);
	c->receiving = !xf_ep_decided(c);
}

static void match_faults(struct xf_ep_call *c)
{
	uint64_t part = 0;
	const char *number = xf_ep_param(&c->request, "partNumber");

	if (number)
		xf_ep_number(number, 1000000, &part);
	struct xf_ep_fault_subject subject = {
		.op = c->op->name, .op_short = c->op->word,
		.key = c->request.key ? c->request.key : "", .part = part,
	};
	xf_ep_fault_match(c->site->rules, c->site->nr_rules, &subject, &c->harm);
	uint16_t status = part && part <= XF_EP_PARTS ? atomic_load(&c->site->part_status[part]) : 0;
	if (status)
		c->harm.status = status;
}

/* The answer a rule asks for; nothing has been done. */
static void harm_status(struct xf_ep_call *c)
{
	unsigned status = c->harm.error200 ? 500 : (unsigned)c->harm.status;
	enum xf_ep_code code = *c->harm.code ? xf_ep_code_of_name(c->harm.code) : XF_EP_NONE;

	if (!code)
		code = xf_ep_code_of_status(status);
	xf_ep_fail(c, code, NULL);
	c->reply.status = c->harm.error200 ? 200 : status;
	if (c->harm.retry_after_s)
		xf_headers_addf(&c->reply.headers, "Retry-After", "%llu",
				(unsigned long long)c->harm.retry_after_s);
}

void xf_ep_call_begin(struct xf_ep_call *c, enum xf_ep_code parse_error)
{
	enum xf_ep_code code = parse_error;

	if (code) {
		xf_ep_fail(c, code, NULL);
		return;
	}
	c->op = xf_ep_route(&c->request, &code);
	if (c->op)
		match_faults(c);
	if (c->harm.early && (c->harm.status || c->harm.error200)) {
		harm_status(c);
		return;
	}
	c->unsigned_form = c->op && c->op->body == XF_EP_BODY_FORM && xf_ep_auth_none(&c->request);
	if (!c->unsigned_form &&
	    !xf_ep_auth(&c->access, &c->request, &c->site->keys, xf_ep_now_ms() / 1000, &c->reply))
		return;
	if (!c->op) {
		xf_ep_fail(c, code, NULL);
		return;
	}
	/* a form says later who sends it, and for which key */
	if (c->op->body != XF_EP_BODY_FORM)
		xf_ep_check_names(c);
	if (!xf_ep_decided(c))
		check_length(c);
	if (!xf_ep_decided(c) && c->op->body != XF_EP_BODY_FORM)
		xf_ep_check_bucket(c);
	if (!xf_ep_decided(c) && c->op->begin)
		c->op->begin(c);
	if (!xf_ep_decided(c))
		expect_body(c);
}

/* ---- body and end */

void xf_ep_call_data(struct xf_ep_call *c, const void *data, size_t len)
{
	if (c->receiving)
		xf_ep_body_feed(&c->body, data, len);
}

static void close_body(struct xf_ep_call *c)
{
	enum xf_ep_code code = xf_ep_body_end(&c->body);

	if (code) {
		xf_ep_fail(c, code, NULL);
		return;
	}
	if (c->expected != UINT64_MAX && c->body.decoded != c->expected) {
		xf_ep_fail(c, XF_EP_IncompleteBody, NULL);
		return;
	}
	if (c->post)
		xf_ep_post_over(c);
	if (xf_ep_decided(c))
		return;
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++)
		if (c->hasher.set & XF_CHECKSUM_BIT(a))
			xf_hasher_final(&c->hasher, a, &c->digests[a]);
	xf_ep_integrity_check(c);
	if (!xf_ep_decided(c) && c->blob && !c->harm.status && !c->harm.error200)
		xf_ep_fail_status(c, xf_ep_blob_seal(c->blob), XF_EP_InternalError);
}

/* Damage to a good answer. */
static void harm_reply(struct xf_ep_call *c)
{
	struct xf_headers *h = &c->reply.headers;

	for (size_t i = 0; i < h->nr; i++) {
		struct xf_header *each = &h->items[i];
		bool sum = !strncasecmp(each->name, "x-amz-checksum-", 15) &&
			   xf_checksum_by_header(each->name);
		if (c->harm.noetag && !strcasecmp(each->name, "ETag"))
			each->name[0] = '\0'; /* the server leaves out what has no name */
		if (c->harm.badsum && sum && each->value[0])
			each->value[0] = each->value[0] == 'A' ? 'B' : 'A';
	}
}

/* The text of an element of the answer's document is cut out or spoilt. */
static void harm_document(struct xf_ep_call *c)
{
	char *at = c->reply.body.data;

	while (at && (at = strchr(at, '<'))) {
		char *end = strchr(at, '>'), *next = end ? strchr(end, '<') : NULL;
		if (!next)
			return;
		if (c->harm.badsum && !strncmp(at, "<Checksum", 9) && next > end + 1 &&
		    strncmp(at, "<ChecksumType", 13) != 0)
			end[1] = end[1] == 'A' ? 'B' : 'A';
		if (c->harm.noetag && !strncmp(at, "<ETag>", 6)) {
			size_t tail = c->reply.body.len - (size_t)(next - c->reply.body.data) + 1;
			memmove(end + 1, next, tail);
			c->reply.body.len -= (size_t)(next - end - 1);
		}
		at = end;
	}
}

void xf_ep_call_finish(struct xf_ep_call *c)
{
	if (!xf_ep_decided(c))
		close_body(c);
	if (!xf_ep_decided(c) && (c->harm.status || c->harm.error200))
		harm_status(c);
	else if (!xf_ep_decided(c) && c->op->finish)
		c->op->finish(c);
	if (!xf_ep_decided(c))
		c->reply.status = 200;
	if (c->harm.noetag || c->harm.badsum) {
		harm_reply(c);
		harm_document(c);
	}
	if (xf_headers_ok(&c->reply.headers) || c->reply.body.failed)
		xf_ep_fail(c, XF_EP_InternalError, NULL);
}

void xf_ep_call_fini(struct xf_ep_call *c)
{
	xf_ep_post_free(c);
	xf_ep_body_fini(&c->body);
	xf_hasher_fini(&c->hasher);
	xf_ep_blob_release(c->blob);
	xf_buf_fini(&c->document);
	xf_ep_object_release(c->object);
	xf_ep_upload_release(c->upload);
	xf_ep_access_fini(&c->access);
	xf_ep_reply_fini(&c->reply);
	xf_ep_request_fini(&c->request);
}
