/*
 * notify: system calls of the program as messages (seccomp user notification).
 *
 * The program's thread stands still in its call until the message is answered:
 * go on, return this value, or fail with this errno. No ptrace is involved, so
 * a debugger may be attached to the same program.
 *
 * What is read from the program's memory may change before the kernel reads it
 * again ("go on"): fine for observing, no security boundary.
 */
#ifndef TR_FOREIGN_NOTIFY_H
#define TR_FOREIGN_NOTIFY_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One call that waits for its answer. */
struct tr_notice {
	uint64_t id;
	uint32_t tid;
	int nr;
	uint64_t args[6];
};

/*
 * In the child, before its exec: installs the filter with a listener and returns
 * its descriptor, or -errno. Sets no_new_privs where the kernel asks for it; *set_nnp says so.
 * Async-signal-safe.
 */
int tr_notify_install(const struct sock_filter *code, unsigned short len, bool *set_nnp);

/* The next message; false: none (any more). */
bool tr_notify_receive(int listener, struct tr_notice *notice);

/* Is the call still waiting? What was read of it before holds only if so. */
bool tr_notify_valid(int listener, uint64_t id);

/* The answers. False: the call is gone (killed, interrupted). */
bool tr_notify_continue(int listener, uint64_t id);
bool tr_notify_return(int listener, uint64_t id, int64_t value);
bool tr_notify_fail(int listener, uint64_t id, int os_errno);

/* Up to len bytes of the thread's memory at address; how many were there, -1: none. */
ssize_t tr_notify_read(uint32_t tid, uint64_t address, void *buf, size_t len);

/* A string of the thread's memory, cut at cap. */
bool tr_notify_read_string(uint32_t tid, uint64_t address, char *buf, size_t cap);

/*
 * A copy of descriptor fd as thread tid of process pid has it (close-on-exec), or -1 with errno: EBADF, too, before
 * Linux 6.9 where the main thread has ended.
 */
int tr_notify_copy_fd(uint32_t pid, uint32_t tid, int fd);

/* Whether this kernel can: for doctor and AUTO. */
bool tr_notify_available(void);

/*
 * Does somebody hear our system calls already, and with them those of all our children? The kernel allows one
 * listener, and its filter goes before one with a tracer.
 */
bool tr_notify_is_taken(void);

#endif
