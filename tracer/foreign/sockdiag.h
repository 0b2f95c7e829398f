/*
 * sockdiag: the kernel's view of TCP connections: how much was acknowledged,
 * how often it was sent again, and when anything last moved. By netlink, which
 * needs no permission; in the caller's network namespace.
 */
#ifndef TR_FOREIGN_SOCKDIAG_H
#define TR_FOREIGN_SOCKDIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/status.h"

struct tr_tcp {
	uint64_t inode;
	char local[64], remote[64];      /* "127.0.0.1:40312", "[::1]:443" */
	uint16_t local_port, remote_port;
	const char *state;               /* "established", "syn-sent", … */
	uint32_t receive_queue, send_queue; /* bytes not read, not acknowledged */
	uint64_t bytes_acked, bytes_received;
	uint32_t retransmits, total_retransmits; /* in a row now; ever */
	uint64_t last_sent_ms, last_received_ms, last_ack_ms; /* ago; of one being made: since when it is asked for, at least */
	bool window_closed;              /* the other side takes no more, though it answers when it is asked */
	uint32_t rtt_us;
};

/*
 * All TCP sockets, IPv4 and IPv6, listening ones left out.
 * Owns: *sockets is the caller's (free). Errors: XF_IO, XF_DENIED, XF_NOMEM.
 */
enum xf_status tr_tcp_list(struct tr_tcp **sockets, unsigned *nr, struct xf_error *err);

/* The one with that inode; NULL: none. */
const struct tr_tcp *tr_tcp_find(const struct tr_tcp *sockets, unsigned nr, uint64_t inode);

#endif
