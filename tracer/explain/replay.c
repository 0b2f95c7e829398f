#include "tracer/explain/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNBOUNDED 1e9
static const double capacities[] = { 1, 1.5, 2, 3, 4, 6, 8, 12, 16, UNBOUNDED };
enum { CAPACITIES = sizeof(capacities) / sizeof(*capacities) };

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

static double speed(double capacity, int32_t n)
{
	return n > capacity ? capacity / n : 1;
}

static void load_under(struct load *l, double capacity)
{
	for (uint32_t i = 1; i < l->nr; i++)
		l->steps[i].done = l->steps[i - 1].done +
			(double)(l->steps[i].at - l->steps[i - 1].at) * speed(capacity, l->steps[i - 1].n);
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
	return l->nr ? l->steps[low].done + (double)(t - l->steps[low].at) * speed(capacity, l->steps[low].n) : 0;
}

/* The stage's work of a part at full speed, were that the capacity; load_under() comes before. */
static double alone(const struct load *l, const struct tr_run_part *p, enum tr_stage stage, double capacity)
{
	int64_t from = stage_begin(p, stage);
	return p->stage_ns[stage] <= 0 ? 0 : done_at(l, from + p->stage_ns[stage], capacity) - done_at(l, from, capacity);
}

/* ---- capacities */

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

/*
 * The smallest and the largest capacity that explain the parts about as well as any. No byte costs more, alone, than
 * the cheapest did in company.
 */
static void stage_fit(struct tr_run *run, struct load *l, enum tr_stage stage)
{
	double spreads[CAPACITIES], best = INFINITY, least = least_cost(run, stage);
	double doubt = run->workers >= run->nr_parts ? 0.3 : 0.1; /* parts that all went at once tell little */
	bool first = true;
	for (unsigned i = 0; i < CAPACITIES; i++) {
		spreads[i] = spread(l, run, stage, capacities[i]);
		best = fmin(best, spreads[i]);
	}
	for (unsigned i = 0; i < CAPACITIES; i++) {
		if (spreads[i] > 1.5 * best + doubt)
			continue;
		run->most[stage] = capacities[i];
		if (first)
			run->capacity[stage] = capacities[i];
		first = false;
	}
	for (int most = 0; most < 2; most++) {
		double capacity = most ? run->most[stage] : run->capacity[stage];
		load_under(l, capacity);
		for (uint32_t i = 0; i < run->nr_parts; i++) {
			struct tr_run_part *p = &run->parts[i];
			double work = alone(l, p, stage, capacity);
			*(most ? &p->most_ns[stage] : &p->alone_ns[stage]) =
				most ? fmin(work, fmax(p->alone_ns[stage], least * (double)p->bytes)) : work;
		}
	}
}

/* ---- answers: latency, or more */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int64_t whole(const struct tr_run_part *p)
{
	return p->end_ns - p->start_ns;
}

static int64_t latency(const struct tr_run_part *p)
{
	return p->stage_ns[TR_STAGE_LATENCY];
}

/* The middle one: a part that was held says nothing of the others. */
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
	int64_t least = most, longest = 3 * usual(run, whole) / 2;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].stage_ns[TR_STAGE_LATENCY] < least)
			least = run->parts[i].stage_ns[TR_STAGE_LATENCY];
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (latency(&run->parts[i]) < 3 * middle || whole(&run->parts[i]) < longest)
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

static double total_bytes(const struct tr_run *run)
{
	double bytes = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		bytes += (double)run->parts[i].bytes;
	return bytes;
}

/* Known, where it held the run back at all: a line of that rate. */
static void limit_fit(struct tr_run *run, struct load *l)
{
	double ideal_ns = run->limit ? total_bytes(run) * 1e9 / (double)run->limit : 0;
	run->capacity[TR_STAGE_LIMIT] = run->most[TR_STAGE_LIMIT] = 1;
	load_under(l, 1);
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		bool bound = run->limit && stage_sum(run, TR_STAGE_LIMIT) > ideal_ns * 0.3;
		p->alone_ns[TR_STAGE_LIMIT] = bound ? (double)p->bytes * 1e9 / (double)run->limit : alone(l, p, TR_STAGE_LIMIT, 1);
		p->most_ns[TR_STAGE_LIMIT] = p->alone_ns[TR_STAGE_LIMIT];
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
		p->alone_ns[TR_STAGE_LATENCY] = p->most_ns[TR_STAGE_LATENCY] = (double)p->stage_ns[TR_STAGE_LATENCY];
	}
}

double tr_run_rate(const struct tr_run *run)
{
	double slowest_ns = 0;
	for (int stage = 0; stage < TR_STAGE_LATENCY; stage++) {
		double ns = 0;
		for (uint32_t i = 0; i < run->nr_parts; i++)
			ns += run->parts[i].alone_ns[stage];
		slowest_ns = fmax(slowest_ns, ns / (run->capacity[stage] < UNBOUNDED && run->capacity[stage] > 0 ? run->capacity[stage] : 1));
	}
	return slowest_ns > 0 ? total_bytes(run) / slowest_ns * 1e9 : 0;
}

/* ---- the replay */

struct running {
	double left[TR_STAGES];
	uint32_t part;
	int stage;
};

struct replay {
	const struct tr_run *run;
	struct running *running; /* those that are busy */
	double capacity[TR_STAGES];
	uint32_t next, workers, permits, busy, in_memory;
	double now, read_left;   /* of part `read` */
	uint32_t read;           /* next part to be read */
	int64_t extra;
	double head, end;
	bool most;
};

static bool read_ahead(const struct tr_run *run)
{
	return run->permits > 0;
}

/* To the first stage that has something left; TR_STAGES: the part is over. */
static void next_stage(struct running *p)
{
	while (p->stage < TR_STAGES && p->left[p->stage] <= 1e-3)
		p->stage++;
}

static void take(struct replay *r)
{
	while (r->next < r->run->nr_parts && r->busy < r->workers && r->now >= r->head) {
		const struct tr_run_part *p = &r->run->parts[r->next];
		if (read_ahead(r->run) ? r->next >= r->read : r->now < (double)p->ready_ns)
			return;
		struct running *new = &r->running[r->busy++];
		*new = (struct running){ .part = r->next++ };
		memcpy(new->left, r->most ? p->most_ns : p->alone_ns, sizeof(new->left));
		new->left[TR_STAGE_LATENCY] = fmax(1, new->left[TR_STAGE_LATENCY] + (double)r->extra);
		next_stage(new);
	}
}

static void speeds(const struct replay *r, double rates[TR_STAGES])
{
	int32_t n[TR_STAGES] = { 0 };
	for (uint32_t i = 0; i < r->busy; i++)
		n[r->running[i].stage]++;
	for (int s = 0; s < TR_STAGES; s++)
		rates[s] = s == TR_STAGE_LATENCY ? 1 : speed(r->capacity[s], n[s]);
}

static bool reading(const struct replay *r)
{
	return read_ahead(r->run) && r->read < r->run->nr_parts &&
	       (r->read_left > 0 || r->in_memory < r->permits);
}

/* Time to the next thing that happens. */
static double step(const struct replay *r, const double rates[TR_STAGES])
{
	double dt = 1e18;
	for (uint32_t i = 0; i < r->busy; i++)
		dt = fmin(dt, r->running[i].left[r->running[i].stage] / rates[r->running[i].stage]);
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

static void advance(struct replay *r, double dt, const double rates[TR_STAGES])
{
	for (uint32_t i = r->busy; i-- > 0;) {
		struct running *p = &r->running[i];
		p->left[p->stage] -= dt * rates[p->stage];
		next_stage(p);
		if (p->stage < TR_STAGES)
			continue;
		r->in_memory -= r->in_memory > 0;
		r->end = r->now + dt;
		*p = r->running[--r->busy];
	}
	advance_reading(r, dt);
	r->now += dt;
}

static int64_t replay(struct replay *r)
{
	const struct tr_run *run = r->run;
	r->head = fmax(0, (double)(run->head_ns + run->head_requests * r->extra));
	r->running = calloc((r->workers < run->nr_parts ? r->workers : run->nr_parts) + 1u, sizeof(*r->running));
	if (!r->running)
		return -1;
	r->read_left = run->nr_parts ? (double)run->parts[0].read_ns : 0;
	r->end = r->head;
	for (uint64_t rounds = 0; rounds < 16u * (uint64_t)run->nr_parts * TR_STAGES + 64u; rounds++) {
		double rates[TR_STAGES], dt;
		take(r);
		if (r->next == run->nr_parts && !r->busy)
			break;
		speeds(r, rates);
		dt = step(r, rates);
		if (dt > 1e17)
			break;
		advance(r, dt > 0 ? dt : 0, rates);
	}
	free(r->running);
	return (int64_t)fmax(0, r->end + (double)(run->tail_ns + run->tail_requests * r->extra));
}

/* ---- other limits */

/* A line of that rate: of full speed so many parts. */
static double line_capacity(const struct tr_run *run, uint64_t rate, bool most)
{
	double alone_ns = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		alone_ns += (most ? run->parts[i].most_ns : run->parts[i].alone_ns)[TR_STAGE_WORK];
	return fmax(1e-6, (double)rate / 1e9 * alone_ns / fmax(1, total_bytes(run)));
}

/* Each stage's cost of a byte, on average; the latency of the middle part. */
static void recut(const struct tr_run *run, struct tr_run *out, uint64_t part_size)
{
	double bytes = total_bytes(run), alone_ns[TR_STAGES] = { 0 }, most_ns[TR_STAGES] = { 0 }, read_ns = 0;
	int64_t middle = usual(run, latency);
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		read_ns += (double)run->parts[i].read_ns;
		for (int s = 0; s < TR_STAGES; s++) {
			alone_ns[s] += run->parts[i].alone_ns[s];
			most_ns[s] += run->parts[i].most_ns[s];
		}
	}
	for (uint32_t i = 0; i < out->nr_parts; i++) {
		double at = (double)i * (double)part_size, size = fmax(0, fmin((double)part_size, bytes - at));
		struct tr_run_part *p = &out->parts[i];
		*p = (struct tr_run_part){ .number = i + 1, .bytes = (uint64_t)size, .read_ns = (int64_t)(read_ns * size / bytes),
			.ready_ns = run->parts[(uint32_t)fmin(at / bytes * run->nr_parts, run->nr_parts - 1)].ready_ns };
		for (int s = 0; s < TR_STAGE_LATENCY; s++) {
			p->alone_ns[s] = alone_ns[s] * size / bytes;
			p->most_ns[s] = most_ns[s] * size / bytes;
		}
		p->alone_ns[TR_STAGE_LATENCY] = p->most_ns[TR_STAGE_LATENCY] = (double)middle;
	}
}

static void limit_of(struct tr_run *run, uint64_t limit)
{
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		p->alone_ns[TR_STAGE_LIMIT] = limit == UINT64_MAX ? 0 : (double)p->bytes * 1e9 / (double)limit;
		p->most_ns[TR_STAGE_LIMIT] = p->alone_ns[TR_STAGE_LIMIT];
	}
}

/* The run with other parts, or other times of them; NULL: no memory. */
static struct tr_run_part *altered(const struct tr_run *run, struct tr_run *out, const struct tr_limits *with)
{
	enum { MOST_PARTS = 1 << 20 }; /* a damaged trace may say anything */
	double bytes = total_bytes(run);
	bool cut = with->part_size && bytes > 0;
	*out = *run;
	if (cut)
		out->nr_parts = (uint32_t)fmin(MOST_PARTS, ceil(bytes / (double)with->part_size));
	out->parts = calloc(out->nr_parts + 1u, sizeof(*out->parts));
	if (out->parts && cut)
		recut(run, out, with->part_size);
	else if (out->parts)
		memcpy(out->parts, run->parts, run->nr_parts * sizeof(*run->parts));
	if (out->parts && with->limit)
		limit_of(out, with->limit);
	return out->parts;
}

static int64_t replay_under(const struct tr_run *run, const struct tr_limits *with, bool most)
{
	struct replay r = { .run = run, .workers = with->no_threads ? 1 : with->workers ? with->workers : run->workers ? run->workers : 1,
			    .permits = with->permits ? with->permits : run->permits, .extra = with->extra_latency_ns, .most = most };
	memcpy(r.capacity, most ? run->most : run->capacity, sizeof(r.capacity));
	for (int s = 0; s < TR_STAGES; s++)
		r.capacity[s] = r.capacity[s] > 0 ? r.capacity[s] : UNBOUNDED;
	if (with->bandwidth)
		r.capacity[TR_STAGE_WORK] = fmin(r.capacity[TR_STAGE_WORK], line_capacity(run, with->bandwidth, most));
	return replay(&r);
}

/* A limit above what the run makes of itself keeps nobody back. */
static bool keeps_back(const struct tr_run *run, const struct tr_limits *with)
{
	struct tr_limits free_of_it = *with;
	struct tr_run out;
	int64_t ns = -1;
	free_of_it.limit = UINT64_MAX;
	if (with->limit != UINT64_MAX && altered(run, &out, &free_of_it)) {
		ns = replay_under(&out, &free_of_it, false) - out.head_ns - out.tail_ns;
		free(out.parts);
	}
	return ns > 0 && total_bytes(run) * 1e9 / (double)ns > (double)with->limit * 0.8;
}

int64_t tr_run_replay(const struct tr_run *run, const struct tr_limits *with, int64_t *other_ns)
{
	struct tr_limits use = *with;
	struct tr_run out;
	int64_t ns;
	if (use.limit && !keeps_back(run, &use))
		use.limit = UINT64_MAX;
	if (!use.part_size && !use.limit) {
		if (other_ns)
			*other_ns = replay_under(run, &use, true);
		return replay_under(run, &use, false);
	}
	if (!run->nr_parts || !altered(run, &out, &use))
		return -1;
	ns = replay_under(&out, &use, false);
	if (other_ns)
		*other_ns = replay_under(&out, &use, true);
	free(out.parts);
	return ns;
}
