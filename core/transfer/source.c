/* source: files, seekable descriptors and pipes. */
#include "core/transfer/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STOP_POLL_MS = 50 }; /* how soon a wait for a pipe notices that nobody wants it */

static enum xf_status errno_status(int e)
{
	return e == ENOENT || e == ENOTDIR ? XF_NOT_FOUND : e == EACCES || e == EPERM ? XF_DENIED : XF_IO;
}

/* A FIFO that nobody writes to yet is open at once; the wait is for its first bytes, and can be ended. */
static int open_to_look(const char *path)
{
	struct stat st;
	bool fifo = stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
	return open(path, O_RDONLY | O_CLOEXEC | (fifo ? O_NONBLOCK : 0));
}

static enum xf_status look_at_file(struct xf_source *s, struct xf_error *err)
{
	struct stat st;
	int fd = open_to_look(s->path);
	if (fd < 0)
		return xf_fail_errno(err, errno_status(errno), errno, "cannot read %s", s->name);
	if (fstat(fd, &st) != 0) {
		int e = errno;
		close(fd);
		return xf_fail_errno(err, XF_IO, e, "cannot read %s", s->name);
	}
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		s->kind = XF_SOURCE_PIPE;
		s->fd = fd;
		s->own_fd = true;
		return XF_OK;
	}
	off_t size = S_ISBLK(st.st_mode) ? lseek(fd, 0, SEEK_END) : st.st_size;
	close(fd);
	if (S_ISDIR(st.st_mode) || size < 0)
		return xf_fail(err, XF_INVALID, "%s is %s: name a file", s->name,
			       S_ISDIR(st.st_mode) ? "a directory" : "a device without a size");
	s->kind = XF_SOURCE_FILE;
	s->size = (uint64_t)size;
	return XF_OK;
}

static enum xf_status look_at_fd(struct xf_source *s, struct xf_error *err)
{
	struct stat st;
	if (fstat(s->fd, &st) != 0)
		return xf_fail_errno(err, XF_IO, errno, "cannot read %s", s->name);
	if (S_ISDIR(st.st_mode))
		return xf_fail(err, XF_INVALID, "%s is a directory: name a file", s->name);
	off_t at = lseek(s->fd, 0, SEEK_CUR);
	if (!S_ISREG(st.st_mode) || at < 0) {
		s->kind = XF_SOURCE_PIPE;
		return XF_OK;
	}
	s->kind = XF_SOURCE_SEEKABLE;
	s->start = (uint64_t)at;
	s->size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	return XF_OK;
}

enum xf_status xf_source_open(struct xf_source *s, const char *path, int fd, const char *name,
			      struct xf_error *err)
{
	*s = (struct xf_source){ .path = path, .fd = path ? -1 : fd, .name = name ? name : path };
	return path ? look_at_file(s, err) : look_at_fd(s, err);
}

/* A seekable descriptor is left behind what was taken from it, as reading would have. */
void xf_source_close(struct xf_source *s)
{
	if (s->kind == XF_SOURCE_SEEKABLE && !s->closed)
		lseek(s->fd, (off_t)(s->start + s->at), SEEK_SET);
	s->closed = true;
	if (s->own_fd)
		close(s->fd);
	s->own_fd = false;
	free(s->first);
	s->first = NULL;
}

/* Waits until a pipe has something, or nobody wants it any more. */
static enum xf_status wait_readable(struct xf_source *s, struct xf_latch *stop, struct xf_error *err)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	if (s->kind != XF_SOURCE_PIPE || !stop)
		return XF_OK;
	while (poll(&p, 1, STOP_POLL_MS) <= 0)
		if (xf_latch_peek(stop))
			return xf_fail(err, XF_CANCELLED, "stopped reading %s", s->name);
	return XF_OK;
}

static ssize_t read_some(struct xf_source *s, void *buf, size_t len)
{
	ssize_t n;
	do {
		n = s->kind == XF_SOURCE_SEEKABLE ? pread(s->fd, buf, len, (off_t)(s->start + s->at))
						  : read(s->fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

static uint64_t take_first(struct xf_source *s, void *buf, uint64_t len)
{
	uint64_t left = s->first_len - s->first_at;
	uint64_t n = len < left ? len : left;
	if (n)
		memcpy(buf, s->first + s->first_at, n);
	s->first_at += n;
	if (s->first && s->first_at == s->first_len) {
		free(s->first);
		s->first = NULL;
	}
	return n;
}

static enum xf_status fill_from_fd(struct xf_source *s, unsigned char *buf, uint64_t len, uint64_t *got,
				   struct xf_latch *stop, struct xf_error *err)
{
	while (*got < len) {
		enum xf_status status = wait_readable(s, stop, err);
		if (status != XF_OK)
			return status;
		size_t want = len - *got < (1u << 30) ? (size_t)(len - *got) : 1u << 30;
		ssize_t n = read_some(s, buf + *got, want);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return xf_fail_errno(err, XF_IO, errno, "cannot read %s", s->name);
		if (n == 0)
			return XF_OK;
		*got += (uint64_t)n;
		s->at += (uint64_t)n;
	}
	return XF_OK;
}

enum xf_status xf_source_fill(struct xf_source *s, void *buf, uint64_t len, uint64_t *got,
			      struct xf_latch *stop, struct xf_error *err)
{
	*got = take_first(s, buf, len);
	if (s->kind == XF_SOURCE_SEEKABLE && len > s->size - s->at)
		len = s->size - s->at;
	enum xf_status status = fill_from_fd(s, buf, len, got, stop, err);
	if (status == XF_OK && s->kind == XF_SOURCE_SEEKABLE && *got < len)
		return xf_fail(err, XF_SHORT_READ,
			       "%s became shorter while it was uploaded: run the upload again", s->name);
	return status;
}

enum xf_status xf_source_peek(struct xf_source *s, uint64_t *len, struct xf_latch *stop,
			      struct xf_error *err)
{
	uint64_t got = 0;
	s->first = malloc(*len ? *len : 1);
	if (!s->first)
		return xf_fail(err, XF_NOMEM, "no memory to read %s", s->name);
	enum xf_status status = fill_from_fd(s, s->first, *len, &got, stop, err);
	s->first_len = *len = got;
	s->first_at = 0;
	return status;
}

enum xf_status xf_source_open_part(const struct xf_source *s, int *fd, bool *own, struct xf_error *err)
{
	*own = s->kind == XF_SOURCE_FILE;
	*fd = *own ? open(s->path, O_RDONLY | O_CLOEXEC) : s->fd;
	if (*fd < 0)
		return xf_fail_errno(err, errno_status(errno), errno, "cannot read %s", s->name);
	return XF_OK;
}
