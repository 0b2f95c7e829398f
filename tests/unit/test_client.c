/* client: whole calls against a scripted server: attempts, integrity, answers, errors. */
#include "tests/unit/t.h"

#include <time.h>
#include <unistd.h>

#include "core/s3/checksum.h"
#include "core/s3/client.h"
#include "tests/unit/t_server.h"

#define SECRET "canary/secret+key"
#define MS 1000000ull
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define STORED "HTTP/1.1 200 OK\r\nETag: \"5d41402abc4b2a76b9719d911017c592\"\r\nx-amz-request-id: R7\r\n"
#define SLOW_DOWN "HTTP/1.1 503 Slow Down\r\n" EMPTY
#define HELLO_CRC32 "NhCmhg=="
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* The first back-offs of this seed are below 20 ms. */
enum { QUICK_SEED = 2759390 };

struct run {
	struct t_server *server;
	struct xf_client *client;
	struct xf_http *http;
	struct xf_error err;
	/* what the hooks saw */
	struct xf_call_hooks hooks;
	int64_t progress, most, least;
	unsigned steps, hashed, sent, retries;
	char reason[64];
};

static enum xf_status on_progress(void *ctx, int64_t n, struct xf_error *err)
{
	struct run *r = ctx;
	(void)err;
	r->progress += n;
	r->steps++;
	r->most = n > r->most ? n : r->most;
	r->least = n < r->least ? n : r->least;
	return XF_OK;
}

static void on_hashed(void *ctx, uint64_t bytes, uint64_t took_ns)
{
	(void)bytes, (void)took_ns;
	((struct run *)ctx)->hashed++;
}

static void on_sent(void *ctx, uint64_t bytes, uint64_t reading_ns, unsigned attempt)
{
	(void)bytes, (void)reading_ns, (void)attempt;
	((struct run *)ctx)->sent++;
}

static void on_retry(void *ctx, const struct xf_retry_report *report)
{
	struct run *r = ctx;
	r->retries++;
	snprintf(r->reason, sizeof(r->reason), "%s", report->reason);
}

static void clean_environment(void)
{
	static const char *const names[] = { "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "http_proxy", "https_proxy",
		"AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static void start(struct run *r, const struct t_act *script, bool tls, struct xf_client_options o)
{
	*r = (struct run){ .server = t_server_start(script, tls), .err = XF_ERROR_INIT };
	clean_environment();
	o.endpoint_url = t_server_url(r->server);
	if (tls)
		o.ca_bundle = t_server_ca(r->server);
	if (!o.no_sign_request) {
		o.access_key = "AKIDEXAMPLE";
		o.secret_key = SECRET;
	}
	o.seed = QUICK_SEED;
	if (!o.read_timeout_ns)
		o.read_timeout_ns = 30000 * MS;
	r->hooks = (struct xf_call_hooks){ .ctx = r, .transfer = 1, .part = 3, .progress = on_progress,
		.hashed = on_hashed, .sent = on_sent, .retry = on_retry };
	assert_int_equal(xf_client_new(&o, &r->client, &r->err), XF_OK);
	assert_int_equal(xf_client_http(r->client, &r->http, &r->err), XF_OK);
}

static void stop(struct run *r)
{
	xf_http_free(r->http);
	xf_client_free(r->client);
	t_server_join(r->server); /* a script that ends in T_EOF reads until here */
	assert_null(strstr(t_server_heard(r->server), SECRET));
	assert_null(strstr(r->err.message, SECRET));
	t_server_stop(r->server);
}

static enum xf_status put(struct run *r, struct xf_body body, struct xf_s3_put_output *out)
{
	return xf_s3_put_object(r->client, r->http,
		&(struct xf_s3_put_input){ .bucket = "bkt", .key = "k", .body = body }, out, &r->hooks, &r->err);
}

static enum xf_status put_hello(struct run *r, struct xf_s3_put_output *out)
{
	return put(r, xf_body_memory("hello", 5), out);
}

static void heard(const struct run *r, const char *text)
{
	if (!strstr(t_server_heard(r->server), text))
		fail_msg("not heard: %s\nin: %s", text, t_server_heard(r->server));
}

static void not_heard(const struct run *r, const char *text)
{
	if (strstr(t_server_heard(r->server), text))
		fail_msg("heard: %s\nin: %s", text, t_server_heard(r->server));
}

/* ---- integrity and signing */

static void over_http_the_checksum_is_a_header_and_the_body_is_signed(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, STORED "x-amz-checksum-crc32: " HELLO_CRC32 "\r\n" EMPTY }, { T_END } }, false,
		(struct xf_client_options){ .region = "eu-west-1" });
	assert_int_equal(put_hello(&r, &out), XF_OK);
	t_server_join(r.server);
	heard(&r, "PUT /bkt/k HTTP/1.1\r\n");
	heard(&r, "Expect: 100-continue\r\n");
	heard(&r, "Content-Length: 5\r\n");
	heard(&r, "x-amz-sdk-checksum-algorithm: CRC32\r\n");
	heard(&r, "x-amz-checksum-crc32: " HELLO_CRC32 "\r\n");
	heard(&r, "X-Amz-Content-SHA256: " HELLO_SHA256 "\r\n");
	heard(&r, "amz-sdk-request: attempt=1\r\n");
	heard(&r, "/eu-west-1/s3/aws4_request");
	not_heard(&r, "aws-chunked");
	assert_int_equal(out.answer.attempts, 1);
	assert_string_equal(out.answer.etag, "\"5d41402abc4b2a76b9719d911017c592\"");
	assert_string_equal(out.answer.request_id, "R7");
	assert_string_equal(out.answer.checksum.value, HELLO_CRC32);
	assert_int_equal(r.hashed, 1);
	assert_int_equal(r.sent, 1);
	assert_int_equal(r.progress, 5);
	stop(&r);
}

static void over_https_the_checksum_follows_in_a_trailer(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	struct xf_extra extra = XF_EXTRA_INIT;
	xf_extra_set(&extra, XF_EXTRA_CONTENT_ENCODING, "gzip", NULL);
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_CHUNKED },
		{ T_SAY, STORED EMPTY }, { T_END } }, true, (struct xf_client_options){ 0 });
	assert_int_equal(xf_s3_put_object(r.client, r.http, &(struct xf_s3_put_input){ .bucket = "bkt", .key = "k",
		.body = xf_body_memory("hello", 5), .extra = &extra }, &out, &r.hooks, &r.err), XF_OK);
	t_server_join(r.server);
	heard(&r, "X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n");
	heard(&r, "X-Amz-Trailer: x-amz-checksum-crc32\r\n");
	heard(&r, "X-Amz-Decoded-Content-Length: 5\r\n");
	heard(&r, "Content-Encoding: gzip,aws-chunked\r\n");
	heard(&r, "Transfer-Encoding: chunked\r\n");
	heard(&r, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" HELLO_CRC32 "\r\n\r\n");
	not_heard(&r, "Content-Length: 4");
	assert_int_equal(r.hashed, 0);
	assert_int_equal(r.progress, 5);
	xf_extra_fini(&extra);
	stop(&r);
}

static void when_required_there_is_no_checksum_and_the_body_is_signed(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, STORED EMPTY }, { T_END } }, true,
		(struct xf_client_options){ .request_checksum_calculation = "when_required" });
	assert_int_equal(put_hello(&r, &out), XF_OK);
	t_server_join(r.server);
	heard(&r, "X-Amz-Content-SHA256: " HELLO_SHA256 "\r\n");
	not_heard(&r, "x-amz-checksum");
	not_heard(&r, "x-amz-sdk-checksum");
	stop(&r);
}

static void a_supplied_checksum_stands_alone(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	struct xf_extra extra = XF_EXTRA_INIT;
	xf_extra_set(&extra, XF_EXTRA_CHECKSUM_CRC32, HELLO_CRC32, NULL);
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, STORED EMPTY }, { T_END } }, true, (struct xf_client_options){ 0 });
	assert_int_equal(xf_s3_put_object(r.client, r.http, &(struct xf_s3_put_input){ .bucket = "bkt", .key = "k",
		.body = xf_body_memory("hello", 5), .extra = &extra }, &out, &r.hooks, &r.err), XF_OK);
	t_server_join(r.server);
	heard(&r, "x-amz-checksum-crc32: " HELLO_CRC32 "\r\n");
	heard(&r, "X-Amz-Content-SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n");
	not_heard(&r, "x-amz-sdk-checksum");
	assert_int_equal(r.hashed, 1);
	xf_extra_fini(&extra);
	stop(&r);
}

static void an_anonymous_request_is_not_signed(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, STORED EMPTY }, { T_END } }, false, (struct xf_client_options){ .no_sign_request = true });
	assert_int_equal(put_hello(&r, &out), XF_OK);
	t_server_join(r.server);
	heard(&r, "x-amz-checksum-crc32: " HELLO_CRC32 "\r\n");
	not_heard(&r, "Authorization");
	not_heard(&r, "X-Amz-Content-SHA256");
	stop(&r);
}

static void an_anonymous_request_over_tls_has_its_checksum_in_a_trailer(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_CHUNKED },
		{ T_SAY, STORED EMPTY }, { T_END } }, true, (struct xf_client_options){ .no_sign_request = true });
	assert_int_equal(put_hello(&r, &out), XF_OK);
	t_server_join(r.server);
	heard(&r, "X-Amz-Trailer: x-amz-checksum-crc32\r\n");
	heard(&r, "X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n");
	not_heard(&r, "Authorization");
	assert_int_equal(r.hashed, 0);
	stop(&r);
}

static void a_wrong_checksum_in_the_answer_is_an_error(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, STORED "x-amz-checksum-crc32: AAAAAA==\r\n" EMPTY }, { T_END } }, false,
		(struct xf_client_options){ 0 });
	assert_int_equal(put_hello(&r, &out), XF_CHECKSUM);
	assert_string_equal(r.err.operation, "PutObject");
	assert_non_null(strstr(r.err.message, "AAAAAA=="));
	stop(&r);
}

static void a_success_without_an_etag_is_an_error(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, "HTTP/1.1 200 OK\r\n" EMPTY }, { T_END } }, false, (struct xf_client_options){ 0 });
	assert_int_equal(put_hello(&r, &out), XF_NO_ETAG);
	assert_string_equal(r.err.code, "no-etag");
	stop(&r);
}

static void an_md5_that_is_known_is_compared(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_SAY, STORED EMPTY }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 }, { T_SAY, STORED EMPTY },
		{ T_END } }, false, (struct xf_client_options){ 0 });
	struct xf_s3_put_input in = { .bucket = "bkt", .key = "k", .body = xf_body_memory("hello", 5),
				      .content_md5 = "XUFAKrxLKna5cZ2REBfFkg==" };
	assert_int_equal(xf_s3_put_object(r.client, r.http, &in, &out, NULL, &r.err), XF_OK);
	in.content_md5 = "AAAAAAAAAAAAAAAAAAAAAA==";
	assert_int_equal(xf_s3_put_object(r.client, r.http, &in, &out, NULL, &r.err), XF_CHECKSUM);
	stop(&r);
}

/* ---- attempts */

static void overload_is_tried_again_and_counted_once(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	char *data = malloc(1 << 20);
	memset(data, '.', 1 << 20);
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 1 << 20 },
		{ T_SAY, SLOW_DOWN }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 1 << 20 }, { T_SAY, SLOW_DOWN },
		{ T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 1 << 20 }, { T_SAY, STORED EMPTY }, { T_END } }, false,
		(struct xf_client_options){ 0 });
	assert_int_equal(put(&r, xf_body_memory(data, 1 << 20), &out), XF_OK);
	assert_int_equal(out.answer.attempts, 3);
	assert_int_equal(r.retries, 2);
	assert_string_equal(r.reason, "503");
	assert_int_equal(r.progress, 1 << 20);
	assert_int_equal(r.steps, 4);
	assert_int_equal(r.most, 262144);
	assert_int_equal(r.least, 0);
	assert_int_equal(r.hashed, 1);
	assert_int_equal(r.sent, 3);
	t_server_join(r.server);
	heard(&r, "amz-sdk-request: attempt=1\r\n");
	heard(&r, "amz-sdk-request: attempt=3; max=5\r\n");
	free(data);
	stop(&r);
}

static void a_reset_in_mid_body_is_tried_again_and_progress_stays_exact(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	enum { SIZE = 4 << 20 };
	char *data = calloc(1, SIZE);
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 1 << 20 },
		{ T_RESET }, { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, SIZE },
		{ T_SAY, STORED EMPTY }, { T_END } }, false, (struct xf_client_options){ 0 });
	assert_int_equal(put(&r, xf_body_memory(data, SIZE), &out), XF_OK);
	assert_int_equal(r.progress, SIZE);
	assert_int_equal(r.least, 0);
	assert_string_equal(r.reason, "closed");
	free(data);
	stop(&r);
}

static void a_trailer_is_made_anew_for_each_attempt(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	enum { SIZE = 2500000 };
	char *data = malloc(SIZE), crc[XF_DIGEST_TEXT_SIZE];
	struct xf_digest digest;
	memset(data, '.', SIZE);
	xf_checksum_of(&digest, XF_CHECKSUM_CRC32, data, SIZE);
	xf_digest_text(&digest, crc);
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_CHUNKED },
		{ T_SAY, SLOW_DOWN }, { T_HEAD }, { T_SAY, CONTINUE }, { T_CHUNKED }, { T_SAY, STORED EMPTY }, { T_END } },
		true, (struct xf_client_options){ 0 });
	assert_int_equal(put(&r, xf_body_memory(data, SIZE), &out), XF_OK);
	assert_int_equal(out.answer.attempts, 2);
	assert_int_equal(r.progress, SIZE);
	assert_int_equal(r.most, 1 << 20);
	unsigned trailers = 0;
	t_server_join(r.server);
	for (const char *at = t_server_heard(r.server); (at = strstr(at, "x-amz-checksum-crc32:")); at++)
		trailers += !strncmp(at + 21, crc, strlen(crc));
	assert_int_equal(trailers, 2);
	free(data);
	stop(&r);
}

static void a_refusal_is_final_and_explained(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 404 Not Found\r\nx-amz-request-id: R1\r\nContent-Length: 84\r\n\r\n"
			 "<Error><Code>NoSuchBucket</Code><Message>no</Message><RequestId>R1</RequestId></Error>" },
		{ T_EOF }, { T_END } }, false, (struct xf_client_options){ 0 });
	assert_int_equal(put_hello(&r, &out), XF_NOT_FOUND);
	assert_int_equal(r.err.http_status, 404);
	assert_int_equal(r.err.part, 3);
	assert_string_equal(r.err.operation, "PutObject");
	assert_non_null(strstr(r.err.message, t_server_url(r.server)));
	assert_int_equal(r.retries, 0);
	stop(&r);
}

static void an_error_inside_a_200_counts_as_a_500(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_part_output out;
	static const char error[] = "<Error><Code>InternalError</Code><Message>sorry</Message></Error>";
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 },
		{ T_ANSWER, error }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 }, { T_ANSWER, error }, { T_END } },
		false, (struct xf_client_options){ .max_attempts = 2 });
	assert_int_equal(xf_s3_upload_part(r.client, r.http, &(struct xf_s3_part_input){ .bucket = "bkt",
		.key = "k", .upload_id = "u", .part_number = 3, .body = xf_body_memory("hello", 5) }, &out, &r.hooks,
		&r.err), XF_SERVICE);
	assert_string_equal(r.err.code, "InternalError");
	assert_non_null(strstr(r.err.message, "after 2 attempts"));
	assert_int_equal(r.retries, 1);
	stop(&r);
}

static void nobody_listening_is_tried_as_often_as_allowed(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_END } }, false, (struct xf_client_options){ 0 });
	t_server_join(r.server);
	xf_client_free(r.client);
	assert_int_equal(xf_client_new(&(struct xf_client_options){ .endpoint_url = "http://127.0.0.1:1",
		.access_key = "A", .secret_key = SECRET, .max_attempts = 3, .seed = QUICK_SEED }, &r.client, &r.err), XF_OK);
	assert_int_equal(put_hello(&r, &out), XF_CONNECT);
	assert_int_equal(r.retries, 2);
	assert_non_null(strstr(r.err.message, "nobody listens at http://127.0.0.1:1"));
	stop(&r);
}

static void a_clock_that_is_wrong_is_corrected(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 403 Forbidden\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\nConnection: close\r\n"
			 "Content-Length: 83\r\n\r\n<Error><Code>RequestTimeTooSkewed</Code><Message>The difference</Message></Error>   " },
		{ T_EOF }, { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_BODY, NULL, 5 }, { T_SAY, STORED EMPTY },
		{ T_END } }, false, (struct xf_client_options){ 0 });
	assert_int_equal(put_hello(&r, &out), XF_OK);
	t_server_join(r.server);
	heard(&r, "X-Amz-Date: 20130524T0000");
	stop(&r);
}

static enum xf_go never(void *ctx)
{
	(void)ctx;
	return XF_GO_NO_MORE_BODY;
}

static void a_call_after_the_end_sends_nothing(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	start(&r, (const struct t_act[]){ { T_END } }, false, (struct xf_client_options){ 0 });
	r.hooks.go = never;
	assert_int_equal(put_hello(&r, &out), XF_CANCELLED);
	t_server_join(r.server);
	assert_int_equal(t_server_connections(r.server), 0);
	stop(&r);
}

static void a_back_off_ends_when_the_transfer_does(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	struct xf_latch latch;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 503 Slow\r\nRetry-After: 60\r\n" EMPTY }, { T_EOF }, { T_END } }, false,
		(struct xf_client_options){ 0 });
	xf_latch_init(&latch, "done");
	xf_latch_set(&latch);
	r.hooks.unless = &latch;
	uint64_t began = xf_clock_mono_ns();
	assert_int_equal(put_hello(&r, &out), XF_CANCELLED);
	assert_true(xf_clock_mono_ns() - began < 3000 * MS);
	xf_latch_fini(&latch);
	stop(&r);
}

static enum xf_status fail_progress(void *ctx, int64_t n, struct xf_error *err)
{
	(void)ctx, (void)n;
	return xf_fail(err, XF_STATE, "the callback has had enough");
}

static void a_progress_callback_that_fails_fails_the_call(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_put_output out;
	char *data = calloc(1, 4 << 20);
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, CONTINUE }, { T_EOF }, { T_END } }, false,
		(struct xf_client_options){ 0 });
	r.hooks.progress = fail_progress;
	assert_int_equal(put(&r, xf_body_memory(data, 4 << 20), &out), XF_STATE);
	assert_string_equal(r.err.message, "the callback has had enough");
	free(data);
	stop(&r);
}

/* ---- multipart */

#define CREATED "<InitiateMultipartUploadResult><UploadId>u/1</UploadId></InitiateMultipartUploadResult>"
#define COMPLETED "<CompleteMultipartUploadResult><ETag>&quot;x-1&quot;</ETag></CompleteMultipartUploadResult>"
#define NAMELESS "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"

static void a_multipart_upload_is_four_kinds_of_requests(void **state)
{
	(void)state;
	struct run r;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_ANSWER, CREATED }, { T_HEAD }, { T_SAY, CONTINUE },
		{ T_BODY, NULL, 5 }, { T_SAY, STORED "x-amz-checksum-crc32: " HELLO_CRC32 "\r\n" EMPTY }, { T_HEAD },
		{ T_BODY }, { T_ANSWER, COMPLETED }, { T_HEAD }, { T_SAY, "HTTP/1.1 204 No Content\r\n\r\n" },
		{ T_EOF }, { T_END } }, false, (struct xf_client_options){ 0 });
	struct xf_s3_create_output created;
	struct xf_s3_part_output part;
	struct xf_s3_complete_output completed;
	struct xf_s3_answer aborted;
	assert_int_equal(xf_s3_create_multipart_upload(r.client, r.http,
		&(struct xf_s3_create_input){ .bucket = "bkt", .key = "k" }, &created, NULL, &r.err), XF_OK);
	assert_string_equal(created.upload_id, "u/1");
	assert_int_equal(xf_s3_upload_part(r.client, r.http, &(struct xf_s3_part_input){ .bucket = "bkt", .key = "k",
		.upload_id = created.upload_id, .part_number = 1, .body = xf_body_memory("hello", 5) }, &part, NULL,
		&r.err), XF_OK);
	assert_string_equal(part.part.checksum.value, HELLO_CRC32);
	assert_string_equal(part.part.computed.value, HELLO_CRC32);
	assert_int_equal(xf_s3_complete_multipart_upload(r.client, r.http, &(struct xf_s3_complete_input){
		.bucket = "bkt", .key = "k", .upload_id = "u/1", .parts = &part.part, .nr_parts = 1, .size = 5 },
		&completed, NULL, &r.err), XF_OK);
	assert_string_equal(completed.answer.etag, "\"x-1\"");
	assert_int_equal(xf_s3_abort_multipart_upload(r.client, r.http, &(struct xf_s3_abort_input){
		.bucket = "bkt", .key = "k", .upload_id = "u/1" }, &aborted, NULL, &r.err), XF_OK);
	assert_int_equal(aborted.http_status, 204);
	xf_http_free(r.http);
	r.http = NULL;
	t_server_join(r.server);
	heard(&r, "POST /bkt/k?uploads= HTTP/1.1\r\n");
	heard(&r, "x-amz-checksum-algorithm: CRC32\r\n");
	heard(&r, "PUT /bkt/k?partNumber=1&uploadId=u%2F1 HTTP/1.1\r\n");
	heard(&r, "POST /bkt/k?uploadId=u%2F1 HTTP/1.1\r\n");
	heard(&r, "<PartNumber>1</PartNumber><ChecksumCRC32>" HELLO_CRC32 "</ChecksumCRC32>");
	heard(&r, "DELETE /bkt/k?uploadId=u%2F1 HTTP/1.1\r\n");
	stop(&r);
}

static enum xf_status complete(struct run *r, uint64_t size, struct xf_s3_complete_output *out)
{
	const struct xf_s3_part part = { .number = 1, .etag = "\"a\"" };
	return xf_s3_complete_multipart_upload(r->client, r->http, &(struct xf_s3_complete_input){ .bucket = "bkt",
		.key = "k", .upload_id = "u", .parts = &part, .nr_parts = 1, .size = size }, out, NULL, &r->err);
}

static void a_nameless_complete_is_settled_by_head(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_complete_output out;
	const struct t_act script[] = { { T_ACCEPT }, { T_HEAD }, { T_BODY }, { T_ANSWER, NAMELESS },
		{ T_HEAD }, { T_SAY, "HTTP/1.1 200 OK\r\nETag: \"h-1\"\r\nContent-Length: 9\r\n\r\n" }, { T_END } };
	start(&r, script, false, (struct xf_client_options){ 0 });
	assert_int_equal(complete(&r, 9, &out), XF_OK);
	assert_true(out.settled_by_head);
	assert_string_equal(out.answer.etag, "\"h-1\"");
	stop(&r);
	start(&r, script, false, (struct xf_client_options){ 0 });
	assert_int_equal(complete(&r, 10, &out), XF_NO_ETAG);
	stop(&r);
}

static void lists_are_read_page_by_page(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_list_parts_output out;
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_ANSWER, "<ListPartsResult><IsTruncated>true</IsTruncated>"
			 "<NextPartNumberMarker>1</NextPartNumberMarker><Part><PartNumber>1</PartNumber>"
			 "<ETag>a</ETag><Size>5</Size></Part></ListPartsResult>" },
		{ T_HEAD }, { T_ANSWER, "<ListPartsResult><IsTruncated>false</IsTruncated>"
			 "<Part><PartNumber>2</PartNumber><ETag>b</ETag><Size>6</Size></Part></ListPartsResult>" },
		{ T_END } }, false, (struct xf_client_options){ .read_timeout_ns = 500 * MS, .max_attempts = 1 });
	assert_int_equal(xf_s3_list_parts(r.client, r.http, &(struct xf_s3_list_parts_input){ .bucket = "bkt",
		.key = "k", .upload_id = "u" }, &out, NULL, &r.err), XF_OK);
	assert_int_equal(out.nr, 2);
	assert_int_equal(out.parts[1].size, 6);
	t_server_join(r.server);
	heard(&r, "GET /bkt/k?part-number-marker=1&uploadId=u HTTP/1.1\r\n");
	free(out.parts);
	stop(&r);
}

/* ---- GetObject */

static enum xf_status collect(void *ctx, const void *data, size_t len, struct xf_error *err)
{
	(void)err;
	strncat(ctx, data, len);
	return XF_OK;
}

static enum xf_status fetch(struct run *r, const char *if_match, char *text, struct xf_s3_get_output *out)
{
	text[0] = '\0';
	return xf_s3_get_object(r->client, r->http, &(struct xf_s3_get_input){ .bucket = "bkt", .key = "k",
		.ranged = if_match != NULL, .first = 2, .last = 4, .if_match = if_match, .sink = collect,
		.sink_ctx = text }, out, &r->hooks, &r->err);
}

static void a_download_is_verified(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_get_output out;
	char text[64];
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, STORED "x-amz-checksum-crc32: " HELLO_CRC32 "\r\nContent-Length: 5\r\n\r\nhello" }, { T_HEAD },
		{ T_SAY, STORED "x-amz-checksum-crc32: " HELLO_CRC32 "\r\nContent-Length: 5\r\n\r\nhallo" }, { T_END } },
		false, (struct xf_client_options){ 0 });
	assert_int_equal(fetch(&r, NULL, text, &out), XF_OK);
	assert_string_equal(text, "hello");
	assert_int_equal(out.size, 5);
	assert_int_equal(r.progress, 5);
	assert_int_equal(fetch(&r, NULL, text, &out), XF_CHECKSUM);
	t_server_join(r.server);
	heard(&r, "x-amz-checksum-mode: ENABLED\r\n");
	stop(&r);
}

static void a_range_must_be_the_one_asked_for(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_get_output out;
	char text[64];
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 206 P\r\nContent-Range: bytes 2-4/5\r\nContent-Length: 3\r\n\r\nllo" }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 206 P\r\nContent-Range: bytes 0-2/5\r\nContent-Length: 3\r\n\r\nhel" }, { T_EOF },
		{ T_END } }, false, (struct xf_client_options){ 0 });
	assert_int_equal(fetch(&r, "\"e\"", text, &out), XF_OK);
	assert_string_equal(text, "llo");
	assert_int_equal(out.size, 5);
	assert_int_equal(fetch(&r, "\"e\"", text, &out), XF_BAD_REPLY);
	xf_http_free(r.http);
	r.http = NULL;
	t_server_join(r.server);
	heard(&r, "Range: bytes=2-4\r\n");
	heard(&r, "If-Match: \"e\"\r\n");
	stop(&r);
}

static void a_broken_download_is_the_callers_to_ask_for_again(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_get_output out;
	char text[64];
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, SLOW_DOWN }, { T_HEAD },
		{ T_SAY, STORED "Content-Length: 5\r\n\r\nhel" }, { T_CLOSE }, { T_END } }, false,
		(struct xf_client_options){ 0 });
	assert_int_equal(fetch(&r, NULL, text, &out), XF_CLOSED);
	assert_int_equal(out.received, 3);
	assert_int_equal(r.retries, 1);
	stop(&r);
}

static void an_object_that_changed_is_said_to_have(void **state)
{
	(void)state;
	struct run r;
	struct xf_s3_get_output out;
	char text[64];
	start(&r, (const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 412 Precondition Failed\r\n" EMPTY }, { T_END } }, false, (struct xf_client_options){ 0 });
	assert_int_equal(fetch(&r, "\"e\"", text, &out), XF_CHANGED);
	stop(&r);
}

/* ---- the client itself */

static void settings_come_from_flag_then_environment(void **state)
{
	(void)state;
	struct xf_client *client;
	struct xf_error err = XF_ERROR_INIT;
	clean_environment();
	setenv("AWS_ENDPOINT_URL", "http://env.example:1", 1);
	setenv("AWS_REGION", "eu-north-1", 1);
	setenv("AWS_RETRY_MODE", "standard", 1);
	setenv("AWS_ACCESS_KEY_ID", "AK", 1);
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	assert_int_equal(xf_client_new(&(struct xf_client_options){ 0 }, &client, &err), XF_OK);
	assert_string_equal(xf_client_where(client), "http://env.example:1");
	assert_string_equal(xf_client_endpoint(client)->region, "eu-north-1");
	assert_int_equal(xf_client_retries(client)->max_attempts, 3);
	assert_true(xf_client_has_credentials(client, NULL));
	xf_client_free(client);
	assert_int_equal(xf_client_new(&(struct xf_client_options){ .endpoint_url = "http://flag.example",
		.region = "us-west-2", .retry_mode = "legacy", .max_attempts = 9 }, &client, &err), XF_OK);
	assert_string_equal(xf_client_where(client), "http://flag.example");
	assert_string_equal(xf_client_endpoint(client)->region, "us-west-2");
	assert_int_equal(xf_client_retries(client)->max_attempts, 9);
	xf_client_free(client);
	assert_int_equal(xf_client_new(&(struct xf_client_options){ .retry_mode = "eager" }, &client, &err), XF_INVALID);
}

static void a_presigned_url_is_one(void **state)
{
	(void)state;
	struct xf_client *client;
	char *url = NULL;
	clean_environment();
	assert_int_equal(xf_client_new(&(struct xf_client_options){ .endpoint_url = "http://h:1", .access_key = "AK",
		.secret_key = SECRET }, &client, NULL), XF_OK);
	assert_int_equal(xf_s3_presign(client, "GET", "bkt", "a b", 60, &url, NULL), XF_OK);
	assert_int_equal(strncmp(url, "http://h:1/bkt/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&", 54), 0);
	assert_non_null(strstr(url, "X-Amz-Expires=60"));
	assert_null(strstr(url, SECRET));
	free(url);
	assert_int_equal(xf_s3_presign(client, "GET", "bkt", "", 60, &url, NULL), XF_INVALID);
	xf_client_free(client);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(over_http_the_checksum_is_a_header_and_the_body_is_signed),
	cmocka_unit_test(over_https_the_checksum_follows_in_a_trailer),
	cmocka_unit_test(when_required_there_is_no_checksum_and_the_body_is_signed),
	cmocka_unit_test(a_supplied_checksum_stands_alone),
	cmocka_unit_test(an_anonymous_request_is_not_signed),
	cmocka_unit_test(an_anonymous_request_over_tls_has_its_checksum_in_a_trailer),
	cmocka_unit_test(a_wrong_checksum_in_the_answer_is_an_error),
	cmocka_unit_test(a_success_without_an_etag_is_an_error),
	cmocka_unit_test(an_md5_that_is_known_is_compared),
	cmocka_unit_test(overload_is_tried_again_and_counted_once),
	cmocka_unit_test(a_reset_in_mid_body_is_tried_again_and_progress_stays_exact),
	cmocka_unit_test(a_trailer_is_made_anew_for_each_attempt),
	cmocka_unit_test(a_refusal_is_final_and_explained),
	cmocka_unit_test(an_error_inside_a_200_counts_as_a_500),
	cmocka_unit_test(nobody_listening_is_tried_as_often_as_allowed),
	cmocka_unit_test(a_clock_that_is_wrong_is_corrected),
	cmocka_unit_test(a_call_after_the_end_sends_nothing),
	cmocka_unit_test(a_back_off_ends_when_the_transfer_does),
	cmocka_unit_test(a_progress_callback_that_fails_fails_the_call),
	cmocka_unit_test(a_multipart_upload_is_four_kinds_of_requests),
	cmocka_unit_test(a_nameless_complete_is_settled_by_head),
	cmocka_unit_test(lists_are_read_page_by_page),
	cmocka_unit_test(a_download_is_verified),
	cmocka_unit_test(a_range_must_be_the_one_asked_for),
	cmocka_unit_test(a_broken_download_is_the_callers_to_ask_for_again),
	cmocka_unit_test(an_object_that_changed_is_said_to_have),
	cmocka_unit_test(settings_come_from_flag_then_environment),
	cmocka_unit_test(a_presigned_url_is_one),
};

T_MAIN(tests)
