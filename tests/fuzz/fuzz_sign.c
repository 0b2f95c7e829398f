/*
 * Lines: Authorization, path, query, header value. The canonical form of a
 * canonical query is itself; an authorization that parses is judged; and what we sign we accept.
 */
#include "core/s3/sign.h"
#include "fuzz.h"

static const struct xf_sign_identity identity = {
	.access_key = "AKIAIOSFODNN7EXAMPLE", .secret_key = "secret", .region = "us-east-1", .at = 1369353600,
};

/* The query line of a canonical request; its own storage. */
static char *canonical_query(const struct xf_sign_request *r)
{
	struct xf_buf text = XF_BUF_INIT;
	FUZZ_CHECK(!xf_sign_canonical(&text, r, NULL));
	/* the path is encoded: the first two line ends are those of the request */
	char *line = strchr(strchr(xf_buf_text(&text), '\n') + 1, '\n') + 1;
	char *query = strndup(line, strcspn(line, "\n"));
	FUZZ_CHECK(query);
	xf_buf_fini(&text);
	return query;
}

static void judge(const struct xf_auth *auth, const struct xf_sign_request *r)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_signature seed;
	enum xf_status status = xf_auth_verify(auth, r, identity.secret_key, NULL, identity.at, &seed, &err);
	FUZZ_CHECK(status == err.status && (!status || (err.code[0] && err.http_status)));
}

static void sign_and_accept(const struct xf_sign_request *r)
{
	struct xf_auth auth;
	struct xf_buf text = XF_BUF_INIT;
	FUZZ_CHECK(!xf_sign(&(struct xf_signature){ .scope = "" }, &text, r, &identity, NULL));
	FUZZ_CHECK(!xf_auth_parse_header(&auth, xf_buf_text(&text), NULL));
	FUZZ_CHECK(!xf_auth_verify(&auth, r, identity.secret_key, "us-east-1", identity.at, NULL, NULL));
	xf_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *path = fuzz_cut(text), *query = fuzz_cut(path), *value = fuzz_cut(query);
	const struct xf_sign_field headers[] = {
		{ "Host", "h" }, { "x-amz-date", "20130524T000000Z" }, { "x-amz-meta-a", value },
	};
	struct xf_auth auth;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_sign_request r = { .method = "GET", .path = path, .query = query, .headers = headers,
				     .nr_headers = 3, .payload = XF_UNSIGNED_PAYLOAD };
	bool good_path = *path == '/';
	if (!good_path)
		r.path = "/";
	if (!xf_auth_parse_header(&auth, text, &err))
		judge(&auth, &r);
	err = XF_ERROR_INIT;
	if (!xf_auth_parse_query(&auth, query, &err))
		judge(&auth, &r);
	char *once = canonical_query(&r);
	r.query = once;
	char *twice = canonical_query(&r);
	FUZZ_CHECK(!strcmp(once, twice));
	sign_and_accept(&r);
	free(once);
	free(twice);
	free(text);
	return 0;
}
