/*
 * pty: a terminal for the program's stdout, so that its lines come when they are
 * written and not when a buffer is full. Only for --call out: with a stdout that is
 * no terminal. Bytes pass unchanged.
 *
 * Thread: the loop's.
 */
#ifndef TR_FOREIGN_PTY_H
#define TR_FOREIGN_PTY_H

#include "tracer/foreign/loop.h"

struct tr_pty;

/* What comes goes on to `to`. NULL: no terminal to be had. */
struct tr_pty *tr_pty_new(struct tr_loop *loop, int to);
/* The program's side. */
int tr_pty_slave(const struct tr_pty *pty);
void tr_pty_resize(struct tr_pty *pty);
/* Passes on what is still inside. NULL is fine. */
void tr_pty_free(struct tr_pty *pty);

#endif
