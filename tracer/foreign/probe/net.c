/*
 * connections: which carry requests, and whose plain text is whose.
 *
 * A TCP connection is nobody's until its first bytes are about to leave: those
 * of an HTTP request make it a wire (wire.h), those of a TLS handshake make it
 * wait for an SSL object, whose plain text then is fed to a wire under the same
 * local port. The two are tied together by nesting: a send that happens inside
 * SSL_write belongs to that SSL object.
 *
 * Connections live in a pool and are locked by a word, since a program may send
 * and receive on two threads. No thread is held at the gate with it: the gate
 * stands at the end of the wrapper.
 *
 * What was sent is told when the call has come back, and by then another thread may have the
 * answer: it waits for the sender to have told, which is a moment, unless that has lost its processor.
 */
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"
#include "tracer/foreign/wire.h"

enum { CONNS = 4096, NEIGHBOURS = 64, SSLS = 8192, STRANGER_SENDS = 2, LOOK_NS = 50000, PATIENCE = 4000 };
enum speech { SPEAKS_NOTHING_YET, SPEAKS_HTTP, SPEAKS_TLS, SPEAKS_OTHER };

struct probe_conn {
	_Atomic uint32_t taken, locked; /* taken: by so many descriptors, or by its SSL object */
	_Atomic uint64_t inode;  /* of the socket; 0: none */
	uint32_t port;
	enum speech speech;
	struct tr_wire *wire;
	void *ssl;               /* whose bytes these are */
	const char *ended_by;
	uint32_t sends;          /* under TLS, without an SSL object we know */
	uint32_t sender;         /* number of the thread whose call sends, + 1; 0: none does */
};

/* SSL objects; one without a socket of its own (memory BIOs) has a connection without a port. */
static struct probe_conn *conns;
static struct ssl {
	_Atomic uintptr_t ssl;
	struct probe_conn *_Atomic conn;
} *ssls;

bool probe_net_init(void)
{
	size_t size = CONNS * sizeof(*conns) + SSLS * sizeof(*ssls);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	conns = map;
	ssls = map == MAP_FAILED ? NULL : (void *)(conns + CONNS);
	return map != MAP_FAILED;
}

void probe_net_forked(void)
{
	madvise(conns, CONNS * sizeof(*conns) + SSLS * sizeof(*ssls), MADV_DONTNEED);
}

static void lock(struct probe_conn *c)
{
	while (atomic_exchange_explicit(&c->locked, 1, memory_order_acquire))
		sched_yield();
}

static void unlock(struct probe_conn *c)
{
	atomic_store_explicit(&c->locked, 0, memory_order_release);
}

/* ---- made and gone */

static struct probe_conn *take(uint32_t port)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		struct probe_conn *c = &conns[(port + i) % CONNS];
		uint32_t none = 0;
		if (!atomic_compare_exchange_strong(&c->taken, &none, 1))
			continue;
		c->port = port;
		atomic_store(&c->inode, 0);
		c->speech = SPEAKS_NOTHING_YET;
		c->wire = NULL;
		c->ssl = NULL;
		c->ended_by = "client";
		c->sends = 0;
		c->sender = 0;
		return c;
	}
	atomic_fetch_or(&probe_control->incomplete, TR_INCOMPLETE_TABLE);
	return NULL;
}

static uint32_t local_port(int fd)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return 0;
	if (name.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&name)->sin_port);
	return name.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&name)->sin6_port) : 0;
}

/* A descriptor more of a socket that is known by another: what went through that one goes on here. NULL: none is. */
static struct probe_conn *share(uint32_t port, uint64_t inode)
{
	for (uint32_t i = 0; i < NEIGHBOURS; i++) {
		struct probe_conn *c = &conns[(port + i) % CONNS];
		uint32_t users = atomic_load(&c->taken);
		while (users && atomic_load(&c->inode) == inode && c->port == port)
			if (atomic_compare_exchange_weak(&c->taken, &users, users + 1))
				return c;
	}
	return NULL;
}

struct probe_conn *probe_conn_new(int fd, uint64_t inode)
{
	uint32_t port = local_port(fd);
	struct probe_conn *c = port ? share(port, inode) : NULL;

	if (c)
		return c;
	c = take(port);
	if (c)
		atomic_store(&c->inode, inode);
	return c;
}

static struct ssl *ssl_slot(void *ssl)
{
	uintptr_t key = (uintptr_t)ssl, hash = (key >> 4) + (key >> 17);

	for (uintptr_t i = 0; i < 64; i++) {
		struct ssl *s = &ssls[(hash + i) % SSLS];
		uintptr_t seen = atomic_load(&s->ssl);
		if (seen == key || (!seen && atomic_compare_exchange_strong(&s->ssl, &seen, key)) ||
		    seen == key)
			return s;
	}
	return NULL;
}

static void untie(struct probe_conn *c)
{
	struct ssl *s = c->ssl ? ssl_slot(c->ssl) : NULL;
	struct probe_conn *own = c;

	if (s)
		atomic_compare_exchange_strong(&s->conn, &own, NULL);
}

void probe_conn_free(struct probe_conn *c)
{
	uint32_t users = c ? atomic_load(&c->taken) : 0;

	while (users > 1)
		if (atomic_compare_exchange_weak(&c->taken, &users, users - 1))
			return;
	if (!users)
		return;
	lock(c);
	atomic_store(&c->inode, 0);
	untie(c);
	if (c->wire)
		tr_wire_free(c->wire, c->ended_by);
	c->wire = NULL;
	unlock(c);
	atomic_store_explicit(&c->taken, 0, memory_order_release);
}

/* ---- bytes */

static void start_wire(struct probe_conn *c)
{
	c->wire = tr_wire_new(probe_control, c->port, (uint32_t)getpid());
	c->speech = c->wire ? SPEAKS_HTTP : SPEAKS_OTHER;
	if (!c->wire)
		atomic_fetch_or(&probe_control->incomplete, TR_INCOMPLETE_UNREAD);
}

static bool is_handshake(const unsigned char *b, size_t len)
{
	return len >= 3 && b[0] == 0x16 && b[1] == 3 && b[2] <= 4;
}

static bool is_http2(const void *bytes, size_t len)
{
	return len >= 14 && memcmp(bytes, "PRI * HTTP/2.0", 14) == 0;
}

static void listen_in(struct probe_conn *c, const void *bytes, size_t len)
{
	if (tr_wire_is_request(bytes, len)) {
		start_wire(c);
		return;
	}
	if (is_http2(bytes, len))
		atomic_fetch_or(&probe_control->incomplete, TR_INCOMPLETE_HTTP2);
	c->speech = is_handshake(bytes, len) ? SPEAKS_TLS : SPEAKS_OTHER;
}

/*
 * The bytes of a TLS connection: they say which SSL object speaks through it. One that we know speaks from
 * the handshake on; who has sent twice without is a stranger, and nobody can read what follows, unless the relay does, which says itself
 * what it could not read.
 */
static void tie(struct probe_conn *c, void *ssl)
{
	struct ssl *s = ssl && c->ssl != ssl ? ssl_slot(ssl) : NULL;

	if (!ssl && !c->ssl && ++c->sends == STRANGER_SENDS && !atomic_load(&probe_control->tls_relay))
		atomic_fetch_or(&probe_control->incomplete, TR_INCOMPLETE_TLS);
	if (!s)
		return;
	untie(c);
	c->ssl = ssl;
	atomic_store(&s->conn, c);
}

void probe_conn_will_send(struct probe_conn *c, const void *bytes, size_t len, size_t more)
{
	lock(c);
	c->sender = xf_thread_number() + 1u;
	if (c->speech == SPEAKS_NOTHING_YET && len > 0)
		listen_in(c, bytes, len);
	if (c->speech == SPEAKS_TLS)
		tie(c, probe_tls.ssl);
	else if (c->wire && !tr_wire_lost(c->wire))
		tr_wire_will_send(c->wire, bytes, len, more);
	unlock(c);
}

static void note_end(struct probe_conn *c, ssize_t rc, bool receiving)
{
	if (rc == 0 && receiving)
		c->ended_by = "server";
	else if (rc < 0 && (errno == ECONNRESET || errno == EPIPE))
		c->ended_by = "reset";
}

static bool readable(const struct probe_conn *c, ssize_t rc)
{
	return rc > 0 && c->speech == SPEAKS_HTTP && c->wire && !c->ssl && !tr_wire_lost(c->wire);
}

void probe_conn_sent(struct probe_conn *c, const void *bytes, ssize_t rc)
{
	lock(c);
	note_end(c, rc, false);
	if (readable(c, rc))
		tr_wire_sent(c->wire, bytes, (size_t)rc);
	unlock(c);
}

void probe_conn_skipped(struct probe_conn *c, ssize_t rc)
{
	lock(c);
	note_end(c, rc, false);
	if (readable(c, rc))
		tr_wire_skipped(c->wire, (size_t)rc);
	unlock(c);
}

void probe_conn_told(struct probe_conn *c)
{
	lock(c);
	c->sender = 0;
	unlock(c);
}

/* An answer has come: what it answers is to be told of first, by who has sent it. Locked, but for moments. */
static void await_sender(struct probe_conn *c)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	const uint32_t own = xf_thread_number() + 1u;

	for (int i = 0; c->sender && c->sender != own && c->wire && tr_wire_trails(c->wire); i++) {
		if (i == PATIENCE) {
			c->sender = 0; /* it still sends, and was answered all the same */
			return;
		}
		unlock(c);
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &look, NULL);
		lock(c);
	}
}

void probe_conn_received(struct probe_conn *c, const void *bytes, ssize_t rc)
{
	lock(c);
	note_end(c, rc, true);
	if (readable(c, rc))
		await_sender(c);
	if (readable(c, rc))
		tr_wire_received(c->wire, bytes, (size_t)rc);
	unlock(c);
}

/* ---- plain text of SSL objects */

/* The connection an SSL object speaks through; made without a port when it has no socket. */
static struct probe_conn *conn_of_ssl(void *ssl)
{
	struct ssl *s = ssl_slot(ssl);
	struct probe_conn *c = s ? atomic_load(&s->conn) : NULL, *none = NULL;

	if (!s || c)
		return c;
	c = take((uint32_t)((uintptr_t)ssl >> 6));
	if (!c)
		return NULL;
	c->port = 0;
	c->speech = SPEAKS_TLS;
	c->ssl = ssl;
	if (atomic_compare_exchange_strong(&s->conn, &none, c))
		return c;
	atomic_store(&c->taken, 0);
	return none;
}

static void start_wire_of_ssl(struct probe_conn *c, const void *bytes, size_t len)
{
	if (is_http2(bytes, len))
		atomic_fetch_or(&probe_control->incomplete, TR_INCOMPLETE_HTTP2);
	if (tr_wire_is_request(bytes, len))
		c->wire = tr_wire_new(probe_control, c->port, (uint32_t)getpid());
	if (c->wire)
		tr_wire_under_tls(c->wire);
}

void probe_ssl_will_write(void *ssl, const void *bytes, size_t len)
{
	struct probe_conn *c = len ? conn_of_ssl(ssl) : NULL;

	if (!c)
		return;
	lock(c);
	if (!c->wire)
		start_wire_of_ssl(c, bytes, len);
	if (c->wire && !tr_wire_lost(c->wire))
		tr_wire_will_send(c->wire, bytes, len, 0);
	unlock(c);
}

static void feed(void *ssl, const void *bytes, size_t len,
		 void (*to)(struct tr_wire *, const void *, size_t))
{
	struct ssl *s = ssl_slot(ssl);
	struct probe_conn *c = s ? atomic_load(&s->conn) : NULL;

	if (!c)
		return;
	lock(c);
	if (c->ssl == ssl && c->wire && !tr_wire_lost(c->wire))
		to(c->wire, bytes, len);
	unlock(c);
}

void probe_ssl_wrote(void *ssl, const void *bytes, size_t len)
{
	feed(ssl, bytes, len, tr_wire_sent);
}

void probe_ssl_read(void *ssl, const void *bytes, size_t len)
{
	feed(ssl, bytes, len, tr_wire_received);
}

/* A connection with a socket lives on until that is closed; one without ends here. */
void probe_ssl_freed(void *ssl)
{
	struct ssl *s = ssl_slot(ssl);
	struct probe_conn *c = s ? atomic_exchange(&s->conn, NULL) : NULL;

	if (c && !c->port)
		probe_conn_free(c);
}
