/*
 * child: the program between clone and exec.
 *
 * It shares our descriptors until just before its exec, so that the listener
 * its filter makes turns up in our table by itself: no socket, no permission to
 * take a descriptor is needed, and no system call that the filter looks at.
 *
 *   child                                  parent
 *   waits for TR_CHILD_GO            ←     enters its number, then says so
 *   installs the filter, tells       →     watches the listener; or attaches (ptrace)
 *   waits for TR_CHILD_GO            ←
 *   unshares, moves stdout, tells    →     closes its side of the pipe
 *   execve                           →     end of file: it runs; a number: errno
 *
 * Until its exec it ends with the parent's thread that cloned it.
 */
#ifndef TR_FOREIGN_CHILD_H
#define TR_FOREIGN_CHILD_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "core/event/status.h"
#include "tracer/foreign/session.h"

struct tr_child_plan {
	const char *path;          /* of the file to execute */
	char *const *argv;
	char *const *envp;
	const struct sock_filter *code;
	unsigned short code_len;   /* 0: no filter */
	bool listen;               /* with a listener; else for ptrace */
	int stdout_fd;             /* becomes its stdout; -1: as it is */
	sigset_t mask;             /* signal mask it starts with */
	struct rlimit files;       /* how many descriptors it may have */
	struct tr_session *session; /* a session of its own; NULL: ours */
};

struct tr_child {
	pid_t pid;
	int go[2], up[2];          /* pipes */
	int listener;              /* of its filter; -errno: could not */
	bool no_new_privs;
};

/* Clones it; it waits. Errors: XF_IO. */
enum xf_status tr_child_start(const struct tr_child_plan *plan, struct tr_child *child,
			      struct xf_error *err);
/* Lets it install its filter; the listener is then ours. */
void tr_child_filter(struct tr_child *child);
/* Lets it execute; 0, or the errno of execve. Somebody must answer its notifications meanwhile. */
int tr_child_execute(struct tr_child *child);

/*
 * The file execvp would execute for name, to path. 0, or ENOENT, EACCES.
 */
int tr_child_find(const char *name, const char *search, char *path, size_t cap);

#endif
