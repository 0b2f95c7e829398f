/*
 * python: the interpreter in this process, if there is one: where its own lock
 * lies, and where in the program a thread of it stands.
 *
 * The stack is read only by the thread it belongs to, while that thread is
 * about to wait, so it stands still; and only inside a call on trial. It is read
 * by the system call that copies memory, which says so where another would fault.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"
#include "tracer/foreign/pystack.h"

enum { FRAMES = 24, SITES = 512, FIRST_SITE = 1 << 16 };

uintptr_t probe_gil_from, probe_gil_to;

static struct tr_pystack python;

/* Places seen, by hash of the whole stack; a place's site number is its slot's. */
static _Atomic uint64_t sites[SITES];

static bool read_own(void *ctx, uint64_t address, void *to, size_t len)
{
	struct iovec here = { to, len }, there = { (void *)(uintptr_t)address, len };

	(void)ctx;
	return syscall(SYS_process_vm_readv, (long)getpid(), &here, 1L, &there, 1L, 0L) == (long)len;
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
	probe_gil_to = (uintptr_t)runtime + symbol->st_size;
	probe_gil_from = (uintptr_t)runtime;
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

uint32_t probe_python_site(void)
{
	struct tr_pyframe frames[FRAMES];
	struct tr_pythread self;
	unsigned nr;

	if (!python.offsets || !probe_tls.calls ||
	    !tr_pystack_find(&python, (uintptr_t)pthread_self(), &self))
		return 0;
	nr = tr_pystack_frames(&python, self.state, frames, FRAMES);
	return nr ? site_of(frames, nr) : 0;
}
