/*
 * launch: see launch.h.
 *
 * Two threads: the caller's, which starts the program and then sleeps in
 * tr_launch_wait(), and the loop's, on which everything else happens. They share
 * `why` and `end`, under `lock`.
 *
 * Signals are blocked in both and read by the loop. What the terminal sends, the
 * program has had already (it is in our process group): only what was sent to us
 * alone is passed on. SIGTSTP is left as it is: Ctrl-Z stops us both. A program in
 * a session of its own has had nothing, and its session's leader stops it when we are stopped.
 */
#include "tracer/foreign/launch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "core/event/segment.h"
#include "tracer/foreign/child.h"
#include "tracer/foreign/filter.h"
#include "tracer/foreign/hold.h"
#include "tracer/foreign/procfs.h"

enum {
	STRAGGLE_LOOK_NS = 50000000,
	STRAGGLE_QUIET_NS = 3000000000u,       /* a process left behind may be quiet so long */
	SPIN_STALLS = 5,                       /* computing for so many stalls on end may be a loop without one */
	DRAIN_NS = 2000000000u,                /* what the relay still has to deliver */
};
#define STRAGGLE_BUSY_NS 30000000000u          /* and work so long without a connection */

void tr_launch_loses(struct tr_launch *l, const char *format, ...)
{
	va_list ap;

	if (l->nr_losses == LAUNCH_LOSSES)
		return;
	va_start(ap, format);
	vsnprintf(l->losses[l->nr_losses], sizeof(l->losses[0]), format, ap);
	va_end(ap);
	l->loss_list[l->nr_losses] = l->losses[l->nr_losses];
	l->nr_losses++;
}

static void launch_post(struct tr_launch *l, enum tr_launch_why why)
{
	pthread_mutex_lock(&l->lock);
	l->why |= 1u << why;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* ---- notifications */

static void launch_notified(struct tr_watch *watch, uint32_t events)
{
	struct tr_launch *l = LAUNCH_OF(listener, watch);
	struct tr_notice n;
	struct tr_decision d;

	if (!(events & EPOLLIN)) {
		tr_loop_remove(l->loop, watch); /* nobody is left whose calls could come */
		return;
	}
	if (!tr_notify_receive(watch->fd, &n))
		return;
	tr_keeper_received(&l->keeper, n.id);
	d = tr_supervise(&l->supervisor, &n, true);
	if (d.what == TR_GO_ON)
		tr_notify_continue(watch->fd, n.id);
	else if (d.what == TR_RETURN)
		tr_notify_return(watch->fd, n.id, d.value);
	else if (d.what == TR_FAIL)
		tr_notify_fail(watch->fd, n.id, (int)d.value);
}

static void relay_answers(void *ctx, uint64_t notice, enum tr_relay_answer answer)
{
	struct tr_launch *l = ctx;

	switch (answer) {
	case TR_RELAY_CONNECTED: tr_notify_return(l->listener.fd, notice, 0); break;
	case TR_RELAY_IN_PROGRESS: tr_notify_fail(l->listener.fd, notice, EINPROGRESS); break;
	case TR_RELAY_BY_ITSELF: tr_notify_continue(l->listener.fd, notice); break;
	case TR_RELAY_REFUSED: tr_notify_fail(l->listener.fd, notice, ECONNREFUSED); break;
	}
}

static bool relay_waits(void *ctx, uint64_t notice)
{
	struct tr_launch *l = ctx;

	return tr_notify_valid(l->listener.fd, notice);
}

static bool relay_leaves(void *ctx, uint32_t pid)
{
	struct tr_launch *l = ctx;

	return tr_process_is_leaving(&l->supervisor.processes, pid);
}

void tr_launch_loses_once(void *ctx, const char *sentence)
{
	struct tr_launch *l = ctx;

	for (unsigned i = 0; i < l->nr_losses; i++)
		if (strncmp(l->losses[i], sentence, sizeof(l->losses[0]) - 1) == 0)
			return;
	tr_launch_loses(l, "%s", sentence);
}

/* ---- children */

static bool launch_had(const struct tr_launch *l, uint32_t pid)
{
	for (unsigned i = 0; i < l->nr_before; i++)
		if (l->before[i] == pid)
			return true;
	return pid == (uint32_t)l->keeper.pid || pid == (uint32_t)l->session.leader;
}

static void launch_reap(struct tr_launch *l)
{
	uint32_t pids[1024];
	unsigned n = tr_proc_own_children(pids, sizeof(pids) / sizeof(pids[0]));

	for (unsigned i = 0; i < n; i++) {
		int status;
		if (launch_had(l, pids[i]))
			continue;
		tr_process_of(&l->supervisor.processes, pids[i]); /* left behind by the program, and now ours */
		/* a traced one's stops would be taken for its end */
		if (tr_ptrace_has(l->ptrace, pids[i]))
			continue;
		if (waitpid((pid_t)pids[i], &status, WNOHANG) <= 0)
			continue;
		struct tr_process *p = tr_process_find(&l->supervisor.processes, pids[i]);
		if (p)
			tr_process_ended(p, status);
	}
}

static int exit_status_of(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 125;
}

static void straggle_look(struct tr_timer *timer);

static void launch_process_gone(void *ctx, struct tr_process *p)
{
	struct tr_launch *l = ctx;

	l->supervisor.moved++;
	if (!p->program || l->gone)
		return;
	if (p->exit_status < 0)
		p->exit_status = 0;
	pthread_mutex_lock(&l->lock);
	l->gone = true;
	l->end.wait_status = p->exit_status;
	if (l->end.started)
		l->end.exit_status = exit_status_of(p->exit_status);
	pthread_mutex_unlock(&l->lock);
	l->ended_ns = l->quiet_ns = xf_clock_mono_ns();
	l->straggle.fire = straggle_look;
	tr_loop_at(l->loop, &l->straggle, l->ended_ns);
}

/* Requests of a process that only the probe sees. */
static bool process_uploads(const struct tr_launch *l, uint32_t pid)
{
	for (unsigned i = 0; i < TR_NR_CONNECTIONS; i++) {
		const struct tr_control_connection *c = &l->control->connections[i];
		if (atomic_load(&c->pid) == pid && atomic_load(&c->port) && atomic_load(&c->request))
			return true;
	}
	return tr_relay_open(l->relay, pid) > 0;
}

/* Is it worth waiting for? It uploads, or may be about to: it has only just begun, or works. */
static bool process_is_awaited(struct tr_launch *l, struct tr_process *p, uint64_t now)
{
	if (process_uploads(l, p->pid))
		return true;
	if (tr_process_lives(p) && now - l->ended_ns < STRAGGLE_BUSY_NS)
		p->sign_ns = now;
	return now - p->sign_ns < STRAGGLE_QUIET_NS;
}

static bool launch_drains(struct tr_launch *l, uint64_t now)
{
	uint64_t bytes = tr_relay_bytes(l->relay);

	if (bytes != l->drained)
		l->quiet_ns = now;
	l->drained = bytes;
	return tr_relay_open(l->relay, 0) && now - l->quiet_ns < DRAIN_NS;
}

static void straggle_look(struct tr_timer *timer)
{
	struct tr_launch *l = LAUNCH_OF(straggle, timer);
	uint64_t now = xf_clock_mono_ns();
	bool awaited = false;
	unsigned n = 0;

	launch_reap(l);
	for (struct tr_process *p = l->supervisor.processes.first; p; p = p->next) {
		awaited = process_is_awaited(l, p, now) || awaited;
		n++;
	}
	if (n > l->end.stragglers)
		l->end.stragglers = n;
	if (awaited || launch_drains(l, now))
		tr_loop_at(l->loop, timer, now + STRAGGLE_LOOK_NS);
	else
		launch_post(l, TR_LAUNCH_ENDED);
}

/* ---- signals, time */

/* A key's signal is for all in the foreground, as at a terminal; any other for the program. */
static void launch_send(struct tr_launch *l, int number, bool key)
{
	if (!key || !l->session.leader || tr_session_signal(&l->session, number) != 0)
		kill((pid_t)l->pid, number);
}

static void launch_signalled(struct tr_watch *watch, uint32_t events)
{
	struct tr_launch *l = LAUNCH_OF(signals, watch);
	struct signalfd_siginfo info;
	bool terminal;

	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	terminal = info.ssi_code == SI_KERNEL && !l->options.terminal;
	if (info.ssi_signo == SIGCHLD) {
		if (l->ptrace)
			tr_ptrace_look(l->ptrace);
		launch_reap(l);
	} else if (info.ssi_signo == SIGWINCH) {
		tr_pty_resize(l->pty);
	} else if (info.ssi_signo == SIGINT) {
		if (!terminal)
			atomic_store(&l->interrupt_owed, true);
		atomic_store(&l->interrupted_ns, terminal ? xf_clock_mono_ns() : 0);
		launch_post(l, TR_LAUNCH_INTERRUPT);
	} else if (!terminal && !l->gone) {
		launch_send(l, (int)info.ssi_signo, info.ssi_code == SI_KERNEL);
	}
}

static void launch_duration_over(struct tr_timer *timer)
{
	launch_post(LAUNCH_OF(duration, timer), TR_LAUNCH_DURATION);
}

/* What anybody has seen move so far. */
static uint64_t launch_moved(const struct tr_launch *l)
{
	return l->supervisor.moved + tr_relay_bytes(l->relay) + atomic_load(&l->control->bytes_sent) +
	       atomic_load(&l->control->bytes_received);
}

static uint64_t launch_worked(const struct tr_launch *l)
{
	uint64_t sum = 0;

	for (const struct tr_process *p = l->supervisor.processes.first; p; p = p->next)
		sum += tr_proc_worked_ns(p->pid);
	return sum;
}

/* A program that worked for half of the time computes: it does not stand still, though nothing is sent. */
static bool launch_computes(struct tr_launch *l, uint64_t now)
{
	uint64_t worked = launch_worked(l), before = l->worked_ns;
	bool computes = worked > before && worked - before >= (now - l->moved_ns) / 2;

	if (computes) {
		l->moved_ns = now;
		l->worked_ns = worked;
	}
	return computes;
}

/* Nothing has moved for long: it stands still, computes, or turns a loop without an end. */
static void launch_still(struct tr_launch *l, uint64_t now)
{
	if (!launch_computes(l, now)) {
		l->patience_ns = 2 * (now - l->moved_ns); /* the same standstill is told ever more rarely */
		l->spin_ns = now;
		launch_post(l, TR_LAUNCH_STALL);
	} else if (now - l->spin_ns >= l->spin_patience_ns) {
		l->spin_patience_ns = 2 * (now - l->spin_ns);
		launch_post(l, TR_LAUNCH_SPIN);
	}
}

static void launch_stall_look(struct tr_timer *timer)
{
	struct tr_launch *l = LAUNCH_OF(stall, timer);
	uint64_t moved = launch_moved(l), now = xf_clock_mono_ns();

	if (moved != l->moved) {
		l->moved = moved;
		l->moved_ns = now;
		l->worked_ns = launch_worked(l);
		l->patience_ns = l->options.stall_ns;
		l->spin_ns = now;
		l->spin_patience_ns = SPIN_STALLS * l->options.stall_ns;
	}
	if (now - l->moved_ns >= l->patience_ns)
		launch_still(l, now);
	tr_loop_at(l->loop, timer, now + l->options.stall_ns / 8 + 1000000);
}

/* ---- the loop's thread */

static bool launch_stops(void *ctx)
{
	struct tr_launch *l = ctx;

	pthread_mutex_lock(&l->lock);
	bool stop = l->stop;
	pthread_mutex_unlock(&l->lock);
	return stop;
}

/* ptrace belongs to the thread that attaches: this one. */
static void launch_seize(struct tr_launch *l)
{
	if (l->backend == TR_BACKEND_PTRACE)
		l->ptrace = tr_ptrace_attach(&l->supervisor, l->pid);
	pthread_mutex_lock(&l->lock);
	l->ready = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static void *launch_run(void *ctx)
{
	struct tr_launch *l = ctx;
	uint64_t now = xf_clock_mono_ns();

	xf_thread_mute();
	pthread_setname_np(pthread_self(), "xf-supervise");
	launch_seize(l);
	l->duration.fire = launch_duration_over;
	l->stall.fire = launch_stall_look;
	l->moved_ns = l->spin_ns = now;
	l->patience_ns = l->options.stall_ns;
	l->spin_patience_ns = SPIN_STALLS * l->options.stall_ns;
	if (l->options.duration_ns)
		tr_loop_at(l->loop, &l->duration, now + l->options.duration_ns);
	if (l->options.stall_ns)
		tr_loop_at(l->loop, &l->stall, now);
	tr_loop_run(l->loop, launch_stops, l);
	tr_ptrace_free(l->ptrace);
	return NULL;
}

static bool launch_thread(struct tr_launch *l)
{
	if (l->running)
		return true;
	if (pthread_create(&l->thread, NULL, launch_run, l) != 0)
		return false;
	l->running = true;
	pthread_mutex_lock(&l->lock);
	while (!l->ready)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return true;
}

/* ---- preparing */

static enum xf_status launch_relay(struct tr_launch *l, struct xf_error *err)
{
	struct tr_relay_setup setup = { .loop = l->loop, .control = l->control, .answer = relay_answers,
					.waits = relay_waits, .leaves = relay_leaves,
					.trouble = tr_launch_loses_once, .ctx = l };
	enum xf_status status = XF_OK;

	if (l->backend != TR_BACKEND_NOTIFY || l->options.relay == TR_RELAY_NONE)
		return XF_OK;
	if (l->options.tls_relay)
		status = tr_tls_new(&l->tls, err);
	setup.tls = l->tls;
	atomic_store(&l->control->tls_relay, l->tls != NULL);
	if (status == XF_OK)
		status = tr_relay_new(&setup, &l->relay, err);
	l->supervisor.relay = l->relay;
	return status;
}

static void launch_holds(struct tr_launch *l)
{
	for (unsigned i = 0; i < l->options.nr_holds && i < TR_NR_HOLDS; i++) {
		const struct tr_control_hold *from = &l->options.holds[i];
		struct tr_control_hold *to = &l->control->holds[i];
		to->id = from->id ? from->id : atomic_fetch_add(&l->control->nr_holds, 1) + 1;
		/* where no connection can be led through the relay, the probe holds the thread instead */
		to->where = l->relay ? from->where : TR_HOLD_GATE;
		to->op = from->op;
		to->part = from->part;
		to->object = from->object;
		to->times = from->times;
		to->hold_ns = from->hold_ns;
		atomic_store_explicit(&to->state, TR_HOLD_ARMED, memory_order_release);
	}
}

static bool launch_signals(struct tr_launch *l)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &set, &l->old_mask);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 && tr_loop_add(l->loop, &l->signals, fd, EPOLLIN);
}

/* As many descriptors as we may have; the program starts with what there were. */
static void launch_files(struct tr_launch *l)
{
	struct rlimit more = l->old_files;

	more.rlim_cur = more.rlim_max;
	setrlimit(RLIMIT_NOFILE, &more);
}

/* ---- starting */

static unsigned launch_wants(const struct tr_launch *l)
{
	return (l->supervisor.lines ? TR_FILTER_STDOUT : 0u) | (l->supervisor.local ? TR_FILTER_LOCAL : 0u) |
	       TR_FILTER_MARKS;
}

static int launch_stdout(struct tr_launch *l)
{
	int to = l->options.stdout_to >= 0 ? l->options.stdout_to : 1;

	if (!l->supervisor.lines || isatty(to))
		return l->options.stdout_to;
	l->pty = tr_pty_new(l->loop, to);
	if (!l->pty) {
		tr_launch_loses(l, "no terminal could be made for the program's output: lines it keeps back "
			     "in its buffer are seen late");
		return l->options.stdout_to;
	}
	return tr_pty_slave(l->pty);
}

/* The filter is in: its listener is watched, or the tracer attached. */
static void launch_attach(struct tr_launch *l, struct tr_child *child)
{
	if (l->backend == TR_BACKEND_NOTIFY && child->listener >= 0) {
		tr_keeper_start(&l->keeper, child->listener);
		tr_loop_add(l->loop, &l->listener, child->listener, EPOLLIN);
	} else if (l->backend != TR_BACKEND_NONE && child->listener < 0) {
		tr_launch_loses(l, "system calls of the program are not watched: %s", strerror(-child->listener));
		l->backend = TR_BACKEND_NONE;
	}
	l->no_new_privs = child->no_new_privs;
	if (child->no_new_privs)
		tr_launch_loses(l, "without privileges of our own the filter forbids new ones: set-uid programs "
			     "run without theirs");
}

static enum xf_status launch_clone(struct tr_launch *l, struct tr_child *child, struct xf_error *err)
{
	struct sock_filter code[TR_FILTER_MAX];
	struct tr_environment e = { .list = NULL };
	struct tr_child_plan plan = { .path = l->path, .argv = l->argv, .code = code,
				      .listen = l->backend == TR_BACKEND_NOTIFY, .mask = l->old_mask, .files = l->old_files,
				      .session = l->options.terminal ? &l->session : NULL };
	uint32_t look = plan.listen ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_TRACE;
	enum xf_status status;

	if (!tr_launch_environment(l, &e)) {
		tr_environment_fini(&e);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	plan.envp = e.list;
	plan.stdout_fd = launch_stdout(l);
	l->session.terminal = l->options.terminal;
	if (l->backend != TR_BACKEND_NONE)
		plan.code_len = tr_seccomp_build(launch_wants(l), look, code);
	status = tr_child_start(&plan, child, err);
	/* the child has its own copy of all this by now */
	tr_environment_fini(&e);
	return status;
}

/* The program's main thread is number `number`, whoever records for it. */
static bool launch_enter(struct tr_launch *l, const struct tr_child *child)
{
	const char *base = strrchr(l->path, '/');
	struct tr_process *p;

	l->pid = (uint32_t)child->pid;
	l->number = xf_thread_reserve();
	tr_control_thread_enter(l->control, l->pid, l->number);
	tr_control_process(l->control, l->pid, true);
	atomic_store(&l->control->program, l->pid);
	p = tr_process_program(&l->supervisor.processes, l->pid, base ? base + 1 : l->path);
	return p != NULL;
}

/* Said before the program runs, and taken back when it could not: the supervisor may see its end at once. */
static void launch_started(struct tr_launch *l, int os_errno)
{
	pthread_mutex_lock(&l->lock);
	l->end.started = os_errno == 0;
	l->end.exec_errno = os_errno;
	if (os_errno)
		l->end.exit_status = os_errno == ENOENT ? 127 : 126;
	pthread_mutex_unlock(&l->lock);
}

static enum xf_status launch_start(struct tr_launch *l, struct xf_error *err)
{
	struct tr_child child;
	enum xf_status status = launch_clone(l, &child, err);

	if (status != XF_OK)
		return status;
	if (!launch_enter(l, &child)) {
		kill(child.pid, SIGKILL);
		waitpid(child.pid, NULL, 0);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	if (l->backend == TR_BACKEND_PTRACE && launch_thread(l) && !l->ptrace) {
		tr_launch_loses(l, "ptrace is refused here: system calls of the program are not watched");
		l->backend = TR_BACKEND_NONE;
	}
	tr_child_filter(&child);
	launch_attach(l, &child);
	if (l->supervisor.local && l->backend == TR_BACKEND_NONE) {
		kill(child.pid, SIGKILL);
		return xf_fail(err, XF_UNSUPPORTED, "--local cannot keep the program's bytes on this machine here: %s; see 'xferdb "
			       "doctor'", l->nr_losses ? l->losses[l->nr_losses - 1] : "no filter");
	}
	if (!launch_thread(l)) {
		kill(child.pid, SIGKILL);
		return xf_fail(err, XF_AGAIN, "no thread for the supervisor");
	}
	launch_started(l, 0);
	int os_errno = tr_child_execute(&child);
	if (os_errno)
		launch_started(l, os_errno);
	return XF_OK;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The name of the program as its user would say it: the script, not its interpreter. */
static const char *launch_called(char *const *argv)
{
	const char *name = base_of(argv[0]);

	if (strncmp(name, "python", 6) != 0)
		return name;
	for (char *const *word = argv + 1; *word; word++) {
		size_t len = strlen(*word);
		if (len > 3 && strcmp(*word + len - 3, ".py") == 0)
			return base_of(*word);
	}
	return name;
}

static enum xf_status launch_prepare(struct tr_launch *l, struct xf_error *err)
{
	enum xf_status status;

	l->control = tr_control_new(&l->control_fd);
	l->loop = tr_loop_new();
	if (!l->control || !l->loop)
		return xf_fail(err, XF_NOMEM, "no memory or descriptors for the supervisor");
	l->supervisor.control = l->control;
	l->supervisor.mode = l->options.relay;
	l->supervisor.program = launch_called(l->argv);
	l->supervisor.processes.loop = l->loop;
	l->supervisor.processes.control = l->control;
	l->supervisor.processes.gone = launch_process_gone;
	l->supervisor.processes.ctx = l;
	status = tr_launch_calls(l, err);
	if (status == XF_OK)
		status = tr_launch_endpoint(l, err);
	if (status == XF_OK)
		status = tr_launch_choose_backend(l, err);
	if (status == XF_OK)
		status = launch_relay(l, err);
	if (status == XF_OK && !launch_signals(l))
		status = xf_fail(err, XF_IO, "no descriptor for signals");
	launch_holds(l);
	return status;
}

/* The program was never started: as a shell says it. */
static enum xf_status launch_not_found(struct tr_launch *l, int os_errno)
{
	l->end = (struct tr_launch_end){ .exec_errno = os_errno, .exit_status = os_errno == ENOENT ? 127 : 126 };
	l->gone = true;
	l->why = 1u << TR_LAUNCH_ENDED;
	return XF_OK;
}

enum xf_status tr_launch_new(const struct tr_launch_options *options, struct tr_launch **launch,
			     struct xf_error *err)
{
	struct tr_launch *l = calloc(1, sizeof(*l));
	enum xf_status status;
	int missing;

	*launch = l;
	if (!l)
		return xf_fail(err, XF_NOMEM, "out of memory");
	l->options = *options;
	l->control_fd = l->listener.fd = l->signals.fd = -1;
	l->listener.ready = launch_notified;
	l->signals.ready = launch_signalled;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &l->old_mask);
	getrlimit(RLIMIT_NOFILE, &l->old_files);
	if (!tr_launch_python(l)) {
		tr_launch_free(l);
		*launch = NULL;
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	missing = tr_child_find(l->argv[0], getenv("PATH"), l->path, sizeof(l->path));
	if (missing)
		return launch_not_found(l, missing);
	l->nr_before = tr_proc_own_children(l->before, LAUNCH_BEFORE);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	launch_files(l);
	status = launch_prepare(l, err);
	if (status == XF_OK)
		status = launch_start(l, err);
	if (status != XF_OK) {
		tr_launch_free(l);
		*launch = NULL;
	}
	return status;
}

/* ---- waiting, ending */

enum tr_launch_why tr_launch_wait(struct tr_launch *l)
{
	enum tr_launch_why why = TR_LAUNCH_ENDED;

	pthread_mutex_lock(&l->lock);
	while (!l->why)
		pthread_cond_wait(&l->changed, &l->lock);
	/* what asks for a report first; the end stays the end */
	for (enum tr_launch_why w = TR_LAUNCH_INTERRUPT; w <= TR_LAUNCH_SPIN; w++)
		if (l->why & 1u << w) {
			why = w;
			l->why &= ~(1u << w);
			break;
		}
	pthread_mutex_unlock(&l->lock);
	return why;
}

uint64_t tr_launch_interrupted_ns(const struct tr_launch *l)
{
	return atomic_load(&l->interrupted_ns);
}

void tr_launch_pass_interrupt(struct tr_launch *l)
{
	pthread_mutex_lock(&l->lock);
	bool gone = l->gone;
	pthread_mutex_unlock(&l->lock);
	if (atomic_exchange(&l->interrupt_owed, false) && !gone)
		launch_send(l, SIGINT, true);
}

/* Bits of TR_INCOMPLETE_*. Where no new privileges are given, the probe is in a set-uid program as in any other. */
static unsigned launch_missed(const struct tr_launch *l)
{
	unsigned bits = atomic_load(&l->control->incomplete);

	return l->no_new_privs ? bits & ~(unsigned)TR_INCOMPLETE_SETUID : bits;
}

/* What the tables say that nobody could see; what a part of an upload may have gone over without being seen is unread. */
static const struct {
	unsigned bit;
	const char *sentence, *unread;
} missed[] = {
	{ TR_INCOMPLETE_IO_URING, "the program uses io_uring: transfers made through it are not seen", "io_uring" },
	{ TR_INCOMPLETE_TABLE, "more threads, processes, parts or marked lines than can be kept: numbers may repeat, calls be missing", NULL },
	{ TR_INCOMPLETE_SETUID, "a set-uid program ran: the probe is not in it", NULL },
	{ TR_INCOMPLETE_32BIT, "a 32-bit program ran: its threads, requests and connections are not watched", "a 32-bit program" },
	{ TR_INCOMPLETE_SANDBOX, "a program forbade itself system calls (seccomp): from then on nothing in it was watched but its "
				 "connections", NULL },
	{ TR_INCOMPLETE_HTTP2, "a connection spoke HTTP/2, which is not understood", "a connection that spoke HTTP/2" },
	{ TR_INCOMPLETE_UNREAD, "connections were made that nobody could read: the probe is not in that program or found no memory, "
				"and the relay is off or could not take them", "a connection that nobody could read" },
	{ TR_INCOMPLETE_TLS, "a TLS connection could not be read; --tls-relay may help",
	  "a TLS connection that could not be read (--tls-relay may help)" },
};

enum { NR_MISSED = sizeof(missed) / sizeof(missed[0]) };

static void launch_incomplete(struct tr_launch *l)
{
	unsigned bits = l->control ? launch_missed(l) : 0;

	for (size_t i = 0; i < NR_MISSED; i++)
		if (bits & missed[i].bit)
			tr_launch_loses(l, "%s", missed[i].sentence);
}

/* What a reader of the trace has to know about how it was made. */
static void launch_note(struct tr_launch *l)
{
	int64_t number = tr_control_thread_find(l->control, l->pid);
	unsigned bits = launch_missed(l);
	struct tr_voice v;

	tr_voice_init(&v, number >= 0 ? (uint32_t)number : l->number, l->pid, l->pid, NULL, NULL);
	tr_voice_begin(&v);
	XF_EMIT(property, .key = xf_text("command"), .value = xf_text("trace"));
	for (uint32_t i = 0; l->options.calls && l->options.calls[i]; i++)
		XF_EMIT(property, .key = xf_text("asked"), .value = xf_text(l->options.calls[i]), .number = i);
	XF_EMIT(property, .key = xf_text("backend"), .value = xf_text(tr_backend_name(l->backend)));
	XF_EMIT(property, .key = xf_text("incomplete"), .number = l->backend == TR_BACKEND_NONE ? 1u << 31 : bits);
	for (size_t i = 0; i < NR_MISSED; i++)
		if (bits & missed[i].bit && missed[i].unread)
			XF_EMIT(property, .key = xf_text("unread"), .value = xf_text(missed[i].unread));
	tr_voice_end(&v);
	tr_voice_fini(&v);
}

static void launch_stop(struct tr_launch *l)
{
	if (!l->running)
		return;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_mutex_unlock(&l->lock);
	tr_loop_wake(l->loop);
	pthread_join(l->thread, NULL);
	l->running = false;
	l->ptrace = NULL;
	tr_pty_free(l->pty);
	l->pty = NULL;
	tr_relay_free(l->relay);
	l->relay = l->supervisor.relay = NULL;
	l->end.refused = l->supervisor.refused;
	tr_processes_fini(&l->supervisor.processes);
	launch_incomplete(l);
	launch_note(l);
}

const struct tr_launch_end *tr_launch_end(struct tr_launch *l)
{
	launch_stop(l);
	return &l->end;
}

uint32_t tr_launch_pid(const struct tr_launch *l)
{
	return l->pid;
}

struct tr_control *tr_launch_control(struct tr_launch *l)
{
	return l->control;
}

enum tr_backend tr_launch_backend(const struct tr_launch *l)
{
	return l->backend;
}

const char *const *tr_launch_losses(const struct tr_launch *l)
{
	return l->loss_list;
}

const char *const *tr_launch_refusals(struct tr_launch *l)
{
	static const char *list[17];
	unsigned n = l->supervisor.nr_refusals;

	for (unsigned i = 0; i < n; i++)
		list[i] = l->supervisor.refusals[i];
	if (!n && l->supervisor.resolver[0])
		list[n++] = l->supervisor.resolver;
	list[n] = NULL;
	return list;
}

static void launch_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void tr_launch_free(struct tr_launch *l)
{
	if (!l)
		return;
	launch_stop(l);
	tr_relay_free(l->relay);
	tr_tls_free(l->tls);
	/* from here on the keeper answers for what still runs */
	launch_close(l->listener.fd);
	tr_keeper_stop(&l->keeper);
	tr_session_stop(&l->session);
	launch_close(l->signals.fd);
	tr_loop_free(l->loop);
	tr_control_free(l->control);
	launch_close(l->control_fd);
	pthread_sigmask(SIG_SETMASK, &l->old_mask, NULL);
	setrlimit(RLIMIT_NOFILE, &l->old_files);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l->python_argv);
	free(l);
}
