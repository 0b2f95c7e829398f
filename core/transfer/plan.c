/* plan: the arithmetic of parts. */
#include "core/transfer/plan.h"

#include <assert.h>
#include <inttypes.h>

static uint64_t parts_of(uint64_t size, uint64_t part_size)
{
	return size / part_size + (size % part_size != 0);
}

uint64_t xf_plan_part_size(uint64_t chunksize, uint64_t size, bool size_known)
{
	uint64_t part_size = chunksize;
	while (size_known && parts_of(size, part_size) > XF_MAX_PARTS && part_size <= UINT64_MAX / 2)
		part_size *= 2;
	if (part_size < XF_MIN_PART_SIZE)
		return XF_MIN_PART_SIZE;
	return part_size > XF_MAX_PART_SIZE ? XF_MAX_PART_SIZE : part_size;
}

enum xf_status xf_plan_upload(const struct xf_transfer_config *config, uint64_t size, bool size_known,
			      struct xf_plan *out, struct xf_error *err)
{
	*out = (struct xf_plan){ .size_known = size_known, .size = size_known ? size : 0 };
	out->multipart = !size_known || size >= config->multipart_threshold;
	if (!out->multipart) {
		out->part_size = size;
		out->parts = 1;
		return XF_OK;
	}
	out->part_size = xf_plan_part_size(config->multipart_chunksize, size, size_known);
	uint64_t parts = size_known ? parts_of(size, out->part_size) : 0;
	if (parts > XF_MAX_PARTS)
		return xf_fail(err, XF_TOO_MANY_PARTS,
			       "%" PRIu64 " bytes need %" PRIu64 " parts of the largest size, 5 GiB; S3 allows "
			       "10,000: split the file", size, parts);
	out->parts = (uint32_t)parts;
	return XF_OK;
}

void xf_plan_part(const struct xf_plan *plan, uint32_t number, uint64_t *offset, uint64_t *len)
{
	assert(plan->size_known && number >= 1 && number <= plan->parts);
	*offset = (uint64_t)(number - 1) * plan->part_size;
	*len = plan->size - *offset < plan->part_size ? plan->size - *offset : plan->part_size;
}
