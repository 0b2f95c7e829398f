/* Reading traces: order, damage, a live recording, and states at any event. */
#include "tests/unit/t.h"

#include <unistd.h>

#include "core/sync/sync.h"
#include "tracer/trace/model.h"
#include "tracer/trace/write.h"
#include "tracer/verdict/verdict.h"

static struct tr_log *load(const char *text)
{
	struct tr_log *log;
	struct xf_error err = XF_ERROR_INIT;
	if (tr_log_from_text(text, &log, &err) != XF_OK)
		fail_msg("%s", err.message);
	return log;
}

static void expect_order(const char *text, const char *expected)
{
	struct tr_log *log = load(text);
	char got[256] = "";
	for (uint32_t i = 0; i < tr_log_nr_events(log); i++) {
		const struct tr_thread *t = tr_log_thread(log, tr_log_thread_of(log, i));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u:%s ", t->number,
			 xf_kind_info(tr_log_kind(log, i))->name);
	}
	assert_string_equal(got, expected);
	tr_log_close(log);
}

static void events_stand_in_the_order_of_time(void **state)
{
	(void)state;
	expect_order("@30 1 mark\n@10 0 mark\n@20 2 sleep\n", "0:mark 2:sleep 1:mark ");
}

static void an_objects_history_outranks_the_clock(void **state)
{
	(void)state;
	expect_order("@90 0 event_set #1 order=1\n@10 1 event_woken #1 order=2\n@20 1 mark\n@30 2 mark\n",
		     "2:mark 0:event_set 1:event_woken 1:mark ");
}

static void a_thread_comes_after_its_creation_and_before_its_join(void **state)
{
	(void)state;
	expect_order("@90 0 thread_create id=1\n@10 1 mark\n@95 1 thread_exit id=1\n@91 0 join_end id=1 how=woken\n",
		     "0:thread_create 1:mark 1:thread_exit 0:join_end ");
}

/* Of one that was killed the tracer tells late; the pid may be another's later. */
static void a_process_is_waited_for_after_its_end(void **state)
{
	(void)state;
	expect_order("@90 1 process_exit pid=7\n@10 0 process_wait pid=7\n@20 0 mark\n@30 2 mark\n",
		     "2:mark 1:process_exit 0:process_wait 0:mark ");
	expect_order("@10 1 process_exit pid=7\n@20 0 process_wait pid=7\n@30 0 process_wait pid=8\n@40 2 process_exit pid=7\n"
		     "@50 0 process_wait pid=7\n", "1:process_exit 0:process_wait 0:process_wait 2:process_exit 0:process_wait ");
}

static void a_hole_holds_nobody_up(void **state)
{
	struct tr_log *log = load("@10 0 event_set #1 order=1\n@20 1 event_woken #1 order=5\n@30 0 mark\nclosed\n");
	(void)state;
	assert_int_equal(tr_log_nr_events(log), 3);
	assert_int_equal(tr_log_kind(log, 1), XF_EV_event_woken);
	assert_int_equal(tr_log_object(log, 0)->gaps, 3);
	assert_int_equal(tr_log_lost(log), 3);
	tr_log_close(log);
}

static void contradictions_do_not_hang(void **state)
{
	(void)state;
	expect_order("0 event_set #1 order=2\n0 event_set #2 order=1\n1 event_set #2 order=2\n1 event_set #1 order=1\n",
		     "0:event_set 0:event_set 1:event_set 1:event_set ");
}

static void names_texts_and_places_are_found(void **state)
{
	struct tr_log *log = load("thread 3 request-3 request\nobject 1 sem request permit 10\n"
				  "3 mark label=\"a label that is much longer than one piece of forty-eight bytes\" :a/b.c@fn:77\n"
				  "3 sem_post #1 value=9\n");
	char line[256];
	(void)state;
	uint32_t t = tr_log_thread_named(log, "request-3");
	assert_string_equal(tr_log_thread(log, t)->role, "request");
	assert_int_equal(tr_log_thread_find(log, 3), t);
	struct tr_event e = tr_log_event(log, 1);
	assert_string_equal(tr_log_text(log, 0, TR_PAYLOAD(&e, mark)->label),
			    "a label that is much longer than one piece of forty-eight bytes");
	assert_string_equal(tr_event_site(log, &e).function, "fn");
	assert_int_equal(tr_event_site(log, &e).line, 77);
	e = tr_log_event(log, 2);
	assert_string_equal(tr_event_line(log, &e, line, sizeof(line)), "sem_post request value=9 waiters=0");
	assert_int_equal(tr_log_object(log, e.object)->capacity, 10);
	tr_log_close(log);
}

/* ---- a real recording */

static void *work(void *arg)
{
	struct xf_latch *done = arg;
	for (unsigned i = 1; i <= 3; i++) {
		XF_EMIT(part_start, .transfer = 0, .part = i, .attempt = 1);
		XF_EMIT(part_done, .transfer = 0, .part = i, .attempt = 1, .bytes = 5, .etag = xf_text("etag"));
	}
	XF_EMIT(object_put, .transfer = 0, .bytes = 15);
	xf_latch_set(done);
	return NULL;
}

static void record(const char *path, struct tr_log **live)
{
	struct xf_thread thread;
	struct xf_latch done;
	struct xf_error err = XF_ERROR_INIT;
	if (xf_trace_start(&(struct xf_trace_options){ .path = path }, &err) != XF_OK)
		fail_msg("%s", err.message);
	xf_latch_init(&done, "done");
	XF_EMIT(call_enter, .call = 1, .label = xf_text("put"));
	XF_EMIT(submit, .transfer = 0, .call = 1);
	if (live)
		assert_int_equal(tr_log_open(NULL, live, &err), XF_OK);
	assert_int_equal(xf_thread_start(&thread, "request-1", "request", work, &done), XF_OK);
	xf_latch_wait(&done, XF_FOREVER);
	XF_EMIT(call_return, .call = 1);
	xf_thread_join(&thread);
	xf_latch_fini(&done);
	xf_trace_stop();
}

static void *read_file(const char *path, size_t *len)
{
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	void *bytes = malloc(4 << 20);
	*len = fread(bytes, 1, 4 << 20, in);
	fclose(in);
	return bytes;
}

/* A recording on disk, as bytes. */
static void *recorded(size_t *len)
{
	char path[] = "/tmp/t_trace.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	record(path, NULL);
	void *bytes = read_file(path, len);
	xf_trace_release();
	unlink(path);
	return bytes;
}

static enum tr_answer judge(struct tr_log *log)
{
	struct tr_verdicts all;
	assert_int_equal(tr_verdicts_compute(log, &all, NULL), XF_OK);
	enum tr_answer answer = all.list[0].answer;
	tr_verdicts_fini(&all);
	return answer;
}

static void a_recording_reads_back_the_same_from_memory_and_file(void **state)
{
	char path[] = "/tmp/t_trace.XXXXXX", a[256], b[256];
	struct tr_log *own, *file;
	struct xf_error err = XF_ERROR_INIT;
	(void)state;
	close(mkstemp(path));
	record(path, NULL);
	assert_int_equal(tr_log_open(NULL, &own, &err), XF_OK);
	assert_int_equal(tr_log_open(path, &file, &err), XF_OK);
	assert_int_equal(tr_log_nr_events(own), tr_log_nr_events(file));
	assert_int_equal(tr_log_lost(file), 0);
	for (uint32_t i = 0; i < tr_log_nr_events(own); i++) {
		struct tr_event x = tr_log_event(own, i), y = tr_log_event(file, i);
		assert_string_equal(tr_event_line(own, &x, a, sizeof(a)), tr_event_line(file, &y, b, sizeof(b)));
		assert_true(x.t_ns == y.t_ns && x.t_ns >= 0);
		assert_string_equal(tr_event_site(own, &x).file, tr_event_site(file, &y).file);
	}
	assert_int_equal(judge(own), TR_BLOCKS);
	assert_int_equal(judge(file), TR_BLOCKS);
	tr_log_close(own);
	tr_log_close(file);
	xf_trace_release();
	unlink(path);
}

static void a_live_recording_grows(void **state)
{
	struct tr_log *log;
	struct xf_error err = XF_ERROR_INIT;
	(void)state;
	record(NULL, &log);
	uint32_t early = tr_log_nr_events(log);
	enum xf_kind first = tr_log_kind(log, 0);
	assert_int_equal(tr_log_refresh(log, &err), XF_OK);
	assert_true(tr_log_nr_events(log) > early + 8);
	assert_int_equal(tr_log_kind(log, 0), first);
	assert_int_equal(judge(log), TR_BLOCKS);
	tr_log_close(log);
	xf_trace_release();
}

/* Whatever is left must load or be refused with a sentence, and never prove more than the whole. */
static void survive(const void *bytes, size_t len, bool damaged)
{
	struct tr_file *file;
	struct tr_log *log;
	struct xf_error err = XF_ERROR_INIT;
	if (tr_file_open_memory(bytes, len, &file, &err) != XF_OK) {
		assert_true(err.message[0]);
		return;
	}
	assert_int_equal(tr_log_open_file(file, &log, &err), XF_OK);
	char line[512];
	for (uint32_t i = 0; i < tr_log_nr_events(log); i++) {
		struct tr_event e = tr_log_event(log, i);
		tr_event_line(log, &e, line, sizeof(line));
	}
	enum tr_answer answer = judge(log);
	if (damaged && answer != TR_UNKNOWN)
		fail_msg("%zu bytes of a trace: %s", len, tr_answer_name(answer));
	tr_log_close(log);
}

static void a_trace_cut_anywhere_is_read_and_never_believed(void **state)
{
	size_t len;
	char *bytes = recorded(&len);
	(void)state;
	for (size_t at = 0; at < len; at += at < XF_HEADER_SIZE ? 4096 : 64)
		survive(bytes, at, true);
	survive(bytes, len, false);
	free(bytes);
}

static void flipped_bytes_are_survived(void **state)
{
	size_t len;
	char *bytes = recorded(&len), *copy = malloc(len);
	uint64_t seed = 88172645463325252u;
	(void)state;
	for (int i = 0; i < 600; i++) {
		memcpy(copy, bytes, len);
		for (int k = 0; k < 8; k++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			size_t area = i % 3 == 0 ? sizeof(struct xf_file_header) : len;
			size_t at = seed % area;
			/* a segment that is not sealed has no checksum to stand between us and its records */
			if (i % 3 == 1)
				((struct xf_segment *)(void *)(copy + XF_HEADER_SIZE))->header.sealed = 0;
			copy[at] ^= (char)(seed >> 40 | 1);
		}
		survive(copy, len, false);
	}
	free(copy);
	free(bytes);
}

static void what_is_no_trace_is_refused(void **state)
{
	struct tr_file *file;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_file_header h = { .magic = XF_FILE_MAGIC, .version = XF_TRACE_VERSION + 1 };
	char word[32];
	(void)state;
	assert_int_equal(tr_file_open_memory("hello", 5, &file, &err), XF_FORMAT);
	assert_non_null(strstr(err.message, "not an xferdb trace"));
	err = XF_ERROR_INIT;
	assert_int_equal(tr_file_open_memory(&h, sizeof(h), &file, &err), XF_VERSION);
	snprintf(word, sizeof(word), "trace format %u", XF_TRACE_VERSION + 1);
	assert_non_null(strstr(err.message, word));
	h.version = XF_TRACE_VERSION;
	err = XF_ERROR_INIT;
	assert_int_equal(tr_file_open_memory(&h, sizeof(h), &file, &err), XF_VERSION);
	err = XF_ERROR_INIT;
	assert_int_equal(tr_file_open("/nonexistent/x.xft", &file, &err), XF_NOT_FOUND);
	err = XF_ERROR_INIT;
	assert_int_equal(tr_file_open("/tmp", &file, &err), XF_INVALID);
}

/* ---- states */

static void the_state_says_who_does_what(void **state)
{
	struct tr_log *log = load("thread 0 main\nthread 1 request-1\nobject 1 event done signal\nobject 2 sem request permit 10\n"
				  "0 submit transfer=0 call=1 bucket=b key=k\n"
				  "1 plan transfer=0 size=30 parts=3 part_size=10 multipart=true\n"
				  "1 sem_acquired #2 value=9\n"
				  "0 event_wait #1\n"
				  "1 part_queued transfer=0 part=2 bytes=10 offset=10\n"
				  "1 part_start transfer=0 part=2 attempt=1\n"
				  "1 request_start request=4 transfer=0 part=2 op=UploadPart\n"
				  "1 connected request=4\n1 body_sent request=4\n"
				  "1 response request=4 http_status=200\n"
				  "1 part_done transfer=0 part=2 bytes=10 etag=e\n");
	struct tr_model *m;
	(void)state;
	assert_int_equal(tr_model_new(log, &m, NULL), XF_OK);
	uint32_t main_ = tr_log_thread_named(log, "main"), worker = tr_log_thread_named(log, "request-1");
	uint32_t nr = tr_log_nr_events(log);
	const struct tr_state *s = tr_model_at(m, nr - 2, NULL);
	assert_int_equal(s->threads[main_].activity, TR_WAITING);
	assert_string_equal(tr_log_object(log, s->threads[main_].object)->name, "done");
	assert_int_equal(s->threads[worker].activity, TR_AWAITING_ANSWER);
	assert_int_equal(s->threads[worker].part, 2);
	assert_int_equal(s->nr_requests, 1);
	assert_int_equal(s->parts_in_flight, 1);
	s = tr_model_at(m, nr, NULL);
	assert_int_equal(s->nr_requests, 0);
	assert_int_equal(s->transfers[0].bytes_acked, 10);
	assert_int_equal(s->parts[0].phase, TR_PART_DONE);
	assert_int_equal(tr_state_peak(s), 1);
	uint32_t sem = tr_log_object_find(log, 0, 2), who[4];
	assert_int_equal(s->objects[sem].value, 9);
	assert_int_equal(s->objects[sem].max_in_use, 1);
	assert_int_equal(tr_state_waiters(s, tr_log_object_find(log, 0, 1), who, 4), 1);
	assert_int_equal(who[0], main_);
	s = tr_model_at(m, 0, NULL);
	assert_int_equal(s->nr_transfers, 0);
	tr_model_free(m);
	tr_log_close(log);
}

/* Two connections begin with an upload at once: one of them tells of it, and the other may have begun before. */
static void a_part_may_begin_before_its_upload_is_told_of(void **state)
{
	struct tr_log *log = load("1 request_start request=4 transfer=0 part=2 op=UploadPart\n"
				  "1 part_start transfer=0 part=2 attempt=1\n"
				  "2 submit transfer=0 bucket=b key=k\n");
	struct tr_model *m;

	(void)state;
	assert_int_equal(tr_model_new(log, &m, NULL), XF_OK);
	const struct tr_state *s = tr_model_at(m, tr_log_nr_events(log), NULL);
	assert_int_equal(s->nr_transfers, 1);
	assert_int_equal(s->requests[0].transfer, 0);
	assert_int_not_equal(s->transfers[0].submit, TR_NONE);
	tr_model_free(m);
	tr_log_close(log);
}

static void the_threads_of_a_process_end_with_it(void **state)
{
	struct tr_log *log = load("thread 0 main\nthread 1 worker\nobject 1 event done signal\n"
				  "@1000 0 event_wait #1\n@2000 1 mark\n@5000 1 process_exit exit_status=137 pid=1000\n"
				  "@9000 1 mark\n");
	struct tr_model *m;
	struct tr_waiting *chain;
	struct xf_error err = XF_ERROR_INIT;
	int64_t busy, wait;
	uint32_t nr, circle;
	(void)state;
	assert_int_equal(tr_model_new(log, &m, NULL), XF_OK);
	uint32_t main_ = tr_log_thread_named(log, "main"), worker = tr_log_thread_named(log, "worker");
	const struct tr_state *s = tr_model_at(m, tr_log_nr_events(log) - 2, NULL);
	assert_int_equal(tr_thread_activity(&s->threads[main_]), TR_WAITING);
	assert_int_equal(tr_thread_activity(&s->threads[worker]), TR_RUNNING);
	s = tr_model_at(m, tr_log_nr_events(log), NULL);
	assert_int_equal(tr_thread_activity(&s->threads[main_]), TR_ENDED);
	assert_int_equal(tr_thread_activity(&s->threads[worker]), TR_ENDED);
	tr_thread_times(s, main_, &busy, &wait);
	assert_int_equal(wait, 4000); /* up to its end, not to the recording's */
	/* for whom it waited then is still the answer to a hang that was killed */
	assert_int_equal(tr_waiting_chain(log, s, main_, &chain, &nr, &circle, &err), XF_OK);
	assert_string_equal(chain[0].text, "main waits for event 'done'");
	free(chain);
	tr_model_free(m);
	tr_log_close(log);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(events_stand_in_the_order_of_time),
	cmocka_unit_test(an_objects_history_outranks_the_clock),
	cmocka_unit_test(a_thread_comes_after_its_creation_and_before_its_join),
	cmocka_unit_test(a_process_is_waited_for_after_its_end),
	cmocka_unit_test(a_hole_holds_nobody_up),
	cmocka_unit_test(contradictions_do_not_hang),
	cmocka_unit_test(names_texts_and_places_are_found),
	cmocka_unit_test(a_recording_reads_back_the_same_from_memory_and_file),
	cmocka_unit_test(a_live_recording_grows),
	cmocka_unit_test(a_trace_cut_anywhere_is_read_and_never_believed),
	cmocka_unit_test(flipped_bytes_are_survived),
	cmocka_unit_test(what_is_no_trace_is_refused),
	cmocka_unit_test(the_state_says_who_does_what),
	cmocka_unit_test(a_part_may_begin_before_its_upload_is_told_of),
	cmocka_unit_test(the_threads_of_a_process_end_with_it),
};

T_MAIN(tests)
