/*
 * fault: misfortunes on request: rules that say which requests are hurt and how.
 *
 *     part=3,hold=2s              part=5,status=503,times=2      op=complete,reset
 *     latency=20ms                bandwidth=50MB                 key=*.tmp,early,status=403
 *
 * A rule is words between commas. Which requests: part=N (the part number),
 * op=NAME (an operation's short or S3 name), key=GLOB, after=N (skips the first
 * N that match), times=N (then no more). What happens:
 *
 *     hold=DUR      the request takes effect and is answered only after DUR
 *     latency=DUR   the same, said of every request
 *     bandwidth=N   bytes a second, all requests of the rule together
 *     status=N      an error document instead of the effect; code=NAME, retry-after=S
 *     reset[=WHEN]  the connection is reset: start, mid (of the body), end (default: no answer)
 *     stall[=WHEN]  nothing more happens: start, mid, end
 *     truncate      the answer's body ends half-way
 *     error200      200 OK with an error document
 *     noetag        the answer has no ETag
 *     badsum        the checksums in the answer are wrong
 *     early         the answer comes before the body is read
 *     no-continue   Expect: 100-continue is ignored
 *
 * All rules that match a request apply; of two that say the same thing the first
 * wins. Parsing is pure; matching counts, and takes a lock.
 */
#ifndef XF_ENDPOINT_FAULT_H
#define XF_ENDPOINT_FAULT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"

enum xf_ep_when { XF_EP_NEVER, XF_EP_START, XF_EP_MID, XF_EP_END };

/* What is done to one request; all zero: nothing. */
struct xf_ep_harm {
	uint64_t hold_ns, latency_ns;
	uint64_t bandwidth;       /* bytes a second */
	uint64_t status;
	uint64_t retry_after_s;
	char code[64];
	enum xf_ep_when reset, stall;
	bool truncate, error200, noetag, badsum, early, no_continue;
	struct xf_ep_fault *pace; /* the rule whose bandwidth it is */
};

struct xf_ep_fault {
	/* set by parse */
	uint64_t part;            /* 0: any */
	char op[40];              /* "": any */
	char *key;                /* NULL: any */
	uint64_t after, times;    /* times 0: without end */
	struct xf_ep_harm harm;
	/* under lock */
	pthread_mutex_t lock;
	uint64_t seen;
	uint64_t free_at_ns;      /* bandwidth: when the line is free again, CLOCK_MONOTONIC */
};

/*
 * Parses one rule. *Errors:* XF_INVALID; the message names the rule, the word and
 * what is allowed there. Nothing to free then.
 */
enum xf_status xf_ep_fault_parse(struct xf_ep_fault *out, const char *rule, struct xf_error *err);
void xf_ep_fault_fini(struct xf_ep_fault *f);

/* The request as rules see it. */
struct xf_ep_fault_subject {
	const char *op, *op_short; /* "UploadPart", "part" */
	const char *key;           /* "" for none */
	uint64_t part;             /* 0: none */
};

/* Adds up what the rules say about this request, and counts it. Any thread. */
void xf_ep_fault_match(struct xf_ep_fault *rules, size_t count,
		       const struct xf_ep_fault_subject *subject, struct xf_ep_harm *harm);

/*
 * How long the sender of these bytes has to wait, ns, now being `now_ns`; the line is taken meanwhile. A line carries
 * on while its receiver computes or oversleeps: up to 50 ms that it could have used, since `since_ns`, when the
 * request began, are made up for.
 */
uint64_t xf_ep_fault_pace(struct xf_ep_fault *rule, uint64_t bytes, uint64_t since_ns, uint64_t now_ns);

/* The operations' short names that op= knows; ends with NULL. Set by ops.c. */
extern const char *const xf_ep_op_words[];

/* "20ms" "3s" "1m" "2h" "500us" (a bare number: seconds) to ns; "50MB" "8MiB" "100" (powers of two) to bytes. */
bool xf_ep_parse_duration(const char *text, uint64_t *ns);
bool xf_ep_parse_size(const char *text, uint64_t *bytes);

#endif
