/* executor, window: permits around a pool of threads, and permits that come back in order. */
#include "tests/unit/t.h"

#include <stdatomic.h>

#include "core/transfer/executor.h"
#include "core/transfer/window.h"

enum { TASKS = 8 };

struct job {
	struct xf_task task;      /* first */
	struct xf_latch *gate;    /* run waits for it; may be NULL */
	_Atomic int *begun;
	int order;                /* when it began, from 1 */
};

static void run_job(struct xf_task *task, struct xf_worker *worker)
{
	struct job *j = (struct job *)task;
	(void)worker;
	j->order = atomic_fetch_add(j->begun, 1) + 1;
	if (j->gate)
		xf_latch_wait(j->gate, XF_FOREVER);
}

static void make_jobs(struct job jobs[TASKS], struct xf_latch *gate, _Atomic int *begun)
{
	for (int i = 0; i < TASKS; i++) {
		jobs[i] = (struct job){ .gate = gate, .begun = begun };
		xf_task_init(&jobs[i].task, "job", run_job);
	}
}

static void free_jobs(struct job jobs[TASKS])
{
	for (int i = 0; i < TASKS; i++)
		xf_task_fini(&jobs[i].task);
}

static struct xf_executor *make(int64_t permits, unsigned threads)
{
	struct xf_executor *e = NULL;
	const struct xf_executor_options o = { .name = "test", .role = "test", .permits = permits,
					       .max_threads = threads };
	assert_int_equal(xf_executor_new(&o, &e), XF_OK);
	return e;
}

static void permits_count_what_is_queued_and_what_runs(void **state)
{
	(void)state;
	struct xf_latch gate;
	struct job jobs[TASKS];
	_Atomic int begun = 0;
	struct xf_executor *e = make(TASKS, 2);
	xf_latch_init(&gate, "gate");
	make_jobs(jobs, &gate, &begun);
	for (int i = 0; i < 5; i++)
		assert_int_equal(xf_executor_submit(e, &jobs[i].task, NULL), XF_OK);
	assert_int_equal(xf_sem_value(xf_executor_permits(e)), TASKS - 5);
	assert_true(atomic_load(&begun) <= 2);
	xf_latch_set(&gate);
	xf_executor_shutdown(e);
	assert_int_equal(xf_sem_value(xf_executor_permits(e)), TASKS);
	assert_int_equal(atomic_load(&begun), 5);
	for (int i = 0; i < 5; i++)
		assert_true(xf_latch_peek(&jobs[i].task.over));
	free_jobs(jobs);
	xf_latch_fini(&gate);
	xf_executor_free(e);
}

static void tasks_begin_in_the_order_they_came(void **state)
{
	(void)state;
	struct job jobs[TASKS];
	_Atomic int begun = 0;
	struct xf_executor *e = make(100, 1);
	make_jobs(jobs, NULL, &begun);
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(xf_executor_submit(e, &jobs[i].task, NULL), XF_OK);
	xf_executor_shutdown(e);
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(jobs[i].order, i + 1);
	free_jobs(jobs);
	xf_executor_free(e);
}

/* A tag's semaphore stands in for the executor's, whose own is untouched then. */
static void a_tag_replaces_the_permits(void **state)
{
	(void)state;
	struct xf_latch gate;
	struct xf_sem tag;
	struct job jobs[TASKS];
	_Atomic int begun = 0;
	struct xf_executor *e = make(1, 4);
	xf_latch_init(&gate, "gate");
	xf_sem_init(&tag, "tag", XF_CLASS_PERMIT, 3);
	make_jobs(jobs, &gate, &begun);
	for (int i = 0; i < 3; i++)
		assert_int_equal(xf_executor_submit(e, &jobs[i].task, &tag), XF_OK);
	assert_int_equal(xf_sem_value(&tag), 0);
	assert_int_equal(xf_sem_value(xf_executor_permits(e)), 1);
	xf_latch_set(&gate);
	xf_executor_shutdown(e);
	assert_int_equal(xf_sem_value(&tag), 3);
	free_jobs(jobs);
	xf_sem_fini(&tag);
	xf_latch_fini(&gate);
	xf_executor_free(e);
}

struct submitter {
	struct xf_executor *e;
	struct xf_task *task;
	_Atomic bool done;
};

static void *submit_one(void *arg)
{
	struct submitter *s = arg;
	xf_executor_submit(s->e, s->task, NULL);
	atomic_store(&s->done, true);
	return NULL;
}

/* The submitter waits, not the task: that is what stops a fast reader. */
static void a_submitter_waits_for_a_permit(void **state)
{
	(void)state;
	struct xf_latch gate;
	struct job jobs[TASKS];
	struct xf_thread thread = { .started = false };
	_Atomic int begun = 0;
	struct xf_executor *e = make(1, 2);
	struct submitter s = { .e = e, .task = &jobs[1].task };
	xf_latch_init(&gate, "gate");
	make_jobs(jobs, &gate, &begun);
	assert_int_equal(xf_executor_submit(e, &jobs[0].task, NULL), XF_OK);
	assert_int_equal(xf_thread_start(&thread, "submitter", "test", submit_one, &s), XF_OK);
	xf_sleep_ns(50000000, "test", NULL);
	assert_false(atomic_load(&s.done));
	xf_latch_set(&gate);
	xf_thread_join(&thread);
	assert_true(atomic_load(&s.done));
	xf_executor_shutdown(e);
	assert_int_equal(atomic_load(&begun), 2);
	free_jobs(jobs);
	xf_latch_fini(&gate);
	xf_executor_free(e);
}

static void without_threads_the_submitter_does_the_work(void **state)
{
	(void)state;
	struct job jobs[TASKS];
	_Atomic int begun = 0;
	struct xf_executor *e = make(1, 0);
	make_jobs(jobs, NULL, &begun);
	for (int i = 0; i < TASKS; i++) {
		assert_int_equal(xf_executor_submit(e, &jobs[i].task, NULL), XF_OK);
		assert_int_equal(jobs[i].order, i + 1);
		assert_true(xf_latch_peek(&jobs[i].task.over));
		assert_int_equal(xf_sem_value(xf_executor_permits(e)), 1);
	}
	xf_executor_shutdown(e);
	free_jobs(jobs);
	xf_executor_free(e);
}

static void after_shutdown_nothing_is_taken_and_the_permit_comes_back(void **state)
{
	(void)state;
	struct job jobs[TASKS];
	_Atomic int begun = 0;
	struct xf_executor *e = make(2, 2);
	make_jobs(jobs, NULL, &begun);
	xf_executor_shutdown(e);
	xf_executor_shutdown(e);
	assert_int_equal(xf_executor_submit(e, &jobs[0].task, NULL), XF_SHUTDOWN);
	assert_int_equal(xf_sem_value(xf_executor_permits(e)), 2);
	assert_int_equal(atomic_load(&begun), 0);
	free_jobs(jobs);
	xf_executor_free(e);
}

/* ---- what a worker owns */

static _Atomic int locals;

static void *local_new(void *ctx)
{
	atomic_fetch_add(&locals, 1);
	return ctx;
}

static void local_free(void *ctx, void *local)
{
	assert_ptr_equal(ctx, local);
	atomic_fetch_sub(&locals, 1);
}

static void each_worker_frees_what_it_made(void **state)
{
	(void)state;
	struct job jobs[TASKS];
	_Atomic int begun = 0;
	struct xf_executor *e = NULL;
	for (unsigned threads = 0; threads < 3; threads++) {
		const struct xf_executor_options o = { .name = "test", .role = "test", .permits = 100,
			.max_threads = threads, .local_new = local_new, .local_free = local_free, .ctx = &locals };
		assert_int_equal(xf_executor_new(&o, &e), XF_OK);
		make_jobs(jobs, NULL, &begun);
		for (int i = 0; i < TASKS; i++)
			assert_int_equal(xf_executor_submit(e, &jobs[i].task, NULL), XF_OK);
		xf_executor_shutdown(e);
		assert_int_equal(atomic_load(&locals), 0);
		free_jobs(jobs);
		xf_executor_free(e);
	}
}

static void no_memory_is_an_error_and_no_leak(void **state)
{
	(void)state;
	const struct xf_executor_options o = { .name = "test", .role = "test", .permits = 1, .max_threads = 1 };
	for (unsigned long n = 1;; n++) {
		struct xf_executor *e = NULL;
		t_fail_alloc(n);
		enum xf_status status = xf_executor_new(&o, &e);
		bool failed = t_alloc_failed();
		t_fail_alloc(0);
		assert_int_equal(status, failed ? XF_NOMEM : XF_OK);
		xf_executor_free(e);
		if (!failed)
			break;
	}
}

/* ---- window */

static void the_window_opens_for_the_lowest_only(void **state)
{
	(void)state;
	struct xf_sem permits;
	struct xf_window w;
	xf_sem_init(&permits, "window", XF_CLASS_PERMIT, 3);
	assert_int_equal(xf_window_init(&w, &permits, 6), XF_OK);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(xf_sem_wait(&permits, XF_FOREVER), XF_HOW_AT_ONCE);
		assert_int_equal(xf_window_number(&w), i);
	}
	xf_window_release(&w, 2);
	xf_window_release(&w, 1);
	assert_int_equal(xf_sem_value(&permits), 0); /* parked behind number 0 */
	xf_window_release(&w, 0);
	assert_int_equal(xf_sem_value(&permits), 3); /* and all at once */
	assert_int_equal(xf_sem_wait(&permits, XF_FOREVER), XF_HOW_AT_ONCE);
	assert_int_equal(xf_window_number(&w), 3);
	xf_window_release(&w, 3);
	assert_int_equal(xf_sem_value(&permits), 3);
	xf_window_fini(&w);
	xf_sem_fini(&permits);
}

/* Two transfers share the permits; each has numbers of its own. */
static void windows_share_permits_and_not_numbers(void **state)
{
	(void)state;
	struct xf_sem permits;
	struct xf_window a, b;
	xf_sem_init(&permits, "window", XF_CLASS_PERMIT, 2);
	assert_int_equal(xf_window_init(&a, &permits, 2), XF_OK);
	assert_int_equal(xf_window_init(&b, &permits, 2), XF_OK);
	xf_sem_wait(&permits, XF_FOREVER);
	xf_sem_wait(&permits, XF_FOREVER);
	assert_int_equal(xf_window_number(&a), 0);
	assert_int_equal(xf_window_number(&b), 0);
	xf_window_release(&b, 0);
	assert_int_equal(xf_sem_value(&permits), 1);
	xf_window_release(&a, 0);
	assert_int_equal(xf_sem_value(&permits), 2);
	xf_window_fini(&a);
	xf_window_fini(&b);
	xf_sem_fini(&permits);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(permits_count_what_is_queued_and_what_runs),
	cmocka_unit_test(tasks_begin_in_the_order_they_came),
	cmocka_unit_test(a_tag_replaces_the_permits),
	cmocka_unit_test(a_submitter_waits_for_a_permit),
	cmocka_unit_test(without_threads_the_submitter_does_the_work),
	cmocka_unit_test(after_shutdown_nothing_is_taken_and_the_permit_comes_back),
	cmocka_unit_test(each_worker_frees_what_it_made),
	cmocka_unit_test(no_memory_is_an_error_and_no_leak),
	cmocka_unit_test(the_window_opens_for_the_lowest_only),
	cmocka_unit_test(windows_share_permits_and_not_numbers),
};
T_MAIN(tests)
