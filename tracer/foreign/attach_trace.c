/*
 * attach_trace: what the trace adds to the picture of a process that runs under
 * xferdb: the names its program gave the threads, and the calls that are open.
 */
#include <string.h>
#include <sys/stat.h>

#include "core/event/clock.h"
#include "tracer/foreign/attach.h"
#include "tracer/trace/log.h"

/* Loading takes time that nobody has who looks at a hanging process. */
static const off_t MAX_TRACE = 192 << 20;

static struct tr_attach_thread *thread_with(struct tr_attach *a, uint32_t tid)
{
	for (unsigned i = 0; i < a->nr_threads; i++)
		if (a->threads[i].tid == tid)
			return &a->threads[i];
	return NULL;
}

/* A tid may have been another thread's before: the one that came last is alive. */
static void take_names(struct tr_attach *a, const struct tr_log *log)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(log); i++) {
		const struct tr_thread *t = tr_log_thread(log, i);
		struct tr_attach_thread *here = t->tid ? thread_with(a, t->tid) : NULL;
		if (here && strncmp(t->name, "tid-", 4) != 0)
			snprintf(here->name, sizeof(here->name), "%s", t->name);
	}
}

static uint64_t since_ms(const struct tr_log *log, uint32_t event)
{
	int64_t begun = (int64_t)tr_log_header(log)->real_ns + tr_log_time(log, event);
	int64_t ns = (int64_t)xf_clock_real_ns() - begun;

	return ns > 0 ? (uint64_t)ns / 1000000u : 0;
}

static void take_calls(struct tr_attach *a, const struct tr_log *log)
{
	for (uint32_t i = 0; i < tr_log_nr_calls(log) && a->nr_calls < TR_ATTACH_CALLS; i++) {
		const struct tr_call *c = tr_log_call(log, i);
		const struct tr_thread *t = tr_log_thread(log, c->thread);
		struct tr_attach_call *call = &a->calls[a->nr_calls];
		if (c->ret != TR_NONE || c->implicit || !thread_with(a, t->tid))
			continue;
		snprintf(call->name, sizeof(call->name), "%s", c->name);
		call->tid = t->tid;
		call->open_ms = since_ms(log, c->enter);
		a->nr_calls++;
	}
}

bool tr_attach_read_trace(struct tr_attach *a)
{
	struct tr_log *log = NULL;
	struct stat st;
	bool known = stat(a->trace, &st) == 0 && st.st_size <= MAX_TRACE &&
		     tr_log_open(a->trace, &log, NULL) == XF_OK;

	if (known) {
		take_names(a, log);
		take_calls(a, log);
	}
	tr_log_close(log);
	return known;
}
