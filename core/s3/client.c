#include "core/s3/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/s3/call.h"
#include "core/s3/sign.h"

/* ---- the HTTP of credential sources ------------------------------------------------- */

/* "Name: value" */
static void add_field(struct xf_headers *headers, const char *line)
{
	const char *colon = strchr(line, ':');
	if (!colon)
		return;
	const char *value = colon + 1 + strspn(colon + 1, " ");
	xf_headers_add_n(headers, line, (size_t)(colon - line), value, strlen(value));
}

static enum xf_go go(void *ctx)
{
	const struct xf_fetch_request *request = ctx;
	return request->given_up && request->given_up(request->given_up_ctx) ? XF_GO_DROP : XF_GO_HURRY;
}

static enum xf_status fetch(void *ctx, const struct xf_fetch_request *request,
			    struct xf_fetch_reply *out, struct xf_error *err)
{
	(void)ctx;
	uint64_t limit = (uint64_t)request->timeout_ms * 1000000;
	struct xf_http *http = NULL;
	struct xf_headers headers = XF_HEADERS_INIT;
	struct xf_http_reply reply = XF_HTTP_REPLY_INIT;
	struct xf_body empty = xf_body_empty();
	struct xf_http_watch watch = { .ctx = (void *)(uintptr_t)request, .go = go };
	enum xf_status status = xf_http_new(&(struct xf_http_options){ .connect_timeout_ns = limit,
		.read_timeout_ns = limit }, &http, err);
	for (size_t i = 0; !status && i < request->nr_headers; i++)
		add_field(&headers, request->headers[i]);
	if (!status)
		status = xf_headers_ok(&headers);
	if (!status)
		status = xf_http_exchange(http, &(struct xf_http_request){
			.method = request->method, .url = request->url, .headers = &headers,
			.body = strcmp(request->method, "PUT") ? NULL : &empty, .no_proxy = true,
			.op = XF_OP_OTHER, .attempt = 1, .watch = &watch }, &reply, err);
	if (!status) {
		*out = (struct xf_fetch_reply){ .status = reply.status, .body = reply.body, .len = reply.body_len };
		reply.body = NULL;
	}
	if (reply.body)
		explicit_bzero(reply.body, reply.body_cap);
	xf_http_reply_fini(&reply);
	xf_headers_fini(&headers);
	xf_http_free(http);
	return status;
}

/* ---- settings: flag, then environment and profile, then the default ---------------------- */

static enum xf_status parse_when(const char *text, enum xf_when *out, struct xf_error *err)
{
	if (!text)
		return XF_OK;
	if (!strcmp(text, "when_supported"))
		*out = XF_WHEN_SUPPORTED;
	else if (!strcmp(text, "when_required"))
		*out = XF_WHEN_REQUIRED;
	else
		return xf_fail(err, XF_INVALID, "'%s' is neither when_supported nor when_required", text);
	return XF_OK;
}

static enum xf_status parse_addressing(const char *text, enum xf_addressing *out, struct xf_error *err)
{
	static const char *const words[] = { "auto", "path", "virtual" };
	for (int i = 0; text && i < 3; i++)
		if (!strcmp(text, words[i])) {
			*out = (enum xf_addressing)i;
			return XF_OK;
		}
	return text ? xf_fail(err, XF_INVALID, "addressing style '%s' is not auto, path or virtual", text) : XF_OK;
}

static enum xf_status apply_flags(struct xf_settings *s, const struct xf_client_options *o,
				  struct xf_error *err)
{
	if (o->region)
		s->region = o->region;
	if (o->endpoint_url)
		s->endpoint_url = o->endpoint_url;
	if (o->ca_bundle)
		s->ca_bundle = o->ca_bundle;
	if (o->max_attempts)
		s->max_attempts = o->max_attempts;
	enum xf_status status = o->retry_mode ? xf_retry_mode_parse(&s->retry_mode, o->retry_mode, err) : XF_OK;
	if (!status)
		status = parse_addressing(o->addressing_style, &s->addressing, err);
	if (!status)
		status = parse_when(o->request_checksum_calculation, &s->request_checksum, err);
	if (!status)
		status = parse_when(o->response_checksum_validation, &s->response_checksum, err);
	return status;
}

/* libcurl would find out at every attempt of every request, and say little. */
static enum xf_status check_ca_bundle(const char *path, struct xf_error *err)
{
	char line[256];
	bool found = false;
	FILE *f = fopen(path, "re");
	if (!f)
		return xf_fail_errno(err, XF_NOT_FOUND, errno, "cannot read the CA bundle %s", path);
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "-----BEGIN ", 11) && strstr(line, "CERTIFICATE-----");
	fclose(f);
	return found ? XF_OK : xf_fail(err, XF_INVALID, "the CA bundle %s holds no certificate in PEM form", path);
}

static enum xf_status set_http(struct xf_client *client, const struct xf_client_options *o,
			       struct xf_error *err)
{
	client->http = (struct xf_http_options){
		.no_verify = o->no_verify_ssl, .connect_timeout_ns = o->connect_timeout_ns,
		.read_timeout_ns = o->read_timeout_ns, .expect_wait_ns = o->expect_wait_ns,
	};
	if (!client->settings.ca_bundle || o->no_verify_ssl || strcmp(client->endpoint.scheme, "https"))
		return XF_OK;
	enum xf_status status = check_ca_bundle(client->settings.ca_bundle, err);
	if (status)
		return status;
	client->http.ca_bundle = strdup(client->settings.ca_bundle);
	return client->http.ca_bundle ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
}

static enum xf_status set_credentials(struct xf_client *client, const struct xf_client_options *o,
				      struct xf_error *err)
{
	return xf_credential_source_new(&client->source, &(struct xf_credential_options){
		.access_key = o->access_key, .secret_key = o->secret_key,
		.session_token = o->session_token, .anonymous = o->no_sign_request,
		.config = client->config, .fetch = fetch }, err);
}

static uint64_t any_seed(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32;
}

/* Everything that follows from the settings. Their texts are flags' or config's: not kept beyond. */
static enum xf_status set_up(struct xf_client *client, const struct xf_client_options *o,
			     struct xf_error *err)
{
	struct xf_settings *s = &client->settings;
	enum xf_status status = xf_settings_resolve(s, client->config, err);
	if (!status)
		status = apply_flags(s, o, err);
	if (!status)
		status = xf_s3_endpoint_parse(s->endpoint_url, s->region, s->addressing, &client->endpoint, err);
	if (!status)
		status = set_http(client, o, err);
	if (!status)
		status = set_credentials(client, o, err);
	client->retries = xf_retry_policy_make(s->retry_mode, s->max_attempts);
	client->checksum_requests = s->request_checksum == XF_WHEN_SUPPORTED;
	client->checksum_responses = s->response_checksum == XF_WHEN_SUPPORTED;
	client->configured = s->endpoint_url != NULL;
	client->anonymous = o->no_sign_request;
	s->region = s->endpoint_url = s->ca_bundle = NULL;
	return status;
}

enum xf_status xf_client_new(const struct xf_client_options *options, struct xf_client **out,
			     struct xf_error *err)
{
	struct xf_client *client = calloc(1, sizeof(*client));
	if (!client || xf_http_global_init()) {
		free(client);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	xf_retry_quota_init(&client->quota);
	atomic_init(&client->random, options->seed ? options->seed : any_seed());
	enum xf_status status = xf_config_load(&client->config, options->profile, &xf_env_process, err);
	if (!status)
		status = set_up(client, options, err);
	if (status) {
		xf_client_free(client);
		return status;
	}
	xf_s3_endpoint_text(&client->endpoint, client->where, sizeof(client->where));
	*out = client;
	return XF_OK;
}

void xf_client_free(struct xf_client *client)
{
	if (!client)
		return;
	if (client->source)
		xf_credential_source_free(client->source);
	if (client->config)
		xf_config_free(client->config);
	free((char *)client->http.ca_bundle);
	free(client);
}

enum xf_status xf_client_http(struct xf_client *client, struct xf_http **out, struct xf_error *err)
{
	return xf_http_new(&client->http, out, err);
}

const char *xf_client_where(const struct xf_client *client)
{
	return client->where;
}

const struct xf_s3_endpoint *xf_client_endpoint(const struct xf_client *client)
{
	return &client->endpoint;
}

bool xf_client_has_endpoint(const struct xf_client *client)
{
	return client->configured;
}

bool xf_client_has_credentials(struct xf_client *client, struct xf_error *err)
{
	const struct xf_credentials *keys = NULL;
	enum xf_status status = xf_credential_source_get(client->source, &keys, err);
	bool found = !status && keys;
	xf_credentials_release(keys);
	return found;
}

void xf_client_allow_looking(struct xf_client *client, enum xf_look look)
{
	xf_credential_source_allow(client->source, look);
}

bool xf_client_checksums(const struct xf_client *client)
{
	return client->checksum_requests;
}

const struct xf_retry_policy *xf_client_retries(const struct xf_client *client)
{
	return &client->retries;
}

enum xf_status xf_s3_presign(struct xf_client *client, const char *method, const char *bucket,
			     const char *key, unsigned expires_s, char **url, struct xf_error *err)
{
	struct xf_s3_request r = XF_S3_REQUEST_INIT;
	const struct xf_credentials *keys = NULL;
	struct xf_buf query = XF_BUF_INIT, text = XF_BUF_INIT;
	enum xf_status status = xf_s3_request_begin(&r, &client->endpoint, XF_OP_OTHER, method, bucket, key, err);
	if (!status)
		status = xf_credential_source_get(client->source, &keys, err);
	if (!status && !keys)
		status = xf_fail(err, XF_CREDENTIALS, "a presigned URL needs credentials");
	struct xf_sign_field host = { "host", r.host };
	if (!status)
		status = xf_presign(&query,
			&(struct xf_sign_request){ .method = method, .path = r.path, .headers = &host, .nr_headers = 1 },
			&(struct xf_sign_identity){ .access_key = keys->access_key,
				.secret_key = keys->secret_key, .session_token = keys->session_token,
				.region = client->endpoint.region,
				.at = time(NULL) + atomic_load_explicit(&client->skew_s, memory_order_relaxed) },
			expires_s, err);
	if (!status) {
		xf_buf_format(&text, "%s%s?%s", r.base, r.path, xf_buf_text(&query));
		*url = xf_buf_take(&text);
		status = *url ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
	}
	xf_buf_wipe(&text);
	xf_buf_wipe(&query);
	xf_credentials_release(keys);
	xf_s3_request_fini(&r);
	return status;
}
