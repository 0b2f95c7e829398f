#include "tui/command/verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/clock.h"
#include "core/event/emit.h"
#include "core/s3/client.h"
#include "tracer/foreign/voice.h"
#include "tracer/trace/log.h"

enum { MOST_REFUSALS = 2 };
#define PATIENCE_NS 10000000000u      /* of one HEAD */
#define LOOK_NS 1000000000u           /* so often at whether it is to end */

/* What is known of the object in a slot of the control mapping. */
struct seen {
	uint32_t transfer;        /* plus one; 0: none */
	unsigned refused;         /* HEADs that showed nothing */
	bool there;
};

struct ui_verifier {
	struct tr_control *control;
	const struct ui_local *local;
	bool quiet;
	pthread_t thread;
	_Atomic uint64_t stop_ns; /* since when it is to end; 0: it is not */
	/* the thread's, then finish's */
	struct tr_voice voice;
	bool speaks;              /* the voice is made */
	struct seen seen[TR_NR_OBJECTS];
	char trouble[2048];       /* the first object that could not be looked at, and why */
};

/* ---- one look */

static bool is_loopback(const char *host)
{
	return !strncmp(host, "127.", 4) || !strncmp(host, "localhost", 9) || !strncmp(host, "[::1]", 5);
}

/* The host without a bucket in front of it; in virtual-host style *virtual_host says so. */
static const char *host_of(const struct tr_control_object *o, bool *virtual_host)
{
	size_t len = strlen(o->bucket);

	*virtual_host = len && !strncmp(o->host, o->bucket, len) && o->host[len] == '.';
	return *virtual_host ? o->host + len + 1 : o->host;
}

/* Where the program talked to; with --local everything but the loopback was led to the endpoint. */
static enum xf_status client_for(const struct ui_verifier *v, const struct tr_control_object *o,
				 struct xf_client **client, struct xf_error *err)
{
	struct xf_client_options options = { .max_attempts = 1, .connect_timeout_ns = PATIENCE_NS,
					     .read_timeout_ns = PATIENCE_NS };
	bool virtual_host;
	const char *host = host_of(o, &virtual_host);
	char url[300];

	snprintf(url, sizeof(url), "%s://%s", o->tls ? "https" : "http", host);
	if (v->local && (!is_loopback(host) || !strcmp(url, v->local->endpoint_url))) {
		snprintf(url, sizeof(url), "%s", v->local->endpoint_url);
		options.access_key = v->local->access_key;
		options.secret_key = v->local->secret_key;
		options.region = "us-east-1";
		virtual_host = false;
	}
	options.endpoint_url = url;
	options.addressing_style = virtual_host ? "virtual" : "path";
	enum xf_status status = xf_client_new(&options, client, err);
	if (!status && !xf_client_has_credentials(*client, NULL)) {
		xf_client_free(*client);
		options.no_sign_request = true;
		status = xf_client_new(&options, client, err);
	}
	return status;
}

static enum xf_status head(const struct ui_verifier *v, const struct tr_control_object *o,
			   struct xf_s3_head_output *out, struct xf_error *err)
{
	struct xf_s3_head_input in = { .bucket = o->bucket, .key = o->key };
	struct xf_client *client = NULL;
	struct xf_http *http = NULL;
	enum xf_status status = client_for(v, o, &client, err);

	if (status)
		return status;
	status = xf_client_http(client, &http, err);
	if (!status)
		status = xf_s3_head_object(client, http, &in, out, NULL, err);
	xf_http_free(http);
	xf_client_free(client);
	return status;
}

static void record(struct ui_verifier *v, uint32_t call, uint32_t transfer, const struct xf_s3_head_output *out,
		   uint32_t http_status)
{
	if (!v->speaks)
		tr_voice_init(&v->voice, xf_thread_reserve(), 0, 0, "xferdb verify", TR_TRACER_ROLE);
	v->speaks = true;
	tr_voice_begin(&v->voice);
	uint32_t etag = xf_text(out ? out->answer.etag : NULL);
	XF_EMIT(object_head, .bytes = out ? out->size : 0, .transfer = transfer, .http_status = http_status,
		.etag = etag, .call = call, .failed = !out, .verify = 1);
	tr_voice_end(&v->voice);
}

static void look_at(struct ui_verifier *v, uint32_t call, const struct tr_control_object *o, struct seen *seen)
{
	struct xf_s3_head_output out = { 0 };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = head(v, o, &out, &err);

	if (status == XF_OK || err.http_status == 404) {
		seen->there = status == XF_OK;
		record(v, call, o->transfer, status ? NULL : &out, (uint32_t)(status ? 404 : out.answer.http_status));
		return;
	}
	seen->refused++;
	if (!*v->trouble)
		snprintf(v->trouble, sizeof(v->trouble), "s3://%s/%s could not be looked at: %s", o->bucket, o->key, err.message);
}

/* Behind the return of that call; 0: at the program's end. What was seen once is there. */
static void look(struct ui_verifier *v, uint32_t call)
{
	struct tr_control_object o;

	for (unsigned i = 0; i < TR_NR_OBJECTS; i++) {
		struct seen *seen = &v->seen[i];
		if (!tr_control_object_read(v->control, i, &o))
			continue;
		if (seen->transfer != o.transfer + 1)
			*seen = (struct seen){ .transfer = o.transfer + 1 };
		if (!seen->there && seen->refused < MOST_REFUSALS)
			look_at(v, call, &o, seen);
	}
}

/* ---- the thread */

/* After the end, returns not yet looked behind are worth as much as one HEAD. */
static bool is_overdue(const struct ui_verifier *v)
{
	uint64_t stop_ns = atomic_load(&v->stop_ns);

	return stop_ns && xf_clock_mono_ns() - stop_ns > PATIENCE_NS;
}

static void *verifier_run(void *arg)
{
	struct ui_verifier *v = arg;
	uint32_t seen = 0, now;
	bool stop;

	xf_thread_mute();
	do {
		stop = atomic_load(&v->stop_ns) != 0; /* before the count: what returned by then is looked at */
		now = tr_control_await_return(v->control, seen, stop ? 0 : LOOK_NS);
		if (now - seen > TR_NR_RETURNS)
			seen = now - TR_NR_RETURNS;
		for (; seen != now && !is_overdue(v); seen++) {
			uint32_t call = (uint32_t)atomic_load(&v->control->returned[seen % TR_NR_RETURNS]);
			if (call)
				look(v, call);
		}
	} while (!stop);
	return NULL;
}

struct ui_verifier *ui_verifier_start(struct tr_control *control, const struct ui_local *local, bool quiet)
{
	struct ui_verifier *v = control ? calloc(1, sizeof(*v)) : NULL;

	if (!v)
		return NULL;
	v->control = control;
	v->local = local;
	v->quiet = quiet;
	if (!pthread_create(&v->thread, NULL, verifier_run, v))
		return v;
	free(v);
	return NULL;
}

void ui_verifier_finish(struct ui_verifier *v, FILE *out)
{
	if (!v)
		return;
	atomic_store(&v->stop_ns, xf_clock_mono_ns());
	tr_control_returned(v->control, 0); /* no call's: it looks up */
	pthread_join(v->thread, NULL);
	look(v, 0);
	if (v->speaks)
		tr_voice_fini(&v->voice);
	if (*v->trouble && !v->quiet)
		fprintf(out, "xferdb: --verify: %s\n", v->trouble);
	free(v);
}
