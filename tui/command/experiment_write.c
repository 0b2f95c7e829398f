/*
 * What an experiment writes for others: --csv and --json.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include "tui/command/experiment.h"
#include "tui/command/json.h"

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
		    control->run.predicted[r->cell].ns >= 0)
			fprintf(out, "%" PRId64, control->run.predicted[r->cell].ns);
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

static json_t *predicted_json(const struct tr_cell *c)
{
	const struct tr_estimate *e = &c->predicted;

	if (!e->nr)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:i, s:b}", "median", e->median, "low", e->low, "high", e->high, "runs", (int)e->nr,
			 "held", tr_cell_held(c));
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
			 "predicted_ns", predicted_json(c), "off", isnan(tr_cell_off(c)) ? json_null() : json_real(tr_cell_off(c)),
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
