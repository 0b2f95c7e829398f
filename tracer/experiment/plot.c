/* What a picture says in words and numbers, and who draws it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/experiment/plot_draw.h"
#include "tracer/experiment/scale.h"

/* ---- text and units */

double tr_unit_factor(const struct tr_report *r)
{
	return r->summary->measure == TR_BY_THROUGHPUT ? 1.0 / 1048576 : 1e-9;
}

const char *tr_unit_name(const struct tr_report *r)
{
	return r->summary->measure == TR_BY_THROUGHPUT ? "MiB/s" : "s";
}

const char *tr_measure_title(const struct tr_report *r)
{
	return r->summary->measure == TR_BY_THROUGHPUT ? "Throughput" : "Wall time";
}

const struct tr_estimate *tr_plot_estimate(const struct tr_report *r, unsigned cell)
{
	return &r->summary->cells[cell].measures[r->summary->measure];
}

/* The values of the axes that a picture holds fast: "latency=20ms, threads=on"; "" when there are none. */
static const char *fixed_text(const struct tr_report *r, const struct tr_plot *p, char *buf, size_t cap)
{
	size_t len = 0;

	*buf = '\0';
	for (unsigned i = 0; i < r->sweep->nr_axes && len < cap; i++)
		if (i != p->x && i != p->y)
			len += (size_t)snprintf(buf + len, cap - len, "%s%s=%s", len ? ", " : "", r->sweep->axes[i].name,
						r->sweep->axes[i].values[p->at[i]]);
	return buf;
}

const char *tr_plot_title(const struct tr_report *r, const struct tr_plot *p, char *buf, size_t cap)
{
	char fixed[300], label[300];

	if (p->kind == TR_PLOT_TIMELINE) {
		snprintf(buf, cap, "A typical run of the %s configuration: %s", p->best ? "best" : "worst",
			 tr_sweep_label(r->sweep, p->cell, label, sizeof(label)));
		return buf;
	}
	fixed_text(r, p, fixed, sizeof(fixed));
	snprintf(buf, cap, "%s by %s%s%s%s%s", tr_measure_title(r), r->sweep->axes[p->x].name,
		 p->kind == TR_PLOT_HEAT ? " and " : "", p->kind == TR_PLOT_HEAT ? r->sweep->axes[p->y].name : "",
		 *fixed ? ", at " : "", fixed);
	return buf;
}

unsigned tr_plot_cell(const struct tr_report *r, const struct tr_plot *p, unsigned x, unsigned y)
{
	unsigned at[TR_AXES_MAX];

	memcpy(at, p->at, sizeof(at));
	at[p->x] = x;
	if (p->y != TR_NONE)
		at[p->y] = y;
	return tr_sweep_cell(r->sweep, at);
}

unsigned tr_plot_series(const struct tr_report *r, const struct tr_plot *p)
{
	return p->y == TR_NONE ? 1 : r->sweep->axes[p->y].nr_values;
}

struct tr_plot_range tr_plot_range(const struct tr_report *r, const struct tr_plot *p)
{
	struct tr_plot_range range = { .low = INFINITY };

	for (unsigned x = 0; x < r->sweep->axes[p->x].nr_values; x++)
		for (unsigned y = 0; y < tr_plot_series(r, p); y++) {
			unsigned cell = tr_plot_cell(r, p, x, y);
			const struct tr_estimate *e = tr_plot_estimate(r, cell);
			double value = e->median * tr_unit_factor(r);
			range.failed |= !e->nr;
			if (!e->nr)
				continue;
			if (value < range.low)
				range.low = value, range.low_cell = cell;
			if (value > range.high)
				range.high = value, range.high_cell = cell;
			range.top = fmax(range.top, e->high * tr_unit_factor(r));
		}
	return range;
}

const char *tr_plot_sentence(const struct tr_report *r, const struct tr_plot *p, char *buf, size_t cap)
{
	char low[32], high[32], low_label[300], high_label[300];
	const struct tr_sample *run;
	struct tr_plot_range range;

	if (p->kind == TR_PLOT_TIMELINE) {
		run = r->summary->cells[p->cell].typical;
		snprintf(buf, cap, "%s: %u part%s and requests on %u thread%s; the call took %s s. Strong colour: sending; faint: waiting for the answer; violet: requests about the object.%s",
			 tr_sweep_label(r->sweep, p->cell, low_label, sizeof(low_label)), run->nr_bars, run->nr_bars == 1 ? "" : "s", run->nr_lanes, run->nr_lanes == 1 ? "" : "s",
			 tr_number_text((double)run->wall_ns / 1e9, low, sizeof(low)),
			 run->bars_cut ? " The picture shows the first of them only." : "");
		return buf;
	}
	range = tr_plot_range(r, p);
	if (!range.high_cell) {
		snprintf(buf, cap, "Nothing could be measured here.");
		return buf;
	}
	snprintf(buf, cap, "Medians%s. Lowest %s %s (%s), highest %s %s (%s).%s",
		 p->kind == TR_PLOT_LINES ? "; bars are intervals of the median" : "",
		 tr_number_text(range.low, low, sizeof(low)), tr_unit_name(r),
		 tr_sweep_label(r->sweep, range.low_cell, low_label, sizeof(low_label)),
		 tr_number_text(range.high, high, sizeof(high)), tr_unit_name(r),
		 tr_sweep_label(r->sweep, range.high_cell, high_label, sizeof(high_label)),
		 p->kind == TR_PLOT_LINES && range.failed ? " A cross: every run failed." : "");
	return buf;
}

void tr_plot_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p, bool alone)
{
	double height = p->kind == TR_PLOT_LINES ? 404 : p->kind == TR_PLOT_HEAT ? tr_heat_height(r, p) :
									tr_timeline_height(r->summary->cells[p->cell].typical);

	tr_plot_begin(out, r, p, height, alone);
	tr_plot_head(out, r, p);
	if (p->kind == TR_PLOT_LINES)
		tr_lines_draw(out, r, p);
	else if (p->kind == TR_PLOT_HEAT)
		tr_heat_draw(out, r, p);
	else
		tr_timeline_draw(out, r, p);
	fputs("</svg>\n", out);
}

/* ---- the numbers behind */

static void estimate_put(FILE *out, const struct tr_report *r, const struct tr_estimate *e)
{
	char median[32], low[32], high[32];
	double factor = tr_unit_factor(r);

	if (e->nr)
		fprintf(out, "<td>%s (%s to %s)", tr_number_text(e->median * factor, median, sizeof(median)),
			tr_number_text(e->low * factor, low, sizeof(low)), tr_number_text(e->high * factor, high, sizeof(high)));
	else
		fputs("<td>failed", out);
}

void tr_plot_table(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_axis *across, *down;

	if (p->kind == TR_PLOT_TIMELINE) {
		tr_timeline_table(out, r->summary->cells[p->cell].typical);
		return;
	}
	across = &r->sweep->axes[p->x];
	down = p->y == TR_NONE ? NULL : &r->sweep->axes[p->y];
	fprintf(out, "<table><caption>%s, median and interval</caption><thead><tr><th scope=\"col\">", tr_unit_name(r));
	tr_put_text(out, across->name);
	for (unsigned y = 0; y < tr_plot_series(r, p); y++) {
		fputs("<th scope=\"col\">", out);
		if (down) {
			tr_put_text(out, down->name);
			fputc('=', out);
			tr_put_text(out, down->values[y]);
		} else {
			fputs(tr_measure_title(r), out);
		}
	}
	fputs("</tr></thead><tbody>\n", out);
	for (unsigned x = 0; x < across->nr_values; x++) {
		fputs("<tr><th scope=\"row\">", out);
		tr_put_text(out, across->values[x]);
		for (unsigned y = 0; y < tr_plot_series(r, p); y++)
			estimate_put(out, r, tr_plot_estimate(r, tr_plot_cell(r, p, x, y)));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}
