/*
 * stray: multipart uploads whose Create was carried out and never answered. They have no owner
 * that knows their name, and would stay, so the one who sent Create looks for them.
 *
 * Nothing on the service says whose an upload is. Taken for ours are uploads of exactly the
 * key that were begun since Create went out (by the service's clock, where it tells the time),
 * hold no part, and are no more than the attempts that went unanswered. If there are more,
 * somebody else is at work on the key, and none is touched.
 *
 * *Thread:* the worker that owns http.
 */
#ifndef XF_TRANSFER_STRAY_H
#define XF_TRANSFER_STRAY_H

#include "core/transfer/coordinator.h"

enum { XF_STRAY_MAX = 16 };

struct xf_strays {
	char ids[XF_STRAY_MAX][XF_S3_UPLOAD_ID_MAX];
	unsigned nr;
	bool known;             /* false: nothing is known; there may be some */
};

/*
 * Asks once, and for no longer than patience_ns: there is no second try. began_ns: when the first
 * Create went out, by xf_gate_now_ns(); attempts: how many went unanswered; except: an upload
 * that is known ("": none).
 */
void xf_strays_find(struct xf_transfer *t, struct xf_http *http, uint64_t began_ns, unsigned attempts,
		    const char *except, uint64_t patience_ns, struct xf_strays *out);

#endif
