#include "core/s3/body.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct xf_body xf_body_empty(void)
{
	return (struct xf_body){ .size = 0, .memory = "", .fd = -1 };
}

struct xf_body xf_body_memory(const void *bytes, uint64_t size)
{
	return (struct xf_body){ .size = size, .memory = bytes ? bytes : "", .fd = -1 };
}

struct xf_body xf_body_file(int fd, uint64_t offset, uint64_t size, const char *name)
{
	return (struct xf_body){ .size = size, .name = name, .fd = fd, .offset = offset };
}

/* pread until len or the end of the file. */
static enum xf_status read_file(const struct xf_body *body, uint64_t at, char *buf, size_t len,
				size_t *got, struct xf_error *err)
{
	*got = 0;
	while (*got < len) {
		ssize_t n = pread(body->fd, buf + *got, len - *got,
				  (off_t)(body->offset + at + *got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xf_fail_errno(err, XF_IO, errno, "cannot read %s",
					     body->name ? body->name : "the source");
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return XF_OK;
}

static enum xf_status fail_short(const struct xf_body *body, uint64_t end, struct xf_error *err)
{
	return xf_fail(err, XF_SHORT_READ,
		       "%s ended at byte %llu of the %llu it had when the upload began: "
		       "it was cut while it was being uploaded; upload it again",
		       body->name ? body->name : "the source",
		       (unsigned long long)(body->offset + end),
		       (unsigned long long)(body->offset + body->size));
}

enum xf_status xf_body_read(const struct xf_body *body, uint64_t at, void *buf, size_t len,
			    struct xf_error *err)
{
	size_t got = len;
	enum xf_status status = XF_OK;
	if (len == 0)
		return XF_OK;
	if (body->memory)
		memcpy(buf, (const char *)body->memory + at, len);
	else if (body->read)
		status = body->read(body->ctx, at, buf, len, &got, err);
	else
		status = read_file(body, at, buf, len, &got, err);
	if (!status && got < len)
		status = fail_short(body, at + got, err);
	return status;
}
