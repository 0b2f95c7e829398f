/*
 * relay: connections of the program, led through here byte by byte.
 *
 * The supervisor turns a connect() of the program to the relay's own port and
 * the relay connects to where it was meant to go. In between it understands what
 * it can (wire.h) and keeps answers back that a hold asks for: the place where
 * a part can be held without touching a thread of the program. Of the request that makes
 * the object (Complete, PutObject) it keeps the end instead: a program that asks the
 * server whether the object is there waits for that, and not for the answer.
 *
 * The far side is connected first. Only when it stands is the program's socket
 * turned to the relay; where it cannot be reached, the program is left to find
 * that out by itself, with its own errno.
 *
 * Memory is bounded: 64 KiB a direction, in the midst of a long body what a pipe holds (256 KiB), then the one that sends waits.
 *
 * Thread: the loop's.
 */
#ifndef TR_FOREIGN_RELAY_H
#define TR_FOREIGN_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/event/status.h"
#include "tracer/foreign/contract.h"
#include "tracer/foreign/loop.h"
#include "tracer/foreign/tls_relay.h"

struct tr_relay;

/* A connect() that is to be led through the relay. */
struct tr_relay_ask {
	struct sockaddr_storage to; /* where it is to go */
	socklen_t to_len;
	int copy;                   /* of the program's socket; the relay's from then on */
	bool nonblocking;           /* the socket is: the program does not wait for connect() */
	uint64_t notice;            /* handed back with the answer */
	bool must;                  /* it must not be made by itself: refuse instead */
	uint32_t pid, tid;
	const char *name;           /* the host it asked for, or NULL; copied */
};

/* What becomes of the connect(). */
enum tr_relay_answer {
	TR_RELAY_CONNECTED,   /* 0 */
	TR_RELAY_IN_PROGRESS, /* EINPROGRESS */
	TR_RELAY_BY_ITSELF,   /* let the program make the call as it meant to */
	TR_RELAY_REFUSED,     /* ECONNREFUSED */
};

struct tr_relay_setup {
	struct tr_loop *loop;
	struct tr_control *control;
	struct tr_tls *tls;   /* terminate TLS with this throw-away CA; NULL: bytes as they are */
	void (*answer)(void *ctx, uint64_t notice, enum tr_relay_answer answer);
	/* Does the program still wait for that answer? */
	bool (*waits)(void *ctx, uint64_t notice);
	/* Is that process at its end? What it leaves open then has not failed. */
	bool (*leaves)(void *ctx, uint32_t pid);
	/* A sentence about a connection that came to nothing because of the relay; NULL: not wanted. */
	void (*trouble)(void *ctx, const char *sentence);
	void *ctx;
};

/* Owns: *relay, tr_relay_free(). Errors: XF_IO (no port on the loopback), XF_NOMEM. */
enum xf_status tr_relay_new(const struct tr_relay_setup *setup, struct tr_relay **relay,
			    struct xf_error *err);
/* Closes all connections. */
void tr_relay_free(struct tr_relay *relay);

/* Takes the connect on; the answer comes by setup.answer, now or later. */
void tr_relay_take(struct tr_relay *relay, const struct tr_relay_ask *ask);

/* Is that address the relay itself? */
bool tr_relay_is_own(const struct tr_relay *relay, const struct sockaddr_storage *address);

/* Connections open now, of one process (0: of all); bytes passed so far, both ways. No relay: none. */
unsigned tr_relay_open(const struct tr_relay *relay, uint32_t pid);
uint64_t tr_relay_bytes(const struct tr_relay *relay);

#endif
