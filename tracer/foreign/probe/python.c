/*
 * python: the interpreter in this process, if there is one: where its own lock
 * lies, and where in the program a thread of it stands.
 *
 * The stack is read only by the thread it belongs to, while that thread is
 * about to wait, so it stands still; and only inside a call on trial. It is read
 * by the system call that copies memory, which says so where another would fault:
 * in blocks, since a stack is a few hundred words that lie close together.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"
#include "tracer/foreign/pystack.h"
#include "tracer/foreign/pyturn.h"

enum { FRAMES = 24, SITES = 512, FIRST_SITE = 1 << 16, BLOCK = 512, BLOCKS = 16, LONGEST_SOURCE = 1 << 20 };

uintptr_t probe_gil_from, probe_gil_to;

static struct tr_pystack python;
static void *(*this_state)(void); /* PyGILState_GetThisThreadState: needs no lock; NULL: not exported */

/* Places seen, by hash of the whole stack; a place's site number is its slot's. */
static _Atomic uint64_t sites[SITES];

/* Blocks of our own memory as they were when one stack was begun to be read. */
struct blocks {
	long pid;
	uint64_t at[BLOCKS];           /* the number of the block that is there, plus one */
	unsigned char bytes[BLOCKS][BLOCK];
};

static const unsigned char *block_of(struct blocks *b, uint64_t number)
{
	unsigned slot = (unsigned)(number * 0x9e3779b97f4a7c15u >> 60);
	struct iovec here = { b->bytes[slot], BLOCK }, there = { (void *)(uintptr_t)(number * BLOCK), BLOCK };

	if (b->at[slot] == number + 1)
		return b->bytes[slot];
	b->at[slot] = 0;
	if (syscall(SYS_process_vm_readv, b->pid, &here, 1L, &there, 1L, 0L) != BLOCK)
		return NULL;
	b->at[slot] = number + 1;
	return b->bytes[slot];
}

static bool read_own(void *ctx, uint64_t address, void *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t into = (address + done) % BLOCK, n = BLOCK - into < len - done ? BLOCK - into : len - done;
		const unsigned char *block = block_of(ctx, (address + done) / BLOCK);
		if (!block)
			return false;
		memcpy((char *)to + done, block + into, n);
		done += n;
	}
	return true;
}

/* From the library or program that holds the interpreter; where its name says nothing, it says so itself. */
static unsigned minor_of(const Dl_info *info)
{
	const unsigned long *version = dlsym(RTLD_DEFAULT, "Py_Version");
	char path[512];
	ssize_t len;

	if (version)
		return *version >> 24 == 3 ? (unsigned)(*version >> 16 & 0xff) : 0;
	if (tr_python_minor(info->dli_fname))
		return tr_python_minor(info->dli_fname);
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	return tr_python_minor(path);
}

void probe_python_find(void)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;
	void *runtime;

	if (probe_gil_from)
		return;
	runtime = dlsym(RTLD_DEFAULT, "_PyRuntime");
	if (!runtime || !dladdr1(runtime, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return;
	if (!tr_pystack_init(&python, minor_of(&info), (uintptr_t)runtime, read_own, NULL))
		python.offsets = NULL;
	this_state = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState");
	probe_gil_to = (uintptr_t)runtime + symbol->st_size;
	probe_gil_from = (uintptr_t)runtime;
}

/* The loader is asked only where it has to be: it may be in the midst of something that waits for this thread (library.c). */
void probe_python_find_loaded(void)
{
	if (!probe_gil_from && probe_library_is_loaded("/libpython"))
		probe_python_find();
}

/* ---- places */

static uint64_t hash_of(const struct tr_pyframe *frames, unsigned nr)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (unsigned i = 0; i < nr; i++) {
		for (const char *c = frames[i].file; *c; c++)
			h = (h ^ (unsigned char)*c) * 0x100000001b3u;
		h = (h ^ frames[i].line) * 0x100000001b3u;
	}
	return h | 1;
}

/* The whole stack goes with the place, innermost first: "file:line name", a line a frame. */
static uint32_t stack_text(const struct tr_pyframe *frames, unsigned nr)
{
	char text[2048];
	size_t at = 0;

	for (unsigned i = 0; i < nr && at < sizeof(text) - 1; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s:%u %s", i ? "\n" : "",
				       tr_pyframe_short(frames[i].file), frames[i].line,
				       frames[i].name);
	return xf_text(text);
}

/* As much of a file as comes, behind which nothing of the program is called. */
static size_t read_whole(int fd, char *to, size_t len)
{
	size_t at = 0;

	for (long n = 1; n > 0 && at < len; at += n > 0 ? (size_t)n : 0)
		n = syscall(SYS_pread64, (long)fd, to + at, len - at, (long)at);
	return at;
}

/* What the text of a line tells of a wait that stands there. */
static const struct {
	const char *key;
	bool (*is)(const char *text, size_t len, unsigned line);
} uses[] = {
	{ "python-turn", tr_pyturn },
	{ "python-exhausts", tr_pyexhausts },
	{ "python-any", tr_pyany },
};

static void say_uses(uint32_t site, const char *text, size_t len, unsigned line)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (uses[i].is(text, len, line)) {
			uint32_t key = xf_text(uses[i].key), value = xf_text("1");
			PROBE_EMIT(property, .key = key, .value = value, .number = site);
		}
}

/* Where the source is not there, nobody knows. */
static void say_uses_in(const char *path, uint32_t site, unsigned line)
{
	int before = errno, fd = (int)syscall(SYS_openat, (long)AT_FDCWD, path, (long)(O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), 0L);
	struct stat st;
	char *text;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= LONGEST_SOURCE) {
		text = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (text != MAP_FAILED) {
			say_uses(site, text, read_whole(fd, text, (size_t)st.st_size), line);
			munmap(text, (size_t)st.st_size);
		}
	}
	if (fd >= 0)
		syscall(SYS_close, (long)fd);
	errno = before;
}

static void say_site(uint32_t id, const struct tr_pyframe *frames, unsigned nr, unsigned known)
{
	uint32_t function = xf_text(frames[known].name);
	uint32_t file = xf_text(tr_pyframe_short(frames[known].file));
	uint32_t key, text = stack_text(frames, nr), path = xf_text(frames[known].file);

	PROBE_EMIT(site, .id = id, .line = frames[known].line, .function = function, .file = file);
	key = xf_text("python-stack");
	PROBE_EMIT(property, .key = key, .value = text, .number = id);
	key = xf_text("python-source");
	PROBE_EMIT(property, .key = key, .value = path, .number = id);
	say_uses_in(frames[known].file, id, frames[known].line);
}

static uint32_t site_of(const struct tr_pyframe *frames, unsigned nr)
{
	uint64_t hash = hash_of(frames, nr), seen;
	unsigned known = 0;

	while (known + 1 < nr && tr_pyframe_is_machinery(&frames[known]))
		known++;
	for (uint64_t i = 0; i < SITES; i++) {
		uint32_t slot = (uint32_t)((hash + i) % SITES);
		seen = atomic_load(&sites[slot]);
		if (seen == hash)
			return FIRST_SITE + slot;
		if (!seen && atomic_compare_exchange_strong(&sites[slot], &seen, hash)) {
			say_site(FIRST_SITE + slot, frames, nr, known);
			return FIRST_SITE + slot;
		}
	}
	return 0;
}

/* Sites are a process' own: a fork says them again. */
void probe_python_forked(void)
{
	for (int i = 0; i < SITES; i++)
		atomic_store(&sites[i], 0);
}

/* The interpreter keeps a thread's state in the thread; only where that is another's (a subinterpreter), all are gone through. */
static bool state_of_this(const struct tr_pystack *p, struct tr_pythread *self)
{
	uint64_t state = this_state ? (uintptr_t)this_state() : 0;

	return (state && tr_pystack_is_of(p, state, (uintptr_t)pthread_self(), self)) ||
	       tr_pystack_find(p, (uintptr_t)pthread_self(), self);
}

uint32_t probe_python_site(void)
{
	return probe_python_site_in(NULL);
}

uint32_t probe_python_site_in(const struct tr_pyframe *innermost)
{
	struct tr_pyframe frames[FRAMES];
	unsigned own = innermost ? 1 : 0;
	struct tr_pystack here = python;
	struct tr_pythread self;
	struct blocks blocks;
	unsigned nr;

	if (!python.offsets || !probe_tls.calls)
		return 0;
	blocks.pid = getpid();
	memset(blocks.at, 0, sizeof(blocks.at));
	here.ctx = &blocks;
	if (!state_of_this(&here, &self))
		return 0;
	if (innermost)
		frames[0] = *innermost;
	nr = tr_pystack_frames(&here, self.state, frames + own, FRAMES - own);
	return nr ? site_of(frames, nr + own) : 0;
}
