/* events: the trace, a line an event: for people, or as JSONL. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/text.h"
#include "tracer/trace/filter.h"
#include "tui/command/style.h"
#include "tui/command/recording.h"

/* The stream the events go to: standard output, or --json=FILE. */
static FILE *stream_open(const struct ui_settings *settings)
{
	FILE *out = settings->json && *settings->json ? fopen(settings->json, "we") : stdout;

	if (!out)
		fprintf(stderr, "xferdb: cannot write %s: %s\n", settings->json, strerror(errno));
	return out;
}

static void event_text(FILE *out, const struct tr_log *log, const struct tr_event *e)
{
	struct tr_site site = tr_event_site(log, e);
	char line[4608];

	fprintf(out, "%12.6f  %-12s %s", (double)e->t_ns / 1e9, tr_log_thread(log, e->thread)->name,
		tr_event_line(log, e, line, sizeof(line)));
	if (site.line)
		fprintf(out, "  (%s:%u)", site.file, site.line);
	fputc('\n', out);
}

static void event_print(FILE *out, const struct tr_log *log, const struct tr_event *e, bool json)
{
	if (!json) {
		event_text(out, log, e);
		return;
	}
	tr_put_event_json(out, log, e);
	fputc('\n', out);
}

/* What another program's trace is read for; its locks are a hundred times as many. */
static bool is_about_requests(const struct tr_event *e)
{
	static const bool groups[XF_GROUP_COUNT] = {
		[XF_GROUP_CALL] = true, [XF_GROUP_TRANSFER] = true, [XF_GROUP_PART] = true,
		[XF_GROUP_OBJECT] = true, [XF_GROUP_REQUEST] = true, [XF_GROUP_DEBUGGER] = true,
	};

	return groups[xf_kind_info(e->kind)->group];
}

/* What is to be printed. */
struct choice {
	const struct tr_filter *filter; /* NULL: none */
	bool requests;                  /* only what is about requests */
	bool json;
};

/* How many were printed. */
static uint32_t events_print(FILE *out, const struct tr_log *log, const struct choice *choice)
{
	uint32_t printed = 0;

	for (uint32_t i = 0; i < tr_log_nr_events(log) && !ferror(out); i++) {
		struct tr_event e = tr_log_event(log, i);
		if ((choice->requests && !is_about_requests(&e)) ||
		    (choice->filter && !tr_filter_match(choice->filter, log, &e)))
			continue;
		event_print(out, log, &e, choice->json);
		printed++;
	}
	return printed;
}

/* Of a foreign program, to people, and without a wish of their own. */
static bool wants_requests(const struct ui_settings *settings, const struct tr_log *log)
{
	return tr_log_property(log, "incomplete") && !settings->all && !settings->filter && !settings->json;
}

/* What is missing from the trace is said, not passed over. */
static void lost_print(const struct tr_log *log)
{
	char sentence[256];

	if (*tr_log_lost_sentence(log, sentence, sizeof(sentence)))
		fprintf(stderr, "xferdb: %s\n", sentence);
}

int ui_events_run(struct ui_arguments *arguments)
{
	const struct ui_settings *settings = &arguments->settings;
	struct tr_filter *filter = NULL;
	struct xf_error err = XF_ERROR_INIT;
	struct ui_recording trace;
	struct choice choice = { .json = settings->json != NULL };
	uint32_t printed;
	FILE *out;
	int failed;

	if (settings->filter && tr_filter_parse(settings->filter, &filter, &err)) {
		fprintf(stderr, "xferdb: --filter: %s\n", err.message);
		return UI_EXIT_USAGE;
	}
	if (ui_recording_of(&trace, arguments, false)) {
		tr_filter_free(filter);
		return UI_EXIT_USAGE;
	}
	choice.filter = filter;
	out = stream_open(settings);
	failed = !out;
	if (out) {
		choice.requests = wants_requests(settings, trace.log);
		printed = events_print(out, trace.log, &choice);
		failed = ferror(out) || fflush(out);
		/* a reader that has seen enough (head) is no trouble of ours */
		failed = failed && errno != EPIPE;
		if (failed)
			fprintf(stderr, "xferdb: the events could not be written: %s\n", strerror(errno));
		if (choice.requests && !settings->quiet)
			fprintf(stderr, "xferdb: %u of %u events, those about requests; --all shows them all\n", printed,
				tr_log_nr_events(trace.log));
		lost_print(trace.log);
		if (out != stdout)
			fclose(out);
	}
	ui_recording_close(&trace);
	tr_filter_free(filter);
	return failed ? UI_EXIT_FAILED : UI_EXIT_DONE;
}
