/* build_bytes: see build.h. Bytes between threads, and the loops that are woken by them. */
#include "tracer/verdict/build.h"

#include <stdlib.h>
#include <string.h>

#define SEVERAL (UINT32_MAX - 1)

#define CHANNEL (UINT32_C(1) << 31) /* of what is taken: a channel's number, not an object's */

/* ---- bytes */

static bool has_read(const struct builder *b, uint64_t inode, uint32_t thread)
{
	uint32_t channel = tr_map_get(&b->channels, inode);
	return channel != TR_MAP_NONE && tr_map_get(&b->readers, tr_pair(channel, thread)) != TR_MAP_NONE;
}

/* Returns the channel's number. */
static uint32_t note_reader(struct builder *b, uint64_t inode, uint32_t thread)
{
	uint32_t channel = tr_map_get(&b->channels, inode);
	if (channel == TR_MAP_NONE)
		tr_build_set(b, &b->channels, inode, channel = b->channels.nr);
	tr_build_set(b, &b->readers, tr_pair(channel, thread), 1);
	return channel;
}

/* Positions count what a process has written: where several have, those of one say nothing of the others'. */
static void note_writer(struct builder *b, const struct tr_event *e, uint64_t inode)
{
	uint32_t process = tr_map_get(&b->writers, inode);
	if (process == TR_MAP_NONE)
		tr_build_set(b, &b->writers, inode, e->process);
	else if (process != e->process)
		tr_build_set(b, &b->writers, inode, SEVERAL);
}

/* A write that begins inside of an older one: less of that was written than it had set out to. */
static void cut_older(struct builder *b, const struct xf_ev_fd_write *p)
{
	for (uint32_t i = tr_map_get(&b->inodes, p->inode); i != TR_MAP_NONE; i = b->ranges[i].next) {
		struct range *r = &b->ranges[i];
		if (r->end <= p->position)
			break;
		if (r->position < p->position + p->bytes)
			r->end = r->position < p->position ? p->position : r->position;
	}
}

void tr_build_fd_write(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_fd_write *p = TR_PAYLOAD(e, fd_write);
	if (!p->bytes)
		return;
	cut_older(b, p);
	note_writer(b, e, p->inode);
	if (tr_map_get(&b->channels, p->inode) != TR_MAP_NONE)
		tr_build_rival_writes(b, e, CHANNEL | tr_map_get(&b->channels, p->inode));
	if (!tr_grow(&b->ranges, b->nr_ranges, &b->cap_ranges, sizeof(*b->ranges))) {
		b->failed = true;
		return;
	}
	b->ranges[b->nr_ranges] = (struct range){ p->position, p->position + p->bytes, e->index,
						  tr_map_get(&b->inodes, p->inode),
						  has_read(b, p->inode, e->thread) };
	tr_build_set(b, &b->inodes, p->inode, b->nr_ranges++);
}

uint32_t tr_build_new_passing(struct builder *b, uint32_t edge, uint32_t thread)
{
	struct tr_order *o = b->o;
	if (!tr_grow(&o->passing, o->nr_passing, &o->cap_passing, sizeof(*o->passing)) ||
	    !tr_grow(&b->pending, o->nr_passing, &b->cap_pending, sizeof(*b->pending))) {
		b->failed = true;
		return TR_NONE;
	}
	o->passing[o->nr_passing] = (struct tr_passing){ edge, TR_NONE, TR_NONE };
	b->pending[o->nr_passing] = (struct pending){ b->loops[thread].lay_ns, TR_NONE };
	return o->nr_passing++;
}

/* A bytes edge that carries only so far is known as such once its thread has lain down: see tr_build_lie_down(). */
void tr_build_add_passing(struct builder *b, uint32_t edge, uint32_t thread)
{
	struct loop *l = &b->loops[thread];
	uint32_t added = tr_build_new_passing(b, edge, thread);
	if (added == TR_NONE)
		return;
	if (l->oldest == TR_NONE)
		l->oldest = added;
	else
		b->pending[l->newest].next = added;
	l->newest = added;
}

void tr_build_lie_down(struct builder *b, const struct tr_event *e)
{
	struct loop *l = &b->loops[e->thread];
	l->lay_ns += tr_order_lay_ns(e);
	for (; l->oldest != TR_NONE && l->lay_ns - b->pending[l->oldest].lay_ns >= LAY_DOWN_NS;
	     l->oldest = b->pending[l->oldest].next)
		if (b->o->passing[l->oldest].until == TR_NONE)
			b->o->passing[l->oldest].until = e->index;
}

/* The thread has other news: what it read before carries no further. Of the edges before `edge`. */
static void turn_away(struct builder *b, const struct tr_event *e, uint32_t edge)
{
	struct loop *l = &b->loops[e->thread];
	for (; l->oldest != TR_NONE && b->o->passing[l->oldest].edge < edge; l->oldest = b->pending[l->oldest].next)
		if (b->o->passing[l->oldest].until == TR_NONE)
			b->o->passing[l->oldest].until = e->index;
}

/* Was that poll going on when the bytes were written? */
static bool lay_there(const struct builder *b, uint32_t poll, uint32_t write)
{
	struct tr_event e = tr_log_event(b->log, poll);
	return write < poll && tr_log_time(b->log, write) >= e.t_ns - (int64_t)TR_PAYLOAD(&e, poll)->waited_ns;
}

/* *first, by thread: the first event of a kind; made when there is one. */
static void note_first(struct builder *b, uint32_t **first, const struct tr_event *e)
{
	uint32_t threads = tr_log_nr_threads(b->log);
	if (!*first) {
		*first = malloc((threads + 1u) * sizeof(**first));
		if (!*first) {
			b->failed = true;
			return;
		}
		memset(*first, 0xff, (threads + 1u) * sizeof(**first));
	}
	if (e->index < (*first)[e->thread])
		(*first)[e->thread] = e->index;
}

void tr_build_poll(struct builder *b, const struct tr_event *e)
{
	b->loops[e->thread].polls = true;
	b->loops[e->thread].poll = e->index;
	if (TR_PAYLOAD(e, poll)->epoll)
		note_first(b, &b->o->turns, e);
	tr_build_lie_down(b, e);
}

static void add_bytes(struct builder *b, const struct range *r, const struct tr_event *e)
{
	uint32_t edge = b->o->nr;
	bool doubtful = r->token || tr_map_get(&b->writers, TR_PAYLOAD(e, fd_read)->inode) == SEVERAL;
	tr_build_edge(b, TR_EDGE_BYTES, doubtful ? XF_CLASS_LOCK : XF_CLASS_SIGNAL, r->event, e);
	if (b->o->nr == edge || doubtful || !b->loops[e->thread].polls)
		return;
	tr_build_add_passing(b, edge, e->thread);
	note_first(b, &b->o->woken, e);
	if (!b->failed && !lay_there(b, b->loops[e->thread].poll, r->event))
		b->o->passing[b->o->nr_passing - 1].until = e->index;
}

/* Of the edges from `first` on, all to e: several threads' bytes at once, and nobody knows whose led on. */
static void doubt_mixed(struct builder *b, const struct tr_event *e, uint32_t first)
{
	struct tr_order *o = b->o;
	uint32_t writer = TR_NONE;
	bool mixed = false;
	for (uint32_t i = first; i < o->nr; i++) {
		uint32_t thread = tr_log_thread_of(b->log, o->edges[i].from);
		if (o->edges[i].class != XF_CLASS_SIGNAL)
			continue;
		mixed = mixed || (writer != TR_NONE && writer != thread);
		writer = thread;
	}
	if (writer != TR_NONE && (mixed || writer != e->thread)) /* what it wrote itself is no news to it */
		turn_away(b, e, mixed ? o->nr : first);
}

/* Every write whose range overlaps; the list is newest first and positions only grow. */
void tr_build_fd_read(struct builder *b, const struct tr_event *e)
{
	const struct xf_ev_fd_read *p = TR_PAYLOAD(e, fd_read);
	uint64_t end = p->position + p->bytes;
	uint32_t first = b->o->nr, channel = CHANNEL | note_reader(b, p->inode, e->thread);
	tr_build_come_for(b, e, channel);
	for (uint32_t i = tr_map_get(&b->inodes, p->inode); i != TR_MAP_NONE && p->bytes;
	     i = b->ranges[i].next) {
		const struct range *r = &b->ranges[i];
		if (r->end <= p->position)
			break;
		if (r->position < end)
			add_bytes(b, r, e);
	}
	if (!b->failed)
		doubt_mixed(b, e, first);
	if (!b->failed && p->bytes && !b->loops[e->thread].polls)
		tr_build_take(b, e, channel, first);
}

/* ---- requests */

void tr_build_request_start(struct builder *b, const struct tr_event *e)
{
	struct tr_order *o = b->o;
	tr_build_set(b, &b->requests, tr_pair(e->process, TR_PAYLOAD(e, request_start)->request), e->index);
	if (++b->loops[e->thread].under_way < 2)
		return;
	if (!o->drives)
		o->drives = calloc(tr_log_nr_threads(b->log) + 1u, 1);
	if (o->drives)
		o->drives[e->thread] = 1;
	else
		b->failed = true;
}

void tr_build_response(struct builder *b, const struct tr_event *e)
{
	uint64_t key = tr_pair(e->process, TR_PAYLOAD(e, response)->request);
	uint32_t begin = tr_map_get(&b->requests, key);
	turn_away(b, e, b->o->nr);
	if (begin == TR_MAP_NONE || begin == TR_NONE)
		return;
	b->loops[tr_log_thread_of(b->log, begin)].under_way--;
	tr_build_set(b, &b->requests, key, TR_NONE);
	if (tr_order_turns(b->o, e->thread))
		tr_build_set(b, &b->o->answers, begin, e->index);
}

/* ---- at the end */

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* The first event of the thread of `event` at which a timer was due, if it comes before `until`; else `until`. */
static uint32_t timer_before(const struct tr_order *o, uint32_t event, uint32_t until)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = event;
	int64_t due_ns = tr_order_due_at(o, event);
	if (due_ns == INT64_MAX && !tr_order_turns(o, thread))
		return until;
	while ((i = tr_log_step(o->log, i, thread, 1)) != TR_NONE && i < until && tr_log_time(o->log, i) < due_ns)
		if (tr_log_kind(o->log, i) == XF_EV_poll) {
			struct tr_event e = tr_log_event(o->log, i);
			tr_order_learn_due(&e, &due_ns);
		}
	return i < until ? i : until;
}

static int compare_given(const void *a, const void *b)
{
	const struct tr_given *x = a, *y = b;
	return x->thread != y->thread ? (x->thread > y->thread) - (x->thread < y->thread) : (x->event > y->event) - (x->event < y->event);
}

/* Told by a thread that it joined: that was the thread's end. */
static void drop_joined(struct builder *b)
{
	struct tr_order *o = b->o;
	struct tr_map joined = { .nr = 0 };
	uint32_t nr = 0;
	for (uint32_t i = 0; i < o->nr && o->nr_given; i++)
		if (o->edges[i].kind == TR_EDGE_JOIN)
			tr_build_set(b, &joined, tr_pair(tr_log_thread_of(b->log, o->edges[i].from), tr_log_thread_of(b->log, o->edges[i].to)), 1);
	for (uint32_t i = 0; i < o->nr_given; i++)
		if (tr_map_get(&joined, tr_pair(o->given[i].giver, o->given[i].thread)) == TR_MAP_NONE)
			o->given[nr++] = o->given[i];
	o->nr_given = nr;
	tr_map_fini(&joined);
}

static void settle_given(struct builder *b)
{
	drop_joined(b);
	if (b->o->nr_given)
		qsort(b->o->given, b->o->nr_given, sizeof(*b->o->given), compare_given);
}

void tr_build_settle_passing(struct builder *b)
{
	struct tr_order *o = b->o;
	uint32_t nr = 0;
	for (uint32_t i = 0; i < o->nr_passing; i++) {
		struct tr_passing *p = &o->passing[i];
		uint8_t kind = o->edges[p->edge].kind;
		if (kind == TR_EDGE_BYTES || kind == TR_EDGE_PROCESS)
			p->until = timer_before(o, o->edges[p->edge].to, p->until);
		if (p->until != TR_NONE)
			o->passing[nr++] = *p;
	}
	o->nr_passing = nr;
	settle_given(b);
	if (!nr && !o->drives && !o->woken && !o->turns && !o->nr_given)
		return;
	o->leads = o->turns ? calloc(1, sizeof(*o->leads)) : NULL;
	o->used = malloc(o->nr + 1u);
	o->departures = malloc((o->nr + 1u) * sizeof(*o->departures));
	if (!o->used || !o->departures || (o->turns && !o->leads)) {
		b->failed = true;
		return;
	}
	for (uint32_t i = 0; i < o->nr; i++)
		if (o->edges[i].class == XF_CLASS_SIGNAL)
			o->departures[o->nr_departures++] = tr_pair(o->edges[i].from, i);
	qsort(o->departures, o->nr_departures, sizeof(*o->departures), compare_numbers);
}
