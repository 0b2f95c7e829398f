/* window: permits that come back in order. */
#include "core/transfer/window.h"

#include <assert.h>
#include <stdlib.h>

enum xf_status xf_window_init(struct xf_window *w, struct xf_sem *permits, uint32_t sequences)
{
	*w = (struct xf_window){ .permits = permits, .cap = sequences };
	xf_mutex_init(&w->lock, "window");
	w->parked = calloc(sequences ? sequences : 1, sizeof(*w->parked));
	return w->parked ? XF_OK : XF_NOMEM;
}

void xf_window_fini(struct xf_window *w)
{
	xf_mutex_fini(&w->lock);
	free(w->parked);
}

uint32_t xf_window_number(struct xf_window *w)
{
	xf_mutex_lock(&w->lock);
	uint32_t number = w->next++;
	xf_mutex_unlock(&w->lock);
	assert(number < w->cap);
	return number;
}

void xf_window_release(struct xf_window *w, uint32_t number)
{
	uint32_t freed = 0;
	xf_mutex_lock(&w->lock);
	assert(number >= w->lowest && number < w->next && !w->parked[number]);
	w->parked[number] = true;
	while (w->lowest < w->next && w->parked[w->lowest]) {
		w->lowest++;
		freed++;
	}
	xf_mutex_unlock(&w->lock);
	while (freed--)
		xf_sem_post(w->permits);
}
