/*
 * filter: which system calls of the program are looked at, as a table, and the
 * BPF program made of it. Pure: nothing here enters the kernel.
 *
 * A call is looked at only where it tells something that neither the probe nor
 * the relay can: a connection begins, a process runs another program or ends, a
 * line goes to stdout while a mark is looked for, io_uring is set up behind
 * everybody's back. Everything else costs a few instructions in the kernel.
 */
#ifndef TR_FOREIGN_FILTER_H
#define TR_FOREIGN_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a run wants to look at. */
enum {
	TR_FILTER_STDOUT = 1, /* lines written to stdout (--call out:) */
	TR_FILTER_LOCAL = 2,  /* fail closed: also datagrams with an address; no io_uring */
	TR_FILTER_MARKS = 4,  /* writes to TR_MARK_FD (the shim without the probe) */
};

enum tr_seccomp_test { TR_TEST_NONE, TR_TEST_EQUAL, TR_TEST_NOT_ZERO, TR_TEST_ALL_BITS };

/* One row: a system call, a test of one argument, and what to do. The first row that fits decides. */
struct tr_seccomp_row {
	int nr;
	unsigned wants;          /* only with one of these TR_FILTER_*; 0: always */
	enum tr_seccomp_test test;
	unsigned argument;       /* 0…5 */
	uint64_t value;
	int refuse;              /* errno to refuse with; 0: look at it */
};

/* The rows for what is wanted; how many. Rows of calls this machine lacks are left out. */
size_t tr_seccomp_rows(unsigned wants, struct tr_seccomp_row *rows, size_t cap);

enum { TR_FILTER_MAX = 160 };

/*
 * The program: looked-at calls return `look` (SECCOMP_RET_USER_NOTIF, or
 * SECCOMP_RET_TRACE), calls of another ABI (32-bit, x32) are let pass, but for the ways out of
 * the machine with TR_FILTER_LOCAL, which are refused. Returns its
 * length; at most TR_FILTER_MAX.
 */
unsigned short tr_seccomp_build(unsigned wants, uint32_t look, struct sock_filter *code);

/* The name of a looked-at system call, "" for others. */
const char *tr_seccomp_name(int nr);

#endif
