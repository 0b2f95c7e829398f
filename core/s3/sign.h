/*
 * sign: AWS Signature Version 4, for both sides.
 *
 * The client signs, the endpoint verifies by computing the same once more; both
 * hand in the request as it is on the wire. Pure functions over values: time is
 * passed in, nothing is kept, any thread.
 *
 * Behaviour: the "Signature Version 4 signing process" and, for S3, "Signature
 * calculations for the Authorization header", "… transferring payload in
 * multiple chunks", "… including trailing headers" and "query parameters"
 * (Amazon S3 API Reference). S3 differs from the other services: a path is
 * encoded once and never normalised.
 *
 * Nothing here writes a secret or a signature into an error text.
 */
#ifndef XF_S3_SIGN_H
#define XF_S3_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/event/status.h"
#include "core/s3/buf.h"

/* Values of x-amz-content-sha256 that are not a hash. */
#define XF_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define XF_STREAMING_UNSIGNED_TRAILER "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
#define XF_STREAMING_SIGNED "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
#define XF_STREAMING_SIGNED_TRAILER "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
/* The SHA-256 of no bytes. */
#define XF_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum {
	XF_SHA1_SIZE = 20,
	XF_SHA256_SIZE = 32,
	XF_SIGNATURE_SIZE = 65,        /* hex and NUL */
	XF_AMZ_DATE_SIZE = 17,         /* "20130524T000000Z" and NUL */
	XF_SCOPE_SIZE = 160,           /* "20130524/us-east-1/s3/aws4_request" and NUL */
	XF_PRESIGN_MAX_S = 604800,     /* seven days */
	XF_CLOCK_SKEW_S = 900,         /* a signature is accepted 15 minutes either way */
};

/* One header, as sent. Several of one name may follow each other; names in any case. */
struct xf_sign_field {
	const char *name;
	const char *value;
};

/* The request, as on the wire. Everything is borrowed for the call. */
struct xf_sign_request {
	const char *method;                   /* "PUT" */
	const char *path;                     /* from '/', encoded as sent, without the query */
	const char *query;                    /* encoded as sent, without '?'; NULL or "" for none */
	const struct xf_sign_field *headers;
	size_t nr_headers;
	/*
	 * Last line of the canonical request: the hex SHA-256 of the body or one of
	 * the words above. It is what x-amz-content-sha256 says where that is sent.
	 */
	const char *payload;
	/*
	 * Which headers are signed, "host;x-amz-date" (lower case, sorted). NULL: all
	 * that are given but those a proxy may change: authorization, connection,
	 * expect, transfer-encoding, user-agent, x-amzn-trace-id (as botocore).
	 */
	const char *signed_headers;
	/*
	 * Other services than S3: dots and double slashes are taken out of the path,
	 * and it is encoded once more. S3 (false) leaves it: "a/../b" is a key of its own.
	 */
	bool normalise_path;
};

/* Who signs, when and for where. Borrowed for the call. */
struct xf_sign_identity {
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* NULL: none. Read by xf_presign() only, see xf_sign() */
	const char *region;        /* "us-east-1" */
	const char *service;       /* NULL: "s3" */
	time_t at;                 /* UTC, seconds */
};

/* What a signature consists of; the signature is also the seed of chunk signatures. */
struct xf_signature {
	char amz_date[XF_AMZ_DATE_SIZE];
	char scope[XF_SCOPE_SIZE];
	char signature[XF_SIGNATURE_SIZE];
};

/* "20130524T000000Z", the value of x-amz-date, for a time in UTC. */
void xf_amz_date(char out[XF_AMZ_DATE_SIZE], time_t at);
/* The reverse; false when the text is not of that form or names no real time. */
bool xf_amz_date_parse(time_t *out, const char *text);

/*
 * Computes the signature and appends the value of the Authorization header to
 * *authorization (may be NULL when only the signature is wanted). The headers
 * handed in already hold host, x-amz-date (the same time as identity->at),
 * x-amz-content-sha256 and, with temporary credentials, x-amz-security-token.
 *
 * Errors: XF_INVALID (no host header, a path that does not begin with '/', a
 * region or key that is empty or too long), XF_NOMEM.
 */
enum xf_status xf_sign(struct xf_signature *out, struct xf_buf *authorization,
		       const struct xf_sign_request *request,
		       const struct xf_sign_identity *identity, struct xf_error *err);

/* The two texts in between, for tests and for "The request signature we calculated …" replies. */
enum xf_status xf_sign_canonical(struct xf_buf *out, const struct xf_sign_request *request,
				 struct xf_error *err);
enum xf_status xf_sign_string_to_sign(struct xf_buf *out, const char *canonical, size_t len,
				      const char *amz_date, const char *scope);

/*
 * Presigned URL: appends to *query the whole query to send, request->query first,
 * then X-Amz-Algorithm … X-Amz-Signature, valid for expires_s seconds from
 * identity->at. Sign at least the host header. request->payload NULL means
 * UNSIGNED-PAYLOAD. The result is as good as a credential: wipe it, never print it.
 *
 * Errors: as xf_sign(); XF_INVALID also for expires_s outside 1 … XF_PRESIGN_MAX_S.
 */
enum xf_status xf_presign(struct xf_buf *query, const struct xf_sign_request *request,
			  const struct xf_sign_identity *identity, uint32_t expires_s,
			  struct xf_error *err);

/* ---- chunk signatures (aws-chunked bodies) */

/*
 * One upload in progress: every signature takes in the one before. The caller's
 * storage; wipe with xf_chunk_signer_fini(). One thread at a time.
 */
struct xf_chunk_signer {
	unsigned char key[XF_SHA256_SIZE]; /* the day's signing key: secret */
	char amz_date[XF_AMZ_DATE_SIZE];
	char scope[XF_SCOPE_SIZE];
	char previous[XF_SIGNATURE_SIZE];
};

/* seed: the request's signature, as xf_sign() or xf_auth_verify() gave it. */
enum xf_status xf_chunk_signer_init(struct xf_chunk_signer *s, const char *secret_key,
				    const struct xf_signature *seed);
void xf_chunk_signer_fini(struct xf_chunk_signer *s);
/*
 * The signature of the next chunk, from the SHA-256 of its data (the final chunk
 * of no bytes included); it becomes the previous one. XF_NOMEM.
 */
enum xf_status xf_chunk_sign(struct xf_chunk_signer *s, const unsigned char data_sha256[XF_SHA256_SIZE],
			     char out[XF_SIGNATURE_SIZE]);
/*
 * The signature of the trailers, after that of the final chunk. text: every
 * trailer as "name:value\n", names in lower case, in the order sent, without
 * x-amz-trailer-signature itself.
 */
enum xf_status xf_chunk_sign_trailer(struct xf_chunk_signer *s, const char *text, size_t len,
				     char out[XF_SIGNATURE_SIZE]);
/* Equal signatures? In a time that does not depend on where they differ. */
bool xf_signature_equal(const char *a, const char *b);

/* The signature of a POST form: of its policy, base64 as sent. scope: "20130524/us-east-1/s3/aws4_request". XF_NOMEM. */
enum xf_status xf_sign_policy(char out[XF_SIGNATURE_SIZE], const char *secret_key, const char *scope, const char *policy);

/* The arithmetic of version 2, which presigned URLs of older kinds have. False: OpenSSL refuses. */
bool xf_hmac_sha1(unsigned char out[XF_SHA1_SIZE], const char *key, const void *data, size_t len);

/* ---- verification */

/* An Authorization header or a presigned query, taken apart. No secret in it but the signature. */
struct xf_auth {
	bool presigned;
	char access_key[129];
	char date[9];              /* of the scope, "20130524" */
	char region[64];
	char service[32];
	char signed_headers[1024];
	char signature[XF_SIGNATURE_SIZE];
	char amz_date[XF_AMZ_DATE_SIZE]; /* presigned: X-Amz-Date; else "", it is a header */
	uint32_t expires_s;        /* presigned only */
};

/* "KEY/20130524/us-east-1/s3/aws4_request" into access_key, date, region and service. False: it is not of that form. */
bool xf_auth_parse_credential(struct xf_auth *auth, const char *text);

/*
 * Both fill *err with what S3 would answer: code, HTTP status and message.
 * Errors: XF_NOT_FOUND: there is no authorization (NULL or empty); XF_UNSUPPORTED:
 * another scheme or version; XF_INVALID: AuthorizationHeaderMalformed,
 * AuthorizationQueryParametersError.
 */
enum xf_status xf_auth_parse_header(struct xf_auth *auth, const char *authorization,
				    struct xf_error *err);
/* query: as on the wire. XF_NOT_FOUND when it has no X-Amz-Signature and no X-Amz-Algorithm. */
enum xf_status xf_auth_parse_query(struct xf_auth *auth, const char *query, struct xf_error *err);

/*
 * Recomputes the signature. request: method, path, query, all headers as they
 * came and payload (x-amz-content-sha256 as sent; NULL when presigned and absent:
 * UNSIGNED-PAYLOAD). signed_headers is taken from *auth. region NULL: any. The time
 * of an Authorization is its x-amz-date (or Date) header. host and every x-amz-*
 * header must be among the signed ones.
 *
 * *out (may be NULL) gets the seed for chunk signatures. Errors: XF_DENIED, with
 * err->code and err->http_status as S3: SignatureDoesNotMatch,
 * RequestTimeTooSkewed, AccessDenied ("Request has expired", a header that must be
 * signed and is not), AuthorizationHeaderMalformed (wrong region, scope or date),
 * InvalidRequest (no x-amz-content-sha256); XF_NOMEM.
 * Who access_key is and whether the body is what payload says is the caller's.
 */
enum xf_status xf_auth_verify(const struct xf_auth *auth, const struct xf_sign_request *request,
			      const char *secret_key, const char *region, time_t now,
			      struct xf_signature *out, struct xf_error *err);

#endif
