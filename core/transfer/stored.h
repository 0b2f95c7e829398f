/*
 * stored: what the service has already. Asked when nobody else can know: which
 * parts an interrupted upload left behind, and whether an object came to be whose
 * Complete was never answered.
 *
 * *Thread:* the worker that owns http. *Errors:* those of core/s3/client.h.
 */
#ifndef XF_TRANSFER_STORED_H
#define XF_TRANSFER_STORED_H

#include "core/s3/client.h"

/* An unfinished multipart upload and its parts. */
struct xf_stored {
	char upload_id[XF_S3_UPLOAD_ID_MAX]; /* "": there is none */
	struct xf_s3_part *parts;            /* nr of them, ascending; free() */
	size_t nr;
	char checksum_algorithm[16], checksum_type[16];
};

/* The newest unfinished upload of the key. Without any: XF_OK and an empty upload_id. */
enum xf_status xf_stored_find(struct xf_client *client, struct xf_http *http, const char *bucket,
			      const char *key, const struct xf_extra *extra, struct xf_stored *out,
			      const struct xf_call_hooks *hooks, struct xf_error *err);
void xf_stored_fini(struct xf_stored *s);

/* NULL: that part is not there. */
const struct xf_s3_part *xf_stored_part(const struct xf_stored *s, uint32_t number);

/*
 * Does the stored part hold these bytes? By size, and by the checksum the service has of it, or
 * the MD5 its ETag is. Reads the body, which takes *reading_ns of the time. A part that nothing can vouch for is not the same.
 * *Errors:* XF_SHORT_READ, XF_IO, XF_NOMEM.
 */
enum xf_status xf_stored_same(const struct xf_s3_part *part, const struct xf_body *body, bool *same,
			      uint64_t *reading_ns, struct xf_error *err);

/*
 * Is the object there that these parts make? The right size, and the ETag that follows
 * from the parts' where they are MD5s; else one that ends in their number. etag receives it.
 */
bool xf_stored_object(struct xf_client *client, struct xf_http *http,
		      const struct xf_s3_complete_input *in, char etag[XF_S3_ETAG_MAX],
		      const struct xf_call_hooks *hooks);

#endif
