#include "tui/command/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/event/emit.h"

static struct {
	pthread_t helper;
	bool running;
	sigset_t set, before;
	_Atomic bool stop;
	_Atomic unsigned count;
	ui_signal_fn arrived;
	void *ctx;
} signals;

static void *helper_run(void *arg)
{
	int number;

	(void)arg;
	xf_thread_mute();
	while (!sigwait(&signals.set, &number) && !atomic_load(&signals.stop))
		signals.arrived(signals.ctx, number, atomic_fetch_add(&signals.count, 1) + 1);
	return NULL;
}

bool ui_signals_start(ui_signal_fn arrived, void *ctx)
{
	signals.arrived = arrived;
	signals.ctx = ctx;
	atomic_store(&signals.stop, false);
	signal(SIGPIPE, SIG_IGN); /* a server or reader that went away is an error like any other */
	sigemptyset(&signals.set);
	sigaddset(&signals.set, SIGINT);
	sigaddset(&signals.set, SIGTERM);
	sigaddset(&signals.set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals.set, &signals.before);
	signals.running = !pthread_create(&signals.helper, NULL, helper_run, NULL);
	if (!signals.running)
		pthread_sigmask(SIG_SETMASK, &signals.before, NULL);
	return signals.running;
}

void ui_signals_stop(void)
{
	if (!signals.running)
		return;
	atomic_store(&signals.stop, true);
	pthread_kill(signals.helper, SIGTERM); /* blocked there: it ends the sigwait and nothing else */
	pthread_join(signals.helper, NULL);
	signals.running = false;
	pthread_sigmask(SIG_SETMASK, &signals.before, NULL);
}

bool ui_signals_running(void)
{
	return signals.running;
}

unsigned ui_signals_count(void)
{
	return atomic_load(&signals.count);
}

void ui_signals_restore_in_child(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, signals.running ? &signals.before : &none, NULL);
}
