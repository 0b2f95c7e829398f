/*
 * output: what is written to standard output and standard error while the screen
 * has the terminal, by this process and by those it starts. It goes to a pane instead of over the
 * picture, and where it was meant to go once the terminal is free again.
 *
 * The descriptors that are the terminal are replaced by a pseudo-terminal, as
 * programs hold their lines back where they see a pipe, and standard input by nothing, as the
 * keys are the screen's. The pseudo-terminal changes nothing of what is written, has our terminal's size, and
 * reads lines as any terminal does. Those that were sent elsewhere by the user are left alone. All
 * that came is kept in a file without a name, not in memory.
 */
#ifndef UI_SCREEN_OUTPUT_H
#define UI_SCREEN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* On the helper, which is muted: a piece of what was written. */
typedef void (*ui_output_fn)(void *ctx, const char *text, size_t len);

/*
 * Begins; the screen is open and draws on descriptors of its own. There is one. False: it
 * cannot be done, and output goes to the terminal as ever. Thread: one at a time, as for all but rescue.
 */
bool ui_output_begin(ui_output_fn came, void *ctx);

/* The master of the pseudo-terminal that programs write to; -1: there is none. Borrowed until the end.
 * Who asks lends it to a program as its own: what is typed once the terminal is free is for that. */
int ui_output_terminal(void);

/*
 * The terminal is free: descriptors are given back, what came is written out, and what
 * still comes from programs that were started meanwhile is passed on at once; what is typed goes to their terminal,
 * which echoes it, or not. Idempotent.
 */
void ui_output_pass(void);

/* Nobody will write any more: the rest is passed on, then everything is freed. Idempotent. */
void ui_output_end(void);

/* The process is about to die: descriptors are given back, what was not read is written out. Async-signal-safe. */
void ui_output_rescue(void);

#endif
