/*
 * vfork: its child runs on the parent's memory and stack until it execs. What it
 * did there would be recorded as the parent's doing, so its thread is marked
 * for that time, and everything passes by.
 *
 * The child returns from here before the parent does, on the same stack, so the
 * return address waits in a register, as in every C library. Where there is no
 * such code for a processor, vfork is left alone, and its child's few calls are
 * told apart by nothing: it is then not wrapped, and recorded as the parent's.
 */
#include "tracer/foreign/probe/probe.h"

/* The child's first event comes after it; what it ran there, its own process_start says. */
void probe_say_forked(long child)
{
	if (child > 0)
		PROBE_EMIT(fork, .pid = (uint32_t)getpid(), .child = (uint32_t)child);
}

PROBE_EXPORT pid_t fork(void)
{
	pid_t pid = REAL(fork)();

	if (pid > 0)
		PROBE(probe_say_forked(pid));
	return pid;
}

PROBE_EXPORT pid_t _Fork(void)
{
	pid_t pid = REAL(_Fork)();

	if (pid == 0)
		probe_forked();
	return pid;
}

#if defined(__x86_64__)

/* Called by the code below in the parent; rc is the system call's result. */
__attribute__((used, visibility("hidden"))) long probe_vforked(long rc);

long probe_vforked(long rc)
{
	probe_tls.vfork = 0;
	if (rc > -4096 && rc < 0) {
		errno = (int)-rc;
		return -1;
	}
	PROBE(probe_say_forked(rc));
	return rc;
}

_Static_assert(offsetof(struct probe_tls, vfork) == 1, "the code below writes byte 1");

__asm__(".text\n"
	".globl vfork\n"
	".type vfork, @function\n"
	"vfork:\n"
	"	endbr64\n"
	"	popq %rdi\n"
	"	movq probe_tls@gottpoff(%rip), %rdx\n"
	"	movb $1, %fs:1(%rdx)\n"
	"	movl $58, %eax\n"
	"	syscall\n"
	"	pushq %rdi\n"
	"	testq %rax, %rax\n"
	"	je 1f\n"
	"	subq $8, %rsp\n"
	"	movq %rax, %rdi\n"
	"	call probe_vforked\n"
	"	addq $8, %rsp\n"
	"1:	ret\n"
	".size vfork, .-vfork\n");

#endif
