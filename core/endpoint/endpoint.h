/*
 * endpoint: the embedded S3 server, for `xferdb serve`, for --local and for
 * tests.
 *
 * In its own process (`xferdb serve`, --local) nothing of it is ever recorded. Started in this process (xf_endpoint_start), its threads are muted
 * helpers.
 */
#ifndef XF_ENDPOINT_ENDPOINT_H
#define XF_ENDPOINT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"

/* Everything is borrowed until start (serve) has returned. Zero is a good default. */
struct xf_endpoint_options {
	uint16_t port;              /* 0: any that is free */
	const char *host;           /* address to listen on; NULL: 127.0.0.1 */
	const char *dir;            /* where objects live; NULL: in memory */
	bool tls;                   /* with a throw-away CA: localhost, 127.0.0.1, ::1 */
	bool auto_bucket;           /* buckets appear at first use */
	bool anonymous;             /* unsigned requests are taken, too */
	const char *access_key;     /* NULL (both): a fresh random pair */
	const char *secret_key;
	const char *session_token;  /* NULL: a session token is refused */
	const char *region;         /* the only one accepted; NULL: any */
	const char *domain;         /* BUCKET.DOMAIN names a bucket, besides BUCKET.localhost */
	uint64_t part_min;          /* smallest part but the last; 0: 5 MiB, as S3 */
	const char *const *faults;  /* rules, see fault.h */
	size_t nr_faults;
};

struct xf_endpoint;

/* What clients need to know. Strings live as long as the endpoint. */
struct xf_endpoint_info {
	const char *url;            /* "http://127.0.0.1:41234" */
	const char *access_key, *secret_key;
	const char *ca_file;        /* NULL without TLS */
	uint16_t port;
};

/*
 * Starts a server in this process; it accepts connections when this returns.
 * *Errors:* XF_INVALID (a fault rule, an address), XF_IO (the port is taken, the
 * folder cannot be used), XF_STATE (the folder is in use), XF_TLS, XF_NOMEM.
 */
enum xf_status xf_endpoint_start(struct xf_endpoint **out, const struct xf_endpoint_options *options,
				 struct xf_error *err);
/* Ends what is held or under way, waits for the server's threads, frees. NULL is fine. */
void xf_endpoint_stop(struct xf_endpoint *e);
/*
 * Requests for that part are answered with this error status from now on; 0: no more. *Thread:* any.
 * *Errors:* XF_INVALID.
 */
enum xf_status xf_endpoint_fail_part(struct xf_endpoint *e, uint32_t part, uint32_t http_status);

struct xf_endpoint_info xf_endpoint_info(const struct xf_endpoint *e);

/*
 * The body of `xferdb serve`: starts, writes KEY=VALUE lines (ENDPOINT_URL,
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, with TLS CA_FILE) to out_fd,
 * and serves until SIGINT or SIGTERM, or, with until_fd >= 0, until the other
 * ends of that socket are all closed. What is written there, eight bytes a time, a part's number and
 * a status (native uint32_t), is xf_endpoint_fail_part(); the same eight bytes come back when it holds. The main thread of a process of its own:
 * takes over the two signals. *Errors:* as xf_endpoint_start().
 */
enum xf_status xf_endpoint_serve(const struct xf_endpoint_options *options, int out_fd, int until_fd,
				 struct xf_error *err);

#endif
