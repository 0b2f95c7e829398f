/* event, clock, status, segment, emit: what is recorded is what is read. */
#include "tests/unit/t.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "core/event/segment.h"

/* ---- helpers */

struct counts {
	unsigned of[XF_EV_COUNT];
	unsigned segments;
};

static void count_one(void *ctx, uint32_t index, const struct xf_segment *s)
{
	(void)index;
	struct counts *c = ctx;
	c->segments++;
	for (unsigned i = 0; i < XF_SEGMENT_RECORDS && s->records[i].commit == XF_COMMIT; i++)
		c->of[s->records[i].kind]++;
}

static struct counts count_all(void)
{
	struct counts c = { .segments = 0 };
	xf_trace_visit(count_one, &c);
	return c;
}

static char folder[] = "/tmp/xferdb-test-XXXXXX";

static const char *path_in_folder(const char *name)
{
	static char path[128];
	if (strstr(folder, "XXXXXX"))
		assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int warnings;

static void count_warning(void *ctx, const char *text)
{
	(void)ctx;
	assert_non_null(strstr(text, "kept in memory"));
	warnings++;
}

static void start_at(const char *path)
{
	struct xf_error err = XF_ERROR_INIT;
	const struct xf_trace_options o = { .path = path, .warn = count_warning };
	warnings = 0;
	assert_int_equal(xf_trace_start(&o, &err), XF_OK);
}

static struct counts read_file(const char *path)
{
	struct stat st;
	struct counts c = { .segments = 0 };
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	char *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(map != MAP_FAILED);
	assert_memory_equal(map, XF_FILE_MAGIC, 8);
	for (off_t at = XF_HEADER_SIZE; at + XF_SEGMENT_SIZE <= st.st_size; at += XF_SEGMENT_SIZE) {
		const struct xf_segment *s = (const struct xf_segment *)(map + at);
		if (s->header.magic == XF_SEGMENT_MAGIC)
			count_one(&c, s->header.index, s);
	}
	munmap(map, (size_t)st.st_size);
	close(fd);
	return c;
}

/* ---- the catalogue */

static void every_kind_has_a_row_and_its_fields_fit(void **state)
{
	(void)state;
	for (unsigned k = 1; k < XF_EV_COUNT; k++) {
		const struct xf_kind_info *info = xf_kind_info(k);
		assert_int_equal(xf_kind_find(info->name), k);
		assert_true(strlen(info->summary) > 5);
		for (unsigned i = 0; i < info->nr_fields; i++) {
			assert_true(info->fields[i].offset < XF_PAYLOAD_SIZE);
			assert_ptr_equal(xf_field_find((enum xf_kind)k, info->fields[i].name), &info->fields[i]);
		}
	}
	assert_string_equal(xf_kind_info(XF_EV_COUNT)->name, "unknown");
	assert_int_equal(xf_kind_find("no_such_kind"), XF_EV_none);
}

static void a_field_reads_back_what_was_written(void **state)
{
	(void)state;
	struct xf_record r = { .kind = XF_EV_progress };
	const struct xf_ev_progress p = { .bytes = -262144, .transfer = 7, .part = 3 };
	memcpy(r.payload, &p, sizeof(p));
	assert_int_equal((int64_t)xf_field_get(&r, xf_field_find(XF_EV_progress, "bytes")), -262144);
	assert_int_equal(xf_field_get(&r, xf_field_find(XF_EV_progress, "transfer")), 7);
	assert_int_equal(xf_field_get(&r, xf_field_find(XF_EV_progress, "part")), 3);
	assert_null(xf_field_find(XF_EV_progress, "etag"));
}

static void every_status_has_a_word_and_a_sentence(void **state)
{
	(void)state;
	for (unsigned s = 0; s < XF_STATUS_COUNT; s++)
		assert_true(strlen(xf_status_sentence((enum xf_status)s)) >= strlen(xf_status_word((enum xf_status)s)));
	assert_string_equal(xf_status_word((enum xf_status)999), "unknown");
}

static void the_first_cause_of_an_error_is_kept(void **state)
{
	(void)state;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_fail_errno(&err, XF_IO, ENOSPC, "cannot write %s", "x"), XF_IO);
	assert_int_equal(xf_fail(&err, XF_CLOSED, "second"), XF_CLOSED);
	assert_string_equal(err.message, "cannot write x: No space left on device");
	assert_string_equal(err.code, "io");
	assert_int_equal(xf_fail(NULL, XF_CLOSED, "nobody asks"), XF_CLOSED);
}

static void foreign_text_loses_what_a_terminal_would_obey(void **state)
{
	(void)state;
	char out[64];
	static const struct { const char *in, *want; } cases[] = {
		{ "plain", "plain" }, { "\033[2J\007x", "?[2J?x" }, { "tab\tnl\n", "tab?nl?" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" }, { "\xc2\x9b" "31m", "?31m" },
		{ "\xff\xfe", "??" }, { "cut\xe2\x82", "cut??" }, { "\xed\xa0\x80", "???" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		xf_text_sanitise(out, sizeof(out), cases[i].in, strlen(cases[i].in));
		assert_string_equal(out, cases[i].want);
	}
	xf_text_sanitise(out, 4, "\xc3\xbc\xc3\xbc", 4);
	assert_string_equal(out, "\xc3\xbc");
}

/* ---- the clock */

static void ticks_between_two_anchors_fall_on_the_line(void **state)
{
	(void)state;
	const struct xf_anchor a = { 1000, 5000 }, b = { 3000, 6000 };
	assert_int_equal(xf_clock_at_ns(a, b, 2000), 5500);
	assert_int_equal(xf_clock_at_ns(a, b, 0), 4500);
	assert_int_equal(xf_clock_at_ns(a, a, 1100), 5100);
}

/* ---- recording */

static void records_survive_in_the_file_and_the_file_is_private(void **state)
{
	(void)state;
	struct stat st;
	const char *path = path_in_folder("a.xft");
	start_at(path);
	for (unsigned i = 0; i < 3000; i++)
		XF_EMIT(mark, .value = i);
	xf_trace_release();
	struct counts c = read_file(path);
	assert_int_equal(c.of[XF_EV_mark], 3000);
	assert_int_equal(c.of[XF_EV_thread_name], 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, XF_HEADER_SIZE + (off_t)c.segments * XF_SEGMENT_SIZE);
	assert_int_equal(warnings, 0);
}

static void nothing_is_recorded_when_nobody_listens(void **state)
{
	(void)state;
	assert_false(xf_emit_on());
	XF_EMIT(mark, .value = 1);
	assert_int_equal(xf_text("x"), 0);
	assert_int_equal(xf_emit_dropped(), 0);
}

static struct xf_record *wait_with(uint32_t value)
{
	struct xf_ev_mark mark = { .value = value };
	return xf_emit_waiting(XF_EV_mark, 0, 0, &mark, sizeof(mark));
}

static void records_that_wait_are_taken_back_or_published(void **state)
{
	(void)state;
	start_at(NULL);
	XF_EMIT(mark, .value = 1);
	struct xf_record *first = wait_with(2), *second = wait_with(3);
	assert_int_equal(count_all().of[XF_EV_mark], 1);
	assert_true(xf_emit_waits(second, 2));
	assert_false(xf_emit_waits(first, 1));
	xf_emit_take_back(1);
	assert_true(xf_emit_waits(first, 1));
	XF_EMIT(mark, .value = 4);
	assert_int_equal(count_all().of[XF_EV_mark], 3);
	assert_false(xf_emit_waits(first, 1));
	/* over the end of a segment, too, nothing is lost and nothing comes twice */
	for (unsigned i = 0; i < 3 * XF_SEGMENT_RECORDS; i++)
		wait_with(i);
	xf_emit_publish();
	assert_int_equal(count_all().of[XF_EV_mark], 3 + 3 * XF_SEGMENT_RECORDS);
	wait_with(0);
	xf_thread_retire();
	assert_int_equal(count_all().of[XF_EV_mark], 4 + 3 * XF_SEGMENT_RECORDS);
	xf_trace_release();
}

static struct {
	uint32_t id;
	char text[8192];
} wanted;

static void collect_text(void *ctx, uint32_t index, const struct xf_segment *s)
{
	(void)index;
	(void)ctx;
	for (unsigned i = 0; i < XF_SEGMENT_RECORDS && s->records[i].commit == XF_COMMIT; i++) {
		const struct xf_text_record *t = (const void *)&s->records[i];
		if (t->kind == XF_EV_text && t->id == wanted.id)
			memcpy(wanted.text + t->at, t->bytes, t->len);
	}
}

static void a_long_string_is_stored_in_pieces(void **state)
{
	(void)state;
	char text[5000];
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 7)
		text[i] = (char)('a' + i % 26);
	text[sizeof(text) - 1] = '\0';
	start_at(NULL);
	wanted.id = xf_text(text);
	xf_trace_visit(collect_text, NULL);
	assert_int_equal(strlen(wanted.text), 4096);
	assert_memory_equal(wanted.text, text, 4096);
	assert_int_equal(xf_text(""), 0);
	assert_int_equal(xf_text(NULL), 0);
	xf_trace_release();
}

static void *emit_a_lot(void *arg)
{
	uint32_t number = *(uint32_t *)arg;
	xf_thread_adopt(number, "worker", "test");
	for (unsigned i = 0; i < 20000; i++)
		XF_EMIT(mark, .value = i);
	xf_thread_retire();
	return NULL;
}

static void many_threads_lose_nothing(void **state)
{
	(void)state;
	pthread_t t[8];
	uint32_t numbers[8];
	start_at(path_in_folder("many.xft"));
	for (unsigned i = 0; i < 8; i++) {
		numbers[i] = xf_thread_reserve();
		assert_int_equal(pthread_create(&t[i], NULL, emit_a_lot, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	xf_trace_stop();
	assert_int_equal(count_all().of[XF_EV_mark], 8 * 20000);
	xf_trace_release();
	assert_int_equal(read_file(path_in_folder("many.xft")).of[XF_EV_mark], 8 * 20000);
}

static void a_killed_process_leaves_its_records(void **state)
{
	(void)state;
	const char *path = path_in_folder("killed.xft");
	pid_t child = fork();
	if (child == 0) {
		start_at(path);
		for (unsigned i = 0; i < 2500; i++)
			XF_EMIT(mark, .value = i);
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
	assert_int_equal(read_file(path).of[XF_EV_mark], 2500);
}

static void sealed_segments_carry_their_checksum(void **state)
{
	(void)state;
	const char *path = path_in_folder("sum.xft");
	static struct xf_segment s;
	start_at(path);
	for (unsigned i = 0; i < 2000; i++)
		XF_EMIT(mark, .value = i);
	xf_trace_release();
	int fd = open(path, O_RDONLY);
	for (off_t at = XF_HEADER_SIZE; pread(fd, &s, sizeof(s), at) == (ssize_t)sizeof(s); at += XF_SEGMENT_SIZE) {
		assert_int_equal(s.header.sealed, 1);
		assert_int_equal(xf_segment_checksum(&s, s.header.count), s.header.checksum);
		s.records[0].payload[3] ^= 1;
		assert_int_not_equal(xf_segment_checksum(&s, s.header.count), s.header.checksum);
	}
	close(fd);
}

/* ---- misfortunes: the program goes on, with one warning */

static void expect_memory_with_one_warning(const char *path)
{
	start_at(path);
	for (unsigned i = 0; i < 5000; i++)
		XF_EMIT(mark, .value = i);
	xf_trace_stop();
	assert_true(xf_trace_in_memory());
	assert_int_equal(count_all().of[XF_EV_mark], 5000);
	assert_int_equal(warnings, 1);
	xf_trace_release();
}

static void a_trace_that_cannot_be_made_stays_in_memory(void **state)
{
	(void)state;
	expect_memory_with_one_warning("/proc/no-such-folder/x.xft");
	expect_memory_with_one_warning("/dev/full");
	expect_memory_with_one_warning(path_in_folder(""));
}

static void a_symbolic_link_is_not_followed(void **state)
{
	(void)state;
	char target[128];
	snprintf(target, sizeof(target), "%s", path_in_folder("target"));
	int fd = open(target, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "keep", 4), 4);
	close(fd);
	const char *link = path_in_folder("link");
	unlink(link);
	assert_int_equal(symlink(target, link), 0);
	expect_memory_with_one_warning(link);
	struct stat st;
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_size, 4);
}

/* The limit stands for a disk that fills up in mid-run: no SIGXFSZ, no SIGBUS, no lost event. */
static void a_disk_that_fills_up_costs_no_event(void **state)
{
	(void)state;
	struct rlimit old, small;
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = XF_HEADER_SIZE + 20 * XF_SEGMENT_SIZE;
	setrlimit(RLIMIT_FSIZE, &small);
	start_at(path_in_folder("full.xft"));
	for (unsigned i = 0; i < 60000; i++)
		XF_EMIT(mark, .value = i);
	xf_trace_stop();
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(count_all().of[XF_EV_mark], 60000);
	assert_int_equal(warnings, 1);
	assert_true(xf_trace_header()->nr_in_memory > 0);
	xf_trace_release();
}

static void a_second_recording_is_refused_and_a_later_one_works(void **state)
{
	(void)state;
	struct xf_error err = XF_ERROR_INIT;
	const struct xf_trace_options o = { .path = NULL };
	for (int i = 0; i < 3; i++) {
		start_at(NULL);
		assert_int_equal(xf_trace_start(&o, &err), XF_STATE);
		XF_EMIT(mark, .value = 1);
		xf_trace_stop();
		XF_EMIT(mark, .value = 2);
		assert_int_equal(count_all().of[XF_EV_mark], 1);
		xf_trace_release();
	}
}

/* A handler that records while its thread is in the middle of a record must not damage it. */
static volatile sig_atomic_t handled;

static void record_in_handler(int sig)
{
	int saved = errno;
	(void)sig;
	errno = EDOM;
	XF_EMIT(mark, .value = UINT64_MAX);
	handled += errno == EDOM;
	errno = saved;
}

static void a_signal_handler_may_record(void **state)
{
	(void)state;
	struct itimerval every = { { 0, 200 }, { 0, 200 } }, off = { { 0, 0 }, { 0, 0 } };
	start_at(NULL);
	signal(SIGALRM, record_in_handler);
	setitimer(ITIMER_REAL, &every, NULL);
	unsigned n = 0;
	for (; handled < 50 || n < 50000; n++)
		XF_EMIT(mark, .value = n);
	setitimer(ITIMER_REAL, &off, NULL);
	signal(SIGALRM, SIG_IGN); /* one that is pending would find the recording over */
	xf_trace_stop();
	struct counts c = count_all();
	assert_int_equal(c.of[XF_EV_mark] + xf_emit_dropped(), n + (unsigned)handled);
	xf_trace_release();
}

const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_kind_has_a_row_and_its_fields_fit),
	cmocka_unit_test(a_field_reads_back_what_was_written),
	cmocka_unit_test(every_status_has_a_word_and_a_sentence),
	cmocka_unit_test(the_first_cause_of_an_error_is_kept),
	cmocka_unit_test(foreign_text_loses_what_a_terminal_would_obey),
	cmocka_unit_test(ticks_between_two_anchors_fall_on_the_line),
	cmocka_unit_test(records_survive_in_the_file_and_the_file_is_private),
	cmocka_unit_test(nothing_is_recorded_when_nobody_listens),
	cmocka_unit_test(records_that_wait_are_taken_back_or_published),
	cmocka_unit_test(a_long_string_is_stored_in_pieces),
	cmocka_unit_test(many_threads_lose_nothing),
	cmocka_unit_test(a_killed_process_leaves_its_records),
	cmocka_unit_test(sealed_segments_carry_their_checksum),
	cmocka_unit_test(a_trace_that_cannot_be_made_stays_in_memory),
	cmocka_unit_test(a_symbolic_link_is_not_followed),
	cmocka_unit_test(a_disk_that_fills_up_costs_no_event),
	cmocka_unit_test(a_second_recording_is_refused_and_a_later_one_works),
	cmocka_unit_test(a_signal_handler_may_record),
};
T_MAIN(tests)
