/* plan, config, bandwidth: the arithmetic of a managed transfer, with s3transfer's figures. */
#include "tests/unit/t.h"

#include "core/transfer/bandwidth.h"
#include "core/transfer/config.h"
#include "core/transfer/plan.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

static struct xf_plan plan_of(uint64_t size, bool known)
{
	struct xf_transfer_config c = xf_transfer_config_default();
	struct xf_error err = XF_ERROR_INIT;
	struct xf_plan p;
	assert_int_equal(xf_plan_upload(&c, size, known, &p, &err), XF_OK);
	return p;
}

static void the_threshold_is_inclusive(void **state)
{
	(void)state;
	assert_false(plan_of(0, true).multipart);
	assert_false(plan_of(8 * MIB - 1, true).multipart);
	assert_true(plan_of(8 * MIB, true).multipart);
	assert_int_equal(plan_of(8 * MIB, true).parts, 1);
	assert_int_equal(plan_of(8 * MIB + 1, true).parts, 2);
	assert_int_equal(plan_of(100 * MIB, true).parts, 13);
	assert_true(plan_of(0, false).multipart);
}

/* Figures measured on the real one: doubled until it fits, then clamped. */
static void part_sizes_are_doubled_then_clamped(void **state)
{
	(void)state;
	static const struct { uint64_t chunk, size, want; } cases[] = {
		{ 8 * MIB, 80000 * MIB, 8 * MIB },     { 8 * MIB, 80000 * MIB + 1, 16 * MIB },
		{ 8 * MIB, 5 * TIB, GIB },             { 7 * MIB, 5 * TIB, 896 * MIB },
		{ 1 * MIB, 20 * MIB, 5 * MIB },        { 6 * GIB, 20 * GIB, 5 * GIB },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(xf_plan_part_size(cases[i].chunk, cases[i].size, true), cases[i].want);
	assert_int_equal(xf_plan_part_size(1, 0, false), 5 * MIB);
	assert_int_equal(xf_plan_part_size(9 * MIB, 0, false), 9 * MIB);
}

static void an_object_of_too_many_parts_is_refused_early(void **state)
{
	(void)state;
	struct xf_transfer_config c = xf_transfer_config_default();
	struct xf_error err = XF_ERROR_INIT;
	struct xf_plan p;
	assert_int_equal(xf_plan_upload(&c, 49 * TIB, true, &p, &err), XF_TOO_MANY_PARTS);
	assert_non_null(strstr(err.message, "10036 parts"));
}

static void parts_cover_the_object_without_gap_or_overlap(void **state)
{
	(void)state;
	for (uint64_t size = 8 * MIB; size < 70 * MIB; size += 3 * MIB + 12345) {
		struct xf_plan p = plan_of(size, true);
		uint64_t at = 0;
		for (uint32_t n = 1; n <= p.parts; n++) {
			uint64_t offset, len;
			xf_plan_part(&p, n, &offset, &len);
			assert_int_equal(offset, at);
			assert_in_range(len, 1, p.part_size);
			at += len;
		}
		assert_int_equal(at, size);
	}
}

static void defaults_are_boto3s_and_zero_is_refused(void **state)
{
	(void)state;
	struct xf_transfer_config c = xf_transfer_config_default();
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(c.multipart_threshold, 8 * MIB);
	assert_int_equal(c.max_request_concurrency, 10);
	assert_int_equal(c.max_submission_concurrency, 5);
	assert_int_equal(c.max_io_queue_size, 100);
	assert_int_equal(xf_transfer_config_check(&c, &err), XF_OK);
	*xf_transfer_config_find(&c, "max-concurrency") = 0;
	assert_int_equal(c.max_request_concurrency, 0);
	assert_int_equal(xf_transfer_config_check(&c, &err), XF_INVALID);
	assert_non_null(strstr(err.message, "max_request_concurrency"));
	assert_ptr_equal(xf_transfer_config_find(&c, "part_size"), &c.multipart_chunksize);
	assert_null(xf_transfer_config_find(&c, "no_such_knob"));
}

/* Everybody asks for 256 KiB as fast as granted, on a clock of our own: the rate holds. */
static void the_bucket_keeps_its_rate(void **state)
{
	(void)state;
	struct xf_bandwidth b;
	uint64_t now = 1, sent = 0;
	xf_bandwidth_init(&b, 2 * MIB);
	while (sent < 20 * MIB) {
		uint64_t wait = xf_bandwidth_ask(&b, 256 * 1024, now);
		now += wait;
		if (wait)
			xf_bandwidth_grant(&b, 256 * 1024, now);
		sent += 256 * 1024;
		now += 1000;
	}
	double seconds = (double)now / 1e9;
	assert_true(seconds > 9.0 && seconds < 11.0);
	xf_bandwidth_fini(&b);
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_threshold_is_inclusive),
	cmocka_unit_test(part_sizes_are_doubled_then_clamped),
	cmocka_unit_test(an_object_of_too_many_parts_is_refused_early),
	cmocka_unit_test(parts_cover_the_object_without_gap_or_overlap),
	cmocka_unit_test(defaults_are_boto3s_and_zero_is_refused),
	cmocka_unit_test(the_bucket_keeps_its_rate),
};
T_MAIN(tests)
