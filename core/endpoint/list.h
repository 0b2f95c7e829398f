/*
 * list: which keys and common prefixes a page of a listing holds. Arithmetic
 * over a sorted sequence; no store, no I/O.
 *
 * Behaviour: ListObjects, ListObjectsV2 and ListMultipartUploads (Amazon S3 API
 * Reference): keys in byte order; keys that share what stands between the prefix
 * and the next delimiter roll up into one common prefix, which counts as one
 * entry.
 */
#ifndef XF_ENDPOINT_LIST_H
#define XF_ENDPOINT_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct xf_ep_list_query {
	const char *prefix;    /* "" for all */
	const char *delimiter; /* "" for none; may be longer than a byte */
	const char *after;     /* only what sorts behind it; "" from the start */
	size_t max;            /* entries */
};

/* The key at position i; keys ascend in the order of strcmp(), equal ones allowed. */
typedef const char *(*xf_ep_key_fn)(const void *ctx, size_t i);

/* One entry: the key at `index`, or with prefix_len > 0 the common prefix of that many bytes of it. */
struct xf_ep_list_entry {
	size_t index;
	size_t prefix_len;
};

struct xf_ep_list_page {
	struct xf_ep_list_entry *entries; /* room for query->max, the caller's */
	size_t count;
	bool truncated;                   /* there is more */
};

/* after, when it is itself a common prefix, means: behind all keys under it. */
void xf_ep_list(const struct xf_ep_list_query *query, const void *ctx, size_t nr_keys,
		xf_ep_key_fn key_at, struct xf_ep_list_page *page);

/* The first position whose key is >= `key` (strict: > `key`). */
size_t xf_ep_list_find(const void *ctx, size_t nr_keys, xf_ep_key_fn key_at, const char *key,
		       bool strict);

#endif
