/* object: the calls that look at an object, fetch or remove it; and buckets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/gate.h"
#include "core/s3/call.h"

static void copy_header(const struct xf_headers *headers, const char *name, char *out, size_t cap)
{
	const char *value = xf_headers_get(headers, name);
	xf_text_sanitise(out, cap, value ? value : "", value ? strlen(value) : 0);
}

static bool length_of(const struct xf_headers *headers, uint64_t *out)
{
	const char *value = xf_headers_get(headers, "content-length");
	if (!value || !*value || strlen(value) > 19 || strspn(value, "0123456789") != strlen(value))
		return false;
	*out = strtoull(value, NULL, 10);
	return true;
}

static void add_reader_headers(struct xf_call *call, const struct xf_extra *extra, unsigned to)
{
	xf_extra_headers(extra, to, &call->request.headers);
	if (extra)
		xf_headers_add(&call->request.query, "versionId", extra->values[XF_EXTRA_VERSION_ID]);
	if (to == XF_TO_GET && call->client->checksum_responses &&
	    !xf_headers_get(&call->request.headers, "x-amz-checksum-mode"))
		xf_headers_add(&call->request.headers, "x-amz-checksum-mode", "ENABLED");
}

/* ---- HeadObject */

static enum xf_status accept_head(struct xf_call *call)
{
	struct xf_s3_head_output *out = call->ctx;
	const struct xf_headers *headers = &call->reply.headers;
	if (!length_of(headers, &out->size))
		return XF_BAD_REPLY;
	copy_header(headers, "last-modified", out->modified, sizeof(out->modified));
	copy_header(headers, "content-type", out->content_type, sizeof(out->content_type));
	copy_header(headers, "x-amz-version-id", out->version_id, sizeof(out->version_id));
	return XF_OK;
}

enum xf_status xf_s3_head_object(struct xf_client *client, struct xf_http *http,
				 const struct xf_s3_head_input *in, struct xf_s3_head_output *out,
				 const struct xf_call_hooks *hooks, struct xf_error *err)
{
	XF_FRAME("bucket:text key:text", xf_text(in->bucket), xf_text(in->key));
	struct xf_call call;
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = xf_call_begin(&call, XF_OP_HEAD_OBJECT, "HEAD", in->bucket, in->key);
	if (!status) {
		call.accept = accept_head;
		call.ctx = out;
		add_reader_headers(&call, in->extra, XF_TO_HEAD);
		status = xf_call_run(&call);
	}
	if (!status) {
		xf_call_answer(&call, &out->answer);
		out->etag_is_md5 = xf_s3_etag_is_md5(out->answer.etag, &call.reply.headers);
	}
	xf_call_fini(&call);
	XF_RETURN(status);
}

/* ---- GetObject */

struct getting {
	struct xf_call *call;
	const struct xf_s3_get_input *in;
	struct xf_s3_get_output *out;
	struct xf_hasher hasher;
	enum xf_checksum algorithm; /* being verified; NONE: nothing to verify with */
	bool whole;                 /* the body is the whole object */
};

/* The range that came must be the one asked for; an open or too long end is the service's to cut. */
static enum xf_status take_range(struct getting *g, const struct xf_headers *headers)
{
	const struct xf_s3_get_input *in = g->in;
	struct xf_s3_get_output *out = g->out;
	const char *value = xf_headers_get(headers, "content-range");
	uint64_t total;
	if (!value)
		return XF_OK;
	if (xf_s3_parse_content_range(value, &out->range_first, &out->range_last, &total))
		return XF_BAD_REPLY;
	out->has_range = true;
	if (total != UINT64_MAX)
		out->size = total;
	if (in->ranged && (out->range_first != in->first || out->range_last > in->last))
		return XF_BAD_REPLY;
	return XF_OK;
}

/* A checksum of bytes, not of parts' checksums. */
static enum xf_status begin_verifying(struct getting *g, int status)
{
	const struct xf_s3_get_output *out = g->out;
	g->whole = status == 200 || (out->has_range && out->range_first == 0 && out->range_last + 1 == out->size);
	enum xf_checksum algorithm = xf_checksum_by_name(out->answer.checksum.algorithm);
	if (!algorithm || strchr(out->answer.checksum.value, '-') ||
	    !g->call->client->checksum_responses)
		return XF_OK;
	if (xf_hasher_init(&g->hasher, XF_CHECKSUM_BIT(algorithm)))
		return XF_NOMEM;
	g->algorithm = algorithm;
	return XF_OK;
}

/* A new attempt's head: what an earlier one left is forgotten. */
static enum xf_status get_head(void *ctx, int status, const struct xf_headers *headers,
			       struct xf_error *err)
{
	struct getting *g = ctx;
	g->call->streaming = true;
	*g->out = (struct xf_s3_get_output){ 0 };
	length_of(headers, &g->out->size);
	xf_call_answer(g->call, &g->out->answer);
	g->out->etag_is_md5 = xf_s3_etag_is_md5(g->out->answer.etag, headers);
	if (take_range(g, headers))
		return xf_fail(err, XF_BAD_REPLY, "%s sent another range than was asked for",
			       g->call->client->where);
	if (begin_verifying(g, status))
		return xf_fail(err, XF_NOMEM, "out of memory");
	return g->in->head ? g->in->head(g->in->sink_ctx, err) : XF_OK;
}

static enum xf_status get_piece(void *ctx, const void *bytes, size_t len, struct xf_error *err)
{
	struct getting *g = ctx;
	const struct xf_call_hooks *hooks = g->call->hooks;
	enum xf_status status = XF_OK;
	if (hooks && hooks->admit)
		status = hooks->admit(hooks->ctx, len, err);
	if (g->algorithm)
		xf_hasher_update(&g->hasher, bytes, len);
	if (!status)
		status = g->in->sink(g->in->sink_ctx, bytes, len, err);
	if (status)
		return status;
	g->out->received += len;
	return hooks && hooks->progress ? hooks->progress(hooks->ctx, (int64_t)len, err) : XF_OK;
}

static enum xf_status verify(struct getting *g)
{
	struct xf_digest digest;
	char text[XF_DIGEST_TEXT_SIZE];
	const struct xf_s3_checksum *theirs = &g->out->answer.checksum;
	if (!g->algorithm)
		return XF_OK;
	xf_hasher_final(&g->hasher, g->algorithm, &digest);
	if (!strcmp(xf_digest_text(&digest, text), theirs->value))
		return XF_OK;
	if (!g->whole) {
		g->out->unsettled = digest;
		return XF_OK;
	}
	return xf_call_fail(g->call, XF_CHECKSUM,
			    "the bytes received from %s do not match their checksum: %s is %s instead of %s",
			    g->call->client->where, theirs->algorithm, text, theirs->value);
}

static void add_range(struct xf_call *call, const struct xf_s3_get_input *in)
{
	if (in->ranged && in->last == UINT64_MAX)
		xf_headers_addf(&call->request.headers, "Range", "bytes=%llu-", (unsigned long long)in->first);
	else if (in->ranged)
		xf_headers_addf(&call->request.headers, "Range", "bytes=%llu-%llu",
				(unsigned long long)in->first, (unsigned long long)in->last);
	xf_headers_add(&call->request.headers, "If-Match", in->if_match);
}

enum xf_status xf_s3_get_object(struct xf_client *client, struct xf_http *http,
				const struct xf_s3_get_input *in, struct xf_s3_get_output *out,
				const struct xf_call_hooks *hooks, struct xf_error *err)
{
	XF_FRAME("key:text first:u64 last:u64", xf_text(in->key), in->first, in->last);
	struct xf_call call;
	struct getting g = { .call = &call, .in = in, .out = out };
	*out = (struct xf_s3_get_output){ 0 };
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = xf_call_begin(&call, XF_OP_GET_OBJECT, "GET", in->bucket, in->key);
	if (!status) {
		call.sink = get_piece;
		call.head = get_head;
		call.ctx = &g;
		add_reader_headers(&call, in->extra, XF_TO_GET);
		add_range(&call, in);
		status = xf_call_run(&call);
	}
	if (!status)
		status = verify(&g);
	if (!status)
		xf_call_answer(&call, &out->answer);
	if (g.algorithm)
		xf_hasher_fini(&g.hasher);
	xf_call_fini(&call);
	XF_RETURN(status);
}

/* ---- without a body either way */

static enum xf_status simple(struct xf_client *client, struct xf_http *http, enum xf_op op,
			     const char *method, const char *bucket, const char *key,
			     struct xf_s3_answer *out, const struct xf_call_hooks *hooks,
			     struct xf_error *err)
{
	struct xf_call call;
	xf_call_init(&call, client, http, hooks, err);
	enum xf_status status = xf_call_begin(&call, op, method, bucket, key);
	if (!status && op == XF_OP_CREATE_BUCKET) {
		call.request.document = xf_s3_bucket_document(
			client->endpoint.custom ? NULL : client->endpoint.region, &call.request.document_len);
		call.empty_body = !call.request.document;
	}
	if (!status)
		status = xf_call_run(&call);
	if (!status)
		xf_call_answer(&call, out);
	xf_call_fini(&call);
	return status;
}

enum xf_status xf_s3_create_bucket(struct xf_client *client, struct xf_http *http,
				   const char *bucket, struct xf_s3_answer *out,
				   const struct xf_call_hooks *hooks, struct xf_error *err)
{
	return simple(client, http, XF_OP_CREATE_BUCKET, "PUT", bucket, NULL, out, hooks, err);
}

enum xf_status xf_s3_head_bucket(struct xf_client *client, struct xf_http *http, const char *bucket,
				 struct xf_s3_answer *out, const struct xf_call_hooks *hooks,
				 struct xf_error *err)
{
	return simple(client, http, XF_OP_HEAD_BUCKET, "HEAD", bucket, NULL, out, hooks, err);
}

enum xf_status xf_s3_delete_object(struct xf_client *client, struct xf_http *http,
				   const char *bucket, const char *key, struct xf_s3_answer *out,
				   const struct xf_call_hooks *hooks, struct xf_error *err)
{
	return simple(client, http, XF_OP_DELETE_OBJECT, "DELETE", bucket, key, out, hooks, err);
}
