/* server: see server.h. */
#include "core/endpoint/server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/endpoint/ops.h"
#include "core/event/clock.h"
#include "core/event/emit.h"
#include "core/endpoint/text.h"

/* Half of a connection's pool becomes its read buffer: big reads, few calls of the handler. */
enum { POOL = 512 << 10, CONNECTIONS = 4096, LINGER_MS = 3000, HEADERS_MAX = 8192 };

struct xf_ep_server {
	struct xf_ep_site *site;
	struct MHD_Daemon *daemon;
	int stop_fd;           /* readable once the server stops */
	int listen_fd;
	bool tls;
	uint16_t port;
};

/* One request; made by the first callback, freed by the last. */
struct exchange {
	struct xf_ep_server *server;
	struct MHD_Connection *connection;
	struct xf_ep_call call;
	char *target;
	int fd;
	bool begun, answered;
	uint64_t received;     /* bytes of the body as it travelled */
	uint64_t since_ns;     /* bytes may travel */
};

/* ---- waiting: for a time, the server's end, or the client's */

/* True when the time is over; false when the client or the server is gone. */
static bool wait_ns(const struct exchange *x, uint64_t ns)
{
	uint64_t until = xf_clock_mono_ns() + ns;

	while (ns) {
		struct pollfd fds[2] = { { .fd = x->server->stop_fd, .events = POLLIN },
					 { .fd = x->fd, .events = 0 } };
		struct timespec limit = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
		ppoll(fds, 2, &limit, NULL);
		if (fds[0].revents || fds[1].revents & (POLLERR | POLLHUP))
			return false;
		uint64_t now = xf_clock_mono_ns();
		ns = until > now ? until - now : 0;
	}
	return true;
}

static void wait_for_end(const struct exchange *x)
{
	struct pollfd fds[2] = { { .fd = x->server->stop_fd, .events = POLLIN },
				 { .fd = x->fd, .events = POLLRDHUP } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

/* Disconnecting a TCP socket sends a reset at once, before the library's orderly shutdown. */
static void reset_connection(const struct exchange *x)
{
	struct linger now = { 1, 0 };
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (connect(x->fd, &none, sizeof(none)) < 0)
		shutdown(x->fd, SHUT_RDWR);
}

/* A rule's misfortune at this point. True: the exchange is over. */
static bool struck(const struct exchange *x, enum xf_ep_when when)
{
	const struct xf_ep_harm *harm = &x->call.harm;

	if (harm->stall == when)
		wait_for_end(x);
	if (harm->reset == when)
		reset_connection(x);
	return harm->stall == when || harm->reset == when;
}

static bool pace(const struct exchange *x, size_t bytes)
{
	struct xf_ep_fault *rule = x->call.harm.pace;

	return !rule || wait_ns(x, xf_ep_fault_pace(rule, bytes, x->since_ns, xf_clock_mono_ns()));
}

/* ---- responses */

/* A body that is read block by block: files of several parts, and answers that are to suffer. */
struct stream {
	struct exchange *x;
	struct xf_ep_object *object; /* a reference, or NULL: text */
	struct xf_buf text;
	uint64_t first, size;
	size_t piece;          /* where the last read was: pieces are read in order */
	uint64_t piece_start;
	int fd;
};

static ssize_t read_text(struct stream *s, uint64_t at, char *buf, size_t max)
{
	size_t len = s->text.len - at < max ? (size_t)(s->text.len - at) : max;

	memcpy(buf, s->text.data + at, len);
	return (ssize_t)len;
}

static ssize_t read_object(struct stream *s, uint64_t at, char *buf, size_t max)
{
	const struct xf_ep_object *o = s->object;
	const struct xf_ep_piece *p;
	size_t len;

	while (at >= s->piece_start + o->pieces[s->piece].size) {
		s->piece_start += o->pieces[s->piece++].size;
		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
	}
	p = &o->pieces[s->piece];
	at -= s->piece_start;
	if (max > p->size - at)
		max = (size_t)(p->size - at);
	if (xf_ep_blob_in_memory(p->blob)) {
		const void *span = xf_ep_blob_span(p->blob, at, &len);
		len = len < max ? len : max;
		memcpy(buf, span, len);
		return (ssize_t)len;
	}
	if (s->fd < 0)
		s->fd = xf_ep_blob_open(p->blob);
	ssize_t n = s->fd < 0 ? -1 : pread(s->fd, buf, max, (off_t)at);
	return n > 0 ? n : -1;
}

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = cls;
	const struct xf_ep_harm *harm = &s->x->call.harm;
	bool suffers = harm->truncate || harm->reset == XF_EP_MID || harm->stall == XF_EP_MID;
	ssize_t n;

	if (suffers && pos >= s->size / 2) {
		struck(s->x, XF_EP_MID);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (suffers && max > s->size / 2 - pos)
		max = (size_t)(s->size / 2 - pos);
	if (max > s->size - pos)
		max = (size_t)(s->size - pos);
	n = s->object ? read_object(s, s->first + pos, buf, max) : read_text(s, pos, buf, max);
	if (n < 0 || !pace(s->x, (size_t)n))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return n;
}

static void stream_free(void *cls)
{
	struct stream *s = cls;

	xf_ep_object_release(s->object);
	xf_buf_fini(&s->text);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static struct MHD_Response *stream_response(struct exchange *x)
{
	struct xf_ep_reply *reply = &x->call.reply;
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->x = x;
	s->fd = -1;
	s->first = reply->first;
	s->object = reply->object;
	s->size = s->object ? reply->size : reply->body.len;
	reply->object = NULL;
	if (!s->object) {
		s->text = reply->body;
		reply->body = XF_BUF_INIT;
	}
	struct MHD_Response *r = MHD_create_response_from_callback(s->size, 256 << 10, stream_read, s,
								   stream_free);
	if (!r)
		stream_free(s);
	return r;
}

static void release_object(void *object)
{
	xf_ep_object_release(object);
}

/* Bytes in memory go out from where they are. */
static struct MHD_Response *memory_response(struct xf_ep_reply *reply)
{
	struct xf_ep_object *o = reply->object;
	uint64_t first = reply->first, left = reply->size;
	unsigned count = 0, room = (unsigned)(o->nr_pieces * 2 + left / (1 << 20) + 2);
	struct MHD_IoVec *spans = calloc(room, sizeof(*spans));
	struct MHD_Response *r = NULL;

	for (size_t i = 0; spans && i < o->nr_pieces && left; i++) {
		const struct xf_ep_piece *p = &o->pieces[i];
		for (uint64_t at = first; at < p->size && left && count < room;) {
			size_t len;
			const void *span = xf_ep_blob_span(p->blob, at, &len);
			len = len < left ? len : (size_t)left;
			spans[count++] = (struct MHD_IoVec){ span, len };
			at += len;
			left -= len;
		}
		first = first > p->size ? first - p->size : 0;
	}
	if (spans && !left)
		r = MHD_create_response_from_iovec(spans, count, release_object, o);
	free(spans);
	if (r)
		reply->object = NULL;
	return r;
}

/* One file: by sendfile where the connection allows it. */
static struct MHD_Response *file_response(struct xf_ep_reply *reply)
{
	int fd = xf_ep_blob_open(reply->object->pieces[0].blob);
	struct MHD_Response *r = NULL;

	if (fd >= 0)
		r = MHD_create_response_from_fd_at_offset64(reply->size, fd, reply->first);
	if (!r && fd >= 0)
		close(fd);
	return r;
}

static struct MHD_Response *make_response(struct exchange *x)
{
	struct xf_ep_reply *reply = &x->call.reply;
	const struct xf_ep_harm *harm = &x->call.harm;
	struct xf_ep_object *o = reply->object;

	if (harm->truncate || harm->pace || harm->reset == XF_EP_MID || harm->stall == XF_EP_MID)
		return stream_response(x);
	if (o && o->nr_pieces && reply->size) {
		if (xf_ep_blob_in_memory(o->pieces[0].blob))
			return memory_response(reply);
		return o->nr_pieces == 1 ? file_response(reply) : stream_response(x);
	}
	return MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer(struct exchange *x)
{
	struct xf_ep_reply *reply = &x->call.reply;
	bool empty = reply->status == 204 || reply->status == 304;
	unsigned status = reply->status;

	if (empty)
		xf_buf_reset(&reply->body);
	struct MHD_Response *response = make_response(x);
	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < reply->headers.nr; i++)
		if (*reply->headers.items[i].name)
			MHD_add_response_header(response, reply->headers.items[i].name,
						reply->headers.items[i].value);
	MHD_add_response_header(response, "x-amz-request-id", x->call.request.id);
	MHD_add_response_header(response, "x-amz-id-2", x->call.request.id2);
	MHD_add_response_header(response, "Server", "xferdb");
	if (reply->close)
		MHD_add_response_header(response, "Connection", "close");
	x->answered = true;
	enum MHD_Result result = MHD_queue_response(x->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- requests */

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct xf_headers *headers = cls;
	char lower[256];
	size_t len = strlen(name);

	(void)kind;
	if (len >= sizeof(lower)) /* no header of S3's, and none that a client of ours signs */
		return MHD_YES;
	for (size_t i = 0; i <= len; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	xf_headers_add(headers, lower, value ? value : "");
	return MHD_YES;
}

static void read_framing(struct xf_ep_request *r)
{
	const char *length = xf_ep_header(r, "content-length");
	const char *coding = xf_ep_header(r, "transfer-encoding");

	r->chunked = coding && strcasestr(coding, "chunked");
	r->has_length = !r->chunked && length && xf_ep_number(length, UINT64_MAX, &r->length);
}

static bool has_another(const struct xf_headers *headers, const char *name, const char *value)
{
	for (size_t i = 0; i < headers->nr; i++)
		if (!strcmp(headers->items[i].name, name) && strcmp(headers->items[i].value, value) != 0)
			return true;
	return false;
}

/* As on the wire, "name: value" and a line end each. */
static size_t header_bytes(const struct xf_headers *headers)
{
	size_t sum = 0;

	for (size_t i = 0; i < headers->nr; i++)
		sum += strlen(headers->items[i].name) + strlen(headers->items[i].value) + 4;
	return sum;
}

/* Refused before anything else is asked: too large, or where the body ends cannot be told (the library would wait). */
static enum xf_ep_code check_framing(const struct xf_ep_request *r)
{
	const char *length = xf_ep_header(r, "content-length");

	if (header_bytes(&r->headers) > HEADERS_MAX)
		return XF_EP_RequestHeaderSectionTooLarge;
	if (!r->chunked && xf_ep_header(r, "transfer-encoding"))
		return XF_EP_NotImplemented;
	return length && has_another(&r->headers, "content-length", length) ? XF_EP_InvalidRequest : XF_EP_NONE;
}

/* The library looks at the header when it decides whether to send 100: it must not find it then. */
static void forget_expect(struct exchange *x)
{
	const char *expect = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Expect");

	if (expect && *expect)
		*(char *)(uintptr_t)expect = 'x';
}

static bool has_body(const struct xf_ep_request *r)
{
	return r->chunked || (r->has_length && r->length > 0);
}

/* Headers are in. */
static enum MHD_Result begin(struct exchange *x, const char *method)
{
	struct xf_ep_call *c = &x->call;
	enum xf_ep_code code, framing;

	x->begun = true;
	c->request.method = strdup(method);
	c->site = x->server->site;
	c->request.tls = x->server->tls;
	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, take_header, &c->request.headers);
	if (!c->request.method || !x->target || xf_headers_ok(&c->request.headers))
		return MHD_NO;
	read_framing(&c->request);
	framing = check_framing(&c->request);
	code = xf_ep_request_parse(&c->request, x->target, x->server->site->domain);
	xf_ep_call_begin(c, framing ? framing : code);
	if (struck(x, XF_EP_START))
		return MHD_NO;
	if (c->harm.no_continue)
		forget_expect(x);
	if (!xf_ep_decided(c))
		return MHD_YES;
	if (!framing && !has_body(&c->request))
		return MHD_YES; /* the library calls again, and the answer goes out then */
	/* the final answer, before the body: it will not be read, so the connection cannot go on */
	c->reply.close = true;
	xf_ep_call_finish(c);
	if (!wait_ns(x, c->harm.latency_ns + c->harm.hold_ns))
		return MHD_NO;
	return answer(x);
}

/* The body is over. */
static enum MHD_Result finish(struct exchange *x)
{
	struct xf_ep_harm *harm = &x->call.harm;

	if (x->answered)
		return MHD_YES;
	if (harm->stall == XF_EP_END) {
		struck(x, XF_EP_END);
		return MHD_NO;
	}
	/* what was received takes effect also when nobody waits for the answer any more */
	bool there = wait_ns(x, harm->latency_ns + harm->hold_ns);
	xf_ep_call_finish(&x->call);
	if (!there || struck(x, XF_EP_END))
		return MHD_NO;
	return answer(x);
}

static enum MHD_Result body(struct exchange *x, const char *data, size_t *len)
{
	uint64_t half = x->call.request.has_length ? x->call.request.length / 2 : 1;
	bool mid = x->received + *len >= half;

	x->received += *len;
	if (x->answered) {
		*len = 0;
		return MHD_YES;
	}
	if (mid && struck(x, XF_EP_MID))
		return MHD_NO;
	xf_ep_call_data(&x->call, data, *len);
	if (!pace(x, *len))
		return MHD_NO;
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data, size_t *len,
			      void **state)
{
	struct exchange *x = *state;

	(void)cls;
	(void)url;
	(void)version;
	xf_thread_mute();
	if (!x)
		return MHD_NO;
	if (!x->begun) {
		x->connection = connection;
		x->since_ns = xf_clock_mono_ns();
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		x->fd = info ? info->connect_fd : -1;
		return begin(x, method);
	}
	return *len ? body(x, data, len) : finish(x);
}

/* The target as it came, before the library decodes it. */
static void *first_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));

	(void)connection;
	if (x) {
		x->server = cls;
		x->fd = -1;
		x->target = strdup(uri);
	}
	return x;
}

static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

/*
 * The client has ended its half in mid-body: it gets its IncompleteBody, which
 * the library has no way to say. Nothing has been stored.
 */
static void say_incomplete(struct exchange *x)
{
	struct xf_buf text = XF_BUF_INIT;
	struct xf_ep_reply reply = { 0 };

	if (x->server->tls || x->answered || !x->begun || x->fd < 0 ||
	    x->call.harm.reset || x->call.harm.stall)
		return;
	xf_ep_reply_error(&reply, &x->call.request, XF_EP_IncompleteBody, NULL, NULL);
	xf_buf_format(&text,
		      "HTTP/1.1 400 Bad Request\r\nx-amz-request-id: %s\r\nx-amz-id-2: %s\r\n"
		      "Content-Type: application/xml\r\nContent-Length: %zu\r\nConnection: close\r\n"
		      "Server: xferdb\r\n\r\n%s",
		      x->call.request.id, x->call.request.id2, reply.body.len, xf_buf_text(&reply.body));
	if (!text.failed && send(x->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		shutdown(x->fd, SHUT_RDWR);
	xf_buf_fini(&text);
	xf_ep_reply_fini(&reply);
}

static void completed(void *cls, struct MHD_Connection *connection, void **state,
		      enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *state;

	(void)cls;
	(void)connection;
	if (!x)
		return;
	if (code == MHD_REQUEST_TERMINATED_CLIENT_ABORT || code == MHD_REQUEST_TERMINATED_READ_ERROR)
		say_incomplete(x);
	xf_ep_call_fini(&x->call);
	free(x->target);
	free(x);
	*state = NULL;
}

/*
 * Closing with unread bytes would reset the connection and take an early answer
 * with it: what is still coming is read and thrown away for a while.
 */
static void linger(void *cls, struct MHD_Connection *connection, void **state,
		   enum MHD_ConnectionNotificationCode code)
{
	const struct xf_ep_server *s = cls;
	const union MHD_ConnectionInfo *info;
	uint64_t until = xf_clock_mono_ns() + LINGER_MS * 1000000ull;
	char block[65536];

	(void)state;
	if (code != MHD_CONNECTION_NOTIFY_CLOSED)
		return;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!info || info->connect_fd < 0)
		return;
	shutdown(info->connect_fd, SHUT_WR);
	while (xf_clock_mono_ns() < until) {
		struct pollfd fds[2] = { { .fd = info->connect_fd, .events = POLLIN },
					 { .fd = s->stop_fd, .events = POLLIN } };
		if (poll(fds, 2, 500) <= 0 || fds[1].revents ||
		    recv(info->connect_fd, block, sizeof(block), MSG_DONTWAIT) <= 0)
			return;
	}
}

/* ---- the server */

static enum xf_status listen_on(struct xf_ep_server *s, const struct xf_ep_server_options *o,
				struct xf_error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST };
	struct addrinfo *address = NULL;
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	char port[8];
	int on = 1, failed;

	snprintf(port, sizeof(port), "%u", o->port);
	if (getaddrinfo(!strcmp(o->host, "localhost") ? "127.0.0.1" : o->host, port, &hints, &address))
		return xf_fail(err, XF_INVALID, "\"%s\" is not an address to listen on", o->host);
	s->listen_fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	failed = s->listen_fd < 0;
	if (!failed)
		setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	failed = failed || bind(s->listen_fd, address->ai_addr, address->ai_addrlen) < 0 ||
		 listen(s->listen_fd, 1024) < 0 ||
		 getsockname(s->listen_fd, (struct sockaddr *)&bound, &len) < 0;
	freeaddrinfo(address);
	if (failed)
		return xf_fail_errno(err, XF_IO, errno, "cannot listen on %s port %u", o->host, o->port);
	s->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
						     : ((struct sockaddr_in *)&bound)->sin_port);
	return XF_OK;
}

static enum xf_status start_daemon(struct xf_ep_server *s, const struct xf_ep_server_options *o,
				   struct xf_error *err)
{
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			 MHD_USE_ITC;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key_pem },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert_pem },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!o->key_pem)
		tls[0] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	else
		flags |= MHD_USE_TLS;
	s->tls = o->key_pem != NULL;
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, handle, s, MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
		MHD_OPTION_URI_LOG_CALLBACK, first_line, s, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, s,
		MHD_OPTION_NOTIFY_COMPLETED, completed, s, MHD_OPTION_NOTIFY_CONNECTION, linger, s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (s->daemon)
		return XF_OK;
	return xf_fail(err, o->key_pem ? XF_TLS : XF_IO, "the HTTP server could not be started");
}

enum xf_status xf_ep_server_start(struct xf_ep_server **out, struct xf_ep_site *site,
				  const struct xf_ep_server_options *options, struct xf_error *err)
{
	struct xf_ep_server *s = calloc(1, sizeof(*s));
	enum xf_status status;

	*out = NULL;
	if (!s)
		return xf_fail(err, XF_NOMEM, "no memory for the server");
	s->site = site;
	s->listen_fd = -1;
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	status = s->stop_fd < 0 ? xf_fail_errno(err, XF_IO, errno, "no event descriptor") : XF_OK;
	if (!status)
		status = listen_on(s, options, err);
	if (!status)
		status = start_daemon(s, options, err);
	if (status)
		xf_ep_server_stop(s);
	else
		*out = s;
	return status;
}

void xf_ep_server_stop(struct xf_ep_server *s)
{
	uint64_t one = 1;

	if (!s)
		return;
	if (s->stop_fd >= 0 && write(s->stop_fd, &one, sizeof(one)) < 0)
		abort(); /* an eventfd takes a 1 */
	if (s->daemon)
		MHD_stop_daemon(s->daemon); /* closes the listening socket */
	else if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	free(s);
}

uint16_t xf_ep_server_port(const struct xf_ep_server *s)
{
	return s->port;
}
