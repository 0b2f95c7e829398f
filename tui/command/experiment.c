/*
 * experiment: sweeps: every combination of the values, each run a process of its own, in
 * an order drawn from a seed, with a control among them; then medians, intervals, plots.
 */
#include "tui/command/experiment.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tracer/experiment/report.h"
#include "tui/command/conclude.h"
#include "tui/command/signals.h"

/* How far it is, for the line on the terminal. */
struct pace {
	double *cell_s;           /* what a run of the cell takes, start to start; 0: not known yet */
	unsigned done, most;      /* runs made and read, and at most */
	bool shown;
};

/* ---- signals: the run ends (and aborts its upload), and the loop with it */

static void signal_arrived(void *ctx, int number, unsigned count)
{
	struct ui_experiment *x = ctx;
	pid_t child = atomic_load(&x->child);

	(void)number, (void)count;
	if (child > 0)
		kill(child, SIGINT);
}

/* ---- progress */

static double left_s(const struct ui_experiment *x, const struct pace *p, unsigned round, unsigned at, const unsigned *order,
		     const bool *narrow)
{
	double sum = 0, known = 0, left = 0;

	for (unsigned i = 0; i < x->cells; i++)
		if (p->cell_s[i] > 0)
			sum += p->cell_s[i], known++;
	for (unsigned i = 0; i < x->cells && known > 0; i++) {
		double one = p->cell_s[i] > 0 ? p->cell_s[i] : sum / known;
		if (!narrow[i])
			left += one * (x->repeat - round);
	}
	for (unsigned i = at; i < x->cells && known > 0; i++)
		if (!narrow[order[i]])
			left += p->cell_s[order[i]] > 0 ? p->cell_s[order[i]] : sum / known;
	return left;
}

static void progress_show(const struct ui_experiment *x, struct pace *p, unsigned cell, double left)
{
	char label[400], time[32];

	if (!p->shown)
		return;
	fprintf(stderr, "\r%u of %s%u runs", p->done, x->until_ci > 0 ? "at most " : "", p->most);
	if (left > 0)
		fprintf(stderr, ", %s%s left", x->until_ci > 0 ? "at most " : "about ",
			ui_time_text((int64_t)(left * 1e9), time, sizeof(time)));
	fprintf(stderr, ": %.70s\033[K", tr_sweep_label(&x->sweep, cell, label, sizeof(label)));
	fflush(stderr);
}

static void progress_clear(const struct pace *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}

/* ---- the runs */

static enum xf_status run_one(struct ui_experiment *x, struct pace *p, unsigned cell, unsigned round, struct xf_error *err)
{
	struct tr_result result = { .cell = cell, .round = round };
	uint64_t begin_ns = xf_clock_mono_ns();
	enum xf_status status = ui_experiment_once(x, cell, &result.run, err);

	/* a run that was interrupted says nothing about its cell */
	if (status || ui_signals_count()) {
		tr_sample_fini(&result.run);
		return status;
	}
	p->cell_s[cell] = (double)(xf_clock_mono_ns() - begin_ns) / 1e9;
	p->done++;
	status = tr_results_append(&x->file_of_results, &x->sweep, &result, err);
	if (status) {
		tr_sample_fini(&result.run);
		return status;
	}
	return tr_results_add(&x->results, &result, err);
}

/* Is the cell known well enough? */
static enum xf_status narrow_look(const struct ui_experiment *x, unsigned cell, bool *narrow, struct xf_error *err)
{
	struct tr_estimate wall;
	enum xf_status status;

	if (!(x->until_ci > 0))
		return XF_OK;
	status = tr_summary_wall(&x->results, cell, &wall, err);
	*narrow = !status && tr_estimate_narrow(&wall, x->until_ci);
	return status;
}

static enum xf_status round_run(struct ui_experiment *x, struct pace *p, unsigned round, unsigned *order, bool *narrow,
				struct xf_error *err)
{
	enum xf_status status = XF_OK;

	tr_sweep_order(x->seed, round, x->cells, order);
	for (unsigned i = 0; i < x->cells && !status && !ui_signals_count(); i++) {
		unsigned cell = order[i];
		if (narrow[cell] || tr_results_have(&x->results, cell, round))
			continue;
		progress_show(x, p, cell, left_s(x, p, round, i, order, narrow));
		status = run_one(x, p, cell, round, err);
	}
	/* after the round, so that all cells of one round are there or none */
	for (unsigned i = 0; i < x->cells && !status && round; i++)
		status = narrow_look(x, i, &narrow[i], err);
	return status;
}

static bool all(const bool *narrow, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		if (!narrow[i])
			return false;
	return true;
}

static unsigned first_round(const struct ui_experiment *x)
{
	return x->settings->given[UI_OPT_warm_up] && !x->settings->warm_up ? 1 : 0;
}

static enum xf_status runs_make(struct ui_experiment *x, struct xf_error *err)
{
	unsigned *order = malloc(x->cells * sizeof(*order));
	bool *narrow = calloc(x->cells, sizeof(*narrow));
	struct pace p = { .cell_s = calloc(x->cells, sizeof(*p.cell_s)), .done = (unsigned)x->results.nr };
	enum xf_status status = order && narrow && p.cell_s ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");

	p.most = x->cells * (x->repeat + 1 - first_round(x));
	p.shown = !x->settings->quiet && !x->settings->plain && isatty(STDERR_FILENO);
	for (unsigned i = 0; i < x->cells && !status; i++)
		status = narrow_look(x, i, &narrow[i], err);
	for (unsigned round = first_round(x); round <= x->repeat && !status && !ui_signals_count(); round++) {
		if (!all(narrow, x->cells))
			status = round_run(x, &p, round, order, narrow, err);
	}
	progress_clear(&p);
	free(order);
	free(narrow);
	free(p.cell_s);
	return status;
}

/* ---- before and after */

static enum xf_status seed_choose(struct ui_experiment *x, struct xf_error *err)
{
	x->seed = x->settings->seed;
	if (!x->settings->given[UI_OPT_seed] && getrandom(&x->seed, sizeof(x->seed), 0) != sizeof(x->seed))
		return xf_fail_errno(err, XF_IO, errno, "no random number for the seed: name one with --seed");
	if (!x->settings->given[UI_OPT_seed])
		x->seed >>= 32; /* short enough to be typed */
	x->file_of_results.fd = -1;
	if (!x->settings->results)
		return XF_OK;
	return tr_results_open(&x->file_of_results, x->settings->results, x->definition, &x->seed,
			       x->settings->given[UI_OPT_seed], x->cells, &x->results, err);
}

static enum xf_status folder_make(struct ui_experiment *x, struct xf_error *err)
{
	const char *base = getenv("TMPDIR");

	snprintf(x->folder, sizeof(x->folder), "%s/xferdb-lab.XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
	if (mkdtemp(x->folder))
		return XF_OK;
	*x->folder = '\0';
	return xf_fail_errno(err, XF_IO, errno, "cannot make a temporary folder");
}

static void folder_remove(const struct ui_experiment *x)
{
	char path[96];

	if (!*x->folder)
		return;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/run.%s", x->folder, i ? "txt" : "xft");
		unlink(path);
	}
	rmdir(x->folder);
}

static void announce(const struct ui_experiment *x)
{
	unsigned rounds = x->repeat + 1 - first_round(x);

	if (x->settings->quiet)
		return;
	fprintf(stderr, "xferdb: %u configuration%s and a control, %s%u run%s each%s, seed %" PRIu64 "\n", x->cells - 1,
		x->cells == 2 ? "" : "s", x->until_ci > 0 ? "at most " : "", x->repeat, x->repeat == 1 ? "" : "s",
		rounds > x->repeat ? " after a warm-up" : "", x->seed);
	if (x->results.nr)
		fprintf(stderr, "xferdb: %zu run%s in %s already\n", x->results.nr, x->results.nr == 1 ? " is" : "s are",
			x->settings->results);
}

static struct tr_report report_of(const struct ui_experiment *x, char *seed, size_t cap)
{
	snprintf(seed, cap, "%" PRIu64, x->seed);
	return (struct tr_report){
		.subject = x->file ? x->file : x->argv[0], .destination = x->destination, .seed = seed,
		.local = x->settings->local, .version = XFERDB_VERSION, .sweep = &x->sweep, .summary = &x->summary,
		.results = &x->results,
	};
}

static enum xf_status outputs(const struct ui_experiment *x, struct xf_error *err)
{
	const struct ui_settings *s = x->settings;
	char seed[24];
	struct tr_report report = report_of(x, seed, sizeof(seed));
	enum xf_status status = XF_OK;

	if (!s->quiet)
		ui_experiment_table(x);
	fflush(x->out);
	if (s->csv)
		status = ui_experiment_csv(x, s->csv, err);
	if (!status && s->html)
		status = tr_report_html(&report, s->html, err);
	if (!status && s->svg)
		status = tr_report_svgs(&report, s->svg, err);
	if (!status && s->json)
		status = ui_experiment_json(x, err);
	return status;
}

/* Nothing that was asked for may turn out impossible after an hour of measuring. */
static enum xf_status outputs_check(const struct ui_experiment *x, struct xf_error *err)
{
	const char *const paths[] = { x->settings->csv, x->settings->html };

	for (unsigned i = 0; i < 2; i++) {
		FILE *out = paths[i] ? fopen(paths[i], "ae") : NULL;
		if (paths[i] && !out)
			return xf_fail_errno(err, XF_IO, errno, "cannot write %s", paths[i]);
		if (out)
			fclose(out);
	}
	if (x->settings->svg && mkdir(x->settings->svg, 0777) && errno != EEXIST)
		return xf_fail_errno(err, XF_IO, errno, "--svg: cannot make %s", x->settings->svg);
	return XF_OK;
}

static enum xf_status prepare(struct ui_experiment *x, const struct ui_arguments *arguments, struct xf_error *err)
{
	enum xf_status status = ui_experiment_prepare(x, arguments, err);

	if (!status)
		status = outputs_check(x, err);
	if (!status)
		status = seed_choose(x, err);
	return status;
}

/* Nothing came to its end: say why, once. */
static bool all_failed(const struct ui_experiment *x)
{
	const char *why = "";

	for (size_t i = 0; i < x->results.nr; i++) {
		if (!x->results.list[i].run.exit_status)
			return false;
		why = x->results.list[i].run.error;
	}
	if (x->results.nr)
		fprintf(stderr, "xferdb: every run failed%s%s\n", *why ? ": " : "", why);
	return x->results.nr;
}

static int conclude(struct ui_experiment *x, enum xf_status status, struct xf_error *err)
{
	bool interrupted = ui_signals_count();
	enum xf_status shown = tr_summary_make(&x->results, x->cells, &x->summary, status ? NULL : err);

	if (!shown)
		shown = outputs(x, status ? NULL : err);
	if (status || shown)
		fprintf(stderr, "xferdb: %s\n", err->message);
	if (interrupted && x->settings->results)
		fprintf(stderr, "xferdb: interrupted; the same command goes on from %s\n", x->settings->results);
	else if (interrupted)
		fprintf(stderr, "xferdb: interrupted; with --results FILE it could go on from here\n");
	if (interrupted)
		return UI_EXIT_INTERRUPTED;
	return status || shown || all_failed(x) ? UI_EXIT_FAILED : UI_EXIT_DONE;
}

int ui_experiment_run(struct ui_arguments *arguments)
{
	struct ui_experiment x = { .file_of_results = { .fd = -1 } };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = prepare(&x, arguments, &err);
	int exit_status = UI_EXIT_USAGE;

	if (status) {
		fprintf(stderr, "xferdb: %s\n", err.message);
	} else {
		x.out = ui_text_stream(x.settings);
		x.style = ui_style_for(x.out, x.settings);
		announce(&x);
		ui_signals_start(signal_arrived, &x);
		status = folder_make(&x, &err);
		if (!status)
			status = runs_make(&x, &err);
		exit_status = conclude(&x, status, &err);
		ui_signals_stop();
		folder_remove(&x);
	}
	ui_experiment_fini(&x);
	return exit_status;
}
