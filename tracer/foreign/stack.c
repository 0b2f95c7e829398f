#include "tracer/foreign/stack.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/foreign/remote.h"

/* DWARF's number of the stack pointer */
#if defined(__x86_64__)
enum { STACK_REGISTER = 7 };
#elif defined(__aarch64__)
enum { STACK_REGISTER = 31 };
#else
enum { STACK_REGISTER = -1 };
#endif

struct tr_stack {
	struct tr_remote remote;
	Dwfl *dwfl;
	/* the thread being looked at */
	uint32_t tid;
	uint64_t sp, pc;
	struct tr_native_frame *frames;
	unsigned nr, max;
};

/* Debug information is only what lies beside the program: nothing is fetched, nothing big is read. */
static int no_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)module, (void)user, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static const Dwfl_Callbacks files = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = no_debuginfo,
};

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	const struct tr_stack *s = arg;

	(void)dwfl;
	if (*thread_arg)
		return 0;
	*thread_arg = arg;
	return (pid_t)s->tid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
	(void)dwfl, (void)tid;
	*thread_arg = arg;
	return true;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *arg)
{
	struct tr_stack *s = arg;

	(void)dwfl;
	return tr_remote_read(&s->remote, address, word, sizeof(*word));
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct tr_stack *s = arg;
	Dwarf_Word sp = s->sp;

	if (STACK_REGISTER < 0 || !dwfl_thread_state_registers(thread, STACK_REGISTER, 1, &sp))
		return false;
	dwfl_thread_state_register_pc(thread, s->pc);
	return true;
}

static const Dwfl_Thread_Callbacks threads = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

void tr_stack_free(struct tr_stack *s)
{
	if (s && s->dwfl)
		dwfl_end(s->dwfl);
	free(s);
}

struct tr_stack *tr_stack_new(uint32_t pid)
{
	struct tr_stack *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	tr_remote_init(&s->remote, pid);
	s->dwfl = s->remote.readable ? dwfl_begin(&files) : NULL;
	if (!s->dwfl || dwfl_linux_proc_report(s->dwfl, (pid_t)pid) != 0 ||
	    dwfl_report_end(s->dwfl, NULL, NULL) != 0 ||
	    !dwfl_attach_state(s->dwfl, NULL, (pid_t)pid, &threads, s)) {
		tr_stack_free(s);
		return NULL;
	}
	return s;
}

static void name_frame(Dwfl *dwfl, Dwarf_Addr pc, struct tr_native_frame *f)
{
	Dwfl_Module *module = dwfl_addrmodule(dwfl, pc);
	const char *path = module ? dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL) : NULL;
	const char *name = module ? dwfl_module_addrname(module, pc) : NULL;
	const char *base = path ? strrchr(path, '/') : NULL;

	f->address = pc;
	snprintf(f->name, sizeof(f->name), "%s", name ? name : "?");
	snprintf(f->module, sizeof(f->module), "%s", base ? base + 1 : path ? path : "");
}

static int take_frame(Dwfl_Frame *frame, void *arg)
{
	struct tr_stack *s = arg;
	Dwarf_Addr pc;
	bool exact;

	if (s->nr == s->max || !dwfl_frame_pc(frame, &pc, &exact))
		return DWARF_CB_ABORT;
	/* a return address belongs to the call before it */
	name_frame(s->dwfl, exact || s->nr == 0 ? pc : pc - 1, &s->frames[s->nr]);
	s->nr++;
	return DWARF_CB_OK;
}

unsigned tr_stack_frames(struct tr_stack *s, uint32_t tid, uint64_t sp, uint64_t pc,
			 struct tr_native_frame *frames, unsigned max)
{
	s->tid = tid;
	s->sp = sp;
	s->pc = pc;
	s->frames = frames;
	s->nr = 0;
	s->max = max;
	dwfl_getthread_frames(s->dwfl, (pid_t)tid, take_frame, s);
	return s->nr;
}
