/*
 * payload: a body on its way to the wire: hashed before or while it is sent,
 * framed where a trailer follows, counted for progress.
 *
 * Over plain http the checksum is a header and the signature covers the bytes: one pass computes
 * both, a second one sends. Over https the checksum follows the bytes in a trailer
 * (aws-chunked, 1 MiB chunks), and one pass does it all.
 *
 * One per call, used again for every attempt. *Thread:* the call's.
 */
#ifndef XF_S3_PAYLOAD_H
#define XF_S3_PAYLOAD_H

#include "core/s3/body.h"
#include "core/s3/checksum.h"
#include "core/s3/client.h"

enum {
	XF_PAYLOAD_CHUNK = 1 << 20,          /* aws-chunk */
	XF_PROGRESS_STEP = 256 << 10,        /* s3transfer's aggregation */
};

struct xf_payload {
	/* set by init */
	const struct xf_body *source;
	const struct xf_call_hooks *hooks;   /* may be NULL */
	enum xf_checksum algorithm;          /* NONE: no checksum */
	bool trailer;                        /* aws-chunked, checksum behind the bytes */
	/* results */
	struct xf_digest checksum;           /* after the hash pass, or after sending with trailer */
	struct xf_digest sha256;             /* after a hash pass that asked for it */
	/* sending */
	struct xf_body wire;
	struct xf_hasher hasher;             /* trailer only */
	bool hashing;                        /* hasher is initialised */
	bool ended;                          /* the last frame has been made */
	uint64_t at;                         /* source bytes read in this attempt */
	uint64_t chunk_left;
	char frame[192];                     /* text between the data */
	size_t frame_len, frame_at;
	uint64_t reading_ns;                 /* of this pass: hashing, or sending */
	int64_t pending;                     /* progress not yet reported; negative after a rewind */
};

void xf_payload_init(struct xf_payload *p, const struct xf_body *source,
		     const struct xf_call_hooks *hooks, enum xf_checksum algorithm, bool trailer);
void xf_payload_fini(struct xf_payload *p);

/*
 * One pass over the source: the checksum (unless it is a trailer) and, when asked,
 * the SHA-256. Reports hooks->hashing and hooks->hashed. *Errors:* the source's, XF_CANCELLED.
 */
enum xf_status xf_payload_hash(struct xf_payload *p, bool sha256, struct xf_error *err);

/* An attempt begins: what the last one read is taken off silently. XF_NOMEM. */
enum xf_status xf_payload_rewind(struct xf_payload *p);
/* The body to send: valid until the next rewind. */
const struct xf_body *xf_payload_wire(struct xf_payload *p);
/*
 * For a body whose bytes need not be looked at while they are sent: before so many go, and behind them.
 * ctx is the payload. *Errors:* the hooks'.
 */
enum xf_status xf_payload_admit(void *payload, size_t len, struct xf_error *err);
enum xf_status xf_payload_passed(void *payload, size_t len, uint64_t waited_ns, struct xf_error *err);
/* The call is over: reports what is pending. *Errors:* the callback's. */
enum xf_status xf_payload_flush(struct xf_payload *p, struct xf_error *err);

/* How long a source of that size becomes, with a trailer of algorithm's. */
uint64_t xf_payload_framed_size(uint64_t size, enum xf_checksum algorithm);

#endif
