/* lines: texts that mark a call, however the output is cut. */
#include "tests/unit/t.h"

#include "tracer/foreign/lines.h"

static char got[256];
static uint32_t next;

static void met(void *ctx, struct tr_line_call *which, bool begins)
{
	(void)ctx;
	snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s ", begins ? "+" : "-", which->begin);
	which->call = begins ? ++next : 0;
}

static void expect(const char *spec, const char *text, const char *want)
{
	for (size_t piece = 1; piece <= strlen(text); piece++) {
		struct tr_lines lines = { .nr = 0 };
		assert_true(tr_lines_add(&lines, spec));
		got[0] = 0;
		for (size_t at = 0; at < strlen(text); at += piece)
			tr_lines_feed(&lines, 1, text + at,
				      strlen(text) - at < piece ? strlen(text) - at : piece, met, NULL);
		assert_string_equal(got, want);
	}
}

static void texts_are_met_in_every_cut(void **state)
{
	(void)state;
	expect("start:stop", "now start\nwork\nnow stop\n", "+start -start ");
	expect("start:stop", "stop start stop start\nstop", "+start -start +start -start ");
	expect("\"a: b\":'c'", "a: b\nc\n", "+a: b -a: b ");
	expect("start:stop", "sta\nrt\n", "");
}

static void specifications_that_are_none(void **state)
{
	struct tr_lines lines = { .nr = 0 };

	(void)state;
	assert_false(tr_lines_add(&lines, ""));
	assert_false(tr_lines_add(&lines, "a"));
	assert_false(tr_lines_add(&lines, "a:"));
	assert_false(tr_lines_add(&lines, ":b"));
	assert_false(tr_lines_add(&lines, "\"a:b"));
	assert_false(tr_lines_add(&lines, "a:b:c"));
	assert_int_equal(lines.nr, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(texts_are_met_in_every_cut),
	cmocka_unit_test(specifications_that_are_none),
};

T_MAIN(tests)
