/*
 * --predict: what the control's run, replayed under a cell's limits (tracer/explain), foretells of that
 * cell's wall time. The cell is measured all the same: the report says how far off it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/explain.h"
#include "tui/command/experiment.h"
#include "tui/command/predict.h"
#include "tui/command/recording.h"
#include "tui/command/values.h"

/* ---- from the command line */

static bool has_axis(const struct ui_experiment *x, const char *name)
{
	const char *own = ui_predict_name(name);

	for (unsigned i = 0; i < x->sweep.nr_axes; i++)
		if (!strcmp(ui_predict_name(x->sweep.axes[i].name), own))
			return true;
	return (!strcmp(own, "latency") && x->settings->latency && strchr(x->settings->latency, ',')) ||
	       (!strcmp(own, "bandwidth") && x->settings->bandwidth && strchr(x->settings->bandwidth, ','));
}

/* What every run's endpoint has of that fault: latency or bandwidth. 0: nothing. */
static uint64_t fixed(const struct ui_experiment *x, const char *fault)
{
	const char *text = !strcmp(fault, "latency") ? x->settings->latency : x->settings->bandwidth;
	const char *(*parse)(const char *, uint64_t *) = !strcmp(fault, "latency") ? ui_value_time : ui_value_rate;
	size_t len = strlen(fault);
	uint64_t value = 0, of_rule;

	if (text && !strchr(text, ',') && parse(text, &value))
		value = 0;
	for (size_t i = 0; i < x->settings->fault.nr_items && !value; i++) {
		const char *rule = x->settings->fault.items[i];
		if (!strncmp(rule, fault, len) && rule[len] == '=' && !parse(rule + len + 1, &of_rule))
			value = of_rule;
	}
	return value;
}

/* A wider line than the control's own: what else it would have met is not in its trace. */
static bool is_wider(const struct ui_experiment *x, const char *name, const char *value)
{
	uint64_t own = fixed(x, "bandwidth"), rate;

	return !strcmp(ui_predict_name(name), "bandwidth") && own && !ui_value_rate(value, &rate) && rate > own;
}

static enum xf_status axis_check(const struct ui_experiment *x, const char *text, struct xf_error *err)
{
	const char *equal = strchr(text, '='), *at = equal ? equal + 1 : "";
	enum xf_status status = equal ? XF_OK : xf_fail(err, XF_INVALID, "--predict '%.80s': it is NAME=VALUE[,VALUE…]", text);

	while (!status) {
		char name[64], value[64];
		size_t len = strcspn(at, ",");
		snprintf(name, sizeof(name), "%.*s", (int)(equal - text), text);
		snprintf(value, sizeof(value), "%.*s", (int)len, at);
		status = ui_predict_check(name, value, err);
		if (!status && !strcmp(ui_predict_name(name), "read-ahead"))
			status = xf_fail(err, XF_INVALID, "--predict %.60s: nothing is read ahead of a regular file; "
					 "it matters where a pipe is uploaded (explain --predict)", name);
		if (!status && is_wider(x, name, value))
			status = xf_fail(err, XF_INVALID, "--predict bandwidth=%.60s: every run has less; what else a wider line would meet "
					 "is not to be seen in a narrower one", value);
		at += len;
		if (!*at++)
			break;
	}
	return status;
}

enum xf_status ui_experiment_predict_take(struct ui_experiment *x, struct xf_error *err)
{
	const struct ui_list *asked = &x->settings->predict;
	enum xf_status status = XF_OK;

	for (size_t i = 0; i < asked->nr_items && !status; i++) {
		char name[64];
		status = axis_check(x, asked->items[i], err);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(asked->items[i], "="), asked->items[i]);
		x->predict = true;
		if (!status && !has_axis(x, name))
			status = tr_sweep_add(&x->sweep, asked->items[i], err);
	}
	return status;
}

/* ---- from the control's trace */

/* The cell's limits as far as they differ from the control's; false: more differs than can be replayed. */
static bool limits_of(const struct ui_experiment *x, unsigned cell, const struct tr_explanation *e, struct tr_limits *with)
{
	struct xf_error err = XF_ERROR_INIT;

	*with = (struct tr_limits){ .workers = 0 };
	for (unsigned i = 0; i < x->sweep.nr_axes; i++) {
		const char *name = x->sweep.axes[i].name, *value = tr_sweep_value(&x->sweep, cell, i);
		if (is_wider(x, name, value) || ui_predict_limit(name, value, e, with, NULL, &err))
			return false;
		/* a swept fault stands in the place of the fixed one; without it the fixed one holds */
		if (!strcmp(name, "latency") && with->extra_latency_ns > 0)
			with->extra_latency_ns -= (int64_t)fixed(x, "latency");
	}
	return true;
}

enum xf_status ui_experiment_foretell(const struct ui_experiment *x, const struct ui_recording *control,
				      struct tr_sample *run, struct xf_error *err)
{
	struct tr_explanation e;
	enum xf_status status = tr_explain(control->log, &control->verdicts, control->verdicts.list[0].call, &e, err);

	run->predicted = calloc(x->cells, sizeof(*run->predicted));
	run->nr_predicted = run->predicted ? x->cells : 0;
	for (unsigned cell = 0; cell < run->nr_predicted; cell++) {
		struct tr_limits with;
		struct tr_forecast time = { .ns = -1 };
		if (!status && cell && limits_of(x, cell, &e, &with) && !tr_explain_replay(&e, &with, &time))
			time.ns = -1;
		run->predicted[cell] = time;
	}
	tr_explanation_fini(&e);
	return run->predicted ? status : xf_fail(err, XF_NOMEM, "out of memory");
}
