/*
 * model: replays events into a state.
 *
 * The table of effects is the switch in apply(): what one event changes, in the
 * order of event.def. An event that speaks of things the trace never introduced
 * (a torn beginning, garbage) introduces them or changes nothing.
 */
#include "tracer/trace/model.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"

/* The state with the room its arrays have. */
struct frame {
	struct tr_state s;
	uint32_t cap_threads, cap_objects, cap_transfers, cap_parts, cap_requests, cap_calls;
};

struct tr_model {
	const struct tr_log *log;
	struct frame now;
	struct frame *keys;      /* keys[i]: the state after i * TR_KEY_EVENTS events; [0] is empty */
	uint32_t nr_keys, cap_keys;
	struct tr_map transfers; /* (process, id) → index; never shrinks: positions are stable */
	struct tr_map parts;     /* (transfer, number) → index */
	struct tr_map requests;  /* (process, request) → index of an open one */
	struct tr_object_state nobody; /* takes what is said of no object */
	bool failed;
};

const char *tr_activity_name(enum tr_activity a)
{
	static const char *const names[] = {
		"not started", "running", "reading", "hashing", "connecting", "sending",
		"waiting for answer", "receiving", "waiting", "backing off", "sleeping", "held",
		"stopped", "ended",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == TR_ACTIVITY_COUNT, "one name an activity");
	return a < TR_ACTIVITY_COUNT ? names[a] : "unknown";
}

const char *tr_part_phase_name(enum tr_part_phase p)
{
	static const char *const names[] = { "unknown", "queued", "started", "sent", "backing off",
					     "done", "failed", "skipped" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == TR_PART_PHASE_COUNT, "one name a phase");
	return p < TR_PART_PHASE_COUNT ? names[p] : "unknown";
}

/* ---- rows; those of threads and objects mirror the log's */

static bool mirror_log(struct tr_model *m)
{
	struct frame *f = &m->now;
	while (f->s.nr_threads < tr_log_nr_threads(m->log)) {
		if (!tr_grow(&f->s.threads, f->s.nr_threads, &f->cap_threads, sizeof(*f->s.threads)))
			return false;
		f->s.threads[f->s.nr_threads++] = (struct tr_thread_state){
			.object = TR_NONE, .on_thread = TR_NONE, .wait_event = TR_NONE,
			.transfer = TR_NONE, .request = TR_NONE, .call = TR_NONE };
	}
	while (f->s.nr_objects < tr_log_nr_objects(m->log)) {
		if (!tr_grow(&f->s.objects, f->s.nr_objects, &f->cap_objects, sizeof(*f->s.objects)))
			return false;
		f->s.objects[f->s.nr_objects++] = (struct tr_object_state){
			.owner = TR_NONE, .last_release = TR_NONE };
	}
	return true;
}

static uint32_t transfer_for(struct tr_model *m, const struct tr_event *e, uint32_t id)
{
	struct frame *f = &m->now;
	uint64_t key = tr_pair(e->process, id);
	uint32_t i = tr_map_get(&m->transfers, key);
	if (i != TR_MAP_NONE && i < f->s.nr_transfers)
		return i;
	if (!tr_grow(&f->s.transfers, f->s.nr_transfers, &f->cap_transfers, sizeof(*f->s.transfers)) ||
	    !tr_map_set(&m->transfers, key, f->s.nr_transfers)) {
		m->failed = true;
		return TR_NONE;
	}
	f->s.transfers[f->s.nr_transfers] = (struct tr_transfer_state){
		.id = id, .process = e->process, .submit = TR_NONE, .create = TR_NONE,
		.complete = TR_NONE, .abort = TR_NONE, .put = TR_NONE, .get = TR_NONE,
		.head = TR_NONE, .done = TR_NONE, .submit_ns = -1, .done_ns = -1, .fail_event = TR_NONE };
	return f->s.nr_transfers++;
}

static uint32_t part_for(struct tr_model *m, const struct tr_event *e, uint32_t id, uint32_t number)
{
	struct frame *f = &m->now;
	uint32_t transfer = transfer_for(m, e, id);
	if (transfer == TR_NONE)
		return TR_NONE;
	uint64_t key = tr_pair(transfer, number);
	uint32_t i = tr_map_get(&m->parts, key);
	if (i != TR_MAP_NONE && i < f->s.nr_parts)
		return i;
	if (!tr_grow(&f->s.parts, f->s.nr_parts, &f->cap_parts, sizeof(*f->s.parts)) ||
	    !tr_map_set(&m->parts, key, f->s.nr_parts)) {
		m->failed = true;
		return TR_NONE;
	}
	f->s.parts[f->s.nr_parts] = (struct tr_part_state){
		.transfer = transfer, .number = number, .thread = TR_NONE, .queued_ns = -1,
		.start_ns = -1, .sent_ns = -1, .end_ns = -1, .end_event = TR_NONE };
	return f->s.nr_parts++;
}

/* ---- threads */

static bool is_waiting(enum tr_activity a)
{
	return a == TR_WAITING || a == TR_BACKING_OFF || a == TR_SLEEPING || a == TR_HELD || a == TR_STOPPED;
}

static bool is_busy(enum tr_activity a)
{
	return a != TR_NOT_STARTED && a != TR_ENDED && !is_waiting(a);
}

/* A lock taken, or a pause for the bandwidth, in the middle of a body leaves the thread at its sending. */
enum tr_activity tr_activity_resumed(enum tr_activity before, enum tr_activity now)
{
	if (now == TR_BACKING_OFF || before == TR_NOT_STARTED)
		return is_busy(now) ? now : TR_RUNNING;
	return is_busy(now) ? now : before;
}

static void add_time(struct tr_thread_state *t, int64_t now_ns)
{
	int64_t spent = now_ns - t->since_ns;
	if (spent > 0 && is_busy(t->activity))
		t->busy_ns += spent;
	else if (spent > 0 && is_waiting(t->activity))
		t->wait_ns += spent;
}

static void turn(struct tr_thread_state *t, const struct tr_event *e, enum tr_activity a)
{
	if (!t->gone)
		add_time(t, e->t_ns);
	t->gone = false;
	t->work = tr_activity_resumed(t->work, a);
	t->activity = a;
	t->since_ns = e->t_ns;
	t->wait_event = e->index;
}

enum tr_activity tr_thread_activity(const struct tr_thread_state *t)
{
	return t->gone ? TR_ENDED : t->activity;
}

/* By the pid: a process that executes another program has several numbers in a trace, one after the other. */
bool tr_thread_ends_with(const struct tr_thread *t, const struct tr_event *exit)
{
	uint32_t pid = TR_PAYLOAD(exit, process_exit)->pid;
	return pid && t->pid ? t->pid == pid : t->process == exit->process;
}

/* With a process end its threads, whether they said so or not; for whom they waited is kept. */
static void process_end(struct tr_model *m, const struct tr_event *e)
{
	for (uint32_t i = 0; i < m->now.s.nr_threads; i++) {
		struct tr_thread_state *t = &m->now.s.threads[i];
		if (t->gone || t->activity == TR_NOT_STARTED || !tr_thread_ends_with(tr_log_thread(m->log, i), e))
			continue;
		add_time(t, e->t_ns);
		t->gone = true;
	}
}

static void begin_wait(struct tr_thread_state *t, const struct tr_event *e, uint64_t limit_ns,
		       uint32_t on_thread)
{
	turn(t, e, TR_WAITING);
	t->wait = e->kind;
	t->object = e->object;
	t->on_thread = on_thread;
	t->limit_ns = limit_ns;
}

/* A wait is over, or whatever it was: back to work, or to something new. */
static void run_on(struct tr_thread_state *t, const struct tr_event *e)
{
	bool anew = e->kind == XF_EV_thread_start || e->kind == XF_EV_queue_get;
	turn(t, e, anew ? TR_RUNNING : t->work);
	t->object = t->on_thread = TR_NONE;
	t->limit_ns = 0;
}

/* A wait is over; its time belongs to the object when it really waited. */
static void end_wait(struct tr_model *m, struct tr_thread_state *t, const struct tr_event *e,
		     uint64_t waited_ns, uint8_t how)
{
	if (e->object != TR_NONE && (how == XF_HOW_WOKEN || how == XF_HOW_TIMED_OUT)) {
		m->now.s.objects[e->object].waits++;
		m->now.s.objects[e->object].wait_ns += (int64_t)waited_ns;
	}
	run_on(t, e);
}

/* ---- objects */

static struct tr_object_state *object_state(struct tr_model *m, const struct tr_event *e)
{
	return e->object == TR_NONE ? &m->nobody : &m->now.s.objects[e->object];
}

static void set_value(struct tr_model *m, const struct tr_event *e, int64_t value)
{
	struct tr_object_state *o = object_state(m, e);
	if (e->object == TR_NONE)
		return;
	const struct tr_object *info = tr_log_object(m->log, e->object);
	int64_t in_use = info->init == XF_EV_sem_init ? info->capacity - value : value;
	o->alive = true;
	o->value = value;
	if (info->init == XF_EV_sem_init ? info->class == XF_CLASS_PERMIT && in_use > o->max_in_use
					 : in_use > o->max_in_use)
		o->max_in_use = in_use;
}

static void acquired(struct tr_model *m, const struct tr_event *e, uint8_t how)
{
	if (how == XF_HOW_AT_ONCE || how == XF_HOW_WOKEN)
		object_state(m, e)->owner = e->thread;
}

static void released(struct tr_model *m, const struct tr_event *e)
{
	object_state(m, e)->last_release = e->index;
}

/* ---- requests */

static uint32_t request_find(const struct tr_model *m, uint32_t process, uint32_t request)
{
	const struct tr_state *s = &m->now.s;
	uint32_t i = tr_map_get(&m->requests, tr_pair(process, request));
	return i < s->nr_requests && s->requests[i].request == request &&
	       s->requests[i].process == process ? i : TR_NONE;
}

static void request_start(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	const struct xf_ev_request_start *p = TR_PAYLOAD(e, request_start);
	struct frame *f = &m->now;
	/* the upload of a part may be told of a moment later, by another connection that began with it at once */
	uint32_t transfer = p->part ? transfer_for(m, e, p->transfer)
				    : tr_map_get(&m->transfers, tr_pair(e->process, p->transfer));
	if (!tr_grow(&f->s.requests, f->s.nr_requests, &f->cap_requests, sizeof(*f->s.requests)) ||
	    !tr_map_set(&m->requests, tr_pair(e->process, p->request), f->s.nr_requests)) {
		m->failed = true;
		return;
	}
	if (transfer < f->s.nr_transfers && (p->op == XF_OP_COPY_OBJECT || p->op == XF_OP_UPLOAD_PART_COPY))
		f->s.transfers[transfer].copied = true;
	f->s.requests[f->s.nr_requests++] = (struct tr_request_state){
		.request = p->request, .process = e->process, .part = p->part, .thread = e->thread,
		.transfer = transfer < f->s.nr_transfers ? transfer : TR_NONE, .start = e->index,
		.op = (enum xf_op)p->op, .attempt = p->attempt, .phase = TR_CONNECTING,
		.start_ns = e->t_ns, .phase_ns = e->t_ns };
	if (f->s.nr_requests > f->s.peak_requests)
		f->s.peak_requests = f->s.nr_requests;
	turn(t, e, TR_CONNECTING);
	t->request = p->request;
	t->op = (enum xf_op)p->op;
	t->transfer = f->s.requests[f->s.nr_requests - 1].transfer;
	t->part = p->part;
}

static void request_phase(struct tr_model *m, const struct tr_event *e, uint32_t request,
			  enum tr_activity phase)
{
	struct tr_state *s = &m->now.s;
	uint32_t i = request_find(m, e->process, request);
	if (i == TR_NONE)
		return;
	s->requests[i].phase = phase;
	s->requests[i].phase_ns = e->t_ns;
	struct tr_thread_state *t = &s->threads[s->requests[i].thread];
	if (t->request == request && is_busy(t->activity))
		turn(t, e, phase);
}

static void request_end(struct tr_model *m, const struct tr_event *e, uint32_t request)
{
	struct tr_state *s = &m->now.s;
	uint32_t i = request_find(m, e->process, request);
	if (i == TR_NONE)
		return;
	struct tr_thread_state *t = &s->threads[s->requests[i].thread];
	if (t->request == request) {
		t->request = TR_NONE;
		if (is_busy(t->activity))
			turn(t, e, TR_RUNNING);
	}
	s->requests[i] = s->requests[--s->nr_requests];
	if (i < s->nr_requests && !tr_map_set(&m->requests, tr_pair(s->requests[i].process,
								    s->requests[i].request), i))
		m->failed = true;
}

/* ---- parts */

static bool in_flight(enum tr_part_phase p)
{
	return p == TR_PART_STARTED || p == TR_PART_SENT || p == TR_PART_BACKOFF;
}

static void part_phase(struct tr_model *m, struct tr_part_state *p, enum tr_part_phase phase)
{
	struct tr_state *s = &m->now.s;
	struct tr_transfer_state *t = &s->transfers[p->transfer];
	int change = in_flight(phase) - in_flight(p->phase);
	p->phase = phase;
	s->parts_in_flight = (uint32_t)((int64_t)s->parts_in_flight + change);
	t->parts_in_flight = (uint32_t)((int64_t)t->parts_in_flight + change);
	if (s->parts_in_flight > s->peak_parts)
		s->peak_parts = s->parts_in_flight;
}

/* The first success stands; before it, the latest end. */
static void part_end(struct tr_model *m, const struct tr_event *e, struct tr_part_state *p,
		     enum tr_part_phase phase)
{
	struct tr_transfer_state *t = &m->now.s.transfers[p->transfer];
	if (p->phase == TR_PART_DONE)
		return;
	t->parts_failed -= p->phase == TR_PART_FAILED;
	t->parts_skipped -= p->phase == TR_PART_SKIPPED;
	part_phase(m, p, phase);
	p->end_ns = e->t_ns;
	p->end_event = e->index;
	p->thread = e->thread;
	t->parts_done += phase == TR_PART_DONE;
	t->parts_failed += phase == TR_PART_FAILED;
	t->parts_skipped += phase == TR_PART_SKIPPED;
	if (phase == TR_PART_FAILED && t->fail_event == TR_NONE)
		t->fail_event = e->index;
}

static void work_on(struct tr_thread_state *t, const struct tr_part_state *p)
{
	t->transfer = p->transfer;
	t->part = p->number;
}

static void part_queued(struct tr_model *m, const struct tr_event *e)
{
	const struct xf_ev_part_queued *q = TR_PAYLOAD(e, part_queued);
	uint32_t i = part_for(m, e, q->transfer, q->part);
	if (i == TR_NONE)
		return;
	struct tr_part_state *p = &m->now.s.parts[i];
	p->offset = q->offset;
	p->bytes = q->bytes;
	p->queued_ns = e->t_ns;
	if (p->phase == TR_PART_UNKNOWN)
		part_phase(m, p, TR_PART_QUEUED);
}

static void part_start(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	const struct xf_ev_part_start *q = TR_PAYLOAD(e, part_start);
	uint32_t i = part_for(m, e, q->transfer, q->part);
	if (i == TR_NONE)
		return;
	struct tr_part_state *p = &m->now.s.parts[i];
	p->bytes = q->bytes ? q->bytes : p->bytes;
	p->thread = e->thread;
	p->attempts++;
	if (p->start_ns < 0)
		p->start_ns = e->t_ns;
	if (p->phase != TR_PART_DONE)
		part_phase(m, p, TR_PART_STARTED);
	work_on(t, p);
}

static void part_event(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	uint64_t transfer = 0, number = 0;
	tr_event_field(e, "transfer", &transfer);
	tr_event_field(e, "part", &number);
	uint32_t i = part_for(m, e, (uint32_t)transfer, (uint32_t)number);
	if (i == TR_NONE)
		return;
	struct tr_part_state *p = &m->now.s.parts[i];
	switch (e->kind) {
	case XF_EV_part_sent:
		p->sent_ns = e->t_ns;
		if (p->phase != TR_PART_DONE)
			part_phase(m, p, TR_PART_SENT);
		if (t->request == TR_NONE && is_busy(t->activity))
			turn(t, e, TR_AWAITING_ANSWER);
		break;
	case XF_EV_part_retry:
		if (p->phase != TR_PART_DONE)
			part_phase(m, p, TR_PART_BACKOFF);
		if (is_busy(t->activity))
			turn(t, e, TR_BACKING_OFF);
		break;
	case XF_EV_part_done:
		part_end(m, e, p, TR_PART_DONE);
		p->etag = TR_PAYLOAD(e, part_done)->etag;
		p->bytes = p->bytes ? p->bytes : TR_PAYLOAD(e, part_done)->bytes;
		m->now.s.transfers[p->transfer].bytes_acked += TR_PAYLOAD(e, part_done)->bytes;
		break;
	case XF_EV_part_failed:
		part_end(m, e, p, TR_PART_FAILED);
		break;
	case XF_EV_part_skipped:
		part_end(m, e, p, TR_PART_SKIPPED);
		break;
	default:
		break;
	}
	if (e->kind == XF_EV_part_done || e->kind == XF_EV_part_failed || e->kind == XF_EV_part_skipped) {
		t->part = 0;
		if (is_busy(t->activity) || t->activity == TR_BACKING_OFF)
			turn(t, e, TR_RUNNING);
	}
}

/* ---- transfers */

static struct tr_transfer_state *transfer_of(struct tr_model *m, const struct tr_event *e)
{
	uint64_t id = 0;
	tr_event_field(e, "transfer", &id);
	uint32_t i = transfer_for(m, e, (uint32_t)id);
	return i == TR_NONE ? NULL : &m->now.s.transfers[i];
}

static void submitted(struct tr_transfer_state *t, const struct tr_event *e)
{
	const struct xf_ev_submit *p = TR_PAYLOAD(e, submit);
	t->call = p->call;
	t->submit = e->index;
	t->bucket = p->bucket;
	t->key = p->key;
	t->op = (enum xf_op)p->op;
	t->submit_ns = e->t_ns;
}

static void planned(struct tr_transfer_state *t, const struct xf_ev_plan *p)
{
	t->planned = true;
	t->multipart = p->multipart;
	t->size_known = p->size_known;
	t->size = p->size;
	t->part_size = p->part_size;
	t->nr_parts = p->parts;
}

static void failed_here(struct tr_transfer_state *t, const struct tr_event *e)
{
	if (t->fail_event == TR_NONE)
		t->fail_event = e->index;
}

static void object_event(struct tr_transfer_state *t, const struct tr_event *e)
{
	switch (e->kind) {
	case XF_EV_multipart_create:
		t->create = e->index;
		t->create_ok = !TR_PAYLOAD(e, multipart_create)->failed;
		t->multipart = true;
		if (t->create_ok)
			t->upload_id = TR_PAYLOAD(e, multipart_create)->upload_id;
		else
			failed_here(t, e);
		break;
	case XF_EV_multipart_complete:
		t->complete = e->index;
		t->complete_ok = !TR_PAYLOAD(e, multipart_complete)->failed &&
				 !TR_PAYLOAD(e, multipart_complete)->skipped;
		t->etag = TR_PAYLOAD(e, multipart_complete)->etag;
		if (TR_PAYLOAD(e, multipart_complete)->failed)
			failed_here(t, e);
		break;
	case XF_EV_multipart_abort:
		t->abort = e->index;
		t->abort_ok = !TR_PAYLOAD(e, multipart_abort)->failed;
		break;
	case XF_EV_object_put:
		t->put = e->index;
		t->put_ok = !TR_PAYLOAD(e, object_put)->failed && !TR_PAYLOAD(e, object_put)->skipped;
		t->etag = TR_PAYLOAD(e, object_put)->etag;
		if (TR_PAYLOAD(e, object_put)->failed)
			failed_here(t, e);
		break;
	case XF_EV_object_get:
		if (t->submit != TR_NONE && t->op != XF_OP_GET_OBJECT)
			break; /* an upload's object, got later: no work of the upload */
		t->get = e->index;
		t->get_ok = !TR_PAYLOAD(e, object_get)->failed;
		t->etag = TR_PAYLOAD(e, object_get)->etag;
		if (!t->get_ok)
			failed_here(t, e);
		break;
	default:
		break;
	}
}

static void transfer_event(struct tr_model *m, const struct tr_event *e)
{
	struct tr_transfer_state *t = transfer_of(m, e);
	if (!t)
		return;
	switch (e->kind) {
	case XF_EV_submit:
		submitted(t, e);
		break;
	case XF_EV_status:
		t->state = (enum xf_state)TR_PAYLOAD(e, status)->to;
		break;
	case XF_EV_plan:
		planned(t, TR_PAYLOAD(e, plan));
		break;
	case XF_EV_progress:
		t->bytes_read += TR_PAYLOAD(e, progress)->bytes;
		break;
	case XF_EV_done:
		t->done = e->index;
		t->done_ns = e->t_ns;
		t->state = (enum xf_state)TR_PAYLOAD(e, done)->state;
		break;
	case XF_EV_cancel:
		t->cancelled = true;
		break;
	default:
		object_event(t, e);
		break;
	}
}

/* ---- calls and frames */

/* The call that thread is in: the newest it made and has not come back from. */
static uint32_t call_of_thread(const struct tr_model *m, uint32_t thread)
{
	for (uint32_t i = m->now.s.nr_calls; i-- > 0;)
		if (!m->now.s.calls[i].returned && tr_log_call(m->log, i)->thread == thread)
			return i;
	return TR_NONE;
}

static void call_event(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	struct frame *f = &m->now;
	bool enter = e->kind == XF_EV_call_enter;
	uint32_t id = enter ? TR_PAYLOAD(e, call_enter)->call : TR_PAYLOAD(e, call_return)->call;
	if (enter) {
		if (!tr_grow(&f->s.calls, f->s.nr_calls, &f->cap_calls, sizeof(*f->s.calls))) {
			m->failed = true;
			return;
		}
		t->call = f->s.nr_calls; /* calls are numbered by call_enter, as the log does */
		f->s.calls[f->s.nr_calls++] = (struct tr_call_state){ .call = t->call, .entered = true };
		return;
	}
	for (uint32_t i = f->s.nr_calls; i-- > 0;)
		if (!f->s.calls[i].returned && tr_log_call(m->log, i)->id == id &&
		    tr_log_call(m->log, i)->ret == e->index) {
			uint32_t caller = tr_log_call(m->log, i)->thread;
			f->s.calls[i].returned = true;
			if (caller < f->s.nr_threads)
				f->s.threads[caller].call = call_of_thread(m, caller);
			return;
		}
	t->call = call_of_thread(m, e->thread);
}

static void frame_event(struct tr_thread_state *t, const struct tr_event *e)
{
	if (e->kind == XF_EV_frame_enter) {
		if (t->depth < TR_MAX_FRAMES)
			t->frames[t->depth] = e->index;
		t->depth++;
	} else if (t->depth) {
		t->depth--;
	}
}

/* ---- debugger */

static void hold_event(struct tr_model *m, const struct tr_event *e)
{
	struct tr_state *s = &m->now.s;
	if (e->kind == XF_EV_held) {
		const struct xf_ev_held *h = TR_PAYLOAD(e, held);
		uint32_t thread = tr_log_thread_find(m->log, h->thread);
		thread = thread < s->nr_threads ? thread : e->thread;
		struct tr_thread_state *t = &s->threads[thread];
		t->before_hold = t->activity;
		turn(t, e, TR_HELD);
		if (h->part) {
			uint32_t i = part_for(m, e, h->transfer, h->part);
			if (i != TR_NONE)
				s->parts[i].held = true;
		}
		return;
	}
	const struct xf_ev_released *r = TR_PAYLOAD(e, released);
	if (s->threads[e->thread].activity == TR_HELD)
		turn(&s->threads[e->thread], e, s->threads[e->thread].before_hold);
	if (r->part) {
		uint32_t i = part_for(m, e, r->transfer, r->part);
		if (i != TR_NONE)
			m->now.s.parts[i].held = false;
	}
}

/* ---- the table of effects */

static void apply_sync(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	struct tr_object_state *o = object_state(m, e);
	switch (e->kind) {
	case XF_EV_sem_init:
		set_value(m, e, TR_PAYLOAD(e, sem_init)->value);
		break;
	case XF_EV_event_init: case XF_EV_mutex_init: case XF_EV_cond_init: case XF_EV_queue_init:
		o->alive = true;
		break;
	case XF_EV_sem_destroy: case XF_EV_event_destroy: case XF_EV_mutex_destroy:
	case XF_EV_cond_destroy: case XF_EV_queue_destroy:
		o->alive = false;
		break;
	case XF_EV_thread_create:
		break;
	case XF_EV_thread_exit:
		turn(t, e, TR_ENDED);
		break;
	case XF_EV_sem_post:
		set_value(m, e, TR_PAYLOAD(e, sem_post)->value);
		released(m, e);
		break;
	case XF_EV_event_set:
		set_value(m, e, 1);
		released(m, e);
		break;
	case XF_EV_cond_signal: case XF_EV_fd_write:
		released(m, e);
		break;
	case XF_EV_process_exit:
		released(m, e);
		process_end(m, e);
		break;
	case XF_EV_queue_put:
		set_value(m, e, TR_PAYLOAD(e, queue_put)->length);
		released(m, e);
		break;
	case XF_EV_mutex_unlock:
		set_value(m, e, 0);
		o->owner = TR_NONE;
		released(m, e);
		break;
	case XF_EV_join_begin:
		begin_wait(t, e, TR_PAYLOAD(e, join_begin)->limit_ns,
			   tr_log_thread_find(m->log, TR_PAYLOAD(e, join_begin)->id));
		break;
	case XF_EV_sem_wait:
		begin_wait(t, e, TR_PAYLOAD(e, sem_wait)->limit_ns, TR_NONE);
		break;
	case XF_EV_event_wait:
		begin_wait(t, e, TR_PAYLOAD(e, event_wait)->limit_ns, TR_NONE);
		break;
	case XF_EV_cond_wait:
		begin_wait(t, e, TR_PAYLOAD(e, cond_wait)->limit_ns, TR_NONE);
		break;
	case XF_EV_queue_wait:
		begin_wait(t, e, 0, TR_NONE);
		break;
	case XF_EV_mutex_wait:
		begin_wait(t, e, TR_PAYLOAD(e, mutex_wait)->limit_ns,
			   tr_log_thread_find(m->log, TR_PAYLOAD(e, mutex_wait)->owner));
		break;
	case XF_EV_join_end:
		end_wait(m, t, e, 0, TR_PAYLOAD(e, join_end)->how);
		break;
	case XF_EV_sem_acquired:
		set_value(m, e, TR_PAYLOAD(e, sem_acquired)->value);
		acquired(m, e, TR_PAYLOAD(e, sem_acquired)->how);
		end_wait(m, t, e, TR_PAYLOAD(e, sem_acquired)->waited_ns, TR_PAYLOAD(e, sem_acquired)->how);
		break;
	case XF_EV_event_woken:
		end_wait(m, t, e, TR_PAYLOAD(e, event_woken)->waited_ns, TR_PAYLOAD(e, event_woken)->how);
		break;
	case XF_EV_cond_woken:
		end_wait(m, t, e, TR_PAYLOAD(e, cond_woken)->waited_ns, TR_PAYLOAD(e, cond_woken)->how);
		break;
	case XF_EV_queue_get:
		set_value(m, e, TR_PAYLOAD(e, queue_get)->length);
		acquired(m, e, TR_PAYLOAD(e, queue_get)->how);
		end_wait(m, t, e, TR_PAYLOAD(e, queue_get)->waited_ns, TR_PAYLOAD(e, queue_get)->how);
		break;
	case XF_EV_mutex_lock:
		set_value(m, e, 1);
		acquired(m, e, TR_PAYLOAD(e, mutex_lock)->how);
		end_wait(m, t, e, TR_PAYLOAD(e, mutex_lock)->waited_ns, TR_PAYLOAD(e, mutex_lock)->how);
		break;
	case XF_EV_thread_start: case XF_EV_fd_read: case XF_EV_process_wait:
		run_on(t, e);
		break;
	default:
		break;
	}
}

static void apply_request(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	switch (e->kind) {
	case XF_EV_request_start:
		request_start(m, e, t);
		break;
	case XF_EV_connected:
		request_phase(m, e, TR_PAYLOAD(e, connected)->request, TR_SENDING);
		break;
	case XF_EV_tls_done:
		request_phase(m, e, TR_PAYLOAD(e, tls_done)->request, TR_SENDING);
		break;
	case XF_EV_continued:
		request_phase(m, e, TR_PAYLOAD(e, continued)->request, TR_SENDING);
		break;
	case XF_EV_body_sent:
		request_phase(m, e, TR_PAYLOAD(e, body_sent)->request, TR_AWAITING_ANSWER);
		break;
	case XF_EV_first_byte:
		request_phase(m, e, TR_PAYLOAD(e, first_byte)->request, TR_RECEIVING);
		break;
	case XF_EV_response:
		request_end(m, e, TR_PAYLOAD(e, response)->request);
		break;
	case XF_EV_backoff:
		turn(t, e, TR_BACKING_OFF);
		break;
	default:
		break;
	}
}

static void apply_part(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	switch (e->kind) {
	case XF_EV_part_queued:
		part_queued(m, e);
		break;
	case XF_EV_part_start:
		part_start(m, e, t);
		break;
	case XF_EV_part_reading:
		t->part = TR_PAYLOAD(e, part_reading)->part;
		turn(t, e, TR_PAYLOAD(e, part_reading)->hashing ? TR_HASHING : TR_READING);
		break;
	case XF_EV_part_read:
		if (!TR_PAYLOAD(e, part_read)->hashing)
			t->part = 0;
		if (t->activity == TR_READING || t->activity == TR_HASHING)
			turn(t, e, TR_RUNNING);
		break;
	default:
		part_event(m, e, t);
		break;
	}
}

static void apply_rest(struct tr_model *m, const struct tr_event *e, struct tr_thread_state *t)
{
	switch (e->kind) {
	case XF_EV_call_enter: case XF_EV_call_return:
		call_event(m, e, t);
		break;
	case XF_EV_frame_enter: case XF_EV_frame_leave:
		frame_event(t, e);
		break;
	case XF_EV_sleep: case XF_EV_poll:
		run_on(t, e);
		break;
	case XF_EV_stopped: case XF_EV_resumed:
		m->now.s.stopped = e->kind == XF_EV_stopped;
		break;
	case XF_EV_held: case XF_EV_released:
		hold_event(m, e);
		break;
	default:
		break;
	}
}

static void apply(struct tr_model *m, uint32_t index)
{
	struct tr_event e = tr_log_event(m->log, index);
	struct tr_state *s = &m->now.s;
	struct tr_thread_state *t = &s->threads[e.thread];
	s->at = index + 1;
	s->t_ns = e.t_ns;
	if (t->activity == TR_NOT_STARTED)
		turn(t, &e, TR_RUNNING);
	/* back at work after a back-off, without an event of its own */
	if (t->activity == TR_BACKING_OFF && e.kind != XF_EV_sleep && e.kind != XF_EV_backoff)
		turn(t, &e, TR_RUNNING);
	switch (xf_kind_info(e.kind)->group) {
	case XF_GROUP_SYNC:
		apply_sync(m, &e, t);
		break;
	case XF_GROUP_TRANSFER: case XF_GROUP_OBJECT:
		if (e.kind != XF_EV_object_head)
			transfer_event(m, &e);
		break;
	case XF_GROUP_PART:
		apply_part(m, &e, t);
		break;
	case XF_GROUP_REQUEST:
		apply_request(m, &e, t);
		break;
	default:
		apply_rest(m, &e, t);
		break;
	}
}

/* ---- key frames */

static void free_frame(struct frame *f)
{
	free(f->s.threads);
	free(f->s.objects);
	free(f->s.transfers);
	free(f->s.parts);
	free(f->s.requests);
	free(f->s.calls);
	*f = (struct frame){ .cap_threads = 0 };
}

static bool copy_list(void *to, uint32_t *cap, const void *from, uint32_t nr, size_t size)
{
	if (*cap < nr) {
		void *old, *moved;
		memcpy(&old, to, sizeof(old));
		moved = realloc(old, nr * size);
		if (!moved)
			return false;
		memcpy(to, &moved, sizeof(moved));
		*cap = nr;
	}
	void *dest;
	memcpy(&dest, to, sizeof(dest));
	if (nr)
		memcpy(dest, from, nr * size);
	return true;
}

/* A copy; keeps the memory `to` has. */
static bool copy_frame(struct frame *to, const struct frame *from)
{
	const struct tr_state *s = &from->s;
	bool ok = copy_list(&to->s.threads, &to->cap_threads, s->threads, s->nr_threads, sizeof(*s->threads)) &&
		  copy_list(&to->s.objects, &to->cap_objects, s->objects, s->nr_objects, sizeof(*s->objects)) &&
		  copy_list(&to->s.transfers, &to->cap_transfers, s->transfers, s->nr_transfers, sizeof(*s->transfers)) &&
		  copy_list(&to->s.parts, &to->cap_parts, s->parts, s->nr_parts, sizeof(*s->parts)) &&
		  copy_list(&to->s.requests, &to->cap_requests, s->requests, s->nr_requests, sizeof(*s->requests)) &&
		  copy_list(&to->s.calls, &to->cap_calls, s->calls, s->nr_calls, sizeof(*s->calls));
	if (!ok)
		return false;
	struct tr_state lists = to->s;
	to->s = *s;
	to->s.threads = lists.threads;
	to->s.objects = lists.objects;
	to->s.transfers = lists.transfers;
	to->s.parts = lists.parts;
	to->s.requests = lists.requests;
	to->s.calls = lists.calls;
	return true;
}

static bool keep_key(struct tr_model *m)
{
	uint32_t key = m->now.s.at / TR_KEY_EVENTS;
	if (m->now.s.at % TR_KEY_EVENTS || key < m->nr_keys)
		return true;
	if (!tr_grow(&m->keys, m->nr_keys, &m->cap_keys, sizeof(*m->keys)))
		return false;
	m->keys[m->nr_keys] = (struct frame){ .cap_threads = 0 };
	if (!copy_frame(&m->keys[m->nr_keys], &m->now)) {
		free_frame(&m->keys[m->nr_keys]);
		return false;
	}
	m->nr_keys++;
	return true;
}

/* Open requests are found by a map that belongs to one moment: made anew after a jump. */
static bool rewind_to(struct tr_model *m, uint32_t key)
{
	if (!copy_frame(&m->now, &m->keys[key]))
		return false;
	const struct tr_state *s = &m->now.s;
	tr_map_fini(&m->requests);
	for (uint32_t i = 0; i < s->nr_requests; i++)
		if (!tr_map_set(&m->requests, tr_pair(s->requests[i].process, s->requests[i].request), i))
			return false;
	return true;
}

static bool jump(struct tr_model *m, uint32_t n)
{
	uint32_t key = n / TR_KEY_EVENTS;
	if (key >= m->nr_keys)
		key = m->nr_keys - 1;
	bool behind = n < m->now.s.at;
	bool shortcut = key * TR_KEY_EVENTS > m->now.s.at;
	return !(behind || shortcut) || rewind_to(m, key);
}

const struct tr_state *tr_model_at(struct tr_model *m, uint32_t n, struct xf_error *err)
{
	uint32_t nr = tr_log_nr_events(m->log);
	bool ok = !m->failed && jump(m, n < nr ? n : nr) && mirror_log(m);
	while (ok && m->now.s.at < n && m->now.s.at < nr) {
		apply(m, m->now.s.at);
		ok = !m->failed && keep_key(m);
	}
	if (!ok) {
		m->failed = true;
		xf_fail(err, XF_NOMEM, "no memory to replay the trace");
		return NULL;
	}
	return &m->now.s;
}

enum xf_status tr_model_new(const struct tr_log *log, struct tr_model **out, struct xf_error *err)
{
	struct tr_model *m = calloc(1, sizeof(*m));
	if (m)
		m->log = log;
	if (!m || !mirror_log(m) || !keep_key(m)) {
		tr_model_free(m);
		return xf_fail(err, XF_NOMEM, "no memory to replay the trace");
	}
	*out = m;
	return XF_OK;
}

void tr_model_free(struct tr_model *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->nr_keys; i++)
		free_frame(&m->keys[i]);
	free(m->keys);
	free_frame(&m->now);
	tr_map_fini(&m->transfers);
	tr_map_fini(&m->parts);
	tr_map_fini(&m->requests);
	free(m);
}

/* ---- questions */

uint32_t tr_state_transfer(const struct tr_model *m, const struct tr_state *s, uint32_t process,
			   uint32_t id)
{
	uint32_t i = tr_map_get(&m->transfers, tr_pair(process, id));
	return i < s->nr_transfers ? i : TR_NONE;
}

uint32_t tr_state_part(const struct tr_model *m, const struct tr_state *s, uint32_t transfer,
		       uint32_t number)
{
	uint32_t i = tr_map_get(&m->parts, tr_pair(transfer, number));
	return i < s->nr_parts ? i : TR_NONE;
}

uint32_t tr_state_peak(const struct tr_state *s)
{
	return s->peak_requests ? s->peak_requests : s->peak_parts;
}

void tr_thread_times(const struct tr_state *s, uint32_t thread, int64_t *busy_ns, int64_t *wait_ns)
{
	const struct tr_thread_state *t = &s->threads[thread];
	int64_t open = s->t_ns > t->since_ns && !t->gone ? s->t_ns - t->since_ns : 0;
	*busy_ns = t->busy_ns + (is_busy(t->activity) ? open : 0);
	*wait_ns = t->wait_ns + (is_waiting(t->activity) ? open : 0);
}

uint32_t tr_state_waiters(const struct tr_state *s, uint32_t object, uint32_t *out, uint32_t cap)
{
	uint32_t nr = 0;
	for (uint32_t i = 0; i < s->nr_threads; i++)
		if (s->threads[i].activity == TR_WAITING && s->threads[i].object == object) {
			if (nr < cap)
				out[nr] = i;
			nr++;
		}
	return nr;
}
