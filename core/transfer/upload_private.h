/*
 * upload_private: an upload, as its two halves see it: upload_submit.c makes its tasks, upload.c runs them.
 */
#ifndef XF_TRANSFER_UPLOAD_PRIVATE_H
#define XF_TRANSFER_UPLOAD_PRIVATE_H

#include "core/transfer/plan.h"
#include "core/transfer/source.h"
#include "core/transfer/stored.h"
#include "core/transfer/upload.h"

struct xf_upload_part {
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
	struct xf_upload_part **parts;         /* nr_parts of them; the submission's until final is queued */
	uint32_t nr_parts, cap_parts;
	bool create_queued;
	void *memory;                /* PutObject of a pipe: the whole object */
	bool resume;                 /* continue what an earlier upload left */
	/* written by the task named, read after its `over`; etag by info at any time */
	char upload_id[XF_S3_UPLOAD_ID_MAX]; /* create */
	struct xf_stored stored;     /* create: what a resume found on the service */
	_Atomic bool created, resumed, completed, aborted;
	_Atomic unsigned create_unanswered; /* attempts that may have begun an upload nobody knows of */
	uint64_t create_began_ns;    /* create: when it first went out */
	_Atomic bool unanswered;     /* final: Complete or PutObject went out and nothing came back */
	_Atomic bool mistaken;       /* final: Complete made an object, but not of our bytes */
	_Atomic uint32_t reused_parts;
	_Atomic uint64_t reused_bytes;
	_Atomic uint64_t size;       /* plan.size, for info */
	char etag[XF_S3_ETAG_MAX];   /* final */
};

/* upload_submit.c: the task that looks at the source and queues all others. */
void xf_upload_run_submission(struct xf_task *task, struct xf_worker *worker);

/* upload.c: the tasks on the request workers. */
void xf_upload_run_create(struct xf_task *task, struct xf_worker *worker);
void xf_upload_run_part(struct xf_task *task, struct xf_worker *worker);
void xf_upload_run_complete(struct xf_task *task, struct xf_worker *worker); /* final, of a multipart upload */
void xf_upload_run_put(struct xf_task *task, struct xf_worker *worker);      /* final, of a PutObject */

/* A part that is not sent. */
void xf_upload_skip_part(const struct xf_upload_part *p);

/* Waits, in part order, as the real one does: the edges that prove the order run through here. */
void xf_upload_wait_for_parts(struct xf_upload *u);

/* A descriptor is left where reading it would have left it, before anybody hears of the end. */
void xf_upload_finish(struct xf_upload *u, struct xf_http *http);

#endif
