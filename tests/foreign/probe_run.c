/*
 * probe_run: a program under the probe alone, without supervisor or relay, and
 * what was recorded as text, one line a record:
 *
 *     probe_run [-k key=value]… [-H op:part:ms] CMD [ARG…]    events on fd 3 (stdout when there is none)
 *
 *     P0 T2 sem_wait #5.3 value=0 limit_ns=0      process, thread, kind, object.order, fields
 *
 * It ends with the program's own status. For the tests of the preload library.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "core/event/segment.h"
#include "tracer/foreign/contract.h"

enum { MAX_TEXTS = 1 << 20 };

struct text {
	uint32_t process, id;
	char *bytes;
};

static struct text texts[MAX_TEXTS];

static struct text *text_slot(uint32_t process, uint32_t id)
{
	uint32_t at = (process * 2654435761u + id * 40503u) % MAX_TEXTS;

	while (texts[at].bytes && (texts[at].process != process || texts[at].id != id))
		at = (at + 1) % MAX_TEXTS;
	return &texts[at];
}

static void keep_piece(uint32_t process, const struct xf_text_record *r)
{
	struct text *t = text_slot(process, r->id);

	if (!t->bytes) {
		*t = (struct text){ process, r->id, calloc(1, (size_t)r->total + 1) };
	}
	memcpy(t->bytes + r->at, r->bytes, r->len);
}

static void each_record(const struct xf_segment *segments, uint32_t nr,
			void (*visit)(FILE *, const struct xf_segment *, const struct xf_record *), FILE *out)
{
	for (uint32_t s = 0; s < nr; s++) {
		if (segments[s].header.magic != XF_SEGMENT_MAGIC)
			continue;
		for (uint32_t i = 0; i < XF_SEGMENT_RECORDS && segments[s].records[i].commit == XF_COMMIT; i++)
			visit(out, &segments[s], &segments[s].records[i]);
	}
}

static void collect(FILE *out, const struct xf_segment *s, const struct xf_record *r)
{
	(void)out;
	if (r->kind == XF_EV_text)
		keep_piece(s->header.process, (const struct xf_text_record *)r);
}

static void print_field(FILE *out, const struct xf_segment *s, const struct xf_record *r, const struct xf_field *f)
{
	uint64_t v = xf_field_get(r, f);

	if (f->type == XF_TYPE_text) {
		const char *text = v ? text_slot(s->header.process, (uint32_t)v)->bytes : "";
		fprintf(out, " %s=%s", f->name, text ? text : "?");
	} else if (f->type == XF_TYPE_how) {
		fprintf(out, " %s=%s", f->name, xf_how_name((enum xf_how)v));
	} else if (f->type == XF_TYPE_op) {
		fprintf(out, " %s=%s", f->name, xf_op_name((enum xf_op)v));
	} else {
		fprintf(out, " %s=%lld", f->name, (long long)v);
	}
}

static void print_record(FILE *out, const struct xf_segment *s, const struct xf_record *r)
{
	const struct xf_kind_info *info = xf_kind_info(r->kind);

	if (r->kind == XF_EV_text)
		return;
	fprintf(out, "%llu P%u T%u %s #%u.%llu", (unsigned long long)r->ticks, s->header.process,
		s->header.thread, info->name, r->object, (unsigned long long)r->order);
	if (r->site)
		fprintf(out, " site=%u", r->site);
	for (unsigned i = 0; i < info->nr_fields; i++)
		print_field(out, s, r, &info->fields[i]);
	fputc('\n', out);
}

static int dump(const char *path, FILE *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	const char *map;
	const struct xf_file_header *h;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	h = (const struct xf_file_header *)map;
	const struct xf_segment *segments = (const struct xf_segment *)(map + XF_HEADER_SIZE);
	uint32_t nr = (uint32_t)(((size_t)st.st_size - XF_HEADER_SIZE) / XF_SEGMENT_SIZE);
	each_record(segments, nr, collect, out);
	each_record(segments, nr, print_record, out);
	fprintf(out, "dropped=%llu in_memory=%u\n", (unsigned long long)h->dropped, h->nr_in_memory);
	return 0;
}

static void add_hold(struct tr_control *control, const char *spec)
{
	char op[64] = "";
	unsigned part = 0, ms = 0;
	struct tr_control_hold *h = &control->holds[0];

	sscanf(spec, "%63[^:]:%u:%u", op, &part, &ms);
	for (unsigned i = 0; i < XF_OP_COUNT; i++)
		if (strcmp(xf_op_name((enum xf_op)i), op) == 0)
			h->op = i;
	h->id = 1;
	h->where = TR_HOLD_GATE;
	h->part = part;
	h->times = 1;
	h->hold_ns = (uint64_t)ms * 1000000u;
	atomic_store(&h->state, TR_HOLD_ARMED);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/probe-run-XXXXXX", trace[64], path[64], preload[4096];
	struct xf_error error = XF_ERROR_INIT;
	struct tr_control *control;
	int fd, status, opt;
	FILE *out = fdopen(3, "w");

	control = tr_control_new(&fd);
	if (!control || !mkdtemp(folder))
		return 125;
	snprintf(trace, sizeof(trace), "%s/t.xft", folder);
	struct xf_trace_options options = { .path = trace };
	if (xf_trace_start(&options, &error) != XF_OK) {
		fprintf(stderr, "probe_run: %s\n", error.message);
		return 125;
	}
	while ((opt = getopt(argc, argv, "+k:H:")) != -1) {
		if (opt == 'k')
			putenv(optarg);
		else if (opt == 'H')
			add_hold(control, optarg);
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	snprintf(preload, sizeof(preload), "%s", getenv("T_PROBE") ? getenv("T_PROBE") : "libxferdb-probe.so");
	pid_t pid = fork();
	if (pid == 0) {
		fcntl(3, F_SETFD, FD_CLOEXEC);
		setenv(TR_ENV_TRACE, trace, 1);
		setenv(TR_ENV_CONTROL, path, 1);
		setenv("LD_PRELOAD", preload, 1);
		execvp(argv[optind], argv + optind);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	xf_trace_stop();
	dump(trace, out ? out : stdout);
	fprintf(out ? out : stdout, "incomplete=%u\n", control->incomplete);
	if (out)
		fclose(out);
	if (!getenv("T_KEEP")) {
		unlink(trace);
		rmdir(folder);
	} else {
		fprintf(stderr, "%s\n", trace);
	}
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
