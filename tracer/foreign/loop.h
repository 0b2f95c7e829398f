/*
 * loop: descriptors and timers of the supervisor, on one thread.
 *
 * Everything outside the traced program runs here: notifications, the relay's
 * connections, ends of processes, signals. One thread means no locks; nothing
 * called from the loop may block.
 *
 * Thread: all but tr_loop_wake() on the thread of tr_loop_run(), or before it.
 */
#ifndef TR_FOREIGN_LOOP_H
#define TR_FOREIGN_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct tr_loop;

/* A descriptor that is watched; lives in its owner. fd -1: not watched. */
struct tr_watch {
	int fd;
	uint32_t events;
	void (*ready)(struct tr_watch *watch, uint32_t events);
};

/* A moment that is waited for; lives in its owner. All zero: not set. */
struct tr_timer {
	uint64_t at_ns;         /* CLOCK_MONOTONIC */
	void (*fire)(struct tr_timer *timer);
	struct tr_timer *next;
	bool set;
};

/* NULL: no descriptors or memory. */
struct tr_loop *tr_loop_new(void);
void tr_loop_free(struct tr_loop *loop);

/* Watches fd from now on; false: the kernel would not. */
bool tr_loop_add(struct tr_loop *loop, struct tr_watch *watch, int fd, uint32_t events);
void tr_loop_change(struct tr_loop *loop, struct tr_watch *watch, uint32_t events);
/* Idempotent. Its ready() is not called any more, not even for what is pending. Does not close. */
void tr_loop_remove(struct tr_loop *loop, struct tr_watch *watch);

void tr_loop_at(struct tr_loop *loop, struct tr_timer *timer, uint64_t at_ns);
void tr_loop_cancel(struct tr_loop *loop, struct tr_timer *timer);

/* Runs until stop() says true; it is asked after every round. */
void tr_loop_run(struct tr_loop *loop, bool (*stop)(void *ctx), void *ctx);

/* Any thread, and signal handlers: makes the loop ask stop() soon. */
void tr_loop_wake(struct tr_loop *loop);

#endif
