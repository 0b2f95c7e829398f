/*
 * results: the runs of an experiment, in memory and in their file.
 *
 * The file is JSONL. Its first line says what the experiment is ("definition",
 * "seed"); then one run a line, appended and synced as soon as the run is over. So
 * an experiment that was interrupted, or lost its power, is resumed from its file: the
 * runs that are there are not made again. A last line without its end (the power went
 * while it was written) is cut off. A file of another experiment is refused.
 *
 * Thread: one at a time.
 */
#ifndef TR_EXPERIMENT_RESULTS_H
#define TR_EXPERIMENT_RESULTS_H

#include <jansson.h>

#include "tracer/experiment/causes.h"
#include "tracer/experiment/sweep.h"

struct tr_result {
	unsigned cell, round;     /* round 0: the warm-up */
	struct tr_sample run;
};

struct tr_results {
	struct tr_result *list;
	size_t nr;
};

/* Takes result->run over. Errors: XF_NOMEM; the run is freed then. */
enum xf_status tr_results_add(struct tr_results *all, struct tr_result *result, struct xf_error *err);
void tr_results_fini(struct tr_results *all);
/* Is there a run of that cell in that round? */
bool tr_results_have(const struct tr_results *all, unsigned cell, unsigned round);

/* One run as a line of the file has it; the sweep gives the values their names. Owns: the result; NULL: no memory. */
json_t *tr_result_json(const struct tr_sweep *sweep, const struct tr_result *result);
/* And back. Errors: XF_FORMAT, XF_NOMEM; nothing to free then. */
enum xf_status tr_result_parse(const json_t *json, unsigned cells, struct tr_result *result, struct xf_error *err);

struct tr_results_file {
	int fd;                   /* -1: none */
};

/*
 * Opens or makes the file, and reads into *all what it holds. definition: what must be the same
 * for runs to belong together. *seed is the new file's, and becomes the old file's;
 * fixed: the user named it, and another one in the file is refused.
 * Errors: XF_INVALID (another experiment, another seed), XF_FORMAT, XF_IO, XF_DENIED, XF_NOMEM.
 */
enum xf_status tr_results_open(struct tr_results_file *file, const char *path, const char *definition,
			       uint64_t *seed, bool fixed, unsigned cells, struct tr_results *all,
			       struct xf_error *err);
/* Appends a run; it is on the disk when this returns. Errors: XF_IO, XF_NOMEM. */
enum xf_status tr_results_append(struct tr_results_file *file, const struct tr_sweep *sweep,
				 const struct tr_result *result, struct xf_error *err);
void tr_results_close(struct tr_results_file *file);

#endif
