#include "tui/screen/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tui/screen/output.h"

static struct {
	SCREEN *curses;
	int in, out;              /* the terminal, by descriptors of our own: the standard ones may be lent */
	FILE *from, *to;          /* the same, as curses wants them */
	struct ui_screen_options options;
	int rows, columns;
	struct termios modes;     /* before us */
	struct ui_cells shown;    /* what the terminal has, as far as we know */
	bool all;                 /* everything is to be sent */
	bool lost;
	_Atomic bool open;
} screen;

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
static struct sigaction before[sizeof(fatal) / sizeof(*fatal)];

void ui_screen_restore(void)
{
	/* mouse off, leave the alternate screen, attributes off, cursor on, keypad off */
	static const char sequence[] = "\033[?1000l\033[?1002l\033[?1006l\033[?1049l\033[0m\033[?25h\033[?1l\033>\r";

	if (!atomic_exchange(&screen.open, false))
		return;
	if (write(screen.out, sequence, sizeof(sequence) - 1) < 0)
		screen.lost = true;
	tcsetattr(screen.in, TCSANOW, &screen.modes);
	ui_output_rescue();
}

static void crashed(int number)
{
	ui_screen_restore();
	signal(number, SIG_DFL);
	raise(number);
}

static void crashes_watch(bool on)
{
	struct sigaction action = { .sa_handler = crashed, .sa_flags = SA_RESETHAND };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) {
		if (on)
			sigaction(fatal[i], &action, &before[i]);
		else
			sigaction(fatal[i], &before[i], NULL);
	}
}

/* Pair n + 1 is colour n on the default background. */
static void colours_start(void)
{
	start_color();
	use_default_colors();
	for (short i = 0; i < 16; i++)
		init_pair((short)(i + 1), (short)(COLORS >= 16 ? i : i % 8), -1);
}

/* Ctrl-Z comes as a key: curses' own handler would run on a thread of the transfer. */
static void no_suspend_key(void)
{
	struct termios modes;

	if (tcgetattr(screen.in, &modes))
		return;
	modes.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(screen.in, TCSANOW, &modes);
}

static void modes_set(void)
{
	cbreak();
	noecho();
	nonl();
	no_suspend_key();
	def_prog_mode();
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	if (screen.options.mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
}

/* The same terminal by descriptors of our own. */
static bool terminal_take(void)
{
	screen.in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	screen.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	screen.from = screen.in < 0 ? NULL : fdopen(screen.in, "r");
	screen.to = screen.out < 0 ? NULL : fdopen(screen.out, "w");
	return screen.from && screen.to;
}

static void terminal_drop(void)
{
	if (screen.from)
		fclose(screen.from);
	if (screen.to)
		fclose(screen.to);
	screen.from = screen.to = NULL;
}

bool ui_screen_open(const struct ui_screen_options *options, const char **why)
{
	const char *term = getenv("TERM");

	*why = "there is no terminal to draw on";
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen.modes))
		return false;
	*why = "the terminal is of an unknown kind (TERM)";
	screen.curses = terminal_take() && term && strcmp(term, "dumb") ? newterm(NULL, screen.to, screen.from) : NULL;
	if (!screen.curses) {
		terminal_drop();
		return false;
	}
	screen.options = *options;
	screen.all = true;
	signal(SIGTSTP, SIG_DFL);
	atexit(ui_screen_restore);
	atomic_store(&screen.open, true);
	crashes_watch(true);
	screen.options.colour = options->colour && has_colors();
	if (screen.options.colour)
		colours_start();
	modes_set();
	getmaxyx(stdscr, screen.rows, screen.columns);
	return true;
}

bool ui_screen_colours(void)
{
	return screen.options.colour;
}

void ui_screen_close(void)
{
	if (!screen.curses)
		return;
	if (atomic_exchange(&screen.open, false) && !screen.lost)
		endwin();
	crashes_watch(false);
	tcsetattr(screen.in, TCSANOW, &screen.modes);
	delscreen(screen.curses);
	screen.curses = NULL;
	terminal_drop();
	ui_cells_fini(&screen.shown);
	screen.shown = (struct ui_cells){ .rows = 0 };
}

/*
 * Stops all of the job, the program that is watched, too, as the terminal would. On return we have
 * been stopped: one still on its way to another thread would be dropped by refresh(), which
 * ignores the signal for a while. So it is let in here.
 */
static void group_stop(void)
{
	sigset_t stop, before_us;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &stop, &before_us);
	kill(0, SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	pthread_sigmask(SIG_SETMASK, &before_us, NULL);
}

void ui_screen_suspend(void)
{
	endwin();
	tcsetattr(screen.in, TCSANOW, &screen.modes);
	group_stop();
	modes_set();
	screen.all = true;
	clearok(curscr, TRUE);
	refresh();
}

void ui_screen_theme(const struct ui_theme *theme)
{
	screen.options.theme = theme;
	screen.all = true;
	if (screen.curses)
		clearok(curscr, TRUE);
}

/*
 * The size is asked for instead of waiting for SIGWINCH: the signal may land on
 * a thread of the transfer, where curses must not run.
 */
void ui_screen_size(int *rows, int *columns)
{
	struct winsize size;

	if (!ioctl(screen.out, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    (size.ws_row != screen.rows || size.ws_col != screen.columns)) {
		resizeterm(size.ws_row, size.ws_col);
		screen.rows = size.ws_row;
		screen.columns = size.ws_col;
		screen.all = true;
		clearok(curscr, TRUE);
	}
	*rows = screen.rows;
	*columns = screen.columns;
}

static attr_t attributes(const struct ui_cell *cell)
{
	const struct ui_look *look = &screen.options.theme->looks[cell->role];
	unsigned attrs = look->attrs | cell->attrs;
	attr_t attr = A_NORMAL;

	attr |= attrs & UI_ATTR_BOLD ? A_BOLD : 0;
	attr |= attrs & UI_ATTR_DIM ? A_DIM : 0;
	attr |= attrs & UI_ATTR_REVERSE ? A_REVERSE : 0;
	attr |= attrs & UI_ATTR_UNDERLINE ? A_UNDERLINE : 0;
	if (!screen.options.colour || look->colour < 0)
		return attr;
	if (COLORS < 16 && look->colour == 8)
		return attr | A_DIM; /* grey */
	return attr | (attr_t)COLOR_PAIR(look->colour + 1) | (COLORS < 16 && look->colour > 8 ? A_BOLD : 0);
}

static bool cell_shown(const struct ui_cells *c, int i)
{
	return !screen.all && !memcmp(&c->cells[i], &screen.shown.cells[i], sizeof(c->cells[i]));
}

void ui_screen_show(const struct ui_cells *c)
{
	if ((screen.shown.rows != c->rows || screen.shown.columns != c->columns) &&
	    !ui_cells_resize(&screen.shown, c->rows, c->columns))
		return;
	for (int y = 0; y < c->rows && y < screen.rows; y++)
		for (int x = 0; x < c->columns && x < screen.columns; x++) {
			int i = y * c->columns + x;
			if (!*c->cells[i].text || cell_shown(c, i))
				continue;
			attrset((int)attributes(&c->cells[i]));
			mvaddstr(y, x, c->cells[i].text);
		}
	memcpy(screen.shown.cells, c->cells, sizeof(*c->cells) * (size_t)(c->rows * c->columns));
	screen.all = false;
	refresh();
}

static int mouse_key(struct ui_mouse *mouse)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return UI_KEY_NONE;
	*mouse = (struct ui_mouse){ event.y, event.x, event.bstate & BUTTON4_PRESSED ? -1 :
				    event.bstate & BUTTON5_PRESSED ? 1 : 0 };
	return UI_KEY_MOUSE;
}

/* ORDER special keys */
static int special(int key)
{
	static const struct {
		int curses, ours;
	} keys[] = {
		{ KEY_UP, UI_KEY_UP }, { KEY_DOWN, UI_KEY_DOWN }, { KEY_LEFT, UI_KEY_LEFT }, { KEY_RIGHT, UI_KEY_RIGHT },
		{ KEY_PPAGE, UI_KEY_PAGE_UP }, { KEY_NPAGE, UI_KEY_PAGE_DOWN }, { KEY_HOME, UI_KEY_HOME },
		{ KEY_END, UI_KEY_END }, { KEY_DC, UI_KEY_DELETE }, { KEY_BTAB, UI_KEY_BACK_TAB },
		{ KEY_BACKSPACE, UI_KEY_BACKSPACE }, { KEY_ENTER, UI_KEY_ENTER }, { '\n', UI_KEY_ENTER }, { 8, UI_KEY_BACKSPACE },
		{ KEY_RESIZE, UI_KEY_RESIZE },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].curses == key)
			return keys[i].ours;
	if (key >= KEY_F(1) && key <= KEY_F(12))
		return UI_KEY_F1 + key - KEY_F(1);
	return key > 0xff ? UI_KEY_NONE : key;
}

int ui_screen_key(int wait_ms, struct ui_mouse *mouse)
{
	int key;

	timeout(wait_ms);
	errno = 0;
	key = getch();
	if (key == ERR) {
		struct termios modes;
		if (tcgetattr(screen.in, &modes) && errno != EINTR)
			screen.lost = true; /* EIO: the terminal hung up */
		return UI_KEY_NONE;
	}
	return key == KEY_MOUSE ? mouse_key(mouse) : special(key);
}

bool ui_screen_lost(void)
{
	return screen.lost;
}
