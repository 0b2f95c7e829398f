/*
 * source: where an upload's bytes come from, and how much of them is known.
 *
 * A file by name is read by the workers, each part through its own descriptor.
 * An open descriptor is read by the submission: a seekable one from its current
 * position, a pipe as it comes. Every read fills what was asked for or finds the
 * end: a pipe that delivers little at a time makes no small parts (upstream's
 * unbuffered pipes do).
 */
#ifndef XF_TRANSFER_SOURCE_H
#define XF_TRANSFER_SOURCE_H

#include "core/s3/body.h"
#include "core/sync/sync.h"

enum xf_source_kind { XF_SOURCE_FILE, XF_SOURCE_SEEKABLE, XF_SOURCE_PIPE };

struct xf_source {
	enum xf_source_kind kind;
	const char *name;      /* for texts */
	const char *path;      /* FILE */
	int fd;                /* SEEKABLE, PIPE */
	bool own_fd;           /* a FIFO opened by name */
	bool closed;
	uint64_t start;        /* SEEKABLE: the position it was found at */
	uint64_t size;         /* from start; frozen when found. PIPE: 0 */
	uint64_t at;           /* next byte xf_source_fill() gives, from start */
	unsigned char *first;  /* PIPE: read to decide, not yet given */
	uint64_t first_len, first_at;
};

/*
 * Finds out what the source is, and its size. path or fd as in struct
 * xf_upload_request. *Errors:* XF_NOT_FOUND, XF_DENIED, XF_INVALID (a directory), XF_IO.
 */
enum xf_status xf_source_open(struct xf_source *s, const char *path, int fd, const char *name,
			      struct xf_error *err);
/* A seekable descriptor is left behind what was taken from it. Idempotent. */
void xf_source_close(struct xf_source *s);

/*
 * Reads the next len bytes; *got < len only at the end. stop (may be NULL) ends a
 * wait for a pipe. SEEKABLE: the end must not come before the size.
 * *Errors:* XF_IO, XF_SHORT_READ, XF_CANCELLED (stop).
 */
enum xf_status xf_source_fill(struct xf_source *s, void *buf, uint64_t len, uint64_t *got,
			      struct xf_latch *stop, struct xf_error *err);

/* PIPE: reads up to len bytes ahead and keeps them for fill. *len: what there was. */
enum xf_status xf_source_peek(struct xf_source *s, uint64_t *len, struct xf_latch *stop,
			      struct xf_error *err);

/* FILE: a descriptor of its own; close(2) it. SEEKABLE: the shared one, see own. */
enum xf_status xf_source_open_part(const struct xf_source *s, int *fd, bool *own, struct xf_error *err);

#endif
