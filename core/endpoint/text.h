/*
 * text: dates, numbers and escapes as HTTP and S3 write them. Pure, but for the
 * clock and the random source; any thread.
 */
#ifndef XF_ENDPOINT_TEXT_H
#define XF_ENDPOINT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/s3/buf.h"

/*
 * Appends len bytes of s, percent-decoded. False: out of memory, an escape that
 * is none, or an escaped NUL. `plus`: '+' is a space (query strings).
 */
bool xf_ep_decode(struct xf_buf *out, const char *s, size_t len, bool plus);

enum { XF_EP_DATE_LEN = 40 };
/* Milliseconds since 1970 as "Mon, 23 Nov 2026 06:40:10 GMT" and "2026-11-23T06:40:10.123Z". */
void xf_ep_date_http(char out[XF_EP_DATE_LEN], int64_t ms);
void xf_ep_date_iso(char out[XF_EP_DATE_LEN], int64_t ms);
/* An HTTP date (three forms) or "20261123T064010Z" to seconds since 1970; -1: not one. */
int64_t xf_ep_date_parse(const char *text);
int64_t xf_ep_now_ms(void);

/* Decimal digits only, at most max; false otherwise. */
bool xf_ep_number(const char *text, uint64_t max, uint64_t *out);

/* At most 64 random bytes as hex (2 * len + 1 bytes), from the kernel. */
void xf_ep_random_hex(char *out, size_t len);

#endif
