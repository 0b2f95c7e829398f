/*
 * build: see build.h. Edges from events.
 *
 * Program order: events of one thread, as it wrote them. Edges between threads,
 * each from a release to the acquire that cannot have happened without it:
 *
 *   start      thread_create → the first event of the thread it made. Signal.
 *   join       thread_exit → join_end for that thread. Signal; a lock where that had ended, and the joiner slept
 *              last: it may have looked (not in Python, where nobody knows either, and most have not).
 *   set        event_set → event_woken of that latch, also when the wait found it set
 *              already: the caller cannot pass before the set. The latest set before the
 *              wake in the latch's own order counts. Signal.
 *   item       queue_put → queue_get of the item of the same number. Signal.
 *   condition  cond_signal → cond_woken, when the wait began before the signal and no
 *              other signal could have ended it: else drawn, and carries nothing. Signal.
 *   semaphore  sem_post → sem_acquired: below. Signal, permit or lock, as its class.
 *   process    process_exit → process_wait of that pid. Signal; a lock where that was asked for without
 *              waiting, and found (the wait is longer where the thread had lain in sigsuspend for SIGCHLD), but for
 *              CPython's waits with a time limit (child.h), which are timed. Where it was waited for whichever child ended first, it counts only for what the
 *              thread led on to before it had waited for the next: a shell takes what it left in
 *              the background while it waits for another. An event loop that finds it ended was
 *              woken by that, and did not wait for it: as bytes. See loops, below. A lock, too, behind a poll
 *              with a limit in which it lay as the child ended.
 *   fork       fork → the child's process_start. Signal.
 *   bytes      fd_write → fd_read on one inode, when the ranges of positions overlap: the
 *              last byte read was written by it. Signal; a lock where the writer's thread had
 *              read from there before: it gives back a token that it took; and where several processes have
 *              written, each of which counts its own. See loops, below.
 *   lifelong   mutex_unlock → mutex_lock, and sem_post → sem_acquired on a semaphore of no
 *              known class, where the giver took it among its first dozen events, gave it
 *              back among its last dozen, and did so once; and where the taking happened, by
 *              signal edges, before the other began to wait: a lock used as a join. Signal;
 *              not for objects that were declared permits or locks.
 *   data       part_done → multipart_complete of the same transfer: Complete names the ETag
 *              the part's answer brought. Not when Complete was skipped, nor for a part
 *              without ETag. Signal.
 *   mutex      mutex_unlock → the next mutex_lock. Lock: drawn, never carries a verdict.
 *
 * What a thread asked for without waiting (sem_trywait), and found, is counted, and carries nothing.
 *
 * A wait that ended by its time limit, was interrupted, or found its object closed
 * has acquired nothing: no edge ends there.
 *
 * Semaphores. Permits are alike, so which post satisfied which wait is decided by
 * counting, in the object's own order, first in, first out; the initial value is
 * taken first and has no post. That is only good for drawing: with more posts than
 * were needed, each of them is dispensable, and with several threads acquiring, a
 * thread owes its turn to those that came before it by accident. A post carries to
 * an acquire when the acquire was impossible without it:
 *
 *   counted    one thread has made all acquires so far, and with this one it has had
 *              every permit there ever was: it needed all of them. All posts so far carry
 *              (those before its previous such acquire do so by program order).
 *   handed     several threads acquire, and this acquire leaves the semaphore at zero: the
 *              post that was left is the one it had. It carries when its thread had not
 *              acquired what it posts (notify); a thread that posts what it acquired
 *              itself gives a lock or a permit back, and another's might have come first.
 *   surplus    permits are left after the acquire: none of them carries.
 *
 * This holds for semaphores declared signals, and for those of no known class (a
 * foreign program's). Declared permits and locks never carry. Where the initial value
 * is not known (no sem_init in the trace), only an acquire that was seen to sleep
 * counts, and only the last post before it carries: the value had been zero.
 *
 * Loops. A thread that polls is woken by whatever comes (an event loop by its own pipe), also
 * while it waits for something else. Bytes that such a thread reads carry to what it did
 * before it lay down again, in polls and sleeps of 1 ms together, or had other news, which are the
 * answer to a request or other bytes: to a release of its own, or
 * to the return, in between. Bytes of several threads that it reads at once carry nowhere, as nobody
 * knows whose it went on for. Not even so far when it was not lying in a poll as they were written:
 * it turned anyhow, and found them. What led to an event (tr_order_led_to) does not ask for that: a
 * loop begins a thing because it was told to, however long it waited with it.
 *
 * The same holds for what a thread ends that drives several requests at once, or that is woken so, or lies in
 * epoll: see tr_order_led_on(). There a timer is news, too: the limit of an epoll tells when the next is due.
 *
 * Taken. What ended a wait on a condition, or on a lock that tells (Python's), carries no further than to the thread's
 * next wait for the same thing; the same for bytes of a pipe that a thread reads without polling. See build_take.c.
 *
 * Rivals. Where another thread gives later what a wait was ended by, and nobody takes it, that wait might have been ended
 * by it as well: nothing carries. See build_rival.c.
 *
 * Workers. A thread that was given something else to do (a wait that it began since was ended by a semaphore or
 * condition, or a Python executor's thread began the next job) shows by that nothing of what it had ended before: another might have been given it. What
 * it ended leads on by an edge that left before, or by its own end, a join. Not so the calling thread.
 *
 * Permits of others. A Python Semaphore is a condition with a lock for every waiter: to the
 * C library each wake-up looks like a notification. The place of the wait tells: a
 * Condition.wait in an `acquire`, or in a bounded queue's `put`, is for a permit.
 */
#include "tracer/verdict/build.h"

#include <stdlib.h>

#include "tracer/verdict/child.h"

/* ---- edges */

static void add_given(struct builder *b, const struct tr_event *to, uint32_t wait, uint32_t giver)
{
	struct tr_order *o = b->o;
	if (tr_grow(&o->given, o->nr_given, &o->cap_given, sizeof(*o->given)))
		o->given[o->nr_given++] = (struct tr_given){ to->thread, wait, to->index, giver };
	else
		b->failed = true;
}

static void note_given(struct builder *b, const struct tr_edge *edge, const struct tr_event *to)
{
	bool wake = edge->kind == TR_EDGE_SEMAPHORE || edge->kind == TR_EDGE_CONDITION;
	if (edge->class == XF_CLASS_SIGNAL && wake && edge->wait != TR_NONE)
		add_given(b, to, edge->wait, tr_log_thread_of(b->log, edge->from));
}

void tr_build_edge(struct builder *b, enum tr_edge_kind kind, enum xf_class class, uint32_t from,
		     const struct tr_event *to)
{
	struct tr_order *o = b->o;
	if (from == TR_NONE || from >= to->index)
		return;
	if (!tr_grow(&o->edges, o->nr, &o->cap, sizeof(*o->edges))) {
		b->failed = true;
		return;
	}
	const struct wait *w = &b->waits[to->thread];
	bool waited = w->event != TR_NONE && w->object == to->object;
	o->edges[o->nr++] = (struct tr_edge){ .from = from, .to = to->index, .kind = (uint8_t)kind,
		.class = (uint8_t)class, .timed = waited && w->limit_ns,
		.wait = waited ? w->event : TR_NONE };
	note_given(b, &o->edges[o->nr - 1], to);
}

void tr_build_set(struct builder *b, struct tr_map *m, uint64_t key, uint32_t value)
{
	if (!tr_map_set(m, key, value))
		b->failed = true;
}

enum xf_class tr_build_class(const struct builder *b, uint32_t object, enum xf_class undeclared)
{
	enum xf_class class = tr_log_object(b->log, object)->class;
	return class == XF_CLASS_NONE ? undeclared : class;
}

/* ---- the other objects */

static void event_woken(struct builder *b, const struct tr_event *e)
{
	if (got_it(TR_PAYLOAD(e, event_woken)->how))
		tr_build_edge(b, TR_EDGE_SET, tr_build_class(b, e->object, XF_CLASS_SIGNAL),
			 b->objects[e->object].release, e);
}

static void cond_signal(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_cond_signal *p = TR_PAYLOAD(e, cond_signal);
	struct history *h = &b->objects[e->object];
	bool counted = tr_log_object(b->log, e->object)->class != XF_CLASS_NONE;
	tr_build_rival_signals(b, e);
	if (counted && !p->waiters)
		return; /* nobody was there to be woken */
	if (!p->all) {
		tr_build_push_post(b, h, e->index);
		return;
	}
	h->release = e->index;
	h->wakes_left = counted ? p->waiters : UINT32_MAX;
	h->ambiguous = h->head < h->nr_posts;
	h->head = h->linked = h->nr_posts;
}

/*
 * Woken by the broadcast when there was one since its wait began and it is not
 * used up, else by the first single signal since then that nobody has had. When
 * several could have been it the edge is drawn and carries nothing.
 */
static void cond_woken(struct builder *b, const struct tr_event *e)
{
	struct history *h = &b->objects[e->object];
	const struct wait *w = &b->waits[e->thread];
	enum xf_class class = tr_build_class(b, e->object, XF_CLASS_SIGNAL);
	if (!got_it(TR_PAYLOAD(e, cond_woken)->how) || w->event == TR_NONE || w->object != e->object)
		return;
	uint32_t first = b->o->nr;
	bool broadcast = h->wakes_left && h->release != TR_NONE && h->release > w->event;
	if (broadcast) {
		bool only = !h->ambiguous && h->head == h->nr_posts;
		h->wakes_left -= h->wakes_left != UINT32_MAX;
		tr_build_edge(b, TR_EDGE_CONDITION, only ? class : XF_CLASS_LOCK, h->release, e);
		tr_build_take(b, e, e->object, first);
		return;
	}
	while (h->head < h->nr_posts && h->posts[h->head] < w->event)
		h->head++;
	if (h->head < h->nr_posts) {
		bool only = h->head + 1 == h->nr_posts;
		tr_build_edge(b, TR_EDGE_CONDITION, only ? class : XF_CLASS_LOCK, h->posts[h->head++], e);
	}
	h->linked = h->head;
	tr_build_take(b, e, e->object, first);
}

static void queue_get(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_queue_get *p = TR_PAYLOAD(e, queue_get);
	uint64_t key = tr_pair(e->object, (uint32_t)p->item);
	uint32_t put = got_it(p->how) ? tr_map_get(&b->items, key) : TR_MAP_NONE;
	if (put != TR_MAP_NONE)
		tr_build_edge(b, TR_EDGE_ITEM, tr_build_class(b, e->object, XF_CLASS_SIGNAL), put, e);
	else if (tr_order_takes_job(b->log, e))
		add_given(b, e, e->index, TR_NONE);
}

static void mutex_lock(struct builder *b, const struct tr_event *e)
{
	struct history *h = &b->objects[e->object];
	if (!got_it(TR_PAYLOAD(e, mutex_lock)->how))
		return;
	if (h->release != TR_NONE) {
		bool declared = tr_log_object(b->log, e->object)->class != XF_CLASS_NONE;
		bool life = !declared && tr_log_thread_of(b->log, h->release) != e->thread &&
			    tr_build_lifelong(b, e, h->release);
		tr_build_edge(b, life ? TR_EDGE_LIFELONG : TR_EDGE_MUTEX, XF_CLASS_LOCK, h->release, e);
	}
	tr_build_note_taken(b, e);
	h->acquirer = e->thread;
}

/* ---- data */

static void part_done(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_part_done *p = TR_PAYLOAD(e, part_done);
	uint64_t key = tr_pair(e->process, p->transfer);
	if (!p->etag)
		return;
	if (!tr_grow(&b->parts, b->nr_parts, &b->cap_parts, sizeof(*b->parts))) {
		b->failed = true;
		return;
	}
	b->parts[b->nr_parts] = (struct part){ e->index, tr_map_get(&b->transfers, key) };
	tr_build_set(b, &b->transfers, key, b->nr_parts++);
}

static void multipart_complete(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_multipart_complete *p = TR_PAYLOAD(e, multipart_complete);
	uint32_t i = p->skipped || p->failed ? TR_MAP_NONE
					     : tr_map_get(&b->transfers, tr_pair(e->process, p->transfer));
	for (; i != TR_MAP_NONE; i = b->parts[i].next)
		tr_build_edge(b, TR_EDGE_DATA, XF_CLASS_SIGNAL, b->parts[i].event, e);
}

/* ---- threads and processes */

static void thread_begins(struct builder *b, const struct tr_event *e)
{
	b->fresh[e->thread] = 0;
	tr_build_edge(b, TR_EDGE_START, XF_CLASS_SIGNAL, b->created[e->thread], e);
}

/*
 * A thread that had ended as it was joined, by one that had slept and waited for nothing since: it may have slept until a
 * look showed that, or have looked only then, and the look leaves no trace (Rust's is_finished()). What has a place is Python's.
 */
static bool was_looked_at(const struct builder *b, const struct tr_event *e, uint32_t ended)
{
	uint32_t i = b->waits[e->thread].event;
	if (i == TR_NONE || ended == TR_NONE || ended > i || tr_log_event(b->log, i).record->site)
		return false;
	while ((i = tr_log_step(b->log, i, e->thread, -1)) != TR_NONE) {
		enum xf_kind kind = tr_log_kind(b->log, i);
		if (kind == XF_EV_sleep) {
			struct tr_event sleep = tr_log_event(b->log, i);
			return TR_PAYLOAD(&sleep, sleep)->slept_ns >= LAY_DOWN_NS;
		}
		if (kind == XF_EV_poll || kind == XF_EV_thread_create || xf_kind_info(kind)->role == XF_ROLE_ACQUIRE)
			return false;
	}
	return false;
}

static void join_end(struct builder *b, const struct tr_event *e)
{
	uint32_t thread = tr_log_thread_find(b->log, TR_PAYLOAD(e, join_end)->id);
	if (got_it(TR_PAYLOAD(e, join_end)->how) && thread != TR_NONE)
		tr_build_edge(b, TR_EDGE_JOIN, was_looked_at(b, e, b->ended[thread]) ? XF_CLASS_LOCK : XF_CLASS_SIGNAL, b->ended[thread], e);
}

/* The last of a process' threads that say so ends it. */
static void from_map(struct builder *b, const struct tr_event *e, const struct tr_map *m, uint32_t key,
		     enum tr_edge_kind kind)
{
	uint32_t from = tr_map_get(m, key);
	if (from != TR_MAP_NONE)
		tr_build_edge(b, kind, XF_CLASS_SIGNAL, from, e);
}

/*
 * A child that ended while the thread lay in a poll with a limit, and was taken right behind that: it lay there for that, and only
 * so long (multiprocessing's Process.join(60), a pidfd), and nothing shows what it had done, had the limit run out.
 */
static bool was_polled_for(const struct builder *b, const struct tr_event *e, uint32_t exit)
{
	uint32_t before = tr_log_step(b->log, e->index, e->thread, -1);
	if (before == TR_NONE || tr_log_kind(b->log, before) != XF_EV_poll)
		return false;
	struct tr_event poll = tr_log_event(b->log, before);
	const struct xf_ev_poll *p = TR_PAYLOAD(&poll, poll);
	return !p->epoll && p->ready > 0 && p->limit_ns > 1 && tr_log_time(b->log, exit) >= poll.t_ns - (int64_t)p->waited_ns;
}

/* Of children waited for whichever ends first, what it did for one ends where it has waited for the next. */
static void process_wait(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_process_wait *p = TR_PAYLOAD(e, process_wait);
	struct loop *l = &b->loops[e->thread];
	uint32_t from = tr_map_get(&b->exits, p->pid), edge = b->o->nr;
	struct tr_child_wait limited;
	if (l->reaped != TR_NONE && tr_order_waited(p)) {
		b->o->passing[l->reaped].until = e->index;
		l->reaped = TR_NONE;
	}
	if (from == TR_MAP_NONE)
		return;
	bool found = tr_log_time(b->log, from) < e->t_ns - (int64_t)p->waited_ns; /* ended already as the wait began */
	bool timed = tr_child_wait_of(b->log, e->index, &limited);
	bool luck = !timed && (p->asked ? found || !p->waited_ns : found && was_polled_for(b, e, from));
	tr_build_edge(b, TR_EDGE_PROCESS, luck ? XF_CLASS_LOCK : XF_CLASS_SIGNAL, from, e);
	if (b->o->nr == edge || luck)
		return;
	if (timed)
		b->o->edges[edge].timed = true, b->o->edges[edge].wait = limited.first;
	else if (p->any)
		l->reaped = tr_build_new_passing(b, edge, e->thread);
	else if (found && tr_order_turns(b->o, e->thread))
		tr_build_add_passing(b, edge, e->thread);
}

/* ---- all of them */

uint32_t tr_build_waited_for(const struct builder *b, const struct tr_event *e)
{
	const struct wait *w = &b->waits[e->thread];
	return w->event != TR_NONE && w->object == e->object && w->own != TR_NONE ? TR_BUILD_OF(w->own) : e->object;
}

/* Behind a wait on a condition the waiter takes the condition's own lock again: it comes for nothing more. */
static void begin_wait(struct builder *b, const struct tr_event *e)
{
	struct wait *w = &b->waits[e->thread];
	uint64_t limit = 0;
	bool again = w->own != TR_NONE && w->own == e->object;
	tr_event_field(e, "limit_ns", &limit);
	*w = (struct wait){ e->index, e->object, again ? w->own : tr_build_own_lock(b, e), limit };
	if (!again)
		tr_build_come_for(b, e, tr_build_waited_for(b, e));
}

static void take_other_event(struct builder *b, const struct tr_event *e)
{
	uint32_t thread;
	switch (e->kind) {
	case XF_EV_thread_create:
		thread = tr_log_thread_find(b->log, TR_PAYLOAD(e, thread_create)->id);
		if (thread != TR_NONE && thread != e->thread)
			b->created[thread] = e->index;
		break;
	case XF_EV_thread_exit:
		thread = tr_log_thread_find(b->log, TR_PAYLOAD(e, thread_exit)->id);
		if (thread != TR_NONE)
			b->ended[thread] = e->index;
		break;
	case XF_EV_join_end:
		join_end(b, e);
		break;
	case XF_EV_process_exit:
		tr_build_set(b, &b->exits, TR_PAYLOAD(e, process_exit)->pid, e->index);
		break;
	case XF_EV_process_wait:
		process_wait(b, e);
		break;
	case XF_EV_fork:
		tr_build_set(b, &b->forks, TR_PAYLOAD(e, fork)->child, e->index);
		break;
	case XF_EV_process_start:
		from_map(b, e, &b->forks, TR_PAYLOAD(e, process_start)->pid, TR_EDGE_FORK);
		break;
	case XF_EV_fd_write:
		tr_build_fd_write(b, e);
		break;
	case XF_EV_fd_read:
		tr_build_fd_read(b, e);
		break;
	case XF_EV_poll:
		tr_build_poll(b, e);
		break;
	case XF_EV_sleep:
		tr_build_lie_down(b, e);
		break;
	case XF_EV_request_start:
		tr_build_request_start(b, e);
		break;
	case XF_EV_response:
		tr_build_response(b, e);
		break;
	case XF_EV_part_done:
		part_done(b, e);
		break;
	case XF_EV_multipart_complete:
		multipart_complete(b, e);
		break;
	default:
		break;
	}
}

/* Events of synchronisation objects. */
static void take_object_event(struct builder *b, const struct tr_event *e)
{
	struct history *h = &b->objects[e->object];
	switch (e->kind) {
	case XF_EV_sem_init:
		h->value_known = true;
		h->one = TR_PAYLOAD(e, sem_init)->value == 1;
		h->free_permits = TR_PAYLOAD(e, sem_init)->value;
		break;
	case XF_EV_sem_post:
		tr_build_sem_post(b, e);
		break;
	case XF_EV_sem_acquired:
		tr_build_sem_acquired(b, e);
		break;
	case XF_EV_event_set: case XF_EV_mutex_unlock:
		h->release = e->index;
		break;
	case XF_EV_event_woken:
		event_woken(b, e);
		break;
	case XF_EV_cond_signal:
		cond_signal(b, e);
		break;
	case XF_EV_cond_woken:
		cond_woken(b, e);
		break;
	case XF_EV_queue_put:
		tr_build_set(b, &b->items, tr_pair(e->object, (uint32_t)TR_PAYLOAD(e, queue_put)->item), e->index);
		break;
	case XF_EV_queue_get:
		queue_get(b, e);
		break;
	case XF_EV_mutex_lock:
		mutex_lock(b, e);
		break;
	default: /* pipes are objects for the order of their events alone */
		take_other_event(b, e);
		break;
	}
}

static void take_event(struct builder *b, const struct tr_event *e)
{
	enum xf_role role = xf_kind_info(e->kind)->role;
	if (b->fresh[e->thread])
		thread_begins(b, e);
	tr_build_rival_goes_on(b, e);
	if (role == XF_ROLE_WAIT)
		begin_wait(b, e);
	if (e->object != TR_NONE)
		take_object_event(b, e);
	else
		take_other_event(b, e);
	if (role == XF_ROLE_ACQUIRE)
		b->waits[e->thread].event = TR_NONE;
}

static bool builder_init(struct builder *b)
{
	uint32_t threads = tr_log_nr_threads(b->log), objects = tr_log_nr_objects(b->log);
	b->waits = calloc(threads + 1u, sizeof(*b->waits));
	b->created = calloc(threads + 1u, sizeof(*b->created));
	b->ended = calloc(threads + 1u, sizeof(*b->ended));
	b->fresh = calloc(threads + 1u, 1);
	b->loops = calloc(threads + 1u, sizeof(*b->loops));
	b->posted = calloc(threads + 1u, sizeof(*b->posted));
	b->rivals = calloc(threads + 1u, sizeof(*b->rivals));
	b->objects = calloc(objects + 1u, sizeof(*b->objects));
	if (!b->waits || !b->created || !b->ended || !b->fresh || !b->loops || !b->posted || !b->rivals || !b->objects)
		return false;
	for (uint32_t i = 0; i < threads; i++) {
		b->waits[i] = (struct wait){ TR_NONE, TR_NONE, TR_NONE, 0 };
		b->posted[i] = b->rivals[i].lock = TR_NONE;
		b->created[i] = b->ended[i] = TR_NONE;
		b->fresh[i] = 1;
		b->loops[i].oldest = b->loops[i].newest = b->loops[i].reaped = TR_NONE;
	}
	for (uint32_t i = 0; i < objects; i++)
		b->objects[i] = (struct history){ .release = TR_NONE, .acquirer = TR_NONE };
	return true;
}

static void builder_fini(struct builder *b)
{
	for (uint32_t i = 0; b->objects && i < tr_log_nr_objects(b->log); i++)
		free(b->objects[i].posts);
	tr_map_fini(&b->items);
	tr_map_fini(&b->exits);
	tr_map_fini(&b->forks);
	tr_map_fini(&b->inodes);
	tr_map_fini(&b->transfers);
	tr_map_fini(&b->requests);
	tr_map_fini(&b->channels);
	tr_map_fini(&b->readers);
	tr_map_fini(&b->writers);
	tr_map_fini(&b->taken_at);
	tr_map_fini(&b->takers);
	tr_map_fini(&b->last_takes);
	tr_map_fini(&b->has);
	tr_map_fini(&b->given_back);
	free(b->ranges);
	free(b->parts);
	free(b->waits);
	free(b->created);
	free(b->ended);
	free(b->fresh);
	free(b->loops);
	free(b->posted);
	free(b->rivals);
	free(b->takes);
	free(b->pending);
	free(b->candidates);
	free(b->objects);
}

enum xf_status tr_order_new(const struct tr_log *log, struct tr_order **out, struct xf_error *err)
{
	struct tr_order *o = calloc(1, sizeof(*o));
	struct builder b = { .o = o, .log = log };
	b.failed = !o || !builder_init(&b);
	if (o)
		o->log = log;
	for (uint32_t i = 0, nr = tr_log_nr_events(log); i < nr && !b.failed; i++) {
		enum xf_kind kind = tr_log_kind(log, i);
		enum xf_group group = xf_kind_info(kind)->group;
		bool speaks = group == XF_GROUP_SYNC || group == XF_GROUP_PROCESS ||
			      kind == XF_EV_part_done || kind == XF_EV_multipart_complete ||
			      kind == XF_EV_request_start || kind == XF_EV_response;
		if (!speaks && !b.fresh[tr_log_thread_of(log, i)])
			continue;
		struct tr_event e = tr_log_event(log, i);
		take_event(&b, &e);
	}
	if (!b.failed)
		tr_build_confirm_lifelong(&b);
	if (!b.failed)
		tr_build_settle_rivals(&b);
	if (!b.failed)
		tr_build_settle_passing(&b);
	builder_fini(&b);
	if (b.failed) {
		tr_order_free(o);
		return xf_fail(err, XF_NOMEM, "no memory to order the trace");
	}
	*out = o;
	return XF_OK;
}
