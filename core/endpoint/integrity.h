/*
 * integrity: Content-MD5 and x-amz-checksum-*: what a request promises about its
 * body, and whether it came true; SSE-C keys.
 */
#ifndef XF_ENDPOINT_INTEGRITY_H
#define XF_ENDPOINT_INTEGRITY_H

#include "core/endpoint/call.h"

/* Reads the promises; may decide the answer (InvalidDigest, InvalidRequest). */
void xf_ep_integrity_begin(struct xf_ep_call *c);
/* The algorithms the body has to go through, as XF_CHECKSUM_BITs. */
uint32_t xf_ep_integrity_set(const struct xf_ep_call *c);
/* After the body: compares; may decide the answer (BadDigest, XAmzContentSHA256Mismatch, …). */
void xf_ep_integrity_check(struct xf_ep_call *c);

/* The only x-amz-checksum-ALGORITHM header; NONE without one; may decide the answer. */
enum xf_checksum xf_ep_sum_header(struct xf_ep_call *c, const char **value);
/* x-amz-checksum-… and x-amz-checksum-type into the answer's headers; nothing for NONE. */
void xf_ep_answer_sum(struct xf_ep_call *c, const struct xf_ep_sum *sum, bool with_type);
/* The same as elements. */
void xf_ep_element_sum(struct xf_buf *out, const struct xf_ep_sum *sum, bool with_type);

/*
 * Reads the SSE-C headers with this prefix ("x-amz-server-side-encryption-customer-")
 * into key_md5, "" when there are none. False: the answer is decided.
 */
bool xf_ep_sse_c(struct xf_ep_call *c, const char *prefix, char key_md5[XF_EP_KEY_MD5_SIZE]);
/* May something stored with `stored` be read with `given`? False: the answer is decided. */
bool xf_ep_sse_c_allows(struct xf_ep_call *c, const char *stored, const char *given);
void xf_ep_answer_sse_c(struct xf_ep_call *c, const char *key_md5);

#endif
