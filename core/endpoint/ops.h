/* ops: the functions of operations, one file a family; the table is in ops.c. */
#ifndef XF_ENDPOINT_OPS_H
#define XF_ENDPOINT_OPS_H

#include "core/endpoint/call.h"
#include "core/endpoint/range.h"

/* op_bucket.c */
void xf_ep_list_buckets(struct xf_ep_call *c);
void xf_ep_create_bucket_begin(struct xf_ep_call *c);
void xf_ep_create_bucket(struct xf_ep_call *c);
void xf_ep_delete_bucket(struct xf_ep_call *c);
void xf_ep_head_bucket(struct xf_ep_call *c);
void xf_ep_bucket_location(struct xf_ep_call *c);
void xf_ep_small_document(struct xf_ep_call *c); /* op->arg: the whole document */
void xf_ep_small_error(struct xf_ep_call *c);    /* op->arg: the error's code */
void xf_ep_acl(struct xf_ep_call *c);

/* op_list.c */
void xf_ep_list_objects(struct xf_ep_call *c);
void xf_ep_list_objects_v2(struct xf_ep_call *c);
void xf_ep_list_versions(struct xf_ep_call *c);
void xf_ep_list_uploads(struct xf_ep_call *c);
void xf_ep_list_parts(struct xf_ep_call *c);

/* op_object.c */
void xf_ep_put_begin(struct xf_ep_call *c);
void xf_ep_put(struct xf_ep_call *c);
void xf_ep_get(struct xf_ep_call *c);
void xf_ep_delete(struct xf_ep_call *c);
void xf_ep_delete_many(struct xf_ep_call *c);
void xf_ep_copy(struct xf_ep_call *c);
void xf_ep_attributes(struct xf_ep_call *c);
void xf_ep_get_tagging(struct xf_ep_call *c);

/* op_post.c: the last three are the body's, as they come: its bytes, its end, its call's. over may decide the answer. */
void xf_ep_post_begin(struct xf_ep_call *c);
void xf_ep_post(struct xf_ep_call *c);
void xf_ep_post_feed(struct xf_ep_call *c, const void *data, size_t len);
void xf_ep_post_over(struct xf_ep_call *c);
void xf_ep_post_free(struct xf_ep_call *c);

/* op_multipart.c */
void xf_ep_create_upload(struct xf_ep_call *c);
void xf_ep_part_begin(struct xf_ep_call *c);
void xf_ep_part(struct xf_ep_call *c);
void xf_ep_part_copy(struct xf_ep_call *c);
void xf_ep_complete_begin(struct xf_ep_call *c);
void xf_ep_complete(struct xf_ep_call *c);
void xf_ep_abort(struct xf_ep_call *c);

/* ---- shared: stored.c */

/* Copies the request's headers that an object keeps; may decide the answer (MetadataTooLarge, …). */
void xf_ep_keep_headers(struct xf_ep_call *c, struct xf_headers *kept);
/* The server-side encryption the object has, said in the answer to a write. */
void xf_ep_answer_encryption(struct xf_ep_call *c, const struct xf_headers *kept);
/* If-Match and If-None-Match of a write: decides the answer, or sets the guard for the commit. */
void xf_ep_write_conditions(struct xf_ep_call *c);
/* The ETag of a body: its MD5, or for SSE-C and SSE-KMS something that is not. */
void xf_ep_make_etag(char etag[XF_EP_ETAG_SIZE], const struct xf_digest *md5,
		     const struct xf_headers *kept, const char *key_md5);
/* x-amz-copy-source: the object it names, checked (conditions, SSE-C). NULL: the answer is decided. */
struct xf_ep_object *xf_ep_copy_source(struct xf_ep_call *c);
/*
 * Copies bytes [first, first + size) of an object into a new sealed blob, in *piece:
 * size, blob (a reference), MD5 and, for algorithm, the sum. Decides the answer on failure.
 */
bool xf_ep_copy_bytes(struct xf_ep_call *c, const struct xf_ep_object *from, uint64_t first,
		      uint64_t size, enum xf_checksum algorithm, struct xf_ep_piece *piece,
		      struct xf_digest *md5);
/* A piece's bytes, one block after the other, to a sink. False: reading failed, or the sink stopped. */
bool xf_ep_read_object(const struct xf_ep_object *o, uint64_t first, uint64_t size,
		       xf_ep_sink_fn sink, void *ctx);
/* The ETag of a header or element without quotes, cut to the size of one. */
void xf_ep_bare_etag(char out[XF_EP_ETAG_SIZE], const char *text);
/* Milliseconds, rounded up to whole seconds as Last-Modified shows them, in seconds. */
int64_t xf_ep_seconds(int64_t ms);

#endif
