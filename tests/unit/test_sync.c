/* sync, gate: exact histories, gates without locks, clocks that leave stopped time out. */
#include "tests/unit/t.h"

#include <unistd.h>

#include "core/event/segment.h"
#include "core/sync/sync.h"

static void start(void)
{
	struct xf_error err = XF_ERROR_INIT;
	const struct xf_trace_options o = { .path = NULL };
	assert_int_equal(xf_trace_start(&o, &err), XF_OK);
}

/* ---- the history of one object, gathered from all threads by its own counter */

struct history {
	uint32_t object;
	uint64_t nr;
	uint16_t kinds[20000];
	int64_t values[20000];
};

static struct history h;

static void gather(void *ctx, uint32_t index, const struct xf_segment *s)
{
	(void)index;
	struct history *to = ctx;
	for (unsigned i = 0; i < XF_SEGMENT_RECORDS && s->records[i].commit == XF_COMMIT; i++) {
		const struct xf_record *r = &s->records[i];
		if (r->kind == XF_EV_text || r->object != to->object)
			continue;
		const struct xf_field *value = xf_field_find(r->kind, "value");
		assert_in_range(r->order, 1, 20000);
		assert_int_equal(to->kinds[r->order - 1], 0);
		to->kinds[r->order - 1] = r->kind;
		to->values[r->order - 1] = value ? (int64_t)xf_field_get(r, value) : 0;
		to->nr++;
	}
}

static struct history *history_of(uint32_t object)
{
	memset(&h, 0, sizeof(h));
	h.object = object;
	xf_trace_visit(gather, &h);
	return &h;
}

static struct xf_sem sem;

static void *take_and_give(void *arg)
{
	for (int i = 0; i < 500; i++) {
		xf_sem_wait(&sem, XF_FOREVER);
		xf_sem_post(&sem);
	}
	return arg;
}

static void a_semaphores_history_is_exact(void **state)
{
	(void)state;
	struct xf_thread t[4];
	start();
	xf_sem_init(&sem, "request", XF_CLASS_PERMIT, 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(xf_thread_start(&t[i], "request-1", "request", take_and_give, NULL), XF_OK);
	for (int i = 0; i < 4; i++)
		xf_thread_join(&t[i]);
	struct history *got = history_of(sem.object.id);
	assert_int_equal(got->nr, 1 + 4 * 500 * 3);
	int64_t value = 2;
	for (uint64_t i = 1; i < got->nr; i++) {
		value += got->kinds[i] == XF_EV_sem_post ? 1 : got->kinds[i] == XF_EV_sem_acquired ? -1 : 0;
		assert_in_range(value, 0, 2);
		assert_int_equal(got->values[i], value);
	}
	assert_in_range(sem.max_in_use, 1, 2);
	xf_sem_fini(&sem);
	xf_trace_release();
}

static void timed_waits_end_in_time(void **state)
{
	(void)state;
	struct xf_latch l;
	struct xf_sem s;
	xf_latch_init(&l, "done");
	xf_sem_init(&s, "s", XF_CLASS_SIGNAL, 0);
	assert_int_equal(xf_latch_wait(&l, 1000000), XF_HOW_TIMED_OUT);
	assert_int_equal(xf_sem_wait(&s, 1000000), XF_HOW_TIMED_OUT);
	xf_latch_set(&l);
	xf_sem_post(&s);
	assert_int_equal(xf_latch_wait(&l, 1000000), XF_HOW_AT_ONCE);
	assert_int_equal(xf_sem_wait(&s, XF_FOREVER), XF_HOW_AT_ONCE);
	xf_sem_close(&s);
	assert_int_equal(xf_sem_wait(&s, XF_FOREVER), XF_HOW_CLOSED);
	xf_latch_fini(&l);
	xf_sem_fini(&s);
}

static void a_queue_is_first_in_first_out_and_closes(void **state)
{
	(void)state;
	struct xf_queue q;
	int a, b;
	xf_queue_init(&q, "q");
	assert_int_equal(xf_queue_put(&q, &a), XF_OK);
	assert_int_equal(xf_queue_put(&q, &b), XF_OK);
	xf_queue_close(&q);
	assert_int_equal(xf_queue_put(&q, &a), XF_SHUTDOWN);
	assert_ptr_equal(xf_queue_get(&q), &a);
	assert_ptr_equal(xf_queue_get(&q), &b);
	assert_null(xf_queue_get(&q));
	xf_queue_fini(&q);
}

static struct xf_mutex mutex;
static struct xf_cond cond;
static int turn;

static void *ping(void *arg)
{
	int me = *(int *)arg;
	for (int i = 0; i < 200; i++) {
		xf_mutex_lock(&mutex);
		while (turn != me)
			xf_cond_wait(&cond, &mutex, XF_FOREVER);
		turn = !me;
		xf_mutex_unlock(&mutex);
		xf_cond_broadcast(&cond);
	}
	return NULL;
}

static void a_condition_wakes_who_waits(void **state)
{
	(void)state;
	struct xf_thread t[2];
	int who[2] = { 0, 1 };
	start();
	xf_mutex_init(&mutex, "m");
	xf_cond_init(&cond, "c");
	for (int i = 0; i < 2; i++)
		xf_thread_start(&t[i], "t", "t", ping, &who[i]);
	for (int i = 0; i < 2; i++)
		xf_thread_join(&t[i]);
	assert_int_equal(turn, 0);
	xf_mutex_lock(&mutex);
	assert_int_equal(xf_cond_wait(&cond, &mutex, 1000000), XF_HOW_TIMED_OUT);
	xf_mutex_unlock(&mutex);
	xf_cond_fini(&cond);
	xf_mutex_fini(&mutex);
	xf_trace_release();
}

/* ---- the gate */

static struct {
	_Atomic unsigned passes, before;
	_Atomic unsigned of[XF_EV_COUNT];
	unsigned delay_us;
} seen;

static void watch(void *ctx, const struct xf_gate_point *p)
{
	(void)ctx;
	assert_int_equal(xf_lane.lock_depth, 0);
	seen.passes++;
	seen.before += p->before;
	seen.of[p->record->kind]++;
	if (seen.delay_us)
		usleep(seen.delay_us);
}

static const struct xf_gate_policy watcher = { watch, NULL };

static int framed(int n)
{
	XF_FRAME("n:u32", (uint64_t)n);
	XF_RETURN(n + 1);
}

static void every_step_passes_the_gate_without_a_lock(void **state)
{
	(void)state;
	struct xf_latch l;
	struct xf_thread t;
	memset(&seen, 0, sizeof(seen));
	xf_gate_install(&watcher);
	xf_sem_init(&sem, "s", XF_CLASS_PERMIT, 1);
	xf_latch_init(&l, "l");
	xf_mutex_init(&mutex, "m");
	xf_thread_start(&t, "t", "t", take_and_give, NULL);
	xf_thread_join(&t);
	xf_latch_set(&l);
	xf_latch_wait(&l, XF_FOREVER);
	xf_mutex_lock(&mutex);
	xf_mutex_unlock(&mutex);
	XF_EVENT(part_done, .part = 3);
	assert_int_equal(framed(41), 42);
	xf_gate_install(NULL);
	assert_int_equal(seen.of[XF_EV_sem_post], 500);
	assert_int_equal(seen.of[XF_EV_sem_acquired], 500);
	static const enum xf_kind once[] = { XF_EV_thread_create, XF_EV_thread_start, XF_EV_thread_exit,
		XF_EV_join_begin, XF_EV_join_end, XF_EV_event_set, XF_EV_event_wait, XF_EV_event_woken,
		XF_EV_mutex_unlock, XF_EV_part_done, XF_EV_frame_enter, XF_EV_frame_leave };
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		assert_int_equal(seen.of[once[i]], 1);
	xf_latch_fini(&l);
	xf_mutex_fini(&mutex);
	xf_sem_fini(&sem);
}

static void held_time_is_taken_off_the_clock(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.delay_us = 30000;
	xf_gate_install(&watcher);
	/* one clock's reads stand around the other's: a preemption between them counts on the outer one only */
	uint64_t real = xf_clock_mono_ns(), own = xf_gate_now_ns();
	XF_EVENT(mark, .value = 1);
	own = xf_gate_now_ns() - own;
	real = xf_clock_mono_ns() - real;
	xf_gate_install(NULL);
	assert_true(own + 30000000 <= real);
	assert_true(xf_gate_paused_ns() >= 30000000);
}

/* A wait's limit does not run while the world stands. */
static void *stop_the_world(void *arg)
{
	xf_gate_world_stop();
	usleep(60000);
	xf_gate_world_resume();
	return arg;
}

static void a_stopped_world_makes_no_wait_run_out(void **state)
{
	(void)state;
	struct xf_latch l;
	pthread_t t;
	xf_latch_init(&l, "l");
	uint64_t real = xf_clock_mono_ns();
	pthread_create(&t, NULL, stop_the_world, NULL);
	assert_int_equal(xf_latch_wait(&l, 30000000), XF_HOW_TIMED_OUT);
	pthread_join(t, NULL);
	assert_true(xf_clock_mono_ns() - real >= 75000000);
	xf_latch_fini(&l);
}

static void a_sleep_ends_early_when_nobody_wants_it(void **state)
{
	(void)state;
	struct xf_latch l;
	xf_latch_init(&l, "stop");
	assert_int_equal(xf_sleep_ns(1000000, "test", &l), XF_HOW_TIMED_OUT);
	xf_latch_set(&l);
	assert_int_equal(xf_sleep_ns(3600000000000u, "test", &l), XF_HOW_WOKEN);
	assert_int_equal(xf_sleep_ns(0, "test", NULL), XF_HOW_TIMED_OUT);
	xf_latch_fini(&l);
}

static void a_helper_thread_leaves_no_gap_in_an_objects_history(void **state)
{
	(void)state;
	struct xf_latch l;
	start();
	xf_latch_init(&l, "stop");
	xf_lane.muted = 1;
	xf_latch_set(&l);
	xf_lane.muted = 0;
	xf_latch_wait(&l, XF_FOREVER);
	struct history *got = history_of(l.object.id);
	assert_int_equal(got->nr, 3);
	assert_int_equal(got->kinds[2], XF_EV_event_woken);
	xf_latch_fini(&l);
	xf_trace_release();
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_semaphores_history_is_exact),
	cmocka_unit_test(timed_waits_end_in_time),
	cmocka_unit_test(a_queue_is_first_in_first_out_and_closes),
	cmocka_unit_test(a_condition_wakes_who_waits),
	cmocka_unit_test(every_step_passes_the_gate_without_a_lock),
	cmocka_unit_test(held_time_is_taken_off_the_clock),
	cmocka_unit_test(a_stopped_world_makes_no_wait_run_out),
	cmocka_unit_test(a_sleep_ends_early_when_nobody_wants_it),
	cmocka_unit_test(a_helper_thread_leaves_no_gap_in_an_objects_history),
};
T_MAIN(tests)
