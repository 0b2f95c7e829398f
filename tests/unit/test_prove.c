/* prove's arithmetic and decisions: no clock, no process. */
#include "tests/unit/t.h"

#include "tracer/prove/decide.h"
#include "tracer/prove/hold.h"
#include "tracer/trace/write.h"

#define MS 1000000

static struct tr_slope slope(const struct tr_dose *doses, uint32_t nr)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_slope s;

	assert_int_equal(tr_slope_estimate(doses, nr, 0.95, &s, &err), XF_OK);
	return s;
}

static void a_slope_is_the_median_within_targets(void **state)
{
	/* target 0: 1.0 and 1.0; target 1 stands elsewhere, its slope is 0.5 */
	const struct tr_dose doses[] = { { 0, 1, 3 }, { 0, 2, 4 }, { 0, 3, 5 }, { 1, 1, 10 }, { 1, 3, 11 } };
	struct tr_slope s = slope(doses, 5);

	(void)state;
	assert_true(s.known);
	assert_int_equal(s.pairs, 4);
	assert_int_equal(s.trials, 5);
	assert_true(s.slope > 0.999 && s.slope < 1.001);
	assert_true(s.low > 0.499 && s.low < 0.501);
	assert_true(s.high > 0.999 && s.high < 1.001);
}

static void one_length_has_no_slope(void **state)
{
	const struct tr_dose doses[] = { { 0, 1, 3 }, { 0, 1, 4 }, { 1, 2, 4 } };

	(void)state;
	assert_false(slope(doses, 3).known);
	assert_false(slope(doses, 0).known);
}

/* Two runs in order by chance: 1 in 2 a target. Four targets: 1 in 16, at either end. */
static void confidence_is_counted_out(void **state)
{
	struct tr_dose doses[8];

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		doses[i] = (struct tr_dose){ i / 2, i % 2, i % 2 };
	assert_true(slope(doses, 2).confidence < 1e-9);
	assert_true(slope(doses, 8).confidence > 0.8749 && slope(doses, 8).confidence < 0.8751);
}

/* 2 short and 2 long of one target: 6 orders, 1 of them with none of 4 pairs in order. */
static void ties_in_length_are_counted_as_what_they_are(void **state)
{
	const struct tr_dose doses[] = { { 0, 1, 1 }, { 0, 1, 1.5 }, { 0, 2, 2 }, { 0, 2, 2.5 } };
	struct tr_slope s = slope(doses, 4);

	(void)state;
	assert_int_equal(s.pairs, 4);
	assert_true(s.confidence > 0.6666 && s.confidence < 0.6667);
}

static void one_stray_run_does_not_move_it(void **state)
{
	struct tr_dose doses[12];

	(void)state;
	for (uint32_t i = 0; i < 12; i++)
		doses[i] = (struct tr_dose){ i / 3, i % 3 + 1, i % 3 + 1.2 };
	doses[5].y += 30;
	assert_true(slope(doses, 12).slope > 0.99 && slope(doses, 12).slope < 1.01);
	assert_true(slope(doses, 12).confidence >= 0.95);
}

static void no_memory_is_an_error(void **state)
{
	const struct tr_dose doses[] = { { 0, 1, 3 }, { 0, 2, 4 } };
	struct xf_error err = XF_ERROR_INIT;
	struct tr_slope s;

	(void)state;
	t_fail_alloc(1);
	assert_int_equal(tr_slope_estimate(doses, 2, 0.95, &s, &err), XF_NOMEM);
	t_fail_alloc(0);
}

/* ---- plan */

static void a_hold_outlasts_the_undisturbed_call(void **state)
{
	const struct tr_target late = { TR_TARGET_COMPLETE, 0, 3000 * (int64_t)MS, 1 };
	const struct tr_target early = { TR_TARGET_PART, 1, 100 * MS, 1 };

	(void)state;
	for (uint32_t i = 0; i < TR_NR_LENGTHS; i++) {
		assert_true(tr_plan_length_ns(&early, 3000 * (int64_t)MS, 0, i) + 100 * MS > 3000u * MS);
		assert_true(tr_plan_length_ns(&late, 3000 * (int64_t)MS, 0, i) < tr_plan_length_ns(&early, 3000 * (int64_t)MS, 0, i));
	}
	assert_true(tr_plan_length_ns(&early, 100 * MS, 0, 1) >= tr_plan_length_ns(&early, 100 * MS, 0, 0) + 400 * MS);
}

static void an_impatient_client_is_held_for_less(void **state)
{
	const struct tr_target t = { TR_TARGET_PART, 1, 0, 1 };

	(void)state;
	for (uint32_t i = 0; i < TR_NR_LENGTHS; i++)
		assert_true(tr_plan_length_ns(&t, 900 * MS, 1000 * MS, i) <= 500 * MS);
	assert_true(tr_plan_length_ns(&t, 900 * MS, 1000 * MS, 0) < tr_plan_length_ns(&t, 900 * MS, 1000 * MS, 1));
}

static void two_rounds_hold_every_target_for_two_lengths(void **state)
{
	(void)state;
	for (uint32_t targets = 1; targets <= 5; targets++) {
		uint32_t lengths[5] = { 0 }, zeros = 0;
		for (uint32_t round = 0; round < 2; round++) {
			struct tr_step steps[TR_MAX_ROUND];
			uint32_t nr = tr_plan_round(targets, round, 7, steps);
			assert_true(nr <= TR_MAX_ROUND);
			for (uint32_t i = 0; i < nr; i++) {
				zeros += steps[i].target == TR_NONE;
				if (steps[i].target != TR_NONE)
					lengths[steps[i].target] |= 1u << steps[i].length;
			}
		}
		assert_int_equal(zeros, 2);
		for (uint32_t t = 0; t < targets; t++)
			assert_true(lengths[t] & (lengths[t] - 1));
	}
}

static void a_seed_gives_one_order(void **state)
{
	struct tr_step a[TR_MAX_ROUND], b[TR_MAX_ROUND];
	uint32_t nr = tr_plan_round(4, 0, 42, a), differ = 0;

	(void)state;
	assert_int_equal(tr_plan_round(4, 0, 42, b), nr);
	assert_memory_equal(a, b, nr * sizeof(*a));
	for (uint64_t seed = 0; seed < 8; seed++) {
		tr_plan_round(4, 0, seed, b);
		differ += memcmp(a, b, nr * sizeof(*a)) != 0;
	}
	assert_true(differ >= 6);
}

static void a_hold_is_read_as_it_was_written(void **state)
{
	const struct tr_target early = { TR_TARGET_EARLY, 3, 0, 0 };
	struct tr_wanted list[TR_MAX_WANTED], back;
	char text[TR_WANTED_TEXT];
	struct xf_error err = XF_ERROR_INIT;

	(void)state;
	assert_int_equal(tr_wanted_of(&early, 5 * MS, 1, list), 3);
	assert_int_equal(tr_wanted_parse(tr_wanted_text(&list[2], text), &back, &err), XF_OK);
	assert_int_equal(back.part, 3);
	assert_int_equal(back.hold_ns, 5 * MS);
	assert_int_equal(tr_wanted_parse("1:2:3", &back, &err), XF_INVALID);
	assert_int_equal(tr_wanted_parse("1:2:3:4x", &back, &err), XF_INVALID);
}

/* ---- decide */

static const struct tr_target two[] = { { TR_TARGET_PART, 1, 10 * MS, 1 }, { TR_TARGET_COMPLETE, 0, 90 * MS, 1 } };

static struct tr_trial free_run(enum tr_answer answer)
{
	return (struct tr_trial){ .target = TR_NONE, .seen = true, .return_ns = 100 * MS, .answer = answer,
				  .basis = TR_BASIS_HAPPENS_BEFORE, .outcome = TR_STORED };
}

static struct tr_trial held_run(uint32_t target, int64_t hold_ms, int64_t return_ms)
{
	return (struct tr_trial){ .target = target, .seen = true, .hit = true, .answer = TR_UNPROVEN,
				  .asked_ns = (uint64_t)hold_ms * MS, .held_ns = (uint64_t)hold_ms * MS,
				  .end_ns = (hold_ms + 20) * MS, .return_ns = return_ms * MS, .outcome = TR_STORED };
}

static void one_stray_run_does_not_make_holds_long(void **state)
{
	struct tr_trial runs[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 50, 9000) };

	(void)state;
	runs[0].return_ns = 3000ll * MS;
	assert_int_equal(tr_decide_longest_ns(runs, 2), 3000ll * MS); /* of two, either may be the stray */
	assert_int_equal(tr_decide_longest_ns(runs, 4), 100 * MS);
	runs[1].return_ns = 2000ll * MS;
	assert_int_equal(tr_decide_longest_ns(runs, 4), 3000ll * MS); /* two are no strays */
	assert_int_equal(tr_decide_longest_ns(runs + 3, 1), -1);
}

static struct tr_proof decide(const struct tr_trial *trials, uint32_t nr)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_proof p;

	assert_int_equal(tr_decide(two, 2, trials, nr, &p, &err), XF_OK);
	return p;
}

/* Holds of 300 and 700 ms on either target, with these returns. */
static struct tr_proof four(enum tr_answer answer, int64_t a, int64_t b, int64_t c, int64_t d)
{
	const struct tr_trial trials[] = { free_run(answer), free_run(answer), held_run(0, 300, a), held_run(0, 700, b),
					   held_run(1, 300, c), held_run(1, 700, d) };

	return decide(trials, 6);
}

static void what_follows_every_hold_waits(void **state)
{
	struct tr_proof p = four(TR_UNPROVEN, 330, 730, 335, 735);

	(void)state;
	assert_int_equal(p.answer, TR_BLOCKS);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
	assert_true(p.slope.slope > 0.99 && p.slope.slope < 1.01);
	assert_non_null(strstr(p.finding, "polls"));
	assert_false(p.sure); /* four holds alone are worth 50 % */
}

static void both_when_the_mechanism_agrees(void **state)
{
	struct tr_proof p = four(TR_BLOCKS, 330, 730, 335, 735);

	(void)state;
	assert_int_equal(p.answer, TR_BLOCKS);
	assert_int_equal(p.basis, TR_BASIS_BOTH);
	assert_string_equal(p.finding, "");
}

static void what_outruns_every_hold_does_not_wait(void **state)
{
	struct tr_proof p = four(TR_UNPROVEN, 101, 99, 100, 102);

	(void)state;
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
	assert_true(p.slope.slope > -0.1 && p.slope.slope < 0.1);
}

static void holds_too_short_to_tell_prove_nothing(void **state)
{
	const struct tr_trial trials[] = { free_run(TR_UNPROVEN), held_run(0, 30, 100), held_run(0, 60, 101),
					   held_run(1, 30, 100), held_run(1, 60, 99) };

	(void)state;
	assert_int_equal(decide(trials, 5).answer, TR_UNPROVEN);
}

static void a_bounded_wait_follows_short_holds_only(void **state)
{
	struct tr_proof p = four(TR_UNPROVEN, 330, 500, 335, 505);

	(void)state;
	assert_int_equal(p.answer, TR_BLOCKS_PARTLY);
	assert_int_equal(p.limit, TR_LIMIT_TIME_OUT);
	assert_int_equal(p.at_most_ms, 505);
}

static void waiting_for_room_is_not_waiting_for_the_end(void **state)
{
	struct tr_proof p = four(TR_UNPROVEN, 330, 730, 100, 101);

	(void)state;
	assert_int_equal(p.answer, TR_BLOCKS_PARTLY);
	assert_int_equal(p.limit, TR_LIMIT_BACK_PRESSURE);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
}

/* The same of a whole small upload beside a large one is no room: it was forgotten. */
static void a_whole_upload_that_never_moves_the_return_is_not_waited_for(void **state)
{
	static const struct tr_target targets[] = { { TR_TARGET_PART, 1, 10 * MS, 1 }, { TR_TARGET_PUT, 0, 20 * MS, 1 } };
	const struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 300, 330),
					   held_run(0, 700, 730), held_run(1, 300, 100), held_run(1, 700, 101) };
	struct xf_error err = XF_ERROR_INIT;
	struct tr_proof p;

	(void)state;
	assert_int_equal(tr_decide(targets, 2, trials, 6, &p, &err), XF_OK);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
}

/* One of two alike may have been forgotten: held together, the other's hold moves the return as well. Outrun holds tell all the same. */
static void holds_of_several_uploads_at_once_do_not_prove_a_wait_for_all(void **state)
{
	static const struct tr_target targets[] = { { TR_TARGET_PART, 1, 10 * MS, 2 }, { TR_TARGET_COMPLETE, 0, 90 * MS, 2 } };
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 300, 330), held_run(0, 700, 730),
				     held_run(1, 300, 335), held_run(1, 700, 735) };
	struct xf_error err = XF_ERROR_INIT;
	struct tr_proof p;

	(void)state;
	assert_int_equal(tr_decide(targets, 2, trials, 6, &p, &err), XF_OK);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_non_null(strstr(p.reason, "2 uploads at once"));
	assert_string_equal(p.finding, "");
	trials[0].answer = trials[1].answer = TR_BLOCKS;
	assert_int_equal(tr_decide(targets, 2, trials, 6, &p, &err), XF_OK);
	assert_int_equal(p.answer, TR_BLOCKS);
	for (uint32_t i = 2; i < 6; i++)
		trials[i] = held_run(i / 2 - 1, i & 1 ? 700 : 300, 100);
	assert_int_equal(tr_decide(targets, 2, trials, 6, &p, &err), XF_OK);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	/* the forgotten one was the last to be let go in one run: no time limit, and no room */
	trials[0].answer = trials[1].answer = TR_UNPROVEN;
	for (uint32_t i = 2; i < 6; i++)
		trials[i] = held_run(i / 2 - 1, i & 1 ? 700 : 300, i == 5 ? 690 : i & 1 ? 730 : 330);
	assert_int_equal(tr_decide(targets, 2, trials, 6, &p, &err), XF_OK);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(p.limit, TR_LIMIT_NONE);
}

static void a_lock_is_no_wait(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), held_run(0, 300, 330), held_run(0, 700, 730),
				     held_run(1, 300, 330), held_run(1, 700, 730) };
	struct tr_proof p;

	(void)state;
	for (uint32_t i = 1; i < 5; i++)
		trials[i].by_lock = true;
	p = decide(trials, 5);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_non_null(strstr(p.reason, "lock"));
}

/* The program ended before it came to what was to be held, and the object was lost: it had not waited. */
static void a_run_that_lost_its_object_unheld_is_a_witness(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), held_run(0, 300, 330), held_run(0, 700, 730),
				     held_run(1, 300, 330), held_run(1, 700, 730), held_run(1, 300, 90) };
	struct tr_proof p;

	(void)state;
	trials[5].hit = false;
	assert_int_equal(decide(trials, 6).answer, TR_BLOCKS);
	trials[5].outcome = TR_LOST;
	trials[5].answer = TR_DOES_NOT_BLOCK;
	p = decide(trials, 6);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(p.basis, TR_BASIS_WITNESS);
}

static void void_holds_do_not_count(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), held_run(0, 300, 100), held_run(1, 300, 100) };
	struct tr_proof p;

	(void)state;
	trials[1].evaded = true;
	trials[1].gave_up_ns = 150 * MS;
	trials[2].failed = true;
	p = decide(trials, 3);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_int_equal(p.patience_ns, 150 * MS);
	assert_int_equal(p.tally[0].held + p.tally[1].held, 0);
}

static void a_disagreement_is_said(void **state)
{
	struct tr_proof p = four(TR_BLOCKS, 101, 99, 100, 102);

	(void)state;
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_non_null(strstr(p.finding, "limited time"));
}

/* A queue has room again when the first of the parts that were held is let go, not the last. */
static void of_several_holds_the_first_end_counts(void **state)
{
	static const char text[] =
		"thread 0 main main\nthread 1 a\nthread 2 b\n@0 0 call_enter call=1 label=up\n"
		"0 submit transfer=0 call=1 bucket=b key=k op=PutObject\n"
		"@100 1 part_start transfer=0 part=1 attempt=1\n1 held hold=1 transfer=0 part=1\n"
		"@200 2 part_start transfer=0 part=2 attempt=1\n2 held hold=2 transfer=0 part=2\n"
		"@1000 1 released hold=1 transfer=0 part=1 held_ns=900\n@1500 0 call_return call=1\n"
		"@2000 2 released hold=2 transfer=0 part=2 held_ns=1800\nclosed\n";
	struct xf_error err = XF_ERROR_INIT;
	struct tr_trial one = { .target = 0 }, several = { .target = 0, .several = true };
	struct tr_verdicts all;
	struct tr_log *log;

	(void)state;
	assert_int_equal(tr_log_from_text(text, &log, &err), XF_OK);
	assert_int_equal(tr_verdicts_compute(log, &all, &err), XF_OK);
	tr_trial_read(log, &all, &all.list[0], &one);
	tr_trial_read(log, &all, &all.list[0], &several);
	assert_true(one.hit && one.return_ns < one.end_ns);
	assert_true(several.hit && several.return_ns > several.end_ns);
	tr_verdicts_fini(&all);
	tr_log_close(log);
}

static void nothing_seen_is_unknown(void **state)
{
	struct tr_trial t = free_run(TR_UNKNOWN);

	(void)state;
	t.seen = false;
	assert_int_equal(decide(&t, 1).answer, TR_UNKNOWN);
}

/* rclone copies nothing where it finds the same file. */
static void a_program_that_skips_what_is_there_is_told_so(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNKNOWN) };
	struct tr_proof p;

	(void)state;
	trials[1].seen = false;
	p = decide(trials, 2);
	assert_int_equal(p.answer, TR_UNKNOWN);
	assert_non_null(strstr(p.reason, "--setup"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_slope_is_the_median_within_targets),
	cmocka_unit_test(one_stray_run_does_not_make_holds_long),
	cmocka_unit_test(one_length_has_no_slope),
	cmocka_unit_test(holds_of_several_uploads_at_once_do_not_prove_a_wait_for_all),
	cmocka_unit_test(confidence_is_counted_out),
	cmocka_unit_test(ties_in_length_are_counted_as_what_they_are),
	cmocka_unit_test(one_stray_run_does_not_move_it),
	cmocka_unit_test(no_memory_is_an_error),
	cmocka_unit_test(a_hold_outlasts_the_undisturbed_call),
	cmocka_unit_test(an_impatient_client_is_held_for_less),
	cmocka_unit_test(two_rounds_hold_every_target_for_two_lengths),
	cmocka_unit_test(a_seed_gives_one_order),
	cmocka_unit_test(a_hold_is_read_as_it_was_written),
	cmocka_unit_test(what_follows_every_hold_waits),
	cmocka_unit_test(both_when_the_mechanism_agrees),
	cmocka_unit_test(what_outruns_every_hold_does_not_wait),
	cmocka_unit_test(holds_too_short_to_tell_prove_nothing),
	cmocka_unit_test(a_bounded_wait_follows_short_holds_only),
	cmocka_unit_test(waiting_for_room_is_not_waiting_for_the_end),
	cmocka_unit_test(a_whole_upload_that_never_moves_the_return_is_not_waited_for),
	cmocka_unit_test(a_lock_is_no_wait),
	cmocka_unit_test(a_run_that_lost_its_object_unheld_is_a_witness),
	cmocka_unit_test(void_holds_do_not_count),
	cmocka_unit_test(a_disagreement_is_said),
	cmocka_unit_test(of_several_holds_the_first_end_counts),
	cmocka_unit_test(nothing_seen_is_unknown),
	cmocka_unit_test(a_program_that_skips_what_is_there_is_told_so),
};
T_MAIN(tests)
