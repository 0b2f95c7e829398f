/*
 * encode: hexadecimal, base64 (RFC 4648, padded) and percent-encoding (RFC 3986,
 * with the unreserved characters that Signature Version 4 names).
 *
 * Pure functions; any thread. Decoders are strict: what a client of AWS would
 * never send is refused, because a checksum that has two spellings is none.
 */
#ifndef XF_S3_ENCODE_H
#define XF_S3_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/s3/buf.h"

/* Room for the text of len bytes, its NUL included. */
#define XF_HEX_SIZE(len) (2 * (len) + 1)
#define XF_BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* Lower-case digits. dst holds XF_HEX_SIZE(len). */
void xf_hex_encode(char *dst, const void *src, size_t len);
/* Exactly len bytes from 2 * len digits of either case; false for anything else. */
bool xf_hex_decode(void *dst, size_t len, const char *text);

/* dst holds XF_BASE64_SIZE(len). Returns the length of the text. */
size_t xf_base64_encode(char *dst, const void *src, size_t len);
/*
 * At most cap bytes. False when the text is not canonical base64 (alphabet,
 * padding, unused bits) or does not fit; *len is set only on success.
 */
bool xf_base64_decode(void *dst, size_t cap, size_t *len, const char *text);

enum xf_percent {
	XF_PERCENT_ALL = 0,    /* everything but A-Z a-z 0-9 - . _ ~, for queries */
	XF_PERCENT_KEEP_SLASH, /* and '/': for paths */
};

/* Appends src, encoded, with upper-case digits. */
void xf_percent_encode(struct xf_buf *out, const char *src, size_t len, enum xf_percent how);
/*
 * Appends src, decoded; a '%' that is not followed by two digits stays as it is.
 * plus_is_space: as in a query written by an HTML form.
 */
void xf_percent_decode(struct xf_buf *out, const char *src, size_t len, bool plus_is_space);

#endif
