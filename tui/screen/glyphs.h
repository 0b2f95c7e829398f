/*
 * glyphs: the marks of the screen, each in UTF-8 and in ASCII. Marks that tell a
 * state differ in both; none is Braille, none is wider than one column.
 */
#ifndef UI_SCREEN_GLYPHS_H
#define UI_SCREEN_GLYPHS_H

#include <stdbool.h>

#include "tracer/trace/model.h"
#include "tui/screen/theme.h"

/* ORDER glyphs: rows in glyphs.c */
enum ui_glyph {
	UI_GLYPH_CALL_BEGIN, UI_GLYPH_CALL_END, UI_GLYPH_INSIDE, UI_GLYPH_BARRIER, UI_GLYPH_VERTICAL,
	UI_GLYPH_WAKE_FROM, UI_GLYPH_WAKE_UP, UI_GLYPH_WAKE_DOWN, UI_GLYPH_TICK, UI_GLYPH_HERE,
	UI_GLYPH_RULE, UI_GLYPH_CRUMB, UI_GLYPH_MORE, UI_GLYPH_LIVE, UI_GLYPH_FROZEN, UI_GLYPH_RECORDED,
	UI_GLYPH_DOT, UI_GLYPH_ARROW, UI_GLYPH_GAUGE_FULL, UI_GLYPH_GAUGE_EMPTY, UI_GLYPH_PASSED,
	UI_GLYPH_WAITING, UI_GLYPH_COMING, UI_GLYPH_TAG, UI_GLYPH_COUNT
};

const char *ui_glyph(bool utf8, enum ui_glyph glyph);

/* What a thread does: mark, role, and a word or two for legends. */
const char *ui_activity_glyph(bool utf8, enum tr_activity activity);
enum ui_role ui_activity_role(enum tr_activity activity);
const char *ui_activity_word(enum tr_activity activity);

/* What became of a part so far. held: it is. */
const char *ui_part_glyph(bool utf8, enum tr_part_phase phase, bool held);
enum ui_role ui_part_role(enum tr_part_phase phase, bool held);

/* Height `level` of `most` as one character; 0 is the lowest. */
const char *ui_level_glyph(bool utf8, int64_t level, int64_t most);

#endif
