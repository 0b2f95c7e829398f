/* supervise: see supervise.h. */
#include "tracer/foreign/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tracer/foreign/marks.h"
#include "tracer/foreign/procfs.h"
#include "tracer/foreign/unprobed.h"

enum { OUTPUT_MAX = 65536 };

static const struct tr_decision go_on = { .what = TR_GO_ON };

/* ---- addresses */

const char *tr_address_text(const struct sockaddr_storage *a, char *buf, size_t cap)
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;
	char host[INET6_ADDRSTRLEN] = "";

	if (a->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(buf, cap, "%s:%u", host, ntohs(v4->sin_port));
	} else if (a->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(buf, cap, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		snprintf(buf, cap, "address family %u", a->ss_family);
	}
	return buf;
}

static bool v4_is_loopback(uint32_t host)
{
	return host >> 24 == 127 || host == 0; /* 0.0.0.0 is this machine, too */
}

bool tr_address_is_loopback(const struct sockaddr_storage *a)
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	uint32_t mapped;

	if (a->ss_family == AF_INET)
		return v4_is_loopback(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
	if (a->ss_family != AF_INET6)
		return false;
	memcpy(&mapped, &v6->s6_addr[12], sizeof(mapped));
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && v4_is_loopback(ntohl(mapped)));
}

static uint16_t address_port(const struct sockaddr_storage *a)
{
	return ntohs(a->ss_family == AF_INET ? ((const struct sockaddr_in *)(const void *)a)->sin_port
					     : ((const struct sockaddr_in6 *)(const void *)a)->sin6_port);
}

static bool read_address(uint32_t tid, uint64_t at, uint64_t len, struct sockaddr_storage *a)
{
	memset(a, 0, sizeof(*a));
	if (!at || len < sizeof(a->ss_family))
		return false;
	if (len > sizeof(*a))
		len = sizeof(*a);
	return tr_notify_read(tid, at, a, (size_t)len) == (ssize_t)len;
}

/* ---- --local: nothing leaves this machine */

static bool is_internet(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET || a->ss_family == AF_INET6;
}

/* As the program named the host, where the probe heard it; else the address. */
static const char *refused_host(const struct tr_supervisor *s, const struct sockaddr_storage *to, char *buf, size_t cap)
{
	const struct sockaddr_in *v4 = (const void *)to;
	uint8_t address[16] = { [10] = 0xff, 0xff };
	const char *name = NULL;

	if (to->ss_family == AF_INET6)
		memcpy(address, &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr, sizeof(address));
	else
		memcpy(address + 12, &v4->sin_addr, 4);
	if (is_internet(to))
		name = tr_control_name_of(s->control, address);
	if (!name)
		return tr_address_text(to, buf, cap);
	snprintf(buf, cap, "%s:%u", name, address_port(to));
	return buf;
}

/* A name server: what is of interest is the host it would have been asked for, and that is tried next. */
static bool is_resolver(const struct sockaddr_storage *to)
{
	return is_internet(to) && address_port(to) == 53;
}

/* A server on this machine that would ask one elsewhere. */
static bool asks_elsewhere(const struct sockaddr_storage *to)
{
	static const char *const sockets[] = { "/run/systemd/resolve/", "/var/run/nscd/", "/run/nscd/" };
	const char *path = ((const struct sockaddr_un *)(const void *)to)->sun_path;

	for (size_t i = 0; to->ss_family == AF_UNIX && i < sizeof(sockets) / sizeof(sockets[0]); i++)
		if (strncmp(path, sockets[i], strlen(sockets[i])) == 0)
			return true;
	return is_resolver(to);
}

static struct tr_decision refuse(struct tr_supervisor *s, uint32_t tid, const struct sockaddr_storage *to)
{
	struct tr_process *p = tr_process_of(&s->processes, tid);
	const char *who = p && !p->program ? p->command : s->program;
	char text[160], line[288];

	s->refused++;
	snprintf(line, sizeof(line), "%.40s tried %s: refused, 0 bytes left this machine", who,
		 refused_host(s, to, text, sizeof(text)));
	if (is_resolver(to)) {
		snprintf(s->resolver, sizeof(s->resolver), "%.40s asked the name server %s: refused, 0 bytes left this "
			 "machine", who, text);
		return (struct tr_decision){ TR_FAIL, ECONNREFUSED };
	}
	for (unsigned i = 0; i < s->nr_refusals; i++)
		if (strcmp(s->refusals[i], line) == 0)
			return (struct tr_decision){ TR_FAIL, ECONNREFUSED };
	if (s->nr_refusals < sizeof(s->refusals) / sizeof(s->refusals[0]))
		memcpy(s->refusals[s->nr_refusals++], line, sizeof(line));
	return (struct tr_decision){ TR_FAIL, ECONNREFUSED };
}

/* ---- connect */

struct socket_facts {
	bool stream, nonblocking, connected;
};

static struct socket_facts facts_of(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(int), peer_len = sizeof(peer);
	int type = 0;

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return (struct socket_facts){
		.stream = type == SOCK_STREAM,
		.nonblocking = fcntl(fd, F_GETFL) & O_NONBLOCK,
		.connected = getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0,
	};
}

/* Connections the probe makes itself it also sees; all others are led through the relay. */
static bool wants_relay(const struct tr_supervisor *s, uint32_t tid)
{
	if (!s->relay || s->mode == TR_RELAY_NONE)
		return false;
	return s->mode == TR_RELAY_ALL || !tr_control_is_connecting(s->control, tid);
}

/* Its requests are seen by the relay; of one that sandboxes itself something else is said. */
static void say_unprobed(struct tr_supervisor *s, const struct tr_process *p)
{
	char sentence[200];

	if (!s->unseen || p->pid == s->unprobed || tr_process_probed(p) || tr_process_is_sandboxed(p))
		return;
	s->unprobed = p->pid;
	snprintf(sentence, sizeof(sentence), "the threads and waits of %.40s: the probe is not in it (%s); its connections are led through the relay",
		 p->program ? s->program : p->command, tr_unprobed_why(p->pid));
	s->unseen(s->ctx, sentence);
}

static bool has_descriptor(const struct tr_notice *n)
{
	char place[TR_LINES_PLACE];

	return tr_proc_fd(n->tid, (int)n->args[0], place, sizeof(place));
}

static struct tr_decision redirect(struct tr_supervisor *s, const struct tr_notice *n,
				   const struct sockaddr_storage *to, socklen_t len, const struct tr_process *p)
{
	struct tr_relay_ask ask = { .to = *to, .to_len = len, .notice = n->id, .pid = p->pid, .tid = n->tid,
				    .must = s->local };
	struct socket_facts facts;

	ask.copy = tr_notify_copy_fd(p->pid, n->tid, (int)n->args[0]);
	/* no socket of its own is its own mistake; that we have none to spare, or may not take it, is ours */
	if (ask.copy < 0 && errno != ESRCH && has_descriptor(n))
		atomic_fetch_or(&s->control->incomplete, TR_INCOMPLETE_UNREAD);
	if (ask.copy < 0)
		return go_on;
	facts = facts_of(ask.copy);
	if (!facts.stream || facts.connected) {
		close(ask.copy);
		return go_on;
	}
	ask.nonblocking = facts.nonblocking;
	say_unprobed(s, p);
	tr_relay_take(s->relay, &ask);
	return (struct tr_decision){ .what = TR_LATER };
}

/*
 * A connection that neither the probe nor the relay reads: what goes over it is not known, and so nothing
 * may be said to be missing. Datagrams are none of our business (getaddrinfo() connects some, to sort addresses).
 */
static struct tr_decision unread(struct tr_supervisor *s, const struct tr_notice *n, const struct tr_process *p)
{
	int copy;

	if (tr_control_is_connecting(s->control, n->tid) && p && tr_process_probed(p))
		return go_on;
	copy = p ? tr_notify_copy_fd(p->pid, n->tid, (int)n->args[0]) : -1;
	if (copy < 0 || facts_of(copy).stream)
		atomic_fetch_or(&s->control->incomplete, TR_INCOMPLETE_UNREAD);
	if (copy >= 0)
		close(copy);
	return go_on;
}

/* Plain http to the outside is taken to the endpoint; anything else has to be told where to go. */
static bool to_endpoint(const struct tr_supervisor *s, struct sockaddr_storage *to)
{
	const struct sockaddr_in *endpoint = (const void *)&s->endpoint;
	struct sockaddr_in6 *v6 = (void *)to;

	if (!s->endpoint_len || address_port(to) != 80 || s->endpoint.ss_family != AF_INET)
		return false;
	if (to->ss_family == AF_INET) {
		*to = s->endpoint;
		return true;
	}
	memset(&v6->sin6_addr, 0, sizeof(v6->sin6_addr));
	v6->sin6_addr.s6_addr[10] = v6->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&v6->sin6_addr.s6_addr[12], &endpoint->sin_addr, 4);
	v6->sin6_port = endpoint->sin_port;
	return true;
}

static struct tr_decision on_connect(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	struct sockaddr_storage to;
	struct tr_process *p = tr_process_of(&s->processes, n->tid);
	socklen_t len = n->args[2] < sizeof(to) ? (socklen_t)n->args[2] : (socklen_t)sizeof(to);
	bool relay = can && p && s->relay;

	if (p)
		tr_process_seen(p);
	if (!read_address(n->tid, n->args[1], n->args[2], &to))
		return s->local ? (struct tr_decision){ TR_FAIL, EACCES } : go_on;
	if (s->local && asks_elsewhere(&to))
		return is_internet(&to) ? refuse(s, n->tid, &to) : (struct tr_decision){ TR_FAIL, ECONNREFUSED };
	if (!is_internet(&to))
		return go_on;
	if (s->local && !tr_address_is_loopback(&to)) {
		struct sockaddr_storage turned = to;
		if (!relay || !to_endpoint(s, &turned))
			return refuse(s, n->tid, &to);
		struct tr_decision d = redirect(s, n, &turned, len, p);
		return d.what == TR_GO_ON ? refuse(s, n->tid, &to) : d;
	}
	return relay && wants_relay(s, n->tid) ? redirect(s, n, &to, len, p) : unread(s, n, p);
}

/* ---- datagrams and first packets with an address of their own (--local only) */

/* For a datagram the kernel takes "unspecified" for IPv4. */
static void unspecified_is_v4(struct sockaddr_storage *to, uint64_t len)
{
	if (to->ss_family == AF_UNSPEC && len >= sizeof(struct sockaddr_in))
		to->ss_family = AF_INET;
}

static struct tr_decision check_address(struct tr_supervisor *s, const struct tr_notice *n,
					uint64_t at, uint64_t len)
{
	struct sockaddr_storage to;

	if (!read_address(n->tid, at, len, &to))
		return (struct tr_decision){ TR_FAIL, EACCES };
	unspecified_is_v4(&to, len);
	if (!is_internet(&to) || (tr_address_is_loopback(&to) && !is_resolver(&to)))
		return go_on;
	return refuse(s, n->tid, &to);
}

static struct tr_decision on_sendto(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	(void)can;
	return s->local ? check_address(s, n, n->args[4], n->args[5]) : go_on;
}

static struct tr_decision check_message(struct tr_supervisor *s, const struct tr_notice *n, uint64_t at)
{
	struct msghdr m;

	if (tr_notify_read(n->tid, at, &m, sizeof(m)) != sizeof(m) || !m.msg_name)
		return go_on; /* what we cannot read, the kernel cannot */
	return check_address(s, n, (uintptr_t)m.msg_name, m.msg_namelen);
}

static struct tr_decision on_sendmsg(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	(void)can;
	return s->local ? check_message(s, n, n->args[1]) : go_on;
}

/* Each message may have an address of its own; one that would leave keeps all of them here. */
static struct tr_decision on_sendmmsg(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	unsigned nr = (unsigned)n->args[2] < IOV_MAX ? (unsigned)n->args[2] : IOV_MAX;

	(void)can;
	for (unsigned i = 0; s->local && i < nr; i++) {
		struct tr_decision d = check_message(s, n, n->args[1] + i * sizeof(struct mmsghdr));
		if (d.what != TR_GO_ON)
			return d;
	}
	return go_on;
}

/* ---- processes */

static struct tr_decision on_leave(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	struct tr_process *p = tr_process_of(&s->processes, n->tid);

	(void)can;
	if (p) {
		tr_process_seen(p);
		tr_process_leaves(p, (int)n->args[0]);
	}
	return go_on;
}

static struct tr_decision on_exec(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	struct tr_process *p = tr_process_of(&s->processes, n->tid);
	uint64_t at = n->nr == SYS_execve ? n->args[0] : n->args[1];
	char path[4096];

	(void)can;
	if (p && tr_notify_read_string(n->tid, at, path, sizeof(path)) && path[0])
		tr_process_executes(p, path);
	return go_on;
}

/*
 * A process forbids itself system calls: where it breaks its own rule it may be killed, and the probe in it
 * makes calls that it knows nothing of. So the probe keeps still from here on, and we speak for the process.
 */
static struct tr_decision on_sandbox(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	struct tr_process *p = tr_process_of(&s->processes, n->tid);

	(void)can;
	if (n->nr == SYS_seccomp && n->args[0] != SECCOMP_SET_MODE_STRICT && n->args[0] != SECCOMP_SET_MODE_FILTER)
		return go_on;
	if (p && tr_process_probed(p))
		tr_process_sandboxed(p);
	return go_on;
}

static struct tr_decision on_io_uring(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	(void)n, (void)can;
	atomic_fetch_or(&s->control->incomplete, TR_INCOMPLETE_IO_URING);
	return go_on;
}

/* ---- output */

struct output {
	struct tr_supervisor *s;
	struct tr_process *process;
	uint32_t tid;
};

/*
 * A call ends where it began: what a program captures of its children (the libraries that
 * ldconfig lists, say) is not its output, and may contain any text.
 */
static bool is_its_place(const struct output *o, struct tr_line_call *which, bool begins)
{
	char place[TR_LINES_PLACE];

	if (!tr_proc_fd(o->tid, STDOUT_FILENO, place, sizeof(place)))
		place[0] = '\0';
	if (begins)
		memcpy(which->place, place, sizeof(place));
	return begins || strcmp(which->place, place) == 0;
}

static void line_met(void *ctx, struct tr_line_call *which, bool begins)
{
	struct output *o = ctx;
	uint64_t now = xf_clock_ticks();
	if (!is_its_place(o, which, begins))
		return;
	uint32_t call = begins ? atomic_fetch_add(&o->s->control->nr_calls, 1) + 1 : which->call;
	struct tr_voice *voice;

	which->call = begins ? call : 0;
	if (!begins)
		tr_control_returned(o->s->control, call);
	voice = tr_process_speak(o->process, o->tid);
	if (!voice) {
		if (!tr_marks_put(o->s->control, o->process->pid, o->tid, begins, call, now, which->begin))
			atomic_fetch_or(&o->s->control->incomplete, TR_INCOMPLETE_TABLE);
		return;
	}
	tr_marks_record(begins, call, now, which->begin, 0);
	tr_process_hush(voice);
}

static void output_feed(struct output *o, uint64_t at, uint64_t len)
{
	char buf[4096];

	for (uint64_t done = 0; done < len && done < OUTPUT_MAX;) {
		size_t want = len - done < sizeof(buf) ? (size_t)(len - done) : sizeof(buf);
		ssize_t n = tr_notify_read(o->tid, at + done, buf, want);
		if (n <= 0)
			return;
		tr_lines_feed(o->s->lines, o->process->pid, buf, (size_t)n, line_met, o);
		done += (uint64_t)n;
	}
}

/* "B id name", "E id name", "X id name Type": contract.h. */
static void mark_call(struct tr_supervisor *s, struct tr_process *p, uint32_t tid, const char *text)
{
	char *name;
	unsigned long id = strtoul(text + 1, &name, 10);
	struct tr_voice *voice = id ? tr_process_speak(p, tid) : NULL;
	/* the shim's ids are its process' own: made unique by the process */
	uint32_t call = (uint32_t)(p->pid << 12 ^ id);

	if (!voice)
		return;
	tr_marks_record(text[0] == 'B', call, xf_clock_ticks(), name + (*name == ' '), 0);
	tr_process_hush(voice);
	if (text[0] != 'B')
		tr_control_returned(s->control, call);
}

/* "M 0 what": a call that was asked for is not there. */
static void mark_missing(struct tr_process *p, uint32_t tid, const char *text)
{
	struct tr_voice *voice = tr_process_speak(p, tid);

	if (!voice)
		return;
	XF_EMIT(property, .key = xf_text("call-missing"), .value = xf_text(text));
	tr_process_hush(voice);
}

/* Without the probe the shim's marks come here: the write succeeds, and goes nowhere. */
static struct tr_decision on_mark(struct tr_supervisor *s, struct tr_process *p, const struct tr_notice *n)
{
	char text[512];
	ssize_t len = tr_notify_read(n->tid, n->args[1], text,
				     n->args[2] < sizeof(text) ? (size_t)n->args[2] : sizeof(text) - 1);

	if (len <= 0)
		return go_on;
	text[len < (ssize_t)sizeof(text) ? len : (ssize_t)sizeof(text) - 1] = 0;
	text[strcspn(text, "\n")] = 0;
	if (text[0] && strchr("BEX", text[0]))
		mark_call(s, p, n->tid, text);
	else if (strncmp(text, "M 0 ", 4) == 0)
		mark_missing(p, n->tid, text + 4);
	return (struct tr_decision){ .what = TR_RETURN, .value = (int64_t)n->args[2] };
}

static struct tr_decision on_write(struct tr_supervisor *s, const struct tr_notice *n, bool can)
{
	struct output o = { .s = s, .process = tr_process_of(&s->processes, n->tid), .tid = n->tid };
	struct iovec v[16];
	uint64_t nr = n->args[2] < 16 ? n->args[2] : 16;

	(void)can;
	if (!o.process)
		return go_on;
	tr_process_seen(o.process);
	if (n->nr == SYS_write && (int)n->args[0] == TR_MARK_FD)
		return on_mark(s, o.process, n);
	if (!s->lines)
		return go_on;
	if (n->nr == SYS_write)
		output_feed(&o, n->args[1], n->args[2]);
	else if (tr_notify_read(n->tid, n->args[1], v, nr * sizeof(v[0])) == (ssize_t)(nr * sizeof(v[0])))
		for (uint64_t i = 0; i < nr; i++)
			output_feed(&o, (uintptr_t)v[i].iov_base, v[i].iov_len);
	return go_on;
}

/* ---- the table */

static const struct {
	int nr;
	struct tr_decision (*decide)(struct tr_supervisor *s, const struct tr_notice *n, bool can);
} supervised[] = {
	{ SYS_connect, on_connect },
	{ SYS_exit_group, on_leave },
	{ SYS_execve, on_exec },
	{ SYS_execveat, on_exec },
	{ SYS_io_uring_setup, on_io_uring },
	{ SYS_seccomp, on_sandbox },
	{ SYS_prctl, on_sandbox },
	{ SYS_write, on_write },
	{ SYS_writev, on_write },
	{ SYS_sendto, on_sendto },
	{ SYS_sendmsg, on_sendmsg },
	{ SYS_sendmmsg, on_sendmmsg },
};

struct tr_decision tr_supervise(struct tr_supervisor *s, const struct tr_notice *n, bool can_redirect)
{
	s->moved++;
	for (size_t i = 0; i < sizeof(supervised) / sizeof(supervised[0]); i++)
		if (supervised[i].nr == n->nr)
			return supervised[i].decide(s, n, can_redirect);
	return go_on;
}
