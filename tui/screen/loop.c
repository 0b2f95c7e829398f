#include "tui/screen/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/clock.h"
#include "tui/command/signals.h"
#include "tui/command/style.h"
#include "tui/screen/screen.h"
#include "tui/screen/state.h"
#include "tui/screen/view.h"

enum {
	FRAME_MS = 100,          /* a live picture at most so often; a key is answered at once */
	CLOCK_MS = 250,          /* so often the clock moves where nothing happens */
	LEAST_FRAME_MS = 33,     /* and never more than 30 pictures a second */
	MOST_KEYS = 64,          /* of those that came together between two pictures */
};

/* As the user left it, but for what is asked for now. */
static void as_left(struct ui_scene *s, const struct ui_settings *settings)
{
	const struct ui_theme *theme = s->theme;

	ui_state_load(s);
	if (settings->theme || !strcmp(theme->name, "mono") || !strcmp(s->theme->name, "mono"))
		s->theme = theme;
}

bool ui_loop_open(struct ui_loop *l, const struct ui_settings *settings)
{
	struct ui_scene *s = &l->scene;
	struct ui_screen_options options = { s->theme, strcmp(s->theme->name, "mono") != 0, !settings->no_mouse };
	const char *why;

	as_left(s, settings);
	options.theme = s->theme;
	if (ui_screen_open(&options, &why)) {
		if (!ui_screen_colours()) /* then shape has to tell */
			ui_screen_theme(s->theme = ui_theme_find("mono"));
		return true;
	}
	fprintf(stderr, "xferdb: no screen: %s\n", why);
	return false;
}

void ui_loop_keep(const struct ui_loop *l)
{
	ui_state_save(&l->scene);
	if (l->scene.quit && l->scene.keep)
		ui_cells_write(&l->cells, stdout);
	fflush(stdout);
}

static bool picture(struct ui_loop *l)
{
	int rows, columns;

	ui_screen_size(&rows, &columns);
	if ((rows != l->cells.rows || columns != l->cells.columns) && !ui_cells_resize(&l->cells, rows, columns))
		return false;
	ui_view_draw(&l->scene, &l->cells);
	ui_screen_show(&l->cells);
	l->drawn_events = tr_log_nr_events(ui_scene_run(&l->scene)->log);
	l->drawn_ns = xf_clock_mono_ns();
	l->dirty = false;
	return true;
}

static bool resized(const struct ui_loop *l)
{
	int rows, columns;

	ui_screen_size(&rows, &columns);
	return rows != l->cells.rows || columns != l->cells.columns;
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

/* Waits for a key, takes those that came with it, too; what is typed behind the one that leaves is not for us. */
void ui_loop_keys(struct ui_loop *l, int wait_ms)
{
	struct ui_mouse mouse;
	int key = ui_screen_key(wait_ms, &mouse);

	for (int i = 1; key != UI_KEY_NONE && !l->scene.quit; i++) {
		if (key == UI_KEY_MOUSE)
			ui_scene_mouse(&l->scene, mouse.row, mouse.column, mouse.turn);
		else
			ui_scene_key(&l->scene, key);
		asked_do(&l->scene);
		l->dirty = true;
		key = i < MOST_KEYS && !l->scene.quit ? ui_screen_key(0, &mouse) : UI_KEY_NONE;
	}
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
void ui_loop_turn(struct ui_loop *l)
{
	bool ticks = clock_set(&l->scene);
	bool all = ui_scene_settle(&l->scene, UI_STEP_EVENTS);
	int64_t since_ms = (int64_t)(xf_clock_mono_ns() - l->drawn_ns) / 1000000;
	bool grown = tr_log_nr_events(ui_scene_run(&l->scene)->log) != l->drawn_events && !l->scene.frozen;

	if (resized(l) || !all || (ticks && since_ms >= CLOCK_MS) || ((l->dirty || grown) && since_ms >= LEAST_FRAME_MS))
		picture(l);
	ui_loop_keys(l, !all ? 0 : l->dirty ? LEAST_FRAME_MS : FRAME_MS);
}

static void signal_arrived(void *ctx, int number, unsigned count)
{
	(void)ctx, (void)number, (void)count; /* ui_loop_over() asks how many came */
}

void ui_loop_signals(bool on)
{
	if (on)
		ui_signals_start(signal_arrived, NULL);
	else
		ui_signals_stop();
}

bool ui_loop_over(const struct ui_loop *l)
{
	return l->scene.quit || ui_screen_lost() || ui_signals_count();
}
