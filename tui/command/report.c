#include "tui/command/report.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/verdict/place.h"
#include "tui/command/json.h"
#include "tui/command/paste.h"
#include "tui/command/values.h"

/* The whole process as a call: what is on trial is the program. */
static bool is_program(const struct ui_report *r, const struct tr_verdict *v)
{
	return v->call != TR_NONE && !strcmp(tr_log_call(r->log, v->call)->name, "exit");
}

static bool is_foreign(const struct ui_report *r)
{
	return tr_log_property(r->log, "incomplete") != NULL;
}

/* As it is called in the program: "upload_fileobj" of boto3's "boto3.s3.inject:bucket_upload_fileobj". */
static const char *call_name(const struct ui_report *r, const struct tr_verdict *v)
{
	static const char *const inserted[] = { "bucket_", "object_" };
	const char *name = v->call == TR_NONE ? "" : tr_log_call(r->log, v->call)->name;
	const char *colon = strchr(name, ':');

	if (is_program(r, v))
		return "the program";
	if (colon && strchr(name, '.') && strchr(name, '.') < colon)
		name = colon + 1;
	for (size_t i = 0; colon && i < sizeof(inserted) / sizeof(*inserted); i++)
		if (!strncmp(name, inserted[i], strlen(inserted[i])))
			name += strlen(inserted[i]);
	return *name ? name : "the call";
}

/* "upload_file returned only after …" reads on; a reason stands for itself. */
static bool is_predicate(const struct tr_verdict *v)
{
	return v->answer == TR_BLOCKS || v->answer == TR_BLOCKS_PARTLY;
}

/* The exit status of the program that was asked for; -1: none is known. */
static int program_status(const struct ui_report *r)
{
	for (uint32_t i = 0; i < tr_log_nr_calls(r->log); i++) {
		const struct tr_call *c = tr_log_call(r->log, i);
		if (!strcmp(c->name, "exit") && c->ret != TR_NONE)
			return c->result;
	}
	return -1;
}

/* The process that had made the call brought its own end on itself, in the midst of it. */
static bool crashed(const struct ui_report *r, const struct tr_verdict *v)
{
	return v->answer == TR_NOT_RETURNED && v->call != TR_NONE &&
	       tr_verdict_is_fault(tr_verdict_signal(r->log, tr_log_call(r->log, v->call)));
}

void ui_report_heading(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	enum ui_tone tone = ui_tone_of(v->answer);
	char sentence[1024];

	tr_verdict_sentence(r->log, r->verdicts, v, sentence, sizeof(sentence));
	/* that it hung, or waited, is no news beside the loss */
	bool lost = is_foreign(r) && v->outcome == TR_LOST;
	bool ended = lost && (v->answer == TR_NOT_RETURNED || v->answer == TR_BLOCKS || v->answer == TR_UNPROVEN);
	bool cut = v->answer == TR_NOT_RETURNED && is_foreign(r) &&
		   (crashed(r, v) || (!is_program(r, v) && tr_verdict_exit_status(r->log, tr_log_call(r->log, v->call)) >= 0));
	if (lost)
		tone = UI_BAD;
	fprintf(out, "%s%s %s%s%s: %s%s %s\n", ui_tone_begin(r->style, tone), ui_tone_mark(r->style, tone),
		lost ? ended ? "LOST" : "LOST, " : "", ended ? "" : cut ? "CUT OFF" : tr_answer_heading(v->answer, v->basis),
		ui_tone_end(r->style), call_name(r, v),
		is_predicate(v) ? "" : ":", sentence);
}

/* ---- what it waited for, and for whom it waits */

enum { NOTICEABLE_NS = 1000000, LISTED_MOST = 8 };

/* How long a wait has to be for a line of its own: of many only the longest get one. */
static uint64_t least_listed(const struct ui_report *r, const struct tr_verdict *v)
{
	uint64_t longest[LISTED_MOST] = { 0 };

	if (v->barriers.nr <= LISTED_MOST)
		return is_foreign(r) ? NOTICEABLE_NS : 0;
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		uint64_t wait_ns = v->barriers.list[i].wait_ns;
		for (int k = 0; k < LISTED_MOST; k++)
			if (wait_ns > longest[k]) {
				uint64_t shorter = longest[k];
				longest[k] = wait_ns;
				wait_ns = shorter;
			}
	}
	return longest[LISTED_MOST - 1] > NOTICEABLE_NS ? longest[LISTED_MOST - 1] : NOTICEABLE_NS;
}

static void barrier_line(FILE *out, const struct ui_report *r, const struct tr_barrier *b, bool enough)
{
	struct tr_event wait;
	struct tr_site site = { .line = 0 };
	char took[32];

	/* one that prove found by taking it away has no wait in this trace */
	if (b->wait != TR_NONE) {
		wait = tr_log_event(r->log, b->wait);
		site = tr_event_site(r->log, &wait);
	}
	fprintf(out, "  waited %-8s for %s", ui_time_text((int64_t)b->wait_ns, took, sizeof(took)), b->name);
	if (site.line)
		fprintf(out, ", %s:%u", site.file, site.line);
	fprintf(out, "%s\n", enough ? " (enough by itself)" : "");
}

static void barrier_lines(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	uint64_t least_ns = least_listed(r, v);
	uint32_t left_out = 0;

	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		bool enough = b->sufficient && v->basis != TR_BASIS_INLINE; /* there no wait is what it waits by */
		if (enough || b->wait_ns >= least_ns)
			barrier_line(out, r, b, enough);
		else
			left_out++;
	}
	if (left_out)
		fprintf(out, "  and %u shorter wait%s (all of them with --json)\n", left_out, left_out == 1 ? "" : "s");
}

/* The Python stack at the wait that decided, the innermost line first, as people read it in pdb. */
static void stack_lines(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	const struct tr_barrier *b = tr_verdict_deciding(v);
	struct tr_event wait;
	const char *stack;

	if (!b || (v->answer != TR_BLOCKS && v->answer != TR_BLOCKS_PARTLY))
		return;
	wait = tr_log_event(r->log, b->wait);
	stack = tr_place_stack(r->log, &wait);
	if (*stack)
		fprintf(out, "  %s at that wait:\n", tr_log_thread(r->log, b->thread)->name);
	for (size_t len; *stack; stack += len + (stack[len] == '\n')) {
		len = strcspn(stack, "\n");
		fprintf(out, "    %.*s\n", (int)len, stack);
	}
}

static void waiting_lines(FILE *out, const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_waiting; i++)
		fprintf(out, "  %s%s\n", i ? "which waits: " : "", v->waiting_on[i].text);
	if (v->deadlock)
		fprintf(out, "  a deadlock: the chain comes back to its link %u\n", v->deadlock_at + 1);
}

/* ---- what became of it */

static void error_lines(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_transfers; i++) {
		const struct tr_transfer_state *t = &r->verdicts->final->transfers[v->transfers[i]];
		struct xf_error error;
		if ((t->state != XF_STATE_FAILED && v->outcome != TR_FAILED) || !ui_noted_error(r->log, t->id, &error))
			continue;
		fprintf(out, "  %s%s%s s3://%s/%s: %s\n", ui_tone_begin(r->style, UI_BAD),
			ui_tone_mark(r->style, UI_BAD), ui_tone_end(r->style),
			tr_log_text(r->log, t->process, t->bucket), tr_log_text(r->log, t->process, t->key),
			error.message);
	}
}

/* The transfer whose multipart upload was left behind, NULL when none was. */
static const struct tr_transfer_state *orphan(const struct ui_report *r, const struct tr_verdict *v)
{
	for (uint32_t i = 0; *v->orphan && i < v->nr_transfers; i++) {
		const struct tr_transfer_state *t = &r->verdicts->final->transfers[v->transfers[i]];
		if (!strcmp(tr_log_text(r->log, t->process, t->upload_id), v->orphan))
			return t;
	}
	return NULL;
}

static void orphan_line(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	const struct tr_transfer_state *t = orphan(r, v);

	if (!t)
		return;
	fprintf(out, "  left behind: multipart upload %s of s3://%s/%s; its parts cost money until it is aborted\n",
		v->orphan, tr_log_text(r->log, t->process, t->bucket), tr_log_text(r->log, t->process, t->key));
}

/* ---- advice */

/* ORDER what a program is written in, as far as advice goes */
enum manner { MANNER_OWN, MANNER_BOTO3, MANNER_PROGRAM, MANNER_OTHER, MANNERS };

static enum manner manner_of(const struct ui_report *r, const struct tr_verdict *v)
{
	const char *name = v->call == TR_NONE ? "" : tr_log_call(r->log, v->call)->name;

	if (!is_foreign(r))
		return MANNER_OWN;
	if (!strncmp(name, "boto3.", 6) || !strncmp(name, "s3transfer.", 11))
		return MANNER_BOTO3;
	return is_program(r, v) ? MANNER_PROGRAM : MANNER_OTHER;
}

struct advice {
	const char *lost, *waits, *goes_on;
};

/* What to do when the answer is not what was wanted: by manner. */
static const struct advice advices[MANNERS] = {
	[MANNER_OWN] = {
		"to have it stored, wait for the result, or leave the manager, before the program ends",
		"to go on while it uploads, start it without waiting and ask the future for its result later",
		"to be sure of the object before going on, wait for the future's result, or leave the manager" },
	[MANNER_BOTO3] = {
		"to have it stored, let the main thread wait before it ends: future.result(), join() of the "
			"thread, or the end of the TransferManager's `with`",
		"to go on while it uploads, submit it to a ThreadPoolExecutor, or use TransferManager.upload(), "
			"and ask the future for its result before the program ends",
		"to be sure of the object before going on, ask the future for its result(), or leave the "
			"TransferManager's `with`" },
	[MANNER_PROGRAM] = {
		"to have it stored, the program has to wait for what it started (join, wait, result) before it ends",
		"to go on meanwhile, start the program in the background, and wait for its exit status later",
		"what it leaves behind goes on without it: wait for those processes, or for the object, too" },
	[MANNER_OTHER] = {
		"to have it stored, wait for the thread or the request that uploads before the program ends",
		"to go on while it uploads, make the call on a thread of its own, and join that thread later",
		"to be sure of the object before going on, join the thread, or wait for the request, that uploads" },
};

/* A signal ended the process that had made the call, in its midst. */
static bool was_killed(const struct ui_report *r, const struct tr_verdict *v)
{
	if (v->answer != TR_NOT_RETURNED || v->call == TR_NONE)
		return v->killed;
	return tr_verdict_signal(r->log, tr_log_call(r->log, v->call)) != 0 || v->killed;
}

static const char *advice(const struct ui_report *r, const struct tr_verdict *v)
{
	const struct advice *a = &advices[manner_of(r, v)];

	if (crashed(r, v))
		return "see why the process crashed: its own messages, its core file or a debugger tell";
	if (v->outcome == TR_LOST)
		return was_killed(r, v) ? "to have it stored, let the process that uploads it come to its own end: it was killed" : a->lost;
	switch (v->answer) {
	case TR_BLOCKS:
	case TR_BLOCKS_PARTLY:
		return a->waits;
	case TR_DOES_NOT_BLOCK:
		return a->goes_on;
	case TR_UNPROVEN:
		return is_foreign(r) || *v->settle ? "" :
			"to settle it, hold a part back and see whether the return moves: --local --fault 'part=1,hold=2s'";
	case TR_NOT_RETURNED:
		return "the link at the end of the chain is where to look";
	default:
		return "";
	}
}

/* How the program was started, as far as it was seen; "". */
static const char *program_command(const struct ui_report *r)
{
	for (uint32_t i = 0; i < tr_log_nr_events(r->log); i++) {
		struct tr_event e = tr_log_event(r->log, i);
		if (e.kind == XF_EV_process_start)
			return tr_log_text(r->log, e.process, TR_PAYLOAD(&e, process_start)->command);
	}
	return "";
}

/* The --call that a call on trial was asked for by; "": by none. */
static const char *asked_for(const struct ui_report *r, const char *name)
{
	size_t len = strlen(name);
	const char *spec;

	for (uint64_t i = 0; *(spec = tr_log_property_of(r->log, "asked", 0, i)); i++) {
		const char *text = spec + 4 + strspn(spec + 4, "'\"");
		if (strncmp(spec, "out:", 4) == 0 ? strncmp(text, name, len) == 0 && strchr(":'\"", text[len])
						  : strncmp(spec, "sym:", 4) == 0)
			return spec;
	}
	return "";
}

/* The command that would settle it: the same program under prove, which holds parts back; what would help prove itself. */
static void settle_line(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	const char *name = v->call == TR_NONE ? "" : tr_log_call(r->log, v->call)->name;
	const char *command = program_command(r);

	if (v->answer == TR_UNPROVEN && *v->settle)
		fprintf(out, "  to settle it: %s\n", v->settle);
	if (v->answer != TR_UNPROVEN || *v->settle || !is_foreign(r))
		return;
	fprintf(out, "  to settle it: xferdb prove --local");
	if (manner_of(r, v) == MANNER_PROGRAM)
		fprintf(out, " --call exit");
	else if (strchr(name, ':'))
		fprintf(out, " --call py:%s", name);
	else if (*asked_for(r, name)) {
		fprintf(out, " --call ");
		ui_paste_word(out, asked_for(r, name));
	}
	fprintf(out, " -- ");
	if (r->words && !ui_paste_words(out, r->words))
		fprintf(out, "  (put in again what stands as ...)");
	else if (!r->words) /* a trace keeps no more of a command line than this */
		fprintf(out, "%s …", *command ? command : "CMD");
	fprintf(out, "\n");
}

/* --verify: the object was not there when the call had returned. Of one that never came to be that is no news. */
static void visible_line(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	bool comes = v->outcome == TR_STORED || v->outcome == TR_STORED_LATER || v->outcome == TR_OUTCOME_UNKNOWN;

	if (is_foreign(r) && comes && v->visible == TR_VISIBLE_NO)
		fprintf(out, "  a HEAD right after the return did not show the object%s\n",
			v->nr_transfers > 1 ? "s, or not all of them" : "");
}

/* The reason, where the sentence has not said it. */
static void reason_line(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	char sentence[1024];

	tr_verdict_sentence(r->log, r->verdicts, v, sentence, sizeof(sentence));
	if (*v->reason && !strstr(sentence, v->reason))
		fprintf(out, "  %s\n", v->reason);
}

static void verdict_print(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	ui_report_heading(out, r, v);
	if (r->errors)
		error_lines(out, r, v);
	barrier_lines(out, r, v);
	stack_lines(out, r, v);
	waiting_lines(out, v);
	orphan_line(out, r, v);
	reason_line(out, r, v);
	visible_line(out, r, v);
	settle_line(out, r, v);
	if (*advice(r, v) && v->outcome != TR_FAILED && v->outcome != TR_CANCELLED)
		fprintf(out, "  %sif that is not what you want: %s%s\n", ui_tone_begin(r->style, UI_DIM),
			advice(r, v), ui_tone_end(r->style));
}

/* Nothing but this line tells anybody: the program said that all was well. */
static void lost_line(FILE *out, const struct ui_report *r)
{
	const struct tr_verdict *lost = NULL;

	for (uint32_t i = 0; i < r->verdicts->nr; i++) {
		const struct tr_verdict *v = &r->verdicts->list[i];
		if (v->outcome == TR_LOST && (!lost || is_program(r, lost)))
			lost = v;
	}
	if (!lost || !is_foreign(r) || program_status(r) != 0)
		return;
	fprintf(out, "%s%s the program ended with exit status 0, but what %s was to upload is LOST: there is no object%s\n",
		ui_tone_begin(r->style, UI_BAD), ui_tone_mark(r->style, UI_BAD),
		is_program(r, lost) ? "it" : call_name(r, lost), ui_tone_end(r->style));
}

/* Has the whole program an upload of that call's among those for which nothing shows that it waited? */
static bool is_left_open(const struct tr_verdict *program, const struct tr_verdict *call)
{
	for (uint32_t i = 0; i < program->nr_items; i++)
		for (uint32_t t = 0; t < call->nr_transfers && !program->items[i].ordered; t++)
			if (program->items[i].transfer == call->transfers[t])
				return true;
	return false;
}

/*
 * A call that keeps its own thread waiting need not keep the program waiting, where
 * that thread is not the program's first.
 */
static void both_line(FILE *out, const struct ui_report *r)
{
	static const char *const main_thread[TR_ANSWER_COUNT] = {
		[TR_DOES_NOT_BLOCK] = "the program's main thread does not wait for it",
		[TR_BLOCKS_PARTLY] = "the program's main thread waits for it only so long",
		[TR_UNPROVEN] = "nothing shows that the program's main thread waits for it",
	};
	const struct tr_verdict *call = NULL, *program = NULL;

	for (uint32_t i = 0; i < r->verdicts->nr && !program; i++)
		program = is_program(r, &r->verdicts->list[i]) ? &r->verdicts->list[i] : NULL;
	for (uint32_t i = 0; program && i < r->verdicts->nr && !call; i++) {
		const struct tr_verdict *v = &r->verdicts->list[i];
		if (v != program && v->answer == TR_BLOCKS && v->call != TR_NONE && is_left_open(program, v) &&
		    strcmp(tr_log_thread(r->log, tr_log_call(r->log, v->call)->thread)->name, "main") != 0)
			call = v;
	}
	if (call && main_thread[program->answer])
		fprintf(out, "  both are true: %s keeps its own thread waiting, %s; %s\n", call_name(r, call),
			tr_log_thread(r->log, tr_log_call(r->log, call->call)->thread)->name, main_thread[program->answer]);
}

/* ---- many calls: what is alike is said once */

/* The place that tells one call's wait from another's. */
static struct tr_site deciding_site(const struct ui_report *r, const struct tr_verdict *v)
{
	const struct tr_barrier *b = tr_verdict_deciding(v);
	struct tr_event wait = tr_log_event(r->log, b ? b->wait : 0);

	return b ? tr_event_site(r->log, &wait) : (struct tr_site){ .file = "" };
}

/* Nothing is left out that somebody has to act on: failures and orphans are each named. */
static bool alike(const struct ui_report *r, const struct tr_verdict *a, const struct tr_verdict *b)
{
	if (a->answer != b->answer || a->basis != b->basis || a->outcome != b->outcome || a->call == TR_NONE ||
	    b->call == TR_NONE || a->outcome == TR_FAILED || *a->orphan || *b->orphan || a->nr_waiting || b->nr_waiting ||
	    strcmp(tr_log_call(r->log, a->call)->name, tr_log_call(r->log, b->call)->name) != 0)
		return false;
	struct tr_site here = deciding_site(r, a), there = deciding_site(r, b);
	return here.line == there.line && strcmp(here.file, there.file) == 0;
}

struct group {
	const struct tr_verdict *first;
	uint32_t more;
};

/* Adds a verdict to its group, or begins one: with few calls each has its own. */
static uint32_t group_add(struct group *groups, uint32_t nr, const struct ui_report *r, const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < nr && r->verdicts->nr > LISTED_MOST; i++)
		if (alike(r, groups[i].first, v)) {
			groups[i].more++;
			return nr;
		}
	groups[nr] = (struct group){ .first = v };
	return nr + 1;
}

static void group_print(FILE *out, const struct ui_report *r, const struct group *g)
{
	verdict_print(out, r, g->first);
	if (g->more)
		fprintf(out, "  and %u more call%s of %s came out alike (all of them with --json)\n", g->more,
			g->more == 1 ? "" : "s", call_name(r, g->first));
}

static void verdicts_print(FILE *out, const struct ui_report *r)
{
	struct group *groups = calloc(r->verdicts->nr + 1, sizeof(*groups));
	uint32_t nr = 0;

	for (uint32_t i = 0; groups && i < r->verdicts->nr; i++)
		nr = group_add(groups, nr, r, &r->verdicts->list[i]);
	for (uint32_t i = 0; i < nr; i++)
		group_print(out, r, &groups[i]);
	free(groups);
}

void ui_report_verdicts(FILE *out, const struct ui_report *r)
{
	char lost[256];

	verdicts_print(out, r);
	both_line(out, r);
	lost_line(out, r);
	if (*tr_log_lost_sentence(r->log, lost, sizeof(lost)))
		fprintf(out, "  %s %s\n", ui_tone_mark(r->style, UI_BAD), lost);
}

/* ---- evidence */

static const struct tr_evidence *evidence_of(const struct tr_verdict *v, uint32_t part)
{
	for (uint32_t i = 0; i < v->nr_evidence; i++)
		if (v->items[v->evidence[i].item].part == part)
			return &v->evidence[i];
	return NULL;
}

static void link_print(FILE *out, const struct ui_report *r, const struct tr_evidence *e, uint32_t i)
{
	struct tr_event event = tr_log_event(r->log, e->chain[i].event);
	struct tr_site site = tr_event_site(r->log, &event);
	bool crosses = i && tr_log_thread_of(r->log, e->chain[i - 1].event) != event.thread;
	char line[160], where[128] = "";

	if (site.line)
		snprintf(where, sizeof(where), "%s:%u", site.file, site.line);
	fprintf(out, "  %s %9.3f ms  %-10s %-46.46s %s\n",
		!crosses ? "  " : r->style.utf8 ? "↳ " : "->", (double)event.t_ns / 1e6,
		tr_log_thread(r->log, event.thread)->name,
		tr_event_line(r->log, &event, line, sizeof(line)), where);
}

bool ui_report_evidence(FILE *out, const struct ui_report *r, const struct tr_verdict *v, uint32_t part)
{
	const struct tr_evidence *e = evidence_of(v, part);

	for (uint32_t i = 0; e && i < e->nr; i++)
		link_print(out, r, e, i);
	return e != NULL;
}

/* ---- expectations */

/* Of the words in the list, those of one family: does one match, or is there none of that family? */
static bool family_met(const char *list, const char *const *words, size_t nr_words, const char *seen)
{
	bool any = false;

	for (size_t i = 0; i < nr_words; i++)
		any |= ui_value_listed(list, words[i]);
	return !any || ui_value_listed(list, seen);
}

static bool call_met(const struct tr_verdict *v, const char *list)
{
	static const char *const answers[] = {
		"blocks", "blocks-partly", "does-not-block", "unproven", "not-returned",
	};
	static const char *const outcomes[] = { "stored", "stored-later", "lost", "failed", "cancelled" };
	const char *answer = tr_answer_name(v->answer), *outcome = tr_outcome_name(v->outcome);

	/* `unknown` is a word of both families: it admits either */
	return family_met(list, answers, sizeof(answers) / sizeof(*answers), answer) &&
	       family_met(list, outcomes, sizeof(outcomes) / sizeof(*outcomes), outcome) &&
	       (strcmp(list, "unknown") || v->answer == TR_UNKNOWN || v->outcome == TR_OUTCOME_UNKNOWN);
}

bool ui_report_expected(FILE *out, const struct tr_verdicts *verdicts, const struct ui_settings *settings)
{
	bool met = true;

	for (uint32_t i = 0; i < verdicts->nr; i++) {
		const struct tr_verdict *v = &verdicts->list[i];
		bool as_expected = !settings->expect || call_met(v, settings->expect);
		bool kept = !settings->strict || v->outcome != TR_LOST;
		if (!as_expected)
			fprintf(out, "xferdb: expected %s, saw %s,%s\n", settings->expect,
				tr_answer_name(v->answer), tr_outcome_name(v->outcome));
		if (!kept)
			fprintf(out, "xferdb: --strict: the object was lost\n");
		met = met && as_expected && kept;
	}
	return met;
}
