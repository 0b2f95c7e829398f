/*
 * wire: see wire.h.
 *
 * Two parsers (http.h), one a direction, and between them the queue of requests
 * that have begun and are not yet answered: HTTP/1 answers in order. What a
 * request means is s3wire.h's; which transfer and which attempt it is, ids.h's.
 */
#include "tracer/foreign/wire.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/event/gate.h"
#include "core/event/status.h"
#include "tracer/foreign/http.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/s3wire.h"
#include "tracer/foreign/tags.h"

enum { WIRE_QUEUE = 16 }; /* pipelined requests; more are not understood */

/* A request that has begun. */
struct wire_request {
	uint32_t request, transfer, part;
	uint64_t object;
	enum xf_op op;
	uint16_t attempt;
	bool sent;             /* in full */
	bool head_only;        /* HEAD: the answer has no body */
	bool continued;        /* 100 Continue has come */
	bool answering;        /* the final answer's head has come */
	bool expects;
	bool form;             /* its body is multipart/form-data */
	uint64_t body_len;     /* announced: decoded length where there is one */
	uint64_t sent_len;
	uint64_t begin_ns, sent_ns;
	uint64_t pending;      /* name under which a failed attempt waits for the next */
	uint32_t matched;      /* Complete: parts listed with the ETag their answer had */
	uint32_t listed;       /* Complete: the part number last read that has no ETag yet, … */
	char listed_etag[64];  /* … and the other way round: clients write them in either order */
};

/* What the answer said. */
struct wire_answer {
	uint16_t status;
	bool error;            /* an <Error> in the body */
	char etag[TR_HTTP_VALUE_MAX];
	char request_id[TR_HTTP_VALUE_MAX];
	char upload_id[TR_TAGS_TEXT_MAX];
	char code[64];
};

struct tr_wire {
	struct tr_control *control;
	struct tr_control_connection *slot; /* NULL: no port */
	uint32_t port, connection;
	uint32_t nr_requests;   /* so far on this connection */
	bool tls;               /* what is read here went under TLS */
	bool lost;
	bool early;             /* an answer came before the body: the body may never come */
	bool whole;             /* the request under way is whole with the bytes that are about to go */
	uint64_t going_ns;      /* since when the last bytes have been on their way; 0: not known */
	unsigned first, count;  /* the queue */
	struct wire_request queue[WIRE_QUEUE];
	struct wire_answer answer;
	struct tr_http up, down;
	struct tr_tags up_tags, down_tags;
};

/*
 * Records at no place in the source: the place is in the traced program, and
 * not known here. The gate stands behind each, in the probe.
 */
#define WIRE_EVENT(name, ...)                                                                      \
	do {                                                                                       \
		static const struct xf_site site_ = { .file = "", .function = "",                  \
						      .kind = XF_EV_##name };                      \
		const struct xf_ev_##name payload_ = { __VA_ARGS__ };                              \
		if (xf_emit_on())                                                                  \
			xf_emit_raw(XF_EV_##name, 0, 0, 0, &payload_, sizeof(payload_));           \
		if (xf_gate_on())                                                                  \
			xf_gate_pass(XF_EV_##name, 0, &site_, &payload_, sizeof(payload_), false); \
	} while (0)

/* ---- the connection's entry in the control mapping */

static void slot_begin(struct tr_control_connection *s)
{
	atomic_fetch_add(&s->sequence, 1);
}

static void slot_end(struct tr_control_connection *s)
{
	atomic_fetch_add(&s->sequence, 1);
}

static void slot_name(struct tr_wire *w, const struct wire_request *r)
{
	struct tr_control_connection *s = w->slot;

	if (!s || atomic_load(&s->port) != w->port)
		return;
	slot_begin(s);
	atomic_store(&s->request, r ? r->request : 0);
	atomic_store(&s->transfer, r ? r->transfer : (uint32_t)TR_NO_TRANSFER);
	atomic_store(&s->part, r ? r->part : 0);
	atomic_store(&s->object, r ? r->object : 0);
	atomic_store(&s->op, r ? r->op : XF_OP_NONE);
	atomic_store(&s->flags, (r && (r->sent || w->whole) ? TR_CONNECTION_SENT : 0) |
				(r && r->expects && !r->continued ? TR_CONNECTION_EXPECTS : 0));
	slot_end(s);
}

static void slot_take(struct tr_wire *w, uint32_t pid)
{
	struct tr_control_connection *s = &w->control->connections[w->port % TR_NR_CONNECTIONS];

	w->slot = s;
	slot_begin(s);
	atomic_store(&s->port, w->port);
	atomic_store(&s->pid, pid);
	atomic_store(&s->claimed, pid ? w->port : 0);
	atomic_store(&s->connection, w->connection);
	atomic_store(&s->request, 0);
	atomic_store(&s->op, XF_OP_NONE);
	atomic_store(&s->part, 0);
	atomic_store(&s->object, 0);
	slot_end(s);
}

/* ---- the queue */

static struct wire_request *wire_newest(struct tr_wire *w)
{
	return w->count ? &w->queue[(w->first + w->count - 1) % WIRE_QUEUE] : NULL;
}

static struct wire_request *wire_oldest(struct tr_wire *w)
{
	return w->count ? &w->queue[w->first] : NULL;
}

static void wire_pop(struct tr_wire *w)
{
	w->first = (w->first + 1) % WIRE_QUEUE;
	w->count--;
	w->whole = false;
	slot_name(w, wire_oldest(w));
}

static void wire_lose(struct tr_wire *w)
{
	w->lost = true;
	if (w->up.version2)
		atomic_fetch_or(&w->control->incomplete, TR_INCOMPLETE_HTTP2);
}

/* ---- a request begins */

/* A new transfer is told of once, by whichever request names it first. */
static void wire_submit(struct tr_wire *w, const struct tr_http_head *head, const struct tr_s3_request *s3,
			uint32_t transfer)
{
	uint32_t bucket = xf_text(s3->bucket);
	WIRE_EVENT(submit, .transfer = transfer, .bucket = bucket, .key = xf_text(s3->key),
		   .op = (uint8_t)s3->op);
	WIRE_EVENT(status, .transfer = transfer, .from = XF_STATE_NOT_STARTED,
		   .to = XF_STATE_RUNNING);
	if (!*s3->key)
		return;
	tr_ids_transfer_put(w->control, tr_ids_hash(TR_NAME_OBJECT, s3->bucket, s3->key), transfer);
	tr_control_object_enter(w->control, transfer, w->tls, head->host, s3->bucket, s3->key);
}

/* Create and put begin a transfer, or take up the one whose last attempt failed; without a key nobody knows which. */
static void wire_begin_transfer(struct tr_wire *w, const struct tr_http_head *head,
				const struct tr_s3_request *s3, struct wire_request *r)
{
	r->pending = *s3->key ? tr_ids_hash(TR_NAME_PENDING + 16 * s3->op, s3->bucket, s3->key) : 0;
	r->transfer = r->pending ? tr_ids_transfer_take(w->control, r->pending) : TR_NO_TRANSFER;
	if (r->transfer != TR_NO_TRANSFER)
		return;
	r->transfer = tr_ids_transfer_new(w->control);
	wire_submit(w, head, s3, r->transfer);
}

/* Everything that carries an upload id belongs to its transfer, known or not. */
static void wire_find_upload(struct tr_wire *w, const struct tr_http_head *head,
			     const struct tr_s3_request *s3, struct wire_request *r)
{
	uint64_t name = tr_ids_hash(TR_NAME_UPLOAD, head->upload_id, NULL);
	bool made = false;

	if (tr_s3_is_upload(s3->op))
		r->transfer = tr_ids_transfer_find_or_new(w->control, name, &made);
	else
		r->transfer = tr_ids_transfer_find(w->control, name);
	if (made)
		wire_submit(w, head, s3, r->transfer);
}

static void wire_identify(struct tr_wire *w, const struct tr_http_head *head,
			  const struct tr_s3_request *s3, struct wire_request *r)
{
	if (s3->op == XF_OP_CREATE_MULTIPART_UPLOAD || s3->op == XF_OP_PUT_OBJECT ||
	    s3->op == XF_OP_COPY_OBJECT)
		wire_begin_transfer(w, head, s3, r);
	else if (head->query & TR_QUERY_UPLOAD_ID)
		wire_find_upload(w, head, s3, r);
	else
		r->transfer = tr_ids_transfer_find(
			w->control, tr_ids_hash(TR_NAME_OBJECT, s3->bucket, s3->key));
}

static uint16_t wire_attempt(struct tr_wire *w, const struct wire_request *r)
{
	uint32_t what = r->part;

	if (r->op == XF_OP_CREATE_MULTIPART_UPLOAD)
		what = TR_ATTEMPT_CREATE;
	else if (r->op == XF_OP_COMPLETE_MULTIPART_UPLOAD)
		what = TR_ATTEMPT_COMPLETE;
	else if (r->op == XF_OP_ABORT_MULTIPART_UPLOAD)
		what = TR_ATTEMPT_ABORT;
	if (!what || r->transfer == TR_NO_TRANSFER)
		return 1;
	return (uint16_t)tr_ids_attempt(w->control, r->transfer, what);
}

static void wire_begin_part(const struct wire_request *r)
{
	if (r->attempt > 1)
		WIRE_EVENT(part_retry, .transfer = r->transfer, .part = r->part,
			   .attempt = r->attempt - 1u, .reason = xf_text("sent again"));
	WIRE_EVENT(part_start, .bytes = r->body_len, .transfer = r->transfer, .part = r->part,
		   .attempt = r->attempt);
}

static void wire_tell_begin(struct tr_wire *w, const struct wire_request *r)
{
	WIRE_EVENT(request_start, .bytes = r->body_len, .request = r->request,
		   .transfer = r->transfer, .part = r->part, .attempt = r->attempt,
		   .op = (uint8_t)r->op);
	WIRE_EVENT(connected, .request = r->request, .connection = w->connection,
		   .reused = w->nr_requests > 1);
	if (r->part)
		wire_begin_part(r);
}

static uint64_t wire_object(const struct tr_s3_request *s3)
{
	return *s3->key || s3->op == XF_OP_PUT_OBJECT ? tr_ids_object(s3->bucket, s3->key) : 0;
}

static uint64_t wire_body_len(const struct tr_http_head *head)
{
	if (head->decoded_length)
		return head->decoded_length;
	return head->facts & TR_HTTP_HAS_LENGTH ? head->length : 0;
}

/* The head of a request has been sent. */
static bool wire_request_head(void *ctx, const struct tr_http_head *head)
{
	struct tr_wire *w = ctx;
	struct tr_s3_request s3;
	struct wire_request *r;

	if (w->count == WIRE_QUEUE || strcmp(head->method, "CONNECT") == 0) {
		wire_lose(w);
		return true;
	}
	tr_s3_understand(head, &s3);
	r = &w->queue[(w->first + w->count++) % WIRE_QUEUE];
	*r = (struct wire_request){
		.request = atomic_fetch_add(&w->control->nr_requests, 1) + 1,
		.part = s3.part, .object = wire_object(&s3), .op = s3.op, .begin_ns = xf_clock_mono_ns(),
		.body_len = wire_body_len(head), .expects = head->facts & TR_HTTP_EXPECT,
		.head_only = strcmp(head->method, "HEAD") == 0, .form = head->facts & TR_HTTP_FORM,
	};
	w->nr_requests++;
	wire_identify(w, head, &s3, r);
	r->attempt = wire_attempt(w, r);
	tr_tags_init(&w->up_tags);
	if (w->count == 1)
		slot_name(w, r);
	wire_tell_begin(w, r);
	return true;
}

/* ---- its body */

/* The list of parts in a Complete: data that came from the parts' answers. */
static void wire_listed(void *ctx, const char *name, const char *text)
{
	struct tr_wire *w = ctx;
	struct wire_request *r = wire_newest(w);
	unsigned long part = 0;

	if (strcmp(name, "PartNumber") == 0) {
		for (; *text >= '0' && *text <= '9' && part < 100000; text++)
			part = part * 10 + (unsigned long)(*text - '0');
		r->listed = (uint32_t)part;
	} else if (strcmp(name, "ETag") == 0) {
		snprintf(r->listed_etag, sizeof(r->listed_etag), "%s", text);
	}
	if (!r->listed || !r->listed_etag[0])
		return;
	r->matched += tr_ids_etag_is(w->control, r->transfer, r->listed, r->listed_etag);
	r->listed = 0;
	r->listed_etag[0] = 0;
}

static void wire_request_body(void *ctx, const char *bytes, size_t len)
{
	struct tr_wire *w = ctx;
	struct wire_request *r = wire_newest(w);

	if (!r)
		return;
	r->sent_len += len;
	if (r->op == XF_OP_COMPLETE_MULTIPART_UPLOAD && r->transfer != TR_NO_TRANSFER)
		tr_tags_feed(&w->up_tags, bytes, len, wire_listed, w);
}

static void wire_request_end(void *ctx, uint64_t body_len)
{
	struct tr_wire *w = ctx;
	struct wire_request *r = wire_newest(w);

	if (!r || r->sent)
		return;
	r->sent = true;
	w->whole = false;
	r->sent_ns = xf_clock_mono_ns();
	if (r == wire_oldest(w))
		slot_name(w, r);
	if (!r->body_len || r->body_len > body_len)
		r->body_len = body_len;
	WIRE_EVENT(body_sent, .request = r->request, .bytes = body_len,
		   .going_ns = w->going_ns ? r->sent_ns - w->going_ns : 0);
	if (r->part)
		WIRE_EVENT(part_sent, .bytes = r->body_len, .transfer = r->transfer,
			   .part = r->part, .attempt = r->attempt);
}

static const struct tr_http_ops request_ops = {
	.head = wire_request_head, .body = wire_request_body, .end = wire_request_end,
};

/* ---- its answer */

static void wire_continue(const struct wire_request *r)
{
	WIRE_EVENT(continued, .request = r->request, .how = XF_HOW_WOKEN,
		   .waited_ns = xf_clock_mono_ns() - r->begin_ns);
}

static void wire_first_byte(const struct wire_request *r)
{
	uint64_t since = r->sent ? r->sent_ns : r->begin_ns;

	WIRE_EVENT(first_byte, .request = r->request, .waited_ns = xf_clock_mono_ns() - since);
}

static bool wire_answer_head(void *ctx, const struct tr_http_head *head)
{
	struct tr_wire *w = ctx;
	struct wire_request *r = wire_oldest(w);

	if (!r)
		return true;
	if (head->status / 100 == 1) {
		if (head->status == 100 && !r->continued)
			wire_continue(r);
		r->continued = true;
		slot_name(w, r);
		return true;
	}
	wire_first_byte(r);
	r->answering = true;
	w->early = !r->sent && r->sent_len == 0 && r->expects;
	w->answer = (struct wire_answer){ .status = head->status };
	memcpy(w->answer.etag, head->etag, sizeof(w->answer.etag));
	memcpy(w->answer.request_id, head->request_id, sizeof(w->answer.request_id));
	tr_tags_init(&w->down_tags);
	return !r->head_only;
}

static void wire_answer_tag(void *ctx, const char *name, const char *text)
{
	struct wire_answer *a = &((struct tr_wire *)ctx)->answer;

	if (strcmp(name, "UploadId") == 0) {
		snprintf(a->upload_id, sizeof(a->upload_id), "%s", text);
	} else if (strcmp(name, "ETag") == 0 && !a->etag[0]) {
		snprintf(a->etag, sizeof(a->etag), "%s", text);
	} else if (strcmp(name, "Code") == 0) {
		snprintf(a->code, sizeof(a->code), "%.63s", text);
		a->error = true;
	}
}

/* Bodies that are looked into: errors, and the few that carry an id or an ETag. */
static bool wire_reads_answer(const struct tr_wire *w, const struct wire_request *r)
{
	return w->answer.status >= 300 || r->op == XF_OP_CREATE_MULTIPART_UPLOAD ||
	       r->op == XF_OP_COMPLETE_MULTIPART_UPLOAD || r->op == XF_OP_UPLOAD_PART_COPY ||
	       r->op == XF_OP_COPY_OBJECT;
}

static void wire_answer_body(void *ctx, const char *bytes, size_t len)
{
	struct tr_wire *w = ctx;
	struct wire_request *r = wire_oldest(w);

	if (r && wire_reads_answer(w, r))
		tr_tags_feed(&w->down_tags, bytes, len, wire_answer_tag, w);
}

/* How an exchange ended, as the catalogue's ends of parts and objects want it. */
struct wire_end {
	enum xf_status status;
	uint32_t http_status;
	uint64_t bytes;          /* of the answer */
	uint32_t etag, request_id, upload_id; /* texts */
	const char *reason;      /* failed: why */
};

static void wire_part_over(struct tr_wire *w, const struct wire_request *r,
			   const struct wire_end *e)
{
	if (e->status == XF_OK) {
		w->answer.etag[63] = 0; /* as much as a list of parts is compared by */
		tr_ids_etag_put(w->control, r->transfer, r->part, w->answer.etag);
		WIRE_EVENT(part_done, .bytes = r->body_len, .transfer = r->transfer,
			   .part = r->part, .attempt = r->attempt, .etag = e->etag);
	} else {
		WIRE_EVENT(part_failed, .transfer = r->transfer, .part = r->part,
			   .attempt = r->attempt, .reason = xf_text(e->reason),
			   .http_status = e->http_status);
	}
}

static void wire_status(const struct wire_request *r, bool ok, enum xf_state to)
{
	if (ok)
		WIRE_EVENT(status, .transfer = r->transfer, .from = XF_STATE_RUNNING, .to = to);
}

/* A create or put that failed leaves its name for the next attempt. */
static void wire_leave_pending(struct tr_wire *w, const struct wire_request *r, bool failed)
{
	if (failed && r->pending)
		tr_ids_transfer_put(w->control, r->pending, r->transfer);
}

static void wire_create_over(struct tr_wire *w, const struct wire_request *r,
			     const struct wire_end *e)
{
	bool failed = e->status != XF_OK || !w->answer.upload_id[0];

	if (!failed)
		tr_ids_transfer_put(w->control,
				    tr_ids_hash(TR_NAME_UPLOAD, w->answer.upload_id, NULL),
				    r->transfer);
	wire_leave_pending(w, r, failed);
	WIRE_EVENT(multipart_create, .transfer = r->transfer, .http_status = e->http_status,
		   .upload_id = e->upload_id, .failed = failed);
}

static const char *wire_operation(uint32_t op)
{
	switch (op) {
	case XF_OP_CREATE_MULTIPART_UPLOAD: return "CreateMultipartUpload";
	case XF_OP_UPLOAD_PART: return "UploadPart";
	case XF_OP_COMPLETE_MULTIPART_UPLOAD: return "CompleteMultipartUpload";
	case XF_OP_PUT_OBJECT: return "PutObject";
	case XF_OP_COPY_OBJECT: return "CopyObject";
	default: return NULL;
	}
}

static void wire_note(const struct wire_request *r, const char *what, uint32_t value, uint64_t number)
{
	char key[64];

	snprintf(key, sizeof(key), "error.%u.%s", r->transfer, what);
	uint32_t name = xf_text(key);
	WIRE_EVENT(property, .key = name, .value = value, .number = number);
}

/* What the service said of a request it refused: for the transfer's error, should it stay the last word. */
static void wire_refused(const struct wire_request *r, const struct wire_end *e)
{
	const char *operation = wire_operation(r->op);
	char message[192];

	if (!operation || !e->http_status)
		return;
	snprintf(message, sizeof(message), "%s: %s (HTTP %u)", operation, e->reason, e->http_status);
	wire_note(r, "code", xf_text(e->reason), 0);
	wire_note(r, "operation", xf_text(operation), 0);
	wire_note(r, "message", xf_text(message), 0);
	wire_note(r, "request_id", e->request_id, 0);
	wire_note(r, "http_status", 0, e->http_status);
	wire_note(r, "part", 0, r->part);
}

static void wire_object_over(struct tr_wire *w, const struct wire_request *r,
			     const struct wire_end *e)
{
	bool failed = e->status != XF_OK;

	switch (r->op) {
	case XF_OP_CREATE_MULTIPART_UPLOAD:
		wire_create_over(w, r, e);
		break;
	case XF_OP_COMPLETE_MULTIPART_UPLOAD:
		WIRE_EVENT(multipart_complete, .transfer = r->transfer, .etag = e->etag,
			   .http_status = e->http_status, .parts = r->matched, .failed = failed);
		wire_status(r, !failed, XF_STATE_SUCCESS);
		break;
	case XF_OP_ABORT_MULTIPART_UPLOAD:
		WIRE_EVENT(multipart_abort, .transfer = r->transfer,
			   .http_status = e->http_status, .failed = failed);
		wire_status(r, !failed, XF_STATE_FAILED);
		break;
	case XF_OP_PUT_OBJECT:
	case XF_OP_COPY_OBJECT:
		wire_leave_pending(w, r, failed);
		WIRE_EVENT(object_put, .bytes = r->body_len, .transfer = r->transfer,
			   .http_status = e->http_status, .etag = e->etag, .failed = failed);
		wire_status(r, !failed, XF_STATE_SUCCESS);
		break;
	case XF_OP_GET_OBJECT:
		WIRE_EVENT(object_get, .bytes = e->bytes, .transfer = r->transfer,
			   .http_status = e->http_status, .etag = e->etag, .failed = failed);
		break;
	case XF_OP_HEAD_OBJECT:
		WIRE_EVENT(object_head, .transfer = r->transfer, .http_status = e->http_status,
			   .etag = e->etag, .failed = failed);
		break;
	default:
		break;
	}
}

static void wire_over(struct tr_wire *w, const struct wire_request *r, const struct wire_end *e)
{
	WIRE_EVENT(response, .bytes = e->bytes, .request = r->request,
		   .http_status = e->http_status, .etag = e->etag, .request_id = e->request_id,
		   .status = e->status);
	if (e->status != XF_OK)
		wire_refused(r, e);
	if (r->part)
		wire_part_over(w, r, e);
	wire_object_over(w, r, e);
}

static void wire_answer_end(void *ctx, uint64_t body_len)
{
	struct tr_wire *w = ctx;
	struct wire_request *r = wire_oldest(w);
	char reason[32];

	if (!r || !r->answering)
		return;
	bool redirected = r->form && w->answer.status == 303; /* success_action_redirect */
	bool failed = (w->answer.status >= 300 && !redirected) || w->answer.error;
	struct wire_end end = {
		.status = failed ? XF_SERVICE : XF_OK, .http_status = w->answer.status,
		.bytes = body_len, .etag = xf_text(w->answer.etag),
		.request_id = xf_text(w->answer.request_id),
		.upload_id = xf_text(w->answer.upload_id), .reason = w->answer.code,
	};
	snprintf(reason, sizeof(reason), "HTTP %u", w->answer.status);
	if (!w->answer.code[0])
		end.reason = reason;
	wire_over(w, r, &end);
	wire_pop(w);
}

static const struct tr_http_ops answer_ops = {
	.head = wire_answer_head, .body = wire_answer_body, .end = wire_answer_end,
};

/* ---- the door */

struct tr_wire *tr_wire_new(struct tr_control *control, uint32_t port, uint32_t pid)
{
	struct tr_wire *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (w == MAP_FAILED)
		return NULL;
	w->control = control;
	w->port = port;
	w->connection = atomic_fetch_add(&control->nr_connections, 1) + 1;
	tr_http_init(&w->up, false);
	tr_http_init(&w->down, true);
	if (port)
		slot_take(w, pid);
	return w;
}

void tr_wire_under_tls(struct tr_wire *wire)
{
	wire->tls = true;
}

/* Requests nobody will answer any more. */
static void wire_abandon(struct tr_wire *w, const char *by)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "connection closed by %s", by);
	memset(&w->answer, 0, sizeof(w->answer));
	while (w->count) {
		struct wire_request *r = wire_oldest(w);
		struct wire_end end = { .status = XF_CLOSED, .reason = reason };
		wire_over(w, r, &end);
		wire_pop(w);
	}
}

void tr_wire_free(struct tr_wire *w, const char *by)
{
	uint32_t last;

	if (!w)
		return;
	tr_http_finish(&w->down, &answer_ops, w);
	last = w->count ? wire_oldest(w)->request : 0;
	if (strcmp(by, "exit") != 0)
		wire_abandon(w, by);
	if (w->nr_requests)
		WIRE_EVENT(connection_closed, .connection = w->connection, .request = last,
			   .by = xf_text(by));
	if (w->slot && atomic_load(&w->slot->port) == w->port)
		atomic_store(&w->slot->port, 0);
	munmap(w, sizeof(*w));
}

void tr_wire_sent(struct tr_wire *w, const void *bytes, size_t len)
{
	if (!w || w->lost || !len)
		return;
	atomic_fetch_add_explicit(&w->control->bytes_sent, len, memory_order_relaxed);
	/* refused before the body: the next bytes are a request, if they look like one */
	if (w->early && w->count == 0 && tr_wire_is_request(bytes, len))
		tr_http_restart(&w->up);
	w->early = w->early && w->count;
	tr_http_feed(&w->up, bytes, len, &request_ops, w);
	if (w->up.state == TR_HTTP_LOST)
		wire_lose(w);
}

void tr_wire_skipped(struct tr_wire *w, size_t len)
{
	struct wire_request *r;

	if (!w || w->lost || !len)
		return;
	atomic_fetch_add_explicit(&w->control->bytes_sent, len, memory_order_relaxed);
	r = wire_newest(w);
	if (r)
		r->sent_len += len;
	tr_http_skip(&w->up, len, &request_ops, w);
	if (w->up.state == TR_HTTP_LOST)
		wire_lose(w);
}

/* Of the body in the midst of which the stream stands; 0: of none. */
static uint64_t wire_body_left(const struct tr_http *h)
{
	return h->state == TR_HTTP_BODY || h->state == TR_HTTP_CHUNK_DATA ? h->left : 0;
}

uint64_t tr_wire_unread(const struct tr_wire *w, bool answer)
{
	const struct wire_request *oldest = &w->queue[w->first], *newest = &w->queue[(w->first + w->count - 1) % WIRE_QUEUE];

	if (w->lost || !w->count)
		return 0;
	if (answer)
		return oldest->answering && !wire_reads_answer(w, oldest) ? wire_body_left(&w->down) : 0;
	return newest->op == XF_OP_COMPLETE_MULTIPART_UPLOAD ? 0 : wire_body_left(&w->up);
}

void tr_wire_skipped_received(struct tr_wire *w, size_t len)
{
	if (!w || w->lost || !len)
		return;
	atomic_fetch_add_explicit(&w->control->bytes_received, len, memory_order_relaxed);
	tr_http_skip(&w->down, len, &answer_ops, w);
	if (w->down.state == TR_HTTP_LOST)
		wire_lose(w);
}

void tr_wire_received(struct tr_wire *w, const void *bytes, size_t len)
{
	if (!w || w->lost || !len)
		return;
	atomic_fetch_add_explicit(&w->control->bytes_received, len, memory_order_relaxed);
	tr_http_feed(&w->down, bytes, len, &answer_ops, w);
	if (w->down.state == TR_HTTP_LOST)
		wire_lose(w);
}

/* For will_send: the head as far as it is in these bytes; nothing is recorded. */
static bool peek_head(void *ctx, const struct tr_http_head *head)
{
	struct tr_s3_request s3;
	struct wire_request *r = ctx;

	if (r->op == XF_OP_NONE) {
		tr_s3_understand(head, &s3);
		r->op = s3.op;
		r->part = s3.part;
		r->object = wire_object(&s3);
		r->expects = head->facts & TR_HTTP_EXPECT;
	}
	return true;
}

static void peek_body(void *ctx, const char *bytes, size_t len)
{
	(void)ctx, (void)bytes, (void)len;
}

static void peek_end(void *ctx, uint64_t body_len)
{
	(void)body_len;
	((struct wire_request *)ctx)->sent = true;
}

static const struct tr_http_ops peek_ops = { peek_head, peek_body, peek_end };

bool tr_wire_in_chunks(const struct tr_wire *w)
{
	return w->up.state >= TR_HTTP_CHUNK_SIZE && w->up.state <= TR_HTTP_TRAILER;
}

bool tr_wire_falls_short(struct tr_wire *w, const void *bytes, size_t len)
{
	const struct wire_request *r = wire_newest(w);
	struct wire_request seen = { .op = XF_OP_OTHER };
	struct tr_http h = w->up;

	if (w->lost || !r || r->sent)
		return false;
	if (h.state == TR_HTTP_BODY || !len)
		return h.state != TR_HTTP_BODY || h.left > len;
	if (!bytes)
		return false;
	tr_http_feed(&h, bytes, len, &peek_ops, &seen);
	return h.state != TR_HTTP_LOST && !seen.sent;
}

/* Can these bytes neither name a request nor be the last of one? Most are in the middle of a body. */
static bool peek_is_idle(const struct tr_wire *w, size_t len)
{
	const struct tr_http *h = &w->up;

	if (!w->count)
		return h->state > TR_HTTP_VALUE && !w->early;
	if (w->count > 1 || w->queue[w->first].sent)
		return true;
	return (h->state == TR_HTTP_BODY || h->state == TR_HTTP_CHUNK_DATA) && h->left > len;
}

void tr_wire_will_send(struct tr_wire *w, const void *bytes, size_t len, size_t more)
{
	struct wire_request r = { .transfer = TR_NO_TRANSFER };
	struct tr_http h;

	if (!w || w->lost)
		return;
	w->going_ns = xf_clock_mono_ns();
	if (!w->slot || peek_is_idle(w, len + more))
		return;
	if (w->count)
		r = *wire_oldest(w);
	/* a copy goes on from where the stream stands: the cut may lie anywhere */
	h = w->up;
	if (w->early && !w->count && tr_wire_is_request(bytes, len))
		tr_http_restart(&h);
	tr_http_feed(&h, bytes, len, &peek_ops, &r);
	w->whole = r.sent || (h.state == TR_HTTP_BODY && h.left <= more);
	if (r.op != XF_OP_NONE)
		slot_name(w, &r);
}

bool tr_wire_trails(const struct tr_wire *w)
{
	return !w->lost && (!w->count || (w->whole && !w->queue[w->first].sent));
}

bool tr_wire_lost(const struct tr_wire *w)
{
	return w->lost;
}

struct tr_wire_now tr_wire_now(const struct tr_wire *w)
{
	const struct wire_request *r;

	if (!w->count)
		return (struct tr_wire_now){ .transfer = TR_NO_TRANSFER };
	r = &w->queue[w->first];
	return (struct tr_wire_now){
		.request = r->request, .transfer = r->transfer, .part = r->part, .object = r->object,
		.op = r->op, .attempt = r->attempt, .sent = r->sent, .expects = r->expects && !r->continued,
	};
}

bool tr_wire_is_request(const void *bytes, size_t len)
{
	static const char *const methods[] = {
		"PUT ", "POST ", "GET ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ",
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = strlen(methods[i]);
		if (memcmp(bytes, methods[i], len < n ? len : n) == 0 && len > 0)
			return true;
	}
	return false;
}
