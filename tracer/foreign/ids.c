/* ids: see ids.h. */
#include "tracer/foreign/ids.h"
#include <stddef.h>


enum { IDS_RUN = 128, IDS_GONE = 1 }; /* slots looked at; the hash of a name that was taken */

static uint64_t ids_mix(uint64_t hash, const char *text)
{
	/* FNV-1a, the terminating 0 included, so that "a"+"bc" is not "ab"+"c" */
	do {
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	} while (*text++);
	return hash;
}

uint64_t tr_ids_hash(enum tr_name_kind kind, const char *a, const char *b)
{
	uint64_t hash = ids_mix(0xcbf29ce484222325u + kind, a);

	if (b)
		hash = ids_mix(hash, b);
	return hash > IDS_GONE ? hash : hash + 2;
}

uint32_t tr_ids_transfer_new(struct tr_control *c)
{
	return atomic_fetch_add(&c->nr_transfers, 1);
}

/* The slot of a name, NULL when it has none. */
static _Atomic uint64_t *ids_slot(struct tr_control *c, uint64_t hash)
{
	for (unsigned i = 0; i < IDS_RUN; i++) {
		_Atomic uint64_t *slot = c->transfers[(hash + i) % TR_NR_TRANSFERS];
		uint64_t h = atomic_load(&slot[0]);
		if (h == hash)
			return slot;
		if (h == 0)
			return NULL;
	}
	return NULL;
}

/* The value is transfer + 1, written after the hash: 0 is a slot that is being filled. */
uint32_t tr_ids_transfer_find(struct tr_control *c, uint64_t hash)
{
	_Atomic uint64_t *slot = ids_slot(c, hash);
	uint64_t value = slot ? atomic_load(&slot[1]) : 0;

	return value ? (uint32_t)(value - 1) : TR_NO_TRANSFER;
}

uint32_t tr_ids_transfer_take(struct tr_control *c, uint64_t hash)
{
	_Atomic uint64_t *slot = ids_slot(c, hash);
	uint64_t value = slot ? atomic_exchange(&slot[1], 0) : 0;

	if (!value)
		return TR_NO_TRANSFER;
	atomic_store(&slot[0], IDS_GONE);
	return (uint32_t)(value - 1);
}

static bool ids_take_slot(_Atomic uint64_t *slot, uint64_t hash)
{
	uint64_t h = atomic_load(&slot[0]);

	if (h > IDS_GONE)
		return h == hash;
	return atomic_compare_exchange_strong(&slot[0], &h, hash) || h == hash;
}

/* The slot of a name, taken when it has none; NULL: the table is full. */
static _Atomic uint64_t *ids_enter(struct tr_control *c, uint64_t hash)
{
	_Atomic uint64_t *slot = ids_slot(c, hash);

	for (unsigned i = 0; !slot && i < IDS_RUN; i++)
		if (ids_take_slot(c->transfers[(hash + i) % TR_NR_TRANSFERS], hash))
			slot = c->transfers[(hash + i) % TR_NR_TRANSFERS];
	if (!slot)
		atomic_fetch_or(&c->incomplete, TR_INCOMPLETE_TABLE);
	return slot;
}

void tr_ids_transfer_put(struct tr_control *c, uint64_t hash, uint32_t transfer)
{
	_Atomic uint64_t *slot = ids_enter(c, hash);

	if (slot)
		atomic_store(&slot[1], (uint64_t)transfer + 1);
}

uint32_t tr_ids_transfer_find_or_new(struct tr_control *c, uint64_t hash, bool *made)
{
	_Atomic uint64_t *slot = ids_enter(c, hash);
	uint64_t value = slot ? atomic_load(&slot[1]) : 0;
	uint32_t transfer;

	*made = !value;
	if (value)
		return (uint32_t)(value - 1);
	transfer = tr_ids_transfer_new(c);
	/* who comes second leaves its number to nobody */
	*made = !slot || atomic_compare_exchange_strong(&slot[1], &value, (uint64_t)transfer + 1);
	return *made ? transfer : (uint32_t)(value - 1);
}

/*
 * An attempt entry is one word: transfer + 1 (20 bits), part (14), attempts (6),
 * 24 bits of the ETag's hash. The first two are its name.
 */
static uint64_t attempt_name(uint32_t transfer, uint32_t what)
{
	return ((uint64_t)((transfer + 1) & 0xfffff) << 44) | ((uint64_t)(what & 0x3fff) << 30);
}

static _Atomic uint64_t *attempt_slot(struct tr_control *c, uint64_t name)
{
	uint64_t start = (name >> 30) * 0x9e3779b97f4a7c15u >> 40;

	for (unsigned i = 0; i < IDS_RUN; i++) {
		_Atomic uint64_t *slot = &c->attempts[(start + i) % TR_NR_ATTEMPTS];
		uint64_t v = atomic_load(slot);
		if (v == 0 && atomic_compare_exchange_strong(slot, &v, name))
			return slot;
		if (v >> 30 == name >> 30)
			return slot;
	}
	atomic_fetch_or(&c->incomplete, TR_INCOMPLETE_TABLE);
	return NULL;
}

unsigned tr_ids_attempt(struct tr_control *c, uint32_t transfer, uint32_t what)
{
	_Atomic uint64_t *slot = attempt_slot(c, attempt_name(transfer, what));
	uint64_t v = slot ? atomic_load(slot) : 0;
	uint64_t nr;

	if (!slot)
		return 1;
	do {
		nr = v >> 24 & 0x3f;
		nr += nr < 0x3f;
	} while (!atomic_compare_exchange_weak(slot, &v, (v & ~((uint64_t)0x3f << 24)) | nr << 24));
	return (unsigned)nr;
}

static uint64_t etag_bits(const char *etag)
{
	return tr_ids_hash(TR_NAME_OBJECT, etag, NULL) & 0xffffff;
}

void tr_ids_etag_put(struct tr_control *c, uint32_t transfer, uint32_t part, const char *etag)
{
	_Atomic uint64_t *slot = attempt_slot(c, attempt_name(transfer, part));
	uint64_t v = slot ? atomic_load(slot) : 0;

	while (slot && !atomic_compare_exchange_weak(slot, &v, (v & ~(uint64_t)0xffffff) | etag_bits(etag)))
		;
}

bool tr_ids_etag_is(struct tr_control *c, uint32_t transfer, uint32_t part, const char *etag)
{
	_Atomic uint64_t *slot = attempt_slot(c, attempt_name(transfer, part));

	return slot && (atomic_load(slot) & 0xffffff) == etag_bits(etag);
}
