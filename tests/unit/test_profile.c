#include "t.h"

#include <unistd.h>

#include "core/s3/ini.h"
#include "core/s3/profile.h"
#include "core/s3/words.h"

/* ---- an environment out of "NAME=value" strings */

static const char *list_get(void *ctx, const char *name)
{
	const char *const *list = ctx;
	size_t len = strlen(name);
	for (; *list; list++)
		if (!strncmp(*list, name, len) && (*list)[len] == '=')
			return *list + len + 1;
	return NULL;
}

#define ENV(...) (&(const struct xf_env){ list_get, (void *)(const char *[]){ __VA_ARGS__ __VA_OPT__(,) NULL } })

/* ---- words */

static void words_are_a_shells(void **state)
{
	(void)state;
	static const struct {
		const char *text, *joined; /* with '|' between; NULL: refused */
	} cases[] = {
		{ "", "" }, { "  a  b\tc\n", "a|b|c" }, { "a\\ b c", "a b|c" },
		{ "'a b' \"c d\"", "a b|c d" }, { "a'b'\"c\"d", "abcd" }, { "'' \"\"", "|" },
		{ "\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d" }, { "'a\\'", "a\\" }, { "$HOME `id` *", "$HOME|`id`|*" },
		{ "a # b", "a|#|b" }, { "a ; rm b && c | d > e", "a|;|rm|b|&&|c|||d|>|e" },
		{ "'a", NULL }, { "\"a", NULL }, { "a\\", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char **words, joined[64] = "";
		size_t nr;
		enum xf_status status = xf_words_split(&words, &nr, cases[i].text);
		assert_int_equal(status, cases[i].joined ? XF_OK : XF_INVALID);
		if (status)
			continue;
		for (size_t k = 0; k < nr; k++) {
			strcat(joined, k ? "|" : "");
			strcat(joined, words[k]);
		}
		assert_string_equal(joined, cases[i].joined);
		assert_null(words[nr]);
		free(words);
	}
}

/* ---- one file */

static const char sample[] =
	"\xef\xbb\xbf# comment\n"
	"[default]\r\n"
	"Region = eu-west-1\r\n"
	"  output: json\n"
	"; another\n"
	"[profile \"with space\"]\n"
	"s3 =\n"
	"    addressing_style = path\n"
	"\n"
	"    # inside\n"
	"    max_queue_size=10\n"
	"text = one # not a comment\n"
	"  two = 2\n"
	"url = http://h:1/?a=b\n"
	"empty =\n"
	"[ spaced ]\n"
	"a=b";

static void a_file_is_read_as_configparser_reads_it(void **state)
{
	(void)state;
	struct xf_ini *ini;
	assert_int_equal(xf_ini_parse(&ini, sample, sizeof(sample) - 1, "f", NULL), XF_OK);
	const char *profile = "profile \"with space\"";
	assert_string_equal(xf_ini_get(ini, "default", NULL, "region"), "eu-west-1\noutput: json");
	assert_string_equal(xf_ini_get(ini, profile, "s3", "addressing_style"), "path");
	assert_string_equal(xf_ini_get(ini, profile, "s3", "max_queue_size"), "10");
	assert_string_equal(xf_ini_get(ini, profile, NULL, "text"), "one # not a comment\ntwo = 2");
	assert_string_equal(xf_ini_get(ini, profile, NULL, "url"), "http://h:1/?a=b");
	assert_string_equal(xf_ini_get(ini, profile, NULL, "empty"), "");
	assert_string_equal(xf_ini_get(ini, " spaced ", NULL, "a"), "b");
	assert_null(xf_ini_get(ini, profile, NULL, "region"));
	assert_null(xf_ini_get(ini, "nobody", NULL, "region"));
	assert_null(xf_ini_section(ini, 3));
	xf_ini_free(ini);
}

static void a_default_section_is_behind_all_others(void **state)
{
	(void)state;
	static const char text[] = "[DEFAULT]\na=1\n[x]\nb=2\n[y]\na=3\n";
	struct xf_ini *ini;
	assert_int_equal(xf_ini_parse(&ini, text, strlen(text), "f", NULL), XF_OK);
	assert_string_equal(xf_ini_get(ini, "x", NULL, "a"), "1");
	assert_string_equal(xf_ini_get(ini, "y", NULL, "a"), "3");
	assert_null(xf_ini_get(ini, "z", NULL, "a"));
	xf_ini_free(ini);
}

static void mistakes_are_named_by_line_and_never_quoted(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "SECRET=1\n", "line 1: a setting stands before" },
		{ "[a]\n\nSECRET\n", "line 3: it is neither" },
		{ "[a]\nSECRET=1\nsecret=2\n", "line 3: the setting is there twice" },
		{ "[a]\nSECRET=\n x=1\nSECRET=2\n", "line 4: the setting is there twice" },
		{ "[SECRET]\n[SECRET]\n", "line 2: the section is there twice" },
		{ "[SECRET\n", "line 1: a section's name" },
		{ "[]\n", "line 1: a section's name" },
		{ "[a]\n=SECRET\n", "line 2: it is neither" },
		{ "[a]\ns3=\n  SECRET\n[b]\n", "line 4: a nested setting" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_ini *ini;
		struct xf_error err = XF_ERROR_INIT;
		assert_int_equal(xf_ini_parse(&ini, cases[i].text, strlen(cases[i].text), "the-file", &err), XF_FORMAT);
		assert_null(ini);
		if (!strstr(err.message, cases[i].says) || !strstr(err.message, "the-file"))
			fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].says);
		assert_null(strcasestr(err.message, "secret"));
	}
}

/* ---- the profile */

static struct xf_config *config(const char *conf, const char *cred, const char *profile,
				const struct xf_env *env)
{
	struct xf_config *c;
	struct xf_error err = XF_ERROR_INIT;
	if (xf_config_parse(&c, conf, cred, profile, env, &err))
		fail_msg("%s", err.message);
	return c;
}

static void the_profile_is_found_in_botocores_order(void **state)
{
	(void)state;
	static const char conf[] = "[default]\nk=d\n[profile one]\nk=1\n[profile 'two words']\nk=2\n[three]\nk=3\n";
	static const char cred[] = "[three]\nk=4\n";
	static const struct {
		const char *argument, *vars[2], *expected;
	} cases[] = {
		{ NULL, { "X=", "X=" }, "d" },
		{ "one", { "AWS_PROFILE=two words", "X=" }, "1" },
		{ NULL, { "AWS_PROFILE=two words", "X=" }, "2" },
		{ NULL, { "AWS_PROFILE=one", "AWS_DEFAULT_PROFILE=two words" }, "2" },
		{ "three", { "X=", "X=" }, "4" }, /* only the credentials file names it so */
		{ "", { "AWS_PROFILE=", "X=" }, "d" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_config *c = config(conf, cred, cases[i].argument, ENV(cases[i].vars[0], cases[i].vars[1]));
		assert_string_equal(xf_config_get(c, NULL, "k"), cases[i].expected);
		assert_int_equal(xf_config_profile_explicit(c), cases[i].argument && *cases[i].argument);
		xf_config_free(c);
	}
}

static void a_profile_that_is_nowhere_is_an_error(void **state)
{
	(void)state;
	struct xf_config *c;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_config_parse(&c, "[one]\n", NULL, NULL, ENV("AWS_PROFILE=o\x1bne"), &err), XF_NOT_FOUND);
	assert_non_null(strstr(err.message, "\"o?ne\""));
	assert_null(c);
	assert_int_equal(xf_config_parse(&c, NULL, NULL, "default", ENV(), NULL), XF_NOT_FOUND);
	c = config(NULL, NULL, NULL, ENV()); /* nobody asked for it */
	assert_null(xf_config_get(c, NULL, "region"));
	xf_config_free(c);
}

static void the_credentials_file_wins_in_a_profile(void **state)
{
	(void)state;
	struct xf_config *c = config("[default]\nregion=a\noutput=x\n", "[default]\nregion=b\n", NULL, ENV());
	assert_string_equal(xf_config_get(c, NULL, "region"), "b");
	assert_string_equal(xf_config_get(c, NULL, "output"), "x");
	assert_string_equal(xf_config_get_config_file(c, "region"), "a");
	assert_string_equal(xf_config_get_credentials_file(c, "region"), "b");
	assert_null(xf_config_get_credentials_file(c, "output"));
	xf_config_free(c);
}

/* ---- typed */

#define RESOLVE(out, conf, env)                                                                     \
	do {                                                                                        \
		struct xf_error err_ = XF_ERROR_INIT;                                               \
		c = config(conf, NULL, NULL, env);                                                  \
		if (xf_settings_resolve(&(out), c, &err_))                                          \
			fail_msg("%s", err_.message);                                               \
	} while (0)

static void nothing_configured_is_all_defaults(void **state)
{
	(void)state;
	struct xf_config *c;
	struct xf_settings s, none = { .region = NULL };
	RESOLVE(s, NULL, ENV());
	assert_memory_equal(&s, &none, sizeof(s));
	xf_config_free(c);
}

static void every_setting_is_read_from_the_profile(void **state)
{
	(void)state;
	static const char conf[] =
		"[default]\nregion = eu-north-1\nca_bundle=/ca.pem\nmax_attempts=7\nretry_mode=Standard\n"
		"request_checksum_calculation=when_required\nresponse_checksum_validation=WHEN_REQUIRED\n"
		"endpoint_url = http://global\nuse_dualstack_endpoint=true\n"
		"s3 =\n  addressing_style = virtual\n  payload_signing_enabled = true\n"
		"  use_accelerate_endpoint = false\n  multipart_threshold = 64MB\n  multipart_chunksize = 16MiB\n"
		"  max_bandwidth = 50MB/s\n  max_concurrent_requests = 20\n  max_queue_size = 10000\n";
	struct xf_config *c;
	struct xf_settings s;
	RESOLVE(s, conf, ENV());
	assert_string_equal(s.region, "eu-north-1");
	assert_string_equal(s.ca_bundle, "/ca.pem");
	assert_string_equal(s.endpoint_url, "http://global");
	assert_int_equal(s.max_attempts, 7);
	assert_int_equal(s.retry_mode, XF_RETRY_STANDARD);
	assert_int_equal(s.request_checksum, XF_WHEN_REQUIRED);
	assert_int_equal(s.response_checksum, XF_WHEN_REQUIRED);
	assert_int_equal(s.addressing, XF_ADDRESSING_VIRTUAL);
	assert_int_equal(s.payload_signing, XF_YES);
	assert_int_equal(s.use_accelerate, XF_NO);
	assert_int_equal(s.use_dualstack, XF_YES);
	assert_int_equal(s.multipart_threshold, 64 << 20);
	assert_int_equal(s.multipart_chunksize, 16 << 20);
	assert_int_equal(s.max_bandwidth, 50 << 20);
	assert_int_equal(s.max_concurrent_requests, 20);
	assert_int_equal(s.max_queue_size, 10000);
	xf_config_free(c);
}

static void the_environment_wins_over_the_profile(void **state)
{
	(void)state;
	static const char conf[] = "[default]\nregion=a\nca_bundle=b\nmax_attempts=1\nretry_mode=legacy\n"
				   "request_checksum_calculation=when_supported\n";
	struct xf_config *c;
	struct xf_settings s;
	RESOLVE(s, conf, ENV("AWS_DEFAULT_REGION=r1", "AWS_CA_BUNDLE=ca", "AWS_MAX_ATTEMPTS=9",
			     "AWS_RETRY_MODE=adaptive", "AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED",
			     "REQUESTS_CA_BUNDLE=other"));
	assert_string_equal(s.region, "r1");
	assert_string_equal(s.ca_bundle, "ca");
	assert_int_equal(s.max_attempts, 9);
	assert_int_equal(s.retry_mode, XF_RETRY_ADAPTIVE);
	assert_int_equal(s.request_checksum, XF_WHEN_REQUIRED);
	xf_config_free(c);
	RESOLVE(s, NULL, ENV("AWS_REGION=r2", "AWS_DEFAULT_REGION=r1", "REQUESTS_CA_BUNDLE=other"));
	assert_string_equal(s.region, "r2");
	assert_string_equal(s.ca_bundle, "other");
	xf_config_free(c);
}

static void the_endpoint_is_found_in_botocores_order(void **state)
{
	(void)state;
	static const char conf[] = "[default]\nservices = mine\nendpoint_url = http://profile\n"
				   "[services mine]\ns3 =\n  endpoint_url = http://service\n"
				   "dynamodb =\n  endpoint_url = http://other\n";
	static const struct {
		const char *vars[3], *expected;
	} cases[] = {
		{ { "AWS_ENDPOINT_URL_S3=http://s3", "AWS_ENDPOINT_URL=http://all", "X=" }, "http://s3" },
		{ { "AWS_ENDPOINT_URL=http://all", "X=", "X=" }, "http://all" },
		{ { "AWS_ENDPOINT_URL=", "X=", "X=" }, "http://service" },
		{ { "AWS_ENDPOINT_URL_S3=http://s3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "X=" }, NULL },
		{ { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "X=", "X=" }, "http://service" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_config *c;
		struct xf_settings s;
		RESOLVE(s, conf, ENV(cases[i].vars[0], cases[i].vars[1], cases[i].vars[2]));
		if (cases[i].expected)
			assert_string_equal(s.endpoint_url, cases[i].expected);
		else
			assert_null(s.endpoint_url);
		xf_config_free(c);
	}
}

static void assert_invalid(const char *conf, const struct xf_env *env, const char *says)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_settings s;
	struct xf_config *c = config(conf, NULL, NULL, env);
	assert_int_equal(xf_settings_resolve(&s, c, &err), XF_INVALID);
	if (!strstr(err.message, says))
		fail_msg("\"%s\" does not say \"%s\"", err.message, says);
	xf_config_free(c);
}

static void wrong_values_are_named_with_where_they_stand(void **state)
{
	(void)state;
	assert_invalid(NULL, ENV("AWS_MAX_ATTEMPTS=many"), "AWS_MAX_ATTEMPTS is \"many\"");
	assert_invalid(NULL, ENV("AWS_MAX_ATTEMPTS=0"), "AWS_MAX_ATTEMPTS is \"0\"");
	assert_invalid(NULL, ENV("AWS_MAX_ATTEMPTS=4294967296"), "AWS_MAX_ATTEMPTS");
	assert_invalid(NULL, ENV("AWS_RETRY_MODE=fast"), "legacy, standard, adaptive");
	assert_invalid("[default]\nmax_attempts=-1\n", ENV(), "max_attempts is \"-1\"");
	assert_invalid("[default]\ns3=\n  multipart_threshold = big\n", ENV(), "multipart_threshold is \"big\"");
	assert_invalid("[default]\ns3=\n  addressing_style = round\n", ENV(), "auto, path, virtual");
	assert_invalid("[default]\nservices = none\n", ENV(), "services section \"none\"");
}

static void sizes_and_rates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t size, rate; /* 0: refused */
	} cases[] = {
		{ "8MB", 8 << 20, 8 << 20 },      { "8mib", 8 << 20, 8 << 20 },   { "8388608", 8388608, 8388608 },
		{ "1KB", 1024, 1024 },            { "2GB", 2ull << 30, 2ull << 30 }, { "3TiB", 3ull << 40, 3ull << 40 },
		{ "50MB/s", 0, 50 << 20 },        { "8Mb/s", 0, 1 << 20 },        { "8388608b/s", 0, 1 << 20 },
		{ "100B/s", 0, 100 },             { "", 0, 0 },                   { "MB", 0, 0 },
		{ "8 MB", 0, 0 },                 { "-1", 0, 0 },                 { "8XB", 0, 0 },
		{ "99999999999TB", 0, 0 },        { "18446744073709551616", 0, 0 }, { "1.5MB", 0, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t size = 0, rate = 0;
		assert_int_equal(xf_size_parse(&size, cases[i].text), cases[i].size ? XF_OK : XF_INVALID);
		assert_int_equal(xf_rate_parse(&rate, cases[i].text), cases[i].rate ? XF_OK : XF_INVALID);
		if (cases[i].size)
			assert_int_equal(size, cases[i].size);
		if (cases[i].rate)
			assert_int_equal(rate, cases[i].rate);
	}
}

/* ---- files */

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void files_are_found_by_variable_or_below_home(void **state)
{
	(void)state;
	char folder[] = "/tmp/xf-profile-XXXXXX", aws[64], conf[64], cred[64], home[64], named[64], gone[64];
	assert_non_null(mkdtemp(folder));
	snprintf(aws, sizeof(aws), "mkdir %s/.aws", folder);
	assert_int_equal(system(aws), 0);
	snprintf(conf, sizeof(conf), "%s/.aws/config", folder);
	snprintf(cred, sizeof(cred), "%s/other", folder);
	snprintf(home, sizeof(home), "HOME=%s", folder);
	snprintf(gone, sizeof(gone), "AWS_CONFIG_FILE=%s/gone", folder);
	snprintf(named, sizeof(named), "AWS_SHARED_CREDENTIALS_FILE=~/other");
	write_text(conf, "[default]\nregion=here\n");
	write_text(cred, "[default]\naws_access_key_id=AK\n");
	struct xf_config *c;
	assert_int_equal(xf_config_load(&c, NULL, ENV(home, named), NULL), XF_OK);
	assert_string_equal(xf_config_get(c, NULL, "region"), "here");
	assert_string_equal(xf_config_get_credentials_file(c, "aws_access_key_id"), "AK");
	xf_config_free(c);
	assert_int_equal(xf_config_load(&c, NULL, ENV(home, gone), NULL), XF_OK); /* missing: empty */
	assert_null(xf_config_get(c, NULL, "region"));
	xf_config_free(c);
	snprintf(gone, sizeof(gone), "AWS_CONFIG_FILE=%s", folder); /* a folder: empty, as botocore */
	assert_int_equal(xf_config_load(&c, NULL, ENV(gone), NULL), XF_OK);
	xf_config_free(c);
	snprintf(aws, sizeof(aws), "rm -r %s", folder);
	assert_int_equal(system(aws), 0);
}

static bool load_and_resolve(void *ctx)
{
	(void)ctx;
	struct xf_config *c;
	struct xf_settings s;
	static const char conf[] = "[profile a]\nservices=m\ns3=\n  max_queue_size=3\n[services m]\ns3=\n  endpoint_url=u\n";
	const struct xf_env *env = ENV();
	if (xf_config_parse(&c, conf, "[x]\ny=z\n", "a", env, NULL))
		return false;
	bool ok = !xf_settings_resolve(&s, c, NULL) && s.max_queue_size == 3;
	xf_config_free(c);
	return ok;
}

/* Choosing a section splits its name, and a name that could not be split is passed over: not found, not wrong. */
static void survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(t_each_alloc_fails(load_and_resolve, NULL) > 10);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(words_are_a_shells),
	cmocka_unit_test(a_file_is_read_as_configparser_reads_it),
	cmocka_unit_test(a_default_section_is_behind_all_others),
	cmocka_unit_test(mistakes_are_named_by_line_and_never_quoted),
	cmocka_unit_test(the_profile_is_found_in_botocores_order),
	cmocka_unit_test(a_profile_that_is_nowhere_is_an_error),
	cmocka_unit_test(the_credentials_file_wins_in_a_profile),
	cmocka_unit_test(nothing_configured_is_all_defaults),
	cmocka_unit_test(every_setting_is_read_from_the_profile),
	cmocka_unit_test(the_environment_wins_over_the_profile),
	cmocka_unit_test(the_endpoint_is_found_in_botocores_order),
	cmocka_unit_test(wrong_values_are_named_with_where_they_stand),
	cmocka_unit_test(sizes_and_rates),
	cmocka_unit_test(files_are_found_by_variable_or_below_home),
	cmocka_unit_test(survives_every_failed_allocation),
};
T_MAIN(tests)
