/*
 * target: where a download's bytes go.
 *
 * A file by name is written under a temporary name in the same folder and
 * renamed at the end, so that what stood there before stays whole until the
 * download has succeeded. A device, FIFO or socket is opened directly, at the first
 * write. A descriptor is written at its current position when it can seek, and in
 * order when it cannot (a pipe, or one opened to append). Whoever reads a pipe may
 * take their time; a latch ends the wait for them.
 */
#ifndef XF_TRANSFER_TARGET_H
#define XF_TRANSFER_TARGET_H

#include "core/sync/sync.h"

#include <stdbool.h>
#include <stdint.h>

struct xf_target {
	char *path;        /* a file by name, or NULL */
	char *temporary;   /* its temporary name while that exists */
	const char *name;  /* for texts */
	struct xf_latch *stop; /* nobody wants the bytes any more; NULL: never */
	int fd;            /* -1 until the first write of a file by name */
	bool own_fd;
	bool special;      /* a device or FIFO by name */
	bool socket;
	bool ordered;      /* writes must come in order */
	uint64_t start;    /* where offset 0 stands */
	uint64_t end;      /* behind the last byte written so far */
};

/*
 * Looks at the target; creates nothing yet, but a folder that is missing or cannot
 * be written is found here, before any request. path, or fd and name (copied, borrowed).
 * stop is borrowed, too; it ends a wait for a pipe's reader. *Errors:* XF_NOT_FOUND, XF_DENIED, XF_INVALID (a directory), XF_IO, XF_NOMEM.
 */
enum xf_status xf_target_init(struct xf_target *t, const char *path, int fd, const char *name,
			      struct xf_latch *stop, struct xf_error *err);

/* One thread at a time. An ordered target is written in order by its caller. *Errors:* XF_IO, XF_CANCELLED (stop). */
enum xf_status xf_target_write(struct xf_target *t, uint64_t offset, const void *bytes, size_t len,
			       struct xf_error *err);

/* The download succeeded: closes and renames; a descriptor is left behind the last byte. *Errors:* XF_IO; the old file is whole then. */
enum xf_status xf_target_commit(struct xf_target *t, struct xf_error *err);

/* Closes and removes what is temporary. After commit: frees only. */
void xf_target_fini(struct xf_target *t);

#endif
