#include "tracer/foreign/probe/real.h"

#include <dlfcn.h>

struct probe_real probe_real;

struct entry {
	const char *name, *version;
	void **slot;
};

static const struct entry entries[] = {
#define PROBE_X(type, name, version, params) { #name, version, (void **)&probe_real.name },
	PROBE_REAL_MAP(PROBE_X)
#undef PROBE_X
};

static void *next_symbol(const char *name, const char *version)
{
	void *found = version ? dlvsym(RTLD_NEXT, name, version) : NULL;

	return found ? found : dlsym(RTLD_NEXT, name);
}

/*
 * Writing the same pointers twice from two threads is harmless, so there is no
 * once-flag that a signal handler or a recursion could get stuck on.
 */
void probe_real_resolve(void)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (!__atomic_load_n(entries[i].slot, __ATOMIC_RELAXED))
			__atomic_store_n(entries[i].slot,
					 next_symbol(entries[i].name, entries[i].version),
					 __ATOMIC_RELAXED);
}
