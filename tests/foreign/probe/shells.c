/* shells: system() and popen() as POSIX and the C library have them; prints what went wrong, or "good". */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t interrupts, children;

static void handle(int signal)
{
	if (signal == SIGINT)
		interrupts++;
	else
		children++;
}

static void check(int good, const char *what)
{
	if (!good)
		printf("bad: %s\n", what);
}

static void statuses(void)
{
	errno = 77;
	check(system(NULL) != 0, "there is a shell");
	check(WEXITSTATUS(system("exit 3")) == 3, "its status");
	check(WTERMSIG(system("kill -9 $$")) == 9, "its signal");
	check(WEXITSTATUS(system("no-such-command 2>/dev/null")) == 127, "what is not found");
	check(errno == 77, "errno is left alone");
}

/* Meanwhile SIGINT and SIGQUIT are ignored, not in the shell; SIGCHLD waits, and finds nothing to say. */
static void signals(void)
{
	struct sigaction action = { .sa_handler = handle }, after;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
	check(system("kill -INT $PPID") == 0 && !interrupts, "SIGINT is ignored");
	check(WTERMSIG(system("kill -INT $$; sleep 9")) == SIGINT, "not in the shell");
	sigaction(SIGINT, NULL, &after);
	check(after.sa_handler == handle, "the handler is back");
	check(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "nobody is left");
	signal(SIGINT, SIG_IGN);
	check(system("kill -INT $$; exit 5") >> 8 == 5, "what is ignored stays so in the shell");
	signal(SIGCHLD, SIG_DFL);
}

static void *waits(void *path)
{
	char command[512];
	snprintf(command, sizeof(command), "echo $$ > %s; exec sleep 60", (char *)path);
	system(command);
	return NULL;
}

/* A thread cancelled in system() takes its shell with it. */
static void cancelled(char *path)
{
	pthread_t thread;
	void *result;
	int pid = 0;
	FILE *f;
	pthread_create(&thread, NULL, waits, path);
	while (!pid) {
		usleep(10000);
		f = fopen(path, "r");
		if (f && fscanf(f, "%d", &pid) != 1)
			pid = 0;
		if (f)
			fclose(f);
	}
	pthread_cancel(thread);
	pthread_join(thread, &result);
	check(result == PTHREAD_CANCELED, "it can be cancelled");
	check(kill(pid, 0) == -1 && errno == ESRCH, "its shell is gone");
}

static void streams(void)
{
	char line[16] = "";
	FILE *first = popen("read x; exit $x", "w"), *second = popen("echo two; exit 6", "r");
	check(fgets(line, sizeof(line), second) && !strcmp(line, "two\n"), "what it says");
	fputs("7\n", first);
	check(WEXITSTATUS(pclose(first)) == 7, "the first");
	check(WEXITSTATUS(pclose(second)) == 6, "the second");
	check(!popen("true", "x") && errno == EINVAL, "a mode there is not");
}

int main(int argc, char **argv)
{
	(void)argc;
	statuses();
	signals();
	cancelled(argv[1]);
	streams();
	printf("good\n");
	return 0;
}
