/*
 * range: byte ranges and the conditions of a request. Values in, values out.
 *
 * Behaviour: RFC 9110 sections 13 and 14 as GetObject and HeadObject apply them:
 * a Range that cannot be read, or one that asks for several pieces, is ignored.
 */
#ifndef XF_ENDPOINT_RANGE_H
#define XF_ENDPOINT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum xf_ep_range {
	XF_EP_RANGE_ALL,     /* no range, or one to ignore: 200 */
	XF_EP_RANGE_PART,    /* 206 */
	XF_EP_RANGE_OUTSIDE, /* 416 */
};

/* header: "bytes=0-99", "bytes=100-", "bytes=-5", or NULL. Outputs for PART and ALL. */
enum xf_ep_range xf_ep_range_parse(const char *header, uint64_t size, uint64_t *first,
				   uint64_t *length);

/* x-amz-copy-source-range: exactly "bytes=first-last", inside the size; false otherwise. */
bool xf_ep_range_copy(const char *header, uint64_t size, uint64_t *first, uint64_t *length);

/* The four conditional headers; NULL: absent. */
struct xf_ep_conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since;
};

enum xf_ep_condition {
	XF_EP_CONDITION_HOLDS,
	XF_EP_CONDITION_NOT_MODIFIED, /* 304 for GET and HEAD */
	XF_EP_CONDITION_FAILED,       /* 412 */
};

/* Against a representation that exists; etag without quotes, modified in seconds. */
enum xf_ep_condition xf_ep_conditions_check(const struct xf_ep_conditions *c, const char *etag,
					    int64_t modified);

/* Does a list of entity tags ("a", "b", or *) name this one? Quotes may be missing, W/ is ignored. */
bool xf_ep_etag_listed(const char *list, const char *etag);

#endif
