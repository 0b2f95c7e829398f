/* The tables that supervisor, relay and probe share, under several hands at once. */
#include "tests/unit/t.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tracer/foreign/contract.h"

enum { CALLERS = 2, CALLS = TR_NR_RETURNS / CALLERS, ROUNDS = 50 };

static struct tr_control *control;
static _Atomic uint32_t there;

/* Every time at the same moment as the other. */
static void *returns(void *arg)
{
	const uint32_t *first = arg;

	for (uint32_t i = 0; i < CALLS; i++) {
		atomic_fetch_add(&there, 1);
		for (uint32_t spins = 1; atomic_load(&there) < CALLERS * (i + 1); spins++)
			if (spins % 1024 == 0)
				sched_yield();
		tr_control_returned(control, *first + i);
	}
	return NULL;
}

static void return_all(void)
{
	pthread_t threads[CALLERS];
	uint32_t first[CALLERS];

	there = 0;
	for (uint32_t i = 0; i < CALLERS; i++) {
		first[i] = 1 + i * CALLS;
		assert_int_equal(pthread_create(&threads[i], NULL, returns, &first[i]), 0);
	}
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
}

static void no_return_is_lost_beside_another(void **state)
{
	int fd;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t seen[TR_NR_RETURNS + 1] = { 0 };
		control = tr_control_new(&fd);
		assert_non_null(control);
		return_all();
		assert_int_equal(control->nr_returns, TR_NR_RETURNS);
		for (uint32_t i = 0; i < TR_NR_RETURNS; i++)
			seen[(uint32_t)control->returned[i]]++;
		for (uint32_t call = 1; call <= TR_NR_RETURNS; call++)
			assert_int_equal(seen[call], 1);
		tr_control_free(control);
		close(fd);
	}
}

/* A process takes its threads along at its end, and nobody says so for each of them. */
static void threads_that_are_gone_give_their_place_to_others(void **state)
{
	enum { DEAD = 1 << 30, MANY = 2 * TR_NR_THREADS }; /* no thread has such a number */
	int fd;

	(void)state;
	control = tr_control_new(&fd);
	assert_non_null(control);
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(tr_control_thread_enter(control, DEAD + i, i));
	assert_int_equal(control->incomplete, 0);
	assert_true(tr_control_thread_enter(control, (uint32_t)getpid(), 1));
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(tr_control_thread_enter(control, DEAD + i, i));
	assert_int_equal(tr_control_thread_find(control, (uint32_t)getpid()), 1);
	tr_control_free(control);
	close(fd);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(threads_that_are_gone_give_their_place_to_others),
	cmocka_unit_test(no_return_is_lost_beside_another),
};

T_MAIN(tests)
