/*
 * moment: who waited for whom at a moment of a recording under way, as the trace tells it.
 *
 * Ctrl-C at a terminal reaches the program as soon as it reaches us: by the time its threads are
 * looked at it is already on its way out. What it waited for stands in the trace.
 */
#ifndef UI_COMMAND_MOMENT_H
#define UI_COMMAND_MOMENT_H

#include <stdint.h>
#include <stdio.h>

/* Of this process' recording, which others write into: the main thread and every open call, as of mono_ns. */
void ui_moment_print(FILE *out, uint64_t mono_ns);

#endif
