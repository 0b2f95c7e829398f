/* order_private: what an order is made of, for those of this room that walk over all of it. */
#ifndef TR_VERDICT_ORDER_PRIVATE_H
#define TR_VERDICT_ORDER_PRIVATE_H

#include "tracer/verdict/order.h"

struct tr_order {
	const struct tr_log *log;
	struct tr_edge *edges; /* in the order of `to` */
	uint32_t nr, cap;
};

#endif
