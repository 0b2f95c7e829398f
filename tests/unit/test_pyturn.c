/* Which lines of Python are turns of a loop that goes on. */
#include "t.h"

#include <string.h>

#include "tracer/foreign/pyturn.h"

static void lines(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		bool turns;
	} of[] = {
		{ "while not e.wait(1): pass", 1, true },
		{ "e.wait(1)\n", 1, false },
		{ "def f():\n    while True:  # for ever\n        # see\n\n        if e.wait(1):\n            break\n", 5, true },
		{ "while True:\n    try:\n        q.get(timeout=1)\n    except Empty:\n        pass\n", 3, true },
		{ "while t.is_alive():\n\tt.join(1)\n", 2, true },
		{ "while True:\n    f()\ne.wait(1)\n", 3, false },
		{ "while True:\n    def f():\n        e.wait(1)\n", 3, false },
		{ "for i in range(3):\n    if e.wait(1):\n        break\n", 2, false },
		{ "while True:\n    for f in futures:\n        f.result(1)\n", 3, true },
		{ "while time.time() < end:\n    e.wait(1)\n", 2, false },
		{ "while n > 0:\n    e.wait(1)\n", 2, false },
		{ "while this is prose\n    e.wait(1)\n", 2, false },
		{ "    e.wait(1)", 1, false },
		{ "e.wait(1)", 2, false },
		{ "", 1, false },
		{ "x", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (tr_pyturn(of[i].text, strlen(of[i].text), of[i].line) != of[i].turns)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
