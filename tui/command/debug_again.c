/* debug_again: `run ARG…`: the next run's other options, and other files if there are any. */
#include <stdlib.h>
#include <string.h>

#include "tui/command/arguments.h"
#include "tui/command/debug.h"

enum { MAX_WORDS = 64 };

/* The words of a line, quotes taken off, in place. */
static int split(char *line, char **words)
{
	int n = 0;
	char *to = line;

	for (char *p = line; *p && n < MAX_WORDS;) {
		char quote = '\0';
		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p)
			break;
		words[n++] = to;
		for (; *p && (quote || (*p != ' ' && *p != '\t')); p++)
			if (*p == quote)
				quote = '\0';
			else if (!quote && (*p == '\'' || *p == '"'))
				quote = *p;
			else
				*to++ = *p;
		p += *p != '\0';
		*to++ = '\0';
	}
	return n;
}

/* What an option is kept as, in bytes. */
static size_t setting_size(enum ui_kind kind)
{
	static const size_t sizes[] = {
		[UI_KIND_FLAG] = sizeof(ui_t_FLAG), [UI_KIND_SWITCH] = sizeof(ui_t_SWITCH),
		[UI_KIND_COUNT] = sizeof(ui_t_COUNT), [UI_KIND_SIZE] = sizeof(ui_t_SIZE),
		[UI_KIND_RATE] = sizeof(ui_t_RATE), [UI_KIND_TIME] = sizeof(ui_t_TIME),
		[UI_KIND_TEXT] = sizeof(ui_t_TEXT), [UI_KIND_WORD] = sizeof(ui_t_WORD),
		[UI_KIND_WORDS] = sizeof(ui_t_WORDS), [UI_KIND_OUTPUT] = sizeof(ui_t_OUTPUT),
	};

	return kind < sizeof(sizes) / sizeof(*sizes) ? sizes[kind] : 0;
}

/* The options given anew replace those before, if a run can take them up. */
static const char *merge(struct ui_settings *to, const struct ui_settings *from, bool apply)
{
	for (size_t i = 0; i < UI_OPT_COUNT; i++) {
		const struct ui_option *o = &ui_options[i];
		if (!from->given[i])
			continue;
		if (o->group != UI_TRANSFER_BIT && o->group != UI_CALL_BIT)
			return "only options of the transfer and of the call can change from run to run";
		if (!apply)
			continue;
		memcpy((char *)to + o->offset, (const char *)from + o->offset, setting_size(o->kind));
		to->given[i] = true;
	}
	return NULL;
}

/* ---- files and objects */

static enum xf_status uploads_of(struct ui_debug *d, char **operands, size_t nr, struct ui_uploads *out,
				 struct xf_error *err)
{
	enum xf_status status;

	if (nr < 2)
		return xf_fail(err, XF_INVALID, "put takes FILE and s3://BUCKET/KEY");
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(operands[i], "-"))
			return xf_fail(err, XF_INVALID, "the prompt needs standard input: name a file");
	status = ui_uploads_init(out, operands, nr, &d->extra, err);
	for (unsigned i = 0; status == XF_OK && i < out->nr; i++)
		out->list[i].resume = d->settings->resume;
	return status;
}

enum xf_status ui_debug_operands(struct ui_debug *d, char **operands, size_t nr, struct ui_uploads *uploads,
				 struct ui_downloads *downloads, struct xf_error *err)
{
	enum xf_status status;

	if (!d->download)
		return uploads_of(d, operands, nr, uploads, err);
	if (nr != 2)
		return xf_fail(err, XF_INVALID, "get takes s3://BUCKET/KEY and FILE");
	status = ui_downloads_init(downloads, operands, nr, &d->extra, err);
	if (status == XF_OK && downloads->to_stdout)
		return xf_fail(err, XF_INVALID, "the prompt needs standard output: name a file");
	return status;
}

/* The requests borrow words that stand in the struct, which has moved. */
static void adopt(struct ui_debug *d, const struct ui_uploads *uploads, const struct ui_downloads *downloads)
{
	d->uploads = *uploads;
	d->downloads = *downloads;
	for (unsigned i = 0; i < d->uploads.nr; i++)
		d->uploads.list[i].bucket = d->uploads.bucket;
	for (unsigned i = 0; i < d->downloads.nr; i++) {
		d->downloads.list[i].bucket = d->downloads.bucket;
		d->downloads.list[i].key = d->downloads.key;
		d->downloads.list[i].path = d->downloads.list[i].name = d->downloads.path;
	}
}

/* The next run's. */
static enum xf_status take_operands(struct ui_debug *d, char **operands, size_t nr, bool apply,
				    struct xf_error *err)
{
	struct ui_uploads uploads = { .list = NULL }, old_uploads = d->uploads;
	struct ui_downloads downloads = { .list = NULL }, old_downloads = d->downloads;
	enum xf_status status = ui_debug_operands(d, operands, nr, &uploads, &downloads, err);

	if (status == XF_OK && apply) {
		adopt(d, &uploads, &downloads);
		uploads = old_uploads;
		downloads = old_downloads;
	}
	ui_uploads_fini(&uploads);
	ui_downloads_fini(&downloads);
	return status;
}

/* ---- the whole line */

/* A copy that stays as long as d: settings and requests borrow its words. */
static char *keep_line(struct ui_debug *d, const char *text)
{
	char **lines = realloc(d->kept, (d->nr_kept + 1) * sizeof(*lines));

	if (!lines)
		return NULL;
	d->kept = lines;
	lines[d->nr_kept] = strdup(text);
	return lines[d->nr_kept++];
}

const char *ui_debug_arguments(void *ctx, const char *text, bool apply)
{
	struct ui_debug *d = ctx;
	static char head[5][8] = { "xferdb", "debug", "put", "f", "s3://b" };
	char *words[MAX_WORDS + 5] = { head[0], head[1], head[2], head[3], head[4] };
	struct ui_arguments a = { .command = NULL };
	struct xf_error err = XF_ERROR_INIT;
	const char *why = NULL;
	char *line = keep_line(d, text);
	int n = line ? split(line, words + 5) : 0;
	enum xf_status status = ui_arguments_parse(&a, 5 + n, words, &err);

	if (!line)
		return "out of memory";
	if (status == XF_OK)
		why = merge(d->settings, &a.settings, apply);
	if (status == XF_OK && !why && apply)
		status = ui_transfer_config(d->settings, &d->config, &err);
	if (status == XF_OK && !why && a.nr_operands > 3)
		status = take_operands(d, a.operands + 3, a.nr_operands - 3, apply, &err);
	ui_arguments_fini(&a);
	if (status == XF_OK && !why && apply) {
		free(d->given);
		d->given = strdup(text);
	}
	if (status == XF_OK)
		return why;
	snprintf(d->refused, sizeof(d->refused), "%s", err.message);
	return d->refused;
}

