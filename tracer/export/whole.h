/*
 * whole: a file that is there whole or not at all: made beside its place under a temporary name, then renamed.
 * What is there and no regular file (a device, a pipe) is written into as it is.
 */
#ifndef TR_EXPORT_WHOLE_H
#define TR_EXPORT_WHOLE_H

#include <stdio.h>

#include "core/event/status.h"

/* Writes to out; path: what out is called, for those who open it themselves, NULL where it is no file of our own. */
typedef enum xf_status (*tr_whole_fn)(void *ctx, FILE *out, const char *path, struct xf_error *err);

/* Errors: those of write, XF_IO, XF_INVALID (the path is too long, or a folder). */
enum xf_status tr_whole_write(const char *path, tr_whole_fn write, void *ctx, struct xf_error *err);

#endif
