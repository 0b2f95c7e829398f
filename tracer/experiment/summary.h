/*
 * summary: what the runs of an experiment come to: an estimate a cell, the best and the worst
 * cell, whether the machine drifted. Arithmetic only.
 */
#ifndef TR_EXPERIMENT_SUMMARY_H
#define TR_EXPERIMENT_SUMMARY_H

#include "tracer/experiment/results.h"
#include "tracer/experiment/statistics.h"

/* ORDER measures */
enum tr_measure { TR_BY_WALL, TR_BY_STORED, TR_BY_CPU, TR_BY_THROUGHPUT, TR_BY_MEMORY, TR_MEASURE_COUNT };
/* "wall", "throughput" …; their units in results: ns, ns, ns, bytes/s, bytes. */
const char *tr_measure_name(enum tr_measure m);
/* The measure of a run; negative: the run has none. */
double tr_measure_of(const struct tr_sample *run, enum tr_measure m);

struct tr_cell {
	unsigned runs, failed;           /* without warm-up */
	struct tr_estimate measures[TR_MEASURE_COUNT];
	double causes[TR_CAUSE_COUNT];   /* medians, ns */
	struct tr_estimate predicted;    /* wall, ns, from the control's runs; low, high: its own bounds; nr 0: nobody asked, or nothing is known */
	uint32_t peak;                   /* the highest */
	double retries;                  /* a run, in the mean */
	char answer[40], outcome[40];    /* the word, or "blocks 5, unproven 2" */
	const struct tr_sample *typical;    /* the run nearest to the median; NULL: none */
	const struct tr_sample *last_failure; /* the last run that failed; NULL: none did */
	double against;                  /* median wall over the control's; 0: not known */
};

struct tr_summary {
	struct tr_cell *cells;           /* 0: the control */
	unsigned nr;
	enum tr_measure measure;         /* what cells are compared by: throughput, or wall where it is not known */
	unsigned best, worst;            /* cells; 0: none could be compared */
	double drift;                    /* the control's wall, second half over first, less 1; NAN with fewer than 4 runs */
};

/* Owns: *out, tr_summary_fini(); borrows results. Errors: XF_NOMEM. */
enum xf_status tr_summary_make(const struct tr_results *results, unsigned cells, struct tr_summary *out,
			       struct xf_error *err);
void tr_summary_fini(struct tr_summary *s);

/* Is the cell better than all that share its circumstances, and are there any? One run alone does not tell. */
bool tr_summary_best(const struct tr_summary *s, const struct tr_sweep *sweep, unsigned cell);
/* How many that share its circumstances have an interval that reaches into its own: as good, for all we know. */
unsigned tr_summary_as_good(const struct tr_summary *s, const struct tr_sweep *sweep, unsigned cell);

/* How far the prediction of a cell's wall time is off, of what was measured (0.1: 10 % too long); NAN: there is none. */
double tr_cell_off(const struct tr_cell *c);

/* What was measured lies within the prediction's bounds. */
bool tr_cell_held(const struct tr_cell *c);

/* The cell's estimate of its wall time now, for stopping early and for the time left. Errors: as above. */
enum xf_status tr_summary_wall(const struct tr_results *results, unsigned cell, struct tr_estimate *out,
			       struct xf_error *err);

#endif
