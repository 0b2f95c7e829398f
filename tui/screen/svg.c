/*
 * svg: cells as a picture. Every run of cells that look alike is one text element with its
 * length given, so that the columns stand in line whatever font is there.
 */
#include <string.h>

#include "tui/screen/cells.h"

enum { CELL_TENTHS = 84, ROW = 18, BASE = 14, MARGIN = 12 };

struct drawn {
	uint32_t ink, paper;
	bool filled, bold, underline;
};

static struct drawn look_of(const struct ui_cell *cell, const struct ui_theme *theme)
{
	const struct ui_look *look = &theme->looks[cell->role];
	unsigned attrs = look->attrs | cell->attrs;
	uint32_t colour = look->colour < 0 ? theme->foreground : theme->palette[look->colour];
	struct drawn d = { .ink = colour, .paper = theme->background };

	if (attrs & UI_ATTR_DIM)
		d.ink = ((colour >> 1) & 0x7f7f7f) + ((theme->background >> 1) & 0x7f7f7f);
	if (attrs & UI_ATTR_REVERSE)
		d = (struct drawn){ .ink = theme->background, .paper = d.ink, .filled = true };
	d.bold = attrs & UI_ATTR_BOLD;
	d.underline = attrs & UI_ATTR_UNDERLINE;
	return d;
}

static bool alike(struct drawn a, struct drawn b)
{
	return a.ink == b.ink && a.paper == b.paper && a.bold == b.bold && a.underline == b.underline;
}

static void number(FILE *out, const char *name, int tenths)
{
	fprintf(out, " %s=\"%d.%d\"", name, tenths / 10, tenths % 10);
}

static void escaped(FILE *out, const char *text)
{
	if (!strcmp(text, "<"))
		fputs("&lt;", out);
	else if (!strcmp(text, ">"))
		fputs("&gt;", out);
	else if (!strcmp(text, "&"))
		fputs("&amp;", out);
	else
		fputs(text, out);
}

static void run_write(const struct ui_cells *c, FILE *out, int y, int from, int to, struct drawn d)
{
	bool blank = true;
	int last = to;

	while (last > from && !strcmp(c->cells[y * c->columns + last - 1].text, " "))
		last--;
	blank = last == from && !d.underline;
	if (d.filled) {
		fputs("<rect", out);
		number(out, "x", from * CELL_TENTHS);
		number(out, "width", (to - from) * CELL_TENTHS);
		fprintf(out, " y=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n", y * ROW, ROW, d.paper);
	}
	if (blank)
		return;
	fputs("<text", out);
	number(out, "x", from * CELL_TENTHS);
	number(out, "textLength", (last - from) * CELL_TENTHS);
	fprintf(out, " y=\"%d\" fill=\"#%06x\"%s%s>", y * ROW + BASE, d.ink, d.bold ? " font-weight=\"bold\"" : "",
		d.underline ? " text-decoration=\"underline\"" : "");
	for (int x = from; x < last; x++)
		escaped(out, c->cells[y * c->columns + x].text);
	fputs("</text>\n", out);
}

static void row_write(const struct ui_cells *c, const struct ui_theme *theme, FILE *out, int y)
{
	const struct ui_cell *row = &c->cells[y * c->columns];

	for (int from = 0, to; from < c->columns; from = to) {
		struct drawn d = look_of(&row[from], theme);
		for (to = from + 1; to < c->columns && alike(d, look_of(&row[to], theme)); to++)
			;
		run_write(c, out, y, from, to, d);
	}
}

void ui_cells_write_svg(const struct ui_cells *c, const struct ui_theme *theme, FILE *out)
{
	int width = c->columns * CELL_TENTHS / 10 + 2 * MARGIN, height = c->rows * ROW + 2 * MARGIN;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"%d %d %d %d\">\n",
		width, height, -MARGIN, -MARGIN, width, height);
	fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#%06x\"/>\n", -MARGIN, -MARGIN,
		width, height, theme->background);
	fputs("<g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
	      out);
	for (int y = 0; y < c->rows; y++)
		row_write(c, theme, out, y);
	fputs("</g>\n</svg>\n", out);
}
