/* futexes: waits at a word of its own, by syscall(), kept and broken; and other system calls made so. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint32_t word;

static void *wakes(void *arg)
{
	usleep(20000);
	word = 1;
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
	return arg;
}

static int check(const char *what, long got, long wanted)
{
	if (got != wanted)
		printf("%s: %ld, not %ld\n", what, got, wanted);
	return got != wanted;
}

static int other_calls(void)
{
	int bad = 0;
	void *at = (void *)syscall(SYS_mmap, NULL, 4096l, (long)PROT_READ, (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1l, 0l);
	long child = syscall(SYS_clone, (long)SIGCHLD, 0l, 0l, 0l, 0l);
	int status;

	if (!child)
		_exit(7);
	bad += check("child", waitpid((pid_t)child, &status, 0), child) + check("status", WEXITSTATUS(status), 7);
	bad += check("tid", syscall(SYS_gettid), getpid()) + check("six arguments", at == MAP_FAILED, 0);
	return bad + check("close", syscall(SYS_close, -1l), -1) + check("errno", errno, EBADF);
}

int main(void)
{
	const struct timespec soon = { .tv_nsec = 10000000 }, early = { .tv_sec = 1 };
	int bad = other_calls();
	pthread_t t;

	bad += check("wake", syscall(SYS_futex, &word, FUTEX_WAKE, 1), 0);
	errno = 4711;
	bad += check("other value", syscall(SYS_futex, &word, FUTEX_WAIT, 5, &soon), -1) + check("errno", errno, EAGAIN);
	bad += check("soon", syscall(SYS_futex, &word, FUTEX_WAIT, 0, &soon), -1) + check("errno", errno, ETIMEDOUT);
	bad += check("past", syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &early, NULL, FUTEX_BITSET_MATCH_ANY), -1) +
	       check("errno", errno, ETIMEDOUT);
	pthread_create(&t, NULL, wakes, NULL);
	errno = 4711;
	while (!word)
		bad += check("wait", syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL), 0) + check("errno", errno, 4711);
	pthread_join(t, NULL);
	if (!bad)
		puts("good");
	return bad;
}
