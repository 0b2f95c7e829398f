/*
 * session: a session of its own for the program, whose controlling terminal is a
 * pseudo-terminal of ours: what the program opens as /dev/tty is that one, and not the one
 * a screen is drawn on.
 *
 * The session's leader is a process of ours that does nothing: at a leader's end the kernel hangs up
 * the processes in the foreground, and what a program leaves behind is not to die of that. The program
 * is cloned by it as our own child, leads a process group and has the foreground. As no shell looks
 * after that group, the leader does: when we are stopped (Ctrl-Z) it stops the foreground,
 * when we go on it lets it go on. It outlives us while the program lives.
 */
#ifndef TR_FOREIGN_SESSION_H
#define TR_FOREIGN_SESSION_H

#include <sys/types.h>

struct tr_session {
	int terminal;   /* the pseudo-terminal's master; borrowed */
	pid_t leader;   /* 0: there is none */
	int lifeline;   /* closed: it ends */
};

/*
 * As clone() of a process that shares our descriptors: its pid, 0 in itself, -1. In the new
 * process only system calls may be made.
 */
pid_t tr_session_clone(struct tr_session *session);

/* Sends the foreground what a key of a terminal would (SIGINT, SIGQUIT); 0, or -1: nobody is there. */
int tr_session_signal(const struct tr_session *session, int number);

/* The leader ends, the foreground is not hung up. Without a leader: nothing. */
void tr_session_stop(struct tr_session *session);

#endif
