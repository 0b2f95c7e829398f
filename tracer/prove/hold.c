#include "tracer/prove/hold.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/event/gate.h"

/* ---- as it is asked for */

uint32_t tr_wanted_of(const struct tr_target *target, const struct tr_wanted *like, uint32_t room, struct tr_wanted *list)
{
	uint32_t nr = target->kind == TR_TARGET_EARLY ? target->part : 1;

	nr = nr < room ? nr : room;
	for (uint32_t i = 0; i < nr; i++) {
		list[i] = *like;
		list[i].op = target->kind == TR_TARGET_COMPLETE ? XF_OP_COMPLETE_MULTIPART_UPLOAD :
			     target->kind == TR_TARGET_PUT	? XF_OP_PUT_OBJECT :
								  XF_OP_UPLOAD_PART;
		list[i].part = target->kind == TR_TARGET_EARLY ? i + 1 : target->part;
	}
	return nr;
}

const char *tr_wanted_text(const struct tr_wanted *w, char buf[TR_WANTED_TEXT])
{
	snprintf(buf, TR_WANTED_TEXT, "%u:%" PRIu32 ":%" PRIu32 ":%" PRIu64 ":%" PRIx64 ":%" PRIu32 ":%u", (unsigned)w->op,
		 w->part, w->times, w->hold_ns, w->object, w->transfer, w->gate);
	return buf;
}

enum xf_status tr_wanted_parse(const char *text, struct tr_wanted *w, struct xf_error *err)
{
	unsigned op, gate;
	int end = 0;

	if (sscanf(text, "%u:%" SCNu32 ":%" SCNu32 ":%" SCNu64 ":%" SCNx64 ":%" SCNu32 ":%u%n", &op, &w->part, &w->times,
		   &w->hold_ns, &w->object, &w->transfer, &gate, &end) != 7 || text[end] || op >= XF_OP_COUNT)
		return xf_fail(err, XF_INVALID, "'%.40s' is no hold", text);
	w->op = (enum xf_op)op;
	w->gate = gate;
	return XF_OK;
}

struct tr_control_hold tr_wanted_for_relay(const struct tr_wanted *w)
{
	/* there 0 ns means: until it is released */
	return (struct tr_control_hold){ .where = w->gate ? TR_HOLD_GATE : TR_HOLD_RESPONSE, .op = w->op,
					 .object = w->object, .part = w->part,
					 .times = w->times ? w->times : 1, .hold_ns = w->hold_ns ? w->hold_ns : 1 };
}

/* ---- the policy */

static struct {
	struct tr_wanted list[TR_MAX_WANTED]; /* set before the policy is installed */
	uint32_t nr;
	uint32_t caller;
	_Atomic uint32_t numbers;
	_Atomic bool over;
} gate;

/* What of it stands at the gate: operation, transfer and part; false: nothing that is ever held. */
static bool at_gate(const struct xf_gate_point *p, enum xf_op *op, uint32_t *transfer, uint32_t *part)
{
	if (p->before)
		return false;
	if (p->record->kind == XF_EV_part_sent) {
		const struct xf_ev_part_sent *e = (const void *)p->record->payload;
		*op = XF_OP_UPLOAD_PART;
		*transfer = e->transfer;
		*part = e->part;
		return e->attempt <= 1;
	}
	if (p->record->kind == XF_EV_request_start) {
		const struct xf_ev_request_start *e = (const void *)p->record->payload;
		*op = (enum xf_op)e->op;
		*transfer = e->transfer;
		*part = e->part;
		/* an empty object has no last byte to be behind of */
		return e->attempt <= 1 && (*op == XF_OP_COMPLETE_MULTIPART_UPLOAD ||
					   (*op == XF_OP_PUT_OBJECT && !e->bytes));
	}
	return false;
}

static const struct tr_wanted *wanted(enum xf_op op, uint32_t transfer, uint32_t part)
{
	for (uint32_t i = 0; i < gate.nr; i++) {
		const struct tr_wanted *w = &gate.list[i];
		if (w->transfer != TR_NONE && w->transfer != transfer)
			continue;
		if (w->op == op && (!w->part || w->part == part))
			return w;
		/* the one request of a small object is its part 1 */
		if (w->op == XF_OP_PUT_OBJECT && op == XF_OP_UPLOAD_PART && part == 1)
			return w;
	}
	return NULL;
}

static uint64_t stay(uint64_t hold_ns)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t begin = xf_clock_mono_ns(), now = begin;

	while (now - begin < hold_ns && !atomic_load(&gate.over)) {
		struct timespec rest = { .tv_nsec = (long)(hold_ns - (now - begin)) };
		nanosleep(hold_ns - (now - begin) < 1000000 ? &rest : &pause, NULL);
		now = xf_clock_mono_ns();
	}
	return now - begin;
}

static void pass(void *ctx, const struct xf_gate_point *point)
{
	uint32_t transfer = 0, part = 0, thread = xf_thread_number(), number;
	enum xf_op op = XF_OP_NONE;
	const struct tr_wanted *w;
	uint64_t held_ns;

	(void)ctx;
	if (thread == gate.caller || atomic_load(&gate.over) || !at_gate(point, &op, &transfer, &part))
		return;
	w = wanted(op, transfer, part);
	if (!w)
		return;
	number = atomic_fetch_add(&gate.numbers, 1) + 1;
	XF_EMIT(held, .hold = number, .transfer = transfer, .part = part, .thread = thread, .op = (uint8_t)w->op);
	held_ns = stay(w->hold_ns);
	XF_EMIT(released, .hold = number, .transfer = transfer, .part = part, .held_ns = held_ns);
}

void tr_gate_hold(const struct tr_wanted *list, uint32_t nr)
{
	static const struct xf_gate_policy policy = { .pass = pass };

	gate.nr = nr < TR_MAX_WANTED ? nr : TR_MAX_WANTED;
	memcpy(gate.list, list, gate.nr * sizeof(*list));
	gate.caller = xf_thread_number();
	xf_gate_install(&policy);
}

void tr_gate_let_go(void)
{
	atomic_store(&gate.over, true);
}
