/* t: what every unit test includes: cmocka, and a main that runs one case by name. */
#ifndef T_UNIT_T_H
#define T_UNIT_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* `const struct CMUnitTest tests[]`, one line a case: ctest finds them by reading the file. */
#define T_MAIN(tests)                                                                              \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		if (argc > 1)                                                                      \
			cmocka_set_test_filter(argv[1]);                                           \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

#endif
