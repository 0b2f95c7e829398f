/*
 * push: bytes of a body into a socket, without passing through a buffer of ours: from a file by
 * sendfile, from memory by send. For plain connections only.
 *
 * *Thread:* any; does not block, unless the file does. SIGPIPE must be ignored: sendfile knows no flag for it.
 */
#ifndef XF_S3_PUSH_H
#define XF_S3_PUSH_H

#include <stdbool.h>

#include "core/s3/body.h"

enum xf_push {
	XF_PUSH_SOME,    /* *sent bytes went, at least one */
	XF_PUSH_AGAIN,   /* the socket takes nothing now */
	XF_PUSH_BROKEN,  /* the peer has closed or reset the connection; an answer may lie in the socket */
	XF_PUSH_FAILED,  /* the source: err says why */
};

/* Can this body be pushed? Not one that is read by a function. */
bool xf_push_can(const struct xf_body *body);

/*
 * Up to len bytes from offset at of the body; at + len lies within it, len is not 0. *waited_ns: how
 * long it had to wait for the file; 0 also when nobody records.
 */
enum xf_push xf_push(int fd, const struct xf_body *body, uint64_t at, size_t len, size_t *sent,
		     uint64_t *waited_ns, struct xf_error *err);

#endif
