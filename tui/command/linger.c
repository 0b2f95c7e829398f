#include "tui/command/linger.h"

#include <time.h>

#include "core/event/gate.h"

enum { NAME_WAIT_NS = 1000000000 };

struct stay {
	struct xf_manager *m;
	const struct xf_transfer_config *config;
	bool (*interrupted)(void *ctx);
	void *ctx;
};

static bool all_done(const struct stay *s)
{
	struct xf_transfer *t;

	for (uint32_t id = 0; (t = xf_manager_transfer(s->m, id)); id++)
		if (!xf_future_done(t))
			return false;
	return true;
}

/*
 * Has everything that would stay behind a name? A program that ends in Python
 * still finishes what it is just submitting: Create is answered, and no part goes out
 * (measured with boto3). So is it here, or an upload might be left on the service that nobody can name.
 */
static bool all_named(const struct stay *s)
{
	struct xf_transfer *t;

	for (uint32_t id = 0; (t = xf_manager_transfer(s->m, id)); id++) {
		struct xf_transfer_info info;
		xf_future_info(t, &info);
		if (!*info.upload_id && !xf_future_done(t) &&
		    !(info.size && info.size < s->config->multipart_threshold))
			return false;
	}
	return true;
}

static bool over_or_interrupted(const struct stay *s)
{
	return all_done(s) || s->interrupted(s->ctx);
}

/* Waits for a condition, at most limit_ns, looking again and again. */
static bool wait_for(const struct stay *s, bool (*condition)(const struct stay *s), uint64_t limit_ns)
{
	uint64_t end_ns = xf_gate_now_ns() + limit_ns;
	const struct timespec pause = { .tv_nsec = 200000 };

	while (!condition(s)) {
		if (xf_gate_now_ns() >= end_ns)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

bool ui_linger(struct xf_manager *m, const struct ui_settings *settings, const struct xf_transfer_config *config,
	       bool (*interrupted)(void *ctx), void *ctx)
{
	const struct stay s = { m, config, interrupted, ctx };

	/* without a limit, and after an interruption, xf_manager_exit() waits for it */
	if (!settings->given[UI_OPT_linger] || wait_for(&s, over_or_interrupted, settings->linger))
		return true;
	wait_for(&s, all_named, NAME_WAIT_NS);
	return false;
}
