/* ids: process and thread numbers as timeline viewers want them: 32 bits, not 0, and no two threads alike. */
#ifndef TR_EXPORT_IDS_H
#define TR_EXPORT_IDS_H

#include "tracer/trace/log.h"

/* The kernel's numbers where they are known and unique, else made up (from 2^30). */
uint32_t tr_export_pid(const struct tr_log *log, uint32_t thread);
/* "process 4711"; of the tracer's own threads "xferdb, beside the program". Returns buf. */
const char *tr_export_process_name(const struct tr_log *log, uint32_t thread, char *buf, size_t cap);
/* tids: one a thread of the log, by index. Owns: the result, free(); NULL: out of memory. */
uint32_t *tr_export_tids(const struct tr_log *log);

#endif
