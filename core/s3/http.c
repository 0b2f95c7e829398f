#include "core/s3/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "core/s3/push.h"

enum {
	UPLOAD_BUFFER = 256 << 10,  /* bytes a read of the source; libcurl sends from it */
	DOWNLOAD_BUFFER = 256 << 10, /* for replies that carry an object */
	REPLY_BUFFER = 2 << 10,      /* for what answers a body of ours */
	PUSH_STEP = 256 << 10,       /* and progress is told in such steps, too */
	KEPT_CONNECTIONS = 4,       /* a worker talks to one host, or few */
	SOCKETS = 16,
	KEPT_BODY = 32 << 20,
	NEVER_MS = 1000000000,      /* eleven days: libcurl's own clocks are not asked */
	LONGEST_POLL_MS = 60000,
	HURRIED_POLL_MS = 50,
};

#define SECOND 1000000000ull

/* A socket libcurl has open, and its number in the trace. */
struct socket_slot {
	curl_socket_t fd;
	uint32_t id; /* 0: free */
	bool stood;  /* a connection; else an address that was only tried */
};

struct exchange;

struct xf_http {
	CURLM *multi;
	CURL *easy;
	struct xf_http_options options; /* ca_bundle: own copy */
	struct socket_slot sockets[SOCKETS];
	const char *closing;            /* who closes, should libcurl close now; static */
	uint32_t request;               /* the last one's number */
	struct exchange *now;           /* under way */
	char text[CURL_ERROR_SIZE];
};

/* Where an exchange stands; only ever forward. */
enum phase { CONNECTING, SENDING, AWAITING, RECEIVING };

struct exchange {
	struct xf_http *http;
	const struct xf_http_request *request;
	struct xf_http_reply *reply;
	struct xf_error *err;
	struct curl_slist *headers;
	char where[352];          /* "http://host:port", for people */
	enum phase phase;
	enum xf_status failed;    /* why a callback of ours ended it */
	uint32_t connection;
	const struct xf_http_direct *direct; /* the body is ours to push; libcurl sees a request without one */
	uint64_t body_size;
	uint64_t at;              /* body bytes handed to libcurl, or pushed */
	uint64_t admitted;        /* pushing: up to there */
	uint64_t framing;         /* bytes libcurl adds to a chunked body */
	uint64_t line_bytes;      /* of the answer's headers */
	uint64_t began_ns, sent_ns, moved_ns, expect_ns;
	uint64_t busy_ns;         /* the connection's, when the request was out */
	uint64_t moved;           /* sum of all counters when it last moved */
	bool ended;               /* libcurl has asked beyond the last byte */
	bool opened;              /* a socket was opened for it */
	bool expecting;           /* 100 is awaited, the body waits */
	bool resend;              /* libcurl wanted to send again: refused */
	bool headers_done;        /* of the final answer */
	bool hurry;               /* the caller wants to be asked again soon */
	bool full;                /* pushing: the socket takes nothing now */
	bool broken;              /* pushing: the peer is gone; libcurl reads what it left */
};

static _Atomic uint32_t request_numbers, connection_numbers;

/* ---- sockets: numbered, so that a trace can tell connections apart ---------------- */

static struct socket_slot *slot_of(struct xf_http *http, curl_socket_t fd)
{
	for (int i = 0; i < SOCKETS; i++)
		if (http->sockets[i].id && http->sockets[i].fd == fd)
			return &http->sockets[i];
	return NULL;
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct xf_http *http = ctx;
	(void)purpose;
	if (http->now && http->now->phase != CONNECTING) {
		http->now->resend = true;
		return CURL_SOCKET_BAD;
	}
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	for (int i = 0; fd >= 0 && i < SOCKETS; i++)
		if (!http->sockets[i].id) {
			uint32_t id = atomic_fetch_add_explicit(&connection_numbers, 1, memory_order_relaxed) + 1;
			http->sockets[i] = (struct socket_slot){ .fd = fd, .id = id };
			break;
		}
	if (http->now)
		http->now->opened = true;
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static void hear_last_words(struct exchange *x, int fd);

/* A final answer came before the whole body was sent. */
static bool is_early(const struct exchange *x)
{
	return x->headers_done && x->body_size && !x->reply->body_complete;
}

static int close_socket(void *ctx, curl_socket_t fd)
{
	struct xf_http *http = ctx;
	struct exchange *x = http->now;
	struct socket_slot *slot = slot_of(http, fd), was = { 0 };
	if (slot) {
		was = *slot;
		slot->id = 0;
	}
	bool ours = x && was.stood && was.id == x->connection;
	if (ours)
		hear_last_words(x, fd);
	close(fd);
	if (was.stood)
		XF_EVENT(connection_closed, .connection = was.id, .request = http->request,
			 .by = xf_text(ours && (x->failed || is_early(x)) ? "client" : http->closing));
	return 0;
}

/* The connection whose socket has this local port; prereq is told the port, not the socket. */
static uint32_t connection_at_port(struct xf_http *http, int port)
{
	for (int i = 0; i < SOCKETS; i++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof(address);
		if (!http->sockets[i].id || getsockname(http->sockets[i].fd, (struct sockaddr *)&address, &len))
			continue;
		in_port_t local = address.ss_family == AF_INET6 ?
			((struct sockaddr_in6 *)&address)->sin6_port :
			((struct sockaddr_in *)&address)->sin_port;
		if (ntohs(local) != port)
			continue;
		http->sockets[i].stood = true;
		return http->sockets[i].id;
	}
	return 0;
}

static uint64_t time_of(CURL *easy, CURLINFO info)
{
	curl_off_t us = 0;
	curl_easy_getinfo(easy, info, &us);
	return us > 0 ? (uint64_t)us * 1000 : 0;
}

/* The connection stands; the request goes out next. A second call is a resend: refused. */
static int connection_ready(void *ctx, char *remote_ip, char *local_ip, int remote_port,
			    int local_port)
{
	struct exchange *x = ((struct xf_http *)ctx)->now;
	(void)remote_ip, (void)local_ip, (void)remote_port;
	if (x->phase != CONNECTING) {
		x->resend = true;
		return CURL_PREREQFUNC_ABORT;
	}
	CURL *easy = x->http->easy;
	uint64_t resolve = time_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
	uint64_t connect = time_of(easy, CURLINFO_CONNECT_TIME_T);
	uint64_t tls = time_of(easy, CURLINFO_APPCONNECT_TIME_T);
	x->phase = SENDING;
	x->connection = connection_at_port(x->http, local_port);
	XF_EVENT(connected, .request = x->reply->request, .connection = x->connection,
		 .resolve_ns = x->opened ? resolve : 0,
		 .connect_ns = x->opened && connect > resolve ? connect - resolve : 0,
		 .reused = !x->opened);
	if (x->opened && tls > connect)
		XF_EVENT(tls_done, .request = x->reply->request, .took_ns = tls - connect);
	x->reply->began = true;
	x->moved_ns = x->expect_ns = xf_gate_now_ns();
	return CURL_PREREQFUNC_OK;
}

/* ---- what goes out ------------------------------------------------------------------ */

static enum xf_go ask(struct exchange *x)
{
	const struct xf_http_watch *watch = x->request->watch;
	enum xf_go go = watch && watch->go ? watch->go(watch->ctx) : XF_GO_ON;
	x->hurry = go == XF_GO_HURRY;
	return x->hurry ? XF_GO_ON : go;
}

static enum xf_status cancelled(struct exchange *x)
{
	return xf_fail(x->err, XF_CANCELLED, "the request to %s was given up, as the transfer is over",
		       x->where);
}

/* Bytes that a chunked body grows by for a piece of n bytes: its size in hex and two line ends. */
static uint64_t chunk_framing(uint64_t n)
{
	unsigned digits = 1;
	for (uint64_t left = n >> 4; left; left >>= 4)
		digits++;
	return digits + 4;
}

static size_t give_body(char *buf, size_t size, size_t nr, void *ctx)
{
	struct exchange *x = ctx;
	uint64_t left = x->body_size - x->at;
	size_t len = size * nr < left ? size * nr : (size_t)left;
	if (x->headers_done)
		return CURL_READFUNC_ABORT;
	if (ask(x) != XF_GO_ON)
		x->failed = cancelled(x);
	else if (len)
		x->failed = xf_body_read(x->request->body, x->at, buf, len, x->err);
	if (x->failed)
		return CURL_READFUNC_ABORT;
	x->at += len;
	x->framing += len ? chunk_framing(len) : 5;
	x->ended = len == 0;
	return len;
}

/*
 * libcurl seeks only to send again; at the beginning, where there is nothing to be sent again, because it was
 * refused that in the exchange before this one, and has not forgotten.
 */
static int refuse_seek(void *ctx, curl_off_t offset, int origin)
{
	struct exchange *x = ctx;
	if (x->phase == CONNECTING && offset == 0 && origin == SEEK_SET)
		return CURL_SEEKFUNC_OK;
	x->resend = true;
	return CURL_SEEKFUNC_FAIL;
}

static uint64_t counter(const struct exchange *x, CURLINFO info)
{
	curl_off_t n = 0;
	curl_easy_getinfo(x->http->easy, info, &n);
	return n > 0 ? (uint64_t)n : 0;
}

static int socket_of(const struct exchange *x)
{
	for (int i = 0; i < SOCKETS; i++)
		if (x->http->sockets[i].id == x->connection)
			return x->http->sockets[i].fd;
	return -1;
}

/* For how long the connection had bytes that the other end had not acknowledged; 0 where nobody records, or can tell. */
static uint64_t busy_ns(const struct exchange *x)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	if (!xf_emit_on() || getsockopt(socket_of(x), IPPROTO_TCP, TCP_INFO, &info, &len))
		return 0;
	return len >= offsetof(struct tcp_info, tcpi_rwnd_limited) ? info.tcpi_busy_time * 1000 : 0;
}

/* The request is out when libcurl has handed everything to the kernel. */
static void notice_sent(struct exchange *x)
{
	bool chunked = x->request->chunked;
	if (x->phase != SENDING || x->expecting || x->at < x->body_size || (chunked && !x->ended))
		return;
	uint64_t framed = x->at + (chunked ? x->framing : 0);
	if (x->body_size && !x->direct && counter(x, CURLINFO_SIZE_UPLOAD_T) < framed)
		return;
	x->phase = AWAITING;
	x->reply->body_complete = true;
	x->reply->sent = x->body_size;
	x->sent_ns = x->moved_ns = xf_gate_now_ns();
	x->busy_ns = busy_ns(x);
	XF_EVENT(body_sent, .request = x->reply->request, .bytes = x->body_size);
	if (x->request->watch && x->request->watch->sent)
		x->request->watch->sent(x->request->watch->ctx);
}

static void end_expecting(struct exchange *x, enum xf_how how)
{
	uint64_t now = xf_gate_now_ns();
	if (!x->expecting)
		return;
	x->expecting = false;
	x->moved_ns = now;
	XF_EVENT(continued, .request = x->reply->request, .how = how, .waited_ns = now - x->expect_ns);
}

/* ---- the body pushed by ourselves ------------------------------------------------------ */

/* A proxy may want TLS of its own, or to be spoken to before: libcurl's business. */
static bool has_proxy(const struct xf_http_request *r)
{
	return !r->no_proxy && (getenv("http_proxy") || getenv("all_proxy") || getenv("ALL_PROXY"));
}

static const struct xf_http_direct *direct_of(const struct xf_http_request *r)
{
	bool can = r->direct && r->expect && !r->chunked && r->body && xf_push_can(r->direct->source) &&
		!strncmp(r->url, "http:", 5) && !has_proxy(r);
	return can ? r->direct : NULL;
}

static bool wants_push(const struct exchange *x)
{
	return x->direct && x->phase == SENDING && !x->expecting && !x->broken && x->at < x->body_size;
}

/* The next piece. Pieces end at multiples of the step; each byte is admitted once. */
static enum xf_status push_piece(struct exchange *x)
{
	const struct xf_http_direct *d = x->direct;
	size_t len = PUSH_STEP - (size_t)(x->at % PUSH_STEP), sent = 0;
	if (len > x->body_size - x->at)
		len = (size_t)(x->body_size - x->at);
	if (ask(x) != XF_GO_ON)
		return cancelled(x);
	enum xf_status status = x->at < x->admitted ? XF_OK : d->admit(d->ctx, len, x->err);
	if (status)
		return status;
	if (x->at >= x->admitted)
		x->admitted = x->at + len;
	uint64_t waited_ns;
	enum xf_push result = xf_push(socket_of(x), d->source, x->at, len, &sent, &waited_ns, x->err);
	x->full = result == XF_PUSH_AGAIN;
	x->broken = result == XF_PUSH_BROKEN;
	if (result == XF_PUSH_FAILED)
		return x->err->status;
	x->at += sent;
	return sent ? d->passed(d->ctx, sent, waited_ns, x->err) : XF_OK;
}

/* One piece, where it is time for it: libcurl gets its turn behind each, for an answer may have come. */
static enum xf_status push_body(struct exchange *x)
{
	x->full = false;
	if (wants_push(x))
		x->failed = push_piece(x);
	return x->failed;
}

/* ---- what comes in ------------------------------------------------------------------- */

/* A final answer begins. Before the whole body was sent it makes the connection unfit for another. */
static void begin_answer(struct exchange *x)
{
	end_expecting(x, XF_HOW_INTERRUPTED);
	notice_sent(x);
	if (!x->reply->body_complete)
		curl_easy_setopt(x->http->easy, CURLOPT_FORBID_REUSE, 1L);
	uint64_t from = x->sent_ns ? x->sent_ns : x->began_ns;
	uint64_t waited = xf_gate_now_ns() - from, draining = x->busy_ns ? busy_ns(x) - x->busy_ns : 0;
	XF_EVENT(first_byte, .request = x->reply->request, .waited_ns = waited,
		 .draining_ns = draining < waited ? draining : waited);
	x->phase = RECEIVING;
}

static bool take_status_line(struct exchange *x, const char *line, size_t len)
{
	char copy[64];
	int status = 0;
	snprintf(copy, sizeof(copy), "%.*s", (int)(len < 60 ? len : 60), line);
	if (sscanf(copy, "HTTP/%*[0-9.] %3d", &status) != 1 || status == 101) {
		x->failed = xf_fail(x->err, XF_BAD_REPLY, "%s does not answer as an HTTP/1.1 server should",
				    x->where);
		return false;
	}
	xf_headers_clear(&x->reply->headers);
	x->reply->status = status;
	if (status >= 200)
		begin_answer(x);
	return true;
}

static bool end_headers(struct exchange *x)
{
	const struct xf_http_request *r = x->request;
	int status = x->reply->status;
	if (status == 100)
		end_expecting(x, XF_HOW_WOKEN);
	if (status < 200)
		return true;
	x->headers_done = true;
	if (xf_headers_ok(&x->reply->headers))
		x->failed = xf_fail(x->err, XF_NOMEM, "out of memory");
	else if (r->head && status < 300)
		x->failed = r->head(r->sink_ctx, status, &x->reply->headers, x->err);
	return !x->failed;
}

static void take_header(struct exchange *x, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	if (!colon)
		return;
	const char *value = colon + 1, *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && strchr(" \t\r\n", end[-1]))
		end--;
	xf_headers_add_n(&x->reply->headers, line, (size_t)(colon - line), value, (size_t)(end - value));
}

/* One line of a head, with its line end. false: the exchange ends. */
static bool take_line(struct exchange *x, const char *line, size_t len)
{
	x->line_bytes += len;
	if (x->headers_done)
		return true; /* trailers */
	if (len > 5 && !strncasecmp(line, "HTTP/", 5))
		return take_status_line(x, line, len);
	if (len == 0 || line[0] == '\r' || line[0] == '\n')
		return end_headers(x);
	take_header(x, line, len);
	return true;
}

static size_t take_line_cb(char *line, size_t size, size_t nr, void *ctx)
{
	return take_line(ctx, line, size * nr) ? size * nr : 0;
}

static enum xf_status keep_body(struct exchange *x, const char *bytes, size_t len)
{
	struct xf_http_reply *reply = x->reply;
	if (len > KEPT_BODY - reply->body_len)
		return xf_fail(x->err, XF_BAD_REPLY, "the answer of %s is longer than 32 MiB", x->where);
	if (reply->body_len + len + 1 > reply->body_cap) {
		size_t cap = 2 * (reply->body_len + len + 1);
		char *body = realloc(reply->body, cap);
		if (!body)
			return xf_fail(x->err, XF_NOMEM, "out of memory");
		reply->body = body;
		reply->body_cap = cap;
	}
	memcpy(reply->body + reply->body_len, bytes, len);
	reply->body_len += len;
	reply->body[reply->body_len] = '\0';
	return XF_OK;
}

/* A piece of the answer's body. false: the exchange ends. */
static bool take_body(struct exchange *x, const char *bytes, size_t len)
{
	const struct xf_http_request *r = x->request;
	bool to_sink = r->sink && x->reply->status >= 200 && x->reply->status < 300;
	x->reply->received += len;
	if (ask(x) == XF_GO_DROP || (to_sink && ask(x) != XF_GO_ON))
		x->failed = cancelled(x);
	else if (to_sink)
		x->failed = r->sink(r->sink_ctx, bytes, len, x->err);
	else
		x->failed = keep_body(x, bytes, len);
	return !x->failed;
}

static size_t take_body_cb(char *bytes, size_t size, size_t nr, void *ctx)
{
	return take_body(ctx, bytes, size * nr) ? size * nr : 0;
}

/*
 * A server that refuses in mid-body answers, closes and resets: sending then fails
 * while the answer lies unread in the socket. It is read here (plain http only), before the close.
 */
static void hear_last_words(struct exchange *x, int fd)
{
	char buf[16384];
	size_t len = 0, at = 0;
	if (x->phase != SENDING || x->reply->body_complete || x->failed || x->resend ||
	    strncmp(x->where, "http:", 5))
		return;
	while (len < sizeof(buf)) {
		ssize_t n = recv(fd, buf + len, sizeof(buf) - len, MSG_DONTWAIT);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	while (at < len && !x->headers_done) {
		const char *end = memchr(buf + at, '\n', len - at);
		if (!end || (at == 0 && len > 5 && memcmp(buf, "HTTP/", 5)))
			return;
		size_t line = (size_t)(end - (buf + at)) + 1;
		if (!take_line(x, buf + at, line))
			return;
		at += line;
	}
	if (x->headers_done && at < len)
		take_body(x, buf + at, len - at);
}

/* ---- one exchange --------------------------------------------------------------------- */

static void copy_where(struct exchange *x)
{
	const char *host = strstr(x->request->url, "://");
	size_t len = host ? (size_t)(host - x->request->url) + 3 + strcspn(host + 3, "/?#") : 0;
	xf_text_sanitise(x->where, sizeof(x->where), x->request->url, len);
}

static bool add_line(struct exchange *x, const char *line)
{
	struct curl_slist *list = curl_slist_append(x->headers, line);
	if (list)
		x->headers = list;
	return list != NULL;
}

/* "Name: value"; libcurl wants "Name;" for an empty value. */
static bool add_header(struct exchange *x, const struct xf_header *header)
{
	char *line = NULL;
	if (asprintf(&line, *header->value ? "%s: %s" : "%s;", header->name, header->value) < 0)
		return false;
	bool ok = add_line(x, line);
	explicit_bzero(line, strlen(line));
	free(line);
	return ok;
}

static bool make_headers(struct exchange *x)
{
	const struct xf_headers *headers = x->request->headers;
	char length[48];
	snprintf(length, sizeof(length), "Content-Length: %llu", (unsigned long long)x->body_size);
	bool ok = add_line(x, "Accept:") &&
		add_line(x, x->request->expect ? "Expect: 100-continue" : "Expect:") &&
		(!x->direct || add_line(x, length));
	for (size_t i = 0; ok && headers && i < headers->nr; i++)
		ok = add_header(x, &headers->items[i]);
	return ok;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

/* What differs from request to request; the rest is set in set_up_easy(). */
static void set_request(struct exchange *x)
{
	CURL *easy = x->http->easy;
	const struct xf_http_request *r = x->request;
	bool head = !strcmp(r->method, "HEAD");
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, head ? NULL : r->method);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, r->body && !x->direct ? 1L : 0L);
	if (head)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
			 r->chunked ? (curl_off_t)-1 : (curl_off_t)x->body_size);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)(r->body ? REPLY_BUFFER : DOWNLOAD_BUFFER));
	curl_easy_setopt(easy, CURLOPT_URL, r->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
	curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)NEVER_MS);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, r->no_proxy ? "" : NULL);
	curl_easy_setopt(easy, CURLOPT_READDATA, x);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, x);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
}

static uint64_t limit_of(const struct exchange *x)
{
	return x->phase == CONNECTING ? x->http->options.connect_timeout_ns :
		x->http->options.read_timeout_ns;
}

static enum xf_status time_out(struct exchange *x)
{
	unsigned long long s = (limit_of(x) + SECOND / 2) / SECOND;
	switch (x->phase) {
	case CONNECTING:
		return xf_fail(x->err, XF_TIMEOUT,
			       "no connection to %s within %llu s: check the address, or raise --connect-timeout",
			       x->where, s);
	case SENDING:
		return xf_fail(x->err, XF_TIMEOUT,
			       "%s took no more bytes for %llu s: raise --read-timeout, or look at the server",
			       x->where, s);
	default:
		return xf_fail(x->err, XF_TIMEOUT,
			       "no answer from %s for %llu s: raise --read-timeout, or look at the server",
			       x->where, s);
	}
}

/* Has anything moved since we looked last? */
static void notice_progress(struct exchange *x)
{
	uint64_t moved = x->at + x->line_bytes + x->reply->received + (uint64_t)x->phase +
		counter(x, CURLINFO_SIZE_UPLOAD_T);
	if (moved == x->moved)
		return;
	x->moved = moved;
	x->moved_ns = xf_gate_now_ns();
}

/* After a silent second the body goes without being asked for. */
static void expire_expect(struct exchange *x, uint64_t now)
{
	if (!x->expecting || x->phase != SENDING || now < x->expect_ns + x->http->options.expect_wait_ns)
		return;
	curl_easy_setopt(x->http->easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 0L);
	end_expecting(x, XF_HOW_TIMED_OUT);
}

/* Milliseconds until the next limit, rounded up. */
static int time_left_ms(const struct exchange *x, uint64_t now)
{
	uint64_t due = x->moved_ns + limit_of(x);
	if (x->expecting && x->phase == SENDING && x->expect_ns + x->http->options.expect_wait_ns < due)
		due = x->expect_ns + x->http->options.expect_wait_ns;
	if (due <= now)
		return 0;
	uint64_t ms = (due - now + 999999) / 1000000;
	uint64_t longest = x->hurry ? HURRIED_POLL_MS : LONGEST_POLL_MS;
	return (int)(ms < longest ? ms : longest);
}

/* May it go on? Looked at after every wake-up. */
static enum xf_status check_limits(struct exchange *x)
{
	enum xf_go go = ask(x);
	if (go == XF_GO_DROP || (go == XF_GO_NO_MORE_BODY && x->expecting))
		return cancelled(x);
	uint64_t now = xf_gate_now_ns();
	expire_expect(x, now);
	if (now >= x->moved_ns + limit_of(x))
		return time_out(x);
	return XF_OK;
}

/* libcurl's result of the one easy handle, when it is over. */
static bool is_over(struct exchange *x, CURLcode *code)
{
	int left;
	CURLMsg *message;
	while ((message = curl_multi_info_read(x->http->multi, &left)))
		if (message->msg == CURLMSG_DONE) {
			*code = message->data.result;
			return true;
		}
	return false;
}

/* Runs to the end of libcurl's part (XF_OK, *code) or of our patience. */
static enum xf_status drive(struct exchange *x, CURLcode *code)
{
	CURLM *multi = x->http->multi;
	for (;;) {
		int running;
		if (curl_multi_perform(multi, &running))
			return xf_fail(x->err, XF_IO, "libcurl cannot go on with the request to %s", x->where);
		notice_sent(x);
		notice_progress(x);
		if (is_over(x, code))
			return XF_OK;
		bool expecting = x->expecting;
		enum xf_status status = check_limits(x);
		uint64_t at = x->at;
		if (!status)
			status = push_body(x);
		if (status)
			return status;
		bool pushing = x->direct && x->at != at;
		if (expecting != x->expecting || pushing)
			continue; /* the body may go on now: no need to wait for the socket */
		struct curl_waitfd room = { .fd = x->full ? socket_of(x) : -1, .events = CURL_WAIT_POLLOUT };
		if (curl_multi_poll(multi, &room, x->full, time_left_ms(x, xf_gate_now_ns()), NULL))
			return xf_fail(x->err, XF_IO, "libcurl cannot wait for %s", x->where);
	}
}

static enum xf_status fail_closed(struct exchange *x)
{
	static const char *const when[] = {
		[CONNECTING] = "before the request", [SENDING] = "while the request was being sent",
		[AWAITING] = "without an answer", [RECEIVING] = "in the middle of the answer",
	};
	return xf_fail(x->err, XF_CLOSED, "%s closed the connection %s", x->where, when[x->phase]);
}

/* The variable that libcurl takes a proxy from for this request; NULL: none. no_proxy may still leave it out. */
static const char *proxy_variable(const struct exchange *x)
{
	static const char *const plain[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const tls[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	const char *const *names = strncmp(x->request->url, "https", 5) ? plain : tls;
	for (; !x->request->no_proxy && *names; names++)
		if (getenv(*names) && *getenv(*names))
			return *names;
	return NULL;
}

static enum xf_status fail_connect(struct exchange *x)
{
	long os_errno = 0;
	curl_easy_getinfo(x->http->easy, CURLINFO_OS_ERRNO, &os_errno);
	const char *proxy = proxy_variable(x);
	if (proxy)
		return xf_fail_errno(x->err, XF_CONNECT, (int)os_errno, "cannot connect to %s, or to the proxy that %s names for it",
				     x->where, proxy);
	if (os_errno == ECONNREFUSED)
		return xf_fail_errno(x->err, XF_CONNECT, ECONNREFUSED,
				     "nobody listens at %s: start the server, or check the endpoint", x->where);
	return xf_fail_errno(x->err, XF_CONNECT, (int)os_errno, "cannot connect to %s", x->where);
}

static enum xf_status fail_tls(struct exchange *x, CURLcode code)
{
	char why[128];
	const char *text = x->http->text[0] ? x->http->text : curl_easy_strerror(code);
	xf_text_sanitise(why, sizeof(why), text, strlen(text));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return xf_fail(x->err, XF_TLS,
			       "the certificate of %s is not trusted (%s): give its CA with --ca-bundle",
			       x->where, why);
	return xf_fail(x->err, XF_TLS, "no TLS connection to %s: %s", x->where, why);
}

/* What libcurl's end means. */
static enum xf_status judge_code(struct exchange *x, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return XF_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return xf_fail(x->err, XF_RESOLVE, "the host name of %s is not known: check the endpoint", x->where);
	case CURLE_COULDNT_CONNECT:
		return fail_connect(x);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_USE_SSL_FAILED:
		return fail_tls(x, code);
	case CURLE_OUT_OF_MEMORY: /* what libcurl calls a header line of more than 100 KiB, too */
		if (x->sent_ns && !x->headers_done)
			return xf_fail(x->err, XF_BAD_REPLY, "%s answers with a header line that never ends", x->where);
		return xf_fail(x->err, XF_NOMEM, "out of memory");
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		return fail_closed(x);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return xf_fail(x->err, XF_BAD_REPLY, "%s does not answer as an HTTP/1.1 server should", x->where);
	default:
		return xf_fail(x->err, XF_IO, "the request to %s failed: %s", x->where, curl_easy_strerror(code));
	}
}

/* The whole of it: ours before libcurl's, an early answer before both. */
static enum xf_status judge(struct exchange *x, enum xf_status status, CURLcode code)
{
	if (x->failed)
		return x->failed;
	if (status)
		return status;
	if (is_early(x) && x->reply->status < 300 && !x->request->hollow)
		return xf_fail(x->err, XF_BAD_REPLY, "%s answered %d before it had the whole body",
			       x->where, x->reply->status);
	if (x->headers_done && (is_early(x) || x->resend))
		return XF_OK; /* the answer is there; what broke afterwards does not matter */
	if (x->resend)
		return fail_closed(x);
	return judge_code(x, code);
}

static void emit_response(const struct exchange *x, enum xf_status status)
{
	char etag[128], id[128];
	const char *e = xf_headers_get(&x->reply->headers, "etag");
	const char *i = xf_headers_get(&x->reply->headers, "x-amz-request-id");
	if (!xf_emit_on() && !xf_gate_on())
		return;
	xf_text_sanitise(etag, sizeof(etag), e ? e : "", e ? strlen(e) : 0);
	xf_text_sanitise(id, sizeof(id), i ? i : "", i ? strlen(i) : 0);
	XF_EVENT(response, .bytes = x->reply->received, .request = x->reply->request,
		 .http_status = (uint32_t)x->reply->status, .etag = xf_text(etag),
		 .request_id = xf_text(id), .status = status);
}

static void begin(struct exchange *x)
{
	const struct xf_http_request *r = x->request;
	struct xf_http_reply *reply = x->reply;
	xf_headers_clear(&reply->headers);
	*reply = (struct xf_http_reply){ .headers = reply->headers, .body = reply->body,
					 .body_cap = reply->body_cap };
	if (reply->body)
		reply->body[0] = '\0';
	reply->request = atomic_fetch_add_explicit(&request_numbers, 1, memory_order_relaxed) + 1;
	x->http->request = reply->request;
	x->http->closing = "server";
	x->http->text[0] = '\0';
	x->body_size = r->body ? r->body->size : 0;
	x->direct = direct_of(r);
	x->expecting = r->expect && (x->body_size || r->chunked);
	copy_where(x);
	XF_EVENT(request_start, .bytes = x->body_size, .request = reply->request,
		 .transfer = r->transfer, .part = r->part, .attempt = (uint16_t)r->attempt, .op = r->op);
}

/* Everything up to the point where libcurl may begin. */
static enum xf_status prepare(struct exchange *x)
{
	const struct xf_http_request *r = x->request;
	enum xf_status status = ask(x) != XF_GO_ON ? cancelled(x) : XF_OK;
	if (!status && r->prepare)
		status = r->prepare(r->prepare_ctx, x->err);
	if (status)
		return status;
	if (!make_headers(x))
		return xf_fail(x->err, XF_NOMEM, "out of memory");
	set_request(x);
	x->began_ns = x->moved_ns = xf_gate_now_ns();
	if (curl_multi_add_handle(x->http->multi, x->http->easy))
		return xf_fail(x->err, XF_NOMEM, "out of memory");
	return XF_OK;
}

enum xf_status xf_http_exchange(struct xf_http *http, const struct xf_http_request *request,
				struct xf_http_reply *reply, struct xf_error *err)
{
	struct exchange x = { .http = http, .request = request, .reply = reply, .err = err };
	CURLcode code = CURLE_OK;
	enum xf_status status;
	begin(&x);
	http->now = &x;
	status = prepare(&x);
	if (!status) {
		status = drive(&x, &code);
		if (status)
			http->closing = "client";
		curl_multi_remove_handle(http->multi, http->easy);
	}
	status = judge(&x, status, code);
	if (!reply->body_complete)
		reply->sent = x.at;
	http->now = NULL;
	http->closing = "server";
	curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
	free_headers(x.headers);
	emit_response(&x, status);
	return status;
}

void xf_http_reply_fini(struct xf_http_reply *reply)
{
	xf_headers_fini(&reply->headers);
	free(reply->body);
	*reply = XF_HTTP_REPLY_INIT;
}

/* ---- set up ------------------------------------------------------------------------------ */

static CURLcode global_result;

/*
 * The C library's calloc passes over the blocks its thread has just given back, so each request of a
 * worker would take new ones beside them, until that cache is full.
 */
static void *zeroed(size_t nr, size_t size)
{
	size_t len;
	if (__builtin_mul_overflow(nr, size, &len))
		return NULL;
	void *p = malloc(len);
	if (p)
		explicit_bzero(p, len); /* memset: the compiler would make it a calloc again */
	return p;
}

static void init_once(void)
{
	global_result = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free, realloc, strdup, zeroed);
}

enum xf_status xf_http_global_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_once);
	return global_result ? XF_NOMEM : XF_OK;
}

static void set_up_easy(struct xf_http *http)
{
	CURL *easy = http->easy;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->text);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a resolver that hangs */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)NEVER_MS);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_seek);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line_cb);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body_cb);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, connection_ready);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, http);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, http->options.no_verify ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, http->options.no_verify ? 0L : 2L);
	if (http->options.ca_bundle)
		curl_easy_setopt(easy, CURLOPT_CAINFO, http->options.ca_bundle);
}

static enum xf_status copy_options(struct xf_http *http, const struct xf_http_options *options,
				   struct xf_error *err)
{
	http->options = *options;
	http->options.ca_bundle = NULL;
	if (!options->connect_timeout_ns)
		http->options.connect_timeout_ns = 60 * SECOND;
	if (!options->read_timeout_ns)
		http->options.read_timeout_ns = 60 * SECOND;
	if (!options->expect_wait_ns)
		http->options.expect_wait_ns = SECOND;
	if (!options->ca_bundle)
		return XF_OK;
	if (access(options->ca_bundle, R_OK))
		return xf_fail_errno(err, XF_NOT_FOUND, errno, "cannot read the CA bundle '%s'", options->ca_bundle);
	http->options.ca_bundle = strdup(options->ca_bundle);
	return http->options.ca_bundle ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
}

enum xf_status xf_http_new(const struct xf_http_options *options, struct xf_http **out,
			   struct xf_error *err)
{
	struct xf_http *http = calloc(1, sizeof(*http));
	enum xf_status status = http ? xf_http_global_init() : XF_NOMEM;
	if (status) {
		free(http);
		return xf_fail(err, status, "out of memory");
	}
	http->closing = "server";
	status = copy_options(http, options, err);
	http->multi = curl_multi_init();
	http->easy = curl_easy_init();
	if (!status && (!http->multi || !http->easy))
		status = xf_fail(err, XF_NOMEM, "out of memory");
	if (status) {
		xf_http_free(http);
		return status;
	}
	set_up_easy(http);
	curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
	*out = http;
	return XF_OK;
}

void xf_http_free(struct xf_http *http)
{
	if (!http)
		return;
	http->closing = "client";
	curl_easy_cleanup(http->easy);
	curl_multi_cleanup(http->multi);
	free((char *)http->options.ca_bundle);
	free(http);
}

void xf_http_interrupt(struct xf_http *http)
{
	curl_multi_wakeup(http->multi);
}
