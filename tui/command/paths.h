/* paths: where files of ours stand when nobody says so. */
#ifndef UI_COMMAND_PATHS_H
#define UI_COMMAND_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event/status.h"

/*
 * The trace that is written without -o and read without FILE:
 * $XDG_STATE_HOME/xferdb/last.xft, by default below ~/.local/state. With make,
 * missing folders are made, mode 0700. Errors: XF_NOT_FOUND (no home), XF_INVALID
 * (too long), XF_IO (the folders).
 */
enum xf_status ui_path_last_trace(char *buf, size_t cap, bool make, struct xf_error *err);

/* A file of that name beside it: what is kept from session to session. Errors: the same. */
enum xf_status ui_path_state(const char *name, char *buf, size_t cap, bool make, struct xf_error *err);

#endif
