/*
 * body: where the bytes of a request come from.
 *
 * A body is a value: a size that is promised to the server and a way to read at
 * any offset. Nothing is consumed by reading, so hashing before sending and
 * sending again after a failure are both just another read (pread; a source
 * that can only be read once is first read into memory by the transfer room).
 */
#ifndef XF_S3_BODY_H
#define XF_S3_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"

/*
 * Copies bytes [at, at + len) to buf; *got < len only at the end of the source.
 * *Thread:* the one that runs the request; may block.
 */
typedef enum xf_status (*xf_body_read_fn)(void *ctx, uint64_t at, void *buf, size_t len,
					  size_t *got, struct xf_error *err);

struct xf_body {
	uint64_t size;         /* what Content-Length promises */
	const char *name;      /* for error texts ("big.bin"); borrowed, may be NULL */
	/* exactly one of the three; all zero: an empty body */
	const void *memory;    /* borrowed until the call is over */
	xf_body_read_fn read;
	int fd;                /* borrowed; used when neither of the above is set and size > 0 */
	uint64_t offset;       /* fd: where byte 0 stands */
	void *ctx;             /* read's */
};

struct xf_body xf_body_empty(void);
struct xf_body xf_body_memory(const void *bytes, uint64_t size);
/* size bytes of fd from offset on, by pread: threads may share the descriptor. */
struct xf_body xf_body_file(int fd, uint64_t offset, uint64_t size, const char *name);

/*
 * Fills buf with bytes [at, at + len), which must lie inside the size.
 * *Errors:* XF_SHORT_READ when the source ends first (the file shrank), XF_IO.
 */
enum xf_status xf_body_read(const struct xf_body *body, uint64_t at, void *buf, size_t len,
			    struct xf_error *err);

#endif
