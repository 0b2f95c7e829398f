/* debug: put and get under the (xferdb) prompt; see debug.h. */
#include "tui/command/debug.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/command/arguments.h"
#include "tui/command/paths.h"
#include "tui/command/signals.h"

/* ---- getting ready: nothing is sent, every failure is exit status 2 */

static enum xf_status local_start(struct ui_debug *d, struct xf_error *err)
{
	const struct ui_settings *s = d->settings;

	if (!s->local && s->fault.nr_items)
		return xf_fail(err, XF_INVALID, "--fault is for the embedded endpoint: add --local");
	if (!s->local)
		return XF_OK;
	if (s->endpoint_url)
		return xf_fail(err, XF_INVALID, "--local and --endpoint-url name two endpoints: choose one");
	d->local = &d->local_storage;
	return ui_local_start(d->local, &s->fault, s->no_sign_request, err);
}

/* The whole of it, as `run` shows it again. */
static char *words_joined(char **words, size_t nr)
{
	size_t len = 1;
	char *text, *at;

	for (size_t i = 0; i < nr; i++)
		len += strlen(words[i]) + 1;
	at = text = calloc(1, len);
	for (size_t i = 0; text && i < nr; i++)
		at += sprintf(at, "%s%s", i ? " " : "", words[i]);
	return text;
}

static enum xf_status prepare_operands(struct ui_debug *d, const struct ui_arguments *a, struct xf_error *err)
{
	const char *what = a->operands[0];

	d->download = !strcmp(what, "get");
	if (!d->download && strcmp(what, "put") != 0)
		return xf_fail(err, XF_INVALID, "debug takes put or get, not '%s'", what);
	d->given = words_joined(a->operands + 1, a->nr_operands - 1);
	return ui_debug_operands(d, a->operands + 1, a->nr_operands - 1, &d->uploads, &d->downloads, err);
}

static bool readable(const char *path)
{
	char byte;
	FILE *in = fopen(path, "re");
	/* a pipe is not to be read from before its time; a folder opens, and then does not read */
	bool good = in && (fseek(in, 0, SEEK_SET) || fread(&byte, 1, 1, in) || !ferror(in));

	if (in)
		fclose(in);
	return good;
}

static enum xf_status options_agree(const struct ui_debug *d, struct xf_error *err)
{
	const struct ui_settings *s = d->settings;

	if (s->trace == UI_NO)
		return xf_fail(err, XF_INVALID, "the prompt works on the recording: leave --no-trace out");
	if (s->script && !readable(s->script))
		return xf_fail_errno(err, XF_INVALID, errno, "the commands of %s cannot be read", s->script);
	if (d->download && s->resume)
		return xf_fail(err, XF_INVALID, "--resume continues uploads: leave it out for get");
	return XF_OK;
}

static enum xf_status prepare(struct ui_debug *d, const struct ui_arguments *a, struct xf_error *err)
{
	enum xf_status status = ui_transfer_config(d->settings, &d->config, err);

	if (!status)
		status = ui_transfer_extra(d->settings, &d->extra, err);
	if (!status)
		status = prepare_operands(d, a, err);
	if (!status)
		status = options_agree(d, err);
	if (!status && !d->download)
		status = ui_uploads_plan(&d->uploads, &d->config, err);
	if (!status)
		status = local_start(d, err);
	if (!status)
		status = ui_transfer_connect(d->settings, d->local, &d->client, err);
	return status;
}

/* ---- two threads, and the end */

static void *controller(void *arg)
{
	struct ui_debug *d = arg;

	xf_thread_mute();
	ui_debug_talk(d);
	d->status_before = tr_run_status(d->session->run);
	atomic_store(&d->quitting, true);
	d->left = tr_session_quit(d->session);
	return NULL;
}

static void signal_arrived(void *ctx, int number, unsigned count)
{
	struct ui_debug *d = ctx;
	struct xf_manager *m = atomic_load(&d->manager);

	(void)count;
	if (number != SIGINT)
		atomic_store(&d->terminated, true);
	if (atomic_load(&d->quitting) && m)
		xf_manager_give_up(m);
	else if (atomic_load(&d->reading))
		ui_prompt_wake(d->prompt);
	else
		tr_run_interrupt(d->session->run);
}

static int serve(struct ui_debug *d)
{
	pthread_t thread;
	int status;

	if (pthread_create(&thread, NULL, controller, d)) {
		fprintf(stderr, "xferdb: no thread for the prompt\n");
		return UI_EXIT_FAILED;
	}
	status = tr_run_serve(d->session->run);
	pthread_join(thread, NULL);
	if (d->left == TR_LEFT_MID_TRANSFER || atomic_load(&d->terminated))
		return UI_EXIT_INTERRUPTED;
	return d->left == TR_LEFT_UNSENT ? d->status_before : status;
}

/* A run that was left before it sent anything says nothing: the one before it does, if there was one. */
static int conclude(struct ui_debug *d, int exit_status)
{
	const struct ui_conclusion *c = d->left == TR_LEFT_UNSENT && d->before ? d->before : d->last;
	int concluded = c ? ui_conclusion_say(c, d->settings) : UI_EXIT_DONE;

	return exit_status ? exit_status : concluded;
}

/* Beside the newest trace; "" where there is no such place. */
static void history_path(char *path, size_t cap)
{
	struct xf_error err = XF_ERROR_INIT;
	char *slash;

	if (ui_path_last_trace(path, cap - 16, true, &err) != XF_OK) {
		*path = '\0';
		return;
	}
	slash = strrchr(path, '/');
	snprintf(slash, 16, "/history");
}

static void front_open(struct ui_debug *d, char *history)
{
	const struct ui_prompt_options options = {
		.out = d->out, .silent = d->settings->batch, .history = *history ? history : NULL,
		.complete = ui_debug_complete, .ctx = d,
	};
	const struct ui_debugger debugger = ui_debug_screen(d);

	if (d->settings->tui == UI_YES && !d->settings->plain)
		d->app = ui_screen_app_start_debug(d->settings, &debugger);
	else
		d->prompt = ui_prompt_new(&options);
}

static void front_close(struct ui_debug *d)
{
	if (d->app)
		ui_screen_app_finish(d->app, NULL, NULL);
	ui_prompt_free(d->prompt);
}

static int run(struct ui_debug *d)
{
	const struct tr_subject subject = ui_debug_subject(d);
	const struct tr_target target = ui_debug_target(d);
	const struct tr_sink sink = ui_debug_sink(d);
	char history[4200] = "";
	int exit_status = UI_EXIT_FAILED;

	d->out = ui_text_stream(d->settings);
	history_path(history, sizeof(history));
	if (tr_session_new(&subject, &target, &sink, &d->session) == XF_OK) {
		/* before there are other threads: one of the screen's would take Ctrl-C for curses, and exit */
		ui_signals_start(signal_arrived, d);
		front_open(d, history);
		if (d->prompt || d->app)
			exit_status = serve(d);
		ui_signals_stop();
		front_close(d);
	}
	tr_session_free(d->session);
	return conclude(d, exit_status);
}

static void fini(struct ui_debug *d)
{
	if (d->client)
		xf_client_free(d->client);
	if (d->local)
		ui_local_stop(d->local);
	ui_uploads_fini(&d->uploads);
	ui_downloads_fini(&d->downloads);
	xf_extra_fini(&d->extra);
	ui_conclusion_free(d->last);
	ui_conclusion_free(d->before);
	for (size_t i = 0; i < d->nr_kept; i++)
		free(d->kept[i]);
	free(d->kept);
	free(d->given);
	free(d->typed);
	pthread_mutex_destroy(&d->error_lock);
	pthread_mutex_destroy(&d->line_lock);
	pthread_mutex_destroy(&d->session_lock);
	free(d);
}

int ui_debug_run(struct ui_arguments *arguments)
{
	struct ui_debug *d = calloc(1, sizeof(*d));
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_USAGE;

	if (!d)
		return UI_EXIT_FAILED;
	d->settings = &arguments->settings;
	pthread_mutex_init(&d->error_lock, NULL);
	pthread_mutex_init(&d->line_lock, NULL);
	pthread_mutex_init(&d->session_lock, NULL);
	if (prepare(d, arguments, &err) == XF_OK)
		exit_status = run(d);
	else
		fprintf(stderr, "xferdb: %s\n", err.message);
	fini(d);
	return exit_status;
}
