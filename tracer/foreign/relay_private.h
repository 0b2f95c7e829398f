/*
 * relay_private: what the relay is made of, for the files of it, in the order in which a connection
 * meets them: relay.c listens, relay_reach.c makes connections out of connect() calls, relay_conn.c is
 * their life, relay_flow.c moves their bytes, relay_hold.c keeps some of these back.
 */
#ifndef TR_FOREIGN_RELAY_PRIVATE_H
#define TR_FOREIGN_RELAY_PRIVATE_H

#include "tracer/foreign/relay.h"

#include "tracer/foreign/hold.h"
#include "tracer/foreign/relay_end.h"
#include "tracer/foreign/splice.h"
#include "tracer/foreign/voice.h"
#include "tracer/foreign/wire.h"

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
	uint32_t since;          /* number of the last connection that began before it */
	bool claimed;            /* the probe reads it, or did until it closed it or its process ended */
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

/* ---- relay_reach.c */

/* A listener's watch.ready. */
void tr_relay_accept(struct tr_watch *watch, uint32_t events);
/* Our own address in the family of the program's socket. False: we have none in it. */
bool tr_relay_address(const struct tr_relay *relay, const struct sockaddr_storage *to,
		      struct sockaddr_storage *own, socklen_t *len);

/* ---- relay_conn.c */

/* It has no ends yet. NULL: no memory. */
struct conn *tr_conn_new(struct tr_relay *relay, const struct tr_relay_ask *ask);
/* by: who ended it, when nobody is known to have done so before. It is freed at the end of the round. */
void tr_conn_close(struct conn *c, const char *by, bool reset);

/* What is recorded until tr_conn_hush() is the connection's; without a voice the loop's, which is mute. */
void tr_conn_speak(struct conn *c);
void tr_conn_hush(struct conn *c);

/* The program's first bytes say whether anybody can read this connection, and who. */
void tr_conn_begin(struct conn *c, const char *bytes, size_t len);
/*
 * With --tls-relay: the first byte of a ClientHello puts TLS on the program's end. Until that byte is
 * there nothing is read: it may come between a look and a read behind it. False: broken.
 */
bool tr_conn_unwrap(struct conn *c);
/* … and, as soon as the program has named the host, on the server's. */
bool tr_conn_wrap(struct conn *c);
/* Nothing of it is understood any more: what was under way has ended, by that side. Idempotent. */
void tr_conn_end_wire(struct conn *c, const char *by);

/* ---- relay_flow.c */

/* Moves what can be moved now. Afterwards the connection may be closed. */
void tr_conn_pump(struct conn *c);
/* An end's watch.ready. A client that is closed both ways takes no answer any more; what it sent before still goes out. */
void tr_conn_ready(struct tr_watch *watch, uint32_t events);
/* What is on its way is not wanted any more. */
void tr_flow_drop(struct conn *c, struct flow *f);

/* ---- relay_hold.c */

/*
 * An answer is about to be read, or (up) bytes to be sent on: are they to be kept back? Only the
 * answer to a request that went out in full: what comes before is 100 Continue or a refusal, and a
 * hold begun before would run out while the body is still on its way. And only the last bytes of a request.
 */
bool tr_conn_strikes(struct conn *c, bool up);
/* Ends its hold, if there is one. */
void tr_conn_let_go(struct conn *c, enum tr_evasion evasion);
/*
 * Bytes passed on c: is its request what somebody else's hold keeps? That one goes on in its own turn, as
 * bytes that pass there may say the same of c, which is in the midst of its own.
 */
void tr_conn_check_repeated(struct conn *c);
/* Does the probe read it, or has it? */
bool tr_conn_is_claimed(struct conn *c);
/* Is its process at its end? */
bool tr_conn_leaves(const struct conn *c);
/* A client that closes what is held goes around it; one whose process ends did not wait for it. */
enum tr_evasion tr_conn_evasion(const struct conn *c);

#endif
