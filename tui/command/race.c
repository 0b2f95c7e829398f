/*
 * race: N processes want to write one object, each only if it does not exist yet. How often is
 * it written twice, how often is the newer lost? For every way to be the only one, for a writer
 * that waits and one that does not, let go together or one after the other.
 *
 * Rounds go through all ways in turn, so that what changes on the machine meets them all.
 */
#include "tui/command/race.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "core/event/clock.h"
#include "tracer/experiment/statistics.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"
#include "tui/command/signals.h"
#include "tui/command/style.h"
#include "tui/command/transfer.h"
#include "tui/command/uri.h"
#include "tui/command/values.h"
#include "tui/command/words.h"

static const char *const modes[] = { "check-then-put", "if-none-match", "lock-free" };
static const char *const writers[] = { "blocking", "fire-and-forget" };
static const char *const starts[] = { "together", "turns" };

enum { WAYS_MAX = UI_RACE_MODES * UI_RACE_WRITERS * UI_RACE_STARTS, CLIENTS_MAX = 64, LET_GO_NS = 3000000, WIDTH = 56 };

struct peer {
	pid_t pid;
	FILE *to, *from;
};

/* A round as it is shown. */
struct example {
	bool there;
	unsigned round;
	uint32_t left;
	struct tr_round judged;
	struct tr_racer racers[CLIENTS_MAX];
};

struct way {
	int mode, writer, start;
	uint64_t rounds, twice, newer_lost, none, found, refused, failed;
	struct example example;
};

struct race {
	const struct ui_settings *settings;
	unsigned clients, rounds;
	struct ui_local local;
	bool has_local;
	struct ui_uri target;
	struct xf_client *client;
	struct xf_http *http;
	struct peer peers[CLIENTS_MAX];
	unsigned nr_peers;
	struct way ways[WAYS_MAX];
	unsigned nr_ways;
	char why[200];             /* a failure, in the words of the client it happened to */
	FILE *out;
	struct ui_style style;
};

/* ---- clients */

static void peer_exec(char **argv, int to, int from)
{
	setpgid(0, 0); /* Ctrl-C ends the race between two rounds, not the clients in one */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(to, STDIN_FILENO);
	dup2(from, STDOUT_FILENO);
	ui_signals_restore_in_child();
	execv("/proc/self/exe", argv);
	_exit(127);
}

static enum xf_status peer_start(struct race *r, struct peer *peer, char **argv, struct xf_error *err)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return xf_fail_errno(err, XF_IO, errno, "a client could not be started");
	fflush(NULL);
	peer->pid = fork();
	if (peer->pid == 0)
		peer_exec(argv, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	peer->to = fdopen(to[1], "w");
	peer->from = fdopen(from[0], "r");
	r->nr_peers++;
	if (peer->pid < 0 || !peer->to || !peer->from)
		return xf_fail_errno(err, XF_IO, errno, "a client could not be started");
	return XF_OK;
}

static enum xf_status peers_start(struct race *r, struct xf_error *err)
{
	enum xf_status status = XF_OK;

	for (unsigned i = 0; i < r->clients && !status; i++) {
		struct ui_words words = { 0 };
		status = ui_words_add(&words, err, "xferdb");
		if (!status)
			status = ui_words_add(&words, err, "race");
		if (!status)
			status = ui_words_add(&words, err, "--as=client-%u", i + 1);
		if (!status)
			status = ui_words_settings(&words, r->settings, UI_ENDPOINT, err);
		if (!status && r->has_local)
			status = ui_words_add(&words, err, "--endpoint-url=%s", r->local.endpoint_url);
		if (!status && r->has_local && !r->settings->region)
			status = ui_words_add(&words, err, "--region=us-east-1");
		if (!status)
			status = ui_words_add(&words, err, "--body=%" PRIu64, r->settings->given[UI_OPT_body] ? r->settings->body : 65536);
		if (!status)
			status = ui_words_add(&words, err, "%s", r->target.bucket);
		if (!status)
			status = peer_start(r, &r->peers[i], words.items, err);
		ui_words_fini(&words);
	}
	return status;
}

static void peers_stop(struct race *r)
{
	for (unsigned i = 0; i < r->nr_peers; i++) {
		if (r->peers[i].to)
			fclose(r->peers[i].to);
		if (r->peers[i].from)
			fclose(r->peers[i].from);
	}
	for (unsigned i = 0; i < r->nr_peers; i++)
		if (r->peers[i].pid > 0)
			waitpid(r->peers[i].pid, NULL, 0);
}

/* The next line of a client, which must begin so. */
static enum xf_status peer_read(struct race *r, unsigned i, const char *begin, char *line, size_t cap, struct xf_error *err)
{
	if (fgets(line, (int)cap, r->peers[i].from) && !strncmp(line, begin, strlen(begin)))
		return XF_OK;
	return xf_fail(err, XF_IO, "client %u ended unexpectedly", i + 1);
}

static enum xf_status report_read(struct race *r, unsigned i, struct tr_racer *racer, struct xf_error *err)
{
	char line[1200];
	int found, outcome, at = 0;
	enum xf_status status = peer_read(r, i, "report ", line, sizeof(line), err);

	if (status)
		return status;
	if (sscanf(line, "report %" SCNd64 " %" SCNd64 " %d %" SCNd64 " %" SCNd64 " %" SCNd64 " %d %n", &racer->begin_ns,
		   &racer->checked_ns, &found, &racer->put_ns, &racer->returned_ns, &racer->stored_ns, &outcome, &at) < 7)
		return xf_fail(err, XF_FORMAT, "client %u said something else than a report", i + 1);
	racer->client = i + 1;
	racer->found = outcome == UI_RACE_FOUND;
	racer->stored = outcome == UI_RACE_STORED;
	racer->refused = outcome == UI_RACE_REFUSED;
	racer->failed = outcome == UI_RACE_FAILED;
	if (racer->failed)
		snprintf(r->why, sizeof(r->why), "%.*s", (int)strcspn(line + at, "\n") < 199 ? (int)strcspn(line + at, "\n") : 199, line + at);
	return XF_OK;
}

/* ---- a round */

static void say(struct peer *peer, const char *word, uint64_t number)
{
	fprintf(peer->to, "%s %" PRIu64 "\n", word, number);
	fflush(peer->to);
}

static enum xf_status together(struct race *r, struct xf_error *err)
{
	uint64_t at_ns = xf_clock_mono_ns() + LET_GO_NS;
	enum xf_status status = XF_OK;
	char line[64];

	for (unsigned i = 0; i < r->clients; i++)
		say(&r->peers[i], "go", at_ns);
	for (unsigned i = 0; i < r->clients && !status; i++)
		status = peer_read(r, i, "returned", line, sizeof(line), err);
	return status;
}

static enum xf_status turns(struct race *r, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	char line[64];

	for (unsigned i = 0; i < r->clients && !status; i++) {
		say(&r->peers[i], "go", xf_clock_mono_ns());
		status = peer_read(r, i, "returned", line, sizeof(line), err);
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
static uint32_t who_is_left(struct race *r, const char *key, unsigned round)
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

static void judge(struct way *w, unsigned round, const struct tr_racer *racers, unsigned nr, uint32_t left)
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
	w->example = (struct example){ .there = true, .round = round, .left = left, .judged = judged };
	memcpy(w->example.racers, racers, nr * sizeof(*racers));
}

static enum xf_status round_run(struct race *r, struct way *w, unsigned round, struct xf_error *err)
{
	struct tr_racer racers[CLIENTS_MAX] = { { 0 } };
	struct xf_s3_answer answer;
	struct xf_error ignored = XF_ERROR_INIT;
	enum xf_status status = XF_OK;
	char key[1100], line[64];

	snprintf(key, sizeof(key), "%.900s%s-%s-%s-%u", r->target.key, modes[w->mode], writers[w->writer], starts[w->start], round);
	for (unsigned i = 0; i < r->clients; i++) {
		fprintf(r->peers[i].to, "round %u %d %d %" PRIu64 " %s\n", round, w->mode, w->writer, r->settings->gap, key);
		fflush(r->peers[i].to);
	}
	for (unsigned i = 0; i < r->clients && !status; i++)
		status = peer_read(r, i, "ready", line, sizeof(line), err);
	if (!status)
		status = w->start == UI_TOGETHER ? together(r, err) : turns(r, err);
	for (unsigned i = 0; i < r->clients && !status; i++)
		status = report_read(r, i, &racers[i], err);
	if (status)
		return status;
	judge(w, round, racers, r->clients, who_is_left(r, key, round));
	xf_s3_delete_object(r->client, r->http, r->target.bucket, key, &answer, NULL, &ignored);
	return XF_OK;
}

static enum xf_status rounds_run(struct race *r, struct xf_error *err)
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

static void ways_choose(struct race *r)
{
	const struct ui_settings *s = r->settings;

	for (int m = 0; m < UI_RACE_MODES; m++)
		for (int w = 0; w < UI_RACE_WRITERS; w++)
			for (int t = 0; t < UI_RACE_STARTS; t++)
				if (wanted(s->mode, "check-then-put,if-none-match", modes[m]) &&
				    wanted(s->writer, "blocking,fire-and-forget", writers[w]) &&
				    wanted(s->start, "together,turns", starts[t]))
					r->ways[r->nr_ways++] = (struct way){ .mode = m, .writer = w, .start = t };
}

static enum xf_status target_take(struct race *r, const struct ui_arguments *a, struct xf_error *err)
{
	if (!a->nr_operands && !r->settings->local)
		return xf_fail(err, XF_INVALID, "where? Name s3://BUCKET/PREFIX, or try it without any account: --local");
	if (r->settings->local && r->settings->endpoint_url)
		return xf_fail(err, XF_INVALID, "--local and --endpoint-url name two endpoints: choose one");
	if (!r->settings->local && r->settings->fault.nr_items)
		return xf_fail(err, XF_INVALID, "--fault is for the embedded endpoint: add --local");
	return ui_uri_parse(a->nr_operands ? a->operands[0] : "s3://xferdb-race/", &r->target, err);
}

static enum xf_status endpoint_start(struct race *r, struct xf_error *err)
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

static enum xf_status prepare(struct race *r, const struct ui_arguments *a, struct xf_error *err)
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

/* ---- for people */

static const char *share_text(struct tr_share s, char *buf, size_t cap)
{
	snprintf(buf, cap, "%" PRIu64 " of %" PRIu64 " (%.0f..%.0f %%)", s.hits, s.of, 100 * s.low, 100 * s.high);
	return buf;
}

static void table_print(const struct race *r)
{
	char twice[48], lost[48];

	fprintf(r->out, "%-15s %-16s %-9s %-23s %-23s %6s %8s %7s\n", "MODE", "WRITER", "START", "WRITTEN TWICE", "NEWER LOST",
		"FOUND", "REFUSED", "FAILED");
	for (unsigned i = 0; i < r->nr_ways; i++) {
		const struct way *w = &r->ways[i];
		enum ui_tone tone = w->twice ? UI_BAD : UI_PROOF;
		fprintf(r->out, "%-15s %-16s %-9s %s%-23s %-23s%s %6" PRIu64 " %8" PRIu64 " %7" PRIu64 "\n", modes[w->mode],
			writers[w->writer], starts[w->start], ui_tone_begin(r->style, tone),
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

static void racer_print(const struct race *r, const struct example *e, const struct tr_racer *racer, int64_t begin_ns,
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

static void example_print(const struct race *r, const struct way *w)
{
	const struct example *e = &w->example;
	int64_t begin_ns = INT64_MAX, end_ns = 0;

	for (unsigned i = 0; i < r->clients; i++) {
		const struct tr_racer *racer = &e->racers[i];
		int64_t last = racer->stored_ns > racer->returned_ns ? racer->stored_ns : racer->returned_ns;
		begin_ns = racer->begin_ns < begin_ns ? racer->begin_ns : begin_ns;
		end_ns = last > end_ns ? last : end_ns;
	}
	fprintf(r->out, "\nA lost race: %s, %s, %s, round %u (? asks, = puts, | the put returned, x refused)\n", modes[w->mode],
		writers[w->writer], starts[w->start], e->round);
	for (unsigned i = 0; i < r->clients; i++)
		racer_print(r, e, &e->racers[i], begin_ns, end_ns > begin_ns ? end_ns - begin_ns : 1);
}

/* One lost race, the worst there is; of a blocking writer if there is one. */
static const struct way *worst(const struct race *r)
{
	const struct way *found = NULL;

	for (unsigned i = 0; i < r->nr_ways; i++) {
		const struct way *w = &r->ways[i];
		if (w->example.there && (!found || (w->example.judged.newer_lost && !found->example.judged.newer_lost)))
			found = w;
	}
	return found;
}

/* ---- JSON */

static json_t *share_json(struct tr_share s)
{
	return json_pack("{s:I, s:I, s:f, s:f, s:f}", "hits", (json_int_t)s.hits, "of", (json_int_t)s.of, "share", s.share,
			 "low", s.low, "high", s.high);
}

static json_t *example_json(const struct race *r, const struct way *w)
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

static enum xf_status json_print(const struct race *r, struct xf_error *err)
{
	json_t *ways = json_array(), *json;
	enum xf_status status;

	for (unsigned i = 0; i < r->nr_ways; i++) {
		const struct way *w = &r->ways[i];
		json_array_append_new(ways, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "mode", modes[w->mode],
						      "writer", writers[w->writer], "start", starts[w->start], "rounds",
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

/* ---- */

static void signal_arrived(void *ctx, int number, unsigned count)
{
	(void)ctx, (void)number;
	if (count > 1)
		_exit(UI_EXIT_INTERRUPTED);
}

static int conclude(struct race *r, enum xf_status status, struct xf_error *err)
{
	const struct way *lost = worst(r);

	if (!r->settings->quiet && r->ways[0].rounds) {
		table_print(r);
		if (lost)
			example_print(r, lost);
	}
	fflush(r->out);
	if (*r->why)
		fprintf(stderr, "xferdb: a put failed: %s\n", r->why);
	if (status)
		fprintf(stderr, "xferdb: %s\n", err->message);
	if (r->settings->json && json_print(r, err))
		status = XF_IO;
	if (ui_signals_count())
		return UI_EXIT_INTERRUPTED;
	return status || *r->why ? UI_EXIT_FAILED : UI_EXIT_DONE;
}

static void race_fini(struct race *r)
{
	peers_stop(r);
	xf_http_free(r->http);
	xf_client_free(r->client);
	if (r->has_local) {
		ui_local_stop(&r->local);
		waitpid(r->local.pid, NULL, 0);
	}
}

int ui_race_run(struct ui_arguments *arguments)
{
	struct race r = { .settings = &arguments->settings, .local = { .lifeline = -1, .pid = -1 } };
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
		status = peers_start(&r, &err);
		if (!status)
			status = rounds_run(&r, &err);
		exit_status = conclude(&r, status, &err);
		ui_signals_stop();
	}
	race_fini(&r);
	return exit_status;
}
