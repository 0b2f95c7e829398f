/* visible: a HEAD right after the call's return: is each object there, as a reader would see it? */
#ifndef UI_COMMAND_VISIBLE_H
#define UI_COMMAND_VISIBLE_H

#include "core/s3/client.h"
#include "core/transfer/manager.h"
#include "tui/command/options.h"

/*
 * Is it wanted? --verify, or --local where nothing was said; but with --linger 0 the HEAD would keep
 * the process, so only when it was asked for.
 */
bool ui_visible_wanted(const struct ui_settings *settings);

/* One HEAD for each transfer of m, recorded as `object_head`. Thread: the caller's. */
void ui_visible_look(struct xf_client *client, struct xf_manager *m, const struct xf_extra *extra);

#endif
