/*
 * demo: the question answered: one file, every way an upload can be called, side
 * by side. Each way is a run of `put` in a process of its own, against one
 * embedded endpoint; what the table says comes from the runs' traces. With --boto3
 * the ways are small programs that use the real boto3, each under `trace --local`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tui/command/arguments.h"
#include "tui/command/conclude.h"
#include "tui/command/json.h"
#include "tui/command/local.h"
#include "tui/command/report.h"
#include "tui/command/signals.h"

static const struct way {
	const char *label;
	const char *options[4]; /* of put; boto3: the lines between "begin" and "end", and those after it */
} own_ways[] = {
	{ "threads, as boto3", { "--verify" } },
	{ "no threads", { "--verify", "--no-threads" } },
	{ "waits for result only", { "--verify", "--wait=result" } },
	{ "leaves the manager only", { "--verify", "--wait=exit" } },
	{ "fire and forget", { "--verify", "--wait=none" } },
	{ "fire, and end at once", { "--no-verify", "--wait=none", "--linger=0" } },
};
static const struct way boto3_ways[] = {
	{ "threads, the plain call", { "s3.upload_fileobj(source, 'demo', 'key')" } },
	{ "no threads", { "s3.upload_fileobj(source, 'demo', 'key', Config=TransferConfig(use_threads=False))" } },
	{ "waits for result only", { "m = TransferManager(s3)\nm.upload(source, 'demo', 'key').result()" } },
	{ "leaves the manager only", { "with TransferManager(s3) as m:\n    m.upload(source, 'demo', 'key')" } },
	{ "fire and forget", { "m = TransferManager(s3)\nf = m.upload(source, 'demo', 'key')",
			       "while not f.done():\n    time.sleep(0.05)" } },
	{ "fire, and end at once", { "m = TransferManager(s3)\nm.upload(source, 'demo', 'key')" } },
};
enum { NR_WAYS = sizeof(own_ways) / sizeof(*own_ways), DEFAULT_SIZE = 100 << 20 };
_Static_assert(sizeof(boto3_ways) == sizeof(own_ways), "as many ways of boto3 as of our own");

struct demo {
	const struct ui_settings *settings;
	const struct way *ways;
	struct ui_local local;
	char folder[64];               /* of the traces */
	int file;                      /* what is uploaded; has no name */
	struct ui_recording traces[NR_WAYS];
	FILE *out;
	struct ui_style style;
};

/* ---- the file, and the folder of traces */

static char demo_folder[64]; /* for the signal helper */

static void trace_path(const char *folder, unsigned way, char path[96])
{
	snprintf(path, 96, "%s/way-%u.xft", folder, way + 1);
}

static void script_path(const char *folder, unsigned way, char path[96])
{
	snprintf(path, 96, "%s/way-%u.py", folder, way + 1);
}

static void folder_remove(const char *folder)
{
	char path[96];

	for (unsigned i = 0; i < NR_WAYS; i++) {
		trace_path(folder, i, path);
		unlink(path);
		script_path(folder, i, path);
		unlink(path);
	}
	rmdir(folder);
}

static void signal_arrived(void *ctx, int number, unsigned count)
{
	(void)ctx, (void)number, (void)count;
	folder_remove(demo_folder);
	_exit(UI_EXIT_INTERRUPTED);
}

/* Cheap bytes of which no two MiB are alike. */
static bool file_fill(int fd, uint64_t size)
{
	static uint64_t block[1 << 17];
	uint64_t x = 88172645463325252u;

	for (uint64_t at = 0; at < size; at += sizeof(block)) {
		size_t len = size - at < sizeof(block) ? (size_t)(size - at) : sizeof(block);
		for (size_t i = 0; i < sizeof(block) / sizeof(*block); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			block[i] = x;
		}
		if (write(fd, block, len) != (ssize_t)len)
			return false;
	}
	return true;
}

static const char *temporary_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && strlen(folder) < 32 ? folder : "/tmp";
}

static const char PYTHON[] = "/usr/bin/python3";

static enum xf_status script_write(const struct demo *d, unsigned way, struct xf_error *err)
{
	char path[96];
	FILE *to;

	script_path(d->folder, way, path);
	to = fopen(path, "w");
	if (!to)
		return xf_fail_errno(err, XF_IO, errno, "cannot write %s", path);
	fprintf(to, "import time\nimport boto3\nfrom boto3.s3.transfer import TransferConfig\n"
		"from s3transfer.manager import TransferManager\n"
		"s3 = boto3.client('s3', region_name='us-east-1')\n"
		"source = open('/proc/%d/fd/%d', 'rb')\nprint('begin', flush=True)\n%s\nprint('end', flush=True)\n%s\n",
		(int)getpid(), d->file, d->ways[way].options[0],
		d->ways[way].options[1] ? d->ways[way].options[1] : "");
	return fclose(to) ? xf_fail_errno(err, XF_IO, errno, "cannot write %s", path) : XF_OK;
}

static enum xf_status scripts_write(const struct demo *d, struct xf_error *err)
{
	enum xf_status status = XF_OK;

	if (access(PYTHON, X_OK))
		return xf_fail(err, XF_NOT_FOUND, "--boto3 needs %s with boto3 (Debian: python3-boto3)", PYTHON);
	for (unsigned i = 0; i < NR_WAYS && !status; i++)
		status = script_write(d, i, err);
	return status;
}

static enum xf_status prepare(struct demo *d, struct xf_error *err)
{
	uint64_t size = d->settings->given[UI_OPT_size] ? d->settings->size : DEFAULT_SIZE;
	char name[96];

	snprintf(d->folder, sizeof(d->folder), "%s/xferdb-demo.XXXXXX", temporary_folder());
	if (!mkdtemp(d->folder))
		return xf_fail_errno(err, XF_IO, errno, "cannot make a folder in %s", temporary_folder());
	memcpy(demo_folder, d->folder, sizeof(demo_folder));
	ui_signals_start(signal_arrived, NULL);
	snprintf(name, sizeof(name), "%s/file.XXXXXX", d->folder);
	d->file = mkstemp(name); /* inherited by the runs, which open it as /proc/self/fd/N */
	if (d->file >= 0)
		unlink(name);
	if (d->file < 0 || !file_fill(d->file, size))
		return xf_fail_errno(err, XF_IO, errno, "cannot make a file to upload in %s", temporary_folder());
	/* each boto3 program has an endpoint of its own: `trace` fails closed with it */
	return d->settings->boto3 ? scripts_write(d, err) : ui_local_start(&d->local, NULL, false, err);
}

/* ---- the runs */

static void run_exec(const struct demo *d, unsigned way, const char *trace)
{
	char file[32], key[64];
	const char *argv[20] = { "xferdb", "put", "--quiet", "--region=us-east-1", "--endpoint-url",
				 d->local.endpoint_url, "-o", trace };
	size_t n = 8;

	snprintf(file, sizeof(file), "/proc/self/fd/%d", d->file);
	snprintf(key, sizeof(key), "s3://demo/way-%u", way + 1);
	for (unsigned i = 0; i < 4 && own_ways[way].options[i]; i++)
		argv[n++] = own_ways[way].options[i];
	argv[n++] = file;
	argv[n++] = key;
	setenv("AWS_ACCESS_KEY_ID", d->local.access_key, 1);
	setenv("AWS_SECRET_ACCESS_KEY", d->local.secret_key, 1);
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_PROFILE");
	ui_signals_restore_in_child();
	execv("/proc/self/exe", (char **)(uintptr_t)argv);
	_exit(127);
}

/* The program's "begin" and "end" are for the trace, not for people. */
static void boto3_exec(const struct demo *d, unsigned way, const char *trace)
{
	char script[96];
	const char *argv[] = { "xferdb", "trace", "--quiet", "--local", "--call", "out:begin:end", "-o", trace,
			       "--", PYTHON, script, NULL };
	int null = open("/dev/null", O_WRONLY);

	script_path(d->folder, way, script);
	dup2(null, STDOUT_FILENO);
	ui_signals_restore_in_child();
	execv("/proc/self/exe", (char **)(uintptr_t)argv);
	_exit(127);
}

static enum xf_status run_one(struct demo *d, unsigned way, struct xf_error *err)
{
	char trace[96];
	int status = 0;
	pid_t child;

	trace_path(d->folder, way, trace);
	fflush(NULL);
	child = fork();
	if (child == 0 && d->settings->boto3)
		boto3_exec(d, way, trace);
	if (child == 0)
		run_exec(d, way, trace);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return xf_fail_errno(err, XF_IO, errno, "the run '%s' could not be started", d->ways[way].label);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return xf_fail(err, XF_IO, "the run '%s' failed", d->ways[way].label);
	return ui_recording_open(&d->traces[way], trace, true, err);
}

/* ---- the table */

/* "result 512 ms, manager exit 1 ms": what the caller waited on. */
static void waited_text(const struct tr_verdict *v, char *buf, size_t cap)
{
	char time[32];
	size_t len = 0;

	snprintf(buf, cap, "nothing");
	for (uint32_t i = 0; i < v->barriers.nr && len < cap; i++)
		len += (size_t)snprintf(buf + len, cap - len, "%s%s %s", len ? ", " : "", v->barriers.list[i].name,
					ui_time_text((int64_t)v->barriers.list[i].wait_ns, time, sizeof(time)));
	if (v->basis == TR_BASIS_INLINE)
		snprintf(buf, cap, "its own work");
}

static void head_print(const struct demo *d)
{
	fprintf(d->out, "%-24s %-23s %-14s %-9s %-7s %-12s %s\n", "WAY TO CALL", "ANSWER", "PROOF", "CALL TOOK", "ORDERED",
		"OUTCOME", "THE CALLER WAITED ON");
}

static void row_print(const struct demo *d, unsigned way)
{
	const struct tr_verdict *v = &d->traces[way].verdicts.list[0];
	enum ui_tone tone = ui_tone_of(v->answer);
	char waited[128], took[32], ordered[32], heading[64];

	waited_text(v, waited, sizeof(waited));
	snprintf(ordered, sizeof(ordered), "%u/%u", v->parts_ordered, v->parts);
	snprintf(heading, sizeof(heading), "%s", tr_answer_heading(v->answer, v->basis));
	/* "WAITS, by luck or by design: not proved" is longer than a column */
	if (strlen(heading) > 24)
		snprintf(heading, sizeof(heading), "NOT PROVED");
	fprintf(d->out, "%-24s %s%s %-*s%s %-14s %-9s %-7s %-12s %s\n", d->ways[way].label,
		ui_tone_begin(d->style, tone), ui_tone_mark(d->style, tone), d->style.utf8 ? 21 : 19, heading,
		ui_tone_end(d->style), tr_basis_name(v->basis),
		ui_time_text(v->return_ns < 0 ? -1 : v->return_ns - v->enter_ns, took, sizeof(took)), ordered,
		tr_outcome_name(v->outcome), waited);
	fflush(d->out);
}

static void answer_print(const struct demo *d)
{
	const struct ui_recording *t = &d->traces[0];
	struct ui_report report = { t->log, &t->verdicts, d->style, NULL, true };
	const struct tr_verdict *v = &t->verdicts.list[0];

	fprintf(d->out, "\nSo: ");
	ui_report_heading(d->out, &report, v);
	fprintf(d->out, "\nThe evidence for part 1 of the first way, from its end to the return:\n");
	if (!ui_report_evidence(d->out, &report, v, 1))
		fprintf(d->out, "  none\n");
	fprintf(d->out, "\nYour own file: xferdb put FILE s3://BUCKET/KEY   (or --local, without any account)\n");
}

/* ---- JSON: the first way's document, with the calls of all */

static void summary_add(json_t *sum, json_t *other)
{
	const char *key;
	json_t *value;

	json_object_foreach(other, key, value)
		json_object_set_new(sum, key, json_integer(json_integer_value(json_object_get(sum, key)) +
							   json_integer_value(value)));
}

static json_t *document_of(const struct ui_recording *trace)
{
	struct ui_document document = { "demo", trace->log, &trace->verdicts, NULL };

	return ui_document_json(&document);
}

static enum xf_status json_print(const struct demo *d, struct xf_error *err)
{
	json_t *all = document_of(&d->traces[0]);
	enum xf_status status;

	for (unsigned i = 1; i < NR_WAYS; i++) {
		json_t *one = document_of(&d->traces[i]);
		json_array_extend(json_object_get(all, "calls"), json_object_get(one, "calls"));
		summary_add(json_object_get(all, "summary"), json_object_get(one, "summary"));
		json_decref(one);
	}
	status = ui_json_write(all, d->settings->json, err);
	json_decref(all);
	return status;
}

static enum xf_status demo_run(struct demo *d, struct xf_error *err)
{
	enum xf_status status = prepare(d, err);

	if (!status && !d->settings->quiet)
		head_print(d);
	for (unsigned i = 0; i < NR_WAYS && !status; i++) {
		status = run_one(d, i, err);
		if (!status && !d->settings->quiet)
			row_print(d, i);
	}
	if (!status && !d->settings->quiet)
		answer_print(d);
	fflush(d->out);
	return !status && d->settings->json ? json_print(d, err) : status;
}

int ui_demo_run(struct ui_arguments *arguments)
{
	struct demo d = { .settings = &arguments->settings,
			  .ways = arguments->settings.boto3 ? boto3_ways : own_ways, .file = -1, .local = { .lifeline = -1 } };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status;

	d.out = ui_text_stream(d.settings);
	d.style = ui_style_for(d.out, d.settings);
	status = demo_run(&d, &err);
	if (status)
		fprintf(stderr, "xferdb: %s\n", err.message);
	for (unsigned i = 0; i < NR_WAYS; i++)
		ui_recording_close(&d.traces[i]);
	ui_local_stop(&d.local);
	ui_signals_stop();
	folder_remove(d.folder);
	if (d.file >= 0)
		close(d.file);
	return status ? UI_EXIT_FAILED : UI_EXIT_DONE;
}
