/*
 * download: the tasks of one download, s3transfer's DownloadSubmissionTask,
 * GetObjectTask, IOWriteTask and their final task.
 *
 *     submission:  HEAD · one GET, or a ranged GET a part
 *     part:        GET its range, cut into chunks, each an io task; again when
 *                  the body breaks, up to num_download_attempts
 *     io:          write a chunk; the last task renames and announces
 *
 * An object below the threshold is one GET, written by the request worker itself.
 * Where writes must be in order the io thread keeps chunks that came early; the
 * sliding window bounds how many parts can be early.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/transfer/download.h"
#include "core/transfer/plan.h"
#include "core/transfer/pools.h"
#include "core/transfer/target.h"
#include "core/transfer/window.h"

enum { MOST_RANGES = 10000000 };

/* A piece of a part on its way to the io thread, which frees it. */
struct chunk {
	struct xf_task task;       /* first */
	struct range *range;
	struct chunk *next;        /* kept until its turn comes; io thread */
	uint64_t offset;           /* in the object */
	size_t len;
	bool written, released;    /* both: freed */
	unsigned char bytes[];
};

/* A checksum that came with a range and is not that of its bytes: the whole object's, or wrong. */
struct unsettled {
	struct xf_digest ours;
	struct xf_s3_checksum theirs;
};

struct range {
	struct xf_task task;       /* first: the task is the part */
	struct xf_download *download;
	uint32_t number;           /* from 1 */
	uint64_t offset, len;
	uint32_t sequence;         /* in the window */
	/* request worker */
	uint64_t given;            /* bytes handed to the io thread, over all attempts */
	uint64_t seen;             /* bytes of the attempt under way */
	uint64_t told, untold;     /* of those: reported as progress, and not yet */
	uint64_t unpaid;           /* the bandwidth limiter has not been asked for these */
	bool streaming;            /* the attempt's headers are in: what breaks now is the body */
	struct chunk *filling;
	unsigned attempt;
	struct unsettled *unsettled; /* NULL: none; read by the final task */
	/* io thread */
	struct chunk *first, *last;
	uint64_t written;
};

struct xf_download {
	struct xf_transfer *t;
	struct xf_target target;   /* submission, then io thread (single GET: request worker) */
	struct xf_plan plan;
	struct xf_task submission, final;
	struct range *ranges;      /* plan.parts of them */
	uint32_t nr_queued;        /* submission */
	struct xf_window window;
	bool has_window;
	_Atomic uint32_t left;     /* parts not over, and 1 for the submission */
	struct xf_sem over;        /* a signal for each of those: what the final task waits for */
	uint32_t writing;          /* io thread, ordered: index of the range whose turn it is */
	char etag[XF_S3_ETAG_MAX]; /* of HEAD, or as told */
	_Atomic uint64_t size;
	_Atomic bool known;
};

/* ---- hooks */

static enum xf_go range_go(void *ctx)
{
	struct range *r = ctx;
	struct xf_transfer *t = r->download->t;
	return atomic_load(&t->pools->gave_up) || xf_coordinator_over(t) ? XF_GO_DROP : XF_GO_ON;
}

static uint64_t step_of(const struct range *r)
{
	return r->download->t->pools->config.io_chunksize;
}

static enum xf_status tell_progress(struct range *r, int64_t bytes, struct xf_error *err)
{
	return xf_coordinator_tell_progress(r->download->t, r->number, bytes, err);
}

/* Progress is told by the chunk, as upstream's reads of the body do. */
static enum xf_status tell_rest(struct range *r, struct xf_error *err)
{
	uint64_t bytes = r->untold;
	r->untold = 0;
	r->told += bytes;
	return bytes ? tell_progress(r, (int64_t)bytes, err) : XF_OK;
}

static enum xf_status count(struct range *r, size_t bytes, struct xf_error *err)
{
	r->untold += bytes;
	return r->untold >= step_of(r) ? tell_rest(r, err) : XF_OK;
}

/* Asks the bandwidth limiter, in its steps; at the end for what is left. */
static void pay(struct range *r, bool end)
{
	struct xf_transfer *t = r->download->t;
	struct xf_bandwidth *b = xf_pools_bandwidth(t->pools);
	if (b && r->unpaid >= (end ? 1 : XF_BANDWIDTH_STEP)) {
		xf_bandwidth_take(b, r->unpaid, &t->stop);
		r->unpaid = 0;
	}
}

static enum xf_status range_admit(void *ctx, size_t bytes, struct xf_error *err)
{
	struct range *r = ctx;
	(void)err;
	r->unpaid += bytes;
	pay(r, false);
	return XF_OK;
}

static enum xf_status range_head(void *ctx, struct xf_error *err)
{
	(void)err;
	((struct range *)ctx)->streaming = true;
	return XF_OK;
}

static void range_retry(void *ctx, const struct xf_retry_report *report)
{
	struct range *r = ctx;
	XF_EVENT(part_retry, .backoff_ns = report->backoff_ns, .transfer = r->download->t->id,
		 .part = r->number, .attempt = report->attempt, .reason = xf_text(report->reason),
		 .http_status = (uint32_t)report->http_status);
}

static struct xf_call_hooks hooks_for(struct range *r)
{
	return (struct xf_call_hooks){ .ctx = r, .transfer = r->download->t->id, .part = r->number,
				       .go = range_go, .admit = range_admit, .retry = range_retry,
				       .unless = &r->download->t->stop };
}

/* ---- the io thread */

static void free_chunk(struct chunk *c)
{
	if (!c->written || !c->released)
		return;
	xf_task_fini(&c->task);
	free(c);
}

/* The request that brought the bytes is named, though it is over: as where the worker writes. */
static void fail_write(struct xf_download *d, const struct chunk *c, struct xf_error *err)
{
	snprintf(err->operation, sizeof(err->operation), "%s", xf_op_name(XF_OP_GET_OBJECT));
	err->part = c->range->number;
	xf_coordinator_fail(d->t, err);
}

static void write_chunk(struct xf_download *d, struct chunk *c)
{
	struct xf_error err = XF_ERROR_INIT;
	if (!xf_coordinator_over(d->t) &&
	    xf_target_write(&d->target, c->offset, c->bytes, c->len, &err) != XF_OK)
		fail_write(d, c, &err);
	c->range->written += c->len;
	c->written = true;
	free_chunk(c);
}

static void keep(struct range *r, struct chunk *c)
{
	if (r->last)
		r->last->next = c;
	else
		r->first = c;
	r->last = c;
}

static void write_kept(struct range *r)
{
	for (struct chunk *c; (c = r->first);) {
		r->first = c->next;
		write_chunk(r->download, c);
	}
	r->last = NULL;
}

/* Writes what has its turn: this range, then those behind it as far as they came. */
static void write_in_turn(struct xf_download *d)
{
	for (; d->writing < d->plan.parts; d->writing++) {
		struct range *r = &d->ranges[d->writing];
		write_kept(r);
		if (r->written < r->len)
			return;
	}
}

/* ORDER run_write: explain knows the write by this name. */
static void run_write(struct xf_task *task, struct xf_worker *worker)
{
	struct chunk *c = (struct chunk *)task;
	struct xf_download *d = c->range->download;
	(void)worker;
	XF_FRAME("transfer:u32 part:u32 bytes:bytes", d->t->id, c->range->number, c->len);
	if (!d->target.ordered) {
		write_chunk(d, c);
		return;
	}
	keep(c->range, c);
	write_in_turn(d);
}

/* The executor is done with the task; kept chunks live on until they are written. */
static void release_chunk(struct xf_task *task)
{
	struct chunk *c = (struct chunk *)task;
	xf_sem_post(task->permit);
	c->released = true;
	free_chunk(c);
}

static void tell_end(struct xf_download *d, int http_status)
{
	bool failed = xf_coordinator_over(d->t);
	XF_EVENT(object_get, .bytes = d->plan.size, .transfer = d->t->id, .etag = xf_text(d->etag),
		 .http_status = (uint32_t)http_status, .failed = failed);
}

/* Renames; from here on the object is there, so success it is even when cancelled just now. */
static void commit(struct xf_download *d, int http_status)
{
	struct xf_error err = XF_ERROR_INIT;
	if (!xf_coordinator_over(d->t) && xf_target_commit(&d->target, &err) != XF_OK)
		xf_coordinator_fail(d->t, &err);
	tell_end(d, http_status);
	if (!xf_coordinator_over(d->t))
		xf_coordinator_succeed(d->t);
}

static enum xf_status fail_checksum(const struct xf_download *d, const struct range *r, const struct xf_digest *ours,
				    struct xf_error *err)
{
	const struct xf_s3_checksum *theirs = &r->unsettled->theirs;
	char text[XF_DIGEST_TEXT_SIZE];
	snprintf(err->operation, sizeof(err->operation), "%s", xf_op_name(XF_OP_GET_OBJECT));
	err->part = r->number;
	return xf_fail(err, XF_CHECKSUM, "the bytes received from %s do not match their checksum: %s is %s instead of %s",
		       xf_client_where(d->t->pools->client), theirs->algorithm, xf_digest_text(ours, text), theirs->value);
}

/* Every range came with one and the same checksum: some services name the whole object's with each. */
static bool all_name_one(const struct xf_download *d)
{
	const struct unsettled *first = d->ranges[0].unsettled;
	for (uint32_t i = 0; first && i < d->nr_queued; i++) {
		const struct unsettled *u = d->ranges[i].unsettled;
		if (!u || strcmp(u->theirs.value, first->theirs.value) || u->ours.algorithm != first->ours.algorithm)
			return false;
	}
	return first != NULL;
}

/* The CRCs of the ranges make the object's; of other checksums it cannot be told. */
static enum xf_status settle_whole(const struct xf_download *d, struct xf_error *err)
{
	struct xf_digest total = { .len = 0 };
	char text[XF_DIGEST_TEXT_SIZE];
	for (uint32_t i = 0; i < d->nr_queued; i++)
		if (xf_digest_combine(&total, &d->ranges[i].unsettled->ours, d->ranges[i].len) != XF_OK)
			return XF_OK;
	return strcmp(xf_digest_text(&total, text), d->ranges[0].unsettled->theirs.value)
		       ? fail_checksum(d, &d->ranges[0], &total, err) : XF_OK;
}

static enum xf_status settle_checksums(const struct xf_download *d, struct xf_error *err)
{
	if (all_name_one(d))
		return settle_whole(d, err);
	for (uint32_t i = 0; i < d->nr_queued; i++)
		if (d->ranges[i].unsettled)
			return fail_checksum(d, &d->ranges[i], &d->ranges[i].unsettled->ours, err);
	return XF_OK;
}

static void run_final(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_download *d = (struct xf_download *)((char *)task - offsetof(struct xf_download, final));
	struct xf_error err = XF_ERROR_INIT;
	XF_FRAME("transfer:u32", d->t->id);
	for (uint32_t i = 0; i < d->nr_queued + 1; i++)
		xf_sem_wait(&d->over, XF_FOREVER);
	for (uint32_t i = 0; i < d->nr_queued; i++)
		write_kept(&d->ranges[i]);
	if (!xf_coordinator_over(d->t) && settle_checksums(d, &err) != XF_OK)
		xf_coordinator_fail(d->t, &err);
	commit(d, 206);
	xf_coordinator_announce(d->t, worker->local);
}

/*
 * One of those counted in `left` is over; the last one queues the end. The count
 * only says who is last; the order that proves the end came after every part is
 * the semaphore's.
 */
static void one_less(struct xf_download *d)
{
	xf_sem_post(&d->over);
	if (atomic_fetch_sub(&d->left, 1) != 1)
		return;
	if (xf_executor_submit(d->t->pools->io, &d->final, NULL) == XF_OK)
		return;
	struct xf_error err = XF_ERROR_INIT;
	xf_fail(&err, XF_SHUTDOWN, "the io executor takes no more work");
	xf_coordinator_fail(d->t, &err);
	xf_coordinator_announce(d->t, NULL);
}

/* ---- the parts: ranged GETs on the request workers */

static enum xf_status queue_chunk(struct range *r, struct xf_error *err)
{
	struct chunk *c = r->filling;
	r->filling = NULL;
	if (!c)
		return XF_OK;
	r->given += c->len;
	enum xf_status status = xf_executor_submit(r->download->t->pools->io, &c->task, NULL);
	if (status == XF_OK)
		return XF_OK;
	xf_task_fini(&c->task);
	free(c);
	return xf_fail(err, status, "the io executor takes no more work");
}

static enum xf_status begin_chunk(struct range *r, uint64_t at, struct xf_error *err)
{
	uint64_t size = r->download->t->pools->config.io_chunksize;
	if (size > r->len - at)
		size = r->len - at;
	struct chunk *c = malloc(sizeof(*c) + size);
	if (!c)
		return xf_fail(err, XF_NOMEM, "no memory to receive");
	memset(c, 0, sizeof(*c));
	xf_task_init(&c->task, "io", run_write);
	c->task.release = release_chunk;
	c->range = r;
	c->offset = r->offset + at;
	r->filling = c;
	return XF_OK;
}

/* How many of len bytes go where the range stands: passed over, or into the chunk being filled. */
static enum xf_status take_some(struct range *r, const unsigned char *p, size_t len, size_t *taken,
				struct xf_error *err)
{
	if (r->seen >= r->len)
		return xf_fail(err, XF_BAD_REPLY, "the answer is longer than the range asked for");
	if (r->seen < r->given) {
		*taken = r->given - r->seen < len ? (size_t)(r->given - r->seen) : len;
		return XF_OK;
	}
	if (!r->filling && begin_chunk(r, r->seen, err) != XF_OK)
		return err->status;
	uint64_t room = step_of(r) < r->len - r->given ? step_of(r) : r->len - r->given;
	*taken = room - r->filling->len < len ? (size_t)(room - r->filling->len) : len;
	memcpy(r->filling->bytes + r->filling->len, p, *taken);
	r->filling->len += *taken;
	return r->filling->len == room ? queue_chunk(r, err) : XF_OK;
}

/* Bytes of the range in order; what an earlier attempt has handed on is passed over. */
static enum xf_status take_bytes(void *ctx, const void *bytes, size_t len, struct xf_error *err)
{
	struct range *r = ctx;
	const unsigned char *p = bytes;
	while (len) {
		size_t n = 0;
		enum xf_status status = take_some(r, p, len, &n, err);
		if (status == XF_OK)
			status = count(r, n, err);
		if (status != XF_OK)
			return status;
		p += n;
		len -= n;
		r->seen += n;
	}
	return XF_OK;
}

static void begin_attempt(struct range *r)
{
	r->seen = r->told = r->untold = r->unpaid = 0;
	r->streaming = false;
}

/* For the end, when all ranges are there. */
static enum xf_status keep_unsettled(struct range *r, const struct xf_s3_get_output *out, struct xf_error *err)
{
	if (!out->unsettled.len)
		return XF_OK;
	r->unsettled = malloc(sizeof(*r->unsettled));
	if (!r->unsettled)
		return xf_fail(err, XF_NOMEM, "no memory to receive");
	*r->unsettled = (struct unsettled){ out->unsettled, out->answer.checksum };
	return XF_OK;
}

static enum xf_status get_range(struct range *r, struct xf_http *http, struct xf_error *err)
{
	struct xf_download *d = r->download;
	struct xf_s3_get_output out = { .received = 0 };
	struct xf_call_hooks hooks = hooks_for(r);
	const struct xf_s3_get_input in = {
		.bucket = d->t->bucket, .key = d->t->key, .extra = d->t->extra, .ranged = true,
		.first = r->offset, .last = r->number == d->plan.parts ? UINT64_MAX : r->offset + r->len - 1,
		.if_match = d->etag[0] ? d->etag : NULL, .sink = take_bytes, .sink_ctx = r,
		.head = range_head };
	enum xf_status status = xf_s3_get_object(d->t->pools->client, http, &in, &out, &hooks, err);
	if (status == XF_OK && r->seen < r->len)
		status = xf_fail(err, XF_CLOSED, "the answer ended %" PRIu64 " bytes early", r->len - r->seen);
	return status == XF_OK ? keep_unsettled(r, &out, err) : status;
}

/*
 * A body that broke is asked for again, at once. What broke before the headers has had
 * the call's own retries; of those upstream counts time-outs again, and so do we.
 */
static bool may_try_again(const struct range *r, enum xf_status status)
{
	bool broke = status == XF_TIMEOUT || (r->streaming && (status == XF_CLOSED || status == XF_TLS));
	return broke && r->attempt < r->download->t->pools->config.num_download_attempts &&
	       !xf_coordinator_over(r->download->t);
}

static void drop_filling(struct range *r)
{
	if (!r->filling)
		return;
	xf_task_fini(&r->filling->task);
	free(r->filling);
	r->filling = NULL;
}

/* Counted outside of the event, whose arguments are not evaluated when nobody records. */
static void start_attempt(struct range *r)
{
	r->attempt++;
	XF_EVENT(part_start, .bytes = r->len, .transfer = r->download->t->id, .part = r->number,
		 .attempt = r->attempt);
}

/* The attempt broke: what it reported is taken back, and there is another. */
static enum xf_status take_back(struct range *r, enum xf_status why, struct xf_error *err)
{
	XF_EVENT(part_retry, .transfer = r->download->t->id, .part = r->number, .attempt = r->attempt,
		 .reason = xf_text(xf_status_word(why)));
	*err = XF_ERROR_INIT;
	return r->told ? tell_progress(r, -(int64_t)r->told, err) : XF_OK;
}

static void count_attempts(const struct range *r, struct xf_error *err)
{
	size_t len = strlen(err->message);
	if (r->attempt > 1 && sizeof(err->message) - len > 48)
		snprintf(err->message + len, sizeof(err->message) - len, "; the download was tried %u times",
			 r->attempt);
}

static enum xf_status get_with_attempts(struct range *r, struct xf_http *http,
					enum xf_status (*get)(struct range *, struct xf_http *, struct xf_error *),
					struct xf_error *err)
{
	for (;;) {
		start_attempt(r);
		begin_attempt(r);
		enum xf_status status = get(r, http, err);
		pay(r, true);
		if (status == XF_OK)
			return tell_rest(r, err);
		drop_filling(r);
		if (!may_try_again(r, status)) {
			count_attempts(r, err);
			return status;
		}
		status = take_back(r, status, err);
		if (status != XF_OK)
			return status;
	}
}

static void end_part(struct range *r, enum xf_status status, struct xf_error *err)
{
	struct xf_download *d = r->download;
	if (status == XF_OK) {
		XF_EVENT(part_done, .bytes = r->len, .transfer = d->t->id, .part = r->number,
			 .attempt = r->attempt, .etag = xf_text(d->etag));
		return;
	}
	if (!err->part)
		err->part = r->number;
	XF_EVENT(part_failed, .transfer = d->t->id, .part = r->number, .attempt = r->attempt,
		 .reason = xf_text(err->code), .http_status = (uint32_t)err->http_status);
	xf_coordinator_fail(d->t, err);
}

static void download_part(struct range *r, struct xf_worker *worker)
{
	struct xf_download *d = r->download;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http;
	XF_FRAME("transfer:u32 part:u32 bytes:bytes", d->t->id, r->number, r->len);
	enum xf_status status = xf_pools_worker_http(d->t->pools, worker, &http, &err);
	if (status == XF_OK)
		status = get_with_attempts(r, http, get_range, &err);
	end_part(r, status, &err);
}

static void run_range(struct xf_task *task, struct xf_worker *worker)
{
	struct range *r = (struct range *)task;
	if (xf_coordinator_over(r->download->t))
		XF_EVENT(part_skipped, .transfer = r->download->t->id, .part = r->number);
	else
		download_part(r, worker);
	one_less(r->download);
}

static void release_range(struct xf_task *task)
{
	struct range *r = (struct range *)task;
	xf_window_release(&r->download->window, r->sequence);
}

/* ---- one plain GET, written by the worker */

static enum xf_status write_bytes(void *ctx, const void *bytes, size_t len, struct xf_error *err)
{
	struct range *r = ctx;
	struct xf_download *d = r->download;
	uint64_t skip = r->seen < r->given ? r->given - r->seen : 0;
	enum xf_status status = XF_OK;
	r->seen += len;
	if (skip < len) {
		status = xf_target_write(&d->target, r->given, (const char *)bytes + skip, len - skip, err);
		r->given = r->seen;
	}
	return status == XF_OK ? count(r, len, err) : status;
}

static enum xf_status get_whole(struct range *r, struct xf_http *http, struct xf_error *err)
{
	struct xf_download *d = r->download;
	struct xf_s3_get_output out = { .received = 0 };
	struct xf_call_hooks hooks = hooks_for(r);
	const struct xf_s3_get_input in = { .bucket = d->t->bucket, .key = d->t->key, .extra = d->t->extra,
					    .sink = write_bytes, .sink_ctx = r, .head = range_head };
	return xf_s3_get_object(d->t->pools->client, http, &in, &out, &hooks, err);
}

static void run_whole(struct xf_task *task, struct xf_worker *worker)
{
	struct range *r = (struct range *)task;
	struct xf_download *d = r->download;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http;
	XF_FRAME("transfer:u32 bytes:bytes", d->t->id, r->len);
	if (xf_coordinator_over(d->t)) {
		XF_EVENT(part_skipped, .transfer = d->t->id, .part = r->number);
	} else {
		enum xf_status status = xf_pools_worker_http(d->t->pools, worker, &http, &err);
		if (status == XF_OK)
			status = get_with_attempts(r, http, get_whole, &err);
		end_part(r, status, &err);
	}
	commit(d, 200);
	xf_coordinator_announce(d->t, worker->local);
}

/* ---- the submission */

static enum xf_status head(struct xf_download *d, struct xf_worker *worker, struct xf_error *err)
{
	struct xf_http *http;
	struct xf_s3_head_output out = { .size = 0 };
	const struct xf_s3_head_input in = { d->t->bucket, d->t->key, d->t->extra };
	const struct xf_call_hooks hooks = { .ctx = d->t, .transfer = d->t->id, .go = xf_coordinator_go,
					     .unless = &d->t->stop };
	enum xf_status status = xf_pools_worker_http(d->t->pools, worker, &http, err);
	if (status == XF_OK)
		status = xf_s3_head_object(d->t->pools->client, http, &in, &out, &hooks, err);
	if (status == XF_OK) {
		memcpy(d->etag, out.answer.etag, sizeof(d->etag));
		atomic_store(&d->size, out.size);
		atomic_store(&d->known, true);
	}
	XF_EVENT(object_head, .bytes = out.size, .transfer = d->t->id, .etag = xf_text(d->etag),
		 .http_status = (uint32_t)(status == XF_OK ? out.answer.http_status : err->http_status),
		 .failed = status != XF_OK);
	return status;
}

/* Unlike an upload's, the chunk size is used as it is. */
static enum xf_status plan(struct xf_download *d, struct xf_error *err)
{
	const struct xf_transfer_config *c = &d->t->pools->config;
	uint64_t size = atomic_load(&d->size), parts = 1;
	d->plan = (struct xf_plan){ .size = size, .size_known = true, .part_size = size,
				    .multipart = size >= c->multipart_threshold };
	if (d->plan.multipart) {
		d->plan.part_size = c->multipart_chunksize;
		parts = size / d->plan.part_size + (size % d->plan.part_size != 0);
	}
	if (parts > MOST_RANGES)
		return xf_fail(err, XF_TOO_MANY_PARTS,
			       "%" PRIu64 " bytes in ranges of %" PRIu64 " are %" PRIu64 " requests: give a larger "
			       "--multipart-chunksize", size, d->plan.part_size, parts);
	d->plan.parts = (uint32_t)parts;
	XF_EVENT(plan, .size = size, .part_size = d->plan.part_size, .transfer = d->t->id,
		 .parts = d->plan.parts, .multipart = d->plan.multipart, .size_known = 1);
	return XF_OK;
}

static enum xf_status make_ranges(struct xf_download *d, struct xf_error *err)
{
	char name[32];
	d->ranges = calloc(d->plan.parts, sizeof(*d->ranges));
	if (!d->ranges)
		return xf_fail(err, XF_NOMEM, "no memory for %" PRIu32 " parts", d->plan.parts);
	for (uint32_t i = 0; i < d->plan.parts; i++) {
		struct range *r = &d->ranges[i];
		r->download = d;
		r->number = i + 1;
		xf_plan_part(&d->plan, r->number, &r->offset, &r->len);
		snprintf(name, sizeof(name), "part %" PRIu32, r->number);
		xf_task_init(&r->task, name, d->plan.multipart ? run_range : run_whole);
	}
	if (d->target.ordered && d->plan.multipart) {
		if (xf_window_init(&d->window, &d->t->pools->download_chunks, d->plan.parts) != XF_OK)
			return xf_fail(err, XF_NOMEM, "no memory for %" PRIu32 " parts", d->plan.parts);
		d->has_window = true;
	}
	return XF_OK;
}

static enum xf_status queue_range(struct xf_download *d, struct range *r, struct xf_error *err)
{
	struct xf_executor *requests = d->t->pools->request;
	struct xf_sem *permit = xf_executor_acquire(requests, d->has_window ? d->window.permits : NULL);
	if (permit && d->has_window) {
		r->sequence = xf_window_number(&d->window);
		r->task.release = release_range;
	}
	XF_EVENT(part_queued, .offset = r->offset, .bytes = r->len, .transfer = d->t->id, .part = r->number);
	enum xf_status status = permit ? xf_executor_enqueue(requests, &r->task, permit) : XF_SHUTDOWN;
	return status == XF_OK ? XF_OK : xf_fail(err, status, "the request executor takes no more work");
}

static enum xf_status submit_ranges(struct xf_download *d, struct xf_error *err)
{
	XF_FRAME("transfer:u32 part_size:bytes parts:u32", d->t->id, d->plan.part_size, d->plan.parts);
	enum xf_status status = XF_OK;
	for (uint32_t i = 0; i < d->plan.parts && status == XF_OK && !xf_coordinator_over(d->t); i++) {
		atomic_fetch_add(&d->left, 1);
		d->nr_queued++;
		status = queue_range(d, &d->ranges[i], err);
		if (status != XF_OK) {
			atomic_fetch_sub(&d->left, 1);
			d->nr_queued--;
		}
	}
	XF_RETURN(status);
}

static enum xf_status prepare(struct xf_download *d, struct xf_worker *worker, struct xf_error *err)
{
	if (!xf_coordinator_advance(d->t, XF_STATE_QUEUED))
		return XF_CANCELLED;
	enum xf_status status = xf_coordinator_tell_queued(d->t, err);
	if (status != XF_OK)
		return status;
	if (!xf_coordinator_advance(d->t, XF_STATE_RUNNING))
		return XF_CANCELLED;
	if (!atomic_load(&d->known))
		status = head(d, worker, err);
	if (status == XF_OK)
		status = plan(d, err);
	return status == XF_OK ? make_ranges(d, err) : status;
}

static void submit(struct xf_download *d, struct xf_worker *worker)
{
	struct xf_error err = XF_ERROR_INIT;
	bool ready = prepare(d, worker, &err) == XF_OK;
	if (!ready || (!d->plan.multipart && queue_range(d, &d->ranges[0], &err) != XF_OK)) {
		xf_coordinator_fail(d->t, &err);
		xf_coordinator_announce(d->t, worker->local);
	} else if (d->plan.multipart) {
		if (submit_ranges(d, &err) != XF_OK)
			xf_coordinator_fail(d->t, &err);
		one_less(d);
	}
}

static void run_submission(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_download *d = (struct xf_download *)((char *)task - offsetof(struct xf_download, submission));
	XF_FRAME("transfer:u32", d->t->id);
	submit(d, worker);
}

/* ---- made and freed */

static void remove_temporary(struct xf_transfer *t, struct xf_http *http)
{
	struct xf_download *d = t->of;
	(void)http;
	xf_target_fini(&d->target);
}

static void free_kept(struct range *r)
{
	for (struct chunk *c; (c = r->first);) {
		r->first = c->next;
		c->written = true;
		free_chunk(c);
	}
}

static void download_free(void *work)
{
	struct xf_download *d = work;
	for (uint32_t i = 0; d->ranges && i < d->plan.parts; i++) {
		free_kept(&d->ranges[i]);
		free(d->ranges[i].unsettled);
		xf_task_fini(&d->ranges[i].task);
	}
	if (d->has_window)
		xf_window_fini(&d->window);
	xf_task_fini(&d->submission);
	xf_task_fini(&d->final);
	xf_sem_fini(&d->over);
	xf_target_fini(&d->target);
	free(d->ranges);
	free(d);
}

static void download_info(struct xf_transfer *t, struct xf_transfer_info *out)
{
	struct xf_download *d = t->of;
	out->size = atomic_load(&d->size);
	out->etag = atomic_load(&d->known) ? d->etag : "";
}

static const struct xf_work download_work = { .clean_up = remove_temporary, .info = download_info,
					      .free = download_free };

enum xf_status xf_download_prepare(struct xf_transfer *t, const struct xf_download_request *request,
				   struct xf_task **out, struct xf_error *err)
{
	struct xf_download *d = calloc(1, sizeof(*d));
	if (!d)
		return xf_fail(err, XF_NOMEM, "no memory for the download");
	d->t = t;
	d->left = 1;
	if (request->etag) {
		snprintf(d->etag, sizeof(d->etag), "%s", request->etag);
		atomic_store(&d->size, request->size);
		atomic_store(&d->known, true);
	}
	xf_task_init(&d->submission, "submission", run_submission);
	xf_task_init(&d->final, "final", run_final);
	xf_sem_init(&d->over, "parts", XF_CLASS_SIGNAL, 0);
	t->of = d;
	t->work = &download_work;
	*out = &d->submission;
	return xf_target_init(&d->target, request->path, request->fd, request->name, &t->stop, err);
}
