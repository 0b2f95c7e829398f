/* list: see list.h. */
#include "core/endpoint/list.h"

#include <string.h>

size_t xf_ep_list_find(const void *ctx, size_t nr_keys, xf_ep_key_fn key_at, const char *key,
		       bool strict)
{
	size_t low = 0, high = nr_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key_at(ctx, middle), key);
		if (order < 0 || (strict && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first position at or behind `from` whose key does not begin with these len bytes. */
static size_t behind_prefix(const void *ctx, size_t from, size_t nr_keys, xf_ep_key_fn key_at,
			    const char *prefix, size_t len)
{
	size_t low = from, high = nr_keys;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strncmp(key_at(ctx, middle), prefix, len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Bytes of key up to and with the first delimiter behind the prefix; 0: it does not roll up. */
static size_t rolled_len(const char *key, size_t prefix_len, const char *delimiter)
{
	const char *at = *delimiter ? strstr(key + prefix_len, delimiter) : NULL;

	return at ? (size_t)(at - key) + strlen(delimiter) : 0;
}

static size_t first_position(const struct xf_ep_list_query *q, const void *ctx, size_t nr_keys,
			     xf_ep_key_fn key_at)
{
	size_t prefix = strlen(q->prefix), len = strlen(q->after);
	size_t from = xf_ep_list_find(ctx, nr_keys, key_at, q->prefix, false);
	size_t after = *q->after ? xf_ep_list_find(ctx, nr_keys, key_at, q->after, true) : 0;

	if (len > prefix && !strncmp(q->after, q->prefix, prefix) &&
	    rolled_len(q->after, prefix, q->delimiter) == len)
		after = behind_prefix(ctx, after, nr_keys, key_at, q->after, len);
	return after > from ? after : from;
}

void xf_ep_list(const struct xf_ep_list_query *q, const void *ctx, size_t nr_keys,
		xf_ep_key_fn key_at, struct xf_ep_list_page *page)
{
	size_t prefix = strlen(q->prefix);
	size_t i = first_position(q, ctx, nr_keys, key_at);

	page->count = 0;
	page->truncated = false;
	while (i < nr_keys && !strncmp(key_at(ctx, i), q->prefix, prefix)) {
		if (page->count == q->max) {
			page->truncated = q->max > 0;
			return;
		}
		const char *key = key_at(ctx, i);
		size_t rolled = rolled_len(key, prefix, q->delimiter);
		page->entries[page->count++] = (struct xf_ep_list_entry){ i, rolled };
		i = rolled ? behind_prefix(ctx, i, nr_keys, key_at, key, rolled) : i + 1;
	}
}
