/*
 * Published signatures. The expected values are AWS' own: those of the Signature
 * Version 4 test suite ("aws-sig-v4-test-suite", 2015, as extended with the query
 * variants), and those of the examples of the Amazon S3 API Reference, "Authenticating
 * Requests". Requests are written down here in a form of our own.
 */
#include "t.h"

#include "core/s3/checksum.h"
#include "core/s3/encode.h"
#include "core/s3/sign.h"

#define SESSION_TOKEN_HEX "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
#define SESSION_TOKEN \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwA" \
	"eMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8p" \
	"hUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT" \
	"38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabI" \
	"Qwj2ICCR/oLxBA=="

enum { MAX_HEADERS = 16 };

/* Headers from "Name:value|Name:value", in storage that is cut up. */
struct headers {
	char text[1024];
	struct xf_sign_field list[MAX_HEADERS];
	size_t nr;
};

static void headers_add(struct headers *h, const char *name, const char *value)
{
	h->list[h->nr++] = (struct xf_sign_field){ name, value };
}

static void headers_parse(struct headers *h, const char *spec)
{
	h->nr = 0;
	snprintf(h->text, sizeof(h->text), "%s", spec);
	char *next = NULL;
	for (char *line = strtok_r(h->text, "|", &next); line; line = strtok_r(NULL, "|", &next)) {
		char *colon = strchr(line, ':');
		*colon = '\0';
		headers_add(h, line, colon + 1);
	}
}

/* ---- the test suite */

struct vector {
	const char *name, *method, *path, *query, *headers, *body;
	bool normalise, hash_header;
	const char *token;
	const char *header_signature, *query_signature;
};

static const struct vector suite[] = {
	{ "get-header-key-duplicate", "GET", "/", "",
	  "Host:example.amazonaws.com|My-Header1:value2|My-Header1:value2|My-Header1:value1",
	  "", true, false, NULL,
	  "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
	  "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97" },
	{ "get-header-value-multiline", "GET", "/", "",
	  "Host:example.amazonaws.com|My-Header1:value1\n  value2\n     value3",
	  "", true, false, NULL,
	  "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
	  "e6f5def831211aca02987a44b96826706278c7bc078112ae0263659c5b2f2d56" },
	{ "get-header-value-order", "GET", "/", "",
	  "Host:example.amazonaws.com|My-Header1:value4|My-Header1:value1|My-Header1:value3|My-Header1:value2",
	  "", true, false, NULL,
	  "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
	  "313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e" },
	{ "get-header-value-trim", "GET", "/", "",
	  "Host:example.amazonaws.com|My-Header1: value1|My-Header2: \"a   b   c\"",
	  "", true, false, NULL,
	  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	  "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4" },
	{ "get-relative-normalized", "GET", "/example/..", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	  "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d" },
	{ "get-relative-relative-normalized", "GET", "/example1/example2/../..", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	  "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d" },
	{ "get-relative-relative-unnormalized", "GET", "/example1/example2/../..", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b",
	  "b45db0bfd1cf15003493b733e33aa208dd981bd0e63037a6ed953f71d2118a16" },
	{ "get-relative-unnormalized", "GET", "/example/..", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
	  "cbcb213b928a077e43275df47b500f1dfaa864ab3f5a18f6b95f4ff0938167ee" },
	{ "get-slash-dot-slash-normalized", "GET", "/./", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	  "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d" },
	{ "get-slash-dot-slash-unnormalized", "GET", "/./", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145",
	  "a9b13e8f3484d9505bf1a6f347219f8f35b0fe8f128ceea597efc146a3dfe90c" },
	{ "get-slash-normalized", "GET", "//", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	  "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d" },
	{ "get-slash-pointless-dot-normalized", "GET", "/./example", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
	  "35034b1a0bdd969f346975386daf8aedfd4976573b8348cf4f67eaa41c5857de" },
	{ "get-slash-pointless-dot-unnormalized", "GET", "/./example", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff",
	  "72b11f16d9530b18204bfb71f2d6ab085894c0ed8d352730a6e76234c58b5e10" },
	{ "get-slash-unnormalized", "GET", "//", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e",
	  "b2a9542809db687769200f56a844a03f2bd0291d6eb90232d5101c6a579446cd" },
	{ "get-slashes-normalized", "GET", "//example//", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
	  "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082" },
	{ "get-slashes-unnormalized", "GET", "//example//", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
	  "822a5a9ba28072c5ab2bb4a6307d0c88276d40e49fec6b724c03fb4d4ba60fc2" },
	{ "get-space-normalized", "GET", "/example space/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
	  "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6" },
	{ "get-space-unnormalized", "GET", "/example space/", "",
	  "Host:example.amazonaws.com",
	  "", false, false, NULL,
	  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
	  "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6" },
	{ "get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
	  "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005" },
	{ "get-utf8", "GET", "/\341\210\264", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
	  "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44" },
	{ "get-vanilla-empty-query-key", "GET", "/", "Param1=value1",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
	  "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de" },
	{ "get-vanilla-query-order-encoded", "GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
	  "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787" },
	{ "get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
	  "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5" },
	{ "get-vanilla-query-unreserved", "GET", "/", "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
	  "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf" },
	{ "get-vanilla-query", "GET", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	  "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d" },
	{ "get-vanilla-utf8-query", "GET", "/", "\341\210\264=bar",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
	  "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600" },
	{ "get-vanilla-with-session-token", "GET", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, SESSION_TOKEN_HEX,
	  "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
	  "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c" },
	{ "get-vanilla", "GET", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	  "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d" },
	{ "post-header-key-case", "POST", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	  "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b" },
	{ "post-header-key-sort", "POST", "/", "",
	  "Host:example.amazonaws.com|My-Header1:value1",
	  "", true, false, NULL,
	  "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
	  "c09d07e0d55871f10f2a6d350d994acf6825a3cae70673d7def55616e6119dd7" },
	{ "post-header-value-case", "POST", "/", "",
	  "Host:example.amazonaws.com|My-Header1:VALUE1",
	  "", true, false, NULL,
	  "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
	  "0698bc9e4f7f9139065ba2909c0e99da257e8e2a42492a097bcd46d792391fed" },
	{ "post-sts-header-after", "POST", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	  "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b" },
	{ "post-sts-header-before", "POST", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, SESSION_TOKEN,
	  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
	  "46c2e3c63c1dbe7d39f8ada16fe7f001c1f56c5791441565323677f96308871c" },
	{ "post-vanilla-empty-query-value", "POST", "/", "Param1=value1",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
	  "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682" },
	{ "post-vanilla-query", "POST", "/", "Param1=value1",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
	  "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682" },
	{ "post-vanilla", "POST", "/", "",
	  "Host:example.amazonaws.com",
	  "", true, false, NULL,
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	  "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b" },
	{ "post-x-www-form-urlencoded-parameters", "POST", "/", "",
	  "Content-Type:application/x-www-form-urlencoded; charset=utf-8|Host:example.amazonaws.com|Content-Length:13",
	  "Param1=value1", true, true, NULL,
	  "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
	  "0dbeb9b026c7b6675f266b8427efec9b4fa8b1f6ef1477d717aea231106eab4d" },
	{ "post-x-www-form-urlencoded", "POST", "/", "",
	  "Content-Type:application/x-www-form-urlencoded|Host:example.amazonaws.com|Content-Length:13",
	  "Param1=value1", true, true, NULL,
	  "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
	  "89a40deed0f26f9461242825a082d2222717248abc7ab41f552ad84a94ad46e9" },
};

#define NR_SUITE (sizeof(suite) / sizeof(*suite))

static const struct xf_sign_identity suite_identity = {
	.access_key = "AKIDEXAMPLE",
	.secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	.region = "us-east-1",
	.service = "service",
	.at = 1440938160, /* 2015-08-30T12:36:00Z */
};

static void body_hash(char out[XF_SIGNATURE_SIZE], const char *body)
{
	struct xf_digest d;
	assert_int_equal(xf_checksum_of(&d, XF_CHECKSUM_SHA256, body, strlen(body)), XF_OK);
	xf_digest_hex(&d, out);
}

static struct xf_sign_request suite_request(const struct vector *v, struct headers *h, const char *hash)
{
	headers_parse(h, v->headers);
	return (struct xf_sign_request){
		.method = v->method, .path = v->path, .query = v->query, .headers = h->list,
		.payload = hash, .normalise_path = v->normalise,
	};
}

static void the_suite_signs_by_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_SUITE; i++) {
		const struct vector *v = &suite[i];
		struct headers h;
		struct xf_signature sig;
		struct xf_buf authorization = XF_BUF_INIT;
		char hash[XF_SIGNATURE_SIZE];
		body_hash(hash, v->body);
		struct xf_sign_request r = suite_request(v, &h, hash);
		headers_add(&h, "X-Amz-Date", "20150830T123600Z");
		if (v->hash_header)
			headers_add(&h, "x-amz-content-sha256", hash);
		if (v->token)
			headers_add(&h, "X-Amz-Security-Token", v->token);
		r.nr_headers = h.nr;
		assert_int_equal(xf_sign(&sig, &authorization, &r, &suite_identity, NULL), XF_OK);
		if (strcmp(sig.signature, v->header_signature))
			fail_msg("%s: %s", v->name, xf_buf_text(&authorization));
		assert_non_null(strstr(xf_buf_text(&authorization), v->header_signature));
		xf_buf_fini(&authorization);
	}
}

static void the_suite_signs_by_query(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_SUITE; i++) {
		const struct vector *v = &suite[i];
		struct headers h;
		struct xf_buf query = XF_BUF_INIT;
		char hash[XF_SIGNATURE_SIZE];
		body_hash(hash, v->body);
		struct xf_sign_identity id = suite_identity;
		id.session_token = v->token;
		struct xf_sign_request r = suite_request(v, &h, hash);
		r.nr_headers = h.nr;
		assert_int_equal(xf_presign(&query, &r, &id, 3600, NULL), XF_OK);
		const char *signature = strstr(xf_buf_text(&query), "X-Amz-Signature=") + 16;
		if (strcmp(signature, v->query_signature))
			fail_msg("%s: %s", v->name, xf_buf_text(&query));
		xf_buf_fini(&query);
	}
}

/* ---- the examples of the S3 API Reference */

static const struct xf_sign_identity example_identity = {
	.access_key = "AKIAIOSFODNN7EXAMPLE",
	.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.region = "us-east-1",
	.at = 1369353600, /* 2013-05-24T00:00:00Z */
};

#define EXAMPLE_HOST "Host:examplebucket.s3.amazonaws.com|x-amz-date:20130524T000000Z|"
#define EXAMPLE_EMPTY "x-amz-content-sha256:" XF_EMPTY_SHA256

static struct xf_sign_request example(struct headers *h, const char *method, const char *path,
				      const char *query, const char *headers)
{
	headers_parse(h, headers);
	struct xf_sign_request r = { .method = method, .path = path, .query = query,
				     .headers = h->list, .nr_headers = h->nr };
	for (size_t i = 0; i < h->nr; i++)
		if (!strcmp(h->list[i].name, "x-amz-content-sha256"))
			r.payload = h->list[i].value;
	return r;
}

static void assert_signs(const struct xf_sign_request *r, const char *expected)
{
	struct xf_signature sig;
	assert_int_equal(xf_sign(&sig, NULL, r, &example_identity, NULL), XF_OK);
	assert_string_equal(sig.signature, expected);
}

static void s3_get_with_a_range(void **state)
{
	(void)state;
	struct headers h;
	struct xf_buf authorization = XF_BUF_INIT;
	struct xf_signature sig;
	struct xf_sign_request r =
		example(&h, "GET", "/test.txt", NULL, EXAMPLE_HOST "Range:bytes=0-9|" EXAMPLE_EMPTY);
	assert_int_equal(xf_sign(&sig, &authorization, &r, &example_identity, NULL), XF_OK);
	assert_string_equal(xf_buf_text(&authorization),
			    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
			    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
			    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
	xf_buf_fini(&authorization);
}

static void s3_put_of_a_key_with_a_dollar(void **state)
{
	(void)state;
	struct headers h;
	char hash[XF_SIGNATURE_SIZE];
	body_hash(hash, "Welcome to Amazon S3.");
	const char *expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
	static const char headers[] =
		EXAMPLE_HOST "Date:Fri, 24 May 2013 00:00:00 GMT|x-amz-storage-class:REDUCED_REDUNDANCY|"
			     "x-amz-content-sha256:"
			     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
	struct xf_sign_request r = example(&h, "PUT", "/test%24file.text", NULL, headers);
	assert_string_equal(r.payload, hash);
	assert_signs(&r, expected);
	r.path = "/test$file.text"; /* another spelling of the same key */
	assert_signs(&r, expected);
}

static void s3_queries(void **state)
{
	(void)state;
	struct headers h;
	struct xf_sign_request r = example(&h, "GET", "/", "lifecycle", EXAMPLE_HOST EXAMPLE_EMPTY);
	assert_signs(&r, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	r.query = "max-keys=2&prefix=J";
	assert_signs(&r, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
	r.query = "prefix=J&max-keys=2";
	assert_signs(&r, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void s3_presigned_get(void **state)
{
	(void)state;
	struct headers h;
	struct xf_buf query = XF_BUF_INIT;
	struct xf_sign_request r =
		example(&h, "GET", "/test.txt", NULL, "Host:examplebucket.s3.amazonaws.com");
	assert_int_equal(xf_presign(&query, &r, &example_identity, 86400, NULL), XF_OK);
	assert_string_equal(xf_buf_text(&query),
			    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
			    "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
			    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
			    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	xf_buf_fini(&query);
}

/* 65 KiB of 'a' in chunks of 64 KiB, 1 KiB and 0 bytes. */
static void assert_chunks(struct xf_chunk_signer *s, const char *const expected[3])
{
	static const size_t sizes[3] = { 65536, 1024, 0 };
	static char data[65536];
	memset(data, 'a', sizeof(data));
	for (int i = 0; i < 3; i++) {
		struct xf_digest d;
		char signature[XF_SIGNATURE_SIZE];
		assert_int_equal(xf_checksum_of(&d, XF_CHECKSUM_SHA256, data, sizes[i]), XF_OK);
		assert_int_equal(xf_chunk_sign(s, d.bytes, signature), XF_OK);
		assert_string_equal(signature, expected[i]);
	}
}

#define EXAMPLE_CHUNKED                                                                            \
	"Host:s3.amazonaws.com|x-amz-date:20130524T000000Z|x-amz-storage-class:REDUCED_REDUNDANCY|" \
	"Content-Encoding:aws-chunked|x-amz-decoded-content-length:66560|"

static void s3_signed_chunks(void **state)
{
	(void)state;
	struct headers h;
	struct xf_signature seed;
	struct xf_chunk_signer s;
	struct xf_sign_request r = example(&h, "PUT", "/examplebucket/chunkObject.txt", NULL,
					   EXAMPLE_CHUNKED "Content-Length:66824|x-amz-content-sha256:" XF_STREAMING_SIGNED);
	assert_int_equal(xf_sign(&seed, NULL, &r, &example_identity, NULL), XF_OK);
	assert_string_equal(seed.signature, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
	assert_int_equal(xf_chunk_signer_init(&s, example_identity.secret_key, &seed), XF_OK);
	assert_chunks(&s, (const char *const[3]){
		"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
	});
	xf_chunk_signer_fini(&s);
}

static void s3_signed_chunks_with_a_trailer(void **state)
{
	(void)state;
	static const char trailer[] = "x-amz-checksum-crc32c:sOO8/Q==\n";
	struct headers h;
	struct xf_signature seed;
	struct xf_chunk_signer s;
	char signature[XF_SIGNATURE_SIZE];
	struct xf_sign_request r = example(&h, "PUT", "/examplebucket/chunkObject.txt", NULL,
					   EXAMPLE_CHUNKED "x-amz-trailer:x-amz-checksum-crc32c|x-amz-content-sha256:"
							   XF_STREAMING_SIGNED_TRAILER);
	assert_int_equal(xf_sign(&seed, NULL, &r, &example_identity, NULL), XF_OK);
	assert_string_equal(seed.signature, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
	assert_int_equal(xf_chunk_signer_init(&s, example_identity.secret_key, &seed), XF_OK);
	assert_chunks(&s, (const char *const[3]){
		"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
		"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
		"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
	});
	assert_int_equal(xf_chunk_sign_trailer(&s, trailer, strlen(trailer), signature), XF_OK);
	assert_string_equal(signature, "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
	xf_chunk_signer_fini(&s);
}

/* ---- the other side */

/* Signs the request by header and takes the header apart again. */
static void sign_and_parse(struct xf_auth *auth, struct xf_sign_request *r)
{
	struct xf_signature sig;
	struct xf_buf text = XF_BUF_INIT;
	assert_int_equal(xf_sign(&sig, &text, r, &example_identity, NULL), XF_OK);
	assert_int_equal(xf_auth_parse_header(auth, xf_buf_text(&text), NULL), XF_OK);
	xf_buf_fini(&text);
}

static void assert_refused(const struct xf_auth *auth, const struct xf_sign_request *r, const char *secret,
			   time_t now, const char *code, int http)
{
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_auth_verify(auth, r, secret, "us-east-1", now, NULL, &err), XF_DENIED);
	assert_string_equal(err.code, code);
	assert_int_equal(err.http_status, http);
	assert_null(strstr(err.message, secret));
	assert_null(strstr(err.message, auth->signature));
}

static void verifies_what_was_signed(void **state)
{
	(void)state;
	struct headers h;
	struct xf_auth auth;
	struct xf_signature seed;
	struct xf_sign_request r = example(&h, "PUT", "/a%20b/%C3%BC", "partNumber=3&uploadId=x%2By",
					   EXAMPLE_HOST "x-amz-content-sha256:" XF_UNSIGNED_PAYLOAD);
	sign_and_parse(&auth, &r);
	assert_string_equal(auth.access_key, "AKIAIOSFODNN7EXAMPLE");
	assert_string_equal(auth.region, "us-east-1");
	assert_string_equal(auth.signed_headers, "host;x-amz-content-sha256;x-amz-date");
	headers_add(&h, "Expect", "100-continue"); /* not signed, does not matter */
	r.nr_headers = h.nr;
	assert_int_equal(xf_auth_verify(&auth, &r, example_identity.secret_key, "us-east-1",
					example_identity.at + XF_CLOCK_SKEW_S, &seed, NULL), XF_OK);
	assert_string_equal(seed.signature, auth.signature);
	assert_string_equal(seed.scope, "20130524/us-east-1/s3/aws4_request");
	assert_string_equal(seed.amz_date, "20130524T000000Z");
}

static void refuses_what_was_changed(void **state)
{
	(void)state;
	struct headers h;
	struct xf_auth auth;
	time_t now = example_identity.at;
	const char *secret = example_identity.secret_key;
	struct xf_sign_request r =
		example(&h, "GET", "/key", "versionId=1", EXAMPLE_HOST "Range:bytes=0-9|" EXAMPLE_EMPTY);
	sign_and_parse(&auth, &r);

	struct xf_sign_request other = r;
	assert_refused(&auth, &other, "wrong", now, "SignatureDoesNotMatch", 403);
	other.method = "PUT";
	assert_refused(&auth, &other, secret, now, "SignatureDoesNotMatch", 403);
	other = r, other.path = "/key2";
	assert_refused(&auth, &other, secret, now, "SignatureDoesNotMatch", 403);
	other = r, other.query = "versionId=2";
	assert_refused(&auth, &other, secret, now, "SignatureDoesNotMatch", 403);
	other = r, other.payload = XF_UNSIGNED_PAYLOAD;
	assert_refused(&auth, &other, secret, now, "SignatureDoesNotMatch", 403);
	h.list[2].value = "bytes=0-8";
	assert_refused(&auth, &r, secret, now, "SignatureDoesNotMatch", 403);
}

static void refuses_by_time_region_and_missing_headers(void **state)
{
	(void)state;
	struct headers h;
	struct xf_auth auth;
	time_t at = example_identity.at;
	const char *secret = example_identity.secret_key;
	struct xf_sign_request r = example(&h, "GET", "/key", NULL, EXAMPLE_HOST EXAMPLE_EMPTY);
	sign_and_parse(&auth, &r);
	assert_refused(&auth, &r, secret, at + XF_CLOCK_SKEW_S + 1, "RequestTimeTooSkewed", 403);
	assert_refused(&auth, &r, secret, at - XF_CLOCK_SKEW_S - 1, "RequestTimeTooSkewed", 403);

	headers_add(&h, "x-amz-acl", "public-read"); /* smuggled in */
	r.nr_headers = h.nr;
	assert_refused(&auth, &r, secret, at, "AccessDenied", 403);

	r = example(&h, "GET", "/key", NULL, "Host:h|" EXAMPLE_EMPTY);
	assert_refused(&auth, &r, secret, at, "AccessDenied", 403); /* no date */
	headers_add(&h, "x-amz-date", "20130525T000000Z");
	r.nr_headers = h.nr;
	assert_refused(&auth, &r, secret, at + 86400, "AuthorizationHeaderMalformed", 400);
	r.payload = NULL;
	assert_refused(&auth, &r, secret, at, "InvalidRequest", 400);

	snprintf(auth.region, sizeof(auth.region), "eu-west-1");
	r = example(&h, "GET", "/key", NULL, EXAMPLE_HOST EXAMPLE_EMPTY);
	assert_refused(&auth, &r, secret, at, "AuthorizationHeaderMalformed", 400);
}

static void the_date_header_stands_in_for_x_amz_date(void **state)
{
	(void)state;
	static const char *const wrong[] = { "Fri, 24 Foo 2013 00:00:00 GMT", "Fri, 24 May 2013 00:00:00 CET",
					     "Fri, 31 Jun 2013 00:00:00 GMT", "anM, 24 ayJ 2013 00:00:00 GMT", "" };
	struct headers h;
	struct xf_auth auth;
	struct xf_sign_request r = example(&h, "GET", "/key", NULL,
					   "Host:h|Date:Fri, 24 May 2013 00:00:00 GMT|" EXAMPLE_EMPTY);
	sign_and_parse(&auth, &r);
	assert_int_equal(xf_auth_verify(&auth, &r, example_identity.secret_key, NULL, example_identity.at, NULL,
					NULL), XF_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		h.list[1].value = wrong[i];
		assert_refused(&auth, &r, example_identity.secret_key, example_identity.at, "AccessDenied", 403);
	}
}

static void presigned_urls_are_verified_and_expire(void **state)
{
	(void)state;
	struct headers h;
	struct xf_auth auth;
	struct xf_buf query = XF_BUF_INIT;
	time_t at = example_identity.at;
	const char *secret = example_identity.secret_key;
	struct xf_sign_identity id = example_identity;
	id.session_token = "a/token+with=all";
	struct xf_sign_request r = example(&h, "GET", "/a%20key", "versionId=7", "Host:h");
	assert_int_equal(xf_presign(&query, &r, &id, 60, NULL), XF_OK);
	assert_int_equal(xf_auth_parse_query(&auth, xf_buf_text(&query), NULL), XF_OK);
	assert_int_equal(auth.expires_s, 60);
	r.query = xf_buf_text(&query);
	assert_int_equal(xf_auth_verify(&auth, &r, secret, "us-east-1", at + 60, NULL, NULL), XF_OK);
	assert_refused(&auth, &r, secret, at + 61, "AccessDenied", 403);
	assert_refused(&auth, &r, secret, at - XF_CLOCK_SKEW_S - 1, "AccessDenied", 403);
	r.method = "PUT";
	assert_refused(&auth, &r, secret, at, "SignatureDoesNotMatch", 403);
	r.method = "GET";
	char *expires = strstr(query.data, "X-Amz-Expires=60");
	memcpy(expires, "X-Amz-Expires=90", 16);
	assert_int_equal(xf_auth_parse_query(&auth, query.data, NULL), XF_OK);
	assert_refused(&auth, &r, secret, at, "SignatureDoesNotMatch", 403);
	xf_buf_wipe(&query);
}

#define SCOPE "/20130524/us-east-1/s3/aws4_request"
#define HEX64 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"

static void malformed_authorizations_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum xf_status status;
		const char *code;
	} cases[] = {
		{ "", XF_NOT_FOUND, "AccessDenied" },
		{ "AWS AKID:signature", XF_UNSUPPORTED, "InvalidRequest" },
		{ "Basic dTpw", XF_UNSUPPORTED, "InvalidArgument" },
		{ "AWS4-HMAC-SHA256 ", XF_INVALID, "AuthorizationHeaderMalformed" },
		{ "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=" HEX64, XF_INVALID,
		  "AuthorizationHeaderMalformed" },
		{ "AWS4-HMAC-SHA256 Credential=A" SCOPE ", Signature=" HEX64, XF_INVALID,
		  "AuthorizationHeaderMalformed" },
		{ "AWS4-HMAC-SHA256 Credential=A" SCOPE ", SignedHeaders=host, Signature=12", XF_INVALID,
		  "AuthorizationHeaderMalformed" },
		{ "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host, Signature=" HEX64, XF_INVALID,
		  "AuthorizationHeaderMalformed" },
		{ "AWS4-HMAC-SHA256 Credential=A/B" SCOPE ",SignedHeaders=host,Signature=" HEX64, XF_OK, "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_auth auth;
		struct xf_error err = XF_ERROR_INIT;
		assert_int_equal(xf_auth_parse_header(&auth, cases[i].text, &err), cases[i].status);
		assert_string_equal(err.code, cases[i].code);
	}
}

#define PRESIGNED(credential, expires)                                                              \
	"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" credential "&X-Amz-Date=20130524T000000Z" \
	"&X-Amz-Expires=" expires "&X-Amz-SignedHeaders=host&X-Amz-Signature=" HEX64

static void malformed_presigned_queries_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum xf_status status;
	} cases[] = {
		{ "list-type=2&prefix=a", XF_NOT_FOUND },
		{ PRESIGNED("A" SCOPE, "604800"), XF_OK },
		{ PRESIGNED("A" SCOPE, "604801"), XF_INVALID },
		{ PRESIGNED("A" SCOPE, "-1"), XF_INVALID },
		{ PRESIGNED("A" SCOPE, ""), XF_INVALID },
		{ PRESIGNED("A%2F20130524%2Fus-east-1%2Fs3%2Faws4_request", "1"), XF_OK },
		{ PRESIGNED("A", "1"), XF_INVALID },
		{ "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A" SCOPE, XF_INVALID },
		{ "X-Amz-Algorithm=MD5&X-Amz-Signature=" HEX64, XF_INVALID },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xf_auth auth;
		struct xf_error err = XF_ERROR_INIT;
		assert_int_equal(xf_auth_parse_query(&auth, cases[i].text, &err), cases[i].status);
		if (cases[i].status == XF_INVALID)
			assert_string_equal(err.code, "AuthorizationQueryParametersError");
	}
}

static void what_cannot_be_signed_is_refused(void **state)
{
	(void)state;
	struct headers h;
	struct xf_signature sig;
	struct xf_buf query = XF_BUF_INIT;
	struct xf_sign_request r = example(&h, "GET", "/", NULL, EXAMPLE_HOST EXAMPLE_EMPTY);
	struct xf_sign_identity id = example_identity;
	assert_int_equal(xf_presign(&query, &r, &id, 0, NULL), XF_INVALID);
	assert_int_equal(xf_presign(&query, &r, &id, XF_PRESIGN_MAX_S + 1, NULL), XF_INVALID);
	id.region = "";
	assert_int_equal(xf_sign(&sig, NULL, &r, &id, NULL), XF_INVALID);
	id = example_identity, id.access_key = "AK ID";
	assert_int_equal(xf_sign(&sig, NULL, &r, &id, NULL), XF_INVALID);
	id = example_identity, id.secret_key = NULL;
	assert_int_equal(xf_sign(&sig, NULL, &r, &id, NULL), XF_INVALID);
	r.path = "key";
	assert_int_equal(xf_sign(&sig, NULL, &r, &example_identity, NULL), XF_INVALID);
	r = example(&h, "GET", "/", NULL, "x-amz-date:20130524T000000Z");
	assert_int_equal(xf_sign(&sig, NULL, &r, &example_identity, NULL), XF_INVALID);
	assert_int_equal(query.len, 0);
}

static void dates_are_strict(void **state)
{
	(void)state;
	char text[XF_AMZ_DATE_SIZE];
	time_t at;
	xf_amz_date(text, 1369353600);
	assert_string_equal(text, "20130524T000000Z");
	assert_true(xf_amz_date_parse(&at, "20240229T235959Z"));
	assert_int_equal(at, 1709251199);
	assert_false(xf_amz_date_parse(&at, "20230229T000000Z"));
	assert_false(xf_amz_date_parse(&at, "20130524T240000Z"));
	assert_false(xf_amz_date_parse(&at, "2013-05-24T00:00"));
	assert_false(xf_amz_date_parse(&at, "20130524T000000"));
	assert_false(xf_amz_date_parse(&at, "2013052 T000000Z"));
}

/* One allocation after the other fails: the answer is right or an error, and nothing leaks. */
static bool sign_presign_verify(void *ctx)
{
	(void)ctx;
	struct headers h;
	struct xf_auth auth;
	struct xf_buf query = XF_BUF_INIT;
	struct xf_sign_request r = example(&h, "GET", "/a%20key", "b=1&a=2", "Host:h");
	bool ok = !xf_presign(&query, &r, &example_identity, 60, NULL) &&
		  !xf_auth_parse_query(&auth, xf_buf_text(&query), NULL);
	r.query = xf_buf_text(&query);
	ok = ok && !xf_auth_verify(&auth, &r, example_identity.secret_key, NULL, example_identity.at, NULL, NULL);
	xf_buf_fini(&query);
	return ok;
}

/* "Example: Browser-Based Upload using HTTP POST" (Amazon S3). */
static void s3_post_policy(void **state)
{
	static const char policy[] =
		"eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1"
		"Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8i"
		"XSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDov"
		"L3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0"
		"YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUx"
		"MjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFy"
		"dHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZP"
		"RE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGht"
		"IjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
	char signature[XF_SIGNATURE_SIZE];

	(void)state;
	assert_int_equal(xf_sign_policy(signature, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20151229/us-east-1/s3/aws4_request",
					policy), XF_OK);
	assert_string_equal(signature, "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
}

static void survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(t_each_alloc_fails(sign_presign_verify, NULL) > 10);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_suite_signs_by_header),
	cmocka_unit_test(the_suite_signs_by_query),
	cmocka_unit_test(s3_get_with_a_range),
	cmocka_unit_test(s3_put_of_a_key_with_a_dollar),
	cmocka_unit_test(s3_queries),
	cmocka_unit_test(s3_presigned_get),
	cmocka_unit_test(s3_signed_chunks),
	cmocka_unit_test(s3_signed_chunks_with_a_trailer),
	cmocka_unit_test(s3_post_policy),
	cmocka_unit_test(verifies_what_was_signed),
	cmocka_unit_test(refuses_what_was_changed),
	cmocka_unit_test(refuses_by_time_region_and_missing_headers),
	cmocka_unit_test(the_date_header_stands_in_for_x_amz_date),
	cmocka_unit_test(presigned_urls_are_verified_and_expire),
	cmocka_unit_test(malformed_authorizations_are_named),
	cmocka_unit_test(malformed_presigned_queries_are_named),
	cmocka_unit_test(what_cannot_be_signed_is_refused),
	cmocka_unit_test(dates_are_strict),
	cmocka_unit_test(survives_every_failed_allocation),
};
T_MAIN(tests)
