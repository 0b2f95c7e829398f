#include "tui/prompt/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

enum { HISTORY = 1000, REDRAW = 0x1e };

struct ui_prompt {
	struct ui_prompt_options options;
	EditLine *el;          /* NULL: no terminal */
	History *history;
	char prompt[64];
	char *line;            /* the last one read without a terminal */
	size_t cap;
	_Atomic bool woken;
};

/* Signals and wakes come here: 'i' interrupted, 'w' the window has changed, 'c' continued after Ctrl-Z. */
static int wake_pipe[2] = { -1, -1 };

static void wake(char what)
{
	int saved = errno;
	ssize_t ignored = write(wake_pipe[1], &what, 1);
	(void)ignored;
	errno = saved;
}

static void window_changed(int number)
{
	(void)number;
	wake('w');
}

static atomic_bool line_is_read; /* perhaps by another thread; else the next one takes the terminal anyway */

static void continued(int number)
{
	(void)number;
	if (line_is_read)
		wake('c');
}

void ui_prompt_wake(struct ui_prompt *p)
{
	atomic_store(&p->woken, true);
	wake('i');
}

/* ---- completion */

static unsigned terminal_width(struct ui_prompt *p)
{
	struct winsize size;
	return ioctl(fileno(p->options.out), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* Below the line; what is typed is drawn again below it. */
static void list_candidates(struct ui_prompt *p, const struct ui_completion *c)
{
	char row[1024];
	unsigned width = terminal_width(p), nr = ui_completion_rows(c, width);
	fputc('\n', p->options.out);
	for (unsigned i = 0; i < nr; i++)
		fprintf(p->options.out, "%s\n", ui_completion_row(c, width, i, row, sizeof(row)));
	fflush(p->options.out);
	el_set(p->el, EL_REFRESH);
}

/*
 * The Tab key. Not a function bound by libedit (it never frees their names): the key is taken on its
 * way in, and REDRAW, which is bound to what draws the line, given in its place.
 */
static void complete(struct ui_prompt *p)
{
	char line[1024];
	struct ui_completion c;
	const LineInfo *info = el_line(p->el);
	size_t cursor = (size_t)(info->cursor - info->buffer);
	if (cursor >= sizeof(line) || !p->options.complete)
		return;
	memcpy(line, info->buffer, cursor);
	line[cursor] = '\0';
	ui_completion_make(&c, p->options.complete, p->options.ctx, line);
	if (*c.added)
		el_insertstr(p->el, c.added);
	else if (c.nr > 1)
		list_candidates(p, &c);
}

/* ---- characters */

/* The shell has had the terminal: its modes are ours again, and the line stands below what it wrote. */
static void take_terminal(struct ui_prompt *p)
{
	el_set(p->el, EL_PREP_TERM, 0);
	el_set(p->el, EL_PREP_TERM, 1);
	el_set(p->el, EL_REFRESH);
}

/* True: there is input. False: interrupted. */
static bool wait_for_input(struct ui_prompt *p)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
					 { .fd = wake_pipe[0], .events = POLLIN } };
		char what;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return true;
		if (fds[1].revents & POLLIN && read(wake_pipe[0], &what, 1) == 1) {
			if (what == 'w' && p->el)
				el_resize(p->el);
			if (what == 'c' && p->el)
				take_terminal(p);
			if (atomic_exchange(&p->woken, false))
				return false;
		} else if (fds[0].revents) {
			return true;
		}
	}
}

/* For libedit: one character, decoded; 0 at the end, -1 when interrupted. */
static int get_character(EditLine *el, wchar_t *out)
{
	struct ui_prompt *p;
	mbstate_t state;
	memset(&state, 0, sizeof(state));
	el_get(el, EL_CLIENTDATA, &p);
	for (;;) {
		char byte;
		if (!wait_for_input(p)) {
			errno = EINTR;
			return -1;
		}
		ssize_t n = read(STDIN_FILENO, &byte, 1);
		if (n <= 0)
			return n < 0 && errno != EIO ? -1 : 0;
		if (byte == '\t') {
			complete(p);
			*out = REDRAW;
			return 1;
		}
		/* typed before the line was ours: the terminal has made a NUL of the end-of-file key */
		if (!byte)
			byte = 4;
		size_t used = mbrtowc(out, &byte, 1, &state);
		if (used == (size_t)-1) {
			memset(&state, 0, sizeof(state));
			*out = L'?';
			return 1;
		}
		if (used != (size_t)-2)
			return 1;
	}
}

/* ---- made and freed */

static char *current_prompt(EditLine *el)
{
	struct ui_prompt *p;
	el_get(el, EL_CLIENTDATA, &p);
	return p->prompt;
}

static void load_history(struct ui_prompt *p)
{
	HistEvent event;
	p->history = history_init();
	if (!p->history)
		return;
	history(p->history, &event, H_SETSIZE, HISTORY);
	history(p->history, &event, H_SETUNIQUE, 1);
	if (p->options.history)
		history(p->history, &event, H_LOAD, p->options.history);
	el_set(p->el, EL_HIST, history, p->history);
}

static void save_history(struct ui_prompt *p)
{
	HistEvent event;
	if (!p->history || !p->options.history)
		return;
	mode_t before = umask(077);
	history(p->history, &event, H_SAVE, p->options.history);
	umask(before);
}

static void open_terminal(struct ui_prompt *p)
{
	struct sigaction action = { .sa_handler = window_changed, .sa_flags = SA_RESTART };
	struct sigaction again = { .sa_handler = continued, .sa_flags = SA_RESTART };
	p->el = el_init("xferdb", stdin, p->options.out, stderr);
	if (!p->el)
		return;
	el_set(p->el, EL_CLIENTDATA, p);
	el_set(p->el, EL_EDITOR, "emacs");
	el_set(p->el, EL_SIGNAL, 0);
	el_set(p->el, EL_PROMPT, current_prompt);
	el_set(p->el, EL_GETCFN, get_character);
	el_set(p->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_set(p->el, EL_BIND, "^^", "ed-redisplay", NULL);
	load_history(p);
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGCONT, &again, NULL);
}

struct ui_prompt *ui_prompt_new(const struct ui_prompt_options *options)
{
	struct ui_prompt *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->options = *options;
	if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK)) {
		free(p);
		return NULL;
	}
	if (isatty(STDIN_FILENO) && isatty(fileno(options->out)) && !options->silent)
		open_terminal(p);
	return p;
}

void ui_prompt_free(struct ui_prompt *p)
{
	if (!p)
		return;
	if (p->el) {
		signal(SIGWINCH, SIG_DFL);
		signal(SIGCONT, SIG_DFL);
		save_history(p);
		if (p->history)
			history_end(p->history);
		el_end(p->el);
	}
	free(p->line);
	free(p);
}

/* ---- lines */

void ui_prompt_no_nul(char *line, size_t len)
{
	for (char *nul; (nul = memchr(line, '\0', len));)
		*nul = '?';
}

static enum ui_prompt_end read_plainly(struct ui_prompt *p, const char **line)
{
	if (!p->options.silent) {
		fputs(p->prompt, p->options.out);
		fflush(p->options.out);
	}
	ssize_t n = getline(&p->line, &p->cap, stdin);
	if (n < 0) {
		if (!p->options.silent)
			fputc('\n', p->options.out);
		return UI_PROMPT_EOF;
	}
	if (n && p->line[n - 1] == '\n')
		p->line[--n] = '\0';
	ui_prompt_no_nul(p->line, (size_t)n);
	*line = p->line;
	return UI_PROMPT_LINE;
}

static enum ui_prompt_end read_edited(struct ui_prompt *p, const char **line)
{
	HistEvent event;
	int n = 0;
	el_resize(p->el);
	errno = 0;
	line_is_read = 1;
	const char *text = el_gets(p->el, &n);
	line_is_read = 0;
	if (!text || n <= 0) {
		bool interrupted = n < 0 && errno == EINTR;
		fputc('\n', p->options.out);
		el_reset(p->el);
		return interrupted ? UI_PROMPT_INTERRUPTED : UI_PROMPT_EOF;
	}
	if (p->history && text[strspn(text, " \t\n")])
		history(p->history, &event, H_ENTER, text);
	free(p->line);
	p->line = strdup(text);
	if (!p->line)
		return UI_PROMPT_EOF;
	p->line[strcspn(p->line, "\n")] = '\0';
	*line = p->line;
	return UI_PROMPT_LINE;
}

enum ui_prompt_end ui_prompt_read(struct ui_prompt *p, const char *prompt, const char **line)
{
	snprintf(p->prompt, sizeof(p->prompt), "%s", prompt);
	return p->el ? read_edited(p, line) : read_plainly(p, line);
}
