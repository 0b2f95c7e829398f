/* cost: what one recorded event costs on this machine, measured before the run. */
#ifndef UI_COMMAND_COST_H
#define UI_COMMAND_COST_H

#include <stdint.h>

/*
 * Picoseconds an event, the best of a few rounds into a recording in memory
 * that is thrown away; 0: could not be measured. Takes well under a millisecond. Thread: main, while
 * nothing is recorded.
 */
uint64_t ui_cost_event_ps(void);

#endif
