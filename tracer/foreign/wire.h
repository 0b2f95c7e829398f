/*
 * wire: from the plaintext bytes of one connection to the catalogue's events.
 *
 * Either plaintext view will do: the relay's bytes, or what the probe sees pass
 * through send, recv, SSL_write and SSL_read. The same code runs in both, so a
 * program gives the same events whichever way it was looked at:
 *
 *     request_start, submit (a new upload), part_start     its head has been sent
 *     body_sent, part_sent                                 its last byte has been sent
 *     continued, first_byte                                answers begin
 *     response, part_done | part_retry, multipart_*, object_*   the answer is complete
 *
 * Kept of a head: method, path without query, partNumber, uploadId, lengths,
 * status, ETag, request id. Credentials and signatures are passed over while
 * parsing and are never copied anywhere.
 *
 * Events are recorded by the calling thread (XF_EVENT: in the probe the gate
 * stands behind each). Nothing here allocates, blocks or makes a system call;
 * what cannot be understood ends the understanding of this connection
 * (tr_wire_lost), never the program.
 *
 * Thread: one at a time per connection; the caller serialises. libc only.
 */
#ifndef TR_FOREIGN_WIRE_H
#define TR_FOREIGN_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "core/event/event.h"
#include "tracer/foreign/contract.h"

/*
 * On the wire nobody can tell whether a failed attempt was the last: every one
 * ends with part_failed, and the next begins with part_retry and part_start.
 * The last end is the part's.
 */

/* One connection. Opaque, made in a pool of its own (anonymous memory, never malloc's). */
struct tr_wire;

/*
 * A connection that has just been made, or whose first bytes are about to be
 * seen. port: the program's local port (0: unknown, then holds cannot name it);
 * pid: the caller when it is the probe (it claims the connection), 0 for the
 * relay. NULL: no memory; the connection is then not understood.
 */
struct tr_wire *tr_wire_new(struct tr_control *control, uint32_t port, uint32_t pid);

/* What passes here goes under TLS. Before its first byte. */
void tr_wire_under_tls(struct tr_wire *wire);

/*
 * The connection is over. by: "client", "server", "reset": unanswered requests become failed
 * responses. "exit": the program is gone; nobody has seen them fail, they are left undone.
 */
void tr_wire_free(struct tr_wire *wire, const char *by);

/*
 * These bytes are about to be sent, and `more` behind them by the same call: when a request
 * begins with them it is named in the control's connection, and when they are its last it
 * is marked as sent there, before the server can answer. Records nothing.
 */
void tr_wire_will_send(struct tr_wire *wire, const void *bytes, size_t len, size_t more);

/* While a call sends: has it still to be told of (tr_wire_sent) what an answer that comes now may answer? */
bool tr_wire_trails(const struct tr_wire *wire);

/* The client sent these bytes; the server's bytes came. After the fact, exactly those that went. */
void tr_wire_sent(struct tr_wire *wire, const void *bytes, size_t len);
void tr_wire_received(struct tr_wire *wire, const void *bytes, size_t len);

/* len bytes were sent that nobody could look at (sendfile, splice). Only body bytes can be skipped so. */
void tr_wire_skipped(struct tr_wire *wire, size_t len);

/* The same for what came from the server. */
void tr_wire_skipped_received(struct tr_wire *wire, size_t len);

/* So many of the next bytes, sent or (answer) received, can be skipped: they are body, and nothing in them is read. */
uint64_t tr_wire_unread(const struct tr_wire *wire, bool answer);

/*
 * len bytes more come from the client, and no others ever: do they end the request under way too early? What they
 * are need be said only of a body in chunks; NULL: not known, and so it is not.
 */
bool tr_wire_falls_short(struct tr_wire *wire, const void *bytes, size_t len);
bool tr_wire_in_chunks(const struct tr_wire *wire);

/* Does the connection speak something that is not HTTP/1 (then feed it no more)? */
bool tr_wire_lost(const struct tr_wire *wire);

/* What is under way on it: the oldest request not yet answered. */
struct tr_wire_now {
	uint32_t request, transfer, part;
	uint64_t object; /* tr_ids_object(); 0: it is about none */
	enum xf_op op;
	uint16_t attempt;
	bool sent;    /* in full */
	bool expects; /* no byte of the body before 100 Continue, or a while */
};
struct tr_wire_now tr_wire_now(const struct tr_wire *wire);

/*
 * Could these be the first bytes of an HTTP/1 request ("PUT /…")? For the probe,
 * which decides by them whether a socket is worth a wire.
 */
bool tr_wire_is_request(const void *bytes, size_t len);

#endif
