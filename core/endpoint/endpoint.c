/* endpoint: start, stop and serve. See endpoint.h. */
#include "core/endpoint/endpoint.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/endpoint/server.h"
#include "core/endpoint/text.h"
#include "core/endpoint/tls.h"

struct xf_endpoint {
	struct xf_ep_site site;
	struct xf_ep_server *server;
	struct xf_ep_tls tls;
	char url[128];
	char *access_key, *secret_key, *session_token, *region, *domain;
};

/* A text of the options, copied; a fresh one when it is not given. */
static char *key_or_fresh(const char *given, const char *start, size_t random)
{
	char fresh[160];

	if (given)
		return strdup(given);
	snprintf(fresh, sizeof(fresh), "%s", start);
	xf_ep_random_hex(fresh + strlen(fresh), random);
	for (char *c = fresh; *start && *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	return strdup(fresh);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static enum xf_status set_keys(struct xf_endpoint *e, const struct xf_endpoint_options *o,
			       struct xf_error *err)
{
	if (!o->access_key != !o->secret_key)
		return xf_fail(err, XF_INVALID, "an access key and a secret key go together");
	e->access_key = key_or_fresh(o->access_key, "XF", 9);
	e->secret_key = key_or_fresh(o->secret_key, "", 20);
	e->session_token = copy(o->session_token);
	e->region = copy(o->region);
	e->domain = copy(o->domain);
	if (!e->access_key || !e->secret_key)
		return xf_fail(err, XF_NOMEM, "no memory for the keys");
	e->site.keys = (struct xf_ep_keys){ e->access_key, e->secret_key, e->session_token, e->region,
					    o->anonymous };
	e->site.domain = e->domain;
	e->site.auto_bucket = o->auto_bucket;
	e->site.part_min = o->part_min ? o->part_min : XF_EP_PART_MIN;
	return XF_OK;
}

static enum xf_status set_rules(struct xf_endpoint *e, const struct xf_endpoint_options *o,
				struct xf_error *err)
{
	enum xf_status status = XF_OK;

	if (!o->nr_faults)
		return XF_OK;
	e->site.rules = calloc(o->nr_faults, sizeof(*e->site.rules));
	if (!e->site.rules)
		return xf_fail(err, XF_NOMEM, "no memory for the fault rules");
	for (size_t i = 0; i < o->nr_faults && !status; i++) {
		status = xf_ep_fault_parse(&e->site.rules[i], o->faults[i], err);
		e->site.nr_rules += status == XF_OK;
	}
	return status;
}

/* A descriptor a connection, and with --dir one a body: as many as the system allows. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static enum xf_status start_server(struct xf_endpoint *e, const struct xf_endpoint_options *o,
				   struct xf_error *err)
{
	const char *host = o->host ? o->host : "127.0.0.1", *shown = host;
	struct xf_ep_server_options options = { .port = o->port, .host = host };
	enum xf_status status = XF_OK;

	if (o->tls) {
		status = xf_ep_tls_make(&e->tls, host, err);
		options.key_pem = e->tls.key_pem;
		options.cert_pem = e->tls.cert_pem;
	}
	if (!status)
		status = xf_ep_server_start(&e->server, &e->site, &options, err);
	if (status)
		return status;
	if (!strcmp(host, "0.0.0.0"))
		shown = "127.0.0.1";
	else if (!strcmp(host, "::"))
		shown = "::1";
	snprintf(e->url, sizeof(e->url), strchr(shown, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
		 o->tls ? "https" : "http", shown, xf_ep_server_port(e->server));
	return XF_OK;
}

enum xf_status xf_endpoint_start(struct xf_endpoint **out, const struct xf_endpoint_options *options,
				 struct xf_error *err)
{
	struct xf_endpoint *e = calloc(1, sizeof(*e));
	enum xf_status status;

	*out = NULL;
	if (!e)
		return xf_fail(err, XF_NOMEM, "no memory for the endpoint");
	status = set_keys(e, options, err);
	if (!status)
		status = set_rules(e, options, err);
	if (!status)
		status = xf_ep_store_open(&e->site.store, options->dir, err);
	if (!status)
		status = start_server(e, options, err);
	if (status)
		xf_endpoint_stop(e);
	else
		*out = e;
	return status;
}

void xf_endpoint_stop(struct xf_endpoint *e)
{
	if (!e)
		return;
	xf_ep_server_stop(e->server);
	xf_ep_store_close(e->site.store);
	for (size_t i = 0; i < e->site.nr_rules; i++)
		xf_ep_fault_fini(&e->site.rules[i]);
	free(e->site.rules);
	xf_ep_tls_fini(&e->tls);
	if (e->secret_key)
		explicit_bzero(e->secret_key, strlen(e->secret_key));
	free(e->access_key);
	free(e->secret_key);
	free(e->session_token);
	free(e->region);
	free(e->domain);
	free(e);
}

struct xf_endpoint_info xf_endpoint_info(const struct xf_endpoint *e)
{
	return (struct xf_endpoint_info){
		.url = e->url, .access_key = e->access_key, .secret_key = e->secret_key,
		.ca_file = *e->tls.ca_file ? e->tls.ca_file : NULL,
		.port = xf_ep_server_port(e->server),
	};
}

/* ---- serve */

static bool say(const struct xf_endpoint *e, int fd)
{
	struct xf_buf text = XF_BUF_INIT;
	size_t done = 0;

	xf_buf_format(&text, "ENDPOINT_URL=%s\nAWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\nAWS_REGION=%s\n",
		      e->url, e->access_key, e->secret_key, e->region ? e->region : "us-east-1");
	if (*e->tls.ca_file)
		xf_buf_format(&text, "CA_FILE=%s\n", e->tls.ca_file);
	while (!text.failed && done < text.len) {
		ssize_t n = write(fd, text.data + done, text.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	bool ok = !text.failed && done == text.len;
	xf_buf_wipe(&text);
	return ok;
}

enum xf_status xf_endpoint_fail_part(struct xf_endpoint *e, uint32_t part, uint32_t http_status)
{
	if (!part || part > XF_EP_PARTS || (http_status && (http_status < 300 || http_status > 599)))
		return XF_INVALID;
	atomic_store(&e->site.part_status[part], (uint16_t)http_status);
	return XF_OK;
}

/* A wish from the other end; false: nobody holds it any more. */
static bool hear(struct xf_endpoint *e, int fd)
{
	uint32_t wish[2];
	ssize_t n = recv(fd, wish, sizeof(wish), 0);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return false;
	if (n == (ssize_t)sizeof(wish) && xf_endpoint_fail_part(e, wish[0], wish[1]) == XF_OK)
		send(fd, wish, sizeof(wish), MSG_NOSIGNAL | MSG_DONTWAIT);
	return n > 0 || errno == EINTR || errno == EAGAIN;
}

/* Until a signal, or until nobody holds the other end of the socket. */
static void serve_until(struct xf_endpoint *e, int signals, int until_fd)
{
	struct pollfd fds[2] = { { .fd = signals, .events = POLLIN },
				 { .fd = until_fd, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			return;
		if (fds[1].revents && !hear(e, until_fd))
			return;
	}
}

enum xf_status xf_endpoint_serve(const struct xf_endpoint_options *options, int out_fd, int until_fd,
				 struct xf_error *err)
{
	struct xf_endpoint *e;
	enum xf_status status;
	sigset_t set;
	int signals;

	/* blocked before there are threads, so that none of them takes the signal */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (until_fd < 0)
		sigaddset(&set, SIGINT);
	else
		signal(SIGINT, SIG_IGN); /* Ctrl-C is for the users; the endpoint ends after them */
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return xf_fail_errno(err, XF_IO, errno, "no signal descriptor");
	status = xf_endpoint_start(&e, options, err);
	if (!status && !say(e, out_fd))
		status = xf_fail_errno(err, XF_IO, errno, "cannot write the endpoint's address");
	if (!status)
		serve_until(e, signals, until_fd);
	xf_endpoint_stop(e);
	close(signals);
	return status;
}
