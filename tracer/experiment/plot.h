/*
 * plot: the pictures of a report as SVG, and the numbers behind each as an HTML table.
 *
 * tr_plots() says which pictures an experiment has; each is drawn by itself. Colours are
 * classes of tr_plot_style, which follows the reader's light or dark setting.
 */
#ifndef TR_EXPERIMENT_PLOT_H
#define TR_EXPERIMENT_PLOT_H

#include <stdio.h>

#include "tracer/experiment/report.h"

enum tr_plot_kind { TR_PLOT_LINES, TR_PLOT_HEAT, TR_PLOT_TIMELINE };

struct tr_plot {
	enum tr_plot_kind kind;
	unsigned x, y;             /* axes: across, and the series or rows; TR_NONE */
	unsigned at[TR_AXES_MAX];  /* the other axes' values, by index */
	unsigned cell;             /* timeline: its cell */
	bool best;                 /* timeline: of the best cell, else the worst */
	char name[80];             /* a file's, without ".svg"; also the id in the page */
};

enum { TR_PANELS_MAX = 12 };

/*
 * All pictures, in reading order. *cut: an axis has more panels than TR_PANELS_MAX, and the rest
 * is only in the tables. Owns: *list, free(). Errors: XF_NOMEM.
 */
enum xf_status tr_plots(const struct tr_report *report, struct tr_plot **list, unsigned *nr, bool *cut,
			struct xf_error *err);

/* alone: a file of its own, with its style inside. */
void tr_plot_draw(FILE *out, const struct tr_report *report, const struct tr_plot *plot, bool alone);
/* The rows behind it: <table>…</table>. */
void tr_plot_table(FILE *out, const struct tr_report *report, const struct tr_plot *plot);
/* What it shows, in a sentence, for a caption and for screen readers. Returns buf. */
const char *tr_plot_sentence(const struct tr_report *report, const struct tr_plot *plot, char *buf, size_t cap);
const char *tr_plot_title(const struct tr_report *report, const struct tr_plot *plot, char *buf, size_t cap);

extern const char tr_plot_style[];

/* Text into HTML or SVG: escaped, control characters and invalid UTF-8 replaced. */
void tr_put_text(FILE *out, const char *text);

/* The measure's value as people read it, with or without its unit: "51.2", "MiB/s". */
double tr_unit_factor(const struct tr_report *report);
const char *tr_unit_name(const struct tr_report *report);

#endif
