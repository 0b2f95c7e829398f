#include "tui/prompt/prompt.h"

#include <ctype.h>
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

enum { HISTORY = 1000, WORD_MAX_LEN = 256, LIST_MAX = 400, REDRAW = 0x1e };

struct ui_prompt {
	struct ui_prompt_options options;
	EditLine *el;          /* NULL: no terminal */
	History *history;
	char prompt[64];
	char *line;            /* the last one read without a terminal */
	size_t cap;
	_Atomic bool woken;
};

/* Signals and wakes come here: 'i' interrupted, 'w' the window has changed. */
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

void ui_prompt_wake(struct ui_prompt *p)
{
	atomic_store(&p->woken, true);
	wake('i');
}

/* ---- completion */

static size_t word_begin(const char *line, size_t cursor)
{
	size_t at = cursor;
	while (at && (isalnum((unsigned char)line[at - 1]) || strchr("_.-:$[]'\"", line[at - 1])))
		at--;
	return at;
}

/* How far two words agree. */
static size_t common(const char *a, const char *b)
{
	size_t n = 0;
	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static const char *candidate(struct ui_prompt *p, const char *line, size_t at, unsigned i, char buf[WORD_MAX_LEN])
{
	return i < LIST_MAX ? p->options.complete(p->options.ctx, line, at, i, buf, WORD_MAX_LEN) : NULL;
}

static unsigned terminal_width(struct ui_prompt *p)
{
	struct winsize size;
	return ioctl(fileno(p->options.out), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* In columns, read downwards, below the line; what is typed is drawn again below them. */
static void list_candidates(struct ui_prompt *p, const char *line, size_t at, unsigned nr)
{
	char buf[WORD_MAX_LEN];
	const char *word;
	unsigned longest = 0;
	for (unsigned i = 0; i < nr && (word = candidate(p, line, at, i, buf)); i++)
		longest = strlen(word) > longest ? (unsigned)strlen(word) : longest;
	unsigned across = terminal_width(p) / (longest + 2);
	unsigned down = across ? (nr + across - 1) / across : nr;
	fputc('\n', p->options.out);
	for (unsigned row = 0; row < down; row++) {
		for (unsigned i = row; i < nr && (word = candidate(p, line, at, i, buf)); i += down)
			fprintf(p->options.out, "%-*s", i + down < nr ? (int)longest + 2 : 0, word);
		fputc('\n', p->options.out);
	}
	fflush(p->options.out);
	el_set(p->el, EL_REFRESH);
}

/*
 * The Tab key. Not a function bound by libedit (it never frees their names): the key is taken on its
 * way in, and REDRAW, which is bound to what draws the line, given in its place.
 */
static void complete(struct ui_prompt *p)
{
	char line[1024], buf[WORD_MAX_LEN], best[WORD_MAX_LEN];
	const LineInfo *info = el_line(p->el);
	size_t cursor = (size_t)(info->cursor - info->buffer);
	const char *word;
	unsigned nr = 0;
	if (cursor >= sizeof(line) || !p->options.complete)
		return;
	memcpy(line, info->buffer, cursor);
	line[cursor] = '\0';
	size_t at = word_begin(line, cursor);
	for (; (word = candidate(p, line, at, nr, buf)); nr++)
		if (!nr)
			snprintf(best, sizeof(best), "%s", word);
		else
			best[common(best, word)] = '\0';
	if (!nr)
		return;
	bool longer = strlen(best) > cursor - at;
	if (longer)
		el_insertstr(p->el, best + (cursor - at));
	if (nr == 1 && at == strspn(line, " \t")) /* a command: what follows stands apart; a name may go on */
		el_insertstr(p->el, " ");
	if (!longer && nr > 1)
		list_candidates(p, line, at, nr);
}

/* ---- characters */

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
	const char *text = el_gets(p->el, &n);
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
