/*
 * alarm: timers that send a signal to a process that waits. They are its limit, though no wait of it says so:
 * `timeout 60 CMD`, alarm() and setitimer() around an upload.
 *
 * One that is to come while a wait ends (or the upload itself, on that thread) might have ended it, had it taken longer. Where
 * nobody handles the signal, or the program is timeout(1), that is certain; but a call that would end with its own process would not
 * have returned. One that came before did not end the wait, nor did one that was stopped.
 */
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/judge.h"

/* ---- what a trace tells of them */

/* The setting of a timer, or its stopping. ORDER judge's timers. */
struct alarm {
	uint32_t set, until;     /* events: until it is set anew, or stopped; TR_NONE: neither */
	uint32_t older;          /* the last before it, of another timer, that was to come then; TR_NONE */
	uint32_t pid;
	uint64_t limit_ns;       /* 0: it stops one */
	int64_t due_ns;
	bool deadly, of_timeout;
};

static uint32_t pid_of(const struct tr_log *log, uint32_t event)
{
	return tr_log_thread(log, tr_log_thread_of(log, event))->pid;
}

static bool is_to_come(const struct tr_log *log, const struct alarm *a, uint32_t event)
{
	return a->set < event && event < a->until && tr_log_time(log, event) < a->due_ns;
}

/* A process_start or exec: "timeout 60" for one. */
static bool begins_timeout(const struct tr_log *log, uint32_t event)
{
	struct tr_event e = tr_log_event(log, event);
	const char *command = tr_log_text(log, e.process, e.kind == XF_EV_exec ? TR_PAYLOAD(&e, exec)->command
										: TR_PAYLOAD(&e, process_start)->command);
	size_t len = strcspn(command, " ");
	return (len == 7 || (len > 7 && command[len - 8] == '/')) && memcmp(command + len - 7, "timeout", 7) == 0;
}

/* running: (pid, timer) → the last. False: no memory. */
static bool learn_alarm(struct judge *j, uint32_t n, struct tr_map *running, bool of_timeout)
{
	struct tr_event e = tr_log_event(j->log, j->timers[n]);
	const struct xf_ev_timer *p = TR_PAYLOAD(&e, timer);
	struct alarm *a = &j->alarms[n];
	uint32_t older = n ? n - 1 : TR_NONE;
	*a = (struct alarm){ e.index, TR_NONE, TR_NONE, pid_of(j->log, e.index), p->due_ns, e.t_ns + (int64_t)p->due_ns,
			     p->deadly, of_timeout };
	uint32_t before = tr_map_get(running, tr_pair(a->pid, p->timer));
	if (before != TR_MAP_NONE)
		j->alarms[before].until = e.index;
	while (older != TR_NONE && !is_to_come(j->log, &j->alarms[older], e.index))
		older = j->alarms[older].older;
	a->older = older;
	return tr_map_set(running, tr_pair(a->pid, p->timer), n);
}

/* Once, and only where there are any: one pass over the events. False: there are none, or no memory. */
static bool learn_alarms(struct judge *j)
{
	struct tr_map running = { 0 }, timeouts = { 0 };
	if (j->alarms || !j->nr_timers)
		return j->alarms;
	j->alarms = calloc(j->nr_timers, sizeof(*j->alarms));
	bool ok = j->alarms;
	for (uint32_t i = 0, n = 0; ok && n < j->nr_timers; i++) {
		enum xf_kind kind = tr_log_kind(j->log, i);
		if (kind == XF_EV_process_start || kind == XF_EV_exec)
			ok = tr_map_set(&timeouts, pid_of(j->log, i), begins_timeout(j->log, i));
		else if (kind == XF_EV_timer)
			ok = learn_alarm(j, n++, &running, tr_map_get(&timeouts, pid_of(j->log, i)) == 1);
	}
	tr_map_fini(&running);
	tr_map_fini(&timeouts);
	j->failed = j->failed || !ok;
	return ok;
}

/* ---- those that a call has to do with */

/* Looks for the one that says most: the shortest limit that is certain, or of the others the one due last. */
struct search {
	struct judge *j;
	const struct tr_verdict *v;
	const struct tr_call *call;
	struct tr_clock clock;
	bool certain;
	uint64_t best;           /* so far; 0: none */
	uint32_t from, to;       /* the alarms that are looked at now */
};

/* Its limit, or how long behind the call's begin it was due. */
static uint64_t value_of(const struct search *s, const struct alarm *a)
{
	return s->certain ? a->limit_ns : (uint64_t)(a->due_ns - s->v->enter_ns);
}

/* The call would have returned at it; else its process would have ended, or nobody knows. */
static bool is_certain(const struct alarm *a)
{
	return a->deadly || a->of_timeout;
}

static bool ends_the_call_itself(const struct search *s, const struct alarm *a)
{
	return a->deadly && !tr_call_is_process(s->call) && pid_of(s->j->log, s->call->enter) == a->pid;
}

static bool is_wanted(const struct search *s, const struct alarm *a)
{
	bool runs = a->limit_ns && a->set < s->call->ret && a->until > s->call->enter && a->due_ns > s->v->enter_ns;
	bool better = !s->best || (s->certain ? value_of(s, a) < s->best : value_of(s, a) > s->best);
	return runs && better && is_certain(a) == s->certain && !ends_the_call_itself(s, a);
}

/* The last that was set before that event; TR_NONE. */
static uint32_t last_before(const struct judge *j, uint32_t event)
{
	uint32_t from = 0, to = j->nr_timers;
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (j->timers[middle] < event)
			from = middle + 1;
		else
			to = middle;
	}
	return from ? from - 1 : TR_NONE;
}

/* A signal goes to the main thread, if that does not refuse it. */
static bool is_met_by(const struct search *s, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(s->j->log, event);
	const struct tr_thread *t = tr_log_thread(s->j->log, thread);
	if (event <= s->call->enter || (thread != s->call->thread && strcmp(t->name, "main") != 0))
		return false;
	for (uint32_t n = last_before(s->j, event); n != TR_NONE && n >= s->from; n = s->j->alarms[n].older) {
		const struct alarm *a = &s->j->alarms[n];
		if (n < s->to && a->pid == t->pid && is_wanted(s, a) && is_to_come(s->j->log, a, event))
			return true;
	}
	return false;
}

static bool but_for_them(const void *ctx, const struct tr_edge *edge)
{
	bool waits = edge->kind != TR_EDGE_START && edge->kind != TR_EDGE_FORK && edge->kind != TR_EDGE_DATA;
	return !waits || !is_met_by(ctx, edge->to);
}

static bool any_wanted(const struct search *s)
{
	for (uint32_t n = s->from; n < s->to; n++)
		if (is_wanted(s, &s->j->alarms[n]))
			return true;
	return false;
}

static bool matter(struct search *s)
{
	if (!any_wanted(s))
		return false;
	tr_order_past(s->j->order, s->call->ret, &s->clock, but_for_them, s);
	for (uint32_t i = 0; i < s->v->nr_items; i++) {
		uint32_t end = s->v->items[i].end;
		if (is_met_by(s, end) || !tr_clock_knows(&s->clock, tr_log_thread_of(s->j->log, end), end))
			return true;
	}
	return false;
}

/* Where all of them together change nothing, none of them does: a program may set one for each of thousands of waits. */
static void search(struct search *s, uint32_t from, uint32_t to)
{
	uint32_t middle = from + (to - from) / 2;
	s->from = from;
	s->to = to;
	if (!matter(s))
		return;
	if (to - from == 1) {
		s->best = value_of(s, &s->j->alarms[from]);
		return;
	}
	search(s, middle, to);
	search(s, from, middle);
}

static uint64_t best_of(struct judge *j, const struct tr_verdict *v, const struct tr_call *c, bool certain)
{
	struct search s = { .j = j, .v = v, .call = c, .certain = certain };
	if (!learn_alarms(j))
		return 0;
	if (!tr_clock_init(&s.clock, tr_log_nr_threads(j->log))) {
		j->failed = true;
		return 0;
	}
	search(&s, 0, j->nr_timers);
	tr_clock_fini(&s.clock);
	return s.best;
}

uint64_t tr_judge_alarm_limit(struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	return best_of(j, v, c, true);
}

uint64_t tr_judge_alarm_hinge(struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	return best_of(j, v, c, false);
}
