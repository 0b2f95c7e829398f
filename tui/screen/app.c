#include "tui/screen/app.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/event/emit.h"
#include "tui/command/conclude.h"
#include "tui/command/live.h"
#include "tui/command/signals.h"
#include "tui/command/style.h"
#include "tui/screen/output.h"
#include "tui/screen/plain.h"
#include "tui/screen/screen.h"
#include "tui/screen/view.h"

enum {
	FRAME_MS = 100,          /* a live picture at most so often; a key is answered at once */
	CLOCK_MS = 250,          /* so often the clock moves where nothing happens */
	LEAST_FRAME_MS = 33,     /* and never more than 30 pictures a second */
	STEP_EVENTS = 500000,    /* taken in between two looks at the keyboard */
	JUDGE_ASIDE = 500000,    /* events from which a recording is judged beside the screen */
};

struct ui_screen_app {
	pthread_t helper;
	_Atomic bool stop;       /* the helper is to end */
	_Atomic bool left;       /* the user has left: no more pictures */
	_Atomic bool wanted;     /* there is a recording that may be read … */
	_Atomic bool reading;    /* … and it is; helper only writes */
	_Atomic int shared;      /* the file that others write into, too; -1: this process' own recording */
	_Atomic bool ended;      /* the helper has */
	FILE *plain;             /* sentences instead of a screen; NULL: a screen */
	uint32_t told;           /* events that have been told in sentences */
	struct ui_debugger debugger;
	/* helper only while it lives, then main only */
	struct ui_scene scene;
	struct ui_cells cells;
	uint32_t drawn_events;
	uint64_t drawn_ns;
	bool frozen, dirty;
	/* under lock: what other threads have for the prompt pane */
	pthread_mutex_t lock;
	char *said;
	size_t said_len;
};

/* ---- settings */

static const struct ui_theme *theme_for(const struct ui_settings *settings)
{
	const char *no_color = getenv("NO_COLOR");
	bool mono = settings->no_color || (no_color && *no_color);

	return ui_theme_find(mono ? "mono" : settings->theme ? settings->theme : "dark");
}

static char *file_read(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = in ? calloc(1, 65536) : NULL;

	if (text && fread(text, 1, 65535, in) == 0 && ferror(in)) {
		free(text);
		text = NULL;
	}
	if (in)
		fclose(in);
	return text;
}

static void keys_path(char *buf, size_t cap)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		snprintf(buf, cap, "%s/xferdb/keys", config);
	else
		snprintf(buf, cap, "%s/.config/xferdb/keys", home ? home : "");
}

enum xf_status ui_screen_app_keys(const struct ui_settings *settings, struct ui_keys *keys, struct xf_error *err)
{
	char path[4096];
	char *text;
	enum xf_status status = XF_OK;

	ui_keys_init(keys);
	if (settings->keymap)
		snprintf(path, sizeof(path), "%s", settings->keymap);
	else
		keys_path(path, sizeof(path));
	text = file_read(path);
	if (text)
		status = ui_keys_read(keys, text, path, err);
	else if (settings->keymap)
		status = xf_fail_errno(err, XF_NOT_FOUND, errno, "the key bindings %s cannot be read", path);
	free(text);
	return status;
}

static void scene_init(struct ui_scene *s, const struct ui_settings *settings, FILE *out)
{
	struct xf_error err = XF_ERROR_INIT;

	ui_scene_init(s, theme_for(settings));
	s->utf8 = ui_style_for(out, settings).utf8 && !settings->no_unicode;
	s->readonly = settings->readonly;
	if (ui_screen_app_keys(settings, &s->keys, &err))
		ui_scene_tell(s, "%s", err.message);
}

static bool open_screen(const struct ui_scene *s, const struct ui_settings *settings)
{
	struct ui_screen_options options = { s->theme, strcmp(s->theme->name, "mono") != 0, !settings->no_mouse };
	const char *why;

	if (ui_screen_open(&options, &why))
		return true;
	fprintf(stderr, "xferdb: no screen: %s\n", why);
	return false;
}

/* ---- one picture, one key */

static bool picture(struct ui_screen_app *app)
{
	int rows, columns;

	ui_screen_size(&rows, &columns);
	if ((rows != app->cells.rows || columns != app->cells.columns) && !ui_cells_resize(&app->cells, rows, columns))
		return false;
	ui_view_draw(&app->scene, &app->cells);
	ui_screen_show(&app->cells);
	app->drawn_events = tr_log_nr_events(ui_scene_run(&app->scene)->log);
	app->drawn_ns = xf_clock_mono_ns();
	app->dirty = false;
	return true;
}

static bool resized(const struct ui_screen_app *app)
{
	int rows, columns;

	ui_screen_size(&rows, &columns);
	return rows != app->cells.rows || columns != app->cells.columns;
}

/* What the screen must do for a request that the scene cannot. */
static void asked_do(struct ui_scene *s)
{
	if (s->suspend)
		ui_screen_suspend();
	if (s->redraw)
		ui_screen_theme(s->theme);
	s->suspend = s->redraw = false;
}

/* Waits for a key, takes those that came with it, too. */
static void keys_take(struct ui_screen_app *app, int wait_ms)
{
	struct ui_mouse mouse;
	int key = ui_screen_key(wait_ms, &mouse);

	for (int i = 0; key != UI_KEY_NONE && i < 64 && !app->scene.quit; i++) {
		if (key == UI_KEY_MOUSE)
			ui_scene_mouse(&app->scene, mouse.row, mouse.column, mouse.turn);
		else
			ui_scene_key(&app->scene, key);
		asked_do(&app->scene);
		app->dirty = true;
		key = ui_screen_key(0, &mouse);
	}
}

static void said_take(struct ui_screen_app *app)
{
	char *said;
	size_t len;

	pthread_mutex_lock(&app->lock);
	said = app->said;
	len = app->said_len;
	app->said = NULL;
	app->said_len = 0;
	pthread_mutex_unlock(&app->lock);
	if (said) {
		ui_lines_write(&app->scene.lines, said, len);
		app->dirty = true;
	}
	free(said);
}

void ui_screen_app_say(struct ui_screen_app *app, const char *text, size_t len)
{
	char *more;

	pthread_mutex_lock(&app->lock);
	more = realloc(app->said, app->said_len + len + 1);
	if (more) {
		memcpy(more + app->said_len, text, len);
		app->said = more;
		app->said_len += len;
	}
	pthread_mutex_unlock(&app->lock);
}

static void output_came(void *ctx, const char *text, size_t len)
{
	ui_screen_app_say(ctx, text, len);
}

/* The trace's time now. False: it does not run. */
static bool clock_set(struct ui_scene *s)
{
	if (!s->live || s->over || s->frozen || !s->follow)
		return false;
	s->elapsed_ns = (int64_t)(xf_clock_mono_ns() - tr_log_header(ui_scene_run(s)->log)->anchors[0].mono_ns);
	return true;
}

/* Draws when there is something new, but not too often; then waits for keys. */
static void turn(struct ui_screen_app *app)
{
	bool ticks = clock_set(&app->scene);
	bool all = ui_scene_settle(&app->scene, STEP_EVENTS);
	int64_t since_ms = (int64_t)(xf_clock_mono_ns() - app->drawn_ns) / 1000000;
	bool grown = tr_log_nr_events(ui_scene_run(&app->scene)->log) != app->drawn_events && !app->scene.frozen;

	said_take(app);
	if (resized(app) || !all || (ticks && since_ms >= CLOCK_MS) || ((app->dirty || grown) && since_ms >= LEAST_FRAME_MS))
		picture(app);
	keys_take(app, !all ? 0 : app->dirty ? LEAST_FRAME_MS : FRAME_MS);
}

static bool over(const struct ui_screen_app *app)
{
	return app->scene.quit || ui_screen_lost() || ui_signals_count();
}

/* ---- live */

static void live_begin(struct ui_screen_app *app, struct ui_live *live)
{
	app->scene.live = true;
	app->scene.debugger = app->debugger;
	if (!ui_scene_add(&app->scene, live->log, live->model, NULL, ""))
		return;
	ui_scene_begin(&app->scene);
}

/* Lets go of what is read. */
static void live_end(struct ui_screen_app *app, struct ui_live *live)
{
	ui_scene_drop(&app->scene);
	ui_live_close(live);
	atomic_store(&app->reading, false);
}

static enum xf_status live_open(struct ui_screen_app *app, struct ui_live *live, struct xf_error *err)
{
	int fd = atomic_load(&app->shared);

	return fd < 0 ? ui_live_open(live, err) : ui_live_open_shared(live, fd, err);
}

/* Follows what is wanted: a recording that may be read, or none. */
static void live_settle(struct ui_screen_app *app, struct ui_live *live)
{
	struct xf_error ignored = XF_ERROR_INIT; /* tried again at the next turn */
	bool wanted = atomic_load(&app->wanted), reading = atomic_load(&app->reading);

	if (wanted && !reading && live_open(app, live, &ignored) == XF_OK) {
		atomic_store(&app->reading, true);
		live_begin(app, live);
		app->dirty = true;
	} else if (!wanted && reading) {
		live_end(app, live);
	}
}

static void live_turn(struct ui_screen_app *app, struct ui_live *live)
{
	struct xf_error ignored = XF_ERROR_INIT; /* what was loaded stays usable */

	if (!app->scene.nr_runs) {
		keys_take(app, FRAME_MS);
		return;
	}
	if (!app->scene.frozen)
		tr_log_refresh(live->log, &ignored);
	turn(app);
}

static void plain_turn(struct ui_screen_app *app, struct ui_live *live)
{
	struct xf_error ignored = XF_ERROR_INIT;
	const struct timespec pause = { .tv_nsec = FRAME_MS * 1000000 };

	if (live->log) {
		tr_log_refresh(live->log, &ignored);
		app->told = ui_plain_write(live->log, app->told, app->plain);
		fflush(app->plain);
	}
	if (!atomic_load(&app->stop))
		nanosleep(&pause, NULL);
}

static void live_loop(struct ui_screen_app *app, struct ui_live *live)
{
	bool last = false;

	while (!last && !app->scene.quit && !ui_screen_lost()) {
		last = atomic_load(&app->stop);
		live_settle(app, live);
		if (app->plain)
			plain_turn(app, live);
		else if (!last)
			live_turn(app, live);
	}
	if (app->scene.quit || ui_screen_lost()) {
		atomic_store(&app->left, true);
		ui_screen_close();
		ui_output_pass();
	}
}

static void *helper_run(void *arg)
{
	struct ui_screen_app *app = arg;
	struct ui_live live = { .log = NULL };

	xf_thread_mute();
	live_loop(app, &live);
	if (atomic_load(&app->reading))
		live_end(app, &live);
	atomic_store(&app->ended, true);
	return NULL;
}

void ui_screen_app_detach(struct ui_screen_app *app)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	atomic_store(&app->wanted, false);
	while (atomic_load(&app->reading) && !atomic_load(&app->ended))
		nanosleep(&pause, NULL);
}

void ui_screen_app_attach_shared(struct ui_screen_app *app, int fd)
{
	atomic_store(&app->shared, fd);
	ui_screen_app_attach(app);
}

void ui_screen_app_attach(struct ui_screen_app *app)
{
	atomic_store(&app->wanted, true);
}

bool ui_screen_app_left(struct ui_screen_app *app)
{
	return atomic_load(&app->left);
}

static void app_free(struct ui_screen_app *app)
{
	ui_scene_fini(&app->scene);
	ui_cells_fini(&app->cells);
	pthread_mutex_destroy(&app->lock);
	free(app->said);
	free(app);
}

static struct ui_screen_app *app_new(const struct ui_settings *settings, FILE *out)
{
	struct ui_screen_app *app = calloc(1, sizeof(*app));

	if (!app)
		return NULL;
	pthread_mutex_init(&app->lock, NULL);
	app->shared = -1;
	scene_init(&app->scene, settings, out);
	return app;
}

struct ui_screen_app *ui_screen_app_start_debug(const struct ui_settings *settings, const struct ui_debugger *debugger)
{
	struct ui_screen_app *app = app_new(settings, stdout);

	if (!app)
		return NULL;
	if (debugger)
		app->debugger = *debugger;
	app->wanted = !debugger;
	app->plain = settings->plain ? ui_text_stream(settings) : NULL;
	if (app->plain || open_screen(&app->scene, settings)) {
		if (!app->plain)
			ui_output_begin(output_came, app);
		if (!pthread_create(&app->helper, NULL, helper_run, app))
			return app;
		ui_screen_close();
		ui_output_end();
	}
	app_free(app);
	return NULL;
}

struct ui_screen_app *ui_screen_app_start(const struct ui_settings *settings)
{
	return ui_screen_app_start_debug(settings, NULL);
}

void ui_screen_app_freeze(struct ui_screen_app *app)
{
	if (app->frozen)
		return;
	atomic_store(&app->stop, true);
	pthread_join(app->helper, NULL);
	app->frozen = true;
}

/* The closed trace in the place of the live one: what was looked at stays, as far as it has a meaning. */
static void recorded_begin(struct ui_screen_app *app, const struct tr_log *log, const struct tr_verdicts *verdicts)
{
	struct ui_scene *s = &app->scene;

	ui_scene_drop(s);
	s->over = true;
	s->frozen = s->follow = false;
	s->debugger = (struct ui_debugger){ .ctx = NULL };
	if (!ui_scene_add(s, log, verdicts->model, verdicts, ""))
		return;
	ui_scene_begin(s);
	ui_scene_tell(s, "the run is over; q leaves, ? shows the keys");
}

static void signal_arrived(void *ctx, int number, unsigned count)
{
	(void)ctx, (void)number, (void)count; /* over() asks how many came */
}

/* A signal ends it as it ends a recording's screen, also where the command takes none itself. */
static void end_show(struct ui_screen_app *app, const struct tr_log *log, const struct tr_verdicts *verdicts)
{
	bool own = !ui_signals_running() && ui_signals_start(signal_arrived, NULL);

	recorded_begin(app, log, verdicts);
	app->dirty = true;
	while (app->scene.nr_runs && !over(app))
		turn(app);
	if (own)
		ui_signals_stop();
}

void ui_screen_app_finish(struct ui_screen_app *app, const struct tr_log *log,
			  const struct tr_verdicts *verdicts)
{
	ui_screen_app_freeze(app);
	if (!app->plain && !atomic_load(&app->left) && log && verdicts && verdicts->final)
		end_show(app, log, verdicts);
	ui_screen_close();
	ui_output_end();
	app_free(app);
}

/* ---- recorded */

/* Judges beside the screen. */
struct judge {
	struct ui_recorded *runs;
	int nr;
	pthread_t helper;
	bool started;
	_Atomic bool done;
};

static void *judge_run(void *arg)
{
	struct judge *j = arg;
	struct xf_error ignored = XF_ERROR_INIT; /* the header goes on saying that there is no verdict */

	xf_thread_mute();
	for (int i = 0; i < j->nr; i++)
		j->runs[i].judged = tr_verdicts_compute(j->runs[i].log, j->runs[i].verdicts, &ignored) == XF_OK;
	atomic_store(&j->done, true);
	return NULL;
}

static void judge_start(struct judge *j, struct ui_recorded *runs, int nr, bool aside)
{
	uint32_t events = 0;

	*j = (struct judge){ .runs = runs, .nr = nr };
	for (int i = 0; i < nr; i++)
		events += tr_log_nr_events(runs[i].log);
	j->started = aside && events > JUDGE_ASIDE && !pthread_create(&j->helper, NULL, judge_run, j);
	if (!j->started)
		judge_run(j);
}

/* Hands what was judged to the scene; once. */
static void judge_take(struct judge *j, struct ui_screen_app *app)
{
	if (!j->nr || !atomic_load(&j->done))
		return;
	for (int i = 0; i < j->nr; i++)
		if (j->runs[i].judged) {
			app->scene.runs[i].verdicts = j->runs[i].verdicts;
			app->scene.runs[i].model = j->runs[i].verdicts->model;
		}
	j->nr = 0;
	app->dirty = true;
}

static struct ui_screen_app *recorded_app(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs, FILE *out)
{
	struct ui_screen_app *app = app_new(settings, out);

	for (int i = 0; app && i < nr_runs; i++)
		if (!ui_scene_add(&app->scene, runs[i].log, NULL, NULL, runs[i].name)) {
			app_free(app);
			return NULL;
		}
	if (app)
		ui_scene_begin(&app->scene);
	return app;
}

/* The signals end the loop; nothing else is to be done for them. */
/* Another process still writes: the screen is live until it is done. */
static void growing_show(struct ui_screen_app *app, const struct ui_recorded *run)
{
	struct xf_error ignored = XF_ERROR_INIT; /* what was loaded stays usable */
	struct tr_model *model;

	if (tr_model_new(run->log, &model, &ignored))
		return;
	app->scene.runs[0].model = model;
	app->scene.live = app->scene.follow = true;
	for (app->dirty = true; !over(app) && !tr_log_ended(run->log);) {
		if (!app->scene.frozen)
			tr_log_refresh(run->log, &ignored);
		turn(app);
	}
	app->scene.over = true;
	app->scene.runs[0].model = NULL;
	app->scene.state = NULL;
	tr_model_free(model);
	ui_scene_begin(&app->scene);
}

bool ui_screen_app_view(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs)
{
	struct ui_screen_app *app = recorded_app(settings, runs, nr_runs, stdout);
	struct judge judge = { .nr = 0 };
	bool opened = app && (ui_signals_start(signal_arrived, NULL), open_screen(&app->scene, settings));

	if (opened) {
		if (nr_runs == 1 && !tr_log_ended(runs[0].log))
			growing_show(app, &runs[0]);
		judge_start(&judge, runs, nr_runs, true);
		for (app->dirty = true; !over(app);) {
			judge_take(&judge, app);
			turn(app);
		}
		ui_screen_close();
		if (judge.started)
			pthread_join(judge.helper, NULL);
	}
	ui_signals_stop();
	if (app)
		app_free(app);
	return opened;
}

/* ---- snapshots */

/* "Tab Tab Enter /part=3 Enter": names of keys; words that are none are typed letter by letter. */
static void keys_press(struct ui_screen_app *app, const char *text)
{
	struct ui_scene *s = &app->scene;

	while (*text) {
		size_t len = strcspn(text, " ");
		int key = len ? ui_key_find(text, len) : UI_KEY_NONE;
		if (key != UI_KEY_NONE)
			ui_scene_key(s, key);
		for (size_t i = 0; key == UI_KEY_NONE && i < len; i++)
			ui_scene_key(s, text[i]);
		while (!ui_scene_settle(s, STEP_EVENTS))
			;
		ui_view_draw(s, &app->cells); /* views note their sizes, by which keys move */
		text += len + (text[len] == ' ');
	}
}

static enum xf_status snapshot_size(const struct ui_settings *settings, int *rows, int *columns, struct xf_error *err)
{
	char rest;

	*columns = 80;
	*rows = 24;
	if (settings->screen_size && (sscanf(settings->screen_size, "%dx%d%c", columns, rows, &rest) != 2 || *columns < 1 ||
				      *rows < 1 || *columns > 1000 || *rows > 1000))
		return xf_fail(err, XF_INVALID, "--screen-size: '%s' is no size, as 80x24", settings->screen_size);
	return XF_OK;
}

static enum xf_status snapshot_write(const struct ui_settings *settings, struct ui_screen_app *app, struct xf_error *err)
{
	const char *path = settings->snapshot;
	size_t len = strlen(path);
	bool svg = len > 4 && !strcmp(path + len - 4, ".svg");
	FILE *out = !len || !strcmp(path, "-") ? stdout : fopen(path, "we");
	bool failed;

	if (!out)
		return xf_fail_errno(err, XF_IO, errno, "cannot write %s", path);
	if (svg)
		ui_cells_write_svg(&app->cells, app->scene.theme, out);
	else
		ui_cells_write(&app->cells, out);
	failed = ferror(out) || fflush(out);
	if (out != stdout)
		failed |= fclose(out) != 0;
	return failed ? xf_fail_errno(err, XF_IO, errno, "cannot write %s", path) : XF_OK;
}

enum xf_status ui_screen_app_snapshot(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs,
				      struct xf_error *err)
{
	struct ui_screen_app *app = recorded_app(settings, runs, nr_runs, stdout);
	struct judge judge;
	int rows, columns;
	enum xf_status status = snapshot_size(settings, &rows, &columns, err);

	if (!status && (!app || !ui_cells_resize(&app->cells, rows, columns)))
		status = xf_fail(err, XF_NOMEM, "no memory for the picture");
	if (!status) {
		judge_start(&judge, runs, nr_runs, false);
		judge_take(&judge, app);
		while (!ui_scene_settle(&app->scene, STEP_EVENTS))
			;
		ui_view_draw(&app->scene, &app->cells);
		keys_press(app, settings->keys ? settings->keys : "");
		ui_scene_settle(&app->scene, STEP_EVENTS);
		ui_view_draw(&app->scene, &app->cells);
		status = snapshot_write(settings, app, err);
	}
	if (app)
		app_free(app);
	return status;
}
