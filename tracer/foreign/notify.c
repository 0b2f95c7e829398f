/* notify: see notify.h. Structures are read and written with the sizes the running kernel has. */
#include "tracer/foreign/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

static int seccomp(unsigned op, unsigned flags, void *args)
{
	return (int)syscall(SYS_seccomp, op, flags, args);
}

/* Signals must not restart a call that is being looked at (Go sends itself SIGURG); older kernels cannot. */
static int listen_with(const struct sock_fprog *program)
{
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int fd = seccomp(SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			 (void *)(uintptr_t)program);

	if (fd < 0 && errno == EINVAL)
		fd = seccomp(SECCOMP_SET_MODE_FILTER, flags, (void *)(uintptr_t)program);
	return fd < 0 ? -errno : fd;
}

int tr_notify_install(const struct sock_filter *code, unsigned short len, bool *set_nnp)
{
	struct sock_fprog program = { .len = len, .filter = (struct sock_filter *)(uintptr_t)code };
	int fd = listen_with(&program);

	*set_nnp = false;
	if (fd != -EACCES)
		return fd;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	*set_nnp = true;
	return listen_with(&program);
}

/* The kernel wants its structure zeroed and may have a larger one than we know. */
union notify_in {
	struct seccomp_notif n;
	char room[512];
};

bool tr_notify_receive(int listener, struct tr_notice *notice)
{
	union notify_in in;

	memset(&in, 0, sizeof(in));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in) != 0)
		return false;
	notice->id = in.n.id;
	notice->tid = in.n.pid;
	notice->nr = in.n.data.nr;
	for (int i = 0; i < 6; i++)
		notice->args[i] = in.n.data.args[i];
	return true;
}

bool tr_notify_valid(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool notify_answer(int listener, uint64_t id, int64_t value, int error, uint32_t flags)
{
	union {
		struct seccomp_notif_resp r;
		char room[512];
	} out;

	memset(&out, 0, sizeof(out));
	out.r.id = id;
	out.r.val = value;
	out.r.error = error;
	out.r.flags = flags;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &out) == 0;
}

bool tr_notify_continue(int listener, uint64_t id)
{
	return notify_answer(listener, id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool tr_notify_return(int listener, uint64_t id, int64_t value)
{
	return notify_answer(listener, id, value, 0, 0);
}

bool tr_notify_fail(int listener, uint64_t id, int os_errno)
{
	return notify_answer(listener, id, 0, -os_errno, 0);
}

ssize_t tr_notify_read(uint32_t tid, uint64_t address, void *buf, size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };

	return process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0);
}

/* In pieces that do not cross a page: the page after a string may not be there. */
bool tr_notify_read_string(uint32_t tid, uint64_t address, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = 0;
	while (used + 1 < cap) {
		size_t want = 4096 - ((address + used) & 4095);
		if (want > cap - 1 - used)
			want = cap - 1 - used;
		ssize_t n = tr_notify_read(tid, address + used, buf + used, want);
		if (n <= 0)
			return false;
		if (memchr(buf + used, 0, (size_t)n))
			return true;
		used += (size_t)n;
		buf[used] = 0;
	}
	return true;
}

int tr_notify_copy_fd(uint32_t pid, uint32_t tid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)tid, PIDFD_THREAD);
	int copy, saved;

	if (pidfd < 0 && errno == EINVAL)
		pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (pidfd < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	saved = errno;
	close(pidfd);
	errno = saved;
	return copy;
}

bool tr_notify_available(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	struct seccomp_notif_sizes sizes;

	return seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
	       seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
	       sizes.seccomp_notif <= sizeof(union notify_in);
}

bool tr_notify_is_taken(void)
{
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	int status = 0;
	pid_t pid;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0) /* no filter at all, and no fork needed */
		return false;
	pid = fork();
	if (pid == 0) {
		bool nnp;
		_exit(tr_notify_install(&pass, 1, &nnp) == -EBUSY);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) != 0;
}
