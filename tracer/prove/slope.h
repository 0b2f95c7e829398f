/*
 * slope: by how much the return moves for each unit a part is held.
 *
 * The estimate is Theil and Sen's, within groups (Hirsch and Slack's seasonal form): the
 * median of the slopes between any two holds of different length *of the same
 * target*; holds of different targets are not compared, since a late part and an
 * early one need not leave the same work behind them. Nothing is assumed about the
 * noise: one stray run in three does not move it.
 *
 * The interval is Sen's: it holds every slope b for which "return less b × hold"
 * is not ordered with the hold more than chance would. How likely each degree of order is
 * by chance is counted out exactly (the product of the groups' Gaussian multinomial
 * coefficients), not approximated: there are few runs. Where they are too few for the
 * confidence asked for, the interval is that of all slopes seen, and says how much it is worth.
 *
 * Arithmetic only.
 */
#ifndef TR_PROVE_SLOPE_H
#define TR_PROVE_SLOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/status.h"

/* One run: held for x, returned after y (any one unit), of the target `group`. */
struct tr_dose {
	uint32_t group;
	double x, y;
};

struct tr_slope {
	bool known;        /* there were two lengths of one target */
	double slope, low, high;
	double confidence; /* of the interval, 0…1; below what was asked for when the runs are too few */
	uint32_t pairs;    /* slopes it is the median of */
	uint32_t trials;   /* runs that took part in one */
};

/* confidence: asked for, e.g. 0.95. Errors: XF_NOMEM. */
enum xf_status tr_slope_estimate(const struct tr_dose *doses, uint32_t nr, double confidence,
				 struct tr_slope *out, struct xf_error *err);

#endif
