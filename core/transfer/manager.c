#include "core/transfer/manager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/transfer/coordinator.h"
#include "core/transfer/download.h"
#include "core/transfer/pools.h"
#include "core/transfer/upload.h"

struct xf_manager {
	struct xf_pools pools;
	bool left;                       /* the thread that leaves */
	/* under lock */
	struct xf_mutex lock;
	struct xf_transfer **transfers;  /* all, by id */
	bool *over;                      /* untracked: exit need not wait */
	uint32_t nr_transfers, cap_transfers;
	enum xf_status cancelled_why;    /* XF_OK: not cancelled as a whole */
	char cancelled_reason[128];
};

/* ---- made and freed */

/* The settings, for readers of the trace: whoever explains a run need not guess them. */
static void tell_settings(const struct xf_client *client, const struct xf_transfer_config *config)
{
	struct xf_transfer_config copy = *config;
	const struct xf_s3_endpoint *endpoint = client && xf_emit_on() ? xf_client_endpoint(client) : NULL;
	if (endpoint) {
		XF_EMIT(property, .key = xf_text("endpoint_host"), .value = xf_text(endpoint->host));
		XF_EMIT(property, .key = xf_text("endpoint_port"), .number = endpoint->port);
	}
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
	status = m ? xf_pools_init(&m->pools, client, config) : XF_NOMEM;
	if (status != XF_OK) {
		free(m);
		return xf_fail(err, status, "no memory for the manager");
	}
	xf_mutex_init(&m->lock, "manager");
	xf_client_allow_looking(client, XF_LOOK_ALWAYS);
	tell_settings(client, config);
	*out = m;
	XF_RETURN(XF_OK);
}

void xf_manager_free(struct xf_manager *m)
{
	if (!m)
		return;
	xf_pools_shutdown(&m->pools);
	for (uint32_t i = 0; i < m->nr_transfers; i++) {
		xf_coordinator_fini(m->transfers[i]);
		free(m->transfers[i]);
	}
	free(m->transfers);
	free(m->over);
	xf_pools_fini(&m->pools);
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

/* The transfer is over: the manager's exit need not wait for it. */
static void untrack(void *manager, struct xf_transfer *t)
{
	struct xf_manager *m = manager;
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

/* What uploads and downloads have in common, as handed over. */
struct order {
	uint32_t call;
	enum xf_op op;
	const char *bucket, *key;
	const struct xf_extra *extra;
	const struct xf_subscriber *subscribers;
	unsigned nr_subscribers;
};

static enum xf_status new_transfer(struct xf_manager *m, const struct order *o, struct xf_transfer **out,
				   struct xf_error *err)
{
	struct xf_transfer *t = calloc(1, sizeof(*t));
	if (!t)
		return xf_fail(err, XF_NOMEM, "no memory for the transfer");
	t->pools = &m->pools;
	t->untrack = untrack;
	t->untrack_ctx = m;
	t->extra = o->extra;
	t->subscribers = o->subscribers;
	t->nr_subscribers = o->nr_subscribers;
	if (xf_coordinator_init(t, o->bucket, o->key) != XF_OK || !track(m, t)) {
		xf_coordinator_fini(t);
		free(t);
		return xf_fail(err, XF_NOMEM, "no memory for the transfer");
	}
	*out = t;
	return XF_OK;
}

static enum xf_status begin(struct xf_manager *m, const struct order *o, struct xf_transfer **out,
			    struct xf_error *err)
{
	enum xf_status status = xf_s3_check_bucket(o->bucket, err);
	if (status == XF_OK)
		status = xf_s3_check_key(o->key, err);
	return status == XF_OK ? new_transfer(m, o, out, err) : status;
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

/* prepared: whether there is a task. */
static enum xf_status hand_over(struct xf_manager *m, struct xf_transfer *t, const struct order *o,
				enum xf_status prepared, struct xf_task *task, struct xf_error *err)
{
	if (prepared != XF_OK)
		return fail_unsubmitted(t, prepared, err);
	inherit_cancel(m, t);
	XF_EVENT(submit, .transfer = t->id, .call = o->call, .bucket = xf_text(t->bucket),
		 .key = xf_text(t->key), .op = o->op);
	enum xf_status status = xf_executor_submit(m->pools.submission, task, NULL);
	return status == XF_OK ? XF_OK : fail_unsubmitted(t, status, err);
}

enum xf_status xf_manager_upload(struct xf_manager *m, const struct xf_upload_request *r,
				 struct xf_transfer **out, struct xf_error *err)
{
	const struct order o = { r->call, XF_OP_PUT_OBJECT, r->bucket, r->key, r->extra, r->subscribers,
				 r->nr_subscribers };
	struct xf_task *task = NULL;
	XF_FRAME("bucket:text key:text", xf_text(r->bucket), xf_text(r->key));
	enum xf_status status = begin(m, &o, out, err);
	if (status != XF_OK)
		return status;
	status = xf_upload_prepare(*out, r, &task, err);
	XF_RETURN(hand_over(m, *out, &o, status, task, err));
}

enum xf_status xf_manager_download(struct xf_manager *m, const struct xf_download_request *r,
				   struct xf_transfer **out, struct xf_error *err)
{
	const struct order o = { r->call, XF_OP_GET_OBJECT, r->bucket, r->key, r->extra, r->subscribers,
				 r->nr_subscribers };
	struct xf_task *task = NULL;
	XF_FRAME("bucket:text key:text", xf_text(r->bucket), xf_text(r->key));
	enum xf_status status = begin(m, &o, out, err);
	if (status != XF_OK)
		return status;
	status = xf_download_prepare(*out, r, &task, err);
	XF_RETURN(hand_over(m, *out, &o, status, task, err));
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
	xf_pools_shutdown(&m->pools);
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
	/* behind the cancel, whose reason is the error then */
	xf_client_allow_looking(m->pools.client, XF_LOOK_TO_CLEAN_UP);
}

void xf_manager_give_up(struct xf_manager *m)
{
	xf_pools_give_up(&m->pools);
	xf_client_allow_looking(m->pools.client, XF_LOOK_NEVER);
}

struct xf_pools *xf_manager_pools(struct xf_manager *m)
{
	return &m->pools;
}
