/*
 * loop: a scene on the terminal: draws when there is something new, but not too often, and
 * hands the scene what is typed. Live runs and recordings are shown by it.
 *
 * Thread: one at a time.
 */
#ifndef UI_SCREEN_LOOP_H
#define UI_SCREEN_LOOP_H

#include "tui/command/options.h"
#include "tui/screen/scene.h"

enum { UI_STEP_EVENTS = 500000 }; /* taken in between two looks at the keyboard */

struct ui_loop {
	struct ui_scene scene;
	struct ui_cells cells;
	uint32_t drawn_events;
	uint64_t drawn_ns;
	bool dirty;              /* something has changed besides the trace */
};

/* Opens the terminal for the scene, as the user left it last. False, after saying why, when it will not do. */
bool ui_loop_open(struct ui_loop *loop, const struct ui_settings *settings);

/* The terminal is given back: how the screen was left is kept, and the last picture goes onto the terminal where that was wanted. */
void ui_loop_keep(const struct ui_loop *loop);

/* One turn: draws when there is something new, then waits a little for keys. */
void ui_loop_turn(struct ui_loop *loop);

/* Takes keys alone, waiting at most wait_ms for the first. */
void ui_loop_keys(struct ui_loop *loop, int wait_ms);

/* From now on (or no longer) signals end the loop, where the command takes none itself. */
void ui_loop_signals(bool on);

/* The user has left, the terminal is gone, or a signal came. */
bool ui_loop_over(const struct ui_loop *loop);

#endif
