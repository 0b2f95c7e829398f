/*
 * plot_draw: what the files that draw share. plots.c says which pictures there are, plot.c what each says in words,
 * plot_svg.c has what all have, plot_lines.c, plot_heat.c and plot_timeline.c draw one kind each.
 */
#ifndef TR_EXPERIMENT_PLOT_DRAW_H
#define TR_EXPERIMENT_PLOT_DRAW_H

#include "tracer/experiment/plot.h"

enum { TR_SVG_WIDTH = 760, TR_SVG_TOP = 52, TR_SERIES_MAX = 8 };

/* ---- plot.c */

const char *tr_measure_title(const struct tr_report *r);
/* The cell with these values of the picture's axes, and a cell's estimate of the measure shown. */
unsigned tr_plot_cell(const struct tr_report *r, const struct tr_plot *p, unsigned x, unsigned y);
const struct tr_estimate *tr_plot_estimate(const struct tr_report *r, unsigned cell);
/* How many lines or rows it has. */
unsigned tr_plot_series(const struct tr_report *r, const struct tr_plot *p);

/* Lowest and highest median among the picture's cells, and where they are; high_cell 0: none was measured. */
struct tr_plot_range {
	double low, high, top; /* top: of the intervals */
	unsigned low_cell, high_cell;
	bool failed;           /* some have no runs that count */
};
struct tr_plot_range tr_plot_range(const struct tr_report *r, const struct tr_plot *p);

/* ---- plot_svg.c */

void tr_plot_begin(FILE *out, const struct tr_report *r, const struct tr_plot *p, double height, bool alone);
void tr_plot_head(FILE *out, const struct tr_report *r, const struct tr_plot *p);
void tr_plot_text(FILE *out, double x, double y, const char *anchor, const char *class, const char *text);
/* Cuts a text to about `most` columns of the font, at a character's boundary. Returns buf; cap: four bytes a column and some. */
const char *tr_plot_shorten(const char *text, size_t most, char *buf, size_t cap);
/* The same, of the text's head: what tells names apart stands at their end. */
const char *tr_plot_shorten_head(const char *text, size_t most, char *buf, size_t cap);

/* The values and the name of the axis across, in a band each; of many narrow ones only some are named. */
void tr_plot_across(FILE *out, const struct tr_axis *axis, double left, double right, double y);

/* ---- one kind each; what is drawn stands behind tr_plot_begin() */

void tr_lines_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p);
double tr_heat_height(const struct tr_report *r, const struct tr_plot *p);
void tr_heat_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p);
double tr_timeline_height(const struct tr_sample *run);
void tr_timeline_draw(FILE *out, const struct tr_report *r, const struct tr_plot *p);
void tr_timeline_table(FILE *out, const struct tr_sample *run);

#endif
