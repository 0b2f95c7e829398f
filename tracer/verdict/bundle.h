/*
 * bundle: a verdict's evidence, for a program that shares no code with this one to come to the
 * verdict by itself. docs/bundle.md describes the file completely; tests/export/check_bundle.py is such a program.
 */
#ifndef TR_VERDICT_BUNDLE_H
#define TR_VERDICT_BUNDLE_H

#include <stdio.h>

#include "tracer/verdict/verdict.h"

/* Writes the bundle of all calls. Errors: XF_IO, XF_NOMEM. */
enum xf_status tr_bundle_write(const struct tr_log *log, const struct tr_verdicts *verdicts, FILE *out,
			       struct xf_error *err);

#endif
