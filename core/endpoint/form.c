/* form: see form.h. */
#include "core/endpoint/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is being read: content (of no part, before the first delimiter), the line of a delimiter, a part's headers. */
enum { CONTENT, MARK, HEADERS, OVER };
enum { OF_NONE, OF_FIELD, OF_FILE };

/* ---- header parameters */

/* "; name=value; name="value"": the value of that name. False: there is none. */
static bool parameter(const char *at, const char *name, struct xf_buf *out)
{
	while (*(at += strspn(at, "; \t"))) {
		size_t len = strcspn(at, "=; \t");
		bool wanted = len == strlen(name) && !strncasecmp(at, name, len);
		at += len;
		if (*at != '=')
			continue;
		at++;
		if (*at != '"') {
			len = strcspn(at, "; \t");
			if (wanted)
				xf_buf_add(out, at, len);
			at += len;
		} else {
			for (at++; *at && *at != '"'; at++) {
				at += at[0] == '\\' && at[1] == '"';
				if (wanted)
					xf_buf_char(out, *at);
			}
			at += *at == '"';
		}
		if (wanted)
			return true;
	}
	return false;
}

static bool boundary_ok(const struct xf_buf *b)
{
	if (!b->len || b->len > XF_EP_BOUNDARY_MAX || b->data[b->len - 1] == ' ')
		return false;
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] < ' ' || b->data[i] > '~')
			return false;
	return true;
}

bool xf_ep_form_boundary(const char *content_type, char out[XF_EP_BOUNDARY_MAX + 1])
{
	static const char type[] = "multipart/form-data";
	struct xf_buf boundary = XF_BUF_INIT;
	size_t len = sizeof(type) - 1;

	out[0] = '\0';
	if (!content_type || strncasecmp(content_type, type, len) != 0 || !strchr("; \t", content_type[len]))
		return false;
	if (parameter(content_type + len, "boundary", &boundary) && !boundary.failed && boundary_ok(&boundary))
		memcpy(out, boundary.data, boundary.len + 1);
	xf_buf_fini(&boundary);
	return true;
}

/* ---- parts */

static void fail(struct xf_ep_form *f, enum xf_ep_form_fault fault)
{
	if (!f->fault)
		f->fault = fault;
}

static void part_reset(struct xf_ep_form *f)
{
	xf_buf_reset(&f->name);
	xf_buf_reset(&f->value);
	xf_buf_reset(&f->filename);
	f->is_form_data = f->has_filename = false;
}

static void header_line(struct xf_ep_form *f)
{
	static const char name[] = "content-disposition:";
	const char *at = f->line + sizeof(name) - 1;
	size_t type;

	if (strncasecmp(f->line, name, sizeof(name) - 1) != 0)
		return;
	/* one that comes again is the one that counts: names that were put together would grow with the form */
	xf_buf_reset(&f->name);
	xf_buf_reset(&f->filename);
	at += strspn(at, " \t");
	type = strcspn(at, "; \t");
	f->is_form_data = type == 9 && !strncasecmp(at, "form-data", type);
	parameter(at + type, "name", &f->name);
	f->has_filename = parameter(at + type, "filename", &f->filename);
}

static void file_begin(struct xf_ep_form *f)
{
	f->part = OF_FILE;
	f->behind = true;
	if (f->has_filename)
		f->file_name = strdup(xf_buf_text(&f->filename));
	if ((f->has_filename && !f->file_name) || xf_headers_ok(&f->fields))
		fail(f, XF_EP_FORM_NOMEM);
	if (!f->fault)
		f->file_begins(f->ctx);
}

/* The headers of a part are over. */
static void part_begin(struct xf_ep_form *f)
{
	bool is_file = f->is_form_data && !strcasecmp(xf_buf_text(&f->name), "file");

	f->state = CONTENT;
	f->part = OF_NONE;
	if (f->name.failed || f->filename.failed)
		fail(f, XF_EP_FORM_NOMEM);
	else if (is_file && f->behind)
		fail(f, XF_EP_FORM_FILES);
	else if (is_file)
		file_begin(f);
	else if (!f->behind && !f->name.len)
		fail(f, XF_EP_FORM_MALFORMED);
	else if (!f->behind)
		f->part = OF_FIELD;
}

static void field_end(struct xf_ep_form *f)
{
	const char *name = xf_buf_text(&f->name), *before = xf_headers_get(&f->fields, name);
	struct xf_buf both = XF_BUF_INIT;

	if (f->value.failed || (f->value.len && memchr(f->value.data, '\0', f->value.len))) {
		fail(f, f->value.failed ? XF_EP_FORM_NOMEM : XF_EP_FORM_MALFORMED);
		return;
	}
	if (!before) {
		xf_headers_add(&f->fields, name, xf_buf_text(&f->value));
		return;
	}
	xf_buf_format(&both, "%s,%s", before, xf_buf_text(&f->value));
	xf_headers_set(&f->fields, name, xf_buf_text(&both));
	if (both.failed)
		fail(f, XF_EP_FORM_NOMEM);
	xf_buf_fini(&both);
}

/* ---- bytes */

static void give(struct xf_ep_form *f, const char *data, size_t len)
{
	if (f->part == OF_FIELD)
		xf_buf_add(&f->value, data, len);
	if (f->part != OF_FILE || f->fault || !len)
		return;
	f->size += len;
	if (!f->sink(f->ctx, data, len))
		fail(f, XF_EP_FORM_SINK);
}

/* Content up to the delimiter; true when that has been met. Only its first byte is a CR: within it none begins anew. */
static bool content_fed(struct xf_ep_form *f, const char **at, const char *end)
{
	while (*at < end) {
		size_t begun = f->matched;
		if (begun && **at == f->delimiter[begun]) {
			++*at;
			f->matched++;
			if (f->matched == f->delimiter_len)
				return true;
			continue;
		}
		give(f, f->delimiter, begun);
		const char *cr = memchr(*at, '\r', (size_t)(end - *at));
		give(f, *at, (size_t)((cr ? cr : end) - *at));
		*at = cr ? cr + 1 : end;
		f->matched = cr != NULL;
	}
	return false;
}

/* Collects a line; true when it is whole, without its end, in f->line. */
static bool line_fed(struct xf_ep_form *f, const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t len = (size_t)((newline ? newline : end) - *at);

	if (f->line_len + len >= sizeof(f->line) || memchr(*at, '\0', len)) {
		fail(f, XF_EP_FORM_MALFORMED);
		return false;
	}
	memcpy(f->line + f->line_len, *at, len);
	f->line_len += len;
	*at += len + (newline != NULL);
	f->line_len -= newline && f->line_len && f->line[f->line_len - 1] == '\r';
	f->line[f->line_len] = '\0';
	if (newline)
		f->line_len = 0;
	return newline;
}

/* Behind a delimiter: "--" is the form's end. */
static void mark_line(struct xf_ep_form *f)
{
	if (!strncmp(f->line, "--", 2))
		f->state = OVER;
	else if (f->line[strspn(f->line, " \t")])
		fail(f, XF_EP_FORM_MALFORMED);
	else
		f->state = HEADERS;
}

static void step(struct xf_ep_form *f, const char **at, const char *end)
{
	if (f->state == CONTENT) {
		if (!content_fed(f, at, end))
			return;
		if (f->part == OF_FIELD)
			field_end(f);
		part_reset(f);
		f->part = OF_NONE;
		f->matched = 0;
		f->state = MARK;
	} else if (line_fed(f, at, end)) {
		if (f->state == MARK)
			mark_line(f);
		else if (*f->line)
			header_line(f);
		else
			part_begin(f);
	}
}

void xf_ep_form_feed(struct xf_ep_form *f, const void *data, size_t len)
{
	const char *at = data, *end = at + len;

	while (at < end && !f->fault && f->state != OVER) {
		const char *start = at;
		size_t room = XF_EP_FORM_MAX + 1 - (size_t)f->before, left = (size_t)(end - at);
		step(f, &at, f->behind || left < room ? end : at + room);
		if (!f->behind)
			f->before += (uint64_t)(at - start);
		if (f->before > XF_EP_FORM_MAX)
			fail(f, XF_EP_FORM_TOO_LARGE);
	}
}

enum xf_ep_form_fault xf_ep_form_end(struct xf_ep_form *f)
{
	/* the last line need not end */
	if (!f->fault && f->state == MARK && f->line_len)
		mark_line(f);
	if (f->state != OVER)
		fail(f, XF_EP_FORM_MALFORMED);
	else if (!f->behind)
		fail(f, XF_EP_FORM_FILES);
	if (xf_headers_ok(&f->fields))
		fail(f, XF_EP_FORM_NOMEM);
	return f->fault;
}

void xf_ep_form_init(struct xf_ep_form *f, const char *boundary, xf_ep_sink_fn sink,
		     void (*file_begins)(void *ctx), void *ctx)
{
	*f = (struct xf_ep_form){ .sink = sink, .file_begins = file_begins, .ctx = ctx };
	f->delimiter_len = (size_t)snprintf(f->delimiter, sizeof(f->delimiter), "\r\n--%s", boundary);
	f->matched = 2; /* the first one need not be at a line's end */
}

void xf_ep_form_fini(struct xf_ep_form *f)
{
	xf_buf_fini(&f->name);
	xf_buf_wipe(&f->value);
	xf_buf_fini(&f->filename);
	xf_headers_fini(&f->fields);
	free(f->file_name);
}
