/* doctor: what works on this machine, and what is lost where it does not. */
#include <stdio.h>

#include "tracer/foreign/doctor.h"
#include "tui/command/arguments.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"
#include "tui/command/style.h"

static const enum ui_tone tones[TR_DOCTOR_RESULTS] = { UI_PROOF, UI_LUCK, UI_BAD };

static void check_print(FILE *out, struct ui_style style, const struct tr_check *check,
			enum tr_doctor_result result, const char *detail)
{
	fprintf(out, "%s%s%s %-10s %-7s %s: %s\n", ui_tone_begin(style, tones[result]),
		ui_tone_mark(style, tones[result]), ui_tone_end(style), check->name, tr_doctor_word(result),
		check->what, detail);
	if (result != TR_WORKS)
		fprintf(out, "    lost: %s\n", check->lost);
}

static json_t *check_json(const struct tr_check *check, enum tr_doctor_result result, const char *detail)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s?}", "name", check->name, "what", check->what, "result",
			 tr_doctor_word(result), "detail", detail, "lost",
			 result == TR_WORKS ? NULL : check->lost);
}

int ui_doctor_run(struct ui_arguments *arguments)
{
	const struct ui_settings *settings = &arguments->settings;
	FILE *out = ui_text_stream(settings);
	struct ui_style style = ui_style_for(out, settings);
	json_t *list = json_array(), *document;
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_DONE;
	char detail[512];

	for (unsigned i = 0; i < tr_nr_checks; i++) {
		enum tr_doctor_result result = tr_checks[i].run(detail, sizeof(detail));
		if (!settings->quiet)
			check_print(out, style, &tr_checks[i], result, detail);
		json_array_append_new(list, check_json(&tr_checks[i], result, detail));
	}
	fflush(out);
	document = json_pack("{s:s,s:s,s:o}", "xferdb", XFERDB_VERSION, "command", "doctor", "checks", list);
	if (settings->json && ui_json_write(document, settings->json, &err)) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		exit_status = UI_EXIT_FAILED;
	}
	json_decref(document);
	return exit_status;
}
