/*
 * A sound trace, damaged as the input says, goes through reader, order, model and
 * verdict. The first two bytes: how much of it is left, in 64ths of a KiB from the
 * end; then edits of five bytes each: where (four, little-endian), and with what.
 */
#include "fuzz.h"
#include "tracer/trace/write.h"
#include "tracer/verdict/verdict.h"

static const char sound[] =
	"thread 0 main main\nthread 1 request-1 request\nobject 1 event done signal\nobject 2 sem request permit 2\n"
	"object 3 queue tasks signal\nobject 4 mutex state lock\nobject 5 cond changed signal\n"
	"0 call_enter call=1 label=put\n0 submit transfer=0 call=1 bucket=b key=k\n0 thread_create id=1\n"
	"0 queue_put #3 item=1\n1 queue_get #3 item=1\n1 plan transfer=0 parts=2 size=20 part_size=10 multipart=1\n"
	"1 multipart_create transfer=0 upload_id=u\n1 sem_wait #2\n1 sem_acquired #2 value=1\n"
	"1 part_start transfer=0 part=1\n1 request_start request=1 transfer=0 part=1 op=UploadPart\n"
	"1 response request=1\n1 part_done transfer=0 part=1 etag=e\n1 sem_post #2 value=2\n"
	"1 mutex_lock #4\n1 mutex_unlock #4\n0 mutex_lock #4\n0 cond_wait #5\n0 mutex_unlock #4\n"
	"1 cond_signal #5 waiters=1\n0 cond_woken #5 how=woken\n1 held hold=1 transfer=0 part=1 thread=1\n"
	"1 released hold=1 transfer=0 part=1\n1 multipart_complete transfer=0 etag=x\n0 event_wait #1 limit_ns=900\n"
	"1 event_set #1\n0 event_woken #1 how=woken\n1 done transfer=0 state=success\n1 thread_exit id=1\n"
	"0 join_begin id=1\n0 join_end id=1 how=woken\n0 call_return call=1\n"
	"0 object_head transfer=0 bytes=20 verify=true\nclosed\n";

static void look_at_everything(struct tr_log *log)
{
	struct tr_verdicts all;
	char line[512], sentence[512];
	for (uint32_t i = 0; i < tr_log_nr_events(log); i++) {
		struct tr_event e = tr_log_event(log, i);
		FUZZ_CHECK(e.index == i && e.thread < tr_log_nr_threads(log));
		tr_event_line(log, &e, line, sizeof(line));
		tr_event_site(log, &e);
	}
	tr_log_lost_sentence(log, line, sizeof(line));
	FUZZ_CHECK(tr_verdicts_compute(log, &all, NULL) == XF_OK);
	for (uint32_t i = 0; i < all.nr; i++) {
		tr_verdict_sentence(log, &all, &all.list[i], sentence, sizeof(sentence));
		FUZZ_CHECK(all.list[i].answer == TR_UNKNOWN || tr_log_lost(log) == 0);
	}
	for (uint32_t i = 0; i < tr_order_nr_edges(all.order); i++)
		FUZZ_CHECK(tr_order_edge(all.order, i)->from < tr_order_edge(all.order, i)->to);
	tr_verdicts_fini(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *bytes;
	size_t size;
	struct tr_file *file;
	struct tr_log *log;
	struct xf_error err = XF_ERROR_INIT;
	FUZZ_CHECK(tr_write_text(sound, &bytes, &size, NULL) == XF_OK);
	if (len >= 2) {
		size_t cut = ((size_t)data[0] | (size_t)data[1] << 8) * 16;
		size -= cut < size ? cut : size;
	}
	for (size_t i = 2; i + 5 <= len; i += 5) {
		uint32_t at;
		memcpy(&at, data + i, sizeof(at));
		if (size)
			((uint8_t *)bytes)[at % size] = data[i + 4];
	}
	enum xf_status status = tr_file_open_memory(bytes, size, &file, &err);
	free(bytes);
	if (status != XF_OK) {
		FUZZ_CHECK(err.message[0]);
		return 0;
	}
	FUZZ_CHECK(tr_log_open_file(file, &log, &err) == XF_OK);
	look_at_everything(log);
	tr_log_close(log);
	return 0;
}
