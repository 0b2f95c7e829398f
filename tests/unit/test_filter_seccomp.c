/* filter: the BPF program, run by a small interpreter over made-up calls. */
#include "tests/unit/t.h"

#include <errno.h>
#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tracer/foreign/contract.h"
#include "tracer/foreign/filter.h"

enum { LOOK = 0x7fc00000 };

/* As the kernel runs it; only the instructions the builder writes. */
static uint32_t run(const struct sock_filter *code, unsigned short len, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (unsigned pc = 0; pc < len; pc++) {
		const struct sock_filter *i = &code[pc];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, (const char *)d + i->k, 4); break;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K: pc += a == i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGE | BPF_K: pc += a >= i->k ? i->jt : i->jf; break;
		case BPF_RET | BPF_K: return i->k;
		default: fail_msg("instruction %u", i->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t ask(unsigned wants, struct seccomp_data d)
{
	struct sock_filter code[TR_FILTER_MAX];
	unsigned short len = tr_seccomp_build(wants, LOOK, code);

	assert_true(len <= TR_FILTER_MAX);
#if defined(__x86_64__)
	d.arch = d.arch ? d.arch : AUDIT_ARCH_X86_64;
#else
	d.arch = d.arch ? d.arch : AUDIT_ARCH_AARCH64;
#endif
	return run(code, len, &d);
}

static void calls_that_are_always_looked_at(void **state)
{
	static const int looked[] = { SYS_connect, SYS_exit_group, SYS_execve, SYS_execveat, SYS_io_uring_setup };
	static const int passed[] = { SYS_read, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg, SYS_futex,
				      SYS_exit, SYS_clone };

	(void)state;
	for (size_t i = 0; i < sizeof(looked) / sizeof(looked[0]); i++)
		assert_int_equal(ask(0, (struct seccomp_data){ .nr = looked[i] }), LOOK);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		assert_int_equal(ask(0, (struct seccomp_data){ .nr = passed[i] }), SECCOMP_RET_ALLOW);
}

static void writes_are_looked_at_by_descriptor(void **state)
{
	(void)state;
	assert_int_equal(ask(TR_FILTER_STDOUT, (struct seccomp_data){ .nr = SYS_write, .args = { 1 } }), LOOK);
	assert_int_equal(ask(TR_FILTER_STDOUT, (struct seccomp_data){ .nr = SYS_writev, .args = { 1 } }), LOOK);
	assert_int_equal(ask(TR_FILTER_STDOUT, (struct seccomp_data){ .nr = SYS_write, .args = { 2 } }),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(ask(TR_FILTER_MARKS, (struct seccomp_data){ .nr = SYS_write, .args = { TR_MARK_FD } }), LOOK);
	assert_int_equal(ask(TR_FILTER_MARKS, (struct seccomp_data){ .nr = SYS_write, .args = { 1 } }),
			 SECCOMP_RET_ALLOW);
}

static void local_closes_the_ways_round_connect(void **state)
{
	struct seccomp_data plain = { .nr = SYS_sendto }, fast = { .nr = SYS_sendto, .args = { 0, 0, 0, MSG_FASTOPEN } };
	struct seccomp_data low = { .nr = SYS_sendto, .args = { 0, 0, 0, 0, 0x1000 } };
	struct seccomp_data high = { .nr = SYS_sendto, .args = { 0, 0, 0, 0, 0x100000000 } };

	(void)state;
	assert_int_equal(ask(TR_FILTER_LOCAL, plain), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(TR_FILTER_LOCAL, low), LOOK);
	assert_int_equal(ask(TR_FILTER_LOCAL, high), LOOK);
	assert_int_equal(ask(TR_FILTER_LOCAL, fast), SECCOMP_RET_ERRNO | EOPNOTSUPP);
	assert_int_equal(ask(TR_FILTER_LOCAL, (struct seccomp_data){ .nr = SYS_sendmsg }), LOOK);
	assert_int_equal(ask(TR_FILTER_LOCAL, (struct seccomp_data){ .nr = SYS_io_uring_setup }),
			 SECCOMP_RET_ERRNO | ENOSYS);
}

static void another_abi_is_let_pass_but_not_out_of_the_machine(void **state)
{
#if defined(__x86_64__)
	const uint32_t arch = AUDIT_ARCH_I386;
	const int connects = 362;
#else
	const uint32_t arch = AUDIT_ARCH_ARM;
	const int connects = 283;
#endif

	(void)state;
	assert_int_equal(ask(0, (struct seccomp_data){ .nr = connects, .arch = arch }), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(TR_FILTER_LOCAL, (struct seccomp_data){ .nr = 1, .arch = arch }), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(TR_FILTER_LOCAL, (struct seccomp_data){ .nr = connects, .arch = arch }),
			 SECCOMP_RET_ERRNO | ENOSYS);
#if defined(__x86_64__)
	assert_int_equal(ask(TR_FILTER_LOCAL, (struct seccomp_data){ .nr = 0x40000000 | SYS_connect }),
			 SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(ask(0, (struct seccomp_data){ .nr = 0x40000000 | SYS_connect }), SECCOMP_RET_ALLOW);
#endif
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(calls_that_are_always_looked_at),
	cmocka_unit_test(writes_are_looked_at_by_descriptor),
	cmocka_unit_test(local_closes_the_ways_round_connect),
	cmocka_unit_test(another_abi_is_let_pass_but_not_out_of_the_machine),
};

T_MAIN(tests)
