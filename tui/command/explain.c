/* explain: where the time went, what held the call back, what would help. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/explain.h"
#include "tracer/explain/traffic.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"
#include "tui/command/predict.h"
#include "tui/command/style.h"
#include "tui/command/recording.h"

/* ---- --predict NAME=N */

static enum xf_status predict(struct tr_explanation *e, const char *text, struct xf_error *err)
{
	char name[40];
	const char *equal = strchr(text, '=');
	struct tr_limits with = { .workers = 0 };
	uint64_t value;
	enum xf_status status;
	if (!equal || (size_t)(equal - text) >= sizeof(name))
		return xf_fail(err, XF_INVALID, "--predict '%.80s': it is NAME=VALUE, as in max-concurrency=20", text);
	snprintf(name, sizeof(name), "%.*s", (int)(equal - text), text);
	status = ui_predict_limit(name, equal + 1, e, &with, &value, err);
	if (!status && !tr_explain_predict(e, ui_predict_name(name), value, equal + 1, &with))
		status = e->nr_predictions == TR_PREDICTIONS ?
			xf_fail(err, XF_INVALID, "--predict: %d at a time are the most", TR_PREDICTIONS) :
			xf_fail(err, XF_INVALID, "--predict: nothing was transferred, so nothing can be replayed");
	return status;
}

static enum xf_status predict_all(struct tr_explanation *e, const struct ui_settings *settings, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	if (settings->predict.nr_items)
		e->nr_predictions = 0;
	for (size_t i = 0; i < settings->predict.nr_items && !status; i++)
		status = predict(e, settings->predict.items[i], err);
	return status;
}

/* ---- text */

static void path_print(FILE *out, const struct ui_recording *t, const struct tr_explanation *e)
{
	char took[32], at[32];
	fprintf(out, "  critical path:\n");
	for (uint32_t i = 0; i < e->nr_path; i++) {
		const struct tr_path_step *s = &e->path[i];
		if ((s->end_ns - s->begin_ns) * 100 < e->wall_ns)
			continue; /* less than a hundredth: --json has them all */
		fprintf(out, "    %9s  %-10s %9s  %s", ui_time_text(s->begin_ns - e->path[0].begin_ns, at, sizeof(at)),
			tr_log_thread(t->log, s->thread)->name, ui_time_text(s->end_ns - s->begin_ns, took, sizeof(took)),
			tr_path_cause_sentence(s->cause));
		if (s->part)
			fprintf(out, ", part %u", s->part);
		fputc('\n', out);
	}
}

static void causes_print(FILE *out, const struct tr_explanation *e)
{
	char took[32];
	bool shown[TR_PATH_COUNT] = { false };
	fprintf(out, "  the time went into:\n");
	for (int n = 0; n < TR_PATH_COUNT; n++) {
		int best = -1;
		for (int c = 0; c < TR_PATH_COUNT; c++)
			if (!shown[c] && e->cause_ns[c] > 0 && (best < 0 || e->cause_ns[c] > e->cause_ns[best]))
				best = c;
		if (best < 0)
			break;
		shown[best] = true;
		fprintf(out, "    %5.1f %%  %9s  %s\n", 100.0 * (double)e->cause_ns[best] / (double)e->wall_ns,
			ui_time_text(e->cause_ns[best], took, sizeof(took)), tr_path_cause_sentence((enum tr_path_cause)best));
	}
}

/* The larger of the two ways it may be off. */
static int64_t margin_of(const struct tr_forecast *t)
{
	return t->high_ns - t->ns > t->ns - t->low_ns ? t->high_ns - t->ns : t->ns - t->low_ns;
}

/* A quarter is more than a desktop does by the way. */
static void others_print(FILE *out, const struct tr_explanation *e)
{
	if (e->run.others > 0.25 && e->nr_predictions)
		fprintf(out, "  other programs had %.0f %% of the processors meanwhile: what is foretold holds for a machine as busy\n", 100 * e->run.others);
}

static void predictions_print(FILE *out, const struct tr_explanation *e)
{
	char time[32], low[32], high[32];
	others_print(out, e);
	for (uint32_t i = 0; i < e->nr_predictions; i++) {
		const struct tr_forecast *t = &e->predictions[i].time;
		fprintf(out, "  with %s %s: %s", e->predictions[i].what, e->predictions[i].text, ui_time_text(t->ns, time, sizeof(time)));
		if (t->high_ns / 3 * 2 < t->low_ns)
			fprintf(out, " +/- %s\n", ui_time_text(margin_of(t), high, sizeof(high)));
		else
			fprintf(out, ", but this run does not tell it from anything between %s and %s\n",
				ui_time_text(t->low_ns, low, sizeof(low)), ui_time_text(t->high_ns, high, sizeof(high)));
	}
}

static void phases_print(FILE *out, const struct tr_traffic *t)
{
	char half[32], most[32];
	for (int p = 0; p < TR_PHASE_COUNT; p++)
		if (t->phases[p].nr)
			fprintf(out, "    %-22s  half within %8s, 99 %% within %8s\n", tr_traffic_phase_sentence((enum tr_traffic_phase)p),
				ui_time_text(t->phases[p].p50_ns, half, sizeof(half)), ui_time_text(t->phases[p].p99_ns, most, sizeof(most)));
}

static void parts_print(FILE *out, const struct tr_traffic *t)
{
	char took[32];
	if (!t->slowest_part)
		return;
	fprintf(out, "  parts in flight: %u at most, %.1f on average; over their %s:", t->peak_parts, t->mean_parts,
		ui_time_text(t->end_ns - t->begin_ns, took, sizeof(took)));
	for (int i = 0; i < TR_TRAFFIC_SLICES; i++)
		fprintf(out, " %.0f", t->slices[i]);
	fprintf(out, "\n  slowest: part %u, %s", t->slowest_part, ui_time_text(t->slowest_ns, took, sizeof(took)));
	if (t->slowest_attempts > 1)
		fprintf(out, " in %u attempts", t->slowest_attempts);
	fputc('\n', out);
}

static void traffic_print(FILE *out, const struct tr_traffic *t)
{
	if (!t->requests)
		return;
	fprintf(out, "  %u request%s on %u connection%s, %u on one that stood already; %u repeated, %u failed\n", t->requests,
		t->requests == 1 ? "" : "s", t->connections, t->connections == 1 ? "" : "s", t->reused, t->retries, t->failures);
	phases_print(out, t);
	parts_print(out, t);
}

static void explanation_print(FILE *out, const struct ui_recording *t, const struct tr_explanation *e,
			      const struct tr_traffic *traffic)
{
	char took[32];
	fprintf(out, "%s %s %s; %s%s\n", tr_log_call(t->log, e->call)->name,
		e->returned ? "took" : "had taken, when the trace ends,", ui_time_text(e->wall_ns, took, sizeof(took)),
		e->bound == TR_BOUND_NONE ? "" : "held back by ", e->sentence);
	causes_print(out, e);
	path_print(out, t, e);
	traffic_print(out, traffic);
	predictions_print(out, e);
}

/* ---- JSON */

static json_t *path_json(const struct ui_recording *t, const struct tr_explanation *e)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < e->nr_path; i++) {
		const struct tr_path_step *s = &e->path[i];
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s, s:o, s:I}", "thread",
			tr_log_thread(t->log, s->thread)->name, "begin_ns", (json_int_t)s->begin_ns, "end_ns", (json_int_t)s->end_ns,
			"cause", tr_path_cause_name(s->cause), "part", s->part ? json_integer(s->part) : json_null(), "seq",
			(json_int_t)s->event));
	}
	return list;
}

static json_t *predictions_json(const struct tr_explanation *e)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < e->nr_predictions; i++) {
		const struct tr_prediction *p = &e->predictions[i];
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "what", p->what, "value",
			(json_int_t)p->value, "ns", (json_int_t)p->time.ns, "margin_ns", (json_int_t)margin_of(&p->time), "low_ns",
			(json_int_t)p->time.low_ns, "high_ns", (json_int_t)p->time.high_ns));
	}
	return list;
}

static json_t *traffic_json(const struct tr_traffic *t)
{
	json_t *by_phase = json_object(), *in_flight = json_array(), *slowest = json_null();
	for (int p = 0; p < TR_PHASE_COUNT; p++)
		json_object_set_new(by_phase, tr_traffic_phase_name((enum tr_traffic_phase)p), json_pack("{s:I, s:I, s:I}",
			"requests", (json_int_t)t->phases[p].nr, "p50_ns", (json_int_t)t->phases[p].p50_ns, "p99_ns",
			(json_int_t)t->phases[p].p99_ns));
	for (int i = 0; i < TR_TRAFFIC_SLICES && t->slowest_part; i++)
		json_array_append_new(in_flight, json_real(t->slices[i]));
	if (t->slowest_part)
		slowest = json_pack("{s:I, s:I, s:I}", "part", (json_int_t)t->slowest_part, "ns", (json_int_t)t->slowest_ns,
				    "attempts", (json_int_t)t->slowest_attempts);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:f, s:I, s:I, s:o, s:o}", "requests", (json_int_t)t->requests,
			 "answered", (json_int_t)t->answered, "retries", (json_int_t)t->retries, "failures", (json_int_t)t->failures,
			 "connections", (json_int_t)t->connections, "reused", (json_int_t)t->reused, "phases", by_phase,
			 "parts_in_flight_peak", (json_int_t)t->peak_parts, "parts_in_flight_mean", t->mean_parts, "parts_begin_ns",
			 (json_int_t)t->begin_ns, "parts_end_ns", (json_int_t)t->end_ns, "parts_in_flight", in_flight, "slowest", slowest);
}

static json_t *explanation_json(const struct ui_recording *t, const struct tr_explanation *e, const struct tr_traffic *traffic)
{
	json_t *by_cause = json_object();
	for (int c = 0; c < TR_PATH_COUNT; c++)
		json_object_set_new(by_cause, tr_path_cause_name((enum tr_path_cause)c), json_integer(e->cause_ns[c]));
	return json_pack("{s:s, s:b, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:f, s:I, s:f, s:s, s:I, s:I, s:I, s:I}", "call",
			 tr_log_call(t->log, e->call)->name, "returned", e->returned, "wall_ns", (json_int_t)e->wall_ns, "bound",
			 tr_bound_name(e->bound), "sentence", e->sentence, "causes_ns", by_cause, "path", path_json(t, e),
			 "traffic", traffic_json(traffic),
			 "predictions", predictions_json(e), "replayed_ns", (json_int_t)e->replayed_ns, "processors",
			 e->run.processors, "processors_busy_ns", (json_int_t)e->run.busy_ns, "processors_others", e->run.others, "shared",
			 e->run.by_processors ? "processors" : e->run.by_bytes ? "bytes" : "unknown", "workers",
			 (json_int_t)e->run.workers, "parts", (json_int_t)e->run.nr_parts, "requests", (json_int_t)e->requests,
			 "retries", (json_int_t)e->retries);
}

static int explain_all(const struct ui_recording *trace, const struct ui_settings *settings, json_t *calls)
{
	FILE *out = ui_text_stream(settings);
	struct xf_error err = XF_ERROR_INIT;
	for (uint32_t i = 0; i < trace->verdicts.nr; i++) {
		struct tr_explanation e;
		struct tr_traffic traffic;
		enum xf_status status = tr_explain(trace->log, &trace->verdicts, trace->verdicts.list[i].call, &e, &err);
		if (!status)
			status = tr_traffic_of(trace->log, &trace->verdicts, &trace->verdicts.list[i], &traffic, &err);
		if (!status)
			status = predict_all(&e, settings, &err);
		bool good = !status;
		if (status)
			fprintf(stderr, "xferdb: %s\n", err.message);
		if (good && !settings->quiet)
			explanation_print(out, trace, &e, &traffic);
		if (good)
			json_array_append_new(calls, explanation_json(trace, &e, &traffic));
		tr_explanation_fini(&e);
		if (!good)
			return UI_EXIT_USAGE;
	}
	return UI_EXIT_DONE;
}

int ui_explain_run(struct ui_arguments *arguments)
{
	const struct ui_settings *settings = &arguments->settings;
	struct ui_recording trace;
	struct xf_error err = XF_ERROR_INIT;
	json_t *calls, *document;
	int exit_status;
	if (ui_recording_of(&trace, arguments, true))
		return UI_EXIT_USAGE;
	calls = json_array();
	exit_status = explain_all(&trace, settings, calls);
	document = json_pack("{s:s, s:s, s:o}", "xferdb", XFERDB_VERSION, "command", "explain", "calls", calls);
	if (!exit_status && settings->json && ui_json_write(document, settings->json, &err)) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		exit_status = UI_EXIT_FAILED;
	}
	json_decref(document);
	ui_recording_close(&trace);
	return exit_status;
}
