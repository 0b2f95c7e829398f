/*
 * object: what the probe knows about a lock, a semaphore, a condition, a thread
 * or a pipe, found by its address (or number) without a lock.
 *
 * A table is anonymous memory of fixed size, touched where used. Entries are
 * never taken out: an address that is used again gets a new id, and with it a
 * history of its own. The counter `order` is what makes that history exact: a
 * release counts before it is made, an acquire after, so that whoever was woken
 * by a post stands behind it.
 */
#ifndef PROBE_OBJECT_H
#define PROBE_OBJECT_H

#include <stdatomic.h>
#include <stdint.h>

struct probe_object {
	_Atomic uintptr_t key;     /* 0: free */
	_Atomic uint32_t id;       /* in the trace; a new one with every life */
	_Atomic uint32_t waiters;  /* threads blocked on it now */
	_Atomic uint64_t order;    /* events so far */
	_Atomic uint64_t value;    /* whatever its kind needs */
	_Atomic uint64_t unsaid;   /* semaphore.c: what of its history is not recorded; 0: nothing */
};

enum probe_table {
	PROBE_SYNC,    /* sem_t, pthread_cond_t, pthread_mutex_t by address */
	PROBE_THREADS, /* pthread_t and tid; value: the thread's number */
	PROBE_PIPES,   /* inode; value: bytes written */
	PROBE_DRAINS,  /* inode; value: bytes read */
	PROBE_TABLES
};

/* Maps the tables. False: no memory, nothing can be recorded. Once. */
_Bool probe_objects_init(void);

/* The entry of key (not 0), made when there is none. NULL: the table is full. Any thread, any handler. */
struct probe_object *probe_object(enum probe_table table, uintptr_t key);

/* The entry of key or NULL. */
struct probe_object *probe_object_peek(enum probe_table table, uintptr_t key);

/* A new life at the same address: new id, empty history. */
struct probe_object *probe_object_renew(enum probe_table table, uintptr_t key);

/* The next place in the object's history, from 1. */
static inline uint64_t probe_order(struct probe_object *o)
{
	return atomic_fetch_add_explicit(&o->order, 1, memory_order_acq_rel) + 1;
}

/* Ids of a forked child are its own: they belong to another process of the trace. */
#endif
