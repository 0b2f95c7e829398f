/*
 * gate: holds the thread that has just begun the request a hold asks for.
 *
 * wire.c passes the gate while it works on a connection, under a lock of ours,
 * where nobody may be held: the policy only notes the hold, and the wrapper
 * waits when it has let go of everything. The thread stands then between the
 * request's head and its body.
 */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/probe/probe.h"

enum { LOOK_EVERY_NS = 1000000 };

struct wanted {
	struct tr_control_hold *hold;
	uint32_t request, transfer, part, op;
};

static __thread struct wanted wanted __attribute__((tls_model("initial-exec")));

/* Is that transfer's object the one that a hold is for? */
static bool is_about(const struct tr_control_hold *h, uint32_t transfer)
{
	const struct tr_control_object *o = &probe_control->objects[transfer % TR_NR_OBJECTS];

	return !h->object || (o->transfer == transfer && !(atomic_load(&o->sequence) & 1) &&
			      tr_ids_object(o->bucket, o->key) == h->object);
}

static bool fits(const struct tr_control_hold *h, uint32_t op, uint32_t part)
{
	return atomic_load_explicit(&h->state, memory_order_acquire) == TR_HOLD_ARMED &&
	       h->where == TR_HOLD_GATE && (h->op == XF_OP_NONE || h->op == op) &&
	       (h->part == 0 || h->part == part);
}

static bool is_upload(uint32_t op)
{
	return op == XF_OP_PUT_OBJECT || op == XF_OP_UPLOAD_PART ||
	       op == XF_OP_CREATE_MULTIPART_UPLOAD || op == XF_OP_COMPLETE_MULTIPART_UPLOAD;
}

static void pass(void *unused, const struct xf_gate_point *point)
{
	struct xf_ev_request_start r;

	(void)unused;
	if (point->before || point->record->kind != XF_EV_request_start || wanted.hold)
		return;
	memcpy(&r, point->record->payload, sizeof(r));
	for (int i = 0; i < TR_NR_HOLDS && is_upload(r.op); i++) {
		struct tr_control_hold *h = &probe_control->holds[i];
		uint32_t part = r.op == XF_OP_PUT_OBJECT ? 1 : r.part, armed = TR_HOLD_ARMED;
		if (!fits(h, r.op, part) || !is_about(h, r.transfer) ||
		    !atomic_compare_exchange_strong(&h->state, &armed, TR_HOLD_HELD))
			continue;
		wanted = (struct wanted){ h, r.request, r.transfer, part, r.op };
		return;
	}
}

static const struct xf_gate_policy policy = { .pass = pass };

void probe_gate_init(void)
{
	xf_gate_install(&policy);
}

static bool is_over(const struct tr_control_hold *h, uint64_t begin_ns)
{
	return atomic_load(&h->release) ||
	       (h->hold_ns && xf_clock_mono_ns() - begin_ns >= h->hold_ns);
}

/* Signals are the program's: one that comes runs its handler, and the hold goes on. */
static void wait_out(const struct tr_control_hold *h, uint64_t begin_ns)
{
	const struct timespec look = { .tv_nsec = LOOK_EVERY_NS };

	while (!is_over(h, begin_ns))
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &look, NULL);
}

static void say_held(const struct wanted *w)
{
	PROBE_EMIT(held, .hold = w->hold->id, .transfer = w->transfer, .part = w->part,
		   .thread = xf_thread_number(), .op = (uint8_t)w->op);
}

/* The hold stands ready for the next request while `times` has some left; 0 at first: for every one. */
static void let_go(const struct wanted *w, uint64_t begin_ns)
{
	struct tr_control_hold *h = w->hold;
	uint64_t end_ns = xf_clock_mono_ns();
	bool again = !atomic_load(&h->release) && (h->times == 0 || --h->times > 0);

	PROBE_EMIT(released, .hold = h->id, .transfer = w->transfer, .part = w->part,
		   .held_ns = end_ns - begin_ns);
	atomic_store(&h->end_ns, end_ns);
	atomic_store_explicit(&h->state, again ? TR_HOLD_ARMED : TR_HOLD_RELEASED,
			      memory_order_release);
}

void probe_gate_wait(void)
{
	struct wanted w = wanted;
	uint64_t begin_ns;
	int saved = errno;

	if (__builtin_expect(!w.hold, 1))
		return;
	wanted.hold = NULL;
	begin_ns = xf_clock_mono_ns();
	atomic_store(&w.hold->request, w.request);
	atomic_store(&w.hold->held_part, w.part);
	atomic_store(&w.hold->begin_ns, begin_ns);
	PROBE(say_held(&w));
	wait_out(w.hold, begin_ns);
	PROBE(let_go(&w, begin_ns));
	errno = saved;
}
