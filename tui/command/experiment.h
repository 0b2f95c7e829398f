/*
 * experiment: what its files share. experiment.c is the story from the command line to the
 * report; experiment_axes.c says what is swept, experiment_cells.c what a cell runs; experiment_run.c runs it;
 * experiment_predict.c foretells; experiment_table.c prints, experiment_write.c writes for others.
 */
#ifndef UI_COMMAND_EXPERIMENT_H
#define UI_COMMAND_EXPERIMENT_H

#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

#include "tracer/experiment/results.h"
#include "tracer/experiment/summary.h"
#include "tracer/experiment/sweep.h"
#include "tui/command/arguments.h"
#include "tui/command/recording.h"
#include "tui/command/style.h"
#include "tui/command/words.h"

struct ui_experiment {
	const struct ui_settings *settings;
	struct tr_sweep sweep;
	unsigned cells;               /* with the control */
	struct ui_words fixed;        /* the options every run has, as words */
	struct ui_words faults;       /* the rules every run's endpoint has */
	char *file;                   /* NULL: a program of somebody else's, and then: */
	char **argv;
	size_t nr_argv;
	char *destination;            /* "s3://…" */
	char *definition;             /* what makes runs comparable */
	uint64_t seed;
	unsigned repeat;
	double until_ci;              /* share; 0: off */
	bool predict;                 /* the control's runs foretell the cells */
	struct tr_results results;
	struct tr_results_file file_of_results;
	char folder[64];              /* traces and texts of the run that is under way */
	_Atomic pid_t child;          /* the run under way, for the signal helper; 0 none */
	struct tr_summary summary;
	FILE *out;
	struct ui_style style;
};

/* ---- experiment_axes.c */

/* The settings' axes, checked value by value. Errors: XF_INVALID, one sentence; XF_NOMEM. */
enum xf_status ui_experiment_axes_take(struct ui_experiment *x, struct xf_error *err);
/* The option that the axis sweeps, by whichever of its names; NULL: it is a fault's or a variable's. */
const struct ui_option *ui_experiment_option(const struct tr_axis *axis);
/* Is the axis a fault's? Its rule with that value to rule: "" for none, 0 and off; for on the word alone ("noetag"). */
bool ui_experiment_rule(const struct tr_axis *axis, const char *value, char *rule, size_t cap);
/* Does an axis say what this rule says, if with another value? */
bool ui_experiment_swept(const struct ui_experiment *x, const char *rule);

/* ---- experiment_cells.c: nothing is run, every failure is bad input */

/* Axes, fixed options, faults and what is uploaded, from the command line. */
enum xf_status ui_experiment_prepare(struct ui_experiment *x, const struct ui_arguments *a, struct xf_error *err);
void ui_experiment_fini(struct ui_experiment *x);

/* The options of a cell's run, appended to words; its environment "NAME=VALUE"; its faults. */
enum xf_status ui_experiment_cell(const struct ui_experiment *x, unsigned cell, struct ui_words *options,
				  struct ui_words *environment, struct ui_words *faults, struct xf_error *err);

/* ---- experiment_run.c */

/* Runs a cell once and reads what came of it. A run that fails is a result, too. Errors: XF_IO, XF_NOMEM. */
enum xf_status ui_experiment_once(struct ui_experiment *x, unsigned cell, struct tr_sample *run, struct xf_error *err);

/* ---- experiment_predict.c */

/* Turns --predict into axes, where they are not swept already. Errors: XF_INVALID, XF_NOMEM. */
enum xf_status ui_experiment_predict_take(struct ui_experiment *x, struct xf_error *err);
/* From a trace of the control to run->predicted. Errors: XF_NOT_FOUND (no call), XF_NOMEM. */
enum xf_status ui_experiment_foretell(const struct ui_experiment *x, const struct ui_recording *control,
				      struct tr_sample *run, struct xf_error *err);

/* ---- experiment_table.c */

void ui_experiment_table(const struct ui_experiment *x);

/* ---- experiment_write.c */

/* Errors: XF_IO. */
enum xf_status ui_experiment_csv(const struct ui_experiment *x, const char *path, struct xf_error *err);
enum xf_status ui_experiment_json(const struct ui_experiment *x, struct xf_error *err);

#endif
