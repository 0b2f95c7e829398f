#include "core/s3/push.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "core/event/gate.h"

enum { BLOCK = 16 << 10 };

bool xf_push_can(const struct xf_body *body)
{
	return body->size && !body->read;
}

static long switches(void)
{
	struct rusage used;
	return getrusage(RUSAGE_THREAD, &used) ? 0 : used.ru_nvcsw;
}

/* The socket does not block, so a thread that gives up the processor in there waits for the file. */
static ssize_t push_file(int fd, const struct xf_body *body, uint64_t at, size_t len, uint64_t *waited_ns)
{
	off_t offset = (off_t)(body->offset + at);
	bool look = xf_emit_on() || xf_gate_on();
	long before = look ? switches() : 0;
	uint64_t began = look ? xf_clock_mono_ns() : 0;
	ssize_t n = sendfile(fd, body->fd, &offset, len);
	int e = errno;
	if (look && switches() != before)
		*waited_ns += xf_clock_mono_ns() - began;
	errno = e;
	return n;
}

/* Of a file system whose files sendfile does not take. */
static ssize_t push_read(int fd, const struct xf_body *body, uint64_t at, size_t len, struct xf_error *err)
{
	char block[BLOCK];
	size_t n = len < BLOCK ? len : BLOCK;
	if (xf_body_read(body, at, block, n, err) != XF_OK)
		return 0;
	return send(fd, block, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t push_once(int fd, const struct xf_body *body, uint64_t at, size_t len, uint64_t *waited_ns,
			 struct xf_error *err)
{
	if (body->memory)
		return send(fd, (const char *)body->memory + at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	ssize_t n = push_file(fd, body, at, len, waited_ns);
	return n < 0 && (errno == EINVAL || errno == ENOSYS) ? push_read(fd, body, at, len, err) : n;
}

/* The file ended, or cannot be read: reading it says so in words. */
static enum xf_push fail_source(const struct xf_body *body, uint64_t at, struct xf_error *err)
{
	char byte;
	if (err->status == XF_OK && xf_body_read(body, at, &byte, 1, err) == XF_OK)
		xf_fail(err, XF_IO, "cannot send %s", body->name ? body->name : "the source");
	return XF_PUSH_FAILED;
}

enum xf_push xf_push(int fd, const struct xf_body *body, uint64_t at, size_t len, size_t *sent,
		     uint64_t *waited_ns, struct xf_error *err)
{
	ssize_t n;
	*waited_ns = 0;
	do
		n = push_once(fd, body, at, len, waited_ns, err);
	while (n < 0 && errno == EINTR);
	*sent = n > 0 ? (size_t)n : 0;
	if (n > 0)
		return XF_PUSH_SOME;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
		return XF_PUSH_AGAIN;
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
		return XF_PUSH_BROKEN;
	return fail_source(body, at, err);
}
