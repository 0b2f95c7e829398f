/* unprobed: see unprobed.h. What /proc shows of the process, no more: it may end at any moment. */
#include "tracer/foreign/unprobed.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracer/foreign/contract.h"
#include "tracer/foreign/procfs.h"

/* A file that names no loader is loaded by none, and so is the probe. False: it does, or cannot be read. */
static bool has_no_loader(int fd)
{
	Elf64_Ehdr head;
	Elf64_Phdr program;

	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(program))
		return false;
	for (unsigned i = 0; i < head.e_phnum; i++)
		if (pread(fd, &program, sizeof(program), (off_t)(head.e_phoff + i * sizeof(program))) != (ssize_t)sizeof(program) ||
		    program.p_type == PT_INTERP)
			return false;
	return true;
}

static bool is_static(uint32_t pid)
{
	char path[32];
	int fd;
	bool none;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	none = fd >= 0 && has_no_loader(fd);
	if (fd >= 0)
		close(fd);
	return none;
}

const char *tr_unprobed_why(uint32_t pid)
{
	char preload[4096];

	if (is_static(pid))
		return "it is linked statically";
	if (tr_proc_read(pid, "environ", preload, sizeof(preload)) < 0)
		return "nobody may look into it to say why";
	if (!tr_proc_environment(pid, "LD_PRELOAD", preload, sizeof(preload)) || !strstr(preload, TR_PROBE_FILE))
		return "it was started without LD_PRELOAD";
	return "it could not be loaded there";
}
