/*
 * rows: the lines of a pane in the order and choice the user wants: which of its items are shown,
 * ordered by which column, which are tagged, which match what is searched. A view says how
 * many items it has and what stands in each column; the rest is here.
 *
 * A filter or search here is words: "request-1|request-2", "!ended", "state=waits*": an alternative
 * is a text that some column contains, or COLUMN=TEXT, the whole of that column, with * and ?;
 * '!' before all of it means the opposite. Letters are compared without case.
 */
#ifndef UI_SCREEN_ROWS_H
#define UI_SCREEN_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/screen/layout.h"

struct ui_scene;

enum { UI_MAX_COLUMNS = 12 };

/* A column of a list. */
struct ui_column {
	const char *name;
	bool by_text;              /* ordered by what it says, else by the view's key */
	bool duration;             /* in words for people, in ns for programs */
};

/* A list's place and order. */
struct ui_list_view {
	uint32_t row, top;
	int sort;                  /* column; 0: as the items come */
	bool inverted;
	int at[UI_MAX_COLUMNS];    /* where each column begins on the screen, as last drawn; 0: nowhere */
	char filter[256], search[256];
	/* of a view with items: those that are shown, in order; as last drawn */
	uint32_t *list, nr, cap;
	uint32_t *tags, nr_tags, cap_tags; /* items, ascending; for events: their numbers */
};

void ui_rows_fini(struct ui_list_view *list);

/* Chooses and orders anew: before a pane is drawn. Keys then mean what was seen. */
void ui_rows_settle(struct ui_scene *scene, enum ui_pane pane);

/* Lines; the item at a line, and the line of an item; TR_NONE. */
uint32_t ui_rows_nr(const struct ui_scene *scene, enum ui_pane pane);
uint32_t ui_rows_item(const struct ui_scene *scene, enum ui_pane pane, uint32_t row);
uint32_t ui_rows_find(const struct ui_scene *scene, enum ui_pane pane, uint32_t item);

/* Does the item match what is searched in this pane? The next or previous (dir 1, -1) line that does; TR_NONE. */
bool ui_rows_match(const struct ui_scene *scene, enum ui_pane pane, uint32_t item);
uint32_t ui_rows_search(const struct ui_scene *scene, enum ui_pane pane, uint32_t row, int dir);

bool ui_rows_tagged(const struct ui_list_view *list, uint32_t item);
void ui_rows_tag(struct ui_list_view *list, uint32_t item); /* or takes the tag away */

/* Does any of the words hold for a line of these columns? Exposed for tests. */
bool ui_words_match(const char *words, const struct ui_column *columns, const char *const *texts);

#endif
