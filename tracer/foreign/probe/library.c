/*
 * libraries: which are loaded, asked without the loader's own lock. That one is held while a library's
 * constructors run, and they may wait for a thread that asks (dladdr and dlsym would take it). The one that is
 * taken here guards the list alone.
 */
#include <link.h>
#include <string.h>

#include "tracer/foreign/probe/probe.h"

struct search {
	uintptr_t address;
	const char *part;
	const char *found; /* its name */
};

/* The program itself has none there. */
static const char *name_of(const struct dl_phdr_info *info)
{
	return *info->dlpi_name ? info->dlpi_name : program_invocation_name;
}

static int has_address(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *s = ctx;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum && !s->found; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && s->address - (info->dlpi_addr + p->p_vaddr) < p->p_memsz)
			s->found = name_of(info);
	}
	return s->found != NULL;
}

static int has_name(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *s = ctx;

	(void)size;
	if (strstr(info->dlpi_name, s->part))
		s->found = info->dlpi_name;
	return s->found != NULL;
}

const char *probe_library_of(const void *code)
{
	struct search s = { .address = (uintptr_t)code };

	dl_iterate_phdr(has_address, &s);
	return s.found;
}

bool probe_library_is_loaded(const char *part)
{
	struct search s = { .part = part };

	return dl_iterate_phdr(has_name, &s) != 0;
}
