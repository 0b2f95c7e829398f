/* mutex: the halves without a gate, for the condition. Private to core/sync. */
#ifndef XF_SYNC_MUTEX_H
#define XF_SYNC_MUTEX_H

#include "core/sync/object.h"

void xf_mutex_take(struct xf_mutex *m, const struct xf_site *site);
void xf_mutex_give(struct xf_mutex *m, const struct xf_site *site);

#endif
