/* Throughput (or wall time) against one axis, a line for each value of a second. */
#include <math.h>
#include <stdlib.h>

#include "tracer/experiment/plot_draw.h"
#include "tracer/experiment/scale.h"

enum { LEFT = 76 };

/* The y axis' grid, ticks and name. */
static void grid_draw(FILE *out, const struct tr_scale *y, const struct tr_ticks *ticks, double right, const char *name)
{
	char text[32];

	for (unsigned i = 0; i < ticks->nr; i++) {
		double at = tr_scale(y, i * ticks->step);
		fprintf(out, "<line x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", LEFT, right, at, at,
			i ? "grid" : "axis");
		snprintf(text, sizeof(text), "%.*f", ticks->decimals, i * ticks->step);
		tr_plot_text(out, LEFT - 8, at + 4, "end", "soft", text);
	}
	tr_plot_text(out, LEFT - 8, TR_SVG_TOP - 6, "end", "soft", name);
}

/* A mark of its own for each series, so that colour is not needed. */
static void dot_draw(FILE *out, unsigned series, double x, double y)
{
	static const char *const shapes[TR_SERIES_MAX] = {
		"M0-5a5 5 0 1 0 .01 0z", "M-4.5-4.5h9v9h-9z", "M0-6L5.5 4.5h-11z", "M0-6L6 0 0 6-6 0z",
		"M0 6L5.5-4.5h-11z", "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z", "M-6-3h12v6h-12z", "M-3-6h6v12h-6z",
	};

	fprintf(out, "<path class=\"dot\" d=\"%s\" transform=\"translate(%.1f %.1f)\"/>\n", shapes[series % TR_SERIES_MAX], x, y);
}

/* Labels at the lines' ends, moved apart so that none covers another. */
struct tag {
	double y;
	unsigned series;
};

static int by_height(const void *a, const void *b)
{
	double x = ((const struct tag *)a)->y, y = ((const struct tag *)b)->y;

	return (x > y) - (x < y);
}

static void tags_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p, struct tag *tags, unsigned nr, double x,
		      double bottom)
{
	const struct tr_axis *axis = &r->sweep->axes[p->y];
	char cut[64];

	qsort(tags, nr, sizeof(*tags), by_height);
	for (unsigned i = 1; i < nr; i++)
		if (tags[i].y < tags[i - 1].y + 17)
			tags[i].y = tags[i - 1].y + 17;
	for (unsigned i = nr; i-- > 0;) {
		double most = bottom - 17 * (nr - 1 - i);
		if (tags[i].y > most)
			tags[i].y = most;
	}
	tr_plot_text(out, x, TR_SVG_TOP - 6, "start", "soft", tr_plot_shorten(axis->name, 18, cut, sizeof(cut)));
	for (unsigned i = 0; i < nr; i++) {
		fprintf(out, "<g class=\"s%u\">", tags[i].series % TR_SERIES_MAX);
		dot_draw(out, tags[i].series, x + 7, tags[i].y);
		tr_plot_text(out, x + 19, tags[i].y + 4, "start", "tag",
			 tr_plot_shorten(axis->values[tags[i].series], 14, cut, sizeof(cut)));
		fputs("</g>\n", out);
	}
}

/* Nothing came to its end here. */
static void cross_draw(FILE *out, double x, double y)
{
	fprintf(out, "<path class=\"cross\" d=\"M%.1f %.1fl8 8m0-8l-8 8\"><title>every run failed</title></path>\n", x - 4, y - 4);
}

/* One series: line, intervals, marks. Returns the height of its last point. */
static double series_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p, unsigned series,
			  const struct tr_scale *y, double right)
{
	const struct tr_axis *axis = &r->sweep->axes[p->x];
	double last = -1, aside = ((double)series - (tr_plot_series(r, p) - 1) / 2.0) * 5;
	bool pen = false;

	fprintf(out, "<g class=\"s%u\">\n<path class=\"line\" d=\"", series % TR_SERIES_MAX);
	for (unsigned i = 0; i < axis->nr_values && tr_axis_numeric(axis); i++) {
		const struct tr_estimate *e = tr_plot_estimate(r, tr_plot_cell(r, p, i, series));
		if (e->nr)
			fprintf(out, "%c%.1f %.1f", pen ? 'L' : 'M', tr_scale_band(LEFT, right, i, axis->nr_values) + aside,
				tr_scale(y, e->median * tr_unit_factor(r)));
		pen = e->nr;
	}
	fputs("\"/>\n", out);
	for (unsigned i = 0; i < axis->nr_values; i++) {
		const struct tr_estimate *e = tr_plot_estimate(r, tr_plot_cell(r, p, i, series));
		double x = tr_scale_band(LEFT, right, i, axis->nr_values) + aside;
		double low = tr_scale(y, e->low * tr_unit_factor(r)), high = tr_scale(y, e->high * tr_unit_factor(r));
		if (!e->nr) {
			cross_draw(out, x, tr_scale(y, 0) - 8);
			last = last < 0 ? tr_scale(y, 0) - 8 : last;
			continue;
		}
		fprintf(out, "<path class=\"bar\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh8M%.1f %.1fh8\"/>\n", x, low, high, x - 4, low,
			x - 4, high);
		last = tr_scale(y, e->median * tr_unit_factor(r));
		dot_draw(out, series, x, last);
	}
	fputs("</g>\n", out);
	return last;
}

void tr_lines_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_axis *axis = &r->sweep->axes[p->x];
	const struct tr_estimate *control = tr_plot_estimate(r, 0);
	double right = p->y == TR_NONE ? TR_SVG_WIDTH - 90 : TR_SVG_WIDTH - 184, bottom = 350, height = control->median * tr_unit_factor(r);
	struct tr_ticks ticks = tr_ticks(fmax(tr_plot_range(r, p).top, control->nr ? height : 0), 6);
	struct tr_scale y = { 0, ticks.step * (ticks.nr - 1), bottom, TR_SVG_TOP + 8 };
	struct tag tags[TR_SERIES_MAX];
	unsigned nr = 0;

	grid_draw(out, &y, &ticks, right, tr_unit_name(r));
	tr_plot_across(out, axis, LEFT, right, bottom + 20);
	if (control->nr) {
		fprintf(out, "<line class=\"ctl\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, right,
			tr_scale(&y, height), tr_scale(&y, height));
		tr_plot_text(out, p->y == TR_NONE ? right + 6 : LEFT + 4, tr_scale(&y, height) + (p->y == TR_NONE ? 4 : -5), "start", "soft",
			     "control");
	}
	for (unsigned s = 0; s < tr_plot_series(r, p) && s < TR_SERIES_MAX; s++) {
		double at = series_draw(out, r, p, s, &y, right);
		tags[nr++] = (struct tag){ at, s };
	}
	if (p->y != TR_NONE)
		tags_draw(out, r, p, tags, nr, right + 12, bottom);
}
