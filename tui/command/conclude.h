/*
 * conclude: the end of every command that judges: the text for people, what was
 * expected, the JSON. All of it from the closed trace, so that what a run prints at its
 * end and what `verdict` prints from the file are the same.
 */
#ifndef UI_COMMAND_CONCLUDE_H
#define UI_COMMAND_CONCLUDE_H

#include <stdio.h>

#include "tui/command/recording.h"

/* Where text for people goes: standard output, unless the JSON document goes there. */
FILE *ui_text_stream(const struct ui_settings *settings);

/*
 * command: its word in the JSON. trace may be NULL: nothing was recorded, and then there is no
 * verdict. errors: say why transfers failed. Returns UI_EXIT_DONE, UI_EXIT_UNMET, or
 * UI_EXIT_FAILED when the JSON could not be written.
 */
int ui_conclude(const struct ui_recording *trace, const struct ui_settings *settings, const char *command,
		bool errors);
/* The same with the text for people on out: for commands whose standard output is somebody else's. */
int ui_conclude_to(FILE *out, const struct ui_recording *trace, const struct ui_settings *settings,
		   const char *command, bool errors);

/*
 * What a run came to, kept beyond its recording: for a command that makes several runs and says at its
 * end what the last one came to.
 */
struct ui_conclusion;

/* As above for trace. Owns: the result, ui_conclusion_free(). NULL: out of memory. */
struct ui_conclusion *ui_conclusion_new(const struct ui_recording *trace, const struct ui_settings *settings,
					const char *command);
void ui_conclusion_free(struct ui_conclusion *c);

/* What was not met, to standard error, and the JSON where it is wanted. Returns as ui_conclude(). */
int ui_conclusion_say(const struct ui_conclusion *c, const struct ui_settings *settings);

#endif
