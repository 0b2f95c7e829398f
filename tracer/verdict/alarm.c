/*
 * alarm: timers that send a signal to a process that waits. They are its limit, though no wait of it says so:
 * `timeout 60 CMD`, alarm() and setitimer() around an upload.
 *
 * One that is to come while a wait ends (or the upload itself, on that thread) might have ended it, had it taken longer. Where
 * nobody handles the signal, or the program is timeout(1), that is certain; but a call that would end with its own process would not
 * have returned. One that came before did not end the wait, nor did one that was stopped.
 */
#include <string.h>

#include "tracer/verdict/judge.h"

struct alarm {
	const struct judge *j;
	const struct tr_call *call;
	uint32_t set, until;     /* events: until it is set anew, or stopped; TR_NONE: neither */
	uint32_t pid;
	uint64_t limit_ns;
	int64_t due_ns;
	bool deadly;
};

static uint32_t pid_of(const struct tr_log *log, uint32_t event)
{
	return tr_log_thread(log, tr_log_thread_of(log, event))->pid;
}

/* False: it stops one. */
static bool alarm_of(const struct judge *j, const struct tr_call *c, uint32_t n, struct alarm *a)
{
	struct tr_event e = tr_log_event(j->log, j->timers[n]);
	const struct xf_ev_timer *p = TR_PAYLOAD(&e, timer);
	*a = (struct alarm){ j, c, e.index, TR_NONE, pid_of(j->log, e.index), p->due_ns, e.t_ns + (int64_t)p->due_ns, p->deadly };
	for (uint32_t i = n + 1; i < j->nr_timers && a->until == TR_NONE; i++) {
		struct tr_event next = tr_log_event(j->log, j->timers[i]);
		if (pid_of(j->log, next.index) == a->pid && TR_PAYLOAD(&next, timer)->timer == p->timer)
			a->until = next.index;
	}
	return p->due_ns > 0;
}

static bool is_to_come(const struct alarm *a, uint32_t event)
{
	return a->set < event && event < a->until && tr_log_time(a->j->log, event) < a->due_ns;
}

/* A signal goes to the main thread, if that does not refuse it. */
static bool is_met_by(const struct alarm *a, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(a->j->log, event);
	const struct tr_thread *t = tr_log_thread(a->j->log, thread);
	return event > a->call->enter && t->pid == a->pid && (thread == a->call->thread || strcmp(t->name, "main") == 0) && is_to_come(a, event);
}

static bool but_for_it(const void *ctx, const struct tr_edge *edge)
{
	bool waits = edge->kind != TR_EDGE_START && edge->kind != TR_EDGE_FORK && edge->kind != TR_EDGE_DATA;
	return !waits || !is_met_by(ctx, edge->to);
}

static bool matters(const struct alarm *a, const struct tr_verdict *v, struct tr_clock *clock)
{
	tr_order_past(a->j->order, a->call->ret, clock, but_for_it, a);
	for (uint32_t i = 0; i < v->nr_items; i++) {
		uint32_t end = v->items[i].end;
		if (is_met_by(a, end) || !tr_clock_knows(clock, tr_log_thread_of(a->j->log, end), end))
			return true;
	}
	return false;
}

/* The command of the process that set it, "timeout 60" for one. */
static bool is_of_timeout(const struct alarm *a)
{
	for (uint32_t i = a->set; i-- > 0;) {
		enum xf_kind kind = tr_log_kind(a->j->log, i);
		if ((kind != XF_EV_process_start && kind != XF_EV_exec) || pid_of(a->j->log, i) != a->pid)
			continue;
		struct tr_event e = tr_log_event(a->j->log, i);
		const char *command = tr_log_text(a->j->log, e.process, kind == XF_EV_exec ? TR_PAYLOAD(&e, exec)->command
											     : TR_PAYLOAD(&e, process_start)->command);
		size_t len = strcspn(command, " ");
		return (len == 7 || (len > 7 && command[len - 8] == '/')) && memcmp(command + len - 7, "timeout", 7) == 0;
	}
	return false;
}

/* The call would have returned at it; else its process would have ended, or nobody knows. */
static bool is_certain(const struct alarm *a)
{
	return a->deadly || is_of_timeout(a);
}

static bool ends_the_call_itself(const struct alarm *a)
{
	return a->deadly && !tr_call_is_process(a->call) && pid_of(a->j->log, a->call->enter) == a->pid;
}

/* The next that matters, and is certain or is not; from *n on. */
static bool next(struct judge *j, const struct tr_verdict *v, const struct tr_call *c, bool certain, uint32_t *n, struct alarm *a)
{
	struct tr_clock clock;
	bool found = false;
	if (*n == j->nr_timers)
		return false;
	if (!tr_clock_init(&clock, tr_log_nr_threads(j->log))) {
		j->failed = true;
		return false;
	}
	while (!found && *n < j->nr_timers)
		found = alarm_of(j, c, (*n)++, a) && is_certain(a) == certain && !ends_the_call_itself(a) && matters(a, v, &clock);
	tr_clock_fini(&clock);
	return found;
}

uint64_t tr_judge_alarm_limit(struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	uint64_t least = 0;
	struct alarm a;
	for (uint32_t n = 0; next(j, v, c, true, &n, &a);)
		least = !least || a.limit_ns < least ? a.limit_ns : least;
	return least;
}

uint64_t tr_judge_alarm_hinge(struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	uint64_t last = 0;
	struct alarm a;
	for (uint32_t n = 0; next(j, v, c, false, &n, &a);)
		last = (uint64_t)(a.due_ns - v->enter_ns) > last ? (uint64_t)(a.due_ns - v->enter_ns) : last;
	return last;
}
