/*
 * race: what its files share. race.c is the story: who starts when, round by round; race_peers.c
 * starts the clients and talks to them; race_show.c prints.
 */
#ifndef UI_COMMAND_RACE_ROUNDS_H
#define UI_COMMAND_RACE_ROUNDS_H

#include <stdio.h>
#include <sys/types.h>

#include "core/s3/client.h"
#include "tui/command/local.h"
#include "tui/command/race.h"
#include "tui/command/style.h"
#include "tui/command/uri.h"

/* ORDER race words */
extern const char *const ui_race_modes[], *const ui_race_writers[], *const ui_race_starts[];

enum {
	UI_RACE_WAYS_MAX = UI_RACE_MODES * UI_RACE_WRITERS * UI_RACE_STARTS,
	UI_RACE_CLIENTS_MAX = 64,
};

struct ui_race_peer {
	pid_t pid;
	FILE *to, *from;
};

/* A round as it is shown. */
struct ui_race_example {
	bool there;
	unsigned round;
	uint32_t left;
	struct tr_round judged;
	struct tr_racer racers[UI_RACE_CLIENTS_MAX];
};

struct ui_race_way {
	int mode, writer, start;
	uint64_t rounds, twice, newer_lost, none, found, refused, failed;
	struct ui_race_example example;
};

struct ui_race {
	const struct ui_settings *settings;
	unsigned clients, rounds;
	struct ui_local local;
	bool has_local;
	struct ui_uri target;
	struct xf_client *client;
	struct xf_http *http;
	struct ui_race_peer peers[UI_RACE_CLIENTS_MAX];
	unsigned nr_peers;
	struct ui_race_way ways[UI_RACE_WAYS_MAX];
	unsigned nr_ways;
	char why[200];             /* a failure, in the words of the client it happened to */
	FILE *out;
	struct ui_style style;
};

/* ---- race_peers.c */

/* Errors: XF_IO, XF_NOMEM; what was started is stopped by ui_race_peers_stop() in any case. */
enum xf_status ui_race_peers_start(struct ui_race *r, struct xf_error *err);
/* Blocks until every client has ended. */
void ui_race_peers_stop(struct ui_race *r);
/* The next line of client i (from 0), which must begin so. Errors: XF_IO. */
enum xf_status ui_race_peer_read(struct ui_race *r, unsigned i, const char *begin, char *line, size_t cap, struct xf_error *err);
/* Its report of the round; a failure's words go to r->why. Errors: XF_IO, XF_FORMAT. */
enum xf_status ui_race_report_read(struct ui_race *r, unsigned i, struct tr_racer *racer, struct xf_error *err);

/* ---- race_show.c */

/* The table, and one lost race if there was any. */
void ui_race_print(const struct ui_race *r);
/* Errors: XF_IO. */
enum xf_status ui_race_json(const struct ui_race *r, struct xf_error *err);

#endif
