#include "core/transfer/pools.h"

#include <stdlib.h>

struct xf_connection {
	struct xf_connection *next;
	struct xf_http *http;
};

/* ---- connections */

enum xf_status xf_pools_http_new(struct xf_pools *p, struct xf_http **out, struct xf_error *err)
{
	struct xf_connection *c = calloc(1, sizeof(*c));
	if (!c)
		return xf_fail(err, XF_NOMEM, "no memory for a connection");
	enum xf_status status = xf_client_http(p->client, &c->http, err);
	if (status != XF_OK) {
		free(c);
		return status;
	}
	xf_mutex_lock(&p->lock);
	c->next = p->connections;
	p->connections = c;
	xf_mutex_unlock(&p->lock);
	*out = c->http;
	return XF_OK;
}

void xf_pools_http_free(struct xf_pools *p, struct xf_http *http)
{
	if (!http)
		return;
	xf_mutex_lock(&p->lock);
	struct xf_connection **at = &p->connections;
	while ((*at)->http != http)
		at = &(*at)->next;
	struct xf_connection *c = *at;
	*at = c->next;
	xf_mutex_unlock(&p->lock);
	xf_http_free(http);
	free(c);
}

enum xf_status xf_pools_worker_http(struct xf_pools *p, struct xf_worker *worker, struct xf_http **http,
				    struct xf_error *err)
{
	enum xf_status status = XF_OK;
	*http = worker->local;
	if (!worker->local)
		status = xf_pools_http_new(p, http, err);
	worker->local = *http;
	return status;
}

void xf_pools_wake(struct xf_pools *p)
{
	xf_mutex_lock(&p->lock);
	for (struct xf_connection *c = p->connections; c; c = c->next)
		xf_http_interrupt(c->http);
	xf_mutex_unlock(&p->lock);
}

static void worker_http_free(void *pools, void *http)
{
	xf_pools_http_free(pools, http);
}

/* ---- made, shut down, freed */

/* In this order, so that the request pool has the lowest number, as upstream. */
static enum xf_status make_executors(struct xf_pools *p)
{
	const struct xf_transfer_config *c = &p->config;
	const struct xf_executor_options request = {
		.name = "request", .role = "request", .permits = (int64_t)c->max_request_queue_size,
		.max_threads = c->use_threads ? (unsigned)c->max_request_concurrency : 0,
		.local_free = worker_http_free, .ctx = p };
	const struct xf_executor_options submission = {
		.name = "submission", .role = "submit", .permits = (int64_t)c->max_submission_queue_size,
		.max_threads = c->use_threads ? (unsigned)c->max_submission_concurrency : 0,
		.local_free = worker_http_free, .ctx = p };
	const struct xf_executor_options io = {
		.name = "io", .role = "io", .permits = (int64_t)c->max_io_queue_size,
		.max_threads = c->use_threads ? 1 : 0 };
	enum xf_status status = xf_executor_new(&request, &p->request);
	if (status == XF_OK)
		status = xf_executor_new(&submission, &p->submission);
	if (status == XF_OK)
		status = xf_executor_new(&io, &p->io);
	return status;
}

enum xf_status xf_pools_init(struct xf_pools *p, struct xf_client *client,
			     const struct xf_transfer_config *config)
{
	*p = (struct xf_pools){ .client = client, .config = *config };
	xf_mutex_init(&p->lock, "connections");
	xf_latch_init(&p->given_up, "given up");
	xf_bandwidth_init(&p->bandwidth, config->max_bandwidth);
	xf_sem_init(&p->upload_chunks, "in-memory-upload", XF_CLASS_PERMIT,
		    (int64_t)config->max_in_memory_upload_chunks);
	xf_sem_init(&p->download_chunks, "in-memory-download", XF_CLASS_PERMIT,
		    (int64_t)config->max_in_memory_download_chunks);
	enum xf_status status = make_executors(p);
	if (status != XF_OK)
		xf_pools_fini(p);
	return status;
}

void xf_pools_fini(struct xf_pools *p)
{
	xf_executor_free(p->io);
	xf_executor_free(p->request);
	xf_executor_free(p->submission);
	xf_sem_fini(&p->download_chunks);
	xf_sem_fini(&p->upload_chunks);
	xf_bandwidth_fini(&p->bandwidth);
	xf_latch_fini(&p->given_up);
	xf_mutex_fini(&p->lock);
}

void xf_pools_shutdown(struct xf_pools *p)
{
	xf_executor_shutdown(p->submission);
	xf_executor_shutdown(p->request);
	xf_executor_shutdown(p->io);
}

/* ---- given up */

void xf_pools_give_up(struct xf_pools *p)
{
	atomic_store(&p->gave_up, true);
	xf_latch_set(&p->given_up);
	xf_pools_wake(p);
}

enum xf_go xf_pools_go(void *pools)
{
	struct xf_pools *p = pools;
	return atomic_load(&p->gave_up) ? XF_GO_DROP : XF_GO_ON;
}

struct xf_bandwidth *xf_pools_bandwidth(struct xf_pools *p)
{
	return p->config.max_bandwidth ? &p->bandwidth : NULL;
}
