/* attach_watch: threads at work, looked at for a while. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/event/clock.h"
#include "tracer/foreign/attach.h"
#include "tracer/foreign/sample.h"

enum { WATCH_MS = 330, SAMPLED = 8 };

/* What is compared: all bytes there are to count. */
struct moved {
	uint64_t files, wire;
	bool files_known;
};

static bool is_at_work(const struct tr_attach_thread *t)
{
	return t->wait == TR_AT_WORK || t->wait == TR_AT_GIL;
}

static bool is_own(const struct tr_attach *a, uint64_t inode)
{
	for (unsigned i = 0; i < a->nr_sockets; i++)
		if (a->sockets[i].tcp.inode == inode)
			return true;
	return false;
}

static struct moved moved_now(const struct tr_attach *a)
{
	struct moved m = { .files = 0 };
	struct tr_tcp *tcp = NULL;
	unsigned nr = 0;

	m.files_known = tr_proc_bytes(a->pid, &m.files);
	if (a->nr_sockets && tr_tcp_list(&tcp, &nr, NULL) == XF_OK)
		for (unsigned i = 0; i < nr; i++)
			m.wire += is_own(a, tcp[i].inode) ? tcp[i].bytes_acked + tcp[i].bytes_received : 0;
	free(tcp);
	return m;
}

/* Threads that are sampled: those at work of whom no Python stack is known. */
struct watched {
	struct tr_attach_thread *thread;
	struct tr_sample sample;
};

static unsigned samples_begin(struct tr_attach *a, struct watched *w)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < a->nr_threads && nr < SAMPLED; i++)
		if (a->threads[i].wait == TR_AT_WORK && !a->threads[i].nr_python) {
			w[nr].thread = &a->threads[i];
			nr += tr_sample_begin(&w[nr].sample, a->threads[i].tid);
		}
	return nr;
}

static void samples_end(struct tr_attach *a, struct watched *w, unsigned nr)
{
	struct tr_stack *stack = nr ? tr_stack_new(a->pid) : NULL;
	uint64_t sp, pc;

	for (unsigned i = 0; i < nr; i++)
		if (tr_sample_end(&w[i].sample, &sp, &pc) && stack)
			w[i].thread->nr_native = tr_stack_frames(stack, w[i].thread->tid, sp, pc, w[i].thread->native,
								 TR_ATTACH_FRAMES);
	tr_stack_free(stack);
}

static unsigned percent(uint64_t part, uint64_t whole)
{
	return part >= whole ? 100 : (unsigned)(part * 100 / whole);
}

static void watch(struct tr_attach *a, uint64_t *worked)
{
	const struct timespec pause = { .tv_nsec = WATCH_MS * 1000000 };
	struct watched w[SAMPLED];
	struct moved before = moved_now(a), after;
	unsigned nr = samples_begin(a, w);
	uint64_t begin_ns = xf_clock_mono_ns(), took_ns;

	for (unsigned i = 0; i < a->nr_threads; i++)
		worked[i] = tr_proc_thread_worked_ns(a->pid, a->threads[i].tid);
	nanosleep(&pause, NULL);
	took_ns = xf_clock_mono_ns() - begin_ns;
	for (unsigned i = 0; i < a->nr_threads; i++)
		a->threads[i].busy_percent =
			percent(tr_proc_thread_worked_ns(a->pid, a->threads[i].tid) - worked[i], took_ns);
	after = moved_now(a);
	samples_end(a, w, nr);
	a->watched_ms = took_ns / 1000000;
	a->wire_only = !before.files_known || !after.files_known;
	a->moved = before.wire != after.wire || (!a->wire_only && before.files != after.files);
}

void tr_attach_watch(struct tr_attach *a)
{
	uint64_t *worked;
	unsigned i = 0;

	while (i < a->nr_threads && !is_at_work(&a->threads[i]))
		i++;
	worked = i < a->nr_threads ? calloc(a->nr_threads, sizeof(*worked)) : NULL;
	if (worked)
		watch(a, worked);
	free(worked);
}
