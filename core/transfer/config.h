/*
 * config: the knobs of a manager, by boto3's TransferConfig names, with the
 * defaults a user of boto3 gets (S3 managed transfers).
 */
#ifndef XF_TRANSFER_CONFIG_H
#define XF_TRANSFER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/status.h"

/*
 * ORDER config: X(field, alias or NULL, default, unit)
 * The field's name is the attribute in boto3 and, with dashes, the flag. Every
 * number must be above 0, but for max_bandwidth, where 0 means none.
 */
#define XF_TRANSFER_CONFIG_MAP(X)                                                                           \
	X(multipart_threshold, NULL, 8388608, "bytes")                                             \
	X(multipart_chunksize, "part_size", 8388608, "bytes")                                      \
	X(max_request_concurrency, "max_concurrency", 10, "threads")                               \
	X(max_submission_concurrency, NULL, 5, "threads")                                          \
	X(max_request_queue_size, NULL, 1000, "tasks")                                             \
	X(max_submission_queue_size, NULL, 1000, "tasks")                                          \
	X(max_io_queue_size, "max_io_queue", 100, "tasks")                                         \
	X(io_chunksize, NULL, 262144, "bytes")                                                     \
	X(num_download_attempts, NULL, 5, "attempts")                                              \
	X(max_in_memory_upload_chunks, NULL, 10, "parts")                                          \
	X(max_in_memory_download_chunks, NULL, 10, "parts")                                        \
	X(max_bandwidth, NULL, 0, "bytes/s")                                                       \
	X(use_threads, NULL, 1, "boolean")

struct xf_transfer_config {
#define XF_X(field, alias, value, unit) uint64_t field;
	XF_TRANSFER_CONFIG_MAP(XF_X)
#undef XF_X
};

/* One knob, for tables, prompts and sweeps. */
struct xf_transfer_config_field {
	const char *name;  /* "multipart_threshold" */
	const char *alias; /* may be NULL */
	uint64_t value;    /* the default */
	const char *unit;
};

extern const struct xf_transfer_config_field xf_transfer_config_fields[];
extern const unsigned xf_nr_transfer_config_fields;

/* The field's place in c by name or alias ('-' and '_' are the same); NULL: no such knob. */
uint64_t *xf_transfer_config_find(struct xf_transfer_config *c, const char *name);

struct xf_transfer_config xf_transfer_config_default(void);

/* boto3's ValueError, before anything runs. *Errors:* XF_INVALID, naming the knob. */
enum xf_status xf_transfer_config_check(const struct xf_transfer_config *c, struct xf_error *err);

#endif
