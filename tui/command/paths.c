#include "tui/command/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes every folder of the file's path that is missing. */
static enum xf_status folders_make(char *path, struct xf_error *err)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int failed;

		*slash = '\0';
		failed = mkdir(path, 0700) && errno != EEXIST;
		if (failed)
			xf_fail_errno(err, XF_IO, errno, "cannot make the folder %s for the trace", path);
		*slash = '/';
		if (failed)
			return XF_IO;
	}
	return XF_OK;
}

enum xf_status ui_path_state(const char *name, char *buf, size_t cap, bool make, struct xf_error *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len;

	/* a relative XDG path is to be ignored, says its specification */
	if (state && *state == '/')
		len = snprintf(buf, cap, "%s/xferdb/%s", state, name);
	else if (home && *home == '/')
		len = snprintf(buf, cap, "%s/.local/state/xferdb/%s", home, name);
	else
		return xf_fail(err, XF_NOT_FOUND, "neither XDG_STATE_HOME nor HOME says where traces are kept: name a file");
	if (len < 0 || (size_t)len >= cap)
		return xf_fail(err, XF_INVALID, "the path of the trace is too long");
	return make ? folders_make(buf, err) : XF_OK;
}

enum xf_status ui_path_last_trace(char *buf, size_t cap, bool make, struct xf_error *err)
{
	return ui_path_state("last.xft", buf, cap, make, err);
}
