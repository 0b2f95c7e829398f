/*
 * causes: one run of an experiment, read from its trace: how long, how parallel, what became of
 * it, and where its threads' time went.
 *
 * Times by cause are sums over threads and requests, not shares of the wall
 * clock: ten workers that each wait a second for the server have spent ten.
 */
#ifndef TR_EXPERIMENT_CAUSES_H
#define TR_EXPERIMENT_CAUSES_H

#include "tracer/explain/explain.h"
#include "tracer/verdict/verdict.h"

enum tr_cause {
#define XF_X(id, word, sentence) TR_CAUSE_##id,
	TR_CAUSE_SUM_MAP(XF_X)
#undef XF_X
	TR_CAUSE_COUNT
};
const char *tr_cause_name(enum tr_cause cause);
const char *tr_cause_sentence(enum tr_cause cause);

/* A bar of the run's timeline: a part, or a request about the object (part 0). ns from the call's begin. */
struct tr_bar {
	uint32_t lane;            /* the thread, dense from 0 */
	uint32_t part;
	uint32_t attempts;
	enum xf_op op;            /* of a request with part 0 */
	int64_t begin_ns, sent_ns, end_ns; /* sent -1: not seen */
	bool failed;
};

enum { TR_BARS_MAX = 400, TR_LANES_MAX = 64 };

struct tr_sample {
	int64_t wall_ns;          /* the call; of several from the first's begin to the last's return; -1 unknown */
	int64_t stored_ns;        /* from the call's begin to the end of its last transfer; -1 unknown */
	int64_t process_ns;       /* fork to exit: the parent's clock */
	int64_t user_ns, system_ns;
	int64_t max_rss;          /* bytes */
	uint64_t bytes;           /* acknowledged */
	uint32_t peak, requests, retries;
	int64_t causes[TR_CAUSE_COUNT]; /* ns */
	char answer[24], basis[24], outcome[24];
	int exit_status;
	char error[200];          /* "" : none */
	struct tr_bar *bars;      /* in order of begin; at most TR_BARS_MAX */
	uint32_t nr_bars;
	bool bars_cut;
	struct tr_forecast *predicted; /* by cell, what this run foretells of it; ns -1: nothing. NULL: nobody asked */
	uint32_t nr_predicted;
	char (*lanes)[32];        /* names of the threads */
	uint32_t nr_lanes;
};

/* Fills all that the trace knows; the rest stays. *run is to be fini'd in any case. Errors: XF_NOMEM. */
enum xf_status tr_sample_read(struct tr_sample *run, const struct tr_log *log, const struct tr_verdicts *verdicts,
			   struct xf_error *err);
void tr_sample_fini(struct tr_sample *run);

/* Bytes a second until the object was stored; 0 when that is not known. */
double tr_sample_throughput(const struct tr_sample *run);

/* The upload came to its end. */
bool tr_sample_stored(const struct tr_sample *run);

#endif
