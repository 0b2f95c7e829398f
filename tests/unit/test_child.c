/* What a tracer leaves behind that is killed: no child that waits for it, and no call without an answer. */
#include "tests/unit/t.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/foreign/child.h"
#include "tracer/foreign/keeper.h"
#include "tracer/foreign/notify.h"

/* Runs a tracer that is killed; the pid of its program, which is our child then. */
static pid_t of_killed_tracer(void (*trace)(int tell))
{
	pid_t tracer, program = 0;
	int told[2];

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_int_equal(pipe(told), 0);
	tracer = fork();
	if (tracer == 0) {
		trace(told[1]);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(tracer, NULL, 0), tracer);
	assert_int_equal(read(told[0], &program, sizeof(program)), sizeof(program));
	close(told[0]);
	close(told[1]);
	return program;
}

/* Its wait status; -1: it still waits. */
static int end_of(pid_t program)
{
	int status = -1;

	for (int i = 0; i < 1000; i++, poll(NULL, 0, 10))
		if (waitpid(program, &status, WNOHANG) == program)
			return status;
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
	return -1;
}

static void begin(struct tr_child *child, int tell)
{
	static char name[] = "/bin/true", *const argv[] = { name, NULL };
	struct tr_child_plan plan = { .path = name, .argv = argv, .envp = argv + 1, .stdout_fd = -1 };

	if (tr_child_start(&plan, child, NULL) == XF_OK)
		(void)!write(tell, &child->pid, sizeof(child->pid));
}

static void before_the_filter(int tell)
{
	struct tr_child child;

	begin(&child, tell);
}

static void before_the_exec(int tell)
{
	struct tr_child child;

	begin(&child, tell);
	tr_child_filter(&child);
}

static void a_program_that_has_not_begun_ends_with_its_tracer(void **state)
{
	(void)state;
	/* killed, or by itself where it finds its tracer gone already */
	assert_int_not_equal(end_of(of_killed_tracer(before_the_filter)), -1);
	assert_int_not_equal(end_of(of_killed_tracer(before_the_exec)), -1);
}

/* Makes one call that is looked at, once the tracer has the listener. */
static void make_a_call(int up, int go)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_yield, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	bool nnp;
	char c;
	int listener = tr_notify_install(code, sizeof(code) / sizeof(code[0]), &nnp);

	if (write(up, &listener, sizeof(listener)) != sizeof(listener) || read(go, &c, 1) != 1)
		_exit(1);
	close(listener);
	_exit(sched_yield() == 0 ? 42 : 2);
}

static void with_a_call_in_hand(int tell)
{
	struct tr_keeper keeper = { .pid = 0 };
	struct tr_notice n;
	int up[2], go[2], number = -1, listener;
	pid_t program;

	if (pipe(up) != 0 || pipe(go) != 0)
		return;
	program = fork();
	if (program == 0)
		make_a_call(up[1], go[0]);
	if (read(up[0], &number, sizeof(number)) != sizeof(number))
		return;
	listener = tr_notify_copy_fd((uint32_t)program, (uint32_t)program, number);
	tr_keeper_start(&keeper, listener);
	if (write(go[1], "g", 1) == 1 && tr_notify_receive(listener, &n))
		tr_keeper_received(&keeper, n.id);
	(void)!write(tell, &program, sizeof(program));
}

static void a_call_in_the_hands_of_a_killed_tracer_goes_on(void **state)
{
	int status;

	(void)state;
	if (!tr_notify_available() || tr_notify_is_taken())
		skip();
	status = end_of(of_killed_tracer(with_a_call_in_hand));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_program_that_has_not_begun_ends_with_its_tracer),
	cmocka_unit_test(a_call_in_the_hands_of_a_killed_tracer_goes_on),
};

T_MAIN(tests)
