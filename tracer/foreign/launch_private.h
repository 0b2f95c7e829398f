/*
 * launch_private: what a launch is made of, for the files of it: launch_prepare.c decides what the
 * program is given, launch.c starts it, follows it and ends.
 */
#ifndef TR_FOREIGN_LAUNCH_PRIVATE_H
#define TR_FOREIGN_LAUNCH_PRIVATE_H

#include "tracer/foreign/launch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "tracer/foreign/environment.h"
#include "tracer/foreign/keeper.h"
#include "tracer/foreign/ptrace.h"
#include "tracer/foreign/pty.h"
#include "tracer/foreign/session.h"
#include "tracer/foreign/supervise.h"

enum {
	LAUNCH_LOSSES = 24,
	LAUNCH_BEFORE = 256,                   /* children we had before */
};

struct tr_launch {
	struct tr_launch_options options;
	struct tr_control *control;
	int control_fd;
	struct tr_loop *loop;
	struct tr_supervisor supervisor;
	struct tr_lines lines;
	struct tr_relay *relay;
	struct tr_tls *tls;
	struct tr_pty *pty;
	struct tr_keeper keeper;
	struct tr_session session;             /* with options.terminal */
	struct tr_ptrace *ptrace;
	enum tr_backend backend;
	uint32_t pid, number;                  /* of the program; of its main thread in the trace */
	struct tr_watch listener, signals;
	struct tr_timer duration, stall, straggle;
	uint64_t moved, moved_ns, patience_ns; /* for --stall */
	uint64_t worked_ns;                    /* what the processes had worked by moved_ns */
	uint64_t spin_ns, spin_patience_ns;    /* nothing has moved since, computing or not; told after so long */
	uint64_t ended_ns, quiet_ns;           /* the program's end; when the relay last moved */
	uint64_t drained;
	uint32_t before[LAUNCH_BEFORE];
	unsigned nr_before;
	sigset_t old_mask;
	struct rlimit old_files;               /* what the program may have; we take two for each of its connections, and more */
	char path[4096];
	char **python_argv;                    /* NULL: the program is run as it was called */
	char *const *argv;
	pthread_t thread;
	bool running;                          /* the thread is */
	bool ready;                            /* … and attached; under lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	unsigned why;                          /* bits: 1 << enum tr_launch_why */
	bool stop;
	bool gone;                             /* the program has ended */
	struct tr_launch_end end;
	/* written by the loop before it posts the interrupt */
	_Atomic bool interrupt_owed;           /* the program has not had it; taken by who passes it on */
	_Atomic uint64_t interrupted_ns;
	/* the loop's, read after it has ended */
	char losses[LAUNCH_LOSSES][224];
	const char *loss_list[LAUNCH_LOSSES + 1];
	unsigned nr_losses;
	bool no_new_privs;                     /* the filter forbids them; once the program is attached */
};

#define LAUNCH_OF(member, at) ((struct tr_launch *)((char *)(at) - offsetof(struct tr_launch, member)))

/* What cannot be seen of this program, a sentence; before the loop runs, or on its thread. The other: said once. */
void tr_launch_loses(struct tr_launch *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tr_launch_loses_once(void *launch, const char *sentence);

/* ---- launch_prepare.c, in the order of their use */

/* A bare .py file runs under the python3 on PATH. False: no memory. */
bool tr_launch_python(struct tr_launch *l);
/* Which calls the supervisor itself has to look for. Errors: XF_INVALID. */
enum xf_status tr_launch_calls(struct tr_launch *l, struct xf_error *err);
/* Where --local leads. Errors: XF_INVALID. */
enum xf_status tr_launch_endpoint(struct tr_launch *l, struct xf_error *err);
/* AUTO: the best there is. A program that needs its set-uid bit is better not filtered than broken. Errors: XF_UNSUPPORTED. */
enum xf_status tr_launch_choose_backend(struct tr_launch *l, struct xf_error *err);
/* The program's environment. False: no memory; tr_environment_fini() all the same. */
bool tr_launch_environment(struct tr_launch *l, struct tr_environment *e);

#endif
