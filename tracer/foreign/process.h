/*
 * process: the tree of processes that grew from the program, as far as anybody
 * has heard of them: by a notification, by /proc, or as children of ours (a child
 * subreaper inherits what the program leaves behind).
 *
 * For processes the probe is not in, their events are recorded here; for the
 * others only what the probe could not (contract.h).
 *
 * Thread: the loop's.
 */
#ifndef TR_FOREIGN_PROCESS_H
#define TR_FOREIGN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/foreign/contract.h"
#include "tracer/foreign/loop.h"
#include "tracer/foreign/voice.h"

struct tr_process {
	uint32_t pid, parent;
	bool program;            /* the one that was asked for */
	bool known;              /* its start has been told of, by us or by the probe */
	bool leaving;            /* its exit_group has been seen */
	int exit_status;         /* of that exit_group */
	char command[256];       /* how it was last executed */
	uint64_t start_ticks;    /* when it came under observation */
	uint64_t sign_ns;        /* its last sign of life */
	uint64_t cpu_ticks;      /* what it had used then */
	uint32_t call;           /* number of its exit call, 0: none */
	struct tr_watch pidfd;
	struct tr_processes *all;
	struct tr_voice *voices; /* of its threads, as far as we record for them */
	struct tr_process *next;
};

struct tr_processes {
	struct tr_loop *loop;
	struct tr_control *control;
	bool judge_exit;         /* the end of the program is a call on trial */
	bool implicit;           /* … only when there is no other */
	struct tr_process *first;
	/* Told when a process is gone, before it is forgotten. */
	void (*gone)(void *ctx, struct tr_process *process);
	void *ctx;
};

/* The program, just cloned and not yet executed. NULL: out of memory. */
struct tr_process *tr_process_program(struct tr_processes *all, uint32_t pid, const char *command);

/* The process of a thread, by /proc; entered when it is new. NULL: it is gone, or no memory. */
struct tr_process *tr_process_of(struct tr_processes *all, uint32_t tid);

/* The one of that pid; NULL: not known. */
struct tr_process *tr_process_find(struct tr_processes *all, uint32_t pid);

/* A sign of life of it: whatever has not been told yet is told. */
void tr_process_seen(struct tr_process *p);

/* It is about to execute path. */
void tr_process_executes(struct tr_process *p, const char *path);

/* It is about to forbid itself system calls: the probe in it records no more. */
void tr_process_sandboxed(struct tr_process *p);

/* It is about to leave by exit_group. */
void tr_process_leaves(struct tr_process *p, int status);

/* It was reaped with this wait status, or (-1) is gone with an unknown one. Forgets it. */
void tr_process_ended(struct tr_process *p, int wait_status);

/* Is it at its end: about to leave, dying, or gone? */
bool tr_process_is_leaving(struct tr_processes *all, uint32_t pid);

/* Is the probe in it and recording? */
bool tr_process_probed(const struct tr_process *p);
/* Has it forbidden itself system calls? */
bool tr_process_is_sandboxed(const struct tr_process *p);

/* Records for a thread of it between the two. NULL: the probe does. */
struct tr_voice *tr_process_speak(struct tr_process *p, uint32_t tid);
void tr_process_hush(struct tr_voice *voice);

/* Has it lived (used the processor) since the last time it was asked? */
bool tr_process_lives(struct tr_process *p);

void tr_processes_fini(struct tr_processes *all);

/* ---- /proc */

/* A number of /proc/PID/status ("PPid:"); 0: gone. */
uint32_t tr_proc_status(uint32_t pid, const char *key);
/* The children this process has now, each once; how many. */
unsigned tr_proc_own_children(uint32_t *pids, unsigned cap);
/* Name of a thread ("comm") to buf, "" when gone. */
void tr_proc_name(uint32_t tid, char *buf, size_t cap);

#endif
