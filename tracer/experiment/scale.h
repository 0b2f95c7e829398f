/* scale: from values to places on paper: ticks, linear scales, numbers as text. Arithmetic only. */
#ifndef TR_EXPERIMENT_SCALE_H
#define TR_EXPERIMENT_SCALE_H

#include <stddef.h>

/* Ticks from 0 to at least the highest value, by 1, 2 or 5 times a power of ten. */
struct tr_ticks {
	double step;
	unsigned nr;      /* with 0: the last is (nr - 1) * step >= high */
	int decimals;     /* that their text needs */
};

/* About `wanted` ticks, never fewer than 2. A high that is not a positive number counts as 1. */
struct tr_ticks tr_ticks(double high, unsigned wanted);

/* A straight line from [from_low, from_high] to [to_low, to_high]; to_low when the first has no width. */
struct tr_scale {
	double from_low, from_high, to_low, to_high;
};
double tr_scale(const struct tr_scale *s, double value);

/* The middle of band i of nr that divide [low, high]. */
double tr_scale_band(double low, double high, unsigned i, unsigned nr);

/* Which of nr steps a value takes within [low, high]: 0 … nr - 1. */
unsigned tr_scale_step(double low, double high, double value, unsigned nr);

/* Three significant digits without an exponent: "0.0123" "1.23" "12.3" "123" "1230". Returns buf. */
const char *tr_number_text(double value, char *buf, size_t cap);

#endif
