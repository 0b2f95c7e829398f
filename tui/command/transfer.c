#include "tui/command/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/s3/credentials.h"
#include "core/s3/encode.h"
#include "core/transfer/plan.h"
#include "tui/command/uri.h"

/* ---- knobs */

static const void *setting_at(const struct ui_settings *settings, const struct ui_option *o)
{
	return (const char *)settings + o->offset;
}

enum xf_status ui_transfer_config(const struct ui_settings *settings, struct xf_transfer_config *config,
				  struct xf_error *err)
{
	*config = xf_transfer_config_default();
	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		const struct ui_option *o = &ui_options[i];
		uint64_t *knob;
		if (o->group != UI_TRANSFER_BIT || !settings->given[i])
			continue;
		knob = xf_transfer_config_find(config, o->name);
		if (!knob)
			return xf_fail(err, XF_UNSUPPORTED, "--%s is not supported here", o->name);
		*knob = o->kind == UI_KIND_SWITCH ? *(const enum ui_switch *)setting_at(settings, o) == UI_YES :
						    *(const uint64_t *)setting_at(settings, o);
	}
	return xf_transfer_config_check(config, err);
}

unsigned ui_transfer_waits(const struct ui_settings *settings)
{
	static const struct {
		const char *word;
		unsigned waits;
	} words[] = {
		{ "result,exit", XF_WAIT_BOTH }, { "result", XF_WAIT_RESULT },
		{ "exit", XF_WAIT_EXIT }, { "none", XF_WAIT_NONE },
	};

	for (size_t i = 0; settings->wait && i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(settings->wait, words[i].word))
			return words[i].waits;
	return XF_WAIT_BOTH;
}

/* ---- the object */

/* "k=v,k2=v2"; a comma belongs to the value when no '=' follows it. */
static enum xf_status metadata_add(struct xf_extra *extra, const char *text, struct xf_error *err)
{
	char name[256], value[2049];

	while (*text) {
		size_t name_len = strcspn(text, "="), value_len;
		const char *at = text + name_len + 1, *comma;
		if (!text[name_len] || !name_len || name_len >= sizeof(name))
			return xf_fail(err, XF_INVALID, "--metadata: '%.80s' is not of the form KEY=VALUE", text);
		comma = strchr(at, ',');
		if (comma && !strchr(comma, '='))
			comma = NULL;
		value_len = comma ? (size_t)(comma - at) : strlen(at);
		if (value_len >= sizeof(value))
			return xf_fail(err, XF_INVALID, "--metadata: the value is longer than S3's 2 KB");
		snprintf(name, sizeof(name), "%.*s", (int)name_len, text);
		snprintf(value, sizeof(value), "%.*s", (int)value_len, at);
		if (xf_extra_add_metadata(extra, name, value, err))
			return err->status;
		text = at + value_len + (comma != NULL);
	}
	return XF_OK;
}

static enum xf_status key_file_read(const char *path, unsigned char key[64], size_t *len, struct xf_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, key, 64);

	if (n < 0)
		xf_fail_errno(err, XF_NOT_FOUND, errno, "--sse-c-key: cannot read %s", path);
	if (fd >= 0)
		close(fd);
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? XF_NOT_FOUND : XF_OK;
}

/* 32 bytes as they are, their base64, or the file that holds them. Never repeated in an error. */
static enum xf_status customer_key(struct xf_extra *extra, const char *text, struct xf_error *err)
{
	unsigned char key[64];
	size_t len = strlen(text);
	enum xf_status status = XF_OK;

	if (!strncmp(text, "fileb://", 8))
		status = key_file_read(text + 8, key, &len, err);
	else if (len == 44 && xf_base64_decode(key, sizeof(key), &len, text))
		;
	else if (len == 32)
		memcpy(key, text, len);
	if (!status && len != 32)
		status = xf_fail(err, XF_INVALID,
				 "--sse-c-key: the key is not 32 bytes long (give them as they are, as base64, or fileb://FILE)");
	if (!status)
		status = xf_extra_set_sse_key(extra, key, 32, err);
	explicit_bzero(key, sizeof(key));
	return status;
}

static enum xf_status extra_one(struct xf_extra *extra, const struct ui_option *o, const void *at,
				struct xf_error *err)
{
	enum xf_extra_id id = xf_extra_find(o->name);
	char number[24];
	const struct ui_list *list = at;
	enum xf_status status = XF_OK;

	if (o->id == UI_OPT_sse_c_key)
		return customer_key(extra, *(const char *const *)at, err);
	if (o->kind == UI_KIND_LIST) {
		for (size_t i = 0; i < list->nr_items && !status; i++)
			status = metadata_add(extra, list->items[i], err);
		return status;
	}
	if (id == XF_EXTRA_COUNT)
		return xf_fail(err, XF_UNSUPPORTED, "--%s is not supported here", o->name);
	if (o->kind != UI_KIND_SIZE)
		return xf_extra_set(extra, id, *(const char *const *)at, err);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)*(const uint64_t *)at);
	return xf_extra_set(extra, id, number, err);
}

static bool is_extra(const struct ui_option *o)
{
	return o->group == UI_OBJECT_BIT || o->group == UI_ACCESS_BIT || o->group == UI_READ_BIT;
}

enum xf_status ui_transfer_extra(const struct ui_settings *settings, struct xf_extra *extra,
				 struct xf_error *err)
{
	enum xf_status status = XF_OK;

	*extra = XF_EXTRA_INIT;
	if (settings->sse_c && !settings->sse_c_key)
		return xf_fail(err, XF_INVALID, "--sse-c needs the key to encrypt with: --sse-c-key");
	for (size_t i = 0; i < UI_OPT_COUNT && !status; i++)
		if (is_extra(&ui_options[i]) && settings->given[i])
			status = extra_one(extra, &ui_options[i], setting_at(settings, &ui_options[i]), err);
	return status;
}

/* ---- the client */

struct xf_client_options ui_transfer_client(const struct ui_settings *s, const struct ui_local *local)
{
	struct xf_client_options o = {
		.endpoint_url = s->endpoint_url, .profile = s->profile, .region = s->region,
		.no_sign_request = s->no_sign_request, .ca_bundle = s->ca_bundle,
		.no_verify_ssl = s->no_verify_ssl, .retry_mode = s->retry_mode,
		.max_attempts = (unsigned)s->max_attempts, .connect_timeout_ns = s->connect_timeout,
		.read_timeout_ns = s->read_timeout,
	};

	if (local) {
		o.endpoint_url = local->endpoint_url;
		o.access_key = local->access_key;
		o.secret_key = local->secret_key;
		o.region = s->region ? s->region : "us-east-1";
		o.addressing_style = "path";
		o.ca_bundle = *local->ca_file ? local->ca_file : NULL;
	}
	return o;
}

/* The cause is the sentence, but for the one case where nobody has configured anything. */
static enum xf_status no_credentials(const struct xf_client *client, const struct xf_error *cause,
				     struct xf_error *err)
{
	if (strcmp(cause->code, XF_NO_CREDENTIALS))
		return xf_fail(err, cause->status ? cause->status : XF_CREDENTIALS, "%s", cause->message);
	return xf_fail(err, XF_CREDENTIALS,
		       "no credentials are configured%s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a --profile, or try it without any account: --local",
		       xf_client_has_endpoint(client) ? "" : ", and no endpoint");
}

enum xf_status ui_transfer_client_new(const struct ui_settings *settings, const struct ui_local *local,
				      struct xf_client **client, struct xf_error *err)
{
	struct xf_client_options options = ui_transfer_client(settings, local);

	if (options.ca_bundle && access(options.ca_bundle, R_OK))
		return xf_fail_errno(err, XF_NOT_FOUND, errno, "--ca-bundle: cannot read %s", options.ca_bundle);
	/* a URL may carry a password: it is neither used nor repeated */
	if (options.endpoint_url && strchr(options.endpoint_url, '@'))
		return xf_fail(err, XF_INVALID, "--endpoint-url: credentials do not belong into a URL; use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
	return xf_client_new(&options, client, err);
}

enum xf_status ui_transfer_keys(const struct ui_settings *settings, struct xf_client *client, struct xf_error *err)
{
	struct xf_error cause = XF_ERROR_INIT;

	if (settings->no_sign_request || xf_client_has_credentials(client, &cause))
		return XF_OK;
	return no_credentials(client, &cause, err);
}

enum xf_status ui_transfer_connect(const struct ui_settings *settings, const struct ui_local *local,
				   struct xf_client **client, struct xf_error *err)
{
	enum xf_status status = ui_transfer_client_new(settings, local, client, err);

	if (status)
		return status;
	status = ui_transfer_keys(settings, *client, err);
	if (!status)
		return XF_OK;
	xf_client_free(*client);
	*client = NULL;
	return status;
}

/* ---- files */

/* Only looked at: to open a FIFO here and close it again would end its writer. */
static enum xf_status file_check(const char *path, struct xf_error *err)
{
	struct stat st;

	if (!strcmp(path, "-"))
		return XF_OK;
	if (stat(path, &st) || access(path, R_OK))
		return xf_fail_errno(err, errno == ENOENT ? XF_NOT_FOUND : XF_DENIED, errno, "cannot read %s", path);
	if (S_ISDIR(st.st_mode))
		return xf_fail(err, XF_INVALID, "%s is a folder: name its files", path);
	return XF_OK;
}

static enum xf_status keys_differ(const struct ui_uploads *u, struct xf_error *err)
{
	for (unsigned i = 1; i < u->nr; i++)
		for (unsigned k = 0; k < i; k++)
			if (!strcmp(u->keys[i], u->keys[k]))
				return xf_fail(err, XF_INVALID, "two of the files would both become s3://%s/%s",
					       u->bucket, u->keys[i]);
	return XF_OK;
}

static void upload_fill(struct ui_uploads *u, unsigned i, const char *file, const struct xf_extra *extra)
{
	bool from_stdin = !strcmp(file, "-");

	u->list[i] = (struct xf_upload_request){
		.path = from_stdin ? NULL : file, .fd = from_stdin ? STDIN_FILENO : -1,
		.name = from_stdin ? "standard input" : file, .bucket = u->bucket, .key = u->keys[i],
		.extra = extra,
	};
}

enum xf_status ui_uploads_init(struct ui_uploads *u, char **operands, size_t nr_operands,
			       const struct xf_extra *extra, struct xf_error *err)
{
	struct ui_uri uri;
	enum xf_status status;

	*u = (struct ui_uploads){ .nr = (unsigned)nr_operands - 1 };
	status = ui_uri_parse(operands[u->nr], &uri, err);
	if (!status)
		status = xf_s3_check_bucket(uri.bucket, err);
	if (status)
		return status;
	if (u->nr > 1 && !uri.prefix)
		return xf_fail(err, XF_INVALID, "several files need a prefix to go below: s3://%s/%s/", uri.bucket, uri.key);
	u->list = calloc(u->nr, sizeof(*u->list));
	u->keys = calloc(u->nr, sizeof(*u->keys));
	if (!u->list || !u->keys)
		return xf_fail(err, XF_NOMEM, "out of memory");
	memcpy(u->bucket, uri.bucket, sizeof(u->bucket));
	for (unsigned i = 0; i < u->nr && !status; i++) {
		status = ui_uri_key_for(&uri, operands[i], u->keys[i], err);
		if (!status)
			status = file_check(operands[i], err);
		upload_fill(u, i, operands[i], extra);
	}
	return status ? status : keys_differ(u, err);
}

/* What is left of a regular file; false: nobody knows yet how much comes. */
static bool size_known(const struct xf_upload_request *r, uint64_t *size)
{
	struct stat st;
	off_t at = 0;

	if (r->path ? stat(r->path, &st) : fstat(r->fd, &st))
		return false;
	if (!S_ISREG(st.st_mode) || (!r->path && (at = lseek(r->fd, 0, SEEK_CUR)) < 0))
		return false;
	*size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	return true;
}

enum xf_status ui_uploads_plan(const struct ui_uploads *u, const struct xf_transfer_config *config,
			       struct xf_error *err)
{
	for (unsigned i = 0; i < u->nr; i++) {
		struct xf_error cause = XF_ERROR_INIT;
		struct xf_plan plan;
		uint64_t size;

		if (size_known(&u->list[i], &size) && xf_plan_upload(config, size, true, &plan, &cause))
			return xf_fail(err, cause.status, "%s: %s", u->list[i].name, cause.message);
	}
	return XF_OK;
}

void ui_uploads_fini(struct ui_uploads *u)
{
	free(u->list);
	free(u->keys);
}

/* A folder takes the object under the last word of its key. */
static enum xf_status target_path(struct ui_downloads *d, const char *file, struct xf_error *err)
{
	const char *name = strrchr(d->key, '/');
	size_t len = strlen(file);
	struct stat st;
	bool folder = (len && file[len - 1] == '/') || (!stat(file, &st) && S_ISDIR(st.st_mode));
	int n;

	name = name ? name + 1 : d->key;
	if (folder && !*name)
		return xf_fail(err, XF_INVALID, "s3://%s/%s has no name for a file in %s: give one", d->bucket, d->key, file);
	n = snprintf(d->path, sizeof(d->path), "%s%s%s", file, folder && file[len - 1] != '/' ? "/" : "",
		     folder ? name : "");
	return n > 0 && (size_t)n < sizeof(d->path) ? XF_OK : xf_fail(err, XF_INVALID, "%s is too long a name", file);
}

/* A file that could not be put where it is to go; devices and pipes are opened later. */
static enum xf_status folder_check(const char *path, struct xf_error *err)
{
	struct stat st;
	const char *slash = strrchr(path, '/');
	char folder[sizeof(((struct ui_downloads *)0)->path)] = ".";

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return XF_OK;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	if (access(folder, W_OK | X_OK))
		return xf_fail_errno(err, errno == EACCES ? XF_DENIED : XF_NOT_FOUND, errno,
				     "cannot write to the folder %s", folder);
	return XF_OK;
}

/*
 * The descriptor of ours that the name stands for; -1: it is a file's. One that leads to a file would else be
 * taken for that file, written under another name beside it and renamed: over /dev/stdout, for everybody.
 */
static int descriptor_of(const char *file)
{
	int fd;
	char rest;

	if (!strcmp(file, "-") || !strcmp(file, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(file, "/dev/stderr"))
		return STDERR_FILENO;
	if (sscanf(file, "/dev/fd/%d%c", &fd, &rest) == 1 || sscanf(file, "/proc/self/fd/%d%c", &fd, &rest) == 1)
		return fd;
	return -1;
}

/* Where it goes: a descriptor, or a path that can be written. */
static enum xf_status target_find(struct ui_downloads *d, const char *file, int fd, struct xf_error *err)
{
	enum xf_status status;

	if (fd >= 0)
		return fcntl(fd, F_GETFD) >= 0 ? XF_OK : xf_fail_errno(err, XF_INVALID, errno, "cannot write %s", file);
	status = target_path(d, file, err);
	return status ? status : folder_check(d->path, err);
}

enum xf_status ui_downloads_init(struct ui_downloads *d, char **operands, size_t nr_operands,
				 const struct xf_extra *extra, struct xf_error *err)
{
	const char *file = nr_operands > 1 ? operands[1] : ".";
	int fd = descriptor_of(file);
	struct ui_uri uri;
	enum xf_status status = ui_uri_parse(operands[0], &uri, err);

	*d = (struct ui_downloads){ .nr = 1, .to_stdout = fd == STDOUT_FILENO };
	if (status)
		return status;
	if (uri.prefix)
		return xf_fail(err, XF_INVALID, "name one object to download: s3://%s/%sNAME", uri.bucket, uri.key);
	memcpy(d->bucket, uri.bucket, sizeof(d->bucket));
	memcpy(d->key, uri.key, sizeof(d->key));
	status = xf_s3_check_bucket(d->bucket, err);
	if (!status)
		status = target_find(d, file, fd, err);
	d->list = status ? NULL : calloc(1, sizeof(*d->list));
	if (!d->list)
		return status ? status : xf_fail(err, XF_NOMEM, "out of memory");
	d->list[0] = (struct xf_download_request){
		.path = fd < 0 ? d->path : NULL, .fd = fd,
		.name = d->to_stdout ? "standard output" : fd < 0 ? d->path : file, .bucket = d->bucket, .key = d->key, .extra = extra,
	};
	return XF_OK;
}

void ui_downloads_fini(struct ui_downloads *d)
{
	free(d->list);
}
