#include "tracer/experiment/causes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tr_cause_name(enum tr_cause cause)
{
	static const char *const names[] = {
#define XF_X(id, word, sentence) word,
		TR_CAUSE_SUM_MAP(XF_X)
#undef XF_X
	};

	return names[cause];
}

const char *tr_cause_sentence(enum tr_cause cause)
{
	static const char *const sentences[] = {
#define XF_X(id, word, sentence) sentence,
		TR_CAUSE_SUM_MAP(XF_X)
#undef XF_X
	};

	return sentences[cause];
}

/* ---- times by cause: one pass over the events */

/* An HTTP exchange whose answer has not come yet. */
struct exchange {
	uint32_t process, request, part, thread;
	int64_t begin_ns, sent_ns;
	enum xf_op op;
};

struct reader {
	const struct tr_log *log;
	struct tr_sample *run;
	const struct tr_state *final;
	struct exchange *open;
	size_t nr_open, cap_open;
	uint32_t *lane_of;        /* by thread index, TR_NONE */
	int64_t *reading_since;   /* by thread index */
	int64_t origin_ns;
	bool out_of_memory;
};

static uint32_t lane(struct reader *r, uint32_t thread)
{
	uint32_t *at = &r->lane_of[thread];

	if (*at == TR_NONE && r->run->nr_lanes < TR_LANES_MAX) {
		*at = r->run->nr_lanes++;
		snprintf(r->run->lanes[*at], sizeof(r->run->lanes[*at]), "%s", tr_log_thread(r->log, thread)->name);
	}
	return *at;
}

static void bar_add(struct reader *r, uint32_t thread, struct tr_bar bar)
{
	struct tr_sample *run = r->run;

	bar.lane = thread; /* its lane follows once all are in order */
	if (run->nr_bars == TR_BARS_MAX || thread == TR_NONE) {
		run->bars_cut = true;
		return;
	}
	run->bars[run->nr_bars++] = bar;
}

static void exchange_begin(struct reader *r, const struct tr_event *e)
{
	const struct xf_ev_request_start *p = TR_PAYLOAD(e, request_start);

	r->run->requests++;
	r->run->retries += p->attempt > 1;
	if (r->nr_open == r->cap_open) {
		size_t cap = r->cap_open ? 2 * r->cap_open : 64;
		struct exchange *open = realloc(r->open, cap * sizeof(*open));
		if (!open) {
			r->out_of_memory = true;
			return;
		}
		r->open = open;
		r->cap_open = cap;
	}
	r->open[r->nr_open++] = (struct exchange){ e->process, p->request, p->part, e->thread, e->t_ns, -1, p->op };
}

static struct exchange *exchange_find(struct reader *r, uint32_t process, uint32_t request)
{
	for (size_t i = r->nr_open; i-- > 0;)
		if (r->open[i].request == request && r->open[i].process == process)
			return &r->open[i];
	return NULL;
}

static void exchange_sent(struct reader *r, const struct tr_event *e)
{
	struct exchange *x = exchange_find(r, e->process, TR_PAYLOAD(e, body_sent)->request);

	if (x && x->sent_ns < 0)
		x->sent_ns = e->t_ns;
}

static void exchange_end(struct reader *r, const struct tr_event *e)
{
	const struct xf_ev_response *p = TR_PAYLOAD(e, response);
	struct exchange *x = exchange_find(r, e->process, p->request);

	if (!x)
		return;
	if (x->sent_ns < 0)
		x->sent_ns = x->begin_ns; /* it had no body, or was answered before its end */
	r->run->causes[TR_CAUSE_SENDING] += x->sent_ns - x->begin_ns;
	r->run->causes[TR_CAUSE_SERVER] += e->t_ns - x->sent_ns;
	if (!x->part)
		bar_add(r, x->thread, (struct tr_bar){
			.op = x->op, .attempts = 1, .begin_ns = x->begin_ns - r->origin_ns,
			.sent_ns = x->sent_ns - r->origin_ns, .end_ns = e->t_ns - r->origin_ns,
			.failed = p->status || p->http_status >= 400 });
	*x = r->open[--r->nr_open];
}

static bool is_permit(const struct tr_log *log, uint32_t object)
{
	return object != TR_NONE && tr_log_object(log, object)->class == XF_CLASS_PERMIT;
}

/* What is not reading in a pass over the source is hashing. */
static void read_end(struct reader *r, const struct tr_event *e)
{
	const struct xf_ev_part_read *p = TR_PAYLOAD(e, part_read);

	r->run->causes[TR_CAUSE_READING] += (int64_t)p->took_ns;
	if (p->hashing)
		r->run->causes[TR_CAUSE_HASHING] += e->t_ns - r->reading_since[e->thread] - (int64_t)p->took_ns;
}

static void event_read(struct reader *r, const struct tr_event *e)
{
	int64_t *causes = r->run->causes;

	switch ((int)e->kind) {
	case XF_EV_sem_acquired:
		if (is_permit(r->log, e->object))
			causes[TR_CAUSE_SEMAPHORE] += (int64_t)TR_PAYLOAD(e, sem_acquired)->waited_ns;
		break;
	case XF_EV_part_reading:
		r->reading_since[e->thread] = e->t_ns;
		break;
	case XF_EV_part_read:
		read_end(r, e);
		break;
	case XF_EV_part_sent: /* reading is a part of sending */
		causes[TR_CAUSE_READING] += (int64_t)TR_PAYLOAD(e, part_sent)->reading_ns;
		causes[TR_CAUSE_SENDING] -= (int64_t)TR_PAYLOAD(e, part_sent)->reading_ns;
		break;
	case XF_EV_backoff:
		causes[TR_CAUSE_BACKOFF] += (int64_t)TR_PAYLOAD(e, backoff)->delay_ns;
		break;
	case XF_EV_request_start:
		exchange_begin(r, e);
		break;
	case XF_EV_body_sent:
		exchange_sent(r, e);
		break;
	case XF_EV_response:
		exchange_end(r, e);
		break;
	default:
		break;
	}
}

static void parts_read(struct reader *r)
{
	for (uint32_t i = 0; i < r->final->nr_parts; i++) {
		const struct tr_part_state *p = &r->final->parts[i];
		if (p->queued_ns >= 0 && p->start_ns >= p->queued_ns)
			r->run->causes[TR_CAUSE_QUEUE] += p->start_ns - p->queued_ns;
		if (p->start_ns < 0 || p->end_ns < 0)
			continue;
		bar_add(r, p->thread, (struct tr_bar){
			.part = p->number, .attempts = p->attempts, .begin_ns = p->start_ns - r->origin_ns,
			.sent_ns = p->sent_ns < p->start_ns ? -1 : p->sent_ns - r->origin_ns,
			.end_ns = p->end_ns - r->origin_ns, .failed = p->phase == TR_PART_FAILED });
	}
}

static int by_begin(const void *a, const void *b)
{
	const struct tr_bar *x = a, *y = b;

	return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

/* Threads get their lanes in the order in which they first had something to do. */
static void lanes_give(struct reader *r)
{
	struct tr_sample *run = r->run;
	uint32_t kept = 0;

	qsort(run->bars, run->nr_bars, sizeof(*run->bars), by_begin);
	for (uint32_t i = 0; i < run->nr_bars; i++) {
		struct tr_bar bar = run->bars[i];
		bar.lane = lane(r, bar.lane);
		if (bar.lane == TR_NONE)
			run->bars_cut = true;
		else
			run->bars[kept++] = bar;
	}
	run->nr_bars = kept;
}

/* ---- the run as a whole */

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void totals_read(struct tr_sample *run, const struct tr_verdicts *all)
{
	const struct tr_state *final = all->final;
	const struct tr_verdict *first = &all->list[0];
	int64_t returned = -1, stored = -1;

	snprintf(run->answer, sizeof(run->answer), "%s", tr_answer_name(first->answer));
	snprintf(run->basis, sizeof(run->basis), "%s", tr_basis_name(first->basis));
	snprintf(run->outcome, sizeof(run->outcome), "%s", tr_outcome_name(first->outcome));
	for (uint32_t i = 0; i < all->nr; i++)
		if (all->list[i].call != TR_NONE)
			returned = max64(returned, all->list[i].return_ns);
	for (uint32_t i = 0; i < final->nr_transfers; i++) {
		const struct tr_transfer_state *t = &final->transfers[i];
		stored = max64(stored, t->done_ns);
		run->bytes += t->bytes_acked;
	}
	/* a program of somebody else's: no `done`, but its last answer */
	for (uint32_t i = 0; stored < 0 && i < run->nr_bars; i++)
		run->stored_ns = max64(run->stored_ns, run->bars[i].end_ns);
	if (first->call != TR_NONE && returned >= 0)
		run->wall_ns = returned - first->enter_ns;
	if (first->call != TR_NONE && stored >= 0)
		run->stored_ns = stored - first->enter_ns;
	run->peak = tr_state_peak(final);
}

enum xf_status tr_sample_read(struct tr_sample *run, const struct tr_log *log, const struct tr_verdicts *verdicts,
			   struct xf_error *err)
{
	uint32_t threads = tr_log_nr_threads(log);
	struct reader r = { .log = log, .run = run, .final = verdicts->final };

	if (verdicts->nr && verdicts->list[0].call != TR_NONE)
		r.origin_ns = verdicts->list[0].enter_ns;
	run->wall_ns = run->stored_ns = -1;
	r.reading_since = calloc(threads + 1, sizeof(*r.reading_since));
	r.lane_of = malloc((threads + 1) * sizeof(*r.lane_of));
	run->bars = malloc(TR_BARS_MAX * sizeof(*run->bars));
	run->lanes = calloc(TR_LANES_MAX, sizeof(*run->lanes));
	if (r.lane_of && r.reading_since && run->bars && run->lanes) {
		memset(r.lane_of, 0xff, (threads + 1) * sizeof(*r.lane_of));
		for (uint32_t i = 0; i < tr_log_nr_events(log) && !r.out_of_memory; i++) {
			struct tr_event e = tr_log_event(log, i);
			event_read(&r, &e);
		}
		parts_read(&r);
		lanes_give(&r);
		if (verdicts->nr)
			totals_read(run, verdicts);
	} else {
		r.out_of_memory = true;
	}
	free(r.open);
	free(r.lane_of);
	free(r.reading_since);
	return r.out_of_memory ? xf_fail(err, XF_NOMEM, "out of memory") : XF_OK;
}

void tr_sample_fini(struct tr_sample *run)
{
	free(run->bars);
	free(run->lanes);
	free(run->predicted);
	*run = (struct tr_sample){ 0 };
}

double tr_sample_throughput(const struct tr_sample *run)
{
	return run->stored_ns > 0 ? (double)run->bytes / ((double)run->stored_ns / 1e9) : 0;
}

bool tr_sample_stored(const struct tr_sample *run)
{
	return !strcmp(run->outcome, "stored") || !strcmp(run->outcome, "stored-later");
}
