/*
 * request: what the caller of a manager asks for: an upload, or a download. Everything is borrowed
 * until xf_manager_free() unless it says otherwise.
 */
#ifndef XF_TRANSFER_REQUEST_H
#define XF_TRANSFER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct xf_extra;
struct xf_subscriber;

/* Where the bytes come from: a file by name, or an open descriptor (seekable, or a pipe). */
struct xf_upload_request {
	uint32_t call;              /* the call on trial it belongs to; for the trace */
	const char *path;           /* a file name; or NULL, and: */
	int fd;                     /* from its current position on; stays the caller's, never closed */
	const char *name;           /* what to call fd in texts ("stdin") */
	const char *bucket, *key;
	const struct xf_extra *extra;             /* may be NULL; borrowed until xf_manager_free() */
	const struct xf_subscriber *subscribers;  /* nr_subscribers of them; borrowed likewise */
	unsigned nr_subscribers;
	/*
	 * Continue the newest unfinished multipart upload of the key: parts that are there and hold
	 * our bytes are not sent again. Without one: an upload as any other.
	 */
	bool resume;
};

/* Where the bytes go: a file by name, or an open descriptor. */
struct xf_download_request {
	uint32_t call;
	const char *path;           /* written under a temporary name, then renamed; or NULL, and: */
	int fd;                     /* from its current position on; stays the caller's */
	const char *name;           /* what to call fd in texts ("stdout"); borrowed until free */
	const char *bucket, *key;
	const char *etag;           /* known from elsewhere, with size: no HEAD is made; or NULL */
	uint64_t size;
	const struct xf_extra *extra;             /* as for uploads */
	const struct xf_subscriber *subscribers;
	unsigned nr_subscribers;
};

#endif
