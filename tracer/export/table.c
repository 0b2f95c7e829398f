/* table: the exporters, a row each; and where what they write goes. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/export/driver.h"
#include "tracer/export/whole.h"

const struct tr_exporter tr_exporters[] = {
	{ .name = "perfetto", .extension = "json", .summary = "Chrome trace events, for ui.perfetto.dev and speedscope",
	  .begin = tr_perfetto_begin, .event = tr_perfetto_event, .span_begin = tr_perfetto_span_begin,
	  .span_end = tr_perfetto_span_end, .counter = tr_perfetto_counter, .edge = tr_perfetto_edge,
	  .end = tr_perfetto_end },
	{ .name = "perfetto-proto", .extension = "pftrace", .summary = "Perfetto's own format, with named tracks",
	  .begin = tr_proto_begin, .event = tr_proto_event, .span_begin = tr_proto_span_begin,
	  .span_end = tr_proto_span_end, .counter = tr_proto_counter, .edge = tr_proto_edge,
	  .end = tr_proto_end, .binary = true },
	{ .name = "otlp", .extension = "json", .summary = "OpenTelemetry spans (OTLP/HTTP JSON); --to sends them",
	  .begin = tr_otlp_begin, .event = tr_otlp_event, .span_begin = tr_otlp_span_begin, .span_end = tr_otlp_span_end, .end = tr_otlp_end },
	{ .name = "grafana", .extension = "json", .summary = "the same in the shape Grafana imports",
	  .begin = tr_grafana_begin, .event = tr_otlp_event, .span_begin = tr_otlp_span_begin, .span_end = tr_otlp_span_end, .end = tr_otlp_end },
	{ .name = "html", .extension = "html", .summary = "one page with timeline, verdict and evidence; needs no network",
	  .begin = tr_html_begin, .span_end = tr_html_span_end, .edge = tr_html_edge, .end = tr_html_end },
	{ .name = "svg", .extension = "svg", .summary = "the timeline as a picture",
	  .begin = tr_svg_begin, .span_end = tr_html_span_end, .edge = tr_html_edge, .end = tr_svg_end },
	{ .name = "csv", .extension = "csv", .summary = "an event a line, for spreadsheets",
	  .begin = tr_csv_begin, .event = tr_csv_event },
	{ .name = "jsonl", .extension = "jsonl", .summary = "an event a line, complete: what every other format is made from",
	  .event = tr_jsonl_event },
	{ .name = "speedscope", .extension = "speedscope.json", .summary = "where each thread was, for speedscope.app",
	  .begin = tr_speedscope_begin, .end = tr_speedscope_end },
	{ .name = "folded", .extension = "folded", .summary = "folded stacks in ns, for flame graphs of blocked time",
	  .begin = tr_folded_begin, .event = tr_folded_event, .span_begin = tr_folded_span_begin,
	  .span_end = tr_folded_span_end, .end = tr_folded_end },
	{ .name = "sqlite", .extension = "db", .summary = "tables and views to query", .to_path = true, .binary = true,
	  .begin = tr_sqlite_begin, .event = tr_sqlite_event, .span_end = tr_sqlite_span_end,
	  .edge = tr_sqlite_edge, .end = tr_sqlite_end },
	{ .name = "dot", .extension = "dot", .summary = "the happens-before graph, for Graphviz",
	  .begin = tr_dot_begin, .event = tr_dot_event, .edge = tr_dot_edge, .end = tr_dot_end },
	{ .name = "mermaid", .extension = "mmd", .summary = "the happens-before graph, for pages that draw Mermaid",
	  .begin = tr_mermaid_begin, .event = tr_mermaid_event, .edge = tr_mermaid_edge, .end = tr_mermaid_end },
	{ .name = "ctf", .extension = "ctf", .summary = "a folder in the Common Trace Format, for babeltrace2 and Trace Compass", .to_folder = true,
	  .binary = true, .begin = tr_ctf_begin, .event = tr_ctf_event, .end = tr_ctf_end },
	{ .name = "warp", .extension = "csv.zst", .summary = "requests as benchmark operations, for warp analyze and warp cmp", .binary = true,
	  .begin = tr_warp_begin, .event = tr_warp_event, .span_end = tr_warp_span_end, .end = tr_warp_end },
};
const unsigned tr_nr_exporters = sizeof(tr_exporters) / sizeof(*tr_exporters);

const struct tr_exporter *tr_exporter_at(unsigned i)
{
	return i < tr_nr_exporters ? &tr_exporters[i] : NULL;
}

const struct tr_exporter *tr_exporter_find(const char *name)
{
	for (unsigned i = 0; i < tr_nr_exporters; i++)
		if (!strcmp(tr_exporters[i].name, name))
			return &tr_exporters[i];
	return NULL;
}

const char *tr_exporter_name(const struct tr_exporter *e) { return e->name; }
const char *tr_exporter_extension(const struct tr_exporter *e) { return e->extension; }
const char *tr_exporter_summary(const struct tr_exporter *e) { return e->summary; }
bool tr_exporter_is_binary(const struct tr_exporter *e) { return e->binary; }
bool tr_exporter_is_folder(const struct tr_exporter *e) { return e->to_folder; }

/* ---- where it goes */

static enum xf_status run_to(const struct tr_exporter *as, const struct tr_export_input *input, FILE *out,
			     const char *path, struct xf_error *err)
{
	struct tr_export x = { .log = input->log, .verdicts = input->verdicts, .filter = input->filter,
			       .as = as, .out = out, .path = path, .err = err, .only_thread = TR_NONE };
	return tr_export_run(&x);
}

static enum xf_status copy(FILE *from, FILE *to, struct xf_error *err)
{
	char buf[65536];
	size_t n;
	while ((n = fread(buf, 1, sizeof(buf), from)) > 0 && fwrite(buf, 1, n, to) == n)
		;
	if (ferror(from) || ferror(to) || fflush(to))
		return xf_fail_errno(err, XF_IO, errno, "the export could not be written");
	return XF_OK;
}

/* For exporters that make their file themselves: into a temporary one, then through the stream. */
static enum xf_status stream_by_file(const struct tr_exporter *as, const struct tr_export_input *input,
				     FILE *out, struct xf_error *err)
{
	const char *folder = getenv("TMPDIR");
	char path[PATH_MAX];
	FILE *made;
	int fd;
	snprintf(path, sizeof(path), "%s/xferdb-export-XXXXXX", folder && *folder ? folder : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return xf_fail_errno(err, XF_IO, errno, "no temporary file for the export");
	enum xf_status status = run_to(as, input, NULL, path, err);
	/* the exporter wrote by name: read it by name too */
	made = status ? NULL : fopen(path, "re");
	if (!status)
		status = made ? copy(made, out, err) : xf_fail_errno(err, XF_IO, errno, "the export was lost");
	if (made)
		fclose(made);
	close(fd);
	unlink(path);
	return status;
}

enum xf_status tr_export_stream(const struct tr_exporter *as, const struct tr_export_input *input,
				FILE *out, struct xf_error *err)
{
	if (as->to_folder)
		return xf_fail(err, XF_INVALID, "%s is a folder of files: name one that is not there yet with -o", as->name);
	return as->to_path ? stream_by_file(as, input, out, err) : run_to(as, input, out, NULL, err);
}

struct whole {
	const struct tr_exporter *as;
	const struct tr_export_input *input;
};

static enum xf_status whole_write(void *ctx, FILE *out, const char *path, struct xf_error *err)
{
	const struct whole *w = ctx;
	return path ? run_to(w->as, w->input, w->as->to_path ? NULL : out, path, err) : tr_export_stream(w->as, w->input, out, err);
}

static void folder_remove(const char *path)
{
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(path);
}

/* A folder that is not there yet, or empty: made beside it, then renamed. */
static enum xf_status folder_whole(const struct tr_exporter *as, const struct tr_export_input *input,
				   const char *path, struct xf_error *err)
{
	char temporary[PATH_MAX];
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (snprintf(temporary, sizeof(temporary), "%.*s.XXXXXX", (int)len, path) >= (int)sizeof(temporary))
		return xf_fail(err, XF_INVALID, "the path for the export is too long");
	if (!mkdtemp(temporary) || chmod(temporary, 0755))
		return xf_fail_errno(err, XF_IO, errno, "%s cannot be written", path);
	enum xf_status status = run_to(as, input, NULL, temporary, err);
	if (!status && rename(temporary, path))
		status = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
			? xf_fail(err, XF_IO, "%s is there already: name a folder that is not, or an empty one", path)
			: xf_fail_errno(err, XF_IO, errno, "%s could not be written", path);
	if (status)
		folder_remove(temporary);
	return status;
}

enum xf_status tr_export_file(const struct tr_exporter *as, const struct tr_export_input *input,
			      const char *path, struct xf_error *err)
{
	struct whole whole = { as, input };
	return as->to_folder ? folder_whole(as, input, path, err) : tr_whole_write(path, whole_write, &whole, err);
}
