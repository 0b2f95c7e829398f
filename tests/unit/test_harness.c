/* The harness itself: an allocation fails when asked to, and only that one. */
#include <errno.h>

#include "tests/unit/t.h"

static void only_the_chosen_allocation_fails(void **state)
{
	(void)state;
	t_fail_alloc(2);
	char *first = malloc(1), *second = strdup("x"), *third = calloc(1, 1);
	assert_non_null(first);
	assert_null(second);
	assert_int_equal(errno, ENOMEM);
	assert_non_null(third);
	assert_true(t_alloc_failed());
	free(first);
	free(third);
	t_fail_alloc(0);
}

static bool two_strings(void *ctx)
{
	unsigned *runs = ctx;
	char *a = strdup("a"), *b = NULL;
	bool well = a && asprintf(&b, "%s%s", a, a) == 2;
	if (well)
		assert_string_equal(b, "aa");
	free(a);
	if (well)
		free(b);
	++*runs;
	return well;
}

static void every_allocation_fails_in_turn(void **state)
{
	(void)state;
	unsigned runs = 0;
	assert_int_equal(t_each_alloc_fails(two_strings, &runs), 3);
	assert_int_equal(runs, 3);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(only_the_chosen_allocation_fails),
	cmocka_unit_test(every_allocation_fails_in_turn),
};

T_MAIN(tests)
