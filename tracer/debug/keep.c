#include "tracer/debug/keep.h"

#include "core/event/clock.h"
#include "core/event/emit.h"
#include "core/event/gate.h"

/* ---- the table */

uint32_t tr_keeps_add(struct tr_keeps *k, const struct tr_keep *keep)
{
	if (k->nr >= TR_MAX_KEEPS)
		return 0;
	struct tr_keep *added = &k->list[k->nr++];
	*added = *keep;
	added->holding = 0;
	added->id = ++k->last_id;
	return added->id;
}

unsigned tr_keeps_remove(struct tr_keeps *k, uint32_t thread, uint32_t part, uint32_t id)
{
	unsigned nr = 0;
	for (unsigned i = k->nr; i-- > 0;) {
		const struct tr_keep *keep = &k->list[i];
		if ((thread != UINT32_MAX && keep->thread != thread) || (part && keep->part != part) ||
		    (id && keep->id != id))
			continue;
		k->list[i] = k->list[--k->nr];
		nr++;
	}
	return nr;
}

struct tr_keep *tr_keeps_for(struct tr_keeps *k, const struct tr_kept *who)
{
	for (unsigned i = 0; i < k->nr; i++) {
		struct tr_keep *keep = &k->list[i];
		if (keep->others ? keep->thread != who->thread : keep->thread == who->thread)
			return keep;
		if (keep->thread == UINT32_MAX && keep->part && keep->part == who->part &&
		    keep->transfer == who->transfer)
			return keep;
	}
	return NULL;
}

bool tr_keeps_hold(const struct tr_keeps *k)
{
	for (unsigned i = 0; i < k->nr; i++)
		if (k->list[i].holding)
			return true;
	return false;
}

bool tr_keeps_end(const struct tr_keeps *k)
{
	for (unsigned i = 0; i < k->nr; i++)
		if (k->list[i].holding && k->list[i].limit_ns)
			return true;
	return false;
}

static struct tr_keep *by_id(struct tr_keeps *k, uint32_t id)
{
	for (unsigned i = 0; i < k->nr; i++)
		if (k->list[i].id == id)
			return &k->list[i];
	return NULL;
}

/* ---- a stay */

void tr_stay_begin(struct tr_stay *stay, struct tr_keep *keep, const struct tr_kept *who)
{
	*stay = (struct tr_stay){ .id = keep->id, .since_ns = xf_clock_mono_ns(), .paused_ns = xf_gate_paused_ns(),
				  .limit_ns = keep->limit_ns, .transfer = who->transfer, .part = who->part };
	keep->holding++;
	XF_EMIT(held, .hold = keep->id, .transfer = who->transfer, .part = who->part, .thread = who->thread,
		.op = who->part ? XF_OP_UPLOAD_PART : XF_OP_NONE);
}

uint64_t tr_stay_ns(const struct tr_stay *stay)
{
	uint64_t all = xf_clock_mono_ns() - stay->since_ns;
	uint64_t stopped = xf_gate_paused_ns() - stay->paused_ns;
	return all > stopped ? all - stopped : 0;
}

void tr_stay_end(struct tr_stay *stay, struct tr_keeps *k)
{
	if (!stay->id)
		return;
	struct tr_keep *keep = by_id(k, stay->id);
	if (keep && keep->holding)
		keep->holding--;
	XF_EMIT(released, .hold = stay->id, .transfer = stay->transfer, .part = stay->part,
		.held_ns = tr_stay_ns(stay));
	stay->id = 0;
}
