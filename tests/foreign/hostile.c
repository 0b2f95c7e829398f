/*
 * hostile: uploads one object to $AWS_ENDPOINT_URL in a way that a tracer may not expect, named by
 * the first argument. Ends with 0 when the service said 200.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 65536, PIECES = 64 };

static struct sockaddr_in service = { .sin_family = AF_INET };
static char **words;

static void find_service(void)
{
	const char *url = getenv("AWS_ENDPOINT_URL");
	char host[64];
	unsigned port;

	if (!url || sscanf(url, "http://%63[0-9.]:%u", host, &port) != 2)
		exit(9);
	service.sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, host, &service.sin_addr);
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			exit(8);
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

/* What happens in the midst of it gives the descriptor it goes on with. */
static int upload(int (*midst)(int fd))
{
	static char piece[PIECE];
	char text[512];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	int rc;

	do
		rc = connect(fd, (void *)&service, sizeof(service));
	while (rc != 0 && errno == EINTR); /* handlers of programs made with sanitizers restart no call */
	if (rc != 0)
		return 7;
	snprintf(text, sizeof(text), "PUT /bucket/key HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n", PIECE * PIECES);
	send_all(fd, text, strlen(text));
	for (int i = 0; i < PIECES; i++) {
		if (i == PIECES / 2 && midst)
			fd = midst(fd);
		send_all(fd, piece, PIECE);
	}
	ssize_t n;
	do
		n = read(fd, text, sizeof(text) - 1);
	while (n < 0 && errno == EINTR);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return strstr(text, " 200 ") ? 0 : 6;
}

static int plain(void)
{
	return upload(NULL);
}

static int close_all_before(void)
{
	syscall(SYS_close_range, 0u, ~0u, 0);
	return upload(NULL);
}

/* Its socket alone survives, under another number, and comes back under the old. */
static int go_through(int fd)
{
	dup2(fd, 0);
	syscall(SYS_close_range, 3u, ~0u, 0);
	return dup2(0, fd);
}

static int close_all_within(void)
{
	return upload(go_through);
}

static int copy_and_close(int fd)
{
	int copy = dup(fd);

	close(fd);
	return copy;
}

static int copy_within(void)
{
	return upload(copy_and_close);
}

static int stop(int fd)
{
	raise(SIGSTOP);
	return fd;
}

static int stop_within(void)
{
	return upload(stop);
}

static int take_a_while(int fd)
{
	puts("in its midst");
	fflush(stdout);
	sleep(2);
	return fd;
}

static int slow(void)
{
	return upload(take_a_while);
}

static int execute_itself(void)
{
	char *again[] = { words[0], (char *)(uintptr_t)"execute-again", NULL };

	execv(words[0], again);
	return 5;
}

static int execute_again(void)
{
	char *last[] = { words[0], (char *)(uintptr_t)"plain", NULL };

	execv(words[0], last);
	return 5;
}

static int child_without_environment(void)
{
	char endpoint[256], *environment[] = { endpoint, NULL };
	char *child[] = { words[0], (char *)(uintptr_t)"plain", NULL };
	int status;
	pid_t pid = fork();

	snprintf(endpoint, sizeof(endpoint), "AWS_ENDPOINT_URL=%s", getenv("AWS_ENDPOINT_URL"));
	if (pid == 0) {
		execve(words[0], child, environment);
		_exit(5);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int background(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		usleep(300000);
		_exit(upload(NULL));
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static volatile sig_atomic_t reaped;

static void on_child(int number)
{
	int kept = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		reaped++;
	errno = kept;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	mprotect((void *)((uintptr_t)info->si_addr & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE);
}

/* Pages that a handler makes when they are touched, children that another reaps. */
static int signals_of_its_own(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	volatile char *pages = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	sigaction(SIGSEGV, &fault, NULL);
	signal(SIGCHLD, on_child);
	for (int i = 0; i < 64; i++)
		pages[4096 * i] = 1;
	for (int i = 0; i < 10; i++)
		if (fork() == 0)
			_exit(0);
	rc = upload(NULL);
	while (reaped < 10)
		usleep(1000);
	return rc;
}

/* It may read, write, make and close connections, and end; anything else is its death. */
static int sandbox(void)
{
	static const int allowed[] = { SYS_read, SYS_write, SYS_close, SYS_socket, SYS_connect, SYS_exit_group, SYS_rt_sigreturn };
	enum { NR = sizeof(allowed) / sizeof(allowed[0]) };
	struct sock_filter code[NR + 3];
	struct sock_fprog program = { .len = NR + 3, .filter = code };

	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < NR; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], (uint8_t)(NR - i), 0);
	code[NR + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[NR + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 4;
	_exit(upload(NULL));
}

static void *nothing(void *argument)
{
	return argument;
}

static int many_threads(void)
{
	for (int i = 0; i < 2000; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, nothing, NULL) != 0)
			return 3;
		if (i % 3)
			pthread_join(thread, NULL);
		else
			pthread_detach(thread);
	}
	return upload(NULL);
}

static int many_programs(void)
{
	static char name[] = "true";
	char *argv[] = { name, NULL };
	extern char **environ;

	for (int i = 0; i < 100; i++) {
		int status;
		pid_t pid;
		if (i % 2 && posix_spawnp(&pid, name, NULL, NULL, argv, environ) != 0)
			return 3;
		if (i % 2 == 0 && (pid = vfork()) == 0) {
			execvp(name, argv);
			_exit(1);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 3;
	}
	return upload(NULL);
}

static const struct {
	const char *name;
	int (*run)(void);
} ways[] = {
	{ "plain", plain },
	{ "close-all-before", close_all_before },
	{ "close-all-within", close_all_within },
	{ "copy-within", copy_within },
	{ "stop-within", stop_within },
	{ "slow", slow },
	{ "execute-itself", execute_itself },
	{ "execute-again", execute_again },
	{ "child-without-environment", child_without_environment },
	{ "background", background },
	{ "signals-of-its-own", signals_of_its_own },
	{ "sandbox", sandbox },
	{ "many-threads", many_threads },
	{ "many-programs", many_programs },
};

int main(int argc, char **argv)
{
	words = argv;
	find_service();
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return ways[i].run();
	return 2;
}
