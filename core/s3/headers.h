/*
 * headers: an ordered list of name and value, owned copies; for requests,
 * replies and query parameters alike. Names compare without case.
 */
#ifndef XF_S3_HEADERS_H
#define XF_S3_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event/status.h"

struct xf_header {
	char *name;
	char *value;
};

struct xf_headers {
	struct xf_header *items;
	size_t nr;
	size_t cap;
	bool nomem; /* an addition failed: asked once at the end, by xf_headers_ok() */
};

#define XF_HEADERS_INIT ((struct xf_headers){ 0 })

/* Appends; a NULL value adds nothing. *Errors:* none at once, see xf_headers_ok(). */
void xf_headers_add(struct xf_headers *h, const char *name, const char *value);
void xf_headers_addf(struct xf_headers *h, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void xf_headers_add_n(struct xf_headers *h, const char *name, size_t name_len, const char *value,
		      size_t value_len);
/* Replaces the first of that name, or appends. */
void xf_headers_set(struct xf_headers *h, const char *name, const char *value);
/* The first value of that name, NULL when there is none. */
const char *xf_headers_get(const struct xf_headers *h, const char *name);
/* XF_NOMEM when any addition has failed. */
enum xf_status xf_headers_ok(const struct xf_headers *h);
/* Empties the list and keeps its storage / frees everything. */
void xf_headers_clear(struct xf_headers *h);
void xf_headers_fini(struct xf_headers *h);

#endif
