/*
 * probe: what all wrappers of the preload library share.
 *
 * Every wrapper has the same shape: call the real function, and around it, when
 * the probe is on, record. PROBE(…) is that "when": it keeps errno, and it does
 * nothing while this thread is already inside the probe (our own calls must not
 * be recorded), is a helper, or runs in a vfork child, which borrows the
 * parent's memory and must leave no trace in it.
 *
 * Nothing here takes a lock, allocates with malloc, or blocks.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "tracer/foreign/contract.h"
#include "tracer/foreign/marks.h"
#include "tracer/foreign/probe/object.h"
#include "tracer/foreign/probe/real.h"

#define PROBE_EXPORT __attribute__((visibility("default")))

/* Owner thread only. Static TLS is scarce: keep it at these words. */
struct probe_tls {
	uint8_t inside;      /* in the probe: what is called now is ours */
	uint8_t vfork;       /* a vfork child runs on this stack */
	uint8_t known;       /* this thread has been introduced */
	uint8_t rounds;      /* destructor rounds so far */
	uint16_t calls;      /* calls on trial open on this thread */
	uint8_t polled;      /* a poll of this thread has been recorded */
	uint8_t unused;
	uint32_t limited_at; /* the place in Python of its last semaphore wait, when that had a limit; 0 */
	uint64_t limit_ns;   /* of that wait */
	uint64_t suspended_ns; /* when it began to wait for SIGCHLD, and had not asked for a child since; 0 */
	uint64_t due_ns;     /* when its event loop's next timer is due; 0: never, as far as it has said */
	void *ssl;           /* SSL object whose read or write is under way */
	void *shadow;        /* return addresses of symbol calls, call.c */
};

extern __thread struct probe_tls probe_tls __attribute__((tls_model("initial-exec")));
extern _Atomic bool probe_on;

extern struct tr_control *probe_control; /* set before probe_on */

/* Gives the calling thread its number in the trace and enters it into the control. */
void probe_introduce(void);

/* Records the marks that were left for the calling thread, and counts the calls they open and end. */
void probe_marks_take(void);

/*
 * Is the code at maker that of a language's runtime, which parks a thread the same way for a lock as for
 * what is worth waiting for? The JVM's; Ruby's, whose Mutex and whose lock that one thread at a time runs
 * with are given so, as is a join; Perl's lock() of a shared variable, as its cond_wait.
 */
bool probe_is_runtime(const void *maker);

/* ---- library.c. Any thread, also while another loads a library. */

/* The file that code is of, or the program as it was called; NULL: none. Of running code it stays. */
const char *probe_library_of(const void *code);
/* Is one loaded with that in its name? Not the program itself. */
bool probe_library_is_loaded(const char *part);

/* Has this process forbidden itself system calls? Then the probe is off from here on. Makes none itself. */
bool probe_sandboxed(void);

static inline bool probe_active(void)
{
	return __builtin_expect(atomic_load_explicit(&probe_on, memory_order_relaxed), 1) &&
	       !(probe_tls.inside | probe_tls.vfork) &&
	       (__builtin_expect(!atomic_load_explicit(&probe_control->nr_sandboxed, memory_order_acquire), 1) ||
		!probe_sandboxed());
}

#define PROBE(...)                                                                                 \
	do {                                                                                       \
		if (probe_active()) {                                                              \
			int probe_errno_ = errno;                                                  \
			probe_tls.inside = 1;                                                      \
			if (__builtin_expect(!probe_tls.known, 0))                                 \
				probe_introduce();                                                 \
			if (tr_marks_pending(probe_control))                                       \
				probe_marks_take();                                                \
			__VA_ARGS__;                                                               \
			probe_tls.inside = 0;                                                      \
			errno = probe_errno_;                                                      \
		}                                                                                  \
	} while (0)

/* Records without a place in the source: the probe's own would tell nobody anything. */
#define PROBE_EMIT_AT(name, object_, order_, site_, ...)                                           \
	do {                                                                                       \
		const struct xf_ev_##name probe_payload_ = { __VA_ARGS__ };                        \
		if (xf_emit_on())                                                                  \
			xf_emit_raw(XF_EV_##name, (object_), (order_), (site_), &probe_payload_,   \
				    sizeof(probe_payload_));                                       \
	} while (0)
#define PROBE_EMIT_OBJECT(name, object_, order_, ...)                                              \
	PROBE_EMIT_AT(name, object_, order_, 0, __VA_ARGS__)
#define PROBE_EMIT(name, ...) PROBE_EMIT_AT(name, 0, 0, 0, __VA_ARGS__)

/* Time left until an absolute time on a clock, ns; at least 1. */
uint64_t probe_limit_ns(clockid_t clock, const struct timespec *abs);

static inline uint64_t probe_timespec_ns(const struct timespec *ts)
{
	return ts ? (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec : 0;
}

/* The same for a wait on a condition's own clock, which is nobody's business but the C library's. */
uint64_t probe_cond_limit_ns(const struct timespec *abs);

/* ---- python.c: is this the interpreter's own lock (the GIL), whose traffic means nothing? */

extern uintptr_t probe_gil_from, probe_gil_to;

static inline bool probe_is_gil(const void *address)
{
	return (uintptr_t)address - probe_gil_from < probe_gil_to - probe_gil_from;
}

/* Looks for _PyRuntime, unless it has been found: at the start, and when a thread is made, in a library of its name loaded since. */
void probe_python_find(void);
void probe_python_find_loaded(void);

/*
 * Where in the Python program the calling thread stands, as a site: the innermost
 * frame that is not the threading machinery itself. 0: not Python, or no call on
 * trial is open on this thread (it costs microseconds).
 */
uint32_t probe_python_site(void);
/* The same with one more frame inside of those that are there. */
struct tr_pyframe;
uint32_t probe_python_site_in(const struct tr_pyframe *innermost);
void probe_python_forked(void);

/* vfork.c, process.c: a child was made; it was waited for since begin_ns, with
   its status as waitpid() gives it: for any child, or for that one; options are waitpid()'s. Inside PROBE(). */
void probe_say_forked(long child);
void probe_say_waited(pid_t pid, int status, uint64_t begin_ns, bool any, int options);

/* semaphore.c: what waits to be recorded is the parent's. */
void probe_semaphore_forked(void);

/* ---- thread.c */

/* Before recording begins. */
void probe_thread_init(void);

/* ---- futex.c: before recording begins, but for libraries that are loaded later */
void probe_futex_init(void);

/* ---- mutex.c: the mutex is about to be given back, by an unlock or for a wait on a condition. */
void probe_mutex_given(pthread_mutex_t *mutex);

/* ---- fd.c: what stands behind a descriptor */

/* Before recording begins. False: no memory. */
bool probe_fd_init(void);

/* ---- net.c: connections that may carry requests */

struct probe_conn;

/* The connection behind a TCP socket. NULL: no memory. */
struct probe_conn *probe_conn_new(int fd, uint64_t inode);
/* It is closed; by whom is told by what was seen last. */
void probe_conn_free(struct probe_conn *conn);

/*
 * Bytes that are about to be sent, have been sent, have come; rc is the call's
 * result with errno still set. Bytes under TLS only tell whose they are. Between will_send and
 * told a call sends; who has its answer meanwhile waits in received, for a fifth of a second at most.
 */
void probe_conn_will_send(struct probe_conn *conn, const void *bytes, size_t len, size_t more);
void probe_conn_sent(struct probe_conn *conn, const void *bytes, ssize_t rc);
void probe_conn_skipped(struct probe_conn *conn, ssize_t rc);
void probe_conn_told(struct probe_conn *conn);
void probe_conn_received(struct probe_conn *conn, const void *bytes, ssize_t rc);

/* The same in plain text, from an SSL object. */
void probe_ssl_will_write(void *ssl, const void *bytes, size_t len);
void probe_ssl_wrote(void *ssl, const void *bytes, size_t len);
void probe_ssl_read(void *ssl, const void *bytes, size_t len);
void probe_ssl_freed(void *ssl);

/* Last thing of a fork, in the child. */
void probe_forked(void);

bool probe_net_init(void);
/* A forked child has none of its parent's connections to answer for. */
void probe_net_forked(void);
void probe_fd_forked(void);

/* ---- gate.c: holds of this process (TR_HOLD_GATE) */

void probe_gate_init(void);
/* Holds the calling thread when a request just recorded asks for it. No lock of ours is held. */
void probe_gate_wait(void);

/* ---- mark.c: a write to the magic descriptor is a message from the shim. */
void probe_mark(const void *data, size_t len);

/* ---- process.c */

/* The process comes under observation: process_start or exec, and the call `exit`. */
void probe_process_begin(void);
/* The calling process is a fresh fork. */
void probe_process_forked(void);

void probe_process_left(int status, void *unused);

/* ---- call.c: calls of C functions on trial (sym:) */

/* specs: the value of XFERDB_CALL, or NULL. Before main. */
void probe_call_init(const char *specs);
/* The thread is about to be unwound by force (pthread_exit): true return addresses are put back. */
void probe_call_unwound(void);

#endif
