/* One client of a race: "exists? then put", as a process of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tui/command/race.h"
#include "tui/command/transfer.h"

struct client {
	const struct ui_settings *settings;
	unsigned number;
	const char *bucket;
	struct xf_client *client;
	struct xf_http *http;
	struct xf_extra condition;   /* If-None-Match: * */
	int body;                    /* the object's bytes; the first line says whose they are */
	size_t len;
};

struct turn {
	unsigned round;
	int mode, writer;
	uint64_t gap_ns;
	char key[1025];
};

/* ---- the object */

static bool body_write(struct client *c, unsigned round)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "client %u round %u\n", c->number, round);

	return n > 0 && pwrite(c->body, line, (size_t)n, 0) == n && lseek(c->body, 0, SEEK_SET) == 0;
}

/* ---- what a client does */

static void sleep_until(uint64_t at_ns)
{
	struct timespec at = { .tv_sec = (time_t)(at_ns / 1000000000), .tv_nsec = (long)(at_ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		;
}

/* Is it there? An answer that is neither yes nor no is a failure. */
static enum xf_status check(struct client *c, const struct turn *t, struct tr_racer *r, struct xf_error *err)
{
	struct xf_s3_head_input in = { .bucket = c->bucket, .key = t->key };
	struct xf_s3_head_output out = { 0 };
	enum xf_status status = xf_s3_head_object(c->client, c->http, &in, &out, NULL, err);

	r->checked_ns = (int64_t)xf_clock_mono_ns();
	r->found = status == XF_OK;
	if (status != XF_NOT_FOUND)
		return status;
	*err = XF_ERROR_INIT;
	return XF_OK;
}

static void returned_say(struct tr_racer *r)
{
	r->returned_ns = (int64_t)xf_clock_mono_ns();
	puts("returned");
	fflush(stdout);
}

/* The call on trial, and what became of its upload. */
static enum xf_status put(struct client *c, const struct turn *t, struct tr_racer *r, struct xf_error *err)
{
	struct xf_upload_request upload = { .fd = c->body, .name = "body", .bucket = c->bucket, .key = t->key,
					    .extra = t->mode == UI_IF_NONE_MATCH ? &c->condition : NULL };
	struct xf_call_options call = { .name = "upload_fileobj", .call = 1, .uploads = &upload, .nr_uploads = 1,
					.waits = t->writer == UI_BLOCKING ? XF_WAIT_BOTH : XF_WAIT_NONE };
	struct xf_transfer_config config = xf_transfer_config_default();
	struct xf_manager *m = NULL;
	enum xf_status status;

	r->put_ns = (int64_t)xf_clock_mono_ns();
	status = xf_call_transfer(c->client, &config, &call, NULL, NULL, &m, err);
	returned_say(r);
	if (!status && m)
		status = xf_future_result(xf_manager_transfer(m, 0), err);
	r->stored_ns = t->writer == UI_BLOCKING ? r->returned_ns : (int64_t)xf_clock_mono_ns();
	if (m) {
		xf_manager_exit(m);
		xf_manager_free(m);
	}
	return status;
}

static enum ui_race_outcome race(struct client *c, const struct turn *t, struct tr_racer *r, struct xf_error *err)
{
	struct timespec gap = { .tv_sec = (time_t)(t->gap_ns / 1000000000), .tv_nsec = (long)(t->gap_ns % 1000000000) };
	enum xf_status status = XF_OK;

	r->begin_ns = (int64_t)xf_clock_mono_ns();
	if (t->mode == UI_CHECK_THEN_PUT)
		status = check(c, t, r, err);
	if (status || r->found) {
		returned_say(r);
		return status ? UI_RACE_FAILED : UI_RACE_FOUND;
	}
	if (t->gap_ns)
		nanosleep(&gap, NULL);
	status = put(c, t, r, err);
	if (!status)
		return UI_RACE_STORED;
	return err->http_status == 412 || err->http_status == 409 ? UI_RACE_REFUSED : UI_RACE_FAILED;
}

/* ---- the protocol */

static bool turn_take(struct client *c, const char *line)
{
	struct turn t = { 0 };
	struct tr_racer r = { 0 };
	struct xf_error err = XF_ERROR_INIT;
	enum ui_race_outcome outcome;
	char go[64];
	uint64_t at_ns;

	if (sscanf(line, "round %u %d %d %" SCNu64 " %1024s", &t.round, &t.mode, &t.writer, &t.gap_ns, t.key) != 5 ||
	    !body_write(c, t.round))
		return false;
	puts("ready");
	fflush(stdout);
	if (!fgets(go, sizeof(go), stdin) || sscanf(go, "go %" SCNu64, &at_ns) != 1)
		return false;
	sleep_until(at_ns);
	outcome = race(c, &t, &r, &err);
	printf("report %" PRId64 " %" PRId64 " %d %" PRId64 " %" PRId64 " %" PRId64 " %d %s\n", r.begin_ns, r.checked_ns, r.found,
	       r.put_ns, r.returned_ns, r.stored_ns, (int)outcome, outcome == UI_RACE_FAILED ? err.message : "");
	fflush(stdout);
	return true;
}

/* A first request, so that nobody pays for the connection while others already race. */
static void warm_up(struct client *c)
{
	struct xf_s3_head_input in = { .bucket = c->bucket, .key = "warm-up" };
	struct xf_s3_head_output out = { 0 };
	struct xf_error err = XF_ERROR_INIT;

	xf_s3_head_object(c->client, c->http, &in, &out, NULL, &err);
}

static enum xf_status client_open(struct client *c, const struct ui_arguments *a, struct xf_error *err)
{
	enum xf_status status;

	c->settings = &a->settings;
	c->number = (unsigned)strtoul(a->settings.as + strlen("client-"), NULL, 10);
	c->bucket = a->operands[0];
	c->len = a->settings.body;
	c->body = memfd_create("body", MFD_CLOEXEC);
	if (c->body < 0 || ftruncate(c->body, (off_t)c->len))
		return xf_fail(err, XF_NOMEM, "no memory for the object");
	status = ui_transfer_connect(c->settings, NULL, &c->client, err);
	if (!status)
		status = xf_client_http(c->client, &c->http, err);
	if (!status)
		status = xf_extra_set(&c->condition, XF_EXTRA_IF_NONE_MATCH, "*", err);
	return status;
}

int ui_race_client(struct ui_arguments *arguments)
{
	struct client c = { .body = -1 };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status;
	char line[1200];

	c.condition = XF_EXTRA_INIT;
	status = client_open(&c, arguments, &err);
	if (status)
		fprintf(stderr, "xferdb: %s\n", err.message);
	else
		warm_up(&c);
	while (!status && fgets(line, sizeof(line), stdin))
		if (!turn_take(&c, line))
			break;
	xf_http_free(c.http);
	xf_client_free(c.client);
	xf_extra_fini(&c.condition);
	if (c.body >= 0)
		close(c.body);
	return status ? UI_EXIT_FAILED : UI_EXIT_DONE;
}
