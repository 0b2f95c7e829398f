/*
 * stack: the native stack of a thread that waits in the kernel, by libdw.
 *
 * The thread is not stopped. While it waits, its stack stands still, and the
 * kernel says where it waits (/proc/PID/task/TID/syscall: stack and instruction
 * pointer); the rest is read from memory. Of the registers only these two are
 * known, so a stack ends early where a caller's place needs another one: less
 * is seen, nothing is changed, and no call is interrupted.
 */
#ifndef TR_FOREIGN_STACK_H
#define TR_FOREIGN_STACK_H

#include <stddef.h>
#include <stdint.h>

struct tr_native_frame {
	char name[96];     /* "sem_wait"; "?" where nobody says */
	char module[64];   /* "libc.so.6" */
	uint64_t address;
};

struct tr_stack;

/* For one process; NULL: it cannot be looked at (no permission, no memory, another processor). */
struct tr_stack *tr_stack_new(uint32_t pid);
void tr_stack_free(struct tr_stack *stack);

/* Frames of the thread that waits with these pointers, innermost first; returns how many. */
unsigned tr_stack_frames(struct tr_stack *stack, uint32_t tid, uint64_t sp, uint64_t pc,
			 struct tr_native_frame *frames, unsigned max);

#endif
