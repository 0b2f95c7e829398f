#include "tracer/foreign/probe/patch.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)

/* ---- reading */

enum { F_NONE = 0, F_MODRM = 1, F_IMM8 = 2, F_IMM32 = 4 };

/* What follows an opcode byte; -1: not in a prologue we would move. */
static int shape_of(unsigned char op)
{
	if (op >= 0x50 && op <= 0x5f)                   /* push, pop */
		return F_NONE;
	if (op < 0x40 && (op & 7) < 4)                  /* add or adc sbb and sub xor cmp */
		return F_MODRM;
	if (op >= 0xb8 && op <= 0xbf)                   /* mov register, constant */
		return F_IMM32;
	switch (op) {
	case 0x90: return F_NONE;
	case 0x63: case 0x84: case 0x85: case 0x88: case 0x89: case 0x8a: case 0x8b: case 0x8d:
		return F_MODRM;
	case 0x80: case 0x83: case 0xc6: case 0xc0: case 0xc1: case 0x6b:
		return F_MODRM | F_IMM8;
	case 0x81: case 0xc7: case 0x69:
		return F_MODRM | F_IMM32;
	case 0x6a: return F_IMM8;
	case 0x68: return F_IMM32;
	default: return -1;
	}
}

static int shape_of_0f(unsigned char op)
{
	static const unsigned char with_modrm[] = {
		0x10, 0x11, 0x14, 0x16, 0x1f, 0x28, 0x29, 0x2a, 0x2e, 0x2f, 0x57, 0x5a, 0x6e, 0x6f, 0x7e,
		0x7f, 0xaf, 0xb6, 0xb7, 0xbe, 0xbf, 0xd6, 0xef,
	};

	if (op >= 0x40 && op <= 0x4f)                   /* conditional moves */
		return F_MODRM;
	return memchr(with_modrm, op, sizeof(with_modrm)) ? F_MODRM : -1;
}

/* Bytes of ModRM, SIB and displacement; *ip_relative: the displacement counts from the instruction's end. */
static unsigned operand_size(const unsigned char *modrm, bool *ip_relative)
{
	unsigned mod = modrm[0] >> 6, rm = modrm[0] & 7, size = 1;

	*ip_relative = mod == 0 && rm == 5;
	if (mod == 3)
		return size;
	if (rm == 4) {
		size++;
		if (mod == 0 && (modrm[1] & 7) == 5)
			return size + 4;
	}
	return size + (mod == 1 ? 1 : mod == 2 || *ip_relative ? 4 : 0);
}

struct probe_instruction probe_instruction(const unsigned char *code)
{
	struct probe_instruction i = { 0 };
	unsigned at = 0, rex = 0;
	bool half = false, ip_relative = false;
	int shape;

	if (code[0] == 0xe8)
		return (struct probe_instruction){ .len = 5, .ip_at = 1, .is_call = true };
	for (; code[at] == 0x66 || code[at] == 0xf2 || code[at] == 0xf3 || code[at] == 0x64; at++)
		half = half || code[at] == 0x66;
	if ((code[at] & 0xf0) == 0x40)
		rex = code[at++];
	bool wide = rex & 8 && code[at] >= 0xb8 && code[at] <= 0xbf;
	shape = code[at] == 0x0f ? shape_of_0f(code[++at]) : shape_of(code[at]);
	if (shape < 0 || at > 5)
		return i;
	at++;
	if (shape & F_MODRM) {
		unsigned size = operand_size(code + at, &ip_relative);
		i.ip_at = ip_relative ? at + size - 4 : 0;
		at += size;
	}
	i.len = at + (shape & F_IMM8 ? 1 : 0) + (shape & F_IMM32 ? (wide ? 8 : half ? 2 : 4) : 0);
	return i;
}

/* ---- writing */

enum { JUMP = 5, FAR_JUMP = 14, STUB = 128, ARENA = 65536, MAX_ARENAS = 16, MAX_MOVED = 48 };

/* Memory for stubs, near the code they belong to. */
static struct {
	unsigned char *base;
	size_t used;
} arenas[MAX_ARENAS];

static bool is_near(const void *a, const void *b)
{
	int64_t d = (const char *)a - (const char *)b;

	return d > -0x70000000 && d < 0x70000000;
}

static unsigned char *map_near(const unsigned char *code)
{
	uintptr_t here = (uintptr_t)code & ~(uintptr_t)(ARENA - 1);

	for (uintptr_t step = ARENA; step < 0x60000000; step += step < 0x1000000 ? ARENA : 0x1000000)
		for (int sign = -1; sign <= 1; sign += 2) {
			void *want = (void *)(sign < 0 ? here - step : here + step);
			void *map = mmap(want, ARENA, PROT_READ | PROT_WRITE | PROT_EXEC,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
			if (map == MAP_FAILED)
				continue;
			if (map == want)
				return map;
			munmap(map, ARENA);
		}
	return NULL;
}

static unsigned char *stub_near(const unsigned char *code)
{
	int i = 0;

	while (i < MAX_ARENAS && arenas[i].base &&
	       (!is_near(arenas[i].base, code) || arenas[i].used + STUB > ARENA))
		i++;
	if (i == MAX_ARENAS)
		return NULL;
	if (!arenas[i].base)
		arenas[i].base = map_near(code);
	if (!arenas[i].base)
		return NULL;
	arenas[i].used += STUB;
	return arenas[i].base + arenas[i].used - STUB;
}

static unsigned char *put_far_jump(unsigned char *at, const void *to)
{
	static const unsigned char jump[] = { 0xff, 0x25, 0, 0, 0, 0 };

	memcpy(at, jump, sizeof(jump));
	memcpy(at + sizeof(jump), &to, sizeof(to));
	return at + FAR_JUMP;
}

/* Copies an instruction whose displacement counts from its end; false: it does not reach. */
static bool move_relative(const unsigned char *code, struct probe_instruction i, unsigned char *to)
{
	int32_t old, now;
	int64_t moved;

	memcpy(&old, code + i.ip_at, sizeof(old));
	moved = old + (code - to);
	now = (int32_t)moved;
	memcpy(to, code, i.len);
	memcpy(to + i.ip_at, &now, sizeof(now));
	return now == moved;
}

/*
 * A call must come back to the original code: the callee may unwind, and whoever
 * unwinds knows that place and not ours. So its return address is pushed, and the
 * callee jumped to. The prologue ends here.
 */
static unsigned char *move_call(const unsigned char *code, unsigned char *to)
{
	static const unsigned char push_at_6_bytes_on[] = { 0xff, 0x35, 14, 0, 0, 0 };
	const unsigned char *back = code + 5;
	int32_t distance;

	memcpy(&distance, code + 1, sizeof(distance));
	memcpy(to, push_at_6_bytes_on, sizeof(push_at_6_bytes_on));
	to = put_far_jump(to + sizeof(push_at_6_bytes_on), back + distance);
	memcpy(to, &back, sizeof(back));
	return to + sizeof(back);
}

/* Copies whole instructions until a jump fits in their place, and goes on behind them. */
static bool move_prologue(const unsigned char *code, unsigned char *to)
{
	unsigned char *end = to + MAX_MOVED;
	unsigned done = 0;

	while (done < JUMP && to < end) {
		struct probe_instruction i = probe_instruction(code + done);
		if (i.is_call && done + i.len >= JUMP)
			return move_call(code + done, to) != NULL;
		if (!i.len || i.is_call)
			return false;
		if (!i.ip_at)
			memcpy(to, code + done, i.len);
		else if (!move_relative(code + done, i, to))
			return false;
		to += i.len;
		done += i.len;
	}
	put_far_jump(to, code + done);
	return done >= JUMP;
}

static bool overwrite(unsigned char *code, const unsigned char *bytes, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char *from = (unsigned char *)((uintptr_t)code & ~(page - 1));
	size_t size = (size_t)(code + len - from);

	if (mprotect(from, size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		return false;
	memcpy(code, bytes, len);
	mprotect(from, size, PROT_READ | PROT_EXEC);
	return true;
}

bool probe_patch(void *function, void *entry, uint32_t id, void **resume)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	unsigned char *code = function, *stub, *at, jump[JUMP] = { 0xe9 };
	int32_t distance;

	if (memcmp(code, endbr64, sizeof(endbr64)) == 0)
		code += sizeof(endbr64);
	stub = stub_near(code);
	if (!stub)
		return false;
	at = stub;
	*at++ = 0x68; /* push the id */
	memcpy(at, &id, sizeof(id));
	at = put_far_jump(at + sizeof(id), entry);
	*resume = at;
	if (!move_prologue(code, at))
		return false;
	distance = (int32_t)(stub - (code + JUMP));
	memcpy(jump + 1, &distance, sizeof(distance));
	return overwrite(code, jump, JUMP);
}

#else

struct probe_instruction probe_instruction(const unsigned char *code)
{
	(void)code;
	return (struct probe_instruction){ 0 };
}

bool probe_patch(void *function, void *entry, uint32_t id, void **resume)
{
	(void)function, (void)entry, (void)id, (void)resume;
	return false;
}

#endif
