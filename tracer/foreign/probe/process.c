/*
 * processes: their begin and end, children waited for, programs replaced.
 *
 * The call `exit` is the life of the process that xferdb started: it is entered
 * when the probe first comes to life in it, in whatever program that is by then,
 * and returns when it leaves. A program that leaves by a raw system call is left
 * to the supervisor.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"

static struct tr_control_process *own_slot(void)
{
	return tr_control_process(probe_control, (uint32_t)getpid(), true);
}

/* ---- begin */

/* Is the word plain enough to be shown? An argument may be a key or a signed URL. */
static bool is_plain(const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+-");

	return len > 0 && len < 128 && !word[len] && word[0] != '-';
}

/* "python3 upload.py": the program, and its first argument when it looks like a file. One that was not read whole may be anything. */
static uint32_t command_text(void)
{
	char words[1024], text[512];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, words, sizeof(words) - 2);
	const char *argument;
	bool shown;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return xf_text(program_invocation_short_name);
	words[len] = words[len + 1] = '\0';
	argument = words + strlen(words) + 1;
	shown = argument + strlen(argument) < words + len && is_plain(argument);
	snprintf(text, sizeof(text), "%.200s%s%.127s", words, shown ? " " : "", shown ? argument : "");
	return xf_text(text);
}

static bool wants_exit_call(void)
{
	const char *specs = getenv(TR_ENV_CALL);

	if ((uint32_t)getpid() != atomic_load(&probe_control->program))
		return false;
	for (; specs && *specs; specs += strcspn(specs, "\n"), specs += *specs == '\n')
		if (strncmp(specs, "exit", 4) == 0 && (specs[4] == '\n' || !specs[4]))
			return true;
	return !getenv(TR_ENV_CALL);
}

/* The call of a process goes on through an exec: it is entered once, and open in every image. */
static void enter_exit_call(struct tr_control_process *slot)
{
	if (!wants_exit_call())
		return;
	probe_tls.calls++;
	if (atomic_fetch_or(&slot->flags, TR_PROCESS_ENTERED) & TR_PROCESS_ENTERED)
		return;
	atomic_store(&slot->call, atomic_fetch_add(&probe_control->nr_calls, 1) + 1);
	PROBE_EMIT(call_enter, .call = slot->call, .label = xf_text("exit"),
		   .flags = getenv(TR_ENV_CALL) ? 0 : XF_CALL_IMPLICIT);
}

static _Atomic uint32_t own_pid; /* asked for once: a sandbox may forbid even that */

bool probe_sandboxed(void)
{
	struct tr_control_process *slot = tr_control_process(probe_control, atomic_load(&own_pid), false);

	if (!slot || !(atomic_load(&slot->flags) & TR_PROCESS_SANDBOXED))
		return false;
	atomic_store(&probe_on, false);
	return true;
}

void probe_process_begin(void)
{
	struct tr_control_process *slot = own_slot();
	uint32_t pid = (uint32_t)getpid(), command = command_text();
	uint32_t now = TR_PROCESS_PROBED | TR_PROCESS_STARTED;
	atomic_store(&own_pid, pid);
	bool again = slot && atomic_fetch_or(&slot->flags, now) & TR_PROCESS_STARTED;

	on_exit(probe_process_left, NULL);
	if (again)
		PROBE_EMIT(exec, .pid = pid, .command = command);
	else
		PROBE_EMIT(process_start, .pid = pid, .parent = (uint32_t)getppid(), .command = command);
	if (slot)
		enter_exit_call(slot);
}

void probe_process_forked(void)
{
	struct tr_control_process *slot = own_slot();
	uint32_t command = command_text();

	atomic_store(&own_pid, (uint32_t)getpid());
	if (slot)
		atomic_fetch_or(&slot->flags, TR_PROCESS_PROBED | TR_PROCESS_STARTED);
	PROBE_EMIT(process_start, .pid = (uint32_t)getpid(), .parent = (uint32_t)getppid(),
		   .command = command);
}

/* ---- end */

static void say_left(int status)
{
	struct tr_control_process *slot = own_slot();
	uint32_t done = TR_PROCESS_RETURNED | TR_PROCESS_EXITED;
	uint32_t before = slot ? atomic_fetch_or(&slot->flags, done) : 0;

	if (before & TR_PROCESS_ENTERED && !(before & TR_PROCESS_RETURNED))
		PROBE_EMIT(call_return, .call = slot->call, .result = status);
	if (!(before & TR_PROCESS_EXITED))
		PROBE_EMIT(process_exit, .exit_status = status, .pid = (uint32_t)getpid());
}

/* After the program's own exit handlers: ours was registered before them. */
void probe_process_left(int status, void *unused)
{
	(void)unused;
	PROBE(say_left(status & 0xff));
}

PROBE_EXPORT void _exit(int status)
{
	PROBE(say_left(status & 0xff));
	REAL(_exit)(status);
	__builtin_unreachable();
}

PROBE_EXPORT void _Exit(int status)
{
	PROBE(say_left(status & 0xff));
	REAL(_Exit)(status);
	__builtin_unreachable();
}

/* ---- children */

/* Would a child's end interrupt it? */
static bool awaits_children(const sigset_t *mask)
{
	struct sigaction now;

	return !sigismember(mask, SIGCHLD) && !sigaction(SIGCHLD, NULL, &now) && now.sa_handler != SIG_IGN &&
	       now.sa_handler != SIG_DFL;
}

/* timeout(1) and its like wait for a child so, and then ask which it was. */
PROBE_EXPORT int sigsuspend(const sigset_t *mask)
{
	PROBE(probe_tls.suspended_ns = awaits_children(mask) ? xf_clock_mono_ns() : 0);
	return REAL(sigsuspend)(mask);
}

/* exit_status as a shell has it. What only asked did not wait, however long that took. */
static void say_end(pid_t pid, int exit_status, uint64_t begin_ns, bool any, int options)
{
	bool asked = (options & WNOHANG) != 0, suspended = probe_tls.suspended_ns != 0;
	uint64_t waited_ns = asked && !suspended ? 0 : xf_clock_mono_ns() - (suspended ? probe_tls.suspended_ns : begin_ns);

	probe_tls.suspended_ns = 0;
	PROBE_EMIT_AT(process_wait, 0, 0, probe_python_site(), .pid = (uint32_t)pid, .exit_status = exit_status,
		      .waited_ns = waited_ns, .any = any, .asked = asked);
}

void probe_say_waited(pid_t pid, int status, uint64_t begin_ns, bool any, int options)
{
	if (WIFEXITED(status))
		say_end(pid, WEXITSTATUS(status), begin_ns, any, options);
	else if (WIFSIGNALED(status))
		say_end(pid, 128 + WTERMSIG(status), begin_ns, any, options);
}

PROBE_EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
	uint64_t begin_ns = xf_clock_mono_ns();
	int own;
	pid_t got = REAL(waitpid)(pid, &own, options);

	if (got > 0)
		PROBE(probe_say_waited(got, own, begin_ns, pid <= 0, options));
	if (got > 0 && status)
		*status = own;
	return got;
}

PROBE_EXPORT pid_t wait(int *status)
{
	return waitpid(-1, status, 0);
}

PROBE_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	uint64_t begin_ns = xf_clock_mono_ns();
	int own;
	pid_t got = REAL(wait4)(pid, &own, options, usage);

	if (got > 0)
		PROBE(probe_say_waited(got, own, begin_ns, pid <= 0, options));
	if (got > 0 && status)
		*status = own;
	return got;
}

PROBE_EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
	return wait4(-1, status, options, usage);
}

static void say_waited_for(const siginfo_t *info, uint64_t begin_ns, bool any, int options)
{
	if (!info->si_pid)
		return;
	if (info->si_code == CLD_EXITED)
		say_end(info->si_pid, info->si_status, begin_ns, any, options);
	else if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		say_end(info->si_pid, 128 + info->si_status, begin_ns, any, options);
}

PROBE_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	uint64_t begin_ns = xf_clock_mono_ns();
	siginfo_t own = { 0 };
	int rc = REAL(waitid)(type, id, &own, options);

	if (!rc && options & WEXITED)
		PROBE(say_waited_for(&own, begin_ns, type == P_ALL || type == P_PGID, options));
	if (!rc && info)
		*info = own;
	return rc;
}
