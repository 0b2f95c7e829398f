/*
 * predict: what --predict NAME=VALUE may name, and what it makes of a recorded run. One table for
 * explain and experiment; a row knows whether it can be replayed from what a run showed, and else says why not.
 */
#ifndef UI_COMMAND_PREDICT_H
#define UI_COMMAND_PREDICT_H

#include "tracer/explain/explain.h"

/* The knob's own name, whichever of its aliases was written. */
const char *ui_predict_name(const char *name);

/* Errors: XF_INVALID, a sentence: nothing of that name can be foretold, or that is no value of it. */
enum xf_status ui_predict_check(const char *name, const char *value, struct xf_error *err);

/*
 * Adds NAME=VALUE to `with`, for that run. *number, if not NULL: the value as a number (1 or 0 for yes and no).
 * Errors: XF_INVALID as above; XF_NOT_FOUND, a sentence: that run does not show what would become of it.
 */
enum xf_status ui_predict_limit(const char *name, const char *value, const struct tr_explanation *run,
				struct tr_limits *with, uint64_t *number, struct xf_error *err);

#endif
