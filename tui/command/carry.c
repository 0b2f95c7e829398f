/*
 * carry: a transfer with the instrumented core, under trace, and its verdict: what put and get
 * have in common.
 *
 * The call is made on the main thread; helpers (signals, progress, screen) are
 * muted and never appear. When it is over the recording is closed and judged
 * as any other trace file. A process that is to leave while work is still going on (--linger)
 * really leaves: it becomes, by exec, the `verdict` of its own trace, and that
 * ends every thread and connection at once.
 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "core/event/segment.h"
#include "tracer/prove/hold.h"
#include "tui/command/arguments.h"
#include "tui/command/carry.h"
#include "tui/command/conclude.h"
#include "tui/command/cost.h"
#include "tui/command/json.h"
#include "tui/command/leftovers.h"
#include "tui/command/linger.h"
#include "tui/command/paths.h"
#include "tui/command/processors.h"
#include "tui/command/progress.h"
#include "tui/command/signals.h"
#include "tui/command/transfer.h"
#include "tui/command/visible.h"
#include "tui/screen/app.h"

struct carry {
	struct ui_settings *settings;
	const struct ui_carry *what;
	struct xf_transfer_config config;
	struct xf_extra extra;
	struct ui_uploads uploads;   /* put */
	struct ui_downloads downloads; /* get */
	struct ui_local local_storage;
	struct ui_local *local;      /* NULL: somebody else's endpoint */
	struct xf_client *client;
	_Atomic(struct xf_client *) looking; /* for the signal helper: the client, as it looks for credentials */
	char trace_path[4096];       /* "": in memory, or not recorded */
	bool recorded;
	_Atomic(struct xf_manager *) manager; /* for the signal helper; set on main */
	struct xf_manager *own;      /* the same, main only */
	atomic_bool begun;           /* for the signal helper: what comes is cancelled, and reported */
	struct ui_screen_app *app;   /* NULL: no screen */
};

/* ---- signals */

/* Before anything began: the first signal ends the wait for a helper program or an endpoint, if that is what goes on. */
static bool looking_ended(struct carry *p, unsigned count)
{
	struct xf_client *client = atomic_load(&p->looking);

	if (client && count == 1)
		xf_client_allow_looking(client, XF_LOOK_NEVER);
	return client && count == 1;
}

static void signal_arrived(void *ctx, int number, unsigned count)
{
	struct carry *p = ctx;
	struct xf_manager *m = atomic_load(&p->manager);

	tr_gate_let_go();
	bool begun = atomic_load(&p->begun);
	if (!begun && looking_ended(p, count))
		return;
	if (!begun)
		ui_conclude(NULL, p->settings, p->what->command, false);
	if (!begun || count > (m ? 2 : 1)) {
		if (p->app)
			ui_screen_restore();
		_exit(UI_EXIT_INTERRUPTED);
	}
	if (!m)
		return; /* manager_ready() cancels what is about to begin, and that is reported as ever */
	if (count == 1)
		xf_manager_cancel(m, XF_INTERRUPTED,
				  number == SIGINT ? "interrupted (SIGINT)" : "ended by a signal (SIGTERM, SIGHUP)");
	else
		xf_manager_give_up(m);
}

/* ---- getting ready: nothing is sent, every failure is exit status 2 */

static enum xf_status local_start(struct carry *p, struct xf_error *err)
{
	const struct ui_settings *s = p->settings;

	if (!s->local && s->fault.nr_items)
		return xf_fail(err, XF_INVALID, "--fault is for the embedded endpoint: add --local");
	if (!s->local)
		return XF_OK;
	if (s->endpoint_url)
		return xf_fail(err, XF_INVALID, "--local and --endpoint-url name two endpoints: choose one");
	p->local = &p->local_storage;
	return ui_local_start(p->local, &s->fault, s->no_sign_request, err);
}

static enum xf_status options_agree(struct carry *p, struct xf_error *err)
{
	const struct ui_settings *s = p->settings;

	if (p->downloads.to_stdout && s->json && !*s->json)
		return xf_fail(err, XF_INVALID, "the object goes to standard output: give the JSON a file, --json=FILE");
	if (s->json && ui_json_possible(s->json, err))
		return XF_INVALID;
	if (!s->resume)
		return XF_OK;
	for (unsigned i = 0; i < p->uploads.nr; i++) {
		if (!p->uploads.list[i].path)
			return xf_fail(err, XF_INVALID, "--resume needs a file, which can be read again; standard input cannot");
		p->uploads.list[i].resume = true;
	}
	return XF_OK;
}

/*
 * libcurl takes its send buffer anew for every request. Once the allocator has
 * learnt that size it would serve it from each worker's arena, where small
 * blocks soon stand in the hole it left: with the file would grow what every worker holds.
 */
static void send_buffers_are_given_back(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

static enum xf_status prepare(struct carry *p, const struct ui_arguments *a, struct xf_error *err)
{
	enum xf_status status = ui_transfer_config(p->settings, &p->config, err);

	if (!p->what->download)
		send_buffers_are_given_back();
	if (!status)
		status = ui_transfer_extra(p->settings, &p->extra, err);
	if (!status)
		status = p->what->download ?
			ui_downloads_init(&p->downloads, a->operands, a->nr_operands, &p->extra, err) :
			ui_uploads_init(&p->uploads, a->operands, a->nr_operands, &p->extra, err);
	if (!status)
		status = options_agree(p, err);
	if (!status && !p->what->download)
		status = ui_uploads_plan(&p->uploads, &p->config, err);
	if (!status)
		status = local_start(p, err);
	/* from here on something may take long: a helper program or an endpoint is asked for credentials */
	if (!status)
		ui_signals_start(signal_arrived, p);
	if (!status)
		status = ui_transfer_client_new(p->settings, p->local, &p->client, err);
	if (status)
		return status;
	atomic_store(&p->looking, p->client);
	return ui_transfer_keys(p->settings, p->client, err);
}

/* ---- recording */

static void trace_warning(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "xferdb: warning: %s; the transfer goes on\n", text);
}

/* No trace is a pity, never a reason not to upload. */
static void trace_start(struct carry *p)
{
	struct xf_trace_options options = { .warn = trace_warning };
	struct xf_error err = XF_ERROR_INIT;
	const char *path = p->settings->output;
	uint64_t event_ps;

	if (p->settings->trace == UI_NO)
		return;
	event_ps = ui_cost_event_ps();
	if (!path && !ui_path_last_trace(p->trace_path, sizeof(p->trace_path), true, &err))
		path = p->trace_path;
	options.path = path;
	p->recorded = path && xf_trace_start(&options, &err) == XF_OK;
	if (!p->recorded) {
		trace_warning(NULL, *err.message ? err.message : "the trace has no place");
		options.path = NULL;
		err = XF_ERROR_INIT;
		p->recorded = xf_trace_start(&options, &err) == XF_OK;
	}
	XF_EMIT(property, .key = xf_text("command"), .value = xf_text(p->what->command));
	XF_EMIT(property, .key = xf_text("event_ps"), .number = event_ps);
}

/* The closed trace's path; "" when it is not, or not all, in a file. */
static void trace_stop(struct carry *p)
{
	const char *path;

	if (!p->recorded)
		return;
	xf_trace_stop();
	path = xf_trace_in_memory() ? NULL : xf_trace_path();
	snprintf(p->trace_path, sizeof(p->trace_path), "%s", path ? path : "");
}

/* What `prove` wants held in this run. */
static void holds_install(const struct carry *p)
{
	struct tr_wanted list[TR_MAX_WANTED];
	uint32_t nr = 0;
	struct xf_error err = XF_ERROR_INIT;

	for (size_t i = 0; i < p->settings->hold.nr_items && nr < TR_MAX_WANTED; i++)
		nr += tr_wanted_parse(p->settings->hold.items[i], &list[nr], &err) == XF_OK;
	if (nr)
		tr_gate_hold(list, nr);
}

/* ---- displays */

static void manager_ready(void *ctx, struct xf_manager *m)
{
	struct carry *p = ctx;

	p->own = m;
	atomic_store(&p->manager, m);
	if (ui_signals_count())
		xf_manager_cancel(m, XF_INTERRUPTED, "interrupted");
}

static void displays_start(struct carry *p)
{
	bool own_text = p->settings->json && ui_text_stream(p->settings) == stderr;

	if (!p->recorded || p->settings->quiet || p->downloads.to_stdout)
		return;
	if (p->settings->tui == UI_YES)
		p->app = ui_screen_app_start(p->settings);
	if (!p->app && !own_text)
		ui_progress_start(p->settings->plain);
}

/* ---- the call and what comes after it */

static bool interrupted(void *ctx)
{
	(void)ctx;
	return ui_signals_count();
}

/* ---- what went wrong */

/* Every transfer's error by now: to the trace, and to people at the end. Returns the worst exit status. */
static int errors_note(struct carry *p, bool print)
{
	int exit_status = UI_EXIT_DONE;
	struct xf_transfer *t;

	for (uint32_t id = 0; p->own && (t = xf_manager_transfer(p->own, id)); id++) {
		struct xf_error err = XF_ERROR_INIT;
		struct xf_transfer_info info;
		bool failed = xf_future_error(t, &err) != XF_OK;
		xf_future_info(t, &info);
		if (!failed && print)
			ui_leftovers_unanswered(&info);
		if (!failed)
			continue;
		exit_status = UI_EXIT_FAILED;
		if (print)
			ui_leftovers_error(&info, &err);
		else
			ui_note_error(id, &err);
	}
	if (!ui_signals_count())
		return exit_status;
	if (exit_status == UI_EXIT_FAILED)
		return UI_EXIT_INTERRUPTED;
	if (print && p->own)
		fprintf(stderr, "xferdb: the signal came too late to stop anything: it is done\n");
	return exit_status;
}

/* ---- leaving while work goes on */

static void segment_copy(void *ctx, uint32_t index, const struct xf_segment *segment)
{
	int fd = *(int *)ctx;
	off_t at = XF_HEADER_SIZE + (off_t)index * XF_SEGMENT_SIZE;

	if (pwrite(fd, segment, sizeof(*segment), at) < 0)
		fprintf(stderr, "xferdb: warning: a piece of the trace is lost\n");
}

/* A recording in memory, as a file that lives through exec. */
static void memory_to_file(char *path, size_t cap)
{
	int fd = memfd_create("trace", 0);
	_Alignas(struct xf_file_header) char page[XF_HEADER_SIZE] = { 0 };

	if (fd < 0)
		return;
	memcpy(page, xf_trace_header(), sizeof(struct xf_file_header));
	((struct xf_file_header *)(void *)page)->nr_in_memory = 0; /* here they are */
	/* segments that nobody took are holes */
	if (ftruncate(fd, XF_HEADER_SIZE + (off_t)xf_trace_header()->nr_segments * XF_SEGMENT_SIZE) ||
	    pwrite(fd, page, sizeof(page), 0) < 0)
		return;
	xf_trace_visit(segment_copy, &fd);
	snprintf(path, cap, "/proc/self/fd/%d", fd);
}

/* By its name, unless another run has put its trace in the place of ours by now. */
static void own_trace_path(char *path, size_t cap)
{
	struct stat named, own;
	int fd = xf_trace_fd();

	if (fd < 0 || fstat(fd, &own) ||
	    (!stat(path, &named) && named.st_dev == own.st_dev && named.st_ino == own.st_ino))
		return;
	fcntl(fd, F_SETFD, 0);
	snprintf(path, cap, "/proc/self/fd/%d", fd);
}

/*
 * This process becomes the verdict of its trace: every thread and connection ends here.
 * A transfer that has failed by now makes the verdict's exit status, too.
 */
static void leave(struct carry *p, int exit_status)
{
	const struct ui_settings *s = p->settings;
	const char *argv[16] = { "xferdb", "verdict", "--as", p->what->command };
	char json[4200];
	size_t n = 4;

	errors_note(p, true);
	if (!p->recorded) {
		int concluded = ui_conclude(NULL, s, p->what->command, false);
		_exit(exit_status ? exit_status : concluded);
	}
	if (!*p->trace_path)
		memory_to_file(p->trace_path, sizeof(p->trace_path));
	else
		own_trace_path(p->trace_path, sizeof(p->trace_path));
	if (s->json)
		argv[n++] = *s->json ? (snprintf(json, sizeof(json), "--json=%s", s->json), json) : "--json";
	if (s->expect)
		argv[n++] = "--expect", argv[n++] = s->expect;
	if (s->strict)
		argv[n++] = "--strict";
	if (s->quiet)
		argv[n++] = "--quiet";
	if (s->plain)
		argv[n++] = "--plain";
	argv[n++] = "--";
	argv[n++] = p->trace_path;
	ui_signals_stop();
	fflush(NULL);
	if (p->downloads.to_stdout)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execv("/proc/self/exe", (char **)(uintptr_t)argv);
	perror("xferdb: the verdict cannot be shown");
	_exit(UI_EXIT_FAILED);
}

/* ---- the end */

static int conclude(struct carry *p, int exit_status)
{
	struct ui_recording trace = { .log = NULL };
	struct xf_error err = XF_ERROR_INIT;
	int concluded;

	/* the recording itself: another run may have put its trace in the place of ours by now */
	if (p->recorded && ui_recording_open(&trace, "", true, &err))
		fprintf(stderr, "xferdb: the trace cannot be judged: %s\n", err.message);
	snprintf(trace.path, sizeof(trace.path), "%s", p->trace_path);
	if (p->app)
		ui_screen_app_finish(p->app, ui_signals_count() ? NULL : trace.log, &trace.verdicts);
	if (p->settings->resume && !p->settings->quiet && p->own)
		ui_leftovers_resumed(p->own);
	errors_note(p, true);
	concluded = ui_conclude_to(p->downloads.to_stdout ? stderr : ui_text_stream(p->settings),
				   trace.judged ? &trace : NULL, p->settings, p->what->command, false);
	ui_recording_close(&trace);
	return exit_status ? exit_status : concluded;
}

/* boto3's name of the call. */
static const char *call_name(const struct carry *p)
{
	if (p->what->download)
		return p->downloads.list[0].path ? "download_file" : "download_fileobj";
	return p->uploads.list[0].path ? "upload_file" : "upload_fileobj";
}

static pid_t endpoint_pid(const struct carry *p)
{
	return p->local ? p->local->pid : (pid_t)p->settings->endpoint_pid;
}

static int transfer(struct carry *p)
{
	struct xf_call_options call = {
		.name = call_name(p), .call = 1, .waits = ui_transfer_waits(p->settings),
		.uploads = p->uploads.list, .nr_uploads = p->uploads.nr,
		.downloads = p->downloads.list, .nr_downloads = p->downloads.nr,
	};
	struct xf_error err = XF_ERROR_INIT;
	struct ui_processors before = ui_processors_now(endpoint_pid(p)), after;
	enum xf_status refused = xf_call_transfer(p->client, &p->config, &call, manager_ready, p, &p->own, &err);
	int exit_status;
	bool over;

	after = ui_processors_now(endpoint_pid(p));
	ui_processors_note(&before, &after);

	if (!p->what->download && p->own && ui_visible_wanted(p->settings) && !ui_signals_count())
		ui_visible_look(p->client, p->own, &p->extra);
	over = !p->own || call.waits & XF_WAIT_EXIT ||
	       ui_linger(p->own, p->settings, &p->config, interrupted, p);
	if (over && p->own)
		xf_manager_exit(p->own);
	exit_status = errors_note(p, false);
	if (refused && exit_status == UI_EXIT_DONE) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		exit_status = UI_EXIT_FAILED;
	}
	XF_EVENT(process_exit, .exit_status = exit_status, .pid = (uint32_t)getpid());
	ui_progress_stop();
	if (p->app)
		ui_screen_app_freeze(p->app);
	if (!over && p->app)
		ui_screen_app_finish(p->app, NULL, NULL);
	trace_stop(p);
	if (!over)
		leave(p, exit_status);
	return conclude(p, exit_status);
}

static int run(struct carry *p)
{
	int exit_status;

	atomic_store(&p->begun, true);
	trace_start(p);
	holds_install(p);
	displays_start(p);
	exit_status = transfer(p);
	atomic_store(&p->manager, NULL);
	ui_signals_stop();
	xf_manager_free(p->own);
	if (p->recorded)
		xf_trace_release();
	return exit_status;
}

int ui_carry(struct ui_arguments *arguments, const struct ui_carry *what)
{
	struct carry p = { .settings = &arguments->settings, .what = what };
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_USAGE;

	if (prepare(&p, arguments, &err) == XF_OK) {
		exit_status = run(&p);
	} else if (ui_signals_count()) {
		ui_conclude(NULL, p.settings, what->command, false);
		exit_status = UI_EXIT_INTERRUPTED;
	} else {
		fprintf(stderr, "xferdb: %s\n", err.message);
	}
	ui_signals_stop();
	if (p.client)
		xf_client_free(p.client);
	if (p.local)
		ui_local_stop(p.local);
	ui_uploads_fini(&p.uploads);
	ui_downloads_fini(&p.downloads);
	xf_extra_fini(&p.extra);
	return exit_status;
}
