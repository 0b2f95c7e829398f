/* text: see text.h. */
#include "core/endpoint/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/s3/encode.h"

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void xf_ep_date_http(char out[XF_EP_DATE_LEN], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(out, XF_EP_DATE_LEN, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday],
		 tm.tm_mday & 31u, months[tm.tm_mon], (tm.tm_year + 1900) & 0xfffu,
		 tm.tm_hour & 31u, tm.tm_min & 63u, tm.tm_sec & 63u);
}

void xf_ep_date_iso(char out[XF_EP_DATE_LEN], int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(out, XF_EP_DATE_LEN, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (tm.tm_year + 1900) & 0xfffu, (tm.tm_mon + 1) & 15u, tm.tm_mday & 31u,
		 tm.tm_hour & 31u, tm.tm_min & 63u, tm.tm_sec & 63u, (unsigned)(ms % 1000));
}

int64_t xf_ep_date_parse(const char *text)
{
	/* strptime follows the locale's names: the program stays in "C" for LC_TIME */
	static const char *const forms[] = { "%Y%m%dT%H%M%SZ", "%a, %d %b %Y %H:%M:%S GMT",
					     "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y",
					     "%a, %d %b %Y %H:%M:%S +0000",
					     "%Y-%m-%dT%H:%M:%SZ" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		if (end && !*end)
			return (int64_t)timegm(&tm);
	}
	return -1;
}

int64_t xf_ep_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool xf_ep_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		uint64_t digit = (uint64_t)(*text - '0');
		if (value > (max - digit) / 10 || digit > max)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

bool xf_ep_decode(struct xf_buf *out, const char *s, size_t len, bool plus)
{
	for (size_t i = 0; i < len; i++) {
		static const char hex[] = "0123456789abcdefABCDEF";
		if (s[i] != '%')
			continue;
		if (len - i < 3 || !strchr(hex, s[i + 1]) || !strchr(hex, s[i + 2]) ||
		    (s[i + 1] == '0' && s[i + 2] == '0'))
			return false;
	}
	xf_percent_decode(out, s, len, plus);
	return !out->failed;
}

void xf_ep_random_hex(char *out, size_t len)
{
	uint8_t bytes[64];

	if (len > sizeof(bytes))
		len = sizeof(bytes);
	if (getrandom(bytes, len, 0) != (ssize_t)len)
		abort(); /* cannot happen for up to 256 bytes: getrandom(2) */
	xf_hex_encode(out, bytes, len);
}
