/*
 * keeper: a process that answers notifications when nobody else does any more.
 *
 * Without an answer a filtered call fails with ENOSYS once the last listener is
 * closed, exit_group among them: a program must not suffer because its
 * supervisor was killed, or has done with it. The keeper holds the listener,
 * sleeps while the supervisor lives, then lets every call go on, and ends with the
 * last process that could make one. It holds no other descriptor. A call that the supervisor
 * has received and not answered goes on, too.
 */
#ifndef TR_FOREIGN_KEEPER_H
#define TR_FOREIGN_KEEPER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

struct tr_keeper {
	pid_t pid;      /* 0: there is none */
	int lifeline;   /* closed: it takes over */
	_Atomic uint64_t *last; /* id of the last call received; shared with it, 0: none was */
};

/* Best effort. */
void tr_keeper_start(struct tr_keeper *keeper, int listener);

/* The supervisor has received the call of that id. */
void tr_keeper_received(struct tr_keeper *keeper, uint64_t id);

/* It takes over; when nothing is left to keep, it ends at once and is reaped. */
void tr_keeper_stop(struct tr_keeper *keeper);

#endif
