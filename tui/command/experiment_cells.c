#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "core/transfer/plan.h"
#include "tui/command/experiment.h"
#include "tui/command/transfer.h"
#include "tui/command/uri.h"

/* ---- the options given */

static unsigned groups_of(const struct ui_experiment *x)
{
	return x->file ? UI_ENDPOINT | UI_TRANSFER | UI_OBJECT | UI_ACCESS | UI_CALL : UI_WATCH;
}

static enum xf_status fixed_take(struct ui_experiment *x, struct xf_error *err)
{
	enum xf_status status;

	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		unsigned group = 1u << ui_options[i].group;
		if (x->settings->given[i] && group & (UI_ENDPOINT | UI_TRANSFER | UI_OBJECT | UI_ACCESS | UI_CALL | UI_WATCH) &&
		    !(group & groups_of(x)))
			return xf_fail(err, XF_INVALID, "--%s means nothing to %s", ui_options[i].name,
				       x->file ? "an upload of ours" : "another program: sweep env:NAME");
	}
	status = ui_words_settings(&x->fixed, x->settings, groups_of(x), err);
	for (size_t i = 0; i < x->settings->fault.nr_items && !status; i++)
		status = ui_words_add(&x->faults, err, "%s", x->settings->fault.items[i]);
	return status;
}

/* ---- cells */

enum xf_status ui_experiment_cell(const struct ui_experiment *x, unsigned cell, struct ui_words *options,
				  struct ui_words *environment, struct ui_words *faults, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	char rule[512];

	for (size_t i = 0; i < x->fixed.nr && !status; i++)
		status = ui_words_add(options, err, "%s", x->fixed.items[i]);
	for (unsigned i = 0; cell && i < x->sweep.nr_axes && !status; i++) {
		const struct tr_axis *axis = &x->sweep.axes[i];
		const char *value = tr_sweep_value(&x->sweep, cell, i);
		if (ui_experiment_rule(axis, value, rule, sizeof(rule)))
			status = *rule ? ui_words_add(faults, err, "%s", rule) : XF_OK;
		else if (!strncmp(axis->name, "env:", 4))
			status = ui_words_add(environment, err, "%s=%s", axis->name + 4, value);
		else
			status = ui_words_add(options, err, "--%s=%s", axis->name, value);
	}
	/* what is swept is as the cell has it, also where that is: not at all */
	for (size_t i = 0; i < x->faults.nr && !status; i++)
		if (!cell || !ui_experiment_swept(x, x->faults.items[i]))
			status = ui_words_add(faults, err, "%s", x->faults.items[i]);
	return status;
}

/* What is measured has to be what its label says: a size of parts that S3 does not take would become another. */
static enum xf_status part_size_check(const struct ui_experiment *x, const struct xf_transfer_config *config, struct xf_error *err)
{
	bool swept = false;
	struct stat st;
	uint64_t size;

	for (unsigned i = 0; i < x->sweep.nr_axes; i++)
		swept |= ui_experiment_option(&x->sweep.axes[i]) == &ui_options[UI_OPT_multipart_chunksize];
	if (!swept || stat(x->file, &st) || (uint64_t)st.st_size < config->multipart_threshold)
		return XF_OK;
	size = xf_plan_part_size(config->multipart_chunksize, (uint64_t)st.st_size, true);
	return size == config->multipart_chunksize ? XF_OK :
		xf_fail(err, XF_INVALID, "S3's parts have 5 MB to 5 GB and are 10,000 at most: this file's would have %" PRIu64 " bytes", size);
}

static enum xf_status cell_check(const struct ui_experiment *x, unsigned cell, struct xf_error *err)
{
	struct ui_words words = { 0 }, ignored = { 0 };
	struct xf_transfer_config config;
	struct ui_arguments parsed;
	enum xf_status status = ui_words_add(&words, err, "xferdb");

	if (!status)
		status = ui_experiment_cell(x, cell, &words, &ignored, &ignored, err);
	for (unsigned i = 0; i < 3 && !status; i++)
		status = ui_words_add(&words, err, "%s", (const char *const[]){ "put", "-", "s3://bucket/key" }[i]);
	if (!status) {
		status = ui_arguments_parse(&parsed, (int)words.nr, words.items, err);
		if (!status)
			status = ui_transfer_config(&parsed.settings, &config, err);
		if (!status && cell)
			status = part_size_check(x, &config, err);
		ui_arguments_fini(&parsed);
	}
	ui_words_fini(&words);
	ui_words_fini(&ignored);
	return status;
}

/* Do the options of each cell go together? Checked now, not after an hour. */
static enum xf_status cells_check(const struct ui_experiment *x, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	char label[200];

	for (unsigned cell = 0; cell < x->cells && x->file && !status; cell++) {
		struct xf_error why = XF_ERROR_INIT;
		status = cell_check(x, cell, &why);
		if (status)
			xf_fail(err, status, "%s: %s", tr_sweep_label(&x->sweep, cell, label, sizeof(label)), why.message);
	}
	return status;
}

/* ---- what is run, and where to */

static enum xf_status file_take(struct ui_experiment *x, const struct ui_arguments *a, struct xf_error *err)
{
	const char *base = strrchr(a->operands[0], '/');
	struct ui_uri uri;
	struct stat st;
	char key[1025];
	enum xf_status status;

	if (a->nr_operands > 2)
		return xf_fail(err, XF_INVALID, "experiment takes one FILE and where it goes; a command stands behind --");
	x->file = realpath(a->operands[0], NULL);
	if (!x->file || stat(x->file, &st) || access(x->file, R_OK))
		return xf_fail_errno(err, XF_NOT_FOUND, errno, "cannot read %s", a->operands[0]);
	if (!S_ISREG(st.st_mode))
		return xf_fail(err, XF_INVALID, "%s is not a regular file: every run has to read the same bytes", a->operands[0]);
	if (a->nr_operands == 1 && !a->settings.local)
		return xf_fail(err, XF_INVALID, "where to? Name s3://BUCKET/KEY, or try it without any account: --local");
	if (a->nr_operands == 1) {
		if (asprintf(&x->destination, "s3://experiment/%s", base ? base + 1 : a->operands[0]) < 0)
			x->destination = NULL;
	} else {
		status = ui_uri_parse(a->operands[1], &uri, err);
		if (!status)
			status = ui_uri_key_for(&uri, x->file, key, err);
		if (status)
			return status;
		if (asprintf(&x->destination, "s3://%s/%s", uri.bucket, key) < 0)
			x->destination = NULL;
	}
	return x->destination ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
}

static enum xf_status subject_take(struct ui_experiment *x, const struct ui_arguments *a, struct xf_error *err)
{
	if (!a->dashes)
		return file_take(x, a, err);
	if (a->first_behind)
		return xf_fail(err, XF_INVALID, "either a FILE is uploaded or a command is run: not both");
	x->argv = a->operands;
	x->nr_argv = a->nr_operands;
	return XF_OK;
}

/* All that has to be the same for two runs to belong together. */
static enum xf_status define(struct ui_experiment *x, struct xf_error *err)
{
	json_t *words = json_array();
	char *folder = getcwd(NULL, 0);
	struct stat st;

	if (x->file && !stat(x->file, &st)) {
		json_array_append_new(words, json_string(x->file));
		json_array_append_new(words, json_integer(st.st_size));
		json_array_append_new(words, json_integer(st.st_mtime));
		json_array_append_new(words, json_string(x->destination));
	}
	for (size_t i = 0; i < x->nr_argv; i++)
		json_array_append_new(words, json_string(x->argv[i]));
	if (!x->file)
		json_array_append_new(words, json_string(folder ? folder : ""));
	json_array_append_new(words, json_boolean(x->settings->local));
	for (size_t i = 0; i < x->fixed.nr; i++)
		json_array_append_new(words, json_string(x->fixed.items[i]));
	for (size_t i = 0; i < x->faults.nr; i++)
		json_array_append_new(words, json_string(x->faults.items[i]));
	for (unsigned i = 0; i < x->sweep.nr_axes; i++) {
		json_array_append_new(words, json_string(x->sweep.axes[i].name));
		for (unsigned k = 0; k < x->sweep.axes[i].nr_values; k++)
			json_array_append_new(words, json_string(x->sweep.axes[i].values[k]));
	}
	if (x->predict)
		json_array_append_new(words, json_string("predict"));
	x->definition = json_dumps(words, JSON_COMPACT);
	json_decref(words);
	free(folder);
	return x->definition ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory (or a name is not UTF-8)");
}

static enum xf_status percent_take(struct ui_experiment *x, struct xf_error *err)
{
	const char *text = x->settings->until_ci;
	double percent;
	char *end;

	if (!text)
		return XF_OK;
	percent = strtod(text, &end);
	if (end == text || (strcmp(end, "%") && *end) || !(percent > 0) || percent > 100)
		return xf_fail(err, XF_INVALID, "--until-ci: '%.40s' is no percentage: write 2%%", text);
	x->until_ci = percent / 100;
	return XF_OK;
}

enum xf_status ui_experiment_prepare(struct ui_experiment *x, const struct ui_arguments *a, struct xf_error *err)
{
	enum xf_status status;

	x->settings = &a->settings;
	status = subject_take(x, a, err);
	if (!status && x->settings->local && x->settings->endpoint_url)
		status = xf_fail(err, XF_INVALID, "--local and --endpoint-url name two endpoints: choose one");
	if (!status)
		status = percent_take(x, err);
	if (!status)
		status = fixed_take(x, err);
	if (!status)
		status = ui_experiment_axes_take(x, err);
	if (!status)
		status = cells_check(x, err);
	if (!status)
		status = define(x, err);
	x->repeat = x->settings->given[UI_OPT_repeat] ? (unsigned)x->settings->repeat : x->until_ci > 0 ? 30 : 7;
	return status;
}

void ui_experiment_fini(struct ui_experiment *x)
{
	tr_summary_fini(&x->summary);
	tr_results_close(&x->file_of_results);
	tr_results_fini(&x->results);
	tr_sweep_fini(&x->sweep);
	ui_words_fini(&x->fixed);
	ui_words_fini(&x->faults);
	free(x->file);
	free(x->destination);
	free(x->definition);
}
