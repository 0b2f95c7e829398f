/*
 * retry: which failures are tried again, how often, and after how long.
 * Arithmetic only: the caller brings randomness and the clock, and does the
 * sleeping. The figures are botocore's (legacy and standard modes).
 */
#ifndef XF_S3_RETRY_H
#define XF_S3_RETRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/event/event.h"
#include "core/event/status.h"
#include "core/s3/profile.h" /* enum xf_retry_mode */

struct xf_retry_policy {
	enum xf_retry_mode mode;
	unsigned max_attempts; /* tries in all, at least 1 */
};

/*
 * max_attempts 0: the mode's own (5 or 3). Adaptive mode retries as standard does; its rate limiter
 * has no part here.
 */
struct xf_retry_policy xf_retry_policy_make(enum xf_retry_mode mode, unsigned max_attempts);
/* "legacy" "standard" "adaptive". XF_INVALID. */
enum xf_status xf_retry_mode_parse(enum xf_retry_mode *out, const char *text, struct xf_error *err);

/* How one attempt ended, as far as retrying is concerned. */
struct xf_retry_outcome {
	enum xf_status status; /* XF_OK: an answer came */
	int http_status;
	const char *code;      /* the service's error code, NULL or "" when there is none */
	uint64_t retry_after_ns; /* what Retry-After asked for; 0: nothing */
};

enum xf_retry_kind { XF_RETRY_NO, XF_RETRY_ERROR, XF_RETRY_THROTTLED, XF_RETRY_TIMEOUT };

/* Whether this outcome belongs to the mode's retryable set, whatever the count. */
enum xf_retry_kind xf_retry_kind(enum xf_retry_mode mode, const struct xf_retry_outcome *o);

/*
 * The delay before attempt `attempt` + 1 (attempt counts from 1), ns: legacy
 * random × 2^(n-1) s, standard random × min(2^(n-1), 20) s, never less than Retry-After (itself
 * capped at 5 minutes). random in [0, 1).
 */
uint64_t xf_retry_delay_ns(enum xf_retry_mode mode, unsigned attempt, double random,
			   uint64_t retry_after_ns);

/* Retry-After as seconds or as an HTTP date (now: unix seconds); 0: absent, past, or nonsense. */
uint64_t xf_retry_after_ns(const char *value, int64_t now);

/* The brake of standard mode, shared by a client's threads. */
struct xf_retry_quota {
	_Atomic int tokens; /* compare-and-swap only: a count, it orders nothing else */
};

enum { XF_RETRY_TOKENS = 500, XF_RETRY_COST = 5, XF_RETRY_COST_TIMEOUT = 10, XF_RETRY_REFUND = 1 };

void xf_retry_quota_init(struct xf_retry_quota *q);
/* Takes the cost of one retry of that kind, or takes nothing and says false. */
bool xf_retry_quota_take(struct xf_retry_quota *q, enum xf_retry_kind kind, int *taken);
/* A request succeeded: gives back what its last retry took, else 1; never above the capacity. */
void xf_retry_quota_refund(struct xf_retry_quota *q, int taken);

#endif
