/*
 * race: N processes want to write one object, each only if it does not exist yet. How often is
 * it written twice, how often is the newer lost? For every way to be the only one, for a writer
 * that waits and one that does not, let go together or one after the other.
 *
 * Rounds go through all ways in turn, so that what changes on the machine meets them all.
 */
#include "tui/command/race_rounds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tui/command/conclude.h"
#include "tui/command/signals.h"
#include "tui/command/transfer.h"
#include "tui/command/values.h"

enum { LET_GO_NS = 3000000 };

const char *const ui_race_modes[] = { "check-then-put", "if-none-match", "lock-free" };
const char *const ui_race_writers[] = { "blocking", "fire-and-forget" };
const char *const ui_race_starts[] = { "together", "turns" };

/* ---- a round */

static void say(struct ui_race_peer *peer, const char *word, uint64_t number)
{
	fprintf(peer->to, "%s %" PRIu64 "\n", word, number);
	fflush(peer->to);
}

static enum xf_status together(struct ui_race *r, struct xf_error *err)
{
	uint64_t at_ns = xf_clock_mono_ns() + LET_GO_NS;
	enum xf_status status = XF_OK;
	char line[64];

	for (unsigned i = 0; i < r->clients; i++)
		say(&r->peers[i], "go", at_ns);
	for (unsigned i = 0; i < r->clients && !status; i++)
		status = ui_race_peer_read(r, i, "returned", line, sizeof(line), err);
	return status;
}

static enum xf_status turns(struct ui_race *r, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	char line[64];

	for (unsigned i = 0; i < r->clients && !status; i++) {
		say(&r->peers[i], "go", xf_clock_mono_ns());
		status = ui_race_peer_read(r, i, "returned", line, sizeof(line), err);
	}
	return status;
}

struct first_line {
	char text[64];
	size_t len;
};

static enum xf_status first_line_take(void *ctx, const void *data, size_t len, struct xf_error *err)
{
	struct first_line *l = ctx;
	size_t more = sizeof(l->text) - 1 - l->len;

	(void)err;
	more = len < more ? len : more;
	memcpy(l->text + l->len, data, more);
	l->len += more;
	return XF_OK;
}

/* Whose object is left: its first line says so. 0: not known. */
static uint32_t who_is_left(struct ui_race *r, const char *key, unsigned round)
{
	struct first_line line = { .len = 0 };
	struct xf_s3_get_input in = { .bucket = r->target.bucket, .key = key, .ranged = true, .last = 62,
				      .sink = first_line_take, .sink_ctx = &line };
	struct xf_s3_get_output out = { 0 };
	struct xf_error err = XF_ERROR_INIT;
	unsigned client, its_round;

	if (xf_s3_get_object(r->client, r->http, &in, &out, NULL, &err) ||
	    sscanf(line.text, "client %u round %u", &client, &its_round) != 2 || its_round != round)
		return 0;
	return client;
}

static void judge(struct ui_race_way *w, unsigned round, const struct tr_racer *racers, unsigned nr, uint32_t left)
{
	struct tr_round judged = tr_race_judge(racers, nr, left);
	bool better = judged.newer_lost ? !w->example.judged.newer_lost : judged.twice && !w->example.there;

	w->rounds++;
	w->twice += judged.twice;
	w->newer_lost += judged.newer_lost;
	w->none += judged.none;
	w->found += judged.found;
	w->refused += judged.refused;
	w->failed += judged.failed;
	if (!better)
		return;
	w->example = (struct ui_race_example){ .there = true, .round = round, .left = left, .judged = judged };
	memcpy(w->example.racers, racers, nr * sizeof(*racers));
}

static enum xf_status round_run(struct ui_race *r, struct ui_race_way *w, unsigned round, struct xf_error *err)
{
	struct tr_racer racers[UI_RACE_CLIENTS_MAX] = { { 0 } };
	struct xf_s3_answer answer;
	struct xf_error ignored = XF_ERROR_INIT;
	enum xf_status status = XF_OK;
	char key[1100], line[64];

	snprintf(key, sizeof(key), "%.900s%s-%s-%s-%u", r->target.key, ui_race_modes[w->mode], ui_race_writers[w->writer], ui_race_starts[w->start], round);
	for (unsigned i = 0; i < r->clients; i++) {
		fprintf(r->peers[i].to, "round %u %d %d %" PRIu64 " %s\n", round, w->mode, w->writer, r->settings->gap, key);
		fflush(r->peers[i].to);
	}
	for (unsigned i = 0; i < r->clients && !status; i++)
		status = ui_race_peer_read(r, i, "ready", line, sizeof(line), err);
	if (!status)
		status = w->start == UI_TOGETHER ? together(r, err) : turns(r, err);
	for (unsigned i = 0; i < r->clients && !status; i++)
		status = ui_race_report_read(r, i, &racers[i], err);
	if (status)
		return status;
	judge(w, round, racers, r->clients, who_is_left(r, key, round));
	xf_s3_delete_object(r->client, r->http, r->target.bucket, key, &answer, NULL, &ignored);
	return XF_OK;
}

static enum xf_status rounds_run(struct ui_race *r, struct xf_error *err)
{
	bool shown = !r->settings->quiet && !r->settings->plain && isatty(STDERR_FILENO);
	enum xf_status status = XF_OK;

	for (unsigned round = 1; round <= r->rounds && !status && !ui_signals_count(); round++) {
		if (shown)
			fprintf(stderr, "\rround %u of %u\033[K", round, r->rounds);
		for (unsigned i = 0; i < r->nr_ways && !status; i++)
			status = round_run(r, &r->ways[i], round, err);
	}
	if (shown)
		fprintf(stderr, "\r\033[K");
	return status;
}

/* ---- getting ready */

static bool wanted(const char *words, const char *standard, const char *word)
{
	return ui_value_listed(words ? words : standard, word);
}

static void ways_choose(struct ui_race *r)
{
	const struct ui_settings *s = r->settings;

	for (int m = 0; m < UI_RACE_MODES; m++)
		for (int w = 0; w < UI_RACE_WRITERS; w++)
			for (int t = 0; t < UI_RACE_STARTS; t++)
				if (wanted(s->mode, "check-then-put,if-none-match", ui_race_modes[m]) &&
				    wanted(s->writer, "blocking,fire-and-forget", ui_race_writers[w]) &&
				    wanted(s->start, "together,turns", ui_race_starts[t]))
					r->ways[r->nr_ways++] = (struct ui_race_way){ .mode = m, .writer = w, .start = t };
}

static enum xf_status target_take(struct ui_race *r, const struct ui_arguments *a, struct xf_error *err)
{
	if (!a->nr_operands && !r->settings->local)
		return xf_fail(err, XF_INVALID, "where? Name s3://BUCKET/PREFIX, or try it without any account: --local");
	if (r->settings->local && r->settings->endpoint_url)
		return xf_fail(err, XF_INVALID, "--local and --endpoint-url name two endpoints: choose one");
	if (!r->settings->local && r->settings->fault.nr_items)
		return xf_fail(err, XF_INVALID, "--fault is for the embedded endpoint: add --local");
	return ui_uri_parse(a->nr_operands ? a->operands[0] : "s3://xferdb-race/", &r->target, err);
}

static enum xf_status endpoint_start(struct ui_race *r, struct xf_error *err)
{
	enum xf_status status;

	if (!r->settings->local)
		return XF_OK;
	status = ui_local_start(&r->local, &r->settings->fault, r->settings->no_sign_request, err);
	if (status)
		return status;
	r->has_local = true;
	setenv("AWS_ACCESS_KEY_ID", r->local.access_key, 1);
	setenv("AWS_SECRET_ACCESS_KEY", r->local.secret_key, 1);
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_PROFILE");
	return XF_OK;
}

static enum xf_status prepare(struct ui_race *r, const struct ui_arguments *a, struct xf_error *err)
{
	enum xf_status status;

	r->clients = r->settings->given[UI_OPT_clients] ? (unsigned)r->settings->clients : 4;
	r->rounds = r->settings->given[UI_OPT_rounds] ? (unsigned)r->settings->rounds : 20;
	ways_choose(r);
	status = target_take(r, a, err);
	if (!status)
		status = endpoint_start(r, err);
	if (!status)
		status = ui_transfer_connect(r->settings, r->has_local ? &r->local : NULL, &r->client, err);
	if (!status)
		status = xf_client_http(r->client, &r->http, err);
	return status;
}

/* ---- */

static void signal_arrived(void *ctx, int number, unsigned count)
{
	(void)ctx, (void)number;
	if (count > 1)
		_exit(UI_EXIT_INTERRUPTED);
}

static int conclude(struct ui_race *r, enum xf_status status, struct xf_error *err)
{
	if (!r->settings->quiet && r->ways[0].rounds)
		ui_race_print(r);
	fflush(r->out);
	if (*r->why)
		fprintf(stderr, "xferdb: a put failed: %s\n", r->why);
	if (status)
		fprintf(stderr, "xferdb: %s\n", err->message);
	if (r->settings->json && ui_race_json(r, err))
		status = XF_IO;
	if (ui_signals_count())
		return UI_EXIT_INTERRUPTED;
	return status || *r->why ? UI_EXIT_FAILED : UI_EXIT_DONE;
}

static void race_fini(struct ui_race *r)
{
	ui_race_peers_stop(r);
	xf_http_free(r->http);
	xf_client_free(r->client);
	if (r->has_local) {
		ui_local_stop(&r->local);
		waitpid(r->local.pid, NULL, 0);
	}
}

int ui_race_run(struct ui_arguments *arguments)
{
	struct ui_race r = { .settings = &arguments->settings, .local = { .lifeline = -1, .pid = -1 } };
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_USAGE;
	enum xf_status status;

	if (arguments->settings.as && !strncmp(arguments->settings.as, "client-", 7) && arguments->nr_operands)
		return ui_race_client(arguments);
	r.out = ui_text_stream(r.settings);
	r.style = ui_style_for(r.out, r.settings);
	status = prepare(&r, arguments, &err);
	if (status) {
		fprintf(stderr, "xferdb: %s\n", err.message);
	} else {
		ui_signals_start(signal_arrived, &r);
		status = ui_race_peers_start(&r, &err);
		if (!status)
			status = rounds_run(&r, &err);
		exit_status = conclude(&r, status, &err);
		ui_signals_stop();
	}
	race_fini(&r);
	return exit_status;
}
