#include "tracer/experiment/plot.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/experiment/scale.h"
#include "tracer/export/text.h"

const char tr_plot_style[] =
	".plot{font:13px/1.3 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;--ink:#1c2430;--soft:#5a6675;--grid:#e3e8ee;"
	"--paper:#fff;--send:#1f6fb2;--wait:#b9d4ea;--req:#6d5aa8;--bad:#c0362c}"
	".plot text{fill:var(--ink)}.plot .soft{fill:var(--soft)}.plot .head{font-size:16px;font-weight:600}"
	".plot .grid{stroke:var(--grid)}.plot .axis{stroke:var(--soft)}.plot .ctl{stroke:var(--soft);stroke-dasharray:5 4}"
	".plot .line{fill:none;stroke-width:2.25;stroke:var(--c);stroke-linejoin:round}"
	".plot .bar{stroke:var(--c);stroke-width:1.5}.plot .dot{fill:var(--c);stroke:var(--paper);stroke-width:1}"
	".plot .tag{fill:var(--c);font-weight:600}"
	".plot .send{fill:var(--send)}.plot .wait{fill:var(--wait)}.plot .req{fill:var(--req)}"
	".plot .bad{stroke:var(--bad);stroke-width:2}.plot .num{fill:#fff;font-size:11px}.plot .numw{fill:#17324a;font-size:11px}"
	".plot .ret{stroke:var(--ink);stroke-width:1.5}.plot .ring{fill:none;stroke:var(--ink);stroke-width:2.5}"
	".s0{--c:#0b62a8}.s1{--c:#c4510a}.s2{--c:#0a7f5c}.s3{--c:#a8447f}.s4{--c:#8a6100}.s5{--c:#2a7f9e}.s6{--c:#6a4fb3}.s7{--c:#4d5866}"
	".plot .h0{fill:#eef4fb}.plot .h1{fill:#dbe8f5}.plot .h2{fill:#c2d9ee}.plot .h3{fill:#a1c5e4}.plot .h4{fill:#79aad6}"
	".plot .h5{fill:#3d77b1}.plot .h6{fill:#2b669f}.plot .h7{fill:#18508a}.plot .h8{fill:#0b3c6f}"
	".plot .t0,.plot .t1,.plot .t2,.plot .t3,.plot .t4{fill:#14263a}.plot .t5,.plot .t6,.plot .t7,.plot .t8{fill:#fff}"
	"@media screen and (prefers-color-scheme:dark){"
	".plot{--ink:#e6ebf2;--soft:#a3afbf;--grid:#2b3442;--paper:#12171f;--send:#4f9fe0;--wait:#26425c;--req:#a592e0;--bad:#ff7b6e}"
	".plot .num{fill:#06121e}.plot .numw{fill:#dbe9f7}"
	".s0{--c:#6cb6ff}.s1{--c:#ff9a57}.s2{--c:#41cf9c}.s3{--c:#ee93c6}.s4{--c:#e5b94e}.s5{--c:#7fd0ea}.s6{--c:#b9a2ff}.s7{--c:#b3bdc9}"
	".plot .h0{fill:#16263a}.plot .h1{fill:#193350}.plot .h2{fill:#1c4168}.plot .h3{fill:#205184}.plot .h4{fill:#2764a2}"
	".plot .h5{fill:#4a86c5}.plot .h6{fill:#6fa5dc}.plot .h7{fill:#98c3ee}.plot .h8{fill:#c6e0fb}"
	".plot .t0,.plot .t1,.plot .t2,.plot .t3,.plot .t4{fill:#f0f5fb}.plot .t5,.plot .t6,.plot .t7,.plot .t8{fill:#0a1826}}";

enum { WIDTH = 760, LEFT = 76, TOP = 52, SERIES_MAX = 8, HEAT_STEPS = 9 };

/* ---- text and units */

void tr_put_text(FILE *out, const char *text)
{
	char clean[1024];

	xf_text_sanitise(clean, sizeof(clean), text, strlen(text));
	tr_put_xml(out, clean);
}

double tr_unit_factor(const struct tr_report *r)
{
	return r->summary->measure == TR_BY_THROUGHPUT ? 1.0 / 1048576 : 1e-9;
}

const char *tr_unit_name(const struct tr_report *r)
{
	return r->summary->measure == TR_BY_THROUGHPUT ? "MiB/s" : "s";
}

static const char *measure_title(const struct tr_report *r)
{
	return r->summary->measure == TR_BY_THROUGHPUT ? "Throughput" : "Wall time";
}

static const struct tr_estimate *estimate_at(const struct tr_report *r, unsigned cell)
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
	snprintf(buf, cap, "%s by %s%s%s%s%s", measure_title(r), r->sweep->axes[p->x].name,
		 p->kind == TR_PLOT_HEAT ? " and " : "", p->kind == TR_PLOT_HEAT ? r->sweep->axes[p->y].name : "",
		 *fixed ? ", at " : "", fixed);
	return buf;
}

static unsigned cell_at(const struct tr_report *r, const struct tr_plot *p, unsigned x, unsigned y)
{
	unsigned at[TR_AXES_MAX];

	memcpy(at, p->at, sizeof(at));
	at[p->x] = x;
	if (p->y != TR_NONE)
		at[p->y] = y;
	return tr_sweep_cell(r->sweep, at);
}

static unsigned series_of(const struct tr_report *r, const struct tr_plot *p)
{
	return p->y == TR_NONE ? 1 : r->sweep->axes[p->y].nr_values;
}

/* Lowest and highest median among the picture's cells, and where they are. */
struct range {
	double low, high, top; /* top: of the intervals */
	unsigned low_cell, high_cell;
};

static struct range range_of(const struct tr_report *r, const struct tr_plot *p)
{
	struct range range = { .low = INFINITY };

	for (unsigned x = 0; x < r->sweep->axes[p->x].nr_values; x++)
		for (unsigned y = 0; y < series_of(r, p); y++) {
			unsigned cell = cell_at(r, p, x, y);
			const struct tr_estimate *e = estimate_at(r, cell);
			double value = e->median * tr_unit_factor(r);
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
	struct range range;

	if (p->kind == TR_PLOT_TIMELINE) {
		run = r->summary->cells[p->cell].typical;
		snprintf(buf, cap, "%u part%s and requests on %u thread%s; the call took %s s. Strong colour: sending; faint: waiting for the answer; violet: requests about the object.%s",
			 run->nr_bars, run->nr_bars == 1 ? "" : "s", run->nr_lanes, run->nr_lanes == 1 ? "" : "s",
			 tr_number_text((double)run->wall_ns / 1e9, low, sizeof(low)),
			 run->bars_cut ? " The picture shows the first of them only." : "");
		return buf;
	}
	range = range_of(r, p);
	if (!range.high_cell) {
		snprintf(buf, cap, "Nothing could be measured here.");
		return buf;
	}
	snprintf(buf, cap, "Medians%s. Lowest %s %s (%s), highest %s %s (%s).",
		 p->kind == TR_PLOT_LINES ? "; bars are intervals of the median" : "",
		 tr_number_text(range.low, low, sizeof(low)), tr_unit_name(r),
		 tr_sweep_label(r->sweep, range.low_cell, low_label, sizeof(low_label)),
		 tr_number_text(range.high, high, sizeof(high)), tr_unit_name(r),
		 tr_sweep_label(r->sweep, range.high_cell, high_label, sizeof(high_label)));
	return buf;
}

/* ---- SVG */

static void svg_begin(FILE *out, const struct tr_report *r, const struct tr_plot *p, double height, bool alone)
{
	char text[1200];

	fprintf(out, "<svg %sclass=\"plot\" viewBox=\"0 0 %d %.0f\" role=\"img\" aria-labelledby=\"%s-t %s-d\">\n",
		alone ? "xmlns=\"http://www.w3.org/2000/svg\" " : "", WIDTH, height, p->name, p->name);
	fprintf(out, "<title id=\"%s-t\">", p->name);
	tr_put_text(out, tr_plot_title(r, p, text, sizeof(text)));
	fprintf(out, "</title>\n<desc id=\"%s-d\">", p->name);
	tr_put_text(out, tr_plot_sentence(r, p, text, sizeof(text)));
	fputs("</desc>\n", out);
	if (alone)
		fprintf(out, "<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" style=\"fill:var(--paper)\"/>\n", tr_plot_style);
}

static void svg_text(FILE *out, double x, double y, const char *anchor, const char *class, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, class);
	tr_put_text(out, text);
	fputs("</text>\n", out);
}

/* Cuts a text to about `most` columns, at a character's boundary. */
static const char *shorten(const char *text, size_t most, char *buf, size_t cap)
{
	size_t len = strlen(text);

	if (len <= most || most + 4 > cap) {
		snprintf(buf, cap, "%s", text);
		return buf;
	}
	while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	snprintf(buf, cap, "%.*s…", (int)most, text);
	return buf;
}

static void svg_head(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	char title[600], cut[128];

	svg_text(out, 16, 26, "start", "head", shorten(tr_plot_title(r, p, title, sizeof(title)), 88, cut, sizeof(cut)));
}

/* The y axis' grid, ticks and name. */
static void grid_draw(FILE *out, const struct tr_scale *y, const struct tr_ticks *ticks, double right, const char *name)
{
	char text[32];

	for (unsigned i = 0; i < ticks->nr; i++) {
		double at = tr_scale(y, i * ticks->step);
		fprintf(out, "<line x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", LEFT, right, at, at,
			i ? "grid" : "axis");
		snprintf(text, sizeof(text), "%.*f", ticks->decimals, i * ticks->step);
		svg_text(out, LEFT - 8, at + 4, "end", "soft", text);
	}
	svg_text(out, LEFT - 8, TOP - 6, "end", "soft", name);
}

/* A mark of its own for each series, so that colour is not needed. */
static void dot_draw(FILE *out, unsigned series, double x, double y)
{
	static const char *const shapes[SERIES_MAX] = {
		"M0-5a5 5 0 1 0 .01 0z", "M-4.5-4.5h9v9h-9z", "M0-6L5.5 4.5h-11z", "M0-6L6 0 0 6-6 0z",
		"M0 6L5.5-4.5h-11z", "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z", "M-6-3h12v6h-12z", "M-3-6h6v12h-6z",
	};

	fprintf(out, "<path class=\"dot\" d=\"%s\" transform=\"translate(%.1f %.1f)\"/>\n", shapes[series % SERIES_MAX], x, y);
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
	char text[64], cut[64];

	qsort(tags, nr, sizeof(*tags), by_height);
	for (unsigned i = 1; i < nr; i++)
		if (tags[i].y < tags[i - 1].y + 17)
			tags[i].y = tags[i - 1].y + 17;
	for (unsigned i = nr; i-- > 0;) {
		double most = bottom - 17 * (nr - 1 - i);
		if (tags[i].y > most)
			tags[i].y = most;
	}
	snprintf(text, sizeof(text), "%.40s", axis->name);
	svg_text(out, x, TOP - 6, "start", "soft", shorten(text, 20, cut, sizeof(cut)));
	for (unsigned i = 0; i < nr; i++) {
		fprintf(out, "<g class=\"s%u\">", tags[i].series % SERIES_MAX);
		dot_draw(out, tags[i].series, x + 7, tags[i].y);
		svg_text(out, x + 19, tags[i].y + 4, "start", "tag",
			 shorten(axis->values[tags[i].series], 16, cut, sizeof(cut)));
		fputs("</g>\n", out);
	}
}

/* One series: line, intervals, marks. Returns the height of its last point, negative: it has none. */
static double series_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p, unsigned series,
			  const struct tr_scale *y, double right)
{
	const struct tr_axis *axis = &r->sweep->axes[p->x];
	double last = -1, aside = ((double)series - (series_of(r, p) - 1) / 2.0) * 5;
	bool pen = false;

	fprintf(out, "<g class=\"s%u\">\n<path class=\"line\" d=\"", series % SERIES_MAX);
	for (unsigned i = 0; i < axis->nr_values && tr_axis_numeric(axis); i++) {
		const struct tr_estimate *e = estimate_at(r, cell_at(r, p, i, series));
		if (e->nr)
			fprintf(out, "%c%.1f %.1f", pen ? 'L' : 'M', tr_scale_band(LEFT, right, i, axis->nr_values) + aside,
				tr_scale(y, e->median * tr_unit_factor(r)));
		pen = e->nr;
	}
	fputs("\"/>\n", out);
	for (unsigned i = 0; i < axis->nr_values; i++) {
		const struct tr_estimate *e = estimate_at(r, cell_at(r, p, i, series));
		double x = tr_scale_band(LEFT, right, i, axis->nr_values) + aside;
		double low = tr_scale(y, e->low * tr_unit_factor(r)), high = tr_scale(y, e->high * tr_unit_factor(r));
		if (!e->nr)
			continue;
		fprintf(out, "<path class=\"bar\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh8M%.1f %.1fh8\"/>\n", x, low, high, x - 4, low,
			x - 4, high);
		last = tr_scale(y, e->median * tr_unit_factor(r));
		dot_draw(out, series, x, last);
	}
	fputs("</g>\n", out);
	return last;
}

static void lines_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_axis *axis = &r->sweep->axes[p->x];
	const struct tr_estimate *control = estimate_at(r, 0);
	double right = p->y == TR_NONE ? WIDTH - 90 : WIDTH - 160, bottom = 350, height = control->median * tr_unit_factor(r);
	struct tr_ticks ticks = tr_ticks(fmax(range_of(r, p).top, control->nr ? height : 0), 6);
	struct tr_scale y = { 0, ticks.step * (ticks.nr - 1), bottom, TOP + 8 };
	struct tag tags[SERIES_MAX];
	unsigned nr = 0;
	char text[64];

	grid_draw(out, &y, &ticks, right, tr_unit_name(r));
	for (unsigned i = 0; i < axis->nr_values; i++)
		svg_text(out, tr_scale_band(LEFT, right, i, axis->nr_values), bottom + 20, "middle", "",
			 shorten(axis->values[i], 14, text, sizeof(text)));
	svg_text(out, (LEFT + right) / 2, bottom + 42, "middle", "soft", axis->name);
	if (control->nr) {
		fprintf(out, "<line class=\"ctl\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, right,
			tr_scale(&y, height), tr_scale(&y, height));
		svg_text(out, LEFT + 4, tr_scale(&y, height) - 5, "start", "soft", "control");
	}
	for (unsigned s = 0; s < series_of(r, p) && s < SERIES_MAX; s++) {
		double at = series_draw(out, r, p, s, &y, right);
		if (at >= 0)
			tags[nr++] = (struct tag){ at, s };
	}
	if (p->y != TR_NONE)
		tags_draw(out, r, p, tags, nr, right + 12, bottom);
}

static double heat_height(const struct tr_report *r, const struct tr_plot *p)
{
	unsigned rows = r->sweep->axes[p->y].nr_values;

	return TOP + 20 + rows * (rows > 10 ? 28 : 44) + 100;
}

static void heat_cell(FILE *out, const struct tr_report *r, const struct range *range, unsigned cell, double x, double y,
		      double width, double height)
{
	const struct tr_estimate *e = estimate_at(r, cell);
	double value = e->median * tr_unit_factor(r);
	unsigned step = tr_scale_step(range->low, range->high, value, HEAT_STEPS);
	char text[32], class[8];

	if (!e->nr) {
		svg_text(out, x + width / 2, y + height / 2 + 5, "middle", "soft", "failed");
		return;
	}
	fprintf(out, "<rect class=\"h%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/>\n", step, x + 1, y + 1,
		width - 2, height - 2);
	snprintf(class, sizeof(class), "t%u", step);
	svg_text(out, x + width / 2, y + height / 2 + 5, "middle", class, tr_number_text(value, text, sizeof(text)));
	if (cell == r->summary->best)
		fprintf(out, "<rect class=\"ring\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\"/>\n", x + 1.5,
			y + 1.5, width - 3, height - 3);
}

static void heat_legend(FILE *out, const struct tr_report *r, const struct range *range, double y)
{
	char text[64], number[32];

	for (unsigned i = 0; i < HEAT_STEPS; i++)
		fprintf(out, "<rect class=\"h%u\" x=\"%u\" y=\"%.1f\" width=\"24\" height=\"12\"/>\n", i, 150 + i * 24, y);
	snprintf(text, sizeof(text), "%s %s", tr_number_text(range->low, number, sizeof(number)), tr_unit_name(r));
	svg_text(out, 142, y + 11, "end", "soft", text);
	snprintf(text, sizeof(text), "%s %s%s", tr_number_text(range->high, number, sizeof(number)), tr_unit_name(r),
		 r->summary->best ? "; the frame is the best of all" : "");
	svg_text(out, 150 + HEAT_STEPS * 24 + 8, y + 11, "start", "soft", text);
}

static void heat_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_axis *across = &r->sweep->axes[p->x], *down = &r->sweep->axes[p->y];
	double left = 150, right = WIDTH - 24, row = down->nr_values > 10 ? 28 : 44;
	double width = (right - left) / across->nr_values, bottom = TOP + 20 + down->nr_values * row;
	struct range range = range_of(r, p);
	char text[64];

	svg_text(out, left - 10, TOP + 10, "end", "soft", shorten(down->name, 20, text, sizeof(text)));
	for (unsigned y = 0; y < down->nr_values; y++) {
		svg_text(out, left - 10, TOP + 20 + (y + 0.5) * row + 5, "end", "", shorten(down->values[y], 18, text, sizeof(text)));
		for (unsigned x = 0; x < across->nr_values; x++)
			heat_cell(out, r, &range, cell_at(r, p, x, y), left + x * width, TOP + 20 + y * row, width, row);
	}
	for (unsigned x = 0; x < across->nr_values; x++)
		svg_text(out, left + (x + 0.5) * width, bottom + 20, "middle", "", shorten(across->values[x], 14, text, sizeof(text)));
	svg_text(out, (left + right) / 2, bottom + 42, "middle", "soft", across->name);
	heat_legend(out, r, &range, bottom + 62);
}

/* ---- timeline */

enum { LANE = 26 };

static double timeline_height(const struct tr_sample *run)
{
	return TOP + 12 + run->nr_lanes * LANE + 78;
}

static void bar_draw(FILE *out, const struct tr_bar *b, const struct tr_scale *x, double unit)
{
	double begin = tr_scale(x, (double)b->begin_ns / unit), end = tr_scale(x, (double)b->end_ns / unit);
	double sent = b->sent_ns < 0 ? end : tr_scale(x, (double)b->sent_ns / unit), y = TOP + 12 + b->lane * LANE + 3, width;
	char text[24];

	end = fmax(end, begin + 1.5);
	fprintf(out, "<g%s><title>", b->failed ? " class=\"bad\"" : "");
	if (b->part)
		fprintf(out, "part %u%s", b->part, b->failed ? ", failed" : "");
	else
		fputs(xf_op_name(b->op), out);
	fprintf(out, ": %.1f to %.1f ms%s</title>\n", (double)b->begin_ns / 1e6, (double)b->end_ns / 1e6,
		b->attempts > 1 ? ", tried again" : "");
	if (b->part)
		fprintf(out, "<rect class=\"wait\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", begin, y,
			end - begin, LANE - 6);
	fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", b->part ? "send" : "req",
		begin, y, fmax((b->part ? sent : end) - begin, 1), LANE - 6);
	snprintf(text, sizeof(text), "%u", b->part);
	width = 7.0 * (double)strlen(text) + 6;
	if (b->part && sent - begin > width)
		svg_text(out, begin + 4, y + 14, "start", "num", text);
	else if (b->part && end - sent > width)
		svg_text(out, sent + 4, y + 14, "start", "numw", text);
	fputs("</g>\n", out);
}

static void timeline_axis(FILE *out, const struct tr_scale *x, const struct tr_ticks *ticks, double bottom, const char *unit)
{
	char text[32];

	for (unsigned i = 0; i < ticks->nr; i++) {
		double at = tr_scale(x, i * ticks->step);
		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/>\n", at, at, TOP + 6, bottom);
		snprintf(text, sizeof(text), "%.*f", ticks->decimals, i * ticks->step);
		svg_text(out, at, bottom + 18, "middle", "soft", text);
	}
	svg_text(out, x->to_high, bottom + 38, "end", "soft", unit);
}

static void timeline_legend(FILE *out, double y)
{
	static const struct {
		const char *class, *text;
	} rows[] = { { "send", "sending" }, { "wait", "waiting for the answer" }, { "req", "request about the object" } };
	double x = 100;

	for (size_t i = 0; i < 3; i++) {
		fprintf(out, "<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"14\" height=\"12\" rx=\"2\"/>\n", rows[i].class, x, y);
		svg_text(out, x + 20, y + 11, "start", "soft", rows[i].text);
		x += 44 + 7 * (double)strlen(rows[i].text);
	}
}

static void timeline_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_sample *run = r->summary->cells[p->cell].typical;
	double last = (double)run->wall_ns, bottom = TOP + 12 + run->nr_lanes * LANE, unit, returned;
	struct tr_ticks ticks;
	struct tr_scale x;

	for (uint32_t i = 0; i < run->nr_bars; i++)
		last = fmax(last, (double)run->bars[i].end_ns);
	unit = last >= 2e9 ? 1e9 : 1e6;
	ticks = tr_ticks(last / unit, 8);
	x = (struct tr_scale){ 0, ticks.step * (ticks.nr - 1), 100, WIDTH - 30 };
	timeline_axis(out, &x, &ticks, bottom, unit > 1e6 ? "s after the call began" : "ms after the call began");
	for (uint32_t i = 0; i < run->nr_lanes; i++)
		svg_text(out, 92, TOP + 12 + i * LANE + 18, "end", "", run->lanes[i]);
	for (uint32_t i = 0; i < run->nr_bars; i++)
		bar_draw(out, &run->bars[i], &x, unit);
	returned = tr_scale(&x, (double)run->wall_ns / unit);
	fprintf(out, "<line class=\"ret\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/>\n", returned, returned, TOP, bottom + 4);
	svg_text(out, returned, TOP - 5, returned > WIDTH - 100 ? "end" : "middle", "", "the call returned");
	timeline_legend(out, bottom + 50);
}

void tr_plot_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p, bool alone)
{
	double height = p->kind == TR_PLOT_LINES ? 404 : p->kind == TR_PLOT_HEAT ? heat_height(r, p) :
									timeline_height(r->summary->cells[p->cell].typical);

	svg_begin(out, r, p, height, alone);
	svg_head(out, r, p);
	if (p->kind == TR_PLOT_LINES)
		lines_draw(out, r, p);
	else if (p->kind == TR_PLOT_HEAT)
		heat_draw(out, r, p);
	else
		timeline_draw(out, r, p);
	fputs("</svg>\n", out);
}

/* ---- the numbers behind */

static void timeline_table(FILE *out, const struct tr_sample *run)
{
	fputs("<table><thead><tr><th scope=\"col\">thread<th scope=\"col\">what<th scope=\"col\">begin, ms<th scope=\"col\">sent, ms<th scope=\"col\">answered, ms</tr></thead><tbody>\n", out);
	for (uint32_t i = 0; i < run->nr_bars; i++) {
		const struct tr_bar *b = &run->bars[i];
		fputs("<tr><th scope=\"row\">", out);
		tr_put_text(out, run->lanes[b->lane]);
		if (b->part)
			fprintf(out, "<td>part %u%s", b->part, b->failed ? ", failed" : "");
		else
			fprintf(out, "<td>%s%s", xf_op_name(b->op), b->failed ? ", failed" : "");
		fprintf(out, "<td>%.1f<td>", (double)b->begin_ns / 1e6);
		if (b->sent_ns >= 0)
			fprintf(out, "%.1f", (double)b->sent_ns / 1e6);
		fprintf(out, "<td>%.1f</tr>\n", (double)b->end_ns / 1e6);
	}
	fputs("</tbody></table>\n", out);
}

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
		timeline_table(out, r->summary->cells[p->cell].typical);
		return;
	}
	across = &r->sweep->axes[p->x];
	down = p->y == TR_NONE ? NULL : &r->sweep->axes[p->y];
	fprintf(out, "<table><caption>%s, median and interval</caption><thead><tr><th scope=\"col\">", tr_unit_name(r));
	tr_put_text(out, across->name);
	for (unsigned y = 0; y < series_of(r, p); y++) {
		fputs("<th scope=\"col\">", out);
		if (down) {
			tr_put_text(out, down->name);
			fputc('=', out);
			tr_put_text(out, down->values[y]);
		} else {
			fputs(measure_title(r), out);
		}
	}
	fputs("</tr></thead><tbody>\n", out);
	for (unsigned x = 0; x < across->nr_values; x++) {
		fputs("<tr><th scope=\"row\">", out);
		tr_put_text(out, across->values[x]);
		for (unsigned y = 0; y < series_of(r, p); y++)
			estimate_put(out, r, estimate_at(r, cell_at(r, p, x, y)));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

/* ---- which pictures there are */

struct plots {
	const struct tr_report *report;
	struct tr_plot *list;
	unsigned nr;
	bool cut, out_of_memory;
};

static void name_clean(char *name)
{
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9')))
			*name = '-';
}

/* Names are cut and cleaned, so that two may become one: it is a file's, and an id. */
static void name_unique(const struct plots *all, char name[80])
{
	size_t len = strlen(name);
	unsigned again = 2;

	for (unsigned i = 0; i < all->nr; i++)
		if (!strcmp(all->list[i].name, name)) {
			snprintf(name + len, 80 - len, "-%u", again++);
			i = UINT_MAX; /* from the first again */
		}
}

static void plot_add(struct plots *all, struct tr_plot plot)
{
	struct tr_plot *list = realloc(all->list, (all->nr + 1) * sizeof(*list));

	if (!list) {
		all->out_of_memory = true;
		return;
	}
	all->list = list;
	name_clean(plot.name);
	name_unique(all, plot.name);
	list[all->nr++] = plot;
}

/* The next combination of the axes that a picture holds fast; false after the last. */
static bool next_panel(const struct tr_sweep *s, struct tr_plot *p)
{
	for (unsigned i = s->nr_axes; i-- > 0;) {
		if (i == p->x || i == p->y)
			continue;
		if (++p->at[i] < s->axes[i].nr_values)
			return true;
		p->at[i] = 0;
	}
	return false;
}

static void panels_add(struct plots *all, enum tr_plot_kind kind, unsigned x, unsigned y)
{
	const struct tr_sweep *s = all->report->sweep;
	struct tr_plot p = { .kind = kind, .x = x, .y = y };
	unsigned nr = 0;
	bool more;

	do {
		if (kind == TR_PLOT_HEAT)
			snprintf(p.name, sizeof(p.name), "heat-%.24s-%.24s-%u", s->axes[x].name, s->axes[y].name, nr + 1);
		else
			snprintf(p.name, sizeof(p.name), "by-%.48s-%u", s->axes[x].name, nr + 1);
		plot_add(all, p);
		more = next_panel(s, &p);
	} while (++nr < TR_PANELS_MAX && more);
	all->cut |= more;
}

/* The axis whose values become lines beside x: the first other that is not too long. */
static unsigned series_axis(const struct tr_sweep *s, unsigned x)
{
	for (unsigned i = 0; i < s->nr_axes; i++)
		if (i != x && s->axes[i].nr_values <= SERIES_MAX)
			return i;
	return TR_NONE;
}

static void timeline_add(struct plots *all, unsigned cell, bool best)
{
	struct tr_plot p = { .kind = TR_PLOT_TIMELINE, .cell = cell, .best = best, .x = TR_NONE, .y = TR_NONE };
	const struct tr_sample *run = all->report->summary->cells[cell].typical;

	snprintf(p.name, sizeof(p.name), "timeline-%s", best ? "best" : "worst");
	if (cell && run && run->nr_bars)
		plot_add(all, p);
}

enum xf_status tr_plots(const struct tr_report *report, struct tr_plot **list, unsigned *nr, bool *cut, struct xf_error *err)
{
	struct plots all = { .report = report };
	const struct tr_sweep *s = report->sweep;

	for (unsigned x = 0; x < s->nr_axes; x++)
		panels_add(&all, TR_PLOT_LINES, x, series_axis(s, x));
	for (unsigned x = 0; x < s->nr_axes; x++)
		for (unsigned y = x + 1; y < s->nr_axes; y++)
			panels_add(&all, TR_PLOT_HEAT, x, y);
	timeline_add(&all, report->summary->best, true);
	if (report->summary->worst != report->summary->best)
		timeline_add(&all, report->summary->worst, false);
	if (all.out_of_memory) {
		free(all.list);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	*list = all.list;
	*nr = all.nr;
	*cut = all.cut;
	return XF_OK;
}
