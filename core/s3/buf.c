#include "core/s3/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void xf_buf_fini(struct xf_buf *b)
{
	free(b->data);
	*b = XF_BUF_INIT;
}

void xf_buf_wipe(struct xf_buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	xf_buf_fini(b);
}

void xf_buf_reset(struct xf_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

/* Not realloc(): it would leave a copy of a secret behind in freed memory. */
static bool xf_buf_grow(struct xf_buf *b, size_t cap)
{
	char *data = malloc(cap);
	if (!data)
		return false;
	if (b->data) {
		memcpy(data, b->data, b->len + 1);
		explicit_bzero(b->data, b->len);
		free(b->data);
	} else {
		data[0] = '\0';
	}
	b->data = data;
	b->cap = cap;
	return true;
}

/* Room for more bytes and the NUL. */
static bool xf_buf_reserve(struct xf_buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more < b->cap - b->len && b->data)
		return true;
	size_t cap = b->cap ? b->cap : 128;
	while (cap <= b->len + more && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (more > SIZE_MAX / 4 || !xf_buf_grow(b, cap))
		b->failed = true;
	return !b->failed;
}

void xf_buf_add(struct xf_buf *b, const void *data, size_t len)
{
	if (!len || !xf_buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void xf_buf_str(struct xf_buf *b, const char *text)
{
	xf_buf_add(b, text, strlen(text));
}

void xf_buf_char(struct xf_buf *b, char c)
{
	xf_buf_add(b, &c, 1);
}

void xf_buf_format(struct xf_buf *b, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, format, ap);
	if (len >= 0 && xf_buf_reserve(b, (size_t)len)) {
		vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
		b->len += (size_t)len;
	}
	va_end(again);
	va_end(ap);
}

const char *xf_buf_text(const struct xf_buf *b)
{
	return b->data ? b->data : "";
}

char *xf_buf_take(struct xf_buf *b)
{
	char *text = b->failed || (!b->data && !xf_buf_reserve(b, 0)) ? NULL : b->data;
	if (!text)
		free(b->data);
	*b = XF_BUF_INIT;
	return text;
}

enum xf_status xf_buf_status(const struct xf_buf *b)
{
	return b->failed ? XF_NOMEM : XF_OK;
}
