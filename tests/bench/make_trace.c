/*
 * make_trace: a synthetic trace of any size, for measuring what reads traces.
 *
 *     make_trace FILE EVENTS PARTS
 *
 * The shape is that of a managed upload: a caller that waits, a submitter that
 * takes permits and queues parts, ten workers that send them. What a part of a
 * real upload records in some tens of events is stretched with reads until there
 * are EVENTS of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/event/emit.h"
#include "core/event/gate.h"
#include "core/event/segment.h"
#include "core/sync/sync.h"

enum { WORKERS = 10, EVENTS_PER_PART = 24, PART_BYTES = 8 << 20 };

static struct {
	struct xf_sem permits;
	struct xf_queue queue;
	struct xf_latch done;
	struct xf_thread submitter, workers[WORKERS];
	uint32_t parts, reads; /* reads: pairs of events besides, a part */
	_Atomic uint32_t left, request;
} run;

static void part_send(uint32_t part)
{
	uint32_t request = ++run.request;
	XF_FRAME("part", part);

	XF_EMIT(part_start, .bytes = PART_BYTES, .part = part, .attempt = 1);
	XF_EMIT(request_start, .bytes = PART_BYTES, .request = request, .part = part, .attempt = 1,
		.op = XF_OP_UPLOAD_PART);
	XF_EMIT(connected, .request = request, .connection = 1, .reused = 1);
	for (uint32_t i = 0; i < run.reads; i++) {
		XF_EMIT(part_read, .bytes = PART_BYTES / run.reads, .took_ns = 900, .part = part);
		XF_EMIT(progress, .bytes = PART_BYTES / run.reads, .part = part);
	}
	XF_EMIT(body_sent, .request = request, .bytes = PART_BYTES);
	XF_EMIT(part_sent, .bytes = PART_BYTES, .part = part, .attempt = 1);
	XF_EMIT(first_byte, .request = request, .waited_ns = 1000);
	XF_EMIT(response, .request = request, .http_status = 200, .etag = xf_text("\"etag\""));
	XF_EMIT(part_done, .bytes = PART_BYTES, .part = part, .attempt = 1, .etag = xf_text("\"etag\""));
}

static void *worker(void *arg)
{
	uint32_t *part;

	(void)arg;
	while ((part = xf_queue_get(&run.queue))) {
		part_send(*part);
		free(part);
		xf_sem_post(&run.permits);
		if (!--run.left) {
			XF_EMIT(multipart_complete, .http_status = 200, .parts = run.parts, .etag = xf_text("\"whole\""));
			xf_latch_set(&run.done);
			XF_EMIT(done, .state = XF_STATE_SUCCESS);
		}
	}
	return NULL;
}

static void *submitter(void *arg)
{
	(void)arg;
	XF_EMIT(multipart_create, .http_status = 200, .upload_id = xf_text("upload"));
	for (uint32_t i = 1; i <= run.parts; i++) {
		uint32_t *part = malloc(sizeof(*part));
		if (!part)
			abort();
		*part = i;
		xf_sem_wait(&run.permits, XF_FOREVER);
		XF_EMIT(part_queued, .offset = (uint64_t)(i - 1) * PART_BYTES, .bytes = PART_BYTES, .part = i);
		xf_queue_put(&run.queue, part);
	}
	return NULL;
}

static void upload(void)
{
	char name[24];
	XF_FRAME("", 0);

	XF_EMIT(submit, .call = 1, .bucket = xf_text("bucket"), .key = xf_text("key"), .op = XF_OP_PUT_OBJECT);
	XF_EMIT(plan, .size = (uint64_t)run.parts * PART_BYTES, .part_size = PART_BYTES, .parts = run.parts,
		.multipart = 1, .size_known = 1);
	xf_sem_init(&run.permits, "request", XF_CLASS_PERMIT, 1000);
	xf_queue_init(&run.queue, "request tasks");
	xf_latch_init(&run.done, "done");
	for (int i = 0; i < WORKERS; i++) {
		snprintf(name, sizeof(name), "request-%d", i + 1);
		xf_thread_start(&run.workers[i], name, "request", worker, NULL);
	}
	xf_thread_start(&run.submitter, "submit-1", "submit", submitter, NULL);
	xf_latch_wait(&run.done, XF_FOREVER);
	xf_queue_close(&run.queue);
	xf_thread_join(&run.submitter);
	for (int i = 0; i < WORKERS; i++)
		xf_thread_join(&run.workers[i]);
}

int main(int argc, char **argv)
{
	struct xf_trace_options options = { .path = argc == 4 ? argv[1] : NULL };
	struct xf_error err = XF_ERROR_INIT;
	uint32_t events = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	run.parts = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
	if (!events || !run.parts) {
		fprintf(stderr, "usage: make_trace FILE EVENTS PARTS\n");
		return 2;
	}
	run.left = run.parts;
	run.reads = events / run.parts > EVENTS_PER_PART ? (events / run.parts - EVENTS_PER_PART) / 2 : 1;
	if (xf_trace_start(&options, &err)) {
		fprintf(stderr, "make_trace: %s\n", err.message);
		return 1;
	}
	XF_EMIT(call_enter, .call = 1, .label = xf_text("upload_file"));
	upload();
	XF_EMIT(call_return, .call = 1);
	xf_trace_stop();
	xf_trace_release();
	return 0;
}
