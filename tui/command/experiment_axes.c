/*
 * What an experiment sweeps: --sweep, --latency and --bandwidth become axes, and each value of each is checked
 * before anything runs.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint/fault.h"
#include "tui/command/experiment.h"

bool ui_experiment_rule(const struct tr_axis *axis, const char *value, char *rule, size_t cap)
{
	const char *name = axis->name;

	if (!strncmp(name, "fault:", 6))
		name += 6;
	else if (strcmp(name, "latency") && strcmp(name, "bandwidth"))
		return false;
	if (!strcmp(value, "none") || !strcmp(value, "0") || !strcmp(value, "off"))
		*rule = '\0';
	else if (!strcmp(value, "on"))
		snprintf(rule, cap, "%s", name);
	else
		snprintf(rule, cap, "%s=%s", name, value);
	return true;
}

bool ui_experiment_swept(const struct ui_experiment *x, const char *rule)
{
	char own[512];

	for (unsigned i = 0; i < x->sweep.nr_axes; i++) {
		size_t len;
		if (!ui_experiment_rule(&x->sweep.axes[i], "on", own, sizeof(own)))
			continue;
		len = strlen(own);
		if (!strncmp(rule, own, len) && (!rule[len] || rule[len] == '='))
			return true;
	}
	return false;
}

static enum xf_status rule_check(const struct ui_experiment *x, const char *rule, struct xf_error *err)
{
	struct xf_ep_fault fault;
	enum xf_status status;

	if (!x->settings->local)
		return xf_fail(err, XF_INVALID, "%.60s is for the embedded endpoint: add --local", rule);
	status = xf_ep_fault_parse(&fault, rule, err);
	if (!status)
		xf_ep_fault_fini(&fault);
	return status;
}

static enum xf_status environment_check(const char *name, struct xf_error *err)
{
	bool good = isalpha((unsigned char)*name) || *name == '_';

	for (const char *p = name; *p; p++)
		good &= isalnum((unsigned char)*p) || *p == '_';
	return good ? XF_OK : xf_fail(err, XF_INVALID, "--sweep env:%.60s: that is no name of a variable", name);
}

/* Is it an option a transfer has, and may it have this value? The parser of the command line says so. */
static enum xf_status option_check(const struct ui_experiment *x, const char *name, const char *value,
				   struct xf_error *err)
{
	const char *argv[] = { "xferdb", "put", NULL, "-", "s3://bucket/key", NULL }, *own;
	const struct ui_option *o = ui_option_find(name, strlen(name), &own);
	struct ui_arguments parsed;
	enum xf_status status;
	char *word;

	if (o && !(1u << o->group & (UI_ENDPOINT | UI_TRANSFER | UI_OBJECT | UI_ACCESS | UI_CALL)))
		return xf_fail(err, XF_INVALID,
			       "--sweep %.60s: that is no option of a transfer; others are latency, bandwidth, fault:RULE and env:NAME",
			       name);
	if (!x->file)
		return xf_fail(err, XF_INVALID,
			       "--sweep %.60s: another program is swept by env:NAME, latency, bandwidth and fault:RULE", name);
	if (o && x->settings->local && (o == &ui_options[UI_OPT_endpoint_url] || o == &ui_options[UI_OPT_profile] ||
					o == &ui_options[UI_OPT_region]))
		return xf_fail(err, XF_INVALID, "--sweep %.60s: with --local every run has an endpoint of its own, whatever it is", name);
	if (o && o->kind == UI_KIND_SECRET)
		return xf_fail(err, XF_INVALID, "--sweep %.60s: secrets are not swept", name);
	if (asprintf(&word, "--%s=%s", name, value) < 0)
		return xf_fail(err, XF_NOMEM, "out of memory");
	argv[2] = word;
	status = ui_arguments_parse(&parsed, 5, (char **)(uintptr_t)argv, err);
	ui_arguments_fini(&parsed);
	free(word);
	return status;
}

static enum xf_status value_check(const struct ui_experiment *x, const struct tr_axis *axis, const char *value,
				  struct xf_error *err)
{
	char rule[512];

	if (ui_experiment_rule(axis, value, rule, sizeof(rule)))
		return *rule ? rule_check(x, rule, err) : XF_OK;
	if (!strncmp(axis->name, "env:", 4))
		return environment_check(axis->name + 4, err);
	return option_check(x, axis->name, value, err);
}

const struct ui_option *ui_experiment_option(const struct tr_axis *axis)
{
	const char *own;

	return ui_option_find(axis->name, strlen(axis->name), &own);
}

static bool same(const struct tr_axis *a, const struct tr_axis *b)
{
	const struct ui_option *option = ui_experiment_option(a);
	char one[512], other[512];

	if (ui_experiment_rule(a, "on", one, sizeof(one)))
		return ui_experiment_rule(b, "on", other, sizeof(other)) && !strcmp(one, other);
	return option && option == ui_experiment_option(b);
}

/* Of two names of one option the last would win, and the table would name both. */
static enum xf_status aliases_check(const struct tr_sweep *sweep, struct xf_error *err)
{
	for (unsigned i = 0; i < sweep->nr_axes; i++)
		for (unsigned k = 0; k < i; k++)
			if (same(&sweep->axes[k], &sweep->axes[i]))
				return xf_fail(err, XF_INVALID, "%.60s and %.60s are the same: put all its values into one list",
					       sweep->axes[k].name, sweep->axes[i].name);
	return XF_OK;
}

/* One value is how all runs are; several are an axis. */
static enum xf_status fault_axis(struct ui_experiment *x, const char *name, const char *text, struct xf_error *err)
{
	if (!text)
		return XF_OK;
	if (strchr(text, ','))
		return tr_sweep_add_axis(&x->sweep, name, text, err);
	return strcmp(text, "0") && strcmp(text, "none") ? ui_words_add(&x->faults, err, "%s=%s", name, text) : XF_OK;
}

enum xf_status ui_experiment_axes_take(struct ui_experiment *x, struct xf_error *err)
{
	const struct ui_settings *s = x->settings;
	enum xf_status status = XF_OK;

	for (size_t i = 0; i < s->sweep.nr_items && !status; i++)
		status = tr_sweep_add(&x->sweep, s->sweep.items[i], err);
	if (!status)
		status = ui_experiment_predict_take(x, err);
	if (!status)
		status = fault_axis(x, "latency", s->latency, err);
	if (!status)
		status = fault_axis(x, "bandwidth", s->bandwidth, err);
	for (size_t i = 0; i < x->faults.nr && !status; i++)
		status = rule_check(x, x->faults.items[i], err);
	for (unsigned i = 0; i < x->sweep.nr_axes; i++)
		for (unsigned k = 0; k < x->sweep.axes[i].nr_values && !status; k++)
			status = value_check(x, &x->sweep.axes[i], x->sweep.axes[i].values[k], err);
	if (!status)
		status = aliases_check(&x->sweep, err);
	x->cells = tr_sweep_cells(&x->sweep);
	return status;
}
