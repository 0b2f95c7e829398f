/*
 * t: what every unit test includes: cmocka, a main that runs one case by name,
 * and allocations that fail on demand.
 *
 *     static void an_empty_file_has_no_parts(void **state) { … }
 *
 *     const struct CMUnitTest tests[] = {
 *             cmocka_unit_test(an_empty_file_has_no_parts),
 *     };
 *     T_MAIN(tests)
 *
 * One line a case: CMake finds them by reading the file (tests/cases.cmake), and
 * every case is a CTest test in a process of its own, with a time limit.
 */
#ifndef T_UNIT_T_H
#define T_UNIT_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Without an argument all cases. A name that is not in the table fails: nothing would have run. */
#define T_MAIN(tests)                                                                              \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		if (argc > 1 && !t_select(argv[1], tests, sizeof(tests) / sizeof((tests)[0])))     \
			return 2;                                                                  \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

static inline bool t_select(const char *name, const struct CMUnitTest *tests, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(tests[i].name, name) == 0) {
			cmocka_set_test_filter(name);
			return true;
		}
	fprintf(stderr, "no test case %s\n", name);
	return false;
}

/*
 * From here on the n-th allocation (from 1) our own code makes on this thread
 * fails, with ENOMEM; those before and after it succeed. 0: none fails. Ours are
 * malloc, calloc, realloc, aligned_alloc, strdup, strndup, asprintf and
 * vasprintf called from xf_, tr_ and ui_ code; libraries keep their memory.
 */
void t_fail_alloc(unsigned long n);

/* Has the allocation asked for failed by now? */
bool t_alloc_failed(void);

/*
 * Runs body(ctx) again and again, its first allocation failing, then its second,
 * until a run makes fewer. body returns whether what it tried came out well, and
 * must free all it took either way (the address sanitizer looks). A run in which
 * nothing failed must come out well. Returns the number of runs.
 */
unsigned long t_each_alloc_fails(bool (*body)(void *ctx), void *ctx);

#endif
