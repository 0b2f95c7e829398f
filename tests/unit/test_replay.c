/* replay: what other limits would have made of a recorded run, for runs whose truth is known: made here, with no clock. */
#include "tests/unit/t.h"

#include <stdlib.h>

#include "tracer/explain/replay.h"

#define MS ((int64_t)1000000)
enum { PARTS = 12 };

static struct tr_run_part parts[PARTS];

/* Equal parts, `workers` at a time, each with that much work of its own and then a latency; Create and Complete around. */
static struct tr_run made(uint32_t workers, int64_t work_ns, int64_t latency_ns)
{
	struct tr_run run = { .parts = parts, .nr_parts = PARTS, .workers = workers, .head_ns = latency_ns,
			      .tail_ns = latency_ns, .head_requests = 1, .tail_requests = 1 };
	for (uint32_t i = 0; i < PARTS; i++) {
		int64_t start = latency_ns + (int64_t)(i / workers) * (work_ns + latency_ns);
		parts[i] = (struct tr_run_part){ .number = i + 1, .bytes = 8 << 20, .start_ns = start,
						 .end_ns = start + work_ns + latency_ns, .latency_ns = latency_ns, .work_ns = work_ns };
	}
	return run;
}

static void the_run_itself_comes_out_again(void **state)
{
	(void)state;
	for (uint32_t workers = 1; workers <= 6; workers++) {
		struct tr_run run = made(workers, 20 * MS, 100 * MS);
		int64_t truth = (2 * 100 + PARTS / workers * 120 + (PARTS % workers ? 120 : 0)) * MS;
		tr_run_fit(&run, 100 * MS);
		assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ 0 }) + MS / 2) / MS, truth / MS);
	}
}

static void latency_alone_scales_with_the_workers(void **state)
{
	struct tr_run run = made(2, 0, 100 * MS);
	(void)state;
	tr_run_fit(&run, 100 * MS);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }) / MS, 1400);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .workers = 4 }) / MS, 500);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .workers = 50 }) / MS, 300);
}

static void a_latency_is_paid_by_create_and_complete_too(void **state)
{
	struct tr_run run = made(4, 0, 100 * MS);
	(void)state;
	tr_run_fit(&run, 100 * MS);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .extra_latency_ns = 50 * MS }) / MS, 5 * 150);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .extra_latency_ns = -100 * MS }) / MS, 0);
}

/* Four at a time, and a server that works on one after the other for 30 ms: answers come after 40, 70, 100, 130 ms. */
static void what_answers_took_beyond_the_shortest_is_work(void **state)
{
	struct tr_run run = made(4, 0, 100 * MS);
	(void)state;
	for (uint32_t i = 0; i < PARTS; i++) {
		parts[i].latency_ns = (10 + 30 * (int64_t)(i % 4 + 1)) * MS;
		parts[i].start_ns = (40 + 130 * (int64_t)(i / 4)) * MS;
		parts[i].end_ns = parts[i].start_ns + parts[i].latency_ns;
	}
	run.head_ns = run.tail_ns = 40 * MS;
	tr_run_fit(&run, 40 * MS);
	for (uint32_t i = 0; i < PARTS; i++)
		assert_int_equal(parts[i].latency_ns, 40 * MS);
	/* one at a time has less work on its hands than four took together: 12 of 40 ms and the shared rest at most */
	assert_true(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }) / MS < 80 + 12 * 100);
}

static void a_part_that_was_held_keeps_its_time(void **state)
{
	struct tr_run run = made(4, 10 * MS, 50 * MS);
	(void)state;
	parts[2].latency_ns += 3000 * MS;
	parts[2].end_ns += 3000 * MS;
	tr_run_fit(&run, 50 * MS);
	assert_int_equal(parts[2].latency_ns, 3050 * MS);
	assert_int_equal(parts[3].latency_ns, 50 * MS);
	assert_true(tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }) > 3000 * MS);
}

/* Read ahead with two permits: a part waits until one of the two before it is sent, however many workers there are. */
static void a_read_ahead_bounds_the_workers(void **state)
{
	struct tr_run run = made(10, 0, 100 * MS);
	(void)state;
	for (uint32_t i = 0; i < PARTS; i++)
		parts[i].read_ns = MS;
	run.permits = 2;
	run.head_ns = run.tail_ns = 0;
	tr_run_fit(&run, 100 * MS);
	int64_t two = tr_run_replay(&run, &(struct tr_limits){ 0 });
	int64_t all = tr_run_replay(&run, &(struct tr_limits){ .permits = PARTS });
	assert_in_range(two / MS, 600, 620);
	assert_in_range(all / MS, 200, 220);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_run_itself_comes_out_again),
	cmocka_unit_test(latency_alone_scales_with_the_workers),
	cmocka_unit_test(a_latency_is_paid_by_create_and_complete_too),
	cmocka_unit_test(what_answers_took_beyond_the_shortest_is_work),
	cmocka_unit_test(a_part_that_was_held_keeps_its_time),
	cmocka_unit_test(a_read_ahead_bounds_the_workers),
};
T_MAIN(tests)
