/* loop: see loop.h. Few timers are set at a time: a sorted list does. */
#include "tracer/foreign/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/event/clock.h"

enum { LOOP_BATCH = 64 };

struct tr_loop {
	int epoll;
	struct tr_watch wake;
	struct tr_timer *timers;
	struct epoll_event batch[LOOP_BATCH]; /* of the round under way */
	int nr_batch;
};

static void loop_woken(struct tr_watch *watch, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(watch->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
}

struct tr_loop *tr_loop_new(void)
{
	struct tr_loop *loop = calloc(1, sizeof(*loop));
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (loop) {
		loop->epoll = epoll_create1(EPOLL_CLOEXEC);
		loop->wake.ready = loop_woken;
	}
	if (loop && loop->epoll >= 0 && wake >= 0 && tr_loop_add(loop, &loop->wake, wake, EPOLLIN))
		return loop;
	if (wake >= 0)
		close(wake);
	if (loop && loop->epoll >= 0)
		close(loop->epoll);
	free(loop);
	return NULL;
}

void tr_loop_free(struct tr_loop *loop)
{
	if (!loop)
		return;
	close(loop->wake.fd);
	close(loop->epoll);
	free(loop);
}

bool tr_loop_add(struct tr_loop *loop, struct tr_watch *watch, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = watch };

	watch->fd = fd;
	watch->events = events;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
		return true;
	watch->fd = -1;
	return false;
}

void tr_loop_change(struct tr_loop *loop, struct tr_watch *watch, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = watch };

	if (watch->fd < 0 || watch->events == events)
		return;
	watch->events = events;
	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &e);
}

void tr_loop_remove(struct tr_loop *loop, struct tr_watch *watch)
{
	if (watch->fd < 0)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
	for (int i = 0; i < loop->nr_batch; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
}

void tr_loop_at(struct tr_loop *loop, struct tr_timer *timer, uint64_t at_ns)
{
	struct tr_timer **at = &loop->timers;

	tr_loop_cancel(loop, timer);
	while (*at && (*at)->at_ns <= at_ns)
		at = &(*at)->next;
	timer->at_ns = at_ns;
	timer->set = true;
	timer->next = *at;
	*at = timer;
}

void tr_loop_cancel(struct tr_loop *loop, struct tr_timer *timer)
{
	for (struct tr_timer **at = &loop->timers; timer->set && *at; at = &(*at)->next)
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	timer->set = false;
}

static int loop_timeout_ms(const struct tr_loop *loop)
{
	uint64_t now;

	if (!loop->timers)
		return -1;
	now = xf_clock_mono_ns();
	if (loop->timers->at_ns <= now)
		return 0;
	uint64_t ms = (loop->timers->at_ns - now + 999999) / 1000000;
	return ms > 60000 ? 60000 : (int)ms;
}

static void loop_fire(struct tr_loop *loop)
{
	uint64_t now = loop->timers ? xf_clock_mono_ns() : 0;

	while (loop->timers && loop->timers->at_ns <= now) {
		struct tr_timer *timer = loop->timers;
		loop->timers = timer->next;
		timer->set = false;
		timer->fire(timer);
	}
}

void tr_loop_run(struct tr_loop *loop, bool (*stop)(void *ctx), void *ctx)
{
	while (!stop(ctx)) {
		int n = epoll_wait(loop->epoll, loop->batch, LOOP_BATCH, loop_timeout_ms(loop));
		loop->nr_batch = n > 0 ? n : 0;
		for (int i = 0; i < loop->nr_batch; i++) {
			struct tr_watch *watch = loop->batch[i].data.ptr;
			if (watch)
				watch->ready(watch, loop->batch[i].events);
		}
		loop->nr_batch = 0;
		loop_fire(loop);
	}
}

void tr_loop_wake(struct tr_loop *loop)
{
	uint64_t one = 1;

	if (write(loop->wake.fd, &one, sizeof(one)) < 0)
		return; /* full: it wakes anyway */
}
