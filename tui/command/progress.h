/*
 * progress: one line on standard error while an upload runs: parts done and in
 * flight, bytes acknowledged against bytes read, rate, time left. A muted helper
 * thread reads the live recording and redraws at most ten times a second; the transfer's threads do
 * nothing for it. With --plain a new line every two seconds instead.
 */
#ifndef UI_COMMAND_PROGRESS_H
#define UI_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/command/live.h"

/* Starts the helper, once. Does nothing when standard error is no terminal. */
void ui_progress_start(bool plain);

/* Ends it and takes the line away. Before the recording is stopped. Idempotent. */
void ui_progress_stop(void);

/*
 * The line, at most `columns` wide (columns > 0): what matters least is left out
 * first. Arithmetic only. Returns buf.
 */
const char *ui_progress_line(const struct ui_totals *totals, int64_t elapsed_ns, unsigned columns,
			     char *buf, size_t cap);

#endif
