/* Requests in numbers, from a trace written by hand. */
#include "tests/unit/t.h"

#include "tracer/explain/traffic.h"
#include "tracer/trace/write.h"

static struct tr_traffic traffic(const char *text)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_log *log;
	struct tr_verdicts all;
	struct tr_traffic t = { .requests = 0 };

	if (tr_log_from_text(text, &log, &err) || tr_verdicts_compute(log, &all, &err) ||
	    tr_traffic_of(log, &all, &all.list[0], &t, &err))
		fail_msg("%s", err.message);
	tr_verdicts_fini(&all);
	tr_log_close(log);
	return t;
}

#define BEGIN "thread 0 main main\nthread 1 a\nthread 2 b\n0 submit transfer=7 bucket=b key=o op=PutObject\n" \
	      "@0 0 call_enter call=1 label=up\n0 submit transfer=0 call=1 bucket=b key=k op=PutObject\n"
#define END "@5000 0 call_return call=1\nclosed\n"
/* Part 1 takes from 110 to 1110, part 2 from 610 to 3110, in two attempts, on connections 2 and 1. */
#define TWO_PARTS                                                                                                        \
	"@100 1 request_start request=1 transfer=0 part=1 attempt=1 op=UploadPart\n1 part_start transfer=0 part=1 attempt=1\n" \
	"@150 1 connected request=1 connection=1 connect_ns=50\n"                                                        \
	"@600 2 request_start request=2 transfer=0 part=2 attempt=1 op=UploadPart\n2 part_start transfer=0 part=2 attempt=1\n" \
	"2 connected request=2 connection=2 connect_ns=0\n"                                                              \
	"@800 1 body_sent request=1\n@1000 1 first_byte request=1\n"                                                     \
	"@1100 1 response request=1 http_status=200\n1 part_done transfer=0 part=1 etag=e\n"                             \
	"@1600 2 response request=2 http_status=0 status=14\n2 part_retry transfer=0 part=2 attempt=1\n"                 \
	"@2100 2 request_start request=3 transfer=0 part=2 attempt=2 op=UploadPart\n2 part_start transfer=0 part=2 attempt=2\n" \
	"2 connected request=3 connection=1 reused=true\n@2600 2 body_sent request=3\n@3000 2 first_byte request=3\n"    \
	"@3100 2 response request=3 http_status=200\n2 part_done transfer=0 part=2 etag=e\n"

static void requests_are_counted_and_their_phases_ranked(void **state)
{
	struct tr_traffic t = traffic(BEGIN TWO_PARTS END);

	(void)state;
	assert_int_equal(t.requests, 3);
	assert_int_equal(t.answered, 2);
	assert_int_equal(t.retries, 1);
	assert_int_equal(t.failures, 1);
	assert_int_equal(t.connections, 2);
	assert_int_equal(t.reused, 1);
	assert_int_equal(t.phases[TR_PHASE_CONNECT].nr, 1);
	assert_int_equal(t.phases[TR_PHASE_CONNECT].p50_ns, 50);
	assert_int_equal(t.phases[TR_PHASE_SEND].p50_ns, 500); /* 650 and 500 */
	assert_int_equal(t.phases[TR_PHASE_SEND].p99_ns, 650);
	assert_int_equal(t.phases[TR_PHASE_WAIT].p50_ns, 200);
	assert_int_equal(t.phases[TR_PHASE_WAIT].p99_ns, 400);
	assert_int_equal(t.phases[TR_PHASE_RECEIVE].p99_ns, 100);
	assert_int_equal(t.phases[TR_PHASE_WHOLE].p50_ns, 1000);
	assert_int_equal(t.phases[TR_PHASE_WHOLE].p99_ns, 1000);
}

static void parts_in_flight_are_spread_over_their_time(void **state)
{
	struct tr_traffic t = traffic(BEGIN TWO_PARTS END);
	double sum = 0;

	(void)state;
	assert_int_equal(t.begin_ns, 110); /* an event is 10 behind the last */
	assert_int_equal(t.end_ns, 3110);
	assert_int_equal(t.peak_parts, 2);
	assert_true(t.mean_parts > 3500. / 3000 - 0.001 && t.mean_parts < 3500. / 3000 + 0.001);
	for (int i = 0; i < TR_TRAFFIC_SLICES; i++)
		sum += t.slices[i];
	assert_true(sum / TR_TRAFFIC_SLICES > t.mean_parts - 0.001 && sum / TR_TRAFFIC_SLICES < t.mean_parts + 0.001);
	assert_true(t.slices[0] > 0.999 && t.slices[0] < 1.001);
	assert_true(t.slices[4] > 1.999 && t.slices[4] < 2.001);
	assert_int_equal(t.slowest_part, 2);
	assert_int_equal(t.slowest_ns, 2500);
	assert_int_equal(t.slowest_attempts, 2);
}

static void what_is_not_the_calls_own_is_left_out(void **state)
{
	struct tr_traffic t = traffic(BEGIN "@10 1 request_start request=1 transfer=7 part=1 attempt=1 op=UploadPart\n"
				      "1 part_start transfer=7 part=1 attempt=1\n@20 1 response request=1 http_status=200\n"
				      "1 part_done transfer=7 part=1 etag=e\n" END);

	(void)state;
	assert_int_equal(t.requests, 0);
	assert_int_equal(t.slowest_part, 0);
	assert_int_equal(t.peak_parts, 0);
}

static void parts_that_follow_each_other_never_meet(void **state)
{
	struct tr_traffic t = traffic(BEGIN "@10 1 part_start transfer=0 part=1 attempt=1\n@20 1 part_done transfer=0 part=1 etag=e\n"
				      "@20 1 part_start transfer=0 part=2 attempt=1\n@30 1 part_done transfer=0 part=2 etag=e\n" END);

	(void)state;
	assert_int_equal(t.peak_parts, 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(requests_are_counted_and_their_phases_ranked),
	cmocka_unit_test(parts_in_flight_are_spread_over_their_time),
	cmocka_unit_test(what_is_not_the_calls_own_is_left_out),
	cmocka_unit_test(parts_that_follow_each_other_never_meet),
};
T_MAIN(tests)
