/*
 * procfs: what /proc says about a process, its threads and its descriptors.
 *
 * Reading changes nothing. What the kernel does not let us see is left empty,
 * and counted as a refusal by the caller who asks for it.
 */
#ifndef TR_FOREIGN_PROCFS_H
#define TR_FOREIGN_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a whole small file under /proc/PID/ into text (terminated); -1 and errno. */
ssize_t tr_proc_read(uint32_t pid, const char *name, char *text, size_t cap);

/* Where a thread stands in the kernel. */
struct tr_proc_syscall {
	bool known;      /* false: not allowed to look */
	bool running;    /* on a processor, or just about to be */
	long number;     /* -1: stopped in the kernel, but in no system call */
	uint64_t args[6];
	uint64_t sp, pc;
};

struct tr_proc_syscall tr_proc_syscall(uint32_t pid, uint32_t tid);

/* The tids of a process, at most max; returns how many, 0: no such process. */
unsigned tr_proc_threads(uint32_t pid, uint32_t *tids, unsigned max);

/*
 * How long the threads of a process that are there now have worked, or would have, had a processor been
 * free for them; 0: the kernel does not say.
 */
uint64_t tr_proc_worked_ns(uint32_t pid);

/* The same of one thread. */
uint64_t tr_proc_thread_worked_ns(uint32_t pid, uint32_t tid);

/* Bytes it has read and written so far, by whatever call; false: not allowed. */
bool tr_proc_bytes(uint32_t pid, uint64_t *bytes);

/* The children of a process, all its threads', at most max. */
unsigned tr_proc_children(uint32_t pid, uint32_t *pids, unsigned max);

/* Has it memory of its own? A process that has ended has none, whoever asks. */
bool tr_proc_has_memory(uint32_t pid);

/* The thread's state letter (R S D T Z), '?' when it is gone; its name without newline. */
char tr_proc_state(uint32_t pid, uint32_t tid, char *name, size_t cap);

/* What a descriptor is: "socket:[123]", "pipe:[5]", a path. False: gone or not allowed. */
bool tr_proc_fd(uint32_t pid, int fd, char *target, size_t cap);

/* The descriptors it has open, at most max. False: not allowed. */
bool tr_proc_fds(uint32_t pid, int *fds, unsigned max, unsigned *nr);

/* The inode in "socket:[123]" and the like; 0: none. */
uint64_t tr_proc_inode(const char *target, const char *kind);

/* The value of a variable in the environment the process was started with. False: unset, or not allowed. */
bool tr_proc_environment(uint32_t pid, const char *name, char *value, size_t cap);

/* One mapping of a file: the first of that file, from which its load address follows. */
struct tr_proc_module {
	uint64_t start;
	char path[512];
};

/* The first mapped file whose base name contains `part`. */
bool tr_proc_module(uint32_t pid, const char *part, struct tr_proc_module *module);

/* CPU time used so far, clock ticks; starts_s: when it began, seconds after boot. */
bool tr_proc_times(uint32_t pid, uint32_t tid, uint64_t *cpu_ticks, uint64_t *start_ticks);

#endif
