/* exchange: core/s3/http against a server that behaves as the script says. */
#include "tests/unit/t.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "core/s3/http.h"
#include "tests/unit/t_server.h"

#define MS 1000000ull
#define OK_EMPTY "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n"
#define REFUSED "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nno, a"
enum { BIG = 8 << 20 };

/* ---- a run: server, client, what came of it, and the events on the way */

struct run {
	struct t_server *server;
	struct xf_http *http;
	struct xf_http_reply reply;
	struct xf_error err;
	char url[128];
};

static char events[2048];

static void note(void *ctx, const struct xf_gate_point *point)
{
	static const struct xf_field *reused;
	const struct xf_kind_info *info = xf_kind_info(point->record->kind);
	(void)ctx;
	if (info->group != XF_GROUP_REQUEST)
		return;
	strcat(events, events[0] ? " " : "");
	strcat(events, info->name);
	if (!strcmp(info->name, "connected")) {
		reused = xf_field_find(XF_EV_connected, "reused");
		strcat(events, xf_field_get(point->record, reused) ? "+" : "");
	}
}

static const struct xf_gate_policy policy = { .pass = note };

static struct run start(const struct t_act *script, bool tls, struct xf_http_options options)
{
	struct run r = { .server = t_server_start(script, tls), .err = XF_ERROR_INIT };
	events[0] = '\0';
	xf_gate_install(&policy);
	if (tls && !options.ca_bundle)
		options.ca_bundle = t_server_ca(r.server);
	if (!options.read_timeout_ns)
		options.read_timeout_ns = 30000 * MS;
	assert_int_equal(xf_http_new(&options, &r.http, &r.err), XF_OK);
	snprintf(r.url, sizeof(r.url), "%s/b/k?partNumber=1", t_server_url(r.server));
	return r;
}

static void stop(struct run *r)
{
	xf_http_reply_fini(&r->reply);
	xf_http_free(r->http);
	xf_gate_install(NULL);
	t_server_stop(r->server);
}

static enum xf_status get(struct run *r)
{
	r->err = XF_ERROR_INIT;
	return xf_http_exchange(r->http, &(struct xf_http_request){ .method = "GET", .url = r->url,
		.op = XF_OP_GET_OBJECT, .attempt = 1 }, &r->reply, &r->err);
}

static enum xf_status put(struct run *r, const struct xf_body *body)
{
	r->err = XF_ERROR_INIT;
	return xf_http_exchange(r->http, &(struct xf_http_request){ .method = "PUT", .url = r->url,
		.body = body, .expect = true, .op = XF_OP_PUT_OBJECT, .attempt = 1 }, &r->reply, &r->err);
}

static uint64_t now_ns(void)
{
	return xf_clock_mono_ns();
}

static unsigned heads(const struct run *r)
{
	unsigned nr = 0;
	for (const char *at = t_server_heard(r->server); (at = strstr(at, " HTTP/1.1\r\n")); at++)
		nr++;
	return nr;
}

static char *bytes(size_t n)
{
	char *p = malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 26);
	p[n] = '\0';
	return p;
}

/* ---- plain answers */

static void a_get_returns_status_headers_and_body(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 200 OK\r\nX-A:  b \r\nContent-Length: 5\r\n\r\nhello" }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	assert_int_equal(get(&r), XF_OK);
	assert_int_equal(r.reply.status, 200);
	assert_string_equal(xf_headers_get(&r.reply.headers, "x-a"), "b");
	assert_string_equal(r.reply.body, "hello");
	assert_int_equal(r.reply.received, 5);
	assert_string_equal(events, "request_start connected body_sent first_byte response");
	stop(&r);
}

static void the_request_holds_what_was_asked_for(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_BODY, NULL, 3 },
		{ T_SAY, OK_EMPTY }, { T_END } }, false, (struct xf_http_options){ 0 });
	struct xf_headers headers = XF_HEADERS_INIT;
	struct xf_body body = xf_body_memory("abc", 3);
	xf_headers_add(&headers, "X-One", "1");
	xf_headers_add(&headers, "X-Empty", "");
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "POST", .url = r.url,
		.headers = &headers, .body = &body }, &r.reply, &r.err), XF_OK);
	t_server_join(r.server);
	char expected[256];
	snprintf(expected, sizeof(expected), "POST /b/k?partNumber=1 HTTP/1.1\r\nHost: %s\r\nX-One: 1\r\nX-Empty:\r\n"
		 "Content-Length: 3\r\n\r\nabc", t_server_url(r.server) + 7);
	assert_string_equal(t_server_heard(r.server), expected);
	xf_headers_fini(&headers);
	stop(&r);
}

static void an_empty_put_says_its_length(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_END } },
		false, (struct xf_http_options){ .expect_wait_ns = 3000 * MS });
	struct xf_body body = xf_body_empty();
	uint64_t began = now_ns();
	assert_int_equal(put(&r, &body), XF_OK);
	assert_true(now_ns() - began < 2000 * MS);
	t_server_join(r.server);
	assert_non_null(strstr(t_server_heard(r.server), "Content-Length: 0\r\n"));
	assert_non_null(strstr(t_server_heard(r.server), "Expect: 100-continue\r\n"));
	assert_true(r.reply.body_complete);
	stop(&r);
}

static void a_head_has_no_body_to_wait_for(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" }, { T_PAUSE, NULL, 200 }, { T_END } },
		false, (struct xf_http_options){ 0 });
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "HEAD", .url = r.url },
		&r.reply, &r.err), XF_OK);
	assert_string_equal(xf_headers_get(&r.reply.headers, "Content-Length"), "500");
	stop(&r);
}

static enum xf_status add_up(void *ctx, const void *data, size_t len, struct xf_error *err)
{
	(void)data, (void)err;
	*(size_t *)ctx += len;
	return XF_OK;
}

static void a_sink_takes_a_success_and_not_an_error(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 206 Partial\r\nContent-Length: 3000000\r\n\r\n" }, { T_SAY_BIG, NULL, 3000000 },
		{ T_HEAD }, { T_SAY, "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n" },
		{ T_END } }, false, (struct xf_http_options){ 0 });
	size_t got = 0;
	struct xf_http_request request = { .method = "GET", .url = r.url, .sink = add_up, .sink_ctx = &got };
	assert_int_equal(xf_http_exchange(r.http, &request, &r.reply, &r.err), XF_OK);
	assert_int_equal(got, 3000000);
	assert_int_equal(r.reply.body_len, 0);
	assert_int_equal(xf_http_exchange(r.http, &request, &r.reply, &r.err), XF_OK);
	assert_int_equal(got, 3000000);
	assert_string_equal(r.reply.body, "no");
	stop(&r);
}

static enum xf_status refuse(void *ctx, const void *data, size_t len, struct xf_error *err)
{
	(void)ctx, (void)data, (void)len;
	return xf_fail(err, XF_IO, "the disk is full");
}

static void a_sink_that_fails_ends_the_request(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" }, { T_SAY_BIG, NULL, 3000000 }, { T_END } },
		false, (struct xf_http_options){ 0 });
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "GET", .url = r.url,
		.sink = refuse }, &r.reply, &r.err), XF_IO);
	assert_string_equal(r.err.message, "the disk is full");
	assert_non_null(strstr(events, "connection_closed"));
	stop(&r);
}

/* ---- Expect: 100-continue */

static void a_body_follows_100(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_PAUSE, NULL, 100 },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, BIG }, { T_SAY, OK_EMPTY }, { T_END } },
		false, (struct xf_http_options){ 0 });
	char *data = bytes(BIG);
	struct xf_body body = xf_body_memory(data, BIG);
	assert_int_equal(put(&r, &body), XF_OK);
	assert_int_equal(r.reply.sent, BIG);
	t_server_join(r.server);
	assert_memory_equal(strstr(t_server_heard(r.server), "\r\n\r\n") + 4, data, BIG);
	assert_string_equal(events, "request_start connected continued body_sent first_byte response");
	free(data);
	stop(&r);
}

static void a_100_without_a_reason_and_other_interim_answers_are_fine(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 102 Processing\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\n" },
		{ T_BODY, NULL, 5 }, { T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" OK_EMPTY }, { T_END } },
		false, (struct xf_http_options){ .expect_wait_ns = 4000 * MS });
	struct xf_body body = xf_body_memory("hello", 5);
	uint64_t began = now_ns();
	assert_int_equal(put(&r, &body), XF_OK);
	assert_true(now_ns() - began < 3000 * MS);
	assert_int_equal(r.reply.status, 200);
	assert_null(xf_headers_get(&r.reply.headers, "X-Early"));
	stop(&r);
}

static void silence_lets_the_body_go_after_the_wait(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_BODY, NULL, 5 },
		{ T_SAY, OK_EMPTY }, { T_END } }, false, (struct xf_http_options){ .expect_wait_ns = 300 * MS });
	struct xf_body body = xf_body_memory("hello", 5);
	uint64_t began = now_ns();
	assert_int_equal(put(&r, &body), XF_OK);
	uint64_t took = now_ns() - began;
	assert_true(took >= 300 * MS && took < 2000 * MS);
	assert_string_equal(events, "request_start connected continued body_sent first_byte response");
	stop(&r);
}

static void a_refusal_keeps_the_body_and_poisons_nothing(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, REFUSED }, { T_EOF },
		{ T_ACCEPT }, { T_HEAD }, { T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, 5 },
		{ T_SAY, OK_EMPTY }, { T_END } }, false, (struct xf_http_options){ 0 });
	struct xf_body body = xf_body_memory("hello", 5);
	assert_int_equal(put(&r, &body), XF_OK);
	assert_int_equal(r.reply.status, 403);
	assert_string_equal(r.reply.body, "no, a");
	assert_false(r.reply.body_complete);
	assert_string_equal(events, "request_start connected continued first_byte connection_closed response");
	assert_int_equal(put(&r, &body), XF_OK);
	assert_int_equal(r.reply.status, 200);
	t_server_join(r.server);
	assert_int_equal(t_server_connections(r.server), 2);
	assert_int_equal(heads(&r), 2);
	stop(&r);
}

static void a_success_before_the_body_is_none(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_EOF },
		{ T_END } }, false, (struct xf_http_options){ 0 });
	struct xf_body body = xf_body_memory("hello", 5);
	assert_int_equal(put(&r, &body), XF_BAD_REPLY);
	assert_non_null(strstr(r.err.message, "answered 200 before it had the whole body"));
	assert_non_null(strstr(events, "connection_closed"));
	stop(&r);
}

static void a_417_is_an_answer_and_nothing_is_sent_again(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n" }, { T_EOF }, { T_END } },
		false, (struct xf_http_options){ 0 });
	struct xf_body body = xf_body_memory("hello", 5);
	assert_int_equal(put(&r, &body), XF_OK);
	assert_int_equal(r.reply.status, 417);
	xf_http_free(r.http);
	r.http = NULL;
	t_server_join(r.server);
	assert_int_equal(heads(&r), 1);
	assert_int_equal(t_server_connections(r.server), 1);
	stop(&r);
}

static void an_answer_in_mid_body_ends_the_sending(void **state)
{
	(void)state;
	char *data = bytes(BIG);
	for (int i = 0; i < 25; i++) {
		struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
			{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, 100000 }, { T_SAY, REFUSED },
			{ i % 2 ? T_CLOSE : T_PAUSE, NULL, 50 }, { T_END } }, false, (struct xf_http_options){ 0 });
		struct xf_body body = xf_body_memory(data, BIG);
		assert_int_equal(put(&r, &body), XF_OK);
		assert_int_equal(r.reply.status, 403);
		assert_false(r.reply.body_complete);
		assert_non_null(strstr(events, "connection_closed"));
		stop(&r);
	}
	free(data);
}

/* ---- what breaks */

static void a_reset_before_the_answer_is_closed(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_RESET }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	assert_int_equal(get(&r), XF_CLOSED);
	assert_non_null(strstr(r.err.message, "closed the connection without an answer"));
	stop(&r);
}

static void a_reset_in_mid_body_is_closed(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, 100000 }, { T_RESET }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	char *data = bytes(BIG);
	struct xf_body body = xf_body_memory(data, BIG);
	assert_int_equal(put(&r, &body), XF_CLOSED);
	assert_non_null(strstr(r.err.message, "while the request was being sent"));
	free(data);
	stop(&r);
}

static void a_cut_answer_is_closed(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf" }, { T_CLOSE }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	assert_int_equal(get(&r), XF_CLOSED);
	assert_non_null(strstr(r.err.message, "in the middle of the answer"));
	stop(&r);
}

static void a_stall_ends_at_the_read_limit(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_EOF }, { T_END } }, false,
		(struct xf_http_options){ .read_timeout_ns = 300 * MS });
	uint64_t began = now_ns();
	assert_int_equal(get(&r), XF_TIMEOUT);
	uint64_t took = now_ns() - began;
	assert_true(took >= 300 * MS && took < 2000 * MS);
	assert_non_null(strstr(events, "connection_closed"));
	stop(&r);
}

static void a_slow_answer_is_no_stall(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na" }, { T_PAUSE, NULL, 250 }, { T_SAY, "b" },
		{ T_PAUSE, NULL, 250 }, { T_SAY, "c" }, { T_PAUSE, NULL, 250 }, { T_SAY, "d" }, { T_END } }, false,
		(struct xf_http_options){ .read_timeout_ns = 500 * MS });
	assert_int_equal(get(&r), XF_OK);
	assert_string_equal(r.reply.body, "abcd");
	stop(&r);
}

static void a_server_that_stops_reading_is_a_stall(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_PAUSE, NULL, 1500 }, { T_END } }, false,
		(struct xf_http_options){ .read_timeout_ns = 300 * MS });
	char *data = bytes(4 * BIG);
	struct xf_body body = xf_body_memory(data, 4 * BIG);
	assert_int_equal(put(&r, &body), XF_TIMEOUT);
	assert_non_null(strstr(r.err.message, "took no more bytes"));
	free(data);
	stop(&r);
}

static void nobody_listening_is_connect(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_END } }, false, (struct xf_http_options){ 0 });
	t_server_join(r.server);
	snprintf(r.url, sizeof(r.url), "http://127.0.0.1:1/");
	assert_int_equal(get(&r), XF_CONNECT);
	assert_string_equal(events, "request_start response");
	stop(&r);
}

static void garbage_is_a_bad_reply(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "SSH-2.0-OpenSSH_9.2\r\nhello\r\n\r\n" }, { T_CLOSE }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	assert_int_equal(get(&r), XF_BAD_REPLY);
	stop(&r);
}

/* ---- connections */

static void a_kept_connection_is_used_again(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_HEAD },
		{ T_SAY, OK_EMPTY }, { T_HEAD }, { T_SAY, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" },
		{ T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_EOF }, { T_END } }, false, (struct xf_http_options){ 0 });
	for (int i = 0; i < 4; i++)
		assert_int_equal(get(&r), XF_OK);
	assert_string_equal(events,
		"request_start connected body_sent first_byte response "
		"request_start connected+ body_sent first_byte response "
		"request_start connected+ body_sent first_byte connection_closed response "
		"request_start connected body_sent first_byte response");
	stop(&r);
}

static void a_kept_connection_that_dies_is_not_replaced_silently(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_HEAD },
		{ T_CLOSE }, { T_END } }, false, (struct xf_http_options){ 0 });
	assert_int_equal(get(&r), XF_OK);
	assert_int_equal(get(&r), XF_CLOSED);
	t_server_join(r.server);
	assert_int_equal(t_server_connections(r.server), 1);
	assert_int_equal(heads(&r), 2);
	stop(&r);
}

/* The next attempt is one, and not what libcurl was refused to do by itself. */
static void a_body_is_sent_again_after_a_kept_connection_died(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_HEAD }, { T_BODY },
		{ T_CLOSE }, { T_ACCEPT }, { T_HEAD }, { T_BODY }, { T_SAY, OK_EMPTY }, { T_END } }, false, (struct xf_http_options){ 0 });
	struct xf_body body = xf_body_memory("hello", 5);
	const struct xf_http_request post = { .method = "POST", .url = r.url, .body = &body };
	assert_int_equal(get(&r), XF_OK);
	assert_int_equal(xf_http_exchange(r.http, &post, &r.reply, &r.err), XF_CLOSED);
	r.err = XF_ERROR_INIT;
	assert_int_equal(xf_http_exchange(r.http, &post, &r.reply, &r.err), XF_OK);
	t_server_join(r.server);
	assert_int_equal(t_server_connections(r.server), 2);
	assert_int_equal(heads(&r), 3);
	stop(&r);
}

static void an_expecting_put_on_a_dying_connection_is_not_resent(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_HEAD },
		{ T_RESET }, { T_END } }, false, (struct xf_http_options){ 0 });
	struct xf_body body = xf_body_memory("hello", 5);
	assert_int_equal(get(&r), XF_OK);
	assert_int_equal(put(&r, &body), XF_CLOSED);
	t_server_join(r.server);
	assert_int_equal(t_server_connections(r.server), 1);
	stop(&r);
}

/* ---- stopping */

static _Atomic int verdict;

static enum xf_go look(void *ctx)
{
	(void)ctx;
	return (enum xf_go)atomic_load(&verdict);
}

static void *interrupt_soon(void *arg)
{
	nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
	atomic_store(&verdict, XF_GO_DROP);
	xf_http_interrupt(arg);
	return NULL;
}

static void an_interrupt_drops_a_request_that_waits(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_EOF }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	struct xf_http_watch watch = { .go = look };
	pthread_t thread;
	atomic_store(&verdict, XF_GO_ON);
	pthread_create(&thread, NULL, interrupt_soon, r.http);
	uint64_t began = now_ns();
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "GET", .url = r.url,
		.watch = &watch }, &r.reply, &r.err), XF_CANCELLED);
	assert_true(now_ns() - began < 1500 * MS);
	pthread_join(thread, NULL);
	stop(&r);
}

static enum xf_go stop_after_reads(void *ctx)
{
	return (*(int *)ctx)-- > 0 ? XF_GO_ON : XF_GO_NO_MORE_BODY;
}

static void no_more_body_stops_in_mid_body(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_EOF }, { T_END } }, false, (struct xf_http_options){ 0 });
	char *data = bytes(BIG);
	int asks = 8;
	struct xf_body body = xf_body_memory(data, BIG);
	struct xf_http_watch watch = { .ctx = &asks, .go = stop_after_reads };
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "PUT", .url = r.url,
		.body = &body, .expect = true, .watch = &watch }, &r.reply, &r.err), XF_CANCELLED);
	t_server_join(r.server);
	assert_true(t_server_heard_len(r.server) < BIG);
	free(data);
	stop(&r);
}

static void a_source_that_ends_early_fails_at_once(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_EOF }, { T_END } }, false, (struct xf_http_options){ 0 });
	FILE *f = tmpfile();
	assert_int_equal(ftruncate(fileno(f), 1000000), 0);
	struct xf_body body = xf_body_file(fileno(f), 500000, 1000000, "big.bin");
	uint64_t began = now_ns();
	assert_int_equal(put(&r, &body), XF_SHORT_READ);
	assert_true(now_ns() - began < 1500 * MS);
	assert_non_null(strstr(r.err.message, "big.bin ended at byte 1000000 of the 1500000"));
	fclose(f);
	stop(&r);
}

static enum xf_status say_no(void *ctx, struct xf_error *err)
{
	(void)ctx;
	return xf_fail(err, XF_CREDENTIALS, "no keys");
}

static void a_failing_prepare_sends_nothing(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_END } }, false, (struct xf_http_options){ 0 });
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "GET", .url = r.url,
		.prepare = say_no }, &r.reply, &r.err), XF_CREDENTIALS);
	assert_string_equal(events, "request_start response");
	stop(&r);
}

/* ---- TLS */

static void tls_is_verified_and_reused(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_HEAD },
		{ T_SAY, OK_EMPTY }, { T_EOF }, { T_END } }, true, (struct xf_http_options){ 0 });
	assert_int_equal(get(&r), XF_OK);
	assert_int_equal(get(&r), XF_OK);
	assert_string_equal(events, "request_start connected tls_done body_sent first_byte response "
			    "request_start connected+ body_sent first_byte response");
	stop(&r);
}

static void an_unknown_certificate_is_refused(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_END } }, true,
		(struct xf_http_options){ .ca_bundle = "/etc/ssl/certs/ca-certificates.crt" });
	assert_int_equal(get(&r), XF_TLS);
	assert_non_null(strstr(r.err.message, "--ca-bundle"));
	stop(&r);
}

static void no_verify_accepts_any_certificate(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_END } }, true,
		(struct xf_http_options){ .ca_bundle = "/etc/ssl/certs/ca-certificates.crt", .no_verify = true });
	assert_int_equal(get(&r), XF_OK);
	stop(&r);
}

static void a_chunked_body_over_tls_is_whole(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_CHUNKED }, { T_SAY, OK_EMPTY }, { T_END } }, true,
		(struct xf_http_options){ 0 });
	char *data = bytes(3000000);
	struct xf_body body = xf_body_memory(data, 3000000);
	assert_int_equal(xf_http_exchange(r.http, &(struct xf_http_request){ .method = "PUT", .url = r.url,
		.body = &body, .expect = true, .chunked = true }, &r.reply, &r.err), XF_OK);
	t_server_join(r.server);
	assert_non_null(strstr(t_server_heard(r.server), "Transfer-Encoding: chunked\r\n"));
	assert_null(strstr(t_server_heard(r.server), "Content-Length"));
	assert_true(t_server_heard_len(r.server) > 3000000);
	assert_string_equal(events,
		"request_start connected tls_done continued body_sent first_byte response");
	assert_true(r.reply.body_complete);
	free(data);
	stop(&r);
}

static void a_stall_over_tls_ends_too(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_EOF }, { T_END } }, true,
		(struct xf_http_options){ .read_timeout_ns = 300 * MS });
	assert_int_equal(get(&r), XF_TIMEOUT);
	stop(&r);
}

static void a_refusal_over_tls_keeps_the_body(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD }, { T_SAY, REFUSED }, { T_EOF }, { T_END } },
		true, (struct xf_http_options){ 0 });
	struct xf_body body = xf_body_memory("hello", 5);
	assert_int_equal(put(&r, &body), XF_OK);
	assert_int_equal(r.reply.status, 403);
	xf_http_free(r.http);
	r.http = NULL;
	t_server_join(r.server);
	assert_null(strstr(t_server_heard(r.server), "hello"));
	stop(&r);
}

/* ---- a body that goes from where it lies */

struct direct {
	struct xf_http_direct how;
	uint64_t admitted, passed;
	unsigned admits;
	uint64_t largest;
};

static enum xf_status admit(void *ctx, size_t len, struct xf_error *err)
{
	struct direct *d = ctx;
	(void)err;
	d->admitted += len;
	d->admits++;
	return XF_OK;
}

static enum xf_status passed(void *ctx, size_t len, uint64_t waited_ns, struct xf_error *err)
{
	struct direct *d = ctx;
	(void)err, (void)waited_ns;
	d->passed += len;
	if (len > d->largest)
		d->largest = len;
	return XF_OK;
}

static enum xf_status never(void *ctx, uint64_t at, void *buf, size_t len, size_t *got, struct xf_error *err)
{
	(void)ctx, (void)at, (void)buf, (void)len;
	*got = 0;
	return xf_fail(err, XF_STATE, "the body was read");
}

/* What would be read must not be: the request's body says so in words. */
static enum xf_status put_direct(struct run *r, struct direct *d, const struct xf_body *source)
{
	struct xf_body body = { .size = source->size, .read = never, .fd = -1 };
	*d = (struct direct){ .how = { source, d, admit, passed } };
	r->err = XF_ERROR_INIT;
	return xf_http_exchange(r->http, &(struct xf_http_request){ .method = "PUT", .url = r->url, .body = &body,
		.direct = &d->how, .expect = true, .op = XF_OP_PUT_OBJECT, .attempt = 1 }, &r->reply, &r->err);
}

static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("body", 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	return fd;
}

static void a_file_goes_to_the_socket_and_the_connection_is_kept(void **state)
{
	(void)state;
	enum { SIZE = 3000000, SKIP = 11 };
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, SIZE }, { T_SAY, OK_EMPTY }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, 5 }, { T_SAY, OK_EMPTY }, { T_END } }, false,
		(struct xf_http_options){ 0 });
	struct direct d;
	char *data = bytes(SKIP + SIZE);
	int fd = file_of(data, SKIP + SIZE);
	struct xf_body file = xf_body_file(fd, SKIP, SIZE, "f"), memory = xf_body_memory("hello", 5);
	assert_int_equal(put_direct(&r, &d, &file), XF_OK);
	assert_int_equal(d.admitted, SIZE);
	assert_int_equal(d.admits, (SIZE + 262143) / 262144);
	assert_int_equal(d.passed, SIZE);
	assert_true(d.largest <= 262144);
	assert_true(r.reply.body_complete);
	assert_string_equal(events, "request_start connected continued body_sent first_byte response");
	assert_int_equal(put_direct(&r, &d, &memory), XF_OK);
	assert_non_null(strstr(events, "connected+"));
	t_server_join(r.server);
	assert_non_null(strstr(t_server_heard(r.server), data + SKIP)); /* whole, and in order */
	assert_non_null(strstr(t_server_heard(r.server), "Content-Length: 3000000\r\n"));
	close(fd);
	free(data);
	stop(&r);
}

static void a_file_cut_while_it_is_pushed_fails_at_once(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_EOF }, { T_END } }, false, (struct xf_http_options){ 0 });
	struct direct d;
	int fd = file_of("hello", 5);
	struct xf_body file = xf_body_file(fd, 0, 100, "f");
	assert_int_equal(put_direct(&r, &d, &file), XF_SHORT_READ);
	assert_int_equal(d.passed, 5);
	close(fd);
	stop(&r);
}

static void a_refusal_stops_the_pushing_and_poisons_nothing(void **state)
{
	(void)state;
	enum { SIZE = 30000000 };
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" }, { T_EOF },
		{ T_ACCEPT }, { T_HEAD }, { T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_BODY, NULL, 1000 },
		{ T_SAY, "HTTP/1.1 503 Slow\r\nContent-Length: 0\r\n\r\n" }, { T_EOF },
		{ T_ACCEPT }, { T_HEAD }, { T_SAY, OK_EMPTY }, { T_END } }, false, (struct xf_http_options){ 0 });
	struct direct d;
	char *data = bytes(SIZE);
	int fd = file_of(data, SIZE);
	struct xf_body file = xf_body_file(fd, 0, SIZE, "f");
	assert_int_equal(put_direct(&r, &d, &file), XF_OK); /* before a byte */
	assert_int_equal(r.reply.status, 403);
	assert_int_equal(d.passed, 0);
	assert_int_equal(put_direct(&r, &d, &file), XF_OK); /* in mid-body */
	assert_int_equal(r.reply.status, 503);
	assert_true(d.passed > 0);
	assert_false(r.reply.body_complete);
	assert_int_equal(get(&r), XF_OK);                   /* a new connection */
	assert_int_equal(heads(&r), 3);
	close(fd);
	free(data);
	stop(&r);
}

/* TLS must see the bytes, and so must whoever frames them. */
static void over_tls_the_body_is_read(void **state)
{
	(void)state;
	struct run r = start((const struct t_act[]){ { T_ACCEPT }, { T_HEAD },
		{ T_SAY, "HTTP/1.1 100 Continue\r\n\r\n" }, { T_EOF }, { T_END } }, true, (struct xf_http_options){ 0 });
	struct direct d;
	struct xf_body memory = xf_body_memory("hello", 5);
	assert_int_equal(put_direct(&r, &d, &memory), XF_STATE);
	assert_int_equal(d.passed, 0);
	stop(&r);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_get_returns_status_headers_and_body),
	cmocka_unit_test(the_request_holds_what_was_asked_for),
	cmocka_unit_test(an_empty_put_says_its_length),
	cmocka_unit_test(a_head_has_no_body_to_wait_for),
	cmocka_unit_test(a_sink_takes_a_success_and_not_an_error),
	cmocka_unit_test(a_sink_that_fails_ends_the_request),
	cmocka_unit_test(a_body_follows_100),
	cmocka_unit_test(a_100_without_a_reason_and_other_interim_answers_are_fine),
	cmocka_unit_test(silence_lets_the_body_go_after_the_wait),
	cmocka_unit_test(a_refusal_keeps_the_body_and_poisons_nothing),
	cmocka_unit_test(a_success_before_the_body_is_none),
	cmocka_unit_test(a_417_is_an_answer_and_nothing_is_sent_again),
	cmocka_unit_test(an_answer_in_mid_body_ends_the_sending),
	cmocka_unit_test(a_reset_before_the_answer_is_closed),
	cmocka_unit_test(a_reset_in_mid_body_is_closed),
	cmocka_unit_test(a_cut_answer_is_closed),
	cmocka_unit_test(a_stall_ends_at_the_read_limit),
	cmocka_unit_test(a_slow_answer_is_no_stall),
	cmocka_unit_test(a_server_that_stops_reading_is_a_stall),
	cmocka_unit_test(nobody_listening_is_connect),
	cmocka_unit_test(garbage_is_a_bad_reply),
	cmocka_unit_test(a_kept_connection_is_used_again),
	cmocka_unit_test(a_kept_connection_that_dies_is_not_replaced_silently),
	cmocka_unit_test(a_body_is_sent_again_after_a_kept_connection_died),
	cmocka_unit_test(an_expecting_put_on_a_dying_connection_is_not_resent),
	cmocka_unit_test(an_interrupt_drops_a_request_that_waits),
	cmocka_unit_test(no_more_body_stops_in_mid_body),
	cmocka_unit_test(a_source_that_ends_early_fails_at_once),
	cmocka_unit_test(a_failing_prepare_sends_nothing),
	cmocka_unit_test(tls_is_verified_and_reused),
	cmocka_unit_test(an_unknown_certificate_is_refused),
	cmocka_unit_test(no_verify_accepts_any_certificate),
	cmocka_unit_test(a_chunked_body_over_tls_is_whole),
	cmocka_unit_test(a_stall_over_tls_ends_too),
	cmocka_unit_test(a_refusal_over_tls_keeps_the_body),
	cmocka_unit_test(a_file_goes_to_the_socket_and_the_connection_is_kept),
	cmocka_unit_test(a_file_cut_while_it_is_pushed_fails_at_once),
	cmocka_unit_test(a_refusal_stops_the_pushing_and_poisons_nothing),
	cmocka_unit_test(over_tls_the_body_is_read),
};

T_MAIN(tests)
