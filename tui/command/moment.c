#include "tui/command/moment.h"

#include <stdlib.h>
#include <string.h>

#include "core/event/segment.h"
#include "tracer/verdict/place.h"
#include "tracer/verdict/verdict.h"
#include "tui/command/live.h"

/* The first thing a thread does about a signal may carry an earlier stamp than our own look at the clock. */
enum { BEFORE_NS = 5000000, MOST_CALLS = 8 };

struct moment {
	FILE *out;
	const struct tr_log *log;
	const struct tr_state *state;
	uint32_t until;          /* events before the moment */
};

/* "self._done_event.wait, s3transfer/futures.py:261" of the thread's last wait with a place; "". */
static const char *place_of(const struct moment *m, uint32_t thread, char *buf, size_t cap)
{
	char source[256];

	*buf = 0;
	for (uint32_t i = m->until; i--;) {
		struct tr_event e;
		if (tr_log_thread_of(m->log, i) != thread)
			continue;
		e = tr_log_event(m->log, i);
		struct tr_site site = tr_event_site(m->log, &e);
		if (site.line) {
			tr_place_source(m->log, &e, source, sizeof(source));
			snprintf(buf, cap, " in %s%s%s:%u", source, *source ? ", " : "", site.file, site.line);
		}
		break;
	}
	return buf;
}

static void thread_print(const struct moment *m, uint32_t thread)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_waiting *list = NULL;
	uint32_t nr = 0, circle = TR_NONE;
	char place[512];

	if (tr_waiting_chain(m->log, m->state, thread, &list, &nr, &circle, &err) == XF_OK && nr) {
		fprintf(m->out, "  %s%s\n", list[0].text, place_of(m, thread, place, sizeof(place)));
		for (uint32_t i = 1; i < nr; i++)
			fprintf(m->out, "  which waits: %s\n", list[i].text);
		if (circle != TR_NONE)
			fprintf(m->out, "  a deadlock: the chain comes back to its link %u\n", circle + 1);
	}
	free(list);
}

static void threads_print(const struct moment *m)
{
	uint32_t said[MOST_CALLS], nr = 0;

	for (uint32_t i = 0; i < tr_log_nr_calls(m->log) && nr < MOST_CALLS; i++) {
		const struct tr_call *c = tr_log_call(m->log, i);
		bool open = c->enter < m->until && (c->ret == TR_NONE || c->ret >= m->until), again = false;
		for (uint32_t k = 0; k < nr; k++)
			again |= said[k] == c->thread;
		if (!open || again)
			continue;
		said[nr++] = c->thread;
		thread_print(m, c->thread);
	}
}

void ui_moment_print(FILE *out, uint64_t mono_ns)
{
	struct ui_live live;
	struct xf_error err = XF_ERROR_INIT;
	struct moment m = { .out = out };
	int64_t t_ns;

	if (ui_live_open_shared(&live, xf_trace_fd(), &err))
		return;
	t_ns = (int64_t)(mono_ns - tr_log_header(live.log)->anchors[0].mono_ns) - BEFORE_NS;
	m.log = live.log;
	m.until = t_ns > 0 ? tr_log_at_time(live.log, t_ns) : 0;
	m.state = tr_model_at(live.model, m.until, &err);
	if (m.state && m.until) {
		fprintf(out, "when the signal came:\n");
		threads_print(&m);
		fprintf(out, "by now:\n");
	}
	ui_live_close(&live);
}
