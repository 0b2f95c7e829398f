/* ptrace: see ptrace.h. The only file that knows sys/ptrace.h. */
#include "tracer/foreign/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct tr_ptrace {
	struct tr_supervisor *supervisor;
	uint32_t *tids;
	unsigned nr, cap;
};

enum {
	PTRACE_WANTED = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC,
};

/* Any child of ours may be seized unless the kernel forbids it to everybody (Yama, scope 3). */
bool tr_ptrace_available(void)
{
	pid_t pid = fork();
	bool works;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (pid < 0)
		return false;
	works = ptrace(PTRACE_SEIZE, pid, NULL, (void *)(uintptr_t)PTRACE_WANTED) == 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return works;
}

static bool ptrace_add(struct tr_ptrace *t, uint32_t tid)
{
	for (unsigned i = 0; i < t->nr; i++)
		if (t->tids[i] == tid)
			return true;
	if (t->nr == t->cap) {
		uint32_t *larger = realloc(t->tids, (t->cap * 2 + 16) * sizeof(*larger));
		if (!larger)
			return false;
		t->tids = larger;
		t->cap = t->cap * 2 + 16;
	}
	t->tids[t->nr++] = tid;
	return true;
}

bool tr_ptrace_has(const struct tr_ptrace *t, uint32_t tid)
{
	for (unsigned i = 0; t && i < t->nr; i++)
		if (t->tids[i] == tid)
			return true;
	return false;
}

static void ptrace_remove(struct tr_ptrace *t, uint32_t tid)
{
	for (unsigned i = 0; i < t->nr; i++)
		if (t->tids[i] == tid)
			t->tids[i--] = t->tids[--t->nr];
}

static void ptrace_go(uint32_t tid, int request, int signal)
{
	ptrace((enum __ptrace_request)request, (pid_t)tid, NULL, (void *)(intptr_t)signal);
}

/* The call is not made; the thread sees this result instead. */
static void ptrace_result(uint32_t tid, int64_t value)
{
	struct user_regs_struct regs;
	struct iovec v = { .iov_base = &regs, .iov_len = sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, (pid_t)tid, (void *)NT_PRSTATUS, &v) != 0)
		return;
#if defined(__x86_64__)
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)value;
#elif defined(__aarch64__)
	int none = -1;
	struct iovec call = { .iov_base = &none, .iov_len = sizeof(none) };
	ptrace(PTRACE_SETREGSET, (pid_t)tid, (void *)NT_ARM_SYSTEM_CALL, &call);
	regs.regs[0] = (unsigned long long)value;
#endif
	ptrace(PTRACE_SETREGSET, (pid_t)tid, (void *)NT_PRSTATUS, &v);
}

static void ptrace_seccomp(struct tr_ptrace *t, uint32_t tid)
{
	struct __ptrace_syscall_info info;
	struct tr_notice n = { .tid = tid };
	struct tr_decision d;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return;
	n.nr = (int)info.seccomp.nr;
	for (int i = 0; i < 6; i++)
		n.args[i] = info.seccomp.args[i];
	d = tr_supervise(t->supervisor, &n, false);
	if (d.what == TR_FAIL)
		ptrace_result(tid, -d.value);
	else if (d.what == TR_RETURN)
		ptrace_result(tid, d.value);
}

static void ptrace_born(struct tr_ptrace *t, uint32_t parent)
{
	unsigned long tid = 0;

	if (ptrace(PTRACE_GETEVENTMSG, (pid_t)parent, NULL, &tid) == 0 && tid)
		ptrace_add(t, (uint32_t)tid);
}

/* Ctrl-Z and the like: the thread stays stopped, as it would without us. */
static bool is_group_stop(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void ptrace_stopped(struct tr_ptrace *t, uint32_t tid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16, request = PTRACE_CONT;

	if (event == PTRACE_EVENT_SECCOMP)
		ptrace_seccomp(t, tid);
	else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
		ptrace_born(t, tid);
	else if (event == PTRACE_EVENT_STOP && is_group_stop(signal))
		request = PTRACE_LISTEN;
	ptrace_go(tid, request, event ? 0 : signal);
}

static void ptrace_ended(struct tr_ptrace *t, uint32_t tid, int status)
{
	struct tr_process *p = tr_process_find(&t->supervisor->processes, tid);

	ptrace_remove(t, tid);
	if (p)
		tr_process_ended(p, status);
}

void tr_ptrace_look(struct tr_ptrace *t)
{
	for (unsigned i = 0; i < t->nr; i++) {
		uint32_t tid = t->tids[i];
		int status;
		pid_t got = waitpid((pid_t)tid, &status, __WALL | WNOHANG);
		if (got == 0)
			continue;
		if (got < 0)
			ptrace_remove(t, tid);
		else if (WIFSTOPPED(status))
			ptrace_stopped(t, tid, status);
		else
			ptrace_ended(t, tid, status);
		i = (unsigned)-1; /* one may have stopped because of another: from the beginning */
	}
}

struct tr_ptrace *tr_ptrace_attach(struct tr_supervisor *supervisor, uint32_t pid)
{
	struct tr_ptrace *t = calloc(1, sizeof(*t));

	if (t && ptrace_add(t, pid) &&
	    ptrace(PTRACE_SEIZE, (pid_t)pid, NULL, (void *)(uintptr_t)PTRACE_WANTED) == 0) {
		t->supervisor = supervisor;
		return t;
	}
	if (t)
		free(t->tids);
	free(t);
	return NULL;
}

void tr_ptrace_free(struct tr_ptrace *t)
{
	if (!t)
		return;
	/* a thread can only be let go while it stands */
	for (unsigned i = 0; i < t->nr; i++) {
		int status;
		if (ptrace(PTRACE_INTERRUPT, (pid_t)t->tids[i], NULL, NULL) == 0 &&
		    waitpid((pid_t)t->tids[i], &status, __WALL) > 0 && WIFSTOPPED(status))
			ptrace(PTRACE_DETACH, (pid_t)t->tids[i], NULL, NULL);
	}
	free(t->tids);
	free(t);
}
