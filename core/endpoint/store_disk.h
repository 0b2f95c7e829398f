/*
 * store_disk: the folder's half of the store; included by store*.c only. All
 * functions: under the store's lock, and nothing but XF_OK when the store is in
 * memory. Those that end in _gone cannot fail: what is left over is swept at the
 * next start, or, for an object's record, names blobs that are not there and is
 * refused then.
 */
#ifndef XF_ENDPOINT_STORE_DISK_H
#define XF_ENDPOINT_STORE_DISK_H

#include <pthread.h>

#include "core/endpoint/store.h"

struct xf_ep_array {
	void **items;
	size_t count, room;
};

struct xf_ep_bucket {
	char *name, *location;
	int64_t created_ms;
	struct xf_ep_array objects; /* of struct xf_ep_object, by key */
	struct xf_ep_array uploads; /* of struct xf_ep_upload, by key, then time; the open ones */
};

struct xf_ep_store {
	pthread_mutex_t lock;
	int dir, lock_fd;             /* set before start; -1: memory */
	struct xf_ep_spool *spool;    /* where the memory comes from */
	struct xf_ep_array buckets;   /* under lock, by name */
	struct xf_ep_array completed; /* under lock: uploads, the oldest first */
	uint64_t serial;              /* under lock: of the newest object */
};

bool xf_ep_array_insert(struct xf_ep_array *a, size_t at, void *item);
struct xf_ep_bucket *xf_ep_bucket_new(const char *name, const char *location, int64_t created_ms);
bool xf_ep_upload_insert_locked(struct xf_ep_bucket *b, struct xf_ep_upload *u);
/* *old: the blob that was replaced, to be released outside the lock; NULL when there was none. */
bool xf_ep_upload_set_piece_locked(struct xf_ep_upload *u, const struct xf_ep_piece *piece,
				   struct xf_ep_blob **old);

/* Opens or makes the folder, locks it, sweeps it and fills the index. */
enum xf_status xf_ep_disk_load(struct xf_ep_store *s, const char *dir, struct xf_error *err);

enum xf_status xf_ep_disk_bucket(struct xf_ep_store *s, const struct xf_ep_bucket *b);
void xf_ep_disk_bucket_gone(struct xf_ep_store *s, const struct xf_ep_bucket *b);
enum xf_status xf_ep_disk_object(struct xf_ep_store *s, const struct xf_ep_bucket *b,
				 const struct xf_ep_object *o);
void xf_ep_disk_object_gone(struct xf_ep_store *s, const struct xf_ep_bucket *b,
			    const struct xf_ep_object *o);
enum xf_status xf_ep_disk_upload(struct xf_ep_store *s, const struct xf_ep_bucket *b,
				 const struct xf_ep_upload *u);
enum xf_status xf_ep_disk_piece(struct xf_ep_store *s, const struct xf_ep_upload *u,
				const struct xf_ep_piece *piece);
void xf_ep_disk_upload_gone(struct xf_ep_store *s, const struct xf_ep_bucket *b,
			    const struct xf_ep_upload *u);

#endif
