/* processes: forked, vforked, spawned, replaced, killed; prints the sum of their exit statuses. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *one(void *arg)
{
	usleep(100);
	return arg;
}

static void make_a_thread(void)
{
	pthread_t t;
	pthread_create(&t, NULL, one, NULL);
	pthread_join(t, NULL);
}

static int wait_for(pid_t pid)
{
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static pid_t forks(int i)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	make_a_thread();
	if (i % 2)
		_exit(1);
	exit(1);
}

static pid_t vforks(void)
{
	pid_t pid = vfork();
	if (pid)
		return pid;
	close(0);
	dup2(2, 0);
	execl("/bin/sh", "sh", "-c", "exit 2", (char *)NULL);
	_exit(99);
}

static pid_t spawns(void)
{
	char *const argv[] = { "sh", "-c", "exit 4", NULL };
	pid_t pid;
	return posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) ? -1 : pid;
}

static pid_t is_killed(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		make_a_thread();
		raise(SIGKILL);
	}
	return pid;
}

int main(int argc, char **argv)
{
	int sum = 0, nr = argc > 1 ? atoi(argv[1]) : 8;
	pid_t pids[512];

	if (argc > 2) {
		printf("replaced\n");
		return 7;
	}
	make_a_thread();
	for (int i = 0; i < nr; i++)
		pids[i] = forks(i);
	for (int i = 0; i < nr; i++)
		sum += wait_for(pids[i]);
	sum += wait_for(vforks());
	sum += wait_for(vforks());
	sum += wait_for(spawns());
	sum += wait_for(is_killed());
	make_a_thread();
	printf("%d\n", sum);
	fflush(stdout);
	execl("/proc/self/exe", "again", "1", "again", (char *)NULL);
	return 98;
}
