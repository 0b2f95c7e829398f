/* debug_run: the run under the prompt, on main, and what the session may do to it. */
#include <stdio.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "core/event/segment.h"
#include "tui/command/cost.h"
#include "tui/command/debug.h"
#include "tui/command/json.h"
#include "tui/command/leftovers.h"
#include "tui/command/linger.h"
#include "tui/command/paths.h"
#include "tui/command/visible.h"

/* ---- the run, on main */

static void say_error(struct ui_debug *d, const struct xf_error *err)
{
	pthread_mutex_lock(&d->error_lock);
	if (err && !*d->error)
		snprintf(d->error, sizeof(d->error), "%s: %s", *err->code ? err->code : xf_status_word(err->status),
			 err->message);
	else if (!err)
		*d->error = '\0';
	pthread_mutex_unlock(&d->error_lock);
}

static void release(void *ctx)
{
	struct ui_debug *d = ctx;

	if (d->app) /* it reads what is released here */
		ui_screen_app_detach(d->app);
	atomic_store(&d->manager, NULL);
	xf_manager_free(d->own);
	d->own = NULL;
	if (d->recorded)
		xf_trace_release();
	d->recorded = false;
}

static void trace_warning(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "xferdb: warning: %s; the run goes on\n", text);
}

/* The prompt works on the recording: where it has no place in a file it is kept in memory. */
static void start_recording(struct ui_debug *d)
{
	struct xf_trace_options options = { .warn = trace_warning, .path = d->settings->output };
	struct xf_error err = XF_ERROR_INIT;

	if (!options.path && ui_path_last_trace(d->trace_path, sizeof(d->trace_path), true, &err) == XF_OK)
		options.path = d->trace_path;
	d->recorded = options.path && xf_trace_start(&options, &err) == XF_OK;
	if (d->recorded)
		return;
	trace_warning(NULL, *err.message ? err.message : "the trace has no place");
	options.path = NULL;
	d->recorded = xf_trace_start(&options, &err) == XF_OK;
}

static void begin(void *ctx)
{
	struct ui_debug *d = ctx;
	uint64_t event_ps;

	release(d);
	say_error(d, NULL);
	event_ps = ui_cost_event_ps();
	start_recording(d);
	XF_EMIT(property, .key = xf_text("command"), .value = xf_text(d->download ? "get" : "put"));
	XF_EMIT(property, .key = xf_text("event_ps"), .number = event_ps);
	if (d->app)
		ui_screen_app_attach(d->app);
}

static void manager_ready(void *ctx, struct xf_manager *m)
{
	struct ui_debug *d = ctx;

	d->own = m;
	atomic_store(&d->manager, m);
	if (atomic_load(&d->quitting))
		xf_manager_cancel(m, XF_INTERRUPTED, "quit at the prompt");
}

/* There is no prompt any more at which one could ask. */
static void say_what_is_left(struct xf_transfer *t, const struct xf_error *err)
{
	struct xf_transfer_info info;

	xf_future_info(t, &info);
	if (*info.upload_id || info.unanswered || info.create_unanswered)
		ui_leftovers_error(&info, err);
}

/* Every transfer's error: to the trace, and for the post mortem. */
static int note_errors(struct ui_debug *d)
{
	struct xf_transfer *t;
	int exit_status = UI_EXIT_DONE;

	for (uint32_t id = 0; d->own && (t = xf_manager_transfer(d->own, id)); id++) {
		struct xf_error err = XF_ERROR_INIT;
		if (xf_future_error(t, &err) == XF_OK)
			continue;
		exit_status = UI_EXIT_FAILED;
		ui_note_error(id, &err);
		say_error(d, &err);
		if (atomic_load(&d->quitting) && !d->app)
			say_what_is_left(t, &err);
	}
	return exit_status;
}

static bool is_quitting(void *ctx)
{
	struct ui_debug *d = ctx;

	return atomic_load(&d->quitting);
}

static int call(void *ctx)
{
	struct ui_debug *d = ctx;
	struct xf_call_options options = {
		.name = d->download ? "download_file" : "upload_file", .call = 1,
		.waits = ui_transfer_waits(d->settings), .uploads = d->uploads.list, .nr_uploads = d->uploads.nr,
		.downloads = d->downloads.list, .nr_downloads = d->downloads.nr,
	};
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status refused = xf_call_transfer(d->client, &d->config, &options, manager_ready, d, &d->own, &err);
	int exit_status;

	if (!d->download && d->own && ui_visible_wanted(d->settings) && !atomic_load(&d->quitting))
		ui_visible_look(d->client, d->own, &d->extra);
	d->leaves = d->own && !(options.waits & XF_WAIT_EXIT) &&
		    !ui_linger(d->own, d->settings, &d->config, is_quitting, d);
	if (d->own && !d->leaves)
		xf_manager_exit(d->own);
	exit_status = d->leaves ? UI_EXIT_DONE : note_errors(d);
	if (d->own && !d->leaves && d->settings->resume && !d->settings->quiet && !d->app)
		ui_leftovers_resumed(d->own);
	if (refused != XF_OK && exit_status == UI_EXIT_DONE) {
		say_error(d, &err);
		exit_status = UI_EXIT_FAILED;
	}
	XF_EVENT(process_exit, .exit_status = exit_status, .pid = (uint32_t)getpid());
	if (!d->leaves)
		atomic_store(&d->manager, NULL);
	return exit_status;
}

/* What it came to is kept beyond its recording, which the next run replaces. */
static void conclude(struct ui_debug *d)
{
	const struct ui_settings *s = d->settings;
	struct ui_recording trace = { .log = NULL };
	struct xf_error err = XF_ERROR_INIT;

	ui_conclusion_free(d->before);
	d->before = d->last;
	d->last = NULL;
	if (!s->json && !s->expect && !s->strict)
		return;
	if (d->recorded && ui_recording_open(&trace, "", true, &err))
		fprintf(stderr, "xferdb: the trace cannot be judged: %s\n", err.message);
	if (!xf_trace_in_memory() && xf_trace_path())
		snprintf(trace.path, sizeof(trace.path), "%s", xf_trace_path());
	d->last = ui_conclusion_new(trace.judged ? &trace : NULL, s, "debug");
	ui_recording_close(&trace);
}

static void end(void *ctx)
{
	struct ui_debug *d = ctx;

	if (d->recorded)
		xf_trace_stop();
	conclude(d);
}

/* As at a process' end: connections are dropped, nothing is aborted. */
static void leave(void *ctx)
{
	struct ui_debug *d = ctx;

	if (!d->leaves)
		return;
	xf_manager_give_up(d->own);
	xf_manager_cancel(d->own, XF_CANCELLED, "the process has ended");
	xf_manager_exit(d->own);
	atomic_store(&d->manager, NULL);
	d->leaves = false;
}

/* ---- what the session may do to it */

static bool config_open(void *ctx)
{
	struct ui_debug *d = ctx;

	return !atomic_load(&d->manager);
}

static bool cancel(void *ctx, const char *reason)
{
	struct ui_debug *d = ctx;
	struct xf_manager *m = atomic_load(&d->manager);

	if (m)
		xf_manager_cancel(m, XF_CANCELLED, reason);
	return m != NULL;
}

static const char *fault(void *ctx, uint32_t part, uint32_t status)
{
	struct ui_debug *d = ctx;

	return ui_local_fail_part(d->local, part, status) ? NULL : "the endpoint does not answer";
}

static const char *error_of(void *ctx)
{
	struct ui_debug *d = ctx;

	return d->error; /* asked for when the run is over, or stands */
}

static const char *given(void *ctx)
{
	struct ui_debug *d = ctx;

	return d->given ? d->given : "";
}

struct tr_subject ui_debug_subject(struct ui_debug *d)
{
	return (struct tr_subject){ d, begin, call, end, release, leave };
}

struct tr_target ui_debug_target(struct ui_debug *d)
{
	return (struct tr_target){
		.ctx = d, .name = d->download ? "get" : "put", .given = given, .config = &d->config,
		.config_open = config_open, .cancel = cancel, .error = error_of, .fault = d->local ? fault : NULL,
		.arguments = ui_debug_arguments, .may_repeat = d->local != NULL,
	};
}
