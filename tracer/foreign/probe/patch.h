/*
 * patch: puts a jump at the entry of a function, in memory.
 *
 * The instructions the jump overwrites are copied beside it and go on from there:
 * they must be few, and of a kind that may stand elsewhere, as function
 * prologues are. What cannot be read with certainty is left alone.
 *
 * x86-64 only; elsewhere nothing can be patched, and everybody is told.
 */
#ifndef PROBE_PATCH_H
#define PROBE_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One instruction, as far as moving it goes. */
struct probe_instruction {
	unsigned len;      /* 0: unknown, or never to be moved */
	unsigned ip_at;    /* place of a 32-bit displacement from its end; 0: none */
	bool is_call;      /* call of a fixed place: ip_at is where */
};

/* Reads the instruction at code; at most 15 bytes of it are looked at. */
struct probe_instruction probe_instruction(const unsigned char *code);

/*
 * From now on every call of function goes through `entry`, with `id` and then the
 * return address on top of the stack. *resume: where the function goes on. False:
 * it stays as it is. Nobody may be running its first instructions meanwhile.
 */
bool probe_patch(void *function, void *entry, uint32_t id, void **resume);

#endif
