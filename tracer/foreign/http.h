/*
 * http: an incremental parser for the messages of one direction of an HTTP/1
 * connection, pure: bytes in, callbacks out.
 *
 * It may be fed any cut of the stream, down to single bytes (botocore reads
 * "100 Continue" byte by byte), and gives the same callbacks for all of them.
 * Headers are looked at one by one and kept only when a table wants them, so
 * that no credential is ever copied: a header nobody wants is passed over as it
 * streams by, and so is every query parameter but partNumber and uploadId.
 */
#ifndef TR_FOREIGN_HTTP_H
#define TR_FOREIGN_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TR_HTTP_PATH_MAX = 1152,  /* decoded: a bucket, a key of 1024 bytes, two slashes */
	TR_HTTP_VALUE_MAX = 256,
	TR_HTTP_ID_MAX = 256,
	TR_HTTP_HEAD_MAX = 65536, /* a longer head is not HTTP, or not for us */
};

/* Facts of a head: bits of tr_http_head.facts. */
enum {
	TR_HTTP_CHUNKED = 1 << 0,
	TR_HTTP_HAS_LENGTH = 1 << 1,
	TR_HTTP_EXPECT = 1 << 2,        /* Expect: 100-continue */
	TR_HTTP_CLOSE = 1 << 3,         /* Connection: close, or HTTP/1.0 without keep-alive */
	TR_HTTP_COPY = 1 << 4,          /* x-amz-copy-source */
	TR_HTTP_UPGRADE = 1 << 5,
	TR_HTTP_PATH_CUT = 1 << 6,      /* the path did not fit */
	TR_HTTP_PRESIGNED = 1 << 7,     /* the query carried a signature (which was not kept) */
	TR_HTTP_FORM = 1 << 8,          /* Content-Type: multipart/form-data */
};

/* Query parameters that change the meaning of an S3 request: bits of tr_http_head.query. */
enum {
	TR_QUERY_UPLOADS = 1 << 0,
	TR_QUERY_UPLOAD_ID = 1 << 1,
	TR_QUERY_PART_NUMBER = 1 << 2,
	TR_QUERY_SUBRESOURCE = 1 << 3,  /* acl, tagging, policy, … */
};

/* What is kept of one head. */
struct tr_http_head {
	char method[12];                /* request */
	uint16_t status;                /* response */
	uint8_t minor;                  /* HTTP/1.minor */
	uint16_t facts, query;
	uint32_t part_number;
	uint64_t length;                /* Content-Length */
	uint64_t decoded_length;        /* x-amz-decoded-content-length, or 0 */
	char path[TR_HTTP_PATH_MAX];    /* request: percent-decoded, without query */
	char upload_id[TR_HTTP_ID_MAX];
	char host[TR_HTTP_VALUE_MAX];
	char etag[TR_HTTP_VALUE_MAX];   /* response: without quotes */
	char request_id[TR_HTTP_VALUE_MAX];
};

struct tr_http;

struct tr_http_ops {
	/*
	 * A head is complete. Returns whether a body may follow it; for requests
	 * what the head says always holds, for responses the request decides too
	 * (HEAD). The head is borrowed until the next message begins.
	 */
	bool (*head)(void *ctx, const struct tr_http_head *head);
	/* Bytes of the body, transfer coding taken off. */
	void (*body)(void *ctx, const char *bytes, size_t len);
	/* The message is complete; body_len: its bytes without transfer coding. */
	void (*end)(void *ctx, uint64_t body_len);
};

enum tr_http_state {
	TR_HTTP_START, TR_HTTP_METHOD, TR_HTTP_TARGET, TR_HTTP_PATH, TR_HTTP_QUERY_NAME,
	TR_HTTP_QUERY_VALUE, TR_HTTP_VERSION, TR_HTTP_STATUS, TR_HTTP_REASON,
	TR_HTTP_NAME, TR_HTTP_VALUE, TR_HTTP_BODY, TR_HTTP_CHUNK_SIZE, TR_HTTP_CHUNK_EXTENSION,
	TR_HTTP_CHUNK_DATA, TR_HTTP_CHUNK_END, TR_HTTP_TRAILER, TR_HTTP_UNTIL_CLOSE, TR_HTTP_LOST,
};

/* One direction. All zero and tr_http_init() begin a stream. */
struct tr_http {
	enum tr_http_state state;
	bool response;
	bool version2;               /* lost because it is HTTP/2 */
	uint8_t wanted;              /* row of the table the header or parameter matches, from 1 */
	uint8_t escape;              /* of a percent escape: digits still to come */
	uint8_t escaped;
	uint16_t used;               /* bytes in word or in the field being filled */
	uint32_t head_len;
	uint32_t line_len;           /* trailers: bytes of this line */
	uint64_t left;               /* of the body or chunk */
	uint64_t body_len;
	char word[TR_HTTP_VALUE_MAX];
	struct tr_http_head head;
};

void tr_http_init(struct tr_http *h, bool response);

/* Takes len bytes of the stream. After the first that make no sense the state is TR_HTTP_LOST for good. */
void tr_http_feed(struct tr_http *h, const void *bytes, size_t len, const struct tr_http_ops *ops,
		  void *ctx);

/* len bytes of a body went by unseen. Lost, if they cannot have been body. */
void tr_http_skip(struct tr_http *h, uint64_t len, const struct tr_http_ops *ops, void *ctx);

/* The stream has ended: a body that lasts until the close is complete. True: it ended between messages. */
bool tr_http_finish(struct tr_http *h, const struct tr_http_ops *ops, void *ctx);

/* Begins the next message whatever the last one promised (a body refused before it was sent). */
void tr_http_restart(struct tr_http *h);

static inline bool tr_http_idle(const struct tr_http *h)
{
	return h->state == TR_HTTP_START && h->head_len == 0;
}

#endif
