/* process: see process.h. */
#include "tracer/foreign/process.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tracer/foreign/marks.h"

/* ---- /proc */

static bool proc_read(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0;
}

uint32_t tr_proc_status(uint32_t pid, const char *key)
{
	char path[64], text[4096];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (!proc_read(path, text, sizeof(text)))
		return 0;
	line = strstr(text, key);
	return line ? (uint32_t)strtoul(line + strlen(key), NULL, 10) : 0;
}

void tr_proc_name(uint32_t tid, char *buf, size_t cap)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/comm", tid);
	proc_read(path, buf, cap);
	buf[strcspn(buf, "\n")] = 0;
}

static unsigned proc_add_children(const char *task, uint32_t *pids, unsigned n, unsigned cap)
{
	char path[300], text[16384], *at = text;

	snprintf(path, sizeof(path), "/proc/self/task/%s/children", task);
	if (!proc_read(path, text, sizeof(text)))
		return n;
	while (*at && n < cap) {
		pids[n++] = (uint32_t)strtoul(at, &at, 10);
		at += strspn(at, " ");
	}
	return n;
}

unsigned tr_proc_own_children(uint32_t *pids, unsigned cap)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned n = 0;

	if (!tasks)
		return 0;
	for (struct dirent *d; (d = readdir(tasks));)
		if (d->d_name[0] != '.')
			n = proc_add_children(d->d_name, pids, n, cap);
	closedir(tasks);
	return n;
}

/* User and system time so far, in clock ticks. */
static uint64_t proc_cpu(uint32_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (!proc_read(path, text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	if (end)
		sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return user + system;
}

/* ---- the table */

static void process_gone(struct tr_watch *watch, uint32_t events)
{
	struct tr_process *p = (struct tr_process *)((char *)watch - offsetof(struct tr_process, pidfd));
	int status = -1;

	(void)events;
	/* left behind, it may have become ours without a word */
	if (waitpid((pid_t)p->pid, &status, WNOHANG) <= 0)
		status = -1;
	tr_process_ended(p, status);
}

static struct tr_process *process_add(struct tr_processes *all, uint32_t pid, uint32_t parent)
{
	struct tr_process *p = calloc(1, sizeof(*p));
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);

	if (!p || pidfd < 0) {
		free(p);
		if (pidfd >= 0)
			close(pidfd);
		return NULL;
	}
	fcntl(pidfd, F_SETFD, FD_CLOEXEC);
	*p = (struct tr_process){ .pid = pid, .parent = parent, .all = all, .next = all->first,
				  .start_ticks = xf_clock_ticks(), .sign_ns = xf_clock_mono_ns(),
				  .pidfd = { .fd = -1, .ready = process_gone } };
	all->first = p;
	tr_proc_name(pid, p->command, sizeof(p->command));
	if (!tr_loop_add(all->loop, &p->pidfd, pidfd, EPOLLIN))
		close(pidfd);
	return p;
}

struct tr_process *tr_process_find(struct tr_processes *all, uint32_t pid)
{
	struct tr_process *p = all->first;

	while (p && p->pid != pid)
		p = p->next;
	return p;
}

struct tr_process *tr_process_program(struct tr_processes *all, uint32_t pid, const char *command)
{
	struct tr_process *p = process_add(all, pid, (uint32_t)getpid());

	if (!p)
		return NULL;
	p->program = true;
	snprintf(p->command, sizeof(p->command), "%s", command);
	return p;
}

/* The fork that made it, on its parent's main thread; the parent's order is the probe's, if it is in it. */
static void process_tell_fork(struct tr_process *p)
{
	struct tr_process *parent = tr_process_find(p->all, p->parent);
	struct tr_voice *voice = parent ? tr_process_speak(parent, parent->pid) : NULL;

	if (!voice)
		return;
	XF_EMIT(fork, .pid = parent->pid, .child = p->pid);
	tr_process_hush(voice);
}

struct tr_process *tr_process_of(struct tr_processes *all, uint32_t tid)
{
	struct tr_process *p = tr_process_find(all, tid);
	uint32_t pid;

	if (p)
		return p;
	pid = tr_proc_status(tid, "\nTgid:\t");
	if (!pid)
		return NULL;
	p = tr_process_find(all, pid);
	if (p)
		return p;
	p = process_add(all, pid, tr_proc_status(pid, "\nPPid:\t"));
	if (p)
		process_tell_fork(p);
	return p;
}

/* ---- recording for it */

static uint32_t process_flags(const struct tr_process *p)
{
	struct tr_control_process *slot = tr_control_process(p->all->control, p->pid, false);

	return slot ? atomic_load(&slot->flags) : 0;
}

bool tr_process_probed(const struct tr_process *p)
{
	return process_flags(p) & TR_PROCESS_PROBED;
}

bool tr_process_is_sandboxed(const struct tr_process *p)
{
	return process_flags(p) & TR_PROCESS_SANDBOXED;
}

static uint32_t thread_number(struct tr_processes *all, uint32_t tid)
{
	int64_t number = tr_control_thread_find(all->control, tid);

	if (number >= 0)
		return (uint32_t)number;
	number = xf_thread_reserve();
	tr_control_thread_enter(all->control, tid, (uint32_t)number);
	return (uint32_t)number;
}

static struct tr_voice *process_voice(struct tr_process *p, uint32_t tid, bool named)
{
	struct tr_voice *v = p->voices;
	char name[64] = "main";

	while (v && v->lane.tid != tid)
		v = v->next;
	if (v)
		return v;
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	if (tid != p->pid)
		tr_proc_name(tid, name, sizeof(name));
	else if (!p->program)
		snprintf(name, sizeof(name), "%.40s/%u", p->command, p->pid);
	tr_voice_init(v, thread_number(p->all, tid), p->pid, tid, named ? name : NULL, "foreign");
	v->next = p->voices;
	p->voices = v;
	return v;
}

struct tr_voice *tr_process_speak(struct tr_process *p, uint32_t tid)
{
	struct tr_voice *v = NULL;

	if (xf_emit_on() && (!tr_process_probed(p) || p->leaving))
		v = process_voice(p, tid, !tr_process_probed(p));
	if (v)
		tr_voice_begin(v);
	return v;
}

void tr_process_hush(struct tr_voice *voice)
{
	tr_voice_end(voice);
}

/* ---- what happens to it */

static void process_tell_enter(struct tr_process *p)
{
	struct tr_processes *all = p->all;

	if (!p->program || !all->judge_exit || p->call)
		return;
	p->call = atomic_fetch_add(&all->control->nr_calls, 1) + 1;
	tr_marks_record(true, p->call, p->start_ticks, "exit", all->implicit ? XF_CALL_IMPLICIT : 0);
}

void tr_process_seen(struct tr_process *p)
{
	struct tr_voice *voice;

	p->sign_ns = xf_clock_mono_ns();
	if (p->known)
		return;
	p->known = true;
	/* it has said so itself, as long as it could */
	voice = process_flags(p) & TR_PROCESS_STARTED ? NULL : tr_process_speak(p, p->pid);
	if (!voice)
		return;
	tr_record_at(XF_EV_process_start, p->start_ticks,
		     &(struct xf_ev_process_start){ .pid = p->pid, .parent = p->parent,
						    .command = xf_text(p->command) },
		     sizeof(struct xf_ev_process_start));
	process_tell_enter(p);
	tr_process_hush(voice);
}

/* What a file that is executed means for what can be seen: bits of TR_INCOMPLETE_*. */
static unsigned file_hides(const char *full, const struct stat *st)
{
	unsigned char ident[EI_NIDENT] = "";
	int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && read(fd, ident, sizeof(ident)) != (ssize_t)sizeof(ident))
		ident[0] = 0;
	if (fd >= 0)
		close(fd);
	return (st->st_mode & (S_ISUID | S_ISGID) ? TR_INCOMPLETE_SETUID : 0u) |
	       (memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS32 ? TR_INCOMPLETE_32BIT : 0u);
}

/* A search along PATH executes nothing until it finds a file that can be. */
static bool process_can_execute(uint32_t pid, const char *path, unsigned *hides)
{
	char full[4352];
	struct stat st;

	snprintf(full, sizeof(full), path[0] == '/' ? "/proc/%u/root%s" : "/proc/%u/cwd/%s", pid, path);
	if (stat(full, &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return false;
	*hides = file_hides(full, &st);
	return true;
}

void tr_process_executes(struct tr_process *p, const char *path)
{
	struct tr_control_process *slot;
	struct tr_voice *voice;
	const char *base = strrchr(path, '/');
	unsigned hides;

	if (!process_can_execute(p->pid, path, &hides))
		return;
	if (hides)
		atomic_fetch_or(&p->all->control->incomplete, hides);
	snprintf(p->command, sizeof(p->command), "%s", base ? base + 1 : path);
	voice = p->known ? tr_process_speak(p, p->pid) : NULL;
	if (voice) {
		XF_EMIT(exec, .pid = p->pid, .command = xf_text(path));
		tr_process_hush(voice);
	}
	/* the probe went with the old image; the new one's says for itself that it is there */
	slot = tr_control_process(p->all->control, p->pid, false);
	if (slot)
		atomic_fetch_and(&slot->flags, ~(uint32_t)(TR_PROCESS_PROBED | TR_PROCESS_SANDBOXED));
}

void tr_process_sandboxed(struct tr_process *p)
{
	struct tr_control *control = p->all->control;
	struct tr_control_process *slot = tr_control_process(control, p->pid, false);

	if (!slot)
		return;
	atomic_fetch_or(&control->incomplete, TR_INCOMPLETE_SANDBOX);
	atomic_fetch_or(&slot->flags, TR_PROCESS_SANDBOXED);
	atomic_fetch_and(&slot->flags, ~(uint32_t)TR_PROCESS_PROBED);
	/* behind the flag: who sees the count finds it */
	atomic_fetch_add(&control->nr_sandboxed, 1);
}

static void process_tell_return(struct tr_process *p, uint32_t flags)
{
	struct tr_control_process *slot = tr_control_process(p->all->control, p->pid, false);
	uint32_t call = flags & TR_PROCESS_ENTERED && slot ? atomic_load(&slot->call) : p->call;

	if (call && !(flags & TR_PROCESS_RETURNED))
		XF_EMIT(call_return, .call = call, .result = p->exit_status);
}

/*
 * Marks that its threads have not recorded themselves, and now never will. They are older
 * than anything those threads still do: a thread takes its marks before its next event.
 */
static void process_tell_marks(struct tr_process *p)
{
	for (uint32_t tid; tr_marks_pending(p->all->control) && (tid = tr_marks_left(p->all->control, p->pid));) {
		struct tr_voice *voice = xf_emit_on() ? process_voice(p, tid, false) : NULL;
		if (!voice)
			return;
		tr_voice_begin(voice);
		tr_marks_take(p->all->control, tid);
		tr_voice_end(voice);
	}
}

void tr_process_leaves(struct tr_process *p, int status)
{
	uint32_t flags = process_flags(p);
	struct tr_voice *voice;

	process_tell_marks(p);
	p->leaving = true;
	p->exit_status = status & 0xff;
	if (flags & TR_PROCESS_EXITED && (flags & TR_PROCESS_RETURNED || !(flags & TR_PROCESS_ENTERED)))
		return;
	voice = tr_process_speak(p, p->pid);
	if (!voice)
		return;
	process_tell_return(p, flags);
	if (!(flags & TR_PROCESS_EXITED))
		XF_EMIT(process_exit, .exit_status = p->exit_status, .pid = p->pid);
	tr_process_hush(voice);
}

/* Killed: no exit_group, so nothing returned; who reaps it knows the signal. */
static void process_tell_killed(struct tr_process *p, int wait_status)
{
	struct tr_voice *voice;
	int signal = wait_status >= 0 && WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	uint32_t flags = process_flags(p);
	bool known = p->known || flags & TR_PROCESS_STARTED; /* it has said so itself */

	if (p->leaving || !known || flags & TR_PROCESS_EXITED)
		return;
	p->leaving = true;
	voice = tr_process_speak(p, p->pid);
	if (!voice)
		return;
	XF_EMIT(process_exit, .exit_status = signal ? 128 + signal : -1, .signal = signal, .pid = p->pid);
	tr_process_hush(voice);
}

static void process_free(struct tr_process *p)
{
	int pidfd = p->pidfd.fd;

	tr_loop_remove(p->all->loop, &p->pidfd);
	if (pidfd >= 0)
		close(pidfd);
	while (p->voices) {
		struct tr_voice *v = p->voices;
		p->voices = v->next;
		tr_voice_fini(v);
		free(v);
	}
	free(p);
}

void tr_process_ended(struct tr_process *p, int wait_status)
{
	struct tr_processes *all = p->all;

	process_tell_marks(p);
	process_tell_killed(p, wait_status);
	for (struct tr_process **at = &all->first; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	if (all->gone) {
		p->exit_status = wait_status;
		all->gone(all->ctx, p);
	}
	tr_control_thread_drop(all->control, p->pid);
	tr_control_process_drop(all->control, p->pid);
	process_free(p);
}

/* Is that thread at its end, or gone? */
static bool thread_is_leaving(uint32_t pid, const char *tid)
{
	enum { EXITING = 4 };
	char path[320], text[1024], state = 'X';
	unsigned flags = EXITING;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%u/task/%s/stat", pid, tid);
	proc_read(path, text, sizeof(text));
	end = strrchr(text, ')');
	if (end)
		sscanf(end + 1, " %c %*d %*d %*d %*d %*d %u", &state, &flags);
	return state == 'Z' || state == 'X' || flags & EXITING;
}

/*
 * Killed, it closes its files before anybody is told; the kernel's own flag is set before that, in every
 * thread. The main one alone may end long before the others.
 */
bool tr_process_is_leaving(struct tr_processes *all, uint32_t pid)
{
	struct tr_process *p = tr_process_find(all, pid);
	char path[64];
	DIR *tasks;
	bool leaves = true;

	if (!p || p->leaving)
		return true;
	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = opendir(path);
	for (struct dirent *d; leaves && tasks && (d = readdir(tasks));)
		leaves = d->d_name[0] == '.' || thread_is_leaving(pid, d->d_name);
	if (tasks)
		closedir(tasks);
	return leaves;
}

bool tr_process_lives(struct tr_process *p)
{
	uint64_t cpu = proc_cpu(p->pid);
	bool lives = cpu != p->cpu_ticks;

	p->cpu_ticks = cpu;
	return lives;
}

void tr_processes_fini(struct tr_processes *all)
{
	while (all->first) {
		struct tr_process *p = all->first;
		process_tell_marks(p);
		all->first = p->next;
		process_free(p);
	}
}
