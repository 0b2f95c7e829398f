/*
 * message: one HTTP exchange as the rest of this room sees it, without the HTTP
 * library: what came in, and what goes out.
 */
#ifndef XF_ENDPOINT_MESSAGE_H
#define XF_ENDPOINT_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint/errors.h"
#include "core/s3/buf.h"
#include "core/s3/headers.h"

struct xf_ep_object;

enum { XF_EP_ID_SIZE = 17, XF_EP_ID2_SIZE = 65 };

struct xf_ep_request {
	/* as on the wire */
	char *method;
	char *path;                /* from '/', still encoded, without the query */
	char *query;               /* still encoded, without '?'; "" for none */
	struct xf_headers headers; /* names in lower case */
	bool has_length;           /* Content-Length was given */
	bool chunked;              /* Transfer-Encoding: chunked */
	uint64_t length;           /* Content-Length */
	bool tls;
	/* taken apart by xf_ep_request_parse() */
	char *bucket;              /* NULL: the service itself */
	char *key;                 /* NULL: the bucket itself */
	struct xf_headers params;  /* decoded; a parameter without '=' has the value "" */
	bool virtual_host;         /* the bucket came from the host name */
	char id[XF_EP_ID_SIZE];    /* x-amz-request-id */
	char id2[XF_EP_ID2_SIZE];  /* x-amz-id-2 */
};

/*
 * Splits target ("/bucket/key?list-type=2", as on the wire) and the Host header
 * into bucket, key and parameters. headers are set before. A host name of the
 * form BUCKET.localhost, BUCKET.DOMAIN (domain may be NULL) or BUCKET.s3.….amazonaws.com
 * names the bucket; with any other the path does.
 * Returns XF_EP_NONE or the error to answer with.
 */
enum xf_ep_code xf_ep_request_parse(struct xf_ep_request *r, const char *target,
				    const char *domain);
void xf_ep_request_fini(struct xf_ep_request *r);

/* NULL when absent. Borrowed. */
const char *xf_ep_header(const struct xf_ep_request *r, const char *lower_case_name);
const char *xf_ep_param(const struct xf_ep_request *r, const char *name);

/* A bucket name as S3 has them since 2018: 3 to 63 of a-z 0-9 . -, no IP address. */
bool xf_ep_bucket_name_ok(const char *name);
/*
 * A name that an older bucket may have, and clients accept: up to 255 of A-Z a-z 0-9 . _ -, no two dots together.
 * Only for buckets that are taken to be there already. Safe as a file's name.
 */
bool xf_ep_bucket_name_old(const char *name);

/* The bucket a host name stands for, or 0 when it names none: bytes of `host` that are the bucket. */
size_t xf_ep_host_bucket(const char *host, const char *domain);

struct xf_ep_reply {
	unsigned status;            /* 0: nothing decided yet */
	enum xf_ep_code code;       /* what went wrong, or NONE */
	struct xf_headers headers;
	struct xf_buf body;         /* a document; unused when object is set */
	struct xf_ep_object *object; /* a reference, given back by fini: bytes [first, first + size) */
	uint64_t first, size;
	bool close;                 /* this connection ends after the answer */
};

void xf_ep_reply_fini(struct xf_ep_reply *reply);

/* One more element of an error document. */
struct xf_ep_detail {
	const char *name, *value;
};

/*
 * Makes the reply an error document as S3 writes it. message NULL: the table's.
 * details ends with a row of NULL, or is NULL.
 */
void xf_ep_reply_error(struct xf_ep_reply *reply, const struct xf_ep_request *r,
		       enum xf_ep_code code, const char *message,
		       const struct xf_ep_detail *details);
/* 200 with the document begun: XML declaration and root element, to be closed by reply_close. */
struct xf_buf *xf_ep_reply_document(struct xf_ep_reply *reply, const char *root);

#endif
