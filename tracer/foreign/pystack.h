/*
 * pystack: the Python stacks of a CPython process, read from its memory.
 *
 * Nothing runs in the program: the interpreter's own structures are followed
 * from _PyRuntime, through a function that reads memory. Attach reads another
 * process so; the probe reads its own, which costs microseconds and cannot
 * fault. What is read may change meanwhile: every pointer is only ever read
 * through, every list has an end, and what does not look right ends the stack.
 *
 * CPython 3.8 to 3.13, the usual builds (not free-threaded, not debug). The
 * offsets stand in one table in pystack.c, a row a version; they do not move
 * within one.
 *
 * libc only: the probe includes this file.
 */
#ifndef TR_FOREIGN_PYSTACK_H
#define TR_FOREIGN_PYSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies len bytes from address; false: it cannot be read. */
typedef bool (*tr_pyread_fn)(void *ctx, uint64_t address, void *to, size_t len);

struct tr_pyoffsets;

struct tr_pystack {
	const struct tr_pyoffsets *offsets;
	uint64_t runtime;
	tr_pyread_fn read;
	void *ctx;
};

struct tr_pythread {
	uint64_t state;    /* its PyThreadState */
	uint64_t handle;   /* pthread_t */
	uint32_t tid;      /* 0: this version does not say (before 3.11) */
};

struct tr_pyframe {
	char file[256];    /* as the program was loaded: may be relative */
	char name[96];     /* "Bucket.upload", the bare name before 3.11 */
	uint32_t line;     /* 0: none */
};

/* False: there is no row for 3.minor. runtime: the address of _PyRuntime in that process. */
bool tr_pystack_init(struct tr_pystack *p, unsigned minor, uint64_t runtime, tr_pyread_fn read,
		     void *ctx);

/* The threads of all interpreters, newest first; at most max. Returns how many. */
unsigned tr_pystack_threads(const struct tr_pystack *p, struct tr_pythread *threads, unsigned max);

/* The thread with that handle; false: it is no Python thread. */
bool tr_pystack_find(const struct tr_pystack *p, uint64_t handle, struct tr_pythread *thread);

/* Is that thread state the one of the thread with that handle? For who knows already where it lies. */
bool tr_pystack_is_of(const struct tr_pystack *p, uint64_t state, uint64_t handle, struct tr_pythread *thread);

/* Its frames, innermost first, the shim's own left out; at most max. Returns how many. */
unsigned tr_pystack_frames(const struct tr_pystack *p, uint64_t state, struct tr_pyframe *frames,
			   unsigned max);

/*
 * Is this frame the threading machinery (threading.py, concurrent/futures, queue.py,
 * selectors and the like)? The first frame that is not is the one people know.
 */
bool tr_pyframe_is_machinery(const struct tr_pyframe *frame);

/* "s3transfer/futures.py" of a long path: from the package on, or the last two parts. Borrowed from file. */
const char *tr_pyframe_short(const char *file);

/* The minor version in a path like "/usr/lib/libpython3.11.so.1.0" or "/usr/bin/python3.8"; 0: none. */
unsigned tr_python_minor(const char *path);

#endif
