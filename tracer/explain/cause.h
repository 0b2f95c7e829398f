/*
 * cause: what a run's time can go into. One list of words for explain, which divides the critical path,
 * and for experiment, which adds up what threads and requests spent.
 *
 * ORDER causes: X(ENUMERATOR, "word", "sentence")
 */
#ifndef TR_EXPLAIN_CAUSE_H
#define TR_EXPLAIN_CAUSE_H

/* Both tell these. */
#define TR_CAUSE_WORK_MAP(X)                                                                       \
	X(READING, "reading", "reading the source")                                                \
	X(HASHING, "hashing", "hashing parts before they are sent")                                \
	X(SENDING, "sending", "sending, up to the last byte")                                          \
	X(SERVER, "server", "waiting for the server's answer")                                     \
	X(BACKOFF, "backoff", "waiting before another try")

/* On the critical path. */
#define TR_CAUSE_PATH_MAP(X)                                                                       \
	X(RUNNING, "running", "computing, and whatever no event names")                            \
	TR_CAUSE_WORK_MAP(X)                                                                       \
	X(CONNECTING, "connecting", "connecting")                                                  \
	X(RECEIVING, "receiving", "receiving")                                                     \
	X(WRITING, "writing", "writing what was received")                                         \
	X(BANDWIDTH_LIMIT, "bandwidth-limit", "kept back by the bandwidth limit")                  \
	X(HELD, "held", "held or stopped by the debugger")                                         \
	X(WAKING, "waking", "between a wake-up and the thread running")                            \
	X(WAITING, "waiting", "waiting for something the trace does not name")                     \
	X(SLEEPING, "sleeping", "sleeping")                                                        \
	X(UNKNOWN, "unknown", "before the trace knows more")

/* Summed over threads and requests. */
#define TR_CAUSE_SUM_MAP(X)                                                                        \
	X(SEMAPHORE, "semaphore", "waiting for a permit")                                          \
	X(QUEUE, "queue", "parts in the queue, before a worker took them up")                      \
	TR_CAUSE_WORK_MAP(X)

#endif
