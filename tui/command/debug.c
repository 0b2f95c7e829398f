/*
 * debug: put and get under the (xferdb) prompt.
 *
 * The call is made on the main thread, again and again if the user wants; the
 * prompt lives on a muted helper thread of its own, which is the session's controller.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "core/event/segment.h"
#include "tracer/debug/command.h"
#include "tui/command/arguments.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"
#include "tui/command/paths.h"
#include "tui/command/signals.h"
#include "tui/command/transfer.h"
#include "tui/command/uri.h"
#include "tui/prompt/prompt.h"
#include "tui/screen/app.h"

struct debug {
	struct ui_settings *settings;
	bool download;
	struct xf_transfer_config config;
	struct xf_extra extra;
	struct ui_uploads uploads;
	struct xf_download_request get;
	struct ui_uri from;
	struct ui_local local_storage;
	struct ui_local *local;      /* NULL: somebody else's endpoint */
	struct xf_client *client;
	char trace_path[4096];
	char history[4200];
	FILE *out;

	struct tr_session *session;
	struct ui_prompt *prompt;    /* NULL: the screen's */
	struct ui_screen_app *app;   /* NULL: no screen */
	pthread_mutex_t line_lock;
	char *typed;                 /* typed on the screen, not run yet; under line_lock */
	struct xf_manager *own;      /* main only */
	_Atomic(struct xf_manager *) manager; /* the same, for the others; NULL: none, or over */
	_Atomic bool quitting;       /* what is handed over from now on is cancelled at once */
	_Atomic bool terminated;     /* SIGTERM, SIGHUP */
	_Atomic bool reading;        /* the prompt waits for a line */
	enum tr_left left;           /* how far the run was when the prompt ended */
	int before;                  /* exit status of the run before that one */
	char refused[400];           /* why `run ARG…` was */
	char **kept;                 /* nr_kept of them, its arguments */
	size_t nr_kept;
	pthread_mutex_t error_lock;
	char error[700];             /* of the last run; under error_lock */
};

/* ---- the run, on main */

static void say_error(struct debug *d, const struct xf_error *err)
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
	struct debug *d = ctx;

	atomic_store(&d->manager, NULL);
	xf_manager_free(d->own);
	d->own = NULL;
	xf_trace_release();
}

static void trace_warning(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "xferdb: warning: %s; the run goes on\n", text);
}

static void begin(void *ctx)
{
	struct debug *d = ctx;
	struct xf_trace_options options = { .warn = trace_warning, .path = d->settings->output };
	struct xf_error err = XF_ERROR_INIT;

	if (d->app)
		ui_screen_app_detach(d->app);
	release(d);
	say_error(d, NULL);
	if (!options.path && ui_path_last_trace(d->trace_path, sizeof(d->trace_path), true, &err) == XF_OK)
		options.path = d->trace_path;
	if (xf_trace_start(&options, &err) != XF_OK)
		trace_warning(NULL, err.message);
	XF_EMIT(property, .key = xf_text("command"), .value = xf_text(d->download ? "get" : "put"));
	if (d->app)
		ui_screen_app_attach(d->app);
}

static void manager_ready(void *ctx, struct xf_manager *m)
{
	struct debug *d = ctx;

	d->own = m;
	atomic_store(&d->manager, m);
	if (atomic_load(&d->quitting))
		xf_manager_cancel(m, XF_INTERRUPTED, "quit at the prompt");
}

/* Every transfer's error: to the trace, and for the post mortem. */
static int note_errors(struct debug *d)
{
	struct xf_transfer *t;
	int exit_status = UI_EXIT_DONE;

	for (uint32_t id = 0; d->own && (t = xf_manager_transfer(d->own, id)); id++) {
		struct xf_error err = XF_ERROR_INIT;
		if (xf_future_result(t, &err) == XF_OK)
			continue;
		exit_status = UI_EXIT_FAILED;
		ui_note_error(id, &err);
		say_error(d, &err);
	}
	return exit_status;
}

static int call(void *ctx)
{
	struct debug *d = ctx;
	struct xf_call_options options = {
		.name = d->download ? "download_file" : "upload_file", .call = 1,
		.waits = ui_transfer_waits(d->settings), .uploads = d->uploads.list, .nr_uploads = d->uploads.nr,
		.downloads = d->download ? &d->get : NULL, .nr_downloads = d->download,
	};
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status refused = xf_call_transfer(d->client, &d->config, &options, manager_ready, d, &d->own, &err);
	int exit_status;

	if (d->own)
		xf_manager_exit(d->own);
	exit_status = note_errors(d);
	if (refused != XF_OK && exit_status == UI_EXIT_DONE) {
		say_error(d, &err);
		exit_status = UI_EXIT_FAILED;
	}
	XF_EVENT(process_exit, .exit_status = exit_status, .pid = (uint32_t)getpid());
	atomic_store(&d->manager, NULL);
	return exit_status;
}

static void end(void *ctx)
{
	(void)ctx;
	xf_trace_stop();
}

/* ---- what the session may do to it */

static bool config_open(void *ctx)
{
	struct debug *d = ctx;

	return !atomic_load(&d->manager);
}

static bool cancel(void *ctx, const char *reason)
{
	struct debug *d = ctx;
	struct xf_manager *m = atomic_load(&d->manager);

	if (m)
		xf_manager_cancel(m, XF_CANCELLED, reason);
	return m != NULL;
}

static const char *fault(void *ctx, uint32_t part, uint32_t status)
{
	struct debug *d = ctx;

	return ui_local_fail_part(d->local, part, status) ? NULL : "the endpoint does not answer";
}

static const char *error_of(void *ctx)
{
	struct debug *d = ctx;

	return d->error; /* asked for when the run is over, or stands */
}

/* ---- getting ready: nothing is sent, every failure is exit status 2 */

static enum xf_status local_start(struct debug *d, struct xf_error *err)
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

static enum xf_status prepare_get(struct debug *d, char **operands, size_t nr, struct xf_error *err)
{
	enum xf_status status;

	if (nr != 2)
		return xf_fail(err, XF_INVALID, "debug get takes s3://BUCKET/KEY and FILE");
	status = ui_uri_parse(operands[0], &d->from, err);
	if (status == XF_OK && d->from.prefix)
		status = xf_fail(err, XF_INVALID, "debug get takes one object: s3://BUCKET/KEY");
	if (status == XF_OK && !strcmp(operands[1], "-"))
		status = xf_fail(err, XF_INVALID, "the prompt needs standard output: name a file");
	d->get = (struct xf_download_request){ .path = operands[1], .bucket = d->from.bucket, .key = d->from.key,
					       .extra = &d->extra };
	return status;
}

static enum xf_status prepare_operands(struct debug *d, char **operands, size_t nr, struct xf_error *err)
{
	d->download = !strcmp(operands[0], "get");
	if (!d->download && strcmp(operands[0], "put") != 0)
		return xf_fail(err, XF_INVALID, "debug takes put or get, not '%s'", operands[0]);
	if (d->download)
		return prepare_get(d, operands + 1, nr - 1, err);
	if (nr < 3)
		return xf_fail(err, XF_INVALID, "debug put takes FILE and s3://BUCKET/KEY");
	for (size_t i = 1; i < nr; i++)
		if (!strcmp(operands[i], "-"))
			return xf_fail(err, XF_INVALID, "the prompt needs standard input: name a file");
	return ui_uploads_init(&d->uploads, operands + 1, nr - 1, &d->extra, err);
}

static enum xf_status prepare(struct debug *d, const struct ui_arguments *a, struct xf_error *err)
{
	enum xf_status status = ui_transfer_config(d->settings, &d->config, err);

	if (!status)
		status = ui_transfer_extra(d->settings, &d->extra, err);
	if (!status)
		status = prepare_operands(d, a->operands, a->nr_operands, err);
	if (!status)
		status = local_start(d, err);
	if (!status)
		status = ui_transfer_connect(d->settings, d->local, &d->client, err);
	return status;
}

/* ---- `run ARG…`: other options, and other files if there are any */

enum { MAX_WORDS = 64 };

/* The words of a line, quotes taken off, in place. */
static int split(char *line, char **words)
{
	int n = 0;
	char *to = line;

	for (char *p = line; *p && n < MAX_WORDS;) {
		char quote = '\0';
		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p)
			break;
		words[n++] = to;
		for (; *p && (quote || (*p != ' ' && *p != '\t')); p++)
			if (*p == quote)
				quote = '\0';
			else if (!quote && (*p == '\'' || *p == '"'))
				quote = *p;
			else
				*to++ = *p;
		p += *p != '\0';
		*to++ = '\0';
	}
	return n;
}

/* What an option is kept as, in bytes. */
static size_t setting_size(enum ui_kind kind)
{
	static const size_t sizes[] = {
		[UI_KIND_FLAG] = sizeof(ui_t_FLAG), [UI_KIND_SWITCH] = sizeof(ui_t_SWITCH),
		[UI_KIND_COUNT] = sizeof(ui_t_COUNT), [UI_KIND_SIZE] = sizeof(ui_t_SIZE),
		[UI_KIND_RATE] = sizeof(ui_t_RATE), [UI_KIND_TIME] = sizeof(ui_t_TIME),
		[UI_KIND_TEXT] = sizeof(ui_t_TEXT), [UI_KIND_WORD] = sizeof(ui_t_WORD),
		[UI_KIND_WORDS] = sizeof(ui_t_WORDS), [UI_KIND_OUTPUT] = sizeof(ui_t_OUTPUT),
	};

	return kind < sizeof(sizes) / sizeof(*sizes) ? sizes[kind] : 0;
}

/* The options given anew replace those before, if a run can take them up. */
static const char *merge(struct ui_settings *to, const struct ui_settings *from, bool apply)
{
	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		const struct ui_option *o = &ui_options[i];
		if (!from->given[i])
			continue;
		if (o->group != UI_TRANSFER_BIT && o->group != UI_CALL_BIT)
			return "only options of the transfer and of the call can change from run to run";
		if (!apply)
			continue;
		memcpy((char *)to + o->offset, (const char *)from + o->offset, setting_size(o->kind));
		to->given[i] = true;
	}
	return NULL;
}

/* The next run's files. */
static enum xf_status take_operands(struct debug *d, char **operands, size_t nr, bool apply,
				    struct xf_error *err)
{
	struct ui_uploads uploads;
	enum xf_status status;

	if (d->download)
		return xf_fail(err, XF_INVALID, "a download takes other options, no other files");
	if (nr < 2)
		return xf_fail(err, XF_INVALID, "FILE and s3://BUCKET/KEY are wanted");
	status = ui_uploads_init(&uploads, operands, nr, &d->extra, err);
	if (status == XF_OK && apply) {
		struct ui_uploads before = d->uploads;
		d->uploads = uploads;
		uploads = before;
		for (unsigned i = 0; i < d->uploads.nr; i++)
			d->uploads.list[i].bucket = d->uploads.bucket; /* it stands in the struct, which has moved */
	}
	ui_uploads_fini(&uploads);
	return status;
}

/* A copy that stays as long as d: settings and requests borrow its words. */
static char *keep_line(struct debug *d, const char *text)
{
	char **lines = realloc(d->kept, (d->nr_kept + 1) * sizeof(*lines));

	if (!lines)
		return NULL;
	d->kept = lines;
	lines[d->nr_kept] = strdup(text);
	return lines[d->nr_kept++];
}

/* On the controller, while the run is over or stopped; the run before is ended before the next begins. */
static const char *arguments_of(void *ctx, const char *text, bool apply)
{
	struct debug *d = ctx;
	static char head[5][8] = { "xferdb", "debug", "put", "f", "s3://b" };
	char *words[MAX_WORDS + 5] = { head[0], head[1], head[2], head[3], head[4] };
	struct ui_arguments a = { .command = NULL };
	struct xf_error err = XF_ERROR_INIT;
	const char *why = NULL;
	char *line = keep_line(d, text);
	int n = line ? split(line, words + 5) : 0;
	enum xf_status status = ui_arguments_parse(&a, 5 + n, words, &err);

	if (!line)
		return "out of memory";
	if (status == XF_OK)
		why = merge(d->settings, &a.settings, apply);
	if (status == XF_OK && !why && apply)
		status = ui_transfer_config(d->settings, &d->config, &err);
	if (status == XF_OK && !why && a.nr_operands > 3)
		status = take_operands(d, a.operands + 3, a.nr_operands - 3, apply, &err);
	ui_arguments_fini(&a);
	if (status == XF_OK)
		return why;
	snprintf(d->refused, sizeof(d->refused), "%s", err.message);
	return d->refused;
}

/* ---- the conversation, on the helper */

static void write_out(void *ctx, const char *text, size_t len)
{
	struct debug *d = ctx;

	if (d->app) {
		ui_screen_app_say(d->app, text, len);
		return;
	}
	fwrite(text, 1, len, d->out);
	fflush(d->out);
}

static const char *complete(void *ctx, const char *line, size_t word_at, unsigned i, char *buf, size_t cap)
{
	struct debug *d = ctx;

	return tr_command_complete(d->session, line, word_at, i, buf, cap);
}

/* The lines of a file of commands; comments and blank lines are passed over. */
static bool run_file(struct debug *d, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!in)
		return false;
	while (!d->session->done && !atomic_load(&d->terminated) && (n = getline(&line, &cap, in)) >= 0) {
		const char *text = line + strspn(line, " \t\r\n");
		line[strcspn(line, "\r\n")] = '\0';
		if (*text && *text != '#')
			tr_command_line(d->session, line);
	}
	free(line);
	fclose(in);
	return true;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void run_prepared(struct debug *d)
{
	const struct ui_settings *s = d->settings;
	const char *home = getenv("HOME");
	char path[4096] = "";

	if (home && *home)
		snprintf(path, sizeof(path), "%s/.xferdbrc", home);
	if (*path && !s->no_rc)
		run_file(d, path);
	if (!s->no_rc && !same_file(path, ".xferdbrc"))
		run_file(d, ".xferdbrc");
	for (size_t i = 0; i < s->prompt_command.nr_items && !d->session->done; i++)
		tr_command_line(d->session, s->prompt_command.items[i]);
	if (s->script && !run_file(d, s->script))
		fprintf(stderr, "xferdb: cannot read %s\n", s->script);
}

static void converse(struct debug *d)
{
	const char *line;

	while (!d->session->done && !atomic_load(&d->terminated)) {
		atomic_store(&d->reading, true);
		enum ui_prompt_end how = ui_prompt_read(d->prompt, tr_command_prompt(d->session), &line);
		atomic_store(&d->reading, false);
		if (how == UI_PROMPT_INTERRUPTED && !atomic_load(&d->terminated))
			tr_command_interrupt(d->session);
		else if (how == UI_PROMPT_EOF)
			tr_command_eof(d->session);
		else if (how == UI_PROMPT_LINE)
			tr_command_line(d->session, line);
	}
}

/* ---- the screen in the place of the prompt: its lines come through a queue, as a command may run for long */

static void screen_line(void *ctx, const char *line)
{
	struct debug *d = ctx;
	char *more = NULL;

	pthread_mutex_lock(&d->line_lock);
	if (asprintf(&more, "%s%s\n", d->typed ? d->typed : "", line) > 0) {
		free(d->typed);
		d->typed = more;
	}
	pthread_mutex_unlock(&d->line_lock);
}

static void screen_interrupt(void *ctx)
{
	struct debug *d = ctx;

	tr_run_interrupt(d->session->run);
}

static bool screen_busy(void *ctx)
{
	struct debug *d = ctx;

	return atomic_load(&d->manager) != NULL;
}

static void screen_abort(void *ctx)
{
	cancel(ctx, "aborted on the screen");
}

static void lines_run(struct debug *d, char *lines)
{
	char *rest = lines, *line;

	while (!d->session->done && (line = strsep(&rest, "\n")) && rest)
		tr_command_line(d->session, line);
	free(lines);
}

static void converse_screen(struct debug *d)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	while (!d->session->done && !atomic_load(&d->terminated) && !ui_screen_app_left(d->app)) {
		char *lines;
		pthread_mutex_lock(&d->line_lock);
		lines = d->typed;
		d->typed = NULL;
		pthread_mutex_unlock(&d->line_lock);
		if (lines)
			lines_run(d, lines);
		else
			nanosleep(&pause, NULL);
	}
}

static void *controller(void *arg)
{
	struct debug *d = arg;

	xf_thread_mute();
	tr_session_start(d->session);
	run_prepared(d);
	/* --batch with commands of its own asks for no more */
	if (!d->settings->batch || !(d->settings->prompt_command.nr_items || d->settings->script))
		(d->app ? converse_screen : converse)(d);
	d->before = tr_run_status(d->session->run);
	atomic_store(&d->quitting, true);
	d->left = tr_session_quit(d->session);
	return NULL;
}

static void signal_arrived(void *ctx, int number, unsigned count)
{
	struct debug *d = ctx;
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

static int serve(struct debug *d)
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
	return d->left == TR_LEFT_UNSENT ? d->before : status;
}

static void history_path(struct debug *d)
{
	struct xf_error err = XF_ERROR_INIT;
	char *slash;

	if (ui_path_last_trace(d->history, sizeof(d->history) - 16, true, &err) != XF_OK)
		return;
	slash = strrchr(d->history, '/');
	snprintf(slash, 16, "/history");
}

static int run(struct debug *d)
{
	const struct tr_subject subject = { d, begin, call, end, release };
	const struct tr_target target = {
		.ctx = d, .config = &d->config, .config_open = config_open, .cancel = cancel, .error = error_of,
		.fault = d->local ? fault : NULL, .arguments = arguments_of, .may_repeat = d->local != NULL,
	};
	const struct tr_sink sink = { d, write_out };
	int exit_status = UI_EXIT_FAILED;

	d->out = ui_text_stream(d->settings);
	history_path(d);
	const struct ui_prompt_options options = {
		.out = d->out, .silent = d->settings->batch, .history = *d->history ? d->history : NULL,
		.complete = complete, .ctx = d,
	};
	const struct ui_debugger debugger = { d, screen_line, screen_interrupt, screen_busy, screen_abort,
					      "cancel the upload and abort it at the service?" };
	const bool screen = d->settings->tui == UI_YES && !d->settings->plain;
	if (screen)
		d->app = ui_screen_app_start_debug(d->settings, &debugger);
	else
		d->prompt = ui_prompt_new(&options);
	if ((d->prompt || d->app) && tr_session_new(&subject, &target, &sink, &d->session) == XF_OK) {
		ui_signals_start(signal_arrived, d);
		exit_status = serve(d);
		ui_signals_stop();
	}
	if (d->app)
		ui_screen_app_finish(d->app, NULL, NULL);
	tr_session_free(d->session);
	ui_prompt_free(d->prompt);
	return exit_status;
}

int ui_debug_run(struct ui_arguments *arguments)
{
	struct debug *d = calloc(1, sizeof(*d));
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_USAGE;

	if (!d)
		return UI_EXIT_FAILED;
	d->settings = &arguments->settings;
	pthread_mutex_init(&d->error_lock, NULL);
	pthread_mutex_init(&d->line_lock, NULL);
	if (prepare(d, arguments, &err) == XF_OK)
		exit_status = run(d);
	else
		fprintf(stderr, "xferdb: %s\n", err.message);
	if (d->client)
		xf_client_free(d->client);
	if (d->local)
		ui_local_stop(d->local);
	ui_uploads_fini(&d->uploads);
	xf_extra_fini(&d->extra);
	for (size_t i = 0; i < d->nr_kept; i++)
		free(d->kept[i]);
	free(d->kept);
	pthread_mutex_destroy(&d->error_lock);
	pthread_mutex_destroy(&d->line_lock);
	free(d->typed);
	free(d);
	return exit_status;
}
