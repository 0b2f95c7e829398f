#include "tui/command/local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tui/command/signals.h"

/* The child's arguments: serve … --fault RULE …; NULL-terminated, in `argv` of `cap` words. */
static void arguments_make(const char **argv, char lifeline[16], int fd, const struct ui_list *faults,
			   bool anonymous)
{
	size_t n = 0;

	snprintf(lifeline, 16, "%d", fd);
	argv[n++] = "xferdb";
	argv[n++] = "serve";
	argv[n++] = "--auto-bucket";
	argv[n++] = "--lifeline";
	argv[n++] = lifeline;
	if (anonymous)
		argv[n++] = "--anonymous";
	for (size_t i = 0; faults && i < faults->nr_items; i++) {
		argv[n++] = "--fault";
		argv[n++] = faults->items[i];
	}
	argv[n] = NULL;
}

/* Between fork and exec. */
static void child(const char **argv, int out, int lifeline)
{
	setpgid(0, 0);
	ui_signals_restore_in_child();
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	fcntl(lifeline, F_SETFD, 0);
	execv("/proc/self/exe", (char **)(uintptr_t)argv);
	_exit(127);
}

static void value_take(const char *line, const char *key, char *to, size_t cap)
{
	size_t len = strlen(key);

	if (!strncmp(line, key, len) && line[len] == '=')
		snprintf(to, cap, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
}

/* Reads KEY=VALUE lines until all are there. Anything else it says is why it could not start. */
static enum xf_status greeting_read(struct ui_local *local, FILE *from, struct xf_error *err)
{
	char line[512], said[320] = "";

	while (fgets(line, sizeof(line), from)) {
		value_take(line, "ENDPOINT_URL", local->endpoint_url, sizeof(local->endpoint_url));
		value_take(line, "AWS_ACCESS_KEY_ID", local->access_key, sizeof(local->access_key));
		value_take(line, "AWS_SECRET_ACCESS_KEY", local->secret_key, sizeof(local->secret_key));
		value_take(line, "CA_FILE", local->ca_file, sizeof(local->ca_file));
		if (!strncmp(line, "xferdb: ", 8))
			snprintf(said, sizeof(said), "%.*s", (int)strcspn(line + 8, "\n"), line + 8);
		if (*local->endpoint_url && *local->access_key && *local->secret_key)
			return XF_OK;
	}
	return xf_fail(err, XF_IO, "the embedded endpoint did not start%s%s", *said ? ": " : "", said);
}

static enum xf_status launch(struct ui_local *local, const char **argv, int lifeline, struct xf_error *err)
{
	int out[2];
	FILE *from;
	enum xf_status status;

	if (pipe2(out, O_CLOEXEC))
		return xf_fail_errno(err, XF_IO, errno, "the embedded endpoint did not start");
	local->pid = fork();
	if (local->pid == 0)
		child(argv, out[1], lifeline);
	close(out[1]);
	if (local->pid < 0) {
		close(out[0]);
		return xf_fail_errno(err, XF_IO, errno, "the embedded endpoint did not start");
	}
	from = fdopen(out[0], "r");
	status = from ? greeting_read(local, from, err) : xf_fail(err, XF_NOMEM, "out of memory");
	if (from)
		fclose(from);
	return status;
}

enum xf_status ui_local_start(struct ui_local *local, const struct ui_list *faults, bool anonymous,
			      struct xf_error *err)
{
	const char **argv = calloc(8 + 2 * (faults ? faults->nr_items : 0), sizeof(*argv));
	char lifeline[16];
	int ends[2];
	enum xf_status status;

	*local = (struct ui_local){ .lifeline = -1, .pid = -1 };
	if (!argv)
		return xf_fail(err, XF_NOMEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		free(argv);
		return xf_fail_errno(err, XF_IO, errno, "the embedded endpoint did not start");
	}
	local->lifeline = ends[1];
	arguments_make(argv, lifeline, ends[0], faults, anonymous);
	status = launch(local, argv, ends[0], err);
	close(ends[0]);
	free(argv);
	if (status)
		ui_local_stop(local);
	return status;
}

bool ui_local_fail_part(const struct ui_local *local, uint32_t part, uint32_t http_status)
{
	const uint32_t wish[2] = { part, http_status };
	struct pollfd answered = { .fd = local->lifeline, .events = POLLIN };
	uint32_t echo[2];

	return send(local->lifeline, wish, sizeof(wish), MSG_NOSIGNAL) == (ssize_t)sizeof(wish) &&
	       poll(&answered, 1, 2000) == 1 &&
	       recv(local->lifeline, echo, sizeof(echo), 0) == (ssize_t)sizeof(echo) &&
	       !memcmp(wish, echo, sizeof(wish));
}

void ui_local_stop(struct ui_local *local)
{
	if (local->lifeline >= 0)
		close(local->lifeline);
	local->lifeline = -1;
	explicit_bzero(local->secret_key, sizeof(local->secret_key));
}
