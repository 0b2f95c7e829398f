/* s3wire: which operation on what, for every style of address. */
#include "tests/unit/t.h"

#include "tracer/foreign/s3wire.h"

static bool keep_head(void *ctx, const struct tr_http_head *head)
{
	tr_s3_understand(head, ctx);
	return true;
}

static void nothing(void *ctx, const char *bytes, size_t len)
{
	(void)ctx, (void)bytes, (void)len;
}

static void no_end(void *ctx, uint64_t len)
{
	(void)ctx, (void)len;
}

static void expect(const char *line, const char *headers, const char *want)
{
	static const struct tr_http_ops ops = { keep_head, nothing, no_end };
	struct tr_s3_request r = { .op = XF_OP_NONE };
	char head[4096], got[4096];
	struct tr_http h;

	tr_http_init(&h, false);
	snprintf(head, sizeof(head), "%s HTTP/1.1\r\n%s\r\n", line, headers);
	tr_http_feed(&h, head, strlen(head), &ops, &r);
	snprintf(got, sizeof(got), "%s %s|%s %u", xf_op_name(r.op), r.bucket, r.key, r.part);
	assert_string_equal(got, want);
}

#define LOCAL "Host: 127.0.0.1:9000\r\n"

static void operations_in_path_style(void **state)
{
	(void)state;
	expect("POST /b/a/k?uploads", LOCAL, "CreateMultipartUpload b|a/k 0");
	expect("PUT /b/a/k?partNumber=7&uploadId=u", LOCAL, "UploadPart b|a/k 7");
	expect("PUT /b/a/k?uploadId=u&partNumber=7&x-id=UploadPart", LOCAL, "UploadPart b|a/k 7");
	expect("PUT /b/k?partNumber=7&uploadId=u", LOCAL "x-amz-copy-source: /a/b\r\n", "UploadPartCopy b|k 7");
	expect("POST /b/k?uploadId=u", LOCAL, "CompleteMultipartUpload b|k 0");
	expect("DELETE /b/k?uploadId=u", LOCAL, "AbortMultipartUpload b|k 0");
	expect("GET /b/k?uploadId=u", LOCAL, "ListParts b|k 0");
	expect("GET /b?uploads", LOCAL, "ListMultipartUploads b| 0");
	expect("PUT /b/k", LOCAL, "PutObject b|k 1");
	expect("PUT /b/k?x-id=PutObject", LOCAL, "PutObject b|k 1");
	expect("PUT /b/k", LOCAL "x-amz-copy-source: /a/b\r\n", "CopyObject b|k 1");
	expect("PUT /b/k?tagging", LOCAL, "other b|k 0");
	expect("HEAD /b/k?versionId=3", LOCAL, "HeadObject b|k 0");
	expect("GET /b/k", LOCAL, "GetObject b|k 0");
	expect("DELETE /b/k", LOCAL, "DeleteObject b|k 0");
	expect("PUT /b", LOCAL, "CreateBucket b| 0");
	expect("PUT /b/", LOCAL, "CreateBucket b| 0");
	expect("HEAD /b", LOCAL, "HeadBucket b| 0");
	expect("GET /b?list-type=2&prefix=x", LOCAL, "ListObjects b| 0");
	expect("GET /b?location", LOCAL, "other b| 0");
	expect("POST /b?delete", LOCAL, "other b| 0");
	expect("GET /", LOCAL, "ListBuckets | 0");
}

static void the_bucket_in_the_host(void **state)
{
	(void)state;
	expect("PUT /a/k", "Host: my.b.s3.eu-west-1.amazonaws.com\r\n", "PutObject my.b|a/k 1");
	expect("PUT /b/k", "Host: s3.eu-west-1.amazonaws.com\r\n", "PutObject b|k 1");
	expect("PUT /k", "Host: b.s3-eu-west-1.amazonaws.com\r\n", "PutObject b|k 1");
	expect("PUT /b/k", "Host: s3-eu-west-1.amazonaws.com\r\n", "PutObject b|k 1");
	expect("PUT /k", "Host: b.s3-accelerate.amazonaws.com\r\n", "PutObject b|k 1");
	expect("PUT /k", "Host: b.s3.dualstack.us-east-1.amazonaws.com\r\n", "PutObject b|k 1");
	expect("PUT /k/l", "Host: b.localhost:8080\r\n", "PutObject b|k/l 1");
	expect("PUT /b/k", "Host: localhost:8080\r\n", "PutObject b|k 1");
	expect("PUT /b/k", "Host: [::1]:8080\r\n", "PutObject b|k 1");
	expect("PUT /k", "Host: b.storage.googleapis.com\r\n", "PutObject b|k 1");
	expect("PUT /b/k", "Host: storage.googleapis.com\r\n", "PutObject b|k 1");
	expect("PUT /k", "Host: b.nyc3.digitaloceanspaces.com\r\n", "PutObject b|k 1");
	expect("PUT /b/k", "Host: nyc3.digitaloceanspaces.com\r\n", "PutObject b|k 1");
	expect("PUT /b/k", "Host: 12ab.r2.cloudflarestorage.com\r\n", "PutObject b|k 1");
	expect("PUT /b/k", "Host: minio.example.com\r\n", "PutObject b|k 1");
}

static void a_host_that_says_nothing_leaves_it_to_the_path(void **state)
{
	(void)state;
	expect("POST /k?uploads", "Host: b.store.example.com\r\n", "CreateMultipartUpload b|k 0");
	expect("PUT /k?partNumber=2&uploadId=u", "Host: b.store.example.com\r\n", "UploadPart b|k 2");
	expect("PUT /name", "Host: b.store.example.com\r\nContent-Length: 100000\r\n", "PutObject b|name 1");
}

static void a_file_put_to_a_plain_server(void **state)
{
	(void)state;
	expect("PUT /name", LOCAL "Content-Length: 100000\r\n", "PutObject |name 1");
	expect("PUT /name", LOCAL "Transfer-Encoding: chunked\r\n", "PutObject |name 1");
	expect("PUT /bucket", LOCAL "Content-Length: 150\r\n", "CreateBucket bucket| 0");
}

/* boto3 without credentials asks there, with a PUT. */
static void the_instances_metadata_is_no_upload(void **state)
{
	(void)state;
	expect("PUT /latest/api/token", "Host: 169.254.169.254\r\n", "other | 0");
	expect("PUT /latest/api/token", "Host: [fd00:ec2::254]:80\r\n", "other | 0");
	expect("PUT /latest/api/token", "Host: 169.254.169.25\r\n", "PutObject latest|api/token 1");
}

/* The key is in the body, and not known. */
static void a_form_posted_to_a_bucket(void **state)
{
#define FORM "Content-Type: multipart/form-data; boundary=x\r\n"
	(void)state;
	expect("POST /b", LOCAL FORM, "PutObject b| 1");
	expect("POST /b/", LOCAL "content-type: Multipart/Form-Data;boundary=x\r\n", "PutObject b| 1");
	expect("POST /", "Host: b.s3.amazonaws.com\r\n" FORM, "PutObject b| 1");
	expect("POST /", "Host: b.store.example.com\r\n" FORM, "PutObject b| 1");
	expect("POST /b", LOCAL "Content-Type: text/html\r\n", "other b| 0");
	expect("POST /b?delete", LOCAL FORM, "other b| 0");
	expect("POST /b/k", LOCAL FORM, "other b|k 0");
	expect("POST /b/k?uploads", LOCAL FORM, "CreateMultipartUpload b|k 0");
	expect("POST /", LOCAL FORM, "other | 0");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_form_posted_to_a_bucket),
	cmocka_unit_test(operations_in_path_style),
	cmocka_unit_test(the_bucket_in_the_host),
	cmocka_unit_test(a_host_that_says_nothing_leaves_it_to_the_path),
	cmocka_unit_test(a_file_put_to_a_plain_server),
	cmocka_unit_test(the_instances_metadata_is_no_upload),
};

T_MAIN(tests)
