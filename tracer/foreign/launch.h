/*
 * launch: a program started under observation, and what became of it.
 *
 *     struct tr_launch *l;
 *     tr_launch_new(&options, &l, &err);    the program runs (or: it could not be started)
 *     tr_launch_wait(l, …);                 until it and what it left behind have ended
 *     tr_launch_free(l);
 *
 * The program keeps its terminal, its standard streams, its process group (but for a
 * session of its own, session.h) and its exit status. It never fails because it is watched: whatever cannot be set
 * up is left out, and said in tr_launch_losses().
 *
 * The contract with the probe and the shim: contract.h.
 */
#ifndef TR_FOREIGN_LAUNCH_H
#define TR_FOREIGN_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/status.h"
#include "tracer/foreign/contract.h"

/* How system calls are watched. ORDER backends */
enum tr_backend {
	TR_BACKEND_AUTO,   /* notify, else ptrace, else none */
	TR_BACKEND_NOTIFY, /* seccomp user notification */
	TR_BACKEND_PTRACE, /* the same filter, with ptrace stops */
	TR_BACKEND_NONE,   /* only what probe and /proc show */
};

const char *tr_backend_name(enum tr_backend backend);
bool tr_backend_find(const char *name, enum tr_backend *backend);

/* Which connections go through the relay. */
enum tr_relay_mode {
	TR_RELAY_NEEDED, /* those the probe does not see */
	TR_RELAY_ALL,    /* all: holds are wanted */
	TR_RELAY_NONE,
};

struct tr_launch_options {
	char *const *argv;            /* borrowed until the launch is freed; argv[0] is looked for on PATH */
	const char *const *calls;     /* "exit", "py:…", …; NULL-terminated, or NULL: the defaults */
	enum tr_backend backend;
	enum tr_relay_mode relay;
	bool no_probe, no_shim;
	bool tls_relay;               /* terminate TLS with a throw-away CA */
	const char *local_endpoint;   /* "http://127.0.0.1:PORT": fail closed; NULL: no --local */
	const char *const *set_env;   /* "NAME=VALUE", or "NAME" that is taken away; NULL-terminated, or NULL */
	const char *ablate;           /* for the shim; NULL */
	int stdout_to;                /* the program's stdout goes there instead (--json); -1: untouched */
	int terminal;                 /* a pseudo-terminal's master: the program gets a session of its own on it; 0: none */
	uint64_t duration_ns;         /* ask for a report after so long; 0: never */
	uint64_t stall_ns;            /* ask for a report when nothing moves for so long; 0: never */
	const struct tr_control_hold *holds; /* nr_holds of them, armed before the start */
	unsigned nr_holds;
};

/* How it ended. */
struct tr_launch_end {
	bool started;          /* exec worked; else exec_errno says why not */
	int exec_errno;
	int wait_status;       /* as waitpid gives it */
	int exit_status;       /* as a shell gives it: 128+N for signals; 126, 127 when not started */
	unsigned stragglers;   /* processes it left behind that were waited for */
	uint64_t refused;      /* connections refused by --local */
};

/* What a wait returned for. */
enum tr_launch_why {
	TR_LAUNCH_ENDED,     /* the program and what it left behind are gone */
	TR_LAUNCH_INTERRUPT, /* Ctrl-C: report, then tr_launch_pass_interrupt() */
	TR_LAUNCH_DURATION,  /* duration_ns are over */
	TR_LAUNCH_STALL,     /* nothing moved for stall_ns */
	TR_LAUNCH_SPIN,      /* nothing moved for much longer, though the program was at work all the while */
};

struct tr_launch;

/*
 * Starts the program; recording is on already (xf_trace_start). The caller's
 * process becomes a child subreaper, and takes SIGINT, SIGTERM, SIGTSTP and the
 * like to pass them on.
 * Thread: the main thread, once per process at a time.
 * Owns: *launch is the caller's, also when the program could not be executed
 * (tr_launch_end then says why).
 * Errors: XF_NOMEM, XF_IO (no pipe, no fork), XF_UNSUPPORTED (the backend asked
 * for by name does not work here; with AUTO that is a loss, not an error).
 */
enum xf_status tr_launch_new(const struct tr_launch_options *options, struct tr_launch **launch,
			     struct xf_error *err);

/* Blocks until there is something to say. Supervision goes on in threads of its own meanwhile. */
enum tr_launch_why tr_launch_wait(struct tr_launch *launch);

/* When a SIGINT came that the program has had as well (a terminal's); 0: the last was for us alone. */
uint64_t tr_launch_interrupted_ns(const struct tr_launch *launch);

/* Sends the program the SIGINT that was kept back for the report. */
void tr_launch_pass_interrupt(struct tr_launch *launch);

/* How it ended. Ends supervision: call it once tr_launch_wait() has returned TR_LAUNCH_ENDED. */
const struct tr_launch_end *tr_launch_end(struct tr_launch *launch);

/* The program's pid, and the live control mapping (holds may be added and released in it). */
uint32_t tr_launch_pid(const struct tr_launch *launch);
struct tr_control *tr_launch_control(struct tr_launch *launch);

/* The backend in use. */
enum tr_backend tr_launch_backend(const struct tr_launch *launch);

/* Connections --local refused, one sentence each, NULL-terminated; borrowed; after tr_launch_end(). */
const char *const *tr_launch_refusals(struct tr_launch *launch);

/* What could not be watched, one sentence each, NULL-terminated; borrowed; whole after tr_launch_end(). */
const char *const *tr_launch_losses(const struct tr_launch *launch);

/* Ends supervision; a program that still runs goes on unwatched. NULL is fine. */
void tr_launch_free(struct tr_launch *launch);

#endif
