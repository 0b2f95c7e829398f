/* backend: the names of the ways to watch system calls. ORDER backends */
#include <string.h>

#include "tracer/foreign/launch.h"

static const char *const backend_names[] = { "auto", "notify", "ptrace", "none" };

const char *tr_backend_name(enum tr_backend backend)
{
	return backend_names[backend];
}

bool tr_backend_find(const char *name, enum tr_backend *backend)
{
	for (unsigned i = 0; i < sizeof(backend_names) / sizeof(backend_names[0]); i++)
		if (strcmp(name, backend_names[i]) == 0) {
			*backend = (enum tr_backend)i;
			return true;
		}
	return false;
}
