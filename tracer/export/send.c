/*
 * send: spans to an OTLP/HTTP collector, in pieces of about PIECE bytes, far below the protocol's 64 MiB.
 *
 * By the protocol: 200 is taken, also with partialSuccess, which is never sent again; 429, 502, 503
 * and 504 and connections that failed are tried again, after Retry-After or an exponential back-off with
 * jitter; 413 halves the piece; everything else is an error with the collector's own words.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/s3/http.h"
#include "core/s3/retry.h"
#include "tracer/export/otlp.h"
#include "tracer/trace/map.h"

enum { PIECE = 4 << 20, TRIES = 6, FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 30000 };

struct sender {
	char url[2048];
	struct xf_http *http;
	char **spans;            /* of the piece at hand, each a JSON object */
	size_t *lens;
	uint32_t nr, cap_spans, cap_lens;
	size_t bytes;
	uint64_t sent, rejected;
	char rejection[200];
	unsigned seed;
};

static struct sender *sender_of(struct tr_export *x)
{
	return x->user;
}

/* ---- one piece */

static void pause_before(struct sender *s, unsigned attempt, const struct xf_http_reply *reply)
{
	const char *after = reply->status ? xf_headers_get(&reply->headers, "Retry-After") : NULL;
	uint64_t told_ms = xf_retry_after_ns(after, time(NULL)) / 1000000, ms = (uint64_t)FIRST_WAIT_MS << attempt;
	ms = told_ms ? told_ms : ms / 2 + (uint64_t)rand_r(&s->seed) % (ms / 2 + 1);
	if (ms > LONGEST_WAIT_MS)
		ms = LONGEST_WAIT_MS;
	nanosleep(&(struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 }, NULL);
}

static bool again(int status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

/* What the collector did not take of a piece it took. Some answer with nothing; what is no JSON comes from no collector. */
static enum xf_status read_partial(struct sender *s, const struct xf_http_reply *reply, struct xf_error *err)
{
	json_t *answer = reply->body_len ? json_loadb(reply->body, reply->body_len, JSON_ALLOW_NUL, NULL) : NULL;
	json_t *partial = json_object_get(answer, "partialSuccess");
	json_t *rejected = json_object_get(partial, "rejectedSpans"), *message = json_object_get(partial, "errorMessage");
	int64_t nr = json_is_string(rejected) ? strtoll(json_string_value(rejected), NULL, 10) : json_integer_value(rejected);
	s->rejected += nr > 0 && nr < INT32_MAX ? (uint64_t)nr : 0;
	if (json_string_length(message))
		xf_text_sanitise(s->rejection, sizeof(s->rejection), json_string_value(message), json_string_length(message));
	if (reply->body_len && !json_is_object(answer)) {
		char words[80];
		xf_text_sanitise(words, sizeof(words), reply->body, strnlen(reply->body, sizeof(words) - 1));
		json_decref(answer);
		return xf_fail(err, XF_SERVICE, "%.100s answered %d, but not as a collector does: %s", s->url, reply->status, words);
	}
	json_decref(answer);
	return XF_OK;
}

static enum xf_status refused(const struct xf_http_reply *reply, struct xf_error *err)
{
	char words[160] = "";
	if (reply->body)
		xf_text_sanitise(words, sizeof(words), reply->body, strnlen(reply->body, sizeof(words) - 1));
	err->http_status = reply->status;
	return xf_fail(err, XF_SERVICE, "the collector answered %d%s%s", reply->status, *words ? ": " : "", words);
}

static enum xf_status exchange(struct sender *s, const struct xf_body *body, struct xf_http_reply *reply,
			       struct xf_error *err)
{
	struct xf_headers headers = XF_HEADERS_INIT;
	enum xf_status status;
	xf_headers_add(&headers, "Content-Type", "application/json");
	xf_headers_add(&headers, "User-Agent", "xferdb/" XFERDB_VERSION);
	status = xf_headers_ok(&headers);
	if (!status)
		status = xf_http_exchange(s->http, &(struct xf_http_request){ .method = "POST", .url = s->url,
							.headers = &headers, .body = body, .op = XF_OP_OTHER }, reply, err);
	xf_headers_fini(&headers);
	return status;
}

/* *status: the HTTP status that ended it, 0 none came. */
static enum xf_status post(struct sender *s, const char *json, size_t len, int *http_status, struct xf_error *err)
{
	struct xf_body body = xf_body_memory(json, len);
	struct xf_http_reply reply = XF_HTTP_REPLY_INIT;
	enum xf_status status = XF_OK;
	for (unsigned attempt = 0; attempt < TRIES; attempt++) {
		struct xf_error now = XF_ERROR_INIT;
		status = exchange(s, &body, &reply, &now);
		*http_status = status ? 0 : reply.status;
		if (!status && reply.status >= 200 && reply.status < 300) {
			status = read_partial(s, &reply, err);
			break;
		}
		if (!status && !again(reply.status)) {
			status = refused(&reply, err);
			break;
		}
		if (attempt + 1 == TRIES) {
			status = status ? xf_fail(err, status, "%s", now.message) : refused(&reply, err);
			break;
		}
		pause_before(s, attempt, &reply);
	}
	xf_http_reply_fini(&reply);
	return status;
}

/* The spans [from, to) as one body; a piece too large is halved. */
static void send_range(struct tr_export *x, uint32_t from, uint32_t to)
{
	struct sender *s = sender_of(x);
	FILE *before = x->out;
	char *json = NULL;
	size_t len = 0;
	int http_status = 0;
	struct xf_error err = XF_ERROR_INIT;
	x->out = open_memstream(&json, &len);
	if (x->out) {
		tr_otlp_put_head(x, "resourceSpans");
		for (uint32_t i = from; i < to; i++) {
			fputs(i > from ? ",\n" : "", x->out);
			fwrite(s->spans[i], 1, s->lens[i], x->out);
		}
		tr_otlp_put_tail(x);
		fclose(x->out);
	}
	x->out = before;
	enum xf_status status = json ? post(s, json, len, &http_status, &err) : XF_NOMEM;
	free(json);
	if (http_status == 413 && to - from > 1) {
		send_range(x, from, from + (to - from) / 2);
		if (!x->status)
			send_range(x, from + (to - from) / 2, to);
		return;
	}
	if (status)
		tr_export_fail(x, status, *err.message ? err.message : "no memory for the export");
	else
		s->sent += to - from;
}

static void flush(struct tr_export *x)
{
	struct sender *s = sender_of(x);
	if (s->nr && !x->status)
		send_range(x, 0, s->nr);
	for (uint32_t i = 0; i < s->nr; i++)
		free(s->spans[i]);
	s->nr = 0;
	s->bytes = 0;
}

/* ---- as an exporter */

static void span_end(struct tr_export *x, const struct tr_span *span)
{
	struct sender *s = sender_of(x);
	FILE *before = x->out;
	char *json = NULL;
	size_t len = 0;
	tr_otlp_note_end(x, span);
	x->out = open_memstream(&json, &len);
	if (x->out) {
		tr_otlp_put_span(x, span);
		fclose(x->out);
	}
	x->out = before;
	if (!json || !tr_grow(&s->spans, s->nr, &s->cap_spans, sizeof(*s->spans)) ||
	    !tr_grow(&s->lens, s->nr, &s->cap_lens, sizeof(*s->lens))) {
		free(json);
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	s->spans[s->nr] = json;
	s->lens[s->nr++] = len;
	s->bytes += len;
	if (s->bytes > PIECE)
		flush(x);
}

static void end(struct tr_export *x)
{
	flush(x);
	tr_otlp_close(x);
}

/* "http://host:4318" means its /v1/traces; an address with a path is taken as it is. */
static enum xf_status read_url(struct sender *s, const char *url, struct xf_error *err)
{
	bool plain = !strncmp(url, "http://", 7), tls = !strncmp(url, "https://", 8);
	const char *host = url + (tls ? 8 : 7), *path = plain || tls ? strchr(host, '/') : NULL;
	int n;
	if ((!plain && !tls) || !*host || *host == '/' || strpbrk(url, " \r\n"))
		return xf_fail(err, XF_INVALID, "--to needs an address like http://localhost:4318");
	n = snprintf(s->url, sizeof(s->url), "%s%s", url, !path ? "/v1/traces" : !path[1] ? "v1/traces" : "");
	return n < (int)sizeof(s->url) ? XF_OK : xf_fail(err, XF_INVALID, "the collector's address is too long");
}

static enum xf_status finish(struct sender *s, enum xf_status status, uint64_t *sent, struct xf_error *err)
{
	*sent = s->sent - (s->rejected < s->sent ? s->rejected : s->sent);
	if (!status && s->rejected)
		status = xf_fail(err, XF_SERVICE, "the collector rejected %" PRIu64 " spans: %s", s->rejected,
				 *s->rejection ? s->rejection : "no reason given");
	xf_http_free(s->http);
	free(s->spans);
	free(s->lens);
	return status;
}

enum xf_status tr_export_send(const struct tr_export_input *input, const char *url, uint64_t *sent,
			      struct xf_error *err)
{
	static const struct tr_exporter as = { .begin = tr_otlp_open, .event = tr_otlp_event,
					       .span_begin = tr_otlp_span_begin, .span_end = span_end, .end = end };
	struct sender s = { .seed = (unsigned)time(NULL) };
	struct tr_export x = { .log = input->log, .verdicts = input->verdicts, .filter = input->filter, .as = &as,
			       .user = &s, .err = err, .only_thread = TR_NONE };
	enum xf_status status = read_url(&s, url, err);
	if (!status)
		status = xf_http_global_init();
	if (!status)
		status = xf_http_new(&(struct xf_http_options){ .read_timeout_ns = 60000000000u }, &s.http, err);
	if (!status)
		status = tr_export_run(&x);
	return finish(&s, status, sent, err);
}
