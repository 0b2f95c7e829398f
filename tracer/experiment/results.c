#include "tracer/experiment/results.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- in memory */

enum xf_status tr_results_add(struct tr_results *all, struct tr_result *result, struct xf_error *err)
{
	struct tr_result *list = realloc(all->list, (all->nr + 1) * sizeof(*list));

	if (!list) {
		tr_sample_fini(&result->run);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	list[all->nr++] = *result;
	all->list = list;
	return XF_OK;
}

void tr_results_fini(struct tr_results *all)
{
	for (size_t i = 0; i < all->nr; i++)
		tr_sample_fini(&all->list[i].run);
	free(all->list);
	*all = (struct tr_results){ 0 };
}

bool tr_results_have(const struct tr_results *all, unsigned cell, unsigned round)
{
	for (size_t i = 0; i < all->nr; i++)
		if (all->list[i].cell == cell && all->list[i].round == round)
			return true;
	return false;
}

/* ---- numbers and words: one table for both directions. ORDER result fields */

enum field_type { NUMBER64, NUMBER32, NUMBERI, WORD };
static const struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
} fields[] = {
#define FIELD(name, type) { #name, type, offsetof(struct tr_sample, name), sizeof(((struct tr_sample *)0)->name) }
	FIELD(wall_ns, NUMBER64), FIELD(stored_ns, NUMBER64), FIELD(process_ns, NUMBER64),
	FIELD(user_ns, NUMBER64), FIELD(system_ns, NUMBER64), FIELD(max_rss, NUMBER64),
	FIELD(bytes, NUMBER64), FIELD(peak, NUMBER32), FIELD(requests, NUMBER32), FIELD(retries, NUMBER32),
	FIELD(answer, WORD), FIELD(basis, WORD), FIELD(outcome, WORD), FIELD(exit_status, NUMBERI),
	FIELD(error, WORD),
#undef FIELD
};
enum { NR_FIELDS = sizeof(fields) / sizeof(*fields) };

static json_t *field_json(const struct field *f, const struct tr_sample *run)
{
	const char *at = (const char *)run + f->offset;

	switch (f->type) {
	case NUMBER64:
		return json_integer(*(const int64_t *)(const void *)at);
	case NUMBER32:
		return json_integer(*(const uint32_t *)(const void *)at);
	case NUMBERI:
		return json_integer(*(const int *)(const void *)at);
	default:
		return *at ? json_string(at) : json_null();
	}
}

static bool field_parse(const struct field *f, const json_t *value, struct tr_sample *run)
{
	char *at = (char *)run + f->offset;
	json_int_t number = json_integer_value(value);

	if (f->type == WORD)
		return json_is_null(value) ||
		       (json_is_string(value) && (size_t)snprintf(at, f->size, "%s", json_string_value(value)) < f->size);
	if (!json_is_integer(value))
		return false;
	if (f->type == NUMBER64)
		*(int64_t *)(void *)at = number;
	else if (number < (f->type == NUMBERI ? INT32_MIN : 0) || number > (f->type == NUMBERI ? INT32_MAX : UINT32_MAX))
		return false;
	else
		*(uint32_t *)(void *)at = (uint32_t)number;
	return true;
}

/* ---- bars: [lane, part, operation, attempts, failed, begin_ns, sent_ns, end_ns] */

enum { BAR_NUMBERS = 8 };

static json_t *bars_json(const struct tr_sample *run)
{
	json_t *bars = json_array();

	for (uint32_t i = 0; i < run->nr_bars; i++) {
		const struct tr_bar *b = &run->bars[i];
		json_array_append_new(bars, json_pack("[I,I,I,I,I,I,I,I]", (json_int_t)b->lane, (json_int_t)b->part,
						      (json_int_t)b->op, (json_int_t)b->attempts,
						      (json_int_t)b->failed, (json_int_t)b->begin_ns,
						      (json_int_t)b->sent_ns, (json_int_t)b->end_ns));
	}
	return bars;
}

static json_t *lanes_json(const struct tr_sample *run)
{
	json_t *lanes = json_array();

	for (uint32_t i = 0; i < run->nr_lanes; i++)
		json_array_append_new(lanes, json_string(run->lanes[i]));
	return lanes;
}

static bool bar_parse(const json_t *row, uint32_t nr_lanes, struct tr_bar *bar)
{
	json_int_t n[BAR_NUMBERS];

	if (json_array_size(row) != BAR_NUMBERS)
		return false;
	for (size_t i = 0; i < BAR_NUMBERS; i++) {
		if (!json_is_integer(json_array_get(row, i)))
			return false;
		n[i] = json_integer_value(json_array_get(row, i));
	}
	if (n[0] < 0 || n[0] >= nr_lanes || n[1] < 0 || n[1] > UINT32_MAX || n[2] < 0 || n[2] >= XF_OP_COUNT || n[3] < 0)
		return false;
	*bar = (struct tr_bar){ .lane = (uint32_t)n[0], .part = (uint32_t)n[1], .op = (enum xf_op)n[2],
				.attempts = (uint32_t)n[3], .failed = n[4] != 0, .begin_ns = n[5], .sent_ns = n[6],
				.end_ns = n[7] };
	return true;
}

static bool timeline_parse(const json_t *json, struct tr_sample *run)
{
	const json_t *lanes = json_object_get(json, "lanes"), *bars = json_object_get(json, "bars");
	size_t nr_lanes = json_array_size(lanes), nr_bars = json_array_size(bars);

	if (nr_lanes > TR_LANES_MAX || nr_bars > TR_BARS_MAX)
		return false;
	run->lanes = calloc(nr_lanes + 1, sizeof(*run->lanes));
	run->bars = calloc(nr_bars + 1, sizeof(*run->bars));
	if (!run->lanes || !run->bars)
		return false;
	for (size_t i = 0; i < nr_lanes; i++) {
		const char *name = json_string_value(json_array_get(lanes, i));
		snprintf(run->lanes[run->nr_lanes++], sizeof(*run->lanes), "%s", name ? name : "");
	}
	for (size_t i = 0; i < nr_bars; i++)
		if (!bar_parse(json_array_get(bars, i), run->nr_lanes, &run->bars[run->nr_bars++]))
			return false;
	run->bars_cut = json_is_true(json_object_get(json, "bars_cut"));
	return true;
}

/* ---- what a run of the control foretells: by cell, null: nothing */

static const struct {
	const char *name;
	size_t at;
} foretold[] = {
	{ "predicted_ns", offsetof(struct tr_forecast, ns) },
	{ "predicted_low_ns", offsetof(struct tr_forecast, low_ns) },
	{ "predicted_high_ns", offsetof(struct tr_forecast, high_ns) },
};
enum { NR_FORETOLD = sizeof(foretold) / sizeof(*foretold) };

static int64_t *foretold_at(const struct tr_sample *run, uint32_t cell, unsigned k)
{
	return (int64_t *)(void *)((char *)&run->predicted[cell] + foretold[k].at);
}

static json_t *predicted_json(const struct tr_sample *run, unsigned k)
{
	json_t *list = run->predicted ? json_array() : json_null();

	for (uint32_t i = 0; i < run->nr_predicted; i++)
		json_array_append_new(list, run->predicted[i].ns < 0 ? json_null() : json_integer(*foretold_at(run, i, k)));
	return list;
}

static bool predicted_parse(const json_t *json, unsigned cells, struct tr_sample *run)
{
	if (!json_is_array(json_object_get(json, foretold[0].name)))
		return true;
	run->predicted = calloc(cells, sizeof(*run->predicted));
	run->nr_predicted = run->predicted ? cells : 0;
	for (unsigned k = 0; k < NR_FORETOLD; k++) {
		const json_t *list = json_object_get(json, foretold[k].name);
		if (json_array_size(list) != cells)
			return false;
		for (uint32_t i = 0; i < run->nr_predicted; i++)
			*foretold_at(run, i, k) = json_is_integer(json_array_get(list, i)) ? json_integer_value(json_array_get(list, i)) : -1;
	}
	return run->predicted;
}

/* ---- one run */

json_t *tr_result_json(const struct tr_sweep *sweep, const struct tr_result *result)
{
	json_t *values = json_object(), *causes = json_object();
	json_t *json = json_pack("{s:i, s:i, s:o, s:o}", "cell", (int)result->cell, "round", (int)result->round,
				 "values", values, "causes_ns", causes);

	for (unsigned i = 0; result->cell && i < sweep->nr_axes; i++)
		json_object_set_new(values, sweep->axes[i].name, json_string(tr_sweep_value(sweep, result->cell, i)));
	for (unsigned i = 0; i < TR_CAUSE_COUNT; i++)
		json_object_set_new(causes, tr_cause_name(i), json_integer(result->run.causes[i]));
	for (unsigned i = 0; i < NR_FIELDS; i++)
		json_object_set_new(json, fields[i].name, field_json(&fields[i], &result->run));
	for (unsigned k = 0; k < NR_FORETOLD; k++)
		json_object_set_new(json, foretold[k].name, predicted_json(&result->run, k));
	json_object_set_new(json, "lanes", lanes_json(&result->run));
	json_object_set_new(json, "bars", bars_json(&result->run));
	json_object_set_new(json, "bars_cut", json_boolean(result->run.bars_cut));
	return json;
}

static bool run_parse(const json_t *json, unsigned cells, struct tr_result *result)
{
	const json_t *cell = json_object_get(json, "cell"), *round = json_object_get(json, "round");
	const json_t *causes = json_object_get(json, "causes_ns");

	if (!json_is_integer(cell) || json_integer_value(cell) < 0 || json_integer_value(cell) >= cells ||
	    !json_is_integer(round) || json_integer_value(round) < 0 || json_integer_value(round) > INT32_MAX)
		return false;
	result->cell = (unsigned)json_integer_value(cell);
	result->round = (unsigned)json_integer_value(round);
	for (unsigned i = 0; i < TR_CAUSE_COUNT; i++)
		result->run.causes[i] = json_integer_value(json_object_get(causes, tr_cause_name(i)));
	for (unsigned i = 0; i < NR_FIELDS; i++)
		if (!field_parse(&fields[i], json_object_get(json, fields[i].name), &result->run))
			return false;
	return predicted_parse(json, cells, &result->run) && timeline_parse(json, &result->run);
}

enum xf_status tr_result_parse(const json_t *json, unsigned cells, struct tr_result *result, struct xf_error *err)
{
	*result = (struct tr_result){ 0 };
	if (run_parse(json, cells, result))
		return XF_OK;
	tr_sample_fini(&result->run);
	return xf_fail(err, XF_FORMAT, "a line is no run of this experiment");
}

/* ---- the file */

static enum xf_status line_write(int fd, json_t *json, const char *what, struct xf_error *err)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	ssize_t written;

	if (!text)
		return xf_fail(err, XF_NOMEM, "out of memory");
	text[len] = '\n'; /* one write: a line is there, or is not */
	written = write(fd, text, len + 1);
	free(text);
	if (written != (ssize_t)len + 1 || fsync(fd))
		return xf_fail_errno(err, XF_IO, errno, "%s cannot be written to the results", what);
	return XF_OK;
}

static enum xf_status header_check(const json_t *header, const char *definition, uint64_t *seed, bool fixed,
				   const char *path, struct xf_error *err)
{
	const char *theirs = json_string_value(json_object_get(header, "definition"));
	const char *seed_text = json_string_value(json_object_get(header, "seed"));
	uint64_t number = seed_text ? strtoull(seed_text, NULL, 10) : 0;

	if (!json_is_integer(json_object_get(header, "xferdb-experiment")) || !theirs || !seed_text)
		return xf_fail(err, XF_FORMAT, "%s holds no results of an experiment: name another --results file", path);
	if (strcmp(theirs, definition))
		return xf_fail(err, XF_INVALID,
			       "%s holds the results of another experiment (another file, other options or axes): name another --results file",
			       path);
	if (fixed && number != *seed)
		return xf_fail(err, XF_INVALID, "%s was begun with --seed %" PRIu64 ": leave --seed out to go on", path, number);
	*seed = number;
	return XF_OK;
}

/* A run that stands there twice would count twice. */
static enum xf_status run_take(const json_t *json, const char *path, unsigned number, unsigned cells, struct tr_results *all,
			       struct xf_error *err)
{
	struct tr_result result;

	if (tr_result_parse(json, cells, &result, NULL))
		return xf_fail(err, XF_FORMAT, "%s, line %u: no run of this experiment", path, number);
	if (!tr_results_have(all, result.cell, result.round))
		return tr_results_add(all, &result, err);
	tr_sample_fini(&result.run);
	return xf_fail(err, XF_FORMAT, "%s, line %u: round %u of configuration %u stands there already", path, number, result.round,
		       result.cell);
}

static enum xf_status lines_read(FILE *from, const char *path, const char *definition, uint64_t *seed, bool fixed,
				 unsigned cells, struct tr_results *all, off_t *whole, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	for (unsigned number = 1; !status && (len = getline(&line, &cap, from)) > 0 && line[len - 1] == '\n'; number++) {
		json_t *json = json_loadb(line, (size_t)len, 0, NULL);
		if (!json)
			status = xf_fail(err, XF_FORMAT, "%s, line %u: not JSON", path, number);
		else if (number == 1)
			status = header_check(json, definition, seed, fixed, path, err);
		else
			status = run_take(json, path, number, cells, all, err);
		json_decref(json);
		*whole += len;
	}
	free(line);
	return status;
}

static enum xf_status file_begin(int fd, const char *definition, uint64_t seed, struct xf_error *err)
{
	char text[24];
	enum xf_status status;
	json_t *header;

	/* as text: JSON's readers keep 53 bits of a number */
	snprintf(text, sizeof(text), "%" PRIu64, seed);
	header = json_pack("{s:i, s:s, s:s}", "xferdb-experiment", 1, "seed", text, "definition", definition);
	status = line_write(fd, header, "the experiment", err);
	json_decref(header);
	return status;
}

enum xf_status tr_results_open(struct tr_results_file *file, const char *path, const char *definition,
			       uint64_t *seed, bool fixed, unsigned cells, struct tr_results *all,
			       struct xf_error *err)
{
	enum xf_status status;
	off_t whole = 0;
	FILE *from;

	file->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (file->fd < 0)
		return xf_fail_errno(err, errno == EACCES ? XF_DENIED : XF_IO, errno, "cannot open %s", path);
	if (flock(file->fd, LOCK_EX | LOCK_NB))
		return xf_fail(err, XF_STATE, "%s is being written by another experiment", path);
	from = fdopen(dup(file->fd), "r");
	if (!from)
		return xf_fail(err, XF_NOMEM, "out of memory");
	status = lines_read(from, path, definition, seed, fixed, cells, all, &whole, err);
	fclose(from);
	if (!status && ftruncate(file->fd, whole))
		status = xf_fail_errno(err, XF_IO, errno, "cannot cut the torn last line off %s", path);
	return status || whole ? status : file_begin(file->fd, definition, *seed, err);
}

enum xf_status tr_results_append(struct tr_results_file *file, const struct tr_sweep *sweep,
				 const struct tr_result *result, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	json_t *json;

	if (file->fd < 0)
		return XF_OK;
	json = tr_result_json(sweep, result);
	status = line_write(file->fd, json, "a run", err);
	json_decref(json);
	return status;
}

void tr_results_close(struct tr_results_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
