#include "core/s3/retry.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000ull

static const struct {
	const char *name;
	unsigned attempts;
} modes[] = {
	[XF_RETRY_LEGACY] = { "legacy", 5 },
	[XF_RETRY_STANDARD] = { "standard", 3 },
	[XF_RETRY_ADAPTIVE] = { "adaptive", 3 },
};

enum xf_status xf_retry_mode_parse(enum xf_retry_mode *out, const char *text, struct xf_error *err)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, text)) {
			*out = (enum xf_retry_mode)i;
			return XF_OK;
		}
	return xf_fail(err, XF_INVALID, "retry mode '%s' is not one of legacy, standard, adaptive", text);
}

struct xf_retry_policy xf_retry_policy_make(enum xf_retry_mode mode, unsigned max_attempts)
{
	return (struct xf_retry_policy){ mode, max_attempts ? max_attempts : modes[mode].attempts };
}

static bool is_among(const char *code, const char *const *list)
{
	for (; code && *list; list++)
		if (!strcmp(code, *list))
			return true;
	return false;
}

static bool is_status_among(int status, const int *list)
{
	for (; *list; list++)
		if (status == *list)
			return true;
	return false;
}

/* Failures without an answer. The two sets differ in nothing that can be told apart here. */
static enum xf_retry_kind kind_of_failure(enum xf_status status)
{
	switch (status) {
	case XF_TIMEOUT:
		return XF_RETRY_TIMEOUT;
	case XF_RESOLVE:
	case XF_CONNECT:
	case XF_TLS:
	case XF_CLOSED:
	case XF_BAD_REPLY:
		return XF_RETRY_ERROR;
	default:
		return XF_RETRY_NO;
	}
}

static enum xf_retry_kind kind_legacy(const struct xf_retry_outcome *o)
{
	static const int statuses[] = { 429, 500, 502, 503, 504, 509, 0 };
	static const char *const throttling[] = {
		"Throttling", "ThrottlingException", "ThrottledException",
		"RequestThrottledException", "ProvisionedThroughputExceededException", NULL
	};
	static const char *const others[] = { "RequestTimeout", "BadDigest", NULL };

	if (is_status_among(o->http_status, statuses))
		return XF_RETRY_ERROR;
	if (o->http_status == 400 && is_among(o->code, throttling))
		return XF_RETRY_THROTTLED;
	if (o->http_status == 400 && is_among(o->code, others))
		return XF_RETRY_ERROR;
	return XF_RETRY_NO;
}

static enum xf_retry_kind kind_standard(const struct xf_retry_outcome *o)
{
	static const int statuses[] = { 500, 502, 503, 504, 0 };
	static const char *const throttling[] = {
		"Throttling", "ThrottlingException", "ThrottledException",
		"RequestThrottledException", "TooManyRequestsException",
		"ProvisionedThroughputExceededException", "TransactionInProgressException",
		"RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException",
		"RequestThrottled", "SlowDown", "PriorRequestNotComplete",
		"EC2ThrottledException", NULL
	};
	static const char *const transient[] = {
		"RequestTimeout", "RequestTimeoutException", NULL
	};

	if (is_among(o->code, throttling))
		return XF_RETRY_THROTTLED;
	if (is_among(o->code, transient) || is_status_among(o->http_status, statuses))
		return XF_RETRY_ERROR;
	return XF_RETRY_NO;
}

enum xf_retry_kind xf_retry_kind(enum xf_retry_mode mode, const struct xf_retry_outcome *o)
{
	if (o->status)
		return kind_of_failure(o->status);
	return mode == XF_RETRY_LEGACY ? kind_legacy(o) : kind_standard(o);
}

uint64_t xf_retry_delay_ns(enum xf_retry_mode mode, unsigned attempt, double random,
			   uint64_t retry_after_ns)
{
	const uint64_t longest = 300 * SECOND;
	unsigned exponent = attempt > 0 ? attempt - 1 : 0;
	double seconds = exponent < 32 ? (double)(1ull << exponent) : 4294967296.0;
	if (mode != XF_RETRY_LEGACY && seconds > 20)
		seconds = 20;
	uint64_t delay = (uint64_t)(random * seconds * (double)SECOND);
	if (retry_after_ns > longest)
		retry_after_ns = longest;
	return delay > retry_after_ns ? delay : retry_after_ns;
}

uint64_t xf_retry_after_ns(const char *value, int64_t now)
{
	unsigned long long seconds;
	char rest;
	struct tm tm = { 0 };
	if (!value)
		return 0;
	if (strspn(value, "0123456789") > 0) {
		if (strlen(value) > 9 || sscanf(value, "%llu%c", &seconds, &rest) != 1)
			return 0;
		return seconds * SECOND;
	}
	const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return 0;
	int64_t at = timegm(&tm);
	if (at <= now || at - now > 1000000000)
		return 0;
	return (uint64_t)(at - now) * SECOND;
}

void xf_retry_quota_init(struct xf_retry_quota *q)
{
	atomic_init(&q->tokens, XF_RETRY_TOKENS);
}

bool xf_retry_quota_take(struct xf_retry_quota *q, enum xf_retry_kind kind, int *taken)
{
	int cost = kind == XF_RETRY_TIMEOUT ? XF_RETRY_COST_TIMEOUT : XF_RETRY_COST;
	int now = atomic_load_explicit(&q->tokens, memory_order_relaxed);
	do {
		if (now < cost)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&q->tokens, &now, now - cost,
							memory_order_relaxed, memory_order_relaxed));
	*taken = cost;
	return true;
}

void xf_retry_quota_refund(struct xf_retry_quota *q, int taken)
{
	int more = taken > 0 ? taken : XF_RETRY_REFUND;
	int now = atomic_load_explicit(&q->tokens, memory_order_relaxed), next;
	do {
		next = now + more < XF_RETRY_TOKENS ? now + more : XF_RETRY_TOKENS;
	} while (!atomic_compare_exchange_weak_explicit(&q->tokens, &now, next,
							memory_order_relaxed, memory_order_relaxed));
}
