/*
 * splice: bytes from one socket to another by way of a pipe, past this process: none is copied.
 *
 * For what nobody here needs to look at, the midst of a long body. No SIGPIPE comes of it.
 *
 * Thread: one at a time.
 */
#ifndef TR_FOREIGN_SPLICE_H
#define TR_FOREIGN_SPLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bytes on their way. All zero: not open. */
struct tr_splice {
	int in, out;
	bool open;
	size_t held;    /* taken from the one socket, not yet given to the other */
};

/* False: no descriptors for it. */
bool tr_splice_open(struct tr_splice *s);
/* Idempotent. What it holds is gone. */
void tr_splice_close(struct tr_splice *s);

/*
 * Takes up to max bytes from a socket when it holds none; gives what it holds to one. Bytes moved;
 * 0: none now; -1: the stream has ended or broken, or its bytes cannot be moved so (recv() tells).
 */
ssize_t tr_splice_take(struct tr_splice *s, int socket, size_t max);
ssize_t tr_splice_give(struct tr_splice *s, int socket);

#endif
