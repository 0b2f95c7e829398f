/* child: see child.h. Between clone and exec only system calls are made. */
#include "tracer/foreign/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/foreign/notify.h"

/* What goes up the pipe. */
struct child_word {
	int what; /* enum below */
	int value, extra;
};
enum { CHILD_FILTERED, CHILD_UNSHARED, CHILD_FAILED };

static void child_tell(int fd, int what, int value, int extra)
{
	struct child_word word = { what, value, extra };

	while (write(fd, &word, sizeof(word)) < 0 && errno == EINTR)
		;
}

static bool child_hear(int fd, struct child_word *word)
{
	ssize_t n;

	while ((n = read(fd, word, sizeof(*word))) < 0 && errno == EINTR)
		;
	return n == sizeof(*word);
}

static void child_wait(int fd)
{
	char c;

	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
}

/* With ptrace the same filter, without a listener: the tracer is attached by now. */
static int child_install_plain(const struct sock_filter *code, unsigned short len, bool *nnp)
{
	struct sock_fprog program = { .len = len, .filter = (struct sock_filter *)(uintptr_t)code };

	*nnp = false;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	*nnp = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}

static void child_filter(const struct tr_child_plan *plan, int up)
{
	bool nnp = false;
	int fd = -ENOSYS;

	if (plan->code_len && plan->listen)
		fd = tr_notify_install(plan->code, plan->code_len, &nnp);
	else if (plan->code_len)
		fd = child_install_plain(plan->code, plan->code_len, &nnp);
	child_tell(up, CHILD_FILTERED, fd, nnp);
}

/* What a script without an interpreter line is run by, as execvp does: made before the clone. NULL: no memory. */
static char **shell_words(const struct tr_child_plan *plan)
{
	size_t nr = 0;
	char **argv;

	while (plan->argv[nr])
		nr++;
	argv = calloc(nr + 3, sizeof(*argv));
	if (!argv)
		return NULL;
	argv[0] = (char *)(uintptr_t)"sh";
	argv[1] = (char *)(uintptr_t)plan->path;
	for (size_t i = 1; i < nr; i++)
		argv[i + 1] = plan->argv[i];
	return argv;
}

static void child_execute(const struct tr_child_plan *plan, char *const *shell)
{
	execve(plan->path, plan->argv, plan->envp);
	if (errno == ENOEXEC)
		execve("/bin/sh", shell, plan->envp);
}

/*
 * It holds both ends of the pipe it waits at, so the pipe does not tell it that nobody is left to let it go:
 * without its parent it ends.
 */
static void child_follow(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		syscall(SYS_exit_group, 126);
}

__attribute__((noreturn)) static void child_run(const struct tr_child_plan *plan, char *const *shell,
						const struct tr_child *child, pid_t parent)
{
	child_follow(parent);
	child_wait(child->go[0]);
	child_filter(plan, child->up[1]);
	child_wait(child->go[0]);
	unshare(CLONE_FILES);
	child_tell(child->up[1], CHILD_UNSHARED, 0, 0);
	if (plan->stdout_fd >= 0)
		dup2(plan->stdout_fd, 1);
	setrlimit(RLIMIT_NOFILE, &plan->files);
	sigprocmask(SIG_SETMASK, &plan->mask, NULL);
	prctl(PR_SET_PDEATHSIG, 0);
	child_execute(plan, shell);
	child_tell(child->up[1], CHILD_FAILED, errno, 0);
	syscall(SYS_exit_group, errno == ENOENT ? 127 : 126);
	__builtin_unreachable();
}

static void child_close(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

/* The child does not come back; its memory is a copy of ours. */
static pid_t child_clone(const struct tr_child_plan *plan, char *const *shell, const struct tr_child *child)
{
	pid_t parent = getpid();
	pid_t pid = plan->session ? tr_session_clone(plan->session)
				  : (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		child_run(plan, shell, child, parent);
	return pid;
}

enum xf_status tr_child_start(const struct tr_child_plan *plan, struct tr_child *child,
			      struct xf_error *err)
{
	char **shell = shell_words(plan);

	*child = (struct tr_child){ .go = { -1, -1 }, .up = { -1, -1 }, .listener = -ENOSYS, .pid = -1 };
	if (shell && pipe2(child->go, O_CLOEXEC) == 0 && pipe2(child->up, O_CLOEXEC) == 0)
		child->pid = child_clone(plan, shell, child);
	int os_errno = shell ? errno : ENOMEM;
	free(shell);
	if (child->pid > 0)
		return XF_OK;
	child_close(child->go);
	child_close(child->up);
	return xf_fail_errno(err, XF_IO, os_errno, "the program cannot be started");
}

static void child_let_go(struct tr_child *child)
{
	while (write(child->go[1], "g", 1) < 0 && errno == EINTR)
		;
}

void tr_child_filter(struct tr_child *child)
{
	struct child_word word;

	child_let_go(child);
	if (!child_hear(child->up[0], &word) || word.what != CHILD_FILTERED)
		return;
	child->listener = word.value;
	child->no_new_privs = word.extra;
	if (child->listener >= 0)
		fcntl(child->listener, F_SETFD, FD_CLOEXEC);
}

int tr_child_execute(struct tr_child *child)
{
	struct child_word word;
	int failed = 0;

	child_let_go(child);
	if (child_hear(child->up[0], &word) && word.what == CHILD_UNSHARED) {
		close(child->up[1]);
		child->up[1] = -1;
	}
	if (child_hear(child->up[0], &word) && word.what == CHILD_FAILED)
		failed = word.value;
	child_close(child->go);
	child_close(child->up);
	return failed;
}

/* ---- PATH */

static int find_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOTDIR ? ENOENT : errno;
	return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : EACCES;
}

int tr_child_find(const char *name, const char *search, char *path, size_t cap)
{
	int result = ENOENT;

	if (strchr(name, '/')) {
		snprintf(path, cap, "%s", name);
		return find_check(path);
	}
	for (const char *at = search ? search : "/bin:/usr/bin"; *name && at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		int len = (int)strcspn(at, ":");
		snprintf(path, cap, "%.*s/%s", len ? len : 1, len ? at : ".", name);
		int e = find_check(path);
		if (!e)
			return 0;
		if (e == EACCES)
			result = EACCES;
	}
	return result;
}
