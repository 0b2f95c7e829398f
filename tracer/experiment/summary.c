#include "tracer/experiment/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tr_measure_name(enum tr_measure m)
{
	static const char *const names[] = { "wall", "stored", "cpu", "throughput", "memory" };

	return names[m];
}

double tr_measure_of(const struct tr_sample *run, enum tr_measure m)
{
	double throughput;

	switch (m) {
	case TR_BY_WALL:
		return (double)run->wall_ns;
	case TR_BY_STORED:
		return tr_sample_stored(run) ? (double)run->stored_ns : -1;
	case TR_BY_CPU:
		return (double)(run->user_ns + run->system_ns);
	case TR_BY_THROUGHPUT:
		throughput = tr_sample_stored(run) ? tr_sample_throughput(run) : 0;
		return throughput > 0 ? throughput : -1;
	default:
		return (double)run->max_rss;
	}
}

/* A run whose numbers count. */
static bool counts(const struct tr_result *r, unsigned cell)
{
	return r->cell == cell && r->round && !r->run.exit_status;
}

static struct tr_estimate estimate(const struct tr_results *results, unsigned cell, enum tr_measure m, double *room)
{
	size_t nr = 0;

	for (size_t i = 0; i < results->nr; i++)
		if (counts(&results->list[i], cell) && tr_measure_of(&results->list[i].run, m) >= 0)
			room[nr++] = tr_measure_of(&results->list[i].run, m);
	return tr_estimate(room, nr);
}

enum xf_status tr_summary_wall(const struct tr_results *results, unsigned cell, struct tr_estimate *out,
			       struct xf_error *err)
{
	double *room = malloc((results->nr + 1) * sizeof(*room));

	if (!room)
		return xf_fail(err, XF_NOMEM, "out of memory");
	*out = estimate(results, cell, TR_BY_WALL, room);
	free(room);
	return XF_OK;
}

/* ---- words: one for all, or each with its number */

struct words {
	const char *words[6];
	unsigned counts[6], nr;
};

static void word_count(struct words *w, const char *word)
{
	for (unsigned i = 0; i < w->nr; i++)
		if (!strcmp(w->words[i], word)) {
			w->counts[i]++;
			return;
		}
	if (w->nr < 6) {
		w->words[w->nr] = word;
		w->counts[w->nr++] = 1;
	}
}

static void words_text(const struct words *w, char *buf, size_t cap)
{
	size_t len = 0;

	snprintf(buf, cap, "%s", w->nr ? w->words[0] : "");
	for (unsigned i = 0; w->nr > 1 && i < w->nr && len < cap; i++)
		len += (size_t)snprintf(buf + len, cap - len, "%s%s %u", i ? ", " : "", w->words[i], w->counts[i]);
}

/* ---- cells */

static void cell_count(struct tr_cell *c, const struct tr_results *results, unsigned cell)
{
	struct words answers = { .nr = 0 }, outcomes = { .nr = 0 };
	uint64_t retries = 0;

	for (size_t i = 0; i < results->nr; i++) {
		const struct tr_result *r = &results->list[i];
		if (r->cell != cell || !r->round)
			continue;
		c->runs++;
		if (r->run.exit_status) {
			c->failed++;
			c->last_failure = &r->run;
		}
		c->peak = r->run.peak > c->peak ? r->run.peak : c->peak;
		retries += r->run.retries;
		word_count(&answers, *r->run.answer ? r->run.answer : "unknown");
		word_count(&outcomes, *r->run.outcome ? r->run.outcome : "unknown");
	}
	c->retries = c->runs ? (double)retries / c->runs : 0;
	words_text(&answers, c->answer, sizeof(c->answer));
	words_text(&outcomes, c->outcome, sizeof(c->outcome));
}

static double cause_median(const struct tr_results *results, unsigned cell, enum tr_cause cause, double *room)
{
	size_t nr = 0;

	for (size_t i = 0; i < results->nr; i++)
		if (counts(&results->list[i], cell))
			room[nr++] = (double)results->list[i].run.causes[cause];
	tr_sort(room, nr);
	return nr ? tr_median(room, nr) : 0;
}

static const struct tr_sample *typical(const struct tr_results *results, unsigned cell, enum tr_measure m, double median)
{
	const struct tr_sample *best = NULL;
	double distance = INFINITY;

	for (size_t i = 0; i < results->nr; i++) {
		const struct tr_result *r = &results->list[i];
		double value = tr_measure_of(&r->run, m);
		if (counts(r, cell) && value >= 0 && fabs(value - median) < distance) {
			distance = fabs(value - median);
			best = &r->run;
		}
	}
	return best;
}

/* ---- predictions: the control's runs speak for the cell */

static double ns_of(const struct tr_forecast *f) { return (double)f->ns; }
static double low_of(const struct tr_forecast *f) { return (double)f->low_ns; }
static double high_of(const struct tr_forecast *f) { return (double)f->high_ns; }

static struct tr_estimate foretold(const struct tr_results *results, unsigned cell, double (*of)(const struct tr_forecast *f), double *room)
{
	size_t nr = 0;

	for (size_t i = 0; cell && i < results->nr; i++) {
		const struct tr_sample *run = &results->list[i].run;
		if (counts(&results->list[i], 0) && cell < run->nr_predicted && run->predicted[cell].ns >= 0)
			room[nr++] = of(&run->predicted[cell]);
	}
	return tr_estimate(room, nr);
}

/* The bounds are the predictions' own: how alike predictions are says nothing of how true they are. */
static struct tr_estimate predicted(const struct tr_results *results, unsigned cell, double *room)
{
	struct tr_estimate e = foretold(results, cell, ns_of, room);

	e.low = foretold(results, cell, low_of, room).median;
	e.high = foretold(results, cell, high_of, room).median;
	e.level = 0;
	return e;
}

bool tr_cell_held(const struct tr_cell *c)
{
	double wall = c->measures[TR_BY_WALL].median;

	return c->predicted.nr && c->predicted.low <= wall && wall <= c->predicted.high;
}

double tr_cell_off(const struct tr_cell *c)
{
	const struct tr_estimate *wall = &c->measures[TR_BY_WALL];

	return c->predicted.nr && wall->nr && wall->median > 0 ? c->predicted.median / wall->median - 1 : NAN;
}

/* ---- comparing */

static bool better(const struct tr_summary *s, unsigned a, unsigned b)
{
	double x = s->cells[a].measures[s->measure].median, y = s->cells[b].measures[s->measure].median;

	return s->measure == TR_BY_THROUGHPUT ? x > y : x < y;
}

static void compare(struct tr_summary *s)
{
	double control = s->cells[0].measures[TR_BY_WALL].median;

	s->measure = TR_BY_THROUGHPUT;
	for (unsigned i = 0; i < s->nr; i++)
		if (s->cells[i].runs > s->cells[i].failed && !s->cells[i].measures[TR_BY_THROUGHPUT].nr)
			s->measure = TR_BY_WALL;
	for (unsigned i = 0; i < s->nr; i++) {
		struct tr_cell *c = &s->cells[i];
		if (c->measures[TR_BY_WALL].nr && control > 0)
			c->against = c->measures[TR_BY_WALL].median / control;
		if (!i || !c->measures[s->measure].nr)
			continue;
		if (!s->best || better(s, i, s->best))
			s->best = i;
		if (!s->worst || better(s, s->worst, i))
			s->worst = i;
	}
}

bool tr_summary_best(const struct tr_summary *s, const struct tr_sweep *sweep, unsigned cell)
{
	unsigned others = 0;

	if (s->cells[cell].measures[s->measure].nr < 2)
		return false;
	for (unsigned i = 1; i < s->nr; i++) {
		if (i == cell || !s->cells[i].measures[s->measure].nr || !tr_sweep_alike(sweep, i, cell))
			continue;
		others++;
		if (better(s, i, cell))
			return false;
	}
	return others;
}

unsigned tr_summary_as_good(const struct tr_summary *s, const struct tr_sweep *sweep, unsigned cell)
{
	const struct tr_estimate *own = &s->cells[cell].measures[s->measure];
	unsigned nr = 0;

	for (unsigned i = 1; i < s->nr; i++) {
		const struct tr_estimate *e = &s->cells[i].measures[s->measure];
		nr += i != cell && e->nr && tr_sweep_alike(sweep, i, cell) && e->low <= own->high && own->low <= e->high;
	}
	return nr;
}

/* The control's runs in the order they were made: first half against second. */
static double drift(const struct tr_results *results, double *room)
{
	size_t nr = 0, half;
	double first, second;

	for (size_t i = 0; i < results->nr; i++)
		if (counts(&results->list[i], 0) && results->list[i].run.wall_ns >= 0)
			room[nr++] = (double)results->list[i].run.wall_ns;
	if (nr < 4)
		return NAN;
	half = nr / 2;
	tr_sort(room, half);
	tr_sort(room + nr - half, half);
	first = tr_median(room, half);
	second = tr_median(room + nr - half, half);
	return first > 0 ? second / first - 1 : NAN;
}

enum xf_status tr_summary_make(const struct tr_results *results, unsigned cells, struct tr_summary *out,
			       struct xf_error *err)
{
	double *room = malloc((results->nr + 1) * sizeof(*room));

	*out = (struct tr_summary){ .cells = calloc(cells, sizeof(*out->cells)), .nr = cells };
	if (!room || !out->cells) {
		free(room);
		tr_summary_fini(out);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	for (unsigned i = 0; i < cells; i++) {
		struct tr_cell *c = &out->cells[i];
		cell_count(c, results, i);
		c->predicted = predicted(results, i, room);
		for (unsigned m = 0; m < TR_MEASURE_COUNT; m++)
			c->measures[m] = estimate(results, i, m, room);
		for (unsigned k = 0; k < TR_CAUSE_COUNT; k++)
			c->causes[k] = cause_median(results, i, k, room);
	}
	compare(out);
	for (unsigned i = 0; i < cells; i++)
		out->cells[i].typical = typical(results, i, out->measure, out->cells[i].measures[out->measure].median);
	out->drift = drift(results, room);
	free(room);
	return XF_OK;
}

void tr_summary_fini(struct tr_summary *s)
{
	free(s->cells);
	*s = (struct tr_summary){ 0 };
}
