/* relay_conn: the life of a connection led through the relay; see relay_private.h. */
#include "tracer/foreign/relay_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/event/emit.h"

/* ---- what is said about it */

void tr_conn_speak(struct conn *c)
{
	if (!c->voice && xf_emit_on())
		c->voice = tr_choir_take(&c->relay->voices);
	if (c->voice)
		tr_voice_begin(c->voice);
}

void tr_conn_hush(struct conn *c)
{
	if (c->voice)
		tr_voice_end(c->voice);
}

/* ---- its beginning */

struct conn *tr_conn_new(struct tr_relay *relay, const struct tr_relay_ask *ask)
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

void tr_conn_begin(struct conn *c, const char *bytes, size_t len)
{
	c->begun = true;
	if (tr_conn_is_claimed(c))
		return;
	if (tr_wire_is_request(bytes, len))
		c->wire = tr_wire_new(c->relay->setup.control, c->port, 0);
	else if (bytes[0] == 0x16)
		c->opaque = true;
	if (c->wire && c->client.tls)
		tr_wire_under_tls(c->wire);
}

bool tr_conn_unwrap(struct conn *c)
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

bool tr_conn_wrap(struct conn *c)
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

/* ---- its end */

static const char *conn_closed_by(const struct conn *c, const char *by)
{
	if (c->closed_by)
		by = c->closed_by;
	if (strcmp(by, "client") == 0 && tr_conn_leaves(c))
		by = "exit";
	return by;
}

void tr_conn_end_wire(struct conn *c, const char *by)
{
	if (!c->wire)
		return;
	tr_conn_speak(c);
	tr_wire_free(c->wire, conn_closed_by(c, by));
	tr_conn_hush(c);
	c->wire = NULL;
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

void tr_conn_close(struct conn *c, const char *by, bool reset)
{
	conn_say_tls(c);
	tr_conn_let_go(c, c->client.over ? tr_conn_evasion(c) : TR_EVADED_NOT);
	tr_loop_cancel(c->relay->setup.loop, &c->timer);
	tr_end_close(&c->client, reset);
	tr_end_close(&c->server, reset);
	tr_flow_drop(c, &c->up);
	tr_flow_drop(c, &c->down);
	if (c->ask.copy >= 0)
		close(c->ask.copy);
	c->ask.copy = -1;
	if (c->opaque && !tr_conn_is_claimed(c))
		atomic_fetch_or(&c->relay->setup.control->incomplete, TR_INCOMPLETE_TLS);
	tr_conn_end_wire(c, by);
	if (c->voice)
		c->voice->in_use = false;
	c->voice = NULL;
	conn_unlink(c);
}
