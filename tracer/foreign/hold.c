/* hold: see hold.h. */
#include "tracer/foreign/hold.h"

#include <stddef.h>

#include "core/event/clock.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/s3wire.h"

static bool hold_fits(const struct tr_control_hold *h, const struct tr_hold_request *r)
{
	if (h->where != r->where || (h->part && h->part != r->part) || (h->object && h->object != r->object))
		return false;
	if (h->op == XF_OP_NONE)
		return tr_s3_is_upload(r->op) && (!h->part || r->part);
	return h->op == r->op;
}

/* The first strike bears the hold's own id, every further one a new one. */
static uint32_t hold_number(struct tr_control *control, const struct tr_control_hold *h, uint32_t hits)
{
	return hits == 1 ? h->id : 1000 + atomic_fetch_add(&control->nr_holds, 1);
}

static bool hold_try(struct tr_control_hold *h)
{
	uint32_t armed = TR_HOLD_ARMED;

	return atomic_compare_exchange_strong(&h->state, &armed, TR_HOLD_HELD);
}

struct tr_control_hold *tr_hold_strike(struct tr_control *control, const struct tr_hold_request *r,
				       uint32_t *id)
{
	for (unsigned i = 0; i < TR_NR_HOLDS; i++) {
		struct tr_control_hold *h = &control->holds[i];
		/* the acquire pairs with the release of whoever armed it: its fields hold */
		if (atomic_load_explicit(&h->state, memory_order_acquire) != TR_HOLD_ARMED ||
		    !hold_fits(h, r) || !hold_try(h))
			continue;
		*id = hold_number(control, h, atomic_fetch_add(&h->hits, 1) + 1);
		atomic_store(&h->request, r->request);
		atomic_store(&h->held_part, r->part);
		atomic_store(&h->evasion, TR_EVADED_NOT);
		atomic_store(&h->end_ns, 0);
		atomic_store(&h->begin_ns, xf_clock_mono_ns());
		return h;
	}
	return NULL;
}

uint64_t tr_hold_ends_at(const struct tr_control_hold *h)
{
	return h->hold_ns ? atomic_load(&h->begin_ns) + h->hold_ns : UINT64_MAX;
}

bool tr_hold_is_over(const struct tr_control_hold *h, uint64_t now_ns)
{
	return atomic_load(&h->release) || now_ns >= tr_hold_ends_at(h);
}

uint64_t tr_hold_end(struct tr_control_hold *h, enum tr_evasion evasion)
{
	uint64_t now = xf_clock_mono_ns();
	bool again = !atomic_load(&h->release) && evasion == TR_EVADED_NOT &&
		     (!h->times || atomic_load(&h->hits) < h->times);

	atomic_store(&h->evasion, evasion);
	atomic_store(&h->end_ns, now);
	atomic_store(&h->state, evasion ? TR_HOLD_EVADED : again ? TR_HOLD_ARMED : TR_HOLD_RELEASED);
	return now - atomic_load(&h->begin_ns);
}

bool tr_hold_is_repeated(const struct tr_hold_request *held, const struct tr_hold_request *r)
{
	bool known = held->request && r->request && held->transfer != (uint32_t)TR_NO_TRANSFER;
	bool same = r->transfer == held->transfer ||
		    (held->op == XF_OP_PUT_OBJECT && held->object == r->object && r->request > held->request);

	return known && same && r->request != held->request && r->op == held->op && r->part == held->part &&
	       tr_s3_is_upload(r->op);
}

bool tr_hold_any(struct tr_control *control, enum tr_hold_where where)
{
	for (unsigned i = 0; i < TR_NR_HOLDS; i++) {
		const struct tr_control_hold *h = &control->holds[i];
		uint32_t state = atomic_load_explicit(&h->state, memory_order_acquire);
		if ((state == TR_HOLD_ARMED || state == TR_HOLD_HELD) && h->where == where)
			return true;
	}
	return false;
}

const char *tr_evasion_text(enum tr_evasion evasion)
{
	/* ORDER evasions */
	static const char *const texts[] = {
		"", "the client closed the held connection", "the client sent the same part again",
		"the client's time limit passed",
	};

	return texts[evasion];
}
