/* replay: what other limits would have made of a recorded run, for runs whose truth is known: made here, with no clock. */
#include "tests/unit/t.h"

#include <stdlib.h>

#include "tracer/explain/fit.h"

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
						 .end_ns = start + work_ns + latency_ns };
		parts[i].stage_ns[TR_STAGE_WORK] = work_ns;
		parts[i].stage_ns[TR_STAGE_LATENCY] = latency_ns;
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
		assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ 0 }, TR_FIT_LIKELY) + MS / 2) / MS, truth / MS);
	}
}

static void latency_alone_scales_with_the_workers(void **state)
{
	struct tr_run run = made(2, 0, 100 * MS);
	(void)state;
	tr_run_fit(&run, 100 * MS);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_LIKELY) / MS, 1400);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .workers = 4 }, TR_FIT_LIKELY) / MS, 500);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .workers = 50 }, TR_FIT_LIKELY) / MS, 300);
}

static void a_latency_is_paid_by_create_and_complete_too(void **state)
{
	struct tr_run run = made(4, 0, 100 * MS);
	(void)state;
	tr_run_fit(&run, 100 * MS);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .extra_latency_ns = 50 * MS }, TR_FIT_LIKELY) / MS, 5 * 150);
	assert_int_equal(tr_run_replay(&run, &(struct tr_limits){ .extra_latency_ns = -100 * MS }, TR_FIT_LIKELY) / MS, 0);
}

/* Four at a time, and a server that works on one after the other for 30 ms: answers come after 40, 70, 100, 130 ms. */
static void what_answers_took_beyond_the_shortest_is_work(void **state)
{
	struct tr_run run = made(4, 0, 100 * MS);
	(void)state;
	for (uint32_t i = 0; i < PARTS; i++) {
		parts[i].stage_ns[TR_STAGE_LATENCY] = (10 + 30 * (int64_t)(i % 4 + 1)) * MS;
		parts[i].start_ns = (40 + 130 * (int64_t)(i / 4)) * MS;
		parts[i].end_ns = parts[i].start_ns + parts[i].stage_ns[TR_STAGE_LATENCY];
	}
	run.head_ns = run.tail_ns = 40 * MS;
	tr_run_fit(&run, 40 * MS);
	for (uint32_t i = 0; i < PARTS; i++)
		assert_int_equal(parts[i].stage_ns[TR_STAGE_LATENCY], 40 * MS);
	/* one at a time has less work on its hands than four took together: 12 of 40 ms and the shared rest at most */
	assert_true(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_LIKELY) / MS < 80 + 12 * 100);
}

static void a_part_that_was_held_keeps_its_time(void **state)
{
	struct tr_run run = made(4, 10 * MS, 50 * MS);
	(void)state;
	parts[2].stage_ns[TR_STAGE_LATENCY] += 3000 * MS;
	parts[2].end_ns += 3000 * MS;
	assert_int_equal(tr_run_usual_duration(&run), 60 * MS);
	assert_int_equal(tr_run_usual_latency(&run), 50 * MS);
	tr_run_fit(&run, 50 * MS);
	assert_int_equal(parts[2].stage_ns[TR_STAGE_LATENCY], 3050 * MS);
	assert_int_equal(parts[3].stage_ns[TR_STAGE_LATENCY], 50 * MS);
	assert_true(tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }, TR_FIT_LIKELY) > 3000 * MS);
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
	int64_t two = tr_run_replay(&run, &(struct tr_limits){ 0 }, TR_FIT_LIKELY);
	int64_t all = tr_run_replay(&run, &(struct tr_limits){ .permits = PARTS }, TR_FIT_LIKELY);
	assert_in_range(two / MS, 600, 620);
	assert_in_range(all / MS, 200, 220);
}

/* A line of 10 ms a part that four share: recorded sends of 40 ms are 10 ms of one that has it for itself. */
static void a_time_that_was_shared_is_scaled_by_the_sharing(void **state)
{
	struct tr_run run = made(4, 40 * MS, 0);
	(void)state;
	tr_run_fit(&run, 0);
	for (uint32_t i = 0; i < PARTS; i++)
		assert_int_equal((int64_t)(parts[i].alone_ns[TR_FIT_LIKELY][TR_STAGE_WORK] / 1e6 + 0.5), 10);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_LIKELY) + MS / 2) / MS, 120);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }, TR_FIT_LIKELY) + MS / 2) / MS, 120);
}

/* Equal parts that all went four at a time do not tell a shared line from four of their own: the other answer says so. */
static void what_the_run_does_not_tell_is_in_the_other_answer(void **state)
{
	struct tr_run run = made(4, 40 * MS, 0);
	(void)state;
	tr_run_fit(&run, 0);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_MOST) + MS / 2) / MS, 480);
}

static void smaller_parts_pay_the_latency_more_often(void **state)
{
	struct tr_run run = made(1, 20 * MS, 100 * MS);
	(void)state;
	tr_run_fit(&run, 100 * MS);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .part_size = 8 << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 200 + 12 * 120);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .part_size = 16 << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 200 + 6 * 140);
	/* 96 MiB in 10 MiB parts: nine of them and one of 6 */
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .part_size = 10 << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 200 + 10 * 100 + 240);
}

static void a_narrower_line_takes_its_time(void **state)
{
	struct tr_run run = made(4, 40 * MS, 0);
	(void)state;
	tr_run_fit(&run, 0);
	/* 8 MiB in 10 ms were 800 MiB a second: of 96 MiB at 96 a second */
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .bandwidth = 96 << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 1000);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .bandwidth = 1600ull << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 120);
}

/* A limit that is asked for is known: 96 MiB at 48 a second, and the work of four in step; one that is never reached changes nothing. */
static void a_limit_of_bandwidth_is_a_line_of_that_rate(void **state)
{
	struct tr_run run = made(4, 40 * MS, 0);
	(void)state;
	tr_run_fit(&run, 0);
	assert_in_range(tr_run_replay(&run, &(struct tr_limits){ .limit = 48 << 20 }, TR_FIT_LIKELY) / MS, 2000, 2120);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .limit = 1600ull << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 120);
}

static struct tr_run on(struct tr_run run, double processors, int64_t busy_ns)
{
	run.processors = processors;
	run.busy_ns = busy_ns;
	run.busy_each = 1.1;
	return run;
}

/* 24 ms of a part's 124 kept 1.1 processors busy, or so: two of them carry 20/11 parts, and twelve at once take 158.4 ms and one latency. */
static void processors_tell_of_one_at_a_time_what_several_would_take(void **state)
{
	struct tr_run run = on(made(1, 24 * MS, 100 * MS), 2, PARTS * 24 * MS * 11 / 10);
	(void)state;
	tr_run_fit(&run, 100 * MS);
	assert_true(run.by_processors);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }, TR_FIT_LIKELY) + 50000) / 100000, 2000 + 1000 + 1584);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ 0 }, TR_FIT_LIKELY) + MS / 2) / MS, 200 + 12 * 124);
}

/* The same of a line, on which the processors had little to do: it may be full. But more than they have, nobody gets. */
static void idle_processors_say_only_what_cannot_be(void **state)
{
	struct tr_run run = on(made(1, 100 * MS, 0), 2, PARTS * 20 * MS);
	(void)state;
	tr_run_fit(&run, 0);
	assert_false(run.by_processors);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }, TR_FIT_LIKELY) + MS / 2) / MS, 1200);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }, TR_FIT_MOST) + MS / 2) / MS, 120);
}

/* Four at a time on two processors that were busy all the time, and at other things before: alone a part keeps one busy, and a little more. */
static void busy_processors_were_shared(void **state)
{
	struct tr_run run = on(made(4, 48 * MS, 0), 2, 2 * 4 * 48 * MS);
	(void)state;
	tr_run_fit(&run, 0);
	assert_true(run.by_processors);
	assert_in_range(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_LIKELY) / MS, 12 * 48 * 10 / 22 - 1, 12 * 48 * 10 / 22 + 1);
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .workers = 12 }, TR_FIT_LIKELY) + MS / 2) / MS, 144);
	assert_true(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_LEAST) < 12 * 48 * MS * 10 / 22);
	assert_true(tr_run_replay(&run, &(struct tr_limits){ .workers = 1 }, TR_FIT_MOST) > 12 * 48 * MS * 10 / 22);
}

/* What is kept back by a limit is sent meanwhile; only what comes before its first byte comes before the limit, too. */
static void a_limit_passes_while_parts_are_sent(void **state)
{
	struct tr_run run = made(4, 40 * MS, 0);
	(void)state;
	for (uint32_t i = 0; i < PARTS; i++)
		parts[i].prepared = 0.5;
	tr_run_fit(&run, 0);
	/* 96 MiB at 48 a second, and four in step hash for 20 ms, three times */
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .limit = 48 << 20 }, TR_FIT_LIKELY) + MS / 2) / MS, 2000 + 3 * 20);
	/* alone each part's 10 ms are halved: 5, then 167 at the limit, in which the rest goes */
	assert_int_equal((tr_run_replay(&run, &(struct tr_limits){ .limit = 48 << 20, .workers = 1 }, TR_FIT_LIKELY) + MS / 2) / MS, 12 * 5 + 2000);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_run_itself_comes_out_again),
	cmocka_unit_test(latency_alone_scales_with_the_workers),
	cmocka_unit_test(a_latency_is_paid_by_create_and_complete_too),
	cmocka_unit_test(what_answers_took_beyond_the_shortest_is_work),
	cmocka_unit_test(a_part_that_was_held_keeps_its_time),
	cmocka_unit_test(a_read_ahead_bounds_the_workers),
	cmocka_unit_test(a_time_that_was_shared_is_scaled_by_the_sharing),
	cmocka_unit_test(what_the_run_does_not_tell_is_in_the_other_answer),
	cmocka_unit_test(smaller_parts_pay_the_latency_more_often),
	cmocka_unit_test(a_narrower_line_takes_its_time),
	cmocka_unit_test(a_limit_of_bandwidth_is_a_line_of_that_rate),
	cmocka_unit_test(processors_tell_of_one_at_a_time_what_several_would_take),
	cmocka_unit_test(idle_processors_say_only_what_cannot_be),
	cmocka_unit_test(busy_processors_were_shared),
	cmocka_unit_test(a_limit_passes_while_parts_are_sent),
};
T_MAIN(tests)
