/*
 * waiting: who waits for whom, at one instant.
 *
 * From a thread to the one that should wake it. A join and a mutex name their
 * thread. A latch, a condition or a semaphore does not say who will come; then
 * whoever has an answer outstanding, longest first, is what the work waits for;
 * then whoever is held; then whoever is itself stuck on something other than an
 * empty queue; then whoever still runs. An idle worker at its queue is nobody's
 * hope. A thread met twice closes a circle: a deadlock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/verdict.h"

static bool is_idle(const struct tr_thread_state *t)
{
	return t->activity == TR_NOT_STARTED || t->activity == TR_ENDED ||
	       (t->activity == TR_WAITING && t->wait == XF_EV_queue_wait);
}

/* How much hope there is in a thread; 0 none. */
static int hope(const struct tr_thread_state *t)
{
	if (is_idle(t))
		return 0;
	if (t->request != TR_NONE && t->activity != TR_WAITING)
		return 5;
	if (t->activity == TR_HELD || t->activity == TR_STOPPED)
		return 4;
	if (t->activity == TR_BACKING_OFF || t->activity == TR_SLEEPING)
		return 3;
	return t->activity == TR_WAITING ? 2 : 1;
}

static uint32_t likely_waker(const struct tr_state *s, const uint8_t *seen)
{
	uint32_t best = TR_NONE;
	for (uint32_t i = 0; i < s->nr_threads; i++) {
		const struct tr_thread_state *t = &s->threads[i];
		if (seen[i] || !hope(t))
			continue;
		if (best == TR_NONE || hope(t) > hope(&s->threads[best]) ||
		    (hope(t) == hope(&s->threads[best]) && t->since_ns < s->threads[best].since_ns))
			best = i;
	}
	return best;
}

static const struct tr_request_state *open_request(const struct tr_state *s, uint32_t thread)
{
	for (uint32_t i = 0; i < s->nr_requests; i++)
		if (s->requests[i].thread == thread && s->requests[i].request == s->threads[thread].request)
			return &s->requests[i];
	return NULL;
}

static const char *wait_word(enum xf_kind wait)
{
	switch (wait) {
	case XF_EV_event_wait:
		return "event";
	case XF_EV_sem_wait:
		return "semaphore";
	case XF_EV_cond_wait:
		return "condition";
	case XF_EV_queue_wait:
		return "queue";
	case XF_EV_mutex_wait:
		return "mutex";
	default:
		return "object";
	}
}

static void describe_request(const struct tr_request_state *r, struct tr_waiting *w, const char *name)
{
	const char *phase = r->phase == TR_AWAITING_ANSWER ? "waits for the answer to"
			  : r->phase == TR_SENDING	   ? "is sending"
			  : r->phase == TR_RECEIVING	   ? "is receiving the answer to"
							   : "is connecting for";
	w->request = r->request;
	w->part = r->part;
	w->event = r->start;
	if (r->part)
		snprintf(w->text, sizeof(w->text), "%s %s %s of part %u", name, phase, xf_op_name(r->op), r->part);
	else
		snprintf(w->text, sizeof(w->text), "%s %s %s", name, phase, xf_op_name(r->op));
}

/* "event 'done'"; what the program gave no name is "a semaphore". */
static const char *object_words(const struct tr_log *log, const struct tr_thread_state *t, char *buf, size_t cap)
{
	const char *name = t->object == TR_NONE ? "" : tr_log_object(log, t->object)->name;
	const char *word = wait_word(t->wait);
	if (*name)
		snprintf(buf, cap, "%s '%s'", word, name);
	else
		snprintf(buf, cap, "%s %s", strchr("aeo", *word) ? "an" : "a", word);
	return buf;
}

static void describe_wait(const struct tr_log *log, const struct tr_thread_state *t,
			  struct tr_waiting *w, const char *name)
{
	char object[96];
	if (t->wait == XF_EV_join_begin)
		snprintf(w->text, sizeof(w->text), "%s waits for the end of %s", name,
			 t->on_thread == TR_NONE ? "a thread" : tr_log_thread(log, t->on_thread)->name);
	else if (t->on_thread != TR_NONE)
		snprintf(w->text, sizeof(w->text), "%s waits for %s, held by %s", name,
			 object_words(log, t, object, sizeof(object)), tr_log_thread(log, t->on_thread)->name);
	else
		snprintf(w->text, sizeof(w->text), "%s waits for %s", name,
			 object_words(log, t, object, sizeof(object)));
}

static void describe_work(const struct tr_thread_state *t, struct tr_waiting *w, const char *name)
{
	if (t->activity == TR_ENDED) {
		snprintf(w->text, sizeof(w->text), "%s has ended", name);
		return;
	}
	bool reads = t->activity == TR_READING || t->activity == TR_HASHING;
	if (reads && t->part)
		snprintf(w->text, sizeof(w->text), "%s is reading the source%s, for part %u", name,
			 t->activity == TR_HASHING ? " and hashing it" : "", t->part);
	else if (reads)
		snprintf(w->text, sizeof(w->text), "%s is reading the source", name);
	else if (t->part)
		snprintf(w->text, sizeof(w->text), "%s is %s, with part %u", name, tr_activity_name(t->activity), t->part);
	else
		snprintf(w->text, sizeof(w->text), "%s is %s", name, tr_activity_name(t->activity));
}

static struct tr_waiting describe(const struct tr_log *log, const struct tr_state *s, uint32_t thread)
{
	const struct tr_thread_state *t = &s->threads[thread];
	const char *name = tr_log_thread(log, thread)->name;
	const struct tr_request_state *r = open_request(s, thread);
	struct tr_waiting w = { .thread = thread, .event = t->wait_event, .object = t->object,
		.on_thread = TR_NONE, .transfer = t->transfer, .part = t->part, .request = TR_NONE,
		.since_ns = t->since_ns };
	if (t->activity == TR_WAITING)
		describe_wait(log, t, &w, name);
	else if (r && t->activity != TR_HELD)
		describe_request(r, &w, name);
	else
		describe_work(t, &w, name);
	return w;
}

/* A permit names nobody either, a queue only who may put: see the top. */
static uint32_t next_of(const struct tr_state *s, uint32_t thread, const uint8_t *seen)
{
	const struct tr_thread_state *t = &s->threads[thread];
	if (t->activity != TR_WAITING)
		return TR_NONE;
	if (t->on_thread != TR_NONE)
		return t->on_thread;
	if (t->wait == XF_EV_mutex_wait && t->object != TR_NONE && s->objects[t->object].owner != TR_NONE)
		return s->objects[t->object].owner;
	return likely_waker(s, seen);
}

enum xf_status tr_waiting_chain(const struct tr_log *log, const struct tr_state *state,
				uint32_t thread, struct tr_waiting **list, uint32_t *nr,
				uint32_t *circle, struct xf_error *err)
{
	uint32_t cap = 0;
	uint8_t *seen = calloc(state->nr_threads + 1u, 1);
	*list = NULL;
	*nr = 0;
	*circle = TR_NONE;
	bool ok = seen != NULL;
	while (ok && thread != TR_NONE && thread < state->nr_threads && !seen[thread]) {
		ok = tr_grow(list, *nr, &cap, sizeof(**list));
		if (!ok)
			break;
		seen[thread] = 1;
		uint32_t next = next_of(state, thread, seen);
		(*list)[*nr] = describe(log, state, thread);
		(*list)[(*nr)++].on_thread = next;
		thread = next;
	}
	for (uint32_t i = 0; ok && thread != TR_NONE && i < *nr; i++)
		if ((*list)[i].thread == thread)
			*circle = i;
	free(seen);
	if (!ok) {
		free(*list);
		*list = NULL;
		*nr = 0;
		return xf_fail(err, XF_NOMEM, "no memory for the verdict");
	}
	return XF_OK;
}
