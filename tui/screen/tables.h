/*
 * tables: what the list panes show, without a screen: for people, for a page, for a spreadsheet, for a
 * program. The same items, columns, order and filters as on the screen, at the moment of the cursor.
 */
#ifndef UI_SCREEN_TABLES_H
#define UI_SCREEN_TABLES_H

#include <stdio.h>

#include "tui/screen/scene.h"

/* ORDER table formats: the words of view's --mode */
enum ui_table_format { UI_TABLES_PRETTY, UI_TABLES_MARKDOWN, UI_TABLES_CSV, UI_TABLES_JSON };

/* False: there is no such word. */
bool ui_tables_format(const char *word, enum ui_table_format *format);

/* The scene is settled. */
void ui_tables_write(struct ui_scene *scene, enum ui_table_format format, FILE *out);

#endif
