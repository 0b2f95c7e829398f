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

#include "core/transfer/errand.h"
#include "core/transfer/pools.h"
#include "core/transfer/stray.h"
#include "core/transfer/upload_private.h"

#define STRAY_PATIENCE_NS 5000000000u
#define STRAY_PATIENCE_CANCELLED_NS 300000000u

/* ---- the parts */

static enum xf_status send_part(struct xf_upload_part *p, struct xf_http *http, const struct xf_body *body,
				struct xf_errand *e, struct xf_error *err)
{
	struct xf_upload *u = p->upload;
	struct xf_s3_part_output out = { .answer.http_status = 0 };
	const struct xf_s3_part_input in = {
		.bucket = u->t->bucket, .key = u->t->key, .upload_id = u->upload_id,
		.part_number = p->number, .body = *body, .extra = u->t->extra };
	struct xf_call_hooks hooks = xf_errand_hooks(e);
	enum xf_status status = xf_s3_upload_part(u->t->pools->client, http, &in, &out,
						  &hooks, err);
	xf_errand_pay_rest(e);
	if (status == XF_OK)
		p->done = out.part;
	return status;
}

/* A part found on the service that holds our bytes is not sent again. *reused: it is one. */
static enum xf_status reuse_part(struct xf_upload_part *p, const struct xf_body *body, bool *reused,
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
	p->done.computed = stored->checksum; /* where there is one, our bytes were held against it */
	atomic_fetch_add(&u->reused_parts, 1);
	atomic_fetch_add(&u->reused_bytes, p->len);
	return xf_coordinator_tell_progress(u->t, p->number, (int64_t)p->len, err);
}

static enum xf_status read_and_send_part(struct xf_upload_part *p, struct xf_http *http, struct xf_errand *e,
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

static void fail_part(struct xf_upload_part *p, const struct xf_errand *e, struct xf_error *err)
{
	struct xf_upload *u = p->upload;
	if (!err->part)
		err->part = p->number;
	XF_EVENT(part_failed, .transfer = u->t->id, .part = p->number, .attempt = e->attempt,
		 .reason = xf_text(err->code), .http_status = (uint32_t)err->http_status);
	xf_coordinator_fail(u->t, err);
}

static void upload_part(struct xf_upload_part *p, struct xf_worker *worker)
{
	struct xf_upload *u = p->upload;
	struct xf_errand e = { .t = u->t, .part = p->number, .bytes = p->len, .attempt = 1 };
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http;
	XF_FRAME("transfer:u32 part:u32 bytes:bytes", u->t->id, p->number, p->len);
	XF_EVENT(part_start, .bytes = p->len, .transfer = u->t->id, .part = p->number, .attempt = 1);
	enum xf_status status = xf_pools_worker_http(u->t->pools, worker, &http, &err);
	if (status == XF_OK)
		status = read_and_send_part(p, http, &e, &err);
	if (status == XF_OK)
		XF_EVENT(part_done, .bytes = p->len, .transfer = u->t->id, .part = p->number,
			 .attempt = e.attempt, .etag = xf_text(p->done.etag));
	else
		fail_part(p, &e, &err);
}

void xf_upload_skip_part(const struct xf_upload_part *p)
{
	XF_EVENT(part_skipped, .transfer = p->upload->t->id, .part = p->number);
}

void xf_upload_run_part(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload_part *p = (struct xf_upload_part *)task;
	struct xf_upload *u = p->upload;
	xf_latch_wait(&u->create.over, XF_FOREVER);
	if (xf_coordinator_over(u->t))
		xf_upload_skip_part(p);
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
	struct xf_errand e = { .t = u->t };
	struct xf_call_hooks hooks = xf_errand_hooks(&e);
	struct xf_s3_create_output out = { .answer.http_status = 0 };
	const struct xf_s3_create_input in = { u->t->bucket, u->t->key, u->t->extra };
	hooks.go = xf_errand_go_patiently;
	u->create_began_ns = xf_gate_now_ns();
	enum xf_status status = xf_s3_create_multipart_upload(u->t->pools->client, http,
							      &in, &out, &hooks, err);
	if (status == XF_OK) {
		memcpy(u->upload_id, out.upload_id, sizeof(u->upload_id));
		atomic_store(&u->created, true);
	}
	atomic_store(&u->create_unanswered, status == XF_OK ? e.lost : xf_errand_unheard(&e, err));
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
	if (!ours && xf_client_checksums(u->t->pools->client))
		ours = "CRC32";
	return !*theirs || (ours && !strcasecmp(ours, theirs));
}

/* *found: an interrupted upload of this key is continued instead of a Create. */
static enum xf_status find_interrupted(struct xf_upload *u, struct xf_http *http, bool *found,
				       struct xf_error *err)
{
	struct xf_errand e = { .t = u->t };
	const struct xf_call_hooks hooks = xf_errand_hooks(&e);
	enum xf_status status = xf_stored_find(u->t->pools->client, http, u->t->bucket,
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

void xf_upload_run_create(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = (struct xf_upload *)((char *)task - offsetof(struct xf_upload, create));
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http;
	bool found = false;
	XF_FRAME("transfer:u32", u->t->id);
	if (xf_coordinator_over(u->t))
		return;
	enum xf_status status = xf_pools_worker_http(u->t->pools, worker, &http, &err);
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
	bool there = parts && xf_stored_object(u->t->pools->client, http, &in, u->etag, hooks);
	free(parts);
	XF_EVENT(object_head, .bytes = there ? u->plan.size : 0, .transfer = u->t->id, .etag = xf_text(u->etag),
		 .failed = !there);
	return there;
}

static enum xf_status complete_multipart(struct xf_upload *u, struct xf_http *http,
					 const struct xf_s3_part *parts, struct xf_error *err)
{
	struct xf_errand e = { .t = u->t };
	struct xf_call_hooks hooks = xf_errand_hooks(&e);
	struct xf_s3_complete_output out = { .answer.http_status = 0 };
	const struct xf_s3_complete_input in = complete_input(u, parts);
	hooks.go = xf_errand_go_patiently;
	enum xf_status status = xf_s3_complete_multipart_upload(u->t->pools->client, http,
								&in, &out, &hooks, err);
	bool unanswered = status != XF_OK && xf_errand_unheard(&e, err) > 0;
	if (status == XF_OK)
		memcpy(u->etag, out.answer.etag, sizeof(u->etag));
	else if (unanswered && !strcmp(err->code, "NoSuchUpload") && settle(u, http, &hooks))
		status = XF_OK;
	atomic_store(&u->unanswered, unanswered && status != XF_OK);
	atomic_store(&u->mistaken, status == XF_CHECKSUM);
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

void xf_upload_wait_for_parts(struct xf_upload *u)
{
	XF_FRAME("transfer:u32 parts:u32", u->t->id, u->nr_parts);
	xf_latch_wait(&u->create.over, XF_FOREVER);
	for (uint32_t i = 0; i < u->nr_parts; i++)
		xf_latch_wait(&u->parts[i]->task.over, XF_FOREVER);
}

void xf_upload_finish(struct xf_upload *u, struct xf_http *http)
{
	xf_source_close(&u->source);
	xf_coordinator_announce(u->t, http);
}

static struct xf_upload *upload_of_final(struct xf_task *task)
{
	return (struct xf_upload *)((char *)task - offsetof(struct xf_upload, final));
}

void xf_upload_run_complete(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = upload_of_final(task);
	struct xf_error err = XF_ERROR_INIT;
	struct xf_http *http = worker->local;
	XF_FRAME("transfer:u32", u->t->id);
	xf_upload_wait_for_parts(u);
	if (xf_coordinator_over(u->t)) {
		XF_EVENT(multipart_complete, .transfer = u->t->id, .skipped = 1);
	} else if (xf_pools_worker_http(u->t->pools, worker, &http, &err) == XF_OK &&
		   finish_multipart(u, http, &err) == XF_OK) {
		xf_coordinator_succeed(u->t);
	} else {
		xf_coordinator_fail(u->t, &err);
	}
	xf_upload_finish(u, http);
}

static enum xf_status put_body(struct xf_upload *u, struct xf_http *http, const struct xf_body *body,
			       struct xf_errand *e, struct xf_error *err)
{
	struct xf_call_hooks hooks = xf_errand_hooks(e);
	struct xf_s3_put_output out = { .answer.http_status = 0 };
	const struct xf_s3_put_input in = { .bucket = u->t->bucket, .key = u->t->key, .body = *body,
					    .extra = u->t->extra };
	hooks.go = xf_errand_go_put;
	enum xf_status status = xf_s3_put_object(u->t->pools->client, http, &in, &out,
						 &hooks, err);
	xf_errand_pay_rest(e);
	if (status == XF_OK)
		memcpy(u->etag, out.answer.etag, sizeof(u->etag));
	atomic_store(&u->unanswered, status != XF_OK && e->sent && xf_errand_unheard(e, err));
	XF_EVENT(object_put, .bytes = u->plan.size, .transfer = u->t->id,
		 .http_status = (uint32_t)(status == XF_OK ? out.answer.http_status : err->http_status),
		 .etag = xf_text(u->etag), .failed = status != XF_OK);
	return status;
}

static enum xf_status put_object(struct xf_upload *u, struct xf_worker *worker, struct xf_errand *e,
				 struct xf_error *err)
{
	struct xf_http *http;
	struct xf_body body = xf_body_memory(u->memory, u->plan.size);
	int fd = -1;
	bool own = false;
	enum xf_status status = xf_pools_worker_http(u->t->pools, worker, &http, err);
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
	struct xf_errand e = { .t = u->t, .part = 1, .bytes = u->plan.size, .attempt = 1 };
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

void xf_upload_run_put(struct xf_task *task, struct xf_worker *worker)
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
	xf_upload_finish(u, worker->local);
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

static void abort_created(struct xf_transfer *t, struct xf_http *http)
{
	struct xf_upload *u = t->of;
	struct xf_error err = XF_ERROR_INIT;
	struct xf_s3_answer out = { .http_status = 0 };
	const struct xf_s3_abort_input in = { t->bucket, t->key, u->upload_id, t->extra };
	const struct xf_call_hooks hooks = { .ctx = t->pools, .transfer = t->id, .go = xf_pools_go,
					     .unless = &t->pools->given_up };
	enum xf_status status = xf_s3_abort_multipart_upload(t->pools->client, http, &in,
							     &out, &hooks, &err);
	bool gone = status != XF_OK && !strcmp(err.code, "NoSuchUpload");
	bool mistaken = atomic_load(&u->mistaken);
	char id[XF_S3_UPLOAD_ID_MAX];
	xf_text_sanitise(id, sizeof(id), u->upload_id, strlen(u->upload_id));
	atomic_store(&u->aborted, status == XF_OK && !mistaken);
	XF_EVENT(multipart_abort, .transfer = t->id,
		 .http_status = (uint32_t)(status == XF_OK ? out.http_status : err.http_status),
		 .upload_id = xf_text(id), .failed = status != XF_OK && !gone);
	if (mistaken) /* no upload is left, whatever the abort was told; the object is there */
		atomic_store(&u->completed, true);
	else if (gone)
		note_gone(u, http, &hooks);
	else if (status == XF_OK)
		atomic_store(&u->unanswered, false);
}

/* The upload is taken for ours, as if its Create had been answered; what was known as ours is kept. */
static void adopt(struct xf_upload *u, const char *stray)
{
	snprintf(u->upload_id, sizeof(u->upload_id), "%s", stray);
	atomic_store(&u->created, true);
	tell_created(u, 0, false);
}

/*
 * Uploads that an unanswered Create began are aborted like the one that is known. A canceller
 * does not wait for long: its process is to end within a second.
 */
static void abort_strays(struct xf_transfer *t, struct xf_http *http)
{
	struct xf_upload *u = t->of;
	struct xf_strays strays;
	char known[XF_S3_UPLOAD_ID_MAX];
	bool created = atomic_load(&u->created);
	unsigned attempts = atomic_load(&u->create_unanswered);
	uint64_t patience_ns = atomic_load(&t->cancelled_at_ns) ? STRAY_PATIENCE_CANCELLED_NS : STRAY_PATIENCE_NS;
	snprintf(known, sizeof(known), "%s", created ? u->upload_id : "");
	xf_strays_find(t, http, u->create_began_ns, attempts, known, patience_ns, &strays);
	bool all = strays.known;
	for (unsigned i = 0; i < strays.nr; i++) {
		adopt(u, strays.ids[i]);
		abort_created(t, http);
		all &= atomic_load(&u->aborted);
	}
	if (created)
		memcpy(u->upload_id, known, sizeof(known));
	if (all && strays.nr == attempts) /* fewer: one may be under way yet */
		atomic_store(&u->create_unanswered, 0);
}

/*
 * The last requests of a multipart upload that did not succeed. One that was continued stays, for
 * the next attempt to continue it.
 */
static void abort_multipart(struct xf_transfer *t, struct xf_http *http)
{
	struct xf_upload *u = t->of;
	bool created = atomic_load(&u->created);
	if (atomic_load(&u->completed) || atomic_load(&u->resumed))
		return;
	if (atomic_load(&u->create_unanswered))
		abort_strays(t, http);
	if (created)
		abort_created(t, http);
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
	struct xf_upload *u = t->of;
	bool created = atomic_load(&u->created);
	bool completed = atomic_load(&u->completed);
	out->upload_id = created ? u->upload_id : "";
	out->etag = completed ? u->etag : "";
	out->size = atomic_load(&u->size);
	out->aborted = atomic_load(&u->aborted);
	out->orphaned = created && !completed && !out->aborted;
	out->resumed = atomic_load(&u->resumed);
	out->unanswered = atomic_load(&u->unanswered);
	out->create_unanswered = atomic_load(&u->create_unanswered) > 0;
	out->reused_parts = atomic_load(&u->reused_parts);
	out->reused_bytes = atomic_load(&u->reused_bytes);
}

static const struct xf_work upload_work = { .clean_up = abort_multipart, .info = upload_info,
					    .free = upload_free };

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
	xf_task_init(&u->submission, "submission", xf_upload_run_submission);
	xf_task_init(&u->create, "create", xf_upload_run_create);
	xf_task_init(&u->final, "final", NULL);
	t->of = u;
	t->work = &upload_work;
	if (!u->name || (request->path && !u->path))
		return xf_fail(err, XF_NOMEM, "no memory for the upload");
	*out = &u->submission;
	return XF_OK;
}
