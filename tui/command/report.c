#include "tui/command/report.h"

#include <string.h>

#include "tui/command/json.h"
#include "tui/command/values.h"

static const char *call_name(const struct ui_report *r, const struct tr_verdict *v)
{
	const char *name = v->call == TR_NONE ? "" : tr_log_call(r->log, v->call)->name;

	return *name ? name : "the call";
}

/* "upload_file returned only after …" reads on; a reason stands for itself. */
static bool is_predicate(const struct tr_verdict *v)
{
	return v->answer == TR_BLOCKS || v->answer == TR_BLOCKS_PARTLY;
}

void ui_report_heading(FILE *out, const struct ui_report *r, const struct tr_verdict *v)
{
	enum ui_tone tone = ui_tone_of(v->answer);
	char sentence[1024];

	tr_verdict_sentence(r->log, r->verdicts, v, sentence, sizeof(sentence));
	fprintf(out, "%s%s %s%s: %s%s %s\n", ui_tone_begin(r->style, tone), ui_tone_mark(r->style, tone),
		tr_answer_heading(v->answer, v->basis), ui_tone_end(r->style), call_name(r, v),
		is_predicate(v) ? "" : ":", sentence);
}

/* ---- what it waited for, and for whom it waits */

static void barrier_line(FILE *out, const struct ui_report *r, const struct tr_barrier *b)
{
	struct tr_event wait = tr_log_event(r->log, b->wait);
	struct tr_site site = tr_event_site(r->log, &wait);
	char took[32];

	fprintf(out, "  waited %-8s for %s", ui_time_text((int64_t)b->wait_ns, took, sizeof(took)), b->name);
	if (site.line)
		fprintf(out, ", %s:%u", site.file, site.line);
	fprintf(out, "%s\n", b->sufficient ? " (enough by itself)" : "");
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
		if (t->state != XF_STATE_FAILED || !ui_noted_error(r->log, t->id, &error))
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

/* What to do when the answer is not what was wanted. */
static const char *advice(const struct tr_verdict *v)
{
	if (v->outcome == TR_LOST)
		return "to have it stored, wait for the result, or leave the manager, before the program ends";
	switch (v->answer) {
	case TR_BLOCKS:
	case TR_BLOCKS_PARTLY:
		return "to go on while it uploads, start it without waiting and ask the future for its result later";
	case TR_DOES_NOT_BLOCK:
		return "to be sure of the object before going on, wait for the future's result, or leave the manager";
	case TR_UNPROVEN:
		return "to settle it, hold a part back and see whether the return moves: --local --fault 'part=1,hold=2s'";
	case TR_NOT_RETURNED:
		return "the link at the end of the chain is where to look";
	default:
		return "";
	}
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
	for (uint32_t i = 0; i < v->barriers.nr; i++)
		barrier_line(out, r, &v->barriers.list[i]);
	waiting_lines(out, v);
	orphan_line(out, r, v);
	reason_line(out, r, v);
	if (*advice(v) && v->outcome != TR_FAILED && v->outcome != TR_CANCELLED)
		fprintf(out, "  %sif that is not what you want: %s%s\n", ui_tone_begin(r->style, UI_DIM),
			advice(v), ui_tone_end(r->style));
}

void ui_report_verdicts(FILE *out, const struct ui_report *r)
{
	char lost[256];

	for (uint32_t i = 0; i < r->verdicts->nr; i++)
		verdict_print(out, r, &r->verdicts->list[i]);
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
