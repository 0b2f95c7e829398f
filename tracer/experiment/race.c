#include "tracer/experiment/race.h"

#include <stddef.h>

struct tr_round tr_race_judge(const struct tr_racer *racers, uint32_t nr, uint32_t left)
{
	struct tr_round round = { 0 };
	const struct tr_racer *last = NULL;

	for (uint32_t i = 0; i < nr; i++) {
		const struct tr_racer *r = &racers[i];
		round.found += r->found;
		round.refused += r->refused;
		round.failed += r->failed;
		round.writes += r->stored;
		if (r->stored && (!last || r->put_ns > last->put_ns))
			last = r;
	}
	round.none = !round.writes;
	round.twice = round.writes > 1;
	round.last_begun = last ? last->client : 0;
	round.newer_lost = last && left && left != last->client;
	return round;
}
