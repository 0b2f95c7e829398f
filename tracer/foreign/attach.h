/*
 * attach: a look at a running process: who waits for whom.
 *
 * Everything is read from outside: /proc, the kernel's socket diagnostics,
 * memory copied without stopping anybody. Nothing is changed, nobody is stopped,
 * and what may not be seen is named. A process under `xferdb trace` is known
 * better: its control mapping says which request is under way on which
 * connection.
 *
 *     struct tr_attach *a;
 *     tr_attach_take(pid, &a, &err);
 *     tr_attach_print(a, stdout);
 *     tr_attach_free(a);
 */
#ifndef TR_FOREIGN_ATTACH_H
#define TR_FOREIGN_ATTACH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/event/event.h"
#include "core/event/status.h"
#include "tracer/foreign/procfs.h"
#include "tracer/foreign/pystack.h"
#include "tracer/foreign/sockdiag.h"
#include "tracer/foreign/stack.h"

enum { TR_ATTACH_FRAMES = 32, TR_ATTACH_MISSING = 12, TR_ATTACH_CALLS = 16 };

/* What a thread does. ORDER attach waits: words and sentences in attach_text.c */
enum tr_attach_wait {
	TR_AT_WORK,      /* on a processor, or about to be */
	TR_AT_GIL,       /* it wants the interpreter: at work as soon as it is its turn */
	TR_AT_MUTEX,     /* `thread` holds the mutex it wants */
	TR_AT_JOIN,      /* waits for the end of `thread` */
	TR_AT_SIGNAL,    /* a lock, semaphore or condition that somebody must release; nobody knows who */
	TR_AT_IDLE,      /* the same, of a worker that has nothing to do */
	TR_AT_ANSWER,    /* bytes from `socket` */
	TR_AT_SEND,      /* room to send on `socket` */
	TR_AT_CONNECT,   /* a connection to be made: `socket` */
	TR_AT_POLL,      /* several descriptors, or none we know */
	TR_AT_PIPE,      /* bytes of a pipe, terminal or the like: `fd` */
	TR_AT_SLEEP,
	TR_AT_CHILD,     /* a child process: `child`, 0: any */
	TR_AT_KERNEL,    /* in the kernel, elsewhere: a disk, a file lock */
	TR_AT_UNKNOWN,   /* we may not look */
};

struct tr_attach_thread {
	uint32_t tid;
	char name[64];
	char state;
	struct tr_proc_syscall call;
	char wait_channel[64];
	enum tr_attach_wait wait;
	uint32_t thread;        /* tid it waits for; 0 */
	uint32_t child;
	int fd;                 /* -1 */
	int socket;             /* index into sockets; -1 */
	bool timed;             /* it will look again by itself */
	bool writes;            /* TR_AT_PIPE: it is for room, not for bytes */
	char what[128];         /* TR_AT_PIPE, TR_AT_KERNEL: the file, pipe or terminal; "" */
	unsigned busy_percent;  /* of a processor, while we watched */
	struct tr_pyframe python[TR_ATTACH_FRAMES];
	unsigned nr_python;
	struct tr_native_frame native[TR_ATTACH_FRAMES];
	unsigned nr_native;
};

/* A connection of the process, and the request on it where somebody knows. */
struct tr_attach_socket {
	int fd;
	struct tr_tcp tcp;
	uint32_t request, transfer, part; /* request 0: unknown, or none */
	enum xf_op op;
};

/* A call on trial that has not returned. */
struct tr_attach_call {
	char name[128];
	uint32_t tid;
	uint64_t open_ms;
};

enum tr_attach_verdict {
	TR_ATTACH_RUNS,      /* somebody is at work */
	TR_ATTACH_WAITS,     /* for something that moved not long ago, or will by itself */
	TR_ATTACH_HANGS,     /* for something that has not moved for long */
	TR_ATTACH_DEADLOCK,  /* threads wait for each other */
	TR_ATTACH_ORPHANED,  /* all wait to be woken, and nobody is left who could */
	TR_ATTACH_BLIND,     /* we may not look */
	TR_ATTACH_STOPPED,   /* by a signal, or held by a debugger */
	TR_ATTACH_ENDED,     /* a zombie: its parent has not waited for it */
};

struct tr_attach {
	uint32_t pid;
	char command[256];
	bool traced;                    /* it runs under xferdb */
	char trace[512];                /* its trace; "" */
	struct tr_attach_thread *threads; /* the main thread first */
	unsigned nr_threads;
	struct tr_attach_socket *sockets;
	unsigned nr_sockets;
	struct tr_attach_call calls[TR_ATTACH_CALLS]; /* from the trace: those that are open */
	unsigned nr_calls;
	const char *python;             /* "3.11", or NULL */
	const char *missing[TR_ATTACH_MISSING]; /* what could not be seen, and what would help */
	unsigned nr_missing;
	/* the answer */
	enum tr_attach_verdict verdict;
	unsigned chain[16];             /* threads, from the main one to the last that somebody waits for */
	unsigned nr_chain;
	uint64_t watched_ms;            /* those at work were looked at for so long; 0: not */
	bool moved;                     /* … and a byte was sent, received, read or written meanwhile */
	bool wire_only;                 /* … as far as the connections tell */
	uint64_t still_ms;              /* nothing has moved for so long; 0: unknown */
	char python_text[16];
};

/*
 * Looks at the process; takes well below two seconds, however many threads it
 * has: what time does not allow is left out and named.
 * Owns: *attach is the caller's. Errors: XF_NOT_FOUND (no such process), XF_NOMEM.
 */
enum xf_status tr_attach_take(uint32_t pid, struct tr_attach **attach, struct xf_error *err);
void tr_attach_free(struct tr_attach *attach);

/* Adds what the trace knows: names of threads, open calls. False: it cannot be read (in time). */
bool tr_attach_read_trace(struct tr_attach *attach);

/*
 * Looks at those at work for a third of a second: how much of a processor they take, whether a byte moves
 * meanwhile, and where they are in their program. Nobody at work: returns at once.
 */
void tr_attach_watch(struct tr_attach *attach);

/* The decision alone: fills verdict, chain and still_ms from the rest. Any attach, also one made by hand. */
void tr_attach_decide(struct tr_attach *attach);

const char *tr_attach_wait_name(enum tr_attach_wait wait);        /* "answer" */
const char *tr_attach_verdict_name(enum tr_attach_verdict verdict); /* "hangs" */

/* One sentence, without newline: "HANGS 14m02s: main waits for …". */
void tr_attach_sentence(const struct tr_attach *attach, char *text, size_t cap);

/* The report for people: the sentence, then threads, connections, what is missing. */
void tr_attach_print(const struct tr_attach *attach, FILE *out);

/* The same as one compact JSON document, without newline. */
void tr_attach_print_json(const struct tr_attach *attach, FILE *out);

#endif
