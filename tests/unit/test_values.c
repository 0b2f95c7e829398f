/* values: sizes, rates, durations, counts, lists and near misses. */
#include "tests/unit/t.h"

#include "tui/command/values.h"

static uint64_t size_of(const char *text)
{
	uint64_t bytes = 0;

	assert_null(ui_value_size(text, &bytes));
	return bytes;
}

static void sizes_are_powers_of_two_in_every_spelling(void **state)
{
	(void)state;
	assert_int_equal(size_of("8388608"), 8388608);
	assert_int_equal(size_of("8MB"), 8388608);
	assert_int_equal(size_of("8MiB"), 8388608);
	assert_int_equal(size_of("8mb"), 8388608);
	assert_int_equal(size_of("8m"), 8388608);
	assert_int_equal(size_of("1.5GB"), 1610612736);
	assert_int_equal(size_of("0"), 0);
	assert_int_equal(size_of("7B"), 7);
	assert_int_equal(size_of("18446744073709551615"), UINT64_MAX);
}

static void what_is_no_size_is_refused_whole(void **state)
{
	static const char *const bad[] = {
		"", "MB", "8 MB", "8MB ", " 8", "-8", "+8", "8XB", "8MBB", "0x10", "1e6", "8.MB", ".5MB",
		"1.0000000001KB", "18446744073709551616", "16777216TB", "99999999999999999999999999", "nan", "8MB/s",
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!ui_value_size(bad[i], &bytes))
			fail_msg("'%s' was read as %llu", bad[i], (unsigned long long)bytes);
}

static void rates_may_end_in_a_second_but_not_be_bits(void **state)
{
	uint64_t rate;

	(void)state;
	assert_null(ui_value_rate("50MB/s", &rate));
	assert_int_equal(rate, 50 << 20);
	assert_null(ui_value_rate("50mb", &rate));
	assert_non_null(strstr(ui_value_rate("50Mb/s", &rate), "bits"));
	assert_non_null(ui_value_rate("/s", &rate));
}

static void durations_have_units_and_a_bare_number_is_seconds(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "20ms", 20000000 }, { "3s", 3000000000 }, { "3", 3000000000 }, { "0", 0 }, { "1.5s", 1500000000 },
		{ "1m", 60000000000 }, { "2h", 7200000000000 }, { "10us", 10000 }, { "7ns", 7 },
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_null(ui_value_time(good[i].text, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	assert_non_null(ui_value_time("3 s", &ns));
	assert_non_null(ui_value_time("-1s", &ns));
	assert_non_null(ui_value_time("1d", &ns));
	assert_non_null(ui_value_time("0.5ns", &ns));
	assert_non_null(ui_value_time("99999999999h", &ns));
}

static void counts_are_digits_only(void **state)
{
	uint64_t n;

	(void)state;
	assert_null(ui_value_count("10", &n));
	assert_int_equal(n, 10);
	assert_non_null(ui_value_count("10k", &n));
	assert_non_null(ui_value_count("", &n));
	assert_non_null(ui_value_count("1.0", &n));
	assert_non_null(ui_value_count("18446744073709551616", &n));
}

static void words_match_whole(void **state)
{
	(void)state;
	assert_true(ui_value_word("legacy|standard", "standard", 8));
	assert_false(ui_value_word("legacy|standard", "stand", 5));
	assert_false(ui_value_word("legacy|standard", "legacy|standard", 15));
	assert_false(ui_value_word("legacy|standard", "", 0));
	assert_true(ui_value_listed("blocks,stored", "stored"));
	assert_false(ui_value_listed("blocks,stored-later", "stored"));
	assert_false(ui_value_listed(NULL, "stored"));
}

static void near_words_are_near(void **state)
{
	(void)state;
	assert_int_equal(ui_value_distance("part-size", "part-size"), 0);
	assert_int_equal(ui_value_distance("part-sise", "part-size"), 1);
	assert_int_equal(ui_value_distance("part-szie", "part-size"), 1);
	assert_int_equal(ui_value_distance("", "abc"), 3);
	assert_int_equal(ui_value_distance("kitten", "sitting"), 3);
	assert_true(ui_value_distance("a", "0123456789012345678901234567890123456789012345678901234567890123456789") >= 64);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(sizes_are_powers_of_two_in_every_spelling),
	cmocka_unit_test(what_is_no_size_is_refused_whole),
	cmocka_unit_test(rates_may_end_in_a_second_but_not_be_bits),
	cmocka_unit_test(durations_have_units_and_a_bare_number_is_seconds),
	cmocka_unit_test(counts_are_digits_only),
	cmocka_unit_test(words_match_whole),
	cmocka_unit_test(near_words_are_near),
};

T_MAIN(tests)
