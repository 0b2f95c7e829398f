/* s3: requests as they are built, replies as they are read. Canned documents: tests/replies. */
#include "tests/unit/t.h"

#include "core/s3/s3.h"

static char *reply(const char *name, size_t *len)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s.xml", T_REPLIES, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	char *text = calloc(1, 65536);
	*len = fread(text, 1, 65535, f);
	fclose(f);
	return text;
}

static struct xf_s3_endpoint endpoint(const char *url, const char *region, enum xf_addressing addressing)
{
	struct xf_s3_endpoint e;
	assert_int_equal(xf_s3_endpoint_parse(url, region, addressing, &e, NULL), XF_OK);
	return e;
}

/* ---- where */

static void url_is(const char *url, const char *region, enum xf_addressing addressing,
		   const char *bucket, const char *key, const char *expected)
{
	struct xf_s3_endpoint e = endpoint(url, region, addressing);
	struct xf_s3_request r = XF_S3_REQUEST_INIT;
	assert_int_equal(xf_s3_request_begin(&r, &e, XF_OP_GET_OBJECT, "GET", bucket, key, NULL), XF_OK);
	char *text = xf_s3_request_url(&r);
	assert_string_equal(text, expected);
	free(text);
	xf_s3_request_fini(&r);
}

static void addresses_are_botocores(void **state)
{
	(void)state;
	url_is(NULL, NULL, XF_ADDRESSING_AUTO, "my-bucket", "k", "https://my-bucket.s3.amazonaws.com/k");
	url_is(NULL, "eu-west-1", XF_ADDRESSING_AUTO, "my-bucket", "k", "https://my-bucket.s3.eu-west-1.amazonaws.com/k");
	url_is(NULL, "cn-north-1", XF_ADDRESSING_AUTO, "my-bucket", "k", "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/k");
	url_is(NULL, "eu-west-1", XF_ADDRESSING_PATH, "my-bucket", "k", "https://s3.eu-west-1.amazonaws.com/my-bucket/k");
	url_is(NULL, "eu-west-1", XF_ADDRESSING_AUTO, "dotted.name", "k", "https://s3.eu-west-1.amazonaws.com/dotted.name/k");
	url_is(NULL, "eu-west-1", XF_ADDRESSING_AUTO, "Upper", "k", "https://s3.eu-west-1.amazonaws.com/Upper/k");
	url_is("http://127.0.0.1:9000", NULL, XF_ADDRESSING_AUTO, "bkt", "k", "http://127.0.0.1:9000/bkt/k");
	url_is("http://127.0.0.1:9000", NULL, XF_ADDRESSING_VIRTUAL, "bkt", "k", "http://127.0.0.1:9000/bkt/k");
	url_is("http://s3.local:9000/", NULL, XF_ADDRESSING_AUTO, "bkt", "k", "http://s3.local:9000/bkt/k");
	url_is("https://s3.local:443", NULL, XF_ADDRESSING_VIRTUAL, "bkt", "k", "https://bkt.s3.local/k");
	url_is("http://[::1]:9000", NULL, XF_ADDRESSING_AUTO, "bkt", "k", "http://[::1]:9000/bkt/k");
	url_is("HTTP://h/deep/er/", NULL, XF_ADDRESSING_AUTO, "bkt", NULL, "http://h/deep/er/bkt");
	url_is("http://h", NULL, XF_ADDRESSING_AUTO, NULL, NULL, "http://h/");
}

static void keys_are_encoded_like_botocores(void **state)
{
	(void)state;
	url_is("http://h", NULL, XF_ADDRESSING_AUTO, "b.k", "a b+c/\xc3\xbc?&=#~'()*!%", "http://h/b.k/a%20b%2Bc/%C3%BC%3F%26%3D%23~%27%28%29%2A%21%25");
	url_is("http://h", NULL, XF_ADDRESSING_AUTO, "bkt", "/lead//x/../y/.", "http://h/bkt//lead//x/../y/.");
}

static void bad_endpoints_are_refused(void **state)
{
	static const char *const bad[] = { "127.0.0.1:9000", "ftp://h", "http://", "http://h:0", "http://h:70000",
		"http://h:x", "http://u:p@h", "http://h/?x=1", "http://a b", "http://[::1", "http://h:99999999999" };
	struct xf_s3_endpoint e;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xf_error err = XF_ERROR_INIT;
		assert_int_equal(xf_s3_endpoint_parse(bad[i], NULL, XF_ADDRESSING_AUTO, &e, &err), XF_INVALID);
		assert_true(strlen(err.message) > 10);
		assert_null(strstr(err.message, "u:p"));
	}
	assert_int_equal(xf_s3_endpoint_parse(NULL, "eu west", XF_ADDRESSING_AUTO, &e, NULL), XF_INVALID);
}

static void names_boto3_refuses_are_refused(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "..", "arn:aws:s3:us-east-1:123456789012:accesspoint/x",
		"arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/x" };
	struct xf_error err = XF_ERROR_INIT;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(xf_s3_check_bucket(bad[i], NULL), XF_INVALID);
	assert_int_equal(xf_s3_check_bucket("My_bucket.1-x", NULL), XF_OK);
	assert_int_equal(xf_s3_check_key("", &err), XF_INVALID);
	assert_string_equal(err.message, "the key is empty: write s3://BUCKET/KEY");
}

/* ---- requests */

static void a_query_is_sorted_and_encoded(void **state)
{
	(void)state;
	struct xf_s3_endpoint e = endpoint("http://h", NULL, XF_ADDRESSING_AUTO);
	struct xf_s3_request r = XF_S3_REQUEST_INIT;
	assert_int_equal(xf_s3_request_begin(&r, &e, XF_OP_UPLOAD_PART, "PUT", "bkt", "k", NULL), XF_OK);
	xf_headers_add(&r.query, "uploadId", "2~a+b/c=&d");
	xf_headers_add(&r.query, "partNumber", "7");
	xf_headers_add(&r.query, "absent", NULL);
	xf_headers_add(&r.query, "uploads", "");
	char *url = xf_s3_request_url(&r);
	assert_string_equal(url, "http://h/bkt/k?partNumber=7&uploadId=2~a%2Bb%2Fc%3D%26d&uploads=");
	free(url);
	xf_s3_request_fini(&r);
}

static void complete_names_parts_with_the_checksums_that_came_back(void **state)
{
	(void)state;
	size_t len;
	const struct xf_s3_part parts[] = {
		{ .number = 1, .etag = "\"a\"", .checksum = { "CRC32", "AAAAAA==" } },
		{ .number = 2, .etag = "\"<b>\"" },
	};
	char *text = xf_s3_complete_document(parts, 2, &len);
	assert_string_equal(text,
		"<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
		"<Part><ETag>\"a\"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>"
		"<Part><ETag>\"&lt;b&gt;\"</ETag><PartNumber>2</PartNumber></Part>"
		"</CompleteMultipartUpload>");
	assert_int_equal(len, strlen(text));
	free(text);
}

static char *headers_for(const struct xf_extra *x, unsigned to)
{
	struct xf_headers headers = XF_HEADERS_INIT;
	char *text = calloc(1, 4096);
	xf_extra_headers(x, to, &headers);
	for (size_t i = 0; i < headers.nr; i++)
		sprintf(text + strlen(text), "%s=%s;", headers.items[i].name, headers.items[i].value);
	xf_headers_fini(&headers);
	return text;
}

static void routed(const struct xf_extra *x, unsigned to, const char *expected)
{
	char *text = headers_for(x, to);
	assert_string_equal(text, expected);
	free(text);
}

static void set(struct xf_extra *x, enum xf_extra_id id, const char *value)
{
	assert_int_equal(xf_extra_set(x, id, value, NULL), XF_OK);
}

static void options_reach_the_calls_they_belong_to(void **state)
{
	(void)state;
	struct xf_extra x = XF_EXTRA_INIT;
	set(&x, XF_EXTRA_CONTENT_TYPE, "text/plain");
	set(&x, XF_EXTRA_REQUEST_PAYER, "requester");
	set(&x, XF_EXTRA_IF_NONE_MATCH, "*");
	set(&x, XF_EXTRA_CHECKSUM_ALGORITHM, "sha256");
	set(&x, XF_EXTRA_MPU_OBJECT_SIZE, "9");
	assert_int_equal(xf_extra_add_metadata(&x, "Who", "me", NULL), XF_OK);
	routed(&x, XF_TO_PUT, "Content-Type=text/plain;x-amz-request-payer=requester;If-None-Match=*;x-amz-meta-Who=me;");
	routed(&x, XF_TO_CREATE, "Content-Type=text/plain;x-amz-request-payer=requester;x-amz-meta-Who=me;x-amz-checksum-algorithm=SHA256;");
	routed(&x, XF_TO_PART, "x-amz-request-payer=requester;");
	routed(&x, XF_TO_COMPLETE, "x-amz-request-payer=requester;If-None-Match=*;x-amz-mp-object-size=9;");
	routed(&x, XF_TO_ABORT, "x-amz-request-payer=requester;");
	routed(&x, XF_TO_GET, "x-amz-request-payer=requester;");
	routed(NULL, XF_TO_PUT, "");
	xf_extra_fini(&x);
}

static void a_supplied_checksum_makes_a_full_object_upload(void **state)
{
	const char *value;
	(void)state;
	struct xf_extra x = XF_EXTRA_INIT;
	set(&x, XF_EXTRA_CHECKSUM_CRC32, "AAAAAA==");
	routed(&x, XF_TO_PUT, "x-amz-checksum-crc32=AAAAAA==;");
	routed(&x, XF_TO_CREATE, "x-amz-checksum-algorithm=CRC32;x-amz-checksum-type=FULL_OBJECT;");
	routed(&x, XF_TO_PART, "");
	routed(&x, XF_TO_COMPLETE, "x-amz-checksum-crc32=AAAAAA==;x-amz-checksum-type=FULL_OBJECT;");
	assert_string_equal(xf_extra_supplied(&x, &value), "CRC32");
	assert_string_equal(value, "AAAAAA==");
	xf_extra_fini(&x);
}

static void a_customers_key_travels_as_base64_with_its_md5(void **state)
{
	(void)state;
	struct xf_extra x = XF_EXTRA_INIT;
	assert_int_equal(xf_extra_set_sse_key(&x, "0123456789abcdef0123456789abcdef", 32, NULL), XF_OK);
	routed(&x, XF_TO_PART, "x-amz-server-side-encryption-customer-algorithm=AES256;"
	       "x-amz-server-side-encryption-customer-key=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=;"
	       "x-amz-server-side-encryption-customer-key-MD5=hRasmdxgYDKV3nvbahU1MA==;");
	routed(&x, XF_TO_ABORT, "");
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_extra_set_sse_key(&x, "canary", 6, &err), XF_INVALID);
	assert_null(strstr(err.message, "canary"));
	xf_extra_fini(&x);
}

static void odd_option_values_are_refused(void **state)
{
	(void)state;
	struct xf_extra x = XF_EXTRA_INIT;
	assert_int_equal(xf_extra_set(&x, XF_EXTRA_CONTENT_TYPE, "a\r\nX-Evil: 1", NULL), XF_INVALID);
	assert_int_equal(xf_extra_set(&x, XF_EXTRA_CHECKSUM_ALGORITHM, "CRC16", NULL), XF_INVALID);
	assert_int_equal(xf_extra_set(&x, XF_EXTRA_CHECKSUM_SHA256, "AAAAAA==", NULL), XF_INVALID);
	assert_int_equal(xf_extra_set(&x, XF_EXTRA_CHECKSUM_TYPE, "PARTIAL", NULL), XF_INVALID);
	assert_int_equal(xf_extra_set(&x, XF_EXTRA_MPU_OBJECT_SIZE, "-1", NULL), XF_INVALID);
	assert_int_equal(xf_extra_add_metadata(&x, "a b", "x", NULL), XF_INVALID);
	assert_int_equal(xf_extra_add_metadata(&x, "a", "\xc3\xbc", NULL), XF_INVALID);
	assert_int_equal(xf_extra_find("--content-type"), XF_EXTRA_CONTENT_TYPE);
	assert_int_equal(xf_extra_find("ContentType"), XF_EXTRA_CONTENT_TYPE);
	assert_int_equal(xf_extra_find("nonsense"), XF_EXTRA_COUNT);
	xf_extra_fini(&x);
}

/* ---- replies */

static void create_gives_the_upload_id(void **state)
{
	char id[64];
	size_t len;
	(void)state;
	char *text = reply("create", &len);
	assert_int_equal(xf_s3_parse_create(text, len, id, sizeof(id)), XF_OK);
	assert_string_equal(id, "2~a+b/c=&d");
	assert_int_equal(xf_s3_parse_create(text, len, id, 5), XF_BAD_REPLY);
	free(text);
	text = reply("create_without_id", &len);
	assert_int_equal(xf_s3_parse_create(text, len, id, sizeof(id)), XF_BAD_REPLY);
	free(text);
	assert_int_equal(xf_s3_parse_create("", 0, id, sizeof(id)), XF_BAD_REPLY);
	assert_int_equal(xf_s3_parse_create(NULL, 0, id, sizeof(id)), XF_BAD_REPLY);
}

static enum xf_status complete(const char *name, struct xf_s3_complete_reply *out)
{
	size_t len;
	char *text = reply(name, &len);
	enum xf_status status = xf_s3_parse_complete(text, len, out);
	free(text);
	return status;
}

static void complete_gives_the_etag_or_none(void **state)
{
	struct xf_s3_complete_reply out;
	(void)state;
	assert_int_equal(complete("complete", &out), XF_OK);
	assert_string_equal(out.etag, "\"0123456789abcdef0123456789abcdef-2\"");
	assert_string_equal(out.checksum.algorithm, "CRC32");
	assert_string_equal(out.checksum.value, "AAAAAA==-2");
	assert_int_equal(complete("complete_without_etag", &out), XF_OK);
	assert_string_equal(out.etag, "");
	assert_int_equal(complete("complete_cut", &out), XF_BAD_REPLY);
	assert_int_equal(complete("error_internal", &out), XF_BAD_REPLY);
}

static void explained(const char *name, int status, enum xf_op op, const char *expected)
{
	struct xf_s3_error e;
	struct xf_headers headers = XF_HEADERS_INIT;
	char text[384];
	size_t len = 0;
	char *body = name ? reply(name, &len) : NULL;
	xf_s3_error_of(status, &headers, body, len, &e);
	xf_s3_explain(&e, status, op, "http://h:1", "b", "k", text, sizeof(text));
	assert_string_equal(text, expected);
	free(body);
}

static void errors_say_what_where_and_what_to_do(void **state)
{
	(void)state;
	explained("error_no_bucket", 404, XF_OP_PUT_OBJECT,
		  "bucket 'b' does not exist at http://h:1: create it or check the name (NoSuchBucket)");
	explained("error_internal", 500, XF_OP_UPLOAD_PART,
		  "http://h:1 failed inside at UploadPart of s3://b/k: try again later "
		  "(We encountered an internal error. Please try again) (InternalError)");
	explained("error_redirect", 301, XF_OP_PUT_OBJECT,
		  "bucket 'b' lives elsewhere, in region eu-west-1: set --region or --endpoint-url for it (PermanentRedirect)");
	explained(NULL, 403, XF_OP_HEAD_OBJECT,
		  "http://h:1 refuses HeadObject on s3://b/k: check the credentials and their permissions (403)");
	explained(NULL, 412, XF_OP_COMPLETE_MULTIPART_UPLOAD,
		  "s3://b/k exists already at http://h:1, so nothing was overwritten (If-None-Match) (412)");
	explained(NULL, 412, XF_OP_GET_OBJECT, "s3://b/k changed while it was read: start again (412)");
	explained(NULL, 411, XF_OP_UPLOAD_PART, "http://h:1 does not take a checksum behind the body of s3://b/k: "
		  "set AWS_REQUEST_CHECKSUM_CALCULATION=when_required (411)");
	explained(NULL, 418, XF_OP_PUT_OBJECT, "http://h:1 refused PutObject on s3://b/k: HTTP status 418 (418)");
}

static void an_unsigned_request_is_not_told_of_its_credentials(void **state)
{
	(void)state;
	struct xf_s3_error e = { .code = "AccessDenied", .message = "Access Denied", .no_signature = true };
	char text[384];
	xf_s3_explain(&e, 403, XF_OP_PUT_OBJECT, "http://h:1", "b", "k", text, sizeof(text));
	assert_string_equal(text, "http://h:1 refuses PutObject on s3://b/k without a signature: "
			    "leave --no-sign-request out, or give it public access (AccessDenied)");
}

static void hostile_text_is_defused(void **state)
{
	struct xf_s3_error e;
	size_t len;
	(void)state;
	char *body = reply("error_hostile", &len);
	struct xf_headers headers = XF_HEADERS_INIT;
	xf_s3_error_of(400, &headers, body, len, &e);
	for (const char *c = e.message; *c; c++)
		assert_true((unsigned char)*c >= 0x20);
	assert_string_equal(e.code, "400");
	free(body);
}

static void parts_are_listed_with_size_and_checksum(void **state)
{
	struct xf_s3_parts_page page;
	size_t len;
	(void)state;
	char *text = reply("parts", &len);
	assert_int_equal(xf_s3_parse_parts(text, len, &page), XF_OK);
	assert_int_equal(page.nr, 2);
	assert_true(page.truncated);
	assert_int_equal(page.next_marker, 2);
	assert_string_equal(page.checksum_algorithm, "CRC32");
	assert_int_equal(page.parts[0].size, 5242880);
	assert_string_equal(page.parts[0].checksum.value, "AAAAAA==");
	assert_string_equal(page.parts[1].etag, "\"b\"");
	assert_string_equal(page.parts[1].checksum.algorithm, "");
	free(page.parts);
	free(text);
	text = reply("parts_impossible", &len);
	assert_int_equal(xf_s3_parse_parts(text, len, &page), XF_BAD_REPLY);
	free(text);
}

static void uploads_and_objects_are_listed(void **state)
{
	struct xf_s3_uploads_page uploads;
	struct xf_s3_entries_page entries;
	size_t len;
	(void)state;
	char *text = reply("uploads", &len);
	assert_int_equal(xf_s3_parse_uploads(text, len, &uploads), XF_OK);
	assert_int_equal(uploads.nr, 2);
	assert_string_equal(uploads.uploads[0].owner, "ann");
	assert_string_equal(uploads.uploads[1].upload_id, "u2");
	assert_string_equal(uploads.next_key, "k2");
	free(uploads.uploads);
	free(text);
	text = reply("objects", &len);
	assert_int_equal(xf_s3_parse_entries(text, len, &entries), XF_OK);
	assert_int_equal(entries.nr, 1);
	assert_string_equal(entries.entries[0].key, "a/b c");
	assert_int_equal(entries.entries[0].size, 12);
	assert_string_equal(entries.next_token, "t0k=");
	free(entries.entries);
	free(text);
}

static void content_ranges_are_read_strictly(void **state)
{
	static const char *const bad[] = { NULL, "", "bytes 5-4/10", "bytes 0-10/10", "bytes 0-1", "items 0-1/2",
		"bytes -1-2/3", "bytes 0-1/", "bytes 0-1/x", "bytes 0-1/2 " };
	uint64_t first, last, total;
	(void)state;
	assert_int_equal(xf_s3_parse_content_range("bytes 5-9/10", &first, &last, &total), XF_OK);
	assert_true(first == 5 && last == 9 && total == 10);
	assert_int_equal(xf_s3_parse_content_range("bytes 0-1/*", &first, &last, &total), XF_OK);
	assert_true(total == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(xf_s3_parse_content_range(bad[i], &first, &last, &total), XF_BAD_REPLY);
}

static void only_plain_etags_are_md5(void **state)
{
	const char *etag = "\"0123456789abcdef0123456789abcdef\"";
	struct xf_headers headers = XF_HEADERS_INIT;
	(void)state;
	assert_true(xf_s3_etag_is_md5(etag, &headers));
	assert_false(xf_s3_etag_is_md5("\"0123456789abcdef0123456789abcdef-2\"", &headers));
	assert_false(xf_s3_etag_is_md5("\"0123456789abcdef0123456789abcdeX\"", &headers));
	xf_headers_add(&headers, "x-amz-server-side-encryption", "AES256");
	assert_true(xf_s3_etag_is_md5(etag, &headers));
	xf_headers_set(&headers, "x-amz-server-side-encryption", "aws:kms");
	assert_false(xf_s3_etag_is_md5(etag, &headers));
	xf_headers_fini(&headers);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(addresses_are_botocores),
	cmocka_unit_test(keys_are_encoded_like_botocores),
	cmocka_unit_test(bad_endpoints_are_refused),
	cmocka_unit_test(names_boto3_refuses_are_refused),
	cmocka_unit_test(a_query_is_sorted_and_encoded),
	cmocka_unit_test(complete_names_parts_with_the_checksums_that_came_back),
	cmocka_unit_test(options_reach_the_calls_they_belong_to),
	cmocka_unit_test(a_supplied_checksum_makes_a_full_object_upload),
	cmocka_unit_test(a_customers_key_travels_as_base64_with_its_md5),
	cmocka_unit_test(odd_option_values_are_refused),
	cmocka_unit_test(create_gives_the_upload_id),
	cmocka_unit_test(complete_gives_the_etag_or_none),
	cmocka_unit_test(errors_say_what_where_and_what_to_do),
	cmocka_unit_test(an_unsigned_request_is_not_told_of_its_credentials),
	cmocka_unit_test(hostile_text_is_defused),
	cmocka_unit_test(parts_are_listed_with_size_and_checksum),
	cmocka_unit_test(uploads_and_objects_are_listed),
	cmocka_unit_test(content_ranges_are_read_strictly),
	cmocka_unit_test(only_plain_etags_are_md5),
};

T_MAIN(tests)
