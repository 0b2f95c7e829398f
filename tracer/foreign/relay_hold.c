/* relay_hold: what the relay keeps back; see relay_private.h. */
#include "tracer/foreign/relay_private.h"

#include "core/event/emit.h"
#include "tracer/foreign/ids.h"
#include "tracer/foreign/s3wire.h"

enum { RELAY_LOOK_NS = 2000000 };   /* between two looks at `release` of a hold */

static const struct tr_control_connection *conn_slot(const struct conn *c)
{
	return &c->relay->setup.control->connections[c->port % TR_NR_CONNECTIONS];
}

/* Is what stands in its slot younger than it? A process that ends leaves its claims there, and its ports to others. */
static bool conn_is_before(const struct conn *c, const struct tr_control_connection *s)
{
	return (int32_t)(atomic_load(&s->connection) - c->since) > 0;
}

/* The claimer's view of it, read whole or not at all. */
static bool slot_read(const struct conn *c, struct tr_wire_now *now)
{
	const struct tr_control_connection *s = conn_slot(c);
	uint32_t before = atomic_load(&s->sequence), flags;

	if (before & 1 || !conn_is_before(c, s) || atomic_load(&s->port) != c->port || !atomic_load(&s->pid))
		return false;
	flags = atomic_load(&s->flags);
	*now = (struct tr_wire_now){
		.request = atomic_load(&s->request), .transfer = atomic_load(&s->transfer),
		.part = atomic_load(&s->part), .object = atomic_load(&s->object),
		.op = (enum xf_op)atomic_load(&s->op),
		.sent = flags & TR_CONNECTION_SENT, .expects = flags & TR_CONNECTION_EXPECTS,
	};
	return atomic_load(&s->sequence) == before;
}

bool tr_conn_is_claimed(struct conn *c)
{
	const struct tr_control_connection *s = conn_slot(c);

	c->claimed = c->claimed || (conn_is_before(c, s) && atomic_load(&s->claimed) == c->port);
	return c->claimed;
}

/* What is under way, by our own reading or the probe's. */
static bool conn_now(const struct conn *c, struct tr_wire_now *now)
{
	if (!c->wire)
		return slot_read(c, now) && now->op != XF_OP_NONE;
	*now = tr_wire_now(c->wire);
	return now->op != XF_OP_NONE;
}

static struct tr_hold_request conn_request(const struct tr_wire_now *now)
{
	return (struct tr_hold_request){ .where = TR_HOLD_RESPONSE, .op = now->op,
					 .request = now->request, .transfer = now->transfer,
					 .part = now->part, .object = now->object };
}

/* The probe names a request before it numbers it: 0 and the number after it are the same. */
static bool conn_was_held(struct conn *c, const struct tr_hold_request *r)
{
	if (c->held.op != r->op || c->held.part != r->part)
		return false;
	if (c->held.request == r->request)
		return true;
	if (c->held.request)
		return false;
	c->held.request = r->request;
	return true;
}

bool tr_conn_leaves(const struct conn *c)
{
	const struct tr_relay_setup *s = &c->relay->setup;

	return s->leaves && s->leaves(s->ctx, c->ask.pid);
}

enum tr_evasion tr_conn_evasion(const struct conn *c)
{
	return tr_conn_leaves(c) ? TR_EVADED_NOT : TR_EVADED_CLOSED;
}

/*
 * The begin of a hold is recorded when it is known whose request is held: the probe numbers it
 * after its bytes have gone, and that may be now or in a moment. anyway: whether it is known or not.
 */
static void conn_tell_held(struct conn *c, bool anyway)
{
	struct tr_wire_now now;

	if (c->told)
		return;
	if (!c->held.request && conn_now(c, &now) && now.op == c->held.op && now.part == c->held.part) {
		c->held = conn_request(&now);
		atomic_store(&c->hold->request, now.request);
	}
	if (!c->held.request && !anyway)
		return;
	c->told = true;
	tr_conn_speak(c);
	XF_EMIT(held, .hold = c->hold_id, .transfer = c->held.transfer, .part = c->held.part,
		.op = (uint8_t)c->held.op);
	tr_conn_hush(c);
}

void tr_conn_let_go(struct conn *c, enum tr_evasion evasion)
{
	uint64_t held_ns;

	if (!c->hold)
		return;
	conn_tell_held(c, true);
	tr_loop_cancel(c->relay->setup.loop, &c->timer);
	held_ns = tr_hold_end(c->hold, evasion);
	c->hold = NULL;
	tr_conn_speak(c);
	if (evasion)
		XF_EMIT(hold_evaded, .hold = c->hold_id, .why = xf_text(tr_evasion_text(evasion)));
	XF_EMIT(released, .hold = c->hold_id, .transfer = c->held.transfer, .part = c->held.part,
		.held_ns = held_ns);
	tr_conn_hush(c);
}

/* Is what this connection's hold keeps under way on another one? Whose a request is may be known only after its bytes. */
static bool conn_is_repeated(const struct conn *c)
{
	struct tr_wire_now now;
	struct tr_hold_request r;

	for (const struct conn *o = c->relay->conns; o; o = o->next) {
		if (o == c || !conn_now(o, &now))
			continue;
		r = conn_request(&now);
		if (tr_hold_is_repeated(&c->held, &r))
			return true;
	}
	return false;
}

static void hold_look(struct tr_timer *timer)
{
	struct conn *c = (struct conn *)((char *)timer - offsetof(struct conn, timer));
	uint64_t now = xf_clock_mono_ns(), end;

	conn_tell_held(c, false);
	if (conn_is_repeated(c)) {
		tr_conn_let_go(c, TR_EVADED_REPEATED);
		tr_conn_pump(c);
		return;
	}
	if (!tr_hold_is_over(c->hold, now)) {
		end = tr_hold_ends_at(c->hold);
		tr_loop_at(c->relay->setup.loop, timer, end < now + RELAY_LOOK_NS ? end : now + RELAY_LOOK_NS);
		return;
	}
	tr_conn_let_go(c, TR_EVADED_NOT);
	tr_conn_pump(c);
}

/* Is the object there as soon as the server has had the request? */
static bool makes_object(enum xf_op op)
{
	return op == XF_OP_COMPLETE_MULTIPART_UPLOAD || op == XF_OP_PUT_OBJECT || op == XF_OP_COPY_OBJECT;
}

bool tr_conn_strikes(struct conn *c, bool up)
{
	struct tr_wire_now now;
	struct tr_hold_request r;

	if (c->hold)
		return c->holds_up == up;
	if (!conn_now(c, &now) || !now.sent || makes_object(now.op) != up)
		return false;
	r = conn_request(&now);
	if (conn_was_held(c, &r))
		return false;
	c->hold = tr_hold_strike(c->relay->setup.control, &r, &c->hold_id);
	if (!c->hold)
		return false;
	c->held = r;
	c->holds_up = up;
	c->told = false;
	conn_tell_held(c, false);
	c->timer.fire = hold_look;
	tr_loop_at(c->relay->setup.loop, &c->timer, xf_clock_mono_ns() + RELAY_LOOK_NS);
	return true;
}

static void conn_goes_on(struct tr_timer *timer)
{
	tr_conn_pump((struct conn *)((char *)timer - offsetof(struct conn, timer)));
}

void tr_conn_check_repeated(struct conn *c)
{
	struct tr_wire_now now;
	struct tr_hold_request r;

	if (!conn_now(c, &now))
		return;
	r = conn_request(&now);
	for (struct conn *o = c->relay->conns; o; o = o->next)
		if (o != c && o->hold && tr_hold_is_repeated(&o->held, &r)) {
			tr_conn_let_go(o, TR_EVADED_REPEATED);
			o->timer.fire = conn_goes_on;
			tr_loop_at(c->relay->setup.loop, &o->timer, xf_clock_mono_ns());
			return;
		}
}
