/* keeper: see keeper.h. In the child only system calls are made. */
#include "tracer/foreign/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tracer/foreign/notify.h"

enum {
	KEEPER_LIFELINE = 3, KEEPER_LISTENER = 4,
	KEEPER_BEFORE = 65536,  /* a call that has waited for so many others to be answered is nobody's */
	KEEPER_BEHIND = 64,     /* received, but not told of any more */
};

/* Everything but the two it lives by. */
static void keeper_close(int lifeline, int listener)
{
	int high = fcntl(listener, F_DUPFD, 16);
	int high_line = fcntl(lifeline, F_DUPFD, 16);

	dup2(high_line, KEEPER_LIFELINE);
	dup2(high, KEEPER_LISTENER);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	syscall(SYS_close_range, KEEPER_LISTENER + 1, ~0u, 0);
}

/* The kernel counts the ids up, and refuses an answer to one that waits for none. */
static void keeper_answer_all(uint64_t last)
{
	for (uint64_t id = last - KEEPER_BEFORE; last && id != last + KEEPER_BEHIND; id++)
		tr_notify_continue(KEEPER_LISTENER, id);
}

__attribute__((noreturn)) static void keeper_run(const _Atomic uint64_t *last)
{
	struct pollfd line = { .fd = KEEPER_LIFELINE, .events = POLLIN };
	struct pollfd calls = { .fd = KEEPER_LISTENER, .events = POLLIN };
	struct tr_notice n;

	while (poll(&line, 1, -1) < 0 && errno == EINTR)
		;
	if (poll(&calls, 1, 0) >= 0 && !(calls.revents & (POLLHUP | POLLERR)))
		keeper_answer_all(atomic_load(last));
	while (poll(&calls, 1, -1) >= 0 || errno == EINTR) {
		if (calls.revents & POLLIN && tr_notify_receive(KEEPER_LISTENER, &n))
			tr_notify_continue(KEEPER_LISTENER, n.id);
		else if (calls.revents & (POLLHUP | POLLERR | POLLNVAL))
			break;
	}
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

void tr_keeper_start(struct tr_keeper *keeper, int listener)
{
	int line[2];
	sigset_t all;
	void *shared = mmap(NULL, sizeof(*keeper->last), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return;
	keeper->last = shared;
	if (pipe2(line, O_CLOEXEC) != 0)
		return;
	keeper->pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (keeper->pid == 0) {
		/* Ctrl-C is not for it; and it shows under its own name */
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		setsid();
		prctl(PR_SET_NAME, "xferdb-keeper", 0, 0, 0);
		prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
		keeper_close(line[0], listener);
		keeper_run(keeper->last);
	}
	close(line[0]);
	keeper->lifeline = line[1];
	if (keeper->pid < 0) {
		close(line[1]);
		keeper->pid = 0;
	}
}

void tr_keeper_received(struct tr_keeper *keeper, uint64_t id)
{
	if (keeper->last)
		atomic_store(keeper->last, id);
}

void tr_keeper_stop(struct tr_keeper *keeper)
{
	struct timespec moment = { .tv_nsec = 1000000 };

	if (keeper->last)
		munmap(keeper->last, sizeof(*keeper->last));
	keeper->last = NULL;
	if (!keeper->pid)
		return;
	close(keeper->lifeline);
	/* usually nothing is left and it ends within a millisecond; else it stays, and init reaps it */
	for (int i = 0; i < 50 && waitpid(keeper->pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&moment, NULL);
	keeper->pid = 0;
}
