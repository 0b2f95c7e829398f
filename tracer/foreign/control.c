/* control: the mapping shared by supervisor, relay, probe and shim; tables without locks. */
#include "tracer/foreign/contract.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool control_fits(const struct tr_control *c)
{
	return c->magic == TR_CONTROL_MAGIC && c->version == TR_CONTROL_VERSION &&
	       c->size == sizeof(*c);
}

static struct tr_control *control_map(int fd)
{
	void *p = mmap(NULL, sizeof(struct tr_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

struct tr_control *tr_control_open(const char *path)
{
	int saved = errno;
	struct tr_control *c = NULL;
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(*c))
			c = control_map(fd);
		close(fd);
	}
	if (c && !control_fits(c)) {
		munmap(c, sizeof(*c));
		c = NULL;
	}
	errno = saved;
	return c;
}

struct tr_control *tr_control_new(int *fd)
{
	struct tr_control *c = NULL;

	*fd = memfd_create("xferdb-control", MFD_CLOEXEC);
	if (*fd < 0)
		return NULL;
	if (ftruncate(*fd, (off_t)sizeof(*c)) == 0)
		c = control_map(*fd);
	if (!c) {
		close(*fd);
		*fd = -1;
		return NULL;
	}
	c->magic = TR_CONTROL_MAGIC;
	c->version = TR_CONTROL_VERSION;
	c->size = sizeof(*c);
	c->supervisor = (uint32_t)getpid();
	return c;
}

void tr_control_free(struct tr_control *control)
{
	if (control)
		munmap(control, sizeof(*control));
}

struct tr_control_process *tr_control_process(struct tr_control *control, uint32_t pid, bool take)
{
	for (unsigned i = 0; i < TR_NR_PROCESSES; i++) {
		struct tr_control_process *p = &control->processes[(pid + i) % TR_NR_PROCESSES];
		if (atomic_load(&p->pid) == pid)
			return p;
	}
	for (unsigned i = 0; take && i < TR_NR_PROCESSES; i++) {
		struct tr_control_process *p = &control->processes[(pid + i) % TR_NR_PROCESSES];
		uint32_t expected = 0;
		if (atomic_compare_exchange_strong(&p->pid, &expected, pid))
			return p;
		if (expected == pid)
			return p;
	}
	if (take)
		atomic_fetch_or(&control->incomplete, TR_INCOMPLETE_TABLE);
	return NULL;
}

void tr_control_process_drop(struct tr_control *control, uint32_t pid)
{
	struct tr_control_process *p = tr_control_process(control, pid, false);

	if (!p)
		return;
	atomic_store(&p->flags, 0);
	atomic_store(&p->call, 0);
	atomic_store(&p->pid, 0);
}

/*
 * Threads: probing starts at tid % N and looks at a short run of slots only, so
 * that a dropped entry needs no tombstone. An entry is one word, changed whole. What the
 * threads leave that a process takes along at its end is dropped when its place is wanted.
 */
enum { CONTROL_RUN = 64 };

static tr_control_thread *thread_slot(struct tr_control *control, uint32_t tid, unsigned i)
{
	return &control->threads[(tid + i) % TR_NR_THREADS];
}

int64_t tr_control_thread_find(struct tr_control *control, uint32_t tid)
{
	for (unsigned i = 0; i < CONTROL_RUN; i++) {
		uint64_t v = atomic_load_explicit(thread_slot(control, tid, i), memory_order_acquire);
		if (v >> 32 == tid)
			return (int64_t)(uint32_t)v - 1;
	}
	return -1;
}

static bool thread_is_gone(uint32_t tid)
{
	return kill((pid_t)tid, 0) != 0 && errno == ESRCH;
}

bool tr_control_thread_enter(struct tr_control *control, uint32_t tid, uint32_t number)
{
	uint64_t entry = (uint64_t)tid << 32 | (number + 1);

	tr_control_thread_drop(control, tid);
	for (unsigned i = 0; i < CONTROL_RUN; i++) {
		uint64_t expected = 0;
		if (atomic_compare_exchange_strong(thread_slot(control, tid, i), &expected, entry))
			return true;
	}
	for (unsigned i = 0; i < CONTROL_RUN; i++) {
		uint64_t old = atomic_load(thread_slot(control, tid, i));
		if (thread_is_gone((uint32_t)(old >> 32)) &&
		    atomic_compare_exchange_strong(thread_slot(control, tid, i), &old, entry))
			return true;
	}
	atomic_fetch_or(&control->incomplete, TR_INCOMPLETE_TABLE);
	return false;
}

void tr_control_thread_drop(struct tr_control *control, uint32_t tid)
{
	for (unsigned i = 0; i < CONTROL_RUN; i++) {
		uint64_t v = atomic_load(thread_slot(control, tid, i));
		if (v >> 32 == tid)
			atomic_compare_exchange_strong(thread_slot(control, tid, i), &v, 0);
	}
}

void tr_control_connecting(struct tr_control *control, uint32_t tid, bool begin)
{
	_Atomic uint32_t *slot = &control->connecting[tid % TR_NR_THREADS];
	uint32_t expected = tid;

	/* begin overwrites: a thread that died inside connect() must not block the slot */
	if (begin)
		atomic_store(slot, tid);
	else
		atomic_compare_exchange_strong(slot, &expected, 0);
}

bool tr_control_is_connecting(struct tr_control *control, uint32_t tid)
{
	return atomic_load(&control->connecting[tid % TR_NR_THREADS]) == tid;
}

/* ---- names */

static void name_make_up(uint8_t address[16], unsigned index)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 198, 18, 214, 0 };

	memcpy(address, mapped, sizeof(mapped));
	address[15] = (uint8_t)(index + 1);
}

static bool name_is(const struct tr_control_name *n, const char *text, const uint8_t *address)
{
	return atomic_load_explicit(&n->state, memory_order_acquire) == 2 && strcmp(n->text, text) == 0 &&
	       (!address || memcmp(n->address, address, sizeof(n->address)) == 0);
}

const uint8_t *tr_control_name_enter(struct tr_control *control, const char *text, const uint8_t *address)
{
	if (strlen(text) >= TR_NAME_MAX)
		return NULL;
	for (unsigned i = 0; i < TR_NR_NAMES; i++) {
		struct tr_control_name *n = &control->names[i];
		uint32_t free = 0;
		if (name_is(n, text, address))
			return n->address;
		if (!atomic_compare_exchange_strong(&n->state, &free, 1))
			continue;
		strcpy(n->text, text);
		if (address)
			memcpy(n->address, address, sizeof(n->address));
		else
			name_make_up(n->address, i);
		atomic_store_explicit(&n->state, 2, memory_order_release);
		return n->address;
	}
	return NULL;
}

const char *tr_control_name_of(const struct tr_control *control, const uint8_t address[16])
{
	for (unsigned i = 0; i < TR_NR_NAMES; i++) {
		const struct tr_control_name *n = &control->names[i];
		if (atomic_load_explicit(&n->state, memory_order_acquire) == 2 &&
		    memcmp(n->address, address, sizeof(n->address)) == 0 && memchr(n->text, 0, sizeof(n->text)))
			return n->text;
	}
	return NULL;
}

/* ---- what --verify wants to know */

void tr_control_returned(struct tr_control *control, uint32_t call)
{
	bool entered = false;

	/* the slot first: who sees the count also sees the call; who finds it filled counts for the one who fills it */
	while (!entered) {
		uint32_t n = atomic_load(&control->nr_returns);
		_Atomic uint64_t *slot = &control->returned[n % TR_NR_RETURNS];
		uint64_t before = atomic_load(slot);
		entered = (int32_t)((uint32_t)(before >> 32) - (n + 1u)) < 0 &&
			  atomic_compare_exchange_strong(slot, &before, (uint64_t)(n + 1u) << 32 | call);
		atomic_compare_exchange_strong(&control->nr_returns, &n, n + 1);
	}
	if (atomic_load(&control->wants_returns))
		syscall(SYS_futex, &control->nr_returns, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

uint32_t tr_control_await_return(struct tr_control *control, uint32_t seen, uint64_t limit_ns)
{
	const struct timespec limit = { .tv_sec = (time_t)(limit_ns / 1000000000u),
					.tv_nsec = (long)(limit_ns % 1000000000u) };

	atomic_store(&control->wants_returns, 1);
	if (atomic_load(&control->nr_returns) == seen)
		syscall(SYS_futex, &control->nr_returns, FUTEX_WAIT, seen, &limit, NULL, 0);
	return atomic_load(&control->nr_returns);
}

void tr_control_object_enter(struct tr_control *control, uint32_t transfer, bool tls, const char *host,
			     const char *bucket, const char *key)
{
	struct tr_control_object *o = &control->objects[transfer % TR_NR_OBJECTS];

	if (strlen(host) >= sizeof(o->host) || strlen(bucket) >= sizeof(o->bucket) ||
	    strlen(key) >= sizeof(o->key))
		return;
	/* two writers of one slot, 256 transfers apart: the later waits for another turn */
	if (atomic_fetch_or(&o->sequence, 1) & 1)
		return;
	o->transfer = transfer;
	o->tls = tls;
	strcpy(o->host, host);
	strcpy(o->bucket, bucket);
	strcpy(o->key, key);
	atomic_fetch_add(&o->sequence, 1);
}

bool tr_control_object_read(struct tr_control *control, unsigned slot, struct tr_control_object *object)
{
	struct tr_control_object *o = &control->objects[slot];
	uint32_t sequence = atomic_load(&o->sequence);

	if (!sequence || sequence & 1)
		return false;
	memcpy(object, o, sizeof(*object));
	atomic_thread_fence(memory_order_acquire);
	return atomic_load(&o->sequence) == sequence;
}
