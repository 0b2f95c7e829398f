#include "tracer/foreign/remote.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/foreign/procfs.h"
#include "tracer/foreign/symbols.h"

bool tr_remote_read(void *ctx, uint64_t address, void *to, size_t len)
{
	const struct tr_remote *r = ctx;
	struct iovec here = { to, len }, there = { (void *)(uintptr_t)address, len };

	return process_vm_readv((pid_t)r->pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

/* The file behind a mapping, in the process' own mount namespace. */
static void path_of(uint32_t pid, const struct tr_proc_module *m, char *path, size_t cap)
{
	snprintf(path, cap, "/proc/%u/root%s", pid, m->path);
	if (access(path, R_OK) != 0)
		snprintf(path, cap, "%s", m->path);
}

static bool find_runtime(struct tr_remote *r, const struct tr_proc_module *m)
{
	struct tr_symbol runtime;
	uint64_t first;
	char path[640];

	path_of(r->pid, m, path, sizeof(path));
	if (!tr_symbol_find(path, "_PyRuntime", &runtime, &first))
		return false;
	r->has_python = true;
	r->python_minor = tr_python_minor(m->path);
	r->python_from = m->start + runtime.value - first;
	r->python_to = r->python_from + runtime.size;
	r->python_known = tr_pystack_init(&r->python, r->python_minor, r->python_from, tr_remote_read, r);
	return true;
}

void tr_remote_init(struct tr_remote *r, uint32_t pid)
{
	struct tr_proc_module m;
	uint64_t word;

	*r = (struct tr_remote){ .pid = pid };
	if (!tr_proc_module(pid, "libpython3", &m) || !find_runtime(r, &m))
		if (tr_proc_module(pid, "python3", &m))
			find_runtime(r, &m);
	if (tr_proc_module(pid, "", &m))
		r->readable = tr_remote_read(r, m.start, &word, sizeof(word));
	if (!r->readable)
		r->python_known = false;
}
