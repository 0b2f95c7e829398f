/* Lanes of others: one process records for threads of another, and goes on where others stopped. */
#include "tests/unit/t.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "core/event/segment.h"

struct seen {
	uint32_t thread;
	unsigned segments, marks;
	uint32_t tid, pid;
	uint64_t generations; /* bit set */
};

static void look(void *ctx, uint32_t index, const struct xf_segment *s)
{
	(void)index;
	struct seen *seen = ctx;

	if (s->header.thread != seen->thread)
		return;
	seen->segments++;
	seen->tid = s->header.tid;
	seen->pid = s->header.pid;
	seen->generations |= 1ull << s->header.generation;
	for (unsigned i = 0; i < XF_SEGMENT_RECORDS && s->records[i].commit == XF_COMMIT; i++)
		seen->marks += s->records[i].kind == XF_EV_mark;
}

static struct seen seen_of(uint32_t thread)
{
	struct seen seen = { .thread = thread };

	xf_trace_visit(look, &seen);
	return seen;
}

static void start(void)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_trace_options options = { .path = NULL };

	assert_int_equal(xf_trace_start(&options, &err), XF_OK);
}

static void records_go_to_the_lane_between_swaps(void **state)
{
	(void)state;
	start();
	uint32_t number = xf_thread_reserve();
	struct xf_lane lane;

	xf_lane_init(&lane, number, 77, 78);
	xf_thread_mute();
	XF_EMIT(mark, .value = 1);
	xf_lane_swap(&lane);
	XF_EMIT(mark, .value = 2);
	XF_EMIT(mark, .value = 3);
	xf_lane_swap(&lane);
	XF_EMIT(mark, .value = 4);
	xf_lane_fini(&lane);

	struct seen seen = seen_of(number), main_seen = seen_of(0);
	assert_int_equal(seen.marks, 2);
	assert_int_equal(seen.segments, 1);
	assert_int_equal(seen.pid, 77);
	assert_int_equal(seen.tid, 78);
	assert_int_equal(main_seen.marks, 0);
	xf_trace_release();
}

static void generations_go_on_where_they_stood(void **state)
{
	(void)state;
	start();
	uint32_t number = xf_thread_reserve();
	struct xf_lane first, second;

	xf_lane_init(&first, number, 1, 1);
	xf_lane_swap(&first);
	for (int i = 0; i < XF_SEGMENT_RECORDS + 1; i++)
		XF_EMIT(mark, .value = 1);
	xf_lane_swap(&first);
	xf_lane_init(&second, number, 1, 1);
	xf_lane_swap(&second);
	XF_EMIT(mark, .value = 2);
	xf_lane_swap(&second);

	struct seen seen = seen_of(number);
	assert_int_equal(seen.segments, 3);
	assert_int_equal(seen.generations, 7);
	xf_trace_release();
}

static void a_file_written_by_another_process_is_asked_too(void **state)
{
	char path[] = "/tmp/xf-lane-XXXXXX";
	struct xf_error err = XF_ERROR_INIT;
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	struct xf_trace_options options = { .path = path };
	assert_int_equal(xf_trace_start(&options, &err), XF_OK);
	/* what another process would have written: a segment this one never took */
	uint32_t index = xf_trace_header()->nr_segments;
	struct xf_segment_header header = { .magic = XF_SEGMENT_MAGIC, .thread = 9, .generation = 4 };
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, &header, sizeof(header),
				XF_HEADER_SIZE + (off_t)index * XF_SEGMENT_SIZE), sizeof(header));
	close(fd);
	atomic_fetch_add(&((struct xf_file_header *)(uintptr_t)xf_trace_header())->nr_segments, 1);

	assert_int_equal(xf_segment_next_generation(9), 5);
	assert_int_equal(xf_segment_next_generation(8), 0);
	xf_trace_release();
	unlink(path);
}

static void count(void *ctx, uint32_t index, const struct xf_segment *s)
{
	(void)index;
	(void)s;
	++*(unsigned *)ctx;
}

static void who_records_for_others_has_no_number(void **state)
{
	struct xf_error err = XF_ERROR_INIT;
	struct xf_trace_options options = { .for_others = true };
	unsigned segments = 0;

	(void)state;
	assert_int_equal(xf_trace_start(&options, &err), XF_OK);
	XF_EMIT(mark, .value = 1);
	xf_trace_visit(count, &segments);
	assert_int_equal(segments, 0);
	assert_int_equal(xf_thread_reserve(), 0);
	xf_trace_release();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(records_go_to_the_lane_between_swaps),
	cmocka_unit_test(generations_go_on_where_they_stood),
	cmocka_unit_test(who_records_for_others_has_no_number),
	cmocka_unit_test(a_file_written_by_another_process_is_asked_too),
};

T_MAIN(tests)
