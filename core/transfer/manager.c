/* manager: pools, permits, connections, and the orderly end. */
#include "core/transfer/manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/transfer/manager_private.h"

struct connection {
	struct connection *next;
	struct xf_http *http;
};

struct xf_manager {
	/* set before start */
	struct xf_client *client;
	struct xf_transfer_config config;
	struct xf_executor *submission, *request, *io;
	struct xf_sem upload_chunks, download_chunks;
	struct xf_bandwidth bandwidth;
	bool left;                       /* the thread that leaves */
	/* under lock */
	struct xf_mutex lock;
	struct xf_transfer **transfers;  /* all, by id */
	bool *over;                      /* untracked: exit need not wait */
	uint32_t nr_transfers, cap_transfers;
	struct connection *connections;
	enum xf_status cancelled_why;    /* XF_OK: not cancelled as a whole */
	char cancelled_reason[128];
	_Atomic bool gave_up;
	struct xf_latch given_up;        /* the same, for those who sleep */
};

/* ---- connections */

enum xf_status xf_manager_http_new(struct xf_manager *m, struct xf_http **out, struct xf_error *err)
{
	struct connection *c = calloc(1, sizeof(*c));
	if (!c)
		return xf_fail(err, XF_NOMEM, "no memory for a connection");
	enum xf_status status = xf_client_http(m->client, &c->http, err);
	if (status != XF_OK) {
		free(c);
		return status;
	}
	xf_mutex_lock(&m->lock);
	c->next = m->connections;
	m->connections = c;
	xf_mutex_unlock(&m->lock);
	*out = c->http;
	return XF_OK;
}

void xf_manager_http_free(struct xf_manager *m, struct xf_http *http)
{
	if (!http)
		return;
	xf_mutex_lock(&m->lock);
	struct connection **at = &m->connections;
	while ((*at)->http != http)
		at = &(*at)->next;
	struct connection *c = *at;
	*at = c->next;
	xf_mutex_unlock(&m->lock);
	xf_http_free(http);
	free(c);
}

void xf_manager_wake(struct xf_manager *m)
{
	xf_mutex_lock(&m->lock);
	for (struct connection *c = m->connections; c; c = c->next)
		xf_http_interrupt(c->http);
	xf_mutex_unlock(&m->lock);
}

enum xf_status xf_worker_http(struct xf_worker *worker, struct xf_manager *m, struct xf_http **http,
			      struct xf_error *err)
{
	enum xf_status status = XF_OK;
	*http = worker->local;
	if (!worker->local)
		status = xf_manager_http_new(m, http, err);
	worker->local = *http;
	return status;
}

static void worker_http_free(void *manager, void *http)
{
	xf_manager_http_free(manager, http);
}

/* ---- made and freed */

/* In this order, so that the request pool has the lowest number, as upstream. */
static enum xf_status make_pools(struct xf_manager *m)
{
	const struct xf_transfer_config *c = &m->config;
	const struct xf_executor_options request = {
		.name = "request", .role = "request", .permits = (int64_t)c->max_request_queue_size,
		.max_threads = c->use_threads ? (unsigned)c->max_request_concurrency : 0,
		.local_free = worker_http_free, .ctx = m };
	const struct xf_executor_options submission = {
		.name = "submission", .role = "submit", .permits = (int64_t)c->max_submission_queue_size,
		.max_threads = c->use_threads ? (unsigned)c->max_submission_concurrency : 0,
		.local_free = worker_http_free, .ctx = m };
	const struct xf_executor_options io = {
		.name = "io", .role = "io", .permits = (int64_t)c->max_io_queue_size,
		.max_threads = c->use_threads ? 1 : 0 };
	enum xf_status status = xf_executor_new(&request, &m->request);
	if (status == XF_OK)
		status = xf_executor_new(&submission, &m->submission);
	if (status == XF_OK)
		status = xf_executor_new(&io, &m->io);
	return status;
}

/* The settings, for readers of the trace: whoever explains a run need not guess them. */
static void tell_settings(const struct xf_transfer_config *config)
{
	struct xf_transfer_config copy = *config;
	for (unsigned i = 0; xf_emit_on() && i < xf_nr_transfer_config_fields; i++) {
		const char *name = xf_transfer_config_fields[i].name;
		XF_EMIT(property, .key = xf_text(name), .number = *xf_transfer_config_find(&copy, name));
	}
}

enum xf_status xf_manager_new(struct xf_client *client, const struct xf_transfer_config *config,
			      struct xf_manager **out, struct xf_error *err)
{
	XF_FRAME("use_threads max_concurrency", config->use_threads, config->max_request_concurrency);
	enum xf_status status = xf_transfer_config_check(config, err);
	if (status != XF_OK)
		return status;
	struct xf_manager *m = calloc(1, sizeof(*m));
	if (!m)
		return xf_fail(err, XF_NOMEM, "no memory for the manager");
	m->client = client;
	m->config = *config;
	tell_settings(config);
	xf_mutex_init(&m->lock, "manager");
	xf_latch_init(&m->given_up, "given up");
	xf_bandwidth_init(&m->bandwidth, config->max_bandwidth);
	xf_sem_init(&m->upload_chunks, "in-memory-upload", XF_CLASS_PERMIT,
		    (int64_t)config->max_in_memory_upload_chunks);
	xf_sem_init(&m->download_chunks, "in-memory-download", XF_CLASS_PERMIT,
		    (int64_t)config->max_in_memory_download_chunks);
	status = make_pools(m);
	if (status != XF_OK) {
		xf_manager_free(m);
		return xf_fail(err, status, "no memory for the manager's pools");
	}
	*out = m;
	XF_RETURN(XF_OK);
}

void xf_manager_free(struct xf_manager *m)
{
	if (!m)
		return;
	xf_executor_free(m->io);
	xf_executor_free(m->request);
	xf_executor_free(m->submission);
	for (uint32_t i = 0; i < m->nr_transfers; i++) {
		xf_coordinator_fini(m->transfers[i]);
		free(m->transfers[i]);
	}
	free(m->transfers);
	free(m->over);
	xf_sem_fini(&m->download_chunks);
	xf_sem_fini(&m->upload_chunks);
	xf_bandwidth_fini(&m->bandwidth);
	xf_latch_fini(&m->given_up);
	xf_mutex_fini(&m->lock);
	free(m);
}

/* ---- transfers */

static bool make_room_locked(struct xf_manager *m)
{
	if (m->nr_transfers < m->cap_transfers)
		return true;
	uint32_t cap = m->cap_transfers ? 2 * m->cap_transfers : 8;
	struct xf_transfer **transfers = realloc(m->transfers, cap * sizeof(*transfers));
	if (transfers)
		m->transfers = transfers;
	bool *over = realloc(m->over, cap * sizeof(*over));
	if (over)
		m->over = over;
	if (!transfers || !over)
		return false;
	m->cap_transfers = cap;
	return true;
}

/* Numbers the transfer and tracks it. It is the manager's from then on. */
static bool track(struct xf_manager *m, struct xf_transfer *t)
{
	xf_mutex_lock(&m->lock);
	bool room = make_room_locked(m);
	if (room) {
		t->id = m->nr_transfers;
		m->over[t->id] = false;
		m->transfers[m->nr_transfers++] = t;
	}
	xf_mutex_unlock(&m->lock);
	return room;
}

void xf_manager_untrack(struct xf_manager *m, struct xf_transfer *t)
{
	xf_mutex_lock(&m->lock);
	m->over[t->id] = true;
	xf_mutex_unlock(&m->lock);
}

struct xf_transfer *xf_manager_transfer(struct xf_manager *m, uint32_t id)
{
	xf_mutex_lock(&m->lock);
	struct xf_transfer *t = id < m->nr_transfers ? m->transfers[id] : NULL;
	xf_mutex_unlock(&m->lock);
	return t;
}

static enum xf_status new_transfer(struct xf_manager *m, const char *bucket, const char *key,
				   struct xf_transfer **out, struct xf_error *err)
{
	struct xf_transfer *t = calloc(1, sizeof(*t));
	if (!t)
		return xf_fail(err, XF_NOMEM, "no memory for the transfer");
	t->manager = m;
	if (xf_coordinator_init(t, bucket, key) != XF_OK || !track(m, t)) {
		xf_coordinator_fini(t);
		free(t);
		return xf_fail(err, XF_NOMEM, "no memory for the transfer");
	}
	*out = t;
	return XF_OK;
}

/* The whole manager was cancelled before this transfer came. */
static void inherit_cancel(struct xf_manager *m, struct xf_transfer *t)
{
	char reason[sizeof(m->cancelled_reason)];
	xf_mutex_lock(&m->lock);
	enum xf_status why = m->cancelled_why;
	memcpy(reason, m->cancelled_reason, sizeof(reason));
	xf_mutex_unlock(&m->lock);
	if (why != XF_OK)
		xf_future_cancel(t, why, reason);
}

/* The transfer failed before a task could take it up. */
static enum xf_status fail_unsubmitted(struct xf_transfer *t, enum xf_status status, struct xf_error *err)
{
	struct xf_error error = err && err->status ? *err : XF_ERROR_INIT;
	xf_fail(&error, status, "the manager takes no new transfers");
	xf_coordinator_fail(t, &error);
	xf_coordinator_announce(t, NULL);
	if (err)
		*err = error;
	return status;
}

static enum xf_status begin(struct xf_manager *m, const char *bucket, const char *key,
			    struct xf_transfer **out, struct xf_error *err)
{
	enum xf_status status = xf_s3_check_bucket(bucket, err);
	if (status == XF_OK)
		status = xf_s3_check_key(key, err);
	return status == XF_OK ? new_transfer(m, bucket, key, out, err) : status;
}

static enum xf_status hand_over(struct xf_manager *m, struct xf_transfer *t, uint32_t call,
				enum xf_op op, struct xf_task *task)
{
	inherit_cancel(m, t);
	XF_EVENT(submit, .transfer = t->id, .call = call, .bucket = xf_text(t->bucket),
		 .key = xf_text(t->key), .op = op);
	return xf_executor_submit(m->submission, task, NULL);
}

enum xf_status xf_manager_upload(struct xf_manager *m, const struct xf_upload_request *request,
				 struct xf_transfer **out, struct xf_error *err)
{
	struct xf_task *task;
	XF_FRAME("bucket:text key:text", xf_text(request->bucket), xf_text(request->key));
	enum xf_status status = begin(m, request->bucket, request->key, out, err);
	if (status != XF_OK)
		return status;
	struct xf_transfer *t = *out;
	t->extra = request->extra;
	t->subscribers = request->subscribers;
	t->nr_subscribers = request->nr_subscribers;
	status = xf_upload_prepare(t, request, &task, err);
	if (status == XF_OK)
		status = hand_over(m, t, request->call, XF_OP_PUT_OBJECT, task);
	if (status != XF_OK)
		return fail_unsubmitted(t, status, err);
	XF_RETURN(XF_OK);
}

enum xf_status xf_manager_download(struct xf_manager *m, const struct xf_download_request *request,
				   struct xf_transfer **out, struct xf_error *err)
{
	struct xf_task *task;
	XF_FRAME("bucket:text key:text", xf_text(request->bucket), xf_text(request->key));
	enum xf_status status = begin(m, request->bucket, request->key, out, err);
	if (status != XF_OK)
		return status;
	struct xf_transfer *t = *out;
	t->extra = request->extra;
	t->subscribers = request->subscribers;
	t->nr_subscribers = request->nr_subscribers;
	status = xf_download_prepare(t, request, &task, err);
	if (status == XF_OK)
		status = hand_over(m, t, request->call, XF_OP_GET_OBJECT, task);
	if (status != XF_OK)
		return fail_unsubmitted(t, status, err);
	XF_RETURN(XF_OK);
}

/* ---- the end */

/* The first transfer from *id on that exit has to wait for. */
static struct xf_transfer *next_tracked(struct xf_manager *m, uint32_t *id)
{
	struct xf_transfer *t = NULL;
	xf_mutex_lock(&m->lock);
	while (*id < m->nr_transfers && m->over[*id])
		(*id)++;
	if (*id < m->nr_transfers)
		t = m->transfers[(*id)++];
	xf_mutex_unlock(&m->lock);
	return t;
}

void xf_manager_exit(struct xf_manager *m)
{
	XF_FRAME("transfers:u32", m->nr_transfers);
	uint32_t id = 0;
	if (m->left)
		return;
	m->left = true;
	for (struct xf_transfer *t; (t = next_tracked(m, &id));)
		xf_latch_wait(&t->done, XF_FOREVER);
	xf_executor_shutdown(m->submission);
	xf_executor_shutdown(m->request);
	xf_executor_shutdown(m->io);
}

void xf_manager_cancel(struct xf_manager *m, enum xf_status why, const char *reason)
{
	xf_mutex_lock(&m->lock);
	m->cancelled_why = why;
	snprintf(m->cancelled_reason, sizeof(m->cancelled_reason), "%s", reason);
	uint32_t n = m->nr_transfers;
	xf_mutex_unlock(&m->lock);
	for (uint32_t i = 0; i < n; i++)
		xf_future_cancel(xf_manager_transfer(m, i), why, reason);
}

void xf_manager_give_up(struct xf_manager *m)
{
	atomic_store(&m->gave_up, true);
	xf_latch_set(&m->given_up);
	xf_manager_wake(m);
}

struct xf_latch *xf_manager_given_up(struct xf_manager *m)
{
	return &m->given_up;
}

bool xf_manager_gave_up(const struct xf_manager *m)
{
	return atomic_load(&m->gave_up);
}

enum xf_go xf_manager_go(void *manager)
{
	return xf_manager_gave_up(manager) ? XF_GO_DROP : XF_GO_ON;
}

/* ---- what it has */

struct xf_client *xf_manager_client(struct xf_manager *m)
{
	return m->client;
}

const struct xf_transfer_config *xf_manager_config(const struct xf_manager *m)
{
	return &m->config;
}

struct xf_executor *xf_manager_requests(struct xf_manager *m)
{
	return m->request;
}

struct xf_executor *xf_manager_io(struct xf_manager *m)
{
	return m->io;
}

struct xf_sem *xf_manager_upload_chunks(struct xf_manager *m)
{
	return &m->upload_chunks;
}

struct xf_sem *xf_manager_download_chunks(struct xf_manager *m)
{
	return &m->download_chunks;
}

struct xf_bandwidth *xf_manager_bandwidth(struct xf_manager *m)
{
	return m->config.max_bandwidth ? &m->bandwidth : NULL;
}
