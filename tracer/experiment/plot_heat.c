/* Two axes together: a field for each combination, its colour and its number the median. */
#include "tracer/experiment/plot_draw.h"
#include "tracer/experiment/scale.h"

enum { HEAT_STEPS = 9 };

double tr_heat_height(const struct tr_report *r, const struct tr_plot *p)
{
	unsigned rows = r->sweep->axes[p->y].nr_values;

	return TR_SVG_TOP + 20 + rows * (rows > 10 ? 28 : 44) + 100;
}

static void heat_cell(FILE *out, const struct tr_report *r, const struct tr_plot_range *range, unsigned cell, double x, double y,
		      double width, double height)
{
	const struct tr_estimate *e = tr_plot_estimate(r, cell);
	double value = e->median * tr_unit_factor(r);
	unsigned step = tr_scale_step(range->low, range->high, value, HEAT_STEPS);
	char text[32], class[8];

	if (!e->nr) {
		tr_plot_text(out, x + width / 2, y + height / 2 + 5, "middle", "soft", "failed");
		return;
	}
	fprintf(out, "<rect class=\"h%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"/>\n", step, x + 1, y + 1,
		width - 2, height - 2);
	snprintf(class, sizeof(class), "t%u", step);
	tr_plot_text(out, x + width / 2, y + height / 2 + 5, "middle", class, tr_number_text(value, text, sizeof(text)));
	if (cell == r->summary->best)
		fprintf(out, "<rect class=\"ring\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\"/>\n", x + 1.5,
			y + 1.5, width - 3, height - 3);
}

static void heat_legend(FILE *out, const struct tr_report *r, const struct tr_plot_range *range, double y)
{
	char text[64], number[32];

	for (unsigned i = 0; i < HEAT_STEPS; i++)
		fprintf(out, "<rect class=\"h%u\" x=\"%u\" y=\"%.1f\" width=\"24\" height=\"12\"/>\n", i, 150 + i * 24, y);
	snprintf(text, sizeof(text), "%s %s", tr_number_text(range->low, number, sizeof(number)), tr_unit_name(r));
	tr_plot_text(out, 142, y + 11, "end", "soft", text);
	snprintf(text, sizeof(text), "%s %s%s", tr_number_text(range->high, number, sizeof(number)), tr_unit_name(r),
		 r->summary->best ? "; the frame is the best of all" : "");
	tr_plot_text(out, 150 + HEAT_STEPS * 24 + 8, y + 11, "start", "soft", text);
}

void tr_heat_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	const struct tr_axis *across = &r->sweep->axes[p->x], *down = &r->sweep->axes[p->y];
	double left = 150, right = TR_SVG_WIDTH - 24, row = down->nr_values > 10 ? 28 : 44;
	double width = (right - left) / across->nr_values, bottom = TR_SVG_TOP + 20 + down->nr_values * row;
	struct tr_plot_range range = tr_plot_range(r, p);
	char text[64];

	tr_plot_text(out, left - 10, TR_SVG_TOP + 10, "end", "soft", tr_plot_shorten(down->name, 15, text, sizeof(text)));
	for (unsigned y = 0; y < down->nr_values; y++) {
		tr_plot_text(out, left - 10, TR_SVG_TOP + 20 + (y + 0.5) * row + 5, "end", "", tr_plot_shorten(down->values[y], 15, text, sizeof(text)));
		for (unsigned x = 0; x < across->nr_values; x++)
			heat_cell(out, r, &range, tr_plot_cell(r, p, x, y), left + x * width, TR_SVG_TOP + 20 + y * row, width, row);
	}
	tr_plot_across(out, across, left, right, bottom + 20);
	heat_legend(out, r, &range, bottom + 62);
}
