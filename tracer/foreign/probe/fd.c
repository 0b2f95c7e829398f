/*
 * descriptors: what stands behind each, and the calls that move bytes.
 *
 * A descriptor is looked at when it is first used, and remembered until it is
 * closed or replaced. Closes inside the C library are not seen; the calls that
 * make descriptors forget what the number meant before.
 *
 * Pipes, eventfds and socket pairs carry edges: bytes written happen before
 * bytes read, by channel and position; of an eventfd its count stands for the
 * bytes. The reader may be on its way before the write has come back, so the
 * write is recorded before the call, like every release, for all it is to write;
 * what was not written after all is taken back for the next one.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"

enum { NR_FDS = 1 << 16, PEERS = 1 << 12 };
enum fd_kind { FD_UNKNOWN, FD_LOOKED_AT, FD_OTHER, FD_PIPE, FD_EVENT, FD_PAIR, FD_TCP };

struct fd {
	_Atomic uint32_t kind;
	uint32_t unused;
	union {
		_Atomic uint64_t channel;   /* read from here: pipe, eventfd, own end of a pair */
		struct probe_conn *_Atomic conn;
	};
	_Atomic uint64_t peer;              /* FD_PAIR: written to there */
};

static struct fd *fds;
static bool lines_wanted; /* --call out: set at start-up */

/* Inodes of socket pairs made here: [0] reads what is written to [1]. A ring: old pairs are forgotten. */
static struct {
	_Atomic uint64_t end[2];
} peers[PEERS];
static _Atomic uint32_t nr_peers;

bool probe_fd_init(void)
{
	const char *calls = getenv(TR_ENV_CALL);

	lines_wanted = calls && strstr(calls, "out:");
	fds = mmap(NULL, NR_FDS * sizeof(*fds), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return fds != MAP_FAILED;
}

/* Connections stay the parent's; pipes are looked at again. */
void probe_fd_forked(void)
{
	madvise(fds, NR_FDS * sizeof(*fds), MADV_DONTNEED);
}

static struct fd *slot_of(int fd)
{
	return fd >= 0 && fd < NR_FDS ? &fds[fd] : NULL;
}

/* What it is known as. While another thread looks at it, that is awaited: a few system calls. */
static uint32_t kind_of(struct fd *f)
{
	uint32_t kind;

	while ((kind = atomic_load_explicit(&f->kind, memory_order_acquire)) == FD_LOOKED_AT)
		sched_yield();
	return kind;
}

static void forget(int fd)
{
	struct fd *f = slot_of(fd);
	uint32_t kind = f ? kind_of(f) : FD_UNKNOWN;

	while (kind != FD_UNKNOWN && !atomic_compare_exchange_weak(&f->kind, &kind, FD_UNKNOWN))
		kind = kind_of(f);
	if (kind == FD_TCP)
		probe_conn_free(atomic_exchange(&f->conn, NULL));
}

/* ---- looking at a descriptor */

/* All eventfds share one inode; the kernel tells them apart in fdinfo. */
static uint64_t eventfd_channel(int fd)
{
	char path[64], text[512];
	const char *id;
	ssize_t len;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	len = read(info, text, sizeof(text) - 1);
	close(info);
	text[len > 0 ? len : 0] = '\0';
	id = strstr(text, "eventfd-id:");
	return id ? strtoull(id + 11, NULL, 10) | (uint64_t)1 << 63 : 0;
}

static enum fd_kind look_at_anonymous(struct fd *f, int fd)
{
	int cancelling;

	/* a program's thread is not to be cancelled at a read of ours */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
	uint64_t channel = eventfd_channel(fd);
	pthread_setcancelstate(cancelling, NULL);
	atomic_store(&f->channel, channel);
	return channel ? FD_EVENT : FD_OTHER;
}

static uint64_t peer_of(uint64_t inode)
{
	uint32_t nr = atomic_load(&nr_peers);

	for (uint32_t i = nr; i > 0 && nr - i < PEERS; i--)
		for (int end = 0; end < 2; end++)
			if (peers[(i - 1) % PEERS].end[end] == inode)
				return peers[(i - 1) % PEERS].end[!end];
	return 0;
}

static enum fd_kind look_at_socket(struct fd *f, int fd, uint64_t inode)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	int type = 0;
	socklen_t type_len = sizeof(type);

	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return FD_OTHER;
	if (name.ss_family == AF_UNIX) {
		atomic_store(&f->channel, inode);
		atomic_store(&f->peer, peer_of(inode));
		return f->peer ? FD_PAIR : FD_OTHER;
	}
	if ((name.ss_family != AF_INET && name.ss_family != AF_INET6) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 || type != SOCK_STREAM)
		return FD_OTHER;
	atomic_store(&f->conn, probe_conn_new(fd, inode));
	return f->conn ? FD_TCP : FD_OTHER;
}

static enum fd_kind look_at(struct fd *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FD_UNKNOWN;
	if (S_ISFIFO(st.st_mode)) {
		atomic_store(&f->channel, st.st_ino);
		return FD_PIPE;
	}
	if (S_ISSOCK(st.st_mode))
		return look_at_socket(f, fd, st.st_ino);
	return st.st_mode & S_IFMT ? FD_OTHER : look_at_anonymous(f, fd);
}

/* The slot of a descriptor that matters, or NULL. Of threads that come at once one looks: a connection counts who knows it. */
static struct fd *interesting(int fd)
{
	struct fd *f = slot_of(fd);
	uint32_t kind = f ? kind_of(f) : FD_OTHER;

	while (kind == FD_UNKNOWN && !atomic_compare_exchange_weak(&f->kind, &kind, FD_LOOKED_AT))
		kind = kind_of(f);
	if (kind == FD_UNKNOWN) {
		kind = look_at(f, fd);
		atomic_store_explicit(&f->kind, kind, memory_order_release);
	}
	return kind > FD_OTHER ? f : NULL;
}

/* The connection behind fd, looked at if need be; NULL: none. errno may change. */
static struct probe_conn *conn_of(int fd)
{
	struct fd *f = interesting(fd);

	return f && f->kind == FD_TCP ? atomic_load(&f->conn) : NULL;
}

/* ---- edges by bytes */

/*
 * A number that a new pipe has from an old one: positions go on from the higher
 * of the two counts, so that none comes twice.
 */
static void renew_channel(uint64_t channel)
{
	struct probe_object *in = probe_object(PROBE_PIPES, channel);
	struct probe_object *out = probe_object(PROBE_DRAINS, channel);

	if (!in || !out)
		return;
	if (in->value < out->value)
		atomic_store(&in->value, atomic_load(&out->value));
	atomic_store(&out->value, atomic_load(&in->value));
}

/* What counts: bytes, or what is added to or taken from an eventfd. */
static uint64_t units(const struct fd *f, const struct iovec *iov, int nr)
{
	uint64_t sum = 0;

	if (f->kind == FD_EVENT) {
		if (nr > 0 && iov[0].iov_len >= sizeof(sum))
			memcpy(&sum, iov[0].iov_base, sizeof(sum));
		return sum;
	}
	for (int i = 0; i < nr; i++)
		sum += iov[i].iov_len;
	return sum;
}

static struct probe_object *written_to(const struct fd *f)
{
	return probe_object(PROBE_PIPES, f->kind == FD_PAIR ? f->peer : f->channel);
}

static void say_write(const struct fd *f, int fd, uint64_t amount)
{
	struct probe_object *o = amount ? written_to(f) : NULL;

	if (o)
		PROBE_EMIT_OBJECT(fd_write, o->id, probe_order(o), .inode = f->kind == FD_PAIR ? f->peer : f->channel,
				  .position = atomic_fetch_add(&o->value, amount), .bytes = amount, .fd = fd);
}

static void take_back(const struct fd *f, uint64_t amount)
{
	struct probe_object *o = amount ? written_to(f) : NULL;

	if (o)
		atomic_fetch_sub(&o->value, amount);
}

static void say_read(const struct fd *f, int fd, uint64_t amount)
{
	struct probe_object *in = probe_object(PROBE_PIPES, f->channel);
	struct probe_object *out = probe_object(PROBE_DRAINS, f->channel);

	if (in && out)
		PROBE_EMIT_OBJECT(fd_read, in->id, probe_order(in), .inode = f->channel,
				  .position = atomic_fetch_add(&out->value, amount), .bytes = amount, .fd = fd);
}

/* ---- what all calls that move bytes share */

static void before_send(int fd, const struct iovec *iov, int nr)
{
	struct fd *f = interesting(fd);
	struct probe_conn *conn = conn_of(fd);
	size_t more = 0;

	if (f && f->kind != FD_TCP)
		say_write(f, fd, units(f, iov, nr));
	for (int i = 1; conn && i < nr; i++)
		more += iov[i].iov_len;
	if (conn && nr > 0)
		probe_conn_will_send(conn, iov[0].iov_base, iov[0].iov_len, more);
}

/* conn NULL: another thread has closed it meanwhile. */
static void conn_went(struct probe_conn *conn, const struct iovec *iov, int nr, ssize_t rc,
		      void (*tell)(struct probe_conn *, const void *, ssize_t))
{
	if (!conn)
		return;
	if (rc <= 0)
		tell(conn, NULL, rc);
	for (int i = 0; i < nr && rc > 0; i++) {
		size_t part = iov[i].iov_len < (size_t)rc ? iov[i].iov_len : (size_t)rc;
		if (part)
			tell(conn, iov[i].iov_base, (ssize_t)part);
		rc -= (ssize_t)part;
	}
}

static void after_send(int fd, const struct iovec *iov, int nr, ssize_t rc)
{
	struct fd *f = interesting(fd);
	struct probe_conn *conn = conn_of(fd);

	if (!f)
		return;
	if (f->kind == FD_EVENT) {
		take_back(f, rc > 0 ? 0 : units(f, iov, nr));
	} else if (f->kind != FD_TCP) {
		take_back(f, units(f, iov, nr) - (rc > 0 ? (uint64_t)rc : 0));
	} else if (conn) {
		conn_went(conn, iov, nr, rc, probe_conn_sent);
		probe_conn_told(conn);
	}
}

static void after_receive(int fd, const struct iovec *iov, int nr, ssize_t rc)
{
	struct fd *f = interesting(fd);

	if (!f)
		return;
	if (f->kind != FD_TCP) {
		if (rc > 0)
			say_read(f, fd, f->kind == FD_EVENT ? units(f, iov, nr) : (uint64_t)rc);
	} else {
		conn_went(atomic_load(&f->conn), iov, nr, rc, probe_conn_received);
	}
}

/* Around one call that sends: `call` gives ssize_t. Then, with no lock held, the gate. */
#define SEND(fd, where, call)                                                                      \
	__extension__({                                                                            \
		PROBE(before_send((fd), where));                                                   \
		ssize_t rc_ = (call);                                                              \
		PROBE(after_send((fd), where, rc_));                                               \
		probe_gate_wait();                                                                 \
		rc_;                                                                               \
	})
#define RECEIVE(fd, where, call)                                                                   \
	__extension__({                                                                            \
		ssize_t rc_ = (call);                                                              \
		PROBE(after_receive((fd), where, rc_));                                            \
		rc_;                                                                               \
	})
#define MANY(iov, nr) (iov), (int)(nr)
#define ONE(bytes, len) (&(struct iovec){ (void *)(uintptr_t)(bytes), (len) }), 1

/* Two numbers of one open terminal, as far as a program can tell. */
static bool same_terminal(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && S_ISCHR(one.st_mode) && fstat(b, &other) == 0 && S_ISCHR(other.st_mode) &&
	       one.st_rdev == other.st_rdev && fcntl(a, F_GETFL) == fcntl(b, F_GETFL);
}

/*
 * libuv opens the terminal behind standard output anew and puts that in its place, but
 * writes to the new number: it goes through 1, where the supervisor looks for lines. The
 * number is looked at afresh, as libuv closes by system calls that nobody sees here.
 */
static int as_standard_output(int fd)
{
	return fd > 2 && same_terminal(fd, 1) ? 1 : fd;
}

PROBE_EXPORT ssize_t write(int fd, const void *bytes, size_t len)
{
	if (fd == TR_MARK_FD && probe_active()) {
		PROBE(probe_mark(bytes, len));
		return (ssize_t)len;
	}
	if (lines_wanted)
		PROBE(fd = as_standard_output(fd));
	return SEND(fd, ONE(bytes, len), REAL(write)(fd, bytes, len));
}

PROBE_EXPORT ssize_t writev(int fd, const struct iovec *iov, int nr)
{
	if (lines_wanted)
		PROBE(fd = as_standard_output(fd));
	return SEND(fd, MANY(iov, nr), REAL(writev)(fd, iov, nr));
}

PROBE_EXPORT ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	return SEND(fd, ONE(bytes, len), REAL(send)(fd, bytes, len, flags));
}

PROBE_EXPORT ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
			    const struct sockaddr *to, socklen_t to_len)
{
	return SEND(fd, ONE(bytes, len), REAL(sendto)(fd, bytes, len, flags, to, to_len));
}

PROBE_EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	return SEND(fd, MANY(m->msg_iov, m->msg_iovlen), REAL(sendmsg)(fd, m, flags));
}

static void before_sendfile(int fd, size_t len)
{
	struct probe_conn *conn = conn_of(fd);

	if (conn)
		probe_conn_will_send(conn, "", 0, len);
}

static void after_sendfile(int fd, ssize_t rc)
{
	struct probe_conn *conn = conn_of(fd);

	if (!conn)
		return;
	probe_conn_skipped(conn, rc);
	probe_conn_told(conn);
}

PROBE_EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t len)
{
	PROBE(before_sendfile(out, len));
	ssize_t rc = REAL(sendfile)(out, in, offset, len);
	PROBE(after_sendfile(out, rc));
	return rc;
}

PROBE_EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t len)
{
	PROBE(before_sendfile(out, len));
	ssize_t rc = REAL(sendfile64)(out, in, offset, len);
	PROBE(after_sendfile(out, rc));
	return rc;
}

PROBE_EXPORT ssize_t read(int fd, void *bytes, size_t len)
{
	return RECEIVE(fd, ONE(bytes, len), REAL(read)(fd, bytes, len));
}

PROBE_EXPORT ssize_t __read_chk(int fd, void *bytes, size_t len, size_t size);
PROBE_EXPORT ssize_t __read_chk(int fd, void *bytes, size_t len, size_t size)
{
	return RECEIVE(fd, ONE(bytes, len), REAL(__read_chk)(fd, bytes, len, size));
}

PROBE_EXPORT ssize_t readv(int fd, const struct iovec *iov, int nr)
{
	return RECEIVE(fd, MANY(iov, nr), REAL(readv)(fd, iov, nr));
}

/* Bytes that are only looked at come again. */
PROBE_EXPORT ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	if (flags & MSG_PEEK)
		return REAL(recv)(fd, bytes, len, flags);
	return RECEIVE(fd, ONE(bytes, len), REAL(recv)(fd, bytes, len, flags));
}

PROBE_EXPORT ssize_t __recv_chk(int fd, void *bytes, size_t len, size_t size, int flags);
PROBE_EXPORT ssize_t __recv_chk(int fd, void *bytes, size_t len, size_t size, int flags)
{
	if (flags & MSG_PEEK)
		return REAL(__recv_chk)(fd, bytes, len, size, flags);
	return RECEIVE(fd, ONE(bytes, len), REAL(__recv_chk)(fd, bytes, len, size, flags));
}

PROBE_EXPORT ssize_t recvfrom(int fd, void *bytes, size_t len, int flags, struct sockaddr *from,
			      socklen_t *from_len)
{
	if (flags & MSG_PEEK)
		return REAL(recvfrom)(fd, bytes, len, flags, from, from_len);
	return RECEIVE(fd, ONE(bytes, len), REAL(recvfrom)(fd, bytes, len, flags, from, from_len));
}

PROBE_EXPORT ssize_t __recvfrom_chk(int fd, void *bytes, size_t len, size_t size, int flags,
				    struct sockaddr *from, socklen_t *from_len);
PROBE_EXPORT ssize_t __recvfrom_chk(int fd, void *bytes, size_t len, size_t size, int flags,
				    struct sockaddr *from, socklen_t *from_len)
{
	if (flags & MSG_PEEK)
		return REAL(__recvfrom_chk)(fd, bytes, len, size, flags, from, from_len);
	return RECEIVE(fd, ONE(bytes, len),
		       REAL(__recvfrom_chk)(fd, bytes, len, size, flags, from, from_len));
}

PROBE_EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	if (flags & MSG_PEEK)
		return REAL(recvmsg)(fd, m, flags);
	return RECEIVE(fd, MANY(m->msg_iov, m->msg_iovlen), REAL(recvmsg)(fd, m, flags));
}

/* The C library's own write and read stand behind these. */
PROBE_EXPORT int eventfd_write(int fd, eventfd_t value)
{
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

PROBE_EXPORT int eventfd_read(int fd, eventfd_t *value)
{
	return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

/* ---- calls that make, copy and close descriptors */

static void made_pipe(const int ends[2])
{
	struct stat st;

	forget(ends[0]);
	forget(ends[1]);
	if (fstat(ends[0], &st) == 0)
		renew_channel(st.st_ino);
}

PROBE_EXPORT int pipe(int ends[2])
{
	int rc = REAL(pipe)(ends);

	if (!rc)
		PROBE(made_pipe(ends));
	return rc;
}

PROBE_EXPORT int pipe2(int ends[2], int flags)
{
	int rc = REAL(pipe2)(ends, flags);

	if (!rc)
		PROBE(made_pipe(ends));
	return rc;
}

static void made_pair(const int ends[2])
{
	struct stat st[2];
	uint32_t i;

	forget(ends[0]);
	forget(ends[1]);
	if (fstat(ends[0], &st[0]) != 0 || fstat(ends[1], &st[1]) != 0)
		return;
	i = atomic_fetch_add(&nr_peers, 1) % PEERS;
	atomic_store(&peers[i].end[0], st[0].st_ino);
	atomic_store(&peers[i].end[1], st[1].st_ino);
	renew_channel(st[0].st_ino);
	renew_channel(st[1].st_ino);
}

PROBE_EXPORT int socketpair(int domain, int type, int protocol, int ends[2])
{
	int rc = REAL(socketpair)(domain, type, protocol, ends);

	if (!rc)
		PROBE(made_pair(ends));
	return rc;
}

/* A number just handed out means what it means now. */
#define MADE(call)                                                                                 \
	__extension__({                                                                            \
		int fd_ = (call);                                                                  \
		if (fd_ >= 0)                                                                      \
			PROBE(forget(fd_));                                                        \
		fd_;                                                                               \
	})

/* Its count may begin above zero: with nobody's units. */
static void made_eventfd(int fd, unsigned value)
{
	struct fd *f;
	struct probe_object *in;

	forget(fd);
	f = interesting(fd);
	in = f && f->kind == FD_EVENT ? probe_object(PROBE_PIPES, f->channel) : NULL;
	if (!in)
		return;
	renew_channel(f->channel);
	atomic_fetch_add(&in->value, value);
}

/* A runtime's, by which it wakes a thread whatever that waits for: what is read from there shows nothing. */
static void made_parking(int fd)
{
	struct fd *f = slot_of(fd);

	forget(fd);
	if (f)
		atomic_store(&f->kind, FD_OTHER);
}

PROBE_EXPORT int eventfd(unsigned value, int flags)
{
	int fd = REAL(eventfd)(value, flags);

	if (fd >= 0 && probe_is_runtime(__builtin_return_address(0)))
		PROBE(made_parking(fd));
	else if (fd >= 0)
		PROBE(made_eventfd(fd, value));
	return fd;
}

PROBE_EXPORT int socket(int domain, int type, int protocol)
{
	return MADE(REAL(socket)(domain, type, protocol));
}

PROBE_EXPORT int accept(int fd, struct sockaddr *address, socklen_t *len)
{
	return MADE(REAL(accept)(fd, address, len));
}

PROBE_EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	return MADE(REAL(accept4)(fd, address, len, flags));
}

/* One number more for what is behind `from`: a connection goes on through it, also when the first is closed. */
static int copied(int from, int to)
{
	struct fd *f = slot_of(from);

	if (to >= 0 && to != from)
		PROBE(forget(to); if (f && atomic_load(&f->kind) == FD_TCP) interesting(to));
	return to;
}

PROBE_EXPORT int dup(int fd)
{
	return copied(fd, REAL(dup)(fd));
}

PROBE_EXPORT int dup2(int from, int to)
{
	if (from != to)
		PROBE(forget(to));
	return copied(from, REAL(dup2)(from, to));
}

PROBE_EXPORT int dup3(int from, int to, int flags)
{
	if (from != to)
		PROBE(forget(to));
	return copied(from, REAL(dup3)(from, to, flags));
}

/* The third argument is a number or a pointer, or is not there and not looked at: one word in each case. */
#define FCNTL(name)                                                                                \
	PROBE_EXPORT int name(int fd, int command, ...)                                            \
	{                                                                                          \
		va_list ap;                                                                        \
		va_start(ap, command);                                                             \
		void *argument = va_arg(ap, void *);                                               \
		va_end(ap);                                                                        \
		int rc = REAL(name)(fd, command, argument);                                        \
		return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, rc) : rc;     \
	}
FCNTL(fcntl)
FCNTL(fcntl64)

PROBE_EXPORT int close(int fd)
{
	PROBE(forget(fd));
	return REAL(close)(fd);
}

static void forget_range(unsigned first, unsigned last)
{
	for (unsigned fd = first; fd <= last && fd < NR_FDS; fd++)
		if (fds[fd].kind)
			forget((int)fd);
}

PROBE_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	if (!flags)
		PROBE(forget_range(first, last));
	return REAL(close_range)(first, last, flags);
}

PROBE_EXPORT void closefrom(int first)
{
	PROBE(forget_range(first < 0 ? 0 : (unsigned)first, NR_FDS));
	REAL(closefrom)(first);
}

/*
 * Could TLS on a connection made there be read in this process? Only OpenSSL's own library
 * can be looked into: not Java's, not what Node.js has in itself, nor the CRT client's,
 * which may stand beside an OpenSSL that others use.
 */
static bool tls_is_read(const void *caller)
{
	const char *name = probe_library_of(caller);

	return !(name && strstr(name, "awscrt")) && probe_library_is_loaded("/libssl.so");
}

PROBE_EXPORT int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	bool watched = probe_active() && address &&
		       (address->sa_family == AF_INET || address->sa_family == AF_INET6);
	uint32_t tid = watched ? (uint32_t)gettid() : 0;
	int rc;

	if (!watched)
		return REAL(connect)(fd, address, len);
	PROBE(forget(fd); if (!atomic_load(&probe_control->tls_relay) || tls_is_read(__builtin_return_address(0)))
		      tr_control_connecting(probe_control, tid, true));
	rc = REAL(connect)(fd, address, len);
	PROBE(tr_control_connecting(probe_control, tid, false));
	return rc;
}
