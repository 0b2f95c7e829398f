/*
 * report: a verdict as people read it: the answer, one sentence with the
 * numbers, and what to do when that is not what they wanted. Reads the loaded trace and
 * its verdicts only, as json does.
 */
#ifndef UI_COMMAND_REPORT_H
#define UI_COMMAND_REPORT_H

#include <stdio.h>

#include "tracer/verdict/verdict.h"
#include "tui/command/options.h"
#include "tui/command/style.h"

/* What is reported on. Borrowed for the call. */
struct ui_report {
	const struct tr_log *log;
	const struct tr_verdicts *verdicts;
	struct ui_style style;
	const char *const *words; /* the program's command line, NULL-terminated; NULL: not known */
	bool errors;   /* say why transfers failed (else somebody else does) */
};

/* Every call's verdict: heading, sentence, barriers, what was left behind, advice. */
void ui_report_verdicts(FILE *out, const struct ui_report *report);

/* The first line of one: "✔ WAITS (proved): put returned after …". */
void ui_report_heading(FILE *out, const struct ui_report *report, const struct tr_verdict *v);

/* The chain from one part's end to the return, a line an event, with source lines. False: there is none. */
bool ui_report_evidence(FILE *out, const struct ui_report *report, const struct tr_verdict *v,
			uint32_t part);

/*
 * Is what was asked for by --expect and --strict met by every call? If not, says
 * on out what was expected and what was seen.
 */
bool ui_report_expected(FILE *out, const struct tr_verdicts *verdicts, const struct ui_settings *settings);

#endif
