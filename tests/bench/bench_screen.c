/*
 * bench_screen: what the screen takes to show a large trace.
 *
 *     make_trace big.xft 10000000 10000 && bench_screen big.xft
 *
 * One row a figure, NAME VALUE UNIT AT-MOST: the first picture from the file's opening on, the
 * time until everything is indexed and judged, jumps to random moments (replay and a picture of
 * 200x50, every pane), the longest look at the keyboard that indexing held up, memory besides
 * the file's pages. Times are the thread's own CPU time, which is what the clock shows where nothing
 * else runs (and the file is in the page cache); behind it stands what the clock did show.
 * Exit status 1 when a figure is above what is promised.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/screen/view.h"

enum { JUMPS = 200, STEP_EVENTS = 500000, ROWS = 50, COLUMNS = 200 };

static bool failed;

/* Times: of the thread's own, and by the clock. */
struct moment {
	double cpu, wall;
};

static double clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct moment now_ms(void)
{
	return (struct moment){ clock_ms(CLOCK_THREAD_CPUTIME_ID), clock_ms(CLOCK_MONOTONIC) };
}

static struct moment since(struct moment begin)
{
	struct moment now = now_ms();

	return (struct moment){ now.cpu - begin.cpu, now.wall - begin.wall };
}

static void row(const char *name, double value, double wall, const char *unit, double at_most)
{
	printf("%-16s %9.1f %-3s", name, value, unit);
	if (at_most > 0)
		printf(" %7.0f", at_most);
	else
		printf(" %7s", "");
	if (wall >= 0)
		printf("   by the clock %9.1f", wall);
	puts(at_most > 0 && value > at_most ? "  TOO MUCH" : "");
	failed |= at_most > 0 && value > at_most;
}

/* Memory of our own, not the file's pages: MB. */
static double anonymous_mb(void)
{
	char line[256];
	unsigned long kb = 0;
	FILE *in = fopen("/proc/self/status", "r");

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "RssAnon: %lu", &kb) == 1)
			break;
	if (in)
		fclose(in);
	return (double)kb / 1024;
}

static uint64_t random_number(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void jumps(struct ui_scene *s, struct ui_cells *c)
{
	uint32_t nr = tr_log_nr_events(s->runs[0].log);
	double took[JUMPS], wall[JUMPS];

	for (int i = 0; i < JUMPS; i++) {
		struct moment begin = now_ms();
		ui_scene_focus(s, (enum ui_pane)(i % UI_PANE_HELP));
		ui_scene_go(s, (uint32_t)(random_number() % nr), true);
		ui_scene_settle(s, STEP_EVENTS);
		ui_view_draw(s, c);
		took[i] = since(begin).cpu;
		wall[i] = since(begin).wall;
	}
	qsort(took, JUMPS, sizeof(*took), compare);
	qsort(wall, JUMPS, sizeof(*wall), compare);
	row("jump, median", took[JUMPS / 2], wall[JUMPS / 2], "ms", 0);
	row("jump, longest", took[JUMPS - 1], wall[JUMPS - 1], "ms", 50);
}

/* Everything indexed, in steps; how long the keyboard had to wait at most. */
static void index_all(struct ui_scene *s)
{
	struct moment longest = { 0, 0 };
	bool all = false;

	while (!all) {
		struct moment begin = now_ms(), took;
		all = ui_scene_settle(s, STEP_EVENTS);
		took = since(begin);
		longest = took.cpu > longest.cpu ? took : longest;
	}
	row("step, longest", longest.cpu, longest.wall, "ms", 0);
}

int main(int argc, char **argv)
{
	struct ui_cells c = { .utf8 = true };
	struct tr_verdicts verdicts;
	struct xf_error err = XF_ERROR_INIT;
	struct ui_scene s;
	struct tr_log *log;
	struct moment begin = now_ms();

	if (argc != 2 || tr_log_open(argv[1], &log, &err)) {
		fprintf(stderr, "bench_screen: %s\n", *err.message ? err.message : "usage: bench_screen FILE.xft");
		return 2;
	}
	row("open", since(begin).cpu, since(begin).wall, "ms", 0);
	ui_scene_init(&s, ui_theme_find("dark"));
	if (!ui_scene_add(&s, log, NULL, NULL, "") || !ui_cells_resize(&c, ROWS, COLUMNS))
		return 2;
	ui_scene_begin(&s);
	ui_scene_settle(&s, STEP_EVENTS);
	ui_view_draw(&s, &c);
	row("first picture", since(begin).cpu, since(begin).wall, "ms", 1000);
	index_all(&s);
	row("indexed", since(begin).cpu, since(begin).wall, "ms", 0);
	if (tr_verdicts_compute(log, &verdicts, &err))
		return 2;
	s.runs[0].verdicts = &verdicts;
	s.runs[0].model = verdicts.model;
	row("judged", since(begin).cpu, since(begin).wall, "ms", 0);
	jumps(&s, &c);
	row("memory", anonymous_mb(), -1, "MB", 500);
	ui_scene_fini(&s);
	ui_cells_fini(&c);
	tr_verdicts_fini(&verdicts);
	tr_log_close(log);
	return failed;
}
