/*
 * bench_event: what recording costs, beside what it is made of.
 *
 *     bench_event [FOLDER]      a trace file is made there; without, only memory is measured
 *
 * Every subject is run in batches of BATCH calls, all subjects in turn in every
 * round, so that a busy neighbour hits them alike. The figure is the median of
 * the rounds, per call; the spread from the first decile to the ninth says how
 * much it is to be believed. One row a subject:
 *
 *     NAME  NS  FIRST-DECILE  NINTH-DECILE  RATIO      ratio: to the first row, one time stamp
 *
 * What it must not measure is page faults of its own making: segments are mapped
 * and touched ahead by the recorder's helper, which is given time between rounds,
 * as a program would that records less than sixteen million events a second.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "core/event/gate.h"
#include "core/event/segment.h"
#include "core/sync/sync.h"

enum { BATCH = 2000, ROUNDS = 401, REST_US = 300 };

static volatile uint64_t sink;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct xf_sem semaphore;

#define REPEAT(statement)                                                                          \
	do {                                                                                       \
		for (uint32_t i = 0; i < BATCH; i++) {                                             \
			statement;                                                                 \
			__asm__ volatile("" ::: "memory");                                         \
		}                                                                                  \
	} while (0)

static void time_stamp(void) { REPEAT(sink = xf_clock_ticks()); }

static void clock_gettime_once(void)
{
	struct timespec now;
	REPEAT(clock_gettime(CLOCK_MONOTONIC, &now));
	sink = (uint64_t)now.tv_nsec;
}

static void mutex_pair(void) { REPEAT(pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex)); }

static void emit(void)
{
	REPEAT(XF_EMIT(part_start, .bytes = i, .transfer = 1, .part = i, .attempt = 1));
}

static void event(void)
{
	REPEAT(XF_EVENT(part_start, .bytes = i, .transfer = 1, .part = i, .attempt = 1));
}

static void semaphore_pair(void)
{
	REPEAT(xf_sem_post(&semaphore); xf_sem_wait(&semaphore, XF_FOREVER));
}

enum subject { STAMP, GETTIME, MUTEX, EMIT_OFF, EVENT_OFF, SEM_OFF, EMIT_ON, EVENT_ON, SEM_ON, COUNT };

static const struct {
	const char *name;
	void (*run)(void);
	bool recording;
} subjects[COUNT] = {
	[STAMP] = { "time stamp (rdtsc where the kernel trusts it)", time_stamp, false },
	[GETTIME] = { "clock_gettime(CLOCK_MONOTONIC)", clock_gettime_once, false },
	[MUTEX] = { "pthread_mutex lock + unlock", mutex_pair, false },
	[EMIT_OFF] = { "XF_EMIT, nobody records", emit, false },
	[EVENT_OFF] = { "XF_EVENT, nobody records or watches", event, false },
	[SEM_OFF] = { "xf_sem post + wait, nobody records", semaphore_pair, false },
	[EMIT_ON] = { "XF_EMIT, recorded", emit, true },
	[EVENT_ON] = { "XF_EVENT, recorded, nobody watches", event, true },
	[SEM_ON] = { "xf_sem post + wait, recorded", semaphore_pair, true },
};

static double samples[COUNT][ROUNDS];

static double batch_ns(void (*run)(void))
{
	uint64_t begin = xf_clock_mono_ns();
	run();
	return (double)(xf_clock_mono_ns() - begin) / BATCH;
}

/* One turn of every subject that wants recording on, or off. */
static void round_of(int round, bool recording)
{
	for (enum subject s = 0; s < COUNT; s++) {
		if (subjects[s].recording != recording)
			continue;
		samples[s][round] = batch_ns(subjects[s].run);
		if (recording)
			usleep(REST_US);
	}
}

static void die(const char *what, const struct xf_error *err)
{
	fprintf(stderr, "bench_event: %s: %s\n", what, err->message);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double decile(enum subject s, int tenths)
{
	return samples[s][(ROUNDS - 1) * tenths / 10];
}

static void report(const char *where)
{
	printf("%-50s %8s %8s %8s %7s\n", where, "ns", "10 %", "90 %", "ratio");
	for (enum subject s = 0; s < COUNT; s++)
		qsort(samples[s], ROUNDS, sizeof(samples[s][0]), by_value);
	for (enum subject s = 0; s < COUNT; s++)
		printf("%-50s %8.2f %8.2f %8.2f %7.2f\n", subjects[s].name, decile(s, 5), decile(s, 1),
		       decile(s, 9), decile(s, 5) / decile(STAMP, 5));
}

/* Records `ROUNDS` rounds into path (NULL: memory) and prints the table. */
static void measure(const char *path)
{
	const struct xf_trace_options options = { .path = path };
	struct xf_error err = XF_ERROR_INIT;

	for (int round = 0; round < ROUNDS; round++)
		round_of(round, false);
	if (xf_trace_start(&options, &err))
		die("recording", &err);
	for (int round = 0; round < ROUNDS; round++)
		round_of(round, true);
	xf_trace_stop();
	report(path ? "into a file" : "into memory");
	printf("%-50s %8llu\n\n", "records dropped", (unsigned long long)xf_emit_dropped());
	xf_trace_release();
}

static void *nothing(void *arg)
{
	return arg;
}

/* glibc leaves out locked instructions until a program makes its first thread; ours always has some. */
static void leave_single_thread_mode(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, nothing, NULL) == 0)
		pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char path[4096];

	leave_single_thread_mode();
	xf_clock_init();
	xf_sem_init(&semaphore, "bench", XF_CLASS_PERMIT, 0);
	measure(NULL);
	if (argc > 1) {
		snprintf(path, sizeof(path), "%s/bench.xft", argv[1]);
		measure(path);
		unlink(path);
	}
	xf_sem_fini(&semaphore);
	return 0;
}
