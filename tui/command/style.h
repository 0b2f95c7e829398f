/*
 * style: how an answer looks. Proof, witness and luck have a colour, a glyph and
 * a word each; colour is never the only one.
 */
#ifndef UI_COMMAND_STYLE_H
#define UI_COMMAND_STYLE_H

#include <stdio.h>

#include "tracer/verdict/verdict.h"
#include "tui/command/options.h"

/* ORDER tones */
enum ui_tone { UI_PROOF, UI_WITNESS, UI_LUCK, UI_HANG, UI_OPEN, UI_BAD, UI_DIM, UI_TONE_COUNT };

struct ui_style {
	bool colour; /* escape sequences are welcome */
	bool utf8;   /* else ASCII only */
};

/*
 * For what is written to out: colour on a terminal, unless NO_COLOR (not empty),
 * TERM=dumb or --plain say otherwise; UTF-8 by the locale, unless --plain.
 */
struct ui_style ui_style_for(FILE *out, const struct ui_settings *settings);

enum ui_tone ui_tone_of(enum tr_answer answer);

/* Escape sequences that begin and end a tone, or "". */
const char *ui_tone_begin(struct ui_style style, enum ui_tone tone);
const char *ui_tone_end(struct ui_style style);

/* The tone's mark: a glyph, or "[+]" and the like. */
const char *ui_tone_mark(struct ui_style style, enum ui_tone tone);

/* "512 ms", "1.20 s", "14m02s", "38 us". Returns buf. */
const char *ui_time_text(int64_t ns, char *buf, size_t cap);

/* "100.0 MB", powers of two, as the sizes that are read. Returns buf. */
const char *ui_size_text(uint64_t bytes, char *buf, size_t cap);

#endif
