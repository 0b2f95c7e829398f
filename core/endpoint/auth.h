/*
 * auth: is this request signed by a key of ours? Signature arithmetic is
 * core/s3/sign.h; here is what S3 says about everything around it: which
 * headers must be there and signed, which clock, which key, which payload.
 */
#ifndef XF_ENDPOINT_AUTH_H
#define XF_ENDPOINT_AUTH_H

#include <stdbool.h>

#include "core/endpoint/message.h"
#include "core/s3/sign.h"

struct xf_ep_keys {
	const char *access_key, *secret_key;
	const char *session_token; /* NULL: a token is refused */
	const char *region;        /* NULL: any */
	bool anonymous;            /* unsigned requests are taken, too */
};

/* How the body is coded and what vouches for it: x-amz-content-sha256. */
enum xf_ep_payload {
	XF_EP_PAYLOAD_UNSIGNED,
	XF_EP_PAYLOAD_HASH,            /* the SHA-256 is in sha256 */
	XF_EP_PAYLOAD_CHUNKED_SIGNED,  /* aws-chunked, every chunk signed */
	XF_EP_PAYLOAD_CHUNKED_SIGNED_TRAILER,
	XF_EP_PAYLOAD_CHUNKED_TRAILER, /* aws-chunked, unsigned, with trailers */
};

struct xf_ep_access {
	bool anonymous;
	bool presigned;
	enum xf_ep_payload payload;
	char sha256[65];              /* lower-case hex, for HASH */
	struct xf_chunk_signer chunk; /* for CHUNKED_SIGNED*; wiped by access_fini */
};

/*
 * Verifies request r at time `now` (seconds). On failure the reply is the error
 * and false comes back. Nothing here depends on whether bucket or key exist.
 */
bool xf_ep_auth(struct xf_ep_access *access, const struct xf_ep_request *r,
		const struct xf_ep_keys *keys, int64_t now, struct xf_ep_reply *reply);
/* There is nothing to verify: no Authorization, no presigned query. */
bool xf_ep_auth_none(const struct xf_ep_request *r);
void xf_ep_access_fini(struct xf_ep_access *access);

#endif
