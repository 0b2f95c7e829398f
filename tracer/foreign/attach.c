/* attach: takes the picture. What it means: attach_decide.c; how it reads: attach_text.c. */
#include "tracer/foreign/attach.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tracer/foreign/contract.h"
#include "tracer/foreign/remote.h"

enum { MAX_THREADS = 4096, MAX_FDS = 4096, MAX_POLLED = 64 };
static const uint64_t BUDGET_NS = 1200u * 1000000u; /* for stacks; the rest takes milliseconds */

/* What is needed while looking. */
struct look {
	struct tr_attach *a;
	struct tr_remote remote;
	struct tr_tcp *tcp;
	unsigned nr_tcp;
	struct tr_control *control;
	uint64_t begin_ns;
	bool out_of_time;
};

static void miss(struct tr_attach *a, const char *what)
{
	for (unsigned i = 0; i < a->nr_missing; i++)
		if (strcmp(a->missing[i], what) == 0)
			return;
	if (a->nr_missing < TR_ATTACH_MISSING)
		a->missing[a->nr_missing++] = what;
}

static bool in_time(struct look *l)
{
	if (xf_clock_mono_ns() - l->begin_ns > BUDGET_NS)
		l->out_of_time = true;
	return !l->out_of_time;
}

/* ---- connections */

static void name_request(const struct tr_control *control, struct tr_attach_socket *s)
{
	const struct tr_control_connection *c;

	if (!control)
		return;
	c = &control->connections[s->tcp.local_port % TR_NR_CONNECTIONS];
	if (atomic_load(&c->port) != s->tcp.local_port)
		return;
	s->request = atomic_load(&c->request);
	s->transfer = atomic_load(&c->transfer);
	s->part = atomic_load(&c->part);
	s->op = (enum xf_op)atomic_load(&c->op);
}

static void look_at_fd(struct look *l, int fd)
{
	struct tr_attach *a = l->a;
	struct tr_attach_socket *more;
	const struct tr_tcp *tcp;
	char target[256];

	if (!tr_proc_fd(a->pid, fd, target, sizeof(target)))
		return;
	tcp = tr_tcp_find(l->tcp, l->nr_tcp, tr_proc_inode(target, "socket"));
	more = tcp ? realloc(a->sockets, (a->nr_sockets + 1) * sizeof(*more)) : NULL;
	if (!more)
		return;
	a->sockets = more;
	more[a->nr_sockets] = (struct tr_attach_socket){ .fd = fd, .tcp = *tcp };
	name_request(l->control, &more[a->nr_sockets++]);
}

static bool look_at_fds(struct look *l)
{
	int fds[MAX_FDS];
	unsigned nr;

	if (!tr_proc_fds(l->a->pid, fds, MAX_FDS, &nr))
		return false;
	for (unsigned i = 0; i < nr; i++)
		look_at_fd(l, fds[i]);
	return true;
}

static int socket_of(const struct tr_attach *a, int fd)
{
	for (unsigned i = 0; i < a->nr_sockets; i++)
		if (a->sockets[i].fd == fd)
			return (int)i;
	return -1;
}

/* ---- what a system call waits for */

enum call_kind {
	CALL_OTHER, CALL_FUTEX, CALL_READ, CALL_WRITE, CALL_CONNECT, CALL_POLL, CALL_SELECT,
	CALL_EPOLL, CALL_SLEEP, CALL_CHILD, CALL_OPEN,
};

/* ORDER attach calls */
static const struct {
	long number;
	enum call_kind kind;
} calls[] = {
	{ SYS_futex, CALL_FUTEX },
	{ SYS_read, CALL_READ }, { SYS_readv, CALL_READ }, { SYS_recvfrom, CALL_READ },
	{ SYS_recvmsg, CALL_READ }, { SYS_accept, CALL_READ }, { SYS_accept4, CALL_READ },
	{ SYS_write, CALL_WRITE }, { SYS_writev, CALL_WRITE }, { SYS_sendto, CALL_WRITE },
	{ SYS_sendmsg, CALL_WRITE }, { SYS_sendfile, CALL_WRITE },
	{ SYS_connect, CALL_CONNECT },
	{ SYS_ppoll, CALL_POLL }, { SYS_pselect6, CALL_SELECT }, { SYS_epoll_pwait, CALL_EPOLL },
#ifdef SYS_poll
	{ SYS_poll, CALL_POLL }, { SYS_select, CALL_SELECT }, { SYS_epoll_wait, CALL_EPOLL },
#endif
	{ SYS_nanosleep, CALL_SLEEP }, { SYS_clock_nanosleep, CALL_SLEEP },
	{ SYS_wait4, CALL_CHILD }, { SYS_waitid, CALL_CHILD }, { SYS_openat, CALL_OPEN },
#ifdef SYS_open
	{ SYS_open, CALL_OPEN },
#endif
};

static enum call_kind kind_of(long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number)
			return calls[i].kind;
	return CALL_OTHER;
}

static bool is_thread_of(const struct tr_attach *a, uint32_t tid)
{
	for (unsigned i = 0; i < a->nr_threads; i++)
		if (a->threads[i].tid == tid)
			return true;
	return false;
}

/*
 * What lies at a futex: glibc's mutex writes its owner 8 bytes on; a join waits
 * for the tid at the thread's own structure to go away, not privately, so that
 * the value waited on is the tid; semaphores and conditions name nobody.
 */
static void classify_futex(struct look *l, struct tr_attach_thread *t)
{
	enum { PRIVATE = 128, COMMAND = 127, WAIT_BITSET = 9, WAIT = 0, LOCK_PI = 6 };
	uint64_t address = t->call.args[0];
	uint32_t op = (uint32_t)t->call.args[1] & COMMAND, value = (uint32_t)t->call.args[2];
	uint32_t words[4] = { 0 };

	t->wait = TR_AT_SIGNAL;
	t->timed = t->call.args[3] != 0 && op != LOCK_PI;
	if (l->remote.python_from && address - l->remote.python_from <
					     l->remote.python_to - l->remote.python_from) {
		t->wait = TR_AT_GIL;
	} else if (!(t->call.args[1] & PRIVATE) && (op == WAIT_BITSET || op == WAIT) && value != t->tid &&
		   is_thread_of(l->a, value)) {
		t->wait = TR_AT_JOIN;
		t->thread = value;
	} else if (tr_remote_read(&l->remote, address, words, sizeof(words)) && words[2] &&
		   (words[0] == 1 || words[0] == 2 || (words[0] & 0x3fffffff) == words[2]) &&
		   is_thread_of(l->a, words[2])) {
		t->wait = TR_AT_MUTEX;
		t->thread = words[2];
	}
}

static void waits_on_fd(const struct tr_attach *a, struct tr_attach_thread *t, int fd,
			enum tr_attach_wait on_socket)
{
	t->fd = fd;
	t->socket = socket_of(a, fd);
	t->wait = t->socket >= 0 ? on_socket : TR_AT_PIPE;
	t->writes = on_socket == TR_AT_SEND;
	if (t->socket < 0)
		tr_proc_fd(a->pid, fd, t->what, sizeof(t->what));
}

/* The first connection among the descriptors a poll asks about. */
static void classify_poll(struct look *l, struct tr_attach_thread *t)
{
	struct {
		int32_t fd;
		int16_t events, ready;
	} polled[MAX_POLLED];
	uint64_t nr = t->call.args[1] < MAX_POLLED ? t->call.args[1] : MAX_POLLED;

	t->wait = nr ? TR_AT_POLL : TR_AT_SLEEP;
	t->timed = t->call.number == SYS_ppoll ? t->call.args[2] != 0 : (int32_t)t->call.args[2] >= 0;
	if (!nr || !tr_remote_read(&l->remote, t->call.args[0], polled, nr * sizeof(polled[0])))
		return;
	for (uint64_t i = 0; i < nr && t->socket < 0; i++)
		if (socket_of(l->a, polled[i].fd) >= 0)
			waits_on_fd(l->a, t, polled[i].fd, polled[i].events & 1 ? TR_AT_ANSWER : TR_AT_SEND);
	if (t->socket < 0 && nr == 1)
		t->fd = polled[0].fd;
}

static void classify_select(struct look *l, struct tr_attach_thread *t)
{
	unsigned char bits[128] = { 0 };
	uint64_t nr = t->call.args[0] < 1024 ? t->call.args[0] : 1024;

	t->wait = nr ? TR_AT_POLL : TR_AT_SLEEP;
	t->timed = t->call.args[4] != 0;
	if (!nr || !t->call.args[1] || !tr_remote_read(&l->remote, t->call.args[1], bits, (nr + 7) / 8))
		return;
	for (unsigned fd = 0; fd < nr && t->socket < 0; fd++)
		if (bits[fd / 8] >> fd % 8 & 1 && socket_of(l->a, (int)fd) >= 0)
			waits_on_fd(l->a, t, (int)fd, TR_AT_ANSWER);
}

/* An epoll set lists its descriptors in fdinfo: "tfd:        7 events: …". */
static void classify_epoll(struct look *l, struct tr_attach_thread *t)
{
	char name[64], text[8192];
	const char *at = text;

	t->wait = TR_AT_POLL;
	t->fd = (int)t->call.args[0];
	t->timed = (int32_t)t->call.args[3] >= 0;
	snprintf(name, sizeof(name), "fdinfo/%d", t->fd);
	if (tr_proc_read(l->a->pid, name, text, sizeof(text)) <= 0)
		return;
	while (t->socket < 0 && (at = strstr(at, "tfd:"))) {
		int fd = (int)strtol(at + 4, NULL, 10);
		if (socket_of(l->a, fd) >= 0)
			waits_on_fd(l->a, t, fd, TR_AT_ANSWER);
		at += 4;
	}
}

/* That takes long for a FIFO, until somebody opens its other end; or on a file system that does not answer. */
static void classify_open(struct look *l, struct tr_attach_thread *t)
{
	uint64_t at = t->call.number == SYS_openat ? t->call.args[1] : t->call.args[0];

	t->wait = TR_AT_KERNEL;
	if (tr_remote_read(&l->remote, at, t->what, sizeof(t->what) - 1))
		t->what[sizeof(t->what) - 1] = '\0';
	else
		snprintf(t->what, sizeof(t->what), "a file");
}

static void classify_child(struct tr_attach_thread *t)
{
	int64_t which = t->call.number == SYS_wait4 ? (int32_t)t->call.args[0] :
			t->call.args[0] == 1	    ? (int64_t)t->call.args[1] : 0;

	t->wait = TR_AT_CHILD;
	t->child = which > 0 ? (uint32_t)which : 0;
}

static void classify_call(struct look *l, struct tr_attach_thread *t)
{
	switch (kind_of(t->call.number)) {
	case CALL_FUTEX: classify_futex(l, t); break;
	case CALL_READ: waits_on_fd(l->a, t, (int)t->call.args[0], TR_AT_ANSWER); break;
	case CALL_WRITE: waits_on_fd(l->a, t, (int)t->call.args[0], TR_AT_SEND); break;
	case CALL_CONNECT: waits_on_fd(l->a, t, (int)t->call.args[0], TR_AT_CONNECT); break;
	case CALL_POLL: classify_poll(l, t); break;
	case CALL_SELECT: classify_select(l, t); break;
	case CALL_EPOLL: classify_epoll(l, t); break;
	case CALL_SLEEP: t->wait = TR_AT_SLEEP; t->timed = true; break;
	case CALL_CHILD: classify_child(t); break;
	case CALL_OPEN: classify_open(l, t); break;
	case CALL_OTHER: t->wait = TR_AT_KERNEL; break;
	}
}

static void classify(struct look *l, struct tr_attach_thread *t)
{
	t->call = tr_proc_syscall(l->a->pid, t->tid);
	t->wait = TR_AT_UNKNOWN;
	if (t->state == 'R' || t->call.running)
		t->wait = TR_AT_WORK;
	else if (t->call.known)
		classify_call(l, t);
	else
		miss(l->a, "what its threads wait for: that needs the right to ptrace it (same user and "
			   "kernel.yama.ptrace_scope=0, or CAP_SYS_PTRACE)");
}

/* ---- stacks */

/* Before 3.11 a thread's state names its handle only; glibc keeps the tid 720 bytes into it. */
static uint32_t tid_of(const struct look *l, const struct tr_pythread *p)
{
	uint32_t tid = p->tid;

#if defined(__x86_64__) && defined(__GLIBC__)
	if (!tid && !tr_remote_read((void *)(uintptr_t)&l->remote, p->handle + 720, &tid, sizeof(tid)))
		tid = 0;
#else
	(void)l;
#endif
	return tid;
}

static bool all_machinery(const struct tr_attach_thread *t)
{
	for (unsigned i = 0; i < t->nr_python; i++)
		if (!tr_pyframe_is_machinery(&t->python[i]))
			return false;
	return t->nr_python > 0;
}

static void take_python_stack(struct look *l, const struct tr_pythread *p)
{
	uint32_t tid = tid_of(l, p);

	for (unsigned i = 0; i < l->a->nr_threads; i++) {
		struct tr_attach_thread *t = &l->a->threads[i];
		if (t->tid != tid)
			continue;
		t->nr_python = tr_pystack_frames(&l->remote.python, p->state, t->python, TR_ATTACH_FRAMES);
		if (t->wait == TR_AT_SIGNAL && all_machinery(t))
			t->wait = TR_AT_IDLE;
	}
}

static void take_python_stacks(struct look *l)
{
	static const unsigned max = 1024;
	struct tr_pythread *threads = malloc(max * sizeof(*threads));
	unsigned nr = threads && l->remote.python_known ?
			      tr_pystack_threads(&l->remote.python, threads, max) : 0;

	for (unsigned i = 0; i < nr && in_time(l); i++)
		take_python_stack(l, &threads[i]);
	free(threads);
}

static void take_native_stacks(struct look *l)
{
	struct tr_stack *stack = in_time(l) ? tr_stack_new(l->a->pid) : NULL;

	for (unsigned i = 0; stack && i < l->a->nr_threads && in_time(l); i++) {
		struct tr_attach_thread *t = &l->a->threads[i];
		if (t->call.known && !t->call.running && t->call.sp)
			t->nr_native = tr_stack_frames(stack, t->tid, t->call.sp, t->call.pc, t->native,
						       TR_ATTACH_FRAMES);
	}
	tr_stack_free(stack);
}

/* ---- the picture */

static bool list_threads(struct tr_attach *a)
{
	uint32_t *tids = malloc(MAX_THREADS * sizeof(*tids));
	unsigned nr = tids ? tr_proc_threads(a->pid, tids, MAX_THREADS) : 0;

	a->threads = calloc(nr ? nr : 1, sizeof(*a->threads));
	for (unsigned i = 0; a->threads && i < nr; i++) {
		struct tr_attach_thread *t = &a->threads[a->nr_threads];
		*t = (struct tr_attach_thread){ .tid = tids[i], .fd = -1, .socket = -1 };
		t->state = tr_proc_state(a->pid, t->tid, t->name, sizeof(t->name));
		a->nr_threads += t->state != '?';
	}
	free(tids);
	return a->threads != NULL;
}

static void read_command(struct tr_attach *a)
{
	char words[1024];
	ssize_t len = tr_proc_read(a->pid, "cmdline", words, sizeof(words));
	size_t first = len > 0 ? strlen(words) + 1 : 0;

	snprintf(a->command, sizeof(a->command), "%.200s", len > 0 ? words : a->threads[0].name);
	/* a script's name helps; other arguments may be secrets */
	if (first && first < (size_t)len && words[first] != '-' && !strpbrk(words + first, "?=:@"))
		snprintf(a->command + strlen(a->command), sizeof(a->command) - strlen(a->command), " %.40s",
			 words + first);
}

static void find_trace(struct look *l)
{
	char path[512];

	l->a->traced = tr_proc_environment(l->a->pid, TR_ENV_TRACE, l->a->trace, sizeof(l->a->trace));
	if (tr_proc_environment(l->a->pid, TR_ENV_CONTROL, path, sizeof(path)))
		l->control = tr_control_open(path);
	if (l->a->traced && !tr_attach_read_trace(l->a))
		miss(l->a, "names and calls from its trace: the file cannot be read, or is too large to be read now");
}

static void note_python(struct look *l)
{
	struct tr_attach *a = l->a;

	if (!l->remote.has_python)
		return;
	snprintf(a->python_text, sizeof(a->python_text), "3.%u", l->remote.python_minor);
	a->python = a->python_text;
	if (!l->remote.readable)
		miss(a, "Python stacks: its memory may not be read (the right to ptrace it is missing)");
	else if (!l->remote.python_known)
		miss(a, "Python stacks: of this version they cannot be read (3.8 to 3.13 can)");
}

/* Programs whose waits are not those of their threads: who would tell more. */
static void note_runtime(struct tr_attach *a)
{
	struct tr_proc_module module;
	bool go = false, node = false;

	for (unsigned i = 0; i < a->nr_threads; i++)
		for (unsigned k = 0; k < a->threads[i].nr_native; k++) {
			go = go || strncmp(a->threads[i].native[k].name, "runtime.", 8) == 0;
			node = node || strncmp(a->threads[i].native[k].module, "node", 4) == 0;
		}
	if (go)
		miss(a, "what its goroutines wait for: they are no threads (SIGQUIT makes a Go program print their "
			"stacks, and ends it)");
	else if (node)
		miss(a, "what JavaScript awaits: a promise that nobody settles is no wait of a thread");
	else if (tr_proc_module(a->pid, "libjvm.so", &module))
		miss(a, "Java's stacks, and who holds its monitors: `jstack PID` prints them, and finds deadlocks");
}

static void look(struct look *l)
{
	struct tr_attach *a = l->a;

	tr_remote_init(&l->remote, a->pid);
	if (tr_tcp_list(&l->tcp, &l->nr_tcp, NULL) != XF_OK)
		miss(a, "its connections: the kernel does not answer sock_diag requests here");
	find_trace(l);
	if (!look_at_fds(l))
		miss(a, "its descriptors and connections: that needs to be its user, or root");
	for (unsigned i = 0; i < a->nr_threads; i++)
		classify(l, &a->threads[i]);
	note_python(l);
	take_python_stacks(l);
	take_native_stacks(l);
	if (in_time(l))
		tr_attach_watch(a);
	note_runtime(a);
	if (l->out_of_time)
		miss(a, "some stacks: there are more threads than time");
	if (!l->remote.readable && tr_proc_has_memory(a->pid))
		miss(a, "native stacks: its memory may not be read (the right to ptrace it is missing)");
}

enum xf_status tr_attach_take(uint32_t pid, struct tr_attach **attach, struct xf_error *err)
{
	struct look l = { .begin_ns = xf_clock_mono_ns() };
	struct tr_attach *a = calloc(1, sizeof(*a));

	*attach = a;
	if (!a)
		return xf_fail(err, XF_NOMEM, "no memory");
	a->pid = pid;
	if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
		return xf_fail(err, XF_NOT_FOUND, "no process has the number %u", pid);
	if (!list_threads(a))
		return xf_fail(err, XF_NOMEM, "no memory");
	if (!a->nr_threads)
		return xf_fail(err, XF_NOT_FOUND, "process %u has ended", pid);
	read_command(a);
	l.a = a;
	look(&l);
	free(l.tcp);
	tr_control_free(l.control);
	tr_attach_decide(a);
	return XF_OK;
}

void tr_attach_free(struct tr_attach *a)
{
	if (!a)
		return;
	free(a->threads);
	free(a->sockets);
	free(a);
}
