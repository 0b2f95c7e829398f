/*
 * voice: recording for threads that are not ours: threads of the program that
 * the probe is not in, and connections of the relay, which belong to no thread.
 *
 * Between tr_voice_begin() and tr_voice_end() whatever the calling thread
 * records is the voice's. A voice that is done can be taken up again by another
 * of its kind (a program that makes a connection for every part must not cost a
 * segment for every part).
 */
#ifndef TR_FOREIGN_VOICE_H
#define TR_FOREIGN_VOICE_H

#include "core/event/emit.h"

struct tr_voice {
	struct xf_lane lane;
	uint32_t number;
	bool open;          /* has recorded */
	bool in_use;
	struct tr_voice *next;
};

/* Prepares a voice under that thread number; records its name, but for NULL. pid, tid: whose; 0: nobody's. */
void tr_voice_init(struct tr_voice *v, uint32_t number, uint32_t pid, uint32_t tid,
		   const char *name, const char *role);
void tr_voice_fini(struct tr_voice *v);

void tr_voice_begin(struct tr_voice *v);
void tr_voice_end(struct tr_voice *v);

/* A set of voices of one kind, "connection-N". */
struct tr_choir {
	const char *kind;
	unsigned nr;
	struct tr_voice *first;
};

/* An idle voice of the set, or a new one. NULL: out of memory. Give back with `in_use = false`. */
struct tr_voice *tr_choir_take(struct tr_choir *choir);
void tr_choir_fini(struct tr_choir *choir);

#endif
