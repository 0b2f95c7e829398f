/*
 * bound: the one thing that held a call back. A table of conditions, the first that holds; they rest on the
 * critical path's causes and on what the replay promises under other limits.
 */
#ifndef TR_EXPLAIN_BOUND_H
#define TR_EXPLAIN_BOUND_H

#include "tracer/explain/explain.h"

/* Fills bound and sentence from the rest of the explanation. */
void tr_bound_decide(struct tr_explanation *o);

#endif
