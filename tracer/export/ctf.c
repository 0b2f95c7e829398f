/*
 * ctf: the Common Trace Format, version 1.8 (diamon.org/ctf), for babeltrace2 and Trace Compass: a folder
 * with `metadata` (TSDL, as text) and one binary stream of packets.
 *
 * Every event of the log is one event, in the log's order. A stream's clock may not go back, which times of
 * different threads may by some ns: the timestamp is then that of the event before, and `t_ns` in the event's context
 * is the trace's own. Also there: seq, vpid and vtid, the thread's name, object, file and line. Fields are those of
 * the kind, behind an underscore, which readers take away (a field's name may be a word of TSDL). Everything is
 * aligned to bytes, little-endian; texts end with NUL, which none of ours contains.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/export/driver.h"
#include "tracer/export/ids.h"
#include "tracer/export/text.h"

enum { PACKET = 256 << 10, HEAD = 4 + 4 + 4 * 8 }; /* magic, stream; begin, end, content, packet */

struct ctf {
	FILE *stream, *m;       /* the file; the events of the packet at hand */
	char *events;
	size_t len;
	uint32_t *tids;
	uint64_t begin_ns, last_ns; /* of the packet; of the event before */
	bool any;               /* events are at hand */
};

/* ---- metadata */

static const char *tsdl_type(const struct xf_field *f)
{
	switch (f->type) {
	case XF_TYPE_u8: case XF_TYPE_flag: return "uint8_t";
	case XF_TYPE_u16: return "uint16_t";
	case XF_TYPE_u32: return "uint32_t";
	case XF_TYPE_i32: return "int32_t";
	case XF_TYPE_i64: return "int64_t";
	case XF_TYPE_addr: return "hex64_t";
	case XF_TYPE_u64: case XF_TYPE_ns: case XF_TYPE_bytes: return "uint64_t";
	default: return "string";
	}
}

static void put_metadata(struct tr_export *x, FILE *out)
{
	const struct xf_file_header *h = tr_log_header(x->log);
	static const int sizes[] = { 8, 16, 32, 64 };
	fputs("/* CTF 1.8 */\n\n", out);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		fprintf(out, "typealias integer { size = %d; align = 8; signed = false; } := uint%d_t;\n"
			"typealias integer { size = %d; align = 8; signed = true; } := int%d_t;\n", sizes[i], sizes[i], sizes[i], sizes[i]);
	fputs("typealias integer { size = 64; align = 8; signed = false; base = 16; } := hex64_t;\n\n"
	      "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n"
	      "\tpacket.header := struct {\n\t\tuint32_t magic;\n\t\tuint32_t stream_id;\n\t};\n};\n\n", out);
	fprintf(out, "env {\n\ttracer_name = \"xferdb\";\n\ttracer_version = \"" XFERDB_VERSION "\";\n\ttrace_version = %u;\n};\n\n"
		"clock {\n\tname = monotonic;\n\tdescription = \"ns from the trace's start\";\n\tfreq = 1000000000;\n"
		"\toffset_s = %" PRIu64 ";\n\toffset = %" PRIu64 ";\n};\n\n"
		"typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := clock64_t;\n\n", XF_TRACE_VERSION,
		h->real_ns / 1000000000, h->real_ns % 1000000000);
	fputs("stream {\n\tid = 0;\n\tpacket.context := struct {\n\t\tclock64_t timestamp_begin;\n\t\tclock64_t timestamp_end;\n"
	      "\t\tuint64_t content_size;\n\t\tuint64_t packet_size;\n\t};\n"
	      "\tevent.header := struct {\n\t\tuint16_t id;\n\t\tclock64_t timestamp;\n\t};\n"
	      "\tevent.context := struct {\n\t\tuint64_t _seq;\n\t\tint64_t _t_ns;\n\t\tuint32_t _vpid;\n\t\tuint32_t _vtid;\n\t\tstring _procname;\n"
	      "\t\tstring _object;\n\t\tstring _file;\n\t\tuint32_t _line;\n\t};\n};\n", out);
	for (unsigned kind = 1; kind < XF_EV_COUNT; kind++) {
		const struct xf_kind_info *info = xf_kind_info(kind);
		fprintf(out, "\nevent {\n\tname = \"%s\";\n\tid = %u;\n\tstream_id = 0;\n\tfields := struct {\n", info->name, kind);
		for (unsigned i = 0; i < info->nr_fields; i++)
			fprintf(out, "\t\t%s _%s;\n", tsdl_type(&info->fields[i]), info->fields[i].name);
		fputs("\t};\n};\n", out);
	}
}

/* ---- the stream */

static void put_number(FILE *out, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		putc((int)(value >> 8 * i & 0xff), out);
}

static void put_text(FILE *out, const char *text)
{
	tr_put_utf8(out, text);
	putc('\0', out);
}

static void packet_end(struct tr_export *x)
{
	struct ctf *p = x->state;
	uint64_t bits;
	if (!p->any)
		return;
	if (fflush(p->m)) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	bits = ((uint64_t)p->len + HEAD) * 8;
	put_number(p->stream, 0xc1fc1fc1, 4);
	put_number(p->stream, 0, 4);
	put_number(p->stream, p->begin_ns, 8);
	put_number(p->stream, p->last_ns, 8);
	put_number(p->stream, bits, 8);
	put_number(p->stream, bits, 8);
	fwrite(p->events, 1, p->len, p->stream);
	if (ferror(p->stream) && !x->status)
		x->status = xf_fail_errno(x->err, XF_IO, errno, "the export could not be written");
	rewind(p->m);
	p->any = false;
}

static void put_field(struct tr_export *x, const struct tr_event *e, const struct xf_field *f)
{
	struct ctf *p = x->state;
	uint64_t value = xf_field_get(e->record, f);
	const char *type = tsdl_type(f);
	char word[4200];
	if (!strcmp(type, "string"))
		put_text(p->m, tr_event_field_text(x->log, e, f, word, sizeof(word)));
	else
		put_number(p->m, value, strstr(type, "64") ? 8 : strstr(type, "32") ? 4 : strstr(type, "16") ? 2 : 1);
}

void tr_ctf_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	struct ctf *p = x->state;
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	struct tr_site site = tr_event_site(x->log, e);
	uint64_t now = e->t_ns > 0 ? (uint64_t)e->t_ns : 0;
	(void)place;
	now = now < p->last_ns ? p->last_ns : now;
	p->begin_ns = p->any ? p->begin_ns : now;
	p->any = true;
	p->last_ns = now;
	put_number(p->m, (uint64_t)e->kind, 2);
	put_number(p->m, now, 8);
	put_number(p->m, e->index, 8);
	put_number(p->m, (uint64_t)e->t_ns, 8);
	put_number(p->m, tr_export_pid(x->log, e->thread), 4);
	put_number(p->m, p->tids[e->thread], 4);
	put_text(p->m, tr_log_thread(x->log, e->thread)->name);
	put_text(p->m, e->object == TR_NONE ? "" : tr_log_object(x->log, e->object)->name);
	put_text(p->m, site.file);
	put_number(p->m, site.line, 4);
	for (unsigned i = 0; i < info->nr_fields; i++)
		put_field(x, e, &info->fields[i]);
	if (ftell(p->m) > PACKET)
		packet_end(x);
}

/* ---- the folder */

static FILE *file_in(struct tr_export *x, const char *name)
{
	char path[4200];
	int fd;
	FILE *out;
	snprintf(path, sizeof(path), "%s/%s", x->path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (fd >= 0 && !out)
		close(fd);
	if (!out)
		x->status = xf_fail_errno(x->err, XF_IO, errno, "%s could not be written", path);
	return out;
}

static void file_close(struct tr_export *x, FILE *out)
{
	bool bad = out && ferror(out);
	if (out && (fclose(out) || bad) && !x->status)
		x->status = xf_fail_errno(x->err, XF_IO, errno, "the export could not be written");
}

void tr_ctf_begin(struct tr_export *x)
{
	struct ctf *p = x->state = calloc(1, sizeof(*p));
	FILE *metadata;
	if (p) {
		p->tids = tr_export_tids(x->log);
		p->m = open_memstream(&p->events, &p->len);
	}
	if (!p || !p->tids || !p->m) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	metadata = file_in(x, "metadata");
	if (metadata)
		put_metadata(x, metadata);
	file_close(x, metadata);
	if (!x->status)
		p->stream = file_in(x, "stream");
	if (p->stream)
		setvbuf(p->stream, NULL, _IOFBF, 1 << 18);
}

void tr_ctf_end(struct tr_export *x)
{
	struct ctf *p = x->state;
	if (!p)
		return;
	if (!x->status)
		packet_end(x);
	file_close(x, p->stream);
	if (p->m)
		fclose(p->m);
	free(p->events);
	free(p->tids);
	free(p);
}
