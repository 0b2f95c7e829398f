/*
 * upload: the tasks of one upload, s3transfer's UploadSubmissionTask,
 * PutObjectTask, CreateMultipartUploadTask, UploadPartTask and
 * CompleteMultipartUploadTask.
 *
 *     submission:  look at the source · plan · queue Create, the parts, Complete
 *     part:        wait for Create · read (or take) its bytes · send them
 *     final:       wait for all others · Complete or PutObject · announce
 *
 * Every task looks once, before its work, whether the transfer is over, and is
 * skipped then; so the final task always comes to announce the end, and the
 * abort is the last request.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/transfer/manager_private.h"
#include "core/transfer/plan.h"
#include "core/transfer/source.h"
#include "core/transfer/stored.h"

struct part {
	struct xf_task task;         /* first: the task is the part */
	struct xf_upload *upload;
	uint32_t number;             /* from 1 */
	uint64_t offset, len;
	void *memory;                /* read by the submission; NULL: read by the worker */
	struct xf_s3_part done;      /* for Complete */
};

struct xf_upload {
	struct xf_transfer *t;
	struct xf_source source;
	char *path, *name;
	int fd;
	struct xf_plan plan;
	struct xf_task submission, create, final;
	struct part **parts;         /* nr_parts of them; the submission's until final is queued */
	uint32_t nr_parts, cap_parts;
	bool create_queued;
	void *memory;                /* PutObject of a pipe: the whole object */
	bool resume;                 /* continue what an earlier upload left */
	/* written by the task named, read after its `over`; etag by info at any time */
	char upload_id[XF_S3_UPLOAD_ID_MAX]; /* create */
	struct xf_stored stored;     /* create: what a resume found on the service */
	_Atomic bool created, resumed, completed, aborted;
	_Atomic bool create_unanswered;
	_Atomic bool unanswered;     /* final: Complete or PutObject went out and nothing came back */
	_Atomic uint32_t reused_parts;
	_Atomic uint64_t reused_bytes;
	_Atomic uint64_t size;       /* plan.size, for info */
	char etag[XF_S3_ETAG_MAX];   /* final */
};

/* ---- hooks: what a request tells while it runs */

/* One request on behalf of the transfer. Lives on the worker's stack. */
struct errand {
	struct xf_upload *u;
	uint32_t part;               /* 0: none */
	uint64_t bytes;
	unsigned attempt;
	bool sent;                   /* the attempt's last byte is with the kernel */
	bool lost;                   /* an attempt got no answer */
	uint64_t unpaid;             /* bytes the bandwidth limiter has not been asked for */
};

static enum xf_go errand_go(void *ctx)
{
	struct errand *e = ctx;
	return xf_manager_gave_up(e->u->t->manager) ? XF_GO_DROP : xf_coordinator_go(e->u->t);
}

/* What decides about the object on the service gets a moment to end when it is cancelled. */
static enum xf_go errand_go_patiently(void *ctx)
{
	struct errand *e = ctx;
	return xf_manager_gave_up(e->u->t->manager) ? XF_GO_DROP : xf_coordinator_go_patiently(e->u->t);
}

/* PutObject: as a part while it is sent, as Complete once it waits for the answer. */
static enum xf_go errand_go_put(void *ctx)
{
	const struct errand *e = ctx;
	return e->sent ? errand_go_patiently(ctx) : errand_go(ctx);
}

static enum xf_status errand_admit(void *ctx, size_t bytes, struct xf_error *err)
{
	struct errand *e = ctx;
	struct xf_bandwidth *b = xf_manager_bandwidth(e->u->t->manager);
	(void)err;
	if (!b)
		return XF_OK;
	e->unpaid += bytes;
	if (e->unpaid >= XF_BANDWIDTH_STEP) {
		xf_bandwidth_take(b, e->unpaid, &e->u->t->stop);
		e->unpaid = 0;
	}
	return XF_OK;
}

/* What never came to a step is paid for when the body is closed. */
static void pay_rest(struct errand *e)
{
	struct xf_bandwidth *b = xf_manager_bandwidth(e->u->t->manager);
	if (b && e->unpaid)
		xf_bandwidth_take(b, e->unpaid, &e->u->t->stop);
	e->unpaid = 0;
}

static enum xf_status errand_progress(void *ctx, int64_t bytes, struct xf_error *err)
{
	struct errand *e = ctx;
	return xf_coordinator_tell_progress(e->u->t, e->part, bytes, err);
}

static void errand_hashing(void *ctx)
{
	struct errand *e = ctx;
	XF_EVENT(part_reading, .transfer = e->u->t->id, .part = e->part, .hashing = 1);
}

static void errand_hashed(void *ctx, uint64_t bytes, uint64_t reading_ns)
{
	struct errand *e = ctx;
	XF_EVENT(part_read, .bytes = bytes, .took_ns = reading_ns, .transfer = e->u->t->id, .part = e->part,
		 .hashing = 1);
}

/* The first attempt was told when the worker took the part up. */
static void errand_attempt(void *ctx, unsigned attempt)
{
	struct errand *e = ctx;
	e->attempt = attempt;
	e->sent = false;
	if (e->part && attempt > 1)
		XF_EVENT(part_start, .bytes = e->bytes, .transfer = e->u->t->id, .part = e->part,
			 .attempt = attempt);
}

static void errand_sent(void *ctx, uint64_t bytes, uint64_t reading_ns, unsigned attempt)
{
	struct errand *e = ctx;
	e->sent = true;
	if (e->part)
		XF_EVENT(part_sent, .bytes = bytes, .reading_ns = reading_ns, .transfer = e->u->t->id,
			 .part = e->part, .attempt = attempt);
}

static void errand_retry(void *ctx, const struct xf_retry_report *r)
{
	struct errand *e = ctx;
	e->lost |= r->http_status == 0;
	if (e->part)
		XF_EVENT(part_retry, .backoff_ns = r->backoff_ns, .transfer = e->u->t->id, .part = e->part,
			 .attempt = r->attempt, .reason = xf_text(r->reason),
			 .http_status = (uint32_t)r->http_status);
}

static struct xf_call_hooks hooks_for(struct errand *e)
{
	return (struct xf_call_hooks){
		.ctx = e, .transfer = e->u->t->id, .part = e->part, .go = errand_go,
		.admit = errand_admit, .progress = errand_progress, .hashing = errand_hashing, .hashed = errand_hashed,
		.attempt = errand_attempt, .sent = errand_sent, .retry = errand_retry,
		.unless = &e->u->t->stop };
}

/* Did the service perhaps do what it was asked for, without our hearing of it? */
static bool nothing_heard(const struct errand *e, const struct xf_error *err)
{
	bool began = e->attempt > 0 && err->status != XF_CONNECT && err->status != XF_RESOLVE;
	return e->lost || (began && err->http_status == 0);
}

/* ---- the parts */

static enum xf_status send_part(struct part *p, struct xf_http *http, const struct xf_body *body,
				struct errand *e, struct xf_error *err)
{
	struct xf_upload *u = p->upload;
	struct xf_s3_part_output out = { .answer.http_status = 0 };
	const struct xf_s3_part_input in = {
		.bucket = u->t->bucket, .key = u->t->key, .upload_id = u->upload_id,
		.part_number = p->number, .body = *body, .extra = u->t->extra };
	struct xf_call_hooks hooks = hooks_for(e);
	enum xf_status status = xf_s3_upload_part(xf_manager_client(u->t->manager), http, &in, &out,
						  &hooks, err);
	pay_rest(e);
	if (status == XF_OK)
		p->done = out.part;
	return status;
}

/* A part found on the service that holds our bytes is not sent again. *reused: it is one. */
static enum xf_status reuse_part(struct part *p, const struct xf_body *body, bool *reused,
				 struct xf_error *err)
{
	struct xf_upload *u = p->upload;
	const struct xf_s3_part *stored = xf_stored_part(&u->stored, p->number);
	*reused = false;
	if (!stored)
		return XF_OK;
	XF_EVENT(part_reading, .transfer = u->t->id, .part = p->number, .hashing = 1);
	uint64_t reading_ns;
	enum xf_status status = xf_stored_same(stored, body, reused, &reading_ns, err);
	XF_EVENT(part_read, .bytes = p->len, .took_ns = reading_ns, .transfer = u->t->id,
		 .part = p->number, .hashing = 1);
	if (status != XF_OK || !*reused)
		return status;
	p->done = *stored;
	atomic_fetch_add(&u->reused_parts, 1);
	atomic_fetch_add(&u->reused_bytes, p->len);
	return xf_coordinator_tell_progress(u->t, p->number, (int64_t)p->len, err);
}

static enum xf_status read_and_send_part(struct part *p, struct xf_http *http, struct errand *e,
					 struct xf_error *err)
{
	struct xf_upload *u = p->upload;
	struct xf_body body;
	int fd = -1;
	bool own = false, reused;
	if (p->memory) {
		body = xf_body_memory(p->memory, p->len);
	} else {
		enum xf_status status = xf_source_open_part(&u->source, &fd, &own, err);
		if (status != XF_OK)
			return status;
		body = xf_body_file(fd, p->offset, p->len, u->source.name);
	}
	enum xf_status status = reuse_part(p, &body, &reused, err);
	if (status == XF_OK && !reused)
		status = send_part(p, http, &body, e, err);
	if (own)
		close(fd);
	return status;
}

static void fail_part(struct part *p, const struct errand *e, struct xf_error *err)
{
	struct xf_upload *u = p->upload;
	if (!err->part)
		err->part = p->number;
	XF_EVENT(part_failed, .transfer = u->t->id, .part = p->number, .attempt = e->attempt,
		 .reason = xf_text(err->code), .http_status = (uint32_t)err->http_status);
	xf_coordinator_fail(u->t, err);
}

static void upload_part(struct part *p, struct xf_worker *worker)
{
	struct xf_upload *u = p->upload;
	struct errand e = { .u = u, .part = p->number, .bytes = p->len, .attempt = 1 };
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http;
	XF_FRAME("transfer:u32 part:u32 bytes:bytes", u->t->id, p->number, p->len);
	XF_EVENT(part_start, .bytes = p->len, .transfer = u->t->id, .part = p->number, .attempt = 1);
	enum xf_status status = xf_worker_http(worker, u->t->manager, &http, &err);
	if (status == XF_OK)
		status = read_and_send_part(p, http, &e, &err);
	if (status == XF_OK)
		XF_EVENT(part_done, .bytes = p->len, .transfer = u->t->id, .part = p->number,
			 .attempt = e.attempt, .etag = xf_text(p->done.etag));
	else
		fail_part(p, &e, &err);
}

static void skip_part(const struct part *p)
{
	XF_EVENT(part_skipped, .transfer = p->upload->t->id, .part = p->number);
}

static void run_part(struct xf_task *task, struct xf_worker *worker)
{
	struct part *p = (struct part *)task;
	struct xf_upload *u = p->upload;
	xf_latch_wait(&u->create.over, XF_FOREVER);
	if (xf_coordinator_over(u->t))
		skip_part(p);
	else
		upload_part(p, worker);
	free(p->memory);
	p->memory = NULL;
}

/* ---- create, complete, put, abort */

static void tell_created(const struct xf_upload *u, int http_status, bool failed)
{
	char id[XF_S3_UPLOAD_ID_MAX];
	xf_text_sanitise(id, sizeof(id), u->upload_id, strlen(u->upload_id));
	XF_EVENT(multipart_create, .transfer = u->t->id, .http_status = (uint32_t)http_status,
		 .upload_id = xf_text(id), .failed = failed);
}

static enum xf_status create_multipart(struct xf_upload *u, struct xf_http *http, struct xf_error *err)
{
	struct errand e = { .u = u };
	struct xf_call_hooks hooks = hooks_for(&e);
	struct xf_s3_create_output out = { .answer.http_status = 0 };
	const struct xf_s3_create_input in = { u->t->bucket, u->t->key, u->t->extra };
	hooks.go = errand_go_patiently;
	enum xf_status status = xf_s3_create_multipart_upload(xf_manager_client(u->t->manager), http,
							      &in, &out, &hooks, err);
	if (status == XF_OK) {
		memcpy(u->upload_id, out.upload_id, sizeof(u->upload_id));
		atomic_store(&u->created, true);
	}
	atomic_store(&u->create_unanswered, status != XF_OK && nothing_heard(&e, err));
	tell_created(u, status == XF_OK ? out.answer.http_status : err->http_status, status != XF_OK);
	return status;
}

/* The checksums of a multipart upload are all of one algorithm: that of its Create. */
static bool can_continue(const struct xf_upload *u, const struct xf_stored *s)
{
	const char *theirs = s->checksum_algorithm;
	const char *ours = xf_extra_supplied(u->t->extra, NULL);
	if (!ours && u->t->extra)
		ours = u->t->extra->values[XF_EXTRA_CHECKSUM_ALGORITHM];
	if (!ours && xf_client_checksums(xf_manager_client(u->t->manager)))
		ours = "CRC32";
	return !*theirs || (ours && !strcasecmp(ours, theirs));
}

/* *found: an interrupted upload of this key is continued instead of a Create. */
static enum xf_status find_interrupted(struct xf_upload *u, struct xf_http *http, bool *found,
				       struct xf_error *err)
{
	struct errand e = { .u = u };
	const struct xf_call_hooks hooks = hooks_for(&e);
	enum xf_status status = xf_stored_find(xf_manager_client(u->t->manager), http, u->t->bucket,
					       u->t->key, u->t->extra, &u->stored, &hooks, err);
	*found = status == XF_OK && *u->stored.upload_id && can_continue(u, &u->stored);
	if (!*found) {
		xf_stored_fini(&u->stored);
		return status;
	}
	memcpy(u->upload_id, u->stored.upload_id, sizeof(u->upload_id));
	atomic_store(&u->resumed, true);
	atomic_store(&u->created, true);
	tell_created(u, 0, false);
	return XF_OK;
}

static void run_create(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = (struct xf_upload *)((char *)task - offsetof(struct xf_upload, create));
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http;
	bool found = false;
	XF_FRAME("transfer:u32", u->t->id);
	if (xf_coordinator_over(u->t))
		return;
	enum xf_status status = xf_worker_http(worker, u->t->manager, &http, &err);
	if (status == XF_OK && u->resume)
		status = find_interrupted(u, http, &found, &err);
	if (status == XF_OK && !found)
		status = create_multipart(u, http, &err);
	if (status != XF_OK)
		xf_coordinator_fail(u->t, &err);
}

static struct xf_s3_complete_input complete_input(const struct xf_upload *u, const struct xf_s3_part *parts)
{
	return (struct xf_s3_complete_input){
		.bucket = u->t->bucket, .key = u->t->key, .upload_id = u->upload_id, .parts = parts,
		.nr_parts = u->nr_parts, .extra = u->t->extra, .size = u->plan.size };
}

/* For Complete; free(). */
static struct xf_s3_part *list_parts(const struct xf_upload *u)
{
	struct xf_s3_part *parts = calloc(u->nr_parts ? u->nr_parts : 1, sizeof(*parts));
	for (uint32_t i = 0; parts && i < u->nr_parts; i++)
		parts[i] = u->parts[i]->done;
	return parts;
}

/*
 * Complete went out, its answer got lost, and now the service does not know the upload: the
 * object itself says whether that was the end or the loss of it.
 */
static bool settle(struct xf_upload *u, struct xf_http *http, const struct xf_call_hooks *hooks)
{
	struct xf_s3_part *parts = list_parts(u);
	const struct xf_s3_complete_input in = complete_input(u, parts);
	bool there = parts && xf_stored_object(xf_manager_client(u->t->manager), http, &in, u->etag, hooks);
	free(parts);
	XF_EVENT(object_head, .bytes = there ? u->plan.size : 0, .transfer = u->t->id, .etag = xf_text(u->etag),
		 .failed = !there);
	return there;
}

static enum xf_status complete_multipart(struct xf_upload *u, struct xf_http *http,
					 const struct xf_s3_part *parts, struct xf_error *err)
{
	struct errand e = { .u = u };
	struct xf_call_hooks hooks = hooks_for(&e);
	struct xf_s3_complete_output out = { .answer.http_status = 0 };
	const struct xf_s3_complete_input in = complete_input(u, parts);
	hooks.go = errand_go_patiently;
	enum xf_status status = xf_s3_complete_multipart_upload(xf_manager_client(u->t->manager), http,
								&in, &out, &hooks, err);
	bool unanswered = status != XF_OK && nothing_heard(&e, err);
	if (status == XF_OK)
		memcpy(u->etag, out.answer.etag, sizeof(u->etag));
	else if (unanswered && !strcmp(err->code, "NoSuchUpload") && settle(u, http, &hooks))
		status = XF_OK;
	atomic_store(&u->unanswered, unanswered && status != XF_OK);
	atomic_store(&u->completed, status == XF_OK);
	XF_EVENT(multipart_complete, .transfer = u->t->id,
		 .http_status = (uint32_t)(status == XF_OK ? out.answer.http_status : err->http_status),
		 .etag = xf_text(u->etag), .parts = u->nr_parts, .failed = status != XF_OK);
	return status;
}

static enum xf_status finish_multipart(struct xf_upload *u, struct xf_http *http, struct xf_error *err)
{
	struct xf_s3_part *parts = list_parts(u);
	if (!parts)
		return xf_fail(err, XF_NOMEM, "no memory for the list of parts");
	enum xf_status status = complete_multipart(u, http, parts, err);
	free(parts);
	return status;
}

/* Waits, in part order, as the real one does: the edges that prove the order run through here. */
static void wait_for_parts(struct xf_upload *u)
{
	XF_FRAME("transfer:u32 parts:u32", u->t->id, u->nr_parts);
	xf_latch_wait(&u->create.over, XF_FOREVER);
	for (uint32_t i = 0; i < u->nr_parts; i++)
		xf_latch_wait(&u->parts[i]->task.over, XF_FOREVER);
}

/* A descriptor is left where reading it would have left it, before anybody hears of the end. */
static void end_upload(struct xf_upload *u, struct xf_http *http)
{
	xf_source_close(&u->source);
	xf_coordinator_announce(u->t, http);
}

static struct xf_upload *upload_of_final(struct xf_task *task)
{
	return (struct xf_upload *)((char *)task - offsetof(struct xf_upload, final));
}

static void run_complete(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = upload_of_final(task);
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http = worker->local;
	XF_FRAME("transfer:u32", u->t->id);
	wait_for_parts(u);
	if (xf_coordinator_over(u->t)) {
		XF_EVENT(multipart_complete, .transfer = u->t->id, .skipped = 1);
	} else if (xf_worker_http(worker, u->t->manager, &http, &err) == XF_OK &&
		   finish_multipart(u, http, &err) == XF_OK) {
		xf_coordinator_succeed(u->t);
	} else {
		xf_coordinator_fail(u->t, &err);
	}
	end_upload(u, http);
}

static enum xf_status put_body(struct xf_upload *u, struct xf_http *http, const struct xf_body *body,
			       struct errand *e, struct xf_error *err)
{
	struct xf_call_hooks hooks = hooks_for(e);
	struct xf_s3_put_output out = { .answer.http_status = 0 };
	const struct xf_s3_put_input in = { .bucket = u->t->bucket, .key = u->t->key, .body = *body,
					    .extra = u->t->extra };
	hooks.go = errand_go_put;
	enum xf_status status = xf_s3_put_object(xf_manager_client(u->t->manager), http, &in, &out,
						 &hooks, err);
	pay_rest(e);
	if (status == XF_OK)
		memcpy(u->etag, out.answer.etag, sizeof(u->etag));
	atomic_store(&u->unanswered, status != XF_OK && e->sent && nothing_heard(e, err));
	XF_EVENT(object_put, .bytes = u->plan.size, .transfer = u->t->id,
		 .http_status = (uint32_t)(status == XF_OK ? out.answer.http_status : err->http_status),
		 .etag = xf_text(u->etag), .failed = status != XF_OK);
	return status;
}

static enum xf_status put_object(struct xf_upload *u, struct xf_worker *worker, struct errand *e,
				 struct xf_error *err)
{
	struct xf_http *http;
	struct xf_body body = xf_body_memory(u->memory, u->plan.size);
	int fd = -1;
	bool own = false;
	enum xf_status status = xf_worker_http(worker, u->t->manager, &http, err);
	if (status == XF_OK && u->source.kind != XF_SOURCE_PIPE) {
		status = xf_source_open_part(&u->source, &fd, &own, err);
		body = xf_body_file(fd, u->source.start, u->plan.size, u->source.name);
		u->source.at = u->source.size;
	}
	if (status == XF_OK)
		status = put_body(u, http, &body, e, err);
	if (own)
		close(fd);
	return status;
}

/* The one part of an object that needs no more: told as part 1 of 1. */
static void send_object(struct xf_upload *u, struct xf_worker *worker)
{
	struct errand e = { .u = u, .part = 1, .bytes = u->plan.size, .attempt = 1 };
	struct xf_error err = XF_ERROR_INIT;
	XF_EVENT(part_start, .bytes = u->plan.size, .transfer = u->t->id, .part = 1, .attempt = 1);
	if (put_object(u, worker, &e, &err) == XF_OK) {
		XF_EVENT(part_done, .bytes = u->plan.size, .transfer = u->t->id, .part = 1,
			 .attempt = e.attempt, .etag = xf_text(u->etag));
		atomic_store(&u->completed, true);
		xf_coordinator_succeed(u->t);
	} else {
		XF_EVENT(part_failed, .transfer = u->t->id, .part = 1, .attempt = e.attempt,
			 .reason = xf_text(err.code), .http_status = (uint32_t)err.http_status);
		xf_coordinator_fail(u->t, &err);
	}
}

static void run_put(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = upload_of_final(task);
	XF_FRAME("transfer:u32 bytes:bytes", u->t->id, u->plan.size);
	if (xf_coordinator_over(u->t)) {
		XF_EVENT(part_skipped, .transfer = u->t->id, .part = 1);
		XF_EVENT(object_put, .transfer = u->t->id, .skipped = 1);
	} else {
		send_object(u, worker);
	}
	free(u->memory);
	u->memory = NULL;
	end_upload(u, worker->local);
}

/* NoSuchUpload: nothing is left to abort; unless it is the object that came to be, the upload is lost. */
static void note_gone(struct xf_upload *u, struct xf_http *http, const struct xf_call_hooks *hooks)
{
	bool there = atomic_load(&u->unanswered) && settle(u, http, hooks);
	atomic_store(&u->unanswered, false);
	atomic_store(&u->aborted, !there);
	atomic_store(&u->completed, there);
	if (!there)
		return;
	XF_EVENT(multipart_complete, .transfer = u->t->id, .etag = xf_text(u->etag), .parts = u->nr_parts);
	xf_coordinator_succeed(u->t);
}

/*
 * The last request of a multipart upload that did not succeed. One that was continued stays, for
 * the next attempt to continue it.
 */
static void abort_multipart(struct xf_transfer *t, struct xf_http *http)
{
	struct xf_upload *u = t->work;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_s3_answer out = { .http_status = 0 };
	const struct xf_s3_abort_input in = { t->bucket, t->key, u->upload_id, t->extra };
	const struct xf_call_hooks hooks = { .ctx = t->manager, .transfer = t->id, .go = xf_manager_go,
					     .unless = xf_manager_given_up(t->manager) };
	if (!atomic_load(&u->created) || atomic_load(&u->completed) || atomic_load(&u->resumed))
		return;
	enum xf_status status = xf_s3_abort_multipart_upload(xf_manager_client(t->manager), http, &in,
							     &out, &hooks, &err);
	bool gone = status != XF_OK && !strcmp(err.code, "NoSuchUpload");
	char id[XF_S3_UPLOAD_ID_MAX];
	xf_text_sanitise(id, sizeof(id), u->upload_id, strlen(u->upload_id));
	atomic_store(&u->aborted, status == XF_OK);
	XF_EVENT(multipart_abort, .transfer = t->id,
		 .http_status = (uint32_t)(status == XF_OK ? out.http_status : err.http_status),
		 .upload_id = xf_text(id), .failed = status != XF_OK && !gone);
	if (gone)
		note_gone(u, http, &hooks);
	else if (status == XF_OK)
		atomic_store(&u->unanswered, false);
}

/* ---- the submission */

static struct part *add_part(struct xf_upload *u, uint64_t offset, uint64_t len)
{
	char name[32];
	if (u->nr_parts == u->cap_parts) {
		uint32_t cap = u->cap_parts ? 2 * u->cap_parts : 16;
		struct part **parts = realloc(u->parts, cap * sizeof(*parts));
		if (!parts)
			return NULL;
		u->parts = parts;
		u->cap_parts = cap;
	}
	struct part *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->upload = u;
	p->number = u->nr_parts + 1;
	p->offset = offset;
	p->len = len;
	snprintf(name, sizeof(name), "part %u", p->number);
	xf_task_init(&p->task, name, run_part);
	u->parts[u->nr_parts++] = p;
	return p;
}

/* The permit is taken by the submission, with the chunk in its hand: 10 permits, 11 chunks. */
static enum xf_status queue_task(struct xf_upload *u, struct xf_task *task, bool in_memory,
				 struct xf_error *err)
{
	struct xf_manager *m = u->t->manager;
	enum xf_status status = xf_executor_submit(xf_manager_requests(m), task,
						   in_memory ? xf_manager_upload_chunks(m) : NULL);
	return status == XF_OK ? XF_OK : xf_fail(err, status, "the request executor takes no more work");
}

static enum xf_status queue_part(struct xf_upload *u, uint64_t offset, uint64_t len, void *memory,
				 struct xf_error *err)
{
	struct xf_manager *m = u->t->manager;
	struct part *p = add_part(u, offset, len);
	if (!p) {
		free(memory);
		return xf_fail(err, XF_NOMEM, "no memory for a part");
	}
	p->memory = memory;
	struct xf_sem *permit = xf_executor_acquire(xf_manager_requests(m),
						    memory ? xf_manager_upload_chunks(m) : NULL);
	XF_EVENT(part_queued, .offset = offset, .bytes = len, .transfer = u->t->id, .part = p->number);
	enum xf_status status = permit ? xf_executor_enqueue(xf_manager_requests(m), &p->task, permit)
				       : XF_SHUTDOWN;
	if (status == XF_OK)
		return XF_OK;
	skip_part(p);
	u->nr_parts--;
	xf_task_fini(&p->task);
	free(p->memory);
	free(p);
	return xf_fail(err, status, "the request executor takes no more work");
}

static enum xf_status queue_file_parts(struct xf_upload *u, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	for (uint32_t n = 1; status == XF_OK && n <= u->plan.parts; n++) {
		uint64_t offset, len;
		xf_plan_part(&u->plan, n, &offset, &len);
		status = queue_part(u, offset, len, NULL, err);
	}
	return status;
}

/*
 * Reads up to len bytes of what comes in order, on behalf of a part (0: of none yet), and says so: that is where
 * a pipe that nobody writes to keeps the transfer.
 */
static enum xf_status read_ahead(struct xf_upload *u, void *to, uint64_t len, uint64_t *got, uint32_t part,
				 struct xf_latch *stop, struct xf_error *err)
{
	XF_EVENT(part_reading, .transfer = u->t->id, .part = part);
	uint64_t began = xf_clock_mono_ns();
	enum xf_status status = to ? xf_source_fill(&u->source, to, len, got, stop, err)
				   : xf_source_peek(&u->source, &len, stop, err);
	if (!to)
		*got = len;
	XF_EVENT(part_read, .bytes = status == XF_OK ? *got : 0, .took_ns = xf_clock_mono_ns() - began,
		 .transfer = u->t->id, .part = part);
	return status;
}

/* *got 0: the source has ended. The chunk is the caller's. */
static enum xf_status read_chunk(struct xf_upload *u, void **chunk, uint64_t *got, struct xf_error *err)
{
	*chunk = malloc(u->plan.part_size);
	if (!*chunk)
		return xf_fail(err, XF_NOMEM, "no memory for a part of %s", u->source.name);
	return read_ahead(u, *chunk, u->plan.part_size, got, u->nr_parts + 1, &u->t->stop, err);
}

static enum xf_status check_count(const struct xf_upload *u, struct xf_error *err)
{
	if (u->nr_parts < XF_MAX_PARTS)
		return XF_OK;
	return xf_fail(err, XF_TOO_MANY_PARTS,
		       "%s needs more than 10,000 parts of %llu bytes: give a larger --multipart-chunksize",
		       u->source.name, (unsigned long long)u->plan.part_size);
}

/*
 * Chunks of a descriptor are read here, one after the other. When the transfer
 * is over nobody needs the rest: an endless pipe must end too (upstream drains it).
 */
static enum xf_status queue_memory_parts(struct xf_upload *u, struct xf_error *err)
{
	uint64_t offset = 0;
	while (!xf_coordinator_over(u->t)) {
		void *chunk = NULL;
		uint64_t got = 0;
		enum xf_status status = read_chunk(u, &chunk, &got, err);
		if (status == XF_OK && got)
			status = check_count(u, err);
		if (status != XF_OK || !got)
			free(chunk);
		if (status != XF_OK)
			return status;
		if (!got)
			break;
		status = queue_part(u, offset, got, chunk, err);
		if (status != XF_OK)
			return status;
		offset += got;
		if (got < u->plan.part_size)
			break;
	}
	if (!u->plan.size_known)
		u->plan.size = offset;
	atomic_store(&u->size, u->plan.size);
	return XF_OK;
}

static enum xf_status submit_multipart(struct xf_upload *u, struct xf_error *err)
{
	XF_FRAME("transfer:u32 part_size:bytes parts:u32", u->t->id, u->plan.part_size, u->plan.parts);
	enum xf_status status = queue_task(u, &u->create, false, err);
	if (status != XF_OK)
		return status;
	u->create_queued = true;
	status = u->source.kind == XF_SOURCE_FILE ? queue_file_parts(u, err) : queue_memory_parts(u, err);
	if (status != XF_OK)
		return status;
	u->final.run = run_complete;
	XF_RETURN(queue_task(u, &u->final, false, err));
}

static enum xf_status submit_put(struct xf_upload *u, struct xf_error *err)
{
	XF_FRAME("transfer:u32 bytes:bytes", u->t->id, u->plan.size);
	bool in_memory = u->source.kind == XF_SOURCE_PIPE;
	if (in_memory) {
		uint64_t got;
		u->memory = malloc(u->plan.size ? u->plan.size : 1);
		if (!u->memory)
			return xf_fail(err, XF_NOMEM, "no memory for %s", u->source.name);
		enum xf_status status = read_ahead(u, u->memory, u->plan.size, &got, 1, NULL, err);
		if (status != XF_OK)
			return status;
	}
	XF_EVENT(part_queued, .offset = 0, .bytes = u->plan.size, .transfer = u->t->id, .part = 1);
	u->final.run = run_put;
	XF_RETURN(queue_task(u, &u->final, in_memory, err));
}

/* A pipe's size is known only when it ends before the threshold. */
static enum xf_status make_plan(struct xf_upload *u, struct xf_error *err)
{
	const struct xf_transfer_config *c = xf_manager_config(u->t->manager);
	enum xf_status status = xf_source_open(&u->source, u->path, u->fd, u->name, err);
	uint64_t size = u->source.size;
	bool known = true;
	if (status == XF_OK && u->source.kind == XF_SOURCE_PIPE) {
		status = read_ahead(u, NULL, c->multipart_threshold, &size, 0, &u->t->stop, err);
		known = size < c->multipart_threshold;
	}
	if (status == XF_OK)
		status = xf_plan_upload(c, size, known, &u->plan, err);
	atomic_store(&u->size, u->plan.size);
	if (status == XF_OK)
		XF_EVENT(plan, .size = u->plan.size, .part_size = u->plan.part_size, .transfer = u->t->id,
			 .parts = u->plan.parts, .multipart = u->plan.multipart, .size_known = known);
	return status;
}

static enum xf_status submit(struct xf_upload *u, struct xf_error *err)
{
	struct xf_transfer *t = u->t;
	if (!xf_coordinator_advance(t, XF_STATE_QUEUED))
		return XF_CANCELLED;
	enum xf_status status = xf_coordinator_tell_queued(t, err);
	if (status != XF_OK)
		return status;
	if (!xf_coordinator_advance(t, XF_STATE_RUNNING))
		return XF_CANCELLED;
	status = make_plan(u, err);
	if (status != XF_OK)
		return status;
	return u->plan.multipart ? submit_multipart(u, err) : submit_put(u, err);
}

/* What was queued before the submission failed is waited for: the abort comes last. */
static void fail_submission(struct xf_upload *u, const struct xf_error *err)
{
	xf_coordinator_fail(u->t, err);
	if (u->create_queued)
		wait_for_parts(u);
	end_upload(u, NULL);
}

static void run_submission(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = (struct xf_upload *)((char *)task - offsetof(struct xf_upload, submission));
	struct xf_error err = XF_ERROR_INIT;
	(void)worker;
	XF_FRAME("transfer:u32", u->t->id);
	if (submit(u, &err) != XF_OK)
		fail_submission(u, &err);
}

/* ---- made and freed */

static void upload_free(void *work)
{
	struct xf_upload *u = work;
	for (uint32_t i = 0; i < u->nr_parts; i++) {
		xf_task_fini(&u->parts[i]->task);
		free(u->parts[i]->memory);
		free(u->parts[i]);
	}
	free(u->parts);
	xf_task_fini(&u->submission);
	xf_task_fini(&u->create);
	xf_task_fini(&u->final);
	xf_source_close(&u->source);
	xf_stored_fini(&u->stored);
	free(u->memory);
	free(u->path);
	free(u->name);
	free(u);
}

static void upload_info(struct xf_transfer *t, struct xf_transfer_info *out)
{
	struct xf_upload *u = t->work;
	bool created = atomic_load(&u->created);
	bool completed = atomic_load(&u->completed);
	out->upload_id = created ? u->upload_id : "";
	out->etag = completed ? u->etag : "";
	out->size = atomic_load(&u->size);
	out->aborted = atomic_load(&u->aborted);
	out->orphaned = created && !completed && !out->aborted;
	out->resumed = atomic_load(&u->resumed);
	out->unanswered = atomic_load(&u->unanswered);
	out->create_unanswered = atomic_load(&u->create_unanswered);
	out->reused_parts = atomic_load(&u->reused_parts);
	out->reused_bytes = atomic_load(&u->reused_bytes);
}

enum xf_status xf_upload_prepare(struct xf_transfer *t, const struct xf_upload_request *request,
				 struct xf_task **out, struct xf_error *err)
{
	struct xf_upload *u = calloc(1, sizeof(*u));
	const char *name = request->name ? request->name : request->path ? request->path : "the source";
	if (!u)
		return xf_fail(err, XF_NOMEM, "no memory for the upload");
	u->t = t;
	u->fd = request->fd;
	u->resume = request->resume;
	u->path = request->path ? strdup(request->path) : NULL;
	u->name = strdup(name);
	xf_task_init(&u->submission, "submission", run_submission);
	xf_task_init(&u->create, "create", run_create);
	xf_task_init(&u->final, "final", NULL);
	t->work = u;
	t->work_free = upload_free;
	t->clean_up = abort_multipart;
	t->info = upload_info;
	if (!u->name || (request->path && !u->path))
		return xf_fail(err, XF_NOMEM, "no memory for the upload");
	*out = &u->submission;
	return XF_OK;
}
