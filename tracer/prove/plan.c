#include "tracer/prove/plan.h"

#include <inttypes.h>
#include <stdio.h>

enum { MS = 1000000, LEAST_NS = 250 * MS, LEAST_STEP_NS = 400 * MS };

/* ---- targets */

static int64_t turn_of(const struct tr_log *log, const struct tr_verdict *v, uint32_t event)
{
	int64_t at = event == TR_NONE ? v->return_ns : tr_log_time(log, event);

	return at > v->enter_ns ? at - v->enter_ns : 0;
}

static void add(struct tr_target *targets, uint32_t *nr, struct tr_target target)
{
	for (uint32_t i = 0; i < *nr; i++)
		if (targets[i].kind == target.kind && targets[i].part == target.part)
			return;
	targets[(*nr)++] = target;
}

/* The transfer with the most parts is the one that is held; others with such a part are held with it. */
static uint32_t widest(const struct tr_verdicts *all, const struct tr_verdict *v, uint32_t *last)
{
	uint32_t found = TR_NONE;

	*last = 0;
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].kind == TR_ITEM_PART && (v->items[i].part > *last || found == TR_NONE) &&
		    all->final->transfers[v->items[i].transfer].multipart) {
			*last = v->items[i].part;
			found = v->items[i].transfer;
		}
	return found;
}

static uint32_t end_of(const struct tr_verdict *v, uint32_t transfer, enum tr_item_kind kind, uint32_t part)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].transfer == transfer && v->items[i].kind == kind && v->items[i].part == part)
			return v->items[i].end;
	return TR_NONE;
}

static uint32_t uploads_with(const struct tr_verdicts *all, const struct tr_verdict *v, const struct tr_target *t)
{
	enum tr_item_kind kind = t->kind == TR_TARGET_PUT ? TR_ITEM_PUT : t->kind == TR_TARGET_COMPLETE ? TR_ITEM_COMPLETE : TR_ITEM_PART;
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->nr_items; i++)
		n += v->items[i].kind == kind && (kind != TR_ITEM_PART ||
		     (v->items[i].part == t->part && all->final->transfers[v->items[i].transfer].multipart));
	return n;
}

uint32_t tr_plan_targets(const struct tr_log *log, const struct tr_verdicts *all,
			 const struct tr_verdict *v, struct tr_target targets[TR_MAX_TARGETS])
{
	uint32_t nr = 0, last, wide = widest(all, v, &last);

	for (uint32_t i = 0; wide != TR_NONE && last && i < 3; i++) {
		uint32_t part = i == 0 ? 1 : i == 1 ? (last + 1) / 2 : last;
		uint32_t end = end_of(v, wide, TR_ITEM_PART, part);
		add(targets, &nr, (struct tr_target){ TR_TARGET_PART, part, turn_of(log, v, end), 0 });
	}
	if (wide != TR_NONE)
		add(targets, &nr, (struct tr_target){ TR_TARGET_COMPLETE, 0,
			turn_of(log, v, end_of(v, wide, TR_ITEM_COMPLETE, 0)), 0 });
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].kind == TR_ITEM_PUT)
			add(targets, &nr, (struct tr_target){ TR_TARGET_PUT, 0, turn_of(log, v, v->items[i].end), 0 });
	for (uint32_t i = 0; i < nr; i++)
		targets[i].uploads = uploads_with(all, v, &targets[i]);
	return nr;
}

const char *tr_target_text(const struct tr_target *target, char *buf, size_t cap)
{
	switch (target->kind) {
	case TR_TARGET_PART:
		snprintf(buf, cap, "part %" PRIu32, target->part);
		break;
	case TR_TARGET_EARLY:
		snprintf(buf, cap, "parts 1 to %" PRIu32, target->part);
		break;
	case TR_TARGET_COMPLETE:
		snprintf(buf, cap, "Complete");
		break;
	case TR_TARGET_PUT:
		snprintf(buf, cap, "PutObject");
		break;
	}
	return buf;
}

/* ---- lengths */

static uint64_t to_ms(uint64_t ns)
{
	return (ns + MS - 1) / MS * MS;
}

uint64_t tr_plan_length_ns(const struct tr_target *target, int64_t longest_ns, uint64_t patience_ns,
			   uint32_t length)
{
	/* ORDER lengths: in halves of a step */
	static const uint32_t halves[TR_NR_LENGTHS] = { 0, 2, 1 };
	uint64_t longest = longest_ns > 0 ? (uint64_t)longest_ns : 0;
	uint64_t turn = target->turn_ns > 0 ? (uint64_t)target->turn_ns : 0;
	uint64_t rest = longest > turn ? longest - turn : 0;
	/* a call takes half as long again on a busy machine, and its turns come when they like */
	uint64_t shortest = rest + rest / 4 + longest / 2 + LEAST_NS;
	uint64_t step = longest > LEAST_STEP_NS ? longest : LEAST_STEP_NS;

	if (patience_ns && shortest + step > patience_ns / 2) {
		shortest = patience_ns / 4;
		step = patience_ns / 4;
	}
	return to_ms(shortest + step / 2 * halves[length % TR_NR_LENGTHS]);
}

/* ---- order */

/* splitmix64: any seed is a good one. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t tr_plan_round(uint32_t nr_targets, uint32_t round, uint64_t seed,
		       struct tr_step steps[TR_MAX_ROUND])
{
	uint64_t state = seed ^ (uint64_t)(round + 1) << 32;
	uint32_t each = nr_targets ? (TR_ROUND_HOLDS + nr_targets - 1) / nr_targets : 0, nr = 0;

	for (uint32_t t = 0; t < nr_targets; t++)
		for (uint32_t i = 0; i < each && nr < TR_MAX_ROUND - 1; i++) /* neighbours begin at different lengths */
			steps[nr++] = (struct tr_step){ t, (round * each + i + (t & 1 && round < 2)) %
							   (round < 2 && each == 1 ? 2 : TR_NR_LENGTHS) };
	steps[nr++] = (struct tr_step){ TR_NONE, 0 };
	for (uint32_t i = nr - 1; i > 0; i--) {
		uint32_t k = (uint32_t)(next(&state) % (i + 1));
		struct tr_step kept = steps[i];
		steps[i] = steps[k];
		steps[k] = kept;
	}
	return nr;
}
