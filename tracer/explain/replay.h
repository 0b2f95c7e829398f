/*
 * replay: the recorded parts once more, under other limits. Arithmetic only.
 *
 * The model is s3transfer's: parts become available (read ahead in order, at most `permits`
 * of them in memory where they come from a pipe), `workers` take them in order; Create comes before all,
 * Complete after all. A part goes through stages, one after the other. All but the last are shared: of n parts
 * in a stage at once each proceeds at min(1, capacity / n) of full speed, so a time that was recorded while n
 * shared is scaled by the sharing. Reading, hashing, sending are one stage: on a machine whose processors are
 * busy, parts that hash slow those that are sent.
 *
 * The capacities are fitted (fit.h).
 */
#ifndef TR_EXPLAIN_REPLAY_H
#define TR_EXPLAIN_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum tr_stage {
	TR_STAGE_LIMIT,   /* kept back by the bandwidth limit that was asked for */
	TR_STAGE_WORK,    /* read, hashed, on the way until the last byte was acknowledged; and the server's work */
	TR_STAGE_LATENCY, /* not shared: answers, back-off, holds */
	TR_STAGES
};

/* How much the stages carry: what is likely, and what else explains the run. */
enum tr_fit { TR_FIT_LEAST, TR_FIT_LIKELY, TR_FIT_MOST, TR_FITS };

struct tr_run_part {
	uint32_t number;
	uint64_t bytes;
	int64_t start_ns, end_ns;      /* as recorded, from the call's begin */
	int64_t ready_ns;              /* queued */
	int64_t read_ns;               /* time to read it ahead (a pipe); 0: not read ahead */
	int64_t stage_ns[TR_STAGES];   /* as recorded under load; together end - start */
	int64_t sent_ns;               /* of the work: bytes on their way */
	double prepared;               /* the share of the work that comes before them */
	double alone_ns[TR_FITS][TR_STAGES]; /* the same at full speed: filled by tr_run_fit() */
};

struct tr_run {
	struct tr_run_part *parts;  /* in order of number; owned by the explanation */
	uint32_t nr_parts;
	uint32_t workers, permits;  /* permits 0: nothing is read ahead */
	int64_t head_ns;            /* from the call's begin until parts may start */
	int64_t tail_ns;            /* from the last part's end to the return */
	uint32_t head_requests, tail_requests; /* in a row, in these: Create, Complete */
	uint64_t limit;             /* of bandwidth, that was asked for, bytes/s; 0: none */
	double processors;          /* of this machine, that it might run on; 0: not known */
	int64_t busy_ns;            /* what they spent on it, and on the server where that runs here, too */
	double busy_each;           /* so many a part keeps busy that waits for nothing else, or more */
	bool drained;               /* it is known how long bytes were on their way; else answers say, as far as they can */
	double capacity[TR_FITS][TR_STAGES]; /* fitted: so many parts at full speed */
	double others;              /* the share of the processors that other programs had meanwhile */
	bool by_processors;         /* parts shared the processors, and nothing else that kept them back */
	bool by_bytes;              /* most of the time of requests went with the bytes: bandwidth, not latency */
};

/* What is to be different; all zero: as recorded. */
struct tr_limits {
	uint32_t workers, permits;
	bool no_threads;            /* one worker, whatever workers says */
	int64_t extra_latency_ns;   /* of every request */
	uint64_t part_size;
	uint64_t bandwidth;         /* of the line, bytes/s: at most that */
	uint64_t limit;             /* of bandwidth, asked for; UINT64_MAX: none */
	double work;                /* so many times as much of it; 0: as recorded */
};

/* How long the call would take, ns; negative: no memory. */
int64_t tr_run_replay(const struct tr_run *run, const struct tr_limits *with, enum tr_fit fit);

#endif
