#include "tui/screen/screen.h"

#include <curses.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
	SCREEN *curses;
	bool colour;
	int rows, columns;
	struct termios modes;     /* before us */
	_Atomic bool open;
} screen;

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
static struct sigaction before[sizeof(fatal) / sizeof(*fatal)];

/* ORDER tones */
static const short colours[UI_TONE_COUNT] = {
	COLOR_GREEN, COLOR_MAGENTA, COLOR_YELLOW, COLOR_RED, -1, COLOR_RED, -1,
};

void ui_screen_restore(void)
{
	/* leave the alternate screen, attributes off, cursor on, keypad off */
	static const char sequence[] = "\033[?1049l\033[0m\033[?25h\033[?1l\033>\r";

	if (!atomic_exchange(&screen.open, false))
		return;
	if (write(STDOUT_FILENO, sequence, sizeof(sequence) - 1) < 0)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &screen.modes);
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

static void colours_start(void)
{
	start_color();
	use_default_colors();
	for (short i = 0; i < UI_TONE_COUNT; i++)
		init_pair((short)(i + 1), colours[i], -1);
}

bool ui_screen_open(bool colour, const char **why)
{
	const char *term = getenv("TERM");

	*why = "there is no terminal to draw on";
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen.modes))
		return false;
	*why = "the terminal is of an unknown kind (TERM)";
	screen.curses = term && strcmp(term, "dumb") ? newterm(NULL, stdout, stdin) : NULL;
	if (!screen.curses)
		return false;
	atexit(ui_screen_restore);
	atomic_store(&screen.open, true);
	crashes_watch(true);
	screen.colour = colour && has_colors();
	if (screen.colour)
		colours_start();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	getmaxyx(stdscr, screen.rows, screen.columns);
	return true;
}

void ui_screen_close(void)
{
	if (!screen.curses)
		return;
	if (atomic_exchange(&screen.open, false))
		endwin();
	crashes_watch(false);
	delscreen(screen.curses);
	screen.curses = NULL;
}

/*
 * The size is asked for instead of waiting for SIGWINCH: the signal may land on
 * a thread of the transfer, where curses must not run.
 */
void ui_screen_size(int *rows, int *columns)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    (size.ws_row != screen.rows || size.ws_col != screen.columns)) {
		resizeterm(size.ws_row, size.ws_col);
		screen.rows = size.ws_row;
		screen.columns = size.ws_col;
		clearok(curscr, TRUE);
	}
	*rows = screen.rows;
	*columns = screen.columns;
}

static attr_t attributes(const struct ui_cell *cell)
{
	attr_t attr = cell->reverse ? A_REVERSE : A_NORMAL;
	enum ui_tone tone = cell->tone ? (enum ui_tone)(cell->tone - 1) : UI_TONE_COUNT;

	if (tone == UI_TONE_COUNT)
		return attr;
	if (tone == UI_DIM)
		return attr | A_DIM;
	if (screen.colour && colours[tone] >= 0)
		attr |= (attr_t)COLOR_PAIR(tone + 1);
	return attr | A_BOLD;
}

void ui_screen_show(const struct ui_cells *c)
{
	for (int y = 0; y < c->rows && y < screen.rows; y++) {
		move(y, 0);
		for (int x = 0; x < c->columns && x < screen.columns; x++) {
			const struct ui_cell *cell = &c->cells[y * c->columns + x];
			if (!*cell->text)
				continue;
			attrset((int)attributes(cell));
			mvaddstr(y, x, cell->text);
		}
	}
	refresh();
}

int ui_screen_key(int wait_ms)
{
	static const struct {
		int curses, ours;
	} keys[] = {
		{ KEY_UP, UI_KEY_UP }, { KEY_DOWN, UI_KEY_DOWN }, { KEY_PPAGE, UI_KEY_PAGE_UP },
		{ KEY_NPAGE, UI_KEY_PAGE_DOWN }, { KEY_HOME, UI_KEY_HOME }, { KEY_END, UI_KEY_END },
		{ KEY_F(10), 'q' }, { KEY_RESIZE, UI_KEY_NONE },
	};
	int key;

	timeout(wait_ms);
	key = getch();
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].curses == key)
			return keys[i].ours;
	return key == ERR || key > 0xff ? UI_KEY_NONE : key;
}
