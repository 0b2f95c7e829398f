/*
 * prove_run: one run, in a process of its own: this one, forked, goes on as
 * `put` or `trace` with settings of its own. So secrets and lists need not go through a
 * command line, and a run can neither end us nor change us.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tui/command/prove.h"

static volatile sig_atomic_t interrupted, running; /* running: the pid of the run */

/* ---- signals */

static void arrived(int number)
{
	interrupted = 1;
	/* from the terminal the run has it already; a second one is what it is for others, too */
	if (running > 0 && number != SIGINT)
		kill((pid_t)running, number);
}

static void signals_set(void (*handler)(int))
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = handler };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

void ui_prove_signals(void)
{
	signals_set(arrived);
}

bool ui_prove_interrupted(void)
{
	return interrupted;
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- what goes on in the run */

/* Standard input is empty for all runs alike. Output: of the first where ours goes, of the others kept. */
static void streams_set(const struct ui_prove *p, const struct ui_run *run)
{
	char path[96];
	int in = open("/dev/null", O_RDONLY), out = -1;

	dup2(in, STDIN_FILENO);
	close(in);
	if (run->show) {
		if (p->out == stderr)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		return;
	}
	snprintf(path, sizeof(path), "%s/output", p->folder);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (out < 0)
		return;
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	close(out);
}

/* The settings of `put` and `trace` as the run needs them; what stays is the user's. */
static void settings_set(struct ui_settings *s, const struct ui_run *run)
{
	static char texts[TR_MAX_WANTED][TR_WANTED_TEXT];
	static const char *items[TR_MAX_WANTED];

	for (uint32_t i = 0; i < run->nr_holds; i++)
		items[i] = tr_wanted_text(&run->holds[i], texts[i]);
	s->hold = (struct ui_list){ items, run->nr_holds };
	s->without = run->without;
	s->output = run->trace;
	s->given[UI_OPT_output] = true;
	s->quiet = true;
	s->json = s->expect = NULL;
	s->strict = false;
}

static void run_in_child(struct ui_prove *p, const struct ui_run *run)
{
	struct ui_arguments a = *p->arguments;
	int status;

	streams_set(p, run);
	settings_set(&a.settings, run);
	a.command = ui_command_find(p->is_put ? "put" : "trace");
	a.operands += p->is_put;
	a.nr_operands -= p->is_put;
	status = a.command->run(&a);
	fflush(NULL);
	_exit(status);
}

static int shell(const char *command)
{
	pid_t child;

	if (!command)
		return 0;
	child = fork();
	if (child == 0) {
		signals_set(SIG_DFL);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return child < 0 ? 127 : wait_for(child);
}

/* The last lines a run wrote, when it ended otherwise than the first. */
static void output_show(const struct ui_prove *p, int status)
{
	char path[96], line[512];
	FILE *from;

	fprintf(stderr, "xferdb: run %u ended with status %d, the first one with %d:\n", p->nr_runs + 1, status,
		p->base_status);
	snprintf(path, sizeof(path), "%s/output", p->folder);
	from = fopen(path, "r");
	if (from && !fseek(from, 0, SEEK_END) && ftell(from) > 2000)
		fseek(from, -2000, SEEK_END);
	else if (from)
		rewind(from);
	while (from && fgets(line, sizeof(line), from))
		fprintf(stderr, "  | %s", line);
	if (from)
		fclose(from);
}

int ui_prove_run_one(struct ui_prove *p, const struct ui_run *run, struct xf_error *err)
{
	int status;
	pid_t child;

	status = shell(p->settings->setup);
	if (status)
		return xf_fail(err, XF_IO, "--setup ended with status %d: nothing was uploaded", status), -1;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		signals_set(SIG_DFL);
		run_in_child(p, run);
	}
	if (child < 0)
		return xf_fail_errno(err, XF_IO, errno, "a run could not be started"), -1;
	running = (sig_atomic_t)child;
	status = wait_for(child);
	running = 0;
	if (!run->show && status != p->base_status && !interrupted && !run->without)
		output_show(p, status);
	p->nr_runs++;
	if (shell(p->settings->cleanup))
		fprintf(stderr, "xferdb: warning: --cleanup failed; the runs go on\n");
	return status;
}
