/* launch_prepare: see launch_private.h. What the program is given, and how it is watched. */
#include "tracer/foreign/launch_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/event/segment.h"
#include "tracer/foreign/own_file.h"
#include "tracer/foreign/symbols.h"

static void launch_environment_local(struct tr_launch *l, struct tr_environment *e)
{
	/* a proxy on this machine would carry bytes off it */
	static const char *const proxies[] = { "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY",
					       "ALL_PROXY" };
	const char *url = l->options.local_endpoint;

	if (!url)
		return;
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		tr_environment_drop(e, proxies[i]);
	tr_environment_set(e, TR_ENV_ENDPOINT, url);
	tr_environment_set(e, "AWS_ENDPOINT_URL", url);
	tr_environment_set(e, "AWS_ENDPOINT_URL_S3", url);
	tr_environment_set(e, "AWS_EC2_METADATA_DISABLED", "true");
}

/* One a line. */
static char *joined(const char *const *words)
{
	size_t len = 1;
	char *text, *end;

	for (const char *const *w = words; *w; w++)
		len += strlen(*w) + 1;
	text = end = calloc(len, 1);
	for (const char *const *w = words; text && *w; w++) {
		end = stpcpy(end, *w);
		if (w[1])
			*end++ = '\n';
	}
	return text;
}

static void launch_environment_calls(struct tr_launch *l, struct tr_environment *e)
{
	char *text = l->options.calls ? joined(l->options.calls) : NULL;

	if (text)
		tr_environment_set(e, TR_ENV_CALL, text);
	else if (l->options.calls)
		e->failed = true;
	free(text);
}

/* "curl_easy_perform, curl_easy_pause": what the user may have meant. */
static void launch_near_symbols(struct tr_launch *l, const char *pattern, const struct tr_symbols *s)
{
	char near[512] = "";

	for (unsigned i = 0; i < s->nr_near && i < 4; i++)
		snprintf(near + strlen(near), sizeof(near) - strlen(near), "%s%.100s", i ? ", " : "",
			 s->near[i]);
	tr_launch_loses(l, "sym:%s fits no function of %s and the libraries it is linked with%s%s", pattern,
		     l->path, near[0] ? "; near to it: " : "", near);
}

static void launch_environment_symbols(struct tr_launch *l, struct tr_environment *e)
{
	char *own = tr_symbols_environment(l->path, l->options.calls);

	if (own)
		tr_environment_set(e, TR_ENV_SYMBOLS, own);
	free(own);
	for (const char *const *c = l->options.calls; c && *c; c++) {
		struct tr_symbols s;
		if (strncmp(*c, "sym:", 4) != 0)
			continue;
		if (tr_symbols_match(l->path, *c + 4, &s, NULL) == XF_OK && !s.nr)
			launch_near_symbols(l, *c + 4, &s);
		tr_symbols_fini(&s);
	}
}

static void launch_environment_probe(struct tr_launch *l, struct tr_environment *e)
{
	char path[4096], control[64];
	char full[64] = "";

	/* by descriptor: another run may put its own trace in the place of this one's path */
	if (xf_trace_path() && xf_trace_fd() >= 0)
		snprintf(full, sizeof(full), "/proc/%d/fd/%d", getpid(), xf_trace_fd());
	snprintf(control, sizeof(control), "/proc/%d/fd/%d", getpid(), l->control_fd);
	tr_environment_set(e, TR_ENV_CONTROL, control);
	if (*full)
		tr_environment_set(e, TR_ENV_TRACE, full);
	if (l->options.ablate)
		tr_environment_set(e, TR_ENV_ABLATE, l->options.ablate);
	if (!l->options.no_probe && !*full)
		tr_launch_loses(l, "the trace is in memory only: the probe inside the program cannot write to it");
	if (!l->options.no_probe && *full && tr_own_file(TR_PROBE_FILE, path, sizeof(path))) {
		tr_environment_prepend(e, "LD_PRELOAD", path);
		/* a program made with the address sanitizer ends at once where any library comes before that one's own */
		tr_environment_prepend(e, "ASAN_OPTIONS", "verify_asan_link_order=0");
		l->supervisor.unseen = tr_launch_loses_once;
		l->supervisor.ctx = l;
	} else if (!l->options.no_probe && *full) {
		tr_launch_loses(l, "the probe (%s) is not installed: threads and locks are not seen", TR_PROBE_FILE);
	}
	if (!l->options.no_shim && tr_own_file(TR_SHIM_FOLDER, path, sizeof(path)))
		tr_environment_prepend(e, "PYTHONPATH", path);
}

bool tr_launch_environment(struct tr_launch *l, struct tr_environment *e)
{
	tr_environment_init(e, environ);
	launch_environment_calls(l, e);
	launch_environment_symbols(l, e);
	launch_environment_probe(l, e);
	for (const char *const *s = l->tls ? tr_tls_environment(l->tls) : NULL; s && *s; s++)
		tr_environment_put(e, *s);
	launch_environment_local(l, e);
	for (const char *const *s = l->options.set_env; s && *s; s++)
		if (strchr(*s, '='))
			tr_environment_put(e, *s);
		else
			tr_environment_drop(e, *s);
	return !e->failed;
}

bool tr_launch_python(struct tr_launch *l)
{
	char *const *argv = l->options.argv;
	size_t len = strlen(argv[0]), nr = 0;
	struct stat st;

	l->argv = argv;
	if (len < 4 || strcmp(argv[0] + len - 3, ".py") != 0 || stat(argv[0], &st) != 0)
		return true;
	while (argv[nr])
		nr++;
	l->python_argv = calloc(nr + 2, sizeof(*l->python_argv));
	if (!l->python_argv)
		return false;
	l->python_argv[0] = (char *)(uintptr_t)"python3";
	memcpy(l->python_argv + 1, argv, nr * sizeof(*argv));
	l->argv = l->python_argv;
	return true;
}

enum xf_status tr_launch_calls(struct tr_launch *l, struct xf_error *err)
{
	struct tr_processes *processes = &l->supervisor.processes;

	processes->judge_exit = processes->implicit = !l->options.calls;
	for (const char *const *c = l->options.calls; c && *c; c++) {
		if (strcmp(*c, "exit") == 0)
			processes->judge_exit = true;
		else if (strncmp(*c, "out:", 4) == 0 && !tr_lines_add(&l->lines, *c + 4))
			return xf_fail(err, XF_INVALID, "--call %s: it is out:BEGIN:END, two texts of the "
				       "program's output, in quotes where they hold a colon", *c);
	}
	if (l->lines.nr)
		l->supervisor.lines = &l->lines;
	return XF_OK;
}

enum xf_status tr_launch_endpoint(struct tr_launch *l, struct xf_error *err)
{
	struct sockaddr_in *a = (void *)&l->supervisor.endpoint;
	const char *url = l->options.local_endpoint, *host;
	char text[64];
	int port;

	if (!url)
		return XF_OK;
	l->supervisor.local = true;
	host = strstr(url, "://");
	if (!host || sscanf(host + 3, "%63[0-9.]:%d", text, &port) != 2 ||
	    inet_pton(AF_INET, text, &a->sin_addr) != 1)
		return xf_fail(err, XF_INVALID, "the local endpoint %s is no address with a port", url);
	a->sin_family = AF_INET;
	a->sin_port = htons((uint16_t)port);
	l->supervisor.endpoint_len = sizeof(*a);
	return XF_OK;
}

static bool is_setuid(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_mode & (S_ISUID | S_ISGID);
}

enum xf_status tr_launch_choose_backend(struct tr_launch *l, struct xf_error *err)
{
	enum tr_backend asked = l->options.backend;

	l->backend = asked;
	if (asked == TR_BACKEND_AUTO && geteuid() != 0 && is_setuid(l->path)) {
		l->backend = TR_BACKEND_NONE;
		tr_launch_loses(l, "%s is set-uid and would lose its privilege under a filter: "
			     "it runs unwatched but for its end", l->path);
	} else if (asked == TR_BACKEND_AUTO) {
		l->backend = tr_notify_available() ? TR_BACKEND_NOTIFY :
			     tr_ptrace_available() ? TR_BACKEND_PTRACE : TR_BACKEND_NONE;
	} else if (asked == TR_BACKEND_NOTIFY && !tr_notify_available()) {
		return xf_fail(err, XF_UNSUPPORTED, "--backend notify: this kernel or container has no "
			       "seccomp user notification; see 'xferdb doctor'");
	}
	if (l->backend == TR_BACKEND_PTRACE)
		tr_launch_loses(l, "system calls are watched by ptrace: connections cannot be led through the "
			     "relay, and a debugger cannot attach");
	if (l->backend == TR_BACKEND_NONE && l->supervisor.local && asked == TR_BACKEND_AUTO && is_setuid(l->path))
		return xf_fail(err, XF_UNSUPPORTED, "--local keeps the program's bytes on this machine by a filter, under which %s, "
			       "a set-uid program, would lose its privilege: run it as root, or with --backend notify as "
			       "what it is without", l->path);
	if (l->supervisor.local && tr_notify_is_taken())
		return xf_fail(err, XF_UNSUPPORTED, "--local cannot keep the program's bytes on this machine here: another "
			       "program (a trace, a container's manager) hears its system calls first");
	if (l->backend == TR_BACKEND_NONE && l->supervisor.local)
		return xf_fail(err, XF_UNSUPPORTED, "--local cannot keep the program's bytes on this machine "
			       "here: neither seccomp nor ptrace works; see 'xferdb doctor'");
	return XF_OK;
}
