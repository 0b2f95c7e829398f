/*
 * report: an experiment as one HTML page that needs nothing from the network, and its plots as
 * SVG files: throughput (or wall time) against each axis with its intervals, a heat map for two axes,
 * the timeline of a typical run of the best and the worst cell.
 *
 * Light and dark follow the reader's setting, print is light. Every plot has a title and a
 * description for screen readers and its numbers in a table behind it; nothing is
 * said by colour alone.
 */
#ifndef TR_EXPERIMENT_REPORT_H
#define TR_EXPERIMENT_REPORT_H

#include "tracer/experiment/results.h"
#include "tracer/experiment/summary.h"

/* What a report is about; all borrowed. */
struct tr_report {
	const char *subject;      /* the file, or the program */
	const char *destination;  /* NULL: the program knows */
	const char *seed, *version;
	bool local;
	const struct tr_sweep *sweep;
	const struct tr_summary *summary;
	const struct tr_results *results;
};

/* Errors: XF_IO, XF_NOMEM. */
enum xf_status tr_report_html(const struct tr_report *report, const char *path, struct xf_error *err);
/* Every plot into that folder, which is there; names as in docs/experiments.md. Errors: as above. */
enum xf_status tr_report_svgs(const struct tr_report *report, const char *folder, struct xf_error *err);

#endif
