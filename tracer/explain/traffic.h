/*
 * traffic: the requests of a call's uploads and downloads in numbers: how many, how long each
 * phase of them took, on how many connections, how many parts were in flight when, and which
 * part was the slowest.
 *
 * A phase belongs to one attempt: connecting (also when it was tried in vain), sending head and body, waiting
 * for the answer's first byte, receiving the answer. Percentiles are nearest ranks: p99 of a dozen requests
 * is the longest of them. A request that was never answered counts, its phases do not.
 *
 * Thread: one at a time.
 */
#ifndef TR_EXPLAIN_TRAFFIC_H
#define TR_EXPLAIN_TRAFFIC_H

#include "tracer/verdict/verdict.h"

/* ORDER phases: words in traffic.c */
enum tr_traffic_phase { TR_PHASE_CONNECT, TR_PHASE_SEND, TR_PHASE_WAIT, TR_PHASE_RECEIVE, TR_PHASE_WHOLE, TR_PHASE_COUNT };
const char *tr_traffic_phase_name(enum tr_traffic_phase p);     /* "send" */
const char *tr_traffic_phase_sentence(enum tr_traffic_phase p); /* "sending" */

enum { TR_TRAFFIC_SLICES = 20 };

struct tr_traffic {
	uint32_t requests, answered, retries, failures;
	uint32_t connections, reused;  /* requests that found a connection open: reused */
	struct tr_traffic_times {
		uint32_t nr;
		int64_t p50_ns, p99_ns;
	} phases[TR_PHASE_COUNT];
	uint32_t peak_parts;           /* parts in flight at most, … */
	double mean_parts;             /* … and on average from the first part's begin to the last one's end */
	int64_t begin_ns, end_ns;      /* that time; equal: no part was sent */
	double slices[TR_TRAFFIC_SLICES]; /* parts in flight on average in each of as many equal pieces of it */
	uint32_t slowest_part;         /* 0: none ended */
	uint32_t slowest_attempts;
	int64_t slowest_ns;            /* from its first attempt's begin to its end */
};

/* Errors: XF_NOMEM. */
enum xf_status tr_traffic_of(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
			     struct tr_traffic *out, struct xf_error *err);

#endif
