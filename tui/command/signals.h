/*
 * signals: the one place SIGINT, SIGTERM and SIGHUP arrive. They are blocked in
 * every thread and taken by a helper of ours (sigwait), so that what they cause
 * runs as ordinary code: no handler, nothing async-signal-safe to mind.
 */
#ifndef UI_COMMAND_SIGNALS_H
#define UI_COMMAND_SIGNALS_H

#include <stdbool.h>

/*
 * On the helper thread, which is muted: count is 1 for the first signal, 2 for
 * the second … May block.
 */
typedef void (*ui_signal_fn)(void *ctx, int number, unsigned count);

/*
 * Blocks the signals in the calling thread, and so in all it makes, and starts the helper. Once
 * a process; before the first thread. False: no thread could be made, and the signals kill as usual.
 */
bool ui_signals_start(ui_signal_fn arrived, void *ctx);

/* Ends the helper; the signals kill again. Idempotent. Not from the helper. */
void ui_signals_stop(void);

/* Started and not stopped. */
bool ui_signals_running(void);

/* Signals that arrived since the start. */
unsigned ui_signals_count(void);

/* For a child between fork and exec: the mask as it was before the start. Async-signal-safe. */
void ui_signals_restore_in_child(void);

#endif
