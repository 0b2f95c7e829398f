/*
 * spawn: children that the C library makes for the program without a fork it could
 * be seen in: posix_spawn, system, popen.
 *
 * glibc's system() starts and awaits its shell out of sight, so the probe's does the same by
 * functions it sees; what POSIX asks of it is kept: SIGINT and SIGQUIT ignored, SIGCHLD blocked meanwhile, the
 * shell killed when the thread is cancelled. popen() cannot be done so, as its stream is the
 * library's: the child it made is the thread's newest, which the kernel tells.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/foreign/probe/probe.h"

extern char **environ;

/* ---- posix_spawn */

static int said(int rc, pid_t child, pid_t *pid)
{
	if (rc)
		return rc;
	PROBE(probe_say_forked(child));
	if (pid)
		*pid = child;
	return 0;
}

PROBE_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
			     const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	pid_t child = 0;
	int rc = REAL(posix_spawn)(&child, path, actions, attributes, argv, envp);

	return said(rc, child, pid);
}

PROBE_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	pid_t child = 0;
	int rc = REAL(posix_spawnp)(&child, file, actions, attributes, argv, envp);

	return said(rc, child, pid);
}

/* ---- system */

/* SIGINT and SIGQUIT, as they were before the first of the shells that run now; under `lock`. */
static struct {
	pthread_mutex_t lock;
	unsigned users;
	struct sigaction interrupt, quit;
} ignored = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct shell {
	pid_t pid;         /* 0: not begun, or over */
	sigset_t mask;     /* the thread's, before */
};

static void ignore_begin(sigset_t *mask, sigset_t *defaults)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigemptyset(defaults);
	REAL(pthread_mutex_lock)(&ignored.lock);
	if (!ignored.users++) {
		sigaction(SIGINT, &ignore, &ignored.interrupt);
		sigaction(SIGQUIT, &ignore, &ignored.quit);
	}
	if (ignored.interrupt.sa_handler != SIG_IGN)
		sigaddset(defaults, SIGINT);
	if (ignored.quit.sa_handler != SIG_IGN)
		sigaddset(defaults, SIGQUIT);
	pthread_sigmask(SIG_BLOCK, &child, mask);
	REAL(pthread_mutex_unlock)(&ignored.lock);
}

static void ignore_end(const sigset_t *mask)
{
	REAL(pthread_mutex_lock)(&ignored.lock);
	if (!--ignored.users) {
		sigaction(SIGINT, &ignored.interrupt, NULL);
		sigaction(SIGQUIT, &ignored.quit, NULL);
	}
	pthread_sigmask(SIG_SETMASK, mask, NULL);
	REAL(pthread_mutex_unlock)(&ignored.lock);
}

/* The thread is cancelled: its shell does not outlive it. */
static void kill_shell(void *of)
{
	const struct shell *shell = of;

	if (shell->pid > 0) {
		kill(shell->pid, SIGKILL);
		while (REAL(waitpid)(shell->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	ignore_end(&shell->mask);
}

static int start_shell(struct shell *shell, const sigset_t *defaults, const char *command)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)command, NULL };
	posix_spawnattr_t attributes;
	int rc = posix_spawnattr_init(&attributes);

	if (rc)
		return rc;
	posix_spawnattr_setsigmask(&attributes, &shell->mask);
	posix_spawnattr_setsigdefault(&attributes, defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn(&shell->pid, "/bin/sh", NULL, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

PROBE_EXPORT int system(const char *command)
{
	enum { NO_SHELL = 127 << 8 };
	struct shell shell = { .pid = 0 };
	sigset_t defaults;
	int rc, status = -1;

	if (!command || !probe_active())
		return REAL(system)(command);
	ignore_begin(&shell.mask, &defaults);
	pthread_cleanup_push(kill_shell, &shell);
	rc = start_shell(&shell, &defaults, command);
	if (rc)
		status = NO_SHELL;
	else
		while (waitpid(shell.pid, &status, 0) < 0) {
			if (errno == EINTR)
				continue;
			status = -1;
			break;
		}
	pthread_cleanup_pop(0);
	ignore_end(&shell.mask);
	if (rc)
		errno = rc;
	return status;
}

/* ---- popen */

/* Streams that are open: the stream is written last, and read first. */
static struct {
	_Atomic(FILE *) stream;
	pid_t pid;
} opened[64];

/* The last in the kernel's list of the thread's children; 0: there is none, or no list. */
static pid_t newest_child(void)
{
	char text[4096];
	pid_t newest = 0, number = 0;
	long fd = syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC), got;

	if (fd < 0)
		return 0;
	while ((got = syscall(SYS_read, fd, text, sizeof(text))) > 0)
		for (long i = 0; i < got; i++) {
			if (text[i] >= '0' && text[i] <= '9')
				number = number * 10 + text[i] - '0';
			else if (number)
				newest = number, number = 0;
		}
	syscall(SYS_close, fd);
	return newest;
}

static void say_opened(FILE *stream, pid_t before)
{
	pid_t pid = newest_child();

	if (!pid || pid == before)
		return;
	probe_say_forked(pid);
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		FILE *none = NULL, *mine = (FILE *)(uintptr_t)1;
		if (!atomic_compare_exchange_strong_explicit(&opened[i].stream, &none, mine, memory_order_acquire,
							     memory_order_relaxed))
			continue;
		opened[i].pid = pid;
		atomic_store_explicit(&opened[i].stream, stream, memory_order_release); /* with take_opened() */
		return;
	}
}

/* The child of a stream about to be closed; 0: not known. */
static pid_t take_opened(FILE *stream)
{
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++)
		if (atomic_load_explicit(&opened[i].stream, memory_order_acquire) == stream) {
			pid_t pid = opened[i].pid;
			atomic_store_explicit(&opened[i].stream, NULL, memory_order_release);
			return pid;
		}
	return 0;
}

PROBE_EXPORT FILE *popen(const char *command, const char *mode)
{
	pid_t before = 0;
	FILE *stream;

	PROBE(before = newest_child());
	stream = REAL(popen)(command, mode);
	if (stream)
		PROBE(say_opened(stream, before));
	return stream;
}

PROBE_EXPORT int pclose(FILE *stream)
{
	uint64_t begin_ns = xf_clock_mono_ns();
	pid_t pid = take_opened(stream);
	int status = REAL(pclose)(stream);

	if (pid && status >= 0)
		PROBE(probe_say_waited(pid, status, begin_ns, false, 0));
	return status;
}
