/*
 * supervise: what is done about a system call that was looked at. Both backends
 * ask here; the answer is theirs to carry out.
 *
 * Thread: the loop's.
 */
#ifndef TR_FOREIGN_SUPERVISE_H
#define TR_FOREIGN_SUPERVISE_H

#include <sys/socket.h>

#include "tracer/foreign/launch.h"
#include "tracer/foreign/lines.h"
#include "tracer/foreign/notify.h"
#include "tracer/foreign/process.h"
#include "tracer/foreign/relay.h"

struct tr_decision {
	enum { TR_GO_ON, TR_RETURN, TR_FAIL, TR_LATER } what;
	int64_t value; /* TR_RETURN: the result; TR_FAIL: the errno */
};

struct tr_supervisor {
	/* set before start */
	struct tr_control *control;
	struct tr_relay *relay;        /* NULL: no connection is led through us */
	enum tr_relay_mode mode;
	bool local;                    /* fail closed … */
	struct sockaddr_storage endpoint; /* … but for this */
	socklen_t endpoint_len;
	struct tr_lines *lines;        /* --call out:; NULL: none */
	const char *program;           /* its name, for sentences */
	void (*unseen)(void *ctx, const char *sentence); /* what is not seen of a process without the probe; NULL: nothing to say */
	void *ctx;
	/* the loop's */
	struct tr_processes processes;
	uint64_t moved;                /* counts whatever shows that something goes on */
	uint64_t refused;
	char refusals[16][288];        /* one sentence each, the first of them */
	char resolver[288];            /* the same of a name server, when nothing else was refused */
	unsigned nr_refusals;
	uint32_t unprobed;             /* the last process that was told of as without the probe */
};

/*
 * can_redirect: the backend can wait with its answer and knows its caller's
 * socket (TR_LATER: the relay's answer comes with notice->id).
 */
struct tr_decision tr_supervise(struct tr_supervisor *s, const struct tr_notice *notice,
				bool can_redirect);

/* "127.0.0.1:80", "[::1]:80", "unix socket", … Returns buf. */
const char *tr_address_text(const struct sockaddr_storage *address, char *buf, size_t cap);
bool tr_address_is_loopback(const struct sockaddr_storage *address);

#endif
