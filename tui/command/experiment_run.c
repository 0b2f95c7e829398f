/*
 * One run: a process of its own, so that its CPU time and memory are its own, with its trace in
 * our folder. With --local its endpoint is new, too: faults that count requests begin
 * at one, and no run pays for the memory of those before.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tui/command/experiment.h"
#include "tui/command/local.h"
#include "tui/command/signals.h"
#include "tui/command/recording.h"

struct job {
	struct ui_words argv, environment, faults;
	struct ui_local local;
	bool has_local;
	char trace[96], text[96];   /* files in the experiment's folder */
};

/* ---- getting ready */

static enum xf_status words_of(struct job *j, struct xf_error *err, const char *const *words)
{
	enum xf_status status = XF_OK;

	for (size_t i = 0; words[i] && !status; i++)
		status = ui_words_add(&j->argv, err, "%s", words[i]);
	return status;
}

/* A put of ours, to the endpoint that was started for it, if one was. */
static enum xf_status put_words(struct ui_experiment *x, struct job *j, unsigned cell, struct xf_error *err)
{
	char pid[16];
	enum xf_status status = words_of(j, err, (const char *const[]){
		"xferdb", "put", "--quiet", "--no-verify", "-o", j->trace, NULL });

	if (!status)
		status = ui_experiment_cell(x, cell, &j->argv, &j->environment, &j->faults, err);
	if (status || !x->settings->local)
		return status ? status : words_of(j, err, (const char *const[]){ "--", x->file, x->destination, NULL });
	status = ui_local_start(&j->local, &(struct ui_list){ (const char **)(uintptr_t)j->faults.items, j->faults.nr },
				x->settings->no_sign_request, err);
	if (status)
		return status;
	j->has_local = true;
	snprintf(pid, sizeof(pid), "%d", (int)j->local.pid);
	status = ui_words_add(&j->environment, err, "AWS_ACCESS_KEY_ID=%s", j->local.access_key);
	if (!status)
		status = ui_words_add(&j->environment, err, "AWS_SECRET_ACCESS_KEY=%s", j->local.secret_key);
	return status ? status : words_of(j, err, (const char *const[]){
		"--region=us-east-1", "--endpoint-pid", pid, "--endpoint-url", j->local.endpoint_url, "--", x->file, x->destination, NULL });
}

/* Another program under trace, which starts its endpoint itself. */
static enum xf_status trace_words(struct ui_experiment *x, struct job *j, unsigned cell, struct xf_error *err)
{
	enum xf_status status = words_of(j, err, (const char *const[]){
		"xferdb", "trace", "--quiet", "-o", j->trace, x->settings->local ? "--local" : NULL, NULL });

	if (!status)
		status = ui_experiment_cell(x, cell, &j->argv, &j->environment, &j->faults, err);
	for (size_t i = 0; i < j->faults.nr && !status; i++)
		status = ui_words_add(&j->argv, err, "--fault=%s", j->faults.items[i]);
	if (!status)
		status = ui_words_add(&j->argv, err, "--");
	for (size_t i = 0; i < x->nr_argv && !status; i++)
		status = ui_words_add(&j->argv, err, "%s", x->argv[i]);
	return status;
}

static enum xf_status job_make(struct ui_experiment *x, struct job *j, unsigned cell, struct xf_error *err)
{
	snprintf(j->trace, sizeof(j->trace), "%s/run.xft", x->folder);
	snprintf(j->text, sizeof(j->text), "%s/run.txt", x->folder);
	unlink(j->trace);
	return x->file ? put_words(x, j, cell, err) : trace_words(x, j, cell, err);
}

/* The endpoint's end is waited for, so that it does not take time from the next run. */
static void job_fini(struct job *j)
{
	if (j->has_local) {
		ui_local_stop(&j->local);
		waitpid(j->local.pid, NULL, 0);
	}
	for (size_t i = 0; i < j->environment.nr; i++)
		explicit_bzero(j->environment.items[i], strlen(j->environment.items[i]));
	ui_words_fini(&j->argv);
	ui_words_fini(&j->environment);
	ui_words_fini(&j->faults);
}

/* ---- the process */

/* Between fork and exec. Its own process group: Ctrl-C reaches it once, from us. */
static void child(struct job *j, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY), text = open(j->text, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(125);
	dup2(null, STDIN_FILENO);
	dup2(text, STDOUT_FILENO);
	dup2(text, STDERR_FILENO);
	for (size_t i = 0; i < j->environment.nr; i++)
		putenv(j->environment.items[i]);
	if (j->has_local) {
		unsetenv("AWS_SESSION_TOKEN");
		unsetenv("AWS_PROFILE");
	}
	ui_signals_restore_in_child();
	execv("/proc/self/exe", j->argv.items);
	_exit(127);
}

static int64_t timeval_ns(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_usec * 1000;
}

/* Its end is awaited before it is reaped: until then the number is its own, and a signal finds it. */
static void reap(struct ui_experiment *x, pid_t pid, uint64_t begin_ns, struct tr_sample *run)
{
	siginfo_t info;
	struct rusage usage = { 0 };
	int status = 0;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) && errno == EINTR)
		;
	run->process_ns = (int64_t)(xf_clock_mono_ns() - begin_ns);
	atomic_store(&x->child, 0);
	wait4(pid, &status, 0, &usage);
	run->user_ns = timeval_ns(usage.ru_utime);
	run->system_ns = timeval_ns(usage.ru_stime);
	run->max_rss = (int64_t)usage.ru_maxrss * 1024;
	run->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static enum xf_status spawn(struct ui_experiment *x, struct job *j, struct tr_sample *run, struct xf_error *err)
{
	uint64_t begin_ns = xf_clock_mono_ns();
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(j, parent);
	if (pid < 0)
		return xf_fail_errno(err, XF_IO, errno, "a run could not be started");
	atomic_store(&x->child, pid);
	if (ui_signals_count()) /* it arrived just before */
		kill(pid, SIGINT);
	reap(x, pid, begin_ns, run);
	return XF_OK;
}

/* ---- what came of it */

/* The last line of what it said, as the reason why it failed. */
static void error_read(const struct job *j, struct tr_sample *run)
{
	FILE *from = fopen(j->text, "r");
	char line[1024], *text;

	while (from && fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		text = strncmp(line, "xferdb: ", 8) ? line : line + 8;
		if (*text)
			xf_text_sanitise(run->error, sizeof(run->error), text, strlen(text));
	}
	if (from)
		fclose(from);
	if (!*run->error && run->exit_status > 128)
		snprintf(run->error, sizeof(run->error), "ended by signal %d", run->exit_status - 128);
	else if (!*run->error)
		snprintf(run->error, sizeof(run->error), "it said nothing; exit status %d", run->exit_status);
}

static void trace_read(const struct ui_experiment *x, const struct job *j, unsigned cell, struct tr_sample *run)
{
	struct ui_recording trace;
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = ui_recording_open(&trace, j->trace, true, &err);

	if (!status)
		status = tr_sample_read(run, trace.log, &trace.verdicts, &err);
	if (!status && x->predict && !cell)
		status = ui_experiment_foretell(x, &trace, run, &err);
	if (status && !*run->error)
		snprintf(run->error, sizeof(run->error), "%.190s", err.message);
	ui_recording_close(&trace);
}

enum xf_status ui_experiment_once(struct ui_experiment *x, unsigned cell, struct tr_sample *run, struct xf_error *err)
{
	struct job j = { .local = { .lifeline = -1, .pid = -1 } };
	enum xf_status status;

	*run = (struct tr_sample){ .wall_ns = -1, .stored_ns = -1 };
	status = job_make(x, &j, cell, err);
	if (!status)
		status = spawn(x, &j, run, err);
	if (!status) {
		if (run->exit_status)
			error_read(&j, run);
		trace_read(x, &j, cell, run);
		if (run->wall_ns < 0)
			run->wall_ns = run->process_ns; /* no call was seen: the process */
	}
	job_fini(&j);
	return status;
}
