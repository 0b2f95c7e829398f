/*
 * probe_run: a program under the probe alone, without supervisor or relay, and
 * what was recorded as text, one line a record:
 *
 *     probe_run [-n] [-k key=value]… [-H op:part:ms] CMD [ARG…]    events on fd 3 (stdout when there is none)
 *
 *     ticks process thread kind object order site name=value…      separated by tabs
 *
 * -n: records, and prints nothing (for measurements). It ends with the program's own status, or by the signal that ended it. For the tests of the preload library.
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

	if (!t->bytes)
		*t = (struct text){ process, r->id, calloc(1, (size_t)r->total + 1) };
	memcpy(t->bytes + r->at, r->bytes, r->len);
}

typedef void (*record_fn)(FILE *, const struct xf_segment *, const struct xf_record *);

static void each_record(const struct xf_segment *segments, uint32_t nr, record_fn visit, FILE *out)
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

static void print_text(FILE *out, const char *text)
{
	for (; text && *text; text++)
		fputc(*text == '\n' || *text == '\t' ? '|' : *text, out);
}

static void print_field(FILE *out, const struct xf_segment *s, const struct xf_record *r,
			const struct xf_field *f)
{
	uint64_t v = xf_field_get(r, f);

	fprintf(out, "\t%s=", f->name);
	if (f->type == XF_TYPE_text)
		print_text(out, v ? text_slot(s->header.process, (uint32_t)v)->bytes : "");
	else if (f->type == XF_TYPE_how)
		fputs(xf_how_name((enum xf_how)v), out);
	else if (f->type == XF_TYPE_op)
		fputs(xf_op_name((enum xf_op)v), out);
	else
		fprintf(out, "%lld", (long long)v);
}

static void print_record(FILE *out, const struct xf_segment *s, const struct xf_record *r)
{
	const struct xf_kind_info *info = xf_kind_info(r->kind);

	if (r->kind == XF_EV_text)
		return;
	fprintf(out, "%llu\t%u\t%u\t%s\t%u\t%llu\t%u", (unsigned long long)r->ticks, s->header.process,
		s->header.thread, info->name, r->object, (unsigned long long)r->order, r->site);
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
	fprintf(out, "dropped=%llu\tin_memory=%u\t", (unsigned long long)h->dropped, h->nr_in_memory);
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

static pid_t start(char **argv, const char *trace, int control)
{
	char path[64];
	const char *probe = getenv("T_PROBE");
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getppid(), control);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	struct tr_control *shared = tr_control_open(path);
	if (shared)
		atomic_store(&shared->program, (uint32_t)getpid());
	setenv(TR_ENV_TRACE, trace, 1);
	setenv(TR_ENV_CONTROL, path, 1);
	setenv("LD_PRELOAD", probe ? probe : "", 1);
	execvp(argv[0], argv);
	_exit(127);
}

/* As the program ended, so do we. */
static int end_like(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/probe-run-XXXXXX", trace[64];
	struct xf_trace_options options = { .path = trace };
	FILE *out = fcntl(3, F_GETFD) >= 0 ? fdopen(3, "w") : stdout;
	int fd, status, opt;
	bool silent = false;
	struct tr_control *control = tr_control_new(&fd);

	if (!control || !out || !mkdtemp(folder))
		return 125;
	snprintf(trace, sizeof(trace), "%s/t.xft", folder);
	if (xf_trace_start(&options, NULL) != XF_OK)
		return 125;
	while ((opt = getopt(argc, argv, "+k:H:n")) != -1) {
		if (opt == 'k')
			putenv(optarg);
		else if (opt == 'H')
			add_hold(control, optarg);
		else if (opt == 'n')
			silent = true;
	}
	pid_t pid = start(argv + optind, trace, fd);
	while (waitpid(pid, &status, 0) < 0)
		;
	xf_trace_stop();
	if (!silent)
		dump(trace, out);
	fprintf(out, "incomplete=%u\n", control->incomplete);
	fclose(out);
	unlink(trace);
	rmdir(folder);
	return end_like(status);
}
