/* export: the trace in the formats of other tools: to a file, to standard output, or to a collector. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracer/export/export.h"
#include "tui/command/recording.h"

static int say(const struct xf_error *err, int exit_status)
{
	fprintf(stderr, "xferdb: %s\n", err->message);
	return exit_status;
}

static int send_spans(const struct tr_export_input *input, const struct ui_settings *settings)
{
	struct xf_error err = XF_ERROR_INIT;
	uint64_t sent = 0;
	enum xf_status status = tr_export_send(input, settings->to, &sent, &err);

	if (sent && !settings->quiet)
		fprintf(stderr, "xferdb: %" PRIu64 " spans sent to %s\n", sent, settings->to);
	if (status)
		return say(&err, status == XF_INVALID ? UI_EXIT_USAGE : UI_EXIT_FAILED);
	return UI_EXIT_DONE;
}

static int write_export(const struct tr_exporter *as, const struct tr_export_input *input,
			const struct ui_settings *settings)
{
	struct xf_error err = XF_ERROR_INIT;
	const char *path = settings->output;
	bool to_stdout = !path || !strcmp(path, "-");
	enum xf_status status = to_stdout ? tr_export_stream(as, input, stdout, &err)
					  : tr_export_file(as, input, path, &err);

	return !status ? UI_EXIT_DONE : say(&err, status == XF_INVALID ? UI_EXIT_USAGE : UI_EXIT_FAILED);
}

static int export_run(const struct tr_exporter *as, const struct ui_recording *trace,
		      const struct tr_filter *filter, const struct ui_settings *settings)
{
	struct tr_export_input input = { trace->log, &trace->verdicts, filter };
	char sentence[256];

	if (*tr_log_lost_sentence(trace->log, sentence, sizeof(sentence)))
		fprintf(stderr, "xferdb: %s\n", sentence);
	return settings->to ? send_spans(&input, settings) : write_export(as, &input, settings);
}

/* What does not fit together, before anything is read. */
static const char *objection(const struct tr_exporter *as, const struct ui_settings *settings)
{
	const char *name = as ? tr_exporter_name(as) : "";
	bool to_stdout = !settings->output || !strcmp(settings->output, "-");

	if (!as)
		return "--format is needed: perfetto, perfetto-proto, otlp, grafana, html, svg, csv, jsonl, "
		       "speedscope, folded, sqlite, dot, mermaid, ctf or warp";
	if (settings->to && strcmp(name, "otlp"))
		return "--to sends OTLP only: --format otlp";
	if (settings->to && settings->output)
		return "--to and -o name two places: choose one";
	if (!settings->to && to_stdout && tr_exporter_is_folder(as))
		return "this format is a folder of files: name one that is not there yet with -o";
	if (!settings->to && to_stdout && isatty(STDOUT_FILENO) && tr_exporter_is_binary(as))
		return "this format is binary: name a file with -o, or pipe it on";
	return NULL;
}

int ui_export_run(struct ui_arguments *arguments)
{
	const struct ui_settings *settings = &arguments->settings;
	const struct tr_exporter *as = settings->format ? tr_exporter_find(settings->format)
				       : settings->to ? tr_exporter_find("otlp") : NULL;
	const char *wrong = objection(as, settings);
	struct tr_filter *filter = NULL;
	struct xf_error err = XF_ERROR_INIT;
	struct ui_recording trace;
	int exit_status;

	if (wrong) {
		fprintf(stderr, "xferdb: %s\n", wrong);
		return UI_EXIT_USAGE;
	}
	if (settings->filter && tr_filter_parse(settings->filter, &filter, &err)) {
		fprintf(stderr, "xferdb: --filter: %s\n", err.message);
		return UI_EXIT_USAGE;
	}
	if (ui_recording_of(&trace, arguments, true)) {
		tr_filter_free(filter);
		return UI_EXIT_USAGE;
	}
	if (settings->output && ui_recording_is(&trace, settings->output)) {
		fprintf(stderr, "xferdb: -o %s is the trace itself: name another file\n", settings->output);
		exit_status = UI_EXIT_USAGE;
	} else {
		exit_status = export_run(as, &trace, filter, settings);
	}
	ui_recording_close(&trace);
	tr_filter_free(filter);
	return exit_status;
}
