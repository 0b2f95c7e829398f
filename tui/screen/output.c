#include "tui/screen/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/event/emit.h"

/* PIECES_LEFT: of what is there at the end, as somebody may be left who writes for ever */
enum { PIECE = 16384, PIECES_LEFT = 1024, LOOK_MS = 100, NR_STANDARD = 3 };

static struct {
	int before[NR_STANDARD];  /* what stood there; -1: left alone */
	int to;                   /* the terminal: where it was meant to go */
	int master;
	int keys;                 /* the terminal's other way: what is typed; -1: not ours to read */
	struct termios modes;     /* of the terminal, before keys were passed on */
	_Atomic bool lent;        /* programs have the pseudo-terminal as theirs: keys are for them */
	bool keys_taken;          /* who passes, then the helper until it has ended */
	int spool;                /* all that came while the screen had the terminal; -1: not kept */
	pthread_t helper;
	ui_output_fn came;
	void *ctx;
	bool running;
	_Atomic bool taken;       /* the descriptors are ours */
	_Atomic bool stop;
	pthread_mutex_t lock;     /* over where pieces go */
	bool passing;             /* under lock */
} output = { .before = { -1, -1, -1 }, .master = -1, .keys = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* ---- the helper */

static void piece_take(const char *text, size_t len)
{
	pthread_mutex_lock(&output.lock);
	if (output.passing) {
		write_all(output.to, text, len);
	} else {
		if (output.spool >= 0)
			write_all(output.spool, text, len);
		output.came(output.ctx, text, len);
	}
	pthread_mutex_unlock(&output.lock);
}

/* As large as the terminal, also when that changes. */
static void size_follow(void)
{
	struct winsize to, has;

	if (!ioctl(output.to, TIOCGWINSZ, &to) && !ioctl(output.master, TIOCGWINSZ, &has) &&
	    (to.ws_row != has.ws_row || to.ws_col != has.ws_col))
		ioctl(output.master, TIOCSWINSZ, &to);
}

/* Ctrl-Z: the shell is to find its terminal as it was; the helper takes the keys again when we go on. */
static void keys_stop(int number)
{
	int kept = errno;
	sigset_t stop;

	if (tcgetpgrp(output.keys) == getpgrp())
		tcsetattr(output.keys, TCSANOW, &output.modes);
	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&stop);
	sigaddset(&stop, number);
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	signal(number, keys_stop);
	errno = kept;
}

/* The terminal gives its keys at once and unechoed: lines are the pseudo-terminal's. Signals stay ours. */
static void keys_take(void)
{
	struct termios modes;

	if (output.keys < 0 || tcgetpgrp(output.keys) != getpgrp() || tcgetattr(output.keys, &modes))
		return;
	if (!output.keys_taken) {
		output.modes = modes;
		signal(SIGTSTP, keys_stop);
	}
	output.keys_taken = true;
	if (!(modes.c_lflag & (ICANON | ECHO)))
		return; /* a shell sets them anew when we were stopped */
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	modes.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR);
	tcsetattr(output.keys, TCSANOW, &modes);
}

static void keys_close(void)
{
	if (output.keys >= 0)
		close(output.keys);
	output.keys = -1;
}

static void keys_pass(short ready)
{
	char typed[256];
	ssize_t n = ready & POLLIN ? read(output.keys, typed, sizeof(typed)) : 0;

	if (n > 0)
		write_all(output.master, typed, (size_t)n);
	else if (ready)
		keys_close();
}

static bool is_passing(void)
{
	pthread_mutex_lock(&output.lock);
	bool passing = output.passing;
	pthread_mutex_unlock(&output.lock);
	return passing;
}

/* Waits for something to be written, or typed for the programs; what is ready at the pseudo-terminal. */
static short helper_wait(int wait_ms)
{
	struct pollfd p[2] = { { .fd = output.master, .events = POLLIN }, { .fd = -1, .events = POLLIN } };

	size_follow();
	if (output.lent && is_passing()) {
		keys_take();
		p[1].fd = output.keys_taken ? output.keys : -1;
	}
	if (poll(p, 2, wait_ms) <= 0)
		return 0;
	keys_pass(p[1].revents);
	return p[0].revents;
}

/* A pseudo-terminal that nobody has open reads as an error; it may be opened again. */
static void *helper_run(void *arg)
{
	char piece[PIECE];
	int rest = PIECES_LEFT;

	(void)arg;
	xf_thread_mute();
	while (rest > 0) {
		bool last = atomic_load(&output.stop);
		short ready = helper_wait(last ? 0 : LOOK_MS);
		ssize_t n = ready & POLLIN ? read(output.master, piece, sizeof(piece)) : 0;
		if (n > 0)
			piece_take(piece, (size_t)n);
		else if (!last && ready)
			poll(NULL, 0, LOOK_MS);
		rest = !last ? PIECES_LEFT : n > 0 ? rest - 1 : 0;
	}
	return NULL;
}

/* ---- taking and giving back */

static bool same_terminal(int fd, int other)
{
	struct stat a, b;

	return isatty(fd) && !fstat(fd, &a) && !fstat(other, &b) && a.st_rdev == b.st_rdev;
}

/* The other end of a new pseudo-terminal that changes nothing of what is written; -1. */
static int terminal_make(int *master, int like)
{
	struct winsize size;
	struct termios modes;
	int slave;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0)
		return -1;
	slave = grantpt(*master) || unlockpt(*master) ? -1 : open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0) {
		close(*master);
		return -1;
	}
	if (!tcgetattr(slave, &modes)) {
		modes.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(slave, TCSANOW, &modes);
	}
	if (!ioctl(like, TIOCGWINSZ, &size))
		ioctl(slave, TIOCSWINSZ, &size);
	return slave;
}

static int spool_make(void)
{
	FILE *file = tmpfile();
	int fd = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, NR_STANDARD) : -1;

	if (file)
		fclose(file);
	return fd;
}

static void standard_take(int fd, int by)
{
	output.before[fd] = fcntl(fd, F_DUPFD_CLOEXEC, NR_STANDARD);
	if (output.before[fd] >= 0)
		dup2(by, fd);
}

static void standard_give_back(void)
{
	for (int fd = 0; fd < NR_STANDARD; fd++)
		if (output.before[fd] >= 0)
			dup2(output.before[fd], fd);
}

static bool helper_start(void)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	output.running = !pthread_create(&output.helper, NULL, helper_run, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return output.running;
}

bool ui_output_begin(ui_output_fn came, void *ctx)
{
	int slave, nothing;

	if (output.running || !isatty(STDOUT_FILENO))
		return false;
	slave = terminal_make(&output.master, STDOUT_FILENO);
	if (slave < 0)
		return false;
	fflush(NULL);
	output.came = came;
	output.ctx = ctx;
	output.to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, NR_STANDARD);
	output.keys = same_terminal(STDIN_FILENO, output.to) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, NR_STANDARD) : -1;
	output.keys_taken = output.lent = false;
	output.spool = spool_make();
	output.passing = false;
	atomic_store(&output.stop, false);
	if (!helper_start()) {
		close(slave);
		close(output.master);
		return false;
	}
	if (same_terminal(STDERR_FILENO, output.to))
		standard_take(STDERR_FILENO, slave);
	standard_take(STDOUT_FILENO, slave);
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing >= 0) {
		standard_take(STDIN_FILENO, nothing);
		close(nothing);
	}
	atomic_store(&output.taken, true);
	close(slave);
	return true;
}

int ui_output_terminal(void)
{
	atomic_store(&output.lent, output.running);
	return output.running ? output.master : -1;
}

static void keys_give_back(void)
{
	if (output.keys_taken)
		signal(SIGTSTP, SIG_DFL);
	if (output.keys_taken && output.keys >= 0 && tcgetpgrp(output.keys) == getpgrp())
		tcsetattr(output.keys, TCSADRAIN, &output.modes);
	output.keys_taken = false;
}

/* What was kept while the screen had the terminal. Under lock. */
static void spool_write(void)
{
	char piece[PIECE];
	ssize_t n;
	off_t at = 0;

	while (output.spool >= 0 && (n = pread(output.spool, piece, sizeof(piece), at)) > 0) {
		write_all(output.to, piece, (size_t)n);
		at += n;
	}
	if (output.spool >= 0)
		close(output.spool);
	output.spool = -1;
}

static void output_pass(bool with_keys)
{
	if (!output.running || !atomic_load(&output.taken))
		return;
	fflush(NULL);
	atomic_store(&output.taken, false);
	standard_give_back();
	pthread_mutex_lock(&output.lock);
	if (with_keys && output.lent)
		keys_take(); /* before a question can be read: its answer is not echoed */
	spool_write();
	output.passing = true;
	pthread_mutex_unlock(&output.lock);
}

void ui_output_pass(void)
{
	output_pass(true);
}

void ui_output_end(void)
{
	if (!output.running)
		return;
	output_pass(false);
	atomic_store(&output.stop, true);
	pthread_join(output.helper, NULL);
	output.running = false;
	keys_give_back();
	keys_close();
	close(output.master);
	close(output.to);
	for (int fd = 0; fd < NR_STANDARD; fd++) {
		if (output.before[fd] >= 0)
			close(output.before[fd]);
		output.before[fd] = -1;
	}
}

void ui_output_rescue(void)
{
	char piece[1024];
	struct pollfd p = { .fd = output.master, .events = POLLIN };
	ssize_t n;

	if (!atomic_exchange(&output.taken, false))
		return;
	spool_write();
	while (poll(&p, 1, 0) > 0 && p.revents & POLLIN && (n = read(output.master, piece, sizeof(piece))) > 0)
		write_all(output.to, piece, (size_t)n);
	standard_give_back();
}
