/* linger: how long a process stays after a return that did not wait (--linger). */
#ifndef UI_COMMAND_LINGER_H
#define UI_COMMAND_LINGER_H

#include "core/transfer/manager.h"
#include "tui/command/options.h"

/*
 * Stays until the work is over, the time is, or interrupted() says so. False: work is left undone; every
 * transfer has a name by then (its Create was answered), if that took no longer than a second.
 * Without a limit it does not stay at all and returns true: xf_manager_exit() waits.
 */
bool ui_linger(struct xf_manager *m, const struct ui_settings *settings, const struct xf_transfer_config *config,
	       bool (*interrupted)(void *ctx), void *ctx);

#endif
