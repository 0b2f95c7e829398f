/*
 * segment: makes the trace file and hands out its segments.
 *
 * Emitters only ever pop from `ready`, a ring with one producer (the helper) and
 * many consumers. Positions count up for ever and slots are refilled only after
 * the head has passed them, so a successful compare-and-swap of the head proves
 * that the slot read before it was ours: no lock and no ABA. When the ring is
 * empty the emitter maps one segment itself, which is a system call and nothing
 * worse.
 */
#include "core/event/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/event/emit.h"

enum {
	READY_SLOTS = 64,      /* power of two */
	READY_LOW = 16,        /* below this the helper is woken */
	READY_FULL = 24,       /* so many are made ready for a process that records: they count as its memory */
	CHUNK_SEGMENTS = 16,   /* mapped at a time at most: 1 MiB */
	MAX_SEGMENTS = 1 << 20,
	TABLE_BYTES = MAX_SEGMENTS * (sizeof(struct xf_segment *) + 1), /* table, settled */
	ANCHOR_EVERY_MS = 1000,
};
_Static_assert(READY_FULL <= READY_SLOTS && (READY_SLOTS & (READY_SLOTS - 1)) == 0, "the ring holds them");

/* Segment states in header.sealed. */
enum { SEAL_DONE = 1, SEAL_WANTED = 2 };

static struct {
	/* set by start, before the first emitter */
	int fd;                  /* -1: none is kept open */
	bool by_path;            /* opened afresh whenever the file grows; dev and ino say which file */
	dev_t dev;
	ino_t ino;
	char path[PATH_MAX];
	struct xf_file_header *header;
	_Atomic(struct xf_segment *) *table; /* by number; only this process' segments */
	_Atomic uint8_t *settled; /* by number; asked here, a look at the segment would bring its pages back */
	uint32_t process;
	bool joined, helper_on, active;
	uint64_t ahead;          /* segments to be ready for emitters */
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
	pthread_t helper;
	sem_t wake;
	/* atomic: emitters and helper */
	_Atomic bool in_memory, stop;
	_Atomic uint64_t ready_head, ready_tail;  /* head: emitters, tail: helper */
	_Atomic(struct xf_segment *) ready[READY_SLOTS];
	/* helper only */
	uint32_t unsealed_from;   /* every segment below is sealed and settled */
} trace = { .fd = -1 };

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;

uint64_t xf_segment_checksum(const struct xf_segment *segment, uint32_t count)
{
	uint64_t hash = 0xcbf29ce484222325u;
	const unsigned char *p = (const unsigned char *)segment->records;
	for (size_t i = 0; i < (size_t)count * XF_RECORD_SIZE; i += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, p + i, sizeof(word));
		hash = (hash ^ word) * 0x9fb21c651e98df25u;
		hash ^= hash >> 32;
	}
	return hash;
}

/* ---- growing the file */

static void warn_once(const char *what, int os_errno)
{
	if (atomic_exchange(&trace.in_memory, true) || !trace.warn)
		return;
	char text[PATH_MAX + 160], reason[128];
	snprintf(text, sizeof(text),
		 "the trace cannot be written to %s (%s: %s); it is kept in memory and lost at the end",
		 trace.path, what, strerror_r(os_errno, reason, sizeof(reason)));
	trace.warn(trace.warn_ctx, text);
}

/* A write beyond RLIMIT_FSIZE would raise SIGXFSZ in somebody else's program. */
static int within_limit(off_t end)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    (rlim_t)end > limit.rlim_cur)
		return EFBIG;
	return 0;
}

/* Blocks are reserved before they are mapped: a full disk must never become SIGBUS. */
static int allocate(int fd, off_t offset, off_t len)
{
	int e = within_limit(offset + len);
	return e ? e : posix_fallocate(fd, offset, len);
}

/* A memory file has only the name /proc gives it, which is a link. */
static int open_path(void)
{
	int flags = O_RDWR | O_CLOEXEC;
	return open(trace.path, strncmp(trace.path, "/proc/", 6) == 0 ? flags : flags | O_NOFOLLOW);
}

/*
 * The file, to grow it. Somebody else's process keeps no descriptor of ours: it
 * may close all it has, and what then bears the number is its own file.
 */
static int file_begin(void)
{
	struct stat st;
	if (!trace.by_path)
		return trace.fd;
	int fd = open_path();
	if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_dev != trace.dev || st.st_ino != trace.ino)) {
		close(fd);
		errno = ESTALE;
		return -1;
	}
	return fd;
}

static void file_end(int fd)
{
	if (trace.by_path && fd >= 0)
		close(fd);
}

static void prefault(void *map, size_t len)
{
#ifdef MADV_POPULATE_WRITE
	if (madvise(map, len, MADV_POPULATE_WRITE) == 0)
		return;
#endif
	for (size_t i = 0; i < len; i += 4096)
		((volatile char *)map)[i] = 0;
}

/*
 * Pages that have been written are mapped in one go, where those of reserved blocks would each be
 * made by a fault of its own: a third of the time. What cannot be written now, a fault makes later.
 */
static void fill(int fd, off_t offset, size_t len)
{
	enum { PAGE = 4096, PIECES = XF_SEGMENT_SIZE / PAGE };
	static const char zeros[PAGE];
	struct iovec pieces[PIECES];

	for (int i = 0; i < PIECES; i++)
		pieces[i] = (struct iovec){ (char *)(uintptr_t)zeros, PAGE };
	for (; len >= XF_SEGMENT_SIZE; len -= XF_SEGMENT_SIZE, offset += XF_SEGMENT_SIZE)
		if (pwritev(fd, pieces, PIECES, offset) != XF_SEGMENT_SIZE)
			return;
}

static void *map_file(uint32_t first, uint32_t count)
{
	off_t offset = XF_HEADER_SIZE + (off_t)first * XF_SEGMENT_SIZE;
	size_t len = (size_t)count * XF_SEGMENT_SIZE;
	int fd = file_begin();
	if (fd < 0) {
		warn_once("open", errno);
		return NULL;
	}
	int e = allocate(fd, offset, (off_t)len);
	if (!e)
		fill(fd, offset, len);
	void *map = e ? MAP_FAILED :
			mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (map == MAP_FAILED)
		warn_once(e ? "no room" : "mmap", e ? e : errno);
	file_end(fd);
	return map == MAP_FAILED ? NULL : map;
}

static void *map_memory(uint32_t count)
{
	void *map = mmap(NULL, (size_t)count * XF_SEGMENT_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	atomic_fetch_add(&trace.header->nr_in_memory, count);
	return map;
}

/* New segments, numbered and in the table; NULL when neither disk nor memory has room. */
static struct xf_segment *grow(uint32_t count, uint32_t *first)
{
	*first = atomic_fetch_add(&trace.header->nr_segments, count);
	if (*first + count > MAX_SEGMENTS)
		return NULL;
	void *map = NULL;
	if ((trace.fd >= 0 || trace.by_path) && !atomic_load(&trace.in_memory))
		map = map_file(*first, count);
	if (!map)
		map = map_memory(count);
	if (!map)
		return NULL;
	prefault(map, (size_t)count * XF_SEGMENT_SIZE);
	return map;
}

/* ---- the free list */

static uint64_t ready_count(void)
{
	return atomic_load(&trace.ready_tail) - atomic_load(&trace.ready_head);
}

/* Helper (or start, before it). */
static void refill(void)
{
	uint64_t ready;
	while ((ready = ready_count()) < trace.ahead && !atomic_load(&trace.stop)) {
		uint32_t first, count = (uint32_t)(trace.ahead - ready);
		if (count > CHUNK_SEGMENTS)
			count = CHUNK_SEGMENTS;
		struct xf_segment *chunk = grow(count, &first);
		if (!chunk)
			return;
		for (uint32_t i = 0; i < count; i++) {
			uint64_t tail = atomic_load_explicit(&trace.ready_tail, memory_order_relaxed);
			chunk[i].header.index = first + i;
			atomic_store(&trace.ready[tail % READY_SLOTS], &chunk[i]);
			/* pairs with the acquire in pop(): slot before tail */
			atomic_store_explicit(&trace.ready_tail, tail + 1, memory_order_release);
		}
	}
}

static struct xf_segment *pop(void)
{
	uint64_t head = atomic_load_explicit(&trace.ready_head, memory_order_relaxed);
	for (;;) {
		if (head == atomic_load_explicit(&trace.ready_tail, memory_order_acquire))
			return NULL;
		struct xf_segment *s = atomic_load(&trace.ready[head % READY_SLOTS]);
		if (atomic_compare_exchange_weak(&trace.ready_head, &head, head + 1))
			return s;
	}
}

static struct xf_segment *grow_one(void)
{
	uint32_t index;
	struct xf_segment *s = grow(1, &index);
	if (s)
		s->header.index = index;
	return s;
}

struct xf_segment *xf_segment_take(uint32_t thread, uint32_t pid, uint32_t tid, uint32_t generation)
{
	struct xf_segment *s = pop();
	if (!s)
		s = grow_one();
	if (trace.helper_on && trace.ahead && ready_count() < READY_LOW)
		sem_post(&trace.wake);
	if (!s)
		return NULL;
	s->header.process = trace.process;
	s->header.thread = thread;
	s->header.pid = pid ? pid : (uint32_t)getpid();
	s->header.tid = tid;
	s->header.generation = generation;
	/* the magic says that the rest of the header holds: pairs with readers of the live trace */
	__atomic_store_n(&s->header.magic, XF_SEGMENT_MAGIC, __ATOMIC_RELEASE);
	atomic_store_explicit(&trace.table[s->header.index], s, memory_order_release);
	return s;
}

/* A segment's header up to `sealed`, which its helper may be writing, whoever wrote it; false: there is none. */
static bool read_header(int fd, uint32_t index, struct xf_segment_header *header)
{
	const struct xf_segment *own = atomic_load_explicit(&trace.table[index], memory_order_acquire);
	off_t offset = XF_HEADER_SIZE + (off_t)index * XF_SEGMENT_SIZE;
	if (own)
		memcpy(header, &own->header, offsetof(struct xf_segment_header, sealed));
	else if (fd < 0 || pread(fd, header, sizeof(*header), offset) != (ssize_t)sizeof(*header))
		return false;
	return header->magic == XF_SEGMENT_MAGIC;
}

uint32_t xf_segment_next_generation(uint32_t thread)
{
	uint32_t n = trace.header ? atomic_load(&trace.header->nr_segments) : 0, next = 0;
	struct xf_segment_header header;
	int fd = file_begin();
	for (uint32_t i = 0; i < n && i < MAX_SEGMENTS; i++)
		if (read_header(fd, i, &header) && header.thread == thread && header.generation >= next)
			next = header.generation + 1;
	file_end(fd);
	return next;
}

/* ---- sealing */

static void settle(struct xf_segment *s)
{
	s->header.checksum = xf_segment_checksum(s, s->header.count);
	atomic_store_explicit(&s->header.sealed, SEAL_DONE, memory_order_release);
	atomic_store_explicit(&trace.settled[s->header.index], 1, memory_order_relaxed);
}

static bool is_settled(uint32_t index)
{
	return atomic_load_explicit(&trace.settled[index], memory_order_relaxed);
}

void xf_segment_seal(struct xf_segment *segment, uint32_t count)
{
	segment->header.count = count;
	if (!trace.helper_on) {
		settle(segment);
		return;
	}
	atomic_store_explicit(&segment->header.sealed, SEAL_WANTED, memory_order_release);
	sem_post(&trace.wake);
}

void xf_segment_close(struct xf_segment *segment, uint32_t count)
{
	static const size_t page = 4096;
	size_t used = (offsetof(struct xf_segment, records) + count * sizeof(struct xf_record) + page - 1) / page * page;

	xf_segment_seal(segment, count);
	if (!trace.by_path)
		return;
	atomic_store_explicit(&trace.table[segment->header.index], NULL, memory_order_release);
	if (used < XF_SEGMENT_SIZE) /* a page too large for it, or memory of nobody's file: then it stays */
		madvise((char *)segment + used, XF_SEGMENT_SIZE - used, MADV_REMOVE);
	munmap(segment, XF_SEGMENT_SIZE);
}

void xf_segment_let_go(const struct xf_segment *segment)
{
	/* an anonymous segment, which would be lost, is only ever made once this is set */
	if (!atomic_load(&trace.in_memory))
		madvise((void *)(uintptr_t)segment, XF_SEGMENT_SIZE, MADV_DONTNEED);
}

static void settle_sealed(void)
{
	uint32_t n = atomic_load(&trace.header->nr_segments);
	bool all_before = true;
	for (uint32_t i = trace.unsealed_from; i < n && i < MAX_SEGMENTS; i++) {
		struct xf_segment *s = atomic_load_explicit(&trace.table[i], memory_order_acquire);
		if (s && !is_settled(i) &&
		    atomic_load_explicit(&s->header.sealed, memory_order_acquire) == SEAL_WANTED) {
			settle(s);
			xf_segment_let_go(s);
		}
		all_before = all_before && is_settled(i);
		if (all_before)
			trace.unsealed_from = i + 1;
	}
}

/* ---- the helper */

static void add_anchor(void)
{
	struct xf_file_header *h = trace.header;
	uint32_t n = atomic_load(&h->nr_anchors);
	h->anchors[xf_anchor_slot(n)] = xf_clock_anchor();
	atomic_store_explicit(&h->nr_anchors, n + 1, memory_order_release);
}

static void wait_for_work(void)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANCHOR_EVERY_MS / 1000;
	while (sem_timedwait(&trace.wake, &until) != 0 && errno == EINTR)
		;
}

static void *help(void *unused)
{
	uint64_t last = xf_clock_mono_ns();
	xf_thread_mute();
	while (!atomic_load(&trace.stop)) {
		wait_for_work();
		refill();
		settle_sealed();
		uint64_t now = xf_clock_mono_ns();
		if (now - last >= ANCHOR_EVERY_MS * 1000000u) {
			add_anchor();
			last = now;
		}
	}
	return unused;
}

static bool start_helper(void)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bool on = sem_init(&trace.wake, 0, 0) == 0 &&
		  pthread_create(&trace.helper, NULL, help, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return on;
}

/* ---- making and joining the file */

static void fill_header(struct xf_file_header *h)
{
	memcpy(h->magic, XF_FILE_MAGIC, sizeof(h->magic));
	h->version = XF_TRACE_VERSION;
	h->layout = xf_layout_hash();
	h->clock = xf_clock_tsc;
	h->pid = (uint32_t)getpid();
	h->real_ns = xf_clock_real_ns();
	h->anchors[0] = xf_clock_anchor();
	atomic_store(&h->nr_anchors, 1);
}

/* Only a regular file is replaced; what is there is kept until the new one stands. */
static int open_new(const char *path)
{
	struct stat st;
	char temporary[PATH_MAX + 8];
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = S_ISLNK(st.st_mode) ? ELOOP : S_ISDIR(st.st_mode) ? EISDIR : ENODEV;
		return -1;
	}
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -1;
	int e = within_limit(XF_HEADER_SIZE);
	if (!e)
		e = posix_fallocate(fd, 0, XF_HEADER_SIZE);
	if (!e && (fchmod(fd, 0600) != 0 || rename(temporary, path) != 0))
		e = errno;
	if (e) {
		unlink(temporary);
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

static struct xf_file_header *map_header(int fd)
{
	int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	void *map = mmap(NULL, XF_HEADER_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

static enum xf_status make_file(struct xf_error *err)
{
	if (trace.path[0]) {
		trace.fd = open_new(trace.path);
		if (trace.fd < 0)
			warn_once("open", errno);
	} else {
		atomic_store(&trace.in_memory, true);
	}
	trace.header = map_header(trace.fd);
	if (!trace.header)
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	fill_header(trace.header);
	return XF_OK;
}

static enum xf_status join_file(struct xf_error *err)
{
	struct stat st;
	trace.fd = open_path();
	if (trace.fd < 0 || fstat(trace.fd, &st) != 0)
		return xf_fail_errno(err, XF_IO, errno, "cannot open the trace %s", trace.path);
	if (!S_ISREG(st.st_mode) || st.st_size < XF_HEADER_SIZE)
		return xf_fail(err, XF_FORMAT, "%s is not a trace", trace.path);
	trace.header = map_header(trace.fd);
	if (!trace.header)
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	if (memcmp(trace.header->magic, XF_FILE_MAGIC, sizeof(trace.header->magic)) != 0)
		return xf_fail(err, XF_FORMAT, "%s is not a trace", trace.path);
	if (trace.header->version != XF_TRACE_VERSION || trace.header->layout != xf_layout_hash())
		return xf_fail(err, XF_VERSION, "%s was made by another version of xferdb", trace.path);
	xf_clock_tsc = trace.header->clock != 0;
	trace.dev = st.st_dev;
	trace.ino = st.st_ino;
	return XF_OK;
}

static void keep_no_descriptor(void)
{
	close(trace.fd);
	trace.fd = -1;
	trace.by_path = true;
}

static void reset(void)
{
	memset(&trace, 0, sizeof(trace));
	trace.fd = -1;
}

static void abandon(void)
{
	if (trace.header)
		munmap(trace.header, XF_HEADER_SIZE);
	if (trace.table)
		munmap(trace.table, TABLE_BYTES);
	if (trace.fd >= 0)
		close(trace.fd);
	reset();
}

static enum xf_status set_up(const struct xf_trace_options *o, struct xf_error *err)
{
	if (o->path && strlen(o->path) >= sizeof(trace.path))
		return xf_fail(err, XF_INVALID, "the trace's path is too long");
	snprintf(trace.path, sizeof(trace.path), "%s", o->path ? o->path : "");
	trace.warn = o->warn;
	trace.warn_ctx = o->warn_ctx;
	trace.joined = o->join;
	trace.ahead = o->no_helper || o->for_others ? 0 : READY_FULL;
	void *table = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		return xf_fail(err, XF_NOMEM, "no memory for the trace");
	trace.table = table;
	trace.settled = (_Atomic uint8_t *)(trace.table + MAX_SEGMENTS);
	enum xf_status status = o->join ? join_file(err) : make_file(err);
	if (status == XF_OK)
		trace.process = atomic_fetch_add(&trace.header->nr_processes, 1);
	if (status == XF_OK && o->join && o->no_helper)
		keep_no_descriptor();
	return status;
}

static uint32_t epoch; /* under start_lock; a forked child has one thread */

enum xf_status xf_trace_start(const struct xf_trace_options *options, struct xf_error *err)
{
	pthread_mutex_lock(&start_lock);
	enum xf_status status = XF_OK;
	if (trace.active)
		status = xf_fail(err, XF_STATE, "a recording is on already");
	if (status == XF_OK) {
		reset();
		if (!options->join)
			xf_clock_init();
		status = set_up(options, err);
		if (status != XF_OK)
			abandon();
	}
	if (status == XF_OK) {
		trace.active = true;
		if (!options->no_helper) {
			refill();
			trace.helper_on = start_helper();
		}
		xf_emit_start(++epoch, !options->join && !options->for_others);
		if (options->for_others)
			xf_thread_mute();
	}
	pthread_mutex_unlock(&start_lock);
	return status;
}

/*
 * The parent's segments stay mapped, and stay the parent's: the table is emptied,
 * so that nothing here seals or visits them.
 */
void xf_trace_forked(void)
{
	if (!trace.active || trace.helper_on)
		return;
	madvise(trace.table, TABLE_BYTES, MADV_DONTNEED);
	trace.process = atomic_fetch_add(&trace.header->nr_processes, 1);
	atomic_store(&trace.ready_head, atomic_load(&trace.ready_tail));
	xf_emit_forked(++epoch);
}

/* ---- the end */

static void stop_helper(void)
{
	atomic_store(&trace.stop, true);
	if (!trace.helper_on)
		return;
	sem_post(&trace.wake);
	pthread_join(trace.helper, NULL);
	sem_destroy(&trace.wake);
	trace.helper_on = false;
}

/* Threads that are still about keep their segment; it is sealed as it stands. */
static void seal_open(struct xf_segment *s)
{
	uint32_t count = 0;
	while (count < XF_SEGMENT_RECORDS &&
	       atomic_load_explicit(&s->records[count].commit, memory_order_acquire) == XF_COMMIT)
		count++;
	s->header.count = count;
	settle(s);
}

static void seal_all(void)
{
	uint32_t n = atomic_load(&trace.header->nr_segments);
	for (uint32_t i = 0; i < n && i < MAX_SEGMENTS; i++) {
		struct xf_segment *s = atomic_load(&trace.table[i]);
		if (s && !is_settled(i)) {
			seal_open(s);
			xf_segment_let_go(s);
		}
	}
}

/* Segments that were mapped ahead and that nobody took. */
static void unmap_ready(void)
{
	for (struct xf_segment *s = pop(); s; s = pop())
		munmap(s, XF_SEGMENT_SIZE);
}

/*
 * Segments that nobody took are cut off, where nobody else writes to the file.
 * Never the other way: the last ones may be in memory, and no room is left for them.
 */
static void trim(void)
{
	struct stat st;
	if (trace.fd < 0 || trace.joined || atomic_load(&trace.header->nr_processes) > 1)
		return;
	uint32_t n = atomic_load(&trace.header->nr_segments);
	while (n > 0 && !atomic_load(&trace.table[n - 1]))
		n--;
	atomic_store(&trace.header->nr_segments, n);
	off_t end = XF_HEADER_SIZE + (off_t)n * XF_SEGMENT_SIZE;
	if (fstat(trace.fd, &st) != 0 || st.st_size <= end || ftruncate(trace.fd, end) != 0)
		return; /* a longer file is a valid file */
}

void xf_trace_stop(void)
{
	pthread_mutex_lock(&start_lock);
	if (trace.active && atomic_load(&xf_recording)) {
		xf_emit_stop();
		stop_helper();
		seal_all();
		unmap_ready();
		if (!trace.joined) {
			add_anchor();
			trim();
			atomic_store(&trace.header->closed, 1);
		}
	}
	pthread_mutex_unlock(&start_lock);
}

void xf_trace_release(void)
{
	xf_trace_stop();
	pthread_mutex_lock(&start_lock);
	if (trace.active) {
		for (uint32_t i = 0; i < atomic_load(&trace.header->nr_segments); i++) {
			struct xf_segment *s = atomic_load(&trace.table[i]);
			if (s)
				munmap(s, XF_SEGMENT_SIZE);
		}
		abandon();
	}
	pthread_mutex_unlock(&start_lock);
}

/* ---- looking at it */

const char *xf_trace_path(void)
{
	return trace.active && (trace.fd >= 0 || trace.by_path) ? trace.path : NULL;
}

int xf_trace_fd(void)
{
	return trace.active ? trace.fd : -1;
}

bool xf_trace_in_memory(void)
{
	return atomic_load(&trace.in_memory);
}

const struct xf_file_header *xf_trace_header(void)
{
	return trace.active ? trace.header : NULL;
}

void xf_trace_visit(xf_segment_fn visit, void *ctx)
{
	uint32_t n = trace.active ? atomic_load(&trace.header->nr_segments) : 0;
	for (uint32_t i = 0; i < n && i < MAX_SEGMENTS; i++) {
		const struct xf_segment *s = atomic_load_explicit(&trace.table[i], memory_order_acquire);
		if (s)
			visit(ctx, i, s);
	}
}

uint32_t xf_segment_thread_number(void)
{
	return atomic_fetch_add(&trace.header->nr_threads, 1);
}

void xf_segment_count_dropped(uint64_t records)
{
	if (trace.active)
		atomic_fetch_add(&trace.header->dropped, records);
}
