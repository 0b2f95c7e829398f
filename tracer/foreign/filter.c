/* filter: see filter.h. */
#include "tracer/foreign/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tracer/foreign/contract.h"

/*
 * The 32-bit calls by which bytes could leave: socketcall, connect, sendto, sendmsg, sendmmsg,
 * io_uring_setup. Nobody reads their arguments here, so with --local they are refused.
 */
#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define FILTER_X32 0x40000000u /* the same architecture, other structures */
static const uint32_t other_abi[] = { 102, 362, 369, 370, 345, 425 };
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
static const uint32_t other_abi[] = { 102, 283, 290, 296, 374, 425 };
#else
#error "no seccomp architecture known for this machine"
#endif

static const struct tr_seccomp_row filter_rows[] = {
	{ .nr = SYS_connect },
	{ .nr = SYS_exit_group },
	{ .nr = SYS_execve },
	{ .nr = SYS_execveat },
	{ .nr = SYS_seccomp },
	{ .nr = SYS_prctl, .test = TR_TEST_EQUAL, .argument = 0, .value = PR_SET_SECCOMP },
	{ .nr = SYS_io_uring_setup, .wants = TR_FILTER_LOCAL, .refuse = ENOSYS },
	{ .nr = SYS_io_uring_setup },
	{ .nr = SYS_write, .wants = TR_FILTER_MARKS, .test = TR_TEST_EQUAL, .argument = 0, .value = TR_MARK_FD },
	{ .nr = SYS_write, .wants = TR_FILTER_STDOUT, .test = TR_TEST_EQUAL, .argument = 0, .value = 1 },
	{ .nr = SYS_writev, .wants = TR_FILTER_STDOUT, .test = TR_TEST_EQUAL, .argument = 0, .value = 1 },
	/* data in the first packet goes round connect(); clients then fall back to it */
	{ .nr = SYS_sendto, .wants = TR_FILTER_LOCAL, .test = TR_TEST_ALL_BITS, .argument = 3,
	  .value = MSG_FASTOPEN, .refuse = EOPNOTSUPP },
	{ .nr = SYS_sendto, .wants = TR_FILTER_LOCAL, .test = TR_TEST_NOT_ZERO, .argument = 4 },
	{ .nr = SYS_sendmsg, .wants = TR_FILTER_LOCAL },
	{ .nr = SYS_sendmmsg, .wants = TR_FILTER_LOCAL },
	/* sockets whose addresses say nothing to us, or that set them past connect() */
	{ .nr = SYS_socket, .wants = TR_FILTER_LOCAL, .test = TR_TEST_EQUAL, .argument = 0, .value = AF_PACKET,
	  .refuse = EPERM },
	{ .nr = SYS_socket, .wants = TR_FILTER_LOCAL, .test = TR_TEST_EQUAL, .argument = 0, .value = AF_VSOCK,
	  .refuse = EAFNOSUPPORT },
	{ .nr = SYS_socket, .wants = TR_FILTER_LOCAL, .test = TR_TEST_EQUAL, .argument = 2, .value = IPPROTO_SCTP,
	  .refuse = EPROTONOSUPPORT },
};

size_t tr_seccomp_rows(unsigned wants, struct tr_seccomp_row *rows, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(filter_rows) / sizeof(filter_rows[0]) && n < cap; i++)
		if (!filter_rows[i].wants || filter_rows[i].wants & wants)
			rows[n++] = filter_rows[i];
	return n;
}

const char *tr_seccomp_name(int nr)
{
	static const struct {
		int nr;
		const char *name;
	} names[] = {
		{ SYS_connect, "connect" }, { SYS_exit_group, "exit_group" }, { SYS_execve, "execve" },
		{ SYS_execveat, "execveat" }, { SYS_io_uring_setup, "io_uring_setup" },
		{ SYS_write, "write" }, { SYS_writev, "writev" }, { SYS_sendto, "sendto" },
		{ SYS_seccomp, "seccomp" }, { SYS_prctl, "prctl" }, { SYS_sendmsg, "sendmsg" }, { SYS_sendmmsg, "sendmmsg" }, { SYS_socket, "socket" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].nr == nr)
			return names[i].name;
	return "";
}

/* ---- the program, written front to back */

struct filter_code {
	struct sock_filter *code;
	unsigned short n;
};

static void put(struct filter_code *f, uint16_t op, uint8_t yes, uint8_t no, uint32_t k)
{
	f->code[f->n++] = (struct sock_filter){ .code = op, .jt = yes, .jf = no, .k = k };
}

static void put_load(struct filter_code *f, size_t offset)
{
	put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static size_t argument_low(unsigned argument)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * argument;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? at : at + 4;
}

static size_t argument_high(unsigned argument)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * argument;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? at + 4 : at;
}

/*
 * The test of one row. Where it fails, `skip` instructions follow it before the
 * next row; the jumps that need patching are filled in by put_row().
 * Descriptors and flags are ints: the kernel looks at their low half only.
 */
static unsigned put_test(struct filter_code *f, const struct tr_seccomp_row *row)
{
	switch (row->test) {
	case TR_TEST_NONE:
		return 0;
	case TR_TEST_EQUAL:
		put_load(f, argument_low(row->argument));
		put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)row->value);
		return 2;
	case TR_TEST_ALL_BITS:
		put_load(f, argument_low(row->argument));
		put(f, BPF_ALU | BPF_AND | BPF_K, 0, 0, (uint32_t)row->value);
		put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)row->value);
		return 3;
	case TR_TEST_NOT_ZERO:
		put_load(f, argument_high(row->argument));
		put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
		put_load(f, argument_low(row->argument));
		put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
		return 4;
	}
	return 0;
}

/* nr == row.nr? test? return. Each failed step jumps behind the return. */
static void put_row(struct filter_code *f, const struct tr_seccomp_row *row, uint32_t look)
{
	uint32_t action = row->refuse ? SECCOMP_RET_ERRNO | (uint32_t)row->refuse : look;
	unsigned short jump;
	unsigned len;

	put_load(f, offsetof(struct seccomp_data, nr));
	jump = f->n;
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)row->nr);
	len = put_test(f, row);
	put(f, BPF_RET | BPF_K, 0, 0, action);
	f->code[jump].jf = (uint8_t)(len + 1);
}

/* Calls of another ABI: let pass, but for those that --local refuses unseen. */
static void put_other_abi(struct filter_code *f, bool local)
{
	unsigned short jump;

	put_load(f, offsetof(struct seccomp_data, arch));
	jump = f->n;
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, FILTER_ARCH);
	if (local)
		put_load(f, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; local && i < sizeof(other_abi) / sizeof(other_abi[0]); i++) {
		put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, other_abi[i]);
		put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	}
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	f->code[jump].jt = (uint8_t)(f->n - jump - 1);
#ifdef FILTER_X32
	if (!local)
		return;
	put_load(f, offsetof(struct seccomp_data, nr));
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, FILTER_X32);
	put(f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
#endif
}

unsigned short tr_seccomp_build(unsigned wants, uint32_t look, struct sock_filter *code)
{
	struct tr_seccomp_row rows[32];
	size_t nr = tr_seccomp_rows(wants, rows, sizeof(rows) / sizeof(rows[0]));
	struct filter_code f = { .code = code };

	put_other_abi(&f, wants & TR_FILTER_LOCAL);
	for (size_t i = 0; i < nr; i++)
		put_row(&f, &rows[i], look);
	put(&f, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	return f.n;
}
