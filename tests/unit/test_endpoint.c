/* The endpoint's parts that need no network: listing, ranges, conditions, fault rules, records, store. */
#include "tests/unit/t.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/endpoint/body.h"
#include "core/endpoint/endpoint.h"
#include "core/endpoint/fault.h"
#include "core/endpoint/form.h"
#include "core/endpoint/list.h"
#include "core/endpoint/message.h"
#include "core/endpoint/range.h"
#include "core/endpoint/record.h"
#include "core/endpoint/store.h"
#include "core/endpoint/text.h"

/* ---- list: keys in, entries out, as one line; '>' stands for "there is more" */

struct keys {
	const char *items[16];
	size_t count;
};

static const char *key_at(const void *ctx, size_t i)
{
	return ((const struct keys *)ctx)->items[i];
}

static const char *listed(const struct keys *keys, const char *prefix, const char *delimiter,
			  const char *after, size_t max)
{
	static char line[256];
	struct xf_ep_list_entry entries[16];
	struct xf_ep_list_page page = { .entries = entries };
	struct xf_ep_list_query query = { prefix, delimiter, after, max };

	xf_ep_list(&query, keys, keys->count, key_at, &page);
	line[0] = '\0';
	for (size_t i = 0; i < page.count; i++) {
		const char *key = keys->items[entries[i].index];
		int len = entries[i].prefix_len ? (int)entries[i].prefix_len : (int)strlen(key);
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%.*s", i ? " " : "", len, key);
	}
	if (page.truncated)
		strcat(line, " >");
	return line;
}

static const struct keys tree = { { "a", "b/1", "b/2", "b/c/3", "c", "d/1", "e" }, 7 };

static void a_list_rolls_up_at_the_delimiter(void **state)
{
	(void)state;
	assert_string_equal(listed(&tree, "", "", "", 9), "a b/1 b/2 b/c/3 c d/1 e");
	assert_string_equal(listed(&tree, "", "/", "", 9), "a b/ c d/ e");
	assert_string_equal(listed(&tree, "b/", "/", "", 9), "b/1 b/2 b/c/");
	assert_string_equal(listed(&tree, "b", "/", "", 9), "b/");
	assert_string_equal(listed(&tree, "x", "/", "", 9), "");
	assert_string_equal(listed(&tree, "", "/1", "", 9), "a b/1 b/2 b/c/3 c d/1 e");
}

static void a_page_starts_behind_its_marker(void **state)
{
	(void)state;
	assert_string_equal(listed(&tree, "", "/", "", 2), "a b/ >");
	assert_string_equal(listed(&tree, "", "/", "b/", 2), "c d/ >");
	assert_string_equal(listed(&tree, "", "/", "d/", 2), "e");
	assert_string_equal(listed(&tree, "", "", "b/2", 2), "b/c/3 c >");
	assert_string_equal(listed(&tree, "", "", "b/1x", 9), "b/2 b/c/3 c d/1 e");
	assert_string_equal(listed(&tree, "", "", "e", 9), "");
	assert_string_equal(listed(&tree, "", "", "", 7), "a b/1 b/2 b/c/3 c d/1 e");
	assert_string_equal(listed(&tree, "", "", "", 0), "");
	/* inside a prefix, what is left of it still rolls up */
	assert_string_equal(listed(&tree, "", "/", "b/1", 9), "b/ c d/ e");
}

static void keys_with_high_bytes_stay_in_order(void **state)
{
	struct keys keys = { { "a", "\xc3\xa9/1", "\xc3\xa9/2", "\xff" "x", "\xff/y" }, 3 };

	(void)state;
	assert_string_equal(listed(&keys, "", "/", "", 9), "a \xc3\xa9/");
	assert_string_equal(listed(&keys, "", "/", "\xc3\xa9/", 9), "");
}

/* ---- ranges and conditions */

static void ranges_select_bytes(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum xf_ep_range result;
		uint64_t first, length;
	} cases[] = {
		{ NULL, 10, XF_EP_RANGE_ALL, 0, 10 },
		{ "bytes=0-0", 10, XF_EP_RANGE_PART, 0, 1 },
		{ "bytes=2-5", 10, XF_EP_RANGE_PART, 2, 4 },
		{ "bytes=2-", 10, XF_EP_RANGE_PART, 2, 8 },
		{ "bytes=2-99", 10, XF_EP_RANGE_PART, 2, 8 },
		{ "bytes=-3", 10, XF_EP_RANGE_PART, 7, 3 },
		{ "bytes=-30", 10, XF_EP_RANGE_PART, 0, 10 },
		{ "bytes=0-18446744073709551615", 10, XF_EP_RANGE_PART, 0, 10 },
		{ "bytes=10-", 10, XF_EP_RANGE_OUTSIDE, 0, 10 },
		{ "bytes=-0", 10, XF_EP_RANGE_OUTSIDE, 0, 10 },
		{ "bytes=0-", 0, XF_EP_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=5-2", 10, XF_EP_RANGE_ALL, 0, 10 },
		{ "bytes=0-1,3-4", 10, XF_EP_RANGE_ALL, 0, 10 },
		{ "bytes=18446744073709551616-", 10, XF_EP_RANGE_OUTSIDE, 0, 10 },
		{ "bytes=2-18446744073709551616", 10, XF_EP_RANGE_PART, 2, 8 },
		{ "lines=0-1", 10, XF_EP_RANGE_ALL, 0, 10 },
		{ "bytes=", 10, XF_EP_RANGE_ALL, 0, 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t first, length;
		assert_int_equal(xf_ep_range_parse(cases[i].header, cases[i].size, &first, &length),
				 cases[i].result);
		assert_int_equal(first, cases[i].first);
		assert_int_equal(length, cases[i].length);
	}
}

static void a_copy_range_is_exact(void **state)
{
	uint64_t first, length;

	(void)state;
	assert_true(xf_ep_range_copy("bytes=2-9", 10, &first, &length));
	assert_int_equal(first, 2);
	assert_int_equal(length, 8);
	assert_false(xf_ep_range_copy("bytes=2-10", 10, &first, &length));
	assert_false(xf_ep_range_copy("bytes=2-", 10, &first, &length));
	assert_false(xf_ep_range_copy("bytes=3-2", 10, &first, &length));
	assert_false(xf_ep_range_copy("2-3", 10, &first, &length));
}

static void conditions_have_an_order(void **state)
{
	static const char old[] = "Mon, 01 Jan 2001 00:00:00 GMT", new[] = "Fri, 01 Jan 2100 00:00:00 GMT";
	struct xf_ep_conditions c = { 0 };

	(void)state;
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_HOLDS);
	c = (struct xf_ep_conditions){ .if_match = "\"e\"", .if_unmodified_since = old };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_HOLDS);
	c = (struct xf_ep_conditions){ .if_match = "\"x\", e" };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_HOLDS);
	c = (struct xf_ep_conditions){ .if_match = "\"ee\"" };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_FAILED);
	c = (struct xf_ep_conditions){ .if_unmodified_since = old };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_FAILED);
	c = (struct xf_ep_conditions){ .if_none_match = "W/\"e\"" };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_NOT_MODIFIED);
	c = (struct xf_ep_conditions){ .if_none_match = "\"x\"", .if_modified_since = new };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_HOLDS);
	c = (struct xf_ep_conditions){ .if_modified_since = new };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_NOT_MODIFIED);
	c = (struct xf_ep_conditions){ .if_modified_since = "no date" };
	assert_int_equal(xf_ep_conditions_check(&c, "e", 1700000000), XF_EP_CONDITION_HOLDS);
}

/* ---- names */

static void host_names_name_buckets(void **state)
{
	(void)state;
	assert_int_equal(xf_ep_host_bucket("localhost:80", NULL), 0);
	assert_int_equal(xf_ep_host_bucket("127.0.0.1:80", NULL), 0);
	assert_int_equal(xf_ep_host_bucket("[::1]:80", NULL), 0);
	assert_int_equal(xf_ep_host_bucket("abc.localhost:80", NULL), 3);
	assert_int_equal(xf_ep_host_bucket("a.b.c.localhost", NULL), 5);
	assert_int_equal(xf_ep_host_bucket("s3.localhost", NULL), 0);
	assert_int_equal(xf_ep_host_bucket("abc.s3.localhost", NULL), 3);
	assert_int_equal(xf_ep_host_bucket("abc.s3.amazonaws.com", NULL), 3);
	assert_int_equal(xf_ep_host_bucket("a.b.s3.eu-west-1.amazonaws.com", NULL), 3);
	assert_int_equal(xf_ep_host_bucket("abc.s3-eu-west-1.amazonaws.com:443", NULL), 3);
	assert_int_equal(xf_ep_host_bucket("s3.eu-west-1.amazonaws.com", NULL), 0);
	assert_int_equal(xf_ep_host_bucket("abc.test", "test"), 3);
	assert_int_equal(xf_ep_host_bucket("abc.example.com", NULL), 0);
}

static void bucket_names_follow_the_rules(void **state)
{
	static const char *const good[] = { "abc", "a-b.c", "123", "a1b2" };
	static const char *const bad[] = { "ab", "Abc", "a_b", "a..b", "-ab", "ab-", "1.2.3.4", "xn--a", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(xf_ep_bucket_name_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(xf_ep_bucket_name_ok(bad[i]));
}

static void older_bucket_names_are_safe_as_file_names(void **state)
{
	static const char *const good[] = { "b", "ab", "My_Bucket", "a.b-", "abc" };
	static const char *const bad[] = { "", ".", "..", "a..b", "a/b", "_a", "a b", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(xf_ep_bucket_name_old(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(xf_ep_bucket_name_old(bad[i]));
}

/* ---- fault rules */

static void rules_are_parsed(void **state)
{
	struct xf_ep_fault f;

	(void)state;
	assert_int_equal(xf_ep_fault_parse(&f, "part=3,hold=2s", NULL), XF_OK);
	assert_int_equal(f.part, 3);
	assert_int_equal(f.harm.hold_ns, 2000000000);
	xf_ep_fault_fini(&f);
	assert_int_equal(xf_ep_fault_parse(&f, "op=UploadPart,status=503,times=2,after=1,retry-after=7", NULL), XF_OK);
	assert_string_equal(f.op, "UploadPart");
	assert_int_equal(f.harm.status, 503);
	assert_int_equal(f.times, 2);
	assert_int_equal(f.after, 1);
	assert_int_equal(f.harm.retry_after_s, 7);
	xf_ep_fault_fini(&f);
	assert_int_equal(xf_ep_fault_parse(&f, "bandwidth=50MB", NULL), XF_OK);
	assert_int_equal(f.harm.bandwidth, 50 << 20);
	xf_ep_fault_fini(&f);
	assert_int_equal(xf_ep_fault_parse(&f, "key=a*,reset=mid,early", NULL), XF_OK);
	assert_int_equal(f.harm.reset, XF_EP_MID);
	assert_true(f.harm.early);
	xf_ep_fault_fini(&f);
}

static void a_bad_rule_is_explained(void **state)
{
	static const struct {
		const char *rule, *word, *allowed;
	} cases[] = {
		{ "part=3,hurt", "\"hurt\"", "no-continue" },
		{ "part=0,reset", "\"part=0\"", "part=10000" },
		{ "op=fly,reset", "\"op=fly\"", "complete" },
		{ "hold=soon", "\"hold=soon\"", "200ms" },
		{ "status=200", "\"status=200\"", "599" },
		{ "truncate=1", "\"truncate=1\"", "without a value" },
		{ "reset=now", "\"reset=now\"", "reset=mid" },
		{ "part=3", "does nothing", "hold" },
		{ "", "unknown word", "bandwidth" },
		{ "hold=1s,,reset", "unknown word", "bandwidth" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_error err = XF_ERROR_INIT;
		struct xf_ep_fault f;
		assert_int_equal(xf_ep_fault_parse(&f, cases[i].rule, &err), XF_INVALID);
		assert_non_null(strstr(err.message, cases[i].rule));
		assert_non_null(strstr(err.message, cases[i].word));
		assert_non_null(strstr(err.message, cases[i].allowed));
	}
}

static bool hurts(struct xf_ep_fault *f, const char *op, const char *word, const char *key, uint64_t part)
{
	struct xf_ep_fault_subject subject = { op, word, key, part };
	struct xf_ep_harm harm = { 0 };

	xf_ep_fault_match(f, 1, &subject, &harm);
	return harm.status != 0;
}

static void rules_match_and_count(void **state)
{
	struct xf_ep_fault f;

	(void)state;
	assert_int_equal(xf_ep_fault_parse(&f, "op=part,part=2,after=1,times=2,status=500", NULL), XF_OK);
	assert_false(hurts(&f, "UploadPart", "part", "k", 1));
	assert_false(hurts(&f, "UploadPart", "part", "k", 2)); /* the first is let through */
	assert_true(hurts(&f, "UploadPart", "part", "k", 2));
	assert_false(hurts(&f, "UploadPart", "part", "k", 3));
	assert_true(hurts(&f, "UploadPart", "part", "k", 2));
	assert_false(hurts(&f, "UploadPart", "part", "k", 2));
	xf_ep_fault_fini(&f);
	assert_int_equal(xf_ep_fault_parse(&f, "key=*.tmp,status=500", NULL), XF_OK);
	assert_true(hurts(&f, "PutObject", "put", "a/b.tmp", 0));
	assert_false(hurts(&f, "PutObject", "put", "a/b", 0));
	xf_ep_fault_fini(&f);
}

static void the_first_of_two_rules_wins(void **state)
{
	struct xf_ep_fault f[2];
	struct xf_ep_fault_subject subject = { "PutObject", "put", "k", 0 };
	struct xf_ep_harm harm = { 0 };

	(void)state;
	assert_int_equal(xf_ep_fault_parse(&f[0], "status=500,latency=1ms", NULL), XF_OK);
	assert_int_equal(xf_ep_fault_parse(&f[1], "status=503,hold=2ms,noetag", NULL), XF_OK);
	xf_ep_fault_match(f, 2, &subject, &harm);
	assert_int_equal(harm.status, 500);
	assert_int_equal(harm.latency_ns, 1000000);
	assert_int_equal(harm.hold_ns, 2000000);
	assert_true(harm.noetag);
	xf_ep_fault_fini(&f[0]);
	xf_ep_fault_fini(&f[1]);
}

static void bandwidth_is_shared(void **state)
{
	struct xf_ep_fault f;

	(void)state;
	assert_int_equal(xf_ep_fault_parse(&f, "bandwidth=1000", NULL), XF_OK);
	assert_int_equal(xf_ep_fault_pace(&f, 500, 5000000000, 5000000000), 500000000);
	assert_int_equal(xf_ep_fault_pace(&f, 500, 5000000000, 5000000000), 1000000000);
	assert_int_equal(xf_ep_fault_pace(&f, 500, 9000000000, 9000000000), 500000000);
	/* what the line could have carried meanwhile is made up for: all of 20 ms, 50 ms of four seconds, never of before the request */
	assert_int_equal(xf_ep_fault_pace(&f, 500, 9000000000, 9520000000), 480000000);
	assert_int_equal(xf_ep_fault_pace(&f, 500, 9000000000, 14000000000), 450000000);
	assert_int_equal(xf_ep_fault_pace(&f, 500, 20000000000, 20000000000), 500000000);
	xf_ep_fault_fini(&f);
}

static void amounts_are_read(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(xf_ep_parse_duration("20ms", &v) && v == 20000000);
	assert_true(xf_ep_parse_duration("3s", &v) && v == 3000000000);
	assert_true(xf_ep_parse_duration("1.5s", &v) && v == 1500000000);
	assert_true(xf_ep_parse_duration("2", &v) && v == 2000000000);
	assert_false(xf_ep_parse_duration("", &v));
	assert_false(xf_ep_parse_duration("-1s", &v));
	assert_false(xf_ep_parse_duration("1.s", &v));
	assert_false(xf_ep_parse_duration("999999999999999h", &v));
	assert_true(xf_ep_parse_size("8MB", &v) && v == 8 << 20);
	assert_true(xf_ep_parse_size("8MiB/s", &v) && v == 8 << 20);
	assert_false(xf_ep_parse_size("8XB", &v));
}

/* ---- aws-chunked */

static bool collect(void *ctx, const void *data, size_t len)
{
	xf_buf_add(ctx, data, len);
	return true;
}

/* Feeds the text in pieces of `step` bytes. */
static enum xf_ep_code unchunked(const char *text, bool trailers, size_t step, struct xf_buf *out,
				 char *trailer)
{
	struct xf_ep_body b;
	size_t len = strlen(text);

	xf_buf_reset(out);
	assert_int_equal(xf_ep_body_init(&b, true, trailers, NULL, collect, out), XF_OK);
	for (size_t i = 0; i < len; i += step)
		xf_ep_body_feed(&b, text + i, len - i < step ? len - i : step);
	enum xf_ep_code code = xf_ep_body_end(&b);
	const char *value = xf_headers_get(&b.fields, "x-amz-checksum-crc32");
	strcpy(trailer, value ? value : "");
	xf_ep_body_fini(&b);
	return code;
}

static void chunks_are_taken_apart_at_any_cut(void **state)
{
	static const char text[] = "5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32: abc=\r\n\r\n";
	struct xf_buf out = XF_BUF_INIT;
	char trailer[64];

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(unchunked(text, true, step, &out, trailer), XF_EP_NONE);
		assert_string_equal(xf_buf_text(&out), "hello");
		assert_string_equal(trailer, "abc=");
	}
	xf_buf_fini(&out);
}

static void broken_chunks_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum xf_ep_code code;
	} cases[] = {
		{ "", XF_EP_IncompleteBody },
		{ "5\r\nhel", XF_EP_IncompleteBody },
		{ "5\r\nhello\r\n", XF_EP_IncompleteBody },
		{ "5\r\nhello\r\n0\r\n", XF_EP_IncompleteBody },
		{ "5\r\nhelloXX0\r\n\r\n", XF_EP_IncompleteBody },
		{ "x\r\n", XF_EP_IncompleteBody },
		{ "ffffffffffffffff\r\n", XF_EP_IncompleteBody },
		{ "0\r\n\r\nmore", XF_EP_IncompleteBody },
		{ "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", XF_EP_InvalidChunkSizeError },
		{ "0\r\nno colon\r\n\r\n", XF_EP_MalformedTrailerError },
	};
	struct xf_buf out = XF_BUF_INIT;
	char trailer[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(unchunked(cases[i].text, true, 3, &out, trailer), cases[i].code);
	xf_buf_fini(&out);
}

/* ---- forms */

struct seen_form {
	struct xf_ep_form form;
	struct xf_buf file;
	size_t fields_then; /* how many were there when the file began */
};

static bool collect_file(void *ctx, const void *data, size_t len)
{
	xf_buf_add(&((struct seen_form *)ctx)->file, data, len);
	return true;
}

static void count_fields(void *ctx)
{
	struct seen_form *seen = ctx;

	seen->fields_then = seen->form.fields.nr;
}

static enum xf_ep_form_fault formed(struct seen_form *seen, const char *text, size_t step)
{
	size_t len = strlen(text);

	*seen = (struct seen_form){ .fields_then = 99 };
	xf_ep_form_init(&seen->form, "xx", collect_file, count_fields, seen);
	for (size_t i = 0; i < len; i += step)
		xf_ep_form_feed(&seen->form, text + i, len - i < step ? len - i : step);
	return xf_ep_form_end(&seen->form);
}

static void seen_fini(struct seen_form *seen)
{
	xf_ep_form_fini(&seen->form);
	xf_buf_fini(&seen->file);
}

static void forms_are_taken_apart_at_any_cut(void **state)
{
	static const char text[] =
		"preamble\r\n--xx \r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n--xb\r\n"
		"--xx\r\ncontent-disposition: form-data; name=KEY\r\n\r\nc\r\n"
		"--xx\r\nContent-Type: x/y; name=\"no\"\r\nContent-Disposition: form-data; x; name=\"file\"; filename=\"a\\\"b;c\"\r\n\r\n"
		"\r\r\n-\r\n--x\r\r\n--xx\r\nContent-Disposition: form-data; name=\"later\"\r\n\r\nz\r\n--xx--";
	struct seen_form seen;

	(void)state;
	for (size_t step = 1; step <= sizeof(text); step++) {
		assert_int_equal(formed(&seen, text, step), XF_EP_FORM_GOOD);
		assert_string_equal(xf_headers_get(&seen.form.fields, "key"), "a\r\n--xb,c");
		assert_string_equal(xf_buf_text(&seen.file), "\r\r\n-\r\n--x\r");
		assert_string_equal(seen.form.file_name, "a\"b;c");
		assert_int_equal(seen.fields_then, 1);
		assert_int_equal(seen.form.size, seen.file.len);
		seen_fini(&seen);
	}
}

static void broken_forms_are_refused(void **state)
{
#define FILE_PART "--xx\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nd\r\n"
	static const struct {
		const char *text;
		enum xf_ep_form_fault fault;
	} cases[] = {
		{ "", XF_EP_FORM_MALFORMED },
		{ "--xx", XF_EP_FORM_MALFORMED },
		{ "--xx--", XF_EP_FORM_FILES },
		{ "--xxx\r\n", XF_EP_FORM_MALFORMED },
		{ "--xx\r\n\r\nno name\r\n--xx--", XF_EP_FORM_MALFORMED },
		{ FILE_PART, XF_EP_FORM_MALFORMED },
		{ FILE_PART "--xx-", XF_EP_FORM_MALFORMED },
		{ FILE_PART "--xx--", XF_EP_FORM_GOOD },
		{ FILE_PART FILE_PART "--xx--", XF_EP_FORM_FILES },
		{ "--xx\r\nContent-Disposition: file; name=\"file\"\r\n\r\nd\r\n--xx--", XF_EP_FORM_FILES },
	};
	struct seen_form seen;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(formed(&seen, cases[i].text, 3), cases[i].fault);
		seen_fini(&seen);
	}
}

/* Behind the file nothing is counted, so nothing may be kept. */
static void a_part_with_many_names_has_the_last(void **state)
{
	static const char header[] = "Content-Disposition: form-data; name=\"a-name\"; filename=\"a-file\"\r\n";
	struct seen_form seen;

	(void)state;
	assert_int_equal(formed(&seen, FILE_PART "--xx\r\n", 7), XF_EP_FORM_MALFORMED);
	seen.form.fault = XF_EP_FORM_GOOD;
	for (int i = 0; i < 1000; i++)
		xf_ep_form_feed(&seen.form, header, sizeof(header) - 1);
	assert_string_equal(xf_buf_text(&seen.form.name), "a-name");
	assert_string_equal(xf_buf_text(&seen.form.filename), "a-file");
	seen_fini(&seen);
}

static bool form_is_read(void *ctx)
{
	struct seen_form seen;
	bool good = formed(&seen, "--xx\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
				  "--xx\r\nContent-Disposition: form-data; name=a\r\n\r\n2\r\n" FILE_PART "--xx--", 7) == XF_EP_FORM_GOOD;
	const char *value = xf_headers_get(&seen.form.fields, "a");

	(void)ctx;
	assert_true(!good || (!strcmp(value, "1,2") && seen.form.size == 1));
	seen_fini(&seen);
	return good;
}

static void a_form_survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(t_each_alloc_fails(form_is_read, NULL) > 4);
}

static void a_boundary_is_read(void **state)
{
	char out[XF_EP_BOUNDARY_MAX + 1];

	(void)state;
	assert_true(xf_ep_form_boundary("multipart/form-data; charset=utf-8; Boundary=\"a b:c\"", out));
	assert_string_equal(out, "a b:c");
	assert_true(xf_ep_form_boundary("Multipart/Form-Data;boundary=---x", out));
	assert_string_equal(out, "---x");
	assert_true(xf_ep_form_boundary("multipart/form-data", out));
	assert_string_equal(out, "");
	assert_true(xf_ep_form_boundary("multipart/form-data; boundary=\"ends with a space \"", out));
	assert_string_equal(out, "");
	assert_false(xf_ep_form_boundary("multipart/form-database; boundary=x", out));
	assert_false(xf_ep_form_boundary(NULL, out));
}

/* ---- records and the store */

static void a_record_comes_back_or_is_refused(void **state)
{
	struct xf_headers in = XF_HEADERS_INIT, out = XF_HEADERS_INIT;
	struct xf_buf text = XF_BUF_INIT;

	(void)state;
	xf_headers_add(&in, "key", "a=b\nc%");
	xf_headers_add(&in, "key", "");
	xf_ep_record_format(&text, &in);
	assert_int_equal(xf_ep_record_parse(&out, text.data, text.len), XF_OK);
	assert_int_equal(out.nr, 2);
	assert_string_equal(out.items[0].value, "a=b\nc%");
	for (size_t len = 0; len < text.len; len++) {
		struct xf_headers cut = XF_HEADERS_INIT;
		assert_int_equal(xf_ep_record_parse(&cut, text.data, len), XF_FORMAT);
		xf_headers_fini(&cut);
	}
	text.data[16] = '9';
	assert_int_equal(xf_ep_record_parse(&out, text.data, text.len), XF_VERSION);
	xf_headers_fini(&in);
	xf_headers_fini(&out);
	xf_buf_fini(&text);
}

static struct xf_ep_object *object(struct xf_ep_store *s, const char *key, const char *data)
{
	struct xf_ep_object *o = xf_ep_object_new(key);
	struct xf_ep_piece piece = { .number = 1, .size = strlen(data), .etag = "tag",
				     .blob = xf_ep_store_blob(s, strlen(data)) };

	strcpy(o->etag, "tag");
	assert_non_null(piece.blob);
	assert_int_equal(xf_ep_blob_write(piece.blob, data, strlen(data)), XF_OK);
	assert_int_equal(xf_ep_blob_seal(piece.blob), XF_OK);
	assert_true(xf_ep_object_add_piece(o, &piece));
	return o;
}

static enum xf_status put(struct xf_ep_store *s, const char *key, const char *data, struct xf_ep_guard guard)
{
	struct xf_ep_object *o = object(s, key, data);
	enum xf_status status = xf_ep_object_publish(s, "bkt", o, guard);

	xf_ep_object_release(o);
	return status;
}

static uint64_t serial(struct xf_ep_store *s, const char *key)
{
	struct xf_ep_object *o = xf_ep_object_find(s, "bkt", key);
	uint64_t n = o ? o->serial : 0;

	xf_ep_object_release(o);
	return n;
}

static void a_guard_lets_one_writer_win(void **state)
{
	struct xf_ep_store *s;

	(void)state;
	assert_int_equal(xf_ep_store_open(&s, NULL, NULL), XF_OK);
	assert_int_equal(put(s, "k", "x", (struct xf_ep_guard){ 0 }), XF_NOT_FOUND);
	assert_int_equal(xf_ep_bucket_create(s, "bkt", ""), XF_OK);
	assert_int_equal(xf_ep_bucket_create(s, "bkt", ""), XF_STATE);
	struct xf_ep_guard absent = { true, 0 };
	assert_int_equal(put(s, "k", "one", absent), XF_OK);
	assert_int_equal(put(s, "k", "two", absent), XF_CHANGED);
	struct xf_ep_guard same = { true, serial(s, "k") };
	assert_int_equal(put(s, "k", "three", same), XF_OK);
	assert_int_equal(put(s, "k", "four", same), XF_CHANGED);
	assert_int_equal(xf_ep_object_delete(s, "bkt", "k", same), XF_CHANGED);
	assert_int_equal(xf_ep_bucket_delete(s, "bkt"), XF_STATE);
	assert_int_equal(xf_ep_object_delete(s, "bkt", "k", (struct xf_ep_guard){ 0 }), XF_OK);
	assert_int_equal(xf_ep_bucket_delete(s, "bkt"), XF_OK);
	xf_ep_store_close(s);
}

static void a_reader_keeps_what_is_replaced(void **state)
{
	struct xf_ep_store *s;
	struct xf_ep_object *old;
	size_t len;

	(void)state;
	assert_int_equal(xf_ep_store_open(&s, NULL, NULL), XF_OK);
	assert_int_equal(xf_ep_bucket_create(s, "bkt", ""), XF_OK);
	assert_int_equal(put(s, "k", "old", (struct xf_ep_guard){ 0 }), XF_OK);
	old = xf_ep_object_find(s, "bkt", "k");
	assert_int_equal(put(s, "k", "new", (struct xf_ep_guard){ 0 }), XF_OK);
	assert_memory_equal(xf_ep_blob_span(old->pieces[0].blob, 0, &len), "old", 3);
	xf_ep_object_release(old);
	xf_ep_store_close(s);
}

static void fill_and_read_back(struct xf_ep_blob *b)
{
	uint64_t total = 0;
	size_t len;

	for (int i = 0; i < 300; i++) {
		char block[20000];
		memset(block, i, sizeof(block));
		assert_int_equal(xf_ep_blob_write(b, block, sizeof(block)), XF_OK);
		total += sizeof(block);
	}
	assert_int_equal(xf_ep_blob_seal(b), XF_OK);
	assert_int_equal(xf_ep_blob_size(b), total);
	for (uint64_t at = 0; at < total; at += len) {
		const unsigned char *span = xf_ep_blob_span(b, at, &len);
		assert_true(len > 0);
		for (size_t i = 0; i < len; i += 997)
			assert_int_equal(span[i], (at + i) / 20000 & 255);
	}
	assert_null(xf_ep_blob_span(b, total, &len));
	xf_ep_blob_release(b);
}

static void a_blob_takes_more_than_it_was_told(void **state)
{
	(void)state;
	fill_and_read_back(xf_ep_blob_new(-1, NULL, 10));
}

/* By the page tables: the counters of statm lag behind. */
static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "Rss: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* The first two MiB are the heap's, the third is the file's: not resident once it is written. */
static void beyond_its_limit_memory_is_a_file_s(void **state)
{
	struct xf_ep_spool *s = xf_ep_spool_new(2 * XF_EP_CHUNK);
	struct xf_ep_chunk a = xf_ep_spool_take(s, XF_EP_CHUNK), b = xf_ep_spool_take(s, XF_EP_CHUNK);
	struct xf_ep_chunk c = xf_ep_spool_take(s, XF_EP_CHUNK / 2), small = xf_ep_spool_take(s, 10);
	long before;

	(void)state;
	assert_int_equal(a.place + b.place + small.place, 0);
	if (!c.place)
		skip(); /* a folder without nameless files, or full */
	memset(c.bytes, 'x', c.size);
	before = resident_kib();
	xf_ep_spool_settle(&c);
	assert_true(before < 0 || resident_kib() <= before - XF_EP_CHUNK / 2048);
	assert_int_equal(c.bytes[c.size - 1], 'x');
	xf_ep_spool_give(s, &a);
	a = xf_ep_spool_take(s, XF_EP_CHUNK);
	assert_int_equal(a.place, 0);
	xf_ep_spool_give(s, &a);
	xf_ep_spool_give(s, &b);
	xf_ep_spool_give(s, &c);
	xf_ep_spool_give(s, &small);
	xf_ep_spool_free(s);
}

static void a_blob_lies_partly_on_the_heap_and_partly_in_the_file(void **state)
{
	struct xf_ep_spool *s = xf_ep_spool_new(2 * XF_EP_CHUNK);

	(void)state;
	fill_and_read_back(xf_ep_blob_new(-1, s, 6000000));
	fill_and_read_back(xf_ep_blob_new(-1, s, UINT64_MAX));
	fill_and_read_back(xf_ep_blob_new(-1, s, 10));
	xf_ep_spool_free(s);
}

/* Where files are limited there is none: a SIGXFSZ would end the server. */
static void where_files_are_limited_the_heap_goes_on(void **state)
{
	struct xf_ep_spool *s = xf_ep_spool_new(0);
	struct rlimit old, small;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &small);
	fill_and_read_back(xf_ep_blob_new(-1, s, 6000000));
	setrlimit(RLIMIT_FSIZE, &old);
	xf_ep_spool_free(s);
}

static size_t entries(const char *dir, const char *folder)
{
	char path[256];
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		count += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

static void a_folder_is_swept_and_read_back(void **state)
{
	char dir[] = "/tmp/t-endpoint-XXXXXX", command[64];
	struct xf_ep_store *s, *second;
	struct xf_ep_blob *orphan;
	struct xf_error err = XF_ERROR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(xf_ep_store_open(&s, dir, NULL), XF_OK);
	assert_int_equal(xf_ep_store_open(&second, dir, &err), XF_STATE);
	assert_non_null(strstr(err.message, "in use"));
	assert_int_equal(xf_ep_bucket_create(s, "bkt", "eu"), XF_OK);
	assert_int_equal(put(s, "k", "one", (struct xf_ep_guard){ 0 }), XF_OK);
	assert_int_equal(put(s, "k", "two", (struct xf_ep_guard){ 0 }), XF_OK);
	assert_int_equal(entries(dir, "data"), 1);
	/* as after a crash: a sealed body that no record names, and a torn one */
	orphan = xf_ep_store_blob(s, 1);
	assert_int_equal(xf_ep_blob_seal(orphan), XF_OK);
	xf_ep_blob_keep(orphan, true);
	xf_ep_blob_release(orphan);
	assert_int_equal(entries(dir, "data"), 2);
	xf_ep_store_close(s);
	assert_int_equal(xf_ep_store_open(&s, dir, NULL), XF_OK);
	assert_int_equal(entries(dir, "data"), 1);
	struct xf_ep_object *o = xf_ep_object_find(s, "bkt", "k");
	assert_non_null(o);
	assert_int_equal(o->size, 3);
	xf_ep_object_release(o);
	xf_ep_store_close(s);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

/* ---- in this process */

static void it_starts_and_stops_here(void **state)
{
	struct xf_endpoint_options options = { .auto_bucket = true };
	struct xf_endpoint *e;
	struct xf_error err = XF_ERROR_INIT;

	(void)state;
	assert_int_equal(xf_endpoint_start(&e, &options, NULL), XF_OK);
	struct xf_endpoint_info info = xf_endpoint_info(e);
	assert_non_null(strstr(info.url, "http://127.0.0.1:"));
	assert_int_equal(strlen(info.secret_key), 40);
	struct xf_endpoint_options taken = { .port = info.port };
	struct xf_endpoint *other;
	assert_int_equal(xf_endpoint_start(&other, &taken, &err), XF_IO);
	assert_null(other);
	xf_endpoint_stop(e);
	static const char *const rules[] = { "part=3,hold=2s", "nonsense" };
	struct xf_endpoint_options bad = { .faults = rules, .nr_faults = 2 };
	assert_int_equal(xf_endpoint_start(&other, &bad, NULL), XF_INVALID);
	struct xf_endpoint_options nowhere = { .dir = "/proc/nowhere" };
	assert_int_equal(xf_endpoint_start(&other, &nowhere, NULL), XF_IO);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_list_rolls_up_at_the_delimiter),
	cmocka_unit_test(a_page_starts_behind_its_marker),
	cmocka_unit_test(keys_with_high_bytes_stay_in_order),
	cmocka_unit_test(ranges_select_bytes),
	cmocka_unit_test(a_copy_range_is_exact),
	cmocka_unit_test(conditions_have_an_order),
	cmocka_unit_test(host_names_name_buckets),
	cmocka_unit_test(bucket_names_follow_the_rules),
	cmocka_unit_test(older_bucket_names_are_safe_as_file_names),
	cmocka_unit_test(rules_are_parsed),
	cmocka_unit_test(a_bad_rule_is_explained),
	cmocka_unit_test(rules_match_and_count),
	cmocka_unit_test(the_first_of_two_rules_wins),
	cmocka_unit_test(bandwidth_is_shared),
	cmocka_unit_test(amounts_are_read),
	cmocka_unit_test(chunks_are_taken_apart_at_any_cut),
	cmocka_unit_test(broken_chunks_are_refused),
	cmocka_unit_test(forms_are_taken_apart_at_any_cut),
	cmocka_unit_test(broken_forms_are_refused),
	cmocka_unit_test(a_part_with_many_names_has_the_last),
	cmocka_unit_test(a_form_survives_every_failed_allocation),
	cmocka_unit_test(a_boundary_is_read),
	cmocka_unit_test(a_record_comes_back_or_is_refused),
	cmocka_unit_test(a_guard_lets_one_writer_win),
	cmocka_unit_test(a_reader_keeps_what_is_replaced),
	cmocka_unit_test(a_blob_takes_more_than_it_was_told),
	cmocka_unit_test(beyond_its_limit_memory_is_a_file_s),
	cmocka_unit_test(a_blob_lies_partly_on_the_heap_and_partly_in_the_file),
	cmocka_unit_test(where_files_are_limited_the_heap_goes_on),
	cmocka_unit_test(a_folder_is_swept_and_read_back),
	cmocka_unit_test(it_starts_and_stops_here),
};

T_MAIN(tests)
