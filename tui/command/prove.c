/*
 * prove: does the call wait? Asked by experiment: the same upload again and again, with
 * something held back, and when did the call return.
 *
 * What is held, and for how long, is tracer/prove/plan; what follows from the runs is
 * tracer/prove/decide; this file makes the runs in between. The first, undisturbed one is
 * the document: its trace, its calls, its transfers; the answer of all is put over its own.
 */
#include "tui/command/prove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/event/clock.h"
#include "tui/command/paths.h"

enum { UNDISTURBED = 2, EXTRA_ROUNDS = 3, ABLATION_RUNS = 6 };
#define DEFAULT_RUNS 30
#define DEFAULT_BUDGET_NS 600000000000u

/* ---- getting ready */

/* Options of `put` mean nothing to a program. */
static enum xf_status operands_check(const struct ui_prove *p, struct xf_error *err)
{
	const unsigned puts = UI_ENDPOINT | UI_TRANSFER | UI_OBJECT | UI_ACCESS | UI_CALL;
	unsigned foreign = p->is_put ? UI_WATCH : puts;

	for (size_t i = 0; i < UI_OPT_COUNT; i++)
		if (p->settings->given[i] && foreign >> ui_options[i].group & 1)
			return xf_fail(err, XF_INVALID, p->is_put ? "--%s is for programs, not for put"
								  : "--%s is for `prove put`; a program has options of its own",
				       ui_options[i].name);
	if (!p->is_put)
		return XF_OK;
	if (p->arguments->nr_operands < 3)
		return xf_fail(err, XF_INVALID, "prove put needs FILE… and s3://BUCKET/KEY");
	for (size_t i = 1; i + 1 < p->arguments->nr_operands; i++)
		if (!strcmp(p->arguments->operands[i], "-"))
			return xf_fail(err, XF_INVALID, "standard input can be uploaded only once: name a FILE");
	return XF_OK;
}

static const char *temporary_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && strlen(folder) < 32 ? folder : "/tmp";
}

static enum xf_status folder_make(struct ui_prove *p, struct xf_error *err)
{
	snprintf(p->folder, sizeof(p->folder), "%s/xferdb-prove.XXXXXX", temporary_folder());
	if (mkdtemp(p->folder))
		return XF_OK;
	*p->folder = '\0';
	return xf_fail(err, XF_IO, "cannot make a folder in %s", temporary_folder());
}

static void folder_remove(const struct ui_prove *p)
{
	static const char *const names[] = { "first.xft", "run.xft", "output" };
	char path[96];

	for (size_t i = 0; *p->folder && i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", p->folder, names[i]);
		unlink(path);
	}
	if (*p->folder)
		rmdir(p->folder);
}

static void seed_take(struct ui_prove *p)
{
	p->seed = p->settings->seed;
	if (!p->settings->given[UI_OPT_seed] && getrandom(&p->seed, sizeof(p->seed), GRND_NONBLOCK) < 0)
		p->seed = xf_clock_mono_ns();
	if (!p->settings->given[UI_OPT_seed])
		p->seed %= 1000000; /* short enough to type */
}

/* Against a service that is not ours it asks first. */
static enum xf_status agreed(const struct ui_prove *p, struct xf_error *err)
{
	char answer[8] = "";

	if (p->settings->local || p->settings->yes)
		return XF_OK;
	if (!isatty(STDIN_FILENO))
		return xf_fail(err, XF_INVALID,
			       "prove uploads again and again, and a hold can lose what luck saved: say --yes, or "
			       "stay on this machine with --local");
	fprintf(stderr, "Go on? [y/N] ");
	if (fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y'))
		return XF_OK;
	return xf_fail(err, XF_INVALID, "nothing was run");
}

/* ---- one run, and what it showed */

static void trial_keep(struct ui_prove *p, struct ui_subject *s, const struct ui_recording *trace, struct tr_trial t)
{
	struct tr_trial *more = realloc(s->trials, (s->nr_trials + 1u) * sizeof(*more));

	if (!more)
		return;
	s->trials = more;
	if (trace->judged)
		tr_trial_read(trace->log, &trace->verdicts,
			      tr_trial_find(trace->log, &trace->verdicts, s->name, s->nth), &t);
	if (s->nr_trials && t.hit && t.result != s->trials[0].result)
		t.failed = true;
	if (t.target != TR_NONE && t.hit && t.outcome == TR_LOST)
		s->lost++;
	/* a hold of no length is not evaded by a client that happens to send twice */
	if (t.target == TR_NONE)
		t.hit = t.evaded = false;
	s->trials[s->nr_trials++] = t;
	(void)p;
}

/* ---- what is held */

static void columns_take(struct ui_prove *p)
{
	const struct tr_plan *plans[UI_MAX_SUBJECTS];

	for (uint32_t i = 0; i < p->nr_subjects; i++)
		plans[i] = &p->subjects[i].plan;
	p->nr_columns = tr_plan_columns(plans, p->nr_subjects, p->apart, p->columns);
}

static void plans_take_most(struct ui_prove *p, uint32_t most)
{
	const struct tr_verdicts *all = &p->base.verdicts;

	for (uint32_t i = 0; i < p->nr_subjects; i++) {
		struct ui_subject *s = &p->subjects[i];
		tr_plan_take(p->base.log, all, &all->list[s->verdict], p->depth, p->together, most, &s->plan);
	}
	columns_take(p);
}

static void plans_take(struct ui_prove *p)
{
	plans_take_most(p, TR_MAX_UPLOADS);
}

/* A program may name its objects anew in every run: then they cannot be told apart by name. */
static void plans_compare(struct ui_prove *p, const struct ui_recording *trace)
{
	struct tr_plan *now = malloc(sizeof(*now));
	bool agree = true;

	for (uint32_t i = 0; now && i < p->nr_subjects; i++) {
		struct ui_subject *s = &p->subjects[i];
		const struct tr_verdict *v = tr_trial_find(trace->log, &trace->verdicts, s->name, s->nth);
		if (!v || !v->nr_transfers)
			continue;
		tr_plan_take(trace->log, &trace->verdicts, v, TR_PLAN_ENDS, false, TR_MAX_UPLOADS, now);
		agree = agree && tr_plan_agrees(&s->plan, now);
	}
	free(now);
	if (agree || p->together || p->is_put)
		return;
	p->together = true;
	p->depth = TR_PLAN_ALL;
	plans_take(p);
}

static enum xf_status decide(struct ui_prove *p, struct xf_error *err)
{
	enum xf_status status = XF_OK;

	for (uint32_t i = 0; i < p->nr_subjects && !status; i++) {
		struct ui_subject *s = &p->subjects[i];
		status = tr_decide(&s->plan, s->trials, s->nr_trials, &s->proof, err);
	}
	return status;
}

/* A thread that is held has all the time of the world. */
static uint64_t length_of(const struct ui_prove *p, const struct ui_subject *s, uint32_t target, uint32_t length)
{
	struct tr_pace pace = s->proof.pace;

	if (p->settings->given[UI_OPT_at_least])
		pace.at_least_ns = p->settings->at_least;
	if (s->proof.means[target] != TR_BY_BYTES)
		pace.patience_ns = 0;
	return tr_plan_length_ns(&s->plan.targets[target], &pace, length);
}

static bool same_hold(const struct tr_wanted *a, const struct tr_wanted *b)
{
	return a->op == b->op && a->part == b->part && a->object == b->object && a->transfer == b->transfer;
}

/* What a trial holds; one request of several calls at once is held once, for the longest of them. */
static void wanted_add(const struct ui_prove *p, const struct ui_subject *s, const struct tr_trial *t, struct ui_run *run)
{
	const struct tr_target *target = &s->plan.targets[t->target];
	const struct tr_upload *upload = &s->plan.uploads[target->upload];
	struct tr_wanted like = { .times = p->nr_transfers, .hold_ns = t->asked_ns, .gate = t->gate,
				  .object = p->is_put ? 0 : upload->object, .transfer = p->is_put ? upload->transfer : TR_NONE };
	uint32_t nr = tr_wanted_of(target, &like, TR_MAX_WANTED - run->nr_holds, run->holds + run->nr_holds);

	for (uint32_t i = 0; i < run->nr_holds && nr == 1; i++)
		if (same_hold(&run->holds[i], &run->holds[run->nr_holds])) {
			if (run->holds[i].hold_ns < t->asked_ns)
				run->holds[i].hold_ns = t->asked_ns;
			return;
		}
	run->nr_holds += nr;
}

/* Every call has undisturbed trials; of others those that hold something of its own. */
static bool concerns(const struct tr_column *c, uint32_t subject, uint32_t *target)
{
	*target = TR_NONE;
	for (uint32_t i = 0; c && i < c->nr; i++)
		if (c->at[i].call == subject)
			*target = c->at[i].target;
	return !c || *target != TR_NONE;
}

/* The trial a column's entry has just made. */
static struct tr_trial *trial_of(struct ui_prove *p, const struct tr_column *c, uint32_t i)
{
	struct ui_subject *s = &p->subjects[c->at[i].call];

	return &s->trials[s->nr_trials - 1];
}

static uint64_t object_of(const struct ui_prove *p, const struct tr_column *c, uint32_t i)
{
	const struct tr_plan *plan = &p->subjects[c->at[i].call].plan;

	return plan->uploads[plan->targets[c->at[i].target].upload].object;
}

static bool left_behind(const struct tr_trial *t)
{
	return t->hit && !t->evaded && t->return_ns >= 0 && t->return_ns < t->end_ns;
}

/* A call left behind what is held: a later one may have waited for that, and not for its own. What it shows counts for nothing. */
static void trials_doubt(struct ui_prove *p, const struct tr_column *c)
{
	bool doubt[TR_MAX_TOGETHER] = { false };

	for (uint32_t i = 0; i < c->nr; i++)
		for (uint32_t k = 0; k < c->nr; k++)
			doubt[i] |= left_behind(trial_of(p, c, k)) && object_of(p, c, i) != object_of(p, c, k) &&
				    p->subjects[c->at[k].call].plan.enter_ns < p->subjects[c->at[i].call].plan.enter_ns;
	for (uint32_t i = 0; i < c->nr; i++)
		if (doubt[i]) {
			p->apart = trial_of(p, c, i)->shared = true;
			trial_of(p, c, i)->hit = false;
		}
}

static void say_runs(const struct ui_prove *p, const struct tr_column *c)
{
	uint32_t target;

	for (uint32_t i = 0; i < p->nr_subjects && !p->settings->quiet; i++)
		if (concerns(c, i, &target) && p->subjects[i].nr_trials) {
			ui_prove_say_run(p, &p->subjects[i]);
			if (!c)
				return;
		}
}

/* A run with that column of the plan; NULL with zero: the hold of no length. */
static enum xf_status trial_make(struct ui_prove *p, const struct tr_column *c, uint32_t length, bool zero,
				 struct xf_error *err)
{
	char path[96];
	struct ui_run run = { .trace = path };
	struct ui_recording trace = { .log = NULL };
	struct tr_trial of[UI_MAX_SUBJECTS];
	struct xf_error ignored = XF_ERROR_INIT;
	uint32_t target;

	snprintf(path, sizeof(path), "%s/run.xft", p->folder);
	for (uint32_t i = 0; i < p->nr_subjects; i++) {
		const struct ui_subject *s = &p->subjects[i];
		of[i] = (struct tr_trial){ .target = TR_NONE, .zero = zero };
		if (zero && s->plan.nr_targets && !run.nr_holds)
			wanted_add(p, s, &(struct tr_trial){ .target = 0 }, &run);
		if (!c || !concerns(c, i, &target))
			continue;
		of[i].target = target;
		of[i].several = s->plan.targets[target].kind == TR_TARGET_EARLY;
		of[i].gate = s->proof.means[target] == TR_BY_THREAD;
		of[i].asked_ns = length_of(p, s, target, length);
		wanted_add(p, s, &of[i], &run);
	}
	if (ui_prove_run_one(p, &run, err) < 0)
		return err->status;
	ui_recording_open(&trace, path, true, &ignored);
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (concerns(c, i, &target))
			trial_keep(p, &p->subjects[i], &trace, of[i]);
	if (c)
		trials_doubt(p, c);
	if (!c && !zero && trace.judged)
		plans_compare(p, &trace);
	say_runs(p, c);
	ui_recording_close(&trace);
	unlink(path);
	return decide(p, err);
}

/* ---- the first run */

static uint32_t nth_of_name(const struct ui_prove *p, const char *name)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->nr_subjects; i++)
		n += !strcmp(p->subjects[i].name, name);
	return n;
}

static void subjects_take(struct ui_prove *p)
{
	const struct tr_verdicts *all = &p->base.verdicts;

	for (uint32_t i = 0; i < all->nr && p->nr_subjects < UI_MAX_SUBJECTS; i++) {
		const struct tr_verdict *v = &all->list[i];
		struct ui_subject s = { .verdict = i };
		if (v->call == TR_NONE)
			continue;
		s.name = tr_log_call(p->base.log, v->call)->name;
		s.nth = nth_of_name(p, s.name);
		p->subjects[p->nr_subjects++] = s;
	}
}

/*
 * The first run's trace is the one that stays: where -o says, else the newest of this user, when it is
 * there. Until then it has a name of its own: another command may make a newest trace meanwhile.
 */
static void base_path(const struct ui_prove *p, char *path, size_t cap)
{
	struct xf_error ignored = XF_ERROR_INIT;
	char name[32];

	snprintf(name, sizeof(name), "prove-%ld.xft", (long)getpid());
	if (p->settings->output)
		snprintf(path, cap, "%s", p->settings->output);
	else if (ui_path_state(name, path, cap, true, &ignored))
		snprintf(path, cap, "%s/first.xft", p->folder);
}

static void base_keep(struct ui_prove *p)
{
	struct xf_error ignored = XF_ERROR_INIT;
	char last[4096];

	if (!p->settings->output && !ui_path_last_trace(last, sizeof(last), true, &ignored) && !rename(p->base.path, last))
		snprintf(p->base.path, sizeof(p->base.path), "%s", last);
}

/* A trace takes its place by a rename: one that was there before is another file. */
static bool is_another(const struct stat *before, const char *path)
{
	struct stat now;

	return stat(path, &now) == 0 && (now.st_ino != before->st_ino || now.st_dev != before->st_dev);
}

static enum xf_status first_run(struct ui_prove *p, struct xf_error *err)
{
	char path[4096];
	struct ui_run run = { .trace = path, .show = true };
	uint64_t begin = xf_clock_mono_ns();
	struct stat before = { .st_ino = 0 };

	base_path(p, path, sizeof(path));
	if (stat(path, &before) != 0)
		before = (struct stat){ .st_ino = 0 };
	p->base_status = ui_prove_run_one(p, &run, err);
	p->first_run_ns = xf_clock_mono_ns() - begin;
	if (p->base_status < 0)
		return err->status;
	if (!is_another(&before, path)) /* the run ended before it began, and said why */
		return XF_NOT_FOUND;
	if (ui_recording_open(&p->base, path, true, err)) {
		if (!p->settings->output)
			unlink(path);
		return err->status;
	}
	base_keep(p);
	subjects_take(p);
	p->nr_transfers = p->base.verdicts.final ? p->base.verdicts.final->nr_transfers : 0;
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		trial_keep(p, &p->subjects[i], &p->base, (struct tr_trial){ .target = TR_NONE });
	say_runs(p, NULL);
	plans_take(p);
	return decide(p, err);
}

/* ---- all runs */

/* One more run, and `reserve` after it? */
static bool may_go_on(const struct ui_prove *p, uint32_t reserve)
{
	uint64_t budget = p->settings->given[UI_OPT_budget] ? p->settings->budget : DEFAULT_BUDGET_NS;

	return !ui_prove_interrupted() && p->nr_runs + reserve < p->settings->runs &&
	       xf_clock_mono_ns() - p->begin_ns < budget;
}

static bool is_sure(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (!p->subjects[i].proof.sure)
			return false;
	return true;
}

/* Every call does all its work on its own thread: to hold that would hold the caller. */
static bool is_inline(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (p->base.verdicts.list[p->subjects[i].verdict].basis != TR_BASIS_INLINE)
			return false;
	return p->nr_subjects > 0;
}

/*
 * No single part moved the return, but it came late: a caller that waits for room is not stopped by
 * one part as long as others make room. All early parts at once stop it.
 */
static void early_add(struct ui_prove *p)
{
	struct ui_subject *s = &p->subjects[0];
	struct tr_plan *plan = &s->plan;
	uint32_t nr = plan->nr_targets;
	uint32_t last = nr >= 2 && plan->targets[nr - 1].kind == TR_TARGET_COMPLETE ? plan->targets[nr - 2].part : 0;

	if (p->nr_subjects > 1 || plan->nr_uploads != 1 || nr >= TR_MAX_TARGETS || last < 3 ||
	    s->proof.answer != TR_DOES_NOT_BLOCK || s->proof.pace.longest_ns < plan->targets[0].turn_ns)
		return;
	last -= last / 3;
	last = last < TR_MAX_WANTED ? last : TR_MAX_WANTED;
	plan->targets[plan->nr_targets++] = (struct tr_target){ TR_TARGET_EARLY, last, 0, 1, 0 };
	columns_take(p);
}

static bool is_boto3(const struct ui_prove *p)
{
	return p->nr_subjects && !p->is_put && !strncmp(p->subjects[0].name, "boto3.s3.inject:", 16);
}

/* Does anything have to be held? Not what a call does on its own thread. */
static bool holds_nothing(const struct ui_prove *p)
{
	return !p->nr_columns || (p->is_put && is_inline(p));
}

/* Runs the rounds make until they are sure, when nothing is uneven. */
static uint32_t runs_of_rounds(const struct ui_prove *p)
{
	return holds_nothing(p) ? 0 : 2 * tr_plan_round_steps(p->nr_columns);
}

/* Runs that are kept for boto3's two waits, where --runs has room for both. */
static uint32_t runs_of_ablation(const struct ui_prove *p)
{
	bool wanted = is_boto3(p) && p->nr_columns && p->settings->ablate != UI_NO;

	return wanted && UNDISTURBED + runs_of_rounds(p) + ABLATION_RUNS <= p->settings->runs ? ABLATION_RUNS : 0;
}

/* A held run is longer by its hold, which is as long as the call and half a second, or what it is to be at least. */
static uint64_t run_estimate(const struct ui_prove *p)
{
	uint64_t longest = 0, at_least = 0;

	for (uint32_t i = 0; i < p->nr_subjects; i++) {
		const struct tr_pace *pace = &p->subjects[i].proof.pace;
		if (pace->longest_ns > (int64_t)longest)
			longest = (uint64_t)pace->longest_ns;
		if (pace->at_least_ns > at_least)
			at_least = pace->at_least_ns;
	}
	if (p->settings->given[UI_OPT_at_least])
		at_least = p->settings->at_least;
	return p->first_run_ns + longest + 500000000 + at_least / 2;
}

/* So many runs may be made, as --runs and --budget have it. */
static uint64_t runs_allowed(const struct ui_prove *p)
{
	uint64_t by_time = p->settings->budget / p->run_ns;

	return by_time < p->settings->runs ? by_time : p->settings->runs;
}

/* For two holds of each, and two of no length. */
static bool has_room(const struct ui_prove *p)
{
	return UNDISTURBED + 2 * p->nr_columns + 2 <= runs_allowed(p);
}

static bool has_several(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (p->subjects[i].plan.nr_uploads > 1)
			return true;
	return false;
}

/* Signals lead from all uploads to the return: no want of room has to be told from a wait for the end. */
static bool is_shown(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		for (uint32_t u = 0; u < p->subjects[i].plan.nr_uploads; u++)
			if (!p->subjects[i].plan.uploads[u].shown)
				return false;
	return true;
}

/* Where not every target of every upload has room: what makes the objects; where not even that, as many as have. */
static void depth_choose(struct ui_prove *p)
{
	uint32_t most = TR_MAX_UPLOADS;

	p->run_ns = run_estimate(p);
	if (!has_several(p) || (has_room(p) && !is_shown(p)))
		return;
	p->depth = TR_PLAN_ENDS;
	plans_take(p);
	while (!has_room(p) && has_several(p))
		plans_take_most(p, most = most > p->nr_columns ? p->nr_columns - 1 : most - 1);
}

/* What cannot be held, or need not be, is left out. */
static bool is_left_out(const struct ui_prove *p, const struct tr_column *c)
{
	for (uint32_t i = 0; i < c->nr; i++)
		if (p->subjects[c->at[i].call].proof.means[c->at[i].target] != TR_BY_NOTHING)
			return false;
	return true;
}

static enum xf_status round_make(struct ui_prove *p, uint32_t round, struct xf_error *err)
{
	struct tr_step steps[TR_MAX_ROUND];
	const struct tr_column *live[TR_MAX_TARGETS];
	uint32_t kept = runs_of_ablation(p), nr_live = 0, nr;
	enum xf_status status = XF_OK;

	for (uint32_t i = 0; i < p->nr_columns; i++)
		if (!is_left_out(p, &p->columns[i]))
			live[nr_live++] = &p->columns[i];
	nr = nr_live ? tr_plan_round(nr_live, round, p->seed, steps) : 0;
	for (uint32_t i = 0; i < nr && !status && may_go_on(p, kept) && !is_sure(p); i++) {
		const struct tr_column *c = steps[i].column == TR_NONE ? NULL : live[steps[i].column];
		if (!c || !is_left_out(p, c))
			status = trial_make(p, c, steps[i].length, !c, err);
	}
	return status;
}

static enum xf_status rounds_make(struct ui_prove *p, struct xf_error *err)
{
	bool early = false;
	enum xf_status status = XF_OK;

	for (uint32_t i = 1; i < UNDISTURBED && !status && may_go_on(p, 0); i++)
		status = trial_make(p, NULL, 0, false, err);
	if (holds_nothing(p))
		return status;
	for (uint32_t round = 0; round < TR_NR_ROUNDS + EXTRA_ROUNDS && !status; round++) {
		columns_take(p);
		status = round_make(p, round, err);
		if (is_sure(p) && !early) {
			early = true;
			early_add(p);
			status = status ? status : decide(p, err);
		}
		if (is_sure(p) || !may_go_on(p, runs_of_ablation(p)))
			break;
	}
	return status;
}

static uint32_t expected_runs(const struct ui_prove *p)
{
	uint32_t n = UNDISTURBED + runs_of_rounds(p) + runs_of_ablation(p);

	return n < p->settings->runs ? n : (uint32_t)p->settings->runs;
}

/* ---- boto3's two waits, one at a time */

/* Does it still wait with those waits made no-ops? Two holds of the last target, of different length. */
static enum xf_status waits_without(struct ui_prove *p, const char *without, bool *waits, struct xf_error *err)
{
	char path[96];
	struct ui_subject *s = &p->subjects[0];
	struct xf_error ignored = XF_ERROR_INIT;
	uint32_t target = s->plan.nr_targets - 1, moved = 0, made = 0;

	snprintf(path, sizeof(path), "%s/run.xft", p->folder);
	for (uint32_t length = 0; length < 2 && may_go_on(p, 0); length++) {
		struct ui_run run = { .trace = path, .without = without };
		struct ui_recording trace = { .log = NULL };
		struct tr_trial t = { .target = target, .asked_ns = length_of(p, s, target, length) };
		wanted_add(p, s, &t, &run);
		if (ui_prove_run_one(p, &run, err) < 0)
			return err->status;
		ui_recording_open(&trace, path, true, &ignored);
		if (trace.judged)
			tr_trial_read(trace.log, &trace.verdicts,
				      tr_trial_find(trace.log, &trace.verdicts, s->name, s->nth), &t);
		/* without any wait the program may end before anything is sent: that is not waiting either */
		made += t.return_ns >= 0 && !t.evaded;
		moved += t.return_ns >= 0 && t.hit && !t.evaded && t.return_ns >= t.end_ns;
		ui_recording_close(&trace);
		unlink(path);
		if (!p->settings->quiet) {
			fprintf(p->out, "  %3u  without %-12s %s the call %s\n", p->nr_runs, without,
				run.nr_holds ? "held:" : "", t.hit && t.return_ns >= t.end_ns ? "waits" : "does not wait");
			fflush(p->out);
		}
	}
	if (made < 2)
		p->ablated = false;
	*waits = moved == made;
	return XF_OK;
}

static enum xf_status ablate(struct ui_prove *p, struct xf_error *err)
{
	bool third = false;
	enum xf_status status;

	if (p->settings->ablate == UI_NO || !is_boto3(p) || p->subjects[0].proof.answer != TR_BLOCKS ||
	    !p->subjects[0].plan.nr_targets || !may_go_on(p, ABLATION_RUNS - 1))
		return XF_OK;
	p->ablated = true;
	status = waits_without(p, "exit", &p->alone[0], err);
	if (!status)
		status = waits_without(p, "result", &p->alone[1], err);
	if (!status)
		status = waits_without(p, "result,exit", &third, err);
	p->control = !third;
	return status;
}

/* ---- the answer, put over that of the first run */

/* A barrier of that name, made when the trace shows none. */
static void barrier_mark(struct tr_verdict *v, const char *name, enum tr_scope scope, bool sufficient)
{
	struct tr_barrier *more;

	for (uint32_t i = 0; i < v->barriers.nr; i++)
		if (!strcmp(v->barriers.list[i].name, name)) {
			v->barriers.list[i].sufficient = sufficient;
			return;
		}
	more = realloc(v->barriers.list, (v->barriers.nr + 1u) * sizeof(*more));
	if (!more)
		return;
	v->barriers.list = more;
	v->barriers.list[v->barriers.nr] = (struct tr_barrier){
		.kind = TR_BARRIER_EVENT, .scope = scope, .thread = TR_NONE, .sufficient = sufficient,
		.first = TR_NONE, .last = TR_NONE, .wait = TR_NONE, .woken_by = TR_NONE, .object = TR_NONE };
	snprintf(v->barriers.list[v->barriers.nr].name, sizeof(more->name), "%s", name);
	v->barriers.nr++;
}

static void holds_put(const struct ui_subject *s, struct tr_verdict *v)
{
	struct tr_hold *list = calloc(s->nr_trials + 1u, sizeof(*list));

	if (!list)
		return;
	free(v->holds);
	v->holds = list;
	v->nr_holds = 0;
	for (uint32_t i = 0; i < s->nr_trials; i++) {
		const struct tr_trial *t = &s->trials[i];
		if (t->target == TR_NONE || !t->hit)
			continue;
		v->holds[v->nr_holds++] = (struct tr_hold){
			.hold = v->nr_holds + 1, .transfer = TR_NONE, .held = TR_NONE, .released = TR_NONE, .evaded_at = TR_NONE,
			.key = s->plan.uploads[s->plan.targets[t->target].upload].key,
			.part = s->plan.targets[t->target].kind == TR_TARGET_PUT ? 1 : s->plan.targets[t->target].part,
			.hold_ns = t->asked_ns, .return_ns = t->return_ns, .evaded = t->evaded || t->failed };
	}
}

static void answer_put(struct ui_prove *p, const struct ui_subject *s)
{
	struct tr_verdict *v = &p->base.verdicts.list[s->verdict];
	const struct tr_proof *proof = &s->proof;

	holds_put(s, v);
	/* what the first run says by itself is more than "unknown": that one has its own reason */
	if (v->answer == TR_UNKNOWN && proof->answer == TR_UNKNOWN)
		return;
	v->answer = proof->answer;
	v->basis = proof->basis;
	v->limit = proof->limit;
	v->at_most_ms = proof->at_most_ms;
	snprintf(v->reason, sizeof(v->reason), "%s", proof->reason);
	snprintf(v->settle, sizeof(v->settle), "%s", proof->settle);
	v->has_slope = proof->slope.known;
	v->slope = proof->slope.slope;
	v->slope_low = proof->slope.low;
	v->slope_high = proof->slope.high;
	v->trials = proof->slope.trials;
	if (p->ablated && s == &p->subjects[0]) {
		barrier_mark(v, "result", TR_SCOPE_CALL, p->alone[0]);
		barrier_mark(v, "manager exit", TR_SCOPE_BLOCK, p->alone[1]);
	}
}

static int conclude(struct ui_prove *p)
{
	int status;

	for (uint32_t i = 0; i < p->nr_subjects; i++)
		answer_put(p, &p->subjects[i]);
	if (!p->settings->quiet && p->nr_subjects)
		ui_prove_say_table(p);
	status = ui_conclude_to(p->out, &p->base, p->settings, "prove", true);
	if (ui_prove_interrupted())
		return UI_EXIT_INTERRUPTED;
	for (uint32_t i = 0; i < p->nr_subjects && status == UI_EXIT_DONE && !p->settings->expect; i++)
		if (p->base.verdicts.list[p->subjects[i].verdict].outcome == TR_FAILED)
			status = UI_EXIT_FAILED;
	return status;
}

static void say_failed(const struct ui_prove *p)
{
	static const char text[] = "the undisturbed upload failed: nothing can be proved before it works";

	if (!p->is_put)
		fprintf(stderr, "xferdb: %s\n", text);
	else if (!p->settings->quiet) /* the run itself has said on stderr why */
		fprintf(p->out, "  %s\n", text);
}

/* An upload that fails undisturbed shows nothing, however often it is repeated. */
static bool has_failed(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (!p->subjects[i].trials || p->subjects[i].trials[0].failed)
			return true;
	return false;
}

static bool saw_nothing(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (p->subjects[i].nr_trials && p->subjects[i].trials[0].seen)
			return false;
	return !p->is_put;
}

/* The program came to its end before any call did: it broke off. */
static bool broke_off(const struct ui_prove *p)
{
	for (uint32_t i = 0; i < p->nr_subjects; i++)
		if (!p->subjects[i].nr_trials || p->subjects[i].trials[0].return_ns >= 0)
			return false;
	return p->nr_subjects && !p->is_put;
}

/* There is no trace to be judged: the document says so, and why. Nothing of it where the upload was refused as bad usage. */
static int conclude_without(const struct ui_prove *p, int status, struct xf_error *err)
{
	struct tr_verdict unknown = { .call = TR_NONE, .answer = TR_UNKNOWN };
	struct ui_recording nothing = { .verdicts = { .list = &unknown, .nr = 1 } };
	struct ui_conclusion *c;
	int concluded;

	if (!*err->message && status != UI_EXIT_USAGE)
		xf_fail(err, XF_NOT_FOUND, "the first run ended with status %d and left no trace%s%s: what it wrote says why",
			p->base_status, p->settings->output ? " in " : "", p->settings->output ? p->settings->output : "");
	if (*err->message)
		fprintf(stderr, "xferdb: %s\n", err->message);
	if (status == UI_EXIT_USAGE)
		return status;
	xf_text_sanitise(unknown.reason, sizeof(unknown.reason), err->message, strlen(err->message));
	c = ui_conclusion_new(&nothing, p->settings, "prove");
	concluded = c ? ui_conclusion_say(c, p->settings) : UI_EXIT_FAILED;
	ui_conclusion_free(c);
	return concluded == UI_EXIT_UNMET ? concluded : status;
}

static int prove(struct ui_prove *p, struct xf_error *err)
{
	enum xf_status status = first_run(p, err);

	if (!p->base.judged)
		return conclude_without(p, p->base_status > 0 ? p->base_status : UI_EXIT_FAILED, err);
	if (has_failed(p)) {
		say_failed(p);
		return ui_conclude_to(p->out, &p->base, p->settings, "prove", true) == UI_EXIT_DONE ? UI_EXIT_FAILED
												   : UI_EXIT_UNMET;
	}
	if (p->base_status && (saw_nothing(p) || broke_off(p))) {
		fprintf(stderr, "xferdb: the program ended with status %d before %s: nothing can be proved before "
			"it works\n", p->base_status, saw_nothing(p) ? "anything was uploaded" : "the call returned");
		return ui_conclude_to(p->out, &p->base, p->settings, "prove", true) == UI_EXIT_UNMET ? UI_EXIT_UNMET : UI_EXIT_FAILED;
	}
	if (!status)
		depth_choose(p);
	if (!status && !p->settings->quiet && p->nr_subjects) {
		ui_prove_say_first(p, expected_runs(p));
		ui_prove_say_depth(p);
	}
	if (!status && p->nr_subjects)
		status = rounds_make(p, err);
	if (!status)
		status = ablate(p, err);
	if (status)
		fprintf(stderr, "xferdb: %s\n", err->message);
	return conclude(p);
}

/* ---- */

static enum xf_status prepare(struct ui_prove *p, struct xf_error *err)
{
	enum xf_status status = operands_check(p, err);

	if (status)
		return status;
	seed_take(p);
	if (!p->settings->quiet)
		ui_prove_say_plan(p);
	if (p->settings->dry_run)
		return XF_OK;
	status = agreed(p, err);
	return status ? status : folder_make(p, err);
}

int ui_prove_run(struct ui_arguments *arguments)
{
	struct ui_prove p = { .arguments = arguments, .settings = &arguments->settings };
	struct xf_error err = XF_ERROR_INIT;
	int exit_status;

	if (!arguments->settings.given[UI_OPT_runs])
		arguments->settings.runs = DEFAULT_RUNS;
	if (!arguments->settings.given[UI_OPT_budget])
		arguments->settings.budget = DEFAULT_BUDGET_NS;
	p.is_put = !strcmp(arguments->operands[0], "put");
	p.out = ui_text_stream(p.settings);
	p.style = ui_style_for(p.out, p.settings);
	p.begin_ns = xf_clock_mono_ns();
	if (prepare(&p, &err)) {
		exit_status = conclude_without(&p, err.status == XF_INVALID ? UI_EXIT_USAGE : UI_EXIT_FAILED, &err);
	} else if (p.settings->dry_run) {
		exit_status = UI_EXIT_DONE;
	} else {
		ui_prove_signals();
		exit_status = prove(&p, &err);
	}
	for (uint32_t i = 0; i < p.nr_subjects; i++)
		free(p.subjects[i].trials);
	ui_recording_close(&p.base);
	folder_remove(&p);
	return exit_status;
}
