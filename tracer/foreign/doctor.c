/* doctor: see doctor.h. */
#include "tracer/foreign/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/foreign/child.h"
#include "tracer/foreign/filter.h"
#include "tracer/foreign/launch.h"
#include "tracer/foreign/notify.h"
#include "tracer/foreign/own_file.h"
#include "tracer/foreign/ptrace.h"

static bool read_line(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return n > 0;
}

static enum tr_doctor_result check_kernel(char *detail, size_t cap)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	snprintf(detail, cap, "%.60s on %.30s", u.release, u.machine);
	if (major > 5 || (major == 5 && minor >= 19))
		return TR_WORKS;
	return major == 5 && minor >= 6 ? TR_WORKS_PARTLY : TR_WORKS_NOT;
}

/* A child that installs the real filter; what it came to. */
static int try_filter(bool *nnp)
{
	struct sock_filter code[TR_FILTER_MAX];
	unsigned short len = tr_seccomp_build(0, SECCOMP_RET_USER_NOTIF, code);
	int status = 0;
	pid_t pid = fork();

	*nnp = false;
	if (pid == 0) {
		int fd = tr_notify_install(code, len, nnp);
		/* exit_group is filtered now and nobody listens: it fails, and exit ends this one thread */
		if (fd >= 0)
			raise(*nnp ? SIGUSR2 : SIGUSR1);
		_exit(-fd & 0x7f);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	if (WIFSIGNALED(status)) {
		*nnp = WTERMSIG(status) == SIGUSR2;
		return 0;
	}
	return WEXITSTATUS(status);
}

static enum tr_doctor_result check_notify(char *detail, size_t cap)
{
	bool nnp;
	int e = tr_notify_available() ? try_filter(&nnp) : ENOSYS;

	if (e) {
		snprintf(detail, cap, "%s (%s)", strerror(e), e == EBUSY ? "a trace around this, or a container's manager, hears them"
									 : "a container's profile may forbid it");
		return TR_WORKS_NOT;
	}
	snprintf(detail, cap, "%s", nnp ? "with no_new_privs: set-uid programs run without their privilege"
					: "with privilege of our own");
	return TR_WORKS;
}

/* The same permission as taking a descriptor or reading memory of a child. */
static enum tr_doctor_result check_redirect(char *detail, size_t cap)
{
	int pipe_fds[2], copy, e;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return TR_WORKS_NOT;
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	copy = tr_notify_copy_fd((uint32_t)pid, (uint32_t)pid, pipe_fds[0]);
	e = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	snprintf(detail, cap, "%s", copy >= 0 ? "a descriptor of a child can be taken" : strerror(e));
	if (copy >= 0)
		close(copy);
	return copy >= 0 ? TR_WORKS : TR_WORKS_NOT;
}

static enum tr_doctor_result check_ptrace(char *detail, size_t cap)
{
	char scope[16];
	bool works = tr_ptrace_available();

	if (!read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope)))
		snprintf(scope, sizeof(scope), "none");
	snprintf(detail, cap, "%s (Yama ptrace_scope: %s)", works ? "children can be traced" : "refused", scope);
	return works ? TR_WORKS : TR_WORKS_NOT;
}

static enum tr_doctor_result check_attach(char *detail, size_t cap)
{
	char scope[16] = "0";

	read_line("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope));
	/* without Yama there is no such file, and the usual rule: one's own processes */
	if (geteuid() == 0 || scope[0] == '0' || !scope[0]) {
		snprintf(detail, cap, "%s", geteuid() == 0 ? "any process" : "any process of yours");
		return TR_WORKS;
	}
	snprintf(detail, cap, "ptrace_scope is %s: only processes under 'xferdb trace', or as root", scope);
	return scope[0] == '1' ? TR_WORKS_PARTLY : TR_WORKS_NOT;
}

static enum tr_doctor_result check_probe(char *detail, size_t cap)
{
	char path[4096];
	bool there = tr_own_file(TR_PROBE_FILE, path, sizeof(path));

	snprintf(detail, cap, "%s", there ? "installed" : TR_PROBE_FILE " is not installed");
	return there ? TR_WORKS : TR_WORKS_NOT;
}

static enum tr_doctor_result check_python(char *detail, size_t cap)
{
	char path[4096], shim[4096];
	int missing = tr_child_find("python3", getenv("PATH"), path, sizeof(path));
	bool there = tr_own_file(TR_SHIM_FOLDER, shim, sizeof(shim));

	if (missing)
		snprintf(detail, cap, "there is no python3 on PATH");
	else
		snprintf(detail, cap, "%.200s%s", path, there ? "" : ", but the shim is not installed");
	return !missing && there ? TR_WORKS : TR_WORKS_NOT;
}

static enum tr_doctor_result check_container(char *detail, size_t cap)
{
	char line[256];

	if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
		snprintf(detail, cap, "in a container: processes outside are not seen");
	else if (read_line("/proc/1/cgroup", line, sizeof(line)) && strstr(line, "kubepods"))
		snprintf(detail, cap, "in a pod: processes outside are not seen");
	else
		snprintf(detail, cap, "no sign of a container");
	return strstr(detail, "not seen") ? TR_WORKS_PARTLY : TR_WORKS;
}

/* Another system call table than the filter's, and a library the loader of such a program passes by. */
static enum tr_doctor_result check_32bit(char *detail, size_t cap)
{
	snprintf(detail, cap, "no filter and no probe is made for them");
	return TR_WORKS_NOT;
}

/* The entry of a function is exchanged by machine code written for this one processor. */
static enum tr_doctor_result check_symbols(char *detail, size_t cap)
{
#if defined(__x86_64__)
	snprintf(detail, cap, "the processor is an x86-64");
	return TR_WORKS;
#else
	snprintf(detail, cap, "only on x86-64");
	return TR_WORKS_NOT;
#endif
}

const struct tr_check tr_checks[] = {
	{ "kernel", "Linux 5.6, better 5.19", "before 5.19 a signal may restart a call that is looked at; before 5.6 "
	  "no connection can be redirected", check_kernel },
	{ "notify", "system calls as messages", "connections, ends and output are watched by ptrace instead, and a "
	  "debugger cannot attach beside it", check_notify },
	{ "redirect", "connections led through the relay", "answers are not seen of programs the probe is not in (Go, "
	  "static ones), and no part can be held on the network", check_redirect },
	{ "ptrace", "the fall-back for notify", "without notify and ptrace only the probe is left, and --local "
	  "cannot keep bytes on this machine", check_ptrace },
	{ "attach", "looking at running processes", "'xferdb attach' shows less: no stacks, no memory", check_attach },
	{ "probe", "the library inside the program", "threads, locks and waits are not seen: what a call waits for "
	  "can only be proved by holding parts back", check_probe },
	{ "32-bit", "32-bit programs", "of a 32-bit program only its end is seen; with --local what would make a connection is refused to it",
	  check_32bit },
	{ "symbols", "sym: calls, functions of C and C++", "a C or C++ call cannot be named; --call out:BEGIN:END or exit "
	  "mark it, and py: works everywhere", check_symbols },
	{ "python", "names and stacks of Python programs", "py: calls cannot be marked", check_python },
	{ "container", "where this runs", "what runs outside", check_container },
};
const unsigned tr_nr_checks = sizeof(tr_checks) / sizeof(tr_checks[0]);

const char *tr_doctor_word(enum tr_doctor_result result)
{
	static const char *const words[TR_DOCTOR_RESULTS] = { "works", "partly", "no" };

	return words[result];
}
