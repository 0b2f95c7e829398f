/* executor: permits, a queue, and threads made as they are needed. */
#include "core/transfer/executor.h"

#include <stdio.h>
#include <stdlib.h>

struct xf_executor {
	struct xf_executor_options options; /* set before start */
	struct xf_sem permits;
	struct xf_queue tasks;
	struct xf_worker *workers;          /* max_threads of them; the inline one when 0 */
	bool shut;                          /* the thread that shuts down */
	/* under lock: threads are started by whoever submits */
	struct xf_mutex lock;
	unsigned nr_workers;
};

void xf_task_init(struct xf_task *task, const char *name,
		  void (*run)(struct xf_task *task, struct xf_worker *worker))
{
	*task = (struct xf_task){ .run = run };
	xf_latch_init(&task->over, name);
}

void xf_task_fini(struct xf_task *task)
{
	xf_latch_fini(&task->over);
}

/* The order is s3transfer's: the future is over first, the permit goes back after. */
static void run_task(struct xf_worker *worker, struct xf_task *task)
{
	struct xf_sem *permit = task->permit;
	void (*release)(struct xf_task *) = task->release;
	task->run(task, worker);
	xf_latch_set(&task->over);
	if (release)
		release(task);
	else
		xf_sem_post(permit);
}

static void *work(void *arg)
{
	struct xf_worker *worker = arg;
	struct xf_executor *e = worker->executor;
	if (e->options.local_new)
		worker->local = e->options.local_new(e->options.ctx);
	for (struct xf_task *task; (task = xf_queue_get(&e->tasks));)
		run_task(worker, task);
	if (worker->local)
		e->options.local_free(e->options.ctx, worker->local);
	return NULL;
}

enum xf_status xf_executor_new(const struct xf_executor_options *options, struct xf_executor **out)
{
	unsigned workers = options->max_threads ? options->max_threads : 1;
	struct xf_executor *e = calloc(1, sizeof(*e));
	if (!e)
		return XF_NOMEM;
	e->workers = calloc(workers, sizeof(*e->workers));
	if (!e->workers) {
		free(e);
		return XF_NOMEM;
	}
	e->options = *options;
	for (unsigned i = 0; i < workers; i++)
		e->workers[i].executor = e;
	xf_sem_init(&e->permits, options->name, XF_CLASS_PERMIT, options->permits);
	xf_queue_init(&e->tasks, options->name);
	xf_mutex_init(&e->lock, "executor");
	*out = e;
	return XF_OK;
}

struct xf_sem *xf_executor_permits(struct xf_executor *e)
{
	return &e->permits;
}

struct xf_sem *xf_executor_acquire(struct xf_executor *e, struct xf_sem *tag)
{
	struct xf_sem *permits = tag ? tag : &e->permits;
	return xf_sem_wait(permits, XF_FOREVER) == XF_HOW_CLOSED ? NULL : permits;
}

static bool start_worker(struct xf_executor *e, unsigned index)
{
	char name[24];
	struct xf_worker *worker = &e->workers[index];
	snprintf(name, sizeof(name), "%s-%u", e->options.role, index + 1);
	return xf_thread_start(&worker->thread, name, e->options.role, work, worker) == XF_OK;
}

/* One more thread while tasks outnumber the idle ones, as ThreadPoolExecutor does. */
static bool wants_worker(struct xf_executor *e, unsigned *index)
{
	if (xf_queue_idle(&e->tasks) >= xf_queue_length(&e->tasks))
		return false;
	xf_mutex_lock(&e->lock);
	*index = e->nr_workers;
	bool more = *index < e->options.max_threads;
	if (more)
		e->nr_workers++;
	xf_mutex_unlock(&e->lock);
	return more;
}

static void run_here(struct xf_executor *e, struct xf_worker *worker, struct xf_task *task)
{
	if (!worker->local && e->options.local_new)
		worker->local = e->options.local_new(e->options.ctx);
	run_task(worker, task);
}

/* The system gives no threads: what is queued is done by whoever queued it. */
static void drain_here(struct xf_executor *e)
{
	struct xf_worker worker = { .executor = e };
	while (xf_queue_length(&e->tasks) > 0) {
		struct xf_task *task = xf_queue_get(&e->tasks);
		if (task)
			run_here(e, &worker, task);
	}
	if (worker.local)
		e->options.local_free(e->options.ctx, worker.local);
}

enum xf_status xf_executor_enqueue(struct xf_executor *e, struct xf_task *task, struct xf_sem *permit)
{
	unsigned index;
	task->permit = permit;
	if (!e->options.max_threads) {
		run_here(e, &e->workers[0], task);
		return XF_OK;
	}
	enum xf_status status = xf_queue_put(&e->tasks, task);
	if (status != XF_OK) {
		xf_sem_post(permit);
		return status;
	}
	if (wants_worker(e, &index) && !start_worker(e, index) && index == 0)
		drain_here(e);
	return XF_OK;
}

enum xf_status xf_executor_submit(struct xf_executor *e, struct xf_task *task, struct xf_sem *tag)
{
	struct xf_sem *permit = xf_executor_acquire(e, tag);
	return permit ? xf_executor_enqueue(e, task, permit) : XF_SHUTDOWN;
}

void xf_executor_shutdown(struct xf_executor *e)
{
	if (e->shut)
		return;
	e->shut = true;
	xf_queue_close(&e->tasks);
	for (unsigned i = 0; i < e->nr_workers; i++)
		if (e->workers[i].thread.started)
			xf_thread_join(&e->workers[i].thread);
	if (!e->options.max_threads && e->workers[0].local)
		e->options.local_free(e->options.ctx, e->workers[0].local);
}

void xf_executor_free(struct xf_executor *e)
{
	if (!e)
		return;
	xf_executor_shutdown(e);
	xf_mutex_fini(&e->lock);
	xf_queue_fini(&e->tasks);
	xf_sem_fini(&e->permits);
	free(e->workers);
	free(e);
}
