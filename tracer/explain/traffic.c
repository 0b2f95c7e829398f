/* traffic: see traffic.h. One walk over the events; what is open is looked for in a list, for it is short. */
#include "tracer/explain/traffic.h"

#include <stdlib.h>

#include "tracer/trace/map.h"

/* ORDER phases */
static const struct {
	const char *name, *sentence;
} phases[] = {
	{ "connect", "connecting" }, { "send", "sending" }, { "wait", "waiting for the answer" },
	{ "receive", "receiving" }, { "whole", "the whole request" },
};
_Static_assert(sizeof(phases) / sizeof(phases[0]) == TR_PHASE_COUNT, "one row a phase");

const char *tr_traffic_phase_name(enum tr_traffic_phase p)
{
	return phases[p].name;
}

const char *tr_traffic_phase_sentence(enum tr_traffic_phase p)
{
	return phases[p].sentence;
}

/* A request under way. Times are -1 where they are not known yet. */
struct exchange {
	uint32_t process, request;
	int64_t start_ns, sent_ns, first_ns, connect_ns;
};

struct list {
	int64_t *ns;
	uint32_t nr, cap;
};

struct walk {
	const struct tr_log *log;
	const struct tr_verdicts *all;
	const struct tr_verdict *v;
	struct tr_traffic *out;
	struct exchange *open;
	uint32_t nr_open, cap_open;
	uint64_t *looks;           /* process and number of the requests with which we looked for the object */
	uint32_t nr_looks, cap_looks;
	uint64_t *seen;            /* process and number of the connections used */
	uint32_t nr_seen, cap_seen;
	struct list times[TR_PHASE_COUNT];
	bool failed;
};

static void append(struct walk *w, struct list *l, int64_t ns)
{
	if (!tr_grow(&l->ns, l->nr, &l->cap, sizeof(*l->ns)))
		w->failed = true;
	else
		l->ns[l->nr++] = ns;
}

static void note(struct walk *w, enum tr_traffic_phase phase, int64_t ns)
{
	if (ns >= 0)
		append(w, &w->times[phase], ns);
}

static struct exchange *open_find(struct walk *w, uint32_t process, uint32_t request)
{
	for (uint32_t i = 0; i < w->nr_open; i++)
		if (w->open[i].request == request && w->open[i].process == process)
			return &w->open[i];
	return NULL;
}

static bool is_own(const struct walk *w, uint32_t process, uint32_t id)
{
	uint32_t transfer = tr_state_transfer(w->all->model, w->all->final, process, id);

	for (uint32_t i = 0; i < w->v->nr_transfers; i++)
		if (w->v->transfers[i] == transfer)
			return true;
	return false;
}

/* ---- requests of --verify are ours, not the call's */

static void look_note(struct walk *w, uint64_t key)
{
	if (!tr_grow(&w->looks, w->nr_looks, &w->cap_looks, sizeof(*w->looks)))
		w->failed = true;
	else
		w->looks[w->nr_looks++] = key;
}

/* Which they were is only told at their end. */
static void looks_find(struct walk *w)
{
	uint64_t *last = calloc(tr_log_nr_threads(w->log) + 1u, sizeof(*last));

	w->failed = !last;
	for (uint32_t i = 0; i < tr_log_nr_events(w->log) && !w->failed; i++) {
		enum xf_kind kind = tr_log_kind(w->log, i);
		if (kind != XF_EV_request_start && kind != XF_EV_object_head)
			continue;
		struct tr_event e = tr_log_event(w->log, i);
		if (kind == XF_EV_request_start)
			last[e.thread] = (uint64_t)e.process << 32 | TR_PAYLOAD(&e, request_start)->request;
		else if (TR_PAYLOAD(&e, object_head)->verify)
			look_note(w, last[e.thread]);
	}
	free(last);
}

static bool is_look(const struct walk *w, uint32_t process, uint32_t request)
{
	for (uint32_t i = 0; i < w->nr_looks; i++)
		if (w->looks[i] == ((uint64_t)process << 32 | request))
			return true;
	return false;
}

/* ---- the call's requests */

static void request_begins(struct walk *w, const struct tr_event *e)
{
	const struct xf_ev_request_start *r = TR_PAYLOAD(e, request_start);

	if (!is_own(w, e->process, r->transfer) || is_look(w, e->process, r->request))
		return;
	w->out->requests++;
	w->out->retries += r->attempt > 1;
	if (!tr_grow(&w->open, w->nr_open, &w->cap_open, sizeof(*w->open))) {
		w->failed = true;
		return;
	}
	w->open[w->nr_open++] = (struct exchange){ .process = e->process, .request = r->request, .sent_ns = -1,
						   .start_ns = e->t_ns, .first_ns = -1, .connect_ns = -1 };
}

/* Was that connection used before? */
static bool connection_is_known(struct walk *w, uint32_t process, uint32_t connection)
{
	uint64_t key = (uint64_t)process << 32 | connection;

	for (uint32_t i = 0; i < w->nr_seen; i++)
		if (w->seen[i] == key)
			return true;
	if (!tr_grow(&w->seen, w->nr_seen, &w->cap_seen, sizeof(*w->seen)))
		w->failed = true;
	else
		w->seen[w->nr_seen++] = key;
	return false;
}

static void request_connects(struct walk *w, const struct tr_event *e, struct exchange *x)
{
	const struct xf_ev_connected *c = TR_PAYLOAD(e, connected);

	w->out->connections += !connection_is_known(w, e->process, c->connection);
	w->out->reused += c->reused;
	/* the probe sees a request on a connection that stands: how long that took is not known to it */
	x->connect_ns = (int64_t)(c->resolve_ns + c->connect_ns);
	if (!c->reused && x->connect_ns)
		note(w, TR_PHASE_CONNECT, x->connect_ns);
}

static void request_ends(struct walk *w, const struct tr_event *e, struct exchange *x)
{
	const struct xf_ev_response *r = TR_PAYLOAD(e, response);

	w->out->failures += r->status != XF_OK || r->http_status >= 400;
	if (r->http_status) {
		w->out->answered++;
		note(w, TR_PHASE_WHOLE, e->t_ns - x->start_ns);
		if (x->sent_ns >= 0)
			note(w, TR_PHASE_SEND, x->sent_ns - x->start_ns - (x->connect_ns > 0 ? x->connect_ns : 0));
		if (x->sent_ns >= 0 && x->first_ns >= x->sent_ns)
			note(w, TR_PHASE_WAIT, x->first_ns - x->sent_ns);
		if (x->first_ns >= 0)
			note(w, TR_PHASE_RECEIVE, e->t_ns - x->first_ns);
	}
	*x = w->open[--w->nr_open];
}

static uint32_t request_of(const struct tr_event *e)
{
	switch (e->kind) {
	case XF_EV_connected: return TR_PAYLOAD(e, connected)->request;
	case XF_EV_body_sent: return TR_PAYLOAD(e, body_sent)->request;
	case XF_EV_first_byte: return TR_PAYLOAD(e, first_byte)->request;
	case XF_EV_response: return TR_PAYLOAD(e, response)->request;
	default: return 0;
	}
}

static void look_at(struct walk *w, const struct tr_event *e)
{
	struct exchange *x = open_find(w, e->process, request_of(e));

	if (!x)
		return;
	switch (e->kind) {
	case XF_EV_connected:
		request_connects(w, e, x);
		break;
	case XF_EV_body_sent:
		x->sent_ns = e->t_ns;
		break;
	case XF_EV_first_byte:
		x->first_ns = e->t_ns;
		break;
	default:
		request_ends(w, e, x);
		break;
	}
}

static void requests_walk(struct walk *w)
{
	uint32_t nr = tr_log_nr_events(w->log);

	for (uint32_t i = 0; i < nr && !w->failed; i++) {
		enum xf_kind kind = tr_log_kind(w->log, i);
		if (kind != XF_EV_request_start && kind != XF_EV_connected && kind != XF_EV_body_sent &&
		    kind != XF_EV_first_byte && kind != XF_EV_response)
			continue;
		struct tr_event e = tr_log_event(w->log, i);
		if (kind == XF_EV_request_start)
			request_begins(w, &e);
		else
			look_at(w, &e);
	}
}

static int by_length(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The nearest rank: the least of them that at least so many in a hundred do not exceed. */
static int64_t rank(const struct list *l, uint32_t percent)
{
	uint64_t at = ((uint64_t)l->nr * percent + 99) / 100;

	return l->nr ? l->ns[at ? at - 1 : 0] : 0;
}

static void percentiles(struct walk *w)
{
	for (int p = 0; p < TR_PHASE_COUNT; p++) {
		struct list *l = &w->times[p];
		if (l->nr)
			qsort(l->ns, l->nr, sizeof(*l->ns), by_length);
		w->out->phases[p] = (struct tr_traffic_times){ l->nr, rank(l, 50), rank(l, 99) };
	}
}

/* ---- parts */

static bool is_part_of(const struct walk *w, const struct tr_part_state *p)
{
	for (uint32_t i = 0; i < w->v->nr_transfers; i++)
		if (w->v->transfers[i] == p->transfer)
			return p->start_ns >= 0 && p->end_ns >= p->start_ns;
	return false;
}

static void parts_span(struct walk *w)
{
	struct tr_traffic *t = w->out;

	for (uint32_t i = 0; i < w->all->final->nr_parts; i++) {
		const struct tr_part_state *p = &w->all->final->parts[i];
		if (!is_part_of(w, p))
			continue;
		if (!t->slowest_part || p->start_ns < t->begin_ns)
			t->begin_ns = p->start_ns;
		if (!t->slowest_part || p->end_ns > t->end_ns)
			t->end_ns = p->end_ns;
		if (!t->slowest_part || p->end_ns - p->start_ns > t->slowest_ns) {
			t->slowest_part = p->number;
			t->slowest_attempts = p->attempts;
			t->slowest_ns = p->end_ns - p->start_ns;
		}
	}
}

static double overlap(int64_t a, int64_t b, double from, double to)
{
	double begin = (double)a > from ? (double)a : from, end = (double)b < to ? (double)b : to;

	return end > begin ? end - begin : 0;
}

/* A part that begins when another ends takes its place. */
static uint32_t peak_of(struct list *begins, struct list *ends)
{
	uint32_t most = 0, ended = 0;

	if (begins->nr) {
		qsort(begins->ns, begins->nr, sizeof(*begins->ns), by_length);
		qsort(ends->ns, ends->nr, sizeof(*ends->ns), by_length);
	}
	for (uint32_t i = 0; i < begins->nr; i++) {
		while (ended < ends->nr && ends->ns[ended] <= begins->ns[i])
			ended++;
		most = i + 1 - ended > most ? i + 1 - ended : most;
	}
	return most;
}

static void parts_spread(struct walk *w)
{
	struct tr_traffic *t = w->out;
	double slice = (double)(t->end_ns - t->begin_ns) / TR_TRAFFIC_SLICES, sum = 0;
	struct list begins = { .nr = 0 }, ends = { .nr = 0 };

	for (uint32_t i = 0; i < w->all->final->nr_parts && slice > 0; i++) {
		const struct tr_part_state *p = &w->all->final->parts[i];
		if (!is_part_of(w, p))
			continue;
		for (uint32_t s = 0; s < TR_TRAFFIC_SLICES; s++)
			t->slices[s] += overlap(p->start_ns, p->end_ns, (double)t->begin_ns + s * slice,
						(double)t->begin_ns + (s + 1) * slice) / slice;
		sum += (double)(p->end_ns - p->start_ns);
		append(w, &begins, p->start_ns);
		append(w, &ends, p->end_ns);
	}
	if (!w->failed)
		t->peak_parts = peak_of(&begins, &ends);
	free(begins.ns);
	free(ends.ns);
	if (slice > 0)
		t->mean_parts = sum / (double)(t->end_ns - t->begin_ns);
}

enum xf_status tr_traffic_of(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v,
			     struct tr_traffic *out, struct xf_error *err)
{
	struct walk w = { .log = log, .all = all, .v = v, .out = out };

	*out = (struct tr_traffic){ .requests = 0 };
	looks_find(&w);
	requests_walk(&w);
	percentiles(&w);
	parts_span(&w);
	parts_spread(&w);
	for (int p = 0; p < TR_PHASE_COUNT; p++)
		free(w.times[p].ns);
	free(w.open);
	free(w.looks);
	free(w.seen);
	return w.failed ? xf_fail(err, XF_NOMEM, "out of memory") : XF_OK;
}
