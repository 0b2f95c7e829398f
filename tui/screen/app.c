#include "tui/screen/app.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/emit.h"
#include "tui/command/live.h"
#include "tui/command/style.h"
#include "tui/screen/screen.h"
#include "tui/screen/view.h"

enum { FRAME_MS = 100 };

struct ui_screen_app {
	pthread_t helper;
	_Atomic bool stop;        /* the helper is to end */
	_Atomic bool left;        /* the user pressed q: no more pictures */
	/* helper only while it lives, then main only */
	struct ui_cells cells;
	struct ui_strips strips;
	int first_lane;
	int64_t elapsed_ns;
	uint64_t begin_ns;
	bool frozen;
};

static void scroll(struct ui_screen_app *app, int by, uint32_t nr_threads)
{
	int most = nr_threads ? (int)nr_threads - 1 : 0, to = app->first_lane + by;

	app->first_lane = to < 0 ? 0 : to > most ? most : to;
}

/* Returns false when the user leaves. */
static bool key_handle(struct ui_screen_app *app, int key, uint32_t nr_threads)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 'j':
	case UI_KEY_DOWN:
		scroll(app, 1, nr_threads);
		break;
	case 'k':
	case UI_KEY_UP:
		scroll(app, -1, nr_threads);
		break;
	case UI_KEY_PAGE_DOWN:
		scroll(app, 10, nr_threads);
		break;
	case UI_KEY_PAGE_UP:
		scroll(app, -10, nr_threads);
		break;
	case 'g':
	case UI_KEY_HOME:
		app->first_lane = 0;
		break;
	case 'G':
	case UI_KEY_END:
		scroll(app, (int)nr_threads, nr_threads);
		break;
	default:
		break;
	}
	return true;
}

static void picture(struct ui_screen_app *app, struct ui_scene *scene)
{
	int rows, columns;

	ui_screen_size(&rows, &columns);
	if ((rows != app->cells.rows || columns != app->cells.columns) &&
	    !ui_cells_resize(&app->cells, rows, columns))
		return;
	scene->strips = &app->strips;
	scene->first_lane = app->first_lane;
	scene->elapsed_ns = app->elapsed_ns;
	ui_view_draw(scene, &app->cells);
	ui_screen_show(&app->cells);
}

static void frame(struct ui_screen_app *app, struct ui_live *live)
{
	const struct tr_state *state = ui_live_now(live);
	struct ui_scene scene = { .log = live->log, .state = state, .live = true };

	app->elapsed_ns = (int64_t)(xf_clock_mono_ns() - app->begin_ns);
	if (!state)
		return;
	ui_strips_add(&app->strips, state);
	picture(app, &scene);
	if (!key_handle(app, ui_screen_key(FRAME_MS), state->nr_threads)) {
		atomic_store(&app->left, true);
		ui_screen_close();
	}
}

static void *helper_run(void *arg)
{
	struct ui_screen_app *app = arg;
	struct ui_live live = { .log = NULL };
	struct xf_error err = XF_ERROR_INIT;

	xf_thread_mute();
	if (ui_live_open(&live, &err))
		return NULL;
	while (!atomic_load(&app->stop) && !atomic_load(&app->left))
		frame(app, &live);
	ui_live_close(&live);
	return NULL;
}

static void app_free(struct ui_screen_app *app)
{
	ui_cells_fini(&app->cells);
	free(app->strips.marks);
	free(app);
}

static struct ui_screen_app *app_new(const struct ui_settings *settings)
{
	struct ui_screen_app *app = calloc(1, sizeof(*app));

	if (!app)
		return NULL;
	app->strips.nr_lanes = UI_MAX_LANES;
	app->strips.marks = malloc(sizeof(*app->strips.marks) * UI_MAX_LANES);
	if (app->strips.marks)
		memset(app->strips.marks, ' ', sizeof(*app->strips.marks) * UI_MAX_LANES);
	app->cells.utf8 = ui_style_for(stdout, settings).utf8;
	app->begin_ns = xf_clock_mono_ns();
	if (app->strips.marks)
		return app;
	app_free(app);
	return NULL;
}

struct ui_screen_app *ui_screen_app_start(const struct ui_settings *settings)
{
	struct ui_screen_app *app = app_new(settings);
	const char *why = "out of memory";

	if (app && ui_screen_open(ui_style_for(stdout, settings).colour, &why)) {
		if (!pthread_create(&app->helper, NULL, helper_run, app))
			return app;
		ui_screen_close();
		why = "no thread could be made";
	}
	if (app)
		app_free(app);
	fprintf(stderr, "xferdb: no screen: %s\n", why);
	return NULL;
}

void ui_screen_app_freeze(struct ui_screen_app *app)
{
	if (app->frozen)
		return;
	atomic_store(&app->stop, true);
	pthread_join(app->helper, NULL);
	app->frozen = true;
}

/* The closed trace, until the user leaves. */
static void end_show(struct ui_screen_app *app, const struct tr_log *log, const struct tr_verdicts *verdicts)
{
	struct ui_scene scene = { .log = log, .state = verdicts->final, .verdicts = verdicts };

	do
		picture(app, &scene);
	while (key_handle(app, ui_screen_key(FRAME_MS), verdicts->final->nr_threads));
}

void ui_screen_app_finish(struct ui_screen_app *app, const struct tr_log *log,
			  const struct tr_verdicts *verdicts)
{
	ui_screen_app_freeze(app);
	if (!atomic_load(&app->left) && log && verdicts && verdicts->final)
		end_show(app, log, verdicts);
	ui_screen_close();
	app_free(app);
}
