/*
 * trace: any program under observation, and its verdict.
 *
 * The program keeps its standard streams and its exit status; whatever we say
 * goes to standard error, and only the JSON document to standard output (the
 * program's own output then goes to standard error, too).
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "core/event/segment.h"
#include "tracer/foreign/attach.h"
#include "tracer/foreign/launch.h"
#include "tracer/prove/hold.h"
#include "tui/command/arguments.h"
#include "tui/command/conclude.h"
#include "tui/command/local.h"
#include "tui/command/moment.h"
#include "tui/command/paths.h"
#include "tui/command/verify.h"
#include "tui/screen/app.h"

enum { ENVIRONMENT = 5 };

struct follow {
	const struct ui_settings *settings;
	struct ui_local local_storage;
	struct ui_local *local;      /* NULL: somebody else's endpoint */
	char environment[ENVIRONMENT][192];
	const char *set_env[ENVIRONMENT + 1];
	const char **calls;          /* NULL-terminated; NULL: the defaults */
	char **argv;
	char trace_path[4096];
	bool temporary;              /* the trace found no lasting place */
	struct tr_control_hold holds[TR_MAX_WANTED]; /* what `prove` wants held in this run */
	unsigned nr_holds;
	struct tr_launch *launch;
	_Atomic uint32_t running;    /* the program's process id, for the screen's thread; 0: not yet, or no more */
	struct ui_screen_app *app;   /* NULL: no screen */
};

/* ---- getting ready */

static void environment_add(struct follow *f, unsigned i, const char *name, const char *value)
{
	snprintf(f->environment[i], sizeof(f->environment[i]), "%s=%s", name, value);
	f->set_env[i] = f->environment[i];
}

static enum xf_status local_start(struct follow *f, struct xf_error *err)
{
	const struct ui_settings *s = f->settings;
	enum xf_status status;

	if (!s->local && s->fault.nr_items)
		return xf_fail(err, XF_INVALID, "--fault is for the embedded endpoint: add --local");
	if (!s->local)
		return XF_OK;
	status = ui_local_start(&f->local_storage, &s->fault, true, err);
	if (status)
		return status;
	f->local = &f->local_storage;
	environment_add(f, 0, "AWS_ACCESS_KEY_ID", f->local->access_key);
	environment_add(f, 1, "AWS_SECRET_ACCESS_KEY", f->local->secret_key);
	f->set_env[2] = "AWS_SESSION_TOKEN"; /* none: an empty one is one that some clients send */
	environment_add(f, 3, "AWS_REGION", "us-east-1");
	environment_add(f, 4, "AWS_DEFAULT_REGION", "us-east-1");
	return XF_OK;
}

static enum xf_status words_take(struct follow *f, const struct ui_arguments *a, struct xf_error *err)
{
	const struct ui_list *calls = &a->settings.call;

	f->argv = calloc(a->nr_operands + 1, sizeof(*f->argv));
	f->calls = calloc(calls->nr_items + 1, sizeof(*f->calls));
	if (!f->argv || !f->calls)
		return xf_fail(err, XF_NOMEM, "out of memory");
	for (size_t i = 0; i < a->nr_operands; i++)
		f->argv[i] = a->operands[i];
	for (size_t i = 0; i < calls->nr_items; i++)
		f->calls[i] = calls->items[i];
	return XF_OK;
}

static enum xf_status calls_check(const struct follow *f, struct xf_error *err)
{
	for (const char **c = f->calls; *c; c++)
		if (strcmp(*c, "exit") != 0 && strncmp(*c, "py:", 3) != 0 && !(strncmp(*c, "sym:", 4) == 0 && (*c)[4]) &&
		    strncmp(*c, "out:", 4) != 0)
			return xf_fail(err, XF_INVALID, "--call %.60s: it is exit, py:MODULE:NAME, sym:SYMBOL or "
				       "out:BEGIN:END", *c);
	for (const char **c = f->calls; *c; c++)
		if (strncmp(*c, "py:", 3) == 0 && !strchr(*c + 3, ':'))
			return xf_fail(err, XF_INVALID, "--call %.60s: it is py:MODULE:NAME; for a function of the script itself, "
				       "py:__main__:%.60s", *c, *c + 3);
	return XF_OK;
}

static void holds_take(struct follow *f)
{
	const struct ui_list *holds = &f->settings->hold;
	struct xf_error err = XF_ERROR_INIT;
	struct tr_wanted wanted;

	for (size_t i = 0; i < holds->nr_items && f->nr_holds < TR_MAX_WANTED; i++)
		if (tr_wanted_parse(holds->items[i], &wanted, &err) == XF_OK)
			f->holds[f->nr_holds++] = tr_wanted_for_relay(&wanted);
}

/* ---- recording */

static void trace_warning(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "xferdb: warning: %s; the program runs all the same\n", text);
}

static bool trace_at(struct follow *f, const char *path)
{
	struct xf_trace_options options = { .path = path, .for_others = true, .warn = trace_warning };
	struct xf_error err = XF_ERROR_INIT;

	if (xf_trace_start(&options, &err) == XF_OK && !xf_trace_in_memory()) {
		snprintf(f->trace_path, sizeof(f->trace_path), "%s", path);
		return true;
	}
	if (*err.message)
		trace_warning(NULL, err.message);
	xf_trace_release();
	return false;
}

/* The probe writes into the same file, so there has to be one: in shared memory, if nowhere else. */
static bool trace_start(struct follow *f)
{
	const char *path = f->settings->output;
	char buf[4096];
	struct xf_error err = XF_ERROR_INIT;
	int fd;

	if (!path && !ui_path_last_trace(buf, sizeof(buf), true, &err))
		path = buf;
	if (path && trace_at(f, path))
		return true;
	snprintf(buf, sizeof(buf), "/dev/shm/xferdb-XXXXXX");
	fd = mkstemp(buf);
	if (fd >= 0)
		close(fd);
	f->temporary = true;
	return trace_at(f, buf);
}

/* ---- while it runs */

/* What a hang is asked for: who waits for whom, now; and when a signal came that the program had, too (0: none). */
static void report_now(struct follow *f, const char *why, uint64_t signal_ns)
{
	struct xf_error err = XF_ERROR_INIT;
	struct tr_attach *a = NULL;

	fprintf(stderr, "\nxferdb: %s\n", why);
	if (signal_ns)
		ui_moment_print(stderr, signal_ns);
	if (tr_attach_take(tr_launch_pid(f->launch), &a, &err) == XF_OK)
		tr_attach_print(a, stderr);
	else
		fprintf(stderr, "xferdb: %s\n", err.message);
	tr_attach_free(a);
	fflush(stderr);
}

/* ---- on the screen: the program's output comes to a pane, Ctrl-C's report, too */

static bool screen_busy(void *ctx)
{
	(void)ctx;
	return false; /* leaving the screen leaves the program alone */
}

static void screen_abort(void *ctx)
{
	struct follow *f = ctx;
	uint32_t pid = atomic_load(&f->running);

	if (pid)
		kill((pid_t)pid, SIGTERM);
}

/*
 * The screen's threads leave signals to the launch, which has not blocked them yet: one that a
 * thread of the screen takes would go to curses' own handler, which ends the process.
 */
static void signals_block(sigset_t *before)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&set, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

/* Before the program starts: it inherits its output from us. */
static void screen_start(struct follow *f)
{
	const struct ui_debugger watched = { .ctx = f, .busy = screen_busy, .abort = screen_abort,
					     .abort_question = "end the program (SIGTERM)?" };

	sigset_t before;

	if (f->settings->tui != UI_YES || f->settings->quiet)
		return;
	signals_block(&before);
	f->app = ui_screen_app_start_debug(f->settings, &watched);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (f->app)
		ui_screen_app_attach_shared(f->app, xf_trace_fd());
}

static void screen_finish(struct follow *f, const struct ui_recording *trace)
{
	if (f->app)
		ui_screen_app_finish(f->app, trace && trace->judged ? trace->log : NULL, trace ? &trace->verdicts : NULL);
	f->app = NULL;
}

static void wait_for_end(struct follow *f)
{
	for (;;) {
		switch (tr_launch_wait(f->launch)) {
		case TR_LAUNCH_ENDED:
			return;
		case TR_LAUNCH_INTERRUPT:
			report_now(f, "interrupted; so far:", tr_launch_interrupted_ns(f->launch));
			tr_launch_pass_interrupt(f->launch);
			break;
		case TR_LAUNCH_DURATION:
			report_now(f, "the time given by --duration is over; so far:", 0);
			break;
		case TR_LAUNCH_STALL:
			report_now(f, "nothing has moved for the time given by --stall:", 0);
			break;
		case TR_LAUNCH_SPIN:
			report_now(f, "no byte has moved for five times what --stall gives, though the program is at work:", 0);
			break;
		}
	}
}

/* ---- the end */

static void say_list(const char *const *list, const char *what)
{
	for (; list && *list; list++)
		fprintf(stderr, "xferdb: %s%s\n", what, *list);
}

/* What was not seen, and what was not allowed. */
static void say_circumstances(struct follow *f, const struct tr_launch_end *end)
{
	if (!end->started && end->exec_errno)
		fprintf(stderr, "xferdb: cannot run %s: %s\n", f->argv[0], strerror(end->exec_errno));
	say_list(tr_launch_refusals(f->launch), "");
	if (f->settings->quiet)
		return;
	say_list(tr_launch_losses(f->launch), "not seen: ");
	if (end->stragglers)
		fprintf(stderr, "xferdb: waited for %u process%s the program left behind\n", end->stragglers,
			end->stragglers == 1 ? "" : "es");
}

/* With --expect the status speaks of the uploads alone: that the program has failed would go unseen. */
static int status_of(const struct ui_settings *s, int concluded, int program_status)
{
	if (!s->expect && !s->strict)
		return program_status;
	if (concluded == UI_EXIT_DONE && program_status)
		fprintf(stderr, "xferdb: the program ended with status %d; what %s asks for is met, so ours is 0\n", program_status,
			s->expect ? "--expect" : "--strict");
	return concluded;
}

static int conclude(struct follow *f, int program_status, bool started)
{
	struct ui_settings own_settings = *f->settings, *s = &own_settings;
	struct ui_recording trace = { .log = NULL };
	struct xf_error err = XF_ERROR_INIT;
	char own[64];
	int concluded;

	/* by descriptor: another run may have put its trace in the place of ours by now */
	snprintf(own, sizeof(own), "/proc/self/fd/%d", xf_trace_fd());
	if (ui_recording_open(&trace, own, true, &err))
		fprintf(stderr, "xferdb: the trace cannot be judged: %s\n", err.message);
	snprintf(trace.path, sizeof(trace.path), "%s", f->temporary ? own : f->trace_path);
	trace.words = (const char *const *)f->argv;
	screen_finish(f, &trace);
	s->quiet = s->quiet || !started; /* of what never ran there is nothing to tell */
	concluded = ui_conclude_to(stderr, trace.judged ? &trace : NULL, s, "trace", true);
	ui_recording_close(&trace);
	if (concluded == UI_EXIT_FAILED)
		return UI_EXIT_TROUBLE;
	return status_of(s, concluded, program_status);
}

static int run(struct follow *f)
{
	const struct ui_settings *s = f->settings;
	bool json_on_stdout = s->json && (!*s->json || strcmp(s->json, "-") == 0);
	struct tr_launch_options options = {
		.argv = f->argv, .calls = *f->calls ? f->calls : NULL, .no_probe = s->probe == UI_NO,
		.tls_relay = s->tls_relay, .local_endpoint = f->local ? f->local->endpoint_url : NULL,
		.set_env = f->local ? f->set_env : NULL, .stdout_to = json_on_stdout ? 2 : -1,
		.duration_ns = s->duration, .stall_ns = s->stall, .ablate = s->without,
		.relay = f->nr_holds ? TR_RELAY_ALL : TR_RELAY_NEEDED, .holds = f->holds,
		.nr_holds = f->nr_holds,
	};
	struct xf_error err = XF_ERROR_INIT;
	const struct tr_launch_end *end;
	struct ui_verifier *verifier = NULL;
	bool started;
	int status;

	tr_backend_find(s->backend ? s->backend : "auto", &options.backend);
	screen_start(f);
	options.terminal = ui_screen_app_terminal(f->app);
	if (tr_launch_new(&options, &f->launch, &err)) {
		screen_finish(f, NULL);
		fprintf(stderr, "xferdb: %s\n", err.message);
		return UI_EXIT_TROUBLE;
	}
	if (s->verify == UI_YES || (s->verify == UI_UNSET && f->local))
		verifier = ui_verifier_start(tr_launch_control(f->launch), f->local, s->quiet || s->verify != UI_YES);
	atomic_store(&f->running, tr_launch_pid(f->launch));
	wait_for_end(f);
	atomic_store(&f->running, 0);
	ui_verifier_finish(verifier, stderr);
	end = tr_launch_end(f->launch);
	status = end->exit_status;
	started = end->started;
	if (!started)
		screen_finish(f, NULL); /* there is nothing to be seen on it */
	say_circumstances(f, end);
	tr_launch_free(f->launch);
	if (f->app)
		ui_screen_app_freeze(f->app);
	xf_trace_stop();
	status = conclude(f, status, started);
	xf_trace_release();
	return status;
}

static void follow_fini(struct follow *f)
{
	if (f->local)
		ui_local_stop(f->local);
	if (f->temporary && *f->trace_path)
		unlink(f->trace_path);
	free(f->argv);
	free(f->calls);
}

int ui_trace_run(struct ui_arguments *arguments)
{
	struct follow f = { .settings = &arguments->settings };
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_TROUBLE;

	if (words_take(&f, arguments, &err) || calls_check(&f, &err) || local_start(&f, &err)) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		exit_status = err.status == XF_INVALID ? UI_EXIT_USAGE : UI_EXIT_TROUBLE;
	} else if (!trace_start(&f)) {
		fprintf(stderr, "xferdb: the trace has no place: see -o\n");
	} else {
		holds_take(&f);
		exit_status = run(&f);
	}
	follow_fini(&f);
	return exit_status;
}
