/*
 * local: --local: the embedded endpoint as a process of its own, for one run.
 *
 * It is this program again (`serve`), in a process group of its own so that
 * Ctrl-C at the terminal does not take it away before the abort is answered. It holds one
 * end of a socket and ends when the last copy of the other end is closed: whoever needs
 * it keeps that descriptor, and dies with it.
 */
#ifndef UI_COMMAND_LOCAL_H
#define UI_COMMAND_LOCAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event/status.h"
#include "tui/command/options.h"

struct ui_local {
	pid_t pid;
	int lifeline;             /* keep it open while the endpoint is needed */
	char endpoint_url[128];
	char access_key[64];
	char secret_key[128];     /* a throw-away, made for the run; still: never printed */
	char ca_file[256];        /* "" without TLS */
};

/* faults: --fault rules, may be NULL. Errors: XF_IO; XF_INVALID (a rule; the endpoint's own words). */
enum xf_status ui_local_start(struct ui_local *local, const struct ui_list *faults, bool anonymous,
			      struct xf_error *err);

/*
 * Requests for that part are answered with this status from now on (0: no more); it holds
 * when this returns. False: the endpoint is gone.
 */
bool ui_local_fail_part(const struct ui_local *local, uint32_t part, uint32_t http_status);

/* Lets go of it; it ends when nobody else holds it. */
void ui_local_stop(struct ui_local *local);

#endif
