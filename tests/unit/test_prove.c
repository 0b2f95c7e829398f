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
	const struct tr_target late = { TR_TARGET_COMPLETE, 0, 3000 * (int64_t)MS, 1, 0 };
	const struct tr_target early = { TR_TARGET_PART, 1, 100 * MS, 1, 0 };
	const struct tr_pace slow = { 3000 * (int64_t)MS, 100 * MS, 0 }, fast = { 100 * MS, 10 * MS, 0 };

	(void)state;
	for (uint32_t i = 0; i < TR_NR_LENGTHS; i++) {
		assert_true(tr_plan_length_ns(&early, &slow, i) + 100 * MS > 3000u * MS);
		assert_true(tr_plan_length_ns(&late, &slow, i) < tr_plan_length_ns(&early, &slow, i));
	}
	assert_true(tr_plan_length_ns(&early, &fast, 1) >= tr_plan_length_ns(&early, &fast, 0) + 400 * MS);
}

/* Of the second that the client waits, two lengths that outlast the call by more than its noise; else none. */
static void an_impatient_client_is_held_for_less(void **state)
{
	const struct tr_target early = { TR_TARGET_PART, 1, 100 * MS, 1, 0 }, late = { TR_TARGET_COMPLETE, 0, 850 * MS, 1, 0 };
	struct tr_pace pace = { 900 * MS, 60 * MS, 1000 * MS };
	uint64_t a = tr_plan_length_ns(&late, &pace, 0), b = tr_plan_length_ns(&late, &pace, 1);

	(void)state;
	assert_true(850 * MS + a > 900 * MS + 60 * MS && a + 120 * MS <= b && b <= 800 * MS);
	assert_true(tr_plan_length_ns(&late, &pace, 2) > a && tr_plan_length_ns(&late, &pace, 2) < b);
	assert_int_equal(tr_plan_length_ns(&early, &pace, 0), 0);
	pace.noise_ns = 400 * MS;
	assert_int_equal(tr_plan_length_ns(&late, &pace, 0), 0);
	pace = (struct tr_pace){ 100 * MS, 10 * MS, 5000ull * MS };
	assert_int_equal(tr_plan_length_ns(&early, &pace, 1), tr_plan_length_ns(&early, &(struct tr_pace){ 100 * MS, 10 * MS, 0 }, 1));
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
				zeros += steps[i].column == TR_NONE;
				if (steps[i].column != TR_NONE)
					lengths[steps[i].column] |= 1u << steps[i].length;
			}
		}
		assert_int_equal(zeros, 2);
		for (uint32_t t = 0; t < targets; t++)
			assert_true(lengths[t] & (lengths[t] - 1));
	}
}

static void calls_one_after_the_other_share_runs(void **state)
{
	static struct tr_column columns[TR_MAX_TARGETS];
	struct tr_plan a = { .uploads = { { 1, 0, "a", false } }, .nr_uploads = 1, .return_ns = 100,
			     .targets = { { TR_TARGET_PART, 1, 0, 1, 0 }, { TR_TARGET_COMPLETE, 0, 0, 1, 0 } }, .nr_targets = 2 };
	struct tr_plan b = a;
	const struct tr_plan *calls[] = { &a, &b };

	(void)state;
	b.uploads[0].object = 2;
	b.enter_ns = 50, b.return_ns = 200; /* begun before the other was over */
	assert_int_equal(tr_plan_columns(calls, 2, false, columns), 4);
	b.enter_ns = 100;
	assert_int_equal(tr_plan_columns(calls, 2, false, columns), 2);
	assert_int_equal(columns[0].nr, 2);
	assert_int_equal(tr_plan_columns(calls, 2, true, columns), 4);
	/* one call in the other: the same request is held for both */
	b.uploads[0].object = 1;
	b.enter_ns = 0;
	assert_int_equal(tr_plan_columns(calls, 2, true, columns), 2);
	/* objects that are not told apart: only the same kind of request */
	a.uploads[0].object = b.uploads[0].object = 0;
	b.enter_ns = 100;
	assert_int_equal(tr_plan_columns(calls, 2, false, columns), 2);
	assert_int_equal(columns[1].at[1].target, 1);
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
	const struct tr_target early = { TR_TARGET_EARLY, 3, 0, 0, 0 };
	const struct tr_wanted like = { .hold_ns = 5 * MS, .times = 1, .object = UINT64_MAX, .transfer = TR_NONE, .gate = true };
	struct tr_wanted list[TR_MAX_WANTED], back;
	char text[TR_WANTED_TEXT];
	struct xf_error err = XF_ERROR_INIT;

	(void)state;
	assert_int_equal(tr_wanted_of(&early, &like, TR_MAX_WANTED, list), 3);
	assert_int_equal(tr_wanted_parse(tr_wanted_text(&list[2], text), &back, &err), XF_OK);
	assert_int_equal(back.part, 3);
	assert_int_equal(back.hold_ns, 5 * MS);
	assert_true(back.gate && back.object == UINT64_MAX && back.transfer == TR_NONE);
	assert_int_equal(tr_wanted_parse("1:2:3:4:5:6", &back, &err), XF_INVALID);
	assert_int_equal(tr_wanted_parse("1:2:3:4:5:6:0x", &back, &err), XF_INVALID);
}

/* ---- decide */

static const struct tr_plan two = {
	.uploads = { { 1, 0, "key", false } }, .nr_uploads = 1,
	.targets = { { TR_TARGET_PART, 1, 10 * MS, 1, 0 }, { TR_TARGET_COMPLETE, 0, 90 * MS, 1, 0 } }, .nr_targets = 2,
};
/* Two small uploads of one call. */
static const struct tr_plan pair = {
	.uploads = { { 1, 0, "one", false }, { 2, 1, "another", false } }, .nr_uploads = 2,
	.targets = { { TR_TARGET_PUT, 0, 10 * MS, 1, 0 }, { TR_TARGET_PUT, 0, 90 * MS, 1, 1 } }, .nr_targets = 2,
};

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

static struct tr_proof decide_of(const struct tr_plan *plan, const struct tr_trial *trials, uint32_t nr)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_proof p;

	assert_int_equal(tr_decide(plan, trials, nr, &p, &err), XF_OK);
	return p;
}

static struct tr_proof decide(const struct tr_trial *trials, uint32_t nr)
{
	return decide_of(&two, trials, nr);
}

/* Holds of 300 and 700 ms on either target, with these returns. */
static struct tr_proof four_of(const struct tr_plan *plan, enum tr_answer answer, int64_t a, int64_t b, int64_t c, int64_t d)
{
	const struct tr_trial trials[] = { free_run(answer), free_run(answer), held_run(0, 300, a), held_run(0, 700, b),
					   held_run(1, 300, c), held_run(1, 700, d) };

	return decide_of(plan, trials, 6);
}

static struct tr_proof four(enum tr_answer answer, int64_t a, int64_t b, int64_t c, int64_t d)
{
	return four_of(&two, answer, a, b, c, d);
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

/* It waits for up to so long, then for good or not at all: holds have to be longer. */
static void a_limit_that_all_hinges_on_is_outlasted(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 300, 330), held_run(0, 700, 730),
				     held_run(1, 300, 335), held_run(1, 700, 735) };
	struct tr_proof p;

	(void)state;
	trials[0].hinges_ns = 5000ull * MS;
	p = decide(trials, 6);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_int_equal(p.pace.at_least_ns, 6250ull * MS);
	assert_non_null(strstr(p.reason, "5.0 s"));
	assert_string_equal(p.settle, "--at-least 7s");
	trials[0].hinges_ns = 300000ull * MS; /* too long to be tried unasked */
	assert_int_equal(decide(trials, 6).pace.at_least_ns, 0);
	trials[0].hinges_ns = 500 * MS;
	p = decide(trials, 6);
	assert_int_equal(p.answer, TR_BLOCKS);
	assert_string_equal(p.finding, "");
}

static void a_call_that_fails_when_its_limit_runs_out_waits_only_so_far(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 300, 330), held_run(0, 700, 730),
				     held_run(1, 300, 335), held_run(1, 700, 735), held_run(0, 6000, 0), held_run(1, 6000, 0) };
	struct tr_proof p;

	(void)state;
	trials[0].hinges_ns = 5000ull * MS;
	trials[6].return_ns = trials[7].return_ns = -1;
	p = decide(trials, 7);
	assert_int_equal(p.answer, TR_UNPROVEN); /* once is no limit */
	p = decide(trials, 8);
	assert_int_equal(p.answer, TR_BLOCKS_PARTLY);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
	assert_int_equal(p.at_most_ms, 5000);
	trials[0].hinges_ns = 0; /* nobody knows why it failed */
	assert_int_not_equal(decide(trials, 8).answer, TR_BLOCKS_PARTLY);
}

static void waiting_for_room_is_not_waiting_for_the_end(void **state)
{
	struct tr_proof p = four(TR_UNPROVEN, 330, 730, 100, 101);

	(void)state;
	assert_int_equal(p.answer, TR_BLOCKS_PARTLY);
	assert_int_equal(p.limit, TR_LIMIT_BACK_PRESSURE);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
}

/* The same of a whole small upload to one key with a large one is no room: it was forgotten. */
static void a_whole_upload_that_never_moves_the_return_is_not_waited_for(void **state)
{
	struct tr_plan plan = two;
	struct tr_proof p;

	(void)state;
	plan.targets[1].kind = TR_TARGET_PUT;
	p = four_of(&plan, TR_UNPROVEN, 330, 730, 100, 101);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(p.basis, TR_BASIS_INTERVENTION);
}

/* Late, and alike: a limit. Late, and not alike: a busy machine. */
static void returns_that_are_late_are_a_limit_only_if_they_agree(void **state)
{
	const struct tr_trial alike[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 700, 500), held_run(0, 900, 505),
					  held_run(1, 700, 510), held_run(1, 900, 500) };

	(void)state;
	assert_int_equal(decide(alike, 6).answer, TR_BLOCKS_PARTLY);
	const struct tr_trial uneven[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 700, 300), held_run(0, 900, 480),
					   held_run(1, 700, 390), held_run(1, 900, 300) };
	assert_int_equal(decide(uneven, 6).answer, TR_DOES_NOT_BLOCK);
}

/* A pool with a thread less takes longer: the same returns as of a limit, but nothing had one. */
static void a_call_that_nothing_limits_did_not_give_up(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), held_run(0, 300, 500), held_run(0, 900, 505), held_run(1, 310, 500),
				     held_run(1, 910, 505) };
	struct tr_proof p;

	(void)state;
	assert_int_equal(decide(trials, 5).answer, TR_BLOCKS_PARTLY);
	trials[2].endless = true;
	assert_int_equal(decide(trials, 5).answer, TR_BLOCKS_PARTLY); /* in one of them it may have */
	trials[4].endless = true;
	p = decide(trials, 5);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_non_null(strstr(p.finding, "was done by others"));
}

/* Whether a limit can have ended the call: it lay in waits that have none, and no other thread had one that ran out. */
static void what_ran_out_in_a_trial_may_have_ended_it(void **state)
{
	static const struct {
		const char *events;
		bool endless;
	} rows[] = {
		{ "0 event_wait #1\n+900000000 0 event_woken #1 waited_ns=900000000 how=woken\n", true },
		{ "0 event_wait #1 limit_ns=2000000000\n+900000000 0 event_woken #1 waited_ns=900000000 how=woken\n", false },
		{ "0 event_wait #1\n+900000000 1 sleep asked_ns=800000000 slept_ns=800000000\n0 event_woken #1 waited_ns=900000000 how=woken\n",
		  false },
		{ "0 event_wait #1\n+900000000 1 sleep asked_ns=80000000 slept_ns=80000000\n0 event_woken #1 waited_ns=900000000 how=woken\n",
		  true },
		{ "0 event_wait #1\n+900000000 1 cond_woken #2 waited_ns=800000000 how=timed-out\n"
		  "0 event_woken #1 waited_ns=900000000 how=woken\n", false },
		{ "+900000000 0 poll waited_ns=900000000 ready=1\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xf_error err = XF_ERROR_INIT;
		struct tr_trial t = { .target = 0 };
		struct tr_verdicts all;
		struct tr_log *log;
		char text[1024];
		snprintf(text, sizeof(text), "thread 0 main main\nthread 1 worker\nobject 1 event done signal\nobject 2 cond more none\n"
			 "0 call_enter call=1 label=begin\n0 submit transfer=0 call=1 op=PutObject\n%s0 call_return call=1\nclosed\n",
			 rows[i].events);
		assert_int_equal(tr_log_from_text(text, &log, &err), XF_OK);
		assert_int_equal(tr_verdicts_compute(log, &all, &err), XF_OK);
		tr_trial_read(log, &all, &all.list[0], &t);
		assert_int_equal(t.endless, rows[i].endless);
		tr_verdicts_fini(&all);
		tr_log_close(log);
	}
}

static void each_upload_is_judged_by_its_own_holds(void **state)
{
	struct tr_proof p = four_of(&pair, TR_UNPROVEN, 330, 730, 335, 735);

	(void)state;
	assert_int_equal(p.answer, TR_BLOCKS);
	p = four_of(&pair, TR_UNPROVEN, 330, 730, 100, 101);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_string_equal(p.reason, "the call returned before 2 of 2 holds of 'another' had ended");
	assert_true(p.slope.slope < 0.1); /* its own */
	/* one is waited for to the end, the other for a second at most */
	p = four_of(&pair, TR_UNPROVEN, 330, 730, 330, 500);
	assert_int_equal(p.answer, TR_BLOCKS_PARTLY);
	assert_int_equal(p.limit, TR_LIMIT_TIME_OUT);
	assert_int_equal(p.at_most_ms, 500);
	assert_non_null(strstr(p.reason, "'another'"));
}

static void an_upload_that_was_not_held_is_not_known_to_be_waited_for(void **state)
{
	struct tr_plan plan = pair;
	struct tr_proof p;

	(void)state;
	plan.unheld = 3;
	p = four_of(&plan, TR_UNPROVEN, 330, 730, 335, 735);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_non_null(strstr(p.reason, "2 of 5 uploads"));
	assert_non_null(strstr(p.settle, "--runs 18"));
	assert_int_equal(four_of(&plan, TR_UNPROVEN, 330, 730, 100, 101).answer, TR_DOES_NOT_BLOCK);
}

/* One of two alike may have been forgotten: held together, the other's hold moves the return as well. Outrun holds tell all the same. */
static void holds_of_several_uploads_at_once_do_not_prove_a_wait_for_all(void **state)
{
	struct tr_plan plan = two;
	struct tr_proof p;

	(void)state;
	plan.targets[0].uploads = plan.targets[1].uploads = 2;
	p = four_of(&plan, TR_UNPROVEN, 330, 730, 335, 735);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_non_null(strstr(p.reason, "2 uploads at once"));
	assert_string_equal(p.finding, "");
	assert_int_equal(four_of(&plan, TR_BLOCKS, 330, 730, 335, 735).answer, TR_BLOCKS);
	assert_int_equal(four_of(&plan, TR_BLOCKS, 100, 100, 100, 100).answer, TR_DOES_NOT_BLOCK);
	/* the forgotten one was the last to be let go in one run: no time limit, and no room */
	p = four_of(&plan, TR_UNPROVEN, 330, 730, 330, 690);
	assert_int_equal(p.answer, TR_DOES_NOT_BLOCK);
	assert_int_equal(p.limit, TR_LIMIT_NONE);
}

/* 310 ms are the short length of a call that was thought to be quicker, not another dose. */
static void lengths_that_are_nearly_the_same_are_one(void **state)
{
	const struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), held_run(0, 300, 500), held_run(0, 310, 400),
					   held_run(0, 700, 830), held_run(1, 300, 335), held_run(1, 700, 735) };
	struct tr_proof p = decide(trials, 7);

	(void)state;
	assert_int_equal(p.slope.pairs, 3);
	assert_int_equal(p.answer, TR_BLOCKS);
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

static struct tr_trial evaded_run(uint32_t target, int64_t hold_ms, int64_t gave_up_ms)
{
	struct tr_trial t = held_run(target, hold_ms, 100);

	t.evaded = true;
	t.gave_up_ns = (uint64_t)gave_up_ms * MS;
	return t;
}

static void void_holds_do_not_count(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), evaded_run(0, 300, 150), held_run(1, 300, 100), evaded_run(1, 400, 160) };
	struct tr_proof p;

	(void)state;
	trials[2].failed = true;
	p = decide(trials, 4);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_int_equal(p.pace.patience_ns, 150 * MS);
	assert_int_equal(p.tally[0].held + p.tally[1].held, 0);
}

/* What happened once, or is belied by a longer hold, is no time limit: later holds stay as long as they have to be. */
static void one_doubtful_evasion_shortens_nothing(void **state)
{
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), evaded_run(0, 300, 30), held_run(1, 300, 330), evaded_run(1, 700, 250),
				     evaded_run(0, 700, 240), held_run(1, 700, 730), held_run(0, 700, 730) };

	(void)state;
	assert_int_equal(decide(trials, 4).pace.patience_ns, 0);
	assert_int_equal(decide(trials, 4).doubtful, 2);
	assert_int_equal(decide(trials, 5).pace.patience_ns, 240 * MS);
	assert_int_equal(decide(trials, 7).pace.patience_ns, 0);
}

/* The client gives up before a hold of an early part says anything: Complete alone is held, and has all parts behind it. */
static void parts_need_not_be_held_where_complete_can(void **state)
{
	struct tr_plan plan = two;
	struct tr_trial trials[] = { free_run(TR_UNPROVEN), free_run(TR_UNPROVEN), evaded_run(0, 2000, 1000), evaded_run(0, 3000, 1010),
				     held_run(1, 300, 330), held_run(1, 700, 730) };
	struct tr_proof p;

	(void)state;
	trials[0].return_ns = trials[1].return_ns = 1000ll * MS;
	plan.targets[1].turn_ns = 980 * MS;
	for (int i = 4; i < 6; i++) {
		trials[i].end_ns += 960 * MS;
		trials[i].return_ns += 960 * MS;
	}
	p = decide_of(&plan, trials, 6);
	assert_int_equal(p.means[0], TR_BY_NOTHING);
	assert_int_equal(p.means[1], TR_BY_BYTES);
	assert_int_equal(p.answer, TR_BLOCKS);
	/* a small upload has no such end: the thread that sends it is held */
	plan.targets[0].kind = TR_TARGET_PUT;
	p = decide_of(&plan, trials, 6);
	assert_int_equal(p.means[0], TR_BY_THREAD);
	assert_int_equal(p.answer, TR_UNPROVEN);
	assert_non_null(strstr(p.settle, "read_timeout"));
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
	cmocka_unit_test(calls_one_after_the_other_share_runs),
	cmocka_unit_test(a_seed_gives_one_order),
	cmocka_unit_test(a_hold_is_read_as_it_was_written),
	cmocka_unit_test(what_follows_every_hold_waits),
	cmocka_unit_test(both_when_the_mechanism_agrees),
	cmocka_unit_test(what_outruns_every_hold_does_not_wait),
	cmocka_unit_test(holds_too_short_to_tell_prove_nothing),
	cmocka_unit_test(a_bounded_wait_follows_short_holds_only),
	cmocka_unit_test(a_limit_that_all_hinges_on_is_outlasted),
	cmocka_unit_test(a_call_that_fails_when_its_limit_runs_out_waits_only_so_far),
	cmocka_unit_test(waiting_for_room_is_not_waiting_for_the_end),
	cmocka_unit_test(a_whole_upload_that_never_moves_the_return_is_not_waited_for),
	cmocka_unit_test(lengths_that_are_nearly_the_same_are_one),
	cmocka_unit_test(a_lock_is_no_wait),
	cmocka_unit_test(a_run_that_lost_its_object_unheld_is_a_witness),
	cmocka_unit_test(void_holds_do_not_count),
	cmocka_unit_test(returns_that_are_late_are_a_limit_only_if_they_agree),
	cmocka_unit_test(a_call_that_nothing_limits_did_not_give_up),
	cmocka_unit_test(what_ran_out_in_a_trial_may_have_ended_it),
	cmocka_unit_test(each_upload_is_judged_by_its_own_holds),
	cmocka_unit_test(an_upload_that_was_not_held_is_not_known_to_be_waited_for),
	cmocka_unit_test(one_doubtful_evasion_shortens_nothing),
	cmocka_unit_test(parts_need_not_be_held_where_complete_can),
	cmocka_unit_test(a_disagreement_is_said),
	cmocka_unit_test(of_several_holds_the_first_end_counts),
	cmocka_unit_test(nothing_seen_is_unknown),
	cmocka_unit_test(a_program_that_skips_what_is_there_is_told_so),
};
T_MAIN(tests)
