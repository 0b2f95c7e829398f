/* unprobed: why the probe is not in a process that was started with it in its surroundings. */
#ifndef TR_FOREIGN_UNPROBED_H
#define TR_FOREIGN_UNPROBED_H

#include <stdint.h>

/* A clause about the process, which is alive: "it is linked statically", … */
const char *tr_unprobed_why(uint32_t pid);

#endif
