/* wire: conversations in, events out; and the same events for every cut of them. */
#include "tests/unit/t.h"

#include <pthread.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "core/event/gate.h"
#include "core/event/segment.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/wire.h"

static struct tr_control *control;

/* ---- what was recorded, as text: one line an event, times left out */

struct reader {
	char texts[256][256];
	char *out;
	size_t cap;
};

static void add_text(struct reader *r, const struct xf_text_record *t)
{
	if (t->id < 256 && t->at + t->len < 256)
		memcpy(r->texts[t->id] + t->at, t->bytes, t->len);
}

static void print_field(struct reader *r, const struct xf_record *record, const struct xf_field *f)
{
	uint64_t v = xf_field_get(record, f);
	size_t used = strlen(r->out);
	char *to = r->out + used;

	if (f->type == XF_TYPE_ns || (v == 0 && f->type != XF_TYPE_flag && f->type != XF_TYPE_state))
		return;
	if (f->type == XF_TYPE_text)
		snprintf(to, r->cap - used, " %s=%s", f->name, r->texts[v % 256]);
	else if (f->type == XF_TYPE_op)
		snprintf(to, r->cap - used, " %s=%s", f->name, xf_op_name((enum xf_op)v));
	else if (f->type == XF_TYPE_state)
		snprintf(to, r->cap - used, " %s=%s", f->name, xf_state_name((enum xf_state)v));
	else if (f->type == XF_TYPE_how)
		snprintf(to, r->cap - used, " %s=%s", f->name, xf_how_name((enum xf_how)v));
	else if (v && strcmp(f->name, "skipped") != 0)
		snprintf(to, r->cap - used, " %s=%llu", f->name, (unsigned long long)v);
}

static void print_event(struct reader *r, const struct xf_record *record)
{
	const struct xf_kind_info *info = xf_kind_info(record->kind);

	if (info->group == XF_GROUP_META)
		return;
	strncat(r->out, info->name, r->cap - strlen(r->out) - 1);
	for (unsigned i = 0; i < info->nr_fields; i++)
		print_field(r, record, &info->fields[i]);
	strncat(r->out, "\n", r->cap - strlen(r->out) - 1);
}

static void read_segment(void *ctx, uint32_t index, const struct xf_segment *s)
{
	(void)index;
	struct reader *r = ctx;

	for (unsigned i = 0; i < XF_SEGMENT_RECORDS && s->records[i].commit == XF_COMMIT; i++)
		if (s->records[i].kind == XF_EV_text)
			add_text(r, (const struct xf_text_record *)&s->records[i]);
		else
			print_event(r, &s->records[i]);
}

/* ---- a conversation: '>' sent, '<' received, in pieces of at most `piece` bytes */

struct turn {
	char way;
	const char *bytes;
};

static void play(const struct turn *turns, size_t piece, const char *end, char *out, size_t cap)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_trace_options options = { .path = NULL };
	struct reader *r = calloc(1, sizeof(*r));
	int fd;

	assert_int_equal(xf_trace_start(&options, &err), XF_OK);
	uint32_t first_text = xf_text("x"); /* ids go on from recording to recording */
	control = tr_control_new(&fd);
	struct tr_wire *w = tr_wire_new(control, 40000, 0);
	for (const struct turn *t = turns; t->bytes; t++)
		for (size_t len = strlen(t->bytes), at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;
			if (t->way == '>')
				tr_wire_will_send(w, t->bytes + at, n, 0);
			(t->way == '>' ? tr_wire_sent : tr_wire_received)(w, t->bytes + at, n);
		}
	if (end)
		tr_wire_free(w, end);
	out[0] = 0;
	r->out = out;
	r->cap = cap;
	xf_trace_visit(read_segment, r);
	xf_trace_release();
	tr_control_free(control);
	close(fd);
	free(r);
	(void)first_text;
}

static void expect(const struct turn *turns, const char *end, const char *want)
{
	char got[8192];

	play(turns, SIZE_MAX, end, got, sizeof(got));
	assert_string_equal(got, want);
	for (size_t piece = 1; piece < 64; piece += piece < 4 ? 1 : 7) {
		play(turns, piece, end, got, sizeof(got));
		assert_string_equal(got, want);
	}
}

#define HOST "Host: 127.0.0.1:9\r\nAuthorization: AWS4-HMAC-SHA256 Credential=nobody\r\n"

static void a_multipart_upload(void **state)
{
	static const struct turn turns[] = {
		{ '>', "POST /b/k?uploads HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
		{ '<', "HTTP/1.1 200 OK\r\nx-amz-request-id: r1\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "43\r\n<?xml version=\"1.0\"?><R xmlns=\"x\"><Bucket>b</Bucket><UploadId>up1</\r\n"
		       "d\r\nUploadId></R>\r\n0\r\n\r\n" },
		{ '>', "PUT /b/k?partNumber=1&uploadId=up1 HTTP/1.1\r\n" HOST
		       "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n" },
		{ '<', "HTTP/1.1 100 Continue\r\n\r\n" },
		{ '>', "data" },
		{ '<', "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 0\r\n\r\n" },
		{ '>', "POST /b/k?uploadId=up1 HTTP/1.1\r\n" HOST "Content-Length: 94\r\n\r\n"
		       "<C><Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag></Part></C>"
		       "                     " },
		{ '<', "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n<R><ETag>\"whole-1\"</ETag></R>  " },
		{ 0, NULL },
	};

	(void)state;
	expect(turns, NULL,
	       "submit bucket=b key=k op=CreateMultipartUpload\n"
	       "status from=not-started to=running\n"
	       "request_start request=1 attempt=1 op=CreateMultipartUpload\n"
	       "connected request=1 connection=1\n"
	       "body_sent request=1\n"
	       "first_byte request=1\n"
	       "response bytes=80 request=1 http_status=200 request_id=r1\n"
	       "multipart_create http_status=200 upload_id=up1\n"
	       "request_start bytes=4 request=2 part=1 attempt=1 op=UploadPart\n"
	       "connected request=2 connection=1 reused=1\n"
	       "part_start bytes=4 part=1 attempt=1\n"
	       "continued request=2 how=woken\n"
	       "body_sent request=2 bytes=4\n"
	       "part_sent bytes=4 part=1 attempt=1\n"
	       "first_byte request=2\n"
	       "response request=2 http_status=200 etag=e1\n"
	       "part_done bytes=4 part=1 attempt=1 etag=e1\n"
	       "request_start bytes=94 request=3 attempt=1 op=CompleteMultipartUpload\n"
	       "connected request=3 connection=1 reused=1\n"
	       "body_sent request=3 bytes=94\n"
	       "first_byte request=3\n"
	       "response bytes=31 request=3 http_status=200 etag=whole-1\n"
	       "multipart_complete http_status=200 etag=whole-1 parts=1\n"
	       "status from=running to=success\n");
}

static void parts_are_listed_in_either_order(void **state)
{
	static const struct turn turns[] = {
		{ '>', "PUT /b/k?partNumber=1&uploadId=u HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
		{ '<', "HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nContent-Length: 0\r\n\r\n" },
		{ '>', "PUT /b/k?partNumber=2&uploadId=u HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
		{ '<', "HTTP/1.1 200 OK\r\nETag: \"e2\"\r\nContent-Length: 0\r\n\r\n" },
		{ '>', "POST /b/k?uploadId=u HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		       "36\r\n<Part><ETag>e1</ETag><PartNumber>1</PartNumber></Part>\r\n"
		       "36\r\n<Part><ETag>e2</ETag><PartNumber>2</PartNumber></Part>\r\n"
		       "36\r\n<Part><ETag>e1</ETag><PartNumber>2</PartNumber></Part>\r\n0\r\n\r\n" },
		{ '<', "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
		{ 0, NULL },
	};
	char got[8192];

	(void)state;
	play(turns, 9, NULL, got, sizeof(got));
	assert_non_null(strstr(got, "multipart_complete http_status=200 parts=2\n"));
}

static void what_a_program_leaves_behind_did_not_fail(void **state)
{
	static const struct turn turns[] = {
		{ '>', "PUT /b/k HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab" },
		{ 0, NULL },
	};
	char got[8192];

	(void)state;
	play(turns, 9, "exit", got, sizeof(got));
	assert_null(strstr(got, "failed"));
	assert_null(strstr(got, "response"));
	assert_non_null(strstr(got, "connection_closed connection=1 request=1 by=exit\n"));
}

static void a_put_that_fails_and_is_sent_again(void **state)
{
	static const struct turn turns[] = {
		{ '>', "PUT /b/k HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab" },
		{ '<', "HTTP/1.1 503 Slow\r\nContent-Length: 43\r\n\r\n"
		       "<Error><Code>SlowDown</Code><E></E></Error>" },
		{ '>', "PUT /b/k HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab" },
		{ '<', "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n" },
		{ 0, NULL },
	};

	(void)state;
	char got[8192];
	play(turns, 5, NULL, got, sizeof(got));
	assert_non_null(strstr(got, "part_failed part=1 attempt=1 reason=SlowDown http_status=503\n"));
	assert_non_null(strstr(got, "object_put bytes=2 http_status=503 failed=1\n"));
	assert_non_null(strstr(got, "part_retry part=1 attempt=1 reason=sent again\n"
				    "part_start bytes=2 part=1 attempt=2\n"));
	assert_null(strstr(got, "transfer=1"));
}

static void a_refusal_before_the_body(void **state)
{
	static const struct turn turns[] = {
		{ '>', "PUT /b/k HTTP/1.1\r\n" HOST "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n" },
		{ '<', "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" },
		{ '>', "HEAD /b/k HTTP/1.1\r\n" HOST "\r\n" },
		{ '<', "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n" },
		{ 0, NULL },
	};
	char got[8192];

	(void)state;
	for (size_t piece = 5; piece < 400; piece += 395) {
		play(turns, piece, NULL, got, sizeof(got));
		assert_non_null(strstr(got, "part_failed part=1 attempt=1 reason=HTTP 403"));
		assert_non_null(strstr(got, "object_head http_status=404 failed=1\n"));
	}
}

static void a_connection_closed_before_the_answer(void **state)
{
	static const struct turn turns[] = {
		{ '>', "PUT /b/k?partNumber=2&uploadId=u HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab" },
		{ 0, NULL },
	};

	(void)state;
	expect(turns, "client",
	       "submit bucket=b key=k op=UploadPart\n"
	       "status from=not-started to=running\n"
	       "request_start bytes=3 request=1 part=2 attempt=1 op=UploadPart\n"
	       "connected request=1 connection=1\n"
	       "part_start bytes=3 part=2 attempt=1\n"
	       "response request=1 status=14\n"
	       "part_failed part=2 attempt=1 reason=connection closed by client\n"
	       "connection_closed connection=1 request=1 by=client\n");
}

static void complete_may_fail_with_status_200(void **state)
{
	static const struct turn turns[] = {
		{ '>', "POST /b/k?uploadId=u HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
		{ '<', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n \r\n"
		       "2b\r\n<Error><Code>InternalError</Code></Error>  \r\n0\r\n\r\n" },
		{ 0, NULL },
	};
	char got[8192];

	(void)state;
	play(turns, 3, NULL, got, sizeof(got));
	assert_non_null(strstr(got, "multipart_complete http_status=200 failed=1\n"));
	assert_null(strstr(got, "to=success"));
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	static const struct turn turns[] = {
		{ '>', "HEAD /b/1 HTTP/1.1\r\n" HOST "\r\nGET /b/2 HTTP/1.1\r\n" HOST "\r\n" },
		{ '<', "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"h\"\r\n\r\n"
		       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"g\"\r\n\r\n12345" },
		{ 0, NULL },
	};
	char got[8192];

	(void)state;
	play(turns, 7, NULL, got, sizeof(got));
	assert_non_null(strstr(got, "object_head transfer=4294967295 http_status=200 etag=h\n"));
	assert_non_null(strstr(got, "object_get bytes=5 transfer=4294967295 http_status=200 etag=g\n"));
}

static void the_request_is_named_before_it_is_sent(void **state)
{
	int fd;
	const char *head = "PUT /b/k?partNumber=5&uploadId=u HTTP/1.1\r\nHost: localhost\r\n\r\n";

	(void)state;
	control = tr_control_new(&fd);
	struct tr_wire *w = tr_wire_new(control, 40001, 4711);
	struct tr_control_connection *slot = &control->connections[40001 % TR_NR_CONNECTIONS];

	assert_int_equal(slot->pid, 4711);
	tr_wire_will_send(w, head, 20, 0);
	assert_int_equal(slot->op, XF_OP_NONE);
	tr_wire_sent(w, head, 20);
	tr_wire_will_send(w, head + 20, strlen(head) - 20, 0);
	assert_int_equal(slot->op, XF_OP_UPLOAD_PART);
	assert_int_equal(slot->part, 5);
	tr_wire_free(w, "client");
	assert_int_equal(slot->port, 0);
	tr_control_free(control);
	close(fd);
}

/* Who holds an answer must know that it is one, before the server can give it. */
static void the_last_bytes_are_marked_before_they_are_sent(void **state)
{
	const char *head = "PUT /b/k?partNumber=5&uploadId=u HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n"
			   "Expect: 100-continue\r\n\r\n";
	int fd;

	(void)state;
	control = tr_control_new(&fd);
	struct tr_wire *w = tr_wire_new(control, 40001, 4711);
	struct tr_control_connection *slot = &control->connections[40001 % TR_NR_CONNECTIONS];

	tr_wire_will_send(w, head, strlen(head), 0);
	tr_wire_sent(w, head, strlen(head));
	tr_wire_will_send(w, "abc", 3, 0);
	assert_int_equal(slot->flags & TR_CONNECTION_SENT, 0);
	tr_wire_sent(w, "abc", 3);
	tr_wire_will_send(w, "d", 1, 2);
	assert_int_equal(slot->flags & TR_CONNECTION_SENT, TR_CONNECTION_SENT);
	tr_wire_sent(w, "def", 3);
	assert_int_equal(slot->flags & TR_CONNECTION_SENT, TR_CONNECTION_SENT);
	tr_wire_received(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
	assert_int_equal(slot->flags & TR_CONNECTION_SENT, 0);
	/* in one go, body and all */
	tr_wire_will_send(w, "PUT /b/k HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 60, 0);
	assert_int_equal(slot->flags & TR_CONNECTION_SENT, TR_CONNECTION_SENT);
	tr_wire_free(w, "client");
	tr_control_free(control);
	close(fd);
}

static void sends(struct tr_wire *w, const char *text)
{
	tr_wire_sent(w, text, strlen(text));
}

static void receives(struct tr_wire *w, const char *text)
{
	tr_wire_received(w, text, strlen(text));
}

/* What is in a body may go by unseen; heads, lists of parts and errors are read. */
static void only_bodies_may_be_skipped(void **state)
{
	int fd;

	(void)state;
	control = tr_control_new(&fd);
	struct tr_wire *w = tr_wire_new(control, 40001, 0);
	assert_int_equal(tr_wire_unread(w, false), 0);
	sends(w, "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab");
	assert_int_equal(tr_wire_unread(w, false), 998);
	tr_wire_skipped(w, 990);
	assert_int_equal(tr_wire_unread(w, false), 8);
	assert_int_equal(tr_wire_unread(w, true), 0);
	sends(w, "12345678");
	assert_int_equal(tr_wire_unread(w, false), 0);
	assert_true(tr_wire_now(w).sent);
	receives(w, "HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n<Error>");
	assert_int_equal(tr_wire_unread(w, true), 0);
	tr_wire_free(w, "client");

	w = tr_wire_new(control, 40001, 0);
	sends(w, "GET /b/k HTTP/1.1\r\nHost: localhost\r\n\r\n");
	receives(w, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
	assert_int_equal(tr_wire_unread(w, true), 500);
	tr_wire_skipped_received(w, 400);
	tr_wire_skipped_received(w, 99);
	assert_int_equal(tr_wire_now(w).op, XF_OP_GET_OBJECT);
	receives(w, "z");
	assert_int_equal(tr_wire_now(w).op, XF_OP_NONE);
	sends(w, "POST /b/k?uploadId=u HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n<Comp");
	assert_int_equal(tr_wire_unread(w, false), 0);
	tr_wire_free(w, "client");
	tr_control_free(control);
	close(fd);
}

/* No more will come than these bytes: is the request under way whole with them? */
static void a_request_that_can_never_be_whole_is_known(void **state)
{
	int fd;

	(void)state;
	control = tr_control_new(&fd);
	struct tr_wire *w = tr_wire_new(control, 40001, 0);
	assert_false(tr_wire_falls_short(w, NULL, 0));
	sends(w, "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab");
	assert_false(tr_wire_in_chunks(w));
	assert_true(tr_wire_falls_short(w, NULL, 7));
	assert_false(tr_wire_falls_short(w, NULL, 8));
	sends(w, "12345678");
	assert_false(tr_wire_falls_short(w, NULL, 0));
	tr_wire_free(w, "client");

	w = tr_wire_new(control, 40001, 0);
	sends(w, "PUT /b/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
	assert_true(tr_wire_in_chunks(w));
	assert_true(tr_wire_falls_short(w, NULL, 0));
	assert_false(tr_wire_falls_short(w, NULL, 3));
	assert_true(tr_wire_falls_short(w, "cde", 3));
	assert_true(tr_wire_falls_short(w, "cde\r\n0\r\n", 8));
	assert_false(tr_wire_falls_short(w, "cde\r\n0\r\n\r\n", 10));
	assert_false(tr_wire_falls_short(w, "cdeNOT-A-CHUNK", 14));
	sends(w, "cde\r\n0\r\n\r\n");
	assert_true(tr_wire_now(w).sent);
	tr_wire_free(w, "client");
	tr_control_free(control);
	close(fd);
}

static void names_are_taken_once(void **state)
{
	int fd;
	uint64_t name = tr_ids_hash(TR_NAME_UPLOAD, "u", NULL);

	(void)state;
	control = tr_control_new(&fd);
	assert_int_equal(tr_ids_transfer_find(control, name), TR_NO_TRANSFER);
	tr_ids_transfer_put(control, name, 0);
	assert_int_equal(tr_ids_transfer_find(control, name), 0);
	assert_int_equal(tr_ids_transfer_take(control, name), 0);
	assert_int_equal(tr_ids_transfer_take(control, name), TR_NO_TRANSFER);
	assert_true(tr_ids_hash(TR_NAME_OBJECT, "a", "bc") != tr_ids_hash(TR_NAME_OBJECT, "ab", "c"));
	tr_control_free(control);
	close(fd);
}

/* ---- parts of an upload whose Create nobody saw: the second begins while the first is about to tell of it */

static struct tr_wire *second;

static void *sends_the_second(void *unused)
{
	sends(second, "PUT /b/k?partNumber=2&uploadId=u HTTP/1.1\r\nHost: localhost\r\n\r\n");
	return unused;
}

static void begins_beside_a_submit(void *ctx, const struct xf_gate_point *point)
{
	unsigned *submits = ctx;
	pthread_t thread;

	if (point->record->kind != XF_EV_submit || (*submits)++)
		return;
	assert_int_equal(pthread_create(&thread, NULL, sends_the_second, NULL), 0);
	pthread_join(thread, NULL);
}

static void parts_that_begin_at_once_are_of_one_upload(void **state)
{
	unsigned submits = 0;
	const struct xf_gate_policy policy = { .pass = begins_beside_a_submit, .ctx = &submits };
	int fd;

	(void)state;
	control = tr_control_new(&fd);
	struct tr_wire *first = tr_wire_new(control, 40001, 0);
	second = tr_wire_new(control, 40002, 0);
	xf_gate_install(&policy);
	sends(first, "PUT /b/k?partNumber=1&uploadId=u HTTP/1.1\r\nHost: localhost\r\n\r\n");
	xf_gate_install(NULL);
	assert_int_equal(submits, 1);
	assert_int_equal(tr_wire_now(second).part, 2);
	assert_int_equal(tr_wire_now(second).transfer, tr_wire_now(first).transfer);
	tr_wire_free(first, "client");
	tr_wire_free(second, "client");
	tr_control_free(control);
	close(fd);
}

static void ten_thousand_parts_keep_their_attempts(void **state)
{
	int fd;

	(void)state;
	control = tr_control_new(&fd);
	for (unsigned attempt = 1; attempt <= 3; attempt++)
		for (uint32_t part = 1; part <= 10000; part++)
			assert_int_equal(tr_ids_attempt(control, 0, part), attempt);
	tr_ids_etag_put(control, 0, 77, "e");
	assert_true(tr_ids_etag_is(control, 0, 77, "e"));
	assert_false(tr_ids_etag_is(control, 0, 78, "e"));
	assert_int_equal(tr_ids_attempt(control, 0, 77), 4);
	assert_int_equal(control->incomplete, 0);
	tr_control_free(control);
	close(fd);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_multipart_upload),
	cmocka_unit_test(parts_are_listed_in_either_order),
	cmocka_unit_test(what_a_program_leaves_behind_did_not_fail),
	cmocka_unit_test(a_put_that_fails_and_is_sent_again),
	cmocka_unit_test(a_refusal_before_the_body),
	cmocka_unit_test(a_connection_closed_before_the_answer),
	cmocka_unit_test(complete_may_fail_with_status_200),
	cmocka_unit_test(pipelined_requests_are_answered_in_order),
	cmocka_unit_test(the_request_is_named_before_it_is_sent),
	cmocka_unit_test(the_last_bytes_are_marked_before_they_are_sent),
	cmocka_unit_test(only_bodies_may_be_skipped),
	cmocka_unit_test(a_request_that_can_never_be_whole_is_known),
	cmocka_unit_test(names_are_taken_once),
	cmocka_unit_test(parts_that_begin_at_once_are_of_one_upload),
	cmocka_unit_test(ten_thousand_parts_keep_their_attempts),
};

T_MAIN(tests)
