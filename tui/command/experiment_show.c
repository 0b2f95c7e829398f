#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tui/command/experiment.h"
#include "tui/command/json.h"
#include "tui/command/local.h"

/* ---- the table */

enum { COLUMN = 24 };

/* "1.23 s ±2 %": the median and half the interval. */
static const char *time_text(const struct tr_estimate *e, char *buf, size_t cap)
{
	char time[24];

	if (!e->nr)
		snprintf(buf, cap, "-");
	else
		snprintf(buf, cap, "%s", ui_time_text((int64_t)e->median, time, sizeof(time)));
	return buf;
}

static const char *interval_text(const struct tr_estimate *e, char *buf, size_t cap)
{
	char low[24], high[24];

	snprintf(buf, cap, "-");
	if (e->nr > 1)
		snprintf(buf, cap, "%s..%s", ui_time_text((int64_t)e->low, low, sizeof(low)),
			 ui_time_text((int64_t)e->high, high, sizeof(high)));
	return buf;
}

static const char *rate_text(const struct tr_estimate *e, char *buf, size_t cap)
{
	char size[24];

	snprintf(buf, cap, "-");
	if (e->nr)
		snprintf(buf, cap, "%s/s", ui_size_text((uint64_t)e->median, size, sizeof(size)));
	return buf;
}

/* The cause that took most of the threads' time. */
static const char *cause_text(const struct tr_cell *c, char *buf, size_t cap)
{
	char time[24];
	unsigned most = 0;

	for (unsigned i = 1; i < TR_CAUSE_COUNT; i++)
		if (c->causes[i] > c->causes[most])
			most = i;
	snprintf(buf, cap, "-");
	if (c->causes[most] > 0)
		snprintf(buf, cap, "%s %s", tr_cause_name(most), ui_time_text((int64_t)c->causes[most], time, sizeof(time)));
	return buf;
}

static int label_width(const struct ui_experiment *x)
{
	char label[400];
	int width = COLUMN;

	for (unsigned i = 0; i < x->cells; i++) {
		int len = (int)strlen(tr_sweep_label(&x->sweep, i, label, sizeof(label)));
		width = len > width ? len : width;
	}
	return width < 60 ? width : 60;
}

/* Is the cell better than all that share its circumstances, and are there any? */
static bool best_alike(const struct ui_experiment *x, unsigned cell)
{
	enum tr_measure m = x->summary.measure;
	double own = x->summary.cells[cell].measures[m].median;
	unsigned others = 0;

	if (!x->summary.cells[cell].measures[m].nr)
		return false;
	for (unsigned i = 1; i < x->cells; i++) {
		const struct tr_estimate *e = &x->summary.cells[i].measures[m];
		if (i == cell || !e->nr || !tr_sweep_alike(&x->sweep, i, cell))
			continue;
		others++;
		if (m == TR_BY_THROUGHPUT ? e->median > own : e->median < own)
			return false;
	}
	return others;
}

static void row_print(const struct ui_experiment *x, unsigned cell, int width)
{
	const struct tr_cell *c = &x->summary.cells[cell];
	char label[400], wall[24], interval[48], rate[32], cpu[24], cause[48], against[16], runs[24];

	snprintf(against, sizeof(against), "-");
	if (c->against > 0)
		snprintf(against, sizeof(against), "%.2f", c->against);
	snprintf(runs, sizeof(runs), c->failed ? "%u (%u failed)" : "%u", c->runs, c->failed);
	fprintf(x->out, "%-*s %9s  %-19s %12s %9s %8s %5u  %-22s %s, %s, %s%s\n", width,
		tr_sweep_label(&x->sweep, cell, label, sizeof(label)),
		time_text(&c->measures[TR_BY_WALL], wall, sizeof(wall)),
		interval_text(&c->measures[TR_BY_WALL], interval, sizeof(interval)),
		rate_text(&c->measures[TR_BY_THROUGHPUT], rate, sizeof(rate)),
		time_text(&c->measures[TR_BY_CPU], cpu, sizeof(cpu)), against, c->peak,
		cause_text(c, cause, sizeof(cause)), c->answer, c->outcome, runs,
		cell && best_alike(x, cell) ? "  <- best" : "");
}

/* Intervals with few runs promise less: the level that the worst of them has. */
static void level_print(const struct ui_experiment *x)
{
	double level = 1;
	size_t fewest = SIZE_MAX;

	for (unsigned i = 0; i < x->cells; i++) {
		const struct tr_estimate *e = &x->summary.cells[i].measures[TR_BY_WALL];
		if (e->nr && e->nr < fewest) {
			fewest = e->nr;
			level = e->level;
		}
	}
	if (fewest == SIZE_MAX)
		return;
	if (fewest == 1)
		fprintf(x->out, "\nOne run has no interval: what differs here may be chance.\n");
	else
		fprintf(x->out, "\nIntervals are of the median, from order statistics (distribution-free): %s%.1f %% with %zu runs.\n",
			level < 0.95 ? "only " : "", 100 * level, fewest);
	if (level < 0.95)
		fprintf(x->out, "Six runs are the fewest that reach 95 %%: --repeat 7\n");
}

static void drift_print(const struct ui_experiment *x)
{
	double drift = x->summary.drift;

	if (isnan(drift))
		return;
	fprintf(x->out, "The control, run among the others, took %+.1f %% in the second half of the time%s.\n", 100 * drift,
		fabs(drift) > 0.1 ? ": the machine changed meanwhile, distrust differences of that size" : "");
}

/* How many that share its circumstances have an interval that reaches into the best one's: as good, for all we know. */
static unsigned as_good(const struct ui_experiment *x, unsigned cell)
{
	const struct tr_estimate *own = &x->summary.cells[cell].measures[x->summary.measure];
	unsigned nr = 0;

	for (unsigned i = 1; i < x->cells; i++) {
		const struct tr_estimate *e = &x->summary.cells[i].measures[x->summary.measure];
		nr += i != cell && e->nr && tr_sweep_alike(&x->sweep, i, cell) && e->low <= own->high && own->low <= e->high;
	}
	return nr;
}

/* The best choice for each circumstance: nobody chooses a latency. */
static void best_print(const struct ui_experiment *x)
{
	char label[400];

	for (unsigned i = 1; i < x->cells; i++) {
		unsigned others;
		if (!best_alike(x, i))
			continue;
		others = as_good(x, i);
		fprintf(x->out, "Best: %s", tr_sweep_label(&x->sweep, i, label, sizeof(label)));
		if (others)
			fprintf(x->out, ", but the interval%s of %u other%s reach%s into its own", others == 1 ? "" : "s", others,
				others == 1 ? "" : "s", others == 1 ? "es" : "");
		fputc('\n', x->out);
	}
}

/* What the control's runs foretold, beside what was measured. */
static void predictions_print(const struct ui_experiment *x)
{
	char label[400], foretold[24], interval[48], wall[24];
	unsigned nr = 0, near = 0;

	for (unsigned i = 1; i < x->cells; i++) {
		const struct tr_cell *c = &x->summary.cells[i];
		double off = tr_cell_off(c);
		if (isnan(off))
			continue;
		if (!nr++)
			fprintf(x->out, "\nForetold by the control's runs, replayed, and measured:\n");
		near += fabs(off) <= 0.15;
		fprintf(x->out, "  %-*s %9s  %-19s measured %9s  off by %+.1f %%\n", label_width(x),
			tr_sweep_label(&x->sweep, i, label, sizeof(label)), time_text(&c->predicted, foretold, sizeof(foretold)),
			interval_text(&c->predicted, interval, sizeof(interval)),
			time_text(&c->measures[TR_BY_WALL], wall, sizeof(wall)), 100 * off);
	}
	if (nr)
		fprintf(x->out, "  %u of %u within 15 %%\n", near, nr);
	else if (x->predict)
		fprintf(x->out, "\nNothing could be foretold: the control's runs show no parts, or not what becomes of all that is swept.\n");
}

void ui_experiment_table(const struct ui_experiment *x)
{
	int width = label_width(x);

	fprintf(x->out, "%-*s %9s  %-19s %12s %9s %8s %5s  %-22s %s\n", width, "CONFIGURATION", "WALL", "INTERVAL", "THROUGHPUT",
		"CPU", "/CONTROL", "PEAK", "MOST THREAD TIME", "ANSWER, OUTCOME, RUNS");
	for (unsigned i = 0; i < x->cells; i++)
		row_print(x, i, width);
	level_print(x);
	drift_print(x);
	best_print(x);
	predictions_print(x);
}

/* ---- CSV: a run a line (RFC 4180) */

static void csv_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void csv_head(const struct ui_experiment *x, FILE *out)
{
	fprintf(out, "cell,round");
	for (unsigned i = 0; i < x->sweep.nr_axes; i++) {
		fputc(',', out);
		csv_text(out, x->sweep.axes[i].name);
	}
	fprintf(out, ",wall_ns,stored_ns,process_ns,user_ns,system_ns,max_rss,bytes,peak,requests,retries");
	for (unsigned i = 0; i < TR_CAUSE_COUNT; i++)
		fprintf(out, ",%s_ns", tr_cause_name(i));
	fprintf(out, ",predicted_ns,answer,basis,outcome,exit_status,error\r\n");
}

/* What the control of the same round foretold of this one. */
static void csv_predicted(const struct ui_experiment *x, const struct tr_result *r, FILE *out)
{
	for (size_t i = 0; r->cell && i < x->results.nr; i++) {
		const struct tr_result *control = &x->results.list[i];
		if (!control->cell && control->round == r->round && r->cell < control->run.nr_predicted &&
		    control->run.predicted_ns[r->cell] >= 0)
			fprintf(out, "%" PRId64, control->run.predicted_ns[r->cell]);
	}
}

static void csv_row(const struct ui_experiment *x, const struct tr_result *r, FILE *out)
{
	const struct tr_sample *run = &r->run;

	fprintf(out, "%u,%u", r->cell, r->round);
	for (unsigned i = 0; i < x->sweep.nr_axes; i++) {
		fputc(',', out);
		if (r->cell)
			csv_text(out, tr_sweep_value(&x->sweep, r->cell, i));
	}
	fprintf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRIu64 ",%u,%u,%u",
		run->wall_ns, run->stored_ns, run->process_ns, run->user_ns, run->system_ns, run->max_rss, run->bytes,
		run->peak, run->requests, run->retries);
	for (unsigned i = 0; i < TR_CAUSE_COUNT; i++)
		fprintf(out, ",%" PRId64, run->causes[i]);
	fputc(',', out);
	csv_predicted(x, r, out);
	fprintf(out, ",%s,%s,%s,%d,", run->answer, run->basis, run->outcome, run->exit_status);
	csv_text(out, run->error);
	fprintf(out, "\r\n");
}

enum xf_status ui_experiment_csv(const struct ui_experiment *x, const char *path, struct xf_error *err)
{
	FILE *out = fopen(path, "we");
	bool failed;

	if (!out)
		return xf_fail_errno(err, XF_IO, errno, "--csv: cannot write %s", path);
	csv_head(x, out);
	for (size_t i = 0; i < x->results.nr; i++)
		csv_row(x, &x->results.list[i], out);
	failed = ferror(out);
	return fclose(out) || failed ? xf_fail_errno(err, XF_IO, errno, "--csv: cannot write %s", path) : XF_OK;
}

/* ---- JSON */

static json_t *estimate_json(const struct tr_estimate *e)
{
	if (!e->nr)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f, s:i}", "median", e->median, "low", e->low, "high", e->high, "level", e->level,
			 "runs", (int)e->nr);
}

static json_t *cell_json(const struct ui_experiment *x, unsigned cell)
{
	const struct tr_cell *c = &x->summary.cells[cell];
	json_t *values = json_object(), *causes = json_object();
	char label[400];

	for (unsigned i = 0; cell && i < x->sweep.nr_axes; i++)
		json_object_set_new(values, x->sweep.axes[i].name, json_string(tr_sweep_value(&x->sweep, cell, i)));
	for (unsigned i = 0; i < TR_CAUSE_COUNT; i++)
		json_object_set_new(causes, tr_cause_name(i), json_real(c->causes[i]));
	return json_pack("{s:i, s:s, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:f, s:o, s:o, s:o, s:s, s:s}",
			 "cell", (int)cell, "label", tr_sweep_label(&x->sweep, cell, label, sizeof(label)), "values", values,
			 "runs", (int)c->runs, "failed", (int)c->failed,
			 "wall_ns", estimate_json(&c->measures[TR_BY_WALL]),
			 "stored_ns", estimate_json(&c->measures[TR_BY_STORED]),
			 "cpu_ns", estimate_json(&c->measures[TR_BY_CPU]),
			 "bytes_per_s", estimate_json(&c->measures[TR_BY_THROUGHPUT]),
			 "max_rss", estimate_json(&c->measures[TR_BY_MEMORY]), "causes_ns", causes,
			 "peak_concurrency", (int)c->peak, "retries", c->retries,
			 "against_control", c->against > 0 ? json_real(c->against) : json_null(),
			 "predicted_ns", estimate_json(&c->predicted), "off", isnan(tr_cell_off(c)) ? json_null() : json_real(tr_cell_off(c)),
			 "answer", c->answer, "outcome", c->outcome);
}

static json_t *axes_json(const struct tr_sweep *sweep)
{
	json_t *axes = json_array();

	for (unsigned i = 0; i < sweep->nr_axes; i++) {
		json_t *values = json_array();
		for (unsigned k = 0; k < sweep->axes[i].nr_values; k++)
			json_array_append_new(values, json_string(sweep->axes[i].values[k]));
		json_array_append_new(axes, json_pack("{s:s, s:o}", "name", sweep->axes[i].name, "values", values));
	}
	return axes;
}

enum xf_status ui_experiment_json(const struct ui_experiment *x, struct xf_error *err)
{
	json_t *cells = json_array(), *runs = json_array(), *json;
	enum xf_status status;
	char seed[24];

	for (unsigned i = 0; i < x->cells; i++)
		json_array_append_new(cells, cell_json(x, i));
	for (size_t i = 0; i < x->results.nr; i++)
		json_array_append_new(runs, tr_result_json(&x->sweep, &x->results.list[i]));
	snprintf(seed, sizeof(seed), "%" PRIu64, x->seed);
	json = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "xferdb", XFERDB_VERSION, "command", "experiment",
			 "seed", seed, "axes", axes_json(&x->sweep), "cells", cells, "runs", runs,
			 "best", x->summary.best ? json_integer(x->summary.best) : json_null(),
			 "worst", x->summary.worst ? json_integer(x->summary.worst) : json_null(),
			 "drift", isnan(x->summary.drift) ? json_null() : json_real(x->summary.drift));
	status = ui_json_write(json, x->settings->json, err);
	json_decref(json);
	return status;
}
