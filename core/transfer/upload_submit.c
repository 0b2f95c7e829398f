/*
 * upload_submit: the submission of an upload: looks at the source, plans, queues Create, the parts and
 * Complete, or one PutObject.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/transfer/pools.h"
#include "core/transfer/upload_private.h"

static struct xf_upload_part *add_part(struct xf_upload *u, uint64_t offset, uint64_t len)
{
	char name[32];
	if (u->nr_parts == u->cap_parts) {
		uint32_t cap = u->cap_parts ? 2 * u->cap_parts : 16;
		struct xf_upload_part **parts = realloc(u->parts, cap * sizeof(*parts));
		if (!parts)
			return NULL;
		u->parts = parts;
		u->cap_parts = cap;
	}
	struct xf_upload_part *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->upload = u;
	p->number = u->nr_parts + 1;
	p->offset = offset;
	p->len = len;
	snprintf(name, sizeof(name), "part %u", p->number);
	xf_task_init(&p->task, name, xf_upload_run_part);
	u->parts[u->nr_parts++] = p;
	return p;
}

/* The permit is taken by the submission, with the chunk in its hand: 10 permits, 11 chunks. */
static enum xf_status queue_task(struct xf_upload *u, struct xf_task *task, bool in_memory,
				 struct xf_error *err)
{
	struct xf_pools *p = u->t->pools;
	enum xf_status status = xf_executor_submit(p->request, task, in_memory ? &p->upload_chunks : NULL);
	return status == XF_OK ? XF_OK : xf_fail(err, status, "the request executor takes no more work");
}

static enum xf_status queue_part(struct xf_upload *u, uint64_t offset, uint64_t len, void *memory,
				 struct xf_error *err)
{
	struct xf_pools *pools = u->t->pools;
	struct xf_upload_part *p = add_part(u, offset, len);
	if (!p) {
		free(memory);
		return xf_fail(err, XF_NOMEM, "no memory for a part");
	}
	p->memory = memory;
	struct xf_sem *permit = xf_executor_acquire(pools->request, memory ? &pools->upload_chunks : NULL);
	XF_EVENT(part_queued, .offset = offset, .bytes = len, .transfer = u->t->id, .part = p->number);
	enum xf_status status = permit ? xf_executor_enqueue(pools->request, &p->task, permit) : XF_SHUTDOWN;
	if (status == XF_OK)
		return XF_OK;
	xf_upload_skip_part(p);
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
	u->final.run = xf_upload_run_complete;
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
	u->final.run = xf_upload_run_put;
	XF_RETURN(queue_task(u, &u->final, in_memory, err));
}

/* A pipe's size is known only when it ends before the threshold. */
static enum xf_status make_plan(struct xf_upload *u, struct xf_error *err)
{
	const struct xf_transfer_config *c = &u->t->pools->config;
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
		xf_upload_wait_for_parts(u);
	xf_upload_finish(u, NULL);
}

void xf_upload_run_submission(struct xf_task *task, struct xf_worker *worker)
{
	struct xf_upload *u = (struct xf_upload *)((char *)task - offsetof(struct xf_upload, submission));
	struct xf_error err = XF_ERROR_INIT;
	(void)worker;
	XF_FRAME("transfer:u32", u->t->id);
	if (submit(u, &err) != XF_OK)
		fail_submission(u, &err);
}
