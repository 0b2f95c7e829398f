/*
 * The two endpoints that hand out credentials on the machine itself: the
 * container agent's and the EC2 metadata service (version 2: with a token).
 *
 * The container's URL comes from the environment, and what comes back decides who we are:
 * only the addresses where such agents live are asked, as botocore has it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/s3/buf.h"
#include "core/s3/provider.h"
#include "core/sync/sync.h"

static void reply_wipe(struct xf_fetch_reply *r)
{
	if (r->body)
		explicit_bzero(r->body, r->len);
	free(r->body);
	*r = (struct xf_fetch_reply){ .body = NULL };
}

/* One exchange with at most one header of ours and one more. An answer without a body has an empty one. */
static enum xf_status fetch(struct xf_fetch_reply *reply, const struct xf_credential_options *o,
			    const char *method, const char *url, const char *header, uint32_t timeout_ms)
{
	const char *headers[2] = { "Accept: application/json", header };
	struct xf_fetch_request request = {
		.method = method, .url = url, .headers = headers, .nr_headers = header ? 2 : 1,
		.timeout_ms = timeout_ms, .given_up = o->given_up, .given_up_ctx = o->given_up_ctx,
	};
	*reply = (struct xf_fetch_reply){ .body = NULL };
	enum xf_status status = o->fetch(o->fetch_ctx, &request, reply, NULL);
	if (!status && !reply->body)
		reply->body = calloc(1, 1);
	return status || reply->body ? status : XF_NOMEM;
}

/* ---- container */

enum { CONTAINER_TIMEOUT_MS = 2000, CONTAINER_TRIES = 3, CONTAINER_PAUSE_MS = 1000, SLICE_MS = 100, TOKEN_MAX = 16 << 10 };

static bool given_up(const struct xf_credential_options *o)
{
	return o->given_up && o->given_up(o->given_up_ctx);
}

static void pause_between_tries(const struct xf_credential_options *o)
{
	for (int ms = 0; ms < CONTAINER_PAUSE_MS && !given_up(o); ms += SLICE_MS)
		xf_sleep_ns(SLICE_MS * UINT64_C(1000000), "credentials", NULL);
}

static bool agent_address(const char *host)
{
	static const char *const agents[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "::1" };
	struct in_addr v4;
	for (size_t i = 0; i < sizeof(agents) / sizeof(*agents); i++)
		if (!strcasecmp(host, agents[i]))
			return true;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* The host of an http or https URL. False: another scheme, a user name in it, no host. */
static bool url_host(char *host, size_t cap, const char *url)
{
	const char *at = strncasecmp(url, "http://", 7) ? strncasecmp(url, "https://", 8) ? NULL : url + 8 : url + 7;
	if (!at)
		return false;
	size_t len = strcspn(at, "/?#");
	if (memchr(at, '@', len) || memchr(at, '\\', len))
		return false;
	if (*at == '[') {
		at++;
		len = strcspn(at, "]/?#");
	} else {
		len = strcspn(at, ":/?#");
	}
	if (!len || len >= cap)
		return false;
	memcpy(host, at, len);
	host[len] = '\0';
	return true;
}

static enum xf_status container_url(struct xf_buf *url, const struct xf_env *env, struct xf_error *err)
{
	const char *relative = env->get(env->ctx, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = env->get(env->ctx, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	char host[256], shown[64];
	if (!relative && !full)
		return XF_NOT_FOUND;
	if (relative)
		xf_buf_format(url, "http://169.254.170.2%s%s", *relative == '/' ? "" : "/", relative);
	else
		xf_buf_str(url, full);
	if (url->failed)
		return xf_fail(err, XF_NOMEM, "out of memory while looking for credentials");
	if (!url_host(host, sizeof(host), xf_buf_text(url)))
		return xf_fail(err, XF_CREDENTIALS, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not an http or https URL");
	if (agent_address(host))
		return XF_OK;
	xf_text_sanitise(shown, sizeof(shown), host, strlen(host));
	return xf_fail(err, XF_CREDENTIALS, "AWS_CONTAINER_CREDENTIALS_FULL_URI names the host %s; only loopback and the "
					    "addresses of container agents are asked for credentials", shown);
}

/* The content of a small file; it is a secret. */
static enum xf_status read_token(struct xf_buf *text, const char *path, struct xf_error *err)
{
	char chunk[1024];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && text->len < TOKEN_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		xf_buf_add(text, chunk, (size_t)n);
	int failed = fd < 0 || n < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	explicit_bzero(chunk, sizeof(chunk));
	if (failed)
		return xf_fail_errno(err, XF_CREDENTIALS, failed,
				     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE could not be read");
	return XF_OK;
}

/* "Authorization: …", or nothing; a value that would begin another header is refused. */
static enum xf_status container_header(struct xf_buf *header, const struct xf_env *env, struct xf_error *err)
{
	const char *file = xf_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *given = xf_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct xf_buf token = XF_BUF_INIT;
	enum xf_status status = file ? read_token(&token, file, err) : XF_OK;
	if (!file && given)
		xf_buf_str(&token, given);
	while (token.len && strchr("\r\n", token.data[token.len - 1]))
		token.data[--token.len] = '\0';
	if (!status && strpbrk(xf_buf_text(&token), "\r\n"))
		status = xf_fail(err, XF_CREDENTIALS, "the container's authorization token has a line end in it");
	if (!status && token.len)
		xf_buf_format(header, "Authorization: %s", xf_buf_text(&token));
	if (!status && (token.failed || header->failed))
		status = xf_fail(err, XF_NOMEM, "out of memory while looking for credentials");
	xf_buf_wipe(&token);
	return status;
}

static enum xf_status container_fetch(const struct xf_credentials **out, const struct xf_credential_options *o,
				      const char *url, const char *header, struct xf_error *err)
{
	static const struct xf_credential_json form = { "container-role", "Token", .full = true };
	struct xf_fetch_reply reply = { .body = NULL };
	enum xf_status status = XF_IO;
	int http = 0;
	for (int i = 0; i < CONTAINER_TRIES && (status || http != 200) && !given_up(o); i++) {
		reply_wipe(&reply);
		if (i)
			pause_between_tries(o);
		status = fetch(&reply, o, "GET", url, header, CONTAINER_TIMEOUT_MS);
		http = reply.status;
	}
	if (given_up(o))
		status = xf_fail(err, XF_CANCELLED, "the container's credentials endpoint was not waited for");
	else if (status)
		status = xf_fail(err, XF_CREDENTIALS, "the container's credentials endpoint does not answer (%s)",
				 xf_status_sentence(status));
	else if (http != 200)
		status = xf_fail(err, XF_CREDENTIALS, "the container's credentials endpoint answered with status %d", http);
	else
		status = xf_credentials_from_json(out, reply.body, reply.len, &form, err);
	reply_wipe(&reply);
	return status;
}

enum xf_status xf_provide_container(const struct xf_credentials **out,
				    const struct xf_credential_options *o, struct xf_error *err)
{
	const struct xf_env *env = xf_config_env(o->config);
	struct xf_buf url = XF_BUF_INIT, header = XF_BUF_INIT;
	if (!o->fetch)
		return XF_NOT_FOUND;
	enum xf_status status = container_url(&url, env, err);
	if (!status)
		status = container_header(&header, env, err);
	if (!status)
		status = container_fetch(out, o, xf_buf_text(&url), header.len ? header.data : NULL, err);
	xf_buf_wipe(&header);
	xf_buf_fini(&url);
	return status;
}

/* ---- EC2 metadata */

#define ROLES "latest/meta-data/iam/security-credentials/"

struct metadata {
	const struct xf_credential_options *o;
	const char *base;       /* with or without a '/' at the end */
	uint32_t timeout_ms, tries;
	struct xf_buf header;   /* "X-aws-ec2-metadata-token: …", or empty: version 1 */
};

/* From the environment, else the profile. */
static const char *either(const struct xf_config *config, const char *variable, const char *key)
{
	const char *value = xf_env_get(xf_config_env(config), variable);
	return value ? value : xf_config_get(config, NULL, key);
}

static uint32_t small_number(const char *text, uint32_t otherwise)
{
	unsigned long value = text ? strtoul(text, NULL, 10) : 0;
	return value && value <= 60 ? (uint32_t)value : otherwise;
}

static bool says_true(const char *text)
{
	return text && !strcasecmp(text, "true");
}

static void metadata_init(struct metadata *m, const struct xf_credential_options *o)
{
	const struct xf_config *c = o->config;
	const char *mode = either(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
	*m = (struct metadata){ .o = o };
	m->base = either(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	if (!m->base || !*m->base)
		m->base = mode && !strcasecmp(mode, "ipv6") ? "http://[fd00:ec2::254]/" : "http://169.254.169.254/";
	m->timeout_ms = 1000 * small_number(either(c, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1);
	m->tries = small_number(either(c, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), 1);
}

static enum xf_status metadata_fetch(struct xf_fetch_reply *reply, const struct metadata *m, const char *method,
				     const char *path, const char *name, const char *header)
{
	struct xf_buf url = XF_BUF_INIT;
	size_t len = strlen(m->base);
	xf_buf_format(&url, "%s%s%s%s", m->base, len && m->base[len - 1] == '/' ? "" : "/", path, name);
	enum xf_status status = url.failed ? XF_NOMEM
					   : fetch(reply, m->o, method, xf_buf_text(&url), header, m->timeout_ms);
	xf_buf_fini(&url);
	return status;
}

/*
 * XF_OK with a header: version 2. XF_OK without: there is no version 2 here, or its
 * answer is lost on the way (a container's extra hop), and version 1 is allowed.
 */
static enum xf_status metadata_token(struct metadata *m)
{
	struct xf_fetch_reply reply = { .body = NULL };
	enum xf_status status = XF_IO;
	for (uint32_t i = 0; i < m->tries && status && status != XF_TIMEOUT; i++)
		status = metadata_fetch(&reply, m, "PUT", "latest/api/token", "",
					"X-aws-ec2-metadata-token-ttl-seconds: 21600");
	if (!status)
		reply.body[strcspn(reply.body, "\r\n")] = '\0';
	bool legal = !status && reply.status == 200 && *reply.body;
	bool older = !status ? reply.status == 403 || reply.status == 404 || reply.status == 405 : status == XF_TIMEOUT;
	older &= !says_true(either(m->o->config, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"));
	if (legal)
		xf_buf_format(&m->header, "X-aws-ec2-metadata-token: %s", reply.body);
	reply_wipe(&reply);
	return (legal && !m->header.failed) || older ? XF_OK : XF_NOT_FOUND;
}

/* A body that is there, with status 200; else XF_NOT_FOUND after the tries allowed. */
static enum xf_status metadata_get(struct xf_fetch_reply *reply, const struct metadata *m, const char *name)
{
	for (uint32_t i = 0; i < m->tries; i++) {
		enum xf_status status = metadata_fetch(reply, m, "GET", ROLES, name,
						       m->header.len ? m->header.data : NULL);
		if (!status && reply->status == 200 && reply->len)
			return XF_OK;
		reply_wipe(reply);
	}
	return XF_NOT_FOUND;
}

/* The role's name is the first line; it goes into a URL. */
static bool role_name(char *role, size_t cap, const struct xf_fetch_reply *reply)
{
	size_t len = strcspn(reply->body, "\r\n");
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
	if (!len || len >= cap || strspn(reply->body, allowed) < len)
		return false;
	memcpy(role, reply->body, len);
	role[len] = '\0';
	return true;
}

/*
 * The service goes on handing out credentials that have ended when it is in
 * trouble; botocore uses them on and asks again in a while: 15 minutes and
 * some, at random, so that not all machines ask at once.
 */
static void extend(struct xf_credentials *c, const struct xf_credential_options *o)
{
	uint32_t some = 0;
	if (getrandom(&some, sizeof(some), GRND_NONBLOCK) < 0)
		some = 0;
	int64_t window = 15 * 60 + 120 + some % 481, now = xf_credential_now(o);
	if (c->expires_at - window <= now)
		c->expires_at = now + window;
}

static enum xf_status metadata_credentials(const struct xf_credentials **out, struct metadata *m)
{
	static const struct xf_credential_json form = { "iam-role", "Token", .full = true };
	const struct xf_credentials *given;
	struct xf_fetch_reply reply = { .body = NULL };
	char role[128];
	enum xf_status status = metadata_token(m);
	if (!status)
		status = metadata_get(&reply, m, "");
	if (!status && !role_name(role, sizeof(role), &reply))
		status = XF_NOT_FOUND;
	reply_wipe(&reply);
	if (!status)
		status = metadata_get(&reply, m, role);
	if (!status)
		status = xf_credentials_from_json(&given, reply.body, reply.len, &form, NULL);
	reply_wipe(&reply);
	if (status)
		return status == XF_NOMEM ? status : XF_NOT_FOUND;
	struct xf_credentials longer = *given;
	extend(&longer, m->o);
	status = xf_credentials_make(out, &longer, NULL);
	xf_credentials_release(given);
	return status;
}

enum xf_status xf_provide_metadata(const struct xf_credentials **out,
				   const struct xf_credential_options *o, struct xf_error *err)
{
	struct metadata m;
	if (!o->fetch || says_true(xf_env_get(xf_config_env(o->config), "AWS_EC2_METADATA_DISABLED")))
		return XF_NOT_FOUND;
	metadata_init(&m, o);
	enum xf_status status = metadata_credentials(out, &m);
	xf_buf_wipe(&m.header);
	return status == XF_NOMEM ? xf_fail(err, status, "out of memory while looking for credentials") : status;
}
