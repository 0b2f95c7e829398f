#include "tracer/experiment/statistics.h"

#include <math.h>
#include <stdlib.h>

#define LEVEL 0.95
#define Z95 1.959963984540054 /* the normal distribution's 97.5 % point */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void tr_sort(double *values, size_t nr)
{
	if (nr)
		qsort(values, nr, sizeof(*values), compare);
}

double tr_median(const double *sorted, size_t nr)
{
	return nr % 2 ? sorted[nr / 2] : (sorted[nr / 2 - 1] + sorted[nr / 2]) / 2;
}

double tr_binomial_below(size_t n, size_t k)
{
	double sum = 0;

	for (size_t i = 0; i < k && i <= n; i++)
		sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) -
			   (double)n * M_LN2);
	return sum < 1 ? sum : 1;
}

struct tr_estimate tr_estimate(double *values, size_t nr)
{
	struct tr_estimate e = { .nr = nr };
	size_t k = 1;

	if (!nr)
		return e;
	tr_sort(values, nr);
	while (k < (nr + 1) / 2 && 1 - 2 * tr_binomial_below(nr, k + 1) >= LEVEL)
		k++;
	e.median = tr_median(values, nr);
	e.low = values[k - 1];
	e.high = values[nr - k];
	e.level = 1 - 2 * tr_binomial_below(nr, k);
	return e;
}

double tr_estimate_width(const struct tr_estimate *e)
{
	return e->nr && e->median > 0 ? (e->high - e->low) / 2 / e->median : INFINITY;
}

bool tr_estimate_narrow(const struct tr_estimate *e, double share)
{
	return e->level >= LEVEL && tr_estimate_width(e) <= share;
}

struct tr_share tr_wilson(uint64_t hits, uint64_t of)
{
	struct tr_share s = { .hits = hits, .of = of, .high = 1 };
	double n = (double)of, z2 = Z95 * Z95, centre, half;

	if (!of)
		return s;
	s.share = (double)hits / n;
	centre = (s.share + z2 / (2 * n)) / (1 + z2 / n);
	half = Z95 / (1 + z2 / n) * sqrt(s.share * (1 - s.share) / n + z2 / (4 * n * n));
	s.low = hits == 0 ? 0 : centre - half;
	s.high = hits == of ? 1 : centre + half;
	return s;
}

uint64_t tr_random_next(struct tr_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t tr_random_below(struct tr_random *r, uint64_t limit)
{
	uint64_t unfair = -limit % limit, x; /* 2^64 mod limit: so many numbers too many */

	do
		x = tr_random_next(r);
	while (x < unfair);
	return x % limit;
}
