/* A filter that is accepted can be run over every kind of event; one that is not says where. */
#include "fuzz.h"
#include "tracer/trace/filter.h"
#include "tracer/trace/write.h"

static const char trace[] =
	"thread 0 main main\nobject 1 sem request permit 2\n0 sem_post #1 value=1 :a.c@f:3\n"
	"0 part_done transfer=0 part=3 bytes=9 etag=abc\n0 status transfer=0 from=queued to=running\n"
	"0 request_start request=1 op=UploadPart\n0 event_woken #2 how=timed-out waited_ns=7\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct tr_log *log;
	struct tr_filter *f;
	struct xf_error err = XF_ERROR_INIT;
	char *text = fuzz_text(data, len);
	if (!log)
		FUZZ_CHECK(tr_log_from_text(trace, &log, NULL) == XF_OK);
	if (tr_filter_parse(text, &f, &err) == XF_OK) {
		uint32_t nr = tr_log_nr_events(log), found = tr_filter_find(f, log, 0, 1);
		FUZZ_CHECK(found < nr || found == TR_NONE);
		tr_filter_free(f);
	} else {
		FUZZ_CHECK(err.message[0] && err.part >= 1 && err.part <= strlen(text) + 1);
	}
	free(text);
	return 0;
}
