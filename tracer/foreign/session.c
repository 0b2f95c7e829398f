/* session: see session.h. In leader and program only system calls are made. */
#include "tracer/foreign/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { LEADER_LIFELINE = 3, LEADER_TERMINAL = 4, LEADER_STAT = 5, LOOK_MS = 100 };

/* What a leader lives by; under fixed numbers once its descriptors are its own. */
struct leader_files {
	int lifeline[2], up[2]; /* pipes */
	int terminal;           /* the program's side */
	int stat;               /* our own /proc/self/stat: its parent's */
};

/* Everything but the three it needs. */
static void leader_close(const struct leader_files *f)
{
	const int from[] = { f->lifeline[0], f->terminal, f->stat };
	int high[3];

	for (int i = 0; i < 3; i++)
		high[i] = fcntl(from[i], F_DUPFD, 16);
	for (int i = 0; i < 3; i++)
		dup2(high[i], LEADER_LIFELINE + i);
	for (int fd = 0; fd < LEADER_LIFELINE; fd++)
		close(fd);
	syscall(SYS_close_range, LEADER_STAT + 1, ~0u, 0);
}

/* Is the process behind LEADER_STAT stopped, but by no debugger? */
static int parent_is_stopped(void)
{
	char text[512];
	ssize_t n = pread(LEADER_STAT, text, sizeof(text) - 1, 0);
	char *end;

	text[n > 0 ? n : 0] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'T';
}

static pid_t foreground(void)
{
	pid_t group = 0;

	return ioctl(LEADER_TERMINAL, TIOCGPGRP, &group) == 0 && group > 1 ? group : 0;
}

/* Stops and goes on as our parent does, until it says that it has done with us, or is gone. */
static void leader_follow(pid_t program)
{
	struct pollfd line = { .fd = LEADER_LIFELINE, .events = POLLIN };
	pid_t stopped = 0, group;

	while (poll(&line, 1, LOOK_MS) == 0) {
		int stop = parent_is_stopped();
		if (stop && !stopped) {
			group = foreground();
			stopped = group ? group : program;
			kill(-stopped, SIGSTOP);
		} else if (!stop && stopped) {
			kill(-stopped, SIGCONT);
			stopped = 0;
		}
	}
	if (stopped)
		kill(-stopped, SIGCONT);
}

__attribute__((noreturn)) static void leader_run(pid_t program)
{
	pid_t own = getpid();

	leader_follow(program);
	/* where the terminal is gone already, our end would hang up the program: so it ends first */
	while (ioctl(LEADER_TERMINAL, TIOCSPGRP, &own) != 0 && kill(-program, 0) == 0)
		poll(NULL, 0, 10 * LOOK_MS);
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* The leader: takes the terminal, clones the program as a child of its own parent, and tells its pid. */
static pid_t leader_begin(const struct leader_files *f)
{
	sigset_t all, before;
	pid_t program;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	setsid();
	ioctl(f->terminal, TIOCSCTTY, 0);
	program = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
	if (program == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, &before, NULL);
		return 0;
	}
	setpgid(program, program);
	if (program > 0)
		ioctl(f->terminal, TIOCSPGRP, &program);
	/* once it is told, our parent closes what it shares with the program alone */
	unshare(CLONE_FILES);
	while (write(f->up[1], &program, sizeof(program)) < 0 && errno == EINTR)
		;
	if (program < 0)
		syscall(SYS_exit_group, 1);
	prctl(PR_SET_NAME, "xferdb-session", 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	leader_close(f);
	leader_run(program);
}

static void files_close(struct leader_files *f)
{
	const int all[] = { f->lifeline[0], f->lifeline[1], f->up[0], f->up[1], f->terminal, f->stat };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			close(all[i]);
}

pid_t tr_session_clone(struct tr_session *s)
{
	struct leader_files f = { .lifeline = { -1, -1 }, .up = { -1, -1 } };
	pid_t program = -1;

	f.terminal = ioctl(s->terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	f.stat = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	if (f.terminal >= 0 && f.stat >= 0 && pipe2(f.lifeline, O_CLOEXEC) == 0 && pipe2(f.up, O_CLOEXEC) == 0)
		s->leader = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	else
		s->leader = -1;
	if (s->leader == 0)
		return leader_begin(&f);
	while (s->leader > 0 && read(f.up[0], &program, sizeof(program)) < 0 && errno == EINTR)
		;
	if (s->leader > 0) {
		s->lifeline = f.lifeline[1];
		f.lifeline[1] = -1;
	}
	files_close(&f);
	return program;
}

int tr_session_signal(const struct tr_session *s, int number)
{
	return ioctl(s->terminal, TIOCSIG, number);
}

void tr_session_stop(struct tr_session *s)
{
	if (s->leader <= 0)
		return;
	close(s->lifeline);
	while (waitpid(s->leader, NULL, 0) < 0 && errno == EINTR)
		;
	s->leader = 0;
}
