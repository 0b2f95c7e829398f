/*
 * explain: where the time of a call went, what held it back, and what would help.
 *
 * The critical path is walked backwards from the return: what a thread did is its own; a
 * wait leads to the event that ended it, on the thread that made it, permits and locks included (this is
 * about time, not about proof). The pieces follow each other without gap, so the causes add up to
 * the call's duration, to the nanosecond.
 *
 * Predictions replay the recorded parts under other limits (replay.h).
 *
 * Thread: one at a time.
 */
#ifndef TR_EXPLAIN_EXPLAIN_H
#define TR_EXPLAIN_EXPLAIN_H

#include "tracer/explain/cause.h"
#include "tracer/explain/replay.h"
#include "tracer/verdict/verdict.h"

enum tr_path_cause {
#define XF_X(id, word, sentence) TR_PATH_##id,
	TR_CAUSE_PATH_MAP(XF_X)
#undef XF_X
	TR_PATH_COUNT
};
const char *tr_path_cause_name(enum tr_path_cause c);     /* "server" */
const char *tr_path_cause_sentence(enum tr_path_cause c); /* "waiting for the server's answer" */

/* ORDER bounds: words in bound.c */
enum tr_bound {
	TR_BOUND_NONE, TR_BOUND_CONCURRENCY, TR_BOUND_BANDWIDTH, TR_BOUND_BANDWIDTH_LIMIT, TR_BOUND_SERVER,
	TR_BOUND_DISK, TR_BOUND_CPU, TR_BOUND_READ_AHEAD, TR_BOUND_RETRIES, TR_BOUND_SLOW_PART, TR_BOUND_SOURCE,
	TR_BOUND_HELD, TR_BOUND_DESTINATION, TR_BOUND_COUNT
};
const char *tr_bound_name(enum tr_bound b);     /* "slow-part" */

/* A piece of the critical path; they follow each other. */
struct tr_path_step {
	uint32_t thread, event;   /* the event that ends it */
	int64_t begin_ns, end_ns;
	enum tr_path_cause cause;
	uint32_t part;            /* 0: none */
};

/* How long a call would take. */
struct tr_forecast {
	int64_t ns, low_ns, high_ns; /* between: what the replay was off, and what else explains the run as well */
};

struct tr_prediction {
	char what[40];            /* "max_concurrency"; '-' is '_' */
	uint64_t value;
	char text[24];            /* the same as it was written: "8MB" */
	struct tr_forecast time;
};

enum { TR_PREDICTIONS = 16 };

struct tr_explanation {
	uint32_t call;            /* index in the log */
	int64_t wall_ns;          /* call_enter to call_return, or to the trace's end */
	bool returned;
	struct tr_path_step *path; uint32_t nr_path; /* in order of time; neighbours alike are one */
	int64_t cause_ns[TR_PATH_COUNT];            /* their sum is wall_ns */
	enum tr_bound bound;
	char sentence[256];       /* the bound, with its numbers */
	struct tr_run run;        /* the recorded run, as replayed */
	int64_t replayed_ns;      /* with its own limits: how good the model is */
	struct tr_prediction predictions[TR_PREDICTIONS]; uint32_t nr_predictions;
	uint32_t requests, retries, failures, attempts; /* attempts: of the request that needed the most */
	bool threads;             /* parts had workers of their own; a program of another's is taken to have them */
};

/* Owns: *out, tr_explanation_fini(). Errors: XF_NOT_FOUND (no call), XF_NOMEM. */
enum xf_status tr_explain(const struct tr_log *log, const struct tr_verdicts *verdicts, uint32_t call,
			  struct tr_explanation *out, struct xf_error *err);
void tr_explanation_fini(struct tr_explanation *e);

/* With these limits; false: nothing was transferred. */
bool tr_explain_replay(const struct tr_explanation *e, const struct tr_limits *with, struct tr_forecast *out);

/* One more prediction: `what` is the knob's name, which is turned to value, as written text (NULL: its digits). False: nothing was transferred, or there is no room. */
bool tr_explain_predict(struct tr_explanation *e, const char *what, uint64_t value, const char *text,
			const struct tr_limits *with);

#endif
