/* Of which loops lines of Python are turns. */
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

static void loops_that_are_run_to_their_end(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		bool exhausts;
	} of[] = {
		{ "for _ in range(3): q.get()\nx = 1\n", 1, true },
		{ "for _ in range(3):\n    r.append(q.get())\nreturn r\n", 2, true },
		{ "for _ in range(3):\n    with lock:\n        try:\n            q.get()\n        finally:\n            f()\n", 4, true },
		{ "for f in as_completed(fs):\n    f.result()\nbreak\n", 1, true },
		{ "    async for f in fs:\n\tf()\n    return\n", 1, true },
		{ "r = [q.get() for _ in fs]\n", 1, true },
		{ "r = list(f.result() for f in as_completed(fs))\n", 1, true },
		{ "q.get()  # for a while in vain\n", 1, false },
		{ "log(\"wait for it in vain\"); q.get()\n", 1, false },
		{ "while q.get() != n: pass  # [for x in y]\n", 1, false },
		{ "for f in as_completed(fs):\n    if f is o:\n        break\n", 1, false },
		{ "for _ in range(3):\n    r = q.get()\n    if r:\n        return r\n", 2, false },
		{ "for _ in range(3):\n    if not q.empty():\n        q.get()\n", 3, false },
		{ "for _ in range(3):\n    while q.get() != n:\n        pass\n", 2, false },
		{ "for x in y:\n    def f():\n        q.get()\n", 3, false },
		{ "for m in iter(q.get, None):\n    f(m)\n", 1, false },
		{ "next(f for f in as_completed(fs))\n", 1, false },
		{ "if any(q.get() for _ in fs): f()\n", 1, false },
		{ "while q.get() != 3: pass\n", 1, false },
		{ "q.get()\n", 1, false },
		{ "    q.get()", 1, false },
		{ "for x in y:\n    pass\nq.get()\n", 3, false },
		{ "", 1, false },
		{ "x", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (tr_pyexhausts(of[i].text, strlen(of[i].text), of[i].line) != of[i].exhausts)
			fail_msg("row %zu", i);
}

static void waits_for_any_of_several(void **state)
{
	static const struct {
		const char *text;
		bool any;
	} of[] = {
		{ "d, _ = wait(fs, return_when=FIRST_COMPLETED)\n", true },
		{ "wait(fs, None, futures.FIRST_EXCEPTION)", true },
		{ "wait(\n    fs,\n    return_when=how,\n)\n", true },
		{ "wait(fs, return_when=ALL_COMPLETED)\n", false },
		{ "wait(fs)\nFIRST_COMPLETED\n", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (tr_pyany(of[i].text, strlen(of[i].text), 1) != of[i].any)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(loops_that_are_run_to_their_end),
					    cmocka_unit_test(waits_for_any_of_several) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
