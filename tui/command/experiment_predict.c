/*
 * --predict: what the control's run, replayed under a cell's limits (tracer/explain), foretells of that
 * cell's wall time. The cell is measured all the same: the report says how far off it was.
 */
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/explain.h"
#include "tui/command/experiment.h"
#include "tui/command/recording.h"
#include "tui/command/values.h"

/* ---- from the command line */

/* An option's own name, whichever of its aliases was written. */
static const char *own_name(const char *name)
{
	const char *value;
	const struct ui_option *o = ui_option_find(name, strlen(name), &value);

	return o ? o->name : name;
}

static bool is_latency(const char *name)
{
	return !strcmp(own_name(name), "latency");
}

static bool is_concurrency(const char *name)
{
	return !strcmp(own_name(name), "max-concurrency");
}

static bool has_axis(const struct ui_experiment *x, const char *name)
{
	for (unsigned i = 0; i < x->sweep.nr_axes; i++)
		if (!strcmp(own_name(x->sweep.axes[i].name), own_name(name)))
			return true;
	return is_latency(name) && x->settings->latency && strchr(x->settings->latency, ',');
}

enum xf_status ui_experiment_predict_take(struct ui_experiment *x, struct xf_error *err)
{
	const struct ui_list *asked = &x->settings->predict;
	enum xf_status status = XF_OK;

	for (size_t i = 0; i < asked->nr_items && !status; i++) {
		char name[64];
		size_t len = strcspn(asked->items[i], "=");
		snprintf(name, sizeof(name), "%.*s", (int)len, asked->items[i]);
		if (!is_latency(name) && !is_concurrency(name))
			return xf_fail(err, XF_INVALID, "--predict %.60s: what can be foretold is max-concurrency=N and latency=T", name);
		x->predict = true;
		if (!has_axis(x, name))
			status = tr_sweep_add(&x->sweep, asked->items[i], err);
	}
	return status;
}

/* ---- from the control's trace */

/* The latency that all runs have. */
static uint64_t fixed_latency(const struct ui_experiment *x)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < x->faults.nr; i++)
		if (!strncmp(x->faults.items[i], "latency=", 8))
			ui_value_time(x->faults.items[i] + 8, &ns);
	return ns;
}

/* The cell's limits as far as they differ from the control's; false: more differs than can be replayed. */
static bool limits_of(const struct ui_experiment *x, unsigned cell, struct tr_limits *with)
{
	*with = (struct tr_limits){ 0, 0, 0 };
	for (unsigned i = 0; i < x->sweep.nr_axes; i++) {
		const char *name = x->sweep.axes[i].name, *value = tr_sweep_value(&x->sweep, cell, i);
		uint64_t number = 0;
		if (is_latency(name) && (!strcmp(value, "none") || !ui_value_time(value, &number)))
			with->extra_latency_ns = (int64_t)number - (int64_t)fixed_latency(x);
		else if (is_concurrency(name) && x->settings->use_threads != UI_NO && !ui_value_count(value, &number))
			with->workers = (uint32_t)number;
		else
			return false;
	}
	return true;
}

enum xf_status ui_experiment_foretell(const struct ui_experiment *x, const struct ui_recording *control,
				      struct tr_sample *run, struct xf_error *err)
{
	struct tr_explanation e;
	enum xf_status status = tr_explain(control->log, &control->verdicts, control->verdicts.list[0].call, &e, err);

	run->predicted_ns = calloc(x->cells, sizeof(*run->predicted_ns));
	run->nr_predicted = run->predicted_ns ? x->cells : 0;
	for (unsigned cell = 0; cell < run->nr_predicted; cell++) {
		struct tr_limits with;
		int64_t margin;
		if (status || !cell || !limits_of(x, cell, &with) ||
		    !tr_explain_replay(&e, &with, &run->predicted_ns[cell], &margin))
			run->predicted_ns[cell] = -1;
	}
	tr_explanation_fini(&e);
	return run->predicted_ns ? status : xf_fail(err, XF_NOMEM, "out of memory");
}
