/* race: its clients, each this program again; the line protocol stands in race.h. */
#include "tui/command/race_rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tui/command/signals.h"
#include "tui/command/words.h"

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

static enum xf_status peer_start(struct ui_race *r, struct ui_race_peer *peer, char **argv, struct xf_error *err)
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

enum xf_status ui_race_peers_start(struct ui_race *r, struct xf_error *err)
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

void ui_race_peers_stop(struct ui_race *r)
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

enum xf_status ui_race_peer_read(struct ui_race *r, unsigned i, const char *begin, char *line, size_t cap, struct xf_error *err)
{
	if (fgets(line, (int)cap, r->peers[i].from) && !strncmp(line, begin, strlen(begin)))
		return XF_OK;
	return xf_fail(err, XF_IO, "client %u ended unexpectedly", i + 1);
}

enum xf_status ui_race_report_read(struct ui_race *r, unsigned i, struct tr_racer *racer, struct xf_error *err)
{
	char line[1200];
	int found, outcome, at = 0;
	enum xf_status status = ui_race_peer_read(r, i, "report ", line, sizeof(line), err);

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
