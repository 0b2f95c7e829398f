/* relay_end: see relay_end.h. */
#include "tracer/foreign/relay_end.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void tr_end_watch(struct tr_end *e, uint32_t events)
{
	if (e->fd < 0)
		return;
	if (!events)
		tr_loop_remove(e->loop, &e->watch);
	else if (e->watch.fd < 0)
		tr_loop_add(e->loop, &e->watch, e->fd, events);
	else
		tr_loop_change(e->loop, &e->watch, events);
}

void tr_end_open(struct tr_end *e, int fd, void (*ready)(struct tr_watch *watch, uint32_t events))
{
	int one = 1;

	*e = (struct tr_end){ .conn = e->conn, .loop = e->loop, .fd = fd, .watch = { .fd = -1, .ready = ready } };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void tr_end_close(struct tr_end *e, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (e->fd < 0)
		return;
	tr_end_watch(e, 0);
	if (reset)
		setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(e->fd);
	e->fd = -1;
	tr_tls_stream_free(e->tls);
	e->tls = NULL;
	free(e->wire);
	e->wire = NULL;
}

bool tr_end_wrap(struct tr_end *e, struct tr_tls_stream *tls)
{
	e->tls = tls;
	e->wire = malloc(TR_END_BUFFER);
	return e->tls && e->wire;
}

bool tr_end_flush(struct tr_end *e)
{
	while (e->tls) {
		if (e->wire_len == e->wire_at) {
			ssize_t n = tr_tls_get_wire(e->tls, e->wire, TR_END_BUFFER);
			if (n <= 0)
				return true;
			e->wire_at = 0;
			e->wire_len = (size_t)n;
		}
		ssize_t n = send(e->fd, e->wire + e->wire_at, e->wire_len - e->wire_at, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		e->wire_at += (size_t)n;
	}
	return true;
}

bool tr_end_is_full(const struct tr_end *e)
{
	return e->tls && e->wire_at < e->wire_len;
}

static ssize_t end_read_tls(struct tr_end *e, char *buf, size_t cap)
{
	char in[16384];
	ssize_t n = tr_tls_read(e->tls, buf, cap);

	if (n != 0)
		return n;
	n = recv(e->fd, in, sizeof(in), 0);
	if (n <= 0)
		return n == 0 ? -1 : errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (tr_tls_put_wire(e->tls, in, (size_t)n) < 0)
		return -1;
	n = tr_tls_read(e->tls, buf, cap);
	/* what has come counts, though its sender may take no answer any more */
	return tr_end_flush(e) || n > 0 ? n : -1;
}

ssize_t tr_end_read(struct tr_end *e, char *buf, size_t cap)
{
	ssize_t n;

	errno = 0;
	if (e->tls)
		return end_read_tls(e, buf, cap);
	n = recv(e->fd, buf, cap, 0);
	if (n > 0)
		return n;
	if (n == 0)
		return -1;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

ssize_t tr_end_write(struct tr_end *e, const char *buf, size_t len)
{
	ssize_t n;

	errno = 0;
	if (e->tls) {
		if (!tr_end_flush(e) || (n = tr_end_is_full(e) ? 0 : tr_tls_write(e->tls, buf, len)) < 0)
			return -1;
		return tr_end_flush(e) ? n : -1;
	}
	n = send(e->fd, buf, len, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

void tr_end_shut(struct tr_end *e)
{
	if (e->shut || e->fd < 0)
		return;
	e->shut = true;
	if (e->tls) {
		tr_tls_shutdown(e->tls);
		tr_end_flush(e);
	}
	shutdown(e->fd, SHUT_WR);
}
