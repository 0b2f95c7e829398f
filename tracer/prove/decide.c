#include "tracer/prove/decide.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A slope on the waiting side: it is at least this much, and its interval no nearer to 0 than to 1. */
#define SLOPE_WAITS 0.7
#define SLOPE_LOW 0.5

/* What the interval is to be worth: asked for; with the mechanism beside it; where every hold was outrun. */
#define CONFIDENCE 0.95
#define CONFIDENCE_BOTH 0.8
#define CONFIDENCE_OUTRUN 0.5

enum {
	MS = 1000000,
	STRAY_OF = 3, /* undisturbed runs, of which one may be a stray */
};

/* ---- what the runs say by themselves: the mechanism */

/* A limit of a wait up to this is outlasted without being asked to (--at-least). */
#define LONGEST_HINGE_NS UINT64_C(35000000000)

struct mechanism {
	uint32_t runs, blocks, inlined, late, hangs, unseen;
	bool partly;
	uint64_t at_most_ms;
	uint64_t hinges_ns;          /* the limit of a wait behind which it is not known what the call would have done; 0 */
};

static bool is_undisturbed(const struct tr_trial *t)
{
	return t->target == TR_NONE;
}

/* Nothing was held in it: not asked for, or the upload never came so far; that run is worth what it says by itself. */
static bool speaks_for_itself(const struct tr_trial *t)
{
	return is_undisturbed(t) || (!t->hit && t->seen && !t->failed && t->outcome == TR_LOST);
}

static struct mechanism mechanism_of(const struct tr_trial *trials, uint32_t nr)
{
	struct mechanism m = { .runs = 0 };

	for (uint32_t i = 0; i < nr; i++) {
		const struct tr_trial *t = &trials[i];
		if (t->seen && t->answer == TR_BLOCKS_PARTLY && t->limit == TR_LIMIT_TIME_OUT) {
			m.partly = true;
			m.at_most_ms = t->at_most_ms > m.at_most_ms ? t->at_most_ms : m.at_most_ms;
		}
		if (t->seen && t->hinges_ns > m.hinges_ns)
			m.hinges_ns = t->hinges_ns;
		if (!speaks_for_itself(t))
			continue;
		m.runs++;
		m.unseen += !t->seen && t->answer == TR_UNKNOWN;
		m.blocks += t->answer == TR_BLOCKS;
		m.inlined += t->answer == TR_BLOCKS && t->basis == TR_BASIS_INLINE;
		m.late += t->answer == TR_DOES_NOT_BLOCK;
		m.hangs += t->answer == TR_NOT_RETURNED;
	}
	return m;
}

static bool paces(const struct tr_trial *t)
{
	return is_undisturbed(t) && !t->failed && t->return_ns >= 0;
}

int64_t tr_decide_longest_ns(const struct tr_trial *trials, uint32_t nr)
{
	int64_t longest = -1, second = -1;
	uint32_t runs = 0;

	for (uint32_t i = 0; i < nr; i++) {
		int64_t ns = trials[i].return_ns;
		if (!paces(&trials[i]))
			continue;
		runs++;
		if (ns > longest)
			second = longest, longest = ns;
		else if (ns > second)
			second = ns;
	}
	return runs >= STRAY_OF && longest > 2 * second + 100 * MS ? second : longest;
}

static uint64_t noise_of(const struct tr_trial *trials, uint32_t nr, int64_t longest_ns)
{
	int64_t least = longest_ns;

	for (uint32_t i = 0; i < nr; i++)
		if (paces(&trials[i]) && trials[i].return_ns < least)
			least = trials[i].return_ns;
	return (uint64_t)(longest_ns - least);
}

/* ---- what the holds say */

/* It ended well behind every undisturbed return. */
static bool outlasts(const struct tr_trial *t, int64_t longest_ns)
{
	return t->end_ns > longest_ns + longest_ns / 50 + 10 * MS;
}

static bool counts(const struct tr_trial *t)
{
	return !is_undisturbed(t) && t->seen && t->hit && !t->evaded && !t->failed && t->return_ns >= 0;
}

static void tally_one(struct tr_tally *y, const struct tr_trial *t, int64_t longest_ns)
{
	y->missed += !t->hit || !t->seen;
	y->evaded += t->evaded;
	y->failed += t->hit && !t->evaded && t->failed;
	if (!counts(t))
		return;
	y->held++;
	if (t->return_ns < t->end_ns) {
		y->outrun++;
		y->endless += t->endless;
		if (!y->shortest_outrun_ns || t->asked_ns < y->shortest_outrun_ns)
			y->shortest_outrun_ns = t->asked_ns;
		if (t->return_ns > y->outrun_return_ns)
			y->outrun_return_ns = t->return_ns;
		if (y->outrun == 1 || t->return_ns < y->outrun_first_ns)
			y->outrun_first_ns = t->return_ns;
	} else if (outlasts(t, longest_ns)) {
		y->moved++;
		y->by_lock += t->by_lock;
		if (t->asked_ns > y->longest_moved_ns)
			y->longest_moved_ns = t->asked_ns;
	}
}

static bool agree(uint64_t a, uint64_t b)
{
	return a <= b + b / 4 && b <= a + a / 4;
}

/* Over the targets of one upload, or of all. */
struct sums {
	uint32_t tested, held, moved, outrun, endless, by_lock, evaded, failed, missed;
	uint32_t targets;            /* that count: some need not be held */
	uint32_t wait, pass, mixed;  /* targets whose holds all moved it, were all outrun, came out both ways */
	uint32_t together;           /* so many uploads were held at once; 0: one at a time */
	uint32_t least;              /* counted holds of the target that has fewest */
	int64_t soonest_ns;          /* the least of the targets' latest outrun returns */
	int64_t first_ns, last_ns;   /* of all outrun returns */
	bool grows;                  /* mixed, and short holds move what long ones do not */
	uint64_t limit_ns;           /* then: when it gave up, at the latest */
};

static void sums_add(struct sums *s, const struct tr_target *target, const struct tr_tally *y)
{
	s->targets++;
	s->held += y->held, s->moved += y->moved, s->outrun += y->outrun, s->endless += y->endless, s->by_lock += y->by_lock;
	s->evaded += y->evaded, s->failed += y->failed, s->missed += y->missed;
	s->together = target->uploads > 1 && target->uploads > s->together ? target->uploads : s->together;
	s->least = y->held < s->least ? y->held : s->least;
	s->tested += y->held > 0;
	s->wait += y->moved && !y->outrun;
	s->pass += y->outrun && !y->moved;
	if (y->outrun && y->outrun_return_ns < s->soonest_ns)
		s->soonest_ns = y->outrun_return_ns;
	if (y->outrun && y->outrun_first_ns < s->first_ns)
		s->first_ns = y->outrun_first_ns;
	if (y->outrun_return_ns > s->last_ns)
		s->last_ns = y->outrun_return_ns;
	if (!y->outrun || !y->moved)
		return;
	s->mixed++;
	s->grows &= y->longest_moved_ns < y->shortest_outrun_ns;
	if ((uint64_t)y->outrun_return_ns > s->limit_ns)
		s->limit_ns = (uint64_t)y->outrun_return_ns;
}

/* upload TR_NONE: of all. */
static struct sums sums_of(const struct tr_plan *plan, const struct tr_proof *p, uint32_t upload)
{
	struct sums s = { .least = UINT32_MAX, .soonest_ns = INT64_MAX, .first_ns = INT64_MAX, .grows = true };

	for (uint32_t i = 0; i < plan->nr_targets; i++)
		if ((upload == TR_NONE || plan->targets[i].upload == upload) &&
		    (p->means[i] != TR_BY_NOTHING || p->tally[i].held || plan->targets[i].kind != TR_TARGET_PART))
			sums_add(&s, &plan->targets[i], &p->tally[i]);
	return s;
}

/* ---- the client's patience, and how a target can be held */

enum { GATE_TRIES = 2 };

/* Another hold of the same target went on for longer, and was not evaded. */
static bool is_contradicted(const struct tr_trial *trials, uint32_t nr, const struct tr_trial *t)
{
	for (uint32_t i = 0; i < nr; i++)
		if (trials[i].target == t->target && counts(&trials[i]) && !trials[i].gate &&
		    trials[i].asked_ns > t->gave_up_ns + t->gave_up_ns / 4)
			return true;
	return false;
}

/* A time limit shows in every hold that is longer. One evasion alone may have had reasons of its own. */
static void find_patience(const struct tr_trial *trials, uint32_t nr, struct tr_proof *p)
{
	for (uint32_t i = 0; i < nr; i++) {
		const struct tr_trial *t = &trials[i];
		bool believed = false;
		if (!t->gave_up_ns || is_undisturbed(t))
			continue;
		for (uint32_t k = 0; k < nr; k++)
			believed |= k != i && trials[k].gave_up_ns && agree(t->gave_up_ns, trials[k].gave_up_ns);
		if (!believed || is_contradicted(trials, nr, t))
			p->doubtful++;
		else if (!p->pace.patience_ns || t->gave_up_ns < p->pace.patience_ns)
			p->pace.patience_ns = t->gave_up_ns;
	}
}

static bool has_complete(const struct tr_plan *plan, uint32_t upload)
{
	for (uint32_t i = 0; i < plan->nr_targets; i++)
		if (plan->targets[i].upload == upload && plan->targets[i].kind == TR_TARGET_COMPLETE)
			return true;
	return false;
}

static enum tr_means means_of(const struct tr_plan *plan, uint32_t target, const struct tr_trial *trials, uint32_t nr,
			      const struct tr_pace *pace)
{
	const struct tr_target *t = &plan->targets[target];
	uint32_t tried = 0;

	if (tr_plan_length_ns(t, pace, 0))
		return TR_BY_BYTES;
	if (t->kind == TR_TARGET_EARLY || (t->kind == TR_TARGET_PART && has_complete(plan, t->upload)))
		return TR_BY_NOTHING;
	for (uint32_t i = 0; i < nr; i++)
		tried += trials[i].target == target && trials[i].gate && !counts(&trials[i]);
	return tried < GATE_TRIES ? TR_BY_THREAD : TR_BY_NOTHING;
}

/* ---- the slope */

/*
 * Lengths follow what is known of the call's own time, and move with it from run to run. Two that are nearly the same
 * are one: what such a pair differs by is noise over nothing.
 */
static void doses_gather(struct tr_dose *doses, uint32_t nr)
{
	for (uint32_t i = 1; i < nr; i++)
		for (uint32_t k = 0; k < i; k++) {
			double apart = doses[i].x - doses[k].x, most = doses[i].x > doses[k].x ? doses[i].x : doses[k].x;
			if (doses[i].group == doses[k].group && apart < most / 8 && -apart < most / 8) {
				doses[i].x = doses[k].x;
				break;
			}
		}
}

/* Of one upload's holds; upload TR_NONE: of all. */
static enum xf_status slope_of(const struct tr_plan *plan, uint32_t upload, const struct tr_trial *trials, uint32_t nr,
			       struct tr_slope *slope, struct xf_error *err)
{
	struct tr_dose *doses = calloc(nr + 1u, sizeof(*doses));
	uint32_t n = 0;
	enum xf_status status;

	if (!doses)
		return xf_fail(err, XF_NOMEM, "out of memory");
	for (uint32_t i = 0; i < nr; i++) {
		const struct tr_trial *t = &trials[i];
		/* several transfers held one after the other are held as many times as long */
		uint64_t times = t->asked_ns ? (t->held_ns + t->asked_ns / 2) / t->asked_ns : 0;
		if (!counts(t) || !t->asked_ns || plan->targets[t->target].kind == TR_TARGET_EARLY ||
		    (upload != TR_NONE && plan->targets[t->target].upload != upload))
			continue;
		doses[n++] = (struct tr_dose){ t->target, (double)(t->asked_ns * (times ? times : 1)) / 1e9,
					       (double)t->return_ns / 1e9 };
	}
	doses_gather(doses, n);
	status = tr_slope_estimate(doses, n, CONFIDENCE, slope, err);
	free(doses);
	return status;
}

/* ---- the rows */

__attribute__((format(printf, 3, 4)))
static void say(char *to, size_t cap, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(to, cap, format, args);
	va_end(args);
}
#define REASON(p, ...) say((p)->reason, sizeof((p)->reason), __VA_ARGS__)
#define SETTLE(p, ...) say((p)->settle, sizeof((p)->settle), __VA_ARGS__)
#define FINDING(p, ...) say((p)->finding, sizeof((p)->finding), __VA_ARGS__)

static void settle(struct tr_proof *p, enum tr_answer answer, enum tr_basis basis)
{
	p->answer = answer;
	p->basis = basis;
}

/* All that the rows look at. */
struct bench {
	const struct tr_plan *plan;
	const struct tr_trial *trials;
	uint32_t nr;
	struct mechanism m;
	struct sums all, of[TR_MAX_UPLOADS];
	struct tr_slope slope[TR_MAX_UPLOADS];
	bool waits[TR_MAX_UPLOADS], passes[TR_MAX_UPLOADS], gives_up[TR_MAX_UPLOADS], has_room[TR_MAX_UPLOADS];
	uint32_t nr_wait, nr_pass;   /* uploads */
};

/* " of 'a', 'b' and 2 others": of the uploads with that mark, where the call has several. */
static const char *of_which(const struct bench *b, const bool *marked, char *buf, size_t cap)
{
	enum { NAMED = 2 };
	uint32_t n = 0;
	size_t at = 0;

	*buf = '\0';
	for (uint32_t u = 0; u < b->plan->nr_uploads; u++) {
		const char *key = b->plan->uploads[u].key;
		size_t len = key ? strlen(key) : 0;
		if (!marked[u] || b->plan->nr_uploads < 2 || !key || n++ >= NAMED)
			continue;
		at += (size_t)snprintf(buf + at, cap - at, "%s'%s%.48s'", n > 1 ? ", " : " of ", len > 48 ? "…" : "",
				       len > 48 ? key + len - 48 : key);
	}
	if (n > NAMED)
		snprintf(buf + at, cap - at, " and %" PRIu32 " other%s", n - NAMED, n - NAMED > 1 ? "s" : "");
	return buf;
}

/* Over the uploads with that mark. */
static struct sums sums_marked(const struct bench *b, const struct tr_proof *p, const bool *marked)
{
	struct sums s = { .least = UINT32_MAX, .soonest_ns = INT64_MAX, .first_ns = INT64_MAX, .grows = true };

	for (uint32_t i = 0; i < b->plan->nr_targets; i++)
		if (marked[b->plan->targets[i].upload])
			sums_add(&s, &b->plan->targets[i], &p->tally[i]);
	return s;
}

/* ---- one upload */

static bool moved_all(const struct sums *s, const struct tr_slope *slope)
{
	return s->targets && s->wait == s->targets && s->least >= 2 && slope->known && slope->slope >= SLOPE_WAITS;
}

/*
 * The call waits, and gives up: long holds are outrun and short ones are not, or all are outrun by returns that are late, and alike,
 * as a limit makes them and a busy machine does not. Not where nothing had a limit: then others did, and took longer for it, what the
 * held thread would have done.
 */
static bool gives_up(const struct sums *s, const struct mechanism *m, int64_t longest_ns)
{
	bool all = s->pass == s->tested && s->tested && longest_ns >= 0 &&
		   s->soonest_ns > longest_ns + longest_ns / 2 + 100 * MS && !m->late &&
		   agree((uint64_t)s->first_ns, (uint64_t)s->last_ns);

	return !s->together && s->endless < s->outrun && (all || (s->mixed && s->grows && !s->pass));
}

/* A small upload is whole: that its holds never move the return is no want of room. */
static bool has_room(const struct bench *b, const struct tr_proof *p, uint32_t upload)
{
	for (uint32_t i = 0; i < b->plan->nr_targets; i++)
		if (b->plan->targets[i].upload == upload && b->plan->targets[i].kind == TR_TARGET_PUT &&
		    p->tally[i].outrun && !p->tally[i].moved)
			return false;
	return b->of[upload].wait && b->of[upload].pass && !b->of[upload].together;
}

static void judge_upload(struct bench *b, const struct tr_proof *p, uint32_t u)
{
	const struct sums *s = &b->of[u];

	b->gives_up[u] = gives_up(s, &b->m, p->pace.longest_ns);
	b->has_room[u] = !b->gives_up[u] && has_room(b, p, u);
	b->passes[u] = !b->gives_up[u] && !b->has_room[u] && s->outrun;
	b->waits[u] = moved_all(s, &b->slope[u]) && !s->together && 2 * s->by_lock <= s->moved;
	b->nr_wait += b->waits[u];
	b->nr_pass += b->passes[u];
}

static bool any(const struct bench *b, const bool *marked)
{
	for (uint32_t u = 0; u < b->plan->nr_uploads; u++)
		if (marked[u])
			return true;
	return false;
}

/* The slope of the upload that settles it, where any does. */
static void slope_take(const struct bench *b, struct tr_proof *p, const bool *marked)
{
	if (any(b, marked))
		p->slope = (struct tr_slope){ .known = false };
	for (uint32_t u = 0; u < b->plan->nr_uploads; u++)
		if (marked[u] && b->slope[u].known) {
			p->slope = b->slope[u];
			return;
		}
}

/* ---- the call */

static bool row_open(struct tr_proof *p, const struct mechanism *m)
{
	if (m->hangs) {
		settle(p, TR_NOT_RETURNED, TR_BASIS_NONE);
		REASON(p, "the call did not return in %" PRIu32 " of %" PRIu32 " undisturbed runs", m->hangs, m->runs);
	} else if (m->unseen && m->unseen < m->runs) {
		settle(p, TR_UNKNOWN, TR_BASIS_NONE);
		REASON(p, "only %" PRIu32 " of %" PRIu32 " undisturbed runs uploaded anything: a program that skips what is there "
			  "already needs it removed before each run (--setup)", m->runs - m->unseen, m->runs);
	} else if (!m->runs || m->unseen) {
		settle(p, TR_UNKNOWN, TR_BASIS_NONE);
		REASON(p, "no upload was seen in this call: name the call that uploads (--call), and check that "
			  "its traffic can be seen (`xferdb doctor`)");
	} else {
		return false;
	}
	return true;
}

/* The call gives up: seen in the wait itself, or by its holds. Not if it waits for one upload to the end and forgot another. */
static bool row_time_out(struct tr_proof *p, const struct bench *b)
{
	struct sums s = sums_marked(b, p, b->gives_up);
	bool by_holds = any(b, b->gives_up);
	char which[160];

	if ((!b->m.partly && !by_holds) || (b->nr_pass && b->plan->nr_uploads > 1 && (b->nr_wait || !b->m.partly)))
		return false;
	if (!by_holds)
		s = b->all;
	settle(p, TR_BLOCKS_PARTLY, b->m.partly ? s.moved + s.outrun ? TR_BASIS_BOTH : TR_BASIS_HAPPENS_BEFORE :
						  TR_BASIS_INTERVENTION);
	p->limit = TR_LIMIT_TIME_OUT;
	p->at_most_ms = b->m.at_most_ms || !by_holds ? b->m.at_most_ms :
			((s.mixed ? s.limit_ns : (uint64_t)s.soonest_ns) + MS - 1) / MS;
	if (s.outrun)
		REASON(p, "%" PRIu32 " of %" PRIu32 " holds%s moved the return, %" PRIu32 " longer than the wait's limit did not",
		       s.moved, s.held, of_which(b, b->gives_up, which, sizeof(which)), s.outrun);
	else
		REASON(p, "all holds moved the return, but the wait has a time limit, longer than any of them");
	return true;
}

/* Was something held for longer than the limit of a wait that all hinges on? */
static bool outlasted(const struct tr_proof *p, const struct bench *b)
{
	for (uint32_t i = 0; i < b->plan->nr_targets; i++)
		if (p->tally[i].longest_moved_ns > b->m.hinges_ns)
			return true;
	return !b->m.hinges_ns;
}

/* Holds that were longer than the limit all hinges on, and the call failed, or never came back. */
static uint32_t failed_beyond(const struct bench *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->nr; i++) {
		const struct tr_trial *t = &b->trials[i];
		n += !is_undisturbed(t) && t->seen && t->asked_ns > b->m.hinges_ns && (t->failed || t->return_ns < 0);
	}
	return n;
}

/* It gives up by failing (asyncio.wait_for raises): shorter holds move it, longer ones make it fail. */
static bool row_fails_at_limit(struct tr_proof *p, const struct bench *b)
{
	enum { AT_LEAST = 2 };
	uint32_t failed = b->m.hinges_ns && b->m.hinges_ns != TR_LIMIT_UNTOLD ? failed_beyond(b) : 0;

	if (failed < AT_LEAST || !b->all.moved || b->all.outrun || outlasted(p, b))
		return false;
	settle(p, TR_BLOCKS_PARTLY, TR_BASIS_INTERVENTION);
	p->limit = TR_LIMIT_TIME_OUT;
	p->at_most_ms = (b->m.hinges_ns + MS - 1) / MS;
	REASON(p, "%" PRIu32 " of %" PRIu32 " holds moved the return, and %" PRIu32 " longer than the wait's limit made the call fail",
	       b->all.moved, b->all.held, failed);
	return true;
}

static bool row_back_pressure(struct tr_proof *p, const struct bench *b)
{
	struct sums s = sums_marked(b, p, b->has_room);
	char which[160];

	if (!any(b, b->has_room) || b->nr_pass)
		return false;
	settle(p, TR_BLOCKS_PARTLY, TR_BASIS_INTERVENTION);
	p->limit = TR_LIMIT_BACK_PRESSURE;
	slope_take(b, p, b->has_room);
	REASON(p, "holding some parts%s moves the return (%" PRIu32 " of %" PRIu32 " holds), holding others does not: it "
		  "waits for room, not for the end", of_which(b, b->has_room, which, sizeof(which)), s.moved, s.held);
	return true;
}

static bool row_does_not_block(struct tr_proof *p, const struct bench *b)
{
	struct sums s = sums_marked(b, p, b->passes);
	char which[160];

	if (!b->m.late && !s.outrun)
		return false;
	settle(p, TR_DOES_NOT_BLOCK, s.outrun ? TR_BASIS_INTERVENTION : TR_BASIS_WITNESS);
	slope_take(b, p, b->passes);
	if (s.outrun)
		REASON(p, "the call returned before %" PRIu32 " of %" PRIu32 " holds%s had ended", s.outrun, s.held,
		       of_which(b, b->passes, which, sizeof(which)));
	else
		REASON(p, "work ended after the return in %" PRIu32 " of %" PRIu32 " undisturbed runs", b->m.late, b->m.runs);
	return true;
}

static bool moved_every(const struct tr_proof *p, const struct bench *b)
{
	return b->nr_wait && b->nr_wait == b->plan->nr_uploads && !b->plan->unheld && p->slope.known &&
	       p->slope.slope >= SLOPE_WAITS && p->slope.low >= SLOPE_LOW;
}

static bool row_blocks(struct tr_proof *p, const struct bench *b)
{
	bool by_order = b->m.blocks == b->m.runs, by_holds = moved_every(p, b) && outlasted(p, b);

	if (!by_order && !by_holds)
		return false;
	settle(p, TR_BLOCKS, by_order && by_holds ? TR_BASIS_BOTH : by_holds ? TR_BASIS_INTERVENTION :
			     b->m.inlined == b->m.runs ? TR_BASIS_INLINE : TR_BASIS_HAPPENS_BEFORE);
	return true;
}

/* ---- unproven: why, and what would settle it now */

static void say_impatient(struct tr_proof *p, const struct sums *s)
{
	double patience = (double)p->pace.patience_ns / 1e9;

	if (patience > 0) {
		REASON(p, "the client gives up on a held request after %.1f s, before a hold says anything (%" PRIu32 " evaded)",
		       patience, s->evaded);
		SETTLE(p, "raise the client's time limit, or leave it out (boto3: Config(read_timeout=60), aws: --cli-read-timeout 60, "
			  "curl: --max-time 60), and prove again");
	} else {
		REASON(p, "%" PRIu32 " holds were evaded (the client closed the held request, or sent it again), none alike", s->evaded);
		SETTLE(p, "more --runs and --budget; a client that repeats or cancels requests by itself needs that turned off");
	}
}

static void say_together(struct tr_proof *p, const struct sums *s)
{
	REASON(p, "every hold moved the return, but each held the same request of %" PRIu32 " uploads at once, as their objects "
		  "are not told apart: the call waits for one of them, and this cannot tell whether for all", s->together);
	SETTLE(p, "give each upload a key of its own, the same in every run, or name a call that uploads one (--call)");
}

static void say_unheld(struct tr_proof *p, const struct bench *b)
{
	uint32_t all = b->plan->nr_uploads + b->plan->unheld;

	REASON(p, "%" PRIu32 " of %" PRIu32 " holds moved the return, but only %" PRIu32 " of %" PRIu32 " uploads were held: there was no "
		  "room for more", b->all.moved, b->all.held, b->plan->nr_uploads, all);
	if (all <= TR_MAX_UPLOADS)
		SETTLE(p, "--runs %" PRIu32 " or more, and a --budget that is long enough for them", 2 * all + 8);
	else
		SETTLE(p, "upload fewer objects in one call, %u at most, or name a call that uploads one (--call)", (unsigned)TR_MAX_UPLOADS);
}

static void row_unproven(struct tr_proof *p, const struct bench *b)
{
	bool weak[TR_MAX_UPLOADS] = { false };
	const struct sums *s = &b->all;
	const struct tr_slope *slope = &p->slope;
	char which[160];

	settle(p, TR_UNPROVEN, TR_BASIS_TIMING);
	for (uint32_t u = b->plan->nr_uploads; u-- > 0;)
		if (!b->waits[u]) {
			weak[u] = true;
			s = &b->of[u];
			slope = &b->slope[u];
		}
	of_which(b, weak, which, sizeof(which));
	if (s->together && s->wait == s->targets && s->least >= 2 && 2 * s->by_lock <= s->moved) {
		say_together(p, s);
	} else if (s->by_lock) {
		REASON(p, "holds%s moved the return, but only by a lock that another thread had: had the call come first, "
			  "it would not have waited", which);
		SETTLE(p, "no hold can: who comes first to the lock decides. Let the call wait for the upload itself, not for a lock");
	} else if (s->evaded) {
		say_impatient(p, s);
	} else if (s->failed) {
		REASON(p, "the upload%s failed in %" PRIu32 " runs in which it was held: no verdict from those", which, s->failed);
		SETTLE(p, "see why it fails when its answer is late: a time limit in the program, or in what calls it");
	} else if (!s->held) {
		REASON(p, "no hold%s struck: nothing of the upload could be held", which);
		SETTLE(p, "--tls-relay, if it speaks TLS that is not read; `xferdb doctor` says what can be held here");
	} else if (b->plan->unheld) {
		say_unheld(p, b);
	} else if (s->moved && !s->outrun && b->m.hinges_ns == TR_LIMIT_UNTOLD) {
		REASON(p, "every hold moved the return, but before its last wait the call had waited with a time limit, how long is not known, and "
			  "what it would have done then neither");
		SETTLE(p, "--at-least with a time that is longer than that limit, and see the return move by as much");
	} else if (s->moved && !s->outrun && !outlasted(p, b)) {
		REASON(p, "every hold moved the return, but none was longer than %.1f s, when the call might have stopped waiting, and "
			  "what it would have done then is not known", (double)b->m.hinges_ns / 1e9);
		SETTLE(p, "--at-least %.0fs", (double)b->m.hinges_ns / 1e9 * 1.25 + 1);
	} else {
		if (s->tested < s->targets || s->least < 2)
			REASON(p, "%" PRIu32 " of %" PRIu32 " holds%s moved the return; that is too few to tell", s->moved, s->held, which);
		else
			REASON(p, "%" PRIu32 " of %" PRIu32 " holds%s moved the return, too unevenly to tell (slope %.2f to %.2f)",
			       s->moved, s->held, which, slope->low, slope->high);
		SETTLE(p, "more --runs and more --budget, on a machine that has less to do");
	}
}

/* Mechanism and holds of the same runs do not agree: what that usually means. */
static void finding(struct tr_proof *p, const struct bench *b)
{
	bool by_order = b->m.runs && b->m.blocks == b->m.runs, uneven = false;
	const struct sums *s = &b->all;

	for (uint32_t u = 0; u < b->plan->nr_uploads; u++)
		uneven |= b->of[u].mixed && !b->of[u].grows;
	if (by_order && s->outrun && p->limit == TR_LIMIT_NONE)
		FINDING(p, "what was recorded says that the call waited, but it returned before %" PRIu32 " holds ended: "
			   "it waits for a limited time only, or for something else that happened to be late", s->outrun);
	else if (s->moved && s->outrun && s->endless == s->outrun && p->answer == TR_DOES_NOT_BLOCK)
		FINDING(p, "the return was later while the upload was held, and did not wait for its end: what the held thread would "
			   "have done was done by others");
	else if (uneven && !s->together)
		FINDING(p, "holds of the same part moved the return in some runs and not in others: it depends on something "
			   "besides the upload");
	else if (!by_order && !b->m.late && !b->m.partly && !b->m.hinges_ns && moved_every(p, b) && !s->by_lock)
		FINDING(p, "every hold moved the return, yet no recorded signal leads from the upload to it: it polls, asks "
			   "the server, or waits in a way that cannot be seen from here");
	else if (b->m.late && s->wait && !s->outrun)
		FINDING(p, "holds moved the return, yet undisturbed some work ended after it: it waits for part of the work");
}

/* Every upload was held once, so that each that is forgotten is named. */
static bool tried_every(const struct bench *b)
{
	for (uint32_t u = 0; u < b->plan->nr_uploads; u++)
		if (!b->of[u].held && !b->of[u].missed && !b->of[u].evaded && !b->of[u].failed)
			return false;
	return true;
}

static bool is_sure(const struct tr_proof *p, const struct bench *b)
{
	struct sums pass = sums_marked(b, p, b->passes);
	const struct sums *s = &b->all;
	double worth = p->slope.known ? p->slope.confidence : 0;

	switch (p->answer) {
	case TR_UNKNOWN:
	case TR_NOT_RETURNED:
		return true;
	case TR_UNPROVEN:
		/* a lock that is in the way is so in every run, and so are several uploads */
		return (s->least >= 3 && 2 * s->by_lock > s->moved) || (s->together && worth >= CONFIDENCE);
	case TR_DOES_NOT_BLOCK:
		/* every hold outrun is as certain as it gets: the rest is for the slope */
		s = pass.outrun ? &pass : s;
		return s->least >= 1 && (s->pass == s->targets || s->least >= 2) && tried_every(b) &&
		       (worth >= CONFIDENCE_OUTRUN || s->least >= 2);
	case TR_BLOCKS_PARTLY:
		return s->least >= 2;
	default:
		return s->least >= 2 && b->m.runs > 1 && p->basis != TR_BASIS_HAPPENS_BEFORE && p->basis != TR_BASIS_INLINE &&
		       worth >= (p->basis == TR_BASIS_BOTH ? CONFIDENCE_BOTH : CONFIDENCE);
	}
}

static enum xf_status bench_set(struct bench *b, struct tr_proof *p, struct xf_error *err)
{
	enum xf_status status = slope_of(b->plan, TR_NONE, b->trials, b->nr, &p->slope, err);

	for (uint32_t i = 0; i < b->nr; i++)
		if (!is_undisturbed(&b->trials[i]))
			tally_one(&p->tally[b->trials[i].target], &b->trials[i], p->pace.longest_ns);
	for (uint32_t i = 0; i < b->plan->nr_targets; i++)
		p->means[i] = means_of(b->plan, i, b->trials, b->nr, &p->pace);
	b->all = sums_of(b->plan, p, TR_NONE);
	for (uint32_t u = 0; u < b->plan->nr_uploads && !status; u++) {
		b->of[u] = sums_of(b->plan, p, u);
		status = slope_of(b->plan, u, b->trials, b->nr, &b->slope[u], err);
		judge_upload(b, p, u);
	}
	return status;
}

enum xf_status tr_decide(const struct tr_plan *plan, const struct tr_trial *trials, uint32_t nr, struct tr_proof *p,
			 struct xf_error *err)
{
	struct bench b = { .plan = plan, .trials = trials, .nr = nr, .m = mechanism_of(trials, nr) };
	enum xf_status status;

	*p = (struct tr_proof){ .pace.longest_ns = tr_decide_longest_ns(trials, nr) };
	p->pace.noise_ns = noise_of(trials, nr, p->pace.longest_ns);
	find_patience(trials, nr, p);
	if (b.m.hinges_ns <= LONGEST_HINGE_NS)
		p->pace.at_least_ns = b.m.hinges_ns + b.m.hinges_ns / 4;
	status = bench_set(&b, p, err);
	if (status)
		return status;
	if (!row_open(p, &b.m) && !row_time_out(p, &b) && !row_fails_at_limit(p, &b) && !row_back_pressure(p, &b) && !row_does_not_block(p, &b) &&
	    !row_blocks(p, &b))
		row_unproven(p, &b);
	finding(p, &b);
	p->sure = is_sure(p, &b);
	return XF_OK;
}
