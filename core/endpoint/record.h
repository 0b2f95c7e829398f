/*
 * record: a small file of names and values: what the folder store remembers
 * about a bucket, an object, an upload, a part.
 *
 * First line "xferdb-endpoint 1", then `name=value` a line, both
 * percent-encoded, last line "end": a torn file is recognised. Written under
 * temp/, synced, then renamed: it is there whole or not at all.
 */
#ifndef XF_ENDPOINT_RECORD_H
#define XF_ENDPOINT_RECORD_H

#include "core/event/status.h"
#include "core/s3/buf.h"
#include "core/s3/headers.h"

/* The text of a record, and back. Errors: XF_FORMAT, XF_VERSION, XF_NOMEM. */
void xf_ep_record_format(struct xf_buf *out, const struct xf_headers *fields);
enum xf_status xf_ep_record_parse(struct xf_headers *fields, const char *text, size_t len);

/* path is relative to the folder. XF_IO, XF_NOMEM; reading also XF_FORMAT, XF_VERSION. */
enum xf_status xf_ep_record_write(int dir, const char *path, const struct xf_headers *fields);
enum xf_status xf_ep_record_read(int dir, const char *path, struct xf_headers *fields);

#endif
