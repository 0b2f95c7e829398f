/*
 * warp: requests as operations of minio/warp's benchmark data (pkg/bench/ops.go), for `warp analyze` and `warp cmp`:
 * tab-separated, a line an operation, in a zstd frame. The blocks are raw ones (RFC 8878, 3.1.1.2), which need no
 * compressor; `zstdcat` shows them.
 *
 * An operation is a request, one attempt: PUT, PUTPART, GET, STAT, LIST, DELETE as warp names them, else the S3
 * operation. In a trace without requests, attempts at parts are operations. Lines come as requests end; warp sorts.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"
#include "tracer/trace/map.h"

enum { BLOCK = 64 << 10, MOST = 128 << 10 }; /* of a raw block, by the format */

struct open_request {
	uint32_t process, request;
	int64_t first_ns;
};

struct warp {
	FILE *out, *m;           /* the file; the lines of the block at hand */
	char *text;
	size_t len;
	uint64_t real_ns, nr;
	bool has_requests;
	struct open_request *open;
	uint32_t nr_open, cap_open;
};

/* ---- the frame */

static void put_block(struct warp *p, const char *bytes, size_t len, bool last)
{
	uint32_t head = (uint32_t)len << 3 | (last ? 1 : 0); /* type 0: raw */
	putc((int)(head & 0xff), p->out);
	putc((int)(head >> 8 & 0xff), p->out);
	putc((int)(head >> 16), p->out);
	fwrite(bytes, 1, len, p->out);
}

/* What is at hand goes out, when it is enough for a block. */
static void flush(struct tr_export *x, size_t enough)
{
	struct warp *p = x->state;
	size_t at = 0;
	if (fflush(p->m))
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
	if (x->status || p->len < enough)
		return;
	while (at < p->len) {
		size_t n = p->len - at < MOST ? p->len - at : MOST;
		put_block(p, p->text + at, n, false);
		at += n;
	}
	rewind(p->m);
}

void tr_warp_begin(struct tr_export *x)
{
	/* magic; no size, no checksum, no dictionary; a window of 128 KiB: exponent 7 above 1 KiB */
	static const unsigned char frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3 };
	struct warp *p = x->state = calloc(1, sizeof(*p));
	if (p)
		p->m = open_memstream(&p->text, &p->len);
	if (!p || !p->m) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	p->out = x->out;
	p->real_ns = tr_log_header(x->log)->real_ns;
	for (uint32_t i = 0; i < tr_log_nr_events(x->log) && !p->has_requests; i++)
		p->has_requests = tr_log_kind(x->log, i) == XF_EV_request_start;
	fwrite(frame, 1, sizeof(frame), p->out);
	fputs("idx\tthread\top\tclient_id\tn_objects\tbytes\tendpoint\tfile\terror\tstart\tfirst_byte\tlast_byte\tend\tduration_ns\tcat\n", p->m);
}

/* ---- when the answer began */

static struct open_request *open_find(struct warp *p, uint32_t process, uint32_t request)
{
	for (uint32_t i = 0; i < p->nr_open; i++)
		if (p->open[i].process == process && p->open[i].request == request)
			return &p->open[i];
	return NULL;
}

void tr_warp_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	struct warp *p = x->state;
	(void)place;
	if (e->kind != XF_EV_first_byte)
		return;
	if (!tr_grow(&p->open, p->nr_open, &p->cap_open, sizeof(*p->open)))
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
	else
		p->open[p->nr_open++] = (struct open_request){ e->process, TR_PAYLOAD(e, first_byte)->request, x->now_ns };
}

/* ---- a line */

static const char *op_word(const struct tr_span *s, char buf[48])
{
	static const struct {
		enum xf_op op;
		const char *word;
	} words[] = {
		{ XF_OP_PUT_OBJECT, "PUT" }, { XF_OP_UPLOAD_PART, "PUTPART" }, { XF_OP_GET_OBJECT, "GET" },
		{ XF_OP_HEAD_OBJECT, "STAT" }, { XF_OP_DELETE_OBJECT, "DELETE" }, { XF_OP_LIST_OBJECTS, "LIST" },
	};
	enum xf_op op = s->kind == TR_SPAN_ATTEMPT ? XF_OP_UPLOAD_PART : s->op;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].op == op)
			return words[i].word;
	snprintf(buf, 48, "%s", op == XF_OP_NONE ? "REQUEST" : xf_op_name(op));
	for (char *c = buf; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	return buf;
}

/* RFC 3339 with nanoseconds, UTC. */
static void put_instant(const struct warp *p, int64_t ns)
{
	uint64_t at = p->real_ns + (uint64_t)ns;
	time_t seconds = (time_t)(at / 1000000000);
	struct tm tm;
	char text[40] = "";
	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(p->m, "%s.%09uZ", text, (unsigned)(at % 1000000000));
}

/* As warp's reader has them: quoted where a tab, a quote or a line's end is in it. */
static void put_word(FILE *m, const char *a, const char *b, const char *c)
{
	char *text;
	if (asprintf(&text, "%s%s%s", a, b, c) < 0)
		return;
	if (strpbrk(text, "\t\"\r\n") || *text == ' ' || *text == '#') {
		putc('"', m);
		for (const char *p = text; *p; p++) {
			if (*p == '"')
				putc('"', m);
			putc(*p, m);
		}
		putc('"', m);
	} else {
		fputs(text, m);
	}
	free(text);
}

static uint64_t bytes_of(const struct tr_export *x, const struct tr_span *s)
{
	struct tr_event e = tr_log_event(x->log, s->begin);
	if (s->kind == TR_SPAN_ATTEMPT)
		return TR_PAYLOAD(&e, part_start)->bytes;
	if (s->op != XF_OP_GET_OBJECT)
		return TR_PAYLOAD(&e, request_start)->bytes;
	if (s->end == TR_NONE || tr_log_kind(x->log, s->end) != XF_EV_response)
		return 0;
	e = tr_log_event(x->log, s->end);
	return TR_PAYLOAD(&e, response)->bytes;
}

static void put_error(struct tr_export *x, const struct tr_span *s)
{
	struct warp *p = x->state;
	struct tr_event e;
	if (s->end == TR_NONE) {
		fputs("never ended", p->m);
	} else if (s->failed) {
		e = tr_log_event(x->log, s->end);
		if (e.kind == XF_EV_response && TR_PAYLOAD(&e, response)->http_status)
			fprintf(p->m, "HTTP status %" PRIu32, TR_PAYLOAD(&e, response)->http_status);
		else
			fputs(e.kind == XF_EV_response ? "no answer" : "failed", p->m);
	}
}

static void put_line(struct tr_export *x, const struct tr_span *s, int64_t first_ns)
{
	struct warp *p = x->state;
	const struct tr_transfer_state *t = s->transfer == TR_NONE ? NULL : tr_export_transfer(x, s->process, s->transfer);
	int64_t end = s->end_ns < s->begin_ns ? s->begin_ns : s->end_ns;
	const char *host = tr_log_property(x->log, "endpoint_host"), *port = tr_log_property(x->log, "endpoint_port");
	bool get = s->op == XF_OP_GET_OBJECT;
	char word[48];
	port = host && port && strcmp(port, "0") ? port : NULL;
	fprintf(p->m, "%" PRIu64 "\t%" PRIu32 "\t%s\tp%" PRIu32 "\t1\t%" PRIu64 "\t", p->nr++, s->thread % 65536, op_word(s, word),
		s->process, bytes_of(x, s));
	put_word(p->m, host ? host : "", port ? ":" : "", port ? port : "");
	putc('\t', p->m);
	if (t)
		put_word(p->m, tr_log_text(x->log, t->process, t->bucket), "/", tr_log_text(x->log, t->process, t->key));
	putc('\t', p->m);
	put_error(x, s);
	putc('\t', p->m);
	put_instant(p, s->begin_ns);
	putc('\t', p->m);
	if (get && first_ns >= s->begin_ns)
		put_instant(p, first_ns < end ? first_ns : end);
	putc('\t', p->m);
	if (get && first_ns >= s->begin_ns)
		put_instant(p, end);
	putc('\t', p->m);
	put_instant(p, end);
	fprintf(p->m, "\t%" PRId64 "\t0\n", end - s->begin_ns);
}

void tr_warp_span_end(struct tr_export *x, const struct tr_span *s)
{
	struct warp *p = x->state;
	struct open_request *first = s->kind == TR_SPAN_REQUEST ? open_find(p, s->process, s->request) : NULL;
	if (s->kind == (p->has_requests ? TR_SPAN_REQUEST : TR_SPAN_ATTEMPT)) {
		put_line(x, s, first ? first->first_ns : -1);
		flush(x, BLOCK);
	}
	if (first)
		*first = p->open[--p->nr_open];
}

void tr_warp_end(struct tr_export *x)
{
	struct warp *p = x->state;
	if (p && p->m) {
		if (!x->status) {
			flush(x, 1);
			put_block(p, "", 0, true);
		}
		fclose(p->m);
	}
	if (p) {
		free(p->text);
		free(p->open);
	}
	free(p);
}
