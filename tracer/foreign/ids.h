/*
 * ids: numbers that all processes of a run agree on: transfers by what names
 * them on the wire, attempts by transfer and part. Tables of the control
 * mapping, changed a word at a time, without locks. When one is full the
 * numbering goes on without memory: a part's second attempt may then be called
 * its first (TR_INCOMPLETE_TABLE says so).
 */
#ifndef TR_FOREIGN_IDS_H
#define TR_FOREIGN_IDS_H

#include "tracer/foreign/contract.h"

enum { TR_NO_TRANSFER = UINT32_MAX };

/* What a name stands for; the same text under another kind is another name. */
enum tr_name_kind {
	TR_NAME_UPLOAD,  /* an upload id */
	TR_NAME_PENDING, /* bucket and key of a create or put that failed: the next one takes it up */
	TR_NAME_OBJECT,  /* bucket and key: the newest transfer to it */
};

/* Never 0 or 1. b may be NULL. */
uint64_t tr_ids_hash(enum tr_name_kind kind, const char *a, const char *b);

/* An object's name among holds. */
static inline uint64_t tr_ids_object(const char *bucket, const char *key)
{
	return tr_ids_hash(TR_NAME_OBJECT, bucket, key);
}

uint32_t tr_ids_transfer_new(struct tr_control *c);
/* The transfer under that name, or TR_NO_TRANSFER; take: and the name is free again. */
uint32_t tr_ids_transfer_find(struct tr_control *c, uint64_t hash);
uint32_t tr_ids_transfer_take(struct tr_control *c, uint64_t hash);
/*
 * The transfer under a name that is never taken away, or a new one where it has none. *made: it is new, which of
 * all who come at once with that name one is told; the others may be ahead of what that one says of it.
 */
uint32_t tr_ids_transfer_find_or_new(struct tr_control *c, uint64_t hash, bool *made);
void tr_ids_transfer_put(struct tr_control *c, uint64_t hash, uint32_t transfer);

/* The number of the attempt that begins now, from 1. `what`: a part, or TR_ATTEMPT_*. */
enum { TR_ATTEMPT_CREATE = 16381, TR_ATTEMPT_COMPLETE, TR_ATTEMPT_ABORT };
unsigned tr_ids_attempt(struct tr_control *c, uint32_t transfer, uint32_t what);

/* Remembers a part's ETag; says whether an ETag is the one remembered (24 bits of it). */
void tr_ids_etag_put(struct tr_control *c, uint32_t transfer, uint32_t part, const char *etag);
bool tr_ids_etag_is(struct tr_control *c, uint32_t transfer, uint32_t part, const char *etag);

#endif
