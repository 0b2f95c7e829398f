/*
 * ptrace: the fall-back where seccomp notifications are not to be had: the same
 * filter, with ptrace stops for the calls it looks at. No redirect, so no relay;
 * a debugger cannot attach beside it.
 *
 * Thread: the loop's, on which the attaching must be done, too.
 */
#ifndef TR_FOREIGN_PTRACE_H
#define TR_FOREIGN_PTRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/foreign/supervise.h"

struct tr_ptrace;

bool tr_ptrace_available(void);

/* Seizes the child, which waits to install its filter. NULL: refused, or no memory. */
struct tr_ptrace *tr_ptrace_attach(struct tr_supervisor *supervisor, uint32_t pid);

/* Is that thread traced (and so its end for tr_ptrace_look() to see)? NULL is fine: no. */
bool tr_ptrace_has(const struct tr_ptrace *ptrace, uint32_t tid);

/* Something may have stopped or ended (SIGCHLD): looks at all that is traced. */
void tr_ptrace_look(struct tr_ptrace *ptrace);

/* Lets go of everything that still runs. NULL is fine. */
void tr_ptrace_free(struct tr_ptrace *ptrace);

#endif
