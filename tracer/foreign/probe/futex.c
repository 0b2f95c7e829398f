/*
 * futexes that a program waits at by itself, through syscall(): std::future's, those of Rust's
 * library. The C library's own locks go another way.
 *
 * A word is recorded as a condition, which it is like: who waits is woken, and looks. What it
 * stands for nobody says: a mutex, a permit, a thread's parking place. So its conditions are declared locks,
 * which are drawn and prove nothing, but that a wait had a limit. std::future's is known by the function that
 * waits, and is set once: that is a condition like others.
 *
 * A wake-up is recorded where somebody is known to wait: most programs wake whether or not there is anyone. std::future's
 * is, too, where the wait has run out: that is what it would have ended with.
 *
 * All other calls of syscall() go on as they came, by a jump: what clones may return on another stack. Where there
 * is no such code for a processor, syscall() is left alone, and these waits are not seen.
 */
#include <dlfcn.h>
#include <link.h>
#include <linux/futex.h>

#include "tracer/foreign/probe/probe.h"

#if defined(__x86_64__)

/* The key of a word, which is aligned: not that of a semaphore that lay there before. */
#define KEY(word) ((uintptr_t)(word) | 1)

enum { FUTURE_WAITS = 2 };

/* What a word was used for, in its object's `value`; another use is another life. */
enum use { USE_NONE, USE_ANY, USE_FUTURE };

struct code {
	uintptr_t from, to;
};

static struct code future_waits[FUTURE_WAITS];

static struct code code_of(const char *function)
{
	void *at = dlsym(RTLD_DEFAULT, function);
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (!at || !dladdr1(at, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return (struct code){ 0, 0 };
	return (struct code){ (uintptr_t)at, (uintptr_t)at + symbol->st_size };
}

void probe_futex_init(void)
{
	static const char *const names[FUTURE_WAITS] = {
		"_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEE"
		"NS2_IlS3_ILl1ELl1000000000EEEE",
		"_ZNSt28__atomic_futex_unsigned_base26_M_futex_wait_until_steadyEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEE"
		"NS2_IlS3_ILl1ELl1000000000EEEE",
	};

	for (int i = 0; i < FUTURE_WAITS; i++)
		future_waits[i] = code_of(names[i]);
}

static enum use use_of(const void *caller)
{
	for (int i = 0; i < FUTURE_WAITS; i++)
		if ((uintptr_t)caller - future_waits[i].from < future_waits[i].to - future_waits[i].from)
			return USE_FUTURE;
	return USE_ANY;
}

static void say_init(const struct probe_object *o, enum use use, uint64_t order)
{
	uint32_t label = xf_text(use == USE_FUTURE ? "std::future" : "futex");

	PROBE_EMIT_OBJECT(cond_init, o->id, order, .label = label, .class = use == USE_FUTURE ? XF_CLASS_NONE : XF_CLASS_LOCK);
}

static struct probe_object *object_of(const void *word, enum use use)
{
	struct probe_object *o = probe_object(PROBE_SYNC, KEY(word));
	uint64_t was = o ? atomic_load(&o->value) : use;

	if (was == use || !atomic_compare_exchange_strong(&o->value, &was, use))
		return o;
	if (was != USE_NONE) {
		o = probe_object_renew(PROBE_SYNC, KEY(word));
		atomic_store(&o->value, use);
	}
	say_init(o, use, probe_order(o));
	return o;
}

/*
 * NULL: nothing. libstdc++ goes to wait once more for what it has: that is no wait, and would look as though it had
 * been woken for nothing.
 */
static struct probe_object *say_wait(const _Atomic uint32_t *word, uint32_t value, const void *caller, uint64_t limit_ns)
{
	enum use use = use_of(caller);
	bool over = use == USE_FUTURE && atomic_load_explicit(word, memory_order_relaxed) != value;
	struct probe_object *o = over ? NULL : object_of((const void *)word, use);

	if (!o)
		return NULL;
	atomic_fetch_add(&o->waiters, 1);
	PROBE_EMIT_AT(cond_wait, o->id, probe_order(o), probe_python_site(), .limit_ns = limit_ns);
	return o;
}

static void say_woken(struct probe_object *o, long rc, uint64_t waited_ns)
{
	enum xf_how how = !rc ? XF_HOW_WOKEN : errno == ETIMEDOUT ? XF_HOW_TIMED_OUT : XF_HOW_INTERRUPTED;

	if (!o)
		return;
	atomic_fetch_sub(&o->waiters, 1);
	PROBE_EMIT_OBJECT(cond_woken, o->id, probe_order(o), .waited_ns = waited_ns, .how = (uint8_t)how);
}

static void say_wake(const void *word, uint32_t nr)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, KEY(word));

	if (o && (atomic_load(&o->value) == USE_FUTURE || atomic_load_explicit(&o->waiters, memory_order_relaxed)))
		PROBE_EMIT_OBJECT(cond_signal, o->id, probe_order(o), .waiters = o->waiters, .all = nr > 1);
}

static uint64_t limit_of(int op, const struct timespec *limit)
{
	if (!limit)
		return 0;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		return probe_timespec_ns(limit) ? probe_timespec_ns(limit) : 1;
	return probe_limit_ns(op & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, limit);
}

/* The code below hands a call of syscall(SYS_futex, …) over as it is. */
__attribute__((used, visibility("hidden"))) long probe_futex(long number, _Atomic uint32_t *word, long op, long value,
							     const struct timespec *limit, void *other, long third);

long probe_futex(long number, _Atomic uint32_t *word, long op, long value, const struct timespec *limit, void *other, long third)
{
	int command = (int)op & FUTEX_CMD_MASK;
	bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
	struct probe_object *o = NULL;
	uint64_t begin_ns;
	long rc;

	if (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET)
		PROBE(say_wake((const void *)word, (uint32_t)value));
	if (!waits || !probe_active())
		return REAL(syscall)(number, word, op, value, limit, other, third);
	PROBE(o = say_wait(word, (uint32_t)value, __builtin_return_address(0), limit_of((int)op, limit)));
	begin_ns = xf_clock_mono_ns();
	rc = REAL(syscall)(number, word, op, value, limit, other, third);
	PROBE(say_woken(o, rc, xf_clock_mono_ns() - begin_ns));
	return rc;
}

/* Called by the code below, where the call was made before the next syscall() was known. */
__attribute__((used, visibility("hidden"))) long probe_syscall_failed(int error);

long probe_syscall_failed(int error)
{
	errno = error;
	return -1;
}

/* Other libraries' constructors may call first: then the call is made here, as finding the next one may call again. */
__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	endbr64\n"
	"	cmpq $202, %rdi\n"
	"	je probe_futex\n"
	"	movq probe_real(%rip), %rax\n"
	"	testq %rax, %rax\n"
	"	je 1f\n"
	"	jmp *%rax\n"
	"1:	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	movq %rdx, %rsi\n"
	"	movq %rcx, %rdx\n"
	"	movq %r8, %r10\n"
	"	movq %r9, %r8\n"
	"	movq 8(%rsp), %r9\n"
	"	syscall\n"
	"	cmpq $-4095, %rax\n"
	"	jae 2f\n"
	"	ret\n"
	"2:	negl %eax\n"
	"	movl %eax, %edi\n"
	"	jmp probe_syscall_failed\n"
	".size syscall, .-syscall\n");

_Static_assert(SYS_futex == 202 && offsetof(struct probe_real, syscall) == 0, "the code above knows both");

#else

void probe_futex_init(void) {}

#endif
