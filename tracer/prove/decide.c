#include "tracer/prove/decide.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

struct mechanism {
	uint32_t runs, blocks, inlined, late, hangs, unseen;
	bool partly;
	uint64_t at_most_ms;
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

int64_t tr_decide_longest_ns(const struct tr_trial *trials, uint32_t nr)
{
	int64_t longest = -1, second = -1;
	uint32_t runs = 0;

	for (uint32_t i = 0; i < nr; i++) {
		int64_t ns = trials[i].return_ns;
		if (!is_undisturbed(&trials[i]) || trials[i].failed || ns < 0)
			continue;
		runs++;
		if (ns > longest)
			second = longest, longest = ns;
		else if (ns > second)
			second = ns;
	}
	return runs >= STRAY_OF && longest > 2 * second + 100 * MS ? second : longest;
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
		if (!y->shortest_outrun_ns || t->asked_ns < y->shortest_outrun_ns)
			y->shortest_outrun_ns = t->asked_ns;
		if (t->return_ns > y->outrun_return_ns)
			y->outrun_return_ns = t->return_ns;
	} else if (outlasts(t, longest_ns)) {
		y->moved++;
		y->by_lock += t->by_lock;
		if (t->asked_ns > y->longest_moved_ns)
			y->longest_moved_ns = t->asked_ns;
	}
}

/* Over all targets. */
struct sums {
	uint32_t tested, held, moved, outrun, by_lock, evaded, failed, missed;
	uint32_t wait, pass, mixed;  /* targets whose holds all moved it, were all outrun, came out both ways */
	uint32_t together;           /* so many uploads were held at once; 0: one at a time */
	uint32_t least;              /* counted holds of the target that has fewest */
	int64_t soonest_ns;          /* the least of the targets' latest outrun returns */
	bool grows;                  /* mixed, and short holds move what long ones do not */
	uint64_t limit_ns;           /* then: when it gave up, at the latest */
};

static struct sums sums_of(const struct tr_tally *tally, uint32_t nr)
{
	struct sums s = { .least = UINT32_MAX, .soonest_ns = INT64_MAX, .grows = true };

	for (uint32_t i = 0; i < nr; i++) {
		const struct tr_tally *y = &tally[i];
		s.held += y->held, s.moved += y->moved, s.outrun += y->outrun, s.by_lock += y->by_lock;
		s.evaded += y->evaded, s.failed += y->failed, s.missed += y->missed;
		s.least = y->held < s.least ? y->held : s.least;
		s.tested += y->held > 0;
		s.wait += y->moved && !y->outrun;
		s.pass += y->outrun && !y->moved;
		if (y->outrun && y->outrun_return_ns < s.soonest_ns)
			s.soonest_ns = y->outrun_return_ns;
		if (!y->outrun || !y->moved)
			continue;
		s.mixed++;
		s.grows &= y->longest_moved_ns < y->shortest_outrun_ns;
		if ((uint64_t)y->outrun_return_ns > s.limit_ns)
			s.limit_ns = (uint64_t)y->outrun_return_ns;
	}
	return s;
}

/* ---- the slope */

static enum xf_status slope_of(const struct tr_target *targets, const struct tr_trial *trials, uint32_t nr,
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
		if (!counts(t) || !t->asked_ns || targets[t->target].kind == TR_TARGET_EARLY)
			continue;
		doses[n++] = (struct tr_dose){ t->target, (double)(t->asked_ns * (times ? times : 1)) / 1e9,
					       (double)t->return_ns / 1e9 };
	}
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
#define FINDING(p, ...) say((p)->finding, sizeof((p)->finding), __VA_ARGS__)

static void settle(struct tr_proof *p, enum tr_answer answer, enum tr_basis basis)
{
	p->answer = answer;
	p->basis = basis;
}

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

/*
 * The call waits, and gives up: seen in the wait itself, or in that long holds are outrun and short ones are not. Of
 * several uploads held together the one may be forgotten and the other waited for: that looks the same.
 */
static bool row_time_out(struct tr_proof *p, const struct mechanism *m, const struct sums *s)
{
	bool gave_up = s->pass == s->tested && s->tested && p->longest_ns >= 0 &&
		       s->soonest_ns > p->longest_ns + p->longest_ns / 2 + 100 * MS && !m->late && !s->together;
	bool mixed = s->mixed && s->grows && !s->pass && !s->together;

	if (!m->partly && !mixed && !gave_up)
		return false;
	settle(p, TR_BLOCKS_PARTLY, m->partly ? s->moved + s->outrun ? TR_BASIS_BOTH : TR_BASIS_HAPPENS_BEFORE :
						TR_BASIS_INTERVENTION);
	p->limit = TR_LIMIT_TIME_OUT;
	p->at_most_ms = m->partly ? m->at_most_ms :
			((mixed ? s->limit_ns : (uint64_t)s->soonest_ns) + MS - 1) / MS;
	if (s->outrun)
		REASON(p, "%" PRIu32 " of %" PRIu32 " holds moved the return, %" PRIu32 " longer than the wait's limit did not",
		       s->moved, s->held, s->outrun);
	else
		REASON(p, "all holds moved the return, but the wait has a time limit, longer than any of them");
	return true;
}

/* A small upload, whole, never moved the return: that is no want of room. */
static bool forgets_an_upload(const struct tr_proof *p, const struct tr_target *targets, uint32_t nr_targets)
{
	for (uint32_t i = 0; i < nr_targets; i++)
		if (targets[i].kind == TR_TARGET_PUT && p->tally[i].outrun && !p->tally[i].moved)
			return true;
	return false;
}

static bool row_back_pressure(struct tr_proof *p, const struct sums *s, const struct tr_target *targets, uint32_t nr_targets)
{
	if (!s->wait || !s->pass || s->together || forgets_an_upload(p, targets, nr_targets))
		return false;
	settle(p, TR_BLOCKS_PARTLY, TR_BASIS_INTERVENTION);
	p->limit = TR_LIMIT_BACK_PRESSURE;
	REASON(p, "holding some parts moves the return (%" PRIu32 " of %" PRIu32 " holds), holding others does not: it "
		  "waits for room, not for the end", s->moved, s->held);
	return true;
}

static bool row_does_not_block(struct tr_proof *p, const struct mechanism *m, const struct sums *s)
{
	if (!m->late && !s->outrun)
		return false;
	settle(p, TR_DOES_NOT_BLOCK, s->outrun ? TR_BASIS_INTERVENTION : TR_BASIS_WITNESS);
	if (s->outrun)
		REASON(p, "the call returned before %" PRIu32 " of %" PRIu32 " holds had ended", s->outrun, s->held);
	else
		REASON(p, "work ended after the return in %" PRIu32 " of %" PRIu32 " undisturbed runs", m->late, m->runs);
	return true;
}

static bool moved_all(const struct tr_proof *p, const struct sums *s, uint32_t nr_targets)
{
	return nr_targets && s->wait == nr_targets && s->least >= 2 && p->slope.known &&
	       p->slope.slope >= SLOPE_WAITS && p->slope.low >= SLOPE_LOW;
}

/* So many uploads were held at once (0: one): that the return moved shows that it waits for one of them. */
static uint32_t held_together(const struct tr_target *targets, uint32_t nr_targets)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < nr_targets; i++)
		most = targets[i].uploads > most ? targets[i].uploads : most;
	return most > 1 ? most : 0;
}

static bool row_blocks(struct tr_proof *p, const struct mechanism *m, const struct sums *s, uint32_t nr_targets)
{
	bool by_order = m->blocks == m->runs, by_holds = moved_all(p, s, nr_targets);

	if (!by_order && (!by_holds || s->together || 2 * s->by_lock > s->moved))
		return false;
	settle(p, TR_BLOCKS, by_order && by_holds ? TR_BASIS_BOTH : by_holds ? TR_BASIS_INTERVENTION :
			     m->inlined == m->runs ? TR_BASIS_INLINE : TR_BASIS_HAPPENS_BEFORE);
	return true;
}

static void row_unproven(struct tr_proof *p, const struct sums *s, uint32_t nr_targets)
{
	settle(p, TR_UNPROVEN, TR_BASIS_TIMING);
	if (s->together && moved_all(p, s, nr_targets) && 2 * s->by_lock <= s->moved)
		REASON(p, "every hold moved the return, but each held the same request of %" PRIu32 " uploads at once: the call "
			  "waits for one of them, and this cannot tell whether for all; name a call that uploads one (--call)", s->together);
	else if (s->by_lock)
		REASON(p, "holds moved the return, but only by a lock that another thread had: had the call come first, "
			  "it would not have waited");
	else if (s->evaded)
		REASON(p, "%" PRIu32 " holds were evaded (the client gave up on the held request): raise its time-out, "
			  "and prove again", s->evaded);
	else if (s->failed)
		REASON(p, "the upload failed in %" PRIu32 " runs in which it was held: no verdict from those", s->failed);
	else if (!s->held)
		REASON(p, "no hold struck: nothing of the upload could be held");
	else if (s->tested < nr_targets || s->least < 2)
		REASON(p, "%" PRIu32 " of %" PRIu32 " holds moved the return; that is too few to tell: more --runs, more "
			  "--budget", s->moved, s->held);
	else
		REASON(p, "%" PRIu32 " of %" PRIu32 " holds moved the return, too unevenly to tell (slope %.2f to %.2f): "
			  "more --runs", s->moved, s->held, p->slope.low, p->slope.high);
}

/* Mechanism and holds of the same runs do not agree: what that usually means. */
static void finding(struct tr_proof *p, const struct mechanism *m, const struct sums *s, uint32_t nr_targets)
{
	bool by_order = m->runs && m->blocks == m->runs;

	if (by_order && s->outrun && p->limit == TR_LIMIT_NONE)
		FINDING(p, "what was recorded says that the call waited, but it returned before %" PRIu32 " holds ended: "
			   "it waits for a limited time only, or for something else that happened to be late", s->outrun);
	else if (s->mixed && !s->grows && !s->together)
		FINDING(p, "holds of the same part moved the return in some runs and not in others: it depends on something "
			   "besides the upload");
	else if (!by_order && !s->together && !m->late && !m->partly && moved_all(p, s, nr_targets) && !s->by_lock)
		FINDING(p, "every hold moved the return, yet no recorded signal leads from the upload to it: it polls, asks "
			   "the server, or waits in a way that cannot be seen from here");
	else if (m->late && s->wait && !s->outrun)
		FINDING(p, "holds moved the return, yet undisturbed some work ended after it: it waits for part of the work");
}

static bool is_sure(const struct tr_proof *p, const struct mechanism *m, const struct sums *s, uint32_t nr_targets)
{
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
		return s->least >= 1 && (s->pass == nr_targets || s->least >= 2) && worth >= CONFIDENCE_OUTRUN;
	case TR_BLOCKS_PARTLY:
		return s->least >= 2;
	default:
		return s->least >= 2 && m->runs > 1 && p->basis != TR_BASIS_HAPPENS_BEFORE && p->basis != TR_BASIS_INLINE &&
		       worth >= (p->basis == TR_BASIS_BOTH ? CONFIDENCE_BOTH : CONFIDENCE);
	}
}

enum xf_status tr_decide(const struct tr_target *targets, uint32_t nr_targets, const struct tr_trial *trials,
			 uint32_t nr, struct tr_proof *p, struct xf_error *err)
{
	struct mechanism m = mechanism_of(trials, nr);
	struct sums s;
	enum xf_status status;

	*p = (struct tr_proof){ .longest_ns = tr_decide_longest_ns(trials, nr) };
	for (uint32_t i = 0; i < nr; i++) {
		if (!is_undisturbed(&trials[i]))
			tally_one(&p->tally[trials[i].target], &trials[i], p->longest_ns);
		if (trials[i].gave_up_ns && (!p->patience_ns || trials[i].gave_up_ns < p->patience_ns))
			p->patience_ns = trials[i].gave_up_ns;
	}
	s = sums_of(p->tally, nr_targets);
	s.together = held_together(targets, nr_targets);
	status = slope_of(targets, trials, nr, &p->slope, err);
	if (status)
		return status;
	if (!row_open(p, &m) && !row_time_out(p, &m, &s) && !row_back_pressure(p, &s, targets, nr_targets) &&
	    !row_does_not_block(p, &m, &s) && !row_blocks(p, &m, &s, nr_targets))
		row_unproven(p, &s, nr_targets);
	finding(p, &m, &s, nr_targets);
	p->sure = is_sure(p, &m, &s, nr_targets);
	return XF_OK;
}
