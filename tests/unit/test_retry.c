/* retry: botocore's figures, as values. */
#include "tests/unit/t.h"

#include "core/s3/retry.h"

#define SECOND 1000000000ull

static enum xf_retry_kind answer(enum xf_retry_mode mode, int http_status, const char *code)
{
	return xf_retry_kind(mode, &(struct xf_retry_outcome){ .http_status = http_status, .code = code });
}

static enum xf_retry_kind failure(enum xf_retry_mode mode, enum xf_status status)
{
	return xf_retry_kind(mode, &(struct xf_retry_outcome){ .status = status });
}

static void modes_have_their_own_number_of_attempts(void **state)
{
	enum xf_retry_mode mode;
	(void)state;
	assert_int_equal(xf_retry_policy_make(XF_RETRY_LEGACY, 0).max_attempts, 5);
	assert_int_equal(xf_retry_policy_make(XF_RETRY_STANDARD, 0).max_attempts, 3);
	assert_int_equal(xf_retry_policy_make(XF_RETRY_STANDARD, 7).max_attempts, 7);
	assert_int_equal(xf_retry_mode_parse(&mode, "standard", NULL), XF_OK);
	assert_int_equal(mode, XF_RETRY_STANDARD);
	assert_int_equal(xf_retry_mode_parse(&mode, "eager", NULL), XF_INVALID);
}

static void statuses_are_those_of_the_mode(void **state)
{
	static const struct { int status; bool legacy, standard; } rows[] = {
		{ 200, false, false }, { 301, false, false }, { 400, false, false }, { 403, false, false },
		{ 404, false, false }, { 409, false, false }, { 412, false, false }, { 417, false, false },
		{ 429, true, false }, { 500, true, true }, { 501, false, false }, { 502, true, true },
		{ 503, true, true }, { 504, true, true }, { 509, true, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(answer(XF_RETRY_LEGACY, rows[i].status, "x") != XF_RETRY_NO, rows[i].legacy);
		assert_int_equal(answer(XF_RETRY_STANDARD, rows[i].status, "x") != XF_RETRY_NO, rows[i].standard);
	}
}

static void codes_are_those_of_the_mode(void **state)
{
	(void)state;
	assert_int_equal(answer(XF_RETRY_LEGACY, 400, "RequestTimeout"), XF_RETRY_ERROR);
	assert_int_equal(answer(XF_RETRY_LEGACY, 400, "BadDigest"), XF_RETRY_ERROR);
	assert_int_equal(answer(XF_RETRY_LEGACY, 403, "RequestTimeout"), XF_RETRY_NO);
	assert_int_equal(answer(XF_RETRY_LEGACY, 400, "ThrottlingException"), XF_RETRY_THROTTLED);
	assert_int_equal(answer(XF_RETRY_STANDARD, 400, "RequestTimeout"), XF_RETRY_ERROR);
	assert_int_equal(answer(XF_RETRY_STANDARD, 400, "BadDigest"), XF_RETRY_NO);
	assert_int_equal(answer(XF_RETRY_STANDARD, 503, "SlowDown"), XF_RETRY_THROTTLED);
	assert_int_equal(answer(XF_RETRY_STANDARD, 400, NULL), XF_RETRY_NO);
}

static void broken_connections_are_tried_again_and_local_errors_are_not(void **state)
{
	static const enum xf_status again[] = { XF_RESOLVE, XF_CONNECT, XF_TLS, XF_CLOSED, XF_BAD_REPLY };
	static const enum xf_status never[] = { XF_SHORT_READ, XF_IO, XF_CANCELLED, XF_NOMEM, XF_CREDENTIALS };
	(void)state;
	for (int mode = XF_RETRY_LEGACY; mode <= XF_RETRY_ADAPTIVE; mode++) {
		for (size_t i = 0; i < 5; i++) {
			assert_int_equal(failure((enum xf_retry_mode)mode, again[i]), XF_RETRY_ERROR);
			assert_int_equal(failure((enum xf_retry_mode)mode, never[i]), XF_RETRY_NO);
		}
		assert_int_equal(failure((enum xf_retry_mode)mode, XF_TIMEOUT), XF_RETRY_TIMEOUT);
	}
}

static void delays_double_and_standard_stops_at_20_s(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 4; n++)
		assert_int_equal(xf_retry_delay_ns(XF_RETRY_LEGACY, n, 0.5, 0), SECOND << (n - 1) >> 1);
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_LEGACY, 3, 0, 0), 0);
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_STANDARD, 5, 0.5, 0), 8 * SECOND);
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_STANDARD, 6, 0.5, 0), 10 * SECOND);
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_STANDARD, 900, 0.5, 0), 10 * SECOND);
}

static void retry_after_is_a_floor_with_a_ceiling(void **state)
{
	(void)state;
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_LEGACY, 1, 0.5, 7 * SECOND), 7 * SECOND);
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_LEGACY, 4, 0.5, 1 * SECOND), 4 * SECOND);
	assert_int_equal(xf_retry_delay_ns(XF_RETRY_LEGACY, 1, 0.5, 86400 * SECOND), 300 * SECOND);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	(void)state;
	assert_int_equal(xf_retry_after_ns("3", 0), 3 * SECOND);
	assert_int_equal(xf_retry_after_ns("Fri, 24 May 2013 00:00:10 GMT", 1369353600), 10 * SECOND);
	assert_int_equal(xf_retry_after_ns("Fri, 24 May 2013 00:00:10 GMT", 1369353700), 0);
	assert_int_equal(xf_retry_after_ns(NULL, 0), 0);
	assert_int_equal(xf_retry_after_ns("soon", 0), 0);
	assert_int_equal(xf_retry_after_ns("-5", 0), 0);
	assert_int_equal(xf_retry_after_ns("3 apples", 0), 0);
	assert_int_equal(xf_retry_after_ns("99999999999999999999", 0), 0);
}

static void the_quota_brakes_and_is_refunded(void **state)
{
	struct xf_retry_quota q;
	int taken = 0;
	(void)state;
	xf_retry_quota_init(&q);
	for (int i = 0; i < 100; i++)
		assert_true(xf_retry_quota_take(&q, XF_RETRY_ERROR, &taken));
	assert_false(xf_retry_quota_take(&q, XF_RETRY_ERROR, &taken));
	xf_retry_quota_refund(&q, taken);
	assert_false(xf_retry_quota_take(&q, XF_RETRY_TIMEOUT, &taken));
	assert_true(xf_retry_quota_take(&q, XF_RETRY_THROTTLED, &taken));
	for (int i = 0; i < 5; i++)
		xf_retry_quota_refund(&q, 0);
	assert_true(xf_retry_quota_take(&q, XF_RETRY_ERROR, &taken));
	xf_retry_quota_refund(&q, 100000);
	assert_int_equal(q.tokens, XF_RETRY_TOKENS);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(modes_have_their_own_number_of_attempts),
	cmocka_unit_test(statuses_are_those_of_the_mode),
	cmocka_unit_test(codes_are_those_of_the_mode),
	cmocka_unit_test(broken_connections_are_tried_again_and_local_errors_are_not),
	cmocka_unit_test(delays_double_and_standard_stops_at_20_s),
	cmocka_unit_test(retry_after_is_a_floor_with_a_ceiling),
	cmocka_unit_test(retry_after_is_seconds_or_a_date),
	cmocka_unit_test(the_quota_brakes_and_is_refunded),
};

T_MAIN(tests)
