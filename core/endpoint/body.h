/*
 * body: undoes aws-chunked while the bytes arrive, and verifies chunk and trailer
 * signatures. What is inside goes to a sink at once; nothing is collected but a
 * line at a time.
 *
 * Behaviour: "Signature calculations for the Authorization header: transferring
 * payload in multiple chunks (chunked upload)" and "… including trailing headers"
 * (Amazon S3 API Reference).
 */
#ifndef XF_ENDPOINT_BODY_H
#define XF_ENDPOINT_BODY_H

#include "core/endpoint/errors.h"
#include "core/s3/checksum.h"
#include "core/s3/headers.h"
#include "core/s3/sign.h"

/* False: stop, the sink has failed. */
typedef bool (*xf_ep_sink_fn)(void *ctx, const void *data, size_t len);

struct xf_ep_body {
	/* set by init */
	bool chunked, trailers;
	struct xf_chunk_signer *signer; /* borrowed; NULL: chunks are not signed */
	xf_ep_sink_fn sink;
	void *ctx;
	/* inside */
	int state;
	uint64_t left;                  /* bytes left in this chunk */
	bool small;                     /* a chunk below 8 KiB has been seen: it must be the last */
	struct xf_hasher hash;
	char claimed[XF_SIGNATURE_SIZE];
	char line[2048];
	size_t line_len;
	struct xf_buf signed_trailers;
	/* result */
	uint64_t decoded;               /* bytes given to the sink */
	struct xf_headers fields;       /* trailers, names in lower case */
	enum xf_ep_code error;          /* the first; everything after it is discarded */
};

/* chunked false: bytes go through as they are. Errors: XF_NOMEM. */
enum xf_status xf_ep_body_init(struct xf_ep_body *b, bool chunked, bool trailers,
			       struct xf_chunk_signer *signer, xf_ep_sink_fn sink, void *ctx);
void xf_ep_body_feed(struct xf_ep_body *b, const void *data, size_t len);
/* There is no more: XF_EP_NONE, or what was wrong. */
enum xf_ep_code xf_ep_body_end(struct xf_ep_body *b);
void xf_ep_body_fini(struct xf_ep_body *b);

#endif
