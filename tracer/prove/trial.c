#include "tracer/prove/trial.h"

#include <string.h>

const struct tr_verdict *tr_trial_find(const struct tr_log *log, const struct tr_verdicts *all,
				       const char *name, uint32_t nth)
{
	for (uint32_t i = 0; i < all->nr; i++)
		if (all->list[i].call != TR_NONE && !strcmp(tr_log_call(log, all->list[i].call)->name, name) &&
		    !nth--)
			return &all->list[i];
	return NULL;
}

/* Holds of several transfers may follow each other or overlap: together they last as long as their union. */
static uint64_t union_ns(const struct tr_log *log, const struct tr_verdict *v)
{
	uint64_t sum = 0;
	int64_t until = INT64_MIN;

	for (uint32_t i = 0; i < v->nr_holds; i++) {
		const struct tr_hold *h = &v->holds[i];
		int64_t begin = tr_log_time(log, h->held), end = begin + (int64_t)h->hold_ns;
		if (h->released == TR_NONE)
			continue;
		begin = begin > until ? begin : until;
		if (end > begin)
			sum += (uint64_t)(end - begin);
		until = end > until ? end : until;
	}
	return sum;
}

/*
 * Where the calling thread stood when the hold ended: at a lock that another thread held? Then it was late by an
 * accident of who came first, and that it was late shows nothing about waiting for the upload.
 */
static bool stood_at_lock(const struct tr_verdict *v, uint32_t released)
{
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		if (b->first < released && b->last > released)
			return !b->carries && (b->kind == TR_BARRIER_LOCK || b->kind == TR_BARRIER_SEMAPHORE);
	}
	return false;
}

/* Did something end there because so much time had gone, or may it? */
static bool runs_out(const struct tr_event *e, uint64_t least_ns)
{
	uint64_t how = 0, waited = 0;

	switch (e->kind) {
	case XF_EV_timer:
		return true;
	case XF_EV_sleep:
		return TR_PAYLOAD(e, sleep)->slept_ns >= least_ns;
	case XF_EV_poll:
		return !TR_PAYLOAD(e, poll)->ready && TR_PAYLOAD(e, poll)->waited_ns >= least_ns;
	default:
		return tr_event_field(e, "how", &how) && how == XF_HOW_TIMED_OUT && tr_event_field(e, "waited_ns", &waited) &&
		       waited >= least_ns;
	}
}

/* For most of its time it lay where only others end a wait, and no thread had a limit of any weight in that time. */
static bool is_endless(const struct tr_log *log, const struct tr_verdict *v)
{
	const struct tr_call *c = v->call == TR_NONE ? NULL : tr_log_call(log, v->call);
	uint64_t took = v->return_ns < 0 ? 0 : (uint64_t)(v->return_ns - v->enter_ns), lay = 0;

	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		lay += b->kind != TR_BARRIER_FD && b->kind != TR_BARRIER_PROCESS && !b->limit_ns ? b->wait_ns : 0;
	}
	if (!c || lay < took / 2)
		return false;
	for (uint32_t i = c->enter; i < c->ret; i++) {
		struct tr_event e = tr_log_event(log, i);
		if (runs_out(&e, took / 4))
			return false;
	}
	return true;
}

/* A gate that holds the calling thread itself makes any call late: that shows nothing. */
static bool held_the_caller(const struct tr_log *log, const struct tr_verdict *v, const struct tr_hold *h)
{
	struct tr_event e = tr_log_event(log, h->held);
	const struct tr_call *c = v->call == TR_NONE ? NULL : tr_log_call(log, v->call);

	/* the relay's holds lie on the connection; over an exec the same thread goes on as another */
	return c && (e.thread == c->thread || (c->ret != TR_NONE && e.thread == tr_log_event(log, c->ret).thread));
}

/*
 * Who holds a thread holds all that it does. One that looks after several requests, or that others wake (a loop), may be
 * needed by the caller for something else. Without a time limit of the client's no thread needs to be held.
 */
static bool held_a_loop(const struct tr_log *log, const struct tr_hold *h)
{
	uint32_t thread = tr_log_event(log, h->held).thread, open = 0;

	for (uint32_t i = tr_log_thread(log, thread)->first; i != TR_NONE; i = tr_log_step(log, i, thread, 1)) {
		enum xf_kind kind = tr_log_kind(log, i);
		open += kind == XF_EV_request_start;
		open -= kind == XF_EV_response && open;
		if (open > 1 || kind == XF_EV_fd_read)
			return true;
	}
	return false;
}

/* The client went around it while the call was still to return: what it does afterwards shows nothing of the call. */
static bool evaded_in_time(const struct tr_log *log, const struct tr_verdict *v, const struct tr_hold *h)
{
	return h->evaded && (v->return_ns < 0 || tr_log_time(log, h->evaded_at) <= v->return_ns);
}

static bool failed_in_time(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v)
{
	bool later = false;

	if (v->outcome != TR_FAILED && v->outcome != TR_CANCELLED)
		return false;
	for (uint32_t i = 0; i < v->nr_transfers; i++) {
		const struct tr_transfer_state *t = &all->final->transfers[v->transfers[i]];
		uint32_t at = t->fail_event != TR_NONE ? t->fail_event : t->abort;
		if (at == TR_NONE)
			continue;
		if (v->return_ns < 0 || tr_log_time(log, at) <= v->return_ns)
			return true;
		later = true;
	}
	return !later;
}

static void holds_read(const struct tr_log *log, const struct tr_verdict *v, struct tr_trial *t)
{
	uint32_t last = TR_NONE, first = TR_NONE;

	for (uint32_t i = 0; i < v->nr_holds; i++) {
		const struct tr_hold *h = &v->holds[i];
		bool evaded = evaded_in_time(log, v, h);
		if (held_the_caller(log, v, h) || (t->gate && held_a_loop(log, h)))
			continue;
		t->hit = true;
		t->evaded |= evaded;
		if (evaded && (!t->gave_up_ns || h->hold_ns < t->gave_up_ns))
			t->gave_up_ns = h->hold_ns;
		if (h->released != TR_NONE && (last == TR_NONE || h->released > last))
			last = h->released;
		if (h->released != TR_NONE && (first == TR_NONE || h->released < first))
			first = h->released;
	}
	if (last == TR_NONE) { /* held to the end of the trace, or never */
		t->end_ns = t->hit ? INT64_MAX : 0;
		return;
	}
	last = t->several ? first : last;
	t->held_ns = union_ns(log, v);
	t->end_ns = tr_log_time(log, last) - v->enter_ns;
	t->by_lock = stood_at_lock(v, last);
}

void tr_trial_read(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
		   struct tr_trial *t)
{
	t->return_ns = -1;
	t->seen = v && v->nr_transfers;
	if (!v)
		return;
	t->return_ns = v->return_ns < 0 ? -1 : v->return_ns - v->enter_ns;
	t->answer = v->answer;
	t->basis = v->basis;
	t->limit = v->limit;
	t->at_most_ms = v->at_most_ms;
	t->hinges_ns = v->hinges_ns;
	t->outcome = v->outcome;
	t->result = v->call == TR_NONE ? 0 : tr_log_call(log, v->call)->result;
	t->failed = failed_in_time(log, all, v);
	t->endless = is_endless(log, v);
	holds_read(log, v, t);
}
