/*
 * http: one HTTP exchange after the other, over libcurl, on one thread.
 *
 * struct xf_http is what a worker owns: a multi handle with one easy handle, and
 * through it connections kept alive from one request to the next. It knows HTTP/1.1
 * and nothing of S3. What is decided here:
 *
 *  - Time is ours. connect and read limits (60 s each, as botocore; the second
 *    is time without any progress) run on xf_gate_now_ns(), which leaves time
 *    spent stopped or held out; libcurl's own limits are off.
 *  - `Expect: 100-continue` is ours: after 100 the body goes; a final answer is the answer,
 *    the body stays here and the connection is closed; after 1 s of
 *    silence the body goes anyway.
 *  - A final answer in mid-body ends the sending, also one that a broken connection
 *    still holds. A success among those is none: nobody can have stored what
 *    was not sent (XF_BAD_REPLY), unless there was nothing to store.
 *  - Nothing is sent twice silently: no redirects, no rewind, no second
 *    connection for one request. A retry is the caller's, and a request of its own.
 *  - Interim 1xx answers are read over.
 *
 * Events: request_start, connected, tls_done, continued, body_sent, first_byte,
 * response, connection_closed, each an XF_EVENT (no lock is held). Neither
 * addresses with their query nor headers nor bodies enter a record.
 *
 * *Thread:* all functions but xf_http_interrupt(): the owner.
 */
#ifndef XF_S3_HTTP_H
#define XF_S3_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"
#include "core/s3/body.h"
#include "core/s3/headers.h"

struct xf_http;

struct xf_http_options {
	const char *ca_bundle;       /* NULL: the system's */
	bool no_verify;              /* accept any certificate */
	uint64_t connect_timeout_ns; /* 0: 60 s */
	uint64_t read_timeout_ns;    /* 0: 60 s */
	uint64_t expect_wait_ns;     /* 0: 1 s */
};

/* Once, before the first thread (libcurl and OpenSSL set themselves up); idempotent. */
enum xf_status xf_http_global_init(void);

/* options is copied. *Errors:* XF_NOMEM, XF_NOT_FOUND (the CA bundle). */
enum xf_status xf_http_new(const struct xf_http_options *options, struct xf_http **out,
			   struct xf_error *err);
/* Closes the kept connections (connection_closed). NULL is fine. */
void xf_http_free(struct xf_http *http);

/*
 * Makes a request under way ask its `go` again at once. *Thread:* any, while
 * http lives; not from a signal handler (a helper thread there).
 */
void xf_http_interrupt(struct xf_http *http);

/* Whether a request may go on; asked before each read of the body and at every wake-up. */
enum xf_go {
	XF_GO_ON,
	XF_GO_HURRY,        /* go on for now, and ask again within 50 ms: somebody is losing patience */
	XF_GO_NO_MORE_BODY, /* stop at the next read of the body; an answer that is awaited is awaited */
	XF_GO_DROP,         /* drop the connection now */
};

/* What the exchange tells its caller while it runs, on the owner's thread. Any may be NULL. */
struct xf_http_watch {
	void *ctx;
	enum xf_go (*go)(void *ctx);
	/* The last byte of the request is with the kernel; right after the event body_sent. */
	void (*sent)(void *ctx);
};

/* Where the body of a 2xx answer goes as it comes in. Not XF_OK: ends the request. */
typedef enum xf_status (*xf_http_sink_fn)(void *ctx, const void *bytes, size_t len,
					  struct xf_error *err);

/*
 * A body whose bytes need not be looked at again: over plain http, behind a 100 or the silent second, they go
 * from where they lie to the socket (push.h). libcurl makes the connection, sends the head and reads the answer.
 */
struct xf_http_direct {
	const struct xf_body *source;     /* the same bytes as the request's body */
	void *ctx;
	enum xf_status (*admit)(void *ctx, size_t len, struct xf_error *err);  /* before so many are sent */
	/* so many were; the file was waited for that long */
	enum xf_status (*passed)(void *ctx, size_t len, uint64_t waited_ns, struct xf_error *err);
};

/* What is sent. Everything is borrowed for the call. */
struct xf_http_request {
	const char *method;
	const char *url;                  /* with query, as it goes on the wire; never recorded */
	const struct xf_headers *headers; /* Host, Content-Length, Transfer-Encoding are libcurl's */
	const struct xf_body *body;       /* NULL: none. Read in order, from 0 to size, each byte once */
	const struct xf_http_direct *direct; /* NULL: body is read. Heeded where it can be: with expect, no TLS, no proxy */
	bool chunked;                     /* Transfer-Encoding: chunked; no Content-Length */
	bool expect;                      /* Expect: 100-continue, whatever the size */
	bool hollow;                      /* the body is framing around nothing: an early success is one */
	bool no_proxy;                    /* whatever the environment says */
	/* for the record */
	enum xf_op op;
	uint32_t transfer, part;
	unsigned attempt;
	const struct xf_http_watch *watch; /* may be NULL */
	/*
	 * Called behind request_start, where a thread may have been held for long: the
	 * place to sign, and to fill what `headers` points to. Not XF_OK: nothing is
	 * sent. May be NULL.
	 */
	enum xf_status (*prepare)(void *prepare_ctx, struct xf_error *err);
	void *prepare_ctx;
	/* the answer */
	xf_http_sink_fn sink;             /* NULL: 2xx bodies are kept in the reply, too */
	void *sink_ctx;
	/* 2xx headers are complete and the sink comes next; called with sink_ctx; may be NULL */
	enum xf_status (*head)(void *ctx, int status, const struct xf_headers *headers,
			       struct xf_error *err);
};

/* What came back. Init before the first use, then again and again, fini at the end. */
struct xf_http_reply {
	int status;                 /* 0: none came */
	struct xf_headers headers;  /* of the final answer; raw: sanitise before showing */
	char *body;                 /* kept bytes, always terminated; NULL: none */
	size_t body_len;
	size_t body_cap;
	uint64_t received;          /* body bytes in all, the sink's included */
	uint64_t sent;              /* body bytes that left, as far as known */
	uint32_t request;           /* its number in the trace */
	bool body_complete;         /* the request body was sent in full */
	bool began;                 /* the request line was sent: the service may have acted */
};

#define XF_HTTP_REPLY_INIT ((struct xf_http_reply){ 0 })
void xf_http_reply_fini(struct xf_http_reply *reply);

/*
 * One exchange. Returns XF_OK for any complete answer, whatever its status.
 * Kept bodies are limited to 32 MiB.
 * *Thread:* the owner; blocks until the answer, a limit, or `go`.
 * *Errors:* XF_RESOLVE, XF_CONNECT, XF_TLS, XF_TIMEOUT, XF_CLOSED (reset, truncated,
 * a kept connection that was dead), XF_BAD_REPLY (not HTTP, too long, early
 * success), XF_SHORT_READ / XF_IO (the source), XF_CANCELLED (`go`), what
 * the body's read, head or sink returned, XF_NOMEM.
 */
enum xf_status xf_http_exchange(struct xf_http *http, const struct xf_http_request *request,
				struct xf_http_reply *reply, struct xf_error *err);

#endif
