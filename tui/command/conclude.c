#include "tui/command/conclude.h"

#include <stdlib.h>
#include <string.h>

#include "tui/command/json.h"
#include "tui/command/report.h"

FILE *ui_text_stream(const struct ui_settings *settings)
{
	bool taken = settings->json && (!*settings->json || !strcmp(settings->json, "-"));

	return taken ? stderr : stdout;
}

/* The trace's name in the document: none for one that was in memory only. */
static const char *trace_name(const struct ui_recording *trace)
{
	bool in_memory = !*trace->path || !strncmp(trace->path, "/proc/self/fd/", 14);

	return in_memory ? NULL : trace->path;
}

struct ui_conclusion {
	json_t *json;          /* NULL: not wanted */
	char *unmet;           /* what was expected and not seen; "" when all is well */
	size_t unmet_len;
};

static json_t *document_of(const struct ui_recording *trace, const char *command)
{
	struct ui_document document = { .command = command };

	if (trace) {
		document.log = trace->log;
		document.verdicts = &trace->verdicts;
		document.trace = trace_name(trace);
	}
	return ui_document_json(&document);
}

static void expect(FILE *out, const struct ui_recording *trace, const struct ui_settings *settings)
{
	if (trace)
		ui_report_expected(out, &trace->verdicts, settings);
	else if (settings->expect || settings->strict)
		fprintf(out, "xferdb: nothing was recorded, so nothing can be expected: leave --no-trace out\n");
}

struct ui_conclusion *ui_conclusion_new(const struct ui_recording *trace, const struct ui_settings *settings,
					const char *command)
{
	struct ui_conclusion *c = calloc(1, sizeof(*c));
	FILE *out = c ? open_memstream(&c->unmet, &c->unmet_len) : NULL;

	if (!out) {
		free(c);
		return NULL;
	}
	expect(out, trace, settings);
	fclose(out);
	if (settings->json)
		c->json = document_of(trace, command);
	return c;
}

void ui_conclusion_free(struct ui_conclusion *c)
{
	if (!c)
		return;
	json_decref(c->json);
	free(c->unmet);
	free(c);
}

int ui_conclusion_say(const struct ui_conclusion *c, const struct ui_settings *settings)
{
	struct xf_error err = XF_ERROR_INIT;

	fputs(c->unmet, stderr);
	if (settings->json && ui_json_write(c->json, settings->json, &err)) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		return UI_EXIT_FAILED;
	}
	return c->unmet_len ? UI_EXIT_UNMET : UI_EXIT_DONE;
}

int ui_conclude(const struct ui_recording *trace, const struct ui_settings *settings, const char *command,
		bool errors)
{
	return ui_conclude_to(ui_text_stream(settings), trace, settings, command, errors);
}

int ui_conclude_to(FILE *out, const struct ui_recording *trace, const struct ui_settings *settings,
		   const char *command, bool errors)
{
	struct ui_conclusion *c;
	int exit_status;

	if (trace && !settings->quiet)
		ui_report_verdicts(out, &(struct ui_report){ trace->log, &trace->verdicts,
							     ui_style_for(out, settings), trace->words, errors });
	fflush(out);
	c = ui_conclusion_new(trace, settings, command);
	exit_status = c ? ui_conclusion_say(c, settings) : UI_EXIT_FAILED;
	ui_conclusion_free(c);
	return exit_status;
}
