/*
 * chain: for many events at once the shortest way, in time, over signal edges to the
 * thread of one later event. See tr_order_chains().
 */
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/order_private.h"

struct tr_chains {
	uint32_t *first;   /* by event asked for: edge, TR_NONE */
	uint32_t *next;    /* by edge: the edge that follows, TR_NONE: arrived */
};

struct sweep {
	const struct tr_order *o;
	uint32_t to, target;
	uint32_t *arrival;  /* by edge: where it reaches the target thread, TR_NONE never */
	uint32_t *best;     /* by thread: the edge that leads there earliest, of those swept */
	const uint64_t *begins; /* (begin, edge) of signal edges, latest first … */
	uint32_t nr_swept;  /* … and so many were swept */
};

static int compare_pairs(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x < y) - (x > y); /* latest first */
}

/* The edge that leads from a thread to the target earliest, of those that begin before `until`; TR_NONE. */
static uint32_t best_until(const struct sweep *s, uint32_t thread, uint32_t until)
{
	uint32_t best = s->best[thread];
	if (best == TR_NONE || s->o->edges[best].from < until)
		return best;
	best = TR_NONE;
	for (uint32_t i = s->nr_swept; i-- > 0 && s->begins[i] >> 32 < until;) {
		uint32_t edge = (uint32_t)s->begins[i];
		if (s->arrival[edge] != TR_NONE && tr_log_thread_of(s->o->log, s->o->edges[edge].from) == thread &&
		    (best == TR_NONE || s->arrival[edge] < s->arrival[best]))
			best = edge;
	}
	return best;
}

/* An edge's end is reached: where does one get from there? */
static void sweep_end(struct sweep *s, struct tr_chains *c, uint32_t edge)
{
	uint32_t to = s->o->edges[edge].to, thread = tr_log_thread_of(s->o->log, to);
	uint32_t until = tr_order_until(s->o, edge), best;
	if (to > s->to)
		return;
	if (thread == s->target && s->to < until) {
		s->arrival[edge] = to;
	} else if ((best = best_until(s, thread, until)) != TR_NONE) {
		s->arrival[edge] = s->arrival[best];
		c->next[edge] = best;
	}
}

/* An edge's begin is passed: it is a way out of its thread for everything before. */
static void sweep_begin(struct sweep *s, uint32_t edge)
{
	uint32_t thread = tr_log_thread_of(s->o->log, s->o->edges[edge].from);
	uint32_t best = s->best[thread];
	if (s->arrival[edge] != TR_NONE &&
	    (best == TR_NONE || s->arrival[edge] <= s->arrival[best]))
		s->best[thread] = edge;
}

/*
 * One sweep backwards in time over begins and ends of edges and the events asked
 * for. At one instant: first ends, then begins, then questions; an edge's end lies
 * after its begin, so it is settled when its begin comes.
 */
static void sweep_all(struct sweep *s, struct tr_chains *c, const uint64_t *begins, uint32_t nr_begins,
		      const uint64_t *questions, uint32_t nr, const uint32_t *from)
{
	uint32_t end = tr_order_edge_at(s->o, s->to + 1), begin = 0;
	s->begins = begins;
	for (uint32_t q = 0; q < nr; q++) {
		uint32_t event = (uint32_t)(questions[q] >> 32), item = (uint32_t)questions[q];
		for (;;) {
			uint32_t next_end = end ? s->o->edges[end - 1].to : 0;
			uint32_t next_begin = begin < nr_begins ? (uint32_t)(begins[begin] >> 32) : 0;
			bool more_end = end && next_end >= event;
			bool more_begin = begin < nr_begins && next_begin >= event;
			if (!more_end && !more_begin)
				break;
			if (more_end && (!more_begin || next_end >= next_begin))
				sweep_end(s, c, --end);
			else
				sweep_begin(s, (uint32_t)begins[begin++]), s->nr_swept = begin;
		}
		uint32_t thread = tr_log_thread_of(s->o->log, from[item]);
		c->first[item] = thread == s->target || from[item] > s->to ? TR_NONE : s->best[thread];
	}
}

/* Those of edges that take part in the past of `to`, which was asked for last. */
static uint32_t collect_begins(const struct tr_order *o, uint32_t to, uint64_t *begins)
{
	uint32_t nr = 0;
	for (uint32_t i = 0; i < o->nr && o->edges[i].to <= to; i++)
		if (o->edges[i].class == XF_CLASS_SIGNAL && (!o->used || o->used[i]))
			begins[nr++] = tr_pair(o->edges[i].from, i);
	qsort(begins, nr, sizeof(*begins), compare_pairs);
	return nr;
}

static struct tr_chains *chains_new(uint32_t nr_edges, uint32_t nr_questions)
{
	struct tr_chains *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->first = malloc((nr_questions + 1u) * sizeof(*c->first));
	c->next = malloc((nr_edges + 1u) * sizeof(*c->next));
	if (!c->first || !c->next) {
		tr_chains_free(c);
		return NULL;
	}
	memset(c->next, 0xff, nr_edges * sizeof(*c->next));
	return c;
}

static bool sweep_init(struct sweep *s, const struct tr_order *o, uint32_t to)
{
	uint32_t threads = tr_log_nr_threads(o->log);
	*s = (struct sweep){ .o = o, .to = to, .target = tr_log_thread_of(o->log, to),
			     .arrival = malloc((o->nr + 1u) * sizeof(*s->arrival)),
			     .best = malloc((threads + 1u) * sizeof(*s->best)) };
	if (!s->arrival || !s->best)
		return false;
	memset(s->arrival, 0xff, o->nr * sizeof(*s->arrival));
	memset(s->best, 0xff, threads * sizeof(*s->best));
	return true;
}

static void sweep_fini(struct sweep *s)
{
	free(s->arrival);
	free(s->best);
}

/* The events asked for, latest first; NULL: no memory. */
static uint64_t *sort_questions(const uint32_t *from, uint32_t nr)
{
	uint64_t *questions = calloc(nr + 1u, sizeof(*questions));
	for (uint32_t i = 0; questions && i < nr; i++)
		questions[i] = tr_pair(from[i], i);
	if (questions)
		qsort(questions, nr, sizeof(*questions), compare_pairs);
	return questions;
}

enum xf_status tr_order_chains(const struct tr_order *o, uint32_t to, const uint32_t *from,
			       uint32_t nr, struct tr_chains **out, struct xf_error *err)
{
	struct tr_chains *c = chains_new(o->nr, nr);
	uint64_t *begins = calloc(o->nr + 1u, sizeof(*begins)), *questions = sort_questions(from, nr);
	struct tr_clock clock;
	struct sweep s;
	bool known = tr_clock_init(&clock, tr_log_nr_threads(o->log));
	bool ok = sweep_init(&s, o, to) && known && c && begins && questions;
	if (known)
		tr_order_past(o, to, &clock, NULL, NULL);
	tr_clock_fini(&clock);
	if (ok)
		sweep_all(&s, c, begins, collect_begins(o, to, begins), questions, nr, from);
	sweep_fini(&s);
	free(begins);
	free(questions);
	if (!ok) {
		tr_chains_free(c);
		return xf_fail(err, XF_NOMEM, "no memory for the evidence");
	}
	*out = c;
	return XF_OK;
}

uint32_t tr_chain_first(const struct tr_chains *c, uint32_t i)
{
	return c->first[i];
}

uint32_t tr_chain_next(const struct tr_chains *c, uint32_t edge)
{
	return c->next[edge];
}

void tr_chains_free(struct tr_chains *c)
{
	if (c) {
		free(c->first);
		free(c->next);
	}
	free(c);
}
