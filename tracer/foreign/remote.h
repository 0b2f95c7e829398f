/*
 * remote: the memory of another process, and the Python interpreter in it.
 *
 * Memory is copied by process_vm_readv: the process does not stop and does not
 * notice. It takes the permission ptrace would take; without it, nothing is read
 * and tr_remote says so.
 */
#ifndef TR_FOREIGN_REMOTE_H
#define TR_FOREIGN_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracer/foreign/pystack.h"

struct tr_remote {
	uint32_t pid;
	bool readable;              /* its memory may be read */
	bool has_python;            /* an interpreter is in it … */
	bool python_known;          /* … of a version whose stacks we can read */
	unsigned python_minor;      /* 3.minor; 0: unknown */
	uint64_t python_from, python_to; /* _PyRuntime: the GIL lies inside */
	struct tr_pystack python;   /* ctx is the remote: it must stay where it is */
};

void tr_remote_init(struct tr_remote *remote, uint32_t pid);

/* A tr_pyread_fn; ctx is the struct tr_remote. */
bool tr_remote_read(void *ctx, uint64_t address, void *to, size_t len);

#endif
