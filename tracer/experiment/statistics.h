/*
 * statistics: what a handful of runs allows to say. Arithmetic only.
 *
 * The interval of a median is made of order statistics: of n runs, sorted, the
 * k-th smallest and the k-th largest hold the true median between them with
 * probability 1 - 2 P(Binomial(n, 1/2) < k), whatever the distribution. No
 * bootstrap: resampling seven runs promises 95 % and keeps some 85 (it can never
 * reach beyond the extremes either), while this level is exact. With fewer than
 * six runs even minimum and maximum do not reach 95 %: the interval then says
 * which level it has.
 *
 * The interval of a share (k of n rounds) is Wilson's, which stays within 0
 * and 1 and keeps its level at 0 of n, where the textbook's has no width at all.
 */
#ifndef TR_EXPERIMENT_STATISTICS_H
#define TR_EXPERIMENT_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tr_estimate {
	size_t nr;            /* values it rests on; 0: the rest means nothing */
	double median;
	double low, high;     /* of the median */
	double level;         /* that the interval holds it: 0.95 or the next above that n allows, less when n < 6 */
};

/* Sorts values. */
void tr_sort(double *values, size_t nr);

/* Of sorted values, nr > 0; the mean of the two in the middle when nr is even. */
double tr_median(const double *sorted, size_t nr);

/* P(Binomial(n, 1/2) < k). n up to 1000. */
double tr_binomial_below(size_t n, size_t k);

/* Sorts values and estimates. */
struct tr_estimate tr_estimate(double *values, size_t nr);

/* Half the interval's width, relative to the median; INFINITY when there is nothing to say. */
double tr_estimate_width(const struct tr_estimate *e);

/* The level is at least 0.95 and half the width at most share (0.02: 2 %) of the median. */
bool tr_estimate_narrow(const struct tr_estimate *e, double share);

struct tr_share {
	uint64_t hits, of;
	double share, low, high; /* 95 % */
};
struct tr_share tr_wilson(uint64_t hits, uint64_t of);

/* A stream of pseudo-random numbers (SplitMix64): the same seed, the same numbers, everywhere. */
struct tr_random {
	uint64_t state;
};
uint64_t tr_random_next(struct tr_random *r);
/* Unbiased, below limit; limit > 0. */
uint64_t tr_random_below(struct tr_random *r, uint64_t limit);

#endif
