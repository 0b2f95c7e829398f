#include "tui/screen/app.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/event/emit.h"
#include "tui/command/conclude.h"
#include "tui/command/live.h"
#include "tui/command/signals.h"
#include "tui/screen/loop.h"
#include "tui/screen/output.h"
#include "tui/screen/plain.h"
#include "tui/screen/screen.h"
#include "tui/screen/setup.h"

enum { FRAME_MS = 100 }; /* so often is looked for a recording, and for what is new in it */

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
	struct ui_loop loop;
	bool frozen;
	/* under lock: what other threads have for the prompt pane */
	pthread_mutex_t lock;
	char *said;
	size_t said_len;
};

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
		ui_lines_write(&app->loop.scene.lines, said, len);
		app->loop.dirty = true;
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

/* ---- the helper */

static void live_begin(struct ui_screen_app *app, struct ui_live *live)
{
	app->loop.scene.live = true;
	app->loop.scene.debugger = app->debugger;
	if (!ui_scene_add(&app->loop.scene, live->log, live->model, NULL, ""))
		return;
	ui_scene_begin(&app->loop.scene);
}

/* Lets go of what is read. */
static void live_end(struct ui_screen_app *app, struct ui_live *live)
{
	ui_scene_drop(&app->loop.scene);
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
		app->loop.dirty = true;
	} else if (!wanted && reading) {
		live_end(app, live);
	}
}

static void live_turn(struct ui_screen_app *app, struct ui_live *live)
{
	struct xf_error ignored = XF_ERROR_INIT; /* what was loaded stays usable */

	if (!app->loop.scene.nr_runs) {
		ui_loop_keys(&app->loop, FRAME_MS);
		return;
	}
	if (!app->loop.scene.frozen)
		tr_log_refresh(live->log, &ignored);
	said_take(app);
	ui_loop_turn(&app->loop);
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

	while (!last && !app->loop.scene.quit && !ui_screen_lost()) {
		last = atomic_load(&app->stop);
		live_settle(app, live);
		if (app->plain)
			plain_turn(app, live);
		else if (!last)
			live_turn(app, live);
	}
	if (app->loop.scene.quit || ui_screen_lost()) {
		atomic_store(&app->left, true);
		ui_screen_close();
		ui_output_pass();
		ui_loop_keep(&app->loop);
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

int ui_screen_app_terminal(const struct ui_screen_app *app)
{
	int terminal = app && !app->plain ? ui_output_terminal() : -1;

	return terminal > 0 ? terminal : 0;
}

bool ui_screen_app_left(struct ui_screen_app *app)
{
	return atomic_load(&app->left);
}

static void app_free(struct ui_screen_app *app)
{
	ui_scene_fini(&app->loop.scene);
	ui_cells_fini(&app->loop.cells);
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
	ui_screen_setup(&app->loop.scene, settings, out);
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
	if (app->plain || ui_loop_open(&app->loop, settings)) {
		if (!app->plain)
			ui_output_begin(output_came, app);
		if (!pthread_create(&app->helper, NULL, helper_run, app)) {
			pthread_setname_np(app->helper, "xferdb-screen");
			return app;
		}
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
	struct ui_scene *s = &app->loop.scene;

	ui_scene_drop(s);
	s->over = true;
	s->frozen = s->follow = false;
	s->debugger = (struct ui_debugger){ .ctx = NULL };
	if (!ui_scene_add(s, log, verdicts->model, verdicts, ""))
		return;
	ui_scene_begin(s);
	ui_scene_tell(s, "the run is over; q leaves, ? shows the keys");
}

/* A signal ends it as it ends a recording's screen, also where the command takes none itself. */
static void end_show(struct ui_screen_app *app, const struct tr_log *log, const struct tr_verdicts *verdicts)
{
	bool own = !ui_signals_running();

	if (own)
		ui_loop_signals(true);
	recorded_begin(app, log, verdicts);
	app->loop.dirty = true;
	while (app->loop.scene.nr_runs && !ui_loop_over(&app->loop)) {
		said_take(app);
		ui_loop_turn(&app->loop);
	}
	if (own)
		ui_loop_signals(false);
}

void ui_screen_app_finish(struct ui_screen_app *app, const struct tr_log *log,
			  const struct tr_verdicts *verdicts)
{
	ui_screen_app_freeze(app);
	if (!app->plain && !atomic_load(&app->left) && log && verdicts && verdicts->final)
		end_show(app, log, verdicts);
	ui_screen_close();
	ui_output_end();
	if (!app->plain && !atomic_load(&app->left))
		ui_loop_keep(&app->loop);
	app_free(app);
}
