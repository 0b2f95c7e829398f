/* The harness itself: an allocation fails when asked to, and only that one. */
#include <errno.h>

#include "tests/unit/t.h"

/* A compiler that sees all of an allocation's life may leave it out; it does not see through this. */
static void *kept(void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return p;
}

static void only_the_chosen_allocation_fails(void **state)
{
	(void)state;
	t_fail_alloc(2);
	char *first = kept(malloc(1)), *second = kept(strdup("x")), *third = kept(calloc(1, 1));
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
	char *a = kept(strdup("a")), *b = NULL;
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
