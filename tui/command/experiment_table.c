/*
 * The table on the terminal: a line a cell, then what may be said of them.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/command/experiment.h"
#include "tui/command/local.h"

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

static const char *bounds_text(const struct tr_estimate *e, char *buf, size_t cap)
{
	char low[24], high[24];

	snprintf(buf, cap, "%s..%s", ui_time_text((int64_t)e->low, low, sizeof(low)),
		 ui_time_text((int64_t)e->high, high, sizeof(high)));
	return buf;
}

static const char *interval_text(const struct tr_estimate *e, char *buf, size_t cap)
{
	snprintf(buf, cap, "-");
	return e->nr > 1 ? bounds_text(e, buf, cap) : buf;
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
		cell && tr_summary_best(&x->summary, &x->sweep, cell) ? "  <- best" : "");
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

/* The best choice for each circumstance: nobody chooses a latency. */
static void best_print(const struct ui_experiment *x)
{
	char label[400];

	for (unsigned i = 1; i < x->cells; i++) {
		unsigned others;
		if (!tr_summary_best(&x->summary, &x->sweep, i))
			continue;
		others = tr_summary_as_good(&x->summary, &x->sweep, i);
		fprintf(x->out, "Best: %s", tr_sweep_label(&x->sweep, i, label, sizeof(label)));
		if (others)
			fprintf(x->out, ", but the interval%s of %u other%s reach%s into its own", others == 1 ? "" : "s", others,
				others == 1 ? "" : "s", others == 1 ? "es" : "");
		if (x->summary.cells[i].failed)
			fprintf(x->out, ", and %u of its %u runs failed", x->summary.cells[i].failed, x->summary.cells[i].runs);
		fputc('\n', x->out);
	}
}

/* What the control's runs foretold, beside what was measured. */
static void predictions_print(const struct ui_experiment *x)
{
	char label[400], foretold[24], interval[48], wall[24];
	unsigned nr = 0, near = 0, held = 0;

	for (unsigned i = 1; i < x->cells; i++) {
		const struct tr_cell *c = &x->summary.cells[i];
		double off = tr_cell_off(c);
		if (isnan(off))
			continue;
		if (!nr++)
			fprintf(x->out, "\nForetold by the control's runs, replayed, and measured:\n");
		near += fabs(off) <= 0.15;
		held += tr_cell_held(c);
		fprintf(x->out, "  %-*s %9s  %-19s measured %9s  off by %+.1f %%\n", label_width(x),
			tr_sweep_label(&x->sweep, i, label, sizeof(label)), time_text(&c->predicted, foretold, sizeof(foretold)),
			bounds_text(&c->predicted, interval, sizeof(interval)),
			time_text(&c->measures[TR_BY_WALL], wall, sizeof(wall)), 100 * off);
	}
	if (nr)
		fprintf(x->out, "  %u of %u within 15 %%, %u of %u between the bounds foretold\n", near, nr, held, nr);
	else if (x->predict)
		fprintf(x->out, "\nNothing could be foretold: the control's runs show no parts, or not what becomes of all that is swept.\n");
}

/* Why runs failed: of each cell the last reason. */
static void failures_print(const struct ui_experiment *x)
{
	char label[400];

	for (unsigned i = 0; i < x->cells; i++) {
		const struct tr_cell *c = &x->summary.cells[i];
		if (c->last_failure)
			fprintf(x->out, "Failed: %s, %u of %u: %s\n", tr_sweep_label(&x->sweep, i, label, sizeof(label)),
				c->failed, c->runs, c->last_failure->error);
	}
}

/* Times of programs that upload nothing are no answer to anything asked here. */
static void nothing_sent_print(const struct ui_experiment *x)
{
	for (size_t i = 0; i < x->results.nr; i++)
		if (x->results.list[i].run.requests || x->results.list[i].run.exit_status)
			return;
	if (x->results.nr)
		fprintf(x->out, "No run made a request: what was measured is the program's own time. 'xferdb trace' tells what it sees of it.\n");
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
	nothing_sent_print(x);
	failures_print(x);
	predictions_print(x);
}
