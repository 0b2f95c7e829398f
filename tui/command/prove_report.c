/* prove_report: what `prove` says: before, while it runs, and the table at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/command/prove.h"

static void command_print(const struct ui_prove *p)
{
	for (size_t i = 0; i < p->arguments->nr_operands; i++)
		fprintf(p->out, " %s", p->arguments->operands[i]);
	fprintf(p->out, "\n");
}

void ui_prove_say_plan(const struct ui_prove *p)
{
	char budget[32];

	fprintf(p->out, "At most %" PRIu64 " runs, and none begun after %s, of:", p->settings->runs,
		ui_time_text((int64_t)p->settings->budget, budget, sizeof(budget)));
	command_print(p);
	fprintf(p->out, "  2 undisturbed; then the first, the middle and the last part and Complete of each upload held back,\n"
			"  one at a time, each for several lengths, in an order drawn from --seed %" PRIu64 ", until it is sure.\n"
			"  Of many uploads Complete or PutObject alone, of as many as --runs and --budget have room for\n", p->seed);
	if (!p->settings->local)
		fprintf(p->out, "  every run uploads, and a hold can lose what luck saved: use a key nobody needs\n");
	fflush(p->out);
}

void ui_prove_say_first(const struct ui_prove *p, uint32_t expected)
{
	char one[32], all[32];
	int64_t each = (int64_t)p->run_ns;

	fprintf(p->out, "The first run took %s: about %" PRIu32 " runs, %s\n",
		ui_time_text((int64_t)p->first_run_ns, one, sizeof(one)), expected,
		ui_time_text(each * expected, all, sizeof(all)));
	fflush(p->out);
}

void ui_prove_say_depth(const struct ui_prove *p)
{
	uint32_t held = 0, unheld = 0;

	for (uint32_t i = 0; i < p->nr_subjects; i++) {
		held += p->subjects[i].plan.nr_uploads;
		unheld += p->subjects[i].plan.unheld;
	}
	if (p->depth == TR_PLAN_ENDS)
		fprintf(p->out, "  of its %" PRIu32 " uploads only what makes the objects (Complete, PutObject) is held%s",
			held + unheld, unheld ? "" : "\n");
	if (unheld)
		fprintf(p->out, ", and of %" PRIu32 " nothing: more --runs, more --budget\n", unheld);
	fflush(p->out);
}

static const char *found_text(const struct tr_trial *t, int64_t longest_ns)
{
	if (!t->seen)
		return "nothing was uploaded";
	if (t->target == TR_NONE)
		return "";
	if (t->shared)
		return "void: what an earlier call left behind may have moved it";
	if (!t->hit)
		return "the hold never struck";
	if (t->evaded)
		return "void: the client went around the hold";
	if (t->failed)
		return "void: the upload failed";
	if (t->return_ns < 0)
		return "it did not return";
	if (t->return_ns < t->end_ns)
		return "it returned before the hold ended";
	return t->end_ns > longest_ns ? "it returned after the hold's end" : "the hold ended too early to tell";
}

void ui_prove_say_run(const struct ui_prove *p, const struct ui_subject *s)
{
	const struct tr_trial *t = &s->trials[s->nr_trials - 1];
	char what[96] = "undisturbed", asked[32], took[32];

	if (t->zero)
		snprintf(what, sizeof(what), "a hold of no length");
	if (t->target != TR_NONE)
		tr_target_text(&s->plan, t->target, what, sizeof(what));
	fprintf(p->out, "  %3u  %-20s %-8s %s took %-8s %s%s\n", p->nr_runs, what,
		t->target == TR_NONE ? "" : ui_time_text((int64_t)t->asked_ns, asked, sizeof(asked)),
		p->nr_subjects > 1 ? s->name : "the call", ui_time_text(t->return_ns, took, sizeof(took)),
		found_text(t, s->proof.pace.longest_ns), t->gate && t->hit ? " (its thread was held)" : "");
	fflush(p->out);
}

/* "350 ms 420 ms", length and return, of all holds of a target that count. */
static void pairs_print(const struct ui_prove *p, const struct ui_subject *s, uint32_t target)
{
	char asked[32], took[32];
	unsigned n = 0;

	for (uint32_t i = 0; i < s->nr_trials; i++) {
		const struct tr_trial *t = &s->trials[i];
		if (t->target != target || !t->hit || t->evaded || t->failed || t->return_ns < 0)
			continue;
		fprintf(p->out, "%s%s: %s", n++ ? ", " : "", ui_time_text((int64_t)t->asked_ns, asked, sizeof(asked)),
			ui_time_text(t->return_ns, took, sizeof(took)));
	}
	if (!n)
		fprintf(p->out, "-");
}

static void table_print(const struct ui_prove *p, const struct ui_subject *s)
{
	char text[96], count[32];

	fprintf(p->out, "\n%s, undisturbed %s at most\n", s->name,
		ui_time_text(s->proof.pace.longest_ns, text, sizeof(text)));
	fprintf(p->out, "  %-16s %-12s %s\n", "HELD", "MOVED IT", "HOLD: RETURN");
	for (uint32_t i = 0; i < s->plan.nr_targets; i++) {
		const struct tr_tally *y = &s->proof.tally[i];
		snprintf(count, sizeof(count), "%u of %u", y->moved, y->held);
		fprintf(p->out, "  %-16s %-12s ", tr_target_text(&s->plan, i, text, sizeof(text)), count);
		pairs_print(p, s, i);
		if (y->evaded || y->failed || y->missed)
			fprintf(p->out, "  (void: %u evaded, %u failed, %u not struck)", y->evaded, y->failed, y->missed);
		fprintf(p->out, "\n");
	}
	if (s->proof.slope.known)
		fprintf(p->out, "  the return moves by %.2f of a hold (%.2f to %.2f with %.1f %% confidence, %u runs)\n",
			s->proof.slope.slope, s->proof.slope.low, s->proof.slope.high,
			100 * s->proof.slope.confidence, s->proof.slope.trials);
	if (*s->proof.finding)
		fprintf(p->out, "  Note: %s.\n", s->proof.finding);
	if (s->lost)
		fprintf(p->out, "  Note: in %u held run%s the object was lost; only luck stores it.\n", s->lost,
			s->lost == 1 ? "" : "s");
}

static void ablation_print(const struct ui_prove *p)
{
	static const char *const names[2] = { "result", "manager exit" };

	if (!p->ablated)
		return;
	for (unsigned i = 0; i < 2; i++)
		fprintf(p->out, "  With %s made a no-op it %s: %s %s enough by itself.\n", names[!i],
			p->alone[i] ? "waits all the same" : "does not wait any more", names[i],
			p->alone[i] ? "is" : "is not");
	fprintf(p->out, "  With both made no-ops it %s.\n", p->control ? "does not wait" : "waits all the same: there is a third");
}

void ui_prove_say_table(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		table_print(p, &p->subjects[i]);
	ablation_print(p);
	fprintf(p->out, "\n");
	fflush(p->out);
}
