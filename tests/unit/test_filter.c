/* Filters over a small trace: which events match, and what a broken filter is told. */
#include "tests/unit/t.h"

#include "tracer/trace/filter.h"
#include "tracer/trace/write.h"

static const char trace[] =
	"thread 0 main main\n"
	"thread 1 request-1 request\n"
	"object 1 event done signal\n"                                    /* 0 */
	"@100 0 mark label=begin\n"                                       /* 1 */
	"@1000000 1 part_start transfer=0 part=1 bytes=8388608\n"         /* 2 */
	"1 part_start transfer=0 part=3 bytes=8388608\n"                  /* 3 */
	"1 part_done transfer=0 part=3 bytes=8388608 etag=abcDEF\n"       /* 4 */
	"1 request_start request=7 op=UploadPart part=3\n"                /* 5 */
	"@2000000 1 event_set #1 :future.c@announce:40\n"                 /* 6 */
	"0 event_woken #1 waited_ns=5000000 how=timed-out\n";             /* 7 */

/* The numbers of matching events, "2 3 ". */
static void expect(const char *filter, const char *expected)
{
	struct tr_log *log;
	struct tr_filter *f;
	struct xf_error err = XF_ERROR_INIT;
	char got[128] = "";
	if (tr_log_from_text(trace, &log, &err) != XF_OK || tr_filter_parse(filter, &f, &err) != XF_OK)
		fail_msg("%s", err.message);
	for (uint32_t i = tr_filter_find(f, log, 0, 1); i != TR_NONE; i = tr_filter_find(f, log, i + 1, 1))
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u ", i);
	assert_string_equal(got, expected);
	tr_filter_free(f);
	tr_log_close(log);
}

static void expect_error(const char *filter, unsigned column, const char *part)
{
	struct tr_filter *f;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(tr_filter_parse(filter, &f, &err), XF_INVALID);
	assert_int_equal(err.part, column);
	assert_non_null(strstr(err.message, part));
}

static void kinds_groups_and_words(void **state)
{
	(void)state;
	expect("part_done", "4 ");
	expect("part", "2 3 4 ");
	expect("kind=part_*", "2 3 4 ");
	expect("abcdef", "4 ");
	expect("", "0 1 2 3 4 5 6 7 ");
	expect("kind=part_start,mark", "1 2 3 ");
}

static void fields_compare_as_what_they_are(void **state)
{
	(void)state;
	expect("part=3", "3 4 5 ");
	expect("part!=3", "2 ");
	expect("part=1,3-5", "2 3 4 5 ");
	expect("bytes=8MB and kind=part_start", "2 3 ");
	expect("waited_ns>=5ms", "7 ");
	expect("waited_ns>5ms", "");
	expect("etag~CDE", "4 ");
	expect("how=timed-out", "7 ");
	expect("op=UploadPart", "5 ");
	expect("t>=1ms t<2ms", "2 3 4 5 ");
	expect("seq<2", "0 1 ");
}

static void names_of_threads_objects_and_places(void **state)
{
	(void)state;
	expect("thread=request-1 and part", "2 3 4 ");
	expect("thread=1 part", "2 3 4 ");
	expect("object=done", "0 6 7 ");
	expect("object=1 and not event_init", "6 7 ");
	expect("class=signal thread=main", "0 7 ");
	expect("file=future.c line=40 function=ann*", "6 ");
	expect("role=request & part_done || mark", "1 4 ");
}

static void not_binds_tighter_than_and_than_or(void **state)
{
	(void)state;
	expect("mark or part_done part=1", "1 ");
	expect("(mark or part_done) part=3", "4 ");
	expect("!part !sync", "1 5 ");
	expect("not (part or sync)", "1 5 ");
	expect("text~\"part=3\" and part_start", "3 ");
	expect("etag='abc*'", "");
}

static void broken_filters_name_the_place(void **state)
{
	(void)state;
	expect_error("part=3 colour=red", 8, "nothing is called 'colour'");
	expect_error("(part=3", 8, "')' is missing");
	expect_error("part=", 6, "missing at the end");
	expect_error("part=3)", 7, "')' is not expected");
	expect_error("etag=\"abc", 6, "not closed");
	char deep[600];
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	expect_error(deep, 201, "nested too deep");
}

static void every_name_can_be_completed_and_used(void **state)
{
	unsigned n = 0;
	(void)state;
	for (const char *name; (name = tr_filter_name(n)); n++) {
		struct tr_filter *f;
		char text[64];
		snprintf(text, sizeof(text), "%s=1", name);
		assert_int_equal(tr_filter_parse(text, &f, NULL), XF_OK);
		tr_filter_free(f);
	}
	assert_true(n > 40);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(kinds_groups_and_words),
	cmocka_unit_test(fields_compare_as_what_they_are),
	cmocka_unit_test(names_of_threads_objects_and_places),
	cmocka_unit_test(not_binds_tighter_than_and_than_or),
	cmocka_unit_test(broken_filters_name_the_place),
	cmocka_unit_test(every_name_can_be_completed_and_used),
};

T_MAIN(tests)
