/* race: the table, one lost race as a timeline, JSON. */
#include "tui/command/race_rounds.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "tracer/experiment/statistics.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"

enum { WIDTH = 56 };

static const char *share_text(struct tr_share s, char *buf, size_t cap)
{
	snprintf(buf, cap, "%" PRIu64 " of %" PRIu64 " (%.0f..%.0f %%)", s.hits, s.of, 100 * s.low, 100 * s.high);
	return buf;
}

static void table_print(const struct ui_race *r)
{
	char twice[48], lost[48];

	fprintf(r->out, "%-15s %-16s %-9s %-23s %-23s %6s %8s %7s\n", "MODE", "WRITER", "START", "WRITTEN TWICE", "NEWER LOST",
		"FOUND", "REFUSED", "FAILED");
	for (unsigned i = 0; i < r->nr_ways; i++) {
		const struct ui_race_way *w = &r->ways[i];
		enum ui_tone tone = w->twice ? UI_BAD : UI_PROOF;
		fprintf(r->out, "%-15s %-16s %-9s %s%-23s %-23s%s %6" PRIu64 " %8" PRIu64 " %7" PRIu64 "\n", ui_race_modes[w->mode],
			ui_race_writers[w->writer], ui_race_starts[w->start], ui_tone_begin(r->style, tone),
			share_text(tr_wilson(w->twice, w->rounds), twice, sizeof(twice)),
			share_text(tr_wilson(w->newer_lost, w->rounds), lost, sizeof(lost)), ui_tone_end(r->style), w->found,
			w->refused, w->failed);
	}
	fprintf(r->out, "%u clients a round. WRITTEN TWICE: the service took more than one put of an object that each client wanted\n"
		"to be the only one to write; NEWER LOST: what is left is not from the put that began last. 95 %% intervals (Wilson).\n",
		r->clients);
}

static void stretch(char *bar, int64_t begin_ns, int64_t width_ns, int64_t from_ns, int64_t to_ns, char mark)
{
	int64_t from = (from_ns - begin_ns) * (WIDTH - 1) / width_ns, to = (to_ns - begin_ns) * (WIDTH - 1) / width_ns;

	for (int64_t i = from; i <= to && i < WIDTH; i++)
		if (i >= 0)
			bar[i] = mark;
}

static void racer_print(const struct ui_race *r, const struct ui_race_example *e, const struct tr_racer *racer, int64_t begin_ns,
			int64_t width_ns)
{
	char bar[WIDTH + 1], from[24], to[24];

	memset(bar, ' ', WIDTH);
	bar[WIDTH] = '\0';
	if (racer->checked_ns)
		stretch(bar, begin_ns, width_ns, racer->begin_ns, racer->checked_ns, '?');
	if (racer->put_ns) {
		stretch(bar, begin_ns, width_ns, racer->put_ns, racer->stored_ns, racer->refused ? 'x' : '=');
		stretch(bar, begin_ns, width_ns, racer->returned_ns, racer->returned_ns, '|');
	}
	fprintf(r->out, "  client %-3u %s ", racer->client, bar);
	if (racer->found)
		fprintf(r->out, "found it\n");
	else
		fprintf(r->out, "%s%s, put %s to %s%s\n", racer->checked_ns ? "found none, " : "",
			racer->stored ? "stored" : racer->refused ? "refused" : "failed",
			ui_time_text(racer->put_ns - begin_ns, from, sizeof(from)),
			ui_time_text(racer->stored_ns - begin_ns, to, sizeof(to)),
			racer->client == e->left ? "  <- what is left" :
			racer->client == e->judged.last_begun ? "  <- the newest, lost" : racer->stored ? "  <- lost" : "");
}

static void example_print(const struct ui_race *r, const struct ui_race_way *w)
{
	const struct ui_race_example *e = &w->example;
	int64_t begin_ns = INT64_MAX, end_ns = 0;

	for (unsigned i = 0; i < r->clients; i++) {
		const struct tr_racer *racer = &e->racers[i];
		int64_t last = racer->stored_ns > racer->returned_ns ? racer->stored_ns : racer->returned_ns;
		begin_ns = racer->begin_ns < begin_ns ? racer->begin_ns : begin_ns;
		end_ns = last > end_ns ? last : end_ns;
	}
	fprintf(r->out, "\nA lost race: %s, %s, %s, round %u (? asks, = puts, | the put returned, x refused)\n", ui_race_modes[w->mode],
		ui_race_writers[w->writer], ui_race_starts[w->start], e->round);
	for (unsigned i = 0; i < r->clients; i++)
		racer_print(r, e, &e->racers[i], begin_ns, end_ns > begin_ns ? end_ns - begin_ns : 1);
}

/* One lost race, the worst there is; of a blocking writer if there is one. */
static const struct ui_race_way *worst(const struct ui_race *r)
{
	const struct ui_race_way *found = NULL;

	for (unsigned i = 0; i < r->nr_ways; i++) {
		const struct ui_race_way *w = &r->ways[i];
		if (w->example.there && (!found || (w->example.judged.newer_lost && !found->example.judged.newer_lost)))
			found = w;
	}
	return found;
}

void ui_race_print(const struct ui_race *r)
{
	const struct ui_race_way *lost = worst(r);

	table_print(r);
	if (lost)
		example_print(r, lost);
}

/* ---- JSON */

static json_t *share_json(struct tr_share s)
{
	return json_pack("{s:I, s:I, s:f, s:f, s:f}", "hits", (json_int_t)s.hits, "of", (json_int_t)s.of, "share", s.share,
			 "low", s.low, "high", s.high);
}

static json_t *example_json(const struct ui_race *r, const struct ui_race_way *w)
{
	json_t *racers = json_array();

	if (!w->example.there) {
		json_decref(racers);
		return json_null();
	}
	for (unsigned i = 0; i < r->clients; i++) {
		const struct tr_racer *x = &w->example.racers[i];
		json_array_append_new(racers, json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b}", "client", (int)x->client,
							"begin_ns", (json_int_t)x->begin_ns, "checked_ns", (json_int_t)x->checked_ns,
							"put_ns", (json_int_t)x->put_ns, "returned_ns", (json_int_t)x->returned_ns,
							"stored_ns", (json_int_t)x->stored_ns, "found", x->found, "stored", x->stored,
							"refused", x->refused, "failed", x->failed));
	}
	return json_pack("{s:i, s:i, s:o}", "round", (int)w->example.round, "left", (int)w->example.left, "clients", racers);
}

enum xf_status ui_race_json(const struct ui_race *r, struct xf_error *err)
{
	json_t *ways = json_array(), *json;
	enum xf_status status;

	for (unsigned i = 0; i < r->nr_ways; i++) {
		const struct ui_race_way *w = &r->ways[i];
		json_array_append_new(ways, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "mode", ui_race_modes[w->mode],
						      "writer", ui_race_writers[w->writer], "start", ui_race_starts[w->start], "rounds",
						      (json_int_t)w->rounds, "written_twice", share_json(tr_wilson(w->twice, w->rounds)),
						      "newer_lost", share_json(tr_wilson(w->newer_lost, w->rounds)), "none_stored",
						      (json_int_t)w->none, "found", (json_int_t)w->found, "refused",
						      (json_int_t)w->refused, "failed", (json_int_t)w->failed, "lost_race",
						      example_json(r, w)));
	}
	json = json_pack("{s:s, s:s, s:i, s:o}", "xferdb", XFERDB_VERSION, "command", "race", "clients", (int)r->clients, "ways", ways);
	status = ui_json_write(json, r->settings->json, err);
	json_decref(json);
	return status;
}
