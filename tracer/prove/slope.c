#include "tracer/prove/slope.h"

#include <stdlib.h>

/* ---- pairs */

static bool is_pair(const struct tr_dose *a, const struct tr_dose *b)
{
	return a->group == b->group && (a->x < b->x || a->x > b->x);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* All slopes, sorted; returns how many. slopes has room for nr (nr - 1) / 2. */
static uint32_t slopes_collect(const struct tr_dose *d, uint32_t nr, double *slopes)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nr; i++)
		for (uint32_t k = 0; k < i; k++)
			if (is_pair(&d[i], &d[k]))
				slopes[n++] = (d[i].y - d[k].y) / (d[i].x - d[k].x);
	qsort(slopes, n, sizeof(*slopes), by_value);
	return n;
}

static uint32_t trials_count(const struct tr_dose *d, uint32_t nr)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nr; i++) {
		uint32_t k = 0;
		while (k < nr && !is_pair(&d[i], &d[k]))
			k++;
		n += k < nr;
	}
	return n;
}

/* ---- chance: in how many ways so many pairs can be in order */

/* ways ×= [before + same over same]_q, the orders of `same` runs among `before` shorter ones. */
static void ways_multiply(double *ways, uint32_t degree, uint32_t before, uint32_t same)
{
	for (uint32_t i = 1; i <= same; i++) {
		uint32_t step = before + i;
		for (uint32_t at = degree; at >= step && at != UINT32_MAX; at--)
			ways[at] -= ways[at - step];
		for (uint32_t at = i; at <= degree; at++)
			ways[at] += ways[at - i];
	}
}

/* Runs of the same target that were held shorter, and as long (those before d in the list). */
static void standing(const struct tr_dose *doses, uint32_t nr, uint32_t d, uint32_t *shorter,
		     uint32_t *same, bool *first)
{
	*shorter = *same = 0;
	*first = true;
	for (uint32_t i = 0; i < nr; i++) {
		if (doses[i].group != doses[d].group)
			continue;
		if (doses[i].x < doses[d].x)
			++*shorter;
		else if (doses[i].x <= doses[d].x)
			++*same, *first = *first && i >= d;
	}
}

/* The chance of each number of pairs in order, were the return not to depend on the hold. */
static void chances(const struct tr_dose *doses, uint32_t nr, double *ways, uint32_t pairs)
{
	double all = 0;

	for (uint32_t i = 0; i <= pairs; i++)
		ways[i] = i == 0;
	for (uint32_t d = 0; d < nr; d++) {
		uint32_t shorter, same;
		bool first;
		standing(doses, nr, d, &shorter, &same, &first);
		if (first && shorter)
			ways_multiply(ways, pairs, shorter, same);
	}
	for (uint32_t i = 0; i <= pairs; i++)
		all += ways[i];
	for (uint32_t i = 0; i <= pairs; i++)
		ways[i] /= all;
}

/* ---- together */

static void interval(const double *slopes, const double *chance, double asked, struct tr_slope *out)
{
	double tail = chance[0];
	uint32_t cut = 0; /* slopes left out at each end */

	while (2 * (cut + 1) < out->pairs && 2 * (tail + chance[cut + 1]) <= 1 - asked)
		tail += chance[++cut];
	out->low = slopes[cut];
	out->high = slopes[out->pairs - 1 - cut];
	out->confidence = tail < 0.5 ? 1 - 2 * tail : 0;
}

enum xf_status tr_slope_estimate(const struct tr_dose *doses, uint32_t nr, double confidence,
				 struct tr_slope *out, struct xf_error *err)
{
	size_t most = (size_t)nr * nr / 2 + 1;
	double *slopes = malloc(most * sizeof(*slopes));
	double *chance = malloc((most + 1) * sizeof(*chance));
	uint32_t n;

	*out = (struct tr_slope){ .known = false };
	if (!slopes || !chance) {
		free(slopes);
		free(chance);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	n = slopes_collect(doses, nr, slopes);
	if (n) {
		*out = (struct tr_slope){ .known = true, .pairs = n, .trials = trials_count(doses, nr),
					  .slope = (slopes[(n - 1) / 2] + slopes[n / 2]) / 2 };
		chances(doses, nr, chance, n);
		interval(slopes, chance, confidence, out);
	}
	free(slopes);
	free(chance);
	return XF_OK;
}
