/*
 * act: what requests do to a scene. ui_scene_request() hands each to its group; the rest is what one
 * group needs of another. For the files of the scene: scene, travel, lists, debugging, talk, mouse.
 */
#ifndef UI_SCREEN_ACT_H
#define UI_SCREEN_ACT_H

#include "tui/screen/scene.h"

/* One function a group of requests; argument NULL: none was given. */
void ui_act_move(struct ui_scene *scene, enum ui_request request);
void ui_act_time(struct ui_scene *scene, enum ui_request request, const char *argument);
void ui_act_zoom(struct ui_scene *scene, enum ui_request request);
void ui_act_pane(struct ui_scene *scene, enum ui_request request);
void ui_act_list(struct ui_scene *scene, enum ui_request request, const char *argument);
void ui_act_debug(struct ui_scene *scene, enum ui_request request);
void ui_act_leave(struct ui_scene *scene, enum ui_request request);

/* The timeline's window: all of the runs; is it that; so that the cursor is in it; elsewhere; what a column stands for. */
void ui_window_fit(struct ui_scene *scene);
bool ui_window_is_fit(const struct ui_scene *scene);
void ui_window_to_cursor(struct ui_scene *scene);
void ui_window_pan(struct ui_scene *scene, int64_t by_ns);
int64_t ui_window_column_ns(const struct ui_scene *scene);

/* To the last event at or before an axis time; with dir -1 or 1 not to the one under the cursor. */
void ui_travel_time(struct ui_scene *scene, int64_t t_ns, int dir);
/* To what a user typed: "1.5s", "20ms", "#1234". */
void ui_travel_text(struct ui_scene *scene, const char *text);

/* The list in focus: by so many lines; the filter that holds there, "" for none. */
void ui_list_move(struct ui_scene *scene, int64_t by);
const char *ui_list_filter(const struct ui_scene *scene);
/* Orders a pane by a column, and the other way round when it is so ordered. */
void ui_list_sort_by(struct ui_scene *scene, enum ui_pane pane, int column);
/* Searches or filters for text; goes to the next (1) or previous (-1) match. */
void ui_list_search(struct ui_scene *scene, const char *text, bool filter);
void ui_list_search_go(struct ui_scene *scene, int dir);

/* Lets the user type: the line so far. */
void ui_scene_ask(struct ui_scene *scene, enum ui_input input, const char *line);
/* A command of the prompt, refused where there is no debugger. */
void ui_scene_prompt(struct ui_scene *scene, const char *command);

#endif
