/* upload: the calls that bring an object into being, or give it up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/event/gate.h"
#include "core/s3/call.h"
#include "core/s3/encode.h"

/* ---- shared */

/* Which checksum an upload's bytes get: as told, else CRC32 unless only where required. */
static enum xf_checksum algorithm_for(const struct xf_client *client, const struct xf_extra *extra)
{
	const char *named = extra ? xf_extra_supplied(extra, NULL) : NULL;
	if (!named && extra)
		named = extra->values[XF_EXTRA_CHECKSUM_ALGORITHM];
	if (named)
		return xf_checksum_by_name(named);
	return client->checksum_requests ? XF_CHECKSUM_CRC32 : XF_CHECKSUM_NONE;
}

static void set_part_query(struct xf_call *call, uint32_t part_number, const char *upload_id)
{
	if (part_number)
		xf_headers_addf(&call->request.query, "partNumber", "%u", part_number);
	xf_headers_add(&call->request.query, "uploadId", upload_id);
}

/* A checksum the service returned, against ours; composite and other algorithms say nothing. */
static enum xf_status compare_checksum(struct xf_call *call, const struct xf_s3_checksum *returned,
				       enum xf_checksum algorithm, const char *ours)
{
	if (!returned->algorithm[0] || xf_checksum_by_name(returned->algorithm) != algorithm ||
	    strchr(returned->value, '-') || !strcmp(returned->value, ours))
		return XF_OK;
	return xf_call_fail(call, XF_CHECKSUM,
			    "%s stored other bytes than were sent: its %s is %s, ours is %s; upload it again",
			    call->client->where, returned->algorithm, returned->value, ours);
}

/* After a successful PutObject or UploadPart. */
static enum xf_status check_stored(struct xf_call *call, const struct xf_s3_answer *answer,
				   struct xf_s3_checksum *computed)
{
	const struct xf_checksum_info *info = xf_checksum_info(call->algorithm);
	char text[XF_DIGEST_TEXT_SIZE];
	*computed = (struct xf_s3_checksum){ 0 };
	if (!answer->etag[0])
		return xf_call_fail(call, XF_NO_ETAG,
				    "%s answered %s with success but without an ETag: it is not known what it stored",
				    call->client->where, xf_op_name(call->request.op));
	if (!info || !call->payload.checksum.algorithm)
		return XF_OK; /* no bytes, and answered before the trailer that would have named it */
	snprintf(computed->algorithm, sizeof(computed->algorithm), "%s", info->name);
	snprintf(computed->value, sizeof(computed->value), "%s", xf_digest_text(&call->payload.checksum, text));
	return compare_checksum(call, &answer->checksum, call->algorithm, computed->value);
}

/* ---- PutObject */

/* The MD5 the caller has, against an ETag that is one. */
static enum xf_status compare_md5(struct xf_call *call, const char *content_md5, const char *etag)
{
	unsigned char md5[16];
	size_t len;
	char hex[XF_HEX_SIZE(16)];
	if (!content_md5 || !xf_s3_etag_is_md5(etag, &call->reply.headers) ||
	    !xf_base64_decode(md5, sizeof(md5), &len, content_md5) || len != 16)
		return XF_OK;
	xf_hex_encode(hex, md5, len);
	if (!strncasecmp(etag + 1, hex, 32))
		return XF_OK;
	return xf_call_fail(call, XF_CHECKSUM, "%s stored other bytes than were sent: its MD5 is %s, ours is \"%s\"",
			    call->client->where, etag, hex);
}

static void copy_version(struct xf_call *call, char *out, size_t cap)
{
	const char *version = xf_headers_get(&call->reply.headers, "x-amz-version-id");
	xf_text_sanitise(out, cap, version ? version : "", version ? strlen(version) : 0);
}

static enum xf_status put_object(struct xf_call *call, const struct xf_s3_put_input *in,
				 struct xf_s3_put_output *out)
{
	struct xf_s3_checksum computed;
	const char *supplied = NULL;
	const char *supplied_name = xf_extra_supplied(in->extra, &supplied);
	enum xf_status status = xf_call_begin(call, XF_OP_PUT_OBJECT, "PUT", in->bucket, in->key);
	if (status)
		return status;
	call->source = &in->body;
	call->md5_given = in->content_md5 != NULL;
	if (!supplied_name && !in->content_md5)
		call->algorithm = algorithm_for(call->client, in->extra);
	xf_extra_headers(in->extra, XF_TO_PUT, &call->request.headers);
	xf_headers_add(&call->request.headers, "Content-MD5", in->content_md5);
	status = xf_call_run(call);
	if (status)
		return status;
	xf_call_answer(call, &out->answer);
	copy_version(call, out->version_id, sizeof(out->version_id));
	status = check_stored(call, &out->answer, &computed);
	if (!status && supplied)
		status = compare_checksum(call, &out->answer.checksum, xf_checksum_by_name(supplied_name), supplied);
	return status ? status : compare_md5(call, in->content_md5, out->answer.etag);
}

enum xf_status xf_s3_put_object(struct xf_client *client, struct xf_http *http,
				const struct xf_s3_put_input *in, struct xf_s3_put_output *out,
				const struct xf_call_hooks *hooks, struct xf_error *err)
{
	XF_FRAME("bucket:text key:text bytes:bytes", xf_text(in->bucket), xf_text(in->key), in->body.size);
	struct xf_call call;
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = put_object(&call, in, out);
	xf_call_fini(&call);
	XF_RETURN(status);
}

/* ---- CreateMultipartUpload */

static enum xf_status accept_create(struct xf_call *call)
{
	struct xf_s3_create_output *out = call->ctx;
	return xf_s3_parse_create(call->reply.body, call->reply.body_len, out->upload_id,
				  sizeof(out->upload_id));
}

static enum xf_status create_upload(struct xf_call *call, const struct xf_s3_create_input *in,
				    struct xf_s3_create_output *out)
{
	enum xf_status status =
		xf_call_begin(call, XF_OP_CREATE_MULTIPART_UPLOAD, "POST", in->bucket, in->key);
	if (status)
		return status;
	call->empty_body = true;
	call->accept = accept_create;
	call->ctx = out;
	xf_headers_add(&call->request.query, "uploads", "");
	xf_extra_headers(in->extra, XF_TO_CREATE, &call->request.headers);
	const struct xf_checksum_info *info = xf_checksum_info(algorithm_for(call->client, in->extra));
	if (info && !xf_headers_get(&call->request.headers, "x-amz-checksum-algorithm"))
		xf_headers_add(&call->request.headers, "x-amz-checksum-algorithm", info->name);
	status = xf_call_run(call);
	if (!status)
		xf_call_answer(call, &out->answer);
	return status;
}

enum xf_status xf_s3_create_multipart_upload(struct xf_client *client, struct xf_http *http,
					     const struct xf_s3_create_input *in,
					     struct xf_s3_create_output *out,
					     const struct xf_call_hooks *hooks, struct xf_error *err)
{
	XF_FRAME("bucket:text key:text", xf_text(in->bucket), xf_text(in->key));
	struct xf_call call;
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = create_upload(&call, in, out);
	xf_call_fini(&call);
	XF_RETURN(status);
}

/* ---- UploadPart */

static enum xf_status upload_part(struct xf_call *call, const struct xf_s3_part_input *in,
				  struct xf_s3_part_output *out)
{
	enum xf_status status = xf_call_begin(call, XF_OP_UPLOAD_PART, "PUT", in->bucket, in->key);
	if (status)
		return status;
	call->source = &in->body;
	call->algorithm = algorithm_for(call->client, in->extra);
	set_part_query(call, in->part_number, in->upload_id);
	xf_extra_headers(in->extra, XF_TO_PART, &call->request.headers);
	status = xf_call_run(call);
	if (status)
		return status;
	xf_call_answer(call, &out->answer);
	out->part = (struct xf_s3_part){ .number = in->part_number, .size = in->body.size,
					 .checksum = out->answer.checksum };
	memcpy(out->part.etag, out->answer.etag, sizeof(out->part.etag));
	return check_stored(call, &out->answer, &out->part.computed);
}

enum xf_status xf_s3_upload_part(struct xf_client *client, struct xf_http *http,
				 const struct xf_s3_part_input *in, struct xf_s3_part_output *out,
				 const struct xf_call_hooks *hooks, struct xf_error *err)
{
	XF_FRAME("part:u32 bytes:bytes key:text", in->part_number, in->body.size, xf_text(in->key));
	struct xf_call call;
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = upload_part(&call, in, out);
	xf_call_fini(&call);
	XF_RETURN(status);
}

/* ---- CompleteMultipartUpload */

static enum xf_status accept_complete(struct xf_call *call)
{
	return xf_s3_parse_complete(call->reply.body, call->reply.body_len, call->ctx);
}

/* The answer left the ETag out: the object itself must show that it is there. */
static enum xf_status settle(struct xf_call *call, const struct xf_s3_complete_input *in,
			     struct xf_s3_complete_output *out)
{
	struct xf_s3_head_output head = { 0 };
	struct xf_error why = XF_ERROR_INIT;
	enum xf_status status = xf_s3_head_object(call->client, call->http,
		&(struct xf_s3_head_input){ .bucket = in->bucket, .key = in->key, .extra = in->extra },
		&head, call->hooks, &why);
	if (status)
		return xf_call_fail(call, XF_NO_ETAG,
				    "%s completed the upload without naming an ETag, and the object cannot be seen: %s",
				    call->client->where, why.message);
	if (head.size != in->size || !head.answer.etag[0])
		return xf_call_fail(call, XF_NO_ETAG,
				    "%s completed the upload without naming an ETag, and the object there has %llu bytes instead of %llu",
				    call->client->where, (unsigned long long)head.size, (unsigned long long)in->size);
	memcpy(out->answer.etag, head.answer.etag, sizeof(out->answer.etag));
	out->settled_by_head = true;
	return XF_OK;
}

/* Our parts' values of that algorithm, in a row; NULL: not all are known. free(). */
static struct xf_digest *parts_digests(const struct xf_s3_complete_input *in, enum xf_checksum algorithm)
{
	struct xf_digest *digests = calloc(in->nr_parts ? in->nr_parts : 1, sizeof(*digests));
	for (size_t i = 0; digests && i < in->nr_parts; i++) {
		const struct xf_s3_checksum *c = &in->parts[i].computed;
		if (xf_checksum_by_name(c->algorithm) != algorithm || xf_digest_parse(&digests[i], algorithm, c->value)) {
			free(digests);
			return NULL;
		}
	}
	return digests;
}

/*
 * What the whole object's checksum has to be: that of the parts' values ("-N", which some leave out), or, where
 * parts combine, that of the bytes. false: it cannot be told.
 */
static bool whole_checksums(const struct xf_s3_complete_input *in, enum xf_checksum algorithm,
			    char composite[XF_COMPOSITE_TEXT_SIZE], char full[XF_DIGEST_TEXT_SIZE])
{
	struct xf_digest *digests = parts_digests(in, algorithm);
	struct xf_digest total = { .len = 0 };
	bool known = digests && xf_digest_composite(&total, composite, digests, in->nr_parts) == XF_OK;
	total = (struct xf_digest){ .len = 0 };
	*full = '\0';
	for (size_t i = 0; known && xf_checksum_info(algorithm)->full_object && i < in->nr_parts; i++)
		known = xf_digest_combine(&total, &digests[i], in->parts[i].size) == XF_OK;
	if (known && total.len)
		xf_digest_text(&total, full);
	free(digests);
	return known;
}

static bool is_whole_checksum(const char *value, const char *composite, const char *full)
{
	size_t len = strcspn(composite, "-");
	return !strcmp(value, composite) || (!strchr(value, '-') && (!*full || !strcmp(value, full))) ||
	       (strlen(value) == len && !strncmp(value, composite, len));
}

/* The object is there. Does it hold what was sent? */
static enum xf_status check_whole(struct xf_call *call, const struct xf_s3_complete_input *in,
				  const struct xf_s3_checksum *returned)
{
	char composite[XF_COMPOSITE_TEXT_SIZE], full[XF_DIGEST_TEXT_SIZE];
	enum xf_checksum algorithm = xf_checksum_by_name(returned->algorithm);
	if (!algorithm || !whole_checksums(in, algorithm, composite, full) ||
	    is_whole_checksum(returned->value, composite, full))
		return XF_OK;
	return xf_call_fail(call, XF_CHECKSUM,
			    "%s made an object of other bytes than were sent: its %s is %s, that of the parts %s; upload it again",
			    call->client->where, returned->algorithm, returned->value,
			    strchr(returned->value, '-') ? composite : full);
}

static enum xf_status complete_upload(struct xf_call *call, const struct xf_s3_complete_input *in,
				      struct xf_s3_complete_output *out)
{
	struct xf_s3_complete_reply parsed;
	enum xf_status status =
		xf_call_begin(call, XF_OP_COMPLETE_MULTIPART_UPLOAD, "POST", in->bucket, in->key);
	if (status)
		return status;
	set_part_query(call, 0, in->upload_id);
	xf_extra_headers(in->extra, XF_TO_COMPLETE, &call->request.headers);
	call->request.document = xf_s3_complete_document(in->parts, in->nr_parts, &call->request.document_len);
	if (!call->request.document)
		return xf_call_fail(call, XF_NOMEM, "out of memory");
	call->accept = accept_complete;
	call->ctx = &parsed;
	status = xf_call_run(call);
	if (status)
		return status;
	xf_call_answer(call, &out->answer);
	copy_version(call, out->version_id, sizeof(out->version_id));
	out->settled_by_head = false;
	memcpy(out->answer.etag, parsed.etag, sizeof(out->answer.etag));
	if (parsed.checksum.algorithm[0])
		out->answer.checksum = parsed.checksum;
	status = check_whole(call, in, &out->answer.checksum);
	return status || parsed.etag[0] ? status : settle(call, in, out);
}

enum xf_status xf_s3_complete_multipart_upload(struct xf_client *client, struct xf_http *http,
					       const struct xf_s3_complete_input *in,
					       struct xf_s3_complete_output *out,
					       const struct xf_call_hooks *hooks,
					       struct xf_error *err)
{
	XF_FRAME("parts:u64 key:text", in->nr_parts, xf_text(in->key));
	struct xf_call call;
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = complete_upload(&call, in, out);
	xf_call_fini(&call);
	XF_RETURN(status);
}

/* ---- AbortMultipartUpload */

/* Gone already: by an attempt before, whose answer was lost. */
static bool is_gone(const struct xf_call *call, const struct xf_error *err)
{
	return call->attempt > 1 && !strcmp(err->code, "NoSuchUpload");
}

static enum xf_status abort_upload(struct xf_call *call, const struct xf_s3_abort_input *in,
				   struct xf_s3_answer *out, struct xf_error *why)
{
	enum xf_status status =
		xf_call_begin(call, XF_OP_ABORT_MULTIPART_UPLOAD, "DELETE", in->bucket, in->key);
	if (status)
		return status;
	set_part_query(call, 0, in->upload_id);
	xf_extra_headers(in->extra, XF_TO_ABORT, &call->request.headers);
	status = xf_call_run(call);
	if (status && !is_gone(call, why))
		return status;
	xf_call_answer(call, out);
	return XF_OK;
}

enum xf_status xf_s3_abort_multipart_upload(struct xf_client *client, struct xf_http *http,
					    const struct xf_s3_abort_input *in,
					    struct xf_s3_answer *out,
					    const struct xf_call_hooks *hooks, struct xf_error *err)
{
	XF_FRAME("key:text", xf_text(in->key));
	struct xf_call call;
	struct xf_error why = XF_ERROR_INIT;
	xf_call_init(&call, client, http, hooks, &why);
	enum xf_status status = abort_upload(&call, in, out, &why);
	xf_call_fini(&call);
	if (status && err && err->status == XF_OK)
		*err = why;
	XF_RETURN(status);
}
