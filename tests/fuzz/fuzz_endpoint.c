/*
 * What strangers can send to the endpoint, or leave in its folder. The first byte
 * says what the rest is: a fault rule, an aws-chunked body, a record, a request's
 * target and Host header, a Range, a form (its boundary first), a form's policy.
 */
#include "tests/fuzz/fuzz.h"

#include "core/endpoint/body.h"
#include "core/endpoint/fault.h"
#include "core/endpoint/form.h"
#include "core/endpoint/message.h"
#include "core/endpoint/policy.h"
#include "core/endpoint/range.h"
#include "core/endpoint/record.h"
#include "core/s3/encode.h"

static bool count(void *ctx, const void *data, size_t len)
{
	(void)data;
	*(uint64_t *)ctx += len;
	return true;
}

static void rule(const char *text)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_ep_fault f;

	if (xf_ep_fault_parse(&f, text, &err) == XF_OK)
		xf_ep_fault_fini(&f);
	else
		FUZZ_CHECK(*err.message);
}

static void body(const uint8_t *data, size_t len)
{
	struct xf_ep_body b;
	uint64_t seen = 0;

	if (xf_ep_body_init(&b, true, len & 1, NULL, count, &seen) != XF_OK)
		return;
	for (size_t step = 1; len; step = step * 2 + 1) {
		size_t now = step < len ? step : len;
		xf_ep_body_feed(&b, data, now);
		data += now;
		len -= now;
	}
	xf_ep_body_end(&b);
	FUZZ_CHECK(seen == b.decoded);
	xf_ep_body_fini(&b);
}

static void record(const uint8_t *data, size_t len)
{
	struct xf_headers fields = XF_HEADERS_INIT;

	xf_ep_record_parse(&fields, (const char *)data, len);
	xf_headers_fini(&fields);
}

/* "target\nhost" */
static void target(char *text)
{
	struct xf_ep_request r = { 0 };
	char *host = strchr(text, '\n');

	if (host)
		*host++ = '\0';
	if (host)
		xf_headers_add(&r.headers, "host", host);
	FUZZ_CHECK(xf_ep_request_parse(&r, text, "test") != XF_EP_NONE || !r.key || r.bucket);
	xf_ep_request_fini(&r);
}

static void range(const char *text)
{
	uint64_t first, length;

	FUZZ_CHECK(xf_ep_range_parse(text, 1000, &first, &length) != XF_EP_RANGE_PART ||
		   (length > 0 && first + length <= 1000));
	FUZZ_CHECK(!xf_ep_range_copy(text, 1000, &first, &length) || first + length <= 1000);
}

static void begun(void *ctx)
{
	(void)ctx;
}

/* "Content-Type\nbody" */
static void form(const uint8_t *data, size_t len)
{
	const uint8_t *line = memchr(data, '\n', len);
	char boundary[XF_EP_BOUNDARY_MAX + 1], *type = line ? strndup((const char *)data, (size_t)(line - data)) : NULL;
	struct xf_ep_form f;
	uint64_t seen = 0;

	if (type && xf_ep_form_boundary(type, boundary) && *boundary) {
		xf_ep_form_init(&f, boundary, count, begun, &seen);
		len -= (size_t)(++line - data);
		for (size_t step = 1; len; step = step * 2 + 1) {
			size_t now = step < len ? step : len;
			xf_ep_form_feed(&f, line, now);
			line += now;
			len -= now;
		}
		xf_ep_form_end(&f);
		FUZZ_CHECK(seen == f.size && f.before <= XF_EP_FORM_MAX + 1);
		FUZZ_CHECK(f.name.len < sizeof(f.line) && f.filename.len < sizeof(f.line));
		xf_ep_form_fini(&f);
	}
	free(type);
}

static void policy(const uint8_t *data, size_t len)
{
	struct xf_headers fields = XF_HEADERS_INIT;
	struct xf_ep_policy p;
	char *text = malloc(XF_BASE64_SIZE(len));

	xf_headers_add(&fields, "key", "user/k");
	xf_headers_add(&fields, "Content-Type", "a/b, c/d");
	if (text) {
		xf_base64_encode(text, data, len);
		FUZZ_CHECK(xf_ep_policy_check(&p, text, &fields, "bucket", 1000) || *p.message);
	}
	free(text);
	xf_headers_fini(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (!len)
		return 0;
	text = strndup((const char *)data + 1, len - 1);
	if (!text)
		return 0;
	switch (*data) {
	case 'f': rule(text); break;
	case 'b': body(data + 1, len - 1); break;
	case 'r': record(data + 1, len - 1); break;
	case 't': target(text); break;
	case 'n': range(text); break;
	case 'm': form(data + 1, len - 1); break;
	case 'p': policy(data + 1, len - 1); break;
	}
	free(text);
	return 0;
}
