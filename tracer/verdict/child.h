/*
 * child: CPython's waits for a child with a time limit, as a trace shows them.
 *
 * Popen.wait(timeout) asks and sleeps in turn; communicate(timeout), and so run(), lies in polls for what the child writes and then does
 * the same; Process.join(timeout) of multiprocessing lies in a poll for the child's end, and then takes it. What is asked for without
 * waiting would be luck: that it was waited for is shown by the polls and sleeps before, which stand in those functions of
 * the library, called from the same line. A program's own poll() between sleeps is no such wait, nor is wait(timeout=0).
 */
#ifndef TR_VERDICT_CHILD_H
#define TR_VERDICT_CHILD_H

#include "tracer/trace/log.h"

struct tr_child_wait {
	uint32_t first, last;  /* its polls and sleeps, events */
	uint64_t limit_ns;     /* 0: the trace does not tell. Of one that ran out, how long it lay, at least */
	int64_t begin_ns;
};

/*
 * Did this process_wait end such a wait? Also where its limit ran out, and the child was killed then, by the library (run()) or by the program, and
 * waited for without a limit.
 * Not where it was asked for, and the line stands in a loop that goes on (pyturn.h): which wait it was, and whether for that long, is not known.
 */
bool tr_child_wait_of(const struct tr_log *log, uint32_t process_wait, struct tr_child_wait *out);

/* The next such wait of that thread that ran out, in the events from `from` to `until`. False: none did. */
bool tr_child_wait_ran_out(const struct tr_log *log, uint32_t thread, uint32_t from, uint32_t until, struct tr_child_wait *out);

/* What it would have ended with: the process_exit of the only child that its process had then. TR_NONE: it had several, or that did not end. */
uint32_t tr_child_of(const struct tr_log *log, const struct tr_child_wait *w);

#endif
