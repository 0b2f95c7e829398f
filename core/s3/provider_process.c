/*
 * credential_process: a program of the user's that prints credentials.
 *
 * Run by its words, without a shell. It reads nothing (our stdin may be the body
 * of an upload), its stderr is dropped (it may hold what its stdout holds) and it
 * has a minute.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/gate.h"
#include "core/s3/buf.h"
#include "core/s3/provider.h"
#include "core/s3/words.h"

enum {
	OUTPUT_MAX = 64 << 10, /* bytes */
	LIMIT_S = 60,
	SLICE_MS = 50,         /* how often it is asked whether somebody waits yet */
};

/* 0, or an errno. out: the end of the pipe the program writes to. */
static int start(pid_t *pid, char *const *words, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	sigemptyset(&none);
	sigemptyset(&usual);
	for (size_t i = 0; i < 4; i++)
		sigaddset(&usual, (const int[]){ SIGINT, SIGTERM, SIGPIPE, SIGCHLD }[i]);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	int failed = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	failed |= posix_spawn_file_actions_adddup2(&files, out, 1);
	failed |= posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!failed)
		failed = posix_spawnp(pid, words[0], &files, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

static bool given_up(const struct xf_credential_options *o)
{
	return o->given_up && o->given_up(o->given_up_ctx);
}

/* Until the program closes its end. False: too much, too late, not readable, or nobody waits. */
static bool drain(struct xf_buf *text, int fd, const struct xf_credential_options *o)
{
	uint64_t end = xf_gate_now_ns() + LIMIT_S * UINT64_C(1000000000);
	char chunk[4096];
	ssize_t n = 1;
	while (n && text->len <= OUTPUT_MAX && !text->failed) {
		uint64_t now = xf_gate_now_ns();
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		if (now >= end || given_up(o))
			return false;
		int ready = poll(&wait, 1, SLICE_MS);
		n = ready > 0 ? read(fd, chunk, sizeof(chunk)) : -1;
		if (n > 0)
			xf_buf_add(text, chunk, (size_t)n);
		else if (n < 0 && ready && errno != EINTR)
			return false;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return !n && !text->failed;
}

/* Its exit status as a wait status. */
static int finish(pid_t pid, bool read_well)
{
	int status = 0;
	if (!read_well)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static enum xf_status judge(const char *name, bool read_well, int status, struct xf_error *err)
{
	if (!read_well)
		return xf_fail(err, XF_CREDENTIALS, "the credential_process %s printed more than 64 KiB, or took more than "
						    "a minute", name);
	if (WIFSIGNALED(status))
		return xf_fail(err, XF_CREDENTIALS, "the credential_process %s was ended by signal %d", name,
			       WTERMSIG(status));
	if (status)
		return xf_fail(err, XF_CREDENTIALS, "the credential_process %s failed with exit status %d", name,
			       WEXITSTATUS(status));
	return XF_OK;
}

static enum xf_status run(struct xf_buf *text, char *const *words, const struct xf_credential_options *o,
			  struct xf_error *err)
{
	char name[80];
	pid_t pid;
	int ends[2];
	xf_text_sanitise(name, sizeof(name), words[0], strlen(words[0]));
	if (pipe2(ends, O_CLOEXEC))
		return xf_fail_errno(err, XF_CREDENTIALS, errno, "the credential_process %s could not be started", name);
	int failed = start(&pid, words, ends[1]);
	close(ends[1]);
	if (failed) {
		close(ends[0]);
		return xf_fail_errno(err, XF_CREDENTIALS, failed, "the credential_process %s could not be started", name);
	}
	bool read_well = drain(text, ends[0], o);
	close(ends[0]);
	int ended = finish(pid, read_well);
	if (!read_well && given_up(o))
		return xf_fail(err, XF_CANCELLED, "the credential_process %s was not waited for", name);
	return judge(name, read_well, ended, err);
}

enum xf_status xf_provide_process(const struct xf_credentials **out,
				  const struct xf_credential_options *o, struct xf_error *err)
{
	static const struct xf_credential_json form = { "custom-process", "SessionToken", .versioned = true };
	const char *command = xf_config_get(o->config, NULL, "credential_process");
	struct xf_buf text = XF_BUF_INIT;
	char **words;
	size_t nr;
	if (!command)
		return XF_NOT_FOUND;
	enum xf_status status = xf_words_split(&words, &nr, command);
	if (status == XF_NOMEM)
		return xf_fail(err, XF_NOMEM, "out of memory while looking for credentials");
	if (status)
		return xf_fail(err, XF_CREDENTIALS, "the profile's credential_process has a quote that is not closed");
	status = nr ? run(&text, words, o, err) : xf_fail(err, XF_CREDENTIALS, "the profile's credential_process is empty");
	if (!status)
		status = xf_credentials_from_json(out, text.data, text.len, &form, err);
	xf_buf_wipe(&text);
	free(words);
	return status;
}
