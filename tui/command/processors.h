/*
 * processors: what the machine's processors did during a call: for this process, for the embedded
 * endpoint, and not at all. Written into the trace as properties of the run, for explain: parts that share the
 * processors slow each other, and only this tells how many of them a machine can carry.
 *
 * properties: cpu_ns · endpoint_cpu_ns (0: no endpoint of ours) · idle_ns, over the processors that this process may
 * run on · processors (how many these are)
 */
#ifndef UI_COMMAND_PROCESSORS_H
#define UI_COMMAND_PROCESSORS_H

#include <stdint.h>
#include <sys/types.h>

struct ui_processors {
	uint64_t own_ns, endpoint_ns, idle_ns;
	uint32_t nr;  /* 0: not known */
};

/* As of now. endpoint: the process's number; 0 or less: none of ours. */
struct ui_processors ui_processors_now(pid_t endpoint);

/* Records what lies between the two; nothing where the machine does not tell. */
void ui_processors_note(const struct ui_processors *before, const struct ui_processors *after);

#endif
