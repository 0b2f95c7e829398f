/* child: see child.h. */
#include "tracer/verdict/child.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/place.h"

enum { BY_SIGNAL = 128 };

/* ---- places */

/* ORDER the library's files: its functions lie between the program's line and the wait */
static const char *const library[] = { "/subprocess.py", "/selectors.py", "multiprocessing/connection.py", "multiprocessing/popen_fork.py",
				       "multiprocessing/process.py" };

static bool is_line_of(const char *stack, const char *file)
{
	size_t len = strcspn(stack, "\n"), tail = strlen(file);
	const char *colon = memchr(stack, ':', len);
	return colon && (size_t)(colon - stack) >= tail && memcmp(colon - tail, file, tail) == 0;
}

static bool is_library(const char *stack)
{
	for (size_t i = 0; i < sizeof(library) / sizeof(library[0]); i++)
		if (is_line_of(stack, library[i]))
			return true;
	return false;
}

/* What called the library. */
static const char *caller_of(const char *stack)
{
	while (*stack && is_library(stack)) {
		stack += strcspn(stack, "\n");
		stack += *stack == '\n';
	}
	return stack;
}

/* As far as both are known: the deeper one may be cut off. */
static bool same_caller(const char *a, const char *b)
{
	size_t na, nb;
	a = caller_of(a);
	b = caller_of(b);
	na = strlen(a);
	nb = strlen(b);
	return *a && *b && memcmp(a, b, na < nb ? na : nb) == 0;
}

/* A poll or a sleep of a wait for a child that has a limit. */
static bool lies_for_child(const struct tr_log *log, const struct tr_event *e)
{
	const char *stack = tr_place_stack(log, e);
	if (e->kind == XF_EV_sleep)
		return tr_place_is_in(stack, 0, "/subprocess.py", "_wait");
	if (e->kind != XF_EV_poll || !TR_PAYLOAD(e, poll)->limit_ns || !tr_place_is_in(stack, 0, "/selectors.py", "select"))
		return false;
	return tr_place_is_in(stack, 1, "/subprocess.py", "_communicate") ||
	       (tr_place_is_in(stack, 1, "multiprocessing/connection.py", "wait") &&
		tr_place_is_in(stack, 2, "multiprocessing/popen_fork.py", "wait"));
}

/* Where subprocess kills a child whose limit ran out, and waits without one. */
static bool kills_itself(const char *stack)
{
	for (unsigned n = 2; n < 6; n++)
		if (tr_place_is_in(stack, n, "/subprocess.py", "run") || tr_place_is_in(stack, n, "/subprocess.py", "call"))
			return true;
	return false;
}

static bool takes_child(const char *stack, bool asked)
{
	if (tr_place_is_in(stack, 0, "/subprocess.py", "_try_wait") && tr_place_is_in(stack, 1, "/subprocess.py", "_wait"))
		return asked || kills_itself(stack);
	return tr_place_is_in(stack, 0, "multiprocessing/popen_fork.py", "poll") &&
	       tr_place_is_in(stack, 1, "multiprocessing/popen_fork.py", "wait");
}

/* ---- waits */

static uint64_t lay_ns(const struct tr_event *e)
{
	return e->kind == XF_EV_poll ? TR_PAYLOAD(e, poll)->waited_ns : TR_PAYLOAD(e, sleep)->slept_ns;
}

static bool is_turn(const struct tr_log *log, const struct tr_event *e)
{
	return *tr_log_property_of(log, "python-turn", e->process, e->record->site) != '\0';
}

static bool ran_out(const struct tr_log *log, uint32_t event)
{
	struct tr_event e = tr_log_event(log, event);
	return e.kind == XF_EV_poll && !TR_PAYLOAD(&e, poll)->ready;
}

/*
 * What the first poll of a wait may still take is its limit, unless it was made again where it had run out; sleeps tell only how long
 * it was when it has run out.
 */
static void measure(const struct tr_log *log, struct tr_child_wait *w, bool over)
{
	struct tr_event first = tr_log_event(log, w->first);
	bool told = first.kind == XF_EV_poll;
	w->begin_ns = first.t_ns - (int64_t)lay_ns(&first);
	for (uint32_t i = w->first; i < w->last; i = tr_log_step(log, i, first.thread, 1))
		told = told && !ran_out(log, i);
	w->limit_ns = told ? TR_PAYLOAD(&first, poll)->limit_ns : over ? (uint64_t)(tr_log_time(log, w->last) - w->begin_ns) : 0;
}

/* Does the thread begin something else there, so that what it did before is of no wait that comes behind? */
static bool begins_anew(enum xf_kind kind)
{
	return kind == XF_EV_fork || kind == XF_EV_request_start || kind == XF_EV_call_enter || kind == XF_EV_call_return;
}

bool tr_child_wait_of(const struct tr_log *log, uint32_t process_wait, struct tr_child_wait *out)
{
	struct tr_event wait = tr_log_event(log, process_wait);
	const char *stack = tr_place_stack(log, &wait);
	bool asked = TR_PAYLOAD(&wait, process_wait)->asked, killed = !asked && TR_PAYLOAD(&wait, process_wait)->exit_status > BY_SIGNAL;
	*out = (struct tr_child_wait){ TR_NONE, TR_NONE, 0, 0 };
	if ((!takes_child(stack, asked) && !killed) || (asked && is_turn(log, &wait)))
		return false;
	for (uint32_t i = process_wait; (i = tr_log_step(log, i, wait.thread, -1)) != TR_NONE;) {
		enum xf_kind kind = tr_log_kind(log, i);
		if (begins_anew(kind) || (kind == XF_EV_process_wait && out->last != TR_NONE))
			break;
		if (kind != XF_EV_poll && kind != XF_EV_sleep)
			continue;
		struct tr_event e = tr_log_event(log, i);
		if (killed && kind == XF_EV_poll && !TR_PAYLOAD(&e, poll)->limit_ns && is_library(tr_place_stack(log, &e)))
			continue;
		if (!lies_for_child(log, &e) || (!killed && !same_caller(tr_place_stack(log, &e), stack)))
			break;
		out->first = i;
		out->last = out->last == TR_NONE ? i : out->last;
	}
	if (out->last == TR_NONE || (!asked && !killed && tr_place_is_in(stack, 1, "multiprocessing/popen_fork.py", "wait") && ran_out(log, out->last)))
		return false;
	measure(log, out, killed || (!asked && tr_place_is_in(stack, 1, "/subprocess.py", "_wait")));
	return true;
}

/* From its first poll or sleep on: false, where the child's end ended it. */
static bool follow(const struct tr_log *log, uint32_t thread, uint32_t until, struct tr_child_wait *w)
{
	struct tr_event first = tr_log_event(log, w->first);
	const char *stack = tr_place_stack(log, &first);
	w->last = w->first;
	for (uint32_t i = w->first; (i = tr_log_step(log, i, thread, 1)) != TR_NONE && i < until;) {
		enum xf_kind kind = tr_log_kind(log, i);
		if (begins_anew(kind))
			break;
		if (kind != XF_EV_poll && kind != XF_EV_sleep && kind != XF_EV_process_wait)
			continue;
		struct tr_event e = tr_log_event(log, i);
		if (!same_caller(tr_place_stack(log, &e), stack))
			break;
		if (kind == XF_EV_process_wait)
			return false;
		if (!lies_for_child(log, &e))
			break;
		w->last = i;
	}
	return true;
}

bool tr_child_wait_ran_out(const struct tr_log *log, uint32_t thread, uint32_t from, uint32_t until, struct tr_child_wait *out)
{
	for (uint32_t i = from; (i = tr_log_step(log, i, thread, 1)) != TR_NONE && i < until;) {
		enum xf_kind kind = tr_log_kind(log, i);
		if (kind != XF_EV_poll && kind != XF_EV_sleep)
			continue;
		struct tr_event e = tr_log_event(log, i);
		*out = (struct tr_child_wait){ i, i, 0, 0 };
		if (!lies_for_child(log, &e))
			continue;
		if (follow(log, thread, until, out)) {
			measure(log, out, true);
			return true;
		}
		i = out->last;
	}
	return false;
}

/* ---- whom it waited for */

static uint32_t pid_of(const struct tr_event *e)
{
	return e->kind == XF_EV_fork ? TR_PAYLOAD(e, fork)->child : e->kind == XF_EV_process_exit ? TR_PAYLOAD(e, process_exit)->pid : 0;
}

static uint32_t exit_after(const struct tr_log *log, uint32_t pid, uint32_t event)
{
	for (uint32_t i = event + 1; i < tr_log_nr_events(log); i++) {
		if (tr_log_kind(log, i) != XF_EV_process_exit)
			continue;
		struct tr_event e = tr_log_event(log, i);
		if (pid_of(&e) == pid)
			return i;
	}
	return TR_NONE;
}

uint32_t tr_child_of(const struct tr_log *log, const struct tr_child_wait *w)
{
	struct tr_event wait = tr_log_event(log, w->last);
	struct tr_map ended = { .nr = 0 };
	uint32_t only = 0, nr = 0;
	for (uint32_t i = w->last; i-- > 0 && nr < 2;) {
		enum xf_kind kind = tr_log_kind(log, i);
		if (kind != XF_EV_fork && kind != XF_EV_process_exit)
			continue;
		struct tr_event e = tr_log_event(log, i);
		uint32_t pid = pid_of(&e);
		if (kind == XF_EV_process_exit) {
			nr = tr_map_set(&ended, pid, 1) ? nr : 2;
		} else if (e.process == wait.process && tr_map_get(&ended, pid) == TR_MAP_NONE) {
			only = pid;
			nr++;
		}
	}
	tr_map_fini(&ended);
	return nr == 1 ? exit_after(log, only, w->last) : TR_NONE;
}
