/*
 * plan: how an object is cut into parts. Arithmetic only; the rules and their
 * order are s3transfer's (ChunksizeAdjuster), but that an object which would
 * need more than 10,000 parts is refused before anything is sent.
 */
#ifndef XF_TRANSFER_PLAN_H
#define XF_TRANSFER_PLAN_H

#include "core/transfer/config.h"

enum { XF_MAX_PARTS = 10000 };
#define XF_MIN_PART_SIZE ((uint64_t)5 << 20)
#define XF_MAX_PART_SIZE ((uint64_t)5 << 30)

struct xf_plan {
	bool multipart;
	bool size_known;    /* false: a pipe longer than the threshold */
	uint64_t size;      /* bytes; 0 when not known */
	uint64_t part_size; /* bytes */
	uint32_t parts;     /* 1 for a PutObject; 0: not known yet */
};

/* The part size for an object: doubled until 10,000 parts are enough, then clamped to 5 MiB … 5 GiB. */
uint64_t xf_plan_part_size(uint64_t chunksize, uint64_t size, bool size_known);

/* *Errors:* XF_TOO_MANY_PARTS. */
enum xf_status xf_plan_upload(const struct xf_transfer_config *config, uint64_t size, bool size_known,
			      struct xf_plan *out, struct xf_error *err);

/* Offset and length of part `number` (from 1) of a plan of known size. */
void xf_plan_part(const struct xf_plan *plan, uint32_t number, uint64_t *offset, uint64_t *len);

#endif
