/* hold: what was kept back of the call's work, and whether the call came back all the same. */
#include "tracer/trace/map.h"
#include "tracer/verdict/judge.h"

/* Index of the call's transfer that an event of that process means by this number; TR_NONE. */
static uint32_t own_transfer(const struct judge *j, const struct tr_verdict *v, uint32_t process, uint32_t id)
{
	uint32_t t = tr_state_transfer(j->all->model, j->s, process, id);
	for (uint32_t i = 0; i < v->nr_transfers; i++)
		/* the relay, process 0, holds what a probe in another process has numbered: one count for all */
		if (v->transfers[i] == t || (!process && j->s->transfers[v->transfers[i]].id == id))
			return v->transfers[i];
	return TR_NONE;
}

/* The end of a hold: released or evaded, after it began. */
static void find_hold_end(const struct judge *j, struct tr_hold *hold, uint32_t process)
{
	for (uint32_t i = 0; i < j->nr_ends; i++) {
		struct tr_event e = tr_log_event(j->log, j->ends[i]);
		bool released = e.kind == XF_EV_released;
		uint32_t id = released ? TR_PAYLOAD(&e, released)->hold : TR_PAYLOAD(&e, hold_evaded)->hold;
		if (id != hold->hold || e.process != process || e.index < hold->held)
			continue;
		if (!released) {
			hold->evaded = true;
			hold->evaded_at = e.index;
		} else if (hold->released == TR_NONE) {
			hold->released = e.index;
			hold->hold_ns = TR_PAYLOAD(&e, released)->held_ns;
		}
	}
}

void tr_judge_gather_holds(struct judge *j, struct tr_verdict *v)
{
	uint32_t cap = 0;
	for (uint32_t i = 0; i < j->nr_holds; i++) {
		struct tr_event e = tr_log_event(j->log, j->holds[i]);
		const struct xf_ev_held *h = TR_PAYLOAD(&e, held);
		uint32_t own = own_transfer(j, v, e.process, h->transfer);
		if (own == TR_NONE)
			continue;
		if (!tr_grow(&v->holds, v->nr_holds, &cap, sizeof(*v->holds))) {
			j->failed = true;
			return;
		}
		struct tr_hold *hold = &v->holds[v->nr_holds++];
		*hold = (struct tr_hold){ .hold = h->hold, .transfer = h->transfer, .part = h->part,
			.held = e.index, .released = TR_NONE, .evaded_at = TR_NONE,
			.key = tr_log_text(j->log, j->s->transfers[own].process, j->s->transfers[own].key),
			.return_ns = v->return_ns < 0 ? -1 : v->return_ns - v->enter_ns };
		find_hold_end(j, hold, e.process);
	}
}

/* The call came back while work of it was held, on another thread: it had not waited for that. */
const struct tr_hold *tr_judge_outrun_hold(const struct judge *j, const struct tr_verdict *v,
					 const struct tr_call *c)
{
	for (uint32_t i = 0; i < v->nr_holds; i++) {
		const struct tr_hold *h = &v->holds[i];
		struct tr_event e = tr_log_event(j->log, h->held);
		/* the relay holds bytes, not a thread: then it is the connection's own */
		uint32_t number = TR_PAYLOAD(&e, held)->thread;
		uint32_t held = number ? tr_log_thread_find(j->log, number) : e.thread;
		if (!h->evaded && h->held > c->enter && h->held < c->ret && held != c->thread &&
		    (h->released == TR_NONE || h->released > c->ret))
			return h;
	}
	return NULL;
}

bool tr_verdict_any_evaded(const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_holds; i++)
		if (v->holds[i].evaded)
			return true;
	return false;
}
