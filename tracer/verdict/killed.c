/*
 * killed: what was open of an upload when its process died by a signal is over with that: it ended at the
 * process_exit, for whoever waited for the process. One that exits by itself has cut its upload off, which never ended.
 *
 * The signal is known to who reaped the process. Where that was not the tracer, the process_exit says only that
 * no exit was seen (NO_STATUS), and the process_wait behind it that it had been a signal.
 */
#include <signal.h>

#include "tracer/verdict/judge.h"

enum { NO_STATUS = -1, BY_SIGNAL = 128 };

void tr_judge_note_death(struct judge *j, uint32_t event)
{
	tr_judge_push(j, &j->deaths, &j->nr_deaths, &j->cap_deaths, event);
}

/* The signal of which the process_exit at deaths[at] tells, or the first wait for it; 0: none. */
static int signal_of(const struct judge *j, uint32_t at)
{
	struct tr_event e = tr_log_event(j->log, j->deaths[at]);
	const struct xf_ev_process_exit *exit = TR_PAYLOAD(&e, process_exit);
	if (exit->signal || exit->exit_status != NO_STATUS)
		return exit->signal;
	for (uint32_t i = at + 1; i < j->nr_deaths; i++) {
		struct tr_event w = tr_log_event(j->log, j->deaths[i]);
		if (w.kind != XF_EV_process_wait || TR_PAYLOAD(&w, process_wait)->pid != exit->pid)
			continue;
		int status = TR_PAYLOAD(&w, process_wait)->exit_status;
		return status > BY_SIGNAL ? status - BY_SIGNAL : 0;
	}
	return 0;
}

int tr_verdict_signal(const struct tr_log *log, const struct tr_call *c)
{
	const struct tr_thread *thread = tr_log_thread(log, c->thread);
	for (uint32_t i = tr_log_nr_events(log); i-- > 0;) {
		struct tr_event e = tr_log_event(log, i);
		if (e.kind == XF_EV_process_exit && tr_thread_ends_with(thread, &e))
			return TR_PAYLOAD(&e, process_exit)->signal;
	}
	return 0;
}

bool tr_verdict_is_fault(int signal)
{
	return signal == SIGILL || signal == SIGTRAP || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE || signal == SIGSEGV ||
	       signal == SIGSYS || signal == SIGPIPE;
}

uint32_t tr_judge_killed_at(const struct judge *j, const struct tr_transfer_state *t, bool *by_others)
{
	*by_others = false;
	if (t->submit == TR_NONE || !t->process)
		return TR_NONE;
	const struct tr_thread *thread = tr_log_thread(j->log, tr_log_thread_of(j->log, t->submit));
	for (uint32_t i = 0; i < j->nr_deaths; i++) {
		struct tr_event e = tr_log_event(j->log, j->deaths[i]);
		if (e.index <= t->submit || e.kind != XF_EV_process_exit || !tr_thread_ends_with(thread, &e))
			continue;
		int signal = signal_of(j, i);
		*by_others = signal && !tr_verdict_is_fault(signal);
		return signal ? e.index : TR_NONE;
	}
	return TR_NONE;
}
