/*
 * sweep: which configurations an experiment visits, and in which order.
 *
 * An axis is a name and its values ("max-concurrency=1,2,4"); a cell is one value
 * of each axis, and the grid all combinations. Cell 0 is the control: nothing is
 * swept there. Cells are numbered from 1, the last axis fastest.
 *
 * Every round visits each cell once, the control too, in an order of its own
 * drawn from the seed: what changes slowly on the machine (heat, a neighbour,
 * caches) is spread over all cells instead of hitting the last. Round 0 is the
 * warm-up. An order depends on seed, round and number of cells alone, so a
 * resumed experiment goes on in the order it began with.
 *
 * Values and orders only; no I/O.
 */
#ifndef TR_EXPERIMENT_SWEEP_H
#define TR_EXPERIMENT_SWEEP_H

#include <stdbool.h>

#include "core/event/status.h"

enum { TR_AXES_MAX = 8, TR_CELLS_MAX = 10000 };

struct tr_axis {
	char *name;          /* "max-concurrency", "latency", "env:MAX", "fault:part=3,hold" */
	char **values;
	unsigned nr_values;
};

struct tr_sweep {
	struct tr_axis axes[TR_AXES_MAX];
	unsigned nr_axes;
};

/*
 * Adds an axis from "NAME=v1,v2,…". A fault's name has commas and equal signs of its own:
 * "fault:part=3,hold=0,1s" sweeps the rule's last word. "\\," is a comma within a value. Errors: XF_INVALID, one sentence.
 */
enum xf_status tr_sweep_add(struct tr_sweep *s, const char *text, struct xf_error *err);
/* The same from a name and a list of values. */
enum xf_status tr_sweep_add_axis(struct tr_sweep *s, const char *name, const char *values, struct xf_error *err);
void tr_sweep_fini(struct tr_sweep *s);

/* Cells with the control; at least 1. */
unsigned tr_sweep_cells(const struct tr_sweep *s);

/* The value of an axis in a cell other than the control: its index. */
unsigned tr_sweep_index(const struct tr_sweep *s, unsigned cell, unsigned axis);
/* The same as text; NULL for the control. */
const char *tr_sweep_value(const struct tr_sweep *s, unsigned cell, unsigned axis);
/* The cell with these indices, one an axis. */
unsigned tr_sweep_cell(const struct tr_sweep *s, const unsigned *indices);

/* "max-concurrency=4 latency=20ms", "control". Returns buf. */
const char *tr_sweep_label(const struct tr_sweep *s, unsigned cell, char *buf, size_t cap);

/* The order of a round: a permutation of 0 … cells - 1 to order. */
void tr_sweep_order(uint64_t seed, unsigned round, unsigned cells, unsigned *order);

/* The axis' values are numbers with units in ascending order (else words, drawn without a line). */
bool tr_axis_numeric(const struct tr_axis *axis);

/* The axis is a fault of the endpoint: a circumstance, not a choice. */
bool tr_axis_circumstance(const struct tr_axis *axis);

/*
 * Do two cells agree in all circumstances? Then their difference is one of choices, and the
 * better of them is worth knowing. The control agrees with nobody.
 */
bool tr_sweep_alike(const struct tr_sweep *s, unsigned a, unsigned b);

#endif
