/*
 * s3wire: which S3 operation a request head is, on which bucket, key and part. Pure.
 *
 * Path style and virtual-host style are told apart by the host: addresses,
 * localhost and hosts that begin with "s3" are path style; whatever stands
 * before ".s3." or ".s3-", or before a known endpoint's name, is the bucket. A
 * host that says nothing is settled by the path: an operation on an object
 * needs a key, so a path of one segment leaves the bucket to the host.
 *
 * A form (multipart/form-data) that is posted to a bucket puts an object whose key is among its fields: it is not known.
 */
#ifndef TR_FOREIGN_S3WIRE_H
#define TR_FOREIGN_S3WIRE_H

#include "core/event/event.h"
#include "tracer/foreign/http.h"

struct tr_s3_request {
	enum xf_op op;
	uint32_t part;             /* 0: not about a part; a PutObject is part 1 */
	char bucket[256];
	char key[TR_HTTP_PATH_MAX]; /* "": none, or not known */
};

void tr_s3_understand(const struct tr_http_head *head, struct tr_s3_request *request);

/* Does the operation move an upload on (create, part, complete, abort, put)? */
bool tr_s3_is_upload(enum xf_op op);

/*
 * The bucket a host names: its length in host, 0 when the host names none, and
 * -1 when that cannot be told from the host alone.
 */
int tr_s3_host_bucket(const char *host);

#endif
