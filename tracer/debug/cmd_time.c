/* events, back, rs, rn, rc, goto. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"
#include "tracer/export/text.h"

static bool is_shown(enum xf_kind kind)
{
	return kind != XF_EV_stopped && kind != XF_EV_resumed;
}

static void show_event(struct tr_session *s, uint32_t i, bool current)
{
	struct tr_event e = tr_log_event(s->log, i);
	struct tr_site site = tr_event_site(s->log, &e);
	char text[512];
	tr_say(s, "%5u %s\t%11.6f  %s\n", i, current ? "->" : "  ", (double)e.t_ns / 1e9,
	       tr_session_event_text(s, &e, &site, text, sizeof(text)));
}

static void show_pending(struct tr_session *s)
{
	struct tr_place place;
	char text[512];
	if (s->live && tr_session_place(s, s->thread, &place) && place.pending)
		tr_say(s, "    - ->\t%11s  %s\n", "next",
		       tr_session_event_text(s, &place.event, &place.site, text, sizeof(text)));
}

/* A line of JSONL, as `events --json` outside the prompt has it. */
static void show_event_json(struct tr_session *s, uint32_t i)
{
	struct tr_event e = tr_log_event(s->log, i);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return;
	tr_put_event_json(out, s->log, &e);
	fclose(out);
	tr_say(s, "%s\n", text);
	free(text);
}

static void show_events_json(struct tr_session *s, const struct tr_range *range, uint32_t nr)
{
	for (uint32_t i = range->first; i <= range->last && i < nr; i++)
		show_event_json(s, i);
	s->events_next = range->last < nr ? range->last + 1 : nr;
}

void tr_cmd_events(struct tr_session *s, const char *argument)
{
	struct tr_range range;
	uint32_t at = tr_session_at(s), nr = s->log ? tr_log_nr_events(s->log) : 0;
	bool json = strncmp(argument, "--json", 6) == 0 && strchr(" \t", argument[6]);
	if (json)
		argument += 6 + strspn(argument + 6, " \t");
	snprintf(s->last_line, sizeof(s->last_line), json ? "events --json" : "events");
	if (!tr_parse_range(argument, &range)) {
		tr_complain(s, "Error in argument: '%s'", argument);
		return;
	}
	if (!range.given) {
		bool around = range.around || !s->events_next;
		range.first = around ? (at > 5 ? at - 5 : 0) : s->events_next;
		range.last = range.first + 10;
	}
	if (json) {
		show_events_json(s, &range, nr);
		return;
	}
	for (uint32_t i = range.first; i <= range.last && i < nr; i++)
		if (is_shown(tr_log_kind(s->log, i)))
			show_event(s, i, i == at);
	if (range.last >= nr)
		show_pending(s);
	s->events_next = range.last < nr ? range.last + 1 : nr;
	if (range.last >= nr)
		tr_say(s, "[EOF]\n");
}

/* ---- backwards */

static bool have_past(struct tr_session *s)
{
	if (s->log && tr_log_nr_events(s->log))
		return true;
	tr_complain(s, "nothing has been recorded yet");
	return false;
}

static void first_time(struct tr_session *s, bool was_live)
{
	if (was_live && !s->live && !s->over)
		tr_say(s, "(The recording; the run itself stays where it is, at its newest event.)\n");
}

static void show(struct tr_session *s, uint32_t event, bool was_live)
{
	tr_session_goto(s, event);
	first_time(s, was_live);
	tr_session_header(s);
}

/* Where going back begins: an event that is only about to happen counts as the newest's next. */
static uint32_t begin_back(struct tr_session *s)
{
	return tr_session_at(s);
}

static bool skipped(struct tr_session *s, uint32_t i)
{
	enum xf_kind kind = tr_log_kind(s->log, i);
	return xf_kind_info(kind)->group == XF_GROUP_DEBUGGER || kind == XF_EV_mutex_lock ||
	       kind == XF_EV_mutex_unlock;
}

/* Is event i, of the selected thread, at that depth or above it? */
static uint32_t depth_at(struct tr_session *s, uint32_t i, uint32_t thread)
{
	struct xf_error err = XF_ERROR_INIT;
	const struct tr_state *state = tr_model_at(s->model, i + 1, &err);
	bool leaves = tr_log_kind(s->log, i) == XF_EV_frame_leave;
	return state && thread < state->nr_threads ? state->threads[thread].depth + leaves : 0;
}

static void no_more(struct tr_session *s)
{
	bool was_live = s->live;
	tr_say(s, "The beginning of the recording.\n");
	show(s, 0, was_live);
}

void tr_cmd_back(struct tr_session *s, const char *argument)
{
	bool was_live = s->live;
	long count = *argument ? strtol(argument, NULL, 10) : 1;
	if (!have_past(s))
		return;
	if (strspn(argument, "0123456789") != strlen(argument)) {
		tr_complain(s, "Invalid count (%s)", argument);
		return;
	}
	uint32_t i = begin_back(s);
	while (count > 0 && i > 0)
		if (!skipped(s, --i))
			count--;
	if (count > 0)
		no_more(s);
	else
		show(s, i, was_live);
}

static void reverse(struct tr_session *s, bool (*stops)(struct tr_session *s, uint32_t i, uint32_t depth))
{
	if (!have_past(s))
		return;
	bool was_live = s->live;
	uint32_t thread = s->thread, i = begin_back(s);
	uint32_t nr = tr_log_nr_events(s->log);
	uint32_t depth = depth_at(s, i < nr ? i : nr - 1, thread);
	while (i > 0) {
		i--;
		s->thread = thread;
		if (!skipped(s, i) && stops(s, i, depth)) {
			show(s, i, was_live);
			return;
		}
	}
	no_more(s);
}

static bool same_thread(struct tr_session *s, uint32_t i, uint32_t depth)
{
	(void)depth;
	return tr_log_thread_of(s->log, i) == s->thread;
}

static bool not_below(struct tr_session *s, uint32_t i, uint32_t depth)
{
	return tr_log_thread_of(s->log, i) == s->thread && depth_at(s, i, s->thread) <= depth;
}

static bool at_break(struct tr_session *s, uint32_t i, uint32_t depth)
{
	(void)depth;
	return tr_session_break_at(s, i) != NULL;
}

void tr_cmd_reverse_step(struct tr_session *s, const char *argument)
{
	(void)argument;
	reverse(s, same_thread);
}

void tr_cmd_reverse_next(struct tr_session *s, const char *argument)
{
	(void)argument;
	reverse(s, not_below);
}

void tr_cmd_reverse_continue(struct tr_session *s, const char *argument)
{
	(void)argument;
	reverse(s, at_break);
}

/* "120": an event; "1.5s" "20ms": a time since the beginning; "end": the newest. */
void tr_cmd_goto_(struct tr_session *s, const char *argument)
{
	bool was_live = s->live;
	char *end, unit[8] = "";
	double value = strtod(argument, &end);
	if (!have_past(s))
		return;
	uint32_t nr = tr_log_nr_events(s->log);
	if (strcmp(argument, "end") == 0) {
		show(s, nr, was_live);
		return;
	}
	snprintf(unit, sizeof(unit), "%s", end);
	double factor = strcmp(unit, "s") == 0 ? 1e9 : strcmp(unit, "ms") == 0 ? 1e6
			: strcmp(unit, "us") == 0 ? 1e3 : strcmp(unit, "ns") == 0 ? 1 : 0;
	if (end == argument || value < 0 || value > 1e15 || (*unit && factor <= 0)) {
		tr_complain(s, "goto needs an event's number, a time (1.5s, 20ms) or 'end'");
		return;
	}
	uint32_t i = *unit ? tr_log_at_time(s->log, (int64_t)(value * factor))
			   : value < nr ? (uint32_t)value : nr;
	if (i >= nr)
		tr_complain(s, "the recording has events 0 to %u", nr - 1);
	else
		show(s, i, was_live);
}
