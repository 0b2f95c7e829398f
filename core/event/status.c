/* status: the table's words and sentences, and the filling of an error. */
#include "core/event/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct status_row {
	const char *word, *sentence;
};

static const struct status_row rows[] = {
#define XF_X(id, word, sentence) [id] = { word, sentence },
	XF_STATUS_MAP(XF_X)
#undef XF_X
};

static const struct status_row *row_of(enum xf_status status)
{
	static const struct status_row unknown = { "unknown", "an unknown error" };
	return (unsigned)status < XF_STATUS_COUNT ? &rows[status] : &unknown;
}

const char *xf_status_word(enum xf_status status)
{
	return row_of(status)->word;
}

const char *xf_status_sentence(enum xf_status status)
{
	return row_of(status)->sentence;
}

static enum xf_status fill(struct xf_error *err, enum xf_status status, int os_errno,
			   const char *format, va_list args)
{
	if (!err || err->status != XF_OK)
		return status;
	err->status = status;
	err->os_errno = os_errno;
	if (!err->code[0])
		snprintf(err->code, sizeof(err->code), "%s", xf_status_word(status));
	int n = vsnprintf(err->message, sizeof(err->message), format, args);
	if (os_errno && n >= 0 && (size_t)n < sizeof(err->message)) {
		char text[128];
		snprintf(err->message + n, sizeof(err->message) - (size_t)n, ": %s",
			 strerror_r(os_errno, text, sizeof(text)));
	}
	return status;
}

enum xf_status xf_fail(struct xf_error *err, enum xf_status status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill(err, status, 0, format, args);
	va_end(args);
	return status;
}

enum xf_status xf_fail_errno(struct xf_error *err, enum xf_status status, int os_errno,
			     const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill(err, status, os_errno, format, args);
	va_end(args);
	return status;
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 when there is none. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	static const struct { unsigned char first, last, low, high, len; } forms[] = {
		{ 0x20, 0x7e, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last || forms[i].len > len)
			continue;
		if (forms[i].len > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* U+0080…U+009F are control characters too: some terminals obey them. */
static int is_c1(const unsigned char *s, size_t n)
{
	return n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

void xf_text_sanitise(char *dst, size_t cap, const char *src, size_t len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t out = 0;
	if (!cap)
		return;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(s + i, len - i);
		bool good = n && !is_c1(s + i, n);
		size_t take = good ? n : 1;
		if (out + take >= cap)
			break;
		if (good)
			memcpy(dst + out, s + i, n);
		else
			dst[out] = '?';
		out += take;
		i += n ? n : 1;
	}
	dst[out] = '\0';
}
