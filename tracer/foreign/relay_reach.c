/* relay_reach: from connect() to an open connection; see relay_private.h. */
#include "tracer/foreign/relay_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { RELAY_PATIENCE_NS = 1000000000 };   /* a program that does not wait for connect() waits so long */

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
	tr_conn_close(c, "server", false);
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

bool tr_relay_address(const struct tr_relay *relay, const struct sockaddr_storage *to,
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

static struct conn *relay_expected(struct tr_relay *relay, uint32_t port)
{
	struct conn *c = relay->conns;

	while (c && !(c->state == CONN_EXPECTED && c->port == port))
		c = c->next;
	return c;
}

/* The program's end of a connection has come. */
static void relay_meets(struct tr_relay *relay, int fd, uint32_t port)
{
	struct conn *c = relay_expected(relay, port);

	if (!c) {
		close(fd); /* not one of ours: nobody else has business here */
		return;
	}
	tr_end_open(&c->client, fd, tr_conn_ready);
	c->state = CONN_OPEN;
	if (c->server.watch.ready == tr_conn_ready)
		tr_conn_pump(c);
}

static void listener_accept(struct listener *l)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	for (int fd; (fd = accept4(l->watch.fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; len = sizeof(peer))
		relay_meets(l->relay, fd, port_of(&peer));
}

void tr_relay_accept(struct tr_watch *watch, uint32_t events)
{
	(void)events;
	listener_accept((struct listener *)((char *)watch - offsetof(struct listener, watch)));
}

/* The far side stands: the program's socket is turned to us. */
static void conn_turn(struct conn *c)
{
	struct tr_relay *relay = c->relay;
	const struct tr_relay_setup *s = &relay->setup;
	struct sockaddr_storage own;
	socklen_t len;
	bool turned;

	tr_loop_cancel(s->loop, &c->timer);
	if (!s->waits(s->ctx, c->ask.notice)) {
		tr_conn_close(c, "client", false);
		return;
	}
	if (!tr_relay_address(relay, &c->ask.to, &own, &len)) {
		relay_misses(relay, &c->ask);
		conn_give_up(c);
		return;
	}
	c->since = atomic_load(&s->control->nr_connections);
	errno = 0;
	turned = connect(c->ask.copy, (struct sockaddr *)&own, len) == 0 || errno == EINPROGRESS;
	enum tr_relay_answer answer = errno == EINPROGRESS ? TR_RELAY_IN_PROGRESS : TR_RELAY_CONNECTED;
	len = sizeof(own);
	if (!turned || getsockname(c->ask.copy, (struct sockaddr *)&own, &len) != 0) {
		relay_misses(relay, &c->ask);
		conn_give_up(c);
		return;
	}
	c->port = port_of(&own);
	close(c->ask.copy);
	c->ask.copy = -1;
	c->state = CONN_EXPECTED;
	conn_answer(c, answer);
	/* at once: a socket that blocks would wait, and we with it, where nobody takes those before it */
	for (unsigned i = 0; i < 2; i++)
		listener_accept(&relay->listeners[i]);
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
	e->watch.ready = tr_conn_ready;
	if (c->state != CONN_REACHING) {
		/* the program did not wait, and is being served already */
		if (error)
			tr_conn_close(c, "server", true);
		else if (c->state == CONN_OPEN)
			tr_conn_pump(c);
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

void tr_relay_take(struct tr_relay *relay, const struct tr_relay_ask *ask)
{
	struct conn *c = tr_conn_new(relay, ask);
	int fd = socket(ask->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (!c || fd < 0) {
		relay_misses(relay, ask);
		relay->setup.answer(relay->setup.ctx, ask->notice,
				    ask->must ? TR_RELAY_REFUSED : TR_RELAY_BY_ITSELF);
		if (c)
			tr_conn_close(c, "server", false);
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
