#include "core/s3/headers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct xf_header *find(const struct xf_headers *h, const char *name)
{
	for (size_t i = 0; i < h->nr; i++)
		if (!strcasecmp(h->items[i].name, name))
			return &h->items[i];
	return NULL;
}

static bool reserve(struct xf_headers *h)
{
	if (h->nr < h->cap)
		return true;
	size_t cap = h->cap ? 2 * h->cap : 16;
	struct xf_header *items = realloc(h->items, cap * sizeof(*items));
	if (!items)
		return false;
	h->items = items;
	h->cap = cap;
	return true;
}

void xf_headers_add_n(struct xf_headers *h, const char *name, size_t name_len, const char *value,
		      size_t value_len)
{
	struct xf_header header = { strndup(name, name_len), strndup(value, value_len) };
	if (!header.name || !header.value || !reserve(h)) {
		free(header.name);
		free(header.value);
		h->nomem = true;
		return;
	}
	h->items[h->nr++] = header;
}

void xf_headers_add(struct xf_headers *h, const char *name, const char *value)
{
	if (value)
		xf_headers_add_n(h, name, strlen(name), value, strlen(value));
}

void xf_headers_addf(struct xf_headers *h, const char *name, const char *format, ...)
{
	char *value = NULL;
	va_list ap;
	va_start(ap, format);
	if (vasprintf(&value, format, ap) < 0)
		value = NULL;
	va_end(ap);
	if (value)
		xf_headers_add(h, name, value);
	else
		h->nomem = true;
	free(value);
}

void xf_headers_set(struct xf_headers *h, const char *name, const char *value)
{
	struct xf_header *header = find(h, name);
	if (!header) {
		xf_headers_add(h, name, value);
		return;
	}
	char *copy = strdup(value);
	if (!copy) {
		h->nomem = true;
		return;
	}
	free(header->value);
	header->value = copy;
}

const char *xf_headers_get(const struct xf_headers *h, const char *name)
{
	const struct xf_header *header = find(h, name);
	return header ? header->value : NULL;
}

enum xf_status xf_headers_ok(const struct xf_headers *h)
{
	return h->nomem ? XF_NOMEM : XF_OK;
}

/* Values are wiped: an Authorization, a token or a customer's key may be among them. */
void xf_headers_clear(struct xf_headers *h)
{
	for (size_t i = 0; i < h->nr; i++) {
		explicit_bzero(h->items[i].value, strlen(h->items[i].value));
		free(h->items[i].name);
		free(h->items[i].value);
	}
	h->nr = 0;
	h->nomem = false;
}

void xf_headers_fini(struct xf_headers *h)
{
	xf_headers_clear(h);
	free(h->items);
	*h = XF_HEADERS_INIT;
}
