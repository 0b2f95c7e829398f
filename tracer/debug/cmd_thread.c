/* threads, thread, hold, release, only, cancel, sems, parts, why, verdict. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"
#include "tracer/verdict/verdict.h"

/* "512 ms", "1.20 s" */
static const char *duration(int64_t ns, char buf[32])
{
	if (ns < 1000000)
		snprintf(buf, 32, "%" PRId64 " us", ns / 1000);
	else if (ns < 1000000000)
		snprintf(buf, 32, "%" PRId64 " ms", ns / 1000000);
	else
		snprintf(buf, 32, "%.2f s", (double)ns / 1e9);
	return buf;
}

/* ---- threads */

static void doing(struct tr_session *s, const struct tr_thread_state *t, char *buf, size_t cap)
{
	enum tr_activity activity = tr_thread_activity(t);
	size_t at = (size_t)snprintf(buf, cap, "%s", tr_activity_name(activity));
	if (activity == TR_WAITING && t->object != TR_NONE)
		at += (size_t)snprintf(buf + at, cap - at, " for %s",
				       tr_log_object(s->log, t->object)->name);
	if (activity == TR_WAITING && t->on_thread != TR_NONE)
		at += (size_t)snprintf(buf + at, cap - at, " for the end of %s",
				       tr_session_thread_name(s, t->on_thread));
	if (t->part && at < cap)
		snprintf(buf + at, cap - at, ", part %u", t->part);
}

/* Who could wake it: the next of its chain. */
static void waker(struct tr_session *s, uint32_t thread, char *buf, size_t cap)
{
	struct tr_waiting *list = NULL;
	struct xf_error err = XF_ERROR_INIT;
	uint32_t nr = 0, circle;
	*buf = '\0';
	if (tr_thread_activity(&s->state->threads[thread]) == TR_WAITING &&
	    tr_waiting_chain(s->log, s->state, thread, &list, &nr, &circle, &err) == XF_OK && nr &&
	    list[0].on_thread != TR_NONE)
		snprintf(buf, cap, "  %s could wake it", tr_session_thread_name(s, list[0].on_thread));
	free(list);
}

/* A thread that stands at a gate has its event said, as it is about to go on from there. */
static void gate_of(struct tr_session *s, uint32_t thread, char *buf, size_t cap)
{
	struct tr_point p;
	*buf = '\0';
	if (s->live && tr_run_point(s->run, tr_log_thread(s->log, thread)->number, &p))
		snprintf(buf, cap, "  stopped %s %s", p.before ? "before" : "after",
			 xf_kind_info(p.record.kind)->name);
}

static void show_thread(struct tr_session *s, uint32_t i)
{
	const struct tr_thread_state *t = &s->state->threads[i];
	char what[160], since[32] = "", wakes[96], gate[96];
	doing(s, t, what, sizeof(what));
	waker(s, i, wakes, sizeof(wakes));
	gate_of(s, i, gate, sizeof(gate));
	if (tr_thread_activity(t) != TR_ENDED)
		duration(s->state->t_ns - t->since_ns, since);
	tr_say(s, *since ? "%c %2u %-12s %-32s %8s%s%s\n" : "%c %2u %-12s %s%s%s%s\n", i == s->thread ? '*' : ' ', i,
	       tr_session_thread_name(s, i), what, since, wakes, gate);
}

void tr_cmd_threads(struct tr_session *s, const char *argument)
{
	(void)argument;
	for (uint32_t i = 0; s->state && i < s->state->nr_threads; i++)
		show_thread(s, i);
}

static bool find_thread(struct tr_session *s, const char *text, uint32_t *out)
{
	*out = tr_session_thread(s, text);
	if (*out != TR_NONE && s->log)
		return true;
	tr_complain(s, "no thread '%s' (see 'threads')", text);
	return false;
}

void tr_cmd_thread(struct tr_session *s, const char *argument)
{
	uint32_t thread;
	if (!find_thread(s, argument, &thread))
		return;
	s->thread = thread;
	s->frame = 0;
	s->list_next = 0;
	tr_session_header(s);
}

/* ---- holds */

static bool parse_duration(const char *text, uint64_t *ns)
{
	char unit[8] = "";
	double n;
	char rest;
	int got = sscanf(text, "%lf%7[a-z]%c", &n, unit, &rest);
	double factor = !*unit || strcmp(unit, "s") == 0 ? 1e9 : strcmp(unit, "ms") == 0 ? 1e6
			: strcmp(unit, "us") == 0 ? 1e3 : strcmp(unit, "m") == 0 ? 60e9 : 0;
	*ns = factor > 0 && got >= 1 && got <= 2 && n > 0 && n < 1e6 ? (uint64_t)(n * factor) : 0;
	return *ns != 0;
}

/* "3", "request-1", "part 3", each with a duration behind. */
static bool parse_keep(struct tr_session *s, const char *argument, struct tr_keep *keep)
{
	char first[64] = "", second[64] = "", third[64] = "";
	int n = sscanf(argument, "%63s %63s %63s", first, second, third);
	bool part = strcmp(first, "part") == 0;
	const char *limit = part ? third : second;
	*keep = (struct tr_keep){ .thread = UINT32_MAX };
	if (part) {
		keep->part = (uint32_t)strtoul(second, NULL, 10);
		if (!keep->part)
			tr_complain(s, "hold part needs a number, as in: hold part 3");
	} else {
		uint32_t thread;
		if (!find_thread(s, n > 0 ? first : "", &thread))
			return false;
		keep->thread = tr_log_thread(s->log, thread)->number;
	}
	if (*limit && !parse_duration(limit, &keep->limit_ns)) {
		tr_complain(s, "'%s' is no duration: 500ms, 2s", limit);
		return false;
	}
	return keep->part || keep->thread != UINT32_MAX;
}

static bool need_live(struct tr_session *s)
{
	if (s->live && !s->over && tr_run_alive(s->run))
		return true;
	tr_complain(s, s->over ? "The run is over." : "This is the recording: 'c' goes on to where the run stands.");
	return false;
}

static const char *keep_text(struct tr_session *s, const struct tr_keep *k, char *buf, size_t cap)
{
	char limit[32], time[48] = "";
	if (k->limit_ns)
		snprintf(time, sizeof(time), " for %s", duration((int64_t)k->limit_ns, limit));
	if (k->thread == UINT32_MAX)
		snprintf(buf, cap, "part %u%s", k->part, time);
	else
		snprintf(buf, cap, "%s%s%s", k->others ? "every thread but " : "",
			 tr_session_thread_name(s, tr_log_thread_find(s->log, k->thread)), time);
	return buf;
}

static void list_holds(struct tr_session *s)
{
	struct tr_keep keep;
	char text[160];
	for (unsigned i = 0; tr_run_keep(s->run, i, &keep); i++)
		tr_say(s, "Hold %u: %s%s\n", keep.id, keep_text(s, &keep, text, sizeof(text)),
		       keep.holding ? ", held now" : ", not reached yet");
	if (!tr_run_keep(s->run, 0, &keep))
		tr_say(s, "Nothing is held.\n");
}

static void hold(struct tr_session *s, const struct tr_keep *keep)
{
	char text[160];
	uint32_t id = tr_run_hold(s->run, keep);
	if (id)
		tr_say(s, "Hold %u: %s\n", id, keep_text(s, keep, text, sizeof(text)));
	else
		tr_complain(s, "too many holds");
}

void tr_cmd_hold(struct tr_session *s, const char *argument)
{
	struct tr_keep keep;
	if (!*argument)
		list_holds(s);
	else if (need_live(s) && parse_keep(s, argument, &keep))
		hold(s, &keep);
}

void tr_cmd_release(struct tr_session *s, const char *argument)
{
	struct tr_keep keep = { .thread = UINT32_MAX };
	if (!need_live(s) || (*argument && strcmp(argument, "all") != 0 && !parse_keep(s, argument, &keep)))
		return;
	unsigned nr = tr_run_release(s->run, keep.thread, keep.part, 0);
	if (nr)
		tr_say(s, "Released %u hold%s.\n", nr, nr == 1 ? "" : "s");
	else
		tr_complain(s, "nothing of the kind is held");
}

void tr_cmd_only(struct tr_session *s, const char *argument)
{
	struct tr_keep keep = { .others = true };
	uint32_t thread;
	if (!need_live(s) || !find_thread(s, argument, &thread))
		return;
	keep.thread = tr_log_thread(s->log, thread)->number;
	hold(s, &keep);
}

void tr_cmd_cancel(struct tr_session *s, const char *argument)
{
	if (!need_live(s))
		return;
	if (s->target->cancel && s->target->cancel(s->target->ctx, *argument ? argument : "cancelled at the prompt"))
		tr_say(s, "Cancelled; from here on it drains.\n");
	else
		tr_complain(s, "nothing has been handed over yet");
}

/* ---- what there is */

void tr_cmd_sems(struct tr_session *s, const char *argument)
{
	char wait[32];
	(void)argument;
	if (s->state)
		tr_say(s, "%-20s %-7s %8s %9s %8s %6s %10s\n", "name", "class", "value", "capacity", "waiting",
		       "waits", "waited");
	for (uint32_t i = 0; s->state && i < s->state->nr_objects; i++) {
		const struct tr_object *o = tr_log_object(s->log, i);
		const struct tr_object_state *t = &s->state->objects[i];
		if (o->init != XF_EV_sem_init || !t->alive)
			continue;
		tr_say(s, "%-20s %-7s %8" PRId64 " %9" PRId64 " %8u %6" PRIu64 " %10s\n", o->name,
		       xf_class_name(o->class), t->value, o->capacity, t->waiters, t->waits,
		       duration(t->wait_ns, wait));
	}
}

static void show_part(struct tr_session *s, const struct tr_part_state *p)
{
	char took[32] = "-";
	int64_t end = p->end_ns >= 0 ? p->end_ns : s->state->t_ns;
	if (p->start_ns >= 0)
		duration(end - p->start_ns, took);
	tr_say(s, "%5u %-10s %-12s %8u %12" PRIu64 " %10s%s\n", p->number, tr_part_phase_name(p->phase),
	       p->thread != TR_NONE ? tr_session_thread_name(s, p->thread) : "-", p->attempts, p->bytes, took,
	       p->held ? "  held" : "");
}

void tr_cmd_parts(struct tr_session *s, const char *argument)
{
	(void)argument;
	if (!s->state || !s->state->nr_parts) {
		tr_complain(s, "no part has been queued yet");
		return;
	}
	tr_say(s, "%5s %-10s %-12s %8s %12s %10s\n", "part", "state", "thread", "attempts", "bytes", "took");
	for (uint32_t i = 0; i < s->state->nr_parts; i++)
		show_part(s, &s->state->parts[i]);
}

/* The source line at which a thread waits. */
static void show_line(struct tr_session *s, uint32_t event)
{
	char text[256];
	if (event == TR_NONE)
		return;
	struct tr_event e = tr_log_event(s->log, event);
	struct tr_site site = tr_event_site(s->log, &e);
	const struct tr_source *source = tr_source_find(site.file);
	if (source)
		tr_say(s, "    %s(%u)%s()\n    -> %s\n", site.file, site.line, site.function,
		       tr_source_text(source, site.line, text, sizeof(text)));
}

static void why_not_waiting(struct tr_session *s, uint32_t thread)
{
	char what[160], gate[96];
	doing(s, &s->state->threads[thread], what, sizeof(what));
	gate_of(s, thread, gate, sizeof(gate));
	tr_say(s, "%s does not wait: %s%s\n", tr_session_thread_name(s, thread), what, gate);
}

void tr_cmd_why(struct tr_session *s, const char *argument)
{
	struct tr_waiting *list = NULL;
	struct xf_error err = XF_ERROR_INIT;
	uint32_t thread, nr = 0, circle = TR_NONE;
	if (!find_thread(s, argument, &thread) || !s->state || thread >= s->state->nr_threads)
		return;
	enum tr_activity activity = tr_thread_activity(&s->state->threads[thread]);
	if (activity == TR_RUNNING || activity == TR_ENDED ||
	    tr_waiting_chain(s->log, s->state, thread, &list, &nr, &circle, &err) != XF_OK || !nr)
		why_not_waiting(s, thread);
	for (uint32_t i = 0; i < nr; i++) {
		tr_say(s, "%s\n", list[i].text);
		show_line(s, list[i].event);
	}
	if (circle != TR_NONE)
		tr_say(s, "That is a circle: a deadlock.\n");
	free(list);
}

/* Which of the call's work the caller knows to be over by now: what it would need at its return. */
static void missing(struct tr_session *s, const struct tr_verdicts *all, const struct tr_verdict *v)
{
	uint32_t thread = tr_log_call(s->log, v->call)->thread, known = 0, over = 0;
	struct tr_clock clock;
	if (!tr_clock_init(&clock, tr_log_nr_threads(s->log)))
		return;
	tr_order_past(all->order, tr_log_thread(s->log, thread)->last, &clock, NULL, NULL);
	for (uint32_t i = 0; i < v->nr_items; i++) {
		uint32_t end = v->items[i].end;
		over += end != TR_NONE;
		known += end != TR_NONE && tr_clock_knows(&clock, tr_log_thread_of(s->log, end), end);
	}
	tr_say(s, "Not returned yet. Pieces of work so far: %u; over: %u; known to %s where it stands now,\n"
		  "by signals: %u. For a proof it has to be all of them, at the return.\n",
	       v->nr_items, over, tr_session_thread_name(s, thread), known);
	tr_clock_fini(&clock);
}

static void show_verdict(struct tr_session *s, const struct tr_verdicts *all, const struct tr_verdict *v)
{
	char text[512];
	bool live = !s->over; /* also while one looks at its past: what has not returned may do so yet */
	if (live && v->call == TR_NONE) {
		tr_say(s, "The call has not been made yet.\n");
		return;
	}
	if (live && v->answer == TR_NOT_RETURNED) {
		missing(s, all, v);
		return;
	}
	tr_say(s, "%s: %s\n", tr_answer_heading(v->answer, v->basis),
	       tr_verdict_sentence(s->log, all, v, text, sizeof(text)));
	if (*v->reason && !strstr(text, v->reason))
		tr_say(s, "%s\n", v->reason);
}

void tr_cmd_verdict(struct tr_session *s, const char *argument)
{
	struct tr_verdicts all;
	struct xf_error err = XF_ERROR_INIT;
	(void)argument;
	if (!s->log || tr_verdicts_compute(s->log, &all, &err) != XF_OK) {
		tr_complain(s, "there is nothing to judge yet");
		return;
	}
	for (uint32_t i = 0; i < all.nr; i++)
		show_verdict(s, &all, &all.list[i]);
	if (!s->live)
		tr_say(s, "(Judged by the whole recording, not up to here.)\n");
	tr_verdicts_fini(&all);
}
