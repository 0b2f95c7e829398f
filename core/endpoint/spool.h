/*
 * spool: memory for the bodies of a store without a folder.
 *
 * Up to a limit it is the heap's. What comes after that lies in a nameless temporary
 * file (TMPDIR, else /tmp) and is mapped, so that it is not resident but where it is read: an
 * upload larger than the machine's memory can be tried with an endpoint that keeps nothing.
 * Where there is no such file, or no room in it, the heap goes on.
 *
 * Any thread, all functions; none blocks but on the disk.
 */
#ifndef XF_ENDPOINT_SPOOL_H
#define XF_ENDPOINT_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct xf_ep_spool;

enum { XF_EP_CHUNK = 1 << 20 };

struct xf_ep_chunk {
	uint8_t *bytes;
	size_t size;
	uint64_t place; /* in the file, counted from 1; 0: of the heap */
};

/* limit: bytes on the heap, small chunks not counted. NULL: out of memory. */
struct xf_ep_spool *xf_ep_spool_new(uint64_t limit);
/* When every chunk has been given back. NULL is fine. */
void xf_ep_spool_free(struct xf_ep_spool *s);

/* size ≤ XF_EP_CHUNK; a small one is always of the heap, as all are when s is NULL. bytes NULL: out of memory. */
struct xf_ep_chunk xf_ep_spool_take(struct xf_ep_spool *s, size_t size);
/* It is written: from now on it is only read, and its pages may leave memory. */
void xf_ep_spool_settle(const struct xf_ep_chunk *chunk);
void xf_ep_spool_give(struct xf_ep_spool *s, struct xf_ep_chunk *chunk);

#endif
