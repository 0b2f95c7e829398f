#include "tracer/prove/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracer/foreign/ids.h"

enum { MS = 1000000, LEAST_NS = 250 * MS, LEAST_STEP_NS = 400 * MS, LEAST_IMPATIENT_NS = 40 * MS };

/* ---- uploads */

static enum tr_item_kind item_of(enum tr_target_kind kind)
{
	return kind == TR_TARGET_PUT ? TR_ITEM_PUT : kind == TR_TARGET_COMPLETE ? TR_ITEM_COMPLETE : TR_ITEM_PART;
}

/* Could anything of that item be held? */
static bool is_held(const struct tr_verdicts *all, const struct tr_item *item)
{
	return item->kind == TR_ITEM_PUT || item->kind == TR_ITEM_COMPLETE ||
	       (item->kind == TR_ITEM_PART && all->final->transfers[item->transfer].multipart);
}

static uint64_t object_of(const struct tr_log *log, const struct tr_transfer_state *t)
{
	return tr_ids_object(tr_log_text(log, t->process, t->bucket), tr_log_text(log, t->process, t->key));
}

static uint32_t upload_find(const struct tr_plan *plan, uint64_t object)
{
	for (uint32_t i = 0; i < plan->nr_uploads; i++)
		if (plan->uploads[i].object == object)
			return i;
	return TR_NONE;
}

/* Index of the upload an item belongs to; TR_NONE: it is not in the plan. */
static uint32_t upload_of(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_plan *plan,
			  const struct tr_item *item)
{
	if (!is_held(all, item))
		return TR_NONE;
	if (plan->nr_uploads == 1 && !plan->uploads[0].object)
		return 0;
	return upload_find(plan, object_of(log, &all->final->transfers[item->transfer]));
}

static bool is_shown(const struct tr_verdict *v, uint32_t transfer)
{
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].transfer == transfer && !v->items[i].ordered)
			return false;
	return true;
}

/* Those nothing shows a wait for come first; what there is no room for is counted. */
static void uploads_take(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
			 uint32_t most, struct tr_plan *plan)
{
	uint64_t left[TR_MAX_UPLOADS];

	most = most < TR_MAX_UPLOADS ? most : TR_MAX_UPLOADS;
	for (int shown = 0; shown < 2; shown++)
		for (uint32_t i = 0; i < v->nr_items; i++) {
			const struct tr_item *item = &v->items[i];
			const struct tr_transfer_state *t = &all->final->transfers[item->transfer];
			uint64_t object = is_held(all, item) ? object_of(log, t) : 0;
			bool known = false;
			if (!object || is_shown(v, item->transfer) != shown || upload_find(plan, object) != TR_NONE)
				continue;
			for (uint32_t k = 0; k < plan->unheld && k < TR_MAX_UPLOADS; k++)
				known |= left[k] == object;
			if (known)
				continue;
			if (plan->nr_uploads < most)
				plan->uploads[plan->nr_uploads++] = (struct tr_upload){
					object, t->id, tr_log_text(log, t->process, t->key), shown };
			else if (plan->unheld++ < TR_MAX_UPLOADS)
				left[plan->unheld - 1] = object;
		}
}

bool tr_plan_agrees(const struct tr_plan *plan, const struct tr_plan *another)
{
	for (uint32_t i = 0; i < plan->nr_uploads; i++)
		if (upload_find(another, plan->uploads[i].object) == TR_NONE && plan->uploads[i].object)
			return false;
	return true;
}

/* ---- targets */

static int64_t turn_of(const struct tr_log *log, const struct tr_verdict *v, uint32_t event)
{
	int64_t at = event == TR_NONE ? v->return_ns : tr_log_time(log, event);

	return at > v->enter_ns ? at - v->enter_ns : 0;
}

/* Adds it with its turn, the latest of those it holds at once; nothing where nobody made such a request. */
static void add(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
		struct tr_plan *plan, enum tr_target_kind kind, uint32_t part, uint32_t upload)
{
	struct tr_target t = { kind, part, 0, 0, upload };

	for (uint32_t i = 0; i < plan->nr_targets; i++)
		if (plan->targets[i].kind == kind && plan->targets[i].part == part && plan->targets[i].upload == upload)
			return;
	for (uint32_t i = 0; i < v->nr_items; i++) {
		const struct tr_item *item = &v->items[i];
		int64_t turn;
		if (item->kind != item_of(kind) || (part && item->part != part) ||
		    upload_of(log, all, plan, item) != upload)
			continue;
		turn = turn_of(log, v, item->end);
		t.turn_ns = turn > t.turn_ns ? turn : t.turn_ns;
		t.uploads++;
	}
	if (t.uploads && plan->nr_targets < TR_MAX_TARGETS)
		plan->targets[plan->nr_targets++] = t;
}

static uint32_t last_part(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
			  const struct tr_plan *plan, uint32_t upload)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < v->nr_items; i++)
		if (v->items[i].kind == TR_ITEM_PART && v->items[i].part > last &&
		    upload_of(log, all, plan, &v->items[i]) == upload)
			last = v->items[i].part;
	return last;
}

void tr_plan_take(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
		  enum tr_plan_depth depth, bool together, uint32_t most, struct tr_plan *plan)
{
	*plan = (struct tr_plan){ .enter_ns = v->enter_ns, .return_ns = v->return_ns };
	if (together)
		plan->uploads[plan->nr_uploads++] = (struct tr_upload){ 0, TR_NONE, NULL, false };
	else
		uploads_take(log, all, v, most, plan);
	for (uint32_t u = 0; u < plan->nr_uploads; u++) {
		uint32_t last = last_part(log, all, v, plan, u);
		for (uint32_t i = 0; last && i < 3 && depth == TR_PLAN_ALL; i++)
			add(log, all, v, plan, TR_TARGET_PART, i == 0 ? 1 : i == 1 ? (last + 1) / 2 : last, u);
		add(log, all, v, plan, TR_TARGET_COMPLETE, 0, u);
		add(log, all, v, plan, TR_TARGET_PUT, 0, u);
		if (last && depth == TR_PLAN_ENDS &&
		    (!plan->nr_targets || plan->targets[plan->nr_targets - 1].upload != u))
			add(log, all, v, plan, TR_TARGET_PART, last, u);
	}
}

const char *tr_target_text(const struct tr_plan *plan, uint32_t target, char *buf, size_t cap)
{
	const struct tr_target *t = &plan->targets[target];
	const char *key = plan->nr_uploads > 1 ? plan->uploads[t->upload].key : NULL;

	if (t->kind == TR_TARGET_PART)
		snprintf(buf, cap, "part %" PRIu32, t->part);
	else if (t->kind == TR_TARGET_EARLY)
		snprintf(buf, cap, "parts 1 to %" PRIu32, t->part);
	else
		snprintf(buf, cap, "%s", t->kind == TR_TARGET_COMPLETE ? "Complete" : "PutObject");
	if (key)
		snprintf(buf + strlen(buf), cap - strlen(buf), " of %s", key);
	return buf;
}

/* ---- lengths */

static uint64_t to_ms(uint64_t ns)
{
	return (ns + MS - 1) / MS * MS;
}

/* What a client with a time limit lets pass: two lengths that outlast the call and differ by more than its noise. */
static bool within_patience(const struct tr_pace *pace, uint64_t rest, uint64_t longest, uint64_t *shortest, uint64_t *step)
{
	uint64_t most = pace->patience_ns - pace->patience_ns / 5;
	uint64_t least = rest + pace->noise_ns + longest / 20 + LEAST_IMPATIENT_NS;
	uint64_t apart = 2 * pace->noise_ns > most / 5 ? 2 * pace->noise_ns : most / 5;

	if (*shortest + *step <= most)
		return true;
	if (least + apart > most)
		return false;
	/* as far behind the call as can be, half the way at most */
	*shortest = least + (most - apart - least) / 2;
	*step = most - *shortest;
	return true;
}

uint64_t tr_plan_length_ns(const struct tr_target *target, const struct tr_pace *pace, uint32_t length)
{
	/* ORDER lengths: in halves of a step */
	static const uint32_t halves[TR_NR_LENGTHS] = { 0, 2, 1 };
	uint64_t longest = pace->longest_ns > 0 ? (uint64_t)pace->longest_ns : 0;
	uint64_t turn = target->turn_ns > 0 ? (uint64_t)target->turn_ns : 0;
	uint64_t rest = longest > turn ? longest - turn : 0;
	/* a call takes half as long again on a busy machine, and its turns come when they like */
	uint64_t shortest = rest + rest / 4 + longest / 2 + LEAST_NS;
	uint64_t step = longest > LEAST_STEP_NS ? longest : LEAST_STEP_NS;

	if (pace->at_least_ns > shortest + step)
		step = pace->at_least_ns - shortest;
	if (pace->patience_ns && !within_patience(pace, rest, longest, &shortest, &step))
		return 0;
	return to_ms(shortest + step / 2 * halves[length % TR_NR_LENGTHS]);
}

/* ---- columns */

static bool same_request(const struct tr_plan *a, uint32_t i, const struct tr_plan *b, uint32_t k)
{
	const struct tr_target *s = &a->targets[i], *t = &b->targets[k];

	return s->kind == t->kind && s->part == t->part && a->uploads[s->upload].object == b->uploads[t->upload].object;
}

static bool one_after_the_other(const struct tr_plan *a, const struct tr_plan *b)
{
	return (a->return_ns >= 0 && a->return_ns <= b->enter_ns) || (b->return_ns >= 0 && b->return_ns <= a->enter_ns);
}

static bool may_share(const struct tr_plan *a, uint32_t i, const struct tr_plan *b, uint32_t k)
{
	const struct tr_target *s = &a->targets[i], *t = &b->targets[k];

	if (same_request(a, i, b, k))
		return true;
	return one_after_the_other(a, b) && s->kind != TR_TARGET_EARLY && t->kind != TR_TARGET_EARLY &&
	       a->uploads[s->upload].object && b->uploads[t->upload].object &&
	       a->uploads[s->upload].object != b->uploads[t->upload].object;
}

static bool fits(const struct tr_plan *const *calls, const struct tr_column *c, uint32_t call, uint32_t target, bool same)
{
	for (uint32_t i = 0; i < c->nr; i++) {
		const struct tr_plan *other = calls[c->at[i].call];
		if (c->at[i].call == call || !may_share(calls[call], target, other, c->at[i].target) ||
		    (same && !same_request(calls[call], target, other, c->at[i].target)))
			return false;
	}
	return c->nr < TR_MAX_TOGETHER;
}

uint32_t tr_plan_columns(const struct tr_plan *const *calls, uint32_t nr_calls, bool apart,
			 struct tr_column columns[TR_MAX_TARGETS])
{
	uint32_t nr = 0;

	for (uint32_t c = 0; c < nr_calls; c++)
		for (uint32_t t = 0; t < calls[c]->nr_targets; t++) {
			uint32_t at = 0;
			while (at < nr && !fits(calls, &columns[at], c, t, true))
				at++;
			for (at = at < nr || apart ? at : 0; at < nr && !fits(calls, &columns[at], c, t, false);)
				at++;
			if (at == TR_MAX_TARGETS)
				continue;
			if (at == nr)
				columns[nr++].nr = 0;
			columns[at].at[columns[at].nr].call = c;
			columns[at].at[columns[at].nr++].target = t;
		}
	return nr;
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

static uint32_t holds_each(uint32_t nr_columns)
{
	return nr_columns ? (TR_ROUND_HOLDS + nr_columns - 1) / nr_columns : 0;
}

uint32_t tr_plan_round_steps(uint32_t nr_columns)
{
	return nr_columns * holds_each(nr_columns) + 1;
}

uint32_t tr_plan_round(uint32_t nr_columns, uint32_t round, uint64_t seed,
		       struct tr_step steps[TR_MAX_ROUND])
{
	uint64_t state = seed ^ (uint64_t)(round + 1) << 32;
	uint32_t each = holds_each(nr_columns), nr = 0;

	for (uint32_t t = 0; t < nr_columns; t++)
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
