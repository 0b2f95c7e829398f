/*
 * credentials: where the keys come from, and how they stay fresh.
 *
 * A source (struct xf_credential_source) finds credentials once, in botocore's
 * order, and hands out snapshots; a snapshot never changes and is counted. The
 * order:
 *
 *   explicit      the options
 *   env           AWS_ACCESS_KEY_ID …, unless a profile was named as an argument
 *   assume-role   a profile with role_arn: not built; an error that says so
 *   shared-credentials-file
 *   custom-process  credential_process of the profile
 *   config-file
 *   container-role  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, …_FULL_URI
 *   iam-role      the EC2 metadata service, version 2
 *
 * Credentials that end are refreshed: from 15 minutes before (advisory: one
 * thread does it, the others go on with what there is, and a failure is
 * forgiven), from 10 minutes before (mandatory: all wait, a failure is an error).
 *
 * Keys live in memory that is wiped before it is freed and stand in no error
 * text: of a helper program's or an endpoint's answer nothing is ever quoted but
 * its documented Code and status.
 */
#ifndef XF_S3_CREDENTIALS_H
#define XF_S3_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"
#include "core/s3/profile.h"

/* A snapshot. Counted: any thread may hold, read and release one. */
struct xf_credentials {
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* NULL: none */
	int64_t expires_at;        /* unix seconds; 0: never */
	const char *method;        /* "env", "iam-role", …, as botocore names them; static */
};

/* Both take NULL. The last release wipes. */
const struct xf_credentials *xf_credentials_acquire(const struct xf_credentials *c);
void xf_credentials_release(const struct xf_credentials *c);

/* One small HTTP exchange, for the container and metadata endpoints. Borrowed for the call. */
struct xf_fetch_request {
	const char *method;                 /* "GET", "PUT" */
	const char *url;
	const char *const *headers;         /* "Name: value" */
	size_t nr_headers;
	uint32_t timeout_ms;                /* to connect, and again for the answer */
	bool (*given_up)(void *ctx);        /* asked many times a second: true ends the exchange; NULL: never */
	void *given_up_ctx;
};

struct xf_fetch_reply {
	int status;                         /* HTTP */
	char *body;                         /* malloc()ed, NUL after len bytes; may hold secrets; NULL: no body */
	size_t len;
};

/*
 * Does one exchange: no redirect, no proxy, no retry, no signing, at most 64 KiB of
 * body. XF_OK for every HTTP status; *reply is the caller's, who wipes and frees body.
 * Thread: the one that asks for credentials; no lock of ours is held.
 */
typedef enum xf_status (*xf_fetch_fn)(void *ctx, const struct xf_fetch_request *request,
				      struct xf_fetch_reply *reply, struct xf_error *err);

/* Unix seconds. NULL in the options: the system's clock. */
typedef int64_t (*xf_now_fn)(void *ctx);

struct xf_credential_options {
	/* explicit keys: used alone when access_key is set; copied */
	const char *access_key;
	const char *secret_key;
	const char *session_token;
	bool anonymous;                     /* --no-sign-request: no credentials, no search */
	const struct xf_config *config;     /* borrowed for the life of the source; needed unless explicit or anonymous */
	xf_fetch_fn fetch;                  /* NULL: the two endpoints are not asked */
	void *fetch_ctx;
	xf_now_fn now;
	void *now_ctx;
	bool (*given_up)(void *ctx);        /* the source's, for its providers: nobody waits for them any more */
	void *given_up_ctx;
};

struct xf_credential_source;

/* Looks nothing up yet. Errors: XF_INVALID (half a pair of explicit keys), XF_NOMEM. */
enum xf_status xf_credential_source_new(struct xf_credential_source **out,
					const struct xf_credential_options *options,
					struct xf_error *err);
/* When nobody uses it any more. Snapshots may outlive it. */
void xf_credential_source_free(struct xf_credential_source *s);

/* The code of the error that says nobody has configured any; another cause of XF_CREDENTIALS has "credentials". */
#define XF_NO_CREDENTIALS "no-credentials"

/*
 * The credentials to sign with now; *out is yours: xf_credentials_release().
 * *out is NULL with XF_OK for an anonymous source: the request goes unsigned.
 *
 * Thread: any; holds no lock of ours. The first call searches, calls near the end refresh, and may
 * block on a program or an endpoint meanwhile.
 * Errors: XF_CREDENTIALS: none found (XF_NO_CREDENTIALS; the message says where was looked and names
 * --local), half a pair, a helper program or endpoint that failed; XF_UNSUPPORTED:
 * role_arn; XF_NOMEM.
 */
enum xf_status xf_credential_source_get(struct xf_credential_source *s,
					const struct xf_credentials **out, struct xf_error *err);

/*
 * Whether a program or an endpoint may be waited for. Lookups that are no longer allowed end
 * within a fraction of a second with XF_CANCELLED, and so do those that begin then.
 * Thread: any. It only ever goes up, but for XF_LOOK_ALWAYS.
 */
enum xf_look { XF_LOOK_ALWAYS, XF_LOOK_TO_CLEAN_UP, XF_LOOK_NEVER };
void xf_credential_source_allow(struct xf_credential_source *s, enum xf_look look);

/*
 * For requests that clean up (an abort, and what looks whether one is needed): what was handed out last, when it has not
 * ended; else as xf_credential_source_get(). A place that gives no new credentials
 * must not leave behind what the ones at hand can still remove.
 */
enum xf_status xf_credential_source_get_at_hand(struct xf_credential_source *s,
						const struct xf_credentials **out, struct xf_error *err);

#endif
