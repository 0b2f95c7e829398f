/*
 * policy: the document that a POST form brings along: until when, and what its fields and its file have to be.
 * Pure; whether it is signed is auth_form's.
 *
 * Behaviour: "POST Policy" (Amazon S3 Developer Guide), and where that says nothing the answers S3 has been seen to give.
 */
#ifndef XF_ENDPOINT_POLICY_H
#define XF_ENDPOINT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint/errors.h"
#include "core/s3/headers.h"

struct xf_ep_policy {
	uint64_t least, most;      /* bytes the file may have */
	enum xf_ep_code code;      /* refused: why */
	char message[512];         /* … in S3's words */
};

/*
 * Is the form as the policy (base64, as sent) has it? fields: all before the file, variables replaced. now in
 * milliseconds. False: code and message say what is not.
 */
bool xf_ep_policy_check(struct xf_ep_policy *p, const char *base64, const struct xf_headers *fields,
			const char *bucket, int64_t now_ms);

#endif
