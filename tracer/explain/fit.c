#include "tracer/explain/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double capacities[] = { 1, 1.5, 2, 3, 4, 6, 8, 12, 16, TR_UNBOUNDED };
enum { CAPACITIES = sizeof(capacities) / sizeof(*capacities) };
#define DOUBT 1.25 /* how many parts the processors carry, times or by that */

/* ---- how many shared a stage, when */

/* From `at` on so many; `done`: how much a part that was there all the time got done until then, under some capacity. */
struct load {
	struct step {
		int64_t at;
		int32_t n;
		double done;
	} *steps;
	uint32_t nr;
};

static int64_t stage_begin(const struct tr_run_part *p, enum tr_stage stage)
{
	int64_t at = p->start_ns;
	for (int s = 0; s < (int)stage; s++)
		at += p->stage_ns[s];
	return at;
}

static int by_time(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	return x->at != y->at ? (x->at < y->at ? -1 : 1) : x->n - y->n;
}

static bool load_init(struct load *l, const struct tr_run *run, enum tr_stage stage)
{
	int32_t n = 0;
	*l = (struct load){ .steps = calloc(2 * (size_t)run->nr_parts + 1, sizeof(*l->steps)) };
	for (uint32_t i = 0; l->steps && i < run->nr_parts; i++) {
		int64_t from = stage_begin(&run->parts[i], stage), took = run->parts[i].stage_ns[stage];
		if (took <= 0)
			continue;
		l->steps[l->nr++] = (struct step){ .at = from, .n = 1 };
		l->steps[l->nr++] = (struct step){ .at = from + took, .n = -1 };
	}
	if (l->nr)
		qsort(l->steps, l->nr, sizeof(*l->steps), by_time);
	for (uint32_t i = 0; i < l->nr; i++)
		l->steps[i].n = n += l->steps[i].n;
	return l->steps != NULL;
}

static void load_under(struct load *l, double capacity)
{
	for (uint32_t i = 1; i < l->nr; i++)
		l->steps[i].done = l->steps[i - 1].done +
			(double)(l->steps[i].at - l->steps[i - 1].at) * tr_run_speed(capacity, l->steps[i - 1].n);
}

static double done_at(const struct load *l, int64_t t, double capacity)
{
	uint32_t low = 0, high = l->nr;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (l->steps[middle].at <= t)
			low = middle;
		else
			high = middle;
	}
	return l->nr ? l->steps[low].done + (double)(t - l->steps[low].at) * tr_run_speed(capacity, l->steps[low].n) : 0;
}

/* The stage's work of a part at full speed, were that the capacity; load_under() comes before. */
static double alone(const struct load *l, const struct tr_run_part *p, enum tr_stage stage, double capacity)
{
	int64_t from = stage_begin(p, stage);
	return p->stage_ns[stage] <= 0 ? 0 : done_at(l, from + p->stage_ns[stage], capacity) - done_at(l, from, capacity);
}

/* ---- capacities, from the cost of a byte */

/* Spread of the cost of a byte over the parts (coefficient of variation). */
static double spread(struct load *l, const struct tr_run *run, enum tr_stage stage, double capacity)
{
	double sum = 0, squares = 0;
	uint32_t nr = 0;
	load_under(l, capacity);
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		const struct tr_run_part *p = &run->parts[i];
		if (!p->bytes || p->stage_ns[stage] <= 0)
			continue;
		double cost = alone(l, p, stage, capacity) / (double)p->bytes;
		sum += cost;
		squares += cost * cost;
		nr++;
	}
	double mean = nr ? sum / nr : 0, variance = nr ? squares / nr - mean * mean : 0;
	return mean > 0 ? sqrt(variance > 0 ? variance : 0) / mean : 0;
}

static double least_cost(const struct tr_run *run, enum tr_stage stage)
{
	double least = INFINITY;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].bytes && run->parts[i].stage_ns[stage] > 0)
			least = fmin(least, (double)run->parts[i].stage_ns[stage] / (double)run->parts[i].bytes);
	return least;
}

/* ---- processors */

/* The time of so many processors, did a part in work keep `each` of them busy, and had it to wait for nothing else. */
static double processor_ns(const struct load *l, double processors, double each)
{
	double ns = 0;
	for (uint32_t i = 1; i < l->nr; i++)
		ns += (double)(l->steps[i].at - l->steps[i - 1].at) * fmin(processors, each * l->steps[i - 1].n);
	return ns;
}

/* So many processors a part kept busy, two at most, its client's and its server's; told only where they were not all busy. */
static double kept_busy(const struct tr_run *run, const struct load *l)
{
	double low = 0, high = 2;
	for (int i = 0; i < 40; i++) {
		double middle = (low + high) / 2;
		if (processor_ns(l, run->processors, middle) < (double)run->busy_ns)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/*
 * Never more parts at full speed than the processors carry. A part that waits for neither a line nor a server elsewhere
 * keeps one of them busy: where the parts used half of the time that this makes, or more, it is
 * the processors that they share, whatever else they seem to.
 */
static void processors_fit(struct tr_run *run, const struct load *l)
{
	enum { STAGE = TR_STAGE_WORK };

	run->by_processors = (double)run->busy_ns >= 0.5 * processor_ns(l, run->processors, 1);
	double carried = run->processors / (run->by_processors ? run->busy_each : fmax(kept_busy(run, l), 1e-6));
	for (int fit = 0; fit < TR_FITS; fit++)
		run->capacity[fit][STAGE] = run->by_processors ? carried : fmin(run->capacity[fit][STAGE], carried);
	if (run->by_processors) {
		run->capacity[TR_FIT_LEAST][STAGE] /= DOUBT;
		run->capacity[TR_FIT_MOST][STAGE] *= DOUBT;
	}
}

/* ---- both */

/* What the parts' work is at full speed, alone. No byte costs more than the cheapest did in company. */
static void alone_all(struct tr_run *run, struct load *l, enum tr_stage stage, enum tr_fit fit, double least)
{
	double capacity = run->capacity[fit][stage];
	load_under(l, capacity);
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		p->alone_ns[fit][stage] = alone(l, p, stage, capacity);
		if (fit == TR_FIT_MOST)
			p->alone_ns[fit][stage] = fmin(p->alone_ns[fit][stage], fmax(p->alone_ns[TR_FIT_LIKELY][stage], least * (double)p->bytes));
	}
}

/* The smallest and the largest capacity that explain the parts about as well as any. */
static void capacity_fit(struct tr_run *run, struct load *l, enum tr_stage stage)
{
	double spreads[CAPACITIES], best = INFINITY;
	double doubt = run->workers >= run->nr_parts ? 0.3 : 0.1; /* parts that all went at once tell little */
	bool first = true;
	for (unsigned i = 0; i < CAPACITIES; i++) {
		spreads[i] = spread(l, run, stage, capacities[i]);
		best = fmin(best, spreads[i]);
	}
	for (unsigned i = 0; i < CAPACITIES; i++) {
		if (spreads[i] > 1.5 * best + doubt)
			continue;
		run->capacity[TR_FIT_MOST][stage] = capacities[i];
		if (first)
			run->capacity[TR_FIT_LEAST][stage] = run->capacity[TR_FIT_LIKELY][stage] = capacities[i];
		first = false;
	}
}

static void stage_fit(struct tr_run *run, struct load *l, enum tr_stage stage)
{
	double least = least_cost(run, stage);
	capacity_fit(run, l, stage);
	if (stage == TR_STAGE_WORK && run->processors > 0)
		processors_fit(run, l);
	for (int fit = 0; fit < TR_FITS; fit++)
		alone_all(run, l, stage, (enum tr_fit)fit, least);
}

/* ---- answers: latency, or more */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int64_t latency(const struct tr_run_part *p)
{
	return p->stage_ns[TR_STAGE_LATENCY];
}

static int64_t usual(const struct tr_run *run, int64_t (*of)(const struct tr_run_part *p))
{
	int64_t *list = calloc(run->nr_parts + 1u, sizeof(*list)), middle;
	for (uint32_t i = 0; list && i < run->nr_parts; i++)
		list[i] = of(&run->parts[i]);
	if (list)
		qsort(list, run->nr_parts, sizeof(*list), by_size);
	middle = list ? list[run->nr_parts / 2] : 0;
	free(list);
	return middle;
}

int64_t tr_run_usual_latency(const struct tr_run *run)
{
	return usual(run, latency);
}

int64_t tr_run_usual_duration(const struct tr_run *run)
{
	return usual(run, tr_run_part_duration);
}

/*
 * Do answers take longer because of the bytes? A part much smaller than the largest tells: its answer came
 * sooner, or as late as all. Without such a part, requests without a body do.
 */
static bool grows_with_bytes(const struct tr_run *run, int64_t middle, int64_t base)
{
	const struct tr_run_part *small = NULL;
	uint64_t largest = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		largest = run->parts[i].bytes > largest ? run->parts[i].bytes : largest;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].bytes < largest * 6 / 10 && (!small || run->parts[i].bytes < small->bytes))
			small = &run->parts[i];
	if (!small)
		return base * 10 < middle * 3;
	return (double)small->stage_ns[TR_STAGE_LATENCY] < (double)middle * (1 + (double)small->bytes / (double)largest) / 2;
}

/* So much of the latency is none, but shared work. */
static void give(struct tr_run_part *p, int64_t ns)
{
	if (ns <= 0)
		return;
	p->stage_ns[TR_STAGE_LATENCY] -= ns;
	p->stage_ns[TR_STAGE_WORK] += ns;
}

/*
 * A latency is paid by every part: no more of an answer's time than the shortest had is latency, the rest
 * is the server's work, which the parts share. But for parts that stand out: those were held, or tried again.
 * Nor is more of it latency than `most`.
 */
static void split_latency(struct tr_run *run, int64_t middle, int64_t most)
{
	int64_t least = most, longest = 3 * tr_run_usual_duration(run) / 2;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].stage_ns[TR_STAGE_LATENCY] < least)
			least = run->parts[i].stage_ns[TR_STAGE_LATENCY];
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (latency(&run->parts[i]) < 3 * middle || tr_run_part_duration(&run->parts[i]) < longest)
			give(&run->parts[i], run->parts[i].stage_ns[TR_STAGE_LATENCY] - least);
}

static double stage_sum(const struct tr_run *run, enum tr_stage stage)
{
	double sum = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		sum += (double)run->parts[i].stage_ns[stage];
	return sum;
}

static void split_answers(struct tr_run *run, int64_t base)
{
	int64_t middle = usual(run, latency);
	bool grows = !run->drained && middle > 2 * base + 5000000 && grows_with_bytes(run, middle, base);
	double sent = 0, answers = stage_sum(run, TR_STAGE_LATENCY);
	for (uint32_t i = 0; i < run->nr_parts; i++)
		sent += (double)run->parts[i].sent_ns;
	if (grows)
		for (uint32_t i = 0; i < run->nr_parts; i++)
			give(&run->parts[i], run->parts[i].stage_ns[TR_STAGE_LATENCY] - base);
	else
		/* a line that is full fills the receiver's buffers, too: what is acknowledged is not yet read */
		split_latency(run, middle, run->drained && sent > answers ? base : INT64_MAX);
	run->by_bytes = grows || (run->drained && sent > answers);
}

/* ---- the limit that was asked for */

double tr_run_bytes(const struct tr_run *run)
{
	double bytes = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		bytes += (double)run->parts[i].bytes;
	return bytes;
}

/* Known, where it held the run back at all: a line of that rate. */
static void limit_fit(struct tr_run *run, struct load *l)
{
	double ideal_ns = run->limit ? tr_run_bytes(run) * 1e9 / (double)run->limit : 0;
	load_under(l, 1);
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		bool bound = run->limit && stage_sum(run, TR_STAGE_LIMIT) > ideal_ns * 0.3;
		p->alone_ns[0][TR_STAGE_LIMIT] = bound ? (double)p->bytes * 1e9 / (double)run->limit : alone(l, p, TR_STAGE_LIMIT, 1);
	}
	for (int fit = 0; fit < TR_FITS; fit++) {
		run->capacity[fit][TR_STAGE_LIMIT] = 1;
		for (uint32_t i = 0; i < run->nr_parts; i++)
			run->parts[i].alone_ns[fit][TR_STAGE_LIMIT] = run->parts[i].alone_ns[0][TR_STAGE_LIMIT];
	}
}

void tr_run_fit(struct tr_run *run, int64_t base_latency_ns)
{
	split_answers(run, base_latency_ns);
	for (int stage = 0; stage < TR_STAGE_LATENCY; stage++) {
		struct load l;
		if (load_init(&l, run, (enum tr_stage)stage)) {
			if (stage == TR_STAGE_LIMIT)
				limit_fit(run, &l);
			else
				stage_fit(run, &l, (enum tr_stage)stage);
		}
		free(l.steps);
	}
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		for (int fit = 0; fit < TR_FITS; fit++)
			p->alone_ns[fit][TR_STAGE_LATENCY] = (double)p->stage_ns[TR_STAGE_LATENCY];
	}
}

double tr_run_rate(const struct tr_run *run)
{
	const double *capacity = run->capacity[TR_FIT_LIKELY];
	double slowest_ns = 0;
	for (int stage = 0; stage < TR_STAGE_LATENCY; stage++) {
		double ns = 0;
		for (uint32_t i = 0; i < run->nr_parts; i++)
			ns += run->parts[i].alone_ns[TR_FIT_LIKELY][stage];
		slowest_ns = fmax(slowest_ns, ns / (capacity[stage] < TR_UNBOUNDED && capacity[stage] > 0 ? capacity[stage] : 1));
	}
	return slowest_ns > 0 ? tr_run_bytes(run) / slowest_ns * 1e9 : 0;
}
