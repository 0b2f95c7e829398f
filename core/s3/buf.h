/*
 * buf: a byte buffer that grows, for the texts this room builds: canonical
 * requests, XML documents, query strings.
 *
 * The first allocation that fails is remembered (`failed`) and everything after
 * it does nothing, so that a writer adds freely and asks once at the end. The
 * bytes are always followed by a NUL that is not counted in len.
 */
#ifndef XF_S3_BUF_H
#define XF_S3_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event/status.h"

struct xf_buf {
	char *data;    /* NULL while empty; see xf_buf_text() */
	size_t len;    /* bytes, without the NUL */
	size_t cap;
	bool failed;   /* out of memory at some point: the content is not complete */
};

#define XF_BUF_INIT ((struct xf_buf){ .data = NULL })

/* Frees the content and makes it an empty buffer again. Idempotent. */
void xf_buf_fini(struct xf_buf *b);
/* The same for content that holds a secret: the bytes are wiped first, also whenever it has grown. */
void xf_buf_wipe(struct xf_buf *b);
/* Keeps the memory, forgets the content and the failure. */
void xf_buf_reset(struct xf_buf *b);

void xf_buf_add(struct xf_buf *b, const void *data, size_t len);
void xf_buf_str(struct xf_buf *b, const char *text);
void xf_buf_char(struct xf_buf *b, char c);
void xf_buf_format(struct xf_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The content as a string, "" when empty. Borrowed until the next change. */
const char *xf_buf_text(const struct xf_buf *b);
/* Moves the content out: the caller frees it with free(). NULL when the buffer had failed. */
char *xf_buf_take(struct xf_buf *b);
/* XF_OK or XF_NOMEM: asked once, when everything has been added. */
enum xf_status xf_buf_status(const struct xf_buf *b);

#endif
