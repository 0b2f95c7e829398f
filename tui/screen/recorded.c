#include "tui/screen/recorded.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/emit.h"
#include "tui/screen/loop.h"
#include "tui/screen/screen.h"
#include "tui/screen/setup.h"
#include "tui/screen/tables.h"
#include "tui/screen/view.h"

enum { JUDGE_ASIDE = 500000 }; /* events from which a recording is judged beside the screen */

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
static void judge_take(struct judge *j, struct ui_loop *l)
{
	if (!j->nr || !atomic_load(&j->done))
		return;
	for (int i = 0; i < j->nr; i++)
		if (j->runs[i].judged) {
			l->scene.runs[i].verdicts = j->runs[i].verdicts;
			l->scene.runs[i].model = j->runs[i].verdicts->model;
		}
	j->nr = 0;
	l->dirty = true;
}

static void loop_free(struct ui_loop *l)
{
	ui_scene_fini(&l->scene);
	ui_cells_fini(&l->cells);
	free(l);
}

static struct ui_loop *loop_new(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs, FILE *out)
{
	struct ui_loop *l = calloc(1, sizeof(*l));

	if (l)
		ui_screen_setup(&l->scene, settings, out);
	for (int i = 0; l && i < nr_runs; i++)
		if (!ui_scene_add(&l->scene, runs[i].log, NULL, NULL, runs[i].name)) {
			loop_free(l);
			return NULL;
		}
	if (l)
		ui_scene_begin(&l->scene);
	return l;
}

/* Another process still writes: the screen is live until it is done. */
static bool growing_show(struct ui_loop *l, struct ui_recorded *run)
{
	struct xf_error ignored = XF_ERROR_INIT; /* what was loaded stays usable */
	struct tr_model *model;
	struct tr_log *whole;

	if (tr_model_new(run->log, &model, &ignored))
		return true;
	l->scene.runs[0].model = model;
	l->scene.live = l->scene.follow = true;
	for (l->dirty = true; !ui_loop_over(l) && !tr_log_ended(run->log);) {
		if (!l->scene.frozen)
			tr_log_refresh(run->log, &ignored);
		ui_loop_turn(l);
	}
	l->scene.over = true;
	ui_scene_drop(&l->scene);
	tr_model_free(model);
	/* what came late for its place stands in it only in a log that was loaded at once */
	if (run->path && tr_log_open(run->path, &whole, &ignored) == XF_OK)
		run->log = whole;
	if (!ui_scene_add(&l->scene, run->log, NULL, NULL, run->name))
		return false;
	ui_scene_begin(&l->scene);
	return true;
}

bool ui_recorded_view(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs)
{
	struct ui_loop *l = loop_new(settings, runs, nr_runs, stdout);
	struct judge judge = { .nr = 0 };
	bool opened = l && (ui_loop_signals(true), ui_loop_open(l, settings));

	if (opened) {
		if (nr_runs == 1 && !tr_log_ended(runs[0].log))
			l->scene.quit |= !growing_show(l, &runs[0]);
		judge_start(&judge, runs, nr_runs, true);
		for (l->dirty = true; !ui_loop_over(l);) {
			judge_take(&judge, l);
			ui_loop_turn(l);
		}
		ui_screen_close();
		ui_loop_keep(l);
		if (judge.started)
			pthread_join(judge.helper, NULL);
	}
	ui_loop_signals(false);
	if (l)
		loop_free(l);
	return opened;
}

/* ---- snapshots */

/* "Tab Tab Enter /part=3 Enter": names of keys; words that are none are typed letter by letter. */
static void keys_press(struct ui_loop *l, const char *text)
{
	struct ui_scene *s = &l->scene;

	while (*text) {
		size_t len = strcspn(text, " ");
		int key = len ? ui_key_find(text, len) : UI_KEY_NONE;
		if (key != UI_KEY_NONE)
			ui_scene_key(s, key);
		for (size_t i = 0; key == UI_KEY_NONE && i < len; i++)
			ui_scene_key(s, text[i]);
		while (!ui_scene_settle(s, UI_STEP_EVENTS))
			;
		ui_view_draw(s, &l->cells); /* views note their sizes, by which keys move */
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

static enum xf_status snapshot_write(const struct ui_settings *settings, struct ui_loop *l, struct xf_error *err)
{
	const char *path = settings->snapshot ? settings->snapshot : "";
	enum ui_table_format format;
	size_t len = strlen(path);
	bool svg = len > 4 && !strcmp(path + len - 4, ".svg");
	FILE *out = !len || !strcmp(path, "-") ? stdout : fopen(path, "we");
	bool failed;

	if (!out)
		return xf_fail_errno(err, XF_IO, errno, "cannot write %s", path);
	if (settings->view_mode && ui_tables_format(settings->view_mode, &format))
		ui_tables_write(&l->scene, format, out);
	else if (svg)
		ui_cells_write_svg(&l->cells, l->scene.theme, out);
	else
		ui_cells_write(&l->cells, out);
	failed = ferror(out) || fflush(out);
	if (out != stdout)
		failed |= fclose(out) != 0;
	return failed ? xf_fail_errno(err, XF_IO, errno, "cannot write %s", path) : XF_OK;
}

enum xf_status ui_recorded_snapshot(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs,
				      struct xf_error *err)
{
	struct ui_loop *l = loop_new(settings, runs, nr_runs, stdout);
	struct judge judge;
	int rows, columns;
	enum xf_status status = snapshot_size(settings, &rows, &columns, err);

	if (!status && (!l || !ui_cells_resize(&l->cells, rows, columns)))
		status = xf_fail(err, XF_NOMEM, "no memory for the picture");
	if (!status) {
		judge_start(&judge, runs, nr_runs, false);
		judge_take(&judge, l);
		while (!ui_scene_settle(&l->scene, UI_STEP_EVENTS))
			;
		ui_view_draw(&l->scene, &l->cells);
		keys_press(l, settings->keys ? settings->keys : "");
		ui_scene_settle(&l->scene, UI_STEP_EVENTS);
		ui_view_draw(&l->scene, &l->cells);
		status = snapshot_write(settings, l, err);
	}
	if (l)
		loop_free(l);
	return status;
}
