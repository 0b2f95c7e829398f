/* barrier: finds the waits of a call, groups them by frame, takes them away one by one. */
#include "tracer/verdict/barrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/child.h"

enum { MAX_STACK = 128 };

/* ORDER barrier kinds, scopes */
const char *tr_barrier_kind_name(enum tr_barrier_kind kind)
{
	static const char *const names[] = { "event", "join", "semaphore", "queue",
					     "condition", "lock", "process", "fd" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == TR_BARRIER_KIND_COUNT, "one name a kind");
	return kind < TR_BARRIER_KIND_COUNT ? names[kind] : "unknown";
}

const char *tr_scope_name(enum tr_scope scope)
{
	static const char *const names[] = { "call", "block", "exit" };
	return scope < TR_SCOPE_COUNT ? names[scope] : "unknown";
}

/* Functions people know by another name. The end of the function's name decides. */
static const struct known {
	const char *suffix, *name;
	enum tr_scope scope;
} known[] = {
	{ "future_result", "result", TR_SCOPE_CALL },
	{ "TransferFuture.result", "result", TR_SCOPE_CALL },
	{ "TransferCoordinator.result", "result", TR_SCOPE_CALL },
	{ "manager_exit", "manager exit", TR_SCOPE_BLOCK },
	{ "manager_shutdown", "manager exit", TR_SCOPE_BLOCK },
	{ "TransferManager.__exit__", "manager exit", TR_SCOPE_BLOCK },
	{ "TransferManager.shutdown", "manager exit", TR_SCOPE_BLOCK },
	{ "manager_upload", "submit", TR_SCOPE_CALL },
	{ "manager_download", "submit", TR_SCOPE_CALL },
	{ ".__exit__", NULL, TR_SCOPE_BLOCK },
	{ "_atexit", NULL, TR_SCOPE_EXIT },
	{ "_python_exit", NULL, TR_SCOPE_EXIT },
};

static const struct known *find_known(const char *function)
{
	size_t len = strlen(function);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].suffix);
		if (len >= n && strcmp(function + len - n, known[i].suffix) == 0)
			return &known[i];
	}
	return NULL;
}

/*
 * The same in Python, where the stack at the wait stands for the frames: the
 * function's own name in a file of that ending, "" any file.
 */
static const struct known_python {
	const char *file, *function, *name;
	enum tr_scope scope;
} known_python[] = {
	{ "s3transfer/manager.py", "__exit__", "manager exit", TR_SCOPE_BLOCK },
	{ "s3transfer/manager.py", "shutdown", "manager exit", TR_SCOPE_BLOCK },
	{ "s3transfer/manager.py", "_shutdown", "manager exit", TR_SCOPE_BLOCK },
	{ "s3transfer/futures.py", "result", "result", TR_SCOPE_CALL },
	{ "s3transfer/crt.py", "__exit__", "manager exit", TR_SCOPE_BLOCK },
	{ "s3transfer/crt.py", "result", "result", TR_SCOPE_CALL },
	{ "s3transfer/manager.py", "upload", "submit", TR_SCOPE_CALL },
	{ "s3transfer/manager.py", "download", "submit", TR_SCOPE_CALL },
	{ "s3transfer/manager.py", "copy", "submit", TR_SCOPE_CALL },
	{ "futures/thread.py", "_python_exit", "interpreter exit", TR_SCOPE_EXIT },
	{ "threading.py", "_shutdown", "interpreter exit", TR_SCOPE_EXIT },
	{ "", "__exit__", "block exit", TR_SCOPE_BLOCK },
};

/* "s3transfer/futures.py:261 TransferCoordinator.result": a line of a stack. False: not of that form. */
static bool is_line_of(const char *line, size_t len, const struct known_python *k)
{
	const char *colon = memchr(line, ':', len);
	const char *blank = colon ? memchr(colon, ' ', len - (size_t)(colon - line)) : NULL;
	size_t file = strlen(k->file), function = strlen(k->function);
	if (!blank || (size_t)(colon - line) < file || memcmp(colon - file, k->file, file) != 0)
		return false;
	size_t name = len - (size_t)(blank + 1 - line);
	return name >= function && memcmp(line + len - function, k->function, function) == 0 &&
	       strchr(" .", line[len - function - 1]) != NULL;
}

/* The poll of asyncio's loop, wherever the loop turns: all its turns are one wait, for whatever it runs. */
static const struct known_python event_loop = { "asyncio/base_events.py", "_run_once", "event loop", TR_SCOPE_CALL };

static bool is_loop(const char *stack)
{
	size_t select = strcspn(stack, "\n"), turn = stack[select] ? strcspn(stack + select + 1, "\n") : 0;
	return turn && is_line_of(stack + select + 1, turn, &event_loop);
}

/* The outermost line that is known; NULL. Stacks begin with the innermost. */
static const struct known_python *find_python(const char *stack)
{
	const struct known_python *found = is_loop(stack) ? &event_loop : NULL;
	if (found)
		return found;
	for (size_t len; *stack; stack += len + (stack[len] == '\n')) {
		len = strcspn(stack, "\n");
		for (size_t i = 0; i < sizeof(known_python) / sizeof(known_python[0]); i++)
			if (is_line_of(stack, len, &known_python[i])) {
				found = &known_python[i];
				break;
			}
	}
	return found;
}

/* The function on the innermost line but those of the file it was called in: "Event.wait", "Thread.join". */
static void waiting_function(const char *stack, const struct tr_site *site, char *buf, size_t cap)
{
	char place[320];
	snprintf(place, sizeof(place), "%s:%u ", site->file, site->line);
	snprintf(buf, cap, "%s", site->function);
	for (size_t len; *stack && strncmp(stack, place, strlen(place)) != 0;
	     stack += len + (stack[len] == '\n')) {
		len = strcspn(stack, "\n");
		const char *blank = memchr(stack, ' ', len);
		if (blank)
			snprintf(buf, cap, "%.*s", (int)(stack + len - blank - 1), blank + 1);
	}
}

/* Where in the Python program a wait was, if it was in one. */
struct place {
	uint32_t process, id;           /* of the site; id 0: nowhere known */
	const char *stack;              /* "" */
	const struct known_python *known;
};

/* An acquire on the calling thread, and the barrier it belongs to. */
struct member {
	uint32_t event, barrier;
};

struct finder {
	const struct tr_log *log;
	const struct tr_order *order;
	struct tr_barriers *out;
	uint32_t cap;
	struct member *members;
	uint32_t nr_members, cap_members;
	uint32_t stack[MAX_STACK], depth;
	uint32_t wait, wait_object;     /* begin of the wait under way, TR_NONE */
	int64_t wait_ns;
	uint64_t limit_ns;
	uint32_t poll;                  /* the last, of which no read is known to have come; TR_NONE */
	uint64_t *longest;              /* by barrier: of its waits, carrying ones first */
	uint32_t cap_longest;
	uint32_t *frames;               /* by barrier: event of its frame, TR_NONE */
	uint32_t cap_frames;
	struct place *places;           /* by barrier */
	uint32_t cap_places;
};

/* What an acquire was. False: no wait at all. */
struct wait {
	enum tr_barrier_kind kind;
	uint64_t ns;
	uint8_t how;
};

static bool read_wait(const struct finder *f, const struct tr_event *e, struct wait *w)
{
	uint64_t value = 0;
	static const struct { enum xf_kind kind; enum tr_barrier_kind is; } rows[] = {
		{ XF_EV_event_woken, TR_BARRIER_EVENT }, { XF_EV_join_end, TR_BARRIER_JOIN },
		{ XF_EV_sem_acquired, TR_BARRIER_SEMAPHORE }, { XF_EV_queue_get, TR_BARRIER_QUEUE },
		{ XF_EV_cond_woken, TR_BARRIER_CONDITION }, { XF_EV_mutex_lock, TR_BARRIER_LOCK },
		{ XF_EV_process_wait, TR_BARRIER_PROCESS }, { XF_EV_fd_read, TR_BARRIER_FD },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].kind != e->kind)
			continue;
		*w = (struct wait){ rows[i].is, 0, XF_HOW_WOKEN };
		if (tr_event_field(e, "how", &value))
			w->how = (uint8_t)value;
		if (tr_event_field(e, "waited_ns", &value))
			w->ns = value;
		else if (f->wait != TR_NONE && w->how != XF_HOW_AT_ONCE && e->t_ns > f->wait_ns)
			w->ns = (uint64_t)(e->t_ns - f->wait_ns);
		return true;
	}
	return false;
}

/* The release on another thread that ended it, TR_NONE. */
static uint32_t carrying_release(const struct finder *f, const struct tr_event *e)
{
	uint32_t nr = tr_order_nr_edges(f->order), found = TR_NONE;
	for (uint32_t i = tr_order_edge_at(f->order, e->index); i < nr; i++) {
		const struct tr_edge *edge = tr_order_edge(f->order, i);
		if (edge->to != e->index)
			break;
		if (edge->class == XF_CLASS_SIGNAL && tr_log_thread_of(f->log, edge->from) != e->thread)
			found = edge->from;
	}
	return found;
}

/*
 * A loop does not wait in its read: it lies in a poll, and reads what it was woken by. So the poll is
 * the wait of a read whose bytes were written while it lay there. Its limit is the loop's clock, no limit of the call's.
 */
static void take_poll(struct finder *f, const struct tr_event *read, uint32_t write, struct wait *w)
{
	struct tr_event poll;

	if (f->poll == TR_NONE || read->kind != XF_EV_fd_read || f->wait != TR_NONE || write == TR_NONE)
		return;
	poll = tr_log_event(f->log, f->poll);
	w->ns = TR_PAYLOAD(&poll, poll)->waited_ns;
	if (write < f->poll && tr_log_time(f->log, write) >= poll.t_ns - (int64_t)w->ns) {
		f->wait = f->poll;
		w->how = XF_HOW_WOKEN;
	} else {
		w->ns = 0;
	}
	f->poll = TR_NONE;
}

/* A wait for a child with a limit is as long as the polls and sleeps that it was made of. */
static void take_child_wait(struct finder *f, const struct tr_event *e, struct wait *w)
{
	struct tr_child_wait child;
	if (e->kind != XF_EV_process_wait || !tr_child_wait_of(f->log, e->index, &child))
		return;
	f->limit_ns = child.limit_ns ? child.limit_ns : TR_LIMIT_UNTOLD;
	w->ns = (uint64_t)(e->t_ns - child.begin_ns);
}

static const char *function_of(const struct finder *f, uint32_t frame)
{
	struct tr_event e = tr_log_event(f->log, frame);
	return tr_event_site(f->log, &e).function;
}

/* The frame that stands for the wait: the outermost known by name, else the outermost. */
static uint32_t frame_of_wait(const struct finder *f)
{
	uint32_t depth = f->depth < MAX_STACK ? f->depth : MAX_STACK;
	for (uint32_t i = 0; i < depth; i++)
		if (find_known(function_of(f, f->stack[i])))
			return f->stack[i];
	return depth ? f->stack[0] : TR_NONE;
}

/* The wait says where it is; one that did not sleep says it when it is over. */
static struct place place_of(const struct finder *f, const struct tr_event *e)
{
	struct tr_event at = f->wait != TR_NONE ? tr_log_event(f->log, f->wait) : *e;
	struct place p = { at.process, at.record->site, "", NULL };
	if (!p.id)
		return p;
	p.stack = tr_log_property_of(f->log, "python-stack", p.process, p.id);
	p.known = find_python(p.stack);
	return p;
}

/* One line of the program, in one function that waits: wherever in that it did, or would have. */
static bool is_same_line(const struct finder *f, const struct place *a, const struct place *b)
{
	struct tr_site x = tr_log_site(f->log, a->process, a->id), y = tr_log_site(f->log, b->process, b->id);
	char in_x[128], in_y[128];
	if (x.line != y.line || strcmp(x.file, y.file) != 0)
		return false;
	waiting_function(a->stack, &x, in_x, sizeof(in_x));
	waiting_function(b->stack, &y, in_y, sizeof(in_y));
	return strcmp(in_x, in_y) == 0;
}

static bool is_same_place(const struct finder *f, const struct place *a, const struct place *b)
{
	if (!*a->stack || !*b->stack)
		return false;
	if (a->known || b->known)
		return a->known && b->known && strcmp(a->known->name, b->known->name) == 0;
	return a->process == b->process && (a->id == b->id || is_same_line(f, a, b));
}

static void name_by_place(const struct finder *f, struct tr_barrier *b, const struct place *p)
{
	struct tr_site site = tr_log_site(f->log, p->process, p->id);
	if (p->known)
		snprintf(b->name, sizeof(b->name), "%s", p->known->name);
	else
		waiting_function(p->stack, &site, b->name, sizeof(b->name));
	b->scope = p->known ? p->known->scope : TR_SCOPE_CALL;
}

static void name_barrier(const struct finder *f, struct tr_barrier *b, uint32_t frame,
			 const struct tr_event *e)
{
	const char *name = NULL;
	if (frame != TR_NONE) {
		const char *function = function_of(f, frame);
		const struct known *k = find_known(function);
		name = k && k->name ? k->name : function;
		b->scope = k ? k->scope : TR_SCOPE_CALL;
	} else if (e->object != TR_NONE) {
		name = tr_log_object(f->log, e->object)->name;
	} else if (e->kind == XF_EV_join_end) {
		uint32_t thread = tr_log_thread_find(f->log, TR_PAYLOAD(e, join_end)->id);
		snprintf(b->name, sizeof(b->name), "join of %s",
			 thread == TR_NONE ? "a thread" : tr_log_thread(f->log, thread)->name);
		return;
	}
	snprintf(b->name, sizeof(b->name), "%s",
		 name && *name ? name : tr_barrier_kind_name(b->kind));
}

static bool is_barrier(const struct finder *f, uint32_t i, uint32_t frame, const struct place *place,
		       const struct tr_event *e)
{
	if (frame != TR_NONE)
		return f->frames[i] == frame;
	if (*place->stack)
		return is_same_place(f, &f->places[i], place);
	/* what a loop reads without having lain in its poll for long enough to be noted is still its own */
	return f->frames[i] == TR_NONE && (!*f->places[i].stack || e->kind == XF_EV_fd_read) && e->object != TR_NONE &&
	       f->out->list[i].object == e->object;
}

static uint32_t barrier_for(struct finder *f, uint32_t frame, const struct place *place,
			    const struct tr_event *e)
{
	struct tr_barriers *out = f->out;
	for (uint32_t i = 0; i < out->nr; i++)
		if (is_barrier(f, i, frame, place, e))
			return i;
	if (!tr_grow(&out->list, out->nr, &f->cap, sizeof(*out->list)) ||
	    !tr_grow(&f->longest, out->nr, &f->cap_longest, sizeof(*f->longest)) ||
	    !tr_grow(&f->frames, out->nr, &f->cap_frames, sizeof(*f->frames)) ||
	    !tr_grow(&f->places, out->nr, &f->cap_places, sizeof(*f->places)))
		return TR_NONE;
	f->longest[out->nr] = 0;
	f->places[out->nr] = *place;
	f->frames[out->nr] = frame;
	out->list[out->nr] = (struct tr_barrier){
		.thread = e->thread, .first = frame != TR_NONE ? frame : f->wait != TR_NONE ? f->wait : e->index,
		.wait = TR_NONE, .woken_by = TR_NONE, .object = TR_NONE };
	return out->nr++;
}

static bool add_wait(struct finder *f, const struct tr_event *e, struct wait *w)
{
	uint32_t frame = frame_of_wait(f), release = carrying_release(f, e);
	take_poll(f, e, release, w);
	bool slept = w->how == XF_HOW_WOKEN || w->how == XF_HOW_TIMED_OUT;
	bool fd_or_process = w->kind == TR_BARRIER_FD || w->kind == TR_BARRIER_PROCESS;
	if (release == TR_NONE && (!slept || fd_or_process))
		return true;
	struct place place = place_of(f, e);
	uint32_t i = barrier_for(f, frame, &place, e);
	if (i == TR_NONE || !tr_grow(&f->members, f->nr_members, &f->cap_members, sizeof(*f->members)))
		return false;
	f->members[f->nr_members++] = (struct member){ e->index, i };
	struct tr_barrier *b = &f->out->list[i];
	/* those that carry, first; then the longer */
	uint64_t weight = w->ns / 2 + 1 + (release != TR_NONE ? UINT64_MAX / 2 : 0);
	if (weight > f->longest[i]) {
		f->longest[i] = weight;
		b->kind = w->kind;
		b->wait = f->wait != TR_NONE ? f->wait : e->index;
		b->object = e->object;
		b->longest_woken_by = release;
		b->longest_ns = w->ns;
		if (frame == TR_NONE && *place.stack)
			name_by_place(f, b, &place);
		else
			name_barrier(f, b, frame, e);
	}
	b->carries = b->carries || release != TR_NONE;
	b->woken_by = release != TR_NONE ? release : b->woken_by;
	b->wait_ns += w->ns;
	b->nr_waits++;
	b->last = e->index;
	b->timed_out = w->how == XF_HOW_TIMED_OUT;
	b->ran_out_ns += b->timed_out ? f->limit_ns : 0;
	b->limit_ns = f->limit_ns > b->limit_ns ? f->limit_ns : b->limit_ns;
	return true;
}

static bool look_at(struct finder *f, const struct tr_event *e)
{
	struct wait w;
	bool ok = true;
	if (e->kind == XF_EV_frame_enter) {
		if (f->depth < MAX_STACK)
			f->stack[f->depth] = e->index;
		f->depth++;
	} else if (e->kind == XF_EV_frame_leave && f->depth) {
		f->depth--;
	} else if (e->kind == XF_EV_poll) {
		f->poll = e->index;
	} else if (xf_kind_info(e->kind)->role == XF_ROLE_WAIT) {
		f->wait = e->index;
		f->wait_object = e->object;
		f->wait_ns = e->t_ns;
		f->limit_ns = 0;
		tr_event_field(e, "limit_ns", &f->limit_ns);
	} else if (read_wait(f, e, &w)) {
		if (f->wait != TR_NONE && f->wait_object != e->object)
			f->wait = TR_NONE, f->limit_ns = 0;
		take_child_wait(f, e, &w);
		ok = add_wait(f, e, &w);
		f->wait = TR_NONE;
		f->limit_ns = 0;
	}
	return ok;
}

/* ---- ablation */

struct ablation {
	const struct finder *f;
	uint32_t thread, enter, kept;
};

static uint32_t barrier_of(const struct finder *f, uint32_t event)
{
	uint32_t low = 0, high = f->nr_members;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (f->members[mid].event < event)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->nr_members && f->members[low].event == event ? f->members[low].barrier : TR_NONE;
}

static bool keeps(const void *ctx, const struct tr_edge *edge)
{
	const struct ablation *a = ctx;
	if (edge->to < a->enter || tr_log_thread_of(a->f->log, edge->to) != a->thread)
		return true;
	return barrier_of(a->f, edge->to) == a->kept;
}

/* Is every item in the past at hand? Create is where the upload's Complete is. */
static bool all_reach(const struct finder *f, const struct tr_clock *clock, uint32_t end, const uint32_t *items, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		if (items[i] == TR_NONE || !tr_clock_knows(clock, tr_log_thread_of(f->log, items[i]), items[i]) ||
		    (tr_log_kind(f->log, items[i]) != XF_EV_multipart_create && !tr_order_led_on(f->order, items[i], end)))
			return false;
	return nr > 0;
}

/*
 * The last item of work that only waits lead to: a barrier that was over before it is not enough, whatever it
 * waited for. Most are, where a program joined ten thousand threads before. 0: all are known without any.
 */
static uint32_t last_unknown(const struct finder *f, uint32_t thread, uint32_t enter, uint32_t end, const uint32_t *items,
			     uint32_t nr, struct tr_clock *clock)
{
	struct ablation none = { f, thread, enter, TR_NONE - 1 };
	uint32_t last = 0;
	tr_order_past(f->order, end, clock, keeps, &none);
	for (uint32_t i = 0; i < nr; i++)
		if (items[i] != TR_NONE && items[i] > last &&
		    !tr_clock_knows(clock, tr_log_thread_of(f->log, items[i]), items[i]))
			last = items[i];
	return last;
}

/*
 * Which barriers does something lead to from that item, other than by way of the calling thread? Only they
 * can be enough: what leads from it to the return comes to that thread first in one of them. One pass, forwards.
 */
static bool *entered_from(const struct finder *f, uint32_t thread, uint32_t enter, uint32_t item)
{
	const struct tr_log *log = f->log;
	uint32_t nr = tr_order_nr_edges(f->order), threads = tr_log_nr_threads(log);
	uint32_t *since = malloc((threads + 1u) * sizeof(*since)); /* by thread: where it knows of the item */
	bool *entered = calloc(f->out->nr + 1u, sizeof(*entered));
	if (!since || !entered) {
		free(since);
		free(entered);
		return NULL;
	}
	memset(since, 0xff, (threads + 1u) * sizeof(*since));
	since[tr_log_thread_of(log, item)] = item;
	for (uint32_t i = tr_order_edge_at(f->order, item); i < nr; i++) {
		const struct tr_edge *edge = tr_order_edge(f->order, i);
		uint32_t to = tr_log_thread_of(log, edge->to);
		if (edge->class != XF_CLASS_SIGNAL || edge->from < since[tr_log_thread_of(log, edge->from)])
			continue;
		uint32_t barrier = to == thread && edge->to >= enter ? barrier_of(f, edge->to) : TR_NONE;
		if (to != thread && edge->to < since[to])
			since[to] = edge->to;
		else if (barrier != TR_NONE)
			entered[barrier] = true;
	}
	free(since);
	return entered;
}

static bool ablate(struct finder *f, uint32_t thread, uint32_t enter, uint32_t end,
		   const uint32_t *items, uint32_t nr)
{
	struct tr_clock clock;
	if (!nr)
		return true;
	if (!tr_clock_init(&clock, tr_log_nr_threads(f->log)))
		return false;
	uint32_t least = last_unknown(f, thread, enter, end, items, nr, &clock);
	bool *entered = entered_from(f, thread, enter, least);
	for (uint32_t i = 0; entered && i < f->out->nr; i++) {
		struct ablation a = { f, thread, enter, i };
		if (!f->out->list[i].carries || (least && !entered[i]))
			continue;
		tr_order_past(f->order, end, &clock, keeps, &a);
		f->out->list[i].sufficient = all_reach(f, &clock, end, items, nr);
	}
	tr_clock_fini(&clock);
	free(entered);
	return entered != NULL;
}

enum xf_status tr_barriers_find(const struct tr_log *log, const struct tr_order *order,
				uint32_t thread, uint32_t enter, uint32_t end,
				const uint32_t *items, uint32_t nr_items, struct tr_barriers *out,
				struct xf_error *err)
{
	struct finder f = { .log = log, .order = order, .out = out, .wait = TR_NONE, .poll = TR_NONE };
	bool ok = true;
	*out = (struct tr_barriers){ .nr = 0 };
	for (uint32_t i = enter; i != TR_NONE && i <= end && ok; i = tr_log_step(log, i, thread, 1)) {
		struct tr_event e = tr_log_event(log, i);
		ok = look_at(&f, &e);
	}
	ok = ok && ablate(&f, thread, enter, end, items, nr_items);
	free(f.members);
	free(f.longest);
	free(f.frames);
	free(f.places);
	if (!ok) {
		tr_barriers_fini(out);
		return xf_fail(err, XF_NOMEM, "no memory for the verdict");
	}
	return XF_OK;
}

void tr_barriers_fini(struct tr_barriers *b)
{
	free(b->list);
	*b = (struct tr_barriers){ .nr = 0 };
}
