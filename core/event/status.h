/*
 * status: what can go wrong, in one table, and the error a person will read.
 *
 * What can fail returns enum xf_status; XF_OK is 0. Where somebody will want to
 * know more, the last parameter is a struct xf_error owned by the caller and
 * filled where the cause is known. It is printed once, at the top.
 */
#ifndef XF_EVENT_STATUS_H
#define XF_EVENT_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* ORDER status: X(enumerator, word, sentence) */
#define XF_STATUS_MAP(X)                                                                           \
	X(XF_OK, "ok", "success")                                                                  \
	X(XF_NOMEM, "out-of-memory", "out of memory")                                              \
	X(XF_INVALID, "invalid", "an argument or a setting is not valid")                          \
	X(XF_NOT_FOUND, "not-found", "it does not exist")                                          \
	X(XF_DENIED, "denied", "permission denied")                                                \
	X(XF_IO, "io", "reading or writing failed")                                                \
	X(XF_FORMAT, "format", "the data is not in the expected format")                           \
	X(XF_VERSION, "version", "the format has a version this program does not know")            \
	X(XF_SHORT_READ, "short-read", "the source ended before the bytes it promised")            \
	X(XF_TOO_MANY_PARTS, "too-many-parts", "the object needs more than 10,000 parts")          \
	X(XF_CREDENTIALS, "credentials", "no usable credentials")                                  \
	X(XF_RESOLVE, "resolve", "the host name could not be resolved")                            \
	X(XF_CONNECT, "connect", "the connection could not be made")                               \
	X(XF_TLS, "tls", "the TLS connection could not be made or verified")                       \
	X(XF_CLOSED, "closed", "the connection was closed before the answer was complete")         \
	X(XF_TIMEOUT, "timeout", "no answer within the time limit")                                \
	X(XF_SERVICE, "service", "the service answered with an error")                             \
	X(XF_BAD_REPLY, "bad-reply", "the service's answer could not be understood")               \
	X(XF_NO_ETAG, "no-etag", "the service answered success without an ETag")                   \
	X(XF_CHECKSUM, "checksum", "a checksum does not match")                                    \
	X(XF_CHANGED, "changed", "the object or file changed while it was transferred")            \
	X(XF_CANCELLED, "cancelled", "the transfer was cancelled")                                 \
	X(XF_INTERRUPTED, "interrupted", "interrupted by a signal")                                \
	X(XF_SHUTDOWN, "shutdown", "no new work is accepted after shutdown")                       \
	X(XF_STATE, "state", "not allowed in this state")                                          \
	X(XF_UNSUPPORTED, "unsupported", "not supported here")                                     \
	X(XF_AGAIN, "again", "not now; try again")                                                 \
	X(XF_END, "end", "there is no more")

enum xf_status {
#define XF_X(id, word, sentence) id,
	XF_STATUS_MAP(XF_X)
#undef XF_X
	XF_STATUS_COUNT
};

/* The status' word ("short-read") and its sentence; static strings, never NULL. */
const char *xf_status_word(enum xf_status status);
const char *xf_status_sentence(enum xf_status status);

/*
 * One error. All text is plain, without secrets, without a final full stop or
 * newline; text that came from the network has been through xf_text_sanitise().
 */
struct xf_error {
	enum xf_status status;
	int os_errno;          /* 0: none */
	int http_status;       /* 0: no HTTP answer */
	uint32_t part;         /* 0: not about a part */
	char code[64];         /* the service's code ("AccessDenied"), or the status' word */
	char operation[32];    /* the S3 operation ("UploadPart"), or "" */
	char request_id[64];   /* the service's request id, or "" */
	char message[384];     /* one sentence: what, where, what to do */
};

#define XF_ERROR_INIT ((struct xf_error){ .status = XF_OK })

/*
 * Fills *err (err may be NULL) and returns status, so that a function can end
 * with `return xf_fail(err, XF_IO, "…", …);`. An error already set is kept: the
 * first cause wins. xf_fail_errno() adds the text of os_errno.
 */
enum xf_status xf_fail(struct xf_error *err, enum xf_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum xf_status xf_fail_errno(struct xf_error *err, enum xf_status status, int os_errno,
			     const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Copies text of foreign origin to dst (cap bytes, always terminated), with
 * control characters, escape sequences and invalid UTF-8 replaced by '?'.
 */
void xf_text_sanitise(char *dst, size_t cap, const char *src, size_t len);

#endif
