#include "tracer/foreign/probe/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "core/event/emit.h"

enum {
	STEPS = 512,
	NEAR_STEPS = 8,          /* of them in the page of the key's neighbours */
	NEAR_BITS = 16,          /* neighbours: the same 64 KiB */
	PAGE_SLOTS = 4096 / sizeof(struct probe_object),
};

/* ORDER probe tables; powers of two */
static const size_t slots[PROBE_TABLES] = { 1 << 18, 1 << 14, 1 << 12, 1 << 12 };
static struct probe_object *tables[PROBE_TABLES];

bool probe_objects_init(void)
{
	size_t total = 0;
	struct probe_object *at;

	for (int i = 0; i < PROBE_TABLES; i++)
		total += slots[i] * sizeof(*at);
	at = mmap(NULL, total, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return false;
	for (int i = 0; i < PROBE_TABLES; at += slots[i++])
		tables[i] = at;
	return true;
}

/*
 * Where to look, in turn. What lies near each other in memory shares a page of the table, so that
 * a program's few locks on a large heap touch few of them; where that page is crowded, anywhere.
 */
static size_t slot_of(enum probe_table table, uintptr_t key, unsigned step)
{
	uint64_t spread = (uint64_t)key * 0x9e3779b97f4a7c15u;
	size_t page = (key >> NEAR_BITS) + (key >> 25) * 0x9e37;

	if (step < NEAR_STEPS)
		return (page * PAGE_SLOTS + ((spread >> 40) + step) % PAGE_SLOTS) & (slots[table] - 1);
	return ((spread >> 20) + step) & (slots[table] - 1);
}

static struct probe_object *find(enum probe_table table, uintptr_t key, bool make)
{
	for (unsigned step = 0; step < STEPS; step++) {
		struct probe_object *o = &tables[table][slot_of(table, key, step)];
		/* pairs with the exchange below: a key once seen stays */
		uintptr_t seen = atomic_load_explicit(&o->key, memory_order_acquire);
		if (!seen && !make)
			return NULL;
		if (!seen && atomic_compare_exchange_strong(&o->key, &seen, key))
			return o;
		if (seen == key)
			return o;
	}
	return NULL;
}

struct probe_object *probe_object_peek(enum probe_table table, uintptr_t key)
{
	return key ? find(table, key, false) : NULL;
}

struct probe_object *probe_object(enum probe_table table, uintptr_t key)
{
	struct probe_object *o = key ? find(table, key, true) : NULL;
	uint32_t none = 0;

	if (o && !atomic_load_explicit(&o->id, memory_order_acquire))
		atomic_compare_exchange_strong(&o->id, &none, xf_object_id());
	return o;
}

struct probe_object *probe_object_renew(enum probe_table table, uintptr_t key)
{
	struct probe_object *o = key ? find(table, key, true) : NULL;

	if (!o)
		return NULL;
	atomic_store_explicit(&o->order, 0, memory_order_relaxed);
	atomic_store_explicit(&o->value, 0, memory_order_relaxed);
	atomic_store_explicit(&o->waiters, 0, memory_order_relaxed);
	atomic_store_explicit(&o->unsaid, 0, memory_order_relaxed);
	atomic_store_explicit(&o->id, xf_object_id(), memory_order_release);
	return o;
}
