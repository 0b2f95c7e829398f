/* Sweeps, statistics, scales, results: against values known from elsewhere. */
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "tests/unit/t.h"
#include "tracer/experiment/plot.h"
#include "tracer/experiment/race.h"
#include "tracer/experiment/results.h"
#include "tracer/experiment/scale.h"
#include "tracer/experiment/statistics.h"
#include "tracer/experiment/summary.h"
#include "tracer/experiment/sweep.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)
#define ABOUT(a, b, by) assert_true(fabs((a) - (b)) < (by))

/* ---- statistics */

static void the_median_is_the_middle_or_the_mean_of_two(void **state)
{
	double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 };

	(void)state;
	NEAR(tr_estimate(odd, 3).median, 3);
	NEAR(tr_estimate(even, 4).median, 2.5);
}

static void binomial_sums_are_those_of_the_tables(void **state)
{
	(void)state;
	NEAR(tr_binomial_below(7, 1), 1.0 / 128);
	NEAR(tr_binomial_below(10, 2), 11.0 / 1024);
	NEAR(tr_binomial_below(20, 6), 21700.0 / 1048576);
	NEAR(tr_binomial_below(5, 6), 1);
}

/* Conover, Practical Nonparametric Statistics, table A3: ranks of the 95 % interval of the median. */
static void intervals_have_the_ranks_of_the_tables(void **state)
{
	static const struct {
		size_t n, rank;
		double level;
	} rows[] = { { 6, 1, 0.96875 }, { 7, 1, 0.984375 }, { 9, 2, 0.9609375 }, { 10, 2, 0.978515625 },
		     { 15, 4, 0.96484375 }, { 20, 6, 0.95861053466796875 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		double values[20];
		struct tr_estimate e;
		for (size_t k = 0; k < rows[i].n; k++)
			values[k] = (double)(rows[i].n - k); /* n … 1 */
		e = tr_estimate(values, rows[i].n);
		NEAR(e.low, (double)rows[i].rank);
		NEAR(e.high, (double)(rows[i].n + 1 - rows[i].rank));
		ABOUT(e.level, rows[i].level, 1e-6);
	}
}

static void few_runs_say_which_level_they_have(void **state)
{
	double values[] = { 3, 1, 2 };
	struct tr_estimate e = tr_estimate(values, 3), none = tr_estimate(values, 0);

	(void)state;
	NEAR(e.level, 0.75);
	NEAR(e.low, 1);
	NEAR(e.high, 3);
	assert_int_equal(none.nr, 0);
	assert_true(isinf(tr_estimate_width(&none)));
	assert_false(tr_estimate_narrow(&e, 1));
}

/* What the interval is for: of many samples of a skewed distribution, 95 % hold its median. */
static void intervals_keep_their_level(void **state)
{
	struct tr_random random = { 42 };
	unsigned held = 0;

	(void)state;
	for (unsigned trial = 0; trial < 4000; trial++) {
		double values[9];
		struct tr_estimate e;
		for (size_t i = 0; i < 9; i++) /* exponential: its median is ln 2 */
			values[i] = -log(((double)(tr_random_next(&random) >> 11) + 0.5) / 9007199254740992.0);
		e = tr_estimate(values, 9);
		held += e.low <= M_LN2 && M_LN2 <= e.high;
	}
	assert_in_range(held, 3790, 3895); /* 0.961 of 4000 is 3844, sigma 12 */
}

static void narrow_means_relative_to_the_median(void **state)
{
	double values[] = { 99, 100, 100, 100, 100, 100, 101 };
	struct tr_estimate e = tr_estimate(values, 7);

	(void)state;
	NEAR(tr_estimate_width(&e), 0.01);
	assert_true(tr_estimate_narrow(&e, 0.01));
	assert_false(tr_estimate_narrow(&e, 0.0099));
}

/* Newcombe 1998, table I: method 3. */
static void wilson_is_newcombes_method_three(void **state)
{
	struct tr_share a = tr_wilson(81, 263), b = tr_wilson(15, 148), c = tr_wilson(0, 20), d = tr_wilson(1, 29),
			e = tr_wilson(20, 20), f = tr_wilson(0, 0);

	(void)state;
	ABOUT(a.low, 0.2553, 5e-5);
	ABOUT(a.high, 0.3662, 5e-5);
	ABOUT(b.low, 0.0624, 5e-5);
	ABOUT(b.high, 0.1605, 5e-5);
	NEAR(c.low, 0);
	ABOUT(c.high, 0.1611, 5e-5);
	ABOUT(d.low, 0.0061, 5e-5);
	ABOUT(d.high, 0.1718, 5e-5);
	ABOUT(e.low, 0.8389, 5e-5);
	NEAR(e.high, 1);
	NEAR(f.high - f.low, 1);
}

/* The reference implementation's first numbers for seed 1234567. */
static void random_numbers_are_splitmix64s(void **state)
{
	struct tr_random r = { 1234567 };

	(void)state;
	assert_true(tr_random_next(&r) == 6457827717110365317u);
	assert_true(tr_random_next(&r) == 3203168211198807973u);
	assert_true(tr_random_next(&r) == 9817491932198370423u);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(tr_random_below(&r, 7) < 7);
}

/* ---- sweeps */

static void sweep_of(struct tr_sweep *s, const char *a, const char *b)
{
	struct xf_error err = XF_ERROR_INIT;

	*s = (struct tr_sweep){ 0 };
	assert_int_equal(tr_sweep_add(s, a, &err), XF_OK);
	if (b)
		assert_int_equal(tr_sweep_add(s, b, &err), XF_OK);
}

static void every_combination_is_a_cell(void **state)
{
	static const char *const labels[] = { "control", "n=1 l=0", "n=1 l=20ms", "n=2 l=0", "n=2 l=20ms", "n=4 l=0", "n=4 l=20ms" };
	struct tr_sweep s;
	char label[64];

	(void)state;
	sweep_of(&s, "n=1,2,4", "l=0,20ms");
	assert_int_equal(tr_sweep_cells(&s), 7);
	for (unsigned i = 0; i < 7; i++) {
		unsigned at[2] = { 0 };
		assert_string_equal(tr_sweep_label(&s, i, label, sizeof(label)), labels[i]);
		for (unsigned axis = 0; i && axis < 2; axis++)
			at[axis] = tr_sweep_index(&s, i, axis);
		if (i)
			assert_int_equal(tr_sweep_cell(&s, at), i);
	}
	tr_sweep_fini(&s);
	assert_int_equal(tr_sweep_cells(&s), 1);
}

static void a_faults_rule_keeps_its_commas_and_signs(void **state)
{
	struct tr_sweep s;

	(void)state;
	sweep_of(&s, "fault:part=3,hold=0,1s", NULL);
	assert_string_equal(s.axes[0].name, "fault:part=3,hold");
	assert_string_equal(s.axes[0].values[0], "0");
	assert_string_equal(s.axes[0].values[1], "1s");
	tr_sweep_fini(&s);
}

static void bad_sweeps_are_one_sentence(void **state)
{
	static const char *const bad[] = { "", "n", "n=", "=1", "n=1,", "n=1,,2", "n=1,1", "n\n=1" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tr_sweep s = { 0 };
		struct xf_error err = XF_ERROR_INIT;
		assert_int_equal(tr_sweep_add(&s, bad[i], &err), XF_INVALID);
		assert_true(*err.message && !strchr(err.message, '\n'));
		assert_int_equal(s.nr_axes, 0);
		tr_sweep_fini(&s);
	}
}

static void an_axis_twice_and_too_many_cells_are_refused(void **state)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_sweep s;
	char many[1200] = "m=0", name[8];

	(void)state;
	sweep_of(&s, "n=1,2", NULL);
	assert_int_equal(tr_sweep_add(&s, "n=3", &err), XF_INVALID);
	for (unsigned i = 1; i < 200; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), ",%u", i);
	err = XF_ERROR_INIT;
	assert_int_equal(tr_sweep_add(&s, many, &err), XF_OK); /* 400 */
	*many = 'k';
	assert_int_equal(tr_sweep_add(&s, many, &err), XF_INVALID); /* 80,000 */
	for (unsigned i = 2; i < TR_AXES_MAX; i++) {
		snprintf(name, sizeof(name), "a%u=1", i);
		assert_int_equal(tr_sweep_add(&s, name, NULL), XF_OK);
	}
	err = XF_ERROR_INIT;
	assert_int_equal(tr_sweep_add(&s, "one=1", &err), XF_INVALID);
	tr_sweep_fini(&s);
}

static void an_order_is_a_permutation_of_its_seed_and_round(void **state)
{
	unsigned a[40], b[40], seen[40] = { 0 }, same = 0;

	(void)state;
	tr_sweep_order(7, 3, 40, a);
	tr_sweep_order(7, 3, 40, b);
	assert_memory_equal(a, b, sizeof(a));
	for (unsigned i = 0; i < 40; i++)
		seen[a[i]]++;
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(seen[i], 1);
	tr_sweep_order(7, 4, 40, b);
	for (unsigned i = 0; i < 40; i++)
		same += a[i] == b[i];
	assert_true(same < 10);
	tr_sweep_order(8, 3, 40, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

/* Every cell is first about as often as any other: no place is favoured. */
static void orders_favour_no_place(void **state)
{
	unsigned order[5], first[5] = { 0 };

	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		tr_sweep_order(99, round, 5, order);
		first[order[0]]++;
	}
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(first[i], 870, 1130); /* 1000, sigma 28 */
}

static void numbers_that_rise_are_an_axis_for_lines(void **state)
{
	static const struct {
		const char *text;
		bool numeric;
	} rows[] = { { "n=1,2,4", true }, { "n=0,20ms,1s", true }, { "n=5MB,8MB,1GB", true }, { "n=4,2", false },
		     { "n=on,off", false }, { "n=1,x2", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tr_sweep s;
		sweep_of(&s, rows[i].text, NULL);
		assert_int_equal(tr_axis_numeric(&s.axes[0]), rows[i].numeric);
		tr_sweep_fini(&s);
	}
}

static void circumstances_are_not_chosen(void **state)
{
	struct tr_sweep s;

	(void)state;
	sweep_of(&s, "n=1,2", "latency=0,9ms");
	assert_true(tr_sweep_alike(&s, 1, 3));   /* n=1 and n=2 without latency */
	assert_true(tr_sweep_alike(&s, 2, 4));
	assert_false(tr_sweep_alike(&s, 1, 2));
	assert_false(tr_sweep_alike(&s, 0, 1));
	assert_false(tr_axis_circumstance(&s.axes[0]));
	tr_sweep_fini(&s);
}

/* ---- scales */

static void ticks_are_round_and_reach_the_highest(void **state)
{
	static const struct {
		double high, step;
		unsigned nr;
		int decimals;
	} rows[] = { { 10, 2, 6, 0 }, { 87.4, 20, 6, 0 }, { 1, 0.2, 6, 1 }, { 0.043, 0.01, 6, 2 }, { 1234, 500, 4, 0 },
		     { 0, 0.2, 6, 1 }, { NAN, 0.2, 6, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tr_ticks t = tr_ticks(rows[i].high, 6);
		NEAR(t.step, rows[i].step);
		assert_int_equal(t.nr, rows[i].nr);
		assert_int_equal(t.decimals, rows[i].decimals);
	}
}

static void scales_map_ends_to_ends(void **state)
{
	struct tr_scale s = { 0, 50, 350, 60 }, flat = { 3, 3, 10, 20 };

	(void)state;
	NEAR(tr_scale(&s, 0), 350);
	NEAR(tr_scale(&s, 50), 60);
	NEAR(tr_scale(&s, 25), 205);
	NEAR(tr_scale(&flat, 3), 10);
	NEAR(tr_scale_band(0, 100, 0, 4), 12.5);
	NEAR(tr_scale_band(0, 100, 3, 4), 87.5);
	assert_int_equal(tr_scale_step(0, 9, 0, 9), 0);
	assert_int_equal(tr_scale_step(0, 9, 8.9, 9), 8);
	assert_int_equal(tr_scale_step(0, 9, 9, 9), 8);
	assert_int_equal(tr_scale_step(5, 5, 5, 9), 8);
	assert_int_equal(tr_scale_step(0, 9, NAN, 9), 0);
}

static void numbers_have_three_digits(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = { { 0, "0" }, { 1234, "1234" }, { 123.4, "123" }, { 12.34, "12.3" }, { 1.234, "1.23" }, { 0.01234, "0.0123" },
		     { 1000, "1000" }, { -2.5, "-2.50" } };
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(tr_number_text(rows[i].value, text, sizeof(text)), rows[i].text);
}

/* ---- results and summaries */

static struct tr_result result_of(unsigned cell, unsigned round, int64_t wall_ms)
{
	struct tr_result r = { .cell = cell, .round = round };

	r.run.wall_ns = r.run.stored_ns = wall_ms * 1000000;
	r.run.process_ns = r.run.wall_ns + 5000000;
	r.run.bytes = 1 << 20;
	r.run.causes[TR_CAUSE_SERVER] = 17;
	r.run.bars = calloc(1, sizeof(*r.run.bars));
	r.run.lanes = calloc(1, sizeof(*r.run.lanes));
	r.run.nr_bars = r.run.nr_lanes = 1;
	r.run.bars[0] = (struct tr_bar){ .part = 3, .attempts = 2, .begin_ns = 1, .sent_ns = -1, .end_ns = 9, .failed = true };
	strcpy(r.run.lanes[0], "request-1");
	strcpy(r.run.answer, "blocks");
	strcpy(r.run.outcome, "stored");
	strcpy(r.run.error, "a \"quoted\" word");
	return r;
}

static void a_run_survives_its_line(void **state)
{
	struct tr_result before = result_of(2, 5, 120), after;
	struct xf_error err = XF_ERROR_INIT;
	struct tr_sweep s;
	json_t *json;

	(void)state;
	sweep_of(&s, "n=1,2", NULL);
	json = tr_result_json(&s, &before);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "values"), "n")), "2");
	assert_int_equal(tr_result_parse(json, 3, &after, &err), XF_OK);
	assert_int_equal(after.cell, 2);
	assert_int_equal(after.round, 5);
	assert_int_equal(after.run.wall_ns, before.run.wall_ns);
	assert_int_equal(after.run.causes[TR_CAUSE_SERVER], 17);
	assert_string_equal(after.run.error, before.run.error);
	assert_string_equal(after.run.lanes[0], "request-1");
	assert_int_equal(after.run.bars[0].part, 3);
	assert_int_equal(after.run.bars[0].sent_ns, -1);
	assert_true(after.run.bars[0].failed);
	tr_sample_fini(&after.run);
	assert_int_equal(tr_result_parse(json, 2, &after, &err), XF_FORMAT); /* cell 2 of 2 */
	json_decref(json);
	tr_sample_fini(&before.run);
	tr_sweep_fini(&s);
}

/* Opens, checks what is there, and closes again. */
static enum xf_status reopen(const char *path, const char *definition, uint64_t *seed, bool fixed, size_t expected)
{
	struct tr_results_file file = { .fd = -1 };
	struct tr_results all = { 0 };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = tr_results_open(&file, path, definition, seed, fixed, 3, &all, &err);

	if (!status)
		assert_int_equal(all.nr, expected);
	tr_results_close(&file);
	tr_results_fini(&all);
	return status;
}

static void a_results_file_is_gone_on_with(void **state)
{
	char path[] = "/tmp/xferdb-results-XXXXXX";
	struct tr_results_file file = { .fd = -1 };
	struct tr_results all = { 0 };
	struct tr_result r = result_of(1, 1, 100);
	uint64_t seed = UINT64_MAX - 1, other = 5;
	struct tr_sweep s;
	FILE *torn;

	(void)state;
	close(mkstemp(path));
	sweep_of(&s, "n=1,2", NULL);
	assert_int_equal(tr_results_open(&file, path, "this", &seed, true, 3, &all, NULL), XF_OK);
	assert_int_equal(tr_results_append(&file, &s, &r, NULL), XF_OK);
	assert_int_equal(reopen(path, "this", &other, false, 1), XF_STATE); /* somebody writes it */
	tr_results_close(&file);

	assert_int_equal(reopen(path, "this", &other, false, 1), XF_OK);
	assert_true(other == UINT64_MAX - 1); /* to the last bit */
	other = 6;
	assert_int_equal(reopen(path, "this", &other, true, 1), XF_INVALID);
	assert_int_equal(reopen(path, "that", &other, false, 1), XF_INVALID);

	torn = fopen(path, "a");
	fputs("{\"cell\":1,\"rou", torn);
	fclose(torn);
	assert_int_equal(reopen(path, "this", &other, false, 1), XF_OK);
	assert_int_equal(tr_results_open(&file, path, "this", &other, false, 3, &all, NULL), XF_OK);
	r.round = 2;
	assert_int_equal(tr_results_append(&file, &s, &r, NULL), XF_OK);
	tr_results_close(&file);
	assert_int_equal(reopen(path, "this", &other, false, 2), XF_OK);
	file.fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(tr_results_append(&file, &s, &r, NULL), XF_OK);
	tr_results_close(&file);
	assert_int_equal(reopen(path, "this", &other, false, 2), XF_FORMAT); /* it would count twice */
	unlink(path);
	tr_results_fini(&all);
	tr_sample_fini(&r.run);
	tr_sweep_fini(&s);
}

static void foreign_files_are_refused(void **state)
{
	static const char *const texts[] = { "hello\n", "{}\n", "[1]\n", "{\"xferdb-experiment\":1}\n" };
	char path[] = "/tmp/xferdb-results-XXXXXX";
	uint64_t seed = 1;

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		FILE *out = fopen(path, "w");
		fputs(texts[i], out);
		fclose(out);
		assert_int_equal(reopen(path, "this", &seed, false, 0), XF_FORMAT);
	}
	unlink(path);
}

static void results_fill(struct tr_results *all)
{
	/* control 100, cell 1: 50, cell 2: 200; a warm-up that must not count, and a failure */
	for (unsigned round = 0; round <= 7; round++)
		for (unsigned cell = 0; cell < 3; cell++) {
			static const int64_t walls[] = { 100, 50, 200 };
			struct tr_result r = result_of(cell, round, round ? walls[cell] + round : 9999);
			if (cell == 1 && round == 7) {
				r.run.exit_status = 3;
				r.run.wall_ns = 1;
			}
			assert_int_equal(tr_results_add(all, &r, NULL), XF_OK);
		}
}

static void a_summary_leaves_out_warm_up_and_failures(void **state)
{
	struct tr_results all = { 0 };
	struct tr_summary s;

	(void)state;
	results_fill(&all);
	assert_int_equal(tr_summary_make(&all, 3, &s, NULL), XF_OK);
	assert_int_equal(s.cells[0].runs, 7);
	assert_int_equal(s.cells[1].failed, 1);
	NEAR(s.cells[0].measures[TR_BY_WALL].median, 104e6);
	NEAR(s.cells[0].measures[TR_BY_WALL].low, 101e6);
	NEAR(s.cells[0].measures[TR_BY_WALL].high, 107e6);
	NEAR(s.cells[1].measures[TR_BY_WALL].median, 53.5e6);
	NEAR(s.cells[2].against, 204.0 / 104);
	assert_int_equal(s.best, 1);
	assert_int_equal(s.worst, 2);
	assert_int_equal(s.cells[2].typical->wall_ns, 204000000);
	NEAR(s.drift, 106.0 / 102 - 1);
	assert_string_equal(s.cells[0].answer, "blocks");
	tr_summary_fini(&s);
	tr_results_fini(&all);
}

static void pictures_are_those_of_the_axes(void **state)
{
	struct tr_results all = { 0 };
	struct tr_summary summary;
	struct tr_plot *plots;
	struct tr_sweep s;
	unsigned nr;
	bool cut;

	(void)state;
	results_fill(&all);
	sweep_of(&s, "n=1,2", NULL);
	assert_int_equal(tr_summary_make(&all, 3, &summary, NULL), XF_OK);
	struct tr_report report = { .subject = "f", .seed = "1", .version = "0", .sweep = &s, .summary = &summary, .results = &all };
	assert_int_equal(tr_plots(&report, &plots, &nr, &cut, NULL), XF_OK);
	assert_int_equal(nr, 3);
	assert_false(cut);
	assert_string_equal(plots[0].name, "by-n-1");
	assert_string_equal(plots[1].name, "timeline-best");
	assert_string_equal(plots[2].name, "timeline-worst");
	free(plots);
	tr_summary_fini(&summary);
	tr_sweep_fini(&s);
	tr_results_fini(&all);
}

static void text_in_pages_is_escaped(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	tr_put_text(out, "<b a=\"1\">&\x1b[31m\xff");
	fclose(out);
	assert_string_equal(text, "&lt;b a=&quot;1&quot;&gt;&amp;?[31m?");
	free(text);
}

/* ---- races */

static void a_round_with_two_writes_lost_one(void **state)
{
	struct tr_racer racers[] = { { .client = 1, .put_ns = 10, .stored_ns = 40, .stored = true },
				     { .client = 2, .put_ns = 20, .stored_ns = 30, .stored = true },
				     { .client = 3, .found = true } };
	struct tr_round older = tr_race_judge(racers, 3, 1), newer = tr_race_judge(racers, 3, 2);

	(void)state;
	assert_true(older.twice);
	assert_true(older.newer_lost); /* 2 began last, 1 is what is left */
	assert_int_equal(older.last_begun, 2);
	assert_int_equal(older.found, 1);
	assert_true(newer.twice);
	assert_false(newer.newer_lost);
}

static void a_round_with_one_write_lost_nothing(void **state)
{
	struct tr_racer racers[] = { { .client = 1, .put_ns = 10, .refused = true },
				     { .client = 2, .put_ns = 5, .stored = true } };
	struct tr_round round = tr_race_judge(racers, 2, 2), none = tr_race_judge(racers, 1, 0);

	(void)state;
	assert_int_equal(round.writes, 1);
	assert_false(round.twice || round.newer_lost || round.none);
	assert_int_equal(round.refused, 1);
	assert_true(none.none);
	assert_false(none.newer_lost);
}

/* ---- memory */

static bool sweep_once(void *ctx)
{
	struct tr_sweep s = { 0 };
	struct xf_error err = XF_ERROR_INIT;
	bool good = !tr_sweep_add(&s, "n=1,2,4", &err) && !tr_sweep_add(&s, "fault:part=3,hold=0,1s", &err);

	(void)ctx;
	assert_true(good || err.status == XF_NOMEM);
	tr_sweep_fini(&s);
	return good;
}

static void a_sweep_without_memory_fails_cleanly(void **state)
{
	(void)state;
	assert_true(t_each_alloc_fails(sweep_once, NULL) > 8);
}

static bool summary_once(void *ctx)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_summary s;
	bool good = !tr_summary_make(ctx, 3, &s, &err);

	tr_summary_fini(&s);
	return good;
}

static void a_summary_without_memory_fails_cleanly(void **state)
{
	struct tr_results all = { 0 };

	(void)state;
	results_fill(&all);
	assert_int_equal(t_each_alloc_fails(summary_once, &all), 3);
	tr_results_fini(&all);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_median_is_the_middle_or_the_mean_of_two),
	cmocka_unit_test(binomial_sums_are_those_of_the_tables),
	cmocka_unit_test(intervals_have_the_ranks_of_the_tables),
	cmocka_unit_test(few_runs_say_which_level_they_have),
	cmocka_unit_test(intervals_keep_their_level),
	cmocka_unit_test(narrow_means_relative_to_the_median),
	cmocka_unit_test(wilson_is_newcombes_method_three),
	cmocka_unit_test(random_numbers_are_splitmix64s),
	cmocka_unit_test(every_combination_is_a_cell),
	cmocka_unit_test(a_faults_rule_keeps_its_commas_and_signs),
	cmocka_unit_test(bad_sweeps_are_one_sentence),
	cmocka_unit_test(an_axis_twice_and_too_many_cells_are_refused),
	cmocka_unit_test(an_order_is_a_permutation_of_its_seed_and_round),
	cmocka_unit_test(orders_favour_no_place),
	cmocka_unit_test(numbers_that_rise_are_an_axis_for_lines),
	cmocka_unit_test(circumstances_are_not_chosen),
	cmocka_unit_test(ticks_are_round_and_reach_the_highest),
	cmocka_unit_test(scales_map_ends_to_ends),
	cmocka_unit_test(numbers_have_three_digits),
	cmocka_unit_test(a_run_survives_its_line),
	cmocka_unit_test(a_results_file_is_gone_on_with),
	cmocka_unit_test(foreign_files_are_refused),
	cmocka_unit_test(a_summary_leaves_out_warm_up_and_failures),
	cmocka_unit_test(pictures_are_those_of_the_axes),
	cmocka_unit_test(text_in_pages_is_escaped),
	cmocka_unit_test(a_round_with_two_writes_lost_one),
	cmocka_unit_test(a_round_with_one_write_lost_nothing),
	cmocka_unit_test(a_sweep_without_memory_fails_cleanly),
	cmocka_unit_test(a_summary_without_memory_fails_cleanly),
};

T_MAIN(tests)
