/*
 * Random traces against an oracle: reachability by brute force over the edge
 * list, one breadth-first search an event, against the clocks computed backwards;
 * and random traces of permits and locks alone, which never prove anything.
 * T_SEED repeats a run; T_ROUNDS makes it longer.
 */
#include "tests/unit/t.h"

#include "tracer/trace/write.h"
#include "tracer/verdict/order_private.h"
#include "tracer/verdict/verdict.h"

enum { THREADS = 5, OBJECTS = 4, EVENTS = 60 };

static uint64_t seed;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % sides;
}

static unsigned begin(unsigned rounds)
{
	const char *given = getenv("T_SEED"), *more = getenv("T_ROUNDS");
	seed = given ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15u ^ (uint64_t)rounds * 77777u;
	print_message("T_SEED=%llu\n", (unsigned long long)seed);
	return more ? (unsigned)strtoul(more, NULL, 0) : rounds;
}

__attribute__((format(printf, 2, 3)))
static void add(char *text, const char *format, ...)
{
	va_list args;
	size_t at = strlen(text);
	va_start(args, format);
	vsnprintf(text + at, 16384 - at, format, args);
	va_end(args);
}

/* One random synchronisation event. Items of a queue get and put in order, as queues do. */
static void add_sync(char *text, uint32_t *puts, uint32_t *gets)
{
	uint32_t thread = dice(THREADS);
	static const char *const how[] = { "woken", "at-once", "timed-out", "closed" };
	switch (dice(12)) {
	case 0: case 1:
		add(text, "%u event_set #1\n", thread);
		break;
	case 2: case 3:
		add(text, "%u event_wait #1 limit_ns=%u\n%u event_woken #1 how=%s\n", thread, dice(2) * 9,
		    thread, how[dice(4)]);
		break;
	case 4:
		add(text, "%u queue_put #2 item=%u\n", thread, ++*puts);
		break;
	case 5:
		if (*gets < *puts)
			add(text, "%u queue_get #2 item=%u how=%s\n", thread, ++*gets, how[dice(2)]);
		break;
	case 6:
		add(text, "%u sem_post #3\n", thread);
		break;
	case 7:
		add(text, "%u sem_acquired #3 how=%s\n", thread, how[dice(3)]);
		break;
	case 8:
		add(text, "%u cond_wait #4\n", thread);
		break;
	case 9:
		add(text, "%u cond_signal #4 waiters=1 all=%u\n", thread, dice(2));
		break;
	case 10:
		add(text, "%u cond_woken #4 how=woken\n", thread);
		break;
	default:
		add(text, "%u fd_write inode=5 position=%u bytes=4\n%u fd_read inode=5 position=%u bytes=4\n",
		    thread, *puts * 4, dice(THREADS), *puts * 4);
		break;
	}
}

/* Has the thread gone on from there, to `to` or by a used edge, by then? */
static bool goes_on(const struct tr_log *log, const struct tr_order *order, uint32_t event, uint32_t until, uint32_t to, const bool *used)
{
	uint32_t thread = tr_log_thread_of(log, event);
	if (until == TR_NONE || (tr_log_thread_of(log, to) == thread && event <= to && to < until))
		return true;
	for (uint32_t k = 0; k < tr_order_nr_edges(order); k++) {
		uint32_t from = tr_order_edge(order, k)->from;
		if (used[k] && tr_log_thread_of(log, from) == thread && from >= event && from < until)
			return true;
	}
	return false;
}

static bool joined(const struct tr_log *log, const struct tr_order *order, uint32_t thread, const bool *used)
{
	for (uint32_t k = 0; k < tr_order_nr_edges(order); k++) {
		const struct tr_edge *edge = tr_order_edge(order, k);
		if (used[k] && (edge->kind == TR_EDGE_JOIN || edge->kind == TR_EDGE_LIFELONG) && tr_log_thread_of(log, edge->from) == thread)
			return true;
	}
	return false;
}

/* Does the edge carry, as far as is known? One that carries only so far, if its thread went on by then. */
static bool carries(const struct tr_log *log, const struct tr_order *order, uint32_t i, uint32_t to, const bool *before, const bool *used)
{
	const struct tr_edge *edge = tr_order_edge(order, i);
	uint32_t thread = tr_log_thread_of(log, edge->to);
	if (edge->class != XF_CLASS_SIGNAL || !before[edge->to] ||
	    !goes_on(log, order, edge->to, tr_order_until(order, i), to, used))
		return false;
	uint32_t given = tr_order_given_by_others(order, edge->to);
	return thread == tr_log_thread_of(log, to) || given >= to || goes_on(log, order, edge->to, given, to, used) ||
	       joined(log, order, thread, used);
}

/* Everything before `to`, by plain search: program order and signal edges, backwards, until nothing is added. */
static void search(const struct tr_log *log, const struct tr_order *order, uint32_t to, bool *before)
{
	bool used[4096] = { false }, added = true;
	memset(before, 0, tr_log_nr_events(log) * sizeof(*before));
	before[to] = true;
	while (added) {
		added = false;
		for (uint32_t e = tr_log_nr_events(log); e-- > 0;) {
			uint32_t previous = before[e] ? tr_log_step(log, e, tr_log_thread_of(log, e), -1) : TR_NONE;
			if (previous != TR_NONE)
				before[previous] = true;
		}
		for (uint32_t i = 0; i < tr_order_nr_edges(order); i++)
			if (!used[i] && carries(log, order, i, to, before, used))
				used[i] = before[tr_order_edge(order, i)->from] = added = true;
	}
}

static void check_chains(const struct tr_log *log, const struct tr_order *order, uint32_t to, const bool *before)
{
	uint32_t nr = tr_log_nr_events(log), from[512];
	struct tr_chains *chains;
	uint32_t home = tr_log_thread_of(log, to);
	for (uint32_t i = 0; i < nr; i++)
		from[i] = i;
	assert_int_equal(tr_order_chains(order, to, from, nr, &chains, NULL), XF_OK);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t at = i, edge = tr_chain_first(chains, i);
		for (; edge != TR_NONE; edge = tr_chain_next(chains, edge)) {
			const struct tr_edge *e = tr_order_edge(order, edge);
			assert_int_equal(e->class, XF_CLASS_SIGNAL);
			assert_int_equal(tr_log_thread_of(log, e->from), tr_log_thread_of(log, at));
			assert_true(e->from >= at && e->to <= to);
			at = e->to;
		}
		bool arrived = tr_log_thread_of(log, at) == home && at <= to;
		if (arrived != before[i])
			fail_msg("event %u to %u: chain %d, search %d", i, to, arrived, before[i]);
	}
	tr_chains_free(chains);
}

static void one_random_trace(void)
{
	static char text[16384];
	struct tr_log *log;
	struct tr_order *order;
	struct tr_clock clock;
	uint32_t puts = 0, gets = 0;
	bool before[512];
	text[0] = '\0';
	for (unsigned i = 0; i < THREADS; i++)
		add(text, "thread %u t%u\n", i, i);
	add(text, "object 1 event e %s\nobject 2 queue q signal\nobject 3 sem s %s %u\nobject 4 cond c %s\n",
	    dice(2) ? "signal" : "none", dice(2) ? "signal" : dice(2) ? "none" : "permit", dice(3),
	    dice(2) ? "signal" : "none");
	for (unsigned i = 0; i < EVENTS; i++)
		add_sync(text, &puts, &gets);
	assert_int_equal(tr_log_from_text(text, &log, NULL), XF_OK);
	assert_int_equal(tr_order_new(log, &order, NULL), XF_OK);
	assert_true(tr_clock_init(&clock, tr_log_nr_threads(log)));
	uint32_t to = tr_log_nr_events(log) - 1 - dice(5);
	search(log, order, to, before);
	tr_order_past(order, to, &clock, NULL, NULL);
	for (uint32_t i = 0; i < tr_log_nr_events(log); i++)
		if (tr_clock_knows(&clock, tr_log_thread_of(log, i), i) != before[i])
			fail_msg("event %u to %u: clock and search differ in\n%s", i, to, text);
	check_chains(log, order, to, before);
	tr_clock_fini(&clock);
	tr_order_free(order);
	tr_log_close(log);
}

static void clocks_agree_with_a_search(void **state)
{
	(void)state;
	for (unsigned i = begin(20000); i > 0; i--)
		one_random_trace();
}

/* Work of workers, permits and locks between them and main, nothing else; all of it over in time. */
static void one_lucky_trace(void)
{
	static char text[16384];
	struct tr_log *log;
	struct tr_verdicts all;
	text[0] = '\0';
	for (unsigned i = 0; i < THREADS; i++)
		add(text, "thread %u t%u\n", i, i);
	add(text, "object 1 sem p permit %u\nobject 2 mutex m lock\nobject 3 sem l lock 1\n"
	    "0 call_enter call=1\n0 submit transfer=0 call=1 op=PutObject\n", dice(3));
	uint32_t parts = 1 + dice(4);
	for (uint32_t i = 0; i < EVENTS; i++) {
		uint32_t thread = dice(THREADS);
		static const char *const what[] = {
			"sem_wait #1", "sem_post #1", "sem_acquired #1 how=woken waited_ns=5",
			"sem_acquired #1", "mutex_lock #2", "mutex_lock #2 how=woken waited_ns=9",
			"mutex_unlock #2", "mutex_wait #2", "sem_acquired #3 how=woken", "sem_post #3",
		};
		add(text, "%u %s\n", thread, what[dice(sizeof(what) / sizeof(what[0]))]);
		if (parts && dice(EVENTS / 8) == 0)
			add(text, "%u part_done transfer=0 part=%u\n", 1 + dice(THREADS - 1), parts--);
	}
	for (; parts; parts--)
		add(text, "2 part_done transfer=0 part=%u\n", parts);
	add(text, "1 object_put transfer=0 etag=e\n1 done transfer=0 state=success\n"
	    "1 mutex_unlock #2\n0 mutex_lock #2 how=woken\n1 sem_post #1\n0 sem_acquired #1 how=woken\n"
	    "0 call_return call=1\nclosed\n");
	assert_int_equal(tr_log_from_text(text, &log, NULL), XF_OK);
	assert_int_equal(tr_verdicts_compute(log, &all, NULL), XF_OK);
	if (all.list[0].answer != TR_UNPROVEN)
		fail_msg("%s from\n%s", tr_answer_name(all.list[0].answer), text);
	tr_verdicts_fini(&all);
	tr_log_close(log);
}

static void permits_and_locks_never_prove(void **state)
{
	(void)state;
	for (unsigned i = begin(10000); i > 0; i--)
		one_lucky_trace();
}

/* ---- each rule by itself: the edge from event A to event B is of that kind and class */

static void expect_edge(const char *text, enum xf_kind from, enum xf_kind to, enum tr_edge_kind kind,
			enum xf_class class)
{
	struct tr_log *log;
	struct tr_order *order;
	struct xf_error err = XF_ERROR_INIT;
	bool found = false;
	if (tr_log_from_text(text, &log, &err) != XF_OK)
		fail_msg("%s", err.message);
	assert_int_equal(tr_order_new(log, &order, NULL), XF_OK);
	for (uint32_t i = 0; i < tr_order_nr_edges(order); i++) {
		const struct tr_edge *e = tr_order_edge(order, i);
		found = found || (tr_log_kind(log, e->from) == from && tr_log_kind(log, e->to) == to &&
				  e->kind == kind && e->class == class);
	}
	assert_int_equal(found, class != XF_CLASS_NONE);
	tr_order_free(order);
	tr_log_close(log);
}

#define TWO "thread 0 a\nthread 1 b\n"
#define SIG XF_CLASS_SIGNAL
#define NO_EDGE XF_CLASS_NONE

static void every_rule_makes_its_edge(void **state)
{
	(void)state;
	expect_edge("thread 0 a\n0 thread_create id=1\n1 mark\n", XF_EV_thread_create, XF_EV_mark, TR_EDGE_START, SIG);
	expect_edge(TWO "1 thread_exit id=1\n0 join_end id=1 how=woken\n", XF_EV_thread_exit, XF_EV_join_end,
		    TR_EDGE_JOIN, SIG);
	expect_edge(TWO "1 event_set #1\n0 event_woken #1 how=at-once\n", XF_EV_event_set, XF_EV_event_woken,
		    TR_EDGE_SET, SIG);
	expect_edge(TWO "1 queue_put #1 item=4\n0 queue_get #1 item=4\n", XF_EV_queue_put, XF_EV_queue_get,
		    TR_EDGE_ITEM, SIG);
	expect_edge(TWO "0 cond_wait #1\n1 cond_signal #1\n0 cond_woken #1 how=woken\n", XF_EV_cond_signal,
		    XF_EV_cond_woken, TR_EDGE_CONDITION, SIG);
	expect_edge(TWO "1 process_exit pid=7\n0 process_wait pid=7\n", XF_EV_process_exit, XF_EV_process_wait,
		    TR_EDGE_PROCESS, SIG);
	expect_edge(TWO "1 process_exit pid=7\n0 process_wait pid=7 asked=true\n", XF_EV_process_exit, XF_EV_process_wait,
		    TR_EDGE_PROCESS, XF_CLASS_LOCK);
	expect_edge(TWO "0 fork child=7\n1 process_start pid=7\n", XF_EV_fork, XF_EV_process_start, TR_EDGE_FORK, SIG);
	expect_edge(TWO "1 fd_write inode=3 position=0 bytes=9\n0 fd_read inode=3 position=8 bytes=1\n",
		    XF_EV_fd_write, XF_EV_fd_read, TR_EDGE_BYTES, SIG);
	/* the probe's pipes are objects, for the order of their events */
	expect_edge(TWO "1 fd_write #1 inode=3 position=0 bytes=9\n0 fd_read #1 inode=3 position=8 bytes=1\n",
		    XF_EV_fd_write, XF_EV_fd_read, TR_EDGE_BYTES, SIG);
	expect_edge(TWO "1 part_done transfer=0 part=1 etag=x\n0 multipart_complete transfer=0\n", XF_EV_part_done,
		    XF_EV_multipart_complete, TR_EDGE_DATA, SIG);
	expect_edge(TWO "object 1 mutex m lock\n1 mutex_lock #1\n1 mutex_unlock #1\n0 mutex_lock #1\n",
		    XF_EV_mutex_unlock, XF_EV_mutex_lock, TR_EDGE_MUTEX, XF_CLASS_LOCK);
	expect_edge(TWO "object 1 sem s signal 0\n1 sem_post #1\n0 sem_acquired #1\n", XF_EV_sem_post,
		    XF_EV_sem_acquired, TR_EDGE_SEMAPHORE, SIG);
	expect_edge(TWO "object 1 sem s permit 0\n1 sem_post #1\n0 sem_acquired #1\n", XF_EV_sem_post,
		    XF_EV_sem_acquired, TR_EDGE_SEMAPHORE, XF_CLASS_PERMIT);
}

static void near_misses_make_none(void **state)
{
	(void)state;
	expect_edge(TWO "1 thread_exit id=1\n0 join_end id=1 how=timed-out\n", XF_EV_thread_exit, XF_EV_join_end,
		    TR_EDGE_JOIN, NO_EDGE);
	expect_edge(TWO "1 event_set #1\n0 event_woken #1 how=timed-out\n", XF_EV_event_set, XF_EV_event_woken,
		    TR_EDGE_SET, NO_EDGE);
	expect_edge(TWO "0 queue_get #1 item=4 how=closed\n1 queue_put #1 item=4\n", XF_EV_queue_put,
		    XF_EV_queue_get, TR_EDGE_ITEM, NO_EDGE);
	expect_edge(TWO "1 cond_signal #1 waiters=1\n0 cond_wait #1\n0 cond_woken #1 how=woken\n",
		    XF_EV_cond_signal, XF_EV_cond_woken, TR_EDGE_CONDITION, NO_EDGE);
	expect_edge(TWO "1 fd_write inode=3 position=0 bytes=8\n0 fd_read inode=3 position=8 bytes=1\n",
		    XF_EV_fd_write, XF_EV_fd_read, TR_EDGE_BYTES, NO_EDGE);
	expect_edge(TWO "1 part_done transfer=0 part=1 etag=x\n0 multipart_complete transfer=0 skipped=true\n",
		    XF_EV_part_done, XF_EV_multipart_complete, TR_EDGE_DATA, NO_EDGE);
	expect_edge(TWO "1 process_exit pid=7\n0 process_wait pid=8\n", XF_EV_process_exit, XF_EV_process_wait,
		    TR_EDGE_PROCESS, NO_EDGE);
}

/* ---- loops: does the first event lead to the last, and is it in its past? */

static void expect_past(const char *text, bool past, bool led)
{
	struct tr_log *log;
	struct tr_order *order;
	struct tr_clock clock;
	struct xf_error err = XF_ERROR_INIT;
	if (tr_log_from_text(text, &log, &err) != XF_OK)
		fail_msg("%s", err.message);
	assert_int_equal(tr_order_new(log, &order, NULL), XF_OK);
	assert_true(tr_clock_init(&clock, tr_log_nr_threads(log)));
	uint32_t last = tr_log_nr_events(log) - 1;
	tr_order_past(order, last, &clock, NULL, NULL);
	assert_int_equal(tr_clock_knows(&clock, tr_log_thread_of(log, 0), 0), past);
	tr_order_led_to(order, last, &clock);
	assert_int_equal(tr_clock_knows(&clock, tr_log_thread_of(log, 0), 0), led);
	tr_clock_fini(&clock);
	tr_order_free(order);
	tr_log_close(log);
}

#define THREE "thread 0 main\nthread 1 worker\nthread 2 loop\n"
#define WAKES(n) "1 mark\n1 fd_write inode=3 position=0 bytes=1\n" n " poll waited_ns=900000000 ready=1\n" \
		 n " fd_read inode=3 position=0 bytes=1\n"
#define LIES(n) n " poll waited_ns=400000\n" n " sleep slept_ns=600000\n"

static void a_loop_that_lies_down_again_was_only_woken(void **state)
{
	(void)state;
	expect_past(THREE WAKES("0") "0 mark\n", true, true);
	expect_past(THREE WAKES("0") "0 poll waited_ns=999999\n0 mark\n", true, true);
	expect_past(THREE WAKES("0") LIES("0") "0 mark\n", false, true);
	/* it turned anyhow: no poll was going on when the bytes came */
	expect_past(THREE "1 mark\n0 poll waited_ns=5\n1 fd_write inode=3 position=0 bytes=1\n0 fd_read inode=3 position=0 bytes=1\n"
		    "0 mark\n", false, true);
	/* who did not poll before had asked for those bytes */
	expect_past(THREE "1 mark\n1 fd_write inode=3 position=0 bytes=1\n0 fd_read inode=3 position=0 bytes=1\n" LIES("0")
		    "0 mark\n", true, true);
	/* a loop on another thread: what it hands on at once, and what it does later */
	expect_past(THREE WAKES("2") "2 event_set #1\n" LIES("2") "0 event_woken #1 how=woken\n0 mark\n", true, true);
	expect_past(THREE WAKES("2") LIES("2") "2 event_set #1\n0 event_woken #1 how=woken\n0 mark\n", false, true);
	/* it had other news in between, and goes on for that: an answer, another's bytes */
	expect_past(THREE WAKES("2") "2 response request=1 http_status=200\n2 event_set #1\n0 event_woken #1 how=woken\n0 mark\n", false, true);
	expect_past(THREE WAKES("2") "0 fd_write inode=3 position=1 bytes=1\n2 fd_read inode=3 position=1 bytes=1\n2 event_set #1\n"
		    "0 event_woken #1 how=woken\n0 mark\n", false, true);
	/* two threads' bytes in one read: for one of them, and nobody knows which */
	expect_past(THREE "1 mark\n1 fd_write inode=3 position=0 bytes=1\n0 fd_write inode=3 position=1 bytes=1\n"
		    "2 poll waited_ns=900000000 ready=1\n2 fd_read inode=3 position=0 bytes=2\n2 event_set #1\n"
		    "0 event_woken #1 how=woken\n0 mark\n", false, true);
	/* one thread's, in two writes */
	expect_past(THREE "1 mark\n1 fd_write inode=3 position=0 bytes=1\n1 fd_write inode=3 position=1 bytes=1\n"
		    "2 poll waited_ns=900000000 ready=1\n2 fd_read inode=3 position=0 bytes=2\n2 event_set #1\n"
		    "0 event_woken #1 how=woken\n0 mark\n", true, true);
	/* both: the first hand-over is what carries, whatever else it does until the end */
	expect_past(THREE WAKES("2") "2 event_set #1\n" LIES("2") "2 thread_exit id=2\n0 event_woken #1 how=woken\n"
		    "0 join_end id=2 how=woken\n0 mark\n", true, true);
}

static void a_child_that_was_not_waited_for_carries_until_the_next_wait(void **state)
{
	(void)state;
#define REAPED "1 mark\n1 process_exit pid=7\n0 process_wait pid=7 "
	expect_past(THREE REAPED "any=true\n0 mark\n", true, true);
	expect_past(THREE REAPED "any=true\n2 process_exit pid=8\n0 process_wait pid=8\n0 mark\n", false, true);
	expect_past(THREE REAPED "\n2 process_exit pid=8\n0 process_wait pid=8\n0 mark\n", true, true);
	/* it began the next one only then */
	expect_past(THREE REAPED "any=true\n0 fork child=8\n2 process_start pid=8\n2 process_exit pid=8\n"
		    "0 process_wait pid=8 any=true\n0 mark\n", true, true);
	expect_past(THREE REAPED "any=true asked=true\n0 mark\n", false, false);
}

/* It came for more: what it was given before was not what it waits for, or not all of it. */
static void what_ended_a_wait_carries_no_further_than_to_the_next_for_the_same(void **state)
{
	(void)state;
#define WOKE(from) from " mark\n0 cond_wait #7\n" from " cond_signal #7 all=true waiters=1\n0 cond_woken #7 how=woken\n"
#define AGAIN "0 cond_wait #7\n2 cond_signal #7 all=true waiters=1\n0 cond_woken #7 how=woken\n"
	expect_past(THREE WOKE("1") "0 mark\n", true, true);
	expect_past(THREE WOKE("1") AGAIN "0 mark\n", false, true);
	/* whatever it did in between for itself, and if nobody else came */
	expect_past(THREE WOKE("1") "0 mutex_unlock #9\n" AGAIN "0 mark\n", false, true);
	expect_past(THREE WOKE("1") "0 event_set #8\n" AGAIN "0 mark\n", false, true);
	expect_past(THREE WOKE("1") "0 cond_wait #7 limit_ns=9\n0 cond_woken #7 how=timed-out\n0 mark\n", false, true);
	/* of the same thread's, the last carries what went before */
	expect_past(THREE WOKE("1") "0 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n0 cond_woken #7 how=woken\n0 mark\n", true, true);
	/* another condition is another thing */
	expect_past(THREE WOKE("1") "0 cond_wait #8\n2 cond_signal #8 all=true waiters=1\n0 cond_woken #8 how=woken\n0 mark\n", true, true);
	/* it led on before: to a thread that is waited for */
	expect_past(THREE "1 mark\n2 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n2 cond_woken #7 how=woken\n"
		    "2 event_set #8\n2 cond_wait #7\n0 event_woken #8 how=woken\n0 mark\n", true, true);
	/* a listener that is joined, and would have ended without */
	expect_past(THREE "1 mark\n2 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n2 cond_woken #7 how=woken\n2 cond_wait #7\n"
		    "0 cond_signal #7 all=true waiters=1\n2 cond_woken #7 how=woken\n2 thread_exit id=2\n0 join_end id=2 how=woken\n0 mark\n",
		    false, true);
}

static void permits_of_a_semaphore_are_counted_and_a_lock_that_tells_is_not(void **state)
{
	(void)state;
#define TOLD "0 sem_wait #1\n1 sem_post #1\n0 sem_acquired #1 how=woken\n0 sem_wait #1\n2 sem_post #1\n" \
	     "0 sem_acquired #1 how=woken\n0 mark\n"
	expect_past(THREE "1 mark\n+1 object 1 sem s none 0\n" TOLD, true, true);
	expect_past(THREE "1 mark\n+1 object 1 sem s none 1\n0 sem_acquired #1 how=at-once\n" TOLD, false, true);
	expect_past(THREE "1 mark\n" TOLD, false, true); /* how it began is not known */
}

/* Each wait has a lock of its own; it is for one condition all the same, whose lock is given back last. */
static void pythons_conditions_are_known_by_their_own_lock(void **state)
{
	(void)state;
#define OWN(own, waiter, from) "0 sem_acquired #" own " how=at-once\n0 sem_acquired #" waiter " how=at-once\n0 sem_post #" own "\n" \
	"0 sem_wait #" waiter "\n" from " sem_acquired #" own " how=at-once\n" from " sem_post #" waiter "\n" from " sem_post #" own "\n" \
	"0 sem_acquired #" waiter " how=woken\n0 sem_acquired #" own " how=at-once\n0 sem_post #" own "\n"
#define LOCKS "object 1 sem own none 1\nobject 2 sem other none 1\nobject 3 sem first none 1\nobject 4 sem second none 1\n"
	expect_past(THREE "1 mark\n+1 " LOCKS OWN("1", "3", "1") "0 mark\n", true, true);
	expect_past(THREE "1 mark\n+1 " LOCKS OWN("1", "3", "1") OWN("1", "4", "2") "0 mark\n", false, true);
	expect_past(THREE "1 mark\n+1 " LOCKS OWN("1", "3", "1") OWN("2", "4", "2") "0 mark\n", true, true);
	/* it has to wait for the condition's lock, which its waker still has: that is no next wait */
	expect_past(THREE "1 mark\n+1 " LOCKS "0 sem_acquired #1 how=at-once\n0 sem_acquired #3 how=at-once\n0 sem_post #1\n0 sem_wait #3\n"
		    "1 sem_acquired #1 how=at-once\n1 sem_post #3\n0 sem_acquired #3 how=woken\n0 sem_wait #1\n1 sem_post #1\n"
		    "0 sem_acquired #1 how=woken\n0 sem_post #1\n0 mark\n", true, true);
}

static void a_loop_that_is_run_to_its_end_needs_all_it_was_given(void **state)
{
	(void)state;
	expect_past(THREE "1 mark\n0 property key=python-exhausts number=1 value=1\n"
		    "0 property key=python-exhausts number=2 value=1\n0 cond_wait #7 :q.py@f:3\n"
		    "1 cond_signal #7 all=true waiters=1\n0 cond_woken #7 how=woken\n0 cond_wait #7 :q.py@f:3\n"
		    "2 cond_signal #7 all=true waiters=1\n0 cond_woken #7 how=woken\n0 mark\n", true, true);
}

/* Another gives the same later, and nobody takes it: it would have ended the wait as well. */
static void a_wait_that_another_might_have_ended_shows_nothing(void **state)
{
	(void)state;
	expect_past(THREE WOKE("1") "2 cond_signal #7 all=true\n0 mark\n", false, true);
	expect_past(THREE WOKE("1") "1 cond_signal #7 all=true\n0 mark\n", true, true);
	expect_past(THREE WOKE("1") "2 cond_signal #8 all=true\n0 mark\n", true, true);
	/* a declared one says whom it woke */
	expect_past(THREE "1 mark\n+1 object 7 cond c signal\n0 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n0 cond_woken #7 how=woken\n"
		    "2 cond_signal #7 all=true waiters=0\n0 mark\n", true, true);
	/* one who serves, and came for the other's later: it had led on */
	expect_past(THREE "1 mark\n2 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n2 cond_woken #7 how=woken\n"
		    "1 cond_signal #9\n0 cond_signal #7 all=true waiters=0\n2 event_set #8\n2 cond_wait #7\n0 event_woken #8 how=woken\n0 mark\n",
		    true, true);
	/* a condition of Python's: a third thread sets it, too, or it waits for it as well */
#define SETS "2 sem_acquired #1 how=at-once\n2 sem_post #1\n"
	expect_past(THREE "1 mark\n+1 " LOCKS OWN("1", "3", "1") SETS "2 mark\n0 mark\n", false, true);
	expect_past(THREE "1 mark\n+1 " LOCKS OWN("1", "3", "1") "2 sem_acquired #1 how=at-once\n2 sem_acquired #4 how=at-once\n"
		    "2 sem_post #1\n2 sem_wait #4\n0 mark\n", true, true);
	/* bytes that nobody reads; or that the same thread wrote, or that are read, too */
#define READ_ONE "1 mark\n1 fd_write inode=3 position=0 bytes=4\n0 fd_read inode=3 position=0 bytes=4\n"
	expect_past(THREE READ_ONE "2 fd_write inode=3 position=4 bytes=4\n0 mark\n", false, true);
	expect_past(THREE READ_ONE "1 fd_write inode=3 position=4 bytes=4\n0 mark\n", true, true);
	expect_past(THREE READ_ONE "2 fd_write inode=4 position=4 bytes=4\n0 mark\n", true, true);
	/* a permit that is left; of the same thread's it is one more of its own */
#define ONE "1 mark\n+1 object 1 sem s none 0\n0 sem_wait #1\n1 sem_post #1\n0 sem_acquired #1 how=woken\n"
	expect_past(THREE ONE "2 sem_post #1\n0 mark\n", false, false);
	expect_past(THREE ONE "1 sem_post #1\n0 mark\n", true, true);
	expect_past(THREE ONE "2 sem_post #1\n0 sem_wait #1\n0 sem_acquired #1 how=at-once\n0 mark\n", true, true);
}

/* Told by one, then given something else by another: had it been slower, another worker might have had that. */
static void a_worker_passes_on_before_it_is_given_more_or_by_its_end(void **state)
{
	(void)state;
#define FOUR "thread 0 main\nthread 1 uploader\nthread 2 worker\n"
#define TOLD_TWO "1 mark\n2 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n2 cond_woken #7 how=woken\n"
#define GIVEN_TWO "2 cond_wait #8\n0 cond_signal #8 all=true waiters=1\n2 cond_woken #8 how=woken\n"
#define ANSWERS "2 event_set #9\n0 event_woken #9 how=woken\n"
	expect_past(FOUR TOLD_TWO ANSWERS "0 mark\n", true, true);
	expect_past(FOUR TOLD_TWO GIVEN_TWO ANSWERS "0 mark\n", false, true);
	expect_past(FOUR TOLD_TWO ANSWERS GIVEN_TWO "0 mark\n", true, true);
	expect_past(FOUR TOLD_TWO GIVEN_TWO ANSWERS "2 thread_exit id=2\n0 join_end id=2 how=woken\n0 mark\n", true, true);
	/* by a thread that it had made itself: that is its own work */
	expect_past("thread 0 main\nthread 1 uploader\nthread 2 worker\nthread 3 helper\n1 mark\n2 thread_create id=3\n3 mark\n"
		    "2 cond_wait #7\n1 cond_signal #7 all=true waiters=1\n2 cond_woken #7 how=woken\n"
		    "2 cond_wait #8\n3 cond_signal #8 all=true waiters=1\n2 cond_woken #8 how=woken\n" ANSWERS "0 mark\n", true, true);
}

static void a_reader_of_many_writers_shows_nothing_of_the_first(void **state)
{
	(void)state;
	/* of one pipe, by two threads: it read on */
	expect_past(THREE "1 mark\n1 fd_write inode=3 position=0 bytes=4\n0 fd_read inode=3 position=0 bytes=4\n"
		    "2 fd_write inode=3 position=4 bytes=4\n0 fd_read inode=3 position=4 bytes=4\n0 mark\n", false, true);
	/* one message in two reads */
	expect_past(THREE "1 mark\n1 fd_write inode=3 position=0 bytes=9\n0 fd_read inode=3 position=0 bytes=4\n"
		    "0 fd_read inode=3 position=4 bytes=5\n0 mark\n", true, true);
	/* positions of two processes are not of one count */
	expect_edge("thread 0 a\nthread 1 b process=1\nthread 2 c process=2\n1 fd_write inode=3 position=0 bytes=4\n"
		    "2 fd_write inode=3 position=0 bytes=4\n0 fd_read inode=3 position=0 bytes=4\n",
		    XF_EV_fd_write, XF_EV_fd_read, TR_EDGE_BYTES, XF_CLASS_LOCK);
}

/* sem_trywait: it is counted, for who waits later, and shows nothing. */
static void what_is_asked_for_without_waiting_carries_nothing(void **state)
{
	(void)state;
	expect_edge(TWO "object 1 sem s none 0\n1 sem_post #1\n0 sem_acquired #1 how=asked\n", XF_EV_sem_post, XF_EV_sem_acquired,
		    TR_EDGE_SEMAPHORE, XF_CLASS_LOCK);
	expect_past(TWO "object 1 sem s none 0\n1 mark\n1 sem_post #1\n0 sem_acquired #1 how=asked\n1 sem_post #1\n"
		    "0 sem_wait #1\n0 sem_acquired #1 how=woken\n0 mark\n", true, true);
}

static void bytes_of_a_thread_that_reads_there_too_are_tokens(void **state)
{
	(void)state;
	expect_edge(TWO "1 fd_write inode=3 position=0 bytes=1\n1 fd_read inode=3 position=0 bytes=1\n"
		    "1 fd_write inode=3 position=1 bytes=1\n0 fd_read inode=3 position=1 bytes=1\n",
		    XF_EV_fd_write, XF_EV_fd_read, TR_EDGE_BYTES, XF_CLASS_LOCK);
	/* of a write that was cut short, the rest is the next one's */
	expect_past(TWO "1 fd_write inode=3 position=0 bytes=9\n0 fd_write inode=3 position=4 bytes=1\n"
		    "0 fd_read inode=3 position=4 bytes=1\n", false, false);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_loop_that_lies_down_again_was_only_woken),
	cmocka_unit_test(a_child_that_was_not_waited_for_carries_until_the_next_wait),
	cmocka_unit_test(what_ended_a_wait_carries_no_further_than_to_the_next_for_the_same),
	cmocka_unit_test(permits_of_a_semaphore_are_counted_and_a_lock_that_tells_is_not),
	cmocka_unit_test(pythons_conditions_are_known_by_their_own_lock),
	cmocka_unit_test(a_loop_that_is_run_to_its_end_needs_all_it_was_given),
	cmocka_unit_test(a_wait_that_another_might_have_ended_shows_nothing),
	cmocka_unit_test(a_worker_passes_on_before_it_is_given_more_or_by_its_end),
	cmocka_unit_test(a_reader_of_many_writers_shows_nothing_of_the_first),
	cmocka_unit_test(what_is_asked_for_without_waiting_carries_nothing),
	cmocka_unit_test(bytes_of_a_thread_that_reads_there_too_are_tokens),
	cmocka_unit_test(every_rule_makes_its_edge),
	cmocka_unit_test(near_misses_make_none),
	cmocka_unit_test(clocks_agree_with_a_search),
	cmocka_unit_test(permits_and_locks_never_prove),
};

T_MAIN(tests)
