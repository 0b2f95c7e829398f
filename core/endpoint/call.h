/*
 * call: one request from its headers to its answer, without the HTTP library.
 *
 *     begin    headers are in: may already decide the answer (the body is not read then)
 *     data     a piece of the body, as often as it takes
 *     finish   the body is over: the operation takes effect and the answer is made
 *
 * One thread at a time per call; calls of one site run side by side.
 */
#ifndef XF_ENDPOINT_CALL_H
#define XF_ENDPOINT_CALL_H

#include <stdatomic.h>

#include "core/endpoint/auth.h"
#include "core/endpoint/body.h"
#include "core/endpoint/fault.h"
#include "core/endpoint/message.h"
#include "core/endpoint/store.h"

/* The account every bucket belongs to. */
#define XF_EP_OWNER "123456789012"
#define XF_EP_OWNER_ID "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"

/* Limits of S3. */
#define XF_EP_OBJECT_MAX (5ull << 30)  /* one PUT, one part */
#define XF_EP_PART_MIN (5ull << 20)    /* all parts but the last */
enum { XF_EP_DOCUMENT_MAX = 8 << 20, XF_EP_KEY_MAX = 1024, XF_EP_METADATA_MAX = 2048, XF_EP_PARTS = 10000 };

/* What all requests share. Set before the first; the store and the rules lock themselves. */
struct xf_ep_site {
	struct xf_ep_store *store;
	struct xf_ep_keys keys;
	const char *domain;        /* NULL: localhost only */
	bool auto_bucket;
	struct xf_ep_fault *rules;
	size_t nr_rules;
	_Atomic uint16_t part_status[XF_EP_PARTS + 1]; /* by part number: answered so from now on; 0: not. Any thread */
	uint64_t part_min;         /* XF_EP_PART_MIN */
};

struct xf_ep_call;

struct xf_ep_post;

/* FORM: multipart/form-data, in which a STREAM lies; who sends it and where to is said in it (op_post.c). */
enum xf_ep_body_kind { XF_EP_BODY_NONE, XF_EP_BODY_STREAM, XF_EP_BODY_DOCUMENT, XF_EP_BODY_FORM };

enum {
	XF_EP_OP_LENGTH = 1,   /* Content-Length is required: 411 */
	XF_EP_OP_MAKES = 2,    /* --auto-bucket makes the bucket for it */
	XF_EP_OP_NO_BUCKET = 4, /* whether the bucket exists is its own matter */
	XF_EP_OP_WHOLE = 8,    /* x-amz-checksum-* is about the object, not about this body */
};

/* One operation. begin and finish may be NULL; each may decide the answer. */
struct xf_ep_op {
	const char *name;          /* S3's: "UploadPart" */
	const char *word;          /* ours, for fault rules: "part" */
	enum xf_ep_body_kind body;
	unsigned flags;
	void (*begin)(struct xf_ep_call *c);
	void (*finish)(struct xf_ep_call *c);
	const char *arg;           /* for operations that share a function */
};

struct xf_ep_call {
	struct xf_ep_site *site;
	struct xf_ep_request request;
	struct xf_ep_reply reply;
	const struct xf_ep_op *op;
	struct xf_ep_access access;
	struct xf_ep_harm harm;
	/* the body */
	bool receiving;
	struct xf_ep_body body;
	struct xf_hasher hasher;
	struct xf_digest digests[XF_CHECKSUM_COUNT]; /* after the body: what was asked for */
	struct xf_ep_blob *blob;   /* STREAM, FORM */
	struct xf_ep_post *post;   /* FORM */
	bool unsigned_form;        /* … whose policy has to be signed */
	struct xf_buf document;    /* DOCUMENT */
	uint64_t expected;         /* decoded bytes of the whole body; UINT64_MAX: unknown */
	/* what the headers promise about it: integrity.h */
	enum xf_checksum algorithm;
	bool in_trailer;
	struct xf_digest declared, declared_md5;
	/* what the operation found */
	struct xf_ep_object *object;
	struct xf_ep_upload *upload;
	struct xf_ep_guard guard;
	uint32_t part_number;
	char key_md5[XF_EP_KEY_MD5_SIZE]; /* SSE-C: of the key in this request; "" */
};

/* request is filled by parse before. Sets reply.status when the answer is decided. */
void xf_ep_call_begin(struct xf_ep_call *c, enum xf_ep_code parse_error);
void xf_ep_call_data(struct xf_ep_call *c, const void *data, size_t len);
void xf_ep_call_finish(struct xf_ep_call *c);
void xf_ep_call_fini(struct xf_ep_call *c);

/* The operation for a request; on NULL *code says why not. */
const struct xf_ep_op *xf_ep_route(const struct xf_ep_request *r, enum xf_ep_code *code);

/* ---- for operations */

static inline bool xf_ep_decided(const struct xf_ep_call *c)
{
	return c->reply.status != 0;
}

/* May decide the answer: bucket, key and owner by their form; whether the bucket is there, or can be made. */
void xf_ep_check_names(struct xf_ep_call *c);
void xf_ep_check_bucket(struct xf_ep_call *c);
/* Makes ready for the object's bytes, of which so many are expected; may decide the answer. */
void xf_ep_take_body(struct xf_ep_call *c, uint64_t expected);
/* Some of them. False: they cannot be kept. */
bool xf_ep_take_bytes(struct xf_ep_call *c, const void *data, size_t len);

/* Answers with an error; message NULL: the usual one. */
void xf_ep_fail(struct xf_ep_call *c, enum xf_ep_code code, const char *message);
/* The same for a store's status; XF_NOT_FOUND means `missing`. */
void xf_ep_fail_status(struct xf_ep_call *c, enum xf_status status, enum xf_ep_code missing);
/* Adds a header to the answer. */
void xf_ep_answer(struct xf_ep_call *c, const char *name, const char *value);
/* ETag with its quotes. */
void xf_ep_answer_etag(struct xf_ep_call *c, const char *etag);
/* Closes the root element of a document. */
void xf_ep_document_end(struct xf_ep_call *c, const char *root);

#endif
