/*
 * calls of C functions on trial (sym:NAME).
 *
 * Functions are looked for in what every loaded library exports, and, for those
 * of the program itself that it does not export, in XFERDB_SYMBOLS, which
 * xferdb writes after reading the program's own symbol table. Their entry is
 * patched (patch.c), so a call is seen whoever makes it. On entry the return
 * address is exchanged for one of ours and kept on a stack beside; on return it
 * is what we jump to.
 *
 * Who unwinds the stack must find the true addresses: when a C++ exception is
 * thrown they are all put back, and when it is caught, ours are put in again
 * where the frame is still there. A call whose frame is gone has ended by it.
 * What longjmp leaves behind is swept at the next call.
 */
#include <dlfcn.h>
#include <fnmatch.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tracer/foreign/probe/patch.h"
#include "tracer/foreign/probe/probe.h"

enum { PATTERNS = 32, HOOKS = 256, DEPTH = 128, NAME = 128 };
enum hook_kind { HOOK_CALL, HOOK_THROW, HOOK_CATCH };

struct hook {
	void *function, *resume;
	enum hook_kind kind;
	char name[NAME];
};

struct shadow {
	struct {
		void **slot, *original;
		uint32_t call;
	} frames[DEPTH];
	unsigned nr;
	bool unwinding; /* the true addresses stand in the slots */
};

/* set while the program is still alone, then only read */
static char patterns[PATTERNS][NAME];
static unsigned nr_patterns;
static struct hook hooks[HOOKS];
static unsigned nr_hooks;

#if defined(__x86_64__)

void probe_call_entry(void);
void probe_call_exit(void);
__attribute__((used, visibility("hidden"))) void *probe_call_enter(uint64_t id, void **slot);
__attribute__((used, visibility("hidden"))) void *probe_call_leave(uint64_t result, void **slot);

/*
 * entry: on top of the stack the hook's number, then the return address. All
 * registers that carry arguments are kept; the number's place takes the address
 * to go on with. exit: reached by the function's own return; both result
 * registers are kept, and the true return address is jumped to.
 */
__asm__(".text\n"
	".globl probe_call_entry\n.hidden probe_call_entry\n.type probe_call_entry, @function\n"
	"probe_call_entry:\n"
	"	pushq %rax\n	pushq %rcx\n	pushq %rdx\n	pushq %rsi\n	pushq %rdi\n"
	"	pushq %r8\n	pushq %r9\n	pushq %r10\n	pushq %r11\n"
	"	subq $136, %rsp\n"
	"	movups %xmm0, (%rsp)\n	movups %xmm1, 16(%rsp)\n"
	"	movups %xmm2, 32(%rsp)\n	movups %xmm3, 48(%rsp)\n"
	"	movups %xmm4, 64(%rsp)\n	movups %xmm5, 80(%rsp)\n"
	"	movups %xmm6, 96(%rsp)\n	movups %xmm7, 112(%rsp)\n"
	"	movq 208(%rsp), %rdi\n"
	"	leaq 216(%rsp), %rsi\n"
	"	call probe_call_enter\n"
	"	movq %rax, 208(%rsp)\n"
	"	movups (%rsp), %xmm0\n	movups 16(%rsp), %xmm1\n"
	"	movups 32(%rsp), %xmm2\n	movups 48(%rsp), %xmm3\n"
	"	movups 64(%rsp), %xmm4\n	movups 80(%rsp), %xmm5\n"
	"	movups 96(%rsp), %xmm6\n	movups 112(%rsp), %xmm7\n"
	"	addq $136, %rsp\n"
	"	popq %r11\n	popq %r10\n	popq %r9\n	popq %r8\n"
	"	popq %rdi\n	popq %rsi\n	popq %rdx\n	popq %rcx\n	popq %rax\n"
	"	ret\n"
	".size probe_call_entry, .-probe_call_entry\n"
	".globl probe_call_exit\n.hidden probe_call_exit\n.type probe_call_exit, @function\n"
	"	nop\n"
	"probe_call_exit:\n"
	"	subq $8, %rsp\n"
	"	pushq %rax\n	pushq %rdx\n"
	"	subq $40, %rsp\n"
	"	movups %xmm0, (%rsp)\n	movups %xmm1, 16(%rsp)\n"
	"	movq %rax, %rdi\n"
	"	leaq 56(%rsp), %rsi\n"
	"	call probe_call_leave\n"
	"	movq %rax, 56(%rsp)\n"
	"	movups (%rsp), %xmm0\n	movups 16(%rsp), %xmm1\n"
	"	addq $40, %rsp\n"
	"	popq %rdx\n	popq %rax\n"
	"	ret\n"
	".size probe_call_exit, .-probe_call_exit\n");

/* ---- the stack beside */

static struct shadow *own_shadow(void)
{
	if (!probe_tls.shadow) {
		void *map = mmap(NULL, sizeof(struct shadow), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		probe_tls.shadow = map == MAP_FAILED ? NULL : map;
	}
	return probe_tls.shadow;
}

static void pop(struct shadow *s, int32_t result, const char *error)
{
	const uint32_t call = s->frames[--s->nr].call;

	if (probe_tls.calls)
		probe_tls.calls--;
	PROBE_EMIT(call_return, .call = call, .result = result, .error = xf_text(error));
	tr_control_returned(probe_control, call);
}

/* Frames further in than this place on the stack are gone. */
static void sweep(struct shadow *s, void **slot, const char *why)
{
	while (s->nr && s->frames[s->nr - 1].slot < slot)
		pop(s, -1, why);
}

/*
 * After a longjmp a frame may be gone though it lies further out: its stack has
 * been used for something else since.
 */
static void sweep_overwritten(struct shadow *s)
{
	while (s->nr && !s->unwinding && *s->frames[s->nr - 1].slot != (void *)probe_call_exit)
		pop(s, -1, "left by a jump");
}

/* A function on trial that ends by jumping to another: one call, one return. */
static bool is_tail_call(const struct shadow *s, void *const *slot)
{
	return *slot == (void *)probe_call_exit && s->nr && s->frames[s->nr - 1].slot == slot;
}

static void push(struct shadow *s, const struct hook *hook, void **slot)
{
	uint32_t call = atomic_fetch_add(&probe_control->nr_calls, 1) + 1;

	s->frames[s->nr].slot = slot;
	s->frames[s->nr].original = *slot;
	s->frames[s->nr++].call = call;
	*slot = (void *)probe_call_exit;
	probe_tls.calls++;
	PROBE_EMIT(call_enter, .call = call, .label = xf_text(hook->name));
}

static void enter(const struct hook *hook, void **slot)
{
	struct shadow *s = own_shadow();

	if (!s)
		return;
	sweep(s, slot, "left by a jump");
	if (is_tail_call(s, slot))
		return;
	sweep_overwritten(s);
	sweep(s, slot + 1, "left by a jump"); /* the same place, called anew */
	if (s->nr < DEPTH && *slot != (void *)probe_call_exit)
		push(s, hook, slot);
}

/*
 * An unwinder comes: it must find the true addresses. What does not hold ours is
 * the stack of a frame long gone, used for something else by now.
 */
static void put_back(void)
{
	struct shadow *s = probe_tls.shadow;

	for (unsigned i = 0; s && i < s->nr; i++)
		if (*s->frames[i].slot == (void *)probe_call_exit)
			*s->frames[i].slot = s->frames[i].original;
	if (s)
		s->unwinding = true;
}

/* It has found where to go on: frames further in than that are gone, the others are watched again. */
static void watch_again(void **here)
{
	struct shadow *s = probe_tls.shadow;

	if (!s)
		return;
	s->unwinding = false;
	sweep(s, here + 1, "exception");
	for (unsigned i = 0; i < s->nr; i++)
		if (*s->frames[i].slot == s->frames[i].original)
			*s->frames[i].slot = (void *)probe_call_exit;
}

static void end_all(struct shadow *s)
{
	while (s->nr)
		pop(s, -1, "thread ended");
}

void probe_call_unwound(void)
{
	put_back();
	if (probe_tls.shadow)
		PROBE(end_all(probe_tls.shadow));
}

void *probe_call_enter(uint64_t id, void **slot)
{
	const struct hook *hook = &hooks[id];

	switch (hook->kind) {
	case HOOK_CALL: PROBE(enter(hook, slot)); break;
	case HOOK_THROW: put_back(); break;
	case HOOK_CATCH: PROBE(watch_again(slot)); break;
	}
	return hook->resume;
}

void *probe_call_leave(uint64_t result, void **slot)
{
	struct shadow *s = probe_tls.shadow;
	void *original = NULL;

	for (unsigned i = s->nr; i > 0 && !original; i--)
		if (s->frames[i - 1].slot == slot)
			original = s->frames[i - 1].original;
	PROBE(sweep(s, slot, "left by a jump"); pop(s, (int32_t)result, NULL));
	return original;
}

#else

void probe_call_entry(void);
void probe_call_entry(void) {}
void probe_call_unwound(void) {}

#endif

/* ---- which functions */

static bool is_hooked(const void *function)
{
	for (unsigned i = 0; i < nr_hooks; i++)
		if (hooks[i].function == function)
			return true;
	return false;
}

static void say(const char *key, const char *name)
{
	uint32_t k = xf_text(key);

	PROBE_EMIT(property, .key = k, .value = xf_text(name));
}

/* True: it is watched from now on (or was). */
static bool hook(void *function, const char *name, enum hook_kind kind)
{
	struct hook *h = &hooks[nr_hooks];

	if (is_hooked(function))
		return true;
	if (nr_hooks == HOOKS)
		return false;
	h->function = function;
	h->kind = kind;
	snprintf(h->name, sizeof(h->name), "%.*s", (int)strcspn(name, "("), name);
	if (!probe_patch(function, (void *)probe_call_entry, nr_hooks, &h->resume)) {
		say("symbol-not-watched", name);
		return false;
	}
	nr_hooks++;
	return true;
}

typedef char *(*demangle_fn)(const char *, char *, size_t *, int *);

/* The name as people write it; the C++ library of the program itself knows. */
static void readable_of(const char *name, char *to, size_t cap)
{
	demangle_fn demangle = strncmp(name, "_Z", 2) == 0 ?
				       (demangle_fn)dlsym(RTLD_DEFAULT, "__cxa_demangle") : NULL;
	char *text = demangle ? demangle(name, NULL, NULL, NULL) : NULL;

	snprintf(to, cap, "%s", text ? text : name);
	free(text);
}

static bool fits(const char *pattern, const char *name, const char *readable)
{
	char bare[512];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(readable, "("), readable);
	return fnmatch(pattern, name, 0) == 0 || fnmatch(pattern, readable, 0) == 0 ||
	       fnmatch(pattern, bare, 0) == 0;
}

static void try_symbol(const char *name, void *function)
{
	char readable[512];

	readable_of(name, readable, sizeof(readable));
	for (unsigned i = 0; i < nr_patterns; i++)
		if (fits(patterns[i], name, readable)) {
			hook(function, readable, HOOK_CALL);
			return;
		}
}

/* ---- what a loaded object exports */

struct table {
	const ElfW(Sym) *symbols;
	const char *names;
	const uint32_t *gnu_hash, *hash;
};

static struct table table_of(const struct dl_phdr_info *info)
{
	struct table t = { 0 };
	const ElfW(Dyn) *d = NULL;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			d = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; d && d->d_tag != DT_NULL; d++) {
		/* the vDSO's are not relocated */
		const void *at = (const void *)(d->d_un.d_ptr < info->dlpi_addr ?
							info->dlpi_addr + d->d_un.d_ptr : d->d_un.d_ptr);
		if (d->d_tag == DT_SYMTAB)
			t.symbols = at;
		else if (d->d_tag == DT_STRTAB)
			t.names = at;
		else if (d->d_tag == DT_GNU_HASH)
			t.gnu_hash = at;
		else if (d->d_tag == DT_HASH)
			t.hash = at;
	}
	return t;
}

/* Only the hash tables know how many symbols there are: the last chain's end. */
static uint32_t nr_symbols(const struct table *t)
{
	const uint32_t *h = t->gnu_hash, *buckets, *chains;
	uint32_t last = 0;

	if (!h)
		return t->hash ? t->hash[1] : 0;
	buckets = h + 4 + h[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	chains = buckets + h[0];
	for (uint32_t i = 0; i < h[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < h[1])
		return 0;
	while (!(chains[last - h[1]] & 1))
		last++;
	return last + 1;
}

static int scan_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct table t = table_of(info);
	uint32_t nr = t.symbols && t.names ? nr_symbols(&t) : 0;

	(void)size, (void)ctx;
	if (strstr(info->dlpi_name, "libxferdb-probe") || strstr(info->dlpi_name, "ld-linux"))
		return 0;
	for (uint32_t i = 1; i < nr; i++) {
		const ElfW(Sym) *s = &t.symbols[i];
		if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_shndx != SHN_UNDEF)
			try_symbol(t.names + s->st_name, (void *)(info->dlpi_addr + s->st_value));
	}
	return 0;
}

/* ---- what the program does not export: "device inode value name", a line a function */

static int first_object(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

static void hook_own_symbols(const char *lines)
{
	unsigned long long device, inode, value;
	char name[256];
	struct stat exe;
	uintptr_t base = 0;

	if (!lines || stat("/proc/self/exe", &exe) != 0)
		return;
	dl_iterate_phdr(first_object, &base);
	for (; *lines; lines += strcspn(lines, "\n"), lines += *lines == '\n')
		if (sscanf(lines, "%llx %llx %llx %255[^\n]", &device, &inode, &value, name) == 4 &&
		    device == exe.st_dev && inode == exe.st_ino)
			hook((void *)(base + value), name, HOOK_CALL);
}

/* ---- */

/* False: exceptions could not be followed, so no return address may be exchanged. */
static bool hook_unwinder(void)
{
	static const char *const throws[] = {
		"_Unwind_RaiseException", "_Unwind_Resume_or_Rethrow", "_Unwind_ForcedUnwind",
	};
	void *at;

	for (size_t i = 0; i < sizeof(throws) / sizeof(throws[0]); i++)
		if ((at = dlsym(RTLD_DEFAULT, throws[i])) && !hook(at, throws[i], HOOK_THROW))
			return false;
	if ((at = dlsym(RTLD_DEFAULT, "__cxa_begin_catch")))
		hook(at, "__cxa_begin_catch", HOOK_CATCH);
	return true;
}

void probe_call_init(const char *specs)
{
	for (; specs && *specs; specs += strcspn(specs, "\n"), specs += *specs == '\n')
		if (strncmp(specs, "sym:", 4) == 0 && nr_patterns < PATTERNS)
			snprintf(patterns[nr_patterns++], NAME, "%.*s", (int)strcspn(specs + 4, "\n"),
				 specs + 4);
	if (!nr_patterns || !hook_unwinder())
		return;
	hook_own_symbols(getenv(TR_ENV_SYMBOLS));
	dl_iterate_phdr(scan_object, NULL);
}
