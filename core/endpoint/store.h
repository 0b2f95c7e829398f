/*
 * store: buckets, objects and unfinished uploads, in memory (spool.h) or in a folder.
 *
 * The index is in memory in both cases: listings, conditions and the choice
 * between two writers are decided under one lock. A folder adds what lasts:
 * bodies as blobs (blob.h), and one record (record.h) per bucket, object, upload
 * and part that names them. An object's commit point is the rename of its
 * record; a crash leaves it absent, old or new, never torn.
 *
 *     DIR/lock                one server at a time
 *     DIR/temp/               being written; emptied at the start
 *     DIR/data/ID             bodies
 *     DIR/buckets/B/bucket    the bucket's record
 *     DIR/buckets/B/o/HASH    an object's record, HASH the SHA-256 of its key
 *     DIR/buckets/B/u/ID      an upload's record, u/ID.N its part N
 *
 * Any thread, all functions; none blocks on anything but the store's lock and
 * the disk. The lock is a plain mutex, not one of core/sync: the endpoint is
 * another party, whose inside no trace shows.
 */
#ifndef XF_ENDPOINT_STORE_H
#define XF_ENDPOINT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/endpoint/blob.h"
#include "core/endpoint/list.h"
#include "core/s3/checksum.h"
#include "core/s3/headers.h"

struct xf_ep_store;

enum { XF_EP_ETAG_SIZE = 48, XF_EP_UPLOAD_ID_SIZE = 65, XF_EP_KEY_MD5_SIZE = 25 };

enum xf_ep_sum_type { XF_EP_SUM_DEFAULT, XF_EP_SUM_FULL, XF_EP_SUM_COMPOSITE };

/* A checksum as headers show it. */
struct xf_ep_sum {
	enum xf_checksum algorithm; /* NONE: there is none */
	enum xf_ep_sum_type type;
	char text[XF_COMPOSITE_TEXT_SIZE];
};

/* One part; an object that was put in one go has one. */
struct xf_ep_piece {
	uint32_t number;
	uint64_t size;
	int64_t modified_ms;
	char etag[XF_EP_ETAG_SIZE];  /* without quotes */
	struct xf_ep_sum sum;
	struct xf_ep_blob *blob;     /* a reference */
};

/* Immutable once published. */
struct xf_ep_object {
	_Atomic uint32_t refs;
	uint64_t serial;             /* given at publication; no two are equal */
	char *key;
	struct xf_headers headers;   /* what GET returns: content-type, x-amz-meta-…; lower case */
	uint64_t size;
	int64_t modified_ms;
	char etag[XF_EP_ETAG_SIZE];
	struct xf_ep_sum sum;
	char key_md5[XF_EP_KEY_MD5_SIZE]; /* SSE-C: MD5 of the customer's key, base64; "" */
	bool multipart;
	struct xf_ep_piece *pieces;
	size_t nr_pieces;
};

enum xf_ep_upload_state { XF_EP_UPLOAD_OPEN, XF_EP_UPLOAD_COMPLETED, XF_EP_UPLOAD_GONE };

struct xf_ep_upload {
	_Atomic uint32_t refs;
	/* set before it is published */
	char id[XF_EP_UPLOAD_ID_SIZE];
	char *bucket, *key;
	struct xf_headers headers;
	int64_t initiated_ms;
	struct xf_ep_sum sum;        /* algorithm and type that were asked for; text unused */
	char key_md5[XF_EP_KEY_MD5_SIZE];
	/* under the store's lock */
	enum xf_ep_upload_state state;
	struct xf_ep_piece *pieces;  /* by number */
	size_t nr_pieces;
	struct xf_ep_object *result; /* COMPLETED: what it became; a reference */
};

/*
 * dir NULL: memory. *Errors:* XF_IO, XF_STATE (another server has the folder),
 * XF_FORMAT (the folder holds something else), XF_NOMEM.
 */
enum xf_status xf_ep_store_open(struct xf_ep_store **out, const char *dir, struct xf_error *err);
/* Nobody may hold anything of it any more. NULL is fine. */
void xf_ep_store_close(struct xf_ep_store *s);
/* A blob of this store, as xf_ep_blob_new(). */
struct xf_ep_blob *xf_ep_store_blob(struct xf_ep_store *s, uint64_t expected);

/* ---- buckets */

enum xf_status xf_ep_bucket_create(struct xf_ep_store *s, const char *name, const char *location);
/* XF_NOT_FOUND; XF_STATE: not empty (objects; uploads are aborted with it). */
enum xf_status xf_ep_bucket_delete(struct xf_ep_store *s, const char *name);
/* location (may be NULL) gets a copy, the caller's. */
bool xf_ep_bucket_exists(struct xf_ep_store *s, const char *name, char **location);
/* Calls visit for each bucket in order of name, under the lock. */
void xf_ep_bucket_visit(struct xf_ep_store *s,
			void (*visit)(void *ctx, const char *name, int64_t created_ms), void *ctx);

/* ---- objects */

struct xf_ep_object *xf_ep_object_new(const char *key);
struct xf_ep_object *xf_ep_object_acquire(struct xf_ep_object *o);
void xf_ep_object_release(struct xf_ep_object *o); /* NULL is fine */
/* Appends a piece; the blob reference is taken over. False: out of memory (and released). */
bool xf_ep_object_add_piece(struct xf_ep_object *o, const struct xf_ep_piece *piece);

/* A reference, or NULL. */
struct xf_ep_object *xf_ep_object_find(struct xf_ep_store *s, const char *bucket, const char *key);

/* What a conditional write saw when it began. */
struct xf_ep_guard {
	bool set;
	uint64_t serial; /* of the object that was there; 0: none */
};

/*
 * Makes the object what its key holds, in place of what was there. The
 * reference stays the caller's. XF_NOT_FOUND: no such bucket. XF_CHANGED: the
 * guard is set and somebody else has written or deleted since. XF_IO, XF_NOMEM.
 */
enum xf_status xf_ep_object_publish(struct xf_ep_store *s, const char *bucket,
				    struct xf_ep_object *o, struct xf_ep_guard guard);
/* XF_OK also when there was none; XF_NOT_FOUND: no such bucket; XF_CHANGED as above. */
enum xf_status xf_ep_object_delete(struct xf_ep_store *s, const char *bucket, const char *key,
				   struct xf_ep_guard guard);

/* A page of a listing: for each entry of the page a reference to the object (prefixes too: to the first under them). */
struct xf_ep_object_page {
	struct xf_ep_list_page page;
	struct xf_ep_object **objects;
};
/* XF_NOT_FOUND, XF_NOMEM. To be given back with xf_ep_object_page_fini(), whatever comes back. */
enum xf_status xf_ep_object_list(struct xf_ep_store *s, const char *bucket,
				 const struct xf_ep_list_query *query, struct xf_ep_object_page *out);
void xf_ep_object_page_fini(struct xf_ep_object_page *page);

/* ---- uploads */

struct xf_ep_upload *xf_ep_upload_new(const char *bucket, const char *key);
void xf_ep_upload_release(struct xf_ep_upload *u); /* NULL is fine */
/* The reference stays the caller's. XF_NOT_FOUND: no such bucket. */
enum xf_status xf_ep_upload_publish(struct xf_ep_store *s, struct xf_ep_upload *u);
/* A reference to an open or completed one of that key, or NULL. */
struct xf_ep_upload *xf_ep_upload_find(struct xf_ep_store *s, const char *bucket, const char *key,
				       const char *id);
/* Adds or replaces a part; the blob reference is taken over on XF_OK. XF_NOT_FOUND: no longer open. */
enum xf_status xf_ep_upload_put_part(struct xf_ep_store *s, struct xf_ep_upload *u,
				     const struct xf_ep_piece *piece);
/* A copy of the parts with numbers > after, at most max; blob references included: see pieces_free. */
enum xf_status xf_ep_upload_parts(struct xf_ep_store *s, struct xf_ep_upload *u, uint32_t after,
				  size_t max, struct xf_ep_piece **out, size_t *count, bool *more);
void xf_ep_pieces_free(struct xf_ep_piece *pieces, size_t count);
/* XF_NOT_FOUND: no longer open. */
enum xf_status xf_ep_upload_abort(struct xf_ep_store *s, struct xf_ep_upload *u);
/*
 * Publishes the object made from the upload's parts and ends the upload, in one
 * step. Parts that the object does not use are dropped. XF_STATE: no longer open;
 * else as xf_ep_object_publish().
 */
enum xf_status xf_ep_upload_complete(struct xf_ep_store *s, struct xf_ep_upload *u,
				     struct xf_ep_object *o, struct xf_ep_guard guard);
/* State and result (a reference, to be had without its bytes; NULL unless COMPLETED) at this moment. */
enum xf_ep_upload_state xf_ep_upload_look(struct xf_ep_store *s, struct xf_ep_upload *u,
					  struct xf_ep_object **result);

/*
 * Calls visit for every open upload of the bucket by key, then by time, under
 * the lock, until it returns false. XF_NOT_FOUND.
 */
enum xf_status xf_ep_upload_visit(struct xf_ep_store *s, const char *bucket,
				  bool (*visit)(void *ctx, const struct xf_ep_upload *u), void *ctx);

#endif
