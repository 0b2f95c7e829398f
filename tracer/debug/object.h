/*
 * object: the objects of expressions, a class a kind: `config`, `part[3]`, `event`, … Everything but
 * config and fault is read from the recording's state, at the place where the session stands.
 *
 * ctx, where a function has it, is the session. An object's number is its index in the state.
 */
#ifndef TR_DEBUG_OBJECT_H
#define TR_DEBUG_OBJECT_H

#include "tracer/debug/session.h"

extern const struct tr_class tr_config_class, tr_manager_class, tr_semaphores_class, tr_semaphore_class,
	tr_threads_class, tr_thread_class;                         /* object_pool.c */
extern const struct tr_class tr_transfers_class, tr_transfer_class, tr_parts_class,
	tr_part_class;                                             /* object_transfer.c */
extern const struct tr_class tr_event_class, tr_call_class, tr_verdict_class; /* object_event.c */
extern const struct tr_class tr_fault_class, tr_fault_parts_class;  /* object_fault.c */

/* A member's function. */
#define GET(name) static bool name(void *ctx, uint32_t self, struct tr_value *out)

/* The state at the session's place; NULL: there is no recording. */
const struct tr_state *tr_object_state_of(void *ctx);

/* A whole number that can be an index. */
bool tr_object_index(const struct tr_value *v, uint32_t *i);

/* NULL: there is no such transfer yet. */
const struct tr_transfer_state *tr_object_transfer(void *ctx, uint32_t self);

/* The field of that name of the current event. */
bool tr_object_event_field(void *ctx, uint32_t self, const char *name, struct tr_value *out);

#endif
