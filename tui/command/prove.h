/*
 * prove: what its three files share: prove.c (the plan carried out, the answer),
 * prove_run.c (one run in a process of its own), prove_report.c (what is said).
 */
#ifndef UI_COMMAND_PROVE_H
#define UI_COMMAND_PROVE_H

#include "tracer/prove/decide.h"
#include "tracer/prove/hold.h"
#include "tui/command/conclude.h"
#include "tui/command/style.h"

enum { UI_MAX_SUBJECTS = 16 };

/* A call on trial, followed through all runs. */
struct ui_subject {
	const char *name;            /* of the base trace */
	uint32_t nth;                /* among those of its name */
	uint32_t verdict;            /* in the base trace's list */
	struct tr_plan plan;         /* of this call's uploads */
	struct tr_trial *trials;     /* one a run made for the answer */
	uint32_t nr_trials;
	uint32_t lost;               /* held runs whose object was lost */
	struct tr_proof proof;
};

/* What one run is to be. */
struct ui_run {
	struct tr_wanted holds[TR_MAX_WANTED];
	uint32_t nr_holds;
	const char *without;         /* waits the shim makes no-ops; NULL: none */
	const char *trace;           /* where it writes its trace */
	bool show;                   /* its output is seen */
};

struct ui_prove {
	struct ui_arguments *arguments;
	const struct ui_settings *settings;
	bool is_put;
	FILE *out;
	struct ui_style style;
	char folder[64];             /* traces and outputs of the runs */
	uint64_t seed, begin_ns, first_run_ns, run_ns; /* run_ns: about how long a held run takes */
	struct ui_recording base;        /* the first undisturbed run */
	struct ui_subject subjects[UI_MAX_SUBJECTS];
	uint32_t nr_subjects;
	struct tr_column columns[TR_MAX_TARGETS];
	uint32_t nr_columns;
	enum tr_plan_depth depth;
	bool together;               /* the objects are not the same in every run */
	bool apart;                  /* a call did not wait: no other's holds stand in the same run with its own */
	uint32_t nr_transfers;       /* of the undisturbed run */
	uint32_t nr_runs;            /* made */
	int base_status;             /* exit status of the first run */
	bool ablated;                /* boto3's waits were tried one by one */
	bool alone[2];               /* result, manager exit: enough by itself */
	bool control;                /* without both it did not wait */
};

/*
 * One run: --setup, the upload in a process of its own, --cleanup. Returns its exit status, or
 * -1 with err: it could not be made. Thread: the only one of this process.
 */
int ui_prove_run_one(struct ui_prove *p, const struct ui_run *run, struct xf_error *err);
/* Ctrl-C and the like: taken here, passed on to the run. */
void ui_prove_signals(void);
bool ui_prove_interrupted(void);

void ui_prove_say_plan(const struct ui_prove *p);
void ui_prove_say_first(const struct ui_prove *p, uint32_t expected);
/* What of it is held, where that is not everything. */
void ui_prove_say_depth(const struct ui_prove *p);
/* The last trial of a call. */
void ui_prove_say_run(const struct ui_prove *p, const struct ui_subject *s);
void ui_prove_say_table(const struct ui_prove *p);

#endif
