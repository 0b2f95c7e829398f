/*
 * call: one call of the API as a run of attempts: sign, send, judge, wait, again.
 * Inside of the folder: the operations (upload.c, object.c, list.c) fill one in and run it.
 */
#ifndef XF_S3_CALL_H
#define XF_S3_CALL_H

#include "core/s3/checksum.h"
#include "core/s3/client.h"
#include "core/s3/credentials.h"
#include "core/s3/payload.h"
#include "core/s3/profile.h"

struct xf_client {
	struct xf_config *config;
	struct xf_settings settings;
	struct xf_credential_source *source;
	struct xf_s3_endpoint endpoint;
	char where[320];
	struct xf_http_options http;        /* ca_bundle: owned */
	struct xf_retry_policy retries;
	struct xf_retry_quota quota;        /* standard mode; atomic */
	bool anonymous;
	bool checksum_requests, checksum_responses; /* when_supported */
	bool configured;                    /* endpoint, by flag or setting */
	_Atomic int64_t skew_s;             /* the service's clock less ours; set when it complains */
	_Atomic bool no_expect;             /* 417: something on the way does not know Expect; for good */
	_Atomic uint64_t random;            /* a counter, mixed at use */
};

struct xf_call {
	/* set by the operation */
	struct xf_client *client;
	struct xf_http *http;
	const struct xf_call_hooks *hooks;
	struct xf_error *err;
	const char *bucket, *key;           /* for texts */
	struct xf_s3_request request;
	const struct xf_body *source;       /* a stream to send; NULL: request.document, or no body */
	bool empty_body;                    /* neither, but Content-Length: 0 is due */
	enum xf_checksum algorithm;         /* to compute for source */
	bool md5_given;                     /* Content-MD5 stands among the headers */
	/*
	 * A 2xx is in: parse it into ctx. XF_BAD_REPLY: not what the operation answers; it
	 * then counts as a 500. NULL: nothing to parse.
	 */
	enum xf_status (*accept)(struct xf_call *call);
	void *ctx;
	xf_http_sink_fn sink;               /* GetObject, with ctx */
	enum xf_status (*head)(void *ctx, int status, const struct xf_headers *headers, struct xf_error *err);
	bool streaming;                     /* set by head: no retry from here on */
	/* while it runs, and results */
	struct xf_http_reply reply;
	struct xf_payload payload;
	struct xf_headers headers;          /* of this attempt, signed */
	unsigned attempt;
	bool hashed;
	bool skew_corrected;
	bool expected;                      /* this attempt sends Expect */
	char invocation[40];
	int taken;                          /* tokens the last retry took */
};

/* Zeroed fields are fine; hooks may be NULL. */
void xf_call_init(struct xf_call *call, struct xf_client *client, struct xf_http *http,
		  const struct xf_call_hooks *hooks, struct xf_error *err);
void xf_call_fini(struct xf_call *call);

/* Begins the request; on failure *err is complete. */
enum xf_status xf_call_begin(struct xf_call *call, enum xf_op op, const char *method,
			     const char *bucket, const char *key);
/* All attempts. On failure err is complete: operation, part, code, sentence. */
enum xf_status xf_call_run(struct xf_call *call);
/* What every answer has, from the last reply. */
void xf_call_answer(struct xf_call *call, struct xf_s3_answer *out);
/* Fails the call after its answer was accepted (no ETag, wrong checksum). Returns status. */
enum xf_status xf_call_fail(struct xf_call *call, enum xf_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
