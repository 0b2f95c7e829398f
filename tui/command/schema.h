/*
 * schema: everything others script against, as one JSON document, made from the
 * tables the program itself runs on (options.def, commands.def, exits.def,
 * json.def, event.def), so that it cannot say anything else. `xferdb
 * --print-schema` prints it; schema/xferdb.json is its committed copy.
 */
#ifndef UI_COMMAND_SCHEMA_H
#define UI_COMMAND_SCHEMA_H

#include <stdio.h>

#include "core/event/status.h"

/* Errors: XF_NOMEM, XF_IO. */
enum xf_status ui_schema_print(FILE *out, struct xf_error *err);

#endif
