/*
 * sample: where a thread is that works, by the kernel's sampling clock (perf events).
 *
 * The thread is not stopped; a timer's interrupt notes its instruction and stack pointers while
 * it runs in its program. A process of one's own may be sampled where kernel.perf_event_paranoid is 2 or less.
 */
#ifndef TR_FOREIGN_SAMPLE_H
#define TR_FOREIGN_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

struct tr_sample {
	int fd;    /* -1: none */
	void *map;
};

/* Begins to look at a thread. False: it may not be done here. */
bool tr_sample_begin(struct tr_sample *sample, uint32_t tid);

/* Ends it; the last place it was seen at. False: it was never seen at work. */
bool tr_sample_end(struct tr_sample *sample, uint64_t *sp, uint64_t *pc);

#endif
