#include "core/s3/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/event/gate.h"
#include "core/s3/encode.h"
#include "core/s3/sign.h"

void xf_call_init(struct xf_call *call, struct xf_client *client, struct xf_http *http,
		  const struct xf_call_hooks *hooks, struct xf_error *err)
{
	*call = (struct xf_call){ .client = client, .http = http, .hooks = hooks, .err = err };
}

void xf_call_fini(struct xf_call *call)
{
	xf_s3_request_fini(&call->request);
	xf_http_reply_fini(&call->reply);
	xf_headers_fini(&call->headers);
	xf_payload_fini(&call->payload);
}

static void name_error(const struct xf_call *call, struct xf_error *err)
{
	snprintf(err->operation, sizeof(err->operation), "%s", xf_op_name(call->request.op));
	err->part = call->hooks ? call->hooks->part : 0;
}

enum xf_status xf_call_begin(struct xf_call *call, enum xf_op op, const char *method,
			     const char *bucket, const char *key)
{
	call->bucket = bucket;
	call->key = key;
	enum xf_status status = xf_s3_request_begin(&call->request, &call->client->endpoint, op, method,
						    bucket, key, call->err);
	call->request.op = op;
	if (status && call->err)
		name_error(call, call->err);
	return status;
}

enum xf_status xf_call_fail(struct xf_call *call, enum xf_status status, const char *format, ...)
{
	char text[320];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	xf_fail(call->err, status, "%s", text);
	if (call->err) {
		name_error(call, call->err);
		call->err->http_status = call->reply.status;
	}
	return status;
}

void xf_call_answer(struct xf_call *call, struct xf_s3_answer *out)
{
	const struct xf_headers *headers = &call->reply.headers;
	const char *etag = xf_headers_get(headers, "etag");
	const char *id = xf_headers_get(headers, "x-amz-request-id");
	*out = (struct xf_s3_answer){ .http_status = call->reply.status, .attempts = call->attempt };
	xf_text_sanitise(out->etag, sizeof(out->etag), etag ? etag : "", etag ? strlen(etag) : 0);
	xf_text_sanitise(out->request_id, sizeof(out->request_id), id ? id : "", id ? strlen(id) : 0);
	xf_s3_checksum_of(headers, &out->checksum);
}

/* ---- what goes out ------------------------------------------------------------------------- */

static int64_t now_s(const struct xf_call *call)
{
	return time(NULL) + atomic_load_explicit(&call->client->skew_s, memory_order_relaxed);
}

static void make_invocation(struct xf_call *call)
{
	unsigned char b[16] = { 0 };
	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		memcpy(b, &call, sizeof(call));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(call->invocation, sizeof(call->invocation),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* The checksum travels behind the body: over https only, signed or not (as botocore). */
static bool wants_trailer(const struct xf_call *call)
{
	return call->algorithm && !strcmp(call->client->endpoint.scheme, "https");
}

/* Must the signature cover the body's bytes? botocore's rule: a checksum of the user's does not replace it. */
static bool wants_sha256(const struct xf_call *call)
{
	enum xf_maybe asked = call->client->settings.payload_signing;
	bool https = !strcmp(call->client->endpoint.scheme, "https");
	if (call->client->anonymous || wants_trailer(call))
		return false;
	if (asked != XF_UNSET)
		return asked == XF_YES;
	return !https || (!call->md5_given && !call->algorithm);
}

static void add_checksum_headers(struct xf_call *call)
{
	const struct xf_checksum_info *info = xf_checksum_info(call->algorithm);
	char value[XF_DIGEST_TEXT_SIZE];
	if (!call->source || !info)
		return;
	xf_headers_set(&call->headers, "x-amz-sdk-checksum-algorithm", info->name);
	if (!call->payload.trailer) {
		xf_headers_add(&call->headers, info->header, xf_digest_text(&call->payload.checksum, value));
		return;
	}
	const char *encoding = xf_headers_get(&call->headers, "Content-Encoding");
	char joined[512];
	snprintf(joined, sizeof(joined), "%s%saws-chunked", encoding ? encoding : "", encoding ? "," : "");
	xf_headers_set(&call->headers, "Content-Encoding", joined);
	xf_headers_add(&call->headers, "X-Amz-Trailer", info->header);
	xf_headers_addf(&call->headers, "X-Amz-Decoded-Content-Length", "%llu",
			(unsigned long long)call->source->size);
}

/* x-amz-content-sha256: a hash or one of the words. hex holds a hash. */
static const char *payload_word(struct xf_call *call, char hex[XF_HEX_SIZE(XF_DIGEST_MAX)])
{
	struct xf_digest digest;
	if (call->source) {
		if (call->payload.trailer)
			return XF_STREAMING_UNSIGNED_TRAILER;
		return wants_sha256(call) ? xf_digest_hex(&call->payload.sha256, hex) : XF_UNSIGNED_PAYLOAD;
	}
	if (!call->request.document)
		return XF_EMPTY_SHA256;
	if (xf_checksum_of(&digest, XF_CHECKSUM_SHA256, call->request.document, call->request.document_len))
		return NULL;
	return xf_digest_hex(&digest, hex);
}

static enum xf_status add_authorization(struct xf_call *call, const struct xf_credentials *keys,
					const char *payload, time_t at, struct xf_error *err)
{
	struct xf_buf authorization = XF_BUF_INIT;
	struct xf_signature signature;
	const struct xf_headers *headers = &call->headers;
	struct xf_sign_field fields[96] = { { "host", call->request.host } };
	size_t nr = 1;
	for (size_t i = 0; i < headers->nr && nr < 96; i++)
		fields[nr++] = (struct xf_sign_field){ headers->items[i].name, headers->items[i].value };
	if (headers->nr >= 96)
		return xf_fail(err, XF_INVALID, "too many headers: fewer metadata entries, please");
	char *query = xf_s3_request_query(&call->request);
	if (!query)
		return xf_fail(err, XF_NOMEM, "out of memory");
	enum xf_status status = xf_sign(&signature, &authorization,
		&(struct xf_sign_request){ .method = call->request.method, .path = call->request.path,
			.query = query, .headers = fields, .nr_headers = nr, .payload = payload },
		&(struct xf_sign_identity){ .access_key = keys->access_key, .secret_key = keys->secret_key,
			.session_token = keys->session_token, .region = call->client->endpoint.region,
			.at = at }, err);
	if (!status)
		xf_headers_add(&call->headers, "Authorization", xf_buf_text(&authorization));
	xf_buf_wipe(&authorization);
	explicit_bzero(&signature, sizeof(signature));
	free(query);
	return status;
}

static enum xf_status find_keys(const struct xf_call *call, const struct xf_credentials **keys, struct xf_error *err)
{
	/* what goes out behind a failure or a cancel: the abort, and the look at what became of the object */
	static const bool cleans_up_ops[XF_OP_COUNT] = {
		[XF_OP_ABORT_MULTIPART_UPLOAD] = true, [XF_OP_HEAD_OBJECT] = true, [XF_OP_LIST_PARTS] = true,
		[XF_OP_LIST_MULTIPART_UPLOADS] = true,
	};
	bool cleans_up = cleans_up_ops[call->request.op];
	return (cleans_up ? xf_credential_source_get_at_hand : xf_credential_source_get)(call->client->source, keys, err);
}

static enum xf_status sign(struct xf_call *call, struct xf_error *err)
{
	char date[XF_AMZ_DATE_SIZE], hex[XF_HEX_SIZE(XF_DIGEST_MAX)];
	const struct xf_credentials *keys = NULL;
	enum xf_status status = find_keys(call, &keys, err);
	if (!status && !keys && call->source && call->payload.trailer)
		xf_headers_add(&call->headers, "X-Amz-Content-SHA256", XF_STREAMING_UNSIGNED_TRAILER);
	if (status || !keys)
		return status;
	time_t at = now_s(call);
	const char *payload = payload_word(call, hex);
	xf_amz_date(date, at);
	xf_headers_add(&call->headers, "X-Amz-Date", date);
	xf_headers_add(&call->headers, "X-Amz-Content-SHA256", payload);
	xf_headers_add(&call->headers, "X-Amz-Security-Token", keys->session_token);
	status = payload ? add_authorization(call, keys, payload, at, err) :
		xf_fail(err, XF_NOMEM, "out of memory");
	xf_credentials_release(keys);
	return status;
}

/* All headers of this attempt, signed now: behind request_start, where it may have been held. */
static enum xf_status prepare(void *ctx, struct xf_error *err)
{
	struct xf_call *call = ctx;
	const struct xf_headers *fixed = &call->request.headers;
	xf_headers_clear(&call->headers);
	for (size_t i = 0; i < fixed->nr; i++)
		xf_headers_add(&call->headers, fixed->items[i].name, fixed->items[i].value);
	add_checksum_headers(call);
	xf_headers_add(&call->headers, "User-Agent", "xferdb/" XFERDB_VERSION);
	xf_headers_add(&call->headers, "Accept-Encoding", "identity");
	xf_headers_add(&call->headers, "amz-sdk-invocation-id", call->invocation);
	if (call->attempt > 1)
		xf_headers_addf(&call->headers, "amz-sdk-request", "attempt=%u; max=%u", call->attempt,
				call->client->retries.max_attempts);
	else
		xf_headers_add(&call->headers, "amz-sdk-request", "attempt=1");
	enum xf_status status = sign(call, err);
	if (!status && xf_headers_ok(&call->headers))
		status = xf_fail(err, XF_NOMEM, "out of memory");
	return status;
}

/* ---- one attempt ------------------------------------------------------------------------------ */

static enum xf_go ask_go(void *ctx)
{
	const struct xf_call *call = ctx;
	return call->hooks && call->hooks->go ? call->hooks->go(call->hooks->ctx) : XF_GO_ON;
}

static void tell_sent(void *ctx)
{
	const struct xf_call *call = ctx;
	if (call->hooks && call->hooks->sent)
		call->hooks->sent(call->hooks->ctx, call->source ? call->source->size : 0,
				  call->payload.reading_ns, call->attempt);
}

/* Credentials before the hash pass, so that a missing key is not found after minutes of reading. */
static enum xf_status get_ready(struct xf_call *call, struct xf_error *err)
{
	const struct xf_credentials *keys = NULL;
	enum xf_status status = find_keys(call, &keys, err);
	xf_credentials_release(keys);
	if (status || !call->source)
		return status;
	if (!call->hashed)
		status = xf_payload_hash(&call->payload, wants_sha256(call), err);
	call->hashed = !status;
	if (!status)
		status = xf_payload_rewind(&call->payload);
	return status;
}

static enum xf_status exchange(struct xf_call *call, struct xf_error *err)
{
	struct xf_body document = xf_body_memory(call->request.document, call->request.document_len);
	struct xf_http_watch watch = { .ctx = call, .go = ask_go, .sent = tell_sent };
	call->expected = call->source && !atomic_load_explicit(&call->client->no_expect, memory_order_relaxed);
	struct xf_http_request r = {
		.method = call->request.method, .headers = &call->headers, .op = call->request.op,
		.transfer = call->hooks ? call->hooks->transfer : 0,
		.part = call->hooks ? call->hooks->part : 0, .attempt = call->attempt,
		.watch = &watch, .prepare = prepare, .prepare_ctx = call,
		.sink = call->sink, .sink_ctx = call->ctx, .head = call->head,
		.expect = call->expected, .chunked = call->source && call->payload.trailer,
		.hollow = call->source && call->source->size == 0,
	};
	const struct xf_http_direct direct = { .source = call->source, .ctx = &call->payload,
					       .admit = xf_payload_admit, .passed = xf_payload_passed };
	if (call->source) {
		r.body = xf_payload_wire(&call->payload);
		r.direct = call->payload.trailer ? NULL : &direct;
	}
	if (!call->source && (call->request.document || call->empty_body))
		r.body = &document;
	char *url = xf_s3_request_url(&call->request);
	if (!url)
		return xf_fail(err, XF_NOMEM, "out of memory");
	r.url = url;
	if (call->hooks && call->hooks->attempt)
		call->hooks->attempt(call->hooks->ctx, call->attempt);
	enum xf_status status = xf_http_exchange(call->http, &r, &call->reply, err);
	free(url);
	return status;
}

/* Every place where text has the secret, or, being cut, its beginning. */
static void mask(char *text, const char *secret)
{
	char first[9] = "";
	size_t len = secret ? strlen(secret) : 0;
	if (len < sizeof(first))
		return;
	memcpy(first, secret, sizeof(first) - 1);
	for (char *at = text; (at = strstr(at, first));)
		for (size_t i = 0; i < len && *at == secret[i]; i++)
			*at++ = '*';
}

/* What a service, or a proxy before it, repeats of the request must not get into texts. */
static void mask_secrets(const struct xf_call *call, char *text)
{
	static const char *const names[] = { "X-Amz-Security-Token", "x-amz-server-side-encryption-customer-key" };
	const char *authorization = xf_headers_get(&call->headers, "Authorization");
	const char *signature = authorization ? strstr(authorization, "Signature=") : NULL;
	if (signature)
		mask(text, signature + strlen("Signature="));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		mask(text, xf_headers_get(&call->headers, names[i]));
}

static void fill_error(struct xf_call *call, const struct xf_s3_error *e, int http_status,
		       struct xf_error *err)
{
	char text[sizeof(err->message)];
	enum xf_status status = http_status == 404 ? XF_NOT_FOUND :
		http_status == 401 || http_status == 403 ? XF_DENIED : XF_SERVICE;
	if (http_status == 412 && call->request.op == XF_OP_GET_OBJECT)
		status = XF_CHANGED;
	xf_s3_explain(e, http_status, call->request.op, call->client->where, call->bucket, call->key,
		      text, sizeof(text));
	mask_secrets(call, text);
	*err = XF_ERROR_INIT;
	xf_fail(err, status, "%s", text);
	err->http_status = http_status;
	snprintf(err->code, sizeof(err->code), "%s", e->code);
	snprintf(err->request_id, sizeof(err->request_id), "%s", e->request_id);
}

/* A 200 that holds an error, or what nobody can read: as good as a 500. */
static enum xf_status accept_reply(struct xf_call *call, struct xf_s3_error *e)
{
	const struct xf_http_reply *reply = &call->reply;
	if (!call->sink && reply->status == 200 && reply->body_len &&
	    xf_s3_parse_error(reply->body, reply->body_len, e))
		return XF_BAD_REPLY;
	enum xf_status status = call->accept ? call->accept(call) : XF_OK;
	if (status == XF_BAD_REPLY) {
		*e = (struct xf_s3_error){ .code = "500" };
		snprintf(e->message, sizeof(e->message), "it answered 200 with a document that cannot be read");
	}
	return status;
}

/* XF_OK: done. Else err says why, and *o what retrying thinks of it. */
static enum xf_status attempt_once(struct xf_call *call, struct xf_retry_outcome *o,
				   struct xf_error *err)
{
	struct xf_s3_error e = { 0 };
	*o = (struct xf_retry_outcome){ 0 };
	o->status = get_ready(call, err);
	if (!o->status)
		o->status = exchange(call, err);
	if (o->status)
		return o->status;
	int http_status = o->http_status = call->reply.status;
	if (http_status >= 200 && http_status < 300) {
		enum xf_status status = accept_reply(call, &e);
		if (!status)
			return XF_OK;
		if (status != XF_BAD_REPLY)
			return xf_fail(err, status, "%s", xf_status_sentence(status));
		o->http_status = 500;
		fill_error(call, &e, 500, err);
		err->http_status = http_status;
		return err->status = e.message[0] && strcmp(e.code, "500") ? XF_SERVICE : XF_BAD_REPLY;
	}
	xf_s3_error_of(http_status, &call->reply.headers, call->reply.body, call->reply.body_len, &e);
	e.no_signature = call->client->anonymous;
	fill_error(call, &e, http_status, err);
	o->code = err->code;
	o->retry_after_ns = xf_retry_after_ns(xf_headers_get(&call->reply.headers, "retry-after"), now_s(call));
	return err->status;
}

/* ---- between attempts --------------------------------------------------------------------------- */

/* The clocks differ: take over the service's, once a call. */
static bool correct_skew(struct xf_call *call, const struct xf_error *err)
{
	struct tm tm = { 0 };
	const char *date = xf_headers_get(&call->reply.headers, "date");
	if (call->skew_corrected || strcmp(err->code, "RequestTimeTooSkewed") || !date ||
	    !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return false;
	call->skew_corrected = true;
	atomic_store_explicit(&call->client->skew_s, (int64_t)timegm(&tm) - time(NULL), memory_order_relaxed);
	return true;
}

/* Not of the service: something before it does not know Expect, and the body was not sent. Again without (RFC 9110, 10.1.1). */
static bool expect_refused(struct xf_call *call, const struct xf_retry_outcome *o)
{
	if (o->http_status != 417 || !call->expected)
		return false;
	atomic_store_explicit(&call->client->no_expect, true, memory_order_relaxed);
	return true;
}

/* Uniform in [0, 1): splitmix64 over a shared counter. */
static double next_random(struct xf_client *client)
{
	uint64_t z = atomic_fetch_add_explicit(&client->random, 0x9e3779b97f4a7c15ull, memory_order_relaxed);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* Whether and after how long there is another attempt. */
static bool may_retry(struct xf_call *call, const struct xf_retry_outcome *o,
		      const struct xf_error *err, uint64_t *delay_ns)
{
	const struct xf_retry_policy *policy = &call->client->retries;
	*delay_ns = 0;
	if (expect_refused(call, o))
		return true;
	if (call->streaming || call->attempt >= policy->max_attempts)
		return false;
	if (correct_skew(call, err))
		return true;
	enum xf_retry_kind kind = xf_retry_kind(policy->mode, o);
	if (kind == XF_RETRY_NO)
		return false;
	if (policy->mode != XF_RETRY_LEGACY && !xf_retry_quota_take(&call->client->quota, kind, &call->taken))
		return false;
	*delay_ns = xf_retry_delay_ns(policy->mode, call->attempt, next_random(call->client), o->retry_after_ns);
	return true;
}

static enum xf_status back_off(struct xf_call *call, const struct xf_error *err, uint64_t delay_ns,
			       struct xf_error *out)
{
	const struct xf_call_hooks *hooks = call->hooks;
	if (hooks && hooks->retry)
		hooks->retry(hooks->ctx, &(struct xf_retry_report){ .attempt = call->attempt,
			.backoff_ns = delay_ns, .http_status = err->http_status, .reason = err->code });
	XF_EVENT(backoff, .request = call->reply.request, .delay_ns = delay_ns,
		 .attempt = (uint16_t)call->attempt);
	if (delay_ns)
		xf_sleep_ns(delay_ns, "retry back-off", hooks ? hooks->unless : NULL);
	if (ask_go(call) == XF_GO_ON && !(hooks && hooks->unless && xf_latch_peek(hooks->unless)))
		return XF_OK;
	return xf_fail(out, XF_CANCELLED, "not tried again, as the transfer is over (%s)", err->message);
}

/* The last attempt's error becomes the call's. */
static enum xf_status finish_error(struct xf_call *call, struct xf_error *last)
{
	size_t len = strlen(last->message);
	if (call->attempt > 1 && last->status != XF_CANCELLED && sizeof(last->message) - len > 32)
		snprintf(last->message + len, sizeof(last->message) - len, ", after %u attempts", call->attempt);
	name_error(call, last);
	if (call->err && call->err->status == XF_OK)
		*call->err = *last;
	return last->status;
}

enum xf_status xf_call_run(struct xf_call *call)
{
	struct xf_error last;
	enum xf_status status;
	make_invocation(call);
	if (call->source)
		xf_payload_init(&call->payload, call->source, call->hooks, call->algorithm, wants_trailer(call));
	for (;;) {
		struct xf_retry_outcome outcome;
		uint64_t delay_ns;
		last = XF_ERROR_INIT;
		call->attempt++;
		if (ask_go(call) != XF_GO_ON) {
			status = xf_fail(&last, XF_CANCELLED, "not sent, as the transfer is over");
			break;
		}
		status = attempt_once(call, &outcome, &last);
		if (!status || !may_retry(call, &outcome, &last, &delay_ns))
			break;
		struct xf_error gone = XF_ERROR_INIT;
		status = back_off(call, &last, delay_ns, &gone);
		if (status) {
			last = gone;
			break;
		}
	}
	if (!status && call->client->retries.mode != XF_RETRY_LEGACY)
		xf_retry_quota_refund(&call->client->quota, call->taken);
	if (call->source) {
		struct xf_error mine = XF_ERROR_INIT;
		enum xf_status told = xf_payload_flush(&call->payload, &mine);
		if (told && !status)
			status = told, last = mine;
	}
	return status ? finish_error(call, &last) : XF_OK;
}
