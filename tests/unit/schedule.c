/* schedule: priorities at the gate, and books of what passed. */
#include "tests/unit/schedule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { THREADS = 128, WAIT_NS = 150000 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	uint64_t random, gates, cancel_at;
	uint32_t priority[THREADS];
	bool waiting[THREADS];
	uint32_t requests_open, parts_open[SCHEDULE_TRANSFERS];
	struct { uint32_t number, transfer; enum xf_op op; } requests[64];
	struct schedule_seen seen[SCHEDULE_TRANSFERS];
	bool cancel;
} books = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static uint64_t next_random(void)
{
	uint64_t z = books.random += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* ---- the books */

static bool is_step(int from, int to)
{
	static const bool steps[XF_STATE_COUNT][XF_STATE_COUNT] = {
		[XF_STATE_NOT_STARTED] = { [XF_STATE_QUEUED] = true, [XF_STATE_FAILED] = true, [XF_STATE_CANCELLED] = true },
		[XF_STATE_QUEUED] = { [XF_STATE_RUNNING] = true, [XF_STATE_FAILED] = true, [XF_STATE_CANCELLED] = true },
		[XF_STATE_RUNNING] = { [XF_STATE_SUCCESS] = true, [XF_STATE_FAILED] = true, [XF_STATE_CANCELLED] = true },
		[XF_STATE_FAILED] = { [XF_STATE_SUCCESS] = true },
		[XF_STATE_CANCELLED] = { [XF_STATE_SUCCESS] = true },
	};
	return steps[from][to];
}

static void request_begins(const struct xf_ev_request_start *e)
{
	struct schedule_seen *s = &books.seen[e->transfer];
	books.requests_open++;
	s->sent_behind_done |= s->dones > 0;
	if (e->op == XF_OP_UPLOAD_PART)
		books.parts_open[e->transfer]++;
	if (e->op == XF_OP_COMPLETE_MULTIPART_UPLOAD)
		s->complete_early |= books.parts_open[e->transfer] > 0 || s->ended < s->queued;
	for (unsigned i = 0; i < 64; i++)
		if (!books.requests[i].number) {
			books.requests[i].number = e->request;
			books.requests[i].transfer = e->transfer;
			books.requests[i].op = e->op;
			return;
		}
}

static void request_ends(uint32_t number)
{
	for (unsigned i = 0; i < 64; i++)
		if (books.requests[i].number == number) {
			books.requests_open--;
			if (books.requests[i].op == XF_OP_UPLOAD_PART)
				books.parts_open[books.requests[i].transfer]--;
			books.requests[i].number = 0;
			return;
		}
}

static void note(const struct xf_record *r)
{
	const void *p = r->payload;
#define OF(name) ((const struct xf_ev_##name *)p)
#define SEEN(name) (&books.seen[OF(name)->transfer % SCHEDULE_TRANSFERS])
	switch (r->kind) {
	case XF_EV_status:
		SEEN(status)->bad_step |= !is_step(OF(status)->from, OF(status)->to);
		SEEN(status)->state = OF(status)->to;
		break;
	case XF_EV_request_start:
		request_begins(p);
		break;
	case XF_EV_response:
		request_ends(OF(response)->request);
		break;
	case XF_EV_multipart_create:
		SEEN(multipart_create)->created += !OF(multipart_create)->failed;
		break;
	case XF_EV_multipart_abort:
		SEEN(multipart_abort)->aborted++;
		break;
	case XF_EV_multipart_complete:
		SEEN(multipart_complete)->completes += !OF(multipart_complete)->skipped;
		break;
	case XF_EV_part_queued:
		SEEN(part_queued)->queued++;
		break;
	case XF_EV_part_done:
		SEEN(part_done)->ended++;
		break;
	case XF_EV_part_failed:
		SEEN(part_failed)->ended++;
		break;
	case XF_EV_part_skipped:
		SEEN(part_skipped)->ended++;
		break;
	case XF_EV_cancel:
		SEEN(cancel)->cancels++;
		break;
	case XF_EV_done:
		SEEN(done)->dones++;
		break;
	default:
		break;
	}
}

/* ---- the order */

static bool is_first(uint32_t me)
{
	for (uint32_t i = 0; i < THREADS; i++)
		if (books.waiting[i] && i != me && books.priority[i] > books.priority[me])
			return false;
	return true;
}

static void pass(void *ctx, const struct xf_gate_point *point)
{
	uint32_t me = xf_thread_number() % THREADS;
	struct timespec until;
	(void)ctx;
	pthread_mutex_lock(&books.lock);
	if (!point->before)
		note(point->record);
	books.gates++;
	books.cancel |= books.gates == books.cancel_at;
	if (!books.priority[me] || next_random() % 16 == 0)
		books.priority[me] = (uint32_t)next_random() | 1;
	books.waiting[me] = true;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	if (until.tv_nsec >= 1000000000)
		until.tv_sec++, until.tv_nsec -= 1000000000;
	while (!is_first(me) && !pthread_cond_timedwait(&books.changed, &books.lock, &until))
		;
	books.waiting[me] = false;
	pthread_cond_broadcast(&books.changed);
	pthread_mutex_unlock(&books.lock);
}

static const struct xf_gate_policy policy = { .pass = pass };

void schedule_start(uint64_t seed, uint64_t cancel_at)
{
	pthread_mutex_lock(&books.lock);
	books.random = seed;
	books.gates = 0;
	books.cancel_at = cancel_at;
	books.cancel = false;
	books.requests_open = 0;
	memset(books.priority, 0, sizeof(books.priority));
	memset(books.parts_open, 0, sizeof(books.parts_open));
	memset(books.requests, 0, sizeof(books.requests));
	memset(books.seen, 0, sizeof(books.seen));
	pthread_mutex_unlock(&books.lock);
	xf_gate_install(&policy);
}

void schedule_stop(void)
{
	xf_gate_install(NULL);
}

#define LOCKED(type, expression)                                                                   \
	pthread_mutex_lock(&books.lock);                                                           \
	type value = (expression);                                                                 \
	pthread_mutex_unlock(&books.lock);                                                         \
	return value

bool schedule_wants_cancel(void)
{
	LOCKED(bool, books.cancel);
}

uint64_t schedule_gates(void)
{
	LOCKED(uint64_t, books.gates);
}

uint32_t schedule_requests_open(void)
{
	LOCKED(uint32_t, books.requests_open);
}

struct schedule_seen schedule_seen(uint32_t transfer)
{
	LOCKED(struct schedule_seen, books.seen[transfer]);
}
