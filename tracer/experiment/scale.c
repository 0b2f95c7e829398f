#include "tracer/experiment/scale.h"

#include <math.h>
#include <stdio.h>

struct tr_ticks tr_ticks(double high, unsigned wanted)
{
	static const double nice[] = { 1, 2, 5, 10 };
	struct tr_ticks t = { 0 };
	double rough, power;
	unsigned i = 0;

	if (!(high > 0) || isinf(high))
		high = 1;
	rough = high / (wanted > 1 ? wanted - 1 : 1);
	power = pow(10, floor(log10(rough)));
	while (i < 3 && nice[i] * power < rough * (1 - 1e-9))
		i++;
	t.step = nice[i] * power;
	t.nr = (unsigned)ceil(high / t.step * (1 - 1e-9)) + 1;
	t.decimals = t.step < 1 ? (int)ceil(-log10(t.step) - 1e-9) : 0;
	return t;
}

double tr_scale(const struct tr_scale *s, double value)
{
	double width = s->from_high - s->from_low;

	return width != 0 ? s->to_low + (value - s->from_low) / width * (s->to_high - s->to_low) : s->to_low;
}

double tr_scale_band(double low, double high, unsigned i, unsigned nr)
{
	return low + (high - low) * (i + 0.5) / (nr ? nr : 1);
}

unsigned tr_scale_step(double low, double high, double value, unsigned nr)
{
	double share = high > low ? (value - low) / (high - low) : 1;

	if (share <= 0 || isnan(share))
		return 0;
	return share >= 1 ? nr - 1 : (unsigned)(share * nr);
}

const char *tr_number_text(double value, char *buf, size_t cap)
{
	int decimals = 0;

	if (isfinite(value) && value != 0)
		decimals = 2 - (int)floor(log10(fabs(value)) + 1e-9);
	snprintf(buf, cap, "%.*f", decimals < 0 ? 0 : decimals > 9 ? 9 : decimals, value);
	return buf;
}
