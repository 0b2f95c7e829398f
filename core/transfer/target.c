/* target: temporary names, renames, and writes in place. */
#include "core/transfer/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STOP_POLL_MS = 50 }; /* how soon a wait for a reader notices that nobody wants it */

static enum xf_status errno_status(int e)
{
	return e == ENOENT || e == ENOTDIR ? XF_NOT_FOUND
	       : e == EACCES || e == EPERM || e == EROFS ? XF_DENIED : XF_IO;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static enum xf_status check_folder(const struct xf_target *t, struct xf_error *err)
{
	char folder[PATH_MAX];
	size_t len = (size_t)(base_name(t->path) - t->path);
	snprintf(folder, sizeof(folder), "%.*s", (int)(len ? len : 1), len ? t->path : ".");
	if (access(folder, W_OK | X_OK) != 0)
		return xf_fail_errno(err, errno_status(errno), errno, "cannot write to the folder %s", folder);
	return XF_OK;
}

static enum xf_status look_at_path(struct xf_target *t, struct xf_error *err)
{
	struct stat st;
	if (stat(t->path, &st) != 0 || S_ISREG(st.st_mode))
		return check_folder(t, err);
	if (S_ISDIR(st.st_mode))
		return xf_fail(err, XF_INVALID, "%s is a directory: name a file", t->name);
	if (access(t->path, W_OK) != 0)
		return xf_fail_errno(err, errno_status(errno), errno, "cannot write %s", t->name);
	t->special = t->ordered = true;
	return XF_OK;
}

/*
 * A description of our own of the same pipe, which does not block: a reader that stands still must not keep
 * a transfer that is over. The one we were given is others' too, so its flags are not ours to set.
 */
static void reopen_unblocking(struct xf_target *t)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->fd);
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	t->fd = fd;
	t->own_fd = true;
}

static void look_at_fd(struct xf_target *t)
{
	struct stat st = { .st_mode = 0 };
	off_t at = lseek(t->fd, 0, SEEK_CUR);
	int flags = fcntl(t->fd, F_GETFL);
	bool regular = fstat(t->fd, &st) == 0 && S_ISREG(st.st_mode);
	t->ordered = !regular || at < 0 || (flags & O_APPEND);
	t->socket = S_ISSOCK(st.st_mode);
	t->start = at > 0 ? (uint64_t)at : 0;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		reopen_unblocking(t);
}

enum xf_status xf_target_init(struct xf_target *t, const char *path, int fd, const char *name,
			      struct xf_latch *stop, struct xf_error *err)
{
	*t = (struct xf_target){ .fd = path ? -1 : fd, .stop = stop };
	if (!path) {
		t->name = name;
		look_at_fd(t);
		return XF_OK;
	}
	t->path = strdup(path);
	if (!t->path)
		return xf_fail(err, XF_NOMEM, "no memory for the download");
	t->name = t->path;
	return look_at_path(t, err);
}

static enum xf_status stopped(const struct xf_target *t, struct xf_error *err)
{
	return xf_fail(err, XF_CANCELLED, "stopped writing %s", t->name);
}

/* A FIFO is there when somebody reads it. */
static enum xf_status open_special(struct xf_target *t, struct xf_error *err)
{
	struct stat st;
	bool fifo = stat(t->path, &st) == 0 && S_ISFIFO(st.st_mode);
	while ((t->fd = open(t->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0) {
		if (!fifo || (errno != ENXIO && errno != EINTR))
			return xf_fail_errno(err, errno_status(errno), errno, "cannot write %s", t->name);
		if (t->stop && xf_latch_peek(t->stop))
			return stopped(t, err);
		poll(NULL, 0, STOP_POLL_MS);
	}
	t->own_fd = true;
	return XF_OK;
}

/* NAME.1a2B3c4D: eight hex digits of mixed case, the base name cut so that the whole fits. */
static char *temporary_name(const char *path)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	unsigned char random[8];
	char suffix[10] = ".";
	char *name;
	const char *base = base_name(path);
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return NULL;
	for (size_t i = 0; i < sizeof(random); i++)
		suffix[i + 1] = digits[random[i] % (sizeof(digits) - 1)];
	if (asprintf(&name, "%.*s%.*s%s", (int)(base - path), path, (int)(NAME_MAX - 9), base, suffix) < 0)
		return NULL;
	return name;
}

static enum xf_status open_to_write(struct xf_target *t, struct xf_error *err)
{
	if (t->fd >= 0)
		return XF_OK;
	if (t->special)
		return open_special(t, err);
	t->temporary = temporary_name(t->path);
	if (!t->temporary)
		return xf_fail(err, XF_NOMEM, "no memory for the download");
	t->fd = open(t->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (t->fd < 0) {
		int e = errno;
		free(t->temporary);
		t->temporary = NULL;
		return xf_fail_errno(err, errno_status(e), e, "cannot write %s", t->name);
	}
	t->own_fd = true;
	return XF_OK;
}

static ssize_t write_some(const struct xf_target *t, const void *bytes, size_t len, uint64_t offset)
{
	ssize_t n;
	do {
		n = t->socket ? send(t->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL)
		    : t->ordered ? write(t->fd, bytes, len)
				 : pwrite(t->fd, bytes, len, (off_t)(t->start + offset));
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Waits until whoever reads has made room, or the transfer is over. */
static enum xf_status wait_writable(const struct xf_target *t, struct xf_error *err)
{
	struct pollfd p = { .fd = t->fd, .events = POLLOUT };
	while (poll(&p, 1, STOP_POLL_MS) <= 0)
		if (t->stop && xf_latch_peek(t->stop))
			return stopped(t, err);
	return XF_OK;
}

enum xf_status xf_target_write(struct xf_target *t, uint64_t offset, const void *bytes, size_t len,
			       struct xf_error *err)
{
	const char *p = bytes;
	enum xf_status status = open_to_write(t, err);
	while (status == XF_OK && len) {
		ssize_t n = write_some(t, p, len, offset);
		if (n < 0 && errno == EAGAIN) {
			status = wait_writable(t, err);
			continue;
		}
		if (n < 0)
			return xf_fail_errno(err, XF_IO, errno, "cannot write %s", t->name);
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	if (offset > t->end)
		t->end = offset;
	return status;
}

static enum xf_status close_own(struct xf_target *t, struct xf_error *err)
{
	int e = t->own_fd && close(t->fd) != 0 ? errno : 0;
	t->own_fd = false;
	return e ? xf_fail_errno(err, XF_IO, e, "cannot write %s", t->name) : XF_OK;
}

/* Like a plain redirect: what is there keeps its permissions. */
static void keep_mode(const struct xf_target *t)
{
	struct stat st;
	if (stat(t->path, &st) == 0 && chmod(t->temporary, st.st_mode & 0777) != 0)
		return; /* not ours: the umask's permissions stand */
}

/* Behind the last byte, so that the next who writes to the descriptor goes on there. */
static void leave_at_end(const struct xf_target *t)
{
	if (!t->path && !t->ordered)
		lseek(t->fd, (off_t)(t->start + t->end), SEEK_SET);
}

enum xf_status xf_target_commit(struct xf_target *t, struct xf_error *err)
{
	enum xf_status status = t->path ? open_to_write(t, err) : XF_OK;
	leave_at_end(t);
	if (status == XF_OK)
		status = close_own(t, err);
	if (status != XF_OK || !t->temporary)
		return status;
	keep_mode(t);
	if (rename(t->temporary, t->path) != 0)
		return xf_fail_errno(err, errno_status(errno), errno, "cannot rename %s to %s",
				     t->temporary, t->path);
	free(t->temporary);
	t->temporary = NULL;
	return XF_OK;
}

void xf_target_fini(struct xf_target *t)
{
	if (t->own_fd)
		close(t->fd);
	if (t->temporary)
		unlink(t->temporary);
	free(t->temporary);
	free(t->path);
	*t = (struct xf_target){ .fd = -1 };
}
