/* record: see record.h. */
#include "core/endpoint/record.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/endpoint/text.h"
#include "core/s3/encode.h"

static const char head[] = "xferdb-endpoint 1\n";

void xf_ep_record_format(struct xf_buf *out, const struct xf_headers *fields)
{
	xf_buf_str(out, head);
	for (size_t i = 0; i < fields->nr; i++) {
		const struct xf_header *f = &fields->items[i];
		xf_percent_encode(out, f->name, strlen(f->name), XF_PERCENT_ALL);
		xf_buf_char(out, '=');
		xf_percent_encode(out, f->value, strlen(f->value), XF_PERCENT_ALL);
		xf_buf_char(out, '\n');
	}
	xf_buf_str(out, "end\n");
}

static bool parse_line(struct xf_headers *fields, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	struct xf_buf name = XF_BUF_INIT, value = XF_BUF_INIT;

	if (!equals)
		return false;
	bool ok = xf_ep_decode(&name, line, (size_t)(equals - line), false) &&
		  xf_ep_decode(&value, equals + 1, len - (size_t)(equals - line) - 1, false);
	if (ok)
		xf_headers_add_n(fields, xf_buf_text(&name), name.len, xf_buf_text(&value), value.len);
	xf_buf_fini(&name);
	xf_buf_fini(&value);
	return ok;
}

enum xf_status xf_ep_record_parse(struct xf_headers *fields, const char *text, size_t len)
{
	const char *end = text + len;

	if (len < sizeof(head) - 1 || strncmp(text, "xferdb-endpoint ", 16) != 0)
		return XF_FORMAT;
	if (strncmp(text, head, sizeof(head) - 1) != 0)
		return XF_VERSION;
	for (text += sizeof(head) - 1; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			return XF_FORMAT;
		if (newline - text == 3 && !memcmp(text, "end", 3))
			return newline + 1 == end ? xf_headers_ok(fields) : XF_FORMAT;
		if (memchr(text, '\0', (size_t)(newline - text)) ||
		    !parse_line(fields, text, (size_t)(newline - text)))
			return XF_FORMAT;
		text = newline + 1;
	}
	return XF_FORMAT;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* A rename lasts only when its folder is on disk too. */
static void sync_folder_of(int dir, const char *path)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", path);
	int fd = openat(dir, dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

enum xf_status xf_ep_record_write(int dir, const char *path, const struct xf_headers *fields)
{
	struct xf_buf text = XF_BUF_INIT;
	char temp[64] = "temp/r-";
	bool ok;

	xf_ep_random_hex(temp + strlen(temp), 16);
	xf_ep_record_format(&text, fields);
	if (text.failed) {
		xf_buf_fini(&text);
		return XF_NOMEM;
	}
	int fd = openat(dir, temp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	ok = fd >= 0 && write_all(fd, text.data, text.len) && fsync(fd) == 0;
	if (fd >= 0)
		ok &= close(fd) == 0;
	ok = ok && renameat(dir, temp, dir, path) == 0;
	if (ok)
		sync_folder_of(dir, path);
	else
		unlinkat(dir, temp, 0);
	xf_buf_fini(&text);
	return ok ? XF_OK : XF_IO;
}

enum xf_status xf_ep_record_read(int dir, const char *path, struct xf_headers *fields)
{
	struct xf_buf text = XF_BUF_INIT;
	char block[4096];
	ssize_t n;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return XF_IO;
	while ((n = read(fd, block, sizeof(block))) > 0)
		xf_buf_add(&text, block, (size_t)n);
	close(fd);
	enum xf_status status = n < 0 ? XF_IO : text.failed ? XF_NOMEM
			      : xf_ep_record_parse(fields, xf_buf_text(&text), text.len);
	xf_buf_fini(&text);
	return status;
}
