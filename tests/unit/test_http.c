/* http: heads and bodies of HTTP/1, fed whole and in every cut. */
#include "tests/unit/t.h"

#include "tracer/foreign/http.h"

/* What came out, as one line of text. */
struct got {
	char text[4096];
	bool no_body;
};

static void add(struct got *g, const char *text, size_t len)
{
	size_t used = strlen(g->text);

	assert_true(used + len < sizeof(g->text));
	memcpy(g->text + used, text, len);
	g->text[used + len] = 0;
}

static bool on_head(void *ctx, const struct tr_http_head *h)
{
	struct got *g = ctx;
	char line[2048];

	if (h->status)
		snprintf(line, sizeof(line), "[%u etag=%s", h->status, h->etag);
	else
		snprintf(line, sizeof(line), "[%s %s q=%x part=%u id=%s host=%s len=%llu dec=%llu",
			 h->method, h->path, h->query, h->part_number, h->upload_id, h->host,
			 (unsigned long long)h->length, (unsigned long long)h->decoded_length);
	add(g, line, strlen(line));
	snprintf(line, sizeof(line), " f=%x]", h->facts);
	add(g, line, strlen(line));
	return !g->no_body;
}

static void on_body(void *ctx, const char *bytes, size_t len)
{
	add(ctx, bytes, len);
}

static void on_end(void *ctx, uint64_t len)
{
	char line[32];

	snprintf(line, sizeof(line), "(%llu)", (unsigned long long)len);
	add(ctx, line, strlen(line));
}

static const struct tr_http_ops ops = { on_head, on_body, on_end };

/* The stream cut into pieces of at most `piece` bytes. */
static void feed(struct got *g, bool response, const char *stream, size_t len, size_t piece, bool lost)
{
	struct tr_http h;

	g->text[0] = 0;
	tr_http_init(&h, response);
	for (size_t at = 0; at < len; at += piece)
		tr_http_feed(&h, stream + at, len - at < piece ? len - at : piece, &ops, g);
	if (lost)
		assert_int_equal(h.state, TR_HTTP_LOST);
	else
		assert_true(tr_http_finish(&h, &ops, g));
}

/* Whole, in every piece size, and cut in two at every byte: always the same. */
static void expect(bool response, const char *stream, const char *want)
{
	size_t len = strlen(stream);
	struct got g = { .no_body = false };
	struct tr_http h;

	for (size_t piece = 1; piece <= len; piece++) {
		feed(&g, response, stream, len, piece, false);
		assert_string_equal(g.text, want);
	}
	for (size_t cut = 0; cut <= len; cut++) {
		g.text[0] = 0;
		tr_http_init(&h, response);
		tr_http_feed(&h, stream, cut, &ops, &g);
		tr_http_feed(&h, stream + cut, len - cut, &ops, &g);
		tr_http_finish(&h, &ops, &g);
		assert_string_equal(g.text, want);
	}
}

static void expect_lost(bool response, const char *stream)
{
	struct got g = { .no_body = false };

	feed(&g, response, stream, strlen(stream), 1, true);
	feed(&g, response, stream, strlen(stream), strlen(stream), true);
}

static void a_request_with_a_length(void **state)
{
	(void)state;
	expect(false,
	       "PUT /b/a%20key?partNumber=3&uploadId=ab%2Fc HTTP/1.1\r\nHost: h:9\r\n"
	       "Content-Length: 5\r\n\r\nhello",
	       "[PUT /b/a key q=6 part=3 id=ab/c host=h:9 len=5 dec=0 f=2]hello(5)");
}

static void requests_that_follow_each_other(void **state)
{
	(void)state;
	expect(false,
	       "GET /x HTTP/1.1\r\nHost: a\r\n\r\nPOST /b/k?uploads HTTP/1.1\r\nHost: a\r\n"
	       "Content-Length: 0\r\n\r\n\r\nHEAD /y HTTP/1.0\r\n\r\n",
	       "[GET /x q=0 part=0 id= host=a len=0 dec=0 f=0](0)"
	       "[POST /b/k q=1 part=0 id= host=a len=0 dec=0 f=2](0)"
	       "[HEAD /y q=0 part=0 id= host= len=0 dec=0 f=0](0)");
}

static void a_chunked_body_with_trailers(void **state)
{
	(void)state;
	expect(false,
	       "PUT /b/k HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
	       "X-Amz-Decoded-Content-Length: 7\r\n\r\n"
	       "3;chunk-signature=00\r\nabc\r\n4\r\ndefg\r\n0\r\nx-amz-checksum-crc32: AA==\r\n\r\n",
	       "[PUT /b/k q=0 part=0 id= host= len=0 dec=7 f=1]abcdefg(7)");
}

static void an_answer_and_the_one_before_it(void **state)
{
	(void)state;
	expect(true,
	       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nETag: \"ab-2\"\r\n"
	       "Content-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n",
	       "[100 etag= f=0](0)[200 etag=ab-2 f=2]ok(2)[204 etag= f=0](0)");
}

static void an_answer_that_ends_with_the_connection(void **state)
{
	(void)state;
	expect(true, "HTTP/1.0 200\r\nConnection: close\r\n\r\neverything else",
	       "[200 etag= f=8]everything else(15)");
}

static void the_answer_to_head_has_no_body(void **state)
{
	struct got g = { .no_body = true };
	const char *stream = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";

	(void)state;
	feed(&g, true, stream, strlen(stream), 1, false);
	assert_string_equal(g.text, "[200 etag= f=2](0)[200 etag= f=0](0)");
}

static void the_absolute_form_names_the_host(void **state)
{
	(void)state;
	expect(false, "PUT http://b.s3.amazonaws.com/k HTTP/1.1\r\n\r\n",
	       "[PUT /k q=0 part=0 id= host=b.s3.amazonaws.com len=0 dec=0 f=0](0)");
}

/* Nothing of a credential may be anywhere in the parser when the head has gone by. */
static void credentials_are_never_copied(void **state)
{
	const char *stream =
		"PUT /b/k?X-Amz-Credential=SECRET1&X-Amz-Signature=SECRET2&X-Amz-Security-Token=SECRET3"
		" HTTP/1.1\r\nAuthorization: AWS4 SECRET4\r\nX-Amz-Security-Token: SECRET5\r\n"
		"x-amz-copy-source: /SECRET6\r\nCookie: SECRET7\r\nContent-Length: 9\r\n\r\n";
	size_t len = strlen(stream);
	struct got g = { .no_body = false };
	struct tr_http h;

	(void)state;
	tr_http_init(&h, false);
	for (size_t i = 0; i < len; i++) {
		tr_http_feed(&h, stream + i, 1, &ops, &g);
		assert_null(memmem(&h, sizeof(h), "SECRET", 6));
	}
	assert_true(h.head.facts & TR_HTTP_PRESIGNED);
	assert_true(h.head.facts & TR_HTTP_COPY);
}

static void bytes_that_are_not_http(void **state)
{
	(void)state;
	expect_lost(false, "\x16\x03\x01\x02");
	expect_lost(false, "put /lower HTTP/1.1\r\n");
	expect_lost(false, "PUT /x HTTP/2.0\r\n\r\n");
	expect_lost(false, "PUT /x\r\nHost: x\r\n\r\n");
	expect_lost(false, "PUT /x HTTP/1.1\r\nContent-Length: 12x\r\n\r\n");
	expect_lost(false, "PUT /x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n");
	expect_lost(false, "PUT /x HTTP/1.1\r\nbad name: 1\r\n\r\n");
	expect_lost(false, "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
	expect_lost(true, "SSH-2.0-OpenSSH\r\n");
	expect_lost(true, "HTTP/1.1 20 no\r\n\r\n");
	expect_lost(true, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

static void http2_is_known_by_its_preface(void **state)
{
	struct got g = { .no_body = false };
	struct tr_http h;

	(void)state;
	tr_http_init(&h, false);
	tr_http_feed(&h, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, &ops, &g);
	assert_int_equal(h.state, TR_HTTP_LOST);
	assert_true(h.version2);
}

static void bytes_nobody_could_see_are_skipped(void **state)
{
	struct got g = { .no_body = false };
	struct tr_http h;

	(void)state;
	tr_http_init(&h, false);
	tr_http_feed(&h, "PUT /k HTTP/1.1\r\nContent-Length: 100\r\n\r\nab", 42, &ops, &g);
	tr_http_skip(&h, 98, &ops, &g);
	assert_true(tr_http_idle(&h));
	assert_string_equal(g.text, "[PUT /k q=0 part=0 id= host= len=100 dec=0 f=2]ab(100)");
	tr_http_skip(&h, 1, &ops, &g);
	assert_int_equal(h.state, TR_HTTP_LOST);
}

static void a_head_without_end_is_given_up(void **state)
{
	struct got g = { .no_body = false };
	struct tr_http h;

	(void)state;
	tr_http_init(&h, false);
	tr_http_feed(&h, "GET /", 5, &ops, &g);
	for (int i = 0; i < TR_HTTP_HEAD_MAX; i++)
		tr_http_feed(&h, "a", 1, &ops, &g);
	assert_int_equal(h.state, TR_HTTP_LOST);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_request_with_a_length),
	cmocka_unit_test(requests_that_follow_each_other),
	cmocka_unit_test(a_chunked_body_with_trailers),
	cmocka_unit_test(an_answer_and_the_one_before_it),
	cmocka_unit_test(an_answer_that_ends_with_the_connection),
	cmocka_unit_test(the_answer_to_head_has_no_body),
	cmocka_unit_test(the_absolute_form_names_the_host),
	cmocka_unit_test(credentials_are_never_copied),
	cmocka_unit_test(bytes_that_are_not_http),
	cmocka_unit_test(http2_is_known_by_its_preface),
	cmocka_unit_test(bytes_nobody_could_see_are_skipped),
	cmocka_unit_test(a_head_without_end_is_given_up),
};

T_MAIN(tests)
