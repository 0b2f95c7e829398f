#include "tui/command/predict.h"

#include <stdio.h>
#include <string.h>

#include "core/transfer/plan.h"
#include "tui/command/arguments.h"
#include "tui/command/values.h"

const char *ui_predict_name(const char *name)
{
	const char *value;
	const struct ui_option *o = ui_option_find(name, strlen(name), &value);

	name = o ? o->name : name;
	return strcmp(name, "max-in-memory-upload-chunks") ? name : "read-ahead";
}

/* ---- what a value makes of a run. Returns NULL, or why it is not known */

static const char *take_workers(const struct tr_explanation *e, uint64_t n, struct tr_limits *with)
{
	with->workers = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return e->threads ? NULL : "the recorded run used no threads: there is one worker whatever is set";
}

static const char *take_threads(const struct tr_explanation *e, uint64_t yes, struct tr_limits *with)
{
	with->no_threads = !yes;
	return yes && !e->threads ? "the recorded run used no threads: what more of them do cannot be seen in it; name max-concurrency" : NULL;
}

static const char *take_read_ahead(const struct tr_explanation *e, uint64_t n, struct tr_limits *with)
{
	with->permits = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return e->run.permits ? NULL : "nothing was read ahead: chunks in memory matter where a pipe is uploaded";
}

static const char *take_latency(const struct tr_explanation *e, uint64_t ns, struct tr_limits *with)
{
	(void)e;
	with->extra_latency_ns += (int64_t)ns;
	return NULL;
}

static const char *take_latency_ms(const struct tr_explanation *e, uint64_t ms, struct tr_limits *with)
{
	return take_latency(e, ms < 1000000000 ? ms * 1000000 : 0, with);
}

static const char *take_line(const struct tr_explanation *e, uint64_t rate, struct tr_limits *with)
{
	(void)e;
	with->bandwidth = rate;
	return NULL;
}

static const char *take_limit(const struct tr_explanation *e, uint64_t rate, struct tr_limits *with)
{
	with->limit = rate;
	return e->run.nr_parts > 1 ? NULL : "the object went in one piece";
}

static const char *take_part_size(const struct tr_explanation *e, uint64_t size, struct tr_limits *with)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < e->run.nr_parts; i++)
		bytes += e->run.parts[i].bytes;
	with->part_size = xf_plan_part_size(size, bytes, true);
	if (!e->threads)
		return "the recorded run used no threads: their costs are not told apart";
	return e->run.nr_parts > 1 ? NULL : "the object went in one piece: the size of parts is not looked at below multipart-threshold";
}

static const char *take_attempts(const struct tr_explanation *e, uint64_t n, struct tr_limits *with)
{
	(void)with;
	return n >= e->attempts ? NULL : "a request of the recorded run needed more attempts: with so few the transfer fails";
}

/* ---- the table */

typedef const char *(*take_fn)(const struct tr_explanation *e, uint64_t n, struct tr_limits *with);

static const char *value_switch(const char *text, uint64_t *yes)
{
	*yes = ui_value_listed("yes,on,true,1", text);
	return *yes || ui_value_listed("no,off,false,0", text) ? NULL : "is neither yes nor no";
}

static const struct knob {
	const char *name;   /* as ui_predict_name() has it */
	const char *(*parse)(const char *text, uint64_t *value);
	bool none;          /* "none" and "0" are values, too */
	take_fn take;
} knobs[] = {
	{ "max-concurrency", ui_value_count, false, take_workers },
	{ "use-threads", value_switch, false, take_threads },
	{ "multipart-chunksize", ui_value_size, false, take_part_size },
	{ "read-ahead", ui_value_count, false, take_read_ahead },
	{ "max-bandwidth", ui_value_rate, true, take_limit },
	{ "max-attempts", ui_value_count, false, take_attempts },
	{ "latency", ui_value_time, true, take_latency },
	{ "latency-ms", ui_value_count, false, take_latency_ms },
	{ "bandwidth", ui_value_rate, true, take_line },
};
enum { KNOBS = sizeof(knobs) / sizeof(knobs[0]) };
#define NAMES "max-concurrency, multipart-chunksize, use-threads, max-bandwidth, max-attempts, latency, bandwidth " \
	"and, where a pipe was read, max-in-memory-upload-chunks"

static const struct knob *knob_of(const char *name)
{
	char dashed[64];

	snprintf(dashed, sizeof(dashed), "%s", name);
	for (char *p = dashed; *p; p++)
		*p = *p == '_' ? '-' : *p;
	for (unsigned i = 0; i < KNOBS; i++)
		if (!strcmp(knobs[i].name, ui_predict_name(dashed)))
			return &knobs[i];
	return NULL;
}

static enum xf_status parse(const char *name, const char *value, const struct knob **k, uint64_t *number, bool *none,
			    struct xf_error *err)
{
	const char *wrong;

	*k = knob_of(name);
	*number = 0;
	if (!*k)
		return xf_fail(err, XF_INVALID, "--predict %.60s: a recorded run does not tell what that would change; "
			       "what can be foretold is " NAMES, name);
	*none = (*k)->none && (!strcmp(value, "none") || !strcmp(value, "0"));
	wrong = *none ? NULL : (*k)->parse(value, number);
	if (!wrong && !*none && !*number && (*k)->parse != value_switch)
		wrong = "has to be more than 0";
	return wrong ? xf_fail(err, XF_INVALID, "--predict %.60s: '%.60s' %s", name, value, wrong) : XF_OK;
}

enum xf_status ui_predict_check(const char *name, const char *value, struct xf_error *err)
{
	const struct knob *k;
	uint64_t number;
	bool none;

	return parse(name, value, &k, &number, &none, err);
}

enum xf_status ui_predict_limit(const char *name, const char *value, const struct tr_explanation *run,
				struct tr_limits *with, uint64_t *number, struct xf_error *err)
{
	const struct knob *k;
	uint64_t n;
	bool none;
	const char *unknown = NULL;
	enum xf_status status = parse(name, value, &k, &n, &none, err);

	if (status)
		return status;
	if (none && k->take == take_limit)
		with->limit = UINT64_MAX;
	else if (!none)
		unknown = k->take(run, n, with);
	if (number)
		*number = n;
	return unknown ? xf_fail(err, XF_NOT_FOUND, "--predict %.60s=%.60s: %s", name, value, unknown) : XF_OK;
}
