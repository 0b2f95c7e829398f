/*
 * blob: the bytes of one body, written once from front to back, then read by
 * anybody; in memory or as a file of its own.
 *
 * A file blob is written as temp/ID, and becomes data/ID by fsync and rename
 * when it is sealed: after a crash it is there whole or not at all. Which blobs
 * belong to an object is said by the store's records; what no record names is
 * swept at the next start.
 */
#ifndef XF_ENDPOINT_BLOB_H
#define XF_ENDPOINT_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint/spool.h"
#include "core/event/status.h"

struct xf_ep_blob;

enum { XF_EP_BLOB_NAME = 33 };

/*
 * An empty blob with one reference. dir: descriptor of the store's folder
 * (borrowed for the blob's life), -1: memory, which comes from spool (borrowed, too; NULL: the
 * heap). expected: bytes to come, or UINT64_MAX when unknown (a hint). NULL: out of memory or the
 * file cannot be made.
 */
struct xf_ep_blob *xf_ep_blob_new(int dir, struct xf_ep_spool *spool, uint64_t expected);
/* A sealed file blob that exists already. */
struct xf_ep_blob *xf_ep_blob_find(int dir, const char *name, uint64_t size);

/* *Thread:* the one that made it, before the seal. XF_NOMEM, XF_IO. */
enum xf_status xf_ep_blob_write(struct xf_ep_blob *b, const void *data, size_t len);
/* Ends writing; a file is on disk afterwards. XF_IO. */
enum xf_status xf_ep_blob_seal(struct xf_ep_blob *b);

struct xf_ep_blob *xf_ep_blob_acquire(struct xf_ep_blob *b);
/* The last reference frees the memory, and removes the file unless it is kept. NULL is fine. */
void xf_ep_blob_release(struct xf_ep_blob *b);
/* Keep the file after the last release? From the moment a record names it, until that is gone. */
void xf_ep_blob_keep(struct xf_ep_blob *b, bool keep);

/* ---- sealed blobs; any thread */

uint64_t xf_ep_blob_size(const struct xf_ep_blob *b);
const char *xf_ep_blob_name(const struct xf_ep_blob *b);
bool xf_ep_blob_in_memory(const struct xf_ep_blob *b);
/* Memory: the bytes at `at` that lie together; *len > 0 while at < size. Borrowed. */
const void *xf_ep_blob_span(const struct xf_ep_blob *b, uint64_t at, size_t *len);
/* File: a descriptor for reading, the caller's; -1 with errno. */
int xf_ep_blob_open(const struct xf_ep_blob *b);

#endif
