#include "tracer/explain/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/bound.h"
#include "tracer/explain/fit.h"
#include "tracer/trace/map.h"

static const struct {
	const char *name, *sentence;
} causes[TR_PATH_COUNT] = {
#define XF_X(id, word, sentence) { word, sentence },
	TR_CAUSE_PATH_MAP(XF_X)
#undef XF_X
};

const char *tr_path_cause_name(enum tr_path_cause c) { return c < TR_PATH_COUNT ? causes[c].name : ""; }
const char *tr_path_cause_sentence(enum tr_path_cause c) { return c < TR_PATH_COUNT ? causes[c].sentence : ""; }

/* ---- what each thread did before each of its events */

struct before {
	uint32_t prev;      /* the thread's event before, TR_NONE */
	uint32_t part;
	uint8_t activity;
	uint8_t exchange;   /* where its request stood: a cause; TR_PATH_RUNNING: it had none under way */
	bool writing;       /* what was received, to its destination */
};

struct scan {
	const struct tr_log *log;
	const struct tr_verdicts *v;
	struct before *before; /* by event, up to `end` */
	uint32_t enter, end;
};

/* Where the thread's request stands behind this event. */
static uint8_t exchange_after(enum xf_kind kind, uint8_t before)
{
	switch (kind) {
	case XF_EV_request_start: return TR_PATH_SENDING;
	case XF_EV_body_sent: return TR_PATH_SERVER;
	case XF_EV_first_byte: return TR_PATH_RECEIVING;
	case XF_EV_response: return TR_PATH_RUNNING;
	default: return before;
	}
}

/* ORDER run_write: a download's write has no events of its own, but that frame of core/transfer/download.c. */
static bool writing_after(const struct tr_log *log, uint32_t index, bool before)
{
	struct tr_event e = tr_log_event(log, index);
	struct tr_site site;
	if (e.kind != XF_EV_frame_enter && e.kind != XF_EV_frame_leave)
		return before;
	site = tr_event_site(log, &e);
	if (strcmp(site.function, "run_write") || strcmp(site.file, "core/transfer/download.c"))
		return before;
	return e.kind == XF_EV_frame_enter;
}

/* What a thread had before it, as far as the scan has come. */
struct scanned {
	uint32_t last;      /* its last event and one; 0: none */
	uint8_t exchange;
	bool writing;
};

static bool scan_events(struct scan *s, struct xf_error *err)
{
	struct tr_model *m;
	struct scanned *threads = calloc(tr_log_nr_threads(s->log) + 1u, sizeof(*threads));
	s->before = calloc(s->end + 1u, sizeof(*s->before));
	if (!threads || !s->before || tr_model_new(s->log, &m, err)) {
		free(threads);
		return false;
	}
	for (uint32_t i = 0; i <= s->end; i++) {
		const struct tr_state *state = tr_model_at(m, i, err);
		uint32_t thread = tr_log_thread_of(s->log, i);
		struct scanned *t = &threads[thread];
		if (!state)
			break;
		s->before[i] = (struct before){ t->last ? t->last - 1 : TR_NONE, state->threads[thread].part,
						(uint8_t)state->threads[thread].activity, t->exchange, t->writing };
		t->last = i + 1;
		t->exchange = exchange_after(tr_log_kind(s->log, i), t->exchange);
		t->writing = writing_after(s->log, i, t->writing);
	}
	tr_model_free(m);
	free(threads);
	return true;
}

static enum tr_path_cause activity_cause(uint8_t activity)
{
	switch (activity) {
	case TR_READING: return TR_PATH_READING;
	case TR_HASHING: return TR_PATH_HASHING;
	case TR_CONNECTING: return TR_PATH_CONNECTING;
	case TR_SENDING: return TR_PATH_SENDING;
	case TR_AWAITING_ANSWER: return TR_PATH_SERVER;
	case TR_RECEIVING: return TR_PATH_RECEIVING;
	case TR_WAITING: return TR_PATH_WAITING;
	case TR_BACKING_OFF: return TR_PATH_BACKOFF;
	case TR_SLEEPING: return TR_PATH_SLEEPING;
	case TR_HELD: case TR_STOPPED: return TR_PATH_HELD;
	default: return TR_PATH_RUNNING;
	}
}

static enum tr_path_cause sleep_cause(const struct tr_log *log, const struct tr_event *e)
{
	const char *why = tr_log_text(log, e->process, TR_PAYLOAD(e, sleep)->why);
	if (strstr(why, "bandwidth"))
		return TR_PATH_BANDWIDTH_LIMIT;
	return strstr(why, "back") || strstr(why, "retry") ? TR_PATH_BACKOFF : TR_PATH_SLEEPING;
}

/* What the thread did in the time that this event ends. */
static enum tr_path_cause cause_of(const struct scan *s, const struct tr_event *e)
{
	switch (e->kind) {
	case XF_EV_sleep: return sleep_cause(s->log, e);
	case XF_EV_part_read: return TR_PAYLOAD(e, part_read)->hashing ? TR_PATH_HASHING : TR_PATH_READING;
	case XF_EV_connected: return TR_PATH_CONNECTING;
	case XF_EV_continued: case XF_EV_first_byte: return TR_PATH_SERVER;
	case XF_EV_released: case XF_EV_resumed: return TR_PATH_HELD;
	case XF_EV_body_sent: return TR_PATH_SENDING;
	default: break;
	}
	/* another's program polls, locks and runs in the midst of a request: it is the request that takes the time */
	enum tr_path_cause cause = activity_cause(s->before[e->index].activity);
	if (s->before[e->index].writing && cause != TR_PATH_WAITING && cause != TR_PATH_HELD)
		return TR_PATH_WRITING;
	return cause == TR_PATH_RUNNING ? (enum tr_path_cause)s->before[e->index].exchange : cause;
}

/* ---- the critical path, from its end */

struct walk {
	struct scan scan;
	struct tr_explanation *out;
	uint32_t cap;
	int64_t until, enter_ns;
	int64_t reading_ns;      /* to be found in what `reader` did before */
	uint32_t reader;
	bool failed;
};

static void piece(struct walk *w, int64_t from, enum tr_path_cause cause, uint32_t event)
{
	struct tr_explanation *o = w->out;
	uint32_t thread = tr_log_thread_of(w->scan.log, event), part = w->scan.before[event].part;
	struct tr_path_step *last = o->nr_path ? &o->path[o->nr_path - 1] : NULL;
	from = from < w->enter_ns ? w->enter_ns : from;
	if (from >= w->until)
		return;
	o->cause_ns[cause] += w->until - from;
	if (last && last->thread == thread && last->cause == cause && last->part == part) {
		last->begin_ns = from;
	} else if (tr_grow(&o->path, o->nr_path, &w->cap, sizeof(*o->path))) {
		o->path[o->nr_path++] = (struct tr_path_step){ thread, event, from, w->until, cause, part };
	} else {
		w->failed = true;
	}
	w->until = from;
}

/* The edge that ended the wait before this event: the latest release that came after the wait began. */
static const struct tr_edge *releaser(const struct walk *w, uint32_t event, int64_t since)
{
	const struct tr_order *o = w->scan.v->order;
	const struct tr_edge *best = NULL;
	for (uint32_t i = tr_order_edge_at(o, event); i < tr_order_nr_edges(o); i++) {
		const struct tr_edge *e = tr_order_edge(o, i);
		if (e->to != event)
			break;
		if (e->kind != TR_EDGE_DATA && tr_log_time(w->scan.log, e->from) >= since &&
		    (!best || tr_log_time(w->scan.log, e->from) > tr_log_time(w->scan.log, best->from)))
			best = e;
	}
	return best;
}

/*
 * A wait that ended because its object was closed has no releaser in the trace: managers are closed by the caller,
 * so it is the caller's event before. TR_NONE: it was not such a wait.
 */
static uint32_t closer(const struct walk *w, const struct tr_event *e, int64_t since)
{
	uint32_t caller = tr_log_thread_of(w->scan.log, w->scan.enter);
	uint64_t how = 0;
	if (!tr_event_field(e, "how", &how) || how != XF_HOW_CLOSED || e->thread == caller)
		return TR_NONE;
	for (uint32_t i = e->index; i-- > w->scan.enter && tr_log_time(w->scan.log, i) >= since;)
		if (tr_log_thread_of(w->scan.log, i) == caller)
			return i;
	return TR_NONE;
}

/* Hashing and sending read as they go: what they spent in reading is taken from the pieces that lead to their end. */
static void note_reading(struct walk *w, const struct tr_event *e)
{
	if (e->kind == XF_EV_part_sent)
		w->reading_ns = (int64_t)TR_PAYLOAD(e, part_sent)->reading_ns;
	else if (e->kind == XF_EV_part_read && TR_PAYLOAD(e, part_read)->hashing)
		w->reading_ns = (int64_t)TR_PAYLOAD(e, part_read)->took_ns;
	else if (e->kind == XF_EV_request_start || e->kind == XF_EV_part_reading)
		w->reading_ns = 0;
	else
		return;
	w->reader = e->thread;
}

static void read_piece(struct walk *w, int64_t since, enum tr_path_cause cause, uint32_t event)
{
	int64_t until = w->until, all = until - since;
	if ((cause != TR_PATH_SENDING && cause != TR_PATH_HASHING) || all <= 0)
		return;
	piece(w, until - (w->reading_ns < all ? w->reading_ns : all), TR_PATH_READING, event);
	w->reading_ns -= until - w->until;
}

/* The event before on the path; TR_NONE at its begin. */
static uint32_t step_back(struct walk *w, uint32_t event)
{
	const struct before *b = &w->scan.before[event];
	struct tr_event e = tr_log_event(w->scan.log, event);
	int64_t since = b->prev == TR_NONE ? INT64_MIN : tr_log_time(w->scan.log, b->prev);
	bool waited = b->prev == TR_NONE || b->activity == TR_WAITING || xf_kind_info(e.kind)->role == XF_ROLE_ACQUIRE;
	const struct tr_edge *edge = waited ? releaser(w, event, since) : NULL;
	if (edge) {
		piece(w, tr_log_time(w->scan.log, edge->from), TR_PATH_WAKING, event);
		return edge->from;
	}
	uint32_t closed_by = closer(w, &e, since);
	if (closed_by != TR_NONE) {
		piece(w, tr_log_time(w->scan.log, closed_by), TR_PATH_WAKING, event);
		return closed_by;
	}
	if (b->prev == TR_NONE)
		return TR_NONE;
	note_reading(w, &e);
	if (w->reading_ns > 0 && e.thread == w->reader)
		read_piece(w, since, cause_of(&w->scan, &e), event);
	piece(w, since, cause_of(&w->scan, &e), event);
	return b->prev;
}

static void reverse(struct tr_path_step *path, uint32_t nr)
{
	for (uint32_t i = 0; i < nr / 2; i++) {
		struct tr_path_step t = path[i];
		path[i] = path[nr - 1 - i];
		path[nr - 1 - i] = t;
	}
}

static void walk_path(struct walk *w)
{
	uint32_t event = w->scan.end;
	while (event != TR_NONE && w->until > w->enter_ns && !w->failed)
		event = step_back(w, event);
	if (w->until > w->enter_ns)
		piece(w, w->enter_ns, TR_PATH_UNKNOWN, w->scan.enter);
	reverse(w->out->path, w->out->nr_path);
}

/* ---- the run, for the replay */

static int part_order(const void *a, const void *b)
{
	const struct tr_run_part *x = a, *y = b;
	return x->number < y->number ? -1 : x->number > y->number;
}

static bool own_transfer(const struct tr_verdict *v, uint32_t transfer)
{
	for (uint32_t i = 0; i < v->nr_transfers; i++)
		if (v->transfers[i] == transfer)
			return true;
	return false;
}

static bool collect_parts(struct walk *w, const struct tr_verdict *v)
{
	const struct tr_state *s = w->scan.v->final;
	struct tr_run *run = &w->out->run;
	run->parts = calloc(s->nr_parts + 1u, sizeof(*run->parts));
	for (uint32_t i = 0; run->parts && i < s->nr_parts; i++) {
		const struct tr_part_state *p = &s->parts[i];
		if (!own_transfer(v, p->transfer) || p->start_ns < 0 || p->end_ns < 0)
			continue;
		run->parts[run->nr_parts++] = (struct tr_run_part){
			.number = p->number, .bytes = p->bytes, .start_ns = p->start_ns - w->enter_ns,
			.end_ns = p->end_ns - w->enter_ns,
			.ready_ns = p->queued_ns < 0 ? 0 : p->queued_ns - w->enter_ns };
	}
	if (run->parts && v->nr_transfers == 1)
		qsort(run->parts, run->nr_parts, sizeof(*run->parts), part_order);
	return run->parts != NULL;
}

static struct tr_run_part *part_of(struct tr_run *run, uint64_t number)
{
	if (number && number <= run->nr_parts && run->parts[number - 1].number == number)
		return &run->parts[number - 1];
	for (uint32_t i = 0; i < run->nr_parts; i++)
		if (run->parts[i].number == number)
			return &run->parts[i];
	return NULL;
}

static const struct tr_limits as_recorded = { .workers = 0 };

/* Answers to requests about the object as a whole. */
struct answers {
	int64_t least;
	uint32_t nr;
	uint32_t before;   /* … of them before any part had started */
	bool parts;
};

/* Of a part's last attempt, from the call's begin; 0: not yet. */
struct attempt {
	int64_t since_ns, first_ns; /* it began to send; the answer began */
};

/*
 * The stages of a part's last attempt; what is left of its time was spent in answers, back-off, attempts that failed.
 */
static void note_stage(struct walk *w, struct tr_run_part *p, struct attempt *a, const struct tr_event *e)
{
	int64_t *stage = p->stage_ns, at = e->t_ns - w->enter_ns;
	switch (e->kind) {
	case XF_EV_request_start:
		stage[TR_STAGE_WORK] = a->since_ns ? 0 : at - p->start_ns;
		stage[TR_STAGE_LIMIT] = p->sent_ns = 0;
		*a = (struct attempt){ .since_ns = at };
		break;
	case XF_EV_connected:
		if (!TR_PAYLOAD(e, connected)->reused && a->since_ns)
			a->since_ns = at; /* connecting is a latency */
		break;
	case XF_EV_body_sent:
		if (a->since_ns)
			p->sent_ns = at - a->since_ns - stage[TR_STAGE_LIMIT];
		break;
	case XF_EV_first_byte:
		a->first_ns = at;
		p->sent_ns += (int64_t)TR_PAYLOAD(e, first_byte)->draining_ns;
		w->out->run.drained |= TR_PAYLOAD(e, first_byte)->draining_ns > 0;
		stage[TR_STAGE_LATENCY] += (int64_t)TR_PAYLOAD(e, first_byte)->waited_ns;
		break;
	case XF_EV_response: /* a download's bytes are on their way behind the first */
		if (a->first_ns)
			p->sent_ns += at - a->first_ns;
		a->first_ns = 0;
		break;
	case XF_EV_sleep:
		if (cause_of(&w->scan, e) == TR_PATH_BANDWIDTH_LIMIT)
			stage[TR_STAGE_LIMIT] += (int64_t)TR_PAYLOAD(e, sleep)->slept_ns;
		else if (cause_of(&w->scan, e) == TR_PATH_BACKOFF)
			stage[TR_STAGE_LATENCY] += (int64_t)TR_PAYLOAD(e, sleep)->slept_ns;
		break;
	default:
		break;
	}
}

static void note_event(struct walk *w, const struct tr_event *e, struct answers *bodiless, struct attempt *attempts)
{
	struct tr_run *run = &w->out->run;
	struct tr_run_part *p = part_of(run, w->scan.before[e->index].part);
	if (e->kind == XF_EV_request_start)
		p = part_of(run, TR_PAYLOAD(e, request_start)->part);
	if (p && e->t_ns - w->enter_ns <= p->end_ns)
		note_stage(w, p, &attempts[p - run->parts], e);
	switch (e->kind) {
	case XF_EV_request_start:
		w->out->requests++;
		w->out->retries += TR_PAYLOAD(e, request_start)->attempt > 1;
		if (TR_PAYLOAD(e, request_start)->attempt > w->out->attempts)
			w->out->attempts = TR_PAYLOAD(e, request_start)->attempt;
		break;
	case XF_EV_first_byte:
		if (p)
			break;
		if (!bodiless->nr++ || (int64_t)TR_PAYLOAD(e, first_byte)->waited_ns < bodiless->least)
			bodiless->least = (int64_t)TR_PAYLOAD(e, first_byte)->waited_ns;
		bodiless->before += !bodiless->parts;
		break;
	case XF_EV_part_start:
		bodiless->parts = true;
		break;
	case XF_EV_part_failed:
		w->out->failures++;
		break;
	case XF_EV_part_read:
		p = part_of(run, TR_PAYLOAD(e, part_read)->part);
		if (p && !TR_PAYLOAD(e, part_read)->hashing && e->t_ns - w->enter_ns <= p->start_ns)
			p->read_ns = (int64_t)TR_PAYLOAD(e, part_read)->took_ns;
		break;
	default:
		break;
	}
}

/* A setting of our own transfers; 0: another's program, which does not tell. */
static uint64_t setting(const struct walk *w, const char *name)
{
	const char *value = tr_log_property(w->scan.log, name);
	return value ? strtoull(value, NULL, 10) : 0;
}

/* The workers there were at most: as set, else the threads that took parts. */
static uint32_t workers_of(const struct walk *w)
{
	uint32_t set = (uint32_t)setting(w, "max_request_concurrency"), seen = w->scan.v->final->peak_parts;
	if (set)
		return setting(w, "use_threads") ? set : 1;
	return seen ? seen : 1;
}

static uint32_t permits_of(const struct walk *w)
{
	const struct tr_run *run = &w->out->run;
	bool ahead = false;
	for (uint32_t i = 0; i < run->nr_parts; i++)
		ahead |= run->parts[i].read_ns > 0;
	return ahead ? (uint32_t)setting(w, "max_in_memory_upload_chunks") : 0;
}

/* A server on the same machine is at work on a part while the rest of it is still sent. */
static void processors_of(const struct walk *w, struct tr_run *run)
{
	uint64_t own = setting(w, "cpu_ns"), server = setting(w, "endpoint_cpu_ns"), idle = setting(w, "idle_ns");
	double all;
	if (!own)
		return;
	run->processors = (double)setting(w, "processors");
	run->busy_ns = (int64_t)(own + server);
	run->busy_each = server ? 1.1 : 1;
	all = run->processors * (double)w->out->wall_ns;
	run->others = all > (double)(own + server + idle) ? 1 - (double)(own + server + idle) / all : 0;
}

/* So that the stages are all of the part's time. Where no request was seen, all but the answers is sending. */
static void complete_stages(struct tr_run_part *p, bool requests)
{
	int64_t left = p->end_ns - p->start_ns, answers = p->stage_ns[TR_STAGE_LATENCY];
	if (!requests)
		p->sent_ns = left > answers ? left - answers : 0;
	p->stage_ns[TR_STAGE_WORK] += p->sent_ns;
	p->prepared = p->stage_ns[TR_STAGE_WORK] > p->sent_ns ? 1 - (double)p->sent_ns / (double)p->stage_ns[TR_STAGE_WORK] : 0;
	for (int s = 0; s < TR_STAGE_LATENCY; s++) {
		int64_t *ns = &p->stage_ns[s];
		*ns = *ns < 0 ? 0 : *ns > left ? left : *ns;
		left -= *ns;
	}
	p->stage_ns[TR_STAGE_LATENCY] = left;
}

static bool collect_run(struct walk *w)
{
	struct tr_run *run = &w->out->run;
	struct answers bodiless = { 0, 0, 0, false };
	int64_t first = INT64_MAX, last = 0;
	struct attempt *attempts = calloc(run->nr_parts + 1u, sizeof(*attempts));
	for (uint32_t i = w->scan.enter; i <= w->scan.end && attempts; i++) {
		struct tr_event e = tr_log_event(w->scan.log, i);
		note_event(w, &e, &bodiless, attempts);
	}
	for (uint32_t i = 0; i < run->nr_parts && attempts; i++) {
		struct tr_run_part *p = &run->parts[i];
		first = p->start_ns < first ? p->start_ns : first;
		last = p->end_ns > last ? p->end_ns : last;
		complete_stages(p, attempts[i].since_ns != 0);
	}
	run->workers = workers_of(w);
	w->out->threads = !setting(w, "max_request_concurrency") || setting(w, "use_threads");
	run->permits = permits_of(w);
	run->limit = setting(w, "max_bandwidth");
	run->head_ns = !run->nr_parts ? 0 : run->permits ? 0 : first;
	run->tail_ns = w->out->wall_ns > last ? w->out->wall_ns - last : 0;
	processors_of(w, run);
	run->head_requests = bodiless.before;
	run->tail_requests = bodiless.nr - bodiless.before;
	tr_run_fit(run, bodiless.least);
	w->out->replayed_ns = run->nr_parts ? tr_run_replay(run, &as_recorded, TR_FIT_LIKELY) : -1;
	free(attempts);
	return attempts != NULL;
}

/* ---- predictions */

/* Replays off by so much of the run itself: as much of a shorter one, no more of a longer. */
static int64_t corrected(int64_t replayed, int64_t itself, int64_t wall)
{
	if (itself <= 0)
		return replayed;
	return wall < itself || replayed < itself ? (int64_t)((double)replayed * (double)wall / (double)itself) : replayed + wall - itself;
}

/* Under one of the capacities, and with so many times the work; negative: no memory. */
static int64_t forecast(const struct tr_explanation *e, const struct tr_limits *with, enum tr_fit fit, double work)
{
	struct tr_limits use = *with;
	int64_t itself = tr_run_replay(&e->run, &as_recorded, fit), replayed;
	use.work = work;
	replayed = tr_run_replay(&e->run, &use, fit);
	return replayed < 0 || itself < 0 ? -1 : corrected(replayed, itself, e->wall_ns);
}

/* What else may be: parts that share processors are not alike from run to run, the less the more others have of them. */
static bool forecast_bounds(const struct tr_explanation *e, const struct tr_limits *with, struct tr_forecast *t)
{
	double varies = (e->run.by_processors ? 1.2 : 1) + e->run.others * 0.8;
	const struct {
		enum tr_fit fit;
		double work;
	} ways[] = { { TR_FIT_LIKELY, varies }, { TR_FIT_LIKELY, 1 / varies }, { TR_FIT_LEAST, 1 }, { TR_FIT_MOST, 1 } };
	t->low_ns = t->high_ns = t->ns;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int64_t ns = forecast(e, with, ways[i].fit, ways[i].work);
		if (ns < 0)
			return false;
		t->low_ns = ns < t->low_ns ? ns : t->low_ns;
		t->high_ns = ns > t->high_ns ? ns : t->high_ns;
	}
	return true;
}

bool tr_explain_replay(const struct tr_explanation *e, const struct tr_limits *with, struct tr_forecast *out)
{
	double wrong;
	int64_t margin;
	if (e->replayed_ns <= 0)
		return false;
	out->ns = forecast(e, with, TR_FIT_LIKELY, 1);
	if (out->ns < 0 || !forecast_bounds(e, with, out))
		return false;
	wrong = (double)e->wall_ns / (double)e->replayed_ns - 1;
	margin = (int64_t)((double)out->ns * (0.05 + (wrong > 0 ? wrong : -wrong)));
	out->low_ns = out->low_ns > margin ? out->low_ns - margin : 0;
	out->high_ns += margin;
	return true;
}

bool tr_explain_predict(struct tr_explanation *e, const char *what, uint64_t value, const char *text,
			const struct tr_limits *with)
{
	struct tr_prediction *p = &e->predictions[e->nr_predictions];
	if (e->nr_predictions == TR_PREDICTIONS)
		return false;
	*p = (struct tr_prediction){ .value = value };
	snprintf(p->what, sizeof(p->what), "%s", what);
	if (text)
		snprintf(p->text, sizeof(p->text), "%s", text);
	else
		snprintf(p->text, sizeof(p->text), "%" PRIu64, value);
	for (char *c = p->what; *c; c++)
		*c = *c == '-' ? '_' : *c;
	if (!tr_explain_replay(e, with, &p->time))
		return false;
	e->nr_predictions++;
	return true;
}

static void predict_workers(struct tr_explanation *o, uint32_t n)
{
	tr_explain_predict(o, "max_concurrency", n, NULL, &(struct tr_limits){ .workers = n });
}

static void predict_some(struct tr_explanation *o)
{
	uint32_t now = o->run.workers < o->run.nr_parts ? o->run.workers : o->run.nr_parts; /* that had work */
	if (now > 1)
		predict_workers(o, now / 2);
	if (now < o->run.nr_parts)
		predict_workers(o, now * 2);
	if (now * 2 < o->run.nr_parts)
		predict_workers(o, o->run.nr_parts < 1000 ? o->run.nr_parts : 1000);
	if (o->run.permits && o->run.permits < o->run.nr_parts)
		tr_explain_predict(o, "read_ahead", o->run.permits * 2, NULL,
				   &(struct tr_limits){ .permits = o->run.permits * 2 });
}

enum xf_status tr_explain(const struct tr_log *log, const struct tr_verdicts *verdicts, uint32_t call,
			  struct tr_explanation *out, struct xf_error *err)
{
	struct walk w = { .scan = { .log = log, .v = verdicts }, .out = out };
	const struct tr_verdict *v = NULL;
	*out = (struct tr_explanation){ .call = call };
	for (uint32_t i = 0; i < verdicts->nr; i++)
		if (verdicts->list[i].call == call && call != TR_NONE)
			v = &verdicts->list[i];
	if (!v)
		return xf_fail(err, XF_NOT_FOUND, "there is no call in the trace");
	w.scan.enter = tr_log_call(log, call)->enter;
	out->returned = tr_log_call(log, call)->ret != TR_NONE;
	w.scan.end = out->returned ? tr_log_call(log, call)->ret : tr_log_nr_events(log) - 1;
	w.enter_ns = tr_log_time(log, w.scan.enter);
	w.until = tr_log_time(log, w.scan.end);
	out->wall_ns = w.until - w.enter_ns;
	w.failed = !scan_events(&w.scan, err) || !collect_parts(&w, v);
	if (!w.failed) {
		walk_path(&w);
		w.failed |= !collect_run(&w);
		tr_bound_decide(out);
		predict_some(out);
	}
	free(w.scan.before);
	return w.failed ? xf_fail(err, XF_NOMEM, "no memory for the explanation") : XF_OK;
}

void tr_explanation_fini(struct tr_explanation *e)
{
	free(e->path);
	free(e->run.parts);
	*e = (struct tr_explanation){ .call = TR_NONE };
}
