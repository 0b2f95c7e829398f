/*
 * relay_end: one end of a connection led through the relay: its socket, and TLS on it
 * where the relay takes that off. Bytes go in and out without blocking.
 *
 * Thread: the loop's.
 */
#ifndef TR_FOREIGN_RELAY_END_H
#define TR_FOREIGN_RELAY_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracer/foreign/loop.h"
#include "tracer/foreign/tls_relay.h"

enum { TR_END_BUFFER = 65536 };  /* bytes a direction keeps at most */

struct conn;

/* Lives in its connection. fd -1: not there (yet, or any more). */
struct tr_end {
	struct tr_watch watch;
	struct tr_loop *loop;
	struct conn *conn;      /* for the owner's watch.ready */
	int fd;
	struct tr_tls_stream *tls;
	char *wire;             /* TLS: bytes for the socket that it would not take yet */
	size_t wire_at, wire_len;
	bool over;              /* it will send no more */
	bool shut;              /* we told it that we send no more */
};

/* Takes fd over, in the midst of nothing: ready() is called once tr_end_watch() asks for something. */
void tr_end_open(struct tr_end *e, int fd, void (*ready)(struct tr_watch *watch, uint32_t events));
/* Idempotent. reset: the other side sees a reset, not an end in order. */
void tr_end_close(struct tr_end *e, bool reset);

/* What it is waited for from now on, EPOLL*; 0: nothing. */
void tr_end_watch(struct tr_end *e, uint32_t events);

/* Puts TLS on it, and owns the stream. False: no memory. */
bool tr_end_wrap(struct tr_end *e, struct tr_tls_stream *tls);
/* Moves the TLS stream's bytes to the socket; false: the socket is gone. */
bool tr_end_flush(struct tr_end *e);
/* Bytes that wait for the socket to take them. */
bool tr_end_is_full(const struct tr_end *e);

/* Bytes read; 0: none now; -1: over, errno 0 when in order. */
ssize_t tr_end_read(struct tr_end *e, char *buf, size_t cap);
/* Bytes taken; 0: none now; -1: it takes no more. */
ssize_t tr_end_write(struct tr_end *e, const char *buf, size_t len);
/* Says that nothing more will be sent. Idempotent. */
void tr_end_shut(struct tr_end *e);

#endif
