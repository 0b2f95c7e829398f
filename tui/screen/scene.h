/*
 * scene: everything a view looks at: one or two runs, the moment in them, and what
 * the user has selected. Requests change it; views draw it. It knows neither
 * terminal nor clock, so that the same code serves a live run, a recording, a
 * snapshot and a test.
 *
 * Time on the screen is *axis time*: ns since the run's zero, which is the
 * trace's start, or the call's enter when two runs are compared.
 *
 * Thread: one at a time.
 */
#ifndef UI_SCREEN_SCENE_H
#define UI_SCREEN_SCENE_H

#include "tracer/verdict/verdict.h"
#include "tui/prompt/complete.h"
#include "tui/screen/keys.h"
#include "tui/screen/layout.h"
#include "tui/screen/lines.h"
#include "tui/screen/matches.h"
#include "tui/screen/rows.h"

/* One run that is looked at. */
struct ui_run {
	const struct tr_log *log;          /* borrowed */
	struct tr_model *model;            /* borrowed; replays to the cursor; NULL: not ready */
	const struct tr_verdicts *verdicts; /* borrowed; NULL: not known (yet) */
	struct ui_index *index;            /* owned */
	struct ui_matches filter, search;  /* owned */
	const char *name;                  /* of the file, for two runs */
	uint32_t verdict;                  /* which of the verdicts is shown */
	int64_t zero_ns, end_ns;
	uint32_t at;                       /* the event under the cursor; TR_NONE: no event yet */
	uint32_t *lanes, *places;          /* owned: threads in the order they are shown; and where each is */
	uint32_t nr_lanes, lanes_caller;   /* … that caller first */
};

/* A place to come back to. */
struct ui_crumb {
	enum ui_pane pane;
	char filter[256], text[64];
};

enum { UI_MAX_CRUMBS = 16 };

enum ui_input { UI_INPUT_NONE, UI_INPUT_COMMAND, UI_INPUT_SEARCH, UI_INPUT_FILTER, UI_INPUT_TIME, UI_INPUT_CONFIRM, UI_INPUT_PROMPT };

/* What a debugger behind the screen can do; all NULL: there is none (a recording). */
struct ui_debugger {
	void *ctx;
	/* Runs one prompt command, when those before it are done; it and its output come to the prompt's pane. */
	void (*run)(void *ctx, const char *command);
	/* What stands before the next line: "(xferdb) ", "(com) ", a question. Never freed. NULL: "(xferdb) ". */
	const char *(*prompt)(void *ctx);
	/* The Tab key; nothing can stand anywhere while a command runs. NULL: none. */
	ui_complete_fn complete;
	/* Stops the run at its next events, whatever is being run. */
	void (*interrupt)(void *ctx);
	/* An upload is under way that leaving would abort. */
	bool (*busy)(void *ctx);
	/* Cancels the upload, or ends the program; and what to ask before. */
	void (*abort)(void *ctx);
	const char *abort_question;
};

struct ui_scene {
	struct ui_run runs[2];
	int nr_runs, active;
	const struct tr_state *state;      /* of the active run at its cursor; NULL: not ready */
	/* how it is shown */
	const struct ui_theme *theme;
	struct ui_keys keys;
	bool live, frozen, follow, readonly, wrap, tree, maximised, utf8;
	bool raw;                          /* durations as numbers of ns: for programs */
	bool over;                         /* live: the run has ended */
	int rows, columns;                 /* of the whole screen */
	enum ui_pane focus;
	int enlarged;                      /* rows more for the pane in focus */
	int64_t from_ns, to_ns;            /* the timeline's window */
	int timeline_columns;              /* of the lanes' area, as last drawn */
	uint32_t nr_lines;                 /* of the timeline, as last drawn */
	int bar_x;                         /* where the key bar's entries begin, as last drawn */
	struct ui_list_view lists[UI_PANE_COUNT];
	int page[UI_PANE_COUNT];           /* lines a pane shows, as last drawn */
	int64_t elapsed_ns;                /* live: the trace's time now, which goes on where no event comes */
	/* what is selected */
	/* indices: of thread and object in the log, of the part in the state, of the request in the index; TR_NONE */
	uint32_t thread, object, part, request;
	struct ui_crumb crumbs[UI_MAX_CRUMBS];
	int nr_crumbs;
	/* talking */
	enum ui_input input;
	char line[256];
	uint32_t recalled;                 /* at the prompt: which line said before is shown; 0: none */
	enum ui_request asked;             /* to be confirmed: abort or quit */
	char message[256];
	struct ui_lines lines;             /* the prompt pane's: what was said, and what programs write */
	uint32_t lines_seen;               /* of them, when the pane was last drawn */
	struct ui_debugger debugger;
	bool quit, keep, redraw, suspend;  /* asked for; the loop does it. keep: the picture, when leaving */
};

/* What stands before a line at the prompt. */
const char *ui_scene_prompt_text(const struct ui_scene *scene);

/* A scene of one run; runs may be added until ui_scene_begin(). */
void ui_scene_init(struct ui_scene *scene, const struct ui_theme *theme);
void ui_scene_fini(struct ui_scene *scene);

/* Adds a run. False: out of memory. */
bool ui_scene_add(struct ui_scene *scene, const struct tr_log *log, struct tr_model *model,
		  const struct tr_verdicts *verdicts, const char *name);

/* Lets go of the runs; what the user had chosen of how to look at them stays. */
void ui_scene_drop(struct ui_scene *scene);

/* The first look: cursor and window where they tell most. After the runs were added. */
void ui_scene_begin(struct ui_scene *scene);

/*
 * Takes in what is new: indexes and filters go on by at most nr_events, follow follows, the
 * state at the cursor is replayed. False: there is more to take in. Once before every picture.
 */
bool ui_scene_settle(struct ui_scene *scene, uint32_t nr_events);

/* A key, or a request by itself with its argument (NULL: none). */
void ui_scene_key(struct ui_scene *scene, int key);
void ui_scene_request(struct ui_scene *scene, enum ui_request request, const char *argument);

/* A click, or the wheel (turn -1 or 1; 0: a click), at a place of the screen. */
void ui_scene_mouse(struct ui_scene *scene, int row, int column, int turn);

/* ---- for views and requests */

struct ui_run *ui_scene_run(struct ui_scene *scene);
const struct ui_run *ui_scene_shown(const struct ui_scene *scene);
/* The cursor's axis time, 0 where there is no event. */
int64_t ui_scene_now_ns(const struct ui_scene *scene);
int64_t ui_run_time_ns(const struct ui_run *run, uint32_t event);
/* Moves the cursor; the window follows, selection of the thread too when with_thread. */
void ui_scene_go(struct ui_scene *scene, uint32_t event, bool with_thread);
void ui_scene_focus(struct ui_scene *scene, enum ui_pane pane);
/* Remembers where we are, then drills down: focus, and a filter where it is not NULL. */
void ui_scene_drill(struct ui_scene *scene, enum ui_pane pane, const char *filter, const char *crumb);
/* A sentence for the last row. */
void ui_scene_tell(struct ui_scene *scene, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The event that woke, or was woken by, this one; TR_NONE. */
uint32_t ui_scene_arrow(const struct ui_run *run, uint32_t event);
/* The call that is looked at, TR_NONE before there is one: the one of the verdict that is shown, else the first that will be judged. */
uint32_t ui_run_call(const struct ui_run *run);
/* The verdict that is shown; NULL: none (yet). */
const struct tr_verdict *ui_scene_verdict(const struct ui_run *run);
/* The thread shown at that place of a run's timeline, and back; TR_NONE. */
uint32_t ui_run_lane(const struct ui_run *run, uint32_t place);
uint32_t ui_run_place(const struct ui_run *run, uint32_t thread);
/* The contexts that hold now, as ui_keys_request() takes them. */
unsigned ui_scene_contexts(const struct ui_scene *scene);

#endif
