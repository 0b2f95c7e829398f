/*
 * contract: what the two halves of foreign tracing agree on.
 *
 * Outside the program: the supervisor (launch, notify or ptrace, process) and
 * the relay, in xferdb itself. Inside: the probe (a preloaded library) and the
 * Python shim. They share two mappings and an environment, and nothing else:
 *
 *   the trace     XFERDB_TRACE; the probe joins it (xf_trace_options.join, no_helper)
 *   the control   XFERDB_CONTROL; struct tr_control below, mapped shared
 *
 * Both are opened by path in the probe's constructor. No descriptor is inherited:
 * a program that closes all of its own loses nothing, and one that counts them
 * finds none of ours. Whatever cannot be opened, has another layout, or is full
 * means that the probe stays silent; the program never notices.
 *
 * Environment of the traced program (set by launch, survives exec):
 *
 *   LD_PRELOAD        the probe's path first, what was there after a ':'
 *   PYTHONPATH        the shim's folder first; the shim chains to the sitecustomize it shadows
 *   XFERDB_TRACE      the trace: /proc/PID/fd/N of the supervisor, or a path
 *   XFERDB_CONTROL    the control mapping: /proc/PID/fd/N of the supervisor
 *   XFERDB_CALL       which calls are on trial, one a line: exit, py:MODULE:NAME, sym:SYMBOL,
 *                     out:TEXT:TEXT. Absent: the shim's defaults for boto3, and exit, which then
 *                     counts only when nothing else was called (XF_CALL_IMPLICIT)
 *   XFERDB_SYMBOLS    for sym: the program's functions it does not export, see tr_symbols_environment()
 *   XFERDB_ENDPOINT   with --local: http://127.0.0.1:PORT, for clients that ignore AWS_ENDPOINT_URL
 *   XFERDB_ABLATE     names of waits the shim turns into no-ops, separated by commas: result, exit
 *
 * Marks: the shim writes one line to descriptor TR_MARK_FD, which no process has.
 * The probe's write() swallows it; without the probe the supervisor's filter
 * does; without either it is EBADF, and the shim ignores that.
 *
 *   B id name\n            a call begins on this thread (id: the shim's own, unique in the process)
 *   E id name\n            it returned
 *   X id name Type\n       it ended with an exception of that type
 *   N name\n               the name of this thread
 *   S tid text\n           one line of a Python stack, innermost first, for thread tid
 *   M 0 text\n             a call that was asked for is not there
 *   P queue item\n         this thread says task_done() of a queue.Queue
 *   T queue item line name file\n
 *                          this thread has waited in its join() for that; a frame as with G
 *   J 0\n                  this thread, of an executor's, begins a job
 *   F address\n            this thread is about to give a concurrent.futures.Future its result
 *   G address line name file\n
 *                          this thread wants the result for however long it takes, and it is there: a frame of the
 *                          function that would have waited
 *
 * Who records what. The rule: the one who is nearer; nobody records a thing twice.
 *
 *   thread_*, sem_*, cond_*, mutex_*, fd_*, sleep, poll, process_wait   the probe
 *   process_start, exec, fork, process_exit   the probe in a process it is in; else the supervisor
 *   call_enter, call_return of exit        the probe (constructor; exit, _exit), else the supervisor,
 *                                          which also adds the return when the process left by a raw
 *                                          exit_group or was in the probe's hands but ended without
 *                                          TR_PROCESS_RETURNED (exit_group only: a killed call never returned)
 *           of py: and sym:                the probe (the supervisor for py: where there is no probe)
 *           of out:                        the supervisor sees the line; the probe records it for its
 *                                          threads (marks.h), the supervisor for all others
 *   request_*, part_*, object_*, submit    wire.c, in the probe for connections it has claimed;
 *                                          wire.c, in the relay for all others
 *   held, released, hold_evaded            whoever holds: the relay, or the probe's gate
 *
 * A thread has one number, whoever records for it: the probe enters its threads
 * into `threads` (tid to number) when it numbers them, the supervisor looks
 * there first and numbers only what is missing, entering it likewise. The first
 * process' main thread is entered as 0 before its exec. Who finds a number there
 * goes on with it by xf_thread_continue() (the probe, also after an exec, where
 * the tid is the same) or a lane (the supervisor, emit.h): generations go on, so
 * that readers keep one order. The supervisor writes for a thread of a probed
 * process only when that process is at its end.
 *
 * Relayed connections belong to no thread: goroutines and event loops move
 * between them, and records on a thread are its program order, which proves
 * things. Their events lie on a thread number of the connection's own, named
 * "connection-N", role "connection".
 *
 * A connection is known to all sides by the local port of the program's socket.
 * The probe claims it before the first byte of the first request leaves, and
 * wire.c names in it what is under way, so that the relay can hold the right
 * bytes of a TLS connection it cannot read.
 *
 * libc only: the probe includes this file.
 */
#ifndef TR_FOREIGN_CONTRACT_H
#define TR_FOREIGN_CONTRACT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TR_ENV_TRACE "XFERDB_TRACE"
#define TR_ENV_CONTROL "XFERDB_CONTROL"
#define TR_ENV_CALL "XFERDB_CALL"
#define TR_ENV_SYMBOLS "XFERDB_SYMBOLS"
#define TR_ENV_ENDPOINT "XFERDB_ENDPOINT"
#define TR_ENV_ABLATE "XFERDB_ABLATE"

/* Beside the xferdb binary, or in ../lib/xferdb of it; both are looked for in this order. */
#define TR_PROBE_FILE "libxferdb-probe.so"
#define TR_SHIM_FOLDER "xferdb-python" /* holds sitecustomize.py */

enum {
	TR_CONTROL_MAGIC = 0x4c544358, /* "XCTL" */
	TR_CONTROL_VERSION = 6,
	TR_MARK_FD = 1000000007,
	TR_NR_PROCESSES = 256,
	TR_NR_THREADS = 4096,
	TR_NR_CONNECTIONS = 4096,
	TR_NR_TRANSFERS = 4096,
	TR_NR_ATTEMPTS = 65536,
	TR_NR_HOLDS = 32,
	TR_NR_MARKS = 32,
	TR_NR_NAMES = 64,
	TR_NR_OBJECTS = 256,
	TR_NR_RETURNS = 256,
	TR_NAME_MAX = 128,
};

/* One process. A slot is taken by exchanging pid from 0. */
struct tr_control_process {
	_Atomic uint32_t pid;
	_Atomic uint32_t flags; /* TR_PROCESS_* */
	_Atomic uint32_t call;  /* number of the exit call entered here, from 1; 0: none */
	_Atomic uint32_t reserved;
};

enum {
	TR_PROCESS_PROBED = 1,   /* the probe is in it and records */
	TR_PROCESS_ENTERED = 2,  /* call_enter of exit is recorded */
	TR_PROCESS_RETURNED = 4, /* call_return of exit is recorded */
	TR_PROCESS_EXITED = 8,   /* process_exit is recorded */
	TR_PROCESS_SANDBOXED = 32, /* it has forbidden itself system calls: the probe in it keeps still */
	TR_PROCESS_STARTED = 16, /* process_start is recorded by the probe: the next image says exec */
};

/* One thread: tid in the upper half, number + 1 in the lower; 0: free. Open addressing from tid % N. */
typedef _Atomic uint64_t tr_control_thread;

/*
 * One connection, slot: port % N (a later owner of the slot overwrites it).
 * Written by the claimer under its own lock of the connection; `sequence` is odd
 * while it writes, so that a reader in another process can tell.
 */
struct tr_control_connection {
	_Atomic uint32_t sequence;
	_Atomic uint32_t port;       /* 0: free */
	_Atomic uint32_t pid;        /* of the probe that claimed it; 0: the relay's own */
	_Atomic uint32_t connection; /* number in the trace */
	_Atomic uint32_t request;    /* under way; 0: none */
	_Atomic uint32_t transfer;
	_Atomic uint32_t part;
	_Atomic uint32_t op;         /* enum xf_op */
	_Atomic uint32_t flags;      /* TR_CONNECTION_*, of the request under way */
	_Atomic uint32_t claimed;    /* the port of the last claim, given up or not; written before `connection` */
	_Atomic uint64_t object;     /* tr_ids_object() of what it is about; 0: of nothing */
};

enum {
	TR_CONNECTION_SENT = 1,    /* the request is sent in full */
	TR_CONNECTION_EXPECTS = 2, /* it waits for 100 Continue, or has not yet had one */
};

/* Where a hold acts. */
enum tr_hold_where {
	TR_HOLD_RESPONSE, /* relay: the answer's bytes are kept back; of what makes the object, the request's last */
	TR_HOLD_GATE,     /* probe: the thread waits behind part_start */
};

/* A hold that may strike again (times) goes from RELEASED back to ARMED by itself. */
enum tr_hold_state { TR_HOLD_FREE, TR_HOLD_ARMED, TR_HOLD_HELD, TR_HOLD_RELEASED, TR_HOLD_EVADED };

/* Why a hold is void; the text of hold_evaded.why stands in hold.c's table. ORDER evasions */
enum tr_evasion { TR_EVADED_NOT, TR_EVADED_CLOSED, TR_EVADED_REPEATED, TR_EVADED_TIME_OUT };

/*
 * One hold, asked for by the supervisor before the program starts or while it
 * runs: fields of the request are set first, `state` ARMED last (release).
 */
struct tr_control_hold {
	_Atomic uint32_t state;      /* enum tr_hold_state */
	uint32_t id;                 /* unique in the trace */
	uint32_t where;              /* enum tr_hold_where */
	uint32_t op;                 /* enum xf_op; XF_OP_NONE: any upload request */
	uint32_t part;               /* 0: any; a PutObject is part 1 */
	uint32_t times;              /* how many requests that match are held; 0: every one */
	_Atomic uint32_t hits;       /* how many were */
	uint32_t reserved;
	uint64_t object;             /* tr_ids_object() of bucket and key; 0: any */
	uint64_t hold_ns;            /* how long; 0: until `release` */
	_Atomic uint32_t release;    /* 1: let go now */
	_Atomic uint32_t evasion;    /* enum tr_evasion */
	_Atomic uint32_t request;    /* what was held */
	_Atomic uint32_t held_part;
	_Atomic uint64_t begin_ns;   /* CLOCK_MONOTONIC; 0: not hit yet */
	_Atomic uint64_t end_ns;
};

/*
 * A mark the supervisor saw a thread of a probed process make (a line on stdout
 * that libc wrote by itself). The probe records it, at its time, before that
 * thread's next event: marks.h. A thread that has none (Go makes system calls past libc)
 * leaves it to the supervisor, when its process is gone.
 */
struct tr_control_mark {
	_Atomic uint32_t state; /* 0 free, 1 being written, 2 to be recorded */
	uint32_t pid, tid;
	uint32_t enter;         /* 1: call_enter, 0: call_return */
	uint32_t call;
	uint64_t ticks;
	char label[128];
};

/*
 * With --local: a host the program asked for, and the address it was given. The
 * probe enters it, so that a refusal can name the host; where the name could not
 * be looked up, for that is refused, too, the address is one of 198.18.0.0/15,
 * which nobody has: the program gets as far as its connect().
 */
struct tr_control_name {
	_Atomic uint32_t state;  /* 0 free, 1 being written, 2 valid */
	uint8_t address[16];     /* IPv6, or IPv4 mapped into it */
	char text[TR_NAME_MAX];
};

/*
 * An object an upload was begun for, so that --verify can look whether it is there.
 * Slot: transfer % N (later ones overwrite). `sequence` is odd while it is written.
 */
struct tr_control_object {
	_Atomic uint32_t sequence;
	uint32_t transfer;
	uint32_t tls;            /* 1: the request came under TLS */
	char host[256];          /* of its Host header: in virtual-host style the bucket comes first */
	char bucket[256];
	char key[1152];
};

/* The control mapping. Everything is zero at first; counters hand out from 1 (transfers from 0). */
struct tr_control {
	uint32_t magic, version;
	uint32_t supervisor;             /* its pid */
	uint32_t size;                   /* sizeof(struct tr_control) */
	_Atomic uint32_t nr_requests;
	_Atomic uint32_t nr_transfers;
	_Atomic uint32_t nr_connections;
	_Atomic uint32_t nr_calls;
	_Atomic uint32_t nr_holds;
	_Atomic uint32_t incomplete;     /* TR_INCOMPLETE_*: what nobody could see */
	_Atomic uint32_t wants_stacks;   /* raised by one: every shim writes its Python stacks once */
	_Atomic uint32_t marks_pending;
	_Atomic uint32_t program;        /* pid of the program that was asked for: only its end is the exit call */
	_Atomic uint32_t tls_relay;      /* TLS that the probe cannot read is to go through the relay */
	_Atomic uint32_t nr_sandboxed;   /* how often a process became TR_PROCESS_SANDBOXED */
	_Atomic uint64_t bytes_sent, bytes_received; /* over understood connections: does anything move? */
	struct tr_control_process processes[TR_NR_PROCESSES];
	tr_control_thread threads[TR_NR_THREADS];
	/* tids inside the probe's connect(): slot tid % N. The supervisor leaves these
	 * connections to the probe unless a hold is wanted. */
	_Atomic uint32_t connecting[TR_NR_THREADS];
	struct tr_control_connection connections[TR_NR_CONNECTIONS];
	/* wire.c's own: transfers by hash of bucket and key or upload id, attempts by transfer and part */
	_Atomic uint64_t transfers[TR_NR_TRANSFERS][2];
	_Atomic uint64_t attempts[TR_NR_ATTEMPTS];
	struct tr_control_hold holds[TR_NR_HOLDS];
	struct tr_control_mark marks[TR_NR_MARKS];
	struct tr_control_name names[TR_NR_NAMES];
	/* calls on trial that have returned: how many, a futex for who wants to know, and the last of them */
	_Atomic uint32_t nr_returns;
	_Atomic uint32_t wants_returns;  /* 1: somebody sleeps on nr_returns */
	_Atomic uint64_t returned[TR_NR_RETURNS]; /* the call in the lower half, its place in the row, from 1, in the upper */
	struct tr_control_object objects[TR_NR_OBJECTS];
};

enum {
	TR_INCOMPLETE_IO_URING = 1,  /* a program asked for io_uring and was given it */
	TR_INCOMPLETE_TABLE = 2,     /* a table above was full */
	TR_INCOMPLETE_SETUID = 4,    /* a set-uid program ran: no probe in it */
	TR_INCOMPLETE_HTTP2 = 8,     /* a connection spoke HTTP/2 */
	TR_INCOMPLETE_TLS = 16,      /* bytes under TLS that nobody could read */
	TR_INCOMPLETE_UNREAD = 32,   /* a connection that went past probe and relay */
	TR_INCOMPLETE_SANDBOX = 128, /* a process forbade itself system calls, the probe's among them */
	TR_INCOMPLETE_32BIT = 64,    /* a 32-bit program ran: no probe in it, its system calls pass the filter */
};

/*
 * control.c (libc only, in both halves).
 *
 * Maps the control file at path; NULL when it is not one. For the probe. The
 * mapping is never taken away again.
 */
struct tr_control *tr_control_open(const char *path);

/* Makes one in memory (a memfd, close-on-exec): *fd is for the path in the environment. NULL: no memory. */
struct tr_control *tr_control_new(int *fd);
void tr_control_free(struct tr_control *control);

/* The slot of a process; taken when it has none and `take`. NULL: none, or the table is full. */
struct tr_control_process *tr_control_process(struct tr_control *control, uint32_t pid, bool take);
/* The process is gone: its slot is free again. */
void tr_control_process_drop(struct tr_control *control, uint32_t pid);

/* The number a thread was entered with, or -1. */
int64_t tr_control_thread_find(struct tr_control *control, uint32_t tid);
/* Enters a thread; false: the table is full. A tid used again replaces the old entry. */
bool tr_control_thread_enter(struct tr_control *control, uint32_t tid, uint32_t number);
void tr_control_thread_drop(struct tr_control *control, uint32_t tid);

/*
 * Enters a host and its address; address NULL: one is made up. The address by which it
 * is known (IPv4 mapped), or NULL: the table is full, or the name too long.
 */
const uint8_t *tr_control_name_enter(struct tr_control *control, const char *text, const uint8_t *address);
/* The host that was given this address; NULL: none. */
const char *tr_control_name_of(const struct tr_control *control, const uint8_t address[16]);

/* A call on trial has returned; wakes who waits for that. */
void tr_control_returned(struct tr_control *control, uint32_t call);
/* Sleeps until more than `seen` calls have returned, at most limit_ns. How many have. */
uint32_t tr_control_await_return(struct tr_control *control, uint32_t seen, uint64_t limit_ns);

/* Enters the object of a transfer; host as the request named it. Anything too long is left out. */
void tr_control_object_enter(struct tr_control *control, uint32_t transfer, bool tls, const char *host,
			     const char *bucket, const char *key);
/* A copy of a slot; false: it is free, or just being written. */
bool tr_control_object_read(struct tr_control *control, unsigned slot, struct tr_control_object *object);

/* Around the real connect(): says that this thread's connection will be seen by the probe. */
void tr_control_connecting(struct tr_control *control, uint32_t tid, bool begin);
bool tr_control_is_connecting(struct tr_control *control, uint32_t tid);

#endif
