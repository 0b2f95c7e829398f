#include "core/s3/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void xf_hex_encode(char *dst, const void *src, size_t len)
{
	const uint8_t *s = src;
	for (size_t i = 0; i < len; i++) {
		*dst++ = hex_digits[s[i] >> 4];
		*dst++ = hex_digits[s[i] & 15];
	}
	*dst = '\0';
}

bool xf_hex_decode(void *dst, size_t len, const char *text)
{
	uint8_t *d = dst;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(text[2 * i]);
		int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
		if (low < 0)
			return false;
		d[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * len] == '\0';
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t xf_base64_encode(char *dst, const void *src, size_t len)
{
	const uint8_t *s = src;
	char *d = dst;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
				(left > 2 ? s[i + 2] : 0);
		*d++ = base64_digits[bits >> 18];
		*d++ = base64_digits[bits >> 12 & 63];
		*d++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
		*d++ = left > 2 ? base64_digits[bits & 63] : '=';
	}
	*d = '\0';
	return (size_t)(d - dst);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group of four, of which `digits` are not padding. The bits that are left over must be 0. */
static bool base64_group(uint32_t *bits, const char *text, unsigned digits)
{
	*bits = 0;
	for (unsigned i = 0; i < 4; i++) {
		int value = i < digits ? base64_value(text[i]) : 0;
		if (value < 0)
			return false;
		*bits = *bits << 6 | (uint32_t)value;
	}
	return !(*bits & ((1u << 8 * (4 - digits)) - 1));
}

bool xf_base64_decode(void *dst, size_t cap, size_t *len, const char *text)
{
	uint8_t *d = dst;
	size_t chars = strlen(text), n = 0;
	if (chars % 4)
		return false;
	for (size_t i = 0; i < chars; i += 4) {
		bool last = i + 4 == chars;
		unsigned digits = !last || text[i + 3] != '=' ? 4 : text[i + 2] != '=' ? 3 : 2;
		uint32_t bits;
		if (!base64_group(&bits, text + i, digits) || cap - n < digits - 1)
			return false;
		for (unsigned k = 0; k + 1 < digits; k++)
			d[n++] = (uint8_t)(bits >> (16 - 8 * k));
	}
	*len = n;
	return true;
}

static bool unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void xf_percent_encode(struct xf_buf *out, const char *src, size_t len, enum xf_percent how)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t plain = 0; /* src[plain…i) goes out as it is */
	for (size_t i = 0; i < len; i++) {
		if (unreserved(src[i]) || (src[i] == '/' && how == XF_PERCENT_KEEP_SLASH))
			continue;
		uint8_t byte = (uint8_t)src[i];
		char code[3] = { '%', digits[byte >> 4], digits[byte & 15] };
		xf_buf_add(out, src + plain, i - plain);
		xf_buf_add(out, code, sizeof(code));
		plain = i + 1;
	}
	xf_buf_add(out, src + plain, len - plain);
}

void xf_percent_decode(struct xf_buf *out, const char *src, size_t len, bool plus_is_space)
{
	for (size_t i = 0; i < len; i++) {
		int high = src[i] == '%' && len - i > 2 ? hex_value(src[i + 1]) : -1;
		int low = high < 0 ? -1 : hex_value(src[i + 2]);
		if (low >= 0) {
			xf_buf_char(out, (char)(high << 4 | low));
			i += 2;
		} else {
			xf_buf_char(out, plus_is_space && src[i] == '+' ? ' ' : src[i]);
		}
	}
}
