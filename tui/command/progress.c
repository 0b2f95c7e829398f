#include "tui/command/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/event/emit.h"
#include "tui/command/style.h"

enum { REDRAW_MS = 100, PLAIN_MS = 2000 };

/* ---- the line */

/* Appends a piece if it still fits. */
static void piece(char *buf, size_t cap, unsigned columns, const char *text)
{
	size_t len = strlen(buf), more = strlen(text) + (len ? 2 : 0);

	if (*text && len + more <= columns && len + more < cap)
		snprintf(buf + len, cap - len, "%s%s", len ? "  " : "", text);
}

static void parts_text(const struct ui_totals *t, char *buf, size_t cap)
{
	if (t->parts_known)
		snprintf(buf, cap, "%u/%u parts", t->done, t->parts);
	else
		snprintf(buf, cap, "%u parts", t->done);
}

static void bytes_text(const struct ui_totals *t, char *buf, size_t cap)
{
	char acked[32], all[32];

	ui_size_text(t->acked, acked, sizeof(acked));
	if (t->bytes)
		snprintf(buf, cap, "%3.0f%%  %s of %s stored", 100.0 * (double)t->acked / (double)t->bytes, acked,
			 ui_size_text(t->bytes, all, sizeof(all)));
	else
		snprintf(buf, cap, "%s stored", acked);
}

/* Seconds left at the rate so far; negative: unknown. */
static double seconds_left(const struct ui_totals *t, double seconds)
{
	if (!t->bytes || !t->acked || t->acked >= t->bytes || seconds <= 0)
		return -1;
	return (double)(t->bytes - t->acked) / ((double)t->acked / seconds);
}

const char *ui_progress_line(const struct ui_totals *t, int64_t elapsed_ns, unsigned columns, char *buf,
			     size_t cap)
{
	double seconds = (double)elapsed_ns / 1e9, left = seconds_left(t, seconds);
	char text[96], size[32];

	buf[0] = '\0';
	bytes_text(t, text, sizeof(text));
	piece(buf, cap, columns, text);
	parts_text(t, text, sizeof(text));
	piece(buf, cap, columns, text);
	snprintf(text, sizeof(text), "%u in flight", t->in_flight);
	piece(buf, cap, columns, text);
	snprintf(text, sizeof(text), "%s/s",
		 ui_size_text(seconds > 0 ? (uint64_t)((double)t->acked / seconds) : 0, size, sizeof(size)));
	piece(buf, cap, columns, text);
	if (left >= 0) {
		snprintf(text, sizeof(text), "%s left", ui_time_text((int64_t)(left * 1e9), size, sizeof(size)));
		piece(buf, cap, columns, text);
	}
	snprintf(text, sizeof(text), "read %s", ui_size_text(t->read, size, sizeof(size)));
	piece(buf, cap, columns, text);
	return buf;
}

/* ---- the helper */

static struct {
	pthread_t helper;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool running, stop, plain;
} progress = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static unsigned columns_now(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 ? size.ws_col - 1u : 79u;
}

static void draw(struct ui_live *live, int64_t elapsed_ns)
{
	const struct tr_state *state = ui_live_now(live);
	struct ui_totals totals;
	char line[256];

	if (!state)
		return;
	totals = ui_live_totals(state);
	ui_progress_line(&totals, elapsed_ns, progress.plain ? 200 : columns_now(), line, sizeof(line));
	fprintf(stderr, progress.plain ? "%s%s\n" : "%s%s\033[K", progress.plain ? "" : "\r", line);
	fflush(stderr);
}

/* Sleeps for one frame; true: it is time to end. */
static bool frame_wait(void)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (progress.plain ? PLAIN_MS : REDRAW_MS) % 1000 * 1000000;
	until.tv_sec += (progress.plain ? PLAIN_MS : REDRAW_MS) / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&progress.lock);
	while (!progress.stop && !pthread_cond_timedwait(&progress.changed, &progress.lock, &until))
		;
	stop = progress.stop;
	pthread_mutex_unlock(&progress.lock);
	return stop;
}

static void *helper_run(void *arg)
{
	struct ui_live live = { .log = NULL };
	struct xf_error err = XF_ERROR_INIT;
	uint64_t begin_ns = xf_clock_mono_ns();

	(void)arg;
	xf_thread_mute();
	if (ui_live_open(&live, &err))
		return NULL;
	while (!frame_wait())
		draw(&live, (int64_t)(xf_clock_mono_ns() - begin_ns));
	if (!progress.plain)
		fprintf(stderr, "\r\033[K");
	fflush(stderr);
	ui_live_close(&live);
	return NULL;
}

void ui_progress_start(bool plain)
{
	if (progress.running || !isatty(STDERR_FILENO))
		return;
	progress.plain = plain;
	progress.stop = false;
	progress.running = !pthread_create(&progress.helper, NULL, helper_run, NULL);
}

void ui_progress_stop(void)
{
	if (!progress.running)
		return;
	pthread_mutex_lock(&progress.lock);
	progress.stop = true;
	pthread_cond_signal(&progress.changed);
	pthread_mutex_unlock(&progress.lock);
	pthread_join(progress.helper, NULL);
	progress.running = false;
}
