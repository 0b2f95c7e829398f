/*
 * relay: see relay.h.
 *
 * Here it listens, and keeps its connections; what each of them goes through stands in files of its
 * own: see relay_private.h.
 */
#include "tracer/foreign/relay_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool relay_listen(struct tr_relay *relay, unsigned i, const struct sockaddr *a, socklen_t len)
{
	struct listener *l = &relay->listeners[i];
	socklen_t own_len = sizeof(l->own);
	int fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*l = (struct listener){ .watch = { .fd = -1, .ready = tr_relay_accept }, .relay = relay };
	if (fd < 0)
		return false;
	if (bind(fd, a, len) == 0 && listen(fd, 1024) == 0 &&
	    getsockname(fd, (struct sockaddr *)&l->own, &own_len) == 0 &&
	    tr_loop_add(relay->setup.loop, &l->watch, fd, EPOLLIN))
		return true;
	close(fd);
	return false;
}

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
		tr_conn_close(relay->conns, "client", true);
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
	return tr_relay_address(relay, address, &own, &len) && memcmp(&own, address, len) == 0;
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
