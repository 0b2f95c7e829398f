/* text: texts of any origin, made safe for a format. Given, written. */
#include "tests/unit/t.h"

#include <stdlib.h>

#include "tracer/export/text.h"

#define LAST "\xef\xbf\xbf"   /* U+FFFF: well-formed UTF-8, but no character of XML */
#define LOST "\xef\xbf\xbd"   /* U+FFFD */

static const char *written(void (*put)(FILE *, const char *), const char *text)
{
	static char buf[512];
	char *made = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&made, &len);
	put(m, text);
	fclose(m);
	snprintf(buf, sizeof(buf), "%s", made);
	free(made);
	return buf;
}

static void xml_has_no_character_that_xml_has_not(void **state)
{
	(void)state;
	assert_string_equal(written(tr_put_xml, "<a href=\"&'\">\x01\x7f" LAST "\xef\xbf\xbe\xef\xbf\xbd\xff\xed\xa0\x80\xc3\xa9"),
			    "&lt;a href=&quot;&amp;&#39;&quot;&gt;  " LOST LOST LOST LOST LOST LOST LOST "\xc3\xa9");
	assert_string_equal(written(tr_put_xml, NULL), "");
}

static void json_says_control_characters(void **state)
{
	(void)state;
	assert_string_equal(written(tr_put_json, "a\"\\\n\x1b\x7f\xc0\xafz"), "\"a\\\"\\\\\\u000a\\u001b\\u007f" LOST LOST "z\"");
}

static void csv_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	assert_string_equal(written(tr_put_csv, "a b"), "a b");
	assert_string_equal(written(tr_put_csv, "a,\"b\"\r\n"), "\"a,\"\"b\"\"\r\n\"");
	assert_string_equal(written(tr_put_csv, " a"), "\" a\"");
}

static void what_is_cut_within_a_character_is_no_character(void **state)
{
	(void)state;
	assert_string_equal(written(tr_put_utf8, "a\xf0\x9f\x98"), "a" LOST LOST LOST);
	assert_string_equal(written(tr_put_utf8, "\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
}

static void the_other_formats_keep_their_own_marks(void **state)
{
	(void)state;
	assert_string_equal(written(tr_put_dot, "a\"\\\n"), "\"a\\\"\\\\ \"");
	assert_string_equal(written(tr_put_mermaid, "a<b>;\"`"), "a#60;b#62;#59;#34;#96;");
	assert_string_equal(written(tr_put_folded, "a;b\nc"), "a:b_c");
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(xml_has_no_character_that_xml_has_not),
	cmocka_unit_test(json_says_control_characters),
	cmocka_unit_test(csv_is_quoted_where_it_must_be),
	cmocka_unit_test(what_is_cut_within_a_character_is_no_character),
	cmocka_unit_test(the_other_formats_keep_their_own_marks),
};
T_MAIN(tests)
