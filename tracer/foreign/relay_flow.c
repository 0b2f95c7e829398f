/*
 * relay_flow: the bytes of a connection; see relay_private.h.
 *
 * A connection has two ends (the program's, the server's) and two flows between them. A flow reads
 * only when its buffer is empty and writes only what it has read, so that whoever sends too fast waits
 * as it would have without us; the midst of a long body goes past the buffer (splice.h). While an
 * answer is held the server's end is not looked at at all; while the end of a request is, nothing is
 * sent on, and the program's end is looked at only for its closing.
 */
#include "tracer/foreign/relay_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

enum {
	RELAY_SPLICE = 262144,   /* bytes a splice moves at most */
	RELAY_SPLICES = 64,      /* at once: each takes two descriptors */
	RELAY_ROUNDS = 16,       /* buffers a flow moves before others get their turn */
};

static bool flow_is_empty(const struct flow *f)
{
	return f->at == f->len && !f->past.held;
}

static void flow_unsplice(struct conn *c, struct flow *f)
{
	c->relay->splices -= f->past.open;
	tr_splice_close(&f->past);
}

void tr_flow_drop(struct conn *c, struct flow *f)
{
	f->at = f->len;
	flow_unsplice(c, f);
}

/* ---- filled */

static bool flow_ready(struct flow *f)
{
	if (!f->buf)
		f->buf = malloc(TR_END_BUFFER);
	return f->buf != NULL;
}

/* TLS with the server is not agreed on yet: nothing can be sent before something has come. */
static bool conn_is_shaking(const struct conn *c)
{
	return c->server.tls && !tr_tls_established(c->server.tls);
}

static bool flow_may_fill(struct conn *c, const struct flow *f)
{
	if (f->from->over)
		return false;
	if (f == &c->up)
		return !c->deaf && !c->undecided;
	return !tr_end_is_full(&c->client) && (conn_is_shaking(c) || !tr_conn_strikes(c, false));
}

/*
 * How many of the next bytes nobody here looks at: those of a body but for its last, which may
 * have to be held, and of TLS that cannot be read.
 */
static uint64_t flow_unread(struct conn *c, const struct flow *f)
{
	uint64_t left = 0;

	if (f->from->tls || !c->begun)
		return 0;
	if (c->wire)
		left = tr_wire_unread(c->wire, f == &c->down);
	else if (c->opaque && !tr_conn_is_claimed(c))
		left = UINT64_MAX;
	return left > 2 * TR_END_BUFFER ? left - TR_END_BUFFER : 0;
}

static bool flow_splices(struct conn *c, struct flow *f)
{
	if (f->past.open || c->relay->splices == RELAY_SPLICES)
		return f->past.open;
	c->relay->splices += tr_splice_open(&f->past);
	return f->past.open;
}

/* As flow_fill(), past the buffer. -1: this way it is not to be had. */
static ssize_t flow_take_past(struct conn *c, struct flow *f)
{
	uint64_t unread = flow_unread(c, f);
	ssize_t n = -1;

	if (unread && flow_splices(c, f))
		n = tr_splice_take(&f->past, f->from->fd, unread < RELAY_SPLICE ? unread : RELAY_SPLICE);
	if (n < 0)
		flow_unsplice(c, f);
	if (n <= 0)
		return n;
	c->relay->bytes += (uint64_t)n;
	if (f == &c->up)
		tr_wire_skipped(c->wire, (size_t)n);
	else
		tr_wire_skipped_received(c->wire, (size_t)n);
	return n;
}

static void conn_tell_sent(struct conn *c, const char *bytes, size_t len)
{
	if (!c->wire)
		return;
	tr_conn_speak(c);
	tr_wire_sent(c->wire, bytes, len);
	tr_conn_hush(c);
}

static void conn_tell_received(struct conn *c, const char *bytes, size_t len)
{
	if (!c->wire)
		return;
	tr_conn_speak(c);
	tr_wire_received(c->wire, bytes, len);
	tr_conn_hush(c);
}

static void flow_saw(struct conn *c, struct flow *f)
{
	c->relay->bytes += f->len;
	if (f == &c->up) {
		if (!c->begun)
			tr_conn_begin(c, f->buf, f->len);
		conn_tell_sent(c, f->buf, f->len);
		tr_conn_check_repeated(c);
	} else {
		tr_conn_check_repeated(c);
		conn_tell_received(c, f->buf, f->len);
	}
}

/* Is what has come from the program, but was not read yet, less than the rest of its request? */
static bool conn_falls_short(struct conn *c)
{
	int pending = 0;
	char *bytes = NULL;

	if (ioctl(c->client.fd, FIONREAD, &pending) != 0 || pending < 0)
		return false;
	if (pending && tr_wire_in_chunks(c->wire))
		bytes = malloc((size_t)pending);
	if (bytes && recv(c->client.fd, bytes, (size_t)pending, MSG_PEEK) != pending) {
		free(bytes);
		bytes = NULL;
	}
	bool falls_short = tr_wire_falls_short(c->wire, bytes, (size_t)pending);
	free(bytes);
	return falls_short;
}

/*
 * The program sends no more. A request that can then never be whole has ended now: what the
 * server says to the rest of it, as soon as it has that, nobody waits for.
 */
static void conn_hangs_up(struct conn *c)
{
	c->hung_up = true;
	if (!c->wire || c->client.tls || !conn_falls_short(c))
		return;
	tr_conn_end_wire(c, "client");
}

/* Fills an empty flow; false: nothing to be had now. */
static bool flow_fill(struct conn *c, struct flow *f)
{
	ssize_t n;

	if (!flow_may_fill(c, f))
		return false;
	n = flow_take_past(c, f);
	if (n >= 0)
		return n > 0;
	n = tr_end_read(f->from, f->buf, TR_END_BUFFER);
	if (n < 0) {
		if (f == &c->up && !c->hung_up)
			conn_hangs_up(c);
		f->from->over = true;
		if (!c->closed_by)
			c->closed_by = f->from == &c->client ? "client" : "server";
		c->gone = c->gone || (f->from == &c->client && tr_conn_leaves(c));
	}
	if (n <= 0)
		return false;
	f->at = 0;
	f->len = (size_t)n;
	flow_saw(c, f);
	return true;
}

/* ---- emptied */

/*
 * The far end of a flow takes no more. A server that refuses a body before it is there answers and
 * closes: that answer is still worth having. False: nothing is.
 */
static bool flow_breaks(struct conn *c, struct flow *f)
{
	if (f != &c->up || c->gone || c->server.over || conn_is_shaking(c))
		return false;
	c->deaf = c->server.shut = true;
	tr_flow_drop(c, f);
	return true;
}

static ssize_t flow_give(struct flow *f)
{
	ssize_t n;

	if (f->past.held)
		return tr_splice_give(&f->past, f->to->fd);
	n = tr_end_write(f->to, f->buf + f->at, f->len - f->at);
	f->at += n > 0 ? (size_t)n : 0;
	return n;
}

/* One flow as far as it goes now; false: the connection is broken. */
static bool flow_move(struct conn *c, struct flow *f)
{
	if (!flow_ready(f))
		return false;
	f->more = false;
	for (int round = 0;; round++) {
		if (round == RELAY_ROUNDS && !c->gone) {
			f->more = true;
			break;
		}
		if (flow_is_empty(f) && !flow_fill(c, f))
			break;
		if (f == &c->down && c->gone) {
			tr_flow_drop(c, f);
			continue;
		}
		/* TLS that has not begun on the far side: its bytes wait */
		if ((f->from->tls && !f->to->tls) || (f == &c->up && !c->gone && tr_conn_strikes(c, true)))
			break;
		if (flow_give(f) < 0)
			return flow_breaks(c, f);
		if (!flow_is_empty(f))
			break;
	}
	return true;
}

static void flow_end(struct flow *f)
{
	if (f->from->over && flow_is_empty(f) && !tr_end_is_full(f->to))
		tr_end_shut(f->to);
}

/* ---- both, in turn */

/*
 * The program is gone, but its request went out in full: the answer says what
 * became of the upload, so it is waited for. Of a download it says nothing, and may be long.
 */
static bool conn_awaits(const struct conn *c)
{
	struct tr_wire_now now;

	if (!c->gone || !c->wire || c->server.over)
		return false;
	now = tr_wire_now(c->wire);
	return now.op != XF_OP_NONE && now.op != XF_OP_GET_OBJECT && now.sent;
}

/* What each end is waited for, after a round. */
static void conn_watch(struct conn *c)
{
	uint32_t client = 0, server = 0;

	if (!c->client.over && !c->gone && !c->deaf && flow_is_empty(&c->up))
		client |= EPOLLIN | EPOLLRDHUP;
	else if (!c->client.over && ((c->hold && c->holds_up) || !c->hung_up))
		client |= EPOLLRDHUP;
	if (!c->gone && (c->down.more || !flow_is_empty(&c->down) || tr_end_is_full(&c->client)))
		client |= EPOLLOUT;
	if (!c->server.over && (!c->hold || c->holds_up) && (!c->gone || conn_awaits(c) || conn_is_shaking(c)) && flow_is_empty(&c->down))
		server |= EPOLLIN;
	if (!c->deaf && (((c->up.more || !flow_is_empty(&c->up)) && !conn_is_shaking(c) && !(c->hold && c->holds_up)) ||
			 tr_end_is_full(&c->server)))
		server |= EPOLLOUT;
	tr_end_watch(&c->client, client);
	tr_end_watch(&c->server, server);
}

void tr_conn_pump(struct conn *c)
{
	bool sound = tr_conn_unwrap(c) && flow_move(c, &c->up) && tr_conn_wrap(c) &&
		     ((c->gone && !conn_awaits(c) && !conn_is_shaking(c)) || flow_move(c, &c->down));

	if (sound && c->client.tls)
		sound = (c->gone || tr_end_flush(&c->client)) && (c->deaf || tr_end_flush(&c->server));
	if (!sound) {
		tr_conn_close(c, c->client.over ? "client" : "server", true);
		return;
	}
	if (c->client.over)
		tr_conn_let_go(c, tr_conn_evasion(c));
	if (conn_awaits(c)) {
		conn_watch(c);
		return;
	}
	flow_end(&c->up);
	flow_end(&c->down);
	if (c->server.shut && (c->client.shut || c->gone))
		tr_conn_close(c, c->client.over && !c->server.over ? "client" : "server", false);
	else
		conn_watch(c);
}

/* Whose request is held closes: it has given that up, and the server has not had it in full, nor will it. */
static bool end_gives_up(const struct tr_end *e, uint32_t events)
{
	const struct conn *c = e->conn;

	return e == &c->client && c->hold && c->holds_up && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !tr_conn_leaves(c);
}

void tr_conn_ready(struct tr_watch *watch, uint32_t events)
{
	struct tr_end *e = (struct tr_end *)((char *)watch - offsetof(struct tr_end, watch));
	struct conn *c = e->conn;

	if (end_gives_up(e, events)) {
		c->client.over = true;
		tr_conn_close(c, "client", true);
		return;
	}
	if (c->holds_up && e == &c->client && events & EPOLLRDHUP)
		tr_conn_let_go(c, TR_EVADED_NOT);
	if (e == &c->client && events & EPOLLRDHUP && !c->hung_up)
		conn_hangs_up(c);
	if (e == &c->client && events & (EPOLLHUP | EPOLLERR)) {
		c->gone = true;
		if (!c->closed_by)
			c->closed_by = "client";
		tr_flow_drop(c, &c->down);
		tr_conn_let_go(c, tr_conn_evasion(c));
	}
	tr_conn_pump(c);
}
