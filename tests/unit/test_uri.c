/* uri: destinations, and the keys files get below them. */
#include "tests/unit/t.h"

#include "tui/command/uri.h"

static void key_is(const char *destination, const char *file, const char *expected)
{
	struct xf_error err = XF_ERROR_INIT;
	struct ui_uri uri;
	char key[1025];

	assert_int_equal(ui_uri_parse(destination, &uri, &err), XF_OK);
	assert_int_equal(ui_uri_key_for(&uri, file, key, &err), XF_OK);
	assert_string_equal(key, expected);
}

static void files_keep_their_names_below_a_prefix(void **state)
{
	(void)state;
	key_is("s3://b/k", "dir/a.bin", "k");
	key_is("s3://b/p/q", "a.bin", "p/q");
	key_is("s3://b/p/", "dir/a.bin", "p/a.bin");
	key_is("s3://b/", "/abs/a.bin", "a.bin");
	key_is("s3://b", "a.bin", "a.bin");
	key_is("s3://b/k?x=1", "a", "k?x=1");
	key_is("s3://b//k", "a", "/k");
	key_is("s3://b/k", "-", "k");
}

static void what_is_no_destination_is_refused(void **state)
{
	static const char *const bad[] = { "", "b/k", "s3:/b/k", "http://b/k", "s3://", "s3:///k", "S3://b/k" };
	struct ui_uri uri;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct xf_error err = XF_ERROR_INIT;
		assert_int_equal(ui_uri_parse(bad[i], &uri, &err), XF_INVALID);
		assert_true(*err.message != 0);
	}
}

static void keys_have_an_end(void **state)
{
	struct xf_error err = XF_ERROR_INIT;
	char text[1100] = "s3://b/";
	struct ui_uri uri;

	(void)state;
	memset(text + 7, 'k', 1024);
	assert_int_equal(ui_uri_parse(text, &uri, &err), XF_OK);
	text[7 + 1024] = 'k';
	assert_int_equal(ui_uri_parse(text, &uri, &err), XF_INVALID);
}

static void standard_input_has_no_name_to_keep(void **state)
{
	struct xf_error err = XF_ERROR_INIT;
	struct ui_uri uri;
	char key[1025];

	(void)state;
	assert_int_equal(ui_uri_parse("s3://b/p/", &uri, &err), XF_OK);
	assert_int_equal(ui_uri_key_for(&uri, "-", key, &err), XF_INVALID);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(files_keep_their_names_below_a_prefix),
	cmocka_unit_test(what_is_no_destination_is_refused),
	cmocka_unit_test(keys_have_an_end),
	cmocka_unit_test(standard_input_has_no_name_to_keep),
};

T_MAIN(tests)
