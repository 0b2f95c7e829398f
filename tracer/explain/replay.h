/*
 * replay: the recorded parts once more, under other limits. Arithmetic only.
 *
 * The model is s3transfer's: parts become available (read ahead in order, at most `permits`
 * of them in memory where they come from a pipe), `workers` take them in order, each does
 * work (reading, hashing, sending: shared) and then waits (latency: not shared); Create comes before all,
 * Complete after all. Of n parts at work at once each proceeds at min(1, capacity / n) of full
 * speed. The capacity is fitted: the one under which all bytes cost about the same.
 */
#ifndef TR_EXPLAIN_REPLAY_H
#define TR_EXPLAIN_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct tr_run_part {
	uint32_t number;
	uint64_t bytes;
	int64_t start_ns, end_ns;   /* as recorded, from the call's begin */
	int64_t ready_ns;           /* queued */
	int64_t read_ns;            /* time to read it ahead (a pipe); 0: not read ahead */
	int64_t latency_ns;         /* not shared: answers, back-off, holds */
	int64_t work_ns;            /* shared, as recorded under load */
	double alone_ns;            /* the same at full speed: filled by tr_run_fit() */
};

struct tr_run {
	struct tr_run_part *parts;  /* in order of number; owned by the explanation */
	uint32_t nr_parts;
	uint32_t workers, permits;  /* permits 0: nothing is read ahead */
	int64_t head_ns;            /* from the call's begin until parts may start */
	int64_t tail_ns;            /* from the last part's end to the return */
	uint32_t head_requests, tail_requests; /* in a row, in these: Create, Complete */
	double capacity;            /* fitted */
	bool by_bytes;              /* the answer's time grew with the bytes: it is bandwidth, not latency */
};

/*
 * Fits capacity and alone_ns. base_latency_ns: an answer to a request without body; what answers to parts took
 * more is either latency or transfer, whichever explains the parts better.
 */
void tr_run_fit(struct tr_run *run, int64_t base_latency_ns);

/* What is to be different; all zero: as recorded. */
struct tr_limits {
	uint32_t workers, permits;
	int64_t extra_latency_ns;   /* of every request */
};

/* How long the call would take, ns; negative: no memory. */
int64_t tr_run_replay(const struct tr_run *run, const struct tr_limits *with);

#endif
