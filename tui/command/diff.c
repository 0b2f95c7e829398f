/*
 * diff: two runs, or two sets of runs, side by side: what they did, and what of it changed beyond noise.
 * A side is a trace, several separated by commas, or a folder of them.
 */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/transfer/config.h"
#include "tracer/explain/explain.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"
#include "tui/command/style.h"
#include "tui/command/recording.h"

enum { MAX_RUNS = 100, SLICES = 8, MAX_SETTINGS = 32 };
/* ORDER measures: the causes stand behind the named ones */
enum measure { WALL, PEAK, REQUESTS, RETRIES, FAILURES, BARRIERS, BARRIER_WAIT, SLICE, CAUSE = SLICE + SLICES,
	       MEASURES = CAUSE + TR_PATH_COUNT };

struct side {
	char words[MAX_RUNS][96];       /* "blocks (happens-before), stored" */
	double values[MEASURES][MAX_RUNS];
	char settings[MAX_SETTINGS][24]; /* by the table of the transfer's settings; "": not told; "various" */
	unsigned nr;
};

static void measure_name(int m, char *buf, size_t cap)
{
	static const char *const named[] = { "wall_ns", "peak_concurrency", "requests", "retries", "failures", "barriers",
					     "barrier_wait_ns" };
	if (m < SLICE)
		snprintf(buf, cap, "%s", named[m]);
	else if (m < CAUSE)
		snprintf(buf, cap, "concurrency_%d_of_%d", m - SLICE + 1, SLICES);
	else
		snprintf(buf, cap, "%s_ns", tr_path_cause_name((enum tr_path_cause)(m - CAUSE)));
}

static bool is_time(int m)
{
	return m == WALL || m == BARRIER_WAIT || m >= CAUSE;
}

/* ---- one run's numbers */

/* Parts at work on average in each eighth of the call. */
static void slices_read(struct side *s, const struct tr_explanation *e)
{
	for (int i = 0; i < SLICES; i++) {
		int64_t from = e->wall_ns / SLICES * i, to = e->wall_ns / SLICES * (i + 1), busy = 0;
		for (uint32_t k = 0; k < e->run.nr_parts; k++) {
			int64_t a = e->run.parts[k].start_ns > from ? e->run.parts[k].start_ns : from;
			int64_t b = e->run.parts[k].end_ns < to ? e->run.parts[k].end_ns : to;
			busy += b > a ? b - a : 0;
		}
		s->values[SLICE + i][s->nr] = to > from ? (double)busy / (double)(to - from) : 0;
	}
}

static unsigned nr_settings(void)
{
	return xf_nr_transfer_config_fields < MAX_SETTINGS ? xf_nr_transfer_config_fields : MAX_SETTINGS;
}

static void settings_read(struct side *s, const struct tr_log *log)
{
	for (unsigned i = 0; i < nr_settings(); i++) {
		const char *value = tr_log_property(log, xf_transfer_config_fields[i].name);
		value = value ? value : "";
		if (s->nr && strcmp(s->settings[i], value))
			value = "various";
		snprintf(s->settings[i], sizeof(s->settings[i]), "%s", value);
	}
}

static void run_read(struct side *s, const struct ui_recording *t, const struct tr_explanation *e)
{
	const struct tr_verdict *v = &t->verdicts.list[0];
	double wait = 0;
	for (uint32_t i = 0; i < v->barriers.nr; i++)
		wait += (double)v->barriers.list[i].wait_ns;
	snprintf(s->words[s->nr], sizeof(s->words[0]), "%s (%s), %s, held back by %s", tr_answer_name(v->answer), tr_basis_name(v->basis),
		 tr_outcome_name(v->outcome), e->bound == TR_BOUND_NONE ? "nothing that is known" : tr_bound_name(e->bound));
	s->values[WALL][s->nr] = (double)e->wall_ns;
	s->values[PEAK][s->nr] = tr_state_peak(t->verdicts.final);
	s->values[REQUESTS][s->nr] = e->requests;
	s->values[RETRIES][s->nr] = e->retries;
	s->values[FAILURES][s->nr] = e->failures;
	s->values[BARRIERS][s->nr] = v->barriers.nr;
	s->values[BARRIER_WAIT][s->nr] = wait;
	slices_read(s, e);
	settings_read(s, t->log);
	for (int c = 0; c < TR_PATH_COUNT; c++)
		s->values[CAUSE + c][s->nr] = (double)e->cause_ns[c];
	s->nr++;
}

static enum xf_status trace_read(struct side *s, const char *path, struct xf_error *err)
{
	struct ui_recording trace;
	struct tr_explanation e;
	enum xf_status status;
	if (s->nr == MAX_RUNS)
		return xf_fail(err, XF_INVALID, "a side has more than %d traces", MAX_RUNS);
	status = ui_recording_open(&trace, path, true, err);
	if (!status) {
		status = tr_explain(trace.log, &trace.verdicts, trace.verdicts.list[0].call, &e, err);
		if (!status)
			run_read(s, &trace, &e);
		tr_explanation_fini(&e);
	}
	ui_recording_close(&trace);
	return status;
}

/* ---- a side: a trace, several, or a folder */

static int is_trace(const struct dirent *d)
{
	size_t len = strlen(d->d_name);
	return len > 4 && !strcmp(d->d_name + len - 4, ".xft");
}

static enum xf_status folder_read(struct side *s, const char *path, struct xf_error *err)
{
	struct dirent **list = NULL;
	int nr = scandir(path, &list, is_trace, alphasort);
	enum xf_status status = nr > 0 ? XF_OK : xf_fail(err, XF_NOT_FOUND, "no trace (*.xft) in %s", path);
	for (int i = 0; i < nr; i++) {
		char name[4096];
		snprintf(name, sizeof(name), "%s/%s", path, list[i]->d_name);
		if (!status)
			status = trace_read(s, name, err);
		free(list[i]);
	}
	free(list);
	return status;
}

static enum xf_status side_read(struct side *s, const char *text, struct xf_error *err)
{
	struct stat st;
	enum xf_status status = XF_OK;
	char *copy, *save = NULL;
	if (!stat(text, &st))
		return S_ISDIR(st.st_mode) ? folder_read(s, text, err) : trace_read(s, text, err);
	copy = strdup(text);
	if (!copy)
		return xf_fail(err, XF_NOMEM, "no memory for the comparison");
	for (char *p = strtok_r(copy, ",", &save); p && !status; p = strtok_r(NULL, ",", &save))
		status = trace_read(s, p, err);
	free(copy);
	return status;
}

/* ---- what changed */

static double mean(const struct side *s, int m)
{
	double sum = 0;
	for (unsigned i = 0; i < s->nr; i++)
		sum += s->values[m][i];
	return s->nr ? sum / s->nr : 0;
}

static double variance(const struct side *s, int m)
{
	double sum = 0, about = mean(s, m);
	for (unsigned i = 0; i < s->nr; i++)
		sum += (s->values[m][i] - about) * (s->values[m][i] - about);
	return s->nr > 1 ? sum / (s->nr - 1) : 0;
}

/* The 95 % half-width of the difference of the means (Welch; t from the degrees of freedom, roughly); -1 unknown. */
static double noise(const struct side *a, const struct side *b, int m)
{
	double va, vb, freedom, t;
	if (a->nr < 2 || b->nr < 2)
		return -1;
	va = variance(a, m) / a->nr;
	vb = variance(b, m) / b->nr;
	if (va + vb <= 0)
		return 0;
	freedom = (va + vb) * (va + vb) / (va * va / (a->nr - 1) + vb * vb / (b->nr - 1));
	t = 1.96 + 2.4 / freedom + 8.3 / (freedom * freedom * freedom);
	return t * sqrt(va + vb);
}

static bool changed(const struct side *a, const struct side *b, int m)
{
	double d = fabs(mean(b, m) - mean(a, m)), n = noise(a, b, m);
	double large = fmax(fabs(mean(a, m)), fabs(mean(b, m)));
	if (is_time(m) && d < 0.005 * fmax(mean(a, WALL), mean(b, WALL)))
		return false; /* too little to speak of, however sure */
	return n >= 0 ? d > n && d > 0 : d > 0.1 * large;
}

static bool words_differ(const struct side *a, const struct side *b)
{
	for (unsigned i = 0; i < a->nr; i++)
		if (strcmp(a->words[i], a->words[0]))
			return true;
	for (unsigned i = 0; i < b->nr; i++)
		if (strcmp(b->words[i], a->words[0]))
			return true;
	return false;
}

static const char *value_text(int m, double value, char *buf, size_t cap)
{
	if (is_time(m))
		return ui_time_text((int64_t)value, buf, cap);
	snprintf(buf, cap, "%.4g", value);
	return buf;
}

static bool tells_settings(const struct side *s)
{
	for (unsigned i = 0; i < nr_settings(); i++)
		if (*s->settings[i])
			return true;
	return false;
}

static void settings_print(FILE *out, const struct side *a, const struct side *b)
{
	if (tells_settings(a) != tells_settings(b)) {
		fprintf(out, "%s's trace does not tell how its program was set\n", tells_settings(a) ? "B" : "A");
		return;
	}
	for (unsigned i = 0; i < nr_settings(); i++)
		if (strcmp(a->settings[i], b->settings[i]))
			fprintf(out, "set differently: %s %s, %s\n", xf_transfer_config_fields[i].name,
				*a->settings[i] ? a->settings[i] : "not told", *b->settings[i] ? b->settings[i] : "not told");
}

static void text_print(FILE *out, const struct side *a, const struct side *b)
{
	char name[48], x[32], y[32], z[32];
	fprintf(out, "A: %s%s\nB: %s%s\n", a->words[0], a->nr > 1 ? ", …" : "", b->words[0], b->nr > 1 ? ", …" : "");
	settings_print(out, a, b);
	fprintf(out, "%-22s %12s %12s %8s\n", "", "A", "B", "change");
	for (int m = 0; m < MEASURES; m++) {
		double before = mean(a, m), after = mean(b, m), n = noise(a, b, m);
		if (before == 0 && after == 0)
			continue;
		measure_name(m, name, sizeof(name));
		fprintf(out, "%-22s %12s %12s ", name, value_text(m, before, x, sizeof(x)), value_text(m, after, y, sizeof(y)));
		if (before > 0)
			fprintf(out, "%+7.1f %%", 100 * (after - before) / before);
		else
			fprintf(out, "%9s", "new");
		if (n >= 0)
			fprintf(out, "  noise +/- %s", value_text(m, n, z, sizeof(z)));
		fprintf(out, "%s\n", changed(a, b, m) ? "  *" : "");
	}
	fprintf(out, a->nr > 1 && b->nr > 1 ? "* changed beyond noise (95 %%)\n"
		     : "* differs by more than a tenth; with one run a side nobody knows the noise\n");
}

static json_t *side_json(const struct side *s)
{
	json_t *runs = json_array();
	for (unsigned i = 0; i < s->nr; i++)
		json_array_append_new(runs, json_string(s->words[i]));
	return json_pack("{s:i, s:o}", "runs", (int)s->nr, "verdicts", runs);
}

/* What was set differently. */
static json_t *settings_json(const struct side *a, const struct side *b)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < nr_settings(); i++)
		if (strcmp(a->settings[i], b->settings[i]))
			json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", xf_transfer_config_fields[i].name, "a",
							      a->settings[i], "b", b->settings[i]));
	return list;
}

static json_t *diff_json(const struct side *a, const struct side *b)
{
	json_t *list = json_array();
	char name[48];
	for (int m = 0; m < MEASURES; m++) {
		double n = noise(a, b, m);
		measure_name(m, name, sizeof(name));
		json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:o, s:b}", "measure", name, "a", mean(a, m), "b", mean(b, m),
						      "noise", n < 0 ? json_null() : json_real(n), "changed", changed(a, b, m)));
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:o}", "xferdb", XFERDB_VERSION, "command", "diff", "a", side_json(a), "b",
			 side_json(b), "settings", settings_json(a, b), "verdict_changed", words_differ(a, b), "measures", list);
}

static int conclude(const struct side *a, const struct side *b, const struct ui_settings *settings)
{
	struct xf_error err = XF_ERROR_INIT;
	json_t *document;
	enum xf_status status = XF_OK;
	if (!settings->quiet)
		text_print(ui_text_stream(settings), a, b);
	if (settings->json) {
		document = diff_json(a, b);
		status = ui_json_write(document, settings->json, &err);
		json_decref(document);
	}
	if (status)
		fprintf(stderr, "xferdb: %s\n", err.message);
	return status ? UI_EXIT_FAILED : UI_EXIT_DONE;
}

int ui_diff_run(struct ui_arguments *arguments)
{
	struct side *sides = calloc(2, sizeof(*sides));
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = sides ? side_read(&sides[0], arguments->operands[0], &err) : XF_NOMEM;
	int exit_status = UI_EXIT_USAGE;
	if (!status)
		status = side_read(&sides[1], arguments->operands[1], &err);
	if (!status)
		exit_status = conclude(&sides[0], &sides[1], &arguments->settings);
	else
		fprintf(stderr, "xferdb: %s\n", err.message);
	free(sides);
	return exit_status;
}
