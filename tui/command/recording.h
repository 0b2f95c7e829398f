/* recording: opening the trace that a reading command is about, and judging it: one path for all commands. */
#ifndef UI_COMMAND_RECORDING_H
#define UI_COMMAND_RECORDING_H

#include "tracer/verdict/verdict.h"
#include "tui/command/arguments.h"

/* A loaded and judged trace. */
struct ui_recording {
	char path[4096];
	struct tr_log *log;
	struct tr_verdicts verdicts;
	bool judged;
	const char *const *words; /* the program that was run, for a report; borrowed; NULL: not known */
};

/*
 * Opens the trace of that path; NULL: the newest of this user. "" : the recording of this process.
 * With judge, computes the verdicts. Errors: as tr_log_open(); the message says what to do.
 */
enum xf_status ui_recording_open(struct ui_recording *trace, const char *path, bool judge, struct xf_error *err);
void ui_recording_close(struct ui_recording *trace);

/* The same for a command's only operand; prints the error. */
enum xf_status ui_recording_of(struct ui_recording *trace, const struct ui_arguments *arguments, bool judge);

/* Is that path the trace's own file? What is written there would take its place. */
bool ui_recording_is(const struct ui_recording *trace, const char *path);

#endif
