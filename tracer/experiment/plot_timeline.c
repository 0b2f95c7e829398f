/* One run: a lane a thread, a bar a part or request, and its rows as a table. */
#include <math.h>
#include <string.h>

#include "tracer/experiment/plot_draw.h"
#include "tracer/experiment/scale.h"

enum { LANE = 26, LANES = 140 };

double tr_timeline_height(const struct tr_sample *run)
{
	return TR_SVG_TOP + 12 + run->nr_lanes * LANE + 78;
}

static void bar_draw(FILE *out, const struct tr_bar *b, const struct tr_scale *x, double unit)
{
	double begin = tr_scale(x, (double)b->begin_ns / unit), end = tr_scale(x, (double)b->end_ns / unit);
	double sent = b->sent_ns < 0 ? end : tr_scale(x, (double)b->sent_ns / unit), y = TR_SVG_TOP + 12 + b->lane * LANE + 3, width;
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
		tr_plot_text(out, begin + 4, y + 14, "start", "num", text);
	else if (b->part && end - sent > width)
		tr_plot_text(out, sent + 4, y + 14, "start", "numw", text);
	fputs("</g>\n", out);
}

static void timeline_axis(FILE *out, const struct tr_scale *x, const struct tr_ticks *ticks, double bottom, const char *unit)
{
	char text[32];

	for (unsigned i = 0; i < ticks->nr; i++) {
		double at = tr_scale(x, i * ticks->step);
		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/>\n", at, at, TR_SVG_TOP + 6, bottom);
		snprintf(text, sizeof(text), "%.*f", ticks->decimals, i * ticks->step);
		tr_plot_text(out, at, bottom + 18, "middle", "soft", text);
	}
	tr_plot_text(out, x->to_high, bottom + 38, "end", "soft", unit);
}

static void timeline_legend(FILE *out, double y)
{
	static const struct {
		const char *class, *text;
	} rows[] = { { "send", "sending" }, { "wait", "waiting for the answer" }, { "req", "request about the object" } };
	double x = LANES;

	for (size_t i = 0; i < 3; i++) {
		fprintf(out, "<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"14\" height=\"12\" rx=\"2\"/>\n", rows[i].class, x, y);
		tr_plot_text(out, x + 20, y + 11, "start", "soft", rows[i].text);
		x += 44 + 7 * (double)strlen(rows[i].text);
	}
}

void tr_timeline_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_sample *run = r->summary->cells[p->cell].typical;
	double last = (double)run->wall_ns, bottom = TR_SVG_TOP + 12 + run->nr_lanes * LANE, unit, returned;
	struct tr_ticks ticks;
	struct tr_scale x;
	char name[64];

	for (uint32_t i = 0; i < run->nr_bars; i++)
		last = fmax(last, (double)run->bars[i].end_ns);
	unit = last >= 2e9 ? 1e9 : 1e6;
	ticks = tr_ticks(last / unit, 8);
	x = (struct tr_scale){ 0, ticks.step * (ticks.nr - 1), LANES, TR_SVG_WIDTH - 30 };
	timeline_axis(out, &x, &ticks, bottom, unit > 1e6 ? "s after the call began" : "ms after the call began");
	for (uint32_t i = 0; i < run->nr_lanes; i++)
		tr_plot_text(out, LANES - 8, TR_SVG_TOP + 12 + i * LANE + 18, "end", "", tr_plot_shorten_head(run->lanes[i], 15, name, sizeof(name)));
	for (uint32_t i = 0; i < run->nr_bars; i++)
		bar_draw(out, &run->bars[i], &x, unit);
	returned = tr_scale(&x, (double)run->wall_ns / unit);
	fprintf(out, "<line class=\"ret\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/>\n", returned, returned, TR_SVG_TOP, bottom + 4);
	tr_plot_text(out, returned, TR_SVG_TOP - 5, returned > TR_SVG_WIDTH - 100 ? "end" : "middle", "", "the call returned");
	timeline_legend(out, bottom + 50);
}

/* ---- the numbers behind */

void tr_timeline_table(FILE *out, const struct tr_sample *run)
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
