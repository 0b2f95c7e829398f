/*
 * attach_decide: who waits for whom, from the picture alone.
 *
 * Two edges are certain: a mutex names its holder, a join the thread it waits
 * for. A ring of them is a deadlock. Everything else that wakes people names
 * nobody, so a thread that waits to be woken is said to wait for whoever is busy
 * with something: first those on a connection (the longest silent first), then
 * those at work, then those that sleep or wait for a child or a pipe. When
 * nobody is busy, nobody is left who could wake it.
 */
#include <string.h>

#include "tracer/foreign/attach.h"

enum { HANGS_FROM_MS = 10000 };

static int index_of(const struct tr_attach *a, uint32_t tid)
{
	for (unsigned i = 0; tid && i < a->nr_threads; i++)
		if (a->threads[i].tid == tid)
			return (int)i;
	return -1;
}

static bool names_a_thread(const struct tr_attach_thread *t)
{
	return t->wait == TR_AT_MUTEX || t->wait == TR_AT_JOIN;
}

static bool is_in_chain(const struct tr_attach *a, unsigned thread)
{
	for (unsigned i = 0; i < a->nr_chain; i++)
		if (a->chain[i] == thread)
			return true;
	return false;
}

static bool push(struct tr_attach *a, unsigned thread)
{
	if (a->nr_chain == sizeof(a->chain) / sizeof(a->chain[0]))
		return false;
	a->chain[a->nr_chain++] = thread;
	return true;
}

/* ---- rings */

/* Does following certain edges from this thread lead back to it? */
static bool is_on_ring(const struct tr_attach *a, unsigned start)
{
	int at = (int)start;

	for (unsigned i = 0; i <= a->nr_threads && at >= 0; i++) {
		const struct tr_attach_thread *t = &a->threads[at];
		at = names_a_thread(t) ? index_of(a, t->thread) : -1;
		if (at == (int)start)
			return true;
	}
	return false;
}

static bool find_ring(struct tr_attach *a)
{
	unsigned start = 0;

	while (start < a->nr_threads && !is_on_ring(a, start))
		start++;
	if (start == a->nr_threads)
		return false;
	a->verdict = TR_ATTACH_DEADLOCK;
	if (start != 0)
		push(a, 0);
	while (!is_in_chain(a, start) && push(a, start))
		start = (unsigned)index_of(a, a->threads[start].thread);
	return true;
}

/* ---- the chain from the main thread */

static uint64_t silent_ms(const struct tr_attach *a, const struct tr_attach_thread *t)
{
	const struct tr_tcp *tcp;
	uint64_t ms;

	if (t->socket < 0)
		return 0;
	tcp = &a->sockets[t->socket].tcp;
	ms = tcp->last_sent_ms < tcp->last_received_ms ? tcp->last_sent_ms : tcp->last_received_ms;
	/* an acknowledgement moves bytes only where some are out and are taken: keepalives and probes are answered, too */
	return tcp->send_queue && !tcp->window_closed && tcp->last_ack_ms < ms ? tcp->last_ack_ms : ms;
}

/* How likely it is this one that others wait for; 0: it cannot be. */
static uint64_t busyness(const struct tr_attach *a, const struct tr_attach_thread *t)
{
	switch (t->wait) {
	case TR_AT_ANSWER:
	case TR_AT_SEND:
	case TR_AT_CONNECT:
		return t->socket < 0 ? 1 : ((uint64_t)1 << 40) + silent_ms(a, t) +
						   (a->sockets[t->socket].request ? (uint64_t)1 << 39 : 0);
	case TR_AT_WORK: return 9;
	case TR_AT_GIL: return 8;
	case TR_AT_CHILD: return 7;
	case TR_AT_KERNEL: return 6;
	case TR_AT_SLEEP: return 5;
	case TR_AT_MUTEX:
	case TR_AT_JOIN: return 4;
	case TR_AT_UNKNOWN: return 3;
	case TR_AT_PIPE: return 2;
	case TR_AT_POLL: return 1;
	case TR_AT_SIGNAL:
	case TR_AT_IDLE: break;
	}
	return 0;
}

static int busiest(const struct tr_attach *a)
{
	uint64_t most = 0;
	int found = -1;

	for (unsigned i = 0; i < a->nr_threads; i++) {
		uint64_t b = is_in_chain(a, i) ? 0 : busyness(a, &a->threads[i]);
		if (b > most) {
			most = b;
			found = (int)i;
		}
	}
	return found;
}

static int next_of(const struct tr_attach *a, const struct tr_attach_thread *t)
{
	if (names_a_thread(t))
		return index_of(a, t->thread);
	return t->wait == TR_AT_SIGNAL || t->wait == TR_AT_IDLE ? busiest(a) : -1;
}

static void follow(struct tr_attach *a)
{
	int at = 0;

	while (at >= 0 && !is_in_chain(a, (unsigned)at) && push(a, (unsigned)at))
		at = next_of(a, &a->threads[at]);
}

static enum tr_attach_verdict verdict_of(const struct tr_attach *a, const struct tr_attach_thread *last)
{
	switch (last->wait) {
	case TR_AT_WORK:
	case TR_AT_GIL: return TR_ATTACH_RUNS;
	case TR_AT_UNKNOWN: return TR_ATTACH_BLIND;
	case TR_AT_SIGNAL:
	case TR_AT_IDLE: return last->timed ? TR_ATTACH_WAITS : TR_ATTACH_ORPHANED;
	default: return a->still_ms >= HANGS_FROM_MS ? TR_ATTACH_HANGS : TR_ATTACH_WAITS;
	}
}

/* All threads are in one of these states of /proc. */
static bool all_are(const struct tr_attach *a, const char *states)
{
	for (unsigned i = 0; i < a->nr_threads; i++)
		if (!a->threads[i].state || !strchr(states, a->threads[i].state))
			return false;
	return a->nr_threads > 0;
}

void tr_attach_decide(struct tr_attach *a)
{
	const struct tr_attach_thread *last;

	a->nr_chain = 0;
	a->still_ms = 0;
	a->verdict = TR_ATTACH_BLIND;
	if (all_are(a, "ZX")) {
		a->verdict = TR_ATTACH_ENDED;
		return;
	}
	if (all_are(a, "Tt")) {
		a->verdict = TR_ATTACH_STOPPED;
		return;
	}
	if (!a->nr_threads || find_ring(a))
		return;
	follow(a);
	last = &a->threads[a->chain[a->nr_chain - 1]];
	a->still_ms = silent_ms(a, last);
	a->verdict = verdict_of(a, last);
}
