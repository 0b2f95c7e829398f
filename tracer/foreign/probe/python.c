#include <dlfcn.h>
#include <link.h>

#include "tracer/foreign/probe/probe.h"

uintptr_t probe_gil_from, probe_gil_to;

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
	probe_gil_to = (uintptr_t)runtime + symbol->st_size;
	probe_gil_from = (uintptr_t)runtime;
}

uint32_t probe_python_site(void)
{
	return 0;
}
