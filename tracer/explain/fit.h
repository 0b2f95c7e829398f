/*
 * fit: what a recorded run tells of what its parts shared: how many of them each stage carries at full speed, and
 * how long each part would have taken alone. Arithmetic only.
 *
 * Of the capacities under which all bytes cost about the same the smallest is likely enough: it promises least. The
 * largest that explains them as well says how far a prediction may be off. Where it is known what the
 * processors of the machine did meanwhile, that tells more, also of a run with one part at a time: so many parts they carry,
 * and where the parts kept them busy it was nothing else that they shared.
 */
#ifndef TR_EXPLAIN_FIT_H
#define TR_EXPLAIN_FIT_H

#include "tracer/explain/replay.h"

#define TR_UNBOUNDED 1e9

/*
 * Fits capacities and times at full speed. base_latency_ns: an answer to a request without body; where nothing tells
 * when bytes had arrived, what answers to parts took more is either latency or transfer, whichever explains
 * the parts better.
 */
void tr_run_fit(struct tr_run *run, int64_t base_latency_ns);

/* Bytes a second at full speed, of all parts together, in the stages that are shared. */
double tr_run_rate(const struct tr_run *run);

double tr_run_bytes(const struct tr_run *run);

static inline int64_t tr_run_part_duration(const struct tr_run_part *p)
{
	return p->end_ns - p->start_ns;
}

/* The middle part's: one that was held says nothing of the others. 0: without parts. */
int64_t tr_run_usual_latency(const struct tr_run *run);
int64_t tr_run_usual_duration(const struct tr_run *run);

/* Of full speed, for each of n parts. */
static inline double tr_run_speed(double capacity, int32_t n)
{
	return n > capacity ? capacity / n : 1;
}

#endif
