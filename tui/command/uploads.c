/* uploads: multipart uploads that were left unfinished, listed and removed. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sync/sync.h"
#include "tui/command/arguments.h"
#include "tui/command/json.h"
#include "tui/command/signals.h"
#include "tui/command/transfer.h"
#include "tui/command/uri.h"

struct leftover {
	const struct xf_s3_upload *upload;
	size_t parts;
	uint64_t bytes;
	bool aborted;
};

struct leftovers {
	const struct ui_settings *settings;
	struct ui_uri uri;
	struct xf_client *client;
	_Atomic(struct xf_client *) looking; /* the same, for the signal helper */
	struct xf_http *http;
	struct xf_call_hooks hooks;
	struct xf_latch stop;   /* a signal came */
	struct xf_s3_list_uploads_output list;
	struct leftover *items; /* list.nr of them */
};

/* ---- signals: what goes on is dropped, and the document printed; the second one leaves at once */

static void signal_arrived(void *ctx, int number, unsigned count)
{
	struct leftovers *l = ctx;
	struct xf_client *client = atomic_load(&l->looking);

	(void)number;
	if (count > 1)
		_exit(UI_EXIT_INTERRUPTED);
	xf_latch_set(&l->stop);
	if (client)
		xf_client_allow_looking(client, XF_LOOK_NEVER);
}

static enum xf_go go(void *ctx)
{
	struct leftovers *l = ctx;

	return xf_latch_peek(&l->stop) ? XF_GO_DROP : XF_GO_ON;
}

/* ---- */

static enum xf_status find(struct leftovers *l, struct xf_error *err)
{
	const struct xf_s3_list_uploads_input in = { l->uri.bucket, *l->uri.key ? l->uri.key : NULL };
	enum xf_status status = xf_client_http(l->client, &l->http, err);

	if (!status)
		status = xf_s3_list_multipart_uploads(l->client, l->http, &in, &l->list, &l->hooks, err);
	if (status)
		return status;
	l->items = calloc(l->list.nr + 1, sizeof(*l->items));
	if (!l->items)
		return xf_fail(err, XF_NOMEM, "out of memory");
	for (size_t i = 0; i < l->list.nr; i++)
		l->items[i].upload = &l->list.uploads[i];
	return XF_OK;
}

/* One that ended meanwhile has no parts any more; that is no error. */
static void count_parts(struct leftovers *l, struct leftover *item)
{
	struct xf_error ignored = XF_ERROR_INIT;
	struct xf_s3_list_parts_output out = { .nr = 0 };
	const struct xf_s3_list_parts_input in = { l->uri.bucket, item->upload->key, item->upload->upload_id, NULL };

	if (xf_s3_list_parts(l->client, l->http, &in, &out, &l->hooks, &ignored))
		return;
	item->parts = out.nr;
	for (size_t i = 0; i < out.nr; i++)
		item->bytes += out.parts[i].size;
	free(out.parts);
}

/* Names come from the service: shown without what a terminal would obey. */
static void print_line(const struct leftovers *l, const struct leftover *item, FILE *out)
{
	char key[XF_S3_KEY_MAX + 1], id[XF_S3_UPLOAD_ID_MAX];

	xf_text_sanitise(key, sizeof(key), item->upload->key, strlen(item->upload->key));
	xf_text_sanitise(id, sizeof(id), item->upload->upload_id, strlen(item->upload->upload_id));
	fprintf(out, "%-24s  %5zu part%s  %12" PRIu64 " bytes  %s  s3://%s/%s\n", item->upload->initiated, item->parts,
		item->parts == 1 ? " " : "s", item->bytes, id, l->uri.bucket, key);
}

/* NULL: none, or no memory. */
static json_t *error_json(const struct xf_error *e)
{
	json_t *o;

	if (!e->status)
		return json_null();
	o = json_pack("{s:s, s:i, s:s*, s:s, s:s*}", "code", e->code, "http_status", e->http_status, "operation",
		      *e->operation ? e->operation : NULL, "message", e->message, "request_id",
		      *e->request_id ? e->request_id : NULL);
	if (o && !e->http_status)
		json_object_del(o, "http_status");
	return o;
}

static enum xf_status print_json(const struct leftovers *l, const struct xf_error *failed, struct xf_error *err)
{
	json_t *array = json_array(), *document;
	enum xf_status status;

	for (size_t i = 0; l->items && i < l->list.nr; i++) {
		const struct leftover *item = &l->items[i];
		json_array_append_new(array, json_pack("{s:s%, s:s, s:s, s:I, s:I, s:b}",
			"key", item->upload->key, strlen(item->upload->key), "upload_id", item->upload->upload_id,
			"initiated", item->upload->initiated, "parts", (json_int_t)item->parts,
			"bytes", (json_int_t)item->bytes, "aborted", item->aborted));
	}
	document = json_pack("{s:s, s:s, s:s, s:o, s:o}", "xferdb", XFERDB_VERSION, "command", "uploads", "bucket",
			     l->uri.bucket, "uploads", array, "error", error_json(failed));
	status = document ? ui_json_write(document, l->settings->json, err) :
			    xf_fail(err, XF_NOMEM, "out of memory");
	json_decref(document);
	return status;
}

/* False: a signal came first. */
static bool wait_for_input(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!ui_signals_count())
		if (poll(&p, 1, 50) > 0)
			return true;
	return false;
}

/* One line of standard input. No answer at all is an error: a script must say --yes. */
static enum xf_status ask(const struct leftovers *l, bool *yes, struct xf_error *err)
{
	char line[16];

	*yes = l->settings->yes;
	if (*yes)
		return XF_OK;
	fprintf(stderr, "remove %zu unfinished upload%s of s3://%s and all their parts? [y/N] ", l->list.nr,
		l->list.nr == 1 ? "" : "s", l->uri.bucket);
	fflush(stderr);
	if (!wait_for_input()) {
		fputc('\n', stderr);
		return xf_fail(err, XF_INTERRUPTED, "interrupted: nothing was removed");
	}
	if (!fgets(line, sizeof(line), stdin)) {
		fputc('\n', stderr);
		return xf_fail(err, XF_INVALID, "nobody answered, so nothing was removed: --yes removes without asking");
	}
	*yes = line[0] == 'y' || line[0] == 'Y';
	if (!*yes)
		fprintf(stderr, "nothing was removed\n");
	return XF_OK;
}

static enum xf_status remove_all(struct leftovers *l, struct xf_error *err)
{
	size_t removed = 0;

	for (size_t i = 0; i < l->list.nr; i++) {
		struct xf_error why = XF_ERROR_INIT;
		struct xf_s3_answer out = { 0 };
		const struct xf_s3_abort_input in = { l->uri.bucket, l->items[i].upload->key,
						      l->items[i].upload->upload_id, NULL };
		l->items[i].aborted = !xf_s3_abort_multipart_upload(l->client, l->http, &in, &out, &l->hooks, &why) ||
			!strcmp(why.code, "NoSuchUpload");
		removed += l->items[i].aborted;
		if (!l->items[i].aborted)
			xf_fail(err, why.status, "%s", why.message);
	}
	if (!l->settings->quiet)
		fprintf(stderr, "removed %zu of %zu\n", removed, l->list.nr);
	return removed == l->list.nr ? XF_OK : err->status;
}

static enum xf_status show(struct leftovers *l)
{
	FILE *out = l->settings->json && (!*l->settings->json || !strcmp(l->settings->json, "-")) ? stderr : stdout;

	for (size_t i = 0; i < l->list.nr; i++)
		count_parts(l, &l->items[i]);
	for (size_t i = 0; i < l->list.nr && !l->settings->quiet; i++)
		print_line(l, &l->items[i], out);
	if (!l->list.nr && !l->settings->quiet)
		fprintf(stderr, "no unfinished uploads in s3://%s/%s\n", l->uri.bucket, l->uri.key);
	fflush(out);
	return XF_OK;
}

static enum xf_status work(struct leftovers *l, struct xf_error *err)
{
	bool yes = false;
	enum xf_status status = find(l, err);

	if (!status)
		status = show(l);
	if (!status && l->settings->abort && l->list.nr)
		status = ask(l, &yes, err);
	if (!status && yes)
		status = remove_all(l, err);
	if (l->settings->json && (l->items || status != XF_INVALID)) {
		struct xf_error why = XF_ERROR_INIT;
		enum xf_status written = print_json(l, err, &why);
		if (written && !status) {
			*err = why;
			status = written;
		}
	}
	return status;
}

static int exit_status_of(enum xf_status status)
{
	if (status && ui_signals_count())
		return UI_EXIT_INTERRUPTED;
	return status == XF_INVALID ? UI_EXIT_USAGE : status ? UI_EXIT_FAILED : UI_EXIT_DONE;
}

/* Whatever keeps it from asking the service ends with 2. */
static int run(struct leftovers *l, struct xf_error *err)
{
	enum xf_status status = ui_transfer_client_new(l->settings, NULL, &l->client, err);

	if (!status) {
		atomic_store(&l->looking, l->client);
		status = ui_transfer_keys(l->settings, l->client, err);
	}
	if (status)
		return ui_signals_count() ? UI_EXIT_INTERRUPTED : UI_EXIT_USAGE;
	return exit_status_of(work(l, err));
}

int ui_uploads_run(struct ui_arguments *arguments)
{
	struct leftovers l = { .settings = &arguments->settings };
	struct xf_error err = XF_ERROR_INIT;
	int exit_status = UI_EXIT_USAGE;

	l.hooks = (struct xf_call_hooks){ .ctx = &l, .go = go, .unless = &l.stop };
	xf_latch_init(&l.stop, "stop");
	ui_signals_start(signal_arrived, &l);
	if (!ui_uri_parse(arguments->operands[0], &l.uri, &err))
		exit_status = run(&l, &err);
	ui_signals_stop();
	if (exit_status != UI_EXIT_DONE)
		fprintf(stderr, "xferdb: %s\n", exit_status == UI_EXIT_INTERRUPTED ? "interrupted" : err.message);
	free(l.items);
	free(l.list.uploads);
	xf_http_free(l.http);
	if (l.client)
		xf_client_free(l.client);
	xf_latch_fini(&l.stop);
	return exit_status;
}
