/*
 * s3: the S3 protocol as values: requests are built, replies are parsed, and
 * nothing is sent. client.h does the sending; here no clock, no socket, no secret
 * but the customer's encryption key that extra.h carries.
 */
#ifndef XF_S3_S3_H
#define XF_S3_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/event.h"
#include "core/s3/extra.h"
#include "core/s3/headers.h"
#include "core/s3/profile.h" /* enum xf_addressing */

enum {
	XF_S3_ETAG_MAX = 128, XF_S3_ID_MAX = 128, XF_S3_UPLOAD_ID_MAX = 1024, XF_S3_KEY_MAX = 1024,
	XF_S3_VERSION_MAX = 1024, XF_S3_CHECKSUM_MAX = 96, XF_S3_PARTS_MAX = 10000,
};

/* A checksum as S3 names and spells it: "CRC32", base64 (with "-N" when composite). */
struct xf_s3_checksum {
	char algorithm[16]; /* "": none */
	char value[XF_S3_CHECKSUM_MAX];
};

/* ---- where: endpoint and addressing ------------------------------------------- */

struct xf_s3_endpoint {
	char scheme[8];         /* "http" "https" */
	char host[256];         /* without port; an IPv6 address in brackets */
	unsigned port;          /* 0: the scheme's */
	char path[256];         /* prefix, "" or "/x" without a final slash */
	char region[64];
	bool custom;            /* given by the user: 'auto' then means path style */
	enum xf_addressing addressing;
};

/*
 * url NULL: AWS' own endpoint of the region. *Errors:* XF_INVALID with a sentence (not http or
 * https, no host, a user name inside, a port out of range).
 */
enum xf_status xf_s3_endpoint_parse(const char *url, const char *region,
				    enum xf_addressing addressing, struct xf_s3_endpoint *out,
				    struct xf_error *err);

/* "http://127.0.0.1:9000", for people; never a query. */
void xf_s3_endpoint_text(const struct xf_s3_endpoint *e, char *buf, size_t cap);

/*
 * What boto3 refuses before any request: bucket names by its pattern, ARNs of
 * kinds this client does not speak (access points, Outposts, Object Lambda), an empty key.
 */
enum xf_status xf_s3_check_bucket(const char *bucket, struct xf_error *err);
enum xf_status xf_s3_check_key(const char *key, struct xf_error *err);

/*
 * The Host header and "scheme://host" for a bucket (NULL: none). true: the bucket is in the
 * host's name, so it is not in the path.
 */
bool xf_s3_address(const struct xf_s3_endpoint *e, const char *bucket, char *host, size_t host_cap,
		   char *base, size_t base_cap);

/* ---- requests -------------------------------------------------------------------- */

/*
 * One request, unsigned. `path` is encoded as sent (and as signed), `query` holds
 * decoded names and values. Owned; init, then fill, then fini.
 */
struct xf_s3_request {
	enum xf_op op;
	const char *method;       /* static */
	char host[344];           /* the Host header */
	char base[360];           /* "http://127.0.0.1:9000" */
	char *path;
	struct xf_headers query;
	struct xf_headers headers; /* Host not among them */
	char *document;           /* the request's own body (XML), or NULL */
	size_t document_len;
};

#define XF_S3_REQUEST_INIT ((struct xf_s3_request){ 0 })
void xf_s3_request_fini(struct xf_s3_request *r);

/* base + path + ?query as it goes on the wire; yours. NULL: no memory. */
char *xf_s3_request_url(const struct xf_s3_request *r);
/* "a=b&c=", encoded and sorted: what is sent and what is signed; yours. NULL: no memory. */
char *xf_s3_request_query(const struct xf_s3_request *r);

/* One part as Complete names it. */
struct xf_s3_part {
	uint32_t number;                 /* from 1 */
	uint64_t size;                   /* ListParts only */
	char etag[XF_S3_ETAG_MAX];       /* with its quotes, as received */
	struct xf_s3_checksum checksum;  /* as the service returned it for the part; none: left out */
	struct xf_s3_checksum computed;  /* of our bytes, not sent: what Complete's answer is held against; may be none */
};

/*
 * The start of every request: method, host by the addressing rules, path. bucket
 * NULL: the service itself; key NULL: the bucket. *Errors:* XF_INVALID, XF_NOMEM.
 */
enum xf_status xf_s3_request_begin(struct xf_s3_request *r, const struct xf_s3_endpoint *e,
				   enum xf_op op, const char *method, const char *bucket,
				   const char *key, struct xf_error *err);

/* The XML of Complete: parts in ascending order. yours. NULL: no memory. */
char *xf_s3_complete_document(const struct xf_s3_part *parts, size_t nr, size_t *len);
/* The XML of CreateBucket: NULL and len 0 for us-east-1 and for custom endpoints' empty region. */
char *xf_s3_bucket_document(const char *region, size_t *len);

/* ---- replies --------------------------------------------------------------------- */

/* A service's error as it came: sanitised text. */
struct xf_s3_error {
	char code[64];       /* "NoSuchBucket"; for an empty body the status ("404") */
	char message[256];
	char request_id[64];
	char region[64];     /* where the bucket really is, when the answer says so */
	bool no_signature;   /* the request that was refused carried none; set by who sent it */
};

/* true: the document is an <Error>. A body that is not XML gives false. */
bool xf_s3_parse_error(const char *body, size_t len, struct xf_s3_error *out);

/* Code and text for an answer outside 2xx, from body and headers. */
void xf_s3_error_of(int status, const struct xf_headers *headers, const char *body, size_t len,
		    struct xf_s3_error *out);

/* The sentence for people: what, where, what to do. `where` is the endpoint's text. */
void xf_s3_explain(const struct xf_s3_error *e, int status, enum xf_op op, const char *where,
		   const char *bucket, const char *key, char *buf, size_t cap);

/* XF_BAD_REPLY when the document is not what the operation answers (then it counts as a 500). */
enum xf_status xf_s3_parse_create(const char *body, size_t len, char *upload_id, size_t cap);
struct xf_s3_complete_reply {
	char etag[XF_S3_ETAG_MAX]; /* "": the service left it out */
	struct xf_s3_checksum checksum;
};
enum xf_status xf_s3_parse_complete(const char *body, size_t len, struct xf_s3_complete_reply *out);

/* Lists: arrays are yours, free(). */
struct xf_s3_parts_page {
	struct xf_s3_part *parts;
	size_t nr;
	bool truncated;
	uint32_t next_marker;
	char checksum_algorithm[16], checksum_type[16];
};
enum xf_status xf_s3_parse_parts(const char *body, size_t len, struct xf_s3_parts_page *out);

struct xf_s3_upload {
	char key[XF_S3_KEY_MAX + 1];
	char upload_id[XF_S3_UPLOAD_ID_MAX];
	char initiated[40];       /* as received, sanitised: "2026-11-23T06:40:00.000Z" */
	char storage_class[32];
	char owner[64];
};
struct xf_s3_uploads_page {
	struct xf_s3_upload *uploads;
	size_t nr;
	bool truncated;
	char next_key[XF_S3_KEY_MAX + 1], next_upload_id[XF_S3_UPLOAD_ID_MAX];
};
enum xf_status xf_s3_parse_uploads(const char *body, size_t len, struct xf_s3_uploads_page *out);

struct xf_s3_entry {
	char key[XF_S3_KEY_MAX + 1];
	uint64_t size;
	char etag[XF_S3_ETAG_MAX];
	char modified[40];
};
struct xf_s3_entries_page {
	struct xf_s3_entry *entries;
	size_t nr;
	bool truncated;
	char next_token[XF_S3_UPLOAD_ID_MAX];
};
enum xf_status xf_s3_parse_entries(const char *body, size_t len, struct xf_s3_entries_page *out);

/* The checksum among the headers x-amz-checksum-*; none: algorithm "". */
void xf_s3_checksum_of(const struct xf_headers *headers, struct xf_s3_checksum *out);

/* "bytes 0-99/1000": *Errors:* XF_BAD_REPLY. total is UINT64_MAX for "*". */
enum xf_status xf_s3_parse_content_range(const char *value, uint64_t *first, uint64_t *last,
					 uint64_t *total);

/*
 * Whether an ETag is the MD5 of the object: 32 hex digits in quotes, of an object that is
 * neither multipart nor encrypted with KMS or a customer's key.
 */
bool xf_s3_etag_is_md5(const char *etag, const struct xf_headers *headers);

#endif
