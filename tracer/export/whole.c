#include "tracer/export/whole.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum xf_status beside(const char *path, tr_whole_fn write, void *ctx, struct xf_error *err)
{
	char temporary[PATH_MAX];
	enum xf_status status;
	FILE *out;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return xf_fail(err, XF_INVALID, "the path %.60s… is too long", path);
	fd = mkstemp(temporary);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return xf_fail_errno(err, XF_IO, errno, "%s cannot be written", path);
	setvbuf(out, NULL, _IOFBF, 1 << 18);
	fchmod(fd, 0644);
	status = write(ctx, out, temporary, err);
	if (fclose(out) && !status)
		status = xf_fail_errno(err, XF_IO, errno, "%s could not be written", path);
	if (!status && rename(temporary, path))
		status = xf_fail_errno(err, XF_IO, errno, "%s could not be written", path);
	if (status)
		unlink(temporary);
	return status;
}

enum xf_status tr_whole_write(const char *path, tr_whole_fn write, void *ctx, struct xf_error *err)
{
	struct stat st;
	enum xf_status status;
	FILE *out;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return beside(path, write, ctx, err);
	if (S_ISDIR(st.st_mode))
		return xf_fail(err, XF_INVALID, "%s is a folder: name a file in it", path);
	out = fopen(path, "we");
	if (!out)
		return xf_fail_errno(err, XF_IO, errno, "%s cannot be written", path);
	status = write(ctx, out, NULL, err);
	if (fclose(out) && !status)
		status = xf_fail_errno(err, XF_IO, errno, "%s could not be written", path);
	return status;
}
