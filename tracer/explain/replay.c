#include "tracer/explain/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double capacities[] = { 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 1e9 };

/* Parts at work at time t: from their start until the latency that ends them begins. */
static bool works_at(const struct tr_run_part *p, int64_t t, bool by_bytes, int64_t base)
{
	int64_t latency = by_bytes && p->latency_ns > base ? base : p->latency_ns;
	return t >= p->start_ns && t < p->end_ns - latency;
}

/* Work of part k at full speed, were that the capacity: the recorded time, each piece as slow as it was shared. */
static double alone(const struct tr_run *run, uint32_t k, double capacity, bool by_bytes, int64_t base)
{
	enum { SLICES = 64 };
	const struct tr_run_part *p = &run->parts[k];
	int64_t latency = by_bytes && p->latency_ns > base ? base : p->latency_ns;
	double span = (double)(p->end_ns - latency - p->start_ns), sum = 0;
	for (int i = 0; i < SLICES && span > 0; i++) {
		int64_t t = p->start_ns + (int64_t)(span * (i + 0.5) / SLICES);
		unsigned n = 0;
		for (uint32_t j = 0; j < run->nr_parts; j++)
			n += works_at(&run->parts[j], t, by_bytes, base);
		sum += span / SLICES * (n > capacity ? capacity / n : 1);
	}
	return sum;
}

/* Spread of the cost of a byte over the parts (coefficient of variation). */
static double spread(const struct tr_run *run, double capacity, bool by_bytes, int64_t base)
{
	double sum = 0, squares = 0;
	uint32_t nr = 0, step = 1 + run->nr_parts / 64;
	for (uint32_t i = 0; i < run->nr_parts; i += step) {
		double cost = run->parts[i].bytes ? alone(run, i, capacity, by_bytes, base) / (double)run->parts[i].bytes : 0;
		sum += cost;
		squares += cost * cost;
		nr++;
	}
	double mean = nr ? sum / nr : 0, variance = nr ? squares / nr - mean * mean : 0;
	return mean > 0 ? sqrt(variance > 0 ? variance : 0) / mean : 0;
}

/* The smallest capacity that explains the parts about as well as any: it promises least. */
static void fit(struct tr_run *run, bool by_bytes, int64_t base)
{
	enum { NR = sizeof(capacities) / sizeof(*capacities) };
	double spreads[NR], best = 1e300;
	for (unsigned i = 0; i < NR; i++) {
		spreads[i] = spread(run, capacities[i], by_bytes, base);
		best = spreads[i] < best ? spreads[i] : best;
	}
	for (unsigned i = NR; i-- > 0;)
		if (spreads[i] <= 1.15 * best + 0.02)
			run->capacity = capacities[i];
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* The middle one: a part that was held says nothing of the others. */
static int64_t usual_latency(const struct tr_run *run)
{
	int64_t *list = calloc(run->nr_parts + 1u, sizeof(*list)), middle;
	for (uint32_t i = 0; list && i < run->nr_parts; i++)
		list[i] = run->parts[i].latency_ns;
	if (list)
		qsort(list, run->nr_parts, sizeof(*list), by_size);
	middle = list ? list[run->nr_parts / 2] : 0;
	free(list);
	return middle;
}

/*
 * Do answers take longer because of the bytes? A part much smaller than the largest tells: its answer came
 * sooner, or as late as all. Without such a part, requests without a body do.
 */
static bool grows_with_bytes(const struct tr_run *run, int64_t usual, int64_t base)
{
	const struct tr_run_part *small = NULL;
	uint64_t largest = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		largest = run->parts[i].bytes > largest ? run->parts[i].bytes : largest;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].bytes < largest * 6 / 10 && (!small || run->parts[i].bytes < small->bytes))
			small = &run->parts[i];
	if (!small)
		return base * 10 < usual * 3;
	return (double)small->latency_ns < (double)usual * (1 + (double)small->bytes / (double)largest) / 2;
}

/*
 * A latency is paid by every part: no more of an answer's time than the shortest had is latency, the rest
 * is the server's work, which the parts share. But for parts that stand out: those were held, or tried again.
 */
static void split_latency(struct tr_run *run, int64_t usual)
{
	int64_t least = INT64_MAX;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].latency_ns < least)
			least = run->parts[i].latency_ns;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].latency_ns < 3 * usual)
			run->parts[i].latency_ns = least;
}

void tr_run_fit(struct tr_run *run, int64_t base_latency_ns)
{
	int64_t usual = usual_latency(run);
	run->by_bytes = usual > 2 * base_latency_ns + 5000000 && grows_with_bytes(run, usual, base_latency_ns);
	if (!run->by_bytes)
		split_latency(run, usual);
	fit(run, run->by_bytes, base_latency_ns);
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		p->alone_ns = alone(run, i, run->capacity, run->by_bytes, base_latency_ns);
		if (run->by_bytes && p->latency_ns > base_latency_ns)
			p->latency_ns = base_latency_ns;
	}
}

/* ---- the replay */

struct running {
	double work;     /* left, at full speed */
	double latency;  /* left, once the work is done */
	bool active;
};

struct replay {
	const struct tr_run *run;
	struct running *running; /* by part */
	uint32_t next, workers, permits, busy, in_memory;
	double now, read_left;   /* of part `read` */
	uint32_t read;           /* next part to be read */
	int64_t extra;
	double head, end;
};

static bool read_ahead(const struct tr_run *run)
{
	return run->permits > 0;
}

static void take(struct replay *r)
{
	while (r->next < r->run->nr_parts && r->busy < r->workers && r->now >= r->head) {
		const struct tr_run_part *p = &r->run->parts[r->next];
		if (read_ahead(r->run) ? r->next >= r->read : r->now < (double)p->ready_ns)
			return;
		r->running[r->next++] = (struct running){ p->alone_ns, fmax(0, (double)(p->latency_ns + r->extra)), true };
		r->busy++;
	}
}

static double speed(const struct replay *r)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < r->next; i++)
		n += r->running[i].active && r->running[i].work > 0;
	return n > r->run->capacity ? r->run->capacity / n : 1;
}

static bool reading(const struct replay *r)
{
	return read_ahead(r->run) && r->read < r->run->nr_parts &&
	       (r->read_left > 0 || r->in_memory < r->permits);
}

/* Time to the next thing that happens. */
static double step(const struct replay *r, double rate)
{
	double dt = 1e18;
	for (uint32_t i = 0; i < r->next; i++) {
		const struct running *p = &r->running[i];
		if (p->active)
			dt = fmin(dt, p->work > 0 ? p->work / rate : p->latency);
	}
	if (reading(r))
		dt = fmin(dt, r->read_left);
	if (r->now < r->head)
		dt = fmin(dt, r->head - r->now);
	if (!read_ahead(r->run) && r->next < r->run->nr_parts && r->busy < r->workers &&
	    (double)r->run->parts[r->next].ready_ns > r->now)
		dt = fmin(dt, (double)r->run->parts[r->next].ready_ns - r->now);
	return dt;
}

/* s3transfer reads a part, then takes a permit for it: one more than the permits may be at hand. */
static void advance_reading(struct replay *r, double dt)
{
	if (!read_ahead(r->run) || r->read >= r->run->nr_parts)
		return;
	if (r->read_left > 0)
		r->read_left -= dt;
	if (r->read_left > 1e-3 || r->in_memory >= r->permits)
		return;
	r->in_memory++;
	r->read++;
	r->read_left = r->read < r->run->nr_parts ? (double)r->run->parts[r->read].read_ns : 0;
}

static void advance(struct replay *r, double dt, double rate)
{
	for (uint32_t i = 0; i < r->next; i++) {
		struct running *p = &r->running[i];
		if (!p->active)
			continue;
		if (p->work > 0) {
			p->work -= dt * rate;
			p->work = p->work < 1e-3 ? 0 : p->work;
		} else {
			p->latency -= dt;
		}
		if (p->work <= 0 && p->latency <= 1e-3) {
			p->active = false;
			r->busy--;
			r->in_memory -= r->in_memory > 0;
			r->end = r->now + dt;
		}
	}
	advance_reading(r, dt);
	r->now += dt;
}

int64_t tr_run_replay(const struct tr_run *run, const struct tr_limits *with)
{
	struct replay r = { .run = run, .workers = with->workers ? with->workers : run->workers ? run->workers : 1,
			    .permits = with->permits ? with->permits : run->permits, .extra = with->extra_latency_ns };
	r.head = fmax(0, (double)(run->head_ns + run->head_requests * r.extra));
	r.running = calloc(run->nr_parts + 1u, sizeof(*r.running));
	if (!r.running)
		return -1;
	r.read_left = run->nr_parts ? (double)run->parts[0].read_ns : 0;
	r.end = r.head;
	for (uint64_t rounds = 0; rounds < 16u * run->nr_parts + 64u; rounds++) {
		double rate, dt;
		take(&r);
		if (r.next == run->nr_parts && !r.busy)
			break;
		rate = speed(&r);
		dt = step(&r, rate);
		if (dt > 1e17)
			break;
		advance(&r, dt > 0 ? dt : 0, rate);
	}
	free(r.running);
	return (int64_t)r.end + run->tail_ns + run->tail_requests * r.extra;
}
