/* debug_talk: the conversation: files of commands, the prompt, or the screen in its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/event/emit.h"
#include "tui/command/debug.h"
#include "tui/command/paths.h"

/* ---- the conversation, on the helper */

static void write_out(void *ctx, const char *text, size_t len)
{
	struct ui_debug *d = ctx;

	if (d->app) {
		ui_screen_app_say(d->app, text, len);
		return;
	}
	fwrite(text, 1, len, d->out);
	fflush(d->out);
}

struct tr_sink ui_debug_sink(struct ui_debug *d)
{
	return (struct tr_sink){ d, write_out };
}

const char *ui_debug_complete(void *ctx, const char *line, size_t word_at, unsigned i, char *buf, size_t cap)
{
	struct ui_debug *d = ctx;

	return tr_command_complete(d->session, line, word_at, i, buf, cap);
}

/* ---- commands from files and the command line */

struct lines {
	char **list;
	size_t nr;
};

static void lines_add(struct lines *l, const char *text)
{
	char **list = realloc(l->list, (l->nr + 1) * sizeof(*list));

	if (list)
		l->list = list;
	if (list && (list[l->nr] = strdup(text)))
		l->nr++;
}

static void lines_fini(struct lines *l)
{
	while (l->nr)
		free(l->list[--l->nr]);
	free(l->list);
}

/* The lines of a file of commands; comments and blank lines are passed over. */
static bool lines_add_file(struct lines *l, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!in)
		return false;
	while ((n = getline(&line, &cap, in)) >= 0) {
		ui_prompt_no_nul(line, (size_t)n);
		const char *text = line + strspn(line, " \t\r\n");
		line[strcspn(line, "\r\n")] = '\0';
		if (*text && *text != '#')
			lines_add(l, line);
	}
	free(line);
	fclose(in);
	return true;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What the screen had as breakpoints, both files of the user, -c: in the order in which they are given. */
static void add_start_up(struct lines *l, const struct ui_debug *d)
{
	const struct ui_settings *s = d->settings;
	struct xf_error ignored = XF_ERROR_INIT;
	const char *home = getenv("HOME");
	char path[4096];

	if (d->app && !s->no_rc && ui_path_state("breakpoints", path, sizeof(path), false, &ignored) == XF_OK)
		lines_add_file(l, path);
	*path = '\0';
	if (home && *home)
		snprintf(path, sizeof(path), "%s/.xferdbrc", home);
	if (*path && !s->no_rc)
		lines_add_file(l, path);
	if (!s->no_rc && !same_file(path, ".xferdbrc"))
		lines_add_file(l, ".xferdbrc");
	for (size_t i = 0; i < s->prompt_command.nr_items; i++)
		lines_add(l, s->prompt_command.items[i]);
}

static bool goes_on(const struct ui_debug *d)
{
	return !d->session->done && !atomic_load(&d->terminated);
}

/* The session begins with them: a stop is not shown before they are used up, or go on from it. */
static void start_up(struct ui_debug *d)
{
	struct lines l = { .nr = 0 };

	add_start_up(&l, d);
	pthread_mutex_lock(&d->session_lock);
	d->session->to_come = (unsigned)l.nr;
	tr_session_start(d->session);
	for (size_t i = 0; i < l.nr && goes_on(d); i++) {
		d->session->to_come--;
		tr_command_line(d->session, l.list[i]);
	}
	d->session->to_come = 0;
	tr_session_show_owed(d->session);
	atomic_store(&d->shown_prompt, tr_command_prompt(d->session));
	pthread_mutex_unlock(&d->session_lock);
	lines_fini(&l);
}

/* A script is given as if it were typed. */
static void run_script(struct ui_debug *d)
{
	struct lines l = { .nr = 0 };

	if (!lines_add_file(&l, d->settings->script))
		fprintf(stderr, "xferdb: %s is gone\n", d->settings->script);
	for (size_t i = 0; i < l.nr && goes_on(d); i++)
		tr_command_line(d->session, l.list[i]);
	lines_fini(&l);
}

static void converse(struct ui_debug *d)
{
	const char *line;

	while (goes_on(d)) {
		atomic_store(&d->reading, true);
		enum ui_prompt_end how = ui_prompt_read(d->prompt, tr_command_prompt(d->session), &line);
		atomic_store(&d->reading, false);
		if (how == UI_PROMPT_INTERRUPTED && !atomic_load(&d->terminated))
			tr_command_interrupt(d->session);
		else if (how == UI_PROMPT_EOF)
			tr_command_eof(d->session);
		else if (how == UI_PROMPT_LINE)
			tr_command_line(d->session, line);
	}
}

/* ---- the screen in the place of the prompt: its lines come through a queue, as a command may run for long */

static void screen_line(void *ctx, const char *line)
{
	struct ui_debug *d = ctx;
	char *more = NULL;

	pthread_mutex_lock(&d->line_lock);
	if (asprintf(&more, "%s%s\n", d->typed ? d->typed : "", line) > 0) {
		free(d->typed);
		d->typed = more;
	}
	pthread_mutex_unlock(&d->line_lock);
}

static const char *screen_prompt(void *ctx)
{
	struct ui_debug *d = ctx;
	const char *prompt = atomic_load(&d->shown_prompt);

	return prompt ? prompt : "(xferdb) ";
}

/* The session is the controller's: while a command runs nothing is known. */
static const char *screen_complete(void *ctx, const char *line, size_t word_at, unsigned i, char *buf, size_t cap)
{
	struct ui_debug *d = ctx;
	const char *word;

	if (pthread_mutex_trylock(&d->session_lock))
		return NULL;
	word = tr_command_complete(d->session, line, word_at, i, buf, cap);
	if (word && word != buf) /* it may be the session's own */
		snprintf(buf, cap, "%s", word);
	pthread_mutex_unlock(&d->session_lock);
	return word ? buf : NULL;
}

static void screen_interrupt(void *ctx)
{
	struct ui_debug *d = ctx;

	tr_run_interrupt(d->session->run);
}

static bool screen_busy(void *ctx)
{
	struct ui_debug *d = ctx;

	return atomic_load(&d->manager) != NULL;
}

static void screen_abort(void *ctx)
{
	struct ui_debug *d = ctx;
	struct xf_manager *m = atomic_load(&d->manager);

	if (m)
		xf_manager_cancel(m, XF_CANCELLED, "aborted on the screen");
}

struct ui_debugger ui_debug_screen(struct ui_debug *d)
{
	return (struct ui_debugger){
		.ctx = d, .run = screen_line, .prompt = screen_prompt, .complete = screen_complete,
		.interrupt = screen_interrupt, .busy = screen_busy, .abort = screen_abort,
		.abort_question = "cancel the upload and abort it at the service?",
	};
}

static void lines_run(struct ui_debug *d, char *lines)
{
	char *rest = lines, *line;

	pthread_mutex_lock(&d->session_lock);
	while (!d->session->done && (line = strsep(&rest, "\n")) && rest) {
		tr_say(d->session, "%s%s\n", tr_command_prompt(d->session), line);
		tr_command_line(d->session, line);
		atomic_store(&d->shown_prompt, tr_command_prompt(d->session));
	}
	pthread_mutex_unlock(&d->session_lock);
	free(lines);
}

static void converse_screen(struct ui_debug *d)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	while (goes_on(d) && !ui_screen_app_left(d->app)) {
		char *lines;
		pthread_mutex_lock(&d->line_lock);
		lines = d->typed;
		d->typed = NULL;
		pthread_mutex_unlock(&d->line_lock);
		if (lines)
			lines_run(d, lines);
		else
			nanosleep(&pause, NULL);
	}
}

/* ---- breakpoints outlive a session on the screen, as its layout does */

static void breaks_save(struct ui_debug *d)
{
	struct xf_error ignored = XF_ERROR_INIT;
	char path[4096];
	struct tr_break *b;
	FILE *out = ui_path_state("breakpoints", path, sizeof(path), true, &ignored) ? NULL : fopen(path, "we");

	for (unsigned i = 0; out && (b = tr_breaks_at(&d->session->breaks, i)); i++)
		if (!b->temporary)
			fprintf(out, "break %s%s%s\n", b->where, b->condition ? ", " : "", b->condition ? b->condition : "");
	if (out)
		fclose(out);
}

void ui_debug_talk(struct ui_debug *d)
{
	const struct ui_settings *s = d->settings;

	start_up(d);
	if (s->script)
		run_script(d);
	/* --batch with commands of its own asks for no more */
	if (!s->batch || !(s->prompt_command.nr_items || s->script))
		(d->app ? converse_screen : converse)(d);
	if (d->app && !s->no_rc)
		breaks_save(d);
}
