/*
 * debug: put and get under the prompt; what its files share.
 *
 *     debug.c         getting ready, the two threads, signals, the exit status
 *     debug_run.c     the run, on main, and what the session may do to it
 *     debug_again.c   `run ARG…`: the next run's other arguments
 *     debug_talk.c    the conversation, at the prompt or on the screen
 *
 * The call is made on the main thread, again and again if the user wants; the
 * prompt lives on a muted helper thread of its own, the session's controller.
 */
#ifndef UI_COMMAND_DEBUG_H
#define UI_COMMAND_DEBUG_H

#include <pthread.h>
#include <stdatomic.h>

#include "tracer/debug/command.h"
#include "tui/command/conclude.h"
#include "tui/command/local.h"
#include "tui/command/transfer.h"
#include "tui/prompt/prompt.h"
#include "tui/screen/app.h"

struct ui_debug {
	/* set before the first run; config, files and settings change between two */
	struct ui_settings *settings;
	bool download;
	struct xf_transfer_config config;
	struct xf_extra extra;
	struct ui_uploads uploads;
	struct ui_downloads downloads;
	struct ui_local local_storage;
	struct ui_local *local;      /* NULL: somebody else's endpoint */
	struct xf_client *client;
	char trace_path[4096];
	FILE *out;
	struct tr_session *session;
	struct ui_prompt *prompt;    /* NULL: the screen's */
	struct ui_screen_app *app;   /* NULL: no screen */

	/* main's */
	struct xf_manager *own;
	bool recorded;
	bool leaves;                 /* --linger is over, and work is not */
	struct ui_conclusion *last, *before; /* what the newest run that ended came to, and the one before it */

	/* the controller's */
	enum tr_left left;           /* how far the run was when the prompt ended */
	int status_before;           /* exit status of the run before that one */
	char *given;                 /* the arguments, as `run` shows them */
	char refused[400];           /* why `run ARG…` was */
	char **kept;                 /* nr_kept lines, whose words settings and files borrow */
	size_t nr_kept;

	/* between threads */
	_Atomic(struct xf_manager *) manager; /* own, for the others; NULL: none, or over */
	_Atomic bool quitting;       /* what is handed over from now on is cancelled at once */
	_Atomic bool terminated;     /* SIGTERM, SIGHUP */
	_Atomic bool reading;        /* the prompt waits for a line */
	_Atomic(const char *) shown_prompt; /* what stands before the next line on the screen */
	pthread_mutex_t session_lock; /* held while a line of the screen is run */
	pthread_mutex_t line_lock;
	char *typed;                 /* typed on the screen, not run yet; under line_lock */
	pthread_mutex_t error_lock;
	char error[700];             /* of the last run; under error_lock */
};

/* The run, and what the session may do to it; both borrow d. */
struct tr_subject ui_debug_subject(struct ui_debug *d);
struct tr_target ui_debug_target(struct ui_debug *d);

/* As struct tr_target has it: on the controller, while the run is over or stopped. */
const char *ui_debug_arguments(void *ctx, const char *text, bool apply);
/* The files and the object of the operands behind put or get. Errors: those of ui_uploads_init(). */
enum xf_status ui_debug_operands(struct ui_debug *d, char **operands, size_t nr, struct ui_uploads *uploads,
				 struct ui_downloads *downloads, struct xf_error *err);

/* The controller: the session from its first stop to its end. */
void ui_debug_talk(struct ui_debug *d);

/* Where the session's text goes. */
struct tr_sink ui_debug_sink(struct ui_debug *d);
/* Completion, for the prompt; ctx: the ui_debug. */
const char *ui_debug_complete(void *ctx, const char *line, size_t word_at, unsigned i, char *buf, size_t cap);
/* What the screen may do, with it for its context. */
struct ui_debugger ui_debug_screen(struct ui_debug *d);

#endif
