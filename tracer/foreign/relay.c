/*
 * relay: see relay.h.
 *
 * A connection has two ends (the program's, the server's) and two flows between
 * them. A flow reads only when its buffer is empty and writes only what it has
 * read, so that whoever sends too fast waits as it would have without us; the midst of a
 * long body goes past the buffer (splice.h). While
 * an answer is held the server's end is not looked at at all; while the end of a request is,
 * nothing is sent on, and the program's end is looked at only for its closing.
 */
#include "tracer/foreign/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "tracer/foreign/hold.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/relay_end.h"
#include "tracer/foreign/s3wire.h"
#include "tracer/foreign/splice.h"
#include "tracer/foreign/voice.h"
#include "tracer/foreign/wire.h"

enum {
	RELAY_SPLICE = 262144,             /* bytes a splice moves at most */
	RELAY_SPLICES = 64,                /* at once: each takes two descriptors */
	RELAY_ROUNDS = 16,                 /* buffers a flow moves before others get their turn */
	RELAY_PATIENCE_NS = 1000000000,    /* a program that does not wait for connect() waits so long */
	RELAY_LOOK_NS = 2000000,           /* between two looks at `release` of a hold */
};

enum conn_state { CONN_REACHING, CONN_EXPECTED, CONN_OPEN };

struct flow {
	struct tr_end *from, *to;
	char *buf;
	size_t at, len;
	struct tr_splice past;   /* what goes past the buffer; either it or the buffer holds something */
	bool more;               /* it stopped for the others' sake; TLS may hold what no socket will announce again */
};

struct conn {
	struct tr_relay *relay;
	struct conn *next;
	enum conn_state state;
	struct tr_relay_ask ask;
	uint32_t port;           /* of the program's socket */
	struct tr_end client, server;
	struct flow up, down;
	struct tr_timer timer;   /* patience, the hold's end, or what comes behind that */
	bool undecided;          /* whether TLS is to be put on it: its first byte has not come yet */
	bool begun;              /* its first bytes have been seen */
	const char *closed_by;   /* who was the first to end it; NULL: nobody yet */
	bool hung_up;            /* the program sends no more, though all that it sent may not have been read yet */
	bool gone;               /* nobody reads on the program's end: what it sent is still passed on */
	bool deaf;               /* the server takes no more; what it said before is still passed on */
	bool opaque;             /* TLS that only the probe could read */
	struct tr_wire *wire;    /* NULL: claimed by the probe, or not understood */
	struct tr_voice *voice;
	struct tr_control_hold *hold;
	uint32_t hold_id;
	bool told;               /* its begin is recorded */
	bool holds_up;           /* it holds the request's last bytes, not the answer */
	struct tr_hold_request held; /* the last one held: not held twice */
	char name[256];
};

struct listener {
	struct tr_watch watch;
	struct tr_relay *relay;
	struct sockaddr_storage own;
};

struct tr_relay {
	struct tr_relay_setup setup;
	struct listener listeners[2];  /* IPv4, IPv6 */
	struct conn *conns;
	struct conn *dead;             /* freed at the end of a round: watches may still point there */
	struct tr_timer bury;
	struct tr_choir voices;
	unsigned splices;
	uint64_t bytes;
};

static void conn_pump(struct conn *c);
static void end_ready(struct tr_watch *watch, uint32_t events);

/* ---- what is said about it */

/* What is recorded until conn_hush() is the connection's; without a voice the loop's, which is mute. */
static void conn_speak(struct conn *c)
{
	if (!c->voice && xf_emit_on())
		c->voice = tr_choir_take(&c->relay->voices);
	if (c->voice)
		tr_voice_begin(c->voice);
}

static void conn_hush(struct conn *c)
{
	if (c->voice)
		tr_voice_end(c->voice);
}

static void conn_tell_sent(struct conn *c, const char *bytes, size_t len)
{
	if (!c->wire)
		return;
	conn_speak(c);
	tr_wire_sent(c->wire, bytes, len);
	conn_hush(c);
}

static void conn_tell_received(struct conn *c, const char *bytes, size_t len)
{
	if (!c->wire)
		return;
	conn_speak(c);
	tr_wire_received(c->wire, bytes, len);
	conn_hush(c);
}

/* ---- holds */

/* The claimer's view of it, read whole or not at all. */
static bool slot_read(const struct tr_control *control, uint32_t port, struct tr_wire_now *now)
{
	const struct tr_control_connection *s = &control->connections[port % TR_NR_CONNECTIONS];
	uint32_t before = atomic_load(&s->sequence), flags;

	if (before & 1 || atomic_load(&s->port) != port || !atomic_load(&s->pid))
		return false;
	flags = atomic_load(&s->flags);
	*now = (struct tr_wire_now){
		.request = atomic_load(&s->request), .transfer = atomic_load(&s->transfer),
		.part = atomic_load(&s->part), .object = atomic_load(&s->object),
		.op = (enum xf_op)atomic_load(&s->op),
		.sent = flags & TR_CONNECTION_SENT, .expects = flags & TR_CONNECTION_EXPECTS,
	};
	return atomic_load(&s->sequence) == before;
}

static bool conn_is_claimed(const struct conn *c)
{
	const struct tr_control *control = c->relay->setup.control;
	const struct tr_control_connection *s = &control->connections[c->port % TR_NR_CONNECTIONS];

	return atomic_load(&s->port) == c->port && atomic_load(&s->pid);
}

/* What is under way, by our own reading or the probe's. */
static bool conn_now(const struct conn *c, struct tr_wire_now *now)
{
	if (!c->wire)
		return slot_read(c->relay->setup.control, c->port, now) && now->op != XF_OP_NONE;
	*now = tr_wire_now(c->wire);
	return now->op != XF_OP_NONE;
}

static struct tr_hold_request conn_request(const struct tr_wire_now *now)
{
	return (struct tr_hold_request){ .where = TR_HOLD_RESPONSE, .op = now->op,
					 .request = now->request, .transfer = now->transfer,
					 .part = now->part, .object = now->object };
}

/* The probe names a request before it numbers it: 0 and the number after it are the same. */
static bool conn_was_held(struct conn *c, const struct tr_hold_request *r)
{
	if (c->held.op != r->op || c->held.part != r->part)
		return false;
	if (c->held.request == r->request)
		return true;
	if (c->held.request)
		return false;
	c->held.request = r->request;
	return true;
}

static bool conn_leaves(const struct conn *c)
{
	const struct tr_relay_setup *s = &c->relay->setup;

	return s->leaves && s->leaves(s->ctx, c->ask.pid);
}

/* A client that closes what is held goes around it; one whose process ends did not wait for it. */
static enum tr_evasion conn_evasion(const struct conn *c)
{
	return conn_leaves(c) ? TR_EVADED_NOT : TR_EVADED_CLOSED;
}

static void hold_look(struct tr_timer *timer);

/*
 * The begin of a hold is recorded when it is known whose request is held: the probe numbers it
 * after its bytes have gone, and that may be now or in a moment. anyway: whether it is known or not.
 */
static void conn_tell_held(struct conn *c, bool anyway)
{
	struct tr_wire_now now;

	if (c->told)
		return;
	if (!c->held.request && conn_now(c, &now) && now.op == c->held.op && now.part == c->held.part) {
		c->held = conn_request(&now);
		atomic_store(&c->hold->request, now.request);
	}
	if (!c->held.request && !anyway)
		return;
	c->told = true;
	conn_speak(c);
	XF_EMIT(held, .hold = c->hold_id, .transfer = c->held.transfer, .part = c->held.part,
		.op = (uint8_t)c->held.op);
	conn_hush(c);
}

/* Is the object there as soon as the server has had the request? */
static bool makes_object(enum xf_op op)
{
	return op == XF_OP_COMPLETE_MULTIPART_UPLOAD || op == XF_OP_PUT_OBJECT || op == XF_OP_COPY_OBJECT;
}

/*
 * An answer is about to be read, or (up) bytes to be sent on: are they to be kept back? Only the
 * answer to a request that went out in full: what comes before is 100 Continue or a refusal, and a
 * hold begun before would run out while the body is still on its way. And only the last bytes of a request.
 */
static bool conn_strikes(struct conn *c, bool up)
{
	struct tr_wire_now now;
	struct tr_hold_request r;

	if (c->hold)
		return c->holds_up == up;
	if (!conn_now(c, &now) || !now.sent || makes_object(now.op) != up)
		return false;
	r = conn_request(&now);
	if (conn_was_held(c, &r))
		return false;
	c->hold = tr_hold_strike(c->relay->setup.control, &r, &c->hold_id);
	if (!c->hold)
		return false;
	c->held = r;
	c->holds_up = up;
	c->told = false;
	conn_tell_held(c, false);
	c->timer.fire = hold_look;
	tr_loop_at(c->relay->setup.loop, &c->timer, xf_clock_mono_ns() + RELAY_LOOK_NS);
	return true;
}

static void conn_let_go(struct conn *c, enum tr_evasion evasion)
{
	uint64_t held_ns;

	if (!c->hold)
		return;
	conn_tell_held(c, true);
	tr_loop_cancel(c->relay->setup.loop, &c->timer);
	held_ns = tr_hold_end(c->hold, evasion);
	c->hold = NULL;
	conn_speak(c);
	if (evasion)
		XF_EMIT(hold_evaded, .hold = c->hold_id, .why = xf_text(tr_evasion_text(evasion)));
	XF_EMIT(released, .hold = c->hold_id, .transfer = c->held.transfer, .part = c->held.part,
		.held_ns = held_ns);
	conn_hush(c);
}

/* Is what this connection's hold keeps under way on another one? Whose a request is may be known only after its bytes. */
static bool conn_is_repeated(const struct conn *c)
{
	struct tr_wire_now now;
	struct tr_hold_request r;

	for (const struct conn *o = c->relay->conns; o; o = o->next) {
		if (o == c || !conn_now(o, &now))
			continue;
		r = conn_request(&now);
		if (tr_hold_is_repeated(&c->held, &r))
			return true;
	}
	return false;
}

static void hold_look(struct tr_timer *timer)
{
	struct conn *c = (struct conn *)((char *)timer - offsetof(struct conn, timer));
	uint64_t now = xf_clock_mono_ns(), end;

	conn_tell_held(c, false);
	if (conn_is_repeated(c)) {
		conn_let_go(c, TR_EVADED_REPEATED);
		conn_pump(c);
		return;
	}
	if (!tr_hold_is_over(c->hold, now)) {
		end = tr_hold_ends_at(c->hold);
		tr_loop_at(c->relay->setup.loop, timer, end < now + RELAY_LOOK_NS ? end : now + RELAY_LOOK_NS);
		return;
	}
	conn_let_go(c, TR_EVADED_NOT);
	conn_pump(c);
}

static void conn_goes_on(struct tr_timer *timer)
{
	conn_pump((struct conn *)((char *)timer - offsetof(struct conn, timer)));
}

/*
 * Bytes passed on c: is its request what somebody else's hold keeps? That one goes on in its own turn, as
 * bytes that pass there may say the same of c, which is in the midst of its own.
 */
static void conn_check_repeated(struct conn *c)
{
	struct tr_wire_now now;
	struct tr_hold_request r;

	if (!conn_now(c, &now))
		return;
	r = conn_request(&now);
	for (struct conn *o = c->relay->conns; o; o = o->next)
		if (o != c && o->hold && tr_hold_is_repeated(&o->held, &r)) {
			conn_let_go(o, TR_EVADED_REPEATED);
			o->timer.fire = conn_goes_on;
			tr_loop_at(c->relay->setup.loop, &o->timer, xf_clock_mono_ns());
			return;
		}
}

/* ---- the end of a connection */

static void relay_bury(struct tr_timer *timer)
{
	struct tr_relay *relay = (struct tr_relay *)((char *)timer - offsetof(struct tr_relay, bury));

	while (relay->dead) {
		struct conn *c = relay->dead;
		relay->dead = c->next;
		free(c->up.buf);
		free(c->down.buf);
		free(c);
	}
}

static void conn_unlink(struct conn *c)
{
	for (struct conn **at = &c->relay->conns; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	c->next = c->relay->dead;
	c->relay->dead = c;
	tr_loop_at(c->relay->setup.loop, &c->relay->bury, xf_clock_mono_ns());
}

static const char *conn_closed_by(const struct conn *c, const char *by)
{
	if (c->closed_by)
		by = c->closed_by;
	if (strcmp(by, "client") == 0 && conn_leaves(c))
		by = "exit";
	return by;
}

/* The host as the program knows it: its name, else the address. */
static const char *conn_host(const struct conn *c, char *buf, size_t cap)
{
	const struct sockaddr_in *v4 = (const void *)&c->ask.to;
	const struct sockaddr_in6 *v6 = (const void *)&c->ask.to;

	if (c->name[0])
		snprintf(buf, cap, "%s", c->name);
	else if (c->ask.to.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], buf, (socklen_t)cap);
	else
		inet_ntop(c->ask.to.ss_family, c->ask.to.ss_family == AF_INET ? (const void *)&v4->sin_addr
									       : (const void *)&v6->sin6_addr,
			  buf, (socklen_t)cap);
	return buf;
}

/* TLS that came to nothing on one side: said, for neither side can say it well. */
static void conn_say_tls(struct conn *c)
{
	const struct tr_relay_setup *setup = &c->relay->setup;
	const char *name = c->client.tls ? tr_tls_name(c->client.tls) : "";
	char host[256] = "", text[640];

	if (!c->client.tls || !setup->trouble)
		return;
	if (!*name)
		name = conn_host(c, host, sizeof(host));
	if (c->server.tls && !tr_tls_established(c->server.tls) && *tr_tls_why(c->server.tls))
		snprintf(text, sizeof(text), "%s showed a certificate that is not trusted here (%s): its connection was "
			 "closed, nothing was sent", name, tr_tls_why(c->server.tls));
	else if (!tr_tls_established(c->client.tls))
		snprintf(text, sizeof(text), "the program does not trust the throw-away CA of --tls-relay for %s: it "
			 "looks for certificates elsewhere; nothing was sent", name);
	else
		return;
	setup->trouble(setup->ctx, text);
}

static bool flow_is_empty(const struct flow *f)
{
	return f->at == f->len && !f->past.held;
}

static void flow_unsplice(struct conn *c, struct flow *f)
{
	c->relay->splices -= f->past.open;
	tr_splice_close(&f->past);
}

static void flow_drop(struct conn *c, struct flow *f)
{
	f->at = f->len;
	flow_unsplice(c, f);
}

static void conn_close(struct conn *c, const char *by, bool reset)
{
	conn_say_tls(c);
	conn_let_go(c, c->client.over ? conn_evasion(c) : TR_EVADED_NOT);
	tr_loop_cancel(c->relay->setup.loop, &c->timer);
	tr_end_close(&c->client, reset);
	tr_end_close(&c->server, reset);
	flow_drop(c, &c->up);
	flow_drop(c, &c->down);
	if (c->ask.copy >= 0)
		close(c->ask.copy);
	c->ask.copy = -1;
	if (c->opaque && !conn_is_claimed(c))
		atomic_fetch_or(&c->relay->setup.control->incomplete, TR_INCOMPLETE_TLS);
	if (c->wire) {
		conn_speak(c);
		tr_wire_free(c->wire, conn_closed_by(c, by));
		conn_hush(c);
	}
	c->wire = NULL;
	if (c->voice)
		c->voice->in_use = false;
	c->voice = NULL;
	conn_unlink(c);
}

/* ---- its beginning */

/* The program's first bytes say whether anybody can read this connection, and who. */
static void conn_begin(struct conn *c, const char *bytes, size_t len)
{
	c->begun = true;
	if (conn_is_claimed(c))
		return;
	if (tr_wire_is_request(bytes, len))
		c->wire = tr_wire_new(c->relay->setup.control, c->port, 0);
	else if (bytes[0] == 0x16)
		c->opaque = true;
	if (c->wire && c->client.tls)
		tr_wire_under_tls(c->wire);
}

/*
 * With --tls-relay: the first byte of a ClientHello puts TLS on the program's end. Until that byte is
 * there nothing is read: it may come between a look and a read behind it. False: broken.
 */
static bool conn_unwrap(struct conn *c)
{
	struct tr_tls *tls = c->relay->setup.tls;
	char first = 0, host[256] = "";
	ssize_t n;

	/* only at the very beginning: any byte of a body may look like one */
	if (!tls || c->client.tls || c->begun)
		return true;
	n = recv(c->client.fd, &first, 1, MSG_PEEK);
	c->undecided = n < 0 && errno == EAGAIN;
	if (n != 1 || first != 0x16)
		return true;
	return tr_end_wrap(&c->client, tr_tls_accept(tls, conn_host(c, host, sizeof(host))));
}

/* … and, as soon as the program has named the host, on the server's. */
static bool conn_wrap(struct conn *c)
{
	const char *name = c->client.tls && !c->server.tls ? tr_tls_name(c->client.tls) : "";
	char host[256] = "";

	if (!*name && c->client.tls && !c->server.tls && tr_tls_established(c->client.tls))
		name = conn_host(c, host, sizeof(host));
	if (!*name)
		return true;
	if (!tr_end_wrap(&c->server, tr_tls_connect(c->relay->setup.tls, name)))
		return false;
	return tr_end_flush(&c->server);
}

/* ---- flows */

static bool flow_ready(struct flow *f)
{
	if (!f->buf)
		f->buf = malloc(TR_END_BUFFER);
	return f->buf != NULL;
}

static void flow_saw(struct conn *c, struct flow *f)
{
	c->relay->bytes += f->len;
	if (f == &c->up) {
		if (!c->begun)
			conn_begin(c, f->buf, f->len);
		conn_tell_sent(c, f->buf, f->len);
		conn_check_repeated(c);
	} else {
		conn_check_repeated(c);
		conn_tell_received(c, f->buf, f->len);
	}
}

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
	return !tr_end_is_full(&c->client) && (conn_is_shaking(c) || !conn_strikes(c, false));
}

/*
 * How many of the next bytes nobody here looks at: those of a body but for its last, which may
 * have to be held, and of TLS that cannot be read.
 */
static uint64_t flow_unread(const struct conn *c, const struct flow *f)
{
	uint64_t left = 0;

	if (f->from->tls || !c->begun)
		return 0;
	if (c->wire)
		left = tr_wire_unread(c->wire, f == &c->down);
	else if (c->opaque && !conn_is_claimed(c))
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
	conn_speak(c);
	tr_wire_free(c->wire, conn_closed_by(c, "client"));
	conn_hush(c);
	c->wire = NULL;
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
		c->gone = c->gone || (f->from == &c->client && conn_leaves(c));
	}
	if (n <= 0)
		return false;
	f->at = 0;
	f->len = (size_t)n;
	flow_saw(c, f);
	return true;
}

/*
 * The far end of a flow takes no more. A server that refuses a body before it is there answers and
 * closes: that answer is still worth having. False: nothing is.
 */
static bool flow_breaks(struct conn *c, struct flow *f)
{
	if (f != &c->up || c->gone || c->server.over || conn_is_shaking(c))
		return false;
	c->deaf = c->server.shut = true;
	flow_drop(c, f);
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
			flow_drop(c, f);
			continue;
		}
		/* TLS that has not begun on the far side: its bytes wait */
		if ((f->from->tls && !f->to->tls) || (f == &c->up && !c->gone && conn_strikes(c, true)))
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

static void conn_pump(struct conn *c)
{
	bool sound = conn_unwrap(c) && flow_move(c, &c->up) && conn_wrap(c) &&
		     ((c->gone && !conn_awaits(c) && !conn_is_shaking(c)) || flow_move(c, &c->down));

	if (sound && c->client.tls)
		sound = (c->gone || tr_end_flush(&c->client)) && (c->deaf || tr_end_flush(&c->server));
	if (!sound) {
		conn_close(c, c->client.over ? "client" : "server", true);
		return;
	}
	if (c->client.over)
		conn_let_go(c, conn_evasion(c));
	if (conn_awaits(c)) {
		conn_watch(c);
		return;
	}
	flow_end(&c->up);
	flow_end(&c->down);
	if (c->server.shut && (c->client.shut || c->gone))
		conn_close(c, c->client.over && !c->server.over ? "client" : "server", false);
	else
		conn_watch(c);
}

/* Whose request is held closes: it has given that up, and the server has not had it in full, nor will it. */
static bool end_gives_up(const struct tr_end *e, uint32_t events)
{
	const struct conn *c = e->conn;

	return e == &c->client && c->hold && c->holds_up && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !conn_leaves(c);
}

/* A client that is closed both ways takes no answer any more; what it sent before still goes out. */
static void end_ready(struct tr_watch *watch, uint32_t events)
{
	struct tr_end *e = (struct tr_end *)((char *)watch - offsetof(struct tr_end, watch));
	struct conn *c = e->conn;

	if (end_gives_up(e, events)) {
		c->client.over = true;
		conn_close(c, "client", true);
		return;
	}
	if (c->holds_up && e == &c->client && events & EPOLLRDHUP)
		conn_let_go(c, TR_EVADED_NOT);
	if (e == &c->client && events & EPOLLRDHUP && !c->hung_up)
		conn_hangs_up(c);
	if (e == &c->client && events & (EPOLLHUP | EPOLLERR)) {
		c->gone = true;
		if (!c->closed_by)
			c->closed_by = "client";
		flow_drop(c, &c->down);
		conn_let_go(c, conn_evasion(c));
	}
	conn_pump(c);
}

/* ---- from connect() to an open connection */

static void conn_answer(struct conn *c, enum tr_relay_answer answer)
{
	const struct tr_relay_setup *s = &c->relay->setup;

	if (answer == TR_RELAY_BY_ITSELF && c->ask.must)
		answer = TR_RELAY_REFUSED;
	s->answer(s->ctx, c->ask.notice, answer);
}

/* The server is not to be reached: the program finds that out by itself. */
static void conn_give_up(struct conn *c)
{
	conn_answer(c, TR_RELAY_BY_ITSELF);
	conn_close(c, "server", false);
}

/* It cannot be led through here: what goes over it is not seen. */
static void relay_misses(struct tr_relay *relay, const struct tr_relay_ask *ask)
{
	if (!ask->must)
		atomic_fetch_or(&relay->setup.control->incomplete, TR_INCOMPLETE_UNREAD);
}

static uint32_t port_of(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)a)->sin_port);
	return a->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)a)->sin6_port) : 0;
}

/* Our own address in the family of the program's socket. False: we have none in it. */
static bool relay_address(const struct tr_relay *relay, const struct sockaddr_storage *to,
			  struct sockaddr_storage *own, socklen_t *len)
{
	const struct sockaddr_in6 *to6 = (const void *)to;
	struct sockaddr_in6 *own6 = (void *)own;

	*own = relay->listeners[0].own;
	*len = sizeof(struct sockaddr_in);
	if (to->ss_family == AF_INET)
		return true;
	*len = sizeof(struct sockaddr_in6);
	if (!IN6_IS_ADDR_V4MAPPED(&to6->sin6_addr)) {
		*own = relay->listeners[1].own;
		return relay->listeners[1].watch.fd >= 0;
	}
	memset(own, 0, sizeof(*own));
	own6->sin6_family = AF_INET6;
	own6->sin6_port = htons((uint16_t)port_of(&relay->listeners[0].own));
	memcpy(&own6->sin6_addr, &(struct in6_addr){ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1 } } },
	       sizeof(struct in6_addr));
	return true;
}

/* The far side stands: the program's socket is turned to us. */
static void conn_turn(struct conn *c)
{
	const struct tr_relay_setup *s = &c->relay->setup;
	struct sockaddr_storage own;
	socklen_t len;
	bool turned;

	tr_loop_cancel(s->loop, &c->timer);
	if (!s->waits(s->ctx, c->ask.notice)) {
		conn_close(c, "client", false);
		return;
	}
	if (!relay_address(c->relay, &c->ask.to, &own, &len)) {
		relay_misses(c->relay, &c->ask);
		conn_give_up(c);
		return;
	}
	errno = 0;
	turned = connect(c->ask.copy, (struct sockaddr *)&own, len) == 0 || errno == EINPROGRESS;
	enum tr_relay_answer answer = errno == EINPROGRESS ? TR_RELAY_IN_PROGRESS : TR_RELAY_CONNECTED;
	len = sizeof(own);
	if (!turned || getsockname(c->ask.copy, (struct sockaddr *)&own, &len) != 0) {
		relay_misses(c->relay, &c->ask);
		conn_give_up(c);
		return;
	}
	c->port = port_of(&own);
	close(c->ask.copy);
	c->ask.copy = -1;
	c->state = CONN_EXPECTED;
	conn_answer(c, answer);
}

/* The server's socket while it connects: writable is decided. */
static void server_reached(struct tr_watch *watch, uint32_t events)
{
	struct tr_end *e = (struct tr_end *)((char *)watch - offsetof(struct tr_end, watch));
	struct conn *c = e->conn;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	tr_end_watch(e, 0);
	e->watch.ready = end_ready;
	if (c->state != CONN_REACHING) {
		/* the program did not wait, and is being served already */
		if (error)
			conn_close(c, "server", true);
		else if (c->state == CONN_OPEN)
			conn_pump(c);
		return;
	}
	if (error)
		conn_give_up(c);
	else
		conn_turn(c);
}

static void conn_impatient(struct tr_timer *timer)
{
	conn_turn((struct conn *)((char *)timer - offsetof(struct conn, timer)));
}

static struct conn *conn_new(struct tr_relay *relay, const struct tr_relay_ask *ask)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->relay = relay;
	c->ask = *ask;
	if (ask->name)
		memcpy(c->name, ask->name, strnlen(ask->name, sizeof(c->name) - 1));
	c->client.fd = c->server.fd = c->client.watch.fd = c->server.watch.fd = -1;
	c->client.conn = c->server.conn = c;
	c->client.loop = c->server.loop = relay->setup.loop;
	c->up = (struct flow){ .from = &c->client, .to = &c->server };
	c->down = (struct flow){ .from = &c->server, .to = &c->client };
	c->held.op = XF_OP_COUNT;
	c->next = relay->conns;
	relay->conns = c;
	return c;
}

void tr_relay_take(struct tr_relay *relay, const struct tr_relay_ask *ask)
{
	struct conn *c = conn_new(relay, ask);
	int fd = socket(ask->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (!c || fd < 0) {
		relay_misses(relay, ask);
		relay->setup.answer(relay->setup.ctx, ask->notice,
				    ask->must ? TR_RELAY_REFUSED : TR_RELAY_BY_ITSELF);
		if (c)
			conn_close(c, "server", false);
		else
			close(ask->copy);
		if (fd >= 0)
			close(fd);
		return;
	}
	tr_end_open(&c->server, fd, server_reached);
	if (connect(fd, (const struct sockaddr *)&ask->to, ask->to_len) != 0 && errno != EINPROGRESS) {
		conn_give_up(c);
		return;
	}
	tr_end_watch(&c->server, EPOLLOUT);
	if (ask->nonblocking) {
		c->timer.fire = conn_impatient;
		tr_loop_at(relay->setup.loop, &c->timer, xf_clock_mono_ns() + RELAY_PATIENCE_NS);
	}
}

static struct conn *relay_expected(struct tr_relay *relay, uint32_t port)
{
	struct conn *c = relay->conns;

	while (c && !(c->state == CONN_EXPECTED && c->port == port))
		c = c->next;
	return c;
}

static void relay_accept(struct tr_watch *watch, uint32_t events)
{
	struct tr_relay *relay =
		((struct listener *)((char *)watch - offsetof(struct listener, watch)))->relay;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	struct conn *c;
	int fd;

	(void)events;
	fd = accept4(watch->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	c = relay_expected(relay, port_of(&peer));
	if (!c) {
		close(fd); /* not one of ours: nobody else has business here */
		return;
	}
	tr_end_open(&c->client, fd, end_ready);
	c->state = CONN_OPEN;
	if (c->server.watch.ready == end_ready)
		conn_pump(c);
}

/* ---- the relay itself */

static bool relay_listen(struct tr_relay *relay, unsigned i, const struct sockaddr *a, socklen_t len)
{
	struct listener *l = &relay->listeners[i];
	socklen_t own_len = sizeof(l->own);
	int fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*l = (struct listener){ .watch = { .fd = -1, .ready = relay_accept }, .relay = relay };
	if (fd < 0)
		return false;
	if (bind(fd, a, len) == 0 && listen(fd, 1024) == 0 &&
	    getsockname(fd, (struct sockaddr *)&l->own, &own_len) == 0 &&
	    tr_loop_add(relay->setup.loop, &l->watch, fd, EPOLLIN))
		return true;
	close(fd);
	return false;
}

enum xf_status tr_relay_new(const struct tr_relay_setup *setup, struct tr_relay **out,
			    struct xf_error *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct tr_relay *relay = calloc(1, sizeof(*relay));

	*out = relay;
	if (!relay)
		return xf_fail(err, XF_NOMEM, "out of memory");
	relay->setup = *setup;
	relay->voices.kind = "connection";
	relay->bury.fire = relay_bury;
	if (!relay_listen(relay, 0, (struct sockaddr *)&v4, sizeof(v4))) {
		*out = NULL;
		free(relay);
		return xf_fail_errno(err, XF_IO, errno, "the relay cannot listen on the loopback");
	}
	relay_listen(relay, 1, (struct sockaddr *)&v6, sizeof(v6)); /* a machine may have no IPv6 */
	return XF_OK;
}

void tr_relay_free(struct tr_relay *relay)
{
	if (!relay)
		return;
	while (relay->conns)
		conn_close(relay->conns, "client", true);
	for (unsigned i = 0; i < 2; i++) {
		int fd = relay->listeners[i].watch.fd;
		tr_loop_remove(relay->setup.loop, &relay->listeners[i].watch);
		if (fd >= 0)
			close(fd);
	}
	tr_loop_cancel(relay->setup.loop, &relay->bury);
	relay_bury(&relay->bury);
	tr_choir_fini(&relay->voices);
	free(relay);
}

bool tr_relay_is_own(const struct tr_relay *relay, const struct sockaddr_storage *address)
{
	struct sockaddr_storage own;
	socklen_t len;

	if (address->ss_family != AF_INET && address->ss_family != AF_INET6)
		return false;
	return relay_address(relay, address, &own, &len) && memcmp(&own, address, len) == 0;
}

unsigned tr_relay_open(const struct tr_relay *relay, uint32_t pid)
{
	unsigned n = 0;

	for (const struct conn *c = relay ? relay->conns : NULL; c; c = c->next)
		n += c->state == CONN_OPEN && (!pid || c->ask.pid == pid);
	return n;
}

uint64_t tr_relay_bytes(const struct tr_relay *relay)
{
	return relay ? relay->bytes : 0;
}
