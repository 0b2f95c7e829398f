/*
 * client: an S3 client. Endpoint, region, credentials and retries in one shared,
 * read-only object; one function per operation of the API.
 *
 * Every call takes the client (shared by all threads), the worker's own
 * xf_http, an input (borrowed), an output (filled on XF_OK; caller's storage), hooks
 * (may be NULL) and an error. A call makes as many attempts as the retry policy
 * says; each is signed anew and is a request of its own in the trace, with a
 * `backoff` event between. What is retried, and after how long: retry.h. An
 * answer 200 that holds an error document, or whose XML cannot be read,
 * counts as a 500.
 *
 * *Errors of all calls:* those of xf_http_exchange(); XF_SERVICE (err->code, http_status and
 * request_id are the service's, message says what to do), XF_NOT_FOUND for 404 and XF_DENIED
 * for 401 and 403 (filled likewise), XF_CREDENTIALS, XF_INVALID (names boto3 refuses:
 * no request was made), XF_CANCELLED, XF_CHECKSUM, XF_NO_ETAG, XF_NOMEM. err->operation
 * is the operation, err->part the hooks' part.
 */
#ifndef XF_S3_CLIENT_H
#define XF_S3_CLIENT_H

#include "core/s3/body.h"
#include "core/s3/checksum.h"
#include "core/s3/credentials.h"
#include "core/s3/extra.h"
#include "core/s3/http.h"
#include "core/s3/retry.h"
#include "core/s3/s3.h"
#include "core/sync/sync.h"

/* ---- the client -------------------------------------------------------------------- */

/*
 * What the command line says; NULL and 0 mean "not said": then the environment
 * (AWS_*), then ~/.aws/config and credentials decide, as for the AWS CLI. Borrowed for the call.
 */
struct xf_client_options {
	const char *endpoint_url;        /* else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's */
	const char *profile;
	const char *region;
	const char *addressing_style;    /* "auto" "path" "virtual" */
	const char *access_key, *secret_key, *session_token; /* before all other sources */
	bool no_sign_request;
	const char *ca_bundle;
	bool no_verify_ssl;
	const char *retry_mode;          /* "legacy" "standard" */
	unsigned max_attempts;           /* tries in all */
	uint64_t connect_timeout_ns, read_timeout_ns; /* 60 s each */
	uint64_t expect_wait_ns;         /* 1 s */
	const char *request_checksum_calculation;   /* "when_supported" "when_required" */
	const char *response_checksum_validation;   /* likewise */
	uint32_t seed;                   /* of the back-off's randomness; 0: any */
};

struct xf_client;

/*
 * Resolves the settings; reads files and environment, sends nothing (credentials are
 * looked up by the first call that signs). *Thread:* one, before the others; the result
 * may be used by any number of threads until xf_client_free().
 * *Errors:* XF_INVALID, XF_NOT_FOUND (a profile), XF_FORMAT, XF_NOMEM.
 */
enum xf_status xf_client_new(const struct xf_client_options *options, struct xf_client **out,
			     struct xf_error *err);
void xf_client_free(struct xf_client *client); /* NULL is fine */

/* A worker's connection, with the client's TLS settings and limits. */
enum xf_status xf_client_http(struct xf_client *client, struct xf_http **out, struct xf_error *err);

/* For people and reports: where requests go ("http://127.0.0.1:9000"), region; borrowed. */
const char *xf_client_where(const struct xf_client *client);
const struct xf_s3_endpoint *xf_client_endpoint(const struct xf_client *client);
/* An endpoint or credentials were configured somewhere; false: offer --local. May look them up, and so block. */
bool xf_client_has_endpoint(const struct xf_client *client);
bool xf_client_has_credentials(struct xf_client *client, struct xf_error *err); /* *err, or NULL: why not */
/* Whether calls may wait for a program or an endpoint that hands out credentials. *Thread:* any. */
void xf_client_allow_looking(struct xf_client *client, enum xf_look look);
/* request_checksum_calculation is when_supported: uploads get CRC32 unless told otherwise. */
bool xf_client_checksums(const struct xf_client *client);
const struct xf_retry_policy *xf_client_retries(const struct xf_client *client);

/* ---- hooks: what a call tells its caller while it runs ------------------------------- */

struct xf_retry_report {
	unsigned attempt;        /* the one that failed, from 1 */
	uint64_t backoff_ns;
	int http_status;         /* 0: no answer */
	const char *reason;      /* code or word: "SlowDown", "timeout"; sanitised, borrowed */
};

/* All on the calling thread, no lock held. Any may be NULL. */
struct xf_call_hooks {
	void *ctx;
	uint32_t transfer, part; /* for the records; part 0: none */
	/* see xf_http_watch; also asked before each attempt and while hashing (anything but GO_ON stops there) */
	enum xf_go (*go)(void *ctx);
	enum xf_status (*admit)(void *ctx, size_t bytes, struct xf_error *err);
	/*
	 * Bytes read for sending, aggregated over the whole call as s3transfer does:
	 * fires at 256 KiB pending, the rest at the end of the call; what a retry reads
	 * again is taken off silently inside, so the sum is exact on success. Downloads: every piece
	 * as it comes, without aggregation; the caller reports its own minus on a retry.
	 * Not XF_OK: the call fails with it.
	 */
	enum xf_status (*progress)(void *ctx, int64_t bytes, struct xf_error *err);
	void (*hashing)(void *ctx);                                     /* a pass over the source begins */
	void (*hashed)(void *ctx, uint64_t bytes, uint64_t reading_ns); /* it is over; so much of it was reading */
	void (*attempt)(void *ctx, unsigned attempt);                   /* it begins (after hashing and signing) */
	/* the body is with the kernel, after so long in reading the source */
	void (*sent)(void *ctx, uint64_t bytes, uint64_t reading_ns, unsigned attempt);
	void (*retry)(void *ctx, const struct xf_retry_report *report); /* before the back-off */
	struct xf_latch *unless; /* set: a back-off ends at once and the call with XF_CANCELLED */
};

/* ---- operations ------------------------------------------------------------------------ */

/* What every answer has. */
struct xf_s3_answer {
	int http_status;
	unsigned attempts;              /* made in all */
	char etag[XF_S3_ETAG_MAX];      /* with its quotes; sanitised */
	char request_id[XF_S3_ID_MAX];
	struct xf_s3_checksum checksum; /* as the service returned it */
};

struct xf_s3_put_input {
	const char *bucket, *key;
	struct xf_body body;
	const struct xf_extra *extra;   /* may be NULL, here and below */
	const char *content_md5;        /* base64 of an MD5 the caller has; NULL: none; sent and compared with the ETag */
};
struct xf_s3_put_output {
	struct xf_s3_answer answer;
	char version_id[XF_S3_VERSION_MAX];
};
/* *Errors:* also XF_NO_ETAG; XF_CHECKSUM when the returned checksum is not that of what was sent. */
enum xf_status xf_s3_put_object(struct xf_client *client, struct xf_http *http,
				const struct xf_s3_put_input *in, struct xf_s3_put_output *out,
				const struct xf_call_hooks *hooks, struct xf_error *err);

struct xf_s3_create_input {
	const char *bucket, *key;
	const struct xf_extra *extra;
};
struct xf_s3_create_output {
	struct xf_s3_answer answer;
	char upload_id[XF_S3_UPLOAD_ID_MAX]; /* as received: needed for the wire; sanitise before showing */
};
enum xf_status xf_s3_create_multipart_upload(struct xf_client *client, struct xf_http *http,
					     const struct xf_s3_create_input *in,
					     struct xf_s3_create_output *out,
					     const struct xf_call_hooks *hooks, struct xf_error *err);

struct xf_s3_part_input {
	const char *bucket, *key, *upload_id;
	uint32_t part_number;
	struct xf_body body;
	const struct xf_extra *extra;
};
struct xf_s3_part_output {
	struct xf_s3_answer answer;
	struct xf_s3_part part; /* ready for Complete; computed: none under when_required */
};
enum xf_status xf_s3_upload_part(struct xf_client *client, struct xf_http *http,
				 const struct xf_s3_part_input *in, struct xf_s3_part_output *out,
				 const struct xf_call_hooks *hooks, struct xf_error *err);

struct xf_s3_complete_input {
	const char *bucket, *key, *upload_id;
	const struct xf_s3_part *parts; /* ascending */
	size_t nr_parts;
	const struct xf_extra *extra;
	uint64_t size;                  /* of the whole: what a HEAD must show when the ETag is left out */
};
struct xf_s3_complete_output {
	struct xf_s3_answer answer;
	char version_id[XF_S3_VERSION_MAX];
	bool settled_by_head;           /* the answer had no ETag: a HEAD showed the object */
};
/*
 * *Errors:* XF_CHECKSUM: the upload is over and its object there, but the checksum the service names
 * is not that of the parts.
 */
enum xf_status xf_s3_complete_multipart_upload(struct xf_client *client, struct xf_http *http,
					       const struct xf_s3_complete_input *in,
					       struct xf_s3_complete_output *out,
					       const struct xf_call_hooks *hooks,
					       struct xf_error *err);

struct xf_s3_abort_input {
	const char *bucket, *key, *upload_id;
	const struct xf_extra *extra;
};
/* Success also when the upload is gone already (404 NoSuchUpload on a retry). */
enum xf_status xf_s3_abort_multipart_upload(struct xf_client *client, struct xf_http *http,
					    const struct xf_s3_abort_input *in,
					    struct xf_s3_answer *out,
					    const struct xf_call_hooks *hooks, struct xf_error *err);

struct xf_s3_head_input {
	const char *bucket, *key;
	const struct xf_extra *extra;
};
struct xf_s3_head_output {
	struct xf_s3_answer answer;
	uint64_t size;
	bool etag_is_md5;               /* see xf_s3_etag_is_md5() */
	char modified[40];
	char content_type[128];
	char version_id[XF_S3_VERSION_MAX];
};
enum xf_status xf_s3_head_object(struct xf_client *client, struct xf_http *http,
				 const struct xf_s3_head_input *in, struct xf_s3_head_output *out,
				 const struct xf_call_hooks *hooks, struct xf_error *err);

/*
 * A download, or a piece of one. Retries end with the headers of a 2xx: a body that
 * breaks in mid-stream is the caller's to ask for again (num_download_attempts); out->received
 * says how far it came. The body is verified against a full-object checksum
 * when one came, the answer is whole (200) and nothing was skipped: XF_CHECKSUM.
 */
struct xf_s3_get_input {
	const char *bucket, *key;
	const struct xf_extra *extra;
	bool ranged;
	uint64_t first, last;           /* last UINT64_MAX: open end ("bytes=a-") */
	const char *if_match;           /* an ETag, or NULL */
	xf_http_sink_fn sink;           /* in order, each byte once per call */
	void *sink_ctx;
	/* the 2xx headers are in: out is filled but for received; NULL: not asked. Not XF_OK: the call ends */
	enum xf_status (*head)(void *sink_ctx, struct xf_error *err);
};
struct xf_s3_get_output {
	struct xf_s3_answer answer;
	uint64_t size;                  /* of the whole object when known, else of the body */
	uint64_t received;
	bool etag_is_md5;
	bool has_range;                 /* Content-Range came */
	uint64_t range_first, range_last;
	/*
	 * Ours, of a part of the object whose answer names another checksum (answer.checksum): that may be the
	 * whole object's, which only who has all parts can tell. len 0: nothing to settle.
	 */
	struct xf_digest unsettled;
};
/* *Errors:* also XF_CHECKSUM (the whole body does not match), XF_CHANGED (412 to If-Match), XF_BAD_REPLY (another range than asked). */
enum xf_status xf_s3_get_object(struct xf_client *client, struct xf_http *http,
				const struct xf_s3_get_input *in, struct xf_s3_get_output *out,
				const struct xf_call_hooks *hooks, struct xf_error *err);

/* Lists read all pages. Arrays are yours, free(); set only on XF_OK. */
struct xf_s3_list_parts_input {
	const char *bucket, *key, *upload_id;
	const struct xf_extra *extra;
};
struct xf_s3_list_parts_output {
	struct xf_s3_part *parts; /* ascending; size set */
	size_t nr;
	char checksum_algorithm[16], checksum_type[16];
};
enum xf_status xf_s3_list_parts(struct xf_client *client, struct xf_http *http,
				const struct xf_s3_list_parts_input *in,
				struct xf_s3_list_parts_output *out,
				const struct xf_call_hooks *hooks, struct xf_error *err);

struct xf_s3_list_uploads_input {
	const char *bucket;
	const char *prefix; /* may be NULL */
};
struct xf_s3_list_uploads_output {
	struct xf_s3_upload *uploads;
	size_t nr;
	int64_t at_s; /* the service's clock when it answered, unix seconds; 0: it did not say */
};
enum xf_status xf_s3_list_multipart_uploads(struct xf_client *client, struct xf_http *http,
					    const struct xf_s3_list_uploads_input *in,
					    struct xf_s3_list_uploads_output *out,
					    const struct xf_call_hooks *hooks, struct xf_error *err);

struct xf_s3_list_objects_input {
	const char *bucket;
	const char *prefix;
	size_t limit; /* stop after that many; 0: all */
};
struct xf_s3_list_objects_output {
	struct xf_s3_entry *entries;
	size_t nr;
};
enum xf_status xf_s3_list_objects(struct xf_client *client, struct xf_http *http,
				  const struct xf_s3_list_objects_input *in,
				  struct xf_s3_list_objects_output *out,
				  const struct xf_call_hooks *hooks, struct xf_error *err);

enum xf_status xf_s3_create_bucket(struct xf_client *client, struct xf_http *http,
				   const char *bucket, struct xf_s3_answer *out,
				   const struct xf_call_hooks *hooks, struct xf_error *err);
enum xf_status xf_s3_head_bucket(struct xf_client *client, struct xf_http *http, const char *bucket,
				 struct xf_s3_answer *out, const struct xf_call_hooks *hooks,
				 struct xf_error *err);
enum xf_status xf_s3_delete_object(struct xf_client *client, struct xf_http *http,
				   const char *bucket, const char *key, struct xf_s3_answer *out,
				   const struct xf_call_hooks *hooks, struct xf_error *err);

/*
 * A presigned URL: method "GET", "PUT" or "HEAD", valid for expires_s. yours, free(). It is a
 * secret: for stdout on request, never for a record, a log or an error text.
 */
enum xf_status xf_s3_presign(struct xf_client *client, const char *method, const char *bucket,
			     const char *key, unsigned expires_s, char **url, struct xf_error *err);

#endif
