#include "tracer/explain/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/fit.h"

struct running {
	double left[TR_STAGES];
	double sending;  /* the limit begins to matter when no more of the work is left */
};

struct replay {
	const struct tr_run *run;
	struct running *running; /* those that are busy */
	double capacity[TR_STAGES];
	uint32_t next, workers, permits, busy, in_memory;
	double now, read_left;   /* of part `read` */
	uint32_t read;           /* next part to be read */
	int64_t extra;
	double head, end, work;
	enum tr_fit fit;
};

static bool read_ahead(const struct tr_run *run)
{
	return run->permits > 0;
}

static bool has_left(const struct running *p, int stage)
{
	return p->left[stage] > 1e-3;
}

/* A limit keeps bytes back while others are on their way; the answer comes after all of them. */
static bool is_in(const struct running *p, int stage)
{
	bool sent = !has_left(p, TR_STAGE_LIMIT) && !has_left(p, TR_STAGE_WORK);
	return has_left(p, stage) && (stage == TR_STAGE_LIMIT ? p->left[TR_STAGE_WORK] <= p->sending : stage != TR_STAGE_LATENCY || sent);
}

static void take(struct replay *r)
{
	while (r->next < r->run->nr_parts && r->busy < r->workers && r->now >= r->head) {
		const struct tr_run_part *p = &r->run->parts[r->next];
		if (read_ahead(r->run) ? r->next >= r->read : r->now < (double)p->ready_ns)
			return;
		struct running *new = &r->running[r->busy++];
		r->next++;
		memcpy(new->left, p->alone_ns[r->fit], sizeof(new->left));
		new->left[TR_STAGE_WORK] *= r->work;
		new->sending = new->left[TR_STAGE_WORK] * (1 - p->prepared) + 1e-3;
		new->left[TR_STAGE_LATENCY] = fmax(1, new->left[TR_STAGE_LATENCY] + (double)r->extra);
	}
}

static void speeds(const struct replay *r, double rates[TR_STAGES])
{
	int32_t n[TR_STAGES] = { 0 };
	for (uint32_t i = 0; i < r->busy; i++)
		for (int s = 0; s < TR_STAGES; s++)
			n[s] += is_in(&r->running[i], s);
	for (int s = 0; s < TR_STAGES; s++)
		rates[s] = s == TR_STAGE_LATENCY ? 1 : tr_run_speed(r->capacity[s], n[s]);
}

static bool reading(const struct replay *r)
{
	return read_ahead(r->run) && r->read < r->run->nr_parts &&
	       (r->read_left > 0 || r->in_memory < r->permits);
}

/* Until the stage is over, or the limit begins to matter. */
static double to_go(const struct running *p, int stage)
{
	bool prepares = stage == TR_STAGE_WORK && has_left(p, TR_STAGE_LIMIT) && p->left[stage] > p->sending;
	return prepares ? p->left[stage] - p->sending + 1e-3 : p->left[stage];
}

/* Time to the next thing that happens. */
static double step(const struct replay *r, const double rates[TR_STAGES])
{
	double dt = 1e18;
	for (uint32_t i = 0; i < r->busy; i++)
		for (int s = 0; s < TR_STAGES; s++)
			if (is_in(&r->running[i], s))
				dt = fmin(dt, to_go(&r->running[i], s) / rates[s]);
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
		bool in[TR_STAGES];
		for (int s = 0; s < TR_STAGES; s++)
			in[s] = is_in(p, s);
		for (int s = 0; s < TR_STAGES; s++)
			p->left[s] -= in[s] ? dt * rates[s] : 0;
		if (has_left(p, TR_STAGE_LATENCY))
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
static double line_capacity(const struct tr_run *run, uint64_t rate, enum tr_fit fit)
{
	double alone_ns = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		alone_ns += run->parts[i].alone_ns[fit][TR_STAGE_WORK];
	return fmax(1e-6, (double)rate / 1e9 * alone_ns / fmax(1, tr_run_bytes(run)));
}

/* Each stage's cost of a byte, on average; the latency of the middle part. */
static void recut_costs(const struct tr_run *run, struct tr_run *out, enum tr_fit fit)
{
	double bytes = tr_run_bytes(run), alone_ns[TR_STAGES] = { 0 };
	int64_t middle = tr_run_usual_latency(run);
	for (uint32_t i = 0; i < run->nr_parts; i++)
		for (int s = 0; s < TR_STAGES; s++)
			alone_ns[s] += run->parts[i].alone_ns[fit][s];
	for (uint32_t i = 0; i < out->nr_parts; i++) {
		struct tr_run_part *p = &out->parts[i];
		for (int s = 0; s < TR_STAGE_LATENCY; s++)
			p->alone_ns[fit][s] = alone_ns[s] * (double)p->bytes / bytes;
		p->alone_ns[fit][TR_STAGE_LATENCY] = (double)middle;
	}
}

static void recut(const struct tr_run *run, struct tr_run *out, uint64_t part_size)
{
	double bytes = tr_run_bytes(run), read_ns = 0, prepared = 0;
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		read_ns += (double)run->parts[i].read_ns;
		prepared += run->parts[i].prepared / run->nr_parts;
	}
	for (uint32_t i = 0; i < out->nr_parts; i++) {
		double at = (double)i * (double)part_size, size = fmax(0, fmin((double)part_size, bytes - at));
		out->parts[i] = (struct tr_run_part){ .number = i + 1, .bytes = (uint64_t)size, .read_ns = (int64_t)(read_ns * size / bytes), .prepared = prepared,
			.ready_ns = run->parts[(uint32_t)fmin(at / bytes * run->nr_parts, run->nr_parts - 1)].ready_ns };
	}
	for (int fit = 0; fit < TR_FITS; fit++)
		recut_costs(run, out, (enum tr_fit)fit);
}

static void limit_of(struct tr_run *run, uint64_t limit)
{
	for (uint32_t i = 0; i < run->nr_parts; i++) {
		struct tr_run_part *p = &run->parts[i];
		for (int fit = 0; fit < TR_FITS; fit++)
			p->alone_ns[fit][TR_STAGE_LIMIT] = limit == UINT64_MAX ? 0 : (double)p->bytes * 1e9 / (double)limit;
	}
}

/* The run with other parts, or other times of them; NULL: no memory. */
static struct tr_run_part *altered(const struct tr_run *run, struct tr_run *out, const struct tr_limits *with)
{
	enum { MOST_PARTS = 1 << 20 }; /* a damaged trace may say anything */
	double bytes = tr_run_bytes(run);
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

static int64_t replay_under(const struct tr_run *run, const struct tr_limits *with, enum tr_fit fit)
{
	struct replay r = { .run = run, .workers = with->no_threads ? 1 : with->workers ? with->workers : run->workers ? run->workers : 1,
			    .permits = with->permits ? with->permits : run->permits, .extra = with->extra_latency_ns, .fit = fit, .work = with->work > 0 ? with->work : 1 };
	memcpy(r.capacity, run->capacity[fit], sizeof(r.capacity));
	for (int s = 0; s < TR_STAGES; s++)
		r.capacity[s] = r.capacity[s] > 0 ? r.capacity[s] : TR_UNBOUNDED;
	if (with->bandwidth)
		r.capacity[TR_STAGE_WORK] = fmin(r.capacity[TR_STAGE_WORK], line_capacity(run, with->bandwidth, fit));
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
		ns = replay_under(&out, &free_of_it, TR_FIT_LIKELY) - out.head_ns - out.tail_ns;
		free(out.parts);
	}
	return ns > 0 && tr_run_bytes(run) * 1e9 / (double)ns > (double)with->limit * 0.8;
}

int64_t tr_run_replay(const struct tr_run *run, const struct tr_limits *with, enum tr_fit fit)
{
	struct tr_limits use = *with;
	struct tr_run out;
	int64_t ns;
	if (use.limit && !keeps_back(run, &use))
		use.limit = UINT64_MAX;
	if (!use.part_size && !use.limit)
		return replay_under(run, &use, fit);
	if (!run->nr_parts || !altered(run, &out, &use))
		return -1;
	ns = replay_under(&out, &use, fit);
	free(out.parts);
	return ns;
}
